
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_inflate.h"
#include "tap.h"

#include <zlib.h>
#include <zstd.h>


#define PLAIN_MAX  200000


typedef struct {
    const char   *name;
    qc_rc_e       rc;
    qc_coding_e   coding;
} coding_t;


static void *arena_alloc(void *ctx, size_t size);
static size_t encode(qc_coding_e coding, const uint8_t *plain, size_t len);
static qc_rc_e decode(qc_coding_e coding, const uint8_t *body, size_t len,
    size_t max, size_t ratio);
static void test_codings(void);
static void test_sizes(qc_coding_e coding, const char *name);
static void test_damage(qc_coding_e coding, const char *name);
static void test_limits(qc_coding_e coding, const char *name);
static void test_memory(qc_coding_e coding, const char *name);
static void test_frames(void);


static const coding_t  codings[] = {
    { "", QC_OK, QC_CODING_NONE },
    { "identity", QC_OK, QC_CODING_NONE },
    { "Identity", QC_OK, QC_CODING_NONE },
    { "gzip", QC_OK, QC_CODING_GZIP },
    { "GZIP", QC_OK, QC_CODING_GZIP },
    { "x-gzip", QC_OK, QC_CODING_GZIP },
    { "zstd", QC_OK, QC_CODING_ZSTD },
    { "ZStd", QC_OK, QC_CODING_ZSTD },
    { "br", QC_BAD, QC_CODING_NONE },
    { "deflate", QC_BAD, QC_CODING_NONE },
    { "gzip ", QC_BAD, QC_CODING_NONE },
    { " gzip", QC_BAD, QC_CODING_NONE },
    { "gzi", QC_BAD, QC_CODING_NONE },
    { "gzipp", QC_BAD, QC_CODING_NONE },
    { "gzip, gzip", QC_BAD, QC_CODING_NONE },
    { "gzip,identity", QC_BAD, QC_CODING_NONE },
    { "*", QC_BAD, QC_CODING_NONE }
};


static uint8_t   plain[PLAIN_MAX];
static uint8_t   encoded[2 * PLAIN_MAX];
static void     *blocks[64];
static size_t    nblocks;
static size_t    arena_size;
static qc_str_t  out;


int
main(void)
{
    size_t    i;
    uint32_t  x;

    /* half of it random, half of it zeros */

    for (i = 0, x = 1; i < PLAIN_MAX / 2; i++) {
        x = x * 1103515245 + 12345;
        plain[i] = (uint8_t) (x >> 16);
    }

    arena_size = 16 * 1024 * 1024;

    test_codings();
    test_sizes(QC_CODING_GZIP, "gzip");
    test_sizes(QC_CODING_ZSTD, "zstd");
    test_damage(QC_CODING_GZIP, "gzip");
    test_damage(QC_CODING_ZSTD, "zstd");
    test_limits(QC_CODING_GZIP, "gzip");
    test_limits(QC_CODING_ZSTD, "zstd");
    test_memory(QC_CODING_GZIP, "gzip");
    test_memory(QC_CODING_ZSTD, "zstd");
    test_frames();

    return tap_done();
}


static void *
arena_alloc(void *ctx, size_t size)
{
    void  *p;

    (void) ctx;

    p = (nblocks < sizeof(blocks) / sizeof(blocks[0])) ? malloc(size) : NULL;

    if (p != NULL) {
        blocks[nblocks++] = p;
    }

    return p;
}


static size_t
encode(qc_coding_e coding, const uint8_t *data, size_t len)
{
    z_stream  z;

    if (coding == QC_CODING_ZSTD) {
        return ZSTD_compress(encoded, sizeof(encoded), data, len, 3);
    }

    memset(&z, 0, sizeof(z));

    if (deflateInit2(&z, 9, Z_DEFLATED, MAX_WBITS + 16, 8,
                     Z_DEFAULT_STRATEGY)
        != Z_OK)
    {
        return 0;
    }

    z.next_in = (Bytef *) (uintptr_t) data;
    z.avail_in = (uInt) len;
    z.next_out = encoded;
    z.avail_out = sizeof(encoded);

    (void) deflate(&z, Z_FINISH);

    len = z.total_out;
    (void) deflateEnd(&z);

    return len;
}


/* What is decoded is in out, until the next call. */

static qc_rc_e
decode(qc_coding_e coding, const uint8_t *body, size_t len, size_t max,
    size_t ratio)
{
    qc_arena_t  arena;

    while (nblocks != 0) {
        free(blocks[--nblocks]);
    }

    qc_arena_init(&arena, arena_alloc, NULL, arena_size);

    return qc_inflate(qc_str(tap_guard(0, body, len), len), coding, max, ratio,
                      &arena, &out);
}


static void
test_codings(void)
{
    size_t       i, len;
    qc_rc_e      rc;
    qc_coding_e  coding;

    for (i = 0; i < sizeof(codings) / sizeof(coding_t); i++) {
        coding = QC_CODING_NONE;
        len = strlen(codings[i].name);
        rc = qc_inflate_coding(qc_str(tap_guard(0, codings[i].name, len), len),
                               &coding);

        tap_ok(rc == codings[i].rc && coding == codings[i].coding,
               "coding \"%s\"", codings[i].name);
    }

    tap_ok(decode(QC_CODING_NONE, plain, 10, 10, 1) == QC_OK && out.len == 10,
           "no coding");
    tap_ok(decode(QC_CODING_NONE, plain, 10, 9, 1) == QC_NOSPACE,
           "no coding, too much");
}


