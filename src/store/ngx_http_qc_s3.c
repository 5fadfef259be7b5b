
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "ngx_http_qc_s3.h"


#define NGX_HTTP_QC_S3_DELETES     32   /* under way at once, per worker */


/* A put, a delete or a probe: an operation and the request it runs below. */

typedef struct {
    ngx_http_qc_s3_op_t            op;          /* first */
    ngx_http_qc_detached_t        *detached;
    ngx_pool_t                    *pool;        /* NULL: the put's */
    ngx_http_qc_put_t             *put;
    ngx_event_t                    end;
} ngx_http_qc_s3_task_t;


static ngx_int_t ngx_http_qc_s3_read(ngx_http_qc_tier_t *tier,
    ngx_http_qc_read_t *rd);
static void ngx_http_qc_s3_read_done(ngx_http_qc_s3_op_t *op);
static void ngx_http_qc_s3_read_cleanup(void *data);
static void ngx_http_qc_s3_cancel(ngx_http_qc_tier_t *tier,
    ngx_http_qc_read_t *rd);
static ngx_int_t ngx_http_qc_s3_put(ngx_http_qc_tier_t *tier,
    ngx_http_qc_put_t *put);
static void ngx_http_qc_s3_put_done(ngx_http_qc_s3_op_t *op);
static void ngx_http_qc_s3_put_abort(ngx_http_qc_tier_t *tier,
    ngx_http_qc_put_t *put);
static ngx_uint_t ngx_http_qc_s3_available(ngx_http_qc_tier_t *tier);
static void ngx_http_qc_s3_remove(ngx_http_qc_tier_t *tier,
    const u_char id[QC_OBJECT_ID_LEN]);
static ngx_int_t ngx_http_qc_s3_alone(ngx_http_qc_s3_t *s3, ngx_uint_t method,
    const u_char id[QC_OBJECT_ID_LEN], ngx_http_qc_s3_done_pt done);
static void ngx_http_qc_s3_remove_done(ngx_http_qc_s3_op_t *op);
static ngx_int_t ngx_http_qc_s3_task_start(ngx_http_qc_s3_task_t *task,
    ngx_http_qc_s3_t *s3, ngx_pool_t *pool, const char *action);
static void ngx_http_qc_s3_task_end(ngx_http_qc_s3_task_t *task);
static void ngx_http_qc_s3_task_end_handler(ngx_event_t *ev);
static void ngx_http_qc_s3_replaced(ngx_http_qc_s3_op_t *op);
static void ngx_http_qc_s3_success(ngx_http_qc_s3_t *s3);
static void ngx_http_qc_s3_verdict(ngx_http_qc_s3_op_t *op,
    qc_metric_e metric, unsigned weight, const char *what);
static void ngx_http_qc_s3_down(ngx_http_qc_s3_op_t *op, const char *what);
static void ngx_http_qc_s3_arm_probe(ngx_http_qc_s3_t *s3);
static void ngx_http_qc_s3_probe_handler(ngx_event_t *ev);
static void ngx_http_qc_s3_probe_done(ngx_http_qc_s3_op_t *op);


static ngx_uint_t  ngx_http_qc_s3_deletes;


ngx_int_t
ngx_http_qc_s3_start(ngx_http_qc_s3_t *s3, ngx_cycle_t *cycle)
{
    qc_breaker_init(&s3->breaker, s3->backoff_min, s3->backoff_max,
                    (unsigned) s3->max_fails);

    s3->tier.read = ngx_http_qc_s3_read;
    s3->tier.cancel = ngx_http_qc_s3_cancel;
    s3->tier.put = ngx_http_qc_s3_put;
    s3->tier.abort = ngx_http_qc_s3_put_abort;
    s3->tier.available = ngx_http_qc_s3_available;
    s3->tier.remove = ngx_http_qc_s3_remove;
    s3->tier.data = s3;

    s3->probe_ident.fd = (ngx_socket_t) -1;
    s3->probe.data = &s3->probe_ident;
    s3->probe_ident.data = s3;
    s3->probe.handler = ngx_http_qc_s3_probe_handler;
    s3->probe.log = cycle->log;
    s3->probe.cancelable = 1;

    if (s3->upstream.upstream == &s3->private_upstream) {
        ngx_http_qc_endpoint_start(&s3->endpoint, cycle->log);
    }

    return ngx_http_qc_s3_peer_start(s3, cycle->pool);
}


