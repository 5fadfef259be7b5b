
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "gate.h"


static const gate_t  jsons[] = {
    { JSON, TYPE, "", "{}", SOUND },
    { JSON, TYPE, "", "[]", SOUND },
    { JSON, TYPE, "", " [\r\n\t ] \n", SOUND },
    { JSON, OTHER, "", "{\"a\":[1,{\"b\":\"x\"}]}", SOUND },
    { JSON, LINES, "", "{\"a\":1}\n", SOUND },
    { JSON, TYPE, "", "\"a\"", SOUND },
    { JSON, TYPE, "", "true", SOUND },
    { JSON, TYPE, "", "null\n", SOUND },
    { JSON, TYPE, "", "-12.5e+3", SOUND },
    { JSON, TYPE, "", "0", SOUND },
    { JSON, TYPE, "", "0E0", SOUND },
    { JSON, TYPE, "", "[\"\\\"]\",\"\\\\\"]", SOUND },
    { JSON, TYPE, "", "{\"rows\":nan,\"x\":[inf,-inf]}", SOUND },
    { JSON, TYPE, "", "[\"\xc3\xbc\xff /*'\"]", SOUND },

    { JSON, TYPE, "", "", CUT },
    { JSON, TYPE, "", " \n", CUT },
    { JSON, TYPE, "", "{", CUT },
    { JSON, TYPE, "", "[", CUT },
    { JSON, TYPE, "", "[1,2", CUT },
    { JSON, TYPE, "", "{\"a\":[1,2}", CUT },
    { JSON, TYPE, "", "[}", CUT },
    { JSON, TYPE, "", "{]", CUT },
    { JSON, TYPE, "", "]", CUT },
    { JSON, TYPE, "", "[]]", CUT },
    { JSON, TYPE, "", "[][]", CUT },
    { JSON, TYPE, "", "{} {}", CUT },
    { JSON, TYPE, "", "{}\n{}", CUT },
    { JSON, LINES, "", "{}\n{}\n", CUT },
    { JSON, TYPE, "", "{} x", CUT },
    { JSON, TYPE, "", "{},", CUT },
    { JSON, TYPE, "", "[\"abc", CUT },
    { JSON, TYPE, "", "[\"abc]", CUT },
    { JSON, TYPE, "", "[\"abc\\\"]", CUT },
    { JSON, TYPE, "", "[\"a\nb\"]", CUT },
    { JSON, TYPE, "", "\"a\nb\"", CUT },
    { JSON, TYPE, "", "\"a\\\nb\"", CUT },
    { JSON, TYPE, "", "\"abc", CUT },
    { JSON, TYPE, "", "\"abc\\\"", CUT },
    { JSON, TYPE, "", "\"abc\\", CUT },
    { JSON, TYPE, "", "\"a\"\"b\"", CUT },
    { JSON, TYPE, "", "\"a\" 1", CUT },
    { JSON, TYPE, "", "[<]", CUT },
    { JSON, TYPE, "", "[1] # no", CUT },
    { JSON, TYPE, "", "[/* no */]", CUT },
    { JSON, TYPE, "", "['a']", CUT },
    { JSON, TYPE, "", "\xef\xbb\xbf{}", CUT },
    { JSON, TYPE, "", "<html></html>", CUT },
    { JSON, TYPE, "", "tru", CUT },
    { JSON, TYPE, "", "True", CUT },
    { JSON, TYPE, "", "truefalse", CUT },
    { JSON, TYPE, "", "true false", CUT },
    { JSON, TYPE, "", "true,", CUT },
    { JSON, TYPE, "", "1 2", CUT },
    { JSON, TYPE, "", "1,2", CUT },
    { JSON, TYPE, "", "1.", CUT },
    { JSON, TYPE, "", "1e", CUT },
    { JSON, TYPE, "", "1e+", CUT },
    { JSON, TYPE, "", "01", CUT },
    { JSON, TYPE, "", "-", CUT },
    { JSON, TYPE, "", "+1", CUT },
    { JSON, TYPE, "", ".5", CUT },
    { JSON, TYPE, "", "1.5.5", CUT },
    { JSON, TYPE, "", "1[", CUT },
    { JSON, TYPE, "", "1{}", CUT },
    { JSON, TYPE, "", "\\[]", CUT },

    { IF, TYPE, "", "{}", SOUND },
    { IF, TYPE, "", "{", CUT },
    { IF, TYPE, "", "", CUT },
    { IF, OTHER, "", "{", SOUND },
    { IF, OTHER, "", "", SOUND },
    { IF, OTHER, "", "a\tb\n", SOUND },
    { 0, TYPE, "", "{", SOUND },
    { 0, TYPE, "", "", SOUND },

    { IF, LINES, "", "", SOUND },
    { IF, LINES, "", "\n", SOUND },
    { IF, LINES, "", "{}", SOUND },
    { IF, LINES, "", "{}\n", SOUND },
    { IF, LINES, "", "{}\n[1]\n\"a\"\r\n2\nnull\n", SOUND },
    { IF, LINES, "", "{\n}\n\n\n{}\n", SOUND },
    { IF, LINES, "", "{} {}", SOUND },
    { IF, LINES, "", "{}\n{", CUT },
    { IF, LINES, "", "{}\n{\"a\":\"b", CUT },
    { IF, LINES, "", "{}{}", CUT },
    { IF, LINES, "", "{},\n{}", CUT },
    { IF, LINES, "", "{}\n1", CUT },
    { IF, LINES, "", "{}\ntru\n", CUT },
    { IF, LINES, "", "{}\n]\n", CUT },
    { IF, LINES, "", "{}\n{}\n<\n", CUT }
};


