
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_vary.h"

#include "qc_value.h"


#define QC_WEIGHT_MAX  1000            /* three digits behind the point */

#define QC_VARY_MEDIA   0x01           /* types with parameters */
#define QC_VARY_SORTED  0x02           /* order means nothing */


typedef struct {
    qc_str_t               text;       /* without the weight */
    unsigned               weight;     /* in thousandths */
} qc_vary_member_t;


typedef struct {
    unsigned               flags;
    size_t                 seen;       /* the repeated ones too */
    size_t                 n;
    qc_vary_member_t       members[QC_VARY_MEMBERS];
    qc_buf_t               b;          /* of the texts */
    uint8_t                mem[QC_VARY_VALUE_MAX];
} qc_vary_list_t;


static qc_rc_e qc_vary_count(qc_str_t name, const qc_field_t *headers,
    size_t nheaders, size_t *n);
static qc_rc_e qc_vary_list(unsigned flags, qc_str_t name,
    const qc_field_t *headers, size_t nheaders, qc_buf_t *b);
static qc_rc_e qc_vary_line(qc_vary_list_t *list, qc_str_t value);
static int qc_vary_member(qc_vary_list_t *list, qc_str_t *s,
    qc_vary_member_t *m);
static int qc_vary_item(qc_vary_list_t *list, qc_str_t *s);
static int qc_vary_semicolon(qc_str_t *s);
static int qc_vary_parameter(qc_buf_t *b, qc_str_t name, qc_str_t *s);
static int qc_vary_weight(qc_str_t *s, unsigned *weight);
static int qc_vary_keep(qc_vary_list_t *list, const qc_vary_member_t *m);
static int qc_vary_before(const qc_vary_list_t *list,
    const qc_vary_member_t *a, const qc_vary_member_t *b);
static int qc_vary_text_cmp(qc_str_t a, qc_str_t b);
static void qc_vary_put_lower(qc_buf_t *b, qc_str_t s);
static void qc_vary_put_weight(qc_buf_t *b, unsigned weight);


static const struct {
    qc_str_t               name;
    unsigned               flags;
} qc_vary_lists[] = {
    { qc_string("accept"), QC_VARY_MEDIA },
    { qc_string("accept-charset"), QC_VARY_SORTED },
    { qc_string("accept-encoding"), QC_VARY_SORTED },
    { qc_string("accept-language"), 0 }
};


qc_rc_e
qc_vary_value(qc_str_t name, const qc_field_t *headers, size_t nheaders,
    qc_buf_t *b)
{
    size_t   i, n;
    qc_rc_e  rc;

    rc = qc_vary_count(name, headers, nheaders, &n);

    if (rc != QC_OK) {
        return rc;
    }

    if (n == 0) {
        return QC_DONE;
    }

    for (i = 0; i < sizeof(qc_vary_lists) / sizeof(qc_vary_lists[0]); i++) {

        if (!qc_name_eq(name, qc_vary_lists[i].name)) {
            continue;
        }

        rc = qc_vary_list(qc_vary_lists[i].flags, name, headers, nheaders, b);

        if (rc != QC_BAD) {
            return rc;
        }
    }

    /* the lines as they stand */

    for (i = 0; i < nheaders; i++) {

        if (!qc_name_eq(headers[i].name, name)) {
            continue;
        }

        qc_buf_str(b, qc_value_trim(headers[i].value));

        if (--n != 0) {
            qc_buf_char(b, '\n');
        }
    }

    return qc_buf_status(b);
}


/* The lines of the field. */

static qc_rc_e
qc_vary_count(qc_str_t name, const qc_field_t *headers, size_t nheaders,
    size_t *n)
{
    size_t    i;
    qc_str_t  v;

    *n = 0;

    for (i = 0; i < nheaders; i++) {

        if (!qc_name_eq(headers[i].name, name)) {
            continue;
        }

        v = headers[i].value;

        if (v.len != 0
            && (memchr(v.data, '\n', v.len) != NULL
                || memchr(v.data, '\r', v.len) != NULL
                || memchr(v.data, '\0', v.len) != NULL))
        {
            return QC_BAD;
        }

        (*n)++;
    }

    return QC_OK;
}


