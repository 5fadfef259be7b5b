
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "ngx_http_qc_index.h"


#define NGX_HTTP_QC_INDEX_EVICT    32  /* entries one put evicts, at most */
#define NGX_HTTP_QC_INDEX_EXPIRE   2   /* stale ones each put looks for */


struct ngx_http_qc_index_sh_s {
    ngx_rbtree_t               rbtree;
    ngx_rbtree_node_t          sentinel;
    ngx_queue_t                queue;  /* the last one used comes first */
};


/*
 * One entry, 128 bytes of slab; the record is an allocation of its own.  A
 * node never changes once it is linked: a put replaces it.  node.key is the
 * beginning of the SHA-256, and two keys that share it take turns.
 */

typedef struct {
    ngx_rbtree_node_t          node;
    ngx_queue_t                queue;
    u_char                     rest[QC_KEY_LEN - sizeof(ngx_rbtree_key_t)];
    u_char                     object[QC_OBJECT_ID_LEN];
    uint64_t                   started;
    uint64_t                   stale;
    u_char                    *data;
    u_short                    len;
} ngx_http_qc_index_node_t;


static ngx_int_t ngx_http_qc_index_get(ngx_http_qc_meta_t *meta,
    ngx_http_qc_meta_op_t *op);
static ngx_int_t ngx_http_qc_index_put(ngx_http_qc_meta_t *meta,
    ngx_http_qc_meta_op_t *op);
static ngx_int_t ngx_http_qc_index_drop(ngx_http_qc_meta_t *meta,
    ngx_http_qc_meta_op_t *op);
static void ngx_http_qc_index_cancel(ngx_http_qc_meta_op_t *op);
static ngx_int_t ngx_http_qc_index_invalid(ngx_http_qc_index_t *index,
    ngx_http_qc_meta_op_t *op);
static ngx_int_t ngx_http_qc_index_store_locked(ngx_http_qc_index_t *index,
    ngx_http_qc_meta_op_t *op, qc_str_t data);
static ngx_http_qc_index_node_t *ngx_http_qc_index_alloc_locked(
    ngx_http_qc_index_t *index, size_t len);
static void ngx_http_qc_index_expire_locked(ngx_http_qc_index_t *index);
static ngx_http_qc_index_node_t *ngx_http_qc_index_oldest_locked(
    ngx_http_qc_index_t *index);
static void ngx_http_qc_index_delete_locked(ngx_http_qc_index_t *index,
    ngx_http_qc_index_node_t *n);
static ngx_http_qc_index_node_t *ngx_http_qc_index_find_locked(
    ngx_http_qc_index_t *index, const u_char *key);
static ngx_http_qc_index_node_t *ngx_http_qc_index_slot_locked(
    ngx_http_qc_index_t *index, const u_char *key);
static ngx_rbtree_key_t ngx_http_qc_index_key(const u_char *key);


void
ngx_http_qc_index_init(ngx_http_qc_index_t *index, ngx_http_qc_stats_t *stats)
{
    ngx_str_set(&index->meta.name, "memory");

    index->meta.get = ngx_http_qc_index_get;
    index->meta.put = ngx_http_qc_index_put;
    index->meta.drop = ngx_http_qc_index_drop;
    index->meta.invalidate = ngx_http_qc_index_invalidate;
    index->meta.check = ngx_http_qc_index_check;
    index->meta.cancel = ngx_http_qc_index_cancel;
    index->meta.stats = stats;
    index->meta.data = index;
}


ngx_http_qc_index_sh_t *
ngx_http_qc_index_create(ngx_slab_pool_t *shpool)
{
    ngx_http_qc_index_sh_t  *sh;

    sh = ngx_slab_alloc(shpool, sizeof(ngx_http_qc_index_sh_t));
    if (sh == NULL) {
        return NULL;
    }

    /*
     * nginx's own insert function: its address outlives a reload that loads
     * another build of this module
     */

    ngx_rbtree_init(&sh->rbtree, &sh->sentinel, ngx_rbtree_insert_value);
    ngx_queue_init(&sh->queue);

    shpool->log_nomem = 0;

    return sh;
}


