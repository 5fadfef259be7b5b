
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "ngx_http_qc.h"


#if !(NGX_HTTP_CACHE)
#error "ngx_http_query_cache_module needs nginx without --without-http-cache"
#endif


static void ngx_http_qc_merge_fills(ngx_conf_t *cf,
    ngx_http_qc_loc_conf_t *conf);
static ngx_int_t ngx_http_qc_set_salt(ngx_conf_t *cf,
    ngx_http_qc_loc_conf_t *prev, ngx_http_qc_loc_conf_t *conf);


void *
ngx_http_qc_create_main_conf(ngx_conf_t *cf)
{
    ngx_http_qc_main_conf_t  *qmcf;

    qmcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_qc_main_conf_t));
    if (qmcf == NULL) {
        return NULL;
    }

    if (ngx_array_init(&qmcf->zones, cf->pool, 2,
                       sizeof(ngx_http_qc_zone_t *))
        != NGX_OK
        || ngx_array_init(&qmcf->salts, cf->pool, 16, sizeof(ngx_str_t))
           != NGX_OK)
    {
        return NULL;
    }

    return qmcf;
}


void *
ngx_http_qc_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_qc_loc_conf_t  *qlcf;

    qlcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_qc_loc_conf_t));
    if (qlcf == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     qlcf->methods = 0;
     *     qlcf->salt = { 0, NULL };
     *     qlcf->admin = NULL;
     */

    qlcf->zone = NGX_CONF_UNSET_PTR;
    qlcf->zone_name = NGX_CONF_UNSET_PTR;
    qlcf->key = NGX_CONF_UNSET_PTR;
    qlcf->valid = NGX_CONF_UNSET_PTR;
    qlcf->valid_closed = NGX_CONF_UNSET_PTR;
    qlcf->valid_open = NGX_CONF_UNSET_PTR;
    qlcf->hit_for_miss = NGX_CONF_UNSET;
    qlcf->lock = NGX_CONF_UNSET_UINT;
    qlcf->lock_timeout = NGX_CONF_UNSET_MSEC;
    qlcf->lock_age = NGX_CONF_UNSET_MSEC;
    ngx_http_qc_create_fill_conf(&qlcf->fill);
    qlcf->bypass = NGX_CONF_UNSET_PTR;
    qlcf->no_store = NGX_CONF_UNSET_PTR;
    qlcf->ns = NULL;
    qlcf->priority = NULL;
    qlcf->min_size = NGX_CONF_UNSET_SIZE;
    qlcf->max_size = NGX_CONF_UNSET;
    qlcf->max_request_body = NGX_CONF_UNSET_SIZE;
    qlcf->capture_buffer = NGX_CONF_UNSET_SIZE;
    qlcf->coding = NGX_CONF_UNSET;
    qlcf->level = NGX_CONF_UNSET;
    qlcf->serve_compressed = NGX_CONF_UNSET;

    ngx_http_qc_create_http_conf(qlcf);
    ngx_http_qc_create_query_conf(&qlcf->query);

    return qlcf;
}


