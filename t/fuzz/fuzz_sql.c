
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * The form of a text has the same tokens as the text, to us and to the
 * engines whose rules are in engines.h; it is its own form, whatever space
 * and comments are put between its tokens; and what was said of the statement
 * stays true of it.  The input is a byte for the dialect, then the text.
 */

#include "engines.h"
#include "fuzz.h"
#include "qc_sql.h"
#include "qc_sql_lex.h"


typedef struct {
    qc_rc_e                rc;
    qc_str_t               form;
    qc_sql_info_t          info;
    qc_tags_t              tags;
} result_t;


static void run(fuzz_t *f, qc_str_t text, qc_sql_dialect_e d, result_t *r);
static void check_room(fuzz_t *f, qc_str_t text, qc_sql_dialect_e d,
    const result_t *r);
static void check_refused(result_t *r);
static void check_engines(qc_str_t text, qc_str_t form, qc_sql_dialect_e d);
static int check_tokens(qc_str_t text, qc_str_t form, qc_sql_dialect_e d,
    const result_t *r);
static int is_word(const qc_sql_token_t *t, const char *word);
static void check_space(fuzz_t *f, qc_str_t text, qc_sql_dialect_e d,
    result_t *r);
static void check_more(fuzz_t *f, qc_sql_dialect_e d, result_t *r);
static void check_same(result_t *a, result_t *b);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int               dollar;
    fuzz_t            f;
    qc_str_t          text;
    result_t          r, again;
    qc_sql_dialect_e  d;

    fuzz_init(&f, data, size);

    d = (qc_sql_dialect_e) (fuzz_u8(&f) % 3);
    text = fuzz_rest(&f);

    run(&f, text, d, &r);

    if (r.rc != QC_OK) {
        check_refused(&r);
        fuzz_done(&f);
        return 0;
    }

    fuzz_check(r.form.len != 0 && r.form.len < 2 * text.len);

    check_room(&f, text, d, &r);
    check_engines(text, r.form, d);
    dollar = check_tokens(text, r.form, d, &r);

    run(&f, fuzz_copy(&f, r.form.data, r.form.len), d, &again);
    fuzz_check(again.rc == QC_OK && qc_str_eq(r.form, again.form));
    check_same(&r, &again);

    /* a "$" may find another one in what is added */

    if (!dollar) {
        check_space(&f, text, d, &r);
        check_more(&f, d, &r);
    }

    fuzz_done(&f);

    return 0;
}


static void
run(fuzz_t *f, qc_str_t text, qc_sql_dialect_e d, result_t *r)
{
    size_t    n;
    int32_t   zone;
    qc_buf_t  b;

    zone = 60;
    n = 2 * text.len;
    qc_buf_init(&b, fuzz_alloc(f, n), n);
    qc_tags_init(&r->tags);

    r->rc = qc_sql_canonical(text, d, &zone, &b, &r->info, &r->tags);
    r->form = qc_buf_written(&b);

    fuzz_check(qc_tags_valid(qc_tags_list(&r->tags)));
}


static void
check_room(fuzz_t *f, qc_str_t text, qc_sql_dialect_e d, const result_t *r)
{
    qc_buf_t       b;
    qc_sql_info_t  info;

    qc_buf_init(&b, fuzz_alloc(f, r->form.len), r->form.len);
    fuzz_check(qc_sql_canonical(text, d, NULL, &b, &info, NULL) == QC_OK);

    qc_buf_init(&b, fuzz_alloc(f, r->form.len - 1), r->form.len - 1);
    fuzz_check(qc_sql_canonical(text, d, NULL, &b, &info, NULL) == QC_NOSPACE);
    fuzz_check(!info.read_only && qc_buf_len(&b) == 0);
}


static void
check_refused(result_t *r)
{
    fuzz_check(r->rc == QC_BAD || r->rc == QC_NOSPACE);
    fuzz_check(!r->info.read_only && !r->info.changing && !r->info.ranged
               && r->info.latest == 0);
    fuzz_check(r->tags.unknown && r->form.len == 0);
}


static void
check_engines(qc_str_t text, qc_str_t form, qc_sql_dialect_e d)
{
    uint64_t  a, b;

    if (d != QC_SQL_ANSI && engine_clickhouse(text.data, text.len, &a)) {
        fuzz_check(engine_clickhouse(form.data, form.len, &b));
        fuzz_check(a == b);
    }

    if (d != QC_SQL_CLICKHOUSE && engine_postgres(text.data, text.len, &a)) {
        fuzz_check(engine_postgres(form.data, form.len, &b));
        fuzz_check(a == b);
    }
}


/* Whether there is a "$" outside of quotes. */

