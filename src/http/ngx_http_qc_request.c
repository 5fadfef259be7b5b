
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * The life of a request: the precontent handler wraps the content handler of
 * the location; everything then happens in the content phase, behind access
 * control, as steps of a table.  The upstream is run by the wrapped handler,
 * which finds the request as if nothing had been there.
 */

#include "ngx_http_qc.h"


/*
 * A step returns NGX_OK with ctx->step set to the next one, NGX_AGAIN to wait
 * for an event that calls ngx_http_qc_steps_run(), or NGX_DONE when the
 * request is not ours any more.
 */

typedef struct {
    const char                    *name;
    ngx_int_t                    (*handler)(ngx_http_qc_ctx_t *ctx);
} ngx_http_qc_step_t;


static void ngx_http_qc_redirected(ngx_http_request_t *r);
static void ngx_http_qc_cleanup(void *data);
static ngx_int_t ngx_http_qc_content_handler(ngx_http_request_t *r);
static void ngx_http_qc_body_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_qc_step_key(ngx_http_qc_ctx_t *ctx);
static void ngx_http_qc_persisted(ngx_http_qc_ctx_t *ctx);
static ngx_int_t ngx_http_qc_step_path(ngx_http_qc_ctx_t *ctx);
static ngx_int_t ngx_http_qc_step_lookup(ngx_http_qc_ctx_t *ctx);
static ngx_int_t ngx_http_qc_get(ngx_http_qc_ctx_t *ctx,
    ngx_http_qc_meta_op_t *op, ngx_http_qc_step_e next);
static void ngx_http_qc_lookup_done(ngx_http_qc_meta_op_t *op);
static ngx_int_t ngx_http_qc_only_if_cached(ngx_http_qc_ctx_t *ctx);


static ngx_http_qc_step_t  ngx_http_qc_steps[] = {
    { "key", ngx_http_qc_step_key },
    { "path", ngx_http_qc_step_path },
    { "rule", ngx_http_qc_step_rule },
    { "lookup", ngx_http_qc_step_lookup },
    { "record", ngx_http_qc_step_record },
    { "checked", ngx_http_qc_step_checked },
    { "reuse", ngx_http_qc_step_reuse },
    { "serve", ngx_http_qc_step_serve },
    { "live", ngx_http_qc_step_live },
    { "open", ngx_http_qc_step_open },
    { "opened", ngx_http_qc_step_opened },
    { "send", ngx_http_qc_step_send },
    { "finish", ngx_http_qc_step_finish },
    { "lock", ngx_http_qc_step_lock },
    { "woken", ngx_http_qc_step_woken },
    { "asked", ngx_http_qc_step_asked },
    { "told", ngx_http_qc_step_told },
    { "slow", ngx_http_qc_step_slow },
    { "upstream", ngx_http_qc_step_upstream },
    { "error", ngx_http_qc_step_error }
};


ngx_int_t
ngx_http_qc_precontent_handler(ngx_http_request_t *r)
{
    ngx_http_qc_ctx_t       *ctx;
    ngx_http_qc_zone_t      *zone;
    ngx_http_qc_loc_conf_t  *qlcf;

    if (r != r->main) {
        return NGX_DECLINED;
    }

    if (r->internal) {
        ngx_http_qc_redirected(r);
    }

    if (ngx_http_qc_explained(r)) {
        return ngx_http_qc_explain_handler(r);
    }

    qlcf = ngx_http_get_module_loc_conf(r, ngx_http_query_cache_module);

    if (qlcf->zone == NULL && qlcf->zone_name == NULL) {
        return NGX_DECLINED;
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_query_cache_module);

    if (ctx && r->content_handler == ngx_http_qc_content_handler) {
        return NGX_DECLINED;
    }

    zone = ngx_http_qc_request_zone(r, qlcf);
    if (zone == NULL) {
        return NGX_DECLINED;
    }

    ctx = ngx_http_qc_create_ctx(r, zone, qlcf);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->status = NGX_HTTP_QC_STATUS_BYPASS;

    if (!(ngx_http_qc_method(r) & qlcf->methods)) {
        ctx->no_store = 1;
        ngx_http_qc_count(&zone->stats, QC_BYPASS);
        ngx_http_qc_reason(ctx, QC_R_METHOD);
        return NGX_DECLINED;
    }

    /* before it is read, so that it may still be passed on as it comes */

    if (r->headers_in.content_length_n > (off_t) qlcf->max_request_body) {
        ctx->no_store = 1;
        ngx_http_qc_count(&zone->stats, QC_BYPASS);
        ngx_http_qc_reason(ctx, QC_R_BODY_SIZE);
        return NGX_DECLINED;
    }

    ctx->status = NGX_HTTP_QC_STATUS_NONE;
    ctx->handler = r->content_handler;
    r->content_handler = ngx_http_qc_content_handler;

    return NGX_DECLINED;
}


