
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * What an answer has cost the upstream, whether that, and how often it was
 * asked for, makes it worth storing, and for how long.
 */

#include "ngx_http_qc.h"


static void ngx_http_qc_cost_field(void *data, qc_str_t name,
    qc_str_t value);
static void ngx_http_qc_cost_shorten(ngx_http_qc_ctx_t *ctx,
    ngx_http_qc_job_t *job);
static uint64_t ngx_http_qc_cost_way(ngx_http_qc_meta_op_t *found,
    const qc_record_t *rec);


/*
 * Of this run, in ms: until the upstream's header came, or as long as it says
 * that it took, if that is longer and may be true; if no upstream was asked,
 * until now.
 */

uint64_t
ngx_http_qc_cost(ngx_http_qc_ctx_t *ctx, qc_summary_t *summary)
{
    uint64_t              cost, took, said;
    ngx_http_upstream_t  *u;

    ngx_memzero(summary, sizeof(qc_summary_t));

    ngx_http_qc_each_field(ctx, ngx_http_qc_cost_field, summary);

    took = (ngx_msec_t) (ngx_current_msec - ctx->started_at);
    said = summary->elapsed / 1000000;
    cost = took;

    u = ngx_http_qc_upstream(ctx);

    if (u && u->state && u->state->header_time != (ngx_msec_t) -1) {
        cost = ngx_max(u->state->header_time, said);
    }

    return ngx_min(cost, took);
}


static void
ngx_http_qc_cost_field(void *data, qc_str_t name, qc_str_t value)
{
    if (qc_name_eq(name, qc_str("x-clickhouse-summary", 20))) {
        (void) qc_summary(value, data);
    }
}


/*
 * Before the upstream is run: what is asked for too seldom is not stored, and
 * nobody need wait for it.
 */

void
ngx_http_qc_admit(ngx_http_qc_ctx_t *ctx)
{
    ngx_uint_t  n;

    if (ctx->conf->fill.min_uses <= 1
        || ctx->admitted
        || ctx->entry
        || ctx->no_store
        || !ctx->keyed
        || ctx->status != NGX_HTTP_QC_STATUS_MISS
        || ctx->request->method == NGX_HTTP_HEAD)
    {
        return;
    }

    /* once, however often it waits for others and looks again */

    ctx->admitted = 1;

    n = ngx_http_qc_use(&ctx->zone->uses, NGX_HTTP_QC_USE_MISS, ctx->key);

    if (n < (ngx_uint_t) ctx->conf->fill.min_uses) {
        ctx->no_store = 1;
        ngx_http_qc_reason(ctx, QC_R_MIN_USES);
    }
}


/* The answer is whole: QC_NO_METRIC, or why it is not stored. */

qc_metric_e
ngx_http_qc_cost_done(ngx_http_qc_ctx_t *ctx)
{
    qc_record_t        *rec;
    qc_summary_t        summary;
    ngx_http_qc_job_t  *job;

    job = ctx->job;
    rec = &job->record;

    rec->cost = ngx_http_qc_cost(ctx, &summary);
    rec->rows = summary.rows;
    rec->bytes = summary.bytes;

    /* what is there already was admitted when it came */

    if (rec->cost < ctx->conf->fill.min_cost && !ctx->entry && !ctx->fill) {
        return QC_R_MIN_COST;
    }

    if (job->limit) {
        ngx_http_qc_cost_shorten(ctx, job);
    }

    return QC_NO_METRIC;
}


/* The way to an entry ends with it, but not before it did. */

static void
ngx_http_qc_cost_shorten(ngx_http_qc_ctx_t *ctx, ngx_http_qc_job_t *job)
{
    qc_record_t        *rec;
    ngx_http_qc_nvs_t  *nvs;

    rec = &job->record;

    ngx_http_qc_cost_times(ctx, rec, job->limit);

    if (job->marker.vary.len) {
        job->marker.stale = ngx_http_qc_cost_way(ctx->marker, rec);
        job->marker.fresh = job->marker.stale;
    }

    nvs = ctx->nvs;

    if (nvs && nvs->publish) {
        nvs->record.stale = ngx_http_qc_cost_way(nvs->found, rec);
        nvs->record.fresh = nvs->record.stale;
    }
}


static uint64_t
ngx_http_qc_cost_way(ngx_http_qc_meta_op_t *found, const qc_record_t *rec)
{
    return found ? ngx_max(found->record.stale, rec->stale) : rec->stale;
}


/* Its times, made for this lifetime, become those that its cost says. */

void
ngx_http_qc_cost_times(ngx_http_qc_ctx_t *ctx, qc_record_t *rec,
    uint64_t lifetime)
{
    uint64_t                  valid, less;
    ngx_http_qc_fill_conf_t  *fill;

    fill = &ctx->conf->fill;

    valid = qc_auto_ttl(rec->cost, fill->auto_factor, fill->auto_min,
                        fill->auto_max);

    less = lifetime - ngx_min(valid, lifetime);

    rec->fresh -= less;
    rec->stale -= less;
    rec->swr -= rec->swr ? less : 0;
    rec->sie -= rec->sie ? less : 0;
}


/* What a hit would have cost. */

void
ngx_http_qc_cost_saved(ngx_http_qc_ctx_t *ctx)
{
    qc_record_t          *rec;
    ngx_http_qc_stats_t  *stats;

    rec = &ctx->served;
    stats = &ctx->zone->stats;

    ngx_http_qc_count_add(stats, QC_SAVED_MS, rec->cost);
    ngx_http_qc_count_add(stats, QC_SAVED_ROWS, rec->rows);
    ngx_http_qc_count_add(stats, QC_SAVED_BYTES, rec->bytes);
}
