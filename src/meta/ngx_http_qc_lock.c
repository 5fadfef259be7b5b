
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "ngx_http_qc_lock_table.h"


#define NGX_HTTP_QC_LOCK_WAYS      8   /* places one key may be in */
#define NGX_HTTP_QC_LOCK_LEASE     3000     /* ms */
#define NGX_HTTP_QC_LOCK_RENEW     500      /* ms */


static ngx_uint_t ngx_http_qc_lock_stored(ngx_http_qc_locks_t *locks,
    const u_char *key, ngx_msec_t since);
static ngx_http_qc_lock_node_t *ngx_http_qc_lock_set(
    ngx_http_qc_locks_t *locks, const u_char *key);
static ngx_http_qc_lock_node_t *ngx_http_qc_lock_place(
    ngx_http_qc_locks_t *locks, const u_char *key, ngx_uint_t *busy);
static void ngx_http_qc_lock_lease(ngx_http_qc_lock_node_t *node,
    ngx_msec_t deadline);
static void ngx_http_qc_lock_keep(ngx_http_qc_locks_t *locks,
    ngx_http_qc_lock_t *lock);
static void ngx_http_qc_lock_renew_handler(ngx_event_t *ev);
static void ngx_http_qc_lock_unlink(ngx_http_qc_lock_t *lock);
static void ngx_http_qc_lock_drop(ngx_http_qc_lock_t *lock,
    ngx_http_qc_lock_result_e result);
