
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * The text of a call is JSON of printable ASCII with the query as Python
 * leaves it, and is its own; a record that is accepted can be written and
 * comes back.  The first byte chooses: a call, four strings of which the
 * first three follow their lengths, or a HASH, pairs of a name from the table
 * or from the input, and a value.
 */

#include "fuzz.h"
#include "qc_json.h"
#include "qc_rsc.h"
#include "../unit/sample.h"


#define PAIRS  (QC_RSC_FIELDS_MAX + 2)
#define ARENA  (4 * 1024 * 1024)
#define KEY    "000102030405060708090a0b0c0d0e0f"                             \
               "101112131415161718191a1b1c1d1e1f"


typedef struct {
    fuzz_t      *f;
    qc_str_t     query;
} visit_t;


static void *arena_alloc(void *ctx, size_t size);
static void check_call(fuzz_t *f);
static qc_rc_e visit(void *data, qc_json_value_t *v);
static void check_exact(qc_str_t query, qc_str_t left);
static void check_hash(fuzz_t *f);
static void check_ours(fuzz_t *f, const qc_record_t *rec);


static const char  *names[] = {
    "s3_path", "format", "compression", "created_at", "ttl", "size_bytes",
    "namespace", "size", "stored", "object", "bound", "v", "status", "stale",
    "started", "cost", "sum", "headers", "tags"
};

#define NAMES  (sizeof(names) / sizeof(names[0]))


/* The key's own, and what has to agree: nobody would guess them. */

static const char  *values[] = {
    "json", "zstd", "1795149000", "600", "321",
    "1795149000 600 321 zstd json",
    "1795149000 600 321 none json",
    "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
    KEY ".json",
    "1795149000123", "1", "200"
};

#define VALUES  (sizeof(values) / sizeof(values[0]))


static uint8_t  key[QC_KEY_LEN] = {
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
    16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
};

static void    *blocks[4096];
static size_t   nblocks;


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_t  f;

    fuzz_init(&f, data, size);

    if (fuzz_u8(&f) & 1) {
        check_hash(&f);

    } else {
        check_call(&f);
    }

    fuzz_done(&f);

    while (nblocks != 0) {
        free(blocks[--nblocks]);
    }

    return 0;
}


static void *
arena_alloc(void *ctx, size_t size)
{
    (void) ctx;

    if (nblocks == sizeof(blocks) / sizeof(blocks[0])) {
        return NULL;
    }

    blocks[nblocks] = malloc(size);

    return blocks[nblocks++];
}


static void
check_call(fuzz_t *f)
{
    size_t          i, len[3];
    qc_rc_e         rc;
    visit_t         v;
    qc_str_t        text, again, canonical;
    qc_arena_t      arena;
    qc_rsc_call_t   call;
    qc_json_opts_t  opts;

    len[0] = fuzz_u8(f);
    len[1] = fuzz_u8(f);
    len[2] = fuzz_u8(f);

    call.query = fuzz_str(f, len[0]);
    call.args = fuzz_str(f, len[1]);
    call.kwargs = fuzz_str(f, len[2]);
    call.ns = fuzz_rest(f);

    qc_arena_init(&arena, arena_alloc, NULL, ARENA);

    rc = qc_rsc_text(&call, &arena, &text);

    if (rc != QC_OK) {
        fuzz_check(rc == QC_BAD || rc == QC_NOSPACE);
        return;
    }

    for (i = 0; i < text.len; i++) {
        fuzz_check(text.data[i] >= ' ' && text.data[i] <= '~');
    }

    /* one document, whose member "query" is the query to ask for again */

    memset(&v, 0, sizeof(v));
    v.f = f;

    opts.max_depth = 2;
    opts.visit = visit;
    opts.data = &v;

    fuzz_check(qc_json_canonical(text, &opts, &arena, &canonical) == QC_OK);
    fuzz_check(v.query.len <= call.query.len);

    if (qc_rsc_exact(call.query)) {
        check_exact(call.query, v.query);
    }

    call.query = v.query;

    fuzz_check(qc_rsc_exact(call.query));
    fuzz_check(qc_rsc_text(&call, &arena, &again) == QC_OK);
    fuzz_check(qc_str_eq(text, again));
}


