
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * The request on its way to the upstream, and what comes back.  The upstream
 * may be asked another question than the client's: not under its conditions,
 * since the answer is to be stored, but under those of an entry that is to
 * be validated.  And its answer may be taken back before anybody has seen
 * it, if the entry is the better one.
 */

#include "ngx_http_qc.h"


static void ngx_http_qc_forward_begin(ngx_http_qc_ctx_t *ctx);
static void ngx_http_qc_forward_watch(ngx_http_qc_ctx_t *ctx);
static void ngx_http_qc_forward_unwatch(ngx_http_qc_ctx_t *ctx);
static void ngx_http_qc_forward_finalized(ngx_http_request_t *r,
    ngx_int_t rc);
static ngx_int_t ngx_http_qc_forward(ngx_http_qc_ctx_t *ctx);
static void ngx_http_qc_forward_forget(ngx_http_request_t *r);
static ngx_uint_t ngx_http_qc_forward_edited(qc_str_t name);
static ngx_uint_t ngx_http_qc_forward_edits(ngx_http_qc_ctx_t *ctx);
static ngx_int_t ngx_http_qc_forward_headers(ngx_http_qc_ctx_t *ctx,
    ngx_list_t *from, ngx_list_t *to);
static ngx_uint_t ngx_http_qc_forward_drops(ngx_http_qc_ctx_t *ctx,
    ngx_table_elt_t *h);
static ngx_int_t ngx_http_qc_forward_conditions(ngx_http_qc_ctx_t *ctx,
    ngx_list_t *to);
static ngx_int_t ngx_http_qc_forward_push(ngx_list_t *to, const char *name,
    const char *lowcase, qc_str_t value);
static ngx_int_t ngx_http_qc_take_back(ngx_http_qc_ctx_t *ctx,
    ngx_http_qc_step_e step);
static void ngx_http_qc_taken_back(ngx_http_request_t *r);
static void ngx_http_qc_forget_answer(ngx_http_qc_ctx_t *ctx);


/* What the upstream may get another one of, as variables name it. */

static qc_str_t  ngx_http_qc_edited[] = {
    qc_string("accept_encoding"),
    qc_string("if_modified_since"),
    qc_string("if_none_match"),
    qc_string("if_range"),
    qc_string("range")
};


/* The last step of all that is not a hit. */

ngx_int_t
ngx_http_qc_step_upstream(ngx_http_qc_ctx_t *ctx)
{
    ngx_int_t            rc;
    ngx_http_request_t  *r;

    r = ctx->request;

    if (!ctx->fill && ngx_http_qc_held_back(ctx)) {
        return ngx_http_qc_hold_back(ctx);
    }

    ctx->running = 1;
    ctx->answered = 0;
    ctx->identified = 0;
    ctx->run = NULL;
    ctx->noted = 0;

    ngx_http_qc_running_add(ctx);

    r->read_event_handler = ngx_http_block_reading;
    r->write_event_handler = ngx_http_request_empty_handler;

    if (ctx->handler) {
        r->content_handler = ctx->handler;
        ngx_http_qc_forward_begin(ctx);
        rc = ngx_http_qc_forward(ctx);
        ngx_http_qc_run_watch(ctx);
        ngx_http_qc_forward_watch(ctx);

        ngx_http_finalize_request(r, rc);
        return NGX_DONE;
    }

    /* static files and the like are phase handlers */

    r->content_handler = NULL;
    r->write_event_handler = ngx_http_core_run_phases;

    ngx_http_core_run_phases(r);

    return NGX_DONE;
}


/* What nginx changes on its way to an answer that may be taken back. */

static void
ngx_http_qc_forward_begin(ngx_http_qc_ctx_t *ctx)
{
    ngx_http_request_t  *r;

    r = ctx->request;

    ctx->keepalive = r->keepalive;
    ctx->no_error_page = r->error_page;
    ctx->limit_rate = r->limit_rate;
    ctx->limit_rate_set = r->limit_rate_set;

    if (ctx->validating || ctx->on_error) {

        /* the body may be needed once more */
        r->preserve_body = 1;

        /* an entry is better than a page about an error */
        r->error_page |= !ctx->error_page;
    }
}


/*
 * X-Accel-Redirect leaves for a location with error pages of its own, and no
 * filter sees that answer; but the upstream is finalized before it.
 */

