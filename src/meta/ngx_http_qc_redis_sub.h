
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * A subscription to one channel, on a connection of its own: RESP2 allows no
 * commands on it.  It is made anew with the back-off of the commands', and
 * asked for a sign of life in between, as nothing may be said for hours.
 * What is published meanwhile is lost.
 */

#ifndef _NGX_HTTP_QC_REDIS_SUB_H_INCLUDED_
#define _NGX_HTTP_QC_REDIS_SUB_H_INCLUDED_


#include "ngx_http_qc_redis.h"


#define NGX_HTTP_QC_REDIS_CHANNEL_MAX  128


typedef struct {
    /* set by the owner */
    ngx_str_t                  channel;

    /*
     * Neither may close the connection.  A message: any bytes, valid during
     * the call.  changed: it is ready, or no longer.
     */
    void                     (*message)(void *data, u_char *p, size_t len);
    void                     (*changed)(void *data);
    void                      *data;

    ngx_http_qc_redis_peer_t  *peer;
    ngx_event_t                ping;   /* cancelable */
    ngx_connection_t           ident;  /* of this */
} ngx_http_qc_redis_sub_t;


/* In a worker, behind ngx_http_qc_redis_start(); waits for nothing. */
ngx_int_t ngx_http_qc_redis_sub_start(ngx_http_qc_redis_sub_t *sub,
    ngx_http_qc_redis_t *redis, ngx_cycle_t *cycle);

ngx_uint_t ngx_http_qc_redis_sub_ready(ngx_http_qc_redis_sub_t *sub);


/* Called by the connection: its state has changed, or is as it was. */
void ngx_http_qc_redis_sub_changed(ngx_http_qc_redis_sub_t *sub);

/* Called with each reply: 0 if it is the answer to a command. */
ngx_uint_t ngx_http_qc_redis_sub_pushed(ngx_http_qc_redis_sub_t *sub,
    redisReply *reply);


#endif /* _NGX_HTTP_QC_REDIS_SUB_H_INCLUDED_ */
