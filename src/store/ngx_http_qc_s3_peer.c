
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "ngx_http_qc_s3.h"


/*
 * What upstream{} with "keepalive" would do, for the endpoint of a zone: the
 * addresses may change at run time, and nginx before 1.29.7 keeps no
 * connections alive without that block.
 */

#define NGX_HTTP_QC_S3_TRIES        2
#define NGX_HTTP_QC_S3_REQUESTS     1000
#define NGX_HTTP_QC_S3_IDLE_TIMEOUT 30000


typedef struct {
    ngx_queue_t                    queue;
    ngx_http_qc_s3_t              *s3;
    ngx_connection_t              *connection;
    socklen_t                      socklen;
    ngx_sockaddr_t                 sockaddr;
} ngx_http_qc_s3_idle_t;


typedef struct {
    ngx_http_qc_s3_t              *s3;
    ngx_http_upstream_t           *upstream;
    ngx_http_qc_addr_t             addr;    /* a copy: the list may change */
} ngx_http_qc_s3_peer_t;


static ngx_int_t ngx_http_qc_s3_peer_get(ngx_peer_connection_t *pc,
    void *data);
static void ngx_http_qc_s3_peer_free(ngx_peer_connection_t *pc, void *data,
    ngx_uint_t state);
static ngx_uint_t ngx_http_qc_s3_peer_reusable(ngx_http_qc_s3_peer_t *peer,
    ngx_connection_t *c, ngx_uint_t state);
static void ngx_http_qc_s3_peer_keep(ngx_http_qc_s3_peer_t *peer,
    ngx_connection_t *c);
static void ngx_http_qc_s3_idle_write_handler(ngx_event_t *ev);
static void ngx_http_qc_s3_idle_read_handler(ngx_event_t *ev);
static void ngx_http_qc_s3_idle_close(ngx_http_qc_s3_idle_t *item);


