
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * A live answer is complete and sound, and not stored yet.  Requests of its
 * worker that wait for it, or would go upstream for it now, are served from
 * what its job has captured, whatever the store makes of it.  They get what a
 * lookup would have given them, and no other: where that is not certain they
 * wait for the store.  Or it was read from the store just now, by one of those
 * who have waited for it to be there.
 *
 * The job's memory and file stay, and are accounted for, until the last of
 * its readers has left.
 */

#include "ngx_http_qc.h"


struct ngx_http_qc_live_s {
    ngx_http_qc_job_t             *job;
    ngx_file_t                     file;    /* of this reader */
    ngx_chain_t                   *out;
};


static ngx_queue_t *ngx_http_qc_live_bucket(ngx_queue_t *buckets,
    const u_char *key);
static void ngx_http_qc_live_trim(ngx_http_qc_job_t *job);
static void ngx_http_qc_live_wake(ngx_event_t *ev);
static ngx_int_t ngx_http_qc_live_take(ngx_http_qc_ctx_t *ctx,
    ngx_http_qc_job_t *job);
static ngx_http_qc_meta_op_t *ngx_http_qc_live_op(ngx_http_qc_ctx_t *ctx,
    ngx_http_qc_job_t *job);
static ngx_uint_t ngx_http_qc_live_awaited(ngx_http_qc_ctx_t *ctx);
static ngx_http_qc_job_t *ngx_http_qc_live_copy(ngx_http_qc_ctx_t *ctx);
static ngx_uint_t ngx_http_qc_live_before(ngx_http_qc_ctx_t *ctx,
    ngx_http_qc_job_t *job);
static ngx_uint_t ngx_http_qc_live_valid(ngx_http_qc_ctx_t *ctx,
    ngx_http_qc_meta_op_t *op);
static ngx_http_qc_live_t *ngx_http_qc_live_create(ngx_http_request_t *r,
    ngx_http_qc_job_t *job);
static void ngx_http_qc_live_cleanup(void *data);
static ngx_int_t ngx_http_qc_live_body(ngx_http_qc_live_t *live,
    ngx_http_qc_job_t *job, ngx_pool_t *pool);
static ngx_buf_t *ngx_http_qc_live_add(ngx_chain_t ***ll, ngx_pool_t *pool);


static ngx_str_t  ngx_http_qc_live_name = ngx_string("fill");


void
ngx_http_qc_live_init(ngx_http_qc_jobs_t *jobs)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_HTTP_QC_JOB_BUCKETS; i++) {
        ngx_queue_init(&jobs->live[i]);
        ngx_queue_init(&jobs->waits[i]);
    }
}


static ngx_queue_t *
ngx_http_qc_live_bucket(ngx_queue_t *buckets, const u_char *key)
{
    return &buckets[key[0] % NGX_HTTP_QC_JOB_BUCKETS];
}


void
ngx_http_qc_live_begin(ngx_http_qc_job_t *job)
{
    ngx_queue_t             *q, *next, *waits;
    ngx_http_qc_ctx_t       *ctx;
    ngx_http_qc_jobs_t      *jobs;
    ngx_http_qc_collapse_t  *collapse;

    jobs = &job->zone->jobs;

    /* what others can write, too, has to be looked up */

    if (job->live || job->zone->rsc) {
        return;
    }

    job->live = 1;

    /* the encoder will change it, in a thread */

    job->answer = job->record;

    ngx_queue_insert_head(ngx_http_qc_live_bucket(jobs->live, job->key),
                          &job->others);

    waits = ngx_http_qc_live_bucket(jobs->waits, job->key);

    for (q = ngx_queue_head(waits); q != ngx_queue_sentinel(waits); q = next) {

        next = ngx_queue_next(q);

        collapse = ngx_queue_data(q, ngx_http_qc_collapse_t, queue);
        ctx = collapse->event.data;

        /* one that has been woken may have a lock by now */

        if (collapse->wait.lock
            && ngx_http_qc_live_take(ctx, job) == NGX_OK)
        {
            ngx_http_qc_live_leave(collapse);
            ngx_http_qc_lock_leave(&collapse->wait);

            ngx_post_event(&collapse->event, &ngx_posted_events);
        }
    }
}


/* The job has ended; its readers may have not. */

void
ngx_http_qc_live_end(ngx_http_qc_job_t *job)
{
    if (job->live) {
        job->live = 0;
        ngx_queue_remove(&job->others);
    }

    if (job->refs > 1) {
        ngx_http_qc_live_trim(job);
    }
}


/* Of no use to readers: the answer as it was to be stored. */

