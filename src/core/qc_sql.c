
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_sql.h"
#include "qc_sql_walk.h"


static qc_rc_e qc_sql_write(qc_sql_lex_t *l, qc_buf_t *out);
static qc_rc_e qc_sql_separate(qc_sql_dialect_e dialect,
    const qc_sql_token_t *prev, const qc_sql_token_t *t, qc_buf_t *out);
static qc_rc_e qc_sql_bracket(const qc_sql_token_t *t, uint8_t *open,
    size_t *depth);
static qc_rc_e qc_sql_same_tokens(qc_str_t a, qc_str_t b,
    qc_sql_dialect_e dialect);


qc_rc_e
qc_sql_canonical(qc_str_t text, qc_sql_dialect_e dialect,
    const int32_t *zone_minutes, qc_buf_t *out, qc_sql_info_t *info,
    qc_tags_t *tags)
{
    size_t        before;
    qc_rc_e       rc;
    qc_str_t      form;
    qc_sql_lex_t  lex;

    before = qc_buf_len(out);
    form = qc_str(NULL, 0);

    rc = (text.len == 0 || memchr(text.data, '\0', text.len) != NULL)
             ? QC_BAD : QC_OK;

    if (rc == QC_OK) {
        qc_sql_lex_init(&lex, text, dialect);
        rc = qc_sql_write(&lex, out);
    }

    if (rc == QC_OK) {
        form = qc_str(out->start + before, qc_buf_len(out) - before);

        /* a heredoc may be lost or made where space changes its tag */

        if (lex.dollar) {
            rc = qc_sql_same_tokens(text, form, dialect);
        }
    }

    if (rc == QC_OK) {
        rc = qc_sql_walk(form, dialect, zone_minutes, info, tags);
    }

    if (rc != QC_OK) {
        out->pos = out->start + before;
        memset(info, 0, sizeof(*info));

        if (tags != NULL) {
            qc_tags_unknown(tags);
        }
    }

    return rc;
}


static qc_rc_e
qc_sql_write(qc_sql_lex_t *l, qc_buf_t *out)
{
    size_t          depth;
    qc_rc_e         rc;
    uint8_t         open[QC_SQL_DEPTH_MAX];
    qc_sql_token_t  prev, t;

    depth = 0;
    memset(&prev, 0, sizeof(prev));

    for ( ;; ) {
        rc = qc_sql_lex(l, &t);

        if (rc == QC_DONE) {
            break;
        }

        if (rc == QC_OK && t.kind == QC_SQL_PUNCT) {
            rc = qc_sql_bracket(&t, open, &depth);
        }

        if (rc == QC_OK && prev.kind != QC_SQL_END) {
            rc = qc_sql_separate(l->dialect, &prev, &t, out);
        }

        if (rc != QC_OK) {
            return rc;
        }

        qc_buf_str(out, t.text);

        if (qc_buf_status(out) != QC_OK) {
            return QC_NOSPACE;
        }

        prev = t;
    }

    return (depth == 0 && prev.kind != QC_SQL_END) ? QC_OK : QC_BAD;
}


static qc_rc_e
qc_sql_separate(qc_sql_dialect_e dialect, const qc_sql_token_t *prev,
    const qc_sql_token_t *t, qc_buf_t *out)
{
    if (dialect == QC_SQL_CLICKHOUSE || !qc_sql_literal(prev)
        || !qc_sql_literal(t) || t->prefix != 0)
    {
        qc_buf_char(out, ' ');
        return QC_OK;
    }

    /*
     * Two literals are one if a new line is between them, and else they are
     * not.  Engines differ about that line being in a comment.
     */

    if (t->comment) {
        return QC_BAD;
    }

    qc_buf_char(out, t->newline ? '\n' : ' ');

    return QC_OK;
}


static qc_rc_e
qc_sql_bracket(const qc_sql_token_t *t, uint8_t *open, size_t *depth)
{
    uint8_t  close;

    switch (t->text.data[0]) {

    case '(':
        close = ')';
        break;

    case '[':
        close = ']';
        break;

    case '{':
        close = '}';
        break;

    case ')':
    case ']':
    case '}':
        if (*depth == 0 || open[*depth - 1] != t->text.data[0]) {
            return QC_BAD;
        }

        (*depth)--;
        return QC_OK;

    default:
        return QC_OK;
    }

    if (*depth == QC_SQL_DEPTH_MAX) {
        return QC_NOSPACE;
    }

    open[(*depth)++] = close;

    return QC_OK;
}


static qc_rc_e
qc_sql_same_tokens(qc_str_t a, qc_str_t b, qc_sql_dialect_e dialect)
{
    qc_rc_e         rc;
    qc_sql_lex_t    la, lb;
    qc_sql_token_t  ta, tb;

    qc_sql_lex_init(&la, a, dialect);
    qc_sql_lex_init(&lb, b, dialect);

    do {
        rc = qc_sql_lex(&la, &ta);

        if (qc_sql_lex(&lb, &tb) != rc || ta.kind != tb.kind
            || !qc_str_eq(ta.text, tb.text))
        {
            return QC_BAD;
        }

    } while (rc == QC_OK);

    return (rc == QC_DONE) ? QC_OK : QC_BAD;
}