static int
check_tokens(qc_str_t text, qc_str_t form, qc_sql_dialect_e d,
    const result_t *r)
{
    qc_rc_e         rc;
    qc_sql_lex_t    a, b;
    qc_sql_token_t  s, t, prev;

    qc_sql_lex_init(&a, text, d);
    qc_sql_lex_init(&b, form, d);
    memset(&prev, 0, sizeof(prev));

    for ( ;; ) {
        rc = qc_sql_lex(&a, &s);
        fuzz_check(qc_sql_lex(&b, &t) == rc);

        if (rc == QC_DONE) {
            break;
        }

        fuzz_check(rc == QC_OK && qc_str_eq(s.text, t.text));

        if (r->info.read_only) {
            fuzz_check(!is_word(&t, "into"));
            fuzz_check(!is_word(&t, "delete") && !is_word(&t, "drop"));
            fuzz_check(t.kind != QC_SQL_HINT || t.text.data[2] == '+');
            fuzz_check(prev.kind != QC_SQL_PUNCT || prev.text.data[0] != ';');
        }

        prev = t;
    }

    return a.dollar || b.dollar;
}


static int
is_word(const qc_sql_token_t *t, const char *word)
{
    size_t  i, len;

    if (t->kind != QC_SQL_WORD && t->kind != QC_SQL_QUOTED) {
        return 0;
    }

    len = (t->kind == QC_SQL_WORD) ? t->text.len : t->prefix;

    for (i = 0; i < len && word[i] != '\0'; i++) {
        if ((t->text.data[i] | 0x20) != word[i]) {
            return 0;
        }
    }

    return i == len && word[i] == '\0';
}


/* Other space, and comments, where the form has a space. */

static void
check_space(fuzz_t *f, qc_str_t text, qc_sql_dialect_e d, result_t *r)
{
    int             both;
    size_t          n, k;
    uint8_t        *p;
    qc_buf_t        b;
    result_t        other;
    qc_sql_lex_t    l;
    qc_sql_token_t  t, prev;

    static const char * const  gaps[] = {
        " ", "\t\v ", "\r\n", " /**/ ", "\n-- '\n", " /* ' \" -- */", " -- ;\n"
    };

    n = 16 * r->form.len + 64;
    p = fuzz_alloc(f, n);
    qc_buf_init(&b, p, n);
    qc_sql_lex_init(&l, r->form, d);
    memset(&prev, 0, sizeof(prev));
    k = 0;

    qc_buf_cstr(&b, gaps[text.len % 7]);

    while (qc_sql_lex(&l, &t) == QC_OK) {
        both = (qc_sql_literal(&prev) && qc_sql_literal(&t));

        if (prev.kind != QC_SQL_END) {
            k = k * 31 + text.data[(k + t.text.len) % text.len];
            qc_buf_cstr(&b, both ? (t.newline ? "\n" : " ") : gaps[k % 7]);
        }

        qc_buf_str(&b, t.text);
        prev = t;
    }

    qc_buf_cstr(&b, gaps[(text.len + 3) % 7]);
    fuzz_check(qc_buf_status(&b) == QC_OK);

    run(f, fuzz_copy(f, p, qc_buf_len(&b)), d, &other);
    fuzz_check(other.rc == QC_OK && qc_str_eq(r->form, other.form));
    check_same(r, &other);
}


/* A second statement is never overlooked. */

static void
check_more(fuzz_t *f, qc_sql_dialect_e d, result_t *r)
{
    size_t    n;
    uint8_t  *p;
    qc_buf_t  b;
    result_t  other;

    static const char  more[] = " ; DROP TABLE t";

    n = r->form.len + sizeof(more);
    p = fuzz_alloc(f, n);
    qc_buf_init(&b, p, n);
    qc_buf_str(&b, r->form);
    qc_buf_cstr(&b, more);

    run(f, fuzz_copy(f, p, qc_buf_len(&b)), d, &other);
    fuzz_check(other.rc == QC_OK && !other.info.read_only
               && !other.info.ranged);

    if (r->form.data[r->form.len - 1] == ';') {
        return;
    }

    qc_buf_init(&b, p, n);
    qc_buf_str(&b, r->form);
    qc_buf_cstr(&b, " ;");

    run(f, fuzz_copy(f, p, qc_buf_len(&b)), d, &other);
    fuzz_check(other.rc == QC_OK);
    check_same(r, &other);
}


static void
check_same(result_t *a, result_t *b)
{
    fuzz_check(a->info.read_only == b->info.read_only);
    fuzz_check(a->info.changing == b->info.changing);
    fuzz_check(a->info.ranged == b->info.ranged);
    fuzz_check(a->info.latest == b->info.latest);
    fuzz_check(a->info.ranged || a->info.latest == 0);
    fuzz_check(a->info.read_only || !a->info.ranged);
    fuzz_check(qc_str_eq(qc_tags_list(&a->tags), qc_tags_list(&b->tags)));
}
