
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/* Directives about how a query is read. */

#include "ngx_http_qc.h"

#include "../core/qc_json.h"


static char *ngx_http_qc_set_list(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf, int (*valid)(qc_str_t s), const char *hint);
static qc_str_t *ngx_http_qc_push(ngx_conf_t *cf, ngx_array_t *a, u_char *data,
    size_t len);
static ngx_http_qc_names_t *ngx_http_qc_names_create(ngx_conf_t *cf);
static char *ngx_http_qc_set_identity_name(ngx_conf_t *cf,
    ngx_http_qc_names_t *names, ngx_str_t *value);
static ngx_uint_t ngx_http_qc_is_part(u_char *name, size_t len);
static ngx_uint_t ngx_http_qc_is_type(ngx_str_t *value);
static qc_list_t ngx_http_qc_list(ngx_array_t *a, const qc_list_t *preset);
static void ngx_http_qc_merge_window(ngx_http_qc_query_conf_t *conf,
    ngx_http_qc_query_conf_t *prev);
static void ngx_http_qc_merge_limits(ngx_http_qc_query_conf_t *conf,
    ngx_http_qc_query_conf_t *prev);
static void ngx_http_qc_set_rules(ngx_http_qc_loc_conf_t *conf);
static void ngx_http_qc_set_rules_sql(ngx_http_qc_loc_conf_t *conf);
static void ngx_http_qc_set_rules_names(qc_names_t *to,
    ngx_http_qc_names_t *names);


ngx_conf_enum_t  ngx_http_qc_engines[] = {
    { ngx_string("none"), QC_ENGINE_NONE },
    { ngx_string("json"), QC_ENGINE_JSON },
    { ngx_string("clickhouse"), QC_ENGINE_CLICKHOUSE },
    { ngx_string("elasticsearch"), QC_ENGINE_ELASTICSEARCH },
    { ngx_string("druid"), QC_ENGINE_DRUID },
    { ngx_string("cube"), QC_ENGINE_CUBE },
    { ngx_string("graphql"), QC_ENGINE_GRAPHQL },
    { ngx_string("pinot"), QC_ENGINE_PINOT },
    { ngx_null_string, 0 }
};


void
ngx_http_qc_create_query_conf(ngx_http_qc_query_conf_t *conf)
{
    /*
     * set by ngx_pcalloc():
     *
     *     conf->guard = 0;
     *     conf->sql = { 0, NULL };
     *     conf->accept_query = { 0, NULL };
     */

    conf->engine = NGX_CONF_UNSET_UINT;
    conf->normalize = NGX_CONF_UNSET_UINT;
    conf->fold = NGX_CONF_UNSET;
    conf->ignore_args = NGX_CONF_UNSET_PTR;
    conf->keep_args = NGX_CONF_UNSET_PTR;
    conf->ordered_args = NGX_CONF_UNSET_PTR;
    conf->ignore_json = NGX_CONF_UNSET_PTR;
    conf->identity = NGX_CONF_UNSET_PTR;
    conf->share = NGX_CONF_UNSET_PTR;
    conf->round = NGX_CONF_UNSET_PTR;
    conf->round_step = NGX_CONF_UNSET;
    conf->ends = NGX_CONF_UNSET_PTR;
    conf->lag = NGX_CONF_UNSET;
    conf->zone = NGX_CONF_UNSET;
    conf->max_body = NGX_CONF_UNSET_SIZE;
    conf->max_depth = NGX_CONF_UNSET;
    conf->max_args = NGX_CONF_UNSET;
    conf->max_ratio = NGX_CONF_UNSET;
    conf->integrity = NGX_CONF_UNSET_PTR;
}