static void
ngx_http_qc_forward_watch(ngx_http_qc_ctx_t *ctx)
{
    ngx_http_request_t   *r;
    ngx_http_upstream_t  *u;

    r = ctx->request;

    if (r->error_page == ctx->no_error_page
        || ngx_http_get_module_ctx(r, ngx_http_query_cache_module) != ctx)
    {
        return;
    }

    u = ngx_http_qc_upstream(ctx);

    if (u && u->finalize_request != ngx_http_qc_forward_finalized) {
        ctx->finalize = u->finalize_request;
        u->finalize_request = ngx_http_qc_forward_finalized;
    }
}


static void
ngx_http_qc_forward_unwatch(ngx_http_qc_ctx_t *ctx)
{
    ngx_http_request_t   *r;
    ngx_http_upstream_t  *u;

    r = ctx->request;
    u = r->upstream;

    r->error_page = ctx->no_error_page;

    if (u && u->finalize_request == ngx_http_qc_forward_finalized) {
        u->finalize_request = ctx->finalize;
    }
}


static void
ngx_http_qc_forward_finalized(ngx_http_request_t *r, ngx_int_t rc)
{
    ngx_http_qc_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_query_cache_module);

    if (ctx == NULL) {
        return;
    }

    if (rc == NGX_DECLINED) {
        ngx_http_qc_forward_unwatch(ctx);
    }

    ctx->finalize(r, rc);
}


/*
 * Handlers of upstreams make their request from this list, at once; all
 * others read the pointers beside it, and see the client's own.
 */

