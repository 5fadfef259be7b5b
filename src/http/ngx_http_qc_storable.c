
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/* Whether an answer may be stored, and for how long: qc_fresh decides. */

#include "ngx_http_qc.h"


static void ngx_http_qc_storable_field(void *data, qc_str_t name,
    qc_str_t value);
static void ngx_http_qc_storable_modified(ngx_http_qc_ctx_t *ctx,
    qc_fresh_t *fresh);
static void ngx_http_qc_fields(ngx_list_t *headers, ngx_uint_t cookies,
    ngx_uint_t others,
    void (*field)(void *data, qc_str_t name, qc_str_t value), void *data);
static ngx_uint_t ngx_http_qc_valid_auto(ngx_http_qc_ctx_t *ctx,
    ngx_uint_t status);
static ngx_uint_t ngx_http_qc_shared(ngx_http_qc_ctx_t *ctx);
static time_t ngx_http_qc_valid(ngx_http_qc_ctx_t *ctx, ngx_uint_t status);
static time_t ngx_http_qc_valid_of(ngx_array_t *a, ngx_uint_t status);


qc_metric_e
ngx_http_qc_storable(ngx_http_qc_ctx_t *ctx, qc_fresh_t *fresh)
{
    off_t                length;
    ngx_uint_t           status;
    qc_metric_e          reason;
    ngx_http_request_t  *r;

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

    if (ngx_http_qc_transcode_coding(r, &ctx->encoding) != NGX_OK) {
        return QC_R_ENCODED;
    }

    /* that of an encoded body says nothing of the plain one's */

    if (ctx->encoding != QC_CODING_NONE) {
        length = -1;
    }

    if (length >= 0 && length > ctx->conf->max_size) {
        return QC_R_MAX_SIZE;
    }

    if (length >= 0 && length < (off_t) ctx->conf->min_size) {
        return QC_R_MIN_SIZE;
    }

    qc_fresh_init(fresh, &ctx->conf->fresh);
    ngx_http_qc_each_field(ctx, ngx_http_qc_storable_field, fresh);
    ngx_http_qc_storable_modified(ctx, fresh);

    return ngx_http_qc_decide(ctx, fresh, status);
}


static void
ngx_http_qc_storable_field(void *data, qc_str_t name, qc_str_t value)
{
    qc_fresh_field(data, name, value);
}


/* Of files: the field itself is made later. */

static void
ngx_http_qc_storable_modified(ngx_http_qc_ctx_t *ctx, qc_fresh_t *fresh)
{
    u_char               text[sizeof("Mon, 28 Sep 1970 06:00:00 GMT")], *p;
    size_t               len;
    ngx_http_request_t  *r;

    r = ctx->request;

    if (r->headers_out.last_modified_time == -1
        || ngx_http_qc_upstream(ctx))
    {
        return;
    }

    len = ngx_http_time(text, r->headers_out.last_modified_time) - text;

    /* it is kept for as long as fresh is */

    p = ngx_pnalloc(r->pool, len);

    if (p) {
        ngx_memcpy(p, text, len);
        qc_fresh_field(fresh, qc_str("last-modified", 13), qc_str(p, len));
    }
}


/* By the fields that fresh was told of. */

qc_metric_e
ngx_http_qc_decide(ngx_http_qc_ctx_t *ctx, qc_fresh_t *fresh,
    ngx_uint_t status)
{
    time_t             valid;
    qc_fresh_answer_t  answer;

    ngx_memzero(&answer, sizeof(qc_fresh_answer_t));

    valid = ngx_http_qc_valid(ctx, status);

    if (valid == NGX_ERROR && ngx_http_qc_valid_auto(ctx, status)) {
        valid = ctx->conf->fill.auto_max;
        answer.limit = 1;
    }

    answer.status = status;
    answer.get = (ctx->request->method == NGX_HTTP_GET);
    answer.validates = ((ngx_http_qc_method(ctx->request) & NGX_HTTP_QC_SAFE)
                        != 0);
    answer.shared = ngx_http_qc_shared(ctx);
    answer.now = ngx_time();
    answer.delay = (ngx_msec_t) (ngx_current_msec - ctx->started_at) / 1000;
    answer.has_valid = (valid != NGX_ERROR);
    answer.valid = answer.has_valid ? valid : 0;

    return qc_fresh_decide(fresh, &answer);
}


/* From now on, but for what was old when it came. */

void
ngx_http_qc_times(qc_record_t *rec, const qc_fresh_t *fresh)
{
    uint64_t  now, end;

    now = (uint64_t) ngx_time();
    end = now + fresh->lifetime;

    rec->created = now - ngx_min(fresh->age, now);
    rec->fresh = ngx_max(end - ngx_min(fresh->late, end), rec->created);
    rec->stale = end + fresh->keep;
    rec->swr = fresh->swr ? end + fresh->swr : 0;
    rec->sie = fresh->sie ? end + fresh->sie : 0;
    rec->strict = fresh->strict;
}


/*
 * The fields of the answer.  Those of an upstream as it sent them, for what
 * nginx keeps from clients still counts; but a cookie that nobody gets does
 * not.
 */

void
ngx_http_qc_each_field(ngx_http_qc_ctx_t *ctx,
    void (*field)(void *data, qc_str_t name, qc_str_t value), void *data)
{
    ngx_http_request_t   *r;
    ngx_http_upstream_t  *u;

    r = ctx->request;
    u = ngx_http_qc_upstream(ctx);

    if (u) {
        ngx_http_qc_fields(&u->headers_in.headers, 0, 1, field, data);
    }

    ngx_http_qc_fields(&r->headers_out.headers, 1, u == NULL, field, data);
}


static void
ngx_http_qc_fields(ngx_list_t *headers, ngx_uint_t cookies,
    ngx_uint_t others,
    void (*field)(void *data, qc_str_t name, qc_str_t value), void *data)
{
    qc_str_t          name;
    ngx_uint_t        i, wanted;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    for (part = &headers->part; part; part = part->next) {

        h = part->elts;

        for (i = 0; i < part->nelts; i++) {

            name = ngx_http_qc_qstr(&h[i].key);

            wanted = qc_name_eq(name, qc_str("set-cookie", 10)) ? cookies
                                                                : others;

            if (h[i].hash && wanted) {
                field(data, name, ngx_http_qc_qstr(&h[i].value));
            }
        }
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


/* Whether its cost says how long; of those that a time alone is for. */

static ngx_uint_t
ngx_http_qc_valid_auto(ngx_http_qc_ctx_t *ctx, ngx_uint_t status)
{
    return ctx->conf->fill.auto_factor
           && (status == NGX_HTTP_OK
               || status == NGX_HTTP_MOVED_PERMANENTLY
               || status == NGX_HTTP_MOVED_TEMPORARILY);
}


/*
 * NGX_ERROR if nothing is said of the status; 0 says not to store it.  "any"
 * does not mean the server's own failures: an outage would last.
 */

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
        if (valid[i].status == status
            || (valid[i].status == 0
                && status < NGX_HTTP_INTERNAL_SERVER_ERROR))
        {
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
