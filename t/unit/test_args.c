
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_args.h"
#include "tap.h"


#define PLUS      1      /* "+" is a space */
#define UNSORTED  2
#define ARENA     TAP_SLOT_SIZE
#define MANY      10000


typedef struct {
    const char  *in;
    unsigned     flags;
    const char  *ordered;    /* patterns with spaces between them */
    const char  *want;
} form_t;


typedef struct {
    const char  *a;
    const char  *b;
    unsigned     flags;
    const char  *ordered;
    int          same;
} pair_t;


typedef struct {
    const char  *pattern;
    const char  *name;
    int          want;
} match_t;


typedef struct {
    const char  *in;
    size_t       len;
    const char  *want;       /* NULL: not valid */
    size_t       want_len;
} decode_t;


static const form_t  forms[] = {
    { "", 0, "", "" },
    { "&", 0, "", "" },
    { "&&&", 0, "", "" },
    { "a", 0, "", "a" },
    { "a=", 0, "", "a=" },
    { "=", 0, "", "=" },
    { "=a", 0, "", "=a" },
    { "==", 0, "", "==" },
    { "&&a=1&&&b=2&", 0, "", "a=1&b=2" },
    { "b=2&a=1", 0, "", "a=1&b=2" },
    { "b=2&a=1", UNSORTED, "", "b=2&a=1" },
    { "a=b=c=d", 0, "", "a=b=c=d" },
    { "a=1?b/2;c:@!$'()*,", 0, "", "a=1?b/2;c:@!$'()*," },

    /* values of one name keep their order; a name is no prefix of itself */

    { "a=2&b&a=1&a&a=", 0, "", "a=2&a=1&a&a=&b" },
    { "ab&a&abc&b&aa", 0, "", "a&aa&ab&abc&b" },
    { "b=1&=2&a=3&=1", 0, "", "=2&=1&a=3&b=1" },
    { "a.b=1&a=2&a-b=3", 0, "", "a=2&a-b=3&a.b=1" },
    { "b&a&B&A&\xff&\x01", 0, "", "\x01&A&B&a&b&\xff" },

    /* escapes */

    { "%61=%62", 0, "", "a=b" },
    { "%41%5a%61%7A%30%39%2d%2E%5f%7e", 0, "", "AZaz09-._~" },
    { "a=%2f%2F%3d%26%25", 0, "", "a=%2F%2F%3D%26%25" },
    { "a=%00%0a%7f%80%fF", 0, "", "a=%00%0A%7F%80%FF" },
    { "a=%25%34%31", 0, "", "a=%2541" },
    { "a=%2541", 0, "", "a=%2541" },
    { "a%3db=c", 0, "", "a%3Db=c" },
    { "a=b%26c", 0, "", "a=b%26c" },
    { "a=\"{ }\xc3\xbc", 0, "", "a=\"{ }\xc3\xbc" },
    { "a=%22%7b%20%7d%c3%bc", 0, "", "a=%22%7B%20%7D%C3%BC" },

    /* no escape, and nothing behind it may become one */

    { "a=%", 0, "", "a=%" },
    { "a=%4", 0, "", "a=%4" },
    { "a=%zz", 0, "", "a=%zz" },
    { "a=%4g", 0, "", "a=%4g" },
    { "a=%g4", 0, "", "a=%g4" },
    { "a=%%34%31", 0, "", "a=%%34%31" },
    { "a=%4%31", 0, "", "a=%4%31" },
    { "a=%61%", 0, "", "a=%61%" },
    { "%61%=%62", 0, "", "%61%=b" },
    { "%61=%62%", 0, "", "a=%62%" },
    { "a=%2f%zz+", PLUS, "", "a=%2f%zz+" },
    { "a=%&4=1", 0, "", "4=1&a=%" },

    /* plus */

    { "a=b+c", 0, "", "a=b+c" },
    { "a=b+c", PLUS, "", "a=b%20c" },
    { "a=b%20c", PLUS, "", "a=b%20c" },
    { "a=b%2bc", PLUS, "", "a=b%2Bc" },
    { "+=+&++", PLUS, "", "%20=%20&%20%20" },

    /* those whose order means something */

    { "b=1&o=2&a=3&o=1", 0, "o", "a=3&b=1&o=2&o=1" },
    { "z=1&p2=1&b=2&p1=3", 0, "p*", "b=2&z=1&p2=1&p1=3" },
    { "z=1&y=2&x=3", 0, "*", "z=1&y=2&x=3" },
    { "z=1&y=2&x=3&a=1", 0, "x z", "a=1&y=2&z=1&x=3" },
    { "z=1&o=2&a=3", UNSORTED, "o", "z=1&o=2&a=3" },
    { "%6f=1&a", 0, "o", "a&o=1" }
};


