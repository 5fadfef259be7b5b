
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/* Fields that a record may have besides, and markers. */

#include "sample.h"
#include "tap.h"


#define SUM   "101112131415161718191a1b1c1d1e1f"
#define TEXT  13                     /* fields of the sample */


typedef struct {
    const char  *field;
    const char  *value;
    int          ok;
} change_t;


static void test_golden(void);
static void test_text(void);
static const qc_field_t *replaced(const qc_field_t *fields, size_t n,
    size_t at, qc_field_t field);
static void test_marker(void);


int
main(void)
{
    test_golden();
    test_text();
    test_marker();

    return tap_done();
}


static void
test_golden(void)
{
    size_t       len;
    uint8_t      want[QC_RECORD_MAX];
    qc_buf_t     b;
    qc_record_t  rec, again;

    sample_record(&rec);
    sample_more(&rec);
    len = sample_bytes(SAMPLE_RECORD SAMPLE_MORE, want);

    qc_buf_init(&b, tap_guard(0, NULL, len), len);
    tap_int(qc_record_encode(&rec, &b), QC_OK, "encoded, with more");
    tap_mem(b.start, qc_buf_len(&b), want, len, "its bytes");

    tap_ok(qc_record_decode(&again, qc_str(tap_guard(0, want, len), len))
           == QC_OK && sample_record_eq(&rec, &again), "decoded");

    /* rows and bytes are behind it */

    len -= 22;
    want[len - 34] = 31;
    tap_int(qc_record_decode(&again, qc_str(want, len - 1)), QC_BAD,
            "a digest too short");

    rec.rows = 0;
    rec.bytes = 0;
    qc_buf_init(&b, tap_guard(0, NULL, len), len);
    tap_int(qc_record_encode(&rec, &b), QC_OK, "nothing read is left out");

    memset(rec.digest, 0, QC_SHA256_LEN);
    tap_ok(!qc_record_has_digest(&rec), "no digest");
    qc_buf_init(&b, tap_guard(0, NULL, len - 35), len - 35);
    tap_int(qc_record_encode(&rec, &b), QC_OK, "is left out");
}


static void
test_text(void)
{
    size_t       i, n, at;
    uint8_t      mem[QC_RECORD_SCRATCH];
    qc_buf_t     b;
    qc_field_t   fields[QC_RECORD_FIELDS], one;
    qc_record_t  rec, again;

    static const change_t  want[] = {
        { "swr", "1795149660", 1 },
        { "sie", "1795153200", 1 },
        { "epoch", "1795149000124", 1 },
        { "strict", "1", 1 },
        { "digest", SAMPLE_DIGEST, 1 },
        { "rows", "999", 1 },
        { "bytes", "5000", 1 }
    };

    static const change_t  values[] = {
        { "swr", "0", 1 },
        { "swr", "1795149599", 0 },
        { "swr", "1795149600", 1 },
        { "swr", "1795153200", 1 },
        { "swr", "1795153201", 0 },
        { "swr", "", 0 },
        { "swr", "-1", 0 },
        { "sie", "0", 1 },
        { "sie", "1795149599", 0 },
        { "sie", "1795149600", 1 },
        { "sie", "1795153201", 0 },
        { "sie", "18446744073709551615", 0 },
        { "epoch", "0", 1 },
        { "epoch", "253402300799000", 1 },
        { "epoch", "253402300799001", 0 },
        { "epoch", "1.7e12", 0 },
        { "strict", "0", 1 },
        { "strict", "2", 0 },
        { "strict", "on", 0 },
        { "digest", "", 0 },
        { "digest", SUM, 0 },
        { "digest", SAMPLE_DIGEST "00", 0 },
        { "rows", "0", 1 },
        { "rows", "1152921504606846976", 1 },
        { "rows", "1152921504606846977", 0 },
        { "rows", "-1", 0 },
        { "bytes", "0", 1 },
        { "bytes", "1152921504606846976", 1 },
        { "bytes", "1152921504606846977", 0 },
        { "bytes", "1e3", 0 },
        { "vary", "", 1 },
        { "vary", "accept", 0 }
    };

    sample_record(&rec);
    sample_more(&rec);
    qc_buf_init(&b, mem, sizeof(mem));
    tap_int(qc_record_to_fields(&rec, &b, fields, &n), QC_OK, "more, as text");
    tap_int((long long) n, (long long) (TEXT + 7), "seven fields more");

    for (i = 0; i < 7 && TEXT + i < n; i++) {
        at = TEXT + i;
        tap_mem(fields[at].name.data, fields[at].name.len,
                want[i].field, strlen(want[i].field), want[i].field);
        tap_mem(fields[at].value.data, fields[at].value.len,
                want[i].value, strlen(want[i].value), want[i].value);
    }

    tap_ok(qc_record_from_fields(&again, fields, n) == QC_OK
           && sample_record_eq(&rec, &again), "and back");

    for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        one.name = qc_str(values[i].field, strlen(values[i].field));
        one.value = qc_str(values[i].value, strlen(values[i].value));

        for (at = TEXT; at < n; at++) {
            if (qc_str_eq(fields[at].name, one.name)) {
                break;
            }
        }

        tap_int(qc_record_from_fields(&again,
                                      replaced(fields, n, at, one),
                                      (at == n) ? n + 1 : n),
                values[i].ok ? QC_OK : QC_BAD, values[i].value);
    }
}


