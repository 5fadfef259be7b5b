
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_buf.h"


static uint8_t *qc_buf_take(qc_buf_t *b, size_t len);
static void qc_buf_le(qc_buf_t *b, uint64_t v, size_t len);
static uint64_t qc_get_le(const uint8_t *p, size_t len);
static int qc_hex_digit(uint8_t ch);
static int qc_base64url_digit(uint8_t ch);


static const char  qc_hex[] = "0123456789abcdef";
static const char  qc_hex_upper[] = "0123456789ABCDEF";
static const char  qc_base64url[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";


void
qc_buf_init(qc_buf_t *b, void *mem, size_t size)
{
    b->start = mem;
    b->pos = mem;
    b->end = (size != 0) ? b->start + size : b->start;
    b->overflow = 0;
}


size_t
qc_buf_len(const qc_buf_t *b)
{
    return (size_t) (b->pos - b->start);
}


qc_rc_e
qc_buf_status(const qc_buf_t *b)
{
    return b->overflow ? QC_NOSPACE : QC_OK;
}


qc_str_t
qc_buf_written(const qc_buf_t *b)
{
    return qc_str(b->start, qc_buf_len(b));
}


/* Room for len bytes, or NULL; never called for none. */

static uint8_t *
qc_buf_take(qc_buf_t *b, size_t len)
{
    uint8_t  *p;

    if (b->overflow || len > (size_t) (b->end - b->pos)) {
        b->overflow = 1;
        return NULL;
    }

    p = b->pos;
    b->pos += len;

    return p;
}


void
qc_buf_put(qc_buf_t *b, const void *data, size_t len)
{
    uint8_t  *p;

    if (len == 0) {
        return;
    }

    p = qc_buf_take(b, len);

    if (p != NULL) {
        memcpy(p, data, len);
    }
}


void
qc_buf_str(qc_buf_t *b, qc_str_t s)
{
    qc_buf_put(b, s.data, s.len);
}


void
qc_buf_cstr(qc_buf_t *b, const char *s)
{
    qc_buf_put(b, s, strlen(s));
}


void
qc_buf_char(qc_buf_t *b, char ch)
{
    qc_buf_put(b, &ch, 1);
}


static void
qc_buf_le(qc_buf_t *b, uint64_t v, size_t len)
{
    size_t    i;
    uint8_t  *p;

    p = qc_buf_take(b, len);

    if (p == NULL) {
        return;
    }

    for (i = 0; i < len; i++) {
        p[i] = (uint8_t) (v >> (8 * i));
    }
}


void
qc_buf_u8(qc_buf_t *b, uint8_t v)
{
    qc_buf_le(b, v, 1);
}


void
qc_buf_u16(qc_buf_t *b, uint16_t v)
{
    qc_buf_le(b, v, 2);
}


void
qc_buf_u32(qc_buf_t *b, uint32_t v)
{
    qc_buf_le(b, v, 4);
}


void
qc_buf_u64(qc_buf_t *b, uint64_t v)
{
    qc_buf_le(b, v, 8);
}


void
qc_buf_dec(qc_buf_t *b, uint64_t v)
{
    size_t   i;
    uint8_t  digits[sizeof("18446744073709551615") - 1];

    i = sizeof(digits);

    do {
        digits[--i] = (uint8_t) ('0' + v % 10);
        v /= 10;
    } while (v != 0);

    qc_buf_put(b, digits + i, sizeof(digits) - i);
}


void
qc_buf_hex(qc_buf_t *b, const void *data, size_t len)
{
    size_t          i;
    uint8_t        *p;
    const uint8_t  *s;

    if (len == 0) {
        return;
    }

    if (len > SIZE_MAX / 2) {
        b->overflow = 1;
        return;
    }

    p = qc_buf_take(b, 2 * len);

    if (p == NULL) {
        return;
    }

    s = data;

    for (i = 0; i < len; i++) {
        *p++ = (uint8_t) qc_hex[s[i] >> 4];
        *p++ = (uint8_t) qc_hex[s[i] & 0xf];
    }
}


void
qc_buf_uri(qc_buf_t *b, qc_str_t s, int keep_slash)
{
    size_t   i;
    uint8_t  ch, escape[3];

    escape[0] = '%';

    for (i = 0; i < s.len; i++) {
        ch = s.data[i];

        if ((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z')
            || (ch >= '0' && ch <= '9')
            || ch == '-' || ch == '.' || ch == '_' || ch == '~'
            || (ch == '/' && keep_slash))
        {
            qc_buf_put(b, &ch, 1);
            continue;
        }

        escape[1] = (uint8_t) qc_hex_upper[ch >> 4];
        escape[2] = (uint8_t) qc_hex_upper[ch & 0xf];

        qc_buf_put(b, escape, 3);
    }
}


void
qc_buf_base64url(qc_buf_t *b, const void *data, size_t len)
{
    size_t          i, n;
    uint32_t        v;
    uint8_t         quad[4];
    const uint8_t  *s;

    s = data;

    for (i = 0; i < len; i += n) {
        n = (len - i < 3) ? len - i : 3;

        v = (uint32_t) s[i] << 16;
        v |= (n > 1) ? (uint32_t) s[i + 1] << 8 : 0;
        v |= (n > 2) ? (uint32_t) s[i + 2] : 0;

        quad[0] = (uint8_t) qc_base64url[v >> 18];
        quad[1] = (uint8_t) qc_base64url[(v >> 12) & 0x3f];
        quad[2] = (uint8_t) qc_base64url[(v >> 6) & 0x3f];
        quad[3] = (uint8_t) qc_base64url[v & 0x3f];

        qc_buf_put(b, quad, n + 1);
    }
}


static uint64_t
qc_get_le(const uint8_t *p, size_t len)
{
    uint64_t  v;

    v = 0;

    while (len != 0) {
        v = v << 8 | p[--len];
    }

    return v;
}


uint16_t
qc_get_u16(const uint8_t *p)
{
    return (uint16_t) qc_get_le(p, 2);
}


uint32_t
qc_get_u32(const uint8_t *p)
{
    return (uint32_t) qc_get_le(p, 4);
}


uint64_t
qc_get_u64(const uint8_t *p)
{
    return qc_get_le(p, 8);
}


qc_rc_e
qc_parse_dec(qc_str_t s, uint64_t *v)
{
    size_t    i;
    uint64_t  n, digit;

    if (s.len == 0) {
        return QC_BAD;
    }

    n = 0;

    for (i = 0; i < s.len; i++) {
        if (s.data[i] < '0' || s.data[i] > '9') {
            return QC_BAD;
        }

        digit = (uint64_t) (s.data[i] - '0');

        if (n > (UINT64_MAX - digit) / 10) {
            return QC_BAD;
        }

        n = n * 10 + digit;
    }

    *v = n;

    return QC_OK;
}


static int
qc_hex_digit(uint8_t ch)
{
    if (ch >= '0' && ch <= '9') {
        return ch - '0';
    }

    if (ch >= 'a' && ch <= 'f') {
        return ch - 'a' + 10;
    }

    if (ch >= 'A' && ch <= 'F') {
        return ch - 'A' + 10;
    }

    return -1;
}


qc_rc_e
qc_parse_hex(qc_str_t s, uint8_t *out, size_t outlen)
{
    int     high, low;
    size_t  i;

    if (s.len == 0 || s.len / 2 != outlen || s.len % 2 != 0) {
        return QC_BAD;
    }

    for (i = 0; i < outlen; i++) {
        high = qc_hex_digit(s.data[2 * i]);
        low = qc_hex_digit(s.data[2 * i + 1]);

        if (high < 0 || low < 0) {
            return QC_BAD;
        }

        out[i] = (uint8_t) (high << 4 | low);
    }

    return QC_OK;
}


static int
qc_base64url_digit(uint8_t ch)
{
    if (ch >= 'A' && ch <= 'Z') {
        return ch - 'A';
    }

    if (ch >= 'a' && ch <= 'z') {
        return ch - 'a' + 26;
    }

    if (ch >= '0' && ch <= '9') {
        return ch - '0' + 52;
    }

    if (ch == '-') {
        return 62;
    }

    return (ch == '_') ? 63 : -1;
}


qc_rc_e
qc_parse_base64url(qc_str_t s, qc_buf_t *out)
{
    int        digit;
    size_t     i;
    uint8_t   *start;
    uint32_t   v;
    unsigned   bits;

    if (s.len == 0 || s.len % 4 == 1) {
        return QC_BAD;
    }

    v = 0;
    bits = 0;
    start = out->pos;

    for (i = 0; i < s.len; i++) {
        digit = qc_base64url_digit(s.data[i]);

        if (digit < 0) {
            out->pos = start;
            return QC_BAD;
        }

        v = (v << 6 | (uint32_t) digit) & 0xffff;
        bits += 6;

        if (bits >= 8) {
            bits -= 8;
            qc_buf_u8(out, (uint8_t) (v >> bits));
        }
    }

    /* one text per value: the bits left over are zero */

    if ((v & ((1u << bits) - 1)) != 0) {
        out->pos = start;
        return QC_BAD;
    }

    return qc_buf_status(out);
}
