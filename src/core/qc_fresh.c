
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/* Sections are those of RFC 9111 unless another one is named. */

#include "qc_date.h"
#include "qc_etag.h"
#include "qc_fresh.h"
#include "qc_value.h"


typedef enum {
    QC_FRESH_ACCEL_EXPIRES = 0,
    QC_FRESH_CACHE_CONTROL,
    QC_FRESH_EXPIRES,
    QC_FRESH_DATE,
    QC_FRESH_AGE,
    QC_FRESH_LAST_MODIFIED,
    QC_FRESH_ETAG,
    QC_FRESH_VARY,
    QC_FRESH_SET_COOKIE,
    QC_FRESH_TRAILER,
    QC_FRESH_CONTENT_RANGE,
    QC_FRESH_OTHER
} qc_fresh_field_e;


static qc_fresh_field_e qc_fresh_find(qc_str_t name);
static void qc_fresh_refuse(qc_fresh_t *f, qc_metric_e reason);
static void qc_fresh_first(qc_str_t *to, qc_str_t value);
static int qc_fresh_vary(qc_str_t value);
static void qc_fresh_targeted(qc_fresh_t *f, qc_str_t name, qc_str_t value);
static qc_metric_e qc_fresh_none(const qc_fresh_t *f,
    const qc_fresh_answer_t *a);
static uint64_t qc_fresh_bound(uint64_t seconds);
static const qc_directives_t *qc_fresh_directives(const qc_fresh_t *f);
static int qc_fresh_forbidden(const qc_fresh_t *f,
    const qc_fresh_answer_t *a);
static int qc_fresh_heuristic_status(unsigned status);
static int qc_fresh_understood(unsigned status);
static int qc_fresh_has_accel(const qc_fresh_t *f);
static int qc_fresh_has_lifetime(const qc_fresh_t *f);
static int qc_fresh_has_expires(const qc_fresh_t *f);
static int qc_fresh_lifetime(qc_fresh_t *f, const qc_fresh_answer_t *a,
    int64_t *lifetime);
static int qc_fresh_failure(const qc_fresh_answer_t *a);
static void qc_fresh_windows(qc_fresh_t *f, const qc_fresh_answer_t *a,
    uint64_t late);
static int qc_fresh_validator(const qc_fresh_t *f, unsigned status);
static int64_t qc_fresh_accel(const qc_fresh_t *f, int64_t now);
static int64_t qc_fresh_expires(const qc_fresh_t *f, int64_t now);
static int64_t qc_fresh_heuristic(const qc_fresh_t *f,
    const qc_fresh_answer_t *a);
static int64_t qc_fresh_date(const qc_fresh_t *f, int64_t now);
static uint64_t qc_fresh_received_age(const qc_fresh_t *f);


/* In the order of qc_fresh_field_e. */

static const qc_str_t  qc_fresh_names[] = {
    qc_string("x-accel-expires"),
    qc_string("cache-control"),
    qc_string("expires"),
    qc_string("date"),
    qc_string("age"),
    qc_string("last-modified"),
    qc_string("etag"),
    qc_string("vary"),
    qc_string("set-cookie"),
    qc_string("trailer"),
    qc_string("content-range")
};


void
qc_fresh_init(qc_fresh_t *f, const qc_fresh_rules_t *rules)
{
    memset(f, 0, sizeof(qc_fresh_t));

    f->rules = rules;
    f->reason = QC_NO_METRIC;
}


void
qc_fresh_field(qc_fresh_t *f, qc_str_t name, qc_str_t value)
{
    switch (qc_fresh_find(name)) {

    case QC_FRESH_ACCEL_EXPIRES:
        qc_fresh_first(&f->accel, value);
        break;

    case QC_FRESH_CACHE_CONTROL:
        qc_directives_list(&f->control, value);
        break;

    case QC_FRESH_EXPIRES:
        value = qc_value_trim(value);
        f->expires_differ |= (f->expires.data != NULL
                              && !qc_str_eq(f->expires, value));
        qc_fresh_first(&f->expires, value);
        break;

    case QC_FRESH_DATE:
        qc_fresh_first(&f->date, value);
        break;

    case QC_FRESH_AGE:
        qc_fresh_first(&f->age_field, value);
        break;

    case QC_FRESH_LAST_MODIFIED:
        qc_fresh_first(&f->modified, value);
        break;

    case QC_FRESH_ETAG:
        value = qc_value_trim(value);
        f->etags_differ |= (f->etag.data != NULL
                            && !qc_str_eq(f->etag, value));
        qc_fresh_first(&f->etag, value);
        break;

    case QC_FRESH_VARY:
        if (!(f->rules->ignore & QC_IGNORE_VARY) && !qc_fresh_vary(value)) {
            qc_fresh_refuse(f, QC_R_VARY);
        }

        break;

    case QC_FRESH_SET_COOKIE:
        if (!(f->rules->ignore & QC_IGNORE_SET_COOKIE)) {
            qc_fresh_refuse(f, QC_R_SET_COOKIE);
        }

        break;

    case QC_FRESH_TRAILER:
        /* announced: they may be dropped before they can be seen */
        qc_fresh_refuse(f, QC_R_TRAILERS);
        break;

    case QC_FRESH_CONTENT_RANGE:
        qc_fresh_refuse(f, QC_R_STATUS);
        break;

    default:
        break;
    }

    qc_fresh_targeted(f, name, value);
}