static const gate_t  blanks[] = {
    { BLANK, OTHER, "", "\n", SOUND },
    { BLANK, OTHER, "", "\r\n", SOUND },
    { BLANK, OTHER, "", "\n\n", SOUND },
    { BLANK, OTHER, "", "a\n\n", SOUND },
    { BLANK, OTHER, "", "a\nb\n\n", SOUND },
    { BLANK, OTHER, "", "a\r\n\r\n", SOUND },
    { BLANK, OTHER, "", "a\n\r\n", SOUND },
    { BLANK, OTHER, "", "a\r\n\n", SOUND },
    { BLANK, OTHER, "", "a\n\n\n", SOUND },
    { BLANK, LINES, "", "{}\n\n", SOUND },
    { BLANK, TYPE, "", "{}", SOUND },
    { BLANK, TYPE, "", "", SOUND },
    { BLANK|IF, TYPE, "", "{}", SOUND },
    { BLANK|IF, TYPE, "", "{}\n{}\n\n", CUT },
    { BLANK|IF, OTHER, "", "{\n\n", SOUND },
    { BLANK|IF, LINES, "", "{}\n", CUT },
    { BLANK|IF, LINES, "", "{}\n\n", SOUND },

    { BLANK, OTHER, "", "", CUT },
    { BLANK, OTHER, "", "a", CUT },
    { BLANK, OTHER, "", "a\n", CUT },
    { BLANK, OTHER, "", "a\r\n", CUT },
    { BLANK, OTHER, "", "\r", CUT },
    { BLANK, OTHER, "", "\r\r\n", CUT },
    { BLANK, OTHER, "", "a\n\n\r", CUT },
    { BLANK, OTHER, "", "a\n \n", CUT },
    { BLANK, OTHER, "", "\n\na", CUT },
    { BLANK, OTHER, "", "a\n\nb\n", CUT },
    { BLANK, LINES, "", "{}\n", CUT }
};


