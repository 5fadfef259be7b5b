
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "ngx_http_qc_redis_locks.h"

#include <openssl/rand.h>


static ngx_http_qc_redis_lock_t *ngx_http_qc_redis_lock_alloc(
    ngx_http_qc_redis_t *redis);
static void ngx_http_qc_redis_lock_free(ngx_http_qc_redis_lock_t *lock);
static ngx_int_t ngx_http_qc_redis_lock_token(ngx_http_qc_redis_lock_t *lock);

static void ngx_http_qc_redis_lock_taken(ngx_http_qc_redis_t *redis,
    void *data, redisReply *reply, qc_metric_e reason);
static ngx_http_qc_redis_lock_rc_e ngx_http_qc_redis_lock_read(
    ngx_http_qc_redis_lock_t *lock, redisReply *reply);
static ngx_http_qc_redis_lock_rc_e ngx_http_qc_redis_lock_invalid(
    ngx_http_qc_redis_lock_t *lock);
static void ngx_http_qc_redis_lock_keep(ngx_http_qc_redis_lock_t *lock);

static void ngx_http_qc_redis_renew_handler(ngx_event_t *ev);
static void ngx_http_qc_redis_lock_renew(ngx_http_qc_redis_lock_t *lock);
static void ngx_http_qc_redis_lock_renewed(ngx_http_qc_redis_t *redis,
    void *data, redisReply *reply, qc_metric_e reason);
static ngx_msec_t ngx_http_qc_redis_lock_lease(ngx_http_qc_redis_lock_t *lock);

static void ngx_http_qc_redis_lock_end(ngx_http_qc_redis_lock_t *lock,
    u_char what, ngx_msec_t live);
static void ngx_http_qc_redis_lock_ended(ngx_http_qc_redis_t *redis,
    void *data, redisReply *reply, qc_metric_e reason);


/*
 * ARGV: token, ms of the lease, "+" to be told of that.  What has no time to
 * live is not of these scripts, and is replaced.  Returns the status OK, the
 * time that "-" still lives, "+", or the token of who has it.
 */

static ngx_str_t  ngx_http_qc_redis_take_script = ngx_string(
    "local v,t=redis.call('GET',KEYS[1]),redis.call('PTTL',KEYS[1])"
    "if not v or t<0 or v=='+' and ARGV[3]~=v then "
    "return redis.call('SET',KEYS[1],ARGV[1],'PX',ARGV[2])end "
    "if v=='-' then return t end "
    "return v"
);

/* ARGV: token, ms of the lease */

static ngx_str_t  ngx_http_qc_redis_renew_script = ngx_string(
    "if redis.call('GET',KEYS[1])~=ARGV[1] then return 0 end "
    "return redis.call('PEXPIRE',KEYS[1],ARGV[2])"
);

/*
 * ARGV: token, channel, message, "-" or "+" and its ms to live.  After a DEL
 * no write is refused for lack of memory; not everybody may publish.
 */

static ngx_str_t  ngx_http_qc_redis_end_script = ngx_string(
    "if redis.call('GET',KEYS[1])~=ARGV[1] then return 0 end "
    "redis.call('DEL',KEYS[1])"
    "if tonumber(ARGV[5])>0 then "
    "redis.call('SET',KEYS[1],ARGV[4],'PX',ARGV[5])end "
    "local r=redis.pcall('PUBLISH',ARGV[2],ARGV[3])"
    "return type(r)=='table' and r or 1"
);


ngx_int_t
ngx_http_qc_redis_locks_start(ngx_http_qc_redis_t *redis, ngx_cycle_t *cycle)
{
    ngx_http_qc_redis_locks_t  *locks;

    locks = ngx_pcalloc(cycle->pool, sizeof(ngx_http_qc_redis_locks_t));
    if (locks == NULL) {
        return NGX_ERROR;
    }

    locks->redis = redis;
    locks->pool = cycle->pool;

    ngx_queue_init(&locks->free);
    ngx_queue_init(&locks->held);

    locks->ident.fd = (ngx_socket_t) -1;
    locks->ident.data = locks;

    /* requests and jobs keep a worker that is to leave, this does not */

    locks->renew.data = &locks->ident;
    locks->renew.handler = ngx_http_qc_redis_renew_handler;
    locks->renew.log = cycle->log;
    locks->renew.cancelable = 1;

    redis->locks = locks;

    return ngx_http_qc_redis_waits_start(locks, cycle);
}


