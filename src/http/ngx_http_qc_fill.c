
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * Background fills: the content handler of a request is run once more for
 * nobody.  It works on a copy of the request that holds nothing of the
 * client's; what it answers goes to the capture only, and so to the store.
 *
 * One fill of a key at a time: in this worker it is in a list, in others a
 * mark tells of it, from the start until the answer is stored.  A fill holds
 * a timer that is not cancelable, so that a worker that is told to leave
 * stays until it has ended, but no longer than it would for a store.
 */

#include "ngx_http_qc.h"


#define NGX_HTTP_QC_FILL_CHECK     1000     /* ms between looks at the time */


typedef struct {
    ngx_queue_t                    queue;   /* of the zone's */
    ngx_http_qc_zone_t            *zone;
    ngx_pool_t                    *pool;
    ngx_http_qc_detached_t        *detached;
    ngx_http_qc_ctx_t             *ctx;
    ngx_http_handler_pt            handler;
    ngx_int_t                    (*process_header)(ngx_http_request_t *r);
    u_char                         key[QC_KEY_LEN];
    ngx_msec_t                     deadline;
    ngx_event_t                    timer;
    ngx_event_t                    next;    /* posted: begin, then end */
    ngx_connection_t               ident;   /* of these */
    unsigned                       begun:1;
    unsigned                       leaving:1;   /* the worker is */
    unsigned                       ended:1;
    unsigned                       yielded:1;   /* to another machine's, */
    time_t                         pause;   /* s until the next is tried */
    unsigned                       redirected:1;
    unsigned                       log:1;   /* log_subrequest */
    ngx_int_t                      rc;      /* of the handler */
} ngx_http_qc_fill_t;


static ngx_uint_t ngx_http_qc_fill_repeatable(ngx_http_qc_ctx_t *ctx);
static ngx_uint_t ngx_http_qc_fill_pending(ngx_http_qc_ctx_t *ctx);
static ngx_int_t ngx_http_qc_fill_create(ngx_http_qc_ctx_t *ctx);
static ngx_int_t ngx_http_qc_fill_init(ngx_http_qc_fill_t *fill,
    ngx_http_qc_ctx_t *ctx);
static void ngx_http_qc_fill_run(ngx_http_request_t *sr);
static ngx_int_t ngx_http_qc_fill_handler(ngx_http_request_t *sr);
static ngx_int_t ngx_http_qc_fill_process_header(ngx_http_request_t *sr);
static ngx_int_t ngx_http_qc_fill_post_handler(ngx_http_request_t *sr,
    void *data, ngx_int_t rc);
static void ngx_http_qc_fill_next_handler(ngx_event_t *ev);
static void ngx_http_qc_fill_timer_handler(ngx_event_t *ev);
static void ngx_http_qc_fill_end(ngx_http_qc_fill_t *fill);
static void ngx_http_qc_fill_finish(ngx_http_qc_fill_t *fill);
static void ngx_http_qc_fill_fail(ngx_http_qc_fill_t *fill,
    ngx_http_qc_job_t *job);
static void ngx_http_qc_fill_log(ngx_http_qc_fill_t *fill);
static ngx_uint_t ngx_http_qc_fill_failed(ngx_http_qc_fill_t *fill);
static void ngx_http_qc_fill_stop(ngx_http_request_t *r);


/* Whether it can be begun at all, sooner or later. */

ngx_uint_t
ngx_http_qc_fill_may(ngx_http_qc_ctx_t *ctx)
{
    return !ngx_exiting
           && ctx->request->method != NGX_HTTP_HEAD
           && ctx->zone->fill_concurrency
           && ngx_http_qc_fill_repeatable(ctx);
}


ngx_int_t
ngx_http_qc_fill_start(ngx_http_qc_ctx_t *ctx)
{
    ngx_int_t            rc;
    ngx_http_qc_zone_t  *zone;

    zone = ctx->zone;

    if (ngx_exiting
        || ctx->request->method == NGX_HTTP_HEAD
        || ngx_http_qc_fill_pending(ctx))
    {
        return NGX_DECLINED;
    }

    if (zone->fill_concurrency == 0 || !ngx_http_qc_fill_repeatable(ctx)) {
        return NGX_ERROR;
    }

    if (zone->nfills + zone->locks.nextras >= zone->fill_concurrency) {
        ngx_http_qc_count(&zone->stats, QC_FILL_REFUSED);
        return NGX_DECLINED;
    }

    if (!ngx_http_qc_mark_add(&zone->marks, NGX_HTTP_QC_MARK_FILL, ctx->key,
                              NGX_HTTP_QC_FILL_TIMEOUT))
    {
        return NGX_DECLINED;
    }

    if (ngx_http_qc_held_back(ctx)) {
        ngx_http_qc_mark_clear(&zone->marks, NGX_HTTP_QC_MARK_FILL, ctx->key);
        return NGX_DECLINED;
    }

    rc = ngx_http_qc_fill_create(ctx);

    if (rc == NGX_OK) {
        ngx_http_qc_count(&zone->stats, QC_FILL_STARTED);
        return NGX_OK;
    }

    ngx_http_qc_count(&zone->stats, QC_FILL_REFUSED);

    ngx_http_qc_mark_clear(&zone->marks, NGX_HTTP_QC_MARK_FILL, ctx->key);

    return NGX_ERROR;
}


