
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * Locks on keys, in the shared memory of a zone: of equal misses one runs
 * the upstream, and the others wait for what becomes of it.  A lock has a
 * token, which only its owner knows, and a lease, which a timer of its worker
 * renews: that of a worker that was killed runs out, and so does any when it
 * is as old as it may become.
 *
 * Who waits is in a list of its own worker.  Those beside the owner are woken
 * at once, by posted events; others by a timer of their worker that looks at
 * each place of the table somebody waits at.
 *
 * Who has waited for long runs the upstream beside the owner: that is an
 * extra run, of which there is a bound.  Extra runs are counted in their
 * worker alone, so that one that is killed leaves nothing behind.
 */

#ifndef _NGX_HTTP_QC_LOCK_H_INCLUDED_
#define _NGX_HTTP_QC_LOCK_H_INCLUDED_


#include "../common/ngx_http_qc_stats.h"
#include "../core/qc_base.h"


#define NGX_HTTP_QC_LOCK_SIZE      64  /* bytes of shared memory each takes,
                                          at most */


typedef struct ngx_http_qc_locks_sh_s    ngx_http_qc_locks_sh_t;
typedef struct ngx_http_qc_lock_place_s  ngx_http_qc_lock_place_t;
typedef struct ngx_http_qc_lock_wait_s   ngx_http_qc_lock_wait_t;
typedef struct ngx_http_qc_lock_s        ngx_http_qc_lock_t;


typedef struct {
    ngx_uint_t                     number;  /* as configured; 0: off */
    ngx_slab_pool_t               *shpool;
    ngx_http_qc_locks_sh_t        *sh;      /* NULL: off */
    ngx_http_qc_stats_t           *stats;

    /* of this worker */
    ngx_uint_t                     max;     /* runs for which these count, */
    ngx_uint_t                    *nfills;  /* background fills, too, and */
    ngx_uint_t                     nextras; /* extra ones; 0: no bound */
    ngx_http_qc_lock_place_t      *places;  /* as they are in the table */
    ngx_queue_t                    waited;  /* those somebody waits at */
    ngx_queue_t                    back;    /* waits held back */
    ngx_queue_t                    held;    /* locks */
    ngx_queue_t                    extras;  /* locks of counted runs */
    ngx_event_t                    look;
    ngx_event_t                    renew;
    ngx_connection_t               ident;   /* of these */
} ngx_http_qc_locks_t;


typedef enum {
    NGX_HTTP_QC_LOCK_STORED = 0,       /* or not known: look again */
    NGX_HTTP_QC_LOCK_UNSTORED,         /* there is nothing to wait for */
    NGX_HTTP_QC_LOCK_LOST,             /* look again: it can be taken */
    NGX_HTTP_QC_LOCK_TIMEOUT           /* of a wait: run the upstream */
} ngx_http_qc_lock_result_e;


/*
 * To be released if it has a token; zero it before it is taken.  One that is
 * extra is not held: it stands for a run beside that of the owner.
 */

struct ngx_http_qc_lock_s {
    ngx_queue_t                    queue;
    ngx_http_qc_locks_t           *locks;
    u_char                         key[QC_KEY_LEN];
    ngx_uint_t                     place;
    uint64_t                       token;
    uint64_t                       other;   /* of who has it, if not held */
    ngx_msec_t                     deadline;

    /* called once, when it is released, even if it has run out; or NULL */
    void                         (*released)(ngx_http_qc_lock_t *lock,
                                             ngx_http_qc_lock_result_e result);
    void                          *remote;  /* of that; moves with the lock */

    unsigned                       extra:1;
    unsigned                       counted:1;   /* in nextras */
};


/*
 * Of a request; result is set when handler is called, from an event.  It is
 * zero at first, and may be used again, with its bounds as they are.
 */

