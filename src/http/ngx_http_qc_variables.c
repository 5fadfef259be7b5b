
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "ngx_http_qc.h"


static ngx_int_t ngx_http_qc_status_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_qc_key_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_qc_tier_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_qc_age_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_qc_reason_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_qc_tags_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_qc_window_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_qc_cost_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_qc_read_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_qc_variable_number(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, const char *fmt, uint64_t n, uint64_t m);
static ngx_int_t ngx_http_qc_run_id_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_qc_fill_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_qc_waited_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_qc_variable_set(ngx_http_variable_value_t *v,
    const u_char *data, size_t len);
static ngx_int_t ngx_http_qc_variable_none(ngx_http_variable_value_t *v);


ngx_str_t  ngx_http_qc_status_names[] = {
    ngx_null_string,
    ngx_string("HIT"),
    ngx_string("MISS"),
    ngx_string("EXPIRED"),
    ngx_string("STALE"),
    ngx_string("UPDATING"),
    ngx_string("REVALIDATED"),
    ngx_string("BYPASS")
};


static ngx_http_variable_t  ngx_http_qc_variables[] = {

    { ngx_string("query_cache_status"), NULL,
      ngx_http_qc_status_variable, 0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("query_cache_key"), NULL,
      ngx_http_qc_key_variable, 0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("query_cache_tier"), NULL,
      ngx_http_qc_tier_variable, 0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("query_cache_age"), NULL,
      ngx_http_qc_age_variable, 0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("query_cache_reason"), NULL,
      ngx_http_qc_reason_variable, 0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("query_cache_auto_tags"), NULL,
      ngx_http_qc_tags_variable, 0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("query_cache_window"), NULL,
      ngx_http_qc_window_variable, 0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("query_cache_cost"), NULL,
      ngx_http_qc_cost_variable, 0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("query_cache_read_rows"), NULL,
      ngx_http_qc_read_variable, offsetof(qc_record_t, rows),
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("query_cache_read_bytes"), NULL,
      ngx_http_qc_read_variable, offsetof(qc_record_t, bytes),
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("query_cache_run_id"), NULL,
      ngx_http_qc_run_id_variable, 0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("query_cache_fill"), NULL,
      ngx_http_qc_fill_variable, 0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("query_cache_waited"), NULL,
      ngx_http_qc_waited_variable, 0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

      ngx_http_null_variable
};


ngx_int_t
ngx_http_qc_add_variables(ngx_conf_t *cf)
{
    ngx_http_variable_t  *var, *v;

    for (v = ngx_http_qc_variables; v->name.len; v++) {

        var = ngx_http_add_variable(cf, &v->name, v->flags);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = v->get_handler;
        var->data = v->data;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_qc_status_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t          *name;
    ngx_http_qc_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r->main, ngx_http_query_cache_module);

    if (ctx == NULL || ctx->status == NGX_HTTP_QC_STATUS_NONE) {
        return ngx_http_qc_variable_none(v);
    }

    name = &ngx_http_qc_status_names[ctx->status];

    return ngx_http_qc_variable_set(v, name->data, name->len);
}


static ngx_int_t
ngx_http_qc_key_variable(ngx_http_request_t *r, ngx_http_variable_value_t *v,
    uintptr_t data)
{
    u_char             *p;
    ngx_http_qc_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r->main, ngx_http_query_cache_module);

    if (ctx == NULL || !ctx->keyed) {
        return ngx_http_qc_variable_none(v);
    }

    p = ngx_pnalloc(r->pool, QC_KEY_LEN * 2);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_hex_dump(p, ctx->key, QC_KEY_LEN);

    return ngx_http_qc_variable_set(v, p, QC_KEY_LEN * 2);
}


static ngx_int_t
ngx_http_qc_tier_variable(ngx_http_request_t *r, ngx_http_variable_value_t *v,
    uintptr_t data)
{
    ngx_http_qc_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r->main, ngx_http_query_cache_module);

    if (ctx == NULL || !ctx->hit) {
        return ngx_http_qc_variable_none(v);
    }

    return ngx_http_qc_variable_set(v, ctx->tier.data, ctx->tier.len);
}


static ngx_int_t
ngx_http_qc_age_variable(ngx_http_request_t *r, ngx_http_variable_value_t *v,
    uintptr_t data)
{
    u_char             *p;
    ngx_http_qc_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r->main, ngx_http_query_cache_module);

    if (ctx == NULL || !ctx->hit) {
        return ngx_http_qc_variable_none(v);
    }

    p = ngx_pnalloc(r->pool, NGX_TIME_T_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    return ngx_http_qc_variable_set(v, p,
                                    ngx_sprintf(p, "%T", ngx_http_qc_age(ctx))
                                    - p);
}


static ngx_int_t
ngx_http_qc_reason_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_qc_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r->main, ngx_http_query_cache_module);

    if (ctx == NULL || ctx->reason == QC_NO_METRIC) {
        return ngx_http_qc_variable_none(v);
    }

    return ngx_http_qc_variable_set(v, qc_metrics[ctx->reason].name.data,
                                    qc_metrics[ctx->reason].name.len);
}


