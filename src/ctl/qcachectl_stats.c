
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qcachectl.h"

#include <curl/curl.h>
#include <jansson.h>

#include "../core/qc_metric.h"


#define QCACHECTL_TIMEOUT      5L      /* s */
#define QCACHECTL_STATS_MAX    65536


typedef struct {
    char                   data[QCACHECTL_STATS_MAX + 1];
    size_t                 len;
} qcachectl_stats_t;


static size_t qcachectl_stats_write(char *data, size_t size, size_t n,
    void *ctx);
static int qcachectl_stats_print(const qcachectl_stats_t *s);


int
qcachectl_stats(int argc, char **argv)
{
    CURL      *curl;
    long       status;
    CURLcode   rc;

    static qcachectl_stats_t  stats;

    if (argc != 2) {
        return qcachectl_error(QCACHECTL_USAGE, "needs URL");
    }

    curl = curl_easy_init();
    if (curl == NULL) {
        return qcachectl_error(QCACHECTL_USAGE, "no memory");
    }

    curl_easy_setopt(curl, CURLOPT_URL, argv[1]);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, QCACHECTL_TIMEOUT);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, qcachectl_stats_write);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &stats);

    status = 0;
    rc = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(curl);

    if (rc != CURLE_OK) {
        return qcachectl_error(QCACHECTL_USAGE, "%s", curl_easy_strerror(rc));
    }

    if (status != 200) {
        return qcachectl_error(QCACHECTL_USAGE, "%s answered %ld", argv[1],
                               status);
    }

    return qcachectl_stats_print(&stats);
}


static size_t
qcachectl_stats_write(char *data, size_t size, size_t n, void *ctx)
{
    size_t              len;
    qcachectl_stats_t  *s;

    s = ctx;
    len = size * n;

    if (len > QCACHECTL_STATS_MAX - s->len) {
        return 0;
    }

    memcpy(s->data + s->len, data, len);
    s->len += len;
    s->data[s->len] = '\0';

    return len;
}


/* All counters but those that are 0, with what they mean. */

static int
qcachectl_stats_print(const qcachectl_stats_t *s)
{
    int                 i, shown;
    json_t             *root, *group, *value;
    json_error_t        error;
    const qc_metric_t  *m;

    root = json_loadb(s->data, s->len, JSON_REJECT_DUPLICATES, &error);

    if (root == NULL || !json_is_string(json_object_get(root, "zone"))) {
        json_decref(root);
        return qcachectl_error(QCACHECTL_BAD,
                               "not the answer of query_cache_admin");
    }

    printf("zone %s\n", json_string_value(json_object_get(root, "zone")));

    shown = 0;

    for (i = 0; i < QC_METRICS; i++) {

        m = &qc_metrics[i];

        group = json_object_get(root, (const char *) m->group.data);
        value = json_object_get(group, (const char *) m->name.data);

        if (!json_is_integer(value) || json_integer_value(value) == 0) {
            continue;
        }

        printf("%-8s %-20s %12" JSON_INTEGER_FORMAT "  %s\n",
               (const char *) m->group.data, (const char *) m->name.data,
               json_integer_value(value), (const char *) m->help.data);
        shown++;
    }

    if (shown == 0) {
        printf("nothing has happened yet\n");
    }

    json_decref(root);

    return QCACHECTL_OK;
}