static const gate_t  clickhouses[] = {
    { CH, OTHER, "", "", SOUND },
    { CH, OTHER, "", "1\tx\n", SOUND },
    { CH, OTHER, "", "Code: 60. DB::Exception: Table", EXC },
    { CH, OTHER, "", "1\tx\nCode: 395. DB::Exception: Value\n", EXC },
    { CH, OTHER, "", "Code: 60, e.displayText() = DB::Exception: x", EXC },
    { CH, OTHER, "", "xCode: 0. DB::Exception", EXC },
    { CH, OTHER, "", "Code: 12345678901234567890. DB::Exception", EXC },
    { CH, OTHER, "", "Code: 1. DB::Code: 1. DB::Exception", EXC },
    { CH, OTHER, "", "Code: 210. DB::NetException: Connection", EXC },
    { CH, OTHER, "", "Code: 9, e.displayText() = DB::NetException: x", EXC },
    { CH, OTHER, "", "Code: 999. Coordination::Exception: x", EXC },
    { CH, OTHER, "", "a\nPoco::Exception. Code: 1000, e.code() = 1", EXC },
    { CH, OTHER, "", "std::exception. Code: 1001, type: x", EXC },
    { CH, OTHER, "", "Unknown exception. Code: 1002, type: x", EXC },
    { CH, TYPE, "", "[\"Code: 1. DB::Exception\"]", EXC },
    { CH, LINES, "", "{\"e\":\"Code: 1. DB::Exception\"}", EXC },

    { CH, OTHER, "", "Code: . DB::Exception", SOUND },
    { CH, OTHER, "", "Code: x1. DB::Exception", SOUND },
    { CH, OTHER, "", "Code: 1x. DB::Exception", SOUND },
    { CH, OTHER, "", "Code:  1. DB::Exception", SOUND },
    { CH, OTHER, "", "Code: 1.  DB::Exception", SOUND },
    { CH, OTHER, "", "Code:1. DB::Exception", SOUND },
    { CH, OTHER, "", "code: 1. DB::Exception", SOUND },
    { CH, OTHER, "", "Code: 1, DB::Exception", SOUND },
    { CH, OTHER, "", "Code: 1. DB::Exceptio", SOUND },
    { CH, OTHER, "", "Code: 1. DB:Exception", SOUND },
    { CH, OTHER, "", "Code: 1. e.displayText() = DB::Exception", SOUND },
    { CH, OTHER, "", "Code: 1. Exception", SOUND },
    { CH, OTHER, "", "Code: 1. DB::Net-Exception", SOUND },
    { CH, OTHER, "", "Code: 1. A::bcdefghijklmnopqrstuvwxyzabcdefException",
      SOUND },
    { CH, OTHER, "", "an exception. Code: 1", SOUND },
    { CH, OTHER, "", "ode: 1. DB::Exception", SOUND },
    { CH, OTHER, "", "DB::Exception", SOUND },
    { CH, OTHER, "", ". DB::Exception", SOUND },
    { CH, OTHER, "", "1. DB::Exception", SOUND },
    { 0, OTHER, "", "Code: 1. DB::Exception\n__exception__\n", SOUND },

    { CH, OTHER, "", "__exception__", EXC },
    { CH, OTHER, "", "__exception__\n", EXC },
    { CH, OTHER, "", "__exception__\r\nx", EXC },
    { CH, OTHER, "", "a\n__exception__\nb", EXC },
    { CH, OTHER, "", "a\r\n__exception__\r\nTAG\r\nx", EXC },
    { CH, OTHER, "", "a\n__exception__\rb", EXC },
    { CH, OTHER, "", "a__exception__", EXC },
    { CH, OTHER, "", "a__exception__\r\n\r\n\n\r", EXC },
    { CH, OTHER, "", "\n__exception__x\n__exception__\n.", EXC },

    { CH, OTHER, "", "a__exception__\nb", SOUND },
    { CH, OTHER, "", "a\n__exception__ \nb", SOUND },
    { CH, OTHER, "", "a\n__exception__b\n", SOUND },
    { CH, OTHER, "", "a\n __exception__\nb", SOUND },
    { CH, OTHER, "", "a\r__exception__\nb", SOUND },
    { CH, OTHER, "", "a\n_exception__\n", SOUND },
    { CH, OTHER, "", "__exception_", SOUND },
    { CH, OTHER, "", "_\n_exception__", SOUND },
    { CH, OTHER, "", "__exception__ ", SOUND },
    { CH, OTHER, "", "__exception__\n ", EXC },

    { CH|IF, TYPE, "", "{\"data\":[[1],\nCode: 1. DB::Exception: (x)", EXC },
    { CH|IF, TYPE, "", "{\"data\":[[1],\n__exception__\r\n\"", EXC },
    { CH|IF, TYPE, "", "{\"data\":[[1],", CUT },
    { CH|IF, TYPE, "", "{\"data\":[[1]]}", SOUND }
};


