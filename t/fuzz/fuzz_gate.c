
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * The verdict does not depend on how the answer is cut; a JSON text that is
 * cut off is not sound, and one that yajl accepts is, unless a rule is broken
 * by its tree; exceptions and empty lines are those of a plain search.  The
 * input: flags and type, rules, the sizes of pieces, a text, a value, then
 * the body.
 */

#include <yajl/yajl_tree.h>

#include "fuzz.h"
#include "qc_gate.h"


#define RULES  5


typedef struct {
    qc_str_t          body;
    qc_gate_rule_t    rules[RULES];
    qc_gate_rules_t   all;
    qc_gate_type_e    type;
    size_t            first;
    size_t            step;
} input_t;


static void read_input(fuzz_t *f, input_t *in);
static qc_metric_e run(const input_t *in, unsigned flags, size_t nrules,
    qc_gate_type_e type, size_t len, size_t step);
static void check_pieces(const input_t *in);
static void check_scan(const input_t *in);
static void check_cut(const input_t *in);
static void check_space(fuzz_t *f, const input_t *in, size_t space);
static void check_tree(const input_t *in);
static int pointer_holds(const qc_gate_rule_t *rule, qc_str_t rest,
    yajl_val v, unsigned *seen);
static int value_holds(const qc_gate_rule_t *rule, yajl_val v);
static int equal(qc_str_t value, const char *s);
static void check_clickhouse(const input_t *in);
static int is_exception(qc_str_t s, size_t i);
static int at(qc_str_t s, size_t i, const char *text);
static void check_blank(fuzz_t *f, const input_t *in);


static const qc_str_t  paths[] = {
    qc_string("/a"),
    qc_string("/a/b"),
    qc_string("/a/*/b"),
    qc_string("/*"),
    qc_string("/0"),
    qc_string("/1/a"),
    qc_string("/~0~1"),
    qc_string("")
};


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_t    f;
    size_t    space;
    input_t   in;

    fuzz_init(&f, data, size);

    space = fuzz_u8(&f);
    read_input(&f, &in);

    if (qc_gate_rules_valid(&in.all)) {
        check_pieces(&in);
        check_cut(&in);
        check_space(&f, &in, 16 * space);
        check_tree(&in);

    } else {
        fuzz_check(run(&in, in.all.flags, RULES, in.type, in.body.len, 9)
                   == QC_R_RULE);
    }

    check_scan(&in);
    check_clickhouse(&in);
    check_blank(&f, &in);
    (void) qc_gate_type(in.body);

    fuzz_done(&f);

    return 0;
}


static void
read_input(fuzz_t *f, input_t *in)
{
    size_t    i;
    qc_str_t  text, value;
    unsigned  flags, which;

    flags = fuzz_u8(f);
    which = fuzz_u16(f);
    in->first = fuzz_u8(f);
    in->step = fuzz_u8(f) + 1;

    text = fuzz_str(f, fuzz_u8(f) % 66);
    value = fuzz_str(f, fuzz_u8(f) % 66);
    in->body = fuzz_rest(f);

    memset(in->rules, 0, sizeof(in->rules));

    for (i = 0; i < RULES; i++) {
        in->rules[i].reason = (qc_metric_e) (QC_R_PARTIAL + i);
        in->rules[i].pointer = paths[which >> (3 * i) & 7];
        in->rules[i].value = value;
    }

    in->rules[1].kind = QC_GATE_IS;
    in->rules[3].kind = (which & 0x8000) ? QC_GATE_TEXT : QC_GATE_NO_TEXT;
    in->rules[3].value = text;

    /* the last one has a pointer nobody chose */

    in->rules[4].pointer = (flags & 0x40) ? text : paths[which >> 12 & 7];

    in->all.rules = in->rules;
    in->all.nrules = (flags & 0x80) ? RULES : 0;
    in->all.flags = flags & 15;
    in->type = (qc_gate_type_e) ((flags >> 4 & 3) % 3);
}


