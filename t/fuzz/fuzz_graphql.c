
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * The canonical form is its own one, and what may stand between tokens does
 * not change it; a document cut short, or with a mutation beside it, is
 * refused; and a greater depth never changes what was accepted.  The input is
 * flags, the depth, and the document: as it is, or a token for each byte,
 * which gets deeper into the grammar.
 */

#include "fuzz.h"
#include "qc_graphql.h"


#define WORDS  1


typedef struct {
    qc_rc_e                rc;
    qc_str_t               form;
    qc_graphql_info_t      info;
    qc_tags_t              tags;
    qc_str_t               list;       /* of them */
} answer_t;


static const char *const  words[] = {
    "{", "}", "{a}", "{b}", "a", "b", " ", "query ", "query A", "query B",
    "fragment ", "fragment F on T", "fragment G on T", "mutation ", "on ",
    "...", "...F", "...G", "... on T", "(", ")", "(x:", "($v:", ":", "$", "$v",
    "@", "@d", "!", "=", "[", "]", "T", "1", "-2.5e3", "\"s\"",
    "\"\"\"b\"\"\"", "\"", "\\", "\"\"\"", "true", "null", ",", "#c\n", "\n",
    "\xef\xbb\xbf", "__typename", "c:", "&", "0"
};


static qc_str_t spell(fuzz_t *f, qc_str_t in);
static void check_accepted(fuzz_t *f, const answer_t *a, qc_str_t doc,
    size_t depth);
static qc_str_t spread(fuzz_t *f, qc_str_t form, const char *between);
static size_t token(qc_str_t s);
static qc_str_t join(fuzz_t *f, qc_str_t a, const char *b);
static void ask(fuzz_t *f, answer_t *a, qc_str_t doc, size_t depth);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t    depth;
    fuzz_t    f;
    answer_t  a;
    qc_str_t  doc;
    unsigned  flags;

    fuzz_init(&f, data, size);

    flags = fuzz_u8(&f);
    depth = fuzz_u8(&f);
    doc = fuzz_rest(&f);
    doc = (flags & WORDS) ? spell(&f, doc) : doc;

    ask(&f, &a, doc, depth);

    if (a.rc == QC_OK) {
        check_accepted(&f, &a, doc, depth);

    } else {
        fuzz_check(a.rc == QC_BAD || a.rc == QC_NOSPACE);
        fuzz_check(a.form.len == 0 && a.tags.unknown);
        fuzz_check(a.info.operations == 0 && a.info.fragments == 0);
    }

    fuzz_done(&f);

    return 0;
}


static qc_str_t
spell(fuzz_t *f, qc_str_t in)
{
    size_t       i, len;
    uint8_t     *p;
    const char  *word;

    len = 0;

    for (i = 0; i < in.len; i++) {
        len += strlen(words[in.data[i] % (sizeof(words) / sizeof(words[0]))]);
    }

    p = fuzz_alloc(f, len);
    len = 0;

    for (i = 0; i < in.len; i++) {
        word = words[in.data[i] % (sizeof(words) / sizeof(words[0]))];
        memcpy(p + len, word, strlen(word));
        len += strlen(word);
    }

    return qc_str(p, len);
}


static void
check_accepted(fuzz_t *f, const answer_t *a, qc_str_t doc, size_t depth)
{
    size_t      i;
    answer_t    b;

    static const char *const  between[] = { " ", ",", "\n#{\"\n", "\t\r," };

    fuzz_check(a->info.operations != 0);
    fuzz_check(a->form.data[a->form.len - 1] == '}');

    for (i = 0; i < sizeof(between) / sizeof(between[0]); i++) {
        ask(f, &b, spread(f, a->form, between[i]), depth);

        fuzz_check(b.rc == QC_OK && qc_str_eq(a->form, b.form));
        fuzz_check(b.info.operations == a->info.operations);
        fuzz_check(b.info.fragments == a->info.fragments);

        fuzz_check(qc_str_eq(a->list, b.list));
    }

    ask(f, &b, doc, QC_GRAPHQL_DEPTH_MAX);
    fuzz_check(b.rc == QC_OK && qc_str_eq(a->form, b.form));

    ask(f, &b, qc_str(a->form.data, a->form.len - 1), depth);
    fuzz_check(b.rc != QC_OK);

    ask(f, &b, join(f, a->form, "mutation M{a}"), depth);
    fuzz_check(b.rc == QC_BAD);

    ask(f, &b, join(f, a->form, "{a}"), depth);
    fuzz_check(b.rc == QC_BAD);

    ask(f, &b, join(f, a->form, "fragment ZZZ on T{a}"), depth);
    fuzz_check(b.rc == QC_BAD || b.info.fragments == a->info.fragments + 1);
}


/* Something else than one space between the tokens of a canonical form. */

static qc_str_t
spread(fuzz_t *f, qc_str_t form, const char *between)
{
    size_t    n, len, gap;
    uint8_t  *p;

    gap = strlen(between);
    p = fuzz_alloc(f, (form.len + 1) * (gap + 1));
    len = 0;

    while (form.len != 0) {
        n = token(form);
        fuzz_check(n != 0);

        memcpy(p + len, form.data, n);
        len += n;

        if (n != form.len) {
            fuzz_check(form.data[n++] == ' ');
            fuzz_check(n != form.len);
            memcpy(p + len, between, gap);
            len += gap;
        }

        form = qc_str(form.data + n, form.len - n);
    }

    return qc_str(p, len);
}


/* The length of the first token: only strings have spaces in them. */

static size_t
token(qc_str_t s)
{
    size_t  i, quotes;

    if (s.data[0] != '"') {
        for (i = 0; i < s.len && s.data[i] != ' '; i++) {
            fuzz_check(s.data[i] > ' ' && s.data[i] < 0x7f);
        }

        return i;
    }

    quotes = (s.len > 2 && s.data[1] == '"' && s.data[2] == '"') ? 3 : 1;

    for (i = quotes; i < s.len; i++) {

        if (s.data[i] == '\\') {
            i += (quotes == 1) ? 1
                 : (s.len - i > 3 && memcmp(s.data + i, "\\\"\"\"", 4) == 0)
                 ? 3 : 0;

        } else if (s.data[i] == '"'
                   && (quotes == 1
                       || (s.len - i > 2 && s.data[i + 1] == '"'
                           && s.data[i + 2] == '"')))
        {
            return i + quotes;
        }
    }

    return 0;
}


static qc_str_t
join(fuzz_t *f, qc_str_t a, const char *b)
{
    uint8_t  *p;

    p = fuzz_alloc(f, a.len + strlen(b));
    memcpy(p, a.data, a.len);
    memcpy(p + a.len, b, strlen(b));

    return qc_str(p, a.len + strlen(b));
}


static void
ask(fuzz_t *f, answer_t *a, qc_str_t doc, size_t depth)
{
    size_t    size;
    qc_buf_t  out;

    size = 2 * doc.len + 6;
    qc_tags_init(&a->tags);
    qc_buf_init(&out, fuzz_alloc(f, size), size);

    a->rc = qc_graphql_canonical(doc, depth, &out, &a->info, &a->tags);
    a->form = qc_buf_written(&out);

    a->list = qc_tags_list(&a->tags);

    fuzz_check(qc_tags_valid(a->list));
    fuzz_check(a->rc != QC_NOSPACE || depth < QC_GRAPHQL_DEPTH_MAX);
}
