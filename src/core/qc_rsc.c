
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_json.h"
#include "qc_rsc.h"
#include "qc_utf8.h"


#define QC_RSC_DIGITS_MAX  4300        /* of an integer that Python reads */
#define QC_RSC_BYTE_MAX    6           /* bytes of text one byte becomes */

/* Runs of space: what is in them. */

#define QC_RSC_NONE        0
#define QC_RSC_ONE         1           /* one space, which stays */
#define QC_RSC_ASCII       2
#define QC_RSC_OTHER       3           /* what is no space to all */


/* Where in a query we are, as far as that can be told. */

typedef struct {
    uint8_t                quote;      /* the character that ends it, or 0 */
    uint8_t                before;     /* the last character, 0 at first */
    unsigned               unsafe:1;   /* quotes may be anywhere from here */
} qc_rsc_state_t;


static qc_rc_e qc_rsc_values(qc_str_t text, qc_json_type_e type,
    const char *empty, qc_arena_t *arena, qc_str_t *out);
static qc_rc_e qc_rsc_value(void *data, qc_json_value_t *v);
static void qc_rsc_put_json(qc_buf_t *b, qc_str_t json);
static void qc_rsc_put_string(qc_buf_t *b, qc_str_t s);
static void qc_rsc_put_query(qc_buf_t *b, qc_str_t query);
static void qc_rsc_put_char(qc_buf_t *b, uint32_t ch);
static void qc_rsc_put_unit(qc_buf_t *b, uint32_t unit);
static uint32_t qc_rsc_next(qc_str_t *s);
static int qc_rsc_space(uint32_t ch);
static unsigned qc_rsc_run(qc_str_t *s);
static void qc_rsc_follow(qc_rsc_state_t *st, uint8_t ch, qc_str_t rest);


qc_rc_e
qc_rsc_text(const qc_rsc_call_t *call, qc_arena_t *arena, qc_str_t *out)
{
    size_t     size;
    uint8_t   *mem;
    qc_rc_e    rc;
    qc_buf_t   b;
    qc_str_t   args, kwargs;

    if (!qc_utf8_valid(call->query.data, call->query.len)
        || !qc_utf8_valid(call->ns.data, call->ns.len))
    {
        return QC_BAD;
    }

    rc = qc_rsc_values(call->args, QC_JSON_ARRAY, "[]", arena, &args);
    if (rc != QC_OK) {
        return rc;
    }

    rc = qc_rsc_values(call->kwargs, QC_JSON_OBJECT, "{}", arena, &kwargs);
    if (rc != QC_OK) {
        return rc;
    }

    size = args.len + kwargs.len + call->query.len + call->ns.len;

    if (size > arena->left) {
        return QC_NOSPACE;
    }

    size = size * QC_RSC_BYTE_MAX + 64;
    mem = qc_arena_alloc(arena, size);

    if (mem == NULL) {
        return QC_NOSPACE;
    }

    qc_buf_init(&b, mem, size);

    qc_buf_cstr(&b, "{\"args\":");
    qc_rsc_put_json(&b, args);
    qc_buf_cstr(&b, ",\"kwargs\":");
    qc_rsc_put_json(&b, kwargs);

    if (call->ns.len != 0) {
        qc_buf_cstr(&b, ",\"namespace\":");
        qc_rsc_put_string(&b, call->ns);
    }

    qc_buf_cstr(&b, ",\"query\":");
    qc_rsc_put_query(&b, call->query);
    qc_buf_char(&b, '}');

    *out = qc_buf_written(&b);

    return qc_buf_status(&b);
}


/*
 * Python sorts names by code points, and we by bytes of UTF-8, which is the
 * same.
 */

static qc_rc_e
qc_rsc_values(qc_str_t text, qc_json_type_e type, const char *empty,
    qc_arena_t *arena, qc_str_t *out)
{
    qc_json_opts_t  opts;

    if (text.len == 0) {
        *out = qc_str(empty, strlen(empty));
        return QC_OK;
    }

    opts.max_depth = 2;
    opts.visit = qc_rsc_value;
    opts.data = &type;

    return qc_json_canonical(text, &opts, arena, out);
}


