
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * Locks on keys, in the shared memory of a zone: of equal misses one runs
 * the upstream, and the others wait for what becomes of it.  A lock has a
 * token, which only its owner knows, and a lease, which a timer of its worker
 * renews: that of a worker that was killed runs out.
 *
 * Who waits is in a list of its own worker.  Those beside the owner are woken
 * at once, by posted events; others by a timer of their worker that looks at
 * the table.
 */

#ifndef _NGX_HTTP_QC_LOCK_H_INCLUDED_
#define _NGX_HTTP_QC_LOCK_H_INCLUDED_


#include "../common/ngx_http_qc_stats.h"
#include "../core/qc_base.h"


#define NGX_HTTP_QC_LOCK_SIZE      64  /* bytes of shared memory each takes,
                                          at most */


typedef struct ngx_http_qc_locks_sh_s   ngx_http_qc_locks_sh_t;
typedef struct ngx_http_qc_lock_wait_s  ngx_http_qc_lock_wait_t;


typedef struct {
    ngx_uint_t                     number;  /* as configured; 0: off */
    ngx_slab_pool_t               *shpool;
    ngx_http_qc_locks_sh_t        *sh;      /* NULL: off */
    ngx_http_qc_stats_t           *stats;

    /* of this worker */
    ngx_queue_t                   *waiting; /* by place in the table */
    ngx_queue_t                    waits;   /* all of them */
    ngx_queue_t                    held;    /* locks */
    ngx_event_t                    look;
    ngx_event_t                    renew;
    ngx_connection_t               ident;   /* of these */
} ngx_http_qc_locks_t;


/* Held if it has a token; zero it before it is taken. */

typedef struct {
    ngx_queue_t                    queue;
    ngx_http_qc_locks_t           *locks;
    ngx_uint_t                     place;
    uint64_t                       token;
    uint64_t                       other;   /* of who has it, if not held */
    ngx_msec_t                     deadline;
} ngx_http_qc_lock_t;


typedef enum {
    NGX_HTTP_QC_LOCK_STORED = 0,       /* or not known: look again */
    NGX_HTTP_QC_LOCK_UNSTORED,         /* there is nothing to wait for */
    NGX_HTTP_QC_LOCK_TIMEOUT
} ngx_http_qc_lock_result_e;


/* Of a request; result is set when handler is called, from an event. */

struct ngx_http_qc_lock_wait_s {
    ngx_queue_t                    queue;   /* of its place */
    ngx_queue_t                    all;
    ngx_http_qc_locks_t           *locks;   /* NULL: it does not wait */
    ngx_uint_t                     place;
    uint64_t                       token;   /* of the owner */
    ngx_event_t                    event;   /* the bound; posted when woken */
    ngx_http_qc_lock_result_e      result;
    void                         (*handler)(ngx_http_qc_lock_wait_t *wait);
    void                          *data;
};


/* Makes the shared part in fresh memory; NULL if it does not fit. */
ngx_http_qc_locks_sh_t *ngx_http_qc_locks_create(ngx_slab_pool_t *shpool,
    ngx_uint_t number);

/*
 * Takes it into use.  It keeps the number it was made with: a reload that
 * asks for another one is told so in the log.
 */
void ngx_http_qc_locks_init(ngx_http_qc_locks_t *locks,
    ngx_slab_pool_t *shpool, ngx_http_qc_locks_sh_t *sh,
    ngx_http_qc_stats_t *stats, ngx_log_t *log);

/* In a worker. */
ngx_int_t ngx_http_qc_locks_start(ngx_http_qc_locks_t *locks,
    ngx_cycle_t *cycle);

/*
 * NGX_OK: taken, for age ms at most.  NGX_AGAIN: another has it, and this lock
 * is of use to wait() only.  NGX_DECLINED: there are no locks, or no place
 * for one.
 */
ngx_int_t ngx_http_qc_lock_take(ngx_http_qc_locks_t *locks,
    ngx_http_qc_lock_t *lock, const u_char *key, ngx_msec_t age);

/* Does nothing if it is not held; one that has run out is another's. */
void ngx_http_qc_lock_release(ngx_http_qc_lock_t *lock,
    ngx_http_qc_lock_result_e result);

/* To another owner in this worker. */
void ngx_http_qc_lock_move(ngx_http_qc_lock_t *to, ngx_http_qc_lock_t *from);

/*
 * Calls wait->handler once: not from within, and after timeout ms at the
 * latest.  c is for the log.
 */
void ngx_http_qc_lock_wait(ngx_http_qc_lock_t *lock,
    ngx_http_qc_lock_wait_t *wait, ngx_connection_t *c, ngx_msec_t timeout);

/* The handler will not be called; harmless if it was, or wait is zero. */
void ngx_http_qc_lock_leave(ngx_http_qc_lock_wait_t *wait);


#endif /* _NGX_HTTP_QC_LOCK_H_INCLUDED_ */