/* QUERY (RFC 10008) is not among those nginx knows: by its name. */

ngx_uint_t
ngx_http_qc_method(ngx_http_request_t *r)
{
    if (r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD|NGX_HTTP_POST)) {
        return r->method;
    }

    return (r->method_name.len == 5
            && ngx_strncmp(r->method_name.data, "QUERY", 5) == 0)
           ? NGX_HTTP_QC_QUERY : 0;
}


ngx_http_qc_zone_t *
ngx_http_qc_request_zone(ngx_http_request_t *r, ngx_http_qc_loc_conf_t *qlcf)
{
    ngx_str_t                 name;
    ngx_http_qc_zone_t       *zone;
    ngx_http_qc_main_conf_t  *qmcf;

    if (qlcf->zone || qlcf->zone_name == NULL) {
        return qlcf->zone;
    }

    if (ngx_http_complex_value(r, qlcf->zone_name, &name) != NGX_OK) {
        return NULL;
    }

    if (name.len == 0 || (name.len == 3 && ngx_strncmp(name.data, "off", 3)
                                           == 0))
    {
        return NULL;
    }

    qmcf = ngx_http_get_module_main_conf(r, ngx_http_query_cache_module);

    zone = ngx_http_qc_zone_find(qmcf, &name);

    if (zone == NULL) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "unknown query cache zone \"%V\"", &name);
    }

    return zone;
}


ngx_http_qc_ctx_t *
ngx_http_qc_create_ctx(ngx_http_request_t *r, ngx_http_qc_zone_t *zone,
    ngx_http_qc_loc_conf_t *qlcf)
{
    ngx_http_qc_ctx_t   *ctx;
    ngx_pool_cleanup_t  *cln;

    ctx = ngx_pcalloc(r->pool, sizeof(ngx_http_qc_ctx_t));
    if (ctx == NULL) {
        return NULL;
    }

    cln = ngx_pool_cleanup_add(r->pool, 0);
    if (cln == NULL) {
        return NULL;
    }

    cln->handler = ngx_http_qc_cleanup;
    cln->data = ctx;

    ctx->request = r;
    ctx->zone = zone;
    ctx->conf = qlcf;
    ctx->reason = QC_NO_METRIC;
    ctx->upstream = r->upstream;
    ctx->err_status = r->err_status;
    ctx->error_page = (r->err_status != 0);

    ngx_http_qc_note_headers(ctx);

    ngx_http_set_ctx(r, ctx, ngx_http_query_cache_module);

    return ctx;
}


/*
 * What an earlier location was asked for is not what will be answered, and
 * nobody need wait for it.  Its context is not the request's any more.
 */

static void
ngx_http_qc_redirected(ngx_http_request_t *r)
{
    ngx_http_qc_ctx_t   *ctx;
    ngx_pool_cleanup_t  *cln;

    for (cln = r->pool->cleanup; cln; cln = cln->next) {

        if (cln->handler != ngx_http_qc_cleanup) {
            continue;
        }

        ctx = cln->data;

        ngx_http_qc_running_sub(ctx);

        if (ctx->running) {
            ngx_http_qc_outcome_left(ctx);
            ngx_http_qc_outcome(ctx, 0);
        }

        if (ctx->lock.token) {
            ngx_http_qc_unstorable(ctx, QC_R_STATUS);
        }
    }
}


/*
 * Redirects and error pages take the context from the request, but this is
 * called in any case.
 */

static void
ngx_http_qc_cleanup(void *data)
{
    ngx_http_qc_ctx_t *ctx = data;

    ngx_http_qc_job_t  *job;

    if (ctx->op && ctx->op->pending) {
        ctx->zone->meta->cancel(ctx->op);
    }

    if (ctx->running) {
        ngx_http_qc_outcome_left(ctx);
    }

    ngx_http_qc_query_free(ctx);
    ngx_http_qc_hit_cleanup(ctx);
    ngx_http_qc_collapse_cleanup(ctx);
    ngx_http_qc_running_sub(ctx);

    job = ctx->job;

    if (job == NULL) {
        return;
    }

    ctx->job = NULL;

    /* post_action has taken the context from the log phase */

    if (job->complete) {
        ngx_http_qc_job_submit(job);

    } else {
        ngx_http_qc_lock_release(&job->lock, ngx_http_qc_unanswered(ctx));
        ngx_http_qc_job_destroy(job);
    }
}


