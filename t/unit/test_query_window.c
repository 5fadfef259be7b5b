
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/* The range of time a query asks for, and what it is answered from. */

#include "query.h"


typedef struct {
    const char  *rules;
    const char  *request;
    const char  *want;
} said_t;


static void test_windows(void);
static void test_tags(void);


static query_asked_t  a;


/* now is 2027-01-15T08:00:00Z, 1800000000 */

static const said_t  windows[] = {
    { "clickhouse", "GET /?query=SELECT+1", "" },
    { "clickhouse", "GET /?query=SELECT+now()", "open" },
    { "clickhouse zone=0",
      "POST /\n\nSELECT a FROM t WHERE ts < '2027-01-15 08:00:00'", "closed" },
    { "clickhouse zone=0",
      "POST /\n\nSELECT a FROM t WHERE ts < '2027-01-15 08:00:01'", "open" },
    { "clickhouse zone=60",
      "POST /\n\nSELECT a FROM t WHERE ts < '2027-01-15 09:00:00'", "closed" },
    { "clickhouse zone=-60",
      "POST /\n\nSELECT a FROM t WHERE ts < '2027-01-15 08:00:00'", "open" },
    { "clickhouse",
      "POST /\n\nSELECT a FROM t WHERE ts < '2027-01-14 20:00:00'", "closed" },
    { "clickhouse",
      "POST /\n\nSELECT a FROM t WHERE ts < '2027-01-14 20:00:01'", "open" },
    { "clickhouse",
      "POST /\n\nSELECT a FROM t WHERE ts < '2027-01-15T08:00:00Z'", "closed" },
    { "clickhouse lag=3600 zone=0",
      "POST /\n\nSELECT a FROM t WHERE ts < '2027-01-15 07:00:00'", "closed" },
    { "clickhouse lag=3601 zone=0",
      "POST /\n\nSELECT a FROM t WHERE ts < '2027-01-15 07:00:00'", "open" },
    { "clickhouse zone=0",
      "POST /\n\nSELECT a, now() FROM t WHERE ts < '2020-01-01'", "open" },
    { "clickhouse zone=0",
      "POST /\n\nSELECT a FROM t WHERE ts > '2020-01-01'", "" },
    { "clickhouse zone=0 end=to",
      "POST /?to=1700000000\n\nSELECT a FROM t WHERE ts > '2020-01-01'",
      "closed" },
    { "clickhouse zone=0 end=to",
      "POST /?to=1900000000\n\nSELECT a FROM t WHERE ts < '2020-01-01'",
      "open" },
    { "clickhouse zone=0 end=to",
      "POST /\n\nSELECT a FROM t WHERE ts < '2020-01-01'", "" },

    { "json", "GET /?to=1700000000", "closed" },
    { "json", "GET /?t%6F=17%300000000", "closed" },
    { "json", "GET /?to=1900000000", "open" },
    { "json", "GET /?to=now", "open" },
    { "json", "GET /?to", "open" },
    { "json", "GET /?to=%zz", "open" },
    { "json", "GET /?from=1700000000", "" },
    { "json", "GET /?to=1700000000&to=1900000000", "open" },
    { "json", "GET /?to=1900000000&to=1700000000", "open" },
    { "json", "GET /?until=1700000000&end_date=2020-01-01", "closed" },
    { "json", "POST /\n\n{~a~:{~to~:1700000000}}", "closed" },
    { "json", "POST /?to=1900000000\n\n{~a~:{~to~:1700000000}}", "open" },
    { "json", "POST /\n\n{~to~:[~2020-01-01~]}", "" },
    { "json", "POST /\n\n{~to~:null}", "" },
    { "json", "POST /\n\n{~to~:1.5}", "open" },
    { "json end=/r/to,to", "POST /\n\n{~r~:{~to~:1700000000}}", "closed" },
    { "json end=/r/to,to", "POST /?to=x\n\n{~r~:{~to~:1700000000}}", "open" },
    { "json end=/r/to,to", "POST /\n\n{~to~:1700000000}", "" },
    { "json end=/l/1", "POST /\n\n{~l~:[1900000000,1700000000]}", "closed" },
    { "json end=/l/*", "POST /\n\n{~l~:[1900000000,1700000000]}", "open" },
    { "json end=end_*", "GET /?end_a=1700000000&end_b=1700000000", "closed" },
    { "json end=end_*", "GET /?end_a=1700000000&end_b=1900000000", "open" },
    { "json end=to round=to step=86400", "GET /?to=1800000001", "open" },

    { "elasticsearch zone=0",
      "POST /_search\n\n{~query~:{~range~:{~d~:{~lt~:~2020-01-01~}}}}",
      "closed" },
    { "elasticsearch zone=0",
      "POST /_search\n\n{~query~:{~bool~:{~filter~:[{~range~:{~d~:{~lte~:"
      "~2020-01-01~}}}]}}}", "closed" },
    { "elasticsearch zone=0",
      "POST /_search\n\n{~query~:{~bool~:{~should~:[{~range~:{~d~:{~lte~:"
      "~2020-01-01~}}}]}}}", "" },
    { "elasticsearch zone=0",
      "POST /_search\n\n{~query~:{~bool~:{~must_not~:[{~range~:{~d~:{~lte~:"
      "~2020-01-01~}}}]}}}", "" },
    { "elasticsearch zone=0",
      "POST /_search\n\n{~query~:{~range~:{~d~:{~lt~:~now-1d~}}}}", "open" },
    { "elasticsearch zone=0",
      "POST /_search\n\n{~query~:{~range~:{~d~:{~lt~:~2020-01-01||/d~}}}}",
      "open" },
    { "elasticsearch",
      "POST /_search\n\n{~query~:{~range~:{~@timestamp~:{~lt~:1700000000000}}}"
        "}",
      "closed" },
    { "elasticsearch",
      "POST /_search\n\n{~query~:{~range~:{~event.time~:{~lt~:1700000000000}}}"
        "}",
      "closed" },
    { "elasticsearch",
      "POST /_search\n\n{~query~:{~range~:{~price~:{~lt~:1700000000000}}}}", ""
      },
    { "elasticsearch zone=0",
      "POST /_search\n\n{~query~:{~range~:{~d~:{~lt~:~2020-01-01~}}},~aggs~:{"
      "~a~:{~global~:{}}}}", "open" },
    { "elasticsearch zone=0",
      "POST /_search\n\n{~query~:{~range~:{~d~:{~lt~:~2020-01-01~}}},~knn~:{}}",
      "open" },
    { "elasticsearch zone=0",
      "POST /_search\n\n{~query~:{~function_score~:{~random_score~:{}}}}",
      "open" },
    { "elasticsearch zone=0",
      "POST /<l-{now}>/_search\n\n{~query~:{~range~:{~d~:{~lt~:~2020-01-01~}}}"
        "}",
      "open" },
    { "elasticsearch zone=0",
      "POST /_msearch\n\n{}\n{~query~:{~range~:{~d~:{~lt~:~2020-01-01~}}}}\n",
      "open" },
    { "elasticsearch zone=0",
      "POST /_sql\n\n{~query~:~SELECT a FROM l WHERE ts < '2020-01-01'~}",
      "closed" },

    { "druid zone=0",
      "POST /druid/v2\n\n{~intervals~:[~2020-01-01/2020-01-02~]}", "closed" },
    { "druid zone=0",
      "POST /druid/v2\n\n{~intervals~:~2020-01-01/2020-01-02~}", "closed" },
    { "druid zone=0",
      "POST /druid/v2\n\n{~intervals~:[~2020-01-01/2020-01-02~,"
      "~2020-01-01/2030-01-01~]}", "open" },
    { "druid zone=0", "POST /druid/v2\n\n{~intervals~:[~2020-01-01/P1D~]}",
      "open" },
    { "druid zone=0", "POST /druid/v2\n\n{~intervals~:[~x~]}", "open" },
    { "druid zone=0",
      "POST /druid/v2\n\n{~intervals~:{~type~:~intervals~,~intervals~:["
      "~2020-01-01/2020-01-02~]}}", "closed" },
    { "druid zone=0",
      "POST /druid/v2/sql\n\n{~query~:~SELECT a FROM w WHERE __time < TIMESTAM"
        "P "
      "'2020-01-01 00:00:00'~}", "closed" },

    { "cube zone=0",
      "POST /v1/load\n\n{~query~:{~timeDimensions~:[{~dateRange~:[~2020-01-01~,"
      "~2020-01-31~]}]}}", "closed" },
    { "cube zone=0",
      "POST /v1/load\n\n{~query~:{~timeDimensions~:[{~dateRange~:~2020-01-01~}]"
      "}}", "closed" },
    { "cube zone=0",
      "POST /v1/load\n\n{~query~:{~timeDimensions~:[{~dateRange~:~last week~}]}"
      "}", "open" },
    { "cube zone=0",
      "POST /v1/load\n\n{~query~:{~timeDimensions~:[{~dateRange~:~2020-01-01~},"
      "{~dimension~:~a.t~}]}}", "open" },
    { "cube zone=0",
      "POST /v1/load\n\n{~query~:{~filters~:{~dateRange~:~2020-01-01~}}}", "" },
    { "cube zone=0",
      "POST /v1/load\n\n{~query~:{~timeDimensions~:[{~dateRange~:[~2020-01-01~,"
      "~2030-01-31~]}]}}", "open" },

    { "graphql zone=0 end=/variables/to",
      "POST /\n\n{~query~:~{a}~,~variables~:{~to~:~2020-01-01~}}", "closed" },
    { "graphql zone=0 end=/variables/to", "POST /\n\n{~query~:~{a}~}", "" }
};


