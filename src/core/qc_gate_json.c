
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_gate_json.h"
#include "qc_gate_rule.h"


/* What comes next, white space apart. */

enum {
    QC_GATE_VALUE = 0,
    QC_GATE_FIRST,        /* a name or a value, or nothing in here */
    QC_GATE_NAME,
    QC_GATE_COLON,
    QC_GATE_NEXT,         /* a comma or the end */
    QC_GATE_END,          /* behind a value of the top */
    QC_GATE_IN_NAME,
    QC_GATE_IN_STRING,
    QC_GATE_IN_SCALAR,
    QC_GATE_IN_OTHER      /* an object or array no rule is about */
};


static unsigned qc_gate_mode(const qc_gate_t *g);
static const uint8_t *qc_gate_sniff(qc_gate_t *g, const uint8_t *p,
    const uint8_t *end);
static qc_rc_e qc_gate_token(qc_gate_t *g, uint8_t ch);
static qc_rc_e qc_gate_first(qc_gate_t *g, uint8_t ch);
static qc_rc_e qc_gate_next(qc_gate_t *g, uint8_t ch);
static qc_rc_e qc_gate_value(qc_gate_t *g, uint8_t ch);
static qc_rc_e qc_gate_open(qc_gate_t *g, uint8_t ch);
static qc_rc_e qc_gate_close(qc_gate_t *g, uint8_t ch);
static void qc_gate_value_end(qc_gate_t *g);
static qc_rc_e qc_gate_string(qc_gate_t *g, const uint8_t **pos,
    const uint8_t *end);
static qc_rc_e qc_gate_string_end(qc_gate_t *g);
static qc_rc_e qc_gate_scalar(qc_gate_t *g, const uint8_t **pos,
    const uint8_t *end);
static qc_rc_e qc_gate_scalar_end(qc_gate_t *g);
static void qc_gate_begin(qc_gate_t *g, unsigned state, int capture);
static void qc_gate_capture(qc_gate_t *g, const uint8_t *p, size_t len);
static uint16_t qc_gate_children(const qc_gate_t *g, const qc_str_t *name);
static qc_rc_e qc_gate_check(qc_gate_t *g, int string);
static qc_rc_e qc_gate_break(qc_gate_t *g, unsigned rules);
static int qc_gate_in_object(const qc_gate_t *g);
static int qc_gate_space(uint8_t ch);
static int qc_gate_scalar_char(uint8_t ch);


void
qc_gate_json_init(qc_gate_t *g)
{
    int                    n;
    size_t                 i;
    const qc_gate_rule_t  *rule;

    for (i = 0; i < g->rules->nrules; i++) {
        rule = &g->rules->rules[i];

        if (rule->kind == QC_GATE_NOT || rule->kind == QC_GATE_IS) {
            n = qc_gate_pointer(rule->pointer, g->segments[i]);
            g->ends[n] |= (uint16_t) (1u << i);
            g->value |= (uint16_t) (1u << i);
        }
    }

    g->alive[0] = g->value;
    g->mode = (uint8_t) qc_gate_mode(g);
}


static unsigned
qc_gate_mode(const qc_gate_t *g)
{
    unsigned  flags;

    flags = g->rules->flags;

    if (flags & QC_GATE_JSON) {
        return QC_GATE_ONE;
    }

    if (!(flags & QC_GATE_JSON_IF) && g->value == 0) {
        return QC_GATE_NO_JSON;
    }

    switch (g->type) {

    case QC_GATE_TYPE_JSON:
        return QC_GATE_ONE;

    case QC_GATE_TYPE_LINES:
        return QC_GATE_LINES;

    default:
        return (g->value != 0) ? QC_GATE_SNIFF : QC_GATE_NO_JSON;
    }
}


qc_rc_e
qc_gate_json_read(qc_gate_t *g, const uint8_t *p, const uint8_t *end)
{
    qc_rc_e  rc;

    if (g->mode == QC_GATE_SNIFF) {
        p = qc_gate_sniff(g, p, end);
    }

    if (g->mode == QC_GATE_NO_JSON) {
        return QC_OK;
    }

    rc = QC_OK;

    while (p < end && rc == QC_OK) {

        switch (g->state) {

        case QC_GATE_IN_OTHER:
            rc = qc_scan_skip(&g->scan, &p, end, g->level);

            if (rc == QC_DONE) {
                qc_gate_value_end(g);
                rc = QC_OK;

            } else if (rc == QC_PARTIAL) {
                rc = QC_OK;
            }

            break;

        case QC_GATE_IN_NAME:
        case QC_GATE_IN_STRING:
            rc = qc_gate_string(g, &p, end);
            break;

        case QC_GATE_IN_SCALAR:
            rc = qc_gate_scalar(g, &p, end);
            break;

        default:
            if (!qc_gate_space(*p)) {
                rc = qc_gate_token(g, *p);

            } else if (g->state == QC_GATE_END && g->mode == QC_GATE_LINES) {
                g->state = QC_GATE_VALUE;
            }

            p++;
        }
    }

    return rc;
}


