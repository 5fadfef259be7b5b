
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_args.h"


#define QC_ARGS_BINS       32          /* lists of 2^i: n is 32 bits */


static size_t qc_args_count(qc_str_t raw, size_t *pluses);
static qc_str_t qc_args_segment(const uint8_t **p, const uint8_t *end);
static qc_str_t qc_args_piece(qc_str_t raw, int plus_is_space, uint8_t **to);
static int qc_args_escape(const uint8_t *p, const uint8_t *end, uint8_t *ch);
static int qc_args_unreserved(uint8_t ch);
static int qc_args_late(const qc_arg_t *arg, const qc_args_opts_t *opts);
static qc_arg_t *qc_args_sort(qc_arg_t *list, int by_name);
static qc_arg_t *qc_args_merge(qc_arg_t *a, qc_arg_t *b, int by_name);
static int qc_args_before(const qc_arg_t *a, const qc_arg_t *b, int by_name);


static const char  qc_args_hex[] = "0123456789ABCDEF";


qc_rc_e
qc_args_parse(qc_str_t raw, size_t max, int plus_is_space, qc_arena_t *arena,
    qc_args_t *args)
{
    size_t           n, pluses;
    uint8_t         *to;
    qc_arg_t        *arg;
    qc_str_t         segment, name;
    const uint8_t   *p, *end, *equals;

    args->first = NULL;
    args->n = 0;

    n = qc_args_count(raw, &pluses);

    if (n == 0) {
        return QC_OK;
    }

    if (n > max || n >= UINT32_MAX || n > SIZE_MAX / sizeof(qc_arg_t)) {
        return QC_NOSPACE;
    }

    /* a "+" becomes three bytes at most, no other one becomes more */

    if (pluses > (SIZE_MAX - raw.len) / 2) {
        return QC_NOSPACE;
    }

    arg = qc_arena_alloc(arena, n * sizeof(qc_arg_t));
    to = qc_arena_alloc(arena, raw.len + (plus_is_space ? 2 * pluses : 0));

    if (arg == NULL || to == NULL) {
        return QC_NOSPACE;
    }

    memset(arg, 0, n * sizeof(qc_arg_t));

    args->first = arg;
    p = raw.data;
    end = raw.data + raw.len;

    for ( ;; ) {
        segment = qc_args_segment(&p, end);
        equals = memchr(segment.data, '=', segment.len);
        name = segment;

        if (equals != NULL) {
            name.len = (size_t) (equals - segment.data);
            arg->has_value = 1;
        }

        arg->n = (uint32_t) args->n++;
        arg->name = qc_args_piece(name, plus_is_space, &to);
        arg->value = qc_str(to, 0);

        if (equals != NULL) {
            arg->value = qc_args_piece(qc_str(equals + 1,
                                              segment.len - name.len - 1),
                                       plus_is_space, &to);
        }

        if (args->n == n) {
            return QC_OK;
        }

        arg->next = arg + 1;
        arg = arg->next;
    }
}


/* The number of segments that are not empty, and of "+" in all of raw. */

static size_t
qc_args_count(qc_str_t raw, size_t *pluses)
{
    size_t  i, n;

    n = 0;
    *pluses = 0;

    for (i = 0; i < raw.len; i++) {
        *pluses += (raw.data[i] == '+');
        n += (raw.data[i] != '&' && (i == 0 || raw.data[i - 1] == '&'));
    }

    return n;
}


/* The next segment that is not empty; the caller knows that there is one. */

static qc_str_t
qc_args_segment(const uint8_t **p, const uint8_t *end)
{
    qc_str_t        segment;
    const uint8_t  *amp;

    while (**p == '&') {
        (*p)++;
    }

    amp = memchr(*p, '&', (size_t) (end - *p));
    amp = (amp != NULL) ? amp : end;

    segment = qc_str(*p, (size_t) (amp - *p));
    *p = amp;

    return segment;
}


/* A name or a value in canonical percent-encoding, written at *to. */

