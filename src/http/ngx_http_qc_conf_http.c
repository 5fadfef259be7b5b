
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/* Directives about what HTTP says of caching. */

#include "ngx_http_qc.h"


static ngx_uint_t ngx_http_qc_is_targeted(ngx_array_t *a, ngx_str_t *name);
static ngx_uint_t ngx_http_qc_is_cache_name(ngx_str_t *name);
static ngx_uint_t ngx_http_qc_is_upstream_coding(ngx_array_t *a,
    ngx_str_t *name);
static void ngx_http_qc_merge_fresh_rules(ngx_http_qc_loc_conf_t *conf);


/* What is stored is plain, and compressed by us: upstreams need not do it. */

static ngx_str_t  ngx_http_qc_plain = ngx_string("identity");


static ngx_array_t  ngx_http_qc_plain_only = {
    &ngx_http_qc_plain, 1, sizeof(ngx_str_t), 1, NULL
};


/* For any of our kind, and for what stands nearest to origins. */

static const qc_str_t  ngx_http_qc_targeted[] = {
    qc_string("Query-Cache-Control"),
    qc_string("CDN-Cache-Control")
};


/* RFC 9213: whose directives replace those for all caches. */

char *
ngx_http_qc_set_targeted(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_qc_loc_conf_t *qlcf = conf;

    qc_str_t    *s;
    ngx_str_t   *value;
    ngx_uint_t   i;

    if (qlcf->targeted != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    qlcf->targeted = ngx_array_create(cf->pool, 2, sizeof(qc_str_t));
    if (qlcf->targeted == NULL) {
        return NGX_CONF_ERROR;
    }

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        return NGX_CONF_OK;
    }

    for (i = 1; i < cf->args->nelts; i++) {

        if (!ngx_http_qc_is_targeted(qlcf->targeted, &value[i])) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid value \"%V\"; write names of header "
                               "fields but \"Cache-Control\", at most %d and "
                               "each once, or \"off\"",
                               &value[i], QC_FRESH_TARGETED);
            return NGX_CONF_ERROR;
        }

        s = ngx_array_push(qlcf->targeted);
        if (s == NULL) {
            return NGX_CONF_ERROR;
        }

        *s = ngx_http_qc_qstr(&value[i]);
    }

    return NGX_CONF_OK;
}


static ngx_uint_t
ngx_http_qc_is_targeted(ngx_array_t *a, ngx_str_t *name)
{
    qc_str_t    *s;
    ngx_uint_t   i;

    if (name->len == 0
        || a->nelts == QC_FRESH_TARGETED
        || ngx_strcmp(name->data, "off") == 0
        || ngx_strcasecmp(name->data, (u_char *) "Cache-Control") == 0)
    {
        return 0;
    }

    for (i = 0; i < name->len; i++) {
        if (!qc_token_char(name->data[i])) {
            return 0;
        }
    }

    s = a->elts;

    for (i = 0; i < a->nelts; i++) {
        if (qc_name_eq(s[i], ngx_http_qc_qstr(name))) {
            return 0;
        }
    }

    return 1;
}


/* RFC 9211: the name of this cache, and what else it tells of itself. */

char *
ngx_http_qc_set_cache_status(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_qc_loc_conf_t *qlcf = conf;

    ngx_str_t   *value;
    ngx_uint_t   i;

    if (qlcf->cache_status.data) {
        return "is duplicate";
    }

    value = cf->args->elts;

    qlcf->cache_status = value[1];
    qlcf->cache_status_key = 0;
    qlcf->cache_status_detail = 0;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        qlcf->cache_status.len = 0;
        return NGX_CONF_OK;
    }

    if (!ngx_http_qc_is_cache_name(&value[1])) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid name \"%V\" of a cache; write printable "
                           "ASCII without variables, or \"off\" alone",
                           &value[1]);
        return NGX_CONF_ERROR;
    }

    for (i = 2; i < cf->args->nelts; i++) {

        if (ngx_strcmp(value[i].data, "key") == 0
            && !qlcf->cache_status_key)
        {
            qlcf->cache_status_key = 1;

        } else if (ngx_strcmp(value[i].data, "detail") == 0
                   && !qlcf->cache_status_detail)
        {
            qlcf->cache_status_detail = 1;

        } else {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\"; write \"key\" or "
                               "\"detail\", each once", &value[i]);
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


/* "on" would be a name, too, but nobody means it. */

static ngx_uint_t
ngx_http_qc_is_cache_name(ngx_str_t *name)
{
    ngx_uint_t  i;

    if (name->len == 0
        || ngx_strcmp(name->data, "on") == 0
        || ngx_strcmp(name->data, "off") == 0)
    {
        return 0;
    }

    for (i = 0; i < name->len; i++) {
        if (name->data[i] < 0x20 || name->data[i] > 0x7e
            || name->data[i] == '$')
        {
            return 0;
        }
    }

    return 1;
}


/* What an upstream is told to accept where its answer may be stored. */

char *
ngx_http_qc_set_upstream_encoding(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_qc_loc_conf_t *qlcf = conf;

    ngx_str_t   *value, *coding;
    ngx_uint_t   i;

    if (qlcf->upstream_encoding != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    qlcf->upstream_encoding = NULL;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "pass") == 0) {
        return NGX_CONF_OK;
    }

    qlcf->upstream_encoding = ngx_array_create(cf->pool, 3,
                                               sizeof(ngx_str_t));
    if (qlcf->upstream_encoding == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 1; i < cf->args->nelts; i++) {

        if (!ngx_http_qc_is_upstream_coding(qlcf->upstream_encoding,
                                            &value[i]))
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid coding \"%V\"; write \"identity\", "
                               "\"gzip\" and \"zstd\", each once at most, or "
                               "\"pass\" alone", &value[i]);
            return NGX_CONF_ERROR;
        }

        coding = ngx_array_push(qlcf->upstream_encoding);
        if (coding == NULL) {
            return NGX_CONF_ERROR;
        }

        *coding = value[i];
    }

    return NGX_CONF_OK;
}


