
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_merge.h"
#include "tap.h"


#define OUT_SLOT  2


/* Lines of blocks end with "|" here. */

typedef struct {
    const char   *section;             /* of RFC 9111 unless it says so */
    const char   *stored;
    const char   *update;
    const char   *want;                /* NULL: a block is malformed */
} merge_t;


static const merge_t  merges[] = {
    { "3.2 nothing", "", "", "" },
    { "3.2 no update", "A: 1|B: 2|A: 3|", "", "A: 1|B: 2|A: 3|" },
    { "3.2 nothing stored", "", "A: 1|B: 2|", "A: 1|B: 2|" },
    { "3.2 replaced", "A: 1|B: 2|C: 3|", "B: 4|", "A: 1|B: 4|C: 3|" },
    { "3.2 case", "A: 1|B: 2|", "a: 3|", "a: 3|B: 2|" },
    { "3.2 new", "A: 1|", "B: 2|", "A: 1|B: 2|" },
    { "3.2 new, replaced", "A: 1|B: 2|", "C: 5|A: 4|", "A: 4|B: 2|C: 5|" },
    { "3.2 empty", "A: 1|B: 2|", "A: |", "A: |B: 2|" },
    { "3.2 same", "A: 1|B: 2|", "B: 2|A: 1|", "A: 1|B: 2|" },
    { "3.2 fewer lines", "A: 1|B: 2|A: 3|", "A: 4|", "A: 4|B: 2|" },
    { "3.2 more lines", "A: 1|B: 2|", "A: 3|C: 4|A: 5|",
      "A: 3|A: 5|B: 2|C: 4|" },
    { "3.2 new lines", "A: 1|", "B: 2|C: 3|b: 4|", "A: 1|B: 2|b: 4|C: 3|" },
    { "3.2 alike", "AA: 1|A: 2|", "A: 3|AAA: 4|", "AA: 1|A: 3|AAA: 4|" },
    { "4.3.4",
      "Content-Type: a/b|Date: x|Cache-Control: max-age=1|ETag: \"a\"|",
      "Date: y|ETag: \"a\"|Cache-Control: max-age=2|Expires: z|",
      "Content-Type: a/b|Date: y|Cache-Control: max-age=2|ETag: \"a\"|"
      "Expires: z|" },

    /* what is not taken from the update */

    { "3.2 the body", "Content-Type: a/b|Content-Language: de|",
      "Content-Type: c/d|content-encoding: gzip|Content-Range: bytes 0-1/2|"
      "CONTENT-LENGTH: 0|Content-Language: en|Content-Location: /a|",
      "Content-Type: a/b|Content-Language: en|Content-Location: /a|" },
    { "3.2 stored", "Content-Encoding: gzip|", "Content-Encoding: br|",
      "Content-Encoding: gzip|" },
    { "3.1 the connection", "A: 1|",
      "Keep-Alive: 1|Proxy-Connection: a|TE: a|Trailer: a|Upgrade: a|"
      "Transfer-Encoding: chunked|Connection: close|B: 2|", "A: 1|B: 2|" },
    { "3.1 named", "A: 1|C: 1|",
      "A: 2|Connection: close, a|B: 2|C: 2|D: 2|connection: ;b , x;D|",
      "A: 1|C: 2|" },
    { "3.1 a proxy", "A: 1|",
      "Proxy-Authenticate: a|Proxy-Authentication-Info: a|"
      "Proxy-Authorization: a|B: 2|", "A: 1|B: 2|" },
    { "5.1, 7.3", "A: 1|", "Age: 5|Set-Cookie: a=b|", "A: 1|" },

    /* not blocks */

    { "RFC 9110 5", "A: 1", "", NULL },
    { "RFC 9110 5", "A: 1|", "B: 1", NULL },
    { "RFC 9110 5", "A: 1|", "B : 1|", NULL },
    { "RFC 9110 5", "A: 1|", "|", NULL },
    { "RFC 9110 5", "A: 1|", "B:1|", NULL }
};


