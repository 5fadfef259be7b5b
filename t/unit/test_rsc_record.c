
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_rsc.h"
#include "sample.h"
#include "tap.h"


#define HEX   "000102030405060708090a0b0c0d0e0f"                              \
              "101112131415161718191a1b1c1d1e1f"
#define ID    "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"
#define BOUND "1795149000 600 321 zstd json"


typedef struct {
    const char  *name;
    const char  *value;
} pair_t;


/* A change of one field: another value, or NULL to leave it out. */

typedef struct {
    const char  *name;
    const char  *value;
    qc_rc_e      rc;
    int          theirs;     /* when rc is QC_OK */
} change_t;


static qc_rc_e from_pairs(qc_record_t *rec, int *theirs, const pair_t *pairs,
    size_t n, const change_t *change);
static void test_written(void);
static void test_ours(void);
static void test_theirs(void);
static void test_codings(void);
static void test_many(void);


/* the sample record, in a HASH */

static const pair_t  written[] = {
    { "v", "1" },
    { "status", "200" },
    { "created_at", "1795149000" },
    { "ttl", "600" },
    { "stale", "1795153200" },
    { "started", "1795149000123" },
    { "size", "1000" },
    { "size_bytes", "321" },
    { "cost", "45" },
    { "compression", "zstd" },
    { "s3_path", HEX ".json" },
    { "namespace", "team:7" },
    { "headers", SAMPLE_HEADERS },
    { "format", "json" },
    { "object", ID },
    { "bound", BOUND }
};

#define WRITTEN  (sizeof(written) / sizeof(written[0]))


/* as the library writes one */

static const pair_t  library[] = {
    { "s3_path", HEX ".json" },
    { "created_at", "1795149000" },
    { "ttl", "600" },
    { "size_bytes", "321" },
    { "format", "json" },
    { "compression", "zstd" },
    { "namespace", "team:7" }
};

#define LIBRARY  (sizeof(library) / sizeof(library[0]))


static const change_t  ours[] = {
    { "", NULL, QC_OK, 0 },
    { "x", "added by somebody", QC_OK, 0 },
    { "cost", NULL, QC_OK, 0 },
    { "namespace", NULL, QC_OK, 0 },
    { "namespace", "team:8", QC_OK, 0 },

    /* the library has written since: what it did not write is of no use */

    { "created_at", "1795149001", QC_OK, 1 },
    { "created_at", "1795149000.0", QC_OK, 1 },
    { "created_at", "01795149000", QC_OK, 1 },
    { "ttl", "601", QC_OK, 1 },
    { "size_bytes", "322", QC_OK, 1 },
    { "compression", "gzip", QC_OK, 1 },
    { "compression", NULL, QC_OK, 1 },
    { "bound", NULL, QC_OK, 1 },
    { "bound", "", QC_OK, 1 },
    { "bound", BOUND " ", QC_OK, 1 },
    { "bound", " " BOUND, QC_OK, 1 },

    { "format", "pickle", QC_DONE, 1 },
    { "format", "parquet", QC_DONE, 1 },
    { "format", "JSON", QC_DONE, 1 },
    { "format", "", QC_DONE, 1 },
    { "format", NULL, QC_DONE, 1 },

    { "s3_path", NULL, QC_BAD, 0 },
    { "s3_path", "", QC_BAD, 0 },
    { "s3_path", HEX, QC_BAD, 0 },
    { "s3_path", HEX ".pickle", QC_BAD, 0 },
    { "s3_path", HEX ".json/", QC_BAD, 0 },
    { "s3_path", "../" HEX ".json", QC_BAD, 0 },
    { "s3_path", "1/a0/" "a1a2a3a4a5a6a7a8a9aaabacadaeaf", QC_BAD, 0 },
    { "s3_path", "f" HEX ".json", QC_BAD, 0 },

    /* bound to them, and not a record */

    { "v", NULL, QC_BAD, 0 },
    { "v", "2", QC_BAD, 0 },
    { "status", NULL, QC_BAD, 0 },
    { "status", "404", QC_BAD, 0 },
    { "status", "abc", QC_BAD, 0 },
    { "stale", "1795149599", QC_BAD, 0 },
    { "started", NULL, QC_BAD, 0 },
    { "size", NULL, QC_BAD, 0 },
    { "size", "-1", QC_BAD, 0 },
    { "size", "99999999999999999999", QC_BAD, 0 },
    { "object", NULL, QC_BAD, 0 },
    { "object", "", QC_BAD, 0 },
    { "object", ID "00", QC_BAD, 0 },
    { "object", "1/a0/" ID, QC_BAD, 0 },
    { "headers", NULL, QC_BAD, 0 },
    { "headers", "X: a\nSet-Cookie: b\r\n", QC_BAD, 0 },
    { "headers", "no colon", QC_BAD, 0 }
};


