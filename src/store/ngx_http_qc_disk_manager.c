
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * What nginx's cache manager process does for a disk.  After a start it
 * walks the folder and fills the list; then it evicts.  It works in short
 * turns, since all caches of a configuration share the process.
 */

#include "ngx_http_qc_disk.h"


#define NGX_HTTP_QC_DISK_FILES     100     /* of one turn, at most */
#define NGX_HTTP_QC_DISK_TURN      200     /* ms of one turn, at most */
#define NGX_HTTP_QC_DISK_SLEEP     50      /* ms between turns */
#define NGX_HTTP_QC_DISK_IDLE      1000    /* ms, with nothing to be done */
#define NGX_HTTP_QC_DISK_TEMP      3600    /* s; older ones are abandoned */

/* tmp/, then 1/00/ to 1/ff/ */
#define NGX_HTTP_QC_DISK_FOLDERS   (1 + 256)


struct ngx_http_qc_disk_walk_s {
    ngx_uint_t                 files;      /* left of this turn */
    ngx_msec_t                 start;      /* of this turn */

    ngx_msec_t                 began;      /* the walk; 0: not yet */
    ngx_uint_t                 folder;
    ngx_dir_t                  dir;
    ngx_uint_t                 found;
    off_t                      size;
    unsigned                   open:1;
    unsigned                   done:1;

    u_char                     name[NGX_HTTP_QC_DISK_PATH_MAX];
    u_char                     header[QC_OBJECT_HEADER_MAX];
};


static ngx_int_t ngx_http_qc_disk_walk(ngx_http_qc_disk_t *disk);
static void ngx_http_qc_disk_walk_done(ngx_http_qc_disk_t *disk);
static ngx_int_t ngx_http_qc_disk_walk_open(ngx_http_qc_disk_t *disk);
static void ngx_http_qc_disk_walk_close(ngx_http_qc_disk_t *disk);
static void ngx_http_qc_disk_walk_temp(ngx_http_qc_disk_t *disk);
static void ngx_http_qc_disk_walk_file(ngx_http_qc_disk_t *disk);
static ngx_int_t ngx_http_qc_disk_inspect(ngx_http_qc_disk_t *disk,
    qc_object_t *obj, ngx_file_info_t *fi);
static ngx_fd_t ngx_http_qc_disk_inspect_open(u_char *name);
static ngx_int_t ngx_http_qc_disk_inspect_fd(ngx_http_qc_disk_t *disk,
    ngx_fd_t fd, qc_object_t *obj, ngx_file_info_t *fi);
static void ngx_http_qc_disk_found(ngx_http_qc_disk_t *disk,
    qc_object_t *obj, ngx_file_info_t *fi);
static void ngx_http_qc_disk_delete(ngx_http_qc_disk_t *disk);
static ngx_int_t ngx_http_qc_disk_shrink(ngx_http_qc_disk_t *disk);
static ngx_uint_t ngx_http_qc_disk_turn_over(ngx_http_qc_disk_walk_t *walk);


ngx_int_t
ngx_http_qc_disk_walk_create(ngx_conf_t *cf, ngx_http_qc_disk_t *disk)
{
    disk->walk = ngx_pcalloc(cf->pool, sizeof(ngx_http_qc_disk_walk_t));

    return disk->walk ? NGX_OK : NGX_ERROR;
}


ngx_msec_t
ngx_http_qc_disk_manager(void *data)
{
    ngx_http_qc_disk_t *disk = data;

    ngx_http_qc_disk_walk_t  *walk;

    walk = disk->walk;

    walk->files = NGX_HTTP_QC_DISK_FILES;
    walk->start = ngx_current_msec;

    /* a list that is complete has outlived the last manager */

    if (!disk->sh->cold && walk->began == 0) {
        walk->done = 1;
    }

    if (!walk->done && ngx_http_qc_disk_walk(disk) == NGX_AGAIN) {
        return NGX_HTTP_QC_DISK_SLEEP;
    }

    if (ngx_http_qc_disk_shrink(disk) == NGX_AGAIN) {
        return NGX_HTTP_QC_DISK_SLEEP;
    }

    return NGX_HTTP_QC_DISK_IDLE;
}


