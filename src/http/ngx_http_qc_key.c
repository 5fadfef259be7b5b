
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/* A request of nginx as the core reads it, and its key. */

#include "ngx_http_qc.h"


static void *ngx_http_qc_query_alloc(void *ctx, size_t size);
static ngx_int_t ngx_http_qc_query_parts(ngx_http_qc_ctx_t *ctx,
    qc_request_t *request);
static ngx_int_t ngx_http_qc_query_headers(ngx_http_request_t *r,
    qc_request_t *request);
static ngx_int_t ngx_http_qc_query_raw(ngx_http_request_t *r,
    qc_request_t *request);
static ngx_int_t ngx_http_qc_query_body(ngx_http_qc_ctx_t *ctx);
static ngx_int_t ngx_http_qc_key_body(ngx_http_qc_ctx_t *ctx, qc_key_t *k);
static ngx_int_t ngx_http_qc_key_file(ngx_http_request_t *r, ngx_buf_t *b,
    qc_key_t *k);


ngx_int_t
ngx_http_qc_make_key(ngx_http_qc_ctx_t *ctx)
{
    ngx_int_t  rc;

    rc = ngx_http_qc_query_read(ctx);

    if (rc == NGX_OK) {
        rc = ngx_http_qc_query_hash(ctx, NULL, NULL);
    }

    if (rc == NGX_OK) {
        rc = ngx_http_qc_nvs_begin(ctx);
    }

    ngx_http_qc_query_free(ctx);

    return rc;
}


