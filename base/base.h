/* base.h - what every room stands on: errors with their place, memory by lifetime, hashing, threads, input files.
 * Knows no other room. Include this one header; the small ones below are its chapters. */
#ifndef KGQ_BASE_BASE_H
#define KGQ_BASE_BASE_H

#include "base/arena.h"
#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/input.h"
#include "base/job.h"
#include "base/json.h"
#include "base/library.h"
#include "base/random.h"
#include "base/text.h"
#include "base/thread.h"
#include "base/vector.h"

#endif
