
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * Tables of answers and verdicts: each answer is cut in every way.
 */

#ifndef GATE_H
#define GATE_H


#include "qc_gate.h"
#include "tap.h"


#define JSON    QC_GATE_JSON
#define IF      QC_GATE_JSON_IF
#define BLANK   QC_GATE_BLANK_LINE_IF
#define CH      QC_GATE_CLICKHOUSE

#define OTHER   QC_GATE_OTHER
#define TYPE    QC_GATE_TYPE_JSON
#define LINES   QC_GATE_TYPE_LINES

#define SOUND   QC_NO_METRIC
#define CUT     QC_R_TRUNCATED
#define EXC     QC_R_EXCEPTION
#define FIRST   QC_R_PARTIAL           /* the first rule, the second, ... */
#define SECOND  QC_R_ERRORS
#define THIRD   QC_R_RULE


typedef struct {
    unsigned        flags;
    qc_gate_type_e  type;
    const char     *rules;             /* !/p /p=v text=s !text=s */
    const char     *body;
    qc_metric_e     want;
} gate_t;


#define run_table(name, t, text, before)                                      \
    test_table(name, t, sizeof(t) / sizeof(t[0]));                            \
    test_shifted(name, t, sizeof(t) / sizeof(t[0]), text, before)


static qc_gate_rule_t   rules[QC_GATE_RULES_MAX + 1];
static qc_gate_rules_t  all;


/* Sets all from the notation of the tables; the reasons tell them apart. */

static inline void
parse_rules(unsigned flags, const char *s)
{
    size_t                    len, n;
    const char               *p;
    qc_gate_rule_t           *rule;
    static const qc_metric_e  reasons[] = { FIRST, SECOND, THIRD };

    memset(rules, 0, sizeof(rules));

    for (n = 0; *s != '\0'; n++) {
        rule = &rules[n];
        rule->reason = reasons[n % 3];
        len = strcspn(s, " ");

        if (strncmp(s, "text=", 5) == 0) {
            rule->kind = QC_GATE_TEXT;
            rule->value = qc_str(s + 5, len - 5);

        } else if (strncmp(s, "!text=", 6) == 0) {
            rule->kind = QC_GATE_NO_TEXT;
            rule->value = qc_str(s + 6, len - 6);

        } else if (*s == '!') {
            rule->kind = QC_GATE_NOT;
            rule->pointer = qc_str(s + 1, len - 1);

        } else {
            p = memchr(s, '=', len);
            rule->kind = QC_GATE_IS;
            rule->pointer = qc_str(s, (size_t) (p - s));
            rule->value = qc_str(p + 1, len - (size_t) (p - s) - 1);
        }

        s += len;
        s += (*s == ' ');
    }

    all.rules = rules;
    all.nrules = n;
    all.flags = flags;
}


/* The body in pieces of first, then step bytes. */

static inline qc_metric_e
run(qc_gate_type_e type, const void *body, size_t len, size_t first,
    size_t step)
{
    size_t       n, at;
    qc_gate_t   *g;
    qc_metric_e  known, reason;

    g = tap_guard(0, NULL, sizeof(qc_gate_t));
    qc_gate_init(g, &all, type);

    n = first;

    for (at = 0; at < len; n = step) {
        n = (n < len - at) ? n : len - at;
        qc_gate_update(g, tap_guard(1, (const char *) body + at, n), n);
        at += n;
    }

    known = qc_gate_failed(g);
    reason = qc_gate_final(g);

    if ((known != SOUND && known != reason)
        || qc_gate_failed(g) != reason
        || qc_gate_final(g) != reason)
    {
        return (qc_metric_e) -1;
    }

    return reason;
}


/* Every cut in two, and all in pieces of one size. */

static inline void
check(const char *name, unsigned n, const gate_t *test, const void *body,
    size_t len)
{
    size_t       i;
    qc_metric_e  got, want;

    want = test->want;
    got = run(test->type, body, len, len, 1);

    for (i = 0; i <= len && got == want; i++) {
        got = run(test->type, body, len, i, len);
    }

    for (i = 1; i <= 9 && got == want; i++) {
        got = run(test->type, body, len, i, i);
    }

    if (!tap_ok(got == want, "%s %u", name, n)) {
        tap_dump("rules", test->rules, strlen(test->rules));
        tap_dump("body", body, len);
        printf("# got %d, expected %d, cut %u\n", (int) got, (int) want,
               (unsigned) i);
    }
}


static inline void
test_table(const char *name, const gate_t *tests, size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        parse_rules(tests[i].flags, tests[i].rules);

        if (!qc_gate_rules_valid(&all)) {
            tap_ok(0, "%s %u: rules", name, (unsigned) i);
            continue;
        }

        check(name, (unsigned) i, &tests[i], tests[i].body,
              strlen(tests[i].body));
    }
}


/*
 * The same at every place around the end of a unit, and of two.  JSON has
 * white space in front, other types have the text.
 */

static inline void
test_shifted(const char *name, const gate_t *tests, size_t n, char text,
    char before)
{
    int          same;
    char         pad, body[2 * QC_GATE_UNIT + 512];
    size_t       i, len, shift;
    qc_metric_e  got;

    for (i = 0; i < n; i++) {
        parse_rules(tests[i].flags, tests[i].rules);
        len = strlen(tests[i].body);

        /* an empty line alone is one that nothing is before */

        if (len < 3) {
            continue;
        }

        same = 1;
        pad = (tests[i].type == OTHER && !(tests[i].flags & JSON)) ? text : ' ';

        for (shift = 2 * QC_GATE_UNIT - 150;
             shift <= 2 * QC_GATE_UNIT + 10;
             shift++)
        {
            memset(body, pad, shift);
            memcpy(body + shift, tests[i].body, len);

            body[shift - 1] = (before != 0) ? before : pad;

            got = run(tests[i].type, body, shift + len, 1000, 5000);
            same &= (got == tests[i].want);

            got = run(tests[i].type, body + QC_GATE_UNIT,
                      shift + len - QC_GATE_UNIT, 7, 13);
            same &= (got == tests[i].want);
        }

        if (!tap_ok(same, "%s %u, shifted", name, (unsigned) i)) {
            tap_dump("body", tests[i].body, len);
        }
    }
}


#endif /* GATE_H */
