
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * A date has one form of each kind, so what was read is written again and
 * must be what it was, but for the name of the day, which says nothing.  The
 * input is the time of now, then the text.
 */

#include <time.h>

#include "fuzz.h"
#include "qc_date.h"


static void check_written(qc_str_t text, int64_t date);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_t    f;
    int64_t   now, date, again;
    qc_str_t  text;

    fuzz_init(&f, data, size);

    now = (int64_t) fuzz_u16(&f) << 16 | fuzz_u16(&f);
    text = fuzz_rest(&f);

    if (qc_date_parse(text, now, &date) == QC_OK) {

        fuzz_check(date >= -62167219200 && date <= 253402300800);
        check_written(text, date);

        /* one day more or less is not another century, but at its edge */

        if (text.data[3] == ',' || text.data[3] == ' ') {
            fuzz_check(qc_date_parse(text, 0, &again) == QC_OK);
            fuzz_check(again == date);

        } else {
            fuzz_check(date <= now + (int64_t) 18264 * 86400);
            fuzz_check(date > now - (int64_t) 18264 * 86400);
        }
    }

    fuzz_done(&f);

    return 0;
}


static void
check_written(qc_str_t text, int64_t date)
{
    char        written[64];
    time_t      t;
    size_t      n;
    struct tm   tm;

    /* a leap second is the next one */

    n = (text.data[3] == ' ') ? 5 : 4;

    if (memcmp(text.data + text.len - n - 2, "60", 2) == 0) {
        return;
    }

    t = (time_t) date;
    fuzz_check(gmtime_r(&t, &tm) != NULL);

    if (text.data[3] == ',') {
        n = strftime(written, sizeof(written), ", %d %b %Y %H:%M:%S GMT", &tm);

    } else if (text.data[3] == ' ') {
        n = strftime(written, sizeof(written), "%H:%M:%S %Y", &tm);

    } else {
        n = strftime(written, sizeof(written), "-%b-%y %H:%M:%S GMT", &tm);
    }

    fuzz_check(text.len > n || tm.tm_year + 1900 < 1000);

    if (tm.tm_year + 1900 >= 1000) {
        fuzz_check(memcmp(text.data + text.len - n, written, n) == 0);
    }
}