/*
 * Phase handlers cannot be run for nobody, and what an earlier location has
 * made of a request is not here.
 */

static ngx_uint_t
ngx_http_qc_fill_repeatable(ngx_http_qc_ctx_t *ctx)
{
    ngx_http_request_t  *r;

    r = ctx->request;

    if (ctx->handler == NULL
        || ctx->no_store
        || ctx->upstream
        || ctx->error_page
        || r->headers_out.content_type.len)
    {
        return 0;
    }

    /* without its conditions POST is another request */

    return r->method != NGX_HTTP_POST
           || (r->headers_in.if_match == NULL
               && r->headers_in.if_none_match == NULL
               && r->headers_in.if_modified_since == NULL
               && r->headers_in.if_unmodified_since == NULL);
}


static ngx_uint_t
ngx_http_qc_fill_pending(ngx_http_qc_ctx_t *ctx)
{
    ngx_queue_t         *q;
    ngx_http_qc_fill_t  *fill;

    for (q = ngx_queue_head(&ctx->zone->fills);
         q != ngx_queue_sentinel(&ctx->zone->fills);
         q = ngx_queue_next(q))
    {
        fill = ngx_queue_data(q, ngx_http_qc_fill_t, queue);

        if (ngx_memcmp(fill->key, ctx->key, QC_KEY_LEN) == 0) {
            return 1;
        }
    }

    return ngx_http_qc_jobs_has(ctx->zone, ctx->key)
           || ngx_http_qc_fetched(ctx);
}


static ngx_int_t
ngx_http_qc_fill_create(ngx_http_qc_ctx_t *ctx)
{
    ngx_int_t            rc;
    ngx_pool_t          *pool;
    ngx_http_qc_fill_t  *fill;

    pool = ngx_create_pool(NGX_DEFAULT_POOL_SIZE, ngx_cycle->log);
    if (pool == NULL) {
        return NGX_ERROR;
    }

    fill = ngx_pcalloc(pool, sizeof(ngx_http_qc_fill_t));
    if (fill == NULL) {
        ngx_destroy_pool(pool);
        return NGX_ERROR;
    }

    fill->pool = pool;

    rc = ngx_http_qc_fill_init(fill, ctx);

    if (rc != NGX_OK) {
        ngx_destroy_pool(pool);
        return rc;
    }

    ngx_queue_insert_tail(&fill->zone->fills, &fill->queue);
    fill->zone->nfills++;

    ngx_add_timer(&fill->timer, NGX_HTTP_QC_FILL_CHECK);

    /* after the client has been answered, not before */

    ngx_post_event(&fill->next, &ngx_posted_next_events);

    return NGX_OK;
}


