
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "body.h"


static void test_round_trips(void);
static void test_wrong_size(void);
static void test_encoder_end(void);
static void test_truncated(void);
static void test_flipped(void);
static void test_trailing(void);
static void test_other_size(void);
static void test_reset(void);
static void test_idle(void);
static void test_level(void);


int
main(void)
{
    test_round_trips();
    test_wrong_size();
    test_encoder_end();
    test_truncated();
    test_flipped();
    test_trailing();
    test_other_size();
    test_reset();
    test_idle();
    test_level();

    return tap_done();
}


static void
test_round_trips(void)
{
    int       good;
    size_t    i, j, k;
    unsigned  coding;

    static const size_t  sizes[] = { 0, 1, 2, 255, 256, 257, 5000, 70000,
                                     BODY_MAX };
    static const size_t  steps[][2] = {
        { WHOLE, WHOLE }, { 1, WHOLE }, { WHOLE, 1 }, { 1, 1 }, { 7, 13 },
        { 32768, 32768 }
    };

    for (coding = QC_CODING_NONE; coding <= QC_CODING_ZSTD; coding++) {
        for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            body(sizes[i]);
            good = 1;

            for (j = 0; j < 6; j++) {
                if (sizes[i] > 5000 && steps[j][0] + steps[j][1] < 32) {
                    continue;
                }

                good &= (encode(&one, (qc_coding_e) coding, 0, sizes[i],
                                steps[j][0], steps[j][1])
                         == QC_DONE);

                for (k = 0; k < 6; k++) {
                    good &= (decode(&one, steps[k][0], steps[k][1])
                             == QC_DONE && is_body(sizes[i]));
                }
            }

            tap_ok(good, "%s of %zu bytes, there and back",
                   name_of(coding),
                   sizes[i]);
        }
    }
}


static void
test_wrong_size(void)
{
    int            good;
    size_t         i;
    qc_rc_e        rc;
    qc_str_t       in;
    qc_buf_t       out;
    unsigned       coding;
    qc_encoder_t  *e;

    static const struct {
        uint64_t     promised;
        size_t       first;
        size_t       second;
    } cases[] = {
        { 0, 1, 0 }, { 1, 0, 0 }, { 10, 9, 0 }, { 10, 5, 4 }, { 10, 11, 0 },
        { 10, 10, 1 }, { 10, 5, 6 }, { 1000, 10, 20 }
    };

    body(100);

    for (coding = QC_CODING_NONE; coding <= QC_CODING_ZSTD; coding++) {
        good = 1;

        for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
            e = qc_encoder_create((qc_coding_e) coding, 0, cases[i].promised);
            qc_buf_init(&out, one.data, sizeof(one.data));

            in = qc_str(plain, cases[i].first);
            rc = qc_encode(e, &in, &out, 0);

            if (rc == QC_OK) {
                in = qc_str(plain, cases[i].second);
                rc = qc_encode(e, &in, &out, 1);
            }

            good &= (rc == QC_BAD);
            in = qc_str(NULL, 0);
            good &= (qc_encode(e, &in, &out, 1) == QC_BAD);
            qc_encoder_destroy(e);
        }

        tap_ok(good, "%s of another size than promised", name_of(coding));
    }
}


static void
test_encoder_end(void)
{
    int            good;
    qc_str_t       in;
    qc_buf_t       out;
    unsigned       coding;
    qc_encoder_t  *e;

    body(100);

    for (coding = QC_CODING_NONE; coding <= QC_CODING_ZSTD; coding++) {
        e = qc_encoder_create((qc_coding_e) coding, 0, 100);
        qc_buf_init(&out, one.data, sizeof(one.data));

        in = qc_str(plain, 100);
        good = (qc_encode(e, &in, &out, 0) == QC_OK);
        good &= (qc_encode(e, &in, &out, 0) == QC_OK);
        good &= (qc_encode(e, &in, &out, 1) == QC_DONE);
        good &= (qc_encode(e, &in, &out, 1) == QC_DONE);

        in = qc_str(plain, 1);
        good &= (qc_encode(e, &in, &out, 1) == QC_BAD);
        qc_encoder_destroy(e);

        e = qc_encoder_create((qc_coding_e) coding, 0, 100);
        in = qc_str(plain, 100);
        qc_buf_init(&out, one.data, 0);
        good &= (qc_encode(e, &in, &out, 1) == QC_OK);
        good &= (qc_encode(e, &in, &out, 0) == QC_BAD);
        qc_encoder_destroy(e);

        tap_ok(good, "%s: the end is the end", name_of(coding));
    }

    tap_ok(qc_encoder_create((qc_coding_e) 3, 0, 1) == NULL,
           "an unknown coding");
}


