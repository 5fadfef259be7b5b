
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_groups.h"
#include "tap.h"


typedef struct {
    const char  *section;              /* of RFC 9875 */
    const char  *lines;                /* with "|" between them */
    const char  *want;                 /* [group]...; "-": to be ignored */
} row_t;


static const row_t  rows[] = {
    { "2 empty", "", "" },
    { "2 example", "\"scripts\"", "[scripts]" },
    { "3 example", "\"eurovision-results\", \"australia\"",
      "[eurovision-results][australia]" },
    { "2 parameters", "\"a\";b;c=1, \"d\"", "[a][d]" },
    { "2.1 case", "\"a\", \"A\"", "[a][A]" },
    { "2.1 twice", "\"a\", \"b\", \"a\"", "[a][b]" },
    { "2 empty string", "\"\"", "[]" },
    { "2 escapes", "\"a\\\"b\\\\c\"", "[a\"b\\c]" },
    { "2 escapes, twice", "\"a\\\\\", \"a\\\\\"", "[a\\]" },
    { "2 comma within", "\"a, b\"", "[a, b]" },
    { "2 lines", "\"a\"|\"b\", \"c\"", "[a][b][c]" },
    { "2 lines, one empty", "\"a\"||\"b\"", "[a][b]" },
    { "2 token", "a", "-" },
    { "2 token later", "\"a\", b", "-" },
    { "2 inner list", "(\"a\" \"b\")", "-" },
    { "2 display string", "%\"a\"", "-" },
    { "2 integer", "\"a\", 1", "-" },
    { "2 bytes", ":YQ==:", "-" },
    { "2 malformed", "\"a\", ", "-" },
    { "2 malformed", "\"a", "-" },
    { "2 malformed", "\"a\" \"b\"", "-" },
    { "2 malformed", "\"\xc3\xbc\"", "-" },
    { "2 malformed first line", "\"a|b\", \"c\"", "-" },
    { "2 malformed last line", "\"a\"|\"b\",", "-" }
};


static void test_rows(void);
static void test_limits(void);
static void many(qc_groups_t *g, unsigned n, unsigned len);
static const char *show(const char *lines, char *text, size_t size);


int
main(void)
{
    test_rows();
    test_limits();

    return tap_done();
}


static void
test_rows(void)
{
    char          text[512];
    size_t        i;
    const char   *got;
    const row_t  *row;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        row = &rows[i];
        got = show(row->lines, text, sizeof(text));

        if (!tap_ok(strcmp(got, row->want) == 0, "%s: %s", row->section,
                    row->lines))
        {
            printf("#      got: %s\n# expected: %s\n", got, row->want);
        }
    }
}


static void
test_limits(void)
{
    qc_groups_t  *g;

    g = tap_guard(1, NULL, sizeof(qc_groups_t));

    many(g, 32, 32);
    tap_ok(g->n == 32 && !g->over && !g->bad, "2: 32 groups of 32 bytes");

    many(g, QC_GROUPS, QC_GROUP_MAX);
    tap_ok(g->n == QC_GROUPS && !g->over, "as many and as long as fit");
    tap_ok(qc_groups_add(g, qc_str(tap_guard(0, "\"x\"", 3), 3)) == QC_NOSPACE
           && g->n == QC_GROUPS && g->over, "one more");
    tap_ok(qc_groups_add(g, qc_str("", 0)) == QC_NOSPACE,
           "one more, and another line");
    tap_ok(qc_groups_add(g, qc_str(tap_guard(0, "x", 1), 1)) == QC_BAD
           && g->n == 0 && g->bad, "one more, and malformed");
    tap_ok(qc_groups_add(g, qc_str(tap_guard(0, "\"x\"", 3), 3)) == QC_BAD
           && g->n == 0, "malformed stays so");

    many(g, QC_GROUPS, 40);
    many(g, 0, 0);
    tap_ok(g->n == 0 && !g->over, "empty anew");

    many(g, 3, QC_GROUP_MAX + 1);
    tap_ok(g->n == 0 && g->over && !g->bad, "too long ones");
    tap_ok(qc_groups_add(g, qc_str(tap_guard(0, "\"x\"", 3), 3)) == QC_NOSPACE
           && g->n == 1 && qc_str_eq(qc_groups_get(g, 0), qc_str("x", 1)),
           "what is not too long is there");

    many(g, QC_GROUPS, 8);
    tap_ok(qc_groups_add(g, qc_str(tap_guard(0, "\"aaaaaa00\"", 10), 10))
           == QC_OK && !g->over, "full, and one that is there");
}


/* n lines of one group of len bytes each, which ends with its number. */

static void
many(qc_groups_t *g, unsigned n, unsigned len)
{
    char      line[512];
    unsigned  i;

    qc_groups_init(g);

    for (i = 0; i < n; i++) {
        memset(line, 'a', len + 2);
        line[0] = '"';
        snprintf(line + len - 1, 4, "%02u\"", i);

        (void) qc_groups_add(g, qc_str(tap_guard(0, line, len + 2), len + 2));
    }
}


static const char *
show(const char *lines, char *text, size_t size)
{
    int           n;
    size_t        i, len;
    qc_rc_e       rc;
    qc_str_t      s;
    qc_groups_t  *g;

    g = tap_guard(1, NULL, sizeof(qc_groups_t));
    qc_groups_init(g);

    for ( ;; ) {
        len = strcspn(lines, "|");
        rc = qc_groups_add(g, qc_str(tap_guard(0, lines, len), len));
        lines += len;

        if (*lines++ == '\0') {
            break;
        }
    }

    if (rc != QC_OK) {
        return (rc == QC_BAD && g->bad && g->n == 0) ? "-" : "?";
    }

    text[0] = '\0';
    n = 0;

    for (i = 0; i < g->n; i++) {
        s = qc_groups_get(g, i);
        n += snprintf(text + n, size - (size_t) n, "[%.*s]", (int) s.len,
                      (const char *) s.data);
    }

    return text;
}
