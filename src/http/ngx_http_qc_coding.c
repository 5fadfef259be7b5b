
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * A compressed body goes out as it is stored to clients that accept it.  The
 * rest of a hit then sees a record whose body is not coded: its size is that
 * of the stored bytes, and its sum is theirs.
 */

#include "ngx_http_qc.h"

#include "../core/qc_accept.h"


static ngx_uint_t ngx_http_qc_coding_fits(ngx_http_qc_ctx_t *ctx);
static ngx_uint_t ngx_http_qc_coding_forbidden(qc_str_t block);


void
ngx_http_qc_choose_coding(ngx_http_qc_ctx_t *ctx)
{
    qc_record_t  *served;

    ctx->served = ctx->op->record;
    ctx->coded = ngx_http_qc_coding_fits(ctx);

    if (ctx->coded) {
        served = &ctx->served;
        served->coding = QC_CODING_NONE;
        served->size = served->stored;
    }
}


static ngx_uint_t
ngx_http_qc_coding_fits(ngx_http_qc_ctx_t *ctx)
{
    const qc_record_t   *rec;
    ngx_http_request_t  *r;

    r = ctx->request;
    rec = &ctx->op->record;

    /* ranges and strong comparison are of the body itself */

    return ctx->conf->serve_compressed
           && !ctx->op->theirs
           && rec->coding != QC_CODING_NONE
           && rec->status == NGX_HTTP_OK
           && qc_record_has_sum(rec)
           && r->headers_in.range == NULL
           && r->headers_in.if_match == NULL
           && r->http_version >= NGX_HTTP_VERSION_11
           && ngx_http_qc_accepts(r, rec->coding)
           && !ngx_http_qc_coding_forbidden(rec->headers);
}


/* What is not to be transformed, or says of its bytes what they are. */

static ngx_uint_t
ngx_http_qc_coding_forbidden(qc_str_t block)
{
    qc_str_t  name, value;

    while (qc_headers_next(&block, &name, &value) == QC_OK) {

        if (ngx_http_qc_is_digest(name)) {
            return 1;
        }

        if (qc_name_eq(name, qc_str("cache-control", 13))
            && qc_name_within(value, qc_str("no-transform", 12)))
        {
            return 1;
        }
    }

    return 0;
}


/*
 * What the upstream may use: of the codings of the directive those that the
 * client accepts, who gets the answer as it comes.  Empty: that is for the
 * two of them to settle.
 */

ngx_int_t
ngx_http_qc_upstream_encoding(ngx_http_qc_ctx_t *ctx, qc_str_t *value)
{
    u_char       *p, *start;
    size_t        len;
    ngx_str_t    *name;
    ngx_uint_t    i;
    ngx_array_t  *codings;
    qc_coding_e   coding;

    codings = ctx->conf->upstream_encoding;

    if (codings == NULL) {
        *value = qc_str(NULL, 0);
        return NGX_OK;
    }

    name = codings->elts;
    len = sizeof("identity") - 1;

    for (i = 0; i < codings->nelts; i++) {
        len += name[i].len + sizeof(", ") - 1;
    }

    start = ngx_pnalloc(ctx->request->pool, len);
    if (start == NULL) {
        return NGX_ERROR;
    }

    p = start;

    for (i = 0; i < codings->nelts; i++) {

        if (qc_coding_parse(ngx_http_qc_qstr(&name[i]), &coding) == QC_OK
            && !ngx_http_qc_accepts(ctx->request, coding))
        {
            continue;
        }

        if (p != start) {
            *p++ = ',';
            *p++ = ' ';
        }

        p = ngx_cpymem(p, name[i].data, name[i].len);
    }

    if (p == start) {
        p = ngx_cpymem(p, "identity", sizeof("identity") - 1);
    }

    *value = qc_str(start, p - start);

    return NGX_OK;
}


/* Whether the client does, by what it sent. */

ngx_uint_t
ngx_http_qc_accepts(ngx_http_request_t *r, qc_coding_e coding)
{
    ngx_table_elt_t     *h;
    ngx_http_qc_walk_t   w;

    ngx_http_qc_walk(&w, &r->headers_in.headers);

    h = ngx_http_qc_next_header(&w, qc_str("accept-encoding", 15));

    return h && qc_accepts_coding(ngx_http_qc_qstr(&h->value), coding);
}


/* Of a hit, after those that were stored. */

ngx_int_t
ngx_http_qc_coding_headers(ngx_http_qc_ctx_t *ctx)
{
    qc_str_t             name;
    ngx_table_elt_t     *h, *etag;
    ngx_http_request_t  *r;

    r = ctx->request;

    if (ctx->op->record.coding != QC_CODING_NONE
        && ngx_http_qc_coding_vary(ctx) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (!ctx->coded) {
        return NGX_OK;
    }

    name = qc_coding_name(ctx->op->record.coding);

    h = ngx_http_qc_push_header(r, "Content-Encoding", "content-encoding",
                                name);
    if (h == NULL) {
        return NGX_ERROR;
    }

    r->headers_out.content_encoding = h;
    r->allow_ranges = 0;

    etag = r->headers_out.etag;

    return etag ? ngx_http_qc_coding_weak(r->pool, &etag->value) : NGX_OK;
}


/* RFC 9110 section 8.8.1: other bytes than those the tag was given to. */

ngx_int_t
ngx_http_qc_coding_weak(ngx_pool_t *pool, ngx_str_t *tag)
{
    u_char  *p;

    if (tag->len < 2 || tag->data[0] == 'W') {
        return NGX_OK;
    }

    p = ngx_pnalloc(pool, tag->len + 2);
    if (p == NULL) {
        return NGX_ERROR;
    }

    *p = 'W';
    p[1] = '/';
    ngx_memcpy(p + 2, tag->data, tag->len);

    tag->data = p;
    tag->len += 2;

    return NGX_OK;
}


/* What may be sent compressed is told so, in either form. */

ngx_int_t
ngx_http_qc_coding_vary(ngx_http_qc_ctx_t *ctx)
{
    ngx_table_elt_t     *h;
    ngx_http_request_t  *r;
    ngx_http_qc_walk_t   w;

    if (!ctx->conf->serve_compressed) {
        return NGX_OK;
    }

    r = ctx->request;

    ngx_http_qc_walk(&w, &r->headers_out.headers);

    while ((h = ngx_http_qc_next_header(&w, qc_str("vary", 4)))) {

        if (qc_list_names(ngx_http_qc_qstr(&h->value),
                          qc_str("accept-encoding", 15)))
        {
            return NGX_OK;
        }
    }

    return ngx_http_qc_push_header(r, "Vary", "vary",
                                   qc_str("Accept-Encoding", 15))
           ? NGX_OK : NGX_ERROR;
}
