
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "ngx_http_qc_disk.h"


#define NGX_HTTP_QC_DISK_SLICE     65536   /* bytes read at once */
#define NGX_HTTP_QC_DISK_SLICES    4       /* without a thread, per event */
#define NGX_HTTP_QC_DISK_HOLD      60000   /* ms; longer is worth an alert */


typedef struct ngx_http_qc_disk_read_s  ngx_http_qc_disk_read_t;

typedef ngx_int_t (*ngx_http_qc_disk_step_pt)(ngx_http_qc_disk_read_t *dr);


/*
 * One read: load, loaded, deliver, load, ... until the end of the file.  A
 * step returns NGX_OK to go on with the next one at once, NGX_AGAIN to be
 * continued by an event, NGX_DONE when all is delivered, NGX_ABORT when the
 * reader has ended the read: the request may be gone then; or the result,
 * NGX_DECLINED or NGX_ERROR.
 */

struct ngx_http_qc_disk_read_s {
    ngx_http_qc_disk_t        *disk;
    ngx_http_qc_read_t        *rd;
    ngx_pool_cleanup_t        *cln;
    ngx_fd_t                   fd;         /* where ngx_event_ident() looks */
    u_char                    *name;

    ngx_http_qc_disk_step_pt   step;
    off_t                      offset;     /* of the next slice */
    off_t                      end;        /* size of the file */
    size_t                     size;       /* of the buffer */
    ngx_uint_t                 slices;     /* left for this event */
    ngx_buf_t                  buf;
    ngx_chain_t                out;

    /* of the slice: QC_NO_METRIC, or why it could not be read */
    qc_metric_e                reason;
    ngx_err_t                  err;
    const char                *failed;     /* the call */

    ngx_event_t                next;
#if (NGX_THREADS)
    ngx_thread_task_t          task;
#endif

    unsigned                   listed:1;
    unsigned                   threads:1;
    unsigned                   loading:1;  /* a thread has this */
    unsigned                   begun:1;
    unsigned                   waiting:1;  /* for the client */
};


static ngx_int_t ngx_http_qc_disk_read(ngx_http_qc_tier_t *tier,
    ngx_http_qc_read_t *rd);
static ngx_http_qc_disk_read_t *ngx_http_qc_disk_read_create(
    ngx_http_qc_disk_t *disk, ngx_http_qc_read_t *rd);
static void ngx_http_qc_disk_read_cleanup(void *data);
static void ngx_http_qc_disk_read_end(ngx_http_qc_disk_read_t *dr);
static ngx_int_t ngx_http_qc_disk_read_run(ngx_http_qc_disk_read_t *dr);
static void ngx_http_qc_disk_read_handler(ngx_http_request_t *r);
static void ngx_http_qc_disk_read_resume(ngx_http_qc_disk_read_t *dr);
static void ngx_http_qc_disk_read_hold(ngx_http_qc_disk_read_t *dr);
static void ngx_http_qc_disk_read_release(ngx_http_qc_disk_read_t *dr);
static void ngx_http_qc_disk_read_next(ngx_event_t *ev);
static ngx_int_t ngx_http_qc_disk_load(ngx_http_qc_disk_read_t *dr);
static ngx_int_t ngx_http_qc_disk_loaded(ngx_http_qc_disk_read_t *dr);
static ngx_int_t ngx_http_qc_disk_deliver(ngx_http_qc_disk_read_t *dr);
static ngx_int_t ngx_http_qc_disk_wait(ngx_http_qc_disk_read_t *dr);
static ngx_int_t ngx_http_qc_disk_failed(ngx_http_qc_disk_read_t *dr);
#if (NGX_THREADS)
static ngx_int_t ngx_http_qc_disk_load_post(ngx_http_qc_disk_read_t *dr);
static void ngx_http_qc_disk_load_done(ngx_event_t *ev);
#endif
static void ngx_http_qc_disk_slice(void *data, ngx_log_t *log);
static ngx_int_t ngx_http_qc_disk_open(ngx_http_qc_disk_read_t *dr);
static ngx_int_t ngx_http_qc_disk_verify(ngx_http_qc_disk_read_t *dr);
static ngx_int_t ngx_http_qc_disk_slice_failed(ngx_http_qc_disk_read_t *dr,
    qc_metric_e reason, const char *failed);


