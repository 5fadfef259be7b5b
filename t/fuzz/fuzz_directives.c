
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * Cache-Control against another reader of it, which is slower and plainer:
 * the same directives one by one, and the same of all of them together; any
 * digits as seconds; and a list that is a dictionary too means the same.  The
 * input is a number of bytes, a first line as long as that, and a second.
 */

#include <ctype.h>
#include <strings.h>

#include "fuzz.h"
#include "qc_directives.h"


#define DIRECTIVES  512


typedef struct {
    qc_str_t         name;
    int              has_arg;
    qc_str_t         arg;
} directive_t;


static int read_list(qc_str_t s, directive_t *list, size_t *n);
static size_t token(qc_str_t s, size_t i);
static size_t blank(qc_str_t s, size_t i);
static void check_next(qc_str_t s, const directive_t *list, size_t n, int bad);
static void model_line(qc_directives_t *d, const directive_t *list, size_t n,
    int bad);
static void model_directive(qc_directives_t *d, const directive_t *x);
static int is(const directive_t *x, const char *name);
static int model_names(qc_directives_t *d, qc_str_t s);
static int model_time(uint64_t *to, unsigned again, qc_str_t s);
static int seconds(qc_str_t s, uint64_t *n);
static void check_same(const qc_directives_t *a, const qc_directives_t *b);
static void check_dictionary(fuzz_t *f, qc_str_t input);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int              bad;
    fuzz_t           f;
    size_t           i, n;
    uint64_t         got, want;
    qc_str_t         lines[2];
    qc_directives_t  d, model;

    static directive_t  list[DIRECTIVES];

    fuzz_init(&f, data, size);

    lines[0] = fuzz_str(&f, fuzz_u8(&f));
    lines[1] = fuzz_rest(&f);

    memset(&d, 0, sizeof(d));
    memset(&model, 0, sizeof(model));

    for (i = 0; i < 2; i++) {
        fuzz_check((qc_delta_seconds(lines[i], &got) == QC_OK)
                   == seconds(lines[i], &want));
        fuzz_check(!seconds(lines[i], &want) || got == want);

        bad = !read_list(lines[i], list, &n);
        check_next(lines[i], list, n, bad);
        model_line(&model, list, n, bad);

        qc_directives_list(&d, lines[i]);
        check_same(&d, &model);
    }

    check_dictionary(&f, lines[1]);

    fuzz_done(&f);

    return 0;
}


/* #( token [ "=" ( token / quoted-string ) ] ), a token may be missing. */

static int
read_list(qc_str_t s, directive_t *list, size_t *n)
{
    size_t        i, end;
    directive_t  *x;

    i = 0;

    for (*n = 0; *n < DIRECTIVES; (*n)++) {

        while (blank(s, i) != i || (i < s.len && s.data[i] == ',')) {
            i = (s.data[i] == ',') ? i + 1 : blank(s, i);
        }

        if (i == s.len) {
            return 1;
        }

        x = &list[*n];
        end = token(s, i);
        x->name = qc_str(s.data + i, end - i);
        x->has_arg = (end < s.len && s.data[end] == '=');
        x->arg = qc_str(NULL, 0);
        i = end;

        if (x->has_arg && i + 1 < s.len && s.data[i + 1] == '"') {

            for (end = i + 2; end < s.len && s.data[end] != '"'; end++) {
                end += (s.data[end] == '\\');
            }

            if (end >= s.len) {
                return 0;
            }

            x->arg = qc_str(s.data + i + 2, end - i - 2);
            i = end + 1;

        } else if (x->has_arg) {
            end = token(s, i + 1);
            x->arg = qc_str(s.data + i + 1, end - i - 1);
            i = end;
        }

        i = blank(s, i);

        if (x->name.len == 0 || (i != s.len && s.data[i] != ',')) {
            return 0;
        }
    }

    fuzz_check(0);

    return 0;
}


static size_t
token(qc_str_t s, size_t i)
{
    while (i < s.len
           && ((s.data[i] < 0x80 && isalnum(s.data[i]))
               || (s.data[i] != '\0'
                   && strchr("!#$%&'*+-.^_`|~", s.data[i]) != NULL)))
    {
        i++;
    }

    return i;
}


