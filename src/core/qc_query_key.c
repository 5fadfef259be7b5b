
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/* The key of a request: all that may change the answer is in it. */

#include "qc_query_form.h"


#define QC_QUERY_HEADERS_MAX  32       /* sorted together */
#define QC_QUERY_NAME_LEN     64       /* longer names are as they are */


static const qc_part_t *qc_query_part(const qc_query_t *q, qc_str_t name);
static void qc_query_key_field(const qc_query_t *q, qc_key_t *k,
    const char *name, qc_str_t value);
static void qc_query_key_parts(const qc_query_t *q, qc_key_t *k);
static void qc_query_key_headers(const qc_query_t *q, qc_key_t *k);
static int qc_query_key_takes(const qc_query_t *q, const qc_field_t *h);
static int qc_query_is_host(qc_str_t value, qc_str_t host);
static int qc_query_name_cmp(qc_str_t a, qc_str_t b);
static void qc_query_key_sorted(const qc_query_t *q, qc_key_t *k,
    const qc_field_t *const *sorted, size_t n);
static int qc_query_name_is(qc_str_t lowcase, const char *name);
static qc_str_t qc_query_key_name(qc_str_t name, uint8_t from, uint8_t to,
    uint8_t *text);
static void qc_query_key_header(const qc_query_t *q, qc_key_t *k,
    const qc_field_t *h);
static void qc_query_key_cookies(const qc_query_t *q, qc_key_t *k,
    qc_str_t value);
static int qc_query_key_document(const qc_query_t *q, qc_key_t *k);
static int qc_query_begins_encoded(qc_str_t s, const char *text);


/*
 * Fields that are in the key whenever they are there: what says who asks, and
 * what an analytics API reads its query from; by name, and by how the name
 * begins.
 */

static const qc_str_t  qc_query_headers[] = {
    qc_string("authorization"),
    qc_string("proxy-authorization"),
    qc_string("cookie"),
    qc_string("content-type"),
    qc_string("content-encoding"),
    qc_string("api-key"),
    qc_string("apikey"),
    qc_string("x-api-key"),
    qc_string("x-auth-token"),
    qc_string("x-access-token"),
    qc_string("x-tenant"),
    qc_string("x-tenant-id"),
    qc_string("x-org-id"),
    qc_string("x-scope-orgid"),
    qc_string("x-user"),
    qc_string("x-user-id"),
    qc_string("x-role"),
    qc_string("x-team-id"),
    qc_string("x-forwarded-user"),
    qc_string("x-forwarded-email"),
    qc_string("x-forwarded-groups"),
    qc_string("x-remote-user"),
    qc_string("x-auth-request-user"),
    qc_string("x-auth-request-email"),
    qc_string("x-auth-request-groups"),
    qc_string("x-webauth-user"),
    qc_string("x-grafana-user"),
    qc_string("es-security-runas-user"),
    qc_string("x-amzn-oidc-data"),
    qc_string("x-goog-iap-jwt-assertion"),
    qc_string("cf-access-jwt-assertion"),
    qc_string("x-ms-client-principal"),
    qc_string("x-cube-authorization"),
    qc_string("es-secondary-authorization"),
    qc_string("securitytenant"),
    qc_string("opendistro-security-impersonate-as"),
    qc_string("x-proxy-user"),
    qc_string("x-proxy-roles"),
    qc_string("database"),
    qc_string("x-http-method-override"),
    qc_string("x-http-method"),
    qc_string("x-method-override")
};

/* All fields of these, an engine's own. */

static const char *const  qc_query_prefixes[] = {
    "x-clickhouse-",
    "x-hasura-",
    NULL
};

/* Parts of the key with names of their own; others are the operator's. */

static const char *const  qc_query_builtins[] = {
    "host",
    "uri",
    "args",
    "client_cert",
    NULL
};

/* Parts of names of secrets. */

static const char *const  qc_query_secrets[] = {
    "auth",
    "cookie",
    "credential",
    "jwt",
    "key",
    "passw",
    "secret",
    "token",
    NULL
};


