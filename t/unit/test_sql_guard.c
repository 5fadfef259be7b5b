
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_sql.h"
#include "qc_sql_words.h"
#include "tap.h"


#define G    0x1
#define A    0x2
#define C    0x4
#define ALL  (G|A|C)


typedef struct {
    unsigned     dialects;   /* it holds for; not in the others */
    const char  *text;
} text_t;


typedef struct {
    const char  *text;
    const char  *tags;
} tags_t;


static const text_t  read_only[] = {
    { ALL, "SELECT 1" },
    { ALL, "select 1;" },
    { ALL, "(SELECT 1)" },
    { ALL, "((SELECT 1)) UNION ALL (SELECT 2)" },
    { ALL, "/*+ hint */ SELECT 1" },
    { ALL, "SELECT /*+ hint */ 1" },
    { ALL, "WITH a AS (SELECT 1) SELECT * FROM a" },
    { ALL, "WITH 1 AS a SELECT a" },
    { ALL, "SHOW TABLES" },
    { ALL, "SHOW CREATE TABLE t" },
    { ALL, "DESCRIBE TABLE t" },
    { ALL, "DESC t" },
    { ALL, "EXISTS t" },
    { ALL, "EXPLAIN SELECT 1" },
    { ALL, "EXPLAIN ANALYZE SELECT 1" },
    { ALL, "EXPLAIN ANALYZE SELECT copy FROM t" },
    { ALL, "EXPLAIN (ANALYZE, BUFFERS) SELECT 1" },
    { ALL, "EXPLAIN PLAN FOR SELECT 1" },
    { ALL, "VALUES (1), (2)" },
    { ALL, "SELECT replace(a, 'b', 'c') FROM t" },
    { ALL, "SELECT upper(replace(a, 'b', 'c')) FROM t" },
    { ALL, "SELECT truncate(1.5, 1)" },
    { ALL, "SELECT insert('a', 1, 1, 'b')" },
    { ALL, "SELECT 'INSERT INTO t', \"delete\", `drop` FROM t" },
    { ALL, "SELECT t.update, t.into FROM t" },
    { ALL, "SELECT updated, into_x, drops FROM t" },
    { ALL, "SELECT call, load, copy FROM t" },
    { ALL, "SELECT count(call) FROM t" },
    { ALL, "SELECT * FROM t ORDER BY a DESC" },
    { ALL, "SELECT a FROM t FOR SYSTEM_TIME AS OF x" },
    { ALL, "SELECT 1 -- INTO t\n" },
    { ALL, "SELECT 1 /* ; DROP TABLE t */" },
    { ALL, "SELECT 1e5, 1.5, 0xff, 1_000, .5, 1., $1, 1e-5" },
    { ALL, "SELECT a::int, b->>'c' FROM t" },
    { ALL, "SELECT $$ INTO $$" },
    { ALL, "SELECT pg_typeof(1)" },
    { ALL, "SELECT a[1] FROM t" },
    { ALL, "SELECT toDate(now()) SETTINGS x = 1 FORMAT JSON" },
    { C, "SELECT 1a FROM t" },

    { 0, "INSERT INTO t VALUES (1)" },
    { 0, "UPDATE t SET a = 1" },
    { 0, "DELETE FROM t" },
    { 0, "MERGE INTO t USING u ON a = b" },
    { 0, "CALL f()" },
    { 0, "TRUNCATE TABLE t" },
    { 0, "CREATE TABLE t (a int)" },
    { 0, "DROP TABLE t" },
    { 0, "ALTER TABLE t ADD a int" },
    { 0, "REPLACE INTO t SELECT 1" },
    { 0, "GRANT SELECT ON t TO u" },
    { 0, "SET a = 1" },
    { 0, "USE db" },
    { 0, "SYSTEM RELOAD DICTIONARIES" },
    { 0, "OPTIMIZE TABLE t" },
    { 0, "KILL QUERY WHERE 1" },
    { 0, "BEGIN" },
    { 0, "TABLE t" },
    { 0, "FROM t SELECT a" },
    { 0, "a" },
    { 0, "1" },
    { 0, "'SELECT 1'" },
    { 0, "\"SELECT\" 1" },
    { 0, "()" },
    { 0, ";" },
    { 0, "; SELECT 1" },
    { 0, "SELECT 1; SELECT 2" },
    { 0, "SELECT 1; DROP TABLE t" },
    { 0, "SELECT 1;;" },
    { 0, "(SELECT 1; SELECT 2)" },
    { 0, "SET a = 1; SELECT 1" },
    { 0, "SELECT 1 INTO OUTFILE 'x'" },
    { 0, "SELECT * INTO u FROM t" },
    { 0, "SELECT * INTO\"u\" FROM t" },
    { 0, "SELECT * Into'u' FROM t" },
    { 0, "SELECT (SELECT 1 INTO u)" },
    { C, "SELECT 1.INTO t" },
    { 0, "SELECT a INTO.t FROM b" },
    { 0, "SELECT a@INTO t" },
    { 0, "SELECT * FROM t FOR UPDATE" },
    { 0, "SELECT * FROM t FOR SHARE" },
    { 0, "SELECT * FROM t FOR NO KEY UPDATE" },
    { 0, "SELECT * FROM t FOR KEY SHARE" },
    { 0, "SELECT * FROM t LOCK IN SHARE MODE" },
    { 0, "WITH a AS (DELETE FROM t RETURNING *) SELECT * FROM a" },
    { 0, "WITH a AS (/*+ x */ UPDATE t SET b = 1) SELECT 1" },
    { 0, "WITH a AS (SELECT 1) DELETE FROM t" },
    { 0, "WITH a AS (SELECT 1) INSERT INTO t SELECT 1" },
    { 0, "WITH a AS (SELECT 1)" },
    { 0, "SELECT * FROM (CALL f())" },
    { 0, "EXPLAIN ANALYZE INSERT INTO t SELECT 1" },
    { 0, "EXPLAIN ANALYZE DELETE FROM t" },
    { 0, "EXPLAIN ANALYZE COPY t TO 'f'" },
    { 0, "EXPLAIN (ANALYZE) CALL p" },
    { 0, "SELECT 1 PARALLEL WITH OPTIMIZE TABLE t" },
    { 0, "SELECT 1 DROP TABLE t" },
    { 0, "SELECT 1 EXEC('x')" },
    { 0, "SELECT nextval('s')" },
    { 0, "SELECT pg_catalog.NextVal('s')" },
    { 0, "SELECT \"nextval\"('s')" },
    { 0, "SELECT `setval`('s', 1)" },
    { 0, "SELECT \"next\"\"val\"('s')" },
    { 0, "SELECT U&\"nextval\"('s')" },
    { 0, "SELECT s.NEXTVAL FROM dual" },
    { 0, "SELECT NEXT VALUE FOR s" },
    { 0, "SELECT setval('s', 1)" },
    { 0, "SELECT set_config('a', 'b', false)" },
    { 0, "SELECT lo_unlink(1)" },
    { 0, "SELECT dblink_exec('x', 'y')" },
    { 0, "SELECT pg_terminate_backend(1)" },
    { 0, "SELECT query_to_xml('DELETE FROM t', true, true, '')" },
    { 0, "SELECT @a := 1" },
    { 0, "SELECT /*!50000 1 INTO OUTFILE x */" },
    { 0, "SELECT 1 /*M! INTO x */" },
    { C, "SELECT 1INTO t" },
    { C, "SELECT 1e5INTO t" },
    { C, "SELECT .5INTO t" },
    { C, "SELECT 0x1gINTO t" },
    { C, "SELECT $1INTO t" },
    { C, "SELECT @1INTO t" }
};


