
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "ngx_http_qc_replica.h"


static ngx_int_t ngx_http_qc_replica_request(ngx_http_qc_detached_t *d,
    ngx_http_request_t *r, ngx_str_t *dropped);
static ngx_int_t ngx_http_qc_replica_connection(ngx_http_qc_detached_t *d,
    ngx_connection_t *c);
static u_char *ngx_http_qc_replica_log_error(ngx_log_t *log, u_char *buf,
    size_t len);
static ngx_int_t ngx_http_qc_replica_headers(ngx_http_request_t *to,
    ngx_http_request_t *r, ngx_str_t *dropped);
static ngx_uint_t ngx_http_qc_replica_drops(ngx_table_elt_t *h,
    ngx_str_t *name);
static ngx_int_t ngx_http_qc_replica_header(ngx_pool_t *pool,
    ngx_table_elt_t *to, ngx_table_elt_t *h);
static ngx_int_t ngx_http_qc_replica_pointers(ngx_http_request_t *to,
    ngx_http_request_t *r, ngx_table_elt_t **copies);
static ngx_table_elt_t *ngx_http_qc_replica_of(ngx_http_request_t *r,
    ngx_table_elt_t **copies, ngx_table_elt_t *h);
static ngx_int_t ngx_http_qc_replica_array(ngx_http_request_t *r,
    ngx_table_elt_t **copies, ngx_array_t *to, ngx_array_t *from,
    ngx_pool_t *pool);
static ngx_int_t ngx_http_qc_replica_variables(ngx_http_request_t *to,
    ngx_http_request_t *r);
static ngx_uint_t ngx_http_qc_replica_of_connection(ngx_str_t *name);
static ngx_int_t ngx_http_qc_replica_captures(ngx_http_request_t *to,
    ngx_http_request_t *r);


static size_t  ngx_http_qc_replica_strings[] = {
    offsetof(ngx_http_request_t, request_line),
    offsetof(ngx_http_request_t, uri),
    offsetof(ngx_http_request_t, args),
    offsetof(ngx_http_request_t, exten),
    offsetof(ngx_http_request_t, unparsed_uri),
    offsetof(ngx_http_request_t, method_name),
    offsetof(ngx_http_request_t, http_protocol),
    offsetof(ngx_http_request_t, schema),
    offsetof(ngx_http_request_t, headers_in.user),
    offsetof(ngx_http_request_t, headers_in.passwd),
    offsetof(ngx_http_request_t, headers_in.server)
};


/* Fields that are left out: the first ones only if there is no body. */

static ngx_str_t  ngx_http_qc_replica_dropped[] = {
    ngx_string("content-digest"),
    ngx_string("content-encoding"),
    ngx_string("content-length"),
    ngx_string("content-type"),
    ngx_string("expect"),
    ngx_string("repr-digest"),
    ngx_string("transfer-encoding"),
#define NGX_HTTP_QC_REPLICA_BODY   7    /* so many */
    ngx_string("if-match"),
    ngx_string("if-none-match"),
    ngx_string("if-modified-since"),
    ngx_string("if-unmodified-since"),
    ngx_string("if-range"),
    ngx_string("range"),
    ngx_null_string
};


/*
 * Beginnings of names of variables that are read from a connection, its TLS
 * session or its HTTP/2 stream, or from what a module has noted about it.
 */

static ngx_str_t  ngx_http_qc_replica_names[] = {
    ngx_string("ssl_"),
    ngx_string("scheme"),
    ngx_string("https"),
    ngx_string("http2"),
    ngx_string("http3"),
    ngx_string("realip_"),
    ngx_string("proxy_protocol_"),
    ngx_string("connection"),
    ngx_string("tcpinfo_"),
    ngx_string("request_port"),
    ngx_string("is_request_port"),
    ngx_null_string
};


ngx_int_t
ngx_http_qc_replica(ngx_http_qc_detached_t *d, ngx_http_request_t *r)
{
    ngx_int_t  rc;

    rc = ngx_http_qc_replica_body(d->request, r);

    if (rc != NGX_OK) {
        return rc;
    }

    return ngx_http_qc_replica_request(d, r, ngx_http_qc_replica_dropped
                                             + NGX_HTTP_QC_REPLICA_BODY);
}