static const pair_t  pairs[] = {
    { "a=1&b=2", "b=2&a=1", 0, "", 1 },
    { "a=1&b=2", "b=2&a=1", UNSORTED, "", 0 },
    { "a=1&b=2", "&&b=2&&a=1&", 0, "", 1 },
    { "a=1&b=2", "a=2&b=1", 0, "", 0 },
    { "a=1&a=2", "a=2&a=1", 0, "", 0 },
    { "a=1&b=3&a=2", "b=3&a=1&a=2", 0, "", 1 },
    { "a=1&a=1", "a=1", 0, "", 0 },
    { "a", "a=", 0, "", 0 },
    { "a&a=", "a=&a", 0, "", 0 },
    { "", "=", 0, "", 0 },
    { "", "&", 0, "", 1 },
    { "=", "&", 0, "", 0 },
    { "=&a", "a", 0, "", 0 },
    { "a=1", "A=1", 0, "", 0 },
    { "a=x", "a=X", 0, "", 0 },
    { "ab=c", "a=bc", 0, "", 0 },
    { "a=b=c", "a%3db=c", 0, "", 0 },
    { "a=b=c", "a=b%3Dc", 0, "", 0 },
    { "a=b&c", "a=b%26c", 0, "", 0 },
    { "a=1&b=2", "a=1%26b=2", 0, "", 0 },
    { "a=1&b=2", "a%3D1&b=2", 0, "", 0 },
    { "a=%41", "a=A", 0, "", 1 },
    { "%61=1", "a=1", 0, "", 1 },
    { "a=%2f", "a=%2F", 0, "", 1 },
    { "a=%2F", "a=/", 0, "", 0 },
    { "a=%2541", "a=%41", 0, "", 0 },
    { "a=%%34%31", "a=%41", 0, "", 0 },
    { "a=%%34%31", "a=A", 0, "", 0 },
    { "a=%%34%31", "a=%%341", 0, "", 0 },
    { "a=%25", "a=%", 0, "", 0 },
    { "a=%zz", "a=%ZZ", 0, "", 0 },
    { "a=+", "a=%20", 0, "", 0 },
    { "a=+", "a=%20", PLUS, "", 1 },
    { "a=+", "a=%2b", 0, "", 0 },
    { "a=+", "a=%2b", PLUS, "", 0 },
    { "a=+", "a= ", PLUS, "", 0 },
    { "a=%00", "a=", 0, "", 0 },
    { "a=1#", "a=1", 0, "", 0 },
    { "a=1;b=2", "a=1&b=2", 0, "", 0 },
    { "a=\xc3\xbc", "a=%c3%bc", 0, "", 0 },
    { "o=1&o=2", "o=2&o=1", 0, "o", 0 },
    { "o=1&p=2", "p=2&o=1", 0, "o", 1 },
    { "o=1&p=2", "p=2&o=1", 0, "o p", 0 },
    { "a&o=1&p=2", "o=1&a&p=2", 0, "o p", 1 },
    { "o=1&p=2", "p=2&o=1", 0, "*", 0 },
    { "ox=1&oy=2", "oy=2&ox=1", 0, "o", 1 },
    { "ox=1&oy=2", "oy=2&ox=1", 0, "o*", 0 },
    { "o=1&p=2", "p=2&o=1", UNSORTED, "o", 0 },
    { "%6f=1&p=2", "p=2&%6F=1", 0, "o p", 0 },
    { "a=1&b=2&c=3&d=4&e=5", "e=5&c=3&a=1&d=4&b=2", 0, "", 1 },
    { "a=1&b=2&c=3&d=4&e=5", "e=5&c=3&a=1&d=4&b=1", 0, "", 0 },
    { "a=1&&b=2", "a=1&=&b=2", 0, "", 0 }
};


