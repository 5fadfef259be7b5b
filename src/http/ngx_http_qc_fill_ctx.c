
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/* The context of a background fill: a copy of that of who begins it. */

#include "ngx_http_qc.h"


static ngx_int_t ngx_http_qc_fill_entry(ngx_http_qc_ctx_t *fctx,
    ngx_http_qc_ctx_t *ctx);
static ngx_http_qc_nvs_t *ngx_http_qc_fill_nvs(ngx_pool_t *pool,
    ngx_http_qc_nvs_t *nvs);
static ngx_http_qc_meta_op_t *ngx_http_qc_fill_op(ngx_pool_t *pool,
    ngx_http_qc_meta_op_t *op);


/* As the client's would be when its upstream is run. */

ngx_http_qc_ctx_t *
ngx_http_qc_fill_ctx(ngx_http_qc_ctx_t *ctx, ngx_http_request_t *sr)
{
    ngx_http_qc_ctx_t  *fctx;

    fctx = ngx_http_qc_create_ctx(sr, ctx->zone, ctx->conf);
    if (fctx == NULL) {
        return NULL;
    }

    fctx->fill = 1;
    fctx->status = NGX_HTTP_QC_STATUS_EXPIRED;
    fctx->keyed = 1;
    ngx_memcpy(fctx->key, ctx->key, QC_KEY_LEN);

    fctx->ns.len = ctx->ns.len;
    fctx->ns.data = ngx_pstrdup(sr->pool, &ctx->ns);

    if (ctx->ns.len && fctx->ns.data == NULL) {
        return NULL;
    }

    fctx->query = ngx_http_qc_query_copy(ctx->query, sr);
    if (fctx->query == NULL) {
        return NULL;
    }

    if (ngx_http_qc_fill_entry(fctx, ctx) != NGX_OK) {
        return NULL;
    }

    /* with what who begins it waits for already, but not with what he found */

    if (ctx->again) {
        ctx->again = 0;
        ngx_http_qc_lock_release(&ctx->lock, NGX_HTTP_QC_LOCK_STORED);
    }

    fctx->trial = ctx->trial;
    ctx->trial = 0;

    ngx_http_qc_lock_move(&fctx->lock, &ctx->lock);
    ngx_http_qc_fill_lock(fctx);

    /* who has an entry to serve bounds his wait himself */

    if (ctx->conf->fill.slow) {
        ngx_http_qc_lock_extend(&fctx->lock, NGX_HTTP_QC_FILL_TIMEOUT * 1000);
    }

    return fctx;
}


static ngx_int_t
ngx_http_qc_fill_entry(ngx_http_qc_ctx_t *fctx, ngx_http_qc_ctx_t *ctx)
{
    ngx_pool_t  *pool;

    pool = fctx->request->pool;

    /* of the lookup, not of now: what was invalidated since stays so */

    fctx->epoch = ctx->epoch;

    fctx->op = ngx_http_qc_fill_op(pool, ctx->op);
    fctx->entry = (fctx->op != NULL);
    fctx->validating = (fctx->op && ctx->reuse.validate);

    if (ctx->variant) {

        fctx->marker = ngx_http_qc_fill_op(pool, ctx->marker);
        if (fctx->marker == NULL) {
            return NGX_ERROR;
        }

        fctx->variant = 1;
        ngx_memcpy(fctx->primary, ctx->primary, QC_KEY_LEN);
    }

    if (ctx->nvs) {

        fctx->nvs = ngx_http_qc_fill_nvs(pool, ctx->nvs);
        if (fctx->nvs == NULL) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* By what rule the entry was found. */

static ngx_http_qc_nvs_t *
ngx_http_qc_fill_nvs(ngx_pool_t *pool, ngx_http_qc_nvs_t *nvs)
{
    u_char             *p;
    ngx_http_qc_nvs_t  *copy;

    copy = ngx_palloc(pool, sizeof(ngx_http_qc_nvs_t));
    p = ngx_pnalloc(pool, nvs->args.len);

    if (copy == NULL || p == NULL) {
        return NULL;
    }

    *copy = *nvs;

    ngx_memcpy(p, nvs->args.data, nvs->args.len);
    copy->args.data = p;

    if (nvs->found) {
        copy->found = ngx_http_qc_fill_op(pool, nvs->found);
        if (copy->found == NULL) {
            return NULL;
        }
    }

    return copy;
}


/* NULL if it cannot be copied: the fill then knows of no entry. */

static ngx_http_qc_meta_op_t *
ngx_http_qc_fill_op(ngx_pool_t *pool, ngx_http_qc_meta_op_t *op)
{
    qc_buf_t                b;
    ngx_http_qc_meta_op_t  *copy;

    copy = ngx_pcalloc(pool, sizeof(ngx_http_qc_meta_op_t));
    if (copy == NULL) {
        return NULL;
    }

    qc_buf_init(&b, copy->buf, sizeof(copy->buf));

    if (qc_record_copy(&copy->record, &op->record, &b) != QC_OK) {
        return NULL;
    }

    ngx_memcpy(copy->key, op->key, QC_KEY_LEN);
    copy->theirs = op->theirs;
    copy->reason = QC_NO_METRIC;

    return copy;
}
