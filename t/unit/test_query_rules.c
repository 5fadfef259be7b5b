
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * Who asks; rounding; encoded bodies; parts of the operator's; secrets; less
 * memory than is asked for.
 */

#include "query.h"

#include <zlib.h>
#include <zstd.h>


typedef struct {
    const char  *rules;
    const char  *request;
    const char  *want;
} said_t;


static void test_fields(void);
static size_t encode(int zstd, const void *data, size_t len, uint8_t *out);
static void ask_body(query_asked_t *a, const char *rules, const char *head,
    const void *body, size_t len);
static void test_encoded(void);
static void test_bombs(void);
static void test_not_loaded(void);
static void ask_parts(query_asked_t *to, const char *rules, const char *text,
    const qc_part_t *parts, size_t n);
static void test_parts(void);
static void test_headers(void);
static void test_memory(void);
static void test_secrets(void);


static query_asked_t  a, b;


static const query_row_t  asks[] = {

    { "none", "differ", {
        "GET /a", "GET /a\nAuthorization: x", "GET /a\nCookie: x",
        "GET /a\nApi-Key: x", "GET /a\nApikey: x", "GET /a\nX-Api-Key: x",
        "GET /a\nX-Auth-Token: x", "GET /a\nX-Access-Token: x",
        "GET /a\nX-Tenant-Id: x", "GET /a\nX-Org-Id: x" } },
    { "none", "differ", {
        "GET /a", "GET /a\nX-Scope-OrgID: x", "GET /a\nX-Hasura-Role: x",
        "GET /a\nX-Hasura-User-Id: x", "GET /a\nX-ClickHouse-Any: x",
        "GET /a\nContent-Type: x", "GET /a\nContent-Encoding: x" } },
    { "none", "differ", {
        "GET /a", "GET /a\nX-HTTP-Method: x", "GET /a\nX-Method-Override: x",
        "GET /a\nX-Proxy-User: x", "GET /a\nX-Proxy-Roles: x",
        "GET /a\nSecurityTenant: x", "GET /a\nX-Cube-Authorization: x",
        "GET /a\nHost: other", "GET /a\nHost: s1", "GET /a\nHost: " } },
    { "none", "same", {
        "GET /a", "GET /a\nHost: s", "GET /a\nHost: S:80",
        "GET /a\nHost: s." } },
    { "none", "same", {
        "GET /a", "GET /a\nX-Team: x", "GET /a\nUser-Agent: x",
        "GET /a\nX-ClickHouse: x", "GET /a\nXCookie: x",
        "GET /a\nAccept: x" } },
    { "none", "same", {
        "GET /a\nCookie: x\nAuthorization: y\nApikey: z",
        "GET /a\nApikey: z\nCookie: x\nAuthorization: y",
        "GET /a\nAuthorization: y\nUser-Agent: q\nApikey: z\nCookie: x" } },
    { "none", "differ", {
        "GET /a\nCookie: x\nCookie: y", "GET /a\nCookie: y\nCookie: x",
        "GET /a\nCookie: x", "GET /a\nCookie: x; y", "GET /a\nCookie: ",
        "GET /a" } },
    { "none", "differ", {
        "GET /a\nX-Org-Id: a\nX-Tenant-Id: b",
        "GET /a\nX-Org-Id: b\nX-Tenant-Id: a", "GET /a\nX-Org-Id: ab",
        "GET /a\nX-Org-Id: a" } },
    { "none identity=$http_x-team,$cookie_team", "differ", {
        "GET /a", "GET /a\nX-Team: a", "GET /a\nX-Team: b",
        "GET /a\nCookie: team=a", "GET /a\nX-Team: a\nCookie: team=a" } },
    { "none identity=$http_x-team", "same", {
        "GET /a\nX-Team: a", "GET /a\nX-Team: a\nX-Teams: b" } },
    { "none share=$http_authorization", "same", {
        "GET /a\nAuthorization: a", "GET /a\nAuthorization: b", "GET /a" } },
    { "none share=$http_authorization", "differ", {
        "GET /a\nAuthorization: a", "GET /a\nAuthorization: a\nCookie: b",
        "GET /a\nX-Api-Key: a" } },
    { "none share=$cookie__ga,$cookie_theme", "same", {
        "GET /a\nCookie: sid=1; _ga=GA1.2", "GET /a\nCookie: _ga=3; sid=1",
        "GET /a\nCookie: theme=dark;sid=1;  _ga", "GET /a\nCookie: sid=1;",
        "GET /a\nCookie: sid=1" } },
    { "none share=$cookie__ga", "same", {
        "GET /a", "GET /a\nCookie: _ga=1", "GET /a\nCookie: ;;  ;\t" } },
    { "none share=$cookie__ga", "differ", {
        "GET /a\nCookie: sid=1; _ga=1", "GET /a\nCookie: sid=2; _ga=1",
        "GET /a\nCookie: x_ga=1", "GET /a\nCookie: _ga2=1",
        "GET /a\nCookie: _GA=1", "GET /a\nCookie: sid", "GET /a\nCookie: sid=",
        "GET /a\nCookie: a=b _ga=1" } },
    { "none share=$http_cookie identity=$cookie_role", "same", {
        "GET /a\nCookie: sid=1; role=r", "GET /a\nCookie: role=r; sid=2",
        "GET /a\nCookie: role=r" } },
    { "none share=$http_cookie identity=$cookie_role", "differ", {
        "GET /a\nCookie: role=r", "GET /a\nCookie: role=s", "GET /a",
        "GET /a\nCookie: role=r; role=s" } },
    { "none share=$cookie_role identity=$cookie_role", "differ", {
        "GET /a\nCookie: role=r", "GET /a\nCookie: role=s" } },
    { "none normalize=args share=$arg_user", "same", {
        "GET /a?user=ann&x=1", "GET /a?x=1&user=bob", "GET /a?x=1" } },
    { "none normalize=args share=$arg_user ignore=*", "differ", {
        "GET /a?role=a", "GET /a?role=b", "GET /a?role", "GET /a?role=",
        "GET /a" } },
    { "none share=$arg_user", "differ", {
        "GET /a?x=1&y=2", "GET /a?y=2&x=1", "GET /a?x=%31&y=2",
        "GET /a?x=1&&y=2" } },
    { "none normalize=args ignore=* identity=$arg_team", "differ", {
        "GET /a", "GET /a?team=1", "GET /a?team=2", "GET /a?tenant_id=1",
        "GET /a?username=1", "GET /a?roles=1", "GET /a?org_id=1",
        "GET /a?apikey=1", "GET /a?token=1", "GET /a?access_token=1" } },
    { "json fold identity=$http_content-type", "differ", {
        "POST /a\nContent-Type: a\n\n{}", "POST /a\nContent-Type: b\n\n{}" } },
    { "elasticsearch share=$http_accept", "same", {
        "GET /_search", "GET /_search\nAccept: application/yaml" } },
    { "elasticsearch identity=$http_accept", "differ", {
        "GET /_search", "GET /_search\nAccept: */*",
        "GET /_search\nAccept: application/json" } },

    /* rounding: a minute is 1700000040 */

    { "json round=from,to step=60", "same", {
        "GET /?from=1700000040", "GET /?from=1700000041",
        "GET /?from=1700000099", "GET /?from=17000000%340" } },
    { "json round=from,to step=60", "same", {
        "GET /?from=1700000040000", "GET /?from=1700000099999" } },
    { "json round=from,to step=60", "same", {
        "GET /?from=2026-05-01T10:20:00Z", "GET /?from=2026-05-01T10:20:59Z",
        "GET /?from=2026-05-01T10%3A20%3A30.5Z" } },
    { "json round=t_* step=60", "same", {
        "GET /?t_a=1700000040&t_b=1700000041", "GET /?t_b=1700000050&t_a="
        "1700000060" } },
    { "json round=from,to step=60", "differ", {
        "GET /?from=1700000039", "GET /?from=1700000040",
        "GET /?from=1700000100", "GET /?from=1700000040000",
        "GET /?from=1700000040000000", "GET /?from=1700000040000000000",
        "GET /?to=1700000040", "GET /?from=1700000040.5",
        "GET /?from=s:1700000040", "GET /?from=%2Bs:1700000040" } },
    { "json round=from,to step=60", "differ", {
        "GET /?from=+s:1700000040", "GET /?from=1700000040", "GET /?from=now",
        "GET /?from=-now", "GET /?from=", "GET /?from", "GET /?from=-",
        "GET /?from=%zz", "GET /?from=-%zz" } },
    { "json round=from step=60", "differ", {
        "GET /?from=2026-05-01T10:20:00Z", "GET /?from=2026-05-01T10:20:00",
        "GET /?from=2026-05-01T10:20:00%2B02:00",
        "GET /?from=2026-05-01T12:20:00Z", "GET /?from=2026-05-01",
        "GET /?from=2026-13-01" } },
    { "json round=from step=60", "differ", {
        "GET /?from=1700000040&from=1700000100",
        "GET /?from=1700000040&from=1700000160", "GET /?from=1700000040",
        "GET /?from=1700000100&from=1700000040" } },
    { "json round=/r/from,/l/0 step=60", "same", {
        "POST /\n\n{~r~:{~from~:1700000040}}", "POST /\n\n{~r~:{~from~:"
        "1700000099}}" } },
    { "json round=/r/from,/l/0 step=60", "same", {
        "POST /\n\n{~l~:[1700000040,7]}", "POST /\n\n{~l~:[1700000041,7]}" } },
    { "json round=/r/from,/l/0 step=60", "differ", {
        "POST /\n\n{~r~:{~from~:1700000040}}",
        "POST /\n\n{~r~:{~from~:~1700000040~}}",
        "POST /\n\n{~r~:{~from~:~s:1700000040~}}",
        "POST /\n\n{~r~:{~from~:~+s:1700000040~}}",
        "POST /\n\n{~r~:{~from~:~#s:1700000040~}}",
        "POST /\n\n{~r~:{~from~:~-s:1700000040~}}",
        "POST /\n\n{~r~:{~from~:[1700000040]}}",
        "POST /\n\n{~r~:{~to~:1700000040}}", "POST /\n\n{~r~:{~from~:null}}",
        "POST /\n\n{~r~:{~from~:1700000040.0}}" } },
    { "json round=/r/from step=60", "differ", {
        "POST /\n\n{~r~:{~at~:1700000040}}",
        "POST /\n\n{~r~:{~at~:1700000041}}",
        "GET /?from=1700000040", "GET /?from=1700000041" } },
    { "graphql round=/variables/from step=60", "same", {
        "POST /\n\n{~query~:~{a}~,~variables~:{~from~:1700000040}}",
        "POST /\n\n{~query~:~{a}~,~variables~:{~from~:1700000041}}" } }
};


