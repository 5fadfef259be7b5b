
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/* For how long an answer is of use when it is no longer fresh. */

#include "fresh.h"


#define STRICT     0x1
#define VALIDATOR  0x2
#define YEAR       31536000


typedef struct {
    const char   *section;             /* of RFC 9111 unless it says so */
    const char   *how;
    const char   *fields;
    qc_metric_e   want;
    uint64_t      lifetime;
    uint64_t      swr;
    uint64_t      sie;
    uint64_t      keep;
    unsigned      flags;
} answer_t;


static const answer_t  answers[] = {

    /* what the upstream says */

    { "RFC 5861 3", "200",
      "Cache-Control: max-age=60, stale-while-revalidate=30",
      OK, 60, 30, 0, 30, 0 },
    { "RFC 5861 4", "200",
      "Cache-Control: max-age=60, stale-if-error=30", OK, 60, 0, 30, 30, 0 },
    { "RFC 5861 both", "200",
      "Cache-Control: max-age=60, STALE-while-revalidate=\"30\"\n"
      "Cache-Control: Stale-If-Error=90", OK, 60, 30, 90, 90, 0 },
    { "RFC 5861 the larger", "200",
      "Cache-Control: max-age=60, stale-if-error=3, "
      "stale-while-revalidate=9", OK, 60, 9, 3, 9, 0 },
    { "RFC 5861 Expires", "200",
      "Expires: Sun, 06 Nov 1994 08:49:47 GMT\n"
      "Cache-Control: stale-while-revalidate=30", OK, 10, 30, 0, 30, 0 },
    { "RFC 5861 operator's lifetime", "200 valid=600",
      "Cache-Control: stale-while-revalidate=30", OK, 600, 30, 0, 30, 0 },
    { "RFC 5861 alone", "200",
      "Cache-Control: stale-while-revalidate=30, stale-if-error=30",
      STALE, 0, 0, 0, 0, 0 },
    { "RFC 5861 same twice", "200",
      "Cache-Control: max-age=60, stale-while-revalidate=30, "
      "stale-while-revalidate=030", OK, 60, 30, 0, 30, 0 },
    { "RFC 5861 conflict", "200 swr=5 sie=5",
      "Cache-Control: max-age=60, stale-while-revalidate=30, "
      "stale-while-revalidate=31, stale-if-error=1, stale-if-error=2",
      OK, 60, 0, 0, 0, 0 },
    { "RFC 5861 conflict, lines", "200",
      "Cache-Control: max-age=60, stale-if-error=1\n"
      "Cache-Control: stale-if-error=2", OK, 60, 0, 0, 0, 0 },
    { "RFC 5861 invalid", "200 swr=5",
      "Cache-Control: max-age=60, stale-while-revalidate=x",
      OK, 60, 0, 0, 0, 0 },
    { "RFC 5861 no value", "200 swr=5 sie=5",
      "Cache-Control: max-age=60, stale-while-revalidate, stale-if-error=",
      OK, 60, 0, 0, 0, 0 },
    { "RFC 5861 invalid, valid", "200",
      "Cache-Control: max-age=60, stale-if-error=x, stale-if-error=30",
      OK, 60, 0, 0, 0, 0 },
    { "RFC 5861 minus", "200",
      "Cache-Control: max-age=60, stale-while-revalidate=-1",
      OK, 60, 0, 0, 0, 0 },
    { "1.2.2 overflow", "200",
      "Cache-Control: max-age=99999999999, stale-if-error=99999999999, "
      "stale-while-revalidate=99999999999999999999999",
      OK, YEAR, YEAR, YEAR, YEAR, 0 },
    { "RFC 8246 immutable", "200",
      "Cache-Control: max-age=60, immutable", OK, 60, 0, 0, 0, 0 },

    /* targeted fields */

    { "RFC 9213", "200",
      "CDN-Cache-Control: max-age=60, stale-while-revalidate=30, "
      "stale-if-error=90", OK, 60, 30, 90, 90, 0 },
    { "RFC 9213 in place of", "200",
      "CDN-Cache-Control: max-age=60, stale-if-error=30\n"
      "Cache-Control: must-revalidate, stale-while-revalidate=5",
      OK, 60, 0, 30, 30, 0 },
    { "RFC 9213 last", "200",
      "CDN-Cache-Control: max-age=60, stale-if-error=5, stale-if-error=30",
      OK, 60, 0, 30, 30, 0 },
    { "RFC 9213 no integers", "200 swr=5 sie=5",
      "CDN-Cache-Control: max-age=60, stale-if-error=\"30\", "
      "stale-while-revalidate=1.5", OK, 60, 0, 0, 0, 0 },
    { "RFC 9213 minus", "200 swr=5 sie=5",
      "CDN-Cache-Control: max-age=60, stale-if-error=-30, "
      "stale-while-revalidate", OK, 60, 0, 0, 0, 0 },
    { "RFC 9213 large", "200",
      "CDN-Cache-Control: max-age=60, stale-if-error=999999999999999",
      OK, 60, 0, YEAR, YEAR, 0 },
    { "RFC 9213 strict", "200 sie=5",
      "CDN-Cache-Control: max-age=60, must-revalidate, stale-if-error=30",
      OK, 60, 0, 0, 0, STRICT },
    { "RFC 9213 strict", "200",
      "CDN-Cache-Control: max-age=60, proxy-revalidate, stale-if-error=30",
      OK, 60, 0, 0, 0, STRICT },
    { "RFC 9213 strict", "200",
      "CDN-Cache-Control: s-maxage=60, stale-if-error=30",
      OK, 60, 0, 0, 0, STRICT },
    { "RFC 9213 not true", "200",
      "CDN-Cache-Control: max-age=60, must-revalidate=?0, stale-if-error=30",
      OK, 60, 0, 0, 0, STRICT },
    { "RFC 9213 taken back", "200",
      "CDN-Cache-Control: max-age=60, must-revalidate, must-revalidate=?0, "
      "stale-if-error=30", OK, 60, 0, 0, 0, STRICT },
    { "RFC 9213 no-cache", "200 keep=90",
      "CDN-Cache-Control: no-cache, max-age=60\n"
      "ETag: \"a\"", OK, 0, 0, 0, 90, STRICT|VALIDATOR },
    { "RFC 9213 no-cache=?0", "200 keep=90",
      "CDN-Cache-Control: no-cache=?0, max-age=60\n"
      "ETag: \"a\"", OK, 0, 0, 0, 90, STRICT|VALIDATOR },
    { "RFC 9213 max-age of a kind", "200 keep=90 swr=5",
      "CDN-Cache-Control: max-age=\"60\"\n"
      "ETag: \"a\"", OK, 0, 0, 0, 90, STRICT|VALIDATOR },

    /* the operator's times, where the answer does not say */

    { "4.2.4 operator", "200 swr=5 sie=7",
      "Cache-Control: max-age=60", OK, 60, 5, 7, 7, 0 },
    { "4.2.4 operator, alone", "200 swr=5 sie=7 valid=600", "",
      OK, 600, 5, 7, 7, 0 },
    { "4.2.4 operator, no lifetime", "200 swr=5 sie=7", "",
      STALE, 0, 0, 0, 0, 0 },
    { "4.2.4 operator, other", "200 swr=5 sie=7",
      "Cache-Control: max-age=60, stale-while-revalidate=30",
      OK, 60, 30, 7, 30, 0 },
    { "4.2.4 operator, 0", "200 swr=5 sie=7",
      "Cache-Control: max-age=60, stale-while-revalidate=0, "
      "stale-if-error=0", OK, 60, 0, 0, 0, 0 },
    { "4.2.4 operator, ignored", "200 swr=5 sie=7 valid=600 -control",
      "Cache-Control: must-revalidate, stale-if-error=0",
      OK, 600, 5, 7, 7, 0 },
    { "4.2.4 operator, a year",
      "200 swr=99999999999 sie=18446744073709551615",
      "Cache-Control: max-age=60", OK, 60, YEAR, YEAR, YEAR, 0 },
    { "4.2.4 operator, X-Accel-Expires", "200 swr=5",
      "X-Accel-Expires: 60", OK, 60, 5, 0, 5, 0 },
    { "4.2.4 operator, POST", "200 post swr=5",
      "Cache-Control: max-age=60", OK, 60, 5, 0, 5, 0 },
    { "4.2.4 operator, heuristic", "200 heuristic swr=5",
      "Last-Modified: Sun, 06 Nov 1994 08:47:57 GMT",
      OK, 10, 5, 0, 5, VALIDATOR },

    /* never stale */

    { "5.2.2.2 must-revalidate", "200 swr=5 sie=7",
      "Cache-Control: max-age=60, must-revalidate, "
      "stale-while-revalidate=30, stale-if-error=30",
      OK, 60, 0, 0, 0, STRICT },
    { "5.2.2.2 with a value", "200 swr=5",
      "Cache-Control: max-age=60, must-revalidate=0", OK, 60, 0, 0, 0,
      STRICT },
    { "5.2.2.8 proxy-revalidate", "200 swr=5 sie=7",
      "Cache-Control: max-age=60, Proxy-Revalidate", OK, 60, 0, 0, 0,
      STRICT },
    { "5.2.2.10 s-maxage", "200 swr=5 sie=7",
      "Cache-Control: s-maxage=60, stale-while-revalidate=30",
      OK, 60, 0, 0, 0, STRICT },
    { "5.2.2.2 X-Accel-Expires", "200 swr=5",
      "X-Accel-Expires: 60\n"
      "Cache-Control: must-revalidate", OK, 60, 0, 0, 0, STRICT },
    { "5.2.2.2 validated", "200 keep=90",
      "Cache-Control: max-age=60, must-revalidate\n"
      "ETag: \"a\"", OK, 60, 0, 0, 90, STRICT|VALIDATOR },
    { "4.2.1 invalid", "200 swr=5 sie=7",
      "Cache-Control: max-age=x, stale-while-revalidate=30",
      STALE, 0, 0, 0, 0, 0 },
    { "4.2.1 conflict", "200 swr=5 keep=90",
      "Cache-Control: max-age=60, max-age=90\n"
      "ETag: \"a\"", OK, 0, 0, 0, 90, STRICT|VALIDATOR },

    /* what must be validated each time */

    { "5.2.2.4 no-cache", "200 keep=90",
      "Cache-Control: no-cache\n"
      "ETag: \"a\"", OK, 0, 0, 0, 90, STRICT|VALIDATOR },
    { "5.2.2.4 no-cache, max-age", "200 keep=90",
      "Cache-Control: no-cache, max-age=60\n"
      "ETag: W/\"a\"", OK, 0, 0, 0, 90, STRICT|VALIDATOR },
    { "5.2.2.4 no-cache, operator", "200 keep=90 valid=600",
      "Cache-Control: no-cache\n"
      "ETag: \"a\"", OK, 0, 0, 0, 90, STRICT|VALIDATOR },
    { "5.2.2.4 no-cache, operator's 0", "200 keep=90 valid=0",
      "Cache-Control: no-cache\n"
      "ETag: \"a\"", REFUSED, 0, 0, 0, 0, 0 },
    { "5.2.2.4 no-cache, X-Accel-Expires", "200 keep=90",
      "X-Accel-Expires: 60\n"
      "Cache-Control: no-cache\n"
      "ETag: \"a\"", OK, 0, 0, 0, 90, STRICT|VALIDATOR },
    { "5.2.2.4 no-cache, stale", "200 swr=5 sie=7",
      "Cache-Control: no-cache, max-age=60, stale-if-error=30",
      REFUSED, 0, 0, 0, 0, 0 },
    { "5.2.2.4 Last-Modified", "200 keep=90",
      "Cache-Control: no-cache\n"
      "Last-Modified: Sun, 06 Nov 1994 08:47:57 GMT",
      OK, 0, 0, 0, 90, STRICT|VALIDATOR },
    { "5.2.2.4 cannot be noted", "200 keep=90",
      "Cache-Control: no-cache=\"vary\", max-age=60\n"
      "ETag: \"a\"", OK, 0, 0, 0, 90, STRICT|VALIDATOR },
    { "5.2.2.4 no names", "200 keep=90",
      "Cache-Control: no-cache=\"\", max-age=60\n"
      "ETag: \"a\"", OK, 0, 0, 0, 90, STRICT|VALIDATOR },
    { "5.2.2.4 names", "200 keep=90 swr=5",
      "Cache-Control: no-cache=\"x-a\", max-age=60\n"
      "ETag: \"a\"", OK, 60, 5, 0, 90, VALIDATOR },
    { "5.2.2.4 the validator", "200 keep=90",
      "Cache-Control: no-cache=\"etag\", max-age=60\n"
      "ETag: \"a\"", OK, 60, 0, 0, 0, 0 },
    { "5.2.2.7 private", "200 keep=90",
      "Cache-Control: no-cache, private\n"
      "ETag: \"a\"", REFUSED, 0, 0, 0, 0, 0 },
    { "5.2.2.5 no-store", "200 keep=90",
      "Cache-Control: no-cache, no-store\n"
      "ETag: \"a\"", REFUSED, 0, 0, 0, 0, 0 },
    { "5.2 cannot be read", "200 keep=90",
      "Cache-Control: no-cache, a b\n"
      "ETag: \"a\"", REFUSED, 0, 0, 0, 0, 0 },
    { "3.5", "200 keep=90 shared",
      "Cache-Control: no-cache\n"
      "ETag: \"a\"", REFUSED, 0, 0, 0, 0, 0 },
    { "4.3 max-age=0", "200 keep=90",
      "Cache-Control: max-age=0\n"
      "ETag: \"a\"", OK, 0, 0, 0, 90, VALIDATOR },
    { "4.3 Expires", "200 keep=90 swr=5",
      "Expires: 0\n"
      "ETag: \"a\"", OK, 0, 0, 0, 90, STRICT|VALIDATOR },
    { "4.3 X-Accel-Expires", "200 keep=90",
      "X-Accel-Expires: 0\n"
      "ETag: \"a\"", STALE, 0, 0, 0, 0, 0 },
    { "4.3 operator's 0", "200 keep=90 valid=0",
      "ETag: \"a\"", STALE, 0, 0, 0, 0, 0 },
    { "4.3 nothing", "200 keep=90", "ETag: \"a\"", STALE, 0, 0, 0, 0, 0 },
    { "4.3 public", "200 keep=90",
      "Cache-Control: public\n"
      "ETag: \"a\"", STALE, 0, 0, 0, 0, 0 },
    { "4.3 heuristic, nothing", "200 keep=90 heuristic",
      "ETag: \"a\"", STALE, 0, 0, 0, 0, 0 },
    { "4.3 heuristic, passed", "200 keep=90 heuristic",
      "Last-Modified: Sun, 06 Nov 1994 08:47:57 GMT\n"
      "Age: 11", OK, 0, 0, 0, 90, STRICT|VALIDATOR },
    { "4.3 not wanted", "200",
      "Cache-Control: max-age=0\n"
      "ETag: \"a\"", STALE, 0, 0, 0, 0, 0 },
    { "4.3 fresh, not wanted", "200",
      "Cache-Control: max-age=60\n"
      "ETag: \"a\"", OK, 60, 0, 0, 0, VALIDATOR },
    { "4.3 POST", "200 keep=90 post",
      "Cache-Control: max-age=0\n"
      "ETag: \"a\"", STALE, 0, 0, 0, 0, 0 },
    { "4.3 fresh POST", "200 keep=90 post",
      "Cache-Control: max-age=60\n"
      "ETag: \"a\"", OK, 60, 0, 0, 0, VALIDATOR },
    { "4.3 the larger", "200 keep=90",
      "Cache-Control: max-age=60, stale-if-error=91\n"
      "ETag: \"a\"", OK, 60, 0, 91, 91, VALIDATOR },
    { "4.3 the larger", "200 keep=90",
      "Cache-Control: max-age=60, stale-if-error=89\n"
      "ETag: \"a\"", OK, 60, 0, 89, 90, VALIDATOR },
    { "4.3 a year", "200 keep=18446744073709551615",
      "Cache-Control: max-age=60\n"
      "ETag: \"a\"", OK, 60, 0, 0, YEAR, VALIDATOR },

    /* validators */

    { "RFC 9110 8.8.3", "200 keep=90",
      "Cache-Control: max-age=60\n"
      "ETag: a", OK, 60, 0, 0, 0, 0 },
    { "RFC 9110 8.8.3", "200 keep=90",
      "Cache-Control: max-age=60\n"
      "ETag: \"a", OK, 60, 0, 0, 0, 0 },
    { "RFC 9110 8.8.3", "200 keep=90",
      "Cache-Control: max-age=60\n"
      "ETag: \"a\", \"b\"", OK, 60, 0, 0, 0, 0 },
    { "RFC 9110 8.8.3 two", "200 keep=90",
      "Cache-Control: max-age=60\n"
      "ETag: \"a\"\n"
      "ETag: \"b\"", OK, 60, 0, 0, 0, 0 },
    { "RFC 9110 8.8.3 same", "200 keep=90",
      "Cache-Control: max-age=60\n"
      "ETag: \"a\"\n"
      "ETag: \"a\" ", OK, 60, 0, 0, 90, VALIDATOR },
    { "RFC 9110 8.8.3 or 8.8.2", "200 keep=90",
      "Cache-Control: max-age=60\n"
      "ETag: a\n"
      "Last-Modified: Sun, 06 Nov 1994 08:47:57 GMT",
      OK, 60, 0, 0, 90, VALIDATOR },
    { "RFC 9110 8.8.2", "200 keep=90",
      "Cache-Control: max-age=60\n"
      "Last-Modified: yesterday", OK, 60, 0, 0, 0, 0 },
    { "RFC 9110 13.2.1", "404 keep=90",
      "Cache-Control: max-age=60\n"
      "ETag: \"a\"", OK, 60, 0, 0, 0, 0 },
    { "RFC 9110 13.2.1", "301 keep=90",
      "Cache-Control: no-cache\n"
      "ETag: \"a\"", REFUSED, 0, 0, 0, 0, 0 },
    { "RFC 9110 13.2.1", "204 keep=90",
      "Cache-Control: no-cache\n"
      "ETag: \"a\"", OK, 0, 0, 0, 90, STRICT|VALIDATOR },

    /* stale when it came, and how long ago that began */

    { "RFC 5861 3 max-age=0", "200",
      "Cache-Control: max-age=0, stale-while-revalidate=30",
      OK, 0, 30, 0, 30, 0 },
    { "4.2.4 max-age=0, operator", "200 swr=5",
      "Cache-Control: max-age=0", OK, 0, 5, 0, 5, 0 },
    { "RFC 5861 3 late", "200",
      "Cache-Control: max-age=60, stale-while-revalidate=30, "
      "stale-if-error=90\n"
      "Age: 70", OK, 0, 20, 80, 80, 0 },
    { "RFC 5861 3 later", "200",
      "Cache-Control: max-age=60, stale-while-revalidate=30, "
      "stale-if-error=90\n"
      "Age: 91", OK, 0, 0, 59, 59, 0 },
    { "RFC 5861 3 too late", "200",
      "Cache-Control: max-age=60, stale-while-revalidate=30\n"
      "Age: 90", STALE, 0, 0, 0, 0, 0 },
    { "4.2.3 delay", "200 delay=2 sie=7",
      "Cache-Control: max-age=0", OK, 0, 0, 5, 5, 0 },
    { "5.3 late", "200 swr=30",
      "Date: Sun, 06 Nov 1994 08:49:37 GMT\n"
      "Expires: Sun, 06 Nov 1994 08:49:27 GMT", OK, 0, 20, 0, 20, 0 },
    { "5.3 nobody knows", "200 swr=99999999999 keep=90",
      "Expires: never\n"
      "ETag: \"a\"", OK, 0, 0, 0, 90, STRICT|VALIDATOR },
    { "5.3 long ago", "200 swr=30 sie=30",
      "Expires: Thu, 01 Jan 1970 00:00:00 GMT", STALE, 0, 0, 0, 0, 0 },
    { "4.2.4 late, validated", "200 keep=90",
      "Cache-Control: max-age=60\n"
      "Age: 70\n"
      "ETag: \"a\"", OK, 0, 0, 0, 90, STRICT|VALIDATOR },

    /* server errors: no more than the upstream says */

    { "RFC 5861 4 server errors", "503 swr=5 sie=7 keep=90",
      "Cache-Control: max-age=60\n"
      "ETag: \"a\"", OK, 60, 0, 0, 0, 0 },
    { "RFC 5861 4 server errors", "503 swr=5 sie=7",
      "Cache-Control: max-age=60, stale-if-error=30",
      OK, 60, 0, 30, 30, 0 },
    { "RFC 5861 4 server errors", "500 swr=5 valid=600", "",
      OK, 600, 0, 0, 0, 0 },
    { "4.3 server errors", "500 swr=5 keep=90",
      "Cache-Control: max-age=0\n"
      "ETag: \"a\"", QC_R_STATUS, 0, 0, 0, 0, 0 },
    { "4.3 server errors", "500 keep=90",
      "Cache-Control: no-cache\n"
      "ETag: \"a\"", QC_R_STATUS, 0, 0, 0, 0, 0 }
};


