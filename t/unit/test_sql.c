
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_sql.h"
#include "tap.h"


#define G    0x1
#define A    0x2
#define C    0x4
#define ALL  (G|A|C)


typedef struct {
    unsigned     dialects;
    const char  *a;
    const char  *b;
} pair_t;


typedef struct {
    unsigned     dialects;   /* that take it */
    const char  *text;
} text_t;


static const pair_t  same[] = {
    { ALL, "SELECT 1", "SELECT  1" },
    { ALL, "SELECT 1", " \t\r\n\f\vSELECT\n1\n" },
    { ALL, "SELECT a,b", "SELECT a , b" },
    { ALL, "f(a)", "f ( a )" },
    { ALL, "a=1", "a = 1" },
    { ALL, "a<=1", "a <=1" },
    { ALL, "a::int", "a :: int" },
    { ALL, "a-1", "a - 1" },
    { ALL, "-1", "- 1" },
    { ALL, "t.*", "t. *" },
    { ALL, "a+(b)", "a + ( b )" },
    { ALL, "SELECT 1;", "SELECT 1 ;" },
    { ALL, "SELECT 1 -- c", "SELECT 1" },
    { ALL, "SELECT 1 -- c\n+1", "SELECT 1 +1" },
    { ALL, "SELECT 1 -- c\r\n+1", "SELECT 1 +1" },
    { ALL, "-- c\nSELECT 1", "SELECT 1" },
    { ALL, "SELECT 1 --", "SELECT 1" },
    { ALL, "-- it's\nSELECT 1", "SELECT 1" },
    { ALL, "-- \xe2\x80\x98 \x01\nSELECT 1", "SELECT 1" },
    { ALL, "SELECT/**/1", "SELECT 1" },
    { ALL, "SELECT/* it's \"one\" -- ` */1", "SELECT 1" },
    { ALL, "a/*c*/b/* d\n */c", "a b c" },
    { ALL, "SELECT /***/ 1", "SELECT 1" },
    { ALL, "SELECT /** / **/ 1", "SELECT 1" },
    { ALL, "SELECT /*/ 1 */ 1", "SELECT 1" },
    { ALL, "1 */**/ 2", "1 * 2" },
    { ALL, "a='b'", "a = 'b'" },
    { ALL, "'a'||'b'", "'a' || 'b'" },
    { ALL, "\"a\".\"b\"", "\"a\" .\"b\"" },
    { ALL, "`a`b", "`a` b" },
    { ALL, "'a''b'c", "'a''b' c" },
    { ALL, "1e-5+1", "1e-5 + 1" },
    { ALL, "ae-5", "ae - 5" },
    { ALL, "1e-a", "1e - a" },
    { ALL, "{a: b}", "{ a :b }" },
    { ALL, "a <@ b", "a<@ b" },
    { ALL, "a @> b", "a@>b" },
    { ALL, "SELECT $1", "SELECT  $1" },
    { ALL, "SELECT a$b$c", "SELECT  a$b$c" },
    { ALL, "$a$ x $a$+1", "$a$ x $a$ + 1" },
    { ALL, "$$a$$b", "$$a$$ b" },
    { ALL, "/*+ x */a", "/*+ x */ a" },
    { G|A, "\xc3\xbc=1", "\xc3\xbc = 1" },
    { C, "[a,'b c']", "[ a , 'b c' ]" },
    { A, "[a,'b c']", "[ a , 'b c' ]" },
    { C, "SELECT 1 --c\n+1", "SELECT 1 + 1" },
    { A, "SELECT 1--c\n+1", "SELECT 1 + 1" },
    { C, "SELECT 1 -- c\r+2\n+1", "SELECT 1 + 1" },
    { C, "'a\\'b'c", "'a\\'b' c" },
    { C, "'a' 'b'", "'a'\n'b'" },
    { C, "'a'/*\n*/'b'", "'a' 'b'" },
    { C, "$a b$ x  y $a b$c", "$a b$ x  y $a b$ c" },
    { A, "'a\\'+'b'", "'a\\' + 'b'" },
    { G|A, "'a'\n'b'", "'a' \r\n 'b'" },
    { G|A, "'a' -- c\n'b'", "'a'\n'b'" },
    { G|A, "'a'\t'b'", "'a'  'b'" },
    { G|A, "x'ab'\n'cd'", "x'ab'\n\n'cd'" },
    { G, "a[1]", "a [1]" }
};


