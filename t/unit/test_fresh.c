
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "fresh.h"


typedef struct {
    const char   *section;             /* of RFC 9111 unless it says so */
    const char   *how;
    const char   *fields;              /* lines of "Name: value" */
    qc_metric_e   want;
    uint64_t      lifetime;
    uint64_t      age;
} answer_t;


static const answer_t  answers[] = {

    /* no lifetime at all: only the operator's, or a heuristic one */

    { "3", "200", "", STALE, 0, 0 },
    { "3", "200 valid=600", "", OK, 600, 0 },
    { "3", "200 valid=0", "", STALE, 0, 0 },
    { "3 public alone", "200", "Cache-Control: public", STALE, 0, 0 },
    { "3 public, operator", "200 valid=600",
      "Cache-Control: public", OK, 600, 0 },
    { "3 operator, a year", "200 valid=99999999999", "", OK, 31536000, 0 },

    /* section 4.2.1: the first of s-maxage, max-age and Expires */

    { "4.2.1 max-age", "200", "Cache-Control: max-age=60", OK, 60, 0 },
    { "4.2.1", "200 valid=600", "Cache-Control: max-age=60", OK, 60, 0 },
    { "4.2.1", "200", "Cache-Control: max-age=60, s-maxage=5", OK, 5, 0 },
    { "4.2.1 s-maxage first", "200",
      "Cache-Control: s-maxage=5, max-age=60", OK, 5, 0 },
    { "4.2.1 two lines", "200",
      "Cache-Control: max-age=60\n"
      "Cache-Control: s-maxage=5", OK, 5, 0 },
    { "4.2.1 max-age, Expires", "200",
      "Cache-Control: max-age=60\n"
      "Expires: Sun, 06 Nov 1994 08:49:47 GMT", OK, 60, 0 },
    { "4.2.1 s-maxage=0", "200",
      "Cache-Control: max-age=60, s-maxage=0", STALE, 0, 0 },
    { "4.2.1 max-age=0", "200 valid=600",
      "Cache-Control: max-age=0", STALE, 0, 0 },
    { "4.2.1 max-age=0, Expires", "200",
      "Cache-Control: max-age=0\n"
      "Expires: Sun, 06 Nov 1994 08:49:47 GMT", STALE, 0, 0 },
    { "4.2.1 same twice", "200",
      "Cache-Control: max-age=60, max-age=60", OK, 60, 0 },
    { "4.2.1 same, two lines", "200",
      "Cache-Control: max-age=60\n"
      "Cache-Control: max-age=60", OK, 60, 0 },
    { "4.2.1 conflict", "200",
      "Cache-Control: max-age=60, max-age=90", STALE, 0, 0 },
    { "4.2.1 conflict, lines", "200",
      "Cache-Control: max-age=60\n"
      "Cache-Control: max-age=90", STALE, 0, 0 },
    { "4.2.1 conflict of s-maxage", "200",
      "Cache-Control: max-age=60, s-maxage=5, s-maxage=6", STALE, 0, 0 },
    { "4.2.1 invalid", "200 valid=600",
      "Cache-Control: max-age=x", STALE, 0, 0 },
    { "4.2.1 invalid, Expires", "200",
      "Cache-Control: max-age=x\n"
      "Expires: Sun, 06 Nov 1994 08:49:47 GMT", STALE, 0, 0 },
    { "4.2.1 invalid, valid", "200",
      "Cache-Control: max-age=x, max-age=60", STALE, 0, 0 },
    { "4.2.1 s-maxage invalid", "200",
      "Cache-Control: max-age=60, s-maxage=x", STALE, 0, 0 },
    { "4.2.1 max-age invalid", "200",
      "Cache-Control: max-age=x, s-maxage=5", OK, 5, 0 },

    /* section 1.2.2: delta-seconds */

    { "1.2.2 zeros", "200", "Cache-Control: max-age=007", OK, 7, 0 },
    { "1.2.2 2^31", "200",
      "Cache-Control: max-age=2147483648", OK, 31536000, 0 },
    { "1.2.2 overflow", "200",
      "Cache-Control: max-age=99999999999999999999999", OK, 31536000, 0 },
    { "1.2.2 2^31 less Age", "200",
      "Cache-Control: max-age=99999999999\n"
      "Age: 2147483647", OK, 1, 2147483647 },
    { "1.2.2 both over", "200",
      "Cache-Control: max-age=99999999999\n"
      "Age: 99999999999", STALE, 0, 0 },
    { "1.2.2 minus", "200", "Cache-Control: max-age=-1", STALE, 0, 0 },
    { "1.2.2 plus", "200", "Cache-Control: max-age=+1", STALE, 0, 0 },
    { "1.2.2 decimal", "200", "Cache-Control: max-age=1.5", STALE, 0, 0 },
    { "1.2.2 nothing", "200", "Cache-Control: max-age", STALE, 0, 0 },
    { "1.2.2 nothing", "200", "Cache-Control: max-age=", STALE, 0, 0 },
    { "1.2.2 empty", "200", "Cache-Control: max-age=\"\"", STALE, 0, 0 },
    { "1.2.2 overflow, more", "200",
      "Cache-Control: max-age=99999999999999999999999x", STALE, 0, 0 },

    /* section 5.2: the field */

    { "5.2 quoted", "200", "Cache-Control: max-age=\"60\"", OK, 60, 0 },
    { "5.2 quoted s-maxage", "200",
      "Cache-Control: s-maxage=\"5\", max-age=60", OK, 5, 0 },
    { "5.2 quoted, escape", "200",
      "Cache-Control: max-age=\"6\\0\"", STALE, 0, 0 },
    { "5.2 quoted, spaces", "200",
      "Cache-Control: max-age=\" 60\"", STALE, 0, 0 },
    { "5.2 apostrophes", "200", "Cache-Control: max-age='60'", STALE, 0, 0 },
    { "5.2 case", "200", "cache-CONTROL: MAX-AGE=60", OK, 60, 0 },
    { "5.2 case", "200", "Cache-Control: Private, max-age=60", REFUSED, 0, 0 },
    { "5.2.3 unknown", "200",
      "Cache-Control: a, b=c, d=\"e\", max-age=60", OK, 60, 0 },
    { "5.2.3 unknown, quoted", "200",
      "Cache-Control: a=\"no-store, private\", max-age=60", OK, 60, 0 },
    { "5.2.3 alike", "200",
      "Cache-Control: no-store2, xprivate, max-age=60", OK, 60, 0 },
    { "5.2.3 alike", "200",
      "Cache-Control: max-age2=60, xmax-age=60", STALE, 0, 0 },
    { "RFC 9110 5.6.1 empty elements", "200",
      "Cache-Control:  ,, max-age=60 ,\t,", OK, 60, 0 },
    { "5.2 spaces", "200", "Cache-Control: max-age = 60", REFUSED, 0, 0 },
    { "5.2 semicolon", "200",
      "Cache-Control: max-age=60; public", REFUSED, 0, 0 },
    { "5.2 no comma", "200",
      "Cache-Control: public max-age=60", REFUSED, 0, 0 },
    { "5.2 open quote", "200",
      "Cache-Control: max-age=60, a=\"b", REFUSED, 0, 0 },
    { "5.2 behind a quote", "200",
      "Cache-Control: a=\"b\"c, max-age=60", REFUSED, 0, 0 },
    { "5.2 no name", "200", "Cache-Control: max-age=60, =1", REFUSED, 0, 0 },
    { "5.2 UTF-8", "200",
      "Cache-Control: max-age=60, \xc3\xbc", REFUSED, 0, 0 },

    /* sections 3 and 5.2.2: what forbids */

    { "5.2.2.5 no-store", "200 valid=600",
      "Cache-Control: no-store", REFUSED, 0, 0 },
    { "5.2.2.5 second line", "200",
      "Cache-Control: max-age=60\n"
      "Cache-Control: no-store", REFUSED, 0, 0 },
    { "5.2.2.5 argument", "200",
      "Cache-Control: no-store=1, max-age=60", REFUSED, 0, 0 },
    { "5.2.2.4 no-cache", "200",
      "Cache-Control: no-cache, max-age=60", REFUSED, 0, 0 },
    { "5.2.2.7 private", "200",
      "Cache-Control: private, max-age=60", REFUSED, 0, 0 },
    { "5.2.2.7 public too", "200",
      "Cache-Control: public, private, max-age=60", REFUSED, 0, 0 },
    { "5.2.2.7 X-Accel-Expires", "200",
      "X-Accel-Expires: 60\n"
      "Cache-Control: private", REFUSED, 0, 0 },
    { "5.2.2.4 fields", "200",
      "Cache-Control: no-cache=\"x-a\", max-age=60", OK, 60, 0 },
    { "5.2.2.7 fields", "200",
      "Cache-Control: private=\"x-a, X-B\", max-age=60", OK, 60, 0 },
    { "5.2.2.7 token", "200",
      "Cache-Control: private=x-a, max-age=60", OK, 60, 0 },
    { "5.2.2.7 and without", "200",
      "Cache-Control: private=\"x-a\", private, max-age=60", REFUSED, 0, 0 },
    { "5.2.2.7 no fields", "200",
      "Cache-Control: private=\"\", max-age=60", REFUSED, 0, 0 },
    { "5.2.2.7 no fields", "200",
      "Cache-Control: private=, max-age=60", REFUSED, 0, 0 },
    { "5.2.2.7 escapes", "200",
      "Cache-Control: private=\"x\\\\-a\", max-age=60", REFUSED, 0, 0 },
    { "5.2.2.7 no list", "200",
      "Cache-Control: private=\"x a\", max-age=60", REFUSED, 0, 0 },
    { "5.2.2.7 needed", "200",
      "Cache-Control: private=\"Content-Type\", max-age=60", REFUSED, 0, 0 },
    { "5.2.2.4 needed", "200",
      "Cache-Control: no-cache=\"x, vary\", max-age=60", REFUSED, 0, 0 },
    { "5.2.2.7 eight", "200",
      "Cache-Control: private=\"a,b,c,d,e,f,g,h\", private=\"A\", max-age=60",
      OK, 60, 0 },
    { "5.2.2.7 nine", "200",
      "Cache-Control: private=\"a,b,c,d,e,f,g,h,i\", max-age=60",
      REFUSED, 0, 0 },
    { "5.2.2.4 Set-Cookie", "200",
      "Cache-Control: no-cache=\"set-cookie\", max-age=60\n"
      "Set-Cookie: a=b", QC_R_SET_COOKIE, 0, 0 },
    { "5.2.2.2 must-revalidate", "200",
      "Cache-Control: must-revalidate, max-age=60", OK, 60, 0 },
    { "5.2.2.8 proxy-revalidate", "200",
      "Cache-Control: proxy-revalidate, max-age=60", OK, 60, 0 },
    { "5.2.2.6 no-transform", "200",
      "Cache-Control: no-transform, max-age=60", OK, 60, 0 },
    { "5.4 Pragma", "200",
      "Pragma: no-cache\n"
      "Cache-Control: max-age=60", OK, 60, 0 },

    /* section 5.2.2.3: must-understand */

    { "5.2.2.3", "200",
      "Cache-Control: must-understand, no-store, max-age=60", OK, 60, 0 },
    { "5.2.2.3 two lines", "200",
      "Cache-Control: no-store\n"
      "Cache-Control: must-understand, max-age=60", OK, 60, 0 },
    { "5.2.2.3 no-store not needed", "404",
      "Cache-Control: must-understand, max-age=60", OK, 60, 0 },
    { "5.2.2.3 status", "299",
      "Cache-Control: must-understand, max-age=60", REFUSED, 0, 0 },
    { "5.2.2.3 status", "418",
      "Cache-Control: must-understand, no-store, max-age=60", REFUSED, 0, 0 },
    { "5.2.2.3 private", "200",
      "Cache-Control: must-understand, private, max-age=60", REFUSED, 0, 0 },
    { "5.2.2.3 argument", "200",
      "Cache-Control: must-understand=1, no-store, max-age=60", REFUSED, 0, 0 },
    { "5.2.2.3 no lifetime", "200",
      "Cache-Control: must-understand, no-store", STALE, 0, 0 },

    /* section 5.3: Expires */

    { "5.3", "200", "Expires: Sun, 06 Nov 1994 08:49:47 GMT", OK, 10, 0 },
    { "5.3 operator", "200 valid=600",
      "Expires: Sun, 06 Nov 1994 08:49:47 GMT", OK, 10, 0 },
    { "5.3 RFC 850", "200",
      "Expires: Sunday, 06-Nov-94 08:49:47 GMT", OK, 10, 0 },
    { "5.3 asctime", "200", "Expires: Sun Nov  6 08:49:47 1994", OK, 10, 0 },
    { "5.3 white space", "200",
      "Expires: \t Sun, 06 Nov 1994 08:49:47 GMT ", OK, 10, 0 },
    { "5.3 past", "200 valid=600",
      "Expires: Sun, 06 Nov 1994 08:49:36 GMT", STALE, 0, 0 },
    { "5.3 now", "200", "Expires: Sun, 06 Nov 1994 08:49:37 GMT", STALE, 0, 0 },
    { "5.3 zero", "200 valid=600", "Expires: 0", STALE, 0, 0 },
    { "5.3 minus", "200", "Expires: -1", STALE, 0, 0 },
    { "5.3 empty", "200 valid=600", "Expires: ", STALE, 0, 0 },
    { "5.3 invalid", "200 valid=600",
      "Expires: Sun, 06 Nov 1994 08:49:47 UTC", STALE, 0, 0 },
    { "5.3 public", "200",
      "Cache-Control: public\n"
      "Expires: Sun, 06 Nov 1994 08:49:47 GMT", OK, 10, 0 },
    { "4.2.1 same twice", "200",
      "Expires: Sun, 06 Nov 1994 08:49:47 GMT\n"
      "Expires: Sun, 06 Nov 1994 08:49:47 GMT", OK, 10, 0 },
    { "4.2.1 conflict", "200",
      "Expires: Sun, 06 Nov 1994 08:49:47 GMT\n"
      "Expires: Sun, 06 Nov 1994 08:49:57 GMT", STALE, 0, 0 },
    { "5.3 far", "200",
      "Expires: Fri, 31 Dec 9999 23:59:59 GMT", OK, 31536000, 0 },
    { "4.2.1 Date", "200",
      "Date: Sun, 06 Nov 1994 08:49:37 GMT\n"
      "Expires: Sun, 06 Nov 1994 08:50:37 GMT", OK, 60, 0 },
    { "4.2.1 clock ahead", "200",
      "Date: Mon, 07 Nov 1994 08:49:37 GMT\n"
      "Expires: Mon, 07 Nov 1994 08:49:47 GMT", OK, 10, 0 },
    { "4.2.1 clock behind", "200",
      "Date: Sat, 05 Nov 1994 08:49:37 GMT\n"
      "Expires: Sat, 05 Nov 1994 08:49:47 GMT", OK, 10, 0 },
    { "4.2.1 equal to Date", "200",
      "Date: Mon, 07 Nov 1994 08:49:37 GMT\n"
      "Expires: Mon, 07 Nov 1994 08:49:37 GMT", STALE, 0, 0 },
    { "RFC 9110 6.6.1 Date invalid", "200",
      "Date: x\n"
      "Expires: Sun, 06 Nov 1994 08:49:47 GMT", OK, 10, 0 },

    /* sections 4.2.3 and 5.1: Age, and the time the answer took */

    { "5.1", "200",
      "Cache-Control: max-age=60\n"
      "Age: 20", OK, 40, 20 },
    { "5.1 s-maxage", "200",
      "Cache-Control: s-maxage=60\n"
      "Age: 20", OK, 40, 20 },
    { "5.1 Expires", "200",
      "Expires: Sun, 06 Nov 1994 08:49:47 GMT\n"
      "Age: 4", OK, 6, 4 },
    { "4.2 as old", "200",
      "Cache-Control: max-age=60\n"
      "Age: 60", STALE, 0, 0 },
    { "4.2 older", "200",
      "Cache-Control: max-age=60\n"
      "Age: 61", STALE, 0, 0 },
    { "5.1 overflow", "200",
      "Cache-Control: max-age=60\n"
      "Age: 99999999999999999999", STALE, 0, 0 },
    { "5.1 invalid", "200",
      "Cache-Control: max-age=60\n"
      "Age: x", OK, 60, 0 },
    { "5.1 minus", "200",
      "Cache-Control: max-age=60\n"
      "Age: -20", OK, 60, 0 },
    { "5.1 decimal", "200",
      "Cache-Control: max-age=60\n"
      "Age: 20.5", OK, 60, 0 },
    { "5.1 empty", "200",
      "Cache-Control: max-age=60\n"
      "Age: ", OK, 60, 0 },
    { "5.1 list", "200",
      "Cache-Control: max-age=60\n"
      "Age: 20 , 30", OK, 40, 20 },
    { "5.1 list, invalid", "200",
      "Cache-Control: max-age=60\n"
      "Age: x, 30", OK, 60, 0 },
    { "5.1 two lines", "200",
      "Cache-Control: max-age=60\n"
      "Age: 20\n"
      "Age: 30", OK, 40, 20 },
    { "4.2.3 response_delay", "200 delay=5",
      "Cache-Control: max-age=60", OK, 55, 5 },
    { "4.2.3 delay and Age", "200 delay=5",
      "Cache-Control: max-age=60\n"
      "Age: 20", OK, 35, 25 },
    { "4.2.3 all of it", "200 delay=60",
      "Cache-Control: max-age=60", STALE, 0, 0 },
    { "4.2.3 operator", "200 delay=5 valid=600", "Age: 20", OK, 600, 25 },
    { "4.2.3 long", "200 valid=600 delay=9999999999",
      "Age: 2147483648", OK, 600, 2147483648 },

    /* section 4.2.2: heuristic freshness */

    { "4.2.2 off", "200",
      "Last-Modified: Sun, 06 Nov 1994 08:47:57 GMT", STALE, 0, 0 },
    { "4.2.2", "200 heuristic",
      "Last-Modified: Sun, 06 Nov 1994 08:47:57 GMT", OK, 10, 0 },
    { "4.2.2 Date", "200 heuristic",
      "Last-Modified: Sun, 06 Nov 1994 08:47:57 GMT\n"
      "Date: Sun, 06 Nov 1994 08:51:17 GMT", OK, 20, 0 },
    { "4.2.2 Age", "200 heuristic",
      "Last-Modified: Sun, 06 Nov 1994 08:47:57 GMT\n"
      "Age: 4", OK, 6, 4 },
    { "4.2.2 a day", "200 heuristic",
      "Last-Modified: Sun, 06 Nov 1983 08:47:57 GMT", OK, 86400, 0 },
    { "4.2.2 in future", "200 heuristic",
      "Last-Modified: Sun, 06 Nov 1994 08:49:57 GMT", STALE, 0, 0 },
    { "4.2.2 now", "200 heuristic",
      "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT", STALE, 0, 0 },
    { "4.2.2 invalid", "200 heuristic",
      "Last-Modified: yesterday", STALE, 0, 0 },
    { "4.2.2 nothing", "200 heuristic", "ETag: \"a\"", STALE, 0, 0 },
    { "4.2.2 operator", "200 heuristic valid=600",
      "Last-Modified: Sun, 06 Nov 1994 08:47:57 GMT", OK, 600, 0 },
    { "4.2.2 operator says 0", "200 heuristic valid=0",
      "Last-Modified: Sun, 06 Nov 1994 08:47:57 GMT", STALE, 0, 0 },
    { "4.2.2 explicit", "200 heuristic",
      "Last-Modified: Sun, 06 Nov 1994 08:47:57 GMT\n"
      "Cache-Control: max-age=60", OK, 60, 0 },
    { "4.2.2 explicit, invalid", "200 heuristic",
      "Last-Modified: Sun, 06 Nov 1994 08:47:57 GMT\n"
      "Expires: 0", STALE, 0, 0 },
    { "4.2.2 no-store", "200 heuristic",
      "Last-Modified: Sun, 06 Nov 1994 08:47:57 GMT\n"
      "Cache-Control: no-store", REFUSED, 0, 0 },
    { "4.2.2 POST", "200 heuristic post",
      "Last-Modified: Sun, 06 Nov 1994 08:47:57 GMT", STALE, 0, 0 },
    { "RFC 9110 15.1", "203 heuristic",
      "Last-Modified: Sun, 06 Nov 1994 08:47:57 GMT", OK, 10, 0 },
    { "RFC 9110 15.1", "204 heuristic",
      "Last-Modified: Sun, 06 Nov 1994 08:47:57 GMT", OK, 10, 0 },
    { "RFC 9110 15.1", "300 heuristic",
      "Last-Modified: Sun, 06 Nov 1994 08:47:57 GMT", OK, 10, 0 },
    { "RFC 9110 15.1", "301 heuristic",
      "Last-Modified: Sun, 06 Nov 1994 08:47:57 GMT", OK, 10, 0 },
    { "RFC 9110 15.1", "308 heuristic",
      "Last-Modified: Sun, 06 Nov 1994 08:47:57 GMT", OK, 10, 0 },
    { "RFC 9110 15.1", "404 heuristic",
      "Last-Modified: Sun, 06 Nov 1994 08:47:57 GMT", OK, 10, 0 },
    { "RFC 9110 15.1", "405 heuristic",
      "Last-Modified: Sun, 06 Nov 1994 08:47:57 GMT", OK, 10, 0 },
    { "RFC 9110 15.1", "410 heuristic",
      "Last-Modified: Sun, 06 Nov 1994 08:47:57 GMT", OK, 10, 0 },
    { "RFC 9110 15.1", "414 heuristic",
      "Last-Modified: Sun, 06 Nov 1994 08:47:57 GMT", OK, 10, 0 },
    { "RFC 9110 15.1", "201 heuristic",
      "Last-Modified: Sun, 06 Nov 1994 08:47:57 GMT", STALE, 0, 0 },
    { "RFC 9110 15.1", "302 heuristic",
      "Last-Modified: Sun, 06 Nov 1994 08:47:57 GMT", STALE, 0, 0 },
    { "RFC 9110 15.1", "303 heuristic",
      "Last-Modified: Sun, 06 Nov 1994 08:47:57 GMT", STALE, 0, 0 },
    { "RFC 9110 15.1", "307 heuristic",
      "Last-Modified: Sun, 06 Nov 1994 08:47:57 GMT", STALE, 0, 0 },
    { "RFC 9110 15.1", "400 heuristic",
      "Last-Modified: Sun, 06 Nov 1994 08:47:57 GMT", STALE, 0, 0 },
    { "RFC 9110 15.1", "403 heuristic",
      "Last-Modified: Sun, 06 Nov 1994 08:47:57 GMT", STALE, 0, 0 },
    { "4.2.2 public", "302 heuristic",
      "Last-Modified: Sun, 06 Nov 1994 08:47:57 GMT\n"
      "Cache-Control: public", OK, 10, 0 },

    /* section 3: statuses */

    { "3 status", "199", "Cache-Control: max-age=60", QC_R_STATUS, 0, 0 },
    { "3 status", "200", "Cache-Control: max-age=60", OK, 60, 0 },
    { "3 status", "201", "Cache-Control: max-age=60", OK, 60, 0 },
    { "3 status", "299", "Cache-Control: max-age=60", OK, 60, 0 },
    { "3 status", "301", "Cache-Control: max-age=60", OK, 60, 0 },
    { "3 status", "302", "Cache-Control: max-age=60", OK, 60, 0 },
    { "3 status", "307", "Cache-Control: max-age=60", OK, 60, 0 },
    { "3 status", "400", "Cache-Control: max-age=60", OK, 60, 0 },
    { "3 status", "404", "Cache-Control: max-age=60", OK, 60, 0 },
    { "3 status", "410", "Cache-Control: max-age=60", OK, 60, 0 },
    { "3 status", "418", "Cache-Control: max-age=60", OK, 60, 0 },
    { "3 status", "499", "Cache-Control: max-age=60", OK, 60, 0 },
    { "RFC 9110 15.3.5 no body", "204 valid=600",
      "Cache-Control: max-age=60", OK, 60, 0 },
    { "3.3 206", "206 valid=600",
      "Cache-Control: max-age=60", QC_R_STATUS, 0, 0 },
    { "4.3.4 304", "304 valid=600",
      "Cache-Control: max-age=60", QC_R_STATUS, 0, 0 },
    { "RFC 6585 3", "428 valid=600",
      "Cache-Control: max-age=60", QC_R_STATUS, 0, 0 },
    { "RFC 6585 4", "429 valid=600",
      "Cache-Control: max-age=60", QC_R_STATUS, 0, 0 },
    { "RFC 6585 5", "431 valid=600",
      "Cache-Control: max-age=60", QC_R_STATUS, 0, 0 },
    { "RFC 9110 13.1 412", "412 valid=600",
      "Cache-Control: max-age=60", QC_R_STATUS, 0, 0 },
    { "RFC 9110 15.5.17", "416 valid=600",
      "Cache-Control: max-age=60", QC_R_STATUS, 0, 0 },
    { "3 status", "600 valid=600",
      "Cache-Control: max-age=60", QC_R_STATUS, 0, 0 },
    { "3 server errors", "500", "Cache-Control: max-age=60", OK, 60, 0 },
    { "3 server errors", "503", "Cache-Control: s-maxage=60", OK, 60, 0 },
    { "3 server errors", "503",
      "Expires: Sun, 06 Nov 1994 08:49:47 GMT", OK, 10, 0 },
    { "3 server errors", "599", "CDN-Cache-Control: max-age=60", OK, 60, 0 },
    { "3 server errors", "502", "X-Accel-Expires: 60", OK, 60, 0 },
    { "3 server errors, operator", "500 valid=600", "", OK, 600, 0 },
    { "3 server errors", "500", "Cache-Control: public", QC_R_STATUS, 0, 0 },
    { "4.2.2 server errors", "501 heuristic",
      "Cache-Control: public\n"
      "Last-Modified: Sun, 06 Nov 1994 08:47:57 GMT", QC_R_STATUS, 0, 0 },

    /* section 3.5: credentials that are not in the key */

    { "3.5", "200 shared", "Cache-Control: max-age=60", REFUSED, 0, 0 },
    { "3.5 operator", "200 shared valid=600", "", OK, 600, 0 },
    { "3.5 upstream, operator", "200 shared valid=600",
      "Cache-Control: max-age=60", REFUSED, 0, 0 },
    { "3.5", "200 shared valid=600", "Cache-Control: private", REFUSED, 0, 0 },
    { "3.5 X-Accel-Expires", "200 shared", "X-Accel-Expires: 60", OK, 60, 0 },
    { "3.5 public", "200 shared",
      "Cache-Control: public, max-age=60", OK, 60, 0 },
    { "3.5 public, operator", "200 shared valid=600",
      "Cache-Control: public", OK, 600, 0 },
    { "3.5 s-maxage", "200 shared", "Cache-Control: s-maxage=60", OK, 60, 0 },
    { "3.5 must-revalidate", "200 shared",
      "Cache-Control: must-revalidate, max-age=60", OK, 60, 0 },
    { "3.5 argument", "200 shared",
      "Cache-Control: public=x, max-age=60", REFUSED, 0, 0 },
    { "3.5 must-revalidate=x", "200 shared",
      "Cache-Control: must-revalidate=x, max-age=60", REFUSED, 0, 0 },
    { "3.5 no-store", "200 shared",
      "Cache-Control: public, no-store, max-age=60", REFUSED, 0, 0 },
    { "3.5 ignored", "200 shared valid=600 -control",
      "Cache-Control: max-age=60", OK, 600, 0 },
    { "3.5 targeted", "200 shared",
      "CDN-Cache-Control: max-age=60\n"
      "Cache-Control: public", REFUSED, 0, 0 },
    { "3.5 targeted", "200 shared -control",
      "CDN-Cache-Control: max-age=60", REFUSED, 0, 0 },
    { "3.5 targeted", "200 shared",
      "CDN-Cache-Control: max-age=60, public", OK, 60, 0 },

    /* section 4.1: Vary */

    { "4.1", "200",
      "Cache-Control: max-age=60\n"
      "Vary: Accept-Encoding", OK, 60, 0 },
    { "4.1 in the key", "200",
      "Cache-Control: max-age=60\n"
      "Vary: Authorization,cookie\n"
      "Vary: ", OK, 60, 0 },
    { "4.1 other", "200",
      "Cache-Control: max-age=60\n"
      "Vary: Accept, , X-A ,\tx-a,", OK, 60, 0 },
    { "4.1 no list", "200",
      "Cache-Control: max-age=60\n"
      "Vary: Accept X-A", QC_R_VARY, 0, 0 },
    { "4.1 no names", "200",
      "Cache-Control: max-age=60\n"
      "Vary: Accept, \"a\"", QC_R_VARY, 0, 0 },
    { "4.1 *", "200",
      "Cache-Control: max-age=60\n"
      "Vary: *", QC_R_VARY, 0, 0 },
    { "4.1 * behind", "200",
      "Cache-Control: max-age=60\n"
      "Vary: Accept-Encoding, *", QC_R_VARY, 0, 0 },
    { "4.1 * before", "200",
      "Cache-Control: max-age=60\n"
      "Vary: *, Accept-Encoding", QC_R_VARY, 0, 0 },
    { "4.1 * second line", "200 valid=600",
      "Vary: Accept-Encoding\n"
      "Vary: *", QC_R_VARY, 0, 0 },
    { "4.1 ignored", "200 -vary",
      "Cache-Control: max-age=60\n"
      "Vary: *", OK, 60, 0 },

    /* RFC 9213: targeted fields */

    { "RFC 9213 2.2", "200",
      "CDN-Cache-Control: max-age=60\n"
      "Cache-Control: max-age=5", OK, 60, 0 },
    { "RFC 9213 2.2 order", "200",
      "CDN-Cache-Control: max-age=60\n"
      "Query-Cache-Control: max-age=30", OK, 30, 0 },
    { "RFC 9213 2.2 order", "200",
      "Query-Cache-Control: max-age=30\n"
      "CDN-Cache-Control: max-age=60", OK, 30, 0 },
    { "RFC 9213 2.2 other", "200",
      "Other-Cache-Control: no-store\n"
      "Cache-Control: max-age=5", OK, 5, 0 },
    { "RFC 9213 2.2 no-store", "200",
      "CDN-Cache-Control: max-age=60\n"
      "Cache-Control: no-store", OK, 60, 0 },
    { "RFC 9213 2.2 Expires", "200 valid=600",
      "CDN-Cache-Control: must-revalidate\n"
      "Expires: 0", OK, 600, 0 },
    { "RFC 9213 2.2 Expires", "200",
      "CDN-Cache-Control: public\n"
      "Expires: Sun, 06 Nov 1994 08:49:47 GMT", STALE, 0, 0 },
    { "RFC 9213 2.2 forbids", "200",
      "CDN-Cache-Control: no-store\n"
      "Cache-Control: max-age=5", REFUSED, 0, 0 },
    { "RFC 9213 2.2 no-cache", "200",
      "CDN-Cache-Control: no-cache, max-age=60", REFUSED, 0, 0 },
    { "RFC 9213 2.2 private", "200",
      "CDN-Cache-Control: private\n"
      "Cache-Control: max-age=5", REFUSED, 0, 0 },
    { "RFC 9213 2.2 one is enough", "200",
      "Query-Cache-Control: max-age=60\n"
      "CDN-Cache-Control: no-store", OK, 60, 0 },
    { "RFC 9213 2.1 empty", "200",
      "CDN-Cache-Control: \n"
      "Cache-Control: max-age=5", OK, 5, 0 },
    { "RFC 9213 2.1 empty", "200",
      "Query-Cache-Control: \n"
      "CDN-Cache-Control: max-age=60", OK, 60, 0 },
    { "RFC 9213 2.1 invalid", "200",
      "CDN-Cache-Control: max-age=60,\n"
      "Cache-Control: max-age=5", OK, 5, 0 },
    { "RFC 9213 2.1 invalid", "200",
      "CDN-Cache-Control: no-store; x=\n"
      "Cache-Control: max-age=5", OK, 5, 0 },
    { "RFC 9213 2.1 capital", "200",
      "CDN-Cache-Control: Max-Age=60\n"
      "Cache-Control: max-age=5", OK, 5, 0 },
    { "RFC 9213 2.1 no fallback", "200 valid=600",
      "CDN-Cache-Control: max-age=60,", OK, 600, 0 },
    { "RFC 9213 2.1 parameters", "200",
      "CDN-Cache-Control: max-age=60;x=1", OK, 60, 0 },
    { "RFC 9213 2.1 decimal", "200",
      "CDN-Cache-Control: max-age=60.0\n"
      "Cache-Control: max-age=5", STALE, 0, 0 },
    { "RFC 9213 2.1 string", "200",
      "CDN-Cache-Control: max-age=\"60\"", STALE, 0, 0 },
    { "RFC 9213 2.1 minus", "200",
      "CDN-Cache-Control: max-age=-60", STALE, 0, 0 },
    { "RFC 9213 2.1 no value", "200",
      "CDN-Cache-Control: max-age", STALE, 0, 0 },
    { "RFC 9213 2.1 list", "200",
      "CDN-Cache-Control: max-age=(60)", STALE, 0, 0 },
    { "RFC 9213 2.1 large", "200",
      "CDN-Cache-Control: max-age=999999999999999", OK, 31536000, 0 },
    { "RFC 9213 2.1 not true", "200",
      "CDN-Cache-Control: no-store=?0, max-age=60", REFUSED, 0, 0 },
    { "RFC 9213 2.1 not public", "200 shared",
      "CDN-Cache-Control: public=?0, max-age=60", REFUSED, 0, 0 },
    { "RFC 9213 2.2 unknown", "200",
      "CDN-Cache-Control: a=:YQ==:, b=?1, max-age=60", OK, 60, 0 },
    { "RFC 9213 2.2 s-maxage", "200",
      "CDN-Cache-Control: max-age=60, s-maxage=30", OK, 30, 0 },
    { "RFC 9213 2.2 Age", "200",
      "CDN-Cache-Control: max-age=60\n"
      "Age: 20", OK, 40, 20 },
    { "RFC 9213 2.2 fields", "200",
      "CDN-Cache-Control: private=\"x-a\", max-age=60", OK, 60, 0 },
    { "RFC 9213 2.2 fields", "200",
      "CDN-Cache-Control: private=\"a b\", max-age=60", REFUSED, 0, 0 },
    { "RFC 9651 4.2 repeated", "200",
      "CDN-Cache-Control: max-age=5, max-age=60", OK, 60, 0 },
    { "RFC 9651 4.2 two lines", "200",
      "CDN-Cache-Control: max-age=5\n"
      "CDN-Cache-Control: max-age=60", OK, 60, 0 },
    { "RFC 9651 4.2 one invalid", "200",
      "CDN-Cache-Control: max-age=60\n"
      "CDN-Cache-Control: ,\n"
      "Cache-Control: max-age=5", OK, 5, 0 },

    /* X-Accel-Expires, as nginx has it */

    { "nginx", "200", "X-Accel-Expires: 60", OK, 60, 0 },
    { "nginx first", "200 valid=600",
      "X-Accel-Expires: 60\n"
      "Cache-Control: max-age=5\n"
      "Expires: 0", OK, 60, 0 },
    { "nginx before targeted", "200",
      "X-Accel-Expires: 60\n"
      "CDN-Cache-Control: max-age=5", OK, 60, 0 },
    { "nginx not less Age", "200 delay=5",
      "X-Accel-Expires: 60\n"
      "Age: 20", OK, 60, 25 },
    { "nginx zero", "200 valid=600",
      "X-Accel-Expires: 0\n"
      "Cache-Control: max-age=5", STALE, 0, 0 },
    { "nginx time", "200", "X-Accel-Expires: @784111787", OK, 10, 0 },
    { "nginx time, past", "200", "X-Accel-Expires: @784111777", STALE, 0, 0 },
    { "nginx time, far", "200",
      "X-Accel-Expires: @18446744073709551615", OK, 31536000, 0 },
    { "nginx time, invalid", "200", "X-Accel-Expires: @", STALE, 0, 0 },
    { "nginx invalid", "200 valid=600", "X-Accel-Expires: off", STALE, 0, 0 },
    { "nginx minus", "200 valid=600", "X-Accel-Expires: -1", STALE, 0, 0 },

    /* fields that are ignored */

    { "-accel", "200 -accel",
      "X-Accel-Expires: 0\n"
      "Cache-Control: max-age=5", OK, 5, 0 },
    { "-control", "200 -control",
      "Cache-Control: no-store, max-age=5", STALE, 0, 0 },
    { "-control", "200 -control valid=600",
      "Cache-Control: private, max-age=5", OK, 600, 0 },
    { "-control, Expires", "200 -control",
      "Cache-Control: private\n"
      "Expires: Sun, 06 Nov 1994 08:49:47 GMT", OK, 10, 0 },
    { "-control, targeted", "200 -control",
      "CDN-Cache-Control: no-store", REFUSED, 0, 0 },
    { "-control, broken", "200 -control valid=600",
      "Cache-Control: a=\"", OK, 600, 0 },
    { "-expires", "200 -expires valid=600", "Expires: 0", OK, 600, 0 },
    { "-expires", "200 -expires",
      "Expires: Sun, 06 Nov 1994 08:49:47 GMT", STALE, 0, 0 },
    { "-expires, heuristic", "200 -expires heuristic",
      "Expires: 0\n"
      "Last-Modified: Sun, 06 Nov 1994 08:47:57 GMT", OK, 10, 0 },
    { "-cookie", "200 -cookie valid=600", "Set-Cookie: a=b", OK, 600, 0 },
    { "cookie", "200 valid=600", "Set-Cookie: a=b", QC_R_SET_COOKIE, 0, 0 },
    { "-cookie, private", "200 -cookie valid=600",
      "Set-Cookie: a=b\n"
      "Cache-Control: private", REFUSED, 0, 0 },
    { "all but targeted",
      "200 -accel -control -expires -cookie -vary valid=600",
      "X-Accel-Expires: 0\n"
      "Cache-Control: no-store\n"
      "Expires: 0\n"
      "Set-Cookie: a=b\n"
      "Vary: *", OK, 600, 0 },

    /* what a hit could not give back */

    { "RFC 9110 6.6.2", "200 valid=600", "Trailer: X", QC_R_TRAILERS, 0, 0 },
    { "RFC 9110 8.4", "200 valid=600",
      "Content-Encoding: gzip", OK, 600, 0 },
    { "RFC 9110 14.4", "200 valid=600",
      "Content-Range: bytes 0-1/2", QC_R_STATUS, 0, 0 },
    { "the first counts", "200",
      "Vary: *\n"
      "Set-Cookie: a=b\n"
      "Cache-Control: no-store", QC_R_VARY, 0, 0 }
};


