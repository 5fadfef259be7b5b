
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include <time.h>

#include "blocks.h"
#include "qc_json.h"


typedef struct {
    const char  *text;
    const char  *want;           /* its canonical form, or NULL: none */
} form_t;


typedef struct {
    const char  *a;
    const char  *b;
    int          same;
} pair_t;


typedef struct {
    const char  *text;
    qc_rc_e      rc;
    size_t       depth;
} depth_t;


static const form_t  forms[] = {
    { "null", "null" },
    { " true ", "true" },
    { "\t\r\nfalse\n", "false" },
    { "\"\"", "\"\"" },
    { "\"a\"", "\"a\"" },
    { "0", "0" },
    { "-7", "-7" },
    { "{}", "{}" },
    { "[]", "[]" },
    { " { } ", "{}" },
    { "[ ]", "[]" },
    { "[1, 2 ,3]", "[1,2,3]" },
    { "[[],{},[{}]]", "[[],{},[{}]]" },
    { "{\"b\":1,\"a\":2}", "{\"a\":2,\"b\":1}" },
    { "{\"b\":{\"d\":[{\"z\":1,\"y\":2}],\"c\":4},\"a\":{}}",
      "{\"a\":{},\"b\":{\"c\":4,\"d\":[{\"y\":2,\"z\":1}]}}" },
    { "{\"a\":1,\"A\":2,\"\":3,\"aa\":4,\"a\\u0000\":5}",
      "{\"\":3,\"A\":2,\"a\":1,\"a\\u0000\":5,\"aa\":4}" },

    /* by the bytes of the decoded names: ~ before e-acute before a pile */

    { "{\"\\ud83d\\udca9\":1,\"\\u00e9\":2,\"~\":3,\"\\uffff\":4}",
      "{\"~\":3,\"\xc3\xa9\":2,\"\xef\xbf\xbf\":4,\"\xf0\x9f\x92\xa9\":1}" },
    { "{\"\\\\\":1,\"\\\"\":2,\"[\":3,\"]\":4,\"\\n\":5}",
      "{\"\\u000a\":5,\"\\\"\":2,\"[\":3,\"\\\\\":1,\"]\":4}" },

    { "\"\\u0061\\/\\b\\f\\n\\r\\t\\\"\\\\\"",
      "\"a/\\u0008\\u000c\\u000a\\u000d\\u0009\\\"\\\\\"" },
    { "\"\\u0000\\u001F\\u007f\x7f\"", "\"\\u0000\\u001f\x7f\x7f\"" },
    { "\"\\uD83D\\uDE00\\ud83d\\ude00\"",
      "\"\xf0\x9f\x98\x80\xf0\x9f\x98\x80\"" },
    { "\"\\ud800\\udc00\\udbff\\udfff\"",
      "\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"" },
    { "\"\\\\ud800\"", "\"\\\\ud800\"" },
    { "\"\\u005cud800\"", "\"\\\\ud800\"" },
    { "\"\xe2\x80\xa8\"", "\"\xe2\x80\xa8\"" },
    { "\"\\ufeff\"", "\"\xef\xbb\xbf\"" },

    { "1.50", "15e-1" },
    { "1E2", "1e2" },
    { "100.0", "1e2" },
    { "0.0", "0e0" },
    { "-0.0", "-0e0" },
    { "-0", "-0" },
    { "0e7", "0e0" },
    { "-0E-7", "-0e0" },
    { "1e-0", "1e0" },
    { "-1.5e+3", "-15e2" },
    { "0.00120", "12e-4" },
    { "1000e3", "1e6" },
    { "1000.0001", "10000001e-4" },
    { "120.340e-5", "12034e-7" },
    { "10.0e-1", "1e0" },
    { "0.1e1", "1e0" },
    { "1e00000000000000000000000000000005", "1e5" },
    { "123456789012345678901234567890", "123456789012345678901234567890" },
    { "123456789012345678901234567890.5", "1234567890123456789012345678905e-1"
    },
    { "1e9223372036854775807", "1e9223372036854775807" },
    { "1e-9223372036854775808", "1e-9223372036854775808" },
    { "0.1e9223372036854775808", "1e9223372036854775807" },
    { "10e-9223372036854775809", "1e-9223372036854775808" },
    { "1e9223372036854775808", NULL },
    { "10e9223372036854775807", NULL },
    { "1e-9223372036854775809", NULL },
    { "0.1e-9223372036854775808", NULL },
    { "1e18446744073709551616", NULL },
    { "1e18446744073709551615", NULL },
    { "10e18446744073709551615", NULL },
    { "[0e99999999999999999999]", NULL },

    /* not JSON */

    { "", NULL },
    { " \n", NULL },
    { "{", NULL },
    { "[", NULL },
    { "]", NULL },
    { "{]", NULL },
    { "[}", NULL },
    { "[1", NULL },
    { "[1,", NULL },
    { "[1,]", NULL },
    { "[,1]", NULL },
    { "[1 2]", NULL },
    { "[1:2]", NULL },
    { "{\"a\"}", NULL },
    { "{\"a\":}", NULL },
    { "{\"a\":1,}", NULL },
    { "{,\"a\":1}", NULL },
    { "{\"a\":1 \"b\":2}", NULL },
    { "{\"a\",1}", NULL },
    { "{a:1}", NULL },
    { "{'a':1}", NULL },
    { "{1:1}", NULL },
    { "{\"a\":1", NULL },
    { "\"a", NULL },
    { "'a'", NULL },
    { "tru", NULL },
    { "truefalse", NULL },
    { "[truefalse]", NULL },
    { "True", NULL },
    { "nan", NULL },
    { "Infinity", NULL },
    { "-Infinity", NULL },
    { "undefined", NULL },
    { "01", NULL },
    { "[01]", NULL },
    { "-", NULL },
    { "+1", NULL },
    { ".5", NULL },
    { "1.", NULL },
    { "[1.]", NULL },
    { "[1.e1]", NULL },
    { "1e", NULL },
    { "1e+", NULL },
    { "[1e+]", NULL },
    { "0x10", NULL },
    { "1_000", NULL },
    { "--1", NULL },
    { "1.2.3", NULL },

    /* space that is none */

    { "[1,\v2]", NULL },
    { "[1,\f2]", NULL },
    { "\v[1]", NULL },
    { "[1]\f", NULL },
    { "[1,\xc2\xa0" "2]", NULL },

    { "/**/1", NULL },
    { "[1 // one\n]", NULL },
    { "[1]/", NULL },
    { "[1] # one", NULL },
    { "\xef\xbb\xbf[1]", NULL },

    /* more than one document, also where the second one has no end */

    { "1 2", NULL },
    { "1,2", NULL },
    { "{}{}", NULL },
    { "{} {}", NULL },
    { "[]]", NULL },
    { "[] tru", NULL },
    { "[] \"", NULL },
    { "[] \"a", NULL },
    { "[] -", NULL },
    { "[] 1", NULL },
    { "1 \"a", NULL },
    { "1 t", NULL },
    { "\"a\" \"b", NULL },
    { "\"a\"\"", NULL },
    { "true n", NULL },
    { "{} /", NULL },

    /* strings */

    { "\"\n\"", NULL },
    { "\"\t\"", NULL },
    { "\"\x01\"", NULL },
    { "\"\x1f\"", NULL },
    { "{\"\t\":1}", NULL },
    { "\"\\x41\"", NULL },
    { "\"\\'\"", NULL },
    { "\"\\U0041\"", NULL },
    { "\"\\u\"", NULL },
    { "\"\\u12\"", NULL },
    { "\"\\u12g4\"", NULL },
    { "\"\\u 123\"", NULL },
    { "\"\\\"", NULL },
    { "\"\\u123", NULL },
    { "\\", NULL },
    { "\"\\ud800\"", NULL },
    { "\"\\udbff x\"", NULL },
    { "\"\\udc00\"", NULL },
    { "\"\\udfff\"", NULL },
    { "\"\\udc00\\udc00\"", NULL },
    { "\"\\ud800\\ud800\"", NULL },
    { "\"\\ud800\\u0041\"", NULL },
    { "\"\\ud800\\ue000\"", NULL },
    { "\"\\ud800\\n\"", NULL },
    { "\"\\ud800\\\\udc00\"", NULL },
    { "\"\\ud83d\\ude00\\ude00\"", NULL },
    { "\"\\ud83d\\ude0\"", NULL },
    { "{\"\\ud800\":1}", NULL },
    { "\"\x80\"", NULL },
    { "\"\xc0\x80\"", NULL },
    { "\"\xed\xa0\x80\"", NULL },
    { "\"\xf4\x90\x80\x80\"", NULL },
    { "\"\xc3\"", NULL },
    { "\xc3\xbc", NULL },

    /* names that are there twice */

    { "{\"a\":1,\"a\":1}", NULL },
    { "{\"a\":1,\"b\":2,\"a\":3}", NULL },
    { "{\"a\":1,\"\\u0061\":1}", NULL },
    { "{\"\":1,\"\":1}", NULL },
    { "[{\"x\":{\"a\":1,\"c\":0,\"b\":0,\"a\":1}}]", NULL },
    { "{\"a\":{\"a\":{\"a\":1}}}", "{\"a\":{\"a\":{\"a\":1}}}" },
    { "[{\"a\":1},{\"a\":1}]", "[{\"a\":1},{\"a\":1}]" },
    { "{\"b\":{\"a\":1},\"a\":{\"b\":1}}", "{\"a\":{\"b\":1},\"b\":{\"a\":1}}" }
};


static const pair_t  pairs[] = {
    { "1", " 1\n", 1 },
    { "1", "1.0", 0 },
    { "1", "1e0", 0 },
    { "1.0", "1e0", 1 },
    { "1e2", "100.0", 1 },
    { "1e2", "1E+2", 1 },
    { "1e2", "0.1e3", 1 },
    { "1e2", "1e+02", 1 },
    { "1e2", "100", 0 },
    { "1e2", "1e-2", 0 },
    { "1e2", "1e3", 0 },
    { "1.5", "15.0", 0 },
    { "1.5", "-1.5", 0 },
    { "12345678901234567890123", "12345678901234567890124", 0 },
    { "12345678901234567890123.0", "12345678901234567890124.0", 0 },
    { "12345678901234567890123.0", "1234567890123456789012.3e1", 1 },
    { "9007199254740993", "9007199254740992", 0 },
    { "9007199254740993.0", "9007199254740992.0", 0 },
    { "0.1", "0.10", 1 },
    { "0.1", "1e-1", 1 },
    { "0.1", "0.1000000000000000055511151231257827", 0 },
    { "0.1", "0.01", 0 },
    { "1e400", "1e401", 0 },
    { "1e-400", "0.0", 0 },
    { "0", "-0", 0 },
    { "0.0", "-0.0", 0 },
    { "0", "0.0", 0 },
    { "0.0", "0e9", 1 },
    { "10", "1", 0 },
    { "10.0", "1.0", 0 },
    { "0.5", "5", 0 },

    { "1", "\"1\"", 0 },
    { "true", "\"true\"", 0 },
    { "null", "\"null\"", 0 },
    { "null", "false", 0 },
    { "true", "false", 0 },
    { "null", "{}", 0 },
    { "{}", "[]", 0 },
    { "[]", "[[]]", 0 },
    { "\"\"", "null", 0 },
    { "\"{}\"", "{}", 0 },

    { "\"a\"", "\"\\u0061\"", 1 },
    { "\"a\"", "\"A\"", 0 },
    { "\"a\"", "\"a \"", 0 },
    { "\"a  b\"", "\"a b\"", 0 },
    { "\"/\"", "\"\\/\"", 1 },
    { "\"\\n\"", "\"\\u000A\"", 1 },
    { "\"\\n\"", "\"\\\\n\"", 0 },
    { "\"\\n\"", "\"n\"", 0 },
    { "\"\\u0000\"", "\"\"", 0 },
    { "\"a\\u0000\"", "\"a\"", 0 },
    { "\"a\\u0000b\"", "\"a\\u0000c\"", 0 },
    { "\"\\u0000\"", "\"\\\\u0000\"", 0 },
    { "\"\xc3\xa9\"", "\"\\u00E9\"", 1 },
    { "\"\xc3\xa9\"", "\"e\\u0301\"", 0 },
    { "\"\xf0\x9f\x98\x80\"", "\"\\ud83d\\ude00\"", 1 },
    { "\"\\ud83d\\ude00\"", "\"\\ud83d\\ude01\"", 0 },
    { "\"?\"", "\"\\ud83d\\ude00\"", 0 },
    { "\"\\\"\"", "\"\\u0022\"", 1 },
    { "\"\\\\\"", "\"\\u005c\"", 1 },
    { "\"\\\",\\\"\"", "[\"\",\"\"]", 0 },

    { "[1,2]", "[ 1 , 2 ]", 1 },
    { "[1,2]", "[2,1]", 0 },
    { "[1,2]", "[12]", 0 },
    { "[1,[2]]", "[[1],2]", 0 },
    { "[[1],[2]]", "[[1,2]]", 0 },
    { "{\"a\":1,\"b\":2}", "{ \"b\" : 2 , \"a\" : 1 }", 1 },
    { "{\"a\":1,\"b\":2}", "{\"a\":2,\"b\":1}", 0 },
    { "{\"a\":1,\"b\":2}", "{\"a\":1}", 0 },
    { "{\"a\":null}", "{}", 0 },
    { "{\"a\":[]}", "{\"a\":{}}", 0 },
    { "{\"a\":{\"b\":1}}", "{\"a\":1,\"b\":1}", 0 },
    { "{\"a\":{\"b\":1},\"c\":2}", "{\"a\":{\"b\":1,\"c\":2}}", 0 },
    { "{\"a\":1}", "{\"A\":1}", 0 },
    { "{\"\\u0061\":1,\"\\u0062\":2}", "{\"b\":2,\"a\":1}", 1 },
    { "{\"a\":{\"x\":1,\"y\":{\"p\":1,\"q\":2}},\"b\":[{\"k\":1,\"l\":2}]}",
      "{\"b\":[{\"l\":2,\"k\":1}],\"a\":{\"y\":{\"q\":2,\"p\":1},\"x\":1}}",
      1 },
    { "{\"a:1\":2}", "{\"a\":12}", 0 },
    { "{\"a\\\":1,\\\"b\":2}", "{\"a\":1,\"b\":2}", 0 }
};


static const depth_t  depths[] = {
    { "1", QC_OK, 0 },
    { "[]", QC_NOSPACE, 0 },
    { "{}", QC_NOSPACE, 0 },
    { "[]", QC_OK, 1 },
    { "{\"a\":1}", QC_OK, 1 },
    { "[[]]", QC_NOSPACE, 1 },
    { "{\"a\":{}}", QC_NOSPACE, 1 },
    { "[[],[],{}]", QC_OK, 2 },
    { "[[{\"a\":[]}]]", QC_NOSPACE, 3 },
    { "[[{\"a\":[]}]]", QC_OK, 4 },
    { "[[{\"a\":[]}]]", QC_OK, 100000 }
};


static void check_forms(void);
static void check_pairs(void);
static void check_depths(void);
static void check_memory(void);
static void check_large(void);
static void check_deep(void);
static qc_rc_e canonical(unsigned slot, const char *text, size_t depth,
    qc_str_t *out);
static qc_rc_e canonical_of(qc_str_t text, const qc_json_opts_t *opts,
    size_t limit, qc_str_t *out);


int
main(void)
{
    check_forms();
    check_pairs();
    check_depths();
    check_memory();
    check_large();
    check_deep();

    blocks_free();

    return tap_done();
}


static void
check_forms(void)
{
    size_t         i;
    qc_rc_e        rc;
    qc_str_t       out, again;
    const form_t  *f;

    for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        f = &forms[i];
        blocks_free();
        rc = canonical(0, f->text, QC_JSON_DEPTH_MAX, &out);

        if (f->want == NULL) {
            tap_int(rc, QC_BAD, f->text);
            continue;
        }

        if (!tap_int(rc, QC_OK, f->text)) {
            continue;
        }

        tap_mem(out.data, out.len, f->want, strlen(f->want), "its form");

        rc = canonical_of(qc_str(tap_guard(0, out.data, out.len), out.len),
                          NULL, SIZE_MAX, &again);

        tap_ok(rc == QC_OK && qc_str_eq(out, again), "of which is the same");
    }

    tap_int(canonical_of(qc_str("1\0", 2), NULL, SIZE_MAX, &out), QC_BAD,
            "a zero behind a number");
    tap_int(canonical_of(qc_str("\"\0\"", 3), NULL, SIZE_MAX, &out), QC_BAD,
            "a zero in a string");
    tap_int(canonical_of(qc_str("[\0]", 3), NULL, SIZE_MAX, &out), QC_BAD,
            "a zero in an array");
    tap_int(canonical_of(qc_str(NULL, 0), NULL, SIZE_MAX, &out), QC_BAD,
            "nothing");
}


