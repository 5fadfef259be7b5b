
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "ngx_http_qc.h"


static ngx_int_t ngx_http_query_cache_preconfiguration(ngx_conf_t *cf);
static ngx_int_t ngx_http_query_cache_postconfiguration(ngx_conf_t *cf);
static ngx_int_t ngx_http_query_cache_log_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_query_cache_init_process(ngx_cycle_t *cycle);
static void ngx_http_query_cache_exit_process(ngx_cycle_t *cycle);


static ngx_http_module_t  ngx_http_query_cache_module_ctx = {
    ngx_http_query_cache_preconfiguration,     /* preconfiguration */
    ngx_http_query_cache_postconfiguration,    /* postconfiguration */

    ngx_http_qc_create_main_conf,              /* create main conf */
    NULL,                                      /* init main conf */

    NULL,                                      /* create server conf */
    NULL,                                      /* merge server conf */

    ngx_http_qc_create_loc_conf,               /* create location conf */
    ngx_http_qc_merge_loc_conf                 /* merge location conf */
};


ngx_module_t  ngx_http_query_cache_module = {
    NGX_MODULE_V1,
    &ngx_http_query_cache_module_ctx,          /* module context */
    ngx_http_qc_commands,                      /* module directives */
    NGX_HTTP_MODULE,                           /* module type */
    NULL,                                      /* init master */
    NULL,                                      /* init module */
    ngx_http_query_cache_init_process,         /* init process */
    NULL,                                      /* init thread */
    NULL,                                      /* exit thread */
    ngx_http_query_cache_exit_process,         /* exit process */
    NULL,                                      /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_int_t
ngx_http_query_cache_preconfiguration(ngx_conf_t *cf)
{
    return ngx_http_qc_add_variables(cf);
}


static ngx_int_t
ngx_http_query_cache_postconfiguration(ngx_conf_t *cf)
{
    ngx_uint_t                  n;
    ngx_http_handler_pt        *h;
    ngx_http_qc_main_conf_t    *qmcf;
    ngx_http_core_main_conf_t  *cmcf;

    qmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_query_cache_module);

    if (ngx_http_qc_zones_init(cf) != NGX_OK) {
        return NGX_ERROR;
    }

    if (!qmcf->used) {
        return NGX_OK;
    }

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_PRECONTENT_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_http_qc_precontent_handler;

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_LOG_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    /* before the access log, which may say why nothing was stored */

    n = cmcf->phases[NGX_HTTP_LOG_PHASE].handlers.nelts - 1;
    h = cmcf->phases[NGX_HTTP_LOG_PHASE].handlers.elts;

    ngx_memmove(h + 1, h, n * sizeof(ngx_http_handler_pt));

    *h = ngx_http_query_cache_log_handler;

    return NGX_OK;
}


/* The client has all it asked for: what was captured may now be stored. */

static ngx_int_t
ngx_http_query_cache_log_handler(ngx_http_request_t *r)
{
    ngx_http_qc_ctx_t  *ctx;
    ngx_http_qc_job_t  *job;

    ctx = ngx_http_get_module_ctx(r, ngx_http_query_cache_module);

    if (ctx && ctx->left && r->connection->sent == 0) {

        /* as nginx has it where the client does not see the answer */

        r->headers_out.status = NGX_HTTP_CLIENT_CLOSED_REQUEST;
    }

    if (ctx == NULL || ctx->job == NULL) {
        return NGX_OK;
    }

    job = ctx->job;
    ctx->job = NULL;

    if (!job->complete) {
        ngx_http_qc_reason(ctx, QC_R_INCOMPLETE);
        ngx_http_qc_lock_release(&job->lock, ngx_http_qc_unanswered(ctx));
        ngx_http_qc_outcome_left(ctx);
        ngx_http_qc_job_destroy(job);
        return NGX_OK;
    }

    ngx_http_qc_job_submit(job);

    return NGX_OK;
}


static ngx_int_t
ngx_http_query_cache_init_process(ngx_cycle_t *cycle)
{
    ngx_http_qc_main_conf_t  *qmcf;

    if (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE)
    {
        return NGX_OK;
    }

    qmcf = ngx_http_cycle_get_module_main_conf(cycle,
                                               ngx_http_query_cache_module);

    if (qmcf == NULL || qmcf->zones.nelts == 0) {
        return NGX_OK;
    }

    if (qc_sha256_create(&qmcf->sha256) != QC_OK) {
        return NGX_ERROR;
    }

    return ngx_http_qc_zones_start(cycle);
}


static void
ngx_http_query_cache_exit_process(ngx_cycle_t *cycle)
{
    ngx_http_qc_main_conf_t  *qmcf;

    qmcf = ngx_http_cycle_get_module_main_conf(cycle,
                                               ngx_http_query_cache_module);

    if (qmcf) {
        qc_sha256_destroy(&qmcf->sha256);
    }
}
