
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/* Whether an answer may be stored, and for how long: qc_fresh decides. */

#include "ngx_http_qc.h"


static void ngx_http_qc_storable_headers(ngx_http_qc_ctx_t *ctx,
    qc_fresh_t *fresh);
static void ngx_http_qc_storable_header(qc_fresh_t *fresh,
    ngx_table_elt_t *h);
static ngx_uint_t ngx_http_qc_shared(ngx_http_qc_ctx_t *ctx);
static time_t ngx_http_qc_valid(ngx_http_qc_ctx_t *ctx, ngx_uint_t status);
static time_t ngx_http_qc_valid_of(ngx_array_t *a, ngx_uint_t status);


qc_metric_e
ngx_http_qc_storable(ngx_http_qc_ctx_t *ctx, qc_fresh_t *fresh)
{
    off_t                 length;
    time_t                valid;
    ngx_uint_t            status;
    qc_metric_e           reason;
    qc_fresh_answer_t     answer;
    ngx_http_request_t   *r;

    r = ctx->request;
    status = ngx_http_qc_answer_status(ctx);
    length = r->headers_out.content_length_n;

    /* err_status: nginx made this page itself */

    if ((r->err_status && !ctx->error_page) || !qc_fresh_status(status)) {
        return QC_R_STATUS;
    }

    if (ctx->zone->rsc) {
        reason = ngx_http_qc_rsc_storable(ctx, status);

        if (reason != QC_NO_METRIC) {
            return reason;
        }
    }

    if (ngx_http_test_predicates(r, ctx->conf->no_store) != NGX_OK) {
        return QC_R_NO_STORE;
    }

    if (length >= 0 && length > ctx->conf->max_size) {
        return QC_R_MAX_SIZE;
    }

    if (length >= 0 && length < (off_t) ctx->conf->min_size) {
        return QC_R_MIN_SIZE;
    }

    if (r->headers_out.content_encoding
        && r->headers_out.content_encoding->value.len)
    {
        return QC_R_ENCODED;
    }

    qc_fresh_init(fresh, &ctx->conf->fresh);
    ngx_http_qc_storable_headers(ctx, fresh);

    valid = ngx_http_qc_valid(ctx, status);

    ngx_memzero(&answer, sizeof(qc_fresh_answer_t));

    answer.status = status;
    answer.get = (r->method == NGX_HTTP_GET);
    answer.shared = ngx_http_qc_shared(ctx);
    answer.now = ngx_time();
    answer.delay = (ngx_msec_t) (ngx_current_msec - ctx->started_at) / 1000;
    answer.has_valid = (valid != NGX_ERROR);
    answer.valid = answer.has_valid ? valid : 0;

    return qc_fresh_decide(fresh, &answer);
}


/* What nginx keeps from clients is known of the upstream's header only. */

static void
ngx_http_qc_storable_headers(ngx_http_qc_ctx_t *ctx, qc_fresh_t *fresh)
{
    u_char               *p;
    ngx_uint_t            i;
    ngx_list_part_t      *part;
    ngx_table_elt_t      *h;
    ngx_http_request_t   *r;
    ngx_http_upstream_t  *u;

    r = ctx->request;
    u = ngx_http_qc_upstream(ctx);

    if (u) {
        ngx_http_qc_storable_header(fresh, u->headers_in.x_accel_expires);
        ngx_http_qc_storable_header(fresh, u->headers_in.date);
    }

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

        if (h[i].hash) {
            ngx_http_qc_storable_header(fresh, &h[i]);
        }
    }

    /* of files; the field itself is made later */

    if (ctx->conf->heuristic && r->headers_out.last_modified_time != -1) {

        p = ngx_pnalloc(r->pool, sizeof("Mon, 28 Sep 1970 06:00:00 GMT") - 1);

        if (p) {
            i = ngx_http_time(p, r->headers_out.last_modified_time) - p;
            qc_fresh_field(fresh, qc_str("last-modified", 13), qc_str(p, i));
        }
    }
}


static void
ngx_http_qc_storable_header(qc_fresh_t *fresh, ngx_table_elt_t *h)
{
    if (h) {
        qc_fresh_field(fresh, ngx_http_qc_qstr(&h->key),
                       ngx_http_qc_qstr(&h->value));
    }
}


/* Whether others get the answer to these credentials. */

static ngx_uint_t
ngx_http_qc_shared(ngx_http_qc_ctx_t *ctx)
{
    return ctx->request->headers_in.authorization != NULL
           && qc_query_shares(&ctx->conf->rules, qc_str("authorization", 13));
}


/*
 * By the directive: that for the query's range of time, if there is one;
 * NGX_ERROR if it says nothing.
 */

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

    return (valid == NGX_ERROR) ? ngx_http_qc_valid_of(ctx->conf->valid, status)
                                : valid;
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
