
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * Times as they are written in queries: ISO 8601 with the liberties SQL and
 * JSON engines take, and Unix epochs told apart by their number of digits.
 *
 *     YYYY-MM-DD
 *     YYYY-MM-DD [T ] HH:MM [:SS [.f{1,9}]] [ ]? [Z|z|UTC|+HH[[:]MM]]?
 *     10 digits (s), 10 digits.f{1,9}, 13 (ms), 16 (us), 19 (ns)
 *
 * Years are 1970 to 9999; a form that is not listed is no time.
 */

#ifndef QC_TIME_H
#define QC_TIME_H


#include "qc_buf.h"


typedef struct {
    int64_t                ms;         /* since the epoch; as if of UTC where
                                          no zone is given */
    unsigned               zoned:1;    /* the text said which zone */
    unsigned               day:1;      /* a date without a time of day */
} qc_time_t;


/* QC_OK if the whole of s is a time, else QC_BAD. */
qc_rc_e qc_time_parse(qc_str_t s, qc_time_t *t);

/*
 * The latest instant, in ms since the epoch, that t can mean as the end of a
 * range: a day ends a day later.  A time without a zone is that of a zone so
 * many minutes east of UTC; if that is NULL, of the one furthest west.
 */
int64_t qc_time_latest(const qc_time_t *t, const int32_t *zone_minutes);

/*
 * s rounded down to a multiple of step seconds of the epoch, its form kept
 * apart from the others: "s:1700000040", "f:" (of s with a fraction), "ms:",
 * "us:" and "ns:" in their own units; and in seconds "iso:" (UTC),
 * "iso+0200:", "iso?:" (no zone) and "day:".  QC_BAD if s is no time, or
 * step is 0; QC_NOSPACE if it does not fit.
 */
qc_rc_e qc_time_round(qc_str_t s, uint64_t step, qc_buf_t *out);

/*
 * "utc", in any case, or "+hh:mm" and "-hh:mm" as zones have it: minutes east
 * of UTC.  QC_BAD if s is none of them.
 */
qc_rc_e qc_time_zone_parse(qc_str_t s, int32_t *minutes);


#endif /* QC_TIME_H */
