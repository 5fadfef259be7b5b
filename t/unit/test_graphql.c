
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_graphql.h"
#include "tap.h"


#define DEPTH  16
#define BIG    (200 * 1024)


typedef struct {
    const char  *in;
    const char  *want;
    unsigned     operations;
    unsigned     fragments;
} form_t;


typedef struct {
    const char  *a;
    const char  *b;
    int          same;
} pair_t;


typedef struct {
    const char  *in;
    const char  *want;
} tags_t;


typedef struct {
    const char  *in;
    size_t       depth;
} depth_t;


static const form_t  forms[] = {
    { "{a}", "query { a }", 1, 0 },
    { "{ a b,c }", "query { a b c }", 1, 0 },
    { "query{a}", "query { a }", 1, 0 },
    { "query Q{a}", "query Q { a }", 1, 0 },
    { "query query{query}", "query query { query }", 1, 0 },
    { "query fragment{on}", "query fragment { on }", 1, 0 },
    { "query mutation{mutation subscription}",
      "query mutation { mutation subscription }", 1, 0 },
    { "\xef\xbb\xbf{a}", "query { a }", 1, 0 },
    { "{a\xef\xbb\xbf" "b}", "query { a b }", 1, 0 },
    { "\t\r\n,{a}", "query { a }", 1, 0 },
    { "#c\n{a#}\r}#", "query { a }", 1, 0 },
    { "# \"\"\"\n{a}# {", "query { a }", 1, 0 },
    { "#\xc3\xbc\xf0\x9f\x98\x80\n{a}", "query { a }", 1, 0 },
    { "{x:a}", "query { x : a }", 1, 0 },
    { "{a{b{c}}d}", "query { a { b { c } } d }", 1, 0 },
    { "{a(x:1)}", "query { a ( x : 1 ) }", 1, 0 },
    { "{a(x:1,y:2 z:3)}", "query { a ( x : 1 y : 2 z : 3 ) }", 1, 0 },

    /* values */

    { "{a(x:0,y:-0,z:-12)}", "query { a ( x : 0 y : -0 z : -12 ) }", 1, 0 },
    { "{a(x:1.5 y:-0.0e-5 z:1E+2)}",
      "query { a ( x : 1.5 y : -0.0e-5 z : 1E+2 ) }", 1, 0 },
    { "{a(x:true y:null z:RED)}", "query { a ( x : true y : null z : RED ) }",
      1, 0 },
    { "{a(x:[] y:{} z:[[1][]])}",
      "query { a ( x : [ ] y : { } z : [ [ 1 ] [ ] ] ) }", 1, 0 },
    { "{a(x:{k:1,l:[{m:$v}]})}",
      "query { a ( x : { k : 1 l : [ { m : $ v } ] } ) }", 1, 0 },
    { "{a(x:\"\")}", "query { a ( x : \"\" ) }", 1, 0 },
    { "{a(x:[\"a\"\"b\"\"\"])}", "query { a ( x : [ \"a\" \"b\" \"\" ] ) }",
      1, 0 },
    { "{a(x:\" a,  #b\t\")}", "query { a ( x : \" a,  #b\t\" ) }", 1, 0 },
    { "{a(x:\"\\\"\\\\\\/\\b\\f\\n\\r\\t\")}",
      "query { a ( x : \"\\\"\\\\\\/\\b\\f\\n\\r\\t\" ) }", 1, 0 },
    { "{a(x:\"\\u0041\\uD83D\\ude00\\u{1f600}\\u{0}\\u{10FFFF}\")}",
      "query { a ( x : "
      "\"\\u0041\\uD83D\\ude00\\u{1f600}\\u{0}\\u{10FFFF}\" ) }", 1, 0 },
    { "{a(x:\"\\ud7ff\\ue000\\u{d7ff}\\u{e000}\\u{000000041}\")}",
      "query { a ( x : "
      "\"\\ud7ff\\ue000\\u{d7ff}\\u{e000}\\u{000000041}\" ) }", 1, 0 },
    { "{a(x:\"\xc3\xbc\xe2\x80\xa8\xef\xbb\xbf\")}",
      "query { a ( x : \"\xc3\xbc\xe2\x80\xa8\xef\xbb\xbf\" ) }", 1, 0 },
    { "{a(x:\"\"\"\"\"\")}", "query { a ( x : \"\"\"\"\"\" ) }", 1, 0 },
    { "{a(x:\"\"\" a\r\n\t#\"b\"\" \\ \\u \\\"\"\" c \"\"\")}",
      "query { a ( x : \"\"\" a\r\n\t#\"b\"\" \\ \\u \\\"\"\" c \"\"\" ) }",
      1, 0 },
    { "{a(x:[\"\"\"a\"\"\"\"b\"])}",
      "query { a ( x : [ \"\"\"a\"\"\" \"b\" ] ) }", 1, 0 },
    { "{a(x:[\"\"\"\\\\\"\"\"}\"\"\"])}",
      "query { a ( x : [ \"\"\"\\\\\"\"\"}\"\"\" ] ) }", 1, 0 },

    /* variables, directives */

    { "query($v:T){a}", "query ( $ v : T ) { a }", 1, 0 },
    { "query Q($v:[[T!]!]!=[1]@d(x:1),$w:Int=2){a}",
      "query Q ( $ v : [ [ T ! ] ! ] ! = [ 1 ] @ d ( x : 1 ) "
      "$ w : Int = 2 ) { a }", 1, 0 },
    { "query @a@b(x:$v){c@d}", "query @ a @ b ( x : $ v ) { c @ d }", 1, 0 },
    { "{a@skip(if:$b)@x{c}}", "query { a @ skip ( if : $ b ) @ x { c } }",
      1, 0 },

    /* fragments */

    { "{...F}fragment F on T{a}", "query { ... F } fragment F on T { a }",
      1, 1 },
    { "fragment F on T{a}{...F}", "fragment F on T { a } query { ... F }",
      1, 1 },
    { "{...on T{a}}", "query { ... on T { a } }", 1, 0 },
    { "{...{a}}", "query { ... { a } }", 1, 0 },
    { "{...@include(if:true){a}}",
      "query { ... @ include ( if : true ) { a } }", 1, 0 },
    { "{...F@d ...on T@e{a}}",
      "query { ... F @ d ... on T @ e { a } }", 1, 0 },
    { "{...onT}", "query { ... onT }", 1, 0 },
    { "query F{a}fragment F on on@d{on:on}",
      "query F { a } fragment F on on @ d { on : on }", 1, 1 },

    /* several */

    { "query A{a}query B{b}", "query A { a } query B { b }", 2, 0 },
    { "fragment A on T{a}query B{b}query A{a}fragment B on T{b}",
      "fragment A on T { a } query B { b } query A { a } "
      "fragment B on T { b }", 2, 2 }
};


