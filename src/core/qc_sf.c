
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/* Sections are those of RFC 9651. */

#include "qc_headers.h"
#include "qc_sf.h"
#include "qc_utf8.h"


#define QC_SF_INTEGER_DIGITS   15
#define QC_SF_DECIMAL_DIGITS   12      /* before the point */
#define QC_SF_FRACTION_DIGITS  3


static int qc_sf_value(qc_str_t *s, qc_sf_member_t *m);
static int qc_sf_comma(qc_str_t *s);
static int qc_sf_key(qc_str_t *s, qc_str_t *key);
static int qc_sf_parameters(qc_str_t *s);
static int qc_sf_inner(qc_str_t *s, qc_sf_member_t *m);
static int qc_sf_item(qc_str_t *s, qc_sf_member_t *m);
static int qc_sf_number(qc_str_t *s, qc_sf_member_t *m);
static int qc_sf_quoted(qc_str_t *s, qc_sf_member_t *m);
static int qc_sf_token(qc_str_t *s, qc_sf_member_t *m);
static int qc_sf_bytes(qc_str_t *s, qc_sf_member_t *m);
static int qc_sf_boolean(qc_str_t *s, qc_sf_member_t *m);
static int qc_sf_date(qc_str_t *s, qc_sf_member_t *m);
static int qc_sf_display(qc_str_t *s, qc_sf_member_t *m);
static int qc_sf_display_byte(qc_str_t *s, uint8_t *ch);
static unsigned qc_sf_utf8_len(uint8_t ch);
static int qc_sf_take(qc_str_t *s, char ch);
static void qc_sf_skip(qc_str_t *s, const char *set);
static size_t qc_sf_digits(qc_str_t *s);
static int qc_sf_is_lower(uint8_t ch);
static int qc_sf_is_alpha(uint8_t ch);
static int qc_sf_is_digit(uint8_t ch);


/* Section 4.2.2; the spaces before all of it are those of section 4.2. */

qc_rc_e
qc_sf_next(qc_str_t *s, qc_sf_member_t *m)
{
    qc_sf_skip(s, " ");

    if (s->len == 0) {
        return QC_DONE;
    }

    if (!qc_sf_key(s, &m->key)) {
        return QC_BAD;
    }

    if (!qc_sf_take(s, '=')) {
        m->type = QC_SF_BOOLEAN;
        m->text = qc_str(s->data, 0);
        m->number = 1;

    } else if (!qc_sf_value(s, m)) {
        return QC_BAD;
    }

    return (qc_sf_parameters(s) && qc_sf_comma(s)) ? QC_OK : QC_BAD;
}


/* Section 4.2.1 */

qc_rc_e
qc_sf_list_next(qc_str_t *s, qc_sf_member_t *m)
{
    qc_sf_skip(s, " ");

    if (s->len == 0) {
        return QC_DONE;
    }

    m->key = qc_str(s->data, 0);

    return (qc_sf_value(s, m) && qc_sf_parameters(s) && qc_sf_comma(s))
           ? QC_OK : QC_BAD;
}


/* Section 4.2.1.1 */

static int
qc_sf_value(qc_str_t *s, qc_sf_member_t *m)
{
    if (s->len != 0 && s->data[0] == '(') {
        return qc_sf_inner(s, m);
    }

    return qc_sf_item(s, m);
}


static int
qc_sf_comma(qc_str_t *s)
{
    qc_sf_skip(s, " \t");

    if (s->len == 0) {
        return 1;
    }

    if (!qc_sf_take(s, ',')) {
        return 0;
    }

    qc_sf_skip(s, " \t");

    /* a comma is between members, not behind the last one */

    return s->len != 0;
}


/* Section 4.2.3.3 */