/* What is in the key, in which order, under which name. */

#define HEAD(method, uri)                                                     \
    "zone=z;location=s;method=" method ";host=s;uri=" uri ";raw=" uri ";"

static const said_t  fields[] = {
    { "none", "GET /a?b&a", HEAD("GET", "/a") "args=b&a;body=;" },
    { "none fold", "GET /a", HEAD("any", "/a") "args=;body=;" },
    { "clickhouse", "POST /?query=SELECT+1&x=y\n\n, 2",
      HEAD("POST", "/") "args=x=y;sql=SELECT 1 , 2;" },
    { "json", "POST /\nX-Api-Key: k\nAuthorization: b\nX-Nothing: z\n\n[ 1 ]",
      HEAD("POST", "/") "args=;authorization=b;x_api_key=k;json=[1];" },
    { "druid", "POST /druid/v2/sql\n\n{~query~:~SELECT 1~,~x~:1}",
      HEAD("POST", "/druid/v2/sql") "args=;sql=SELECT 1;json={\"x\":1};" },
    { "druid", "POST /druid/v2/sql\n\n{~query~:~SELECT 1~}",
      HEAD("POST", "/druid/v2/sql") "args=;sql=SELECT 1;" },
    { "cube", "GET /v1/load?query={}&x",
      HEAD("GET", "/v1/load") "args=x;json={\"query\":{}};" },
    { "graphql", "GET /?query={a}&operationName=Q&variables={~a~:1}&x",
      HEAD("GET", "/") "args=x;graphql=query { a };operation=Q;"
      "json={\"variables\":{\"a\":1}};" },
    { "graphql guard=off", "GET /?query={a&x",
      HEAD("GET", "/") "args=query={a&x;body=;" },
    { "json", "POST /\n\n[", HEAD("POST", "/") "args=;body=;" },
    { "none share=$cookie_a", "GET /\nCookie: a=1; b=2; c",
      HEAD("GET", "/") "args=;cookie=b=2;cookie=c;body=;" }
};


