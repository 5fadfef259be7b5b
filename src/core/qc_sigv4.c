
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_sigv4.h"


#define QC_SIGV4_DAY_LEN     8
#define QC_SIGV4_SECRET_MAX  128
#define QC_SIGV4_SCOPE_MAX   223       /* 200 and the constant parts */
#define QC_SIGV4_STRING_MAX  (QC_SIGV4_SCOPE_MAX + 128)


static void qc_sigv4_digits(uint8_t *p, uint64_t v, size_t n);
static qc_rc_e qc_sigv4_check(const qc_sigv4_request_t *req);
static int qc_sigv4_visible(qc_str_t s);
static int qc_sigv4_header_ok(const qc_sigv4_pair_t *header);
static void qc_sigv4_sort(const qc_sigv4_pair_t *pairs, size_t n,
    int by_value, size_t *order);
static int qc_sigv4_compare(qc_str_t a, qc_str_t b);
static void qc_sigv4_signed(qc_buf_t *out, const qc_sigv4_request_t *req,
    const size_t *order);
static qc_rc_e qc_sigv4_hash(const qc_sigv4_request_t *req,
    const size_t *order, qc_str_t names, uint8_t sum[QC_SHA256_LEN]);
static void qc_sigv4_str(qc_sha256_t *sha, qc_str_t s);
static void qc_sigv4_char(qc_sha256_t *sha, char ch);
static void qc_sigv4_query(qc_sha256_t *sha, const qc_sigv4_request_t *req);
static void qc_sigv4_headers(qc_sha256_t *sha, const qc_sigv4_request_t *req,
    const size_t *order);
static void qc_sigv4_value(qc_sha256_t *sha, qc_str_t value);
static qc_rc_e qc_sigv4_key(const qc_sigv4_cred_t *cred, qc_sigv4_day_t *day,
    const uint8_t *date);