static const change_t  theirs[] = {
    { "", NULL, QC_OK, 1 },
    { "status", "500", QC_OK, 1 },
    { "headers", "rubbish", QC_OK, 1 },
    { "object", ID, QC_OK, 1 },
    { "bound", "1795149000 600 321", QC_OK, 1 },
    { "namespace", NULL, QC_OK, 1 },
    { "namespace", "", QC_OK, 1 },
    { "compression", NULL, QC_OK, 1 },
    { "compression", "gzip", QC_OK, 1 },
    { "compression", "none", QC_OK, 1 },
    { "created_at", "1795149000.123", QC_OK, 1 },
    { "created_at", "0", QC_OK, 1 },
    { "ttl", "0", QC_OK, 1 },
    { "size_bytes", "0", QC_OK, 1 },

    { "format", NULL, QC_DONE, 1 },
    { "format", "pickle", QC_DONE, 1 },

    { "compression", "", QC_BAD, 1 },
    { "compression", "lz4", QC_BAD, 1 },
    { "compression", "ZSTD", QC_BAD, 1 },
    { "created_at", NULL, QC_BAD, 1 },
    { "created_at", "", QC_BAD, 1 },
    { "created_at", ".", QC_BAD, 1 },
    { "created_at", "1795149000.", QC_BAD, 1 },
    { "created_at", ".5", QC_BAD, 1 },
    { "created_at", "1.7e9", QC_BAD, 1 },
    { "created_at", "1795149000.1.2", QC_BAD, 1 },
    { "created_at", "-1795149000", QC_BAD, 1 },
    { "created_at", " 1795149000", QC_BAD, 1 },
    { "created_at", "nan", QC_BAD, 1 },
    { "created_at", "253402300800", QC_BAD, 1 },
    { "created_at", "18446744073709551615", QC_BAD, 1 },
    { "ttl", NULL, QC_BAD, 1 },
    { "ttl", "", QC_BAD, 1 },
    { "ttl", "-1", QC_BAD, 1 },
    { "ttl", "60.5", QC_BAD, 1 },
    { "ttl", "None", QC_BAD, 1 },
    { "ttl", "253402300799", QC_BAD, 1 },
    { "ttl", "18446744073709551615", QC_BAD, 1 },
    { "ttl", "18446744071914402616", QC_BAD, 1 },
    { "size_bytes", NULL, QC_BAD, 1 },
    { "size_bytes", "", QC_BAD, 1 },
    { "size_bytes", "-1", QC_BAD, 1 },
    { "size_bytes", "1099511627777", QC_BAD, 1 },
    { "size_bytes", "18446744073709551616", QC_BAD, 1 },
    { "s3_path", HEX ".parquet", QC_BAD, 1 }
};


static uint8_t  key[QC_KEY_LEN];


int
main(void)
{
    size_t  i;

    for (i = 0; i < QC_KEY_LEN; i++) {
        key[i] = (uint8_t) i;
    }

    test_written();
    test_ours();
    test_theirs();
    test_codings();
    test_many();

    return tap_done();
}


/* Names and values are copies that end where their memory ends. */

