
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/* Every difference between versions of nginx and hiredis is handled here. */

#ifndef _NGX_HTTP_QC_COMPAT_H_INCLUDED_
#define _NGX_HTTP_QC_COMPAT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <hiredis/hiredis.h>


#if (nginx_version < 1022000)
#error "ngx_http_query_cache_module requires nginx 1.22.0 or newer"
#endif


/* The length redisReplyObjectFunctions.createArray() is given. */

#if (HIREDIS_MAJOR >= 1)
typedef size_t  ngx_http_qc_hiredis_len_t;
#else
typedef int     ngx_http_qc_hiredis_len_t;
#endif


/* Since 1.23.0 header fields of one name are linked, not in arrays. */

static ngx_inline void
ngx_http_qc_header_unlink(ngx_table_elt_t *h)
{
#if (nginx_version >= 1023000)
    h->next = NULL;
#endif
}


static ngx_inline void
ngx_http_qc_header_link(ngx_table_elt_t *h, ngx_table_elt_t *next)
{
#if (nginx_version >= 1023000)
    h->next = next;
#endif
}


static ngx_inline ngx_table_elt_t *
ngx_http_qc_header_next(ngx_table_elt_t *h)
{
#if (nginx_version >= 1023000)
    return h->next;
#else
    return NULL;
#endif
}


/* The array of pointers at that offset; NULL: one pointer is there. */

static ngx_inline ngx_array_t *
ngx_http_qc_header_array(ngx_http_headers_in_t *in, ngx_uint_t offset)
{
#if (nginx_version < 1023000)

    if (offset == offsetof(ngx_http_headers_in_t, cookies)) {
        return &in->cookies;
    }

#if (NGX_HTTP_X_FORWARDED_FOR)
    if (offset == offsetof(ngx_http_headers_in_t, x_forwarded_for)) {
        return &in->x_forwarded_for;
    }
#endif

#endif

    return NULL;
}


static ngx_inline ngx_int_t
ngx_http_qc_add_cache_control(ngx_http_request_t *r, ngx_table_elt_t *h)
{
#if (nginx_version >= 1023000)

    ngx_table_elt_t  **last;

    for (last = &r->headers_out.cache_control; *last; last = &(*last)->next) {
        /* void */
    }

    *last = h;

    return NGX_OK;

#else

    ngx_array_t       *cc;
    ngx_table_elt_t  **ph;

    cc = &r->headers_out.cache_control;

    if (cc->elts == NULL
        && ngx_array_init(cc, r->pool, 1, sizeof(ngx_table_elt_t *)) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ph = ngx_array_push(cc);
    if (ph == NULL) {
        return NGX_ERROR;
    }

    *ph = h;

    return NGX_OK;

#endif
}


#endif /* _NGX_HTTP_QC_COMPAT_H_INCLUDED_ */
