
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "sample.h"
#include "tap.h"


#define NAME      "1/a0/a1a2a3a4a5a6a7a8a9aaabacadaeaf"
#define SUM       "101112131415161718191a1b1c1d1e1f"


typedef struct {
    const char  *name;
    const char  *value;
} pair_t;


/* What is changed in the sample's text form, and whether it is accepted. */

typedef struct {
    const char  *field;
    const char  *value;      /* NULL: left out */
    int          ok;
} change_t;


static const pair_t  text[] = {
    { "v", "1" },
    { "status", "200" },
    { "created_at", "1795149000" },
    { "ttl", "600" },
    { "stale", "1795153200" },
    { "started", "1795149000123" },
    { "size_bytes", "1000" },
    { "stored", "321" },
    { "cost", "45" },
    { "compression", "zstd" },
    { "s3_path", NAME },
    { "namespace", "team:7" },
    { "headers", SAMPLE_HEADERS }
};

#define TEXT  (sizeof(text) / sizeof(text[0]))


static const change_t  changes[] = {
    { "v", NULL, 0 },
    { "v", "0", 0 },
    { "v", "2", 0 },
    { "v", "", 0 },
    { "v", "1.0", 0 },
    { "status", NULL, 0 },
    { "status", "199", 0 },
    { "status", "200", 1 },
    { "status", "599", 1 },
    { "status", "600", 0 },
    { "status", "-200", 0 },
    { "status", "18446744073709551816", 0 },
    { "created_at", NULL, 0 },
    { "created_at", "", 0 },
    { "created_at", "1795149000.5", 0 },
    { "created_at", "253402300800", 0 },
    { "created_at", "18446744073709551615", 0 },
    { "ttl", NULL, 0 },
    { "ttl", "0", 1 },
    { "ttl", "-1", 0 },
    { "ttl", "4200", 1 },
    { "ttl", "4201", 0 },
    { "ttl", "18446744073709551615", 0 },
    { "ttl", "18446744071914402615", 0 },
    { "stale", NULL, 1 },
    { "stale", "1795149600", 1 },
    { "stale", "1795149599", 0 },
    { "stale", "0", 0 },
    { "stale", "", 0 },
    { "stale", "253402300799", 1 },
    { "stale", "253402300800", 0 },
    { "started", NULL, 0 },
    { "started", "253402300799000", 1 },
    { "started", "253402300799001", 0 },
    { "size_bytes", NULL, 0 },
    { "size_bytes", "0", 1 },
    { "size_bytes", "1099511627776", 1 },
    { "size_bytes", "1099511627777", 0 },
    { "stored", NULL, 0 },
    { "stored", "1099511627777", 0 },
    { "cost", NULL, 1 },
    { "cost", "0", 1 },
    { "cost", "x", 0 },
    { "cost", "253402300800", 0 },
    { "compression", NULL, 0 },
    { "compression", "gzip", 1 },
    { "compression", "none", 0 },
    { "compression", "zst", 0 },
    { "compression", "", 0 },
    { "s3_path", NULL, 0 },
    { "s3_path", "", 0 },
    { "s3_path", NAME "0", 0 },
    { "s3_path", "2/a0/a1a2a3a4a5a6a7a8a9aaabacadaeaf", 0 },
    { "s3_path", "1/A0/a1a2a3a4a5a6a7a8a9aaabacadaeaf", 0 },
    { "s3_path", "1/../../../../../../../../etc/passw", 0 },
    { "namespace", NULL, 1 },
    { "namespace", "", 1 },
    { "headers", NULL, 0 },
    { "headers", "", 1 },
    { "headers", "X", 0 },
    { "headers", "X: y", 0 },
    { "headers", "X: y\n", 0 },
    { "headers", "X: y\r\n\r\n", 0 },
    { "headers", "X: y\r\n z\r\n", 0 },
    { "unknown", "anything\n", 1 },
    { "", "", 1 }
};


