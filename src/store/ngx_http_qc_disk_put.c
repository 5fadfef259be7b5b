
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "ngx_http_qc_disk.h"


#define NGX_HTTP_QC_DISK_COPY  65536   /* bytes copied at once, file to file */


/* One put; only its own memory is used by the thread it runs in. */

typedef struct {
    ngx_http_qc_disk_t        *disk;
    ngx_http_qc_put_t         *put;
    u_char                    *name;
    u_char                    *temp;
    qc_buf_t                   header;
    off_t                      size;   /* of the whole file */
    off_t                      left;   /* to be written */

    ngx_fd_t                   fd;
    qc_metric_e                fault;  /* QC_NO_METRIC: the file is there */
    ngx_err_t                  err;
    const char                *failed; /* the call */

#if (NGX_THREADS)
    ngx_thread_task_t          task;
#endif
} ngx_http_qc_disk_write_t;


#if (NGX_THREADS)

typedef struct {
    ngx_thread_task_t          task;
    ngx_http_qc_disk_t        *disk;
    u_char                     name[1];
} ngx_http_qc_disk_unlink_t;

#endif


static ngx_int_t ngx_http_qc_disk_put_init(ngx_http_qc_disk_write_t *w);
static ngx_int_t ngx_http_qc_disk_put_result(ngx_http_qc_disk_write_t *w);
static void ngx_http_qc_disk_write(void *data, ngx_log_t *log);
static ngx_int_t ngx_http_qc_disk_write_room(ngx_http_qc_disk_write_t *w,
    ngx_log_t *log);
static void ngx_http_qc_disk_write_file(ngx_http_qc_disk_write_t *w,
    ngx_log_t *log);
static ngx_int_t ngx_http_qc_disk_write_open(ngx_http_qc_disk_write_t *w);
static ngx_int_t ngx_http_qc_disk_write_body(ngx_http_qc_disk_write_t *w,
    ngx_log_t *log);
static ngx_int_t ngx_http_qc_disk_write_copy(ngx_http_qc_disk_write_t *w,
    ngx_buf_t *b, ngx_log_t *log);
static ngx_int_t ngx_http_qc_disk_write_bytes(ngx_http_qc_disk_write_t *w,
    u_char *p, size_t size);
static ngx_int_t ngx_http_qc_disk_write_rename(ngx_http_qc_disk_write_t *w);
static ngx_int_t ngx_http_qc_disk_write_mkdir(ngx_http_qc_disk_write_t *w,
    u_char *name);
static ngx_int_t ngx_http_qc_disk_write_list(ngx_http_qc_disk_write_t *w,
    ngx_log_t *log);
static ngx_int_t ngx_http_qc_disk_write_failed(ngx_http_qc_disk_write_t *w,
    const char *failed, ngx_err_t err);
#if (NGX_THREADS)
static void ngx_http_qc_disk_put_done(ngx_event_t *ev);
static ngx_int_t ngx_http_qc_disk_remove_post(ngx_http_qc_disk_t *disk,
    const u_char *id);
static void ngx_http_qc_disk_remove_thread(void *data, ngx_log_t *log);
static void ngx_http_qc_disk_remove_done(ngx_event_t *ev);
#endif


ngx_int_t
ngx_http_qc_disk_put(ngx_http_qc_tier_t *tier, ngx_http_qc_put_t *put)
{
    ngx_http_qc_disk_t        *disk = tier->data;

    ngx_http_qc_disk_write_t  *w;

    put->reason = QC_R_STORE_ERROR;

    w = ngx_pcalloc(put->pool, sizeof(ngx_http_qc_disk_write_t));
    if (w == NULL) {
        return NGX_ERROR;
    }

    w->disk = disk;
    w->put = put;
    w->fd = NGX_INVALID_FILE;
    w->fault = QC_NO_METRIC;

    if (ngx_http_qc_disk_put_init(w) != NGX_OK) {
        return NGX_ERROR;
    }

#if (NGX_THREADS)

    if (disk->thread_pool) {
        w->task.ctx = w;
        w->task.handler = ngx_http_qc_disk_write;
        w->task.event.data = w;
        w->task.event.handler = ngx_http_qc_disk_put_done;

        return (ngx_thread_task_post(disk->thread_pool, &w->task) == NGX_OK)
               ? NGX_AGAIN : NGX_ERROR;
    }

#endif

    ngx_http_qc_disk_write(w, put->log);

    return ngx_http_qc_disk_put_result(w);
}


