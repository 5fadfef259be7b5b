
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_etag.h"
#include "tap.h"


typedef struct {
    const char  *a;
    const char  *b;
    int          want;
} pair_t;


static const pair_t  etags[] = {
    { "\"a\"", "\"a\"", 1 },
    { "W/\"a\"", "\"a\"", 1 },
    { "\"a\"", "W/\"a\"", 1 },
    { "W/\"a\"", "W/\"a\"", 1 },
    { "\"b\", \"a\"", "\"a\"", 1 },
    { "\"b\",W/\"a\" , \"c\"", "\"a\"", 1 },
    { ", ,\"a\"", "\"a\"", 1 },
    { "\"a,b\"", "\"a,b\"", 1 },
    { "\"\"", "\"\"", 1 },
    { "\"\xc3\xbc\"", "\"\xc3\xbc\"", 1 },
    { "*", "\"a\"", 1 },
    { " * ", "\"a\"", 1 },
    { "*", "", 1 },

    { "", "\"a\"", 0 },
    { "\"A\"", "\"a\"", 0 },
    { "\"b\"", "\"a\"", 0 },
    { "\"aa\"", "\"a\"", 0 },
    { "\"a,b\"", "\"b\"", 0 },
    { "\"*\"", "\"a\"", 0 },
    { "*, \"a\"", "\"b\"", 0 },
    { "**", "\"a\"", 0 },
    { "a", "a", 0 },
    { "a", "\"a\"", 0 },
    { "\"a", "\"a\"", 0 },
    { "\"a\"x", "\"a\"", 0 },
    { "w/\"a\"", "\"a\"", 0 },
    { "W/ \"a\"", "\"a\"", 0 },
    { "W/", "\"a\"", 0 },
    { "\"b\" \"a\"", "\"a\"", 0 },
    { "x, \"a\"", "\"a\"", 0 },
    { "\"a b\"", "\"a b\"", 0 },
    { "\"a\"", "\"a\"x", 0 },
    { "\"a\"", "", 0 }
};


/* Weakly equal 1, strongly too 2; section 8.8.3.2 of RFC 9110 and others. */

static const pair_t  equals[] = {
    { "\"1\"", "\"1\"", 2 },
    { "\"1\"", "W/\"1\"", 1 },
    { "W/\"1\"", "\"1\"", 1 },
    { "W/\"1\"", "W/\"1\"", 1 },
    { "W/\"1\"", "W/\"2\"", 0 },
    { "\"1\"", "\"2\"", 0 },
    { "\"\"", "\"\"", 2 },
    { "\"W/\"", "\"W/\"", 2 },
    { "\"!#~\xff\"", "\"!#~\xff\"", 2 },

    { "", "", 0 },
    { "*", "*", 0 },
    { "1", "1", 0 },
    { "\"1", "\"1", 0 },
    { "1\"", "1\"", 0 },
    { "w/\"1\"", "w/\"1\"", 0 },
    { "W/1", "W/1", 0 },
    { "W/", "W/", 0 },
    { "W", "W", 0 },
    { "\"", "\"", 0 },
    { "\"a b\"", "\"a b\"", 0 },
    { "\"a\"b\"", "\"a\"b\"", 0 },
    { "\"a\" ", "\"a\" ", 0 },
    { " \"a\"", " \"a\"", 0 },
    { "\"a\", \"b\"", "\"a\", \"b\"", 0 },
    { "\"a\x7f\"", "\"a\x7f\"", 0 },
    { "\"a\x01\"", "\"a\x01\"", 0 }
};


/* Lines end with "|"; what is found is 1 for ETag and 2 for Last-Modified. */

static const struct {
    unsigned     status;
    const char  *headers;
    int          want;
} validators[] = {
    { 200, "", 0 },
    { 200, "A: 1|", 0 },
    { 200, "ETag: \"a\"|", 1 },
    { 200, "A: 1|etag: W/\"a\" |", 1 },
    { 204, "ETag: \"a\"|", 1 },
    { 299, "ETag: \"a\"|", 1 },
    { 199, "ETag: \"a\"|", 0 },
    { 300, "ETag: \"a\"|", 0 },
    { 404, "ETag: \"a\"|", 0 },
    { 200, "ETag: a|", 0 },
    { 200, "ETag: |", 0 },
    { 200, "ETag: \"a\"|ETag: \"a\"|", 1 },
    { 200, "ETag: \"a\"|ETag: \"b\"|", 0 },
    { 200, "ETag: a|ETag: \"b\"|", 0 },
    { 200, "LAST-Modified: Sun, 06 Nov 1994 08:49:37 GMT|", 2 },
    { 200, "Last-Modified: Sunday, 06-Nov-94 08:49:37 GMT|", 2 },
    { 200, "Last-Modified: Sun, 06 Nov 1994 08:49:37|", 0 },
    { 200, "Last-Modified: |", 0 },
    { 200, "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT|ETag: \"a\"|", 3 },
    { 200, "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT|ETag: a|", 2 },
    { 200, "Last-Modified: x|ETag: \"a\"|", 1 }
};


static void check_equal(const pair_t *p);
static void check_validators(unsigned status, const char *headers, int want);
static qc_str_t guard(unsigned slot, const char *s);


int
main(void)
{
    size_t  i;

    for (i = 0; i < sizeof(etags) / sizeof(etags[0]); i++) {
        tap_ok(qc_etag_match(guard(0, etags[i].a), guard(1, etags[i].b))
               == etags[i].want,
               "If-None-Match %s, %s", etags[i].a, etags[i].b);
    }

    for (i = 0; i < sizeof(equals) / sizeof(equals[0]); i++) {
        check_equal(&equals[i]);
    }

    for (i = 0; i < sizeof(validators) / sizeof(validators[0]); i++) {
        check_validators(validators[i].status, validators[i].headers,
                         validators[i].want);
    }

    return tap_done();
}


static void
check_equal(const pair_t *p)
{
    int       weak, strong;
    qc_str_t  a, b;

    a = guard(0, p->a);
    b = guard(1, p->b);

    weak = qc_etag_equal(a, b, 1);
    strong = qc_etag_equal(a, b, 0);

    tap_ok(weak + strong == p->want, "RFC 9110 8.8.3.2: %s, %s", p->a, p->b);

    if (strcmp(p->a, p->b) == 0) {
        tap_ok(qc_etag_valid(a) == weak, "RFC 9110 8.8.3: %s", p->a);
    }
}


static void
check_validators(unsigned status, const char *headers, int want)
{
    int       found, any;
    char      text[256];
    size_t    n;
    qc_str_t  etag, modified;

    for (n = 0; *headers != '\0'; headers++) {

        if (*headers == '|') {
            text[n++] = '\r';
            text[n++] = '\n';

        } else {
            text[n++] = *headers;
        }
    }

    any = qc_validators(status, qc_str(tap_guard(0, text, n), n), &etag,
                        &modified);

    found = (etag.len != 0) + 2 * (modified.len != 0);

    if (!tap_ok(found == want && any == (want != 0),
                "RFC 9110 8.8: validators of %u", status))
    {
        tap_dump("in", text, n);
    }
}


static qc_str_t
guard(unsigned slot, const char *s)
{
    return qc_str(tap_guard(slot, s, strlen(s)), strlen(s));
}
