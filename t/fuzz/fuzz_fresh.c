
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * Whatever stands beside it, "no-store" is heard, another "max-age" makes an
 * answer less fresh, and what must be validated is never stale; whatever
 * stands beside it, "*" varies; and a list with the tag in it matches.  The
 * input is what is ignored, and a status and the operator's times; lengths of
 * two strings, then these and a third one; the third one is also lines of
 * header fields.
 */

#include "fuzz.h"
#include "qc_fresh.h"


#define NOW  784111777


static void check_answer(fuzz_t *f, unsigned how, unsigned status,
    qc_str_t lines);
static void check_times(const qc_fresh_t *fresh, unsigned status);
static int without(qc_metric_e reason);
static void check_beside(const qc_fresh_rules_t *rules, unsigned how,
    unsigned status, qc_str_t lines, uint64_t lifetime);
static void check_validator(fuzz_t *f, const qc_fresh_t *fresh,
    unsigned status, qc_str_t lines);
static int next_line(qc_str_t *lines, qc_str_t *name, qc_str_t *value);
static qc_metric_e decide(qc_fresh_t *fresh, const qc_fresh_rules_t *rules,
    unsigned how, unsigned status, qc_str_t lines, const char *name,
    const char *value);
static void check_control(fuzz_t *f, qc_str_t a, qc_str_t b);
static unsigned forbids(const qc_directives_t *d);
static void check_dictionary(qc_str_t a, qc_str_t b);
static void check_directives(const qc_directives_t *d);
static void check_etag(fuzz_t *f, qc_str_t list, qc_str_t tag);
static qc_str_t join(fuzz_t *f, qc_str_t a, const char *between, qc_str_t b);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_t    f;
    unsigned  how, status;
    qc_str_t  a, b, c;

    fuzz_init(&f, data, size);

    how = fuzz_u16(&f);
    status = fuzz_u16(&f);
    size = fuzz_u8(&f);
    b = fuzz_str(&f, fuzz_u8(&f));
    a = fuzz_str(&f, size);
    c = fuzz_rest(&f);

    check_answer(&f, how, status, c);
    check_control(&f, a, b);
    check_control(&f, c, a);
    check_dictionary(a, b);
    check_dictionary(c, a);
    check_etag(&f, c, a);

    fuzz_done(&f);

    return 0;
}


static void
check_answer(fuzz_t *f, unsigned how, unsigned status, qc_str_t lines)
{
    unsigned          times;
    qc_fresh_t        fresh;
    qc_metric_e       reason;
    qc_fresh_rules_t  rules;

    static const qc_str_t  targeted[] = {
        qc_string("a"),
        qc_string("CDN-Cache-Control")
    };

    times = status / 600;
    status %= 600;

    memset(&rules, 0, sizeof(rules));

    rules.ignore = how & 0x1f;
    rules.heuristic = (how >> 5) & 1;
    rules.targeted = targeted;
    rules.ntargeted = ((how >> 6) & 3) % 3;
    rules.swr = (times & 1) ? 5 : 0;
    rules.sie = (times & 2) ? UINT64_MAX : 0;
    rules.revalidate = (times >> 2) & 1;
    rules.keep = (times & 8) ? 90 : 0;

    reason = decide(&fresh, &rules, how, status, lines, "b", "c");

    if (reason != QC_NO_METRIC) {
        fuzz_check(reason == QC_R_STATUS || reason == QC_R_FRESHNESS
                   || reason == QC_R_CACHE_CONTROL || reason == QC_R_VARY
                   || reason == QC_R_SET_COOKIE || reason == QC_R_TRAILERS);
        return;
    }

    check_times(&fresh, status);
    check_validator(f, &fresh, status, lines);

    fuzz_check(!fresh.limited || (fresh.lifetime != 0 && fresh.late == 0));

    if (fresh.directives == &fresh.control) {
        check_beside(&rules, how, status, lines, fresh.lifetime);
    }

    if (!(rules.ignore & QC_IGNORE_SET_COOKIE)) {
        reason = decide(&fresh, &rules, how, status, lines, "Set-Cookie", "");
        fuzz_check(reason == QC_R_SET_COOKIE);
    }

    if (!(rules.ignore & QC_IGNORE_VARY)) {
        reason = decide(&fresh, &rules, how, status, lines, "Vary", "a, *");
        fuzz_check(reason == QC_R_VARY);
    }
}


