
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * The key of a request: whatever may change the answer is in it, unless the
 * operator takes it out by name.
 */

#include "ngx_http_qc.h"


/* A part that is there without being asked for. */

typedef struct {
    ngx_str_t                      name;
    ngx_str_t                    (*value)(ngx_http_request_t *r,
                                       ngx_str_t *name);
} ngx_http_qc_builtin_t;


static ngx_http_qc_part_t *ngx_http_qc_key_part(ngx_http_qc_loc_conf_t *qlcf,
    ngx_str_t *name);
static ngx_int_t ngx_http_qc_key_value(ngx_http_qc_ctx_t *ctx, qc_key_t *k,
    ngx_http_qc_part_t *part);
static ngx_int_t ngx_http_qc_key_builtins(ngx_http_qc_ctx_t *ctx,
    qc_key_t *k);
static ngx_int_t ngx_http_qc_key_added(ngx_http_qc_ctx_t *ctx, qc_key_t *k);
static ngx_int_t ngx_http_qc_key_headers(ngx_http_qc_ctx_t *ctx, qc_key_t *k);
static ngx_uint_t ngx_http_qc_key_has_header(ngx_table_elt_t *h);
static ngx_str_t ngx_http_qc_key_host(ngx_http_request_t *r, ngx_str_t *name);
static ngx_str_t ngx_http_qc_key_uri(ngx_http_request_t *r, ngx_str_t *name);
static ngx_str_t ngx_http_qc_key_raw(ngx_http_request_t *r, ngx_str_t *name);
static ngx_str_t ngx_http_qc_key_args(ngx_http_request_t *r, ngx_str_t *name);
static ngx_int_t ngx_http_qc_key_body(ngx_http_qc_ctx_t *ctx, qc_key_t *k);
static ngx_int_t ngx_http_qc_key_file(ngx_http_request_t *r, ngx_buf_t *b,
    qc_key_t *k);


static ngx_http_qc_builtin_t  ngx_http_qc_builtins[] = {
    { ngx_string("host"), ngx_http_qc_key_host },
    { ngx_string("uri"), ngx_http_qc_key_uri },
    { ngx_string("args"), ngx_http_qc_key_args },
    { ngx_null_string, NULL }
};


/*
 * Request header fields that are in the key whenever they are there: what
 * says who asks, and what an analytics API reads its query from.  All that
 * begin with "x-clickhouse-" are, too.
 */

static ngx_str_t  ngx_http_qc_headers[] = {
    ngx_string("authorization"),
    ngx_string("cookie"),
    ngx_string("content_type"),
    ngx_string("content_encoding"),
    ngx_string("api_key"),
    ngx_string("apikey"),
    ngx_string("x_api_key"),
    ngx_string("x_auth_token"),
    ngx_string("x_access_token"),
    ngx_string("x_tenant_id"),
    ngx_string("x_org_id"),
    ngx_string("x_scope_orgid"),
    ngx_string("x_hasura_role"),
    ngx_string("x_hasura_user_id"),
    ngx_null_string
};


