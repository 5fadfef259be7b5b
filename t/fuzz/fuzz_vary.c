
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * Names are valid if they are what comes of reading them; a normalised value
 * is normalised; lists that are written in two ways are one, and with one
 * weight or member more they are others; and a key is that of its fields and
 * of no other.  The input is what is done, then lines with LF between them.
 */

#include "fuzz.h"
#include "qc_vary.h"


#define LINES    8
#define MEMBERS  12


typedef struct {
    uint8_t   name;                    /* 'a' to 'z' */
    unsigned  weight;
} member_t;


static const char *const  fields[] = {
    "accept", "accept-charset", "accept-encoding", "accept-language",
    "user-agent"
};


static void check_names(fuzz_t *f, qc_str_t lines);
static size_t split(fuzz_t *f, qc_str_t text, const char *name,
    qc_field_t *headers, size_t max);
static void check_value(fuzz_t *f, const char *name, qc_str_t lines);
static void check_other(fuzz_t *f, qc_str_t a, qc_str_t b);
static qc_rc_e key_of(const char *name, const qc_field_t *headers, size_t n,
    uint8_t key[QC_KEY_LEN]);
static void check_list(fuzz_t *f, const char *name);
static void check_text(const char *name, const qc_field_t *headers, size_t n,
    const member_t *members, size_t nmembers);
static void check_twice(fuzz_t *f, const char *name, member_t *members,
    size_t n);
static int is_sorted(const char *name);
static size_t members_of(fuzz_t *f, member_t *members);
static qc_field_t list_of(fuzz_t *f, const char *name,
    const member_t *members, size_t n, int noise);
static void put_space(fuzz_t *f, qc_buf_t *b, int noise);
static void put_weight(fuzz_t *f, qc_buf_t *b, unsigned weight, int noise);


static qc_sha256_t  sha;


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_t       f;
    unsigned     how;
    qc_str_t     a, b;
    const char  *name;

    if (sha.ctx == NULL) {
        fuzz_check(qc_sha256_create(&sha) == QC_OK);
    }

    fuzz_init(&f, data, size);

    how = fuzz_u8(&f);
    name = fields[(how >> 2) % 5];

    switch (how & 3) {

    case 0:
        check_names(&f, fuzz_rest(&f));
        break;

    case 1:
        check_value(&f, name, fuzz_rest(&f));
        break;

    case 2:
        a = fuzz_str(&f, fuzz_u8(&f));
        b = fuzz_rest(&f);
        check_other(&f, a, b);
        break;

    default:
        check_list(&f, fields[(how >> 2) % 4]);
    }

    fuzz_done(&f);

    return 0;
}


static void
check_names(fuzz_t *f, qc_str_t lines)
{
    int         good;
    size_t      i, n;
    qc_str_t    names, list, name;
    qc_vary_t   v, w;
    qc_field_t  headers[LINES];

    /* valid is what stays as it is */

    qc_vary_init(&v);
    qc_vary_add(&v, lines);
    names = qc_vary_names(&v);
    fuzz_check(qc_vary_valid(lines)
               == (lines.len != 0 && qc_str_eq(names, lines)));

    qc_vary_init(&w);
    fuzz_check(qc_vary_merge(&w, lines) == qc_vary_valid(lines));

    /* in any order */

    n = split(f, lines, "vary", headers, LINES);
    qc_vary_init(&v);
    qc_vary_init(&w);

    for (i = 0; i < n; i++) {
        good = !v.bad;
        qc_vary_add(&v, headers[i].value);
        qc_vary_add(&w, headers[n - 1 - i].value);
        fuzz_check(good || v.bad);
    }

    fuzz_check(v.bad == w.bad);
    names = qc_vary_names(&v);
    fuzz_check(qc_str_eq(names, qc_vary_names(&w)));

    if (v.bad) {
        fuzz_check(names.len == 0 && !qc_vary_merge(&v, qc_str("a", 1)));
        return;
    }

    fuzz_check(v.n <= QC_VARY_NAMES && v.len <= QC_VARY_MAX);
    fuzz_check(qc_vary_valid(names) == (v.n != 0));
    fuzz_check(qc_vary_merge(&w, names) == (v.n != 0));
    fuzz_check(v.n == 0 || w.n == v.n);

    /* each is there once */

    n = v.n;

    for (list = fuzz_copy(f, names.data, names.len);
         qc_vary_next(&list, &name);
         n--)
    {
        fuzz_check(v.n == n);
        qc_vary_drop(&v, name);
        fuzz_check(v.n == n - 1 && v.len == list.len);
    }

    fuzz_check(n == 0 && v.n == 0 && v.len == 0);
}


