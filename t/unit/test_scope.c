
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/* Sections are those of RFC 3986, but where another one is named. */

#include "qc_scope.h"
#include "tap.h"


typedef struct {
    const char  *section;
    const char  *a;                    /* path, and args behind the first "?" */
    const char  *b;
    int          same;
} pair_t;


typedef struct {
    const char  *reference;
    const char  *want;                 /* as above; "-": of no concern */
} row_t;


static const pair_t  pairs[] = {
    { "same", "/a/b?c=d", "/a/b?c=d", 1 },
    { "path", "/a", "/b", 0 },
    { "path", "/a", "/a/", 0 },
    { "path, case", "/a", "/A", 0 },
    { "args", "/a?b", "/a?c", 0 },
    { "args", "/a?b", "/a", 0 },
    { "args, order", "/a?b&c", "/a?c&b", 0 },
    { "where a field ends", "/a?b", "/a%3Fb", 0 },
    { "6.2.3 no args", "/a?", "/a", 1 },
    { "6.2.3 no path", "", "/", 1 },
    { "6.2.2.2 unreserved", "/a%2Db%7e%41", "/a-b~A", 1 },
    { "6.2.2.2 unreserved", "/?a%2db", "/?a-b", 1 },
    { "6.2.2.2 reserved", "/a%2Fb", "/a/b", 0 },
    { "6.2.2.2 reserved", "/?a%26b", "/?a&b", 0 },
    { "6.2.2.2 reserved", "/a%3D", "/a=", 0 },
    { "6.2.2.2 plus", "/?a+b", "/?a%20b", 0 },
    { "6.2.2.2 twice", "/%2541", "/%41", 0 },
    { "6.2.2.1 digits", "/%c3%bc", "/%C3%BC", 1 },
    { "6.2.2.1 digits", "/?%c3%bc", "/?%C3%Bc", 1 },
    { "2.1 not encoded", "/\xc3\xbc", "/%C3%BC", 1 },
    { "2.1 not encoded", "/a b", "/a%20b", 1 },
    { "2.1 broken", "/%", "/%25", 0 },
    { "2.1 broken", "/%4", "/%4", 1 },
    { "2.1 broken", "/%4g", "/%4G", 0 },
    { "2.1 broken", "/%zz%41", "/%zzA", 1 },
    { "6.2.2.3 dots", "/a/../b", "/b", 0 }
};


/* Section 5.4, for a base of http://a/b/c/d;p?q */

