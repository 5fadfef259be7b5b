
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * Stale if slow: an entry that would be served if the upstream failed is also
 * served if it takes too long.  A background fill asks the upstream, and the
 * request waits for it as for any fill of its key, by the key's lock, which
 * is taken for this whatever query_cache_lock says.  A fill that goes on when
 * the wait is over goes on for the next ones.
 */

#include "ngx_http_qc.h"


static ngx_uint_t ngx_http_qc_slow_applies(ngx_http_qc_ctx_t *ctx);
static ngx_int_t ngx_http_qc_slow_begin(ngx_http_qc_ctx_t *ctx);
static ngx_int_t ngx_http_qc_slow_serve(ngx_http_qc_ctx_t *ctx);


ngx_int_t
ngx_http_qc_slow(ngx_http_qc_ctx_t *ctx)
{
    ngx_int_t                rc;
    ngx_http_qc_collapse_t  *collapse;

    if (!ngx_http_qc_slow_applies(ctx)) {
        return NGX_DECLINED;
    }

    collapse = ctx->collapse;

    if (collapse && collapse->slow) {

        if (collapse->private) {
            return NGX_DECLINED;
        }

        /* a variant, found after a wait for any of them, is another key */

        if (collapse->wait.result == NGX_HTTP_QC_LOCK_TIMEOUT
            || ngx_memcmp(collapse->key, ctx->key, QC_KEY_LEN) == 0)
        {
            return ngx_http_qc_slow_serve(ctx);
        }
    }

    ctx->status = NGX_HTTP_QC_STATUS_EXPIRED;

    if (ngx_http_qc_live_join(ctx)) {
        return NGX_OK;
    }

    rc = ngx_http_qc_slow_begin(ctx);

    if (rc != NGX_AGAIN) {
        return rc;
    }

    return ngx_http_qc_wait(ctx, NGX_HTTP_QC_SLOW);
}


/*
 * Not for a client that limits how old an answer may be, and has found none:
 * to it an error alone makes up for that.
 */

static ngx_uint_t
ngx_http_qc_slow_applies(ngx_http_qc_ctx_t *ctx)
{
    qc_client_t  *client;

    client = &ctx->client;

    if (ctx->conf->fill.slow == 0
        || !ctx->reuse.on_error
        || ctx->reuse.request
        || ctx->lock.token
        || client->only_if_cached
        || client->has_max_age
        || client->has_min_fresh
        || client->has_max_stale)
    {
        return 0;
    }

    /* what a worker that is to leave has waited for is another one's now */

    if (ctx->collapse && ctx->collapse->slow) {
        return 1;
    }

    return ngx_http_qc_fill_may(ctx)
           && ngx_http_qc_store_available(ctx->zone)
           && !ngx_http_qc_mark_test(&ctx->zone->marks,
                                     NGX_HTTP_QC_MARK_ALONE, ctx->key);
}


/* NGX_AGAIN: there is something to wait for; NGX_OK: there is no need to. */

static ngx_int_t
ngx_http_qc_slow_begin(ngx_http_qc_ctx_t *ctx)
{
    ngx_int_t   rc;
    ngx_uint_t  failed;

    rc = ngx_http_qc_lock_take(&ctx->zone->locks, &ctx->lock, ctx->key,
                               ctx->conf->lock_age,
                               ctx->recent ? NULL : &ctx->looked);

    if (rc == NGX_DONE) {

        /* stored behind the lookup */

        ctx->recent = 1;
        ngx_http_qc_look_again(ctx);
        return NGX_OK;
    }

    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_http_qc_fill_start(ctx);

    if (rc == NGX_OK) {
        return NGX_AGAIN;
    }

    /* what has failed is not tried at once again */

    failed = (rc == NGX_DECLINED && ngx_http_qc_failed_lately(ctx));

    if (failed || ctx->conf->lock == NGX_HTTP_QC_LOCK_OFF) {
        ngx_http_qc_lock_release(&ctx->lock, NGX_HTTP_QC_LOCK_UNSTORED);
    }

    return failed ? ngx_http_qc_slow_serve(ctx) : NGX_DECLINED;
}


/* The fill has ended, or the wait: a step. */

ngx_int_t
ngx_http_qc_step_slow(ngx_http_qc_ctx_t *ctx)
{
    ngx_http_qc_collapse_t  *collapse;

    collapse = ctx->collapse;

    ctx->request->read_event_handler = ngx_http_block_reading;

    /* should the upstream be run after all, it is from now on */

    ngx_http_qc_begin(ctx);

    switch (collapse->wait.result) {

    case NGX_HTTP_QC_LOCK_UNSTORED:

        /* an answer that was one, but not for others, is each one's own */

        if (!ngx_http_qc_failed_lately(ctx)) {
            collapse->private = 1;
        }

        /* fall through */

    case NGX_HTTP_QC_LOCK_TIMEOUT:

        /* that of a run of its own, which there will not be */

        ngx_http_qc_lock_release(&ctx->lock, NGX_HTTP_QC_LOCK_UNSTORED);

        /* the entry may be too old by now */

        ctx->step = NGX_HTTP_QC_REUSE;
        break;

    default: /* NGX_HTTP_QC_LOCK_STORED, NGX_HTTP_QC_LOCK_LOST */
        ngx_http_qc_look_again(ctx);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_qc_slow_serve(ngx_http_qc_ctx_t *ctx)
{
    qc_metric_e              reason;
    ngx_http_qc_collapse_t  *collapse;

    collapse = ctx->collapse;

    if (collapse && collapse->wait.result == NGX_HTTP_QC_LOCK_TIMEOUT) {
        reason = QC_R_SLOW;

    } else {
        reason = ngx_http_qc_backs_off(ctx) ? QC_R_BACKOFF : QC_R_STALE;
    }

    ctx->status = NGX_HTTP_QC_STATUS_STALE;
    ctx->step = NGX_HTTP_QC_SERVE;

    ngx_http_qc_reason(ctx, reason);

    return NGX_OK;
}
