
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * A canonical form is its own canonical form, has the values of the document,
 * and does not depend on space, on how strings are escaped, or on the order
 * of members; leaving out what a pointer names leaves a canonical form; and
 * with little memory the result is the same or none.  The input is the
 * document; choices are made by its hash.
 */

#include <yajl/yajl_tree.h>

#include "fuzz.h"
#include "qc_json.h"
#include "qc_utf8.h"


#define MEMORY  (256 * 1024)
#define BLOCKS  4096
#define ITEMS   4096


/* A document that is written anew from a canonical one. */

typedef struct {
    uint8_t        *out;
    uint32_t        random;
    size_t          nitems;
    qc_str_t        items[ITEMS];
    unsigned        reverse:1;
    unsigned        escape:1;
    unsigned        space:1;
} writer_t;


typedef struct {
    uint32_t        random;
    unsigned        dropped;
    unsigned        replaced;
} visit_t;


static void check_again(fuzz_t *f, qc_str_t form);
static void check_written(fuzz_t *f, qc_str_t form, uint32_t random);
static void check_values(fuzz_t *f, qc_str_t text, qc_str_t form);
static void check_visit(fuzz_t *f, qc_str_t text, qc_rc_e rc, qc_str_t form,
    uint32_t random);
static void check_memory(fuzz_t *f, qc_str_t text, qc_rc_e rc, qc_str_t form,
    uint32_t random);
static qc_rc_e canonical(fuzz_t *f, qc_str_t text, const qc_json_opts_t *opts,
    size_t limit, qc_str_t *out);
static void *memory(void *ctx, size_t size);
static qc_rc_e visitor(void *data, qc_json_value_t *v);
static qc_str_t pointer_to(const qc_json_value_t *v, uint8_t *text,
    size_t size);
static void write_value(writer_t *w, qc_str_t value);
static void write_list(writer_t *w, qc_str_t list);
static void write_item(writer_t *w, qc_str_t item);
static void write_string(writer_t *w, qc_str_t s);
static void write_unit(writer_t *w, uint32_t unit);
static void write_space(writer_t *w);
static qc_str_t first_item(qc_str_t list);
static size_t string_len(qc_str_t s);
static int same(yajl_val a, yajl_val b);
static int same_object(yajl_val a, yajl_val b);
static uint32_t next(uint32_t *random);


static void    *blocks[BLOCKS];
static size_t   nblocks;


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t    i;
    fuzz_t    f;
    qc_rc_e   rc;
    qc_str_t  text, form;
    uint32_t  random;

    fuzz_init(&f, data, size);
    text = fuzz_rest(&f);

    random = 2166136261u;

    for (i = 0; i < text.len; i++) {
        random = (random ^ text.data[i]) * 16777619u;
    }

    rc = canonical(&f, text, NULL, MEMORY, &form);
    fuzz_check(rc == QC_OK || rc == QC_BAD || rc == QC_NOSPACE);

    if (rc == QC_OK) {
        check_again(&f, form);
        check_written(&f, form, random);
        check_values(&f, text, form);
    }

    check_visit(&f, text, rc, form, random);
    check_memory(&f, text, rc, form, random);

    fuzz_done(&f);

    return 0;
}


static void
check_again(fuzz_t *f, qc_str_t form)
{
    qc_str_t  again;

    fuzz_check(form.len != 0 && qc_utf8_valid(form.data, form.len));
    fuzz_check(canonical(f, form, NULL, MEMORY, &again) == QC_OK);
    fuzz_check(qc_str_eq(form, again));
}


/* No byte becomes more than six, with four of space on both sides of it. */

static void
check_written(fuzz_t *f, qc_str_t form, uint32_t random)
{
    qc_rc_e           rc;
    qc_str_t          again;
    uint8_t          *text;

    static writer_t   w;

    text = fuzz_alloc(f, form.len * 14 + 16);

    w.out = text;
    w.nitems = 0;
    w.reverse = next(&random) & 1;
    w.escape = next(&random) & 1;
    w.space = next(&random) & 1;
    w.random = random;

    write_value(&w, form);

    rc = canonical(f, fuzz_copy(f, text, (size_t) (w.out - text)), NULL,
                   SIZE_MAX, &again);
    fuzz_check(rc == QC_OK);
    fuzz_check(qc_str_eq(form, again));
}


