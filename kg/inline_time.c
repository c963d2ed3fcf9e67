/* inline_time.c - dates and times as payloads: instants, with the zone behind them. The proleptic Gregorian calendar.
 *
 * Days are counted from 0000-03-01, so that a leap day is the last of its year and the months have a rule: from March
 * on 31 30 31 30 31 days, twice, then the rest (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms"). */
#include "kg/inline_forms.h"

#define DAY_FIRST 306    /* 0001-01-01 */
#define DAY_LAST 3652364 /* 9999-12-31 */
#define DAYS_400_YEARS 146097
#define DAY_MINUTES 1440
#define DAY_MILLISECONDS 86400000

#define ZONE_NONE 0
#define ZONE_Z 1
#define ZONE_MINUTES 842 /* + minutes east */
#define ZONE_LIMIT 840
#define ZONE_QUARTERS 58
#define DATE_ZONE_BITS KG_INLINE_DATE_BITS
#define TIME_ZONE_BITS KG_INLINE_DATETIME_BITS

static unsigned days_in_month(unsigned year, unsigned month)
{
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && is_leap ? 29 : days[month - 1];
}

static unsigned day_number(unsigned year, unsigned month, unsigned day)
{
    const unsigned from_march = (month + 9) % 12, years = year - (month <= 2);
    return years * 365 + years / 4 - years / 100 + years / 400 + (153 * from_march + 2) / 5 + day - 1;
}

/* Two digits; a number that is too large for anything, when they are none. */
static inline unsigned read_pair(const char *bytes)
{
    return is_digit(bytes[0]) && is_digit(bytes[1]) ? (unsigned)((bytes[0] - '0') * 10 + bytes[1] - '0') : 1000;
}

/* Reads the first ten bytes: YYYY-MM-DD. */
static bool read_day(const char *bytes, unsigned *out)
{
    const unsigned century = read_pair(bytes), rest = read_pair(bytes + 2);
    const unsigned month = read_pair(bytes + 5), day = read_pair(bytes + 8);
    if (century > 99 || rest > 99 || bytes[4] != '-' || bytes[7] != '-')
        return false;
    const unsigned year = century * 100 + rest;
    if (year == 0 || month - 1 > 11 || day == 0 || day > days_in_month(year, month))
        return false;
    *out = day_number(year, month, day);
    return true;
}

/* `number` is a day's. */
static void find_day(unsigned number, unsigned *year, unsigned *month, unsigned *day)
{
    const unsigned era = number / DAYS_400_YEARS, day_of_era = number % DAYS_400_YEARS;
    const unsigned year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / (DAYS_400_YEARS - 1)) / 365;
    const unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const unsigned from_march = (5 * day_of_year + 2) / 153;
    *month = from_march < 10 ? from_march + 3 : from_march - 9;
    *year = era * 400 + year_of_era + (*month <= 2);
    *day = day_of_year - (153 * from_march + 2) / 5 + 1;
}

static char *put_day(char *out, unsigned number)
{
    unsigned year, month, day;
    find_day(number, &year, &month, &day);
    out = put_digits(out, year, 4);
    *out++ = '-';
    out = put_digits(out, month, 2);
    *out++ = '-';
    return put_digits(out, day, 2);
}

/* Reads the rest of a date or time: nothing, "Z", or "+hh:mm", as a code of dates. */
static bool read_zone(const char *bytes, size_t length, unsigned *out)
{
    *out = ZONE_NONE;
    if (length == 0)
        return true;
    *out = ZONE_Z;
    if (length == 1)
        return bytes[0] == 'Z';
    if (length != 6 || (bytes[0] != '+' && bytes[0] != '-') || bytes[3] != ':')
        return false;
    const unsigned hours = read_pair(bytes + 1), minutes = read_pair(bytes + 4), offset = hours * 60 + minutes;
    if (minutes > 59 || offset > ZONE_LIMIT || (offset == 0 && bytes[0] == '-'))
        return false;
    *out = bytes[0] == '-' ? ZONE_MINUTES - offset : ZONE_MINUTES + offset;
    return true;
}

static int zone_minutes(unsigned zone)
{
    return zone <= ZONE_Z ? 0 : (int)zone - ZONE_MINUTES;
}

static char *put_zone(char *out, unsigned zone)
{
    if (zone == ZONE_NONE)
        return out;
    if (zone == ZONE_Z) {
        *out = 'Z';
        return out + 1;
    }
    const int offset = zone_minutes(zone);
    const unsigned size = (unsigned)(offset < 0 ? -offset : offset);
    *out++ = offset < 0 ? '-' : '+';
    out = put_digits(out, size / 60, 2);
    *out++ = ':';
    return put_digits(out, size % 60, 2);
}

static bool read_date(KgText text, uint64_t *payload)
{
    unsigned day, zone;
    if (text.length < 10 || !read_day(text.bytes, &day) || !read_zone(text.bytes + 10, text.length - 10, &zone))
        return false;
    const uint64_t minutes = (uint64_t)((int64_t)day * DAY_MINUTES - zone_minutes(zone));
    *payload = minutes << DATE_ZONE_BITS | zone;
    return true;
}

