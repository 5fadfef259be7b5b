
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * Names in Vary, RFC 9110 section 12.5.5, and keys of requests that differ in
 * these fields, RFC 9111 section 4.1.
 */

#include "qc_vary.h"
#include "tap.h"


#define LINES    4
#define SIXTEEN  "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p"


typedef struct {
    const char  *section;
    const char  *lines;                /* "\n" between them */
    const char  *want;                 /* NULL: bad */
} names_t;


typedef struct {
    const char  *section;
    const char  *name;
    const char  *lines;                /* "\n" between them; NULL: absent */
    const char  *want;                 /* NULL: QC_BAD */
} value_t;


static const names_t  names[] = {
    { "9110 12.5.5", "accept-encoding, accept-language",
      "accept-encoding,accept-language" },
    { "9110 5.1 case", "Accept-ENCODING", "accept-encoding" },
    { "9110 5.3 lines", "b\na", "a,b" },
    { "9110 5.3 order", "c,a,b", "a,b,c" },
    { "9110 5.6.1 empty", "", "" },
    { "9110 5.6.1 empty", " , ,\t", "" },
    { "9110 5.6.1 empty", ",a,,b,", "a,b" },
    { "9110 5.6.3", " a\t,\tb ", "a,b" },
    { "unique", "a,A,b\na", "a,b" },
    { "a part of another", "ab,a,abc", "a,ab,abc" },
    { "below the comma", "a!,a", "a,a!" },
    { "9110 5.6.2", "!#$%&'*+-.^_`|~", "!#$%&'*+-.^_`|~" },
    { "a star within", "a*", "a*" },
    { "16 names", SIXTEEN, SIXTEEN },
    { "16 names, again", SIXTEEN "\np,a", SIXTEEN },

    { "9110 12.5.5 star", "*", NULL },
    { "9110 12.5.5 star", "a, *", NULL },
    { "9110 12.5.5 star", "*, a", NULL },
    { "9110 12.5.5 star", "a\n*\nb", NULL },
    { "9110 12.5.5 two", "**, a", "**,a" },
    { "no token", "a b", NULL },
    { "no token", "a;b", NULL },
    { "no token", "\"a\"", NULL },
    { "no token", "a, b:", NULL },
    { "no token", "a\x01", NULL },
    { "no token", "\xc3\xbc", NULL },
    { "no token, then one", "a b\nc", NULL },
    { "17 names", SIXTEEN ",q", NULL },
    { "17 names, one before", SIXTEEN ",0", NULL }
};


/* Of a marker, so in one form only. */

static const struct {
    const char  *names;
    int          want;
} valid[] = {
    { "a", 1 },
    { "a,b", 1 },
    { "a,ab", 1 },
    { "accept-encoding,user-agent", 1 },
    { "*a", 1 },
    { SIXTEEN, 1 },

    { "", 0 },
    { ",", 0 },
    { "*", 0 },
    { "*,a", 0 },
    { "A", 0 },
    { "a,", 0 },
    { ",a", 0 },
    { "a,,b", 0 },
    { "a, b", 0 },
    { " a", 0 },
    { "a ", 0 },
    { "b,a", 0 },
    { "a,a", 0 },
    { "ab,a", 0 },
    { "a,B", 0 },
    { "a;b", 0 },
    { "a\n", 0 },
    { "\x80", 0 },
    { "0," SIXTEEN, 0 }
};