static void
check_values(fuzz_t *f, qc_str_t text, qc_str_t form)
{
    size_t     i;
    char      *a, *b;
    yajl_val   before, after;

    /* yajl's trees have strings that end with the first zero */

    for (i = 0; i + 6 <= form.len; i++) {
        if (memcmp(form.data + i, "\\u0000", 6) == 0) {
            return;
        }
    }

    a = (char *) fuzz_alloc(f, text.len + 1);
    b = (char *) fuzz_alloc(f, form.len + 1);
    memcpy(a, text.data, text.len);
    memcpy(b, form.data, form.len);
    a[text.len] = '\0';
    b[form.len] = '\0';

    before = yajl_tree_parse(a, NULL, 0);
    after = yajl_tree_parse(b, NULL, 0);

    fuzz_check(before != NULL && after != NULL);
    fuzz_check(same(before, after));

    yajl_tree_free(before);
    yajl_tree_free(after);
}


static void
check_visit(fuzz_t *f, qc_str_t text, qc_rc_e rc, qc_str_t form,
    uint32_t random)
{
    visit_t         visit;
    qc_str_t        less, again;
    qc_json_opts_t  opts;

    visit.random = random;
    visit.dropped = 0;
    visit.replaced = 0;

    opts.max_depth = QC_JSON_DEPTH_MAX;
    opts.visit = visitor;
    opts.data = &visit;

    if (canonical(f, text, &opts, MEMORY, &less) != QC_OK) {
        fuzz_check(rc != QC_OK);
        return;
    }

    if (visit.dropped + visit.replaced == 0) {
        fuzz_check(rc == QC_OK && qc_str_eq(form, less));
    }

    if (less.len == 0) {
        fuzz_check(visit.dropped == 1);
        return;
    }

    /* without it, or with something in its place, there may be a form */

    fuzz_check(rc != QC_NOSPACE);
    fuzz_check(canonical(f, less, NULL, MEMORY, &again) == QC_OK);
    fuzz_check(qc_str_eq(less, again));
}


static void
check_memory(fuzz_t *f, qc_str_t text, qc_rc_e rc, qc_str_t form,
    uint32_t random)
{
    qc_rc_e   little;
    qc_str_t  again;

    little = canonical(f, text, NULL, next(&random) % 16384, &again);

    fuzz_check(little == rc || little == QC_NOSPACE);

    if (little == QC_OK) {
        fuzz_check(qc_str_eq(form, again));
    }
}


/* The form is copied to memory of its own. */

static qc_rc_e
canonical(fuzz_t *f, qc_str_t text, const qc_json_opts_t *opts, size_t limit,
    qc_str_t *out)
{
    qc_rc_e     rc;
    qc_arena_t  arena;

    qc_arena_init(&arena, memory, NULL, limit);

    *out = qc_str(NULL, 0);
    rc = qc_json_canonical(text, opts, &arena, out);

    if (rc == QC_OK) {
        *out = fuzz_copy(f, out->data, out->len);
    }

    while (nblocks != 0) {
        free(blocks[--nblocks]);
    }

    return rc;
}


static void *
memory(void *ctx, size_t size)
{
    void  *p;

    (void) ctx;

    fuzz_check(nblocks < BLOCKS);

    p = malloc(size);
    fuzz_check(p != NULL);
    memset(p, 0xa5, size);
    blocks[nblocks++] = p;

    return p;
}


static qc_rc_e
visitor(void *data, qc_json_value_t *v)
{
    uint8_t    text[4096];
    visit_t   *visit;
    qc_str_t   pointer;

    visit = data;

    fuzz_check(v->depth <= QC_JSON_DEPTH_MAX);
    fuzz_check(qc_utf8_valid(v->value.data, v->value.len));

    pointer = pointer_to(v, text, sizeof(text));

    if (pointer.data != NULL) {
        fuzz_check(qc_json_path_is(v, pointer));
        fuzz_check(!qc_json_path_is(v, qc_str(pointer.data, pointer.len + 1)));

        fuzz_check(qc_json_pointer_valid(pointer)
                   == (pointer.len <= QC_JSON_POINTER_MAX
                       && v->depth <= QC_JSON_POINTER_SEGS_MAX));
    }

    /* any string may be taken for a pointer */

    if (v->type == QC_JSON_STRING && qc_json_path_is(v, v->value)) {
        fuzz_check(v->value.len == 0 || v->value.data[0] == '/');
    }

    switch (next(&visit->random) % 16) {

    case 0:
        visit->dropped++;
        return QC_DONE;

    case 1:
        if (v->type >= QC_JSON_OBJECT) {
            return QC_OK;
        }

        v->replace = v->value;
        visit->replaced++;
        return QC_PARTIAL;

    default:
        return QC_OK;
    }
}