static const match_t  matches[] = {
    { "", "", 1 },
    { "", "a", 0 },
    { "a", "a", 1 },
    { "a", "A", 0 },
    { "a", "", 0 },
    { "a", "ab", 0 },
    { "ab", "a", 0 },
    { "*", "", 1 },
    { "*", "abc", 1 },
    { "**", "", 1 },
    { "**", "abc", 1 },
    { "a*", "a", 1 },
    { "a*", "abc", 1 },
    { "a*", "ba", 0 },
    { "*a", "a", 1 },
    { "*a", "bca", 1 },
    { "*a", "ab", 0 },
    { "*ab", "aab", 1 },
    { "*ab", "abab", 1 },
    { "*ab", "aba", 0 },
    { "a*b", "ab", 1 },
    { "a*b", "axxb", 1 },
    { "a*b", "axxbx", 0 },
    { "a*b", "a", 0 },
    { "a*b*c", "aXbXc", 1 },
    { "a*b*c", "abbbc", 1 },
    { "a*b*c", "acb", 0 },
    { "*a*b*", "xxaxxbxx", 1 },
    { "*a*b*", "xxbxxaxx", 0 },
    { "*aab*", "aaaab", 1 },
    { "*aab*aab", "aabaaab", 1 },
    { "*aab*aab", "aabab", 0 },
    { "a*", "a*", 1 },
    { "param_*", "param_", 1 },
    { "param_*", "param", 0 },
    { "*_structure", "t_structure", 1 },
    { "*_structure", "t_structures", 0 },
    { "*_structure", "t_structure_structure", 1 }
};


static const match_t  patterns[] = {
    { "a", NULL, 1 },
    { "log_comment", NULL, 1 },
    { "*", NULL, 1 },
    { "*a*b*c*", NULL, 1 },
    { "*****", NULL, 0 },
    { "*a*b*c*d*", NULL, 0 },
    { "", NULL, 0 },
    { "a b", NULL, 0 },
    { "a&b", NULL, 0 },
    { "a=b", NULL, 0 },
    { "a\tb", NULL, 0 },
    { "a\x7f", NULL, 0 },
    { "a+b", NULL, 1 },
    { "\xc3\xbc", NULL, 1 },
    { "a%20b", NULL, 1 },
    { "a%2Fb", NULL, 1 },
    { "a%2fb", NULL, 0 },
    { "a%F0b", NULL, 1 },
    { "a%f0b", NULL, 0 },
    { "a%41b", NULL, 0 },
    { "%2*", NULL, 1 },
    { "100%", NULL, 1 },
    { "%4", NULL, 1 },
    { "%zz", NULL, 1 }
};


static const decode_t  decodes[] = {
    { "", 0, "", 0 },
    { "abc", 3, "abc", 3 },
    { "a+b", 3, "a b", 3 },
    { "a%20b", 5, "a b", 3 },
    { "%2b%2B", 6, "++", 2 },
    { "%41%62%e4", 9, "Ab\xe4", 3 },
    { "%00", 3, "\0", 1 },
    { "a\0b", 3, "a\0b", 3 },
    { "%2541", 5, "%41", 3 },
    { "a&b=c", 5, "a&b=c", 5 },
    { "%", 1, NULL, 0 },
    { "%4", 2, NULL, 0 },
    { "abc%", 4, NULL, 0 },
    { "abc%4", 5, NULL, 0 },
    { "%4g", 3, NULL, 0 },
    { "%g4", 3, NULL, 0 },
    { "%%34", 4, NULL, 0 },
    { "% 4", 3, NULL, 0 },
    { "%+4", 3, NULL, 0 }
};


static void test_list(void);
static void test_limits(void);
static void test_dropped(void);
static void test_again(void);
static void test_many(void);
static qc_str_t canonical(const char *in, unsigned flags, const char *ordered,
    unsigned slot);
