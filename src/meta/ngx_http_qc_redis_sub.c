
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "ngx_http_qc_redis_peer.h"
#include "ngx_http_qc_redis_meta.h"


#define NGX_HTTP_QC_REDIS_SUB_PING  10000  /* ms between signs of life */


static void ngx_http_qc_redis_ping_handler(ngx_event_t *ev);
static void ngx_http_qc_redis_pong(ngx_http_qc_redis_t *redis, void *data,
    redisReply *reply, qc_metric_e reason);
static ngx_uint_t ngx_http_qc_redis_is(redisReply *reply, const char *word);


ngx_int_t
ngx_http_qc_redis_sub_start(ngx_http_qc_redis_sub_t *sub,
    ngx_http_qc_redis_t *redis, ngx_cycle_t *cycle)
{
    sub->ident.fd = (ngx_socket_t) -1;
    sub->ident.data = sub;

    sub->ping.handler = ngx_http_qc_redis_ping_handler;
    sub->ping.data = &sub->ident;
    sub->ping.log = cycle->log;
    sub->ping.cancelable = 1;

    sub->peer = ngx_http_qc_redis_peer(redis, sub, cycle);
    if (sub->peer == NULL) {
        return NGX_ERROR;
    }

    redis->sub = sub->peer;

    ngx_http_qc_redis_connect(sub->peer);

    return NGX_OK;
}


ngx_uint_t
ngx_http_qc_redis_sub_ready(ngx_http_qc_redis_sub_t *sub)
{
    return sub->peer->state == NGX_HTTP_QC_REDIS_READY
           && sub->peer->pc.connection != NULL;
}


void
ngx_http_qc_redis_sub_changed(ngx_http_qc_redis_sub_t *sub)
{
    if (ngx_http_qc_redis_sub_ready(sub)) {
        ngx_add_timer(&sub->ping, NGX_HTTP_QC_REDIS_SUB_PING);

    } else if (sub->ping.timer_set) {
        ngx_del_timer(&sub->ping);
    }

    sub->changed(sub->data);
}


/* A connection whose other end is gone without a word is found by this. */

static void
ngx_http_qc_redis_ping_handler(ngx_event_t *ev)
{
    size_t                    argvlen[1];
    const char               *argv[1];
    qc_metric_e               reason;
    ngx_connection_t         *c;
    ngx_http_qc_redis_sub_t  *sub;

    c = ev->data;
    sub = c->data;

    if (!ngx_http_qc_redis_sub_ready(sub) || ngx_exiting) {
        return;
    }

    argv[0] = "PING";
    argvlen[0] = sizeof("PING") - 1;

    (void) ngx_http_qc_redis_peer_command(sub->peer, 1, argv, argvlen,
                                          ngx_http_qc_redis_pong, sub,
                                          &reason);

    ngx_add_timer(ev, NGX_HTTP_QC_REDIS_SUB_PING);
}


static void
ngx_http_qc_redis_pong(ngx_http_qc_redis_t *redis, void *data,
    redisReply *reply, qc_metric_e reason)
{
    /* one that failed has closed the connection */

    if (reply != NULL && reply->type != REDIS_REPLY_ARRAY) {
        ngx_http_qc_redis_unexpected(redis, reply);
    }
}


ngx_uint_t
ngx_http_qc_redis_sub_pushed(ngx_http_qc_redis_sub_t *sub, redisReply *reply)
{
    redisReply  **e;

    if (reply->type != REDIS_REPLY_ARRAY) {
        return 0;
    }

    e = reply->element;

    if (reply->elements == 2 && ngx_http_qc_redis_is(e[0], "pong")) {
        return 0;
    }

    if (reply->elements == 3
        && ngx_http_qc_redis_is(e[0], "message")
        && e[2]->type == REDIS_REPLY_STRING)
    {
        sub->message(sub->data, (u_char *) e[2]->str, e[2]->len);

    } else {
        sub->message(sub->data, (u_char *) "", 0);
    }

    return 1;
}


static ngx_uint_t
ngx_http_qc_redis_is(redisReply *reply, const char *word)
{
    return reply->type == REDIS_REPLY_STRING
           && reply->len == ngx_strlen(word)
           && ngx_memcmp(reply->str, word, reply->len) == 0;
}
