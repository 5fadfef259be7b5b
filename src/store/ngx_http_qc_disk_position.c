
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * The position of the log of invalidations, where files outlive the log: a
 * start takes nothing for valid that was filled before it.  16 bytes:
 * position:u64le, and the first 8 bytes of its checksum.
 */

#include "ngx_http_qc_disk.h"

#include "../core/qc_hash.h"


#define NGX_HTTP_QC_DISK_POSITION      "/invalidated"
#define NGX_HTTP_QC_DISK_POSITION_LEN  16
#define NGX_HTTP_QC_DISK_POSITION_MAX  (QC_TIME_MAX * 1000)

#define NGX_HTTP_QC_DISK_WRONLY                                               \
    (NGX_FILE_WRONLY|NGX_FILE_NONBLOCK|O_NOFOLLOW)


static void ngx_http_qc_disk_position_name(ngx_http_qc_disk_t *disk,
    u_char *name);
static void ngx_http_qc_disk_position_encode(uint64_t position,
    u_char data[NGX_HTTP_QC_DISK_POSITION_LEN]);
static void ngx_http_qc_disk_position_close(ngx_fd_t fd, u_char *name,
    ngx_log_t *log);
static uint64_t ngx_http_qc_disk_position_unknown(void);


uint64_t
ngx_http_qc_disk_position(ngx_http_qc_disk_t *disk, ngx_log_t *log)
{
    ssize_t   n;
    ngx_fd_t  fd;
    uint64_t  position;
    u_char    data[NGX_HTTP_QC_DISK_POSITION_LEN + 1];
    u_char    want[NGX_HTTP_QC_DISK_POSITION_LEN];
    u_char    name[NGX_HTTP_QC_DISK_PATH_MAX];

    ngx_http_qc_disk_position_name(disk, name);

    fd = ngx_open_file(name, NGX_HTTP_QC_DISK_RDONLY, NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {

        if (ngx_errno == NGX_ENOENT) {
            return 0;
        }

        ngx_http_qc_fault(disk->tier.stats, QC_DISK_ERROR, NGX_LOG_CRIT, log,
                          ngx_errno, ngx_open_file_n " \"%s\" failed", name);

        return ngx_http_qc_disk_position_unknown();
    }

    n = ngx_read_fd(fd, data, sizeof(data));

    if (n == -1) {
        ngx_http_qc_fault(disk->tier.stats, QC_DISK_ERROR, NGX_LOG_CRIT, log,
                          ngx_errno, ngx_read_fd_n " \"%s\" failed", name);
    }

    ngx_http_qc_disk_position_close(fd, name, log);

    if (n == -1) {
        return ngx_http_qc_disk_position_unknown();
    }

    position = 0;

    if (n == NGX_HTTP_QC_DISK_POSITION_LEN) {
        position = qc_get_u64(data);
        ngx_http_qc_disk_position_encode(position, want);
    }

    if (position == 0 || position > NGX_HTTP_QC_DISK_POSITION_MAX
        || ngx_memcmp(data, want, NGX_HTTP_QC_DISK_POSITION_LEN) != 0)
    {
        ngx_http_qc_fault(disk->tier.stats, QC_DISK_INVALID, NGX_LOG_ERR, log,
                          0, "file \"%s\" is damaged, all entries of before "
                          "are taken for invalidated", name);

        return ngx_http_qc_disk_position_unknown();
    }

    return position;
}


void
ngx_http_qc_disk_position_save(void *data, uint64_t position, ngx_log_t *log)
{
    ngx_http_qc_disk_t *disk = data;

    ssize_t   n;
    ngx_fd_t  fd;
    u_char    bytes[NGX_HTTP_QC_DISK_POSITION_LEN];
    u_char    name[NGX_HTTP_QC_DISK_PATH_MAX];

    ngx_http_qc_disk_position_name(disk, name);
    ngx_http_qc_disk_position_encode(position, bytes);

    fd = ngx_open_file(name, NGX_HTTP_QC_DISK_WRONLY, NGX_FILE_CREATE_OR_OPEN,
                       NGX_FILE_OWNER_ACCESS);

    if (fd == NGX_INVALID_FILE) {
        ngx_http_qc_fault(disk->tier.stats, QC_DISK_ERROR, NGX_LOG_CRIT, log,
                          ngx_errno, ngx_open_file_n " \"%s\" failed", name);
        return;
    }

    n = pwrite(fd, bytes, NGX_HTTP_QC_DISK_POSITION_LEN, 0);

    if (n != NGX_HTTP_QC_DISK_POSITION_LEN) {
        ngx_http_qc_fault(disk->tier.stats, QC_DISK_ERROR, NGX_LOG_CRIT, log,
                          (n == -1) ? ngx_errno : 0,
                          "pwrite() to \"%s\" failed", name);
    }

    ngx_http_qc_disk_position_close(fd, name, log);
}


static void
ngx_http_qc_disk_position_name(ngx_http_qc_disk_t *disk, u_char *name)
{
    u_char  *p;

    p = ngx_cpymem(name, disk->path->name.data, disk->path->name.len);

    ngx_memcpy(p, NGX_HTTP_QC_DISK_POSITION,
               sizeof(NGX_HTTP_QC_DISK_POSITION));
}


static void
ngx_http_qc_disk_position_encode(uint64_t position,
    u_char data[NGX_HTTP_QC_DISK_POSITION_LEN])
{
    qc_buf_t  b;
    u_char    sum[QC_SUM_LEN];

    qc_buf_init(&b, data, NGX_HTTP_QC_DISK_POSITION_LEN);
    qc_buf_u64(&b, position);

    qc_sum(data, sizeof(position), sum);
    qc_buf_put(&b, sum, NGX_HTTP_QC_DISK_POSITION_LEN - sizeof(position));
}


static void
ngx_http_qc_disk_position_close(ngx_fd_t fd, u_char *name, ngx_log_t *log)
{
    if (ngx_close_file(fd) == NGX_FILE_ERROR) {
        ngx_log_error(NGX_LOG_ALERT, log, ngx_errno,
                      ngx_close_file_n " \"%s\" failed", name);
    }
}


/* Whatever was noted, it was before now. */

static uint64_t
ngx_http_qc_disk_position_unknown(void)
{
    ngx_time_t  *tp;

    tp = ngx_timeofday();

    return (uint64_t) tp->sec * 1000 + tp->msec;
}