static const char *const  refused[] = {
    "", " ", "#{a}", ",", "\xef\xbb\xbf",
    "a", "query", "query Q", "query Q(", "{", "}", "{}", "{a", "{a}}", "{{a}}",
    "{a{}}", "(a)", "[a]", "query {}", "query Q Q{a}", "{a},b",

    /* not read only, or unclear whether */

    "mutation{a}", "mutation M{a}", "subscription{a}", "Query{a}", "QUERY{a}",
    "{a}mutation{b}", "query A{a}mutation B{b}", "mutation B{b}query A{a}",
    "fragment F on T{a}mutation{...F}", "query A{a}subscription B{b}",
    "type T{a:Int}", "{a}type T{a:Int}", "schema{query:Q}", "scalar S",
    "extend type T{a:Int}", "input I{a:Int}", "enum E{A}", "union U=A|B",
    "interface I{a:Int}", "directive@d on FIELD",
    "\"d\"query A{a}", "\"\"\"d\"\"\"{a}", "query(\"d\"$v:T){a}",

    /* operations and fragments that do not go together */

    "fragment F on T{a}", "{a}{b}", "{a}query{b}", "query A{a}{b}",
    "{a}query A{b}", "query A{a}query A{b}", "query{a}query{b}",
    "{a}fragment F on T{a}fragment F on U{b}", "{a}fragment F on T{a}{b}",

    /* fragments */

    "{...}", "{...on}", "{...on{a}}", "{...on T}", "{..F}", "{....F}",
    "{.. .F}", "{.. F}", "{...F{a}}", "{...F(x:1)}", "{...1}",
    "{a}fragment F{a}",
    "{a}fragment on on T{a}", "{a}fragment F on{a}", "{a}fragment F on T",
    "{a}fragment F($v:T)on T{a}", "{a}fragment F on T{}", "{a}fragment",
    "{a}fragment F onT{a}", "{a}fragment F ON T{a}", "{...F:a}",

    /* fields, arguments, directives */

    "{a:}", "{:a}", "{a:b:c}", "{a()}", "{a(x)}", "{a(x:)}", "{a(:1)}",
    "{a(x:1}", "{a(x 1)}", "{a(x:1)(y:2)}", "{a{b}(x:1)}", "{a@}", "{a@d()}",
    "{@d a}", "{a@d@}", "{a@(x:1)}", "{$a}", "{a!}", "{\"a\"}", "{1}",
    "{a(\"x\":1)}", "{a(x:1):b}", "{a?}", "{a;b}", "{a.b}", "{a&b}", "{a|b}",
    "{a-b}", "{a%b}", "{a'b'}", "{a(x:$)}", "{a(x:$1)}", "{a(x:@d)}",
    "{a(x:(1))}", "{a(x:[1)}", "{a(x:{k:1)}", "{a(x:{k})}", "{a(x:{1:1})}",
    "{a(x:{k:1]})}", "{a(x:])}", "{a(x:...)}",

    /* variables: constants only */

    "query(){a}", "query($){a}", "query($v){a}", "query($v:){a}",
    "query(v:T){a}", "query($v:T!!){a}", "query($v:[T){a}", "query($v:[]){a}",
    "query($v:T]){a}", "query($v:T=){a}", "query($v:T=$w){a}",
    "query($v:T=[$w]){a}", "query($v:T={k:$w}){a}", "query($v:T@d(x:$w)){a}",
    "query($v:!){a}", "query($v:T)", "query($v:T=1=2){a}", "query($v:1){a}",

    /* numbers */

    "{a(x:00)}", "{a(x:01)}", "{a(x:-)}", "{a(x:-01)}", "{a(x:- 1)}",
    "{a(x:+1)}", "{a(x:1.)}", "{a(x:.5)}", "{a(x:1.e5)}", "{a(x:1e)}",
    "{a(x:1e+)}", "{a(x:1.5.5)}", "{a(x:1a)}", "{a(x:0x1)}", "{a(x:1_0)}",
    "{a(x:1.5f)}", "{a(x:1e5e)}", "{a(x:-a)}", "{a(x:--1)}", "{a(x:1...)}",
    "{a(x:0e)}", "{a(x:1e", "{a(x:1.", "{a(x:-", "{a(x:1", "{a(x:[1.. .2])}",

    /* strings */

    "{a(x:\")}", "{a(x:\"a)}", "{a(x:\"a\n\")}", "{a(x:\"a\r\")}",
    "{a(x:\"\\\")}", "{a(x:\"\\", "{a(x:\"\\a\")}", "{a(x:\"\\'\")}",
    "{a(x:\"\\0\")}", "{a(x:\"\\x41\")}", "{a(x:\"\\u\")}",
    "{a(x:\"\\u004\")}", "{a(x:\"\\u004g\")}", "{a(x:\"\\u00",
    "{a(x:\"\\U0041\")}", "{a(x:\"\\ud83d\")}", "{a(x:\"\\ude00\")}",
    "{a(x:\"\\ud83d\\ud83d\")}", "{a(x:\"\\ud83dx\")}",
    "{a(x:\"\\ude00\\ude00\")}", "{a(x:\"\\ud83d\\n\")}",
    "{a(x:\"\\ud83d\\u{de00}\")}",
    "{a(x:\"\\u{}\")}", "{a(x:\"\\u{110000}\")}", "{a(x:\"\\u{d800}\")}",
    "{a(x:\"\\u{dfff}\")}", "{a(x:\"\\u{41\")}", "{a(x:\"\\u{41",
    "{a(x:\"\\u{g}\")}", "{a(x:\"\\u{100000041}\")}",
    "{a(x:\"\x01\")}", "{a(x:\"\x1f\")}", "{a(x:'a')}",
    "{a(x:\"\"\")}", "{a(x:\"\"\"a\"\")}", "{a(x:\"\"\"a\\\"\"\")}",
    "{a(x:\"\"\"\"\")}", "{a(x:\"\"\"\x01\"\"\")}", "{a(x:\"\"\"\x0b\"\"\")}",
    "{a(x:\"\"\"\\", "{a(x:\"\"\"a\"\"\"\")}",

    /* bytes */

    "{a\x01}", "{a\x0b}", "{a\x0c}", "{a\x7f}", "{\xc3\xbc}", "{a\xc2\xa0}",
    "{a\xe2\x80\xa8}", "{\xff}", "{a(x:\"\xff\")}", "{a(x:\"\xc3\")}",
    "{a(x:\"\xed\xa0\x80\")}", "{a}#\xff", "{a}#\xc3", "{a}\xef\xbb",
    "{a}\xef\xbb\xbe", "{a}\xfe\xff", "{a}#\x01", "{a}#\x1b",
    "{a}#\xc2\x85", "{a}#\xe2\x80\xa8", "{a}#\xe2\x80\xa9\n"
};


