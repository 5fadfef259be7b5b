
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * The index of one machine: key -> binary record, in shared memory, least
 * recently used entries evicted when memory runs out.
 */

#ifndef _NGX_HTTP_QC_INDEX_H_INCLUDED_
#define _NGX_HTTP_QC_INDEX_H_INCLUDED_


#include "ngx_http_qc_meta.h"


typedef struct ngx_http_qc_index_sh_s  ngx_http_qc_index_sh_t;


typedef struct {
    ngx_http_qc_meta_t         meta;   /* first: get, put, drop */
    ngx_slab_pool_t           *shpool;
    ngx_http_qc_index_sh_t    *sh;
} ngx_http_qc_index_t;


/* Fills in meta's functions; while the configuration is read. */
void ngx_http_qc_index_init(ngx_http_qc_index_t *index,
    ngx_http_qc_stats_t *stats);

/* Makes the shared part in fresh memory; NULL if it does not fit. */
ngx_http_qc_index_sh_t *ngx_http_qc_index_create(ngx_slab_pool_t *shpool);


#endif /* _NGX_HTTP_QC_INDEX_H_INCLUDED_ */