static const pair_t  different[] = {
    { ALL, "SELECT 1", "SELECT 1;" },
    { ALL, "SELECT 1", "select 1" },
    { ALL, "SELECT 1", "SELECT 2" },
    { ALL, "'a  b'", "'a b'" },
    { ALL, "'a\tb'", "'a b'" },
    { ALL, "'a\nb'", "'a b'" },
    { ALL, "'a'", "'a '" },
    { ALL, "'a'", "\"a\"" },
    { ALL, "'a'", "`a`" },
    { ALL, "'A'", "'a'" },
    { ALL, "''", "' '" },
    { ALL, "\"a  b\"", "\"a b\"" },
    { ALL, "`a  b`", "`a b`" },
    { ALL, "'a -- b'", "'a'" },
    { ALL, "'a /* b */'", "'a '" },
    { ALL, "'a -- c\n'", "'a\n'" },
    { ALL, "SELECT 1 -- c\n+1", "SELECT 1 -- c +1" },
    { ALL, "SELECT 1 /* c */ +1", "SELECT 1 /* c +1 */" },
    { ALL, "SELECT 1 /* c */ +1 /* d */", "SELECT 1" },
    { ALL, "a-1", "a- -1" },
    { ALL, "a - - 1", "a - 1" },
    { ALL, "a+-1", "a+ -1" },
    { ALL, "a <= b", "a < = b" },
    { ALL, "a || b", "a | | b" },
    { ALL, "a <@ b", "a < @b" },
    { ALL, "a @-@ b", "a @ - @ b" },
    { ALL, "a @> b", "a @ > b" },
    { ALL, "a->b", "a - > b" },
    { ALL, "a::b", "a : : b" },
    { ALL, "ab", "a b" },
    { ALL, "a.b", "a . b" },
    { ALL, "1.5", "1 .5" },
    { ALL, "1e-5", "1e - 5" },
    { ALL, "1.5e+3", "1.5e + 3" },
    { ALL, "1.e-5", "1.e - 5" },
    { ALL, ".5e-3", ".5e - 3" },
    { ALL, "0x1p-3", "0x1p - 3" },
    { ALL, "x.5e-3", "x.5e - 3" },
    { ALL, "a1e-5", "a1e - 5" },
    { ALL, "x@1.e-5", "x@1.e - 5" },
    { ALL, "x@5e-3", "x@5e - 3" },
    { ALL, "0xap-3", "0xap - 3" },
    { ALL, "x'AB'", "x 'AB'" },
    { ALL, "N'a'", "N 'a'" },
    { ALL, "U&'a'", "U & 'a'" },
    { ALL, "u&\"a\"", "u & \"a\"" },
    { ALL, "@'a'", "@ 'a'" },
    { ALL, "a\"b\"", "a \"b\"" },
    { ALL, "'a''b'", "'a' 'b'" },
    { ALL, "\"a\"\"b\"", "\"a\" \"b\"" },
    { ALL, "(a) b", "(a b)" },
    { ALL, "$a$ x  y $a$", "$a$ x y $a$" },
    { ALL, "$$ x  y $$", "$$ x y $$" },
    { ALL, "$a$x$a$", "$b$x$b$" },
    { ALL, "/*+ x */ a", "a" },
    { ALL, "/*+ x */ a", "/*+ y */ a" },
    { ALL, "/*+ x  y */ a", "/*+ x y */ a" },
    { ALL, "/*! x */ a", "a" },
    { ALL, "/*M! x */ a", "a" },
    { ALL, "a /*+ x */ b", "a b /*+ x */" },
    { ALL, "{a:b}", "{a::b}" },
    { G|A, "'a' 'b'", "'a'\n'b'" },
    { G|A, "'a' 'b'", "'a'\r'b'" },
    { G|A, "'a' 'b'", "'a' -- c\n'b'" },
    { G|A, "x'ab' 'cd'", "x'ab'\n'cd'" },
    { C, "'a\\' b  c'", "'a\\' b c'" },
    { C, "'a\\\\'  'b'", "'a\\\\  b'" },
    { C, "\"a\\\"  b\"", "\"a\\\" b\"" },
    { C, "`a\\`  b`", "`a\\` b`" },
    { C, "$a b$ x  y $a b$", "$a b$ x y $a b$" },
    { C, "$a'b$ ' $a'b$", "$a'b$ '  $a'b$" },
    { C, "$a\n$ -- x\n $a\n$", "$a\n$ -- x $a\n$" },
    { A, "'a\\' b 'c'", "'a\\' b  'c '" },
    { A, "'a\\\\'  'b'", "'a\\\\  b'" },
    { G, "a[1]", "a[2]" }
};


