
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "ngx_http_qc.h"


#define NGX_HTTP_QC_MARKS          8192
#define NGX_HTTP_QC_LOCKS          1024
#define NGX_HTTP_QC_USES           8192
#define NGX_HTTP_QC_INVALIDATIONS  8192
#define NGX_HTTP_QC_SHARE          8   /* each may have 1/8 of the memory */


static char *ngx_http_qc_zone_directive(ngx_conf_t *cf, ngx_command_t *dummy,
    void *conf);
static char *ngx_http_qc_zone_args(ngx_conf_t *cf, ngx_command_t *cmd);
static char *ngx_http_qc_zone_backend(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_qc_zone_backoff(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static void ngx_http_qc_zone_defaults(ngx_http_qc_zone_t *zone);
static char *ngx_http_qc_zone_check(ngx_conf_t *cf, ngx_http_qc_zone_t *zone);
static char *ngx_http_qc_zone_tables(ngx_http_qc_zone_t *zone);
static ngx_uint_t ngx_http_qc_zone_fits(ngx_http_qc_zone_t *zone,
    ngx_uint_t *number, ngx_uint_t by_default, size_t size);
static char *ngx_http_qc_zone_invalidations(ngx_http_qc_zone_t *zone);


static ngx_conf_num_bounds_t  ngx_http_qc_zone_count = {
    ngx_conf_check_num_bounds, 1, 65536
};


static ngx_conf_num_bounds_t  ngx_http_qc_zone_notes = {
    ngx_conf_check_num_bounds, 64, -1
};


static ngx_conf_num_bounds_t  ngx_http_qc_zone_fills = {
    ngx_conf_check_num_bounds, 0, 65536
};


static ngx_conf_num_bounds_t  ngx_http_qc_zone_retries = {
    ngx_conf_check_num_bounds, 0, 10
};


static ngx_conf_post_t  ngx_http_qc_zone_timeout = {
    ngx_http_qc_not_zero
};


static ngx_command_t  ngx_http_qc_zone_commands[] = {

    { ngx_string("memory"),
      NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      0,
      offsetof(ngx_http_qc_zone_t, memory),
      NULL },

    { ngx_string("marks"),
      NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      0,
      offsetof(ngx_http_qc_zone_t, marks.number),
      NULL },

    { ngx_string("locks"),
      NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      0,
      offsetof(ngx_http_qc_zone_t, locks.number),
      NULL },

    { ngx_string("uses"),
      NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      0,
      offsetof(ngx_http_qc_zone_t, uses.number),
      NULL },

    { ngx_string("invalidations"),
      NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      0,
      offsetof(ngx_http_qc_zone_t, invalidations),
      &ngx_http_qc_zone_notes },

    { ngx_string("redis"),
      NGX_CONF_TAKE12,
      ngx_http_qc_zone_backend,
      0,
      0,
      NULL },

    { ngx_string("redis_timeout"),
      NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      0,
      offsetof(ngx_http_qc_zone_t, redis.conf.timeout),
      &ngx_http_qc_zone_timeout },

    { ngx_string("redis_backoff"),
      NGX_CONF_TAKE2,
      ngx_http_qc_zone_backoff,
      0,
      offsetof(ngx_http_qc_zone_t, redis.conf.backoff_min),
      NULL },

    { ngx_string("redis_queue"),
      NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      0,
      offsetof(ngx_http_qc_zone_t, redis.conf.queue),
      &ngx_http_qc_zone_count },

    { ngx_string("layout"),
      NGX_CONF_TAKE1,
      ngx_http_qc_rsc_layout,
      0,
      0,
      NULL },

    { ngx_string("s3"),
      NGX_CONF_1MORE,
      ngx_http_qc_zone_backend,
      0,
      0,
      NULL },

    { ngx_string("s3_connect_timeout"),
      NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      0,
      offsetof(ngx_http_qc_zone_t, s3.upstream.connect_timeout),
      &ngx_http_qc_zone_timeout },

    { ngx_string("s3_send_timeout"),
      NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      0,
      offsetof(ngx_http_qc_zone_t, s3.upstream.send_timeout),
      &ngx_http_qc_zone_timeout },

    { ngx_string("s3_read_timeout"),
      NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      0,
      offsetof(ngx_http_qc_zone_t, s3.upstream.read_timeout),
      &ngx_http_qc_zone_timeout },

    { ngx_string("s3_keepalive"),
      NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      0,
      offsetof(ngx_http_qc_zone_t, s3.keepalive),
      &ngx_http_qc_zone_count },

    { ngx_string("s3_max_fails"),
      NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      0,
      offsetof(ngx_http_qc_zone_t, s3.max_fails),
      &ngx_http_qc_zone_count },

    { ngx_string("s3_backoff"),
      NGX_CONF_TAKE2,
      ngx_http_qc_zone_backoff,
      0,
      offsetof(ngx_http_qc_zone_t, s3.backoff_min),
      NULL },

    { ngx_string("disk"),
      NGX_CONF_TAKE123,
      ngx_http_qc_zone_backend,
      0,
      0,
      NULL },

    { ngx_string("hold"),
      NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      0,
      offsetof(ngx_http_qc_zone_t, hold),
      NULL },

    { ngx_string("hold_timeout"),
      NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      0,
      offsetof(ngx_http_qc_zone_t, hold_timeout),
      &ngx_http_qc_zone_timeout },

    { ngx_string("fill_concurrency"),
      NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      0,
      offsetof(ngx_http_qc_zone_t, fill_concurrency),
      &ngx_http_qc_zone_fills },

    { ngx_string("store_concurrency"),
      NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      0,
      offsetof(ngx_http_qc_zone_t, store_concurrency),
      &ngx_http_qc_zone_count },

    { ngx_string("store_queue"),
      NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      0,
      offsetof(ngx_http_qc_zone_t, store_queue),
      &ngx_http_qc_zone_count },

    { ngx_string("store_memory"),
      NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      0,
      offsetof(ngx_http_qc_zone_t, store_memory),
      NULL },

    { ngx_string("store_temp_size"),
      NGX_CONF_TAKE1,
      ngx_conf_set_off_slot,
      0,
      offsetof(ngx_http_qc_zone_t, store_temp_size),
      NULL },

    { ngx_string("store_timeout"),
      NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      0,
      offsetof(ngx_http_qc_zone_t, store_timeout),
      &ngx_http_qc_zone_timeout },

    { ngx_string("store_retries"),
      NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      0,
      offsetof(ngx_http_qc_zone_t, store_retries),
      &ngx_http_qc_zone_retries },

      ngx_null_command
};


char *
ngx_http_qc_zone_block(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_qc_main_conf_t *qmcf = conf;

    char                 *rv;
    ngx_str_t            *value;
    ngx_conf_t            save;
    ngx_http_qc_zone_t   *zone, **zonep;

    value = cf->args->elts;

    if (ngx_http_qc_zone_find(qmcf, &value[1])) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "duplicate query cache zone \"%V\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    if (ngx_strcmp(value[1].data, "off") == 0) {
        return "must not be named \"off\"";
    }

    zone = ngx_pcalloc(cf->pool, sizeof(ngx_http_qc_zone_t));
    if (zone == NULL) {
        return NGX_CONF_ERROR;
    }

    zone->name = value[1];
    zone->stats.zone = value[1];

    zone->memory = NGX_CONF_UNSET_SIZE;
    zone->marks.number = NGX_CONF_UNSET_UINT;
    zone->locks.number = NGX_CONF_UNSET_UINT;
    zone->uses.number = NGX_CONF_UNSET_UINT;
    zone->invalidations = NGX_CONF_UNSET_UINT;
    zone->hold = NGX_CONF_UNSET_SIZE;
    zone->hold_timeout = NGX_CONF_UNSET_MSEC;
    zone->fill_concurrency = NGX_CONF_UNSET_UINT;
    zone->store_concurrency = NGX_CONF_UNSET_UINT;
    zone->store_queue = NGX_CONF_UNSET_UINT;
    zone->store_memory = NGX_CONF_UNSET_SIZE;
    zone->store_temp_size = NGX_CONF_UNSET;
    zone->store_timeout = NGX_CONF_UNSET_MSEC;
    zone->store_retries = NGX_CONF_UNSET_UINT;

    zone->redis.conf.timeout = NGX_CONF_UNSET_MSEC;
    zone->redis.conf.backoff_min = NGX_CONF_UNSET_MSEC;
    zone->redis.conf.backoff_max = NGX_CONF_UNSET_MSEC;
    zone->redis.conf.queue = NGX_CONF_UNSET_UINT;

    zone->s3.upstream.connect_timeout = NGX_CONF_UNSET_MSEC;
    zone->s3.upstream.send_timeout = NGX_CONF_UNSET_MSEC;
    zone->s3.upstream.read_timeout = NGX_CONF_UNSET_MSEC;
    zone->s3.backoff_min = NGX_CONF_UNSET_MSEC;
    zone->s3.backoff_max = NGX_CONF_UNSET_MSEC;
    zone->s3.max_fails = NGX_CONF_UNSET_UINT;
    zone->s3.keepalive = NGX_CONF_UNSET_UINT;

    save = *cf;
    cf->handler = ngx_http_qc_zone_directive;
    cf->handler_conf = (void *) zone;

    rv = ngx_conf_parse(cf, NULL);

    *cf = save;

    if (rv != NGX_CONF_OK) {
        return rv;
    }

    ngx_http_qc_zone_defaults(zone);

    rv = ngx_http_qc_zone_check(cf, zone);

    if (rv == NGX_CONF_ERROR) {
        return rv;
    }

    /* by now cf->args are those of the last directive in the block */

    if (rv != NGX_CONF_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "query_cache_zone \"%V\" %s",
                           &zone->name, rv);
        return NGX_CONF_ERROR;
    }

    zonep = ngx_array_push(&qmcf->zones);
    if (zonep == NULL) {
        return NGX_CONF_ERROR;
    }

    *zonep = zone;

    return NGX_CONF_OK;
}