static ngx_int_t
ngx_http_qc_disk_walk(ngx_http_qc_disk_t *disk)
{
    ngx_http_qc_disk_walk_t  *walk;

    walk = disk->walk;

    if (walk->began == 0) {
        walk->began = ngx_current_msec;
    }

    while (walk->folder < NGX_HTTP_QC_DISK_FOLDERS) {

        if (ngx_http_qc_disk_turn_over(walk)) {
            return NGX_AGAIN;
        }

        if (!walk->open && ngx_http_qc_disk_walk_open(disk) != NGX_OK) {
            walk->folder++;
            continue;
        }

        ngx_set_errno(0);

        if (ngx_read_dir(&walk->dir) == NGX_ERROR) {
            ngx_http_qc_disk_walk_close(disk);
            walk->folder++;
            continue;
        }

        if (ngx_de_name(&walk->dir)[0] == '.') {
            continue;
        }

        walk->files--;

        if (walk->folder == 0) {
            ngx_http_qc_disk_walk_temp(disk);

        } else {
            ngx_http_qc_disk_walk_file(disk);
        }
    }

    ngx_http_qc_disk_walk_done(disk);

    return NGX_OK;
}


static void
ngx_http_qc_disk_walk_done(ngx_http_qc_disk_t *disk)
{
    ngx_http_qc_disk_walk_t  *walk;

    walk = disk->walk;
    walk->done = 1;

    ngx_memory_barrier();

    disk->sh->cold = 0;

    ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                  "query cache zone \"%V\": %ui files, %O bytes "
                  "found in \"%V\" in %M ms",
                  &disk->tier.stats->zone, walk->found, walk->size,
                  &disk->path->name, ngx_current_msec - walk->began);
}


static ngx_int_t
ngx_http_qc_disk_walk_open(ngx_http_qc_disk_t *disk)
{
    u_char                   *p;
    ngx_str_t                 name;
    ngx_err_t                 err;
    ngx_http_qc_disk_walk_t  *walk;

    walk = disk->walk;
    name.data = walk->name;

    if (walk->folder == 0) {
        p = ngx_sprintf(name.data, "%V/tmp", &disk->path->name);

    } else {
        p = ngx_sprintf(name.data, "%V/1/%02xi", &disk->path->name,
                        walk->folder - 1);
    }

    *p = '\0';
    name.len = p - name.data;

    if (ngx_open_dir(&name, &walk->dir) != NGX_ERROR) {
        walk->open = 1;
        return NGX_OK;
    }

    err = ngx_errno;

    if (err != NGX_ENOENT) {
        ngx_http_qc_fault(disk->tier.stats, QC_DISK_ERROR, NGX_LOG_CRIT,
                          ngx_cycle->log, err,
                          ngx_open_dir_n " \"%s\" failed", walk->name);
    }

    return NGX_DECLINED;
}


/* At the end of a folder: errno is that of ngx_read_dir(). */

static void
ngx_http_qc_disk_walk_close(ngx_http_qc_disk_t *disk)
{
    ngx_err_t                 err;
    ngx_http_qc_disk_walk_t  *walk;

    err = ngx_errno;
    walk = disk->walk;

    if (err != NGX_ENOMOREFILES) {
        ngx_http_qc_fault(disk->tier.stats, QC_DISK_ERROR, NGX_LOG_CRIT,
                          ngx_cycle->log, err,
                          ngx_read_dir_n " in \"%V\" failed",
                          &disk->path->name);
    }

    if (ngx_close_dir(&walk->dir) == NGX_ERROR) {
        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, ngx_errno,
                      ngx_close_dir_n " in \"%V\" failed", &disk->path->name);
    }

    walk->open = 0;
}