int
main(void)
{
    query_table(asks, sizeof(asks) / sizeof(query_row_t));

    test_fields();
    test_encoded();
    test_bombs();
    test_not_loaded();
    test_parts();
    test_headers();
    test_memory();
    test_secrets();

    return tap_done();
}


static void
test_fields(void)
{
    size_t  i;

    for (i = 0; i < sizeof(fields) / sizeof(said_t); i++) {
        query_ask_text(&a, fields[i].rules, fields[i].request);
        query_free();

        tap_mem(a.fields, strlen(a.fields), fields[i].want,
                strlen(fields[i].want), fields[i].request);
    }
}


static size_t
encode(int zstd, const void *data, size_t len, uint8_t *out)
{
    z_stream  z;

    if (zstd) {
        return ZSTD_compress(out, QUERY_TEXT, data, len, 3);
    }

    memset(&z, 0, sizeof(z));

    if (deflateInit2(&z, 9, Z_DEFLATED, MAX_WBITS + 16, 8,
                     Z_DEFAULT_STRATEGY)
        != Z_OK)
    {
        return 0;
    }

    z.next_in = (Bytef *) (uintptr_t) data;
    z.avail_in = (uInt) len;
    z.next_out = out;
    z.avail_out = QUERY_TEXT;

    (void) deflate(&z, Z_FINISH);

    len = z.total_out;
    (void) deflateEnd(&z);

    return len;
}