static ngx_int_t
ngx_http_qc_fill_init(ngx_http_qc_fill_t *fill, ngx_http_qc_ctx_t *ctx)
{
    ngx_int_t                    rc;
    ngx_http_request_t          *r, *sr;
    ngx_http_conf_ctx_t          conf;
    ngx_http_core_loc_conf_t    *clcf;
    ngx_http_post_subrequest_t  *ps;

    r = ctx->request;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    fill->zone = ctx->zone;
    fill->log = clcf->log_subrequest;
    fill->handler = ctx->handler;
    fill->deadline = ngx_current_msec + NGX_HTTP_QC_FILL_TIMEOUT * 1000;
    ngx_memcpy(fill->key, ctx->key, QC_KEY_LEN);

    fill->ident.fd = (ngx_socket_t) -1;
    fill->ident.data = fill;

    fill->timer.data = &fill->ident;
    fill->timer.handler = ngx_http_qc_fill_timer_handler;
    fill->timer.log = ngx_cycle->log;

    fill->next.data = &fill->ident;
    fill->next.handler = ngx_http_qc_fill_next_handler;
    fill->next.log = ngx_cycle->log;

    conf.main_conf = r->main_conf;
    conf.srv_conf = r->srv_conf;
    conf.loc_conf = r->loc_conf;

    fill->detached = ngx_http_qc_detached_create(fill->pool, &conf,
                                                 "filling");
    if (fill->detached == NULL) {
        return NGX_ERROR;
    }

    rc = ngx_http_qc_replica(fill->detached, r);

    if (rc != NGX_OK) {
        return rc;
    }

    ps = ngx_palloc(fill->pool, sizeof(ngx_http_post_subrequest_t));
    if (ps == NULL) {
        return NGX_ERROR;
    }

    ps->handler = ngx_http_qc_fill_post_handler;
    ps->data = fill;

    sr = ngx_http_qc_replica_subrequest(fill->detached, ps,
                                        ngx_http_qc_fill_run);
    if (sr == NULL) {
        return NGX_ERROR;
    }

    fill->ctx = ngx_http_qc_fill_ctx(ctx, sr);
    if (fill->ctx == NULL) {
        return NGX_ERROR;
    }

    fill->ctx->handler = ngx_http_qc_fill_handler;

    /* filters and variables look for it there */

    ngx_http_set_ctx(sr->main, fill->ctx, ngx_http_query_cache_module);
    ngx_http_set_ctx(sr->main, fill, ngx_http_query_cache_filter_module);

    return NGX_OK;
}


static void
ngx_http_qc_fill_run(ngx_http_request_t *sr)
{
    ngx_http_qc_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(sr, ngx_http_query_cache_module);

    if (ngx_http_qc_remote(ctx) == NGX_AGAIN) {
        return;
    }

    ngx_http_qc_begin(ctx);

    (void) ngx_http_qc_step_upstream(ctx);
}


/* Another machine fetches it, or has: a step. */

ngx_int_t
ngx_http_qc_fill_yield(ngx_http_qc_ctx_t *ctx,
    ngx_http_qc_lock_result_e result, time_t pause)
{
    ngx_http_qc_fill_t  *fill;

    fill = ngx_http_get_module_ctx(ctx->request->main,
                                   ngx_http_query_cache_filter_module);

    fill->yielded = 1;
    fill->pause = pause;

    ngx_http_qc_lock_release(&ctx->lock, result);

    ngx_http_qc_fill_stop(ctx->request);

    return NGX_DONE;
}


/* In the place of the content handler. */

static ngx_int_t
ngx_http_qc_fill_handler(ngx_http_request_t *sr)
{
    ngx_int_t             rc;
    ngx_http_qc_fill_t   *fill;
    ngx_http_upstream_t  *u;

    fill = ngx_http_get_module_ctx(sr->main,
                                   ngx_http_query_cache_filter_module);

    sr->content_handler = fill->handler;

    rc = fill->handler(sr);

    u = sr->upstream;

    if (rc == NGX_DONE && u && u->process_header && !fill->ended) {
        fill->process_header = u->process_header;
        u->process_header = ngx_http_qc_fill_process_header;
    }

    /* the phases that would go on from here are the client's */

    return (rc == NGX_DECLINED) ? NGX_HTTP_NOT_FOUND : rc;
}


/* An answer that is to be found in another location is not one. */

static ngx_int_t
ngx_http_qc_fill_process_header(ngx_http_request_t *sr)
{
    ngx_int_t             rc;
    ngx_http_qc_fill_t   *fill;
    ngx_http_upstream_t  *u;

    fill = ngx_http_get_module_ctx(sr->main,
                                   ngx_http_query_cache_filter_module);
    u = sr->upstream;

    rc = fill->process_header(sr);

    if (u->process_header != ngx_http_qc_fill_process_header) {

        /* the handler goes on with another part of the header */

        fill->process_header = u->process_header;
        u->process_header = ngx_http_qc_fill_process_header;
    }

    if (rc == NGX_OK
        && u->headers_in.x_accel_redirect
        && !(u->conf->ignore_headers & NGX_HTTP_UPSTREAM_IGN_XA_REDIRECT))
    {
        ngx_log_error(NGX_LOG_INFO, sr->connection->log, 0,
                      "query cache fill ends at a redirect to \"%V\"",
                      &u->headers_in.x_accel_redirect->value);

        fill->redirected = 1;
        return NGX_ERROR;
    }

    return rc;
}


/* The only end of what the handler has begun, but for an abort. */

