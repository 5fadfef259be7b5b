
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_range.h"
#include "tap.h"


typedef struct {
    const char  *section;              /* of RFC 9110 */
    const char  *value;
    int          valid;
} row_t;


static const row_t  rows[] = {
    { "14.1.2", "bytes=0-499", 1 },
    { "14.1.2", "bytes=500-999", 1 },
    { "14.1.2", "bytes=9500-", 1 },
    { "14.1.2", "bytes=-500", 1 },
    { "14.1.2", "bytes=0-0,-1", 1 },
    { "14.1.2", "bytes=0-999, 4500-5499, -1000", 1 },
    { "14.1.2", "bytes=500-600,601-999", 1 },
    { "14.1.1 one byte", "bytes=5-5", 1 },
    { "14.1.1 no length", "bytes=-0", 1 },
    { "14.1.1 last first", "bytes=5-4", 0 },
    { "14.1.1 last first", "bytes=0-1, 5-4", 0 },
    { "14.1.1 last first", "bytes=10-9", 0 },
    { "14.1.1 leading zeros", "bytes=009-10", 1 },
    { "14.1.1 leading zeros", "bytes=10-009", 0 },
    { "14.1.1 big", "bytes=0-99999999999999999999999999", 1 },
    { "14.1.1 big", "bytes=99999999999999999999999999-1", 0 },
    { "14.1.1 big", "bytes=99999999999999999999999998-"
      "99999999999999999999999999", 1 },
    { "14.1.1 big", "bytes=99999999999999999999999999-"
      "99999999999999999999999998", 0 },
    { "14.2 case of the unit", "Bytes=0-1", 1 },
    { "14.2 other unit", "rows=0-1", 0 },
    { "14.2 other unit", "bytesx=0-1", 0 },
    { "14.2 no unit", "=0-1", 0 },
    { "14.2 no unit", "0-1", 0 },
    { "14.2 no range", "bytes", 0 },
    { "14.2 no range", "bytes=", 0 },
    { "14.2 no range", "bytes=,", 0 },
    { "14.2 no range", "bytes=-", 0 },
    { "14.2 no range", "bytes=0-1,-", 0 },
    { "14.2 no range", "", 0 },
    { "14.2 other forms", "bytes=a-b", 0 },
    { "14.2 other forms", "bytes=1", 0 },
    { "14.2 other forms", "bytes=1-2-3", 0 },
    { "14.2 other forms", "bytes=+1-2", 0 },
    { "14.2 other forms", "bytes=0x1-2", 0 },
    { "14.2 other forms", "bytes=--1", 0 },
    { "5.6.1 lists", "bytes=0-1,,2-3", 1 },
    { "5.6.1 lists", "bytes=, 0-1 ,", 1 },
    { "5.6.1 lists", "bytes=0-1 2-3", 0 },
    { "5.6.1 lists", "bytes=0 -1", 0 },
    { "5.6.1 lists", "bytes=0- 1", 0 },
    { "5.6.3 white space", " bytes=0-1\t", 1 },
    { "14.2 white space", "bytes =0-1", 0 }
};


int
main(void)
{
    size_t        i, len;
    uint8_t      *data;
    const row_t  *row;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        row = &rows[i];
        len = strlen(row->value);
        data = tap_guard(0, row->value, len);

        tap_ok(qc_range_valid(qc_str(data, len)) == row->valid, "%s: %s",
               row->section, row->value);
    }

    return tap_done();
}
