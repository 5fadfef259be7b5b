
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "blocks.h"
#include "qc_json.h"


typedef struct {
    const char  *pointer;        /* NULL: all but the document */
    const char  *text;
    const char  *want;           /* without what the pointer names */
} drop_t;


typedef struct {
    const char  *pointer;
    int          valid;
} pointer_t;


/* What the visitor of the tests does, and what it has seen. */

typedef struct {
    const char  *pointer;
    qc_rc_e      rc;             /* its answer for what the pointer names */
    qc_str_t     replace;
    char         seen[2048];
    size_t       len;
} visit_t;


static const drop_t  drops[] = {
    { "/x", "{\"x\":1}", "{}" },
    { "/x", "{\"x\":1,\"a\":2}", "{\"a\":2}" },
    { "/x", "{\"a\":2,\"x\":1}", "{\"a\":2}" },
    { "/x", "{\"c\":3,\"x\":1,\"a\":2}", "{\"a\":2,\"c\":3}" },
    { "/x", "{\"x\":{\"x\":[1,{}],\"a\":2},\"y\":[]}", "{\"y\":[]}" },
    { "/x", "{\"y\":{\"x\":1},\"x\":[]}", "{\"y\":{\"x\":1}}" },
    { "/x", "[{\"x\":1}]", "[{\"x\":1}]" },
    { "/x/y", "{\"x\":{\"y\":1,\"z\":2}}", "{\"x\":{\"z\":2}}" },
    { "/x/y", "{\"x\":{\"z\":{\"y\":0},\"y\":{\"a\":[[]]}}}",
      "{\"x\":{\"z\":{\"y\":0}}}" },
    { "/context/queryId",
      "{\"queryType\":\"x\",\"context\":{\"timeout\":1,\"queryId\":\"7-a\"}}",
      "{\"context\":{\"timeout\":1},\"queryType\":\"x\"}" },
    { "/0", "[1,2,3]", "[2,3]" },
    { "/1", "[1,[2],3]", "[1,3]" },
    { "/2", "[1,2,{\"a\":3}]", "[1,2]" },
    { "/3", "[1,2,3]", "[1,2,3]" },
    { "/*", "[1,{\"a\":2},[3]]", "[]" },
    { "/*", "{\"a\":1,\"*\":2}", "{\"a\":1}" },
    { "/*0", "[1,2]", "[1,2]" },
    { "/**", "[1,2]", "[1,2]" },
    { "/*/a", "[{\"a\":1,\"b\":2},{\"b\":3,\"a\":4},[5]]",
      "[{\"b\":2},{\"b\":3},[5]]" },
    { "/a/*/b/*", "{\"a\":[{\"b\":[1]},{\"b\":[2,3],\"c\":[4]}]}",
      "{\"a\":[{\"b\":[]},{\"b\":[],\"c\":[4]}]}" },
    { NULL, "{\"b\":1,\"a\":2}", "{}" },
    { NULL, "[{\"b\":1,\"a\":2},3]", "[]" },
    { "", "{\"a\":1}", "" },
    { "", "1", "" },
    { "/", "{\"\":1,\"a\":2}", "{\"a\":2}" },
    { "/a~1b", "{\"a/b\":1,\"a\":{\"b\":2}}", "{\"a\":{\"b\":2}}" },
    { "/a~0b", "{\"a~b\":1,\"a~0b\":2}", "{\"a~0b\":2}" },
    { "/a~01", "{\"a~1\":1,\"a/\":2}", "{\"a/\":2}" },
    { "/\xc3\xa9", "{\"\\u00e9\":1,\"e\":2}", "{\"e\":2}" },

    /* what is not a pointer names nothing */

    { "x", "{\"x\":1}", "{\"x\":1}" },
    { "/x~", "{\"x~\":1,\"x\":2}", "{\"x\":2,\"x~\":1}" },
    { "/x~2", "{\"x~2\":1}", "{\"x~2\":1}" },
    { "/x/", "{\"x\":{\"y\":1}}", "{\"x\":{\"y\":1}}" },
    { "/01", "[1,2]", "[1,2]" },
    { "/-", "[1,2]", "[1,2]" },
    { "/+1", "[1,2]", "[1,2]" },
    { "/18446744073709551616", "[1,2]", "[1,2]" },
    { "/1", "{\"1\":1,\"01\":2}", "{\"01\":2}" },
    { "/x", "{\"xx\":1,\"\":2}", "{\"\":2,\"xx\":1}" },

    /* what is left out is part of the document all the same */

    { "/x", "{\"x\":1,\"x\":2}", NULL },
    { "/x", "{\"x\":1,\"a\":0,\"x\":2}", NULL },
    { "/x", "{\"x\":{\"a\":1,\"a\":2}}", NULL },
    { "/x", "{\"x\":[1,]}", NULL },
    { "/x", "{\"x\":\"\\ud800\"}", NULL },
    { "", "1 2", NULL }
};


