
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * A zone in the layout of the Python library redis-s3-cache, see
 * core/qc_rsc.h.  Its record and its object are written one after the other,
 * each over what was there, by programs that know nothing of each other.
 * What is served is therefore what can be shown to be one answer:
 *
 *   record   object
 *   ours     with the id that is in the record
 *   theirs   without an id, of the length in the record, not older than the
 *            record lets an answer become; it is whole, and JSON
 *
 * Everything else is a miss, and the answer that is fetched then is written
 * over both.  Nothing is ever deleted: it may be of somebody else by then.
 */

#include "ngx_http_qc.h"

#include "../core/qc_gate.h"
#include "../core/qc_inflate.h"
#include "../core/qc_json.h"


/* Memory of a check: for each byte that may be held, and besides. */

#define NGX_HTTP_QC_RSC_RATIO  16
#define NGX_HTTP_QC_RSC_BASE   (64 * 1024)


static void *ngx_http_qc_rsc_alloc(void *ctx, size_t size);
static ngx_int_t ngx_http_qc_rsc_unpack(ngx_http_qc_ctx_t *ctx,
    ngx_pool_t *pool);


char *
ngx_http_qc_rsc_layout(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_qc_zone_t *zone = conf;

    ngx_str_t  *value;

    if (zone->has_layout) {
        return "is duplicate";
    }

    zone->has_layout = 1;

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "native") == 0) {
        return NGX_CONF_OK;
    }

    if (ngx_strcmp(value[1].data, "redis-s3-cache") != 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid layout \"%V\"; it must be \"native\" or "
                           "\"redis-s3-cache\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    zone->rsc = 1;
    zone->redis.conf.rsc = 1;
    zone->s3.rsc = 1;

    return NGX_CONF_OK;
}


/* The body as stored goes to memory: its length is known, and within hold. */

ngx_int_t
ngx_http_qc_rsc_begin(ngx_http_qc_ctx_t *ctx)
{
    u_char  *p;
    size_t   size;

    size = (size_t) ctx->op->record.stored;

    p = ngx_palloc(ctx->request->pool, size + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    qc_buf_init(&ctx->body, p, size);
    ctx->hold = 1;

    return NGX_OK;
}


ngx_int_t
ngx_http_qc_rsc_data(ngx_http_qc_ctx_t *ctx, ngx_chain_t *in)
{
    ngx_buf_t  *b;

    for ( /* void */ ; in; in = in->next) {
        b = in->buf;
        qc_buf_put(&ctx->body, b->pos, b->last - b->pos);
        b->pos = b->last;
    }

    return (qc_buf_status(&ctx->body) == QC_OK) ? NGX_OK : NGX_ERROR;
}


/* NGX_DONE, NGX_DECLINED (too big), NGX_ERROR */

ngx_int_t
ngx_http_qc_rsc_decode(ngx_http_qc_ctx_t *ctx)
{
    ngx_int_t    rc;
    ngx_pool_t  *pool;

    if (qc_buf_len(&ctx->body) != ctx->op->record.stored) {
        return NGX_ERROR;
    }

    pool = ngx_create_pool(NGX_DEFAULT_POOL_SIZE,
                           ctx->request->connection->log);
    if (pool == NULL) {
        return NGX_ERROR;
    }

    rc = ngx_http_qc_rsc_unpack(ctx, pool);

    ngx_destroy_pool(pool);

    return rc;
}


static ngx_int_t
ngx_http_qc_rsc_unpack(ngx_http_qc_ctx_t *ctx, ngx_pool_t *pool)
{
    u_char       *p;
    qc_rc_e       rc;
    qc_str_t      body, json;
    qc_arena_t    arena;
    qc_record_t  *rec;

    rec = &ctx->op->record;

    qc_arena_init(&arena, ngx_http_qc_rsc_alloc, pool,
                  NGX_HTTP_QC_RSC_BASE
                  + NGX_HTTP_QC_RSC_RATIO * ctx->zone->hold);

    rc = qc_inflate(qc_buf_written(&ctx->body), rec->coding, ctx->zone->hold,
                    0, &arena, &body);

    if (rc == QC_OK) {

        /* these frames need no checksum; its form is the better proof */

        rc = qc_json_canonical(body, NULL, &arena, &json);
    }

    if (rc == QC_NOSPACE) {
        return NGX_DECLINED;
    }

    if (rc != QC_OK) {
        return NGX_ERROR;
    }

    p = ngx_palloc(ctx->request->pool, body.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(p, body.data, body.len);

    /* what was stored may be large, and the client slow */

    (void) ngx_pfree(ctx->request->pool, ctx->body.start);

    rec->size = body.len;
    ctx->served.size = body.len;

    ctx->body.start = p;
    ctx->body.pos = p + body.len;
    ctx->body.end = p + body.len;

    return NGX_DONE;
}


static void *
ngx_http_qc_rsc_alloc(void *ctx, size_t size)
{
    return ngx_palloc(ctx, size);
}


/* What the library can read: JSON in UTF-8, and an answer without a status. */

qc_metric_e
ngx_http_qc_rsc_storable(ngx_http_qc_ctx_t *ctx, ngx_uint_t status)
{
    ngx_str_t  *type, *charset;

    if (status != NGX_HTTP_OK) {
        return QC_R_STATUS;
    }

    type = &ctx->request->headers_out.content_type;
    charset = &ctx->request->headers_out.charset;

    if (qc_gate_type(qc_str(type->data, type->len)) != QC_GATE_TYPE_JSON) {
        return QC_R_NOT_JSON;
    }

    if (charset->len
        && (charset->len != 5
            || ngx_strncasecmp(charset->data, (u_char *) "utf-8", 5) != 0))
    {
        return QC_R_NOT_JSON;
    }

    return QC_NO_METRIC;
}
