
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * What an entry may be made invalid by: its URI, as clients ask for it, and
 * the groups its answer has named (RFC 9875).
 */

#include "ngx_http_qc.h"


typedef struct {
    ngx_http_qc_meta_op_t          op;
    ngx_http_qc_ctx_t             *ctx;
    u_char                         scope[QC_GROUPS][QC_SCOPE_LEN];
} ngx_http_qc_groups_check_t;


static void ngx_http_qc_groups_stored(qc_groups_t *groups, qc_str_t block);
static ngx_int_t ngx_http_qc_groups_result(ngx_http_qc_ctx_t *ctx,
    ngx_http_qc_meta_op_t *op);
static void ngx_http_qc_groups_checked(ngx_http_qc_meta_op_t *op);
static void ngx_http_qc_groups_cleanup(void *data);


/* Path and arguments of the request as sent, whatever was rewritten. */

void
ngx_http_qc_target(ngx_http_request_t *r, qc_str_t *path, qc_str_t *args)
{
    u_char  *p, *start, *last;

    start = r->unparsed_uri.data;
    last = start + r->unparsed_uri.len;

    p = ngx_strlchr(start, last, '?');

    if (p == NULL) {
        *path = ngx_http_qc_qstr(&r->unparsed_uri);
        *args = qc_str(NULL, 0);
        return;
    }

    *path = qc_str(start, p - start);
    *args = qc_str(p + 1, last - p - 1);
}


/*
 * The URI of the request; without arguments if several URIs lead to what is
 * looked for.
 */

ngx_int_t
ngx_http_qc_scope(ngx_http_qc_ctx_t *ctx, u_char scope[QC_SCOPE_LEN])
{
    qc_str_t  path, args;

    ngx_http_qc_target(ctx->request, &path, &args);

    if (ctx->nvs && ctx->nvs->applied) {
        args = qc_str(NULL, 0);
    }

    return ngx_http_qc_scope_of(ctx, path, args, scope);
}


/* Another one of the same origin. */

