/* replay.c - every file of the corpora through its reader, in any build: replay CORPUS, where CORPUS has a folder for
 * each reader. */
#include "readers.h"

#include "base/base.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t replay_folder(const char *folder, const char *kind)
{
    size_t count = 0;
    DIR *const files = opendir(folder);
    if (!files)
        return 0;
    for (const struct dirent *entry; (entry = readdir(files)) != NULL;) {
        char path[4096];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        FILE *const in = fopen(path, "rb");
        static uint8_t bytes[1 << 20];
        if (!in) {
            perror(path);
            exit(1);
        }
        const size_t size = fread(bytes, 1, sizeof bytes, in);
        fclose(in);
        fuzz_reader(kind, bytes, size);
        count++;
    }
    closedir(files);
    return count;
}

int main(int argc, char **argv)
{
    static const char *const kinds[] = {"tsv",  "csv",    "ntriples", "nquads", "turtle",
                                        "trig", "packed", "term",     "sparql", "answer"};
    bool all = argc == 2;
    for (size_t i = 0; all && i < sizeof kinds / sizeof *kinds; i++) {
        char folder[2048];
        snprintf(folder, sizeof folder, "%s/%s", argv[1], kinds[i]);
        const size_t count = replay_folder(folder, kinds[i]);
        printf("%s: %zu inputs\n", kinds[i], count);
        all = count > 0;
    }
    return all ? 0 : 1;
}
