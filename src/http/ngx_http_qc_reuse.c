
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * What is done with a record: qc_reuse decides whether it answers the
 * request, and if not, what it is still good for.
 */

#include "ngx_http_qc.h"

#include "../core/qc_range.h"


static ngx_int_t ngx_http_qc_update(ngx_http_qc_ctx_t *ctx);
static ngx_int_t ngx_http_qc_fetch(ngx_http_qc_ctx_t *ctx);
static ngx_uint_t ngx_http_qc_validates(ngx_http_qc_ctx_t *ctx);
static ngx_uint_t ngx_http_qc_has_range(ngx_http_request_t *r);


/* The client's own directives, where they are heeded. */

void
ngx_http_qc_read_client(ngx_http_qc_ctx_t *ctx)
{
    size_t            i;
    qc_request_t     *request;
    const qc_field_t *h;

    if (!ctx->conf->client_control) {
        return;
    }

    request = &ctx->query->request;
    h = request->headers;

    for (i = 0; i < request->nheaders; i++) {
        qc_client_field(&ctx->client, h[i].name, h[i].value);
    }

    ctx->no_store |= ctx->client.no_store;
}


ngx_int_t
ngx_http_qc_step_record(ngx_http_qc_ctx_t *ctx)
{
    ngx_http_qc_meta_op_t  *op;

    op = ctx->op;

    if (!ctx->variant) {
        ctx->epoch = op->epoch;
    }

    if (ctx->rc != NGX_OK) {

        /* what cannot be published need not be stored */

        ctx->no_store |= (op->reason == QC_R_META_DOWN
                          || op->reason == QC_R_META_TIMEOUT
                          || op->reason == QC_R_NOT_JSON);

        return ngx_http_qc_miss(ctx, NGX_HTTP_QC_STATUS_MISS, op->reason);
    }

    if (op->record.vary.len == 0) {
        ctx->step = NGX_HTTP_QC_CHECKED;
        ctx->rc = ngx_http_qc_groups_check(ctx);

        return (ctx->rc == NGX_AGAIN) ? NGX_AGAIN : NGX_OK;
    }

    /* a marker: the answer is where the request's fields say */

    if (ngx_http_qc_variant(ctx) != NGX_OK) {
        ctx->no_store = 1;
        return ngx_http_qc_miss(ctx, NGX_HTTP_QC_STATUS_MISS, QC_R_VARY);
    }

    ctx->step = NGX_HTTP_QC_LOOKUP;

    return NGX_OK;
}


/* Whether a group of the entry was invalidated is known. */

ngx_int_t
ngx_http_qc_step_checked(ngx_http_qc_ctx_t *ctx)
{
    if (ctx->rc != NGX_OK) {
        return ngx_http_qc_miss(ctx, NGX_HTTP_QC_STATUS_MISS,
                                ctx->op->reason);
    }

    ctx->step = NGX_HTTP_QC_REUSE;

    return NGX_OK;
}


ngx_int_t
ngx_http_qc_step_reuse(ngx_http_qc_ctx_t *ctx)
{
    ngx_int_t     rc;
    ngx_uint_t    validates;
    qc_client_t  *client;

    client = ctx->conf->client_control ? &ctx->client : NULL;
    validates = ngx_http_qc_validates(ctx);

    qc_reuse(&ctx->reuse, &ctx->op->record, client, (uint64_t) ngx_time(),
             validates);

    ctx->entry = 1;
    ctx->step = NGX_HTTP_QC_SERVE;

    if (ctx->reuse.verdict != QC_REUSE_FRESH) {
        ngx_http_qc_read_over(ctx);
    }

    switch (ctx->reuse.verdict) {

    case QC_REUSE_FRESH:

        /* others wait for this one: a fill would keep them waiting */

        if (!ctx->again) {
            ngx_http_qc_early(ctx, validates);
        }

        return NGX_OK;

    case QC_REUSE_STALE:
        ctx->status = NGX_HTTP_QC_STATUS_STALE;
        return NGX_OK;

    case QC_REUSE_UPDATE:
        return ngx_http_qc_update(ctx);

    default: /* QC_REUSE_FETCH */
        rc = ngx_http_qc_slow(ctx);

        return (rc == NGX_DECLINED) ? ngx_http_qc_fetch(ctx) : rc;
    }
}


/* Stale while it is fetched anew, by a request of its own. */

static ngx_int_t
ngx_http_qc_update(ngx_http_qc_ctx_t *ctx)
{
    if (ngx_http_qc_fill_start(ctx) == NGX_ERROR) {
        return ngx_http_qc_fetch(ctx);
    }

    ctx->status = NGX_HTTP_QC_STATUS_UPDATING;

    return NGX_OK;
}


static ngx_int_t
ngx_http_qc_fetch(ngx_http_qc_ctx_t *ctx)
{
    /* what is no phase handler can be run again */

    if (ctx->handler) {
        ctx->validating = ctx->reuse.validate;
        ctx->on_error = ctx->reuse.on_error;
    }

    if (ctx->reuse.request) {
        return ngx_http_qc_miss(ctx, NGX_HTTP_QC_STATUS_MISS, QC_R_CLIENT);
    }

    return ngx_http_qc_miss(ctx, NGX_HTTP_QC_STATUS_EXPIRED, QC_R_STALE);
}


/*
 * Whether the fetch may ask if the entry is still good.  POST may not: there
 * If-None-Match means another thing (RFC 9110 section 13.1.2).
 */

static ngx_uint_t
ngx_http_qc_validates(ngx_http_qc_ctx_t *ctx)
{
    ngx_http_request_t  *r;

    r = ctx->request;

    return ctx->conf->revalidate
           && !ctx->op->theirs
           && (ngx_http_qc_method(r) & NGX_HTTP_QC_SAFE)
           && r->headers_in.if_match == NULL
           && r->headers_in.if_unmodified_since == NULL;
}


ngx_int_t
ngx_http_qc_step_serve(ngx_http_qc_ctx_t *ctx)
{
    ngx_http_request_t  *r;

    r = ctx->request;

    ngx_http_qc_choose_coding(ctx);

    /* RFC 9110 sections 13.1.2 and 13.1.3, also for nginx's own filter */

    if (r->headers_in.if_none_match) {
        r->headers_in.if_modified_since = NULL;
    }

    r->disable_not_modified = (r->method == NGX_HTTP_POST);

    if (!ngx_http_qc_has_range(r)) {
        r->headers_in.range = NULL;
    }

    ctx->tier_n = 0;

    /* what was read of another entry is not of this one */

    ctx->hold = 0;

    if (ctx->live) {
        ctx->step = NGX_HTTP_QC_LIVE;
        return NGX_OK;
    }

    ctx->step = ngx_http_qc_not_modified(ctx) ? NGX_HTTP_QC_SEND
                                              : NGX_HTTP_QC_OPEN;

    return NGX_OK;
}


/*
 * RFC 9110 sections 14.2 and 13.1.5: not with HEAD or POST, not in a form that
 * is not valid, and not if it is a part of what a weak tag was given to.
 */

static ngx_uint_t
ngx_http_qc_has_range(ngx_http_request_t *r)
{
    ngx_table_elt_t  *h;

    h = r->headers_in.range;

    if (h == NULL
        || (r->method & (NGX_HTTP_HEAD|NGX_HTTP_POST))
        || !qc_range_valid(ngx_http_qc_qstr(&h->value)))
    {
        return 0;
    }

    h = r->headers_in.if_range;

    return h == NULL || !qc_etag_weak(ngx_http_qc_qstr(&h->value));
}
