
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_date.h"


#define QC_DATE_DAY        86400
#define QC_DATE_YEARS      50          /* as far ahead as two digits may be */


typedef struct {
    int                    year;
    unsigned               month;      /* 1 to 12 */
    unsigned               day;
    unsigned               hour;
    unsigned               minute;
    unsigned               second;
} qc_date_t;


/*
 * A form is written as it looks: a letter is replaced by the digits of the
 * field it stands for, 'n' by the name of a month, anything else is itself.
 * 'D' has a space instead of its first digit if that is 0.
 */

static const char  qc_date_imf[] = ", dd n YYYY HH:MM:SS GMT";
static const char  qc_date_850[] = ", dd-n-YY HH:MM:SS GMT";
static const char  qc_date_asctime[] = " n DD HH:MM:SS YYYY";


static int qc_date_weekday(qc_str_t *s, int *full);
static int qc_date_form(qc_str_t s, const char *form, qc_date_t *d);
static int qc_date_field(qc_str_t *s, char field, size_t n, qc_date_t *d);
static int qc_date_month(qc_str_t *s, qc_date_t *d);
static int qc_date_digits(qc_str_t *s, size_t n, unsigned *v);
static int qc_date_valid(const qc_date_t *d);
static int64_t qc_date_seconds(const qc_date_t *d);
static void qc_date_of(int64_t seconds, qc_date_t *d);
static int64_t qc_date_short(qc_date_t *d, int64_t now);


static const char  *qc_date_weekdays[] = {
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
    "Sunday"
};


qc_rc_e
qc_date_parse(qc_str_t s, int64_t now, int64_t *date)
{
    int        full;
    qc_date_t  d;

    memset(&d, 0, sizeof(d));

    if (!qc_date_weekday(&s, &full)) {
        return QC_BAD;
    }

    if (full) {
        if (!qc_date_form(s, qc_date_850, &d)) {
            return QC_BAD;
        }

        *date = qc_date_short(&d, now);

    } else {
        if (!qc_date_form(s, qc_date_imf, &d)
            && !qc_date_form(s, qc_date_asctime, &d))
        {
            return QC_BAD;
        }

        *date = qc_date_seconds(&d);
    }

    return qc_date_valid(&d) ? QC_OK : QC_BAD;
}


/* Past the name of a day; *full if it is the whole one. */

static int
qc_date_weekday(qc_str_t *s, int *full)
{
    size_t  i, len;

    for (i = 0; i < 7; i++) {
        len = strlen(qc_date_weekdays[i]);

        if (s->len < 3 || memcmp(s->data, qc_date_weekdays[i], 3) != 0) {
            continue;
        }

        *full = (s->len >= len
                 && memcmp(s->data, qc_date_weekdays[i], len) == 0);

        len = *full ? len : 3;
        *s = qc_str(s->data + len, s->len - len);

        return 1;
    }

    return 0;
}


static int
qc_date_form(qc_str_t s, const char *form, qc_date_t *d)
{
    char    ch;
    size_t  n;

    while (*form != '\0') {
        ch = *form;

        if (ch == 'G') {
            return s.len == 3 && memcmp(s.data, "GMT", 3) == 0;
        }

        for (n = 0; form[n] == ch; n++) {
            /* void */
        }

        form += n;

        if (!qc_date_field(&s, ch, n, d)) {
            return 0;
        }
    }

    return s.len == 0;
}


static int
qc_date_field(qc_str_t *s, char field, size_t n, qc_date_t *d)
{
    unsigned  year;

    switch (field) {

    case 'Y':
        if (!qc_date_digits(s, n, &year)) {
            return 0;
        }

        d->year = (int) year;
        return 1;

    case 'n':
        return qc_date_month(s, d);

    case 'D':
        if (s->len != 0 && s->data[0] == ' ') {
            *s = qc_str(s->data + 1, s->len - 1);
            return qc_date_digits(s, 1, &d->day);
        }

        /* fall through */

    case 'd':
        return qc_date_digits(s, n, &d->day);

    case 'H':
        return qc_date_digits(s, n, &d->hour);

    case 'M':
        return qc_date_digits(s, n, &d->minute);

    case 'S':
        return qc_date_digits(s, n, &d->second);
    }

    if (s->len == 0 || s->data[0] != (uint8_t) field) {
        return 0;
    }

    *s = qc_str(s->data + 1, s->len - 1);

    return 1;
}


static int
qc_date_month(qc_str_t *s, qc_date_t *d)
{
    unsigned  i;

    static const char  names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

    if (s->len < 3) {
        return 0;
    }

    for (i = 0; i < 12; i++) {
        if (memcmp(s->data, &names[3 * i], 3) == 0) {
            d->month = i + 1;
            *s = qc_str(s->data + 3, s->len - 3);
            return 1;
        }
    }

    return 0;
}


static int
qc_date_digits(qc_str_t *s, size_t n, unsigned *v)
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

    *s = qc_str(s->data + n, s->len - n);

    return 1;
}


static int
qc_date_valid(const qc_date_t *d)
{
    int       leap;
    unsigned  days;

    static const uint8_t  month[] = {
        31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31
    };

    leap = (d->year % 4 == 0 && (d->year % 100 != 0 || d->year % 400 == 0));
    days = month[d->month - 1] + (unsigned) (d->month == 2 && leap);

    return d->day >= 1 && d->day <= days && d->hour <= 23 && d->minute <= 59
           && d->second <= 60;
}


/*
 * Years begin in March, so that a leap day is the last of its year, and are
 * counted from a year 0 that an era of 400 years begins with.
 */

static int64_t
qc_date_seconds(const qc_date_t *d)
{
    int64_t  year, month, days;

    month = (d->month + 9) % 12;
    year = (int64_t) d->year + 400 - (d->month <= 2);

    days = year * 365 + year / 4 - year / 100 + year / 400
           + (month * 153 + 2) / 5 + d->day - 1 - 719468 - 146097;

    return ((days * 24 + d->hour) * 60 + d->minute) * 60 + d->second;
}


/* The opposite, for times from 1970 on. */

static void
qc_date_of(int64_t seconds, qc_date_t *d)
{
    int64_t  days, era, year, day, month;

    days = seconds / QC_DATE_DAY + 719468;
    seconds %= QC_DATE_DAY;

    era = days / 146097;
    day = days % 146097;
    year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    day -= year * 365 + year / 4 - year / 100;
    month = (day * 5 + 2) / 153;

    d->year = (int) (era * 400 + year + (month >= 10));
    d->month = (unsigned) (month < 10 ? month + 3 : month - 9);
    d->day = (unsigned) (day - (month * 153 + 2) / 5 + 1);
    d->hour = (unsigned) (seconds / 3600);
    d->minute = (unsigned) (seconds / 60 % 60);
    d->second = (unsigned) (seconds % 60);
}


/* The century in which the date is the latest that is not too far ahead. */

static int64_t
qc_date_short(qc_date_t *d, int64_t now)
{
    int64_t    limit, date;
    qc_date_t  at;

    qc_date_of(now, &at);

    d->year += at.year - at.year % 100 + 100;
    at.year += QC_DATE_YEARS;
    limit = qc_date_seconds(&at);

    for ( ;; ) {
        date = qc_date_seconds(d);

        if (date <= limit) {
            return date;
        }

        d->year -= 100;
    }
}
