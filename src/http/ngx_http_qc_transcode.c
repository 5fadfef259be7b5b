
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * An answer that the upstream has encoded is decoded while it is captured:
 * what is stored, and what the rules on answers see, is plain.  The client's
 * copy stays as it is.
 */

#include "ngx_http_qc.h"

#include "../core/qc_inflate.h"
#include "../core/qc_unpack.h"


/*
 * Plain bytes out of what one call of the body filter brings, at most: other
 * requests wait for them, some 15 ms if it is gzip.
 */

#define NGX_HTTP_QC_TRANSCODE_MAX  (8 * 1024 * 1024)


struct ngx_http_qc_transcode_s {
    ngx_http_qc_job_t             *job;
    qc_unpack_t                   *unpack;
    u_char                        *input;   /* of a file */
    u_char                        *output;
    off_t                          encoded; /* bytes it was given */
    uint64_t                       left;    /* plain bytes there may be */
    size_t                         budget;  /* likewise, of this call */
    size_t                         memory;  /* accounted in zone->jobs */
};


static void ngx_http_qc_transcode_cleanup(void *data);
static qc_metric_e ngx_http_qc_transcode_piece(ngx_http_qc_transcode_t *t,
    qc_str_t in);
static qc_metric_e ngx_http_qc_transcode_account(ngx_http_qc_transcode_t *t);
static ngx_uint_t ngx_http_qc_transcode_no_transform(ngx_http_request_t *r);


/* NGX_OK, and what has to be decoded; NGX_DECLINED if that must not be. */

ngx_int_t
ngx_http_qc_transcode_coding(ngx_http_request_t *r, qc_coding_e *coding)
{
    ngx_str_t            value;
    ngx_uint_t           n;
    ngx_table_elt_t     *h;
    ngx_http_qc_walk_t   w;

    n = 0;
    ngx_str_null(&value);

    ngx_http_qc_walk(&w, &r->headers_out.headers);

    while ((h = ngx_http_qc_next_header(&w, qc_str("content-encoding", 16)))) {
        if (h->value.len) {
            value = h->value;
            n++;
        }
    }

    /* several are a list, and codings in it are one upon the other */

    if (n > 1
        || qc_inflate_coding(ngx_http_qc_qstr(&value), coding) != QC_OK
        || (*coding != QC_CODING_NONE
            && ngx_http_qc_transcode_no_transform(r)))
    {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


/* RFC 9110 section 7.7. */

static ngx_uint_t
ngx_http_qc_transcode_no_transform(ngx_http_request_t *r)
{
    ngx_table_elt_t     *h;
    ngx_http_qc_walk_t   w;

    ngx_http_qc_walk(&w, &r->headers_out.headers);

    while ((h = ngx_http_qc_next_header(&w, qc_str("cache-control", 13)))) {

        if (qc_name_within(ngx_http_qc_qstr(&h->value),
                           qc_str("no-transform", 12)))
        {
            return 1;
        }
    }

    return 0;
}


ngx_int_t
ngx_http_qc_transcode_start(ngx_http_qc_job_t *job, qc_coding_e coding,
    off_t max_size)
{
    ngx_pool_cleanup_t       *cln;
    ngx_http_qc_transcode_t  *t;

    t = ngx_pcalloc(job->pool, sizeof(ngx_http_qc_transcode_t));
    if (t == NULL) {
        return NGX_ERROR;
    }

    t->job = job;
    t->left = max_size;

    t->output = ngx_palloc(job->pool, NGX_HTTP_QC_BUFFER_SIZE);
    cln = ngx_pool_cleanup_add(job->pool, 0);

    if (t->output == NULL || cln == NULL) {
        return NGX_ERROR;
    }

    t->unpack = qc_unpack_create(coding);

    if (t->unpack == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_http_qc_transcode_cleanup;
    cln->data = t;

    job->transcode = t;

    return NGX_OK;
}


static void
ngx_http_qc_transcode_cleanup(void *data)
{
    ngx_http_qc_transcode_t *t = data;

    qc_unpack_destroy(t->unpack);
    t->unpack = NULL;

    t->job->zone->jobs.memory -= t->memory;
    t->memory = 0;
}


void
ngx_http_qc_transcode_call(ngx_http_qc_transcode_t *t)
{
    t->budget = NGX_HTTP_QC_TRANSCODE_MAX;
}


qc_metric_e
ngx_http_qc_transcode_buf(ngx_http_qc_transcode_t *t, ngx_buf_t *b)
{
    off_t        pos;
    ssize_t      n;
    qc_metric_e  reason;

    if (ngx_buf_in_memory(b)) {
        return ngx_http_qc_transcode_piece(t, qc_str(b->pos,
                                                     b->last - b->pos));
    }

    if (!b->in_file) {
        return QC_R_INCOMPLETE;
    }

    if (t->input == NULL) {
        t->input = ngx_palloc(t->job->pool, NGX_HTTP_QC_BUFFER_SIZE);
        if (t->input == NULL) {
            return QC_R_MEMORY;
        }
    }

    for (pos = b->file_pos; pos < b->file_last; pos += n) {

        n = ngx_read_file(b->file, t->input,
                          (size_t) ngx_min(b->file_last - pos,
                                           NGX_HTTP_QC_BUFFER_SIZE),
                          pos);

        if (n == NGX_ERROR || n == 0) {
            return QC_R_TEMP;
        }

        reason = ngx_http_qc_transcode_piece(t, qc_str(t->input, n));

        if (reason != QC_NO_METRIC) {
            return reason;
        }
    }

    return QC_NO_METRIC;
}


static qc_metric_e
ngx_http_qc_transcode_piece(ngx_http_qc_transcode_t *t, qc_str_t in)
{
    size_t       n;
    qc_rc_e      rc;
    qc_buf_t     out;
    qc_metric_e  reason;

    t->encoded += in.len;

    do {
        qc_buf_init(&out, t->output, NGX_HTTP_QC_BUFFER_SIZE);

        rc = qc_unpack(t->unpack, &in, &out);

        if (rc != QC_OK) {
            return (rc == QC_NOMEM) ? QC_R_MEMORY : QC_R_INCOMPLETE;
        }

        n = qc_buf_len(&out);

        if (n > t->budget || n > t->left) {
            return QC_R_MAX_SIZE;
        }

        t->budget -= n;
        t->left -= n;

        reason = ngx_http_qc_capture_bytes(t->job, t->output, n);

        if (reason != QC_NO_METRIC) {
            return reason;
        }

    } while (in.len || n == NGX_HTTP_QC_BUFFER_SIZE);

    return ngx_http_qc_transcode_account(t);
}


/* The window of what an upstream sends may be large. */

static qc_metric_e
ngx_http_qc_transcode_account(ngx_http_qc_transcode_t *t)
{
    size_t               memory;
    ngx_http_qc_jobs_t  *jobs;

    jobs = &t->job->zone->jobs;
    memory = qc_unpack_memory(t->unpack);

    jobs->memory += memory - t->memory;
    t->memory = memory;

    return (jobs->memory > t->job->zone->store_memory) ? QC_R_MEMORY
                                                       : QC_NO_METRIC;
}


off_t
ngx_http_qc_transcode_size(ngx_http_qc_transcode_t *t)
{
    return t->encoded;
}


/* All has come: NGX_DECLINED if it is not whole. */

ngx_int_t
ngx_http_qc_transcode_end(ngx_http_qc_transcode_t *t)
{
    ngx_int_t  rc;

    rc = qc_unpack_ended(t->unpack) ? NGX_OK : NGX_DECLINED;

    ngx_http_qc_transcode_cleanup(t);

    return rc;
}
