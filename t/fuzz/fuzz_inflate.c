
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * A body that is decoded is within its limits, the same one each time, and
 * not decoded any more when something is behind it or its end is missing.
 * What is encoded comes back.  The input: coding, limits, a body.
 */

#include "fuzz.h"
#include "qc_inflate.h"

#include <zlib.h>
#include <zstd.h>


#define FUZZ_BLOCKS  256


static void *fuzz_block(void *ctx, size_t size);
static qc_rc_e decode(qc_str_t body, qc_coding_e coding, size_t max,
    size_t ratio, qc_str_t *out);
static void check_decoded(fuzz_t *f, qc_str_t body, qc_coding_e coding,
    size_t max, size_t ratio);
static void check_encoded(fuzz_t *f, qc_str_t plain, qc_coding_e coding);
static qc_str_t encode(fuzz_t *f, qc_str_t plain, qc_coding_e coding);


static void    *fuzz_blocks[FUZZ_BLOCKS];
static size_t   fuzz_nblocks;


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t       max, ratio;
    fuzz_t       f;
    unsigned     bits;
    qc_str_t     body;
    qc_coding_e  coding;

    fuzz_init(&f, data, size);

    bits = fuzz_u8(&f);
    coding = (bits & 1) ? QC_CODING_ZSTD : QC_CODING_GZIP;
    max = (bits & 2) ? fuzz_u16(&f) : 262144;
    ratio = (bits & 4) ? fuzz_u8(&f) : 100;
    body = fuzz_rest(&f);

    check_decoded(&f, body, coding, max, ratio);
    check_encoded(&f, body, coding);

    fuzz_check(qc_inflate_coding(body, &coding) == QC_BAD
               || coding == QC_CODING_NONE || coding == QC_CODING_GZIP
               || coding == QC_CODING_ZSTD);

    while (fuzz_nblocks != 0) {
        free(fuzz_blocks[--fuzz_nblocks]);
    }

    fuzz_done(&f);

    return 0;
}


static void *
fuzz_block(void *ctx, size_t size)
{
    void  *p;

    (void) ctx;

    fuzz_check(fuzz_nblocks < FUZZ_BLOCKS);

    p = malloc(size);
    fuzz_check(p != NULL);
    fuzz_blocks[fuzz_nblocks++] = p;

    return p;
}


static qc_rc_e
decode(qc_str_t body, qc_coding_e coding, size_t max, size_t ratio,
    qc_str_t *out)
{
    qc_arena_t  arena;

    qc_arena_init(&arena, fuzz_block, NULL, 4 * 1024 * 1024);

    return qc_inflate(body, coding, max, ratio, &arena, out);
}


static void
check_decoded(fuzz_t *f, qc_str_t body, qc_coding_e coding, size_t max,
    size_t ratio)
{
    size_t    free_size;
    uint8_t  *p;
    qc_str_t  out, again;

    if (decode(body, coding, max, ratio, &out) != QC_OK) {
        return;
    }

    fuzz_check(out.len <= max);

    free_size = 65536;
    fuzz_check(ratio == 0 || out.len <= body.len * ratio
               || out.len <= free_size);

    fuzz_check(decode(body, coding, max, ratio, &again) == QC_OK);
    fuzz_check(qc_str_eq(out, again));

    fuzz_check(decode(body, coding, out.len, ratio, &again) == QC_OK);

    if (out.len != 0) {
        fuzz_check(decode(body, coding, out.len - 1, ratio, &again)
                   == QC_NOSPACE);
    }

    fuzz_check(decode(qc_str(body.data, body.len - 1), coding, max, ratio,
                      &again)
               != QC_OK);

    p = fuzz_alloc(f, body.len + 1);
    memcpy(p, body.data, body.len);
    p[body.len] = 0;

    fuzz_check(decode(qc_str(p, body.len + 1), coding, max, ratio, &again)
               != QC_OK);
}


static void
check_encoded(fuzz_t *f, qc_str_t plain, qc_coding_e coding)
{
    qc_str_t  body, out;

    body = encode(f, plain, coding);

    fuzz_check(decode(body, coding, plain.len, 1000000, &out) == QC_OK);
    fuzz_check(qc_str_eq(out, plain));

    check_decoded(f, body, coding, 262144, 100);
}


static qc_str_t
encode(fuzz_t *f, qc_str_t plain, qc_coding_e coding)
{
    size_t    len, size;
    uint8_t  *p;
    z_stream  z;

    size = plain.len + plain.len / 100 + 1024;
    p = fuzz_alloc(f, size);

    if (coding == QC_CODING_ZSTD) {
        len = ZSTD_compress(p, size, plain.data, plain.len, 1);
        fuzz_check(!ZSTD_isError(len));

    } else {
        memset(&z, 0, sizeof(z));
        fuzz_check(deflateInit2(&z, 1, Z_DEFLATED, MAX_WBITS + 16, 8,
                                Z_DEFAULT_STRATEGY)
                   == Z_OK);

        z.next_in = (Bytef *) (uintptr_t) plain.data;
        z.avail_in = (uInt) plain.len;
        z.next_out = p;
        z.avail_out = (uInt) size;

        fuzz_check(deflate(&z, Z_FINISH) == Z_STREAM_END);

        len = z.total_out;
        (void) deflateEnd(&z);
    }

    return fuzz_copy(f, p, len);
}
