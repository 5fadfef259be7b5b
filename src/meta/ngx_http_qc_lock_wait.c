
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * Who waits for the owner of a lock.  A wait has two bounds: at the first one
 * it becomes a run of the upstream beside the owner's, if there are not too
 * many, and is else held back until there is room, or to the last one.
 */

#include "ngx_http_qc_lock_table.h"


#define NGX_HTTP_QC_LOCK_LOOK      4        /* ms between looks at the table */


static void ngx_http_qc_lock_awaits(ngx_http_qc_lock_t *lock, ngx_int_t n);
static void ngx_http_qc_lock_look(ngx_http_qc_locks_t *locks,
    ngx_http_qc_lock_place_t *place);
static ngx_uint_t ngx_http_qc_lock_over(ngx_http_qc_locks_t *locks,
    ngx_http_qc_lock_node_t *node, uint64_t token,
    ngx_http_qc_lock_result_e *result);
static ngx_uint_t ngx_http_qc_lock_run_out(ngx_http_qc_locks_t *locks,
    ngx_http_qc_lock_node_t *node, uint64_t token);
static void ngx_http_qc_lock_woken(ngx_http_qc_lock_wait_t *wait,
    ngx_http_qc_lock_result_e result);
static void ngx_http_qc_lock_dequeue(ngx_http_qc_lock_wait_t *wait);
static void ngx_http_qc_lock_wait_handler(ngx_event_t *ev);
static ngx_uint_t ngx_http_qc_lock_hold_back(ngx_http_qc_lock_wait_t *wait);
static ngx_uint_t ngx_http_qc_lock_full(ngx_http_qc_locks_t *locks);
static ngx_uint_t ngx_http_qc_lock_room(ngx_http_qc_lock_wait_t *wait);
static void ngx_http_qc_lock_extra(ngx_http_qc_lock_wait_t *wait,
    ngx_uint_t counted);


void
ngx_http_qc_lock_wait(ngx_http_qc_lock_t *lock, ngx_http_qc_lock_wait_t *wait,
    ngx_connection_t *c)
{
    ngx_msec_int_t             left;
    ngx_http_qc_locks_t       *locks;
    ngx_http_qc_lock_place_t  *place;

    locks = lock->locks;
    place = &locks->places[lock->place];

    wait->lock = lock;

    ngx_memzero(&wait->event, sizeof(ngx_event_t));

    wait->event.data = c;
    wait->event.handler = ngx_http_qc_lock_wait_handler;
    wait->event.log = c->log;

    ngx_queue_init(&wait->back);

    if (ngx_queue_empty(&place->waits)) {
        ngx_queue_insert_tail(&locks->waited, &place->queue);
    }

    ngx_queue_insert_tail(&place->waits, &wait->queue);

    ngx_http_qc_lock_awaits(lock, 1);

    left = (ngx_msec_int_t) (wait->deadline - ngx_current_msec);

    ngx_add_timer(&wait->event, (ngx_msec_t) ngx_max(left, 0));

    if (!locks->look.timer_set) {
        ngx_add_timer(&locks->look, NGX_HTTP_QC_LOCK_LOOK);
    }
}


/* Of an owner that is there no more nobody asks. */

static void
ngx_http_qc_lock_awaits(ngx_http_qc_lock_t *lock, ngx_int_t n)
{
    ngx_http_qc_locks_t      *locks;
    ngx_http_qc_lock_node_t  *node;

    locks = lock->locks;
    node = &locks->sh->nodes[lock->place];

    if (node->token != lock->other
        || node->state != NGX_HTTP_QC_LOCK_IS_HELD)
    {
        return;
    }

    ngx_shmtx_lock(&locks->shpool->mutex);

    if (node->token == lock->other) {
        node->waiting += n;
    }

    ngx_shmtx_unlock(&locks->shpool->mutex);
}


ngx_uint_t
ngx_http_qc_lock_awaited(ngx_http_qc_lock_t *lock)
{
    ngx_uint_t                n;
    ngx_http_qc_locks_t      *locks;
    ngx_http_qc_lock_node_t  *node;

    if (lock->token == 0 || lock->extra) {
        return 0;
    }

    locks = lock->locks;
    node = &locks->sh->nodes[lock->place];

    ngx_shmtx_lock(&locks->shpool->mutex);

    n = (node->token == lock->token
         && node->state == NGX_HTTP_QC_LOCK_IS_HELD) ? node->waiting : 0;

    ngx_shmtx_unlock(&locks->shpool->mutex);

    return n;
}