static const pair_t  pairs[] = {
    { "{a}", "query{a}", 1 },
    { "{a}", " query\n{ a ,} # x", 1 },
    { "{a b}", "{a,b}", 1 },
    { "{a b}", "{a#\nb}", 1 },
    { "{a b}", "{ab}", 0 },
    { "{a b}", "{b a}", 0 },
    { "{a}", "{A}", 0 },
    { "{a}", "query Q{a}", 0 },
    { "{a}", "{x:a}", 0 },
    { "{a:b}", "{a : b}", 1 },
    { "{a#b\n}", "{a#b\r}", 1 },
    { "{a#b\nc}", "{a#b c\n}", 0 },
    { "{a#b\nc}", "{a#b\rc}", 1 },
    { "{a(x:1)}", "{a( x :1, )}", 1 },
    { "{a(x:1)}", "{a(x:2)}", 0 },
    { "{a(x:1)}", "{a(x:1.0)}", 0 },
    { "{a(x:1)}", "{a(x:\"1\")}", 0 },
    { "{a(x:1.0)}", "{a(x:1.00)}", 0 },
    { "{a(x:[1 2])}", "{a(x:[1,2])}", 1 },
    { "{a(x:[1 2])}", "{a(x:[12])}", 0 },
    { "{a(x:[1 -2])}", "{a(x:[1-2])}", 1 },
    { "{a(x:A)}", "{a(x:\"A\")}", 0 },
    { "{a(x:\"a b\")}", "{a(x:\"a  b\")}", 0 },
    { "{a(x:\"a,b\")}", "{a(x:\"ab\")}", 0 },
    { "{a(x:\"a#b\")}", "{a(x:\"a\")}", 0 },
    { "{a(x:\"\\n\")}", "{a(x:\"\\u000a\")}", 0 },
    { "{a(x:\"a\")}", "{a(x:\"\"\"a\"\"\")}", 0 },
    { "{a(x:\"\"\" a\"\"\")}", "{a(x:\"\"\"a\"\"\")}", 0 },
    { "{a(x:\"\"\"a\nb\"\"\")}", "{a(x:\"\"\"a\r\nb\"\"\")}", 0 },
    { "{a(x:\"\"\"\n#a\n\"\"\")}", "{a(x:\"\"\"\n\"\"\")}", 0 },
    { "{a(x:[\"\" \"\"])}", "{a(x:[\"\"\"\"])}", 0 },
    { "{a(x:[\"\",\"a\"])}", "{a(x:[\"\"\n\"a\"])}", 1 },
    { "{a(x:$v)}", "{a(x:$ v)}", 1 },
    { "{a(x:$v)}", "{a(x:v)}", 0 },
    { "{a@d}", "{a @ d}", 1 },
    { "{a@d b}", "{a b@d}", 0 },
    { "{...F}", "{... F}", 1 },
    { "{...F}", "{F}", 0 },
    { "{...on F{a}}", "{...{a}}", 0 },
    { "{...on F{a}}", "{...onF{a}}", 0 },
    { "{a{b}}", "{a b}", 0 },
    { "{a{b}c}", "{a{b c}}", 0 },
    { "query($v:T!){a}", "query($v:T){a}", 0 },
    { "query($v:[T]!){a}", "query($v:[T!]){a}", 0 },
    { "query($v:T=1){a}", "query($v:T){a}", 0 },
    { "query($v:T,$w:T){a}", "query ( $ v:T $w :T ) {a}", 1 },
    { "query A{a}query B{b}", "query B{b}query A{a}", 0 },
    { "\xef\xbb\xbf{a}", "{a}", 1 },
    { "{a}{b}", "{a}", 0 }
};


