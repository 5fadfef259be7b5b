
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_breaker.h"
#include "tap.h"


typedef enum {
    ALLOW,
    SUCCESS,
    FAILURE,
    HEAVY,             /* a failure that counts for three */
    RELEASE,
    CLOSED,
    END
} call_e;


typedef struct {
    uint64_t     now;
    call_e       call;
    int          want;
} step_t;


typedef struct {
    const char  *name;
    uint64_t     min;
    uint64_t     max;
    unsigned     threshold;
    step_t       steps[24];
} case_t;


static const case_t  cases[] = {

    { "closed", 100, 1000, 3, {
        { 0, ALLOW, 1 }, { 0, ALLOW, 1 }, { 0, SUCCESS, 0 },
        { 0, CLOSED, 1 }, { 0, END, 0 } } },

    { "failures in a row", 100, 1000, 3, {
        { 0, FAILURE, 0 }, { 1, FAILURE, 0 }, { 2, SUCCESS, 0 },
        { 3, FAILURE, 0 }, { 4, FAILURE, 0 }, { 4, ALLOW, 1 },
        { 5, FAILURE, 1 }, { 5, CLOSED, 0 }, { 5, ALLOW, 0 },
        { 0, END, 0 } } },

    { "a heavy failure", 100, 1000, 3, {
        { 7, HEAVY, 1 }, { 8, ALLOW, 0 }, { 0, END, 0 } } },

    { "back-off, one trial, success", 100, 1000, 1, {
        { 50, FAILURE, 1 }, { 149, ALLOW, 0 }, { 150, ALLOW, 1 },
        { 150, ALLOW, 0 }, { 9999, ALLOW, 0 }, { 9999, CLOSED, 0 },
        { 9999, SUCCESS, 1 }, { 9999, CLOSED, 1 }, { 9999, ALLOW, 1 },
        { 9999, ALLOW, 1 }, { 0, END, 0 } } },

    { "back-off doubles to its limit", 100, 350, 1, {
        { 0, FAILURE, 1 },
        { 99, ALLOW, 0 }, { 100, ALLOW, 1 }, { 100, FAILURE, 0 },
        { 299, ALLOW, 0 }, { 300, ALLOW, 1 }, { 300, FAILURE, 0 },
        { 649, ALLOW, 0 }, { 650, ALLOW, 1 }, { 650, FAILURE, 0 },
        { 999, ALLOW, 0 }, { 1000, ALLOW, 1 }, { 1000, SUCCESS, 1 },
        { 1000, FAILURE, 1 }, { 1099, ALLOW, 0 }, { 1100, ALLOW, 1 },
        { 0, END, 0 } } },

    { "late failures do not prolong it", 100, 1000, 1, {
        { 0, FAILURE, 1 }, { 90, FAILURE, 0 }, { 95, FAILURE, 0 },
        { 100, ALLOW, 1 }, { 0, END, 0 } } },

    { "a late success closes it", 100, 1000, 1, {
        { 0, FAILURE, 1 }, { 10, SUCCESS, 1 }, { 10, ALLOW, 1 },
        { 0, END, 0 } } },

    { "a trial that is given back", 100, 1000, 1, {
        { 0, FAILURE, 1 }, { 100, ALLOW, 1 }, { 100, ALLOW, 0 },
        { 110, RELEASE, 0 }, { 110, CLOSED, 0 }, { 110, ALLOW, 1 },
        { 120, FAILURE, 0 }, { 319, ALLOW, 0 }, { 320, ALLOW, 1 },
        { 0, END, 0 } } },

    { "giving back nothing", 100, 1000, 1, {
        { 0, RELEASE, 0 }, { 0, CLOSED, 1 }, { 0, FAILURE, 1 },
        { 1, RELEASE, 0 }, { 1, ALLOW, 0 }, { 0, END, 0 } } },

    { "threshold 0 never opens", 100, 1000, 0, {
        { 0, FAILURE, 0 }, { 0, HEAVY, 0 }, { 0, FAILURE, 0 },
        { 0, ALLOW, 1 }, { 0, CLOSED, 1 }, { 0, END, 0 } } },

    { "max below min", 100, 1, 1, {
        { 0, FAILURE, 1 }, { 99, ALLOW, 0 }, { 100, ALLOW, 1 },
        { 100, FAILURE, 0 }, { 199, ALLOW, 0 }, { 200, ALLOW, 1 },
        { 0, END, 0 } } },

    { "no back-off", 0, 0, 1, {
        { 5, FAILURE, 1 }, { 5, ALLOW, 1 }, { 5, ALLOW, 0 },
        { 5, FAILURE, 0 }, { 5, ALLOW, 1 }, { 0, END, 0 } } },

    { "the end of time", UINT64_MAX, UINT64_MAX, 1, {
        { 5, FAILURE, 1 }, { UINT64_MAX - 1, ALLOW, 0 },
        { UINT64_MAX, ALLOW, 1 }, { UINT64_MAX, FAILURE, 0 },
        { UINT64_MAX, ALLOW, 1 }, { 0, END, 0 } } }
};


static int run(const case_t *c);
static int call(qc_breaker_t *b, const step_t *step);


int
main(void)
{
    size_t        i;
    unsigned      n;
    qc_breaker_t  b;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        tap_int(run(&cases[i]), -1, cases[i].name);
    }

    qc_breaker_init(&b, 1, 1, UINT32_MAX);

    for (n = 0; n < 4; n++) {
        qc_breaker_failure(&b, 0, UINT32_MAX / 4);
    }

    tap_int(qc_breaker_closed(&b), 1, "weights add up");
    tap_int(qc_breaker_failure(&b, 0, UINT32_MAX), 1, "and do not overflow");

    return tap_done();
}


/* The number of the first step that went wrong, or -1. */

static int
run(const case_t *c)
{
    int           i;
    qc_breaker_t  b;

    memset(&b, 0xff, sizeof(b));
    qc_breaker_init(&b, c->min, c->max, c->threshold);

    for (i = 0; c->steps[i].call != END; i++) {
        if (call(&b, &c->steps[i]) != c->steps[i].want) {
            return i;
        }
    }

    return -1;
}


static int
call(qc_breaker_t *b, const step_t *step)
{
    switch (step->call) {

    case ALLOW:
        return qc_breaker_allow(b, step->now);

    case SUCCESS:
        return qc_breaker_success(b);

    case FAILURE:
        return qc_breaker_failure(b, step->now, 1);

    case HEAVY:
        return qc_breaker_failure(b, step->now, 3);

    case RELEASE:
        qc_breaker_release(b);
        return 0;

    case CLOSED:
        return qc_breaker_closed(b);

    default:
        return 0;
    }
}
