
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * Entries that are fetched anew before they are too old, while there is room
 * for it: the requests that run the upstream are counted here.
 */

#include "ngx_http_qc.h"


static qc_metric_e ngx_http_qc_early_why(ngx_http_qc_ctx_t *ctx);


/* Of a fresh entry that is about to be served; validates as for qc_reuse(). */

void
ngx_http_qc_early(ngx_http_qc_ctx_t *ctx, ngx_uint_t validates)
{
    qc_str_t             etag, modified;
    qc_metric_e          why;
    qc_record_t         *rec;
    ngx_http_qc_zone_t  *zone;

    zone = ctx->zone;
    rec = &ctx->op->record;

    if (ctx->request->method == NGX_HTTP_HEAD) {
        return;
    }

    why = ngx_http_qc_early_why(ctx);

    /* clients come first */

    if (why == QC_NO_METRIC
        || zone->nrunning + zone->nfills >= zone->fill_concurrency)
    {
        return;
    }

    ctx->reuse.validate = validates
                          && qc_validators(rec->status, rec->headers, &etag,
                                           &modified);

    if (ngx_http_qc_fill_start(ctx) == NGX_OK) {
        ngx_http_qc_count(&zone->stats, why);
    }
}


/* QC_NO_METRIC: it is not time yet. */

static qc_metric_e
ngx_http_qc_early_why(ngx_http_qc_ctx_t *ctx)
{
    int64_t                   left;
    uint32_t                  chance;
    uint64_t                  from;
    ngx_time_t               *tp;
    qc_record_t              *rec;
    const u_char             *name;
    ngx_http_qc_fill_conf_t  *fill;

    fill = &ctx->conf->fill;
    rec = &ctx->op->record;
    tp = ngx_timeofday();

    /* what another program has stored has no name of its own */

    name = ctx->op->theirs ? ctx->key : rec->object;

    /* what is old when it comes is no newer when it is fetched at once */

    from = ngx_max(rec->created, rec->started / 1000);

    if (fill->ahead
        && ngx_http_qc_use(&ctx->zone->uses, NGX_HTTP_QC_USE_HIT, name)
           >= fill->ahead_uses
        && qc_early_ahead(from, rec->fresh, (uint64_t) tp->sec, fill->ahead))
    {
        return QC_FILL_AHEAD;
    }

    if (fill->early) {
        left = ((int64_t) rec->fresh - tp->sec) * 1000 - (int64_t) tp->msec;

        /* each has 31 bits */

        chance = (uint32_t) ngx_random() << 16 ^ (uint32_t) ngx_random();

        if (qc_early(rec->cost, fill->early, left, chance)) {
            return QC_FILL_EARLY;
        }
    }

    return QC_NO_METRIC;
}


/*
 * The upstream is run for a client.  Fills are counted as such, and what is
 * no handler asks no upstream.
 */

void
ngx_http_qc_running_add(ngx_http_qc_ctx_t *ctx)
{
    if (ctx->handler && !ctx->fill && !ctx->counted) {
        ctx->counted = 1;
        ctx->zone->nrunning++;
    }
}


void
ngx_http_qc_running_sub(ngx_http_qc_ctx_t *ctx)
{
    if (ctx->counted) {
        ctx->counted = 0;
        ctx->zone->nrunning--;
    }
}
