
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "ngx_http_qc_index.h"


static uint64_t ngx_http_qc_index_now(void);
static void ngx_http_qc_index_save(ngx_http_qc_index_t *index,
    ngx_log_t *log);


qc_scopes_t *
ngx_http_qc_scopes_create(ngx_slab_pool_t *shpool, ngx_uint_t number)
{
    qc_scopes_t  *scopes;

    scopes = ngx_slab_alloc(shpool, qc_scopes_size(number));

    if (scopes) {
        qc_scopes_init(scopes, number);
    }

    return scopes;
}


ngx_int_t
ngx_http_qc_index_invalidate(ngx_http_qc_meta_t *meta,
    ngx_http_qc_meta_op_t *op)
{
    ngx_http_qc_index_t  *index = meta->data;

    size_t                forgotten;

    ngx_shmtx_lock(&index->shpool->mutex);

    forgotten = qc_scopes_note(index->scopes, ngx_http_qc_index_now(),
                               op->scopes, op->nscopes);

    ngx_shmtx_unlock(&index->shpool->mutex);

    ngx_http_qc_count_add(meta->stats, QC_INVALIDATION_MADE, op->nscopes);
    ngx_http_qc_count_add(meta->stats, QC_INVALIDATION_FORGOTTEN, forgotten);

    if (index->save) {
        ngx_http_qc_index_save(index, op->log);
    }

    op->rc = NGX_OK;
    op->reason = QC_NO_METRIC;

    return NGX_OK;
}


static uint64_t
ngx_http_qc_index_now(void)
{
    ngx_time_t  *tp;

    tp = ngx_timeofday();

    return (uint64_t) tp->sec * 1000 + tp->msec;
}


/*
 * Outside the lock, where a slow disk would hold up every worker.  Workers
 * may overtake each other: who saves ends with what is still the last.
 */

static void
ngx_http_qc_index_save(ngx_http_qc_index_t *index, ngx_log_t *log)
{
    uint64_t  saved, last;

    saved = 0;

    for ( ;; ) {
        ngx_shmtx_lock(&index->shpool->mutex);
        last = index->scopes->last;
        ngx_shmtx_unlock(&index->shpool->mutex);

        if (last == saved) {
            return;
        }

        index->save(index->save_data, last, log);
        saved = last;
    }
}


ngx_int_t
ngx_http_qc_index_check(ngx_http_qc_meta_t *meta, ngx_http_qc_meta_op_t *op)
{
    ngx_http_qc_index_t  *index = meta->data;

    ngx_shmtx_lock(&index->shpool->mutex);
    op->epoch = index->scopes->last;
    ngx_shmtx_unlock(&index->shpool->mutex);

    op->rc = NGX_OK;
    op->reason = QC_NO_METRIC;

    if (!ngx_http_qc_index_valid(index, op, op->scopes, op->nscopes)) {
        op->rc = NGX_DECLINED;
        op->reason = QC_R_INVALIDATED;
    }

    return op->rc;
}


ngx_uint_t
ngx_http_qc_index_valid(ngx_http_qc_index_t *index, ngx_http_qc_meta_op_t *op,
    const u_char *scopes, ngx_uint_t n)
{
    ngx_uint_t  valid;

    /* the log was empty: many zones never have another */

    if (op->epoch == 0 && op->record.epoch == 0) {
        return 1;
    }

    ngx_shmtx_lock(&index->shpool->mutex);

    valid = qc_scopes_valid(index->scopes, op->record.epoch, scopes, n);

    ngx_shmtx_unlock(&index->shpool->mutex);

    return valid;
}
