
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * Of equal misses at the same time one runs the upstream, the fill, and the
 * others wait until its answer is stored, or is live, and they are beside it.
 * Nothing but that answer, as a lookup would find it, is shared: if there is
 * none, for whatever reason, all who wait run the upstream themselves, at once
 * and in parallel.
 * If nothing is known of it, since its worker was killed, its client has left
 * or it takes too long, one of them is the next fill.  Few of those who have
 * waited for long run the upstream beside the fill.
 */

#include "ngx_http_qc.h"


static ngx_int_t ngx_http_qc_local(ngx_http_qc_ctx_t *ctx);
static ngx_uint_t ngx_http_qc_shareable(ngx_http_qc_ctx_t *ctx);
static ngx_uint_t ngx_http_qc_locks(ngx_http_qc_ctx_t *ctx);
static void ngx_http_qc_wait_bounds(ngx_http_qc_ctx_t *ctx,
    ngx_http_qc_lock_wait_t *wait);
static void ngx_http_qc_wait_reading(ngx_http_request_t *r);
static void ngx_http_qc_wake(ngx_http_qc_lock_wait_t *wait);
static ngx_int_t ngx_http_qc_read_for_all(ngx_http_qc_ctx_t *ctx);
static ngx_uint_t ngx_http_qc_abandoned(ngx_http_qc_ctx_t *ctx);


/* Before the upstream is run: a step. */

ngx_int_t
ngx_http_qc_step_lock(ngx_http_qc_ctx_t *ctx)
{
    ngx_int_t  rc;

    ctx->step = NGX_HTTP_QC_UPSTREAM;

    ngx_http_qc_admit(ctx);

    ctx->shareable = ngx_http_qc_shareable(ctx);

    rc = ngx_http_qc_local(ctx);

    if (ctx->live) {
        return NGX_OK;
    }

    if (rc == NGX_DONE) {
        ctx->recent = 1;
        ngx_http_qc_look_again(ctx);
        return NGX_OK;
    }

    if (rc == NGX_AGAIN && ngx_http_qc_may_wait(ctx)) {
        return ngx_http_qc_wait(ctx, NGX_HTTP_QC_WOKEN);
    }

    if (rc == NGX_OK && ngx_http_qc_remote(ctx) == NGX_AGAIN) {
        return NGX_AGAIN;
    }

    ngx_http_qc_count_miss(ctx);

    return NGX_OK;
}


/*
 * As ngx_http_qc_lock_take().  What was stored behind the lookup is looked for
 * once: the upstream need not be run for it.
 */

static ngx_int_t
ngx_http_qc_local(ngx_http_qc_ctx_t *ctx)
{
    ngx_http_qc_read_over(ctx);

    if (ctx->lock.token && ctx->again) {
        ctx->again = 0;

        if (ctx->shareable && ctx->reason != QC_R_HIT_FOR_MISS) {
            return NGX_OK;
        }

        /* the others see for themselves: this one stores nothing now */

        ngx_http_qc_lock_release(&ctx->lock, NGX_HTTP_QC_LOCK_LOST);
    }

    if (!ngx_http_qc_locks(ctx)
        || (ngx_http_qc_may_wait(ctx) && ngx_http_qc_live_join(ctx)))
    {
        return NGX_DECLINED;
    }

    return ngx_http_qc_lock_take(&ctx->zone->locks, &ctx->lock, ctx->key,
                                 ctx->conf->lock_age,
                                 (ctx->recent || !ngx_http_qc_may_wait(ctx))
                                 ? NULL : &ctx->looked);
}


/*
 * Whether the answer may be stored, and be the one that others would get: not
 * that to a range, or to conditions the upstream will see.
 */

