
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "ngx_http_qc_redis_peer.h"
#include "ngx_http_qc_redis_lock.h"


#define NGX_HTTP_QC_REDIS_OUT       16384   /* bytes for commands, at first */
#define NGX_HTTP_QC_REDIS_OUT_KEEP  65536   /* kept when there are none */


static void ngx_http_qc_redis_cleanup(void *data);
static u_char *ngx_http_qc_redis_log_error(ngx_log_t *log, u_char *buf,
    size_t len);

static size_t ngx_http_qc_redis_length(int argc, const size_t *argvlen);
static ngx_int_t ngx_http_qc_redis_reserve(ngx_http_qc_redis_peer_t *peer,
    size_t size);
static ngx_http_qc_redis_op_t *ngx_http_qc_redis_op(
    ngx_http_qc_redis_peer_t *peer);

static void ngx_http_qc_redis_changed(void *data);
static void ngx_http_qc_redis_changed_peer(ngx_http_qc_redis_peer_t *peer);
static void ngx_http_qc_redis_flush_handler(ngx_event_t *ev);
static void ngx_http_qc_redis_retry_handler(ngx_event_t *ev);
static void ngx_http_qc_redis_deadline_handler(ngx_event_t *ev);

static void ngx_http_qc_redis_report(ngx_http_qc_redis_peer_t *peer,
    ngx_err_t err, const char *why);
static void ngx_http_qc_redis_drop(ngx_http_qc_redis_peer_t *peer,
    qc_metric_e reason);


ngx_int_t
ngx_http_qc_redis_start(ngx_http_qc_redis_t *redis, ngx_cycle_t *cycle)
{
    ngx_http_qc_redis_peer_t  *peer;

    peer = ngx_http_qc_redis_peer(redis, NULL, cycle);
    if (peer == NULL) {
        return NGX_ERROR;
    }

    redis->peer = peer;

    /* the clock stands since the configuration was read: timers need it */

    ngx_time_update();

    ngx_http_qc_endpoint_start(&redis->endpoint, cycle->log);

    redis->endpoint.changed = ngx_http_qc_redis_changed;
    redis->endpoint.data = redis;

    ngx_http_qc_redis_connect(peer);

    /* nothing but hashes is written where records are shared with others */

    if (!redis->conf.fills || redis->conf.rsc) {
        return NGX_OK;
    }

    return ngx_http_qc_redis_locks_start(redis, cycle);
}


ngx_http_qc_redis_peer_t *
ngx_http_qc_redis_peer(ngx_http_qc_redis_t *redis,
    ngx_http_qc_redis_sub_t *sub, ngx_cycle_t *cycle)
{
    ngx_pool_cleanup_t        *cln;
    ngx_http_qc_redis_peer_t  *peer;

    peer = ngx_pcalloc(cycle->pool, sizeof(ngx_http_qc_redis_peer_t));
    if (peer == NULL) {
        return NULL;
    }

    cln = ngx_pool_cleanup_add(cycle->pool, 0);
    if (cln == NULL) {
        return NULL;
    }

    cln->handler = ngx_http_qc_redis_cleanup;
    cln->data = peer;

    peer->redis = redis;
    peer->sub = sub;
    peer->what = sub ? "the subscription to redis" : "redis";
    peer->made = sub ? QC_LOCK_SUBSCRIBED : QC_REDIS_CONNECTS;
    peer->aside = sub ? QC_LOCK_UNSUBSCRIBED : QC_REDIS_DOWN;
    peer->pool = cycle->pool;
    peer->cycle_log = cycle->log;

    ngx_queue_init(&peer->ops);
    ngx_queue_init(&peer->free);

    /* a failed attempt is reported here, once, and not by every system call */

    peer->log = *cycle->log;
    peer->log.handler = ngx_http_qc_redis_log_error;
    peer->log.data = peer;

    if (!(peer->log.log_level & NGX_LOG_DEBUG_ALL)) {
        peer->log.log_level = ngx_min(peer->log.log_level, NGX_LOG_ALERT);
    }

    peer->dummy.fd = (ngx_socket_t) -1;
    peer->dummy.data = peer;

    peer->flush.handler = ngx_http_qc_redis_flush_handler;
    peer->flush.data = &peer->dummy;
    peer->flush.log = &peer->log;

    peer->deadline.handler = ngx_http_qc_redis_deadline_handler;
    peer->deadline.data = &peer->dummy;
    peer->deadline.log = &peer->log;

    peer->retry.handler = ngx_http_qc_redis_retry_handler;
    peer->retry.data = &peer->dummy;
    peer->retry.log = &peer->log;
    peer->retry.cancelable = 1;

    return (ngx_http_qc_redis_hello(peer) == NGX_OK) ? peer : NULL;
}


