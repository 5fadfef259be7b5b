
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_sf.h"
#include "tap.h"


typedef struct {
    const char  *section;              /* of RFC 9651 */
    const char  *field;
    const char  *want;                 /* type:text, "-": invalid */
} field_t;


typedef struct {
    const char  *text;
    const char  *string;               /* NULL: there is none */
    const char  *name;
} put_t;


static const field_t  lists[] = {
    { "3.1 empty", "", "" },
    { "4.2 spaces", "  ", "" },
    { "3.1", "sugar, tea, rum", "token:sugar token:tea token:rum" },
    { "3.1 OWS", "a\t ,\t b", "token:a token:b" },
    { "3.1 no OWS", "a,b", "token:a token:b" },
    { "4.2 around", "  a  ", "token:a" },
    { "4.2.1 behind", "a\t", "token:a" },
    { "4.2 tab before", "\ta", "-" },
    { "3.1 twice", "a, a", "token:a token:a" },
    { "4.2.1 comma behind", "a,", "-" },
    { "4.2.1 comma behind", "a , ", "-" },
    { "4.2.1 comma before", ",a", "-" },
    { "4.2.1 comma only", ",", "-" },
    { "4.2.1 commas", "a,,b", "-" },
    { "4.2.1 no comma", "a b", "-" },
    { "4.2.1 later", "\"a\", \"b", "-" },
    { "4.2.1 line end", "a\n", "-" },
    { "4.2.1 UTF-8", "a, \xc3\xbc", "-" },
    { "4.2.1 a key", "a=1", "-" },
    { "3.3.1", "1, -2", "integer:1 integer:-2" },
    { "3.3.2", "1.5", "decimal:1.5" },
    { "3.3.3", "\"a, b\", \"\"", "string:a, b string:" },
    { "3.3.5", ":aGVsbG8=:", "bytes:aGVsbG8=" },
    { "3.3.6", "?1, ?0", "boolean:1 boolean:0" },
    { "3.3.7", "@1659578233", "date:1659578233" },
    { "3.3.8", "%\"f%c3%bc\"", "display:f%c3%bc" },
    { "3.1.2", "a;b=1;c, d; e=\"x\"", "token:a token:d" },
    { "3.1.2 space", "a ;b", "-" },
    { "3.1.2 no key", "a;", "-" },
    { "3.1.1", "(a b), ()", "list:(a b) list:()" },
    { "3.1.1", "(a;x b);y, c", "list:(a;x b) token:c" },
    { "3.1.1 nested", "((a))", "-" },
    { "3.1.1 nested later", "(a (b))", "-" },
    { "3.1.1 nested behind", "(a(b))", "-" },
    { "3.1.1 no end", "(a", "-" },
    { "3.1.1 no end", "(", "-" },
    { "3.1.1 comma", "(a, b)", "-" }
};

static const field_t  inners[] = {
    { "3.1.1 empty", "()", "" },
    { "3.1.1 spaces", "(   )", "" },
    { "3.1.1", "(\"a\" b 1)", "string:a token:b integer:1" },
    { "3.1.1 spaces", "(  \"a\"   \"b\"  )", "string:a string:b" },
    { "3.1.2", "(a;x;y=1 b)", "token:a token:b" },
    { "3.3.3 brackets", "(\"(\" \")\")", "string:( string:)" }
};

static const field_t  strings[] = {
    { "3.3.3", "\"b c\"", "b c" },
    { "3.3.3 empty", "\"\"", "" },
    { "3.3.3 escapes", "\"\\\"b\\\\c\\\"\"", "\"b\\c\"" },
    { "3.3.3 escapes", "\"\\\\\\\\\\\"\"", "\\\\\"" },
    { "3.3.3 token", "b", "-" },
    { "3.3.3 display", "%\"b\"", "-" },
    { "3.3.3 bytes", ":aGVsbG8=:", "-" },
    { "3.3.3 list", "(\"a\")", "-" }
};

static const put_t  texts[] = {
    { "", "\"\"", "\"\"" },
    { "a", "\"a\"", "a" },
    { "*a/b:c", "\"*a/b:c\"", "*a/b:c" },
    { "query_cache", "\"query_cache\"", "query_cache" },
    { "a b", "\"a b\"", "\"a b\"" },
    { "a;b", "\"a;b\"", "\"a;b\"" },
    { "a,b", "\"a,b\"", "\"a,b\"" },
    { "1a", "\"1a\"", "\"1a\"" },
    { "10.0.0.1", "\"10.0.0.1\"", "\"10.0.0.1\"" },
    { "?1", "\"?1\"", "\"?1\"" },
    { "\"", "\"\\\"\"", "\"\\\"\"" },
    { "a\\b", "\"a\\\\b\"", "\"a\\\\b\"" },
    { "a\tb", NULL, NULL },
    { "a\x7f", NULL, NULL },
    { "\xc3\xbc", NULL, NULL }
};


