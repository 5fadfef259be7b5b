
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/* Whether an answer may be stored, and for how long. */

#include "ngx_http_qc.h"


/* What the header fields of an answer say about its lifetime. */

typedef struct {
    qc_cache_control_t             control;
    ngx_table_elt_t               *expires;
    ngx_table_elt_t               *age;
} ngx_http_qc_fresh_t;


static qc_metric_e ngx_http_qc_storable_headers(ngx_http_qc_ctx_t *ctx,
    ngx_http_qc_fresh_t *fresh);
static qc_metric_e ngx_http_qc_storable_header(ngx_table_elt_t *h,
    ngx_http_qc_fresh_t *fresh);
static ngx_uint_t ngx_http_qc_header_is(ngx_table_elt_t *h, const char *name,
    size_t len);
static time_t ngx_http_qc_lifetime(ngx_http_qc_ctx_t *ctx,
    ngx_http_qc_fresh_t *fresh, qc_metric_e *reason);
static time_t ngx_http_qc_valid(ngx_http_qc_ctx_t *ctx, ngx_uint_t status);
static time_t ngx_http_qc_valid_of(ngx_array_t *a, ngx_uint_t status);
static time_t ngx_http_qc_expires(ngx_http_qc_ctx_t *ctx, ngx_table_elt_t *h);
static time_t ngx_http_qc_accel_expires(ngx_http_qc_ctx_t *ctx);


/* Request fields that are in every key may be named in Vary. */

static const qc_str_t  ngx_http_qc_vary[] = {
    qc_string("accept-encoding"),       /* only plain answers are stored */
    qc_string("authorization"),
    qc_string("cookie")
};


time_t
ngx_http_qc_storable(ngx_http_qc_ctx_t *ctx, qc_metric_e *reason)
{
    off_t                 length;
    ngx_uint_t            status;
    ngx_http_request_t   *r;
    ngx_http_qc_fresh_t   fresh;

    r = ctx->request;
    status = ngx_http_qc_answer_status(ctx);
    length = r->headers_out.content_length_n;

    /* err_status: nginx made this page itself */

    if ((r->err_status && !ctx->error_page)
        || status < NGX_HTTP_OK
        || status == NGX_HTTP_NO_CONTENT
        || status == NGX_HTTP_PARTIAL_CONTENT
        || status == NGX_HTTP_NOT_MODIFIED
        || status >= NGX_HTTP_INTERNAL_SERVER_ERROR)
    {
        *reason = QC_R_STATUS;
        return 0;
    }

    if (ctx->zone->rsc) {
        *reason = ngx_http_qc_rsc_storable(ctx, status);

        if (*reason != QC_NO_METRIC) {
            return 0;
        }
    }

    if (ngx_http_test_predicates(r, ctx->conf->no_store) != NGX_OK) {
        *reason = QC_R_NO_STORE;
        return 0;
    }

    if (length >= 0 && length > ctx->conf->max_size) {
        *reason = QC_R_MAX_SIZE;
        return 0;
    }

    if (length >= 0 && length < (off_t) ctx->conf->min_size) {
        *reason = QC_R_MIN_SIZE;
        return 0;
    }

    if (r->headers_out.content_encoding
        && r->headers_out.content_encoding->value.len)
    {
        *reason = QC_R_ENCODED;
        return 0;
    }

    ngx_memzero(&fresh, sizeof(ngx_http_qc_fresh_t));

    *reason = ngx_http_qc_storable_headers(ctx, &fresh);

    if (*reason != QC_NO_METRIC) {
        return 0;
    }

    return ngx_http_qc_lifetime(ctx, &fresh, reason);
}


static qc_metric_e
ngx_http_qc_storable_headers(ngx_http_qc_ctx_t *ctx,
    ngx_http_qc_fresh_t *fresh)
{
    ngx_uint_t        i;
    qc_metric_e       reason;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    part = &ctx->request->headers_out.headers.part;
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

        if (h[i].hash == 0) {
            continue;
        }

        reason = ngx_http_qc_storable_header(&h[i], fresh);

        if (reason != QC_NO_METRIC) {
            return reason;
        }
    }

    return fresh->control.no_store ? QC_R_CACHE_CONTROL : QC_NO_METRIC;
}