static const tags_t  tags[] = {
    { "{a}", "field:a" },
    { "{a b}", "field:a field:b" },
    { "{b a b}", "field:b field:a" },
    { "{x:a y:a}", "field:a" },
    { "{a{b{c}}}", "field:a" },
    { "{a(x:{k:1}){b}c}", "field:a field:c" },
    { "{__typename}", "" },
    { "{__typename a}", "field:a" },
    { "{__typename:a}", "field:a" },
    { "{a:__typename}", "" },
    { "{__schema{a}}", "field:__schema" },
    { "query A{a}query B{b a}", "field:a field:b" },
    { "{...on Query{a ...@d{b{c}}}}", "field:a field:b" },
    { "{a ...F b}fragment F on Q{c{d}x:e}",
      "field:a field:b field:c field:e" },
    { "fragment F on Q{c}{...F}", "field:c" },
    { "{a{...F}}fragment F on Q{c}", "field:a" },
    { "{a}fragment F on Q{c}", "field:a" },
    { "{...F}fragment F on Q{...on Q{...G}}fragment G on Q{c}", "field:c" },
    { "{...F}fragment G on Q{c}fragment F on Q{a{...G}}", "field:a" },
    { "{...F}fragment F on Q{a ...G}fragment G on Q{b ...F}",
      "field:a field:b" },
    { "{...F}fragment F on Q{a ...F}", "field:a" },
    { "{...F ...F}fragment F on Q{a}", "field:a" },
    { "{...F}query", "unknown:" },
    { "{...F}", "unknown:" },
    { "{a ...G}fragment F on Q{b}", "field:a unknown:" },
    { "{a{...G}}", "field:a" },
    { "query F{a ...F}fragment F on Q{b}", "field:a field:b" },
    { "{a(x:\"}{b}\"){c}}", "field:a" },
    { "mutation{a}", "unknown:" },
    { "{a}}", "unknown:" },
    { "", "unknown:" }
};


