
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/* Response headers: what of them is stored, and how they come back. */

#include "ngx_http_qc.h"

#include "../core/qc_accept.h"


static ngx_uint_t ngx_http_qc_header_stored(ngx_http_qc_ctx_t *ctx,
    const qc_fresh_t *fresh, ngx_str_t *name);
static ngx_uint_t ngx_http_qc_header_weakens(ngx_http_qc_ctx_t *ctx,
    const qc_fresh_t *fresh);
static ngx_uint_t ngx_http_qc_header_in_connection(ngx_http_qc_ctx_t *ctx,
    ngx_str_t *name);
static void ngx_http_qc_collect_content_type(ngx_http_request_t *r,
    qc_buf_t *b);
static void ngx_http_qc_collect_date(ngx_http_qc_ctx_t *ctx,
    const qc_fresh_t *fresh, qc_buf_t *b);
static ngx_int_t ngx_http_qc_restore_date(ngx_http_request_t *r,
    const qc_record_t *rec);
static ngx_int_t ngx_http_qc_restore_header(ngx_http_request_t *r,
    qc_str_t name, qc_str_t value);
static ngx_int_t ngx_http_qc_restore_age(ngx_http_qc_ctx_t *ctx);
static void ngx_http_qc_restore_content_type(ngx_http_request_t *r,
    ngx_str_t *value);
static ngx_uint_t ngx_http_qc_modified_since(ngx_http_request_t *r,
    const qc_record_t *rec);


/*
 * Of one connection or one moment (RFC 9111 section 3.1), or made anew by
 * nginx for each answer.
 */

static ngx_str_t  ngx_http_qc_skipped_headers[] = {
    ngx_string("connection"),
    ngx_string("keep-alive"),
    ngx_string("proxy-authenticate"),
    ngx_string("proxy-authentication-info"),
    ngx_string("proxy-connection"),
    ngx_string("te"),
    ngx_string("trailer"),
    ngx_string("transfer-encoding"),
    ngx_string("upgrade"),
    ngx_string("content-encoding"),        /* what is stored is plain */
    ngx_string("content-length"),
    ngx_string("content-type"),
    ngx_string("accept-ranges"),
    ngx_string("server"),
    ngx_string("age"),
    ngx_string("status"),
    ngx_null_string
};


void
ngx_http_qc_note_headers(ngx_http_qc_ctx_t *ctx)
{
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    part = &ctx->request->headers_out.headers.part;

    for ( /* void */ ; part; part = part->next) {

        if (part->nelts) {
            h = part->elts;
            ctx->header = h[part->nelts - 1].key.data;
            ctx->nheaders += part->nelts;
        }
    }
}


/*
 * How many of those noted are still there, before all others: with an answer
 * 103 of the upstream nginx forgets them.
 */

ngx_uint_t
ngx_http_qc_noted_headers(ngx_http_qc_ctx_t *ctx)
{
    ngx_uint_t        n;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    n = ctx->nheaders;
    part = &ctx->request->headers_out.headers.part;

    for ( /* void */ ; n && part; part = part->next) {

        if (n <= part->nelts) {
            h = part->elts;
            return (h[n - 1].key.data == ctx->header) ? ctx->nheaders : 0;
        }

        n -= part->nelts;
    }

    return 0;
}


/*
 * All but those that were there before: they are of this request only.
 * Without fresh, all that any answer of this kind may have stored.  NGX_OK;
 * NGX_DECLINED if they do not fit into a record.
 */

ngx_int_t
ngx_http_qc_collect_headers(ngx_http_qc_ctx_t *ctx, const qc_fresh_t *fresh,
    qc_buf_t *b)
{
    u_char               date[sizeof("Mon, 28 Sep 1970 06:00:00 GMT")], *p;
    ngx_str_t            value;
    ngx_uint_t           i, skip, modified;
    ngx_list_part_t     *part;
    ngx_table_elt_t     *h;
    ngx_http_request_t  *r;

    r = ctx->request;
    skip = ngx_http_qc_noted_headers(ctx);
    modified = 0;

    ngx_http_qc_collect_content_type(r, b);
    ngx_http_qc_collect_date(ctx, fresh, b);

    part = &r->headers_out.headers.part;
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

        if (skip) {
            skip--;
            continue;
        }

        if (h[i].hash == 0
            || &h[i] == r->headers_out.date
            || !ngx_http_qc_header_stored(ctx, fresh, &h[i].key))
        {
            continue;
        }

        if (h[i].key.len == sizeof("Last-Modified") - 1
            && ngx_strncasecmp(h[i].key.data, (u_char *) "Last-Modified",
                               h[i].key.len)
               == 0)
        {
            modified = 1;
        }

        value = h[i].value;

        if (h[i].key.len == sizeof("ETag") - 1
            && ngx_strncasecmp(h[i].key.data, (u_char *) "ETag",
                               h[i].key.len)
               == 0
            && ngx_http_qc_header_weakens(ctx, fresh)
            && ngx_http_qc_coding_weak(r->pool, &value) != NGX_OK)
        {
            return NGX_DECLINED;
        }

        qc_headers_add(b, ngx_http_qc_qstr(&h[i].key),
                       ngx_http_qc_qstr(&value));
    }

    if (!modified && r->headers_out.last_modified_time != -1) {
        p = ngx_http_time(date, r->headers_out.last_modified_time);
        qc_headers_add(b, qc_str("Last-Modified", 13),
                       qc_str(date, p - date));
    }

    return (qc_buf_status(b) == QC_OK) ? NGX_OK : NGX_DECLINED;
}