static const value_t  values[] = {
    { "absent", "accept", NULL, NULL },
    { "empty", "accept", "", "" },
    { "9110 5.6.1", "accept", " , ,", "" },
    { "9110 5.2 empty lines", "accept", "\n", "" },

    /* what clients send */

    { "9110 12.5.1", "accept",
      "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
      "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8" },
    { "9110 12.5.1", "accept", "audio/*; q=0.2, audio/basic",
      "audio/basic,audio/*;q=0.2" },
    { "9110 12.5.1", "accept",
      "text/*, text/plain, text/plain;format=flowed, */*",
      "text/*,text/plain,text/plain;format=flowed,*/*" },
    { "9110 12.5.3", "accept-encoding", "gzip, deflate, br, zstd",
      "br,deflate,gzip,zstd" },
    { "9110 12.5.3", "accept-encoding", "compress;q=0.5, gzip;q=1.0",
      "gzip,compress;q=0.5" },
    { "9110 12.5.3", "accept-encoding", "gzip;q=1.0, identity; q=0.5, *;q=0",
      "gzip,identity;q=0.5,*;q=0" },
    { "9110 12.5.4", "accept-language", "da, en-gb;q=0.8, en;q=0.7",
      "da,en-gb;q=0.8,en;q=0.7" },
    { "9110 12.5.2", "accept-charset", "iso-8859-5, unicode-1-1;q=0.8",
      "iso-8859-5,unicode-1-1;q=0.8" },

    /* white space, empty members, lines */

    { "9110 5.6.3", "accept-encoding", " \tgzip\t ;\tq=0.5 ,br ",
      "br,gzip;q=0.5" },
    { "9110 5.6.3", "accept", "a/b ; c=d ; q=0.5", "a/b;c=d;q=0.5" },
    { "9110 5.6.1", "accept-encoding", ",,gzip,, ,br,", "br,gzip" },
    { "9110 5.2", "accept-encoding", "gzip\nbr", "br,gzip" },
    { "9110 5.2", "accept-language", "de\n\nen", "de,en" },
    { "9110 5.2 a string ends with its line", "accept",
      "a/b;c=\"x\ny\"", "a/b;c=\"x\ny\"" },

    /* case */

    { "9110 8.4.1", "accept-encoding", "GZip;Q=0.5", "gzip;q=0.5" },
    { "9110 8.3.1", "accept", "Text/HTML;Level=One", "text/html;level=One" },
    { "9110 8.3.2", "accept-charset", "UTF-8", "utf-8" },
    { "9110 8.5.1", "accept-language", "en-US", "en-us" },
    { "9110 5.6.4", "accept", "a/b;C=\"D, E;Q=1\"", "a/b;c=\"D, E;Q=1\"" },
    { "9110 5.6.4", "accept", "a/b;c=\"\\\",\"", "a/b;c=\"\\\",\"" },

    /* weights */

    { "9110 12.4.2", "accept-encoding", "a;q=1", "a" },
    { "9110 12.4.2", "accept-encoding", "a;q=1.", "a" },
    { "9110 12.4.2", "accept-encoding", "a;q=1.000", "a" },
    { "9110 12.4.2", "accept-encoding", "a;q=0.999", "a;q=0.999" },
    { "9110 12.4.2", "accept-encoding", "a;q=0.50", "a;q=0.5" },
    { "9110 12.4.2", "accept-encoding", "a;q=0.050", "a;q=0.05" },
    { "9110 12.4.2", "accept-encoding", "a;q=0.001", "a;q=0.001" },
    { "9110 12.4.2", "accept-encoding", "a;q=0", "a;q=0" },
    { "9110 12.4.2", "accept-encoding", "a;q=0.", "a;q=0" },
    { "9110 12.4.2", "accept-encoding", "a;q=0.000", "a;q=0" },
    { "9110 12.4.2", "accept", "a/b;q=0.10", "a/b;q=0.1" },
    { "9110 12.4.2", "accept-language", "a;q=0.10", "a;q=0.1" },
    { "9110 12.4.2", "accept-charset", "a;q=0.10", "a;q=0.1" },

    /* order: by weight, then by text or as it is */

    { "order", "accept-encoding", "a;q=0.1, c, b, d;q=0.2, *;q=0.1",
      "b,c,d;q=0.2,*;q=0.1,a;q=0.1" },
    { "order", "accept-encoding", "ab, a, abc", "a,ab,abc" },
    { "order", "accept-charset", "b, a", "a,b" },
    { "order", "accept-language", "b, a;q=0.1, c, d;q=0.1, a-b",
      "b,c,a-b,a;q=0.1,d;q=0.1" },
    { "order", "accept", "b/b, a/a;q=0.1, c/c, a/c;q=0.2, */*;q=0.1",
      "b/b,c/c,a/c;q=0.2,a/a;q=0.1,*/*;q=0.1" },

    /* repeated members */

    { "repeated", "accept-encoding", "gzip, br, GZIP;q=1.0", "br,gzip" },
    { "repeated", "accept-language", "b, a, b", "b,a" },
    { "repeated", "accept", "a/b;c=d, a/b;c=D", "a/b;c=d,a/b;c=D" },
    { "two weights", "accept-encoding", "gzip;q=0, gzip", "gzip;q=0, gzip" },
    { "two weights", "accept-encoding", "gzip, gzip;q=0", "gzip, gzip;q=0" },
    { "two weights", "accept", "a/b, c/d\n a/b;q=0 ",
      "a/b, c/d\na/b;q=0" },

    /* malformed: as it stands */

    { "no weight", "accept-encoding", "GZIP;q=2, BR", "GZIP;q=2, BR" },
    { "no weight", "accept-encoding", "GZIP;q=1.001", "GZIP;q=1.001" },
    { "no weight", "accept-encoding", "GZIP;q=0.0001", "GZIP;q=0.0001" },
    { "no weight", "accept-encoding", "GZIP;q=.5", "GZIP;q=.5" },
    { "no weight", "accept-encoding", "GZIP;q=0.a", "GZIP;q=0.a" },
    { "no weight", "accept-encoding", "GZIP;q=0.00a", "GZIP;q=0.00a" },
    { "no weight", "accept-encoding", "GZIP;q=0a", "GZIP;q=0a" },
    { "no weight", "accept-encoding", "GZIP;q=00", "GZIP;q=00" },
    { "no weight", "accept-encoding", "GZIP;q=-1", "GZIP;q=-1" },
    { "no weight", "accept-encoding", "GZIP;q=\"1\"", "GZIP;q=\"1\"" },
    { "no weight", "accept-encoding", "GZIP;q=", "GZIP;q=" },
    { "no weight", "accept-encoding", "GZIP;q", "GZIP;q" },
    { "no weight", "accept-encoding", "GZIP;q =1", "GZIP;q =1" },
    { "no weight", "accept-encoding", "GZIP;q= 1", "GZIP;q= 1" },
    { "behind the weight", "accept", "A/b;q=1;c=d", "A/b;q=1;c=d" },
    { "behind the weight", "accept", "A/b;q=1;q=0", "A/b;q=1;q=0" },
    { "behind the weight", "accept", "A/b;q=1;", "A/b;q=1;" },
    { "a parameter", "accept-encoding", "GZIP;level=3", "GZIP;level=3" },
    { "a parameter", "accept", "A/b;c", "A/b;c" },
    { "a parameter", "accept", "A/b;c=", "A/b;c=" },
    { "a parameter", "accept", "A/b;=c", "A/b;=c" },
    { "a parameter", "accept", "A/b;", "A/b;" },
    { "a string", "accept", "A/b;c=\"d", "A/b;c=\"d" },
    { "a string", "accept", "A/b;c=\"d\\", "A/b;c=\"d\\" },
    { "a string", "accept", "A/b;c=\"d\"e", "A/b;c=\"d\"e" },
    { "a type", "accept", "A", "A" },
    { "a type", "accept", "A/", "A/" },
    { "a type", "accept", "/B", "/B" },
    { "a type", "accept", "A /B", "A /B" },
    { "a type", "accept", "A/B/C", "A/B/C" },
    { "a type", "accept", "A/B C", "A/B C" },
    { "a name", "accept-encoding", "GZIP br", "GZIP br" },
    { "a name", "accept-encoding", ";q=1", ";q=1" },
    { "a name", "accept-encoding", "\xc3\x9c", "\xc3\x9c" },
    { "a name", "accept-language", "\"en\"", "\"en\"" },
    { "one of two lines", "accept-encoding", "BR\ngzip;q=2 ",
      "BR\ngzip;q=2" },

    /* others: a comma may be no list */

    { "others", "user-agent", "A/1 (B,  C) , ", "A/1 (B,  C) ," },
    { "others", "cookie", "b=1; a=2", "b=1; a=2" },
    { "others", "x-list", "b, a", "b, a" },
    { "others", "x-list", "b\na", "b\na" },
    { "others", "x-list", "A;q=1.0", "A;q=1.0" },
    { "others", "x-list", "\t A  b\t ", "A  b" },
    { "others, empty", "x-list", " ", "" },
    { "others, two empty", "x-list", "\n", "\n" },
    { "9110 5.5", "x-list", "a\rb", NULL },
    { "9110 5.5", "accept", "a/b\r", NULL }
};


