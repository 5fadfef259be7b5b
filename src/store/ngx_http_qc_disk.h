
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * Bodies in a folder.  <path>/<object name>: the header of core/qc_object.h,
 * then the stored bytes; <path>/tmp/ holds files being written, and
 * <path>/invalidated the position of the log of invalidations.  A list in
 * shared memory, by last access, says what is there; nginx's cache manager
 * process fills it after a start and evicts, so that no worker ever walks a
 * folder.
 *
 * ngx_http_qc_disk.c reads, _put.c writes and deletes, _list.c is the list,
 * _manager.c runs in the manager process, _position.c keeps the position.
 */

#ifndef _NGX_HTTP_QC_DISK_H_INCLUDED_
#define _NGX_HTTP_QC_DISK_H_INCLUDED_


#include "ngx_http_qc_tier.h"


#define NGX_HTTP_QC_DISK_PATH_MAX  1024    /* of a file, with the zero */
#define NGX_HTTP_QC_DISK_NAME_LEN  (1 + QC_OBJECT_NAME_LEN + 1)
#define NGX_HTTP_QC_DISK_EVICT     4       /* files one put evicts, at most */
#define NGX_HTTP_QC_DISK_BLOCK     4096    /* sizes are whole blocks */

#define NGX_HTTP_QC_DISK_RDONLY                                               \
    (NGX_FILE_RDONLY|NGX_FILE_NONBLOCK|O_NOFOLLOW)


typedef struct ngx_http_qc_disk_sh_s    ngx_http_qc_disk_sh_t;
typedef struct ngx_http_qc_disk_walk_s  ngx_http_qc_disk_walk_t;


typedef struct {
    ngx_http_qc_tier_t         tier;        /* first: read, put, remove */

    ngx_path_t                *path;        /* with its manager */
    off_t                      max_size;    /* default: 10g */
    off_t                      min_free;    /* default: 0: no limit */

    /*
     * Called by the manager for every valid object found after a start, and
     * again if a start is interrupted: NGX_OK keeps the file, NGX_DECLINED
     * (an older twin) deletes it.  NULL if the index lives elsewhere.
     */
    ngx_int_t                (*found)(void *data, const qc_object_t *obj);
    void                      *found_data;

    ngx_slab_pool_t           *shpool;
    ngx_http_qc_disk_sh_t     *sh;
    ngx_http_qc_disk_walk_t   *walk;        /* the manager's */
#if (NGX_THREADS)
    ngx_thread_pool_t         *thread_pool;
#endif
} ngx_http_qc_disk_t;


/* "disk PATH [max_size=size] [min_free=size]"; NGX_CONF_OK or text. */
char *ngx_http_qc_disk_set(ngx_conf_t *cf, ngx_http_qc_disk_t *disk);

void ngx_http_qc_disk_init(ngx_http_qc_disk_t *disk,
    ngx_http_qc_stats_t *stats);

ngx_http_qc_disk_sh_t *ngx_http_qc_disk_create(ngx_slab_pool_t *shpool);

/*
 * Blocking, of 16 bytes.  What was saved last, 0 if nothing ever was, and now
 * if it cannot be read.  An error of saving is logged.
 */
uint64_t ngx_http_qc_disk_position(ngx_http_qc_disk_t *disk, ngx_log_t *log);
void ngx_http_qc_disk_position_save(void *disk, uint64_t position,
    ngx_log_t *log);


/* Between the files of the disk store. */

struct ngx_http_qc_disk_sh_s {
    ngx_rbtree_t               rbtree;
    ngx_rbtree_node_t          sentinel;

    /*
     * The first queue has what was used since the start, the last one used
     * first; the others what was found then: queue n files that had not been
     * used for 2^(n-1) to 2^n seconds.
     */
    ngx_queue_t                queues[32];

    off_t                      size;        /* of all files, in blocks */
    ngx_atomic_t               cold;        /* the list is not complete yet */
};


/* Of any thread. */

/* NGX_OK: it is there, and was used just now; NGX_DECLINED. */
ngx_int_t ngx_http_qc_disk_list_use(ngx_http_qc_disk_t *disk,
    const u_char id[QC_OBJECT_ID_LEN]);

/* NGX_OK, NGX_DECLINED: it is there already, NGX_ERROR: no memory. */
ngx_int_t ngx_http_qc_disk_list_add(ngx_http_qc_disk_t *disk,
    const u_char id[QC_OBJECT_ID_LEN], off_t size, time_t unused);

ngx_int_t ngx_http_qc_disk_list_delete(ngx_http_qc_disk_t *disk,
    const u_char id[QC_OBJECT_ID_LEN]);

/*
 * The id of the one that has not been used for longest.  It stays, without
 * a size and where no other thread takes it, until its file is deleted.
 */
ngx_int_t ngx_http_qc_disk_list_oldest(ngx_http_qc_disk_t *disk,
    u_char id[QC_OBJECT_ID_LEN]);

off_t ngx_http_qc_disk_size(off_t size);


ngx_int_t ngx_http_qc_disk_put(ngx_http_qc_tier_t *tier,
    ngx_http_qc_put_t *put);
void ngx_http_qc_disk_remove(ngx_http_qc_tier_t *tier,
    const u_char id[QC_OBJECT_ID_LEN]);

/* Writes path->name.len + NGX_HTTP_QC_DISK_NAME_LEN bytes. */
void ngx_http_qc_disk_name(ngx_http_qc_disk_t *disk, u_char *name,
    const u_char id[QC_OBJECT_ID_LEN]);

/* Blocking.  NGX_DECLINED: nothing is left to be evicted. */
ngx_int_t ngx_http_qc_disk_evict(ngx_http_qc_disk_t *disk, ngx_log_t *log);
ngx_int_t ngx_http_qc_disk_unlink(ngx_http_qc_disk_t *disk, u_char *name,
    ngx_log_t *log);

ngx_int_t ngx_http_qc_disk_walk_create(ngx_conf_t *cf,
    ngx_http_qc_disk_t *disk);
ngx_msec_t ngx_http_qc_disk_manager(void *data);


#endif /* _NGX_HTTP_QC_DISK_H_INCLUDED_ */