static const gate_t  texts[] = {
    { 0, OTHER, "text=abc", "abc", SOUND },
    { 0, OTHER, "text=abc", "xxabcxx", SOUND },
    { 0, OTHER, "text=abc", "ababc", SOUND },
    { 0, OTHER, "text=aab", "aaab", SOUND },
    { 0, OTHER, "text=abc", "ab", FIRST },
    { 0, OTHER, "text=abc", "", FIRST },
    { 0, OTHER, "text=abc", "ab c", FIRST },
    { 0, OTHER, "text=abc", "ABC", FIRST },
    { 0, OTHER, "text=a", "bcda", SOUND },
    { 0, OTHER, "!text=abc", "abd", SOUND },
    { 0, OTHER, "!text=abc", "", SOUND },
    { 0, OTHER, "!text=abc", "xabcx", FIRST },
    { 0, OTHER, "!text=abc text=x", "ab", SECOND },
    { 0, OTHER, "text=x !text=abc", "abc", SECOND },
    { 0, OTHER, "text=a !text=b !text=c", "ac", THIRD },
    { 0, OTHER, "text=a !text=b !text=c", "a", SOUND },
    { JSON, TYPE, "text=a !text=b", "[\"a", CUT },
    { JSON, TYPE, "text=a !text=b", "[\"a\"]", SOUND },
    { JSON, TYPE, "text=a !text=b", "[\"c\"]", FIRST },

    /* 64 bytes, as long as can be */

    { 0, OTHER, "text=0123456789abcdef0123456789abcdef"
      "0123456789abcdef0123456789abcdeX",
      "x0123456789abcdef0123456789abcdef"
      "0123456789abcdef0123456789abcdeXx", SOUND },
    { 0, OTHER, "text=0123456789abcdef0123456789abcdef"
      "0123456789abcdef0123456789abcdeX",
      "x0123456789abcdef0123456789abcdef"
      "0123456789abcdef0123456789abcdefX", FIRST },

    /* the line end assumed before the body is not part of it */

    { 0, OTHER, "!text=\n", "", SOUND },
    { 0, OTHER, "!text=\n", "a", SOUND },
    { 0, OTHER, "!text=\n", "a\n", FIRST }
};


typedef struct {
    const char      *type;
    qc_gate_type_e   want;
} type_t;


static const type_t  types[] = {
    { "application/json", TYPE },
    { "text/json", TYPE },
    { "APPLICATION/JSON", TYPE },
    { "application/json; charset=UTF-8", TYPE },
    { " application/json ;x=y", TYPE },
    { "application/json\t", TYPE },
    { "application/problem+json", TYPE },
    { "application/vnd.elasticsearch+json;compatible-with=8", TYPE },
    { "application/graphql-response+JSON", TYPE },
    { "application/x-ndjson", LINES },
    { "application/X-NDJSON; charset=UTF-8", LINES },
    { "application/ndjson", LINES },
    { "application/jsonl", LINES },
    { "application/x-jsonlines", LINES },
    { "application/stream+json", LINES },
    { "application/vnd.elasticsearch+x-ndjson", LINES },
    { "", OTHER },
    { ";", OTHER },
    { "text/plain", OTHER },
    { "text/plain; a=application/json", OTHER },
    { "application/jsonp", OTHER },
    { "application/xjson", OTHER },
    { "application/json-seq", OTHER },
    { "application/x+json-seq", OTHER },
    { "application/json application/json", OTHER },
    { "+json", OTHER },
    { "json", OTHER },
    { "text/tab-separated-values; charset=UTF-8", OTHER }
};


static void
test_types(void)
{
    char    name[128];
    size_t  i, n;

    for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        n = strlen(types[i].type);
        snprintf(name, sizeof(name), "type '%s'", types[i].type);
        tap_int(qc_gate_type(qc_str(tap_guard(1, types[i].type, n), n)),
                types[i].want, name);
    }
}


/* Only an exception at the end is one; the marker is one everywhere. */

/* A message that is longer than what is recent, and data that has one. */

