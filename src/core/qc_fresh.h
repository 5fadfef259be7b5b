
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * Whether an answer may be stored, and for how long it is fresh: RFC 9111
 * as a shared cache without validation reads it, RFC 9213, and the field
 * X-Accel-Expires.  Whatever is not understood makes the answer less
 * cacheable, never more.
 */

#ifndef QC_FRESH_H
#define QC_FRESH_H


#include "qc_directives.h"
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
    const qc_str_t        *targeted;   /* the one that counts most first */
    size_t                 ntargeted;
} qc_fresh_rules_t;


/* Of an answer, besides its fields. */

typedef struct {
    unsigned               status;
    unsigned               get:1;      /* the answer to a GET */
    unsigned               shared:1;   /* to one with Authorization, which is
                                          not in the key */
    unsigned               has_valid:1;
    int64_t                now;        /* the header has come; s since 1970 */
    uint64_t               delay;      /* s since it was asked for */
    uint64_t               valid;      /* the operator's lifetime, s */
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
    qc_str_t               age_field;
    unsigned               expires_differ:1;

    qc_metric_e            reason;     /* of a field; QC_NO_METRIC: none */

    uint64_t               age;        /* s, when the header has come */
    uint64_t               lifetime;   /* s from then on, 1 to QC_FRESH_MAX */
} qc_fresh_t;


/*
 * The fields of an answer one by one, lines of one name in their order; the
 * values must stay as long as f is asked.
 */
void qc_fresh_init(qc_fresh_t *f, const qc_fresh_rules_t *rules);
void qc_fresh_field(qc_fresh_t *f, qc_str_t name, qc_str_t value);

/* QC_NO_METRIC with age and lifetime set, or why it must not be stored. */
qc_metric_e qc_fresh_decide(qc_fresh_t *f, const qc_fresh_answer_t *a);

/* Whether the field of an answer that may be stored is stored with it. */
int qc_fresh_keeps(const qc_fresh_t *f, qc_str_t name);

/* Whether an answer with this status may be stored at all. */
int qc_fresh_status(unsigned status);

/*
 * Whether a Vary value names only fields in the list (any case, any order):
 * 1 yes, 0 no; "*" in any position is no.
 */
int qc_vary_within(qc_str_t value, const qc_str_t *names, size_t n);

/*
 * If-None-Match against an entity tag, weak comparison (RFC 9110 section
 * 13.1.2): 1 if one of the list matches or the list is "*".  A list that is
 * malformed matches nothing from there on.
 */
int qc_etag_match(qc_str_t list, qc_str_t etag);


#endif /* QC_FRESH_H */