static ngx_int_t
ngx_http_qc_s3_read(ngx_http_qc_tier_t *tier, ngx_http_qc_read_t *rd)
{
    ngx_http_qc_s3_t     *s3 = tier->data;

    ngx_pool_cleanup_t   *cln;
    ngx_http_qc_s3_op_t  *op;

    if (!qc_breaker_closed(&s3->breaker)) {
        ngx_http_qc_count(tier->stats, QC_S3_REFUSED);
        rd->reason = QC_R_STORE_DOWN;
        return NGX_ERROR;
    }

    op = ngx_pcalloc(rd->request->pool, sizeof(ngx_http_qc_s3_op_t));
    cln = ngx_pool_cleanup_add(rd->request->pool, 0);

    if (op == NULL || cln == NULL) {
        rd->reason = QC_R_STORE_ERROR;
        return NGX_ERROR;
    }

    cln->handler = ngx_http_qc_s3_read_cleanup;
    cln->data = op;

    op->s3 = s3;
    op->method = NGX_HTTP_GET;
    op->key = rd->key;
    op->record = rd->record;
    op->read = rd;
    op->done = ngx_http_qc_s3_read_done;
    ngx_memcpy(op->id, rd->record->object, QC_OBJECT_ID_LEN);

    if (ngx_http_qc_s3_send(op, rd->request) != NGX_OK) {
        rd->reason = QC_R_STORE_ERROR;
        return NGX_ERROR;
    }

    rd->pending = op;

    ngx_http_qc_count(tier->stats, QC_S3_GET);

    return NGX_AGAIN;
}


static void
ngx_http_qc_s3_read_done(ngx_http_qc_s3_op_t *op)
{
    ngx_http_qc_read_t  *rd;

    rd = op->read;

    rd->pending = NULL;
    rd->reason = op->reason;
    rd->done(rd, op->rc);
}


/* The request ends: its upstream has been closed by nginx already. */

static void
ngx_http_qc_s3_read_cleanup(void *data)
{
    ngx_http_qc_s3_op_t *op = data;

    op->cancelled = 1;
    op->request = NULL;
}


static void
ngx_http_qc_s3_cancel(ngx_http_qc_tier_t *tier, ngx_http_qc_read_t *rd)
{
    ngx_http_qc_s3_t     *s3 = tier->data;

    ngx_http_qc_s3_op_t  *op;

    op = rd->pending;

    if (op == NULL) {
        return;
    }

    rd->pending = NULL;

    ngx_http_qc_s3_verdict(op, QC_S3_TIMEOUT, (unsigned) s3->max_fails,
                           "an object did not come in time");
    ngx_http_qc_s3_abort(op);
}


static ngx_int_t
ngx_http_qc_s3_put(ngx_http_qc_tier_t *tier, ngx_http_qc_put_t *put)
{
    ngx_http_qc_s3_t       *s3 = tier->data;

    ngx_http_qc_s3_task_t  *task;

    if (!qc_breaker_allow(&s3->breaker, ngx_current_msec)) {
        ngx_http_qc_count(tier->stats, QC_S3_REFUSED);
        put->reason = QC_R_STORE_DOWN;
        return NGX_ERROR;
    }

    task = ngx_pcalloc(put->pool, sizeof(ngx_http_qc_s3_task_t));
    if (task == NULL) {
        goto failed;
    }

    task->put = put;
    task->op.method = NGX_HTTP_PUT;
    task->op.key = put->key;
    task->op.payload = put->sha256;
    task->op.record = put->record;
    task->op.body = put->body;
    task->op.done = ngx_http_qc_s3_put_done;
    ngx_memcpy(task->op.id, put->record->object, QC_OBJECT_ID_LEN);

    put->pending = task;

    ngx_http_qc_count(tier->stats, QC_S3_PUT);

    if (ngx_http_qc_s3_task_start(task, s3, put->pool, "storing an object")
        == NGX_OK)
    {
        return NGX_AGAIN;
    }

failed:

    qc_breaker_release(&s3->breaker);
    put->reason = QC_R_STORE_ERROR;

    return NGX_ERROR;
}


