
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "sample.h"
#include "qc_hash.h"
#include "tap.h"


static void test_sha256(void);
static void test_stream(void);
static void test_hmac(void);


int
main(void)
{
    uint8_t  secret[4] = { 1, 2, 3, 4 };

    test_sha256();
    test_stream();
    test_hmac();

    qc_wipe(secret, sizeof(secret));
    tap_mem(secret, 4, "\0\0\0\0", 4, "a wiped secret is zeroes");

    return tap_done();
}


/* FIPS 180-4, examples of NIST. */

static void
test_sha256(void)
{
    size_t   i, len;
    uint8_t  want[QC_SHA256_LEN], sum[QC_SHA256_LEN];

    static const struct {
        const char  *in;
        const char  *sum;
    } cases[] = {
        { "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852"
              "b855" },
        { "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f2"
                 "0015ad" },
        { "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sample_bytes(cases[i].sum, want);
        len = strlen(cases[i].in);

        tap_ok(qc_sha256(tap_guard(0, cases[i].in, len), len, sum) == QC_OK
               && memcmp(sum, want, sizeof(sum)) == 0,
               "SHA-256 of \"%s\"", cases[i].in);
    }

    sample_bytes(cases[0].sum, want);
    tap_ok(qc_sha256(NULL, 0, sum) == QC_OK
           && memcmp(sum, want, sizeof(sum)) == 0, "SHA-256 of no memory");
}


static void
test_stream(void)
{
    int          same;
    size_t       i, round;
    uint8_t      data[300], want[QC_SHA256_LEN], sum[QC_SHA256_LEN];
    qc_sha256_t  h;

    for (i = 0; i < sizeof(data); i++) {
        data[i] = (uint8_t) (i * 7);
    }

    qc_sha256(data, sizeof(data), want);

    tap_int(qc_sha256_create(&h), QC_OK, "create");

    same = 1;

    for (round = 1; round < 70; round++) {
        same &= (qc_sha256_init(&h) == QC_OK);

        for (i = 0; i < sizeof(data); i += round) {
            qc_sha256_update(&h, data + i,
                             (sizeof(data) - i < round) ? sizeof(data) - i
                                                        : round);
            qc_sha256_update(&h, NULL, 0);
        }

        same &= (qc_sha256_final(&h, sum) == QC_OK);
        same &= (memcmp(sum, want, sizeof(sum)) == 0);
    }

    tap_ok(same, "pieces of every size, one context");

    qc_sha256_destroy(&h);
    qc_sha256_destroy(&h);
    tap_ok(h.ctx == NULL, "destroyed twice");
}


/* RFC 4231. */

static void
test_hmac(void)
{
    uint8_t   key[131], want[QC_SHA256_LEN], sum[QC_SHA256_LEN];
    qc_str_t  data;

    sample_bytes("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964"
                 "ec3843", want);
    data = qc_str("what do ya want for nothing?", 28);

    tap_ok(qc_hmac_sha256(qc_str("Jefe", 4), data, sum) == QC_OK
           && memcmp(sum, want, sizeof(sum)) == 0, "HMAC, case 2");

    memset(key, 0xaa, sizeof(key));
    sample_bytes("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0e"
                 "e37f54", want);
    data = qc_str("Test Using Larger Than Block-Size Key - Hash Key First", 54);

    tap_ok(qc_hmac_sha256(qc_str(key, sizeof(key)), data, sum) == QC_OK
           && memcmp(sum, want, sizeof(sum)) == 0, "HMAC, case 6");

    sample_bytes("b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c7121442"
                 "92c5ad", want);

    tap_ok(qc_hmac_sha256(qc_str(NULL, 0), qc_str(NULL, 0), sum) == QC_OK
           && memcmp(sum, want, sizeof(sum)) == 0, "HMAC of nothing");
}