static qc_rc_e
qc_rsc_value(void *data, qc_json_value_t *v)
{
    size_t                 i, digits;
    const qc_json_type_e  *type;

    type = data;

    if (v->depth == 0) {
        return (v->type == *type) ? QC_OK : QC_BAD;
    }

    if (v->type == QC_JSON_OBJECT || v->type == QC_JSON_ARRAY) {
        return QC_BAD;
    }

    if (v->type != QC_JSON_NUMBER) {
        return QC_OK;
    }

    digits = 0;

    for (i = 0; i < v->value.len; i++) {
        if (v->value.data[i] >= '0' && v->value.data[i] <= '9') {
            digits++;

        } else if (i != 0 || v->value.data[i] != '-') {
            return QC_BAD;
        }
    }

    return (digits <= QC_RSC_DIGITS_MAX) ? QC_OK : QC_BAD;
}


/* Canonical JSON again, with the escapes of Python. */

static void
qc_rsc_put_json(qc_buf_t *b, qc_str_t json)
{
    uint8_t   ch, code;
    unsigned  quoted;

    quoted = 0;

    while (json.len != 0) {
        ch = json.data[0];

        if (!quoted && ch == '-' && json.data[1] == '0') {

            /* an integer has no negative zero, nor zeros in front */

            json = qc_str(json.data + 1, json.len - 1);
            continue;
        }

        if (quoted && ch == '\\') {

            if (json.data[1] != 'u') {
                qc_buf_put(b, json.data, 2);
                json = qc_str(json.data + 2, json.len - 2);
                continue;
            }

            /* controls are the only ones that come as numbers */

            (void) qc_parse_hex(qc_str(json.data + 4, 2), &code, 1);
            qc_rsc_put_char(b, code);
            json = qc_str(json.data + 6, json.len - 6);
            continue;
        }

        if (quoted && ch != '"') {
            qc_rsc_put_char(b, qc_rsc_next(&json));
            continue;
        }

        quoted ^= (ch == '"');
        qc_buf_char(b, (char) ch);
        json = qc_str(json.data + 1, json.len - 1);
    }
}


static void
qc_rsc_put_string(qc_buf_t *b, qc_str_t s)
{
    qc_buf_char(b, '"');

    while (s.len != 0) {
        qc_rsc_put_char(b, qc_rsc_next(&s));
    }

    qc_buf_char(b, '"');
}


static void
qc_rsc_put_query(qc_buf_t *b, qc_str_t query)
{
    uint32_t  ch;
    unsigned  space, first;

    space = 0;
    first = 1;

    qc_buf_char(b, '"');

    while (query.len != 0) {
        ch = qc_rsc_next(&query);

        if (qc_rsc_space(ch)) {
            space = 1;
            continue;
        }

        if (space && !first) {
            qc_buf_char(b, ' ');
        }

        space = 0;
        first = 0;
        qc_rsc_put_char(b, ch);
    }

    qc_buf_char(b, '"');
}


static void
qc_rsc_put_char(qc_buf_t *b, uint32_t ch)
{
    size_t                   i;
    static const qc_field_t  escapes[] = {
        { qc_string("\""), qc_string("\\\"") },
        { qc_string("\\"), qc_string("\\\\") },
        { qc_string("\b"), qc_string("\\b") },
        { qc_string("\f"), qc_string("\\f") },
        { qc_string("\n"), qc_string("\\n") },
        { qc_string("\r"), qc_string("\\r") },
        { qc_string("\t"), qc_string("\\t") }
    };

    if (ch >= ' ' && ch <= '~' && ch != '"' && ch != '\\') {
        qc_buf_char(b, (char) ch);
        return;
    }

    for (i = 0; i < sizeof(escapes) / sizeof(escapes[0]); i++) {
        if (ch == escapes[i].name.data[0]) {
            qc_buf_str(b, escapes[i].value);
            return;
        }
    }

    if (ch < 0x10000) {
        qc_rsc_put_unit(b, ch);
        return;
    }

    qc_rsc_put_unit(b, 0xd800 + ((ch - 0x10000) >> 10));
    qc_rsc_put_unit(b, 0xdc00 + ((ch - 0x10000) & 0x3ff));
}


static void
qc_rsc_put_unit(qc_buf_t *b, uint32_t unit)
{
    uint8_t  bytes[2];

    bytes[0] = (uint8_t) (unit >> 8);
    bytes[1] = (uint8_t) unit;

    qc_buf_cstr(b, "\\u");
    qc_buf_hex(b, bytes, 2);
}


/* Of valid UTF-8, not empty. */

static uint32_t
qc_rsc_next(qc_str_t *s)
{
    size_t    i, n;
    uint32_t  ch;

    ch = s->data[0];
    n = (ch < 0x80) ? 1 : (ch < 0xe0) ? 2 : (ch < 0xf0) ? 3 : 4;

    if (n != 1) {
        ch &= 0x7fU >> n;
    }

    for (i = 1; i < n; i++) {
        ch = ch << 6 | (s->data[i] & 0x3fU);
    }

    *s = qc_str(s->data + n, s->len - n);

    return ch;
}


