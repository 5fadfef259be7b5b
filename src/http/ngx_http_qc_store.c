
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * Store jobs: encode, put the body, publish the record.  A job owns all it
 * needs and knows nothing of the request it came from.  Each holds a timer,
 * its deadline, from submission to its end: that bounds it, and keeps a
 * worker that is told to leave until it is done.  The record comes last, so
 * a job that dies leaves an object nobody knows, never a record without one.
 *
 * At most store_concurrency jobs of a zone run in a worker; others wait in
 * three queues, at most store_queue of them.
 */

#include "ngx_http_qc.h"

#include <openssl/rand.h>


#define NGX_HTTP_QC_RETRY_DELAY    200      /* ms, the first */


typedef struct {
    ngx_http_qc_meta_op_t          op;
    ngx_http_qc_lock_t             lock;
} ngx_http_qc_refresh_t;


static void ngx_http_qc_jobs_start(ngx_event_t *ev);
static ngx_int_t ngx_http_qc_jobs_admit(ngx_http_qc_job_t *job);
static ngx_http_qc_job_t *ngx_http_qc_jobs_find(ngx_http_qc_zone_t *zone,
    const u_char *key);
static ngx_queue_t *ngx_http_qc_jobs_bucket(ngx_http_qc_zone_t *zone,
    const u_char *key);
static void ngx_http_qc_job_step(ngx_http_qc_job_t *job);
static ngx_int_t ngx_http_qc_job_put(ngx_http_qc_job_t *job);
static void ngx_http_qc_job_put_done(ngx_http_qc_put_t *put, ngx_int_t rc);
static ngx_int_t ngx_http_qc_job_publish(ngx_http_qc_job_t *job,
    const u_char *key, const qc_record_t *rec);
static void ngx_http_qc_job_publish_done(ngx_http_qc_meta_op_t *op);
static ngx_uint_t ngx_http_qc_job_retry(ngx_http_qc_job_t *job,
    qc_metric_e reason);
static void ngx_http_qc_job_retry_handler(ngx_event_t *ev);
static void ngx_http_qc_job_deadline_handler(ngx_event_t *ev);
static void ngx_http_qc_job_failed(ngx_http_qc_job_t *job,
    qc_metric_e reason);
static void ngx_http_qc_job_finish(ngx_http_qc_job_t *job);
static void ngx_http_qc_job_free_handler(ngx_event_t *ev);
static void ngx_http_qc_op_done(ngx_http_qc_meta_op_t *op);
static void ngx_http_qc_refreshed(ngx_http_qc_meta_op_t *op);


void
ngx_http_qc_jobs_init(ngx_http_qc_zone_t *zone, ngx_log_t *log)
{
    ngx_uint_t           i;
    ngx_http_qc_jobs_t  *jobs;

    jobs = &zone->jobs;

    for (i = 0; i < NGX_HTTP_QC_PRIORITIES; i++) {
        ngx_queue_init(&jobs->waiting[i]);
    }

    for (i = 0; i < NGX_HTTP_QC_JOB_BUCKETS; i++) {
        ngx_queue_init(&jobs->buckets[i]);
    }

    ngx_http_qc_live_init(jobs);

    ngx_queue_init(&zone->fills);

    jobs->ident.fd = (ngx_socket_t) -1;
    jobs->ident.data = zone;

    jobs->start.data = &jobs->ident;
    jobs->start.handler = ngx_http_qc_jobs_start;
    jobs->start.log = log;
}


/* Of the tier that must have what is stored. */

ngx_uint_t
ngx_http_qc_store_available(ngx_http_qc_zone_t *zone)
{
    ngx_http_qc_tier_t  *tier;

    tier = zone->tiers[zone->ntiers - 1];

    return tier->available == NULL || tier->available(tier);
}