static void
ask_body(query_asked_t *to, const char *rules, const char *head,
    const void *body, size_t len)
{
    query_rules_t    r;
    query_request_t  request;

    query_rules(&r, rules);
    query_request(&request, head, strlen(head));

    request.request.body = qc_str(tap_guard(2, body, len), len);
    request.request.size = len;

    query_ask(to, &r.rules, &request.request);
    query_free();
}


static void
test_encoded(void)
{
    int          i;
    size_t       n, cut;
    uint8_t      plain[QC_KEY_LEN], raw[QC_KEY_LEN];
    const char  *head;

    static uint8_t  out[QUERY_TEXT];

    for (i = 0; i < 2; i++) {
        head = i ? "POST /\nContent-Encoding: ZSTD"
                 : "POST /\nContent-Encoding: x-GZip";

        ask_body(&a, "json", "POST /", "[1]", 3);
        memcpy(plain, a.key, QC_KEY_LEN);

        n = encode(i, " [1 ]", 5, out);
        ask_body(&a, "json", head, out, n);
        tap_ok(*query_reason(&a) == '\0' && a.q.form == QC_FORM_JSON
               && memcmp(plain, a.key, QC_KEY_LEN) == 0,
               "%s: shares with the plain one", head);

        for (cut = 0; cut < n; cut++) {
            ask_body(&a, "json", head, out, cut);

            if (strcmp(query_reason(&a), "request_coding") != 0) {
                break;
            }
        }

        tap_ok(cut == n, "%s: cut anywhere", head);

        memcpy(out + n, out, n);
        ask_body(&a, "json", head, out, 2 * n);
        tap_ok(strcmp(query_reason(&a), "request_coding") == 0,
               "%s: two of them", head);

        ask_body(&a, "json", head, out, n + 1);
        tap_ok(strcmp(query_reason(&a), "request_coding") == 0,
               "%s: a byte behind it", head);

        /* what is not understood is what was sent, in its coding */

        n = encode(i, "[1", 2, out);
        ask_body(&a, "json", head, out, n);
        memcpy(raw, a.key, QC_KEY_LEN);
        tap_ok(*query_reason(&a) == '\0' && a.q.form == QC_FORM_RAW
               && strstr(a.fields, "content_encoding=") != NULL,
               "%s: not understood", head);

        ask_body(&a, "json", "POST /", "[1", 2);
        tap_ok(memcmp(raw, a.key, QC_KEY_LEN) != 0, "%s: and apart", head);

        ask_body(&a, "none", head, "[1", 2);
        tap_ok(*query_reason(&a) == '\0', "%s: not looked into", head);
    }
}


