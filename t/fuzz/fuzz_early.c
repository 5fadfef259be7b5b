
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * More cost, a larger beta, less time left and a smaller number are never
 * later; a lifetime grows with what it is made from, and stays in its bounds.
 */

#include "fuzz.h"
#include "qc_early.h"


static uint64_t number(fuzz_t *f);
static void check_early(uint64_t cost, uint64_t beta, int64_t left,
    uint32_t random);
static void check_ahead(uint64_t created, uint64_t fresh, uint64_t now,
    uint64_t percent);
static void check_ttl(uint64_t cost, uint64_t factor, uint64_t min,
    uint64_t max);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_t    f;
    uint64_t  a, b, c, d;

    fuzz_init(&f, data, size);

    a = number(&f);
    b = number(&f);
    c = number(&f);
    d = number(&f);

    check_early(a, b, (int64_t) c, (uint32_t) d);
    check_ahead(a, b, c, d);
    check_ttl(a, b, c, d);

    fuzz_done(&f);

    return 0;
}


/* Of any size, since most of 64 bits are large. */

static uint64_t
number(fuzz_t *f)
{
    uint64_t  v;
    unsigned  i, shift;

    shift = fuzz_u8(f) & 63;
    v = 0;

    for (i = 0; i < 8; i++) {
        v = v << 8 | fuzz_u8(f);
    }

    return v >> shift;
}


static void
check_early(uint64_t cost, uint64_t beta, int64_t left, uint32_t random)
{
    int  early;

    early = qc_early(cost, beta, left, random);

    if (cost == 0 || beta == 0) {
        fuzz_check(!early);
        return;
    }

    if (left <= 0) {
        fuzz_check(early);
        return;
    }

    if (early) {
        fuzz_check(qc_early(cost, beta, left - 1, random));
        fuzz_check(qc_early(cost, beta, left / 2, random));
        fuzz_check(random == 0 || qc_early(cost, beta, left, random - 1));
        fuzz_check(qc_early(cost, beta, left, random / 2));
        fuzz_check(cost == UINT64_MAX
                   || qc_early(cost + 1, beta, left, random));
        fuzz_check(beta == UINT64_MAX
                   || qc_early(cost, beta + 1, left, random));

    } else {
        fuzz_check(!qc_early(cost / 2, beta, left, random));
        fuzz_check(!qc_early(cost, beta / 2, left, random));
        fuzz_check(left == INT64_MAX
                   || !qc_early(cost, beta, left + 1, random));
        fuzz_check(random == UINT32_MAX
                   || !qc_early(cost, beta, left, random + 1));
    }
}


static void
check_ahead(uint64_t created, uint64_t fresh, uint64_t now, uint64_t percent)
{
    int  ahead;

    ahead = qc_early_ahead(created, fresh, now, percent);

    fuzz_check(now < fresh || ahead);

    if (ahead) {
        fuzz_check(now == UINT64_MAX
                   || qc_early_ahead(created, fresh, now + 1, percent));
        fuzz_check(percent == 0
                   || qc_early_ahead(created, fresh, now, percent - 1));

    } else {
        fuzz_check(now == 0
                   || !qc_early_ahead(created, fresh, now - 1, percent));
        fuzz_check(percent == UINT64_MAX
                   || !qc_early_ahead(created, fresh, now, percent + 1));
    }
}


static void
check_ttl(uint64_t cost, uint64_t factor, uint64_t min, uint64_t max)
{
    uint64_t  ttl;

    ttl = qc_auto_ttl(cost, factor, min, max);

    fuzz_check(ttl != 0 && (ttl <= max || ttl == 1));
    fuzz_check(ttl >= min || ttl == max || max == 0);

    fuzz_check(qc_auto_ttl(cost / 2, factor, min, max) <= ttl);
    fuzz_check(qc_auto_ttl(cost, factor / 2, min, max) <= ttl);
}