static qc_rc_e
visit(void *data, qc_json_value_t *v)
{
    visit_t  *out;

    out = data;

    if (v->depth == 1
        && qc_str_eq(v->path[0].name, qc_str("query", 5)))
    {
        fuzz_check(v->type == QC_JSON_STRING);
        out->query = fuzz_copy(out->f, v->value.data, v->value.len);
    }

    return QC_OK;
}


/* What is between simple quotes, in the same number and order of bytes. */

static void
check_exact(qc_str_t query, qc_str_t left)
{
    size_t   i, j;
    uint8_t  ch;

    for (i = 0; i < query.len; i++) {
        if (strchr("\"`[]\\-/#$~qQ", query.data[i]) != NULL) {
            return;
        }
    }

    j = 0;

    for (i = 0; i < query.len; i++) {

        if (query.data[i] != '\'') {
            continue;
        }

        while (j < left.len && left.data[j] != '\'') {
            j++;
        }

        do {
            ch = query.data[i++];

            if (j == left.len) {

                /* not closed: only the end of it was cut off */

                for ( /* void */ ; i < query.len; i++) {
                    fuzz_check(query.data[i] == ' '
                               || (query.data[i] >= '\t'
                                   && query.data[i] <= '\r'));
                }

                return;
            }

            fuzz_check(left.data[j++] == ch);

        } while (i < query.len && query.data[i] != '\'');

        if (i < query.len) {
            fuzz_check(j < left.len && left.data[j++] == '\'');
        }
    }
}


static void
check_hash(fuzz_t *f)
{
    int          theirs;
    size_t       n;
    qc_rc_e      rc;
    unsigned     b;
    qc_field_t   fields[PAIRS];
    qc_record_t  rec;

    for (n = 0; f->len != 0 && n < PAIRS; n++) {
        b = fuzz_u8(f);

        fields[n].name = (b < NAMES)
                         ? qc_str(names[b], strlen(names[b]))
                         : fuzz_str(f, b & 15);

        b = fuzz_u8(f);

        fields[n].value = (b >= 256 - VALUES)
                          ? qc_str(values[b - (256 - VALUES)],
                                   strlen(values[b - (256 - VALUES)]))
                          : fuzz_str(f, b);
    }

    rc = qc_rsc_record_from_fields(&rec, &theirs, key, fields, n);

    fuzz_check(rc == QC_OK || rc == QC_DONE || rc == QC_BAD);

    if (rc != QC_OK) {
        return;
    }

    fuzz_check(rec.status == 200);
    fuzz_check(rec.fresh >= rec.created && rec.stale >= rec.fresh);
    fuzz_check(rec.stale <= QC_TIME_MAX && rec.stored <= QC_SIZE_MAX);

    if (!theirs) {
        check_ours(f, &rec);
    }
}


static void
check_ours(fuzz_t *f, const qc_record_t *rec)
{
    int          theirs;
    size_t       n;
    uint8_t     *mem;
    qc_buf_t     scratch;
    qc_field_t   fields[QC_RSC_FIELDS];
    qc_record_t  again;

    fuzz_check(qc_record_check(rec) == QC_OK);

    mem = fuzz_alloc(f, QC_RSC_SCRATCH);
    qc_buf_init(&scratch, mem, QC_RSC_SCRATCH);

    fuzz_check(qc_rsc_record_to_fields(rec, key, &scratch, fields, &n)
               == QC_OK);
    fuzz_check(n <= QC_RSC_FIELDS);
    fuzz_check(qc_rsc_record_from_fields(&again, &theirs, key, fields, n)
               == QC_OK);
    fuzz_check(!theirs && sample_record_eq(rec, &again));
}