/* What is left out is refused with QC_BAD. */

static const text_t  refused[] = {
    { 0, "" },
    { 0, " " },
    { 0, "\n" },
    { 0, "-- c" },
    { 0, "/* c */" },
    { 0, "'" },
    { 0, "'a" },
    { 0, "\"a" },
    { 0, "`a" },
    { 0, "'a''" },
    { 0, "x'a" },
    { 0, "a /* b" },
    { 0, "a /* b *" },
    { 0, "a /*/" },
    { 0, "a /*" },
    { 0, "a /* b /* c */ d */" },
    { 0, "a /* b /* c */" },
    { 0, "a /*/**/" },
    { 0, "a # b" },
    { 0, "a #b" },
    { 0, "#! x\na" },
    { 0, "a // b" },
    { 0, "a //b\n+1" },
    { 0, "a*//b" },
    { 0, "a \\ b" },
    { 0, "SELECT 1\\G" },
    { 0, "a \x01 b" },
    { 0, "a \x7f b" },
    { 0, "a \x1b" },
    { 0, "\xef\xbb\xbfSELECT 1" },
    { 0, "\xe2\x80\x98" "a  b\xe2\x80\x99" },
    { 0, "SELECT \xe2\x80\x9c" "a\xe2\x80\x9d" },
    { 0, "1 \xe2\x88\x92 1" },
    { 0, "a\xc2\xa0" "b" },
    { 0, "a\xc2\x85" "b" },
    { 0, "a\xe3\x80\x80" "b" },
    { 0, "a\xe1\x9a\x80" "b" },
    { 0, "a\xe2\x80\xa8" "b" },
    { 0, "a\xff" "b" },
    { 0, "a\x80" },
    { 0, "a\xc3" },
    { 0, "a\xc3 b" },
    { 0, "a\xe4\xbd" },
    { 0, "(" },
    { 0, ")" },
    { 0, "(]" },
    { 0, "(()" },
    { 0, "())" },
    { 0, "{)}" },
    { 0, "[(])" },
    { 0, "a]" },
    { 0, "$ a" },
    { 0, "$" },
    { 0, "a = $" },
    { 0, "$." },
    { 0, "$$" },
    { 0, "$$ a" },
    { 0, "1$a$ x  y $a$" },
    { 0, "1a$b$ x  y $b$" },
    { 0, "a1e-5$b$ x  y $b$" },
    { 0, "t.$a$ x  y $a$" },
    { 0, "@$a$ x  y $a$" },
    { 0, "$1$a$ x  y $a$" },
    { 0, "/*+ 'a */ x */ b" },
    { 0, "/*! 'a */ x  y' , 'z' */ 'b'" },
    { 0, "/*+ a -- */ b" },
    { 0, "/*! # */ b" },
    { 0, "/*+ a /* b */" },
    { 0, "/*+ $a$ */ b" },
    { C, "'a\\'b'" },
    { C, "\"a\\\"b\"" },
    { A|C, "'a\\b'" },
    { A|C, "\"a\\b\"" },
    { C, "`a\\b`" },
    { C, "`'` x  y `'`" },
    { C, "`\"`" },
    { C, "`a -- b`" },
    { C, "`a``b`" },
    { A, "'a\\'" },
    { A, "\"a\\\"" },
    { C, "E'a\\nb'" },
    { C, "E'a'\n'\\nb'" },
    { C, "E'a' '\\nb'" },
    { C, "E'a'\n'b'\n'\\nb'" },
    { A|C, "E'a', '\\nb'" },
    { A|C, "'a'\n'\\nb'" },
    { A|C, "\"E\" '\\nb'" },
    { C, "N'\\'" "a'" },
    { A|C, "a--b" },
    { A|C, "a --b" },
    { A|C, "a +--b" },
    { A|C, "a --\x7f" },
    { ALL, "a --\tb" },
    { ALL, "a --" },
    { C, "a -- b\rc" },
    { C, "a -- b\r" },
    { C, "a -- b\rc\nd" },
    { ALL, "a -- b\r\nc" },
    { C, "'a' /* c */ 'b'" },
    { C, "'a' /*\n*/ 'b'" },
    { C, "'a' /**/\n'b'" },
    { ALL, "'a' /**/ \"b\"" },
    { ALL, "'a' /**/ x'b'" },
    { G|A, "\xc3\xbc" },
    { G|A, "\xe4\xbd\xa0" },
    { G|A, "\xf0\x9f\x98\x80" },
    { ALL, "'\xe2\x80\x98'" },
    { ALL, "'\xff'" },
    { ALL, "'a\x01'" },
    { A|C, "'''a'" },
    { A|C, "'''a 'b  c' d'''" },
    { A|C, "\"\"\"a\"" },
    { ALL, "''" },
    { ALL, "'' ''" },
    { ALL, "'a'''" },
    { A|C, "q'[it]'" },
    { A|C, "Q'a'" },
    { A|C, "nq'a'" },
    { ALL, "seq'a'" },
    { A|C, "[a b]" },
    { A|C, "[ a]" },
    { A|C, "[a/**/b]" },
    { A|C, "['a']" },
    { A|C, "[\"a\"]" },
    { A|C, "[[a] ]" },
    { ALL, "[[a]]" },
    { ALL, "[a,b]" },
    { ALL, "[]" },
    { 0, "[a" },
    { 0, "[a]]" },
    { C, "$a b$ x $a b$" },
    { C, "$1 + $1 + $1 + $1" },
    { ALL, "$1 + $2 + $3" },
    { C, "$a$b" },
    { C, "$a$ x" },
    { 0, "$1$a" },
    { ALL, "$a$ x $a$" },
    { C, "$a$ 'x' $a$" },
    { C, "$$ \" $$" },
    { C, "$$ -- $$" },
    { C, "$$ /* $$" },
    { C, "$a$ $b $a$" }
};


