
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "ngx_http_qc_redis_locks.h"


static void ngx_http_qc_redis_wait_begin(ngx_http_qc_redis_lock_t *lock,
    ngx_msec_t timeout);
static void ngx_http_qc_redis_wait_unlist(ngx_http_qc_redis_lock_t *lock);
static void ngx_http_qc_redis_wait_end(ngx_http_qc_redis_lock_t *lock,
    ngx_http_qc_lock_result_e result);
static void ngx_http_qc_redis_wait_handler(ngx_event_t *ev);

static ngx_queue_t *ngx_http_qc_redis_bucket(ngx_http_qc_redis_locks_t *locks,
    const u_char *key);
static void ngx_http_qc_redis_wait_message(void *data, u_char *p, size_t len);
static void ngx_http_qc_redis_wait_notify(ngx_http_qc_redis_locks_t *locks,
    const u_char *key, ngx_http_qc_lock_result_e result);

static void ngx_http_qc_redis_wait_changed(void *data);
static void ngx_http_qc_redis_wait_arm(ngx_http_qc_redis_locks_t *locks,
    ngx_msec_t ms);
static void ngx_http_qc_redis_check_handler(ngx_event_t *ev);
static void ngx_http_qc_redis_wait_leave_all(
    ngx_http_qc_redis_locks_t *locks);
static ngx_int_t ngx_http_qc_redis_wait_check(ngx_http_qc_redis_lock_t *lock);
static void ngx_http_qc_redis_wait_checked(ngx_http_qc_redis_t *redis,
    void *data, redisReply *reply, qc_metric_e reason);
static void ngx_http_qc_redis_wait_goes_on(ngx_http_qc_redis_lock_t *lock);


static ngx_str_t  ngx_http_qc_redis_get = ngx_string("GET");


ngx_int_t
ngx_http_qc_redis_waits_start(ngx_http_qc_redis_locks_t *locks,
    ngx_cycle_t *cycle)
{
    ngx_str_t                *prefix;
    ngx_uint_t                i;
    ngx_http_qc_redis_sub_t  *sub;

    locks->buckets = ngx_palloc(cycle->pool, NGX_HTTP_QC_REDIS_LOCK_BUCKETS
                                             * sizeof(ngx_queue_t));
    if (locks->buckets == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < NGX_HTTP_QC_REDIS_LOCK_BUCKETS; i++) {
        ngx_queue_init(&locks->buckets[i]);
    }

    ngx_queue_init(&locks->waits);

    locks->check.data = &locks->ident;
    locks->check.handler = ngx_http_qc_redis_check_handler;
    locks->check.log = cycle->log;
    locks->check.cancelable = 1;

    prefix = &locks->redis->conf.prefix;
    sub = &locks->sub;

    sub->channel.len = ngx_sprintf(locks->channel, "%V~fills", prefix)
                       - locks->channel;
    sub->channel.data = locks->channel;
    sub->message = ngx_http_qc_redis_wait_message;
    sub->changed = ngx_http_qc_redis_wait_changed;
    sub->data = locks;

    return ngx_http_qc_redis_sub_start(sub, locks->redis, cycle);
}


void
ngx_http_qc_redis_wait_enter(ngx_http_qc_redis_lock_t *lock)
{
    ngx_queue_insert_tail(ngx_http_qc_redis_bucket(lock->redis->locks,
                                                   lock->key),
                          &lock->queue);
}


/* In any state of a lock that is not held. */

void
ngx_http_qc_redis_wait_leave(ngx_http_qc_redis_lock_t *lock)
{
    switch (lock->state) {

    case NGX_HTTP_QC_REDIS_LOCK_WAITING:
        ngx_http_qc_redis_wait_unlist(lock);

        /* fall through */

    case NGX_HTTP_QC_REDIS_LOCK_TAKING:
    case NGX_HTTP_QC_REDIS_LOCK_OTHERS:
        ngx_queue_remove(&lock->queue);
        break;

    default: /* OVER */
        break;
    }

    if (lock->event.posted) {
        ngx_delete_posted_event(&lock->event);
    }
}