char *
ngx_http_qc_merge_query_conf(ngx_conf_t *cf, ngx_http_qc_loc_conf_t *parent,
    ngx_http_qc_loc_conf_t *child)
{
    ngx_http_qc_query_conf_t *prev = &parent->query;
    ngx_http_qc_query_conf_t *conf = &child->query;

    ngx_conf_merge_uint_value(conf->engine, prev->engine, QC_ENGINE_NONE);

    /* unset, these are the engine's: merged as they are */

    if (conf->normalize == NGX_CONF_UNSET_UINT) {
        conf->normalize = prev->normalize;
        conf->sql = prev->sql;
    }

    if ((conf->guard & NGX_CONF_BITMASK_SET)
        && conf->guard != NGX_CONF_BITMASK_SET)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"query_cache_guard off\" has nothing beside it");
        return NGX_CONF_ERROR;
    }

    if (conf->guard == 0) {
        conf->guard = prev->guard;
    }

    if (conf->ignore_args == NGX_CONF_UNSET_PTR) {
        conf->ignore_args = prev->ignore_args;
    }

    if (conf->ignore_json == NGX_CONF_UNSET_PTR) {
        conf->ignore_json = prev->ignore_json;
    }

    if (conf->integrity == NGX_CONF_UNSET_PTR) {
        conf->integrity = prev->integrity;
    }

    if (conf->accept_query.data == NULL) {
        conf->accept_query = prev->accept_query;
    }

    ngx_http_qc_merge_window(conf, prev);
    ngx_http_qc_merge_limits(conf, prev);

    if (conf->round == NGX_CONF_UNSET_PTR) {
        conf->round = prev->round;
        conf->round_step = prev->round_step;
    }

    ngx_conf_init_ptr_value(conf->round, NULL);
    ngx_conf_init_value(conf->round_step, 0);

    ngx_conf_merge_ptr_value(conf->keep_args, prev->keep_args, NULL);
    ngx_conf_merge_ptr_value(conf->ordered_args, prev->ordered_args, NULL);
    ngx_conf_merge_ptr_value(conf->identity, prev->identity, NULL);
    ngx_conf_merge_ptr_value(conf->share, prev->share, NULL);
    ngx_conf_merge_value(conf->fold, prev->fold, 0);

    ngx_http_qc_set_rules(child);

    if (conf->integrity == NGX_CONF_UNSET_PTR) {

        child->integrity = ngx_http_qc_integrity_of(cf, child->rules.engine);

        if (child->integrity == NULL) {
            return NGX_CONF_ERROR;
        }

    } else {
        child->integrity = conf->integrity;
    }

    return NGX_CONF_OK;
}


/* One directive sets all three; unset, "zone" stays so: it may be any. */

static void
ngx_http_qc_merge_window(ngx_http_qc_query_conf_t *conf,
    ngx_http_qc_query_conf_t *prev)
{
    if (conf->ends == NGX_CONF_UNSET_PTR && conf->lag == NGX_CONF_UNSET
        && conf->zone == NGX_CONF_UNSET)
    {
        conf->ends = prev->ends;
        conf->lag = prev->lag;
        conf->zone = prev->zone;
    }

    ngx_conf_init_ptr_value(conf->ends, NULL);
    ngx_conf_init_value(conf->lag, 0);
}


/* Likewise. */

static void
ngx_http_qc_merge_limits(ngx_http_qc_query_conf_t *conf,
    ngx_http_qc_query_conf_t *prev)
{
    if (conf->max_body == NGX_CONF_UNSET_SIZE
        && conf->max_depth == NGX_CONF_UNSET
        && conf->max_args == NGX_CONF_UNSET
        && conf->max_ratio == NGX_CONF_UNSET)
    {
        conf->max_body = prev->max_body;
        conf->max_depth = prev->max_depth;
        conf->max_args = prev->max_args;
        conf->max_ratio = prev->max_ratio;
    }

    ngx_conf_init_size_value(conf->max_body, 256 * 1024);
    ngx_conf_init_value(conf->max_depth, 64);
    ngx_conf_init_value(conf->max_args, 1000);
    ngx_conf_init_value(conf->max_ratio, 100);
}


static void
ngx_http_qc_set_rules(ngx_http_qc_loc_conf_t *conf)
{
    qc_rules_t                *rules;
    const qc_engine_t         *engine;
    ngx_http_qc_query_conf_t  *query;

    query = &conf->query;
    rules = &conf->rules;
    engine = &qc_engines[query->engine];

    ngx_memzero(rules, sizeof(qc_rules_t));

    rules->engine = engine;
    rules->dialect = engine->dialect;

    rules->normalize = (query->normalize == NGX_CONF_UNSET_UINT)
                       ? engine->normalize : (unsigned) query->normalize;

    rules->guard = (query->guard == 0)
                   ? engine->guard
                   : (unsigned) (query->guard & ~NGX_CONF_BITMASK_SET) >> 1;

    rules->ignore_args = ngx_http_qc_list(query->ignore_args,
                                          &engine->ignore_args);
    rules->ignore_json = ngx_http_qc_list(query->ignore_json,
                                          &engine->ignore_json);
    rules->keep_args = ngx_http_qc_list(query->keep_args, NULL);
    rules->ordered_args = ngx_http_qc_list(query->ordered_args, NULL);
    rules->round = ngx_http_qc_list(query->round, NULL);
    rules->ends = ngx_http_qc_list(query->ends, NULL);

    ngx_http_qc_set_rules_sql(conf);
    ngx_http_qc_set_rules_names(&rules->identity, query->identity);
    ngx_http_qc_set_rules_names(&rules->share, query->share);

    rules->round_step = query->round_step;
    rules->lag = (uint64_t) query->lag * 1000;

    if (query->zone != NGX_CONF_UNSET) {
        rules->zone_minutes = (int32_t) query->zone;
        rules->zoned = 1;
    }

    rules->max_body = query->max_body;
    rules->max_depth = query->max_depth;
    rules->max_args = query->max_args;
    rules->max_ratio = query->max_ratio;
    rules->fold = query->fold;

    conf->accept_query = query->accept_query;

    if (query->accept_query.data == NULL) {
        conf->accept_query.len = engine->accept_query.len;
        conf->accept_query.data = (u_char *) engine->accept_query.data;
    }
}