ngx_http_qc_job_t *
ngx_http_qc_job_create(ngx_http_qc_zone_t *zone)
{
    ngx_pool_t         *pool;
    ngx_http_qc_job_t  *job;

    pool = ngx_create_pool(NGX_DEFAULT_POOL_SIZE, ngx_cycle->log);
    if (pool == NULL) {
        return NULL;
    }

    job = ngx_pcalloc(pool, sizeof(ngx_http_qc_job_t));
    if (job == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    job->pool = pool;
    job->zone = zone;
    job->refs = 1;
    job->last_chunk = &job->chunks;

    job->ident.fd = (ngx_socket_t) -1;
    job->ident.data = job;

    job->deadline.data = &job->ident;
    job->deadline.handler = ngx_http_qc_job_deadline_handler;
    job->deadline.log = ngx_cycle->log;

    job->retry.data = &job->ident;
    job->retry.handler = ngx_http_qc_job_retry_handler;
    job->retry.log = ngx_cycle->log;

    return job;
}


/* Of a job that waits, is captured, or has ended. */

void
ngx_http_qc_job_destroy(ngx_http_qc_job_t *job)
{
    ngx_http_qc_jobs_t  *jobs;

    jobs = &job->zone->jobs;

    if (job->queued) {
        ngx_queue_remove(&job->queue);
        jobs->nwaiting--;
    }

    if (job->queued || job->active) {
        ngx_queue_remove(&job->same);
    }

    if (job->active) {
        jobs->active--;
    }

    if (job->deadline.timer_set) {
        ngx_del_timer(&job->deadline);
    }

    if (job->retry.timer_set) {
        ngx_del_timer(&job->retry);
    }

    ngx_http_qc_live_end(job);
    ngx_http_qc_lock_release(&job->lock, NGX_HTTP_QC_LOCK_UNSTORED);

    if (job->filled) {
        ngx_http_qc_mark_clear(&job->zone->marks, NGX_HTTP_QC_MARK_FILL,
                               job->fill);
    }

    if (jobs->nwaiting) {
        ngx_post_event(&jobs->start, &ngx_posted_events);
    }

    ngx_http_qc_job_release(job);
}


void
ngx_http_qc_job_submit(ngx_http_qc_job_t *job)
{
    ngx_http_qc_job_t   *other;
    ngx_http_qc_jobs_t  *jobs;

    jobs = &job->zone->jobs;

    ngx_http_qc_live_begin(job);

    other = ngx_http_qc_jobs_find(job->zone, job->key);

    if (other && other->attempts == 0) {
        ngx_http_qc_lock_join(&other->lock, &job->lock);
    }

    if (other || ngx_http_qc_jobs_admit(job) != NGX_OK) {
        ngx_http_qc_job_destroy(job);
        return;
    }

    job->queued = 1;
    jobs->nwaiting++;

    ngx_queue_insert_tail(&jobs->waiting[job->priority], &job->queue);
    ngx_queue_insert_tail(ngx_http_qc_jobs_bucket(job->zone, job->key),
                          &job->same);

    ngx_add_timer(&job->deadline, job->zone->store_timeout);

    /* after the request has been let go of, not before */

    ngx_post_event(&jobs->start, &ngx_posted_next_events);
}


/* NGX_DECLINED if the queue is full of jobs at least as important. */

static ngx_int_t
ngx_http_qc_jobs_admit(ngx_http_qc_job_t *job)
{
    ngx_uint_t           i;
    ngx_queue_t         *q;
    ngx_http_qc_job_t   *victim;
    ngx_http_qc_jobs_t  *jobs;

    jobs = &job->zone->jobs;

    if (jobs->nwaiting < job->zone->store_queue) {
        return NGX_OK;
    }

    ngx_http_qc_count(&job->zone->stats, QC_R_QUEUE);

    for (i = NGX_HTTP_QC_PRIORITIES - 1; i > job->priority; i--) {

        if (!ngx_queue_empty(&jobs->waiting[i])) {
            q = ngx_queue_last(&jobs->waiting[i]);
            victim = ngx_queue_data(q, ngx_http_qc_job_t, queue);

            ngx_http_qc_job_destroy(victim);

            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}


static ngx_queue_t *
ngx_http_qc_jobs_bucket(ngx_http_qc_zone_t *zone, const u_char *key)
{
    return &zone->jobs.buckets[key[0] % NGX_HTTP_QC_JOB_BUCKETS];
}


/* One store of a key at a time: what is under way is as good. */

ngx_uint_t
ngx_http_qc_jobs_has(ngx_http_qc_zone_t *zone, const u_char *key)
{
    return ngx_http_qc_jobs_find(zone, key) != NULL;
}


static ngx_http_qc_job_t *
ngx_http_qc_jobs_find(ngx_http_qc_zone_t *zone, const u_char *key)
{
    ngx_queue_t        *q, *bucket;
    ngx_http_qc_job_t  *other;

    bucket = ngx_http_qc_jobs_bucket(zone, key);

    for (q = ngx_queue_head(bucket);
         q != ngx_queue_sentinel(bucket);
         q = ngx_queue_next(q))
    {
        other = ngx_queue_data(q, ngx_http_qc_job_t, same);

        if (ngx_memcmp(other->key, key, QC_KEY_LEN) == 0) {
            return other;
        }
    }

    return NULL;
}


static void
ngx_http_qc_jobs_start(ngx_event_t *ev)
{
    ngx_uint_t           i;
    ngx_queue_t         *q;
    ngx_connection_t    *c;
    ngx_http_qc_job_t   *job;
    ngx_http_qc_zone_t  *zone;

    c = ev->data;
    zone = c->data;

    while (zone->jobs.active < zone->store_concurrency
           && zone->jobs.nwaiting)
    {
        for (i = 0; ngx_queue_empty(&zone->jobs.waiting[i]); i++) {
            /* void */
        }

        q = ngx_queue_head(&zone->jobs.waiting[i]);
        ngx_queue_remove(q);

        job = ngx_queue_data(q, ngx_http_qc_job_t, queue);

        job->queued = 0;
        job->active = 1;

        zone->jobs.nwaiting--;
        zone->jobs.active++;

        ngx_http_qc_job_step(job);
    }
}


static void
ngx_http_qc_job_step(ngx_http_qc_job_t *job)
{
    ngx_int_t  rc;

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, ngx_cycle->log, 0,
                   "query cache job %p step: %ui", job, job->step);

    switch (job->step) {

    case NGX_HTTP_QC_JOB_ENCODE:
        rc = ngx_http_qc_encode(job);
        break;

    case NGX_HTTP_QC_JOB_PUT:
        rc = ngx_http_qc_job_put(job);
        break;

    case NGX_HTTP_QC_JOB_PUBLISH:
        rc = ngx_http_qc_job_publish(job, job->key, &job->record);
        break;

    default: /* NGX_HTTP_QC_JOB_MARK */
        rc = ngx_http_qc_job_publish(job, job->primary, &job->marker);
    }

    if (rc != NGX_AGAIN) {
        ngx_http_qc_job_next(job, rc, job->reason);
    }
}


/* A step has ended. */

void
ngx_http_qc_job_next(ngx_http_qc_job_t *job, ngx_int_t rc, qc_metric_e reason)
{
    if (job->expired) {
        ngx_http_qc_job_failed(job, QC_STORE_EXPIRED);
        return;
    }

    if (rc == NGX_DECLINED && job->step == NGX_HTTP_QC_JOB_MARK) {
        /* a newer one is there */
        rc = NGX_OK;
    }

    if (rc == NGX_DECLINED) {
        ngx_http_qc_count(&job->zone->stats, QC_STORE_LOST);
        ngx_http_qc_lock_release(&job->lock, NGX_HTTP_QC_LOCK_STORED);
        ngx_http_qc_job_failed(job, QC_NO_METRIC);
        return;
    }

    if (rc != NGX_OK) {
        if (!ngx_http_qc_job_retry(job, reason)) {
            ngx_http_qc_job_failed(job, reason);
        }

        return;
    }

    switch (job->step) {

    case NGX_HTTP_QC_JOB_ENCODE:

        /* one upload, however often it is tried, has one name */

        if (RAND_bytes(job->record.object, QC_OBJECT_ID_LEN) != 1) {
            ngx_http_qc_job_failed(job, QC_R_STORE_ERROR);
            return;
        }

        job->step = NGX_HTTP_QC_JOB_PUT;
        job->tier_n = job->zone->ntiers - 1;
        break;

    case NGX_HTTP_QC_JOB_PUT:
        job->stored = 1;

        if (job->tier_n > 0) {
            job->tier_n--;
            break;
        }

        job->step = NGX_HTTP_QC_JOB_PUBLISH;
        break;

    case NGX_HTTP_QC_JOB_PUBLISH:

        if (job->marker.vary.len) {
            job->step = NGX_HTTP_QC_JOB_MARK;
            break;
        }

        /* fall through */

    default: /* NGX_HTTP_QC_JOB_MARK */
        ngx_http_qc_count(&job->zone->stats, QC_STORED);
        ngx_http_qc_count_add(&job->zone->stats, QC_STORED_BYTES,
                              (ngx_atomic_int_t) job->record.stored);
        ngx_http_qc_lock_release(&job->lock, NGX_HTTP_QC_LOCK_STORED);
        ngx_http_qc_job_finish(job);
        return;
    }

    ngx_http_qc_job_step(job);
}


/*
 * The last tier of the list must have the body; the others are in front of
 * it and may fail.
 */

static ngx_int_t
ngx_http_qc_job_put(ngx_http_qc_job_t *job)
{
    ngx_int_t            rc;
    ngx_http_qc_put_t   *put;
    ngx_http_qc_tier_t  *tier;

    put = &job->put;
    tier = job->zone->tiers[job->tier_n];

    ngx_memzero(put, sizeof(ngx_http_qc_put_t));

    put->key = job->key;
    put->record = &job->record;
    put->body = job->body;
    put->pool = job->pool;
    put->log = ngx_cycle->log;
    put->sha256 = job->sha256;
    put->done = ngx_http_qc_job_put_done;
    put->ctx = job;
    put->reason = QC_R_STORE_ERROR;

    rc = tier->put(tier, put);

    if (rc == NGX_AGAIN) {
        job->putting = 1;
        return NGX_AGAIN;
    }

    job->reason = put->reason;

    return (rc != NGX_OK && job->stored) ? NGX_OK : rc;
}


static void
ngx_http_qc_job_put_done(ngx_http_qc_put_t *put, ngx_int_t rc)
{
    ngx_http_qc_job_t *job = put->ctx;

    job->putting = 0;

    if (rc != NGX_OK && job->stored) {
        rc = NGX_OK;
    }

    ngx_http_qc_job_next(job, (rc == NGX_OK) ? NGX_OK : NGX_ERROR,
                         put->reason);
}


static ngx_int_t
ngx_http_qc_job_publish(ngx_http_qc_job_t *job, const u_char *key,
    const qc_record_t *rec)
{
    ngx_int_t               rc;
    ngx_http_qc_meta_op_t  *op;

    op = job->op;

    if (op == NULL) {
        op = ngx_pcalloc(job->pool, sizeof(ngx_http_qc_meta_op_t));
        if (op == NULL) {
            job->reason = QC_R_META_ERROR;
            return NGX_ERROR;
        }

        job->op = op;
    }

    ngx_memcpy(op->key, key, QC_KEY_LEN);
    op->record = *rec;
    op->reason = QC_R_META_ERROR;
    op->done = ngx_http_qc_job_publish_done;
    op->data = job;
    op->log = ngx_cycle->log;
    op->pending = NULL;

    rc = job->zone->meta->put(job->zone->meta, op);
    job->reason = op->reason;

    return rc;
}


static void
ngx_http_qc_job_publish_done(ngx_http_qc_meta_op_t *op)
{
    op->pending = NULL;

    ngx_http_qc_job_next(op->data, op->rc, op->reason);
}


/* 1: the step will be tried again, after a while that grows, with jitter. */

static ngx_uint_t
ngx_http_qc_job_retry(ngx_http_qc_job_t *job, qc_metric_e reason)
{
    ngx_msec_t  delay;

    if (job->step == NGX_HTTP_QC_JOB_ENCODE
        || job->attempts >= job->zone->store_retries
        || reason == QC_R_STORE_DOWN)
    {
        return 0;
    }

    delay = NGX_HTTP_QC_RETRY_DELAY << job->attempts;
    delay = delay / 2 + ngx_random() % delay;

    job->attempts++;

    /* nobody waits for a store that is in trouble */

    ngx_http_qc_lock_release(&job->lock, NGX_HTTP_QC_LOCK_UNSTORED);

    ngx_http_qc_count(&job->zone->stats, QC_STORE_RETRY);
    ngx_add_timer(&job->retry, delay);

    return 1;
}


static void
ngx_http_qc_job_retry_handler(ngx_event_t *ev)
{
    ngx_connection_t  *c;

    c = ev->data;

    ngx_http_qc_job_step(c->data);
}


static void
ngx_http_qc_job_deadline_handler(ngx_event_t *ev)
{
    ngx_connection_t    *c;
    ngx_http_qc_job_t   *job;
    ngx_http_qc_tier_t  *tier;

    c = ev->data;
    job = c->data;

    job->expired = 1;

    if (job->encoding) {
        /* a thread works on it: its end will see the mark */
        return;
    }

    if (job->putting) {
        tier = job->zone->tiers[job->tier_n];

        if (tier->abort == NULL) {
            return;
        }

        tier->abort(tier, &job->put);
        job->putting = 0;
    }

    if (job->op && job->op->pending) {
        job->zone->meta->cancel(job->op);
        job->op->pending = NULL;
    }

    ngx_http_qc_job_failed(job, QC_STORE_EXPIRED);
}


static void
ngx_http_qc_job_failed(ngx_http_qc_job_t *job, qc_metric_e reason)
{
    ngx_uint_t           i;
    ngx_http_qc_zone_t  *zone;

    zone = job->zone;

    /* an object nobody will ever know: it can go at once */

    if (job->stored && job->step != NGX_HTTP_QC_JOB_MARK) {
        for (i = 0; i < zone->ntiers; i++) {
            zone->tiers[i]->remove(zone->tiers[i], job->record.object);
        }
    }

    if (reason == QC_STORE_EXPIRED) {
        ngx_http_qc_fault(&zone->stats, QC_STORE_EXPIRED, NGX_LOG_ERR,
                          ngx_cycle->log, 0,
                          "an answer was not stored by its deadline");

    } else if (reason != QC_NO_METRIC) {
        ngx_http_qc_count(&zone->stats, reason);
    }

    if (reason != QC_NO_METRIC) {
        ngx_http_qc_count(&zone->stats, QC_STORE_FAILED);
    }

    ngx_http_qc_job_finish(job);
}


/* The pool is freed later: who called may still be using it. */

static void
ngx_http_qc_job_finish(ngx_http_qc_job_t *job)
{
    if (job->deadline.timer_set) {
        ngx_del_timer(&job->deadline);
    }

    if (job->retry.timer_set) {
        ngx_del_timer(&job->retry);
    }

    job->retry.handler = ngx_http_qc_job_free_handler;

    ngx_post_event(&job->retry, &ngx_posted_events);
}


static void
ngx_http_qc_job_free_handler(ngx_event_t *ev)
{
    ngx_connection_t  *c;

    c = ev->data;

    ngx_http_qc_job_destroy(c->data);
}


/* Takes an entry out of the index, if it still is the one of that object. */

void
ngx_http_qc_drop(ngx_http_qc_zone_t *zone, const u_char *key,
    const u_char *object)
{
    ngx_int_t               rc;
    ngx_http_qc_meta_op_t  *op;

    /* what others write, too, is not ours to drop */

    if (zone->rsc) {
        return;
    }

    ngx_http_qc_count(&zone->stats, QC_DROPPED);

    op = ngx_calloc(sizeof(ngx_http_qc_meta_op_t), ngx_cycle->log);
    if (op == NULL) {
        return;
    }

    ngx_memcpy(op->key, key, QC_KEY_LEN);
    ngx_memcpy(op->record.object, object, QC_OBJECT_ID_LEN);
    op->done = ngx_http_qc_op_done;
    op->log = ngx_cycle->log;

    rc = zone->meta->drop(zone->meta, op);

    if (rc != NGX_AGAIN) {
        ngx_free(op);
    }
}


/*
 * Puts metadata of a body that is where it was.  What fails is no loss: the
 * entry is due once more.  A lock, unless it is NULL, goes with it.
 */

void
ngx_http_qc_refresh(ngx_http_qc_zone_t *zone, const u_char *key,
    const qc_record_t *record, ngx_http_qc_lock_t *lock)
{
    qc_buf_t                b;
    ngx_int_t               rc;
    ngx_http_qc_meta_op_t  *op;
    ngx_http_qc_refresh_t  *refresh;

    refresh = ngx_calloc(sizeof(ngx_http_qc_refresh_t), ngx_cycle->log);
    if (refresh == NULL) {
        return;
    }

    op = &refresh->op;

    /* its strings are in the op then */

    qc_buf_init(&b, op->buf, QC_RECORD_MAX);

    if (qc_record_copy(&op->record, record, &b) != QC_OK) {
        ngx_free(refresh);
        return;
    }

    if (lock) {
        ngx_http_qc_lock_move(&refresh->lock, lock);
    }

    ngx_memcpy(op->key, key, QC_KEY_LEN);
    op->done = ngx_http_qc_refreshed;
    op->data = refresh;
    op->log = ngx_cycle->log;

    rc = zone->meta->put(zone->meta, op);

    if (rc != NGX_AGAIN) {
        op->rc = rc;
        ngx_http_qc_refreshed(op);
    }
}


static void
ngx_http_qc_op_done(ngx_http_qc_meta_op_t *op)
{
    ngx_free(op);
}


static void
ngx_http_qc_refreshed(ngx_http_qc_meta_op_t *op)
{
    ngx_http_qc_refresh_t  *refresh;

    refresh = op->data;

    /* NGX_DECLINED: a newer one is there */

    ngx_http_qc_lock_release(&refresh->lock,
                             (op->rc == NGX_ERROR) ? NGX_HTTP_QC_LOCK_UNSTORED
                                                   : NGX_HTTP_QC_LOCK_STORED);

    ngx_free(refresh);
}
