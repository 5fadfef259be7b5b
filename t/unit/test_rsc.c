
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/* Expected texts and keys are what Python's json and hashlib make of them. */

#include "qc_rsc.h"
#include "tap.h"


#define WORDS  "SELECT 1"


typedef struct {
    const char  *query;
    const char  *args;
    const char  *kwargs;
    const char  *ns;
    const char  *want;       /* the key, the text, or NULL */
} call_t;


typedef struct {
    const char  *query;
    int          want;
} exact_t;


static void *arena_alloc(void *ctx, size_t size);
static void arena_new(qc_arena_t *arena, size_t limit);
static qc_str_t guard(unsigned slot, const char *s);
static void guard_call(const call_t *c, qc_rsc_call_t *call);
static void test_keys(void);
static void test_texts(void);
static void test_limits(void);
static void test_spaces(void);
static void test_exact(void);


/* query, args, kwargs, namespace: key */

static const call_t  keys[] = {
    { "SELECT 1", "", "", "",
      "53ca7b4bf0c078fdaaa432c92ae497e67c5d6862759943088f685d58f501e1f7" },
    { "SELECT 1", "[]", "{}", "",
      "53ca7b4bf0c078fdaaa432c92ae497e67c5d6862759943088f685d58f501e1f7" },
    { "  SELECT\t1\n FROM  t ", "", "", "",
      "41927da769a872b2c4b83e84892239c02261e4d563ed7bd75f1b071964edb165" },
    { "SELECT 1 FROM t", "", "", "",
      "41927da769a872b2c4b83e84892239c02261e4d563ed7bd75f1b071964edb165" },
    { "SELECT 1", "[10]", "", "",
      "aa9274749f5b7132df1d4067f8f54b3be9d567a2b219111b025b64961ad0fccd" },
    { "SELECT 1", "", "{\"limit\":10,\"a\":\"x\"}", "",
      "b79a8a86b7667e1111148ec866c6609451524614e92156126974e79229ac3cc1" },
    { "SELECT 1", "", " { \"a\" : \"\\u0078\", \"limit\" : 10 } ", "",
      "b79a8a86b7667e1111148ec866c6609451524614e92156126974e79229ac3cc1" },
    { "SELECT 1", "", "", "analytics",
      "a13f2b2a2ef88e8a809286dd60b92c627657a2941aa097014d7264b3133c60db" },
    { "SELECT '\xc3\xa9\xf0\x9f\x98\x80'", "", "", "",
      "6e7642cd9c5e1aff3e266e3164699395d7709af2a579a941dcd270a77a9adde7" },
    { "", "", "", "",
      "e31ee8e67b95e0bbcba1ef78dc62ecd41b001eedae6fd9a993b94bd3fed9d653" },

    /* two queries, one text: neither has a key */

    { "SELECT 'a  b'", "", "", "", NULL },
    { "SELECT 1 -- c\n+1", "", "", "", NULL },
    { "SELECT \xc2\xa0 1", "", "", "", NULL },
    { "SELECT 1", "[1.5]", "", "", NULL },
    { "SELECT '\xff'", "", "", "", NULL }
};


/* the text between the arguments and the query, as far as it matters */