static void
test_sizes(qc_coding_e coding, const char *name)
{
    size_t  i, n;

    static const size_t  sizes[] = {
        0, 1, 2, 100, 16383, 16384, 16385, 32768, 65535, 65536, 65537, 99999,
        PLAIN_MAX
    };

    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        n = encode(coding, plain, sizes[i]);

        tap_ok(decode(coding, encoded, n, PLAIN_MAX, 100000) == QC_OK
               && qc_str_eq(out, qc_str(plain, sizes[i])),
               "%s: %zu bytes", name, sizes[i]);
    }
}


static void
test_damage(qc_coding_e coding, const char *name)
{
    size_t   i, n, cut;
    uint8_t  last;

    n = encode(coding, plain, 500);

    for (cut = 0; cut < n; cut++) {
        if (decode(coding, encoded, cut, PLAIN_MAX, 100) != QC_BAD) {
            break;
        }
    }

    tap_int((long long) cut, (long long) n, "cut anywhere");

    encoded[n] = 0;
    tap_int(decode(coding, encoded, n + 1, PLAIN_MAX, 100), QC_BAD,
            "a byte behind it");

    memcpy(encoded + n, encoded, n);
    tap_int(decode(coding, encoded, 2 * n, PLAIN_MAX, 100), QC_BAD, "two");

    /* a changed byte is found, or does not matter */

    for (i = 0; i < n; i++) {
        last = encoded[i];
        encoded[i] ^= 0x10;

        if (decode(coding, encoded, n, PLAIN_MAX, 100) == QC_OK
            && coding == QC_CODING_GZIP
            && !qc_str_eq(out, qc_str(plain, 500)))
        {
            break;
        }

        encoded[i] = last;
    }

    tap_ok(i == n, "%s: each byte changed", name);
}


static void
test_limits(qc_coding_e coding, const char *name)
{
    size_t  n;

    n = encode(coding, plain, 100000);

    tap_ok(decode(coding, encoded, n, 100000, 100) == QC_OK,
           "%s: as much as there may be", name);
    tap_ok(decode(coding, encoded, n, 99999, 100) == QC_NOSPACE,
           "%s: a byte more", name);
    tap_ok(decode(coding, encoded, n, 0, 100) == QC_NOSPACE,
           "%s: nothing may be", name);

    n = encode(coding, plain + PLAIN_MAX / 2, 100000);

    tap_ok(n < 2000, "%s: %zu bytes of zeros", name, n);
    tap_ok(decode(coding, encoded, n, 200000, 100000 / n + 1) == QC_OK,
           "%s: within the ratio", name);
    tap_ok(decode(coding, encoded, n, 200000, 10) == QC_NOSPACE,
           "%s: over the ratio", name);
    tap_ok(decode(coding, encoded, n, 200000, 0) == QC_OK,
           "%s: any ratio", name);
    tap_ok(decode(coding, encoded, n, 200000, SIZE_MAX) == QC_OK,
           "%s: a ratio that is not reached", name);

    n = encode(coding, plain + PLAIN_MAX / 2, 65536);
    tap_ok(decode(coding, encoded, n, 200000, 1) == QC_OK,
           "%s: 64 KB are allowed", name);

    n = encode(coding, plain + PLAIN_MAX / 2, 65537);
    tap_ok(decode(coding, encoded, n, 200000, 1) == QC_NOSPACE,
           "%s: and not more", name);
}


static void
test_memory(qc_coding_e coding, const char *name)
{
    size_t   n;
    qc_rc_e  rc;

    n = encode(coding, plain, 100000);

    for (arena_size = 0; arena_size < 500000; arena_size += 997) {
        rc = decode(coding, encoded, n, 200000, 100);

        if (rc != QC_NOSPACE && rc != QC_OK) {
            break;
        }
    }

    tap_ok(arena_size >= 500000 && rc == QC_OK, "%s: in more and more memory",
           name);

    arena_size = 16 * 1024 * 1024;
}


/* RFC 8878 section 3.1.2, and a window that is too large (3.1.1.1.2). */

static void
test_frames(void)
{
    static const uint8_t  skipped[] = {
        0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 'a', 'b'
    };
    static uint8_t  window[] = {
        0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x68, 0x01, 0x00, 0x00
    };

    tap_ok(decode(QC_CODING_ZSTD, skipped, sizeof(skipped), 100, 100) == QC_OK
           && out.len == 0, "zstd: a frame that is skipped");

    tap_int(decode(QC_CODING_ZSTD, window, sizeof(window), 100, 100), QC_OK,
            "zstd: a window of 8 MB");

    window[5] = 0x70;
    tap_int(decode(QC_CODING_ZSTD, window, sizeof(window), 100, 100), QC_BAD,
            "zstd: a window of 16 MB");
}