/* The minutes where the day begins, by its own clock. */
static uint64_t unpack_date(uint64_t payload, unsigned *zone)
{
    *zone = payload & ((1 << DATE_ZONE_BITS) - 1);
    return (payload >> DATE_ZONE_BITS) + (uint64_t)(int64_t)zone_minutes(*zone);
}

static size_t write_date(uint64_t payload, char *text)
{
    unsigned zone;
    const uint64_t minutes = unpack_date(payload, &zone);
    return (size_t)(put_zone(put_day(text, (unsigned)(minutes / DAY_MINUTES)), zone) - text);
}

static bool is_sound_date(uint64_t payload)
{
    unsigned zone;
    const uint64_t minutes = unpack_date(payload, &zone), day = minutes / DAY_MINUTES;
    return zone <= ZONE_MINUTES + ZONE_LIMIT && minutes % DAY_MINUTES == 0 && day >= DAY_FIRST && day <= DAY_LAST;
}

const KgInlineType kg_inline_date = {KG_TEXT(XSD "date"), read_date, write_date, is_sound_date};

/* Reads hh:mm:ss or hh:mm:ss.fff; *length is how much that is. */
static bool read_clock(const char *bytes, size_t available, unsigned *milliseconds, size_t *length)
{
    if (available < 8 || bytes[2] != ':' || bytes[5] != ':')
        return false;
    const unsigned hours = read_pair(bytes), minutes = read_pair(bytes + 3), seconds = read_pair(bytes + 6);
    if (hours > 23 || minutes > 59 || seconds > 59)
        return false;
    uint64_t fraction = 0;
    const bool has_fraction = available > 8 && bytes[8] == '.';
    if (has_fraction && (available < 12 || !read_digits(bytes + 9, 3, &fraction) || fraction == 0))
        return false;
    *length = has_fraction ? 12 : 8;
    *milliseconds = ((hours * 60 + minutes) * 60 + seconds) * 1000 + (unsigned)fraction;
    return true;
}

static char *put_clock(char *out, unsigned milliseconds)
{
    const unsigned seconds = milliseconds / 1000, fraction = milliseconds % 1000;
    out = put_digits(out, seconds / 3600, 2);
    *out++ = ':';
    out = put_digits(out, seconds / 60 % 60, 2);
    *out++ = ':';
    out = put_digits(out, seconds % 60, 2);
    if (fraction > 0) {
        *out++ = '.';
        out = put_digits(out, fraction, 3);
    }
    return out;
}

static bool read_time(KgText text, uint64_t *payload)
{
    unsigned day, milliseconds, zone;
    size_t length;
    if (text.length < 19 || text.bytes[10] != 'T' || !read_day(text.bytes, &day) ||
        !read_clock(text.bytes + 11, text.length - 11, &milliseconds, &length) ||
        !read_zone(text.bytes + 11 + length, text.length - 11 - length, &zone))
        return false;
    const int offset = zone_minutes(zone);
    if (offset % 15 != 0)
        return false;
    const int64_t instant = (int64_t)day * DAY_MILLISECONDS + milliseconds - (int64_t)offset * 60000;
    *payload = (uint64_t)instant << TIME_ZONE_BITS | (zone <= ZONE_Z ? zone : (unsigned)(offset / 15 + ZONE_QUARTERS));
    return true;
}

/* The milliseconds by the clock that the literal shows; the zone as a code of dates. */
static uint64_t unpack_time(uint64_t payload, unsigned *zone)
{
    const unsigned code = payload & ((1 << TIME_ZONE_BITS) - 1);
    const int offset = code <= ZONE_Z ? 0 : ((int)code - ZONE_QUARTERS) * 15;
    *zone = code <= ZONE_Z ? code : (unsigned)(ZONE_MINUTES + offset);
    return (payload >> TIME_ZONE_BITS) + (uint64_t)((int64_t)offset * 60000);
}

static size_t write_time(uint64_t payload, char *text)
{
    unsigned zone;
    const uint64_t milliseconds = unpack_time(payload, &zone);
    char *out = put_day(text, (unsigned)(milliseconds / DAY_MILLISECONDS));
    *out++ = 'T';
    out = put_clock(out, (unsigned)(milliseconds % DAY_MILLISECONDS));
    return (size_t)(put_zone(out, zone) - text);
}

static bool is_sound_time(uint64_t payload)
{
    unsigned zone;
    const uint64_t day = unpack_time(payload, &zone) / DAY_MILLISECONDS;
    return zone <= ZONE_MINUTES + ZONE_LIMIT && day >= DAY_FIRST && day <= DAY_LAST;
}

const KgInlineType kg_inline_time = {KG_TEXT(XSD "dateTime"), read_time, write_time, is_sound_time};

void kg_inline_moment(KgId id, KgInlineMoment *out)
{
    const uint64_t payload = kg_inline_payload(id);
    unsigned zone, year, month, day;
    uint64_t milliseconds;
    if (kg_inline_tag(id) == KG_INLINE_DATE)
        milliseconds = unpack_date(payload, &zone) * 60000;
    else
        milliseconds = unpack_time(payload, &zone);
    find_day((unsigned)(milliseconds / DAY_MILLISECONDS), &year, &month, &day);
    *out = (KgInlineMoment){(int)year,         (int)month,        (int)day, (int)(milliseconds % DAY_MILLISECONDS),
                            zone != ZONE_NONE, zone_minutes(zone)};
}
