
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "ngx_http_qc_lock.h"


#define NGX_HTTP_QC_LOCK_WAYS      8   /* places one key may be in */
#define NGX_HTTP_QC_LOCK_LEASE     3000     /* ms */
#define NGX_HTTP_QC_LOCK_RENEW     500      /* ms */
#define NGX_HTTP_QC_LOCK_LOOK      4        /* ms between looks at the table */


typedef enum {
    NGX_HTTP_QC_LOCK_IS_FREE = 0,
    NGX_HTTP_QC_LOCK_IS_HELD,
    NGX_HTTP_QC_LOCK_WAS_STORED        /* free, and of use to who waits */
} ngx_http_qc_lock_state_e;


/* Waiting workers look at it without the mutex, at one word after another. */

typedef struct {
    u_char                         key[QC_KEY_LEN];
    volatile uint64_t              token;   /* of the last owner */
    volatile ngx_msec_t            expires; /* ngx_current_msec, of any */
    volatile ngx_uint_t            state;
} ngx_http_qc_lock_node_t;


struct ngx_http_qc_locks_sh_s {
    ngx_uint_t                     number;  /* as configured at first */
    ngx_uint_t                     sets;    /* of NGX_HTTP_QC_LOCK_WAYS */
    uint64_t                       token;   /* the last one given */
    ngx_http_qc_lock_node_t       *nodes;
};


static ngx_http_qc_lock_node_t *ngx_http_qc_lock_place(
    ngx_http_qc_locks_t *locks, const u_char *key, ngx_uint_t *busy);
static ngx_uint_t ngx_http_qc_lock_expired(ngx_http_qc_lock_node_t *node);
static void ngx_http_qc_lock_lease(ngx_http_qc_lock_node_t *node,
    ngx_msec_t deadline);
static void ngx_http_qc_lock_keep(ngx_http_qc_locks_t *locks,
    ngx_http_qc_lock_t *lock);
static void ngx_http_qc_lock_renew_handler(ngx_event_t *ev);
static void ngx_http_qc_lock_look_handler(ngx_event_t *ev);
static void ngx_http_qc_lock_look(ngx_http_qc_lock_wait_t *wait);
static ngx_uint_t ngx_http_qc_lock_run_out(ngx_http_qc_locks_t *locks,
    ngx_http_qc_lock_node_t *node, uint64_t token);
static void ngx_http_qc_lock_wake(ngx_http_qc_lock_wait_t *wait,
    ngx_http_qc_lock_result_e result);
static void ngx_http_qc_lock_dequeue(ngx_http_qc_lock_wait_t *wait);
static void ngx_http_qc_lock_wait_handler(ngx_event_t *ev);


ngx_http_qc_locks_sh_t *
ngx_http_qc_locks_create(ngx_slab_pool_t *shpool, ngx_uint_t number)
{
    ngx_http_qc_locks_sh_t  *sh;

    sh = ngx_slab_calloc(shpool, sizeof(ngx_http_qc_locks_sh_t));
    if (sh == NULL) {
        return NULL;
    }

    if (number == 0) {
        return sh;
    }

    sh->number = number;
    sh->sets = (number + NGX_HTTP_QC_LOCK_WAYS - 1) / NGX_HTTP_QC_LOCK_WAYS;

    sh->nodes = ngx_slab_calloc(shpool, sh->sets * NGX_HTTP_QC_LOCK_WAYS
                                        * sizeof(ngx_http_qc_lock_node_t));
    if (sh->nodes == NULL) {
        return NULL;
    }

    return sh;
}


void
ngx_http_qc_locks_init(ngx_http_qc_locks_t *locks, ngx_slab_pool_t *shpool,
    ngx_http_qc_locks_sh_t *sh, ngx_http_qc_stats_t *stats, ngx_log_t *log)
{
    locks->shpool = shpool;
    locks->sh = (locks->number && sh->number) ? sh : NULL;
    locks->stats = stats;

    /* workers of the old configuration use the table: it cannot be replaced */

    if (locks->number && locks->number != sh->number) {
        ngx_log_error(NGX_LOG_WARN, log, 0,
                      "query cache zone \"%V\" has %ui \"locks\" until nginx "
                      "is restarted", &stats->zone, sh->number);
    }
}