void
ngx_http_qc_disk_init(ngx_http_qc_disk_t *disk, ngx_http_qc_stats_t *stats)
{
    ngx_str_set(&disk->tier.name, "disk");

    disk->tier.read = ngx_http_qc_disk_read;
    disk->tier.put = ngx_http_qc_disk_put;
    disk->tier.remove = ngx_http_qc_disk_remove;
    disk->tier.stats = stats;
    disk->tier.data = disk;
}


static ngx_int_t
ngx_http_qc_disk_read(ngx_http_qc_tier_t *tier, ngx_http_qc_read_t *rd)
{
    ngx_http_qc_disk_t       *disk = tier->data;

    ngx_int_t                 rc;
    ngx_uint_t                cold;
    ngx_http_qc_disk_read_t  *dr;

    /* first: the list may become complete in between */

    cold = disk->sh->cold;

    ngx_memory_barrier();

    rc = ngx_http_qc_disk_list_use(disk, rd->record->object);

    if (rc != NGX_OK && !cold) {
        rd->reason = QC_R_GONE;
        return NGX_DECLINED;
    }

    dr = ngx_http_qc_disk_read_create(disk, rd);
    if (dr == NULL) {
        rd->reason = QC_R_STORE_ERROR;
        return NGX_ERROR;
    }

    dr->listed = (rc == NGX_OK);

    rc = ngx_http_qc_disk_read_run(dr);

    /* NGX_ABORT: the reader has seen to the request, nothing is left to do */

    if (rc == NGX_ABORT) {
        return NGX_AGAIN;
    }

    if (rc == NGX_AGAIN) {
        rd->request->write_event_handler = ngx_http_qc_disk_read_handler;
        return NGX_AGAIN;
    }

    ngx_http_qc_disk_read_end(dr);

    return (rc == NGX_DONE) ? NGX_OK : rc;
}


static ngx_http_qc_disk_read_t *
ngx_http_qc_disk_read_create(ngx_http_qc_disk_t *disk, ngx_http_qc_read_t *rd)
{
    ngx_pool_t                *pool;
    ngx_http_request_t        *r;
    ngx_http_qc_disk_read_t   *dr;

#if (NGX_THREADS)
    ngx_http_core_loc_conf_t  *clcf;
#endif

    r = rd->request;
    pool = r->pool;

    dr = ngx_pcalloc(pool, sizeof(ngx_http_qc_disk_read_t));
    if (dr == NULL) {
        return NULL;
    }

    dr->disk = disk;
    dr->rd = rd;
    dr->step = ngx_http_qc_disk_load;
    dr->fd = NGX_INVALID_FILE;
    dr->out.buf = &dr->buf;

    dr->next.data = dr;
    dr->next.handler = ngx_http_qc_disk_read_next;
    dr->next.log = r->connection->log;

#if (NGX_THREADS)

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    dr->threads = (clcf->aio == NGX_HTTP_AIO_THREADS);

#endif

    dr->cln = ngx_pool_cleanup_add(pool, 0);
    if (dr->cln == NULL) {
        return NULL;
    }

    dr->cln->handler = ngx_http_qc_disk_read_cleanup;
    dr->cln->data = dr;

    dr->name = ngx_pnalloc(pool, disk->path->name.len
                                 + NGX_HTTP_QC_DISK_NAME_LEN);
    if (dr->name == NULL) {
        return NULL;
    }

    ngx_http_qc_disk_name(disk, dr->name, rd->record->object);

    dr->size = (size_t) ngx_min(QC_OBJECT_HEADER_MAX + rd->record->stored,
                                NGX_HTTP_QC_DISK_SLICE);

    dr->buf.start = ngx_palloc(pool, dr->size);
    if (dr->buf.start == NULL) {
        return NULL;
    }

    dr->buf.end = dr->buf.start + dr->size;
    dr->buf.temporary = 1;

    rd->pending = dr;

    return dr;
}


static void
ngx_http_qc_disk_read_cleanup(void *data)
{
    ngx_http_qc_disk_read_t *dr = data;

    dr->cln->handler = NULL;

    ngx_http_qc_disk_read_release(dr);

    if (dr->next.posted) {
        ngx_delete_posted_event(&dr->next);
    }

    if (dr->fd != NGX_INVALID_FILE
        && ngx_close_file(dr->fd) == NGX_FILE_ERROR)
    {
        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, ngx_errno,
                      ngx_close_file_n " \"%s\" failed", dr->name);
    }

    dr->fd = NGX_INVALID_FILE;
}