ngx_http_qc_redis_lock_t *
ngx_http_qc_redis_lock_take(ngx_http_qc_redis_t *redis, const u_char *key,
    ngx_msec_t age, ngx_uint_t again, ngx_http_qc_redis_lock_take_pt done,
    void *data)
{
    ngx_str_t                  args[4];
    ngx_http_qc_redis_lock_t  *lock;
    u_char                     lease[NGX_INT_T_LEN];

    if (redis->locks == NULL) {
        return NULL;
    }

    lock = ngx_http_qc_redis_lock_alloc(redis);

    if (lock == NULL) {
        ngx_http_qc_count(redis->meta.stats, QC_LOCK_REMOTE_FAILED);
        return NULL;
    }

    ngx_memcpy(lock->key, key, QC_KEY_LEN);

    lock->take = done;
    lock->data = data;
    lock->deadline = ngx_current_msec + age;
    lock->recent = !again;

    if (ngx_http_qc_redis_lock_token(lock) == NGX_OK) {

        args[0] = ngx_http_qc_redis_take_script;
        args[1].len = NGX_HTTP_QC_REDIS_TOKEN_LEN;
        args[1].data = lock->token;
        args[2].len = ngx_sprintf(lease, "%M",
                                  ngx_http_qc_redis_lock_lease(lock))
                      - lease;
        args[2].data = lease;
        args[3].len = again ? 0 : 1;
        args[3].data = (u_char *) "+";

        lock->pending = ngx_http_qc_redis_lock_command(lock, args, 4,
                                            ngx_http_qc_redis_lock_taken,
                                            lock);
    }

    if (lock->pending == NULL) {
        ngx_http_qc_count(redis->meta.stats, QC_LOCK_REMOTE_FAILED);
        ngx_http_qc_redis_lock_free(lock);
        return NULL;
    }

    ngx_http_qc_redis_wait_enter(lock);

    return lock;
}


static ngx_http_qc_redis_lock_t *
ngx_http_qc_redis_lock_alloc(ngx_http_qc_redis_t *redis)
{
    ngx_queue_t                *q;
    ngx_http_qc_redis_lock_t   *lock;
    ngx_http_qc_redis_locks_t  *locks;

    locks = redis->locks;

    if (!ngx_queue_empty(&locks->free)) {
        q = ngx_queue_head(&locks->free);
        ngx_queue_remove(q);
        lock = ngx_queue_data(q, ngx_http_qc_redis_lock_t, queue);

    } else {

        if (locks->n >= NGX_HTTP_QC_REDIS_LOCK_MAX) {
            return NULL;
        }

        lock = ngx_palloc(locks->pool, sizeof(ngx_http_qc_redis_lock_t));
        if (lock == NULL) {
            return NULL;
        }
    }

    locks->n++;

    ngx_memzero(lock, sizeof(ngx_http_qc_redis_lock_t));

    lock->redis = redis;

    return lock;
}


static void
ngx_http_qc_redis_lock_free(ngx_http_qc_redis_lock_t *lock)
{
    ngx_http_qc_redis_locks_t  *locks;

    locks = lock->redis->locks;

    if (lock->pending) {
        ngx_http_qc_redis_cancel(lock->pending);
        lock->pending = NULL;
    }

    ngx_queue_insert_head(&locks->free, &lock->queue);
    locks->n--;
}


static ngx_int_t
ngx_http_qc_redis_lock_token(ngx_http_qc_redis_lock_t *lock)
{
    u_char  bytes[NGX_HTTP_QC_REDIS_TOKEN_LEN / 2];

    if (RAND_bytes(bytes, sizeof(bytes)) != 1) {
        return NGX_ERROR;
    }

    (void) ngx_hex_dump(lock->token, bytes, sizeof(bytes));

    return NGX_OK;
}


/* EVAL args[0] 1 KEY args[1..], or else args[0] KEY. */