static int
qc_sf_key(qc_str_t *s, qc_str_t *key)
{
    uint8_t  ch;

    *key = qc_str(s->data, 0);

    if (s->len == 0 || !(qc_sf_is_lower(s->data[0]) || s->data[0] == '*')) {
        return 0;
    }

    while (s->len != 0) {
        ch = s->data[0];

        if (!qc_sf_is_lower(ch) && !qc_sf_is_digit(ch) && ch != '_'
            && ch != '-' && ch != '.' && ch != '*')
        {
            break;
        }

        key->len++;
        *s = qc_str(s->data + 1, s->len - 1);
    }

    return 1;
}


/* Section 4.2.3.2 */

static int
qc_sf_parameters(qc_str_t *s)
{
    qc_str_t        key;
    qc_sf_member_t  value;

    while (qc_sf_take(s, ';')) {
        qc_sf_skip(s, " ");

        if (!qc_sf_key(s, &key)) {
            return 0;
        }

        if (qc_sf_take(s, '=') && !qc_sf_item(s, &value)) {
            return 0;
        }
    }

    return 1;
}


/* Section 4.2.1.2 */

static int
qc_sf_inner(qc_str_t *s, qc_sf_member_t *m)
{
    qc_rc_e          rc;
    const uint8_t   *start;
    qc_sf_member_t   item;

    start = s->data;

    do {
        rc = qc_sf_inner_next(s, &item);
    } while (rc == QC_OK);

    m->type = QC_SF_LIST;
    m->text = qc_str(start, (size_t) (s->data - start));
    m->number = 0;

    return rc == QC_DONE;
}


/* No item begins with "(", so this one is the list's. */

qc_rc_e
qc_sf_inner_next(qc_str_t *inner, qc_sf_member_t *m)
{
    (void) qc_sf_take(inner, '(');
    qc_sf_skip(inner, " ");

    if (qc_sf_take(inner, ')')) {
        return QC_DONE;
    }

    m->key = qc_str(inner->data, 0);

    if (!qc_sf_item(inner, m) || !qc_sf_parameters(inner) || inner->len == 0
        || (inner->data[0] != ' ' && inner->data[0] != ')'))
    {
        return QC_BAD;
    }

    return QC_OK;
}


/* Section 4.2.3.1 */

static int
qc_sf_item(qc_str_t *s, qc_sf_member_t *m)
{
    uint8_t  ch;

    if (s->len == 0) {
        return 0;
    }

    ch = s->data[0];
    m->number = 0;

    if (ch == '-' || qc_sf_is_digit(ch)) {
        return qc_sf_number(s, m);
    }

    if (ch == '*' || qc_sf_is_alpha(ch)) {
        return qc_sf_token(s, m);
    }

    switch (ch) {
    case '"':
        return qc_sf_quoted(s, m);
    case ':':
        return qc_sf_bytes(s, m);
    case '?':
        return qc_sf_boolean(s, m);
    case '@':
        return qc_sf_date(s, m);
    case '%':
        return qc_sf_display(s, m);
    }

    return 0;
}


/* Section 4.2.4 */

static int
qc_sf_number(qc_str_t *s, qc_sf_member_t *m)
{
    int             minus;
    size_t          i, n;
    int64_t         v;
    const uint8_t  *start, *digits;

    start = s->data;
    minus = qc_sf_take(s, '-');
    digits = s->data;
    n = qc_sf_digits(s);

    if (n == 0 || n > QC_SF_INTEGER_DIGITS) {
        return 0;
    }

    m->type = QC_SF_INTEGER;
    v = 0;

    for (i = 0; i < n; i++) {
        v = v * 10 + (digits[i] - '0');
    }

    m->number = minus ? -v : v;

    if (qc_sf_take(s, '.')) {
        m->type = QC_SF_DECIMAL;

        if (n > QC_SF_DECIMAL_DIGITS) {
            return 0;
        }

        n = qc_sf_digits(s);

        if (n == 0 || n > QC_SF_FRACTION_DIGITS) {
            return 0;
        }

        m->number = 0;
    }

    m->text = qc_str(start, (size_t) (s->data - start));

    return 1;
}


/* Section 4.2.5 */

