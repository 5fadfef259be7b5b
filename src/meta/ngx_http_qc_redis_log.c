
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * The log of invalidations in Redis, one HASH "<prefix>~log":
 *
 *     seq      the position of what was noted last
 *     floor    of what was forgotten last
 *     <3 hex>  a set of notes, "<32 hex>=<position> ...", the latest first,
 *              of the scopes that begin so
 *
 * It is a table of 4096 sets of 16 notes, as core/qc_scopes.h has it in
 * memory, and bounded as that is.  It is one key, and has no time to live:
 * whatever Redis evicts, notes go all or none, and who then finds no seq
 * knows that the log is lost.
 */

#include "ngx_http_qc_redis_meta.h"


#define NGX_HTTP_QC_REDIS_WAYS      "16"
#define NGX_HTTP_QC_REDIS_SET_LEN   3       /* hex digits of a set's name */
#define NGX_HTTP_QC_REDIS_SCOPE_LEN (2 * QC_SCOPE_LEN)
#define NGX_HTTP_QC_REDIS_POSITION  (QC_TIME_MAX * 1000)


typedef u_char  ngx_http_qc_redis_scope_t[NGX_HTTP_QC_REDIS_SCOPE_LEN];


static void ngx_http_qc_redis_log_key(ngx_http_qc_redis_t *redis,
    ngx_http_qc_redis_args_t *args);
static void ngx_http_qc_redis_log_args(ngx_http_qc_redis_t *redis,
    ngx_http_qc_redis_args_t *args, ngx_http_qc_redis_scope_t *hex,
    const u_char *scopes, ngx_uint_t n);
static void ngx_http_qc_redis_ask_handler(ngx_http_qc_redis_t *redis,
    void *data, redisReply *reply, qc_metric_e reason);
static void ngx_http_qc_redis_check_handler(ngx_http_qc_redis_t *redis,
    void *data, redisReply *reply, qc_metric_e reason);
static ngx_int_t ngx_http_qc_redis_log_read(ngx_http_qc_redis_t *redis,
    ngx_http_qc_meta_op_t *op, redisReply *reply, const u_char *scopes,
    ngx_uint_t n, uint64_t *position);
static ngx_int_t ngx_http_qc_redis_log_number(redisReply *reply,
    uint64_t *position);
static ngx_int_t ngx_http_qc_redis_log_set(redisReply *reply,
    const u_char *scope, uint64_t *position);
static ngx_uint_t ngx_http_qc_redis_log_valid(ngx_http_qc_meta_op_t *op,
    uint64_t position);
static void ngx_http_qc_redis_invalidate_handler(ngx_http_qc_redis_t *redis,
    void *data, redisReply *reply, qc_metric_e reason);
static void ngx_http_qc_redis_not_noted(ngx_http_qc_redis_t *redis,
    ngx_http_qc_meta_op_t *op);


/*
 * ARGV: the time in ms, notes of a set, and the scopes.  Returns how many
 * notes were forgotten.  A log that makes no sense is begun anew, as if all
 * had been noted now.  There is one write, so that it is done or refused as
 * a whole; doubles hold every position exactly.
 */

static ngx_str_t  ngx_http_qc_redis_note_script = ngx_string(
    "local k,w=KEYS[1],tonumber(ARGV[2])"
    "local h=redis.call('HMGET',k,'seq','floor')"
    "local s,f=tonumber(h[1]or 0),tonumber(h[2]or 0)"
    "local ok=s and f and f>=0 and f<=s and s<253402300799000 "
    "local n=math.max(ok and s+1 or 0,tonumber(ARGV[1]))"
    "if not ok then f=n end "
    "local N=string.format('%.0f',n)"
    "local v,c={},0 "
    "for i=3,#ARGV do "
    "local a=ARGV[i]"
    "local b=string.sub(a,1,3)"
    "local t={a..'='..N}"
    "for m,p in string.gmatch(v[b]or redis.call('HGET',k,b)or'',"
    "'(%x+)=(%d+)')do "
    "local q=tonumber(p)"
    "if m==a then "
    "elseif #m==32 and q<=n and #t<w then t[#t+1]=m..'='..p "
    "else c=c+1 f=math.max(f,math.min(q,n))end "
    "end "
    "v[b]=table.concat(t,' ')"
    "end "
    "local u={'seq',N,'floor',string.format('%.0f',f)}"
    "for b,t in pairs(v)do u[#u+1]=b u[#u+1]=t end "
    "redis.call('HSET',k,unpack(u))"
    "return c"
);