static const text_t  changing[] = {
    { ALL, "SELECT now()" },
    { ALL, "SELECT NOW ( )" },
    { ALL, "SELECT now64(3)" },
    { ALL, "SELECT toDate(today())" },
    { ALL, "SELECT yesterday()" },
    { ALL, "SELECT CURRENT_TIMESTAMP" },
    { ALL, "SELECT current_timestamp(3)" },
    { ALL, "SELECT a FROM t WHERE d < Current_Date" },
    { ALL, "SELECT LOCALTIME" },
    { ALL, "SELECT localtimestamp" },
    { ALL, "SELECT sysdate FROM dual" },
    { ALL, "SELECT getdate()" },
    { ALL, "SELECT utc_timestamp()" },
    { ALL, "SELECT unix_timestamp()" },
    { ALL, "SELECT curdate()" },
    { ALL, "SELECT date()" },
    { ALL, "SELECT rand()" },
    { ALL, "SELECT rand64()" },
    { ALL, "SELECT randConstant()" },
    { ALL, "SELECT randomPrintableASCII(3)" },
    { ALL, "SELECT random()" },
    { ALL, "SELECT uuid()" },
    { ALL, "SELECT newid()" },
    { ALL, "SELECT generateUUIDv4()" },
    { ALL, "SELECT generateSnowflakeID()" },
    { ALL, "SELECT gen_random_uuid()" },
    { ALL, "SELECT uptime()" },
    { ALL, "SELECT hostName()" },
    { ALL, "SELECT currentUser()" },
    { ALL, "SELECT current_user" },
    { ALL, "SELECT pg_catalog.now()" },
    { ALL, "SELECT \"now\"()" },
    { ALL, "SELECT `now`()" },
    { ALL, "SELECT 'now'::timestamp" },
    { ALL, "SELECT timestamp 'today'" },
    { ALL, "SELECT a FROM t WHERE b > 'now-1d/d'" },
    { ALL, "SELECT ago('PT1H')" },
    { ALL, "SELECT sleep(1)" },
    { ALL, "SELECT pg_sleep(1)" },
    { ALL, "SELECT pg_try_advisory_lock(1)" },
    { ALL, "SELECT @@version" },
    { ALL, "SELECT @a" },
    { ALL, "SELECT * FROM system.query_log" },
    { ALL, "SELECT * FROM `system`.`parts`" },
    { ALL, "SELECT * FROM \"System\".parts" },
    { ALL, "SELECT * FROM information_schema.tables" },
    { ALL, "SELECT * FROM INFORMATION_SCHEMA.COLUMNS" },
    { ALL, "SELECT * FROM pg_catalog.pg_class" },
    { ALL, "SELECT * FROM pg_stat_activity" },
    { ALL, "SELECT * FROM sys.segments" },
    { ALL, "SELECT * FROM cluster('c', system.one)" },
    { ALL, "SELECT * FROM url('http://x')" },
    { ALL, "SELECT * FROM t TABLESAMPLE BERNOULLI (1)" },
    { ALL, "SHOW TABLES" },
    { ALL, "DESCRIBE t" },
    { ALL, "EXPLAIN SELECT 1" },
    { ALL, "EXISTS t" },
    { ALL, "SELECT * FROM (EXPLAIN SELECT 1)" },
    { ALL, "SELECT a[now()]FROM t" },

    { 0, "SELECT 1" },
    { 0, "SELECT now FROM t" },
    { 0, "SELECT t.now, t.today FROM t" },
    { 0, "SELECT \"now\" FROM t" },
    { 0, "SELECT rand, random, uuid FROM t" },
    { 0, "SELECT user, version FROM t" },
    { 0, "SELECT date(a), unix_timestamp(a) FROM t" },
    { 0, "SELECT 'nowhere', 'snow', 'today_x' FROM t" },
    { 0, "SELECT nowhere(a), runs(b) FROM t" },
    { 0, "SELECT 'SELECT now()' FROM t" },
    { 0, "SELECT current_users FROM t" },
    { 0, "SELECT * FROM systems.t" },
    { 0, "SELECT * FROM numbers(10)" },
    { 0, "SELECT * FROM unnest(a)" },
    { 0, "SELECT exists(SELECT 1)" },
    { 0, "WITH a AS (SELECT 1) SELECT * FROM a" },
    { 0, "SELECT toDate('2024-01-01')" }
};