static void
ngx_http_qc_disk_walk_temp(ngx_http_qc_disk_t *disk)
{
    ngx_str_t                 name;
    ngx_file_info_t           fi;
    ngx_http_qc_disk_walk_t  *walk;
    u_char                    id[QC_OBJECT_ID_LEN];

    walk = disk->walk;

    name.data = ngx_de_name(&walk->dir);
    name.len = ngx_de_namelen(&walk->dir);

    if (qc_parse_hex(qc_str(name.data, name.len), id, QC_OBJECT_ID_LEN)
        != QC_OK)
    {
        return;
    }

    *ngx_sprintf(walk->name, "%V/tmp/%V", &disk->path->name, &name) = '\0';

    if (ngx_link_info(walk->name, &fi) != NGX_FILE_ERROR
        && ngx_is_file(&fi)
        && ngx_file_mtime(&fi) < ngx_time() - NGX_HTTP_QC_DISK_TEMP)
    {
        (void) ngx_http_qc_disk_unlink(disk, walk->name, ngx_cycle->log);
    }
}


/* Names that no object has are somebody else's: left alone. */

static void
ngx_http_qc_disk_walk_file(ngx_http_qc_disk_t *disk)
{
    u_char                   *p;
    ngx_str_t                 file;
    qc_object_t               obj;
    ngx_file_info_t           fi;
    ngx_http_qc_disk_walk_t  *walk;
    u_char                    id[QC_OBJECT_ID_LEN];

    walk = disk->walk;

    file.data = ngx_de_name(&walk->dir);
    file.len = ngx_de_namelen(&walk->dir);

    if (file.len != 2 * (QC_OBJECT_ID_LEN - 1)) {
        return;
    }

    p = ngx_sprintf(walk->name, "%V/", &disk->path->name);
    *ngx_sprintf(p, "1/%02xi/%V", walk->folder - 1, &file) = '\0';

    if (qc_object_name_parse(qc_str(p, QC_OBJECT_NAME_LEN), id) != QC_OK) {
        return;
    }

    switch (ngx_http_qc_disk_inspect(disk, &obj, &fi)) {

    case NGX_OK:
        if (ngx_memcmp(obj.record.object, id, QC_OBJECT_ID_LEN) == 0) {
            ngx_http_qc_disk_found(disk, &obj, &fi);
            return;
        }

        break;

    case NGX_DECLINED:
        break;

    default: /* NGX_ERROR */
        return;
    }

    ngx_http_qc_fault(disk->tier.stats, QC_DISK_INVALID, NGX_LOG_ERR,
                      ngx_cycle->log, 0, "file \"%s\" is no valid object",
                      walk->name);

    ngx_http_qc_disk_delete(disk);
}


/* NGX_DECLINED: it is not valid; NGX_ERROR: it is gone or not readable. */

static ngx_int_t
ngx_http_qc_disk_inspect(ngx_http_qc_disk_t *disk, qc_object_t *obj,
    ngx_file_info_t *fi)
{
    u_char     *name;
    ngx_fd_t    fd;
    ngx_err_t   err;
    ngx_int_t   rc;

    name = disk->walk->name;

    fd = ngx_http_qc_disk_inspect_open(name);

    if (fd == NGX_INVALID_FILE) {
        err = ngx_errno;

        if (err != NGX_ENOENT) {
            ngx_http_qc_fault(disk->tier.stats, QC_DISK_ERROR, NGX_LOG_CRIT,
                              ngx_cycle->log, err,
                              ngx_open_file_n " \"%s\" failed", name);
        }

        return NGX_ERROR;
    }

    rc = ngx_http_qc_disk_inspect_fd(disk, fd, obj, fi);

    if (rc == NGX_ERROR) {
        ngx_http_qc_fault(disk->tier.stats, QC_DISK_ERROR, NGX_LOG_CRIT,
                          ngx_cycle->log, ngx_errno,
                          "reading the header of \"%s\" failed", name);
    }

    if (ngx_close_file(fd) == NGX_FILE_ERROR) {
        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, ngx_errno,
                      ngx_close_file_n " \"%s\" failed", name);
    }

    return rc;
}


/* The access time says when a client last wanted it: this is no access. */

