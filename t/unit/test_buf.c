
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_buf.h"
#include "tap.h"


typedef struct {
    const char  *name;
    const char  *in;
    const char  *out;        /* NULL: QC_BAD */
} case_t;


static void write_integers(qc_buf_t *b);
static void write_text(qc_buf_t *b);
static void test_written(void (*write)(qc_buf_t *b), const char *want,
    size_t len, const char *name);
static void test_empty(void);
static void test_dec(void);
static void test_hex(void);
static void test_base64url(void);
static void test_readers(void);


int
main(void)
{
    test_written(write_integers,
                 "\x01" "\x02\x01" "\x04\x03\x02\x01"
                 "\x08\x07\x06\x05\x04\x03\x02\x01", 15, "integers");

    test_written(write_text,
                 "raw+str+0+18446744073709551615+00ff10+"
                 "a%2Fb-._~%20%00%C3%BC+a/b%3F+AAEC+__4+_w", 78, "text");

    test_empty();
    test_dec();
    test_hex();
    test_base64url();
    test_readers();

    return tap_done();
}


static void
write_integers(qc_buf_t *b)
{
    qc_buf_u8(b, 1);
    qc_buf_u16(b, 0x0102);
    qc_buf_u32(b, 0x01020304);
    qc_buf_u64(b, 0x0102030405060708);
}


static void
write_text(qc_buf_t *b)
{
    qc_buf_put(b, "raw", 3);
    qc_buf_char(b, '+');
    qc_buf_str(b, qc_str("str", 3));
    qc_buf_char(b, '+');
    qc_buf_dec(b, 0);
    qc_buf_char(b, '+');
    qc_buf_dec(b, UINT64_MAX);
    qc_buf_char(b, '+');
    qc_buf_hex(b, "\x00\xff\x10", 3);
    qc_buf_cstr(b, "+");
    qc_buf_uri(b, qc_str("a/b-._~ \0\xc3\xbc", 11), 0);
    qc_buf_cstr(b, "+");
    qc_buf_uri(b, qc_str("a/b?", 4), 1);
    qc_buf_cstr(b, "+");
    qc_buf_base64url(b, "\x00\x01\x02", 3);
    qc_buf_cstr(b, "+");
    qc_buf_base64url(b, "\xff\xfe", 2);
    qc_buf_cstr(b, "+");
    qc_buf_base64url(b, "\xff", 1);
}


/* Buffers of every size: what is written is a prefix, and nothing beyond. */

static void
test_written(void (*write)(qc_buf_t *b), const char *want, size_t len,
    const char *name)
{
    int       good;
    size_t    size;
    uint8_t  *mem;
    qc_buf_t  b;

    mem = tap_guard(0, NULL, len);
    qc_buf_init(&b, mem, len);
    write(&b);

    tap_mem(mem, qc_buf_len(&b), want, len, name);
    tap_int(qc_buf_status(&b), QC_OK, "it fits exactly");

    good = 1;

    for (size = 0; size < len; size++) {
        mem = tap_guard(0, NULL, size);
        qc_buf_init(&b, mem, size);
        write(&b);

        if (qc_buf_status(&b) != QC_NOSPACE || qc_buf_len(&b) > size
            || memcmp(mem, want, qc_buf_len(&b)) != 0)
        {
            good = 0;
        }

        qc_buf_put(&b, "", 0);
        good &= (qc_buf_status(&b) == QC_NOSPACE);
    }

    tap_ok(good, "%s: every smaller buffer overflows cleanly", name);
}


static void
test_empty(void)
{
    qc_buf_t  b;

    qc_buf_init(&b, NULL, 0);
    qc_buf_put(&b, NULL, 0);
    qc_buf_hex(&b, NULL, 0);
    qc_buf_uri(&b, qc_str(NULL, 0), 0);
    qc_buf_base64url(&b, NULL, 0);

    tap_int(qc_buf_status(&b), QC_OK, "nothing fits into no memory");
    tap_int((long long) qc_buf_written(&b).len, 0, "and writes nothing");

    qc_buf_char(&b, 'x');
    tap_int(qc_buf_status(&b), QC_NOSPACE, "something does not");
}


