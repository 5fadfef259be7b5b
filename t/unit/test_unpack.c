
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_unpack.h"
#include "tap.h"

#include <zlib.h>
#include <zstd.h>


#define PLAIN_MAX    200000
#define ENCODED_MAX  (4 * PLAIN_MAX)


static void make_plain(void);
static void encode(qc_coding_e coding, const uint8_t *data, size_t len);
static void encode_zstd(const uint8_t *data, size_t len, ZSTD_cParameter p,
    int value);
static void append(const void *data, size_t len);
static qc_rc_e decode(qc_coding_e coding, size_t piece, size_t room);
static void test_whole(qc_coding_e coding, const char *name);
static void test_several(qc_coding_e coding, const char *name);
static void test_cut(qc_coding_e coding, const char *name);
static void test_behind(qc_coding_e coding, const char *name);
static void test_damage(qc_coding_e coding, const char *name);
static void test_frames(void);
static void test_magic(void);
static void test_memory(void);
static void test_none(void);


static const size_t  pieces[] = { 1, 7, 4096, ENCODED_MAX };

static uint8_t       plain[PLAIN_MAX];
static uint8_t       encoded[ENCODED_MAX];
static size_t        encoded_len;
static uint8_t       output[ENCODED_MAX];
static size_t        output_len;
static int           ended;
static size_t        memory;


int
main(void)
{
    make_plain();

    test_whole(QC_CODING_GZIP, "gzip");
    test_whole(QC_CODING_ZSTD, "zstd");
    test_several(QC_CODING_GZIP, "gzip");
    test_several(QC_CODING_ZSTD, "zstd");
    test_cut(QC_CODING_GZIP, "gzip");
    test_cut(QC_CODING_ZSTD, "zstd");
    test_behind(QC_CODING_GZIP, "gzip");
    test_behind(QC_CODING_ZSTD, "zstd");
    test_damage(QC_CODING_GZIP, "gzip");
    test_damage(QC_CODING_ZSTD, "zstd");
    test_frames();
    test_magic();
    test_memory();
    test_none();

    return tap_done();
}


/* Half of it random, half of it zeros. */

static void
make_plain(void)
{
    size_t    i;
    uint32_t  x;

    for (i = 0, x = 1; i < PLAIN_MAX / 2; i++) {
        x = x * 1103515245 + 12345;
        plain[i] = (uint8_t) (x >> 16);
    }
}


/* One more member or frame behind what is there. */

static void
encode(qc_coding_e coding, const uint8_t *data, size_t len)
{
    z_stream  z;

    if (coding == QC_CODING_ZSTD) {
        encode_zstd(data, len, ZSTD_c_checksumFlag, 1);
        return;
    }

    memset(&z, 0, sizeof(z));

    if (deflateInit2(&z, 9, Z_DEFLATED, MAX_WBITS + 16, 8,
                     Z_DEFAULT_STRATEGY)
        != Z_OK)
    {
        return;
    }

    z.next_in = (Bytef *) (uintptr_t) data;
    z.avail_in = (uInt) len;
    z.next_out = encoded + encoded_len;
    z.avail_out = (uInt) (sizeof(encoded) - encoded_len);

    (void) deflate(&z, Z_FINISH);

    encoded_len += z.total_out;
    (void) deflateEnd(&z);
}


/* As a stream: without its size in the frame. */

static void
encode_zstd(const uint8_t *data, size_t len, ZSTD_cParameter p, int value)
{
    ZSTD_CCtx       *c;
    ZSTD_inBuffer    in;
    ZSTD_outBuffer   out;

    c = ZSTD_createCCtx();

    (void) ZSTD_CCtx_setParameter(c, p, value);

    in.src = data;
    in.size = len;
    in.pos = 0;

    out.dst = encoded;
    out.size = sizeof(encoded);
    out.pos = encoded_len;

    (void) ZSTD_compressStream2(c, &out, &in, ZSTD_e_continue);

    while (ZSTD_compressStream2(c, &out, &in, ZSTD_e_end) != 0) {
        /* void */
    }

    encoded_len = out.pos;
    (void) ZSTD_freeCCtx(c);
}