void
ngx_http_qc_redis_lock_wait(ngx_http_qc_redis_lock_t *lock,
    ngx_msec_t timeout, ngx_http_qc_redis_lock_wait_pt done, void *data)
{
    ngx_event_t  *ev;

    lock->wait = done;
    lock->data = data;

    ev = &lock->event;

    ev->data = &lock->redis->locks->ident;
    ev->handler = ngx_http_qc_redis_wait_handler;
    ev->log = ngx_cycle->log;

    if (lock->state == NGX_HTTP_QC_REDIS_LOCK_OTHERS) {
        ngx_http_qc_redis_wait_begin(lock, timeout);

    } else {
        ngx_post_event(ev, &ngx_posted_events);
    }
}


static void
ngx_http_qc_redis_wait_begin(ngx_http_qc_redis_lock_t *lock,
    ngx_msec_t timeout)
{
    ngx_http_qc_redis_locks_t  *locks;

    locks = lock->redis->locks;

    if (!lock->waited) {
        lock->waited = 1;
        ngx_http_qc_count(lock->redis->meta.stats, QC_LOCK_REMOTE_WAITED);
    }

    lock->state = NGX_HTTP_QC_REDIS_LOCK_WAITING;

    ngx_queue_insert_tail(&locks->waits, &lock->all);
    locks->nwaits++;

    /* a request that does nothing but wait keeps its worker by this */

    ngx_add_timer(&lock->event, timeout);

    ngx_http_qc_redis_wait_arm(locks, ngx_http_qc_redis_sub_ready(&locks->sub)
                                      ? NGX_HTTP_QC_REDIS_LOCK_CHECK
                                      : NGX_HTTP_QC_REDIS_LOCK_LOOK);

    /* what was noted may have been the end of who had it before */

    if (lock->noted && ngx_http_qc_redis_wait_check(lock) != NGX_OK) {
        ngx_http_qc_redis_wait_end(lock, lock->result);
    }
}


static void
ngx_http_qc_redis_wait_unlist(ngx_http_qc_redis_lock_t *lock)
{
    ngx_queue_remove(&lock->all);
    lock->redis->locks->nwaits--;

    if (lock->event.timer_set) {
        ngx_del_timer(&lock->event);
    }

    if (lock->pending) {
        ngx_http_qc_redis_cancel(lock->pending);
        lock->pending = NULL;
    }
}


static void
ngx_http_qc_redis_wait_end(ngx_http_qc_redis_lock_t *lock,
    ngx_http_qc_lock_result_e result)
{
    ngx_http_qc_redis_wait_leave(lock);

    lock->state = NGX_HTTP_QC_REDIS_LOCK_OVER;
    lock->result = result;

    ngx_post_event(&lock->event, &ngx_posted_events);
}


/* It is over, or the bound is reached. */

static void
ngx_http_qc_redis_wait_handler(ngx_event_t *ev)
{
    ngx_http_qc_lock_result_e  result;
    ngx_http_qc_redis_lock_t  *lock;

    lock = (ngx_http_qc_redis_lock_t *)
               ((u_char *) ev - offsetof(ngx_http_qc_redis_lock_t, event));

    result = lock->result;

    if (lock->state == NGX_HTTP_QC_REDIS_LOCK_WAITING) {
        ngx_http_qc_redis_wait_unlist(lock);

        lock->state = NGX_HTTP_QC_REDIS_LOCK_OTHERS;
        result = NGX_HTTP_QC_LOCK_TIMEOUT;
    }

    lock->wait(lock, result, lock->data);
}


static ngx_queue_t *
ngx_http_qc_redis_bucket(ngx_http_qc_redis_locks_t *locks, const u_char *key)
{
    uint32_t  n;

    ngx_memcpy(&n, key, sizeof(n));

    return &locks->buckets[n % NGX_HTTP_QC_REDIS_LOCK_BUCKETS];
}


/* Any bytes, of anybody who may publish. */

