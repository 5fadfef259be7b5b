
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * The canonical form is its own one, gives back every argument, means what
 * was sent, and is the same for another order of names that differ.  The
 * input is flags, the length of a pattern, the pattern, and the query string.
 */

#include "fuzz.h"
#include "qc_args.h"


#define PLUS    1
#define SORT    2
#define DROP    4
#define ARGS    64


static void check_pieces(fuzz_t *f, const qc_args_t *sent, qc_str_t raw);
static void check_piece(fuzz_t *f, qc_str_t raw, qc_str_t piece);
static void check_list(const qc_args_t *args, const qc_args_t *again);
static void check_shuffled(fuzz_t *f, const qc_args_t *args, unsigned flags,
    const qc_args_opts_t *opts, qc_str_t form);
static void check_match(qc_str_t pattern, qc_str_t name);
static qc_rc_e parse(fuzz_t *f, qc_str_t raw, unsigned flags,
    qc_args_t *args);
static qc_str_t canonical(fuzz_t *f, qc_args_t *args,
    const qc_args_opts_t *opts, size_t size);
static void *take(void *ctx, size_t size);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_t           f;
    qc_str_t         pattern, raw, form, twice;
    unsigned         flags;
    qc_args_t        args, again;
    const qc_arg_t  *arg;
    qc_args_opts_t   opts;

    fuzz_init(&f, data, size);

    flags = fuzz_u8(&f);
    pattern = fuzz_str(&f, fuzz_u8(&f) % 16);
    raw = fuzz_rest(&f);

    check_match(pattern, raw);

    opts.ordered = &pattern;
    opts.nordered = 1;
    opts.sort = (flags & SORT) != 0;

    if (parse(&f, raw, flags, &args) == QC_OK) {
        check_pieces(&f, &args, raw);

        form = canonical(&f, &args, &opts, 3 * raw.len);

        fuzz_check(parse(&f, form, flags, &again) == QC_OK);
        twice = canonical(&f, &again, &opts, form.len);
        fuzz_check(qc_str_eq(form, twice));

        check_list(&args, &again);
        check_shuffled(&f, &args, flags, &opts, form);

        for (arg = args.first; arg != NULL; arg = arg->next) {
            check_match(pattern, arg->name);
        }

        if (args.first != NULL && (flags & DROP)) {
            args.first->drop = 1;
            twice = canonical(&f, &args, &opts, form.len);
            fuzz_check(twice.len < form.len);
        }
    }

    fuzz_done(&f);

    return 0;
}


/* Each argument as sent, cut out of raw once more. */

static void
check_pieces(fuzz_t *f, const qc_args_t *sent, qc_str_t raw)
{
    size_t           n, len, name;
    const qc_arg_t  *arg;

    n = 0;
    arg = sent->first;

    while (raw.len != 0) {
        for (len = 0; len < raw.len && raw.data[len] != '&'; len++) {
            /* void */
        }

        if (len != 0) {
            for (name = 0; name < len && raw.data[name] != '='; name++) {
                /* void */
            }

            fuzz_check(arg != NULL && arg->n == n++ && !arg->drop);
            fuzz_check(arg->has_value == (name != len));

            check_piece(f, qc_str(raw.data, name), arg->name);

            if (arg->has_value) {
                check_piece(f, qc_str(raw.data + name + 1, len - name - 1),
                            arg->value);

            } else {
                fuzz_check(arg->value.len == 0);
            }

            arg = arg->next;
        }

        len += (len < raw.len);
        raw = qc_str(raw.data + len, raw.len - len);
    }

    fuzz_check(arg == NULL && n == sent->n);
}


/* It decodes to what it did, or it is what it was. */