ngx_http_qc_zone_t *
ngx_http_qc_zone_find(ngx_http_qc_main_conf_t *qmcf, ngx_str_t *name)
{
    ngx_uint_t            i;
    ngx_http_qc_zone_t  **zone;

    zone = qmcf->zones.elts;

    for (i = 0; i < qmcf->zones.nelts; i++) {
        if (zone[i]->name.len == name->len
            && ngx_strncmp(zone[i]->name.data, name->data, name->len) == 0)
        {
            return zone[i];
        }
    }

    return NULL;
}


/* Directives of the block are looked up as nginx looks up its own. */

static char *
ngx_http_qc_zone_directive(ngx_conf_t *cf, ngx_command_t *dummy, void *conf)
{
    char           *rv;
    ngx_str_t      *value;
    ngx_command_t  *cmd;

    value = cf->args->elts;

    for (cmd = ngx_http_qc_zone_commands; cmd->name.len; cmd++) {

        if (cmd->name.len != value[0].len
            || ngx_strcmp(cmd->name.data, value[0].data) != 0)
        {
            continue;
        }

        rv = ngx_http_qc_zone_args(cf, cmd);

        if (rv == NGX_CONF_OK) {
            rv = cmd->set(cf, cmd, conf);
        }

        if (rv == NGX_CONF_OK || rv == NGX_CONF_ERROR) {
            return rv;
        }

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%V\" directive %s",
                           &value[0], rv);
        return NGX_CONF_ERROR;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "unknown directive \"%V\" in query_cache_zone",
                       &value[0]);
    return NGX_CONF_ERROR;
}


