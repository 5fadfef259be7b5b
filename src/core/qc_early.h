
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * When an entry is fetched anew before it expires, and how long it is fresh
 * by what it has cost.  Every function takes any value, and is bounded where
 * a product would not fit.
 */

#ifndef QC_EARLY_H
#define QC_EARLY_H


#include "qc_base.h"


/*
 * Whether this request is the one that fetches: 1 if left <= -cost * beta *
 * ln(u), of u = (random + 1) / 2^32.  The chance of that is e to the power of
 * -left / (cost * beta): with equal requests often enough, one of them is
 * early, and rarely two (Vattani, Chierichetti, Lowenstein: Optimal
 * Probabilistic Cache Stampede Prevention).
 *
 * cost and left are in ms, left is what is left of the lifetime; beta is in
 * thousandths.  Nothing is early of what has cost nothing.  random is any of
 * the 2^32 values, each as likely as the others.
 */
int qc_early(uint64_t cost, uint64_t beta, int64_t left, uint32_t random);

/*
 * Whether at now the time from created to fresh has passed up to percent of
 * it, 0 to 100; all in s since 1970.  What has expired is past all of it.
 */
int qc_early_ahead(uint64_t created, uint64_t fresh, uint64_t now,
    uint64_t percent);

/*
 * How long an answer is fresh that has cost that many ms: factor, which is in
 * thousandths, times as long, in s, rounded down, from min to max; at least
 * 1 s.  max counts before min.
 */
uint64_t qc_auto_ttl(uint64_t cost, uint64_t factor, uint64_t min,
    uint64_t max);


#endif /* QC_EARLY_H */