void *
ngx_http_qc_redis_lock_command(ngx_http_qc_redis_lock_t *lock,
    ngx_str_t *args, ngx_uint_t n, ngx_http_qc_redis_reply_pt handler,
    void *data)
{
    void                      *pending;
    u_char                    *p;
    ngx_str_t                 *prefix;
    ngx_uint_t                 i;
    qc_metric_e                reason;
    ngx_http_qc_redis_args_t   cmd;
    u_char                     key[NGX_HTTP_QC_REDIS_LOCK_KEY_MAX];

    prefix = &lock->redis->conf.prefix;

    p = ngx_cpymem(key, prefix->data, prefix->len);
    p = ngx_cpymem(p, "~lock:", sizeof("~lock:") - 1);
    p = ngx_hex_dump(p, lock->key, QC_KEY_LEN);

    cmd.argc = 0;

    if (n > 1) {
        ngx_http_qc_redis_arg(&cmd, "EVAL", sizeof("EVAL") - 1);
    }

    ngx_http_qc_redis_arg(&cmd, args[0].data, args[0].len);

    if (n > 1) {
        ngx_http_qc_redis_arg(&cmd, "1", 1);
    }

    ngx_http_qc_redis_arg(&cmd, key, p - key);

    for (i = 1; i < n; i++) {
        ngx_http_qc_redis_arg(&cmd, args[i].data, args[i].len);
    }

    pending = ngx_http_qc_redis_command(lock->redis, cmd.argc, cmd.argv,
                                        cmd.argvlen, handler, data, &reason);

    /* who has no rights to locks has a cache all the same */

    if (pending) {
        ngx_http_qc_redis_optional(pending);
    }

    return pending;
}


static void
ngx_http_qc_redis_lock_taken(ngx_http_qc_redis_t *redis, void *data,
    redisReply *reply, qc_metric_e reason)
{
    ngx_http_qc_redis_lock_t *lock = data;

    ngx_http_qc_redis_lock_rc_e  rc;

    lock->pending = NULL;

    rc = (reply == NULL) ? NGX_HTTP_QC_REDIS_LOCK_FAILED
                         : ngx_http_qc_redis_lock_read(lock, reply);

    if (lock->state == NGX_HTTP_QC_REDIS_LOCK_GIVEN_UP) {

        if (rc == NGX_HTTP_QC_REDIS_LOCK_HELD) {
            ngx_http_qc_redis_lock_end(lock, 'l', 0);
        }

        ngx_http_qc_redis_lock_free(lock);
        return;
    }

    switch (rc) {

    case NGX_HTTP_QC_REDIS_LOCK_HELD:
        ngx_http_qc_redis_wait_leave(lock);
        ngx_http_qc_redis_lock_keep(lock);
        ngx_http_qc_count(redis->meta.stats, QC_LOCK_REMOTE_HELD);
        break;

    case NGX_HTTP_QC_REDIS_LOCK_BUSY:
        lock->state = NGX_HTTP_QC_REDIS_LOCK_OTHERS;
        break;

    default: /* ALONE, STORED, FAILED */
        ngx_http_qc_redis_wait_leave(lock);
        lock->state = NGX_HTTP_QC_REDIS_LOCK_OVER;
        lock->result = NGX_HTTP_QC_LOCK_UNSTORED;

        if (rc == NGX_HTTP_QC_REDIS_LOCK_ALONE) {
            ngx_http_qc_count(redis->meta.stats, QC_LOCK_REMOTE_ALONE);

        } else if (rc == NGX_HTTP_QC_REDIS_LOCK_FAILED) {
            ngx_http_qc_count(redis->meta.stats, QC_LOCK_REMOTE_FAILED);
        }
    }

    lock->take(lock, rc, lock->data);
}


static ngx_http_qc_redis_lock_rc_e
ngx_http_qc_redis_lock_read(ngx_http_qc_redis_lock_t *lock, redisReply *reply)
{
    switch (reply->type) {

    case REDIS_REPLY_STATUS:
        return NGX_HTTP_QC_REDIS_LOCK_HELD;

    case REDIS_REPLY_INTEGER:

        if (reply->integer < 0) {
            return ngx_http_qc_redis_lock_invalid(lock);
        }

        lock->alone = (ngx_msec_t) ngx_min(reply->integer, NGX_MAX_INT32_VALUE);

        return NGX_HTTP_QC_REDIS_LOCK_ALONE;

    case REDIS_REPLY_STRING:

        /* who was told once looks no more often */

        if (lock->recent && reply->len == 1 && reply->str[0] == '+') {
            return NGX_HTTP_QC_REDIS_LOCK_STORED;
        }

        if (!ngx_http_qc_redis_lock_hex(reply->str, reply->len,
                                        NGX_HTTP_QC_REDIS_TOKEN_LEN))
        {
            return ngx_http_qc_redis_lock_invalid(lock);
        }

        ngx_memcpy(lock->token, reply->str, NGX_HTTP_QC_REDIS_TOKEN_LEN);

        return NGX_HTTP_QC_REDIS_LOCK_BUSY;

    default:
        ngx_http_qc_redis_unexpected(lock->redis, reply);

        return NGX_HTTP_QC_REDIS_LOCK_FAILED;
    }
}


