
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/* Sections are those of RFC 3986. */

#include "qc_headers.h"
#include "qc_scope.h"


#define QC_SCOPE_PIECE     192         /* bytes that are hashed at once */


static qc_rc_e qc_scope_final(qc_key_t *k, uint8_t scope[QC_SCOPE_LEN]);
static void qc_scope_field(qc_key_t *k, qc_str_t name, qc_str_t value);
static size_t qc_scope_char(const uint8_t *p, const uint8_t *end,
    qc_buf_t *out);
static qc_rc_e qc_scope_hierarchy(const qc_scope_base_t *base, qc_str_t *s,
    int *absolute);
static qc_rc_e qc_scope_authority(const qc_scope_base_t *base, qc_str_t s);
static unsigned qc_scope_default_port(qc_str_t scheme);
static void qc_scope_folder(qc_buf_t *out, const uint8_t *start,
    qc_str_t path);
static void qc_scope_path(qc_buf_t *out, const uint8_t *start, qc_str_t path,
    int more);
static unsigned qc_scope_dots(qc_str_t segment);
static qc_str_t qc_scope_until(qc_str_t *s, const char *set);


qc_rc_e
qc_scope_uri(qc_str_t zone, qc_str_t origin, qc_str_t path, qc_str_t args,
    qc_sha256_t *sha, uint8_t scope[QC_SCOPE_LEN])
{
    qc_key_t  k;

    if (path.len == 0) {
        path = qc_str("/", 1);
    }

    qc_key_start(&k, sha);
    qc_key_field(&k, qc_str("scope", 5), qc_str("uri", 3));
    qc_key_field(&k, qc_str("zone", 4), zone);
    qc_key_field(&k, qc_str("origin", 6), origin);
    qc_scope_field(&k, qc_str("path", 4), path);
    qc_scope_field(&k, qc_str("args", 4), args);

    return qc_scope_final(&k, scope);
}


qc_rc_e
qc_scope_group(qc_str_t zone, qc_str_t origin, qc_str_t group,
    qc_sha256_t *sha, uint8_t scope[QC_SCOPE_LEN])
{
    qc_key_t  k;

    qc_key_start(&k, sha);
    qc_key_field(&k, qc_str("scope", 5), qc_str("group", 5));
    qc_key_field(&k, qc_str("zone", 4), zone);
    qc_key_field(&k, qc_str("origin", 6), origin);
    qc_key_field(&k, qc_str("group", 5), group);

    return qc_scope_final(&k, scope);
}


static qc_rc_e
qc_scope_final(qc_key_t *k, uint8_t scope[QC_SCOPE_LEN])
{
    uint8_t  key[QC_KEY_LEN];

    if (qc_key_final(k, key) != QC_OK) {
        return QC_BAD;
    }

    memcpy(scope, key, QC_SCOPE_LEN);

    return QC_OK;
}


/* The length comes before the bytes, so these are made twice. */

static void
qc_scope_field(qc_key_t *k, qc_str_t name, qc_str_t value)
{
    int             hashed;
    size_t          total;
    uint8_t         piece[QC_SCOPE_PIECE];
    qc_buf_t        b;
    const uint8_t  *p, *end;

    end = (value.len != 0) ? value.data + value.len : value.data;
    total = 0;

    for (hashed = 0; hashed < 2; hashed++) {

        if (hashed) {
            qc_key_open(k, name, total);
        }

        for (p = value.data; p != end; /* void */ ) {
            qc_buf_init(&b, piece, sizeof(piece));

            while (p != end && qc_buf_len(&b) + 3 <= sizeof(piece)) {
                p += qc_scope_char(p, end, &b);
            }

            if (hashed) {
                qc_key_piece(k, piece, qc_buf_len(&b));

            } else {
                total += qc_buf_len(&b);
            }
        }
    }
}


/* One byte, or an escape, in its one form: the number of bytes it was. */

static size_t
qc_scope_char(const uint8_t *p, const uint8_t *end, qc_buf_t *out)
{
    uint8_t  ch;

    if (*p == '%' && end - p > 2
        && qc_parse_hex(qc_str(p + 1, 2), &ch, 1) == QC_OK)
    {
        qc_buf_uri(out, qc_str(&ch, 1), 0);
        return 3;
    }

    /* reserved characters stay, as does a "%" that begins no escape */

    if (*p <= ' ' || *p >= 0x7f) {
        qc_buf_uri(out, qc_str(p, 1), 0);

    } else {
        qc_buf_u8(out, *p);
    }

    return 1;
}


/* Section 5.2.2; the fragment is not looked at. */

qc_rc_e
qc_scope_reference(const qc_scope_base_t *base, qc_str_t reference,
    qc_buf_t *out, qc_str_t *path, qc_str_t *args)
{
    int       absolute;
    size_t    i;
    uint8_t  *start;
    qc_str_t  s, rest;

    for (i = 0; i < reference.len; i++) {
        if (reference.data[i] <= ' ' || reference.data[i] == 0x7f) {
            return QC_BAD;
        }
    }

    rest = qc_scope_until(&reference, "#");

    if (qc_scope_hierarchy(base, &rest, &absolute) != QC_OK) {
        return QC_BAD;
    }

    s = qc_scope_until(&rest, "?");

    if (s.len == 0 && !absolute) {
        *path = base->path;
        *args = base->args;

    } else {
        *args = qc_str(rest.data, 0);
        start = out->pos;

        if (s.len != 0 && s.data[0] == '/') {
            s = qc_str(s.data + 1, s.len - 1);

        } else if (!absolute) {
            qc_scope_folder(out, start, base->path);
        }

        qc_scope_path(out, start, s, 0);

        *path = qc_str(start, (size_t) (out->pos - start));
    }

    if (rest.len != 0) {
        *args = qc_str(rest.data + 1, rest.len - 1);
    }

    return qc_buf_status(out);
}