static void
ngx_http_qc_redis_wait_message(void *data, u_char *p, size_t len)
{
    ngx_http_qc_redis_locks_t *locks = data;

    ngx_http_qc_lock_result_e  result;
    u_char                     key[QC_KEY_LEN];

    if (len != NGX_HTTP_QC_REDIS_FILL_LEN
        || ngx_memcmp(p, "1 ", 2) != 0
        || !ngx_http_qc_redis_lock_hex(p + 2, 2 * QC_KEY_LEN, 2 * QC_KEY_LEN)
        || qc_parse_hex(qc_str(p + 2, 2 * QC_KEY_LEN), key, QC_KEY_LEN)
           != QC_OK
        || p[len - 2] != ' ')
    {
        goto ignored;
    }

    switch (p[len - 1]) {

    case 's':
        result = NGX_HTTP_QC_LOCK_STORED;
        break;

    case 'u':
        result = NGX_HTTP_QC_LOCK_UNSTORED;
        break;

    case 'l':
        result = NGX_HTTP_QC_LOCK_LOST;
        break;

    default:
        goto ignored;
    }

    ngx_http_qc_count(locks->redis->meta.stats, QC_LOCK_NOTIFIED);

    ngx_http_qc_redis_wait_notify(locks, key, result);

    return;

ignored:

    ngx_http_qc_count(locks->redis->meta.stats, QC_LOCK_IGNORED);
}


/*
 * Who does not wait yet may have asked behind the end that this tells of, and
 * it may be that of who had the lock before, or of nobody.  To look again costs
 * little; but before all who wait here go upstream, the key has to say so, too.
 */

static void
ngx_http_qc_redis_wait_notify(ngx_http_qc_redis_locks_t *locks,
    const u_char *key, ngx_http_qc_lock_result_e result)
{
    ngx_queue_t               *q, *next, *bucket;
    ngx_http_qc_redis_lock_t  *lock;

    bucket = ngx_http_qc_redis_bucket(locks, key);

    for (q = ngx_queue_head(bucket);
         q != ngx_queue_sentinel(bucket);
         q = next)
    {
        next = ngx_queue_next(q);
        lock = ngx_queue_data(q, ngx_http_qc_redis_lock_t, queue);

        if (ngx_memcmp(lock->key, key, QC_KEY_LEN) != 0) {
            continue;
        }

        lock->noted = 1;
        lock->result = result;

        if (lock->state != NGX_HTTP_QC_REDIS_LOCK_WAITING) {
            continue;
        }

        lock->behind = (lock->pending != NULL);

        if (result != NGX_HTTP_QC_LOCK_UNSTORED
            || ngx_http_qc_redis_wait_check(lock) != NGX_OK)
        {
            ngx_http_qc_redis_wait_end(lock, result);
        }
    }
}


/* What was published before a subscription has to be asked for. */

static void
ngx_http_qc_redis_wait_changed(void *data)
{
    ngx_http_qc_redis_locks_t *locks = data;

    if (ngx_http_qc_redis_sub_ready(&locks->sub)) {
        locks->sweep = locks->nwaits;
        ngx_http_qc_redis_wait_arm(locks, NGX_HTTP_QC_REDIS_LOCK_NEXT);

    } else {
        ngx_http_qc_redis_wait_arm(locks, NGX_HTTP_QC_REDIS_LOCK_LOOK);
    }
}


/* In that time, or earlier. */

static void
ngx_http_qc_redis_wait_arm(ngx_http_qc_redis_locks_t *locks, ngx_msec_t ms)
{
    ngx_event_t  *ev;

    ev = &locks->check;

    if (locks->nwaits == 0) {
        return;
    }

    if (ev->timer_set) {

        if ((ngx_msec_int_t) (ev->timer.key - ngx_current_msec - ms) <= 0) {
            return;
        }

        ngx_del_timer(ev);
    }

    ngx_add_timer(ev, ms);
}