static const call_t  texts[] = {
    { WORDS, "", "", "",
      "{\"args\":[],\"kwargs\":{},\"query\":\"SELECT 1\"}" },
    { WORDS, "[null,true,false,\"\",\"x\",0,-7,12345678901234567890123]", "",
      "", "{\"args\":[null,true,false,\"\",\"x\",0,-7,"
      "12345678901234567890123],\"kwargs\":{},\"query\":\"SELECT 1\"}" },
    { WORDS, "[-0, -0 ,0,-10,\"-0\"]", "", "",
      "{\"args\":[0,0,0,-10,\"-0\"],\"kwargs\":{},\"query\":\"SELECT 1\"}" },
    { WORDS, "[\"\\u0000\\u0001\\b\\t\\n\\u000b\\f\\r\\u001f \\/\\\\\\\"\"]",
      "", "", "{\"args\":[\"\\u0000\\u0001\\b\\t\\n\\u000b\\f\\r\\u001f /"
      "\\\\\\\"\"],\"kwargs\":{},\"query\":\"SELECT 1\"}" },
    { WORDS, "[\"~\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf"
      "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"]", "", "",
      "{\"args\":[\"~\\u007f\\u0080\\u07ff\\u0800\\uffff\\ud800\\udc00"
      "\\udbff\\udfff\"],\"kwargs\":{},\"query\":\"SELECT 1\"}" },
    { WORDS, "[\"\\ud83d\\ude00\\u00e9\"]", "", "",
      "{\"args\":[\"\\ud83d\\ude00\\u00e9\"],\"kwargs\":{},"
      "\"query\":\"SELECT 1\"}" },

    /* by code points: U+FFFF before U+10000, whatever UTF-16 makes of it */

    { WORDS, "", "{\"\\ud800\\udc00\":1,\"\\uffff\":2,\"b\":3,\"\":4,"
      "\"B\":5,\"a\\u0000\":6,\"a\":7}", "",
      "{\"args\":[],\"kwargs\":{\"\":4,\"B\":5,\"a\":7,\"a\\u0000\":6,"
      "\"b\":3,\"\\uffff\":2,\"\\ud800\\udc00\":1},\"query\":\"SELECT 1\"}" },
    { WORDS, "", "{\"query\":1,\"args\":2}", "",
      "{\"args\":[],\"kwargs\":{\"args\":2,\"query\":1},"
      "\"query\":\"SELECT 1\"}" },

    { WORDS, "", "", " a\n\"b\" ",
      "{\"args\":[],\"kwargs\":{},\"namespace\":\" a\\n\\\"b\\\" \","
      "\"query\":\"SELECT 1\"}" },
    { WORDS, "", "", "\xc3\xbc",
      "{\"args\":[],\"kwargs\":{},\"namespace\":\"\\u00fc\","
      "\"query\":\"SELECT 1\"}" },

    { " \t\n\v\f\r\x1c\x1d\x1e\x1f", "", "", "",
      "{\"args\":[],\"kwargs\":{},\"query\":\"\"}" },
    { "a\x1b" "b\x08" "c\x7f", "", "", "",
      "{\"args\":[],\"kwargs\":{},\"query\":\"a\\u001bb\\bc\\u007f\"}" },
    { "SELECT \"a\"\\", "", "", "",
      "{\"args\":[],\"kwargs\":{},\"query\":\"SELECT \\\"a\\\"\\\\\"}" },
    { "'a  b'", "", "", "",
      "{\"args\":[],\"kwargs\":{},\"query\":\"'a b'\"}" },

    /* zero width space, word joiner and U+180E are none to Python */

    { "a\xe2\x80\x8b\xe2\x80\x8b" "b\xe2\x81\xa0" "c\xe1\xa0\x8e", "", "", "",
      "{\"args\":[],\"kwargs\":{},"
      "\"query\":\"a\\u200b\\u200bb\\u2060c\\u180e\"}" },

    { WORDS, "[1.0]", "", "", NULL },
    { WORDS, "[1e2]", "", "", NULL },
    { WORDS, "[1E2]", "", "", NULL },
    { WORDS, "[0.5]", "", "", NULL },
    { WORDS, "[NaN]", "", "", NULL },
    { WORDS, "[Infinity]", "", "", NULL },
    { WORDS, "[01]", "", "", NULL },
    { WORDS, "[+1]", "", "", NULL },
    { WORDS, "[[]]", "", "", NULL },
    { WORDS, "[{}]", "", "", NULL },
    { WORDS, "[[1]]", "", "", NULL },
    { WORDS, "[1,]", "", "", NULL },
    { WORDS, "[1] [2]", "", "", NULL },
    { WORDS, "[1", "", "", NULL },
    { WORDS, "{}", "", "", NULL },
    { WORDS, "1", "", "", NULL },
    { WORDS, "null", "", "", NULL },
    { WORDS, " ", "", "", NULL },
    { WORDS, "[\"\xc3\"]", "", "", NULL },
    { WORDS, "[\"\xed\xa0\x80\"]", "", "", NULL },
    { WORDS, "[\"\\ud800\"]", "", "", NULL },
    { WORDS, "[\"\\udc00\\ud800\"]", "", "", NULL },
    { WORDS, "[\"\\ud800\\\\udc00\"]", "", "", NULL },
    { WORDS, "[\"\n\"]", "", "", NULL },
    { WORDS, "[/*c*/]", "", "", NULL },
    { WORDS, "\xef\xbb\xbf[]", "", "", NULL },
    { WORDS, "", "[]", "", NULL },
    { WORDS, "", "{\"a\":{}}", "", NULL },
    { WORDS, "", "{\"a\":[1]}", "", NULL },
    { WORDS, "", "{\"a\":1.5}", "", NULL },
    { WORDS, "", "{\"a\":1,\"a\":1}", "", NULL },
    { WORDS, "", "{\"a\":1,\"\\u0061\":2}", "", NULL },
    { WORDS, "", "{a:1}", "", NULL },
    { WORDS, "", "", "\xc3", NULL },
    { "\xed\xa0\x80", "", "", "", NULL },
    { "\xc0\xa0", "", "", "", NULL }
};