static ngx_uint_t
ngx_http_qc_shareable(ngx_http_qc_ctx_t *ctx)
{
    ngx_http_headers_in_t  *in;

    in = &ctx->request->headers_in;

    if (ctx->conf->lock == NGX_HTTP_QC_LOCK_OFF
        || ctx->no_store
        || !ctx->keyed
        || ctx->status == NGX_HTTP_QC_STATUS_BYPASS
        || ctx->request->method == NGX_HTTP_HEAD)
    {
        return 0;
    }

    if (ctx->validating) {
        return 1;
    }

    if (in->range || in->if_match || in->if_unmodified_since) {
        return 0;
    }

    return ctx->request->method != NGX_HTTP_POST
           || (in->if_none_match == NULL && in->if_modified_since == NULL);
}


static ngx_uint_t
ngx_http_qc_locks(ngx_http_qc_ctx_t *ctx)
{
    if (!ctx->shareable
        || ctx->lock.token
        || ctx->reason == QC_R_HIT_FOR_MISS)
    {
        return 0;
    }

    /*
     * Nobody queues for one run after another; but who has waited for a fill
     * that was lost, or whose answer was invalid when it came, does so for the
     * next one.  A variant, found after a wait for any of them, is another key.
     */

    if (ctx->collapse
        && ctx->collapse->wait.result != NGX_HTTP_QC_LOCK_LOST
        && ctx->reason != QC_R_INVALIDATED
        && ngx_memcmp(ctx->collapse->key, ctx->key, QC_KEY_LEN) == 0)
    {
        return 0;
    }

    return ngx_http_qc_store_available(ctx->zone)
           && !ngx_http_qc_mark_test(&ctx->zone->marks,
                                     NGX_HTTP_QC_MARK_ALONE, ctx->key);
}


/*
 * A fill under way began before this request came: it is not what a client
 * wants that asks for one from now.
 */

ngx_uint_t
ngx_http_qc_may_wait(ngx_http_qc_ctx_t *ctx)
{
    qc_client_t  *client;

    client = &ctx->client;

    return !ngx_exiting
           && !(ctx->entry && ctx->reuse.request)
           && !qc_client_refuses(client)
           && !(client->has_max_age && client->max_age == 0);
}


/*
 * For the owner of the lock that was not taken.  next is the step then:
 * NGX_HTTP_QC_WOKEN, or NGX_HTTP_QC_SLOW if there is an entry to serve.
 */

ngx_int_t
ngx_http_qc_wait(ngx_http_qc_ctx_t *ctx, ngx_http_qc_step_e next)
{
    if (ngx_http_qc_wait_prepare(ctx, next == NGX_HTTP_QC_SLOW) == NGX_DONE) {
        return NGX_DONE;
    }

    ctx->step = next;

    ngx_http_qc_lock_wait(&ctx->lock, &ctx->collapse->wait,
                          ctx->request->connection);
    ngx_http_qc_live_wait(ctx);

    return NGX_AGAIN;
}


/* The request is about to wait; NGX_DONE: it has ended. */

ngx_int_t
ngx_http_qc_wait_prepare(ngx_http_qc_ctx_t *ctx, ngx_uint_t slow)
{
    ngx_uint_t               first;
    ngx_http_request_t      *r;
    ngx_http_qc_collapse_t  *collapse;

    r = ctx->request;
    collapse = ctx->collapse;
    first = (collapse == NULL);

    if (first) {
        collapse = ngx_pcalloc(r->pool, sizeof(ngx_http_qc_collapse_t));
        if (collapse == NULL) {
            ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
            return NGX_DONE;
        }

        collapse->wait.handler = ngx_http_qc_wake;
        collapse->wait.data = ctx;

        ctx->collapse = collapse;

        ngx_http_qc_count(&ctx->zone->stats, QC_LOCK_WAITED);
    }

    if (first || collapse->slow != slow) {
        collapse->slow = (slow != 0);
        ngx_http_qc_wait_bounds(ctx, &collapse->wait);
    }

    collapse->fwd = ngx_http_qc_cache_status_fwd(ctx);
    collapse->since = ngx_current_msec;
    collapse->waiting = 1;
    ngx_memcpy(collapse->key, ctx->key, QC_KEY_LEN);

    r->read_event_handler = ngx_http_qc_wait_reading;
    r->write_event_handler = ngx_http_request_empty_handler;

    return NGX_AGAIN;
}


