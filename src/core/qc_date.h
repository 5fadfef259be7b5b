
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * HTTP-date, RFC 9110 section 5.6.7: the three forms a recipient must read,
 * byte for byte.
 *
 *     Sun, 06 Nov 1994 08:49:37 GMT      IMF-fixdate
 *     Sunday, 06-Nov-94 08:49:37 GMT     RFC 850
 *     Sun Nov  6 08:49:37 1994           asctime()
 *
 * The name of the day must be one, but is not compared with the date: no
 * instant follows from it.  Second 60 is a leap second.
 */

#ifndef QC_DATE_H
#define QC_DATE_H


#include "qc_base.h"


/*
 * Seconds since 1970, negative before.  A year of two digits is the latest
 * one that is at most 50 years after now (seconds since 1970, from 0 to
 * QC_DATE_NOW_MAX).  QC_BAD if the whole of s is no date.
 */
qc_rc_e qc_date_parse(qc_str_t s, int64_t now, int64_t *date);

#define QC_DATE_NOW_MAX    ((int64_t) 253402300799)  /* 9999-12-31 */


#endif /* QC_DATE_H */