static ngx_int_t
ngx_http_qc_disk_put_init(ngx_http_qc_disk_write_t *w)
{
    size_t              len;
    u_char             *p;
    ngx_pool_t         *pool;
    qc_object_t         obj;
    ngx_http_qc_put_t  *put;

    put = w->put;
    pool = put->pool;

    ngx_memzero(&obj, sizeof(qc_object_t));
    ngx_memcpy(obj.key, put->key, QC_KEY_LEN);
    obj.body_len = put->record->stored;
    obj.record = *put->record;

    p = ngx_pnalloc(pool, QC_OBJECT_HEADER_MAX);
    if (p == NULL) {
        return NGX_ERROR;
    }

    qc_buf_init(&w->header, p, QC_OBJECT_HEADER_MAX);

    if (qc_object_encode(&obj, &w->header) != QC_OK) {
        ngx_log_error(NGX_LOG_ALERT, put->log, 0,
                      "record of an object could not be encoded");
        return NGX_ERROR;
    }

    w->size = (off_t) (qc_buf_len(&w->header) + obj.body_len);
    w->left = w->size;

    len = w->disk->path->name.len + NGX_HTTP_QC_DISK_NAME_LEN;

    w->name = ngx_pnalloc(pool, len + w->disk->path->name.len
                                + sizeof("/tmp/") + 2 * QC_OBJECT_ID_LEN);
    if (w->name == NULL) {
        return NGX_ERROR;
    }

    ngx_http_qc_disk_name(w->disk, w->name, put->record->object);

    w->temp = w->name + len;
    p = ngx_sprintf(w->temp, "%V/tmp/", &w->disk->path->name);
    p = ngx_hex_dump(p, (u_char *) put->record->object, QC_OBJECT_ID_LEN);
    *p = '\0';

    return NGX_OK;
}


static ngx_int_t
ngx_http_qc_disk_put_result(ngx_http_qc_disk_write_t *w)
{
    ngx_http_qc_put_t    *put;
    ngx_http_qc_stats_t  *stats;

    put = w->put;
    stats = w->disk->tier.stats;

    switch (w->fault) {

    case QC_NO_METRIC:
        ngx_http_qc_count(stats, QC_DISK_WRITTEN);
        put->reason = QC_NO_METRIC;
        return NGX_OK;

    case QC_DISK_FULL:
        ngx_http_qc_fault(stats, QC_DISK_FULL, NGX_LOG_ERR, put->log, w->err,
                          "no room for a file of %O bytes in \"%V\"",
                          w->size, &w->disk->path->name);
        break;

    default: /* QC_DISK_ERROR */
        ngx_http_qc_fault(stats, QC_DISK_ERROR, NGX_LOG_CRIT, put->log,
                          w->err, "%s \"%s\" failed", w->failed, w->temp);
        break;
    }

    put->reason = QC_R_STORE_ERROR;

    return NGX_ERROR;
}


/* In a thread, or not: no pools, no events, no log but the one given. */

static void
ngx_http_qc_disk_write(void *data, ngx_log_t *log)
{
    ngx_http_qc_disk_write_t *w = data;

    ngx_uint_t  i;

    if (ngx_http_qc_disk_write_room(w, log) != NGX_OK) {
        return;
    }

    ngx_http_qc_disk_write_file(w, log);

    for (i = 0; i < NGX_HTTP_QC_DISK_EVICT; i++) {

        if (w->fault != QC_DISK_FULL
            && w->disk->sh->size <= w->disk->max_size)
        {
            break;
        }

        if (ngx_http_qc_disk_evict(w->disk, log) != NGX_OK) {
            break;
        }
    }
}


