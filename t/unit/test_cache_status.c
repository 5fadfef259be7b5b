
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/* Sections are those of RFC 9211. */

#include "qc_cache_status.h"
#include "tap.h"


static void check(const qc_cache_status_t *s, const char *want,
    const char *name);
static void test_hit(void);
static void test_fwd(void);
static void test_texts(void);


int
main(void)
{
    test_hit();
    test_fwd();
    test_texts();

    return tap_done();
}


static void
test_hit(void)
{
    qc_cache_status_t  s;

    memset(&s, 0, sizeof(s));
    s.name = qc_str("ExampleCache", 12);

    check(&s, "ExampleCache", "2: name only");

    s.hit = 1;
    check(&s, "ExampleCache; hit", "2.1: hit");

    s.has_ttl = 1;
    s.ttl = 376;
    check(&s, "ExampleCache; hit; ttl=376", "2.4: ttl");

    s.ttl = 0;
    check(&s, "ExampleCache; hit; ttl=0", "2.4: none left");

    s.ttl = -412;
    check(&s, "ExampleCache; hit; ttl=-412", "2.4: negative");

    s.ttl = INT64_MAX;
    check(&s, "ExampleCache; hit; ttl=999999999999999", "2.4: long");

    s.ttl = INT64_MIN;
    check(&s, "ExampleCache; hit; ttl=-999999999999999", "2.4: long ago");

    s.ttl = 1;
    s.fwd = QC_FWD_STALE;
    s.fwd_status = 200;
    s.stored = 1;
    s.collapsed = 1;
    check(&s, "ExampleCache; hit; ttl=1", "2.1: hit excludes fwd");
}


static void
test_fwd(void)
{
    size_t             i;
    char               want[64];
    qc_cache_status_t  s;

    static const char *const  reasons[] = {
        "bypass", "method", "uri-miss", "vary-miss", "miss", "request",
        "stale", "partial"
    };

    memset(&s, 0, sizeof(s));
    s.name = qc_str("a", 1);

    for (i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        s.fwd = (qc_fwd_e) (QC_FWD_BYPASS + i);
        snprintf(want, sizeof(want), "a; fwd=%s", reasons[i]);
        check(&s, want, "2.2: reason");
    }

    s.fwd = QC_FWD_URI_MISS;
    s.fwd_status = 304;
    check(&s, "a; fwd=uri-miss; fwd-status=304", "2.3: fwd-status");

    s.stored = 1;
    check(&s, "a; fwd=uri-miss; fwd-status=304; stored", "2.5: stored");

    s.collapsed = 1;
    s.has_ttl = 1;
    s.ttl = 30;
    check(&s, "a; fwd=uri-miss; fwd-status=304; stored; collapsed; ttl=30",
          "2.6: collapsed");

    s.collapsed = 0;
    s.uncollapsed = 1;
    check(&s, "a; fwd=uri-miss; fwd-status=304; stored; collapsed=?0; ttl=30",
          "2.6: in vain");

    s.collapsed = 1;
    s.uncollapsed = 0;

    s.key = qc_str("k", 1);
    s.detail = qc_str("d", 1);
    check(&s, "a; fwd=uri-miss; fwd-status=304; stored; collapsed; ttl=30; "
          "key=\"k\"; detail=d", "all of it");

    s.fwd = QC_FWD_NONE;
    check(&s, "a; ttl=30; key=\"k\"; detail=d", "2.3: only beside fwd");
}


static void
test_texts(void)
{
    qc_cache_status_t  s;

    memset(&s, 0, sizeof(s));
    s.hit = 1;

    s.name = qc_str("Example CDN", 11);
    check(&s, "\"Example CDN\"; hit", "2: string");

    s.name = qc_str("a\"b", 3);
    check(&s, "\"a\\\"b\"; hit", "2: escape");

    s.name = qc_str("", 0);
    check(&s, "\"\"; hit", "2: empty name");

    s.name = qc_str("a\nb", 3);
    check(&s, "", "2: no name");

    s.name = qc_str("a", 1);
    s.key = qc_str("k\\e\"y", 5);
    check(&s, "a; hit; key=\"k\\\\e\\\"y\"", "2.7: escapes");

    s.key = qc_str("k\xc3\xbc", 3);
    s.detail = qc_str("RECORD", 6);
    check(&s, "a; hit; detail=RECORD", "2.7: no such string");

    s.key = qc_str("k\r\nx", 4);
    check(&s, "a; hit; detail=RECORD", "2.7: no lines in a key");

    s.key = qc_str("", 0);
    s.detail = qc_str("no record", 9);
    check(&s, "a; hit; detail=\"no record\"", "2.8: string");

    s.detail = qc_str("1", 1);
    check(&s, "a; hit; detail=\"1\"", "2.8: no integer");

    s.detail = qc_str("\x7f", 1);
    check(&s, "a; hit", "2.8: no such string");
}


/* In just the space it takes, and behind something else. */

static void
check(const qc_cache_status_t *s, const char *want, const char *name)
{
    size_t    len;
    qc_buf_t  b;
    qc_str_t  got;

    len = strlen(want);
    qc_buf_init(&b, tap_guard(0, NULL, 2 + len), 2 + len);
    qc_buf_cstr(&b, "+ ");
    qc_cache_status_write(&b, s);
    got = qc_buf_written(&b);

    if (!tap_ok(qc_buf_status(&b) == QC_OK && got.len == 2 + len
                && memcmp(got.data, "+ ", 2) == 0
                && memcmp(got.data + 2, want, len) == 0, "%s", name))
    {
        printf("#      got: %.*s\n# expected: + %s\n", (int) got.len,
               (const char *) got.data, want);
    }

    if (len != 0) {
        qc_buf_init(&b, tap_guard(0, NULL, len - 1), len - 1);
        qc_cache_status_write(&b, s);
        tap_ok(qc_buf_status(&b) == QC_NOSPACE, "%s, no space", name);
    }
}