static size_t changed(const change_t *change, qc_field_t *fields);
static void test_golden(void);
static void test_text(void);
static void test_text_limits(void);
static void test_round_trips(void);
static void test_room(void);
static void test_sum(void);
static void test_sum_coded(void);
static void test_tags(void);
static void test_longest(void);
static void test_binary_damage(void);
static void test_binary_fields(void);
static void test_check(void);
static void test_coding(void);


int
main(void)
{
    test_golden();
    test_text();
    test_text_limits();
    test_round_trips();
    test_room();
    test_sum();
    test_tags();
    test_longest();
    test_binary_damage();
    test_binary_fields();
    test_check();
    test_coding();

    return tap_done();
}


static void
test_golden(void)
{
    size_t       i, n, len;
    uint8_t      want[QC_RECORD_MAX], mem[QC_RECORD_SCRATCH];
    qc_buf_t     b;
    qc_field_t   fields[QC_RECORD_FIELDS];
    qc_record_t  rec, again;

    sample_record(&rec);
    len = sample_bytes(SAMPLE_RECORD, want);

    qc_buf_init(&b, tap_guard(0, NULL, len), len);
    tap_int(qc_record_encode(&rec, &b), QC_OK, "encoded");
    tap_mem(b.start, qc_buf_len(&b), want, len, "version 1 as ever");

    tap_ok(qc_record_decode(&again, qc_str(tap_guard(0, want, len), len))
           == QC_OK && sample_record_eq(&rec, &again), "decoded");

    qc_buf_init(&b, mem, sizeof(mem));
    tap_int(qc_record_to_fields(&rec, &b, fields, &n), QC_OK, "as text");
    tap_int((long long) n, (long long) TEXT, "number of fields");

    for (i = 0; i < n && i < TEXT; i++) {
        tap_ok(qc_str_eq(fields[i].name,
                         qc_str(text[i].name, strlen(text[i].name))),
               "field %zu is %s", i, text[i].name);
        tap_mem(fields[i].value.data, fields[i].value.len,
                text[i].value, strlen(text[i].value), text[i].value);
    }
}


/* The sample as fields, in reverse order, with one thing changed. */

static size_t
changed(const change_t *change, qc_field_t *fields)
{
    size_t       i, n;
    const char  *value;

    n = 0;

    for (i = TEXT; i-- > 0; /* void */ ) {
        value = text[i].value;

        if (strcmp(text[i].name, change->field) == 0) {
            value = change->value;
        }

        if (value != NULL) {
            fields[n].name = qc_str(text[i].name, strlen(text[i].name));
            fields[n].value = qc_str(value, strlen(value));
            n++;
        }
    }

    return n;
}


static void
test_text(void)
{
    size_t           i, j, n;
    qc_field_t       fields[TEXT + 2];
    qc_record_t      rec, want;
    const change_t  *c;

    sample_record(&want);

    for (i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        c = &changes[i];
        n = changed(c, fields);

        for (j = 0; j < TEXT; j++) {
            if (strcmp(c->field, text[j].name) == 0) {
                break;
            }
        }

        if (j == TEXT) {
            fields[n].name = qc_str(c->field, strlen(c->field));
            fields[n].value = qc_str(c->value, strlen(c->value));
            n++;
        }

        tap_int(qc_record_from_fields(&rec, fields, n),
                c->ok ? QC_OK : QC_BAD,
                c->value != NULL ? c->value : c->field);

        if (j == TEXT) {
            tap_ok(sample_record_eq(&rec, &want), "unknown is ignored");
        }
    }

    /* each field once, even if both say the same */

    for (i = 0; i < TEXT; i++) {
        n = changed(&changes[sizeof(changes) / sizeof(changes[0]) - 1],
                    fields);
        fields[n++] = fields[i];

        tap_int(qc_record_from_fields(&rec, fields, n), QC_BAD,
                "a field twice");
    }

    tap_int(qc_record_from_fields(&rec, NULL, 0), QC_BAD, "no field");
}