static qc_sha256_t  sha;


static void test_names(void);
static void add_lines(qc_vary_t *v, const char *lines);
static void test_bounds(void);
static void test_drop(void);
static void test_merge(void);
static void test_next(void);
static void test_values(void);
static size_t fields(const value_t *v, qc_field_t *headers);
static void test_long_values(void);
static void test_key(void);
static void test_keys_differ(void);
static qc_rc_e key_of(const char *names, const char *lines,
    uint8_t key[QC_KEY_LEN]);


int
main(void)
{
    if (qc_sha256_create(&sha) != QC_OK) {
        printf("Bail out! no hash\n");
        return 1;
    }

    test_names();
    test_bounds();
    test_drop();
    test_merge();
    test_next();
    test_values();
    test_long_values();
    test_key();
    test_keys_differ();

    qc_sha256_destroy(&sha);

    return tap_done();
}


static void
test_names(void)
{
    size_t      i;
    qc_str_t    got;
    qc_vary_t  *v;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {

        v = tap_guard(0, NULL, sizeof(qc_vary_t));
        qc_vary_init(v);
        add_lines(v, names[i].lines);
        got = qc_vary_names(v);

        if (names[i].want == NULL) {
            tap_ok(v->bad && got.len == 0, "%s", names[i].section);
            continue;
        }

        tap_mem(got.data, got.len, names[i].want, strlen(names[i].want),
                names[i].section);
        tap_ok(!v->bad && qc_vary_valid(got) == (got.len != 0), "valid");
    }

    for (i = 0; i < sizeof(valid) / sizeof(valid[0]); i++) {
        got = qc_str(tap_guard(0, valid[i].names, strlen(valid[i].names)),
                     strlen(valid[i].names));
        tap_ok(qc_vary_valid(got) == valid[i].want, "%svalid: %zu",
               valid[i].want ? "" : "not ", i);
    }
}


