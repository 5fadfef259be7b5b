
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_time.h"


#define QC_TIME_DAY_MS    ((int64_t) 86400000)
#define QC_TIME_WEST_MS   ((int64_t) 12 * 3600000)     /* UTC-12 is the last
                                                          zone of a day */
#define QC_TIME_ZONE_MAX  14           /* h; Kiribati */


typedef enum {
    QC_TIME_ISO = 0,
    QC_TIME_S,
    QC_TIME_S_FRACTION,
    QC_TIME_MS,
    QC_TIME_US,
    QC_TIME_NS
} qc_time_form_e;


typedef struct {
    qc_time_t              time;
    qc_time_form_e         form;
    uint64_t               units;      /* of a decimal number, in its unit */
    int                    zone;       /* minutes east of UTC */
} qc_time_text_t;


static qc_rc_e qc_time_read(qc_str_t s, qc_time_text_t *t);
static qc_rc_e qc_time_number(qc_str_t s, qc_time_text_t *t);
static qc_rc_e qc_time_iso(qc_str_t s, qc_time_text_t *t);
static int qc_time_clock(qc_str_t *s, int64_t *ms);
static int qc_time_fraction(qc_str_t *s, int64_t *ms);
static int qc_time_zone(qc_str_t *s, int *minutes);
static int qc_time_digits(qc_str_t *s, size_t n, unsigned max, unsigned *v);
static int qc_time_char(qc_str_t *s, char ch);
static unsigned qc_time_month_days(unsigned year, unsigned month);
static int64_t qc_time_days(unsigned year, unsigned month, unsigned day);


static const char * const  qc_time_forms[] = {
    "iso", "s:", "f:", "ms:", "us:", "ns:"
};


static const uint64_t  qc_time_units[] = {
    1, 1, 1, 1000, 1000000, 1000000000
};


qc_rc_e
qc_time_parse(qc_str_t s, qc_time_t *t)
{
    qc_time_text_t  text;

    if (qc_time_read(s, &text) != QC_OK) {
        return QC_BAD;
    }

    *t = text.time;

    return QC_OK;
}


static qc_rc_e
qc_time_read(qc_str_t s, qc_time_text_t *t)
{
    memset(t, 0, sizeof(*t));

    /* the shortest of all has ten bytes, and one of them tells them apart */

    if (s.len < sizeof("YYYY-MM-DD") - 1) {
        return QC_BAD;
    }

    return (s.data[4] == '-') ? qc_time_iso(s, t) : qc_time_number(s, t);
}


static qc_rc_e
qc_time_number(qc_str_t s, qc_time_text_t *t)
{
    size_t    n;
    int64_t   ms;
    qc_str_t  number, rest;

    for (n = 0; n < s.len && s.data[n] >= '0' && s.data[n] <= '9'; n++) {
        /* void */
    }

    number = qc_str(s.data, n);
    rest = qc_str(s.data + n, s.len - n);

    /* the number of digits tells the unit only if none of them is padding */

    if (s.data[0] == '0' || qc_parse_dec(number, &t->units) != QC_OK) {
        return QC_BAD;
    }

    t->time.zoned = 1;
    ms = 0;

    switch (n) {

    case 10:
        t->form = QC_TIME_S;

        if (rest.len != 0) {
            t->form = QC_TIME_S_FRACTION;

            if (!qc_time_fraction(&rest, &ms)) {
                return QC_BAD;
            }
        }

        t->time.ms = (int64_t) t->units * 1000 + ms;
        break;

    case 13:
        t->form = QC_TIME_MS;
        t->time.ms = (int64_t) t->units;
        break;

    case 16:
        t->form = QC_TIME_US;
        t->time.ms = (int64_t) (t->units / 1000);
        break;

    case 19:
        t->form = QC_TIME_NS;
        t->time.ms = (int64_t) (t->units / 1000000);
        break;

    default:
        return QC_BAD;
    }

    return (rest.len == 0) ? QC_OK : QC_BAD;
}