static ngx_int_t
ngx_http_qc_disk_write_room(ngx_http_qc_disk_write_t *w, ngx_log_t *log)
{
    off_t                size, wanted, available;
    ngx_uint_t           i;
    ngx_http_qc_disk_t  *disk;

    disk = w->disk;
    size = ngx_http_qc_disk_size(w->size);
    wanted = disk->min_free + size;

    if (size > disk->max_size) {
        w->fault = QC_DISK_FULL;
        return NGX_ERROR;
    }

    for (i = 0; /* void */ ; i++) {
        available = ngx_fs_available(disk->path->name.data);

        if (available >= wanted) {
            return NGX_OK;
        }

        if (i == NGX_HTTP_QC_DISK_EVICT
            || wanted - available > disk->sh->size
            || ngx_http_qc_disk_evict(disk, log) != NGX_OK)
        {
            w->fault = QC_DISK_FULL;
            return NGX_ERROR;
        }
    }
}


static void
ngx_http_qc_disk_write_file(ngx_http_qc_disk_write_t *w, ngx_log_t *log)
{
    if (ngx_http_qc_disk_write_open(w) != NGX_OK) {
        return;
    }

    if (ngx_http_qc_disk_write_body(w, log) != NGX_OK
        || ngx_http_qc_disk_write_list(w, log) != NGX_OK)
    {
        (void) ngx_http_qc_disk_unlink(w->disk, w->temp, log);
        return;
    }

    /* listed before it is there, so that a crash leaves none unlisted */

    if (ngx_http_qc_disk_write_rename(w) != NGX_OK) {
        (void) ngx_http_qc_disk_list_delete(w->disk, w->put->record->object);
        (void) ngx_http_qc_disk_unlink(w->disk, w->temp, log);
        return;
    }

    /* it may have been evicted in between */

    if (ngx_http_qc_disk_write_list(w, log) != NGX_OK) {
        (void) ngx_http_qc_disk_unlink(w->disk, w->name, log);
    }
}