static const char * const  names[] = { "generic", "ansi", "clickhouse" };


static qc_rc_e form(unsigned slot, const char *s, size_t len, unsigned d,
    qc_str_t *out);
static void pairs(const pair_t *p, size_t n, int want);
static void exact(void);
static void lost_heredoc(void);
static void inserts(void);
static void nul(void);
static void depth(void);
static void room(void);
static void appended(void);
static void long_texts(void);


int
main(void)
{
    size_t         i;
    unsigned       d;
    qc_rc_e        rc;
    qc_str_t       s;
    const text_t  *t;

    pairs(same, sizeof(same) / sizeof(same[0]), 1);
    pairs(different, sizeof(different) / sizeof(different[0]), 0);

    for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        t = &refused[i];

        for (d = 0; d < 3; d++) {
            rc = form(0, t->text, strlen(t->text), d, &s);

            tap_ok(rc == ((t->dialects & (1u << d)) ? QC_OK : QC_BAD),
                   "%s %zu: %s", names[d], i,
                   (t->dialects & (1u << d)) ? "taken" : "refused");
        }
    }

    exact();
    lost_heredoc();
    inserts();
    nul();
    depth();
    room();
    appended();
    long_texts();

    return tap_done();
}


/* In memory that ends with the text, to memory that ends with the form. */

static qc_rc_e
form(unsigned slot, const char *s, size_t len, unsigned d, qc_str_t *out)
{
    size_t          n;
    qc_rc_e         rc;
    qc_buf_t        b;
    qc_sql_info_t   info;
    static uint8_t  mem[3][TAP_SLOT_SIZE];

    qc_buf_init(&b, mem[slot], sizeof(mem[slot]));
    rc = qc_sql_canonical(qc_str(tap_guard(0, s, len), len),
                          (qc_sql_dialect_e) d, NULL, &b, &info, NULL);
    *out = qc_buf_written(&b);

    if (rc == QC_OK) {
        n = out->len;
        qc_buf_init(&b, tap_guard(1, NULL, n), n);
        rc = qc_sql_canonical(qc_str(tap_guard(0, s, len), len),
                              (qc_sql_dialect_e) d, NULL, &b, &info, NULL);

        if (rc != QC_OK || !qc_str_eq(*out, qc_buf_written(&b))) {
            tap_ok(0, "with just enough room");
        }
    }

    return rc;
}