static const row_t  references[] = {
    { "g:h", "-" },
    { "g", "/b/c/g" },
    { "./g", "/b/c/g" },
    { "g/", "/b/c/g/" },
    { "/g", "/g" },
    { "//g", "-" },
    { "?y", "/b/c/d;p?y" },
    { "g?y", "/b/c/g?y" },
    { "#s", "/b/c/d;p?q" },
    { "g#s", "/b/c/g" },
    { "g?y#s", "/b/c/g?y" },
    { ";x", "/b/c/;x" },
    { "g;x", "/b/c/g;x" },
    { "g;x?y#s", "/b/c/g;x?y" },
    { "", "/b/c/d;p?q" },
    { ".", "/b/c/" },
    { "./", "/b/c/" },
    { "..", "/b/" },
    { "../", "/b/" },
    { "../g", "/b/g" },
    { "../..", "/" },
    { "../../", "/" },
    { "../../g", "/g" },

    { "../../../g", "/g" },
    { "../../../../g", "/g" },
    { "/./g", "/g" },
    { "/../g", "/g" },
    { "g.", "/b/c/g." },
    { ".g", "/b/c/.g" },
    { "g..", "/b/c/g.." },
    { "..g", "/b/c/..g" },
    { "...", "/b/c/..." },
    { "./../g", "/b/g" },
    { "./g/.", "/b/c/g/" },
    { "g/./h", "/b/c/g/h" },
    { "g/../h", "/b/c/h" },
    { "g;x=1/./y", "/b/c/g;x=1/y" },
    { "g;x=1/../y", "/b/c/y" },
    { "g?y/./x", "/b/c/g?y/./x" },
    { "g?y/../x", "/b/c/g?y/../x" },
    { "g#s/./x", "/b/c/g" },
    { "g#s/../x", "/b/c/g" },
    { "http:g", "-" },

    { "%2e%2E/g", "/b/g" },
    { "%2e/.%2e/g", "/b/g" },
    { "%2e%2e%2e/g", "/b/c/%2e%2e%2e/g" },
    { "%2f/g", "/b/c/%2f/g" },
    { "/g//h/../i", "/g//i" },
    { "/g//../i", "/g/i" },
    { "?", "/b/c/d;p" },
    { "?y?z", "/b/c/d;p?y?z" },

    { "http://a/g?y", "/g?y" },
    { "HTTP://A/g", "/g" },
    { "http://a", "/" },
    { "http://a?y", "/?y" },
    { "http://a#s", "/" },
    { "http://a/b/../g", "/g" },
    { "//a/g", "/g" },
    { "http://a:80/g", "/g" },
    { "http://a:/g", "/g" },
    { "http://a:080/g", "/g" },
    { "http://a:81/g", "-" },
    { "http://a:443/g", "-" },
    { "https://a/g", "-" },
    { "https://a:80/g", "-" },
    { "http://a.b/g", "-" },
    { "http://ab/g", "-" },
    { "http:///g", "-" },
    { "http://:80/g", "-" },
    { "///g", "-" },
    { "http:/g", "-" },
    { "http:", "-" },
    { ":g", "-" },
    { "http://u@a/g", "-" },
    { "http://u:80@a/g", "-" },
    { "http://a:80@h/g", "-" },
    { "http://a:@h/g", "-" },
    { "http://a:8x/g", "-" },
    { "http://a:-1/g", "-" },
    { "http://a:99999999999999999999999/g", "-" },
    { "http://a]/g", "-" },
    { "http://[a]/g", "-" },
    { "http://a\\@h/g", "-" },
    { "mailto:a@b", "-" },
    { "javascript:alert(1)", "-" },
    { "g h", "-" },
    { " g", "-" },
    { "g\tq", "-" },
    { "g\x01", "-" },
    { "g\x7f", "-" },
    { "\xc3\xbc", "/b/c/\xc3\xbc" }
};


static void test_uris(qc_sha256_t *sha);
static void test_fields(qc_sha256_t *sha);
static void test_references(void);
static void test_bases(void);
static void test_space(void);
static const char *resolve(const qc_scope_base_t *base, const char *reference);
static void scope_uri(const char *uri, qc_sha256_t *sha, uint8_t *scope);
static qc_str_t str(const char *s);


int
main(void)
{
    qc_sha256_t  sha;

    if (qc_sha256_create(&sha) != QC_OK) {
        printf("Bail out! no hash\n");
        return 1;
    }

    test_uris(&sha);
    test_fields(&sha);
    test_references();
    test_bases();
    test_space();

    qc_sha256_destroy(&sha);

    return tap_done();
}


static void
test_uris(qc_sha256_t *sha)
{
    char           longer[2000], same[2000];
    size_t         i;
    uint8_t        a[QC_SCOPE_LEN], b[QC_SCOPE_LEN];
    const pair_t  *pair;

    for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        pair = &pairs[i];

        scope_uri(pair->a, sha, a);
        scope_uri(pair->b, sha, b);

        tap_ok((memcmp(a, b, sizeof(a)) == 0) == pair->same, "%s: %s %s",
               pair->section, pair->a, pair->b);
    }

    /* what is hashed in pieces */

    memset(longer, 'a', sizeof(longer));
    longer[0] = '/';
    longer[1700] = '\0';
    memcpy(same, longer, sizeof(longer));
    memcpy(same + 190, "%61", 3);
    memmove(same + 193, longer + 191, 1700 - 190);

    scope_uri(longer, sha, a);
    scope_uri(same, sha, b);
    tap_ok(memcmp(a, b, sizeof(a)) == 0, "6.2.2.2 long");

    same[1000] = 'b';
    scope_uri(same, sha, b);
    tap_ok(memcmp(a, b, sizeof(a)) != 0, "6.2.2.2 long, another one");
}