ngx_int_t
ngx_http_qc_make_key(ngx_http_qc_ctx_t *ctx)
{
    qc_key_t                  k;
    qc_str_t                  name;
    ngx_http_request_t       *r;
    ngx_http_qc_loc_conf_t   *qlcf;
    ngx_http_qc_main_conf_t  *qmcf;

    r = ctx->request;
    qlcf = ctx->conf;
    qmcf = ngx_http_get_module_main_conf(r, ngx_http_query_cache_module);

    qc_key_start(&k, &qmcf->sha256);

    name = qc_str("zone", 4);
    qc_key_field(&k, name, qc_str(ctx->zone->name.data, ctx->zone->name.len));

    name = qc_str("location", 8);
    qc_key_field(&k, name, qc_str(qlcf->salt.data, qlcf->salt.len));

    name = qc_str("method", 6);
    qc_key_field(&k, name, (r->method & NGX_HTTP_POST) ? qc_str("POST", 4)
                                                       : qc_str("GET", 3));

    /* a type given by X-Accel-Redirect is the type of what follows it */

    if (r->headers_out.content_type.len) {
        name = qc_str("type", 4);
        qc_key_field(&k, name, qc_str(r->headers_out.content_type.data,
                                      r->headers_out.content_type.len));
    }

    if (qlcf->ns) {
        if (ngx_http_complex_value(r, qlcf->ns, &ctx->ns) != NGX_OK
            || ctx->ns.len > QC_NAMESPACE_MAX)
        {
            return NGX_ERROR;
        }

        name = qc_str("namespace", 9);
        qc_key_field(&k, name, qc_str(ctx->ns.data, ctx->ns.len));
    }

    if (ngx_http_qc_key_builtins(ctx, &k) != NGX_OK
        || ngx_http_qc_key_headers(ctx, &k) != NGX_OK
        || ngx_http_qc_key_added(ctx, &k) != NGX_OK)
    {
        return NGX_ERROR;
    }

    switch (ngx_http_qc_key_body(ctx, &k)) {
    case NGX_OK:
        break;
    case NGX_DECLINED:
        return NGX_DECLINED;
    default:
        return NGX_ERROR;
    }

    return (qc_key_final(&k, ctx->key) == QC_OK) ? NGX_OK : NGX_ERROR;
}


static ngx_http_qc_part_t *
ngx_http_qc_key_part(ngx_http_qc_loc_conf_t *qlcf, ngx_str_t *name)
{
    ngx_uint_t           i;
    ngx_http_qc_part_t  *part;

    if (qlcf->key == NULL) {
        return NULL;
    }

    part = qlcf->key->elts;

    for (i = 0; i < qlcf->key->nelts; i++) {
        if (part[i].name.len == name->len
            && ngx_strncmp(part[i].name.data, name->data, name->len) == 0)
        {
            return &part[i];
        }
    }

    return NULL;
}


static ngx_int_t
ngx_http_qc_key_value(ngx_http_qc_ctx_t *ctx, qc_key_t *k,
    ngx_http_qc_part_t *part)
{
    ngx_str_t  value;

    if (part->value == NULL) {
        return NGX_OK;
    }

    if (ngx_http_complex_value(ctx->request, part->value, &value) != NGX_OK) {
        return NGX_ERROR;
    }

    qc_key_field(k, qc_str(part->name.data, part->name.len),
                 qc_str(value.data, value.len));

    return NGX_OK;
}


static ngx_int_t
ngx_http_qc_key_builtins(ngx_http_qc_ctx_t *ctx, qc_key_t *k)
{
    ngx_str_t               value;
    ngx_http_qc_part_t     *part;
    ngx_http_qc_builtin_t  *b;

    for (b = ngx_http_qc_builtins; b->name.len; b++) {

        part = ngx_http_qc_key_part(ctx->conf, &b->name);

        if (part) {
            if (ngx_http_qc_key_value(ctx, k, part) != NGX_OK) {
                return NGX_ERROR;
            }

            continue;
        }

        value = b->value(ctx->request, &b->name);
        qc_key_field(k, qc_str(b->name.data, b->name.len),
                     qc_str(value.data, value.len));

        if (b->value == ngx_http_qc_key_uri) {
            value = ngx_http_qc_key_raw(ctx->request, &b->name);
            qc_key_field(k, qc_str("raw", 3), qc_str(value.data, value.len));
        }
    }

    return NGX_OK;
}


/* Parts the operator named, those that replaced built-in ones left out. */