static char *
ngx_http_qc_zone_args(ngx_conf_t *cf, ngx_command_t *cmd)
{
    ngx_uint_t  n;

    n = cf->args->nelts - 1;

    if (cmd->type & NGX_CONF_1MORE) {
        return (n >= 1) ? NGX_CONF_OK : "needs a parameter";
    }

    if (n <= 3 && (cmd->type & (NGX_CONF_NOARGS << n))) {
        return NGX_CONF_OK;
    }

    return "has an invalid number of parameters";
}


static char *
ngx_http_qc_zone_backend(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_qc_zone_t *zone = conf;

    switch (cmd->name.data[0]) {

    case 'r':
        if (zone->has_redis) {
            return "is duplicate";
        }

        zone->has_redis = 1;
        return ngx_http_qc_redis_set(cf, &zone->redis);

    case 's':
        if (zone->has_s3) {
            return "is duplicate";
        }

        zone->has_s3 = 1;
        return ngx_http_qc_s3_set(cf, &zone->s3);

    default: /* 'd' */
        if (zone->has_disk) {
            return "is duplicate";
        }

        zone->has_disk = 1;
        return ngx_http_qc_disk_set(cf, &zone->disk);
    }
}


/* Two times, one after the other in memory: the first and the longest. */

static char *
ngx_http_qc_zone_backoff(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char  *p = conf;

    ngx_str_t   *value;
    ngx_msec_t  *msp;

    msp = (ngx_msec_t *) (p + cmd->offset);

    if (msp[0] != NGX_CONF_UNSET_MSEC) {
        return "is duplicate";
    }

    value = cf->args->elts;

    msp[0] = ngx_parse_time(&value[1], 0);
    msp[1] = ngx_parse_time(&value[2], 0);

    if (msp[0] == (ngx_msec_t) NGX_ERROR || msp[1] == (ngx_msec_t) NGX_ERROR
        || msp[0] == 0 || msp[0] > msp[1])
    {
        return "needs two times, the first not 0 and not over the second";
    }

    return NGX_CONF_OK;
}


