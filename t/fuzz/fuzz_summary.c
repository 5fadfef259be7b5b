
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * Numbers are within their bound, none are left of what is not valid, and
 * what is valid says the same with white space around it and with one more
 * member.
 */

#include "fuzz.h"
#include "qc_summary.h"


#define MEMBER  "{\"x\":\"\\\"\","


static void check_same(const qc_summary_t *a, qc_str_t value);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    qc_rc_e       rc;
    fuzz_t        f;
    size_t        i, n;
    uint8_t      *p;
    qc_str_t      s;
    qc_summary_t  out, none;

    fuzz_init(&f, data, size);

    s = fuzz_rest(&f);
    memset(&none, 0, sizeof(none));

    rc = qc_summary(s, &out);

    fuzz_check(rc == QC_OK || rc == QC_BAD);
    fuzz_check(out.rows <= QC_SUMMARY_MAX && out.bytes <= QC_SUMMARY_MAX
               && out.elapsed <= QC_SUMMARY_MAX);

    if (rc == QC_BAD) {
        fuzz_check(memcmp(&out, &none, sizeof(out)) == 0);
        fuzz_done(&f);
        return 0;
    }

    p = fuzz_alloc(&f, s.len + 2);
    p[0] = '\t';
    memcpy(p + 1, s.data, s.len);
    p[s.len + 1] = ' ';
    check_same(&out, qc_str(p, s.len + 2));

    /* another member in front of those that are there */

    for (i = 0; s.data[i] != '{'; i++) {
        /* void */
    }

    if (memchr(s.data, '"', s.len) == NULL) {
        fuzz_done(&f);
        return 0;
    }

    n = sizeof(MEMBER) - 1;
    p = fuzz_alloc(&f, s.len - i - 1 + n);
    memcpy(p, MEMBER, n);
    memcpy(p + n, s.data + i + 1, s.len - i - 1);
    check_same(&out, qc_str(p, s.len - i - 1 + n));

    fuzz_done(&f);

    return 0;
}


static void
check_same(const qc_summary_t *a, qc_str_t value)
{
    qc_summary_t  b;

    fuzz_check(qc_summary(value, &b) == QC_OK);
    fuzz_check(memcmp(a, &b, sizeof(b)) == 0);
}
