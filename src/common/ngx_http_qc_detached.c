
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "ngx_http_qc_detached.h"


static void ngx_http_qc_detached_connection(ngx_http_qc_detached_t *d,
    ngx_pool_t *pool);
static ngx_int_t ngx_http_qc_detached_request(ngx_http_qc_detached_t *d,
    ngx_pool_t *pool, ngx_http_conf_ctx_t *ctx);
static void ngx_http_qc_detached_empty_handler(ngx_event_t *ev);
static u_char *ngx_http_qc_detached_log_error(ngx_log_t *log, u_char *buf,
    size_t len);


static ngx_str_t  ngx_http_qc_subrequest_uri = ngx_string("/query_cache");


ngx_http_qc_detached_t *
ngx_http_qc_detached_create(ngx_pool_t *pool, ngx_http_conf_ctx_t *ctx,
    const char *action)
{
    ngx_http_qc_detached_t  *d;

    d = ngx_pcalloc(pool, sizeof(ngx_http_qc_detached_t));
    if (d == NULL) {
        return NULL;
    }

    d->log = *ngx_cycle->log;
    d->log.data = &d->log_ctx;
    d->log.handler = ngx_http_qc_detached_log_error;
    d->log.action = (char *) action;

    ngx_http_qc_detached_connection(d, pool);

    if (ngx_http_qc_detached_request(d, pool, ctx) != NGX_OK) {
        return NULL;
    }

    d->log_ctx.connection = &d->connection;
    d->log_ctx.request = d->request;
    d->log_ctx.current_request = d->request;

    return d;
}


static void
ngx_http_qc_detached_connection(ngx_http_qc_detached_t *d, ngx_pool_t *pool)
{
    ngx_event_t       *rev, *wev;
    ngx_connection_t  *c;

    c = &d->connection;
    rev = &d->read;
    wev = &d->write;

    rev->data = c;
    rev->log = &d->log;
    rev->handler = ngx_http_qc_detached_empty_handler;
    rev->index = NGX_INVALID_INDEX;

    wev->data = c;
    wev->log = &d->log;
    wev->handler = ngx_http_qc_detached_empty_handler;
    wev->index = NGX_INVALID_INDEX;
    wev->write = 1;
    wev->ready = 1;

    /*
     * Nginx must not add events for a socket that is not there, nor take
     * them away: methods that are level-triggered do that when it is ready.
     */

    rev->active = 1;
    wev->active = (ngx_event_flags & NGX_USE_CLEAR_EVENT) ? 1 : 0;

    c->fd = (ngx_socket_t) -1;
    c->read = rev;
    c->write = wev;
    c->pool = pool;
    c->log = &d->log;
    c->number = ngx_atomic_fetch_add(ngx_connection_counter, 1);
    c->start_time = ngx_current_msec;
    c->sendfile = 1;
    c->tcp_nodelay = NGX_TCP_NODELAY_DISABLED;
    c->tcp_nopush = NGX_TCP_NOPUSH_DISABLED;
    c->log_error = NGX_ERROR_INFO;

    d->log.connection = c->number;

    /* variables and log handlers of others may ask for the addresses */

    d->sockaddr.sockaddr_in.sin_family = AF_INET;
    d->sockaddr.sockaddr_in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

    c->sockaddr = &d->sockaddr.sockaddr;
    c->socklen = sizeof(struct sockaddr_in);
    c->local_sockaddr = c->sockaddr;
    c->local_socklen = c->socklen;
    ngx_str_set(&c->addr_text, "127.0.0.1");
}