static void
ngx_http_qc_live_trim(ngx_http_qc_job_t *job)
{
    size_t      size;
    ngx_buf_t  *b;

    b = job->packed;

    if (b) {
        size = b->end - b->start;

        if (ngx_pfree(job->pool, b->start) == NGX_OK) {
            job->memory -= size;
            job->zone->jobs.memory -= size;
        }

        job->packed = NULL;
    }

    if (job->encoded) {
        ngx_pool_run_cleanup_file(job->pool, job->encoded->file.fd);
        job->encoded = NULL;
    }
}


/* The last one to leave frees what was held for all. */

void
ngx_http_qc_job_release(ngx_http_qc_job_t *job)
{
    ngx_http_qc_jobs_t  *jobs;

    if (--job->refs) {
        return;
    }

    jobs = &job->zone->jobs;

    jobs->memory -= job->memory;
    jobs->temp -= job->spilled;

    ngx_destroy_pool(job->pool);
}


/* Beside the wait for what is stored; whichever ends first. */

void
ngx_http_qc_live_wait(ngx_http_qc_ctx_t *ctx)
{
    ngx_http_qc_collapse_t  *collapse;

    collapse = ctx->collapse;

    ngx_memzero(&collapse->event, sizeof(ngx_event_t));

    collapse->event.data = ctx;
    collapse->event.handler = ngx_http_qc_live_wake;
    collapse->event.log = ctx->request->connection->log;

    collapse->queued = 1;

    ngx_queue_insert_tail(ngx_http_qc_live_bucket(ctx->zone->jobs.waits,
                                                  ctx->key),
                          &collapse->queue);
}


/* It is not woken any more; harmless if it does not wait. */

void
ngx_http_qc_live_leave(ngx_http_qc_collapse_t *collapse)
{
    if (collapse->queued) {
        collapse->queued = 0;
        ngx_queue_remove(&collapse->queue);
    }

    if (collapse->event.posted) {
        ngx_delete_posted_event(&collapse->event);
    }
}


static void
ngx_http_qc_live_wake(ngx_event_t *ev)
{
    ngx_http_qc_ctx_t       *ctx;
    ngx_http_qc_collapse_t  *collapse;

    ctx = ev->data;
    collapse = ctx->collapse;

    collapse->wait.handler(&collapse->wait);
}


/* Of a request that would go upstream, or wait for who has. */

ngx_uint_t
ngx_http_qc_live_join(ngx_http_qc_ctx_t *ctx)
{
    ngx_uint_t               fwd;
    ngx_queue_t             *q, *jobs;
    ngx_http_qc_collapse_t  *collapse;

    jobs = ngx_http_qc_live_bucket(ctx->zone->jobs.live, ctx->key);

    if (ngx_queue_empty(jobs)) {
        return 0;
    }

    collapse = ctx->collapse;

    if (collapse == NULL) {
        collapse = ngx_pcalloc(ctx->request->pool,
                               sizeof(ngx_http_qc_collapse_t));
        if (collapse == NULL) {
            return 0;
        }
    }

    fwd = ngx_http_qc_cache_status_fwd(ctx);

    for (q = ngx_queue_head(jobs);
         q != ngx_queue_sentinel(jobs);
         q = ngx_queue_next(q))
    {
        if (ngx_http_qc_live_take(ctx, ngx_queue_data(q, ngx_http_qc_job_t,
                                                      others))
            == NGX_OK)
        {
            collapse->fwd = fwd;
            ngx_memcpy(collapse->key, ctx->key, QC_KEY_LEN);

            ctx->collapse = collapse;

            return 1;
        }
    }

    return 0;
}


/* As the steps from "lookup" to "reuse" would. */

static ngx_int_t
ngx_http_qc_live_take(ngx_http_qc_ctx_t *ctx, ngx_http_qc_job_t *job)
{
    qc_reuse_t              reuse;
    ngx_http_qc_live_t     *live;
    ngx_http_qc_meta_op_t  *op;

    if (ngx_memcmp(job->key, ctx->key, QC_KEY_LEN) != 0) {
        return NGX_DECLINED;
    }

    qc_reuse(&reuse, &job->answer,
             ctx->conf->client_control ? &ctx->client : NULL,
             (uint64_t) ngx_time(), 0);

    if (reuse.verdict != QC_REUSE_FRESH) {
        return NGX_DECLINED;
    }

    op = ngx_http_qc_live_op(ctx, job);

    if (op == NULL
        || !(job->shared ? ngx_http_qc_live_before(ctx, job)
                         : ngx_http_qc_live_valid(ctx, op)))
    {
        return NGX_DECLINED;
    }

    live = ngx_http_qc_live_create(ctx->request, job);
    if (live == NULL) {
        return NGX_DECLINED;
    }

    ctx->live = live;
    ctx->op = op;
    ctx->reuse = reuse;
    ctx->status = NGX_HTTP_QC_STATUS_NONE;
    ctx->reason = QC_NO_METRIC;
    ctx->entry = 1;
    ctx->validating = 0;
    ctx->on_error = 0;
    ctx->step = NGX_HTTP_QC_SERVE;

    return NGX_OK;
}