static ngx_http_qc_redis_lock_rc_e
ngx_http_qc_redis_lock_invalid(ngx_http_qc_redis_lock_t *lock)
{
    u_char  hex[2 * QC_KEY_LEN];

    (void) ngx_hex_dump(hex, lock->key, QC_KEY_LEN);

    ngx_http_qc_fault(lock->redis->meta.stats, QC_INDEX_INVALID, NGX_LOG_WARN,
                      ngx_cycle->log, 0,
                      "the redis key \"%V~lock:%*s\" does not hold a valid "
                      "lock", &lock->redis->conf.prefix, sizeof(hex), hex);

    return NGX_HTTP_QC_REDIS_LOCK_FAILED;
}


ngx_uint_t
ngx_http_qc_redis_lock_hex(const void *data, size_t len, size_t n)
{
    size_t         i;
    const u_char  *p;

    p = data;

    if (len != n) {
        return 0;
    }

    for (i = 0; i < n; i++) {
        if ((p[i] < '0' || p[i] > '9') && (p[i] < 'a' || p[i] > 'f')) {
            return 0;
        }
    }

    return 1;
}


static void
ngx_http_qc_redis_lock_keep(ngx_http_qc_redis_lock_t *lock)
{
    ngx_http_qc_redis_locks_t  *locks;

    locks = lock->redis->locks;

    lock->state = NGX_HTTP_QC_REDIS_LOCK_OWNED;

    ngx_queue_insert_tail(&locks->held, &lock->all);
    locks->nheld++;

    if (!locks->renew.timer_set) {
        ngx_add_timer(&locks->renew, NGX_HTTP_QC_REDIS_LOCK_RENEW);
    }
}


/* Who is not reached in this turn is the first one in the next. */

static void
ngx_http_qc_redis_renew_handler(ngx_event_t *ev)
{
    ngx_uint_t                  i;
    ngx_queue_t                *q;
    ngx_connection_t           *c;
    ngx_http_qc_redis_locks_t  *locks;

    c = ev->data;
    locks = c->data;

    if (locks->nheld == 0) {
        return;
    }

    for (i = 0; i < locks->nheld; i++) {

        if (!ngx_http_qc_redis_spare(locks->redis)) {
            break;
        }

        q = ngx_queue_head(&locks->held);

        ngx_queue_remove(q);
        ngx_queue_insert_tail(&locks->held, q);

        ngx_http_qc_redis_lock_renew(ngx_queue_data(q,
                                              ngx_http_qc_redis_lock_t, all));
    }

    ngx_add_timer(ev, NGX_HTTP_QC_REDIS_LOCK_RENEW);
}


static void
ngx_http_qc_redis_lock_renew(ngx_http_qc_redis_lock_t *lock)
{
    ngx_str_t  args[3];
    u_char     lease[NGX_INT_T_LEN];

    if (lock->pending
        || lock->lost
        || (ngx_msec_int_t) (lock->deadline - ngx_current_msec) <= 0)
    {
        return;
    }

    args[0] = ngx_http_qc_redis_renew_script;
    args[1].len = NGX_HTTP_QC_REDIS_TOKEN_LEN;
    args[1].data = lock->token;
    args[2].len = ngx_sprintf(lease, "%M", ngx_http_qc_redis_lock_lease(lock))
                  - lease;
    args[2].data = lease;

    lock->pending = ngx_http_qc_redis_lock_command(lock, args, 3,
                                            ngx_http_qc_redis_lock_renewed,
                                            lock);
}


