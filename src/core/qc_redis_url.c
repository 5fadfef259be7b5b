
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_redis_url.h"


#define QC_REDIS_PORT      6379
#define QC_REDIS_DB_MAX    65535
#define QC_REDIS_PATH_MAX  107         /* sun_path, less its zero */


static int qc_redis_prefix(qc_str_t *s, const char *prefix);
static int qc_redis_find(qc_str_t s, uint8_t ch, size_t *at);
static qc_str_t qc_redis_cut(qc_str_t *s, size_t at);
static const char *qc_redis_tcp(qc_redis_url_t *u, qc_str_t rest,
    qc_buf_t *scratch);
static const char *qc_redis_host(qc_redis_url_t *u, qc_str_t s);
static int qc_redis_is_host(qc_str_t host, int ipv6);
static const char *qc_redis_unix(qc_redis_url_t *u, qc_str_t rest);
static const char *qc_redis_unix_uri(qc_redis_url_t *u, qc_str_t rest,
    qc_buf_t *scratch);
static const char *qc_redis_path(qc_redis_url_t *u, qc_str_t path);
static const char *qc_redis_user(qc_redis_url_t *u, qc_str_t s,
    qc_buf_t *scratch);
static const char *qc_redis_decode(qc_str_t s, qc_buf_t *scratch,
    qc_str_t *out);
static const char *qc_redis_db(qc_redis_url_t *u, qc_str_t s);


qc_rc_e
qc_redis_url_parse(qc_redis_url_t *u, qc_str_t url, qc_buf_t *scratch,
    const char **error)
{
    size_t  i;

    memset(u, 0, sizeof(qc_redis_url_t));
    u->port = QC_REDIS_PORT;
    *error = NULL;

    for (i = 0; i < url.len; i++) {
        if (url.data[i] <= ' ' || url.data[i] == 0x7f) {
            *error = "a space or control character is not allowed in it";
            return QC_BAD;
        }
    }

    if (qc_redis_prefix(&url, "redis://")) {
        *error = qc_redis_tcp(u, url, scratch);

    } else if (qc_redis_prefix(&url, "redis+unix://")) {
        *error = qc_redis_unix_uri(u, url, scratch);

    } else if (qc_redis_prefix(&url, "unix:")) {
        *error = qc_redis_unix(u, url);

    } else if (qc_redis_prefix(&url, "rediss://")) {
        *error = "TLS is not supported, use \"redis://\"";

    } else {
        *error = "it must begin with \"redis://\" or \"unix:\"";
    }

    if (qc_buf_status(scratch) != QC_OK) {
        *error = "it is too long";
        return QC_NOSPACE;
    }

    return (*error == NULL) ? QC_OK : QC_BAD;
}


static int
qc_redis_prefix(qc_str_t *s, const char *prefix)
{
    size_t  len;

    len = strlen(prefix);

    if (s->len < len || memcmp(s->data, prefix, len) != 0) {
        return 0;
    }

    *s = qc_str(s->data + len, s->len - len);

    return 1;
}


/* The first ch in s. */

static int
qc_redis_find(qc_str_t s, uint8_t ch, size_t *at)
{
    size_t  i;

    for (i = 0; i < s.len; i++) {
        if (s.data[i] == ch) {
            *at = i;
            return 1;
        }
    }

    return 0;
}


/* Returns what is before the separator and leaves what is behind it. */

static qc_str_t
qc_redis_cut(qc_str_t *s, size_t at)
{
    qc_str_t  before;

    before = qc_str(s->data, at);
    *s = qc_str(s->data + at + 1, s->len - at - 1);

    return before;
}


static const char *
qc_redis_tcp(qc_redis_url_t *u, qc_str_t rest, qc_buf_t *scratch)
{
    size_t       at;
    qc_str_t     host;
    const char  *error;

    if (qc_redis_find(rest, '?', &at) || qc_redis_find(rest, '#', &at)) {
        return "\"?\" and \"#\" are not allowed in it";
    }

    if (qc_redis_find(rest, '@', &at)) {
        error = qc_redis_user(u, qc_redis_cut(&rest, at), scratch);

        if (error != NULL) {
            return error;
        }
    }

    if (qc_redis_find(rest, '/', &at)) {
        host = qc_redis_cut(&rest, at);

        error = (rest.len != 0) ? qc_redis_db(u, rest) : NULL;

        if (error != NULL) {
            return error;
        }

    } else {
        host = rest;
    }

    return qc_redis_host(u, host);
}