static void test_fields(const field_t *f, size_t n,
    qc_rc_e (*next)(qc_str_t *s, qc_sf_member_t *m));
static void test_strings(void);
static void test_put(void);
static void put_row(const put_t *row, const char *want, const char *name,
    qc_rc_e (*put)(qc_buf_t *out, qc_str_t s));
static const char *show(qc_str_t s, char *text, size_t size,
    qc_rc_e (*next)(qc_str_t *s, qc_sf_member_t *m));
static qc_str_t guard(const char *s);


int
main(void)
{
    test_fields(lists, sizeof(lists) / sizeof(lists[0]), qc_sf_list_next);
    test_fields(inners, sizeof(inners) / sizeof(inners[0]), qc_sf_inner_next);
    test_strings();
    test_put();

    return tap_done();
}


static void
test_fields(const field_t *f, size_t n,
    qc_rc_e (*next)(qc_str_t *s, qc_sf_member_t *m))
{
    char         text[512];
    const char  *got;

    for ( /* void */ ; n != 0; n--, f++) {
        got = show(guard(f->field), text, sizeof(text), next);

        if (!tap_ok(strcmp(got, f->want) == 0, "%s: %s", f->section,
                    f->field))
        {
            printf("#      got: %s\n# expected: %s\n", got, f->want);
        }
    }
}


/* In a buffer of just the size that is said to be enough. */

static void
test_strings(void)
{
    size_t           i;
    qc_rc_e          rc;
    qc_str_t         s;
    qc_buf_t         b;
    const field_t   *f;
    qc_sf_member_t   m;

    for (i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
        f = &strings[i];
        s = guard(f->field);

        if (!tap_ok(qc_sf_list_next(&s, &m) == QC_OK && m.key.len == 0,
                    "%s: member", f->section))
        {
            continue;
        }

        qc_buf_init(&b, tap_guard(1, NULL, m.text.len), m.text.len);
        rc = qc_sf_string(&m, &b);

        if (strcmp(f->want, "-") == 0) {
            tap_ok(rc == QC_BAD && qc_buf_len(&b) == 0, "%s: %s", f->section,
                   f->field);
            continue;
        }

        tap_ok(rc == QC_OK && qc_str_eq(qc_buf_written(&b),
                                        qc_str(f->want, strlen(f->want))),
               "%s: %s", f->section, f->field);
    }

    s = guard("\"abcd\"");
    (void) qc_sf_list_next(&s, &m);
    qc_buf_init(&b, tap_guard(1, NULL, 3), 3);

    tap_ok(qc_sf_string(&m, &b) == QC_NOSPACE, "string without space");
}


static void
test_put(void)
{
    size_t        i;
    const put_t  *row;

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        row = &texts[i];

        put_row(row, row->string, "string", qc_sf_put_string);
        put_row(row, row->name, "name", qc_sf_put_name);
    }
}


static void
put_row(const put_t *row, const char *want, const char *name,
    qc_rc_e (*put)(qc_buf_t *out, qc_str_t s))
{
    int       ok;
    size_t    len;
    qc_str_t  s;
    qc_buf_t  b;

    s = guard(row->text);

    if (want == NULL) {
        qc_buf_init(&b, tap_guard(1, NULL, 64), 64);
        ok = (put(&b, s) == QC_BAD && qc_buf_len(&b) == 0);

    } else {
        len = strlen(want);
        qc_buf_init(&b, tap_guard(1, NULL, len), len);
        ok = (put(&b, s) == QC_OK
              && qc_str_eq(qc_buf_written(&b), qc_str(want, len)));

        qc_buf_init(&b, tap_guard(1, NULL, len - 1), len - 1);
        ok = ok && put(&b, s) == QC_NOSPACE;
    }

    tap_ok(ok, "put %s: %s", name, row->text);
}


static const char *
show(qc_str_t s, char *text, size_t size,
    qc_rc_e (*next)(qc_str_t *s, qc_sf_member_t *m))
{
    int             n;
    qc_rc_e         rc;
    qc_sf_member_t  m;

    static const char *const  types[] = {
        "integer", "decimal", "string", "token", "bytes", "boolean", "date",
        "display", "list"
    };

    text[0] = '\0';

    for (n = 0; (rc = next(&s, &m)) == QC_OK; /* void */ ) {
        n += snprintf(text + n, size - (size_t) n, "%s%s:%.*s",
                      (n != 0) ? " " : "", types[m.type], (int) m.text.len,
                      (const char *) m.text.data);
    }

    return (rc == QC_DONE && s.len == 0) ? text : "-";
}


static qc_str_t
guard(const char *s)
{
    size_t  len;

    len = strlen(s);

    return qc_str(tap_guard(0, s, len), len);
}
