
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * Any request is read in the same way twice; what is canonical stays so when
 * it is asked for in that form; fields in another order mean the same; and
 * who asks, and what is raw, is in the key to the last byte.
 *
 * The input: engine, rules, method, path, headers and arguments, each with
 * its length, and a body.
 */

#include "fuzz.h"
#include "qc_query.h"


#define FUZZ_HEADERS  4
#define FUZZ_BLOCKS   65536


typedef struct {
    qc_rc_e      rc;
    qc_query_t   q;
    uint8_t      key[QC_KEY_LEN];
} fuzz_asked_t;


static void *fuzz_block(void *ctx, size_t size);
static void read_rules(fuzz_t *f, qc_rules_t *rules);
static void read_request(fuzz_t *f, qc_request_t *r, qc_field_t *headers);
static void ask(const qc_request_t *r, const qc_rules_t *rules,
    fuzz_asked_t *a);
static int is_asked(const fuzz_asked_t *a);
static int is_same(const qc_request_t *r, const fuzz_asked_t *a);
static void check_proven(const fuzz_asked_t *a);
static void check_headers(fuzz_t *f, const qc_request_t *r,
    const fuzz_asked_t *a);
static void check_identity(fuzz_t *f, const qc_request_t *r,
    const fuzz_asked_t *a);
static void check_raw(fuzz_t *f, const qc_request_t *r, const fuzz_asked_t *a);
static void check_again(fuzz_t *f, const qc_request_t *r,
    const fuzz_asked_t *a);
static int takes_arg(const qc_query_t *q);
static qc_str_t with_arg(fuzz_t *f, qc_str_t args, qc_str_t name,
    qc_str_t text);
static qc_str_t with_member(fuzz_t *f, qc_str_t json, qc_str_t name,
    qc_str_t text);


static void       *fuzz_blocks[FUZZ_BLOCKS];
static size_t      fuzz_nblocks;
static qc_sha256_t fuzz_sha;


static const char *const  fuzz_names[] = {
    "authorization", "content-type", "content-encoding", "cookie",
    "cache-control", "accept", "x-clickhouse-user", "x-other"
};

static const char *const  fuzz_paths[] = {
    "/", "/l/_search", "/_msearch", "/_sql", "/druid/v2", "/druid/v2/sql",
    "/v1/load", "/graphql"
};

static const qc_str_t  fuzz_ignored[] = { qc_string("i*") };
static const qc_str_t  fuzz_ordered[] = { qc_string("o*") };
static const qc_str_t  fuzz_pointers[] = { qc_string("/i") };
static const qc_str_t  fuzz_cookies[] = { qc_string("c") };


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_t        f;
    qc_field_t    headers[FUZZ_HEADERS];
    qc_rules_t    rules;
    qc_request_t  r;

    static fuzz_asked_t  a;

    if (fuzz_sha.ctx == NULL) {
        fuzz_check(qc_sha256_create(&fuzz_sha) == QC_OK);
    }

    fuzz_init(&f, data, size);

    read_rules(&f, &rules);
    read_request(&f, &r, headers);

    ask(&r, &rules, &a);

    if (is_asked(&a)) {
        fuzz_check(is_same(&r, &a));

        check_proven(&a);
        check_headers(&f, &r, &a);
        check_identity(&f, &r, &a);
        check_raw(&f, &r, &a);
        check_again(&f, &r, &a);
    }

    while (fuzz_nblocks != 0) {
        free(fuzz_blocks[--fuzz_nblocks]);
    }

    fuzz_done(&f);

    return 0;
}


static void *
fuzz_block(void *ctx, size_t size)
{
    void  *p;

    (void) ctx;

    fuzz_check(fuzz_nblocks < FUZZ_BLOCKS);

    p = malloc(size);
    fuzz_check(p != NULL);
    fuzz_blocks[fuzz_nblocks++] = p;

    return p;
}


static void
read_rules(fuzz_t *f, qc_rules_t *rules)
{
    unsigned            bits;
    const qc_engine_t  *engine;

    memset(rules, 0, sizeof(qc_rules_t));

    engine = &qc_engines[fuzz_u8(f) % QC_ENGINES];
    bits = fuzz_u16(f);

    rules->engine = engine;
    rules->normalize = (bits & 1) ? (bits >> 12) : engine->normalize;
    rules->guard = (bits & 2) ? (bits >> 10) & 3 : engine->guard;
    rules->fold = (bits & 4) != 0;
    rules->dialect = engine->dialect;
    rules->sql_arg = engine->sql_arg;
    rules->sql_member = engine->sql_member;
    rules->ignore_args = engine->ignore_args;
    rules->ignore_json = engine->ignore_json;
    rules->max_body = 65536;
    rules->max_depth = 32;
    rules->max_args = 64;
    rules->max_ratio = 100;

    if (bits & 8) {
        rules->ignore_args.elts = fuzz_ignored;
        rules->ignore_args.n = 1;
    }

    if (bits & 16) {
        rules->ordered_args.elts = fuzz_ordered;
        rules->ordered_args.n = 1;
    }

    if (bits & 32) {
        rules->ignore_json.elts = fuzz_pointers;
        rules->ignore_json.n = 1;
    }

    if (bits & 64) {
        rules->share.cookies.elts = fuzz_cookies;
        rules->share.cookies.n = 1;
    }
}


