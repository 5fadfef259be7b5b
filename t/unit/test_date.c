
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_date.h"
#include "tap.h"


#define NOW       1767225600           /* 2026-01-01 00:00:00 */
#define INVALID   INT64_MIN


typedef struct {
    const char  *section;              /* of RFC 9110 unless it says so */
    const char  *text;
    int64_t      want;
    int64_t      now;                  /* NOW if 0 */
} date_t;


static const date_t  dates[] = {
    { "5.6.7 IMF-fixdate", "Sun, 06 Nov 1994 08:49:37 GMT", 784111777, 0 },
    { "5.6.7 rfc850-date", "Sunday, 06-Nov-94 08:49:37 GMT", 784111777, 0 },
    { "5.6.7 asctime-date", "Sun Nov  6 08:49:37 1994", 784111777, 0 },
    { "5.6.7 date3 2DIGIT", "Sun Nov 06 08:49:37 1994", 784111777, 0 },
    { "5.6.7 date3 2DIGIT", "Wed Nov 16 08:49:37 1994", 784975777, 0 },

    { "5.6.7 epoch", "Thu, 01 Jan 1970 00:00:00 GMT", 0, 0 },
    { "5.6.7 before it", "Wed, 31 Dec 1969 23:59:59 GMT", -1, 0 },
    { "5.6.7 year 1", "Mon, 01 Jan 0001 00:00:00 GMT", -62135596800, 0 },
    { "5.6.7 year 0", "Sat, 01 Jan 0000 00:00:00 GMT", -62167219200, 0 },
    { "5.6.7 last year", "Fri, 31 Dec 9999 23:59:59 GMT", 253402300799, 0 },
    { "5.6.7 2^31", "Tue, 19 Jan 2038 03:14:08 GMT", 2147483648, 0 },
    { "5.6.7 leap day", "Sat, 29 Feb 2020 12:00:00 GMT", 1582977600, 0 },
    { "5.6.7 leap day", "Tue, 29 Feb 2000 00:00:00 GMT", 951782400, 0 },
    { "5.6.7 after it", "Wed, 01 Mar 2000 00:00:00 GMT", 951868800, 0 },
    { "5.6.7 leap second", "Sat, 31 Dec 2016 23:59:60 GMT", 1483228800, 0 },
    { "5.6.7 day not compared", "Mon, 06 Nov 1994 08:49:37 GMT", 784111777,
      0 },

    /* two digits: not more than 50 years ahead, 2026-01-01 is now */

    { "5.6.7 rfc850 past", "Thursday, 01-Jan-26 00:00:00 GMT", NOW, 0 },
    { "5.6.7 rfc850 future", "Friday, 01-Jan-27 00:00:00 GMT", 1798761600,
      0 },
    { "5.6.7 rfc850 50 years", "Wednesday, 01-Jan-76 00:00:00 GMT",
      3345062400, 0 },
    { "5.6.7 rfc850 and 1 s", "Thursday, 01-Jan-76 00:00:01 GMT", 189302401,
      0 },
    { "5.6.7 rfc850 99", "Friday, 01-Jan-99 00:00:00 GMT", 915148800, 0 },
    { "5.6.7 rfc850 00", "Saturday, 01-Jan-00 00:00:00 GMT", 946684800, 0 },
    { "5.6.7 rfc850, 1994", "Sunday, 06-Nov-94 08:49:37 GMT", 784111777,
      784111777 },
    { "5.6.7 rfc850, 1999", "Saturday, 01-Jan-00 00:00:00 GMT", 946684800,
      946684799 },
    { "5.6.7 rfc850, 2080", "Friday, 01-Jan-10 00:00:00 GMT", 4417977600,
      3471292800 },

    { "5.6.7 empty", "", INVALID, 0 },
    { "RFC 9111 5.3 zero", "0", INVALID, 0 },
    { "RFC 9111 5.3 minus", "-1", INVALID, 0 },
    { "5.6.7 case of day", "sun, 06 Nov 1994 08:49:37 GMT", INVALID, 0 },
    { "5.6.7 case of month", "Sun, 06 NOV 1994 08:49:37 GMT", INVALID, 0 },
    { "5.6.7 case of zone", "Sun, 06 Nov 1994 08:49:37 gmt", INVALID, 0 },
    { "5.6.7 other zone", "Sun, 06 Nov 1994 08:49:37 UTC", INVALID, 0 },
    { "5.6.7 offset", "Sun, 06 Nov 1994 08:49:37 +0000", INVALID, 0 },
    { "5.6.7 no zone", "Sun, 06 Nov 1994 08:49:37", INVALID, 0 },
    { "5.6.7 zone cut", "Sun, 06 Nov 1994 08:49:37 GM", INVALID, 0 },
    { "5.6.7 more", "Sun, 06 Nov 1994 08:49:37 GMT ", INVALID, 0 },
    { "5.6.7 before", " Sun, 06 Nov 1994 08:49:37 GMT", INVALID, 0 },
    { "5.6.7 no day", "06 Nov 1994 08:49:37 GMT", INVALID, 0 },
    { "5.6.7 wrong day", "Sux, 06 Nov 1994 08:49:37 GMT", INVALID, 0 },
    { "5.6.7 one digit", "Sun, 6 Nov 1994 08:49:37 GMT", INVALID, 0 },
    { "5.6.7 spaces", "Sun,  06 Nov 1994 08:49:37 GMT", INVALID, 0 },
    { "5.6.7 tab", "Sun,\t06 Nov 1994 08:49:37 GMT", INVALID, 0 },
    { "5.6.7 two-digit IMF", "Sun, 06 Nov 94 08:49:37 GMT", INVALID, 0 },
    { "5.6.7 five digits", "Sun, 06 Nov 10000 08:49:37 GMT", INVALID, 0 },
    { "5.6.7 dashes", "Sun, 06-Nov-1994 08:49:37 GMT", INVALID, 0 },
    { "5.6.7 850 short day", "Sun, 06-Nov-94 08:49:37 GMT", INVALID, 0 },
    { "5.6.7 850 long year", "Sunday, 06-Nov-1994 08:49:37 GMT", INVALID, 0 },
    { "5.6.7 long day, IMF", "Sunday, 06 Nov 1994 08:49:37 GMT", INVALID, 0 },
    { "5.6.7 asctime GMT", "Sun Nov  6 08:49:37 1994 GMT", INVALID, 0 },
    { "5.6.7 asctime digit", "Sun Nov 6 08:49:37 1994", INVALID, 0 },
    { "5.6.7 day 0", "Sun, 00 Nov 1994 08:49:37 GMT", INVALID, 0 },
    { "5.6.7 day 31", "Thu, 31 Nov 1994 08:49:37 GMT", INVALID, 0 },
    { "5.6.7 day 32", "Sun, 32 Jan 1994 08:49:37 GMT", INVALID, 0 },
    { "5.6.7 no leap day", "Wed, 29 Feb 1900 00:00:00 GMT", INVALID, 0 },
    { "5.6.7 no leap day", "Mon, 29 Feb 2027 00:00:00 GMT", INVALID, 0 },
    { "5.6.7 month", "Sun, 06 Xxx 1994 08:49:37 GMT", INVALID, 0 },
    { "5.6.7 hour 24", "Sun, 06 Nov 1994 24:00:00 GMT", INVALID, 0 },
    { "5.6.7 minute 60", "Sun, 06 Nov 1994 08:60:00 GMT", INVALID, 0 },
    { "5.6.7 second 61", "Sun, 06 Nov 1994 08:49:61 GMT", INVALID, 0 },
    { "5.6.7 sign", "Sun, 06 Nov 1994 +8:49:37 GMT", INVALID, 0 },
    { "5.6.7 ISO 8601", "1994-11-06T08:49:37Z", INVALID, 0 }
};


int
main(void)
{
    char           text[64];
    size_t         i, n, len;
    int64_t        date;
    const date_t  *d;

    for (i = 0; i < sizeof(dates) / sizeof(dates[0]); i++) {
        d = &dates[i];
        len = strlen(d->text);
        date = INVALID;

        if (qc_date_parse(qc_str(tap_guard(0, d->text, len), len),
                          d->now ? d->now : NOW, &date)
            != QC_OK)
        {
            date = INVALID;
        }

        snprintf(text, sizeof(text), "%s: %s", d->section, d->text);
        tap_int(date, d->want, text);
    }

    /* every shorter piece of a date is none */

    for (i = 0; i < 3; i++) {
        for (n = 0, len = strlen(dates[i].text); n < len; n++) {
            if (qc_date_parse(qc_str(tap_guard(0, dates[i].text, n), n), NOW,
                              &date)
                == QC_OK)
            {
                break;
            }
        }

        tap_int((long long) n, (long long) len, "cut short");
    }

    return tap_done();
}