static qc_metric_e
run(const input_t *in, unsigned flags, size_t nrules, qc_gate_type_e type,
    size_t len, size_t step)
{
    size_t            n, pos;
    uint8_t          *piece;
    qc_gate_t        *g;
    qc_metric_e       known, reason;
    qc_gate_rules_t   rules;

    rules = in->all;
    rules.flags = flags;
    rules.nrules = nrules;

    g = malloc(sizeof(qc_gate_t));
    fuzz_check(g != NULL);
    memset(g, 0xa5, sizeof(qc_gate_t));

    qc_gate_init(g, &rules, type);

    /* each piece in memory of its own, and gone before the next */

    n = (step == in->step) ? in->first : step;

    for (pos = 0; pos < len; n = step) {
        n = (n < len - pos) ? n : len - pos;
        piece = malloc(n);
        fuzz_check(piece != NULL || n == 0);

        if (n != 0) {
            memcpy(piece, in->body.data + pos, n);
        }

        qc_gate_update(g, piece, n);
        free(piece);
        pos += n;
    }

    known = qc_gate_failed(g);
    reason = qc_gate_final(g);

    fuzz_check(known == QC_NO_METRIC || known == reason);
    fuzz_check(qc_gate_final(g) == reason);

    free(g);

    return reason;
}


static void
check_pieces(const input_t *in)
{
    qc_metric_e  reason;

    reason = run(in, in->all.flags, in->all.nrules, in->type, in->body.len,
                 in->body.len + 1);

    fuzz_check(run(in, in->all.flags, in->all.nrules, in->type, in->body.len,
                   in->step) == reason);
    fuzz_check(run(in, in->all.flags, in->all.nrules, in->type, in->body.len,
                   1) == reason);
}


static void
check_scan(const input_t *in)
{
    size_t           i;
    qc_str_t         text, body;
    const uint8_t   *end;
    qc_scan_block_t  a, b;

    body = in->body;
    text = in->rules[3].value;
    end = body.data + body.len;

    for (i = 0; i + QC_SCAN_BLOCK <= body.len; i += 7) {
        qc_scan_block(body.data + i, &a);
        qc_scan_block_portable(body.data + i, &b);
        fuzz_check(memcmp(&a, &b, sizeof(a)) == 0);
    }

    if (text.len != 0) {
        fuzz_check(qc_scan_find(body.data, end, text)
                   == qc_scan_find_portable(body.data, end, text));
    }
}


static void
check_cut(const input_t *in)
{
    size_t  i, last, step;

    if (run(in, QC_GATE_JSON, in->all.nrules, QC_GATE_TYPE_JSON,
            in->body.len, 4096)
        != QC_NO_METRIC)
    {
        return;
    }

    /* what is sound with rules is sound without */

    fuzz_check(run(in, QC_GATE_JSON, 0, QC_GATE_OTHER, in->body.len, 4096)
               == QC_NO_METRIC);

    for (last = in->body.len; last != 0; last--) {
        if (in->body.data[last - 1] == '}' || in->body.data[last - 1] == ']') {
            break;
        }

        if (in->body.data[last - 1] > ' ') {
            return;
        }
    }

    step = in->body.len / 16 + 1;

    for (i = 0; i < last; i += (last - i > 8) ? step : 1) {
        fuzz_check(run(in, QC_GATE_JSON, in->all.nrules, QC_GATE_TYPE_JSON, i,
                       4096)
                   != QC_NO_METRIC);
    }
}


/* White space in front changes nothing for JSON. */

static void
check_space(fuzz_t *f, const input_t *in, size_t space)
{
    uint8_t  *p;
    input_t   shifted;
    unsigned  flags;

    flags = QC_GATE_JSON_IF;
    shifted = *in;
    p = fuzz_alloc(f, space + in->body.len);
    memset(p, '\n', space);

    if (in->body.len != 0) {
        memcpy(p + space, in->body.data, in->body.len);
    }

    shifted.body = qc_str(p, space + in->body.len);

    /* the text may be one of spaces */

    fuzz_check(run(&shifted, flags, in->all.nrules < 3 ? in->all.nrules : 3,
                   in->type, shifted.body.len, 999)
               == run(in, flags, in->all.nrules < 3 ? in->all.nrules : 3,
                      in->type, in->body.len, 4096));
}


