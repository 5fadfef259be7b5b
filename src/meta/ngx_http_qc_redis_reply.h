
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * Replies as hiredis parses them, without its allocations: one reply at a
 * time, in memory of the connection, bounded in bytes and in elements.
 */

#ifndef _NGX_HTTP_QC_REDIS_REPLY_H_INCLUDED_
#define _NGX_HTTP_QC_REDIS_REPLY_H_INCLUDED_


#include "../common/ngx_http_qc_compat.h"


#define NGX_HTTP_QC_REDIS_ELEMENTS   64     /* of an array, at most */
#define NGX_HTTP_QC_REDIS_REPLY_MAX  65536  /* bytes of a reply, at most */
#define NGX_HTTP_QC_REDIS_WHY        128    /* bytes of a message */


typedef struct {
    ngx_uint_t                    n;
    size_t                        len;
    redisReply                    reply[1 + NGX_HTTP_QC_REDIS_ELEMENTS];
    redisReply                   *element[NGX_HTTP_QC_REDIS_ELEMENTS];

    /* every string is followed by a zero */
    u_char                        data[NGX_HTTP_QC_REDIS_REPLY_MAX + 1
                                       + NGX_HTTP_QC_REDIS_ELEMENTS];
} ngx_http_qc_redis_arena_t;


/* The arena must outlive the reader, and is reset after each reply. */
redisReader *ngx_http_qc_redis_reader(ngx_http_qc_redis_arena_t *arena);
void ngx_http_qc_redis_reset(ngx_http_qc_redis_arena_t *arena);

/*
 * NGX_OK and a reply, which lasts until the reset; NGX_AGAIN: more bytes are
 * needed; NGX_ERROR and *why.
 */
ngx_int_t ngx_http_qc_redis_parse(redisReader *reader, redisReply **reply,
    const char **why);

/*
 * Whether an error says something of the server, not of one command, to
 * which (optional) the user need not be entitled.
 */
ngx_uint_t ngx_http_qc_redis_fatal(redisReply *reply, ngx_uint_t optional);

/*
 * An error as text, at most NGX_HTTP_QC_REDIS_WHY bytes with the final zero.
 * A server that does not know AUTH repeats its arguments: of such an answer
 * (secret) only the first word is shown.
 */
void ngx_http_qc_redis_said(u_char *why, redisReply *reply, ngx_uint_t secret);


#endif /* _NGX_HTTP_QC_REDIS_REPLY_H_INCLUDED_ */
