
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/* Sections are those of draft-ietf-httpbis-no-vary-search. */

#include "qc_nvs.h"
#include "tap.h"


#define ROOM  (4 * 1024)


typedef struct {
    const char  *section;
    const char  *lines;                /* with "|" between them */
    const char  *want;                 /* [order][only] names; "-": ignored */
} field_t;


typedef struct {
    const char  *lines;
    const char  *args;
    const char  *want;                 /* NULL: QC_BAD */
} form_t;


typedef struct {
    const char  *lines;
    const char  *a;
    const char  *b;
    int          same;
} pair_t;


static const field_t  fields[] = {
    { "5.1 none", "", "" },
    { "5.1 unknown key", "unknown-key", "" },
    { "5.1 unknown key", "key-order, other=1", "order" },
    { "5.2", "key-order", "order" },
    { "5.2", "key-order=?1", "order" },
    { "5.2", "key-order=?0", "" },
    { "5.2", "params=(\"a\")", "a" },
    { "5.2", "params=(\"a\" \"b\"), key-order", "order a b" },
    { "5.2", "params=()", "" },
    { "5.2", "except=(\"x\")", "only x" },
    { "5.2", "except=(\"x\"), key-order", "order only x" },
    { "5.2", "except=()", "only" },
    { "5.2 older", "params", "only" },
    { "5.2 older", "params=?1", "only" },
    { "5.2 older", "params, except=(\"x\")", "only x" },
    { "5.2 older", "key-order, params, except=(\"x\" \"y\")",
      "order only x y" },
    { "5.2 parameters", "key-order;a=1, params=(\"a\";b);c", "order a" },

    { "5.2", "key-order=\"not a boolean\"", "-" },
    { "5.2", "key-order=1", "-" },
    { "5.2", "key-order=()", "-" },
    { "5.2", "params=\"not a boolean or inner list\"", "-" },
    { "5.2", "params=a", "-" },
    { "5.2", "params=(not-a-string)", "-" },
    { "5.2", "params=(\"a\" 1)", "-" },
    { "5.2", "params=(\"a\"), except=(\"x\")", "-" },
    { "5.2", "params=(), except=()", "-" },
    { "5.2", "params=?0", "-" },
    { "5.2", "params=?0, key-order", "-" },
    { "5.2", "params=?0, except=(\"x\")", "-" },
    { "5.2", "params, except=(not-a-string)", "-" },
    { "5.2", "params, except=\"not an inner list\"", "-" },
    { "5.2", "params, except=?1", "-" },
    { "5.2", "except=?1", "-" },
    { "5.2", "except", "-" },
    { "5.2", "except=(x)", "-" },
    { "5.2", "key-order, params=1", "-" },

    { "5.1 malformed", "key-order,", "-" },
    { "5.1 malformed", "Key-Order", "-" },
    { "5.1 malformed", "params=(\"a\"", "-" },
    { "5.1 malformed", "params=(\"a\", \"b\")", "-" },
    { "5.1 malformed", "key-order, params=(\"\xc3\xbc\")", "-" },
    { "5.1 last one counts", "params=1, params=(\"a\")", "a" },
    { "5.1 last one counts", "params=(\"a\" \"b\"), params=(\"c\")", "c" },
    { "5.1 last one counts", "key-order, key-order=?0", "" },
    { "5.1 lines", "key-order|params=(\"a\")", "order a" },
    { "5.1 lines", "params=(\"a\")|params=(\"b\")", "b" },
    { "5.1 lines", "params=(\"a\")|except=(\"b\")", "-" },
    { "5.1 a malformed line", "key-order|?", "-" },
    { "5.1 a malformed line", "?|key-order", "-" },

    { "5.3", "params=(\"%C3%A9+%E6%B0%97\")",
      "\xc3\xa9 \xe6\xb0\x97" },
    { "5.3 escapes", "params=(\"\\\"\\\\\")", "\"\\" },
    { "5.3 escapes, then percent", "params=(\"%2b%5c%22\")", "+\\\"" },
    { "5.3 no escape", "params=(\"%\" \"%4\" \"%zz\")", "% %4 %zz" },
    { "5.3 once", "params=(\"%2541\")", "%41" },
    { "5.3 not UTF-8", "params=(\"%f6\")", "-" },
    { "5.3 not UTF-8", "params=(\"a\" \"%c3\")", "-" },
    { "5.3 not UTF-8", "params=(\"%ed%a0%80\")", "-" },
    { "5.3 empty", "params=(\"\")", "" }
};