static ngx_int_t
ngx_http_qc_key_added(ngx_http_qc_ctx_t *ctx, qc_key_t *k)
{
    ngx_uint_t              i;
    ngx_http_qc_part_t     *part;
    ngx_http_qc_builtin_t  *b;

    if (ctx->conf->key == NULL) {
        return NGX_OK;
    }

    part = ctx->conf->key->elts;

    for (i = 0; i < ctx->conf->key->nelts; i++) {

        for (b = ngx_http_qc_builtins; b->name.len; b++) {
            if (part[i].name.len == b->name.len
                && ngx_strncmp(part[i].name.data, b->name.data, b->name.len)
                   == 0)
            {
                break;
            }
        }

        if (b->name.len == 0
            && ngx_http_qc_key_value(ctx, k, &part[i]) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_qc_key_headers(ngx_http_qc_ctx_t *ctx, qc_key_t *k)
{
    size_t            n;
    u_char            text[64], ch;
    ngx_str_t         name;
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    part = &ctx->request->headers_in.headers.part;
    h = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                break;
            }

            part = part->next;
            h = part->elts;
            i = 0;
        }

        if (!ngx_http_qc_key_has_header(&h[i])) {
            continue;
        }

        /* named as variables name them: authorization, content_type */

        for (n = 0; n < h[i].key.len && n < sizeof(text); n++) {
            ch = h[i].lowcase_key[n];
            text[n] = (ch == '-') ? '_' : ch;
        }

        name.len = n;
        name.data = text;

        if (ngx_http_qc_key_part(ctx->conf, &name)) {
            continue;
        }

        qc_key_field(k, qc_str(name.data, name.len),
                     qc_str(h[i].value.data, h[i].value.len));
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_http_qc_key_has_header(ngx_table_elt_t *h)
{
    size_t      n;
    u_char      ch;
    ngx_str_t  *name;

    if (h->key.len > 13
        && ngx_strncmp(h->lowcase_key, "x-clickhouse-", 13) == 0)
    {
        return 1;
    }

    for (name = ngx_http_qc_headers; name->len; name++) {

        if (name->len != h->key.len) {
            continue;
        }

        for (n = 0; n < name->len; n++) {
            ch = h->lowcase_key[n];

            if (name->data[n] != ((ch == '-') ? '_' : ch)) {
                break;
            }
        }

        if (n == name->len) {
            return 1;
        }
    }

    return 0;
}


static ngx_str_t
ngx_http_qc_key_host(ngx_http_request_t *r, ngx_str_t *name)
{
    return r->headers_in.server;
}


static ngx_str_t
ngx_http_qc_key_uri(ngx_http_request_t *r, ngx_str_t *name)
{
    return r->uri;
}


/*
 * The path as the client wrote it, where proxy_pass without a URI would pass
 * it on so: "/a%2Fb" and "/a/b" are one r->uri and two resources.
 */

static ngx_str_t
ngx_http_qc_key_raw(ngx_http_request_t *r, ngx_str_t *name)
{
    u_char     *p;
    ngx_str_t   raw;

    if (!r->valid_unparsed_uri) {
        ngx_str_null(&raw);
        return raw;
    }

    raw = r->unparsed_uri;

    p = ngx_strlchr(raw.data, raw.data + raw.len, '?');
    if (p) {
        raw.len = p - raw.data;
    }

    return raw;
}


static ngx_str_t
ngx_http_qc_key_args(ngx_http_request_t *r, ngx_str_t *name)
{
    return r->args;
}


/*
 * All of the body, from memory and file.  The buffers are read, not moved:
 * they go upstream later.
 */

static ngx_int_t
ngx_http_qc_key_body(ngx_http_qc_ctx_t *ctx, qc_key_t *k)
{
    off_t                     size;
    ngx_str_t                 name;
    ngx_buf_t                *b;
    ngx_chain_t              *cl;
    ngx_http_request_t       *r;
    ngx_http_qc_part_t       *part;
    ngx_http_request_body_t  *rb;

    r = ctx->request;
    rb = r->request_body;
    size = 0;

    ngx_str_set(&name, "body");
    part = ngx_http_qc_key_part(ctx->conf, &name);

    if (rb) {
        for (cl = rb->bufs; cl; cl = cl->next) {
            size += ngx_buf_size(cl->buf);
        }
    }

    if (size > (off_t) ctx->conf->max_request_body) {
        return NGX_DECLINED;
    }

    /* in its place already, with what the operator named */

    if (part) {
        return NGX_OK;
    }

    qc_key_open(k, qc_str("body", 4), (uint64_t) size);

    if (size == 0) {
        return NGX_OK;
    }

    for (cl = rb->bufs; cl; cl = cl->next) {

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