void
ngx_http_qc_lock_look_handler(ngx_event_t *ev)
{
    ngx_queue_t          *q, *next;
    ngx_connection_t     *c;
    ngx_http_qc_locks_t  *locks;

    c = ev->data;
    locks = c->data;

    for (q = ngx_queue_head(&locks->waited);
         q != ngx_queue_sentinel(&locks->waited);
         q = next)
    {
        next = ngx_queue_next(q);

        ngx_http_qc_lock_look(locks, ngx_queue_data(q,
                                         ngx_http_qc_lock_place_t, queue));
    }

    if (!ngx_queue_empty(&locks->waited)) {
        ngx_add_timer(ev, NGX_HTTP_QC_LOCK_LOOK);
    }
}


/* If the one who has waited longest has to, all others have to. */

static void
ngx_http_qc_lock_look(ngx_http_qc_locks_t *locks,
    ngx_http_qc_lock_place_t *place)
{
    ngx_queue_t                *q;
    ngx_http_qc_lock_node_t    *node;
    ngx_http_qc_lock_wait_t    *wait;
    ngx_http_qc_lock_result_e   result;

    node = &locks->sh->nodes[place - locks->places];

    while (!ngx_queue_empty(&place->waits)) {

        q = ngx_queue_head(&place->waits);
        wait = ngx_queue_data(q, ngx_http_qc_lock_wait_t, queue);

        if (!ngx_http_qc_lock_over(locks, node, wait->lock->other, &result)) {
            return;
        }

        ngx_http_qc_lock_woken(wait, result);
    }
}


static ngx_uint_t
ngx_http_qc_lock_over(ngx_http_qc_locks_t *locks,
    ngx_http_qc_lock_node_t *node, uint64_t token,
    ngx_http_qc_lock_result_e *result)
{
    ngx_uint_t  state;

    state = node->state;

    *result = NGX_HTTP_QC_LOCK_STORED;

    /* in a worker that is to leave */

    if (ngx_exiting) {
        return 1;
    }

    /* the place is another's now */

    if (node->token != token) {

        if (node->lost == token) {
            *result = NGX_HTTP_QC_LOCK_LOST;
        }

        return 1;
    }

    switch (state) {

    case NGX_HTTP_QC_LOCK_WAS_STORED:
        return 1;

    case NGX_HTTP_QC_LOCK_WAS_LOST:
        *result = NGX_HTTP_QC_LOCK_LOST;
        return 1;

    case NGX_HTTP_QC_LOCK_IS_FREE:
        *result = NGX_HTTP_QC_LOCK_UNSTORED;
        return 1;

    default: /* NGX_HTTP_QC_LOCK_IS_HELD */
        *result = NGX_HTTP_QC_LOCK_LOST;

        return ngx_http_qc_lock_expired(node)
               && ngx_http_qc_lock_run_out(locks, node, token);
    }
}


/* Whether it has, and nobody holds it any more. */

static ngx_uint_t
ngx_http_qc_lock_run_out(ngx_http_qc_locks_t *locks,
    ngx_http_qc_lock_node_t *node, uint64_t token)
{
    ngx_uint_t  run_out;

    ngx_shmtx_lock(&locks->shpool->mutex);

    run_out = (node->token == token
               && node->state == NGX_HTTP_QC_LOCK_IS_HELD
               && ngx_http_qc_lock_expired(node));

    if (run_out) {
        node->state = NGX_HTTP_QC_LOCK_WAS_LOST;
    }

    ngx_shmtx_unlock(&locks->shpool->mutex);

    if (run_out) {
        ngx_http_qc_count(locks->stats, QC_LOCK_EXPIRED);
    }

    return run_out;
}


void
ngx_http_qc_lock_wake(ngx_http_qc_locks_t *locks, ngx_uint_t place,
    uint64_t token, ngx_http_qc_lock_result_e result)
{
    ngx_queue_t              *q, *next, *waits;
    ngx_http_qc_lock_wait_t  *wait;

    waits = &locks->places[place].waits;

    for (q = ngx_queue_head(waits);
         q != ngx_queue_sentinel(waits);
         q = next)
    {
        next = ngx_queue_next(q);
        wait = ngx_queue_data(q, ngx_http_qc_lock_wait_t, queue);

        if (wait->lock->other == token) {
            ngx_http_qc_lock_woken(wait, result);
        }
    }
}


static void
ngx_http_qc_lock_woken(ngx_http_qc_lock_wait_t *wait,
    ngx_http_qc_lock_result_e result)
{
    ngx_http_qc_lock_dequeue(wait);

    wait->result = result;

    ngx_post_event(&wait->event, &ngx_posted_events);
}


