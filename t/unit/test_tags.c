
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_tags.h"
#include "tap.h"


/* Names of tables, separated by newlines, and their list. */

typedef struct {
    const char  *names;
    const char  *list;
} names_t;


typedef struct {
    const char  *list;
    int          valid;
} valid_t;


static const names_t  names[] = {

    { "", "" },
    { "hits\n", "table:hits" },
    { "db.hits\n", "table:db.hits" },
    { "a\nb\nc\n", "table:a table:b table:c" },

    /* once each, in the order of first sight */

    { "a\na\n", "table:a" },
    { "b\na\nb\na\n", "table:b table:a" },
    { "a\nb\nb\n", "table:a table:b" },
    { "ab\na\nb\nab\n", "table:ab table:a table:b" },
    { "a\nab\n", "table:a table:ab" },
    { "A\na\n", "table:A table:a" },

    /* what a query can name cannot end a tag */

    { "a_b-c.d*e$f9\n", "table:a_b-c.d*e$f9" },
    { "a b\n", "table:a%20b" },
    { "a:b\n", "table:a%3ab" },
    { "a%20b\na b\n", "table:a%2520b table:a%20b" },
    { " \n", "table:%20" },
    { "a,b;c\"d'e\n", "table:a%2cb%3bc%22d%27e" },
    { "a\r\t\x7f\x01\n", "table:a%0d%09%7f%01" },
    { "caf\xc3\xa9\n", "table:caf%c3%a9" },
    { "x table:y\n", "table:x%20table%3ay" },

    /* a name that is not one */

    { "\n", "unknown:" },
    { "a\n\nb\n", "table:a table:b unknown:" }
};


static const valid_t  valid[] = {
    { "", 1 },
    { "table:a", 1 },
    { "table:a table:b", 1 },
    { "table:a.b_c-d*e$f", 1 },
    { "table:a%20b", 1 },
    { "unknown:", 1 },
    { "table:a unknown:", 1 },
    { "table", 0 },
    { "table a:b", 0 },
    { "a:b table", 0 },
    { " ", 0 },
    { " a:b", 0 },
    { "a:b ", 0 },
    { "a:b  c:d", 0 },
    { "a:b\n", 0 },
    { "a:b\r\nX: y", 0 },
    { "a:b\tc:d", 0 },
    { "a:b,c:d", 0 },
    { "a:\"b\"", 0 },
    { "a:b\x80", 0 },
    { "a:b\x7f", 0 }
};


static void test_names(void);
static void test_kinds(void);
static void test_unknown(void);
static void test_every_byte(void);
static void test_full(void);
static void test_long_name(void);
static void test_valid(void);


int
main(void)
{
    test_names();
    test_kinds();
    test_unknown();
    test_every_byte();
    test_full();
    test_long_name();
    test_valid();

    return tap_done();
}


static void
test_names(void)
{
    size_t       i, len;
    qc_str_t     list;
    qc_tags_t    t;
    const char  *p, *end;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        qc_tags_init(&t);

        for (p = names[i].names; *p != '\0'; p = end + 1) {
            end = strchr(p, '\n');
            len = (size_t) (end - p);
            qc_tags_add(&t, "table", qc_str(tap_guard(0, p, len), len));
        }

        list = qc_tags_list(&t);
        tap_mem(list.data, list.len, names[i].list, strlen(names[i].list),
                names[i].list);
        tap_ok(qc_tags_valid(list), "which is valid");
    }
}


static void
test_kinds(void)
{
    qc_str_t   list;
    qc_tags_t  t;

    static const char  want[] = "table:a field:a table:b";

    qc_tags_init(&t);
    qc_tags_add(&t, "table", qc_str("a", 1));
    qc_tags_add(&t, "field", qc_str("a", 1));
    qc_tags_add(&t, "table", qc_str("b", 1));
    qc_tags_add(&t, "field", qc_str("a", 1));

    list = qc_tags_list(&t);
    tap_mem(list.data, list.len, want, strlen(want), "one name, two kinds");
}


/* The list can be asked for again and again, also between two tags. */

static void
test_unknown(void)
{
    int        i;
    qc_str_t   list;
    qc_tags_t  t;

    qc_tags_init(&t);
    qc_tags_unknown(&t);
    qc_tags_unknown(&t);

    for (i = 0; i < 2; i++) {
        list = qc_tags_list(&t);
        tap_mem(list.data, list.len, QC_TAG_UNKNOWN, strlen(QC_TAG_UNKNOWN),
                "nothing but unknown");
    }

    qc_tags_add(&t, "table", qc_str("a", 1));

    for (i = 0; i < 2; i++) {
        list = qc_tags_list(&t);
        tap_mem(list.data, list.len, "table:a unknown:", 16, "it comes last");
    }

    qc_tags_add(&t, "table", qc_str("b", 1));
    list = qc_tags_list(&t);
    tap_mem(list.data, list.len, "table:a table:b unknown:", 24, "again");

    qc_tags_init(&t);
    tap_int((long long) qc_tags_list(&t).len, 0, "a new list");
}


/* Each byte gives one tag of its own, and none that another gives. */