static const form_t  forms[] = {
    { "", "b=1&a=%32&&c", "b=1&a=%32&&c" },
    { "params=()", "b=1&a=%32&&c", "b=1&a=%32&&c" },
    { "bad bad", "%ff&&", "%ff&&" },

    { "key-order", "", "" },
    { "key-order", "&&&", "" },
    { "key-order", "b=1&a=2", "a=2&b=1" },
    { "key-order", "a=2&b=1&a=1", "a=2&a=1&b=1" },
    { "key-order", "b&a&ab&aa&A", "A=&a=&aa=&ab=&b=" },
    { "key-order", "%62&a&%61a", "a=&aa=&b=" },
    { "key-order", "a=x", "a=x" },
    { "key-order", "%61=%78", "a=x" },
    { "key-order", "a=x&&&&", "a=x" },
    { "key-order", "&a=x", "a=x" },
    { "key-order", "a", "a=" },
    { "key-order", "a=", "a=" },
    { "key-order", "=", "=" },
    { "key-order", "==", "=%3D" },
    { "key-order", "=a&b", "=a&b=" },
    { "key-order", "a=b=c", "a=b%3Dc" },
    { "key-order", "a%3Db=c", "a%3Db=c" },
    { "key-order", "a=%20", "a=%20" },
    { "key-order", "a=+", "a=%20" },
    { "key-order", "a= ", "a=%20" },
    { "key-order", "a=%2B", "a=%2B" },
    { "key-order", "a=%26b", "a=%26b" },
    { "key-order", "a;b=1", "a%3Bb=1" },
    { "key-order", "a=%", "a=%25" },
    { "key-order", "a=%4", "a=%254" },
    { "key-order", "a=%zz", "a=%25zz" },
    { "key-order", "a=%25zz", "a=%25zz" },
    { "key-order", "a=%c3%a9", "a=%C3%A9" },
    { "key-order", "a=\xc3\xa9", "a=%C3%A9" },
    { "key-order", "a=%00", "a=%00" },
    { "key-order", "a=%f6", "a=%F6" },
    { "key-order", "%f6=1", NULL },
    { "key-order", "a&\xc3=1", NULL },
    { "key-order", "%c3%41=1", NULL },
    { "key-order", "%f0%9f%98%80=1", "%F0%9F%98%80=1" },
    { "key-order", "%f0%9f%98=1", NULL },
    { "key-order", "%f8%80%80%80=1", NULL },
    { "key-order", "a=%40-._~!*'()", "a=%40-._~%21%2A%27%28%29" },

    { "params=(\"a\")", "a=1&b=2", "b=2" },
    { "params=(\"a\")", "b=2&a", "b=2" },
    { "params=(\"a\")", "b=2&%61=1&c=3&a=4", "b=2&c=3" },
    { "params=(\"a\")", "a=1", "" },
    { "params=(\"a\")", "aa=1&A=2&=a", "aa=1&A=2&=a" },
    { "params=(\"a\")", "c=3&b=2", "c=3&b=2" },
    { "params=(\"a\" \"c\")", "c=3&b=2&a=1", "b=2" },
    { "params=(\"a\"), key-order", "c=3&a=1&b=2", "b=2&c=3" },
    { "params=(\"\")", "=1&a=2", "a=2" },
    { "params=(\"a+b\")", "a+b=1&a%20b=2&a%2Bb=3", "a%2Bb=3" },
    { "params=(\"%C3%A9+%E6%B0%97\")", "%C3%A9+%E6%B0%97=4&x", "x=" },
    { "params=(\"%EF%BF%BD\")", "%f6=1", NULL },

    { "except=(\"x\")", "a=1&x=2&b=3&x=4", "x=2&x=4" },
    { "except=(\"x\")", "a=1", "" },
    { "except=(\"x\" \"y\")", "y=1&x=2", "y=1&x=2" },
    { "except=(\"x\" \"y\"), key-order", "y=1&a&x=2", "x=2&y=1" },
    { "except=()", "a=1&b=2", "" },
    { "params", "a=1&b=2", "" },
    { "except=(\"%EF%BF%BD\")", "%f6=1", NULL }
};


/* Section 6.1, and what must not be one. */