static void
ngx_http_qc_disk_read_end(ngx_http_qc_disk_read_t *dr)
{
    dr->rd->pending = NULL;

    (void) ngx_pfree(dr->rd->request->pool, dr->buf.start);

    ngx_http_qc_disk_read_cleanup(dr);
}


static ngx_int_t
ngx_http_qc_disk_read_run(ngx_http_qc_disk_read_t *dr)
{
    ngx_int_t  rc;

    dr->slices = NGX_HTTP_QC_DISK_SLICES;

    do {
        rc = dr->step(dr);
    } while (rc == NGX_OK);

    return rc;
}


/* The write handler of the request while it is read for. */

static void
ngx_http_qc_disk_read_handler(ngx_http_request_t *r)
{
    ngx_event_t               *wev;
    ngx_connection_t          *c;
    ngx_pool_cleanup_t        *cln;
    ngx_http_qc_disk_read_t   *dr;
    ngx_http_core_loc_conf_t  *clcf;

    c = r->connection;
    wev = c->write;

    if (wev->timedout) {
        ngx_log_error(NGX_LOG_INFO, c->log, NGX_ETIMEDOUT, "client timed out");
        c->timedout = 1;

        ngx_http_finalize_request(r, NGX_HTTP_REQUEST_TIME_OUT);
        return;
    }

    if (c->error) {
        ngx_http_finalize_request(r, NGX_ERROR);
        return;
    }

    /* contexts of modules do not survive an internal redirect */

    for (cln = r->pool->cleanup; cln; cln = cln->next) {
        if (cln->handler == ngx_http_qc_disk_read_cleanup) {
            break;
        }
    }

    if (cln == NULL) {
        return;
    }

    dr = cln->data;

    if (dr->loading || dr->next.posted) {
        return;
    }

    if (wev->delayed) {
        clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

        if (ngx_handle_write_event(wev, clcf->send_lowat) != NGX_OK) {
            ngx_http_finalize_request(r, NGX_ERROR);
        }

        return;
    }

    ngx_http_qc_disk_read_resume(dr);
}


static void
ngx_http_qc_disk_read_resume(ngx_http_qc_disk_read_t *dr)
{
    ngx_int_t            rc;
    ngx_http_qc_read_t  *rd;

    rc = ngx_http_qc_disk_read_run(dr);

    if (rc == NGX_AGAIN || rc == NGX_ABORT) {
        return;
    }

    rd = dr->rd;

    ngx_http_qc_disk_read_end(dr);

    rd->request->write_event_handler = ngx_http_request_empty_handler;

    rd->done(rd, (rc == NGX_DONE) ? NGX_OK : rc);
}


/* A worker that is told to exit does so once no timer is left. */

static void
ngx_http_qc_disk_read_hold(ngx_http_qc_disk_read_t *dr)
{
    ngx_add_timer(&dr->next, NGX_HTTP_QC_DISK_HOLD);
}


static void
ngx_http_qc_disk_read_release(ngx_http_qc_disk_read_t *dr)
{
    if (dr->next.timer_set) {
        ngx_del_timer(&dr->next);
    }
}


static void
ngx_http_qc_disk_read_next(ngx_event_t *ev)
{
    ngx_connection_t         *c;
    ngx_http_request_t       *r;
    ngx_http_qc_disk_read_t  *dr;

    dr = ev->data;
    r = dr->rd->request;
    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    if (ev->timedout) {
        ev->timedout = 0;
        ngx_log_error(NGX_LOG_ALERT, c->log, 0, "reading \"%s\" takes too long",
                      dr->name);
        return;
    }

    ngx_http_qc_disk_read_release(dr);

    r->write_event_handler(r);

    ngx_http_run_posted_requests(c);
}


static ngx_int_t
ngx_http_qc_disk_load(ngx_http_qc_disk_read_t *dr)
{
    if (dr->slices == 0) {
        ngx_http_qc_disk_read_hold(dr);
        ngx_post_event(&dr->next, &ngx_posted_next_events);
        return NGX_AGAIN;
    }

    dr->slices--;
    dr->reason = QC_NO_METRIC;
    dr->step = ngx_http_qc_disk_loaded;

#if (NGX_THREADS)

    if (dr->threads && ngx_http_qc_disk_load_post(dr) == NGX_OK) {
        return NGX_AGAIN;
    }

#endif

    ngx_http_qc_disk_slice(dr, dr->rd->request->connection->log);

    return NGX_OK;
}


