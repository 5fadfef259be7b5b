
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_engine.h"
#include "qc_args.h"
#include "qc_json.h"
#include "tap.h"


typedef struct {
    qc_engine_e  engine;
    unsigned     guard;
    const char  *method;
    const char  *uri;
    qc_metric_e  want;
} path_t;


static qc_str_t guard(unsigned slot, const char *s);
static void test_presets(void);
static void test_names(void);
static void test_paths(void);
static void test_sql(void);


#define BOTH     QC_GUARD_STATEMENT|QC_GUARD_SESSION

#define ES       QC_ENGINE_ELASTICSEARCH
#define DRUID    QC_ENGINE_DRUID
#define CUBE     QC_ENGINE_CUBE


static const path_t  paths[] = {
    { QC_ENGINE_NONE, BOTH, "POST", "/any", QC_NO_METRIC },
    { QC_ENGINE_CLICKHOUSE, BOTH, "POST", "/", QC_NO_METRIC },
    { QC_ENGINE_GRAPHQL, BOTH, "POST", "/graphql", QC_NO_METRIC },
    { QC_ENGINE_NONE, BOTH, "POST", "", QC_NO_METRIC },

    { ES, BOTH, "POST", "/_search", QC_NO_METRIC },
    { ES, BOTH, "POST", "/_search/", QC_NO_METRIC },
    { ES, BOTH, "POST", "/a,b-*/_search", QC_NO_METRIC },
    { ES, BOTH, "QUERY", "/es/a/_msearch", QC_NO_METRIC },
    { ES, BOTH, "POST", "/_all/_count", QC_NO_METRIC },
    { ES, BOTH, "POST", "/a/_explain/1", QC_NO_METRIC },
    { ES, BOTH, "GET", "/a/_doc/1", QC_NO_METRIC },
    { ES, BOTH, "POST", "/a/_doc/1", QC_R_STATEMENT },
    { ES, BOTH, "POST", "/a/_doc/_search", QC_R_STATEMENT },
    { ES, BOTH, "POST", "/a/_search/x", QC_R_STATEMENT },
    { ES, BOTH, "POST", "/a/_searches", QC_R_STATEMENT },
    { ES, BOTH, "POST", "/a/x_search", QC_R_STATEMENT },
    { ES, BOTH, "POST", "/_all", QC_R_STATEMENT },
    { ES, BOTH, "POST", "/_all/", QC_R_STATEMENT },
    { ES, BOTH, "POST", "/_", QC_R_STATEMENT },
    { ES, BOTH, "POST", "/", QC_R_STATEMENT },
    { ES, BOTH, "POST", "", QC_R_STATEMENT },
    { ES, BOTH, "POST", "/_bulk", QC_R_STATEMENT },
    { ES, BOTH, "POST", "/a/_explain/", QC_R_STATEMENT },
    { ES, QC_GUARD_SESSION, "POST", "/_bulk", QC_NO_METRIC },
    { ES, 0, "POST", "/_bulk", QC_NO_METRIC },
    { ES, BOTH, "GET", "/_search/scroll", QC_R_SESSION },
    { ES, BOTH, "GET", "/_search/scroll/x", QC_R_SESSION },
    { ES, BOTH, "POST", "/a/_pit", QC_R_SESSION },
    { ES, BOTH, "GET", "/_async_search/x", QC_R_SESSION },
    { ES, BOTH, "GET", "/_query/async/x", QC_R_SESSION },
    { ES, QC_GUARD_STATEMENT, "GET", "/_search/scroll", QC_NO_METRIC },

    { DRUID, BOTH, "POST", "/druid/v2", QC_NO_METRIC },
    { DRUID, BOTH, "POST", "/druid/v2/", QC_NO_METRIC },
    { DRUID, BOTH, "QUERY", "/x/druid/v2/sql/", QC_NO_METRIC },
    { DRUID, BOTH, "GET", "/druid/v2/datasources", QC_NO_METRIC },
    { DRUID, BOTH, "POST", "/druid/v2/sql/task", QC_R_STATEMENT },
    { DRUID, BOTH, "POST", "/druid/v2/sql//", QC_R_STATEMENT },
    { DRUID, BOTH, "POST", "/v2", QC_R_STATEMENT },
    { DRUID, BOTH, "POST", "", QC_R_STATEMENT },
    { DRUID, 0, "POST", "/v2", QC_NO_METRIC },

    { CUBE, BOTH, "GET", "/cubejs-api/v1/load", QC_NO_METRIC },
    { CUBE, BOTH, "POST", "/v1/meta", QC_NO_METRIC },
    { CUBE, BOTH, "GET", "/v1/run-scheduled-refresh", QC_R_STATEMENT },
    { CUBE, BOTH, "GET", "/v1/loads", QC_R_STATEMENT },
    { CUBE, BOTH, "GET", "", QC_R_STATEMENT },
    { CUBE, 0, "GET", "/", QC_NO_METRIC }
};


