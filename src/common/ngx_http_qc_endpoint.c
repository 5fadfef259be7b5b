
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "ngx_http_qc_endpoint.h"


#define NGX_HTTP_QC_ENDPOINT_MIN      5    /* s between two attempts */
#define NGX_HTTP_QC_ENDPOINT_MAX      300
#define NGX_HTTP_QC_ENDPOINT_TIMEOUT  30000


static ngx_int_t ngx_http_qc_endpoint_literal(ngx_conf_t *cf,
    ngx_http_qc_endpoint_t *ep);
static ngx_int_t ngx_http_qc_endpoint_lookup(ngx_conf_t *cf,
    ngx_http_qc_endpoint_t *ep, const char *what);
static void ngx_http_qc_endpoint_resolve(ngx_event_t *ev);
static void ngx_http_qc_endpoint_resolved(ngx_resolver_ctx_t *ctx);
static void ngx_http_qc_endpoint_failed(ngx_http_qc_endpoint_t *ep,
    ngx_log_t *log, const char *why);
static ngx_uint_t ngx_http_qc_endpoint_same(ngx_http_qc_endpoint_t *ep,
    ngx_http_qc_addr_t *addrs, ngx_uint_t n);
static void ngx_http_qc_endpoint_addr(ngx_http_qc_addr_t *addr,
    struct sockaddr *sockaddr, socklen_t socklen, in_port_t port);
static void ngx_http_qc_endpoint_name(ngx_http_qc_addr_t *addr);


ngx_int_t
ngx_http_qc_endpoint_init(ngx_conf_t *cf, ngx_http_qc_endpoint_t *ep,
    ngx_http_core_loc_conf_t *clcf, const char *what)
{
    ngx_int_t  rc;

    rc = ngx_http_qc_endpoint_literal(cf, ep);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    if (clcf->resolver == NULL
        || clcf->resolver->connections.nelts == 0
        || ngx_strncasecmp(ep->host.data, (u_char *) "unix:", 5) == 0)
    {
        return ngx_http_qc_endpoint_lookup(cf, ep, what);
    }

    ep->resolver = clcf->resolver;
    ep->timeout = clcf->resolver_timeout;

    /* at the level of http{} the default is not merged */

    if (ep->timeout == NGX_CONF_UNSET_MSEC) {
        ep->timeout = NGX_HTTP_QC_ENDPOINT_TIMEOUT;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_qc_endpoint_literal(ngx_conf_t *cf, ngx_http_qc_endpoint_t *ep)
{
    ngx_int_t   rc;
    ngx_str_t   host;
    ngx_addr_t  addr;

    host = ep->host;

    if (host.len > 2 && host.data[0] == '[' && host.data[host.len - 1] == ']') {
        host.data++;
        host.len -= 2;
    }

    rc = ngx_parse_addr(cf->pool, &addr, host.data, host.len);

    if (rc != NGX_OK) {
        return rc;
    }

    ngx_http_qc_endpoint_addr(&ep->addrs[0], addr.sockaddr, addr.socklen,
                              ep->port);
    ngx_http_qc_endpoint_name(&ep->addrs[0]);

    ep->naddrs = 1;

    return NGX_OK;
}


static ngx_int_t
ngx_http_qc_endpoint_lookup(ngx_conf_t *cf, ngx_http_qc_endpoint_t *ep,
    const char *what)
{
    ngx_url_t   u;
    ngx_uint_t  i;

    ngx_memzero(&u, sizeof(ngx_url_t));

    u.url = ep->host;
    u.default_port = ep->port;

    if (ngx_parse_url(cf->pool, &u) != NGX_OK) {
        if (u.err) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "%s in %s \"%V\" in %V:%ui",
                          u.err, what, &ep->host, &ep->file, ep->line);
        }

        return NGX_ERROR;
    }

    ep->naddrs = ngx_min(u.naddrs, NGX_HTTP_QC_ENDPOINT_ADDRS);

    for (i = 0; i < ep->naddrs; i++) {
        ngx_http_qc_endpoint_addr(&ep->addrs[i], u.addrs[i].sockaddr,
                                  u.addrs[i].socklen, ep->port);
        ngx_http_qc_endpoint_name(&ep->addrs[i]);
    }

    return NGX_OK;
}


void
ngx_http_qc_endpoint_start(ngx_http_qc_endpoint_t *ep, ngx_log_t *log)
{
    if (ep->resolver == NULL) {
        return;
    }

    ep->dummy.fd = (ngx_socket_t) -1;
    ep->dummy.data = ep;

    ep->timer.data = &ep->dummy;
    ep->timer.handler = ngx_http_qc_endpoint_resolve;
    ep->timer.log = log;
    ep->timer.cancelable = 1;

    ngx_http_qc_endpoint_resolve(&ep->timer);
}


ngx_http_qc_addr_t *
ngx_http_qc_endpoint_next(ngx_http_qc_endpoint_t *ep)
{
    if (ep->naddrs == 0) {
        return NULL;
    }

    return &ep->addrs[ep->next++ % ep->naddrs];
}