/* A body whose type says nothing is JSON if it begins like an answer. */

static const uint8_t *
qc_gate_sniff(qc_gate_t *g, const uint8_t *p, const uint8_t *end)
{
    while (p < end && qc_gate_space(*p)) {
        p++;
    }

    if (p < end) {
        g->mode = (*p == '{' || *p == '[') ? QC_GATE_ONE : QC_GATE_NO_JSON;
    }

    return p;
}


static qc_rc_e
qc_gate_token(qc_gate_t *g, uint8_t ch)
{
    switch (g->state) {

    case QC_GATE_VALUE:
        return qc_gate_value(g, ch);

    case QC_GATE_FIRST:
        return qc_gate_first(g, ch);

    case QC_GATE_NAME:
        if (ch != '"') {
            return QC_BAD;
        }

        qc_gate_begin(g, QC_GATE_IN_NAME, 1);

        return QC_OK;

    case QC_GATE_COLON:
        g->state = QC_GATE_VALUE;

        return (ch == ':') ? QC_OK : QC_BAD;

    case QC_GATE_NEXT:
        return qc_gate_next(g, ch);

    default: /* QC_GATE_END */
        return QC_BAD;
    }
}


static qc_rc_e
qc_gate_first(qc_gate_t *g, uint8_t ch)
{
    if (ch == '}' || ch == ']') {
        return qc_gate_close(g, ch);
    }

    if (g->empty != 0) {
        return qc_gate_break(g, g->empty);
    }

    if (qc_gate_in_object(g)) {
        g->state = QC_GATE_NAME;

        return qc_gate_token(g, ch);
    }

    g->value = qc_gate_children(g, NULL);

    return qc_gate_value(g, ch);
}


static qc_rc_e
qc_gate_next(qc_gate_t *g, uint8_t ch)
{
    if (ch == '}' || ch == ']') {
        return qc_gate_close(g, ch);
    }

    if (ch != ',') {
        return QC_BAD;
    }

    if (qc_gate_in_object(g)) {
        g->state = QC_GATE_NAME;

        return QC_OK;
    }

    g->index[g->level]++;
    g->value = qc_gate_children(g, NULL);
    g->state = QC_GATE_VALUE;

    return QC_OK;
}


static qc_rc_e
qc_gate_value(qc_gate_t *g, uint8_t ch)
{
    int  wanted;

    wanted = (g->value & g->ends[g->level]) != 0;

    if (ch == '{' || ch == '[') {
        return qc_gate_open(g, ch);
    }

    if (ch == '"') {
        qc_gate_begin(g, QC_GATE_IN_STRING, wanted);

        return QC_OK;
    }

    if (!qc_gate_scalar_char(ch)) {
        return QC_BAD;
    }

    qc_gate_begin(g, QC_GATE_IN_SCALAR, wanted || g->level == 0);
    qc_gate_capture(g, &ch, 1);

    return QC_OK;
}


static qc_rc_e
qc_gate_open(qc_gate_t *g, uint8_t ch)
{
    unsigned  i, here;

    here = g->value & g->ends[g->level];

    for (i = 0; here >> i != 0; i++) {
        if ((here >> i & 1) && g->rules->rules[i].kind == QC_GATE_IS) {
            return qc_gate_break(g, 1u << i);
        }
    }

    if (qc_scan_bracket(&g->scan, ch) != QC_OK) {
        return QC_BAD;
    }

    if (g->value == 0) {
        g->state = QC_GATE_IN_OTHER;

        return QC_OK;
    }

    g->level++;
    g->alive[g->level] = (uint16_t) (g->value & ~here);
    g->index[g->level] = 0;
    g->empty = (uint16_t) here;
    g->state = QC_GATE_FIRST;

    return QC_OK;
}


static qc_rc_e
qc_gate_close(qc_gate_t *g, uint8_t ch)
{
    if (qc_scan_bracket(&g->scan, ch) != QC_OK) {
        return QC_BAD;
    }

    g->level--;
    qc_gate_value_end(g);

    return QC_OK;
}


static void
qc_gate_value_end(qc_gate_t *g)
{
    g->state = QC_GATE_NEXT;

    if (g->level == 0) {
        g->state = QC_GATE_END;
        g->value = g->alive[0];
    }
}


static void
qc_gate_begin(qc_gate_t *g, unsigned state, int capture)
{
    g->state = (uint8_t) state;
    g->capture = (capture != 0);
    g->captured = 0;
    g->overflow = 0;
}


static void
qc_gate_capture(qc_gate_t *g, const uint8_t *p, size_t len)
{
    if (!g->capture || g->overflow) {
        return;
    }

    if (len > sizeof(g->text) - g->captured) {
        g->overflow = 1;
        return;
    }

    memcpy(g->text + g->captured, p, len);
    g->captured += len;
}