static size_t split(const char *s, qc_str_t *list);
static void *slots(void *ctx, size_t size);
static void *heap(void *ctx, size_t size);
static qc_str_t guard(unsigned slot, const char *s);


int
main(void)
{
    size_t           i;
    qc_rc_e          rc;
    qc_str_t         a, b;
    unsigned         slot;
    qc_arena_t       arena;
    const pair_t    *p;
    const form_t    *f;
    const match_t   *m;
    const decode_t  *d;

    for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        f = &forms[i];
        a = canonical(f->in, f->flags, f->ordered, 6);
        tap_mem(a.data, a.len, f->want, strlen(f->want), f->in);

        b = canonical(f->want, f->flags, f->ordered, 6);
        tap_mem(b.data, b.len, f->want, strlen(f->want), "... and again");
    }

    for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        p = &pairs[i];
        a = canonical(p->a, p->flags, p->ordered, 6);
        b = canonical(p->b, p->flags, p->ordered, 7);

        tap_ok(qc_str_eq(a, b) == p->same, "%s %s %s", p->a,
               p->same ? "is" : "is not", p->b);
    }

    for (i = 0; i < sizeof(matches) / sizeof(matches[0]); i++) {
        m = &matches[i];
        tap_ok(qc_name_match(guard(0, m->pattern), guard(1, m->name))
               == m->want, "%s matches %s", m->pattern, m->name);
    }

    for (i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
        m = &patterns[i];
        tap_ok(qc_name_pattern_valid(guard(0, m->pattern)) == m->want,
               "pattern %s", m->pattern);
    }

    for (i = 0; i < sizeof(decodes) / sizeof(decodes[0]); i++) {
        d = &decodes[i];
        slot = 1;
        qc_arena_init(&arena, slots, &slot, ARENA);
        rc = qc_args_decode(qc_str(tap_guard(0, d->in, d->len), d->len),
                            &arena, &a);

        if (d->want == NULL) {
            tap_ok(rc == QC_BAD, "decode %s", d->in);

        } else if (tap_ok(rc == QC_OK, "decode %s", d->in)) {
            tap_mem(a.data, a.len, d->want, d->want_len, "... to");
        }
    }

    test_list();
    test_limits();
    test_dropped();
    test_again();
    test_many();

    return tap_done();
}


static void
test_list(void)
{
    size_t           n;
    qc_args_t        args;
    unsigned         slot;
    qc_arena_t       arena;
    const qc_arg_t  *arg;

    slot = 1;
    qc_arena_init(&arena, slots, &slot, ARENA);

    tap_ok(qc_args_parse(guard(0, "&b=%2f&a&&b="), 3, 0, &arena, &args)
           == QC_OK, "three arguments of three");
    tap_int((long long) args.n, 3, "their number");

    arg = args.first;
    tap_mem(arg->name.data, arg->name.len, "b", 1, "first name");
    tap_mem(arg->value.data, arg->value.len, "%2F", 3, "first value");
    tap_ok(arg->n == 0 && arg->has_value && !arg->drop, "first flags");

    arg = arg->next;
    tap_mem(arg->name.data, arg->name.len, "a", 1, "second name");
    tap_ok(arg->value.len == 0 && arg->n == 1 && !arg->has_value,
           "second has no value");

    arg = arg->next;
    tap_mem(arg->name.data, arg->name.len, "b", 1, "third name");
    tap_ok(arg->value.len == 0 && arg->n == 2 && arg->has_value
           && arg->next == NULL, "third has an empty one");

    tap_ok(qc_args_find(&args, "b", &n) == args.first && n == 2, "find b");
    tap_ok(qc_args_find(&args, "b", NULL) == args.first, "... uncounted");
    tap_ok(qc_args_find(&args, "B", &n) == NULL && n == 0, "find B");
    tap_ok(qc_args_find(&args, "", &n) == NULL && n == 0, "find none");

    args.first->drop = 1;
    tap_ok(qc_args_find(&args, "b", &n) == arg && n == 1, "the other b");
}