int
qc_query_key(const qc_query_t *q, qc_key_t *k)
{
    const qc_part_t     *part;
    const qc_request_t  *r;

    r = q->request;

    qc_key_field(k, qc_str("zone", 4), r->zone);
    qc_key_field(k, qc_str("location", 8), r->location);
    qc_key_field(k, qc_str("method", 6),
                 q->rules->fold ? qc_str("any", 3) : r->method);

    if (r->type.len != 0) {
        qc_key_field(k, qc_str("type", 4), r->type);
    }

    if (r->has_ns) {
        qc_key_field(k, qc_str("namespace", 9), r->ns);
    }

    qc_query_key_field(q, k, "host", r->host);
    qc_query_key_field(q, k, "uri", r->uri);

    part = qc_query_part(q, qc_str("uri", 3));

    if (part == NULL) {
        qc_key_field(k, qc_str("raw", 3), r->raw);
    }

    qc_query_key_field(q, k, "args", q->args);

    if (r->cert.len != 0) {
        qc_query_key_field(q, k, "client_cert", r->cert);
    }

    qc_query_key_headers(q, k);
    qc_query_key_parts(q, k);

    return qc_query_key_document(q, k);
}


static const qc_part_t *
qc_query_part(const qc_query_t *q, qc_str_t name)
{
    size_t  i;

    for (i = 0; i < q->request->nparts; i++) {
        if (qc_str_eq(q->request->parts[i].name, name)) {
            return &q->request->parts[i];
        }
    }

    return NULL;
}


static void
qc_query_key_field(const qc_query_t *q, qc_key_t *k, const char *name,
    qc_str_t value)
{
    qc_str_t          n;
    const qc_part_t  *part;

    n = qc_str(name, strlen(name));
    part = qc_query_part(q, n);

    if (part == NULL) {
        qc_key_field(k, n, value);

    } else if (!part->absent) {
        qc_key_field(k, n, part->value);
    }
}


/* Parts the operator named, those that replaced built-in ones left out. */

static void
qc_query_key_parts(const qc_query_t *q, qc_key_t *k)
{
    size_t            i, n;
    const qc_part_t  *part;

    for (i = 0; i < q->request->nparts; i++) {

        part = &q->request->parts[i];

        if (part->absent) {
            continue;
        }

        for (n = 0; qc_query_builtins[n] != NULL; n++) {
            if (qc_str_eq(part->name, qc_str(qc_query_builtins[n],
                                             strlen(qc_query_builtins[n]))))
            {
                break;
            }
        }

        if (qc_query_builtins[n] == NULL) {
            qc_key_field(k, part->name, part->value);
        }
    }
}


/*
 * Fields of different names mean the same in any order (RFC 9110 section 5.3).
 * If there are more than anybody needs, they are sorted piece by piece.
 */

static void
qc_query_key_headers(const qc_query_t *q, qc_key_t *k)
{
    size_t             i, j, n;
    const qc_field_t  *h, *sorted[QC_QUERY_HEADERS_MAX];

    n = 0;

    for (i = 0; i < q->request->nheaders; i++) {

        h = &q->request->headers[i];

        if (!qc_query_key_takes(q, h)) {
            continue;
        }

        if (n == QC_QUERY_HEADERS_MAX) {
            qc_query_key_sorted(q, k, sorted, n);
            n = 0;
        }

        for (j = n; j > 0; j--) {

            if (qc_query_name_cmp(sorted[j - 1]->name, h->name) <= 0) {
                break;
            }

            sorted[j] = sorted[j - 1];
        }

        sorted[j] = h;
        n++;
    }

    qc_query_key_sorted(q, k, sorted, n);
}


