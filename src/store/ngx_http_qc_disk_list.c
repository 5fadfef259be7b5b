
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "ngx_http_qc_disk.h"


#define NGX_HTTP_QC_DISK_QUEUES                                               \
    (sizeof(((ngx_http_qc_disk_sh_t *) NULL)->queues) / sizeof(ngx_queue_t))


typedef struct {
    ngx_rbtree_node_t          node;   /* key: the first bytes of the id */
    ngx_queue_t                queue;
    u_char                     id[QC_OBJECT_ID_LEN];
    off_t                      size;
} ngx_http_qc_disk_node_t;


static ngx_http_qc_disk_node_t *ngx_http_qc_disk_add_locked(
    ngx_http_qc_disk_t *disk, const u_char *id, off_t size, time_t unused);
static void ngx_http_qc_disk_use_locked(ngx_http_qc_disk_t *disk,
    ngx_http_qc_disk_node_t *n);
static void ngx_http_qc_disk_delete_locked(ngx_http_qc_disk_t *disk,
    ngx_http_qc_disk_node_t *n);
static ngx_http_qc_disk_node_t *ngx_http_qc_disk_find_locked(
    ngx_http_qc_disk_t *disk, const u_char *id);
static void ngx_http_qc_disk_count(ngx_http_qc_disk_t *disk,
    ngx_atomic_int_t files, off_t size);


ngx_http_qc_disk_sh_t *
ngx_http_qc_disk_create(ngx_slab_pool_t *shpool)
{
    ngx_uint_t              i;
    ngx_http_qc_disk_sh_t  *sh;

    sh = ngx_slab_calloc(shpool, sizeof(ngx_http_qc_disk_sh_t));
    if (sh == NULL) {
        return NULL;
    }

    /* ids are random: no two begin alike */

    ngx_rbtree_init(&sh->rbtree, &sh->sentinel, ngx_rbtree_insert_value);

    for (i = 0; i < NGX_HTTP_QC_DISK_QUEUES; i++) {
        ngx_queue_init(&sh->queues[i]);
    }

    sh->cold = 1;

    shpool->log_nomem = 0;

    return sh;
}


ngx_int_t
ngx_http_qc_disk_list_use(ngx_http_qc_disk_t *disk,
    const u_char id[QC_OBJECT_ID_LEN])
{
    ngx_http_qc_disk_node_t  *n;

    ngx_shmtx_lock(&disk->shpool->mutex);

    n = ngx_http_qc_disk_find_locked(disk, id);

    if (n) {
        ngx_http_qc_disk_use_locked(disk, n);
    }

    ngx_shmtx_unlock(&disk->shpool->mutex);

    return n ? NGX_OK : NGX_DECLINED;
}


ngx_int_t
ngx_http_qc_disk_list_add(ngx_http_qc_disk_t *disk,
    const u_char id[QC_OBJECT_ID_LEN], off_t size, time_t unused)
{
    ngx_int_t                 rc;
    ngx_http_qc_disk_node_t  *n;

    rc = NGX_DECLINED;
    size = ngx_http_qc_disk_size(size);

    ngx_shmtx_lock(&disk->shpool->mutex);

    n = ngx_http_qc_disk_find_locked(disk, id);

    if (n == NULL) {
        n = ngx_http_qc_disk_add_locked(disk, id, size, unused);
        rc = n ? NGX_OK : NGX_ERROR;
    }

    ngx_shmtx_unlock(&disk->shpool->mutex);

    if (rc == NGX_OK) {
        ngx_http_qc_disk_count(disk, 1, size);
    }

    return rc;
}


static ngx_http_qc_disk_node_t *
ngx_http_qc_disk_add_locked(ngx_http_qc_disk_t *disk, const u_char *id,
    off_t size, time_t unused)
{
    ngx_uint_t                i;
    ngx_http_qc_disk_node_t  *n;

    n = ngx_slab_calloc_locked(disk->shpool, sizeof(ngx_http_qc_disk_node_t));
    if (n == NULL) {
        return NULL;
    }

    ngx_memcpy(&n->node.key, id, sizeof(ngx_rbtree_key_t));
    ngx_memcpy(n->id, id, QC_OBJECT_ID_LEN);
    n->size = size;
    ngx_queue_init(&n->queue);

    for (i = 0; unused > 0 && i < NGX_HTTP_QC_DISK_QUEUES - 1; i++) {
        unused /= 2;
    }

    ngx_rbtree_insert(&disk->sh->rbtree, &n->node);
    ngx_queue_insert_head(&disk->sh->queues[i], &n->queue);

    disk->sh->size += size;

    return n;
}


