
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * Signatures as published: the examples of the Amazon S3 API Reference,
 * "Authenticating Requests: Using the Authorization Header", and the AWS
 * Signature Version 4 test suite.
 */

#include "qc_sigv4.h"
#include "tap.h"


#define QUERIES  2
#define HEADERS  5
#define TOKEN                                                                 \
    "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWs"  \
    "KWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGde"  \
    "ehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8T"  \
    "x6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FD"  \
    "rypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="

#define SHA_EMPTY                                                             \
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define SHA_WELCOME                                                           \
    "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"
#define SHA_FORM                                                              \
    "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e"

#define S3_HOST     "host", "examplebucket.s3.amazonaws.com"
#define S3_DATE     "x-amz-date", "20130524T000000Z"
#define SUITE_HOST  "host", "example.amazonaws.com"
#define SUITE_DATE  "x-amz-date", "20150830T123600Z"

#define UNRESERVED                                                            \
    "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


typedef struct {
    const char  *name;
    int          s3;             /* whose credentials and time */
    const char  *method;
    const char  *path;
    const char  *query[2 * QUERIES];
    const char  *headers[2 * HEADERS];
    const char  *payload;
    const char  *signed_headers;
    const char  *signature;
} vector_t;


typedef struct {
    qc_sigv4_pair_t     query[QUERIES];
    qc_sigv4_pair_t     headers[HEADERS];
    qc_sigv4_request_t  req;
} request_t;


static qc_str_t str(const char *s);
static size_t pairs(const char *const *from, size_t n, qc_sigv4_pair_t *to);
static void request(const vector_t *v, request_t *r);
static void test_vectors(void);
static void test_day(void);
static void test_room(void);
static void test_refused(void);
static void test_bytes(void);
static void test_date(void);


