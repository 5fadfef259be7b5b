
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * The answer is gathered into units of one size and checked unit by unit, so
 * that nothing depends on how it was cut.  What is left of the unit before
 * stands in front of it: a text that lies across both is found in one piece.
 */

#include "qc_gate.h"
#include "qc_gate_json.h"
#include "qc_gate_rule.h"
#include "qc_headers.h"


#define QC_GATE_RECENT (128 * 1024)    /* where an exception in text counts */
#define QC_GATE_CODE   20              /* digits of its number */
#define QC_GATE_NAME   32              /* bytes of its name */


static void qc_gate_unit(qc_gate_t *g, size_t len);
static void qc_gate_texts(qc_gate_t *g, const uint8_t *end);
static void qc_gate_clickhouse(qc_gate_t *g, const uint8_t *p,
    const uint8_t *end);
static const uint8_t *qc_gate_exception(const uint8_t *start,
    const uint8_t *p, const uint8_t *end);
static int qc_gate_before(const uint8_t *start, const uint8_t **p,
    qc_str_t text);
static int qc_gate_recent(const qc_gate_t *g);
static int qc_gate_message_ends(const qc_gate_t *g);
static qc_metric_e qc_gate_untold(const qc_gate_t *g);
static int qc_gate_blank_line(const qc_gate_t *g);
static int qc_gate_line_end(const uint8_t *start, const uint8_t **p);

static const qc_str_t  qc_gate_lines[] = {
    qc_string("application/x-ndjson"),
    qc_string("application/ndjson"),
    qc_string("application/jsonl"),
    qc_string("application/x-jsonlines"),
    qc_string("application/stream+json"),
    qc_string("application/vnd.elasticsearch+x-ndjson")
};

static const qc_str_t  qc_gate_jsons[] = {
    qc_string("application/json"),
    qc_string("text/json")
};

static const qc_str_t  qc_gate_suffix = qc_string("+json");

static const qc_str_t  qc_gate_opaque[] = {
    qc_string("yaml"),
    qc_string("cbor"),
    qc_string("smile")
};

/* The line that marks an exception, without and with the end before it. */

static const qc_str_t  qc_gate_mark = qc_string("__exception__");
static const qc_str_t  qc_gate_mark_line = qc_string("\n__exception__");

/*
 * "Code: 60. DB::Exception", "Code: 210, e.displayText() = DB::NetException",
 * "std::exception. Code: 1001"; all of them have this in their names.
 */

static const qc_str_t  qc_gate_name = qc_string("xception");
static const qc_str_t  qc_gate_other = qc_string("xception. Code: 100");
static const qc_str_t  qc_gate_dot = qc_string(". ");
static const qc_str_t  qc_gate_display =
    qc_string(", e.displayText() = ");
static const qc_str_t  qc_gate_code = qc_string("Code: ");

/* ", e.what() = DB::Exception", " (version 25.8.2.29 (official build))" */

static const qc_str_t  qc_gate_what = qc_string(", e.what() = ");
static const qc_str_t  qc_gate_version = qc_string(" (version ");


qc_gate_type_e
qc_gate_type(qc_str_t content_type)
{
    size_t    i;
    qc_str_t  type;

    type = content_type;

    for (i = 0; i < type.len && type.data[i] != ';'; i++) {
        /* void */
    }

    type.len = i;

    while (type.len != 0 && type.data[type.len - 1] <= ' ') {
        type.len--;
    }

    while (type.len != 0 && type.data[0] <= ' ') {
        type.data++;
        type.len--;
    }

    for (i = 0; i < sizeof(qc_gate_lines) / sizeof(qc_gate_lines[0]); i++) {
        if (qc_name_eq(type, qc_gate_lines[i])) {
            return QC_GATE_TYPE_LINES;
        }
    }

    for (i = 0; i < sizeof(qc_gate_jsons) / sizeof(qc_gate_jsons[0]); i++) {
        if (qc_name_eq(type, qc_gate_jsons[i])) {
            return QC_GATE_TYPE_JSON;
        }
    }

    if (type.len > qc_gate_suffix.len
        && memchr(type.data, '/', type.len) != NULL
        && qc_name_eq(qc_str(type.data + type.len - qc_gate_suffix.len,
                             qc_gate_suffix.len),
                      qc_gate_suffix))
    {
        return QC_GATE_TYPE_JSON;
    }

    for (i = 0; i < sizeof(qc_gate_opaque) / sizeof(qc_gate_opaque[0]); i++) {
        if (qc_name_within(type, qc_gate_opaque[i])) {
            return QC_GATE_TYPE_OPAQUE;
        }
    }

    return QC_GATE_OTHER;
}