static const tags_t  tables[] = {
    { "SELECT 1", "" },
    { "SELECT * FROM t", "table:t" },
    { "SELECT * FROM db.t", "table:db.t" },
    { "SELECT * FROM a.b.c", "table:a.b.c" },
    { "SELECT * FROM \"t\"", "table:t" },
    { "SELECT * FROM `db`.\"t\"", "table:db.t" },
    { "SELECT * FROM db.\"t\"", "table:db.t" },
    { "SELECT * FROM \"db\".t", "table:db.t" },
    { "SELECT * FROM db . t", "table:db.t" },
    { "SELECT * FROM \"a b\"", "table:a%20b" },
    { "SELECT * FROM\"t\"", "table:t" },
    { "SELECT * FROM t AS x", "table:t" },
    { "SELECT * FROM t x WHERE x.a = 1", "table:t" },
    { "SELECT * FROM t, u AS x, db.v", "table:t table:u table:db.v" },
    { "SELECT * FROM t, t", "table:t" },
    { "SELECT * FROM t FINAL SAMPLE 1/10", "table:t" },
    { "SELECT * FROM t JOIN u ON t.a = u.b", "table:t table:u" },
    { "SELECT * FROM t LEFT JOIN u USING (a) CROSS JOIN v",
      "table:t table:u table:v" },
    { "SELECT * FROM t GLOBAL ANY LEFT JOIN u USING a, b", "table:t table:u" },
    { "SELECT * FROM t ARRAY JOIN x, y JOIN u ON 1", "table:t table:u" },
    { "SELECT * FROM t LEFT ARRAY JOIN x AS y", "table:t" },
    { "SELECT * FROM (t JOIN u ON a = b), v", "table:t table:u table:v" },
    { "SELECT * FROM ((t))", "table:t" },
    { "SELECT * FROM (SELECT * FROM t) AS x", "table:t" },
    { "SELECT * FROM ((SELECT * FROM t) UNION ALL (SELECT * FROM u)) x",
      "table:t table:u" },
    { "SELECT * FROM (SELECT * FROM t) AS x, u", "table:t table:u" },
    { "SELECT a FROM t UNION ALL SELECT b FROM u", "table:t table:u" },
    { "SELECT a FROM t WHERE b IN (SELECT c FROM u)", "table:t table:u" },
    { "SELECT (SELECT max(a) FROM u) FROM t", "table:u table:t" },
    { "SELECT * FROM t WHERE EXISTS (SELECT 1 FROM u)", "table:t table:u" },
    { "SELECT * FROM t, LATERAL (SELECT * FROM u) x", "table:t table:u" },
    { "SELECT * FROM t CROSS APPLY (SELECT * FROM u) x", "table:t table:u" },
    { "SELECT * FROM ONLY t", "table:t" },
    { "SELECT * FROM /*+ x */ t", "table:t" },
    { "EXPLAIN SELECT * FROM t", "table:t" },

    { "SELECT extract(day FROM a) FROM t", "table:t" },
    { "SELECT trim(FROM a), trim(BOTH 'x' FROM b) FROM t", "table:t" },
    { "SELECT substring(a FROM 2 FOR 3) FROM t", "table:t" },
    { "SELECT a IS DISTINCT FROM b FROM t", "table:t" },
    { "SELECT a FROM t WHERE a IS NOT DISTINCT FROM b", "table:t" },
    { "SELECT DISTINCT a FROM t", "table:t" },
    { "SELECT count(*) FILTER (WHERE a) FROM t", "table:t" },
    { "SELECT * EXCEPT (a) FROM t", "table:t" },
    { "SELECT * EXCEPT a FROM t", "table:t" },
    { "SELECT a FROM t ORDER BY a WITH FILL FROM 1 TO 5", "table:t" },
    { "SELECT 'FROM u' FROM t -- FROM v", "table:t" },
    { "SELECT \"FROM\" FROM t", "table:t" },
    { "SELECT a.from FROM t", "table:t" },
    { "SELECT * FROM t format, u", "table:t table:u" },

    { "WITH a AS (SELECT * FROM t) SELECT * FROM a", "table:t" },
    { "WITH a AS (SELECT 1), b AS (SELECT * FROM a) SELECT * FROM b, c",
      "table:c" },
    { "WITH a (x, y) AS NOT MATERIALIZED (SELECT 1, 2) SELECT * FROM a", "" },
    { "WITH \"a\" AS (SELECT 1) SELECT * FROM \"a\"", "" },
    { "WITH RECURSIVE a AS (SELECT 1 UNION SELECT * FROM a) SELECT * FROM a",
      "" },
    { "WITH a AS (SELECT * FROM a) SELECT * FROM a", "table:a" },
    { "WITH a AS (SELECT 1) SELECT * FROM db.a", "table:db.a" },
    { "WITH a AS (SELECT 1) SELECT * FROM A", "table:A" },
    { "WITH \"a\" AS (SELECT 1) SELECT * FROM a", "table:a" },
    { "SELECT * FROM (WITH a AS (SELECT 1) SELECT * FROM a), a", "table:a" },
    { "SELECT * FROM (WITH a AS (SELECT 1) SELECT * FROM a) UNION ALL "
      "SELECT * FROM a", "table:a" },
    { "WITH 1 AS a SELECT * FROM a", "table:a" },
    { "WITH (SELECT 1) AS a SELECT * FROM t", "table:t" },
    { "EXPLAIN WITH a AS (SELECT 1) SELECT * FROM a", "" },

    { "SELECT * FROM numbers(10)", "" },
    { "SELECT * FROM unnest(a) AS x, t", "table:t" },
    { "SELECT * FROM (VALUES (1), (2)) AS x", "" },

    { "SELECT * FROM s3('x'), t", "table:t unknown:" },
    { "SELECT * FROM db.f(1)", "unknown:" },
    { "SELECT * FROM \"numbers\"(1)", "unknown:" },
    { "SELECT * FROM remote('x', db, t)", "unknown:" },
    { "SELECT * FROM merge('db', '^t')", "unknown:" },
    { "SELECT * FROM TABLE(extern('x'))", "unknown:" },
    { "SELECT * FROM 'file.csv'", "unknown:" },
    { "SELECT * FROM \"a\"\"b\"", "unknown:" },
    { "SELECT * FROM db.", "unknown:" },
    { "SELECT * FROM", "unknown:" },
    { "SELECT * FROM t,", "table:t unknown:" },
    { "SELECT * FROM t JOIN", "table:t unknown:" },
    { "SELECT * FROM {t:Identifier}", "unknown:" },
    { "SELECT dictGet('d', 'a', 1) FROM t", "table:t unknown:" },
    { "SELECT joinGet('d', 'a', 1) FROM t", "table:t unknown:" },
    { "SELECT LOOKUP(a, 'x') FROM t", "table:t unknown:" },
    { "SELECT * FROM (TABLE t)", "table:t unknown:" },
    { "SELECT 1 FROM t UNION TABLE u", "table:t unknown:" },
    { "SELECT * FROM (FROM t)", "unknown:" },
    { "FROM t SELECT *", "unknown:" },
    { "SELECT 1 FROM t UNION ALL FROM u", "table:t unknown:" },
    { "SHOW COLUMNS FROM t", "unknown:" },
    { "DESCRIBE t", "unknown:" },
    { "EXISTS t", "unknown:" },
    { "SELECT * FROM t; SELECT * FROM u", "table:t table:u unknown:" },
    { "INSERT INTO t SELECT * FROM u", "table:u unknown:" },
    { "SELECT t. FROM u", "unknown:" },
    { "SELECT a FROM t '", "unknown:" }
};