static void
read_request(fuzz_t *f, qc_request_t *r, qc_field_t *headers)
{
    unsigned     bits, n, i;
    const char  *name, *path;

    static const qc_str_t  methods[] = {
        qc_string("GET"), qc_string("POST"), qc_string("QUERY")
    };

    memset(r, 0, sizeof(qc_request_t));

    r->zone = qc_str("z", 1);
    r->location = qc_str("s\0/\0" "0", 5);
    r->prefix = qc_str("/", 1);
    r->host = qc_str("h", 1);

    bits = fuzz_u8(f);
    r->method = methods[bits % 3];

    path = fuzz_paths[(bits >> 2) & 7];
    r->uri = (bits & 32) ? fuzz_str(f, fuzz_u8(f) & 31)
                         : qc_str(path, strlen(path));
    r->raw = r->uri;

    n = (bits >> 6) & 3;

    for (i = 0; i < n; i++) {
        name = fuzz_names[fuzz_u8(f) & 7];
        headers[i].name = qc_str(name, strlen(name));
        headers[i].value = fuzz_str(f, fuzz_u8(f) & 63);
    }

    r->headers = headers;
    r->nheaders = n;
    r->args = fuzz_str(f, fuzz_u16(f) & 1023);
    r->body = fuzz_rest(f);
    r->size = r->body.len;
    r->loaded = 1;
}


static void
ask(const qc_request_t *r, const qc_rules_t *rules, fuzz_asked_t *a)
{
    int         raw;
    qc_key_t    k;
    qc_str_t    tags;
    qc_arena_t  arena;

    qc_arena_init(&arena, fuzz_block, NULL,
                  256 * 1024 + 32 * rules->max_body);

    a->rc = qc_query_read(&a->q, r, rules, &fuzz_sha, &arena);

    fuzz_check(a->rc == QC_OK || a->rc == QC_NOMEM);

    if (!is_asked(a)) {
        return;
    }

    tags = qc_tags_list(&a->q.tags);
    fuzz_check(tags.len == 0 || qc_tags_valid(tags));
    fuzz_check(qc_query_window(&a->q, 0) != QC_WINDOW_CLOSED);

    qc_key_start(&k, &fuzz_sha);

    raw = qc_query_key(&a->q, &k);
    fuzz_check(raw == (a->q.form == QC_FORM_RAW));

    if (raw) {
        qc_key_open(&k, qc_str("body", 4), r->size);
        qc_key_piece(&k, r->body.data, r->body.len);
    }

    fuzz_check(qc_key_final(&k, a->key) == QC_OK);
}


static int
is_asked(const fuzz_asked_t *a)
{
    return a->rc == QC_OK && a->q.reason == QC_NO_METRIC;
}


static int
is_same(const qc_request_t *r, const fuzz_asked_t *a)
{
    static fuzz_asked_t  b;

    ask(r, a->q.rules, &b);

    return is_asked(&b) && memcmp(a->key, b.key, QC_KEY_LEN) == 0;
}


static void
check_proven(const fuzz_asked_t *a)
{
    if (!(a->q.rules->guard & QC_GUARD_STATEMENT)) {
        return;
    }

    switch ((qc_engine_e) (a->q.rules->engine - qc_engines)) {

    case QC_ENGINE_CLICKHOUSE:
    case QC_ENGINE_PINOT:
        fuzz_check(a->q.statement || a->q.document || a->q.hashed);
        break;

    case QC_ENGINE_GRAPHQL:
        fuzz_check(a->q.document || a->q.hashed);
        break;

    default:
        break;
    }

    fuzz_check(!a->q.fallback);
}


/* In any order, if their names are different. */

static void
check_headers(fuzz_t *f, const qc_request_t *r, const fuzz_asked_t *a)
{
    size_t         i, j;
    qc_field_t    *headers;
    qc_request_t   again;

    for (i = 0; i < r->nheaders; i++) {
        for (j = 0; j < i; j++) {
            if (qc_str_eq(r->headers[i].name, r->headers[j].name)) {
                return;
            }
        }
    }

    headers = (qc_field_t *) (void *)
              fuzz_alloc(f, FUZZ_HEADERS * sizeof(qc_field_t));

    for (i = 0; i < r->nheaders; i++) {
        headers[i] = r->headers[r->nheaders - 1 - i];
    }

    again = *r;
    again.headers = headers;

    fuzz_check(is_same(&again, a));
}


/* Whoever asks besides, it is another entry. */