static void
test_fields(qc_sha256_t *sha)
{
    size_t   i, j, same;
    uint8_t  scopes[8][QC_SCOPE_LEN];

    static const uint8_t  uri[QC_SCOPE_LEN] = {
        0x56, 0x22, 0xe8, 0x4a, 0xaf, 0xc6, 0x8e, 0x4f,
        0xeb, 0x87, 0x30, 0xc6, 0x1e, 0xdd, 0x8f, 0xf0
    };
    static const uint8_t  group[QC_SCOPE_LEN] = {
        0xc0, 0xaa, 0xea, 0xa6, 0xff, 0x19, 0x41, 0xb8,
        0x9c, 0xe9, 0x9b, 0xf3, 0xd8, 0xf4, 0xb4, 0xae
    };

    (void) qc_scope_uri(str("z"), str("h"), str("/a"), str("b"), sha,
                        scopes[0]);
    (void) qc_scope_uri(str("zh"), str(""), str("/a"), str("b"), sha,
                        scopes[1]);
    (void) qc_scope_uri(str("z"), str("i"), str("/a"), str("b"), sha,
                        scopes[2]);
    (void) qc_scope_uri(str("y"), str("h"), str("/a"), str("b"), sha,
                        scopes[3]);
    (void) qc_scope_group(str("z"), str("h"), str("/a"), sha, scopes[4]);
    (void) qc_scope_group(str("z"), str("h"), str("/A"), sha, scopes[5]);
    (void) qc_scope_group(str("z"), str("h/"), str("a"), sha, scopes[6]);
    (void) qc_scope_group(str("z"), str("h"), str(""), sha, scopes[7]);

    same = 0;

    for (i = 0; i < 8; i++) {
        for (j = 0; j < i; j++) {
            same += (memcmp(scopes[i], scopes[j], QC_SCOPE_LEN) == 0);
        }
    }

    tap_int((long long) same, 0, "no two are the same");

    /* what other instances have noted must stay known */

    tap_mem(scopes[0], QC_SCOPE_LEN, uri, QC_SCOPE_LEN, "of a URI");
    tap_mem(scopes[4], QC_SCOPE_LEN, group, QC_SCOPE_LEN, "of a group");
}


static void
test_references(void)
{
    size_t           i;
    const char      *got;
    const row_t     *row;
    qc_scope_base_t  base;

    base.scheme = str("http");
    base.host = str("a");
    base.port = 0;
    base.path = str("/b/c/d;p");
    base.args = str("q");

    for (i = 0; i < sizeof(references) / sizeof(references[0]); i++) {
        row = &references[i];
        got = resolve(&base, row->reference);

        if (!tap_ok(strcmp(got, row->want) == 0, "5.4: %s", row->reference)) {
            printf("#      got: %s\n# expected: %s\n", got, row->want);
        }
    }
}