static const tags_t  in_names[] = {
    { "SELECT a FROM t WHERE a IN u", "table:t unknown:" },
    { "SELECT a FROM t WHERE a NOT IN db.u", "table:t unknown:" },
    { "SELECT a FROM t WHERE a GLOBAL IN \"u\"", "table:t unknown:" },
    { "SELECT a FROM t WHERE a IN (u)", "table:t unknown:" },
    { "SELECT a FROM t WHERE a IN ((u))", "table:t unknown:" },
    { "SELECT a FROM t WHERE in(a, u)", "table:t unknown:" },
    { "SELECT a FROM t WHERE notIn(a, u)", "table:t unknown:" },
    { "SELECT a FROM t WHERE globalNotIn(a, u)", "table:t unknown:" },
    { "SELECT a FROM t WHERE a IN (1, 2)", "table:t" },
    { "SELECT a FROM t WHERE a IN (1)", "table:t" },
    { "SELECT a FROM t WHERE a IN ('u')", "table:t" },
    { "SELECT a FROM t WHERE a NOT IN (b, c)", "table:t" },
    { "SELECT a FROM t WHERE (a, b) GLOBAL NOT IN ((1, 2))", "table:t" },
    { "SELECT a FROM t WHERE a IN (SELECT 1)", "table:t" },
    { "SELECT a FROM t WHERE a IN {x:Array(String)}", "table:t" }
};