static void
pairs(const pair_t *p, size_t n, int want)
{
    int       ok;
    size_t    i;
    unsigned  d;
    qc_str_t  a, b, c;

    for (i = 0; i < n; i++) {
        for (d = 0; d < 3; d++) {
            if (!(p[i].dialects & (1u << d))) {
                continue;
            }

            ok = (form(0, p[i].a, strlen(p[i].a), d, &a) == QC_OK
                  && form(1, p[i].b, strlen(p[i].b), d, &b) == QC_OK
                  && qc_str_eq(a, b) == want);

            tap_ok(ok, "%s %zu: %s", names[d], i, want ? "same" : "different");

            if (!ok) {
                tap_dump("a", a.data, a.len);
                tap_dump("b", b.data, b.len);
            }

            ok = (form(2, (const char *) a.data, a.len, d, &c) == QC_OK
                  && qc_str_eq(a, c)
                  && form(2, (const char *) b.data, b.len, d, &c) == QC_OK
                  && qc_str_eq(b, c));

            tap_ok(ok, "%s %zu: the form of the form", names[d], i);
        }
    }
}


static void
exact(void)
{
    size_t    i;
    qc_str_t  s;

    static const char * const  texts[][2] = {
        { "\tSELECT  count(*)FROM db.\"t x\"AS t -- c\n"
          "WHERE a->>'b'<='c  d'and x=-1e-5/*;*/;\n",
          "SELECT count ( * ) FROM db.\"t x\" AS t "
          "WHERE a ->> 'b' <= 'c  d' and x =- 1e-5 ;" },
        { "a@-@b<@c@>@d@@e", "a @-@ b <@ c @>@ d@@e" },
        { "@>--\na", "@> a" },
        { "((a,b))", "( ( a , b ) )" },
        { "x'00'y", "x'00' y" },
        { "'a'\n\n'b'", "'a'\n'b'" },
        { "a:=b", "a := b" }
    };

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        (void) form(0, texts[i][0], strlen(texts[i][0]), QC_SQL_ANSI, &s);
        tap_mem(s.data, s.len, texts[i][1], strlen(texts[i][1]), texts[i][0]);
    }
}


/*
 * Here space decides whether there is a heredoc, and the form of the one
 * without would be read as the one with.
 */

static void
lost_heredoc(void)
{
    qc_str_t  s;

    static const char  with[] = "$a + b$ x  y $a + b$";
    static const char  without[] = "$a +  b$ x  y $a + b$";

    tap_ok(form(0, with, sizeof(with) - 1, QC_SQL_CLICKHOUSE, &s) == QC_OK
           && s.len == sizeof(with) - 1, "a heredoc");
    tap_ok(form(0, without, sizeof(without) - 1, QC_SQL_CLICKHOUSE, &s)
           == QC_BAD, "none, but its form is one");
}


/* The data behind it is none of SQL. */

static void
inserts(void)
{
    size_t    i;
    unsigned  d;
    qc_str_t  s;

    static const struct { unsigned dialects; const char *text; }  texts[] = {
        { A, "INSERT INTO t FORMAT TSV\n1\t2" },
        { A, "insert into t values (1)" },
        { A, "INSERT t VALUES (1)" },
        { A, "WITH a AS (SELECT 1) INSERT INTO t SELECT 1" },
        { A, "INSERT`t`" },
        { ALL, "SELECT insert('a', 1, 2, 'b')" },
        { ALL, "SELECT 'INSERT INTO t'" },
        { ALL, "SELECT insert_time FROM t" }
    };

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        for (d = 0; d < 3; d++) {
            tap_ok(form(0, texts[i].text, strlen(texts[i].text), d, &s)
                   == ((texts[i].dialects & (1u << d)) ? QC_OK : QC_BAD),
                   "%s: %s", names[d], texts[i].text);
        }
    }
}


static void
nul(void)
{
    size_t    i;
    unsigned  d;
    qc_str_t  s;

    static const struct { size_t len; const char *text; }  texts[] = {
        { 9, "SELECT \0001" },
        { 10, "SELECT 1\0" "2" },
        { 10, "SELECT '\0'" },
        { 10, "SELECT 1--\0" },
        { 13, "SELECT /*\0*/1" },
        { 1, "\0" }
    };

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        for (d = 0; d < 3; d++) {
            tap_ok(form(0, texts[i].text, texts[i].len + (i == 3), d, &s)
                   == QC_BAD, "%s: NUL %zu", names[d], i);
        }
    }
}