static const pointer_t  pointers[] = {
    { "", 1 },
    { "/", 1 },
    { "//", 1 },
    { "/a", 1 },
    { "/a/b c/0/*", 1 },
    { "/~0~1", 1 },
    { "/\xc3\xa9", 1 },
    { "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16", 1 },
    { "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17", 0 },
    { "a", 0 },
    { "a/b", 0 },
    { "#/a", 0 },
    { "/~", 0 },
    { "/~2", 0 },
    { "/a~/b", 0 },
    { "/\xc3", 0 }
};


static void check_drops(void);
static void check_pointers(void);
static void check_visits(void);
static void check_replace(void);
static void is(qc_str_t out, const char *want, const char *name);
static qc_rc_e canonical(const char *text, visit_t *v, qc_str_t *out);
static qc_rc_e visitor(void *data, qc_json_value_t *v);
static void visit_note(visit_t *visit, const qc_json_value_t *v);


int
main(void)
{
    check_drops();
    check_pointers();
    check_visits();
    check_replace();

    blocks_free();

    return tap_done();
}


static void
check_drops(void)
{
    size_t         i;
    qc_rc_e        rc;
    visit_t        v;
    qc_str_t       out;
    const char    *name;
    const drop_t  *d;

    for (i = 0; i < sizeof(drops) / sizeof(drops[0]); i++) {
        d = &drops[i];
        blocks_free();
        memset(&v, 0, sizeof(v));
        v.pointer = d->pointer;
        v.rc = QC_DONE;

        rc = canonical(d->text, &v, &out);

        name = (d->pointer != NULL) ? d->pointer : "all";

        if (d->want == NULL) {
            tap_ok(rc == QC_BAD, "%s without %s: none", d->text, name);

        } else if (tap_ok(rc == QC_OK, "%s without %s", d->text, name)) {
            is(out, d->want, d->want);
        }
    }
}


static void
check_pointers(void)
{
    char    text[QC_JSON_POINTER_MAX + 1];
    size_t  i, len;

    for (i = 0; i < sizeof(pointers) / sizeof(pointers[0]); i++) {
        len = strlen(pointers[i].pointer);
        tap_ok(qc_json_pointer_valid(qc_str(tap_guard(0, pointers[i].pointer,
                                                      len), len))
               == pointers[i].valid,
               "pointer \"%s\"", pointers[i].pointer);
    }

    memset(text, 'x', sizeof(text));
    text[0] = '/';

    tap_ok(qc_json_pointer_valid(qc_str(text, QC_JSON_POINTER_MAX)),
           "pointer of 256 bytes");
    tap_ok(!qc_json_pointer_valid(qc_str(text, QC_JSON_POINTER_MAX + 1)),
           "pointer of 257 bytes");
}


/* All that the visitor sees, in which order, and the end it can put to it. */

static void
check_visits(void)
{
    visit_t            v;
    qc_str_t           out;

    static const char  text[] =
        "{\"b\":[10,{\"\\u0063\":1.50,\"d\":\"x\\ny\"},[]],"
        "\"a\":{\"e\":{\"f\":null}},\"g\":true}";
    static const char  want[] =
        ": object\nb: array\nb.#0: number 10\nb.#1: object\n"
        "b.#1.c: number 1.50\nb.#1.d: string x\ny\nb.#2: array\na: object\n"
        "a.e: object\na.e.f: null null\ng: true true\n";
    static const char  some[] =
        ": object\nb: array\nb.#0: number 10\nb.#1: object\nb.#2: array\n"
        "a: object\na.e: object\na.e.f: null null\ng: true true\n";
    static const char  rest[] = ": object\nx: object\nw: number 3\n";

    blocks_free();
    memset(&v, 0, sizeof(v));
    v.pointer = "/none";

    tap_int(canonical(text, &v, &out), QC_OK, "visits");
    tap_mem(v.seen, v.len, want, sizeof(want) - 1, "what they saw");

    memset(&v, 0, sizeof(v));
    v.pointer = "/b/1";
    v.rc = QC_DONE;

    canonical(text, &v, &out);
    tap_mem(v.seen, v.len, some, sizeof(some) - 1, "not what is left out");

    memset(&v, 0, sizeof(v));
    v.pointer = "/x";
    v.rc = QC_DONE;

    canonical("{\"x\":{\"y\":{},\"z\":[1,[]],\"u\":2},\"w\":3}", &v, &out);
    tap_mem(v.seen, v.len, rest, sizeof(rest) - 1, "however deep it is");

    v.rc = QC_BAD;
    v.pointer = "/b/1";
    tap_int(canonical(text, &v, &out), QC_BAD, "a visitor that says no");

    v.pointer = "/g";
    v.rc = QC_NOSPACE;
    tap_int(canonical(text, &v, &out), QC_NOSPACE,
            "a visitor without space");
}