static void
ngx_http_qc_endpoint_resolve(ngx_event_t *ev)
{
    ngx_connection_t        *dummy;
    ngx_resolver_ctx_t      *ctx;
    ngx_http_qc_endpoint_t  *ep;

    dummy = ev->data;
    ep = dummy->data;

    ctx = ngx_resolve_start(ep->resolver, NULL);

    if (ctx == NULL || ctx == NGX_NO_RESOLVER) {
        ngx_http_qc_endpoint_failed(ep, ev->log, "no resolver");
        return;
    }

    ctx->name = ep->host;
    ctx->handler = ngx_http_qc_endpoint_resolved;
    ctx->data = ep;
    ctx->timeout = ep->timeout;
    ctx->cancelable = 1;

    ep->resolving = ctx;

    /* the handler may run inside this call; on error ctx is freed by it */

    if (ngx_resolve_name(ctx) != NGX_OK) {
        ep->resolving = NULL;
        ngx_http_qc_endpoint_failed(ep, ev->log, "resolving failed");
    }
}


static void
ngx_http_qc_endpoint_resolved(ngx_resolver_ctx_t *ctx)
{
    time_t                   valid;
    ngx_uint_t               i, n;
    ngx_http_qc_addr_t       addrs[NGX_HTTP_QC_ENDPOINT_ADDRS];
    ngx_http_qc_endpoint_t  *ep;

    ep = ctx->data;
    ep->resolving = NULL;

    if (ctx->state || ctx->naddrs == 0) {
        ngx_http_qc_endpoint_failed(ep, ep->timer.log,
                                    ngx_resolver_strerror(ctx->state));
        ngx_resolve_name_done(ctx);
        return;
    }

    n = ngx_min(ctx->naddrs, NGX_HTTP_QC_ENDPOINT_ADDRS);

    for (i = 0; i < n; i++) {
        ngx_http_qc_endpoint_addr(&addrs[i], ctx->addrs[i].sockaddr,
                                  ctx->addrs[i].socklen, ep->port);
    }

    valid = ctx->valid - ngx_time();

    ngx_resolve_name_done(ctx);

    valid = ngx_max(valid, NGX_HTTP_QC_ENDPOINT_MIN);
    valid = ngx_min(valid, NGX_HTTP_QC_ENDPOINT_MAX);

    ngx_add_timer(&ep->timer, (ngx_msec_t) valid * 1000);

    if (ep->failed) {
        ep->failed = 0;
        ngx_log_error(NGX_LOG_NOTICE, ep->timer.log, 0,
                      "query cache: \"%V\" is resolved again", &ep->host);
    }

    if (ngx_http_qc_endpoint_same(ep, addrs, n)) {
        return;
    }

    for (i = 0; i < n; i++) {
        ep->addrs[i] = addrs[i];
        ngx_http_qc_endpoint_name(&ep->addrs[i]);
    }

    ep->naddrs = n;
    ep->generation++;

    if (ep->changed) {
        ep->changed(ep->data);
    }
}


static void
ngx_http_qc_endpoint_failed(ngx_http_qc_endpoint_t *ep, ngx_log_t *log,
    const char *why)
{
    ngx_add_timer(&ep->timer, NGX_HTTP_QC_ENDPOINT_MIN * 1000);

    if (ep->failed) {
        return;
    }

    ep->failed = 1;

    ngx_log_error(NGX_LOG_ERR, log, 0,
                  "query cache: \"%V\" could not be resolved (%s)%s",
                  &ep->host, why,
                  ep->naddrs ? ", its last addresses are kept" : "");
}


/* The resolver rotates its answers, so the order says nothing. */

static ngx_uint_t
ngx_http_qc_endpoint_same(ngx_http_qc_endpoint_t *ep,
    ngx_http_qc_addr_t *addrs, ngx_uint_t n)
{
    ngx_uint_t  i, j;

    if (n != ep->naddrs) {
        return 0;
    }

    for (i = 0; i < n; i++) {

        for (j = 0; j < n; j++) {
            if (ngx_cmp_sockaddr(&addrs[i].sockaddr.sockaddr,
                                 addrs[i].socklen,
                                 &ep->addrs[j].sockaddr.sockaddr,
                                 ep->addrs[j].socklen, 1)
                == NGX_OK)
            {
                break;
            }
        }

        if (j == n) {
            return 0;
        }
    }

    return 1;
}


static void
ngx_http_qc_endpoint_addr(ngx_http_qc_addr_t *addr, struct sockaddr *sockaddr,
    socklen_t socklen, in_port_t port)
{
    ngx_memzero(addr, sizeof(ngx_http_qc_addr_t));

    addr->socklen = ngx_min(socklen, (socklen_t) sizeof(ngx_sockaddr_t));
    ngx_memcpy(&addr->sockaddr, sockaddr, addr->socklen);

    if (sockaddr->sa_family != AF_UNIX) {
        ngx_inet_set_port(&addr->sockaddr.sockaddr, port);
    }
}


/* Not in a copy: the name points into the structure. */

static void
ngx_http_qc_endpoint_name(ngx_http_qc_addr_t *addr)
{
    addr->name.data = addr->text;
    addr->name.len = ngx_sock_ntop(&addr->sockaddr.sockaddr, addr->socklen,
                                   addr->text, NGX_SOCKADDR_STRLEN, 1);
}
