
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/* A zone from the end of its block to the start of a worker. */

#include "ngx_http_qc.h"


#define NGX_HTTP_QC_SHM_VERSION    5


/* The root of a zone's shared memory: reloads find everything from here. */

typedef struct {
    ngx_uint_t                     version;
    ngx_http_qc_stats_sh_t         stats;
    ngx_http_qc_index_sh_t        *index;
    ngx_http_qc_disk_sh_t         *disk;
    ngx_http_qc_marks_sh_t        *marks;
    ngx_http_qc_locks_sh_t        *locks;
    ngx_http_qc_uses_sh_t         *uses;
    qc_scopes_t                   *scopes;
} ngx_http_qc_shm_t;


static ngx_int_t ngx_http_qc_zone_attach(ngx_http_qc_zone_t *zone,
    ngx_slab_pool_t *shpool, ngx_log_t *log);
static ngx_http_qc_shm_t *ngx_http_qc_zone_shm_create(
    ngx_http_qc_zone_t *zone, ngx_slab_pool_t *shpool);
static ngx_int_t ngx_http_qc_zone_backends(ngx_conf_t *cf,
    ngx_http_qc_zone_t *zone);
static ngx_int_t ngx_http_qc_zone_found(void *data, const qc_object_t *obj);


ngx_int_t
ngx_http_qc_zone_shm_init(ngx_shm_zone_t *shm_zone, void *data)
{
    ngx_slab_pool_t     *shpool;
    ngx_http_qc_zone_t  *zone, *old;

    zone = shm_zone->data;
    old = data;
    shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    /* the list of files is that of the old path, and cannot be both */

    if (old && old->has_disk && zone->has_disk
        && ngx_strcmp(old->disk.path->name.data, zone->disk.path->name.data)
           != 0)
    {
        ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, 0,
                      "query cache zone \"%V\" uses the \"%V\" path while "
                      "previously it used the \"%V\" path; restart nginx, or "
                      "give the zone another name", &zone->name,
                      &zone->disk.path->name, &old->disk.path->name);
        return NGX_ERROR;
    }

    return ngx_http_qc_zone_attach(zone, shpool, shm_zone->shm.log);
}


static ngx_int_t
ngx_http_qc_zone_attach(ngx_http_qc_zone_t *zone, ngx_slab_pool_t *shpool,
    ngx_log_t *log)
{
    ngx_uint_t          fresh;
    ngx_http_qc_shm_t  *shm;

    shm = shpool->data;
    fresh = (shm == NULL);

    if (fresh) {
        shm = ngx_http_qc_zone_shm_create(zone, shpool);

        if (shm == NULL) {
            ngx_log_error(NGX_LOG_EMERG, log, 0,
                          "\"memory\" of query cache zone \"%V\" is too "
                          "small", &zone->name);
            return NGX_ERROR;
        }

        shpool->log_nomem = 0;
        shpool->data = shm;
    }

    if (shm->version != NGX_HTTP_QC_SHM_VERSION) {
        ngx_log_error(NGX_LOG_EMERG, log, 0,
                      "query cache zone \"%V\" is of another version of the "
                      "module; restart nginx", &zone->name);
        return NGX_ERROR;
    }

    zone->stats.sh = &shm->stats;
    zone->index.shpool = shpool;
    zone->index.sh = shm->index;
    zone->index.scopes = shm->scopes;
    zone->disk.shpool = shpool;
    zone->disk.sh = shm->disk;

    ngx_http_qc_marks_init(&zone->marks, shpool, shm->marks, &zone->name, log);
    ngx_http_qc_locks_init(&zone->locks, shpool, shm->locks, &zone->stats,
                           log);
    ngx_http_qc_uses_init(&zone->uses, shpool, shm->uses, &zone->name, log);

    if (fresh && zone->index.save) {
        qc_scopes_forget(shm->scopes,
                         ngx_http_qc_disk_position(&zone->disk, log));
    }

    /* as with the marks, workers of the old configuration use the table */

    if (zone->invalidations != shm->scopes->number) {
        ngx_log_error(NGX_LOG_WARN, log, 0,
                      "query cache zone \"%V\" has %uz \"invalidations\" "
                      "until nginx is restarted", &zone->name,
                      shm->scopes->number);
    }

    return NGX_OK;
}


/* NULL: it does not fit. */