static void
add_lines(qc_vary_t *v, const char *lines)
{
    size_t  n;

    for ( ;; ) {
        n = strcspn(lines, "\n");
        qc_vary_add(v, qc_str(tap_guard(1, lines, n), n));
        lines += n;

        if (*lines++ == '\0') {
            return;
        }
    }
}


/* Names of as many bytes as there may be, in either order, and of more. */

static void
test_bounds(void)
{
    qc_str_t    got;
    uint8_t     text[QC_VARY_MAX];
    qc_vary_t  *v;

    memset(text, 'b', sizeof(text));
    text[QC_VARY_MAX - 2] = ',';
    text[QC_VARY_MAX - 1] = 'a';

    v = tap_guard(0, NULL, sizeof(qc_vary_t));
    qc_vary_init(v);
    qc_vary_add(v, qc_str(tap_guard(1, text, sizeof(text)), sizeof(text)));
    got = qc_vary_names(v);

    tap_ok(got.len == QC_VARY_MAX && got.data[0] == 'a' && got.data[1] == ','
           && got.data[2] == 'b', "256 bytes, the last name first");
    tap_ok(qc_vary_valid(got), "256 bytes are valid");

    qc_vary_drop(v, qc_str("a", 1));
    qc_vary_add(v, qc_str("c", 1));
    got = qc_vary_names(v);

    tap_ok(got.len == QC_VARY_MAX && got.data[QC_VARY_MAX - 1] == 'c',
           "256 bytes, the last name last");

    qc_vary_add(v, qc_str("c", 1));
    tap_ok(!v->bad, "256 bytes, again");

    qc_vary_drop(v, qc_str("c", 1));
    qc_vary_add(v, qc_str("cd", 2));
    tap_ok(v->bad, "257 bytes");

    qc_vary_init(v);
    qc_vary_add(v, qc_str(tap_guard(1, NULL, 0), 0));
    tap_ok(!v->bad && v->n == 0, "no bytes");

    memset(text, 'b', sizeof(text));
    qc_vary_add(v, qc_str(tap_guard(1, text, sizeof(text)), sizeof(text)));
    tap_ok(!v->bad && v->n == 1 && v->len == 256, "one name of 256 bytes");

    qc_vary_drop(v, qc_str(tap_guard(1, text, sizeof(text)), sizeof(text)));
    tap_ok(v->n == 0 && v->len == 0, "and none");

    tap_ok(!qc_vary_valid(qc_str(tap_guard(1, NULL, 257), 257)),
           "257 bytes are not valid");
}


