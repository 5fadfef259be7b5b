
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * Upstream runs whose client leaves.  Nginx ends them; where their answer may
 * be stored they can go on to their end instead.  Then nothing is sent any
 * more: the filters take the header and the body from the pipe, at the pace
 * of the upstream, for the capture only.  The run ends as soon as there is
 * nothing to capture, and after a time.
 */

#include "ngx_http_qc.h"

#include <openssl/rand.h>


#define NGX_HTTP_QC_RUN_CHECK      1000     /* ms between looks at the time */


struct ngx_http_qc_run_s {
    ngx_http_qc_ctx_t             *ctx;
    ngx_http_upstream_t           *upstream;
    ngx_http_event_handler_pt      read;    /* nginx's: they look for it */
    ngx_http_event_handler_pt      write;
    void                         (*finalize)(ngx_http_request_t *r,
                                             ngx_int_t rc);
    ngx_msec_t                     deadline;
    ngx_event_t                    timer;
    unsigned                       leaving:1;   /* the worker is */
    unsigned                       ended:1;
    unsigned                       counted:1;
};


static void ngx_http_qc_run_cleanup(void *data);
static ngx_http_qc_run_t *ngx_http_qc_run_of(ngx_http_request_t *r);
static void ngx_http_qc_run_reading(ngx_http_request_t *r);
static void ngx_http_qc_run_writing(ngx_http_request_t *r);
static void ngx_http_qc_run_check(ngx_http_qc_run_t *run, ngx_event_t *ev,
    ngx_http_event_handler_pt handler);
static ngx_uint_t ngx_http_qc_run_left(ngx_http_request_t *r,
    ngx_event_t *ev);
static ngx_uint_t ngx_http_qc_run_storable(ngx_http_qc_ctx_t *ctx);
static ngx_uint_t ngx_http_qc_run_goes_on(ngx_http_qc_run_t *run);
static ngx_uint_t ngx_http_qc_run_half(ngx_http_qc_run_t *run);
static void ngx_http_qc_run_leave(ngx_http_qc_run_t *run);
static void ngx_http_qc_run_forget(ngx_http_upstream_t *u);
static void ngx_http_qc_run_timer(ngx_http_qc_run_t *run);
static void ngx_http_qc_run_timer_handler(ngx_event_t *ev);
static void ngx_http_qc_run_finalized(ngx_http_request_t *r, ngx_int_t rc);
static ngx_uint_t ngx_http_qc_run_cancelled(ngx_http_qc_run_t *run,
    ngx_int_t rc);


/* The content handler has begun; what it has ended is of no interest. */

void
ngx_http_qc_run_watch(ngx_http_qc_ctx_t *ctx)
{
    ngx_http_request_t   *r;
    ngx_http_qc_run_t    *run;
    ngx_pool_cleanup_t   *cln;
    ngx_http_upstream_t  *u;

    r = ctx->request;

    if (ctx->fill
        || ngx_http_get_module_ctx(r, ngx_http_query_cache_module) != ctx)
    {
        return;
    }

    u = ngx_http_qc_upstream(ctx);

    if (u == NULL || u->cleanup == NULL) {
        return;
    }

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_qc_run_t));
    if (cln == NULL) {
        return;
    }

    run = cln->data;
    ngx_memzero(run, sizeof(ngx_http_qc_run_t));

    cln->handler = ngx_http_qc_run_cleanup;

    run->ctx = ctx;
    run->upstream = u;
    run->finalize = u->finalize_request;

    u->finalize_request = ngx_http_qc_run_finalized;

    ctx->run = run;

    /* with proxy_ignore_client_abort nobody looks for the client */

    if (ctx->conf->fill.abort == NGX_HTTP_QC_ABORT_CANCEL
        || r->read_event_handler == ngx_http_block_reading
        || !ngx_http_qc_run_storable(ctx))
    {
        return;
    }

    run->read = r->read_event_handler;
    r->read_event_handler = ngx_http_qc_run_reading;

    if (!r->header_sent) {
        run->write = r->write_event_handler;
        r->write_event_handler = ngx_http_qc_run_writing;
    }
}


static void
ngx_http_qc_run_cleanup(void *data)
{
    ngx_http_qc_run_t *run = data;

    if (run->timer.timer_set) {
        ngx_del_timer(&run->timer);
    }
}