/* QC_BAD with nothing written: it is none that can be normalised. */

static qc_rc_e
qc_vary_list(unsigned flags, qc_str_t name, const qc_field_t *headers,
    size_t nheaders, qc_buf_t *b)
{
    size_t          i;
    qc_rc_e         rc;
    qc_vary_list_t  list;

    list.flags = flags;
    list.seen = 0;
    list.n = 0;
    qc_buf_init(&list.b, list.mem, sizeof(list.mem));

    for (i = 0; i < nheaders; i++) {

        if (!qc_name_eq(headers[i].name, name)) {
            continue;
        }

        rc = qc_vary_line(&list, headers[i].value);

        if (rc != QC_OK) {
            return rc;
        }
    }

    for (i = 0; i < list.n; i++) {

        if (i != 0) {
            qc_buf_char(b, ',');
        }

        qc_buf_str(b, list.members[i].text);
        qc_vary_put_weight(b, list.members[i].weight);
    }

    return qc_buf_status(b);
}


static qc_rc_e
qc_vary_line(qc_vary_list_t *list, qc_str_t value)
{
    qc_vary_member_t  m;

    for ( ;; ) {
        qc_value_skip_ws(&value);

        if (value.len == 0) {
            return QC_OK;
        }

        if (value.data[0] == ',') {
            qc_value_skip(&value, 1);
            continue;
        }

        if (list->seen == QC_VARY_MEMBERS
            || !qc_vary_member(list, &value, &m)
            || !qc_value_delimiter(&value))
        {
            return QC_BAD;
        }

        if (qc_buf_status(&list->b) != QC_OK) {
            return QC_NOSPACE;
        }

        list->seen++;

        if (!qc_vary_keep(list, &m)) {
            return QC_BAD;
        }
    }
}


/* RFC 9110 section 12.5: a name or a type, parameters of a type, a weight. */

static int
qc_vary_member(qc_vary_list_t *list, qc_str_t *s, qc_vary_member_t *m)
{
    size_t    start;
    qc_str_t  name;

    start = qc_buf_len(&list->b);
    m->weight = QC_WEIGHT_MAX;

    if (!qc_vary_item(list, s)) {
        return 0;
    }

    while (qc_vary_semicolon(s)) {
        name = qc_value_token(s);

        if (name.len == 0 || s->len == 0 || s->data[0] != '=') {
            return 0;
        }

        qc_value_skip(s, 1);

        /*
         * What is behind a weight was an extension of it once (RFC 7231
         * section 5.3.2), and is a parameter now: the list is malformed.
         */

        if (qc_name_eq(name, qc_str("q", 1))) {

            if (!qc_vary_weight(s, &m->weight)) {
                return 0;
            }

            break;
        }

        if (!(list->flags & QC_VARY_MEDIA)
            || !qc_vary_parameter(&list->b, name, s))
        {
            return 0;
        }
    }

    m->text = qc_str(list->mem + start, qc_buf_len(&list->b) - start);

    return 1;
}


static int
qc_vary_item(qc_vary_list_t *list, qc_str_t *s)
{
    qc_str_t  name;

    name = qc_value_token(s);
    qc_vary_put_lower(&list->b, name);

    if (name.len == 0 || !(list->flags & QC_VARY_MEDIA)) {
        return name.len != 0;
    }

    if (s->len == 0 || s->data[0] != '/') {
        return 0;
    }

    qc_value_skip(s, 1);
    name = qc_value_token(s);
    qc_buf_char(&list->b, '/');
    qc_vary_put_lower(&list->b, name);

    return name.len != 0;
}


static int
qc_vary_semicolon(qc_str_t *s)
{
    qc_value_skip_ws(s);

    if (s->len == 0 || s->data[0] != ';') {
        return 0;
    }

    qc_value_skip(s, 1);
    qc_value_skip_ws(s);

    return 1;
}


