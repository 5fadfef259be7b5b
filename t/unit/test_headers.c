
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_headers.h"
#include "tap.h"


static qc_rc_e walk(const char *data, size_t len, size_t *n);
static void test_blocks(void);
static void test_bytes(void);
static void test_find(void);
static void test_add(void);


int
main(void)
{
    test_blocks();
    test_bytes();
    test_find();
    test_add();

    return tap_done();
}


/* How the walk ends, and the number of lines before it does. */

static qc_rc_e
walk(const char *data, size_t len, size_t *n)
{
    qc_rc_e   rc;
    qc_str_t  block, name, value;

    block = qc_str(tap_guard(0, data, len), len);

    for (*n = 0; (rc = qc_headers_next(&block, &name, &value)) == QC_OK;
         (*n)++)
    {
        /* void */
    }

    return rc;
}


static void
test_blocks(void)
{
    size_t   i, n;
    qc_rc_e  rc;

    static const struct {
        const char  *block;
        int          rc;
        size_t       lines;
    } cases[] = {
        { "", QC_DONE, 0 },
        { "A: b\r\n", QC_DONE, 1 },
        { "A: \r\n", QC_DONE, 1 },
        { "A: b\r\nC: d\r\n", QC_DONE, 2 },
        { "A: b: c\r\n", QC_DONE, 1 },
        { "A:  b \r\n", QC_DONE, 1 },
        { "A: b\tc\r\n", QC_DONE, 1 },
        { "!#$%&'*+-.^_`|~09azAZ: b\r\n", QC_DONE, 1 },
        { "A: \x80\xff\r\n", QC_DONE, 1 },

        { "A", QC_BAD, 0 },
        { "A:", QC_BAD, 0 },
        { "A: ", QC_BAD, 0 },
        { "A: b", QC_BAD, 0 },
        { "A: b\r", QC_BAD, 0 },
        { "A: b\n", QC_BAD, 0 },
        { "A: b\rC: d\r\n", QC_BAD, 0 },
        { "A: b\nC: d\r\n", QC_BAD, 0 },
        { "A:b\r\n", QC_BAD, 0 },
        { "A:\tb\r\n", QC_BAD, 0 },
        { "A : b\r\n", QC_BAD, 0 },
        { ": b\r\n", QC_BAD, 0 },
        { " A: b\r\n", QC_BAD, 0 },
        { "\r\n", QC_BAD, 0 },
        { "A: b\r\n\r\n", QC_BAD, 1 },
        { "A: b\r\n c: d\r\n", QC_BAD, 1 },
        { "A: b\r\n\tc\r\n", QC_BAD, 1 },
        { "A: b\r\nC", QC_BAD, 1 },
        { "A B: c\r\n", QC_BAD, 0 },
        { "A\xc3\xbc: c\r\n", QC_BAD, 0 },
        { "HTTP/1.1 200 OK\r\nA: b\r\n", QC_BAD, 0 }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        rc = walk(cases[i].block, strlen(cases[i].block), &n);

        if (!tap_ok((int) rc == cases[i].rc && n == cases[i].lines,
                    "block %zu", i))
        {
            tap_dump("block", cases[i].block, strlen(cases[i].block));
        }
    }
}


/* Every byte in a name and in a value. */

static void
test_bytes(void)
{
    int       names, values, token;
    char      line[8];
    size_t    n;
    unsigned  ch;

    names = 1;
    values = 1;

    for (ch = 0; ch < 256; ch++) {
        memcpy(line, "AxA: b\r\n", 8);
        line[1] = (char) ch;

        token = (ch > ' ' && ch < 0x7f
                 && strchr("\"(),/:;<=>?@[\\]{}", (int) ch) == NULL);

        names &= (walk(line, 8, &n) == (token ? QC_DONE : QC_BAD));
        names &= (qc_token_char((uint8_t) ch) == token);

        memcpy(line, "A: bxb\r\n", 8);
        line[4] = (char) ch;

        token = (ch == '\t' || (ch >= ' ' && ch != 0x7f));

        values &= (walk(line, 8, &n) == (token ? QC_DONE : QC_BAD));
    }

    tap_ok(names, "names are tokens");
    tap_ok(values, "values have no control character but HTAB");
}


static void
test_find(void)
{
    size_t    i, len;
    qc_str_t  block, value;

    static const char  text[] = "Content-Type: a/b\r\nX: 1\r\nx: 2\r\nE: \r\n";

    static const struct {
        const char  *name;
        const char  *value;
    } cases[] = {
        { "content-type", "a/b" },
        { "Content-Type", "a/b" },
        { "CONTENT-TYPE", "a/b" },
        { "x", "1" },
        { "X", "1" },
        { "e", "" },
        { "content-typ", "" },
        { "content-type2", "" },
        { "a/b", "" },
        { "", "" }
    };

    len = sizeof(text) - 1;
    block = qc_str(tap_guard(0, text, len), len);

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        value = qc_headers_find(block, cases[i].name);

        tap_mem(value.data, value.len, cases[i].value,
                strlen(cases[i].value), cases[i].name);
    }

    value = qc_headers_find(qc_str("A: b\r\nC d\r\nX: 1\r\n", 17), "x");
    tap_int((long long) value.len, 0, "nothing behind a bad line");

    tap_ok(!qc_name_eq(qc_str("[", 1), qc_str("{", 1))
           && !qc_name_eq(qc_str("@", 1), qc_str("`", 1)),
           "only letters have case");
}


static void
test_add(void)
{
    int       good;
    size_t    size, i;
    qc_buf_t  b;

    static const char  want[] = "A: b\r\nC: \r\n";

    static const struct {
        const char  *name;
        const char  *value;
    } bad[] = {
        { "", "v" },
        { "a b", "v" },
        { "a:", "v" },
        { "a\n", "v" },
        { "a", "v\n" },
        { "a", "v\r\nb: c" },
        { "a", "\x01" },
        { "a", "\x7f" }
    };

    good = 1;

    for (size = 0; size < sizeof(want); size++) {
        qc_buf_init(&b, tap_guard(0, NULL, size), size);
        qc_headers_add(&b, qc_str("A", 1), qc_str("b", 1));
        qc_headers_add(&b, qc_str("C", 1), qc_str(NULL, 0));

        good &= (qc_buf_len(&b) == ((size == 11) ? 11u : size < 6 ? 0u : 6u));
        good &= (memcmp(b.start, want, qc_buf_len(&b)) == 0);
        good &= (qc_buf_status(&b) == ((size == 11) ? QC_OK : QC_NOSPACE));
    }

    tap_ok(good, "whole lines or nothing, in buffers of every size");

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        qc_buf_init(&b, tap_guard(0, NULL, 100), 100);
        qc_headers_add(&b, qc_str(bad[i].name, strlen(bad[i].name)),
                       qc_str(bad[i].value, strlen(bad[i].value)));

        tap_ok(qc_buf_status(&b) == QC_NOSPACE && qc_buf_len(&b) == 0,
               "line %zu is refused", i);
    }

    qc_buf_init(&b, tap_guard(0, NULL, 100), 100);
    qc_headers_add(&b, qc_str("a", 1), qc_str("\0", 1));
    tap_int(qc_buf_status(&b), QC_NOSPACE, "a zero is refused");
}
