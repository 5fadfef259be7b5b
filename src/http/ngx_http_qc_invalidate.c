
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * What an answer makes invalid: after an unsafe request the answers of its
 * URI, and of those that Location and Content-Location name (RFC 9111 section
 * 4.4); and the groups it names (RFC 9875).  All of them are one operation,
 * which is begun before the answer goes out.  If it fails it is tried again
 * for some seconds, in a worker that is told to leave, too: what stays valid
 * by mistake is wrong for as long as it is fresh.
 */

#include "ngx_http_qc.h"


#define NGX_HTTP_QC_INVALIDATE_TRIES    5
#define NGX_HTTP_QC_INVALIDATE_DELAY    400     /* ms, the first */
#define NGX_HTTP_QC_INVALIDATE_PENDING  1024    /* of a zone, in a worker */

/* that of the request, and those its answer names */
#define NGX_HTTP_QC_INVALIDATE_URIS     (NGX_HTTP_QC_SCOPES - QC_GROUPS)


typedef struct {
    ngx_uint_t                     n;
    u_char                         scope[NGX_HTTP_QC_SCOPES][QC_SCOPE_LEN];
} ngx_http_qc_scope_list_t;


typedef struct {
    ngx_http_qc_meta_op_t          op;
    ngx_http_qc_scope_list_t       scopes;
    ngx_http_qc_zone_t            *zone;
    ngx_uint_t                     tries;
    ngx_event_t                    retry;
    ngx_connection_t               ident;   /* of the timer */
} ngx_http_qc_invalidation_t;


static ngx_uint_t ngx_http_qc_safe(ngx_http_request_t *r);
static void ngx_http_qc_invalidate_uris(ngx_http_qc_ctx_t *ctx,
    ngx_http_qc_scope_list_t *scopes);
static void ngx_http_qc_invalidate_reference(ngx_http_qc_ctx_t *ctx,
    ngx_http_qc_scope_list_t *scopes, ngx_str_t *reference);
static unsigned ngx_http_qc_request_port(ngx_http_request_t *r);
static void ngx_http_qc_invalidate_groups(ngx_http_qc_ctx_t *ctx,
    ngx_http_qc_scope_list_t *scopes);
static void ngx_http_qc_invalidation_start(ngx_http_qc_zone_t *zone,
    const ngx_http_qc_scope_list_t *scopes);
static ngx_int_t ngx_http_qc_invalidation_try(
    ngx_http_qc_invalidation_t *inv);
static void ngx_http_qc_invalidation_done(ngx_http_qc_meta_op_t *op);
static void ngx_http_qc_invalidation_next(ngx_http_qc_invalidation_t *inv,
    ngx_int_t rc);
static void ngx_http_qc_invalidation_retry(ngx_event_t *ev);
static void ngx_http_qc_invalidation_lost(ngx_http_qc_zone_t *zone);


/* In the header filter, of an answer that is not from the cache. */

void
ngx_http_qc_invalidate(ngx_http_qc_ctx_t *ctx)
{
    ngx_http_request_t        *r;
    ngx_http_qc_scope_list_t   scopes;

    r = ctx->request;

    /* entries of others do not say when they were made */

    if (!ctx->conf->invalidate || ctx->zone->rsc || ngx_http_qc_safe(r)) {
        return;
    }

    scopes.n = 0;

    /* a POST that is looked up asks, and changes nothing */

    if (!(ngx_http_qc_method(r) & ctx->conf->methods)
        && r->headers_out.status >= NGX_HTTP_OK
        && r->headers_out.status < NGX_HTTP_BAD_REQUEST)
    {
        ngx_http_qc_invalidate_uris(ctx, &scopes);
    }

    ngx_http_qc_invalidate_groups(ctx, &scopes);

    if (scopes.n) {
        ngx_http_qc_invalidation_start(ctx->zone, &scopes);
    }
}


/* All that are registered as safe; what is not known is not. */