static ngx_int_t
ngx_http_qc_detached_request(ngx_http_qc_detached_t *d, ngx_pool_t *pool,
    ngx_http_conf_ctx_t *ctx)
{
    ngx_time_t                 *tp;
    ngx_http_request_t         *r;
    ngx_http_core_main_conf_t  *cmcf;

    r = ngx_pcalloc(pool, sizeof(ngx_http_request_t));
    if (r == NULL) {
        return NGX_ERROR;
    }

    r->signature = NGX_HTTP_MODULE;
    r->connection = &d->connection;
    r->pool = pool;
    r->main = r;
    r->count = 1;

    r->main_conf = ctx->main_conf;
    r->srv_conf = ctx->srv_conf;
    r->loc_conf = ctx->loc_conf;

    cmcf = ngx_http_get_module_main_conf(r, ngx_http_core_module);

    r->ctx = ngx_pcalloc(pool, sizeof(void *) * ngx_http_max_module);
    r->variables = ngx_pcalloc(pool, cmcf->variables.nelts
                                     * sizeof(ngx_http_variable_value_t));
    if (r->ctx == NULL || r->variables == NULL) {
        return NGX_ERROR;
    }

    if (ngx_list_init(&r->headers_in.headers, pool, 1, sizeof(ngx_table_elt_t))
        != NGX_OK
        || ngx_list_init(&r->headers_out.headers, pool, 1,
                         sizeof(ngx_table_elt_t))
           != NGX_OK
        || ngx_list_init(&r->headers_out.trailers, pool, 1,
                         sizeof(ngx_table_elt_t))
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    tp = ngx_timeofday();
    r->start_sec = tp->sec;
    r->start_msec = tp->msec;

    r->method = NGX_HTTP_GET;
    r->method_name = ngx_http_core_get_method;
    r->http_version = NGX_HTTP_VERSION_11;
    ngx_str_set(&r->http_protocol, "HTTP/1.1");
    r->uri = ngx_http_qc_subrequest_uri;
    r->unparsed_uri = r->uri;

    r->headers_in.content_length_n = -1;
    r->headers_in.keep_alive_n = -1;
    r->headers_out.content_length_n = -1;
    r->headers_out.last_modified_time = -1;

    r->uri_changes = NGX_HTTP_MAX_URI_CHANGES + 1;
    r->subrequests = NGX_HTTP_MAX_SUBREQUESTS + 1;
    r->http_state = NGX_HTTP_PROCESS_REQUEST_STATE;
    r->internal = 1;

    r->read_event_handler = ngx_http_request_empty_handler;
    r->write_event_handler = ngx_http_request_empty_handler;

    d->connection.data = r;
    d->request = r;

    return NGX_OK;
}


static void
ngx_http_qc_detached_empty_handler(ngx_event_t *ev)
{
    ngx_log_debug0(NGX_LOG_DEBUG_EVENT, ev->log, 0,
                   "query cache detached empty handler");
}


static u_char *
ngx_http_qc_detached_log_error(ngx_log_t *log, u_char *buf, size_t len)
{
    if (log->action == NULL) {
        return buf;
    }

    return ngx_snprintf(buf, len, " while %s, for query cache", log->action);
}


void
ngx_http_qc_detached_abort(ngx_http_qc_detached_t *d)
{
    ngx_http_cleanup_t  *cln;
    ngx_http_request_t  *r;

    r = d->request;

    /* the cleanups finalize subrequests; none of them may free this one */

    r->count += 100;

    while (r->cleanup) {
        cln = r->cleanup;
        r->cleanup = cln->next;

        if (cln->handler) {
            cln->handler(cln->data);
        }
    }

    r->posted_requests = NULL;
    d->connection.destroyed = 1;

    if (d->write.timer_set) {
        ngx_del_timer(&d->write);
    }

    if (d->read.timer_set) {
        ngx_del_timer(&d->read);
    }
}


ngx_http_request_t *
ngx_http_qc_subrequest(ngx_http_request_t *r, ngx_http_post_subrequest_t *ps,
    ngx_http_event_handler_pt handler)
{
    void                **loc_conf;
    ngx_http_request_t   *sr;

    loc_conf = ngx_http_qc_subrequest_conf(r);
    if (loc_conf == NULL) {
        return NULL;
    }

    if (ngx_http_subrequest(r, &ngx_http_qc_subrequest_uri, NULL, &sr, ps,
                            NGX_HTTP_SUBREQUEST_BACKGROUND)
        != NGX_OK)
    {
        return NULL;
    }

    sr->loc_conf = loc_conf;
    sr->write_event_handler = handler;
    sr->request_body = NULL;

    return sr;
}


void **
ngx_http_qc_subrequest_conf(ngx_http_request_t *r)
{
    void                      **loc_conf;
    ngx_http_core_loc_conf_t   *clcf;

    loc_conf = ngx_palloc(r->pool, sizeof(void *) * ngx_http_max_module
                                   + sizeof(ngx_http_core_loc_conf_t));
    if (loc_conf == NULL) {
        return NULL;
    }

    clcf = (ngx_http_core_loc_conf_t *) (loc_conf + ngx_http_max_module);

    ngx_memcpy(loc_conf, r->loc_conf, sizeof(void *) * ngx_http_max_module);
    ngx_memcpy(clcf, r->loc_conf[ngx_http_core_module.ctx_index],
               sizeof(ngx_http_core_loc_conf_t));

    clcf->log_subrequest = 0;
    loc_conf[ngx_http_core_module.ctx_index] = clcf;

    return loc_conf;
}