static void
test_text_limits(void)
{
    size_t       n, len;
    uint8_t     *ns, headers[QC_HEADERS_MAX + 1];
    qc_field_t   fields[TEXT];
    qc_record_t  rec;
    change_t     none = { "unknown", "", 1 };

    ns = tap_guard(0, NULL, QC_NAMESPACE_MAX + 1);
    n = changed(&none, fields);

    fields[1].value = qc_str(ns + 1, QC_NAMESPACE_MAX);
    tap_int(qc_record_from_fields(&rec, fields, n), QC_OK,
            "longest namespace");

    fields[1].value = qc_str(ns, QC_NAMESPACE_MAX + 1);
    tap_int(qc_record_from_fields(&rec, fields, n), QC_BAD,
            "namespace too long");

    fields[1].value = qc_str("", 0);

    for (len = QC_HEADERS_MAX; len <= QC_HEADERS_MAX + 1; len++) {
        memset(headers, 'x', len);
        memcpy(headers, "A: ", 3);
        memcpy(headers + len - 2, "\r\n", 2);

        fields[0].value = qc_str(tap_guard(1, headers, len), len);
        tap_int(qc_record_from_fields(&rec, fields, n),
                (len == QC_HEADERS_MAX) ? QC_OK : QC_BAD,
                "longest header block and one byte more");
    }
}


static void
test_round_trips(void)
{
    int          same;
    size_t       i, n;
    uint8_t      mem[QC_RECORD_MAX], scratch_mem[QC_RECORD_SCRATCH];
    qc_buf_t     b, scratch;
    qc_field_t   fields[QC_RECORD_FIELDS];
    qc_record_t  rec, by_text, by_bytes;

    for (i = 0; i < 8; i++) {
        sample_record(&rec);

        if (i & 1) {
            rec.stale = rec.fresh;
            rec.ns = qc_str(NULL, 0);
            rec.headers = qc_str(NULL, 0);
            rec.tags = qc_str("table:a", 7);
        }

        if (i & 2) {
            rec.cost = 0;
            rec.fresh = rec.created;
            rec.size = rec.stored = QC_SIZE_MAX;
            rec.coding = QC_CODING_NONE;
        }

        if (i & 4) {
            rec.created = rec.fresh = rec.stale = QC_TIME_MAX;
            rec.started = QC_TIME_MAX * 1000;
            rec.cost = QC_TIME_MAX;
            rec.size = rec.stored = 0;
            rec.swr = rec.sie = QC_TIME_MAX;
            rec.epoch = QC_TIME_MAX * 1000;
            rec.strict = 1;
        }

        qc_buf_init(&b, mem, sizeof(mem));
        qc_buf_init(&scratch, scratch_mem, sizeof(scratch_mem));

        same = (qc_record_encode(&rec, &b) == QC_OK
                && qc_record_decode(&by_bytes, qc_buf_written(&b)) == QC_OK
                && sample_record_eq(&rec, &by_bytes));

        same &= (qc_record_to_fields(&by_bytes, &scratch, fields, &n) == QC_OK
                 && qc_record_from_fields(&by_text, fields, n) == QC_OK
                 && sample_record_eq(&rec, &by_text));

        tap_ok(same, "record %zu: bytes, record, text, record", i);
    }
}