static void
check_times(const qc_fresh_t *fresh, unsigned status)
{
    fuzz_check(fresh->lifetime <= QC_FRESH_MAX);
    fuzz_check(fresh->keep <= QC_FRESH_MAX);
    fuzz_check(fresh->swr <= fresh->keep && fresh->sie <= fresh->keep);
    fuzz_check(fresh->lifetime != 0 || fresh->keep != 0);
    fuzz_check(!fresh->strict || (fresh->swr == 0 && fresh->sie == 0));
    fuzz_check(!fresh->validator || status / 100 == 2);
    fuzz_check(fresh->age <= QC_DELTA_MAX);
    fuzz_check(!qc_fresh_keeps(fresh, qc_str("set-cookie", 10)));
    fuzz_check(qc_fresh_status(status));
}


/* A lifetime is what is missing: 5xx without one has the status as reason. */

static int
without(qc_metric_e reason)
{
    return reason == QC_R_FRESHNESS || reason == QC_R_CACHE_CONTROL
           || reason == QC_R_STATUS;
}


/* One directive more. */

static void
check_beside(const qc_fresh_rules_t *rules, unsigned how, unsigned status,
    qc_str_t lines, uint64_t lifetime)
{
    size_t       i;
    qc_fresh_t   fresh;
    qc_metric_e  reason;

    static const char  *strict[] = {
        "no-cache", "must-revalidate", "proxy-revalidate", "max-age=x"
    };

    reason = decide(&fresh, rules, how, status, lines, "cache-control",
                    "private");
    fuzz_check(reason == QC_R_CACHE_CONTROL);

    reason = decide(&fresh, rules, how, status, lines, "cache-control",
                    "max-age=0");

    /* the operator's lifetime is leave to share, one for all is not */

    fuzz_check(without(reason)
               || (reason == QC_NO_METRIC && fresh.lifetime <= lifetime));

    for (i = 0; i < sizeof(strict) / sizeof(strict[0]); i++) {
        reason = decide(&fresh, rules, how, status, lines, "cache-control",
                        strict[i]);

        fuzz_check(without(reason)
                   || (reason == QC_NO_METRIC && fresh.strict
                       && fresh.lifetime <= lifetime));
        fuzz_check(i != 0 || reason != QC_NO_METRIC || fresh.lifetime == 0);
    }

    reason = decide(&fresh, rules, how, status, lines, "cache-control",
                    "stale-while-revalidate=0, stale-if-error=0");
    fuzz_check(reason != QC_NO_METRIC || (fresh.swr == 0 && fresh.sie == 0));
}


/* What can be found in the stored block. */

static void
check_validator(fuzz_t *f, const qc_fresh_t *fresh, unsigned status,
    qc_str_t lines)
{
    int       found;
    size_t    size;
    qc_buf_t  b;
    qc_str_t  name, value, etag, modified;

    size = 4 * lines.len;
    qc_buf_init(&b, fuzz_alloc(f, size), size);

    while (next_line(&lines, &name, &value)) {
        if (qc_fresh_keeps(fresh, name)) {
            qc_headers_add(&b, name, value);
        }
    }

    if (qc_buf_status(&b) != QC_OK) {
        return;
    }

    found = qc_validators(status, qc_buf_written(&b), &etag, &modified);

    fuzz_check(found == (int) fresh->validator);
    fuzz_check(etag.len == 0 || qc_etag_valid(etag));
}


/* Lines of "name:value"; those without a colon are left out. */

static int
next_line(qc_str_t *lines, qc_str_t *name, qc_str_t *value)
{
    qc_str_t        line;
    const uint8_t  *p;

    while (lines->len != 0) {
        p = memchr(lines->data, '\n', lines->len);
        line = qc_str(lines->data,
                      p ? (size_t) (p - lines->data) : lines->len);
        lines->data += line.len + (p != NULL);
        lines->len -= line.len + (p != NULL);

        p = (line.len != 0) ? memchr(line.data, ':', line.len) : NULL;

        if (p != NULL) {
            *name = qc_str(line.data, (size_t) (p - line.data));
            *value = qc_str(p + 1, line.len - name->len - 1);
            return 1;
        }
    }

    return 0;
}


/* The lines, then one field more. */

static qc_metric_e
decide(qc_fresh_t *fresh, const qc_fresh_rules_t *rules, unsigned how,
    unsigned status, qc_str_t lines, const char *name, const char *value)
{
    qc_str_t            n, v;
    qc_fresh_answer_t   answer;

    memset(&answer, 0, sizeof(answer));

    answer.status = status;
    answer.now = NOW;
    answer.get = (how >> 8) & 1;
    answer.validates = answer.get;
    answer.shared = (how >> 9) & 1;
    answer.has_valid = (how >> 10) & 1;
    answer.delay = (how >> 11) & 7;
    answer.limit = how & 1;
    answer.valid = (how >> 14) * 1000;

    qc_fresh_init(fresh, rules);

    while (next_line(&lines, &n, &v)) {
        qc_fresh_field(fresh, n, v);
    }

    qc_fresh_field(fresh, qc_str(name, strlen(name)),
                   qc_str(value, strlen(value)));

    return qc_fresh_decide(fresh, &answer);
}