const qc_str_t  qc_sigv4_empty_payload = qc_string(
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");

static const qc_str_t  qc_sigv4_terminator = qc_string("aws4_request");


/* The calendar of "days from civil" turned round; eras are 400 years. */

qc_rc_e
qc_sigv4_date(time_t now, uint8_t date[QC_SIGV4_DATE_LEN])
{
    uint64_t  sec, days, era, doe, yoe, doy, month, year;

    if (now < 0 || (uint64_t) now > 253402300799) {
        return QC_BAD;
    }

    sec = (uint64_t) now % 86400;

    /* years begin in March, so that the leap day is their last */

    days = (uint64_t) now / 86400 + 719468;
    era = days / 146097;
    doe = days % 146097;
    yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    month = (5 * doy + 2) / 153;
    year = era * 400 + yoe + (month >= 10);

    qc_sigv4_digits(date, year, 4);
    qc_sigv4_digits(date + 4, (month < 10) ? month + 3 : month - 9, 2);
    qc_sigv4_digits(date + 6, doy - (153 * month + 2) / 5 + 1, 2);
    date[8] = 'T';
    qc_sigv4_digits(date + 9, sec / 3600, 2);
    qc_sigv4_digits(date + 11, sec / 60 % 60, 2);
    qc_sigv4_digits(date + 13, sec % 60, 2);
    date[15] = 'Z';

    return QC_OK;
}


static void
qc_sigv4_digits(uint8_t *p, uint64_t v, size_t n)
{
    while (n != 0) {
        p[--n] = (uint8_t) ('0' + v % 10);
        v /= 10;
    }
}


qc_rc_e
qc_sigv4_sign(const qc_sigv4_cred_t *cred, qc_sigv4_day_t *day,
    const qc_sigv4_request_t *req, const uint8_t date[QC_SIGV4_DATE_LEN],
    qc_buf_t *out)
{
    size_t    order[QC_SIGV4_PAIRS_MAX];
    uint8_t   sum[QC_SHA256_LEN], scope_mem[QC_SIGV4_SCOPE_MAX],
              string_mem[QC_SIGV4_STRING_MAX], *names;
    qc_rc_e   rc;
    qc_buf_t  scope, string;

    if (qc_sigv4_check(req) != QC_OK) {
        return QC_BAD;
    }

    qc_buf_init(&scope, scope_mem, sizeof(scope_mem));
    qc_buf_put(&scope, date, QC_SIGV4_DAY_LEN);
    qc_buf_char(&scope, '/');
    qc_buf_str(&scope, cred->region);
    qc_buf_char(&scope, '/');
    qc_buf_str(&scope, cred->service);
    qc_buf_char(&scope, '/');
    qc_buf_str(&scope, qc_sigv4_terminator);

    if (qc_buf_status(&scope) != QC_OK) {
        return QC_BAD;
    }

    qc_sigv4_sort(req->headers, req->nheaders, 0, order);

    qc_buf_cstr(out, "AWS4-HMAC-SHA256 Credential=");
    qc_buf_str(out, cred->access_key);
    qc_buf_char(out, '/');
    qc_buf_str(out, qc_buf_written(&scope));
    qc_buf_cstr(out, ", SignedHeaders=");
    names = out->pos;
    qc_sigv4_signed(out, req, order);

    if (qc_buf_status(out) != QC_OK) {
        return QC_NOSPACE;
    }

    rc = qc_sigv4_hash(req, order, qc_str(names, (size_t) (out->pos - names)),
                       sum);
    if (rc != QC_OK) {
        return rc;
    }

    rc = qc_sigv4_key(cred, day, date);

    if (rc != QC_OK) {
        return rc;
    }

    qc_buf_init(&string, string_mem, sizeof(string_mem));
    qc_buf_cstr(&string, "AWS4-HMAC-SHA256\n");
    qc_buf_put(&string, date, QC_SIGV4_DATE_LEN);
    qc_buf_char(&string, '\n');
    qc_buf_str(&string, qc_buf_written(&scope));
    qc_buf_char(&string, '\n');
    qc_buf_hex(&string, sum, sizeof(sum));

    rc = qc_hmac_sha256(qc_str(day->key, sizeof(day->key)),
                        qc_buf_written(&string), sum);
    if (rc != QC_OK) {
        return rc;
    }

    qc_buf_cstr(out, ", Signature=");
    qc_buf_hex(out, sum, sizeof(sum));

    return qc_buf_status(out);
}


static qc_rc_e
qc_sigv4_check(const qc_sigv4_request_t *req)
{
    size_t  i;

    if (req->nquery > QC_SIGV4_PAIRS_MAX
        || req->nheaders > QC_SIGV4_PAIRS_MAX
        || !qc_sigv4_visible(req->method)
        || !qc_sigv4_visible(req->path)
        || !qc_sigv4_visible(req->payload))
    {
        return QC_BAD;
    }

    for (i = 0; i < req->nquery; i++) {
        if (!qc_sigv4_visible(req->query[i].name)
            || !qc_sigv4_visible(req->query[i].value))
        {
            return QC_BAD;
        }
    }

    for (i = 0; i < req->nheaders; i++) {
        if (!qc_sigv4_header_ok(&req->headers[i])) {
            return QC_BAD;
        }
    }

    return QC_OK;
}


static int
qc_sigv4_visible(qc_str_t s)
{
    size_t  i;

    for (i = 0; i < s.len; i++) {
        if (s.data[i] <= ' ' || s.data[i] == 0x7f) {
            return 0;
        }
    }

    return 1;
}


static int
qc_sigv4_header_ok(const qc_sigv4_pair_t *header)
{
    size_t   i;
    uint8_t  ch;

    if (header->name.len == 0) {
        return 0;
    }

    for (i = 0; i < header->name.len; i++) {
        ch = header->name.data[i];

        if (!((ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9')
              || ch == '-' || ch == '_' || ch == '.'))
        {
            return 0;
        }
    }

    for (i = 0; i < header->value.len; i++) {
        ch = header->value.data[i];

        if ((ch < ' ' && ch != '\t') || ch == 0x7f) {
            return 0;
        }
    }

    return 1;
}


/* Stable, and there are few. */

static void
qc_sigv4_sort(const qc_sigv4_pair_t *pairs, size_t n, int by_value,
    size_t *order)
{
    int     cmp;
    size_t  i, j;

    for (i = 0; i < n; i++) {

        for (j = i; j != 0; j--) {
            cmp = qc_sigv4_compare(pairs[order[j - 1]].name, pairs[i].name);

            if (cmp == 0 && by_value) {
                cmp = qc_sigv4_compare(pairs[order[j - 1]].value,
                                       pairs[i].value);
            }

            if (cmp <= 0) {
                break;
            }

            order[j] = order[j - 1];
        }

        order[j] = i;
    }
}


static int
qc_sigv4_compare(qc_str_t a, qc_str_t b)
{
    int     cmp;
    size_t  len;

    len = (a.len < b.len) ? a.len : b.len;
    cmp = (len != 0) ? memcmp(a.data, b.data, len) : 0;

    return (cmp != 0) ? cmp : (a.len > b.len) - (a.len < b.len);
}


static void
qc_sigv4_signed(qc_buf_t *out, const qc_sigv4_request_t *req,
    const size_t *order)
{
    size_t    i;
    qc_str_t  name;

    for (i = 0; i < req->nheaders; i++) {
        name = req->headers[order[i]].name;

        if (i != 0) {
            if (qc_str_eq(name, req->headers[order[i - 1]].name)) {
                continue;
            }

            qc_buf_char(out, ';');
        }

        qc_buf_str(out, name);
    }
}


static qc_rc_e
qc_sigv4_hash(const qc_sigv4_request_t *req, const size_t *order,
    qc_str_t names, uint8_t sum[QC_SHA256_LEN])
{
    qc_rc_e      rc;
    qc_sha256_t  sha;

    rc = qc_sha256_create(&sha);

    if (rc != QC_OK) {
        return rc;
    }

    qc_sigv4_str(&sha, req->method);
    qc_sigv4_char(&sha, '\n');
    qc_sigv4_str(&sha, req->path);
    qc_sigv4_char(&sha, '\n');
    qc_sigv4_query(&sha, req);
    qc_sigv4_char(&sha, '\n');
    qc_sigv4_headers(&sha, req, order);
    qc_sigv4_char(&sha, '\n');
    qc_sigv4_str(&sha, names);
    qc_sigv4_char(&sha, '\n');
    qc_sigv4_str(&sha, req->payload);

    rc = qc_sha256_final(&sha, sum);

    qc_sha256_destroy(&sha);

    return rc;
}


static void
qc_sigv4_str(qc_sha256_t *sha, qc_str_t s)
{
    qc_sha256_update(sha, s.data, s.len);
}


static void
qc_sigv4_char(qc_sha256_t *sha, char ch)
{
    qc_sha256_update(sha, &ch, 1);
}


static void
qc_sigv4_query(qc_sha256_t *sha, const qc_sigv4_request_t *req)
{
    size_t                  i, order[QC_SIGV4_PAIRS_MAX];
    const qc_sigv4_pair_t  *pair;

    qc_sigv4_sort(req->query, req->nquery, 1, order);

    for (i = 0; i < req->nquery; i++) {
        pair = &req->query[order[i]];

        if (i != 0) {
            qc_sigv4_char(sha, '&');
        }

        qc_sigv4_str(sha, pair->name);
        qc_sigv4_char(sha, '=');
        qc_sigv4_str(sha, pair->value);
    }
}


static void
qc_sigv4_headers(qc_sha256_t *sha, const qc_sigv4_request_t *req,
    const size_t *order)
{
    size_t                  i;
    const qc_sigv4_pair_t  *header;

    for (i = 0; i < req->nheaders; i++) {
        header = &req->headers[order[i]];

        if (i != 0 && qc_str_eq(header->name,
                                req->headers[order[i - 1]].name))
        {
            qc_sigv4_char(sha, ',');

        } else {
            if (i != 0) {
                qc_sigv4_char(sha, '\n');
            }

            qc_sigv4_str(sha, header->name);
            qc_sigv4_char(sha, ':');
        }

        qc_sigv4_value(sha, header->value);
    }

    if (req->nheaders != 0) {
        qc_sigv4_char(sha, '\n');
    }
}


/* Words with one space between them, none around. */

static void
qc_sigv4_value(qc_sha256_t *sha, qc_str_t value)
{
    int     first;
    size_t  i, start;

    first = 1;
    i = 0;

    for ( ;; ) {
        while (i < value.len
               && (value.data[i] == ' ' || value.data[i] == '\t'))
        {
            i++;
        }

        if (i == value.len) {
            return;
        }

        start = i;

        while (i < value.len
               && value.data[i] != ' ' && value.data[i] != '\t')
        {
            i++;
        }

        if (!first) {
            qc_sigv4_char(sha, ' ');
        }

        first = 0;
        qc_sha256_update(sha, value.data + start, i - start);
    }
}


static qc_rc_e
qc_sigv4_key(const qc_sigv4_cred_t *cred, qc_sigv4_day_t *day,
    const uint8_t *date)
{
    size_t    i;
    uint8_t   mem[4 + QC_SIGV4_SECRET_MAX];
    qc_rc_e   rc;
    qc_str_t  steps[3];
    qc_buf_t  secret;

    if (day->valid && memcmp(day->date, date, QC_SIGV4_DAY_LEN) == 0) {
        return QC_OK;
    }

    day->valid = 0;

    qc_buf_init(&secret, mem, sizeof(mem));
    qc_buf_cstr(&secret, "AWS4");
    qc_buf_str(&secret, cred->secret_key);

    if (qc_buf_status(&secret) != QC_OK) {
        return QC_BAD;
    }

    rc = qc_hmac_sha256(qc_buf_written(&secret),
                        qc_str(date, QC_SIGV4_DAY_LEN), day->key);

    qc_wipe(mem, sizeof(mem));

    steps[0] = cred->region;
    steps[1] = cred->service;
    steps[2] = qc_sigv4_terminator;

    /* the library has taken the key in before it writes the result there */

    for (i = 0; i < 3 && rc == QC_OK; i++) {
        rc = qc_hmac_sha256(qc_str(day->key, sizeof(day->key)), steps[i],
                            day->key);
    }

    if (rc != QC_OK) {
        return rc;
    }

    memcpy(day->date, date, QC_SIGV4_DAY_LEN);
    day->valid = 1;

    return QC_OK;
}
