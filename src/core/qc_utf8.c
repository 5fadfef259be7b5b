
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_utf8.h"


#define QC_UTF8_HIGH  0x8080808080808080ULL


static const uint8_t *qc_utf8_ascii(const uint8_t *p, const uint8_t *end);
static size_t qc_utf8_sequence(const uint8_t *p, size_t len);


int
qc_utf8_valid(const uint8_t *p, size_t len)
{
    size_t          n;
    const uint8_t  *end;

    if (len == 0) {
        return 1;
    }

    end = p + len;

    for (p = qc_utf8_ascii(p, end); p != end; p = qc_utf8_ascii(p, end)) {

        /* what is not ASCII seldom comes alone */

        do {
            n = qc_utf8_sequence(p, (size_t) (end - p));
            if (n == 0) {
                return 0;
            }

            p += n;

        } while (p != end && *p >= 0x80);
    }

    return 1;
}


/* Past the bytes below 0x80. */

static const uint8_t *
qc_utf8_ascii(const uint8_t *p, const uint8_t *end)
{
    uint64_t  v[4];

    while ((size_t) (end - p) >= sizeof(v)) {
        memcpy(v, p, sizeof(v));

        if (((v[0] | v[1] | v[2] | v[3]) & QC_UTF8_HIGH) != 0) {
            break;
        }

        p += sizeof(v);
    }

    while (p != end && *p < 0x80) {
        p++;
    }

    return p;
}


/*
 * The length of the sequence that begins at p, 0 if there is none: the table
 * of RFC 3629 section 4, where the first byte narrows the range of the second
 * one and all others are 80..BF.
 */

static size_t
qc_utf8_sequence(const uint8_t *p, size_t len)
{
    size_t   i, n;
    uint8_t  low, high;

    low = 0x80;
    high = 0xbf;

    if (p[0] >= 0xc2 && p[0] <= 0xdf) {
        n = 2;

    } else if (p[0] >= 0xe0 && p[0] <= 0xef) {
        n = 3;
        low = (p[0] == 0xe0) ? 0xa0 : low;
        high = (p[0] == 0xed) ? 0x9f : high;

    } else if (p[0] >= 0xf0 && p[0] <= 0xf4) {
        n = 4;
        low = (p[0] == 0xf0) ? 0x90 : low;
        high = (p[0] == 0xf4) ? 0x8f : high;

    } else {
        return 0;
    }

    if (len < n || p[1] < low || p[1] > high) {
        return 0;
    }

    for (i = 2; i < n; i++) {
        if (p[i] < 0x80 || p[i] > 0xbf) {
            return 0;
        }
    }

    return n;
}
