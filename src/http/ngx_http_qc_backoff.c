
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * Queries that fail.  Two marks tell of them to all workers: one counts the
 * failures in a row, and outlasts the other, which holds the query back.
 * When that has run out the first one who comes sets it again, and runs the
 * upstream: the trial, and others are held back meanwhile.
 */

#include "ngx_http_qc.h"


#define NGX_HTTP_QC_FAILED_TIME    5        /* s, if nothing is held back */


static time_t ngx_http_qc_backoff_time(ngx_http_qc_ctx_t *ctx,
    ngx_uint_t failures);


/* failed: there was no answer, or one about a failure. */

void
ngx_http_qc_outcome(ngx_http_qc_ctx_t *ctx, ngx_uint_t failed)
{
    ngx_uint_t                n;
    ngx_http_qc_marks_t      *marks;
    ngx_http_qc_fill_conf_t  *conf;

    marks = &ctx->zone->marks;
    conf = &ctx->conf->fill;

    if (ctx->noted || !ctx->keyed || (!conf->backoff && !conf->slow)) {
        return;
    }

    ctx->noted = 1;

    if (!failed) {
        ngx_http_qc_mark_clear(marks, NGX_HTTP_QC_MARK_FAILED, ctx->key);
        ngx_http_qc_mark_clear(marks, NGX_HTTP_QC_MARK_BACKOFF, ctx->key);
        return;
    }

    if (!conf->backoff) {
        ngx_http_qc_mark_set(marks, NGX_HTTP_QC_MARK_FAILED, ctx->key,
                             ngx_max(ctx->conf->hit_for_miss,
                                     NGX_HTTP_QC_FAILED_TIME));
        return;
    }

    /* of those that were begun before any had failed, one counts */

    if (!ctx->trial
        && !ngx_http_qc_mark_add(marks, NGX_HTTP_QC_MARK_BACKOFF, ctx->key,
                                 ngx_http_qc_backoff_time(ctx, 1)))
    {
        return;
    }

    n = ngx_http_qc_mark_raise(marks, NGX_HTTP_QC_MARK_FAILED, ctx->key,
                               2 * conf->backoff_max + 1);

    ngx_http_qc_mark_set(marks, NGX_HTTP_QC_MARK_BACKOFF, ctx->key,
                         ngx_http_qc_backoff_time(ctx, n));

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, ctx->request->connection->log, 0,
                   "query cache: failure %ui in a row, backoff: %T", n,
                   ngx_http_qc_backoff_time(ctx, n));
}


/* Marks end with a second that may be about to: one more. */

static time_t
ngx_http_qc_backoff_time(ngx_http_qc_ctx_t *ctx, ngx_uint_t failures)
{
    time_t                    time;
    ngx_http_qc_fill_conf_t  *conf;

    conf = &ctx->conf->fill;

    for (time = conf->backoff; failures > 1; failures--) {

        if (time > conf->backoff_max / 2) {
            time = conf->backoff_max;
            break;
        }

        time *= 2;
    }

    return time + 1;
}


/* A capture has ended: an answer that may be one all the same. */

void
ngx_http_qc_outcome_rejected(ngx_http_qc_ctx_t *ctx, qc_metric_e reason)
{
    switch (reason) {

    case QC_R_EXCEPTION:
    case QC_R_ERRORS:
    case QC_R_TRUNCATED:
        ngx_http_qc_outcome(ctx, 1);
        break;

    case QC_R_INCOMPLETE:
        /* perhaps the client's doing */
        break;

    default:
        ngx_http_qc_outcome(ctx, 0);
    }
}


/* Without its end, or with another location's: whose doing is it? */

void
ngx_http_qc_outcome_left(ngx_http_qc_ctx_t *ctx)
{
    ngx_uint_t            failed;
    ngx_event_pipe_t     *p;
    ngx_http_upstream_t  *u;

    u = ngx_http_qc_upstream(ctx);

    if (ctx->noted || u == NULL || u->state == NULL) {
        return;
    }

    failed = ngx_http_qc_is_failure(u->state->status);
    p = u->pipe;

    if (p && !p->upstream_done) {
        failed |= (p->upstream_error || (p->upstream_eof && p->length != -1));
    }

    if (failed) {
        ngx_http_qc_outcome(ctx, 1);
    }
}


ngx_uint_t
ngx_http_qc_failed_lately(ngx_http_qc_ctx_t *ctx)
{
    return ngx_http_qc_mark_test(&ctx->zone->marks, NGX_HTTP_QC_MARK_FAILED,
                                 ctx->key);
}


/* Of one that has not begun: for the reason. */

ngx_uint_t
ngx_http_qc_backs_off(ngx_http_qc_ctx_t *ctx)
{
    return ctx->conf->fill.backoff
           && ngx_http_qc_failed_lately(ctx)
           && ngx_http_qc_mark_test(&ctx->zone->marks,
                                    NGX_HTTP_QC_MARK_BACKOFF, ctx->key);
}


ngx_uint_t
ngx_http_qc_held_back(ngx_http_qc_ctx_t *ctx)
{
    ngx_uint_t            n;
    ngx_http_qc_marks_t  *marks;

    marks = &ctx->zone->marks;

    if (ctx->conf->fill.backoff == 0
        || !ctx->keyed
        || ctx->handler == NULL
        || ctx->trial
        || ctx->status == NGX_HTTP_QC_STATUS_BYPASS
        || qc_client_refuses(&ctx->client))
    {
        return 0;
    }

    n = ngx_http_qc_mark_count(marks, NGX_HTTP_QC_MARK_FAILED, ctx->key);

    if (n == 0) {
        return 0;
    }

    ctx->trial = ngx_http_qc_mark_add(marks, NGX_HTTP_QC_MARK_BACKOFF,
                                      ctx->key,
                                      ngx_http_qc_backoff_time(ctx, n));

    return !ctx->trial;
}


/* An entry that is better than an error, or an error: a step. */

ngx_int_t
ngx_http_qc_hold_back(ngx_http_qc_ctx_t *ctx)
{
    u_char              *p;
    time_t               left;
    ngx_http_request_t  *r;

    r = ctx->request;

    ngx_http_qc_lock_release(&ctx->lock, NGX_HTTP_QC_LOCK_UNSTORED);
    ngx_http_qc_reason(ctx, QC_R_BACKOFF);

    if (ctx->on_error && ngx_http_qc_serves_on_error(ctx)) {
        ctx->on_error = 0;
        ctx->validating = 0;
        ctx->status = NGX_HTTP_QC_STATUS_STALE;
        ctx->step = NGX_HTTP_QC_SERVE;
        return NGX_OK;
    }

    left = ngx_http_qc_mark_left(&ctx->zone->marks, NGX_HTTP_QC_MARK_BACKOFF,
                                 ctx->key);

    p = ngx_pnalloc(r->pool, NGX_TIME_T_LEN);

    if (p) {
        (void) ngx_http_qc_push_header(r, "Retry-After", "retry-after",
                   qc_str(p, ngx_sprintf(p, "%T", ngx_max(left, 1)) - p));
    }

    ngx_http_finalize_request(r, NGX_HTTP_SERVICE_UNAVAILABLE);

    return NGX_DONE;
}
