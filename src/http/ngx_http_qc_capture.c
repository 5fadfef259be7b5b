
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * Copies an answer while it goes to the client, to memory and then to a
 * file.  The client's copy is never touched, and whatever goes wrong here
 * only ends the capture.
 */

#include "ngx_http_qc.h"


static ngx_int_t ngx_http_qc_capture_record(ngx_http_qc_ctx_t *ctx,
    ngx_http_qc_job_t *job, const qc_fresh_t *fresh);
static ngx_int_t ngx_http_qc_capture_tags(ngx_http_qc_ctx_t *ctx,
    ngx_http_qc_job_t *job, size_t max);
static ngx_uint_t ngx_http_qc_capture_priority(ngx_http_qc_ctx_t *ctx);
static void ngx_http_qc_capture_fail(ngx_http_qc_ctx_t *ctx,
    qc_metric_e reason);
static void ngx_http_qc_capture_end(ngx_http_qc_ctx_t *ctx);
static void ngx_http_qc_capture_done(ngx_http_qc_ctx_t *ctx);
static void ngx_http_qc_capture_endless(ngx_http_qc_ctx_t *ctx);
static qc_metric_e ngx_http_qc_capture_buf(ngx_http_qc_ctx_t *ctx,
    ngx_buf_t *b);
static qc_metric_e ngx_http_qc_capture_file(ngx_http_qc_job_t *job,
    ngx_buf_t *b);
static ngx_buf_t *ngx_http_qc_capture_room(ngx_http_qc_job_t *job,
    qc_metric_e *reason);
static qc_metric_e ngx_http_qc_capture_spill(ngx_http_qc_job_t *job);


/* In the header filter, before any other: the answer is the upstream's. */

void
ngx_http_qc_capture_start(ngx_http_qc_ctx_t *ctx)
{
    qc_fresh_t           fresh;
    qc_metric_e          reason;
    ngx_http_qc_job_t   *job;
    ngx_http_request_t  *r;

    r = ctx->request;

    if (ctx->no_store || !ctx->keyed || r->method == NGX_HTTP_HEAD
        || r->header_only)
    {
        return;
    }

    reason = ngx_http_qc_storable(ctx, &fresh);

    if (reason == QC_NO_METRIC) {
        reason = ngx_http_qc_groups_storable(ctx);
    }

    if (reason != QC_NO_METRIC) {
        ngx_http_qc_reason(ctx, reason);
        return;
    }

    if (!ngx_http_qc_store_available(ctx->zone)) {
        ngx_http_qc_reason(ctx, QC_R_STORE_DOWN);
        return;
    }

    job = ngx_http_qc_job_create(ctx->zone);
    if (job == NULL) {
        ngx_http_qc_reason(ctx, QC_R_MEMORY);
        return;
    }

    ctx->job = job;

    /* whatever ends it tells those who wait */

    ngx_http_qc_lock_move(&job->lock, &ctx->lock);

    if (ngx_http_qc_capture_record(ctx, job, &fresh) != NGX_OK) {
        ngx_http_qc_capture_fail(ctx, QC_R_HEADER_SIZE);
        return;
    }

    if (ngx_http_qc_nvs_answer(ctx, job) != NGX_OK) {
        ngx_http_qc_capture_fail(ctx, QC_R_KEY);
        return;
    }

    if (ngx_http_qc_vary(ctx, job) != NGX_OK) {
        ngx_http_qc_capture_fail(ctx, QC_R_VARY);
        return;
    }

    if (ctx->encoding != QC_CODING_NONE
        && ngx_http_qc_transcode_start(job, ctx->encoding,
                                       ctx->conf->max_size)
           != NGX_OK)
    {
        ngx_http_qc_capture_fail(ctx, QC_R_MEMORY);
        return;
    }

    reason = ngx_http_qc_integrity_start(ctx, job);

    if (reason != QC_NO_METRIC) {
        ngx_http_qc_integrity_reject(ctx);
        ngx_http_qc_capture_fail(ctx, reason);
        return;
    }

    /* its header is all there is, and a body filter may never be called */

    if (job->record.status == NGX_HTTP_NO_CONTENT) {
        ngx_http_qc_capture_done(ctx);
    }
}