static void
test_truncated(void)
{
    int       good;
    size_t    len;
    unsigned  coding;

    body(600);

    for (coding = QC_CODING_NONE; coding <= QC_CODING_ZSTD; coding++) {
        encode(&one, (qc_coding_e) coding, 0, 600, WHOLE, WHOLE);
        good = 1;

        for (len = 0; len < one.len; len++) {
            two = one;
            two.len = len;
            good &= (decode(&two, WHOLE, WHOLE) == QC_BAD);
            good &= (decode(&two, 1, 1) == QC_BAD);

            two.record.stored = len;
            good &= (decode(&two, WHOLE, WHOLE) == QC_BAD);
        }

        tap_ok(good, "%s: every truncation is bad", name_of(coding));
    }
}


static void
test_flipped(void)
{
    int       good;
    size_t    i, bit, accepted;
    qc_rc_e   rc;
    unsigned  coding;

    body(600);

    for (coding = QC_CODING_NONE; coding <= QC_CODING_ZSTD; coding++) {
        encode(&one, (qc_coding_e) coding, 0, 600, WHOLE, WHOLE);
        good = 1;
        accepted = 0;

        for (i = 0; i < one.len; i++) {
            for (bit = 0; bit < 8; bit++) {
                two = one;
                two.data[i] = (uint8_t) (two.data[i] ^ (1u << bit));

                rc = decode(&two, WHOLE, WHOLE);
                good &= (rc == QC_BAD || (rc == QC_DONE && is_body(600)));
                accepted += (rc == QC_DONE);
                good &= (decode(&two, 5, 7) == rc);
            }
        }

        /* time and system in a gzip header, bits that only fill a byte */

        tap_ok(good, "%s: no flipped bit changes what is accepted",
               name_of(coding));
        tap_ok(accepted <= ((coding == QC_CODING_NONE) ? 0
                            : (coding == QC_CODING_GZIP) ? 56 : 8),
               "%zu are harmless", accepted);
    }
}


static void
test_trailing(void)
{
    int            good;
    size_t         len;
    qc_str_t       in;
    qc_buf_t       out;
    unsigned       coding;
    qc_decoder_t  *d;

    for (coding = QC_CODING_NONE; coding <= QC_CODING_ZSTD; coding++) {
        good = 1;

        for (len = 0; len <= 600; len += 300) {
            body(len);
            encode(&one, (qc_coding_e) coding, 0, len, WHOLE, WHOLE);

            two = one;
            two.data[two.len++] = 0;
            good &= (decode(&two, WHOLE, WHOLE) == QC_BAD);
            good &= (decode(&two, 1, 1) != QC_DONE);

            two.record.stored++;
            good &= (decode(&two, WHOLE, WHOLE) == QC_BAD);
            good &= (decode(&two, 1, 1) == QC_BAD);

            d = qc_decoder_create(&one.record);
            good &= (decode_with(d, &one, WHOLE, WHOLE) == QC_DONE);

            qc_buf_init(&out, two.data, 10);
            in = qc_str(NULL, 0);
            good &= (qc_decode(d, &in, &out, 1) == QC_DONE);
            in = qc_str("x", 1);
            good &= (qc_decode(d, &in, &out, 1) == QC_BAD);
            in = qc_str(NULL, 0);
            good &= (qc_decode(d, &in, &out, 1) == QC_BAD);
            qc_decoder_destroy(d);
        }

        tap_ok(good, "%s: nothing may follow", name_of(coding));
    }
}


/* The record says more or less than there is: never more than it says. */