static void
check_control(fuzz_t *f, qc_str_t a, qc_str_t b)
{
    unsigned         forbidden;
    uint64_t         age;
    qc_directives_t  d;

    memset(&d, 0, sizeof(d));
    qc_directives_list(&d, a);
    check_directives(&d);

    /* another line can take a lifetime away, but not what forbids storing */

    age = d.max_age;
    forbidden = forbids(&d);
    qc_directives_list(&d, b);
    check_directives(&d);
    fuzz_check((forbidden & forbids(&d)) == forbidden);
    fuzz_check(d.max_age <= age || age == 0);

    memset(&d, 0, sizeof(d));
    qc_directives_list(&d, join(f, a, ", no-store", qc_str("", 0)));
    fuzz_check(d.no_store || d.forbidden);

    memset(&d, 0, sizeof(d));
    qc_directives_list(&d, join(f, qc_str("", 0), "no-store,", a));
    fuzz_check(d.no_store);
}


static unsigned
forbids(const qc_directives_t *d)
{
    return d->forbidden + 2u * d->no_store + 4u * d->no_cache
           + 8u * d->strict;
}


static void
check_dictionary(qc_str_t a, qc_str_t b)
{
    int              bad;
    unsigned         forbidden;
    qc_directives_t  d;

    memset(&d, 0, sizeof(d));
    qc_directives_dictionary(&d, a);
    check_directives(&d);

    bad = d.bad;
    forbidden = forbids(&d);
    fuzz_check(!bad || !d.any);

    qc_directives_dictionary(&d, b);
    check_directives(&d);
    fuzz_check(!bad || d.bad);
    fuzz_check((forbidden & forbids(&d)) == forbidden);
}


static void
check_directives(const qc_directives_t *d)
{
    size_t  i;

    fuzz_check(d->max_age <= QC_DELTA_MAX && d->s_maxage <= QC_DELTA_MAX);
    fuzz_check(d->has_max_age || d->max_age == 0);
    fuzz_check(d->has_s_maxage || d->s_maxage == 0);
    fuzz_check(d->swr <= QC_DELTA_MAX && d->sie <= QC_DELTA_MAX);
    fuzz_check(d->has_swr || d->swr == 0);
    fuzz_check(d->has_sie || d->sie == 0);
    fuzz_check(d->strict || (!d->no_cache && !d->must_revalidate
                             && !d->has_s_maxage));
    fuzz_check(d->nfields <= QC_DIRECTIVES_FIELDS);

    for (i = 0; i < d->nfields; i++) {
        fuzz_check(d->fields[i].len != 0);
        fuzz_check(qc_directives_name(d, d->fields[i]));
    }
}


static void
check_etag(fuzz_t *f, qc_str_t list, qc_str_t tag)
{
    int       match, valid;
    qc_str_t  none;

    none = qc_str("", 0);
    match = qc_etag_match(list, tag);
    valid = qc_etag_valid(tag);
    fuzz_check(!valid || qc_etag_match(tag, tag));
    fuzz_check(qc_etag_equal(tag, tag, 1) == valid);
    fuzz_check(qc_etag_equal(list, tag, 0) <= qc_etag_equal(list, tag, 1));
    fuzz_check(qc_etag_equal(list, tag, 1) <= match);

    if (match && list.len != 0 && memchr(list.data, '*', list.len) == NULL) {
        fuzz_check(valid);
        fuzz_check(qc_etag_match(join(f, list, ", x", none), tag));
        fuzz_check(qc_etag_match(join(f, none, ", ,\t\"q\",", list), tag));
    }

    if (tag.len != 0 && tag.data[0] == '"' && valid) {
        fuzz_check(qc_etag_match(join(f, tag, ",", list), tag));
        fuzz_check(qc_etag_match(join(f, none, "W/", tag), tag));
        fuzz_check(qc_etag_match(tag, join(f, none, "W/", tag)));
    }

    fuzz_check(!qc_etag_match(none, tag));
}


static qc_str_t
join(fuzz_t *f, qc_str_t a, const char *between, qc_str_t b)
{
    size_t    len, n;
    uint8_t  *p;

    n = strlen(between);
    len = a.len + n + b.len;
    p = fuzz_alloc(f, len);

    if (a.len != 0) {
        memcpy(p, a.data, a.len);
    }

    memcpy(p + a.len, between, n);

    if (b.len != 0) {
        memcpy(p + a.len + n, b.data, b.len);
    }

    return qc_str(p, len);
}