static ngx_http_qc_shm_t *
ngx_http_qc_zone_shm_create(ngx_http_qc_zone_t *zone, ngx_slab_pool_t *shpool)
{
    ngx_http_qc_shm_t  *shm;

    shm = ngx_slab_calloc(shpool, sizeof(ngx_http_qc_shm_t));
    if (shm == NULL) {
        return NULL;
    }

    shm->version = NGX_HTTP_QC_SHM_VERSION;
    shm->index = ngx_http_qc_index_create(shpool);
    shm->disk = ngx_http_qc_disk_create(shpool);
    shm->marks = ngx_http_qc_marks_create(shpool, zone->marks.number);
    shm->locks = ngx_http_qc_locks_create(shpool, zone->locks.number);
    shm->uses = ngx_http_qc_uses_create(shpool, zone->uses.number);
    shm->scopes = ngx_http_qc_scopes_create(shpool, zone->invalidations);

    if (shm->index == NULL || shm->disk == NULL || shm->marks == NULL
        || shm->locks == NULL || shm->uses == NULL || shm->scopes == NULL)
    {
        return NULL;
    }

    return shm;
}


ngx_int_t
ngx_http_qc_zones_init(ngx_conf_t *cf)
{
    ngx_uint_t                 i;
    ngx_http_qc_zone_t       **zone;
    ngx_http_qc_main_conf_t   *qmcf;

    qmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_query_cache_module);

    zone = qmcf->zones.elts;

    for (i = 0; i < qmcf->zones.nelts; i++) {

        if (ngx_http_qc_zone_backends(cf, zone[i]) != NGX_OK) {
            return NGX_ERROR;
        }

#if (NGX_THREADS)
        zone[i]->thread_pool = ngx_thread_pool_add(cf, NULL);
        if (zone[i]->thread_pool == NULL) {
            return NGX_ERROR;
        }
#endif
    }

    return NGX_OK;
}


/* The index is local unless it is in Redis; the disk is read before S3. */

static ngx_int_t
ngx_http_qc_zone_backends(ngx_conf_t *cf, ngx_http_qc_zone_t *zone)
{
    ngx_http_core_loc_conf_t  *clcf;

    if (zone->has_redis) {
        clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

        if (ngx_http_qc_endpoint_init(cf, &zone->redis.endpoint, clcf,
                                      "redis")
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        ngx_http_qc_redis_init(&zone->redis, &zone->stats);
        zone->meta = &zone->redis.meta;

    } else {
        ngx_http_qc_index_init(&zone->index, &zone->stats);
        zone->meta = &zone->index.meta;
    }

    if (zone->has_disk) {
        ngx_http_qc_disk_init(&zone->disk, &zone->stats);

        if (!zone->has_redis && !zone->has_s3) {
            zone->disk.found = ngx_http_qc_zone_found;
            zone->disk.found_data = zone;

            zone->index.save = ngx_http_qc_disk_position_save;
            zone->index.save_data = &zone->disk;
        }

        zone->tiers[zone->ntiers++] = &zone->disk.tier;
    }

    if (zone->has_s3) {
        if (ngx_http_qc_s3_init(cf, &zone->s3, &zone->stats) != NGX_OK) {
            return NGX_ERROR;
        }

        zone->tiers[zone->ntiers++] = &zone->s3.tier;
    }

    return NGX_OK;
}


/* In the cache manager: a file of a former run. */

static ngx_int_t
ngx_http_qc_zone_found(void *data, const qc_object_t *obj)
{
    ngx_http_qc_zone_t *zone = data;

    ngx_int_t               rc;
    ngx_http_qc_meta_op_t  *op;

    if (obj->record.stale <= (uint64_t) ngx_time()) {
        return NGX_DECLINED;
    }

    op = ngx_calloc(sizeof(ngx_http_qc_meta_op_t), ngx_cycle->log);
    if (op == NULL) {
        return NGX_OK;
    }

    ngx_memcpy(op->key, obj->key, QC_KEY_LEN);
    op->record = obj->record;
    op->log = ngx_cycle->log;

    rc = zone->meta->put(zone->meta, op);

    ngx_free(op);

    return (rc == NGX_DECLINED) ? NGX_DECLINED : NGX_OK;
}


ngx_int_t
ngx_http_qc_zones_start(ngx_cycle_t *cycle)
{
    ngx_uint_t                 i;
    ngx_http_qc_zone_t       **zone;
    ngx_http_qc_main_conf_t   *qmcf;

    qmcf = ngx_http_cycle_get_module_main_conf(cycle,
                                               ngx_http_query_cache_module);
    zone = qmcf->zones.elts;

    for (i = 0; i < qmcf->zones.nelts; i++) {

        ngx_http_qc_jobs_init(zone[i], cycle->log);

        if (ngx_http_qc_locks_start(&zone[i]->locks,
                                    zone[i]->fill_concurrency,
                                    &zone[i]->nfills, cycle)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (zone[i]->has_redis
            && ngx_http_qc_redis_start(&zone[i]->redis, cycle) != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (zone[i]->has_s3
            && ngx_http_qc_s3_start(&zone[i]->s3, cycle) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}