static size_t
blank(qc_str_t s, size_t i)
{
    while (i < s.len && (s.data[i] == ' ' || s.data[i] == '\t')) {
        i++;
    }

    return i;
}


static void
check_next(qc_str_t s, const directive_t *list, size_t n, int bad)
{
    size_t    i;
    qc_str_t  name, arg;

    for (i = 0; i < n; i++) {
        fuzz_check(qc_directive_next(&s, &name, &arg) == QC_OK);
        fuzz_check(qc_str_eq(name, list[i].name));
        fuzz_check((arg.data != NULL) == list[i].has_arg);
        fuzz_check(!list[i].has_arg || qc_str_eq(arg, list[i].arg));
    }

    fuzz_check(qc_directive_next(&s, &name, &arg) == (bad ? QC_BAD : QC_DONE));
}


/* RFC 9111 section 5.2.2 and RFC 5861, and whatever is wrong forbids. */

static void
model_line(qc_directives_t *d, const directive_t *list, size_t n, int bad)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        d->any = 1;
        model_directive(d, &list[i]);
    }

    if (bad) {
        d->bad = 1;
        d->forbidden = 1;
    }
}


static void
model_directive(qc_directives_t *d, const directive_t *x)
{
    d->no_store |= is(x, "no-store");
    d->everyone |= is(x, "public") && !x->has_arg;
    d->must_understand |= is(x, "must-understand") && !x->has_arg;
    d->must_revalidate |= is(x, "must-revalidate") && !x->has_arg;
    d->strict |= is(x, "must-revalidate") || is(x, "proxy-revalidate")
                 || is(x, "s-maxage");

    if (is(x, "private") && !(x->has_arg && model_names(d, x->arg))) {
        d->forbidden = 1;
    }

    if (is(x, "no-cache") && !(x->has_arg && model_names(d, x->arg))) {
        d->no_cache = 1;
        d->strict = 1;
    }

    if (is(x, "max-age")) {
        d->strict |= !model_time(&d->max_age, d->has_max_age, x->arg);
        d->has_max_age = 1;
    }

    if (is(x, "s-maxage")) {
        (void) model_time(&d->s_maxage, d->has_s_maxage, x->arg);
        d->has_s_maxage = 1;
    }

    if (is(x, "stale-while-revalidate")) {
        (void) model_time(&d->swr, d->has_swr, x->arg);
        d->has_swr = 1;
    }

    if (is(x, "stale-if-error")) {
        (void) model_time(&d->sie, d->has_sie, x->arg);
        d->has_sie = 1;
    }
}


static int
is(const directive_t *x, const char *name)
{
    return x->name.len == strlen(name)
           && strncasecmp((const char *) x->name.data, name, x->name.len) == 0;
}


/* What is between commas is a name, and may be left out of the answer. */

static int
model_names(qc_directives_t *d, qc_str_t s)
{
    size_t       i, k, n, end;
    directive_t  x;

    static const char *const  needed[] = {
        "content-type", "content-encoding", "last-modified", "vary"
    };

    n = 0;

    for (i = 0; i < s.len; i = end + 1) {
        for (end = i; end < s.len && s.data[end] != ','; end++) {
            /* void */
        }

        i = blank(s, i);

        if (i >= end) {
            continue;
        }

        x.name = qc_str(s.data + i, token(s, i) - i);

        if (x.name.len == 0 || blank(s, i + x.name.len) != end) {
            return 0;
        }

        for (k = 0; k < sizeof(needed) / sizeof(needed[0]); k++) {
            if (is(&x, needed[k])) {
                return 0;
            }
        }

        for (k = 0; k < d->nfields; k++) {
            if (d->fields[k].len == x.name.len
                && strncasecmp((const char *) d->fields[k].data,
                               (const char *) x.name.data, x.name.len) == 0)
            {
                break;
            }
        }

        if (k == QC_DIRECTIVES_FIELDS) {
            return 0;
        }

        d->fields[k] = x.name;
        d->nfields += (k == d->nfields);
        n++;
    }

    return n != 0;
}


/* RFC 9111 section 4.2.1: the shortest, when two do not agree. */

static int
model_time(uint64_t *to, unsigned again, qc_str_t s)
{
    uint64_t  n;

    if (!seconds(s, &n) || (again && n != *to)) {
        *to = 0;
        return 0;
    }

    *to = n;

    return 1;
}