static void
test_bombs(void)
{
    int          i;
    size_t       n;
    const char  *head;

    static char     zeros[1024 * 1024];
    static uint8_t  out[QUERY_TEXT];

    memset(zeros, ' ', sizeof(zeros));
    zeros[sizeof(zeros) - 1] = '7';

    for (i = 0; i < 2; i++) {
        head = i ? "POST /\nContent-Encoding: zstd"
                 : "POST /\nContent-Encoding: gzip";

        n = encode(i, zeros, sizeof(zeros), out);

        ask_body(&a, "json body=65536 ratio=1000000", head, out, n);
        tap_ok(strcmp(query_reason(&a), "request_coding") == 0,
               "%s: over body=", head);

        ask_body(&a, "json body=2000000 ratio=50", head, out, n);
        tap_ok(strcmp(query_reason(&a), "request_coding") == 0,
               "%s: over ratio=", head);

        ask_body(&a, "json body=2000000 ratio=1000000", head, out, n);
        tap_ok(*query_reason(&a) == '\0' && a.q.form == QC_FORM_JSON,
               "%s: below both", head);

        n = encode(i, zeros + sizeof(zeros) - 60000, 60000, out);
        ask_body(&a, "json body=65536 ratio=1", head, out, n);
        tap_ok(*query_reason(&a) == '\0', "%s: a small one", head);
    }
}


static void
test_not_loaded(void)
{
    query_ask_text(&a, "json body=4 normalize=args", "POST /?b&a\n\n12345");
    query_ask_text(&b, "json body=4 normalize=args", "POST /?a&b\n\n12345");
    query_free();

    tap_ok(a.rc == QC_OK && memcmp(a.key, b.key, QC_KEY_LEN) == 0,
           "not loaded: arguments are sorted still");

    query_ask_text(&b, "json body=4", "POST /?a&b\n\n12346");
    query_free();

    tap_ok(b.rc == QC_OK && b.q.fallback
           && memcmp(a.key, b.key, QC_KEY_LEN) != 0,
           "not loaded: the body is in the key");
}


static void
ask_parts(query_asked_t *to, const char *rules, const char *text,
    const qc_part_t *parts, size_t n)
{
    query_rules_t    r;
    query_request_t  request;

    query_rules(&r, rules);
    query_request(&request, text, strlen(text));

    request.request.parts = parts;
    request.request.nparts = n;

    query_ask(to, &r.rules, &request.request);
    query_free();
}


static void
test_parts(void)
{
    static const qc_part_t  absent[] = {
        { qc_string("body"), { 0, NULL }, 1 }
    };
    static const qc_part_t  replaced[] = {
        { qc_string("args"), qc_string("x"), 0 },
        { qc_string("authorization"), { 0, NULL }, 1 },
        { qc_string("tenant"), qc_string("t"), 0 },
        { qc_string("uri"), qc_string("u"), 0 }
    };

    ask_parts(&a, "clickhouse", "GET /?query=SELECT+1", absent, 1);
    ask_parts(&b, "clickhouse", "GET /?query=SELECT+2", absent, 1);
    tap_ok(a.rc == QC_OK && memcmp(a.key, b.key, QC_KEY_LEN) != 0,
           "without the body, a query in arguments is in the key");

    ask_parts(&a, "clickhouse", "POST /\n\nSELECT 1", absent, 1);
    ask_parts(&b, "clickhouse", "POST /\n\nSELECT 2", absent, 1);
    tap_ok(memcmp(a.key, b.key, QC_KEY_LEN) == 0,
           "without the body, one in it is not");

    ask_parts(&a, "clickhouse", "POST /\n\nDROP TABLE t", absent, 1);
    tap_ok(strcmp(query_reason(&a), "statement") == 0,
           "without the body, it is still looked at");

    ask_parts(&a, "none", "GET /?y\nAuthorization: z", replaced, 4);
    tap_mem(a.fields, strlen(a.fields),
            "zone=z;location=s;method=GET;host=s;uri=u;args=x;tenant=t;body=;",
            64, "parts that were replaced, left out and added");
}


/* More header fields than are sorted. */

