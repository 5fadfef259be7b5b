
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * The same among machines: who has the local lock of a key asks for the one
 * in Redis, and if another machine has it, waits, with those behind it, for
 * what becomes of that.  What Redis cannot tell costs a run of the upstream
 * more, and nothing else.
 */

#include "ngx_http_qc.h"


#define NGX_HTTP_QC_REMOTE_PAUSE   1        /* s between fills that yield */


static void ngx_http_qc_asked(ngx_http_qc_redis_lock_t *lock,
    ngx_http_qc_redis_lock_rc_e rc, void *data);
static void ngx_http_qc_told(ngx_http_qc_redis_lock_t *lock,
    ngx_http_qc_lock_result_e result, void *data);
static void ngx_http_qc_remote_run(ngx_http_qc_ctx_t *ctx, ngx_uint_t rc);
static void ngx_http_qc_remote_released(ngx_http_qc_lock_t *lock,
    ngx_http_qc_lock_result_e result);
static ngx_int_t ngx_http_qc_remote_fill(ngx_http_qc_ctx_t *ctx);
static ngx_int_t ngx_http_qc_remote_busy(ngx_http_qc_ctx_t *ctx);


/* NGX_AGAIN: it was asked for. */

ngx_int_t
ngx_http_qc_remote(ngx_http_qc_ctx_t *ctx)
{
    if (ctx->conf->lock != NGX_HTTP_QC_LOCK_ON
        || !ctx->zone->has_redis
        || ctx->lock.token == 0
        || ctx->lock.remote)
    {
        return NGX_DECLINED;
    }

    ctx->lock.remote = ngx_http_qc_redis_lock_take(&ctx->zone->redis,
                                                   ctx->key,
                                                   ctx->conf->lock_age,
                                                   ctx->fill || ctx->recent,
                                                   ngx_http_qc_asked, ctx);
    if (ctx->lock.remote == NULL) {
        return NGX_DECLINED;
    }

    ctx->lock.released = ngx_http_qc_remote_released;
    ctx->step = NGX_HTTP_QC_ASKED;

    ctx->request->read_event_handler = ngx_http_block_reading;
    ctx->request->write_event_handler = ngx_http_request_empty_handler;

    return NGX_AGAIN;
}


static void
ngx_http_qc_asked(ngx_http_qc_redis_lock_t *lock,
    ngx_http_qc_redis_lock_rc_e rc, void *data)
{
    ngx_http_qc_remote_run(data, rc);
}


static void
ngx_http_qc_told(ngx_http_qc_redis_lock_t *lock,
    ngx_http_qc_lock_result_e result, void *data)
{
    ngx_http_qc_remote_run(data, result);
}


static void
ngx_http_qc_remote_run(ngx_http_qc_ctx_t *ctx, ngx_uint_t rc)
{
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    r = ctx->request;
    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    ctx->rc = rc;

    ngx_http_qc_steps_run(ctx);

    ngx_http_run_posted_requests(c);
}


/* Whatever has become of it; harmless if there is none. */

void
ngx_http_qc_remote_end(ngx_http_qc_lock_t *lock,
    ngx_http_qc_lock_result_e result, ngx_msec_t alone)
{
    if (lock->remote) {
        ngx_http_qc_redis_lock_release(lock->remote, result, alone);
        lock->remote = NULL;
    }
}


/* With the lock of this machine, wherever that is by now. */

static void
ngx_http_qc_remote_released(ngx_http_qc_lock_t *lock,
    ngx_http_qc_lock_result_e result)
{
    ngx_http_qc_remote_end(lock, result, 0);
}


/* Redis has answered: a step. */