static void
ngx_http_qc_redis_cleanup(void *data)
{
    ngx_http_qc_redis_peer_t  *peer = data;

    if (peer->reader) {
        redisReaderFree(peer->reader);
        peer->reader = NULL;
    }

    if (peer->start) {
        ngx_free(peer->start);
        peer->start = NULL;
    }
}


static u_char *
ngx_http_qc_redis_log_error(ngx_log_t *log, u_char *buf, size_t len)
{
    ngx_http_qc_redis_peer_t  *peer = log->data;

    return ngx_snprintf(buf, len, " while talking to redis %V",
                        &peer->redis->endpoint.host);
}


void *
ngx_http_qc_redis_command(ngx_http_qc_redis_t *redis, int argc,
    const char **argv, const size_t *argvlen,
    ngx_http_qc_redis_reply_pt handler, void *data, qc_metric_e *reason)
{
    if (redis->peer == NULL || redis->peer->state == NGX_HTTP_QC_REDIS_DOWN) {
        *reason = QC_R_META_DOWN;
        ngx_http_qc_count(redis->meta.stats, QC_REDIS_REFUSED);
        return NULL;
    }

    return ngx_http_qc_redis_peer_command(redis->peer, argc, argv, argvlen,
                                          handler, data, reason);
}


void *
ngx_http_qc_redis_peer_command(ngx_http_qc_redis_peer_t *peer, int argc,
    const char **argv, const size_t *argvlen,
    ngx_http_qc_redis_reply_pt handler, void *data, qc_metric_e *reason)
{
    ngx_http_qc_redis_t     *redis;
    ngx_http_qc_redis_op_t  *op;

    redis = peer->redis;
    *reason = QC_R_META_DOWN;

    if (peer->nops >= redis->conf.queue) {
        ngx_http_qc_fault(redis->meta.stats, QC_REDIS_QUEUE, NGX_LOG_WARN,
                          peer->cycle_log, 0, "%ui redis commands are pending",
                          peer->nops);
        return NULL;
    }

    *reason = QC_R_META_ERROR;

    if (ngx_http_qc_redis_reserve(peer,
                                  ngx_http_qc_redis_length(argc, argvlen))
        != NGX_OK)
    {
        return NULL;
    }

    op = ngx_http_qc_redis_op(peer);
    if (op == NULL) {
        return NULL;
    }

    op->handler = handler;
    op->data = data;
    op->optional = 0;
    op->deadline = ngx_current_msec + redis->conf.timeout;

    ngx_queue_insert_tail(&peer->ops, &op->queue);

    peer->last = ngx_http_qc_redis_write(peer->last, argc, argv, argvlen);

    if (peer->pc.connection) {
        peer->pc.connection->idle = 0;
    }

    if (!peer->deadline.timer_set) {
        ngx_add_timer(&peer->deadline, redis->conf.timeout);
    }

    if (!peer->flush.posted) {
        ngx_post_event(&peer->flush, &ngx_posted_events);
    }

    ngx_http_qc_count(redis->meta.stats, QC_REDIS_COMMANDS);

    return op;
}


/* The command stays in the queue: its reply has to be skipped. */

void
ngx_http_qc_redis_cancel(void *handle)
{
    ngx_http_qc_redis_op_t  *op = handle;

    op->handler = NULL;
}


void
ngx_http_qc_redis_optional(void *handle)
{
    ngx_http_qc_redis_op_t  *op = handle;

    op->optional = 1;
}


ngx_uint_t
ngx_http_qc_redis_spare(ngx_http_qc_redis_t *redis)
{
    ngx_http_qc_redis_peer_t  *peer;

    peer = redis->peer;

    return peer != NULL
           && peer->state != NGX_HTTP_QC_REDIS_DOWN
           && peer->nops <= redis->conf.queue / 2;
}


static size_t
ngx_http_qc_redis_length(int argc, const size_t *argvlen)
{
    int     i;
    size_t  len;

    len = sizeof("*" CRLF) - 1 + NGX_SIZE_T_LEN;

    for (i = 0; i < argc; i++) {
        len += sizeof("$" CRLF CRLF) - 1 + NGX_SIZE_T_LEN + argvlen[i];
    }

    return len;
}