static void
test_room(void)
{
    int          good;
    size_t       n, len, size;
    uint8_t      want[QC_RECORD_MAX];
    qc_buf_t     b;
    qc_field_t   fields[QC_RECORD_FIELDS];
    qc_record_t  rec;

    sample_record(&rec);
    len = sample_bytes(SAMPLE_RECORD, want);
    good = 1;

    for (size = 0; size < len; size++) {
        qc_buf_init(&b, tap_guard(0, NULL, size), size);
        good &= (qc_record_encode(&rec, &b) == QC_NOSPACE);
    }

    tap_ok(good, "no smaller buffer will do");

    good = 1;

    for (size = 0; size <= QC_RECORD_SCRATCH; size++) {
        qc_buf_init(&b, tap_guard(0, NULL, size), size);
        good &= (qc_record_to_fields(&rec, &b, fields, &n)
                 == ((size < 84) ? QC_NOSPACE : QC_OK));
    }

    tap_ok(good, "scratch of every size");

    rec.status = 599;
    rec.created = 0;
    rec.fresh = rec.stale = QC_TIME_MAX;
    rec.started = QC_TIME_MAX * 1000;
    rec.size = rec.stored = QC_SIZE_MAX;
    rec.cost = QC_TIME_MAX;
    rec.stale = rec.fresh - 1;
    rec.fresh = rec.stale - 1;
    rec.swr = rec.sie = rec.stale;
    rec.epoch = QC_TIME_MAX * 1000;
    rec.strict = 1;
    rec.rows = rec.bytes = QC_READ_MAX;
    memset(rec.sum, 0xff, QC_SUM_LEN);
    memset(rec.digest, 0xff, QC_SHA256_LEN);
    rec.tags = qc_str("a:b", 3);

    qc_buf_init(&b, tap_guard(0, NULL, QC_RECORD_SCRATCH), QC_RECORD_SCRATCH);
    tap_int(qc_record_to_fields(&rec, &b, fields, &n), QC_OK,
            "the longest numbers fit into QC_RECORD_SCRATCH");
    tap_int((long long) n, QC_RECORD_FIELDS - 1, "all pairs of an answer");
}


/* What is not coded has no checksum of its own: its sum must be there. */

static void
test_sum(void)
{
    size_t       i, n, at;
    uint8_t      mem[QC_RECORD_SCRATCH];
    qc_buf_t     b;
    qc_field_t   fields[QC_RECORD_FIELDS];
    qc_record_t  rec;

    static const char  *bad[] = {
        "", SUM "00", "101112131415161718191a1b1c1d1e1g"
    };

    sample_record(&rec);
    rec.coding = QC_CODING_NONE;
    rec.stored = rec.size;
    memset(rec.sum, 0x10, QC_SUM_LEN);

    qc_buf_init(&b, mem, sizeof(mem));
    tap_int(qc_record_to_fields(&rec, &b, fields, &n), QC_OK, "coding none");
    tap_int((long long) n, (long long) TEXT + 1, "has a sum besides");
    tap_int(qc_record_from_fields(&rec, fields, n), QC_OK, "with a sum");

    for (at = 0; !qc_str_eq(fields[at].name, qc_str("sum", 3)); at++) {
        /* void */
    }

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        fields[at].value = qc_str(bad[i], strlen(bad[i]));
        tap_int(qc_record_from_fields(&rec, fields, n), QC_BAD, "a bad sum");
    }

    fields[at].name = qc_str("mus", 3);
    tap_int(qc_record_from_fields(&rec, fields, n), QC_BAD, "without a sum");

    test_sum_coded();
}


/* What is coded may have one besides, of the stored bytes. */

static void
test_sum_coded(void)
{
    size_t       n;
    uint8_t      mem[QC_RECORD_SCRATCH], binary[QC_RECORD_MAX];
    qc_buf_t     b;
    qc_field_t   fields[QC_RECORD_FIELDS];
    qc_record_t  rec, copy;

    sample_record(&rec);
    rec.coding = QC_CODING_ZSTD;
    memset(rec.sum, 0, QC_SUM_LEN);
    tap_ok(!qc_record_has_sum(&rec), "no sum");

    qc_buf_init(&b, mem, sizeof(mem));
    tap_int(qc_record_to_fields(&rec, &b, fields, &n), QC_OK, "coded");
    tap_int((long long) n, (long long) TEXT, "needs no sum");

    rec.sum[QC_SUM_LEN - 1] = 1;
    tap_ok(qc_record_has_sum(&rec), "a sum");

    qc_buf_init(&b, mem, sizeof(mem));
    tap_int(qc_record_to_fields(&rec, &b, fields, &n), QC_OK, "and with one");
    tap_int((long long) n, (long long) TEXT + 1, "has it");
    tap_int(qc_record_from_fields(&copy, fields, n), QC_OK, "comes back");
    tap_ok(memcmp(copy.sum, rec.sum, QC_SUM_LEN) == 0, "as it was");

    qc_buf_init(&b, binary, sizeof(binary));
    tap_int(qc_record_encode(&rec, &b), QC_OK, "binary");
    tap_int(qc_record_decode(&copy, qc_buf_written(&b)), QC_OK, "back again");
    tap_ok(memcmp(copy.sum, rec.sum, QC_SUM_LEN) == 0, "with its sum");
}


