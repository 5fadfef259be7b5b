
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_scan.h"
#include "tap.h"


typedef struct {
    const char  *text;
    qc_rc_e      rc;
    size_t       used;       /* of the text, if it is done */
} skip_t;


/* What follows an opening [ until it is closed. */

static const skip_t  skips[] = {
    { "]", QC_DONE, 1 },
    { "] ", QC_DONE, 1 },
    { "]]", QC_DONE, 1 },
    { "]\x01", QC_DONE, 1 },
    { "}", QC_BAD, 0 },
    { "", QC_PARTIAL, 0 },
    { "[", QC_PARTIAL, 0 },
    { "[]", QC_PARTIAL, 0 },
    { "[]]", QC_DONE, 3 },
    { "{}]", QC_DONE, 3 },
    { "[}]", QC_BAD, 0 },
    { "{]]", QC_BAD, 0 },
    { "{[}]]", QC_BAD, 0 },
    { "{\"a\":[1,2,{\"b\":null}],\"c\":-1.5e+7}]", QC_DONE, 35 },
    { "\"]", QC_PARTIAL, 0 },
    { "\"]\"]", QC_DONE, 4 },
    { "\"\\\"]\"]", QC_DONE, 6 },
    { "\"\\\\\"]", QC_DONE, 5 },
    { "\"\\\\\\\"]\"]", QC_DONE, 8 },
    { "\"\\\\\\\\\"]", QC_DONE, 7 },
    { "\"\\", QC_PARTIAL, 0 },
    { "\"\\u005d\"]", QC_DONE, 9 },
    { "\"\x7f\x80\xff/*'!\"]", QC_DONE, 10 },
    { " \t\r\n]", QC_DONE, 5 },
    { "\"\t\"]", QC_BAD, 0 },
    { "\"\n\"]", QC_BAD, 0 },
    { "\"\\\n\"]", QC_BAD, 0 },
    { "\"\x1f\"]", QC_BAD, 0 },
    { "\x1f]", QC_BAD, 0 },
    { "\x0b]", QC_BAD, 0 },
    { "\x0c]", QC_BAD, 0 },
    { "\x7f]", QC_BAD, 0 },
    { "\x80]", QC_BAD, 0 },
    { "\xc2\xa0]", QC_BAD, 0 },
    { "\\]", QC_BAD, 0 },
    { "\\\"]", QC_BAD, 0 },
    { "'']", QC_BAD, 0 },
    { "/**/]", QC_BAD, 0 },
    { "1/2]", QC_BAD, 0 },
    { "a_b]", QC_BAD, 0 },
    { "(]", QC_BAD, 0 },
    { "nan,-inf,true]", QC_DONE, 14 }
};


static uint32_t  seed = 1;


static unsigned
any(unsigned n)
{
    seed = seed * 1103515245 + 12345;

    return (seed >> 16) % n;
}


static int
same_block(const qc_scan_block_t *a, const qc_scan_block_t *b)
{
    return a->quote == b->quote && a->backslash == b->backslash
           && a->bracket == b->bracket && a->control == b->control
           && a->foreign == b->foreign;
}


/* The definition of each class, byte by byte. */

static void
expect_block(const uint8_t *p, qc_scan_block_t *b)
{
    unsigned  i;
    uint64_t  bit;

    memset(b, 0, sizeof(qc_scan_block_t));

    for (i = 0; i < QC_SCAN_BLOCK; i++) {
        bit = (uint64_t) 1 << i;

        b->quote |= (p[i] == '"') ? bit : 0;
        b->backslash |= (p[i] == '\\') ? bit : 0;
        b->bracket |= (p[i] != 0 && strchr("[]{}", p[i])) ? bit : 0;
        b->control |= (p[i] < 0x20) ? bit : 0;
        b->foreign |= (p[i] != 0
                       && strchr(" \t\r\n[]{},:\"+-.0123456789"
                                 "abcdefghijklmnopqrstuvwxyz"
                                 "ABCDEFGHIJKLMNOPQRSTUVWXYZ", p[i]))
                      ? 0 : bit;
    }
}


static void
test_block(void)
{
    int              same;
    uint8_t          buf[QC_SCAN_BLOCK], *p;
    unsigned         i, n;
    qc_scan_block_t  want, got;

    same = 1;

    for (n = 0; n < 256 + 4000; n++) {
        for (i = 0; i < QC_SCAN_BLOCK; i++) {
            buf[i] = (uint8_t) ((n < 256) ? n + i : any(256));
        }

        p = tap_guard(0, buf, sizeof(buf));
        expect_block(p, &want);

        qc_scan_block(p, &got);
        same &= same_block(&want, &got);

        qc_scan_block_portable(p, &got);
        same &= same_block(&want, &got);
    }

    tap_ok(same, "blocks, both ways");
}


static qc_rc_e
run_skip(qc_scan_t *s, const uint8_t *text, size_t len, size_t *used,
    size_t step)
{
    size_t          n;
    qc_rc_e         rc;
    const uint8_t  *p, *piece;

    memset(s, 0, sizeof(qc_scan_t));
    (void) qc_scan_bracket(s, '[');
    *used = 0;
    rc = QC_PARTIAL;

    while (*used < len && rc == QC_PARTIAL) {
        n = (len - *used < step) ? len - *used : step;
        piece = tap_guard(1, text + *used, n);
        p = piece;
        rc = qc_scan_skip(s, &p, p + n, 0);
        *used += (size_t) (p - piece);
    }

    return rc;
}