static const pair_t  pairs[] = {
    { "key-order", "", "&", 1 },
    { "key-order", "a=x", "%61=%78", 1 },
    { "key-order", "a=\xc3\xa9", "a=%C3%A9", 1 },
    { "key-order", "a=x&&&&", "a=x", 1 },
    { "key-order", "a=", "a", 1 },
    { "key-order", "a=%20", "a=+", 1 },
    { "key-order", "a=%20", "a= &", 1 },
    { "key-order", "a=1&b=2", "b=2&a=1", 1 },
    { "key-order", "a=1&a=2", "a=2&a=1", 0 },
    { "key-order", "a=1&b=2", "a=2&b=1", 0 },
    { "key-order", "a=1", "a=1&a=1", 0 },
    { "key-order", "a=1&b", "a=1%26b", 0 },
    { "key-order", "a=b", "a%3Db", 0 },
    { "key-order", "=a", "a", 0 },
    { "key-order", "", "=", 0 },
    { "key-order", "a=%C3%A9", "a=%E9", 0 },
    { "params=(\"a\")", "a=1&b=2", "b=2&a=3", 1 },
    { "params=(\"a\")", "b=1&c=2", "c=2&b=1", 0 },
    { "except=(\"a\")", "b=1", "c=2&d=3", 1 },
    { "except=(\"a\")", "a=1&b=1", "a=2&b=1", 0 },
    { "", "a=1&b=2", "b=2&a=1", 0 },
    { "", "a", "a=", 0 }
};


static void test_fields(void);
static void test_forms(void);
static void test_pairs(void);
static void test_limits(void);
static void test_many(void);
static qc_rc_e parse(qc_nvs_t *nvs, const char *lines);
static const char *show(const char *lines, char *text, size_t size);
static qc_rc_e apply(const char *lines, const char *args, unsigned slot,
    qc_str_t *form);


int
main(void)
{
    test_fields();
    test_forms();
    test_pairs();
    test_limits();
    test_many();

    return tap_done();
}


static void
test_fields(void)
{
    char            text[512];
    size_t          i;
    const char     *got;
    const field_t  *f;

    for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        f = &fields[i];
        got = show(f->lines, text, sizeof(text));

        if (!tap_ok(strcmp(got, f->want) == 0, "%s: %s", f->section,
                    f->lines))
        {
            printf("#      got: %s\n# expected: %s\n", got, f->want);
        }
    }
}


static void
test_forms(void)
{
    size_t         i;
    qc_rc_e        rc;
    qc_str_t       form;
    const form_t  *f;

    for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        f = &forms[i];
        rc = apply(f->lines, f->args, 4, &form);

        if (f->want == NULL) {
            tap_ok(rc == QC_BAD, "%s: %s", f->lines, f->args);
            continue;
        }

        if (!tap_ok(rc == QC_OK
                    && qc_str_eq(form, qc_str(f->want, strlen(f->want))),
                    "%s: %s", f->lines, f->args))
        {
            printf("#      got: %.*s\n# expected: %s\n", (int) form.len,
                   (const char *) form.data, f->want);
        }
    }
}


static void
test_pairs(void)
{
    size_t         i;
    qc_str_t       a, b;
    const pair_t  *pair;

    for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        pair = &pairs[i];

        tap_ok(apply(pair->lines, pair->a, 4, &a) == QC_OK
               && apply(pair->lines, pair->b, 5, &b) == QC_OK
               && qc_str_eq(a, b) == pair->same,
               "%s: %s %s", pair->lines, pair->a, pair->b);
    }
}


static void
test_limits(void)
{
    char       line[4096];
    size_t     n;
    unsigned   i;
    qc_nvs_t  *nvs;

    nvs = tap_guard(1, NULL, sizeof(qc_nvs_t));

    for (i = 0, n = 0; i < QC_NVS_NAMES; i++) {
        n += (size_t) snprintf(line + n, sizeof(line) - n, "%s\"%u\"",
                               (i != 0) ? " " : "params=(", i);
    }

    snprintf(line + n, sizeof(line) - n, ")");
    tap_ok(parse(nvs, line) == QC_OK && nvs->n == QC_NVS_NAMES,
           "as many names as fit");

    snprintf(line + n, sizeof(line) - n, " \"\")");
    tap_ok(parse(nvs, line) == QC_BAD && !qc_nvs_any(nvs), "one more");

    memset(line, 'a', sizeof(line));
    memcpy(line, "except=(\"", 9);
    memcpy(line + 9 + QC_NVS_TEXT, "\")", 3);
    tap_ok(parse(nvs, line) == QC_OK && nvs->end[0] == QC_NVS_TEXT,
           "a name as long as fits");

    memcpy(line + 9 + QC_NVS_TEXT, "a\")", 4);
    tap_ok(parse(nvs, line) == QC_BAD && !qc_nvs_any(nvs), "a longer one");

    tap_ok(qc_nvs_parse(nvs, NULL, 0) == QC_OK && !qc_nvs_any(nvs),
           "no lines");
}