static qc_rc_e
from_pairs(qc_record_t *rec, int *is_theirs, const pair_t *pairs, size_t n,
    const change_t *change)
{
    size_t       i, m, changed;
    qc_field_t   fields[QC_RSC_FIELDS_MAX + 1], *guarded;

    m = 0;
    changed = 0;

    for (i = 0; i < n; i++) {
        fields[m].name = qc_str(pairs[i].name, strlen(pairs[i].name));
        fields[m].value = qc_str(pairs[i].value, strlen(pairs[i].value));

        if (change != NULL && strcmp(pairs[i].name, change->name) == 0) {
            changed = 1;

            if (change->value == NULL) {
                continue;
            }

            fields[m].value = qc_str(tap_guard(0, change->value,
                                               strlen(change->value)),
                                     strlen(change->value));
        }

        m++;
    }

    if (change != NULL && !changed && change->value != NULL) {
        fields[m].name = qc_str(change->name, strlen(change->name));
        fields[m].value = qc_str(change->value, strlen(change->value));
        m++;
    }

    guarded = tap_guard(1, fields, m * sizeof(qc_field_t));

    return qc_rsc_record_from_fields(rec, is_theirs, key, guarded, m);
}


static void
test_written(void)
{
    size_t       i, n;
    uint8_t     *mem;
    qc_rc_e      rc;
    qc_buf_t     scratch;
    qc_field_t  *fields;
    qc_record_t  rec;

    sample_record(&rec);

    fields = tap_guard(2, NULL, QC_RSC_FIELDS * sizeof(qc_field_t));
    mem = tap_guard(3, NULL, QC_RSC_SCRATCH);

    qc_buf_init(&scratch, mem, QC_RSC_SCRATCH);
    rc = qc_rsc_record_to_fields(&rec, key, &scratch, fields, &n);

    tap_int(rc, QC_OK, "written");
    tap_int((long long) n, WRITTEN, "so many fields");

    for (i = 0; i < n && i < WRITTEN; i++) {
        tap_mem(fields[i].name.data, fields[i].name.len, written[i].name,
                strlen(written[i].name), "name");
        tap_mem(fields[i].value.data, fields[i].value.len, written[i].value,
                strlen(written[i].value), written[i].name);
    }

    for (i = 0; i < QC_RSC_SCRATCH; i++) {
        mem = tap_guard(3, NULL, i);
        qc_buf_init(&scratch, mem, i);

        if (qc_rsc_record_to_fields(&rec, key, &scratch, fields, &n)
            == QC_OK)
        {
            break;
        }
    }

    tap_ok(i > 100 && i < QC_RSC_SCRATCH, "no room, no record: %zu", i);

    qc_buf_init(&scratch, tap_guard(3, NULL, QC_RSC_SCRATCH), QC_RSC_SCRATCH);

    rec.status = 404;
    tap_int(qc_rsc_record_to_fields(&rec, key, &scratch, fields, &n), QC_BAD,
            "another status");

    rec.status = 200;
    rec.stale = 0;
    tap_int(qc_rsc_record_to_fields(&rec, key, &scratch, fields, &n), QC_BAD,
            "no record");
}


static void
test_ours(void)
{
    int              is_theirs;
    size_t           i;
    qc_rc_e          rc;
    qc_record_t      rec, want;
    const change_t  *c;

    for (i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
        c = &ours[i];
        rc = from_pairs(&rec, &is_theirs, written, WRITTEN, c);

        tap_ok(rc == c->rc && (rc != QC_OK || is_theirs == c->theirs),
               "ours %zu: %s %s: %d %d", i, c->name, c->value ? c->value : "",
               (int) rc, is_theirs);

        if (rc != QC_OK || i > 1) {
            continue;
        }

        sample_record(&want);
        tap_ok(sample_record_eq(&rec, &want), "all of it comes back");
    }
}


