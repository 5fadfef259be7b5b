
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * Whatever stands beside it, "no-store" is heard and another "max-age" makes
 * an answer less fresh; whatever stands beside it, "*" varies; and a list
 * with the tag in it matches.  The input is what is ignored and a status;
 * lengths of two strings, then these and a third one; the third one is also
 * lines of header fields.
 */

#include "fuzz.h"
#include "qc_fresh.h"


#define NOW  784111777


static void check_answer(unsigned how, unsigned status, qc_str_t lines);
static qc_metric_e decide(qc_fresh_t *fresh, const qc_fresh_rules_t *rules,
    unsigned how, unsigned status, qc_str_t lines, const char *name,
    const char *value);
static void check_control(fuzz_t *f, qc_str_t a, qc_str_t b);
static void check_dictionary(qc_str_t a, qc_str_t b);
static void check_directives(const qc_directives_t *d);
static void check_vary(fuzz_t *f, qc_str_t value, qc_str_t a, qc_str_t b);
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
    status = fuzz_u16(&f) % 600;
    size = fuzz_u8(&f);
    b = fuzz_str(&f, fuzz_u8(&f));
    a = fuzz_str(&f, size);
    c = fuzz_rest(&f);

    check_answer(how, status, c);
    check_control(&f, a, b);
    check_control(&f, c, a);
    check_dictionary(a, b);
    check_dictionary(c, a);
    check_vary(&f, c, a, b);
    check_etag(&f, c, a);

    fuzz_done(&f);

    return 0;
}