/* The context may have been taken from the request. */

static ngx_http_qc_run_t *
ngx_http_qc_run_of(ngx_http_request_t *r)
{
    ngx_http_qc_run_t   *run;
    ngx_pool_cleanup_t  *cln;

    for (cln = r->pool->cleanup; cln; cln = cln->next) {

        if (cln->handler != ngx_http_qc_run_cleanup) {
            continue;
        }

        run = cln->data;

        if (run->ctx->request == r && run->upstream == r->upstream) {
            return run;
        }
    }

    return NULL;
}


static void
ngx_http_qc_run_reading(ngx_http_request_t *r)
{
    ngx_http_qc_run_t  *run;

    run = ngx_http_qc_run_of(r);

    if (run) {
        ngx_http_qc_run_check(run, r->connection->read, run->read);
    }
}


static void
ngx_http_qc_run_writing(ngx_http_request_t *r)
{
    ngx_http_qc_run_t  *run;

    run = ngx_http_qc_run_of(r);

    if (run) {
        ngx_http_qc_run_check(run, r->connection->write, run->write);
    }
}


static void
ngx_http_qc_run_check(ngx_http_qc_run_t *run, ngx_event_t *ev,
    ngx_http_event_handler_pt handler)
{
    ngx_http_request_t  *r;

    r = run->ctx->request;

    if (!ngx_http_qc_run_left(r, ev) || !ngx_http_qc_run_goes_on(run)) {
        handler(r);
        return;
    }

    ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                  "client prematurely closed connection, the upstream run "
                  "goes on");

    ev->eof = 1;

    ngx_http_qc_run_leave(run);

    /* what is in the pipe need not wait for the client any more */

    if (r->header_sent) {
        r->write_event_handler(r);
    }
}


/* As nginx would find out. */

static ngx_uint_t
ngx_http_qc_run_left(ngx_http_request_t *r, ngx_event_t *ev)
{
    ssize_t            n;
    u_char             buf[1];
    ngx_err_t          err;
    ngx_connection_t  *c;

    c = r->connection;

    if (c->error) {
        return 1;
    }

    /* several requests of one connection have events of their own */

    if (r->http_version >= NGX_HTTP_VERSION_20) {
        return c->write->error;
    }

#if (NGX_HAVE_KQUEUE)

    if (ngx_event_flags & NGX_USE_KQUEUE_EVENT) {
        return ev->pending_eof;
    }

#endif

#if (NGX_HAVE_EPOLLRDHUP)

    if ((ngx_event_flags & NGX_USE_EPOLL_EVENT) && ngx_use_epoll_rdhup) {
        return ev->pending_eof;
    }

#endif

    n = recv(c->fd, (char *) buf, 1, MSG_PEEK);

    if (n >= 0) {
        return n == 0 && !ev->write;
    }

    err = ngx_socket_errno;

    return err != NGX_EAGAIN && err != NGX_EINTR;
}


static ngx_uint_t
ngx_http_qc_run_storable(ngx_http_qc_ctx_t *ctx)
{
    return ctx->keyed
           && !ctx->no_store
           && ctx->status != NGX_HTTP_QC_STATUS_BYPASS
           && ctx->reason != QC_R_HIT_FOR_MISS
           && ctx->request->method != NGX_HTTP_HEAD;
}


static ngx_uint_t
ngx_http_qc_run_goes_on(ngx_http_qc_run_t *run)
{
    ngx_http_qc_ctx_t   *ctx;
    ngx_http_request_t  *r;

    ctx = run->ctx;
    r = ctx->request;

    if (run->ended
        || !ctx->running
        || !ngx_http_qc_run_storable(ctx)
        || (ctx->job == NULL
            && (r->header_sent
                || ngx_http_test_predicates(r, ctx->conf->no_store)
                   != NGX_OK))
        || run->upstream->upgrade
        || r->aio
        || r->main->blocked)
    {
        return 0;
    }

    switch (ctx->conf->fill.abort) {

    case NGX_HTTP_QC_ABORT_FINISH:
        return 1;

    case NGX_HTTP_QC_ABORT_AUTO:
        return ngx_http_qc_lock_awaited(ctx->job ? &ctx->job->lock
                                                 : &ctx->lock)
               || ngx_http_qc_run_half(run);

    default: /* NGX_HTTP_QC_ABORT_CANCEL */
        return 0;
    }
}


