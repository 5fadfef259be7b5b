
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * Locks on keys in Redis: of machines with equal misses one runs the
 * upstream, and the others wait for what becomes of it.  They are asked for
 * by who holds the local lock (ngx_http_qc_lock.h), so there is one of a key
 * in a worker, as a rule.
 *
 * The string "<prefix>~lock:<64 hex>" is the random token of who holds it,
 * and lives for a lease of 3 s, which a timer of its worker renews: that of a
 * machine that is gone runs out.  Or it is "-", and lives for as long as
 * nobody need wait, since the last answer could not be stored; or "+", for a
 * second, after one was: who has looked before that finds it now.  It never
 * stays without a time to live.
 *
 * Its end is published on the channel "<prefix>~fills":
 *
 *     1 <64 hex> s    stored, or not known: look again
 *     1 <64 hex> u    unstored: there is nothing to wait for
 *     1 <64 hex> l    lost: look again, another may take it
 *
 * Messages can be lost, and a lease that runs out is no message.  As a net the
 * keys that are waited for are looked at, each second, or four times a second
 * while there is no subscription.  Should Redis lose or grant twice a lock,
 * the upstream is run once more.
 */

#ifndef _NGX_HTTP_QC_REDIS_LOCK_H_INCLUDED_
#define _NGX_HTTP_QC_REDIS_LOCK_H_INCLUDED_


#include "ngx_http_qc_redis.h"
#include "ngx_http_qc_lock.h"


typedef struct ngx_http_qc_redis_lock_s  ngx_http_qc_redis_lock_t;


typedef enum {
    NGX_HTTP_QC_REDIS_LOCK_HELD = 0,
    NGX_HTTP_QC_REDIS_LOCK_BUSY,       /* another has it */
    NGX_HTTP_QC_REDIS_LOCK_ALONE,      /* there is nothing to wait for */
    NGX_HTTP_QC_REDIS_LOCK_STORED,     /* just then: look again */
    NGX_HTTP_QC_REDIS_LOCK_FAILED      /* Redis does not tell */
} ngx_http_qc_redis_lock_rc_e;


/* Either may take, wait, and release, this lock, too. */

typedef void (*ngx_http_qc_redis_lock_take_pt)(ngx_http_qc_redis_lock_t *lock,
    ngx_http_qc_redis_lock_rc_e rc, void *data);
typedef void (*ngx_http_qc_redis_lock_wait_pt)(ngx_http_qc_redis_lock_t *lock,
    ngx_http_qc_lock_result_e result, void *data);


/*
 * In a worker, by ngx_http_qc_redis_start() if conf.fills is set: without
 * this all locks are refused.
 */
ngx_int_t ngx_http_qc_redis_locks_start(ngx_http_qc_redis_t *redis,
    ngx_cycle_t *cycle);

/*
 * Asks for the lock of a key, which is then held for age ms at most; again:
 * whatever was stored just then.  NULL: refused.  Otherwise done is called
 * once, later, within the time-out of a command; and the lock is the caller's
 * to release, whatever done says.
 */
ngx_http_qc_redis_lock_t *ngx_http_qc_redis_lock_take(
    ngx_http_qc_redis_t *redis, const u_char *key, ngx_msec_t age,
    ngx_uint_t again, ngx_http_qc_redis_lock_take_pt done, void *data);

/* After ALONE: for how long, in ms, as Redis says; not bounded. */
ngx_msec_t ngx_http_qc_redis_lock_alone(ngx_http_qc_redis_lock_t *lock);

/*
 * After BUSY, or after a wait that ended with TIMEOUT: done is called once,
 * later, after timeout ms at the latest.
 */
void ngx_http_qc_redis_lock_wait(ngx_http_qc_redis_lock_t *lock,
    ngx_msec_t timeout, ngx_http_qc_redis_lock_wait_pt done, void *data);

/*
 * Ends it in any state: it is freed, and done will not be called.  If it is
 * held, others are told the result.  With UNSTORED they are kept from waiting
 * for alone_ms, unless that is 0.
 */
void ngx_http_qc_redis_lock_release(ngx_http_qc_redis_lock_t *lock,
    ngx_http_qc_lock_result_e result, ngx_msec_t alone_ms);


#endif /* _NGX_HTTP_QC_REDIS_LOCK_H_INCLUDED_ */