static void
check_identity(fuzz_t *f, const qc_request_t *r, const fuzz_asked_t *a)
{
    uint8_t       *p;
    qc_field_t     headers[FUZZ_HEADERS + 1];
    qc_request_t   other;

    other = *r;

    if (r->nheaders != 0) {
        memcpy(headers, r->headers, r->nheaders * sizeof(qc_field_t));
    }

    headers[r->nheaders].name = qc_str("x-tenant-id", 11);
    headers[r->nheaders].value = qc_str("t", 1);

    other.headers = headers;
    other.nheaders = r->nheaders + 1;

    fuzz_check(!is_same(&other, a));

    p = fuzz_alloc(f, r->args.len + 7);
    memcpy(p, "user=z&", 7);

    if (r->args.len != 0) {
        memcpy(p + 7, r->args.data, r->args.len);
    }

    other = *r;
    other.args = qc_str(p, r->args.len + 7);

    fuzz_check(!is_same(&other, a));
}


static void
check_raw(fuzz_t *f, const qc_request_t *r, const fuzz_asked_t *a)
{
    uint8_t       *p;
    qc_request_t   other;

    if (a->q.form != QC_FORM_RAW) {
        return;
    }

    p = fuzz_alloc(f, r->body.len + 1);

    if (r->body.len != 0) {
        memcpy(p, r->body.data, r->body.len);
    }

    p[r->body.len] = ' ';

    other = *r;
    other.body = qc_str(p, r->body.len + 1);
    other.size = other.body.len;

    fuzz_check(!is_same(&other, a));
}


/*
 * What was asked, in its canonical form.  Arguments that are not normalised
 * are written anew when one of them goes.
 */

static void
check_again(fuzz_t *f, const qc_request_t *r, const fuzz_asked_t *a)
{
    size_t             i, n;
    qc_str_t           name;
    qc_field_t         headers[FUZZ_HEADERS];
    qc_request_t       again;
    const qc_query_t  *q;

    q = &a->q;
    again = *r;
    again.args = q->args;

    if (q->decoded) {
        n = 0;

        for (i = 0; i < r->nheaders; i++) {
            if (!qc_str_eq(r->headers[i].name,
                           qc_str("content-encoding", 16)))
            {
                headers[n++] = r->headers[i];
            }
        }

        again.headers = headers;
        again.nheaders = n;
    }

    switch (q->form) {

    case QC_FORM_SQL:

        again.body = qc_str(NULL, 0);

        if (q->json.len == 0 && q->rules->sql_arg.len != 0) {

            if (!takes_arg(q)) {
                return;
            }

            again.args = with_arg(f, q->args, q->rules->sql_arg, q->sql);
            break;
        }

        name = q->rules->sql_member;
        name.data++;
        name.len--;
        again.body = with_member(f, q->json, name, q->sql);
        break;

    case QC_FORM_JSON:
        again.body = q->json;
        break;

    case QC_FORM_GRAPHQL:

        if (q->hashed || q->operation.data != NULL || q->json.len != 0
            || !takes_arg(q))
        {
            return;
        }

        again.body = qc_str(NULL, 0);
        again.args = with_arg(f, q->args, qc_str("query", 5), q->graphql);
        break;

    default:
        break;
    }

    again.size = again.body.len;

    fuzz_check(is_same(&again, a));
}


/* Whether one more argument changes nothing for the others. */

static int
takes_arg(const qc_query_t *q)
{
    return q->parsed && q->arglist.n < q->rules->max_args
           && (q->rules->normalize & QC_NORMALIZE_ARGS);
}


static qc_str_t
with_arg(fuzz_t *f, qc_str_t args, qc_str_t name, qc_str_t text)
{
    size_t    size;
    qc_buf_t  b;

    size = args.len + name.len + 3 * text.len + 2;

    qc_buf_init(&b, fuzz_alloc(f, size), size);
    qc_buf_str(&b, name);
    qc_buf_char(&b, '=');
    qc_buf_uri(&b, text, 0);
    qc_buf_char(&b, '&');
    qc_buf_str(&b, args);

    fuzz_check(qc_buf_status(&b) == QC_OK);

    return qc_buf_written(&b);
}


static qc_str_t
with_member(fuzz_t *f, qc_str_t json, qc_str_t name, qc_str_t text)
{
    size_t    i, size;
    qc_buf_t  b;

    size = json.len + name.len + 6 * text.len + 16;

    qc_buf_init(&b, fuzz_alloc(f, size), size);
    qc_buf_cstr(&b, "{\"");
    qc_buf_str(&b, name);
    qc_buf_cstr(&b, "\":\"");

    for (i = 0; i < text.len; i++) {

        if (text.data[i] < 0x20) {
            qc_buf_cstr(&b, "\\u00");
            qc_buf_hex(&b, &text.data[i], 1);
            continue;
        }

        if (text.data[i] == '"' || text.data[i] == '\\') {
            qc_buf_char(&b, '\\');
        }

        qc_buf_put(&b, &text.data[i], 1);
    }

    qc_buf_char(&b, '"');

    if (json.len > 2) {
        qc_buf_char(&b, ',');
        qc_buf_str(&b, qc_str(json.data + 1, json.len - 1));

    } else {
        qc_buf_char(&b, '}');
    }

    fuzz_check(qc_buf_status(&b) == QC_OK);

    return qc_buf_written(&b);
}
