
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * Whatever stands beside it, "no-store" is heard; whatever stands beside it,
 * "*" varies; and a list with the tag in it matches.  The input is three
 * strings: lengths of the first two, then all of them.
 */

#include "fuzz.h"
#include "qc_fresh.h"


static void check_control(fuzz_t *f, qc_str_t a, qc_str_t b);
static void check_vary(fuzz_t *f, qc_str_t value, qc_str_t a, qc_str_t b);
static void check_etag(fuzz_t *f, qc_str_t list, qc_str_t tag);
static qc_str_t join(fuzz_t *f, qc_str_t a, const char *between, qc_str_t b);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_t    f;
    qc_str_t  a, b, c;

    fuzz_init(&f, data, size);

    size = fuzz_u8(&f);
    b = fuzz_str(&f, fuzz_u8(&f));
    a = fuzz_str(&f, size);
    c = fuzz_rest(&f);

    check_control(&f, a, b);
    check_control(&f, c, a);
    check_vary(&f, c, a, b);
    check_etag(&f, c, a);

    fuzz_done(&f);

    return 0;
}


static void
check_control(fuzz_t *f, qc_str_t a, qc_str_t b)
{
    uint64_t            age;
    qc_cache_control_t  cc;

    memset(&cc, 0, sizeof(cc));
    qc_cache_control_parse(&cc, a);

    fuzz_check(cc.age <= 0x7fffffff);
    fuzz_check(cc.has_age || (cc.age == 0 && !cc.shared));

    /* another line can take a lifetime away, but not what forbids storing */

    age = cc.age;
    qc_cache_control_parse(&cc, b);
    fuzz_check(cc.age <= 0x7fffffff);
    fuzz_check(cc.has_age || (cc.age == 0 && !cc.shared && age == 0));

    memset(&cc, 0, sizeof(cc));
    qc_cache_control_parse(&cc, join(f, a, ", no-store", qc_str("", 0)));
    fuzz_check(cc.no_store);

    memset(&cc, 0, sizeof(cc));
    qc_cache_control_parse(&cc, join(f, qc_str("", 0), "no-store,", a));
    fuzz_check(cc.no_store);
}


static void
check_vary(fuzz_t *f, qc_str_t value, qc_str_t a, qc_str_t b)
{
    int       within;
    qc_str_t  names[3];

    names[0] = a;
    names[1] = b;
    names[2] = qc_str("*", 1);

    within = qc_vary_within(value, names, 3);

    fuzz_check(qc_vary_within(join(f, value, ",*", qc_str("", 0)), names, 3)
               == 0);
    fuzz_check(qc_vary_within(join(f, qc_str("", 0), "*,", value), names, 3)
               == 0);
    fuzz_check(qc_vary_within(join(f, value, " , ,", value), names, 3)
               == within);
    fuzz_check(qc_vary_within(value, names, 0) <= within);
}


static void
check_etag(fuzz_t *f, qc_str_t list, qc_str_t tag)
{
    int       match, valid;
    qc_str_t  none;

    none = qc_str("", 0);
    match = qc_etag_match(list, tag);
    valid = qc_etag_match(tag, tag);

    if (match && list.len != 0 && memchr(list.data, '*', list.len) == NULL) {
        fuzz_check(valid);
        fuzz_check(qc_etag_match(join(f, list, ", x", none), tag));
        fuzz_check(qc_etag_match(join(f, none, ", ,\t\"q\",", list), tag));
    }

    if (tag.len != 0 && tag.data[0] == '"' && valid) {
        fuzz_check(qc_etag_match(join(f, tag, ",", list), tag));
        fuzz_check(qc_etag_match(join(f, none, "W/", tag), tag));
        fuzz_check(qc_etag_match(tag, join(f, none, "W/", tag)));
    }

    fuzz_check(!qc_etag_match(none, tag));
}


static qc_str_t
join(fuzz_t *f, qc_str_t a, const char *between, qc_str_t b)
{
    size_t    len, n;
    uint8_t  *p;

    n = strlen(between);
    len = a.len + n + b.len;
    p = fuzz_alloc(f, len);

    if (a.len != 0) {
        memcpy(p, a.data, a.len);
    }

    memcpy(p + a.len, between, n);

    if (b.len != 0) {
        memcpy(p + a.len + n, b.data, b.len);
    }

    return qc_str(p, len);
}
