
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include <setjmp.h>
#include <yajl/yajl_parse.h>

#include "qc_json.h"
#include "qc_json_form.h"
#include "qc_json_sort.h"
#include "qc_utf8.h"


#define QC_JSON_BLOCK_HEAD  16         /* before yajl's blocks: their size; the
                                          alignment stays */
#define QC_JSON_LIST_MIN    16
#define QC_JSON_ROOM        64         /* most documents do not grow by more */


/*
 * An object or array that is open.  The comma is written behind a value, and
 * the bracket at the end takes the place of the last one: so a value that is
 * left out, or moved, takes its comma with it.
 */

typedef struct {
    size_t                 open;       /* in out: behind the bracket */
    size_t                 item;       /* where the member or element that is
                                          being read begins */
    size_t                 members;    /* the first of its members */
    unsigned               array:1;
    unsigned               dropped:1;
    unsigned               ordered:1;  /* members stay where they are */
} qc_json_frame_t;


typedef struct {
    yajl_handle            yajl;
    qc_str_t               text;       /* without the space around it */
    qc_arena_t            *arena;
    qc_json_visit_pt       visit;
    void                  *data;
    size_t                 max_depth;
    qc_rc_e                rc;         /* why the work was given up */

    unsigned               quiet:1;    /* in something that is left out */
    unsigned               finishing:1; /* yajl is told that this was all */
    unsigned               complete:1; /* the document's value has ended */

    uint8_t               *out;
    size_t                 len;
    size_t                 size;

    size_t                 depth;      /* frames that are open */
    size_t                 frames;     /* there is room for */
    qc_json_frame_t       *frame;
    qc_json_seg_t         *path;       /* to a value in the frame */

    size_t                 nmembers;
    size_t                 members;    /* there is room for */
    qc_json_member_t      *member;

    size_t                 spares;     /* there is room for */
    qc_json_member_t      *spare;      /* for sorting */
    size_t                 moved_size;
    uint8_t               *moved;      /* for sorting */

    jmp_buf                nomem;
} qc_json_t;


static qc_str_t qc_json_trim(qc_str_t text);
static int qc_json_space(uint8_t ch);
static qc_rc_e qc_json_parse(qc_json_t *p);
static void *qc_json_yajl_malloc(void *ctx, size_t size);
static void *qc_json_yajl_realloc(void *ctx, void *old, size_t size);
static void qc_json_yajl_free(void *ctx, void *block);
static void *qc_json_alloc(qc_json_t *p, size_t n, size_t size);
static void *qc_json_grow(qc_json_t *p, void *old, size_t *n, size_t need,
    size_t size);

static int qc_json_null(void *ctx);
static int qc_json_boolean(void *ctx, int value);
static int qc_json_number(void *ctx, const char *text, size_t len);
static int qc_json_string(void *ctx, const unsigned char *text, size_t len);
static int qc_json_start_object(void *ctx);
static int qc_json_name(void *ctx, const unsigned char *text, size_t len);
static int qc_json_end_object(void *ctx);
static int qc_json_start_array(void *ctx);
static int qc_json_end_array(void *ctx);

static int qc_json_scalar(qc_json_t *p, qc_json_type_e type, qc_str_t value);
static int qc_json_start(qc_json_t *p, qc_json_type_e type);
static int qc_json_end(qc_json_t *p, char bracket);
static int qc_json_value_ends(qc_json_t *p, int dropped);
static int qc_json_give_up(qc_json_t *p, qc_rc_e rc);
static qc_rc_e qc_json_visit(qc_json_t *p, qc_json_value_t *v);
static int qc_json_sort(qc_json_t *p, qc_json_frame_t *f);

static void qc_json_put(qc_json_t *p, const void *data, size_t len);
static void qc_json_put_string(qc_json_t *p, qc_str_t s);
static void qc_json_put_escaped(qc_json_t *p, qc_str_t s);
static int qc_json_put_number(qc_json_t *p, qc_str_t text);
static void qc_json_reserve(qc_json_t *p, size_t len);
static int qc_json_in_text(qc_json_t *p, qc_str_t s);


static const yajl_callbacks  qc_json_callbacks = {
    qc_json_null,
    qc_json_boolean,
    NULL,
    NULL,
    qc_json_number,
    qc_json_string,
    qc_json_start_object,
    qc_json_name,
    qc_json_end_object,
    qc_json_start_array,
    qc_json_end_array
};