struct ngx_http_qc_lock_wait_s {
    ngx_queue_t                    queue;   /* of its place */
    ngx_queue_t                    back;    /* if it is held back */
    ngx_http_qc_lock_t            *lock;    /* NULL: it does not wait */
    ngx_event_t                    event;   /* the bound; posted when woken */
    ngx_http_qc_lock_result_e      result;
    void                         (*handler)(ngx_http_qc_lock_wait_t *wait);
    void                          *data;

    /* set by who waits; times are ngx_current_msec */
    ngx_uint_t                     max;     /* extra runs of the key in this
                                               worker; 0: no bound */
    ngx_msec_t                     deadline;    /* then it is one of these, */
    ngx_msec_t                     last;    /* and then it is, in any case */

    unsigned                       timed_out:1;
    unsigned                       held_back:1;
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

/*
 * In a worker.  max: how many extra runs and, as *nfills counts them,
 * background fills there are at once.
 */
ngx_int_t ngx_http_qc_locks_start(ngx_http_qc_locks_t *locks,
    ngx_uint_t max, ngx_uint_t *nfills, ngx_cycle_t *cycle);

/*
 * NGX_OK: taken, for age ms at most.  NGX_AGAIN: another has it, and this lock
 * is of use to wait() only.  NGX_DECLINED: there are no locks, or no place
 * for one.  NGX_DONE, unless since is NULL: an answer was stored since then,
 * in ngx_current_msec, so look again.
 */
ngx_int_t ngx_http_qc_lock_take(ngx_http_qc_locks_t *locks,
    ngx_http_qc_lock_t *lock, const u_char *key, ngx_msec_t age,
    ngx_msec_t *since);

/* Whether another could not take it now. */
ngx_uint_t ngx_http_qc_lock_busy(ngx_http_qc_locks_t *locks,
    const u_char *key);

/* For age ms from now on, whatever was said when it was taken. */
void ngx_http_qc_lock_extend(ngx_http_qc_lock_t *lock, ngx_msec_t age);

/*
 * Does nothing if it has no token.  What is stored wakes all who wait for the
 * key, whoever holds it by now.  With any other result one that has run out
 * wakes nobody, and one that is extra only makes room for another.
 */
void ngx_http_qc_lock_release(ngx_http_qc_lock_t *lock,
    ngx_http_qc_lock_result_e result);

/* Ends the lock on a key, whoever holds it: all who wait are told. */
void ngx_http_qc_lock_end(ngx_http_qc_locks_t *locks, const u_char *key,
    ngx_http_qc_lock_result_e result);

/* To another owner in this worker. */
void ngx_http_qc_lock_move(ngx_http_qc_lock_t *to, ngx_http_qc_lock_t *from);

/* How many wait for it on this machine; 0 if it is not held any more. */
ngx_uint_t ngx_http_qc_lock_awaited(ngx_http_qc_lock_t *lock);

/*
 * What `to` stands for is as good as what `from` does: the one of them that
 * others wait for is `to` then.  `from` keeps its token if neither can be
 * given up.
 */
void ngx_http_qc_lock_join(ngx_http_qc_lock_t *to, ngx_http_qc_lock_t *from);

/*
 * Calls wait->handler once: not from within, and at wait->last at the latest.
 * With NGX_HTTP_QC_LOCK_TIMEOUT the lock is an extra one, to be released.
 * The lock must stay where it is until then.  c is for the log.
 */
void ngx_http_qc_lock_wait(ngx_http_qc_lock_t *lock,
    ngx_http_qc_lock_wait_t *wait, ngx_connection_t *c);

/* The handler will not be called; harmless if it was, or wait is zero. */
void ngx_http_qc_lock_leave(ngx_http_qc_lock_wait_t *wait);

/* A background fill has ended: those held back may go on. */
void ngx_http_qc_locks_admit(ngx_http_qc_locks_t *locks);


#endif /* _NGX_HTTP_QC_LOCK_H_INCLUDED_ */
