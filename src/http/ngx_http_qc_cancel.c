
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * The request that tells a database to stop: the content handler of the
 * location of query_cache_cancel, run once, for nobody, in the name of the
 * client that has left.  Its answer is discarded.
 */

#include "ngx_http_qc.h"


#define NGX_HTTP_QC_CANCEL_TIMEOUT  10000   /* ms */
#define NGX_HTTP_QC_CANCEL_CHECK    1000    /* ms, while a thread has it */
#define NGX_HTTP_QC_CANCEL_MAX      16      /* at a time, in a worker */


typedef struct {
    ngx_http_qc_zone_t            *zone;
    ngx_pool_t                    *pool;
    ngx_http_qc_detached_t        *detached;
    ngx_http_request_t            *request; /* that runs the handler */
    ngx_str_t                      uri;
    ngx_uint_t                     status;  /* of the answer; 0: none yet */
    ngx_int_t                      rc;
    ngx_event_t                    timer;
    ngx_event_t                    next;    /* posted: begin, then end */
    ngx_connection_t               ident;   /* of these */
    unsigned                       begun:1;
    unsigned                       done:1;
    unsigned                       ended:1;
} ngx_http_qc_cancel_t;


static ngx_int_t ngx_http_qc_cancel_init(ngx_http_qc_cancel_t *cancel,
    ngx_http_qc_ctx_t *ctx);
static ngx_int_t ngx_http_qc_cancel_subrequest(ngx_http_qc_cancel_t *cancel,
    ngx_http_qc_ctx_t *ctx);
static void ngx_http_qc_cancel_run(ngx_http_request_t *sr);
static ngx_int_t ngx_http_qc_cancel_post_handler(ngx_http_request_t *sr,
    void *data, ngx_int_t rc);
static void ngx_http_qc_cancel_next_handler(ngx_event_t *ev);
static void ngx_http_qc_cancel_timer_handler(ngx_event_t *ev);
static void ngx_http_qc_cancel_end(ngx_http_qc_cancel_t *cancel);


static ngx_uint_t  ngx_http_qc_cancels;     /* under way */


void
ngx_http_qc_cancel(ngx_http_qc_ctx_t *ctx)
{
    ngx_pool_t            *pool;
    ngx_http_qc_zone_t    *zone;
    ngx_http_qc_cancel_t  *cancel;

    zone = ctx->zone;

    if (ngx_http_qc_cancels == NGX_HTTP_QC_CANCEL_MAX) {
        ngx_http_qc_fault(&zone->stats, QC_CANCEL_REFUSED, NGX_LOG_WARN,
                          ngx_cycle->log, 0,
                          "an upstream run was not cancelled at \"%V\": %d "
                          "are being cancelled", &ctx->conf->fill.cancel,
                          NGX_HTTP_QC_CANCEL_MAX);
        return;
    }

    ngx_http_qc_count(&zone->stats, QC_CANCEL_MADE);

    pool = ngx_create_pool(NGX_DEFAULT_POOL_SIZE, ngx_cycle->log);
    if (pool == NULL) {
        ngx_http_qc_count(&zone->stats, QC_CANCEL_FAILED);
        return;
    }

    cancel = ngx_pcalloc(pool, sizeof(ngx_http_qc_cancel_t));

    if (cancel) {
        cancel->pool = pool;
    }

    if (cancel == NULL || ngx_http_qc_cancel_init(cancel, ctx) != NGX_OK) {
        ngx_http_qc_count(&zone->stats, QC_CANCEL_FAILED);
        ngx_destroy_pool(pool);
        return;
    }

    ngx_http_qc_cancels++;

    ngx_add_timer(&cancel->timer, NGX_HTTP_QC_CANCEL_TIMEOUT);

    /* when the connection of the run has been closed */

    ngx_post_event(&cancel->next, &ngx_posted_next_events);
}


