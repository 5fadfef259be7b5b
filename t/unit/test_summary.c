
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_summary.h"
#include "tap.h"


typedef struct {
    const char  *name;
    const char  *value;
    qc_rc_e      rc;
    uint64_t     rows;
    uint64_t     bytes;
    uint64_t     elapsed;
} row_t;


static const row_t  rows[] = {
    { "19.16", "{\"read_rows\":\"1\",\"read_bytes\":\"1\","
      "\"written_rows\":\"0\",\"written_bytes\":\"0\","
      "\"total_rows_to_read\":\"0\"}", QC_OK, 1, 1, 0 },
    { "22.8", "{\"read_rows\":\"10000000\",\"read_bytes\":\"80000000\","
      "\"written_rows\":\"0\",\"written_bytes\":\"0\","
      "\"total_rows_to_read\":\"10000000\",\"result_rows\":\"1\","
      "\"result_bytes\":\"4360\"}", QC_OK, 10000000, 80000000, 0 },
    { "23.8", "{\"read_rows\":\"1\",\"read_bytes\":\"1\","
      "\"written_rows\":\"0\",\"written_bytes\":\"0\","
      "\"total_rows_to_read\":\"0\",\"result_rows\":\"0\","
      "\"result_bytes\":\"0\",\"elapsed_ns\":\"662334\"}",
      QC_OK, 1, 1, 662334 },
    { "25.3", "{\"read_rows\":\"3\",\"read_bytes\":\"24\","
      "\"elapsed_ns\":\"9\",\"memory_usage\":\"4194304\"}",
      QC_OK, 3, 24, 9 },

    { "numbers", "{\"read_rows\":5,\"read_bytes\":6,\"elapsed_ns\":7}",
      QC_OK, 5, 6, 7 },
    { "white space", " { \"read_rows\" : \"5\" ,\t\"elapsed_ns\" : 7 } ",
      QC_OK, 5, 0, 7 },
    { "other members", "{\"a\":null,\"b\":true,\"c\":-1.5E+3,\"d\":\"\\\"}\","
      "\"read_rows\":\"5\"}", QC_OK, 5, 0, 0 },
    { "another twice", "{\"a\":1,\"a\":2}", QC_OK, 0, 0, 0 },
    { "none", "{}", QC_OK, 0, 0, 0 },
    { "zero", "{\"read_rows\":\"0\"}", QC_OK, 0, 0, 0 },
    { "the longest number", "{\"read_rows\":\"1152921504606846976\"}",
      QC_OK, (uint64_t) 1 << 60, 0, 0 },
    { "escaped", "{\"read\\u005frows\":\"5\"}", QC_OK, 0, 0, 0 },

    { "too large", "{\"read_rows\":\"1152921504606846977\"}",
      QC_BAD, 0, 0, 0 },
    { "far too large", "{\"read_rows\":\"99999999999999999999999\"}",
      QC_BAD, 0, 0, 0 },
    { "twice", "{\"read_rows\":\"5\",\"read_rows\":\"5\"}",
      QC_BAD, 0, 0, 0 },
    { "the first is not kept", "{\"read_rows\":\"5\",\"read_bytes\":\"x\"}",
      QC_BAD, 0, 0, 0 },
    { "empty string", "{\"read_rows\":\"\"}", QC_BAD, 0, 0, 0 },
    { "negative", "{\"read_rows\":-1}", QC_BAD, 0, 0, 0 },
    { "fraction", "{\"elapsed_ns\":1.5}", QC_BAD, 0, 0, 0 },
    { "exponent", "{\"elapsed_ns\":1e3}", QC_BAD, 0, 0, 0 },
    { "word", "{\"elapsed_ns\":null}", QC_BAD, 0, 0, 0 },
    { "object", "{\"a\":{}}", QC_BAD, 0, 0, 0 },
    { "array", "{\"a\":[1]}", QC_BAD, 0, 0, 0 },
    { "no object", "5", QC_BAD, 0, 0, 0 },
    { "a list", "[]", QC_BAD, 0, 0, 0 },
    { "nothing", "", QC_BAD, 0, 0, 0 },
    { "not begun", "\"read_rows\":\"5\"}", QC_BAD, 0, 0, 0 },
    { "not ended", "{\"read_rows\":\"5\"", QC_BAD, 0, 0, 0 },
    { "not ended", "{\"read_rows\":\"5", QC_BAD, 0, 0, 0 },
    { "not ended", "{\"read_rows\":\"5\\\"}", QC_BAD, 0, 0, 0 },
    { "not ended", "{\"read_rows\"", QC_BAD, 0, 0, 0 },
    { "not ended", "{\"", QC_BAD, 0, 0, 0 },
    { "not ended", "{", QC_BAD, 0, 0, 0 },
    { "no value", "{\"a\":}", QC_BAD, 0, 0, 0 },
    { "no name", "{:1}", QC_BAD, 0, 0, 0 },
    { "no comma", "{\"a\":1\"b\":2}", QC_BAD, 0, 0, 0 },
    { "a comma more", "{\"a\":1,}", QC_BAD, 0, 0, 0 },
    { "more behind it", "{}{}", QC_BAD, 0, 0, 0 },
    { "control", "{\"a\":\"\n\"}", QC_BAD, 0, 0, 0 }
};


static void check(const row_t *row, qc_str_t value);


int
main(void)
{
    size_t         i;
    uint8_t        text[QC_SUMMARY_LEN + 1];
    qc_summary_t   s;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        check(&rows[i], qc_str(tap_guard(0, rows[i].value,
                                         strlen(rows[i].value)),
                               strlen(rows[i].value)));
    }

    memset(text, ' ', sizeof(text));
    memcpy(text, rows[0].value, strlen(rows[0].value));

    check(&rows[0], qc_str(text, QC_SUMMARY_LEN));
    tap_int(qc_summary(qc_str(text, QC_SUMMARY_LEN + 1), &s), QC_BAD,
            "too long");

    return tap_done();
}


static void
check(const row_t *row, qc_str_t value)
{
    qc_summary_t  s;

    memset(&s, 0xa5, sizeof(s));

    tap_int(qc_summary(value, &s), row->rc, row->name);
    tap_ok(s.rows == row->rows && s.bytes == row->bytes
           && s.elapsed == row->elapsed, "its numbers");
}