static void
ngx_http_qc_s3_put_done(ngx_http_qc_s3_op_t *op)
{
    ngx_http_qc_s3_task_t *task = (ngx_http_qc_s3_task_t *) op;

    /* not from inside the request's own handlers */

    ngx_http_qc_s3_task_end(task);
}


static void
ngx_http_qc_s3_put_abort(ngx_http_qc_tier_t *tier, ngx_http_qc_put_t *put)
{
    ngx_http_qc_s3_t       *s3 = tier->data;

    ngx_http_qc_s3_task_t  *task;

    task = put->pending;
    if (task == NULL) {
        return;
    }

    put->pending = NULL;
    task->op.cancelled = 1;

    if (task->end.posted) {
        ngx_delete_posted_event(&task->end);

    } else {
        ngx_http_qc_s3_verdict(&task->op, QC_S3_TIMEOUT, s3->max_fails,
                               "a store was not done by its deadline");
    }

    ngx_http_qc_detached_abort(task->detached);
}


static ngx_uint_t
ngx_http_qc_s3_available(ngx_http_qc_tier_t *tier)
{
    ngx_http_qc_s3_t *s3 = tier->data;

    return qc_breaker_closed(&s3->breaker)
           || (!s3->breaker.trial && ngx_current_msec >= s3->breaker.until);
}


static void
ngx_http_qc_s3_remove(ngx_http_qc_tier_t *tier,
    const u_char id[QC_OBJECT_ID_LEN])
{
    ngx_http_qc_s3_t *s3 = tier->data;

    /* what has the name of a key may be somebody's answer by now */

    if (s3->rsc) {
        return;
    }

    if (ngx_http_qc_s3_deletes >= NGX_HTTP_QC_S3_DELETES
        || !qc_breaker_closed(&s3->breaker)
        || ngx_http_qc_s3_alone(s3, NGX_HTTP_DELETE, id,
                                ngx_http_qc_s3_remove_done)
           != NGX_OK)
    {
        ngx_http_qc_count(tier->stats, QC_STORE_ORPHAN);
        return;
    }

    ngx_http_qc_s3_deletes++;
    ngx_http_qc_count(tier->stats, QC_S3_DELETE);
}