static qc_fresh_field_e
qc_fresh_find(qc_str_t name)
{
    unsigned  i;

    for (i = 0; i < QC_FRESH_OTHER; i++) {
        if (qc_name_eq(name, qc_fresh_names[i])) {
            break;
        }
    }

    return (qc_fresh_field_e) i;
}


static void
qc_fresh_refuse(qc_fresh_t *f, qc_metric_e reason)
{
    if (f->reason == QC_NO_METRIC) {
        f->reason = reason;
    }
}


static void
qc_fresh_first(qc_str_t *to, qc_str_t value)
{
    if (to->data == NULL) {
        *to = qc_value_trim(value);
    }
}


/* Section 4.1: a list of names, and no "*" among them. */

static int
qc_fresh_vary(qc_str_t value)
{
    qc_str_t  name;

    for ( ;; ) {
        qc_value_skip_ws(&value);

        if (value.len == 0) {
            return 1;
        }

        if (value.data[0] == ',') {
            qc_value_skip(&value, 1);
            continue;
        }

        name = qc_value_token(&value);

        if (name.len == 0 || !qc_value_delimiter(&value)
            || qc_str_eq(name, qc_str("*", 1)))
        {
            return 0;
        }
    }
}


static void
qc_fresh_targeted(qc_fresh_t *f, qc_str_t name, qc_str_t value)
{
    size_t  i;

    for (i = 0; i < f->rules->ntargeted && i < QC_FRESH_TARGETED; i++) {
        if (qc_name_eq(name, f->rules->targeted[i])) {
            qc_directives_dictionary(&f->targeted[i], value);
        }
    }
}


qc_metric_e
qc_fresh_decide(qc_fresh_t *f, const qc_fresh_answer_t *a)
{
    int64_t  lifetime;

    if (!qc_fresh_status(a->status)) {
        return QC_R_STATUS;
    }

    if (f->reason != QC_NO_METRIC) {
        return f->reason;
    }

    f->directives = qc_fresh_directives(f);

    if (qc_fresh_forbidden(f, a)) {
        return QC_R_CACHE_CONTROL;
    }

    /* section 4.2.3: corrected_age_value */

    f->age = qc_fresh_received_age(f);
    f->age += (a->delay < QC_DELTA_MAX) ? a->delay : QC_DELTA_MAX;
    f->age = (f->age < QC_DELTA_MAX) ? f->age : QC_DELTA_MAX;

    if (!qc_fresh_lifetime(f, a, &lifetime)) {
        return qc_fresh_none(f, a);
    }

    /* section 5.2.2.4 */

    if (f->directives->no_cache && lifetime > 0) {
        lifetime = 0;
        f->limited = 0;
    }

    /* a lifetime that never ends would never be cleaned up */

    f->lifetime = (lifetime > 0) ? qc_fresh_bound((uint64_t) lifetime) : 0;
    f->late = (lifetime < 0) ? (uint64_t) -lifetime : 0;

    qc_fresh_windows(f, a, f->late);

    /* by Expires it may never have been fresh */

    f->late = (f->late < f->age) ? f->late : f->age;

    if (f->lifetime == 0 && f->keep == 0) {
        return qc_fresh_none(f, a);
    }

    return QC_NO_METRIC;
}


static qc_metric_e
qc_fresh_none(const qc_fresh_t *f, const qc_fresh_answer_t *a)
{
    /* an outage is not stored, unless somebody asks for it */

    if (qc_fresh_failure(a)) {
        return QC_R_STATUS;
    }

    return f->directives->no_cache ? QC_R_CACHE_CONTROL : QC_R_FRESHNESS;
}


static uint64_t
qc_fresh_bound(uint64_t seconds)
{
    return (seconds < QC_FRESH_MAX) ? seconds : QC_FRESH_MAX;
}


/* RFC 9213 section 2.2; an empty one does not count, nor an invalid one. */