/* Of all waits of a request of either kind. */

static void
ngx_http_qc_wait_bounds(ngx_http_qc_ctx_t *ctx, ngx_http_qc_lock_wait_t *wait)
{
    ngx_http_qc_loc_conf_t  *conf;

    conf = ctx->conf;

    if (ctx->collapse->slow) {

        /* it does not run the upstream then: no need to be admitted */

        wait->max = 0;
        wait->deadline = ngx_current_msec + conf->fill.slow;
        wait->last = wait->deadline;
        return;
    }

    wait->max = conf->fill.concurrency;
    wait->deadline = ngx_current_msec + conf->lock_timeout;
    wait->last = ngx_current_msec + ngx_max(conf->lock_age,
                                            conf->lock_timeout);
}


/* A client that has only ended its side gets its answer. */

static void
ngx_http_qc_wait_reading(ngx_http_request_t *r)
{
    u_char             buf[1];
    ssize_t            n;
    ngx_err_t          err;
    ngx_connection_t  *c;

    c = r->connection;
    err = 0;

    /* several requests of one connection have a read event each */

    if (r->http_version < NGX_HTTP_VERSION_20 && !c->error) {

        n = recv(c->fd, (char *) buf, 1, MSG_PEEK);

        err = (n == -1) ? ngx_socket_errno : NGX_EAGAIN;

        if (err == NGX_EAGAIN || err == NGX_EINTR) {
            ngx_http_block_reading(r);
            return;
        }

        c->error = 1;
    }

    if (!c->error && !c->read->error) {
        return;
    }

    c->error = 1;

    ngx_log_error(NGX_LOG_INFO, c->log, err,
                  "client closed connection while it waited for the answer "
                  "to another");

    ngx_http_finalize_request(r, NGX_HTTP_CLIENT_CLOSED_REQUEST);
}


static void
ngx_http_qc_wake(ngx_http_qc_lock_wait_t *wait)
{
    ngx_connection_t    *c;
    ngx_http_qc_ctx_t   *ctx;
    ngx_http_request_t  *r;

    ctx = wait->data;
    r = ctx->request;
    c = r->connection;

    ngx_http_qc_live_leave(ctx->collapse);

    ngx_http_set_log_request(c->log, r);

    ngx_http_qc_wait_over(ctx);
    ngx_http_qc_resume(r);

    ngx_http_run_posted_requests(c);
}


/* The wait is over. */

void
ngx_http_qc_wait_over(ngx_http_qc_ctx_t *ctx)
{
    ngx_http_qc_collapse_t  *collapse;

    collapse = ctx->collapse;

    if (collapse->waiting) {
        collapse->waiting = 0;
        collapse->waited += ngx_current_msec - collapse->since;
    }
}


/* The fill has ended, or the wait: a step. */

ngx_int_t
ngx_http_qc_step_woken(ngx_http_qc_ctx_t *ctx)
{
    ngx_http_qc_lock_result_e  result;

    result = ctx->collapse->wait.result;

    ctx->request->read_event_handler = ngx_http_block_reading;

    /* should the upstream be run after all, it is from now on */

    ngx_http_qc_begin(ctx);

    if (ctx->collapse->reads) {
        ctx->collapse->reads = 0;

        /* it may be an extra one by now */

        ngx_http_qc_lock_release(&ctx->lock, NGX_HTTP_QC_LOCK_LOST);

        ngx_http_qc_wait_bounds(ctx, &ctx->collapse->wait);
        ctx->collapse->wait.result = NGX_HTTP_QC_LOCK_STORED;

        ngx_http_qc_look_again(ctx);
        return NGX_OK;
    }

    if (result == NGX_HTTP_QC_LOCK_STORED && ctx->zone->has_s3) {
        return ngx_http_qc_read_for_all(ctx);
    }

    if (result == NGX_HTTP_QC_LOCK_STORED
        || result == NGX_HTTP_QC_LOCK_LOST)
    {
        ngx_http_qc_look_again(ctx);
        return NGX_OK;
    }

    ctx->step = NGX_HTTP_QC_UPSTREAM;

    ngx_http_qc_count_miss(ctx);

    return NGX_OK;
}