static const depth_t  depths[] = {
    { "{a}", 1 },
    { "{a{b}}", 2 },
    { "{a b{c}d{e}}", 2 },
    { "{a{b{c}}}", 3 },
    { "{...{...on T{a}}}", 3 },
    { "{a(x:[])}", 2 },
    { "{a(x:[[1]])}", 3 },
    { "{a(x:{k:{l:1}})}", 3 },
    { "{a(x:[{k:[1]}]){b}}", 4 },
    { "query($v:[[[T]]]){a}", 3 },
    { "query($v:T=[[[1]]]){a}", 3 },
    { "{a}fragment F on T{b{c}}", 2 }
};


static void test_prefixes(void);
static void test_tags(void);
static void test_depths(void);
static void test_room(void);
static void test_hostile(void);
static void test_definitions(void);
static void test_nested(const char *open, size_t max_depth, qc_rc_e want);
static qc_str_t canonical(const char *in, unsigned slot,
    qc_graphql_info_t *info, qc_rc_e *rc);
static qc_rc_e run(qc_str_t doc, size_t depth);
static qc_str_t guard(unsigned slot, const char *s);
static char *repeat(char *to, const char *s, size_t n);
static const char *line(unsigned i, const char *s);


int
main(void)
{
    size_t              i;
    qc_rc_e             rc;
    qc_str_t            a, b;
    const form_t       *f;
    const pair_t       *p;
    qc_graphql_info_t   info;

    for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        f = &forms[i];

        a = canonical(f->in, 1, &info, &rc);
        tap_ok(rc == QC_OK && info.operations == f->operations
               && info.fragments == f->fragments, "accepted: %s",
               line(0, f->in));
        tap_mem(a.data, a.len, f->want, strlen(f->want), "... its form");

        a = canonical(f->want, 1, &info, &rc);
        tap_mem(a.data, a.len, f->want, strlen(f->want), "... and again");
    }

    for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        a = canonical(refused[i], 1, &info, &rc);
        tap_ok(rc == QC_BAD && a.len == 0 && info.operations == 0
               && info.fragments == 0, "refused: %s",
               line(0, refused[i]));
    }

    a = qc_str(tap_guard(0, "{a\0}", 4), 4);
    tap_ok(run(a, DEPTH) == QC_BAD, "refused: a zero");
    a = qc_str(tap_guard(0, "{a(x:\"\0\")}", 10), 10);
    tap_ok(run(a, DEPTH) == QC_BAD, "refused: a zero in a string");
    a = qc_str(tap_guard(0, "{a}\0mutation{a}", 15), 15);
    tap_ok(run(a, DEPTH) == QC_BAD, "refused: a zero between definitions");
    tap_ok(run(qc_str(NULL, 0), DEPTH) == QC_BAD, "refused: no bytes");

    for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        p = &pairs[i];
        a = canonical(p->a, 1, &info, &rc);
        b = canonical(p->b, 2, &info, &rc);
        tap_ok(qc_str_eq(a, b) == p->same, "%s %s %s", line(0, p->a),
               p->same ? "is" : "is not", line(1, p->b));
    }

    test_prefixes();
    test_tags();
    test_depths();
    test_room();
    test_hostile();
    test_definitions();

    return tap_done();
}


