
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "ngx_http_qc_stats.h"


#define NGX_HTTP_QC_FAULT_INTERVAL  60  /* s */


void
ngx_http_qc_count(ngx_http_qc_stats_t *st, qc_metric_e metric)
{
    ngx_http_qc_count_add(st, metric, 1);
}


void
ngx_http_qc_count_add(ngx_http_qc_stats_t *st, qc_metric_e metric,
    ngx_atomic_int_t n)
{
    if (st->sh == NULL || metric >= QC_METRICS) {
        return;
    }

    (void) ngx_atomic_fetch_add(&st->sh->value[metric], n);
}


ngx_uint_t
ngx_http_qc_fault_due(ngx_http_qc_stats_t *st, qc_metric_e metric)
{
    ngx_atomic_t      *logged;
    ngx_atomic_int_t   age;
    ngx_atomic_uint_t  now, last;

    if (st->sh == NULL || metric >= QC_METRICS) {
        return 1;
    }

    logged = &st->sh->logged[metric];

    last = *logged;
    now = (ngx_atomic_uint_t) ngx_time();

    /* a little below zero: another worker's clock is ahead of ours */

    age = (ngx_atomic_int_t) (now - last);

    if (last != 0
        && age > -NGX_HTTP_QC_FAULT_INTERVAL
        && age < NGX_HTTP_QC_FAULT_INTERVAL)
    {
        return 0;
    }

    return ngx_atomic_cmp_set(logged, last, now);
}


void ngx_cdecl
ngx_http_qc_fault(ngx_http_qc_stats_t *st, qc_metric_e metric,
    ngx_uint_t level, ngx_log_t *log, ngx_err_t err, const char *fmt, ...)
{
    u_char   *p;
    va_list   args;
    u_char    buf[NGX_MAX_ERROR_STR];

    ngx_http_qc_count(st, metric);

    if (log->log_level < level || !ngx_http_qc_fault_due(st, metric)) {
        return;
    }

    va_start(args, fmt);
    p = ngx_vslprintf(buf, buf + sizeof(buf), fmt, args);
    va_end(args);

    ngx_log_error(level, log, err, "%*s in query cache zone \"%V\"",
                  (size_t) (p - buf), buf, &st->zone);
}
