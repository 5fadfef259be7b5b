
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * What the libraries would accept, and the decoder does not; and what the
 * encoder writes.
 */

#define ZLIB_CONST
#include <zlib.h>
#include <zstd.h>

#include "body.h"


static void test_zstd_frame(void);
static void test_zstd_window(void);
static size_t zstd_frame(uint8_t *out, ZSTD_cParameter param, int value,
    int streamed);
static void test_zstd_strict(void);
static size_t zlib_stream(uint8_t *out, int bits);
static void test_gzip_strict(void);


int
main(void)
{
    test_zstd_frame();
    test_zstd_window();
    test_zstd_strict();
    test_gzip_strict();

    return tap_done();
}


static void
test_zstd_frame(void)
{
    body(100000);
    encode(&one, QC_CODING_ZSTD, 0, 100000, WHOLE, WHOLE);

    tap_ok(ZSTD_getFrameContentSize(one.data, one.len) == 100000,
           "zstd: the size is in the frame");
    tap_ok((one.data[4] & 0x24) == 0x24, "zstd: checksum, single segment");
    tap_ok(ZSTD_findFrameCompressedSize(one.data, one.len) == one.len,
           "zstd: one frame");
    tap_ok(one.len < 60000, "zstd: it does compress");
}


/* A body that the highest level would like a larger window for. */

static void
test_zstd_window(void)
{
    int            i;
    qc_str_t       in;
    qc_buf_t       out;
    qc_encoder_t  *e;

    body(BODY_MAX);
    e = qc_encoder_create(QC_CODING_ZSTD, 19, 20 * BODY_MAX);
    one.len = 0;

    for (i = 1; i <= 20; i++) {
        in = qc_str(plain, BODY_MAX);
        qc_buf_init(&out, one.data + one.len, sizeof(one.data) - one.len);

        while (in.len != 0 && qc_encode(e, &in, &out, i == 20) == QC_OK) {
            /* void */
        }

        one.len += qc_buf_len(&out);
    }

    qc_encoder_destroy(e);

    tap_ok((one.data[4] & 0x24) == 0x04
           && one.data[5] == (QC_ZSTD_WINDOW_LOG - 10) << 3,
           "zstd: the window is capped");
    tap_ok(ZSTD_getFrameContentSize(one.data, one.len) == 20 * BODY_MAX,
           "zstd: the size is in the frame all the same");
}


/* A frame of 600 bytes as the library makes it, with one parameter set. */

static size_t
zstd_frame(uint8_t *out, ZSTD_cParameter param, int value, int streamed)
{
    ZSTD_CCtx       *c;
    ZSTD_inBuffer    i = { plain, 600, 0 };
    ZSTD_outBuffer   o = { out, 2000, 0 };

    c = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1);
    ZSTD_CCtx_setParameter(c, param, value);

    if (streamed) {
        ZSTD_compressStream2(c, &o, &i, ZSTD_e_continue);
    }

    ZSTD_compressStream2(c, &o, &i, ZSTD_e_end);
    ZSTD_freeCCtx(c);

    return o.pos;
}