/* Cut short at any byte, each of them ends at the end of its memory. */

static void
test_prefixes(void)
{
    size_t       i, len;
    qc_rc_e      rc;
    unsigned     refusals;
    const char  *in;

    for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        in = forms[i].in;
        refusals = 0;

        for (len = 0; len < strlen(in); len++) {
            rc = run(qc_str(tap_guard(0, in, len), len), DEPTH);
            refusals += (rc == QC_BAD);

            if (rc == QC_OK && memchr(in, '}', len) == NULL) {
                break;
            }
        }

        tap_ok(len == strlen(in) && refusals > 1, "cut short: %s",
               line(0, in));
    }
}


static void
test_tags(void)
{
    size_t              i;
    qc_rc_e             rc;
    uint8_t             mem[256];
    qc_buf_t            out;
    qc_str_t            s;
    qc_tags_t           list;
    qc_graphql_info_t   info;

    for (i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
        qc_tags_init(&list);
        qc_buf_init(&out, mem, sizeof(mem));

        rc = qc_graphql_canonical(guard(0, tags[i].in), DEPTH, &out, &info,
                                  &list);
        s = qc_tags_list(&list);

        tap_mem(s.data, s.len, tags[i].want, strlen(tags[i].want),
                tags[i].in);
        tap_ok(rc == QC_OK || list.unknown, "... unknown if refused");
    }
}


