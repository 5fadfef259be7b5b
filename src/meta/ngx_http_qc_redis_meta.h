
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * The commands' own: ngx_http_qc_redis_meta.c has those of entries,
 * ngx_http_qc_redis_log.c those of the log of invalidations.
 */

#ifndef _NGX_HTTP_QC_REDIS_META_H_INCLUDED_
#define _NGX_HTTP_QC_REDIS_META_H_INCLUDED_


#include "ngx_http_qc_redis.h"
#include "ngx_http_qc_redis_reply.h"

#include "../core/qc_rsc.h"


#define NGX_HTTP_QC_REDIS_PREFIX_MAX  64
#define NGX_HTTP_QC_REDIS_KEY_MAX                                             \
    (NGX_HTTP_QC_REDIS_PREFIX_MAX + 2 * QC_KEY_LEN)

/* EVAL script 1 key, ARGV[1..2] of the put script, then the pairs */
#define NGX_HTTP_QC_REDIS_ARGS        (7 + 2 * QC_RSC_FIELDS)


typedef struct {
    int                        argc;
    const char                *argv[NGX_HTTP_QC_REDIS_ARGS];
    size_t                     argvlen[NGX_HTTP_QC_REDIS_ARGS];
    u_char                     key[NGX_HTTP_QC_REDIS_KEY_MAX];
} ngx_http_qc_redis_args_t;


/* ngx_http_qc_redis_meta.c */

void ngx_http_qc_redis_arg(ngx_http_qc_redis_args_t *args, const void *data,
    size_t len);

/* NGX_AGAIN and op->pending, or NGX_ERROR and op->reason. */
ngx_int_t ngx_http_qc_redis_queue(ngx_http_qc_redis_t *redis,
    ngx_http_qc_meta_op_t *op, ngx_http_qc_redis_args_t *args,
    ngx_http_qc_redis_reply_pt handler);

/* Not the type of reply that was expected: it is counted, and logged. */
void ngx_http_qc_redis_unexpected(ngx_http_qc_redis_t *redis,
    redisReply *reply);

/* The same, with NGX_ERROR and op->reason. */
ngx_int_t ngx_http_qc_redis_error(ngx_http_qc_redis_t *redis,
    ngx_http_qc_meta_op_t *op, redisReply *reply);


/* ngx_http_qc_redis_log.c */

/* The second command of a get; its reply ends the op. */
ngx_int_t ngx_http_qc_redis_ask(ngx_http_qc_redis_t *redis,
    ngx_http_qc_meta_op_t *op);

ngx_int_t ngx_http_qc_redis_invalidate(ngx_http_qc_meta_t *meta,
    ngx_http_qc_meta_op_t *op);
ngx_int_t ngx_http_qc_redis_check(ngx_http_qc_meta_t *meta,
    ngx_http_qc_meta_op_t *op);


#endif /* _NGX_HTTP_QC_REDIS_META_H_INCLUDED_ */
