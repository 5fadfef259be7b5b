
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * Whether an answer may be stored, for how long it is fresh, and for how
 * long it is worth having then: RFC 9111 as a shared cache reads it, RFC
 * 5861, RFC 9213, and the field X-Accel-Expires.  Whatever is not understood
 * makes the answer less cacheable, never more.
 */

#ifndef QC_FRESH_H
#define QC_FRESH_H


#include "qc_directives.h"
#include "qc_etag.h"
#include "qc_metric.h"


#define QC_FRESH_MAX           ((uint64_t) 365 * 24 * 60 * 60)  /* s */
#define QC_FRESH_HEURISTIC     ((uint64_t) 24 * 60 * 60)  /* s, at most */
#define QC_FRESH_TARGETED      8       /* names of fields, at most */

/* Fields that do not steer. */
#define QC_IGNORE_ACCEL_EXPIRES   0x01
#define QC_IGNORE_EXPIRES         0x02
#define QC_IGNORE_CACHE_CONTROL   0x04
#define QC_IGNORE_SET_COOKIE      0x08
#define QC_IGNORE_VARY            0x10


typedef struct {
    unsigned               ignore;     /* of the above */
    unsigned               heuristic:1;
    unsigned               revalidate:1;  /* what expired is validated */
    uint64_t               swr;        /* s, where the answer does not say;
                                          RFC 5861 section 3 */
    uint64_t               sie;        /* likewise, section 4 */
    uint64_t               keep;       /* s, to be validated */
    const qc_str_t        *targeted;   /* the one that counts most first */
    size_t                 ntargeted;
} qc_fresh_rules_t;


/* Of an answer, besides its fields. */

typedef struct {
    unsigned               status;
    unsigned               get:1;      /* the answer to a GET */
    unsigned               validates:1;  /* to GET, HEAD or QUERY */
    unsigned               shared:1;   /* to one with Authorization, which is
                                          not in the key */
    unsigned               has_valid:1;  /* for 5xx, only if it names the
                                          very status */
    unsigned               limit:1;    /* valid is an upper limit: its cost
                                          says how long, which is not known */
    int64_t                now;        /* the header has come; s since 1970 */
    uint64_t               delay;      /* s since it was asked for */
    uint64_t               valid;      /* the operator's lifetime, s; 0: it
                                          is not to be stored */
} qc_fresh_answer_t;


typedef struct {
    const qc_fresh_rules_t  *rules;

    qc_directives_t        control;
    qc_directives_t        targeted[QC_FRESH_TARGETED];
    const qc_directives_t  *directives;  /* what was heeded */

    qc_str_t               accel;      /* values; data is NULL if absent */
    qc_str_t               expires;
    qc_str_t               date;
    qc_str_t               modified;
    qc_str_t               etag;
    qc_str_t               age_field;
    unsigned               expires_differ:1;
    unsigned               etags_differ:1;

    qc_metric_e            reason;     /* of a field; QC_NO_METRIC: none */

    uint64_t               age;        /* s, when the header has come */
    uint64_t               lifetime;   /* s from then on, 0 only if it is to
                                          be kept */
    uint64_t               late;       /* s it was stale then; at most age,
                                          0 unless lifetime is */

    /* beyond the lifetime, s; these four are at most QC_FRESH_MAX each */
    uint64_t               swr;        /* stale-while-revalidate, 0: none */
    uint64_t               sie;        /* stale-if-error, 0: none */
    uint64_t               keep;       /* worth having, >= swr and sie */

    unsigned               limited:1;  /* lifetime is the answer's limit */
    unsigned               strict:1;   /* never to be served stale */
    unsigned               validator:1;  /* qc_validators() finds one in it */
} qc_fresh_t;


/*
 * The fields of an answer one by one, lines of one name in their order; the
 * values must stay as long as f is asked.
 */
void qc_fresh_init(qc_fresh_t *f, const qc_fresh_rules_t *rules);
void qc_fresh_field(qc_fresh_t *f, qc_str_t name, qc_str_t value);

/*
 * QC_NO_METRIC with age and all below it set, or why it must not be stored.
 *
 * An answer that must be validated each time, by no-cache or as it has
 * expired already, is stored with lifetime 0 if it has a validator or may be
 * served stale.  It is not if nobody gives it a lifetime, nor if
 * X-Accel-Expires or the operator say 0.  5xx needs a lifetime of the
 * upstream's or an operator who names it.
 */
qc_metric_e qc_fresh_decide(qc_fresh_t *f, const qc_fresh_answer_t *a);

/* Whether the field of an answer that may be stored is stored with it. */
int qc_fresh_keeps(const qc_fresh_t *f, qc_str_t name);

/* Whether any answer with this status may be stored at all. */
int qc_fresh_status(unsigned status);


#endif /* QC_FRESH_H */
