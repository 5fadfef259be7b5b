
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/* Directives about lifetimes and about the time a query asks for. */

#include "ngx_http_qc.h"

#include "../core/qc_time.h"


static char *ngx_http_qc_set_valid_of(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf, size_t offset, ngx_array_t *codes, ngx_str_t *time);
static ngx_uint_t ngx_http_qc_is_code(ngx_str_t *value);
static ngx_int_t ngx_http_qc_push_name(ngx_conf_t *cf, ngx_array_t *a,
    ngx_str_t *name);


/*
 * What nginx's own slot reads, for up to three lists: of answers to queries
 * of a closed range of time, of an open one, and of all others.
 */

char *
ngx_http_qc_set_valid(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char         *rv;
    ngx_str_t    *value, *code, time, closed, open;
    ngx_uint_t    i;
    ngx_array_t   codes;

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "auto") == 0) {
        return ngx_http_qc_set_valid_auto(cf, conf);
    }

    ngx_str_null(&time);
    ngx_str_null(&closed);
    ngx_str_null(&open);

    if (ngx_array_init(&codes, cf->temp_pool, cf->args->nelts,
                       sizeof(ngx_str_t))
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_strncmp(value[i].data, "closed=", 7) == 0) {
            closed.data = value[i].data + 7;
            closed.len = value[i].len - 7;
            continue;
        }

        if (ngx_strncmp(value[i].data, "open=", 5) == 0) {
            open.data = value[i].data + 5;
            open.len = value[i].len - 5;
            continue;
        }

        code = ngx_array_push(&codes);
        if (code == NULL) {
            return NGX_CONF_ERROR;
        }

        *code = value[i];
    }

    code = codes.elts;

    if (codes.nelts
        && !((closed.data || open.data)
             && ngx_http_qc_is_code(&code[codes.nelts - 1])))
    {
        time = code[codes.nelts - 1];
        codes.nelts--;
    }

    rv = ngx_http_qc_set_valid_of(cf, cmd, conf,
                                  offsetof(ngx_http_qc_loc_conf_t, valid),
                                  &codes, &time);

    if (rv == NGX_CONF_OK) {
        rv = ngx_http_qc_set_valid_of(cf, cmd, conf,
                                      offsetof(ngx_http_qc_loc_conf_t,
                                               valid_closed),
                                      &codes, &closed);
    }

    if (rv == NGX_CONF_OK) {
        rv = ngx_http_qc_set_valid_of(cf, cmd, conf,
                                      offsetof(ngx_http_qc_loc_conf_t,
                                               valid_open),
                                      &codes, &open);
    }

    return rv;
}


static char *
ngx_http_qc_set_valid_of(ngx_conf_t *cf, ngx_command_t *cmd, void *conf,
    size_t offset, ngx_array_t *codes, ngx_str_t *time)
{
    char           *rv;
    ngx_str_t      *value, *code;
    ngx_uint_t      i;
    ngx_array_t    *saved, args;
    ngx_command_t   slot;

    if (time->data == NULL) {
        return NGX_CONF_OK;
    }

    if (ngx_array_init(&args, cf->pool, codes->nelts + 2, sizeof(ngx_str_t))
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    value = ngx_array_push_n(&args, codes->nelts + 2);
    code = codes->elts;

    *value++ = cmd->name;

    for (i = 0; i < codes->nelts; i++) {
        *value++ = code[i];
    }

    *value = *time;

    slot = *cmd;
    slot.offset = offset;

    saved = cf->args;
    cf->args = &args;

    rv = ngx_http_file_cache_valid_set_slot(cf, &slot, conf);

    cf->args = saved;

    return rv;
}


static ngx_uint_t
ngx_http_qc_is_code(ngx_str_t *value)
{
    if (ngx_strcmp(value->data, "any") == 0) {
        return 1;
    }

    return value->len == 3 && ngx_atoi(value->data, value->len) != NGX_ERROR;
}


char *
ngx_http_qc_set_window(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_qc_loc_conf_t *qlcf = conf;

    int32_t                    zone;
    ngx_str_t                 *value, s;
    ngx_uint_t                 i;
    ngx_http_qc_query_conf_t  *query;

    query = &qlcf->query;

    if (query->ends != NGX_CONF_UNSET_PTR || query->lag != NGX_CONF_UNSET
        || query->zone != NGX_CONF_UNSET)
    {
        return "is duplicate";
    }

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_strncmp(value[i].data, "zone=", 5) == 0
            && query->zone == NGX_CONF_UNSET)
        {
            s.data = value[i].data + 5;
            s.len = value[i].len - 5;

            if (qc_time_zone_parse(ngx_http_qc_qstr(&s), &zone) == QC_OK) {
                query->zone = zone;
                continue;
            }

        } else if (ngx_strncmp(value[i].data, "lag=", 4) == 0
                   && query->lag == NGX_CONF_UNSET)
        {
            s.data = value[i].data + 4;
            s.len = value[i].len - 4;

            query->lag = ngx_parse_time(&s, 1);

            if (query->lag != (time_t) NGX_ERROR) {
                continue;
            }

        } else if (ngx_strncmp(value[i].data, "end=", 4) == 0) {
            s.data = value[i].data + 4;
            s.len = value[i].len - 4;

            if (query->ends == NGX_CONF_UNSET_PTR) {
                query->ends = ngx_array_create(cf->pool, 2, sizeof(qc_str_t));
                if (query->ends == NULL) {
                    return NGX_CONF_ERROR;
                }
            }

            if (ngx_http_qc_push_name(cf, query->ends, &s) == NGX_OK) {
                continue;
            }
        }

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid parameter \"%V\"; there are \"zone=utc\" "
                           "or \"zone=+hh:mm\", and \"lag=time\", each once, "
                           "and \"end=\" with the name of an argument or a "
                           "JSON pointer",
                           &value[i]);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_qc_push_name(ngx_conf_t *cf, ngx_array_t *a, ngx_str_t *name)
{
    qc_str_t  *s, text;

    text = ngx_http_qc_qstr(name);

    if (!qc_query_place_valid(text)) {
        return NGX_ERROR;
    }

    s = ngx_array_push(a);
    if (s == NULL) {
        return NGX_ERROR;
    }

    *s = text;

    return NGX_OK;
}


char *
ngx_http_qc_set_round(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_qc_loc_conf_t *qlcf = conf;

    ngx_str_t                 *value;
    ngx_uint_t                 i;
    ngx_http_qc_query_conf_t  *query;

    query = &qlcf->query;

    if (query->round != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    query->round = ngx_array_create(cf->pool, 2, sizeof(qc_str_t));
    if (query->round == NULL) {
        return NGX_CONF_ERROR;
    }

    query->round_step = 0;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        return NGX_CONF_OK;
    }

    query->round_step = ngx_parse_time(&value[1], 1);

    if (query->round_step == (time_t) NGX_ERROR || query->round_step == 0
        || cf->args->nelts == 2)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid rounding \"%V\"; write a time and what to "
                           "round to it, as in \"query_cache_round 60s "
                           "/from /to\", or \"off\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    for (i = 2; i < cf->args->nelts; i++) {

        if (ngx_http_qc_push_name(cf, query->round, &value[i]) != NGX_OK) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid value \"%V\"; write the name of an "
                               "argument or a JSON pointer", &value[i]);
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}
