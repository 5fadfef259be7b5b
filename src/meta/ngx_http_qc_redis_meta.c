
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "ngx_http_qc_redis_meta.h"

#include "../core/qc_redis_url.h"


static char *ngx_http_qc_redis_prefix(ngx_http_qc_redis_t *redis,
    u_char *data, size_t len);

static ngx_int_t ngx_http_qc_redis_get(ngx_http_qc_meta_t *meta,
    ngx_http_qc_meta_op_t *op);
static void ngx_http_qc_redis_get_handler(ngx_http_qc_redis_t *redis,
    void *data, redisReply *reply, qc_metric_e reason);
static ngx_int_t ngx_http_qc_redis_record(ngx_http_qc_redis_t *redis,
    ngx_http_qc_meta_op_t *op, redisReply *reply);
static qc_rc_e ngx_http_qc_redis_fields(ngx_http_qc_redis_t *redis,
    ngx_http_qc_meta_op_t *op, qc_field_t *fields, size_t n);
static ngx_int_t ngx_http_qc_redis_invalid(ngx_http_qc_redis_t *redis,
    ngx_http_qc_meta_op_t *op);
static ngx_int_t ngx_http_qc_redis_copy(ngx_http_qc_meta_op_t *op);

static ngx_int_t ngx_http_qc_redis_put(ngx_http_qc_meta_t *meta,
    ngx_http_qc_meta_op_t *op);
static int64_t ngx_http_qc_redis_ttl(qc_record_t *rec);
static ngx_int_t ngx_http_qc_redis_drop(ngx_http_qc_meta_t *meta,
    ngx_http_qc_meta_op_t *op);
static void ngx_http_qc_redis_script_handler(ngx_http_qc_redis_t *redis,
    void *data, redisReply *reply, qc_metric_e reason);

static void ngx_http_qc_redis_key(ngx_http_qc_redis_t *redis,
    ngx_http_qc_meta_op_t *op, ngx_http_qc_redis_args_t *args);
static void ngx_http_qc_redis_op_cancel(ngx_http_qc_meta_op_t *op);


/*
 * ARGV: started, ms to live, epoch, and the pairs of the record, "v" first.  A
 * fill that knows of later invalidations began later, whatever the clocks of
 * machines say.  A key never stays without a time to live, nor with fields of
 * an older record.  The number is QC_TIME_MAX in ms: what is beyond it is no
 * record's.  Of a script only the first write is refused when memory is full,
 * and never if it is a DEL.
 */

static ngx_str_t  ngx_http_qc_redis_put_script = ngx_string(
    "local h=redis.call('HMGET',KEYS[1],'v','started','epoch')"
    "local s,e=tonumber(h[2]),tonumber(h[3]or 0)"
    "if h[1]==ARGV[5] and s and s>tonumber(ARGV[1])"
    "and s<=253402300799000 "
    "and e and e>=tonumber(ARGV[3])then return 0 end "
    "redis.call('HSET',KEYS[1],ARGV[4],ARGV[5])"
    "redis.call('DEL',KEYS[1])"
    "redis.call('HSET',KEYS[1],unpack(ARGV,4))"
    "local r=redis.pcall('PEXPIRE',KEYS[1],ARGV[2])"
    "if r~=1 then redis.call('DEL',KEYS[1])end "
    "return r"
);

/*
 * The same for records of qc_rsc.h.  The object was written in its place
 * before: whoever was there first, this record is the one that belongs to it.
 * Entries in formats that are not ours stay, and have another object.
 */

static ngx_str_t  ngx_http_qc_redis_rsc_script = ngx_string(
    "local h=redis.call('HMGET',KEYS[1],'s3_path','format')"
    "if h[1] and h[2]~='json' then return 0 end "
    "redis.call('HSET',KEYS[1],ARGV[4],ARGV[5])"
    "redis.call('DEL',KEYS[1])"
    "redis.call('HSET',KEYS[1],unpack(ARGV,4))"
    "local r=redis.pcall('PEXPIRE',KEYS[1],ARGV[2])"
    "if r~=1 then redis.call('DEL',KEYS[1])end "
    "return r"
);

