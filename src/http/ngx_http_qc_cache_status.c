
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/* Cache-Status, RFC 9211: what was done with a request. */

#include "ngx_http_qc.h"

#include "../core/qc_cache_status.h"


/* Of a member: what is not name, key or detail, and then these two. */

#define NGX_HTTP_QC_CACHE_STATUS_LEN  (128 + 2 * 2 * QC_KEY_LEN + 2 * 64)


static ngx_uint_t ngx_http_qc_cache_status_hit(ngx_http_qc_ctx_t *ctx);
static unsigned ngx_http_qc_cache_status_upstream(ngx_http_qc_ctx_t *ctx);


/* One line behind those of caches nearer to the origin. */

ngx_int_t
ngx_http_qc_cache_status(ngx_http_qc_ctx_t *ctx)
{
    u_char                  *p, key[2 * QC_KEY_LEN];
    size_t                   size;
    qc_buf_t                 b;
    qc_cache_status_t        s;
    ngx_http_request_t      *r;
    ngx_http_qc_loc_conf_t  *qlcf;

    r = ctx->request;
    qlcf = ctx->conf;

    if (qlcf->cache_status.len == 0
        || ctx->status == NGX_HTTP_QC_STATUS_NONE)
    {
        return NGX_OK;
    }

    ngx_memzero(&s, sizeof(qc_cache_status_t));

    s.name = ngx_http_qc_qstr(&qlcf->cache_status);
    s.hit = ngx_http_qc_cache_status_hit(ctx);

    /* only-if-cached keeps a request from it */

    if (!s.hit && (ctx->running || ctx->answered
                   || ctx->status == NGX_HTTP_QC_STATUS_BYPASS))
    {
        s.fwd = (qc_fwd_e) ngx_http_qc_cache_status_fwd(ctx);
        s.fwd_status = ngx_http_qc_cache_status_upstream(ctx);
        s.stored = (ctx->job != NULL);
        s.uncollapsed = (ctx->collapse != NULL);
    }

    if (s.hit || ctx->status == NGX_HTTP_QC_STATUS_STALE) {
        s.has_ttl = 1;
        s.ttl = (int64_t) ctx->op->record.fresh - (int64_t) ngx_time();
    }

    /* served after it would have been forwarded, had it not waited in vain */

    if (s.hit && ctx->collapse
        && !(ctx->collapse->slow
             && ctx->status == NGX_HTTP_QC_STATUS_STALE))
    {
        s.hit = 0;
        s.fwd = (qc_fwd_e) ctx->collapse->fwd;
        s.collapsed = 1;
    }

    if (qlcf->cache_status_key && ctx->keyed) {
        ngx_hex_dump(key, ctx->key, QC_KEY_LEN);
        s.key = qc_str(key, sizeof(key));
    }

    if (qlcf->cache_status_detail && ctx->reason != QC_NO_METRIC) {
        s.detail = qc_metrics[ctx->reason].name;
    }

    size = NGX_HTTP_QC_CACHE_STATUS_LEN + 2 * s.name.len;

    p = ngx_pnalloc(r->pool, size);
    if (p == NULL) {
        return NGX_ERROR;
    }

    qc_buf_init(&b, p, size);
    qc_cache_status_write(&b, &s);

    if (qc_buf_status(&b) != QC_OK || qc_buf_len(&b) == 0) {
        return NGX_OK;
    }

    return ngx_http_qc_push_header(r, "Cache-Status", "cache-status",
                                   qc_buf_written(&b))
           ? NGX_OK : NGX_ERROR;
}


/* A stale one because the upstream has failed: that was asked. */

static ngx_uint_t
ngx_http_qc_cache_status_hit(ngx_http_qc_ctx_t *ctx)
{
    switch (ctx->status) {

    case NGX_HTTP_QC_STATUS_HIT:
    case NGX_HTTP_QC_STATUS_UPDATING:
        return 1;

    case NGX_HTTP_QC_STATUS_STALE:
        return !ctx->answered;

    default:
        return 0;
    }
}


/* Section 2.2: qc_fwd_e. */

ngx_uint_t
ngx_http_qc_cache_status_fwd(ngx_http_qc_ctx_t *ctx)
{
    if (ctx->entry && ctx->reuse.request) {
        return QC_FWD_REQUEST;
    }

    switch (ctx->status) {

    case NGX_HTTP_QC_STATUS_BYPASS:
        return (ctx->reason == QC_R_METHOD) ? QC_FWD_METHOD : QC_FWD_BYPASS;

    case NGX_HTTP_QC_STATUS_EXPIRED:
    case NGX_HTTP_QC_STATUS_STALE:
    case NGX_HTTP_QC_STATUS_REVALIDATED:
        return QC_FWD_STALE;

    default: /* NGX_HTTP_QC_STATUS_MISS */
        break;
    }

    if (ctx->op == NULL || ctx->op->reason != QC_R_ABSENT) {
        return QC_FWD_MISS;
    }

    if (ctx->variant) {
        return QC_FWD_VARY_MISS;
    }

    /* the key of these two is that of the URI */

    return (ctx->request->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))
           ? QC_FWD_URI_MISS : QC_FWD_MISS;
}


/* 0: not known; nginx's own status if there was no answer. */

static unsigned
ngx_http_qc_cache_status_upstream(ngx_http_qc_ctx_t *ctx)
{
    ngx_http_upstream_t  *u;

    if (ctx->failed_status) {
        return (unsigned) ctx->failed_status;
    }

    u = ngx_http_qc_upstream(ctx);

    return u ? (unsigned) u->headers_in.status_n : 0;
}