static void
ngx_http_qc_disk_use_locked(ngx_http_qc_disk_t *disk,
    ngx_http_qc_disk_node_t *n)
{
    ngx_queue_remove(&n->queue);
    ngx_queue_insert_head(&disk->sh->queues[0], &n->queue);
}


ngx_int_t
ngx_http_qc_disk_list_delete(ngx_http_qc_disk_t *disk,
    const u_char id[QC_OBJECT_ID_LEN])
{
    off_t                     size;
    ngx_http_qc_disk_node_t  *n;

    ngx_shmtx_lock(&disk->shpool->mutex);

    n = ngx_http_qc_disk_find_locked(disk, id);

    if (n == NULL) {
        ngx_shmtx_unlock(&disk->shpool->mutex);
        return NGX_DECLINED;
    }

    size = n->size;
    ngx_http_qc_disk_delete_locked(disk, n);

    ngx_shmtx_unlock(&disk->shpool->mutex);

    ngx_http_qc_disk_count(disk, -1, -size);

    return NGX_OK;
}


ngx_int_t
ngx_http_qc_disk_list_oldest(ngx_http_qc_disk_t *disk,
    u_char id[QC_OBJECT_ID_LEN])
{
    off_t                     size;
    ngx_uint_t                i;
    ngx_queue_t              *q;
    ngx_http_qc_disk_node_t  *n;

    ngx_shmtx_lock(&disk->shpool->mutex);

    for (i = NGX_HTTP_QC_DISK_QUEUES; i > 0; i--) {
        q = &disk->sh->queues[i - 1];

        if (ngx_queue_empty(q)) {
            continue;
        }

        n = ngx_queue_data(ngx_queue_last(q), ngx_http_qc_disk_node_t, queue);

        size = n->size;
        n->size = 0;
        disk->sh->size -= size;

        ngx_memcpy(id, n->id, QC_OBJECT_ID_LEN);
        ngx_http_qc_disk_use_locked(disk, n);

        ngx_shmtx_unlock(&disk->shpool->mutex);

        ngx_http_qc_disk_count(disk, 0, -size);

        return NGX_OK;
    }

    ngx_shmtx_unlock(&disk->shpool->mutex);

    return NGX_DECLINED;
}


static void
ngx_http_qc_disk_delete_locked(ngx_http_qc_disk_t *disk,
    ngx_http_qc_disk_node_t *n)
{
    disk->sh->size -= n->size;

    ngx_queue_remove(&n->queue);
    ngx_rbtree_delete(&disk->sh->rbtree, &n->node);
    ngx_slab_free_locked(disk->shpool, n);
}


static ngx_http_qc_disk_node_t *
ngx_http_qc_disk_find_locked(ngx_http_qc_disk_t *disk, const u_char *id)
{
    ngx_rbtree_key_t          key;
    ngx_rbtree_node_t        *node, *sentinel;
    ngx_http_qc_disk_node_t  *n;

    ngx_memcpy(&key, id, sizeof(ngx_rbtree_key_t));

    node = disk->sh->rbtree.root;
    sentinel = disk->sh->rbtree.sentinel;

    while (node != sentinel) {

        if (key == node->key) {
            n = (ngx_http_qc_disk_node_t *) node;

            return (ngx_memcmp(n->id, id, QC_OBJECT_ID_LEN) == 0) ? n : NULL;
        }

        node = (key < node->key) ? node->left : node->right;
    }

    return NULL;
}


static void
ngx_http_qc_disk_count(ngx_http_qc_disk_t *disk, ngx_atomic_int_t files,
    off_t size)
{
    ngx_http_qc_count_add(disk->tier.stats, QC_DISK_FILES, files);
    ngx_http_qc_count_add(disk->tier.stats, QC_DISK_BYTES,
                          (ngx_atomic_int_t) size);
}


off_t
ngx_http_qc_disk_size(off_t size)
{
    return (size + NGX_HTTP_QC_DISK_BLOCK - 1) / NGX_HTTP_QC_DISK_BLOCK
           * NGX_HTTP_QC_DISK_BLOCK;
}