static qc_rc_e
qc_gate_string(qc_gate_t *g, const uint8_t **pos, const uint8_t *end)
{
    const uint8_t  *p;

    for (p = *pos; p < end; p++) {

        if (*p < 0x20) {
            return QC_BAD;
        }

        if (g->escaped) {
            g->escaped = 0;

        } else if (*p == '\\') {
            g->escaped = 1;

        } else if (*p == '"') {
            qc_gate_capture(g, *pos, (size_t) (p - *pos));
            *pos = p + 1;

            return qc_gate_string_end(g);
        }
    }

    qc_gate_capture(g, *pos, (size_t) (p - *pos));
    *pos = p;

    return QC_OK;
}


static qc_rc_e
qc_gate_string_end(qc_gate_t *g)
{
    qc_str_t  name;

    if (g->capture && !g->overflow
        && !qc_gate_decode(g->text, g->captured, g->text, &g->captured))
    {
        return QC_BAD;
    }

    if (g->state == QC_GATE_IN_NAME) {
        name = qc_str(g->text, g->captured);
        g->value = g->overflow ? 0 : qc_gate_children(g, &name);
        g->state = QC_GATE_COLON;

        return QC_OK;
    }

    return qc_gate_check(g, 1);
}


static qc_rc_e
qc_gate_scalar(qc_gate_t *g, const uint8_t **pos, const uint8_t *end)
{
    const uint8_t  *p;

    for (p = *pos; p < end && qc_gate_scalar_char(*p); p++) {
        /* void */
    }

    qc_gate_capture(g, *pos, (size_t) (p - *pos));
    *pos = p;

    return (p < end) ? qc_gate_scalar_end(g) : QC_OK;
}


static qc_rc_e
qc_gate_scalar_end(qc_gate_t *g)
{
    if (g->level == 0
        && (g->overflow || !qc_gate_literal(qc_str(g->text, g->captured))))
    {
        return QC_BAD;
    }

    return qc_gate_check(g, 0);
}


/* The rules that lead to the value here, after its own end. */

static qc_rc_e
qc_gate_check(qc_gate_t *g, int string)
{
    unsigned               i, here;
    qc_str_t               text;
    const qc_gate_rule_t  *rule;

    here = g->value & g->ends[g->level];
    text = qc_str(g->text, g->captured);
    qc_gate_value_end(g);

    for (i = 0; here >> i != 0; i++) {
        if (!(here >> i & 1)) {
            continue;
        }

        rule = &g->rules->rules[i];

        if (g->overflow
            || !(rule->kind == QC_GATE_NOT
                 ? qc_gate_falsy(text, string)
                 : qc_gate_equal(rule->value, text, string)))
        {
            return qc_gate_break(g, 1u << i);
        }

        g->seen |= (uint16_t) (1u << i);
    }

    return QC_OK;
}


/* The rules whose pointers lead on to a member, or to the current element. */

static uint16_t
qc_gate_children(const qc_gate_t *g, const qc_str_t *name)
{
    unsigned        i, rules, children;
    qc_str_t        segment;
    const uint8_t  *starts;

    rules = g->alive[g->level];
    children = 0;

    for (i = 0; rules >> i != 0; i++) {
        if (!(rules >> i & 1)) {
            continue;
        }

        starts = &g->segments[i][g->level - 1];
        segment = qc_str(g->rules->rules[i].pointer.data + starts[0],
                         (size_t) starts[1] - starts[0] - 1);

        if (name ? qc_gate_name_is(segment, *name)
                 : qc_gate_index_is(segment, g->index[g->level]))
        {
            children |= 1u << i;
        }
    }

    return (uint16_t) children;
}


static qc_rc_e
qc_gate_break(qc_gate_t *g, unsigned rules)
{
    unsigned  i;

    for (i = 0; !(rules >> i & 1); i++) {
        /* void */
    }

    g->reason = g->rules->rules[i].reason;

    return QC_DONE;
}


static int
qc_gate_in_object(const qc_gate_t *g)
{
    unsigned  n;

    n = g->scan.depth - 1;

    return (int) (g->scan.kinds[n / 64] >> n % 64 & 1);
}


static int
qc_gate_space(uint8_t ch)
{
    return ch == ' ' || ch == '\n' || ch == '\r' || ch == '\t';
}


static int
qc_gate_scalar_char(uint8_t ch)
{
    return (ch >= '0' && ch <= '9')
           || ((ch | 0x20) >= 'a' && (ch | 0x20) <= 'z')
           || ch == '-' || ch == '+' || ch == '.';
}


int
qc_gate_json_whole(qc_gate_t *g)
{
    if (g->bad) {
        return 0;
    }

    switch (g->mode) {

    case QC_GATE_ONE:

        /* only the end of the body says that a number was whole */

        if (g->level == 0 && g->state == QC_GATE_IN_SCALAR
            && qc_gate_scalar_end(g) == QC_BAD)
        {
            return 0;
        }

        return g->state == QC_GATE_END;

    case QC_GATE_LINES:
        return g->level == 0
               && (g->state == QC_GATE_END || g->state == QC_GATE_VALUE);

    default:
        return 1;
    }
}