static ngx_uint_t
ngx_http_qc_safe(ngx_http_request_t *r)
{
    ngx_uint_t  i;

    static ngx_str_t  safe[] = {
        ngx_string("QUERY"),
        ngx_string("REPORT"),
        ngx_string("SEARCH")
    };

    if (r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD|NGX_HTTP_OPTIONS
                     |NGX_HTTP_TRACE|NGX_HTTP_PROPFIND))
    {
        return 1;
    }

    for (i = 0; i < sizeof(safe) / sizeof(ngx_str_t); i++) {

        if (r->method_name.len == safe[i].len
            && ngx_strncmp(r->method_name.data, safe[i].data, safe[i].len)
               == 0)
        {
            return 1;
        }
    }

    return 0;
}


/* As clients see them: Location may have been rewritten on its way. */

static void
ngx_http_qc_invalidate_uris(ngx_http_qc_ctx_t *ctx,
    ngx_http_qc_scope_list_t *scopes)
{
    qc_str_t          path, args;
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    ngx_http_qc_target(ctx->request, &path, &args);

    if (ngx_http_qc_scope_of(ctx, path, args, scopes->scope[0]) != NGX_OK
        || ngx_http_qc_scope_of(ctx, path, qc_str(NULL, 0), scopes->scope[1])
           != NGX_OK)
    {
        ngx_http_qc_invalidation_lost(ctx->zone);
        return;
    }

    /* the other is that of answers to which not all arguments matter */

    scopes->n = (ctx->conf->no_vary_search && args.len) ? 2 : 1;

    part = &ctx->request->headers_out.headers.part;

    for ( /* void */ ; part; part = part->next) {

        h = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (h[i].hash == 0) {
                continue;
            }

            if ((h[i].key.len == 8
                 && ngx_strncasecmp(h[i].key.data, (u_char *) "location", 8)
                    == 0)
                || (h[i].key.len == 16
                    && ngx_strncasecmp(h[i].key.data,
                                       (u_char *) "content-location", 16)
                       == 0))
            {
                ngx_http_qc_invalidate_reference(ctx, scopes, &h[i].value);
            }
        }
    }
}


static void
ngx_http_qc_invalidate_reference(ngx_http_qc_ctx_t *ctx,
    ngx_http_qc_scope_list_t *scopes, ngx_str_t *reference)
{
    u_char              *p;
    size_t               size;
    qc_buf_t             b;
    qc_str_t             path, args;
    qc_scope_base_t      base;
    ngx_http_request_t  *r;

    r = ctx->request;

    if (scopes->n == NGX_HTTP_QC_INVALIDATE_URIS) {
        return;
    }

    base.scheme = qc_str("http", 4);

#if (NGX_HTTP_SSL)

    if (r->connection->ssl) {
        base.scheme = qc_str("https", 5);
    }

#endif

    base.host = ngx_http_qc_qstr(&r->headers_in.server);
    base.port = ngx_http_qc_request_port(r);
    ngx_http_qc_target(r, &base.path, &base.args);

    size = base.path.len + reference->len + 1;

    p = ngx_pnalloc(r->pool, size);
    if (p == NULL) {
        ngx_http_qc_invalidation_lost(ctx->zone);
        return;
    }

    qc_buf_init(&b, p, size);

    if (qc_scope_reference(&base, ngx_http_qc_qstr(reference), &b, &path,
                           &args)
        == QC_OK
        && ngx_http_qc_scope_of(ctx, path, args, scopes->scope[scopes->n])
           == NGX_OK)
    {
        scopes->n++;
    }
}


/* Of the field Host; 0: there is none in it. */

static unsigned
ngx_http_qc_request_port(ngx_http_request_t *r)
{
    size_t            len;
    ngx_int_t         port;
    ngx_table_elt_t  *h;

    h = r->headers_in.host;
    len = r->headers_in.server.len;

    if (h == NULL
        || h->value.len <= len + 1
        || h->value.data[len] != ':'
        || ngx_strncasecmp(h->value.data, r->headers_in.server.data, len) != 0)
    {
        return 0;
    }

    port = ngx_atoi(h->value.data + len + 1, h->value.len - len - 1);

    return (port > 0 && port <= 65535) ? (unsigned) port : 0;
}


/* What nginx keeps from clients is known of the upstream's header only. */