/*
 * Scheme and authority, if they are there, must be the base's; *s is moved
 * past them.  A colon in the first segment has a scheme before it.
 */

static qc_rc_e
qc_scope_hierarchy(const qc_scope_base_t *base, qc_str_t *s, int *absolute)
{
    qc_str_t  rest, scheme;

    rest = *s;
    scheme = qc_scope_until(&rest, ":/?");
    *absolute = (rest.len != 0 && rest.data[0] == ':');

    if (*absolute) {

        if (!qc_name_eq(scheme, base->scheme)) {
            return QC_BAD;
        }

        *s = qc_str(rest.data + 1, rest.len - 1);
    }

    if (s->len < 2 || s->data[0] != '/' || s->data[1] != '/') {

        /* no URI of HTTP is without an authority */

        return *absolute ? QC_BAD : QC_OK;
    }

    *absolute = 1;
    *s = qc_str(s->data + 2, s->len - 2);

    return qc_scope_authority(base, qc_scope_until(s, "/?"));
}


/* RFC 9110 section 4.2.4: one with a user in it is not to be trusted. */

static qc_rc_e
qc_scope_authority(const qc_scope_base_t *base, qc_str_t s)
{
    unsigned  wanted;
    uint64_t  port;
    qc_str_t  host, rest;

    rest = s;
    host = qc_scope_until(&rest, "]");

    if (rest.len != 0) {
        host.len++;
        rest = qc_str(rest.data + 1, rest.len - 1);

    } else {
        rest = s;
        host = qc_scope_until(&rest, ":");
    }

    if (host.len == 0 || !qc_name_eq(host, base->host)) {
        return QC_BAD;
    }

    port = qc_scope_default_port(base->scheme);
    wanted = (base->port != 0) ? base->port : (unsigned) port;

    if (rest.len != 0) {

        if (rest.data[0] != ':') {
            return QC_BAD;
        }

        rest = qc_str(rest.data + 1, rest.len - 1);

        if (rest.len != 0 && qc_parse_dec(rest, &port) != QC_OK) {
            return QC_BAD;
        }
    }

    return (port == wanted) ? QC_OK : QC_BAD;
}


static unsigned
qc_scope_default_port(qc_str_t scheme)
{
    return qc_name_eq(scheme, qc_str("https", 5)) ? 443 : 80;
}


/* Section 5.2.3: all of a path before its last slash. */

static void
qc_scope_folder(qc_buf_t *out, const uint8_t *start, qc_str_t path)
{
    while (path.len != 0 && path.data[path.len - 1] != '/') {
        path.len--;
    }

    if (path.len > 1) {
        qc_scope_path(out, start, qc_str(path.data + 1, path.len - 2), 1);
    }
}


/*
 * Section 5.2.4, for a path that comes without its first slash: dots go, and
 * take with them what was written from start on.
 */

static void
qc_scope_path(qc_buf_t *out, const uint8_t *start, qc_str_t path, int more)
{
    unsigned  dots;
    qc_str_t  segment;

    for ( ;; ) {
        segment = qc_scope_until(&path, "/");
        dots = qc_scope_dots(segment);

        if (dots == 2) {
            while (out->pos > start && *--out->pos != '/') { /* void */ }
        }

        if (dots == 0) {
            qc_buf_char(out, '/');
            qc_buf_str(out, segment);

        } else if (path.len == 0 && !more) {
            qc_buf_char(out, '/');
        }

        if (path.len == 0) {
            return;
        }

        path = qc_str(path.data + 1, path.len - 1);
    }
}


/* 1 or 2, encoded or not; 0 for any other segment. */

static unsigned
qc_scope_dots(qc_str_t segment)
{
    size_t    i;
    unsigned  n;

    n = 0;

    for (i = 0; i < segment.len; i++) {

        if (segment.data[i] == '%' && segment.len - i > 2
            && segment.data[i + 1] == '2'
            && (segment.data[i + 2] | 0x20) == 'e')
        {
            i += 2;

        } else if (segment.data[i] != '.') {
            return 0;
        }

        if (++n > 2) {
            return 0;
        }
    }

    return n;
}


/* What is before the first byte of the set; *s begins with that one then. */

static qc_str_t
qc_scope_until(qc_str_t *s, const char *set)
{
    size_t    n;
    qc_str_t  before;

    for (n = 0; n < s->len; n++) {
        if (s->data[n] != '\0' && strchr(set, s->data[n]) != NULL) {
            break;
        }
    }

    before = qc_str(s->data, n);

    if (n != 0) {
        *s = qc_str(s->data + n, s->len - n);
    }

    return before;
}