static void
ngx_http_qc_redis_log_key(ngx_http_qc_redis_t *redis,
    ngx_http_qc_redis_args_t *args)
{
    u_char  *p;

    p = ngx_cpymem(args->key, redis->conf.prefix.data, redis->conf.prefix.len);
    p = ngx_cpymem(p, "~log", sizeof("~log") - 1);

    ngx_http_qc_redis_arg(args, args->key, p - args->key);
}


/* HMGET with all of the log that is about these scopes. */

static void
ngx_http_qc_redis_log_args(ngx_http_qc_redis_t *redis,
    ngx_http_qc_redis_args_t *args, ngx_http_qc_redis_scope_t *hex,
    const u_char *scopes, ngx_uint_t n)
{
    ngx_uint_t  i;

    args->argc = 0;

    ngx_http_qc_redis_arg(args, "HMGET", sizeof("HMGET") - 1);
    ngx_http_qc_redis_log_key(redis, args);
    ngx_http_qc_redis_arg(args, "seq", sizeof("seq") - 1);
    ngx_http_qc_redis_arg(args, "floor", sizeof("floor") - 1);

    for (i = 0; i < n; i++) {
        (void) ngx_hex_dump(hex[i], (u_char *) scopes + i * QC_SCOPE_LEN,
                            QC_SCOPE_LEN);
        ngx_http_qc_redis_arg(args, hex[i], NGX_HTTP_QC_REDIS_SET_LEN);
    }
}


ngx_int_t
ngx_http_qc_redis_ask(ngx_http_qc_redis_t *redis, ngx_http_qc_meta_op_t *op)
{
    void                       *earlier;
    ngx_int_t                   rc;
    ngx_http_qc_redis_args_t    args;
    ngx_http_qc_redis_scope_t   hex;

    earlier = op->pending;

    ngx_http_qc_redis_log_args(redis, &args, &hex, op->scope, 1);

    rc = ngx_http_qc_redis_queue(redis, op, &args,
                                 ngx_http_qc_redis_ask_handler);

    if (rc == NGX_AGAIN) {
        op->earlier = earlier;

    } else {
        ngx_http_qc_redis_cancel(earlier);
    }

    return rc;
}


/* op->rc is what the entry said. */

static void
ngx_http_qc_redis_ask_handler(ngx_http_qc_redis_t *redis, void *data,
    redisReply *reply, qc_metric_e reason)
{
    ngx_http_qc_meta_op_t  *op = data;

    uint64_t                position;

    op->pending = NULL;

    if (reply == NULL) {
        op->rc = NGX_ERROR;
        op->reason = reason;

    } else if (ngx_http_qc_redis_log_read(redis, op, reply, op->scope, 1,
                                          &position)
               != NGX_OK)
    {
        op->rc = NGX_ERROR;

    } else if (op->rc == NGX_OK && !ngx_http_qc_redis_log_valid(op, position))
    {
        op->rc = NGX_DECLINED;
        op->reason = QC_R_INVALIDATED;
    }

    op->done(op);
}


ngx_int_t
ngx_http_qc_redis_check(ngx_http_qc_meta_t *meta, ngx_http_qc_meta_op_t *op)
{
    ngx_http_qc_redis_t        *redis = meta->data;

    ngx_http_qc_redis_args_t    args;
    ngx_http_qc_redis_scope_t   hex[NGX_HTTP_QC_SCOPES];

    op->epoch = 0;

    if (redis->conf.rsc) {
        op->rc = NGX_OK;
        op->reason = QC_NO_METRIC;
        return NGX_OK;
    }

    if (op->nscopes > NGX_HTTP_QC_SCOPES) {
        op->rc = NGX_ERROR;
        op->reason = QC_R_META_ERROR;
        return NGX_ERROR;
    }

    ngx_http_qc_redis_log_args(redis, &args, hex, op->scopes, op->nscopes);

    return ngx_http_qc_redis_queue(redis, op, &args,
                                   ngx_http_qc_redis_check_handler);
}