static void
check_answer(unsigned how, unsigned status, qc_str_t lines)
{
    uint64_t          lifetime;
    qc_fresh_t        fresh;
    qc_metric_e       reason;
    qc_fresh_rules_t  rules;

    static const qc_str_t  targeted[] = {
        qc_string("a"),
        qc_string("CDN-Cache-Control")
    };

    memset(&rules, 0, sizeof(rules));

    rules.ignore = how & 0x1f;
    rules.heuristic = (how >> 5) & 1;
    rules.targeted = targeted;
    rules.ntargeted = ((how >> 6) & 3) % 3;

    reason = decide(&fresh, &rules, how, status, lines, "b", "c");

    if (reason != QC_NO_METRIC) {
        fuzz_check(reason == QC_R_STATUS || reason == QC_R_FRESHNESS
                   || reason == QC_R_CACHE_CONTROL || reason == QC_R_VARY
                   || reason == QC_R_SET_COOKIE || reason == QC_R_ENCODED
                   || reason == QC_R_TRAILERS);
        return;
    }

    lifetime = fresh.lifetime;

    fuzz_check(lifetime >= 1 && lifetime <= QC_FRESH_MAX);
    fuzz_check(fresh.age <= QC_DELTA_MAX);
    fuzz_check(!qc_fresh_keeps(&fresh, qc_str("set-cookie", 10)));
    fuzz_check(qc_fresh_status(status));

    if (fresh.directives == &fresh.control) {
        reason = decide(&fresh, &rules, how, status, lines, "cache-control",
                        "private");
        fuzz_check(reason == QC_R_CACHE_CONTROL);
        reason = decide(&fresh, &rules, how, status, lines, "cache-control",
                        "max-age=0");

        /* the operator's lifetime is leave to share, one for all is not */

        fuzz_check(reason == QC_R_FRESHNESS
                   || (reason == QC_R_CACHE_CONTROL && ((how >> 9) & 1))
                   || (reason == QC_NO_METRIC && fresh.lifetime == lifetime));
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


/* Lines of "name:value", then one field more. */

static qc_metric_e
decide(qc_fresh_t *fresh, const qc_fresh_rules_t *rules, unsigned how,
    unsigned status, qc_str_t lines, const char *name, const char *value)
{
    qc_str_t            line;
    const uint8_t      *p;
    qc_fresh_answer_t   answer;

    memset(&answer, 0, sizeof(answer));

    answer.status = status;
    answer.now = NOW;
    answer.get = (how >> 8) & 1;
    answer.shared = (how >> 9) & 1;
    answer.has_valid = (how >> 10) & 1;
    answer.delay = (how >> 11) & 7;
    answer.valid = (how >> 14) * 1000;

    qc_fresh_init(fresh, rules);

    while (lines.len != 0) {
        p = memchr(lines.data, '\n', lines.len);
        line = qc_str(lines.data, p ? (size_t) (p - lines.data) : lines.len);
        lines.data += line.len + (p != NULL);
        lines.len -= line.len + (p != NULL);

        p = (line.len != 0) ? memchr(line.data, ':', line.len) : NULL;

        if (p != NULL) {
            qc_fresh_field(fresh,
                           qc_str(line.data, (size_t) (p - line.data)),
                           qc_str(p + 1, line.len
                                         - (size_t) (p + 1 - line.data)));
        }
    }

    qc_fresh_field(fresh, qc_str(name, strlen(name)),
                   qc_str(value, strlen(value)));

    return qc_fresh_decide(fresh, &answer);
}


static void
check_control(fuzz_t *f, qc_str_t a, qc_str_t b)
{
    int              forbidden;
    uint64_t         age;
    qc_directives_t  d;

    memset(&d, 0, sizeof(d));
    qc_directives_list(&d, a);
    check_directives(&d);

    /* another line can take a lifetime away, but not what forbids storing */

    age = d.max_age;
    forbidden = d.forbidden + 2 * d.no_store;
    qc_directives_list(&d, b);
    check_directives(&d);
    fuzz_check((forbidden & (d.forbidden + 2 * d.no_store)) == forbidden);
    fuzz_check(d.max_age <= age || age == 0);

    memset(&d, 0, sizeof(d));
    qc_directives_list(&d, join(f, a, ", no-store", qc_str("", 0)));
    fuzz_check(d.no_store || d.forbidden);

    memset(&d, 0, sizeof(d));
    qc_directives_list(&d, join(f, qc_str("", 0), "no-store,", a));
    fuzz_check(d.no_store);
}


static void
check_dictionary(qc_str_t a, qc_str_t b)
{
    int              bad;
    qc_directives_t  d;

    memset(&d, 0, sizeof(d));
    qc_directives_dictionary(&d, a);
    check_directives(&d);

    bad = d.bad;
    fuzz_check(!bad || !d.any);

    qc_directives_dictionary(&d, b);
    check_directives(&d);
    fuzz_check(!bad || d.bad);
}


static void
check_directives(const qc_directives_t *d)
{
    size_t  i;

    fuzz_check(d->max_age <= QC_DELTA_MAX && d->s_maxage <= QC_DELTA_MAX);
    fuzz_check(d->has_max_age || d->max_age == 0);
    fuzz_check(d->has_s_maxage || d->s_maxage == 0);
    fuzz_check(d->nfields <= QC_DIRECTIVES_FIELDS);

    for (i = 0; i < d->nfields; i++) {
        fuzz_check(d->fields[i].len != 0);
        fuzz_check(qc_directives_name(d, d->fields[i]));
    }
}


static void
check_vary(fuzz_t *f, qc_str_t value, qc_str_t a, qc_str_t b)
{
    int       within;
    qc_str_t  names[3];

    names[0] = a;
    names[1] = b;
    names[2] = qc_str("*", 1);

    within = qc_vary_within(value, names, 3);

    fuzz_check(qc_vary_within(join(f, value, ",*", qc_str("", 0)), names, 3)
               == 0);
    fuzz_check(qc_vary_within(join(f, qc_str("", 0), "*,", value), names, 3)
               == 0);
    fuzz_check(qc_vary_within(join(f, value, " , ,", value), names, 3)
               == within);
    fuzz_check(qc_vary_within(value, names, 0) <= within);
}


static void
check_etag(fuzz_t *f, qc_str_t list, qc_str_t tag)
{
    int       match, valid;
    qc_str_t  none;

    none = qc_str("", 0);
    match = qc_etag_match(list, tag);
    valid = qc_etag_match(tag, tag);

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