static const said_t  tags[] = {
    { "clickhouse", "GET /?query=SELECT+a+FROM+db.hits", "table:db.hits" },
    { "clickhouse", "POST /\n\nSELECT a FROM `d b`.t JOIN u USING (a)",
      "table:d%20b.t table:u" },
    { "clickhouse", "GET /?query=SELECT+1", "" },
    { "clickhouse guard=off", "GET /?query=SELECT+'a", "unknown:" },
    { "clickhouse", "POST /\n\nSELECT a FROM url('x')", "unknown:" },
    { "json", "POST /\n\n{~a~:1}", "" },
    { "json", "POST /\n\n{~a~:1", "unknown:" },
    { "elasticsearch", "GET /a,b-*/_search?q=x", "index:a index:b-*" },
    { "elasticsearch", "POST /_search\n\n{}", "index:_all" },
    { "elasticsearch", "POST /_msearch\n\n{~index~:~a~}\n{}\n{~index~:[~b~,"
      "~c~]}\n{}\n", "index:a index:b index:c" },
    { "elasticsearch", "POST /a/_search\n\n{~query~:{~terms~:{~u~:{~index~:~b~,"
      "~id~:1}}}}", "index:b index:a" },
    { "elasticsearch", "POST /_sql\n\n{~query~:~SELECT a FROM l~}", "table:l" },
    { "druid", "POST /druid/v2\n\n{~dataSource~:~w~}", "datasource:w" },
    { "druid", "POST /druid/v2\n\n{~dataSource~:{~type~:~union~,~dataSources~:["
      "~a~,~b~]}}", "datasource:a datasource:b" },
    { "druid", "POST /druid/v2/sql\n\n{~query~:~SELECT a FROM w~}", "table:w" },
    { "cube", "GET /v1/load?query={~measures~:[~a.b~,~a.c~],~dimensions~:["
      "~d.e~]}", "cube:a cube:d" },
    { "graphql", "POST /\n\n{~query~:~{ a b: c { d } __typename }~}",
      "field:a field:c" },
    { "graphql",
        "GET /?extensions={~persistedQuery~:{~sha256Hash~:~52978b222d1c"
      "8b138bf928ca07288c01cd4c553a1a8fe1322526b4ef6c6f6b48~}}", "unknown:" },
    { "pinot", "GET /?sql=SELECT+a+FROM+t", "table:t" },
    { "clickhouse normalize=off", "GET /?query=SELECT+a+FROM+hits",
      "table:hits" }
};


int
main(void)
{
    test_windows();
    test_tags();

    return tap_done();
}


static void
test_windows(void)
{
    size_t       i;
    const char  *got;

    static const char *const  names[] = { "", "open", "closed" };

    for (i = 0; i < sizeof(windows) / sizeof(said_t); i++) {
        query_ask_text(&a, windows[i].rules, windows[i].request);
        query_free();

        got = *query_reason(&a) ? query_reason(&a) : names[a.window];

        if (!tap_ok(strcmp(got, windows[i].want) == 0, "%s: %zu: \"%s\"",
                    windows[i].rules, i, windows[i].want))
        {
            printf("# %s: %s\n", windows[i].request, got);
        }
    }
}


static void
test_tags(void)
{
    size_t    i;
    qc_str_t  list;

    for (i = 0; i < sizeof(tags) / sizeof(said_t); i++) {
        query_ask_text(&a, tags[i].rules, tags[i].request);

        list = qc_tags_list(&a.q.tags);
        tap_mem(list.data, list.len, tags[i].want, strlen(tags[i].want),
                tags[i].request);
        query_free();
    }
}