static void
test_drop(void)
{
    size_t      i;
    qc_str_t    got;
    qc_vary_t  *v;

    static const struct {
        const char  *names;
        const char  *drop;
        const char  *want;
    } rows[] = {
        { "a,b,c", "a", "b,c" },
        { "a,b,c", "b", "a,c" },
        { "a,b,c", "c", "a,b" },
        { "a,b", "B", "a" },
        { "a", "a", "" },
        { "a", "b", "a" },
        { "ab", "a", "ab" },
        { "a,ab", "a", "ab" },
        { "a", "", "a" },
        { "", "a", "" },
        { "a,b", "a,b", "a,b" }
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        v = tap_guard(0, NULL, sizeof(qc_vary_t));
        qc_vary_init(v);
        add_lines(v, rows[i].names);
        qc_vary_drop(v, qc_str(tap_guard(1, rows[i].drop,
                                         strlen(rows[i].drop)),
                               strlen(rows[i].drop)));
        got = qc_vary_names(v);

        tap_mem(got.data, got.len, rows[i].want, strlen(rows[i].want),
                rows[i].names);
    }

    qc_vary_add(v, qc_str("*", 1));
    qc_vary_drop(v, qc_str("a", 1));
    tap_ok(v->bad, "what is bad stays so");
}


static void
test_merge(void)
{
    qc_str_t    got;
    qc_vary_t  *v;

    v = tap_guard(0, NULL, sizeof(qc_vary_t));
    qc_vary_init(v);
    qc_vary_add(v, qc_str("b, d", 4));

    tap_ok(qc_vary_merge(v, qc_str(tap_guard(1, "a,b,c", 5), 5)), "merged");
    got = qc_vary_names(v);
    tap_mem(got.data, got.len, "a,b,c,d", 7, "all names once");

    tap_ok(!qc_vary_merge(v, qc_str(tap_guard(1, "c,a", 3), 3)) && v->bad,
           "not by names that are not valid");
    tap_ok(!qc_vary_merge(v, qc_str("a", 1)), "not if it is bad");

    qc_vary_init(v);
    tap_ok(!qc_vary_merge(v, qc_str(NULL, 0)), "not by no names");

    qc_vary_init(v);
    qc_vary_add(v, qc_str("q", 1));
    tap_ok(!qc_vary_merge(v, qc_str(SIXTEEN, 31)) && v->bad, "not too many");
}


static void
test_next(void)
{
    qc_str_t  list, name;

    list = qc_str(tap_guard(0, "a,bc", 4), 4);

    tap_ok(qc_vary_next(&list, &name) && qc_str_eq(name, qc_str("a", 1)),
           "the first name");
    tap_ok(qc_vary_next(&list, &name) && qc_str_eq(name, qc_str("bc", 2)),
           "the last name");
    tap_ok(!qc_vary_next(&list, &name), "the end");
    tap_ok(!qc_vary_next(&list, &name), "the end stays");
}


static void
test_values(void)
{
    char            name[512], *p;
    size_t          i, n;
    qc_rc_e         rc, want;
    qc_buf_t        b;
    qc_str_t        got;
    qc_field_t      headers[LINES];
    const value_t  *v;

    for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        v = &values[i];
        n = fields(v, headers);
        qc_buf_init(&b, tap_guard(6, NULL, 128), 128);
        rc = qc_vary_value(qc_str(v->name, strlen(v->name)), headers, n, &b);

        snprintf(name, sizeof(name), "%s: %s: %s", v->section, v->name,
                 v->lines ? v->lines : "(absent)");

        for (p = name; *p != '\0'; p++) {
            *p = (char) ((*p == '\n' || *p == '\r') ? '|' : *p);
        }

        if (v->want == NULL) {
            want = (v->lines == NULL) ? QC_DONE : QC_BAD;
            tap_int(rc, want, name);
            continue;
        }

        got = qc_buf_written(&b);
        tap_int(rc, QC_OK, "a value");
        tap_mem(got.data, got.len, v->want, strlen(v->want), name);
    }
}