/* At least half of the body is there. */

static ngx_uint_t
ngx_http_qc_run_half(ngx_http_qc_run_t *run)
{
    off_t               size, length;
    ngx_http_qc_job_t  *job;

    job = run->ctx->job;
    length = run->upstream->headers_in.content_length_n;

    if (job == NULL || length <= 0) {
        return 0;
    }

    size = job->transcode ? ngx_http_qc_transcode_size(job->transcode)
                          : (off_t) job->record.size;

    return size >= length - size;
}


static void
ngx_http_qc_run_leave(ngx_http_qc_run_t *run)
{
    ngx_event_t         *wev;
    ngx_http_qc_ctx_t   *ctx;
    ngx_http_request_t  *r;

    ctx = run->ctx;
    r = ctx->request;
    wev = r->connection->write;

    ctx->left = 1;
    r->connection->error = 1;

    r->read_event_handler = ngx_http_block_reading;

    /* nothing waits for the socket, its buffer, or a rate */

    if (wev->timer_set) {
        ngx_del_timer(wev);
    }

    wev->delayed = 0;
    wev->ready = 1;

    if (r->header_sent) {
        ngx_http_qc_run_forget(run->upstream);

    } else {
        r->write_event_handler = ngx_http_request_empty_handler;
    }

    run->deadline = ctx->started_at + ctx->conf->lock_age;

    run->timer.data = r->connection;
    run->timer.handler = ngx_http_qc_run_timer_handler;
    run->timer.log = r->connection->log;

    ngx_http_qc_run_timer(run);
}


/*
 * What is on its way to the client is in the capture.  It will never be sent,
 * and must not be used again: HTTP/2 may still count its bytes.
 */

static void
ngx_http_qc_run_forget(ngx_http_upstream_t *u)
{
    ngx_buf_t         *b;
    ngx_chain_t       *cl;
    ngx_event_pipe_t  *p;

    if (!u->buffering) {
        u->busy_bufs = NULL;
        return;
    }

    p = u->pipe;

    for (cl = p->busy; cl; cl = cl->next) {
        b = cl->buf;

        if (b->last_shadow && b->shadow != &u->buffer) {
            p->allocated--;
        }
    }

    p->busy = NULL;
}


static void
ngx_http_qc_run_timer(ngx_http_qc_run_t *run)
{
    ngx_msec_int_t  left;

    left = (ngx_msec_int_t) (run->deadline - ngx_current_msec);
    left = ngx_max(left, 1);

    ngx_add_timer(&run->timer,
                  (ngx_msec_t) ngx_min(left, NGX_HTTP_QC_RUN_CHECK));
}


static void
ngx_http_qc_run_timer_handler(ngx_event_t *ev)
{
    ngx_msec_t           deadline;
    ngx_connection_t    *c;
    ngx_http_qc_ctx_t   *ctx;
    ngx_http_qc_run_t   *run;
    ngx_http_request_t  *r;

    run = (ngx_http_qc_run_t *)
              ((u_char *) ev - offsetof(ngx_http_qc_run_t, timer));
    ctx = run->ctx;
    r = ctx->request;
    c = r->connection;

    if (ngx_exiting && !run->leaving) {

        run->leaving = 1;
        deadline = ngx_current_msec + ctx->zone->store_timeout;

        if ((ngx_msec_int_t) (deadline - run->deadline) < 0) {
            run->deadline = deadline;
        }
    }

    if ((ngx_msec_int_t) (run->deadline - ngx_current_msec) > 0) {
        ngx_http_qc_run_timer(run);
        return;
    }

    ngx_http_set_log_request(c->log, r);

    ngx_log_error(NGX_LOG_INFO, c->log, 0,
                  "upstream run has gone on for too long without its client");

    ngx_http_qc_count(&ctx->zone->stats, QC_ABORT_EXPIRED);

    ctx->expired = 1;

    /* unless proxy_cache wants the answer, it ends here */

    run->read(r);

    ngx_http_run_posted_requests(c);
}