static const char * const  names[] = { "generic", "ansi", "clickhouse" };


static void run(const char *s, unsigned d, qc_sql_info_t *info,
    qc_tags_t *tags);
static void check_tags(const tags_t *t, unsigned d);
static void words(void);


int
main(void)
{
    size_t          i;
    unsigned        d;
    qc_tags_t       tags;
    const text_t   *t;
    qc_sql_info_t   info;

    for (i = 0; i < sizeof(read_only) / sizeof(read_only[0]); i++) {
        for (d = 0; d < 3; d++) {
            t = &read_only[i];
            run(t->text, d, &info, &tags);
            tap_ok(info.read_only == ((t->dialects >> d) & 1),
                   "%s, %s: %s", names[d],
                   ((t->dialects >> d) & 1) ? "read only" : "not read only",
                   t->text);
        }
    }

    for (i = 0; i < sizeof(changing) / sizeof(changing[0]); i++) {
        for (d = 0; d < 3; d++) {
            t = &changing[i];
            run(t->text, d, &info, &tags);
            tap_ok(info.changing == ((t->dialects >> d) & 1),
                   "%s, %s: %s", names[d],
                   ((t->dialects >> d) & 1) ? "changing" : "not changing",
                   t->text);
        }
    }

    for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        check_tags(&tables[i], QC_SQL_ANSI);
        check_tags(&tables[i], QC_SQL_CLICKHOUSE);
    }

    for (i = 0; i < sizeof(in_names) / sizeof(in_names[0]); i++) {
        check_tags(&in_names[i], QC_SQL_CLICKHOUSE);
        check_tags(&in_names[i], QC_SQL_GENERIC);
    }

    words();

    return tap_done();
}