qc_rc_e
qc_json_canonical(qc_str_t text, const qc_json_opts_t *opts, qc_arena_t *arena,
    qc_str_t *out)
{
    qc_rc_e    rc;
    qc_json_t  p;

    text = qc_json_trim(text);

    if (text.len == 0 || !qc_json_bytes_valid(text)) {
        return QC_BAD;
    }

    memset(&p, 0, sizeof(p));
    p.text = text;
    p.arena = arena;
    p.rc = QC_BAD;
    p.max_depth = QC_JSON_DEPTH_MAX;

    if (opts != NULL) {
        p.visit = opts->visit;
        p.data = opts->data;
        p.max_depth = (opts->max_depth < QC_JSON_DEPTH_MAX)
                      ? opts->max_depth : QC_JSON_DEPTH_MAX;
    }

    rc = qc_json_parse(&p);

    if (rc == QC_OK) {
        *out = qc_str(p.out, p.len);
    }

    return rc;
}


static qc_str_t
qc_json_trim(qc_str_t text)
{
    const uint8_t  *p, *end;

    if (text.len == 0) {
        return text;
    }

    p = text.data;
    end = p + text.len;

    while (p != end && qc_json_space(*p)) {
        p++;
    }

    while (p != end && qc_json_space(end[-1])) {
        end--;
    }

    return qc_str(p, (size_t) (end - p));
}


static int
qc_json_space(uint8_t ch)
{
    return ch == ' ' || ch == '\t' || ch == '\n' || ch == '\r';
}


/*
 * yajl uses the memory it asks for without a look at what it got.  When the
 * arena has none, the only way out of it is therefore a jump; nothing is left
 * behind, as the arena owns all there is.  Our own memory takes the same way.
 */

static qc_rc_e
qc_json_parse(qc_json_t *p)
{
    yajl_status       status;
    yajl_alloc_funcs  funcs;

    if (setjmp(p->nomem) != 0) {
        return QC_NOSPACE;
    }

    funcs.malloc = qc_json_yajl_malloc;
    funcs.realloc = qc_json_yajl_realloc;
    funcs.free = qc_json_yajl_free;
    funcs.ctx = p;

    p->size = p->text.len + QC_JSON_ROOM;
    p->out = qc_json_alloc(p, p->size, 1);
    p->yajl = yajl_alloc(&qc_json_callbacks, &funcs, p);

    /* it was checked, and more strictly */

    yajl_config(p->yajl, yajl_dont_validate_strings, 1);

    status = yajl_parse(p->yajl, p->text.data, p->text.len);

    if (status == yajl_status_ok) {
        p->finishing = 1;
        status = yajl_complete_parse(p->yajl);
    }

    if (status == yajl_status_ok && p->complete) {
        p->rc = QC_OK;
    }

    yajl_free(p->yajl);

    return p->rc;
}


static void *
qc_json_yajl_malloc(void *ctx, size_t size)
{
    uint8_t  *block;

    /* more than there can be, rather than less than was asked for */

    if (size > SIZE_MAX - QC_JSON_BLOCK_HEAD) {
        size = SIZE_MAX - QC_JSON_BLOCK_HEAD;
    }

    block = qc_json_alloc(ctx, size + QC_JSON_BLOCK_HEAD, 1);
    memcpy(block, &size, sizeof(size));

    return block + QC_JSON_BLOCK_HEAD;
}


static void *
qc_json_yajl_realloc(void *ctx, void *old, size_t size)
{
    void    *block;
    size_t   old_size;

    block = qc_json_yajl_malloc(ctx, size);

    if (old != NULL) {
        memcpy(&old_size, (uint8_t *) old - QC_JSON_BLOCK_HEAD,
               sizeof(old_size));
        memcpy(block, old, old_size < size ? old_size : size);
    }

    return block;
}


static void
qc_json_yajl_free(void *ctx, void *block)
{
    /* the arena's */

    (void) ctx;
    (void) block;
}


/* n items of memory.  Does not return if there is none. */

static void *
qc_json_alloc(qc_json_t *p, size_t n, size_t size)
{
    void  *block;

    block = (n <= SIZE_MAX / size) ? qc_arena_alloc(p->arena, n * size) : NULL;

    if (block == NULL) {
        longjmp(p->nomem, 1);
    }

    return block;
}


/* At least need items where there is room for *n of them, with those. */

static void *
qc_json_grow(qc_json_t *p, void *old, size_t *n, size_t need, size_t size)
{
    void    *block;
    size_t   more;

    if (need <= *n) {
        return old;
    }

    more = (*n < SIZE_MAX / 2) ? *n * 2 : SIZE_MAX;
    more = (more < QC_JSON_LIST_MIN) ? QC_JSON_LIST_MIN : more;
    more = (more < need) ? need : more;

    block = qc_json_alloc(p, more, size);

    if (*n != 0) {
        memcpy(block, old, *n * size);
    }

    *n = more;

    return block;
}


static int
qc_json_null(void *ctx)
{
    return qc_json_scalar(ctx, QC_JSON_NULL, qc_str("null", 4));
}


