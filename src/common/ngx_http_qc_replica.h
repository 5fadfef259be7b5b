
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * A copy of a client's request, so that its content handler can be run once
 * more when the client, its connection and its pool may be gone.  What a
 * handler or a variable can ask for is there as it was: the request line,
 * fields, the body, captures, variables with a value, addresses.  Conditions
 * and ranges are not: they are the client's own.
 */

#ifndef _NGX_HTTP_QC_REPLICA_H_INCLUDED_
#define _NGX_HTTP_QC_REPLICA_H_INCLUDED_


#include "ngx_http_qc_detached.h"


/*
 * Makes d's request the copy of r; all memory is of d's pool.  Variables of
 * r that tell of its connection are evaluated.  NGX_OK, NGX_ERROR, or
 * NGX_DECLINED: r cannot be repeated.
 */
ngx_int_t ngx_http_qc_replica(ngx_http_qc_detached_t *d,
    ngx_http_request_t *r);

/*
 * The same without a body, and with GET: to ask something else in the name of
 * the same client.  NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_http_qc_replica_bare(ngx_http_qc_detached_t *d,
    ngx_http_request_t *r);

/* Parts of these; the body may be NGX_DECLINED, too. */
ngx_int_t ngx_http_qc_replica_body(ngx_http_request_t *to,
    ngx_http_request_t *r);
ngx_int_t ngx_http_qc_replica_str(ngx_pool_t *pool, ngx_str_t *to,
    ngx_str_t *from);

/*
 * The subrequest of d's request that a content handler may be run on: to the
 * handler it looks like the client's.  Redirects end in an error, and there
 * is no post_action.  It is the active request of the connection.
 */
ngx_http_request_t *ngx_http_qc_replica_subrequest(ngx_http_qc_detached_t *d,
    ngx_http_post_subrequest_t *ps, ngx_http_event_handler_pt handler);


#endif /* _NGX_HTTP_QC_REPLICA_H_INCLUDED_ */
