
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * Bodies in S3.  Every exchange (GET, HEAD, PUT, DELETE) is an operation: a
 * background subrequest that runs ngx_http_upstream with our callbacks, below
 * a client's request (GET) or a detached one (the others).
 *
 *     ngx_http_qc_s3.c           the tier: read, put, remove, breaker, probe
 *     ngx_http_qc_s3_request.c   one operation: send, check, receive
 *     ngx_http_qc_s3_build.c     its request, signed
 *     ngx_http_qc_s3_peer.c      addresses and keep-alive without upstream{}
 *     ngx_http_qc_s3_conf.c      the "s3" directive
 */

#ifndef _NGX_HTTP_QC_S3_H_INCLUDED_
#define _NGX_HTTP_QC_S3_H_INCLUDED_


#include "ngx_http_qc_tier.h"
#include "../common/ngx_http_qc_detached.h"
#include "../common/ngx_http_qc_endpoint.h"
#include "../core/qc_breaker.h"
#include "../core/qc_sigv4.h"


#define NGX_HTTP_QC_S3_NAME_LEN   512  /* of an encoded object path, at most */
#define NGX_HTTP_QC_S3_RECORD_MAX 1400 /* S3 allows 2 KB of user metadata */

/* of headers, namespace and tags together; what is longer cannot be stored */
#define NGX_HTTP_QC_S3_STRINGS_MAX                                            \
    (NGX_HTTP_QC_S3_RECORD_MAX - QC_RECORD_FIXED)


typedef struct ngx_http_qc_s3_s     ngx_http_qc_s3_t;
typedef struct ngx_http_qc_s3_op_s  ngx_http_qc_s3_op_t;

typedef void (*ngx_http_qc_s3_done_pt)(ngx_http_qc_s3_op_t *op);


struct ngx_http_qc_s3_s {
    ngx_http_qc_tier_t             tier;        /* first */

    ngx_http_qc_endpoint_t         endpoint;
    ngx_http_upstream_conf_t       upstream;    /* timeouts, TLS */
    ngx_http_upstream_srv_conf_t   private_upstream;
    ngx_http_conf_ctx_t           *ctx;         /* of a server{} */

    ngx_str_t                      host;        /* of the Host header */
    ngx_str_t                      bucket;
    ngx_str_t                      prefix;
    ngx_str_t                      base;        /* path before object names,
                                                   encoded, with slashes */
    ngx_str_t                      token;       /* session token */
    ngx_str_t                      tags;
    ngx_str_t                      storage_class;
    ngx_str_t                      ca;
    ngx_str_t                      region;
    ngx_str_t                      access_key;
    ngx_str_t                      secret_key;
    qc_sigv4_cred_t                cred;

    ngx_msec_t                     backoff_min;
    ngx_msec_t                     backoff_max;
    ngx_uint_t                     max_fails;
    ngx_uint_t                     keepalive;

    ngx_str_t                      file;        /* where it was configured */
    ngx_uint_t                     line;

    unsigned                       ssl:1;
    unsigned                       verify:1;
    unsigned                       virtual_style:1;
    unsigned                       rsc:1;       /* objects of qc_rsc.h */

    /* per worker */
    qc_breaker_t                   breaker;
    qc_sigv4_day_t                 day;
    ngx_queue_t                    idle;        /* connections kept alive */
    ngx_queue_t                    idle_free;
    ngx_event_t                    probe;
    ngx_connection_t               probe_ident;
    u_char                         probe_id[QC_OBJECT_ID_LEN];
    u_char                         probe_key[QC_KEY_LEN];
    unsigned                       probing:1;
};


struct ngx_http_qc_s3_op_s {
    ngx_http_qc_s3_t              *s3;
    ngx_uint_t                     method;      /* NGX_HTTP_GET, ... */
    u_char                         id[QC_OBJECT_ID_LEN];

    const u_char                  *key;         /* names the object if rsc */

    /* PUT */
    const u_char                  *payload;     /* SHA-256 of the body */
    const qc_record_t             *record;      /* GET and PUT */
    ngx_chain_t                   *body;

    /* GET */
    ngx_http_qc_read_t            *read;

    ngx_http_qc_s3_done_pt         done;        /* once, not after abort */
    void                          *data;

    /* the result, valid in done() */
    ngx_int_t                      rc;          /* as a tier's read() */
    qc_metric_e                    reason;
    ngx_uint_t                     status;      /* of the answer; 0: none */

    /* private */
    ngx_http_request_t            *request;     /* the subrequest */
    ngx_http_status_t              line;
    off_t                          length;      /* Content-Length, or -1 */
    time_t                         modified;    /* Last-Modified, or -1 */
    u_char                         answered[QC_OBJECT_ID_LEN];
    unsigned                       line_done:1;
    unsigned                       has_id:1;
    unsigned                       differs:1;   /* from the record */
    unsigned                       close:1;
    unsigned                       chunked:1;
    unsigned                       begun:1;
    unsigned                       timedout:1;  /* amid the body */
    unsigned                       cancelled:1; /* the reader gave up */
};


/* "s3 URL parameter=value...": cf->args; NGX_CONF_OK or text. */
char *ngx_http_qc_s3_set(ngx_conf_t *cf, ngx_http_qc_s3_t *s3);

/* After the configuration is read; logs what is wrong. */
ngx_int_t ngx_http_qc_s3_init(ngx_conf_t *cf, ngx_http_qc_s3_t *s3,
    ngx_http_qc_stats_t *stats);

/* In init_process. */
ngx_int_t ngx_http_qc_s3_start(ngx_http_qc_s3_t *s3, ngx_cycle_t *cycle);

/* Our filters ask for each subrequest: NGX_DECLINED if it is not ours. */
ngx_int_t ngx_http_qc_s3_header_filter(ngx_http_request_t *sr);
ngx_int_t ngx_http_qc_s3_body_filter(ngx_http_request_t *sr);


/* Between the files of this backend.  The operation is in the context slot
   of the filter module: the other module's is the client's request's. */

extern ngx_module_t  ngx_http_query_cache_filter_module;

ngx_int_t ngx_http_qc_s3_send(ngx_http_qc_s3_op_t *op,
    ngx_http_request_t *parent);
void ngx_http_qc_s3_abort(ngx_http_qc_s3_op_t *op);
ngx_int_t ngx_http_qc_s3_create_request(ngx_http_request_t *sr);
void ngx_http_qc_s3_result(ngx_http_qc_s3_op_t *op, ngx_int_t rc);
ngx_int_t ngx_http_qc_s3_peer_init(ngx_http_request_t *r,
    ngx_http_upstream_srv_conf_t *us);
ngx_int_t ngx_http_qc_s3_peer_start(ngx_http_qc_s3_t *s3, ngx_pool_t *pool);


#endif /* _NGX_HTTP_QC_S3_H_INCLUDED_ */