static qc_metric_e
ngx_http_qc_storable_header(ngx_table_elt_t *h, ngx_http_qc_fresh_t *fresh)
{
    qc_str_t  value;

    value = qc_str(h->value.data, h->value.len);

    switch (h->key.len) {

    case 3:
        if (ngx_http_qc_header_is(h, "age", 3)) {
            fresh->age = h;
        }

        break;

    case 4:
        if (ngx_http_qc_header_is(h, "vary", 4)
            && !qc_vary_within(value, ngx_http_qc_vary,
                               sizeof(ngx_http_qc_vary) / sizeof(qc_str_t)))
        {
            return QC_R_VARY;
        }

        break;

    case 7:
        if (ngx_http_qc_header_is(h, "expires", 7)) {
            fresh->expires = h;

        } else if (ngx_http_qc_header_is(h, "trailer", 7)) {
            /* announced: nginx may drop them before they can be seen */
            return QC_R_TRAILERS;
        }

        break;

    case 10:
        if (ngx_http_qc_header_is(h, "set-cookie", 10)) {
            return QC_R_SET_COOKIE;
        }

        break;

    case 13:
        if (ngx_http_qc_header_is(h, "cache-control", 13)) {
            qc_cache_control_parse(&fresh->control, value);

        } else if (ngx_http_qc_header_is(h, "content-range", 13)) {
            return QC_R_STATUS;
        }

        break;

    case 16:
        if (ngx_http_qc_header_is(h, "content-encoding", 16)) {
            return QC_R_ENCODED;
        }

        break;
    }

    return QC_NO_METRIC;
}


static ngx_uint_t
ngx_http_qc_header_is(ngx_table_elt_t *h, const char *name, size_t len)
{
    return h->key.len == len
           && ngx_strncasecmp(h->key.data, (u_char *) name, len) == 0;
}


/* X-Accel-Expires, then Cache-Control, then Expires, then the directive. */

static time_t
ngx_http_qc_lifetime(ngx_http_qc_ctx_t *ctx, ngx_http_qc_fresh_t *fresh,
    qc_metric_e *reason)
{
    time_t  age, valid;

    *reason = QC_R_FRESHNESS;

    valid = ngx_http_qc_accel_expires(ctx);

    if (valid >= 0) {
        goto done;
    }

    if (fresh->control.has_age || fresh->expires) {

        valid = fresh->control.has_age ? (time_t) fresh->control.age
                                       : ngx_http_qc_expires(ctx,
                                                             fresh->expires);

        /* of what another cache has had for a while, the rest */

        if (fresh->age) {
            age = ngx_atotm(fresh->age->value.data, fresh->age->value.len);
            valid -= ngx_max(age, 0);
        }

        goto done;
    }

    valid = ngx_http_qc_valid(ctx, ngx_http_qc_answer_status(ctx));

done:

    if (valid <= 0) {
        return 0;
    }

    *reason = QC_NO_METRIC;

    /* a lifetime that never ends would never be cleaned up */

    return ngx_min(valid, (time_t) 365 * 24 * 60 * 60);
}


/* By the directive: that for the query's range of time, if there is one. */

static time_t
ngx_http_qc_valid(ngx_http_qc_ctx_t *ctx, ngx_uint_t status)
{
    time_t        valid;
    int64_t       now;
    ngx_array_t  *timed;

    timed = NULL;

    if (ctx->conf->valid_closed || ctx->conf->valid_open) {

        now = (int64_t) ctx->started * 1000 + ctx->started_ms;

        switch (qc_query_window(&ctx->query->q, now)) {
        case QC_WINDOW_CLOSED:
            timed = ctx->conf->valid_closed;
            break;
        case QC_WINDOW_OPEN:
            timed = ctx->conf->valid_open;
            break;
        default:
            break;
        }

        if (timed == NULL && ctx->conf->valid == NULL) {
            timed = ctx->conf->valid_open;
        }
    }

    valid = ngx_http_qc_valid_of(timed, status);

    return (valid == NGX_ERROR)
           ? ngx_http_file_cache_valid(ctx->conf->valid, status) : valid;
}


/* NGX_ERROR if nothing is said of the status; 0 says not to store it. */

static time_t
ngx_http_qc_valid_of(ngx_array_t *a, ngx_uint_t status)
{
    ngx_uint_t               i;
    ngx_http_cache_valid_t  *valid;

    if (a == NULL) {
        return NGX_ERROR;
    }

    valid = a->elts;

    for (i = 0; i < a->nelts; i++) {
        if (valid[i].status == 0 || valid[i].status == status) {
            return valid[i].valid;
        }
    }

    return NGX_ERROR;
}