static qc_rc_e
qc_time_iso(qc_str_t s, qc_time_text_t *t)
{
    int64_t   clock;
    unsigned  year, month, day;

    if (!qc_time_digits(&s, 4, 9999, &year) || year < 1970
        || !qc_time_char(&s, '-')
        || !qc_time_digits(&s, 2, 12, &month) || month == 0
        || !qc_time_char(&s, '-')
        || !qc_time_digits(&s, 2, qc_time_month_days(year, month), &day)
        || day == 0)
    {
        return QC_BAD;
    }

    t->time.ms = qc_time_days(year, month, day) * QC_TIME_DAY_MS;

    if (s.len == 0) {
        t->time.day = 1;
        return QC_OK;
    }

    if (!qc_time_char(&s, 'T') && !qc_time_char(&s, ' ')) {
        return QC_BAD;
    }

    if (!qc_time_clock(&s, &clock)) {
        return QC_BAD;
    }

    t->time.ms += clock;

    if (s.len != 0) {
        (void) qc_time_char(&s, ' ');

        if (!qc_time_zone(&s, &t->zone) || s.len != 0) {
            return QC_BAD;
        }

        t->time.zoned = 1;
        t->time.ms -= (int64_t) t->zone * 60000;
    }

    return (t->time.ms >= 0) ? QC_OK : QC_BAD;
}


/* HH:MM[:SS[.fraction]] */

static int
qc_time_clock(qc_str_t *s, int64_t *ms)
{
    int64_t   fraction;
    unsigned  hour, minute, second;

    if (!qc_time_digits(s, 2, 23, &hour)
        || !qc_time_char(s, ':')
        || !qc_time_digits(s, 2, 59, &minute))
    {
        return 0;
    }

    second = 0;
    fraction = 0;

    if (qc_time_char(s, ':')) {
        if (!qc_time_digits(s, 2, 59, &second)) {
            return 0;
        }

        if (s->len != 0 && s->data[0] == '.'
            && !qc_time_fraction(s, &fraction))
        {
            return 0;
        }
    }

    *ms = (int64_t) (hour * 3600 + minute * 60 + second) * 1000 + fraction;

    return 1;
}


static int
qc_time_fraction(qc_str_t *s, int64_t *ms)
{
    size_t    i;
    unsigned  digit, scale;

    if (!qc_time_char(s, '.')) {
        return 0;
    }

    *ms = 0;
    scale = 100;

    for (i = 0; i < 9 && qc_time_digits(s, 1, 9, &digit); i++) {
        *ms += (int64_t) (digit * scale);
        scale /= 10;
    }

    return i != 0;
}


static int
qc_time_zone(qc_str_t *s, int *minutes)
{
    int       east;
    unsigned  hour, minute;

    *minutes = 0;

    if (qc_time_char(s, 'Z') || qc_time_char(s, 'z')) {
        return 1;
    }

    if (qc_str_eq(*s, qc_str("UTC", 3))) {
        *s = qc_str(s->data + 3, 0);
        return 1;
    }

    east = qc_time_char(s, '+');

    if ((!east && !qc_time_char(s, '-'))
        || !qc_time_digits(s, 2, QC_TIME_ZONE_MAX, &hour))
    {
        return 0;
    }

    minute = 0;

    if (qc_time_char(s, ':') || s->len != 0) {
        if (!qc_time_digits(s, 2, 59, &minute)) {
            return 0;
        }
    }

    *minutes = (int) (hour * 60 + minute);
    *minutes = east ? *minutes : -*minutes;

    return 1;
}


/* Past n digits that are at most max. */

static int
qc_time_digits(qc_str_t *s, size_t n, unsigned max, unsigned *v)
{
    size_t  i;

    if (s->len < n) {
        return 0;
    }

    *v = 0;

    for (i = 0; i < n; i++) {
        if (s->data[i] < '0' || s->data[i] > '9') {
            return 0;
        }

        *v = *v * 10 + (unsigned) (s->data[i] - '0');
    }

    s->data += n;
    s->len -= n;

    return *v <= max;
}


