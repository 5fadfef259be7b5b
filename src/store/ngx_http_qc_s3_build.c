
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/* The bytes of an S3 request: line, fields, signature, body. */

#include "ngx_http_qc_s3.h"

#include "../core/qc_rsc.h"


#define NGX_HTTP_QC_S3_HEADERS     16
#define NGX_HTTP_QC_S3_HEAD_SIZE   1536     /* of a request without a record */
#define NGX_HTTP_QC_S3_PUT_SIZE    (NGX_HTTP_QC_S3_HEAD_SIZE + 6144)


/* The header fields of one request; names in lower case, all signed. */

typedef struct {
    qc_sigv4_pair_t                pairs[NGX_HTTP_QC_S3_HEADERS];
    size_t                         n;
} ngx_http_qc_s3_headers_t;


static ngx_int_t ngx_http_qc_s3_build(ngx_http_qc_s3_op_t *op, qc_buf_t *out,
    qc_buf_t *scratch);
static void ngx_http_qc_s3_path(ngx_http_qc_s3_op_t *op, qc_buf_t *b);
static void ngx_http_qc_s3_put_headers(ngx_http_qc_s3_op_t *op,
    ngx_http_qc_s3_headers_t *h, qc_buf_t *scratch);
static void ngx_http_qc_s3_add(ngx_http_qc_s3_headers_t *h, const char *name,
    qc_str_t value);
static qc_str_t ngx_http_qc_s3_text(qc_buf_t *b, u_char *start);
static ngx_int_t ngx_http_qc_s3_append_body(ngx_http_request_t *sr,
    ngx_chain_t *head, ngx_chain_t *body);


