
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * No-Vary-Search: an answer says which arguments of its URI do not matter.
 * Under a key that all requests of a path share lies the rule, a record of
 * that field alone; it is looked up first, and the answers to requests that
 * it does not tell apart lie under one key, made of that key, of the rule and
 * of the arguments that matter.  The rule is in it so that no answer is ever
 * found by another rule than its own.
 */

#include "ngx_http_qc.h"

#include <openssl/rand.h>


#define NGX_HTTP_QC_NVS_LINES  8


/* No arguments begin like this. */

#define NGX_HTTP_QC_NVS_ARGS   "\0no-vary-search"


typedef struct {
    qc_str_t                       lines[NGX_HTTP_QC_NVS_LINES];
    size_t                         n;
    unsigned                       over:1;
} ngx_http_qc_nvs_lines_t;


static ngx_int_t ngx_http_qc_nvs_path(ngx_http_qc_ctx_t *ctx,
    qc_str_t *path);
static ngx_uint_t ngx_http_qc_nvs_found(ngx_http_qc_ctx_t *ctx);
static ngx_int_t ngx_http_qc_nvs_key(ngx_http_qc_ctx_t *ctx,
    const qc_nvs_t *rule, u_char *key);
static ngx_int_t ngx_http_qc_nvs_form(ngx_http_qc_ctx_t *ctx,
    const qc_nvs_t *rule, qc_buf_t *b);
static void ngx_http_qc_nvs_field(void *data, qc_str_t name,
    qc_str_t value);
static ngx_uint_t ngx_http_qc_nvs_rule(qc_nvs_t *rule,
    const ngx_http_qc_nvs_lines_t *field);
static ngx_uint_t ngx_http_qc_nvs_same(const qc_nvs_t *a, const qc_nvs_t *b);
static ngx_int_t ngx_http_qc_nvs_record(ngx_http_qc_ctx_t *ctx,
    const ngx_http_qc_nvs_lines_t *field);
static void ngx_http_qc_nvs_times(qc_record_t *rule, const qc_record_t *rec);


/* While what the query points to is there; ctx->key is the exact one. */