static ngx_int_t
ngx_http_qc_disk_loaded(ngx_http_qc_disk_read_t *dr)
{
    ngx_http_qc_read_t  *rd;

    rd = dr->rd;

    if (dr->reason != QC_NO_METRIC) {
        return ngx_http_qc_disk_failed(dr);
    }

    dr->step = ngx_http_qc_disk_deliver;

    if (dr->begun) {
        return NGX_OK;
    }

    dr->begun = 1;

    if (!dr->listed) {
        (void) ngx_http_qc_disk_list_add(dr->disk, rd->record->object,
                                         dr->end, 0);
    }

    ngx_http_qc_count(dr->disk->tier.stats, QC_DISK_READ);

    return (rd->begin(rd) == NGX_ERROR) ? NGX_ABORT : NGX_OK;
}


static ngx_int_t
ngx_http_qc_disk_deliver(ngx_http_qc_disk_read_t *dr)
{
    ngx_int_t            rc;
    ngx_event_t         *wev;
    ngx_http_qc_read_t  *rd;

    rd = dr->rd;

    if (dr->waiting || dr->buf.pos != dr->buf.last) {

        rc = rd->data(rd, dr->waiting ? NULL : &dr->out);

        if (rc == NGX_AGAIN) {
            return ngx_http_qc_disk_wait(dr);
        }

        if (rc != NGX_OK) {
            return NGX_ABORT;
        }
    }

    if (dr->waiting) {
        dr->waiting = 0;

        wev = rd->request->connection->write;

        if (wev->timer_set && !wev->delayed) {
            ngx_del_timer(wev);
        }
    }

    if (dr->offset == dr->end) {
        return NGX_DONE;
    }

    dr->step = ngx_http_qc_disk_load;

    return NGX_OK;
}


static ngx_int_t
ngx_http_qc_disk_wait(ngx_http_qc_disk_read_t *dr)
{
    ngx_event_t               *wev;
    ngx_connection_t          *c;
    ngx_http_request_t        *r;
    ngx_http_core_loc_conf_t  *clcf;

    r = dr->rd->request;
    c = r->connection;
    wev = c->write;

    dr->waiting = 1;

    /* behind a subrequest: that one waits for the client, and wakes this */

    if (c->data != r) {
        return NGX_AGAIN;
    }

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (!wev->delayed) {
        ngx_add_timer(wev, clcf->send_timeout);
    }

    if (ngx_handle_write_event(wev, clcf->send_lowat) != NGX_OK) {
        dr->rd->reason = QC_R_STORE_ERROR;
        return NGX_ERROR;
    }

    return NGX_AGAIN;
}


static ngx_int_t
ngx_http_qc_disk_failed(ngx_http_qc_disk_read_t *dr)
{
    ngx_log_t            *log;
    ngx_http_qc_tier_t   *tier;
    ngx_http_qc_stats_t  *stats;

    log = dr->rd->request->connection->log;
    tier = &dr->disk->tier;
    stats = tier->stats;

    dr->rd->reason = dr->reason;

    switch (dr->reason) {

    case QC_R_GONE:
        (void) ngx_http_qc_disk_list_delete(dr->disk, dr->rd->record->object);
        return NGX_DECLINED;

    case QC_R_CORRUPT:
        ngx_http_qc_fault(stats, QC_DISK_INVALID, NGX_LOG_ERR, log, 0,
                          "file \"%s\" is not what its record says", dr->name);
        ngx_http_qc_disk_remove(tier, dr->rd->record->object);
        return NGX_ERROR;

    default: /* QC_R_STORE_ERROR */
        ngx_http_qc_fault(stats, QC_DISK_ERROR, NGX_LOG_CRIT, log, dr->err,
                          "%s \"%s\" failed", dr->failed, dr->name);
        return NGX_ERROR;
    }
}


#if (NGX_THREADS)

static ngx_int_t
ngx_http_qc_disk_load_post(ngx_http_qc_disk_read_t *dr)
{
    ngx_str_t                  name;
    ngx_thread_pool_t         *tp;
    ngx_http_request_t        *r;
    ngx_http_core_loc_conf_t  *clcf;

    r = dr->rd->request;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);
    tp = clcf->thread_pool;

    if (tp == NULL) {
        if (ngx_http_complex_value(r, clcf->thread_pool_value, &name)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        tp = ngx_thread_pool_get((ngx_cycle_t *) ngx_cycle, &name);

        if (tp == NULL) {
            ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                          "thread pool \"%V\" not found", &name);
            return NGX_ERROR;
        }
    }

    dr->task.ctx = dr;
    dr->task.handler = ngx_http_qc_disk_slice;
    dr->task.event.data = dr;
    dr->task.event.handler = ngx_http_qc_disk_load_done;

    if (ngx_thread_task_post(tp, &dr->task) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_http_qc_disk_read_hold(dr);

    r->main->blocked++;
    dr->loading = 1;

    return NGX_OK;
}


