
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_buf.h"
#include "qc_gate_rule.h"


static int qc_gate_rule_valid(const qc_gate_rule_t *rule);
static int qc_gate_is_valid(qc_str_t value);
static int qc_gate_number(qc_str_t s, int *integer);
static size_t qc_gate_digits(qc_str_t s, size_t i);
static int qc_gate_escape(const uint8_t *p, size_t len, size_t *used,
    uint32_t *ch);
static int qc_gate_hex4(const uint8_t *p, size_t len, uint32_t *v);
static size_t qc_gate_utf8(uint32_t ch, uint8_t *out);


static const qc_str_t  qc_gate_null = qc_string("null");
static const qc_str_t  qc_gate_false = qc_string("false");
static const qc_str_t  qc_gate_true = qc_string("true");


int
qc_gate_rules_valid(const qc_gate_rules_t *rules)
{
    size_t  i;

    if (rules->nrules > QC_GATE_RULES_MAX
        || (rules->flags & ~(unsigned) (QC_GATE_JSON|QC_GATE_JSON_IF
                                        |QC_GATE_BLANK_LINE_IF
                                        |QC_GATE_CLICKHOUSE))
           != 0)
    {
        return 0;
    }

    for (i = 0; i < rules->nrules; i++) {
        if (!qc_gate_rule_valid(&rules->rules[i])) {
            return 0;
        }
    }

    return 1;
}


static int
qc_gate_rule_valid(const qc_gate_rule_t *rule)
{
    uint8_t  starts[QC_GATE_SEGMENTS_MAX + 1];

    if ((unsigned) rule->reason >= QC_METRICS
        || rule->value.len > QC_GATE_STRING_MAX)
    {
        return 0;
    }

    switch (rule->kind) {

    case QC_GATE_NOT:
        return qc_gate_pointer(rule->pointer, starts) >= 0;

    case QC_GATE_IS:
        return qc_gate_pointer(rule->pointer, starts) >= 0
               && qc_gate_is_valid(rule->value);

    case QC_GATE_TEXT:
    case QC_GATE_NO_TEXT:
        return rule->value.len != 0;
    }

    return 0;
}


/* What begins as a JSON string has to be one. */

static int
qc_gate_is_valid(qc_str_t value)
{
    size_t   len;
    uint8_t  decoded[QC_GATE_STRING_MAX];

    if (value.len == 0 || value.data[0] != '"') {
        return 1;
    }

    return value.len > 1
           && value.data[value.len - 1] == '"'
           && qc_gate_decode(value.data + 1, value.len - 2, decoded, &len);
}


int
qc_gate_pointer(qc_str_t pointer, uint8_t *starts)
{
    int     n;
    size_t  i;

    if (pointer.len > QC_GATE_STRING_MAX
        || (pointer.len != 0 && pointer.data[0] != '/'))
    {
        return -1;
    }

    n = 0;

    for (i = 0; i < pointer.len; i++) {

        if (pointer.data[i] == '~'
            && (i + 1 == pointer.len || (pointer.data[i + 1] | 1) != '1'))
        {
            return -1;
        }

        if (pointer.data[i] == '/') {
            if (n == QC_GATE_SEGMENTS_MAX) {
                return -1;
            }

            starts[n++] = (uint8_t) (i + 1);
        }
    }

    starts[n] = (uint8_t) (pointer.len + 1);

    return n;
}


int
qc_gate_name_is(qc_str_t segment, qc_str_t name)
{
    size_t   i, n;
    uint8_t  ch;

    n = 0;

    for (i = 0; i < segment.len; i++) {
        ch = segment.data[i];

        if (ch == '~') {
            i++;
            ch = (segment.data[i] == '0') ? '~' : '/';
        }

        if (n == name.len || name.data[n] != ch) {
            return 0;
        }

        n++;
    }

    return n == name.len;
}


int
qc_gate_index_is(qc_str_t segment, uint64_t index)
{
    uint64_t  v;

    if (segment.len == 1 && segment.data[0] == '*') {
        return 1;
    }

    /* an index has one form: without zeros in front */

    if (segment.len > 1 && segment.data[0] == '0') {
        return 0;
    }

    return qc_parse_dec(segment, &v) == QC_OK && v == index;
}


int
qc_gate_falsy(qc_str_t text, int string)
{
    int     integer;
    size_t  i;

    if (string) {
        return text.len == 0;
    }

    if (qc_str_eq(text, qc_gate_null) || qc_str_eq(text, qc_gate_false)) {
        return 1;
    }

    for (i = 0; i < text.len; i++) {
        if (text.data[i] != '0' && text.data[i] != '.'
            && text.data[i] != '-')
        {
            return 0;
        }
    }

    return qc_gate_number(text, &integer);
}