static qc_str_t
qc_args_piece(qc_str_t raw, int plus_is_space, uint8_t **to)
{
    uint8_t         ch, *start, *pos;
    const uint8_t  *p, *end;

    start = *to;
    pos = start;
    end = raw.data + raw.len;

    for (p = raw.data; p < end; p++) {

        if (*p == '%') {
            if (!qc_args_escape(p, end, &ch)) {
                memcpy(start, raw.data, raw.len);
                pos = start + raw.len;
                break;
            }

            p += 2;

            if (qc_args_unreserved(ch)) {
                *pos++ = ch;
                continue;
            }

        } else if (*p == '+' && plus_is_space) {
            ch = ' ';

        } else {
            *pos++ = *p;
            continue;
        }

        *pos++ = '%';
        *pos++ = (uint8_t) qc_args_hex[ch >> 4];
        *pos++ = (uint8_t) qc_args_hex[ch & 0xf];
    }

    *to = pos;

    return qc_str(start, (size_t) (pos - start));
}


static int
qc_args_escape(const uint8_t *p, const uint8_t *end, uint8_t *ch)
{
    return end - p > 2 && qc_parse_hex(qc_str(p + 1, 2), ch, 1) == QC_OK;
}


/* RFC 3986 section 2.3 */

static int
qc_args_unreserved(uint8_t ch)
{
    return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z')
           || (ch >= '0' && ch <= '9')
           || ch == '-' || ch == '.' || ch == '_' || ch == '~';
}


/*
 * It is enough to go back to the last star: where it can begin later, what
 * the stars before it took can stay.
 */

int
qc_name_match(qc_str_t pattern, qc_str_t name)
{
    int     starred;
    size_t  p, n, star, from;

    p = 0;
    n = 0;
    star = 0;
    from = 0;
    starred = 0;

    while (n < name.len) {

        if (p < pattern.len && pattern.data[p] == '*') {
            starred = 1;
            star = ++p;
            from = n;

        } else if (p < pattern.len && pattern.data[p] == name.data[n]) {
            p++;
            n++;

        } else if (starred) {
            p = star;
            n = ++from;

        } else {
            return 0;
        }
    }

    while (p < pattern.len && pattern.data[p] == '*') {
        p++;
    }

    return p == pattern.len;
}


int
qc_name_pattern_valid(qc_str_t pattern)
{
    size_t          stars;
    uint8_t         byte;
    const uint8_t  *p, *end;

    if (pattern.len == 0 || pattern.len > QC_NAME_PATTERN_MAX) {
        return 0;
    }

    stars = 0;
    end = pattern.data + pattern.len;

    for (p = pattern.data; p < end; p++) {

        if (*p <= ' ' || *p == 0x7f || *p == '&' || *p == '=') {
            return 0;
        }

        stars += (*p == '*');

        if (*p == '%' && qc_args_escape(p, end, &byte)
            && (qc_args_unreserved(byte) || p[1] >= 'a' || p[2] >= 'a'))
        {
            return 0;
        }
    }

    return stars <= QC_NAME_STARS_MAX;
}


const qc_arg_t *
qc_args_find(const qc_args_t *args, const char *name, size_t *count)
{
    size_t           n;
    qc_str_t         wanted;
    const qc_arg_t  *arg, *found;

    n = 0;
    found = NULL;
    wanted = qc_str(name, strlen(name));

    for (arg = args->first; arg != NULL; arg = arg->next) {

        if (!arg->drop && qc_str_eq(arg->name, wanted)) {
            found = (found != NULL) ? found : arg;
            n++;
        }
    }

    if (count != NULL) {
        *count = n;
    }

    return found;
}