/* Valid lists survive both forms, the others are refused by both. */

static void
test_tags(void)
{
    size_t       i, n, len, without;
    uint8_t      mem[QC_RECORD_MAX], scratch_mem[QC_RECORD_SCRATCH];
    qc_buf_t     b, scratch;
    qc_field_t   fields[QC_RECORD_FIELDS];
    qc_record_t  rec, again;

    static const char  *good[] = {
        "table:db.hits", "table:a field:b%20c", QC_TAG_UNKNOWN,
        "table:a unknown:"
    };

    static const char  *bad[] = {
        " ", "table", "table:a ", " table:a", "table:a  table:b",
        "table:a\ntable:b", "table:a\r\nX: y", "table:\xc3\xa9", "a,b:c"
    };

    sample_record(&rec);
    qc_buf_init(&b, mem, sizeof(mem));
    (void) qc_record_encode(&rec, &b);
    without = qc_buf_len(&b);

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        rec.tags = qc_str(good[i], strlen(good[i]));

        qc_buf_init(&b, mem, sizeof(mem));
        qc_buf_init(&scratch, scratch_mem, sizeof(scratch_mem));

        tap_ok(qc_record_encode(&rec, &b) == QC_OK
               && qc_record_decode(&again, qc_buf_written(&b)) == QC_OK
               && sample_record_eq(&rec, &again), "bytes of \"%s\"", good[i]);

        len = qc_buf_len(&b);
        tap_ok(len == without + 3 + rec.tags.len && mem[without] == 14
               && memcmp(mem + len - rec.tags.len, good[i], rec.tags.len)
                  == 0, "identifier 14, and last");

        tap_ok(qc_record_to_fields(&rec, &scratch, fields, &n) == QC_OK
               && qc_record_from_fields(&again, fields, n) == QC_OK
               && sample_record_eq(&rec, &again), "text of \"%s\"", good[i]);

        tap_int((long long) n, (long long) TEXT + 1, "a field more");
        tap_mem(fields[n - 1].name.data, fields[n - 1].name.len, "tags", 4,
                "its name");
    }

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        fields[n - 1].value = qc_str(bad[i], strlen(bad[i]));
        tap_int(qc_record_from_fields(&again, fields, n), QC_BAD,
                "not a list of tags, as text");

        qc_buf_init(&b, mem + without, sizeof(mem) - without);
        qc_buf_u8(&b, 14);
        qc_buf_u16(&b, (uint16_t) strlen(bad[i]));
        qc_buf_cstr(&b, bad[i]);
        tap_int(qc_record_decode(&again, qc_str(mem,
                                                without + qc_buf_len(&b))),
                QC_BAD, "not a list of tags, as bytes");

        rec.tags = qc_str(bad[i], strlen(bad[i]));
        tap_int(qc_record_encode(&rec, &b), QC_BAD, "nor is it encoded");
    }

    fields[n - 1].value = qc_str(NULL, 0);
    tap_int(qc_record_from_fields(&again, fields, n), QC_OK, "an empty list");
}


/* Every string at its limit; then it is too long. */