static void
check_pairs(void)
{
    size_t         i;
    qc_str_t       a, b;
    const pair_t  *p;

    for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        p = &pairs[i];
        blocks_free();

        tap_ok(canonical(0, p->a, QC_JSON_DEPTH_MAX, &a) == QC_OK
               && canonical(1, p->b, QC_JSON_DEPTH_MAX, &b) == QC_OK
               && qc_str_eq(a, b) == p->same,
               "%s %s %s", p->a, p->same ? "is" : "is not", p->b);
    }
}


static void
check_depths(void)
{
    size_t    i;
    qc_str_t  out;

    for (i = 0; i < sizeof(depths) / sizeof(depths[0]); i++) {
        blocks_free();
        tap_ok(canonical(0, depths[i].text, depths[i].depth, &out)
               == depths[i].rc,
               "%s at most %zu deep", depths[i].text, depths[i].depth);
    }
}


/* With whatever it has, it ends: QC_NOSPACE until it is enough. */

static void
check_memory(void)
{
    int                ok;
    size_t             limit, enough;
    qc_rc_e            rc;
    qc_str_t           text, out;

    static const char  doc[] =
        "{\"c\":[[[{\"b\\n\":1.50,\"a\":\"x\\ny\"}]]],\"b\":{\"z\":[],\"y\":1},"
        "\"a\":\"\\u0001\\u0002\\u0003\",\"d\":[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]"
        "]]}";

    ok = 1;
    enough = 0;
    text = qc_str(tap_guard(0, doc, sizeof(doc) - 1), sizeof(doc) - 1);

    for (limit = 0; limit < 65536; limit += 8) {
        blocks_free();
        rc = canonical_of(text, NULL, limit, &out);

        if (rc == QC_OK) {
            enough = enough ? enough : limit;

        } else if (rc != QC_NOSPACE || enough) {
            ok = 0;
        }
    }

    tap_ok(ok && enough, "with each amount of memory, %zu is enough", enough);
}