static void
test_limits(void)
{
    size_t           i, want;
    uint8_t         *mem;
    qc_buf_t         out;
    qc_str_t         s;
    unsigned         slot;
    qc_args_t        args;
    qc_arena_t       arena;
    qc_args_opts_t   opts;

    static const char  in[] = "b=2+3&a=1";

    memset(&opts, 0, sizeof(opts));
    opts.sort = 1;
    want = strlen("a=1&b=2%203");

    slot = 1;
    qc_arena_init(&arena, slots, &slot, ARENA);
    tap_ok(qc_args_parse(guard(0, "a&b&c"), 2, 0, &arena, &args)
           == QC_NOSPACE && args.first == NULL && args.n == 0,
           "three arguments of two");
    tap_ok(qc_args_parse(guard(0, "&&&&"), 0, 0, &arena, &args) == QC_OK
           && args.n == 0, "none of none");
    tap_ok(qc_args_parse(qc_str(NULL, 0), 0, 0, &arena, &args) == QC_OK
           && args.n == 0, "no bytes");

    qc_arena_init(&arena, slots, &slot, sizeof(qc_arg_t) * 2 + 10);
    slot = 1;
    tap_ok(qc_args_parse(guard(0, in), 9, 1, &arena, &args) == QC_NOSPACE,
           "the arena is too small by one byte");

    qc_arena_init(&arena, slots, &slot, sizeof(qc_arg_t) * 2 - 1);
    slot = 1;
    tap_ok(qc_args_parse(guard(0, in), 9, 1, &arena, &args) == QC_NOSPACE,
           "... for the list");

    qc_arena_init(&arena, slots, &slot, sizeof(qc_arg_t) * 2 + 11);
    slot = 1;
    tap_ok(qc_args_parse(guard(0, in), 9, 1, &arena, &args) == QC_OK,
           "... and big enough");

    for (i = 0; i <= want; i++) {
        mem = tap_guard(6, NULL, i);
        qc_buf_init(&out, mem, i);
        tap_ok(qc_args_canonical(&args, &opts, &out)
               == ((i < want) ? QC_NOSPACE : QC_OK), "out of %zu bytes", i);
    }

    qc_arena_init(&arena, slots, &slot, 2);
    slot = 1;
    tap_ok(qc_args_decode(guard(0, "abc"), &arena, &s) == QC_NOSPACE,
           "decode: the arena is too small");
}


static void
test_dropped(void)
{
    qc_buf_t         out;
    qc_str_t         s;
    unsigned         slot;
    qc_args_t        args;
    qc_arena_t       arena;
    qc_args_opts_t   opts;

    slot = 1;
    qc_arena_init(&arena, slots, &slot, ARENA);
    memset(&opts, 0, sizeof(opts));
    opts.sort = 1;

    (void) qc_args_parse(guard(0, "c=1&b=2&a=3"), 9, 0, &arena, &args);
    args.first->next->drop = 1;

    qc_buf_init(&out, tap_guard(6, NULL, 7), 7);
    tap_ok(qc_args_canonical(&args, &opts, &out) == QC_OK, "without b");
    s = qc_buf_written(&out);
    tap_mem(s.data, s.len, "a=3&c=1", 7, "... its form");

    tap_ok(qc_args_find(&args, "b", NULL) == NULL, "b is not found");
    tap_ok(qc_args_find(&args, "c", NULL) != NULL, "c is");

    args.first->drop = 1;
    args.first->next->drop = 1;

    qc_buf_init(&out, tap_guard(6, NULL, 0), 0);
    tap_ok(qc_args_canonical(&args, &opts, &out) == QC_OK
           && qc_buf_len(&out) == 0, "all dropped");
}


/* The order as sent is not lost by sorting. */

static void
test_again(void)
{
    size_t           i;
    qc_buf_t         out;
    qc_str_t         s, pattern;
    unsigned         slot;
    qc_args_t        args;
    qc_arena_t       arena;
    qc_args_opts_t   opts;

    static const char  *const  wants[] = {
        "b&a&c&b=1&a=2", "a&a=2&b&b=1&c", "b&b=1&c&a&a=2"
    };

    slot = 1;
    qc_arena_init(&arena, slots, &slot, ARENA);
    pattern = qc_str("a", 1);
    memset(&opts, 0, sizeof(opts));

    (void) qc_args_parse(guard(0, "b&a&c&b=1&a=2"), 9, 0, &arena, &args);

    for (i = 0; i < 12; i++) {
        opts.sort = (i % 3 != 0);
        opts.ordered = &pattern;
        opts.nordered = (i % 3 == 2);

        qc_buf_init(&out, tap_guard(6, NULL, 32), 32);
        (void) qc_args_canonical(&args, &opts, &out);
        s = qc_buf_written(&out);

        tap_mem(s.data, s.len, wants[i % 3], strlen(wants[i % 3]), "again");
    }
}


