
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * A host and port, or a unix socket, with the addresses behind it.  Literal
 * addresses and unix sockets are known at once.  A name is resolved while
 * the configuration is read, as nginx does it, unless http{} has a resolver:
 * then each worker resolves it in the background, again and again, and keeps
 * the last good answer when a later one fails.
 */

#ifndef _NGX_HTTP_QC_ENDPOINT_H_INCLUDED_
#define _NGX_HTTP_QC_ENDPOINT_H_INCLUDED_


#include "ngx_http_qc_compat.h"


#define NGX_HTTP_QC_ENDPOINT_ADDRS  16


typedef struct {
    ngx_sockaddr_t             sockaddr;
    socklen_t                  socklen;
    ngx_str_t                  name;   /* text, for messages */
    u_char                     text[NGX_SOCKADDR_STRLEN];
} ngx_http_qc_addr_t;


typedef struct {
    /* set by the owner */
    ngx_str_t                  host;   /* name, address, or "unix:/path" */
    in_port_t                  port;
    ngx_str_t                  file;   /* where it was configured */
    ngx_uint_t                 line;

    /* optional, set in the worker: called when the addresses have changed */
    void                     (*changed)(void *data);
    void                      *data;

    /* per worker */
    ngx_uint_t                 naddrs;
    ngx_uint_t                 next;   /* round robin */
    ngx_uint_t                 generation;  /* changes with the addresses */
    ngx_http_qc_addr_t         addrs[NGX_HTTP_QC_ENDPOINT_ADDRS];

    ngx_resolver_t            *resolver;    /* NULL: resolved already */
    ngx_resolver_ctx_t        *resolving;
    ngx_msec_t                 timeout;     /* of resolving */
    ngx_event_t                timer;       /* cancelable */
    ngx_connection_t           dummy;       /* the timer's ident */

    unsigned                   failed:1;    /* the last attempt did */
} ngx_http_qc_endpoint_t;


/*
 * After the configuration is read (clcf: that of http{}): NGX_OK, or
 * NGX_ERROR after logging what is wrong, what = "redis" or "s3".
 */
ngx_int_t ngx_http_qc_endpoint_init(ngx_conf_t *cf, ngx_http_qc_endpoint_t *ep,
    ngx_http_core_loc_conf_t *clcf, const char *what);

/* In init_process: starts resolving, if there is anything to resolve. */
void ngx_http_qc_endpoint_start(ngx_http_qc_endpoint_t *ep, ngx_log_t *log);

/*
 * The next address, or NULL if none is known (yet).  It is the endpoint's,
 * and may be another one in the next event: what has to last is copied.
 */
ngx_http_qc_addr_t *ngx_http_qc_endpoint_next(ngx_http_qc_endpoint_t *ep);


#endif /* _NGX_HTTP_QC_ENDPOINT_H_INCLUDED_ */