/* Of a time in ms. */

char *
ngx_http_qc_not_zero(ngx_conf_t *cf, void *post, void *data)
{
    ngx_msec_t *msp = data;

    return *msp ? NGX_CONF_OK : "must not be 0; every wait needs an end";
}


static void
ngx_http_qc_zone_defaults(ngx_http_qc_zone_t *zone)
{
    ngx_conf_init_size_value(zone->memory, 32 * 1024 * 1024);
    ngx_conf_init_size_value(zone->hold, 1024 * 1024);
    ngx_conf_init_msec_value(zone->hold_timeout, 5000);

    ngx_conf_init_uint_value(zone->fill_concurrency, 16);
    ngx_conf_init_uint_value(zone->store_concurrency, 12);
    ngx_conf_init_uint_value(zone->store_queue, 1024);
    ngx_conf_init_size_value(zone->store_memory, 64 * 1024 * 1024);
    ngx_conf_init_value(zone->store_temp_size, (off_t) 1024 * 1024 * 1024);
    ngx_conf_init_msec_value(zone->store_timeout, 30000);
    ngx_conf_init_uint_value(zone->store_retries, 2);

    ngx_conf_init_msec_value(zone->redis.conf.timeout, 250);
    ngx_conf_init_msec_value(zone->redis.conf.backoff_min, 500);
    ngx_conf_init_msec_value(zone->redis.conf.backoff_max, 10000);
    ngx_conf_init_uint_value(zone->redis.conf.queue, 4096);

    ngx_conf_init_msec_value(zone->s3.upstream.connect_timeout, 500);
    ngx_conf_init_msec_value(zone->s3.upstream.send_timeout, 5000);
    ngx_conf_init_msec_value(zone->s3.upstream.read_timeout, 2000);
    ngx_conf_init_msec_value(zone->s3.backoff_min, 1000);
    ngx_conf_init_msec_value(zone->s3.backoff_max, 30000);
    ngx_conf_init_uint_value(zone->s3.max_fails, 3);
    ngx_conf_init_uint_value(zone->s3.keepalive, 32);
}