static size_t
split(fuzz_t *f, qc_str_t text, const char *name, qc_field_t *headers,
    size_t max)
{
    size_t          n, len;
    const uint8_t  *p;

    for (n = 0; n < max; n++) {
        p = (text.len != 0) ? memchr(text.data, '\n', text.len) : NULL;
        len = (p != NULL && n < max - 1) ? (size_t) (p - text.data) : text.len;

        headers[n].name = qc_str(name, strlen(name));
        headers[n].value = fuzz_copy(f, text.data, len);

        if (len == text.len) {
            return n + 1;
        }

        text.data += len + 1;
        text.len -= len + 1;
    }

    return n;
}


static void
check_value(fuzz_t *f, const char *name, qc_str_t lines)
{
    size_t      i, n, len;
    uint8_t    *p, one[QC_KEY_LEN], two[QC_KEY_LEN];
    qc_buf_t    a, b;
    qc_str_t    text;
    qc_field_t  headers[LINES + 1];

    n = split(f, lines, name, headers, LINES);
    text = qc_str(name, strlen(name));
    len = lines.len;

    qc_buf_init(&a, fuzz_alloc(f, len), len);

    if (qc_vary_value(text, headers, n, &a) != QC_OK) {
        fuzz_check(qc_vary_value(text, headers, n, &a) == QC_BAD);
        fuzz_check(key_of(name, headers, n, one) == QC_BAD);
        return;
    }

    fuzz_check(key_of(name, headers, n, one) == QC_OK);

    /* space around a value changes nothing */

    for (i = 0; i < n; i++) {
        len = headers[i].value.len;
        p = fuzz_alloc(f, len + 4);
        memset(p, (len & 1) ? ' ' : '\t', len + 4);
        memcpy(p + len % 5, headers[i].value.data, len);
        headers[i].value = qc_str(p, len + 4);
    }

    fuzz_check(key_of(name, headers, n, two) == QC_OK);
    fuzz_check(memcmp(one, two, QC_KEY_LEN) == 0);

    /* another member does */

    headers[n].name = text;
    headers[n].value = qc_str("new/x-6f1d", 10);

    if (!qc_name_within(lines, qc_str("x-6f1d", 6))) {
        fuzz_check(key_of(name, headers, n + 1, two) == QC_OK);
        fuzz_check(memcmp(one, two, QC_KEY_LEN) != 0);
    }

    /* and what was normalised is */

    n = split(f, qc_buf_written(&a), name, headers, LINES + 1);
    len = qc_buf_len(&a);
    qc_buf_init(&b, fuzz_alloc(f, len), len);
    fuzz_check(qc_vary_value(text, headers, n, &b) == QC_OK);
    fuzz_check(qc_str_eq(qc_buf_written(&a), qc_buf_written(&b)));
}


/* Values of a field that is no list: the same key for the same bytes. */

static void
check_other(fuzz_t *f, qc_str_t a, qc_str_t b)
{
    qc_rc_e     rc;
    uint8_t     one[QC_KEY_LEN], two[QC_KEY_LEN], both[QC_KEY_LEN];
    qc_field_t  headers[2];

    a = fuzz_copy(f, a.data, a.len);
    headers[0].name = qc_str("a", 1);
    headers[0].value = a;
    headers[1].name = qc_str("b", 1);
    headers[1].value = b;

    rc = key_of("a", headers, 1, one);
    fuzz_check(key_of("a", headers, 2, two) == rc);

    if (rc != QC_OK) {
        return;
    }

    fuzz_check(memcmp(one, two, QC_KEY_LEN) == 0);

    if (key_of("a,b", headers, 2, both) == QC_OK) {
        fuzz_check(memcmp(one, both, QC_KEY_LEN) != 0);
        fuzz_check(key_of("a,b", headers, 1, two) == QC_OK);
        fuzz_check(memcmp(both, two, QC_KEY_LEN) != 0);
    }

    headers[1].name = qc_str("a", 1);

    if (key_of("a", headers, 2, two) == QC_OK) {
        fuzz_check(memcmp(one, two, QC_KEY_LEN) != 0);
    }

    if (key_of("a", &headers[1], 1, two) != QC_OK) {
        return;
    }

    /* without the space around them */

    while (a.len != 0 && (a.data[0] == ' ' || a.data[0] == '\t')) {
        a.data++;
        a.len--;
    }

    while (a.len != 0
           && (a.data[a.len - 1] == ' ' || a.data[a.len - 1] == '\t'))
    {
        a.len--;
    }

    while (b.len != 0 && (b.data[0] == ' ' || b.data[0] == '\t')) {
        b.data++;
        b.len--;
    }

    while (b.len != 0
           && (b.data[b.len - 1] == ' ' || b.data[b.len - 1] == '\t'))
    {
        b.len--;
    }

    fuzz_check(qc_str_eq(a, b) == (memcmp(one, two, QC_KEY_LEN) == 0));
}