static const qc_directives_t *
qc_fresh_directives(const qc_fresh_t *f)
{
    size_t  i;

    static const qc_directives_t  none;

    for (i = 0; i < f->rules->ntargeted && i < QC_FRESH_TARGETED; i++) {
        if (f->targeted[i].any && !f->targeted[i].bad) {
            return &f->targeted[i];
        }
    }

    return (f->rules->ignore & QC_IGNORE_CACHE_CONTROL) ? &none : &f->control;
}


static int
qc_fresh_forbidden(const qc_fresh_t *f, const qc_fresh_answer_t *a)
{
    const qc_directives_t  *d;

    d = f->directives;

    if (d->forbidden) {
        return 1;
    }

    /* section 5.2.2.3 */

    if (d->must_understand) {

        if (!qc_fresh_understood(a->status)) {
            return 1;
        }

    } else if (d->no_store) {
        return 1;
    }

    /* section 3.5, unless somebody said how long this very cache may keep it */

    return a->shared && !d->everyone && !d->must_revalidate
           && !d->has_s_maxage
           && (d == &f->control || d->any)
           && !qc_fresh_has_accel(f)
           && (!a->has_valid || qc_fresh_has_lifetime(f));
}


static int
qc_fresh_has_accel(const qc_fresh_t *f)
{
    return f->accel.data != NULL
           && !(f->rules->ignore & QC_IGNORE_ACCEL_EXPIRES);
}


/* Whether it is said for every cache. */

static int
qc_fresh_has_lifetime(const qc_fresh_t *f)
{
    return f->directives->has_s_maxage
           || f->directives->has_max_age
           || qc_fresh_has_expires(f);
}


static int
qc_fresh_has_expires(const qc_fresh_t *f)
{
    return f->expires.data != NULL
           && !(f->rules->ignore & QC_IGNORE_EXPIRES)
           && !(f->directives->any && f->directives != &f->control);
}


/*
 * Not parts (206, 416) and answers to conditions (304, 412); nor what is
 * about the client or its rate (RFC 6585).
 */

int
qc_fresh_status(unsigned status)
{
    switch (status) {
    case 206:
    case 304:
    case 412:
    case 416:
    case 428:
    case 429:
    case 431:
    case 511:
        return 0;
    }

    return status >= 200 && status <= 599;
}


/*
 * RFC 9110 section 15.1, without those that are never stored and the
 * server's own failures: stored without being told to, an outage would last.
 */

static int
qc_fresh_heuristic_status(unsigned status)
{
    switch (status) {
    case 200:
    case 203:
    case 204:
    case 300:
    case 301:
    case 308:
    case 404:
    case 405:
    case 410:
    case 414:
        return 1;
    }

    return 0;
}


/* Final statuses of RFC 9110 that ask nothing special of a cache. */

static int
qc_fresh_understood(unsigned status)
{
    switch (status) {
    case 201:
    case 202:
    case 302:
    case 303:
    case 307:
    case 400:
    case 403:
    case 406:
    case 409:
    case 411:
    case 413:
    case 415:
    case 421:
    case 422:
    case 500:
    case 501:
    case 502:
    case 503:
    case 504:
    case 505:
        return 1;
    }

    return qc_fresh_heuristic_status(status);
}


/*
 * 1, and the seconds from now on, fewer than 0 if they have passed; 0 if
 * nobody says, or somebody says that the answer is not to be stored.
 */

static int
qc_fresh_lifetime(qc_fresh_t *f, const qc_fresh_answer_t *a,
    int64_t *lifetime)
{
    const qc_directives_t  *d;

    d = f->directives;

    if (qc_fresh_has_accel(f)) {
        *lifetime = qc_fresh_accel(f, a->now);
        return *lifetime > 0;
    }

    /* section 4.2.1; of what another cache has had for a while, the rest */

    if (d->has_s_maxage) {
        *lifetime = (int64_t) d->s_maxage;

    } else if (d->has_max_age) {
        *lifetime = (int64_t) d->max_age;

    } else if (qc_fresh_has_expires(f)) {
        *lifetime = qc_fresh_expires(f, a->now);

    } else if (a->has_valid) {

        /* the operator's counts from now on */

        *lifetime = (int64_t) qc_fresh_bound(a->valid);
        f->limited = a->limit;
        return *lifetime != 0;

    } else if (qc_fresh_failure(a)) {
        return 0;

    } else if (d->no_cache) {
        *lifetime = 0;

    } else {
        *lifetime = qc_fresh_heuristic(f, a);

        if (*lifetime <= 0) {
            return 0;
        }
    }

    *lifetime -= (int64_t) f->age;

    return 1;
}


static int
qc_fresh_failure(const qc_fresh_answer_t *a)
{
    return a->status >= 500;
}


/*
 * How long the answer may be of use beyond its freshness, which ended some
 * time before it came if it is late.
 */

