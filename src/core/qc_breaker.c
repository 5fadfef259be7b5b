
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_breaker.h"


static void qc_breaker_delay(qc_breaker_t *b, uint64_t now);


void
qc_breaker_init(qc_breaker_t *b, uint64_t min, uint64_t max,
    unsigned threshold)
{
    memset(b, 0, sizeof(qc_breaker_t));

    b->min = min;
    b->max = (max > min) ? max : min;
    b->threshold = threshold;
    b->delay = min;
}


int
qc_breaker_allow(qc_breaker_t *b, uint64_t now)
{
    if (!b->open) {
        return 1;
    }

    if (b->trial || now < b->until) {
        return 0;
    }

    b->trial = 1;

    return 1;
}


int
qc_breaker_closed(const qc_breaker_t *b)
{
    return !b->open;
}


int
qc_breaker_success(qc_breaker_t *b)
{
    int  changed;

    changed = b->open;

    b->open = 0;
    b->trial = 0;
    b->fails = 0;
    b->delay = b->min;

    return changed;
}


int
qc_breaker_failure(qc_breaker_t *b, uint64_t now, unsigned weight)
{
    if (b->open) {

        /* a call made before it opened proves nothing new */

        if (b->trial) {
            b->trial = 0;
            b->delay = (b->delay > b->max / 2) ? b->max : b->delay * 2;
            qc_breaker_delay(b, now);
        }

        return 0;
    }

    b->fails = (weight > UINT32_MAX - b->fails) ? UINT32_MAX
                                                : b->fails + weight;

    if (b->threshold == 0 || b->fails < b->threshold) {
        return 0;
    }

    b->open = 1;
    qc_breaker_delay(b, now);

    return 1;
}


static void
qc_breaker_delay(qc_breaker_t *b, uint64_t now)
{
    b->until = (b->delay > UINT64_MAX - now) ? UINT64_MAX : now + b->delay;
}


void
qc_breaker_release(qc_breaker_t *b)
{
    b->trial = 0;
}
