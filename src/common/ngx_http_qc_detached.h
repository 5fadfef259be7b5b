
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * A request without a client: a main request on a connection that has no
 * socket and no slot in worker_connections, so that work can outlive the
 * client's request and still use ngx_http_upstream.  It belongs to its
 * owner's pool and never runs phases, filters of others, or the log.
 */

#ifndef _NGX_HTTP_QC_DETACHED_H_INCLUDED_
#define _NGX_HTTP_QC_DETACHED_H_INCLUDED_


#include "ngx_http_qc_compat.h"


typedef struct {
    ngx_connection_t           connection;
    ngx_event_t                read;
    ngx_event_t                write;
    ngx_log_t                  log;
    ngx_http_log_ctx_t         log_ctx;
    ngx_sockaddr_t             sockaddr;
    ngx_http_request_t        *request;
} ngx_http_qc_detached_t;


/*
 * ctx is that of a server{}: its main_conf, srv_conf and loc_conf are used.
 * action is added to messages (", while <action>").  NULL on no memory.
 */
ngx_http_qc_detached_t *ngx_http_qc_detached_create(ngx_pool_t *pool,
    ngx_http_conf_ctx_t *ctx, const char *action);

/*
 * Ends whatever runs on it, without calling post_subrequest handlers.  The
 * owner frees the pool later, from a posted event, never from inside one of
 * its own handlers.
 */
void ngx_http_qc_detached_abort(ngx_http_qc_detached_t *d);

/*
 * A background subrequest of r that runs no phase: its configuration is a
 * private copy (log_subrequest off), handler is its write handler and is
 * called by ngx_http_run_posted_requests().
 */
ngx_http_request_t *ngx_http_qc_subrequest(ngx_http_request_t *r,
    ngx_http_post_subrequest_t *ps, ngx_http_event_handler_pt handler);

/* A private copy of its configuration, log_subrequest off; NULL: no memory. */
void **ngx_http_qc_subrequest_conf(ngx_http_request_t *r);


#endif /* _NGX_HTTP_QC_DETACHED_H_INCLUDED_ */