ngx_int_t
ngx_http_qc_locks_start(ngx_http_qc_locks_t *locks, ngx_cycle_t *cycle)
{
    ngx_uint_t  i, n;

    ngx_queue_init(&locks->waits);
    ngx_queue_init(&locks->held);

    if (locks->sh == NULL) {
        return NGX_OK;
    }

    n = locks->sh->sets * NGX_HTTP_QC_LOCK_WAYS;

    locks->waiting = ngx_palloc(cycle->pool, n * sizeof(ngx_queue_t));
    if (locks->waiting == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        ngx_queue_init(&locks->waiting[i]);
    }

    locks->ident.fd = (ngx_socket_t) -1;
    locks->ident.data = locks;

    /* requests and jobs keep a worker that is to leave, these do not */

    locks->look.data = &locks->ident;
    locks->look.handler = ngx_http_qc_lock_look_handler;
    locks->look.log = cycle->log;
    locks->look.cancelable = 1;

    locks->renew.data = &locks->ident;
    locks->renew.handler = ngx_http_qc_lock_renew_handler;
    locks->renew.log = cycle->log;
    locks->renew.cancelable = 1;

    return NGX_OK;
}


ngx_int_t
ngx_http_qc_lock_take(ngx_http_qc_locks_t *locks, ngx_http_qc_lock_t *lock,
    const u_char *key, ngx_msec_t age)
{
    ngx_int_t                 rc;
    ngx_uint_t                busy;
    ngx_http_qc_lock_node_t  *node;

    if (locks->sh == NULL) {
        return NGX_DECLINED;
    }

    ngx_memzero(lock, sizeof(ngx_http_qc_lock_t));

    ngx_shmtx_lock(&locks->shpool->mutex);

    node = ngx_http_qc_lock_place(locks, key, &busy);
    rc = (node == NULL) ? NGX_DECLINED : busy ? NGX_AGAIN : NGX_OK;

    if (rc == NGX_OK) {

        /* not held until it is whole, should the worker be killed here */

        node->token = ++locks->sh->token;
        ngx_memcpy(node->key, key, QC_KEY_LEN);

        lock->deadline = ngx_current_msec + age;
        ngx_http_qc_lock_lease(node, lock->deadline);

        node->state = NGX_HTTP_QC_LOCK_IS_HELD;

        lock->token = node->token;
    }

    if (rc != NGX_DECLINED) {
        lock->locks = locks;
        lock->place = node - locks->sh->nodes;
        lock->other = node->token;
    }

    ngx_shmtx_unlock(&locks->shpool->mutex);

    if (rc == NGX_DECLINED) {
        ngx_http_qc_count(locks->stats, QC_LOCK_NO_PLACE);

    } else if (rc == NGX_OK) {
        ngx_http_qc_lock_keep(locks, lock);
    }

    return rc;
}


/* NULL: there is none. */

static ngx_http_qc_lock_node_t *
ngx_http_qc_lock_place(ngx_http_qc_locks_t *locks, const u_char *key,
    ngx_uint_t *busy)
{
    uint32_t                  n;
    ngx_uint_t                i;
    ngx_http_qc_lock_node_t  *ways, *node;

    ngx_memcpy(&n, key + QC_KEY_LEN - sizeof(n), sizeof(n));

    ways = &locks->sh->nodes[n % locks->sh->sets * NGX_HTTP_QC_LOCK_WAYS];
    node = NULL;

    *busy = 0;

    for (i = 0; i < NGX_HTTP_QC_LOCK_WAYS; i++) {

        if (ways[i].state == NGX_HTTP_QC_LOCK_IS_HELD) {

            if (!ngx_http_qc_lock_expired(&ways[i])) {

                if (ngx_memcmp(ways[i].key, key, QC_KEY_LEN) == 0) {
                    *busy = 1;
                    return &ways[i];
                }

                continue;
            }

            ways[i].state = NGX_HTTP_QC_LOCK_IS_FREE;
            ngx_http_qc_count(locks->stats, QC_LOCK_EXPIRED);
        }

        /* what became of the last ones may still be of interest */

        if (node == NULL || ways[i].token < node->token) {
            node = &ways[i];
        }
    }

    return node;
}


static ngx_uint_t
ngx_http_qc_lock_expired(ngx_http_qc_lock_node_t *node)
{
    return (ngx_msec_int_t) (node->expires - ngx_current_msec) <= 0;
}