static ngx_int_t
ngx_http_qc_index_get(ngx_http_qc_meta_t *meta, ngx_http_qc_meta_op_t *op)
{
    ngx_http_qc_index_t       *index = meta->data;

    size_t                     len;
    ngx_http_qc_index_node_t  *n;

    ngx_shmtx_lock(&index->shpool->mutex);

    op->epoch = index->scopes->last;

    n = ngx_http_qc_index_find_locked(index, op->key);

    if (n == NULL) {
        ngx_shmtx_unlock(&index->shpool->mutex);

        op->rc = NGX_DECLINED;
        op->reason = QC_R_ABSENT;

        return NGX_DECLINED;
    }

    ngx_queue_remove(&n->queue);
    ngx_queue_insert_head(&index->sh->queue, &n->queue);

    len = ngx_min(n->len, QC_RECORD_MAX);
    ngx_memcpy(op->buf, n->data, len);

    ngx_shmtx_unlock(&index->shpool->mutex);

    if (qc_record_decode(&op->record, qc_str(op->buf, len)) != QC_OK) {
        return ngx_http_qc_index_invalid(index, op);
    }

    if (!ngx_http_qc_index_valid(index, op, op->scope, op->scoped)) {
        (void) ngx_http_qc_index_drop(meta, op);

        op->rc = NGX_DECLINED;
        op->reason = QC_R_INVALIDATED;

        return NGX_DECLINED;
    }

    op->rc = NGX_OK;
    op->reason = QC_NO_METRIC;

    return NGX_OK;
}


static ngx_int_t
ngx_http_qc_index_put(ngx_http_qc_meta_t *meta, ngx_http_qc_meta_op_t *op)
{
    ngx_http_qc_index_t  *index = meta->data;

    qc_buf_t              b;
    u_char                data[QC_RECORD_MAX];

    qc_buf_init(&b, data, QC_RECORD_MAX);

    if (qc_record_encode(&op->record, &b) != QC_OK) {
        op->rc = NGX_ERROR;
        op->reason = QC_R_RECORD;

        return NGX_ERROR;
    }

    ngx_shmtx_lock(&index->shpool->mutex);

    ngx_http_qc_index_expire_locked(index);

    op->rc = ngx_http_qc_index_store_locked(index, op, qc_buf_written(&b));

    ngx_shmtx_unlock(&index->shpool->mutex);

    op->reason = QC_NO_METRIC;

    if (op->rc == NGX_ERROR) {
        op->reason = QC_R_META_ERROR;

        ngx_http_qc_fault(index->meta.stats, QC_INDEX_NOMEM, NGX_LOG_ERR,
                          op->log, 0, "no memory for a record of %uz bytes",
                          qc_buf_len(&b));
    }

    return op->rc;
}


static ngx_int_t
ngx_http_qc_index_drop(ngx_http_qc_meta_t *meta, ngx_http_qc_meta_op_t *op)
{
    ngx_http_qc_index_t       *index = meta->data;

    ngx_http_qc_index_node_t  *n;

    op->rc = NGX_DECLINED;
    op->reason = QC_R_ABSENT;

    ngx_shmtx_lock(&index->shpool->mutex);

    n = ngx_http_qc_index_find_locked(index, op->key);

    if (n && ngx_memcmp(n->object, op->record.object, QC_OBJECT_ID_LEN) == 0) {
        ngx_http_qc_index_delete_locked(index, n);

        op->rc = NGX_OK;
        op->reason = QC_NO_METRIC;
    }

    ngx_shmtx_unlock(&index->shpool->mutex);

    return op->rc;
}


static void
ngx_http_qc_index_cancel(ngx_http_qc_meta_op_t *op)
{
    /* void: nothing is ever pending */
}


static ngx_int_t
ngx_http_qc_index_invalid(ngx_http_qc_index_t *index,
    ngx_http_qc_meta_op_t *op)
{
    ngx_http_qc_index_node_t  *n;

    ngx_shmtx_lock(&index->shpool->mutex);

    n = ngx_http_qc_index_find_locked(index, op->key);

    if (n) {
        ngx_http_qc_index_delete_locked(index, n);
    }

    ngx_shmtx_unlock(&index->shpool->mutex);

    ngx_http_qc_fault(index->meta.stats, QC_INDEX_INVALID, NGX_LOG_ALERT,
                      op->log, 0, "invalid record in memory");

    op->rc = NGX_DECLINED;
    op->reason = QC_R_RECORD;

    return NGX_DECLINED;
}


/*
 * Memory first, then the copy, then the links: a worker that is killed in
 * between leaks an allocation and tears nothing.
 */