static ngx_int_t
ngx_http_qc_cancel_init(ngx_http_qc_cancel_t *cancel, ngx_http_qc_ctx_t *ctx)
{
    ngx_http_request_t   *r;
    ngx_http_conf_ctx_t   conf;

    r = ctx->request;

    cancel->zone = ctx->zone;
    cancel->uri = ctx->conf->fill.cancel;

    cancel->ident.fd = (ngx_socket_t) -1;
    cancel->ident.data = cancel;

    cancel->timer.data = &cancel->ident;
    cancel->timer.handler = ngx_http_qc_cancel_timer_handler;
    cancel->timer.log = ngx_cycle->log;

    cancel->next.data = &cancel->ident;
    cancel->next.handler = ngx_http_qc_cancel_next_handler;
    cancel->next.log = ngx_cycle->log;

    conf.main_conf = r->main_conf;
    conf.srv_conf = r->srv_conf;
    conf.loc_conf = r->loc_conf;

    cancel->detached = ngx_http_qc_detached_create(cancel->pool, &conf,
                                                   "cancelling");

    if (cancel->detached == NULL
        || ngx_http_qc_replica_bare(cancel->detached, r) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_qc_cancel_subrequest(cancel, ctx);
}


static ngx_int_t
ngx_http_qc_cancel_subrequest(ngx_http_qc_cancel_t *cancel,
    ngx_http_qc_ctx_t *ctx)
{
    u_char                      *p, *last;
    ngx_http_request_t          *sr;
    ngx_http_qc_ctx_t           *cctx;
    ngx_http_post_subrequest_t  *ps;

    ps = ngx_palloc(cancel->pool, sizeof(ngx_http_post_subrequest_t));
    if (ps == NULL) {
        return NGX_ERROR;
    }

    ps->handler = ngx_http_qc_cancel_post_handler;
    ps->data = cancel;

    sr = ngx_http_qc_replica_subrequest(cancel->detached, ps,
                                        ngx_http_qc_cancel_run);
    if (sr == NULL) {
        return NGX_ERROR;
    }

    cancel->request = sr;

    sr->uri = cancel->uri;
    ngx_str_null(&sr->args);
    ngx_str_null(&sr->exten);

    last = sr->uri.data + sr->uri.len;
    p = ngx_strlchr(sr->uri.data, last, '?');

    if (p) {
        sr->uri.len = p - sr->uri.data;
        sr->args.data = p + 1;
        sr->args.len = last - sr->args.data;
    }

    sr->internal = 1;
    sr->valid_location = 1;
    sr->valid_unparsed_uri = 0;
    sr->add_uri_to_alias = 0;

#if (NGX_PCRE)
    sr->ncaptures = 0;
    sr->captures = NULL;
#endif

    /* filters and variables look for it there */

    cctx = ngx_http_qc_create_ctx(sr->main, ctx->zone, ctx->conf);

    if (cctx == NULL || !ngx_http_qc_run_id(ctx)) {
        return NGX_ERROR;
    }

    cctx->cancel = 1;
    cctx->identified = 1;
    ngx_memcpy(cctx->run_id, ctx->run_id, NGX_HTTP_QC_RUN_ID_LEN);

    ngx_http_set_ctx(sr->main, cancel, ngx_http_query_cache_filter_module);

    return NGX_OK;
}


/* Of the phases only the one that finds the location is run. */

static void
ngx_http_qc_cancel_run(ngx_http_request_t *sr)
{
    void                      **loc_conf;
    ngx_int_t                   rc;
    ngx_http_phase_handler_t    ph;
    ngx_http_core_srv_conf_t   *cscf;

    sr->write_event_handler = ngx_http_request_empty_handler;

    cscf = ngx_http_get_module_srv_conf(sr, ngx_http_core_module);

    sr->loc_conf = cscf->ctx->loc_conf;

    ngx_http_set_exten(sr);
    ngx_memzero(&ph, sizeof(ngx_http_phase_handler_t));

    if (ngx_http_core_find_config_phase(sr, &ph) != NGX_AGAIN) {
        return;
    }

    loc_conf = ngx_http_qc_subrequest_conf(sr);

    if (loc_conf == NULL || sr->content_handler == NULL) {
        ngx_http_finalize_request(sr, NGX_HTTP_NOT_FOUND);
        return;
    }

    sr->loc_conf = loc_conf;

    rc = sr->content_handler(sr);

    /* the phases that would go on from here are the client's */

    ngx_http_finalize_request(sr, (rc == NGX_DECLINED) ? NGX_HTTP_NOT_FOUND
                                                       : rc);
}


static ngx_int_t
ngx_http_qc_cancel_post_handler(ngx_http_request_t *sr, void *data,
    ngx_int_t rc)
{
    ngx_http_qc_cancel_t *cancel = data;

    if (!cancel->done) {
        cancel->done = 1;
        cancel->rc = rc;

        ngx_post_event(&cancel->next, &ngx_posted_events);
    }

    return NGX_OK;
}


static void
ngx_http_qc_cancel_next_handler(ngx_event_t *ev)
{
    ngx_connection_t      *c;
    ngx_http_qc_cancel_t  *cancel;

    c = ev->data;
    cancel = c->data;

    if (cancel->begun) {
        ngx_http_qc_cancel_end(cancel);
        return;
    }

    cancel->begun = 1;

    ngx_http_run_posted_requests(&cancel->detached->connection);
}


static void
ngx_http_qc_cancel_timer_handler(ngx_event_t *ev)
{
    ngx_connection_t  *c;

    c = ev->data;

    ngx_http_qc_cancel_end(c->data);
}


static void
ngx_http_qc_cancel_end(ngx_http_qc_cancel_t *cancel)
{
    ngx_http_request_t      *sr;
    ngx_http_qc_detached_t  *d;

    d = cancel->detached;
    sr = cancel->request;

    if (!cancel->ended
        && (!cancel->done
            || cancel->rc != NGX_OK
            || cancel->status == 0
            || cancel->status >= NGX_HTTP_BAD_REQUEST))
    {
        ngx_http_qc_fault(&cancel->zone->stats, QC_CANCEL_FAILED, NGX_LOG_ERR,
                          ngx_cycle->log, 0,
                          "cancelling an upstream run at \"%V\" failed: "
                          "%s, status %ui", &cancel->uri,
                          cancel->done ? "an error" : "no answer in time",
                          cancel->status ? cancel->status
                          : (cancel->rc > 0) ? (ngx_uint_t) cancel->rc : 0);
    }

    cancel->ended = 1;

    ngx_http_qc_detached_abort(d);

    if (cancel->timer.timer_set) {
        ngx_del_timer(&cancel->timer);
    }

    if (d->request->blocked) {

        /* a thread still writes to a file of it */

        sr->done = 1;
        sr->write_event_handler = ngx_http_request_empty_handler;

        ngx_add_timer(&cancel->timer, NGX_HTTP_QC_CANCEL_CHECK);
        return;
    }

    if (cancel->next.posted) {
        ngx_delete_posted_event(&cancel->next);
    }

    ngx_http_qc_cancels--;

    ngx_destroy_pool(cancel->pool);
}


/* NGX_DECLINED: not of such a request.  No other filter may see what is. */

ngx_int_t
ngx_http_qc_cancel_header_filter(ngx_http_request_t *r)
{
    ngx_http_qc_ctx_t     *ctx;
    ngx_http_qc_cancel_t  *cancel;

    ctx = ngx_http_get_module_ctx(r->main, ngx_http_query_cache_module);

    if (ctx == NULL || !ctx->cancel) {
        return NGX_DECLINED;
    }

    cancel = ngx_http_get_module_ctx(r->main,
                                     ngx_http_query_cache_filter_module);

    cancel->status = r->headers_out.status;

    r->header_sent = 1;

    return NGX_OK;
}


ngx_int_t
ngx_http_qc_cancel_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_http_qc_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r->main, ngx_http_query_cache_module);

    if (ctx == NULL || !ctx->cancel) {
        return NGX_DECLINED;
    }

    ngx_http_qc_consume(in);

    return NGX_OK;
}