static void
test_longest(void)
{
    uint8_t      mem[QC_RECORD_MAX], tags[QC_TAGS_MAX + 1];
    uint8_t      headers[QC_HEADERS_MAX], ns[QC_NAMESPACE_MAX];
    qc_buf_t     b;
    qc_record_t  rec, again;

    memset(ns, 'n', sizeof(ns));
    memset(headers, 'x', sizeof(headers));
    memcpy(headers, "A: ", 3);
    memcpy(headers + sizeof(headers) - 2, "\r\n", 2);
    memset(tags, 'x', sizeof(tags));
    tags[1] = ':';

    sample_record(&rec);
    sample_more(&rec);
    rec.coding = QC_CODING_NONE;
    rec.stored = rec.size;
    rec.ns = qc_str(ns, sizeof(ns));
    rec.headers = qc_str(headers, sizeof(headers));
    rec.tags = qc_str(tags, QC_TAGS_MAX);

    qc_buf_init(&b, mem, sizeof(mem));
    tap_int(qc_record_encode(&rec, &b), QC_OK, "the longest record fits");
    tap_int((long long) qc_buf_len(&b),
            QC_RECORD_FIXED + QC_NAMESPACE_MAX + QC_HEADERS_MAX + QC_TAGS_MAX,
            "QC_RECORD_FIXED is what is besides the strings");
    tap_ok(qc_record_decode(&again, qc_buf_written(&b)) == QC_OK
           && sample_record_eq(&rec, &again), "and is decoded");

    rec.tags.len++;
    tap_int(qc_record_check(&rec), QC_BAD, "too long a list of tags");
}


static void
test_binary_damage(void)
{
    int          good;
    size_t       len, i, bit;
    uint8_t      bytes[QC_RECORD_MAX];
    qc_buf_t     b;
    qc_record_t  rec;

    len = sample_bytes(SAMPLE_RECORD, bytes);
    good = 1;

    for (i = 0; i < len; i++) {
        good &= (qc_record_decode(&rec, qc_str(tap_guard(0, bytes, i), i))
                 == QC_BAD);
    }

    tap_ok(good, "every truncation is bad");

    good = 1;

    for (i = 0; i < len; i++) {
        for (bit = 0; bit < 8; bit++) {
            bytes[i] = (uint8_t) (bytes[i] ^ (1u << bit));

            qc_buf_init(&b, tap_guard(1, NULL, len), len);

            if (qc_record_decode(&rec, qc_str(tap_guard(0, bytes, len), len))
                == QC_OK)
            {
                good &= (qc_record_encode(&rec, &b) == QC_OK
                         && memcmp(b.start, bytes, len) == 0);
            }

            bytes[i] = (uint8_t) (bytes[i] ^ (1u << bit));
        }
    }

    tap_ok(good, "every flipped bit is bad, or a value that survives");

    memset(bytes + len, 0, sizeof(bytes) - len);
    tap_int(qc_record_decode(&rec, qc_str(bytes, len + 1)), QC_BAD,
            "one byte too many");
    tap_int(qc_record_decode(&rec, qc_str(tap_guard(0, NULL, 6000), 6000)),
            QC_BAD, "more than QC_RECORD_MAX");
}


/* Fields left out, repeated, swapped, too long, too short, unknown. */