static qc_rc_e
key_of(const char *name, const qc_field_t *headers, size_t n,
    uint8_t key[QC_KEY_LEN])
{
    return qc_vary_key(qc_str(name, strlen(name)),
                       (const uint8_t *) "0123456789abcdef0123456789ABCDEF",
                       headers, n, &sha, key);
}


/* One list in two ways, and then another list. */

static void
check_list(fuzz_t *f, const char *name)
{
    size_t      i, n;
    uint8_t     one[QC_KEY_LEN], two[QC_KEY_LEN];
    member_t    members[MEMBERS + 1], swap;
    unsigned    how;
    qc_field_t  headers[3];

    n = members_of(f, members);
    headers[0] = list_of(f, name, members, n, 0);
    fuzz_check(key_of(name, headers, 1, one) == QC_OK);

    /* of two weights one is first wherever it stands, and so is a name */

    for (i = 0; i + 1 < n; i++) {
        how = fuzz_u8(f);

        if ((how & 1) && (members[i].weight != members[i + 1].weight
                          || is_sorted(name)))
        {
            swap = members[i];
            members[i] = members[i + 1];
            members[i + 1] = swap;
        }
    }

    i = fuzz_u8(f) % (n + 1);
    headers[0] = list_of(f, name, members, i, 1);
    headers[1].name = qc_str("x", 1);
    headers[1].value = qc_str("a/a", 3);
    headers[2] = list_of(f, name, members + i, n - i, 1);
    fuzz_check(key_of(name, headers, 3, two) == QC_OK);
    fuzz_check(memcmp(one, two, QC_KEY_LEN) == 0);

    check_text(name, headers, 3, members, n);
    check_twice(f, name, members, n);

    if (n != 0) {
        members[n - 1].weight = (members[n - 1].weight + 1 + fuzz_u8(f))
                                % 1001;
        headers[0] = list_of(f, name, members, n, 1);
        fuzz_check(key_of(name, headers, 1, two) == QC_OK);
        fuzz_check(memcmp(one, two, QC_KEY_LEN) != 0);

        headers[0] = list_of(f, name, members, n - 1, 1);
        fuzz_check(key_of(name, headers, 1, two) == QC_OK);
        fuzz_check(memcmp(one, two, QC_KEY_LEN) != 0);
    }
}


/* The one that comes next is taken out, again and again. */

static void
check_text(const char *name, const qc_field_t *headers, size_t n,
    const member_t *members, size_t nmembers)
{
    char             text[512];
    size_t           i, len;
    uint8_t          mem[512];
    qc_buf_t         b;
    unsigned         done;
    const member_t  *m, *next;

    len = 0;
    done = 0;

    for ( ;; ) {
        next = NULL;

        for (i = 0; i < nmembers; i++) {
            m = &members[i];

            if (!(done & (1u << i))
                && (next == NULL || m->weight > next->weight
                    || (m->weight == next->weight && is_sorted(name)
                        && m->name < next->name)))
            {
                next = m;
            }
        }

        if (next == NULL) {
            break;
        }

        done |= 1u << (next - members);
        len += (size_t) snprintf(text + len, sizeof(text) - len, "%s%s%c%s",
                                 (len != 0) ? "," : "",
                                 (strcmp(name, "accept") == 0) ? "a/" : "",
                                 next->name,
                                 (next->weight != 1000) ? ";q=" : "");

        if (next->weight != 1000) {
            len += (size_t) snprintf(text + len, sizeof(text) - len, "%g",
                                     (double) next->weight / 1000);
        }
    }

    qc_buf_init(&b, mem, sizeof(mem));
    fuzz_check(qc_vary_value(qc_str(name, strlen(name)), headers, n, &b)
               == QC_OK);
    fuzz_check(qc_str_eq(qc_buf_written(&b), qc_str(text, len)));
}


