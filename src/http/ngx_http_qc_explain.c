
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * What would become of a request, without running it: the admin location
 * starts it again with the URI in question, and there, behind the same access
 * control, the precontent handler answers in place of the content handler.
 */

#include "ngx_http_qc.h"

#include "../core/qc_utf8.h"


#define NGX_HTTP_QC_EXPLAIN_VERSION  1
#define NGX_HTTP_QC_EXPLAIN_SIZE     (512 * 1024)
#define NGX_HTTP_QC_EXPLAIN_VALUE    2048       /* of a part that is shown */
#define NGX_HTTP_QC_EXPLAIN_BODY     16384


typedef struct {
    qc_buf_t                       out;
    ngx_http_qc_ctx_t             *ctx;
    ngx_uint_t                     nparts;
} ngx_http_qc_explain_t;


static void ngx_http_qc_explain_mark(void *data);
static ngx_int_t ngx_http_qc_explain_uri(ngx_http_request_t *r);
static void ngx_http_qc_explain_restart(ngx_http_request_t *r);
static void ngx_http_qc_explain_body(ngx_http_request_t *r);
static ngx_int_t ngx_http_qc_explain_query(ngx_http_qc_explain_t *e);
static qc_metric_e ngx_http_qc_explain_decision(ngx_http_qc_explain_t *e);
static ngx_int_t ngx_http_qc_explain_lookup(ngx_http_qc_explain_t *e);
static void ngx_http_qc_explain_done(ngx_http_qc_meta_op_t *op);
static void ngx_http_qc_explain_record(ngx_http_qc_explain_t *e);
static void ngx_http_qc_explain_variant(ngx_http_qc_explain_t *e);
static void ngx_http_qc_explain_send(ngx_http_qc_explain_t *e,
    const char *decision, qc_metric_e reason);
static void ngx_http_qc_explain_location(ngx_http_qc_explain_t *e);
static void ngx_http_qc_explain_canonical(ngx_http_qc_explain_t *e);
static void ngx_http_qc_explain_tags(ngx_http_qc_explain_t *e);
static void ngx_http_qc_explain_part(void *data, qc_str_t name,
    qc_str_t value);
static void ngx_http_qc_explain_args(ngx_http_qc_explain_t *e, qc_str_t args);
static void ngx_http_qc_explain_secret(ngx_http_qc_explain_t *e,
    qc_str_t value);
static void ngx_http_qc_explain_string(ngx_http_qc_explain_t *e,
    qc_str_t value, size_t max);
static void ngx_http_qc_explain_text(ngx_http_qc_explain_t *e, qc_str_t value);


static ngx_uint_t  ngx_http_qc_explains;    /* requests that are explained */


/* In the admin location: uri is what follows "explain=". */