static void
check_tree(const input_t *in)
{
    int                    holds, sound;
    char                  *text;
    size_t                 i;
    yajl_val               v;
    unsigned               seen;
    const qc_gate_rule_t  *rule;

    /* its trees have strings of C, and it has more white space and comments */

    if (in->body.len > 1000) {
        return;
    }

    for (i = 0; i < in->body.len; i++) {
        if (memchr("/\v\f", in->body.data[i], 4) != NULL) {
            return;
        }
    }

    text = malloc(in->body.len + 3);
    fuzz_check(text != NULL);

    if (in->body.len != 0) {
        memcpy(text, in->body.data, in->body.len);
    }

    /* a string that does not end may stand behind what is whole for it: then
       one more value is no harm either */

    strcpy(text + in->body.len, " 1");
    v = yajl_tree_parse(text, NULL, 0);
    text[in->body.len] = '\0';

    if (v != NULL) {
        yajl_tree_free(v);
        free(text);
        return;
    }

    v = yajl_tree_parse(text, NULL, 0);

    if (v != NULL && strstr(text, "\\u0000") == NULL
        && strstr(text, "\\ud") == NULL && strstr(text, "\\uD") == NULL
        && (YAJL_IS_OBJECT(v) || YAJL_IS_ARRAY(v) || in->body.len < 300))
    {
        fuzz_check(run(in, QC_GATE_JSON, 0, in->type, in->body.len, 4096)
                   == QC_NO_METRIC);

        holds = 1;

        for (i = 0; i < 3; i++) {
            rule = &in->rules[i];
            seen = 0;
            holds &= pointer_holds(rule, rule->pointer, v, &seen);
            holds &= (seen || rule->kind == QC_GATE_NOT);
        }

        sound = (run(in, 0, 3, QC_GATE_TYPE_JSON, in->body.len, 4096)
                 == QC_NO_METRIC);

        fuzz_check(sound == holds);
    }

    yajl_tree_free(v);
    free(text);
}


static int
pointer_holds(const qc_gate_rule_t *rule, qc_str_t rest, yajl_val v,
    unsigned *seen)
{
    int       holds;
    char      name[8];
    size_t    i, n;
    qc_str_t  segment;

    if (rest.len == 0) {
        *seen = 1;
        return value_holds(rule, v);
    }

    for (n = 1; n < rest.len && rest.data[n] != '/'; n++) {
        /* void */
    }

    segment = qc_str(rest.data + 1, n - 1);
    rest = qc_str(rest.data + n, rest.len - n);
    holds = 1;

    if (qc_str_eq(segment, qc_str("~0~1", 4))) {
        segment = qc_str("~/", 2);
    }

    if (YAJL_IS_OBJECT(v)) {
        for (i = 0; i < v->u.object.len; i++) {
            if (equal(segment, v->u.object.keys[i])) {
                holds &= pointer_holds(rule, rest, v->u.object.values[i],
                                       seen);
            }
        }
    }

    if (YAJL_IS_ARRAY(v)) {
        for (i = 0; i < v->u.array.len; i++) {
            snprintf(name, sizeof(name), "%u", (unsigned) i);

            if (equal(segment, "*") || equal(segment, name)) {
                holds &= pointer_holds(rule, rest, v->u.array.values[i],
                                       seen);
            }
        }
    }

    return holds;
}


static int
value_holds(const qc_gate_rule_t *rule, yajl_val v)
{
    char      *text;
    size_t     i;
    yajl_val   want;

    if (rule->kind == QC_GATE_NOT) {
        return YAJL_IS_NULL(v) || YAJL_IS_FALSE(v)
               || (YAJL_IS_STRING(v) && YAJL_GET_STRING(v)[0] == '\0')
               || (YAJL_IS_ARRAY(v) && v->u.array.len == 0)
               || (YAJL_IS_OBJECT(v) && v->u.object.len == 0)
               || (YAJL_IS_NUMBER(v)
                   && strspn(YAJL_GET_NUMBER(v), "-0.")
                      == strlen(YAJL_GET_NUMBER(v)));
    }

    /* what the value is as JSON, if it is any */

    text = malloc(rule->value.len + 1);
    fuzz_check(text != NULL);

    for (i = 0; i < rule->value.len; i++) {
        text[i] = (char) rule->value.data[i];
    }

    text[i] = '\0';
    want = NULL;

    if (i != 0 && strchr("\"-0123456789tfn", text[0]) != NULL
        && strlen(text) == i && strspn(text + i - 1, " \t\r\n/") == 0)
    {
        want = yajl_tree_parse(text, NULL, 0);
    }

    free(text);

    if (want == NULL || YAJL_IS_STRING(want)) {

        /* in quotes it was checked to be a string */

        i = YAJL_IS_STRING(v)
            && (want ? strcmp(YAJL_GET_STRING(want), YAJL_GET_STRING(v)) == 0
                     : equal(rule->value, YAJL_GET_STRING(v)));

    } else if (YAJL_IS_NUMBER(want)) {
        i = (YAJL_IS_NUMBER(v) && equal(rule->value, YAJL_GET_NUMBER(v)))
            || (YAJL_IS_STRING(v) && equal(rule->value, YAJL_GET_STRING(v))
                && strpbrk(YAJL_GET_NUMBER(want), ".eE") == NULL);

    } else {
        i = (v->type == want->type);
    }

    yajl_tree_free(want);

    return i != 0;
}


