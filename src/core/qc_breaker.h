
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * A circuit breaker with exponential back-off.  Closed: everything is
 * allowed.  Open: nothing is, until the back-off has passed; then one caller
 * at a time is let through as a trial, and its result closes the breaker or
 * opens it for twice as long.  Times are milliseconds of any steady clock.
 */

#ifndef QC_BREAKER_H
#define QC_BREAKER_H


#include "qc_base.h"


typedef struct {
    uint64_t               min;        /* first back-off, ms */
    uint64_t               max;        /* longest back-off, ms */
    unsigned               threshold;  /* failures in a row that open it;
                                          0: it never opens */

    uint64_t               delay;      /* the current back-off */
    uint64_t               until;      /* open before this */
    unsigned               fails;
    unsigned               open:1;
    unsigned               trial:1;    /* one caller is out on trial */
} qc_breaker_t;


void qc_breaker_init(qc_breaker_t *b, uint64_t min, uint64_t max,
    unsigned threshold);

/* 1: go ahead (and report the result); 0: do not. */
int qc_breaker_allow(qc_breaker_t *b, uint64_t now);

/* Whether it is closed; does not take the trial an open one may offer. */
int qc_breaker_closed(const qc_breaker_t *b);

/*
 * Both return 1 if it closed or opened, for the caller to log once.  weight
 * is how many failures this one counts for.
 */
int qc_breaker_success(qc_breaker_t *b);
int qc_breaker_failure(qc_breaker_t *b, uint64_t now, unsigned weight);

/* A trial that ended without a verdict (its caller went away). */
void qc_breaker_release(qc_breaker_t *b);


#endif /* QC_BREAKER_H */