static void
test_other_size(void)
{
    int       good;
    size_t    size;
    unsigned  coding;

    body(600);

    for (coding = QC_CODING_NONE; coding <= QC_CODING_ZSTD; coding++) {
        encode(&one, (qc_coding_e) coding, 0, 600, WHOLE, WHOLE);
        good = 1;

        for (size = 0; size < 1200; size++) {
            if (size == 600) {
                continue;
            }

            two = one;
            two.record.size = size;

            good &= (decode(&two, WHOLE, WHOLE) == QC_BAD
                     && delivered_len <= size);
            good &= (decode(&two, 100, 10) == QC_BAD
                     && delivered_len <= size);
        }

        two.record.size = UINT64_MAX;
        good &= (decode(&two, WHOLE, WHOLE) == QC_BAD);

        tap_ok(good, "%s: a body of another size is bad", name_of(coding));
    }
}


static void
test_reset(void)
{
    int            good;
    size_t         i, size;
    qc_decoder_t  *d;

    static const qc_coding_e  codings[] = {
        QC_CODING_ZSTD, QC_CODING_ZSTD, QC_CODING_NONE, QC_CODING_GZIP,
        QC_CODING_GZIP, QC_CODING_NONE, QC_CODING_NONE, QC_CODING_ZSTD
    };

    body(10);
    encode(&one, QC_CODING_GZIP, 0, 10, WHOLE, WHOLE);
    d = qc_decoder_create(&one.record);
    good = 1;

    for (i = 0; i < 8; i++) {
        size = 1000 + i;
        body(size);
        encode(&one, codings[i], 0, size, WHOLE, WHOLE);

        /* left in the middle of one body, then after a bad one */

        two = one;
        two.len /= 2;
        good &= (qc_decoder_reset(d, &two.record) == QC_OK);
        good &= (decode_with(d, &two, 10, 20) == QC_BAD);

        good &= (qc_decoder_reset(d, &one.record) == QC_OK);
        good &= (decode_with(d, &one, 10, 20) == QC_DONE && is_body(size));

        good &= (qc_decoder_reset(d, &one.record) == QC_OK);
        good &= (decode_with(d, &one, WHOLE, WHOLE) == QC_DONE
                 && is_body(size));
    }

    tap_ok(good, "one decoder for all codings in turn");

    one.record.coding = (qc_coding_e) 3;
    tap_int(qc_decoder_reset(d, &one.record), QC_BAD, "an unknown coding");
    qc_decoder_destroy(d);

    tap_ok(qc_decoder_create(&one.record) == NULL, "and none for it");

    qc_decoder_destroy(NULL);
    qc_encoder_destroy(NULL);
}


/* Calls without input or without room neither harm nor help. */

static void
test_idle(void)
{
    int            good;
    size_t         i, fed;
    qc_rc_e        rc;
    qc_str_t       in;
    qc_buf_t       out, none;
    unsigned       coding;
    qc_decoder_t  *d;

    body(600);

    for (coding = QC_CODING_NONE; coding <= QC_CODING_ZSTD; coding++) {
        encode(&one, (qc_coding_e) coding, 0, 600, WHOLE, WHOLE);
        d = qc_decoder_create(&one.record);
        qc_buf_init(&out, delivered, sizeof(delivered));
        qc_buf_init(&none, NULL, 0);
        good = 1;
        rc = QC_OK;

        for (fed = 0; fed < one.len && rc == QC_OK; fed++) {
            for (i = 0; i < 40; i++) {
                in = qc_str(NULL, 0);
                good &= (qc_decode(d, &in, &out, 0) == QC_OK);
                good &= (qc_decode(d, &in, &none, 0) == QC_OK);
            }

            in = qc_str(one.data + fed, 1);
            rc = qc_decode(d, &in, &out, 0);
        }

        delivered_len = qc_buf_len(&out);
        tap_ok(good && rc == QC_DONE && fed == one.len && is_body(600),
               "%s: idle calls", name_of(coding));
        qc_decoder_destroy(d);
    }
}


static void
test_level(void)
{
    int       good, level;
    unsigned  coding;

    body(BODY_MAX);

    for (coding = QC_CODING_GZIP; coding <= QC_CODING_ZSTD; coding++) {
        good = 1;

        for (level = -1; level <= 30; level += (level < 9) ? 5 : 21) {
            good &= (encode(&one, (qc_coding_e) coding, level, BODY_MAX,
                            32768, 32768)
                     == QC_DONE);
            good &= (decode(&one, 32768, 32768) == QC_DONE
                     && is_body(BODY_MAX));
        }

        tap_ok(good, "%s: levels, sensible or not", name_of(coding));
    }
}