static ngx_uint_t
ngx_http_qc_is_upstream_coding(ngx_array_t *a, ngx_str_t *name)
{
    ngx_str_t   *coding;
    ngx_uint_t   i;

    if (ngx_strcmp(name->data, "identity") != 0
        && ngx_strcmp(name->data, "gzip") != 0
        && ngx_strcmp(name->data, "zstd") != 0)
    {
        return 0;
    }

    coding = a->elts;

    for (i = 0; i < a->nelts; i++) {
        if (ngx_strcmp(coding[i].data, name->data) == 0) {
            return 0;
        }
    }

    return 1;
}


void
ngx_http_qc_create_http_conf(ngx_http_qc_loc_conf_t *conf)
{
    /*
     * set by ngx_pcalloc():
     *
     *     conf->ignore_headers = 0;
     *     conf->cache_status = { 0, NULL };
     */

    conf->targeted = NGX_CONF_UNSET_PTR;
    conf->heuristic = NGX_CONF_UNSET;
    conf->client_control = NGX_CONF_UNSET;
    conf->revalidate = NGX_CONF_UNSET;
    conf->keep = NGX_CONF_UNSET;
    conf->swr = NGX_CONF_UNSET;
    conf->sie = NGX_CONF_UNSET;
    conf->invalidate = NGX_CONF_UNSET;
    conf->no_vary_search = NGX_CONF_UNSET;
    conf->repr_digest = NGX_CONF_UNSET;
    conf->upstream_encoding = NGX_CONF_UNSET_PTR;
}


void
ngx_http_qc_merge_http_conf(ngx_http_qc_loc_conf_t *prev,
    ngx_http_qc_loc_conf_t *conf)
{
    ngx_conf_merge_bitmask_value(conf->ignore_headers, prev->ignore_headers,
                                 NGX_CONF_BITMASK_SET);
    ngx_conf_merge_ptr_value(conf->targeted, prev->targeted, NULL);
    ngx_conf_merge_value(conf->heuristic, prev->heuristic, 0);

    ngx_conf_merge_value(conf->client_control, prev->client_control, 0);
    ngx_conf_merge_value(conf->revalidate, prev->revalidate, 1);
    ngx_conf_merge_sec_value(conf->keep, prev->keep, 3600);
    ngx_conf_merge_sec_value(conf->swr, prev->swr, 0);
    ngx_conf_merge_sec_value(conf->sie, prev->sie, 0);
    ngx_conf_merge_value(conf->invalidate, prev->invalidate, 1);
    ngx_conf_merge_value(conf->no_vary_search, prev->no_vary_search, 0);
    ngx_conf_merge_value(conf->repr_digest, prev->repr_digest, 0);
    ngx_conf_merge_ptr_value(conf->upstream_encoding,
                             prev->upstream_encoding,
                             &ngx_http_qc_plain_only);

    /* one directive sets all three */

    if (conf->cache_status.data == NULL) {
        conf->cache_status_key = prev->cache_status_key;
        conf->cache_status_detail = prev->cache_status_detail
                                    || prev->cache_status.data == NULL;
    }

    ngx_conf_merge_str_value(conf->cache_status, prev->cache_status,
                             "query_cache");

    ngx_http_qc_merge_fresh_rules(conf);
}


static void
ngx_http_qc_merge_fresh_rules(ngx_http_qc_loc_conf_t *conf)
{
    qc_fresh_rules_t  *fresh;

    fresh = &conf->fresh;

    fresh->ignore = (conf->ignore_headers & ~NGX_CONF_BITMASK_SET) >> 1;
    fresh->heuristic = conf->heuristic;
    fresh->revalidate = conf->revalidate;
    fresh->keep = conf->keep;
    fresh->swr = conf->swr;
    fresh->sie = conf->sie;

    if (conf->targeted) {
        fresh->targeted = conf->targeted->elts;
        fresh->ntargeted = conf->targeted->nelts;

    } else {
        fresh->targeted = ngx_http_qc_targeted;
        fresh->ntargeted = sizeof(ngx_http_qc_targeted) / sizeof(qc_str_t);
    }
}