static ngx_int_t
ngx_http_qc_disk_write_open(ngx_http_qc_disk_write_t *w)
{
    w->fd = ngx_open_tempfile(w->temp, 1, NGX_FILE_OWNER_ACCESS);

    if (w->fd == NGX_INVALID_FILE && ngx_errno == NGX_ENOENT) {

        if (ngx_http_qc_disk_write_mkdir(w, w->temp) != NGX_OK) {
            return NGX_ERROR;
        }

        w->fd = ngx_open_tempfile(w->temp, 1, NGX_FILE_OWNER_ACCESS);
    }

    if (w->fd == NGX_INVALID_FILE) {
        return ngx_http_qc_disk_write_failed(w, ngx_open_tempfile_n,
                                             ngx_errno);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_qc_disk_write_body(ngx_http_qc_disk_write_t *w, ngx_log_t *log)
{
    ngx_int_t     rc;
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    rc = ngx_http_qc_disk_write_bytes(w, w->header.start,
                                      qc_buf_len(&w->header));

    for (cl = w->put->body; cl && rc == NGX_OK; cl = cl->next) {
        b = cl->buf;

        if (ngx_buf_in_memory(b)) {
            rc = ngx_http_qc_disk_write_bytes(w, b->pos, b->last - b->pos);

        } else if (b->in_file) {
            rc = ngx_http_qc_disk_write_copy(w, b, log);
        }
    }

    if (rc == NGX_OK && w->left != 0) {
        rc = ngx_http_qc_disk_write_failed(w, "writing a short body to", 0);
    }

    if (ngx_close_file(w->fd) == NGX_FILE_ERROR && rc == NGX_OK) {
        rc = ngx_http_qc_disk_write_failed(w, ngx_close_file_n, ngx_errno);
    }

    return rc;
}


static ngx_int_t
ngx_http_qc_disk_write_copy(ngx_http_qc_disk_write_t *w, ngx_buf_t *b,
    ngx_log_t *log)
{
    off_t       offset;
    size_t      size;
    u_char     *buf;
    ssize_t     n;
    ngx_int_t   rc;

    buf = ngx_alloc(NGX_HTTP_QC_DISK_COPY, log);
    if (buf == NULL) {
        return ngx_http_qc_disk_write_failed(w, "malloc() for", ngx_errno);
    }

    rc = NGX_OK;
    offset = b->file_pos;

    while (offset < b->file_last && rc == NGX_OK) {
        size = (size_t) ngx_min(b->file_last - offset, NGX_HTTP_QC_DISK_COPY);

        n = pread(b->file->fd, buf, size, offset);

        if (n == -1 && ngx_errno == NGX_EINTR) {
            continue;
        }

        if (n <= 0) {
            rc = ngx_http_qc_disk_write_failed(w, "reading the body of",
                                               n ? ngx_errno : 0);
            break;
        }

        rc = ngx_http_qc_disk_write_bytes(w, buf, n);
        offset += n;
    }

    ngx_free(buf);

    return rc;
}


static ngx_int_t
ngx_http_qc_disk_write_bytes(ngx_http_qc_disk_write_t *w, u_char *p,
    size_t size)
{
    ssize_t  n;

    if ((off_t) size > w->left) {
        return ngx_http_qc_disk_write_failed(w, "writing a long body to", 0);
    }

    w->left -= size;

    while (size) {
        n = ngx_write_fd(w->fd, p, size);

        if (n == -1) {

            if (ngx_errno == NGX_EINTR) {
                continue;
            }

            return ngx_http_qc_disk_write_failed(w, "write()", ngx_errno);
        }

        p += n;
        size -= n;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_qc_disk_write_rename(ngx_http_qc_disk_write_t *w)
{
    if (ngx_rename_file(w->temp, w->name) != NGX_FILE_ERROR) {
        return NGX_OK;
    }

    if (ngx_errno == NGX_ENOENT) {

        if (ngx_http_qc_disk_write_mkdir(w, w->name) != NGX_OK) {
            return NGX_ERROR;
        }

        if (ngx_rename_file(w->temp, w->name) != NGX_FILE_ERROR) {
            return NGX_OK;
        }
    }

    return ngx_http_qc_disk_write_failed(w, ngx_rename_file_n, ngx_errno);
}


static ngx_int_t
ngx_http_qc_disk_write_mkdir(ngx_http_qc_disk_write_t *w, u_char *name)
{
    ngx_err_t  err;

    err = ngx_create_full_path(name, 0700);

    /* any other error has left the name cut where it happened */

    if (err == 0 || err == NGX_EACCES) {
        return NGX_OK;
    }

    return ngx_http_qc_disk_write_failed(w, ngx_create_dir_n " for", err);
}


static ngx_int_t
ngx_http_qc_disk_write_list(ngx_http_qc_disk_write_t *w, ngx_log_t *log)
{
    ngx_uint_t     i;
    const u_char  *id;

    id = w->put->record->object;

    for (i = 0; i <= NGX_HTTP_QC_DISK_EVICT; i++) {

        /* NGX_DECLINED: it is listed, by the manager or before */

        if (ngx_http_qc_disk_list_add(w->disk, id, w->size, 0) != NGX_ERROR) {
            return NGX_OK;
        }

        if (ngx_http_qc_disk_evict(w->disk, log) != NGX_OK) {
            break;
        }
    }

    return ngx_http_qc_disk_write_failed(w, "listing", NGX_ENOMEM);
}


static ngx_int_t
ngx_http_qc_disk_write_failed(ngx_http_qc_disk_write_t *w, const char *failed,
    ngx_err_t err)
{
    w->failed = failed;
    w->err = err;
    w->fault = QC_DISK_ERROR;

    if (err == NGX_ENOSPC || err == EDQUOT) {
        w->fault = QC_DISK_FULL;
    }

    return NGX_ERROR;
}


/* The file with the longest time since its last use. */

ngx_int_t
ngx_http_qc_disk_evict(ngx_http_qc_disk_t *disk, ngx_log_t *log)
{
    u_char  id[QC_OBJECT_ID_LEN], name[NGX_HTTP_QC_DISK_PATH_MAX];

    if (ngx_http_qc_disk_list_oldest(disk, id) != NGX_OK) {
        return NGX_DECLINED;
    }

    ngx_http_qc_disk_name(disk, name, id);

    if (ngx_http_qc_disk_unlink(disk, name, log) != NGX_OK) {
        return NGX_ERROR;
    }

    (void) ngx_http_qc_disk_list_delete(disk, id);

    ngx_http_qc_count(disk->tier.stats, QC_DISK_EVICTED);

    return NGX_OK;
}


ngx_int_t
ngx_http_qc_disk_unlink(ngx_http_qc_disk_t *disk, u_char *name,
    ngx_log_t *log)
{
    ngx_err_t  err;

    if (ngx_delete_file(name) != NGX_FILE_ERROR) {
        return NGX_OK;
    }

    err = ngx_errno;

    if (err == NGX_ENOENT) {
        return NGX_OK;
    }

    ngx_http_qc_fault(disk->tier.stats, QC_DISK_ERROR, NGX_LOG_CRIT, log, err,
                      ngx_delete_file_n " \"%s\" failed", name);

    return NGX_ERROR;
}


void
ngx_http_qc_disk_remove(ngx_http_qc_tier_t *tier,
    const u_char id[QC_OBJECT_ID_LEN])
{
    ngx_http_qc_disk_t  *disk = tier->data;

    u_char               name[NGX_HTTP_QC_DISK_PATH_MAX];

    (void) ngx_http_qc_disk_list_delete(disk, id);

#if (NGX_THREADS)

    if (ngx_http_qc_disk_remove_post(disk, id) == NGX_OK) {
        return;
    }

#endif

    ngx_http_qc_disk_name(disk, name, id);
    (void) ngx_http_qc_disk_unlink(disk, name, ngx_cycle->log);
}


#if (NGX_THREADS)

static void
ngx_http_qc_disk_put_done(ngx_event_t *ev)
{
    ngx_int_t                  rc;
    ngx_http_qc_put_t         *put;
    ngx_http_qc_disk_write_t  *w;

    w = ev->data;
    put = w->put;

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, put->log, 0,
                   "http query cache disk put: \"%s\"", w->name);

    rc = ngx_http_qc_disk_put_result(w);

    put->done(put, rc);
}


static ngx_int_t
ngx_http_qc_disk_remove_post(ngx_http_qc_disk_t *disk, const u_char *id)
{
    size_t                      len;
    ngx_http_qc_disk_unlink_t  *u;

    /* helper processes have no threads */

    if (disk->thread_pool == NULL || ngx_process == NGX_PROCESS_HELPER) {
        return NGX_DECLINED;
    }

    len = disk->path->name.len + NGX_HTTP_QC_DISK_NAME_LEN;

    u = ngx_calloc(sizeof(ngx_http_qc_disk_unlink_t) + len, ngx_cycle->log);
    if (u == NULL) {
        return NGX_ERROR;
    }

    u->disk = disk;
    ngx_http_qc_disk_name(disk, u->name, id);

    u->task.ctx = u;
    u->task.handler = ngx_http_qc_disk_remove_thread;
    u->task.event.data = u;
    u->task.event.handler = ngx_http_qc_disk_remove_done;

    if (ngx_thread_task_post(disk->thread_pool, &u->task) != NGX_OK) {
        ngx_free(u);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
ngx_http_qc_disk_remove_thread(void *data, ngx_log_t *log)
{
    ngx_http_qc_disk_unlink_t *u = data;

    (void) ngx_http_qc_disk_unlink(u->disk, u->name, log);
}


static void
ngx_http_qc_disk_remove_done(ngx_event_t *ev)
{
    ngx_free(ev->data);
}

#endif
