
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_sql_window.h"
#include "qc_time.h"


#define QC_SQL_DAY_MS     ((int64_t) 86400000)
#define QC_SQL_SECOND_MS  ((int64_t) 1000)


/* One side of a comparison. */

typedef enum {
    QC_SQL_SIDE_COLUMN,
    QC_SQL_SIDE_LIMIT
} qc_sql_side_e;


typedef struct {
    qc_sql_side_e          kind;
    qc_time_t              time;       /* of a limit */
    unsigned               number:1;   /* of a limit: it is an epoch that is
                                          known by its digits only */
    unsigned               timely:1;   /* of a column: known to be a time */
    size_t                 digits;     /* of an epoch in its unit, 0 if that
                                          is not known */
    unsigned               rounded:1;  /* to a second, by its conversion */
    unsigned               day:1;      /* to a day */
    unsigned               zoned:1;    /* the zone is not that of the rest */
} qc_sql_side_t;


typedef struct {
    qc_sql_units_t         units;
    qc_sql_unit_t          cur;
    qc_sql_unit_t          next;
    qc_sql_dialect_e       dialect;
} qc_sql_term_t;


static void qc_sql_term_next(qc_sql_term_t *t);
static int qc_sql_term_between(qc_sql_term_t *t);
static int qc_sql_side(qc_sql_term_t *t, qc_sql_side_t *side);
static int qc_sql_side_word(qc_sql_term_t *t, qc_sql_side_t *side);
static int qc_sql_side_column(qc_sql_term_t *t, qc_sql_side_t *side);
static int qc_sql_side_text(qc_sql_term_t *t, qc_sql_side_t *side);
static int qc_sql_side_number(qc_sql_term_t *t, qc_sql_side_t *side);
static int qc_sql_side_cast(qc_sql_term_t *t, qc_sql_side_t *side);
static int qc_sql_side_type(qc_sql_term_t *t, qc_sql_side_t *side);
static int qc_sql_side_call(qc_sql_term_t *t, qc_sql_side_t *side);
static int qc_sql_side_more(qc_sql_term_t *t, unsigned time,
    qc_sql_side_t *side);
static int64_t qc_sql_bound_latest(const qc_sql_side_t *column,
    const qc_sql_side_t *limit, const int32_t *zone_minutes);


int
qc_sql_bound(qc_str_t term, qc_sql_dialect_e dialect,
    const int32_t *zone_minutes, int64_t *latest)
{
    int             below, above, equal;
    qc_sql_side_t   left, right, *column, *limit;
    qc_sql_term_t   t;

    if (term.len > QC_SQL_TERM_LEN) {
        return 0;
    }

    qc_sql_units_init(&t.units, term, dialect);
    qc_sql_unit(&t.units, &t.next);
    t.dialect = dialect;
    qc_sql_term_next(&t);

    if (!qc_sql_side(&t, &left)) {
        return 0;
    }

    below = qc_sql_unit_op(&t.cur, "<") || qc_sql_unit_op(&t.cur, "<=");
    above = qc_sql_unit_op(&t.cur, ">") || qc_sql_unit_op(&t.cur, ">=");
    equal = qc_sql_unit_op(&t.cur, "=") || qc_sql_unit_op(&t.cur, "==");

    if (qc_sql_unit_id(&t.cur) == QC_SQL_BETWEEN) {
        below = qc_sql_term_between(&t);

    } else if (below || above || equal) {
        qc_sql_term_next(&t);
    }

    if ((!below && !above && !equal)
        || !qc_sql_side(&t, &right) || t.cur.kind != QC_SQL_UNIT_END
        || left.kind == right.kind)
    {
        return 0;
    }

    if (left.kind == QC_SQL_SIDE_COLUMN) {
        column = &left;
        limit = &right;

    } else {
        column = &right;
        limit = &left;
    }

    if ((limit == &right) ? above : below) {
        return 0;
    }

    /* an epoch in a finer unit than the column's lies in the far future */

    if (limit->number
        && (!column->timely
            || (column->digits != 0 && limit->digits > column->digits)))
    {
        return 0;
    }

    *latest = qc_sql_bound_latest(column, limit, zone_minutes);

    return 1;
}


static void
qc_sql_term_next(qc_sql_term_t *t)
{
    t->cur = t->next;
    qc_sql_unit(&t->units, &t->next);
}


/* Past "BETWEEN any AND". */