static void
ngx_http_qc_redis_lock_renewed(ngx_http_qc_redis_t *redis, void *data,
    redisReply *reply, qc_metric_e reason)
{
    ngx_http_qc_redis_lock_t *lock = data;

    lock->pending = NULL;

    if (reply == NULL) {
        return;
    }

    if (reply->type != REDIS_REPLY_INTEGER) {
        ngx_http_qc_redis_unexpected(redis, reply);
        return;
    }

    if (reply->integer == 0) {
        lock->lost = 1;
        ngx_http_qc_count(redis->meta.stats, QC_LOCK_REMOTE_LOST);
    }
}


/* ms; Redis knows no time to live of 0. */

static ngx_msec_t
ngx_http_qc_redis_lock_lease(ngx_http_qc_redis_lock_t *lock)
{
    ngx_msec_int_t  left;

    left = (ngx_msec_int_t) (lock->deadline - ngx_current_msec);

    left = ngx_min(left, NGX_HTTP_QC_REDIS_LOCK_LEASE);

    return (ngx_msec_t) ngx_max(left, 1);
}


ngx_msec_t
ngx_http_qc_redis_lock_alone(ngx_http_qc_redis_lock_t *lock)
{
    return lock->alone;
}


void
ngx_http_qc_redis_lock_release(ngx_http_qc_redis_lock_t *lock,
    ngx_http_qc_lock_result_e result, ngx_msec_t alone_ms)
{
    u_char                      what;
    ngx_http_qc_redis_locks_t  *locks;

    locks = lock->redis->locks;

    switch (lock->state) {

    case NGX_HTTP_QC_REDIS_LOCK_TAKING:

        /* should it be granted, it has to be given back */

        ngx_http_qc_redis_wait_leave(lock);
        lock->state = NGX_HTTP_QC_REDIS_LOCK_GIVEN_UP;
        return;

    case NGX_HTTP_QC_REDIS_LOCK_OWNED:
        ngx_queue_remove(&lock->all);
        locks->nheld--;

        if (!lock->lost) {
            what = (result == NGX_HTTP_QC_LOCK_STORED) ? 's'
                   : (result == NGX_HTTP_QC_LOCK_UNSTORED) ? 'u' : 'l';

            ngx_http_qc_redis_lock_end(lock, what,
                                       (what == 'u') ? alone_ms
                                       : (what == 's')
                                         ? NGX_HTTP_QC_REDIS_LOCK_RECENT
                                         : 0);
        }

        break;

    default:
        ngx_http_qc_redis_wait_leave(lock);
    }

    ngx_http_qc_redis_lock_free(lock);
}


/* If the command is refused, the lease runs out. */

static void
ngx_http_qc_redis_lock_end(ngx_http_qc_redis_lock_t *lock, u_char what,
    ngx_msec_t live)
{
    u_char     *p;
    ngx_str_t   args[6];
    u_char      ms[NGX_INT_T_LEN], message[NGX_HTTP_QC_REDIS_FILL_LEN];

    p = ngx_cpymem(message, "1 ", 2);
    p = ngx_hex_dump(p, lock->key, QC_KEY_LEN);
    *p++ = ' ';
    *p = what;

    args[0] = ngx_http_qc_redis_end_script;
    args[1].len = NGX_HTTP_QC_REDIS_TOKEN_LEN;
    args[1].data = lock->token;
    args[2] = lock->redis->locks->sub.channel;
    args[3].len = sizeof(message);
    args[3].data = message;
    args[4].len = 1;
    args[4].data = (u_char *) ((what == 's') ? "+" : "-");
    args[5].len = ngx_sprintf(ms, "%M", live) - ms;
    args[5].data = ms;

    (void) ngx_http_qc_redis_lock_command(lock, args, 6,
                                          ngx_http_qc_redis_lock_ended, NULL);
}


static void
ngx_http_qc_redis_lock_ended(ngx_http_qc_redis_t *redis, void *data,
    redisReply *reply, qc_metric_e reason)
{
    if (reply == NULL) {
        return;
    }

    if (reply->type != REDIS_REPLY_INTEGER) {
        ngx_http_qc_redis_unexpected(redis, reply);
        return;
    }

    if (reply->integer == 0) {
        ngx_http_qc_count(redis->meta.stats, QC_LOCK_REMOTE_LOST);
    }
}
