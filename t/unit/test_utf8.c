
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_utf8.h"
#include "tap.h"


#define BORDERS  40                    /* more than the bytes taken at once */


typedef struct {
    const char  *bytes;
    size_t       len;
    int          want;
} sample_t;


#define S(s, want)  { s, sizeof(s) - 1, want }


static const sample_t  samples[] = {
    S("", 1),
    S("a", 1),
    S("\0", 1),
    S("\x7f", 1),
    S("plain text, longer than what is looked at in one step, and \n more", 1),

    /* the ends of each row of RFC 3629 section 4 */

    S("\xc2\x80", 1),
    S("\xdf\xbf", 1),
    S("\xe0\xa0\x80", 1),
    S("\xe0\xbf\xbf", 1),
    S("\xe1\x80\x80", 1),
    S("\xec\xbf\xbf", 1),
    S("\xed\x80\x80", 1),
    S("\xed\x9f\xbf", 1),
    S("\xee\x80\x80", 1),
    S("\xef\xbf\xbf", 1),
    S("\xef\xbb\xbf", 1),
    S("\xf0\x90\x80\x80", 1),
    S("\xf0\xbf\xbf\xbf", 1),
    S("\xf1\x80\x80\x80", 1),
    S("\xf3\xbf\xbf\xbf", 1),
    S("\xf4\x80\x80\x80", 1),
    S("\xf4\x8f\xbf\xbf", 1),
    S("a\xc3\xbc" "b\xe2\x82\xac" "c\xf0\x9f\x98\x80" "d", 1),

    /* one beyond them */

    S("\x80", 0),
    S("\xbf", 0),
    S("\xc0\x80", 0),
    S("\xc1\xbf", 0),
    S("\xc2\x7f", 0),
    S("\xc2\xc0", 0),
    S("\xe0\x80\x80", 0),
    S("\xe0\x9f\xbf", 0),
    S("\xe0\xc0\x80", 0),
    S("\xe1\x7f\x80", 0),
    S("\xe1\x80\x7f", 0),
    S("\xe1\x80\xc0", 0),
    S("\xe1\xc0\x80", 0),
    S("\xed\xa0\x80", 0),
    S("\xed\xbf\xbf", 0),
    S("\xed\xa0\xbd\xed\xb8\x80", 0),
    S("\xf0\x80\x80\x80", 0),
    S("\xf0\x8f\xbf\xbf", 0),
    S("\xf1\x80\x80\xc0", 0),
    S("\xf1\x80\xc0\x80", 0),
    S("\xf1\x80\x80\x7f", 0),
    S("\xf4\x90\x80\x80", 0),
    S("\xf5\x80\x80\x80", 0),
    S("\xf8\x88\x80\x80\x80", 0),
    S("\xfe", 0),
    S("\xff", 0),

    /* cut short */

    S("\xc3", 0),
    S("\xe2\x82", 0),
    S("\xe2", 0),
    S("\xf0\x9f\x98", 0),
    S("\xf0\x9f", 0),
    S("\xf0", 0),
    S("\xc3\xc3\xbc", 0),
    S("\xe2\x82" "a", 0),
    S("\xc3\xbc\xbc", 0)
};


static void check_borders(const sample_t *s);
static int valid(const void *data, size_t len);
static int all_code_points(void);
static int valid_pairs(void);
static size_t encode(uint8_t *p, uint32_t ch);


int
main(void)
{
    size_t  i;

    for (i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
        tap_ok(valid(samples[i].bytes, samples[i].len) == samples[i].want,
               "sample %zu", i);
        check_borders(&samples[i]);
    }

    tap_ok(qc_utf8_valid(NULL, 0), "nothing at all");
    tap_ok(all_code_points(), "every code point, but for surrogates");
    tap_int(valid_pairs(), 128 * 128 + (0xdf - 0xc2 + 1) * 64,
            "pairs of bytes");

    return tap_done();
}


/* Wherever in a text it stands, with or without something behind it. */

static void
check_borders(const sample_t *s)
{
    int      ok;
    size_t   before, after;
    uint8_t  text[2 * BORDERS + 8];

    ok = 1;

    for (before = 0; before < BORDERS; before++) {
        for (after = 0; after < BORDERS; after += 3) {
            memset(text, 'x', sizeof(text));
            memcpy(text + before, s->bytes, s->len > 8 ? 8 : s->len);

            if (s->len <= 8
                && valid(text, before + s->len + after) != s->want)
            {
                ok = 0;
            }
        }
    }

    if (!ok) {
        tap_ok(0, "inside of a text");
        tap_dump("sample", s->bytes, s->len);
    }
}


static int
valid(const void *data, size_t len)
{
    return qc_utf8_valid(tap_guard(0, data, len), len);
}


static int
all_code_points(void)
{
    size_t    len;
    uint8_t   bytes[4];
    uint32_t  ch;

    for (ch = 0; ch < 0x120000; ch++) {
        len = encode(bytes, ch);

        if (valid(bytes, len)
            != ((ch < 0xd800 || ch > 0xdfff) && ch < 0x110000))
        {
            return 0;
        }
    }

    return 1;
}


static int
valid_pairs(void)
{
    int       n;
    uint8_t   bytes[2];
    unsigned  i;

    n = 0;

    for (i = 0; i < 0x10000; i++) {
        bytes[0] = (uint8_t) (i >> 8);
        bytes[1] = (uint8_t) i;
        n += valid(bytes, 2);
    }

    return n;
}


/* The scheme itself, which stops neither at surrogates nor at the end. */

static size_t
encode(uint8_t *p, uint32_t ch)
{
    if (ch < 0x80) {
        p[0] = (uint8_t) ch;
        return 1;
    }

    if (ch < 0x800) {
        p[0] = (uint8_t) (0xc0 | ch >> 6);
        p[1] = (uint8_t) (0x80 | (ch & 0x3f));
        return 2;
    }

    if (ch < 0x10000) {
        p[0] = (uint8_t) (0xe0 | ch >> 12);
        p[1] = (uint8_t) (0x80 | (ch >> 6 & 0x3f));
        p[2] = (uint8_t) (0x80 | (ch & 0x3f));
        return 3;
    }

    p[0] = (uint8_t) (0xf0 | ch >> 18);
    p[1] = (uint8_t) (0x80 | (ch >> 12 & 0x3f));
    p[2] = (uint8_t) (0x80 | (ch >> 6 & 0x3f));
    p[3] = (uint8_t) (0x80 | (ch & 0x3f));

    return 4;
}