static void
ngx_http_qc_set_rules_sql(ngx_http_qc_loc_conf_t *conf)
{
    ngx_str_t   *sql;
    qc_rules_t  *rules;

    rules = &conf->rules;
    sql = &conf->query.sql;

    if (sql->len == 0) {
        rules->sql_arg = rules->engine->sql_arg;
        rules->sql_member = rules->engine->sql_member;

    } else if (sql->data[0] == '/') {
        rules->sql_member = ngx_http_qc_qstr(sql);

    } else {
        rules->sql_arg = ngx_http_qc_qstr(sql);
    }
}


static void
ngx_http_qc_set_rules_names(qc_names_t *to, ngx_http_qc_names_t *names)
{
    if (names) {
        to->headers = ngx_http_qc_list(&names->headers, NULL);
        to->args = ngx_http_qc_list(&names->args, NULL);
        to->cookies = ngx_http_qc_list(&names->cookies, NULL);
    }
}


static qc_list_t
ngx_http_qc_list(ngx_array_t *a, const qc_list_t *preset)
{
    qc_list_t  list;

    if (a == NGX_CONF_UNSET_PTR) {
        return *preset;
    }

    list.elts = a ? a->elts : NULL;
    list.n = a ? a->nelts : 0;

    return list;
}


char *
ngx_http_qc_set_normalize(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_qc_loc_conf_t *qlcf = conf;

    ngx_str_t   *value, where;
    ngx_uint_t   i, mask;

    if (qlcf->query.normalize != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;
    mask = 0;

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_strcmp(value[i].data, "off") == 0 && cf->args->nelts == 2) {
            break;
        }

        if (ngx_strcmp(value[i].data, "args") == 0) {
            mask |= QC_NORMALIZE_ARGS;

        } else if (ngx_strcmp(value[i].data, "json") == 0) {
            mask |= QC_NORMALIZE_JSON;

        } else if (ngx_strcmp(value[i].data, "graphql") == 0) {
            mask |= QC_NORMALIZE_GRAPHQL|QC_NORMALIZE_JSON;

        } else if (ngx_strcmp(value[i].data, "sql") == 0) {
            mask |= QC_NORMALIZE_SQL;

        } else if (ngx_strncmp(value[i].data, "sql=", 4) == 0) {

            where.len = value[i].len - 4;
            where.data = value[i].data + 4;

            if (qlcf->query.sql.len) {
                ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                                   "\"sql\" is in one place; \"%V\" is "
                                   "duplicate", &value[i]);
                return NGX_CONF_ERROR;
            }

            if (!qc_query_place_valid(ngx_http_qc_qstr(&where))) {
                ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                                   "invalid parameter \"%V\"; write where SQL "
                                   "is: \"sql=/member\" of a JSON body, or "
                                   "\"sql=argument\"", &value[i]);
                return NGX_CONF_ERROR;
            }

            mask |= QC_NORMALIZE_SQL;

            if (where.data[0] == '/') {
                mask |= QC_NORMALIZE_JSON;
            }

            qlcf->query.sql = where;

        } else {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid value \"%V\"; it must be \"off\" or "
                               "some of \"args\", \"json\", \"sql\" and "
                               "\"graphql\"", &value[i]);
            return NGX_CONF_ERROR;
        }
    }

    qlcf->query.normalize = mask;

    return NGX_CONF_OK;
}


char *
ngx_http_qc_set_names(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    return ngx_http_qc_set_list(cf, cmd, conf, qc_name_pattern_valid,
                                "write the name of an argument, at most four "
                                "\"*\" in it");
}


