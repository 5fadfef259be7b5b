
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * An answer without a body that says something of an entry: 304 (RFC 9111
 * section 4.3.4), and that to HEAD (section 4.3.5).  The metadata follows it,
 * the body stays where it is.
 */

#include "ngx_http_qc.h"


typedef struct {
    qc_str_t                       name;
    ngx_uint_t                     found;
} ngx_http_qc_validate_has_t;


static ngx_int_t ngx_http_qc_validate_fields(ngx_http_qc_ctx_t *ctx,
    qc_buf_t *b);
static ngx_int_t ngx_http_qc_validate_update(ngx_http_qc_ctx_t *ctx,
    qc_str_t update);
static ngx_int_t ngx_http_qc_validate_keep(ngx_http_qc_ctx_t *ctx,
    qc_fresh_t *fresh, qc_str_t merged);
static ngx_uint_t ngx_http_qc_validate_vary(qc_str_t stored,
    qc_str_t merged);
static void ngx_http_qc_validate_names(qc_vary_t *v, qc_str_t block);
static void ngx_http_qc_validate_fresh(ngx_http_qc_ctx_t *ctx,
    qc_fresh_t *fresh, qc_str_t merged);
static void ngx_http_qc_validate_has(void *data, qc_str_t name,
    qc_str_t value);
static void ngx_http_qc_validate_field(void *data, qc_str_t name,
    qc_str_t value);
static ngx_uint_t ngx_http_qc_validate_birth(const qc_record_t *rec,
    qc_str_t name, qc_str_t value);
static void ngx_http_qc_validate_publish(ngx_http_qc_ctx_t *ctx);


/* NGX_OK: the entry is the answer; NGX_DECLINED: this is about another one. */

ngx_int_t
ngx_http_qc_validated(ngx_http_qc_ctx_t *ctx)
{
    qc_buf_t      b;
    qc_str_t      update;
    qc_record_t  *rec;

    rec = &ctx->op->record;

    if (ngx_http_qc_validate_fields(ctx, &b) != NGX_OK) {
        return NGX_DECLINED;
    }

    update = qc_buf_written(&b);

    if (!qc_merge_validates(rec->headers, update)) {
        return NGX_DECLINED;
    }

    ctx->status = NGX_HTTP_QC_STATUS_REVALIDATED;

    if (ngx_http_qc_validate_update(ctx, update) != NGX_OK) {
        ngx_http_qc_drop(ctx->zone, ctx->key, rec->object);
    }

    return NGX_OK;
}


/* HEAD was not answered here, so what is here is due to be fetched anew. */

void
ngx_http_qc_head_answered(ngx_http_qc_ctx_t *ctx)
{
    off_t                length;
    qc_buf_t             b;
    qc_str_t             update;
    qc_record_t         *rec;
    ngx_http_request_t  *r;

    r = ctx->request;
    rec = &ctx->op->record;
    length = r->headers_out.content_length_n;

    /* of coded answers the length is another one */

    if (r->headers_out.status != rec->status
        || ctx->op->theirs
        || ctx->no_store
        || r->headers_out.content_encoding
        || ngx_http_qc_validate_fields(ctx, &b) != NGX_OK)
    {
        return;
    }

    update = qc_buf_written(&b);

    if (!qc_merge_same(rec->headers, rec->size, update, length >= 0,
                       (uint64_t) length)
        || ngx_http_qc_validate_update(ctx, update) != NGX_OK)
    {
        ngx_http_qc_drop(ctx->zone, ctx->key, rec->object);
    }
}


static ngx_int_t
ngx_http_qc_validate_fields(ngx_http_qc_ctx_t *ctx, qc_buf_t *b)
{
    u_char  *p;

    p = ngx_pnalloc(ctx->request->pool, QC_HEADERS_MAX);
    if (p == NULL) {
        return NGX_ERROR;
    }

    qc_buf_init(b, p, QC_HEADERS_MAX);

    return ngx_http_qc_collect_headers(ctx, NULL, b);
}


/* NGX_DECLINED: the answer says that it must not be stored any longer. */

static ngx_int_t
ngx_http_qc_validate_update(ngx_http_qc_ctx_t *ctx, qc_str_t update)
{
    u_char       *p;
    qc_buf_t      b;
    qc_fresh_t    fresh;
    qc_record_t  *rec;

    rec = &ctx->op->record;

    p = ngx_pnalloc(ctx->request->pool, QC_HEADERS_MAX);
    if (p == NULL) {
        return NGX_OK;
    }

    qc_buf_init(&b, p, QC_HEADERS_MAX);

    /* what has no room leaves the entry as it is: due again next time */

    if (qc_merge_headers(rec->headers, update, &b) != QC_OK) {
        return NGX_OK;
    }

    /* other variants would have other keys */

    if (!(ctx->conf->fresh.ignore & QC_IGNORE_VARY)
        && !ngx_http_qc_validate_vary(rec->headers, qc_buf_written(&b)))
    {
        return NGX_DECLINED;
    }

    if (ngx_http_qc_nvs_changed(ctx)) {
        return NGX_DECLINED;
    }

    ngx_http_qc_validate_fresh(ctx, &fresh, qc_buf_written(&b));

    if (ngx_http_qc_decide(ctx, &fresh, (ngx_uint_t) rec->status)
        != QC_NO_METRIC)
    {
        return NGX_DECLINED;
    }

    return ngx_http_qc_validate_keep(ctx, &fresh, qc_buf_written(&b));
}


