
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_early.h"


#define QC_EARLY_LN2       ((uint64_t) 2977044472)  /* ln(2) * 2^32 */
#define QC_EARLY_MAX       ((uint64_t) 1 << 58)     /* of cost * beta */
#define QC_EARLY_LOW       ((uint64_t) 0xffffffff)


static uint64_t qc_early_log(uint32_t random);
static uint64_t qc_early_times(uint64_t v, uint64_t factor);
static uint64_t qc_early_bounded(uint64_t a, uint64_t b, uint64_t max);


int
qc_early(uint64_t cost, uint64_t beta, int64_t left, uint32_t random)
{
    uint64_t  scale, log, ahead;

    scale = qc_early_bounded(cost, beta, QC_EARLY_MAX);

    if (scale == 0) {
        return 0;
    }

    if (left <= 0) {
        return 1;
    }

    log = qc_early_log(random);

    ahead = qc_early_times(scale / 1000, log)
            + (qc_early_times(scale % 1000, log) / 1000);

    return (uint64_t) left <= ahead;
}


/*
 * -ln((random + 1) / 2^32) times 2^32: the binary logarithm bit by bit, by
 * squaring a number from 1 to 2 (31 bits are behind its point).
 */

static uint64_t
qc_early_log(uint32_t random)
{
    uint64_t  n, log;
    unsigned  i;

    if (random == UINT32_MAX) {
        return 0;
    }

    n = (uint64_t) random + 1;
    log = 31;

    while (n < (uint64_t) 1 << 31) {
        n <<= 1;
        log--;
    }

    for (i = 0; i < 32; i++) {
        n = (n * n) >> 31;
        log <<= 1;

        if (n >= (uint64_t) 1 << 32) {
            n >>= 1;
            log++;
        }
    }

    return qc_early_times(QC_EARLY_LN2, ((uint64_t) 32 << 32) - log);
}


/* v, at most 2^58, times a factor with 32 bits behind its point, below 64. */

static uint64_t
qc_early_times(uint64_t v, uint64_t factor)
{
    return v * (factor >> 32)
           + (v >> 32) * (factor & QC_EARLY_LOW)
           + (((v & QC_EARLY_LOW) * (factor & QC_EARLY_LOW)) >> 32);
}


static uint64_t
qc_early_bounded(uint64_t a, uint64_t b, uint64_t max)
{
    return (b != 0 && a > max / b) ? max : a * b;
}


int
qc_early_ahead(uint64_t created, uint64_t fresh, uint64_t now,
    uint64_t percent)
{
    uint64_t  lifetime, rest;

    if (now >= fresh) {
        return 1;
    }

    if (now < created) {
        return 0;
    }

    lifetime = fresh - created;
    rest = (percent < 100) ? 100 - percent : 0;

    return fresh - now <= lifetime / 100 * rest + lifetime % 100 * rest / 100;
}


uint64_t
qc_auto_ttl(uint64_t cost, uint64_t factor, uint64_t min, uint64_t max)
{
    uint64_t  ttl;

    ttl = qc_early_bounded(cost, factor, UINT64_MAX) / 1000000;

    ttl = (ttl > min) ? ttl : min;
    ttl = (ttl < max) ? ttl : max;

    return (ttl != 0) ? ttl : 1;
}
