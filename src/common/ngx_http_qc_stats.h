
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * The counters of a zone, in shared memory, and faults: events that are
 * counted each time and logged once, then at most once a minute while they
 * go on.  Counters are the table of core/qc_metric.h.
 */

#ifndef _NGX_HTTP_QC_STATS_H_INCLUDED_
#define _NGX_HTTP_QC_STATS_H_INCLUDED_


#include "ngx_http_qc_compat.h"

#include "../core/qc_metric.h"


typedef struct {
    ngx_atomic_t               value[QC_METRICS];
    ngx_atomic_t               logged[QC_METRICS];  /* unix time, s */
} ngx_http_qc_stats_sh_t;


typedef struct {
    ngx_str_t                  zone;   /* for messages */
    ngx_http_qc_stats_sh_t    *sh;     /* NULL until shared memory is there */
} ngx_http_qc_stats_t;


void ngx_http_qc_count(ngx_http_qc_stats_t *st, qc_metric_e metric);
void ngx_http_qc_count_add(ngx_http_qc_stats_t *st, qc_metric_e metric,
    ngx_atomic_int_t n);

/*
 * Counts, and logs  <text> in query cache zone "<name>"  if this metric has
 * not been logged in the last minute.  err as for ngx_log_error().
 */
void ngx_cdecl ngx_http_qc_fault(ngx_http_qc_stats_t *st, qc_metric_e metric,
    ngx_uint_t level, ngx_log_t *log, ngx_err_t err, const char *fmt, ...);

/*
 * For a fault that is counted elsewhere: whether its message is due, which
 * it is for one caller a minute, whatever worker that is in.
 */
ngx_uint_t ngx_http_qc_fault_due(ngx_http_qc_stats_t *st, qc_metric_e metric);


#endif /* _NGX_HTTP_QC_STATS_H_INCLUDED_ */
