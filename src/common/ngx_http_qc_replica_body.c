
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/* The body of a request's copy: memory, or a descriptor of its own. */

#include "ngx_http_qc_replica.h"


static ngx_int_t ngx_http_qc_replica_buf(ngx_http_request_t *to,
    ngx_http_request_body_t *rb, ngx_buf_t *b, ngx_chain_t **out);
static ngx_int_t ngx_http_qc_replica_file(ngx_http_request_t *to,
    ngx_temp_file_t *tf);


ngx_int_t
ngx_http_qc_replica_body(ngx_http_request_t *to, ngx_http_request_t *r)
{
    ngx_int_t                 rc;
    ngx_chain_t              *cl, **last;
    ngx_http_request_body_t  *rb;

    rb = r->request_body;

    if (rb == NULL) {
        return r->reading_body ? NGX_DECLINED : NGX_OK;
    }

    /* a file whose name may be passed on, and that goes with its request */

    if (r->reading_body || (rb->temp_file && r->request_body_in_clean_file)) {
        return NGX_DECLINED;
    }

    to->request_body = ngx_pcalloc(to->pool, sizeof(ngx_http_request_body_t));
    if (to->request_body == NULL) {
        return NGX_ERROR;
    }

    to->request_body->received = rb->received;

    if (rb->temp_file) {
        rc = ngx_http_qc_replica_file(to, rb->temp_file);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    last = &to->request_body->bufs;

    for (cl = rb->bufs; cl; cl = cl->next) {

        rc = ngx_http_qc_replica_buf(to, rb, cl->buf, last);

        if (rc != NGX_OK) {
            return rc;
        }

        last = &(*last)->next;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_qc_replica_buf(ngx_http_request_t *to, ngx_http_request_body_t *rb,
    ngx_buf_t *b, ngx_chain_t **out)
{
    size_t        size;
    ngx_buf_t    *copy;
    ngx_chain_t  *cl;

    cl = ngx_alloc_chain_link(to->pool);
    copy = ngx_calloc_buf(to->pool);

    if (cl == NULL || copy == NULL) {
        return NGX_ERROR;
    }

    cl->buf = copy;
    cl->next = NULL;
    *out = cl;

    copy->last_buf = b->last_buf;

    if (ngx_buf_in_memory(b)) {

        size = b->last - b->pos;

        copy->start = ngx_palloc(to->pool, size + 1);
        if (copy->start == NULL) {
            return NGX_ERROR;
        }

        copy->pos = copy->start;
        copy->last = ngx_cpymem(copy->pos, b->pos, size);
        copy->end = copy->last;
        copy->temporary = (size != 0);

        return NGX_OK;
    }

    /* the end of a chunked body is a buffer of nothing */

    if (!b->in_file) {
        return NGX_OK;
    }

    if (rb->temp_file == NULL || b->file != &rb->temp_file->file) {
        return NGX_DECLINED;
    }

    copy->in_file = 1;
    copy->file = &to->request_body->temp_file->file;
    copy->file_pos = b->file_pos;
    copy->file_last = b->file_last;

    return NGX_OK;
}


/* Its name may be gone, but the file stays as long as it is open. */

static ngx_int_t
ngx_http_qc_replica_file(ngx_http_request_t *to, ngx_temp_file_t *tf)
{
    ngx_temp_file_t          *copy;
    ngx_pool_cleanup_t       *cln;
    ngx_pool_cleanup_file_t  *clnf;

    if (tf->file.fd == NGX_INVALID_FILE) {
        return NGX_DECLINED;
    }

    copy = ngx_pcalloc(to->pool, sizeof(ngx_temp_file_t));
    cln = ngx_pool_cleanup_add(to->pool, sizeof(ngx_pool_cleanup_file_t));

    if (copy == NULL
        || cln == NULL
        || ngx_http_qc_replica_str(to->pool, &copy->file.name, &tf->file.name)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    copy->file.log = to->connection->log;
    copy->file.offset = tf->file.offset;
    copy->offset = tf->offset;
    copy->path = tf->path;
    copy->pool = to->pool;

    copy->file.fd = dup(tf->file.fd);

    if (copy->file.fd == NGX_INVALID_FILE) {
        ngx_log_error(NGX_LOG_CRIT, to->connection->log, ngx_errno,
                      "dup() of \"%V\" failed", &copy->file.name);
        return NGX_ERROR;
    }

    cln->handler = ngx_pool_cleanup_file;

    clnf = cln->data;
    clnf->fd = copy->file.fd;
    clnf->name = copy->file.name.data;
    clnf->log = to->pool->log;

    to->request_body->temp_file = copy;

    return NGX_OK;
}