int
main(void)
{
    test_presets();
    test_names();
    test_paths();
    test_sql();

    return tap_done();
}


static qc_str_t
guard(unsigned slot, const char *s)
{
    size_t  len;

    len = strlen(s);

    return qc_str(tap_guard(slot, s, len), len);
}


/* What is in the tables is what an operator could write. */

static void
test_presets(void)
{
    int                 ok;
    size_t              i, n;
    const qc_engine_t  *e;

    for (i = 0; i < QC_ENGINES; i++) {

        e = &qc_engines[i];
        ok = qc_gate_rules_valid(&e->gate);

        for (n = 0; n < e->ignore_args.n; n++) {
            ok = ok && qc_name_pattern_valid(e->ignore_args.elts[n]);
        }

        for (n = 0; n < e->session_args.n; n++) {
            ok = ok && qc_name_pattern_valid(e->session_args.elts[n]);
        }

        for (n = 0; n < e->ignore_json.n; n++) {
            ok = ok && qc_json_pointer_valid(e->ignore_json.elts[n]);
        }

        for (n = 0; n < e->session_json.n; n++) {
            ok = ok && qc_json_pointer_valid(e->session_json.elts[n]);
        }

        if (e->sql_member.len != 0) {
            ok = ok && qc_json_pointer_valid(e->sql_member);
        }

        tap_ok(ok, "%s: what it is set to is valid",
               (const char *) e->name.data);
    }

    for (n = 0, ok = 1; n < qc_identity_args.n; n++) {
        ok = ok && qc_name_pattern_valid(qc_identity_args.elts[n])
             && memchr(qc_identity_args.elts[n].data, '*',
                       qc_identity_args.elts[n].len) == NULL;
    }

    tap_ok(ok && n != 0, "arguments that say who asks");
}


static void
test_names(void)
{
    size_t  i;

    static const char *const  others[] = {
        "", "Json", "jso", "jsonn", "none ", "off"
    };

    for (i = 0; i < QC_ENGINES; i++) {
        tap_ok(qc_engine_find(qc_engines[i].name) == &qc_engines[i],
               "found: %s", (const char *) qc_engines[i].name.data);
    }

    for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        tap_ok(qc_engine_find(guard(0, others[i])) == NULL, "not found: %s",
               others[i]);
    }
}


static void
test_paths(void)
{
    size_t         i;
    const path_t  *p;

    for (i = 0; i < sizeof(paths) / sizeof(path_t); i++) {
        p = &paths[i];

        tap_int(qc_engine_path(&qc_engines[p->engine], p->guard,
                               guard(0, p->method), guard(1, p->uri)),
                p->want, *p->uri ? p->uri : "no path");
    }
}


static void
test_sql(void)
{
    const qc_engine_t  *druid, *es, *pinot;

    druid = &qc_engines[DRUID];
    es = &qc_engines[ES];
    pinot = &qc_engines[QC_ENGINE_PINOT];

    tap_ok(qc_engine_has_sql(druid, guard(0, "/druid/v2/sql")), "Druid: /sql");
    tap_ok(qc_engine_has_sql(druid, guard(0, "/druid/v2/sql/")),
           "Druid: /sql/");
    tap_ok(!qc_engine_has_sql(druid, guard(0, "/druid/v2")), "Druid: native");
    tap_ok(!qc_engine_has_sql(druid, guard(0, "sql")), "Druid: no path");
    tap_ok(!qc_engine_has_sql(druid, guard(0, "")), "Druid: nothing");
    tap_ok(qc_engine_has_sql(es, guard(0, "/_sql")), "Elasticsearch: /_sql");
    tap_ok(!qc_engine_has_sql(es, guard(0, "/_search")),
           "Elasticsearch: /_search");
    tap_ok(qc_engine_has_sql(pinot, guard(0, "")), "Pinot: anywhere");
}
