
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * Whether an answer is sound although its status says so: by its header
 * fields, and by its body while it is captured.
 */

#include "ngx_http_qc.h"


static ngx_http_qc_integrity_t *ngx_http_qc_integrity_create(ngx_conf_t *cf);
static char *ngx_http_qc_integrity_add(ngx_conf_t *cf,
    ngx_http_qc_integrity_t *integrity, ngx_str_t *value);
static char *ngx_http_qc_integrity_engine(ngx_http_qc_integrity_t *integrity,
    const qc_engine_t *engine);
static char *ngx_http_qc_integrity_rule(ngx_http_qc_integrity_t *integrity,
    ngx_str_t *value);
static char *ngx_http_qc_integrity_done(ngx_conf_t *cf,
    ngx_http_qc_integrity_t *integrity);
static qc_metric_e ngx_http_qc_integrity_header(
    ngx_http_qc_integrity_t *integrity, ngx_table_elt_t *h);


char *
ngx_http_qc_set_integrity(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_qc_loc_conf_t *qlcf = conf;

    char                     *rv;
    ngx_str_t                *value;
    ngx_uint_t                i;
    ngx_http_qc_integrity_t  *integrity;

    if (qlcf->query.integrity != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    integrity = ngx_http_qc_integrity_create(cf);
    if (integrity == NULL) {
        return NGX_CONF_ERROR;
    }

    qlcf->query.integrity = integrity;

    value = cf->args->elts;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        return NGX_CONF_OK;
    }

    for (i = 1; i < cf->args->nelts; i++) {
        rv = ngx_http_qc_integrity_add(cf, integrity, &value[i]);

        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    return ngx_http_qc_integrity_done(cf, integrity);
}


static ngx_http_qc_integrity_t *
ngx_http_qc_integrity_create(ngx_conf_t *cf)
{
    ngx_http_qc_integrity_t  *integrity;

    integrity = ngx_pcalloc(cf->pool, sizeof(ngx_http_qc_integrity_t));
    if (integrity == NULL) {
        return NULL;
    }

    if (ngx_array_init(&integrity->rules, cf->pool, 4, sizeof(qc_gate_rule_t))
        != NGX_OK
        || ngx_array_init(&integrity->headers, cf->pool, 1,
                          sizeof(qc_bad_header_t))
           != NGX_OK)
    {
        return NULL;
    }

    return integrity;
}


ngx_http_qc_integrity_t *
ngx_http_qc_integrity_of(ngx_conf_t *cf, const qc_engine_t *engine)
{
    ngx_http_qc_integrity_t  *integrity;

    integrity = ngx_http_qc_integrity_create(cf);

    if (integrity == NULL
        || ngx_http_qc_integrity_engine(integrity, engine) != NGX_CONF_OK
        || ngx_http_qc_integrity_done(cf, integrity) != NGX_CONF_OK)
    {
        return NULL;
    }

    return integrity;
}


static char *
ngx_http_qc_integrity_add(ngx_conf_t *cf, ngx_http_qc_integrity_t *integrity,
    ngx_str_t *value)
{
    char               *rv;
    const qc_engine_t  *engine;

    /* as a rule it is strict: whatever the answer says it is */

    if (ngx_strcmp(value->data, "json") == 0) {
        integrity->gate.flags |= QC_GATE_JSON;
        return NGX_CONF_OK;
    }

    if (ngx_strcmp(value->data, "lines") == 0) {
        integrity->gate.flags |= QC_GATE_BLANK_LINE_IF;
        return NGX_CONF_OK;
    }

    engine = qc_engine_find(ngx_http_qc_qstr(value));

    if (engine && engine != &qc_engines[QC_ENGINE_NONE]) {
        return ngx_http_qc_integrity_engine(integrity, engine);
    }

    rv = ngx_http_qc_integrity_rule(integrity, value);

    if (rv == NGX_CONF_OK) {
        return NGX_CONF_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid rule \"%V\"; write the name of an engine, "
                       "\"json\", \"lines\", \"/pointer=value\", "
                       "\"!/pointer\", \"text=string\", \"!text=string\" or "
                       "\"off\"", value);

    return NGX_CONF_ERROR;
}


static char *
ngx_http_qc_integrity_engine(ngx_http_qc_integrity_t *integrity,
    const qc_engine_t *engine)
{
    size_t            i;
    qc_gate_rule_t   *rule;
    qc_bad_header_t  *h;

    integrity->gate.flags |= engine->gate.flags;

    for (i = 0; i < engine->gate.nrules; i++) {

        rule = ngx_array_push(&integrity->rules);
        if (rule == NULL) {
            return NGX_CONF_ERROR;
        }

        *rule = engine->gate.rules[i];
    }

    for (i = 0; i < engine->nheaders; i++) {

        h = ngx_array_push(&integrity->headers);
        if (h == NULL) {
            return NGX_CONF_ERROR;
        }

        *h = engine->headers[i];
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_qc_integrity_rule(ngx_http_qc_integrity_t *integrity,
    ngx_str_t *value)
{
    u_char           *p, *eq, *last;
    ngx_uint_t        not;
    qc_gate_rule_t    rule, *to;
    qc_gate_rules_t   one;

    p = value->data;
    last = p + value->len;
    not = (p < last && *p == '!');

    if (not) {
        p++;
    }

    ngx_memzero(&rule, sizeof(qc_gate_rule_t));

    rule.reason = QC_R_RULE;

    if (last - p > 5 && ngx_strncmp(p, "text=", 5) == 0) {
        rule.kind = not ? QC_GATE_NO_TEXT : QC_GATE_TEXT;
        rule.value = qc_str(p + 5, last - p - 5);

    } else if (p < last && *p == '/' && not) {

        if (ngx_strlchr(p, last, '=')) {
            return NGX_CONF_ERROR;
        }

        rule.kind = QC_GATE_NOT;
        rule.pointer = qc_str(p, last - p);

    } else if (p < last && *p == '/') {

        eq = ngx_strlchr(p, last, '=');
        if (eq == NULL) {
            return NGX_CONF_ERROR;
        }

        rule.kind = QC_GATE_IS;
        rule.pointer = qc_str(p, eq - p);
        rule.value = qc_str(eq + 1, last - eq - 1);

    } else {
        return NGX_CONF_ERROR;
    }

    one.rules = &rule;
    one.nrules = 1;
    one.flags = 0;

    if (!qc_gate_rules_valid(&one)) {
        return NGX_CONF_ERROR;
    }

    to = ngx_array_push(&integrity->rules);
    if (to == NULL) {
        return NGX_CONF_ERROR;
    }

    *to = rule;

    return NGX_CONF_OK;
}


static char *
ngx_http_qc_integrity_done(ngx_conf_t *cf, ngx_http_qc_integrity_t *integrity)
{
    integrity->gate.rules = integrity->rules.elts;
    integrity->gate.nrules = integrity->rules.nelts;

    if (qc_gate_rules_valid(&integrity->gate)) {
        return NGX_CONF_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "too many rules in \"query_cache_integrity\"; there "
                       "may be %d, those of engines counted",
                       QC_GATE_RULES_MAX);

    return NGX_CONF_ERROR;
}


/* QC_NO_METRIC: it may be captured, and job->gate looks at the body. */

qc_metric_e
ngx_http_qc_integrity_start(ngx_http_qc_ctx_t *ctx, ngx_http_qc_job_t *job)
{
    ngx_uint_t                i;
    qc_metric_e               reason;
    qc_gate_rules_t          *gate, *strict;
    ngx_list_part_t          *part;
    ngx_table_elt_t          *h;
    ngx_http_request_t       *r;
    ngx_http_qc_integrity_t  *integrity;

    r = ctx->request;
    integrity = ctx->conf->integrity;

    part = &r->headers_out.headers.part;
    h = part->elts;

    for (i = 0; integrity->headers.nelts; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                break;
            }

            part = part->next;
            h = part->elts;
            i = 0;
        }

        reason = ngx_http_qc_integrity_header(integrity, &h[i]);

        if (h[i].hash && reason != QC_NO_METRIC) {
            return reason;
        }
    }

    gate = &integrity->gate;

    /* who reads it there relies on it to be JSON */

    if (ctx->zone->rsc) {

        strict = ngx_palloc(job->pool, sizeof(qc_gate_rules_t));
        if (strict == NULL) {
            return QC_R_MEMORY;
        }

        *strict = *gate;
        strict->flags |= QC_GATE_JSON;
        gate = strict;
    }

    if (gate->flags == 0 && gate->nrules == 0) {
        return QC_NO_METRIC;
    }

    job->gate = ngx_palloc(job->pool, sizeof(qc_gate_t));
    if (job->gate == NULL) {
        return QC_R_MEMORY;
    }

    qc_gate_init(job->gate, gate,
                 qc_gate_type(ngx_http_qc_qstr(&r->headers_out.content_type)));

    return QC_NO_METRIC;
}


static qc_metric_e
ngx_http_qc_integrity_header(ngx_http_qc_integrity_t *integrity,
    ngx_table_elt_t *h)
{
    ngx_uint_t        i;
    qc_bad_header_t  *bad;

    bad = integrity->headers.elts;

    for (i = 0; i < integrity->headers.nelts; i++) {

        if (h->key.len == bad[i].name.len
            && ngx_strncasecmp(h->key.data, (u_char *) bad[i].name.data,
                               h->key.len)
               == 0
            && (bad[i].text.len == 0
                || ngx_strlcasestrn(h->value.data,
                                    h->value.data + h->value.len,
                                    (u_char *) bad[i].text.data,
                                    bad[i].text.len - 1)))
        {
            return bad[i].reason;
        }
    }

    return QC_NO_METRIC;
}


/* The next one to ask need not look for what is not there. */

void
ngx_http_qc_integrity_reject(ngx_http_qc_ctx_t *ctx)
{
    ngx_log_debug0(NGX_LOG_DEBUG_HTTP, ctx->request->connection->log, 0,
                   "query cache: unsound answer");

    /* while a fill is under way, or is not tried, an older one is of use */

    if (!ctx->fill && !(ctx->entry && ctx->conf->fill.backoff)) {
        ngx_http_qc_mark_set(&ctx->zone->marks, NGX_HTTP_QC_MARK_MISS,
                             ctx->key, ctx->conf->hit_for_miss);
    }
}