ngx_int_t
ngx_http_qc_nvs_begin(ngx_http_qc_ctx_t *ctx)
{
    u_char              *p;
    qc_str_t             args;
    ngx_int_t            rc;
    ngx_http_qc_nvs_t   *nvs;
    ngx_http_request_t  *r;

    r = ctx->request;
    args = ctx->query->q.args;

    if (!ctx->conf->no_vary_search
        || ctx->zone->rsc
        || !(ngx_http_qc_method(r) & NGX_HTTP_QC_SAFE))
    {
        return NGX_OK;
    }

    nvs = ngx_pcalloc(r->pool, sizeof(ngx_http_qc_nvs_t));
    p = ngx_pnalloc(r->pool, args.len);

    if (nvs == NULL || p == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(p, args.data, args.len);
    nvs->args = qc_str(p, args.len);

    ngx_memcpy(nvs->exact, ctx->key, QC_KEY_LEN);

    if (ngx_http_qc_nvs_path(ctx, &ctx->query->q.args) != NGX_OK) {
        return NGX_OK;
    }

    rc = ngx_http_qc_query_hash(ctx, NULL, NULL);

    ctx->query->q.args = args;

    ngx_memcpy(nvs->path, ctx->key, QC_KEY_LEN);
    ngx_memcpy(ctx->key, nvs->exact, QC_KEY_LEN);

    /* they are one if the operator's key is without arguments */

    if (ngx_memcmp(nvs->path, nvs->exact, QC_KEY_LEN) != 0) {
        ctx->nvs = nvs;
    }

    return rc;
}


/*
 * What is in the key of the path in place of arguments: those that say who
 * asks, for that is no upstream's to say.
 */

static ngx_int_t
ngx_http_qc_nvs_path(ngx_http_qc_ctx_t *ctx, qc_str_t *path)
{
    size_t             size;
    u_char            *p;
    qc_buf_t           b;
    qc_args_t          args;
    qc_query_t        *q;
    const qc_arg_t    *arg;
    const qc_rules_t  *rules;

    q = &ctx->query->q;
    rules = &ctx->conf->rules;

    if (qc_args_parse(q->args, rules->max_args, (int) rules->engine->plus,
                      q->arena, &args)
        != QC_OK)
    {
        return NGX_DECLINED;
    }

    size = sizeof(NGX_HTTP_QC_NVS_ARGS) - 1;

    for (arg = args.first; arg; arg = arg->next) {
        size += arg->name.len + arg->value.len + 2;
    }

    p = qc_arena_alloc(q->arena, size);
    if (p == NULL) {
        return NGX_DECLINED;
    }

    qc_buf_init(&b, p, size);
    qc_buf_str(&b, qc_str(NGX_HTTP_QC_NVS_ARGS,
                          sizeof(NGX_HTTP_QC_NVS_ARGS) - 1));

    for (arg = args.first; arg; arg = arg->next) {

        if (qc_query_identifies(rules, arg->name)) {
            qc_buf_char(&b, '&');
            qc_buf_str(&b, arg->name);
            qc_buf_char(&b, '=');
            qc_buf_str(&b, arg->value);
        }
    }

    *path = qc_buf_written(&b);

    return NGX_OK;
}


/* A step: the rule was looked up. */

ngx_int_t
ngx_http_qc_step_rule(ngx_http_qc_ctx_t *ctx)
{
    ngx_http_qc_nvs_t  *nvs;

    nvs = ctx->nvs;

    /* nobody is there to ask for the answer either */

    if (ctx->rc == NGX_ERROR && ctx->op->reason != QC_R_RECORD) {
        ctx->step = NGX_HTTP_QC_RECORD;
        return NGX_OK;
    }

    ctx->step = NGX_HTTP_QC_LOOKUP;

    if (ctx->rc == NGX_OK && ngx_http_qc_nvs_found(ctx)) {
        nvs->found = ctx->op;
        nvs->applied = (ngx_http_qc_nvs_key(ctx, &nvs->rule, ctx->key)
                        == NGX_OK);
    }

    return NGX_OK;
}


/* What is no rule, whoever wrote it, is as if there were none. */

static ngx_uint_t
ngx_http_qc_nvs_found(ngx_http_qc_ctx_t *ctx)
{
    qc_str_t                  block, name, value;
    qc_record_t              *rec;
    ngx_http_qc_nvs_lines_t   field;

    rec = &ctx->op->record;

    if (ctx->op->theirs
        || rec->vary.len
        || rec->size
        || rec->stale <= (uint64_t) ngx_time())
    {
        return 0;
    }

    field.n = 0;
    field.over = 0;

    block = rec->headers;

    while (qc_headers_next(&block, &name, &value) == QC_OK) {
        ngx_http_qc_nvs_field(&field, name, value);
    }

    return ngx_http_qc_nvs_rule(&ctx->nvs->rule, &field);
}


/* NGX_DECLINED: the rule cannot be applied, and all arguments matter. */

static ngx_int_t
ngx_http_qc_nvs_key(ngx_http_qc_ctx_t *ctx, const qc_nvs_t *rule, u_char *key)
{
    size_t                    i, start;
    qc_buf_t                  form;
    qc_key_t                  k;
    ngx_http_qc_main_conf_t  *qmcf;

    qmcf = ngx_http_get_module_main_conf(ctx->request,
                                         ngx_http_query_cache_module);

    if (ngx_http_qc_nvs_form(ctx, rule, &form) != NGX_OK) {
        return NGX_DECLINED;
    }

    qc_key_start(&k, &qmcf->sha256);
    qc_key_field(&k, qc_str("path", 4), qc_str(ctx->nvs->path, QC_KEY_LEN));

    if (rule->key_order) {
        qc_key_field(&k, qc_str("key-order", 9), qc_str(NULL, 0));
    }

    qc_key_field(&k, rule->only ? qc_str("except", 6) : qc_str("params", 6),
                 qc_str(NULL, 0));

    start = 0;

    for (i = 0; i < rule->n; i++) {
        qc_key_field(&k, qc_str("name", 4),
                     qc_str(rule->text + start, rule->end[i] - start));
        start = rule->end[i];
    }

    qc_key_field(&k, qc_str("args", 4), qc_buf_written(&form));

    return (qc_key_final(&k, key) == QC_OK) ? NGX_OK : NGX_DECLINED;
}


static ngx_int_t
ngx_http_qc_nvs_form(ngx_http_qc_ctx_t *ctx, const qc_nvs_t *rule,
    qc_buf_t *b)
{
    size_t   size;
    u_char  *p;

    size = 4 * ctx->nvs->args.len;

    p = ngx_pnalloc(ctx->request->pool, size);
    if (p == NULL) {
        return NGX_DECLINED;
    }

    qc_buf_init(b, p, size);

    return (qc_nvs_apply(rule, ctx->nvs->args, b) == QC_OK) ? NGX_OK
                                                            : NGX_DECLINED;
}


static void
ngx_http_qc_nvs_field(void *data, qc_str_t name, qc_str_t value)
{
    ngx_http_qc_nvs_lines_t *field = data;

    if (!qc_name_eq(name, qc_str("no-vary-search", 14))) {
        return;
    }

    if (field->n == NGX_HTTP_QC_NVS_LINES) {
        field->over = 1;
        return;
    }

    field->lines[field->n++] = value;
}


/* Whether there is one; of no field, and of an invalid one, otherwise. */

static ngx_uint_t
ngx_http_qc_nvs_rule(qc_nvs_t *rule, const ngx_http_qc_nvs_lines_t *field)
{
    (void) qc_nvs_parse(rule, field->lines, field->over ? 0 : field->n);

    return qc_nvs_any(rule);
}


static ngx_uint_t
ngx_http_qc_nvs_same(const qc_nvs_t *a, const qc_nvs_t *b)
{
    return a->key_order == b->key_order
           && a->only == b->only
           && a->n == b->n
           && (a->n == 0
               || (ngx_memcmp(a->end, b->end, a->n * sizeof(a->end[0])) == 0
                   && ngx_memcmp(a->text, b->text, a->end[a->n - 1]) == 0));
}


/*
 * The key of an answer that is to be stored, to job->primary: it is the one
 * that was looked up, unless the answer's own rule is another one.
 */

ngx_int_t
ngx_http_qc_nvs_answer(ngx_http_qc_ctx_t *ctx, ngx_http_qc_job_t *job)
{
    qc_nvs_t                  rule;
    ngx_http_qc_nvs_t        *nvs;
    ngx_http_qc_nvs_lines_t   field;

    nvs = ctx->nvs;

    ngx_memcpy(job->primary, ctx->variant ? ctx->primary : ctx->key,
               QC_KEY_LEN);

    if (nvs == NULL) {
        return NGX_OK;
    }

    field.n = 0;
    field.over = 0;

    ngx_http_qc_each_field(ctx, ngx_http_qc_nvs_field, &field);

    (void) ngx_http_qc_nvs_rule(&rule, &field);

    if (ngx_http_qc_nvs_same(&rule, &nvs->rule)) {

        /* a rule is there as long as the last of its answers */

        if (nvs->found && nvs->found->record.stale < job->record.stale) {
            nvs->record = nvs->found->record;
            ngx_http_qc_nvs_times(&nvs->record, &job->record);
            nvs->publish = 1;
        }

        return NGX_OK;
    }

    /* it is of another key */

    ctx->marker = NULL;

    ngx_memcpy(job->primary, nvs->exact, QC_KEY_LEN);

    if (!qc_nvs_any(&rule)) {
        nvs->forget = 1;
        return NGX_OK;
    }

    if (ngx_http_qc_nvs_record(ctx, &field) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_http_qc_nvs_times(&nvs->record, &job->record);
    nvs->publish = 1;

    (void) ngx_http_qc_nvs_key(ctx, &rule, job->primary);

    return NGX_OK;
}


static ngx_int_t
ngx_http_qc_nvs_record(ngx_http_qc_ctx_t *ctx,
    const ngx_http_qc_nvs_lines_t *field)
{
    size_t        i;
    u_char       *p;
    qc_buf_t      b;
    qc_record_t  *rec;

    p = ngx_pnalloc(ctx->request->pool, QC_HEADERS_MAX);
    if (p == NULL) {
        return NGX_ERROR;
    }

    qc_buf_init(&b, p, QC_HEADERS_MAX);

    for (i = 0; i < field->n; i++) {
        qc_headers_add(&b, qc_str("No-Vary-Search", 14), field->lines[i]);
    }

    if (qc_buf_status(&b) != QC_OK) {
        return NGX_DECLINED;
    }

    rec = &ctx->nvs->record;

    rec->status = NGX_HTTP_OK;
    rec->coding = QC_CODING_NONE;
    rec->headers = qc_buf_written(&b);

    return (RAND_bytes(rec->object, QC_OBJECT_ID_LEN) == 1) ? NGX_OK
                                                            : NGX_ERROR;
}


static void
ngx_http_qc_nvs_times(qc_record_t *rule, const qc_record_t *rec)
{
    rule->created = rec->created;
    rule->started = rec->started;
    rule->fresh = rec->stale;
    rule->stale = rec->stale;
    rule->epoch = rec->epoch;
}


/* The answer has come to its end. */

void
ngx_http_qc_nvs_publish(ngx_http_qc_ctx_t *ctx)
{
    ngx_http_qc_nvs_t  *nvs;

    nvs = ctx->nvs;

    if (nvs == NULL) {
        return;
    }

    if (nvs->publish) {
        ngx_http_qc_refresh(ctx->zone, nvs->path, &nvs->record, NULL);

    } else if (nvs->forget) {
        ngx_http_qc_drop(ctx->zone, nvs->path, nvs->found->record.object);
    }
}


/*
 * An entry was validated: whether its rule is another one now.  An answer
 * that does not say stands by what the stored one said.
 */

ngx_uint_t
ngx_http_qc_nvs_changed(ngx_http_qc_ctx_t *ctx)
{
    qc_nvs_t                 rule;
    ngx_http_qc_nvs_lines_t  field;

    if (ctx->nvs == NULL) {
        return 0;
    }

    field.n = 0;
    field.over = 0;

    ngx_http_qc_each_field(ctx, ngx_http_qc_nvs_field, &field);

    if (field.n == 0) {
        return 0;
    }

    (void) ngx_http_qc_nvs_rule(&rule, &field);

    return !ngx_http_qc_nvs_same(&rule, &ctx->nvs->rule);
}


/* The way to an entry must not end before it does. */

void
ngx_http_qc_nvs_extend(ngx_http_qc_ctx_t *ctx, const qc_record_t *rec)
{
    ngx_http_qc_nvs_t  *nvs;

    nvs = ctx->nvs;

    if (nvs == NULL || nvs->found == NULL
        || nvs->found->record.stale >= rec->stale)
    {
        return;
    }

    ngx_http_qc_nvs_times(&nvs->found->record, rec);
    ngx_http_qc_refresh(ctx->zone, nvs->path, &nvs->found->record, NULL);
}