static int
qc_json_boolean(void *ctx, int value)
{
    return value ? qc_json_scalar(ctx, QC_JSON_TRUE, qc_str("true", 4))
                 : qc_json_scalar(ctx, QC_JSON_FALSE, qc_str("false", 5));
}


static int
qc_json_number(void *ctx, const char *text, size_t len)
{
    return qc_json_scalar(ctx, QC_JSON_NUMBER, qc_str(text, len));
}


static int
qc_json_string(void *ctx, const unsigned char *text, size_t len)
{
    return qc_json_scalar(ctx, QC_JSON_STRING, qc_str(text, len));
}


static int
qc_json_start_object(void *ctx)
{
    return qc_json_start(ctx, QC_JSON_OBJECT);
}


static int
qc_json_name(void *ctx, const unsigned char *text, size_t len)
{
    void       *copy;
    qc_str_t    name;
    qc_json_t  *p;

    p = ctx;
    name = qc_str(text, len);

    if (!qc_json_in_text(p, name)) {
        copy = qc_json_alloc(p, len, 1);

        if (len != 0) {
            memcpy(copy, text, len);
        }

        name.data = copy;
    }

    p->path[p->depth - 1].name = name;
    p->frame[p->depth - 1].item = p->len;

    qc_json_put_string(p, name);
    qc_json_put(p, ":", 1);

    return 1;
}


static int
qc_json_end_object(void *ctx)
{
    qc_json_t  *p;

    p = ctx;

    if (!qc_json_sort(p, &p->frame[p->depth - 1])) {
        return qc_json_give_up(p, QC_BAD);
    }

    return qc_json_end(p, '}');
}


static int
qc_json_start_array(void *ctx)
{
    return qc_json_start(ctx, QC_JSON_ARRAY);
}


static int
qc_json_end_array(void *ctx)
{
    return qc_json_end(ctx, ']');
}


static int
qc_json_scalar(qc_json_t *p, qc_json_type_e type, qc_str_t value)
{
    qc_rc_e          rc;
    qc_json_value_t  v;

    v.type = type;
    v.value = value;

    rc = qc_json_visit(p, &v);

    if (rc == QC_PARTIAL) {
        if (!qc_utf8_valid(v.replace.data, v.replace.len)) {
            return qc_json_give_up(p, QC_BAD);
        }

        qc_json_put_escaped(p, v.replace);
        return qc_json_value_ends(p, 0);
    }

    if (rc != QC_OK && rc != QC_DONE) {
        return qc_json_give_up(p, rc);
    }

    if (type == QC_JSON_STRING) {
        qc_json_put_string(p, value);

    } else if (type != QC_JSON_NUMBER) {
        qc_json_put(p, value.data, value.len);

    } else if (!qc_json_put_number(p, value)) {
        return qc_json_give_up(p, QC_BAD);
    }

    return qc_json_value_ends(p, rc == QC_DONE);
}


static int
qc_json_start(qc_json_t *p, qc_json_type_e type)
{
    size_t            n;
    qc_rc_e           rc;
    qc_json_frame_t  *f;
    qc_json_value_t   v;

    if (p->depth >= p->max_depth) {
        return qc_json_give_up(p, QC_NOSPACE);
    }

    v.type = type;
    v.value = qc_str(NULL, 0);
    v.ordered = 0;

    rc = qc_json_visit(p, &v);

    if (rc != QC_OK && rc != QC_DONE) {
        return qc_json_give_up(p, rc == QC_PARTIAL ? QC_BAD : rc);
    }

    n = p->frames;
    p->path = qc_json_grow(p, p->path, &n, p->depth + 1,
                           sizeof(qc_json_seg_t));
    p->frame = qc_json_grow(p, p->frame, &p->frames, p->depth + 1,
                            sizeof(qc_json_frame_t));

    qc_json_put(p, type == QC_JSON_ARRAY ? "[" : "{", 1);

    memset(&p->path[p->depth], 0, sizeof(qc_json_seg_t));
    p->path[p->depth].array = (type == QC_JSON_ARRAY);

    f = &p->frame[p->depth];
    f->open = p->len;
    f->item = p->len;
    f->members = p->nmembers;
    f->array = (type == QC_JSON_ARRAY);
    f->dropped = (rc == QC_DONE);
    f->ordered = v.ordered;

    p->quiet |= f->dropped;
    p->depth++;

    return 1;
}


static int
qc_json_end(qc_json_t *p, char bracket)
{
    qc_json_frame_t  *f;

    f = &p->frame[--p->depth];
    p->nmembers = f->members;

    if (p->len != f->open) {
        p->len--;
    }

    qc_json_put(p, &bracket, 1);

    if (f->dropped) {
        p->quiet = 0;
    }

    return qc_json_value_ends(p, f->dropped);
}


