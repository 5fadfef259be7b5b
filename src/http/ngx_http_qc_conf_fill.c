
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/* Directives about upstream runs: who makes one, when, and what it is worth. */

#include "ngx_http_qc.h"


#define NGX_HTTP_QC_THOUSANDTHS_MAX  1000000    /* of a number: up to 1000 */


static ngx_int_t ngx_http_qc_thousandths(u_char *data, size_t len);


/* "query_cache_valid auto [factor=number] [min=time] [max=time]" */

char *
ngx_http_qc_set_valid_auto(ngx_conf_t *cf, ngx_http_qc_loc_conf_t *conf)
{
    time_t                    min, max;
    ngx_int_t                 factor;
    ngx_str_t                *value, s;
    ngx_uint_t                i;
    ngx_http_qc_fill_conf_t  *fill;

    fill = &conf->fill;

    if (fill->auto_factor != NGX_CONF_UNSET_UINT) {
        return "is duplicate: \"auto\" was there before";
    }

    value = cf->args->elts;

    factor = 10000;
    min = 1;
    max = 3600;

    for (i = 2; i < cf->args->nelts; i++) {

        if (ngx_strncmp(value[i].data, "factor=", 7) == 0) {
            factor = ngx_http_qc_thousandths(value[i].data + 7,
                                             value[i].len - 7);
            if (factor > 0) {
                continue;
            }

        } else if (value[i].len > 4
                   && (ngx_strncmp(value[i].data, "min=", 4) == 0
                       || ngx_strncmp(value[i].data, "max=", 4) == 0))
        {
            s.data = value[i].data + 4;
            s.len = value[i].len - 4;

            if (value[i].data[1] == 'i') {
                min = ngx_parse_time(&s, 1);

            } else {
                max = ngx_parse_time(&s, 1);
            }

            if (min != (time_t) NGX_ERROR && max != (time_t) NGX_ERROR) {
                continue;
            }
        }

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid parameter \"%V\"",
                           &value[i]);
        return NGX_CONF_ERROR;
    }

    if (min == 0 || min > max) {
        return "has a \"min\" that is 0, or greater than \"max\"";
    }

    fill->auto_factor = factor;
    fill->auto_min = min;
    fill->auto_max = max;

    return NGX_CONF_OK;
}


/* NGX_ERROR, or up to NGX_HTTP_QC_THOUSANDTHS_MAX. */

static ngx_int_t
ngx_http_qc_thousandths(u_char *data, size_t len)
{
    ngx_int_t  n;

    n = ngx_atofp(data, len, 3);

    return (n > NGX_HTTP_QC_THOUSANDTHS_MAX) ? NGX_ERROR : n;
}


char *
ngx_http_qc_set_early(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_qc_loc_conf_t *qlcf = conf;

    ngx_int_t   n;
    ngx_str_t  *value;

    if (qlcf->fill.early != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;

    n = ngx_http_qc_thousandths(value[1].data, value[1].len);

    if (n == NGX_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid number \"%V\", it must be 0 to 1000 with "
                           "three decimals at most", &value[1]);
        return NGX_CONF_ERROR;
    }

    qlcf->fill.early = n;

    return NGX_CONF_OK;
}


char *
ngx_http_qc_set_ahead(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_qc_loc_conf_t *qlcf = conf;

    size_t      len;
    ngx_int_t   n, uses;
    ngx_str_t  *value;

    if (qlcf->fill.ahead != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;
    len = value[1].len;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        qlcf->fill.ahead = 0;
        return NGX_CONF_OK;
    }

    n = (len > 1 && value[1].data[len - 1] == '%')
        ? ngx_atoi(value[1].data, len - 1) : NGX_ERROR;

    if (n < 1 || n > 99) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V\", it must be \"off\" or 1%% "
                           "to 99%%", &value[1]);
        return NGX_CONF_ERROR;
    }

    uses = 2;

    if (cf->args->nelts == 3) {
        uses = (ngx_strncmp(value[2].data, "uses=", 5) == 0)
               ? ngx_atoi(value[2].data + 5, value[2].len - 5) : NGX_ERROR;

        if (uses < 1 || uses > 65535) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\"", &value[2]);
            return NGX_CONF_ERROR;
        }
    }

    qlcf->fill.ahead = n;
    qlcf->fill.ahead_uses = uses;

    return NGX_CONF_OK;
}