/* The lines, each behind another field, and a longer name at the end. */

static size_t
fields(const value_t *v, qc_field_t *headers)
{
    size_t       n, len;
    const char  *p;

    headers[0].name = qc_str("x-other", 7);
    headers[0].value = qc_str("other", 5);
    n = 1;

    for (p = v->lines; p != NULL && n < LINES; p = *p ? p + 1 : NULL) {
        len = strcspn(p, "\n");
        headers[n].name = qc_str(v->name, strlen(v->name));
        headers[n].value = qc_str(tap_guard((unsigned) n, p, len), len);
        p += len;
        n++;
    }

    if (n < LINES) {
        headers[n].name = qc_str("accept-encoding-2", 17);
        headers[n++].value = qc_str("other", 5);
    }

    return n;
}


static void
test_long_values(void)
{
    size_t      i, len;
    uint8_t    *p, key[QC_KEY_LEN];
    qc_buf_t    b;
    qc_str_t    name;
    qc_field_t  h;

    name = qc_str("accept-encoding", 15);
    h.name = name;

    /* "a,a,..." of 64 and of 65 members */

    for (i = 64; i <= 65; i++) {
        len = 2 * i - 1;
        p = tap_guard(0, NULL, len);

        for (len = 0; len < 2 * i - 1; len++) {
            p[len] = (len & 1) ? ',' : 'a';
        }

        h.value = qc_str(p, len);
        qc_buf_init(&b, tap_guard(1, NULL, len), len);
        tap_int(qc_vary_value(name, &h, 1, &b), QC_OK, "many members");
        tap_int((long long) qc_buf_len(&b), (i == 64) ? 1 : (long long) len,
                "of which 64 are normalised");
    }

    /* one name, and a value of another field, of 4096 bytes and of one more */

    for (len = QC_VARY_VALUE_MAX; len <= QC_VARY_VALUE_MAX + 1; len++) {
        h.name = name;
        h.value = qc_str(tap_guard(0, NULL, len), len);
        memset(tap_guard(0, NULL, len), 'a', len);

        tap_int(qc_vary_key(name, key, &h, 1, &sha, key),
                (len == QC_VARY_VALUE_MAX) ? QC_OK : QC_NOSPACE, "a name");

        h.name = qc_str("x", 1);
        tap_int(qc_vary_key(h.name, key, &h, 1, &sha, key),
                (len == QC_VARY_VALUE_MAX) ? QC_OK : QC_NOSPACE, "a value");
    }

    /* what is left out is not counted */

    p = tap_guard(0, NULL, 100000);
    memset(p, ' ', 100000);
    p[50000] = 'a';
    h.name = name;
    h.value = qc_str(p, 100000);
    qc_buf_init(&b, tap_guard(1, NULL, 1), 1);
    tap_int(qc_vary_value(name, &h, 1, &b), QC_OK, "white space");
    tap_mem(qc_buf_written(&b).data, qc_buf_len(&b), "a", 1, "is left out");

    /* the caller's memory */

    h.name = qc_str("accept", 6);
    h.value = qc_str(tap_guard(0, "a/b;q=0.5", 9), 9);
    qc_buf_init(&b, tap_guard(1, NULL, 8), 8);
    tap_int(qc_vary_value(h.name, &h, 1, &b), QC_NOSPACE, "no space");
}


/* The definition: one SHA-256 of the fields as qc_key.h frames them. */