static ngx_int_t
ngx_http_qc_index_store_locked(ngx_http_qc_index_t *index,
    ngx_http_qc_meta_op_t *op, qc_str_t data)
{
    qc_record_t               *rec;
    ngx_http_qc_index_node_t  *n, *old;

    rec = &op->record;

    if (!qc_scopes_valid(index->scopes, rec->epoch, NULL, 0)) {
        return NGX_DECLINED;
    }

    old = ngx_http_qc_index_find_locked(index, op->key);

    if (old && old->started > rec->started) {
        return NGX_DECLINED;
    }

    n = ngx_http_qc_index_alloc_locked(index, data.len);
    if (n == NULL) {
        return NGX_ERROR;
    }

    n->node.key = ngx_http_qc_index_key(op->key);
    ngx_memcpy(n->rest, op->key + sizeof(ngx_rbtree_key_t), sizeof(n->rest));
    ngx_memcpy(n->object, rec->object, QC_OBJECT_ID_LEN);
    n->started = rec->started;
    n->stale = rec->stale;
    n->len = (u_short) data.len;
    ngx_memcpy(n->data, data.data, data.len);
    ngx_queue_init(&n->queue);

    /* looked up again: the allocation may have evicted it */

    old = ngx_http_qc_index_slot_locked(index, op->key);

    if (old) {
        ngx_http_qc_index_delete_locked(index, old);
    }

    ngx_rbtree_insert(&index->sh->rbtree, &n->node);
    ngx_queue_insert_head(&index->sh->queue, &n->queue);

    ngx_http_qc_count(index->meta.stats, QC_INDEX_ENTRIES);

    return NGX_OK;
}


static ngx_http_qc_index_node_t *
ngx_http_qc_index_alloc_locked(ngx_http_qc_index_t *index, size_t len)
{
    ngx_uint_t                 i;
    ngx_http_qc_index_node_t  *n, *oldest;

    n = NULL;

    for (i = 0; /* void */ ; i++) {

        if (n == NULL) {
            n = ngx_slab_calloc_locked(index->shpool,
                                       sizeof(ngx_http_qc_index_node_t));
        }

        if (n) {
            n->data = ngx_slab_alloc_locked(index->shpool, len);

            if (n->data) {
                return n;
            }
        }

        oldest = ngx_http_qc_index_oldest_locked(index);

        if (oldest == NULL || i == NGX_HTTP_QC_INDEX_EVICT) {
            break;
        }

        ngx_http_qc_index_delete_locked(index, oldest);
        ngx_http_qc_count(index->meta.stats, QC_INDEX_EVICTED);
    }

    if (n) {
        ngx_slab_free_locked(index->shpool, n);
    }

    return NULL;
}


static void
ngx_http_qc_index_expire_locked(ngx_http_qc_index_t *index)
{
    ngx_uint_t                 i;
    ngx_http_qc_index_node_t  *oldest;

    for (i = 0; i < NGX_HTTP_QC_INDEX_EXPIRE; i++) {
        oldest = ngx_http_qc_index_oldest_locked(index);

        if (oldest == NULL || oldest->stale > (uint64_t) ngx_time()) {
            return;
        }

        ngx_http_qc_index_delete_locked(index, oldest);
    }
}


static ngx_http_qc_index_node_t *
ngx_http_qc_index_oldest_locked(ngx_http_qc_index_t *index)
{
    ngx_queue_t  *q;

    if (ngx_queue_empty(&index->sh->queue)) {
        return NULL;
    }

    q = ngx_queue_last(&index->sh->queue);

    return ngx_queue_data(q, ngx_http_qc_index_node_t, queue);
}


static void
ngx_http_qc_index_delete_locked(ngx_http_qc_index_t *index,
    ngx_http_qc_index_node_t *n)
{
    ngx_queue_remove(&n->queue);
    ngx_rbtree_delete(&index->sh->rbtree, &n->node);

    ngx_slab_free_locked(index->shpool, n->data);
    ngx_slab_free_locked(index->shpool, n);

    ngx_http_qc_count_add(index->meta.stats, QC_INDEX_ENTRIES, -1);
}


static ngx_http_qc_index_node_t *
ngx_http_qc_index_find_locked(ngx_http_qc_index_t *index, const u_char *key)
{
    ngx_http_qc_index_node_t  *n;

    n = ngx_http_qc_index_slot_locked(index, key);

    if (n && ngx_memcmp(n->rest, key + sizeof(ngx_rbtree_key_t),
                        sizeof(n->rest))
             == 0)
    {
        return n;
    }

    return NULL;
}


/* The only node whose key begins as this one does. */

static ngx_http_qc_index_node_t *
ngx_http_qc_index_slot_locked(ngx_http_qc_index_t *index, const u_char *key)
{
    ngx_rbtree_key_t    node_key;
    ngx_rbtree_node_t  *node, *sentinel;

    node_key = ngx_http_qc_index_key(key);

    node = index->sh->rbtree.root;
    sentinel = index->sh->rbtree.sentinel;

    while (node != sentinel) {

        if (node_key == node->key) {
            return (ngx_http_qc_index_node_t *) node;
        }

        node = (node_key < node->key) ? node->left : node->right;
    }

    return NULL;
}


static ngx_rbtree_key_t
ngx_http_qc_index_key(const u_char *key)
{
    ngx_rbtree_key_t  node_key;

    ngx_memcpy(&node_key, key, sizeof(ngx_rbtree_key_t));

    return node_key;
}
