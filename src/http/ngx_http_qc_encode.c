
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * Compresses and hashes a captured answer: small ones at once, others in a
 * thread, so that no other request waits for it.  The thread uses what it is
 * given: memory and files of the job, the libraries' own malloc(), nothing
 * of nginx.
 */

#include "ngx_http_qc.h"


#define NGX_HTTP_QC_ENCODE_INLINE  65536


static ngx_int_t ngx_http_qc_encode_prepare(ngx_http_qc_job_t *job);
static void ngx_http_qc_encode_run(ngx_http_qc_job_t *job);
static ngx_int_t ngx_http_qc_encode_pass(ngx_http_qc_job_t *job,
    qc_coding_e coding);
static ngx_int_t ngx_http_qc_encode_chunks(ngx_http_qc_job_t *job,
    qc_encoder_t *e, qc_sha256_t *plain);
static ngx_int_t ngx_http_qc_encode_piece(ngx_http_qc_job_t *job,
    qc_encoder_t *e, qc_str_t in, int last);
static ngx_int_t ngx_http_qc_encode_write(ngx_http_qc_job_t *job,
    u_char *data, size_t len);
static ssize_t ngx_http_qc_encode_read(ngx_http_qc_job_t *job, u_char *buf,
    off_t offset);
static ngx_int_t ngx_http_qc_encode_end(ngx_http_qc_job_t *job);
static ngx_int_t ngx_http_qc_encode_body(ngx_http_qc_job_t *job);
#if (NGX_THREADS)
static void ngx_http_qc_encode_thread(void *data, ngx_log_t *log);
static void ngx_http_qc_encode_thread_done(ngx_event_t *ev);
#endif


ngx_int_t
ngx_http_qc_encode(ngx_http_qc_job_t *job)
{
    job->reason = QC_R_STORE_ERROR;

    if (ngx_http_qc_encode_prepare(job) != NGX_OK) {
        return NGX_ERROR;
    }

#if (NGX_THREADS)

    if (job->record.size >= NGX_HTTP_QC_ENCODE_INLINE) {
        ngx_thread_task_t   *task;
        ngx_http_qc_job_t  **data;

        task = ngx_thread_task_alloc(job->pool, sizeof(ngx_http_qc_job_t *));
        if (task == NULL) {
            return NGX_ERROR;
        }

        data = task->ctx;
        *data = job;

        task->handler = ngx_http_qc_encode_thread;
        task->event.data = &job->ident;
        task->event.handler = ngx_http_qc_encode_thread_done;
        task->event.log = ngx_cycle->log;

        if (ngx_thread_task_post(job->zone->thread_pool, task) != NGX_OK) {
            return NGX_ERROR;
        }

        job->encoding = 1;

        return NGX_AGAIN;
    }

#endif

    ngx_http_qc_encode_run(job);

    return ngx_http_qc_encode_end(job);
}


/* All that a thread may not do itself. */

static ngx_int_t
ngx_http_qc_encode_prepare(ngx_http_qc_job_t *job)
{
    size_t            size;
    ngx_temp_file_t  *tf;

    job->input = ngx_palloc(job->pool, 2 * NGX_HTTP_QC_BUFFER_SIZE);
    if (job->input == NULL) {
        return NGX_ERROR;
    }

    job->output = job->input + NGX_HTTP_QC_BUFFER_SIZE;

    if (job->record.coding == QC_CODING_NONE) {
        return NGX_OK;
    }

    if (job->temp == NULL) {

        /* what gets larger than this is stored as it is */

        size = (size_t) job->record.size + 64;

        job->memory += size;
        job->zone->jobs.memory += size;

        job->packed = ngx_create_temp_buf(job->pool, size);

        return job->packed ? NGX_OK : NGX_ERROR;
    }

    tf = ngx_pcalloc(job->pool, sizeof(ngx_temp_file_t));
    if (tf == NULL) {
        return NGX_ERROR;
    }

    tf->file.fd = NGX_INVALID_FILE;
    tf->file.log = ngx_cycle->log;
    tf->path = job->temp_path;
    tf->pool = job->pool;

    job->encoded = tf;

    return ngx_create_temp_file(&tf->file, tf->path, tf->pool, 0, 0, 0);
}