static int
qc_sf_quoted(qc_str_t *s, qc_sf_member_t *m)
{
    uint8_t         ch;
    const uint8_t  *p, *end;

    end = s->data + s->len;

    for (p = s->data + 1; p < end; p++) {
        ch = *p;

        if (ch == '"') {
            m->type = QC_SF_STRING;
            m->text = qc_str(s->data + 1, (size_t) (p - s->data - 1));
            *s = qc_str(p + 1, (size_t) (end - p - 1));

            return 1;
        }

        if (ch == '\\') {
            p++;

            if (p == end || (*p != '"' && *p != '\\')) {
                return 0;
            }

        } else if (ch < ' ' || ch > '~') {
            return 0;
        }
    }

    return 0;
}


/* Section 4.2.6 */

static int
qc_sf_token(qc_str_t *s, qc_sf_member_t *m)
{
    m->type = QC_SF_TOKEN;
    m->text = qc_str(s->data, 0);

    while (s->len != 0
           && (qc_token_char(s->data[0]) || s->data[0] == ':'
               || s->data[0] == '/'))
    {
        m->text.len++;
        *s = qc_str(s->data + 1, s->len - 1);
    }

    return 1;
}


/* Section 4.2.7; padding may be left out, but must be at the end. */

static int
qc_sf_bytes(qc_str_t *s, qc_sf_member_t *m)
{
    size_t    n, padding;
    uint8_t   ch;
    qc_str_t  rest;

    rest = qc_str(s->data + 1, s->len - 1);
    m->type = QC_SF_BYTES;
    m->text = qc_str(rest.data, 0);

    for (n = 0, padding = 0; n < rest.len && rest.data[n] != ':'; n++) {
        ch = rest.data[n];

        if (ch == '=') {
            padding++;

        } else if (padding != 0
                   || !(qc_sf_is_alpha(ch) || qc_sf_is_digit(ch) || ch == '+'
                        || ch == '/'))
        {
            return 0;
        }
    }

    if (n == rest.len || padding > 2 || (n - padding) % 4 == 1
        || (padding != 0 && n % 4 != 0))
    {
        return 0;
    }

    m->text.len = n;
    *s = qc_str(rest.data + n + 1, rest.len - n - 1);

    return 1;
}


/* Section 4.2.8 */

static int
qc_sf_boolean(qc_str_t *s, qc_sf_member_t *m)
{
    if (s->len < 2 || (s->data[1] != '0' && s->data[1] != '1')) {
        return 0;
    }

    m->type = QC_SF_BOOLEAN;
    m->text = qc_str(s->data + 1, 1);
    m->number = s->data[1] - '0';
    *s = qc_str(s->data + 2, s->len - 2);

    return 1;
}


/* Section 4.2.9 */

static int
qc_sf_date(qc_str_t *s, qc_sf_member_t *m)
{
    *s = qc_str(s->data + 1, s->len - 1);

    if (!qc_sf_number(s, m) || m->type != QC_SF_INTEGER) {
        return 0;
    }

    m->type = QC_SF_DATE;

    return 1;
}


/* Section 4.2.10; what it stands for is UTF-8, one character at a time. */

static int
qc_sf_display(qc_str_t *s, qc_sf_member_t *m)
{
    uint8_t         ch, seq[4];
    unsigned        n, wanted;
    const uint8_t  *start;

    if (s->len < 2 || s->data[1] != '"') {
        return 0;
    }

    *s = qc_str(s->data + 2, s->len - 2);
    start = s->data;
    n = 0;
    wanted = 0;

    while (s->len != 0 && s->data[0] != '"') {

        if (!qc_sf_display_byte(s, &ch)) {
            return 0;
        }

        if (n == 0) {
            wanted = qc_sf_utf8_len(ch);
        }

        seq[n++] = ch;

        if (n == wanted) {

            if (!qc_utf8_valid(seq, n)) {
                return 0;
            }

            n = 0;
        }
    }

    m->type = QC_SF_DISPLAY;
    m->text = qc_str(start, (size_t) (s->data - start));

    return n == 0 && qc_sf_take(s, '"');
}