/* The strings of the record are the job's. */

static ngx_http_qc_meta_op_t *
ngx_http_qc_live_op(ngx_http_qc_ctx_t *ctx, ngx_http_qc_job_t *job)
{
    ngx_http_qc_meta_op_t  *op;

    op = ngx_pcalloc(ctx->request->pool, sizeof(ngx_http_qc_meta_op_t));
    if (op == NULL) {
        return NULL;
    }

    ngx_memcpy(op->key, job->key, QC_KEY_LEN);

    op->record = job->answer;
    op->reason = QC_NO_METRIC;
    op->log = ctx->request->connection->log;

    return op;
}


/*
 * What was looked up for another is valid up to that lookup.  That may be too
 * old for a request that has looked later, and knows of what was made invalid;
 * or that asks by another URI, which was made invalid alone.
 */

static ngx_uint_t
ngx_http_qc_live_before(ngx_http_qc_ctx_t *ctx, ngx_http_qc_job_t *job)
{
    u_char  scope[QC_SCOPE_LEN];

    if ((ngx_msec_int_t) (job->looked - ctx->looked) <= 0) {
        return 0;
    }

    return !ctx->conf->invalidate
           || (job->scoped
               && ngx_http_qc_scope(ctx, scope) == NGX_OK
               && ngx_memcmp(scope, job->scope, QC_SCOPE_LEN) == 0);
}


/*
 * Whether nothing it is in was made invalid since the upstream was asked.  Of
 * Redis it is known up to the request's lookup: what was noted later does not
 * concern a request that came before.
 */

static ngx_uint_t
ngx_http_qc_live_valid(ngx_http_qc_ctx_t *ctx, ngx_http_qc_meta_op_t *op)
{
    ngx_int_t               rc;
    ngx_http_qc_meta_t     *meta;
    ngx_http_qc_meta_op_t  *found;

    if (!ctx->conf->invalidate) {
        return 1;
    }

    if (ctx->zone->has_redis) {
        return ctx->epoch == op->record.epoch;
    }

    if (ngx_http_qc_scope(ctx, op->scope) != NGX_OK) {
        return 0;
    }

    op->scopes = op->scope;
    op->nscopes = 1;

    meta = ctx->zone->meta;

    if (meta->check(meta, op) != NGX_OK) {
        return 0;
    }

    found = ctx->op;

    ctx->op = op;
    rc = ngx_http_qc_groups_check(ctx);
    ctx->op = found;

    return rc == NGX_OK;
}


static ngx_http_qc_live_t *
ngx_http_qc_live_create(ngx_http_request_t *r, ngx_http_qc_job_t *job)
{
    ngx_pool_cleanup_t  *cln;
    ngx_http_qc_live_t  *live;

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_qc_live_t));
    if (cln == NULL) {
        return NULL;
    }

    live = cln->data;

    ngx_memzero(live, sizeof(ngx_http_qc_live_t));

    if (job->temp) {
        live->file.fd = job->temp->file.fd;
        live->file.name = job->temp->file.name;
        live->file.log = r->connection->log;
    }

    if (ngx_http_qc_live_body(live, job, r->pool) != NGX_OK) {
        return NULL;
    }

    live->job = job;
    job->refs++;

    cln->handler = ngx_http_qc_live_cleanup;

    return live;
}


static void
ngx_http_qc_live_cleanup(void *data)
{
    ngx_http_qc_live_t *live = data;

    ngx_http_qc_job_release(live->job);
}


/* Buffers of its own: the job's are on their way into the store. */

static ngx_int_t
ngx_http_qc_live_body(ngx_http_qc_live_t *live, ngx_http_qc_job_t *job,
    ngx_pool_t *pool)
{
    ngx_buf_t     *b;
    ngx_chain_t   *cl, **ll;

    ll = &live->out;
    b = NULL;

    if (job->temp && job->answer.size) {

        b = ngx_http_qc_live_add(&ll, pool);
        if (b == NULL) {
            return NGX_ERROR;
        }

        b->file = &live->file;
        b->file_last = (off_t) job->answer.size;
        b->in_file = 1;
    }

    for (cl = job->temp ? NULL : job->chunks; cl; cl = cl->next) {

        if (cl->buf->last == cl->buf->start) {
            continue;
        }

        b = ngx_http_qc_live_add(&ll, pool);
        if (b == NULL) {
            return NGX_ERROR;
        }

        b->start = cl->buf->start;
        b->pos = cl->buf->start;
        b->last = cl->buf->last;
        b->end = cl->buf->last;
        b->memory = 1;
    }

    if (b == NULL) {

        b = ngx_http_qc_live_add(&ll, pool);
        if (b == NULL) {
            return NGX_ERROR;
        }
    }

    b->last_buf = 1;
    b->last_in_chain = 1;

    return NGX_OK;
}