static int
qc_query_key_takes(const qc_query_t *q, const qc_field_t *h)
{
    if (qc_query_key_has(q, h->name)) {
        return 1;
    }

    if (q->rules->engine->accept && qc_query_name_is(h->name, "accept")) {

        /* but what these engines send anyway */

        return !qc_list_has(&q->rules->share.headers, h->name)
               && !qc_query_begins(h->value, "application/json,")
               && !qc_str_eq(h->value, qc_str("application/json", 16))
               && !qc_str_eq(h->value, qc_str("*/*", 3));
    }

    /* "GET http://a/" with "Host: b": either may be passed on */

    if (qc_query_name_is(h->name, "host")) {
        return !qc_list_has(&q->rules->share.headers, h->name)
               && !qc_query_is_host(h->value, q->request->host);
    }

    return qc_query_name_is(h->name, "cookie")
           && q->rules->identity.cookies.n != 0;
}


/* In any case, with a dot and a port behind it or without. */

static int
qc_query_is_host(qc_str_t value, qc_str_t host)
{
    size_t   i;
    uint8_t  ch;

    if (value.len < host.len) {
        return 0;
    }

    for (i = 0; i < host.len; i++) {
        ch = value.data[i];
        ch = (uint8_t) ((ch >= 'A' && ch <= 'Z') ? (ch | 0x20) : ch);

        if (ch != host.data[i]) {
            return 0;
        }
    }

    i += (i < value.len && value.data[i] == '.');

    return i == value.len || value.data[i] == ':';
}


static int
qc_query_name_cmp(qc_str_t a, qc_str_t b)
{
    int     rc;
    size_t  len;

    len = (a.len < b.len) ? a.len : b.len;
    rc = (len != 0) ? memcmp(a.data, b.data, len) : 0;

    return (rc != 0) ? rc : (a.len > b.len) - (a.len < b.len);
}


static void
qc_query_key_sorted(const qc_query_t *q, qc_key_t *k,
    const qc_field_t *const *sorted, size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {

        if (qc_query_name_is(sorted[i]->name, "cookie")
            && !qc_query_key_has(q, sorted[i]->name))
        {
            qc_query_key_cookies(q, k, sorted[i]->value);

        } else {
            qc_query_key_header(q, k, sorted[i]);
        }
    }
}


int
qc_query_key_has(const qc_query_t *q, qc_str_t name)
{
    size_t             i;
    uint8_t            text[QC_QUERY_NAME_LEN];
    const qc_rules_t  *rules;

    rules = q->rules;
    name = qc_query_key_name(name, '_', '-', text);

    if (qc_list_has(&rules->share.headers, name)) {
        return 0;
    }

    if (qc_list_has(&rules->identity.headers, name)) {
        return 1;
    }

    /* a query that was understood is the same whatever it came in */

    if (rules->fold && q->form != QC_FORM_RAW
        && qc_query_name_is(name, "content-type"))
    {
        return 0;
    }

    if (q->decoded && qc_query_name_is(name, "content-encoding")) {
        return 0;
    }

    for (i = 0; qc_query_prefixes[i] != NULL; i++) {
        if (qc_query_begins(name, qc_query_prefixes[i])) {
            return 1;
        }
    }

    for (i = 0; i < sizeof(qc_query_headers) / sizeof(qc_str_t); i++) {
        if (qc_str_eq(name, qc_query_headers[i])) {
            return 1;
        }
    }

    return 0;
}


static int
qc_query_name_is(qc_str_t lowcase, const char *name)
{
    return lowcase.len == strlen(name)
           && memcmp(lowcase.data, name, lowcase.len) == 0;
}


/* Gateways, and variables of nginx, take "X_Team" for "X-Team". */

static qc_str_t
qc_query_key_name(qc_str_t name, uint8_t from, uint8_t to, uint8_t *text)
{
    size_t  i;

    if (name.len > QC_QUERY_NAME_LEN) {
        return name;
    }

    for (i = 0; i < name.len; i++) {
        text[i] = (name.data[i] == from) ? to : name.data[i];
    }

    return qc_str(text, name.len);
}


/*
 * Named as variables name them: authorization, content_type.  What had a "_"
 * is not the same to all who read it, and has a "-" in its place.
 */