/* In a thread, or not. */

static void
ngx_http_qc_encode_run(ngx_http_qc_job_t *job)
{
    job->rc = NGX_DECLINED;

    if (job->record.coding != QC_CODING_NONE) {
        job->rc = ngx_http_qc_encode_pass(job, job->record.coding);
    }

    if (job->rc == NGX_DECLINED) {

        /* not asked for, or no gain: only hashed */

        job->record.coding = QC_CODING_NONE;
        job->rc = ngx_http_qc_encode_pass(job, QC_CODING_NONE);
    }
}


/* NGX_DECLINED: it would not get smaller. */

static ngx_int_t
ngx_http_qc_encode_pass(ngx_http_qc_job_t *job, qc_coding_e coding)
{
    ngx_int_t      rc;
    qc_sha256_t    sha, *plain;
    qc_encoder_t  *e;

    job->record.stored = 0;
    job->coding = coding;

    e = qc_encoder_create(coding, (int) job->level, job->record.size);
    if (e == NULL) {
        return NGX_ERROR;
    }

    /* of what is stored plain the encoder knows it anyway */

    plain = NULL;

    if (job->digested && coding != QC_CODING_NONE) {

        if (qc_sha256_create(&sha) != QC_OK
            || qc_sha256_init(&sha) != QC_OK)
        {
            qc_sha256_destroy(&sha);
            qc_encoder_destroy(e);
            return NGX_ERROR;
        }

        plain = &sha;
    }

    rc = ngx_http_qc_encode_chunks(job, e, plain);

    if (rc == NGX_OK) {
        qc_encoder_sum(e, job->sha256, job->record.sum);

        if (coding != QC_CODING_NONE && !job->summed) {
            ngx_memzero(job->record.sum, QC_SUM_LEN);
        }

        if (plain) {

            if (qc_sha256_final(plain, job->record.digest) != QC_OK) {
                rc = NGX_ERROR;
            }

        } else if (job->digested) {
            ngx_memcpy(job->record.digest, job->sha256, QC_SHA256_LEN);
        }
    }

    if (plain) {
        qc_sha256_destroy(plain);
    }

    qc_encoder_destroy(e);

    return rc;
}


static ngx_int_t
ngx_http_qc_encode_chunks(ngx_http_qc_job_t *job, qc_encoder_t *e,
    qc_sha256_t *plain)
{
    off_t         done, size;
    ssize_t       n;
    qc_str_t      in;
    ngx_int_t     rc;
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    size = (off_t) job->record.size;
    done = 0;
    cl = job->chunks;

    do {
        in = qc_str(NULL, 0);

        if (job->temp) {
            n = ngx_http_qc_encode_read(job, job->input, done);
            if (n < 0) {
                return NGX_ERROR;
            }

            in = qc_str(job->input, n);

        } else if (cl) {
            b = cl->buf;
            cl = cl->next;

            in = qc_str(b->pos, b->last - b->pos);

        } else {
            done = size;
        }

        done += in.len;

        if (plain && in.len) {
            qc_sha256_update(plain, in.data, in.len);
        }

        rc = ngx_http_qc_encode_piece(job, e, in, done == size);

    } while (rc == NGX_OK && done < size);

    return rc;
}