static void check_answer(const answer_t *a);
static void check_limited(const char *how, const char *fields,
    unsigned limited);


int
main(void)
{
    size_t  i;

    check_limited("200 valid=600 limit", "", 1);
    check_limited("200 valid=600", "", 0);
    check_limited("200 valid=600 limit", "Cache-Control: max-age=600", 0);
    check_limited("200 valid=600 limit", "X-Accel-Expires: 600", 0);
    check_limited("200 valid=600 limit keep=60",
                  "Cache-Control: no-cache\nETag: \"a\"", 0);

    for (i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        check_answer(&answers[i]);
    }

    return tap_done();
}


static void
check_answer(const answer_t *a)
{
    unsigned          flags;
    qc_fresh_t        f;
    qc_metric_e       reason;
    qc_fresh_rules_t  rules;

    reason = decide(&f, &rules, a->how, a->fields);

    if (reason != QC_NO_METRIC) {
        tap_ok(reason == a->want, "%s: [%s] is not stored", a->section,
               a->how);
        return;
    }

    flags = (f.strict ? STRICT : 0u) | (f.validator ? VALIDATOR : 0u);

    if (!tap_ok(reason == a->want && f.lifetime == a->lifetime
                && f.swr == a->swr && f.sie == a->sie && f.keep == a->keep
                && flags == a->flags,
                "%s: [%s]", a->section, a->how))
    {
        printf("# %llu s, swr %llu, sie %llu, keep %llu, flags %u\n",
               (unsigned long long) f.lifetime, (unsigned long long) f.swr,
               (unsigned long long) f.sie, (unsigned long long) f.keep,
               flags);
        tap_dump("of", a->fields, strlen(a->fields));
    }
}


static void
check_limited(const char *how, const char *fields, unsigned limited)
{
    qc_fresh_t        f;
    qc_metric_e       reason;
    qc_fresh_rules_t  rules;

    reason = decide(&f, &rules, how, fields);

    tap_ok(reason == QC_NO_METRIC && f.limited == limited,
           "the operator's limit: [%s], [%s]", how, fields);
}