/* Before anything else is done about the end of an upstream. */

static void
ngx_http_qc_run_finalized(ngx_http_request_t *r, ngx_int_t rc)
{
    ngx_http_qc_ctx_t  *ctx;
    ngx_http_qc_run_t  *run;

    run = ngx_http_qc_run_of(r);

    if (run == NULL) {
        return;
    }

    ngx_http_qc_run_cleanup(run);

    ctx = run->ctx;

    if (!run->ended && ngx_http_qc_run_cancelled(run, rc)) {

        ngx_http_qc_count(&ctx->zone->stats, QC_ABORT_CANCELLED);

        if (ctx->conf->fill.cancel.len
            && run->upstream->peer.connection
            && run->upstream->request_sent)
        {
            ngx_http_qc_cancel(ctx);
        }
    }

    run->ended = 1;

    run->finalize(r, rc);
}


/* Whether it is for the client that has left, and the answer is not whole. */

static ngx_uint_t
ngx_http_qc_run_cancelled(ngx_http_qc_run_t *run, ngx_int_t rc)
{
    ngx_connection_t     *c;
    ngx_event_pipe_t     *p;
    ngx_http_upstream_t  *u;

    u = run->upstream;
    c = run->ctx->request->connection;

    /* what is taken back has an answer, and a peer that failed is let go of */

    if (rc == NGX_OK
        || rc == NGX_DECLINED
        || rc >= NGX_HTTP_INTERNAL_SERVER_ERROR
        || !run->ctx->running
        || u->peer.sockaddr == NULL)
    {
        return 0;
    }

    if (!c->error
        && !c->timedout
        && !c->close
        && rc != NGX_HTTP_CLIENT_CLOSED_REQUEST
        && rc != NGX_HTTP_REQUEST_TIME_OUT)
    {
        return 0;
    }

    if (!u->header_sent) {
        return 1;
    }

    p = u->pipe;

    return u->buffering ? !(p->upstream_done
                            || p->upstream_eof
                            || p->upstream_error)
                        : u->length != 0;
}


/* Filters of a run that goes on: NGX_ERROR ends it. */

ngx_int_t
ngx_http_qc_run_header(ngx_http_qc_ctx_t *ctx)
{
    if (ctx->job == NULL) {
        return NGX_ERROR;
    }

    ctx->request->header_sent = 1;

    return ngx_http_qc_run_body(ctx, NULL);
}


ngx_int_t
ngx_http_qc_run_body(ngx_http_qc_ctx_t *ctx, ngx_chain_t *in)
{
    if (ctx->job == NULL) {
        return NGX_ERROR;
    }

    if (ctx->job->complete) {
        ngx_http_qc_run_finished(ctx);
    }

    ngx_http_qc_consume(in);

    return NGX_OK;
}


void
ngx_http_qc_run_finished(ngx_http_qc_ctx_t *ctx)
{
    if (!ctx->run->counted) {
        ctx->run->counted = 1;
        ngx_http_qc_count(&ctx->zone->stats, QC_ABORT_FINISHED);
    }
}


/* The client could not be written to. */

ngx_int_t
ngx_http_qc_run_broken(ngx_http_qc_ctx_t *ctx, ngx_chain_t *in)
{
    ngx_http_qc_run_t  *run;

    run = ctx->run;

    if (run == NULL
        || run->read == NULL
        || !ctx->request->connection->error
        || !ngx_http_qc_run_goes_on(run))
    {
        return NGX_ERROR;
    }

    ngx_log_error(NGX_LOG_INFO, ctx->request->connection->log, 0,
                  "client closed connection, the upstream run goes on");

    ngx_http_qc_run_leave(run);

    return ngx_http_qc_run_body(ctx, in);
}


/* 0 on failure. */

ngx_uint_t
ngx_http_qc_run_id(ngx_http_qc_ctx_t *ctx)
{
    u_char  id[NGX_HTTP_QC_RUN_ID_LEN / 2];

    if (!ctx->identified) {

        if (RAND_bytes(id, sizeof(id)) != 1) {
            return 0;
        }

        ngx_hex_dump(ctx->run_id, id, sizeof(id));
        ctx->identified = 1;
    }

    return 1;
}