static ngx_int_t
ngx_http_qc_encode_piece(ngx_http_qc_job_t *job, qc_encoder_t *e, qc_str_t in,
    int last)
{
    qc_rc_e    rc;
    qc_buf_t   out;
    ngx_int_t  written;

    do {
        qc_buf_init(&out, job->output, NGX_HTTP_QC_BUFFER_SIZE);

        rc = qc_encode(e, &in, &out, last);

        if (rc != QC_OK && rc != QC_DONE) {
            return NGX_ERROR;
        }

        written = ngx_http_qc_encode_write(job, job->output,
                                           qc_buf_len(&out));
        if (written != NGX_OK) {
            return written;
        }

    } while (rc == QC_OK && (last || in.len || out.pos == out.end));

    return NGX_OK;
}


static ngx_int_t
ngx_http_qc_encode_write(ngx_http_qc_job_t *job, u_char *data, size_t len)
{
    off_t    offset;
    ssize_t  n;

    offset = (off_t) job->record.stored;
    job->record.stored += len;

    if (job->coding == QC_CODING_NONE) {
        return NGX_OK;
    }

    if (job->record.stored >= job->record.size && job->record.size > 64) {
        return NGX_DECLINED;
    }

    if (job->packed) {

        if (len > (size_t) (job->packed->end - job->packed->pos) - offset) {
            return NGX_DECLINED;
        }

        ngx_memcpy(job->packed->pos + offset, data, len);
        return NGX_OK;
    }

    while (len) {
        n = pwrite(job->encoded->file.fd, data, len, offset);

        if (n <= 0) {
            return NGX_ERROR;
        }

        data += n;
        len -= n;
        offset += n;
    }

    return NGX_OK;
}


static ssize_t
ngx_http_qc_encode_read(ngx_http_qc_job_t *job, u_char *buf, off_t offset)
{
    size_t   size;
    ssize_t  n;

    size = (size_t) ngx_min((off_t) job->record.size - offset,
                            NGX_HTTP_QC_BUFFER_SIZE);

    n = pread(job->temp->file.fd, buf, size, offset);

    return (n == 0 && size) ? -1 : n;
}


static ngx_int_t
ngx_http_qc_encode_end(ngx_http_qc_job_t *job)
{
    if (job->rc != NGX_OK) {
        job->reason = QC_R_TEMP;
        return NGX_ERROR;
    }

    return ngx_http_qc_encode_body(job);
}


/* The stored form as one chain, for the tiers. */

static ngx_int_t
ngx_http_qc_encode_body(ngx_http_qc_job_t *job)
{
    ngx_buf_t        *b;
    ngx_temp_file_t  *tf;

    if (job->record.stored == 0) {
        job->body = NULL;
        return NGX_OK;
    }

    if (job->record.coding == QC_CODING_NONE && job->temp == NULL) {
        job->body = job->chunks;
        return NGX_OK;
    }

    if (job->temp == NULL) {
        b = job->packed;
        b->last = b->pos + (size_t) job->record.stored;

    } else {
        tf = (job->record.coding == QC_CODING_NONE) ? job->temp
                                                    : job->encoded;

        b = ngx_calloc_buf(job->pool);
        if (b == NULL) {
            return NGX_ERROR;
        }

        b->file = &tf->file;
        b->in_file = 1;
        b->file_last = (off_t) job->record.stored;
    }

    job->body = ngx_alloc_chain_link(job->pool);
    if (job->body == NULL) {
        return NGX_ERROR;
    }

    job->body->buf = b;
    job->body->next = NULL;

    return NGX_OK;
}


#if (NGX_THREADS)

static void
ngx_http_qc_encode_thread(void *data, ngx_log_t *log)
{
    ngx_http_qc_job_t **job = data;

    ngx_http_qc_encode_run(*job);
}


static void
ngx_http_qc_encode_thread_done(ngx_event_t *ev)
{
    ngx_int_t           rc;
    ngx_connection_t   *c;
    ngx_http_qc_job_t  *job;

    c = ev->data;
    job = c->data;

    job->encoding = 0;

    rc = ngx_http_qc_encode_end(job);

    ngx_http_qc_job_next(job, rc, job->reason);
}

#endif
