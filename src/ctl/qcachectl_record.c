
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qcachectl.h"

#include <sys/time.h>

#include <hiredis/hiredis.h>

#include "../core/qc_redis_url.h"


#define QCACHECTL_TIMEOUT      5       /* s */
#define QCACHECTL_FIELDS       64      /* of a hash; ours has fewer */


static redisContext *qcachectl_record_connect(const qc_redis_url_t *u);
static redisReply *qcachectl_record_command(redisContext *c, int argc,
    const char **argv, const size_t *argvlen);
static int qcachectl_record_login(redisContext *c, const qc_redis_url_t *u);
static int qcachectl_record_show(redisContext *c, const char *prefix,
    const char *key);
static int qcachectl_record_print(const redisReply *reply);


int
qcachectl_record(int argc, char **argv)
{
    int              rc;
    uint8_t          mem[1024], key[QC_KEY_LEN];
    qc_buf_t         scratch;
    const char      *error;
    redisContext    *c;
    qc_redis_url_t   u;

    if (argc != 3 && argc != 4) {
        return qcachectl_error(QCACHECTL_USAGE, "needs URL KEY [PREFIX]");
    }

    qc_buf_init(&scratch, mem, sizeof(mem));

    if (qc_redis_url_parse(&u, qc_str(argv[1], strlen(argv[1])), &scratch,
                           &error)
        != QC_OK)
    {
        return qcachectl_error(QCACHECTL_USAGE, "invalid URL: %s", error);
    }

    if (qc_parse_hex(qc_str(argv[2], strlen(argv[2])), key, QC_KEY_LEN)
        != QC_OK)
    {
        return qcachectl_error(QCACHECTL_USAGE,
                               "a key has %d hexadecimal digits",
                               QC_KEY_LEN * 2);
    }

    c = qcachectl_record_connect(&u);

    if (c == NULL || c->err) {
        rc = qcachectl_error(QCACHECTL_USAGE, "cannot connect: %s",
                             c ? c->errstr : "no memory");

    } else {
        rc = qcachectl_record_login(c, &u);

        if (rc == QCACHECTL_OK) {
            rc = qcachectl_record_show(c, argc == 4 ? argv[3] : "qc:",
                                       argv[2]);
        }
    }

    if (c) {
        redisFree(c);
    }

    return rc;
}


static redisContext *
qcachectl_record_connect(const qc_redis_url_t *u)
{
    char            text[256];
    qc_str_t        where;
    redisContext   *c;
    struct timeval  timeout;

    timeout.tv_sec = QCACHECTL_TIMEOUT;
    timeout.tv_usec = 0;

    where = u->path.len ? u->path : u->host;

    if (where.len >= sizeof(text)) {
        return NULL;
    }

    memcpy(text, where.data, where.len);
    text[where.len] = '\0';

    c = u->path.len ? redisConnectUnixWithTimeout(text, timeout)
                    : redisConnectWithTimeout(text, (int) u->port, timeout);

    if (c && c->err == 0) {
        (void) redisSetTimeout(c, timeout);
    }

    return c;
}


static redisReply *
qcachectl_record_command(redisContext *c, int argc, const char **argv,
    const size_t *argvlen)
{
    redisReply  *reply;

    reply = redisCommandArgv(c, argc, argv, argvlen);

    if (reply == NULL) {
        (void) qcachectl_error(QCACHECTL_USAGE, "%s", c->errstr);
        return NULL;
    }

    if (reply->type == REDIS_REPLY_ERROR) {
        (void) qcachectl_error(QCACHECTL_USAGE, "%.*s", (int) reply->len,
                               reply->str);
        freeReplyObject(reply);
        return NULL;
    }

    return reply;
}


static int
qcachectl_record_login(redisContext *c, const qc_redis_url_t *u)
{
    int          argc;
    char         db[24];
    size_t       argvlen[3];
    redisReply  *reply;
    const char  *argv[3];

    if (u->password.len) {
        argc = 0;
        argv[argc] = "AUTH";
        argvlen[argc++] = 4;

        if (u->user.len) {
            argv[argc] = (const char *) u->user.data;
            argvlen[argc++] = u->user.len;
        }

        argv[argc] = (const char *) u->password.data;
        argvlen[argc++] = u->password.len;

        reply = qcachectl_record_command(c, argc, argv, argvlen);
        if (reply == NULL) {
            return QCACHECTL_USAGE;
        }

        freeReplyObject(reply);
    }

    if (u->db) {
        argv[0] = "SELECT";
        argvlen[0] = 6;
        argv[1] = db;
        argvlen[1] = (size_t) snprintf(db, sizeof(db), "%llu",
                                       (unsigned long long) u->db);

        reply = qcachectl_record_command(c, 2, argv, argvlen);
        if (reply == NULL) {
            return QCACHECTL_USAGE;
        }

        freeReplyObject(reply);
    }

    return QCACHECTL_OK;
}


static int
qcachectl_record_show(redisContext *c, const char *prefix, const char *key)
{
    int          rc;
    char         name[256];
    size_t       argvlen[2];
    redisReply  *reply;
    const char  *argv[2];

    argv[0] = "HGETALL";
    argvlen[0] = 7;
    argv[1] = name;
    argvlen[1] = (size_t) snprintf(name, sizeof(name), "%s%s", prefix, key);

    if (argvlen[1] >= sizeof(name)) {
        return qcachectl_error(QCACHECTL_USAGE, "the prefix is too long");
    }

    reply = qcachectl_record_command(c, 2, argv, argvlen);
    if (reply == NULL) {
        return QCACHECTL_USAGE;
    }

    rc = qcachectl_record_print(reply);

    freeReplyObject(reply);

    return rc;
}


static int
qcachectl_record_print(const redisReply *reply)
{
    size_t             i, n;
    qc_field_t         fields[QCACHECTL_FIELDS];
    qc_record_t        rec;
    const redisReply  *name, *value;

    if (reply->type != REDIS_REPLY_ARRAY || reply->elements == 0) {
        return qcachectl_error(QCACHECTL_BAD, "no such entry");
    }

    n = 0;

    for (i = 0; i + 1 < reply->elements && n < QCACHECTL_FIELDS; i += 2) {

        name = reply->element[i];
        value = reply->element[i + 1];

        if (name->type != REDIS_REPLY_STRING
            || value->type != REDIS_REPLY_STRING)
        {
            continue;
        }

        fields[n].name = qc_str(name->str, (size_t) name->len);
        fields[n].value = qc_str(value->str, (size_t) value->len);
        n++;
    }

    if (qc_record_from_fields(&rec, fields, n) != QC_OK) {
        return qcachectl_error(QCACHECTL_BAD,
                               "not a record of version %d, or damaged",
                               QC_RECORD_VERSION);
    }

    qcachectl_print_record(&rec);

    return QCACHECTL_OK;
}