static void
append(const void *data, size_t len)
{
    memcpy(encoded + encoded_len, data, len);
    encoded_len += len;
}


/* In pieces, to buffers of room bytes, each of which ends at a page. */

static qc_rc_e
decode(qc_coding_e coding, size_t piece, size_t room)
{
    size_t        pos, n;
    qc_rc_e       rc;
    qc_str_t      in;
    qc_buf_t      out;
    qc_unpack_t  *u;

    u = qc_unpack_create(coding);
    rc = QC_OK;
    output_len = 0;
    memory = 0;

    for (pos = 0; pos < encoded_len && rc == QC_OK; pos += n) {

        n = (piece < encoded_len - pos) ? piece : encoded_len - pos;
        n = (n < TAP_SLOT_SIZE) ? n : TAP_SLOT_SIZE;

        in = qc_str(tap_guard(0, encoded + pos, n), n);

        do {
            qc_buf_init(&out, tap_guard(1, NULL, room), room);

            rc = qc_unpack(u, &in, &out);

            if (qc_buf_len(&out) > sizeof(output) - output_len) {
                rc = QC_NOSPACE;
                break;
            }

            memcpy(output + output_len, out.start, qc_buf_len(&out));
            output_len += qc_buf_len(&out);

        } while (rc == QC_OK && (in.len != 0 || out.pos == out.end));
    }

    memory = qc_unpack_memory(u);
    ended = qc_unpack_ended(u);

    qc_unpack_destroy(u);

    return rc;
}


static void
test_whole(qc_coding_e coding, const char *name)
{
    size_t               i, j, n;
    static const size_t  sizes[] = { 0, 1, 100, 32768, 65536, PLAIN_MAX };

    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {

        n = sizes[i];
        encoded_len = 0;
        encode(coding, plain, n);

        for (j = 0; j < sizeof(pieces) / sizeof(pieces[0]); j++) {
            tap_ok(decode(coding, pieces[j], 32768) == QC_OK && ended
                   && output_len == n && memcmp(output, plain, n) == 0,
                   "%s: %zu bytes, in pieces of %zu", name, n, pieces[j]);
        }

        if (n <= 32768) {
            tap_ok(decode(coding, 100, 1) == QC_OK && ended
                   && output_len == n && memcmp(output, plain, n) == 0,
                   "%s: %zu bytes, byte by byte", name, n);
        }
    }
}


static void
test_several(qc_coding_e coding, const char *name)
{
    size_t  i, n;

    encoded_len = 0;

    for (i = 0, n = 0; i < 5; i++) {
        encode(coding, plain + n, i * i * 1000);
        n += i * i * 1000;
    }

    for (i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        tap_ok(decode(coding, pieces[i], 1000) == QC_OK && ended
               && output_len == n && memcmp(output, plain, n) == 0,
               "%s: five, in pieces of %zu", name, pieces[i]);
    }
}


/* At each byte of two of them: it may end behind the first only. */

static void
test_cut(qc_coding_e coding, const char *name)
{
    size_t  i, first, all, bad;

    encoded_len = 0;
    encode(coding, plain, 500);
    first = encoded_len;
    encode(coding, plain, 100);
    all = encoded_len;

    for (i = 0, bad = 0; i < all; i++) {
        encoded_len = i;

        if (decode(coding, ENCODED_MAX, 4096) != QC_OK
            || ended != (i == first))
        {
            bad++;
        }
    }

    tap_int((long long) bad, 0, name);
}


static void
test_behind(qc_coding_e coding, const char *name)
{
    size_t                i, len;
    qc_rc_e               rc;
    static const uint8_t  zeros[512];

    for (i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        encoded_len = 0;
        encode(coding, plain, 500);
        len = encoded_len;

        append("x", 1);
        rc = decode(coding, pieces[i], 4096);
        tap_ok((rc == QC_BAD || rc == QC_OK) && !ended,
               "%s: a byte behind it, in pieces of %zu", name, pieces[i]);

        encoded_len = len;
        append(zeros, sizeof(zeros));
        tap_ok(decode(coding, pieces[i], 4096) == QC_BAD && !ended,
               "%s: zeros behind it, in pieces of %zu", name, pieces[i]);
    }
}