static const vector_t  vectors[] = {

    { "S3: GET object, a range", 1, "GET", "/test.txt", { NULL },
      { S3_HOST, "range", "bytes=0-9", "x-amz-content-sha256", SHA_EMPTY,
        S3_DATE }, SHA_EMPTY, "host;range;x-amz-content-sha256;x-amz-date",
      "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41" },

    { "S3: PUT object", 1, "PUT", "/test%24file.text", { NULL },
      { S3_DATE, "x-amz-storage-class", "REDUCED_REDUNDANCY",
        "x-amz-content-sha256", SHA_WELCOME, S3_HOST,
        "date", "Fri, 24 May 2013 00:00:00 GMT" }, SHA_WELCOME,
      "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
      "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd" },

    { "S3: GET bucket lifecycle", 1, "GET", "/", { "lifecycle", "" },
      { S3_HOST, "x-amz-content-sha256", SHA_EMPTY, S3_DATE }, SHA_EMPTY,
      "host;x-amz-content-sha256;x-amz-date",
      "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543" },

    { "S3: GET bucket, list", 1, "GET", "/",
      { "prefix", "J", "max-keys", "2" },
      { S3_HOST, "x-amz-content-sha256", SHA_EMPTY, S3_DATE }, SHA_EMPTY,
      "host;x-amz-content-sha256;x-amz-date",
      "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7" },

    { "get-vanilla", 0, "GET", "/", { NULL }, { SUITE_HOST, SUITE_DATE },
      SHA_EMPTY, "host;x-amz-date",
      "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31" },

    { "get-vanilla-empty-query-key", 0, "GET", "/", { "Param1", "value1" },
      { SUITE_HOST, SUITE_DATE }, SHA_EMPTY, "host;x-amz-date",
      "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb" },

    { "get-vanilla-query-order-key", 0, "GET", "/",
      { "Param1", "value2", "Param1", "Value1" },
      { SUITE_HOST, SUITE_DATE }, SHA_EMPTY, "host;x-amz-date",
      "eedbc4e291e521cf13422ffca22be7d2eb8146eecf653089df300a15b2382bd1" },

    { "get-vanilla-query-order-key-case", 0, "GET", "/",
      { "Param2", "value2", "Param1", "value1" },
      { SUITE_HOST, SUITE_DATE }, SHA_EMPTY, "host;x-amz-date",
      "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500" },

    { "get-vanilla-query-order-value", 0, "GET", "/",
      { "Param1", "value2", "Param1", "value1" },
      { SUITE_HOST, SUITE_DATE }, SHA_EMPTY, "host;x-amz-date",
      "5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694" },

    { "get-vanilla-query-unreserved", 0, "GET", "/",
      { UNRESERVED, UNRESERVED }, { SUITE_HOST, SUITE_DATE }, SHA_EMPTY,
      "host;x-amz-date",
      "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197" },

    { "get-vanilla-utf8-query", 0, "GET", "/", { "%E1%88%B4", "bar" },
      { SUITE_HOST, SUITE_DATE }, SHA_EMPTY, "host;x-amz-date",
      "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04" },

    { "get-utf8", 0, "GET", "/%E1%88%B4", { NULL },
      { SUITE_HOST, SUITE_DATE }, SHA_EMPTY, "host;x-amz-date",
      "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85" },

    { "get-unreserved", 0, "GET", "/" UNRESERVED, { NULL },
      { SUITE_HOST, SUITE_DATE }, SHA_EMPTY, "host;x-amz-date",
      "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f" },

    { "get-header-value-trim", 0, "GET", "/", { NULL },
      { SUITE_HOST, "my-header1", " value1", "my-header2",
        " \"a   b   c\"", SUITE_DATE }, SHA_EMPTY,
      "host;my-header1;my-header2;x-amz-date",
      "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736" },

    { "get-header-value-order", 0, "GET", "/", { NULL },
      { SUITE_HOST, "my-header1", "value4,value1", "my-header1", "value3",
        SUITE_DATE, "my-header1", "value2" }, SHA_EMPTY,
      "host;my-header1;x-amz-date",
      "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01" },

    { "post-vanilla", 0, "POST", "/", { NULL }, { SUITE_DATE, SUITE_HOST },
      SHA_EMPTY, "host;x-amz-date",
      "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b" },

    { "post-vanilla-query", 0, "POST", "/", { "Param1", "value1" },
      { SUITE_HOST, SUITE_DATE }, SHA_EMPTY, "host;x-amz-date",
      "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11" },

    { "post-header-key-sort", 0, "POST", "/", { NULL },
      { SUITE_DATE, "my-header1", "value1", SUITE_HOST }, SHA_EMPTY,
      "host;my-header1;x-amz-date",
      "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c" },

    { "post-header-value-case", 0, "POST", "/", { NULL },
      { SUITE_HOST, "my-header1", "VALUE1", SUITE_DATE }, SHA_EMPTY,
      "host;my-header1;x-amz-date",
      "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d" },

    { "post-x-www-form-urlencoded", 0, "POST", "/", { NULL },
      { "content-type", "application/x-www-form-urlencoded", SUITE_HOST,
        SUITE_DATE }, SHA_FORM, "content-type;host;x-amz-date",
      "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a" },

    { "post-sts-header-before", 0, "POST", "/", { NULL },
      { SUITE_HOST, SUITE_DATE, "x-amz-security-token", TOKEN }, SHA_EMPTY,
      "host;x-amz-date;x-amz-security-token",
      "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead" }
};


