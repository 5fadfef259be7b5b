
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * The index of one machine: key -> binary record, in shared memory, least
 * recently used entries evicted when memory runs out.  Beside it is the log
 * of invalidations, the table of core/qc_scopes.h.
 */

#ifndef _NGX_HTTP_QC_INDEX_H_INCLUDED_
#define _NGX_HTTP_QC_INDEX_H_INCLUDED_


#include "ngx_http_qc_meta.h"
#include "../core/qc_scopes.h"


typedef struct ngx_http_qc_index_sh_s  ngx_http_qc_index_sh_t;


typedef struct {
    ngx_http_qc_meta_t         meta;   /* first: get, put, drop */
    ngx_slab_pool_t           *shpool;
    ngx_http_qc_index_sh_t    *sh;
    qc_scopes_t               *scopes; /* in shared memory */

    /* keeps the position of the log for the next start; NULL: need not be */
    void                     (*save)(void *data, uint64_t position,
                                   ngx_log_t *log);
    void                      *save_data;
} ngx_http_qc_index_t;


/* Fills in meta's functions; while the configuration is read. */
void ngx_http_qc_index_init(ngx_http_qc_index_t *index,
    ngx_http_qc_stats_t *stats);

/* Makes the shared part in fresh memory; NULL if it does not fit. */
ngx_http_qc_index_sh_t *ngx_http_qc_index_create(ngx_slab_pool_t *shpool);
qc_scopes_t *ngx_http_qc_scopes_create(ngx_slab_pool_t *shpool,
    ngx_uint_t number);


/* ngx_http_qc_index_log.c */
ngx_int_t ngx_http_qc_index_invalidate(ngx_http_qc_meta_t *meta,
    ngx_http_qc_meta_op_t *op);
ngx_int_t ngx_http_qc_index_check(ngx_http_qc_meta_t *meta,
    ngx_http_qc_meta_op_t *op);

/* Whether the entry op->record, of these scopes, is valid. */
ngx_uint_t ngx_http_qc_index_valid(ngx_http_qc_index_t *index,
    ngx_http_qc_meta_op_t *op, const u_char *scopes, ngx_uint_t n);


#endif /* _NGX_HTTP_QC_INDEX_H_INCLUDED_ */