static void
ngx_http_qc_lock_dequeue(ngx_http_qc_lock_wait_t *wait)
{
    ngx_http_qc_lock_t        *lock;
    ngx_http_qc_lock_place_t  *place;

    lock = wait->lock;
    place = &lock->locks->places[lock->place];

    ngx_queue_remove(&wait->queue);
    ngx_queue_remove(&wait->back);

    if (ngx_queue_empty(&place->waits)) {
        ngx_queue_remove(&place->queue);
    }

    ngx_http_qc_lock_awaits(lock, -1);

    wait->lock = NULL;

    if (wait->event.timer_set) {
        ngx_del_timer(&wait->event);
    }
}


void
ngx_http_qc_lock_leave(ngx_http_qc_lock_wait_t *wait)
{
    if (wait->lock) {
        ngx_http_qc_lock_dequeue(wait);
    }

    if (wait->event.posted) {
        ngx_delete_posted_event(&wait->event);
    }
}


/* It was woken, or a bound is reached. */

static void
ngx_http_qc_lock_wait_handler(ngx_event_t *ev)
{
    ngx_http_qc_lock_wait_t  *wait;

    wait = (ngx_http_qc_lock_wait_t *)
               ((u_char *) ev - offsetof(ngx_http_qc_lock_wait_t, event));

    if (wait->lock) {

        if (ngx_http_qc_lock_hold_back(wait)) {
            return;
        }

        wait->result = NGX_HTTP_QC_LOCK_TIMEOUT;
    }

    wait->handler(wait);
}


/* 0: its lock is an extra one, and it does not wait any more. */

static ngx_uint_t
ngx_http_qc_lock_hold_back(ngx_http_qc_lock_wait_t *wait)
{
    ngx_uint_t            room;
    ngx_msec_int_t        left;
    ngx_http_qc_locks_t  *locks;

    locks = wait->lock->locks;

    if (!wait->timed_out) {
        wait->timed_out = 1;
        ngx_http_qc_count(locks->stats, QC_LOCK_TIMEOUT);
    }

    room = (wait->max && ngx_http_qc_lock_room(wait));
    left = (ngx_msec_int_t) (wait->last - ngx_current_msec);

    if (wait->max == 0 || room || left <= 0) {
        ngx_http_qc_lock_extra(wait, room);
        ngx_http_qc_lock_dequeue(wait);
        return 0;
    }

    if (!wait->held_back) {
        wait->held_back = 1;
        ngx_http_qc_count(locks->stats, QC_LOCK_HELD_BACK);
    }

    ngx_queue_remove(&wait->back);
    ngx_queue_insert_tail(&locks->back, &wait->back);

    ngx_add_timer(&wait->event, (ngx_msec_t) left);

    return 1;
}


void
ngx_http_qc_locks_admit(ngx_http_qc_locks_t *locks)
{
    ngx_queue_t              *q, *next;
    ngx_http_qc_lock_wait_t  *wait;

    for (q = ngx_queue_head(&locks->back);
         q != ngx_queue_sentinel(&locks->back);
         q = next)
    {
        if (ngx_http_qc_lock_full(locks)) {
            return;
        }

        next = ngx_queue_next(q);
        wait = ngx_queue_data(q, ngx_http_qc_lock_wait_t, back);

        if (ngx_http_qc_lock_room(wait)) {
            ngx_http_qc_lock_extra(wait, 1);
            ngx_http_qc_lock_woken(wait, NGX_HTTP_QC_LOCK_TIMEOUT);
        }
    }
}


static ngx_uint_t
ngx_http_qc_lock_full(ngx_http_qc_locks_t *locks)
{
    return locks->max && locks->nextras + *locks->nfills >= locks->max;
}


static ngx_uint_t
ngx_http_qc_lock_room(ngx_http_qc_lock_wait_t *wait)
{
    ngx_uint_t            n;
    ngx_queue_t          *q;
    ngx_http_qc_lock_t   *lock;
    ngx_http_qc_locks_t  *locks;

    locks = wait->lock->locks;

    if (ngx_http_qc_lock_full(locks)) {
        return 0;
    }

    n = 0;

    for (q = ngx_queue_head(&locks->extras);
         q != ngx_queue_sentinel(&locks->extras);
         q = ngx_queue_next(q))
    {
        lock = ngx_queue_data(q, ngx_http_qc_lock_t, queue);

        if (ngx_memcmp(lock->key, wait->lock->key, QC_KEY_LEN) == 0) {
            n++;
        }
    }

    return n < wait->max;
}


/* The lock of one who waits becomes that of a run beside the owner's. */

static void
ngx_http_qc_lock_extra(ngx_http_qc_lock_wait_t *wait, ngx_uint_t counted)
{
    ngx_http_qc_lock_t  *lock;

    lock = wait->lock;

    lock->token = lock->other;
    lock->extra = 1;
    lock->counted = (counted != 0);

    if (counted) {
        lock->locks->nextras++;
        ngx_queue_insert_tail(&lock->locks->extras, &lock->queue);
    }
}