static ngx_int_t
ngx_http_qc_s3_alone(ngx_http_qc_s3_t *s3, ngx_uint_t method,
    const u_char id[QC_OBJECT_ID_LEN], ngx_http_qc_s3_done_pt done)
{
    ngx_pool_t             *pool;
    ngx_http_qc_s3_task_t  *task;

    pool = ngx_create_pool(4096, ngx_cycle->log);
    if (pool == NULL) {
        return NGX_ERROR;
    }

    task = ngx_pcalloc(pool, sizeof(ngx_http_qc_s3_task_t));
    if (task == NULL) {
        ngx_destroy_pool(pool);
        return NGX_ERROR;
    }

    task->pool = pool;
    task->op.method = method;
    task->op.key = s3->probe_key;
    task->op.done = done;
    ngx_memcpy(task->op.id, id, QC_OBJECT_ID_LEN);

    if (ngx_http_qc_s3_task_start(task, s3, pool,
                                  method == NGX_HTTP_HEAD
                                  ? "probing" : "deleting an object")
        != NGX_OK)
    {
        ngx_destroy_pool(pool);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
ngx_http_qc_s3_remove_done(ngx_http_qc_s3_op_t *op)
{
    ngx_http_qc_s3_deletes--;

    if (op->rc != NGX_OK) {
        ngx_http_qc_count(op->s3->tier.stats, QC_STORE_ORPHAN);
    }

    ngx_http_qc_s3_task_end((ngx_http_qc_s3_task_t *) op);
}


static ngx_int_t
ngx_http_qc_s3_task_start(ngx_http_qc_s3_task_t *task, ngx_http_qc_s3_t *s3,
    ngx_pool_t *pool, const char *action)
{
    task->op.s3 = s3;

    task->detached = ngx_http_qc_detached_create(pool, s3->ctx, action);
    if (task->detached == NULL) {
        return NGX_ERROR;
    }

    task->end.data = &task->detached->connection;
    task->end.handler = ngx_http_qc_s3_task_end_handler;
    task->end.log = ngx_cycle->log;

    if (ngx_http_qc_s3_send(&task->op, task->detached->request) != NGX_OK) {
        return NGX_ERROR;
    }

    task->op.data = task;
    ngx_http_set_ctx(task->detached->request, task,
                     ngx_http_query_cache_filter_module);

    ngx_http_run_posted_requests(&task->detached->connection);

    return NGX_OK;
}


static void
ngx_http_qc_s3_task_end(ngx_http_qc_s3_task_t *task)
{
    ngx_post_event(&task->end, &ngx_posted_events);
}


static void
ngx_http_qc_s3_task_end_handler(ngx_event_t *ev)
{
    ngx_connection_t       *c;
    ngx_http_qc_put_t      *put;
    ngx_http_qc_s3_task_t  *task;

    c = ev->data;
    task = ngx_http_get_module_ctx((ngx_http_request_t *) c->data,
                                   ngx_http_query_cache_filter_module);

    ngx_http_qc_detached_abort(task->detached);

    put = task->put;

    if (put) {
        put->pending = NULL;
        put->reason = task->op.reason;
        put->done(put, task->op.rc);
        return;
    }

    ngx_destroy_pool(task->pool);
}


/*
 * What an operation's end means: the result for its owner, a verdict for
 * the breaker, a counter, and one line in the log.
 */

void
ngx_http_qc_s3_result(ngx_http_qc_s3_op_t *op, ngx_int_t rc)
{
    ngx_uint_t         status;
    ngx_http_qc_s3_t  *s3;

    s3 = op->s3;
    status = op->status;

    op->rc = NGX_ERROR;
    op->reason = QC_R_STORE_ERROR;

    if (status == NGX_HTTP_NOT_FOUND && op->method != NGX_HTTP_PUT) {
        op->rc = NGX_DECLINED;
        op->reason = QC_R_GONE;
        ngx_http_qc_count(s3->tier.stats, QC_S3_NOT_FOUND);
        ngx_http_qc_s3_success(s3);
        return;
    }

    if (status == NGX_HTTP_UNAUTHORIZED || status == NGX_HTTP_FORBIDDEN) {
        ngx_http_qc_s3_verdict(op, QC_S3_DENIED, 1, "access was denied");
        return;
    }

    if (status == NGX_HTTP_SERVICE_UNAVAILABLE) {
        ngx_http_qc_s3_verdict(op, QC_S3_SLOW_DOWN, 1, "it asks to slow down");
        return;
    }

    if (status >= NGX_HTTP_SPECIAL_RESPONSE) {
        ngx_http_qc_s3_verdict(op, QC_S3_STATUS, 1, "unexpected status");
        return;
    }

    if (rc == NGX_HTTP_GATEWAY_TIME_OUT) {
        op->reason = QC_R_STORE_TIMEOUT;
        ngx_http_qc_s3_verdict(op, QC_S3_TIMEOUT, (unsigned) s3->max_fails,
                               "it timed out");
        return;
    }

    if (status == 0) {
        ngx_http_qc_s3_verdict(op, QC_S3_CONNECT, (unsigned) s3->max_fails,
                               "no answer was had");
        return;
    }

    if (rc != NGX_OK) {

        if (op->method == NGX_HTTP_GET && !op->begun) {

            if (s3->rsc) {
                ngx_http_qc_s3_replaced(op);
                return;
            }

            ngx_http_qc_s3_verdict(op, QC_S3_INVALID, 1,
                                   "an object is not what the index says");
            return;
        }

        ngx_http_qc_s3_verdict(op, QC_S3_CONNECT, 1, "an answer broke off");
        return;
    }

    op->rc = NGX_OK;
    op->reason = QC_NO_METRIC;

    ngx_http_qc_s3_success(s3);
}


/*
 * An object that is written in place has been written by somebody else since
 * the record was, or before.  S3 is well, and the entry is not ours to drop.
 */

static void
ngx_http_qc_s3_replaced(ngx_http_qc_s3_op_t *op)
{
    ngx_http_qc_s3_t  *s3;

    s3 = op->s3;

    op->rc = NGX_DECLINED;
    op->reason = QC_R_GONE;

    ngx_http_qc_fault(s3->tier.stats, QC_S3_INVALID, NGX_LOG_WARN,
                      ngx_cycle->log, 0,
                      "an object in s3 \"%V\" is not that of its record: one "
                      "of them was written alone", &s3->endpoint.host);

    ngx_http_qc_s3_success(s3);
}


static void
ngx_http_qc_s3_success(ngx_http_qc_s3_t *s3)
{
    if (qc_breaker_success(&s3->breaker)) {
        ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                      "s3 \"%V\" is back in query cache zone \"%V\"",
                      &s3->endpoint.host, &s3->tier.stats->zone);
    }
}


static void
ngx_http_qc_s3_verdict(ngx_http_qc_s3_op_t *op, qc_metric_e metric,
    unsigned weight, const char *what)
{
    ngx_http_qc_s3_t  *s3;

    s3 = op->s3;

    ngx_http_qc_fault(s3->tier.stats, metric, NGX_LOG_ERR, ngx_cycle->log, 0,
                      "s3 \"%V\" failed, %s, status %ui", &s3->endpoint.host,
                      what, op->status);

    if (qc_breaker_failure(&s3->breaker, ngx_current_msec, weight)) {
        ngx_http_qc_s3_down(op, what);
    }

    ngx_http_qc_s3_arm_probe(s3);
}


static void
ngx_http_qc_s3_down(ngx_http_qc_s3_op_t *op, const char *what)
{
    ngx_http_qc_s3_t  *s3;

    s3 = op->s3;

    ngx_memcpy(s3->probe_id, op->id, QC_OBJECT_ID_LEN);
    ngx_memmove(s3->probe_key, op->key, QC_KEY_LEN);

    ngx_http_qc_fault(s3->tier.stats, QC_S3_DOWN, NGX_LOG_ERR, ngx_cycle->log,
                      0, "s3 \"%V\" is set aside, %s, status %ui",
                      &s3->endpoint.host, what, op->status);
}


/*
 * While S3 is set aside no client's request tries it; a probe asks for the
 * object that failed, and stores are let through one at a time.
 */

static void
ngx_http_qc_s3_arm_probe(ngx_http_qc_s3_t *s3)
{
    ngx_msec_int_t  delay;

    if (qc_breaker_closed(&s3->breaker) || s3->probing
        || s3->probe.timer_set)
    {
        return;
    }

    delay = (ngx_msec_int_t) (s3->breaker.until - ngx_current_msec);

    ngx_add_timer(&s3->probe, delay > 0 ? delay : 1);
}


static void
ngx_http_qc_s3_probe_handler(ngx_event_t *ev)
{
    ngx_connection_t  *c;
    ngx_http_qc_s3_t  *s3;

    c = ev->data;
    s3 = c->data;

    if (qc_breaker_closed(&s3->breaker) || ngx_exiting || ngx_terminate) {
        return;
    }

    if (!qc_breaker_allow(&s3->breaker, ngx_current_msec)) {
        ngx_add_timer(&s3->probe, s3->backoff_min);
        return;
    }

    if (ngx_http_qc_s3_alone(s3, NGX_HTTP_HEAD, s3->probe_id,
                             ngx_http_qc_s3_probe_done)
        != NGX_OK)
    {
        qc_breaker_release(&s3->breaker);
        ngx_add_timer(&s3->probe, s3->backoff_max);
        return;
    }

    s3->probing = 1;
    ngx_http_qc_count(s3->tier.stats, QC_S3_PROBE);
}


static void
ngx_http_qc_s3_probe_done(ngx_http_qc_s3_op_t *op)
{
    op->s3->probing = 0;

    ngx_http_qc_s3_arm_probe(op->s3);
    ngx_http_qc_s3_task_end((ngx_http_qc_s3_task_t *) op);
}