static const exact_t  exacts[] = {
    { "", 1 },
    { " ", 1 },
    { "SELECT 1", 1 },
    { "  SELECT\t1\r\n FROM  t ; ", 1 },
    { "SELECT 'a b', \"c d\", `e f`", 1 },
    { "SELECT\n'a b'\nFROM\nt\nWHERE\nx\n=\n'y'\n", 1 },
    { "SELECT 'it''s'  FROM t", 1 },
    { "SELECT 'it''s  x' FROM t", 0 },
    { "SELECT 'a  b'", 0 },
    { "SELECT 'a\tb'", 0 },
    { "SELECT 'a\nb'", 0 },
    { "SELECT \"a  b\"", 0 },
    { "SELECT `a  b`", 0 },
    { "SELECT ' a'", 1 },
    { "SELECT '  a'", 0 },
    { "SELECT 'a  '", 0 },
    { "SELECT '  '", 0 },
    { "SELECT ' '", 1 },
    { "SELECT 'a'  'b'", 1 },

    /* one kind of quotes in another */

    { "SELECT \"it's\",  1", 1 },
    { "SELECT \"it's\",  'a  b'", 0 },
    { "SELECT '\"', 'a  b'", 0 },
    { "SELECT '`'  ,1", 1 },

    /* unfinished */

    { "SELECT 'a", 1 },
    { "SELECT 'a  b", 0 },
    { "SELECT 'a \n", 1 },

    /* comments end with the line, and hide quotes */

    { "SELECT 1 -- one", 1 },
    { "SELECT 1 -- one\n", 1 },
    { "SELECT 1 -- one\n+ 1", 0 },
    { "SELECT 1 - -1\n", 1 },
    { "SELECT 1 -\n-1 +  1", 1 },
    { "SELECT  1 /* one */ + 1", 1 },
    { "SELECT 1 /* it's */, 'a  b'", 0 },
    { "SELECT 1 /  2", 1 },
    { "SELECT 1 // one\n", 1 },
    { "SELECT 1 // one\n, 2", 0 },
    { "SELECT 1 # one\n, 2", 0 },

    /* quotes with rules of their own */

    { "SELECT $$a  b$$", 0 },
    { "SELECT $a  b", 0 },
    { "SELECT 'a\\'  b'", 0 },
    { "SELECT 'a\\' b'", 1 },
    { "SELECT \\a  b", 0 },
    { "SELECT q'[it's  x]'", 0 },
    { "SELECT Nq'(a)'  ", 1 },
    { "SELECT NQ'(a)'  ,1", 0 },
    { "SELECT \"\"\"a \"b  c\" d\"\"\"", 0 },
    { "SELECT '''a'  ,1", 0 },
    { "SELECT ''  ,1", 1 },
    { "SELECT [a  b]", 0 },
    { "SELECT [a b]  ,1", 1 },
    { "SELECT ['a]', 'b  c']", 0 },
    { "SELECT [it's] ,  1", 0 },
    { "SELECT 1 WHERE a ~ /b  c/", 0 },

    /* what is a space to Python may be part of a name to others */

    { "SELECT\xc2\xa0" "1", 0 },
    { "SELECT\x1c" "1", 0 },
    { "SELECT 1\xe3\x80\x80", 0 },
    { "\xc2\x85SELECT 1", 0 },
    { "SELECT \xe2\x80\xa8 1", 0 },
    { "SELECT '\xc3\xa9 \xf0\x9f\x98\x80'  ,1", 1 },
    { "SELECT \xff", 0 }
};


static qc_sha256_t  sha;
static void        *blocks[256];
static size_t       nblocks;


int
main(void)
{
    if (qc_sha256_create(&sha) != QC_OK) {
        return 1;
    }

    test_keys();
    test_texts();
    test_limits();
    test_spaces();
    test_exact();

    qc_sha256_destroy(&sha);

    return tap_done();
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
arena_new(qc_arena_t *arena, size_t limit)
{
    while (nblocks != 0) {
        free(blocks[--nblocks]);
    }

    qc_arena_init(arena, arena_alloc, NULL, limit);
}


static qc_str_t
guard(unsigned slot, const char *s)
{
    return qc_str(tap_guard(slot, s, strlen(s)), strlen(s));
}


static void
guard_call(const call_t *c, qc_rsc_call_t *call)
{
    call->query = guard(0, c->query);
    call->args = guard(1, c->args);
    call->kwargs = guard(2, c->kwargs);
    call->ns = guard(3, c->ns);
}


static void
test_keys(void)
{
    size_t          i;
    qc_rc_e         rc;
    uint8_t         key[QC_KEY_LEN], want[QC_KEY_LEN];
    qc_arena_t      arena;
    qc_rsc_call_t   call;
    const call_t   *c;

    for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        c = &keys[i];

        arena_new(&arena, 65536);
        guard_call(c, &call);

        rc = qc_rsc_key(&call, &arena, &sha, key);

        if (c->want == NULL) {
            tap_int(rc, QC_BAD, "no key");
            continue;
        }

        (void) qc_parse_hex(qc_str(c->want, 64), want, QC_KEY_LEN);

        tap_ok(rc == QC_OK && memcmp(key, want, QC_KEY_LEN) == 0,
               "key %zu: %.8s", i, c->want);
    }
}