static ngx_uint_t
ngx_http_qc_header_stored(ngx_http_qc_ctx_t *ctx, const qc_fresh_t *fresh,
    ngx_str_t *name)
{
    ngx_str_t  *skip;

    if (name->len > 8
        && ngx_strncasecmp(name->data, (u_char *) "x-accel-", 8) == 0)
    {
        return 0;
    }

    for (skip = ngx_http_qc_skipped_headers; skip->len; skip++) {
        if (skip->len == name->len
            && ngx_strncasecmp(skip->data, name->data, name->len) == 0)
        {
            return 0;
        }
    }

    if (ngx_http_qc_is_digest(ngx_http_qc_qstr(name))
        && ngx_http_qc_header_weakens(ctx, fresh))
    {
        return 0;
    }

    if (fresh ? !qc_fresh_keeps(fresh, ngx_http_qc_qstr(name))
              : qc_name_eq(ngx_http_qc_qstr(name), qc_str("set-cookie", 10)))
    {
        return 0;
    }

    return !ngx_http_qc_header_in_connection(ctx, name);
}


/*
 * Whether the answer's tag and digests are, or may be, of encoded bytes that
 * are not what is stored; so was the tag of an entry that is weak by now.
 */

static ngx_uint_t
ngx_http_qc_header_weakens(ngx_http_qc_ctx_t *ctx, const qc_fresh_t *fresh)
{
    qc_str_t  etag;

    if (fresh) {
        return ctx->encoding != QC_CODING_NONE;
    }

    etag = qc_headers_find(ctx->op->record.headers, "etag");

    return etag.len && etag.data[0] == 'W';
}


/* Fields the upstream names in Connection are for nginx alone. */

static ngx_uint_t
ngx_http_qc_header_in_connection(ngx_http_qc_ctx_t *ctx, ngx_str_t *name)
{
    ngx_table_elt_t      *h;
    ngx_http_qc_walk_t    w;
    ngx_http_upstream_t  *u;

    u = ngx_http_qc_upstream(ctx);

    if (u == NULL || u->headers_in.connection == NULL) {
        return 0;
    }

    ngx_http_qc_walk(&w, &u->headers_in.headers);

    while ((h = ngx_http_qc_next_header(&w, qc_str("connection", 10)))) {

        if (qc_list_names(ngx_http_qc_qstr(&h->value),
                          ngx_http_qc_qstr(name)))
        {
            return 1;
        }
    }

    return 0;
}


static void
ngx_http_qc_collect_content_type(ngx_http_request_t *r, qc_buf_t *b)
{
    u_char      text[256];
    qc_buf_t    value;
    ngx_str_t  *type, *charset;

    type = &r->headers_out.content_type;
    charset = &r->headers_out.charset;

    if (type->len == 0) {
        return;
    }

    qc_buf_init(&value, text, sizeof(text));
    qc_buf_put(&value, type->data, type->len);

    /* nginx adds the charset when it writes the field, if it is not in it */

    if (r->headers_out.content_type_len == type->len && charset->len) {
        qc_buf_cstr(&value, "; charset=");
        qc_buf_put(&value, charset->data, charset->len);
    }

    if (qc_buf_status(&value) != QC_OK) {
        b->overflow = 1;
        return;
    }

    qc_headers_add(b, qc_str("Content-Type", 12), qc_buf_written(&value));
}


/*
 * RFC 9110 section 6.6.1: an answer without one was made when it came.  What
 * the record says of its birth need not be said twice.
 */