/*
 * A member that is left out stays in the list: another one of its name makes
 * the document ambiguous all the same.
 */

static int
qc_json_value_ends(qc_json_t *p, int dropped)
{
    qc_json_frame_t   *f;
    qc_json_member_t  *m;

    if (p->depth == 0) {

        /*
         * yajl does not mind a string or a literal behind the document if it
         * has no end
         */

        if (!p->finishing && yajl_get_bytes_consumed(p->yajl) != p->text.len) {
            return qc_json_give_up(p, QC_BAD);
        }

        p->len = dropped ? 0 : p->len;
        p->complete = 1;

        return 1;
    }

    f = &p->frame[p->depth - 1];

    if (dropped) {
        p->len = f->item;

    } else {
        qc_json_put(p, ",", 1);
    }

    if (f->array) {
        p->path[p->depth - 1].index++;
        f->item = p->len;
        return 1;
    }

    p->member = qc_json_grow(p, p->member, &p->members, p->nmembers + 1,
                             sizeof(qc_json_member_t));

    m = &p->member[p->nmembers++];
    m->name = p->path[p->depth - 1].name;
    m->start = f->item;
    m->end = p->len;

    return 1;
}


static int
qc_json_give_up(qc_json_t *p, qc_rc_e rc)
{
    p->rc = rc;

    return 0;
}


static qc_rc_e
qc_json_visit(qc_json_t *p, qc_json_value_t *v)
{
    if (p->visit == NULL || p->quiet) {
        return QC_OK;
    }

    v->path = p->path;
    v->depth = p->depth;
    v->replace = qc_str(NULL, 0);

    return p->visit(p->data, v);
}


/*
 * Puts the members of an object that ends in order, unless they are to stay
 * in their own: 0 if a name is there twice.  The depth bounds how often a
 * byte is moved, once per object around it.
 */

static int
qc_json_sort(qc_json_t *p, qc_json_frame_t *f)
{
    size_t             i, n, len;
    uint8_t           *to;
    qc_json_member_t  *m;

    n = p->nmembers - f->members;

    if (n < 2) {
        return 1;
    }

    m = &p->member[f->members];

    if (qc_json_sorted(m, n)) {
        return 1;
    }

    p->spare = qc_json_grow(p, p->spare, &p->spares, n,
                            sizeof(qc_json_member_t));
    m = qc_json_merge_sort(m, p->spare, n);

    if (!qc_json_sorted(m, n)) {
        return 0;
    }

    len = p->len - f->open;

    if (len == 0 || f->ordered) {
        return 1;
    }

    p->moved = qc_json_grow(p, p->moved, &p->moved_size, len, 1);
    to = p->moved;

    for (i = 0; i < n; i++) {
        memcpy(to, p->out + m[i].start, m[i].end - m[i].start);
        to += m[i].end - m[i].start;
    }

    memcpy(p->out + f->open, p->moved, len);

    return 1;
}


static void
qc_json_put(qc_json_t *p, const void *data, size_t len)
{
    if (len != 0) {
        qc_json_reserve(p, len);
        memcpy(p->out + p->len, data, len);
        p->len += len;
    }
}


static void
qc_json_put_string(qc_json_t *p, qc_str_t s)
{
    /* in the text it is only if it has no escapes, and then it needs none */

    if (qc_json_in_text(p, s)) {
        qc_json_put(p, "\"", 1);
        qc_json_put(p, s.data, s.len);
        qc_json_put(p, "\"", 1);

    } else {
        qc_json_put_escaped(p, s);
    }
}


static void
qc_json_put_escaped(qc_json_t *p, qc_str_t s)
{
    qc_json_reserve(p, qc_json_string_len(s));
    p->len = (size_t) (qc_json_string_write(p->out + p->len, s) - p->out);
}


static int
qc_json_put_number(qc_json_t *p, qc_str_t text)
{
    uint8_t  *end;

    qc_json_reserve(p, text.len + QC_JSON_NUMBER_MORE);

    end = qc_json_number_write(p->out + p->len, text);
    if (end == NULL) {
        return 0;
    }

    p->len = (size_t) (end - p->out);

    return 1;
}


static void
qc_json_reserve(qc_json_t *p, size_t len)
{
    if (len > SIZE_MAX - p->len) {
        longjmp(p->nomem, 1);
    }

    p->out = qc_json_grow(p, p->out, &p->size, p->len + len, 1);
}


/* Or has yajl decoded it: then it is yajl's, and only until it returns. */

static int
qc_json_in_text(qc_json_t *p, qc_str_t s)
{
    uintptr_t  at, start;

    at = (uintptr_t) s.data;
    start = (uintptr_t) p->text.data;

    return at >= start && at < start + p->text.len;
}
