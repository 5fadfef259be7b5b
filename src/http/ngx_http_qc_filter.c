
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * The first of all filters: it sees an answer whole and plain, before
 * ranges, conditions, compression and whatever else is applied.
 */

#include "ngx_http_qc.h"


static ngx_int_t ngx_http_qc_filter_init(ngx_conf_t *cf);
static ngx_int_t ngx_http_qc_header_filter(ngx_http_request_t *r);
static ngx_int_t ngx_http_qc_accept_query(ngx_http_request_t *r);
static ngx_int_t ngx_http_qc_body_filter(ngx_http_request_t *r,
    ngx_chain_t *in);
static void ngx_http_qc_silence(ngx_http_qc_ctx_t *ctx);


static ngx_http_output_header_filter_pt  ngx_http_qc_next_header_filter;
ngx_http_output_body_filter_pt           ngx_http_qc_next_body_filter;


static ngx_http_module_t  ngx_http_query_cache_filter_module_ctx = {
    NULL,                                  /* preconfiguration */
    ngx_http_qc_filter_init,               /* postconfiguration */

    NULL,                                  /* create main conf */
    NULL,                                  /* init main conf */

    NULL,                                  /* create server conf */
    NULL,                                  /* merge server conf */

    NULL,                                  /* create location conf */
    NULL                                   /* merge location conf */
};


ngx_module_t  ngx_http_query_cache_filter_module = {
    NGX_MODULE_V1,
    &ngx_http_query_cache_filter_module_ctx,   /* module context */
    NULL,                                  /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_int_t
ngx_http_qc_filter_init(ngx_conf_t *cf)
{
    ngx_http_qc_main_conf_t  *qmcf;

    qmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_query_cache_module);

    if (!qmcf->used) {
        return NGX_OK;
    }

    ngx_http_qc_next_header_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = ngx_http_qc_header_filter;

    ngx_http_qc_next_body_filter = ngx_http_top_body_filter;
    ngx_http_top_body_filter = ngx_http_qc_body_filter;

    return NGX_OK;
}


static ngx_int_t
ngx_http_qc_header_filter(ngx_http_request_t *r)
{
    ngx_int_t           rc;
    ngx_http_qc_ctx_t  *ctx;

    if (r != r->main) {
        rc = ngx_http_qc_fill_header_filter(r);

        if (rc == NGX_DECLINED) {
            rc = ngx_http_qc_cancel_header_filter(r);
        }

        if (rc == NGX_DECLINED) {
            rc = ngx_http_qc_s3_header_filter(r);
        }

        return (rc == NGX_DECLINED) ? ngx_http_qc_next_header_filter(r) : rc;
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_query_cache_module);

    if (ctx && ctx->running) {
        rc = ngx_http_qc_answered(ctx);

        if (rc != NGX_DECLINED) {
            return rc;
        }
    }

    if (ctx && ctx->running && ctx->job == NULL) {
        ngx_http_qc_capture_start(ctx);

        if (ctx->job == NULL) {
            ngx_http_qc_outcome(ctx, 0);
            ngx_http_qc_unstorable(ctx, ctx->reason);
        }

        if (ctx->job && ctx->job->record.coding != QC_CODING_NONE
            && ngx_http_qc_coding_vary(ctx) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (ctx && !ctx->hit) {
        ngx_http_qc_invalidate(ctx);
    }

    if (ctx && ctx->left) {
        return ngx_http_qc_run_header(ctx);
    }

    if (ngx_http_qc_accept_query(r) != NGX_OK
        || (ctx && ngx_http_qc_cache_status(ctx) != NGX_OK))
    {
        return NGX_ERROR;
    }

    rc = ngx_http_qc_next_header_filter(r);

    if (ctx && ctx->job && rc != NGX_ERROR && rc <= NGX_OK) {
        ngx_http_qc_silence(ctx);
    }

    return rc;
}


/* If the client has a 304, what follows is for the capture only. */

static void
ngx_http_qc_silence(ngx_http_qc_ctx_t *ctx)
{
    ngx_http_request_t  *r;

    r = ctx->request;

    if (!ctx->stripped
        || !r->header_only
        || r->headers_out.status != NGX_HTTP_NOT_MODIFIED)
    {
        return;
    }

    ctx->silent = 1;
    r->header_only = 0;

    /* it may leave now, and is not to take the capture with it */

    r->read_event_handler = ngx_http_block_reading;
}


/* RFC 10008: what QUERY may have here, unless the upstream has said it. */

static ngx_int_t
ngx_http_qc_accept_query(ngx_http_request_t *r)
{
    ngx_http_qc_walk_t       w;
    ngx_http_qc_loc_conf_t  *qlcf;

    qlcf = ngx_http_get_module_loc_conf(r, ngx_http_query_cache_module);

    if (!(qlcf->methods & NGX_HTTP_QC_QUERY)
        || qlcf->accept_query.len == 0
        || (qlcf->zone == NULL && qlcf->zone_name == NULL))
    {
        return NGX_OK;
    }

    ngx_http_qc_walk(&w, &r->headers_out.headers);

    if (ngx_http_qc_next_header(&w, qc_str("accept-query", 12))) {
        return NGX_OK;
    }

    return ngx_http_qc_push_header(r, "Accept-Query", "accept-query",
                                   ngx_http_qc_qstr(&qlcf->accept_query))
           ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_http_qc_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_int_t           rc;
    ngx_http_qc_ctx_t  *ctx;

    if (r != r->main) {
        rc = ngx_http_qc_fill_body_filter(r, in);

        if (rc == NGX_DECLINED) {
            rc = ngx_http_qc_cancel_body_filter(r, in);
        }

        if (rc == NGX_DECLINED) {
            rc = ngx_http_qc_s3_body_filter(r);
        }

        return (rc == NGX_DECLINED) ? ngx_http_qc_next_body_filter(r, in) : rc;
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_query_cache_module);

    if (ctx == NULL) {
        return ngx_http_qc_next_body_filter(r, in);
    }

    if (ctx->streaming) {
        return ngx_http_qc_decode_filter(ctx, in);
    }

    if (ctx->job && in) {
        ngx_http_qc_capture(ctx, in);
    }

    if (ctx->silent) {
        ngx_http_qc_consume(in);

        /* the 304 itself may not be out yet */

        return r->connection->buffered ? ngx_http_qc_next_body_filter(r, NULL)
                                       : NGX_OK;
    }

    if (ctx->left) {
        return ngx_http_qc_run_body(ctx, in);
    }

    rc = ngx_http_qc_next_body_filter(r, in);

    return (rc == NGX_ERROR) ? ngx_http_qc_run_broken(ctx, in) : rc;
}


/* As if it had been sent. */

void
ngx_http_qc_consume(ngx_chain_t *in)
{
    for ( /* void */ ; in; in = in->next) {
        in->buf->pos = in->buf->last;
        in->buf->file_pos = in->buf->file_last;
    }
}
