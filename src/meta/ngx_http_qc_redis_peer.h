
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * The transport's own: ngx_http_qc_redis.c has the commands and the verdict
 * on the server, ngx_http_qc_redis_conn.c the connection, be it that of the
 * commands or that of a subscription (ngx_http_qc_redis_sub.c).  Only the
 * events of this connection and its timers call what can fail: a command
 * never ends inside ngx_http_qc_redis_command().
 */

#ifndef _NGX_HTTP_QC_REDIS_PEER_H_INCLUDED_
#define _NGX_HTTP_QC_REDIS_PEER_H_INCLUDED_


#include "ngx_http_qc_redis_sub.h"
#include "ngx_http_qc_redis_reply.h"

#include <ngx_event.h>
#include <ngx_event_connect.h>


#define NGX_HTTP_QC_REDIS_IN         16384  /* bytes read at once */
#define NGX_HTTP_QC_REDIS_READS      16     /* of these, in a turn */


typedef enum {
    NGX_HTTP_QC_REDIS_STARTING = 0,    /* no verdict yet: commands wait */
    NGX_HTTP_QC_REDIS_READY,
    NGX_HTTP_QC_REDIS_DOWN             /* set aside: commands are refused */
} ngx_http_qc_redis_state_e;


typedef enum {
    NGX_HTTP_QC_REDIS_AUTH = 0,
    NGX_HTTP_QC_REDIS_SELECT,
    NGX_HTTP_QC_REDIS_PING,
    NGX_HTTP_QC_REDIS_SETNAME,
    NGX_HTTP_QC_REDIS_SUBSCRIBE,
    NGX_HTTP_QC_REDIS_STEPS
} ngx_http_qc_redis_step_e;


typedef struct {
    ngx_queue_t                   queue;
    ngx_http_qc_redis_reply_pt    handler;  /* NULL: cancelled */
    void                         *data;
    ngx_msec_t                    deadline;
    unsigned                      optional:1;
} ngx_http_qc_redis_op_t;


struct ngx_http_qc_redis_peer_s {
    ngx_http_qc_redis_t          *redis;
    ngx_http_qc_redis_sub_t      *sub;      /* NULL: it is for commands */
    const char                   *what;     /* it is, in messages */
    qc_metric_e                   made;     /* counts connections */
    qc_metric_e                   aside;    /* and that it was set aside */
    ngx_http_qc_redis_state_e     state;

    ngx_peer_connection_t         pc;
    ngx_uint_t                    tried;    /* addresses, in this attempt */
    ngx_msec_t                    ready;    /* when it last became so */
    ngx_msec_t                    backoff;  /* 0: the last attempt was good */
    ngx_err_t                     reason;   /* as reported */

    ngx_log_t                    *cycle_log;
    ngx_log_t                     log;
    ngx_pool_t                   *pool;

    ngx_event_t                   flush;    /* posted, once per loop turn */
    ngx_event_t                   deadline; /* of the oldest command */
    ngx_event_t                   retry;    /* cancelable */
    ngx_connection_t              dummy;    /* the ident of these events */

    ngx_queue_t                   ops;      /* in the order of replies */
    ngx_queue_t                   free;
    ngx_uint_t                    nops;

    /* commands not yet sent */
    u_char                       *start;
    u_char                       *pos;
    u_char                       *last;
    u_char                       *end;

    /* sent first on a new connection, and the replies to it */
    u_char                       *hello;
    u_char                       *hello_pos;
    u_char                       *hello_last;
    ngx_http_qc_redis_step_e      steps[NGX_HTTP_QC_REDIS_STEPS];
    ngx_uint_t                    nsteps;
    ngx_uint_t                    step;

    redisReader                  *reader;
    size_t                        fed;      /* since the last whole reply */
    ngx_http_qc_redis_arena_t     arena;
    u_char                        in[NGX_HTTP_QC_REDIS_IN];

    unsigned                      connected:1;
    unsigned                      sent:1;   /* of the pending commands, any */
    unsigned                      reported:1;  /* this outage was logged */
};


/* ngx_http_qc_redis.c */

/* One that nothing has begun to connect yet; sub: NULL, or what it is for. */
ngx_http_qc_redis_peer_t *ngx_http_qc_redis_peer(ngx_http_qc_redis_t *redis,
    ngx_http_qc_redis_sub_t *sub, ngx_cycle_t *cycle);

/* As ngx_http_qc_redis_command() does. */
void *ngx_http_qc_redis_peer_command(ngx_http_qc_redis_peer_t *peer, int argc,
    const char **argv, const size_t *argvlen,
    ngx_http_qc_redis_reply_pt handler, void *data, qc_metric_e *reason);

/*
 * Sets the server aside: the connection is closed, all commands fail for
 * this reason, and the next attempt is planned.
 */
void ngx_http_qc_redis_fail(ngx_http_qc_redis_peer_t *peer,
    qc_metric_e reason, ngx_err_t err, const char *why);
void ngx_http_qc_redis_backoff(ngx_http_qc_redis_peer_t *peer);

/* The oldest command, taken from the queue: its handler, or NULL. */
ngx_http_qc_redis_reply_pt ngx_http_qc_redis_shift(
    ngx_http_qc_redis_peer_t *peer, ngx_queue_t *ops, void **data);

/* Forgets what is not yet sent, and the memory if it has grown. */
void ngx_http_qc_redis_clear(ngx_http_qc_redis_peer_t *peer);

u_char *ngx_http_qc_redis_write(u_char *p, int argc, const char **argv,
    const size_t *argvlen);


/* ngx_http_qc_redis_conn.c */

ngx_int_t ngx_http_qc_redis_hello(ngx_http_qc_redis_peer_t *peer);
void ngx_http_qc_redis_connect(ngx_http_qc_redis_peer_t *peer);
void ngx_http_qc_redis_send(ngx_http_qc_redis_peer_t *peer);
void ngx_http_qc_redis_close(ngx_http_qc_redis_peer_t *peer);


#endif /* _NGX_HTTP_QC_REDIS_PEER_H_INCLUDED_ */