static void
test_long(void)
{
    char               *body;
    size_t              i, len;
    static const char   code[] = "1\nCode: 6. DB::Exception: Cannot parse ";
    const size_t        size = 300 * 1024;
    static const struct {
        const char  *tail;
        qc_metric_e  want;
    } tails[] = {
        { ", e.what() = DB::Exception\n", EXC },
        { ", e.what() = DB::NetException", EXC },
        { " (version 25.8.2.29 (official build))\n", EXC },
        { " (version 25.8.2.29 (official build))\r\n\n", EXC },
        { " (version 25.8.2.29 (official build)) x\n", SOUND },
        { "\n2\n3\n", SOUND }
    };

    body = malloc(size);
    parse_rules(CH, "");

    for (i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
        len = strlen(tails[i].tail);
        memset(body, 'x', size);
        memcpy(body, code, sizeof(code) - 1);
        memcpy(body + size - len, tails[i].tail, len);
        tap_ok(run(OTHER, body, size, 5000, 100000) == tails[i].want,
               "a long message, tail %u", (unsigned) i);
    }

    free(body);
}


static void
test_recent(void)
{
    char                     *body;
    size_t                    i, len;
    static const char         code[] = "Code: 1. DB::Exception: x\n";
    static const char         mark[] = "\n__exception__\n";
    const size_t              size = 200 * 1024;
    static const struct {
        size_t       after;
        qc_metric_e  want;
    } places[] = {
        { 0, EXC }, { 1000, EXC }, { 131072 - 20, EXC },
        { 131072 - 18, EXC }, { 131072 - 17, SOUND }, { 131072, SOUND },
        { 150000, SOUND }
    };

    body = malloc(size);
    parse_rules(CH, "");
    len = sizeof(code) - 1;

    for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        memset(body, 'x', size);
        memcpy(body + size - len - places[i].after, code, len);
        tap_ok(run(OTHER, body, size, 5000, 100000) == places[i].want,
               "%u bytes after an exception", (unsigned) places[i].after);
    }

    memcpy(body, code, len);
    memcpy(body + size - len, code, len);
    tap_ok(run(OTHER, body, size, 5000, 100000) == EXC, "the last one counts");

    memset(body, 'x', size);
    memcpy(body, mark, sizeof(mark) - 1);
    tap_ok(run(OTHER, body, size, 5000, 100000) == EXC, "a marker long ago");

    memset(body, '\n', size);
    memcpy(body, "a__exception__", 14);
    tap_ok(run(OTHER, body, size, 5000, 100000) == EXC, "many line ends");

    body[size - 1] = 'x';
    tap_ok(run(OTHER, body, size, 5000, 100000) == SOUND, "not the end");

    free(body);
}


/* Answers of more than a unit, cut anywhere: not sound until the end. */

static void
test_cut(void)
{
    int     same;
    char    body[3 * QC_GATE_UNIT];
    size_t  len, n, at;

    len = (size_t) snprintf(body, sizeof(body), "{\"timed_out\":false,"
                            "\"hits\":[");

    for (n = 0; len < sizeof(body) - 200; n++) {
        len += (size_t) snprintf(body + len, sizeof(body) - len,
                                 "%s{\"_id\":%u,\"t\":\"a\\\\\\\"}]\",\n"
                                 "  \"x\":[%u,{\"y\":null}]}", n ? "," : "",
                                 (unsigned) n, (unsigned) (n * n * 77));
    }

    len += (size_t) snprintf(body + len, sizeof(body) - len,
                             "],\"_shards\":{\"failed\":0}}");

    for (n = 0; n < 3; n++) {
        parse_rules(n == 1 ? 0 : JSON,
                    n == 0 ? "" : "!/timed_out !/_shards/failed");
        same = (run(TYPE, body, len, len, 1) == SOUND);

        for (at = 0; at < len; at++) {
            same &= (run(n == 2 ? OTHER : TYPE, body, at, at / 2 + 1, 100000)
                     == CUT);
        }

        tap_ok(same, "cut everywhere, %u", (unsigned) n);
    }

    body[len - 3] = '1';
    tap_ok(run(TYPE, body, len, 1000, 1000) == SECOND, "the last of its bytes");
}