/* RFC 9111 section 1.2.2, by what the C library reads of the last digits. */

static int
seconds(qc_str_t s, uint64_t *n)
{
    char    digits[32];
    size_t  i;

    for (i = 0; i < s.len; i++) {
        if (s.data[i] >= 0x80 || !isdigit(s.data[i])) {
            return 0;
        }
    }

    if (s.len == 0) {
        return 0;
    }

    while (s.len > 1 && s.data[0] == '0') {
        s.data++;
        s.len--;
    }

    *n = QC_DELTA_MAX;

    if (s.len <= 10) {
        memcpy(digits, s.data, s.len);
        digits[s.len] = '\0';
        *n = strtoull(digits, NULL, 10);
        *n = (*n > 2147483648) ? 2147483648 : *n;
    }

    return 1;
}


static void
check_same(const qc_directives_t *a, const qc_directives_t *b)
{
    size_t  i;

    fuzz_check(a->any == b->any);
    fuzz_check(a->bad == b->bad);
    fuzz_check(a->no_store == b->no_store);
    fuzz_check(a->no_cache == b->no_cache);
    fuzz_check(a->forbidden == b->forbidden);
    fuzz_check(a->everyone == b->everyone);
    fuzz_check(a->must_revalidate == b->must_revalidate);
    fuzz_check(a->must_understand == b->must_understand);
    fuzz_check(a->strict == b->strict);
    fuzz_check(a->has_max_age == b->has_max_age && a->max_age == b->max_age);
    fuzz_check(a->has_s_maxage == b->has_s_maxage
               && a->s_maxage == b->s_maxage);
    fuzz_check(a->has_swr == b->has_swr && a->swr == b->swr);
    fuzz_check(a->has_sie == b->has_sie && a->sie == b->sie);
    fuzz_check(a->nfields == b->nfields);

    for (i = 0; i < a->nfields; i++) {
        fuzz_check(a->fields[i].len == b->fields[i].len
                   && strncasecmp((const char *) a->fields[i].data,
                                  (const char *) b->fields[i].data,
                                  a->fields[i].len) == 0);
        fuzz_check(qc_directives_name(a, b->fields[i]));
    }
}


/* Directives, each once, that are written in the same way in both. */

static void
check_dictionary(fuzz_t *f, qc_str_t input)
{
    char             text[512];
    size_t           i, k, n;
    unsigned         used;
    qc_str_t         s;
    qc_directives_t  list, dictionary;

    static const struct {
        const char  *text;
        int          has_time;
    } rows[] = {
        { "no-store", 0 }, { "no-cache", 0 }, { "private", 0 },
        { "public", 0 }, { "must-revalidate", 0 },
        { "proxy-revalidate", 0 }, { "must-understand", 0 },
        { "max-age=", 1 }, { "s-maxage=", 1 },
        { "stale-while-revalidate=", 1 }, { "stale-if-error=", 1 },
        { "no-cache=\"a, b\"", 0 }, { "private=\"c\"", 0 }, { "x", 0 },
        { "x-y=\"z\"", 0 }
    };

    used = 0;
    n = 0;

    for (i = 0; i + 2 < input.len; i += 3) {
        k = input.data[i] % (sizeof(rows) / sizeof(rows[0]));

        /* a member with names and one without have one key */

        if (used & (1u << k) || (k >= 11 && (used & (1u << (k - 10))))
            || (k < 3 && k > 0 && (used & (1u << (k + 10)))))
        {
            continue;
        }

        used |= 1u << k;
        n += (size_t) snprintf(text + n, sizeof(text) - n, "%s%s",
                               (n != 0) ? ", " : "", rows[k].text);

        if (rows[k].has_time) {
            n += (size_t) snprintf(text + n, sizeof(text) - n, "%lu",
                                   (unsigned long) input.data[i + 1]
                                   << input.data[i + 2] % 40);
        }
    }

    fuzz_check(n < sizeof(text));
    s = fuzz_copy(f, text, n);

    memset(&list, 0, sizeof(list));
    memset(&dictionary, 0, sizeof(dictionary));
    qc_directives_list(&list, s);
    qc_directives_dictionary(&dictionary, s);

    fuzz_check(!list.bad && !dictionary.bad);
    check_same(&list, &dictionary);
}
