
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * Answers that vary: under the key of a request lies a marker, which names
 * fields, and under keys made of it and of the values of these fields lie
 * the answers.  Whoever finds no marker finds none of them.
 */

#include "ngx_http_qc.h"

#include <openssl/rand.h>


static void ngx_http_qc_vary_field(void *data, qc_str_t name,
    qc_str_t value);
static void ngx_http_qc_vary_known(ngx_http_qc_ctx_t *ctx, qc_vary_t *v);
static ngx_uint_t ngx_http_qc_vary_keyed(ngx_http_qc_ctx_t *ctx,
    qc_str_t name);
static ngx_int_t ngx_http_qc_vary_key(ngx_http_qc_ctx_t *ctx, qc_str_t names,
    const u_char *primary, u_char *key);
static ngx_int_t ngx_http_qc_vary_marker(ngx_http_qc_ctx_t *ctx,
    ngx_http_qc_job_t *job, qc_str_t names);


/* The marker has been found: its variant is looked up next. */

ngx_int_t
ngx_http_qc_variant(ngx_http_qc_ctx_t *ctx)
{
    if (ctx->variant) {
        return NGX_DECLINED;
    }

    ngx_memcpy(ctx->primary, ctx->key, QC_KEY_LEN);

    ctx->variant = 1;
    ctx->marker = ctx->op;

    return ngx_http_qc_vary_key(ctx, ctx->op->record.vary, ctx->primary,
                                ctx->key);
}


/*
 * Chooses the key of an answer, whose record has its times already, and whose
 * job the primary key.  Fields that other answers vary by stay: one fewer
 * would find another's variant.
 */

ngx_int_t
ngx_http_qc_vary(ngx_http_qc_ctx_t *ctx, ngx_http_qc_job_t *job)
{
    qc_str_t     names;
    qc_vary_t    v;

    qc_vary_init(&v);

    if (!(ctx->conf->fresh.ignore & QC_IGNORE_VARY)) {
        ngx_http_qc_each_field(ctx, ngx_http_qc_vary_field, &v);
    }

    ngx_http_qc_vary_known(ctx, &v);

    if (ctx->marker) {
        (void) qc_vary_merge(&v, ctx->marker->record.vary);
    }

    if (v.bad) {
        return NGX_DECLINED;
    }

    names = qc_vary_names(&v);

    if (names.len == 0) {
        ngx_memcpy(job->key, job->primary, QC_KEY_LEN);
        return NGX_OK;
    }

    if (ctx->zone->rsc) {
        return NGX_DECLINED;
    }

    if (ngx_http_qc_vary_key(ctx, names, job->primary, job->key) != NGX_OK) {
        return NGX_DECLINED;
    }

    return ngx_http_qc_vary_marker(ctx, job, names);
}


static void
ngx_http_qc_vary_field(void *data, qc_str_t name, qc_str_t value)
{
    qc_vary_t *v = data;

    if (qc_name_eq(name, qc_str("vary", 4))) {
        qc_vary_add(v, value);
    }
}


/*
 * Some make no variants: what is stored is plain, whatever the client would
 * have accepted, and who asks is in the key as it is.
 */

static void
ngx_http_qc_vary_known(ngx_http_qc_ctx_t *ctx, qc_vary_t *v)
{
    ngx_uint_t  i;

    static qc_str_t  asking[] = {
        qc_string("authorization"),
        qc_string("cookie")
    };

    if (ctx->conf->upstream_encoding) {
        qc_vary_drop(v, qc_str("accept-encoding", 15));
    }

    for (i = 0; i < 2; i++) {
        if (ngx_http_qc_vary_keyed(ctx, asking[i])) {
            qc_vary_drop(v, asking[i]);
        }
    }
}


/* Not if all or some of it is shared, or another part is in its place. */

static ngx_uint_t
ngx_http_qc_vary_keyed(ngx_http_qc_ctx_t *ctx, qc_str_t name)
{
    size_t         i;
    qc_request_t  *request;

    request = &ctx->query->request;

    if (qc_query_shares(&ctx->conf->rules, name)
        || (name.len == 6 && ctx->conf->rules.share.cookies.n))
    {
        return 0;
    }

    for (i = 0; i < request->nparts; i++) {
        if (qc_name_eq(request->parts[i].name, name)) {
            return 0;
        }
    }

    return 1;
}


static ngx_int_t
ngx_http_qc_vary_key(ngx_http_qc_ctx_t *ctx, qc_str_t names,
    const u_char *primary, u_char *key)
{
    qc_request_t             *request;
    ngx_http_qc_main_conf_t  *qmcf;

    qmcf = ngx_http_get_module_main_conf(ctx->request,
                                         ngx_http_query_cache_module);
    request = &ctx->query->request;

    return (qc_vary_key(names, primary, request->headers, request->nheaders,
                        &qmcf->sha256, key)
            == QC_OK)
           ? NGX_OK : NGX_DECLINED;
}


/* One is there as long as the last of its variants. */

static ngx_int_t
ngx_http_qc_vary_marker(ngx_http_qc_ctx_t *ctx, ngx_http_qc_job_t *job,
    qc_str_t names)
{
    u_char       *p;
    qc_record_t  *rec, *old;

    old = ctx->marker ? &ctx->marker->record : NULL;

    if (old && qc_str_eq(old->vary, names)
        && old->stale >= job->record.stale)
    {
        return NGX_OK;
    }

    p = ngx_pnalloc(job->pool, names.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(p, names.data, names.len);

    rec = &job->marker;

    rec->status = NGX_HTTP_OK;
    rec->created = job->record.created;
    rec->started = job->record.started;
    rec->fresh = job->record.stale;
    rec->stale = job->record.stale;
    rec->epoch = job->record.epoch;
    rec->coding = QC_CODING_NONE;
    rec->vary = qc_str(p, names.len);

    return (RAND_bytes(rec->object, QC_OBJECT_ID_LEN) == 1) ? NGX_OK
                                                            : NGX_ERROR;
}