/* As many as may matter, in an order that is none. */

static void
test_many(void)
{
    char       args[8 * QC_NVS_PARAMS], *p;
    int        sorted;
    size_t     i, len, size;
    uint8_t   *mem;
    qc_buf_t   b;
    qc_nvs_t   nvs;

    p = args;

    for (i = 0; i < QC_NVS_PARAMS; i++) {
        p += sprintf(p, "&%04u=%u", (unsigned) (i * 7919 % 512),
                     (unsigned) (i / 512));
    }

    len = (size_t) (p - args);
    size = 4 * len;
    mem = tap_guard(4, NULL, size);

    (void) parse(&nvs, "key-order, params=(\"a\")");
    qc_buf_init(&b, mem, size);
    tap_ok(qc_nvs_apply(&nvs, qc_str(args, len), &b) == QC_OK, "as many");

    sorted = (qc_buf_len(&b) == len - 1);

    for (i = 0; sorted && i < QC_NVS_PARAMS; i++) {
        snprintf(args, 8, "%04u=%u", (unsigned) (i / 2), (unsigned) (i % 2));
        sorted = (memcmp(b.start + 7 * i, args, 6) == 0);
    }

    tap_ok(sorted, "sorted, and stably");

    memset(args, '&', sizeof(args));

    for (i = 0; i <= QC_NVS_PARAMS; i++) {
        args[2 * i] = (i < QC_NVS_PARAMS) ? 'b' : 'a';
    }

    qc_buf_init(&b, mem, size);
    tap_ok(qc_nvs_apply(&nvs, qc_str(args, sizeof(args)), &b) == QC_OK,
           "one that does not matter");

    args[2 * QC_NVS_PARAMS] = 'b';
    qc_buf_init(&b, mem, size);
    tap_ok(qc_nvs_apply(&nvs, qc_str(args, sizeof(args)), &b) == QC_NOSPACE,
           "one more");

    qc_buf_init(&b, tap_guard(5, NULL, 4), 4);
    tap_ok(qc_nvs_apply(&nvs, qc_str("b=1&c", 5), &b) == QC_NOSPACE,
           "no space");
}


static qc_rc_e
parse(qc_nvs_t *nvs, const char *lines)
{
    size_t    n, len;
    qc_str_t  s[2];

    for (n = 0; n < 2; n++) {
        len = strcspn(lines, "|");
        s[n] = qc_str(tap_guard((unsigned) (2 + n), lines, len), len);
        lines += len;

        if (*lines++ == '\0') {
            break;
        }
    }

    return qc_nvs_parse(nvs, s, n + 1);
}


static const char *
show(const char *lines, char *text, size_t size)
{
    int        n;
    size_t     i, start;
    qc_nvs_t  *nvs;

    nvs = tap_guard(1, NULL, sizeof(qc_nvs_t));

    if (parse(nvs, lines) != QC_OK) {
        return qc_nvs_any(nvs) ? "?" : "-";
    }

    n = snprintf(text, size, "%s%s", nvs->key_order ? "order" : "",
                 nvs->only ? (nvs->key_order ? " only" : "only") : "");
    start = 0;

    for (i = 0; i < nvs->n; i++) {
        n += snprintf(text + n, size - (size_t) n, "%s%.*s",
                      (n != 0) ? " " : "", (int) (nvs->end[i] - start),
                      (const char *) nvs->text + start);
        start = nvs->end[i];
    }

    return text;
}


/* In a buffer of just the size that is said to be enough; and once more. */

static qc_rc_e
apply(const char *lines, const char *args, unsigned slot, qc_str_t *form)
{
    size_t    len;
    qc_rc_e   rc;
    qc_buf_t  b;
    qc_nvs_t  nvs;
    uint8_t   again[ROOM];

    (void) parse(&nvs, lines);

    len = strlen(args);
    qc_buf_init(&b, tap_guard(slot, NULL, 4 * len), 4 * len);
    rc = qc_nvs_apply(&nvs, qc_str(tap_guard(0, args, len), len), &b);
    *form = qc_buf_written(&b);

    if (rc == QC_OK) {
        qc_buf_init(&b, again, sizeof(again));

        if (qc_nvs_apply(&nvs, *form, &b) != QC_OK
            || !qc_str_eq(qc_buf_written(&b), *form))
        {
            return QC_PARTIAL;
        }
    }

    return rc;
}
