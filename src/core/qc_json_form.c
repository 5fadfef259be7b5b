
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_json_form.h"
#include "qc_utf8.h"


static const uint8_t *qc_json_escape_end(const uint8_t *p, const uint8_t *end);
static int qc_json_hex4(const uint8_t *p, const uint8_t *end, unsigned *v);
static int qc_json_exponent(qc_str_t s, uint64_t *e, int *negative);
static int qc_json_exponent_add(uint64_t *e, int *negative, uint64_t n,
    int n_negative);
static uint8_t *qc_json_write(uint8_t *p, const void *data, size_t len);


/*
 * yajl would let pass vertical tabs and form feeds between tokens, and
 * escapes of half a surrogate pair; of bytes that are not UTF-8 it has an
 * idea of its own.  None of them may be anywhere in JSON, and backslashes are
 * only in strings: no tokens need to be known here.
 */

int
qc_json_bytes_valid(qc_str_t text)
{
    const uint8_t  *p, *end;

    if (text.len == 0) {
        return 1;
    }

    p = text.data;
    end = p + text.len;

    if (!qc_utf8_valid(p, text.len)
        || memchr(p, '\v', text.len) != NULL
        || memchr(p, '\f', text.len) != NULL)
    {
        return 0;
    }

    while ((p = memchr(p, '\\', (size_t) (end - p))) != NULL) {

        /* one escape seldom comes alone */

        do {
            p = qc_json_escape_end(p, end);
            if (p == NULL) {
                return 0;
            }

        } while (p != end && *p == '\\');
    }

    return 1;
}


/* Past an escape, or the two of a surrogate pair; NULL if it is broken. */

static const uint8_t *
qc_json_escape_end(const uint8_t *p, const uint8_t *end)
{
    unsigned  unit;

    if (end - p < 2) {
        return NULL;
    }

    if (p[1] != 'u') {
        return p + 2;
    }

    if (!qc_json_hex4(p + 2, end, &unit)) {
        return NULL;
    }

    p += 6;

    if (unit < 0xd800 || unit > 0xdfff) {
        return p;
    }

    if (unit > 0xdbff
        || end - p < 2 || p[0] != '\\' || p[1] != 'u'
        || !qc_json_hex4(p + 2, end, &unit)
        || unit < 0xdc00 || unit > 0xdfff)
    {
        return NULL;
    }

    return p + 6;
}


static int
qc_json_hex4(const uint8_t *p, const uint8_t *end, unsigned *v)
{
    uint8_t   ch;
    unsigned  i;

    if (end - p < 4) {
        return 0;
    }

    *v = 0;

    for (i = 0; i < 4; i++) {
        ch = p[i];

        if (ch >= '0' && ch <= '9') {
            ch = (uint8_t) (ch - '0');

        } else if ((ch | 0x20) >= 'a' && (ch | 0x20) <= 'f') {
            ch = (uint8_t) ((ch | 0x20) - 'a' + 10);

        } else {
            return 0;
        }

        *v = *v << 4 | ch;
    }

    return 1;
}


size_t
qc_json_string_len(qc_str_t s)
{
    size_t  i, len;

    len = s.len + 2;

    for (i = 0; i < s.len; i++) {
        len += (s.data[i] < 0x20) ? 5
               : (s.data[i] == '"' || s.data[i] == '\\') ? 1 : 0;
    }

    return len;
}


uint8_t *
qc_json_string_write(uint8_t *p, qc_str_t s)
{
    size_t             i;
    uint8_t            ch;

    static const char  hex[] = "0123456789abcdef";

    *p++ = '"';

    for (i = 0; i < s.len; i++) {
        ch = s.data[i];

        if (ch < 0x20) {
            p = qc_json_write(p, "\\u00", 4);
            *p++ = (uint8_t) hex[ch >> 4];
            *p++ = (uint8_t) hex[ch & 0xf];
            continue;
        }

        if (ch == '"' || ch == '\\') {
            *p++ = '\\';
        }

        *p++ = ch;
    }

    *p++ = '"';

    return p;
}


/*
 * The text is -? digits (. digits)? ([eE] [+-]? digits)?  The digits on both
 * sides of the point are taken as one integer: what it gains by that, and
 * loses by the zeros at its end, the exponent makes up for.
 */

uint8_t *
qc_json_number_write(uint8_t *p, qc_str_t text)
{
    int       negative;
    size_t    i, first, last, point, mantissa;
    uint8_t   digits[20];
    uint64_t  e;

    first = text.len;
    last = 0;
    point = text.len;

    for (i = 0; i < text.len; i++) {

        if (text.data[i] == '.') {
            point = i;

        } else if (text.data[i] >= '1' && text.data[i] <= '9') {
            first = (first == text.len) ? i : first;
            last = i;

        } else if (text.data[i] == 'e' || text.data[i] == 'E') {
            break;
        }
    }

    mantissa = i;

    if (mantissa == text.len && point == text.len) {
        return qc_json_write(p, text.data, text.len);
    }

    if (!qc_json_exponent(qc_str(text.data + mantissa, text.len - mantissa),
                          &e, &negative))
    {
        return NULL;
    }

    if (text.data[0] == '-') {
        *p++ = '-';
    }

    if (first == text.len) {
        return qc_json_write(p, "0e0", 3);
    }

    point = (point < mantissa) ? point : mantissa;

    if (first < point && point < last) {
        p = qc_json_write(p, text.data + first, point - first);
        first = point + 1;
    }

    p = qc_json_write(p, text.data + first, last + 1 - first);

    if (!qc_json_exponent_add(&e, &negative,
                              last < point ? point - 1 - last : last - point,
                              last > point))
    {
        return NULL;
    }

    *p++ = 'e';

    if (negative) {
        *p++ = '-';
    }

    i = sizeof(digits);

    do {
        digits[--i] = (uint8_t) ('0' + e % 10);
        e /= 10;
    } while (e != 0);

    return qc_json_write(p, digits + i, sizeof(digits) - i);
}


/* Of "", or of [eE] [+-]? digits; 0 if it is beyond all that matters. */

static int
qc_json_exponent(qc_str_t s, uint64_t *e, int *negative)
{
    size_t    i;
    uint64_t  digit;

    *e = 0;
    *negative = 0;

    for (i = 1; i < s.len; i++) {

        if (s.data[i] == '+' || s.data[i] == '-') {
            *negative = (s.data[i] == '-');
            continue;
        }

        digit = (uint64_t) (s.data[i] - '0');

        if (*e > (UINT64_MAX - digit) / 10) {
            return 0;
        }

        *e = *e * 10 + digit;
    }

    return 1;
}


/* Adds n to e, both with a sign of their own; 0 if int64_t has no such. */

static int
qc_json_exponent_add(uint64_t *e, int *negative, uint64_t n, int n_negative)
{
    if (*negative == n_negative) {
        if (*e > UINT64_MAX - n) {
            return 0;
        }

        *e += n;

    } else if (*e >= n) {
        *e -= n;

    } else {
        *e = n - *e;
        *negative = n_negative;
    }

    if (*e == 0) {
        *negative = 0;
    }

    return *e <= (uint64_t) INT64_MAX + (*negative != 0);
}


static uint8_t *
qc_json_write(uint8_t *p, const void *data, size_t len)
{
    memcpy(p, data, len);

    return p + len;
}