int
qc_gate_equal(qc_str_t value, qc_str_t text, int string)
{
    int      integer;
    size_t   len;
    uint8_t  decoded[QC_GATE_STRING_MAX];

    if (value.len > 1 && value.data[0] == '"') {
        return string
               && qc_gate_decode(value.data + 1, value.len - 2, decoded, &len)
               && qc_str_eq(qc_str(decoded, len), text);
    }

    if (qc_gate_literal(value)
        && string && !(qc_gate_number(value, &integer) && integer))
    {
        return 0;
    }

    return (string || qc_gate_literal(value)) && qc_str_eq(value, text);
}


int
qc_gate_literal(qc_str_t s)
{
    int  integer;

    return qc_str_eq(s, qc_gate_null)
           || qc_str_eq(s, qc_gate_false)
           || qc_str_eq(s, qc_gate_true)
           || qc_gate_number(s, &integer);
}


/* RFC 8259 section 6. */

static int
qc_gate_number(qc_str_t s, int *integer)
{
    size_t  i, n;

    *integer = 1;
    i = (s.len != 0 && s.data[0] == '-');
    n = qc_gate_digits(s, i);

    if (n == 0 || (n > 1 && s.data[i] == '0')) {
        return 0;
    }

    i += n;

    if (i < s.len && s.data[i] == '.') {
        *integer = 0;
        n = qc_gate_digits(s, i + 1);

        if (n == 0) {
            return 0;
        }

        i += n + 1;
    }

    if (i < s.len && (s.data[i] | 0x20) == 'e') {
        *integer = 0;
        i++;
        i += (i < s.len && (s.data[i] == '+' || s.data[i] == '-'));
        n = qc_gate_digits(s, i);

        if (n == 0) {
            return 0;
        }

        i += n;
    }

    return i == s.len;
}


/* How many of them there are at i. */

static size_t
qc_gate_digits(qc_str_t s, size_t i)
{
    size_t  n;

    for (n = i; n < s.len && s.data[n] >= '0' && s.data[n] <= '9'; n++) {
        /* void */
    }

    return n - i;
}


int
qc_gate_decode(const uint8_t *p, size_t len, uint8_t *out, size_t *outlen)
{
    size_t    i, n, used;
    uint32_t  ch;

    n = 0;

    for (i = 0; i < len; i += used) {

        if (p[i] == '"' || p[i] < 0x20) {
            return 0;
        }

        if (p[i] != '\\') {
            out[n++] = p[i];
            used = 1;
            continue;
        }

        if (!qc_gate_escape(p + i, len - i, &used, &ch)) {
            return 0;
        }

        n += qc_gate_utf8(ch, out + n);
    }

    *outlen = n;

    return 1;
}


/* An escape sequence, or two that are one character. */

static int
qc_gate_escape(const uint8_t *p, size_t len, size_t *used, uint32_t *ch)
{
    size_t    i;
    uint32_t  low;

    static const uint8_t  names[] = "\"\\/bfnrt";
    static const uint8_t  values[] = "\"\\/\b\f\n\r\t";

    if (len < 2) {
        return 0;
    }

    if (p[1] != 'u') {
        for (i = 0; i < sizeof(names) - 1; i++) {
            if (p[1] == names[i]) {
                *ch = values[i];
                *used = 2;

                return 1;
            }
        }

        return 0;
    }

    if (!qc_gate_hex4(p + 2, len - 2, ch)) {
        return 0;
    }

    *used = 6;

    if (*ch >= 0xd800 && *ch < 0xdc00 && len >= 8 && p[6] == '\\'
        && p[7] == 'u' && qc_gate_hex4(p + 8, len - 8, &low)
        && low >= 0xdc00 && low < 0xe000)
    {
        *ch = 0x10000 + ((*ch - 0xd800) << 10) + (low - 0xdc00);
        *used = 12;
    }

    return 1;
}


static int
qc_gate_hex4(const uint8_t *p, size_t len, uint32_t *v)
{
    uint8_t  bytes[2];

    if (len < 4
        || qc_parse_hex(qc_str(p, 4), bytes, sizeof(bytes)) != QC_OK)
    {
        return 0;
    }

    *v = (uint32_t) bytes[0] << 8 | bytes[1];

    return 1;
}


/* A surrogate alone is written as well: it equals no valid name. */

static size_t
qc_gate_utf8(uint32_t ch, uint8_t *out)
{
    if (ch < 0x80) {
        out[0] = (uint8_t) ch;
        return 1;
    }

    if (ch < 0x800) {
        out[0] = (uint8_t) (0xc0 | ch >> 6);
        out[1] = (uint8_t) (0x80 | (ch & 0x3f));
        return 2;
    }

    if (ch < 0x10000) {
        out[0] = (uint8_t) (0xe0 | ch >> 12);
        out[1] = (uint8_t) (0x80 | (ch >> 6 & 0x3f));
        out[2] = (uint8_t) (0x80 | (ch & 0x3f));
        return 3;
    }

    out[0] = (uint8_t) (0xf0 | ch >> 18);
    out[1] = (uint8_t) (0x80 | (ch >> 12 & 0x3f));
    out[2] = (uint8_t) (0x80 | (ch >> 6 & 0x3f));
    out[3] = (uint8_t) (0x80 | (ch & 0x3f));

    return 4;
}
