
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * What is merged is a block with all names of both, each with the lines of
 * one of them, and merging the same again changes nothing.  The input is the
 * length of the stored block, that block, and the update.
 */

#include "fuzz.h"
#include "qc_merge.h"


static void check_merge(fuzz_t *f, qc_str_t stored, qc_str_t update);
static void check_lines(qc_str_t stored, qc_str_t update, qc_str_t merged);
static void check_about(qc_str_t stored, qc_str_t update, qc_str_t merged);
static int is_block(qc_str_t block);
static int same_lines(qc_str_t a, qc_str_t b, qc_str_t name);
static int has_line(qc_str_t block, qc_str_t name);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_t    f;
    qc_str_t  stored, update;

    fuzz_init(&f, data, size);

    stored = fuzz_str(&f, fuzz_u16(&f));
    update = fuzz_rest(&f);

    check_merge(&f, stored, update);
    check_merge(&f, update, stored);
    check_merge(&f, stored, stored);

    fuzz_done(&f);

    return 0;
}


static void
check_merge(fuzz_t *f, qc_str_t stored, qc_str_t update)
{
    size_t    len, size;
    qc_rc_e   rc;
    qc_buf_t  out, again;
    qc_str_t  merged;

    size = stored.len + update.len;
    qc_buf_init(&out, fuzz_alloc(f, size), size);

    rc = qc_merge_headers(stored, update, &out);
    merged = qc_buf_written(&out);

    if (stored.len > QC_HEADERS_MAX) {
        fuzz_check(rc == QC_NOSPACE && merged.len == 0);
        return;
    }

    if (rc != QC_OK) {
        fuzz_check(merged.len == 0);
        fuzz_check(!is_block(stored) || !is_block(update)
                   || update.len > QC_HEADERS_MAX);
        fuzz_check(rc == QC_BAD || update.len > QC_HEADERS_MAX);
        return;
    }

    fuzz_check(is_block(stored) && is_block(update) && is_block(merged));
    check_lines(stored, update, merged);
    check_about(stored, update, merged);

    len = merged.len;

    if (len != 0) {
        qc_buf_init(&again, fuzz_alloc(f, len - 1), len - 1);
        fuzz_check(qc_merge_headers(stored, update, &again) == QC_NOSPACE);
    }

    if (len <= QC_HEADERS_MAX) {
        qc_buf_init(&again, fuzz_alloc(f, len), len);
        fuzz_check(qc_merge_headers(merged, update, &again) == QC_OK);
        fuzz_check(qc_str_eq(qc_buf_written(&again), merged));

        qc_buf_init(&again, again.start, len);
        fuzz_check(qc_merge_headers(merged, qc_str("", 0), &again) == QC_OK);
        fuzz_check(qc_str_eq(qc_buf_written(&again), merged));
    }
}


/* Each name has all lines of one block, and these are of the update's. */

static void
check_lines(qc_str_t stored, qc_str_t update, qc_str_t merged)
{
    qc_str_t  rest, name, value;

    static const qc_str_t  etag = qc_string("eTag");
    static const qc_str_t  type = qc_string("content-type");
    static const qc_str_t  cookie = qc_string("set-cookie");

    rest = merged;

    while (qc_headers_next(&rest, &name, &value) == QC_OK) {
        fuzz_check(same_lines(merged, update, name)
                   || same_lines(merged, stored, name));
    }

    rest = stored;

    while (qc_headers_next(&rest, &name, &value) == QC_OK) {
        fuzz_check(has_line(merged, name));
        fuzz_check(has_line(update, name)
                   || same_lines(merged, stored, name));
    }

    fuzz_check(same_lines(merged, stored, type));
    fuzz_check(same_lines(merged, stored, cookie));

    if (has_line(update, etag)
        && !has_line(update, qc_str("connection", 10)))
    {
        fuzz_check(same_lines(merged, update, etag));
    }
}


static void
check_about(qc_str_t stored, qc_str_t update, qc_str_t merged)
{
    if (qc_merge_validates(stored, update)) {
        fuzz_check(qc_merge_validates(merged, update));
    }

    if (qc_merge_same(stored, 5, update, 0, 0)) {
        fuzz_check(qc_merge_same(merged, 5, update, 1, 5));
        fuzz_check(!qc_merge_same(stored, 5, update, 1, 4));
    }
}


static int
is_block(qc_str_t block)
{
    qc_rc_e   rc;
    qc_str_t  name, value;

    do {
        rc = qc_headers_next(&block, &name, &value);
    } while (rc == QC_OK);

    return rc == QC_DONE;
}


/* Whether both have the same values of a field, in the same order. */

static int
same_lines(qc_str_t a, qc_str_t b, qc_str_t name)
{
    qc_rc_e   rca, rcb;
    qc_str_t  na, nb, va, vb;

    for ( ;; ) {

        do {
            rca = qc_headers_next(&a, &na, &va);
        } while (rca == QC_OK && !qc_name_eq(na, name));

        do {
            rcb = qc_headers_next(&b, &nb, &vb);
        } while (rcb == QC_OK && !qc_name_eq(nb, name));

        if (rca != QC_OK || rcb != QC_OK) {
            return rca == rcb;
        }

        if (!qc_str_eq(va, vb)) {
            return 0;
        }
    }
}


static int
has_line(qc_str_t block, qc_str_t name)
{
    qc_str_t  n, v;

    while (qc_headers_next(&block, &n, &v) == QC_OK) {
        if (qc_name_eq(n, name)) {
            return 1;
        }
    }

    return 0;
}