char *
ngx_http_qc_set_pointers(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    return ngx_http_qc_set_list(cf, cmd, conf, qc_json_pointer_valid,
                                "write a JSON pointer, as in "
                                "\"/context/queryId\"");
}


static char *
ngx_http_qc_set_list(ngx_conf_t *cf, ngx_command_t *cmd, void *conf,
    int (*valid)(qc_str_t s), const char *hint)
{
    char  *p = conf;

    ngx_str_t     *value;
    ngx_uint_t     i;
    ngx_array_t  **a;

    a = (ngx_array_t **) (p + cmd->offset);

    if (*a != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    *a = ngx_array_create(cf->pool, 4, sizeof(qc_str_t));
    if (*a == NULL) {
        return NGX_CONF_ERROR;
    }

    value = cf->args->elts;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        return NGX_CONF_OK;
    }

    for (i = 1; i < cf->args->nelts; i++) {

        if (value[i].len == 0 || !valid(ngx_http_qc_qstr(&value[i]))) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid value \"%V\"; %s, or \"off\"",
                               &value[i], hint);
            return NGX_CONF_ERROR;
        }

        if (ngx_http_qc_push(cf, *a, value[i].data, value[i].len) == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


static qc_str_t *
ngx_http_qc_push(ngx_conf_t *cf, ngx_array_t *a, u_char *data, size_t len)
{
    qc_str_t  *s;

    s = ngx_array_push(a);

    if (s) {
        *s = qc_str(data, len);
    }

    return s;
}


char *
ngx_http_qc_set_identity(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char  *p = conf;

    char                  *rv;
    ngx_str_t             *value;
    ngx_uint_t             i;
    ngx_http_qc_names_t  **names;

    names = (ngx_http_qc_names_t **) (p + cmd->offset);

    if (*names != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    *names = ngx_http_qc_names_create(cf);
    if (*names == NULL) {
        return NGX_CONF_ERROR;
    }

    value = cf->args->elts;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        return NGX_CONF_OK;
    }

    for (i = 1; i < cf->args->nelts; i++) {
        rv = ngx_http_qc_set_identity_name(cf, *names, &value[i]);

        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    return NGX_CONF_OK;
}


static ngx_http_qc_names_t *
ngx_http_qc_names_create(ngx_conf_t *cf)
{
    ngx_http_qc_names_t  *names;

    names = ngx_palloc(cf->pool, sizeof(ngx_http_qc_names_t));
    if (names == NULL) {
        return NULL;
    }

    if (ngx_array_init(&names->headers, cf->pool, 4, sizeof(qc_str_t))
        != NGX_OK
        || ngx_array_init(&names->args, cf->pool, 4, sizeof(qc_str_t))
           != NGX_OK
        || ngx_array_init(&names->cookies, cf->pool, 4, sizeof(qc_str_t))
           != NGX_OK)
    {
        return NULL;
    }

    return names;
}


/* By the name of its variable: "$http_x_team", "$arg_role", "$cookie_id". */

static char *
ngx_http_qc_set_identity_name(ngx_conf_t *cf, ngx_http_qc_names_t *names,
    ngx_str_t *value)
{
    u_char       *p;
    size_t        n;
    ngx_uint_t    i;
    ngx_array_t  *a;

    if (ngx_strncmp(value->data, "$http_", 6) == 0) {
        a = &names->headers;
        n = 6;

    } else if (ngx_strncmp(value->data, "$arg_", 5) == 0) {
        a = &names->args;
        n = 5;

    } else if (ngx_strncmp(value->data, "$cookie_", 8) == 0) {
        a = &names->cookies;
        n = 8;

    } else {
        a = NULL;
        n = value->len;
    }

    if (n >= value->len) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V\"; write \"$http_name\" for a "
                           "header field, \"$arg_name\" for an argument, "
                           "\"$cookie_name\" for a cookie", value);
        return NGX_CONF_ERROR;
    }

    p = value->data + n;

    if (a == &names->headers) {

        for (i = 0; i < value->len - n; i++) {
            p[i] = (p[i] == '_') ? '-' : ngx_tolower(p[i]);
        }

        if (ngx_http_qc_is_part(p, value->len - n)) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "a part of the key has the name of \"%V\" "
                               "already; use \"query_cache_key\" with "
                               "another name", value);
            return NGX_CONF_ERROR;
        }
    }

    return ngx_http_qc_push(cf, a, p, value->len - n) ? NGX_CONF_OK
                                                      : NGX_CONF_ERROR;
}