static void
test_skip(void)
{
    int        same;
    size_t     i, len, used, step, pad;
    uint8_t    text[256];
    qc_rc_e    rc;
    qc_scan_t  s;

    for (i = 0; i < sizeof(skips) / sizeof(skips[0]); i++) {
        len = strlen(skips[i].text);
        same = 1;

        /* at each place of a block, whole and in pieces */

        for (pad = 0; pad < 130; pad++) {
            memset(text, ' ', pad);
            memcpy(text + pad, skips[i].text, len);

            for (step = 1; step <= pad + len; step += (step < 4) ? 1 : 31) {
                rc = run_skip(&s, text, pad + len, &used, step);
                same &= (rc == skips[i].rc);

                if (rc == QC_DONE) {
                    same &= (used == pad + skips[i].used && s.depth == 0
                             && s.in_string == 0 && s.escaped == 0);
                }
            }
        }

        if (!tap_ok(same, "skip %u", (unsigned) i)) {
            tap_dump("text", skips[i].text, len);
        }
    }
}


/* One byte after another: what qc_scan_skip() has to agree with. */

static qc_rc_e
expect_skip(const uint8_t *p, size_t len, size_t *used)
{
    int              string, escaped;
    size_t           i;
    qc_rc_e          rc;
    qc_scan_t        s;
    qc_scan_block_t  b;
    uint8_t          one[QC_SCAN_BLOCK];

    memset(&s, 0, sizeof(s));
    (void) qc_scan_bracket(&s, '[');
    string = 0;
    escaped = 0;

    for (i = 0; i < len; i++) {
        memset(one, p[i], sizeof(one));
        expect_block(one, &b);

        if (string ? b.control : b.foreign) {
            return QC_BAD;
        }

        if (escaped) {
            escaped = 0;

        } else if (b.backslash) {
            escaped = 1;

        } else if (b.quote) {
            string = !string;

        } else if (b.bracket && !string) {
            rc = qc_scan_bracket(&s, p[i]);

            if (rc != QC_OK || s.depth == 0) {
                *used = i + 1;
                return (rc == QC_OK) ? QC_DONE : rc;
            }
        }
    }

    return QC_PARTIAL;
}


static void
test_skip_random(void)
{
    int        same;
    char       alphabet[] = "\"\"\"\\\\\\\\[[]]{}a1,: ";
    size_t     i, len, used, want;
    uint8_t    text[400];
    qc_rc_e    rc;
    unsigned   n;
    qc_scan_t  s;

    same = 1;

    for (n = 0; n < 20000; n++) {
        len = any(sizeof(text));

        for (i = 0; i < len; i++) {
            text[i] = (uint8_t) alphabet[any(sizeof(alphabet) - 1)];
        }

        /* most of them in a string, or nothing would come far */

        text[0] = '"';

        for (i = 1; i < len && n % 4 != 0; i++) {
            if (text[i] == '"' && any(30) != 0) {
                text[i] = '\\';
            }
        }

        want = 0;
        rc = expect_skip(text, len, &want);
        same &= (run_skip(&s, text, len, &used, 1 + any(150)) == rc);
        same &= (rc != QC_DONE || used == want);
    }

    tap_ok(same, "random texts");
}


static void
test_depth(void)
{
    int        ok;
    unsigned   i;
    qc_scan_t  s;

    memset(&s, 0, sizeof(s));
    ok = 1;

    for (i = 0; i < QC_SCAN_DEPTH_MAX; i++) {
        ok &= (qc_scan_bracket(&s, (i % 3 != 0) ? '[' : '{') == QC_OK);
    }

    ok &= (qc_scan_bracket(&s, '[') == QC_BAD);
    ok &= (s.depth == QC_SCAN_DEPTH_MAX);

    while (i-- != 0) {
        ok &= (qc_scan_bracket(&s, (i % 3 != 0) ? ']' : '}') == QC_OK);
    }

    tap_ok(ok && s.depth == 0, "as deep as can be");
    tap_ok(qc_scan_bracket(&s, ']') == QC_BAD, "nothing is open");

    /* what was there before does not show */

    ok = qc_scan_bracket(&s, '{') == QC_OK
         && qc_scan_bracket(&s, '}') == QC_OK
         && qc_scan_bracket(&s, '[') == QC_OK
         && qc_scan_bracket(&s, '}') == QC_BAD;

    tap_ok(ok, "a place that is used again");
}


static const uint8_t *
expect_find(const uint8_t *p, const uint8_t *end, qc_str_t text)
{
    for ( /* void */ ; (size_t) (end - p) >= text.len; p++) {
        if (memcmp(p, text.data, text.len) == 0) {
            return p;
        }
    }

    return NULL;
}


static void
test_find(void)
{
    int             same;
    size_t          i, len, n;
    uint8_t         buf[300], small[64], *p;
    unsigned        times;
    qc_str_t        text;
    const uint8_t  *want;

    same = 1;

    for (times = 0; times < 20000; times++) {
        len = any(sizeof(buf));
        n = 1 + any((times & 1) ? 8 : 64);

        for (i = 0; i < len; i++) {
            buf[i] = (uint8_t) ('a' + any((times & 2) ? 2 : 20));
        }

        for (i = 0; i < n; i++) {
            small[i] = (uint8_t) ('a' + any(2));
        }

        if (n <= len && times % 3 == 0) {
            memcpy(buf + any((unsigned) (len - n + 1)), small, n);
        }

        p = tap_guard(0, buf, len);
        text = qc_str(tap_guard(1, small, n), n);
        want = expect_find(p, p + len, text);

        same &= (qc_scan_find(p, p + len, text) == want);
        same &= (qc_scan_find_portable(p, p + len, text) == want);
    }

    tap_ok(same, "texts found, both ways");
}


int
main(void)
{
    test_block();
    test_skip();
    test_skip_random();
    test_depth();
    test_find();

    return tap_done();
}