ngx_int_t
ngx_http_qc_step_asked(ngx_http_qc_ctx_t *ctx)
{
    ngx_int_t   rc;
    ngx_msec_t  alone;

    ctx->step = NGX_HTTP_QC_UPSTREAM;

    switch (ctx->rc) {

    case NGX_HTTP_QC_REDIS_LOCK_BUSY:
        rc = ngx_http_qc_remote_busy(ctx);

        if (rc != NGX_DECLINED) {
            return rc;
        }

        break;

    case NGX_HTTP_QC_REDIS_LOCK_ALONE:

        alone = ngx_http_qc_redis_lock_alone(ctx->lock.remote) / 1000;
        alone = ngx_min(alone, (ngx_msec_t) ctx->conf->hit_for_miss);

        ngx_http_qc_lock_release(&ctx->lock, NGX_HTTP_QC_LOCK_UNSTORED);

        ngx_http_qc_mark_set(&ctx->zone->marks, NGX_HTTP_QC_MARK_ALONE,
                             ctx->key, alone);
        break;

    case NGX_HTTP_QC_REDIS_LOCK_STORED:
        ngx_http_qc_remote_end(&ctx->lock, NGX_HTTP_QC_LOCK_LOST, 0);

        ctx->recent = 1;
        ctx->again = 1;
        ngx_http_qc_look_again(ctx);

        return NGX_OK;

    case NGX_HTTP_QC_REDIS_LOCK_FAILED:
        ngx_http_qc_remote_end(&ctx->lock, NGX_HTTP_QC_LOCK_LOST, 0);
        break;

    default: /* NGX_HTTP_QC_REDIS_LOCK_HELD */
        break;
    }

    ngx_http_qc_begin(ctx);

    if (!ctx->fill) {
        ngx_http_qc_count_miss(ctx);
    }

    return NGX_OK;
}


/* Another machine has it; NGX_DECLINED: it is not waited for. */

static ngx_int_t
ngx_http_qc_remote_busy(ngx_http_qc_ctx_t *ctx)
{
    ngx_http_qc_collapse_t  *collapse;

    if (ctx->fill) {
        return ngx_http_qc_remote_fill(ctx);
    }

    collapse = ctx->collapse;

    if (!ngx_http_qc_may_wait(ctx)
        || (collapse
            && (ngx_msec_int_t) (collapse->wait.deadline - ngx_current_msec)
               <= 0))
    {
        ngx_http_qc_remote_end(&ctx->lock, NGX_HTTP_QC_LOCK_LOST, 0);
        return NGX_DECLINED;
    }

    if (ngx_http_qc_wait_prepare(ctx, 0) == NGX_DONE) {
        return NGX_DONE;
    }

    ctx->step = NGX_HTTP_QC_TOLD;

    ngx_http_qc_redis_lock_wait(ctx->lock.remote,
                                ctx->collapse->wait.deadline
                                - ngx_current_msec,
                                ngx_http_qc_told, ctx);
    return NGX_AGAIN;
}


/*
 * Of a background fill.  Who waits for it, for stale-if-slow, waits for the
 * other machine so; else there is nothing more to do here.
 */

static ngx_int_t
ngx_http_qc_remote_fill(ngx_http_qc_ctx_t *ctx)
{
    if (ctx->conf->fill.slow == 0) {
        return ngx_http_qc_fill_yield(ctx, NGX_HTTP_QC_LOCK_LOST,
                                      NGX_HTTP_QC_REMOTE_PAUSE);
    }

    ctx->step = NGX_HTTP_QC_TOLD;

    ngx_http_qc_redis_lock_wait(ctx->lock.remote, ctx->conf->lock_age,
                                ngx_http_qc_told, ctx);
    return NGX_AGAIN;
}


/* The other machine's fill has ended, or the wait for it: a step. */

ngx_int_t
ngx_http_qc_step_told(ngx_http_qc_ctx_t *ctx)
{
    if (ctx->fill) {
        return ngx_http_qc_fill_yield(ctx,
                                      (ctx->rc == NGX_HTTP_QC_LOCK_TIMEOUT)
                                      ? NGX_HTTP_QC_LOCK_LOST : ctx->rc, 0);
    }

    ctx->request->read_event_handler = ngx_http_block_reading;

    ngx_http_qc_wait_over(ctx);
    ngx_http_qc_begin(ctx);

    switch (ctx->rc) {

    case NGX_HTTP_QC_LOCK_STORED:
    case NGX_HTTP_QC_LOCK_LOST:
        ngx_http_qc_remote_end(&ctx->lock, NGX_HTTP_QC_LOCK_LOST, 0);
        ctx->again = 1;
        ngx_http_qc_look_again(ctx);
        return NGX_OK;

    case NGX_HTTP_QC_LOCK_UNSTORED:
        ngx_http_qc_lock_release(&ctx->lock, NGX_HTTP_QC_LOCK_UNSTORED);
        break;

    default: /* NGX_HTTP_QC_LOCK_TIMEOUT */
        ngx_http_qc_remote_end(&ctx->lock, NGX_HTTP_QC_LOCK_LOST, 0);
        break;
    }

    ctx->step = NGX_HTTP_QC_UPSTREAM;

    ngx_http_qc_count_miss(ctx);

    return NGX_OK;
}
