
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "ngx_http_qc_redis_reply.h"


#define NGX_HTTP_QC_REDIS_SAID  64     /* bytes of an error shown */


static ngx_uint_t ngx_http_qc_redis_valid(ngx_http_qc_redis_arena_t *arena,
    redisReply *reply);
static redisReply *ngx_http_qc_redis_create(const redisReadTask *task,
    int type);
static void *ngx_http_qc_redis_string(const redisReadTask *task, char *str,
    size_t len);
static void *ngx_http_qc_redis_array(const redisReadTask *task,
    ngx_http_qc_hiredis_len_t n);
static void *ngx_http_qc_redis_integer(const redisReadTask *task,
    long long value);
static void *ngx_http_qc_redis_nil(const redisReadTask *task);
static void ngx_http_qc_redis_free(void *reply);


/*
 * A function that returns NULL makes the reply a protocol error.  The types
 * of RESP3 have no functions: hiredis 1.x then gives a number for an object.
 */

static redisReplyObjectFunctions  ngx_http_qc_redis_functions = {
    .createString = ngx_http_qc_redis_string,
    .createArray = ngx_http_qc_redis_array,
    .createInteger = ngx_http_qc_redis_integer,
    .createNil = ngx_http_qc_redis_nil,
    .freeObject = ngx_http_qc_redis_free
};


static const char  *ngx_http_qc_redis_fatals[] = {
    "NOPERM ",           /* first: of an optional command it is not */
    "LOADING ",
    "NOAUTH ",
    "WRONGPASS ",
    "MASTERDOWN ",
    "CLUSTERDOWN ",
    NULL
};


redisReader *
ngx_http_qc_redis_reader(ngx_http_qc_redis_arena_t *arena)
{
    redisReader  *reader;

    reader = redisReaderCreateWithFunctions(&ngx_http_qc_redis_functions);

    if (reader != NULL) {
        reader->privdata = arena;
        ngx_http_qc_redis_reset(arena);
    }

    return reader;
}


void
ngx_http_qc_redis_reset(ngx_http_qc_redis_arena_t *arena)
{
    arena->n = 0;
    arena->len = 0;
}


ngx_int_t
ngx_http_qc_redis_parse(redisReader *reader, redisReply **reply,
    const char **why)
{
    void  *parsed;

    parsed = NULL;

    if (redisReaderGetReply(reader, &parsed) != REDIS_OK) {

        /* for hiredis, what our functions refuse is a lack of memory */

        *why = (reader->err == REDIS_ERR_OOM) ? "the reply is too big"
                                              : reader->errstr;
        return NGX_ERROR;
    }

    if (parsed == NULL) {
        return NGX_AGAIN;
    }

    if (!ngx_http_qc_redis_valid(reader->privdata, parsed)) {
        *why = "the reply is not RESP2";
        return NGX_ERROR;
    }

    *reply = parsed;

    return NGX_OK;
}


static ngx_uint_t
ngx_http_qc_redis_valid(ngx_http_qc_redis_arena_t *arena, redisReply *reply)
{
    size_t  i;

    if (reply != &arena->reply[0]) {
        return 0;
    }

    for (i = 0; i < reply->elements; i++) {
        if (reply->element[i] == NULL) {
            return 0;
        }
    }

    return 1;
}


ngx_uint_t
ngx_http_qc_redis_fatal(redisReply *reply, ngx_uint_t optional)
{
    size_t        len;
    const char  **fatal;

    if (reply->type != REDIS_REPLY_ERROR) {
        return 0;
    }

    fatal = ngx_http_qc_redis_fatals;

    if (optional) {
        fatal++;
    }

    for ( /* void */ ; *fatal; fatal++) {
        len = ngx_strlen(*fatal);

        if (reply->len >= len && ngx_memcmp(reply->str, *fatal, len) == 0) {
            return 1;
        }
    }

    return 0;
}


void
ngx_http_qc_redis_said(u_char *why, redisReply *reply, ngx_uint_t secret)
{
    u_char  ch, *p;
    size_t  i;

    p = ngx_cpymem(why, "it answered \"", sizeof("it answered \"") - 1);

    for (i = 0; i < reply->len && i < NGX_HTTP_QC_REDIS_SAID; i++) {
        ch = (u_char) reply->str[i];

        if (secret && ch == ' ') {
            p = ngx_cpymem(p, " ...", sizeof(" ...") - 1);
            break;
        }

        *p++ = (ch < 0x20 || ch > 0x7e) ? '?' : ch;
    }

    *p++ = '"';

    if (secret) {
        p = ngx_cpymem(p, " to AUTH", sizeof(" to AUTH") - 1);
    }

    *p = '\0';
}


static redisReply *
ngx_http_qc_redis_create(const redisReadTask *task, int type)
{
    redisReply                 *reply, *parent;
    ngx_http_qc_redis_arena_t  *arena;

    arena = task->privdata;

    if (arena->n > NGX_HTTP_QC_REDIS_ELEMENTS) {
        return NULL;
    }

    reply = &arena->reply[arena->n++];

    ngx_memzero(reply, sizeof(redisReply));
    reply->type = type;

    if (task->parent) {
        parent = task->parent->obj;
        parent->element[task->idx] = reply;
    }

    return reply;
}


static void *
ngx_http_qc_redis_string(const redisReadTask *task, char *str, size_t len)
{
    u_char                     *p;
    redisReply                 *reply;
    ngx_http_qc_redis_arena_t  *arena;

    arena = task->privdata;

    if (len >= sizeof(arena->data) - arena->len) {
        return NULL;
    }

    reply = ngx_http_qc_redis_create(task, task->type);
    if (reply == NULL) {
        return NULL;
    }

    p = arena->data + arena->len;
    arena->len += len + 1;

    ngx_memcpy(p, str, len);
    p[len] = '\0';

    reply->str = (char *) p;
    reply->len = len;

    return reply;
}


static void *
ngx_http_qc_redis_array(const redisReadTask *task, ngx_http_qc_hiredis_len_t n)
{
    redisReply                 *reply;
    ngx_http_qc_redis_arena_t  *arena;

    arena = task->privdata;

    if (task->type != REDIS_REPLY_ARRAY
        || task->parent != NULL
        || (size_t) n > NGX_HTTP_QC_REDIS_ELEMENTS)
    {
        return NULL;
    }

    reply = ngx_http_qc_redis_create(task, REDIS_REPLY_ARRAY);
    if (reply == NULL) {
        return NULL;
    }

    ngx_memzero(arena->element, sizeof(arena->element));

    reply->element = arena->element;
    reply->elements = (size_t) n;

    return reply;
}


static void *
ngx_http_qc_redis_integer(const redisReadTask *task, long long value)
{
    redisReply  *reply;

    reply = ngx_http_qc_redis_create(task, REDIS_REPLY_INTEGER);

    if (reply != NULL) {
        reply->integer = value;
    }

    return reply;
}


static void *
ngx_http_qc_redis_nil(const redisReadTask *task)
{
    return ngx_http_qc_redis_create(task, REDIS_REPLY_NIL);
}


static void
ngx_http_qc_redis_free(void *reply)
{
    /* void */
}