char *
ngx_http_qc_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_qc_loc_conf_t  *prev = parent;
    ngx_http_qc_loc_conf_t  *conf = child;

    /* a zone and a variable replace each other: one directive sets both */

    if (conf->zone == NGX_CONF_UNSET_PTR) {
        ngx_conf_merge_ptr_value(conf->zone, prev->zone, NULL);
        ngx_conf_merge_ptr_value(conf->zone_name, prev->zone_name, NULL);
    }

    ngx_conf_merge_bitmask_value(conf->methods, prev->methods,
                                 (NGX_CONF_BITMASK_SET
                                  |NGX_HTTP_GET|NGX_HTTP_HEAD));

    ngx_conf_merge_ptr_value(conf->key, prev->key, NULL);

    /* one directive sets all three */

    if (conf->valid == NGX_CONF_UNSET_PTR
        && conf->valid_closed == NGX_CONF_UNSET_PTR
        && conf->valid_open == NGX_CONF_UNSET_PTR)
    {
        conf->valid = prev->valid;
        conf->valid_closed = prev->valid_closed;
        conf->valid_open = prev->valid_open;
    }

    ngx_conf_init_ptr_value(conf->valid, NULL);
    ngx_conf_init_ptr_value(conf->valid_closed, NULL);
    ngx_conf_init_ptr_value(conf->valid_open, NULL);

    ngx_conf_merge_sec_value(conf->hit_for_miss, prev->hit_for_miss, 5);
    ngx_conf_merge_uint_value(conf->lock, prev->lock, NGX_HTTP_QC_LOCK_OFF);
    ngx_conf_merge_msec_value(conf->lock_timeout, prev->lock_timeout, 5000);
    ngx_conf_merge_msec_value(conf->lock_age, prev->lock_age, 60000);
    ngx_http_qc_merge_fill_conf(&prev->fill, &conf->fill);
    ngx_http_qc_merge_fills(cf, conf);

    ngx_http_qc_merge_http_conf(prev, conf);

    ngx_conf_merge_ptr_value(conf->bypass, prev->bypass, NULL);
    ngx_conf_merge_ptr_value(conf->no_store, prev->no_store, NULL);

    if (conf->ns == NULL) {
        conf->ns = prev->ns;
    }

    if (conf->priority == NULL) {
        conf->priority = prev->priority;
    }

    ngx_conf_merge_size_value(conf->min_size, prev->min_size, 0);
    ngx_conf_merge_off_value(conf->max_size, prev->max_size,
                             64 * 1024 * 1024);
    ngx_conf_merge_size_value(conf->max_request_body, prev->max_request_body,
                              1024 * 1024);
    ngx_conf_merge_size_value(conf->capture_buffer, prev->capture_buffer,
                              256 * 1024);

    if (conf->coding == NGX_CONF_UNSET) {
        ngx_conf_merge_value(conf->coding, prev->coding, QC_CODING_ZSTD);
        ngx_conf_merge_value(conf->level, prev->level, 1);
    }

    ngx_conf_merge_value(conf->serve_compressed, prev->serve_compressed, 0);

    if ((off_t) conf->min_size > conf->max_size) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"query_cache_min_size\" is over "
                           "\"query_cache_max_size\": no answer could be "
                           "stored; to store none, use \"query_cache off\"");
        return NGX_CONF_ERROR;
    }

    if (conf->capture_buffer < NGX_HTTP_QC_BUFFER_SIZE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"query_cache_capture_buffer\" must be at least "
                           "%d bytes", NGX_HTTP_QC_BUFFER_SIZE);
        return NGX_CONF_ERROR;
    }

    if (ngx_http_qc_set_salt(cf, prev, conf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    return ngx_http_qc_merge_query_conf(cf, prev, conf);
}


char *
ngx_http_qc_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_qc_loc_conf_t *qlcf = conf;

    ngx_str_t                         *value;
    ngx_http_qc_main_conf_t           *qmcf;
    ngx_http_compile_complex_value_t   ccv;

    if (qlcf->zone != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;
    qmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_query_cache_module);

    qlcf->zone = NULL;
    qlcf->zone_name = NULL;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        return NGX_CONF_OK;
    }

    qmcf->used = 1;

    if (ngx_http_script_variables_count(&value[1]) == 0) {

        qlcf->zone = ngx_http_qc_zone_find(qmcf, &value[1]);

        if (qlcf->zone == NULL) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "unknown query cache zone \"%V\"; define it "
                               "above with \"query_cache_zone %V { ... }\"",
                               &value[1], &value[1]);
            return NGX_CONF_ERROR;
        }

        return NGX_CONF_OK;
    }

    qlcf->zone_name = ngx_palloc(cf->pool, sizeof(ngx_http_complex_value_t));
    if (qlcf->zone_name == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(&ccv, sizeof(ngx_http_compile_complex_value_t));

    ccv.cf = cf;
    ccv.value = &value[1];
    ccv.complex_value = qlcf->zone_name;

    if (ngx_http_compile_complex_value(&ccv) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


char *
ngx_http_qc_set_key(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_qc_loc_conf_t *qlcf = conf;

    u_char                            *eq;
    ngx_str_t                         *value, text;
    ngx_uint_t                         i, n;
    ngx_http_qc_part_t                *part, *parts;
    ngx_http_compile_complex_value_t   ccv;

    if (qlcf->key == NGX_CONF_UNSET_PTR) {
        qlcf->key = ngx_array_create(cf->pool, 4, sizeof(ngx_http_qc_part_t));
        if (qlcf->key == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        eq = (u_char *) ngx_strchr(value[i].data, '=');

        if (eq == NULL || eq == value[i].data) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid part \"%V\" of the key; write "
                               "name=value, as in \"tenant=$http_x_tenant\"",
                               &value[i]);
            return NGX_CONF_ERROR;
        }

        parts = qlcf->key->elts;

        for (n = 0; n < qlcf->key->nelts; n++) {
            if (parts[n].name.len == (size_t) (eq - value[i].data)
                && ngx_strncmp(parts[n].name.data, value[i].data,
                               parts[n].name.len)
                   == 0)
            {
                ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                                   "duplicate part \"%V\" of the key",
                                   &parts[n].name);
                return NGX_CONF_ERROR;
            }
        }

        part = ngx_array_push(qlcf->key);
        if (part == NULL) {
            return NGX_CONF_ERROR;
        }

        part->name.len = eq - value[i].data;
        part->name.data = value[i].data;
        part->value = NULL;

        text.data = eq + 1;
        text.len = value[i].data + value[i].len - text.data;

        if (text.len == 0) {
            continue;
        }

        part->value = ngx_palloc(cf->pool, sizeof(ngx_http_complex_value_t));
        if (part->value == NULL) {
            return NGX_CONF_ERROR;
        }

        ngx_memzero(&ccv, sizeof(ngx_http_compile_complex_value_t));

        ccv.cf = cf;
        ccv.value = &text;
        ccv.complex_value = part->value;

        if (ngx_http_compile_complex_value(&ccv) != NGX_OK) {
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


char *
ngx_http_qc_set_compress(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_qc_loc_conf_t *qlcf = conf;

    ngx_int_t     max;
    ngx_str_t    *value;
    qc_coding_e   coding;

    if (qlcf->coding != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (qc_coding_parse(qc_str(value[1].data, value[1].len), &coding)
        != QC_OK)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V\"; it must be \"zstd\", "
                           "\"gzip\" or \"none\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    qlcf->coding = coding;
    qlcf->level = 1;

    if (cf->args->nelts == 2) {
        return NGX_CONF_OK;
    }

    max = (coding == QC_CODING_ZSTD) ? 19 : 9;

    qlcf->level = ngx_atoi(value[2].data, value[2].len);

    if (coding == QC_CODING_NONE || qlcf->level < 1 || qlcf->level > max) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid level \"%V\"; zstd has 1 to 19, "
                           "gzip 1 to 9, none has no level", &value[2]);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* A variable's value is normal unless it is one of the others. */

char *
ngx_http_qc_set_priority(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_qc_loc_conf_t *qlcf = conf;

    char       *rv;
    ngx_str_t  *value;

    rv = ngx_http_set_complex_value_slot(cf, cmd, conf);

    if (rv != NGX_CONF_OK || qlcf->priority->lengths) {
        return rv;
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "high") == 0
        || ngx_strcmp(value[1].data, "normal") == 0
        || ngx_strcmp(value[1].data, "low") == 0)
    {
        return NGX_CONF_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid value \"%V\"; it must be \"high\", "
                       "\"normal\" or \"low\"", &value[1]);

    return NGX_CONF_ERROR;
}


/* The workers of a zone subscribe if some location asks for it. */

static void
ngx_http_qc_merge_fills(ngx_conf_t *cf, ngx_http_qc_loc_conf_t *conf)
{
    ngx_uint_t                 i;
    ngx_http_qc_zone_t       **zone;
    ngx_http_qc_main_conf_t   *qmcf;

    if (conf->lock != NGX_HTTP_QC_LOCK_ON) {
        return;
    }

    if (conf->zone) {
        conf->zone->redis.conf.fills = 1;
        return;
    }

    if (conf->zone_name) {

        /* it may be any */

        qmcf = ngx_http_conf_get_module_main_conf(cf,
                                                  ngx_http_query_cache_module);
        zone = qmcf->zones.elts;

        for (i = 0; i < qmcf->zones.nelts; i++) {
            zone[i]->redis.conf.fills = 1;
        }
    }
}


/*
 * What two locations of one URI must not share: the names of the server and
 * of the location, and a number where others have the same.  Machines with
 * the same configuration get the same.
 */

static ngx_int_t
ngx_http_qc_set_salt(ngx_conf_t *cf, ngx_http_qc_loc_conf_t *prev,
    ngx_http_qc_loc_conf_t *conf)
{
    u_char                    *p;
    size_t                     len;
    ngx_str_t                 *name;
    ngx_uint_t                 i, n;
    ngx_http_qc_main_conf_t   *qmcf;
    ngx_http_core_srv_conf_t  *cscf;
    ngx_http_core_loc_conf_t  *clcf;

    if (conf->zone == NULL && conf->zone_name == NULL) {
        return NGX_OK;
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    cscf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_core_module);
    qmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_query_cache_module);

    /* "if" and "limit_except" are the location they are in */

    if (clcf->noname && prev->salt.len) {
        conf->salt = prev->salt;
        return NGX_OK;
    }

    len = cscf->server_name.len + 1 + clcf->name.len;

    p = ngx_pnalloc(cf->pool, len + 1 + NGX_INT_T_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    conf->salt.data = p;
    p = ngx_sprintf(p, "%V%Z%V", &cscf->server_name, &clcf->name);

    name = qmcf->salts.elts;
    n = 0;

    for (i = 0; i < qmcf->salts.nelts; i++) {
        if (name[i].len == len
            && ngx_memcmp(name[i].data, conf->salt.data, len) == 0)
        {
            n++;
        }
    }

    name = ngx_array_push(&qmcf->salts);
    if (name == NULL) {
        return NGX_ERROR;
    }

    name->len = len;
    name->data = conf->salt.data;

    conf->salt.len = ngx_sprintf(p, "%Z%ui", n) - conf->salt.data;

    return NGX_OK;
}
