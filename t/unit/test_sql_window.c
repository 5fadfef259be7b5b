
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_sql.h"
#include "qc_sql_words.h"
#include "tap.h"


#define Y2024  1704067200000LL         /* 2024-01-01 00:00 UTC */
#define DAY    86400000LL
#define HOUR   3600000LL
#define NONE   (-1)

#define T(where)  "SELECT a FROM t WHERE " where


typedef struct {
    const char  *text;
    int64_t      latest;     /* in a zone of UTC; NONE: it is not ranged */
} window_t;


static const window_t  windows[] = {
    { T("ts < '2024-01-01'"), Y2024 + DAY },
    { T("ts <= '2024-01-01'"), Y2024 + DAY },
    { T("ts = '2024-01-01'"), Y2024 + DAY },
    { T("ts == '2024-01-01'"), Y2024 + DAY },
    { T("'2024-01-01' > ts"), Y2024 + DAY },
    { T("'2024-01-01' >= ts"), Y2024 + DAY },
    { T("'2024-01-01' = ts"), Y2024 + DAY },
    { T("ts < '2024-01-01 00:00:00'"), Y2024 },
    { T("ts < '2024-01-01T00:00:00Z'"), Y2024 },
    { T("ts < '2024-01-01T02:00:00+02:00'"), Y2024 },
    { T("ts BETWEEN '2023-01-01' AND '2024-01-01'"), Y2024 + DAY },
    { T("ts between x + 1 and '2024-01-01 00:00:00'"), Y2024 },
    { T("ts BETWEEN f(a AND b) AND '2024-01-01 00:00:00'"), Y2024 },
    { T("ts >= '2023-01-01' AND ts < '2024-01-01 00:00:00'"), Y2024 },
    { T("ts < '2024-01-01 00:00:00' AND a = 1 AND b IN (1, 2)"), Y2024 },
    { T("a BETWEEN 1 AND 2 AND ts < '2024-01-01 00:00:00'"), Y2024 },
    { T("NOT a AND ts < '2024-01-01 00:00:00'"), Y2024 },
    { T("(ts < '2024-01-01 00:00:00')"), Y2024 },
    { T("((ts < '2024-01-01 00:00:00') AND (a = 1))"), Y2024 },
    { T("(a = 1 OR b = 2) AND ts < '2024-01-01 00:00:00'"), Y2024 },
    { T("(a = 1 OR ts < '2025-01-01') AND ts < '2024-01-01 00:00:00'"), Y2024 },
    { T("ts < '2024-01-01 00:00:00' AND u < '2023-01-01'"), Y2024 },
    { T("ts < '2024-01-01 00:00:00' GROUP BY a HAVING b OR c"), Y2024 },
    { T("ts < '2024-01-01 00:00:00' ORDER BY a OR b LIMIT 1"), Y2024 },
    { T("ts < '2024-01-01 00:00:00' LIMIT 1 BY a"), Y2024 },
    { T("ts < '2024-01-01 00:00:00' SETTINGS x = 1 FORMAT JSON"), Y2024 },
    { T("ts < '2024-01-01 00:00:00';"), Y2024 },
    { "SELECT a FROM t PREWHERE ts < '2024-01-01 00:00:00' WHERE a OR b",
      Y2024 },
    { "SELECT a FROM t PREWHERE a OR b WHERE ts < '2024-01-01 00:00:00'",
      Y2024 },
    { T("t.ts < '2024-01-01 00:00:00'"), Y2024 },
    { T("t.\"x\" < '2024-01-01 00:00:00'"), Y2024 },
    { T("\"t\".x < '2024-01-01 00:00:00'"), Y2024 },
    { T("`x` < '2024-01-01 00:00:00'"), Y2024 },

    { T("ts < toDate('2024-01-01')"), Y2024 + DAY },
    { T("ts < toDate('2024-01-01 10:00:00')"), Y2024 + 10 * HOUR + DAY },
    { T("ts < toDateTime('2024-01-01 00:00:00')"), Y2024 },
    { T("toDateTime('2024-01-01 00:00:00') > ts"), Y2024 },
    { T("ts < toDateTime('2024-01-01 00:00:00', 'UTC')"), Y2024 },
    { T("ts < toDateTime('2024-01-01 00:00:00', 'Asia/Tokyo')"),
      Y2024 + 12 * HOUR },
    { T("ts < toDateTime64('2024-01-01 00:00:00', 3)"), Y2024 },
    { T("ts < toDateTime64('2024-01-01 00:00:00', 3, 'UTC')"), Y2024 },
    { T("ts < toDateTime64('2024-01-01 00:00:00', 3, 'Asia/Tokyo')"),
      Y2024 + 12 * HOUR },
    { T("ts < toDateTime(1704067200)"), Y2024 },
    { T("ts < fromUnixTimestamp64Milli(1704067200000)"), Y2024 },
    { T("ts < parseDateTimeBestEffort('2024-01-01T00:00:00Z')"), Y2024 },
    { T("ts < parseDateTime64BestEffort('2024-01-01T00:00:00Z', 3)"), Y2024 },
    { T("ts < toUnixTimestamp('2024-01-01 00:00:00')"), Y2024 },
    { T("ts < from_unixtime(1704067200)"), Y2024 },
    { T("ts < to_timestamp(1704067200)"), Y2024 },
    { T("__time < MILLIS_TO_TIMESTAMP(1704067200000)"), Y2024 },
    { T("__time < TIMESTAMP '2024-01-01 00:00:00'"), Y2024 },
    { T("__time < TIMESTAMP'2024-01-01 00:00:00'"), Y2024 },
    { T("ts <= DATE '2024-01-01'"), Y2024 + DAY },
    { T("ts <= CAST('2024-01-01 00:00:00' AS TIMESTAMP)"), Y2024 },
    { T("ts <= CAST('2024-01-01 00:00:00' AS TIMESTAMP(3))"), Y2024 },
    { T("ts <= CAST('2024-01-01' AS DATE)"), Y2024 + DAY },
    { T("ts <= '2024-01-01'::date"), Y2024 + DAY },
    { T("ts <= '2024-01-01 00:00:00'::timestamp"), Y2024 },
    { T("ts <= '2024-01-01 00:00:00'::DateTime('Asia/Tokyo')"),
      Y2024 + 12 * HOUR },

    { T("toDate(ts) <= '2024-01-01'"), Y2024 + DAY + 1000 },
    { T("toDate(ts) <= '2024-01-01 00:00:00'"), Y2024 + DAY + 1000 },
    { T("toDateTime(ts) < '2024-01-01 00:00:00'"), Y2024 + 1000 },
    { T("CAST(ts AS DATE) <= '2024-01-01'"), Y2024 + DAY },
    { T("ts::date <= '2024-01-01'"), Y2024 + DAY },
    { T("toUnixTimestamp(ts) < 1704067200"), Y2024 + 1000 },
    { T("TIMESTAMP_TO_MILLIS(ts) < 1704067200000"), Y2024 + 1000 },

    { T("ts < 1704067200"), Y2024 },
    { T("event_time < 1704067200000"), Y2024 },
    { T("eventTime <= 1704067200000000"), Y2024 },
    { T("created_at <= 1704067200"), Y2024 },
    { T("t.\"ts\" <= 1704067200"), Y2024 },
    { T("starttime <= '1704067200'"), Y2024 },

    { "SELECT * FROM (" T("ts < '2024-01-01 00:00:00'") ") WHERE a OR b",
      Y2024 },
    { "WITH x AS (" T("ts < '2024-01-01 00:00:00'") ") SELECT * FROM x",
      Y2024 },
    { T("ts < '2024-01-01 00:00:00'") " UNION ALL " T("ts < '2024-01-02'"),
      Y2024 + 2 * DAY },
    { "SELECT a FROM t JOIN u ON a = b OR c WHERE ts < '2024-01-01 00:00:00'",
      Y2024 },
    { T("ts < '2024-01-01 00:00:00' AND a IN ("
        T("u <= '2024-01-01 00:00:00'") ")"), Y2024 },
    { "SELECT a, (SELECT 1) FROM t WHERE ts < '2024-01-01 00:00:00'", Y2024 },

    { "SELECT 1", NONE },
    { "SELECT a FROM t", NONE },
    { "SELECT a FROM numbers(5) WHERE ts < '2024-01-01'", NONE },
    { T("ts > '2024-01-01'"), NONE },
    { T("ts >= '2024-01-01'"), NONE },
    { T("ts <> '2024-01-01'"), NONE },
    { T("ts != '2024-01-01'"), NONE },
    { T("'2024-01-01' < ts"), NONE },
    { T("'2024-01-01' <= ts"), NONE },
    { T("'2023-01-01' < '2024-01-01'"), NONE },
    { T("ts < u"), NONE },
    { T("ts < 'x'"), NONE },
    { T("ts < '2024'"), NONE },
    { T("ts < \"2024-01-01\""), NONE },
    { T("ts < now()"), NONE },
    { T("current_date = '2024-01-01'"), NONE },
    { T("@x < '2024-01-01'"), NONE },
    { T("$1 < '2024-01-01'"), NONE },
    { T("1 < '2024-01-01'"), NONE },
    { T(".5 < '2024-01-01'"), NONE },
    { T("ts < '2024-01-01' OR a"), NONE },
    { T("a OR ts < '2024-01-01'"), NONE },
    { T("a AND ts < '2024-01-01' AND b OR c"), NONE },
    { T("ts < '2024-01-01' XOR a"), NONE },
    { T("NOT ts < '2024-01-01'"), NONE },
    { T("NOT (ts < '2024-01-01')"), NONE },
    { T("(ts < '2024-01-01') = 0"), NONE },
    { T("(ts < '2024-01-01') IS FALSE"), NONE },
    { T("(ts < '2024-01-01') OR a"), NONE },
    { T("(ts < '2024-01-01' OR a) AND b"), NONE },
    { T("(ts < '2024-01-01', 1)"), NONE },
    { T("f(ts < '2024-01-01')"), NONE },
    { T("f(a)(ts < '2024-01-01')"), NONE },
    { T("a ? ts < '2024-01-01' AND b : c"), NONE },
    { T("a AND ts < '2024-01-01' AND b ? c : d"), NONE },
    { T("x -> a AND ts < '2024-01-01'"), NONE },
    { T("a || b AND ts < '2024-01-01'"), NONE },
    { T("CASE WHEN a AND ts < '2024-01-01' AND b THEN 1 END"), NONE },
    { T("ts < '2024-01-01' AND CASE WHEN a THEN b END"), NONE },
    { T("ts < '2024-01-01' + INTERVAL 1 DAY"), NONE },
    { T("ts + 1 < '2024-01-01'"), NONE },
    { T("- ts < '2024-01-01'"), NONE },
    { T("f(ts) < '2024-01-01'"), NONE },
    { T("toStartOfMonth(ts) <= '2024-01-01'"), NONE },
    { T("ts < f('2024-01-01')"), NONE },
    { T("ts < toDate('2024-01-01', x)"), NONE },
    { T("ts < toDate('2024-01-01') + 1"), NONE },
    { T("ts < to_timestamp('2024-01-01', 'YYYY-DD-MM')"), NONE },
    { T("ts < toDateTime(1704067200000)"), NONE },
    { T("ts < fromUnixTimestamp64Milli(1704067200)"), NONE },
    { T("ts < CAST('2024-01-01' AS String)"), NONE },
    { T("ts < '2024-01-01'::text"), NONE },
    { T("ts < '2024-01-01'::date::text"), NONE },
    { T("ts < 1704067200::DateTime"), NONE },
    { T("ts < '2024-01-01' IS TRUE"), NONE },
    { T("ts < '2024-01-01' < x"), NONE },
    { T("a < ts < '2024-01-01'"), NONE },
    { T("ts NOT BETWEEN '2023-01-01' AND '2024-01-01'"), NONE },
    { T("ts BETWEEN SYMMETRIC '2024-01-01' AND '2023-01-01'"), NONE },
    { T("ts BETWEEN '2024-01-01' AND x"), NONE },
    { T("ts BETWEEN '2024-01-01'"), NONE },
    { T("'2023-01-01' BETWEEN a AND '2024-01-01'"), NONE },
    { T("id < 1704067200"), NONE },
    { T("counts < 1704067200"), NONE },
    { T("update < 1704067200"), NONE },
    { T("candidate < 1704067200"), NONE },
    { T("id = '1704067200'"), NONE },
    { T("id < 17040672"), NONE },
    { T("toUnixTimestamp(ts) < 1704067200000"), NONE },
    { T("ts < '2024-01-01' AND format = 1 OR b"), NONE },
    { T("ts < '2024-01-01' AND b = limit OR c"), NONE },
    { T("ts < '2024-01-01' AND case = 1 OR b"), NONE },
    { T("a AND AND ts < '2024-01-01'"), NONE },
    { "SELECT a FROM t HAVING ts < '2024-01-01'", NONE },
    { "SELECT a FROM t GROUP BY ts < '2024-01-01'", NONE },
    { "SELECT a FROM t JOIN u ON ts < '2024-01-01'", NONE },
    { "SELECT count(*) FILTER (WHERE ts < '2024-01-01') FROM t", NONE },
    { "SELECT a FROM t WHERE a UNION ALL " T("ts < '2024-01-01'"), NONE },
    { T("ts < '2024-01-01'") " UNION ALL SELECT a FROM t", NONE },
    { T("ts < '2024-01-01'") " UNION ALL TABLE u", NONE },
    { T("ts < '2024-01-01'") " UNION ALL FROM u", NONE },
    { "SELECT * FROM (SELECT a FROM t) WHERE ts < '2024-01-01'", NONE },
    { T("ts < '2024-01-01' AND a IN (SELECT b FROM u)"), NONE },
    { T("ts < '2024-01-01' AND a IN u"), NONE },
    { "WITH x AS (SELECT a FROM t) SELECT a FROM x WHERE ts < '2024-01-01'",
      NONE },
    { "SELECT (SELECT a FROM u) FROM t WHERE ts < '2024-01-01'", NONE },
    { T("ts < '2024-01-01'") "; SELECT 1", NONE },
    { T("ts < '2024-01-01'") " INTO OUTFILE 'x'", NONE },
    { "UPDATE t SET a = 1 WHERE ts < '2024-01-01'", NONE },
    { "FROM t SELECT a WHERE ts < '2024-01-01'", NONE },
    { "SELECT a FROM t minus WHERE ts < '2024-01-01'", NONE },
    { T("ts < {x:DateTime}"), NONE },
    { T("a WHERE ts < '2024-01-01'"), NONE }
};