static ngx_fd_t
ngx_http_qc_disk_inspect_open(u_char *name)
{
#ifdef O_NOATIME
    ngx_fd_t  fd;

    fd = ngx_open_file(name, NGX_HTTP_QC_DISK_RDONLY|O_NOATIME, NGX_FILE_OPEN,
                       0);

    if (fd != NGX_INVALID_FILE || ngx_errno != NGX_EPERM) {
        return fd;
    }
#endif

    return ngx_open_file(name, NGX_HTTP_QC_DISK_RDONLY, NGX_FILE_OPEN, 0);
}


static ngx_int_t
ngx_http_qc_disk_inspect_fd(ngx_http_qc_disk_t *disk, ngx_fd_t fd,
    qc_object_t *obj, ngx_file_info_t *fi)
{
    size_t    len;
    u_char   *header;
    ssize_t   n;

    if (ngx_fd_info(fd, fi) == NGX_FILE_ERROR) {
        return NGX_ERROR;
    }

    if (!ngx_is_file(fi)) {
        return NGX_DECLINED;
    }

    header = disk->walk->header;

    for (len = 0; len < QC_OBJECT_HEADER_MAX; len += n) {

        n = ngx_read_fd(fd, header + len, QC_OBJECT_HEADER_MAX - len);

        if (n == -1) {
            return NGX_ERROR;
        }

        if (n == 0) {
            break;
        }
    }

    if (qc_object_decode(obj, qc_str(header, len)) != QC_OK
        || obj->header_len + obj->body_len != (uint64_t) ngx_file_size(fi))
    {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


static void
ngx_http_qc_disk_found(ngx_http_qc_disk_t *disk, qc_object_t *obj,
    ngx_file_info_t *fi)
{
    time_t                    used;
    ngx_int_t                 rc;
    ngx_http_qc_disk_walk_t  *walk;

    walk = disk->walk;
    used = ngx_max(fi->st_atime, ngx_file_mtime(fi));

    rc = ngx_http_qc_disk_list_add(disk, obj->record.object,
                                   ngx_file_size(fi), ngx_time() - used);

    if (rc == NGX_ERROR
        && ngx_http_qc_disk_evict(disk, ngx_cycle->log) == NGX_OK)
    {
        rc = ngx_http_qc_disk_list_add(disk, obj->record.object,
                                       ngx_file_size(fi), ngx_time() - used);
    }

    if (rc == NGX_ERROR) {
        ngx_http_qc_fault(disk->tier.stats, QC_DISK_ERROR, NGX_LOG_ERR,
                          ngx_cycle->log, NGX_ENOMEM,
                          "listing \"%s\" failed", walk->name);

        ngx_http_qc_disk_delete(disk);
        return;
    }

    if (disk->found
        && disk->found(disk->found_data, obj) == NGX_DECLINED)
    {
        (void) ngx_http_qc_disk_list_delete(disk, obj->record.object);
        ngx_http_qc_disk_delete(disk);
        return;
    }

    walk->found++;
    walk->size += ngx_file_size(fi);

    if (rc == NGX_OK) {
        ngx_http_qc_count(disk->tier.stats, QC_DISK_LOADED);
    }
}


static void
ngx_http_qc_disk_delete(ngx_http_qc_disk_t *disk)
{
    (void) ngx_http_qc_disk_unlink(disk, disk->walk->name, ngx_cycle->log);
}


static ngx_int_t
ngx_http_qc_disk_shrink(ngx_http_qc_disk_t *disk)
{
    while (disk->sh->size > disk->max_size
           || (disk->min_free
               && ngx_fs_available(disk->path->name.data) < disk->min_free))
    {
        if (ngx_http_qc_disk_turn_over(disk->walk)) {
            return NGX_AGAIN;
        }

        if (ngx_http_qc_disk_evict(disk, ngx_cycle->log) != NGX_OK) {
            break;
        }

        disk->walk->files--;
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_http_qc_disk_turn_over(ngx_http_qc_disk_walk_t *walk)
{
    if (walk->files == 0 || ngx_quit || ngx_terminate) {
        return 1;
    }

    ngx_time_update();

    return ngx_current_msec - walk->start >= NGX_HTTP_QC_DISK_TURN;
}