static ngx_int_t
ngx_http_qc_tags_variable(ngx_http_request_t *r, ngx_http_variable_value_t *v,
    uintptr_t data)
{
    qc_str_t            tags;
    ngx_http_qc_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r->main, ngx_http_query_cache_module);

    if (ctx == NULL || !ctx->keyed) {
        return ngx_http_qc_variable_none(v);
    }

    tags = qc_tags_list(&ctx->query->q.tags);

    return ngx_http_qc_variable_set(v, tags.data, tags.len);
}


static ngx_int_t
ngx_http_qc_window_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    int64_t             now;
    ngx_http_qc_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r->main, ngx_http_query_cache_module);

    if (ctx == NULL || !ctx->keyed) {
        return ngx_http_qc_variable_none(v);
    }

    now = (int64_t) ctx->started * 1000 + ctx->started_ms;

    switch (qc_query_window(&ctx->query->q, now)) {
    case QC_WINDOW_CLOSED:
        return ngx_http_qc_variable_set(v, (u_char *) "closed", 6);
    case QC_WINDOW_OPEN:
        return ngx_http_qc_variable_set(v, (u_char *) "open", 4);
    default:
        return ngx_http_qc_variable_none(v);
    }
}


/* Of a hit, what its entry has cost, else this run of the upstream. */

static ngx_int_t
ngx_http_qc_cost_variable(ngx_http_request_t *r, ngx_http_variable_value_t *v,
    uintptr_t data)
{
    uint64_t            cost;
    qc_summary_t        summary;
    ngx_http_qc_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r->main, ngx_http_query_cache_module);

    if (ctx == NULL || !(ctx->hit || ctx->running)) {
        return ngx_http_qc_variable_none(v);
    }

    cost = ctx->hit ? ctx->served.cost : ngx_http_qc_cost(ctx, &summary);

    return ngx_http_qc_variable_number(r, v, "%uL.%03uL", cost / 1000,
                                       cost % 1000);
}


/* Likewise; data is the place in a record. */

static ngx_int_t
ngx_http_qc_read_variable(ngx_http_request_t *r, ngx_http_variable_value_t *v,
    uintptr_t data)
{
    uint64_t            n;
    qc_summary_t        summary;
    ngx_http_qc_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r->main, ngx_http_query_cache_module);

    if (ctx == NULL || !(ctx->hit || ctx->running)) {
        return ngx_http_qc_variable_none(v);
    }

    if (ctx->hit) {
        n = *(uint64_t *) ((u_char *) &ctx->served + data);

    } else {
        (void) ngx_http_qc_cost(ctx, &summary);

        n = (data == offsetof(qc_record_t, rows)) ? summary.rows
                                                  : summary.bytes;
    }

    return n ? ngx_http_qc_variable_number(r, v, "%uL", n, 0)
             : ngx_http_qc_variable_none(v);
}


static ngx_int_t
ngx_http_qc_variable_number(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, const char *fmt, uint64_t n, uint64_t m)
{
    u_char  *p;

    p = ngx_pnalloc(r->pool, 2 * NGX_INT64_LEN + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    return ngx_http_qc_variable_set(v, p, ngx_sprintf(p, fmt, n, m) - p);
}


/* Before there is a run it has no id, so that none gets into a key. */

static ngx_int_t
ngx_http_qc_run_id_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    u_char             *p;
    ngx_http_qc_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r->main, ngx_http_query_cache_module);

    if (ctx == NULL
        || (!ctx->identified
            && !ctx->running
            && ctx->status != NGX_HTTP_QC_STATUS_BYPASS))
    {
        return ngx_http_qc_variable_none(v);
    }

    p = ngx_pnalloc(r->pool, NGX_HTTP_QC_RUN_ID_LEN);

    if (p == NULL || !ngx_http_qc_run_id(ctx)) {
        return NGX_ERROR;
    }

    ngx_memcpy(p, ctx->run_id, NGX_HTTP_QC_RUN_ID_LEN);

    return ngx_http_qc_variable_set(v, p, NGX_HTTP_QC_RUN_ID_LEN);
}


static ngx_int_t
ngx_http_qc_fill_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_qc_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r->main, ngx_http_query_cache_module);

    if (ctx == NULL || !ctx->fill) {
        return ngx_http_qc_variable_none(v);
    }

    return ngx_http_qc_variable_set(v, (u_char *) "1", 1);
}


static ngx_int_t
ngx_http_qc_waited_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_msec_t               ms;
    ngx_http_qc_ctx_t       *ctx;
    ngx_http_qc_collapse_t  *collapse;

    ctx = ngx_http_get_module_ctx(r->main, ngx_http_query_cache_module);

    if (ctx == NULL || ctx->collapse == NULL) {
        return ngx_http_qc_variable_none(v);
    }

    collapse = ctx->collapse;
    ms = collapse->waited;

    if (collapse->waiting) {
        ms += ngx_current_msec - collapse->since;
    }

    return ngx_http_qc_variable_number(r, v, "%uL.%03uL", ms / 1000,
                                       ms % 1000);
}


static ngx_int_t
ngx_http_qc_variable_set(ngx_http_variable_value_t *v, const u_char *data,
    size_t len)
{
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;
    v->len = len;
    v->data = (u_char *) data;

    return NGX_OK;
}


static ngx_int_t
ngx_http_qc_variable_none(ngx_http_variable_value_t *v)
{
    v->not_found = 1;

    return NGX_OK;
}