ngx_int_t
ngx_http_qc_explain(ngx_http_request_t *r, ngx_str_t *uri)
{
    u_char              *dst, *src;
    ngx_pool_cleanup_t  *cln;

    r->uri_start = ngx_pnalloc(r->pool, uri->len + 1);
    if (r->uri_start == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    src = uri->data;
    dst = r->uri_start;

    ngx_unescape_uri(&dst, &src, uri->len, 0);

    r->uri_end = dst;
    *dst = '\0';

    if (ngx_http_qc_explain_uri(r) != NGX_OK) {
        return NGX_HTTP_BAD_REQUEST;
    }

    /* from here on: a page for an error above is not explained */

    cln = ngx_pool_cleanup_add(r->pool, 0);
    if (cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    cln->handler = ngx_http_qc_explain_mark;
    ngx_http_qc_explains++;

    ngx_http_qc_explain_restart(r);

    return NGX_DONE;
}


/* A pool's cleanups stay where redirects clear contexts. */

static void
ngx_http_qc_explain_mark(void *data)
{
    ngx_http_qc_explains--;
}


/* Reads it as the one of a request line. */

static ngx_int_t
ngx_http_qc_explain_uri(ngx_http_request_t *r)
{
    ngx_http_core_srv_conf_t  *cscf;

    r->args_start = NULL;
    r->uri_ext = NULL;
    r->complex_uri = 0;
    r->quoted_uri = 0;
    r->plus_in_uri = 0;

    ngx_str_null(&r->args);
    ngx_str_null(&r->exten);

    if (r->uri_start == r->uri_end || ngx_http_parse_uri(r) != NGX_OK) {
        return NGX_ERROR;
    }

    r->unparsed_uri.data = r->uri_start;
    r->unparsed_uri.len = r->uri_end - r->uri_start;

    r->uri = r->unparsed_uri;

    if (r->args_start) {
        r->uri.len = r->args_start - 1 - r->uri_start;
    }

    if (r->complex_uri || r->quoted_uri) {

        r->uri.data = ngx_pnalloc(r->pool, r->uri.len);
        if (r->uri.data == NULL) {
            return NGX_ERROR;
        }

        cscf = ngx_http_get_module_srv_conf(r, ngx_http_core_module);

        if (ngx_http_parse_complex_uri(r, cscf->merge_slashes) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    if (r->args_start) {
        r->args.data = r->args_start;
        r->args.len = r->uri_end - r->args_start;
    }

    ngx_http_set_exten(r);

    return NGX_OK;
}


/*
 * Runs the request as one that has just come: unlike after a redirect,
 * internal locations are closed, and the path is what the client wrote.
 */

static void
ngx_http_qc_explain_restart(ngx_http_request_t *r)
{
    ngx_http_core_srv_conf_t   *cscf;
    ngx_http_core_main_conf_t  *cmcf;

    cscf = ngx_http_get_module_srv_conf(r, ngx_http_core_module);
    cmcf = ngx_http_get_module_main_conf(r, ngx_http_core_module);

    ngx_memzero(r->ctx, sizeof(void *) * ngx_http_max_module);
    ngx_memzero(r->variables, cmcf->variables.nelts
                              * sizeof(ngx_http_variable_value_t));

    r->loc_conf = cscf->ctx->loc_conf;

    ngx_http_update_location_config(r);

    r->internal = 0;
    r->valid_unparsed_uri = 1;
    r->add_uri_to_alias = 0;
    r->main->count++;

    ngx_http_handler(r);
}


ngx_uint_t
ngx_http_qc_explained(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t  *cln;

    if (ngx_http_qc_explains == 0) {
        return 0;
    }

    for (cln = r->pool->cleanup; cln; cln = cln->next) {
        if (cln->handler == ngx_http_qc_explain_mark) {
            return 1;
        }
    }

    return 0;
}


/* In the precontent phase of the location in question. */

ngx_int_t
ngx_http_qc_explain_handler(ngx_http_request_t *r)
{
    ngx_int_t  rc;

    rc = ngx_http_read_client_request_body(r, ngx_http_qc_explain_body);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    ngx_http_finalize_request(r, NGX_DONE);

    return NGX_DONE;
}


static void
ngx_http_qc_explain_body(ngx_http_request_t *r)
{
    u_char                  *p;
    qc_metric_e              reason;
    ngx_http_qc_zone_t      *zone;
    ngx_http_qc_explain_t   *e;
    ngx_http_qc_loc_conf_t  *qlcf;

    qlcf = ngx_http_get_module_loc_conf(r, ngx_http_query_cache_module);

    e = ngx_pcalloc(r->pool, sizeof(ngx_http_qc_explain_t));
    p = ngx_palloc(r->pool, NGX_HTTP_QC_EXPLAIN_SIZE);

    zone = ngx_http_qc_request_zone(r, qlcf);

    if (e == NULL || p == NULL
        || (zone && (e->ctx = ngx_http_qc_create_ctx(r, zone, qlcf)) == NULL))
    {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    qc_buf_init(&e->out, p, NGX_HTTP_QC_EXPLAIN_SIZE);
    qc_buf_cstr(&e->out, "{\"version\":");
    qc_buf_dec(&e->out, NGX_HTTP_QC_EXPLAIN_VERSION);

    if (zone == NULL) {
        e->ctx = ngx_pcalloc(r->pool, sizeof(ngx_http_qc_ctx_t));
        if (e->ctx == NULL) {
            ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
            return;
        }

        e->ctx->request = r;
        ngx_http_qc_explain_send(e, "off", QC_NO_METRIC);
        return;
    }

    e->ctx->explain = e;

    if (ngx_http_qc_explain_query(e) != NGX_OK) {
        ngx_http_qc_query_free(e->ctx);
        ngx_http_qc_explain_send(e, "bypass", QC_R_KEY);
        return;
    }

    reason = ngx_http_qc_explain_decision(e);

    ngx_http_qc_query_free(e->ctx);

    if (reason == QC_R_HIT_FOR_MISS) {
        ngx_http_qc_explain_send(e, "miss", reason);
        return;
    }

    if (reason != QC_NO_METRIC) {
        ngx_http_qc_explain_send(e, "bypass", reason);
        return;
    }

    if (ngx_http_qc_explain_lookup(e) != NGX_AGAIN) {
        ngx_http_qc_explain_record(e);
    }
}


static ngx_int_t
ngx_http_qc_explain_query(ngx_http_qc_explain_t *e)
{
    ngx_int_t           rc;
    qc_query_t         *q;
    ngx_http_qc_ctx_t  *ctx;

    ctx = e->ctx;

    qc_buf_cstr(&e->out, ",\"zone\":");
    ngx_http_qc_explain_string(e, ngx_http_qc_qstr(&ctx->zone->name),
                               NGX_HTTP_QC_EXPLAIN_VALUE);

    ngx_http_qc_explain_location(e);

    rc = ngx_http_qc_query_read(ctx);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    q = &ctx->query->q;

    qc_buf_cstr(&e->out, ",\"method\":");
    ngx_http_qc_explain_string(e, ctx->query->request.method, 16);
    qc_buf_cstr(&e->out, ",\"engine\":");
    ngx_http_qc_explain_string(e, ctx->conf->rules.engine->name, 32);

    if (rc == NGX_DECLINED) {
        return NGX_OK;
    }

    ngx_http_qc_explain_canonical(e);

    qc_buf_cstr(&e->out, ",\"parts\":[");

    rc = ngx_http_qc_query_hash(ctx, ngx_http_qc_explain_part, e);

    qc_buf_cstr(&e->out, "]");

    if (rc != NGX_OK) {
        return (rc == NGX_DECLINED) ? NGX_OK : NGX_ERROR;
    }

    qc_buf_cstr(&e->out, ",\"key\":\"");
    qc_buf_hex(&e->out, ctx->key, QC_KEY_LEN);
    qc_buf_cstr(&e->out, "\"");

    ngx_http_qc_explain_tags(e);

    qc_buf_cstr(&e->out, ",\"window\":");

    switch (qc_query_window(q, (int64_t) ngx_time() * 1000)) {
    case QC_WINDOW_CLOSED:
        qc_buf_cstr(&e->out, "\"closed\"");
        break;
    case QC_WINDOW_OPEN:
        qc_buf_cstr(&e->out, "\"open\"");
        break;
    default:
        qc_buf_cstr(&e->out, "null");
    }

    return NGX_OK;
}


/* In the order in which a request meets them. */

static qc_metric_e
ngx_http_qc_explain_decision(ngx_http_qc_explain_t *e)
{
    ngx_http_qc_ctx_t  *ctx;

    ctx = e->ctx;

    if (!(ngx_http_qc_method(ctx->request) & ctx->conf->methods)) {
        return QC_R_METHOD;
    }

    if (ctx->query->q.reason != QC_NO_METRIC) {
        return ctx->query->q.reason;
    }

    if (ngx_http_test_predicates(ctx->request, ctx->conf->bypass) != NGX_OK) {
        return QC_R_BYPASS;
    }

    return ngx_http_qc_mark_test(&ctx->zone->marks, NGX_HTTP_QC_MARK_MISS,
                                 ctx->key)
           ? QC_R_HIT_FOR_MISS : QC_NO_METRIC;
}


static ngx_int_t
ngx_http_qc_explain_lookup(ngx_http_qc_explain_t *e)
{
    ngx_http_request_t     *r;
    ngx_http_qc_ctx_t      *ctx;
    ngx_http_qc_meta_op_t  *op;

    ctx = e->ctx;
    r = ctx->request;

    op = ngx_http_qc_lookup_op(ctx, ngx_http_qc_explain_done);

    if (op == NULL) {
        ctx->rc = NGX_ERROR;
        return NGX_ERROR;
    }

    ctx->rc = ctx->zone->meta->get(ctx->zone->meta, op);

    if (ctx->rc == NGX_AGAIN) {
        r->read_event_handler = ngx_http_block_reading;
        r->write_event_handler = ngx_http_request_empty_handler;
    }

    return ctx->rc;
}


static void
ngx_http_qc_explain_done(ngx_http_qc_meta_op_t *op)
{
    ngx_connection_t       *c;
    ngx_http_qc_ctx_t      *ctx;
    ngx_http_request_t     *r;
    ngx_http_qc_explain_t  *e;

    ctx = op->data;
    e = ctx->explain;
    r = ctx->request;
    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    op->pending = NULL;
    ctx->rc = op->rc;

    ngx_http_qc_explain_record(e);

    ngx_http_run_posted_requests(c);
}


static void
ngx_http_qc_explain_record(ngx_http_qc_explain_t *e)
{
    uint64_t            now;
    qc_reuse_t          reuse;
    qc_record_t        *rec;
    ngx_http_qc_ctx_t  *ctx;

    ctx = e->ctx;
    now = (uint64_t) ngx_time();

    if (ctx->rc != NGX_OK) {
        ngx_http_qc_explain_send(e, "miss",
                                 ctx->op ? ctx->op->reason : QC_R_META_ERROR);
        return;
    }

    rec = &ctx->op->record;

    if (rec->vary.len) {
        ngx_http_qc_explain_variant(e);
        return;
    }

    qc_reuse(&reuse, rec, NULL, now, 0);

    if (reuse.verdict == QC_REUSE_FETCH) {
        ngx_http_qc_explain_send(e, "expired", QC_R_STALE);
        return;
    }

    if (reuse.verdict == QC_REUSE_UPDATE) {
        ngx_http_qc_explain_send(e, "updating", QC_R_STALE);
        return;
    }

    qc_buf_cstr(&e->out, ",\"ttl\":");
    qc_buf_dec(&e->out, rec->fresh - now);

    ngx_http_qc_explain_send(e, "hit", QC_NO_METRIC);
}


/* The answer is where the fields of this request say. */

static void
ngx_http_qc_explain_variant(ngx_http_qc_explain_t *e)
{
    ngx_http_qc_ctx_t  *ctx;

    ctx = e->ctx;

    qc_buf_cstr(&e->out, ",\"vary\":\"");
    qc_buf_str(&e->out, ctx->op->record.vary);
    qc_buf_cstr(&e->out, "\"");

    if (ngx_http_qc_variant(ctx) != NGX_OK) {
        ngx_http_qc_explain_send(e, "miss", QC_R_VARY);
        return;
    }

    if (ngx_http_qc_explain_lookup(e) != NGX_AGAIN) {
        ngx_http_qc_explain_record(e);
    }
}


static void
ngx_http_qc_explain_send(ngx_http_qc_explain_t *e, const char *decision,
    qc_metric_e reason)
{
    ngx_int_t            rc;
    ngx_buf_t           *b;
    ngx_chain_t          out;
    ngx_http_request_t  *r;

    r = e->ctx->request;

    qc_buf_cstr(&e->out, ",\"decision\":\"");
    qc_buf_cstr(&e->out, decision);
    qc_buf_cstr(&e->out, "\",\"reason\":");

    if (reason == QC_NO_METRIC) {
        qc_buf_cstr(&e->out, "null}\n");

    } else {
        qc_buf_cstr(&e->out, "\"");
        qc_buf_str(&e->out, qc_metrics[reason].name);
        qc_buf_cstr(&e->out, "\"}\n");
    }

    b = ngx_calloc_buf(r->pool);

    if (b == NULL || qc_buf_status(&e->out) != QC_OK) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    b->pos = e->out.start;
    b->last = e->out.pos;
    b->memory = 1;
    b->last_buf = 1;
    b->last_in_chain = 1;

    ngx_str_set(&r->headers_out.content_type, "application/json");
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = b->last - b->pos;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        ngx_http_finalize_request(r, rc);
        return;
    }

    out.buf = b;
    out.next = NULL;

    ngx_http_finalize_request(r, ngx_http_output_filter(r, &out));
}


/* The salt: names of the server and of the location, and a number. */

static void
ngx_http_qc_explain_location(ngx_http_qc_explain_t *e)
{
    u_char      *p, *last, *end;
    ngx_uint_t   i;

    static const char  *names[] = { "server", "location", "number" };

    p = e->ctx->conf->salt.data;
    last = p + e->ctx->conf->salt.len;

    for (i = 0; i < 3 && p <= last; i++) {

        end = ngx_strlchr(p, last, '\0');

        if (end == NULL) {
            end = last;
        }

        qc_buf_cstr(&e->out, ",\"");
        qc_buf_cstr(&e->out, names[i]);
        qc_buf_cstr(&e->out, "\":");
        ngx_http_qc_explain_string(e, qc_str(p, end - p),
                                   NGX_HTTP_QC_EXPLAIN_VALUE);

        p = end + 1;
    }
}


static void
ngx_http_qc_explain_canonical(ngx_http_qc_explain_t *e)
{
    qc_query_t  *q;

    q = &e->ctx->query->q;

    qc_buf_cstr(&e->out, ",\"form\":\"");
    qc_buf_cstr(&e->out, qc_form_name(q->form));
    qc_buf_cstr(&e->out, "\",\"canonical\":{\"args\":");
    ngx_http_qc_explain_args(e, q->args);

    qc_buf_cstr(&e->out, ",\"body\":");
    ngx_http_qc_explain_string(e, qc_query_text(q), NGX_HTTP_QC_EXPLAIN_BODY);
    qc_buf_cstr(&e->out, "}");
}


static void
ngx_http_qc_explain_tags(ngx_http_qc_explain_t *e)
{
    qc_str_t        tags;
    const uint8_t  *p, *last, *end;

    tags = qc_tags_list(&e->ctx->query->q.tags);

    qc_buf_cstr(&e->out, ",\"tags\":[");

    p = tags.data;
    last = p + tags.len;

    while (p < last) {

        end = memchr(p, ' ', last - p);

        if (end == NULL) {
            end = last;
        }

        if (p != tags.data) {
            qc_buf_cstr(&e->out, ",");
        }

        ngx_http_qc_explain_string(e, qc_str(p, end - p), QC_TAGS_MAX);

        p = end + 1;
    }

    qc_buf_cstr(&e->out, "]");
}


static void
ngx_http_qc_explain_part(void *data, qc_str_t name, qc_str_t value)
{
    ngx_http_qc_explain_t *e = data;

    if (e->nparts++) {
        qc_buf_cstr(&e->out, ",");
    }

    qc_buf_cstr(&e->out, "{\"name\":");
    ngx_http_qc_explain_string(e, name, NGX_HTTP_QC_EXPLAIN_VALUE);
    qc_buf_cstr(&e->out, ",\"value\":");

    if (qc_query_is_secret(name)) {
        qc_buf_cstr(&e->out, "\"");
        ngx_http_qc_explain_secret(e, value);
        qc_buf_cstr(&e->out, "\"");

    } else if (qc_str_eq(name, qc_str("args", 4))) {
        ngx_http_qc_explain_args(e, value);

    } else {
        ngx_http_qc_explain_string(e, value, NGX_HTTP_QC_EXPLAIN_VALUE);
    }

    qc_buf_cstr(&e->out, "}");
}


/* Arguments, the values of those that are secrets left out. */

static void
ngx_http_qc_explain_args(ngx_http_qc_explain_t *e, qc_str_t args)
{
    const uint8_t  *p, *last, *end, *eq;

    qc_buf_cstr(&e->out, "\"");

    if (args.len > NGX_HTTP_QC_EXPLAIN_BODY) {
        args.len = NGX_HTTP_QC_EXPLAIN_BODY;
    }

    p = args.data;
    last = p + args.len;

    while (p < last) {

        end = memchr(p, '&', last - p);

        if (end == NULL) {
            end = last;
        }

        eq = memchr(p, '=', end - p);

        if (eq && qc_query_is_secret(qc_str(p, eq - p))) {
            ngx_http_qc_explain_text(e, qc_str(p, eq + 1 - p));
            ngx_http_qc_explain_secret(e, qc_str(eq + 1, end - eq - 1));

        } else {
            ngx_http_qc_explain_text(e, qc_str(p, end - p));
        }

        if (end < last) {
            qc_buf_cstr(&e->out, "&");
        }

        p = end + 1;
    }

    qc_buf_cstr(&e->out, "\"");
}


/* Enough to see whether two of them are the same. */

static void
ngx_http_qc_explain_secret(ngx_http_qc_explain_t *e, qc_str_t value)
{
    u_char  hash[QC_SHA256_LEN];

    qc_buf_cstr(&e->out, "sha256:");

    if (qc_sha256(value.data, value.len, hash) == QC_OK) {
        qc_buf_hex(&e->out, hash, 8);
    }
}


static void
ngx_http_qc_explain_string(ngx_http_qc_explain_t *e, qc_str_t value,
    size_t max)
{
    qc_buf_cstr(&e->out, "\"");

    if (value.len > max) {
        value.len = max;
    }

    ngx_http_qc_explain_text(e, value);

    qc_buf_cstr(&e->out, "\"");
}


/* What is not UTF-8 is shown byte by byte. */

static void
ngx_http_qc_explain_text(ngx_http_qc_explain_t *e, qc_str_t value)
{
    size_t   i, len;
    u_char  *p, ch, text[6];

    len = value.len + ngx_escape_json(NULL, (u_char *) value.data, value.len);

    if (qc_utf8_valid(value.data, value.len)
        && len <= (size_t) (e->out.end - e->out.pos))
    {
        p = e->out.pos;
        e->out.pos = (u_char *) ngx_escape_json(p, (u_char *) value.data,
                                                value.len);
        return;
    }

    for (i = 0; i < value.len; i++) {

        ch = value.data[i];

        if (ch >= 0x80) {
            qc_buf_cstr(&e->out, "\\u00");
            qc_buf_hex(&e->out, &ch, 1);

        } else {
            p = (u_char *) ngx_escape_json(text, &ch, 1);
            qc_buf_put(&e->out, text, p - text);
        }
    }
}
