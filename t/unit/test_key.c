
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "sample.h"
#include "qc_key.h"
#include "tap.h"


#define FIELDS  3


typedef struct {
    const char  *name;
    const char  *fields[2 * FIELDS];   /* name, value, ... */
} list_t;


static void key_of(const list_t *list, uint8_t key[QC_KEY_LEN]);
static void test_golden(void);
static void test_distinct(void);
static void test_pieces(void);
static void test_failures(void);


/* Lists that a key made by joining strings would take for one another. */

static const list_t  lists[] = {
    { "no field", { NULL } },
    { "an empty field", { "", "" } },
    { "two empty fields", { "", "", "", "" } },
    { "a name", { "a", "" } },
    { "a value", { "", "a" } },
    { "a:b", { "a", "b" } },
    { "ab:", { "ab", "" } },
    { ":ab", { "", "ab" } },
    { "b:a", { "b", "a" } },
    { "a:b c:d", { "a", "b", "c", "d" } },
    { "c:d a:b", { "c", "d", "a", "b" } },
    { "a:bc :d", { "a", "bc", "", "d" } },
    { "a:b cd:", { "a", "b", "cd", "" } },
    { "a:bcd", { "a", "bcd" } },
    { "ab:c :d", { "ab", "c", "", "d" } },
    { "upper case", { "A", "B" } },
    { "a space", { "a", "b " } },
    { "a value twice", { "a", "b", "a", "b" } },
    { "user and password", { "u", "ab", "p", "c" } },
    { "user and password moved", { "u", "a", "p", "bc" } },
    { "host in uri", { "host", "h", "uri", "/a", "args", "b" } },
    { "args in uri", { "host", "h", "uri", "/a?b", "args", "" } },
    { "uri in host", { "host", "h/a", "uri", "", "args", "b" } },
    { "a length inside a value", { "a", "b\001" } }
};

#define LISTS  (sizeof(lists) / sizeof(lists[0]))


static qc_sha256_t  sha;


int
main(void)
{
    qc_sha256_create(&sha);

    test_golden();
    test_distinct();
    test_pieces();
    test_failures();

    qc_sha256_destroy(&sha);

    return tap_done();
}


static void
key_of(const list_t *list, uint8_t key[QC_KEY_LEN])
{
    size_t       i, name_len, value_len;
    qc_key_t     k;
    const char  *name, *value;

    qc_key_start(&k, &sha);

    for (i = 0; i < FIELDS && list->fields[2 * i] != NULL; i++) {
        name = list->fields[2 * i];
        value = list->fields[2 * i + 1];
        name_len = strlen(name);
        value_len = strlen(value);

        qc_key_field(&k, qc_str(tap_guard(0, name, name_len), name_len),
                     qc_str(tap_guard(1, value, value_len), value_len));
    }

    if (qc_key_final(&k, key) != QC_OK) {
        memset(key, 0, QC_KEY_LEN);
    }
}


static void
test_golden(void)
{
    uint8_t              key[QC_KEY_LEN], want[QC_KEY_LEN];

    static const list_t  list = {
        "", { "host", "example.com", "uri", "/a", "body", "SELECT 1" }
    };

    sample_bytes("8fc742030d6a3e59ba7245147b07b3818b655d7e71890543a4c5e8a104"
                 "39b46b", want);
    key_of(&list, key);
    tap_mem(key, QC_KEY_LEN, want, QC_KEY_LEN, "key of three fields");

    sample_bytes("ebaffb2d654351e2f824544bb22cac3f718fd7bdb688f3be08b380d575"
                 "2c72f3", want);
    key_of(&lists[0], key);
    tap_mem(key, QC_KEY_LEN, want, QC_KEY_LEN, "key of none");
}


static void
test_distinct(void)
{
    size_t   i, j;
    uint8_t  keys[LISTS][QC_KEY_LEN], again[QC_KEY_LEN];

    for (i = 0; i < LISTS; i++) {
        key_of(&lists[i], keys[i]);
        key_of(&lists[i], again);

        for (j = 0; j < i; j++) {
            if (memcmp(keys[i], keys[j], QC_KEY_LEN) == 0) {
                break;
            }
        }

        tap_ok(j == i && memcmp(keys[i], again, QC_KEY_LEN) == 0,
               "one key of its own: %s", lists[i].name);
    }
}


static void
test_pieces(void)
{
    int       same;
    size_t    i, step;
    uint8_t   want[QC_KEY_LEN], key[QC_KEY_LEN];
    qc_key_t  k;

    static const char  body[] = "SELECT count() FROM events WHERE day = 7";

    qc_key_start(&k, &sha);
    qc_key_field(&k, qc_str("body", 4), qc_str(body, sizeof(body)));
    tap_int(qc_key_final(&k, want), QC_OK, "in one piece");

    same = 1;

    for (step = 1; step <= sizeof(body); step++) {
        qc_key_start(&k, &sha);
        qc_key_open(&k, qc_str("body", 4), sizeof(body));

        for (i = 0; i < sizeof(body); i += step) {
            qc_key_piece(&k, body + i,
                         (sizeof(body) - i < step) ? sizeof(body) - i : step);
            qc_key_piece(&k, NULL, 0);
        }

        same &= (qc_key_final(&k, key) == QC_OK);
        same &= (memcmp(key, want, QC_KEY_LEN) == 0);
    }

    tap_ok(same, "in pieces of every size");
}


static void
test_failures(void)
{
    uint8_t   key[QC_KEY_LEN];
    qc_key_t  k;
    qc_str_t  a;

    a = qc_str("a", 1);

    qc_key_start(&k, &sha);
    qc_key_open(&k, a, 3);
    qc_key_piece(&k, "12", 2);
    tap_int(qc_key_final(&k, key), QC_BAD, "pieces too short");

    qc_key_start(&k, &sha);
    qc_key_open(&k, a, 3);
    qc_key_piece(&k, "12", 2);
    qc_key_piece(&k, "34", 2);
    tap_int(qc_key_final(&k, key), QC_BAD, "pieces too long");

    qc_key_piece(&k, "3", 1);
    tap_int(qc_key_final(&k, key), QC_BAD, "and that is final");

    qc_key_start(&k, &sha);
    qc_key_open(&k, a, 3);
    qc_key_piece(&k, "12", 2);
    qc_key_field(&k, a, a);
    tap_int(qc_key_final(&k, key), QC_BAD, "a field inside a field");

    qc_key_start(&k, &sha);
    qc_key_piece(&k, "1", 1);
    tap_int(qc_key_final(&k, key), QC_BAD, "a piece of no field");

    qc_key_start(&k, &sha);
    qc_key_field(&k, qc_str(tap_guard(0, NULL, 65536), 65536), a);
    tap_int(qc_key_final(&k, key), QC_BAD, "a name too long for its length");

    qc_key_start(&k, &sha);
    qc_key_field(&k, qc_str(tap_guard(0, NULL, 65535), 65535), a);
    tap_int(qc_key_final(&k, key), QC_OK, "the longest name");
}
