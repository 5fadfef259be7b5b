
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_sql_unit.h"


static void qc_sql_unit_quoted(qc_sql_unit_t *u, qc_str_t s, unsigned escaped);


void
qc_sql_units_init(qc_sql_units_t *s, qc_str_t text, qc_sql_dialect_e dialect)
{
    memset(s, 0, sizeof(*s));
    qc_sql_lex_init(&s->lex, text, dialect);
}


void
qc_sql_unit(qc_sql_units_t *s, qc_sql_unit_t *u)
{
    qc_sql_token_t  t;

    memset(u, 0, sizeof(*u));

    if (s->quoted.len != 0) {
        qc_sql_unit_quoted(u, s->quoted, s->escaped);
        s->quoted.len = 0;
        return;
    }

    if (qc_sql_lex(&s->lex, &t) != QC_OK) {
        s->lex.pos = s->lex.end;
        u->start = s->lex.end;
        return;
    }

    u->text = t.text;
    u->start = t.text.data;

    switch (t.kind) {

    case QC_SQL_QUOTED:
        if (t.prefix == 0) {
            qc_sql_unit_quoted(u, t.text, 0);
            return;
        }

        s->quoted = qc_str(t.text.data + t.prefix, t.text.len - t.prefix);
        s->escaped = (t.text.data[t.prefix - 1] == '&');
        u->text.len = t.prefix - s->escaped;

        /* fall through */

    case QC_SQL_WORD:
        u->kind = QC_SQL_UNIT_WORD;
        u->word = qc_sql_word_find(u->text);
        return;

    case QC_SQL_HINT:
        u->kind = QC_SQL_UNIT_HINT;
        return;

    case QC_SQL_OP:
        u->kind = QC_SQL_UNIT_OP;
        return;

    case QC_SQL_PUNCT:
        u->kind = QC_SQL_UNIT_PUNCT;
        u->punct = t.text.data[0];
        return;

    default:
        u->kind = QC_SQL_UNIT_OPAQUE;
        return;
    }
}


static void
qc_sql_unit_quoted(qc_sql_unit_t *u, qc_str_t s, unsigned escaped)
{
    size_t  i;

    u->kind = (s.data[0] == '\'') ? QC_SQL_UNIT_TEXT : QC_SQL_UNIT_NAME;
    u->backtick = (s.data[0] == '`');
    u->start = s.data;
    u->text = qc_str(s.data + 1, s.len - 2);
    u->escaped = (escaped != 0);

    for (i = 0; i < u->text.len; i++) {
        if (u->text.data[i] == s.data[0] || u->text.data[i] == '\\') {
            u->escaped = 1;
            return;
        }
    }
}


qc_sql_word_e
qc_sql_unit_id(const qc_sql_unit_t *u)
{
    return (u->word != NULL) ? u->word->id : QC_SQL_NONE;
}


int
qc_sql_unit_has(const qc_sql_unit_t *u, unsigned flags)
{
    return u->word != NULL && (u->word->flags & flags) != 0;
}


int
qc_sql_unit_op(const qc_sql_unit_t *u, const char *op)
{
    return u->kind == QC_SQL_UNIT_OP
           && qc_str_eq(u->text, qc_str(op, strlen(op)));
}


int
qc_sql_unit_operand(const qc_sql_unit_t *u)
{
    switch (u->kind) {

    case QC_SQL_UNIT_WORD:
        return !qc_sql_unit_has(u, QC_SQL_OPERATOR);

    case QC_SQL_UNIT_PUNCT:
        return qc_sql_unit_is(u, ')') || qc_sql_unit_is(u, ']')
               || qc_sql_unit_is(u, '}');

    case QC_SQL_UNIT_TEXT:
    case QC_SQL_UNIT_NAME:
    case QC_SQL_UNIT_OPAQUE:
        return 1;

    default:
        return 0;
    }
}


int
qc_sql_unit_dot_first(const qc_sql_unit_t *u)
{
    return u->kind == QC_SQL_UNIT_WORD && u->text.data[0] == '.';
}


int
qc_sql_unit_dot_last(const qc_sql_unit_t *u)
{
    return u->kind == QC_SQL_UNIT_WORD && u->text.data[u->text.len - 1] == '.'
           && !qc_sql_digit(u->text.data[0]);
}