ngx_int_t
ngx_http_qc_replica_bare(ngx_http_qc_detached_t *d, ngx_http_request_t *r)
{
    ngx_http_request_t  *fr;

    fr = d->request;

    fr->request_body = ngx_pcalloc(fr->pool, sizeof(ngx_http_request_body_t));

    if (fr->request_body == NULL
        || ngx_http_qc_replica_request(d, r, ngx_http_qc_replica_dropped)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    fr->method = NGX_HTTP_GET;
    fr->method_name = ngx_http_core_get_method;

    fr->headers_in.content_length_n = -1;
    fr->headers_in.chunked = 0;

    return NGX_OK;
}


static ngx_int_t
ngx_http_qc_replica_request(ngx_http_qc_detached_t *d, ngx_http_request_t *r,
    ngx_str_t *dropped)
{
    ngx_uint_t           i;
    ngx_str_t           *from, *to;
    ngx_http_request_t  *fr;

    fr = d->request;

    if (ngx_http_qc_replica_connection(d, r->connection) != NGX_OK) {
        return NGX_ERROR;
    }

    for (i = 0;
         i < sizeof(ngx_http_qc_replica_strings) / sizeof(size_t);
         i++)
    {
        from = (ngx_str_t *) ((u_char *) r + ngx_http_qc_replica_strings[i]);
        to = (ngx_str_t *) ((u_char *) fr + ngx_http_qc_replica_strings[i]);

        if (ngx_http_qc_replica_str(fr->pool, to, from) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    fr->method = r->method;
    fr->http_version = r->http_version;
    fr->http_major = r->http_major;
    fr->http_minor = r->http_minor;
    fr->request_length = r->request_length;
    fr->log_handler = r->log_handler;

    fr->internal = r->internal;
    fr->complex_uri = r->complex_uri;
    fr->quoted_uri = r->quoted_uri;
    fr->plus_in_uri = r->plus_in_uri;
    fr->empty_path_in_uri = r->empty_path_in_uri;
    fr->add_uri_to_alias = r->add_uri_to_alias;
    fr->valid_location = r->valid_location;
    fr->valid_unparsed_uri = r->valid_unparsed_uri;

    if (ngx_http_qc_replica_headers(fr, r, dropped) != NGX_OK
        || ngx_http_qc_replica_captures(fr, r) != NGX_OK
        || ngx_http_qc_replica_variables(fr, r) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_http_request_t *
ngx_http_qc_replica_subrequest(ngx_http_qc_detached_t *d,
    ngx_http_post_subrequest_t *ps, ngx_http_event_handler_pt handler)
{
    ngx_http_request_t        *fr, *sr;
    ngx_http_core_loc_conf_t  *clcf;

    fr = d->request;

    sr = ngx_http_qc_subrequest(fr, ps, handler);
    if (sr == NULL) {
        return NULL;
    }

    /* a list knows the place of its first part */

    if (fr->headers_in.headers.last == &fr->headers_in.headers.part) {
        sr->headers_in.headers.last = &sr->headers_in.headers.part;
    }

    sr->request_body = fr->request_body;
    sr->method = fr->method;
    sr->method_name = fr->method_name;
    sr->uri = fr->uri;
    sr->args = fr->args;
    sr->exten = fr->exten;
    sr->http_major = fr->http_major;
    sr->http_minor = fr->http_minor;
    sr->request_length = fr->request_length;

    sr->internal = fr->internal;
    sr->complex_uri = fr->complex_uri;
    sr->quoted_uri = fr->quoted_uri;
    sr->plus_in_uri = fr->plus_in_uri;
    sr->empty_path_in_uri = fr->empty_path_in_uri;
    sr->add_uri_to_alias = fr->add_uri_to_alias;
    sr->valid_location = fr->valid_location;
    sr->valid_unparsed_uri = fr->valid_unparsed_uri;

#if (NGX_PCRE)
    sr->ncaptures = fr->ncaptures;
    sr->captures = fr->captures;
    sr->captures_data = fr->captures_data;
#endif

    /* no phase may run: the first redirect is one too many */

    sr->uri_changes = 1;

    clcf = ngx_http_get_module_loc_conf(sr, ngx_http_core_module);

    ngx_str_null(&clcf->post_action);

    /* or else an upstream's pipe would keep all until its end */

    d->connection.data = sr;

    return sr;
}


static ngx_int_t
ngx_http_qc_replica_connection(ngx_http_qc_detached_t *d, ngx_connection_t *c)
{
    ngx_connection_t          *fc;
    ngx_http_core_loc_conf_t  *clcf;

    fc = &d->connection;

    /* with a wildcard address the socket itself has to be asked */

    if (ngx_connection_local_sockaddr(c, NULL, 0) != NGX_OK) {
        return NGX_ERROR;
    }

    fc->sockaddr = ngx_palloc(fc->pool, c->socklen);
    fc->local_sockaddr = ngx_palloc(fc->pool, c->local_socklen);

    if (fc->sockaddr == NULL || fc->local_sockaddr == NULL) {
        return NGX_ERROR;
    }

    fc->socklen = c->socklen;
    ngx_memcpy(fc->sockaddr, c->sockaddr, c->socklen);

    fc->local_socklen = c->local_socklen;
    ngx_memcpy(fc->local_sockaddr, c->local_sockaddr, c->local_socklen);

    fc->listening = c->listening;
    fc->requests = c->requests;

    clcf = ngx_http_get_module_loc_conf(d->request, ngx_http_core_module);

    fc->sendfile = clcf->sendfile;

    ngx_set_connection_log(fc, clcf->error_log);
    d->log.handler = ngx_http_qc_replica_log_error;

    return ngx_http_qc_replica_str(fc->pool, &fc->addr_text, &c->addr_text);
}


/* As nginx does it for the client's: the same question, and who had it. */

static u_char *
ngx_http_qc_replica_log_error(ngx_log_t *log, u_char *buf, size_t len)
{
    u_char              *p;
    ngx_http_request_t  *r;
    ngx_http_log_ctx_t  *ctx;

    if (log->action) {
        p = ngx_snprintf(buf, len, " while %s", log->action);
        len -= p - buf;
        buf = p;
    }

    ctx = log->data;

    p = ngx_snprintf(buf, len, ", for query cache, client: %V",
                     &ctx->connection->addr_text);
    len -= p - buf;

    r = ctx->current_request;

    return r->log_handler ? r->log_handler(r, r, p, len) : p;
}


static ngx_int_t
ngx_http_qc_replica_headers(ngx_http_request_t *to, ngx_http_request_t *r,
    ngx_str_t *dropped)
{
    size_t            n;
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h, *copy, **copies;

    n = 0;

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        n += part->nelts;
    }

    copies = ngx_pcalloc(to->pool, (n + 1) * sizeof(ngx_table_elt_t *));

    if (copies == NULL
        || ngx_list_init(&to->headers_in.headers, to->pool, n + 1,
                         sizeof(ngx_table_elt_t))
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    n = 0;

    for (part = &r->headers_in.headers.part; part; part = part->next) {

        h = part->elts;

        for (i = 0; i < part->nelts; i++, n++) {

            if (ngx_http_qc_replica_drops(&h[i], dropped)) {
                continue;
            }

            copy = ngx_list_push(&to->headers_in.headers);

            if (copy == NULL
                || ngx_http_qc_replica_header(to->pool, copy, &h[i])
                   != NGX_OK)
            {
                return NGX_ERROR;
            }

            copies[n] = copy;
        }
    }

    /* what is behind the strings: lengths, times, bits */

    ngx_memcpy(&to->headers_in.content_length_n,
               &r->headers_in.content_length_n,
               sizeof(ngx_http_headers_in_t)
               - offsetof(ngx_http_headers_in_t, content_length_n));

    return ngx_http_qc_replica_pointers(to, r, copies);
}


static ngx_uint_t
ngx_http_qc_replica_drops(ngx_table_elt_t *h, ngx_str_t *name)
{
    for ( /* void */ ; name->len; name++) {
        if (name->len == h->key.len
            && ngx_strncasecmp(name->data, h->key.data, name->len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


static ngx_int_t
ngx_http_qc_replica_header(ngx_pool_t *pool, ngx_table_elt_t *to,
    ngx_table_elt_t *h)
{
    to->hash = h->hash;
    ngx_http_qc_header_unlink(to);

    to->lowcase_key = ngx_pnalloc(pool, h->key.len);

    if (to->lowcase_key == NULL
        || ngx_http_qc_replica_str(pool, &to->key, &h->key) != NGX_OK
        || ngx_http_qc_replica_str(pool, &to->value, &h->value) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_strlow(to->lowcase_key, to->key.data, to->key.len);

    return NGX_OK;
}


/* Fields nginx knows are pointed to by members of the request as well. */

static ngx_int_t
ngx_http_qc_replica_pointers(ngx_http_request_t *to, ngx_http_request_t *r,
    ngx_table_elt_t **copies)
{
    size_t              n;
    ngx_uint_t          i;
    ngx_array_t        *array;
    ngx_list_part_t    *part;
    ngx_table_elt_t    *h, **from, **copy;
    ngx_http_header_t  *hd;

    for (hd = ngx_http_headers_in; hd->name.len; hd++) {

        array = ngx_http_qc_header_array(&r->headers_in, hd->offset);

        if (array) {
            if (ngx_http_qc_replica_array(r, copies,
                    ngx_http_qc_header_array(&to->headers_in, hd->offset),
                    array, to->pool)
                != NGX_OK)
            {
                return NGX_ERROR;
            }

            continue;
        }

        from = (ngx_table_elt_t **) ((u_char *) &r->headers_in + hd->offset);
        copy = (ngx_table_elt_t **) ((u_char *) &to->headers_in + hd->offset);

        *copy = ngx_http_qc_replica_of(r, copies, *from);
    }

    n = 0;

    for (part = &r->headers_in.headers.part; part; part = part->next) {

        h = part->elts;

        for (i = 0; i < part->nelts; i++, n++) {
            if (copies[n]) {
                ngx_http_qc_header_link(copies[n],
                    ngx_http_qc_replica_of(r, copies,
                                           ngx_http_qc_header_next(&h[i])));
            }
        }
    }

    return NGX_OK;
}


/* NULL if there is none: left out, or not of the list. */

static ngx_table_elt_t *
ngx_http_qc_replica_of(ngx_http_request_t *r, ngx_table_elt_t **copies,
    ngx_table_elt_t *h)
{
    size_t            n;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *first;

    n = 0;

    for (part = &r->headers_in.headers.part; h && part; part = part->next) {

        first = part->elts;

        if (h >= first && h < first + part->nelts) {
            return copies[n + (h - first)];
        }

        n += part->nelts;
    }

    return NULL;
}


static ngx_int_t
ngx_http_qc_replica_array(ngx_http_request_t *r, ngx_table_elt_t **copies,
    ngx_array_t *to, ngx_array_t *from, ngx_pool_t *pool)
{
    ngx_uint_t         i;
    ngx_table_elt_t  **h, **copy;

    if (from->nelts == 0) {
        return NGX_OK;
    }

    if (ngx_array_init(to, pool, from->nelts, sizeof(ngx_table_elt_t *))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    h = from->elts;

    for (i = 0; i < from->nelts; i++) {

        copy = ngx_array_push(to);
        if (copy == NULL) {
            return NGX_ERROR;
        }

        *copy = ngx_http_qc_replica_of(r, copies, h[i]);

        if (*copy == NULL) {
            to->nelts--;
        }
    }

    return NGX_OK;
}


/*
 * Every variable of a configuration has an index, so that what has been
 * evaluated is evaluated once and for all.  What may change in between is
 * left to be evaluated again.
 */

static ngx_int_t
ngx_http_qc_replica_variables(ngx_http_request_t *to, ngx_http_request_t *r)
{
    u_char                     *p;
    ngx_uint_t                  i, of_connection;
    ngx_http_variable_t        *v;
    ngx_http_variable_value_t  *from, *copy;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_get_module_main_conf(r, ngx_http_core_module);

    v = cmcf->variables.elts;

    for (i = 0; i < cmcf->variables.nelts; i++) {

        of_connection = ngx_http_qc_replica_of_connection(&v[i].name);

        from = of_connection ? ngx_http_get_indexed_variable(r, i)
                             : &r->variables[i];
        copy = &to->variables[i];

        if (from == NULL) {
            copy->not_found = 1;
            continue;
        }

        if (!of_connection && from->no_cacheable) {
            continue;
        }

        *copy = *from;
        copy->no_cacheable = 0;

        if (!from->valid || from->len == 0) {
            continue;
        }

        p = ngx_pnalloc(to->pool, from->len);
        if (p == NULL) {
            return NGX_ERROR;
        }

        ngx_memcpy(p, from->data, from->len);
        copy->data = p;
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_http_qc_replica_of_connection(ngx_str_t *name)
{
    ngx_str_t  *start;

    for (start = ngx_http_qc_replica_names; start->len; start++) {
        if (name->len >= start->len
            && ngx_strncmp(name->data, start->data, start->len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


/* Of the subject only what lies before the end of a capture is known. */

static ngx_int_t
ngx_http_qc_replica_captures(ngx_http_request_t *to, ngx_http_request_t *r)
{
#if (NGX_PCRE)

    int                         len;
    ngx_uint_t                  i;
    ngx_http_core_main_conf_t  *cmcf;

    if (r->captures == NULL || r->ncaptures == 0) {
        return NGX_OK;
    }

    cmcf = ngx_http_get_module_main_conf(r, ngx_http_core_module);

    len = 0;

    for (i = 0; i < r->ncaptures; i++) {
        len = ngx_max(len, r->captures[i]);
    }

    to->captures = ngx_palloc(to->pool,
                              ngx_max(cmcf->ncaptures, r->ncaptures)
                              * sizeof(int));
    to->captures_data = ngx_pnalloc(to->pool, len + 1);

    if (to->captures == NULL || to->captures_data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(to->captures, r->captures, r->ncaptures * sizeof(int));
    ngx_memcpy(to->captures_data, r->captures_data, len);

    to->ncaptures = r->ncaptures;

#endif

    return NGX_OK;
}


/* A zero follows, which some of nginx's parsers look for. */

ngx_int_t
ngx_http_qc_replica_str(ngx_pool_t *pool, ngx_str_t *to, ngx_str_t *from)
{
    ngx_str_null(to);

    if (from->data == NULL) {
        return NGX_OK;
    }

    to->data = ngx_pnalloc(pool, from->len + 1);
    if (to->data == NULL) {
        return NGX_ERROR;
    }

    to->len = from->len;
    ngx_memcpy(to->data, from->data, from->len);
    to->data[to->len] = '\0';

    return NGX_OK;
}