static void
ngx_http_qc_lock_lease(ngx_http_qc_lock_node_t *node, ngx_msec_t deadline)
{
    ngx_msec_t  lease;

    lease = ngx_current_msec + NGX_HTTP_QC_LOCK_LEASE;

    node->expires = ((ngx_msec_int_t) (deadline - lease) < 0) ? deadline
                                                              : lease;
}


static void
ngx_http_qc_lock_keep(ngx_http_qc_locks_t *locks, ngx_http_qc_lock_t *lock)
{
    ngx_queue_insert_tail(&locks->held, &lock->queue);

    if (!locks->renew.timer_set) {
        ngx_add_timer(&locks->renew, NGX_HTTP_QC_LOCK_RENEW);
    }
}


static void
ngx_http_qc_lock_renew_handler(ngx_event_t *ev)
{
    ngx_queue_t              *q;
    ngx_connection_t         *c;
    ngx_http_qc_lock_t       *lock;
    ngx_http_qc_locks_t      *locks;
    ngx_http_qc_lock_node_t  *node;

    c = ev->data;
    locks = c->data;

    if (ngx_queue_empty(&locks->held)) {
        return;
    }

    ngx_shmtx_lock(&locks->shpool->mutex);

    for (q = ngx_queue_head(&locks->held);
         q != ngx_queue_sentinel(&locks->held);
         q = ngx_queue_next(q))
    {
        lock = ngx_queue_data(q, ngx_http_qc_lock_t, queue);
        node = &locks->sh->nodes[lock->place];

        if (node->token == lock->token
            && node->state == NGX_HTTP_QC_LOCK_IS_HELD)
        {
            ngx_http_qc_lock_lease(node, lock->deadline);
        }
    }

    ngx_shmtx_unlock(&locks->shpool->mutex);

    ngx_add_timer(ev, NGX_HTTP_QC_LOCK_RENEW);
}


void
ngx_http_qc_lock_release(ngx_http_qc_lock_t *lock,
    ngx_http_qc_lock_result_e result)
{
    uint64_t                  token;
    ngx_uint_t                owner;
    ngx_queue_t              *q, *next, *waiting;
    ngx_http_qc_locks_t      *locks;
    ngx_http_qc_lock_node_t  *node;
    ngx_http_qc_lock_wait_t  *wait;

    if (lock->token == 0) {
        return;
    }

    locks = lock->locks;
    token = lock->token;
    node = &locks->sh->nodes[lock->place];

    lock->token = 0;
    ngx_queue_remove(&lock->queue);

    ngx_shmtx_lock(&locks->shpool->mutex);

    owner = (node->token == token
             && node->state == NGX_HTTP_QC_LOCK_IS_HELD);

    if (owner) {
        node->state = (result == NGX_HTTP_QC_LOCK_STORED)
                      ? NGX_HTTP_QC_LOCK_WAS_STORED
                      : NGX_HTTP_QC_LOCK_IS_FREE;
    }

    ngx_shmtx_unlock(&locks->shpool->mutex);

    if (owner && result != NGX_HTTP_QC_LOCK_STORED) {
        ngx_http_qc_count(locks->stats, QC_LOCK_UNSTORED);
    }

    waiting = &locks->waiting[lock->place];

    for (q = ngx_queue_head(waiting);
         q != ngx_queue_sentinel(waiting);
         q = next)
    {
        next = ngx_queue_next(q);
        wait = ngx_queue_data(q, ngx_http_qc_lock_wait_t, queue);

        if (wait->token == token) {
            ngx_http_qc_lock_wake(wait, result);
        }
    }
}


void
ngx_http_qc_lock_move(ngx_http_qc_lock_t *to, ngx_http_qc_lock_t *from)
{
    if (from->token == 0) {
        return;
    }

    ngx_queue_remove(&from->queue);

    *to = *from;
    from->token = 0;

    ngx_queue_insert_tail(&to->locks->held, &to->queue);
}