static void
test_bases(void)
{
    qc_scope_base_t  base;

    base.scheme = str("https");
    base.host = str("[::1]");
    base.port = 8443;
    base.path = str("/");
    base.args = str("");

    tap_ok(strcmp(resolve(&base, "https://[::1]:8443/g"), "/g") == 0,
           "3.2.2: an address with a port");
    tap_ok(strcmp(resolve(&base, "https://[::1]/g"), "-") == 0,
           "6.2.3: not the default port");
    tap_ok(strcmp(resolve(&base, "https://[::1]:443/g"), "-") == 0,
           "6.2.3: another port");
    tap_ok(strcmp(resolve(&base, "https://[::2]:8443/g"), "-") == 0,
           "3.2.2: another address");
    tap_ok(strcmp(resolve(&base, "https://[::1]x:8443/g"), "-") == 0,
           "3.2.2: more than an address");

    base.port = 443;
    tap_ok(strcmp(resolve(&base, "https://[::1]/g"), "/g") == 0,
           "6.2.3: the default port");
    tap_ok(strcmp(resolve(&base, "g"), "/g") == 0, "5.2.3: at the root");
    tap_ok(strcmp(resolve(&base, "../g"), "/g") == 0, "5.2.4: above the root");

    base.path = str("/a/./b/../c/d");
    tap_ok(strcmp(resolve(&base, "g"), "/a/c/g") == 0, "5.2.4: dots of base");
    tap_ok(strcmp(resolve(&base, ""), "/a/./b/../c/d") == 0, "5.2.2: as sent");

    base.path = str("/a/b/..");
    tap_ok(strcmp(resolve(&base, "g"), "/a/b/g") == 0,
           "5.2.3: the last segment does not count");

    base.path = str("/a/b/../");
    tap_ok(strcmp(resolve(&base, "g"), "/a/g") == 0, "5.2.3: dots count");

    base.path = str("//a//b");
    tap_ok(strcmp(resolve(&base, "g"), "//a//g") == 0, "5.2.3: empty segments");

    base.path = str("");
    tap_ok(strcmp(resolve(&base, "g"), "/g") == 0, "5.2.3: no path");

    base.path = str("*");
    tap_ok(strcmp(resolve(&base, "g"), "/g") == 0, "5.2.3: an asterisk");

    base.host = str("");
    tap_ok(strcmp(resolve(&base, "https:///g"), "-") == 0, "3.2.2: no host");
}


static void
test_space(void)
{
    qc_buf_t         b;
    qc_str_t         path, args;
    qc_scope_base_t  base;

    base.scheme = str("http");
    base.host = str("a");
    base.port = 0;
    base.path = str("/b/c");
    base.args = str("q");

    qc_buf_init(&b, tap_guard(1, NULL, 3), 3);
    tap_ok(qc_scope_reference(&base, str("g"), &b, &path, &args)
           == QC_NOSPACE, "no space");
    qc_buf_init(&b, tap_guard(1, NULL, 0), 0);
    tap_ok(qc_scope_reference(&base, str("?y"), &b, &path, &args) == QC_OK,
           "none is needed for args");
}


/* In a buffer of just the size that is said to be enough. */

static const char *
resolve(const qc_scope_base_t *base, const char *reference)
{
    size_t       size;
    qc_rc_e      rc;
    qc_str_t     s, path, args;
    qc_buf_t     b;

    static char  text[512];

    s = qc_str(tap_guard(0, reference, strlen(reference)), strlen(reference));
    size = base->path.len + s.len + 1;
    qc_buf_init(&b, tap_guard(1, NULL, size), size);

    rc = qc_scope_reference(base, s, &b, &path, &args);

    if (rc != QC_OK) {
        return (rc == QC_BAD) ? "-" : "no space";
    }

    snprintf(text, sizeof(text), "%.*s%s%.*s", (int) path.len,
             (const char *) path.data, (args.len != 0) ? "?" : "",
             (int) args.len, (const char *) args.data);

    return text;
}


static void
scope_uri(const char *uri, qc_sha256_t *sha, uint8_t *scope)
{
    size_t       len;
    qc_str_t     path, args;
    const char  *mark;

    mark = strchr(uri, '?');
    len = (mark != NULL) ? (size_t) (mark - uri) : strlen(uri);

    path = qc_str(tap_guard(0, uri, len), len);
    args = qc_str("", 0);

    if (mark != NULL) {
        len = strlen(mark + 1);
        args = qc_str(tap_guard(1, mark + 1, len), len);
    }

    if (qc_scope_uri(str("zone"), str("host"), path, args, sha, scope)
        != QC_OK)
    {
        tap_ok(0, "hash of %s", uri);
    }
}


static qc_str_t
str(const char *s)
{
    return qc_str(s, strlen(s));
}
