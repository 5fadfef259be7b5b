
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * The last weight counts, and nothing of a field that is malformed; what is
 * written is a field with the bytes of the sum.
 */

#include "fuzz.h"
#include "qc_digest.h"
#include "qc_sf.h"


static void check_write(fuzz_t *f, qc_str_t s);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int       valid;
    fuzz_t    f;
    qc_rc_e   rc;
    qc_str_t  lines[2], rest;

    qc_sf_member_t  m;

    fuzz_init(&f, data, size);

    lines[0] = fuzz_rest(&f);
    rest = lines[0];

    while ((rc = qc_sf_next(&rest, &m)) == QC_OK) { /* void */ }

    valid = (rc == QC_DONE);

    fuzz_check(valid || !qc_digest_wanted(lines, 1));

    lines[1] = qc_str("sha-256=10", 10);
    fuzz_check(qc_digest_wanted(lines, 2) == valid);

    lines[1] = qc_str("sha-256=0", 9);
    fuzz_check(!qc_digest_wanted(lines, 2));

    lines[1] = qc_str("", 0);
    fuzz_check(qc_digest_wanted(lines, 2) == qc_digest_wanted(lines, 1));

    check_write(&f, lines[0]);

    fuzz_done(&f);

    return 0;
}


static void
check_write(fuzz_t *f, qc_str_t s)
{
    size_t    i;
    uint8_t   sum[QC_SHA256_LEN], back[QC_SHA256_LEN], digits[43];
    qc_buf_t  b;
    qc_str_t  field;

    qc_sf_member_t  m;

    for (i = 0; i < sizeof(sum); i++) {
        sum[i] = (i < s.len) ? s.data[i] : 0;
    }

    qc_buf_init(&b, fuzz_alloc(f, QC_DIGEST_FIELD), QC_DIGEST_FIELD);
    qc_digest_write(&b, sum);
    fuzz_check(qc_buf_status(&b) == QC_OK
               && qc_buf_len(&b) == QC_DIGEST_FIELD);

    field = qc_buf_written(&b);
    fuzz_check(qc_sf_next(&field, &m) == QC_OK && field.len == 0);
    fuzz_check(qc_str_eq(m.key, qc_str("sha-256", 7)));
    fuzz_check(m.type == QC_SF_BYTES && m.text.len == 44);

    for (i = 0; i < sizeof(digits); i++) {
        digits[i] = m.text.data[i];
        digits[i] = (digits[i] == '+') ? '-' : digits[i];
        digits[i] = (digits[i] == '/') ? '_' : digits[i];
    }

    qc_buf_init(&b, back, sizeof(back));
    fuzz_check(qc_parse_base64url(qc_str(digits, sizeof(digits)), &b)
               == QC_OK);
    fuzz_check(memcmp(back, sum, sizeof(sum)) == 0);
}