static int
qc_sql_term_between(qc_sql_term_t *t)
{
    size_t  depth;

    qc_sql_term_next(t);

    /* with SYMMETRIC either of them is the upper one */

    if (qc_sql_unit_id(&t->cur) == QC_SQL_SYMMETRIC) {
        return 0;
    }

    depth = 0;

    while (t->cur.kind != QC_SQL_UNIT_END) {

        if (qc_sql_unit_is(&t->cur, '(')) {
            depth++;

        } else if (qc_sql_unit_is(&t->cur, ')')) {
            depth--;

        } else if (depth == 0 && qc_sql_unit_id(&t->cur) == QC_SQL_AND) {
            qc_sql_term_next(t);
            return 1;
        }

        qc_sql_term_next(t);
    }

    return 0;
}


static int
qc_sql_side(qc_sql_term_t *t, qc_sql_side_t *side)
{
    int  done;

    memset(side, 0, sizeof(*side));

    switch (t->cur.kind) {

    case QC_SQL_UNIT_WORD:
        done = qc_sql_side_word(t, side);
        break;

    case QC_SQL_UNIT_NAME:
        done = qc_sql_side_column(t, side);
        break;

    case QC_SQL_UNIT_TEXT:
        done = qc_sql_side_text(t, side);
        break;

    default:
        return 0;
    }

    if (done && qc_sql_unit_op(&t->cur, "::")) {
        qc_sql_term_next(t);
        return qc_sql_side_type(t, side);
    }

    return done;
}


static int
qc_sql_side_word(qc_sql_term_t *t, qc_sql_side_t *side)
{
    qc_sql_word_e  id;

    if (qc_sql_digit(t->cur.text.data[0])) {
        return qc_sql_side_number(t, side);
    }

    id = qc_sql_unit_id(&t->cur);

    if (qc_sql_unit_is(&t->next, '(')) {
        return (id == QC_SQL_CAST) ? qc_sql_side_cast(t, side)
                                   : qc_sql_side_call(t, side);
    }

    if (t->next.kind == QC_SQL_UNIT_TEXT
        && (id == QC_SQL_DATE || id == QC_SQL_TIMESTAMP))
    {
        side->day = (id == QC_SQL_DATE);
        qc_sql_term_next(t);

        return qc_sql_side_text(t, side);
    }

    return qc_sql_side_column(t, side);
}


/* A name, its parts joined by dots. */

static int
qc_sql_side_column(qc_sql_term_t *t, qc_sql_side_t *side)
{
    size_t          i;
    qc_str_t        last;
    qc_sql_unit_t   part;
    const uint8_t  *start;

    start = t->cur.start;
    side->kind = QC_SQL_SIDE_COLUMN;

    for ( ;; ) {
        part = t->cur;

        if (part.kind == QC_SQL_UNIT_NAME) {

            /* "..." is a literal to MySQL */

            if (t->dialect == QC_SQL_GENERIC && !part.backtick) {
                return 0;
            }

        } else if (part.kind != QC_SQL_UNIT_WORD
                   || (part.start == start && qc_sql_unit_dot_first(&part))
                   || part.text.data[0] == '@' || part.text.data[0] == '$'
                   || qc_sql_digit(part.text.data[0])
                   || qc_sql_unit_has(&part, QC_SQL_OPERATOR|QC_SQL_NOW))
        {
            return 0;
        }

        qc_sql_term_next(t);

        if (!qc_sql_unit_dot_last(&part) && !qc_sql_unit_dot_first(&t->cur)) {
            break;
        }
    }

    last = part.text;

    for (i = last.len; i != 0 && last.data[i - 1] != '.'; i--) {
        /* void */
    }

    last = qc_str(last.data + i, last.len - i);
    side->timely = (qc_sql_sounds_like_time(last) != 0);

    return 1;
}


static int
qc_sql_side_text(qc_sql_term_t *t, qc_sql_side_t *side)
{
    qc_str_t  text;

    text = t->cur.text;
    side->kind = QC_SQL_SIDE_LIMIT;

    if (qc_time_parse(text, &side->time) != QC_OK) {
        return 0;
    }

    side->number = (text.data[4] != '-');
    side->digits = text.len;
    qc_sql_term_next(t);

    return 1;
}


static int
qc_sql_side_number(qc_sql_term_t *t, qc_sql_side_t *side)
{
    side->kind = QC_SQL_SIDE_LIMIT;
    side->number = 1;
    side->digits = t->cur.text.len;

    if (qc_time_parse(t->cur.text, &side->time) != QC_OK
        || t->cur.text.data[4] == '-')
    {
        return 0;
    }

    qc_sql_term_next(t);

    return 1;
}


/* CAST(... AS type) */

