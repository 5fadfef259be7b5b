
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/* Answers as lines of text, and what is decided about them. */

#ifndef FRESH_H
#define FRESH_H


#include "qc_fresh.h"
#include "tap.h"


#define NOW  784111777                 /* Sun, 06 Nov 1994 08:49:37 GMT */

#define NAME_SLOT    0
#define VALUE_SLOT   1                 /* and all that follow */

#define OK           QC_NO_METRIC
#define REFUSED      QC_R_CACHE_CONTROL
#define STALE        QC_R_FRESHNESS


static inline uint64_t
number(const char *how, const char *name)
{
    const char  *p;

    p = strstr(how, name);

    return (p != NULL) ? strtoull(p + strlen(name), NULL, 10) : 0;
}


/*
 * What is in "how": a status; "delay=5", seconds until the header came;
 * "valid=600", the operator's lifetime, with "limit" its limit; "swr=60",
 * "sie=60" and "keep=60", other times of the operator; "post"; "shared";
 * "heuristic"; and what is ignored: "-accel", "-expires", "-control",
 * "-cookie", "-vary".  Targeted are Query-Cache-Control and then
 * CDN-Cache-Control.
 */

static inline qc_metric_e
decide(qc_fresh_t *f, qc_fresh_rules_t *rules, const char *how,
    const char *fields)
{
    size_t              len;
    unsigned            slot;
    qc_str_t            name, value;
    const char         *p, *colon, *end;
    qc_fresh_answer_t   answer;

    static const qc_str_t  targeted[] = {
        qc_string("Query-Cache-Control"),
        qc_string("CDN-Cache-Control")
    };

    memset(rules, 0, sizeof(*rules));
    memset(&answer, 0, sizeof(answer));

    rules->targeted = targeted;
    rules->ntargeted = 2;
    rules->heuristic = (strstr(how, "heuristic") != NULL);
    rules->revalidate = (strstr(how, "keep=") != NULL);
    rules->keep = number(how, "keep=");
    rules->swr = number(how, "swr=");
    rules->sie = number(how, "sie=");

    rules->ignore = (strstr(how, "-accel") ? QC_IGNORE_ACCEL_EXPIRES : 0u)
                  | (strstr(how, "-expires") ? QC_IGNORE_EXPIRES : 0u)
                  | (strstr(how, "-control") ? QC_IGNORE_CACHE_CONTROL : 0u)
                  | (strstr(how, "-cookie") ? QC_IGNORE_SET_COOKIE : 0u)
                  | (strstr(how, "-vary") ? QC_IGNORE_VARY : 0u);

    answer.status = (unsigned) strtoul(how, NULL, 10);
    answer.now = NOW;
    answer.get = (strstr(how, "post") == NULL);
    answer.validates = answer.get;
    answer.shared = (strstr(how, "shared") != NULL);
    answer.has_valid = (strstr(how, "valid=") != NULL);
    answer.limit = (strstr(how, "limit") != NULL);
    answer.valid = number(how, "valid=");
    answer.delay = number(how, "delay=");

    qc_fresh_init(f, rules);
    slot = VALUE_SLOT;

    for (p = fields; *p != '\0'; p = end + (*end != '\0')) {
        end = strchr(p, '\n');
        end = (end != NULL) ? end : p + strlen(p);
        colon = strchr(p, ':');

        len = (size_t) (colon - p);
        name = qc_str(tap_guard(NAME_SLOT, p, len), len);
        len = (size_t) (end - colon - 2);
        value = qc_str(tap_guard(slot++, colon + 2, len), len);

        qc_fresh_field(f, name, value);
    }

    return qc_fresh_decide(f, &answer);
}


#endif /* FRESH_H */