void
qc_gate_init(qc_gate_t *g, const qc_gate_rules_t *rules, qc_gate_type_e type)
{
    size_t  i;

    memset(g, 0, offsetof(qc_gate_t, text));

    g->rules = rules;
    g->type = (uint8_t) type;
    g->reason = QC_NO_METRIC;

    /* the first line begins as any other */

    g->buffer[QC_GATE_PAST - 1] = '\n';

    if (!qc_gate_rules_valid(rules)) {
        g->reason = QC_R_RULE;
        return;
    }

    /* what cannot be read cannot be shown to keep them */

    for (i = 0; type == QC_GATE_TYPE_OPAQUE && i < rules->nrules; i++) {
        if (rules->rules[i].kind == QC_GATE_IS
            || rules->rules[i].kind == QC_GATE_NOT)
        {
            g->reason = rules->rules[i].reason;
            return;
        }
    }

    qc_gate_json_init(g);

    g->idle = (g->mode == QC_GATE_NO_JSON && rules->nrules == 0
               && !(rules->flags & QC_GATE_CLICKHOUSE)
               && (type == QC_GATE_TYPE_JSON
                   || !(rules->flags & QC_GATE_BLANK_LINE_IF)));
}


void
qc_gate_update(qc_gate_t *g, const uint8_t *p, size_t len)
{
    size_t  n;

    while (len != 0 && !g->idle && g->reason == QC_NO_METRIC) {
        n = QC_GATE_UNIT - g->fill;
        n = (n < len) ? n : len;

        memcpy(g->buffer + QC_GATE_PAST + g->fill, p, n);
        g->fill += n;
        p += n;
        len -= n;

        if (g->fill == QC_GATE_UNIT) {
            qc_gate_unit(g, QC_GATE_UNIT);
        }
    }
}


qc_metric_e
qc_gate_failed(const qc_gate_t *g)
{
    return g->reason;
}


qc_metric_e
qc_gate_final(qc_gate_t *g)
{
    if (g->fill != 0 && g->reason == QC_NO_METRIC) {
        qc_gate_unit(g, g->fill);
    }

    if (g->reason == QC_NO_METRIC
        && (g->marker || qc_gate_recent(g) || qc_gate_message_ends(g)))
    {
        g->reason = QC_R_EXCEPTION;
    }

    if (g->reason == QC_NO_METRIC && !g->idle
        && (!qc_gate_json_whole(g) || !qc_gate_blank_line(g)))
    {
        g->reason = QC_R_TRUNCATED;
    }

    if (g->reason == QC_NO_METRIC) {
        g->reason = qc_gate_untold(g);
    }

    return g->reason;
}


static void
qc_gate_unit(qc_gate_t *g, size_t len)
{
    size_t    keep;
    uint8_t  *p, *end;

    p = g->buffer + QC_GATE_PAST;
    end = p + len;
    g->total += len;

    qc_gate_texts(g, end);

    /* text that is not JSON may well be an exception that goes on in the next
       unit: that one is read before the verdict */

    if (g->bad && g->reason == QC_NO_METRIC) {
        g->reason = qc_gate_recent(g) ? QC_R_EXCEPTION : QC_R_TRUNCATED;
    }

    if (g->reason == QC_NO_METRIC && qc_gate_json_read(g, p, end) == QC_BAD) {
        g->bad = 1;
    }

    keep = g->past + len;
    keep = (keep < QC_GATE_PAST) ? keep : QC_GATE_PAST;
    memmove(p - keep, end - keep, keep);
    g->past = keep;
    g->fill = 0;
}


static void
qc_gate_texts(qc_gate_t *g, const uint8_t *end)
{
    size_t                 i;
    const uint8_t         *start;
    const qc_gate_rule_t  *rule;

    start = g->buffer + QC_GATE_PAST - g->past;

    if (g->rules->flags & QC_GATE_CLICKHOUSE) {
        qc_gate_clickhouse(g, start, end);
    }

    for (i = 0; i < g->rules->nrules && g->reason == QC_NO_METRIC; i++) {
        rule = &g->rules->rules[i];

        if (rule->kind != QC_GATE_TEXT && rule->kind != QC_GATE_NO_TEXT) {
            continue;
        }

        if ((g->seen & (1u << i))
            || qc_scan_find(start, end, rule->value) == NULL)
        {
            continue;
        }

        g->seen |= (uint16_t) (1u << i);

        if (rule->kind == QC_GATE_NO_TEXT) {
            g->reason = rule->reason;
        }
    }
}