static void ngx_http_qc_lock_ended(ngx_http_qc_locks_t *locks,
    const u_char *key, uint64_t token, ngx_http_qc_lock_result_e result);


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
ngx_http_qc_locks_start(ngx_http_qc_locks_t *locks, ngx_uint_t max,
    ngx_uint_t *nfills, ngx_cycle_t *cycle)
{
    ngx_uint_t  i, n;

    locks->max = max;
    locks->nfills = nfills;

    ngx_queue_init(&locks->waited);
    ngx_queue_init(&locks->back);
    ngx_queue_init(&locks->held);
    ngx_queue_init(&locks->extras);

    if (locks->sh == NULL) {
        return NGX_OK;
    }

    n = locks->sh->sets * NGX_HTTP_QC_LOCK_WAYS;

    locks->places = ngx_palloc(cycle->pool,
                               n * sizeof(ngx_http_qc_lock_place_t));
    if (locks->places == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        ngx_queue_init(&locks->places[i].waits);
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
    const u_char *key, ngx_msec_t age, ngx_msec_t *since)
{
    ngx_int_t                 rc;
    ngx_uint_t                busy;
    ngx_http_qc_lock_node_t  *node;

    if (locks->sh == NULL) {
        return NGX_DECLINED;
    }

    ngx_memzero(lock, sizeof(ngx_http_qc_lock_t));

    ngx_shmtx_lock(&locks->shpool->mutex);

    if (since && ngx_http_qc_lock_stored(locks, key, *since)) {
        ngx_shmtx_unlock(&locks->shpool->mutex);
        return NGX_DONE;
    }

    node = ngx_http_qc_lock_place(locks, key, &busy);
    rc = (node == NULL) ? NGX_DECLINED : busy ? NGX_AGAIN : NGX_OK;

    if (rc == NGX_OK) {

        /* not held until it is whole, should the worker be killed here */

        if (node->state == NGX_HTTP_QC_LOCK_WAS_LOST) {
            node->lost = node->token;
        }

        node->token = ++locks->sh->token;
        ngx_memcpy(node->key, key, QC_KEY_LEN);

        lock->deadline = ngx_current_msec + age;
        ngx_http_qc_lock_lease(node, lock->deadline);

        node->waiting = 0;
        node->state = NGX_HTTP_QC_LOCK_IS_HELD;

        lock->token = node->token;
    }

    if (rc != NGX_DECLINED) {
        lock->locks = locks;
        ngx_memcpy(lock->key, key, QC_KEY_LEN);
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


/* Whether an answer was stored since then, and nobody runs another by now. */

static ngx_uint_t
ngx_http_qc_lock_stored(ngx_http_qc_locks_t *locks, const u_char *key,
    ngx_msec_t since)
{
    ngx_uint_t                i;
    ngx_http_qc_lock_node_t  *node;

    node = ngx_http_qc_lock_set(locks, key);

    for (i = 0; i < NGX_HTTP_QC_LOCK_WAYS; i++, node++) {

        if (node->state == NGX_HTTP_QC_LOCK_WAS_STORED
            && ngx_memcmp(node->key, key, QC_KEY_LEN) == 0
            && (ngx_msec_int_t) (node->expires - since) >= 0)
        {
            return 1;
        }
    }

    return 0;
}


ngx_uint_t
ngx_http_qc_lock_busy(ngx_http_qc_locks_t *locks, const u_char *key)
{
    ngx_uint_t  busy;

    if (locks->sh == NULL) {
        return 0;
    }

    ngx_shmtx_lock(&locks->shpool->mutex);

    (void) ngx_http_qc_lock_place(locks, key, &busy);

    ngx_shmtx_unlock(&locks->shpool->mutex);

    return busy;
}


static ngx_http_qc_lock_node_t *
ngx_http_qc_lock_set(ngx_http_qc_locks_t *locks, const u_char *key)
{
    uint32_t  n;

    ngx_memcpy(&n, key + QC_KEY_LEN - sizeof(n), sizeof(n));

    return &locks->sh->nodes[n % locks->sh->sets * NGX_HTTP_QC_LOCK_WAYS];
}


/* NULL: there is none. */

static ngx_http_qc_lock_node_t *
ngx_http_qc_lock_place(ngx_http_qc_locks_t *locks, const u_char *key,
    ngx_uint_t *busy)
{
    ngx_uint_t                i;
    ngx_http_qc_lock_node_t  *ways, *node;

    ways = ngx_http_qc_lock_set(locks, key);
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

            ways[i].state = NGX_HTTP_QC_LOCK_WAS_LOST;
            ngx_http_qc_count(locks->stats, QC_LOCK_EXPIRED);
        }

        /* what became of the last ones may still be of interest */

        if (node == NULL || ways[i].token < node->token) {
            node = &ways[i];
        }
    }

    return node;
}


ngx_uint_t
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


void
ngx_http_qc_lock_extend(ngx_http_qc_lock_t *lock, ngx_msec_t age)
{
    ngx_http_qc_locks_t      *locks;
    ngx_http_qc_lock_node_t  *node;

    if (lock->token == 0 || lock->extra) {
        return;
    }

    locks = lock->locks;
    node = &locks->sh->nodes[lock->place];

    lock->deadline = ngx_current_msec + age;

    ngx_shmtx_lock(&locks->shpool->mutex);

    if (node->token == lock->token
        && node->state == NGX_HTTP_QC_LOCK_IS_HELD)
    {
        ngx_http_qc_lock_lease(node, lock->deadline);
    }

    ngx_shmtx_unlock(&locks->shpool->mutex);
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
    uint64_t              token;
    ngx_http_qc_locks_t  *locks;

    if (lock->token == 0) {
        return;
    }

    locks = lock->locks;
    token = lock->token;

    ngx_http_qc_lock_drop(lock, result);

    if (result == NGX_HTTP_QC_LOCK_STORED) {
        ngx_http_qc_lock_end(locks, lock->key, result);

    } else if (!lock->extra) {
        ngx_http_qc_lock_ended(locks, lock->key, token, result);
    }

    ngx_http_qc_locks_admit(locks);
}


/* It stands for nothing any more, and only who has it is told. */

static void
ngx_http_qc_lock_drop(ngx_http_qc_lock_t *lock,
    ngx_http_qc_lock_result_e result)
{
    ngx_http_qc_lock_unlink(lock);

    lock->token = 0;

    if (lock->counted) {
        lock->locks->nextras--;
    }

    if (lock->released) {
        lock->released(lock, result);
    }
}


void
ngx_http_qc_lock_end(ngx_http_qc_locks_t *locks, const u_char *key,
    ngx_http_qc_lock_result_e result)
{
    if (locks->sh) {
        ngx_http_qc_lock_ended(locks, key, 0, result);
    }
}


/* If it is that of the token, unless this is 0. */

static void
ngx_http_qc_lock_ended(ngx_http_qc_locks_t *locks, const u_char *key,
    uint64_t token, ngx_http_qc_lock_result_e result)
{
    ngx_uint_t                i;
    ngx_http_qc_lock_node_t  *node;

    node = ngx_http_qc_lock_set(locks, key);

    ngx_shmtx_lock(&locks->shpool->mutex);

    for (i = 0; i < NGX_HTTP_QC_LOCK_WAYS; i++, node++) {

        if (node->state == NGX_HTTP_QC_LOCK_IS_HELD
            && (token == 0 || node->token == token)
            && ngx_memcmp(node->key, key, QC_KEY_LEN) == 0)
        {
            break;
        }
    }

    if (i == NGX_HTTP_QC_LOCK_WAYS) {
        ngx_shmtx_unlock(&locks->shpool->mutex);
        return;
    }

    token = node->token;

    node->expires = ngx_current_msec;
    node->state = (result == NGX_HTTP_QC_LOCK_STORED)
                  ? NGX_HTTP_QC_LOCK_WAS_STORED
                  : (result == NGX_HTTP_QC_LOCK_LOST)
                    ? NGX_HTTP_QC_LOCK_WAS_LOST
                    : NGX_HTTP_QC_LOCK_IS_FREE;

    ngx_shmtx_unlock(&locks->shpool->mutex);

    if (result == NGX_HTTP_QC_LOCK_UNSTORED) {
        ngx_http_qc_count(locks->stats, QC_LOCK_UNSTORED);
    }

    ngx_http_qc_lock_wake(locks, node - locks->sh->nodes, token, result);
}


void
ngx_http_qc_lock_move(ngx_http_qc_lock_t *to, ngx_http_qc_lock_t *from)
{
    if (from->token == 0) {
        return;
    }

    ngx_http_qc_lock_unlink(from);

    *to = *from;
    from->token = 0;

    if (!to->extra) {
        ngx_queue_insert_tail(&to->locks->held, &to->queue);

    } else if (to->counted) {
        ngx_queue_insert_tail(&to->locks->extras, &to->queue);
    }
}


static void
ngx_http_qc_lock_unlink(ngx_http_qc_lock_t *lock)
{
    if (!lock->extra || lock->counted) {
        ngx_queue_remove(&lock->queue);
    }
}


void
ngx_http_qc_lock_join(ngx_http_qc_lock_t *to, ngx_http_qc_lock_t *from)
{
    if (from->token == 0) {
        return;
    }

    if (to->token == 0) {
        ngx_http_qc_lock_move(to, from);
        return;
    }

    /* one of a variant, and one of all of them */

    if (ngx_memcmp(to->key, from->key, QC_KEY_LEN) != 0) {
        return;
    }

    /* of two that are held the older one has run out */

    if ((to->extra && !from->extra)
        || (to->extra == from->extra && to->token < from->token))
    {
        ngx_http_qc_lock_drop(to, NGX_HTTP_QC_LOCK_LOST);
        ngx_http_qc_lock_move(to, from);

    } else {
        ngx_http_qc_lock_drop(from, NGX_HTTP_QC_LOCK_LOST);
    }
}