static void
test_depths(void)
{
    size_t          i;
    qc_str_t        s;
    const depth_t  *d;

    for (i = 0; i < sizeof(depths) / sizeof(depths[0]); i++) {
        d = &depths[i];
        s = guard(0, d->in);

        tap_ok(run(s, d->depth) == QC_OK, "depth %zu: %s", d->depth, d->in);
        tap_ok(run(s, d->depth - 1) == QC_NOSPACE, "... and not less");
    }
}


/* Into every length of memory, behind what is there. */

static void
test_room(void)
{
    size_t              i, want;
    qc_rc_e             rc;
    qc_buf_t            out;
    qc_str_t            s;
    qc_graphql_info_t   info;

    want = strlen("<query { a }");

    for (i = 1; i <= want; i++) {
        qc_buf_init(&out, tap_guard(1, NULL, i), i);
        qc_buf_char(&out, '<');

        rc = qc_graphql_canonical(guard(0, "{a}"), DEPTH, &out, &info, NULL);
        s = qc_buf_written(&out);

        if (i < want) {
            tap_ok(rc == QC_NOSPACE && info.operations == 0
                   && s.len == 1, "no room in %zu bytes", i);

        } else {
            tap_ok(rc == QC_OK, "room in %zu bytes", i);
            tap_mem(s.data, s.len, "<query { a }", want, "... its form");
        }
    }

    qc_buf_init(&out, tap_guard(1, NULL, 64), 64);
    qc_buf_char(&out, '<');
    rc = qc_graphql_canonical(guard(0, "{a}mutation"), DEPTH, &out, &info,
                              NULL);
    tap_ok(rc == QC_BAD && qc_buf_len(&out) == 1,
           "a refused one leaves nothing behind");
}


static void
test_hostile(void)
{
    char               *in, *p;
    qc_buf_t            out;
    qc_str_t            s;
    qc_tags_t           list;
    qc_graphql_info_t   info;

    test_nested("{a", DEPTH, QC_NOSPACE);
    test_nested("{a", SIZE_MAX, QC_NOSPACE);
    test_nested("{a(x:", SIZE_MAX, QC_BAD);
    test_nested("{a(x:[[[[", SIZE_MAX, QC_BAD);
    test_nested("{a{a(x:{k:[", SIZE_MAX, QC_BAD);
    test_nested("{...", SIZE_MAX, QC_NOSPACE);
    test_nested("query($v:[[[[[[[", SIZE_MAX, QC_BAD);
    test_nested("\"", SIZE_MAX, QC_BAD);
    test_nested("\"\"\"\\", SIZE_MAX, QC_BAD);
    test_nested("#", SIZE_MAX, QC_BAD);
    test_nested("\xef\xbb\xbf", SIZE_MAX, QC_BAD);

    in = malloc(BIG);

    p = repeat(in, "{a(x:", 1);
    p = repeat(p, "[", 100000);
    s = qc_str(in, (size_t) (p - in));
    tap_ok(run(s, SIZE_MAX) == QC_NOSPACE, "100000 times [");

    p = repeat(in, "{", 100);
    p = repeat(p, "a{", QC_GRAPHQL_DEPTH_MAX - 1);
    p = repeat(p, "a", 1);
    p = repeat(p, "}", QC_GRAPHQL_DEPTH_MAX);
    s = qc_str(in + 99, (size_t) (p - in) - 99);
    tap_ok(run(s, SIZE_MAX) == QC_OK, "as deep as can be");
    tap_ok(run(s, QC_GRAPHQL_DEPTH_MAX) == QC_OK, "... by the limit");
    tap_ok(run(s, QC_GRAPHQL_DEPTH_MAX - 1) == QC_NOSPACE, "... and below");

    /* more fields than the list of tags can hold */

    p = repeat(in, "{", 1);
    p = repeat(p, "a b ", 600);
    p = repeat(p, "c}", 1);

    qc_tags_init(&list);
    qc_buf_init(&out, malloc(2 * BIG), 2 * BIG);

    tap_ok(qc_graphql_canonical(qc_str(in, (size_t) (p - in)), DEPTH, &out,
                                &info, &list) == QC_OK, "1201 fields");
    s = qc_tags_list(&list);
    tap_mem(s.data, s.len, "field:a field:b unknown:", 24, "... their tags");

    free(out.start);
    free(in);
}