char *
ngx_http_qc_set_cancel(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_qc_loc_conf_t *qlcf = conf;

    ngx_str_t  *value;

    if (qlcf->fill.cancel.data) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        ngx_str_set(&qlcf->fill.cancel, "");
        return NGX_CONF_OK;
    }

    if (value[1].data[0] != '/') {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid URI \"%V\", it must begin with \"/\"",
                           &value[1]);
        return NGX_CONF_ERROR;
    }

    qlcf->fill.cancel = value[1];

    return NGX_CONF_OK;
}


char *
ngx_http_qc_set_backoff(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_qc_loc_conf_t *qlcf = conf;

    time_t      first, max;
    ngx_str_t  *value, s;

    if (qlcf->fill.backoff != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        qlcf->fill.backoff = 0;
        return NGX_CONF_OK;
    }

    first = ngx_parse_time(&value[1], 1);

    if (first == (time_t) NGX_ERROR || first == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid time \"%V\"",
                           &value[1]);
        return NGX_CONF_ERROR;
    }

    max = ngx_max(first, 60);

    if (cf->args->nelts == 3) {

        if (ngx_strncmp(value[2].data, "max=", 4) == 0) {
            s.data = value[2].data + 4;
            s.len = value[2].len - 4;
            max = ngx_parse_time(&s, 1);

        } else {
            max = (time_t) NGX_ERROR;
        }

        if (max == (time_t) NGX_ERROR || max < first) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\", it must be "
                               "\"max=time\" and not less than the time",
                               &value[2]);
            return NGX_CONF_ERROR;
        }
    }

    qlcf->fill.backoff = first;
    qlcf->fill.backoff_max = max;

    return NGX_CONF_OK;
}


void
ngx_http_qc_create_fill_conf(ngx_http_qc_fill_conf_t *conf)
{
    /*
     * set by ngx_pcalloc():
     *
     *     conf->cancel = { 0, NULL };
     *     conf->ahead_uses, auto_min, auto_max, backoff_max = 0;
     */

    conf->concurrency = NGX_CONF_UNSET;
    conf->slow = NGX_CONF_UNSET_MSEC;
    conf->early = NGX_CONF_UNSET_UINT;
    conf->ahead = NGX_CONF_UNSET_UINT;
    conf->min_uses = NGX_CONF_UNSET;
    conf->min_cost = NGX_CONF_UNSET_MSEC;
    conf->auto_factor = NGX_CONF_UNSET_UINT;
    conf->abort = NGX_CONF_UNSET_UINT;
    conf->backoff = NGX_CONF_UNSET;
}


/* What one directive sets is inherited together. */

void
ngx_http_qc_merge_fill_conf(ngx_http_qc_fill_conf_t *prev,
    ngx_http_qc_fill_conf_t *conf)
{
    if (conf->ahead == NGX_CONF_UNSET_UINT) {
        conf->ahead_uses = prev->ahead_uses;
    }

    if (conf->auto_factor == NGX_CONF_UNSET_UINT) {
        conf->auto_min = prev->auto_min;
        conf->auto_max = prev->auto_max;
    }

    if (conf->backoff == NGX_CONF_UNSET) {
        conf->backoff_max = prev->backoff_max;
    }

    ngx_conf_merge_value(conf->concurrency, prev->concurrency, 1);
    ngx_conf_merge_msec_value(conf->slow, prev->slow, 0);
    ngx_conf_merge_uint_value(conf->early, prev->early, 0);
    ngx_conf_merge_uint_value(conf->ahead, prev->ahead, 0);
    ngx_conf_merge_value(conf->min_uses, prev->min_uses, 1);
    ngx_conf_merge_msec_value(conf->min_cost, prev->min_cost, 0);
    ngx_conf_merge_uint_value(conf->auto_factor, prev->auto_factor, 0);
    ngx_conf_merge_uint_value(conf->abort, prev->abort,
                              NGX_HTTP_QC_ABORT_CANCEL);
    ngx_conf_merge_str_value(conf->cancel, prev->cancel, "");
    ngx_conf_merge_sec_value(conf->backoff, prev->backoff, 0);
}