static void
qc_query_key_header(const qc_query_t *q, qc_key_t *k, const qc_field_t *h)
{
    size_t    i;
    uint8_t   text[QC_QUERY_NAME_LEN];
    qc_str_t  name;

    if (qc_query_name_is(h->name, "cookie") && q->rules->share.cookies.n != 0
        && qc_query_part(q, h->name) == NULL)
    {
        qc_query_key_cookies(q, k, h->value);
        return;
    }

    name = qc_query_key_name(h->name, '-', '_', text);

    if (qc_query_part(q, name) != NULL) {
        return;
    }

    if (name.data == text) {

        for (i = 0; i < name.len; i++) {
            if (h->name.data[i] == '_') {
                text[i] = '-';
            }
        }
    }

    qc_key_field(k, name, h->value);
}


/*
 * One by one (RFC 6265 section 4.2.1): those that are shared left out, or, if
 * all of them are, those kept that say who asks.
 */

static void
qc_query_key_cookies(const qc_query_t *q, qc_key_t *k, qc_str_t value)
{
    int             all, has, several;
    qc_str_t        pair, name;
    const uint8_t  *p, *end, *next, *eq;

    all = !qc_list_has(&q->rules->share.headers, qc_str("cookie", 6));

    end = value.data + value.len;

    for (p = value.data; p < end; p = next + 1) {

        next = memchr(p, ';', (size_t) (end - p));

        if (next == NULL) {
            next = end;
        }

        pair = qc_str(p, (size_t) (next - p));

        while (pair.len != 0 && (*pair.data == ' ' || *pair.data == '\t')) {
            pair.data++;
            pair.len--;
        }

        if (pair.len == 0) {
            continue;
        }

        name = pair;
        eq = memchr(pair.data, '=', pair.len);

        if (eq != NULL) {
            name.len = (size_t) (eq - pair.data);
        }

        /* one for us, others may see several in it */

        several = memchr(pair.data, ',', pair.len) != NULL
                  || memchr(pair.data, '"', pair.len) != NULL;

        has = qc_list_has(&q->rules->identity.cookies, name)
              || (all && (several
                          || !qc_list_has(&q->rules->share.cookies, name)));

        if (has) {
            qc_key_field(k, qc_str("cookie", 6), pair);
        }
    }
}


/* The names tell the forms apart; what is raw is named "body". */

static int
qc_query_key_document(const qc_query_t *q, qc_key_t *k)
{
    if (qc_query_part(q, qc_str("body", 4)) != NULL) {
        return 0;
    }

    if (q->form == QC_FORM_RAW) {
        return 1;
    }

    if (q->sql.len != 0) {
        qc_key_field(k, qc_str("sql", 3), q->sql);
    }

    if (q->hashed) {
        qc_key_field(k, qc_str("persisted", 9),
                     qc_str(q->hash, QC_SHA256_LEN));

    } else if (q->graphql.len != 0) {
        qc_key_field(k, qc_str("graphql", 7), q->graphql);
    }

    if (q->operation.data != NULL) {
        qc_key_field(k, qc_str("operation", 9), q->operation);
    }

    if (q->json.len != 0) {
        qc_key_field(k, qc_str("json", 4), q->json);
    }

    return 0;
}


/* A name of an argument may be percent-encoded. */

int
qc_query_is_secret(qc_str_t name)
{
    size_t  i;

    for ( /* void */ ; name.len != 0; name.data++, name.len--) {
        for (i = 0; qc_query_secrets[i] != NULL; i++) {
            if (qc_query_begins_encoded(name, qc_query_secrets[i])) {
                return 1;
            }
        }
    }

    return 0;
}


static int
qc_query_begins_encoded(qc_str_t s, const char *text)
{
    size_t   i;
    uint8_t  ch;

    for (i = 0; text[i] != '\0'; i++) {

        if (s.len > 2 && s.data[0] == '%'
            && qc_parse_hex(qc_str(s.data + 1, 2), &ch, 1) == QC_OK)
        {
            s.data += 2;
            s.len -= 2;

        } else if (s.len != 0) {
            ch = s.data[0];

        } else {
            return 0;
        }

        if ((ch | 0x20) != (uint8_t) text[i]) {
            return 0;
        }

        s.data++;
        s.len--;
    }

    return 1;
}
