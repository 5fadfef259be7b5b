
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * What ClickHouse says of a query in the field X-ClickHouse-Summary: an
 * object of JSON whose members are numbers, most of them in strings.
 */

#ifndef QC_SUMMARY_H
#define QC_SUMMARY_H


#include "qc_record.h"


#define QC_SUMMARY_LEN         4096    /* bytes of the field, at most */
#define QC_SUMMARY_MAX         QC_READ_MAX  /* of each number */


typedef struct {
    uint64_t               rows;       /* "read_rows", 0 if not said */
    uint64_t               bytes;      /* "read_bytes" */
    uint64_t               elapsed;    /* "elapsed_ns" */
} qc_summary_t;


/*
 * QC_OK, or QC_BAD with *summary all zeros: not one object, something is
 * nested in it, one of these members twice, or no whole number from 0 to
 * QC_SUMMARY_MAX.  Other members are not looked at.
 */
qc_rc_e qc_summary(qc_str_t value, qc_summary_t *summary);


#endif /* QC_SUMMARY_H */