ngx_int_t
ngx_http_qc_s3_peer_start(ngx_http_qc_s3_t *s3, ngx_pool_t *pool)
{
    ngx_uint_t              i;
    ngx_http_qc_s3_idle_t  *item;

    ngx_queue_init(&s3->idle);
    ngx_queue_init(&s3->idle_free);

    if (s3->keepalive == 0) {
        return NGX_OK;
    }

    item = ngx_pcalloc(pool, sizeof(ngx_http_qc_s3_idle_t) * s3->keepalive);
    if (item == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < s3->keepalive; i++) {
        item[i].s3 = s3;
        ngx_queue_insert_head(&s3->idle_free, &item[i].queue);
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_qc_s3_peer_init(ngx_http_request_t *r,
    ngx_http_upstream_srv_conf_t *us)
{
    ngx_http_upstream_t    *u;
    ngx_http_qc_s3_peer_t  *peer;

    peer = ngx_pcalloc(r->pool, sizeof(ngx_http_qc_s3_peer_t));
    if (peer == NULL) {
        return NGX_ERROR;
    }

    u = r->upstream;

    peer->upstream = u;
    peer->s3 = (ngx_http_qc_s3_t *)
                   ((u_char *) us - offsetof(ngx_http_qc_s3_t,
                                             private_upstream));

    u->peer.data = peer;
    u->peer.get = ngx_http_qc_s3_peer_get;
    u->peer.free = ngx_http_qc_s3_peer_free;
    u->peer.tries = NGX_HTTP_QC_S3_TRIES;

    return NGX_OK;
}


static ngx_int_t
ngx_http_qc_s3_peer_get(ngx_peer_connection_t *pc, void *data)
{
    ngx_http_qc_s3_peer_t  *peer = data;

    ngx_queue_t            *q;
    ngx_connection_t       *c;
    ngx_http_qc_addr_t     *addr;
    ngx_http_qc_s3_idle_t  *item;

    pc->cached = 0;
    pc->connection = NULL;

    addr = ngx_http_qc_endpoint_next(&peer->s3->endpoint);
    if (addr == NULL) {
        pc->name = &peer->s3->endpoint.host;
        return NGX_BUSY;
    }

    peer->addr = *addr;
    peer->addr.name.data = peer->addr.text;

    pc->sockaddr = &peer->addr.sockaddr.sockaddr;
    pc->socklen = peer->addr.socklen;
    pc->name = &peer->addr.name;

    for (q = ngx_queue_head(&peer->s3->idle);
         q != ngx_queue_sentinel(&peer->s3->idle);
         q = ngx_queue_next(q))
    {
        item = ngx_queue_data(q, ngx_http_qc_s3_idle_t, queue);

        if (ngx_memn2cmp((u_char *) &item->sockaddr, (u_char *) pc->sockaddr,
                         item->socklen, pc->socklen)
            != 0)
        {
            continue;
        }

        c = item->connection;

        ngx_queue_remove(q);
        ngx_queue_insert_head(&peer->s3->idle_free, q);

        if (c->read->timer_set) {
            ngx_del_timer(c->read);
        }

        c->idle = 0;
        c->sent = 0;
        c->data = NULL;
        c->log = pc->log;
        c->pool->log = pc->log;
        c->read->log = pc->log;
        c->write->log = pc->log;

        pc->connection = c;
        pc->cached = 1;

        return NGX_DONE;
    }

    return NGX_OK;
}


static void
ngx_http_qc_s3_peer_free(ngx_peer_connection_t *pc, void *data,
    ngx_uint_t state)
{
    ngx_http_qc_s3_peer_t  *peer = data;

    ngx_connection_t  *c;

    c = pc->connection;

    if (c && ngx_http_qc_s3_peer_reusable(peer, c, state)) {
        pc->connection = NULL;
        ngx_http_qc_s3_peer_keep(peer, c);
    }

    if (pc->tries) {
        pc->tries--;
    }
}


static ngx_uint_t
ngx_http_qc_s3_peer_reusable(ngx_http_qc_s3_peer_t *peer, ngx_connection_t *c,
    ngx_uint_t state)
{
    if (state & NGX_PEER_FAILED
        || c->read->eof
        || c->read->error
        || c->read->timedout
        || c->write->error
        || c->write->timedout)
    {
        return 0;
    }

    if (!peer->upstream->keepalive
        || !peer->upstream->request_body_sent
        || c->requests >= NGX_HTTP_QC_S3_REQUESTS
        || peer->s3->keepalive == 0)
    {
        return 0;
    }

    if (ngx_terminate || ngx_exiting) {
        return 0;
    }

    return ngx_handle_read_event(c->read, 0) == NGX_OK;
}


static void
ngx_http_qc_s3_peer_keep(ngx_http_qc_s3_peer_t *peer, ngx_connection_t *c)
{
    ngx_queue_t            *q;
    ngx_http_qc_s3_t       *s3;
    ngx_http_qc_s3_idle_t  *item;

    s3 = peer->s3;

    if (ngx_queue_empty(&s3->idle_free)) {
        q = ngx_queue_last(&s3->idle);
        item = ngx_queue_data(q, ngx_http_qc_s3_idle_t, queue);
        ngx_http_qc_s3_idle_close(item);
    }

    q = ngx_queue_head(&s3->idle_free);
    item = ngx_queue_data(q, ngx_http_qc_s3_idle_t, queue);

    ngx_queue_remove(q);
    ngx_queue_insert_head(&s3->idle, q);

    item->connection = c;
    item->socklen = peer->addr.socklen;
    ngx_memcpy(&item->sockaddr, &peer->addr.sockaddr, peer->addr.socklen);

    if (c->write->timer_set) {
        ngx_del_timer(c->write);
    }

    c->read->delayed = 0;
    ngx_add_timer(c->read, NGX_HTTP_QC_S3_IDLE_TIMEOUT);

    c->read->handler = ngx_http_qc_s3_idle_read_handler;
    c->write->handler = ngx_http_qc_s3_idle_write_handler;

    c->data = item;
    c->idle = 1;
    c->log = ngx_cycle->log;
    c->pool->log = ngx_cycle->log;
    c->read->log = ngx_cycle->log;
    c->write->log = ngx_cycle->log;

    if (c->read->ready) {
        ngx_http_qc_s3_idle_read_handler(c->read);
    }
}


static void
ngx_http_qc_s3_idle_write_handler(ngx_event_t *ev)
{
    ngx_log_debug0(NGX_LOG_DEBUG_HTTP, ev->log, 0,
                   "query cache s3 idle write handler");
}


static void
ngx_http_qc_s3_idle_read_handler(ngx_event_t *ev)
{
    char               buf[1];
    ssize_t            n;
    ngx_connection_t  *c;

    c = ev->data;

    if (!c->close && !c->read->timedout) {

        n = recv(c->fd, buf, 1, MSG_PEEK);

        if (n == -1 && ngx_socket_errno == NGX_EAGAIN) {
            ev->ready = 0;

            if (ngx_handle_read_event(c->read, 0) == NGX_OK) {
                return;
            }
        }
    }

    ngx_http_qc_s3_idle_close(c->data);
}


static void
ngx_http_qc_s3_idle_close(ngx_http_qc_s3_idle_t *item)
{
    ngx_connection_t  *c;

    c = item->connection;
    item->connection = NULL;

    ngx_queue_remove(&item->queue);
    ngx_queue_insert_head(&item->s3->idle_free, &item->queue);

#if (NGX_HTTP_SSL)

    if (c->ssl) {
        c->ssl->no_wait_shutdown = 1;
        c->ssl->no_send_shutdown = 1;

        (void) ngx_ssl_shutdown(c);
    }

#endif

    ngx_destroy_pool(c->pool);
    ngx_close_connection(c);
}