/*
 * Of those who are woken in a worker one looks the answer up and reads it, and
 * the others wait for that, once: if it has nothing for them they look
 * themselves.  The lock is on a key that is the worker's.
 */

static ngx_int_t
ngx_http_qc_read_for_all(ngx_http_qc_ctx_t *ctx)
{
    uint32_t                  n;
    ngx_int_t                 rc;
    ngx_http_qc_lock_wait_t  *wait;
    u_char                    key[QC_KEY_LEN];

    rc = NGX_DECLINED;

    if (!ctx->collapse->read) {
        ctx->collapse->read = 1;

        ngx_memcpy(key, ctx->key, QC_KEY_LEN);

        /* where the place in the table comes from: each has another one */

        ngx_memcpy(&n, key + QC_KEY_LEN - sizeof(n), sizeof(n));
        n ^= (uint32_t) ngx_worker + 1;
        ngx_memcpy(key + QC_KEY_LEN - sizeof(n), &n, sizeof(n));

        rc = ngx_http_qc_lock_take(&ctx->zone->locks, &ctx->lock, key,
                                   ctx->zone->hold_timeout, NULL);
    }

    if (rc != NGX_AGAIN) {
        ctx->again = (rc == NGX_OK);
        ngx_http_qc_look_again(ctx);
        return NGX_OK;
    }

    wait = &ctx->collapse->wait;

    ctx->collapse->reads = 1;

    wait->max = 0;
    wait->deadline = ngx_current_msec + ctx->zone->hold_timeout;
    wait->last = wait->deadline;

    return ngx_http_qc_wait(ctx, NGX_HTTP_QC_WOKEN);
}


/* Nothing was read that the others could have. */

void
ngx_http_qc_read_over(ngx_http_qc_ctx_t *ctx)
{
    if (ctx->again
        && ngx_memcmp(ctx->lock.key, ctx->key, QC_KEY_LEN) != 0)
    {
        ctx->again = 0;
        ngx_http_qc_lock_release(&ctx->lock, NGX_HTTP_QC_LOCK_STORED);
    }
}


/* From the beginning: rules, markers and the log may have changed, too. */

void
ngx_http_qc_look_again(ngx_http_qc_ctx_t *ctx)
{
    ngx_http_qc_nvs_t  *nvs;

    nvs = ctx->nvs;

    if (nvs) {
        ngx_memcpy(ctx->key, nvs->exact, QC_KEY_LEN);
        ngx_memzero(&nvs->rule, sizeof(qc_nvs_t));

        nvs->found = NULL;
        nvs->applied = 0;

    } else if (ctx->variant) {
        ngx_memcpy(ctx->key, ctx->primary, QC_KEY_LEN);
    }

    ngx_memzero(&ctx->reuse, sizeof(qc_reuse_t));

    ctx->status = NGX_HTTP_QC_STATUS_NONE;
    ctx->reason = QC_NO_METRIC;
    ctx->marker = NULL;
    ctx->variant = 0;
    ctx->entry = 0;
    ctx->validating = 0;
    ctx->on_error = 0;

    ctx->step = nvs ? NGX_HTTP_QC_PATH : NGX_HTTP_QC_LOOKUP;
}


/* Whether another request does what a background fill would do. */

ngx_uint_t
ngx_http_qc_fetched(ngx_http_qc_ctx_t *ctx)
{
    return ctx->conf->lock != NGX_HTTP_QC_LOCK_OFF
           && ctx->lock.token == 0
           && ngx_http_qc_lock_busy(&ctx->zone->locks, ctx->key);
}