static void
qc_fresh_windows(qc_fresh_t *f, const qc_fresh_answer_t *a, uint64_t late)
{
    int                     defaults;
    const qc_directives_t  *d;

    d = f->directives;

    f->strict = d->strict;
    f->validator = (unsigned) qc_fresh_validator(f, a->status) & 1;

    if (!f->strict) {

        /* the operator's are not meant to make outages last */

        defaults = !qc_fresh_failure(a);

        f->swr = d->has_swr ? d->swr : defaults ? f->rules->swr : 0;
        f->sie = d->has_sie ? d->sie : defaults ? f->rules->sie : 0;

        f->swr = qc_fresh_bound(f->swr);
        f->swr -= (f->swr < late) ? f->swr : late;
        f->sie = qc_fresh_bound(f->sie);
        f->sie -= (f->sie < late) ? f->sie : late;

        /* how stale it is would not be known, section 4.2.4 */

        f->strict = (late != 0 && f->swr == 0 && f->sie == 0);
    }

    f->keep = (f->swr > f->sie) ? f->swr : f->sie;

    if (f->validator && f->rules->revalidate && a->validates
        && f->keep < f->rules->keep)
    {
        f->keep = qc_fresh_bound(f->rules->keep);
    }
}


/* Whether one is stored by which the answer can be validated. */

static int
qc_fresh_validator(const qc_fresh_t *f, unsigned status)
{
    /* of others no condition is heeded, RFC 9110 section 13.2.1 */

    if (status < 200 || status > 299) {
        return 0;
    }

    if (f->etag.data != NULL && !f->etags_differ && qc_etag_valid(f->etag)
        && !qc_directives_name(f->directives, qc_fresh_names[QC_FRESH_ETAG]))
    {
        return 1;
    }

    return f->modified.data != NULL && qc_modified_valid(f->modified);
}


/* Seconds, or "@" and seconds since 1970; anything else does not count. */

static int64_t
qc_fresh_accel(const qc_fresh_t *f, int64_t now)
{
    uint64_t  n;
    qc_str_t  s;

    s = f->accel;

    if (s.len != 0 && s.data[0] == '@') {
        qc_value_skip(&s, 1);

        if (qc_parse_dec(s, &n) != QC_OK) {
            return 0;
        }

        return (n < QC_DATE_NOW_MAX) ? (int64_t) n - now
                                     : QC_DATE_NOW_MAX - now;
    }

    return (qc_delta_seconds(s, &n) == QC_OK) ? (int64_t) n : 0;
}


/*
 * Section 5.3: by the upstream's own clock, if it says what that is.  What
 * is not valid passed long ago.
 */

static int64_t
qc_fresh_expires(const qc_fresh_t *f, int64_t now)
{
    int64_t  expires;

    if (f->expires_differ
        || qc_date_parse(f->expires, now, &expires) != QC_OK)
    {
        return -(int64_t) QC_FRESH_MAX;
    }

    return expires - qc_fresh_date(f, now);
}


/* Section 4.2.2: a tenth of the time since the last change. */

static int64_t
qc_fresh_heuristic(const qc_fresh_t *f, const qc_fresh_answer_t *a)
{
    int64_t  modified, lifetime;

    if (!f->rules->heuristic || !a->get
        || !(qc_fresh_heuristic_status(a->status) || f->directives->everyone)
        || f->modified.data == NULL
        || qc_date_parse(f->modified, a->now, &modified) != QC_OK)
    {
        return 0;
    }

    lifetime = (qc_fresh_date(f, a->now) - modified) / 10;

    return (lifetime < (int64_t) QC_FRESH_HEURISTIC)
           ? lifetime : (int64_t) QC_FRESH_HEURISTIC;
}


static int64_t
qc_fresh_date(const qc_fresh_t *f, int64_t now)
{
    int64_t  date;

    return (f->date.data != NULL
            && qc_date_parse(f->date, now, &date) == QC_OK) ? date : now;
}


/* Section 5.1: the first of a list, or nothing if that is no number. */

static uint64_t
qc_fresh_received_age(const qc_fresh_t *f)
{
    uint64_t        age;
    qc_str_t        s;
    const uint8_t  *comma;

    s = f->age_field;

    if (s.len == 0) {
        return 0;
    }

    comma = memchr(s.data, ',', s.len);

    if (comma != NULL) {
        s = qc_value_trim(qc_str(s.data, (size_t) (comma - s.data)));
    }

    return (qc_delta_seconds(s, &age) == QC_OK) ? age : 0;
}


int
qc_fresh_keeps(const qc_fresh_t *f, qc_str_t name)
{
    return qc_fresh_find(name) != QC_FRESH_SET_COOKIE
           && !qc_directives_name(f->directives, name);
}