/* As many as there may be, in every order; and their names. */

static void
test_definitions(void)
{
    char               *in, *p;
    size_t              i, n;
    qc_str_t            s;

    in = malloc(BIG);

    for (n = QC_GRAPHQL_DEFINITIONS_MAX; n < QC_GRAPHQL_DEFINITIONS_MAX + 2;
         n++)
    {
        p = in;

        for (i = 0; i < n; i++) {
            p += sprintf(p, "query A%zu{a}", i * 7919 % n);
        }

        s = qc_str(in, (size_t) (p - in));
        tap_ok(run(s, DEPTH)
               == ((n == QC_GRAPHQL_DEFINITIONS_MAX) ? QC_OK : QC_NOSPACE),
               "%zu queries", n);
    }

    for (i = 0; i < 20; i++) {
        p = in;

        for (n = 0; n < 20; n++) {
            p += sprintf(p, "fragment F%zu on T{a}", n * 7 % 20);
        }

        p += sprintf(p, "query F%zu{a}", i);
        s = qc_str(in, (size_t) (p - in));
        tap_ok(run(s, DEPTH) == QC_OK, "a query F%zu", i);

        p += sprintf(p, "fragment F%zu on T{a}", i);
        s = qc_str(in, (size_t) (p - in));
        tap_ok(run(s, DEPTH) == QC_BAD, "... another fragment F%zu", i);
    }

    free(in);
}


/* One piece over and over: nothing overflows, and it ends soon. */

static void
test_nested(const char *open, size_t max_depth, qc_rc_e want)
{
    char  *in, *p;

    in = malloc(BIG);
    p = repeat(in, open, BIG / strlen(open));

    tap_ok(run(qc_str(in, (size_t) (p - in)), max_depth) == want,
           "without end: %s", open);

    free(in);
}


static qc_str_t
canonical(const char *in, unsigned slot, qc_graphql_info_t *info, qc_rc_e *rc)
{
    size_t     size;
    qc_buf_t   out;
    qc_str_t   s;

    size = 2 * strlen(in) + 6;
    memset(info, 0xff, sizeof(*info));

    qc_buf_init(&out, tap_guard(slot, NULL, size), size);
    *rc = qc_graphql_canonical(guard(0, in), DEPTH, &out, info, NULL);

    s = qc_buf_written(&out);

    return qc_str(tap_guard(slot, s.data, s.len), s.len);
}


static qc_rc_e
run(qc_str_t doc, size_t depth)
{
    qc_rc_e             rc;
    qc_buf_t            out;
    qc_graphql_info_t   info;

    qc_buf_init(&out, malloc(2 * BIG), 2 * BIG);
    rc = qc_graphql_canonical(doc, depth, &out, &info, NULL);
    free(out.start);

    return rc;
}


static qc_str_t
guard(unsigned slot, const char *s)
{
    return qc_str(tap_guard(slot, s, strlen(s)), strlen(s));
}


static char *
repeat(char *to, const char *s, size_t n)
{
    size_t  len;

    len = strlen(s);

    while (n-- != 0) {
        memcpy(to, s, len);
        to += len;
    }

    return to;
}


/* For the name of a test: ends of lines are shown as spaces. */

static const char *
line(unsigned i, const char *s)
{
    static char  lines[2][128];

    size_t       n;

    for (n = 0; s[n] != '\0' && n < sizeof(lines[i]) - 1; n++) {
        lines[i][n] = (s[n] == '\n' || s[n] == '\r') ? ' ' : s[n];
    }

    lines[i][n] = '\0';

    return lines[i];
}