typedef struct {
    const char  *name;
    int          want;
} sound_t;


static const sound_t  sounds[] = {
    { "time", 1 }, { "ts", 1 }, { "__time", 1 }, { "event_time", 1 },
    { "eventTime", 1 }, { "EventDate", 1 }, { "created_at", 1 },
    { "tsMillis", 1 }, { "day", 1 }, { "log_hour", 1 }, { "timestamp", 1 },
    { "starttime", 1 }, { "eventtimestamp", 1 }, { "TIME_MS", 1 },
    { "timestamp_ms", 1 }, { "day1", 0 },
    { "", 0 }, { "_", 0 }, { "at", 1 }, { "at_x", 0 }, { "counts", 0 },
    { "update", 0 }, { "candidate", 0 }, { "holiday", 0 }, { "timeout", 0 },
    { "id", 0 }, { "events", 0 }
};


static int64_t latest(const char *s, qc_sql_dialect_e d, const int32_t *zone);


int
main(void)
{
    size_t           i;
    int32_t          zone;
    int64_t          got;
    const window_t  *x;

    for (i = 0; i < sizeof(windows) / sizeof(windows[0]); i++) {
        x = &windows[i];
        zone = 0;
        got = latest(x->text, QC_SQL_CLICKHOUSE, &zone);

        if (!tap_ok(got == x->latest, "%s", x->text)) {
            printf("#      got: %lld\n# expected: %lld\n", (long long) got,
                   (long long) x->latest);
        }

        got = latest(x->text, QC_SQL_ANSI, &zone);

        /* what IN reads is clear there */

        tap_ok(got == x->latest || strstr(x->text, "IN u") != NULL,
               "ansi: %s", x->text);
    }

    zone = 120;
    tap_int(latest(T("ts < '2024-01-01 00:00:00'"), QC_SQL_ANSI, &zone),
            Y2024 - 2 * HOUR, "east");
    zone = -300;
    tap_int(latest(T("ts < '2024-01-01 00:00:00'"), QC_SQL_ANSI, &zone),
            Y2024 + 5 * HOUR, "west");
    tap_int(latest(T("ts < '2024-01-01 00:00:00'"), QC_SQL_ANSI, NULL),
            Y2024 + 12 * HOUR, "anywhere");
    tap_int(latest(T("ts < '2024-01-01 00:00:00Z'"), QC_SQL_ANSI, NULL),
            Y2024, "of the literal");

    zone = 0;
    tap_int(latest(T("\"x\" < '2024-01-01 00:00:00'"), QC_SQL_ANSI, &zone),
            Y2024, "a quoted column");
    tap_int(latest(T("\"x\" < '2024-01-01 00:00:00'"), QC_SQL_GENERIC, &zone),
            NONE, "perhaps a literal");
    tap_int(latest(T("x < '2024-01-01' AND [a]"), QC_SQL_GENERIC, &zone),
            NONE, "brackets of unknown use");

    for (i = 0; i < sizeof(sounds) / sizeof(sounds[0]); i++) {
        tap_int(qc_sql_sounds_like_time(qc_str(tap_guard(0, sounds[i].name,
                                                    strlen(sounds[i].name)),
                                               strlen(sounds[i].name))),
                sounds[i].want, sounds[i].name);
    }

    return tap_done();
}


static int64_t
latest(const char *s, qc_sql_dialect_e d, const int32_t *zone)
{
    char           mem[1024];
    size_t         len;
    qc_buf_t       b;
    qc_sql_info_t  info;

    len = strlen(s);
    qc_buf_init(&b, mem, sizeof(mem));

    if (qc_sql_canonical(qc_str(tap_guard(0, s, len), len), d, zone, &b, &info,
                         NULL) != QC_OK)
    {
        return -2;
    }

    return info.ranged ? info.latest : NONE;
}