/*
 * By RFC 6901, with a byte more behind it that makes another pointer of it.
 * NULL: too long.
 */

static qc_str_t
pointer_to(const qc_json_value_t *v, uint8_t *text, size_t size)
{
    size_t    i, j, len;
    qc_str_t  name;

    len = 0;

    for (i = 0; i < v->depth; i++) {
        name = v->path[i].name;

        if (size - len < name.len * 2 + 32) {
            return qc_str(NULL, 0);
        }

        text[len++] = '/';

        if (v->path[i].array) {
            fuzz_check(name.len == 0);
            len += (size_t) sprintf((char *) text + len, "%u",
                                    (unsigned) v->path[i].index);
            continue;
        }

        fuzz_check(qc_utf8_valid(name.data, name.len));

        for (j = 0; j < name.len; j++) {
            if (name.data[j] == '~' || name.data[j] == '/') {
                text[len++] = '~';
                text[len++] = (name.data[j] == '~') ? '0' : '1';

            } else {
                text[len++] = name.data[j];
            }
        }
    }

    text[len] = '/';

    return qc_str(text, len);
}


/* Of a canonical form: what it reads is valid, and has no space in it. */

static void
write_value(writer_t *w, qc_str_t value)
{
    write_space(w);

    if (value.data[0] == '"') {
        fuzz_check(string_len(value) == value.len);
        write_string(w, qc_str(value.data + 1, value.len - 2));

    } else if (value.data[0] == '{' || value.data[0] == '[') {
        write_list(w, value);

    } else {
        memcpy(w->out, value.data, value.len);
        w->out += value.len;
    }

    write_space(w);
}


static void
write_list(writer_t *w, qc_str_t list)
{
    size_t    i, n, first;
    qc_str_t  rest, item;

    first = w->nitems;
    rest = qc_str(list.data + 1, list.len - 2);

    while (rest.len != 0) {
        fuzz_check(w->nitems < ITEMS);
        item = first_item(rest);
        w->items[w->nitems++] = item;

        n = (item.len < rest.len) ? item.len + 1 : item.len;
        rest = qc_str(rest.data + n, rest.len - n);
        fuzz_check(n == item.len || rest.len != 0);
    }

    n = w->nitems - first;
    *w->out++ = list.data[0];
    write_space(w);

    for (i = 0; i < n; i++) {

        if (i != 0) {
            *w->out++ = ',';
        }

        if (list.data[0] == '[') {
            write_value(w, w->items[first + i]);

        } else {
            write_item(w, w->items[first + (w->reverse ? n - 1 - i : i)]);
        }
    }

    *w->out++ = list.data[list.len - 1];
    w->nitems = first;
}


static void
write_item(writer_t *w, qc_str_t item)
{
    size_t  n;

    n = string_len(item);
    fuzz_check(item.data[n] == ':');

    write_value(w, qc_str(item.data, n));
    *w->out++ = ':';
    write_value(w, qc_str(item.data + n + 1, item.len - n - 1));
}


/* By code points; the escapes of the canonical form stay as they are. */