qc_rc_e
qc_args_decode(qc_str_t encoded, qc_arena_t *arena, qc_str_t *out)
{
    uint8_t        *start, *to;
    const uint8_t  *p, *end;

    start = qc_arena_alloc(arena, encoded.len);
    if (start == NULL) {
        return QC_NOSPACE;
    }

    to = start;
    p = encoded.data;
    end = (encoded.len != 0) ? p + encoded.len : p;

    while (p < end) {

        if (*p == '%') {
            if (!qc_args_escape(p, end, to)) {
                return QC_BAD;
            }

            to++;
            p += 3;
            continue;
        }

        *to++ = (*p == '+') ? ' ' : *p;
        p++;
    }

    *out = qc_str(start, (size_t) (to - start));

    return QC_OK;
}


qc_rc_e
qc_args_canonical(qc_args_t *args, const qc_args_opts_t *opts, qc_buf_t *out)
{
    int        first;
    size_t     i;
    qc_arg_t  *arg, *next, **last, *lists[3];

    /* to be sorted, behind these as sent, not to be seen */

    lists[0] = NULL;
    lists[1] = NULL;
    lists[2] = NULL;

    for (arg = args->first; arg != NULL; arg = next) {
        next = arg->next;
        i = arg->drop ? 2 : (opts->sort && qc_args_late(arg, opts)) ? 1 : 0;
        arg->next = lists[i];
        lists[i] = arg;
    }

    last = &args->first;

    for (i = 0; i < 3; i++) {
        *last = qc_args_sort(lists[i], i == 0 && opts->sort);

        while (*last != NULL) {
            last = &(*last)->next;
        }
    }

    first = 1;

    for (arg = args->first; arg != NULL && !arg->drop; arg = arg->next) {

        if (!first) {
            qc_buf_char(out, '&');
        }

        qc_buf_str(out, arg->name);

        if (arg->has_value) {
            qc_buf_char(out, '=');
            qc_buf_str(out, arg->value);
        }

        first = 0;
    }

    return qc_buf_status(out);
}


static int
qc_args_late(const qc_arg_t *arg, const qc_args_opts_t *opts)
{
    size_t  i;

    for (i = 0; i < opts->nordered; i++) {
        if (qc_name_match(opts->ordered[i], arg->name)) {
            return 1;
        }
    }

    return 0;
}


/* Merge sort from the bottom up: bins[i] holds nothing or 2^i arguments. */

static qc_arg_t *
qc_args_sort(qc_arg_t *list, int by_name)
{
    size_t     i;
    qc_arg_t  *arg, *bins[QC_ARGS_BINS];

    memset(bins, 0, sizeof(bins));

    while (list != NULL) {
        arg = list;
        list = list->next;
        arg->next = NULL;

        for (i = 0; i < QC_ARGS_BINS - 1 && bins[i] != NULL; i++) {
            arg = qc_args_merge(bins[i], arg, by_name);
            bins[i] = NULL;
        }

        bins[i] = (bins[i] != NULL) ? qc_args_merge(bins[i], arg, by_name)
                                    : arg;
    }

    arg = NULL;

    for (i = 0; i < QC_ARGS_BINS; i++) {
        arg = qc_args_merge(bins[i], arg, by_name);
    }

    return arg;
}


static qc_arg_t *
qc_args_merge(qc_arg_t *a, qc_arg_t *b, int by_name)
{
    qc_arg_t  *list, **last;

    last = &list;

    while (a != NULL && b != NULL) {

        if (qc_args_before(a, b, by_name)) {
            *last = a;
            a = a->next;

        } else {
            *last = b;
            b = b->next;
        }

        last = &(*last)->next;
    }

    *last = (a != NULL) ? a : b;

    return list;
}


/* Positions differ, so there is one order, and it keeps that of equals. */

static int
qc_args_before(const qc_arg_t *a, const qc_arg_t *b, int by_name)
{
    int     order;
    size_t  len;

    if (by_name) {
        len = (a->name.len < b->name.len) ? a->name.len : b->name.len;
        order = (len != 0) ? memcmp(a->name.data, b->name.data, len) : 0;

        if (order != 0) {
            return order < 0;
        }

        if (a->name.len != b->name.len) {
            return a->name.len < b->name.len;
        }
    }

    return a->n < b->n;
}