static ngx_int_t
ngx_http_qc_forward(ngx_http_qc_ctx_t *ctx)
{
    ngx_int_t            rc;
    ngx_list_t           headers;
    ngx_http_request_t  *r;

    r = ctx->request;

    if (!ngx_http_qc_forward_edits(ctx)) {
        return ctx->handler(r);
    }

    headers = r->headers_in.headers;
    ngx_http_qc_forward_forget(r);

    if (ngx_http_qc_forward_headers(ctx, &headers, &r->headers_in.headers)
        == NGX_OK)
    {
        rc = ctx->handler(r);

    } else {
        rc = NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->headers_in.headers = headers;
    ngx_http_qc_forward_forget(r);

    return rc;
}


/* Variables of that list are those of who asks. */

static void
ngx_http_qc_forward_forget(ngx_http_request_t *r)
{
    ngx_uint_t                  i;
    ngx_http_variable_t        *v;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_get_module_main_conf(r, ngx_http_core_module);
    v = cmcf->variables.elts;

    for (i = 0; i < cmcf->variables.nelts; i++) {

        if (v[i].name.len > 5
            && ngx_strncmp(v[i].name.data, "http_", 5) == 0
            && ngx_http_qc_forward_edited(qc_str(v[i].name.data + 5,
                                                 v[i].name.len - 5)))
        {
            r->variables[i].valid = 0;
            r->variables[i].not_found = 0;
        }
    }
}


static ngx_uint_t
ngx_http_qc_forward_edited(qc_str_t name)
{
    ngx_uint_t  i;

    for (i = 0; i < sizeof(ngx_http_qc_edited) / sizeof(qc_str_t); i++) {
        if (qc_str_eq(name, ngx_http_qc_edited[i])) {
            return 1;
        }
    }

    return 0;
}


static ngx_uint_t
ngx_http_qc_forward_edits(ngx_http_qc_ctx_t *ctx)
{
    ngx_http_request_t  *r;

    r = ctx->request;

    ctx->stripped = 0;

    if (ctx->validating) {
        ctx->stripped = 1;
        return 1;
    }

    if (ctx->no_store || !ctx->keyed || r->method == NGX_HTTP_HEAD) {
        return 0;
    }

    /* a part is what was asked for, and all may be a lot more */

    if (r->headers_in.range) {
        return ctx->conf->upstream_encoding != NULL;
    }

    ctx->stripped = (r->headers_in.if_match == NULL
                     && r->headers_in.if_unmodified_since == NULL
                     && r->method != NGX_HTTP_POST);

    return ctx->stripped || ctx->conf->upstream_encoding;
}


static ngx_int_t
ngx_http_qc_forward_headers(ngx_http_qc_ctx_t *ctx, ngx_list_t *from,
    ngx_list_t *to)
{
    qc_str_t          coding;
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h, *copy;

    /* as the client accepts it, by the list that is about to go */

    if (ngx_http_qc_upstream_encoding(ctx, &coding) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_list_init(to, ctx->request->pool, 20, sizeof(ngx_table_elt_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    for (part = &from->part; part; part = part->next) {

        h = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (ngx_http_qc_forward_drops(ctx, &h[i])) {
                continue;
            }

            copy = ngx_list_push(to);
            if (copy == NULL) {
                return NGX_ERROR;
            }

            *copy = h[i];
        }
    }

    if (coding.len
        && ngx_http_qc_forward_push(to, "Accept-Encoding", "accept-encoding",
                                    coding)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ctx->validating ? ngx_http_qc_forward_conditions(ctx, to) : NGX_OK;
}


static ngx_uint_t
ngx_http_qc_forward_drops(ngx_http_qc_ctx_t *ctx, ngx_table_elt_t *h)
{
    qc_str_t  name;

    name = qc_str(h->lowcase_key, h->key.len);

    if (qc_str_eq(name, qc_str("accept-encoding", 15))) {
        return ctx->conf->upstream_encoding != NULL;
    }

    if (ctx->stripped
        && (qc_str_eq(name, qc_str("if-none-match", 13))
            || qc_str_eq(name, qc_str("if-modified-since", 17))))
    {
        return 1;
    }

    return ctx->validating
           && (qc_str_eq(name, qc_str("range", 5))
               || qc_str_eq(name, qc_str("if-range", 8)));
}


/* Whether the entry is still good: RFC 9111 section 4.3.1. */

static ngx_int_t
ngx_http_qc_forward_conditions(ngx_http_qc_ctx_t *ctx, ngx_list_t *to)
{
    qc_str_t  etag, modified;

    (void) qc_validators(ctx->op->record.status, ctx->op->record.headers,
                         &etag, &modified);

    if (etag.len
        && ngx_http_qc_forward_push(to, "If-None-Match", "if-none-match",
                                    etag)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (modified.len
        && ngx_http_qc_forward_push(to, "If-Modified-Since",
                                    "if-modified-since", modified)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_qc_forward_push(ngx_list_t *to, const char *name,
    const char *lowcase, qc_str_t value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(to);
    if (h == NULL) {
        return NGX_ERROR;
    }

    h->key.len = ngx_strlen(name);
    h->key.data = (u_char *) name;
    h->value.len = value.len;
    h->value.data = (u_char *) value.data;
    h->lowcase_key = (u_char *) lowcase;
    h->hash = ngx_hash_key(h->lowcase_key, h->key.len);
    ngx_http_qc_header_unlink(h);

    return NGX_OK;
}


/*
 * In the header filter, before any other has seen the answer: NGX_DECLINED
 * to let it go on, or what that filter returns.
 */

ngx_int_t
ngx_http_qc_answered(ngx_http_qc_ctx_t *ctx)
{
    ngx_uint_t           status, own;
    ngx_http_request_t  *r;

    r = ctx->request;

    if (ctx->answered || ctx->handler == NULL) {
        return NGX_DECLINED;
    }

    ctx->answered = 1;

    /* made by nginx, for want of an answer */

    own = (r->err_status && !ctx->error_page);
    status = own ? r->err_status : ngx_http_qc_answer_status(ctx);

    ngx_http_qc_forward_unwatch(ctx);

    if (r->cached && !own) {

        /* proxy_cache does not end its part by what is returned here */

        ctx->validating = 0;
        ctx->on_error = 0;
    }

    if (ngx_http_qc_is_failure(status) && (own || !r->cached)) {
        ngx_http_qc_outcome(ctx, 1);
    }

    if (ctx->validating && status == NGX_HTTP_NOT_MODIFIED) {

        if (own || ngx_http_qc_validated(ctx) != NGX_OK) {

            /* of another answer, or kept from us: the whole is needed */

            ctx->validating = 0;
            return ngx_http_qc_take_back(ctx, NGX_HTTP_QC_UPSTREAM);
        }

        ngx_http_qc_outcome(ctx, 0);

        return ngx_http_qc_take_back(ctx, NGX_HTTP_QC_SERVE);
    }

    if (ctx->on_error && ngx_http_qc_is_failure(status)
        && ngx_http_qc_serves_on_error(ctx))
    {
        ctx->status = NGX_HTTP_QC_STATUS_STALE;
        ctx->failed_status = own ? status : 0;

        return ngx_http_qc_take_back(ctx, NGX_HTTP_QC_SERVE);
    }

    if ((ctx->validating || ctx->on_error) && own && !ctx->no_error_page) {

        /* there may be a page about this one */

        ctx->failed_status = status;

        return ngx_http_qc_take_back(ctx, NGX_HTTP_QC_ERROR);
    }

    if (ctx->entry && r->method == NGX_HTTP_HEAD && !own) {
        ngx_http_qc_head_answered(ctx);
    }

    /* the conditions were kept from the upstream: they are for the filter */

    if (ctx->stripped) {
        r->disable_not_modified = 0;
    }

    return NGX_DECLINED;
}


/* RFC 5861 section 4. */

ngx_uint_t
ngx_http_qc_is_failure(ngx_uint_t status)
{
    return status == NGX_HTTP_INTERNAL_SERVER_ERROR
           || status == NGX_HTTP_BAD_GATEWAY
           || status == NGX_HTTP_SERVICE_UNAVAILABLE
           || status == NGX_HTTP_GATEWAY_TIME_OUT;
}


/* Still: it may have taken a while to fail. */

ngx_uint_t
ngx_http_qc_serves_on_error(ngx_http_qc_ctx_t *ctx)
{
    qc_reuse_t  reuse;

    qc_reuse(&reuse, &ctx->op->record,
             ctx->conf->client_control ? &ctx->client : NULL,
             (uint64_t) ngx_time(), 0);

    return reuse.on_error;
}


/*
 * Without a body to send, ngx_http_upstream and the pages about errors hand
 * on what the filters returned, and NGX_DONE ends only their own part of the
 * request: the reference that is taken here keeps the rest.
 */

static ngx_int_t
ngx_http_qc_take_back(ngx_http_qc_ctx_t *ctx, ngx_http_qc_step_e step)
{
    ngx_http_request_t   *r;
    ngx_http_upstream_t  *u;

    r = ctx->request;
    u = r->upstream;

    /* proxy_cache and proxy_store would want to see its end */

    if (u) {
        u->cacheable = 0;
        u->store = 0;
    }

    ctx->running = 0;
    ctx->step = step;

    if (step != NGX_HTTP_QC_UPSTREAM) {
        ngx_http_qc_lock_release(&ctx->lock, NGX_HTTP_QC_LOCK_UNSTORED);
        ngx_http_qc_running_sub(ctx);
    }

    r->header_only = 1;
    r->write_event_handler = ngx_http_qc_taken_back;

    if (ngx_http_post_request(r, NULL) != NGX_OK) {
        return NGX_ERROR;
    }

    r->main->count++;

    return NGX_DONE;
}


static void
ngx_http_qc_taken_back(ngx_http_request_t *r)
{
    ngx_http_qc_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_query_cache_module);

    if (ctx && ctx->left) {

        if (ctx->status == NGX_HTTP_QC_STATUS_REVALIDATED) {
            ngx_http_qc_run_finished(ctx);
        }

        ngx_http_finalize_request(r, NGX_HTTP_CLIENT_CLOSED_REQUEST);
        return;
    }

    if (ctx) {
        ngx_http_qc_forget_answer(ctx);
    }

    ngx_http_qc_resume(r);
}


/* As if there had been none; what was there before it stays. */

static void
ngx_http_qc_forget_answer(ngx_http_qc_ctx_t *ctx)
{
    ngx_uint_t                i, n, kept;
    ngx_list_part_t          *part;
    ngx_table_elt_t          *h;
    ngx_http_request_t       *r;
    ngx_http_headers_out_t   *out;

    r = ctx->request;
    out = &r->headers_out;
    n = 0;

    r->header_only = 0;
    r->keepalive = ctx->keepalive;
    r->err_status = ctx->err_status;
    r->limit_rate = ctx->limit_rate;
    r->limit_rate_set = ctx->limit_rate_set;
    r->disable_not_modified = 0;
    r->allow_ranges = 0;

    if (ctx->step == NGX_HTTP_QC_ERROR) {
        return;
    }

    kept = ngx_http_qc_noted_headers(ctx);

    for (part = &out->headers.part; part; part = part->next) {

        h = part->elts;

        for (i = 0; i < part->nelts; i++, n++) {

            /* a cookie that came with a 304 is this client's */

            if (n >= kept
                && !(ctx->status == NGX_HTTP_QC_STATUS_REVALIDATED
                     && qc_name_eq(ngx_http_qc_qstr(&h[i].key),
                                   qc_str("set-cookie", 10))))
            {
                h[i].hash = 0;
            }
        }
    }

    ngx_memzero(&out->status, sizeof(ngx_http_headers_out_t)
                              - offsetof(ngx_http_headers_out_t, status));

    out->content_length_n = -1;
    out->last_modified_time = -1;
}


/* nginx's own answer to an error, which no entry can replace. */

ngx_int_t
ngx_http_qc_step_error(ngx_http_qc_ctx_t *ctx)
{
    ctx->on_error = 0;
    ctx->running = 1;

    ngx_http_finalize_request(ctx->request, (ngx_int_t) ctx->failed_status);

    return NGX_DONE;
}