static char *
ngx_http_qc_zone_check(ngx_conf_t *cf, ngx_http_qc_zone_t *zone)
{
    char  *rv;

    if (!zone->has_s3 && !zone->has_disk) {
        return "has no body store; add \"disk PATH;\" or "
               "\"s3 URL bucket=NAME;\" to the block";
    }

    if (zone->has_redis && !zone->has_s3) {
        return "has \"redis\" without \"s3\": other machines cannot read "
               "bodies on this disk; add \"s3 URL bucket=NAME;\" or leave "
               "\"redis\" out";
    }

    if (zone->rsc && !zone->has_redis) {
        return "has \"layout redis-s3-cache\" without \"redis\" and \"s3\", "
               "where these entries are; add both, or leave \"layout\" out";
    }

    if (zone->memory < 8 * ngx_pagesize) {
        return "has less \"memory\" than 8 pages; use 1m or more";
    }

    rv = ngx_http_qc_zone_tables(zone);

    if (rv != NGX_CONF_OK) {
        return rv;
    }

    rv = ngx_http_qc_zone_invalidations(zone);

    if (rv != NGX_CONF_OK) {
        return rv;
    }

    zone->shm_zone = ngx_shared_memory_add(cf, &zone->name, zone->memory,
                                           &ngx_http_query_cache_module);
    if (zone->shm_zone == NULL) {
        return NGX_CONF_ERROR;
    }

    if (zone->shm_zone->data) {
        return "has the name of another shared memory zone";
    }

    zone->shm_zone->init = ngx_http_qc_zone_shm_init;
    zone->shm_zone->data = zone;

    return NGX_CONF_OK;
}


/*
 * Each has a share of the memory.  The default gives way to the index where
 * there is little.
 */

static char *
ngx_http_qc_zone_tables(ngx_http_qc_zone_t *zone)
{
    ngx_uint_t  uses;

    /* in the least memory there is no page for them */

    uses = (zone->memory < 16 * ngx_pagesize) ? 0 : NGX_HTTP_QC_USES;

    if (!ngx_http_qc_zone_fits(zone, &zone->marks.number, NGX_HTTP_QC_MARKS,
                               NGX_HTTP_QC_MARK_SIZE))
    {
        return "has more \"marks\" than fit into an eighth of its "
               "\"memory\"; each takes 32 bytes";
    }

    if (!ngx_http_qc_zone_fits(zone, &zone->locks.number, NGX_HTTP_QC_LOCKS,
                               NGX_HTTP_QC_LOCK_SIZE))
    {
        return "has more \"locks\" than fit into an eighth of its "
               "\"memory\"; each takes 64 bytes";
    }

    if (!ngx_http_qc_zone_fits(zone, &zone->uses.number, uses,
                               NGX_HTTP_QC_USE_SIZE))
    {
        return "has more \"uses\" than fit into an eighth of its "
               "\"memory\"; each takes 24 bytes";
    }

    return NGX_CONF_OK;
}


static ngx_uint_t
ngx_http_qc_zone_fits(ngx_http_qc_zone_t *zone, ngx_uint_t *number,
    ngx_uint_t by_default, size_t size)
{
    ngx_uint_t  max;

    max = zone->memory / NGX_HTTP_QC_SHARE / size;

    if (*number == NGX_CONF_UNSET_UINT) {
        *number = ngx_min(by_default, max);
    }

    return *number <= max;
}


static char *
ngx_http_qc_zone_invalidations(ngx_http_qc_zone_t *zone)
{
    size_t      size;
    ngx_uint_t  max;

    /* whole sets */

    size = zone->memory / NGX_HTTP_QC_SHARE - sizeof(qc_scopes_t);
    max = size / (QC_SCOPES_SIZE * QC_SCOPES_WAYS) * QC_SCOPES_WAYS;

    if (zone->invalidations == NGX_CONF_UNSET_UINT) {
        zone->invalidations = ngx_min(NGX_HTTP_QC_INVALIDATIONS, max);
    }

    if (zone->invalidations > max) {
        return "has more \"invalidations\" than fit into an eighth of its "
               "\"memory\"; each takes 24 bytes";
    }

    return NGX_CONF_OK;
}
