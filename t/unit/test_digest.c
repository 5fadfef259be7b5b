
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_digest.h"
#include "tap.h"


typedef struct {
    const char  *section;              /* of RFC 9530 */
    const char  *lines;                /* with "|" between them */
    int          want;
} row_t;


static const row_t  rows[] = {
    { "4", "sha-256=1", 1 },
    { "4", "sha-256=10", 1 },
    { "4", "sha-256=10, sha-512=3", 1 },
    { "4", "sha-512=3, sha-256=10, unixsum=0", 1 },
    { "4 parameters", "sha-256=3;a=b", 1 },
    { "4 not acceptable", "sha-256=0", 0 },
    { "4 not acceptable", "sha-256=0, sha-512=9", 0 },
    { "4 others", "sha-512=10", 0 },
    { "4 others", "sha=10, md5=1", 0 },
    { "4 none", "", 0 },
    { "4 too much", "sha-256=11", 0 },
    { "4 negative", "sha-256=-1", 0 },
    { "4 decimal", "sha-256=1.0", 0 },
    { "4 boolean", "sha-256", 0 },
    { "4 token", "sha-256=a", 0 },
    { "4 list", "sha-256=(1)", 0 },
    { "4 of another type beside it", "sha-256=1, sha-512=a", 1 },
    { "4 last one counts", "sha-256=0, sha-256=1", 1 },
    { "4 last one counts", "sha-256=1, sha-256=0", 0 },
    { "4 lines", "sha-512=1|sha-256=1", 1 },
    { "4 lines", "sha-256=1|sha-256=0", 0 },
    { "4 malformed", "sha-256=1,", 0 },
    { "4 malformed", "SHA-256=1", 0 },
    { "4 malformed", "sha-256=1 sha-512=1", 0 },
    { "4 malformed line", "sha-256=1|=", 0 },
    { "4 of RFC 3230", "sha-256;q=0.3, sha-512;q=1", 0 }
};


static int wanted(const char *lines);
static void test_write(void);


int
main(void)
{
    size_t        i;
    const row_t  *row;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        row = &rows[i];
        tap_ok(wanted(row->lines) == row->want, "%s: %s", row->section,
               row->lines);
    }

    tap_ok(!qc_digest_wanted(NULL, 0), "no lines");

    test_write();

    return tap_done();
}


static int
wanted(const char *lines)
{
    size_t    n, len;
    qc_str_t  s[4];

    for (n = 0; n < 4; n++) {
        len = strcspn(lines, "|");
        s[n] = qc_str(tap_guard((unsigned) n, lines, len), len);
        lines += len;

        if (*lines++ == '\0') {
            break;
        }
    }

    return qc_digest_wanted(s, n + 1);
}


/* The examples of appendix B.1, and sums whose digits are not of base64url. */

static void
test_write(void)
{
    uint8_t   sum[QC_SHA256_LEN];
    qc_buf_t  b;

    static const char  hello[] =
        "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:";
    static const char  ones[] =
        "sha-256=://////////////////////////////////////////8=:";

    (void) qc_sha256("{\"hello\": \"world\"}\n", 19, sum);

    qc_buf_init(&b, tap_guard(0, NULL, QC_DIGEST_FIELD), QC_DIGEST_FIELD);
    qc_digest_write(&b, sum);
    tap_ok(qc_buf_status(&b) == QC_OK
           && qc_str_eq(qc_buf_written(&b), qc_str(hello, strlen(hello))),
           "B.1");

    memset(sum, 0xff, sizeof(sum));
    qc_buf_init(&b, tap_guard(0, NULL, QC_DIGEST_FIELD), QC_DIGEST_FIELD);
    qc_digest_write(&b, sum);
    tap_ok(qc_str_eq(qc_buf_written(&b), qc_str(ones, strlen(ones))),
           "all ones");

    qc_buf_init(&b, tap_guard(0, NULL, QC_DIGEST_FIELD - 1),
                QC_DIGEST_FIELD - 1);
    qc_digest_write(&b, sum);
    tap_ok(qc_buf_status(&b) == QC_NOSPACE, "no space");
}
