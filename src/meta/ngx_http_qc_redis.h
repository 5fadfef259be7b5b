
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * Metadata in Redis.  The transport is one pipelined connection per worker
 * (nginx does the I/O, hiredis parses), the commands are those of
 * ngx_http_qc_redis_meta.c.
 *
 * Nothing waits for a connection but the first commands of a worker, and
 * those one deadline; after a failure commands are refused at once while the
 * worker reconnects in the background, and allowed again when Redis has
 * answered a PING.
 *
 * Where fills are shared with other machines, a second connection listens
 * to what becomes of theirs: see ngx_http_qc_redis_lock.h.
 */

#ifndef _NGX_HTTP_QC_REDIS_H_INCLUDED_
#define _NGX_HTTP_QC_REDIS_H_INCLUDED_


#include "ngx_http_qc_meta.h"
#include "../common/ngx_http_qc_endpoint.h"


typedef struct ngx_http_qc_redis_s        ngx_http_qc_redis_t;
typedef struct ngx_http_qc_redis_peer_s   ngx_http_qc_redis_peer_t;
typedef struct ngx_http_qc_redis_locks_s  ngx_http_qc_redis_locks_t;


typedef struct {
    ngx_str_t                  prefix;      /* of keys; "qc:" */
    ngx_str_t                  user;
    ngx_str_t                  password;
    ngx_uint_t                 db;
    ngx_msec_t                 timeout;     /* of a command, from queueing */
    ngx_msec_t                 backoff_min;
    ngx_msec_t                 backoff_max;
    ngx_uint_t                 queue;       /* commands pending, at most */
    unsigned                   rsc:1;       /* records of qc_rsc.h */
    unsigned                   fills:1;     /* locks of keys are wanted */
} ngx_http_qc_redis_conf_t;


struct ngx_http_qc_redis_s {
    ngx_http_qc_meta_t         meta;   /* first: get, put, drop */
    ngx_http_qc_redis_conf_t   conf;
    ngx_http_qc_endpoint_t     endpoint;

    /* of the worker */
    ngx_http_qc_redis_peer_t   *peer;  /* its connection */
    ngx_http_qc_redis_peer_t   *sub;   /* that of its subscription, or NULL */
    ngx_http_qc_redis_locks_t  *locks; /* NULL: there are none */
};


/*
 * A reply as hiredis parsed it, valid during this call and never nested, or
 * NULL and why: QC_R_META_...
 */
typedef void (*ngx_http_qc_redis_reply_pt)(ngx_http_qc_redis_t *redis,
    void *data, redisReply *reply, qc_metric_e reason);


/*
 * "redis URL [prefix=...]": cf->args of the directive; NGX_CONF_OK or text.
 * Sets endpoint.host and .port, conf.user, .password, .db and .prefix; the
 * rest of conf is the caller's, and so is ngx_http_qc_endpoint_init().
 */
char *ngx_http_qc_redis_set(ngx_conf_t *cf, ngx_http_qc_redis_t *redis);

void ngx_http_qc_redis_init(ngx_http_qc_redis_t *redis,
    ngx_http_qc_stats_t *stats);

/*
 * In init_process of a worker: starts the endpoint and to connect, waits for
 * nothing.  Until then everything is refused.
 */
ngx_int_t ngx_http_qc_redis_start(ngx_http_qc_redis_t *redis,
    ngx_cycle_t *cycle);


/*
 * Transport.  Queues one command: a handle for cancel, and handler will be
 * called exactly once, later (never from inside this call); or NULL and
 * *reason if it was refused (handler will not be called).
 */
void *ngx_http_qc_redis_command(ngx_http_qc_redis_t *redis, int argc,
    const char **argv, const size_t *argvlen,
    ngx_http_qc_redis_reply_pt handler, void *data, qc_metric_e *reason);
void ngx_http_qc_redis_cancel(void *handle);

/*
 * Should this command be denied to the user, that says nothing of others:
 * Redis is not set aside for it.
 */
void ngx_http_qc_redis_optional(void *handle);

/*
 * Whether a command that can be left out may be queued now: one that is
 * would not be refused, and leaves half of the queue to others.
 */
ngx_uint_t ngx_http_qc_redis_spare(ngx_http_qc_redis_t *redis);


#endif /* _NGX_HTTP_QC_REDIS_H_INCLUDED_ */