static void
ngx_http_qc_redis_check_handler(ngx_http_qc_redis_t *redis, void *data,
    redisReply *reply, qc_metric_e reason)
{
    ngx_http_qc_meta_op_t  *op = data;

    uint64_t                position;

    op->pending = NULL;

    if (reply == NULL) {
        op->rc = NGX_ERROR;
        op->reason = reason;

    } else if (ngx_http_qc_redis_log_read(redis, op, reply, op->scopes,
                                          op->nscopes, &position)
               != NGX_OK)
    {
        op->rc = NGX_ERROR;

    } else if (!ngx_http_qc_redis_log_valid(op, position)) {
        op->rc = NGX_DECLINED;
        op->reason = QC_R_INVALIDATED;

    } else {
        op->rc = NGX_OK;
        op->reason = QC_NO_METRIC;
    }

    op->done(op);
}


/*
 * Sets op->epoch, and *position to the latest that the scopes were noted at
 * or may have been.  NGX_ERROR and op->reason: it is no log.
 */

static ngx_int_t
ngx_http_qc_redis_log_read(ngx_http_qc_redis_t *redis,
    ngx_http_qc_meta_op_t *op, redisReply *reply, const u_char *scopes,
    ngx_uint_t n, uint64_t *position)
{
    uint64_t       last;
    ngx_uint_t     i;
    redisReply   **e;

    if (reply->type != REDIS_REPLY_ARRAY) {
        return ngx_http_qc_redis_error(redis, op, reply);
    }

    e = reply->element;

    if (reply->elements != 2 + n
        || ngx_http_qc_redis_log_number(e[0], &last) != NGX_OK
        || ngx_http_qc_redis_log_number(e[1], position) != NGX_OK)
    {
        goto invalid;
    }

    for (i = 0; i < n; i++) {
        if (ngx_http_qc_redis_log_set(e[2 + i], scopes + i * QC_SCOPE_LEN,
                                      position)
            != NGX_OK)
        {
            goto invalid;
        }
    }

    if (*position > last) {
        goto invalid;
    }

    op->epoch = last;

    return NGX_OK;

invalid:

    op->reason = QC_R_META_ERROR;

    ngx_http_qc_fault(redis->meta.stats, QC_INDEX_INVALID, NGX_LOG_ERR,
                      ngx_cycle->log, 0,
                      "the redis key \"%V~log\" does not hold a valid log of "
                      "invalidations", &redis->conf.prefix);

    return NGX_ERROR;
}


/* 0 if there is none. */