static void check_answer(const answer_t *a);
static void check_keeps(const char *control, const char *name, int want);
static qc_str_t guard(unsigned slot, const char *s);


int
main(void)
{
    size_t  i;

    for (i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        check_answer(&answers[i]);
    }

    check_keeps("private=\"x-a, X-B\"", "X-A", 0);
    check_keeps("private=\"x-a, X-B\"", "x-b", 0);
    check_keeps("private=\"x-a, X-B\"", "x-c", 1);
    check_keeps("private=\"x-a\", no-cache=\"x-c\"", "x-c", 0);
    check_keeps("no-cache=x-a", "x-a", 0);
    check_keeps("a=\"x-a\"", "x-a", 1);
    check_keeps("public", "Set-Cookie", 0);

    return tap_done();
}


static void
check_answer(const answer_t *a)
{
    qc_fresh_t        f;
    qc_metric_e       reason;
    qc_fresh_rules_t  rules;

    reason = decide(&f, &rules, a->how, a->fields);

    if (reason != QC_NO_METRIC) {
        f.lifetime = 0;
        f.age = a->age;
    }

    if (!tap_ok(reason == a->want && f.lifetime == a->lifetime
                && f.age == a->age,
                "%s: [%s]", a->section, a->how))
    {
        printf("# reason %d, %llu s, age %llu; expected %d, %llu s, age %llu\n",
               (int) reason, (unsigned long long) f.lifetime,
               (unsigned long long) f.age, (int) a->want,
               (unsigned long long) a->lifetime, (unsigned long long) a->age);
        tap_dump("of", a->fields, strlen(a->fields));
    }
}


static void
check_keeps(const char *control, const char *name, int want)
{
    qc_fresh_t         f;
    qc_fresh_rules_t   rules;
    qc_fresh_answer_t  answer;

    memset(&rules, 0, sizeof(rules));
    memset(&answer, 0, sizeof(answer));

    answer.status = 200;
    answer.now = NOW;
    answer.has_valid = 1;
    answer.valid = 1;

    qc_fresh_init(&f, &rules);
    qc_fresh_field(&f, guard(0, "cache-control"), guard(1, control));

    tap_ok(qc_fresh_decide(&f, &answer) == QC_NO_METRIC
           && qc_fresh_keeps(&f, guard(2, name)) == want,
           "5.2.2.4, 5.2.2.7: %s, %s", control, name);
}


static qc_str_t
guard(unsigned slot, const char *s)
{
    return qc_str(tap_guard(slot, s, strlen(s)), strlen(s));
}