/* 100,000 members in reverse order, and one of them twice. */

static void
check_large(void)
{
    int       i, ok, at;
    char     *text, *p;
    double    took;
    clock_t   start;
    qc_str_t  out;

    blocks_free();
    text = blocks_alloc(NULL, 100000 * 20);
    p = text;

    for (i = 99999; i >= 0; i--) {
        p += sprintf(p, "%c\"k%05d\":%d", i == 99999 ? '{' : ',', i, i);
    }

    *p++ = '}';

    start = clock();
    ok = canonical_of(qc_str(text, (size_t) (p - text)), NULL, SIZE_MAX, &out)
         == QC_OK;
    took = (double) (clock() - start) / CLOCKS_PER_SEC;

    tap_ok(ok && out.len == (size_t) (p - text), "100,000 members");
    tap_ok(took < 2, "within a moment: %.3f s", took);

    for (i = 0, at = 1; ok && i < 100000; i++) {
        char  member[32];
        int   len;

        len = sprintf(member, "\"k%05d\":%d%c", i, i, i == 99999 ? '}' : ',');
        ok = memcmp(out.data + at, member, (size_t) len) == 0;
        at += len;
    }

    tap_ok(ok, "in order");

    memcpy(text + 2, "k00000", 6);
    tap_int(canonical_of(qc_str(text, (size_t) (p - text)), NULL, SIZE_MAX,
                         &out),
            QC_BAD, "the last of them a second time");
}