/* A copy with another field at this place, which may be behind the last. */

static const qc_field_t *
replaced(const qc_field_t *fields, size_t n, size_t at, qc_field_t field)
{
    static qc_field_t  copy[QC_RECORD_FIELDS + 1];

    memcpy(copy, fields, n * sizeof(qc_field_t));
    copy[at] = field;

    return copy;
}


/* A marker has no body and no headers, and names in one canonical form. */

static void
test_marker(void)
{
    size_t       i, n;
    uint8_t      mem[QC_RECORD_MAX], scratch_mem[QC_RECORD_SCRATCH];
    uint8_t      longest[257];
    qc_buf_t     b, scratch;
    qc_field_t   fields[QC_RECORD_FIELDS];
    qc_record_t  rec, again;

    static const char  *good[] = {
        "accept", "a,b", "a,a-b", "accept,accept-encoding,x!#$%&'*+-.^_`|~"
    };

    static const char  *bad[] = {
        "*", "accept,*", "*,accept", "Accept", "a,B", ",", "a,", ",a",
        "a,,b", "b,a", "a,a", "aa,a", "a, b", "a b", "a:b", "a\r\nb",
        "\xc3\xa9"
    };

    memset(&rec, 0, sizeof(qc_record_t));
    rec.status = 200;
    rec.created = 1795149000;
    rec.fresh = rec.stale = 1795149600;
    memset(rec.object, 0xa0, QC_OBJECT_ID_LEN);

    memset(longest, 'x', sizeof(longest));

    for (i = 0; i < sizeof(good) / sizeof(good[0]) + 1; i++) {
        rec.vary = (i < sizeof(good) / sizeof(good[0]))
                   ? qc_str(good[i], strlen(good[i])) : qc_str(longest, 256);

        qc_buf_init(&b, mem, sizeof(mem));
        qc_buf_init(&scratch, scratch_mem, sizeof(scratch_mem));

        tap_ok(qc_record_encode(&rec, &b) == QC_OK
               && qc_record_decode(&again, qc_buf_written(&b)) == QC_OK
               && sample_record_eq(&rec, &again), "marker %zu, bytes", i);

        tap_ok(qc_record_to_fields(&rec, &scratch, fields, &n) == QC_OK
               && qc_record_from_fields(&again, fields, n) == QC_OK
               && sample_record_eq(&rec, &again), "marker %zu, text", i);
        tap_mem(fields[n - 1].name.data, fields[n - 1].name.len, "vary", 4,
                "its name");
    }

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        rec.vary = qc_str(tap_guard(0, bad[i], strlen(bad[i])),
                          strlen(bad[i]));
        fields[n - 1].value = rec.vary;

        tap_ok(qc_record_check(&rec) == QC_BAD
               && qc_record_from_fields(&again, fields, n) == QC_BAD,
               "no list of names: %s", bad[i]);
    }

    rec.vary = qc_str(longest, 257);
    tap_int(qc_record_check(&rec), QC_BAD, "too long a list");

    rec.vary = qc_str("accept", 6);
    tap_int(qc_record_check(&rec), QC_OK, "a marker");

    rec.size = rec.stored = 1;
    tap_int(qc_record_check(&rec), QC_BAD, "with a body");

    rec.size = rec.stored = 0;
    rec.coding = QC_CODING_GZIP;
    tap_int(qc_record_check(&rec), QC_BAD, "with a coding");

    rec.coding = QC_CODING_NONE;
    rec.headers = qc_str("A: b\r\n", 6);
    tap_int(qc_record_check(&rec), QC_BAD, "with headers");
}