static void
write_string(writer_t *w, qc_str_t s)
{
    size_t    i, n;
    uint32_t  ch;

    *w->out++ = '"';

    for (i = 0; i < s.len; i += n) {
        ch = s.data[i];
        n = (ch < 0xc0) ? 1 : (ch < 0xe0) ? 2 : (ch < 0xf0) ? 3 : 4;

        if (ch == '\\') {
            n = (s.data[i + 1] == 'u') ? 6 : 2;
        }

        if (!w->escape || ch == '\\' || (next(&w->random) & 3) == 0) {
            memcpy(w->out, s.data + i, n);
            w->out += n;
            continue;
        }

        if (n == 2) {
            ch = (ch & 0x1f) << 6 | (s.data[i + 1] & 0x3f);

        } else if (n == 3) {
            ch = (ch & 0xf) << 12 | (uint32_t) (s.data[i + 1] & 0x3f) << 6
                 | (s.data[i + 2] & 0x3f);

        } else if (n == 4) {
            ch = (ch & 7) << 18 | (uint32_t) (s.data[i + 1] & 0x3f) << 12
                 | (uint32_t) (s.data[i + 2] & 0x3f) << 6
                 | (s.data[i + 3] & 0x3f);
        }

        if (ch < 0x10000) {
            write_unit(w, ch);

        } else {
            write_unit(w, 0xd800 + ((ch - 0x10000) >> 10));
            write_unit(w, 0xdc00 + (ch & 0x3ff));
        }
    }

    *w->out++ = '"';
}


static void
write_unit(writer_t *w, uint32_t unit)
{
    char  text[8];

    sprintf(text, (next(&w->random) & 1) ? "\\u%04x" : "\\u%04X",
            (unsigned) unit & 0xffff);
    memcpy(w->out, text, 6);
    w->out += 6;
}


static void
write_space(writer_t *w)
{
    uint32_t  n;

    for (n = w->space ? next(&w->random) % 5 : 0; n != 0; n--) {
        *w->out++ = (uint8_t) " \t\r\n"[next(&w->random) & 3];
    }
}


/* Up to the first comma that is neither in a string nor in brackets. */

static qc_str_t
first_item(qc_str_t list)
{
    size_t    i, depth;
    uint8_t   ch;

    depth = 0;

    for (i = 0; i < list.len; i++) {
        ch = list.data[i];

        if (ch == '"') {
            i += string_len(qc_str(list.data + i, list.len - i)) - 1;

        } else if (ch == '{' || ch == '[') {
            depth++;

        } else if (ch == '}' || ch == ']') {
            fuzz_check(depth != 0);
            depth--;

        } else if (ch == ',' && depth == 0) {
            break;
        }
    }

    fuzz_check(i != 0);

    return qc_str(list.data, i);
}


/* With both quotes. */

static size_t
string_len(qc_str_t s)
{
    size_t  i;

    for (i = 1; i < s.len && s.data[i] != '"'; i++) {
        i += (s.data[i] == '\\');
    }

    fuzz_check(s.data[0] == '"' && i < s.len);

    return i + 1;
}


/* By yajl's own trees; of numbers it is only told whether they are near. */

static int
same(yajl_val a, yajl_val b)
{
    size_t  i;

    if (a->type != b->type) {
        return 0;
    }

    switch (a->type) {

    case yajl_t_string:
        return strcmp(a->u.string, b->u.string) == 0;

    case yajl_t_number:
        if (strpbrk(a->u.number.r, ".eE") == NULL) {
            return strcmp(a->u.number.r, b->u.number.r) == 0;
        }

        return strpbrk(b->u.number.r, "e") != NULL
               && strtod(a->u.number.r, NULL) == strtod(b->u.number.r, NULL);

    case yajl_t_object:
        return same_object(a, b);

    case yajl_t_array:
        for (i = 0; i < a->u.array.len && i < b->u.array.len; i++) {
            if (!same(a->u.array.values[i], b->u.array.values[i])) {
                return 0;
            }
        }

        return a->u.array.len == b->u.array.len;

    default:
        return 1;
    }
}


static int
same_object(yajl_val a, yajl_val b)
{
    size_t  i, j;

    if (a->u.object.len != b->u.object.len) {
        return 0;
    }

    for (i = 0; i < a->u.object.len; i++) {

        for (j = 0; j < b->u.object.len; j++) {
            if (strcmp(a->u.object.keys[i], b->u.object.keys[j]) == 0
                && same(a->u.object.values[i], b->u.object.values[j]))
            {
                break;
            }
        }

        if (j == b->u.object.len) {
            return 0;
        }
    }

    return 1;
}


static uint32_t
next(uint32_t *random)
{
    *random ^= *random << 13;
    *random ^= *random >> 17;
    *random ^= *random << 5;
    *random += (*random == 0);

    return *random;
}