/* By the upstream's own clock, if it says what that is. */

static time_t
ngx_http_qc_expires(ngx_http_qc_ctx_t *ctx, ngx_table_elt_t *h)
{
    time_t                date, expires;
    ngx_http_upstream_t  *u;

    u = ngx_http_qc_upstream(ctx);
    date = NGX_ERROR;

    if (u && u->headers_in.date) {
        date = ngx_parse_http_time(u->headers_in.date->value.data,
                                   u->headers_in.date->value.len);
    }

    if (date == NGX_ERROR) {
        date = ngx_time();
    }

    expires = ngx_parse_http_time(h->value.data, h->value.len);

    return (expires == NGX_ERROR) ? 0 : expires - date;
}


/* Seconds, or -1 if there is none. */

static time_t
ngx_http_qc_accel_expires(ngx_http_qc_ctx_t *ctx)
{
    time_t                n;
    u_char               *p;
    size_t                len;
    ngx_table_elt_t      *h;
    ngx_http_upstream_t  *u;

    u = ngx_http_qc_upstream(ctx);

    if (u == NULL || u->headers_in.x_accel_expires == NULL) {
        return -1;
    }

    h = u->headers_in.x_accel_expires;
    p = h->value.data;
    len = h->value.len;

    if (len && *p == '@') {
        n = ngx_atotm(p + 1, len - 1);
        return (n == NGX_ERROR || n <= ngx_time()) ? 0 : n - ngx_time();
    }

    n = ngx_atotm(p, len);

    return (n == NGX_ERROR) ? 0 : n;
}


/*
 * Of an error page nginx changes the status before it is sent: an entry has
 * the page's own, for it may be asked for by itself.  0: not known, or not
 * the upstream's answer.
 */

ngx_uint_t
ngx_http_qc_answer_status(ngx_http_qc_ctx_t *ctx)
{
    ngx_http_request_t   *r;
    ngx_http_upstream_t  *u;

    r = ctx->request;

    if (!ctx->error_page) {
        return r->headers_out.status;
    }

    u = ngx_http_qc_upstream(ctx);

    if (u == NULL
        || u->headers_in.content_length_n != r->headers_out.content_length_n)
    {
        return 0;
    }

    return u->headers_in.status_n;
}


/* Of this location: after a redirect the former one's is still there. */

ngx_http_upstream_t *
ngx_http_qc_upstream(ngx_http_qc_ctx_t *ctx)
{
    ngx_http_upstream_t  *u;

    u = ctx->request->upstream;

    return (u == ctx->upstream) ? NULL : u;
}


/*
 * Whether an answer of size bytes, its last buffer seen, is provably whole.
 * What ends with the connection is not, and neither is what a protocol
 * without an end of its own says without a length.
 */

ngx_int_t
ngx_http_qc_complete(ngx_http_qc_ctx_t *ctx, off_t size)
{
    ngx_str_t            *module;
    ngx_uint_t            done;
    ngx_http_request_t   *r;
    ngx_http_upstream_t  *u;

    r = ctx->request;
    u = ngx_http_qc_upstream(ctx);

    if (u == NULL) {

        /* made by nginx itself: a length, if there is one, must be kept */

        return (r->headers_out.content_length_n == -1
                || r->headers_out.content_length_n == size)
               ? NGX_OK : NGX_DECLINED;
    }

    if (u->headers_in.content_length_n >= 0) {
        return (u->headers_in.content_length_n == size) ? NGX_OK
                                                        : NGX_DECLINED;
    }

    if (u->headers_in.chunked) {
        return NGX_OK;
    }

    /*
     * Their records and frames say where an answer ends; FastCGI's end may
     * be missing, and nginx then takes that of the connection for it.
     */

    module = &u->conf->module;

    if ((module->len != 7 || ngx_strncmp(module->data, "fastcgi", 7) != 0)
        && (module->len != 4 || ngx_strncmp(module->data, "grpc", 4) != 0))
    {
        return NGX_DECLINED;
    }

    done = u->buffering ? u->pipe->upstream_done : (u->length == 0);

    return done ? NGX_OK : NGX_DECLINED;
}