static ngx_int_t
ngx_http_qc_content_handler(ngx_http_request_t *r)
{
    ngx_int_t  rc;

    rc = ngx_http_read_client_request_body(r, ngx_http_qc_body_handler);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    return NGX_DONE;
}


static void
ngx_http_qc_body_handler(ngx_http_request_t *r)
{
    ngx_http_qc_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_query_cache_module);

    if (ctx == NULL) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    ctx->step = NGX_HTTP_QC_KEY;

    ngx_http_qc_steps_run(ctx);
}


void
ngx_http_qc_steps_run(ngx_http_qc_ctx_t *ctx)
{
    ngx_int_t  rc;

    do {
        ngx_log_debug1(NGX_LOG_DEBUG_HTTP, ctx->request->connection->log, 0,
                       "query cache step: %s",
                       ngx_http_qc_steps[ctx->step].name);

        rc = ngx_http_qc_steps[ctx->step].handler(ctx);

    } while (rc == NGX_OK);
}


/* The write event handler of a request for which there is news. */

void
ngx_http_qc_resume(ngx_http_request_t *r)
{
    ngx_http_qc_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_query_cache_module);

    if (ctx == NULL) {
        ngx_http_finalize_request(r, NGX_ERROR);
        return;
    }

    r->write_event_handler = ngx_http_request_empty_handler;

    ngx_http_qc_steps_run(ctx);
}


/* The upstream, if it is run, is run from now on. */

void
ngx_http_qc_begin(ngx_http_qc_ctx_t *ctx)
{
    ngx_time_t  *tp;

    tp = ngx_timeofday();

    ctx->started = tp->sec;
    ctx->started_ms = tp->msec;
    ctx->started_at = ngx_current_msec;
}


static ngx_int_t
ngx_http_qc_step_key(ngx_http_qc_ctx_t *ctx)
{
    ngx_int_t    rc;

    ngx_http_qc_begin(ctx);

    rc = ngx_http_qc_make_key(ctx);

    if (rc == NGX_DECLINED) {
        ctx->no_store = 1;
        return ngx_http_qc_miss(ctx, NGX_HTTP_QC_STATUS_BYPASS,
                                ctx->query->q.reason);
    }

    if (rc != NGX_OK) {
        ctx->no_store = 1;
        return ngx_http_qc_miss(ctx, NGX_HTTP_QC_STATUS_BYPASS, QC_R_KEY);
    }

    ctx->keyed = 1;

    ngx_http_qc_read_client(ctx);

    if (ctx->query->q.fallback) {
        ngx_http_qc_count(&ctx->zone->stats, QC_KEY_RAW);

    } else if (ctx->conf->rules.normalize) {
        ngx_http_qc_count(&ctx->zone->stats, QC_KEY_NORMALIZED);
    }

    if (ctx->query->q.hashed) {
        ngx_http_qc_persisted(ctx);
    }

    rc = ngx_http_test_predicates(ctx->request, ctx->conf->bypass);

    if (rc == NGX_ERROR) {
        ctx->no_store = 1;
        return ngx_http_qc_miss(ctx, NGX_HTTP_QC_STATUS_BYPASS, QC_R_KEY);
    }

    if (rc == NGX_DECLINED) {
        return ngx_http_qc_miss(ctx, NGX_HTTP_QC_STATUS_BYPASS, QC_R_BYPASS);
    }

    ctx->step = ctx->nvs ? NGX_HTTP_QC_PATH : NGX_HTTP_QC_LOOKUP;

    return NGX_OK;
}


/*
 * A hash alone may stand for a mutation.  GET cannot ask for one; for others,
 * the document must have been seen here.
 */

static void
ngx_http_qc_persisted(ngx_http_qc_ctx_t *ctx)
{
    ngx_uint_t   seen;
    qc_query_t  *q;

    q = &ctx->query->q;

    seen = ngx_http_qc_mark_test(&ctx->zone->marks, NGX_HTTP_QC_MARK_QUERY,
                                 q->hash);

    if (q->document && !seen) {
        ngx_http_qc_mark_set(&ctx->zone->marks, NGX_HTTP_QC_MARK_QUERY,
                             q->hash, NGX_HTTP_QC_PERSISTED_TIME);
    }

    if (!q->document && !seen
        && (ngx_http_qc_method(ctx->request)
            & (NGX_HTTP_POST|NGX_HTTP_QC_QUERY)))
    {
        ctx->no_store = 1;
    }
}


/* What arguments matter to answers of this path. */

static ngx_int_t
ngx_http_qc_step_path(ngx_http_qc_ctx_t *ctx)
{
    ngx_http_qc_meta_op_t  *op;

    op = ngx_http_qc_lookup_op(ctx, ngx_http_qc_lookup_done);

    if (op) {
        ngx_memcpy(op->key, ctx->nvs->path, QC_KEY_LEN);
        op->scoped = 0;
    }

    return ngx_http_qc_get(ctx, op, NGX_HTTP_QC_RULE);
}