static void
test_limits(void)
{
    char    *body;
    size_t   n;

    body = malloc(70000);

    for (n = 1023; n <= 1025; n++) {
        memset(body, '[', n);
        memset(body + n, ']', n);

        parse_rules(JSON, "");
        tap_ok(run(TYPE, body, 2 * n, 999, 999)
               == ((n <= 1024) ? SOUND : CUT), "%u deep", (unsigned) n);

        parse_rules(0, "!/0/0/0/0/0/0/0/x");
        tap_ok(run(TYPE, body, 2 * n, 999, 999)
               == ((n <= 1024) ? SOUND : CUT), "%u deep with a rule",
               (unsigned) n);
    }

    /* a value, and a name, too long to be any that is asked for */

    memset(body, 'x', 70000);
    memcpy(body, "{\"a\":\"", 6);
    memcpy(body + 69998, "\"}", 2);
    parse_rules(0, "!/a");
    tap_ok(run(TYPE, body, 70000, 1, 5000) == FIRST, "a long string");
    parse_rules(0, "/a=x");
    tap_ok(run(TYPE, body, 70000, 1, 5000) == FIRST, "it is not x");
    parse_rules(0, "!/b");
    tap_ok(run(TYPE, body, 70000, 1, 5000) == SOUND, "nobody asks for it");

    memset(body, '0', 70000);
    memcpy(body, "{\"a\":0.", 7);
    body[69999] = '}';
    parse_rules(0, "!/a");
    tap_ok(run(TYPE, body, 70000, 1, 5000) == FIRST, "a long zero");

    memset(body, 'a', 70000);
    memcpy(body, "{\"", 2);
    memcpy(body + 69996, "\":1}", 4);
    tap_ok(run(TYPE, body, 70000, 1, 5000) == SOUND, "a long name");
    parse_rules(0, "!/");
    tap_ok(run(TYPE, body, 70000, 1, 5000) == SOUND, "it is not empty");
    parse_rules(0, "!/a");
    memcpy(body + 69000, "\":0,\"a\":1,\"", 12);
    tap_ok(run(TYPE, body, 70000, 1, 5000) == FIRST, "one after it");

    /* 64 characters, each of them six bytes */

    parse_rules(0, "!/000000000000000000000000000000000000000000000000000000"
                   "000000000");

    memcpy(body, "{\"", 2);

    for (n = 0; n < 63; n++) {
        memcpy(body + 2 + 6 * n, "\\u0030", 6);
    }

    memcpy(body + 2 + 6 * n, "\":1}", 4);
    tap_ok(run(TYPE, body, 6 * n + 6, 50, 50) == FIRST, "a name in escapes");

    /* white space is not counted */

    memset(body, ' ', 70000);
    memcpy(body, "{\"a\"", 4);
    body[30000] = ':';
    body[50000] = '0';
    body[69999] = '}';
    parse_rules(0, "!/a");
    tap_ok(run(TYPE, body, 70000, 1, 5000) == SOUND, "a lot of space");
    body[50000] = '1';
    tap_ok(run(TYPE, body, 70000, 1, 5000) == FIRST, "and a value in it");

    free(body);
}


static void
test_bytes(void)
{
    unsigned  i;
    int       same;
    char      body[3];

    parse_rules(JSON, "");
    same = 1;

    for (i = 0; i < 256; i++) {
        body[0] = '"';
        body[1] = (char) i;
        body[2] = '"';
        same &= (run(TYPE, body, 3, 3, 1)
                 == ((i < 0x20 || i == '"' || i == '\\') ? CUT : SOUND));

        body[0] = '[';
        body[2] = ']';
        same &= ((run(TYPE, body, 3, 3, 1) == SOUND)
                 == (i != 0 && strchr(" \t\r\n,:+-.0123456789"
                                      "abcdefghijklmnopqrstuvwxyz"
                                      "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
                                      (int) i) != NULL));
    }

    tap_ok(same, "every byte in a string and in an array");

    /* after a failure nothing more is looked at */

    parse_rules(0, "!text=a");
    tap_ok(run(OTHER, "aaaa", 4, 1, 1) == FIRST, "it stays failed");
}


int
main(void)
{
    test_types();

    run_table("json", jsons, ' ', 0);
    run_table("blank", blanks, 'x', 0);
    run_table("clickhouse", clickhouses, 'x', '\n');
    run_table("text", texts, 'x', 0);

    test_recent();
    test_long();
    test_cut();
    test_limits();
    test_bytes();

    return tap_done();
}