static const qc_sigv4_cred_t  creds[] = {
    { qc_string("AKIDEXAMPLE"),
      qc_string("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
      qc_string("us-east-1"), qc_string("service") },
    { qc_string("AKIAIOSFODNN7EXAMPLE"),
      qc_string("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
      qc_string("us-east-1"), qc_string("s3") }
};

static const uint8_t  dates[][QC_SIGV4_DATE_LEN + 1] = {
    "20150830T123600Z",
    "20130524T000000Z"
};

static const char  *prefixes[] = {
    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"
    "20150830/us-east-1/service/aws4_request, SignedHeaders=",
    "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/"
    "20130524/us-east-1/s3/aws4_request, SignedHeaders="
};


int
main(void)
{
    tap_mem(qc_sigv4_empty_payload.data, qc_sigv4_empty_payload.len,
            SHA_EMPTY, 64, "the empty payload");

    test_vectors();
    test_day();
    test_room();
    test_refused();
    test_bytes();
    test_date();

    return tap_done();
}


static qc_str_t
str(const char *s)
{
    return qc_str(s, strlen(s));
}


static size_t
pairs(const char *const *from, size_t n, qc_sigv4_pair_t *to)
{
    size_t  i;

    for (i = 0; i < n && from[2 * i] != NULL; i++) {
        to[i].name = str(from[2 * i]);
        to[i].value = str(from[2 * i + 1]);
    }

    return i;
}


static void
request(const vector_t *v, request_t *r)
{
    memset(r, 0, sizeof(request_t));

    r->req.method = str(v->method);
    r->req.path = str(v->path);
    r->req.payload = str(v->payload);
    r->req.query = r->query;
    r->req.nquery = pairs(v->query, QUERIES, r->query);
    r->req.headers = r->headers;
    r->req.nheaders = pairs(v->headers, HEADERS, r->headers);
}


static void
test_vectors(void)
{
    char             want[QC_SIGV4_AUTH_MAX];
    size_t           i;
    qc_buf_t         out;
    request_t        r;
    qc_sigv4_day_t   day;
    const vector_t  *v;

    for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        v = &vectors[i];
        request(v, &r);
        memset(&day, 0, sizeof(day));
        qc_buf_init(&out, tap_guard(0, NULL, 400), 400);

        if (qc_sigv4_sign(&creds[v->s3], &day, &r.req, dates[v->s3], &out)
            != QC_OK)
        {
            tap_ok(0, "%s is signed", v->name);
            continue;
        }

        snprintf(want, sizeof(want), "%s%s, Signature=%s",
                 prefixes[v->s3], v->signed_headers, v->signature);
        tap_mem(out.start, qc_buf_len(&out), want, strlen(want), v->name);
    }
}


/* The derived key is kept for a day, and only for that day. */

static void
test_day(void)
{
    uint8_t         key[QC_SHA256_LEN];
    qc_buf_t        out, again;
    request_t       r;
    qc_sigv4_day_t  day;

    request(&vectors[0], &r);
    memset(&day, 0, sizeof(day));

    qc_buf_init(&out, tap_guard(0, NULL, 400), 400);
    qc_sigv4_sign(&creds[1], &day, &r.req, dates[1], &out);
    tap_ok(day.valid && memcmp(day.date, "20130524", 8) == 0, "a key is kept");
    memcpy(key, day.key, sizeof(key));

    qc_buf_init(&again, tap_guard(1, NULL, 400), 400);
    qc_sigv4_sign(&creds[1], &day, &r.req, dates[1], &again);
    tap_ok(qc_str_eq(qc_buf_written(&out), qc_buf_written(&again))
           && memcmp(key, day.key, sizeof(key)) == 0, "and used again");

    day.key[0] ^= 1;
    qc_buf_init(&again, tap_guard(1, NULL, 400), 400);
    qc_sigv4_sign(&creds[1], &day, &r.req, dates[1], &again);
    tap_ok(!qc_str_eq(qc_buf_written(&out), qc_buf_written(&again)),
           "not derived again");

    qc_buf_init(&again, tap_guard(1, NULL, 400), 400);
    qc_sigv4_sign(&creds[1], &day, &r.req,
                  (const uint8_t *) "20130525T000000Z", &again);
    tap_ok(memcmp(day.date, "20130525", 8) == 0
           && memcmp(key, day.key, sizeof(key)) != 0, "the next day");

    qc_buf_init(&again, tap_guard(1, NULL, 400), 400);
    qc_sigv4_sign(&creds[1], &day, &r.req, dates[1], &again);
    tap_ok(qc_str_eq(qc_buf_written(&out), qc_buf_written(&again)),
           "and back");
}


static void
test_room(void)
{
    int             good;
    size_t          size, need;
    qc_buf_t        out;
    request_t       r;
    qc_sigv4_day_t  day;

    request(&vectors[1], &r);
    memset(&day, 0, sizeof(day));
    good = 1;
    need = strlen(prefixes[1]) + strlen(vectors[1].signed_headers)
           + strlen(", Signature=") + 64;

    for (size = 0; size <= need; size++) {
        qc_buf_init(&out, tap_guard(0, NULL, size), size);
        good &= (qc_sigv4_sign(&creds[1], &day, &r.req, dates[1], &out)
                 == ((size < need) ? QC_NOSPACE : QC_OK));
    }

    tap_ok(good, "buffers of every size");
}


static void
test_refused(void)
{
    size_t              i;
    uint8_t            *mem;
    qc_buf_t            out;
    request_t           r;
    qc_sigv4_day_t      day;
    qc_sigv4_cred_t     cred;
    qc_sigv4_pair_t     many[QC_SIGV4_PAIRS_MAX + 1];

    memset(&day, 0, sizeof(day));
    request(&vectors[4], &r);

    for (i = 0; i < QC_SIGV4_PAIRS_MAX + 1; i++) {
        many[i].name = str("n");
        many[i].value = str("v");
    }

    for (i = QC_SIGV4_PAIRS_MAX; i <= QC_SIGV4_PAIRS_MAX + 1; i++) {
        r.req.query = many;
        r.req.nquery = i;
        r.req.headers = many;
        r.req.nheaders = QC_SIGV4_PAIRS_MAX;

        qc_buf_init(&out, tap_guard(0, NULL, 400), 400);
        tap_int(qc_sigv4_sign(&creds[0], &day, &r.req, dates[0], &out),
                (i > QC_SIGV4_PAIRS_MAX) ? QC_BAD : QC_OK, "parameters");

        r.req.nheaders = i;
        r.req.nquery = QC_SIGV4_PAIRS_MAX;

        qc_buf_init(&out, tap_guard(0, NULL, 400), 400);
        tap_int(qc_sigv4_sign(&creds[0], &day, &r.req, dates[0], &out),
                (i > QC_SIGV4_PAIRS_MAX) ? QC_BAD : QC_OK, "headers");
    }

    mem = tap_guard(1, NULL, 201);
    request(&vectors[4], &r);

    for (i = 128; i <= 129; i++) {
        cred = creds[0];
        cred.secret_key = qc_str(mem + 201 - i, i);
        day.valid = 0;

        qc_buf_init(&out, tap_guard(0, NULL, 400), 400);
        tap_int(qc_sigv4_sign(&cred, &day, &r.req, dates[0], &out),
                (i > 128) ? QC_BAD : QC_OK, "length of the secret");
        tap_int(day.valid, i == 128, "key of the day");
    }

    for (i = 193; i <= 194; i++) {
        cred = creds[0];
        cred.region = qc_str(mem + 201 - i, i);
        day.valid = 0;

        qc_buf_init(&out, tap_guard(0, NULL, 600), 600);
        tap_int(qc_sigv4_sign(&cred, &day, &r.req, dates[0], &out),
                (i > 193) ? QC_BAD : QC_OK, "length of region and service");
    }
}


/* Every byte in every place where only some are allowed. */

static void
test_bytes(void)
{
    int             good[5], ok, place, want;
    uint8_t         byte;
    unsigned        ch;
    qc_buf_t        out;
    request_t       r;
    qc_sigv4_day_t  day;

    memset(&day, 0, sizeof(day));
    memset(good, 0, sizeof(good));

    for (ch = 0; ch < 256; ch++) {
        byte = (uint8_t) ch;

        for (place = 0; place < 5; place++) {
            request(&vectors[5], &r);
            want = (ch > ' ' && ch != 0x7f);

            switch (place) {

            case 0:
                r.req.method = qc_str(&byte, 1);
                break;

            case 1:
                r.req.path = qc_str(&byte, 1);
                break;

            case 2:
                r.query[0].value = qc_str(&byte, 1);
                break;

            case 3:
                r.headers[0].value = qc_str(&byte, 1);
                want = (ch == '\t' || (ch >= ' ' && ch != 0x7f));
                break;

            default:
                r.headers[0].name = qc_str(&byte, 1);
                want = ((ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9')
                        || ch == '-' || ch == '_' || ch == '.');
            }

            qc_buf_init(&out, tap_guard(0, NULL, 400), 400);
            ok = (qc_sigv4_sign(&creds[0], &day, &r.req, dates[0], &out)
                  == QC_OK);
            good[place] += (ok == want);
        }
    }

    for (place = 0; place < 5; place++) {
        tap_int(good[place], 256, "every byte in place");
    }
}


static void
test_date(void)
{
    size_t   i;
    qc_rc_e  rc;
    uint8_t  date[QC_SIGV4_DATE_LEN];

    static const struct {
        long long    now;
        const char  *date;
    } cases[] = {
        { 0, "19700101T000000Z" },
        { 86399, "19700101T235959Z" },
        { 68255999, "19720229T235959Z" },
        { 951782400, "20000229T000000Z" },
        { 951868800, "20000301T000000Z" },
        { 1369353600, "20130524T000000Z" },
        { 1440938160, "20150830T123600Z" },
        { 1709164800, "20240229T000000Z" },
        { 1735689599, "20241231T235959Z" },
        { 4107542399LL, "21000228T235959Z" },
        { 4107542400LL, "21000301T000000Z" },
        { 253402300799LL, "99991231T235959Z" },
        { 253402300800LL, NULL },
        { -1, NULL }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        memset(date, '-', sizeof(date));
        rc = qc_sigv4_date((time_t) cases[i].now, date);

        tap_ok((rc == QC_OK) == (cases[i].date != NULL)
               && (rc != QC_OK
                   || memcmp(date, cases[i].date, sizeof(date)) == 0),
               "date %lld", cases[i].now);
    }
}