/* Sorting is not quadratic, and does not need a deep stack. */

static void
test_many(void)
{
    char            *in, *p;
    size_t           i;
    qc_buf_t         out;
    qc_str_t         s;
    qc_args_t        args;
    qc_arena_t       arena;
    qc_args_opts_t   opts;

    in = malloc(MANY * 8 + 1);
    p = in;

    for (i = MANY; i-- != 0; /* void */ ) {
        p += sprintf(p, "%06zu=&", i);
    }

    memset(&opts, 0, sizeof(opts));
    opts.sort = 1;

    qc_arena_init(&arena, heap, NULL, SIZE_MAX);

    tap_ok(qc_args_parse(qc_str(in, (size_t) (p - in)), MANY, 1, &arena,
                         &args) == QC_OK, "%d arguments", MANY);

    qc_buf_init(&out, heap(NULL, MANY * 8), MANY * 8);
    tap_ok(qc_args_canonical(&args, &opts, &out) == QC_OK, "... in reverse");
    s = qc_buf_written(&out);

    for (i = 0, p = in; i < MANY; i++) {
        p += sprintf(p, "%06zu=&", i);
    }

    tap_ok(qc_str_eq(s, qc_str(in, MANY * 8 - 1)), "... are put in order");

    heap(NULL, 0);
    free(in);
}


/* Both strings may be needed at a time: slot is that of the result. */

static qc_str_t
canonical(const char *in, unsigned flags, const char *ordered, unsigned slot)
{
    qc_buf_t         out;
    qc_str_t         list[4], s;
    unsigned         next;
    qc_args_t        args;
    qc_arena_t       arena;
    qc_args_opts_t   opts;

    next = 1;
    qc_arena_init(&arena, slots, &next, ARENA);

    if (qc_args_parse(guard(0, in), 100, flags & PLUS, &arena, &args)
        != QC_OK)
    {
        return qc_str("?", 1);
    }

    opts.ordered = list;
    opts.nordered = split(ordered, list);
    opts.sort = !(flags & UNSORTED);

    qc_buf_init(&out, tap_guard(slot, NULL, 3 * strlen(in)), 3 * strlen(in));

    if (qc_args_canonical(&args, &opts, &out) != QC_OK) {
        return qc_str("?", 1);
    }

    s = qc_buf_written(&out);

    return qc_str(tap_guard(slot, s.data, s.len), s.len);
}


/* The list is written with spaces. */

static size_t
split(const char *s, qc_str_t *list)
{
    size_t       n;
    const char  *end;

    for (n = 0; *s != '\0' && n < 4; n++) {
        end = strchr(s, ' ');
        end = (end != NULL) ? end : s + strlen(s);
        list[n] = qc_str(s, (size_t) (end - s));
        s = end + (*end != '\0');
    }

    return n;
}


/* Blocks 1, 2, ... of an arena, each in a slot of its own. */

static void *
slots(void *ctx, size_t size)
{
    unsigned  *slot;

    slot = ctx;

    return (*slot < 6) ? tap_guard((*slot)++, NULL, size) : NULL;
}


/* Never freed but all at once, by a size of zero. */

static void *
heap(void *ctx, size_t size)
{
    static void    *blocks[8];
    static size_t   n;

    (void) ctx;

    if (size == 0) {
        while (n != 0) {
            free(blocks[--n]);
        }

        return NULL;
    }

    blocks[n] = malloc(size);

    return blocks[n++];
}


static qc_str_t
guard(unsigned slot, const char *s)
{
    return qc_str(tap_guard(slot, s, strlen(s)), strlen(s));
}