static void
test_dec(void)
{
    size_t    i, len;
    qc_rc_e   rc;
    uint64_t  v;

    static const struct {
        const char  *in;
        int          rc;
        uint64_t     out;
    } cases[] = {
        { "0", QC_OK, 0 },
        { "7", QC_OK, 7 },
        { "007", QC_OK, 7 },
        { "18446744073709551615", QC_OK, UINT64_MAX },
        { "18446744073709551616", QC_BAD, 0 },
        { "18446744073709551620", QC_BAD, 0 },
        { "99999999999999999999", QC_BAD, 0 },
        { "184467440737095516150", QC_BAD, 0 },
        { "", QC_BAD, 0 },
        { "-1", QC_BAD, 0 },
        { "+1", QC_BAD, 0 },
        { " 1", QC_BAD, 0 },
        { "1 ", QC_BAD, 0 },
        { "1.0", QC_BAD, 0 },
        { "0x1", QC_BAD, 0 },
        { "1e3", QC_BAD, 0 }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        v = 12345;
        len = strlen(cases[i].in);
        rc = qc_parse_dec(qc_str(tap_guard(0, cases[i].in, len), len), &v);

        tap_ok((int) rc == cases[i].rc
               && v == ((rc == QC_OK) ? cases[i].out : 12345),
               "decimal \"%s\"", cases[i].in);
    }
}


static void
test_hex(void)
{
    size_t   i, len;
    qc_rc_e  rc;
    uint8_t  out[2];

    static const case_t  cases[] = {
        { "lower case", "00ff", "\x00\xff" },
        { "upper case", "AbCd", "\xab\xcd" },
        { "too short", "00f", NULL },
        { "one byte short", "00", NULL },
        { "too long", "00ff0", NULL },
        { "one byte too long", "00ff00", NULL },
        { "empty", "", NULL },
        { "not hexadecimal", "00fg", NULL },
        { "not hexadecimal either", "0/:@", NULL },
        { "a sign", "-0ff", NULL }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        len = strlen(cases[i].in);
        rc = qc_parse_hex(qc_str(tap_guard(0, cases[i].in, len), len), out,
                          sizeof(out));

        tap_ok((rc == QC_OK) == (cases[i].out != NULL)
               && (rc != QC_OK || memcmp(out, cases[i].out, 2) == 0),
               "hexadecimal: %s", cases[i].name);
    }

    tap_int(qc_parse_hex(qc_str(NULL, 0), out, 0), QC_BAD,
            "hexadecimal: empty for nothing");
}


static void
test_base64url(void)
{
    size_t    i, len, want;
    qc_rc_e   rc;
    qc_buf_t  b;

    /* RFC 4648 section 10, and the two letters that differ */

    static const case_t  cases[] = {
        { "f", "Zg", "f" },
        { "fo", "Zm8", "fo" },
        { "foo", "Zm9v", "foo" },
        { "foob", "Zm9vYg", "foob" },
        { "fooba", "Zm9vYmE", "fooba" },
        { "foobar", "Zm9vYmFy", "foobar" },
        { "minus and underscore", "-_-_", "\xfb\xff\xbf" },
        { "empty", "", NULL },
        { "one letter", "Z", NULL },
        { "five letters", "Zm9vY", NULL },
        { "padding", "Zg==", NULL },
        { "the other alphabet", "+/+/", NULL },
        { "bits left over", "Zh", NULL },
        { "bits left over of two", "Zm9", NULL },
        { "a line end", "Zm9v\n", NULL }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        len = strlen(cases[i].in);
        want = (cases[i].out != NULL) ? strlen(cases[i].out) : 0;

        qc_buf_init(&b, tap_guard(1, NULL, len), len);
        rc = qc_parse_base64url(qc_str(tap_guard(0, cases[i].in, len), len),
                                &b);

        tap_ok((rc == QC_OK) == (cases[i].out != NULL)
               && qc_buf_len(&b) == want
               && (want == 0 || memcmp(b.start, cases[i].out, want) == 0),
               "base64url: %s", cases[i].name);
    }

    qc_buf_init(&b, tap_guard(1, NULL, 2), 2);
    tap_int(qc_parse_base64url(qc_str("Zm9v", 4), &b), QC_NOSPACE,
            "base64url: no room");
}


static void
test_readers(void)
{
    const uint8_t  *p;

    p = tap_guard(0, "\x01\x02\x03\x04\x05\x06\x07\xf8", 8);

    tap_ok(qc_get_u16(p + 6) == 0xf807, "u16");
    tap_ok(qc_get_u32(p + 4) == 0xf8070605, "u32");
    tap_ok(qc_get_u64(p) == 0xf807060504030201, "u64");
}