ngx_int_t
ngx_http_qc_s3_create_request(ngx_http_request_t *sr)
{
    size_t                size;
    ngx_buf_t            *b;
    qc_buf_t              out, scratch;
    ngx_chain_t          *cl;
    ngx_http_qc_s3_op_t  *op;

    op = ngx_http_get_module_ctx(sr, ngx_http_query_cache_filter_module);

    size = (op->method == NGX_HTTP_PUT) ? NGX_HTTP_QC_S3_PUT_SIZE
                                        : NGX_HTTP_QC_S3_HEAD_SIZE;
    size += op->s3->token.len + op->s3->tags.len + op->s3->base.len;

    b = ngx_create_temp_buf(sr->pool, 2 * size);
    cl = ngx_alloc_chain_link(sr->pool);

    if (b == NULL || cl == NULL) {
        return NGX_ERROR;
    }

    qc_buf_init(&out, b->pos, size);
    qc_buf_init(&scratch, b->pos + size, size);

    if (ngx_http_qc_s3_build(op, &out, &scratch) != NGX_OK) {
        ngx_log_error(NGX_LOG_ERR, sr->connection->log, 0,
                      "could not build s3 request");
        return NGX_ERROR;
    }

    b->last = out.pos;
    b->flush = 1;

    cl->buf = b;
    cl->next = NULL;

    sr->upstream->request_bufs = cl;

    if (op->method == NGX_HTTP_PUT) {
        return ngx_http_qc_s3_append_body(sr, cl, op->body);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_qc_s3_build(ngx_http_qc_s3_op_t *op, qc_buf_t *out, qc_buf_t *scratch)
{
    size_t                     i;
    u_char                    *p;
    uint8_t                    date[QC_SIGV4_DATE_LEN];
    ngx_http_qc_s3_t          *s3;
    qc_sigv4_request_t         req;
    ngx_http_qc_s3_headers_t   h;

    s3 = op->s3;
    h.n = 0;

    ngx_memzero(&req, sizeof(qc_sigv4_request_t));

    switch (op->method) {
    case NGX_HTTP_PUT:
        req.method = qc_str("PUT", 3);
        break;
    case NGX_HTTP_DELETE:
        req.method = qc_str("DELETE", 6);
        break;
    case NGX_HTTP_HEAD:
        req.method = qc_str("HEAD", 4);
        break;
    default: /* NGX_HTTP_GET */
        req.method = qc_str("GET", 3);
    }

    p = scratch->pos;
    ngx_http_qc_s3_path(op, scratch);
    req.path = ngx_http_qc_s3_text(scratch, p);

    req.payload = qc_sigv4_empty_payload;

    if (op->method == NGX_HTTP_PUT) {
        p = scratch->pos;
        qc_buf_hex(scratch, op->payload, QC_SHA256_LEN);
        req.payload = ngx_http_qc_s3_text(scratch, p);
    }

    if (qc_sigv4_date(ngx_time(), date) != QC_OK) {
        return NGX_ERROR;
    }

    ngx_http_qc_s3_add(&h, "host", qc_str(s3->host.data, s3->host.len));
    ngx_http_qc_s3_add(&h, "x-amz-content-sha256", req.payload);
    ngx_http_qc_s3_add(&h, "x-amz-date", qc_str(date, QC_SIGV4_DATE_LEN));

    if (s3->token.len) {
        ngx_http_qc_s3_add(&h, "x-amz-security-token",
                           qc_str(s3->token.data, s3->token.len));
    }

    if (op->method == NGX_HTTP_PUT) {
        ngx_http_qc_s3_put_headers(op, &h, scratch);
    }

    req.headers = h.pairs;
    req.nheaders = h.n;

    qc_buf_str(out, req.method);
    qc_buf_char(out, ' ');
    qc_buf_str(out, req.path);
    qc_buf_cstr(out, " HTTP/1.1\r\n");

    for (i = 0; i < h.n; i++) {
        qc_buf_str(out, h.pairs[i].name);
        qc_buf_cstr(out, ": ");
        qc_buf_str(out, h.pairs[i].value);
        qc_buf_cstr(out, "\r\n");
    }

    if (op->method == NGX_HTTP_PUT) {
        qc_buf_cstr(out, "content-length: ");
        qc_buf_dec(out, op->record->stored);
        qc_buf_cstr(out, "\r\n");
    }

    qc_buf_cstr(out, "authorization: ");

    if (qc_sigv4_sign(&s3->cred, &s3->day, &req, date, out) != QC_OK) {
        return NGX_ERROR;
    }

    qc_buf_cstr(out, "\r\n\r\n");

    return (qc_buf_status(out) == QC_OK && qc_buf_status(scratch) == QC_OK)
           ? NGX_OK : NGX_ERROR;
}


static void
ngx_http_qc_s3_path(ngx_http_qc_s3_op_t *op, qc_buf_t *b)
{
    qc_buf_put(b, op->s3->base.data, op->s3->base.len);

    if (op->s3->rsc) {
        qc_rsc_name(b, op->key);

    } else {
        qc_object_name(b, op->id);
    }
}


static void
ngx_http_qc_s3_put_headers(ngx_http_qc_s3_op_t *op,
    ngx_http_qc_s3_headers_t *h, qc_buf_t *scratch)
{
    u_char             *p;
    uint8_t             mem[NGX_HTTP_QC_S3_RECORD_MAX];
    qc_str_t            type;
    qc_buf_t            record;
    const qc_record_t  *rec;
    ngx_http_qc_s3_t   *s3;

    s3 = op->s3;
    rec = op->record;

    type = qc_headers_find(rec->headers, "content-type");
    if (type.len == 0) {
        type = qc_str("application/octet-stream", 24);
    }

    ngx_http_qc_s3_add(h, "content-type", type);

    /* others have their own field for it, and read the bytes as they are */

    if (rec->coding != QC_CODING_NONE && !s3->rsc) {
        ngx_http_qc_s3_add(h, "content-encoding", qc_coding_name(rec->coding));
    }

    if (s3->storage_class.len) {
        ngx_http_qc_s3_add(h, "x-amz-storage-class",
                           qc_str(s3->storage_class.data,
                                  s3->storage_class.len));
    }

    if (s3->tags.len) {
        ngx_http_qc_s3_add(h, "x-amz-tagging",
                           qc_str(s3->tags.data, s3->tags.len));
    }

    /* all that is needed to rebuild the index from the bucket */

    p = scratch->pos;
    qc_buf_dec(scratch, QC_OBJECT_VERSION);
    ngx_http_qc_s3_add(h, "x-amz-meta-qc-version",
                       ngx_http_qc_s3_text(scratch, p));

    p = scratch->pos;
    qc_buf_hex(scratch, op->key, QC_KEY_LEN);
    ngx_http_qc_s3_add(h, "x-amz-meta-qc-key",
                       ngx_http_qc_s3_text(scratch, p));

    p = scratch->pos;
    qc_buf_hex(scratch, op->id, QC_OBJECT_ID_LEN);
    ngx_http_qc_s3_add(h, "x-amz-meta-qc-object",
                       ngx_http_qc_s3_text(scratch, p));

    qc_buf_init(&record, mem, sizeof(mem));

    if (qc_record_encode(rec, &record) != QC_OK) {
        scratch->overflow = 1;
        return;
    }

    p = scratch->pos;
    qc_buf_base64url(scratch, mem, qc_buf_len(&record));
    ngx_http_qc_s3_add(h, "x-amz-meta-qc-record",
                       ngx_http_qc_s3_text(scratch, p));
}


static void
ngx_http_qc_s3_add(ngx_http_qc_s3_headers_t *h, const char *name,
    qc_str_t value)
{
    /* a constant number of fields: never more than the array holds */

    h->pairs[h->n].name = qc_str(name, ngx_strlen(name));
    h->pairs[h->n].value = value;
    h->n++;
}


static qc_str_t
ngx_http_qc_s3_text(qc_buf_t *b, u_char *start)
{
    return qc_str(start, b->pos - start);
}


/* Links and buffers are copied: another attempt needs them as they were. */

static ngx_int_t
ngx_http_qc_s3_append_body(ngx_http_request_t *sr, ngx_chain_t *head,
    ngx_chain_t *body)
{
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    for ( /* void */ ; body; body = body->next) {

        b = ngx_alloc_buf(sr->pool);
        cl = ngx_alloc_chain_link(sr->pool);

        if (b == NULL || cl == NULL) {
            return NGX_ERROR;
        }

        *b = *body->buf;
        b->start = b->pos;

        cl->buf = b;
        cl->next = NULL;

        head->next = cl;
        head = cl;
    }

    return NGX_OK;
}