u_char *
ngx_http_qc_redis_write(u_char *p, int argc, const char **argv,
    const size_t *argvlen)
{
    int  i;

    p = ngx_sprintf(p, "*%d" CRLF, argc);

    for (i = 0; i < argc; i++) {
        p = ngx_sprintf(p, "$%uz" CRLF, argvlen[i]);
        p = ngx_cpymem(p, argv[i], argvlen[i]);
        *p++ = CR;
        *p++ = LF;
    }

    return p;
}


static ngx_int_t
ngx_http_qc_redis_reserve(ngx_http_qc_redis_peer_t *peer, size_t size)
{
    u_char  *start;
    size_t   used, total;

    if ((size_t) (peer->end - peer->last) >= size) {
        return NGX_OK;
    }

    used = peer->last - peer->pos;
    total = ngx_max(peer->end - peer->start, NGX_HTTP_QC_REDIS_OUT);

    while (total - used < size) {
        total *= 2;
    }

    start = ngx_alloc(total, peer->cycle_log);
    if (start == NULL) {
        return NGX_ERROR;
    }

    if (peer->start) {
        ngx_memcpy(start, peer->pos, used);
        ngx_free(peer->start);
    }

    peer->start = start;
    peer->pos = start;
    peer->last = start + used;
    peer->end = start + total;

    return NGX_OK;
}


void
ngx_http_qc_redis_clear(ngx_http_qc_redis_peer_t *peer)
{
    if (peer->end - peer->start > NGX_HTTP_QC_REDIS_OUT_KEEP) {
        ngx_free(peer->start);
        peer->start = NULL;
        peer->end = NULL;
    }

    peer->pos = peer->start;
    peer->last = peer->start;
}


static ngx_http_qc_redis_op_t *
ngx_http_qc_redis_op(ngx_http_qc_redis_peer_t *peer)
{
    ngx_queue_t             *q;
    ngx_http_qc_redis_op_t  *op;

    if (ngx_queue_empty(&peer->free)) {
        op = ngx_palloc(peer->pool, sizeof(ngx_http_qc_redis_op_t));
        if (op == NULL) {
            return NULL;
        }

    } else {
        q = ngx_queue_head(&peer->free);
        ngx_queue_remove(q);
        op = ngx_queue_data(q, ngx_http_qc_redis_op_t, queue);
    }

    peer->nops++;

    return op;
}


static void
ngx_http_qc_redis_changed(void *data)
{
    ngx_http_qc_redis_t  *redis = data;

    ngx_http_qc_redis_changed_peer(redis->peer);

    if (redis->sub) {
        ngx_http_qc_redis_changed_peer(redis->sub);
    }
}


static void
ngx_http_qc_redis_changed_peer(ngx_http_qc_redis_peer_t *peer)
{
    if (peer->pc.connection == NULL
        && (!ngx_exiting || !ngx_queue_empty(&peer->ops)))
    {
        ngx_http_qc_redis_connect(peer);
    }
}


static void
ngx_http_qc_redis_flush_handler(ngx_event_t *ev)
{
    ngx_connection_t          *dummy;
    ngx_http_qc_redis_peer_t  *peer;

    dummy = ev->data;
    peer = dummy->data;

    if (peer->state == NGX_HTTP_QC_REDIS_READY) {
        ngx_http_qc_redis_send(peer);
        return;
    }

    /* none if the worker is exiting and has closed its connection meanwhile */

    if (peer->state == NGX_HTTP_QC_REDIS_STARTING
        && peer->pc.connection == NULL
        && !ngx_queue_empty(&peer->ops))
    {
        ngx_http_qc_redis_connect(peer);
    }
}


static void
ngx_http_qc_redis_retry_handler(ngx_event_t *ev)
{
    ngx_connection_t          *dummy;
    ngx_http_qc_redis_peer_t  *peer;

    dummy = ev->data;
    peer = dummy->data;

    if (peer->pc.connection) {
        return;
    }

    if (ngx_exiting && ngx_queue_empty(&peer->ops)) {

        /* nothing may keep the worker: the next command will connect */

        peer->state = NGX_HTTP_QC_REDIS_STARTING;
        return;
    }

    ngx_http_qc_redis_connect(peer);
}


