
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * Repr-Digest of hits, RFC 9530: the SHA-256 that was stored with the body;
 * and the fields by which others say such a thing.
 */

#include "ngx_http_qc.h"

#include "../core/qc_digest.h"


#define NGX_HTTP_QC_DIGEST_LINES   4   /* of Want-Repr-Digest, looked at */


static ngx_uint_t ngx_http_qc_digest_wanted(ngx_http_request_t *r);


/* After the headers of the entry and those of its coding. */

ngx_int_t
ngx_http_qc_digest_header(ngx_http_qc_ctx_t *ctx)
{
    u_char              *p;
    qc_buf_t             b;
    const qc_record_t   *rec;
    ngx_http_request_t  *r;

    r = ctx->request;
    rec = &ctx->op->record;

    if (!ctx->conf->repr_digest
        || ctx->coded
        || rec->status != NGX_HTTP_OK
        || !qc_record_has_digest(rec)
        || qc_headers_find(rec->headers, "repr-digest").len
        || qc_headers_find(rec->headers, "content-encoding").len
        || !ngx_http_qc_digest_wanted(r))
    {
        return NGX_OK;
    }

    p = ngx_pnalloc(r->pool, QC_DIGEST_FIELD);
    if (p == NULL) {
        return NGX_ERROR;
    }

    qc_buf_init(&b, p, QC_DIGEST_FIELD);
    qc_digest_write(&b, rec->digest);

    if (ngx_http_qc_push_header(r, "Repr-Digest", "repr-digest",
                                qc_buf_written(&b))
        == NULL)
    {
        return NGX_ERROR;
    }

#if (NGX_HTTP_GZIP)

    /* compressed on its way it would be another representation */

    r->gzip_tested = 1;
    r->gzip_ok = 0;

#endif

    return NGX_OK;
}


static ngx_uint_t
ngx_http_qc_digest_wanted(ngx_http_request_t *r)
{
    qc_str_t             lines[NGX_HTTP_QC_DIGEST_LINES];
    ngx_uint_t           n;
    ngx_table_elt_t     *h;
    ngx_http_qc_walk_t   w;

    n = 0;

    ngx_http_qc_walk(&w, &r->headers_in.headers);

    while ((h = ngx_http_qc_next_header(&w, qc_str("want-repr-digest", 16)))) {

        if (n == NGX_HTTP_QC_DIGEST_LINES) {
            return 0;
        }

        lines[n++] = ngx_http_qc_qstr(&h->value);
    }

    return qc_digest_wanted(lines, n);
}


/* Whether a field tells of the very bytes of a body, as they were encoded. */

ngx_uint_t
ngx_http_qc_is_digest(qc_str_t name)
{
    ngx_uint_t  i;

    static const qc_str_t  digests[] = {
        qc_string("content-digest"),
        qc_string("content-md5"),
        qc_string("digest"),
        qc_string("repr-digest")
    };

    for (i = 0; i < sizeof(digests) / sizeof(qc_str_t); i++) {
        if (qc_name_eq(name, digests[i])) {
            return 1;
        }
    }

    return 0;
}
