
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/* Accept-Encoding, RFC 9110 section 12.5.3, and lists of field names. */

#include "qc_accept.h"
#include "tap.h"


typedef struct {
    const char            *value;
    int                    zstd;
    int                    gzip;
} row_t;


static const row_t  rows[] = {
    { "", 0, 0 },
    { "zstd", 1, 0 },
    { "gzip", 0, 1 },
    { "x-gzip", 0, 1 },
    { "X-GZip", 0, 1 },
    { "ZSTD", 1, 0 },
    { " zstd ", 1, 0 },
    { "\tzstd\t,\tgzip\t", 1, 1 },
    { ",,zstd,,", 1, 0 },
    { "zstd,gzip", 1, 1 },
    { "gzip, deflate, br, zstd", 1, 1 },
    { "*", 1, 1 },
    { "*;q=0", 0, 0 },
    { "*;q=0, zstd", 1, 0 },
    { "zstd;q=0, *", 0, 1 },
    { "zstd;q=1", 1, 0 },
    { "zstd;q=1.", 1, 0 },
    { "zstd;q=1.0", 1, 0 },
    { "zstd;q=1.000", 1, 0 },
    { "zstd;q=1.001", 0, 0 },
    { "zstd;q=1.0000", 0, 0 },
    { "zstd;q=0", 0, 0 },
    { "zstd;q=0.", 0, 0 },
    { "zstd;q=0.000", 0, 0 },
    { "zstd;q=0.001", 1, 0 },
    { "zstd;q=0.0001", 0, 0 },
    { "zstd;q=2", 0, 0 },
    { "zstd;q=.5", 0, 0 },
    { "zstd;q=0,5", 0, 0 },
    { "zstd;q=-1", 0, 0 },
    { "zstd;q=", 0, 0 },
    { "zstd;q", 0, 0 },
    { "zstd;", 1, 0 },
    { "zstd ; q=0.5", 1, 0 },
    { "zstd;Q=0.5", 1, 0 },
    { "zstd;q=0.5;x", 0, 0 },
    { "zstd;level=3", 0, 0 },
    { "zstd;q=0, zstd;q=1", 1, 0 },
    { "zstd;q=1, zstd;q=0", 0, 0 },
    { "identity", 0, 0 },
    { "identity, zstd", 1, 0 },
    { "identity;q=0.5, zstd;q=0.4", 0, 0 },
    { "identity;q=0.5, zstd;q=0.5", 1, 0 },
    { "identity;q=0, gzip;q=0.001", 0, 1 },
    { "identity;q=0", 0, 0 },
    { "identity;q=0, *", 1, 1 },
    { "zst", 0, 0 },
    { "zstdd", 0, 0 },
    { "x-zstd", 0, 0 },
    { "zs td", 0, 0 },
    { "\"zstd\"", 0, 0 },
    { "gzip deflate", 0, 0 },
    { ";q=1", 0, 0 },
    { "br;q=1.0, gzip;q=0.8, *;q=0.1", 1, 1 }
};


int
main(void)
{
    size_t    i;
    qc_str_t  value;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {

        value.len = strlen(rows[i].value);
        value.data = tap_guard(0, rows[i].value, value.len);

        tap_ok(qc_accepts_coding(value, QC_CODING_ZSTD) == rows[i].zstd,
               "zstd: %s", rows[i].value);
        tap_ok(qc_accepts_coding(value, QC_CODING_GZIP) == rows[i].gzip,
               "gzip: %s", rows[i].value);
    }

    value = qc_str("Accept, accept-ENCODING ,Cookie", 31);

    tap_ok(qc_list_names(value, qc_str("accept", 6)), "the first name");
    tap_ok(qc_list_names(value, qc_str("accept-encoding", 15)),
           "in any case, with space");
    tap_ok(qc_list_names(value, qc_str("cookie", 6)), "the last name");
    tap_ok(!qc_list_names(value, qc_str("encoding", 8)), "a part of one");
    tap_ok(!qc_list_names(qc_str(NULL, 0), qc_str("a", 1)), "no names");

    return tap_done();
}