static void
depth(void)
{
    size_t       i;
    char         text[2 * QC_SQL_DEPTH_MAX + 8];
    qc_str_t     s;

    for (i = QC_SQL_DEPTH_MAX - 1; i <= QC_SQL_DEPTH_MAX + 1; i++) {
        memset(text, '(', i);
        text[i] = 'a';
        memset(text + i + 1, ')', i);

        tap_ok(form(0, text, 2 * i + 1, QC_SQL_ANSI, &s)
               == (i <= QC_SQL_DEPTH_MAX ? QC_OK : QC_NOSPACE),
               "%zu brackets", i);
    }
}


static void
room(void)
{
    size_t         n;
    qc_rc_e        rc;
    qc_buf_t       b;
    qc_tags_t      tags;
    qc_sql_info_t  info;

    static const char  text[] = "SELECT a FROM t";

    for (n = 0; n < sizeof(text); n++) {
        qc_tags_init(&tags);
        qc_buf_init(&b, tap_guard(1, NULL, n), n);
        rc = qc_sql_canonical(qc_str(text, sizeof(text) - 1), QC_SQL_ANSI,
                              NULL, &b, &info, &tags);

        tap_ok(n == sizeof(text) - 1
                   ? (rc == QC_OK && info.read_only && !tags.unknown)
                   : (rc == QC_NOSPACE && qc_buf_len(&b) == 0
                      && !info.read_only && tags.unknown),
               "%zu bytes of room", n);
    }
}


/* Behind what the buffer has, and without a trace of what was refused. */

static void
appended(void)
{
    char           mem[64];
    qc_buf_t       b;
    qc_tags_t      tags;
    qc_sql_info_t  info;

    qc_buf_init(&b, mem, sizeof(mem));
    qc_tags_init(&tags);
    qc_buf_cstr(&b, "x:");

    tap_ok(qc_sql_canonical(qc_str("SELECT now() '", 14), QC_SQL_ANSI, NULL,
                            &b, &info, &tags) == QC_BAD, "refused");
    tap_mem(qc_buf_written(&b).data, qc_buf_len(&b), "x:", 2, "as it was");
    tap_ok(!info.read_only && !info.changing && !info.ranged
           && info.latest == 0 && tags.unknown, "nothing is known of it");

    tap_ok(qc_sql_canonical(qc_str("a  b", 4), QC_SQL_ANSI, NULL, &b, &info,
                            NULL) == QC_OK, "taken");
    tap_mem(qc_buf_written(&b).data, qc_buf_len(&b), "x:a b", 5, "appended");
}


/* Each of these takes minutes if one of the loops is quadratic. */

static void
long_texts(void)
{
    char           *text, *p;
    size_t          i, k, n;
    unsigned        d;
    qc_buf_t        b;
    qc_tags_t       tags;
    qc_sql_info_t   info;

    static const char * const  pieces[] = {
        "$a", "$a$", "$ ", "$a b", "@", "a@", "/*", "/**/ ", "-- c\n", "(",
        "'a' ", "'a'\n", "a.", "a,", "[", "[a]", "1e-5 ", "- ", "a = b AND ",
        "WITH a AS (SELECT 1) ", "SELECT a FROM t,", "UNION SELECT a FROM t ",
        "a BETWEEN b AND ", "x IN (a) ", "\xc3\xbc", ";", "a -", "/*+ a */",
        "(ts < '2024-01-01') AND "
    };

    n = 4 * 1024 * 1024;
    text = malloc(n);
    p = malloc(2 * n);

    for (i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        for (k = 0; k < n; k++) {
            text[k] = pieces[i][k % strlen(pieces[i])];
        }

        memcpy(text, "SELECT a FROM t WHERE  ", 23);

        for (d = 0; d < 3; d++) {
            qc_buf_init(&b, p, 2 * n);
            qc_tags_init(&tags);
            (void) qc_sql_canonical(qc_str(text, n), (qc_sql_dialect_e) d,
                                    NULL, &b, &info, &tags);
        }

        tap_ok(1, "4 MB of \"%s\"", pieces[i]);
    }

    free(text);
    free(p);
}