static void
qc_gate_clickhouse(qc_gate_t *g, const uint8_t *start, const uint8_t *end)
{
    const uint8_t  *p, *line, *name;

    for (p = start; (p = qc_scan_find(p, end, qc_gate_name)) != NULL; p++) {
        name = qc_gate_exception(start, p, end);

        if (name != NULL) {
            g->exception = g->total - (uint64_t) (end - name);
        }
    }

    /* before the first byte there is a line end that is none of the body's */

    line = (g->past != 0) ? start : start - 1;

    for (p = line; (p = qc_scan_find(p, end, qc_gate_mark_line)) != NULL; p++) {
        line = p + qc_gate_mark_line.len;

        if (line < end && (*line == '\r' || *line == '\n')) {
            g->reason = QC_R_EXCEPTION;
            return;
        }
    }

    /* the unit has a byte at least, and line ends alone change nothing */

    line = g->buffer + QC_GATE_PAST;

    while (end > line && (end[-1] == '\r' || end[-1] == '\n')) {
        end--;
    }

    if (end > line) {
        g->marker = (qc_gate_before(start, &end, qc_gate_mark) != 0);
    }
}


/* The name of which this is the end, if what is around it is a message. */

static const uint8_t *
qc_gate_exception(const uint8_t *start, const uint8_t *p, const uint8_t *end)
{
    int             scoped;
    const uint8_t  *name, *digits;

    if (p > start && (size_t) (end - p) >= qc_gate_other.len
        && memcmp(p, qc_gate_other.data, qc_gate_other.len) == 0)
    {
        return p;
    }

    scoped = 0;
    name = p;

    while (p > start && name - p < QC_GATE_NAME
           && (p[-1] == ':'
               || ((p[-1] | 0x20) >= 'a' && (p[-1] | 0x20) <= 'z')))
    {
        scoped |= (p[-1] == ':' && p[0] == ':');
        p--;
    }

    name = p;

    if (!scoped
        || (!qc_gate_before(start, &p, qc_gate_dot)
            && !qc_gate_before(start, &p, qc_gate_display)))
    {
        return NULL;
    }

    digits = p;

    while (p > start && digits - p < QC_GATE_CODE
           && p[-1] >= '0' && p[-1] <= '9')
    {
        p--;
    }

    return (p != digits && qc_gate_before(start, &p, qc_gate_code)) ? name
                                                                     : NULL;
}


static int
qc_gate_before(const uint8_t *start, const uint8_t **p, qc_str_t text)
{
    if ((size_t) (*p - start) < text.len
        || memcmp(*p - text.len, text.data, text.len) != 0)
    {
        return 0;
    }

    *p -= text.len;

    return 1;
}


/* An old one is part of the data: the server ends where it failed. */

static int
qc_gate_recent(const qc_gate_t *g)
{
    return g->exception != 0 && g->total - g->exception < QC_GATE_RECENT;
}


/*
 * A message may be as long as the value it complains of.  Then its end tells
 * it from data.  The last bytes are before the next unit.
 */

static int
qc_gate_message_ends(const qc_gate_t *g)
{
    const uint8_t  *start, *p;

    if (g->exception == 0) {
        return 0;
    }

    p = g->buffer + QC_GATE_PAST;
    start = p - g->past;

    while (p > start && (p[-1] == '\r' || p[-1] == '\n')) {
        p--;
    }

    return qc_scan_find(start, p, qc_gate_what) != NULL
           || (p > start && p[-1] == ')'
               && qc_scan_find(start, p, qc_gate_version) != NULL);
}


/* What had to be found and was not. */

static qc_metric_e
qc_gate_untold(const qc_gate_t *g)
{
    size_t           i;
    qc_gate_kind_e   kind;

    for (i = 0; i < g->rules->nrules; i++) {
        kind = g->rules->rules[i].kind;

        if ((kind == QC_GATE_IS || kind == QC_GATE_TEXT)
            && !(g->seen & (1u << i)))
        {
            return g->rules->rules[i].reason;
        }
    }

    return QC_NO_METRIC;
}


/* The last bytes are before the next unit. */

static int
qc_gate_blank_line(const qc_gate_t *g)
{
    const uint8_t  *start, *p;

    if (!(g->rules->flags & QC_GATE_BLANK_LINE_IF)
        || g->type == QC_GATE_TYPE_JSON)
    {
        return 1;
    }

    p = g->buffer + QC_GATE_PAST;
    start = p - g->past;

    return qc_gate_line_end(start, &p)
           && (p == start || qc_gate_line_end(start, &p));
}


static int
qc_gate_line_end(const uint8_t *start, const uint8_t **p)
{
    if (*p == start || (*p)[-1] != '\n') {
        return 0;
    }

    (*p)--;

    if (*p > start && (*p)[-1] == '\r') {
        (*p)--;
    }

    return 1;
}