static void
ngx_http_qc_disk_load_done(ngx_event_t *ev)
{
    ngx_connection_t         *c;
    ngx_http_request_t       *r;
    ngx_http_qc_disk_read_t  *dr;

    dr = ev->data;
    r = dr->rd->request;
    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, c->log, 0,
                   "http query cache disk slice: \"%s\"", dr->name);

    ngx_http_qc_disk_read_release(dr);

    r->main->blocked--;
    dr->loading = 0;

    /* if the request was terminated meanwhile, this is the finalizer */

    r->write_event_handler(r);

    ngx_http_run_posted_requests(c);
}

#endif


/* In a thread, or not: no pools, no events, no log. */

static void
ngx_http_qc_disk_slice(void *data, ngx_log_t *log)
{
    ngx_http_qc_disk_read_t *dr = data;

    off_t       last;
    ssize_t     n;
    ngx_buf_t  *b;

    b = &dr->buf;

    if (dr->fd == NGX_INVALID_FILE && ngx_http_qc_disk_open(dr) != NGX_OK) {
        return;
    }

    last = ngx_min(dr->end, dr->offset + (off_t) dr->size);

    b->pos = b->start;
    b->last = b->start;

    while (dr->offset < last) {

        n = ngx_read_fd(dr->fd, b->last, (size_t) (last - dr->offset));

        if (n == -1 && ngx_errno == NGX_EINTR) {
            continue;
        }

        if (n == -1) {
            (void) ngx_http_qc_disk_slice_failed(dr, QC_R_STORE_ERROR,
                                                 ngx_read_fd_n);
            return;
        }

        if (n == 0) {
            dr->reason = QC_R_CORRUPT;
            return;
        }

        b->last += n;
        dr->offset += n;
    }

    if (!dr->begun && ngx_http_qc_disk_verify(dr) != NGX_OK) {
        dr->reason = QC_R_CORRUPT;
    }
}


static ngx_int_t
ngx_http_qc_disk_open(ngx_http_qc_disk_read_t *dr)
{
    off_t            header;
    ngx_file_info_t  fi;

    dr->fd = ngx_open_file(dr->name, NGX_HTTP_QC_DISK_RDONLY, NGX_FILE_OPEN, 0);

    if (dr->fd == NGX_INVALID_FILE) {
        return ngx_http_qc_disk_slice_failed(dr,
                                             ngx_errno == NGX_ENOENT
                                             ? QC_R_GONE : QC_R_STORE_ERROR,
                                             ngx_open_file_n);
    }

    if (ngx_fd_info(dr->fd, &fi) == NGX_FILE_ERROR) {
        return ngx_http_qc_disk_slice_failed(dr, QC_R_STORE_ERROR,
                                             ngx_fd_info_n);
    }

    dr->end = ngx_file_size(&fi);
    header = dr->end - (off_t) dr->rd->record->stored;

    if (!ngx_is_file(&fi)
        || header < QC_OBJECT_FIXED || header > QC_OBJECT_HEADER_MAX)
    {
        return ngx_http_qc_disk_slice_failed(dr, QC_R_CORRUPT, NULL);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_qc_disk_verify(ngx_http_qc_disk_read_t *dr)
{
    ngx_buf_t    *b;
    qc_object_t   obj;

    b = &dr->buf;

    if (qc_object_decode(&obj, qc_str(b->pos, b->last - b->pos)) != QC_OK) {
        return NGX_DECLINED;
    }

    if (ngx_memcmp(obj.key, dr->rd->key, QC_KEY_LEN) != 0
        || !qc_record_same_body(&obj.record, dr->rd->record)
        || (off_t) (obj.header_len + obj.body_len) != dr->end)
    {
        return NGX_DECLINED;
    }

    b->pos += obj.header_len;

    return NGX_OK;
}


static ngx_int_t
ngx_http_qc_disk_slice_failed(ngx_http_qc_disk_read_t *dr, qc_metric_e reason,
    const char *failed)
{
    dr->err = ngx_errno;
    dr->reason = reason;
    dr->failed = failed;

    return NGX_ERROR;
}
