
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * The counters of a zone as JSON: {"version":1,"zone":"...",groups...}; and,
 * asked with "explain=uri", what would become of that request.
 */

#include "../http/ngx_http_qc.h"


#define NGX_HTTP_QC_ADMIN_VERSION  1


static ngx_int_t ngx_http_qc_admin_handler(ngx_http_request_t *r);
static u_char *ngx_http_qc_admin_json(ngx_http_qc_zone_t *zone, u_char *p);
static size_t ngx_http_qc_admin_size(ngx_http_qc_zone_t *zone);


char *
ngx_http_qc_admin_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_qc_loc_conf_t *qlcf = conf;

    ngx_str_t                 *value;
    ngx_http_core_loc_conf_t  *clcf;
    ngx_http_qc_main_conf_t   *qmcf;

    if (qlcf->admin) {
        return "is duplicate";
    }

    value = cf->args->elts;
    qmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_query_cache_module);

    qlcf->admin = ngx_http_qc_zone_find(qmcf, &value[1]);

    if (qlcf->admin == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "unknown query cache zone \"%V\"; define it above "
                           "with \"query_cache_zone %V { ... }\"",
                           &value[1], &value[1]);
        return NGX_CONF_ERROR;
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_qc_admin_handler;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_qc_admin_handler(ngx_http_request_t *r)
{
    size_t                   size;
    ngx_int_t                rc;
    ngx_str_t                uri;
    ngx_buf_t               *b;
    ngx_chain_t              out;
    ngx_http_qc_zone_t      *zone;
    ngx_http_qc_loc_conf_t  *qlcf;

    if (ngx_http_arg(r, (u_char *) "explain", 7, &uri) == NGX_OK) {
        return ngx_http_qc_explain(r, &uri);
    }

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    qlcf = ngx_http_get_module_loc_conf(r, ngx_http_query_cache_module);
    zone = qlcf->admin;

    size = ngx_http_qc_admin_size(zone);

    b = ngx_create_temp_buf(r->pool, size);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->last = ngx_http_qc_admin_json(zone, b->pos);
    b->last_buf = (r == r->main);
    b->last_in_chain = 1;

    ngx_str_set(&r->headers_out.content_type, "application/json");
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = b->last - b->pos;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}


static size_t
ngx_http_qc_admin_size(ngx_http_qc_zone_t *zone)
{
    size_t      size;
    ngx_uint_t  i;

    size = sizeof("{\"version\":,\"zone\":\"\"}\n") + NGX_INT_T_LEN
           + zone->name.len + ngx_escape_json(NULL, zone->name.data,
                                              zone->name.len);

    for (i = 0; i < QC_METRICS; i++) {
        size += sizeof("},\"\":{\"\":") + qc_metrics[i].group.len
                + qc_metrics[i].name.len + NGX_ATOMIC_T_LEN;
    }

    return size;
}


/* Metrics of a group stand together in the table. */

static u_char *
ngx_http_qc_admin_json(ngx_http_qc_zone_t *zone, u_char *p)
{
    ngx_uint_t          i;
    const qc_metric_t  *m;

    p = ngx_sprintf(p, "{\"version\":%d,\"zone\":\"",
                    NGX_HTTP_QC_ADMIN_VERSION);
    p = (u_char *) ngx_escape_json(p, zone->name.data, zone->name.len);
    *p++ = '"';

    for (i = 0; i < QC_METRICS; i++) {

        m = &qc_metrics[i];

        if (i == 0 || !qc_str_eq(m->group, m[-1].group)) {
            p = ngx_sprintf(p, "%s,\"%*s\":{", i ? "}" : "",
                            m->group.len, m->group.data);

        } else {
            *p++ = ',';
        }

        p = ngx_sprintf(p, "\"%*s\":%uA", m->name.len, m->name.data,
                        zone->stats.sh->value[i]);
    }

    return ngx_sprintf(p, "}}\n");
}