static void
test_zstd_strict(void)
{
    size_t    i, n;
    uint8_t  *p;

    static const struct {
        const char      *name;
        ZSTD_cParameter  param;
        int              value;
        int              streamed;
        int              rc;
    } cases[] = {
        { "as it should be", ZSTD_c_compressionLevel, 3, 0, QC_DONE },
        { "no checksum", ZSTD_c_checksumFlag, 0, 0, QC_BAD },
        { "no size", ZSTD_c_contentSizeFlag, 0, 0, QC_BAD },
        { "no size, streamed", ZSTD_c_compressionLevel, 1, 1, QC_BAD }
    };

    static const uint8_t  skippable[] = { 0x50, 0x2a, 0x4d, 0x18,
                                          4, 0, 0, 0, 'a', 'b', 'c', 'd' };

    body(600);
    memset(&two.record, 0, sizeof(two.record));
    two.record.coding = QC_CODING_ZSTD;
    two.record.size = 600;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        two.len = zstd_frame(two.data, cases[i].param, cases[i].value,
                             cases[i].streamed);
        two.record.stored = two.len;

        tap_ok((int) decode(&two, WHOLE, WHOLE) == cases[i].rc
               && (int) decode(&two, 1, 1) == cases[i].rc,
               "zstd: %s", cases[i].name);
    }

    n = zstd_frame(two.data, ZSTD_c_compressionLevel, 1, 0);
    memcpy(two.data + n, skippable, sizeof(skippable));
    two.len = two.record.stored = n + sizeof(skippable);
    tap_ok(decode(&two, WHOLE, WHOLE) == QC_BAD
           && decode(&two, 1, 1) == QC_BAD, "zstd: skippable frame behind");

    memcpy(two.data, skippable, sizeof(skippable));
    zstd_frame(two.data + sizeof(skippable), ZSTD_c_compressionLevel, 1, 0);
    tap_ok(decode(&two, WHOLE, WHOLE) == QC_BAD
           && decode(&two, 1, 1) == QC_BAD, "zstd: skippable frame before");

    zstd_frame(two.data, ZSTD_c_compressionLevel, 1, 0);
    zstd_frame(two.data + n, ZSTD_c_compressionLevel, 1, 0);
    two.len = two.record.stored = 2 * n;
    tap_ok(decode(&two, WHOLE, WHOLE) == QC_BAD, "zstd: two frames");

    two.record.size = 1200;
    tap_ok(decode(&two, WHOLE, WHOLE) == QC_BAD, "zstd: two frames, as one");

    /* a raw block of nothing, in a frame with a window of 8 and of 16 MB */

    for (i = 13; i <= 14; i++) {
        p = two.data;
        memcpy(p, "\x28\xb5\x2f\xfd\x84", 5);
        p[5] = (uint8_t) (i << 3);
        memcpy(p + 6, "\0\0\0\0\x01\0\0\x99\xe9\xd8\x51", 11);
        two.record.size = 0;
        two.record.stored = two.len = 17;

        tap_int(decode(&two, WHOLE, WHOLE), (i == 13) ? QC_DONE : QC_BAD,
                "zstd: a window of 8 MB, but not of 16");
        tap_int(decode(&two, 1, 1), (i == 13) ? QC_DONE : QC_BAD,
                "zstd: the same byte by byte");
    }

    two.data[5] = 13 << 3 | 1;
    tap_int(decode(&two, WHOLE, WHOLE), QC_BAD, "zstd: not even of 9 MB");

    two.data[5] = 13 << 3;
    two.data[4] |= 0x08;
    tap_int(decode(&two, WHOLE, WHOLE), QC_BAD, "zstd: the reserved bit");

    two.data[4] = 0x84 | 0x10;
    tap_int(decode(&two, WHOLE, WHOLE), QC_BAD, "zstd: the unused bit");
}


static size_t
zlib_stream(uint8_t *out, int bits)
{
    z_stream  z;

    memset(&z, 0, sizeof(z));
    deflateInit2(&z, 1, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY);

    z.next_in = plain;
    z.avail_in = 600;
    z.next_out = out;
    z.avail_out = 2000;

    deflate(&z, Z_FINISH);
    deflateEnd(&z);

    return z.total_out;
}


static void
test_gzip_strict(void)
{
    size_t  n;

    body(600);
    memset(&two.record, 0, sizeof(two.record));
    two.record.coding = QC_CODING_GZIP;
    two.record.size = 600;

    two.len = two.record.stored = n = zlib_stream(two.data, 15 + 16);
    tap_int(decode(&two, WHOLE, WHOLE), QC_DONE, "gzip: as it should be");

    two.len = two.record.stored = n + zlib_stream(two.data + n, 15 + 16);
    tap_int(decode(&two, WHOLE, WHOLE), QC_BAD, "gzip: two members");
    two.record.size = 1200;
    tap_int(decode(&two, WHOLE, WHOLE), QC_BAD, "gzip: two members, as one");
    two.record.size = 600;

    two.len = two.record.stored = zlib_stream(two.data, 15);
    tap_int(decode(&two, WHOLE, WHOLE), QC_BAD, "gzip: a zlib stream");

    two.len = two.record.stored = zlib_stream(two.data, -15);
    tap_int(decode(&two, WHOLE, WHOLE), QC_BAD, "gzip: a raw stream");
}