typedef struct {
    const char   *section;             /* of RFC 9111 unless it says so */
    const char   *stored;
    const char   *update;
    int           validates;
    int           same;
} about_t;


static const about_t  abouts[] = {

    /* ETag: strong comparison, weak comparison; and the very same */

    { "4.3.4", "ETag: \"a\"|", "ETag: \"a\"|", 1, 1 },
    { "4.3.4", "A: 1|ETag: \"a\"|", "B: 1|etag:  \"a\" |", 1, 1 },
    { "4.3.4 other", "ETag: \"a\"|", "ETag: \"b\"|", 0, 0 },
    { "4.3.4 strong", "ETag: W/\"a\"|", "ETag: \"a\"|", 0, 0 },
    { "4.3.4 weak", "ETag: \"a\"|", "ETag: W/\"a\"|", 1, 0 },
    { "4.3.4 weak", "ETag: W/\"a\"|", "ETag: W/\"a\"|", 1, 1 },
    { "4.3.4 weak, other", "ETag: W/\"a\"|", "ETag: W/\"b\"|", 0, 0 },
    { "4.3.4 not stored", "A: 1|", "ETag: \"a\"|", 0, 0 },
    { "4.3.4 not stored", "A: 1|", "ETag: W/\"a\"|", 0, 0 },
    { "4.3.4 invalid", "ETag: a|", "ETag: a|", 0, 1 },
    { "4.3.4 invalid", "ETag: \"a\"|", "ETag: |", 0, 0 },
    { "4.3.4 two", "ETag: \"a\"|", "ETag: \"a\"|ETag: \"b\"|", 0, 0 },
    { "4.3.4 two stored", "ETag: \"a\"|ETag: \"b\"|", "ETag: \"a\"|", 0, 0 },
    { "4.3.4 twice", "ETag: \"a\"|", "ETag: \"a\"|ETag: \"a\"|", 1, 1 },

    /* Last-Modified */

    { "4.3.4", "Last-Modified: x|", "Last-Modified: x|", 1, 1 },
    { "4.3.4", "Last-Modified: x|", "last-modified: y|", 0, 0 },
    { "4.3.4", "ETag: \"a\"|", "Last-Modified: x|", 0, 0 },
    { "4.3.4", "ETag: \"a\"|Last-Modified: x|", "Last-Modified: x|", 1, 1 },
    { "4.3.4 two", "Last-Modified: x|",
      "Last-Modified: x|Last-Modified: y|", 0, 0 },
    { "4.3.4 ETag first", "ETag: \"a\"|Last-Modified: x|",
      "ETag: \"a\"|Last-Modified: y|", 1, 0 },
    { "4.3.4 ETag first", "ETag: \"a\"|Last-Modified: x|",
      "Last-Modified: x|ETag: \"b\"|", 0, 0 },

    /* neither */

    { "4.3.4", "ETag: \"a\"|Last-Modified: x|", "A: 1|", 1, 1 },
    { "4.3.4", "", "", 1, 1 },

    /* not blocks */

    { "RFC 9110 5", "ETag: \"a\"|", "ETag: \"a\"|A", 0, 0 },
    { "RFC 9110 5", "ETag: \"a\"|A", "ETag: \"a\"|", 0, 0 },
    { "RFC 9110 5", "A", "", 0, 0 },
    { "RFC 9110 5", "", "A", 0, 0 }
};


static void check_merge(const merge_t *m);
static void check_about(const about_t *a);
static void check_length(void);
static void check_bounds(void);
static qc_str_t block(unsigned slot, const char *s);


int
main(void)
{
    size_t  i;

    for (i = 0; i < sizeof(merges) / sizeof(merges[0]); i++) {
        check_merge(&merges[i]);
    }

    for (i = 0; i < sizeof(abouts) / sizeof(abouts[0]); i++) {
        check_about(&abouts[i]);
    }

    check_length();
    check_bounds();

    return tap_done();
}