static void
check_piece(fuzz_t *f, qc_str_t raw, qc_str_t piece)
{
    size_t      n;
    qc_rc_e     rc;
    qc_str_t    before, after;
    qc_arena_t  arena;

    n = f->n;
    qc_arena_init(&arena, take, f, 1 << 20);
    rc = qc_args_decode(raw, &arena, &before);

    fuzz_check(qc_args_decode(piece, &arena, &after) == rc);

    if (rc == QC_OK) {
        fuzz_check(qc_str_eq(before, after));

    } else {
        fuzz_check(qc_str_eq(raw, piece));
    }

    while (f->n != n) {
        free(f->pieces[--f->n]);
    }
}


static void
check_list(const qc_args_t *args, const qc_args_t *again)
{
    const qc_arg_t  *a, *b;

    b = again->first;

    for (a = args->first; a != NULL; a = a->next) {
        fuzz_check(b != NULL);
        fuzz_check(qc_str_eq(a->name, b->name));
        fuzz_check(qc_str_eq(a->value, b->value));
        fuzz_check(a->has_value == b->has_value);
        b = b->next;
    }

    fuzz_check(b == NULL && args->n == again->n);
}


/* Sent the other way round, if nothing says that the order matters. */

static void
check_shuffled(fuzz_t *f, const qc_args_t *args, unsigned flags,
    const qc_args_opts_t *opts, qc_str_t form)
{
    size_t           n, len;
    uint8_t         *p;
    qc_args_t        other;
    const qc_arg_t  *arg;

    if (!opts->sort) {
        return;
    }

    n = 0;

    for (arg = args->first; arg != NULL; arg = arg->next) {
        if (arg->next != NULL && qc_str_eq(arg->name, arg->next->name)) {
            return;
        }

        n += (qc_name_match(opts->ordered[0], arg->name) != 0);
    }

    if (n > 1) {
        return;
    }

    p = fuzz_alloc(f, form.len + 1);
    p += form.len + 1;

    for (arg = args->first; arg != NULL; arg = arg->next) {
        *--p = '&';
        len = arg->value.len;
        p -= len;

        if (len != 0) {
            memcpy(p, arg->value.data, len);
        }

        if (arg->has_value) {
            *--p = '=';
        }

        p -= arg->name.len;

        if (arg->name.len != 0) {
            memcpy(p, arg->name.data, arg->name.len);
        }
    }

    fuzz_check(parse(f, qc_str(p, form.len), flags, &other) == QC_OK);
    fuzz_check(qc_str_eq(canonical(f, &other, opts, form.len), form));
}


/* By a table: whether the first i bytes match the first j. */

static void
check_match(qc_str_t pattern, qc_str_t name)
{
    size_t   i, j;
    uint8_t  row[17], before, above;

    fuzz_check(pattern.len < sizeof(row));

    row[0] = 1;

    for (i = 0; i < pattern.len; i++) {
        row[i + 1] = row[i] && pattern.data[i] == '*';
    }

    for (j = 0; j < name.len; j++) {
        before = row[0];
        row[0] = 0;

        for (i = 0; i < pattern.len; i++) {
            above = row[i + 1];

            row[i + 1] = (pattern.data[i] == '*')
                         ? (row[i] || above)
                         : (before && pattern.data[i] == name.data[j]);

            before = above;
        }
    }

    fuzz_check(qc_name_match(pattern, name) == row[pattern.len]);
}


static qc_rc_e
parse(fuzz_t *f, qc_str_t raw, unsigned flags, qc_args_t *args)
{
    qc_arena_t  arena;

    qc_arena_init(&arena, take, f, 1 << 20);

    return qc_args_parse(raw, ARGS, flags & PLUS, &arena, args);
}


static qc_str_t
canonical(fuzz_t *f, qc_args_t *args, const qc_args_opts_t *opts, size_t size)
{
    qc_buf_t  out;

    qc_buf_init(&out, fuzz_alloc(f, size), size);
    fuzz_check(qc_args_canonical(args, opts, &out) == QC_OK);

    return qc_buf_written(&out);
}


static void *
take(void *ctx, size_t size)
{
    return fuzz_alloc(ctx, size);
}