/* ARGV: s3_path */

static ngx_str_t  ngx_http_qc_redis_drop_script = ngx_string(
    "if redis.call('HGET',KEYS[1],'s3_path')~=ARGV[1] then return 0 end "
    "return redis.call('DEL',KEYS[1])"
);


char *
ngx_http_qc_redis_set(ngx_conf_t *cf, ngx_http_qc_redis_t *redis)
{
    char            *rv;
    size_t           len;
    u_char          *p;
    qc_buf_t         scratch;
    ngx_str_t       *value, *host;
    ngx_uint_t       i;
    const char      *error;
    qc_redis_url_t   u;

    host = &redis->endpoint.host;

    if (host->data) {
        return "is duplicate";
    }

    value = cf->args->elts;
    len = value[1].len + sizeof("unix:") - 1;

    p = ngx_pnalloc(cf->pool, 2 * len);
    if (p == NULL) {
        return "has no memory";
    }

    /* the message must not repeat the URL, which may hold a password */

    qc_buf_init(&scratch, p + len, len);

    if (qc_redis_url_parse(&u, qc_str(value[1].data, value[1].len), &scratch,
                           &error)
        != QC_OK)
    {
        len = sizeof("has an invalid URL: ") + ngx_strlen(error);

        p = ngx_pnalloc(cf->pool, len);
        if (p == NULL) {
            return "has an invalid URL";
        }

        (void) ngx_snprintf(p, len, "has an invalid URL: %s%Z", error);

        return (char *) p;
    }

    host->data = p;
    redis->endpoint.file = cf->conf_file->file.name;
    redis->endpoint.line = cf->conf_file->line;

    if (u.path.len) {
        host->len = ngx_sprintf(p, "unix:%*s", u.path.len, u.path.data) - p;

    } else {
        host->len = u.host.len;
        ngx_memcpy(p, u.host.data, u.host.len);
    }

    redis->endpoint.port = (in_port_t) u.port;

    redis->conf.user.len = u.user.len;
    redis->conf.user.data = (u_char *) u.user.data;
    redis->conf.password.len = u.password.len;
    redis->conf.password.data = (u_char *) u.password.data;
    redis->conf.db = (ngx_uint_t) u.db;

    ngx_str_set(&redis->conf.prefix, "qc:");

    for (i = 2; i < cf->args->nelts; i++) {

        if (ngx_strncmp(value[i].data, "prefix=", 7) != 0) {
            return "has an invalid parameter, only \"prefix=\" can follow "
                   "the URL";
        }

        rv = ngx_http_qc_redis_prefix(redis, value[i].data + 7,
                                      value[i].len - 7);
        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_qc_redis_prefix(ngx_http_qc_redis_t *redis, u_char *data, size_t len)
{
    size_t  i;

    if (len > NGX_HTTP_QC_REDIS_PREFIX_MAX) {
        return "has a prefix longer than 64 bytes";
    }

    for (i = 0; i < len; i++) {
        if (data[i] <= 0x20 || data[i] >= 0x7f) {
            return "has a prefix that is not printable";
        }
    }

    redis->conf.prefix.len = len;
    redis->conf.prefix.data = data;

    return NGX_CONF_OK;
}


void
ngx_http_qc_redis_init(ngx_http_qc_redis_t *redis, ngx_http_qc_stats_t *stats)
{
    ngx_http_qc_meta_t  *meta;

    meta = &redis->meta;

    ngx_str_set(&meta->name, "redis");

    meta->get = ngx_http_qc_redis_get;
    meta->put = ngx_http_qc_redis_put;
    meta->drop = ngx_http_qc_redis_drop;
    meta->invalidate = ngx_http_qc_redis_invalidate;
    meta->check = ngx_http_qc_redis_check;
    meta->cancel = ngx_http_qc_redis_op_cancel;
    meta->stats = stats;
    meta->data = redis;
}


static ngx_int_t
ngx_http_qc_redis_get(ngx_http_qc_meta_t *meta, ngx_http_qc_meta_op_t *op)
{
    ngx_int_t                  rc;
    ngx_http_qc_redis_t       *redis;
    ngx_http_qc_redis_args_t   args;

    redis = meta->data;
    args.argc = 0;
    op->epoch = 0;

    ngx_http_qc_redis_arg(&args, "HGETALL", sizeof("HGETALL") - 1);
    ngx_http_qc_redis_key(redis, op, &args);

    rc = ngx_http_qc_redis_queue(redis, op, &args,
                                 ngx_http_qc_redis_get_handler);

    if (rc == NGX_AGAIN && op->scoped && !redis->conf.rsc) {
        rc = ngx_http_qc_redis_ask(redis, op);
    }

    return rc;
}


/* If the log was asked, too, its answer comes next and ends the op. */

static void
ngx_http_qc_redis_get_handler(ngx_http_qc_redis_t *redis, void *data,
    redisReply *reply, qc_metric_e reason)
{
    ngx_http_qc_meta_op_t  *op = data;

    ngx_uint_t              ask;

    ask = (op->earlier != NULL);

    if (ask) {
        op->earlier = NULL;

    } else {
        op->pending = NULL;
    }

    if (reply == NULL) {
        op->rc = NGX_ERROR;
        op->reason = reason;

    } else {
        op->rc = ngx_http_qc_redis_record(redis, op, reply);
    }

    if (!ask) {
        op->done(op);
    }
}


static ngx_int_t
ngx_http_qc_redis_record(ngx_http_qc_redis_t *redis, ngx_http_qc_meta_op_t *op,
    redisReply *reply)
{
    size_t        i, n;
    qc_rc_e       rc;
    redisReply  **e;
    qc_field_t    fields[NGX_HTTP_QC_REDIS_ELEMENTS / 2];

    if (reply->type != REDIS_REPLY_ARRAY) {
        return ngx_http_qc_redis_error(redis, op, reply);
    }

    if (reply->elements == 0) {
        op->reason = QC_R_ABSENT;
        return NGX_DECLINED;
    }

    e = reply->element;
    n = reply->elements / 2;

    if (reply->elements % 2) {
        return ngx_http_qc_redis_invalid(redis, op);
    }

    for (i = 0; i < n; i++, e += 2) {

        if (e[0]->type != REDIS_REPLY_STRING
            || e[1]->type != REDIS_REPLY_STRING)
        {
            return ngx_http_qc_redis_invalid(redis, op);
        }

        fields[i].name = qc_str(e[0]->str, e[0]->len);
        fields[i].value = qc_str(e[1]->str, e[1]->len);
    }

    rc = ngx_http_qc_redis_fields(redis, op, fields, n);

    if (rc == QC_DONE) {
        op->reason = QC_R_NOT_JSON;
        return NGX_DECLINED;
    }

    if (rc != QC_OK || ngx_http_qc_redis_copy(op) != NGX_OK) {
        return ngx_http_qc_redis_invalid(redis, op);
    }

    return NGX_OK;
}


/* QC_DONE: the entry is well, and not for us. */

static qc_rc_e
ngx_http_qc_redis_fields(ngx_http_qc_redis_t *redis,
    ngx_http_qc_meta_op_t *op, qc_field_t *fields, size_t n)
{
    int      theirs;
    qc_rc_e  rc;

    if (!redis->conf.rsc) {
        return qc_record_from_fields(&op->record, fields, n);
    }

    rc = qc_rsc_record_from_fields(&op->record, &theirs, op->key, fields, n);

    op->theirs = theirs;

    return rc;
}


static ngx_int_t
ngx_http_qc_redis_invalid(ngx_http_qc_redis_t *redis,
    ngx_http_qc_meta_op_t *op)
{
    ngx_http_qc_redis_args_t  args;

    args.argc = 0;
    ngx_http_qc_redis_key(redis, op, &args);

    op->reason = QC_R_RECORD;

    ngx_http_qc_fault(redis->meta.stats, QC_INDEX_INVALID, NGX_LOG_WARN,
                      ngx_cycle->log, 0,
                      "the redis key \"%*s\" does not hold a valid record",
                      args.argvlen[0], args.argv[0]);

    return NGX_ERROR;
}


/* The strings of the record are the reply's, and have to outlive it. */

static ngx_int_t
ngx_http_qc_redis_copy(ngx_http_qc_meta_op_t *op)
{
    size_t     i;
    u_char    *p;
    qc_buf_t   b;
    qc_str_t  *s[4];

    s[0] = &op->record.headers;
    s[1] = &op->record.ns;
    s[2] = &op->record.tags;
    s[3] = &op->record.vary;

    qc_buf_init(&b, op->buf, sizeof(op->buf));

    for (i = 0; i < sizeof(s) / sizeof(s[0]); i++) {
        p = b.pos;
        qc_buf_str(&b, *s[i]);
        *s[i] = qc_str(p, s[i]->len);
    }

    return (qc_buf_status(&b) == QC_OK) ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_http_qc_redis_put(ngx_http_qc_meta_t *meta, ngx_http_qc_meta_op_t *op)
{
    size_t                     i, n;
    int64_t                    ttl;
    qc_rc_e                    rc;
    qc_buf_t                   scratch;
    ngx_str_t                 *script;
    qc_field_t                 fields[QC_RSC_FIELDS];
    ngx_http_qc_redis_t       *redis;
    ngx_http_qc_redis_args_t   args;
    u_char                     mem[QC_RSC_SCRATCH];
    u_char                     started[NGX_INT64_LEN], live[NGX_INT64_LEN];
    u_char                     epoch[NGX_INT64_LEN];

    redis = meta->data;

    qc_buf_init(&scratch, mem, sizeof(mem));

    if (redis->conf.rsc) {
        script = &ngx_http_qc_redis_rsc_script;
        rc = qc_rsc_record_to_fields(&op->record, op->key, &scratch, fields,
                                     &n);

    } else {
        script = &ngx_http_qc_redis_put_script;
        rc = qc_record_to_fields(&op->record, &scratch, fields, &n);
    }

    if (rc != QC_OK) {
        op->reason = QC_R_RECORD;
        return NGX_ERROR;
    }

    ttl = ngx_http_qc_redis_ttl(&op->record);

    if (ttl <= 0) {
        op->reason = QC_R_STALE;
        return NGX_ERROR;
    }

    args.argc = 0;

    ngx_http_qc_redis_arg(&args, "EVAL", sizeof("EVAL") - 1);
    ngx_http_qc_redis_arg(&args, script->data, script->len);
    ngx_http_qc_redis_arg(&args, "1", 1);
    ngx_http_qc_redis_key(redis, op, &args);
    ngx_http_qc_redis_arg(&args, started,
                          ngx_sprintf(started, "%uL", op->record.started)
                          - started);
    ngx_http_qc_redis_arg(&args, live, ngx_sprintf(live, "%L", ttl) - live);
    ngx_http_qc_redis_arg(&args, epoch,
                          ngx_sprintf(epoch, "%uL", op->record.epoch) - epoch);

    for (i = 0; i < n; i++) {
        ngx_http_qc_redis_arg(&args, fields[i].name.data, fields[i].name.len);
        ngx_http_qc_redis_arg(&args, fields[i].value.data,
                              fields[i].value.len);
    }

    return ngx_http_qc_redis_queue(redis, op, &args,
                                   ngx_http_qc_redis_script_handler);
}


/* ms; relative, so that only differences of our own clock count. */

static int64_t
ngx_http_qc_redis_ttl(qc_record_t *rec)
{
    int64_t      now;
    ngx_time_t  *tp;

    tp = ngx_timeofday();
    now = (int64_t) tp->sec * 1000 + tp->msec;

    return (int64_t) rec->stale * 1000 - now;
}


static ngx_int_t
ngx_http_qc_redis_drop(ngx_http_qc_meta_t *meta, ngx_http_qc_meta_op_t *op)
{
    qc_buf_t                   name;
    ngx_http_qc_redis_t       *redis;
    ngx_http_qc_redis_args_t   args;
    u_char                     mem[QC_OBJECT_NAME_LEN];

    redis = meta->data;

    qc_buf_init(&name, mem, sizeof(mem));
    qc_object_name(&name, op->record.object);

    args.argc = 0;

    ngx_http_qc_redis_arg(&args, "EVAL", sizeof("EVAL") - 1);
    ngx_http_qc_redis_arg(&args, ngx_http_qc_redis_drop_script.data,
                          ngx_http_qc_redis_drop_script.len);
    ngx_http_qc_redis_arg(&args, "1", 1);
    ngx_http_qc_redis_key(redis, op, &args);
    ngx_http_qc_redis_arg(&args, mem, qc_buf_len(&name));

    return ngx_http_qc_redis_queue(redis, op, &args,
                                   ngx_http_qc_redis_script_handler);
}


/* Both scripts return 1 if they have done it, 0 if they must not. */

static void
ngx_http_qc_redis_script_handler(ngx_http_qc_redis_t *redis, void *data,
    redisReply *reply, qc_metric_e reason)
{
    ngx_http_qc_meta_op_t  *op = data;

    op->pending = NULL;

    if (reply == NULL) {
        op->rc = NGX_ERROR;
        op->reason = reason;

    } else if (reply->type != REDIS_REPLY_INTEGER) {
        op->rc = ngx_http_qc_redis_error(redis, op, reply);

    } else {
        op->rc = reply->integer ? NGX_OK : NGX_DECLINED;
        op->reason = QC_NO_METRIC;
    }

    op->done(op);
}


/* Not the type of reply that was expected: an error, as a rule. */

ngx_int_t
ngx_http_qc_redis_error(ngx_http_qc_redis_t *redis, ngx_http_qc_meta_op_t *op,
    redisReply *reply)
{
    op->reason = QC_R_META_ERROR;

    ngx_http_qc_redis_unexpected(redis, reply);

    return NGX_ERROR;
}


void
ngx_http_qc_redis_unexpected(ngx_http_qc_redis_t *redis, redisReply *reply)
{
    u_char  why[NGX_HTTP_QC_REDIS_WHY];

    if (reply->type != REDIS_REPLY_ERROR) {
        ngx_http_qc_fault(redis->meta.stats, QC_REDIS_ERROR, NGX_LOG_ERR,
                          ngx_cycle->log, 0,
                          "redis answered with a reply of type %d",
                          reply->type);
        return;
    }

    ngx_http_qc_redis_said(why, reply, 0);

    ngx_http_qc_fault(redis->meta.stats, QC_REDIS_ERROR, NGX_LOG_ERR,
                      ngx_cycle->log, 0, "redis refused a command: %s", why);
}


void
ngx_http_qc_redis_arg(ngx_http_qc_redis_args_t *args, const void *data,
    size_t len)
{
    args->argv[args->argc] = data;
    args->argvlen[args->argc] = len;
    args->argc++;
}


static void
ngx_http_qc_redis_key(ngx_http_qc_redis_t *redis, ngx_http_qc_meta_op_t *op,
    ngx_http_qc_redis_args_t *args)
{
    u_char  *p;

    p = ngx_cpymem(args->key, redis->conf.prefix.data, redis->conf.prefix.len);
    p = ngx_hex_dump(p, op->key, QC_KEY_LEN);

    ngx_http_qc_redis_arg(args, args->key, p - args->key);
}


ngx_int_t
ngx_http_qc_redis_queue(ngx_http_qc_redis_t *redis, ngx_http_qc_meta_op_t *op,
    ngx_http_qc_redis_args_t *args, ngx_http_qc_redis_reply_pt handler)
{
    op->earlier = NULL;
    op->pending = ngx_http_qc_redis_command(redis, args->argc, args->argv,
                                            args->argvlen, handler, op,
                                            &op->reason);

    return op->pending ? NGX_AGAIN : NGX_ERROR;
}


static void
ngx_http_qc_redis_op_cancel(ngx_http_qc_meta_op_t *op)
{
    if (op->pending) {
        ngx_http_qc_redis_cancel(op->pending);
        op->pending = NULL;
    }

    if (op->earlier) {
        ngx_http_qc_redis_cancel(op->earlier);
        op->earlier = NULL;
    }
}