static void
ngx_http_qc_invalidate_groups(ngx_http_qc_ctx_t *ctx,
    ngx_http_qc_scope_list_t *scopes)
{
    size_t                i;
    ngx_list_t           *headers;
    qc_groups_t           groups;
    ngx_http_upstream_t  *u;

    u = ngx_http_qc_upstream(ctx);
    headers = u ? &u->headers_in.headers : &ctx->request->headers_out.headers;

    ngx_http_qc_groups_read(&groups, headers, "cache-group-invalidation", 24);

    for (i = 0; i < groups.n; i++) {

        if (ngx_http_qc_group_scope(ctx, qc_groups_get(&groups, i),
                                    scopes->scope[scopes->n])
            != NGX_OK)
        {
            ngx_http_qc_invalidation_lost(ctx->zone);
            return;
        }

        scopes->n++;
    }
}


static void
ngx_http_qc_invalidation_start(ngx_http_qc_zone_t *zone,
    const ngx_http_qc_scope_list_t *scopes)
{
    ngx_int_t                    rc;
    ngx_http_qc_invalidation_t  *inv;

    if (zone->jobs.invalidations == NGX_HTTP_QC_INVALIDATE_PENDING) {
        ngx_http_qc_invalidation_lost(zone);
        return;
    }

    inv = ngx_calloc(sizeof(ngx_http_qc_invalidation_t), ngx_cycle->log);
    if (inv == NULL) {
        ngx_http_qc_invalidation_lost(zone);
        return;
    }

    zone->jobs.invalidations++;

    inv->zone = zone;
    inv->scopes = *scopes;

    inv->ident.fd = (ngx_socket_t) -1;
    inv->ident.data = inv;

    /* not cancelable: it keeps a worker that leaves until it is done */

    inv->retry.data = &inv->ident;
    inv->retry.handler = ngx_http_qc_invalidation_retry;
    inv->retry.log = ngx_cycle->log;

    rc = ngx_http_qc_invalidation_try(inv);

    if (rc != NGX_AGAIN) {
        ngx_http_qc_invalidation_next(inv, rc);
    }
}


static ngx_int_t
ngx_http_qc_invalidation_try(ngx_http_qc_invalidation_t *inv)
{
    ngx_http_qc_meta_op_t  *op;

    inv->tries++;

    op = &inv->op;
    op->reason = QC_R_META_ERROR;
    op->done = ngx_http_qc_invalidation_done;
    op->data = inv;
    op->log = ngx_cycle->log;
    op->pending = NULL;

    op->scopes = inv->scopes.scope[0];
    op->nscopes = inv->scopes.n;

    return inv->zone->meta->invalidate(inv->zone->meta, op);
}


static void
ngx_http_qc_invalidation_done(ngx_http_qc_meta_op_t *op)
{
    op->pending = NULL;

    ngx_http_qc_invalidation_next(op->data, op->rc);
}


static void
ngx_http_qc_invalidation_next(ngx_http_qc_invalidation_t *inv, ngx_int_t rc)
{
    ngx_msec_t           delay;
    ngx_http_qc_zone_t  *zone;

    zone = inv->zone;

    if (rc == NGX_ERROR) {

        if (inv->tries < NGX_HTTP_QC_INVALIDATE_TRIES) {

            delay = NGX_HTTP_QC_INVALIDATE_DELAY << (inv->tries - 1);
            delay = delay / 2 + ngx_random() % delay;

            ngx_add_timer(&inv->retry, delay);
            return;
        }

        ngx_http_qc_invalidation_lost(zone);
    }

    zone->jobs.invalidations--;

    ngx_free(inv);
}


static void
ngx_http_qc_invalidation_retry(ngx_event_t *ev)
{
    ngx_int_t                    rc;
    ngx_connection_t            *c;
    ngx_http_qc_invalidation_t  *inv;

    c = ev->data;
    inv = c->data;

    rc = ngx_http_qc_invalidation_try(inv);

    if (rc != NGX_AGAIN) {
        ngx_http_qc_invalidation_next(inv, rc);
    }
}


static void
ngx_http_qc_invalidation_lost(ngx_http_qc_zone_t *zone)
{
    ngx_http_qc_fault(&zone->stats, QC_INVALIDATION_LOST, NGX_LOG_ERR,
                      ngx_cycle->log, 0, "an invalidation was lost");
}