ngx_int_t
ngx_http_qc_scope_of(ngx_http_qc_ctx_t *ctx, qc_str_t path, qc_str_t args,
    u_char scope[QC_SCOPE_LEN])
{
    ngx_http_request_t       *r;
    ngx_http_qc_main_conf_t  *qmcf;

    r = ctx->request;
    qmcf = ngx_http_get_module_main_conf(r, ngx_http_query_cache_module);

    return (qc_scope_uri(ngx_http_qc_qstr(&ctx->zone->name),
                         ngx_http_qc_qstr(&r->headers_in.server),
                         path, args, &qmcf->sha256, scope)
            == QC_OK)
           ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_http_qc_group_scope(ngx_http_qc_ctx_t *ctx, qc_str_t group,
    u_char scope[QC_SCOPE_LEN])
{
    ngx_http_request_t       *r;
    ngx_http_qc_main_conf_t  *qmcf;

    r = ctx->request;
    qmcf = ngx_http_get_module_main_conf(r, ngx_http_query_cache_module);

    return (qc_scope_group(ngx_http_qc_qstr(&ctx->zone->name),
                           ngx_http_qc_qstr(&r->headers_in.server),
                           group, &qmcf->sha256, scope)
            == QC_OK)
           ? NGX_OK : NGX_ERROR;
}


/* The lines of a field by its name in lower case. */

void
ngx_http_qc_groups_read(qc_groups_t *groups, ngx_list_t *headers,
    const char *name, size_t len)
{
    ngx_table_elt_t     *h;
    ngx_http_qc_walk_t   w;

    qc_groups_init(groups);
    ngx_http_qc_walk(&w, headers);

    while ((h = ngx_http_qc_next_header(&w, qc_str(name, len)))) {
        (void) qc_groups_add(groups, ngx_http_qc_qstr(&h->value));
    }
}


/*
 * Why an answer must not be stored for its groups, or QC_NO_METRIC: there are
 * more than are looked up, or they would not be stored with it.  Those of a
 * field that is none are ignored, as they are when the entry is found.
 */

qc_metric_e
ngx_http_qc_groups_storable(ngx_http_qc_ctx_t *ctx)
{
    qc_groups_t           sent, groups;
    ngx_http_upstream_t  *u;

    ngx_http_qc_groups_read(&groups, &ctx->request->headers_out.headers,
                            "cache-groups", 12);

    if (groups.over) {
        return QC_R_GROUPS;
    }

    u = ngx_http_qc_upstream(ctx);

    if (u == NULL || groups.n) {
        return QC_NO_METRIC;
    }

    ngx_http_qc_groups_read(&sent, &u->headers_in.headers, "cache-groups",
                            12);

    return (sent.n || sent.over) ? QC_R_GROUPS : QC_NO_METRIC;
}


/*
 * Whether the entry that was found is in a group that was made invalid since.
 * NGX_OK: it is not; NGX_DECLINED: it is, or nobody knows, and
 * ctx->op->reason says which; NGX_AGAIN: ctx->rc will be one of these when
 * the request is resumed.
 */

ngx_int_t
ngx_http_qc_groups_check(ngx_http_qc_ctx_t *ctx)
{
    size_t                       i;
    qc_groups_t                  groups;
    ngx_pool_cleanup_t          *cln;
    ngx_http_request_t          *r;
    ngx_http_qc_meta_op_t       *op;
    ngx_http_qc_groups_check_t  *check;

    r = ctx->request;

    if (!ctx->conf->invalidate || ctx->op->theirs) {
        return NGX_OK;
    }

    ngx_http_qc_groups_stored(&groups, ctx->op->record.headers);

    /* a 304 may have brought more than would have been stored */

    if (groups.over) {
        ctx->op->reason = QC_R_GROUPS;
        return NGX_DECLINED;
    }

    if (groups.n == 0) {
        return NGX_OK;
    }

    ctx->op->reason = QC_R_META_ERROR;

    check = ngx_pcalloc(r->pool, sizeof(ngx_http_qc_groups_check_t));
    cln = ngx_pool_cleanup_add(r->pool, 0);

    if (check == NULL || cln == NULL) {
        return NGX_DECLINED;
    }

    for (i = 0; i < groups.n; i++) {

        if (ngx_http_qc_group_scope(ctx, qc_groups_get(&groups, i),
                                    check->scope[i])
            != NGX_OK)
        {
            return NGX_DECLINED;
        }
    }

    check->ctx = ctx;

    op = &check->op;
    op->reason = QC_R_META_ERROR;
    op->done = ngx_http_qc_groups_checked;
    op->data = check;
    op->log = r->connection->log;
    op->scopes = check->scope[0];
    op->nscopes = groups.n;
    op->record.epoch = ctx->op->record.epoch;

    cln->handler = ngx_http_qc_groups_cleanup;
    cln->data = check;

    op->rc = ctx->zone->meta->check(ctx->zone->meta, op);

    if (op->rc == NGX_AGAIN) {
        r->read_event_handler = ngx_http_block_reading;
        r->write_event_handler = ngx_http_request_empty_handler;
        return NGX_AGAIN;
    }

    return ngx_http_qc_groups_result(ctx, op);
}


/* Of a block that was checked when it was read. */

static void
ngx_http_qc_groups_stored(qc_groups_t *groups, qc_str_t block)
{
    qc_str_t  name, value;

    qc_groups_init(groups);

    while (qc_headers_next(&block, &name, &value) == QC_OK) {

        if (qc_name_eq(name, qc_str("cache-groups", 12))) {
            (void) qc_groups_add(groups, value);
        }
    }
}


static ngx_int_t
ngx_http_qc_groups_result(ngx_http_qc_ctx_t *ctx, ngx_http_qc_meta_op_t *op)
{
    ctx->op->reason = op->reason;

    return (op->rc == NGX_OK) ? NGX_OK : NGX_DECLINED;
}


static void
ngx_http_qc_groups_checked(ngx_http_qc_meta_op_t *op)
{
    ngx_connection_t            *c;
    ngx_http_qc_ctx_t           *ctx;
    ngx_http_request_t          *r;
    ngx_http_qc_groups_check_t  *check;

    check = op->data;
    ctx = check->ctx;
    r = ctx->request;
    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    op->pending = NULL;
    ctx->rc = ngx_http_qc_groups_result(ctx, op);

    ngx_http_qc_resume(r);

    ngx_http_run_posted_requests(c);
}


/* Redirects and error pages end a wait, too. */

static void
ngx_http_qc_groups_cleanup(void *data)
{
    ngx_http_qc_groups_check_t *check = data;

    if (check->op.pending) {
        check->ctx->zone->meta->cancel(&check->op);
        check->op.pending = NULL;
    }
}
