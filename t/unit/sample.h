
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/* One record with what every record has, and its bytes as version 1. */

#ifndef SAMPLE_H
#define SAMPLE_H


#include "qc_object.h"


#define SAMPLE_HEADERS  "Content-Type: text/plain\r\nETag: \"a\"\r\n"

#define SAMPLE_RECORD                                                         \
    "01"                                                                      \
    "010800" "c800000000000000"                                               \
    "020800" "c8ccff6a00000000"                                               \
    "030800" "20cfff6a00000000"                                               \
    "040800" "30ddff6a00000000"                                               \
    "050800" "bbed37f7a1010000"                                               \
    "060800" "e803000000000000"                                               \
    "070800" "4101000000000000"                                               \
    "080800" "2d00000000000000"                                               \
    "090800" "0200000000000000"                                               \
    "0a1000" "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"                               \
    "0c0600" "7465616d3a37"                                                   \
    "0d2500" "436f6e74656e742d547970653a20746578742f706c61696e0d0a"           \
             "455461673a202261220d0a"

#define SAMPLE_DIGEST                                                         \
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

#define SAMPLE_MORE                                                           \
    "0f0800" "5ccfff6a00000000"                                               \
    "100800" "30ddff6a00000000"                                               \
    "110800" "bced37f7a1010000"                                               \
    "120800" "0100000000000000"                                               \
    "142000" SAMPLE_DIGEST                                                    \
    "150800" "e703000000000000"                                               \
    "160800" "8813000000000000"


static inline void
sample_record(qc_record_t *rec)
{
    size_t  i;

    memset(rec, 0, sizeof(qc_record_t));

    rec->status = 200;
    rec->created = 1795149000;
    rec->started = 1795149000123;
    rec->fresh = 1795149600;
    rec->stale = 1795153200;
    rec->size = 1000;
    rec->stored = 321;
    rec->cost = 45;
    rec->coding = QC_CODING_ZSTD;
    rec->headers = qc_str(SAMPLE_HEADERS, sizeof(SAMPLE_HEADERS) - 1);
    rec->ns = qc_str("team:7", 6);

    for (i = 0; i < QC_OBJECT_ID_LEN; i++) {
        rec->object[i] = (uint8_t) (0xa0 + i);
    }
}


/* What may follow the tags of an answer. */

static inline void
sample_more(qc_record_t *rec)
{
    size_t  i;

    rec->swr = rec->fresh + 60;
    rec->sie = rec->stale;
    rec->epoch = 1795149000124;
    rec->strict = 1;
    rec->rows = 999;
    rec->bytes = 5000;

    for (i = 0; i < QC_SHA256_LEN; i++) {
        rec->digest[i] = (uint8_t) i;
    }
}


static inline int
sample_record_eq(const qc_record_t *a, const qc_record_t *b)
{
    return a->status == b->status && a->created == b->created
           && a->started == b->started && a->fresh == b->fresh
           && a->stale == b->stale && a->size == b->size
           && a->stored == b->stored && a->cost == b->cost
           && a->coding == b->coding
           && a->swr == b->swr && a->sie == b->sie
           && a->epoch == b->epoch && a->strict == b->strict
           && a->rows == b->rows && a->bytes == b->bytes
           && memcmp(a->object, b->object, QC_OBJECT_ID_LEN) == 0
           && memcmp(a->sum, b->sum, QC_SUM_LEN) == 0
           && memcmp(a->digest, b->digest, QC_SHA256_LEN) == 0
           && qc_str_eq(a->headers, b->headers) && qc_str_eq(a->ns, b->ns)
           && qc_str_eq(a->tags, b->tags) && qc_str_eq(a->vary, b->vary);
}


/* The bytes of a hexadecimal literal; returns their number. */

static inline size_t
sample_bytes(const char *hex, uint8_t *out)
{
    size_t  len;

    len = strlen(hex);

    return (qc_parse_hex(qc_str(hex, len), out, len / 2) == QC_OK) ? len / 2
                                                                   : 0;
}


#endif /* SAMPLE_H */