static void
test_texts(void)
{
    char            name[256];
    size_t          i;
    qc_rc_e         rc;
    qc_str_t        text;
    qc_arena_t      arena;
    qc_rsc_call_t   call;
    const call_t   *c;

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        c = &texts[i];

        arena_new(&arena, 65536);
        guard_call(c, &call);

        rc = qc_rsc_text(&call, &arena, &text);

        (void) snprintf(name, sizeof(name), "%zu: %s %s %s", i, c->args,
                        c->kwargs, c->ns);

        if (c->want == NULL) {
            tap_int(rc, QC_BAD, name);
            continue;
        }

        if (tap_int(rc, QC_OK, name)) {
            tap_mem(text.data, text.len, c->want, strlen(c->want), name);
        }
    }
}


static void
test_limits(void)
{
    char           *p;
    size_t          i;
    qc_rc_e         rc;
    qc_str_t        text;
    qc_arena_t      arena;
    qc_rsc_call_t   call;

    memset(&call, 0, sizeof(call));

    /* what Python reads as an integer has at most so many digits */

    for (i = 4300; i <= 4301; i++) {
        p = tap_guard(1, NULL, i + 3);
        memset(p, '9', i + 3);
        p[0] = '[';
        p[1] = '-';
        p[i + 2] = ']';

        arena_new(&arena, 1024 * 1024);
        call.args = qc_str(p, i + 3);

        tap_int(qc_rsc_text(&call, &arena, &text),
                (i == 4300) ? QC_OK : QC_BAD, "digits");
    }

    /* no memory: said so, at any point */

    call.args = guard(1, "[\"abc\",1,2,3]");
    call.kwargs = guard(2, "{\"b\":\"x\",\"a\":\"\\u00e9y\"}");
    call.query = guard(0, "SELECT 1");

    for (i = 0; /* void */ ; i += 7) {
        arena_new(&arena, i);
        rc = qc_rsc_text(&call, &arena, &text);

        if (rc != QC_NOSPACE) {
            break;
        }
    }

    tap_ok(rc == QC_OK && i > 100, "without memory there is no text: %zu", i);

    /* every byte becomes six */

    p = tap_guard(0, NULL, 100000);
    memset(p, 0x7f, 100000);
    call.query = qc_str(p, 100000);

    arena_new(&arena, 16 * 1024 * 1024);
    call.args = qc_str(NULL, 0);
    call.kwargs = qc_str(NULL, 0);

    rc = qc_rsc_text(&call, &arena, &text);
    tap_ok(rc == QC_OK && text.len == 600000 + 34, "the longest text: %zu",
           text.len);
}


/* All that is a space, between two words and around them. */

static void
test_spaces(void)
{
    size_t              i;
    char                query[32];
    qc_str_t            text, want;
    qc_arena_t          arena;
    qc_rsc_call_t       call;
    static const char  *spaces[] = {
        "\t", "\n", "\v", "\f", "\r", "\x1c", "\x1d", "\x1e", "\x1f", " ",
        "\xc2\x85", "\xc2\xa0", "\xe1\x9a\x80", "\xe2\x80\x80",
        "\xe2\x80\x81", "\xe2\x80\x82", "\xe2\x80\x83", "\xe2\x80\x84",
        "\xe2\x80\x85", "\xe2\x80\x86", "\xe2\x80\x87", "\xe2\x80\x88",
        "\xe2\x80\x89", "\xe2\x80\x8a", "\xe2\x80\xa8", "\xe2\x80\xa9",
        "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80"
    };

    memset(&call, 0, sizeof(call));
    want = qc_str("{\"args\":[],\"kwargs\":{},\"query\":\"a b\"}", 37);

    for (i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++) {
        (void) snprintf(query, sizeof(query), "%sa%s%sb%s", spaces[i],
                        spaces[i], spaces[i], spaces[i]);

        arena_new(&arena, 4096);
        call.query = guard(0, query);

        tap_ok(qc_rsc_text(&call, &arena, &text) == QC_OK
               && qc_str_eq(text, want), "space %zu", i);
    }
}


static void
test_exact(void)
{
    size_t  i;

    for (i = 0; i < sizeof(exacts) / sizeof(exacts[0]); i++) {
        tap_ok(qc_rsc_exact(guard(0, exacts[i].query)) == exacts[i].want,
               "exact %zu", i);
    }

    tap_int(qc_rsc_exact(qc_str(tap_guard(0, "a\0  b", 5), 5)), 1,
            "a zero is a character");
    tap_int(qc_rsc_exact(qc_str(tap_guard(0, "'\0\0  '", 6), 6)), 0,
            "and does not end the quotes");
}