static ngx_int_t
ngx_http_qc_fill_post_handler(ngx_http_request_t *sr, void *data, ngx_int_t rc)
{
    ngx_http_qc_fill_t *fill = data;

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, sr->connection->log, 0,
                   "query cache fill done: %i", rc);

    if (!fill->ended) {
        fill->ended = 1;
        fill->rc = rc;
        ngx_post_event(&fill->next, &ngx_posted_events);
    }

    /* nobody is told of an error */

    return NGX_OK;
}


static void
ngx_http_qc_fill_next_handler(ngx_event_t *ev)
{
    ngx_connection_t    *c;
    ngx_http_qc_fill_t  *fill;

    c = ev->data;
    fill = c->data;

    if (fill->begun) {
        ngx_http_qc_fill_end(fill);
        return;
    }

    fill->begun = 1;

    ngx_http_run_posted_requests(&fill->detached->connection);
}


static void
ngx_http_qc_fill_timer_handler(ngx_event_t *ev)
{
    ngx_msec_t           deadline;
    ngx_connection_t    *c;
    ngx_http_qc_fill_t  *fill;

    c = ev->data;
    fill = c->data;

    if (ngx_exiting && !fill->leaving) {

        fill->leaving = 1;
        deadline = ngx_current_msec + fill->zone->store_timeout;

        if ((ngx_msec_int_t) (deadline - fill->deadline) < 0) {
            fill->deadline = deadline;
        }
    }

    if (!fill->ended
        && (ngx_msec_int_t) (fill->deadline - ngx_current_msec) <= 0)
    {
        fill->ended = 1;
        fill->rc = NGX_HTTP_GATEWAY_TIME_OUT;
    }

    if (fill->ended) {
        ngx_http_qc_fill_end(fill);
        return;
    }

    ngx_add_timer(&fill->timer, NGX_HTTP_QC_FILL_CHECK);
}


/* Not from inside the handlers of its request. */

static void
ngx_http_qc_fill_end(ngx_http_qc_fill_t *fill)
{
    ngx_http_request_t      *sr;
    ngx_http_qc_detached_t  *d;

    d = fill->detached;
    sr = fill->ctx->request;

    fill->ended = 1;

    ngx_http_qc_detached_abort(d);

    if (d->request->blocked) {

        /* a thread still writes to a file of it */

        sr->done = 1;
        sr->write_event_handler = ngx_http_request_empty_handler;

        ngx_add_timer(&fill->timer, NGX_HTTP_QC_FILL_CHECK);
        return;
    }

    ngx_http_qc_fill_finish(fill);
}


static void
ngx_http_qc_fill_finish(ngx_http_qc_fill_t *fill)
{
    ngx_http_qc_ctx_t   *ctx;
    ngx_http_qc_job_t   *job;
    ngx_http_qc_zone_t  *zone;

    ctx = fill->ctx;
    zone = fill->zone;

    job = ctx->job;
    ctx->job = NULL;

    if (ctx->status == NGX_HTTP_QC_STATUS_REVALIDATED) {
        ngx_http_qc_count(&zone->stats, QC_REVALIDATED);
        ngx_http_qc_mark_clear(&zone->marks, NGX_HTTP_QC_MARK_FILL,
                               fill->key);

    } else if (job && job->complete) {

        /* the mark goes with it: it is cleared when all is stored */

        job->filled = 1;
        ngx_memcpy(job->fill, fill->key, QC_KEY_LEN);

        ngx_http_qc_job_submit(job);

    } else if (fill->yielded) {
        ngx_http_qc_mark_set(&zone->marks, NGX_HTTP_QC_MARK_FILL, fill->key,
                             fill->pause);

    } else {
        ngx_http_qc_fill_fail(fill, job);
    }

    if (!fill->yielded) {
        ngx_http_qc_fill_log(fill);
    }

    if (fill->timer.timer_set) {
        ngx_del_timer(&fill->timer);
    }

    if (fill->next.posted) {
        ngx_delete_posted_event(&fill->next);
    }

    ngx_queue_remove(&fill->queue);
    zone->nfills--;

    ngx_http_qc_locks_admit(&zone->locks);

    ngx_destroy_pool(fill->pool);
}


/* What has failed is not tried at once again. */

