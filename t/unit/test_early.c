
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_early.h"
#include "tap.h"


/*
 * Of 2^32 random numbers, as many as e to the power of -left / (cost * beta)
 * times that are early.
 */

typedef struct {
    uint64_t  cost;
    uint64_t  beta;
    int64_t   left;
    uint64_t  early;
} chance_t;


static const chance_t  chances[] = {
    { 1000, 1000, 1, 4290674475 },
    { 1000, 1000, 1000, 1580030168 },
    { 1000, 1000, 2000, 581260615 },
    { 1000, 1000, 10000, 194991 },
    { 1000, 1000, 22000, 1 },
    { 1000, 1000, 23000, 0 },
    { 1000, 2000, 1000, 2605029347 },
    { 1000, 500, 1000, 581260615 },
    { 250, 4000, 1000, 1580030168 },
    { 86400000, 1000, 1000, 4294917586 },
    { 1, 1000, 1, 1580030168 },
    { 1, 1, 1, 0 },
    { 0, 1000, 1, 0 },
    { 1000, 0, 1, 0 }
};


typedef struct {
    uint64_t  cost;
    uint64_t  factor;
    uint64_t  min;
    uint64_t  max;
    uint64_t  want;
} ttl_t;


static const ttl_t  ttls[] = {
    { 0, 10000, 1, 3600, 1 },
    { 0, 10000, 0, 3600, 1 },
    { 99, 10000, 0, 3600, 1 },
    { 1999, 10000, 1, 3600, 19 },
    { 2000, 10000, 1, 3600, 20 },
    { 2000, 10000, 30, 3600, 30 },
    { 2000, 10000, 1, 15, 15 },
    { 2000, 10000, 30, 15, 15 },
    { 2000, 10000, 0, 0, 1 },
    { 360000, 10000, 1, 3600, 3600 },
    { 360001, 10000, 1, 3600, 3600 },
    { 60000, 500, 1, 3600, 30 },
    { 5000, 0, 1, 3600, 1 },
    { UINT64_MAX, UINT64_MAX, 1, 3600, 3600 },
    { UINT64_MAX, UINT64_MAX, 0, UINT64_MAX, UINT64_MAX / 1000000 },
    { UINT64_MAX, 1, UINT64_MAX, UINT64_MAX, UINT64_MAX },
    { 2, UINT64_MAX, 0, UINT64_MAX, UINT64_MAX / 1000000 }
};


static void test_chances(void);
static uint64_t number(const chance_t *c);
static void test_bounds(void);
static void test_ahead(void);
static void test_ttl(void);


int
main(void)
{
    test_chances();
    test_bounds();
    test_ahead();
    test_ttl();

    return tap_done();
}


static void
test_chances(void)
{
    size_t    i;
    uint64_t  got, want;

    for (i = 0; i < sizeof(chances) / sizeof(chances[0]); i++) {
        got = number(&chances[i]);
        want = chances[i].early;

        /* the logarithm is exact to a few parts of 2^32 */

        tap_ok(got + 16 >= want && got <= want + 16
               && (got != 0) == (want != 0),
               "%llu of 2^32 are early, got %llu",
               (unsigned long long) want, (unsigned long long) got);
    }
}


/* The smaller it is, the earlier: those below the number are early. */

static uint64_t
number(const chance_t *c)
{
    uint64_t  low, high, n;

    low = 0;
    high = (uint64_t) 1 << 32;

    while (low < high) {
        n = low + (high - low) / 2;

        if (qc_early(c->cost, c->beta, c->left, (uint32_t) n)) {
            low = n + 1;

        } else {
            high = n;
        }
    }

    return low;
}


static void
test_bounds(void)
{
    tap_int(qc_early(1, 1000, 0, UINT32_MAX), 1, "nothing is left");
    tap_int(qc_early(1, 1, -1, UINT32_MAX), 1, "less than nothing is left");
    tap_int(qc_early(1, 1, INT64_MIN, 0), 1, "long expired");
    tap_int(qc_early(0, 1000, 0, 0), 0, "no cost, nothing left");
    tap_int(qc_early(1000, 1000, 1, UINT32_MAX), 0, "the latest");
    tap_int(qc_early(UINT64_MAX, UINT64_MAX, 1, UINT32_MAX), 0,
            "the latest at any cost");
    tap_int(qc_early(UINT64_MAX, UINT64_MAX, INT64_MAX, 0), 0,
            "all numbers at their limits");
    tap_int(qc_early(UINT64_MAX, UINT64_MAX, 1, 0), 1, "a short time left");
    tap_int(qc_early(1, UINT64_MAX, 1, 0), 1, "any beta");
    tap_int(qc_early(UINT64_MAX, 1, 1, 0), 1, "any cost");
}


static void
test_ahead(void)
{
    tap_int(qc_early_ahead(1000, 1100, 1079, 80), 0, "79 of 100 s");
    tap_int(qc_early_ahead(1000, 1100, 1080, 80), 1, "80 of 100 s");
    tap_int(qc_early_ahead(1000, 1100, 1099, 80), 1, "99 of 100 s");
    tap_int(qc_early_ahead(1000, 1100, 1100, 80), 1, "all of it");
    tap_int(qc_early_ahead(1000, 1003, 1002, 80), 0, "2 of 3 s");
    tap_int(qc_early_ahead(1000, 1003, 1002, 66), 1, "66 %");
    tap_int(qc_early_ahead(1000, 1003, 1002, 67), 0, "67 %");
    tap_int(qc_early_ahead(1000, 1100, 1000, 0), 1, "0 %");
    tap_int(qc_early_ahead(1000, 1100, 1099, 100), 0, "100 %");
    tap_int(qc_early_ahead(1000, 1100, 1099, 1000), 0, "more than 100 %");
    tap_int(qc_early_ahead(1000, 1100, 999, 0), 0, "of the future");
    tap_int(qc_early_ahead(1000, 1000, 1000, 100), 1, "no lifetime");
    tap_int(qc_early_ahead(0, UINT64_MAX, UINT64_MAX / 2 + 1, 50), 1,
            "half of all time");
    tap_int(qc_early_ahead(0, UINT64_MAX, UINT64_MAX / 2 - 1, 50), 0,
            "less than half of it");
    tap_int(qc_early_ahead(UINT64_MAX, 0, 0, 50), 1, "upside down");
}


static void
test_ttl(void)
{
    size_t        i;
    const ttl_t  *t;

    for (i = 0; i < sizeof(ttls) / sizeof(ttls[0]); i++) {
        t = &ttls[i];

        tap_ok(qc_auto_ttl(t->cost, t->factor, t->min, t->max) == t->want,
               "%llu ms, %llu / 1000 times as long",
               (unsigned long long) t->cost, (unsigned long long) t->factor);
    }
}
