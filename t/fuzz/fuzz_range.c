
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * What is valid stays so with white space and empty members where a list may
 * have them, and is none in another unit; a list is valid as its parts are.
 */

#include "fuzz.h"
#include "qc_range.h"


#define MAX  512


static int joined(qc_str_t a, const char *between, qc_str_t b);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int       one, two;
    size_t    i, comma;
    fuzz_t    f;
    qc_str_t  s, bytes;

    fuzz_init(&f, data, size);

    s = fuzz_rest(&f);
    bytes = qc_str("bytes=", 6);

    (void) qc_range_valid(s);

    /* as one list of specs, and as two */

    if (s.len > MAX / 2) {
        fuzz_done(&f);
        return 0;
    }

    one = joined(bytes, "", s);

    fuzz_check(joined(qc_str("rows=", 5), "", s) == 0);
    fuzz_check(joined(bytes, " ,\t", s) == one);
    fuzz_check(joined(qc_str("BYTES=", 6), "", s) == one);

    comma = s.len;

    for (i = 0; i < s.len; i++) {
        if (s.data[i] == ',') {
            comma = i;
            break;
        }
    }

    if (comma != s.len && one) {

        /* neither half has what is not valid, though one may be empty */

        two = joined(qc_str("bytes=0-0,", 10), "", qc_str(s.data, comma))
              && joined(qc_str("bytes=0-0,", 10), "",
                        qc_str(s.data + comma + 1, s.len - comma - 1));
        fuzz_check(two);
    }

    fuzz_done(&f);

    return 0;
}


static int
joined(qc_str_t a, const char *between, qc_str_t b)
{
    size_t   n;
    uint8_t  text[MAX];

    n = strlen(between);

    memcpy(text, a.data, a.len);
    memcpy(text + a.len, between, n);

    if (b.len != 0) {
        memcpy(text + a.len + n, b.data, b.len);
    }

    return qc_range_valid(qc_str(text, a.len + n + b.len));
}