static void
run(const char *s, unsigned d, qc_sql_info_t *info, qc_tags_t *tags)
{
    char      mem[1024];
    size_t    len;
    qc_buf_t  b;

    len = strlen(s);
    qc_buf_init(&b, mem, sizeof(mem));
    qc_tags_init(tags);
    (void) qc_sql_canonical(qc_str(tap_guard(0, s, len), len),
                            (qc_sql_dialect_e) d, NULL, &b, info, tags);
}


static void
check_tags(const tags_t *t, unsigned d)
{
    qc_str_t       list;
    qc_tags_t      tags;
    qc_sql_info_t  info;

    run(t->text, d, &info, &tags);
    list = qc_tags_list(&tags);

    /* INSERT is refused in the other dialects */

    if (d != QC_SQL_ANSI && strncmp(t->text, "INSERT", 6) == 0) {
        tap_ok(tags.unknown, "%s: %s", names[d], t->text);
        return;
    }

    tap_mem(list.data, list.len, t->tags, strlen(t->tags), t->text);
}


/* They are found by bisection. */

static void
words(void)
{
    int                   sorted;
    size_t                n;
    const qc_sql_word_t  *word;

    sorted = 1;

    for (n = 0; qc_sql_word_nth(n) != NULL; n++) {
        word = qc_sql_word_nth(n);

        sorted &= (n == 0 || strcmp(qc_sql_word_nth(n - 1)->name, word->name)
                                 < 0);
        sorted &= (qc_sql_word_find(qc_str(word->name, strlen(word->name)))
                   == word);
    }

    tap_ok(sorted && n > 200, "%zu words in order", n);
    tap_ok(qc_sql_word_find(qc_str("SeLeCt", 6)) != NULL, "any case");
    tap_ok(qc_sql_word_find(qc_str("selec", 5)) == NULL, "all of it");
    tap_ok(qc_sql_word_find(qc_str("", 0)) == NULL, "nothing");
}