static ngx_int_t
ngx_http_qc_redis_log_number(redisReply *reply, uint64_t *position)
{
    *position = 0;

    if (reply->type == REDIS_REPLY_NIL) {
        return NGX_OK;
    }

    if (reply->type != REDIS_REPLY_STRING
        || qc_parse_dec(qc_str(reply->str, reply->len), position) != QC_OK
        || *position > NGX_HTTP_QC_REDIS_POSITION)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* Raises *position to that of the scope, if the set has it. */

static ngx_int_t
ngx_http_qc_redis_log_set(redisReply *reply, const u_char *scope,
    uint64_t *position)
{
    u_char    *p, *last, *end;
    uint64_t   noted;
    u_char     id[QC_SCOPE_LEN];

    if (reply->type == REDIS_REPLY_NIL) {
        return NGX_OK;
    }

    if (reply->type != REDIS_REPLY_STRING) {
        return NGX_ERROR;
    }

    p = (u_char *) reply->str;
    last = p + reply->len;

    while (p < last) {
        end = ngx_strlchr(p, last, ' ');

        if (end == NULL) {
            end = last;
        }

        if (end - p <= NGX_HTTP_QC_REDIS_SCOPE_LEN
            || p[NGX_HTTP_QC_REDIS_SCOPE_LEN] != '='
            || qc_parse_hex(qc_str(p, NGX_HTTP_QC_REDIS_SCOPE_LEN), id,
                            QC_SCOPE_LEN)
               != QC_OK)
        {
            return NGX_ERROR;
        }

        p += NGX_HTTP_QC_REDIS_SCOPE_LEN + 1;

        if (qc_parse_dec(qc_str(p, end - p), &noted) != QC_OK) {
            return NGX_ERROR;
        }

        if (ngx_memcmp(id, scope, QC_SCOPE_LEN) == 0) {
            *position = ngx_max(*position, noted);
        }

        p = end + 1;
    }

    return NGX_OK;
}


/* An entry of a later time than the log is of another log, which is lost. */

static ngx_uint_t
ngx_http_qc_redis_log_valid(ngx_http_qc_meta_op_t *op, uint64_t position)
{
    return op->record.epoch >= position && op->record.epoch <= op->epoch;
}


ngx_int_t
ngx_http_qc_redis_invalidate(ngx_http_qc_meta_t *meta,
    ngx_http_qc_meta_op_t *op)
{
    ngx_http_qc_redis_t        *redis = meta->data;

    ngx_int_t                   rc;
    ngx_uint_t                  i;
    ngx_time_t                 *tp;
    ngx_http_qc_redis_args_t    args;
    u_char                      now[NGX_INT64_LEN];
    ngx_http_qc_redis_scope_t   hex[NGX_HTTP_QC_SCOPES];

    if (redis->conf.rsc) {
        op->rc = NGX_DECLINED;
        op->reason = QC_NO_METRIC;
        return NGX_DECLINED;
    }

    if (op->nscopes > NGX_HTTP_QC_SCOPES) {
        op->rc = NGX_ERROR;
        op->reason = QC_R_META_ERROR;
        return NGX_ERROR;
    }

    tp = ngx_timeofday();

    args.argc = 0;

    ngx_http_qc_redis_arg(&args, "EVAL", sizeof("EVAL") - 1);
    ngx_http_qc_redis_arg(&args, ngx_http_qc_redis_note_script.data,
                          ngx_http_qc_redis_note_script.len);
    ngx_http_qc_redis_arg(&args, "1", 1);
    ngx_http_qc_redis_log_key(redis, &args);
    ngx_http_qc_redis_arg(&args, now,
                          ngx_sprintf(now, "%T%03M", tp->sec, tp->msec) - now);
    ngx_http_qc_redis_arg(&args, NGX_HTTP_QC_REDIS_WAYS,
                          sizeof(NGX_HTTP_QC_REDIS_WAYS) - 1);

    for (i = 0; i < op->nscopes; i++) {
        (void) ngx_hex_dump(hex[i], (u_char *) op->scopes + i * QC_SCOPE_LEN,
                            QC_SCOPE_LEN);
        ngx_http_qc_redis_arg(&args, hex[i], NGX_HTTP_QC_REDIS_SCOPE_LEN);
    }

    rc = ngx_http_qc_redis_queue(redis, op, &args,
                                 ngx_http_qc_redis_invalidate_handler);

    if (rc == NGX_ERROR) {
        ngx_http_qc_redis_not_noted(redis, op);
    }

    return rc;
}


static void
ngx_http_qc_redis_invalidate_handler(ngx_http_qc_redis_t *redis, void *data,
    redisReply *reply, qc_metric_e reason)
{
    ngx_http_qc_meta_op_t  *op = data;

    ngx_http_qc_stats_t    *stats;

    stats = redis->meta.stats;

    op->pending = NULL;

    if (reply == NULL) {
        op->rc = NGX_ERROR;
        op->reason = reason;

    } else if (reply->type != REDIS_REPLY_INTEGER) {
        op->rc = ngx_http_qc_redis_error(redis, op, reply);

    } else {
        op->rc = NGX_OK;
        op->reason = QC_NO_METRIC;

        ngx_http_qc_count_add(stats, QC_INVALIDATION_MADE, op->nscopes);
        ngx_http_qc_count_add(stats, QC_INVALIDATION_FORGOTTEN,
                              ngx_max(reply->integer, 0));
    }

    if (op->rc != NGX_OK) {
        ngx_http_qc_redis_not_noted(redis, op);
    }

    op->done(op);
}


static void
ngx_http_qc_redis_not_noted(ngx_http_qc_redis_t *redis,
    ngx_http_qc_meta_op_t *op)
{
    const qc_str_t  *why;

    why = &qc_metrics[op->reason].name;

    ngx_http_qc_fault(redis->meta.stats, QC_INVALIDATION_FAILED, NGX_LOG_ERR,
                      ngx_cycle->log, 0,
                      "redis has not noted an invalidation (%*s)",
                      why->len, why->data);
}
