
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * Whatever a decoder accepts passes the check, and survives both encodings.
 * The first byte chooses the text form (pairs of a name from the table or
 * from the input, and a value) or the binary one.
 */

#include "fuzz.h"
#include "../unit/sample.h"


#define PAIRS  32


static qc_rc_e decode_text(fuzz_t *f, qc_record_t *rec);
static void check_record(fuzz_t *f, const qc_record_t *rec);


static const char  *names[] = {
    "v", "status", "created_at", "ttl", "stale", "started", "size_bytes",
    "stored", "cost", "compression", "s3_path", "sum", "namespace",
    "headers", "tags", "swr", "sie", "epoch", "strict", "vary", "digest",
    "rows", "bytes"
};

#define NAMES  (sizeof(names) / sizeof(names[0]))


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_t       f;
    qc_rc_e      rc;
    qc_record_t  rec;

    fuzz_init(&f, data, size);

    if (fuzz_u8(&f) & 1) {
        rc = decode_text(&f, &rec);

    } else {
        rc = qc_record_decode(&rec, fuzz_rest(&f));
    }

    fuzz_check(rc == QC_OK || rc == QC_BAD);

    if (rc == QC_OK) {
        check_record(&f, &rec);
    }

    fuzz_done(&f);

    return 0;
}


static qc_rc_e
decode_text(fuzz_t *f, qc_record_t *rec)
{
    size_t      n;
    unsigned    i;
    qc_field_t  fields[PAIRS];

    for (n = 0; n < PAIRS && f->len != 0; n++) {
        i = fuzz_u8(f) % (NAMES + 1);

        fields[n].name = (i < NAMES) ? qc_str(names[i], strlen(names[i]))
                                     : fuzz_str(f, fuzz_u8(f));
        fields[n].value = fuzz_str(f, fuzz_u16(f));
    }

    return qc_record_from_fields(rec, fields, n);
}


static void
check_record(fuzz_t *f, const qc_record_t *rec)
{
    size_t       n;
    qc_buf_t     b, scratch;
    qc_str_t     bytes;
    qc_field_t   fields[QC_RECORD_FIELDS];
    qc_record_t  by_bytes, by_text;

    fuzz_check(qc_record_check(rec) == QC_OK);

    qc_buf_init(&b, fuzz_alloc(f, QC_RECORD_MAX), QC_RECORD_MAX);
    fuzz_check(qc_record_encode(rec, &b) == QC_OK);

    bytes = fuzz_copy(f, b.start, qc_buf_len(&b));
    fuzz_check(qc_record_decode(&by_bytes, bytes) == QC_OK);
    fuzz_check(sample_record_eq(rec, &by_bytes));

    qc_buf_init(&scratch, fuzz_alloc(f, QC_RECORD_SCRATCH),
                QC_RECORD_SCRATCH);
    fuzz_check(qc_record_to_fields(rec, &scratch, fields, &n) == QC_OK);
    fuzz_check(n <= QC_RECORD_FIELDS);
    fuzz_check(qc_record_from_fields(&by_text, fields, n) == QC_OK);
    fuzz_check(sample_record_eq(rec, &by_text));

    /* no room is no crash */

    n = qc_buf_len(&b) - 1;
    qc_buf_init(&b, fuzz_alloc(f, n), n);
    fuzz_check(qc_record_encode(rec, &b) == QC_NOSPACE);
}