/* A field of that name could pass for what is asked. */

static ngx_uint_t
ngx_http_qc_is_part(u_char *name, size_t len)
{
    ngx_str_t  *part;

    static ngx_str_t  parts[] = {
        ngx_string("zone"),
        ngx_string("location"),
        ngx_string("method"),
        ngx_string("type"),
        ngx_string("client-cert"),
        ngx_string("namespace"),
        ngx_string("host"),
        ngx_string("uri"),
        ngx_string("raw"),
        ngx_string("args"),
        ngx_string("sql"),
        ngx_string("persisted"),
        ngx_string("graphql"),
        ngx_string("operation"),
        ngx_string("json"),
        ngx_string("body"),
        ngx_null_string
    };

    for (part = parts; part->len; part++) {
        if (part->len == len && ngx_strncmp(part->data, name, len) == 0) {
            return 1;
        }
    }

    return 0;
}


/* RFC 10008: media types, as a list of structured fields. */

char *
ngx_http_qc_set_accept_query(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_qc_loc_conf_t *qlcf = conf;

    u_char      *p;
    size_t       len;
    ngx_str_t   *value, *to;
    ngx_uint_t   i;

    to = &qlcf->query.accept_query;

    if (to->data) {
        return "is duplicate";
    }

    value = cf->args->elts;
    len = 0;

    for (i = 1; i < cf->args->nelts; i++) {
        len += value[i].len + 2;
    }

    p = ngx_pnalloc(cf->pool, len);
    if (p == NULL) {
        return NGX_CONF_ERROR;
    }

    to->data = p;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        return NGX_CONF_OK;
    }

    for (i = 1; i < cf->args->nelts; i++) {

        if (!ngx_http_qc_is_type(&value[i])) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid value \"%V\"; write media types, as "
                               "in \"application/json\", or \"off\"",
                               &value[i]);
            return NGX_CONF_ERROR;
        }

        if (i > 1) {
            *p++ = ',';
            *p++ = ' ';
        }

        p = ngx_cpymem(p, value[i].data, value[i].len);
    }

    to->len = p - to->data;

    return NGX_CONF_OK;
}


static ngx_uint_t
ngx_http_qc_is_type(ngx_str_t *value)
{
    u_char      ch;
    size_t      i;
    ngx_uint_t  slash;

    slash = 0;

    for (i = 0; i < value->len; i++) {
        ch = value->data[i];

        if (ch < 0x20 || ch > 0x7e) {
            return 0;
        }

        slash |= (ch == '/');
    }

    return slash;
}


char *
ngx_http_qc_set_limits(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_qc_loc_conf_t *qlcf = conf;

    ssize_t                    size;
    ngx_int_t                  n, *number;
    ngx_str_t                 *value, s;
    ngx_uint_t                 i;
    ngx_http_qc_query_conf_t  *query;

    query = &qlcf->query;
    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_strncmp(value[i].data, "body=", 5) == 0) {
            s.data = value[i].data + 5;
            s.len = value[i].len - 5;

            size = ngx_parse_size(&s);

            if (size > 0 && size <= 64 * 1024 * 1024
                && query->max_body == NGX_CONF_UNSET_SIZE)
            {
                query->max_body = size;
                continue;
            }

            goto invalid;
        }

        if (ngx_strncmp(value[i].data, "depth=", 6) == 0) {
            s.data = value[i].data + 6;
            number = &query->max_depth;

        } else if (ngx_strncmp(value[i].data, "args=", 5) == 0) {
            s.data = value[i].data + 5;
            number = &query->max_args;

        } else if (ngx_strncmp(value[i].data, "ratio=", 6) == 0) {
            s.data = value[i].data + 6;
            number = &query->max_ratio;

        } else {
            goto invalid;
        }

        s.len = value[i].data + value[i].len - s.data;
        n = ngx_atoi(s.data, s.len);

        if (n < 1 || *number != NGX_CONF_UNSET
            || (number == &query->max_depth && n > QC_JSON_DEPTH_MAX))
        {
            goto invalid;
        }

        *number = n;
    }

    return NGX_CONF_OK;

invalid:

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid parameter \"%V\"; there are \"body=size\" up "
                       "to 64m, \"depth=number\" up to %d, \"args=number\" "
                       "and \"ratio=number\", each once",
                       &value[i], QC_JSON_DEPTH_MAX);

    return NGX_CONF_ERROR;
}