static int
equal(qc_str_t value, const char *s)
{
    return qc_str_eq(value, qc_str(s, strlen(s)));
}


static void
check_clickhouse(const input_t *in)
{
    int       found;
    size_t    i, n, end;
    qc_str_t  s;

    s = in->body;
    found = 0;

    for (end = s.len; end != 0; end--) {
        if (s.data[end - 1] != '\r' && s.data[end - 1] != '\n') {
            break;
        }
    }

    for (i = 0; i < s.len; i++) {

        if (at(s, i, "__exception__")
            && (i + 13 == end
                || ((i == 0 || s.data[i - 1] == '\n') && i + 13 < s.len
                    && (s.data[i + 13] == '\r' || s.data[i + 13] == '\n'))))
        {
            found = 1;
        }

        if (i != 0 && at(s, i, "xception. Code: 100")) {
            found = 1;
        }

        if (!at(s, i, "Code: ")) {
            continue;
        }

        for (n = 0; i + 6 + n < s.len; n++) {
            if (s.data[i + 6 + n] < '0' || s.data[i + 6 + n] > '9') {
                break;
            }
        }

        n = (n > 0 && n <= 20) ? i + 6 + n : s.len;

        if (at(s, n, ". ")) {
            found |= is_exception(s, n + 2);
        }

        if (at(s, n, ", e.displayText() = ")) {
            found |= is_exception(s, n + 20);
        }
    }

    fuzz_check(run(in, QC_GATE_CLICKHOUSE, 0, in->type, s.len, in->step)
               == (found ? QC_R_EXCEPTION : QC_NO_METRIC));
}


/* A name with a scope, and its last letters. */

static int
is_exception(qc_str_t s, size_t i)
{
    int     scoped;
    size_t  n;

    scoped = 0;

    for (n = 0; n <= 32; n++) {

        if (scoped && at(s, i + n, "xception")) {
            return 1;
        }

        if (i + n >= s.len || s.data[i + n] == '\0'
            || strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ:",
                      s.data[i + n]) == NULL)
        {
            return 0;
        }

        scoped |= (n != 0 && s.data[i + n] == ':' && s.data[i + n - 1] == ':');
    }

    return 0;
}


static int
at(qc_str_t s, size_t i, const char *text)
{
    size_t  n;

    n = strlen(text);

    return i <= s.len && s.len - i >= n && memcmp(s.data + i, text, n) == 0;
}


static void
check_blank(fuzz_t *f, const input_t *in)
{
    int       blank;
    size_t    i, n;
    uint8_t  *p;

    p = fuzz_alloc(f, in->body.len + 1);
    n = 0;

    for (i = 0; i < in->body.len; i++) {
        if (!at(in->body, i, "\r\n")) {
            p[n++] = in->body.data[i];
        }
    }

    blank = (n == 1 && p[0] == '\n')
            || (n > 1 && p[n - 1] == '\n' && p[n - 2] == '\n');

    fuzz_check(run(in, QC_GATE_BLANK_LINE_IF, 0, QC_GATE_TYPE_LINES,
                   in->body.len, in->step)
               == (blank ? QC_NO_METRIC : QC_R_TRUNCATED));
    fuzz_check(run(in, QC_GATE_BLANK_LINE_IF, 0, QC_GATE_TYPE_JSON,
                   in->body.len, in->step)
               == QC_NO_METRIC);
}