/* Which of two weights counts depends on the reader, and on their order. */

static void
check_twice(fuzz_t *f, const char *name, member_t *members, size_t n)
{
    uint8_t     one[QC_KEY_LEN], two[QC_KEY_LEN];
    member_t    swap;
    qc_field_t  header;

    if (n == 0) {
        return;
    }

    swap = members[0];
    members[n] = swap;
    members[n].weight = (swap.weight + 1 + fuzz_u8(f)) % 1001;

    header = list_of(f, name, members, n, 0);
    fuzz_check(key_of(name, &header, 1, two) == QC_OK);

    header = list_of(f, name, members, n + 1, 0);
    fuzz_check(key_of(name, &header, 1, one) == QC_OK);
    fuzz_check(memcmp(one, two, QC_KEY_LEN) != 0);

    members[0] = members[n];
    members[n] = swap;

    header = list_of(f, name, members, n + 1, 0);
    fuzz_check(key_of(name, &header, 1, two) == QC_OK);
    fuzz_check(memcmp(one, two, QC_KEY_LEN) != 0);

    members[0] = swap;
}


static int
is_sorted(const char *name)
{
    return strcmp(name, "accept-charset") == 0
           || strcmp(name, "accept-encoding") == 0;
}


static size_t
members_of(fuzz_t *f, member_t *members)
{
    size_t  i, n;

    n = 0;

    while (n < MEMBERS && f->len >= 3) {
        members[n].name = (uint8_t) ('a' + fuzz_u8(f) % 26);
        members[n].weight = fuzz_u16(f) % 1001;

        for (i = 0; i < n && members[i].name != members[n].name; i++) {
            /* void */
        }

        n += (i == n);
    }

    return n;
}


static qc_field_t
list_of(fuzz_t *f, const char *name, const member_t *members, size_t n,
    int noise)
{
    size_t      i;
    uint8_t     ch;
    qc_buf_t    b;
    qc_field_t  field;

    qc_buf_init(&b, fuzz_alloc(f, 2048), 2048);

    for (i = 0; i < n; i++) {
        put_space(f, &b, noise);
        ch = members[i].name;

        if (strcmp(name, "accept") == 0) {
            qc_buf_cstr(&b, (noise && (fuzz_u8(f) & 1)) ? "A/" : "a/");
        }

        if (noise && (fuzz_u8(f) & 1)) {
            ch = (uint8_t) (ch - 'a' + 'A');
        }

        qc_buf_u8(&b, ch);
        put_weight(f, &b, members[i].weight, noise);
        put_space(f, &b, noise);

        if (i + 1 < n || noise) {
            qc_buf_char(&b, ',');
        }

        if (noise && (fuzz_u8(f) & 1)) {
            qc_buf_cstr(&b, " ,");
        }
    }

    fuzz_check(qc_buf_status(&b) == QC_OK);

    field.name = qc_str(name, strlen(name));
    field.value = fuzz_copy(f, b.start, qc_buf_len(&b));

    return field;
}


static void
put_space(fuzz_t *f, qc_buf_t *b, int noise)
{
    static const char *const  spaces[] = { "", " ", "\t", " \t " };

    if (noise) {
        qc_buf_cstr(b, spaces[fuzz_u8(f) & 3]);
    }
}


static void
put_weight(fuzz_t *f, qc_buf_t *b, unsigned weight, int noise)
{
    char    text[32];
    size_t  len;

    if (weight == 1000 && !(noise && (fuzz_u8(f) & 1))) {
        return;
    }

    put_space(f, b, noise);
    qc_buf_char(b, ';');
    put_space(f, b, noise);
    qc_buf_char(b, (noise && (fuzz_u8(f) & 1)) ? 'Q' : 'q');

    snprintf(text, sizeof(text), "=%u.%03u", weight / 1000, weight % 1000);
    len = strlen(text);

    /* zeros at the end, and the point, may be left out */

    while (text[len - 1] == '0' && text[len - 2] != '='
           && (!noise || (fuzz_u8(f) & 1)))
    {
        len--;
    }

    if (text[len - 1] == '.' && (!noise || (fuzz_u8(f) & 1))) {
        len--;
    }

    qc_buf_put(b, text, len);
}