static void
check_deep(void)
{
    char            text[2 * (QC_JSON_DEPTH_MAX + 1)];
    char           *many;
    qc_str_t        out;
    qc_json_opts_t  opts;

    blocks_free();
    many = blocks_alloc(NULL, 100000);
    memset(many, '[', 100000);
    tap_int(canonical_of(qc_str(many, 100000), NULL, SIZE_MAX, &out),
            QC_NOSPACE, "100,000 arrays in each other");

    memset(text, '[', QC_JSON_DEPTH_MAX + 1);
    memset(text + QC_JSON_DEPTH_MAX + 1, ']', QC_JSON_DEPTH_MAX + 1);

    tap_int(canonical_of(qc_str(text, sizeof(text)), NULL, SIZE_MAX, &out),
            QC_NOSPACE, "257 arrays in each other");

    memset(&opts, 0, sizeof(opts));
    opts.max_depth = 100000;

    tap_int(canonical_of(qc_str(text, sizeof(text)), &opts, SIZE_MAX, &out),
            QC_NOSPACE, "whatever the caller wants");
    tap_int(canonical_of(qc_str(text + 1, sizeof(text) - 2), NULL, SIZE_MAX,
                         &out),
            QC_OK, "256 arrays in each other");
    tap_mem(out.data, out.len, text + 1, sizeof(text) - 2, "as they are");
}


static qc_rc_e
canonical(unsigned slot, const char *text, size_t depth, qc_str_t *out)
{
    size_t          len;
    qc_json_opts_t  opts;

    memset(&opts, 0, sizeof(opts));
    opts.max_depth = depth;

    len = strlen(text);

    return canonical_of(qc_str(tap_guard(slot, text, len), len), &opts,
                        SIZE_MAX, out);
}


static qc_rc_e
canonical_of(qc_str_t text, const qc_json_opts_t *opts, size_t limit,
    qc_str_t *out)
{
    qc_arena_t  arena;

    qc_arena_init(&arena, blocks_alloc, NULL, limit);
    *out = qc_str(NULL, 0);

    return qc_json_canonical(text, opts, &arena, out);
}