/* What str.isspace() says, which "\s" and strip() go by. */

static int
qc_rsc_space(uint32_t ch)
{
    if (ch > 0x20 && ch < 0x80) {
        return 0;
    }

    return (ch >= 0x09 && ch <= 0x0d)
           || (ch >= 0x1c && ch <= 0x20)
           || ch == 0x85 || ch == 0xa0 || ch == 0x1680
           || (ch >= 0x2000 && ch <= 0x200a)
           || ch == 0x2028 || ch == 0x2029 || ch == 0x202f
           || ch == 0x205f || ch == 0x3000;
}


/*
 * Without knowledge of the language: quotes of all kinds, and square brackets,
 * keep what is in them.  After what may begin a comment, or quotes with rules
 * of their own, nothing may change but the end.  In doubt the answer is no,
 * which costs a shared entry and nothing else.
 */

int
qc_rsc_exact(qc_str_t query)
{
    uint32_t        ch;
    unsigned        run;
    qc_str_t        rest;
    qc_rsc_state_t  st;

    if (!qc_utf8_valid(query.data, query.len)) {
        return 0;
    }

    memset(&st, 0, sizeof(st));
    rest = query;

    while (rest.len != 0) {
        run = qc_rsc_run(&rest);

        if (run == QC_RSC_OTHER
            || (run == QC_RSC_ASCII && st.before != 0 && rest.len != 0
                && (st.quote != 0 || st.unsafe)))
        {
            return 0;
        }

        if (run != QC_RSC_NONE) {
            st.before = ' ';
            continue;
        }

        ch = qc_rsc_next(&rest);
        qc_rsc_follow(&st, (ch != 0 && ch < 0x80) ? (uint8_t) ch : 0x80, rest);
    }

    return 1;
}


/* Takes a run of space off the front, and says what was in it. */

static unsigned
qc_rsc_run(qc_str_t *s)
{
    uint32_t  ch;
    unsigned  run, n;
    qc_str_t  next;

    run = QC_RSC_NONE;

    for (n = 0; s->len != 0; n++) {
        next = *s;
        ch = qc_rsc_next(&next);

        if (!qc_rsc_space(ch)) {
            break;
        }

        if (ch != ' ' && (ch < '\t' || ch > '\r')) {
            run = QC_RSC_OTHER;

        } else if (run != QC_RSC_OTHER) {
            run = (ch == ' ' && n == 0) ? QC_RSC_ONE : QC_RSC_ASCII;
        }

        *s = next;
    }

    return run;
}


static void
qc_rsc_follow(qc_rsc_state_t *st, uint8_t ch, qc_str_t rest)
{
    uint8_t  next;

    next = (rest.len != 0) ? rest.data[0] : 0;

    if (st->quote != 0) {

        if (ch == st->quote) {
            st->quote = 0;

        } else if (ch == '\\'
                   || (st->quote == ']' && strchr("'\"`[", ch) != NULL))
        {
            st->unsafe = 1;
        }

        st->before = ch;
        return;
    }

    switch (ch) {

    case '\'':
    case '"':
    case '`':
        st->quote = ch;

        /* q'[...]' of some, three in a row of others */

        if (st->before == 'q' || st->before == 'Q'
            || (next == ch && rest.len > 1 && rest.data[1] == ch))
        {
            st->unsafe = 1;
        }

        break;

    case '[':
        st->quote = ']';
        break;

    case '-':
    case '/':
        if (next == ch || (ch == '/' && next == '*')) {
            st->unsafe = 1;
        }

        break;

    case '#':
    case '$':
    case '~':
    case '\\':
        st->unsafe = 1;
        break;
    }

    st->before = ch;
}


qc_rc_e
qc_rsc_key(const qc_rsc_call_t *call, qc_arena_t *arena, qc_sha256_t *sha,
    uint8_t key[QC_KEY_LEN])
{
    qc_rc_e   rc;
    qc_str_t  text;

    if (!qc_rsc_exact(call->query)) {
        return QC_BAD;
    }

    rc = qc_rsc_text(call, arena, &text);
    if (rc != QC_OK) {
        return rc;
    }

    rc = qc_sha256_init(sha);
    if (rc != QC_OK) {
        return rc;
    }

    qc_sha256_update(sha, text.data, text.len);

    return qc_sha256_final(sha, key);
}