/* The case of a value may matter: who defined the type knows. */

static int
qc_vary_parameter(qc_buf_t *b, qc_str_t name, qc_str_t *s)
{
    int       quoted;
    qc_str_t  value;

    quoted = (s->len != 0 && s->data[0] == '"');

    if (quoted) {
        if (!qc_value_quoted(s, &value)) {
            return 0;
        }

        value = qc_str(value.data - 1, value.len + 2);

    } else {
        value = qc_value_token(s);
    }

    qc_buf_char(b, ';');
    qc_vary_put_lower(b, name);
    qc_buf_char(b, '=');
    qc_buf_str(b, value);

    return value.len != 0;
}


/* RFC 9110 section 12.4.2 */

static int
qc_vary_weight(qc_str_t *s, unsigned *weight)
{
    size_t    i;
    unsigned  unit;
    qc_str_t  text;

    text = qc_value_token(s);

    if (text.len == 0 || text.len > sizeof("0.000") - 1
        || (text.data[0] != '0' && text.data[0] != '1')
        || (text.len > 1 && text.data[1] != '.'))
    {
        return 0;
    }

    *weight = (unsigned) (text.data[0] - '0') * QC_WEIGHT_MAX;
    unit = QC_WEIGHT_MAX / 10;

    for (i = 2; i < text.len; i++) {

        if (text.data[i] < '0' || text.data[i] > '9') {
            return 0;
        }

        *weight += (unsigned) (text.data[i] - '0') * unit;
        unit /= 10;
    }

    return *weight <= QC_WEIGHT_MAX;
}


/*
 * Where it belongs, unless it is there.  With two weights the first or the
 * last one counts, which readers do not agree about: 0.
 */

static int
qc_vary_keep(qc_vary_list_t *list, const qc_vary_member_t *m)
{
    size_t             i;
    qc_vary_member_t  *members;

    members = list->members;

    for (i = 0; i < list->n; i++) {
        if (qc_str_eq(members[i].text, m->text)) {
            return members[i].weight == m->weight;
        }
    }

    for (i = list->n; i != 0 && qc_vary_before(list, m, &members[i - 1]); i--)
    {
        members[i] = members[i - 1];
    }

    members[i] = *m;
    list->n++;

    return 1;
}


static int
qc_vary_before(const qc_vary_list_t *list, const qc_vary_member_t *a,
    const qc_vary_member_t *b)
{
    if (a->weight != b->weight) {
        return a->weight > b->weight;
    }

    return (list->flags & QC_VARY_SORTED)
           && qc_vary_text_cmp(a->text, b->text) < 0;
}


static int
qc_vary_text_cmp(qc_str_t a, qc_str_t b)
{
    int     rc;
    size_t  len;

    len = (a.len < b.len) ? a.len : b.len;
    rc = memcmp(a.data, b.data, len);

    return (rc != 0) ? rc : (a.len > b.len) - (a.len < b.len);
}


static void
qc_vary_put_lower(qc_buf_t *b, qc_str_t s)
{
    size_t   i;
    uint8_t  ch;

    for (i = 0; i < s.len; i++) {
        ch = s.data[i];
        qc_buf_u8(b, (uint8_t) ((ch >= 'A' && ch <= 'Z') ? (ch | 0x20) : ch));
    }
}


/* Without zeros at its end; 1 is left out. */

static void
qc_vary_put_weight(qc_buf_t *b, unsigned weight)
{
    size_t   n;
    uint8_t  digits[3];

    if (weight == QC_WEIGHT_MAX) {
        return;
    }

    digits[0] = (uint8_t) ('0' + weight / 100);
    digits[1] = (uint8_t) ('0' + weight / 10 % 10);
    digits[2] = (uint8_t) ('0' + weight % 10);

    for (n = sizeof(digits); n != 0 && digits[n - 1] == '0'; n--) {
        /* void */
    }

    qc_buf_cstr(b, (n != 0) ? ";q=0." : ";q=0");
    qc_buf_put(b, digits, n);
}