static ngx_int_t
ngx_http_qc_step_lookup(ngx_http_qc_ctx_t *ctx)
{
    ngx_http_qc_meta_op_t  *op;

    if (ngx_http_qc_mark_test(&ctx->zone->marks, NGX_HTTP_QC_MARK_MISS,
                              ctx->key))
    {
        return ngx_http_qc_miss(ctx, NGX_HTTP_QC_STATUS_MISS,
                                QC_R_HIT_FOR_MISS);
    }

    ctx->looked = ngx_current_msec;

    op = ngx_http_qc_lookup_op(ctx, ngx_http_qc_lookup_done);

    return ngx_http_qc_get(ctx, op, NGX_HTTP_QC_RECORD);
}


static ngx_int_t
ngx_http_qc_get(ngx_http_qc_ctx_t *ctx, ngx_http_qc_meta_op_t *op,
    ngx_http_qc_step_e next)
{
    ngx_http_request_t  *r;

    r = ctx->request;

    if (op == NULL) {
        ctx->no_store = 1;
        return ngx_http_qc_miss(ctx, NGX_HTTP_QC_STATUS_MISS,
                                QC_R_META_ERROR);
    }

    ctx->step = next;

    ctx->rc = ctx->zone->meta->get(ctx->zone->meta, op);

    if (ctx->rc == NGX_AGAIN) {

        /* a client that has only ended its side gets its answer */

        r->read_event_handler = ngx_http_block_reading;
        r->write_event_handler = ngx_http_request_empty_handler;
        return NGX_AGAIN;
    }

    return NGX_OK;
}


ngx_http_qc_meta_op_t *
ngx_http_qc_lookup_op(ngx_http_qc_ctx_t *ctx,
    void (*done)(ngx_http_qc_meta_op_t *op))
{
    ngx_http_qc_meta_op_t  *op;

    op = ngx_palloc(ctx->request->pool, sizeof(ngx_http_qc_meta_op_t));
    if (op == NULL) {
        return NULL;
    }

    ngx_memcpy(op->key, ctx->key, QC_KEY_LEN);
    op->theirs = 0;
    op->epoch = 0;
    op->scoped = (ctx->conf->invalidate && !ctx->zone->rsc);
    op->reason = QC_NO_METRIC;
    op->done = done;
    op->data = ctx;
    op->log = ctx->request->connection->log;
    op->pending = NULL;

    /* what cannot be checked must not be found */

    if (op->scoped && ngx_http_qc_scope(ctx, op->scope) != NGX_OK) {
        return NULL;
    }

    ctx->op = op;

    return op;
}


static void
ngx_http_qc_lookup_done(ngx_http_qc_meta_op_t *op)
{
    ngx_connection_t    *c;
    ngx_http_qc_ctx_t   *ctx;
    ngx_http_request_t  *r;

    ctx = op->data;
    r = ctx->request;
    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    op->pending = NULL;
    ctx->rc = op->rc;

    ngx_http_qc_steps_run(ctx);

    ngx_http_run_posted_requests(c);
}


/* The upstream is to answer, or what another fetches from it. */

ngx_int_t
ngx_http_qc_miss(ngx_http_qc_ctx_t *ctx, ngx_http_qc_status_e status,
    qc_metric_e reason)
{
    ctx->status = status;
    ctx->step = NGX_HTTP_QC_LOCK;

    ngx_http_qc_reason(ctx, reason);

    if (ctx->client.only_if_cached && status != NGX_HTTP_QC_STATUS_BYPASS) {
        return ngx_http_qc_only_if_cached(ctx);
    }

    return NGX_OK;
}


void
ngx_http_qc_count_miss(ngx_http_qc_ctx_t *ctx)
{
    switch (ctx->status) {
    case NGX_HTTP_QC_STATUS_BYPASS:
        ngx_http_qc_count(&ctx->zone->stats, QC_BYPASS);
        break;
    case NGX_HTTP_QC_STATUS_EXPIRED:
        ngx_http_qc_count(&ctx->zone->stats, QC_EXPIRED);
        break;
    default:
        ngx_http_qc_count(&ctx->zone->stats, QC_MISS);
    }
}


/* RFC 9111 section 5.2.1.7 */

static ngx_int_t
ngx_http_qc_only_if_cached(ngx_http_qc_ctx_t *ctx)
{
    ngx_http_qc_count_miss(ctx);

    ngx_http_finalize_request(ctx->request, NGX_HTTP_GATEWAY_TIME_OUT);

    return NGX_DONE;
}