static int
qc_time_char(qc_str_t *s, char ch)
{
    if (s->len == 0 || s->data[0] != (uint8_t) ch) {
        return 0;
    }

    s->data++;
    s->len--;

    return 1;
}


static unsigned
qc_time_month_days(unsigned year, unsigned month)
{
    if (month == 2) {
        return (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)) ? 29
                                                                       : 28;
    }

    return (month == 4 || month == 6 || month == 9 || month == 11) ? 30 : 31;
}


/* Days since 1970-01-01; years begin in March here, so that leap days end. */

static int64_t
qc_time_days(unsigned year, unsigned month, unsigned day)
{
    unsigned  y, m;

    y = (month > 2) ? year : year - 1;
    m = (month > 2) ? month - 3 : month + 9;

    return (int64_t) (y * 365 + y / 4 - y / 100 + y / 400
                      + (153 * m + 2) / 5 + day - 1) - 719468;
}


int64_t
qc_time_latest(const qc_time_t *t, const int32_t *zone_minutes)
{
    int64_t  ms;

    ms = t->ms + (t->day ? QC_TIME_DAY_MS : 0);

    if (t->zoned) {
        return ms;
    }

    if (zone_minutes == NULL) {
        return ms + QC_TIME_WEST_MS;
    }

    return ms - (int64_t) *zone_minutes * 60000;
}


qc_rc_e
qc_time_round(qc_str_t s, uint64_t step, qc_buf_t *out)
{
    uint64_t        seconds;
    unsigned        zone;
    qc_time_text_t  t;

    if (step == 0 || qc_time_read(s, &t) != QC_OK) {
        return QC_BAD;
    }

    if (t.form != QC_TIME_ISO) {
        seconds = t.units / qc_time_units[t.form];
        seconds -= seconds % step;

        qc_buf_cstr(out, qc_time_forms[t.form]);
        qc_buf_dec(out, seconds * qc_time_units[t.form]);

        return qc_buf_status(out);
    }

    seconds = (uint64_t) t.time.ms / 1000;
    seconds -= seconds % step;

    if (t.time.day) {
        qc_buf_cstr(out, "day");

    } else {
        qc_buf_cstr(out, qc_time_forms[t.form]);

        if (!t.time.zoned) {
            qc_buf_char(out, '?');

        } else if (t.zone != 0) {
            zone = (unsigned) ((t.zone < 0) ? -t.zone : t.zone);

            qc_buf_char(out, (t.zone < 0) ? '-' : '+');
            qc_buf_char(out, (char) ('0' + zone / 600));
            qc_buf_char(out, (char) ('0' + zone / 60 % 10));
            qc_buf_char(out, (char) ('0' + zone % 60 / 10));
            qc_buf_char(out, (char) ('0' + zone % 10));
        }
    }

    qc_buf_char(out, ':');
    qc_buf_dec(out, seconds);

    return qc_buf_status(out);
}


qc_rc_e
qc_time_zone_parse(qc_str_t s, int32_t *minutes)
{
    uint64_t  h, m;

    if (s.len == 3 && (s.data[0] | 0x20) == 'u' && (s.data[1] | 0x20) == 't'
        && (s.data[2] | 0x20) == 'c')
    {
        *minutes = 0;
        return QC_OK;
    }

    if (s.len != 6 || (s.data[0] != '+' && s.data[0] != '-')
        || s.data[3] != ':'
        || qc_parse_dec(qc_str(&s.data[1], 2), &h) != QC_OK
        || qc_parse_dec(qc_str(&s.data[4], 2), &m) != QC_OK
        || h > QC_TIME_ZONE_MAX || m > 45 || m % 15 != 0)
    {
        return QC_BAD;
    }

    *minutes = (int32_t) (h * 60 + m);

    if (s.data[0] == '-') {
        *minutes = -*minutes;
    }

    return QC_OK;
}