static void
ngx_http_qc_redis_deadline_handler(ngx_event_t *ev)
{
    ngx_queue_t               *q;
    ngx_msec_int_t             left;
    ngx_connection_t          *dummy;
    ngx_http_qc_redis_op_t    *op;
    ngx_http_qc_redis_peer_t  *peer;

    dummy = ev->data;
    peer = dummy->data;

    if (ngx_queue_empty(&peer->ops)) {
        return;
    }

    q = ngx_queue_head(&peer->ops);
    op = ngx_queue_data(q, ngx_http_qc_redis_op_t, queue);

    left = (ngx_msec_int_t) (op->deadline - ngx_current_msec);

    if (left > 0) {
        ngx_add_timer(ev, (ngx_msec_t) left);
        return;
    }

    ngx_http_qc_redis_fail(peer, QC_R_META_TIMEOUT, NGX_ETIMEDOUT,
                           peer->pc.connection ? "no answer"
                                               : "its name is not resolved");
}


void
ngx_http_qc_redis_fail(ngx_http_qc_redis_peer_t *peer, qc_metric_e reason,
    ngx_err_t err, const char *why)
{
    if (peer->state != NGX_HTTP_QC_REDIS_DOWN) {
        peer->state = NGX_HTTP_QC_REDIS_DOWN;
        ngx_http_qc_count(peer->redis->meta.stats, peer->aside);
    }

    ngx_http_qc_redis_report(peer, err, why);
    ngx_http_qc_redis_close(peer);
    ngx_http_qc_redis_backoff(peer);
    ngx_http_qc_redis_drop(peer, reason);
}


/* An outage, and an outage with another cause, by one worker a minute. */

static void
ngx_http_qc_redis_report(ngx_http_qc_redis_peer_t *peer, ngx_err_t err,
    const char *why)
{
    ngx_str_t            *name;
    ngx_http_qc_stats_t  *stats;

    stats = peer->redis->meta.stats;

    if ((peer->reported && peer->reason == err)
        || !ngx_http_qc_fault_due(stats, peer->aside))
    {
        return;
    }

    peer->reported = 1;
    peer->reason = err;

    name = peer->pc.name ? peer->pc.name : &peer->redis->endpoint.host;

    ngx_log_error(NGX_LOG_ERR, peer->cycle_log, err,
                  "%s %V is set aside: %s in query cache zone \"%V\"",
                  peer->what, name, why, &stats->zone);
}


void
ngx_http_qc_redis_backoff(ngx_http_qc_redis_peer_t *peer)
{
    ngx_http_qc_redis_conf_t  *conf;

    conf = &peer->redis->conf;

    peer->backoff = peer->backoff ? peer->backoff * 2 : conf->backoff_min;
    peer->backoff = ngx_min(peer->backoff, conf->backoff_max);
    peer->tried = 0;

    ngx_add_timer(&peer->retry, peer->backoff
                  + (ngx_msec_t) ngx_random() % (peer->backoff / 4 + 1));
}


/* Handlers may queue commands; those are not in the list that fails. */

static void
ngx_http_qc_redis_drop(ngx_http_qc_redis_peer_t *peer, qc_metric_e reason)
{
    void                        *data;
    ngx_queue_t                  failed;
    ngx_http_qc_redis_reply_pt   handler;

    ngx_queue_init(&failed);

    if (!ngx_queue_empty(&peer->ops)) {
        ngx_queue_add(&failed, &peer->ops);
        ngx_queue_init(&peer->ops);
    }

    peer->sent = 0;
    ngx_http_qc_redis_clear(peer);

    if (peer->deadline.timer_set) {
        ngx_del_timer(&peer->deadline);
    }

    while (!ngx_queue_empty(&failed)) {
        handler = ngx_http_qc_redis_shift(peer, &failed, &data);

        if (reason == QC_R_META_TIMEOUT) {
            ngx_http_qc_count(peer->redis->meta.stats, QC_REDIS_TIMEOUT);
        }

        if (handler) {
            handler(peer->redis, data, NULL, reason);
        }
    }
}


ngx_http_qc_redis_reply_pt
ngx_http_qc_redis_shift(ngx_http_qc_redis_peer_t *peer, ngx_queue_t *ops,
    void **data)
{
    ngx_queue_t             *q;
    ngx_http_qc_redis_op_t  *op;

    q = ngx_queue_head(ops);
    op = ngx_queue_data(q, ngx_http_qc_redis_op_t, queue);

    ngx_queue_remove(q);
    ngx_queue_insert_head(&peer->free, q);
    peer->nops--;

    *data = op->data;

    return op->handler;
}