static void
test_headers(void)
{
    int              same;
    size_t           i, n;
    uint8_t          key[QC_KEY_LEN];
    qc_field_t       fields_of[100];
    query_rules_t    r;
    query_request_t  request;

    query_rules(&r, "none");

    for (n = 1; n <= 100; n++) {

        for (i = 0; i < n; i++) {
            fields_of[i].name = qc_str("x-clickhouse-user", 17);
            fields_of[i].value = qc_str(&"0123456789"[i % 10], 1);
        }

        query_request(&request, "GET /", 5);
        request.request.headers = fields_of;
        request.request.nheaders = n;

        query_ask(&a, &r.rules, &request.request);
        same = (n > 1 && memcmp(a.key, key, QC_KEY_LEN) == 0);
        memcpy(key, a.key, QC_KEY_LEN);
        query_free();

        if (a.rc != QC_OK || same) {
            break;
        }
    }

    tap_int((long long) n, 101, "each of a hundred fields counts");
}


/* Whatever memory there is: the right key, a bypass, or an error. */

static void
test_memory(void)
{
    size_t           i, limit, seen;
    qc_rc_e          rc;
    qc_key_t         k;
    qc_query_t       q;
    qc_arena_t       arena;
    query_rules_t    r;
    query_request_t  request;
    qc_sha256_t      sha;
    uint8_t          key[QC_KEY_LEN];

    static const said_t  requests[] = {
        { "clickhouse", "POST /?query=SELECT&b&a\n\n1", NULL },
        { "druid", "POST /druid/v2/sql\n\n{~query~:~SELECT 1~,~a~:{}}", NULL },
        { "graphql", "GET /?query={a}&variables={~a~:1}", NULL },
        { "cube", "GET /v1/load?query={~m~:[1]}", NULL },
        { "elasticsearch round=/a step=60",
        "POST /_msearch\n\n{~a~:1700000000}\n",
          NULL }
    };

    if (qc_sha256_create(&sha) != QC_OK) {
        return;
    }

    for (i = 0; i < sizeof(requests) / sizeof(said_t); i++) {
        query_ask_text(&a, requests[i].rules, requests[i].request);
        query_free();
        query_rules(&r, requests[i].rules);
        seen = 0;

        for (limit = 0; limit < 16384; limit += (limit < 1024) ? 1 : 64) {
            query_request(&request, requests[i].request,
                          strlen(requests[i].request));
            qc_arena_init(&arena, query_alloc, NULL, limit);

            rc = qc_query_read(&q, &request.request, &r.rules, &sha, &arena);

            if (rc == QC_OK && q.reason == QC_NO_METRIC) {
                qc_key_start(&k, &sha);

                if (qc_query_key(&q, &k)) {
                    qc_key_open(&k, qc_str("body", 4), request.request.size);
                    qc_key_piece(&k, request.request.body.data,
                                 request.request.body.len);
                }

                if (qc_key_final(&k, key) != QC_OK
                    || memcmp(key, a.key, QC_KEY_LEN) != 0)
                {
                    query_free();
                    break;
                }

                seen++;
            }

            query_free();
        }

        tap_ok(limit >= 16384 && seen != 0, "%s: in less and less memory",
               requests[i].rules);
    }

    qc_sha256_destroy(&sha);
}


static void
test_secrets(void)
{
    size_t  i;

    static const char *const  secrets[] = {
        "authorization", "Authorization", "cookie", "x_api_key", "apikey",
        "X-ClickHouse-Key", "password", "p%61ssword", "%50assword", "passwd",
        "access_token", "client_secret", "pass%77", "proxy_auth", "jwt",
        "x-aws-credential", "%74oken", "x_hasura_admin_secret"
    };
    static const char *const  others[] = {
        "", "x_team", "uri", "args", "method", "pa%ssword", "pa%2ssword",
        "%", "user", "tok", "x_org_id", "content_type", "p%2561ssword"
    };

    for (i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
        tap_ok(qc_query_is_secret(qc_str(tap_guard(0, secrets[i],
                                                   strlen(secrets[i])),
                                         strlen(secrets[i]))),
               "\"%s\" is a secret", secrets[i]);
    }

    for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        tap_ok(!qc_query_is_secret(qc_str(tap_guard(0, others[i],
                                                    strlen(others[i])),
                                          strlen(others[i]))),
               "\"%s\" is none", others[i]);
    }
}
