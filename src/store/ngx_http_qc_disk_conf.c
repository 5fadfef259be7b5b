
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "ngx_http_qc_disk.h"


static char *ngx_http_qc_disk_set_sizes(ngx_conf_t *cf,
    ngx_http_qc_disk_t *disk);
static char *ngx_http_qc_disk_set_path(ngx_conf_t *cf,
    ngx_http_qc_disk_t *disk, ngx_str_t *name);


char *
ngx_http_qc_disk_set(ngx_conf_t *cf, ngx_http_qc_disk_t *disk)
{
    char       *rc;
    ngx_str_t  *value;

    if (disk->path) {
        return "is duplicate";
    }

    value = cf->args->elts;

    disk->max_size = NGX_CONF_UNSET;
    disk->min_free = NGX_CONF_UNSET;

    rc = ngx_http_qc_disk_set_sizes(cf, disk);
    if (rc != NGX_CONF_OK) {
        return rc;
    }

    ngx_conf_init_value(disk->max_size, (off_t) 10 * 1024 * 1024 * 1024);
    ngx_conf_init_value(disk->min_free, 0);

    rc = ngx_http_qc_disk_set_path(cf, disk, &value[1]);
    if (rc != NGX_CONF_OK) {
        return rc;
    }

    if (ngx_http_qc_disk_walk_create(cf, disk) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

#if (NGX_THREADS)

    disk->thread_pool = ngx_thread_pool_add(cf, NULL);
    if (disk->thread_pool == NULL) {
        return NGX_CONF_ERROR;
    }

#endif

    return NGX_CONF_OK;
}


static char *
ngx_http_qc_disk_set_sizes(ngx_conf_t *cf, ngx_http_qc_disk_t *disk)
{
    ngx_str_t   s, *value;
    ngx_uint_t  i;

    value = cf->args->elts;

    for (i = 2; i < cf->args->nelts; i++) {

        if (ngx_strncmp(value[i].data, "max_size=", 9) == 0) {

            if (disk->max_size != NGX_CONF_UNSET) {
                return "has a duplicate \"max_size=\"";
            }

            s.len = value[i].len - 9;
            s.data = value[i].data + 9;

            disk->max_size = ngx_parse_offset(&s);

            if (disk->max_size <= 0) {
                ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                                   "invalid max_size value \"%V\", it must be "
                                   "a size such as \"10g\"", &value[i]);
                return NGX_CONF_ERROR;
            }

            continue;
        }

        if (ngx_strncmp(value[i].data, "min_free=", 9) == 0) {

            if (disk->min_free != NGX_CONF_UNSET) {
                return "has a duplicate \"min_free=\"";
            }

            s.len = value[i].len - 9;
            s.data = value[i].data + 9;

            disk->min_free = ngx_parse_offset(&s);

            if (disk->min_free < 0) {
                ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                                   "invalid min_free value \"%V\", it must be "
                                   "a size such as \"1g\"", &value[i]);
                return NGX_CONF_ERROR;
            }

            continue;
        }

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid parameter \"%V\" of \"disk\", it takes "
                           "\"max_size=\" and \"min_free=\"", &value[i]);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_qc_disk_set_path(ngx_conf_t *cf, ngx_http_qc_disk_t *disk,
    ngx_str_t *name)
{
    ngx_uint_t    i;
    ngx_path_t   *path, **paths;

    path = ngx_pcalloc(cf->pool, sizeof(ngx_path_t));
    if (path == NULL) {
        return NGX_CONF_ERROR;
    }

    path->name = *name;

    while (path->name.len > 0 && path->name.data[path->name.len - 1] == '/') {
        path->name.len--;
        path->name.data[path->name.len] = '\0';
    }

    if (path->name.len == 0) {
        return "needs a folder of its own";
    }

    if (ngx_conf_full_name(cf->cycle, &path->name, 0) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    if (path->name.len + NGX_HTTP_QC_DISK_NAME_LEN
        > NGX_HTTP_QC_DISK_PATH_MAX)
    {
        return "has a path that is too long";
    }

    paths = cf->cycle->paths.elts;

    for (i = 0; i < cf->cycle->paths.nelts; i++) {

        if (paths[i]->name.len == path->name.len
            && ngx_strcmp(paths[i]->name.data, path->name.data) == 0)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "the folder \"%V\" is used already in %s:%ui, "
                               "every zone needs one of its own",
                               &path->name, paths[i]->conf_file,
                               paths[i]->line);
            return NGX_CONF_ERROR;
        }
    }

    path->manager = ngx_http_qc_disk_manager;
    path->data = disk;
    path->conf_file = cf->conf_file->file.name.data;
    path->line = cf->conf_file->line;

    if (ngx_add_path(cf, &path) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    disk->path = path;

    return NGX_CONF_OK;
}


void
ngx_http_qc_disk_name(ngx_http_qc_disk_t *disk, u_char *name,
    const u_char id[QC_OBJECT_ID_LEN])
{
    u_char    *p;
    qc_buf_t   b;

    p = ngx_cpymem(name, disk->path->name.data, disk->path->name.len);
    *p++ = '/';

    qc_buf_init(&b, p, QC_OBJECT_NAME_LEN);
    qc_object_name(&b, id);

    p[QC_OBJECT_NAME_LEN] = '\0';
}