ngx_int_t
ngx_http_qc_query_read(ngx_http_qc_ctx_t *ctx)
{
    qc_rc_e                    rc;
#if (NGX_HTTP_SSL)
    ngx_str_t                  cert;
#endif
    qc_request_t              *request;
    ngx_http_request_t        *r;
    ngx_http_qc_query_t       *query;
    ngx_http_qc_loc_conf_t    *qlcf;
    ngx_http_qc_main_conf_t   *qmcf;
    ngx_http_core_loc_conf_t  *clcf;

    r = ctx->request;
    qlcf = ctx->conf;
    qmcf = ngx_http_get_module_main_conf(r, ngx_http_query_cache_module);
    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    query = ngx_pcalloc(r->pool, sizeof(ngx_http_qc_query_t));
    if (query == NULL) {
        return NGX_ERROR;
    }

    ctx->query = query;
    query->log = r->connection->log;

    qc_arena_init(&query->arena, ngx_http_qc_query_alloc, query,
                  qc_query_memory(&qlcf->rules));

    request = &query->request;

    request->zone = ngx_http_qc_qstr(&ctx->zone->name);
    request->location = ngx_http_qc_qstr(&qlcf->salt);
    request->prefix = ngx_http_qc_qstr(&clcf->name);

    switch (ngx_http_qc_method(r)) {
    case NGX_HTTP_POST:
        request->method = qc_str("POST", 4);
        break;
    case NGX_HTTP_QC_QUERY:
        request->method = qc_str("QUERY", 5);
        break;
    default:
        request->method = qc_str("GET", 3);
    }

    request->host = ngx_http_qc_qstr(&r->headers_in.server);
    request->uri = ngx_http_qc_qstr(&r->uri);
    request->args = ngx_http_qc_qstr(&r->args);

    request->call = ctx->zone->rsc;

    /* a type given by X-Accel-Redirect is the type of what follows it */

    request->type = ngx_http_qc_qstr(&r->headers_out.content_type);

#if (NGX_HTTP_SSL)

    if (r->connection->ssl) {

        if (ngx_ssl_get_fingerprint(r->connection, r->pool, &cert) != NGX_OK) {
            return NGX_ERROR;
        }

        request->cert = ngx_http_qc_qstr(&cert);
    }

#endif

    if (qlcf->ns) {
        if (ngx_http_complex_value(r, qlcf->ns, &ctx->ns) != NGX_OK
            || ctx->ns.len > QC_NAMESPACE_MAX)
        {
            return NGX_ERROR;
        }

        request->ns = ngx_http_qc_qstr(&ctx->ns);
        request->has_ns = 1;
    }

    if (ngx_http_qc_query_raw(r, request) != NGX_OK
        || ngx_http_qc_query_parts(ctx, request) != NGX_OK
        || ngx_http_qc_query_headers(r, request) != NGX_OK
        || ngx_http_qc_query_body(ctx) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (request->size > (uint64_t) qlcf->max_request_body) {
        query->q.reason = QC_R_BODY_SIZE;
        return NGX_DECLINED;
    }

    rc = qc_query_read(&query->q, request, &qlcf->rules, &qmcf->sha256,
                       &query->arena);

    if (rc != QC_OK) {
        return NGX_ERROR;
    }

    return (query->q.reason == QC_NO_METRIC) ? NGX_OK : NGX_DECLINED;
}


ngx_int_t
ngx_http_qc_query_hash(ngx_http_qc_ctx_t *ctx, qc_key_trace_pt trace,
    void *data)
{
    qc_key_t                  k;
    ngx_http_qc_main_conf_t  *qmcf;

    qmcf = ngx_http_get_module_main_conf(ctx->request,
                                         ngx_http_query_cache_module);

    if (ctx->zone->rsc) {

        if (qc_query_rsc_key(&ctx->query->q, &qmcf->sha256, ctx->key)
            != QC_OK)
        {
            return NGX_ERROR;
        }

        return (ctx->query->q.reason == QC_NO_METRIC) ? NGX_OK : NGX_DECLINED;
    }

    qc_key_start(&k, &qmcf->sha256);

    k.trace = trace;
    k.data = data;

    if (qc_query_key(&ctx->query->q, &k)
        && ngx_http_qc_key_body(ctx, &k) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return (qc_key_final(&k, ctx->key) == QC_OK) ? NGX_OK : NGX_ERROR;
}


/* Of the query remain its tags, its hash and its range of time. */

void
ngx_http_qc_query_free(ngx_http_qc_ctx_t *ctx)
{
    if (ctx->query && ctx->query->pool) {
        ngx_destroy_pool(ctx->query->pool);
        ctx->query->pool = NULL;
    }
}


ngx_http_qc_query_t *
ngx_http_qc_query_copy(ngx_http_qc_query_t *query, ngx_http_request_t *r)
{
    qc_query_t           *q;
    const qc_query_t     *from;
    ngx_http_qc_query_t  *copy;

    copy = ngx_pcalloc(r->pool, sizeof(ngx_http_qc_query_t));

    if (copy == NULL
        || ngx_http_qc_query_headers(r, &copy->request) != NGX_OK)
    {
        return NULL;
    }

    copy->log = r->connection->log;

    from = &query->q;
    q = &copy->q;

    q->request = &copy->request;
    q->rules = from->rules;
    q->reason = from->reason;
    q->form = from->form;

    q->hashed = from->hashed;
    q->document = from->document;
    ngx_memcpy(q->hash, from->hash, QC_SHA256_LEN);

    q->changing = from->changing;
    q->ranged = from->ranged;
    q->unbounded = from->unbounded;
    q->latest = from->latest;

    qc_tags_init(&q->tags);

    q->tags.unknown = from->tags.unknown;
    qc_buf_str(&q->tags.buf, qc_buf_written(&from->tags.buf));

    return copy;
}


static void *
ngx_http_qc_query_alloc(void *ctx, size_t size)
{
    ngx_http_qc_query_t *query = ctx;

    if (query->pool == NULL) {

        query->pool = ngx_create_pool(NGX_DEFAULT_POOL_SIZE, query->log);

        if (query->pool == NULL) {
            return NULL;
        }
    }

    return ngx_palloc(query->pool, size);
}


static ngx_int_t
ngx_http_qc_query_parts(ngx_http_qc_ctx_t *ctx, qc_request_t *request)
{
    qc_part_t           *to;
    ngx_str_t            value;
    ngx_uint_t           i;
    ngx_http_qc_part_t  *part;

    if (ctx->conf->key == NULL) {
        return NGX_OK;
    }

    to = ngx_pcalloc(ctx->request->pool,
                     ctx->conf->key->nelts * sizeof(qc_part_t));
    if (to == NULL) {
        return NGX_ERROR;
    }

    part = ctx->conf->key->elts;

    for (i = 0; i < ctx->conf->key->nelts; i++) {

        to[i].name = ngx_http_qc_qstr(&part[i].name);

        if (part[i].value == NULL) {
            to[i].absent = 1;
            continue;
        }

        if (ngx_http_complex_value(ctx->request, part[i].value, &value)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        to[i].value = ngx_http_qc_qstr(&value);
    }

    request->parts = to;
    request->nparts = ctx->conf->key->nelts;

    return NGX_OK;
}


static ngx_int_t
ngx_http_qc_query_headers(ngx_http_request_t *r, qc_request_t *request)
{
    size_t            n;
    ngx_uint_t        i;
    qc_field_t       *to;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    n = 0;

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        n += part->nelts;
    }

    to = ngx_palloc(r->pool, n * sizeof(qc_field_t));
    if (to == NULL) {
        return NGX_ERROR;
    }

    request->headers = to;
    request->nheaders = n;

    for (part = &r->headers_in.headers.part; part; part = part->next) {

        h = part->elts;

        for (i = 0; i < part->nelts; i++, to++) {
            to->name = qc_str(h[i].lowcase_key, h[i].key.len);
            to->value = ngx_http_qc_qstr(&h[i].value);
        }
    }

    return NGX_OK;
}


/*
 * The path as the client wrote it, where proxy_pass without a URI would pass
 * it on so: "/a%2Fb" and "/a/b" are one r->uri and two resources.
 */

static ngx_int_t
ngx_http_qc_query_raw(ngx_http_request_t *r, qc_request_t *request)
{
    u_char     *p, *last, *fragment;
    ngx_str_t   raw;

    ngx_str_null(&raw);

    if (!r->valid_unparsed_uri) {
        goto done;
    }

    raw = r->unparsed_uri;
    last = raw.data + raw.len;

    p = ngx_strlchr(raw.data, last, '?');
    fragment = ngx_strlchr(raw.data, last, '#');

    if (p && fragment == NULL) {
        raw.len = p - raw.data;
        goto done;
    }

    /* it is in neither r->uri nor r->args, but goes upstream */

    if (p && p < fragment) {

        raw.data = ngx_pnalloc(r->pool, raw.len);
        if (raw.data == NULL) {
            return NGX_ERROR;
        }

        raw.len = p - r->unparsed_uri.data;
        p = ngx_cpymem(raw.data, r->unparsed_uri.data, raw.len);
        p = ngx_cpymem(p, fragment, last - fragment);
        raw.len = p - raw.data;
    }

done:

    request->raw = ngx_http_qc_qstr(&raw);

    return NGX_OK;
}


/*
 * The body in one piece, if it is to be looked into.  The buffers are read,
 * not moved: they go upstream later.
 */

static ngx_int_t
ngx_http_qc_query_body(ngx_http_qc_ctx_t *ctx)
{
    size_t                size;
    u_char               *p;
    ssize_t               n;
    ngx_buf_t            *b;
    ngx_chain_t          *bufs, *cl;
    qc_request_t         *request;
    ngx_http_request_t   *r;

    r = ctx->request;
    request = &ctx->query->request;
    bufs = r->request_body ? r->request_body->bufs : NULL;

    for (cl = bufs; cl; cl = cl->next) {
        request->size += ngx_buf_size(cl->buf);
    }

    if (request->size > (uint64_t) ctx->conf->rules.max_body
        || !(ctx->zone->rsc || qc_query_wants_body(&ctx->conf->rules)))
    {
        return NGX_OK;
    }

    request->loaded = 1;

    if (request->size == 0) {
        return NGX_OK;
    }

    size = (size_t) request->size;

    if (bufs->next == NULL && ngx_buf_in_memory(bufs->buf)) {
        request->body = qc_str(bufs->buf->pos, size);
        return NGX_OK;
    }

    p = ngx_http_qc_query_alloc(ctx->query, size);
    if (p == NULL) {
        return NGX_ERROR;
    }

    request->body = qc_str(p, size);

    for (cl = bufs; cl; cl = cl->next) {

        b = cl->buf;
        size = (size_t) ngx_buf_size(b);

        if (ngx_buf_in_memory(b)) {
            p = ngx_cpymem(p, b->pos, size);
            continue;
        }

        /* the end of a chunked body is a buffer of nothing */

        if (!b->in_file) {
            continue;
        }

        n = ngx_read_file(b->file, p, size, b->file_pos);

        if (n != (ssize_t) size) {
            return NGX_ERROR;
        }

        p += n;
    }

    return NGX_OK;
}


/* All of the raw body, from memory and file. */

static ngx_int_t
ngx_http_qc_key_body(ngx_http_qc_ctx_t *ctx, qc_key_t *k)
{
    ngx_buf_t           *b;
    ngx_chain_t         *cl;
    qc_request_t        *request;
    ngx_http_request_t  *r;

    r = ctx->request;
    request = &ctx->query->request;

    qc_key_open(k, qc_str("body", 4), request->size);

    if (request->size == 0) {
        return NGX_OK;
    }

    for (cl = r->request_body->bufs; cl; cl = cl->next) {

        b = cl->buf;

        if (ngx_buf_in_memory(b)) {
            qc_key_piece(k, b->pos, b->last - b->pos);

        } else if (b->in_file
                   && ngx_http_qc_key_file(r, b, k) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_qc_key_file(ngx_http_request_t *r, ngx_buf_t *b, qc_key_t *k)
{
    off_t    pos;
    size_t   size;
    u_char  *buf;
    ssize_t  n;

    buf = ngx_palloc(r->pool, NGX_HTTP_QC_BUFFER_SIZE);
    if (buf == NULL) {
        return NGX_ERROR;
    }

    for (pos = b->file_pos; pos < b->file_last; pos += n) {

        size = (size_t) ngx_min(b->file_last - pos, NGX_HTTP_QC_BUFFER_SIZE);

        n = ngx_read_file(b->file, buf, size, pos);

        if (n == NGX_ERROR || n == 0) {
            return NGX_ERROR;
        }

        qc_key_piece(k, buf, n);
    }

    (void) ngx_pfree(r->pool, buf);

    return NGX_OK;
}