static const char *
qc_redis_host(qc_redis_url_t *u, qc_str_t s)
{
    int     ipv6, port;
    size_t  at;

    port = 0;
    ipv6 = (s.len != 0 && s.data[0] == '[');

    if (ipv6) {
        if (!qc_redis_find(s, ']', &at)) {
            return "the bracket of the IPv6 address is not closed";
        }

        u->host = qc_str(s.data + 1, at - 1);
        (void) qc_redis_cut(&s, at);

        if (s.len != 0) {
            if (s.data[0] != ':') {
                return "only a port can follow the IPv6 address";
            }

            port = 1;
            (void) qc_redis_cut(&s, 0);
        }

    } else if (qc_redis_find(s, ':', &at)) {
        port = 1;
        u->host = qc_redis_cut(&s, at);

    } else {
        u->host = s;
    }

    if (u->host.len == 0) {
        return "no host in it";
    }

    if (!qc_redis_is_host(u->host, ipv6)) {
        return "the host is not valid (\"@\" and \"/\" in a password are "
               "written \"%40\" and \"%2F\")";
    }

    if (port && (qc_parse_dec(s, &u->port) != QC_OK
                 || u->port < 1 || u->port > 65535))
    {
        return "the port is not a number from 1 to 65535";
    }

    return NULL;
}


static int
qc_redis_is_host(qc_str_t host, int ipv6)
{
    size_t   i;
    uint8_t  ch;

    for (i = 0; i < host.len; i++) {
        ch = host.data[i];

        if ((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z')
            || (ch >= '0' && ch <= '9') || ch == '.' || ch == '-' || ch == '_'
            || (ipv6 && (ch == ':' || ch == '%')))
        {
            continue;
        }

        return 0;
    }

    return !ipv6 || qc_redis_find(host, ':', &i);
}


/* A trailing colon and digits are the database, everything else the path. */

static const char *
qc_redis_unix(qc_redis_url_t *u, qc_str_t rest)
{
    size_t       i;
    qc_str_t     path;
    const char  *error;

    i = rest.len;

    while (i != 0 && rest.data[i - 1] >= '0' && rest.data[i - 1] <= '9') {
        i--;
    }

    if (i == 0 || rest.data[i - 1] != ':') {
        return qc_redis_path(u, rest);
    }

    path = qc_redis_cut(&rest, i - 1);

    error = qc_redis_db(u, rest);

    return (error != NULL) ? error : qc_redis_path(u, path);
}


static const char *
qc_redis_unix_uri(qc_redis_url_t *u, qc_str_t rest, qc_buf_t *scratch)
{
    size_t       at;
    qc_str_t     path;
    const char  *error;

    if (qc_redis_find(rest, '@', &at)) {
        error = qc_redis_user(u, qc_redis_cut(&rest, at), scratch);

        if (error != NULL) {
            return error;
        }
    }

    if (!qc_redis_find(rest, '?', &at)) {
        return qc_redis_path(u, rest);
    }

    path = qc_redis_cut(&rest, at);

    if (!qc_redis_prefix(&rest, "db=")) {
        return "only \"db=\" can follow the \"?\"";
    }

    error = qc_redis_db(u, rest);

    return (error != NULL) ? error : qc_redis_path(u, path);
}


static const char *
qc_redis_path(qc_redis_url_t *u, qc_str_t path)
{
    if (path.len == 0 || path.data[0] != '/') {
        return "the path of the socket does not begin with \"/\"";
    }

    if (path.len > QC_REDIS_PATH_MAX) {
        return "the path of the socket is longer than 107 bytes";
    }

    u->path = path;

    return NULL;
}


static const char *
qc_redis_user(qc_redis_url_t *u, qc_str_t s, qc_buf_t *scratch)
{
    size_t       at;
    qc_str_t     user;
    const char  *error;

    if (qc_redis_find(s, '/', &at)) {
        return "\"/\" in a user or password is written \"%2F\"";
    }

    if (!qc_redis_find(s, ':', &at)) {
        return qc_redis_decode(s, scratch, &u->user);
    }

    user = qc_redis_cut(&s, at);
    error = qc_redis_decode(user, scratch, &u->user);

    return (error != NULL) ? error
                           : qc_redis_decode(s, scratch, &u->password);
}


static const char *
qc_redis_decode(qc_str_t s, qc_buf_t *scratch, qc_str_t *out)
{
    size_t   i;
    uint8_t  ch, *start;

    start = scratch->pos;

    for (i = 0; i < s.len; i++) {
        ch = s.data[i];

        if (ch == '%') {
            if (s.len - i < 3
                || qc_parse_hex(qc_str(s.data + i + 1, 2), &ch, 1) != QC_OK)
            {
                return "two hexadecimal digits must follow \"%\"";
            }

            i += 2;
        }

        qc_buf_u8(scratch, ch);
    }

    *out = qc_str(start, (size_t) (scratch->pos - start));

    return NULL;
}


static const char *
qc_redis_db(qc_redis_url_t *u, qc_str_t s)
{
    if (qc_parse_dec(s, &u->db) != QC_OK || u->db > QC_REDIS_DB_MAX) {
        return "the database is not a number from 0 to 65535";
    }

    return NULL;
}