static ngx_int_t
ngx_http_qc_capture_record(ngx_http_qc_ctx_t *ctx, ngx_http_qc_job_t *job,
    const qc_fresh_t *fresh)
{
    u_char                    *p;
    size_t                     max, room;
    qc_buf_t                   headers;
    qc_record_t               *rec;
    ngx_http_request_t        *r;
    ngx_http_core_loc_conf_t  *clcf;

    r = ctx->request;
    rec = &job->record;

    max = ctx->zone->has_s3 ? NGX_HTTP_QC_S3_STRINGS_MAX
                            : QC_HEADERS_MAX + ctx->ns.len + QC_TAGS_MAX;

    room = max - ngx_min(max, ctx->ns.len);
    room = ngx_min(room, QC_HEADERS_MAX);

    p = ngx_pnalloc(job->pool, room + ctx->ns.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(p + room, ctx->ns.data, ctx->ns.len);
    rec->ns = qc_str(p + room, ctx->ns.len);

    qc_buf_init(&headers, p, room);

    if (ngx_http_qc_collect_headers(ctx, fresh, &headers) != NGX_OK) {
        return NGX_DECLINED;
    }

    rec->headers = qc_buf_written(&headers);

    if (ngx_http_qc_capture_tags(ctx, job, max) != NGX_OK) {
        return NGX_DECLINED;
    }

    rec->status = ngx_http_qc_answer_status(ctx);
    rec->started = (uint64_t) ctx->started * 1000 + ctx->started_ms;
    rec->epoch = ctx->epoch;

    ngx_http_qc_times(rec, fresh);

    if (ctx->zone->rsc) {
        /* its entries have one time only */
        rec->stale = rec->fresh;
        rec->swr = 0;
        rec->sie = 0;
    }

    rec->coding = (qc_coding_e) ctx->conf->coding;

    job->limit = fresh->limited ? fresh->lifetime : 0;

    job->summed = ctx->conf->serve_compressed;
    job->digested = ctx->conf->repr_digest;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    job->level = ctx->conf->level;
    job->buffer = ctx->conf->capture_buffer;
    job->temp_path = clcf->client_body_temp_path;
    job->priority = ngx_http_qc_capture_priority(ctx);

    return NGX_OK;
}


/* If there is no room for all, nothing may be said of them. */

static ngx_int_t
ngx_http_qc_capture_tags(ngx_http_qc_ctx_t *ctx, ngx_http_qc_job_t *job,
    size_t max)
{
    size_t        used;
    u_char       *p;
    qc_str_t      tags;
    qc_record_t  *rec;

    rec = &job->record;
    tags = qc_tags_list(&ctx->query->q.tags);
    used = rec->headers.len + rec->ns.len;

    if (used + tags.len > max) {
        tags = qc_str(QC_TAG_UNKNOWN, sizeof(QC_TAG_UNKNOWN) - 1);
    }

    if (used + tags.len > max) {
        return NGX_DECLINED;
    }

    p = ngx_pnalloc(job->pool, tags.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(p, tags.data, tags.len);
    rec->tags = qc_str(p, tags.len);

    return NGX_OK;
}


/* 0 is high, 1 normal, 2 low. */

static ngx_uint_t
ngx_http_qc_capture_priority(ngx_http_qc_ctx_t *ctx)
{
    ngx_str_t  value;

    if (ctx->conf->priority == NULL
        || ngx_http_complex_value(ctx->request, ctx->conf->priority, &value)
           != NGX_OK)
    {
        return 1;
    }

    if (value.len == 4 && ngx_strncmp(value.data, "high", 4) == 0) {
        return 0;
    }

    return (value.len == 3 && ngx_strncmp(value.data, "low", 3) == 0) ? 2 : 1;
}


static void
ngx_http_qc_capture_fail(ngx_http_qc_ctx_t *ctx, qc_metric_e reason)
{
    ngx_http_qc_reason(ctx, reason);

    ngx_http_qc_outcome_rejected(ctx, reason);

    /* what ends it is this answer */

    ngx_http_qc_lock_move(&ctx->lock, &ctx->job->lock);
    ngx_http_qc_job_destroy(ctx->job);

    ctx->job = NULL;
    ctx->no_store = 1;

    ngx_http_qc_unstorable(ctx, reason);
}


void
ngx_http_qc_capture(ngx_http_qc_ctx_t *ctx, ngx_chain_t *in)
{
    qc_metric_e         reason;
    ngx_chain_t        *cl;
    ngx_http_qc_job_t  *job;

    job = ctx->job;

    if (job->transcode) {
        ngx_http_qc_transcode_call(job->transcode);
    }

    for (cl = in; cl; cl = cl->next) {

        if (job->complete) {

            if (ngx_buf_size(cl->buf)) {
                ngx_http_qc_capture_fail(ctx, QC_R_INCOMPLETE);
                return;
            }

            continue;
        }

        reason = ngx_http_qc_capture_buf(ctx, cl->buf);

        if (reason != QC_NO_METRIC) {
            ngx_http_qc_capture_fail(ctx, reason);
            return;
        }

        /* of a subrequest the end is that of its chain */

        if (cl->buf->last_buf || (ctx->fill && cl->buf->last_in_chain)) {
            ngx_http_qc_capture_end(ctx);

            if (ctx->job == NULL) {
                return;
            }
        }
    }
}


static void
ngx_http_qc_capture_end(ngx_http_qc_ctx_t *ctx)
{
    off_t                size;
    ngx_http_qc_job_t   *job;
    ngx_http_request_t  *r;

    r = ctx->request;
    job = ctx->job;

    size = job->transcode ? ngx_http_qc_transcode_size(job->transcode)
                          : (off_t) job->record.size;

    if (r->headers_out.trailers.part.nelts) {
        ngx_http_qc_capture_fail(ctx, QC_R_TRAILERS);
        return;
    }

    if (ngx_http_qc_complete(ctx, size) != NGX_OK
        || (r->connection->error && !ctx->silent && !ctx->left))
    {
        ngx_http_qc_capture_endless(ctx);
        ngx_http_qc_capture_fail(ctx, QC_R_INCOMPLETE);
        return;
    }

    if (job->transcode && ngx_http_qc_transcode_end(job->transcode) != NGX_OK)
    {
        ngx_http_qc_capture_fail(ctx, QC_R_INCOMPLETE);
        return;
    }

    ngx_http_qc_capture_done(ctx);
}


/* It is whole. */

static void
ngx_http_qc_capture_done(ngx_http_qc_ctx_t *ctx)
{
    qc_metric_e         reason;
    ngx_http_qc_job_t  *job;

    job = ctx->job;

    if (job->record.size < ctx->conf->min_size) {
        ngx_http_qc_capture_fail(ctx, QC_R_MIN_SIZE);
        return;
    }

    if (job->gate) {
        reason = qc_gate_final(job->gate);

        if (reason != QC_NO_METRIC) {
            ngx_http_qc_integrity_reject(ctx);
            ngx_http_qc_capture_fail(ctx, reason);
            return;
        }
    }

    reason = ngx_http_qc_cost_done(ctx);

    if (reason != QC_NO_METRIC) {
        ngx_http_qc_capture_fail(ctx, reason);
        return;
    }

    if (job->temp) {
        reason = ngx_http_qc_capture_spill(job);

        if (reason != QC_NO_METRIC) {
            ngx_http_qc_capture_fail(ctx, reason);
            return;
        }
    }

    job->complete = 1;

    ngx_http_qc_outcome(ctx, 0);
    ngx_http_qc_nvs_publish(ctx);

    if (ctx->reason == QC_R_HIT_FOR_MISS || ctx->shareable) {
        ngx_http_qc_mark_clear(&ctx->zone->marks, NGX_HTTP_QC_MARK_MISS,
                               ctx->key);
        ngx_http_qc_mark_clear(&ctx->zone->marks, NGX_HTTP_QC_MARK_ALONE,
                               ctx->key);
    }

    /* of a subrequest, the end of a chain may not be that of the answer */

    if (!ctx->fill) {
        ngx_http_qc_live_begin(job);
    }
}


/* An operator who never sees a hit should read why. */

static void
ngx_http_qc_capture_endless(ngx_http_qc_ctx_t *ctx)
{
    ngx_http_request_t  *r;

    r = ctx->request;

    if (r->upstream == NULL
        || r->connection->error
        || r->upstream->headers_in.chunked
        || r->upstream->headers_in.content_length_n >= 0
        || !ngx_http_qc_fault_due(&ctx->zone->stats, QC_R_INCOMPLETE))
    {
        return;
    }

    ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                  "upstream ends its answers with the connection, so they are "
                  "not stored in query cache zone \"%V\"; it may help to "
                  "set \"proxy_http_version 1.1\"", &ctx->zone->name);
}


static qc_metric_e
ngx_http_qc_capture_buf(ngx_http_qc_ctx_t *ctx, ngx_buf_t *b)
{
    off_t               size;
    ngx_http_qc_job_t  *job;

    job = ctx->job;
    size = ngx_buf_size(b);

    if (size == 0) {
        return QC_NO_METRIC;
    }

    if (size > 0 && job->transcode) {
        return ngx_http_qc_transcode_buf(job->transcode, b);
    }

    if (size < 0 || (off_t) job->record.size + size > ctx->conf->max_size) {
        return QC_R_MAX_SIZE;
    }

    if (!ngx_buf_in_memory(b)) {
        return b->in_file ? ngx_http_qc_capture_file(job, b) : QC_R_INCOMPLETE;
    }

    return ngx_http_qc_capture_bytes(job, b->pos, b->last - b->pos);
}


/* Plain ones, within the size that is allowed. */

qc_metric_e
ngx_http_qc_capture_bytes(ngx_http_qc_job_t *job, u_char *p, size_t len)
{
    size_t        n;
    ngx_buf_t    *room;
    qc_metric_e   reason;

    job->record.size += len;

    if (job->gate) {
        qc_gate_update(job->gate, p, len);
    }

    for ( /* void */ ; len; len -= n) {

        room = ngx_http_qc_capture_room(job, &reason);
        if (room == NULL) {
            return reason;
        }

        n = ngx_min(len, (size_t) (room->end - room->last));

        room->last = ngx_cpymem(room->last, p, n);
        p += n;
    }

    return QC_NO_METRIC;
}


/* A body that nginx has spilled to a file of its own, in slices. */

static qc_metric_e
ngx_http_qc_capture_file(ngx_http_qc_job_t *job, ngx_buf_t *b)
{
    off_t         pos;
    size_t        size;
    ssize_t       n;
    ngx_buf_t    *room;
    qc_metric_e   reason;

    for (pos = b->file_pos; pos < b->file_last; pos += n) {

        room = ngx_http_qc_capture_room(job, &reason);
        if (room == NULL) {
            return reason;
        }

        size = (size_t) ngx_min(b->file_last - pos, room->end - room->last);

        n = ngx_read_file(b->file, room->last, size, pos);

        if (n == NGX_ERROR || n == 0) {
            return QC_R_TEMP;
        }

        if (job->gate) {
            qc_gate_update(job->gate, room->last, n);
        }

        room->last += n;
        job->record.size += n;
    }

    return QC_NO_METRIC;
}


/* A chunk with room, within the bounds of the request and of the zone. */

static ngx_buf_t *
ngx_http_qc_capture_room(ngx_http_qc_job_t *job, qc_metric_e *reason)
{
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    if (job->chunk && job->chunk->buf->last < job->chunk->buf->end) {
        return job->chunk->buf;
    }

    if (job->chunk && job->chunk->next) {
        job->chunk = job->chunk->next;
        return job->chunk->buf;
    }

    if (job->memory + NGX_HTTP_QC_BUFFER_SIZE > job->buffer) {

        *reason = ngx_http_qc_capture_spill(job);

        return (*reason == QC_NO_METRIC) ? job->chunk->buf : NULL;
    }

    if (job->zone->jobs.memory + NGX_HTTP_QC_BUFFER_SIZE
        > job->zone->store_memory)
    {
        *reason = QC_R_MEMORY;
        return NULL;
    }

    b = ngx_create_temp_buf(job->pool, NGX_HTTP_QC_BUFFER_SIZE);
    cl = ngx_alloc_chain_link(job->pool);

    if (b == NULL || cl == NULL) {
        *reason = QC_R_MEMORY;
        return NULL;
    }

    job->memory += NGX_HTTP_QC_BUFFER_SIZE;
    job->zone->jobs.memory += NGX_HTTP_QC_BUFFER_SIZE;

    cl->buf = b;
    cl->next = NULL;

    *job->last_chunk = cl;
    job->last_chunk = &cl->next;
    job->chunk = cl;

    return b;
}


/* Writes all chunks to the file and starts with the first one again. */

static qc_metric_e
ngx_http_qc_capture_spill(ngx_http_qc_job_t *job)
{
    ssize_t           n, size;
    ngx_chain_t      *cl;
    ngx_temp_file_t  *tf;

    tf = job->temp;

    if (tf == NULL) {
        tf = ngx_pcalloc(job->pool, sizeof(ngx_temp_file_t));
        if (tf == NULL) {
            return QC_R_MEMORY;
        }

        tf->file.fd = NGX_INVALID_FILE;
        tf->file.log = job->pool->log;
        tf->path = job->temp_path;
        tf->pool = job->pool;

        job->temp = tf;

        if (ngx_create_temp_file(&tf->file, tf->path, tf->pool, 0, 0, 0)
            != NGX_OK)
        {
            return QC_R_TEMP;
        }
    }

    for (cl = job->chunks; cl; cl = cl->next) {

        size = cl->buf->last - cl->buf->pos;

        if (size == 0) {
            break;
        }

        if (job->zone->jobs.temp + size > job->zone->store_temp_size) {
            return QC_R_MEMORY;
        }

        job->spilled += size;
        job->zone->jobs.temp += size;

        n = ngx_write_file(&tf->file, cl->buf->pos, size, tf->file.offset);

        if (n != size) {
            return QC_R_TEMP;
        }

        cl->buf->last = cl->buf->pos;
    }

    job->chunk = job->chunks;

    return QC_NO_METRIC;
}
