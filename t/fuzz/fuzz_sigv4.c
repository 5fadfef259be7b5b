
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * Any request: what is signed has sorted names, fits the buffer, and does
 * not depend on the order in which the pairs were given.
 */

#include "fuzz.h"
#include "qc_sigv4.h"


#define PAIRS  (QC_SIGV4_PAIRS_MAX + 2)


static size_t read_pairs(fuzz_t *f, qc_sigv4_pair_t *pairs);
static void reverse(qc_sigv4_pair_t *pairs, size_t n);
static int distinct(const qc_sigv4_pair_t *pairs, size_t n);
static void check_value(qc_str_t value, const qc_sigv4_request_t *req);
static void check_date(fuzz_t *f);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_t              f;
    qc_rc_e             rc;
    qc_str_t            first;
    qc_buf_t            out, again;
    const uint8_t      *date;
    qc_sigv4_day_t      day;
    qc_sigv4_cred_t     cred;
    qc_sigv4_pair_t     query[PAIRS], headers[PAIRS];
    qc_sigv4_request_t  req;

    fuzz_init(&f, data, size);
    check_date(&f);

    size = fuzz_u16(&f) % (2 * QC_SIGV4_AUTH_MAX);
    date = fuzz_str(&f, QC_SIGV4_DATE_LEN).data;
    cred.access_key = fuzz_str(&f, fuzz_u8(&f));
    cred.secret_key = fuzz_str(&f, fuzz_u8(&f));
    cred.region = fuzz_str(&f, fuzz_u8(&f));
    cred.service = fuzz_str(&f, fuzz_u8(&f));
    req.method = fuzz_str(&f, fuzz_u8(&f));
    req.path = fuzz_str(&f, fuzz_u8(&f));
    req.payload = fuzz_str(&f, fuzz_u8(&f));
    req.query = query;
    req.nquery = read_pairs(&f, query);
    req.headers = headers;
    req.nheaders = read_pairs(&f, headers);

    if (f.data - data < QC_SIGV4_DATE_LEN + 10) {
        date = (const uint8_t *) "20261120T043129Z";
    }

    memset(&day, 0, sizeof(day));
    qc_buf_init(&out, fuzz_alloc(&f, size), size);
    rc = qc_sigv4_sign(&cred, &day, &req, date, &out);

    fuzz_check(rc == QC_OK || rc == QC_BAD || rc == QC_NOSPACE);

    if (req.nquery > QC_SIGV4_PAIRS_MAX || req.nheaders > QC_SIGV4_PAIRS_MAX) {
        fuzz_check(rc == QC_BAD);
    }

    if (rc == QC_OK) {
        first = qc_buf_written(&out);
        check_value(first, &req);

        reverse(query, req.nquery);

        if (distinct(headers, req.nheaders)) {
            reverse(headers, req.nheaders);
        }

        qc_buf_init(&again, fuzz_alloc(&f, first.len), first.len);
        fuzz_check(qc_sigv4_sign(&cred, &day, &req, date, &again) == QC_OK);
        fuzz_check(qc_str_eq(first, qc_buf_written(&again)));
    }

    fuzz_done(&f);

    return 0;
}


static size_t
read_pairs(fuzz_t *f, qc_sigv4_pair_t *pairs)
{
    size_t    i, n;
    unsigned  lengths;

    n = fuzz_u8(f) % (PAIRS + 1);
    n = (n > 20 && n <= 30) ? 20 : n;

    for (i = 0; i < n; i++) {

        /* of many, the rest is empty and needs no memory of its own */

        if (i >= 20) {
            pairs[i].name = qc_str("a", 1);
            pairs[i].value = qc_str("", 0);
            continue;
        }

        lengths = fuzz_u8(f);
        pairs[i].name = fuzz_str(f, lengths & 0xf);
        pairs[i].value = fuzz_str(f, lengths >> 4);
    }

    return n;
}


static void
reverse(qc_sigv4_pair_t *pairs, size_t n)
{
    size_t           i;
    qc_sigv4_pair_t  pair;

    for (i = 0; i < n / 2; i++) {
        pair = pairs[i];
        pairs[i] = pairs[n - 1 - i];
        pairs[n - 1 - i] = pair;
    }
}


static int
distinct(const qc_sigv4_pair_t *pairs, size_t n)
{
    size_t  i, j;

    for (i = 0; i < n; i++) {
        for (j = 0; j < i; j++) {
            if (qc_str_eq(pairs[i].name, pairs[j].name)) {
                return 0;
            }
        }
    }

    return 1;
}


/* "... SignedHeaders=a;b;c, Signature=" and 64 digits */

static void
check_value(qc_str_t value, const qc_sigv4_request_t *req)
{
    size_t          i, n;
    qc_str_t        name, last;
    const uint8_t  *p, *end;

    fuzz_check(value.len > 64 + 12);
    end = value.data + value.len - 64 - 12;
    fuzz_check(memcmp(end, ", Signature=", 12) == 0);

    for (i = 12; i < 12 + 64; i++) {
        fuzz_check((end[i] >= '0' && end[i] <= '9')
                   || (end[i] >= 'a' && end[i] <= 'f'));
    }

    for (p = end; p[-1] != '='; p--) {
        /* void */
    }

    last = qc_str("", 0);

    for (n = 0; p < end; n++) {
        name = qc_str(p, 0);

        while (p < end && *p != ';') {
            p++;
            name.len++;
        }

        p++;

        i = (last.len < name.len) ? last.len : name.len;
        i = (size_t) (memcmp(last.data, name.data, i) < 0
                      || (memcmp(last.data, name.data, i) == 0
                          && last.len < name.len));
        fuzz_check(i);
        last = name;
    }

    fuzz_check(n <= req->nheaders);
    fuzz_check((n == 0) == (req->nheaders == 0));
}


/* Days follow one another: the calendar against counting. */

static void
check_date(fuzz_t *f)
{
    size_t    i;
    time_t    now;
    uint8_t   date[QC_SIGV4_DATE_LEN], next[QC_SIGV4_DATE_LEN];
    uint64_t  v;

    v = 0;

    for (i = 0; i < 6; i++) {
        v = v << 8 | fuzz_u8(f);
    }

    now = (time_t) (v % 253402214400);

    fuzz_check(qc_sigv4_date(now, date) == QC_OK);
    fuzz_check(qc_sigv4_date(now + 86400, next) == QC_OK);
    fuzz_check(memcmp(date, next, 8) < 0);
    fuzz_check(memcmp(date + 8, next + 8, 8) == 0);
    fuzz_check(next[7] == date[7] + 1 || next[7] == '0'
               || memcmp(next + 6, "01", 2) == 0);

    if (v > 253402300799) {
        fuzz_check(qc_sigv4_date((time_t) v, date) == QC_BAD);
    }

    fuzz_check(qc_sigv4_date(-1 - (time_t) v, date) == QC_BAD);
}
