
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * Accept-Encoding: any bytes; space around items changes nothing, and neither
 * does what is appended for another coding.
 */

#include "fuzz.h"
#include "qc_accept.h"


static int accepts(fuzz_t *f, const char *before, qc_str_t value,
    const char *behind);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int       want;
    fuzz_t    f;
    qc_str_t  value;

    fuzz_init(&f, data, size);
    value = fuzz_rest(&f);

    want = qc_accepts_coding(value, QC_CODING_ZSTD);

    fuzz_check(want == 0 || want == 1);
    fuzz_check(accepts(&f, " ,\t", value, " , ") == want);
    fuzz_check(accepts(&f, "br;q=1,", value, ",gzip;q=0") == want);
    fuzz_check(accepts(&f, "", value, ",zstd;q=0") == 0);
    fuzz_check(accepts(&f, "", value, ",zstd") == 1);

    (void) qc_list_names(value, qc_str("accept-encoding", 15));

    fuzz_done(&f);

    return 0;
}


static int
accepts(fuzz_t *f, const char *before, qc_str_t value, const char *behind)
{
    size_t    len;
    uint8_t  *p;

    len = strlen(before) + value.len + strlen(behind);
    p = fuzz_alloc(f, len);

    memcpy(p, before, strlen(before));

    if (value.len != 0) {
        memcpy(p + strlen(before), value.data, value.len);
    }

    memcpy(p + len - strlen(behind), behind, strlen(behind));

    return qc_accepts_coding(qc_str(p, len), QC_CODING_ZSTD);
}