static void
test_every_byte(void)
{
    int        good;
    size_t     tags, i;
    uint8_t    ch;
    unsigned   byte;
    qc_str_t   list;
    qc_tags_t  t;

    good = 1;
    tags = 0;

    for (byte = 0; byte < 256; byte++) {
        ch = (uint8_t) byte;

        qc_tags_init(&t);
        qc_tags_add(&t, "t", qc_str(&ch, 1));
        list = qc_tags_list(&t);

        good &= (qc_tags_valid(list) && memcmp(list.data, "t:", 2) == 0
                 && (list.len == 3 ? list.data[2] == ch
                                   : (list.len == 5 && list.data[2] == '%')));

        tags += (list.len == 3);
    }

    tap_ok(good, "every byte, in a valid list");
    tap_int((long long) tags, 26 + 26 + 10 + 5, "those that stay");

    qc_tags_init(&t);

    for (byte = 0; byte < 256; byte++) {
        ch = (uint8_t) byte;
        qc_tags_add(&t, "", qc_str(&ch, 1));
    }

    list = qc_tags_list(&t);
    tags = 1;

    for (i = 0; i < list.len; i++) {
        tags += (list.data[i] == ' ');
    }

    tap_ok(t.unknown && list.len <= QC_TAGS_MAX && tags > 150,
           "as many as fit, and unknown");
}


/* What does not fit is not cut, and what fits after it is taken. */

static void
test_full(void)
{
    size_t      i, len, room;
    qc_str_t    list;
    qc_tags_t  *t;
    uint8_t     name[QC_TAGS_MAX];

    memset(name, 'x', sizeof(name));

    room = QC_TAGS_MAX - strlen(" " QC_TAG_UNKNOWN);

    for (len = room - 6; len <= room + 2; len++) {
        t = (qc_tags_t *) (void *) tap_guard(0, NULL, sizeof(qc_tags_t));

        qc_tags_init(t);
        qc_tags_add(t, "t", qc_str(name, len - 2));
        list = qc_tags_list(t);

        if (len <= room) {
            tap_ok(list.len == len && !t->unknown, "one tag of %zu", len);

        } else {
            tap_mem(list.data, list.len, QC_TAG_UNKNOWN,
                    strlen(QC_TAG_UNKNOWN), "one byte too long");
        }

        tap_ok(qc_tags_valid(list), "valid");

        qc_tags_unknown(t);
        list = qc_tags_list(t);
        tap_ok(list.len <= QC_TAGS_MAX && qc_tags_valid(list),
               "and with unknown: %zu", list.len);
    }

    t = (qc_tags_t *) (void *) tap_guard(0, NULL, sizeof(qc_tags_t));
    qc_tags_init(t);

    for (i = 0; i < 100000; i++) {
        name[0] = (uint8_t) ('a' + i % 26);
        name[1] = (uint8_t) ('a' + i / 26 % 26);
        name[2] = (uint8_t) ('a' + i / 676 % 26);
        qc_tags_add(t, "table", qc_str(name, 3));
    }

    list = qc_tags_list(t);
    tap_ok(t->unknown && qc_tags_valid(list) && list.len <= QC_TAGS_MAX,
           "17576 tags are too many");

    len = list.len;
    qc_tags_add(t, "table", qc_str("aaa", 3));
    qc_tags_add(t, "table", qc_str("zzz", 3));
    tap_int((long long) qc_tags_list(t).len, (long long) len,
            "neither the first nor the last adds anything");
    tap_mem(list.data, 19, "table:aaa table:baa", 19, "the first are there");

    qc_tags_init(t);
    qc_tags_add(t, "t", qc_str(name, sizeof(name)));
    qc_tags_add(t, "t", qc_str("a", 1));
    list = qc_tags_list(t);
    tap_mem(list.data, list.len, "t:a unknown:", 12, "a short one after it");
}


/* A name that is not printable takes three times its bytes. */

static void
test_long_name(void)
{
    size_t     len;
    qc_str_t   list;
    qc_tags_t  t;
    uint8_t   *name;

    for (len = 330; len <= 345; len++) {
        name = tap_guard(0, NULL, len);
        memset(name, 0xff, len);

        qc_tags_init(&t);
        qc_tags_add(&t, "t", qc_str(name, len));
        list = qc_tags_list(&t);

        tap_ok(qc_tags_valid(list)
               && list.len == ((2 + 3 * len <= QC_TAGS_MAX - 9)
                               ? 2 + 3 * len : strlen(QC_TAG_UNKNOWN)),
               "%zu bytes, encoded or unknown", len);
    }

    len = 200000;
    name = tap_guard(0, NULL, len);
    memset(name, ' ', len);

    qc_tags_init(&t);
    qc_tags_add(&t, "t", qc_str(name, len));
    tap_int((long long) qc_tags_list(&t).len,
            (long long) strlen(QC_TAG_UNKNOWN), "a very long one");
}


static void
test_valid(void)
{
    size_t   i, len;
    uint8_t  list[QC_TAGS_MAX + 1];

    for (i = 0; i < sizeof(valid) / sizeof(valid[0]); i++) {
        len = strlen(valid[i].list);

        tap_int(qc_tags_valid(qc_str(tap_guard(0, valid[i].list, len), len)),
                valid[i].valid, valid[i].list);
    }

    memset(list, 'x', sizeof(list));
    list[1] = ':';

    tap_int(qc_tags_valid(qc_str(list, QC_TAGS_MAX)), 1, "the longest list");
    tap_int(qc_tags_valid(qc_str(list, QC_TAGS_MAX + 1)), 0,
            "one byte more");
    tap_int(qc_tags_valid(qc_str("a:b\0c:d", 7)), 0, "a NUL");
    tap_int(qc_tags_valid(qc_str(NULL, 0)), 1, "nothing");
}