/*
 * Of a background fill: who cannot be served what is stale, or not yet, waits
 * for it.
 */

void
ngx_http_qc_fill_lock(ngx_http_qc_ctx_t *ctx)
{
    ctx->shareable = ngx_http_qc_shareable(ctx);

    if (ctx->lock.token == 0 && (ctx->shareable || ctx->conf->fill.slow)) {
        (void) ngx_http_qc_lock_take(&ctx->zone->locks, &ctx->lock, ctx->key,
                                     ctx->conf->lock_age, NULL);
    }
}


/*
 * There will be nothing to wait for; and where that is the answer's doing,
 * the next ones need not look for it, nor wait for each other.
 */

void
ngx_http_qc_unstorable(ngx_http_qc_ctx_t *ctx, qc_metric_e reason)
{
    ngx_http_qc_mark_e  mark;

    if (!ctx->shareable || ctx->fill || ngx_http_qc_abandoned(ctx)) {
        ngx_http_qc_lock_release(&ctx->lock, ngx_http_qc_unanswered(ctx));
        return;
    }

    mark = ctx->entry ? NGX_HTTP_QC_MARK_ALONE : NGX_HTTP_QC_MARK_MISS;

    switch (reason) {

    case QC_R_STATUS:
    case QC_R_INCOMPLETE:
    case QC_R_MIN_COST:

        /* this time: others may have an answer that is stored */

        mark = NGX_HTTP_QC_MARK_ALONE;
        break;

    case QC_R_KEY:
    case QC_R_STORE_DOWN:
    case QC_R_MEMORY:
    case QC_R_TEMP:
        ngx_http_qc_lock_release(&ctx->lock, NGX_HTTP_QC_LOCK_UNSTORED);
        return;

    default:

        /* the fill beside which it was run will not have another one */

        if (ctx->collapse
            && ctx->collapse->wait.result == NGX_HTTP_QC_LOCK_TIMEOUT)
        {
            ngx_http_qc_lock_end(&ctx->zone->locks, ctx->collapse->key,
                                 NGX_HTTP_QC_LOCK_UNSTORED);
        }
    }

    if (ctx->lock.token) {
        ngx_http_qc_remote_end(&ctx->lock, NGX_HTTP_QC_LOCK_UNSTORED,
                               ctx->conf->hit_for_miss * 1000);
    }

    ngx_http_qc_lock_release(&ctx->lock, NGX_HTTP_QC_LOCK_UNSTORED);

    ngx_http_qc_mark_set(&ctx->zone->marks, mark, ctx->key,
                         ctx->conf->hit_for_miss);
}


/*
 * Of what ends without an answer to store.  That a client has left says
 * nothing of the answer: of those who wait one is the next fill.
 */

ngx_http_qc_lock_result_e
ngx_http_qc_unanswered(ngx_http_qc_ctx_t *ctx)
{
    return ngx_http_qc_abandoned(ctx) ? NGX_HTTP_QC_LOCK_LOST
                                      : NGX_HTTP_QC_LOCK_UNSTORED;
}


static ngx_uint_t
ngx_http_qc_abandoned(ngx_http_qc_ctx_t *ctx)
{
    ngx_connection_t  *c;

    c = ctx->request->connection;

    if (ctx->left) {

        /* what became of the run is the answer's doing, or nobody's */

        return ctx->expired;
    }

    return !ctx->fill && (c->error || c->timedout);
}


void
ngx_http_qc_collapse_cleanup(ngx_http_qc_ctx_t *ctx)
{
    ngx_http_qc_lock_release(&ctx->lock, ngx_http_qc_unanswered(ctx));

    if (ctx->collapse) {
        ngx_http_qc_live_leave(ctx->collapse);
        ngx_http_qc_lock_leave(&ctx->collapse->wait);
    }
}