static void
ngx_http_qc_redis_check_handler(ngx_event_t *ev)
{
    ngx_uint_t                  i, n;
    ngx_queue_t                *q;
    ngx_connection_t           *c;
    ngx_http_qc_redis_locks_t  *locks;

    c = ev->data;
    locks = c->data;

    if (ngx_exiting) {
        ngx_http_qc_redis_wait_leave_all(locks);
        return;
    }

    /* all of them, in turns */

    if (locks->sweep == 0) {
        locks->sweep = locks->nwaits;
    }

    n = ngx_min(locks->nwaits, NGX_HTTP_QC_REDIS_LOCK_TURN);

    for (i = 0; i < n; i++) {

        if (!ngx_http_qc_redis_spare(locks->redis)) {
            break;
        }

        q = ngx_queue_head(&locks->waits);

        ngx_queue_remove(q);
        ngx_queue_insert_tail(&locks->waits, q);

        (void) ngx_http_qc_redis_wait_check(ngx_queue_data(q,
                                              ngx_http_qc_redis_lock_t, all));
    }

    locks->sweep -= ngx_min(locks->sweep, n);

    ngx_http_qc_redis_wait_arm(locks,
                               locks->sweep ? NGX_HTTP_QC_REDIS_LOCK_NEXT
                               : ngx_http_qc_redis_sub_ready(&locks->sub)
                               ? NGX_HTTP_QC_REDIS_LOCK_CHECK
                               : NGX_HTTP_QC_REDIS_LOCK_LOOK);
}


/* A worker that is to leave waits for nobody. */

static void
ngx_http_qc_redis_wait_leave_all(ngx_http_qc_redis_locks_t *locks)
{
    ngx_queue_t  *q;

    while (!ngx_queue_empty(&locks->waits)) {
        q = ngx_queue_head(&locks->waits);

        ngx_http_qc_redis_wait_end(ngx_queue_data(q, ngx_http_qc_redis_lock_t,
                                                  all),
                                   NGX_HTTP_QC_LOCK_LOST);
    }
}


/* NGX_ERROR: it was refused. */

static ngx_int_t
ngx_http_qc_redis_wait_check(ngx_http_qc_redis_lock_t *lock)
{
    if (lock->pending == NULL) {
        lock->pending = ngx_http_qc_redis_lock_command(lock,
                                            &ngx_http_qc_redis_get, 1,
                                            ngx_http_qc_redis_wait_checked,
                                            lock);
    }

    return lock->pending ? NGX_OK : NGX_ERROR;
}


static void
ngx_http_qc_redis_wait_checked(ngx_http_qc_redis_t *redis, void *data,
    redisReply *reply, qc_metric_e reason)
{
    ngx_http_qc_redis_lock_t *lock = data;

    ngx_http_qc_lock_result_e  result;

    lock->pending = NULL;

    if (reply == NULL || reply->type == REDIS_REPLY_ERROR) {

        if (reply) {
            ngx_http_qc_redis_unexpected(redis, reply);
        }

        /* it is asked for again, unless its end was heard of */

        if (lock->noted) {
            ngx_http_qc_redis_wait_end(lock, lock->result);
        }

        return;
    }

    result = NGX_HTTP_QC_LOCK_LOST;

    if (reply->type == REDIS_REPLY_STRING) {

        if (reply->len == NGX_HTTP_QC_REDIS_TOKEN_LEN
            && ngx_memcmp(reply->str, lock->token, reply->len) == 0)
        {
            ngx_http_qc_redis_wait_goes_on(lock);
            return;
        }

        if (reply->len == 1 && reply->str[0] == '-') {
            result = NGX_HTTP_QC_LOCK_UNSTORED;
        }

        if (reply->len == 1 && reply->str[0] == '+') {
            result = NGX_HTTP_QC_LOCK_STORED;
        }
    }

    if (lock->noted) {
        result = lock->result;

    } else if (result == NGX_HTTP_QC_LOCK_LOST) {
        ngx_http_qc_count(redis->meta.stats, QC_LOCK_REMOTE_LOST);
    }

    ngx_http_qc_redis_wait_end(lock, result);
}


/* It is held still, unless what was noted came after that was said. */

static void
ngx_http_qc_redis_wait_goes_on(ngx_http_qc_redis_lock_t *lock)
{
    if (!lock->behind) {
        lock->noted = 0;
        return;
    }

    lock->behind = 0;

    if (ngx_http_qc_redis_wait_check(lock) != NGX_OK) {
        ngx_http_qc_redis_wait_end(lock, lock->result);
    }
}