static int
qc_sql_side_cast(qc_sql_term_t *t, qc_sql_side_t *side)
{
    qc_sql_term_next(t);
    qc_sql_term_next(t);

    if (t->cur.kind == QC_SQL_UNIT_TEXT) {
        if (!qc_sql_side_text(t, side)) {
            return 0;
        }

    } else if (!qc_sql_side_column(t, side)) {
        return 0;
    }

    if (qc_sql_unit_id(&t->cur) != QC_SQL_AS) {
        return 0;
    }

    qc_sql_term_next(t);

    if (!qc_sql_side_type(t, side) || !qc_sql_unit_is(&t->cur, ')')) {
        return 0;
    }

    qc_sql_term_next(t);

    return 1;
}


/* DATE, TIMESTAMP(3), DateTime64(3, 'UTC') and their like. */

static int
qc_sql_side_type(qc_sql_term_t *t, qc_sql_side_t *side)
{
    qc_str_t  type;

    type = t->cur.text;

    if (t->cur.kind != QC_SQL_UNIT_WORD) {
        return 0;
    }

    if (qc_sql_starts_with(type, "datetime")
        || qc_sql_starts_with(type, "timestamp"))
    {
        side->rounded = 1;

    } else if (qc_sql_starts_with(type, "date")) {
        side->day = 1;

    } else {
        return 0;
    }

    if (side->number) {
        return 0;
    }

    side->timely = 1;
    side->digits = 10;
    qc_sql_term_next(t);

    return !qc_sql_unit_is(&t->cur, '(')
           || qc_sql_side_more(t, QC_SQL_ZONE|QC_SQL_MORE, side);
}


/* A conversion: name(literal, epoch or column [, precision] [, zone]) */

static int
qc_sql_side_call(qc_sql_term_t *t, qc_sql_side_t *side)
{
    unsigned              time;
    const qc_sql_word_t  *word;

    word = t->cur.word;

    if (word == NULL || word->time == 0) {
        return 0;
    }

    time = word->time;

    qc_sql_term_next(t);
    qc_sql_term_next(t);

    if (t->cur.kind == QC_SQL_UNIT_TEXT) {
        if (!(time & QC_SQL_TEXT) || !qc_sql_side_text(t, side)
            || side->number)
        {
            return 0;
        }

    } else if (t->cur.kind == QC_SQL_UNIT_WORD
               && qc_sql_digit(t->cur.text.data[0]))
    {
        if (!qc_sql_side_number(t, side)
            || !((side->digits == 10 && (time & QC_SQL_SECONDS))
                 || (side->digits == 13 && (time & QC_SQL_MILLIS))
                 || (side->digits == 16 && (time & QC_SQL_MICROS))
                 || (side->digits == 19 && (time & QC_SQL_NANOS))))
        {
            return 0;
        }

    } else if (!qc_sql_side_column(t, side)) {
        return 0;
    }

    side->number = 0;
    side->timely = 1;
    side->rounded = 1;
    side->day = ((time & QC_SQL_DAY) != 0);
    side->digits = (strstr(word->name, "milli") != NULL) ? 13 : 10;

    return qc_sql_side_more(t, time, side);
}


/* What is left of the arguments, and the ")". */

static int
qc_sql_side_more(qc_sql_term_t *t, unsigned time, qc_sql_side_t *side)
{
    /* a type comes without its first argument */

    if (qc_sql_unit_is(&t->cur, '(')) {
        qc_sql_term_next(t);

    } else if (qc_sql_unit_is(&t->cur, ',')) {
        qc_sql_term_next(t);

    } else {
        goto end;
    }

    for ( ;; ) {
        if (t->cur.kind == QC_SQL_UNIT_TEXT && (time & QC_SQL_ZONE)) {
            if (qc_str_eq(t->cur.text, qc_str("UTC", 3))) {
                side->time.zoned = 1;

            } else {
                side->zoned = 1;
            }

        } else if (t->cur.kind != QC_SQL_UNIT_WORD
                   || !qc_sql_digit(t->cur.text.data[0])
                   || !(time & QC_SQL_MORE))
        {
            return 0;
        }

        qc_sql_term_next(t);

        if (!qc_sql_unit_is(&t->cur, ',')) {
            break;
        }

        qc_sql_term_next(t);
    }

end:

    if (!qc_sql_unit_is(&t->cur, ')')) {
        return 0;
    }

    qc_sql_term_next(t);

    return 1;
}


static int64_t
qc_sql_bound_latest(const qc_sql_side_t *column, const qc_sql_side_t *limit,
    const int32_t *zone_minutes)
{
    int64_t  ms;

    if (column->zoned || limit->zoned) {
        zone_minutes = NULL;
    }

    ms = qc_time_latest(&limit->time, zone_minutes);

    /* what a conversion rounds down may be as late as it rounds */

    if ((column->day || limit->day) && !limit->time.day) {
        ms += QC_SQL_DAY_MS;
    }

    return ms + (column->rounded ? QC_SQL_SECOND_MS : 0);
}