static void
check_replace(void)
{
    visit_t            v;
    qc_str_t           out;
    uint8_t            controls[300];

    static const char  text[] = "{\"b\":[1.50,{}],\"a\":\"x\",\"c\":null}";

    blocks_free();
    memset(&v, 0, sizeof(v));
    v.pointer = "/b/0";
    v.rc = QC_PARTIAL;
    v.replace = qc_str("s:\"1\"\n", 6);

    canonical(text, &v, &out);
    is(out, "{\"a\":\"x\",\"b\":[\"s:\\\"1\\\"\\u000a\",{}],\"c\":null}",
       "a number replaced");

    v.pointer = "/a";
    v.replace = qc_str(NULL, 0);
    canonical(text, &v, &out);
    is(out, "{\"a\":\"\",\"b\":[15e-1,{}],\"c\":null}",
       "a string replaced by none");

    v.pointer = "/c";
    v.replace = qc_str("\xe2\x82\xac", 3);
    canonical(text, &v, &out);
    is(out, "{\"a\":\"x\",\"b\":[15e-1,{}],\"c\":\"\xe2\x82\xac\"}",
       "null replaced");

    /* a piece of the text, from where it stands there */

    v.pointer = "/a";
    v.replace = qc_str((uint8_t *) tap_guard(0, text, strlen(text)) + 1, 4);
    canonical(text, &v, &out);
    is(out, "{\"a\":\"\\\"b\\\":\",\"b\":[15e-1,{}],\"c\":null}",
       "a string replaced by quotes");

    memset(controls, 0x1f, sizeof(controls));
    v.replace = qc_str(controls, sizeof(controls));
    canonical(text, &v, &out);
    tap_int((long long) out.len, 6 * sizeof(controls) + 32, "and by controls");

    v.replace = qc_str("\xe2\x82", 2);
    tap_int(canonical(text, &v, &out), QC_BAD,
            "replaced by what is not UTF-8");

    v.pointer = "/b/1";
    v.replace = qc_str("x", 1);
    tap_int(canonical(text, &v, &out), QC_BAD, "an object replaced");
}


static void
is(qc_str_t out, const char *want, const char *name)
{
    tap_mem(out.data, out.len, want, strlen(want), name);
}


static qc_rc_e
canonical(const char *text, visit_t *v, qc_str_t *out)
{
    qc_arena_t      arena;
    qc_json_opts_t  opts;

    qc_arena_init(&arena, blocks_alloc, NULL, SIZE_MAX);

    opts.max_depth = QC_JSON_DEPTH_MAX;
    opts.visit = visitor;
    opts.data = v;
    *out = qc_str(NULL, 0);

    return qc_json_canonical(qc_str(tap_guard(0, text, strlen(text)),
                                    strlen(text)),
                             &opts, &arena, out);
}


static qc_rc_e
visitor(void *data, qc_json_value_t *v)
{
    visit_t   *visit;
    qc_str_t   pointer;

    visit = data;
    visit_note(visit, v);

    if (visit->pointer == NULL) {
        return (v->depth == 0) ? QC_OK : visit->rc;
    }

    pointer = qc_str(tap_guard(2, visit->pointer, strlen(visit->pointer)),
                     strlen(visit->pointer));

    if (!qc_json_path_is(v, pointer)) {
        return QC_OK;
    }

    v->replace = visit->replace;

    return visit->rc;
}


static void
visit_note(visit_t *visit, const qc_json_value_t *v)
{
    size_t             i, left;
    const char        *dot;

    static const char *types[] = {
        "null", "false", "true", "number", "string", "object", "array"
    };

    for (i = 0; i < v->depth; i++) {
        left = sizeof(visit->seen) - visit->len;
        dot = (i == 0) ? "" : ".";

        visit->len += (size_t) (v->path[i].array
            ? snprintf(visit->seen + visit->len, left, "%s#%u", dot,
                       (unsigned) v->path[i].index)
            : snprintf(visit->seen + visit->len, left, "%s%.*s", dot,
                       (int) v->path[i].name.len,
                       (const char *) v->path[i].name.data));
    }

    left = sizeof(visit->seen) - visit->len;
    visit->len += (size_t) snprintf(visit->seen + visit->len, left,
                                    ": %s%s%.*s\n", types[v->type],
                                    v->type < QC_JSON_OBJECT ? " " : "",
                                    (int) v->value.len,
                                    (const char *) v->value.data);
}