static void
ngx_http_qc_collect_date(ngx_http_qc_ctx_t *ctx, const qc_fresh_t *fresh,
    qc_buf_t *b)
{
    time_t                date, created;
    qc_str_t              value;
    ngx_table_elt_t      *h;
    ngx_http_upstream_t  *u;

    u = ngx_http_qc_upstream(ctx);
    h = u ? u->headers_in.date : NULL;
    date = h ? ngx_parse_http_time(h->value.data, h->value.len) : NGX_ERROR;

    if (date != NGX_ERROR) {
        value = ngx_http_qc_qstr(&h->value);

    } else {
        date = ngx_time();
        value = qc_str(ngx_cached_http_time.data, ngx_cached_http_time.len);
    }

    created = ngx_time() - (fresh ? (time_t) fresh->age : 0);

    if (fresh == NULL || date != created) {
        qc_headers_add(b, qc_str("Date", 4), value);
    }
}


ngx_int_t
ngx_http_qc_restore_headers(ngx_http_qc_ctx_t *ctx)
{
    qc_rc_e              rc;
    qc_str_t             block, name, value;
    const qc_record_t   *rec;
    ngx_http_request_t  *r;

    r = ctx->request;
    rec = &ctx->served;
    block = rec->headers;

    r->headers_out.status = rec->status;
    r->headers_out.content_length_n = (off_t) rec->size;
    r->headers_out.last_modified_time = -1;

    for ( ;; ) {
        rc = qc_headers_next(&block, &name, &value);

        if (rc == QC_DONE) {
            break;
        }

        if (rc != QC_OK
            || ngx_http_qc_restore_header(r, name, value) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (ngx_http_qc_restore_age(ctx) != NGX_OK
        || ngx_http_qc_restore_date(r, rec) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (rec->status == NGX_HTTP_OK) {
        r->allow_ranges = 1;

        /* several ranges of a body in several buffers are beyond nginx */
        r->single_range = (ctx->live || rec->size > ctx->zone->hold);
    }

    if (ngx_http_qc_coding_headers(ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_qc_digest_header(ctx);
}


static ngx_int_t
ngx_http_qc_restore_header(ngx_http_request_t *r, qc_str_t name,
    qc_str_t value)
{
    time_t            time;
    ngx_str_t         key, text;
    ngx_table_elt_t  *h;

    key.len = name.len;
    key.data = (u_char *) name.data;
    text.len = value.len;
    text.data = (u_char *) value.data;

    if (key.len == 12
        && ngx_strncasecmp(key.data, (u_char *) "content-type", 12) == 0)
    {
        ngx_http_qc_restore_content_type(r, &text);
        return NGX_OK;
    }

    /* nginx makes that field itself, but not for other statuses */

    if (key.len == 13
        && r->headers_out.status == NGX_HTTP_OK
        && ngx_strncasecmp(key.data, (u_char *) "last-modified", 13) == 0)
    {
        time = ngx_parse_http_time(text.data, text.len);

        if (time != NGX_ERROR) {
            r->headers_out.last_modified_time = time;
            return NGX_OK;
        }
    }

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    h->hash = 1;
    h->key = key;
    h->value = text;
    ngx_http_qc_header_unlink(h);

    h->lowcase_key = ngx_pnalloc(r->pool, key.len);
    if (h->lowcase_key == NULL) {
        h->hash = 0;
        return NGX_ERROR;
    }

    ngx_strlow(h->lowcase_key, key.data, key.len);

    if (key.len == 4 && ngx_strncmp(h->lowcase_key, "etag", 4) == 0) {
        r->headers_out.etag = h;

    } else if (key.len == 4 && ngx_strncmp(h->lowcase_key, "date", 4) == 0) {
        r->headers_out.date = h;

    } else if (key.len == 7
               && ngx_strncmp(h->lowcase_key, "expires", 7) == 0)
    {
        r->headers_out.expires = h;

    } else if (key.len == 13
               && ngx_strncmp(h->lowcase_key, "cache-control", 13) == 0)
    {
        return ngx_http_qc_add_cache_control(r, h);
    }

    return NGX_OK;
}


/* RFC 9111 section 5.1: how old the answer is by now. */

static ngx_int_t
ngx_http_qc_restore_age(ngx_http_qc_ctx_t *ctx)
{
    u_char              *p;
    size_t               len;
    ngx_http_request_t  *r;

    r = ctx->request;

    p = ngx_pnalloc(r->pool, NGX_TIME_T_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    len = ngx_sprintf(p, "%T", ngx_http_qc_age(ctx)) - p;

    return ngx_http_qc_push_header(r, "Age", "age", qc_str(p, len))
           ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_http_qc_restore_date(ngx_http_request_t *r, const qc_record_t *rec)
{
    u_char  *p;
    size_t   len;

    if (r->headers_out.date) {
        return NGX_OK;
    }

    p = ngx_pnalloc(r->pool, sizeof("Mon, 28 Sep 1970 06:00:00 GMT") - 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    len = ngx_http_time(p, (time_t) rec->created) - p;

    return ngx_http_qc_restore_header(r, qc_str("Date", 4), qc_str(p, len));
}


/* Seconds; another machine's clock may be ahead. */

time_t
ngx_http_qc_age(ngx_http_qc_ctx_t *ctx)
{
    time_t  age;

    age = ngx_time() - (time_t) ctx->op->record.created;

    return ngx_max(age, 0);
}


/* As nginx takes it from an upstream: the charset apart. */

static void
ngx_http_qc_restore_content_type(ngx_http_request_t *r, ngx_str_t *value)
{
    u_char  *p, *last;

    r->headers_out.content_type = *value;
    r->headers_out.content_type_len = value->len;
    r->headers_out.content_type_lowcase = NULL;

    p = ngx_strlchr(value->data, value->data + value->len, ';');
    if (p == NULL) {
        return;
    }

    last = value->data + value->len;

    r->headers_out.content_type_len = p - value->data;

    p = ngx_strlcasestrn(p, last, (u_char *) "charset=", 8 - 1);
    if (p == NULL) {
        return;
    }

    p += 8;

    if (p < last && *p == '"') {
        p++;
    }

    r->headers_out.charset.data = p;

    while (p < last && *p != '"' && *p != ';' && *p != ' ') {
        p++;
    }

    r->headers_out.charset.len = p - r->headers_out.charset.data;
}


/*
 * Whether nginx's own filter will answer 304, so that the body need not be
 * fetched.  It has the last word: this only has to be sure of a yes.
 */

ngx_uint_t
ngx_http_qc_not_modified(ngx_http_qc_ctx_t *ctx)
{
    qc_str_t             etag;
    ngx_table_elt_t     *h;
    const qc_record_t   *rec;
    ngx_http_request_t  *r;

    r = ctx->request;
    rec = &ctx->op->record;

    if (rec->status != NGX_HTTP_OK
        || r->err_status
        || r->disable_not_modified
        || r->headers_in.if_match
        || r->headers_in.if_unmodified_since
        || r->headers_in.range)
    {
        return 0;
    }

    h = r->headers_in.if_none_match;

    if (h == NULL && r->headers_in.if_modified_since == NULL) {
        return 0;
    }

    if (h) {
        etag = qc_headers_find(rec->headers, "etag");

        return etag.len
               && qc_etag_match(qc_str(h->value.data, h->value.len), etag);
    }

    return !ngx_http_qc_modified_since(r, rec);
}


static ngx_uint_t
ngx_http_qc_modified_since(ngx_http_request_t *r, const qc_record_t *rec)
{
    time_t                     iv, time;
    qc_str_t                   modified;
    ngx_table_elt_t           *h;
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (clcf->if_modified_since == NGX_HTTP_IMS_OFF) {
        return 1;
    }

    modified = qc_headers_find(rec->headers, "last-modified");
    if (modified.len == 0) {
        return 1;
    }

    time = ngx_parse_http_time((u_char *) modified.data, modified.len);

    h = r->headers_in.if_modified_since;
    iv = ngx_parse_http_time(h->value.data, h->value.len);

    if (time == NGX_ERROR || iv == NGX_ERROR) {
        return 1;
    }

    if (iv == time) {
        return 0;
    }

    return clcf->if_modified_since == NGX_HTTP_IMS_EXACT || iv < time;
}


void
ngx_http_qc_walk(ngx_http_qc_walk_t *w, ngx_list_t *headers)
{
    w->part = &headers->part;
    w->i = 0;
}


/* The next line of that name, in any case; NULL if there is none. */

ngx_table_elt_t *
ngx_http_qc_next_header(ngx_http_qc_walk_t *w, qc_str_t name)
{
    ngx_table_elt_t  *h;

    for ( /* void */ ; w->part; w->part = w->part->next, w->i = 0) {

        h = w->part->elts;

        while (w->i < w->part->nelts) {

            if (h[w->i].hash
                && qc_name_eq(ngx_http_qc_qstr(&h[w->i].key), name))
            {
                return &h[w->i++];
            }

            w->i++;
        }
    }

    return NULL;
}


/* A line of the answer, behind those that are there; NULL on no memory. */

ngx_table_elt_t *
ngx_http_qc_push_header(ngx_http_request_t *r, const char *name,
    const char *lowcase, qc_str_t value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NULL;
    }

    h->hash = 1;
    h->key.len = ngx_strlen(name);
    h->key.data = (u_char *) name;
    h->value.len = value.len;
    h->value.data = (u_char *) value.data;
    h->lowcase_key = (u_char *) lowcase;
    ngx_http_qc_header_unlink(h);

    return h;
}