/* What the library does not notice in a header must not matter. */

static void
test_damage(qc_coding_e coding, const char *name)
{
    size_t   i, bad;
    qc_rc_e  rc;

    encoded_len = 0;
    encode(coding, plain, 1000);

    for (i = 0, bad = 0; i < 8 * encoded_len; i++) {
        encoded[i / 8] ^= (uint8_t) (1 << (i % 8));

        rc = decode(coding, 100, 4096);

        if (rc == QC_OK && ended
            && (output_len != 1000 || memcmp(output, plain, 1000) != 0))
        {
            bad++;
        }

        encoded[i / 8] ^= (uint8_t) (1 << (i % 8));
    }

    tap_int((long long) bad, 0, name);
}


/* RFC 8878 sections 3.1.1.1.2 and 3.1.2, RFC 9659. */

static void
test_frames(void)
{
    static const uint8_t  skipped[] = {
        0x5f, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 'a', 'b'
    };

    encoded_len = 0;
    append(skipped, sizeof(skipped));
    encode_zstd(plain, 1000, ZSTD_c_checksumFlag, 0);
    append(skipped, sizeof(skipped));

    tap_ok(decode(QC_CODING_ZSTD, 3, 100) == QC_OK && ended
           && output_len == 1000 && memcmp(output, plain, 1000) == 0,
           "zstd: frames that are skipped");

    encoded_len = 0;
    encode_zstd(plain, PLAIN_MAX, ZSTD_c_windowLog, 23);

    tap_ok(decode(QC_CODING_ZSTD, 4096, 32768) == QC_OK && ended
           && output_len == PLAIN_MAX, "zstd: a window of 8 MB");
    tap_ok(memory > 8 * 1024 * 1024 && memory < 9 * 1024 * 1024,
           "zstd: and its memory, %zu bytes", memory);

    encoded_len = 0;
    encode_zstd(plain, PLAIN_MAX, ZSTD_c_windowLog, 24);

    tap_int(decode(QC_CODING_ZSTD, 4096, 32768), QC_BAD,
            "zstd: a window of 16 MB");
}


static void
test_magic(void)
{
    unsigned  i, bad;

    /* 0x22 to 0x27: formats before RFC 8878; gzip: 1f 8b */

    for (i = 0, bad = 0; i < 256; i++) {
        encoded_len = 0;
        encode(QC_CODING_ZSTD, plain, 1000);
        encoded[0] = (uint8_t) i;

        if (i != 0x28 && (i & 0xf0) != 0x50) {
            bad += (decode(QC_CODING_ZSTD, 1, 100) != QC_BAD);
        }

        encoded_len = 0;
        encode(QC_CODING_GZIP, plain, 1000);
        encoded[0] = (uint8_t) i;

        bad += (i != 0x1f && decode(QC_CODING_GZIP, 1, 100) != QC_BAD);
    }

    tap_int(bad, 0, "no other formats");
}


static void
test_memory(void)
{
    encoded_len = 0;
    encode(QC_CODING_GZIP, plain, 1000);

    (void) decode(QC_CODING_GZIP, 1000, 1000);
    tap_ok(memory > 32768 && memory < 65536, "gzip: %zu bytes", memory);
}


static void
test_none(void)
{
    qc_str_t      in;
    qc_buf_t      out;
    qc_unpack_t  *u;

    tap_ok(qc_unpack_create(QC_CODING_NONE) == NULL, "none is no coding");
    qc_unpack_destroy(NULL);

    encoded_len = 0;
    tap_ok(decode(QC_CODING_GZIP, 1, 1) == QC_OK && !ended, "no input");

    u = qc_unpack_create(QC_CODING_GZIP);
    in = qc_str("no", 2);
    qc_buf_init(&out, output, 10);

    tap_int(qc_unpack(u, &in, &out), QC_BAD, "bad");

    in = qc_str(NULL, 0);
    tap_int(qc_unpack(u, &in, &out), QC_BAD, "and stays so");
    tap_int(qc_unpack_ended(u), 0, "and does not end");

    qc_unpack_destroy(u);
}
