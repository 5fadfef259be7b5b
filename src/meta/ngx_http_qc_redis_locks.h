
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * The locks' own: ngx_http_qc_redis_lock.c has those that are taken and held,
 * ngx_http_qc_redis_wait.c those that are waited for.
 */

#ifndef _NGX_HTTP_QC_REDIS_LOCKS_H_INCLUDED_
#define _NGX_HTTP_QC_REDIS_LOCKS_H_INCLUDED_


#include "ngx_http_qc_redis_lock.h"
#include "ngx_http_qc_redis_meta.h"
#include "ngx_http_qc_redis_sub.h"


#define NGX_HTTP_QC_REDIS_LOCK_MAX      4096  /* of a worker and zone */
#define NGX_HTTP_QC_REDIS_LOCK_BUCKETS  1024

#define NGX_HTTP_QC_REDIS_LOCK_LEASE    3000  /* ms */
#define NGX_HTTP_QC_REDIS_LOCK_RENEW    1000
#define NGX_HTTP_QC_REDIS_LOCK_RECENT   1000  /* of "+" */
#define NGX_HTTP_QC_REDIS_LOCK_CHECK    1000  /* with a subscription */
#define NGX_HTTP_QC_REDIS_LOCK_LOOK     250   /* without */
#define NGX_HTTP_QC_REDIS_LOCK_NEXT     5     /* of all, one after another */
#define NGX_HTTP_QC_REDIS_LOCK_TURN     64    /* checks */

#define NGX_HTTP_QC_REDIS_TOKEN_LEN     32    /* hex digits */
#define NGX_HTTP_QC_REDIS_LOCK_KEY_MAX                                        \
    (NGX_HTTP_QC_REDIS_KEY_MAX + sizeof("~lock:") - 1)

/* "1 <64 hex> s" */
#define NGX_HTTP_QC_REDIS_FILL_LEN      (2 + 2 * QC_KEY_LEN + 2)


typedef enum {
    NGX_HTTP_QC_REDIS_LOCK_TAKING = 0,
    NGX_HTTP_QC_REDIS_LOCK_GIVEN_UP,   /* while it was being taken */
    NGX_HTTP_QC_REDIS_LOCK_OWNED,
    NGX_HTTP_QC_REDIS_LOCK_OTHERS,     /* and not yet waited for */
    NGX_HTTP_QC_REDIS_LOCK_WAITING,
    NGX_HTTP_QC_REDIS_LOCK_OVER
} ngx_http_qc_redis_lock_state_e;


struct ngx_http_qc_redis_lock_s {
    ngx_queue_t                       queue;  /* of its bucket, or free */
    ngx_queue_t                       all;    /* held, or waiting */
    ngx_http_qc_redis_t              *redis;
    ngx_http_qc_redis_lock_state_e    state;

    void                             *pending;   /* command */
    ngx_http_qc_redis_lock_take_pt    take;
    ngx_http_qc_redis_lock_wait_pt    wait;
    void                             *data;

    ngx_event_t                       event;     /* timer, posted if woken */
    ngx_msec_t                        deadline;  /* of renewals */
    ngx_msec_t                        alone;     /* ms */
    ngx_http_qc_lock_result_e         result;

    u_char                            key[QC_KEY_LEN];
    u_char                            token[NGX_HTTP_QC_REDIS_TOKEN_LEN];

    unsigned                          lost:1;    /* to be held no longer */
    unsigned                          noted:1;   /* its end may have been */
    unsigned                          behind:1;  /* that, behind pending */
    unsigned                          waited:1;
    unsigned                          recent:1;  /* asked what was stored */
};


struct ngx_http_qc_redis_locks_s {
    ngx_http_qc_redis_t              *redis;
    ngx_http_qc_redis_sub_t           sub;
    ngx_pool_t                       *pool;

    ngx_queue_t                       free;
    ngx_uint_t                        n;         /* in use */
    ngx_queue_t                      *buckets;   /* who may be notified */

    ngx_queue_t                       held;
    ngx_queue_t                       waits;
    ngx_uint_t                        nheld;
    ngx_uint_t                        nwaits;
    ngx_uint_t                        sweep;     /* to be looked at still */

    ngx_event_t                       renew;     /* cancelable */
    ngx_event_t                       check;     /* cancelable */
    ngx_connection_t                  ident;     /* of these, and of waits */

    u_char                            channel[NGX_HTTP_QC_REDIS_CHANNEL_MAX];
};


/* ngx_http_qc_redis_lock.c */

/* Of the lock, handler gets it; NULL if it is refused, which is no fault. */
void *ngx_http_qc_redis_lock_command(ngx_http_qc_redis_lock_t *lock,
    ngx_str_t *args, ngx_uint_t n, ngx_http_qc_redis_reply_pt handler,
    void *data);

/* Of any bytes: whether they are n lower-case hex digits. */
ngx_uint_t ngx_http_qc_redis_lock_hex(const void *data, size_t len, size_t n);


/* ngx_http_qc_redis_wait.c */

ngx_int_t ngx_http_qc_redis_waits_start(ngx_http_qc_redis_locks_t *locks,
    ngx_cycle_t *cycle);

/* From here on its end is noted, and no longer. */
void ngx_http_qc_redis_wait_enter(ngx_http_qc_redis_lock_t *lock);
void ngx_http_qc_redis_wait_leave(ngx_http_qc_redis_lock_t *lock);


#endif /* _NGX_HTTP_QC_REDIS_LOCKS_H_INCLUDED_ */