static void
ngx_http_qc_fill_fail(ngx_http_qc_fill_t *fill, ngx_http_qc_job_t *job)
{
    ngx_http_qc_ctx_t   *ctx;
    ngx_http_qc_zone_t  *zone;

    ctx = fill->ctx;
    zone = fill->zone;

    ngx_http_qc_outcome(ctx, ngx_http_qc_fill_failed(fill));

    if (job) {
        ngx_http_qc_reason(ctx, QC_R_INCOMPLETE);
        ngx_http_qc_job_destroy(job);
    }

    ngx_http_qc_count(&zone->stats, QC_FILL_FAILED);
    ngx_http_qc_mark_set(&zone->marks, NGX_HTTP_QC_MARK_FILL, fill->key,
                         ctx->conf->hit_for_miss);

    fill->detached->log.action = NULL;

    ngx_log_error(NGX_LOG_INFO, &fill->detached->log, 0,
                  "query cache fill ended with nothing to store%s%s",
                  (ctx->reason == QC_NO_METRIC) ? "" : ": ",
                  (ctx->reason == QC_NO_METRIC) ? ""
                  : (char *) qc_metrics[ctx->reason].name.data);
}


/* As nginx does it; our own handler finds no job any more. */

static void
ngx_http_qc_fill_log(ngx_http_qc_fill_t *fill)
{
    ngx_uint_t                  i, n;
    ngx_http_request_t         *sr;
    ngx_http_handler_pt        *handlers;
    ngx_http_core_main_conf_t  *cmcf;

    if (!fill->log) {
        return;
    }

    sr = fill->ctx->request;

    /* what a client would have been told */

    if (sr->headers_out.status == 0) {
        sr->err_status = (fill->rc >= NGX_HTTP_SPECIAL_RESPONSE)
                         ? (ngx_uint_t) fill->rc
                         : NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_set_log_request(sr->connection->log, sr);

    cmcf = ngx_http_get_module_main_conf(sr, ngx_http_core_module);

    handlers = cmcf->phases[NGX_HTTP_LOG_PHASE].handlers.elts;
    n = cmcf->phases[NGX_HTTP_LOG_PHASE].handlers.nelts;

    for (i = 0; i < n; i++) {
        handlers[i](sr);
    }
}


/* Without an answer, or with half of it; not because the worker leaves. */

static ngx_uint_t
ngx_http_qc_fill_failed(ngx_http_qc_fill_t *fill)
{
    return !fill->redirected
           && !fill->leaving
           && (fill->rc == NGX_ERROR || ngx_http_qc_is_failure(fill->rc));
}


/* From inside its handlers: nothing more is wanted of the upstream. */

static void
ngx_http_qc_fill_stop(ngx_http_request_t *r)
{
    ngx_http_qc_fill_t  *fill;

    fill = ngx_http_get_module_ctx(r->main,
                                   ngx_http_query_cache_filter_module);

    ngx_post_event(&fill->next, &ngx_posted_events);
}


/*
 * NGX_DECLINED: not of a fill.  What is, no other filter may see: there is
 * no socket it could be written to.
 */

ngx_int_t
ngx_http_qc_fill_header_filter(ngx_http_request_t *r)
{
    ngx_http_qc_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r->main, ngx_http_query_cache_module);

    if (ctx == NULL || !ctx->fill) {
        return NGX_DECLINED;
    }

    if (r == ctx->request && ngx_http_qc_is_failure(r->headers_out.status)) {
        ngx_http_qc_outcome(ctx, 1);
    }

    if (r != ctx->request) {

        /* an answer in parts is beyond the capture */

        ctx->no_store = 1;
        ngx_http_qc_fill_stop(r);

    } else if (ctx->validating
               && r->headers_out.status == NGX_HTTP_NOT_MODIFIED)
    {
        if (ngx_http_qc_validated(ctx) != NGX_OK) {
            ngx_http_qc_drop(ctx->zone, ctx->key, ctx->op->record.object);
        }

    } else if (ctx->job == NULL) {
        ngx_http_qc_capture_start(ctx);
    }

    if (r != ctx->request || ctx->job == NULL) {

        ngx_http_qc_outcome(ctx, 0);
        ngx_http_qc_unstorable(ctx, ctx->reason);

        /* nobody wants the rest, but a cache of nginx's own may */

        r->header_only = 1;
    }

    r->header_sent = 1;

    return NGX_OK;
}


ngx_int_t
ngx_http_qc_fill_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_http_qc_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r->main, ngx_http_query_cache_module);

    if (ctx == NULL || !ctx->fill) {
        return NGX_DECLINED;
    }

    if (r == ctx->request && ctx->job && in) {

        ngx_http_qc_capture(ctx, in);

        if (ctx->job == NULL) {
            ngx_http_qc_fill_stop(r);
        }
    }

    ngx_http_qc_consume(in);

    /* with NGX_ERROR nginx would take the connection for broken */

    return NGX_OK;
}
