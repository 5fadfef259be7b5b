
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/* A block that can be walked is the lines it was walked in, and no more. */

#include "fuzz.h"
#include "qc_headers.h"


static void check_block(fuzz_t *f, qc_str_t block);
static void check_line(fuzz_t *f, qc_str_t name, qc_str_t value);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_t    f;
    qc_str_t  name;

    fuzz_init(&f, data, size);
    check_block(&f, fuzz_rest(&f));

    fuzz_done(&f);
    fuzz_init(&f, data, size);

    name = fuzz_str(&f, fuzz_u8(&f));
    check_line(&f, name, fuzz_rest(&f));
    fuzz_done(&f);

    return 0;
}


static void
check_block(fuzz_t *f, qc_str_t block)
{
    char      text[256];
    qc_rc_e   rc;
    qc_str_t  rest, before, name, value, found;
    qc_buf_t  again;

    rest = block;
    qc_buf_init(&again, fuzz_alloc(f, block.len), block.len);

    for ( ;; ) {
        before = rest;
        rc = qc_headers_next(&rest, &name, &value);

        if (rc != QC_OK) {
            break;
        }

        fuzz_check(rest.len < before.len);
        fuzz_check(rest.data == value.data + value.len + 2);
        qc_headers_add(&again, name, value);
        fuzz_check(qc_buf_status(&again) == QC_OK);

        if (name.len < sizeof(text)) {
            memcpy(text, name.data, name.len);
            text[name.len] = '\0';
            found = qc_headers_find(block, text);
            fuzz_check(found.data != NULL && found.data <= value.data);
        }
    }

    fuzz_check(rest.data == before.data && rest.len == before.len);
    fuzz_check(block.len == 0
               || memcmp(again.start, block.data, qc_buf_len(&again)) == 0);
    fuzz_check((rc == QC_DONE) == (qc_buf_len(&again) == block.len));
}


static void
check_line(fuzz_t *f, qc_str_t name, qc_str_t value)
{
    size_t    size;
    qc_buf_t  b;
    qc_str_t  block, n, v;

    size = name.len + value.len + 4;
    qc_buf_init(&b, fuzz_alloc(f, size), size);
    qc_headers_add(&b, name, value);

    if (qc_buf_status(&b) != QC_OK) {
        fuzz_check(qc_buf_len(&b) == 0);
        return;
    }

    block = qc_buf_written(&b);
    fuzz_check(qc_headers_next(&block, &n, &v) == QC_OK
               && qc_str_eq(n, name) && qc_str_eq(v, value)
               && qc_headers_next(&block, &n, &v) == QC_DONE);

    qc_buf_init(&b, b.start, size - 1);
    qc_headers_add(&b, name, value);
    fuzz_check(qc_buf_status(&b) == QC_NOSPACE && qc_buf_len(&b) == 0);
}