static void
test_binary_fields(void)
{
    size_t       len, at, next, n, id;
    uint8_t      bytes[QC_RECORD_MAX], mem[QC_RECORD_MAX];
    qc_buf_t     b;
    qc_record_t  rec, want;

    sample_record(&want);
    len = sample_bytes(SAMPLE_RECORD, bytes);

    for (at = 1; at < len; at = next) {
        id = bytes[at];
        n = qc_get_u16(bytes + at + 1);
        next = at + 3 + n;

        qc_buf_init(&b, mem, sizeof(mem));
        qc_buf_put(&b, bytes, at);
        qc_buf_put(&b, bytes + next, len - next);
        tap_int(qc_record_decode(&rec, qc_buf_written(&b)),
                (id == 4 || id == 8 || id == 12) ? QC_OK : QC_BAD,
                "a field left out");

        qc_buf_init(&b, mem, sizeof(mem));
        qc_buf_put(&b, bytes, next);
        qc_buf_put(&b, bytes + at, len - at);
        tap_int(qc_record_decode(&rec, qc_buf_written(&b)), QC_BAD,
                "a field twice");

        qc_buf_init(&b, mem, sizeof(mem));
        qc_buf_put(&b, bytes, at);
        qc_buf_put(&b, bytes + next, len - next);
        qc_buf_put(&b, bytes + at, next - at);
        tap_int(qc_record_decode(&rec, qc_buf_written(&b)),
                (next == len) ? QC_OK : QC_BAD, "a field at the end");

        if (id >= 12) {
            continue;
        }

        qc_buf_init(&b, mem, sizeof(mem));
        qc_buf_put(&b, bytes, at + 1);
        qc_buf_u16(&b, (uint16_t) (n - 1));
        qc_buf_put(&b, bytes + at + 3, n - 1);
        qc_buf_put(&b, bytes + next, len - next);
        tap_int(qc_record_decode(&rec, qc_buf_written(&b)), QC_BAD,
                "a field too short");

        qc_buf_init(&b, mem, sizeof(mem));
        qc_buf_put(&b, bytes, at + 1);
        qc_buf_u16(&b, (uint16_t) (n + 1));
        qc_buf_put(&b, bytes + at + 3, n);
        qc_buf_u8(&b, 0);
        qc_buf_put(&b, bytes + next, len - next);
        tap_int(qc_record_decode(&rec, qc_buf_written(&b)), QC_BAD,
                "a field too long");
    }

    qc_buf_init(&b, mem, sizeof(mem));
    qc_buf_put(&b, bytes, len);
    qc_buf_put(&b, "\xfe\x02\x00xy" "\xff\x00\x00", 8);
    tap_ok(qc_record_decode(&rec, qc_buf_written(&b)) == QC_OK
           && sample_record_eq(&rec, &want), "unknown fields are ignored");

    for (n = QC_RECORD_MAX; n <= QC_RECORD_MAX + 1; n++) {
        qc_buf_init(&b, tap_guard(0, NULL, n), n);
        qc_buf_put(&b, bytes, len);
        qc_buf_u8(&b, 254);
        qc_buf_u16(&b, (uint16_t) (n - len - 3));

        tap_int(qc_record_decode(&rec, qc_str(b.start, n)),
                (n == QC_RECORD_MAX) ? QC_OK : QC_BAD,
                "the longest record and one byte more");
    }

    bytes[0] = 2;
    tap_int(qc_record_decode(&rec, qc_str(bytes, len)), QC_BAD,
            "the next version");
}


static void
test_check(void)
{
    size_t       n;
    uint8_t      mem[QC_RECORD_MAX];
    qc_buf_t     b;
    qc_field_t   fields[QC_RECORD_FIELDS];
    qc_record_t  rec;

    sample_record(&rec);
    tap_int(qc_record_check(&rec), QC_OK, "the sample is valid");

    rec.headers = qc_str("A: b\n", 5);
    qc_buf_init(&b, mem, sizeof(mem));

    tap_ok(qc_record_check(&rec) == QC_BAD
           && qc_record_encode(&rec, &b) == QC_BAD
           && qc_record_to_fields(&rec, &b, fields, &n) == QC_BAD
           && n == 0 && qc_buf_len(&b) == 0,
           "encoders refuse what decoders would");

    sample_record(&rec);
    rec.fresh = rec.created - 1;
    tap_int(qc_record_check(&rec), QC_BAD, "fresh before it was born");

    sample_record(&rec);
    rec.coding = (qc_coding_e) 3;
    tap_int(qc_record_check(&rec), QC_BAD, "an unknown coding");

    sample_record(&rec);
    rec.coding = QC_CODING_NONE;
    tap_int(qc_record_check(&rec), QC_BAD, "not encoded, and yet shorter");
}


static void
test_coding(void)
{
    qc_str_t     name;
    unsigned     i;
    qc_coding_e  coding;

    for (i = QC_CODING_NONE; i <= QC_CODING_ZSTD; i++) {
        name = qc_coding_name((qc_coding_e) i);

        tap_ok(qc_coding_parse(name, &coding) == QC_OK
               && (unsigned) coding == i, "coding %s",
               (const char *) name.data);
    }

    tap_int(qc_coding_parse(qc_str("br", 2), &coding), QC_BAD, "brotli");
}