static void
check_merge(const merge_t *m)
{
    size_t    i, len;
    qc_rc_e   rc;
    qc_str_t  want;
    qc_buf_t  out;

    want = block(3, (m->want != NULL) ? m->want : "");
    len = want.len;

    qc_buf_init(&out, tap_guard(OUT_SLOT, NULL, len), len);
    rc = qc_merge_headers(block(0, m->stored), block(1, m->update), &out);

    if (m->want == NULL) {
        tap_ok(rc == QC_BAD && qc_buf_len(&out) == 0, "%s: %s, %s",
               m->section, m->stored, m->update);
        return;
    }

    tap_ok(rc == QC_OK, "%s: %s, %s", m->section, m->stored, m->update);
    tap_mem(out.start, qc_buf_len(&out), want.data, want.len, m->want);

    for (i = 0; i < len; i++) {
        qc_buf_init(&out, tap_guard(OUT_SLOT, NULL, i), i);
        rc = qc_merge_headers(block(0, m->stored), block(1, m->update), &out);

        if (rc != QC_NOSPACE) {
            tap_ok(0, "%s: %zu bytes", m->want, i);
        }
    }
}


static void
check_about(const about_t *a)
{
    qc_str_t  stored, update;

    stored = block(0, a->stored);
    update = block(1, a->update);

    tap_ok(qc_merge_validates(stored, update) == a->validates
           && qc_merge_same(stored, 5, update, 0, 0) == a->same,
           "%s, 4.3.5: %s, %s", a->section, a->stored, a->update);
}


static void
check_length(void)
{
    qc_str_t  stored, update;

    stored = block(0, "ETag: \"a\"|");
    update = block(1, "ETag: \"a\"|");

    tap_ok(qc_merge_same(stored, 5, update, 1, 5), "4.3.5: length");
    tap_ok(!qc_merge_same(stored, 5, update, 1, 6), "4.3.5: other length");
    tap_ok(!qc_merge_same(stored, 5, update, 1, 0), "4.3.5: no bytes");
    tap_ok(qc_merge_same(stored, 5, block(1, ""), 1, 5),
           "4.3.5: length alone");
}


/* As many lines as there can be, and one byte too many. */

static void
check_bounds(void)
{
    char      lines[QC_HEADERS_MAX + 3];
    size_t    i;
    qc_str_t  stored, update;
    qc_buf_t  out;

    for (i = 0; i + 5 <= QC_HEADERS_MAX; i += 5) {
        memcpy(lines + i, "a: \r\n", 5);
        lines[i] = (char) ('a' + (i / 5) % 26);
    }

    stored = qc_str(tap_guard(0, lines, i), i);
    update = qc_str(tap_guard(1, lines, i), i);

    qc_buf_init(&out, tap_guard(OUT_SLOT, NULL, i), i);
    tap_ok(qc_merge_headers(stored, update, &out) == QC_OK
           && qc_buf_len(&out) == i,
           "3.2: %zu lines", i / 5);

    memset(lines, 'a', sizeof(lines));
    memcpy(lines + 1, ": ", 2);
    memcpy(lines + QC_HEADERS_MAX - 1, "\r\n", 2);

    update = qc_str(tap_guard(1, lines, QC_HEADERS_MAX + 1),
                    QC_HEADERS_MAX + 1);
    i = 2 * QC_HEADERS_MAX;

    qc_buf_init(&out, tap_guard(OUT_SLOT, NULL, i), i);
    tap_ok(qc_merge_headers(block(0, ""), update, &out) == QC_NOSPACE,
           "a block too long");
    tap_ok(qc_merge_headers(update, block(0, ""), &out) == QC_NOSPACE,
           "a stored block too long");
}


static qc_str_t
block(unsigned slot, const char *s)
{
    char    text[1024];
    size_t  n;

    for (n = 0; *s != '\0'; s++) {

        if (*s == '|') {
            text[n++] = '\r';
            text[n++] = '\n';

        } else {
            text[n++] = *s;
        }
    }

    return qc_str(tap_guard(slot, text, n), n);
}