static int
qc_sf_display_byte(qc_str_t *s, uint8_t *ch)
{
    size_t   i;
    uint8_t  c;

    *ch = s->data[0];
    *s = qc_str(s->data + 1, s->len - 1);

    if (*ch != '%') {
        return *ch >= ' ' && *ch <= '~';
    }

    if (s->len < 2) {
        return 0;
    }

    *ch = 0;

    for (i = 0; i < 2; i++) {
        c = s->data[i];

        if (qc_sf_is_digit(c)) {
            c = (uint8_t) (c - '0');

        } else if (c >= 'a' && c <= 'f') {
            c = (uint8_t) (c - 'a' + 10);

        } else {
            return 0;
        }

        *ch = (uint8_t) (*ch << 4 | c);
    }

    *s = qc_str(s->data + 2, s->len - 2);

    return 1;
}


/* What no character begins with is found invalid by itself. */

static unsigned
qc_sf_utf8_len(uint8_t ch)
{
    return (ch < 0xc0) ? 1 : (ch < 0xe0) ? 2 : (ch < 0xf0) ? 3 : 4;
}


qc_rc_e
qc_sf_string(const qc_sf_member_t *m, qc_buf_t *out)
{
    size_t  i;

    if (m->type != QC_SF_STRING) {
        return QC_BAD;
    }

    for (i = 0; i < m->text.len; i++) {

        /* a backslash is never the last one */

        if (m->text.data[i] == '\\') {
            i++;
        }

        qc_buf_u8(out, m->text.data[i]);
    }

    return qc_buf_status(out);
}


qc_rc_e
qc_sf_put_string(qc_buf_t *out, qc_str_t s)
{
    size_t   i;
    uint8_t  ch;

    for (i = 0; i < s.len; i++) {
        if (s.data[i] < ' ' || s.data[i] > '~') {
            return QC_BAD;
        }
    }

    qc_buf_char(out, '"');

    for (i = 0; i < s.len; i++) {
        ch = s.data[i];

        if (ch == '"' || ch == '\\') {
            qc_buf_char(out, '\\');
        }

        qc_buf_u8(out, ch);
    }

    qc_buf_char(out, '"');

    return qc_buf_status(out);
}


qc_rc_e
qc_sf_put_name(qc_buf_t *out, qc_str_t s)
{
    qc_str_t        rest;
    qc_sf_member_t  m;

    rest = s;

    if (qc_sf_item(&rest, &m) && m.type == QC_SF_TOKEN && rest.len == 0) {
        qc_buf_str(out, s);
        return qc_buf_status(out);
    }

    return qc_sf_put_string(out, s);
}


static int
qc_sf_take(qc_str_t *s, char ch)
{
    if (s->len == 0 || s->data[0] != (uint8_t) ch) {
        return 0;
    }

    *s = qc_str(s->data + 1, s->len - 1);

    return 1;
}


static void
qc_sf_skip(qc_str_t *s, const char *set)
{
    while (s->len != 0 && s->data[0] != '\0'
           && strchr(set, s->data[0]) != NULL)
    {
        *s = qc_str(s->data + 1, s->len - 1);
    }
}


static size_t
qc_sf_digits(qc_str_t *s)
{
    size_t  n;

    for (n = 0; s->len != 0 && qc_sf_is_digit(s->data[0]); n++) {
        *s = qc_str(s->data + 1, s->len - 1);
    }

    return n;
}


static int
qc_sf_is_lower(uint8_t ch)
{
    return ch >= 'a' && ch <= 'z';
}


static int
qc_sf_is_alpha(uint8_t ch)
{
    return qc_sf_is_lower((uint8_t) (ch | 0x20));
}


static int
qc_sf_is_digit(uint8_t ch)
{
    return ch >= '0' && ch <= '9';
}