/* Whether it still varies by the same fields. */

static ngx_uint_t
ngx_http_qc_validate_vary(qc_str_t stored, qc_str_t merged)
{
    qc_vary_t  before, after;

    ngx_http_qc_validate_names(&before, stored);
    ngx_http_qc_validate_names(&after, merged);

    return !after.bad
           && qc_str_eq(qc_vary_names(&before), qc_vary_names(&after));
}


static void
ngx_http_qc_validate_names(qc_vary_t *v, qc_str_t block)
{
    qc_str_t  name, value;

    qc_vary_init(v);

    while (qc_headers_next(&block, &name, &value) == QC_OK) {
        if (qc_name_eq(name, qc_str("vary", 4))) {
            qc_vary_add(v, value);
        }
    }
}


/* By what is said now, kept from clients or not; or else by what was. */

static void
ngx_http_qc_validate_fresh(ngx_http_qc_ctx_t *ctx, qc_fresh_t *fresh,
    qc_str_t merged)
{
    qc_str_t                    name, value;
    ngx_http_qc_validate_has_t  has;

    qc_fresh_init(fresh, &ctx->conf->fresh);

    while (qc_headers_next(&merged, &name, &value) == QC_OK) {

        has.name = name;
        has.found = 0;

        ngx_http_qc_each_field(ctx, ngx_http_qc_validate_has, &has);

        if (!has.found && !qc_name_eq(name, qc_str("date", 4))) {
            qc_fresh_field(fresh, name, value);
        }
    }

    ngx_http_qc_each_field(ctx, ngx_http_qc_validate_field, fresh);
}


static void
ngx_http_qc_validate_has(void *data, qc_str_t name, qc_str_t value)
{
    ngx_http_qc_validate_has_t *has = data;

    has->found |= qc_name_eq(name, has->name);
}


/* A cookie is for this client, and says nothing of the entry. */

static void
ngx_http_qc_validate_field(void *data, qc_str_t name, qc_str_t value)
{
    if (!qc_name_eq(name, qc_str("set-cookie", 10))) {
        qc_fresh_field(data, name, value);
    }
}


static ngx_int_t
ngx_http_qc_validate_keep(ngx_http_qc_ctx_t *ctx, qc_fresh_t *fresh,
    qc_str_t merged)
{
    u_char       *p;
    qc_buf_t      b;
    qc_str_t      name, value;
    qc_record_t  *rec;

    rec = &ctx->op->record;

    p = ngx_pnalloc(ctx->request->pool, QC_HEADERS_MAX);
    if (p == NULL) {
        return NGX_OK;
    }

    qc_buf_init(&b, p, QC_HEADERS_MAX);

    ngx_http_qc_times(rec, fresh);

    if (fresh->limited) {
        ngx_http_qc_cost_times(ctx, rec, fresh->lifetime);
    }

    while (qc_headers_next(&merged, &name, &value) == QC_OK) {
        if (qc_fresh_keeps(fresh, name)
            && !ngx_http_qc_validate_birth(rec, name, value))
        {
            qc_headers_add(&b, name, value);
        }
    }

    rec->headers = qc_buf_written(&b);
    rec->started = (uint64_t) ctx->started * 1000 + ctx->started_ms;
    rec->epoch = ctx->epoch;

    if (!ctx->no_store) {
        ngx_http_qc_validate_publish(ctx);
    }

    return NGX_OK;
}


/* A Date that is in the record already. */

static ngx_uint_t
ngx_http_qc_validate_birth(const qc_record_t *rec, qc_str_t name,
    qc_str_t value)
{
    return qc_name_eq(name, qc_str("date", 4))
           && ngx_parse_http_time((u_char *) value.data, value.len)
              == (time_t) rec->created;
}


static void
ngx_http_qc_validate_publish(ngx_http_qc_ctx_t *ctx)
{
    qc_record_t  *rec, *marker;

    rec = &ctx->op->record;

    ngx_http_qc_refresh(ctx->zone, ctx->key, rec, &ctx->lock);
    ngx_http_qc_nvs_extend(ctx, rec);

    if (ctx->marker == NULL || ctx->marker->record.stale >= rec->stale) {
        return;
    }

    /* the way to it must not end before it does */

    marker = &ctx->marker->record;

    marker->started = rec->started;
    marker->fresh = rec->stale;
    marker->stale = rec->stale;
    marker->epoch = rec->epoch;

    ngx_http_qc_refresh(ctx->zone, ctx->primary, marker, NULL);
}