static void
test_key(void)
{
    uint8_t   mem[256], got[QC_KEY_LEN], want[QC_KEY_LEN];
    qc_buf_t  b;

    qc_buf_init(&b, mem, sizeof(mem));
    qc_buf_put(&b, "query_cache\0\1", 13);
    qc_buf_put(&b, "\7\0primary\x20\0\0\0\0\0\0\0", 17);
    qc_buf_put(&b, "0123456789abcdef0123456789ABCDEF", 32);
    qc_buf_put(&b, "\4\0vary\7\0\0\0\0\0\0\0a,b,c,d", 21);
    qc_buf_put(&b, "\1\0a\1\0\0\0\0\0\0\0A", 12);
    qc_buf_put(&b, "\1\0c\0\0\0\0\0\0\0\0", 11);
    qc_buf_put(&b, "\1\0d\3\0\0\0\0\0\0\0x\ny", 14);
    qc_sha256(mem, qc_buf_len(&b), want);

    tap_int(key_of("a,b,c,d", "d:x\nc:\ne:z\na: A \nd:y", got), QC_OK, "a key");
    tap_mem(got, QC_KEY_LEN, want, QC_KEY_LEN, "is the hash of its fields");

    tap_int(key_of("b,a", "a:1", got), QC_BAD, "no key of names out of order");
    tap_int(key_of("", "a:1", got), QC_BAD, "no key without names");
    tap_int(key_of("*", "a:1", got), QC_BAD, "no key of all");
    tap_int(key_of("a", "a:1\r", got), QC_BAD, "no key with CR");
    tap_int(key_of("b", "a:1\r", got), QC_OK, "but in another field");
}


static void
test_keys_differ(void)
{
    size_t   i, k;
    uint8_t  keys[32][QC_KEY_LEN];

    static const struct {
        const char  *names;
        const char  *lines;
    } rows[] = {
        { "a", "" },
        { "a", "a:" },
        { "a", "a:\na:" },
        { "a", "a:1" },
        { "a", "a:1\na:1" },
        { "a", "a:1,1" },
        { "a", "a:1, 1" },
        { "a", "a:2\na:1" },
        { "a", "a:1\na:2" },
        { "a", "a:1, 2" },
        { "a,b", "a:1" },
        { "a,b", "a:1\nb:" },
        { "a,b", "b:1" },
        { "a,b", "a:1\nb:1" },
        { "a,b", "a:1\nb:2" },
        { "a,b", "a:2\nb:1" },
        { "b", "b:1" },
        { "accept", "accept:a/b" },
        { "accept", "accept:a/b;q=0.5" },
        { "accept", "accept:a/b, a/c" },
        { "accept", "accept:a/c, a/b" },
        { "accept-encoding", "accept-encoding:" },
        { "accept-encoding", "" },
        { "accept-encoding", "accept-encoding:gzip" },
        { "accept-encoding", "accept-encoding:gzip;q=0" },
        { "accept-encoding", "accept-encoding:gzip;q=0, gzip" },
        { "accept-encoding", "accept-encoding:gzip, gzip;q=0" },
        { "accept-language", "accept-language:de, en" },
        { "accept-language", "accept-language:en, de" }
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        tap_int(key_of(rows[i].names, rows[i].lines, keys[i]), QC_OK, "a key");

        for (k = 0; k < i && memcmp(keys[i], keys[k], QC_KEY_LEN) != 0; k++) {
            /* void */
        }

        tap_int((long long) k, (long long) i, "unlike those before");
    }

    key_of("accept-encoding", "accept-encoding: GZIP , br;q=1.0", keys[0]);
    key_of("accept-encoding",
           "accept-encoding:br\nx:1\naccept-encoding:gzip", keys[1]);
    tap_mem(keys[0], QC_KEY_LEN, keys[1], QC_KEY_LEN, "the same meaning");
}


/* "name:value\n"... */

static qc_rc_e
key_of(const char *text, const char *lines, uint8_t key[QC_KEY_LEN])
{
    size_t       n, len;
    qc_str_t     list;
    const char  *p;
    qc_field_t   headers[8];

    list = qc_str(tap_guard(0, text, strlen(text)), strlen(text));
    n = 0;

    for (p = lines; *p != '\0' && n < 6; p += (*p != '\0')) {
        len = strcspn(p, ":");
        headers[n].name = qc_str(p, len);
        p += len + 1;
        len = strcspn(p, "\n");
        headers[n].value = qc_str(tap_guard((unsigned) n + 1, p, len), len);
        p += len;
        n++;
    }

    return qc_vary_key(list,
                       (const uint8_t *) "0123456789abcdef0123456789ABCDEF",
                       headers, n, &sha, key);
}