static void
test_theirs(void)
{
    int              is_theirs;
    size_t           i;
    qc_rc_e          rc;
    qc_str_t         type;
    qc_record_t      rec;
    const change_t  *c;

    for (i = 0; i < sizeof(theirs) / sizeof(theirs[0]); i++) {
        c = &theirs[i];
        rc = from_pairs(&rec, &is_theirs, library, LIBRARY, c);

        tap_ok(rc == c->rc && (rc != QC_OK || is_theirs == c->theirs),
               "theirs %zu: %s %s: %d %d", i, c->name,
               c->value ? c->value : "", (int) rc, is_theirs);

        if (rc != QC_OK) {
            continue;
        }

        type = qc_headers_find(rec.headers, "content-type");

        tap_ok(rec.status == 200
               && qc_str_eq(type, qc_str("application/json", 16))
               && rec.fresh >= rec.created && rec.stale == rec.fresh,
               "theirs %zu: what is known", i);
    }

    (void) from_pairs(&rec, &is_theirs, library, LIBRARY, NULL);

    tap_ok(rec.created == 1795149000 && rec.fresh == 1795149600
           && rec.started == 1795149000000 && rec.stored == 321
           && rec.size == 0 && rec.coding == QC_CODING_ZSTD
           && qc_str_eq(rec.ns, qc_str("team:7", 6)), "its numbers");
}


static void
test_codings(void)
{
    int           is_theirs;
    size_t        i, n;
    qc_buf_t      scratch;
    qc_field_t    fields[QC_RSC_FIELDS];
    qc_record_t   rec, again;
    uint8_t       mem[QC_RSC_SCRATCH];
    change_t      none = { "compression", "none", QC_OK, 1 };
    change_t      left_out = { "compression", NULL, QC_OK, 1 };

    for (i = 0; i <= QC_CODING_ZSTD; i++) {
        sample_record(&rec);

        rec.coding = (qc_coding_e) i;
        rec.ns = qc_str("", 0);

        if (rec.coding == QC_CODING_NONE) {
            rec.stored = rec.size;
            memset(rec.sum, 7, QC_SUM_LEN);
        }

        qc_buf_init(&scratch, mem, sizeof(mem));

        tap_ok(qc_rsc_record_to_fields(&rec, key, &scratch, fields, &n)
               == QC_OK
               && qc_rsc_record_from_fields(&again, &is_theirs, key, fields,
                                            n)
                  == QC_OK
               && !is_theirs && sample_record_eq(&rec, &again),
               "coding %zu, and back", i);
    }

    (void) from_pairs(&rec, &is_theirs, library, LIBRARY, &left_out);
    tap_int(rec.coding, QC_CODING_ZSTD, "left out, it is zstd");

    (void) from_pairs(&rec, &is_theirs, library, LIBRARY, &none);

    tap_ok(rec.coding == QC_CODING_NONE && rec.size == 321
           && rec.stored == 321, "plain: the size is known");
}


static void
test_many(void)
{
    int          is_theirs;
    size_t       i, n;
    qc_field_t   fields[QC_RSC_FIELDS_MAX + 1];
    qc_record_t  rec;

    for (n = 0; n < LIBRARY; n++) {
        fields[n].name = qc_str(library[n].name, strlen(library[n].name));
        fields[n].value = qc_str(library[n].value, strlen(library[n].value));
    }

    for (i = 0; i < LIBRARY; i++) {
        fields[n] = fields[i];

        tap_int(qc_rsc_record_from_fields(&rec, &is_theirs, key, fields,
                                          n + 1),
                QC_BAD, "a field twice");
    }

    for ( /* void */ ; n <= QC_RSC_FIELDS_MAX; n++) {
        fields[n].name = qc_str("other", 5);
        fields[n].value = qc_str("", 0);
    }

    tap_int(qc_rsc_record_from_fields(&rec, &is_theirs, key, fields,
                                      QC_RSC_FIELDS_MAX),
            QC_OK, "fields of others");
    tap_int(qc_rsc_record_from_fields(&rec, &is_theirs, key, fields,
                                      QC_RSC_FIELDS_MAX + 1),
            QC_BAD, "too many of them");
    tap_int(qc_rsc_record_from_fields(&rec, &is_theirs, key, fields, 0),
            QC_BAD, "none at all");
}