void
ngx_http_qc_lock_wait(ngx_http_qc_lock_t *lock, ngx_http_qc_lock_wait_t *wait,
    ngx_connection_t *c, ngx_msec_t timeout)
{
    ngx_http_qc_locks_t  *locks;

    locks = lock->locks;

    wait->locks = locks;
    wait->place = lock->place;
    wait->token = lock->other;

    ngx_memzero(&wait->event, sizeof(ngx_event_t));

    wait->event.data = c;
    wait->event.handler = ngx_http_qc_lock_wait_handler;
    wait->event.log = c->log;

    ngx_queue_insert_tail(&locks->waiting[wait->place], &wait->queue);
    ngx_queue_insert_tail(&locks->waits, &wait->all);

    ngx_add_timer(&wait->event, timeout);

    if (!locks->look.timer_set) {
        ngx_add_timer(&locks->look, NGX_HTTP_QC_LOCK_LOOK);
    }
}


static void
ngx_http_qc_lock_look_handler(ngx_event_t *ev)
{
    ngx_queue_t              *q, *next;
    ngx_connection_t         *c;
    ngx_http_qc_locks_t      *locks;

    c = ev->data;
    locks = c->data;

    for (q = ngx_queue_head(&locks->waits);
         q != ngx_queue_sentinel(&locks->waits);
         q = next)
    {
        next = ngx_queue_next(q);

        ngx_http_qc_lock_look(ngx_queue_data(q, ngx_http_qc_lock_wait_t, all));
    }

    if (!ngx_queue_empty(&locks->waits)) {
        ngx_add_timer(ev, NGX_HTTP_QC_LOCK_LOOK);
    }
}


static void
ngx_http_qc_lock_look(ngx_http_qc_lock_wait_t *wait)
{
    ngx_uint_t                state;
    ngx_http_qc_lock_node_t  *node;

    node = &wait->locks->sh->nodes[wait->place];
    state = node->state;

    /* in a worker that is to leave, or of a place that is another's now */

    if (ngx_exiting || node->token != wait->token) {
        ngx_http_qc_lock_wake(wait, NGX_HTTP_QC_LOCK_STORED);
        return;
    }

    if (state == NGX_HTTP_QC_LOCK_WAS_STORED) {
        ngx_http_qc_lock_wake(wait, NGX_HTTP_QC_LOCK_STORED);
        return;
    }

    if (state == NGX_HTTP_QC_LOCK_IS_FREE
        || (ngx_http_qc_lock_expired(node)
            && ngx_http_qc_lock_run_out(wait->locks, node, wait->token)))
    {
        ngx_http_qc_lock_wake(wait, NGX_HTTP_QC_LOCK_UNSTORED);
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
        node->state = NGX_HTTP_QC_LOCK_IS_FREE;
    }

    ngx_shmtx_unlock(&locks->shpool->mutex);

    if (run_out) {
        ngx_http_qc_count(locks->stats, QC_LOCK_EXPIRED);
    }

    return run_out;
}


static void
ngx_http_qc_lock_wake(ngx_http_qc_lock_wait_t *wait,
    ngx_http_qc_lock_result_e result)
{
    ngx_http_qc_lock_dequeue(wait);

    wait->result = result;

    ngx_post_event(&wait->event, &ngx_posted_events);
}


static void
ngx_http_qc_lock_dequeue(ngx_http_qc_lock_wait_t *wait)
{
    ngx_queue_remove(&wait->queue);
    ngx_queue_remove(&wait->all);

    wait->locks = NULL;

    if (wait->event.timer_set) {
        ngx_del_timer(&wait->event);
    }
}


void
ngx_http_qc_lock_leave(ngx_http_qc_lock_wait_t *wait)
{
    if (wait->locks) {
        ngx_http_qc_lock_dequeue(wait);
    }

    if (wait->event.posted) {
        ngx_delete_posted_event(&wait->event);
    }
}


/* It was woken, or the bound is reached. */

static void
ngx_http_qc_lock_wait_handler(ngx_event_t *ev)
{
    ngx_http_qc_lock_wait_t  *wait;

    wait = (ngx_http_qc_lock_wait_t *)
               ((u_char *) ev - offsetof(ngx_http_qc_lock_wait_t, event));

    if (wait->locks) {
        ngx_http_qc_count(wait->locks->stats, QC_LOCK_TIMEOUT);
        ngx_http_qc_lock_dequeue(wait);
        wait->result = NGX_HTTP_QC_LOCK_TIMEOUT;
    }

    wait->handler(wait);
}