static ngx_buf_t *
ngx_http_qc_live_add(ngx_chain_t ***ll, ngx_pool_t *pool)
{
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    b = ngx_calloc_buf(pool);
    cl = ngx_alloc_chain_link(pool);

    if (b == NULL || cl == NULL) {
        return NULL;
    }

    cl->buf = b;
    cl->next = NULL;

    **ll = cl;
    *ll = &cl->next;

    return b;
}


/*
 * A stored body that one has read, held until it was checked, is that of all
 * who wait for it in this worker: the store is not asked again for each.
 */

void
ngx_http_qc_live_share(ngx_http_qc_ctx_t *ctx)
{
    ngx_http_qc_job_t  *job;

    if (!ctx->again
        || ctx->lock.token == 0
        || !ctx->hold
        || ctx->coded
        || ctx->op->theirs
        || !ngx_http_qc_live_awaited(ctx))
    {
        return;
    }

    job = ngx_http_qc_live_copy(ctx);

    if (job) {
        ngx_http_qc_live_begin(job);
        ngx_http_qc_job_destroy(job);
    }
}


static ngx_uint_t
ngx_http_qc_live_awaited(ngx_http_qc_ctx_t *ctx)
{
    ngx_queue_t             *q, *waits;
    ngx_http_qc_collapse_t  *collapse;

    waits = ngx_http_qc_live_bucket(ctx->zone->jobs.waits, ctx->key);

    for (q = ngx_queue_head(waits);
         q != ngx_queue_sentinel(waits);
         q = ngx_queue_next(q))
    {
        collapse = ngx_queue_data(q, ngx_http_qc_collapse_t, queue);

        if (ngx_memcmp(collapse->key, ctx->key, QC_KEY_LEN) == 0) {
            return 1;
        }
    }

    return 0;
}


/* NULL: there is no memory, of that which jobs may have. */

static ngx_http_qc_job_t *
ngx_http_qc_live_copy(ngx_http_qc_ctx_t *ctx)
{
    u_char              *p;
    size_t               size;
    qc_buf_t             b;
    ngx_chain_t         *cl;
    ngx_http_qc_job_t   *job;
    ngx_http_qc_jobs_t  *jobs;

    jobs = &ctx->zone->jobs;
    size = qc_buf_len(&ctx->body) + QC_RECORD_MAX;

    if (jobs->memory + size > ctx->zone->store_memory) {
        return NULL;
    }

    job = ngx_http_qc_job_create(ctx->zone);
    if (job == NULL) {
        return NULL;
    }

    job->memory = size;
    jobs->memory += size;

    job->shared = 1;
    job->looked = ctx->looked;
    job->tier = ctx->zone->tiers[ctx->tier_n]->name;
    ngx_memcpy(job->key, ctx->key, QC_KEY_LEN);

    if (ctx->op->scoped) {
        job->scoped = 1;
        ngx_memcpy(job->scope, ctx->op->scope, QC_SCOPE_LEN);
    }

    p = ngx_pnalloc(job->pool, QC_RECORD_MAX);
    cl = ngx_alloc_chain_link(job->pool);

    if (p == NULL || cl == NULL) {
        goto failed;
    }

    qc_buf_init(&b, p, QC_RECORD_MAX);

    if (qc_record_copy(&job->record, &ctx->op->record, &b) != QC_OK) {
        goto failed;
    }

    cl->buf = ngx_create_temp_buf(job->pool, qc_buf_len(&ctx->body) + 1);
    if (cl->buf == NULL) {
        goto failed;
    }

    cl->buf->last = ngx_cpymem(cl->buf->pos, ctx->body.start,
                               qc_buf_len(&ctx->body));
    cl->next = NULL;

    job->chunks = cl;

    return job;

failed:

    ngx_http_qc_job_destroy(job);

    return NULL;
}


/* A step in place of those that read from a tier. */

ngx_int_t
ngx_http_qc_step_live(ngx_http_qc_ctx_t *ctx)
{
    ngx_int_t            rc;
    ngx_http_request_t  *r;

    r = ctx->request;

    r->read_event_handler = ngx_http_block_reading;

    if (ctx->live->job->shared) {
        ctx->tier = ctx->live->job->tier;
        ngx_http_qc_count(&ctx->zone->stats, QC_LOCK_SHARED);

    } else {
        ctx->tier = ngx_http_qc_live_name;
        ngx_http_qc_count(&ctx->zone->stats, QC_LOCK_LIVE);
    }

    rc = ngx_http_qc_hit_header(ctx);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        ngx_http_finalize_request(r, rc);
        return NGX_DONE;
    }

    ngx_http_finalize_request(r, ngx_http_output_filter(r, ctx->live->out));

    return NGX_DONE;
}
