
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/* Sections are those of RFC 9111 unless another one is named. */

#include "qc_etag.h"
#include "qc_reuse.h"


typedef enum {
    QC_CLIENT_NO_CACHE = 0,
    QC_CLIENT_NO_STORE,
    QC_CLIENT_ONLY_IF_CACHED,
    QC_CLIENT_MAX_AGE,
    QC_CLIENT_MIN_FRESH,
    QC_CLIENT_MAX_STALE,
    QC_CLIENT_STALE_IF_ERROR,
    QC_CLIENT_UNKNOWN
} qc_client_e;


static void qc_client_control(qc_client_t *c, qc_str_t value);
static void qc_client_pragma(qc_client_t *c, qc_str_t value);
static qc_client_e qc_client_find(qc_str_t name);
static void qc_client_add(qc_client_t *c, qc_str_t name, qc_str_t arg);
static uint64_t qc_client_least(int again, uint64_t before, qc_str_t arg);
static int qc_reuse_suits(const qc_client_t *client, const qc_record_t *rec,
    uint64_t now, uint64_t age);
static void qc_reuse_stale(qc_reuse_t *out, const qc_record_t *rec,
    const qc_client_t *client, uint64_t now);
static int qc_reuse_on_error(const qc_record_t *rec,
    const qc_client_t *client, uint64_t now);


/* In the order of qc_client_e. */

static const qc_str_t  qc_client_names[] = {
    qc_string("no-cache"),
    qc_string("no-store"),
    qc_string("only-if-cached"),
    qc_string("max-age"),
    qc_string("min-fresh"),
    qc_string("max-stale"),
    qc_string("stale-if-error")
};


void
qc_client_field(qc_client_t *c, qc_str_t name, qc_str_t value)
{
    static const qc_str_t  control = qc_string("cache-control");
    static const qc_str_t  pragma = qc_string("pragma");

    if (qc_name_eq(name, control)) {
        qc_client_control(c, value);

    } else if (qc_name_eq(name, pragma)) {
        qc_client_pragma(c, value);
    }
}


static void
qc_client_control(qc_client_t *c, qc_str_t value)
{
    qc_rc_e   rc;
    qc_str_t  name, arg;

    c->any = 1;

    for ( ;; ) {
        rc = qc_directive_next(&value, &name, &arg);

        if (rc != QC_OK) {
            break;
        }

        qc_client_add(c, name, arg);
    }

    /* what cannot be read may have said anything */

    if (rc == QC_BAD) {
        c->no_cache = 1;
        c->no_store = 1;
    }
}


/* Section 5.4. */

static void
qc_client_pragma(qc_client_t *c, qc_str_t value)
{
    qc_rc_e   rc;
    qc_str_t  name, arg;

    do {
        rc = qc_directive_next(&value, &name, &arg);

        if (rc == QC_BAD
            || (rc == QC_OK && qc_client_find(name) == QC_CLIENT_NO_CACHE))
        {
            c->pragma = 1;
        }

    } while (rc == QC_OK);
}


static qc_client_e
qc_client_find(qc_str_t name)
{
    unsigned  i;

    for (i = 0; i < QC_CLIENT_UNKNOWN; i++) {
        if (qc_name_eq(name, qc_client_names[i])) {
            break;
        }
    }

    return (qc_client_e) i;
}


static void
qc_client_add(qc_client_t *c, qc_str_t name, qc_str_t arg)
{
    uint64_t  n;

    switch (qc_client_find(name)) {

    case QC_CLIENT_NO_CACHE:
        c->no_cache = 1;
        break;

    case QC_CLIENT_NO_STORE:
        c->no_store = 1;
        break;

    case QC_CLIENT_ONLY_IF_CACHED:
        c->only_if_cached |= (arg.data == NULL);
        break;

    case QC_CLIENT_MAX_AGE:
        c->max_age = qc_client_least(c->has_max_age, c->max_age, arg);
        c->has_max_age = 1;
        break;

    case QC_CLIENT_MIN_FRESH:
        if (qc_delta_seconds(arg, &n) != QC_OK) {
            n = UINT64_MAX;
        }

        c->min_fresh = (c->min_fresh > n) ? c->min_fresh : n;
        c->has_min_fresh = 1;
        break;

    case QC_CLIENT_MAX_STALE:

        /* section 5.2.1.2: without a value, of any age */

        if (arg.data == NULL) {
            c->max_stale = c->has_max_stale ? c->max_stale : QC_DELTA_MAX;

        } else {
            c->max_stale = qc_client_least(c->has_max_stale, c->max_stale,
                                           arg);
        }

        c->has_max_stale = 1;
        break;

    case QC_CLIENT_STALE_IF_ERROR:
        c->stale_if_error = qc_client_least(c->has_stale_if_error,
                                            c->stale_if_error, arg);
        c->has_stale_if_error = 1;
        break;

    default:
        break;
    }
}


static uint64_t
qc_client_least(int again, uint64_t before, qc_str_t arg)
{
    uint64_t  n;

    if (qc_delta_seconds(arg, &n) != QC_OK) {
        return 0;
    }

    return (again && before < n) ? before : n;
}


void
qc_reuse(qc_reuse_t *out, const qc_record_t *rec, const qc_client_t *client,
    uint64_t now, int validates)
{
    qc_str_t  etag, modified;

    memset(out, 0, sizeof(qc_reuse_t));

    /* clocks differ: an entry from the future was made now */

    out->age = (now > rec->created) ? now - rec->created : 0;
    out->ttl = (now < rec->fresh) ? (int64_t) (rec->fresh - now)
                                  : -(int64_t) (now - rec->fresh);
    out->verdict = QC_REUSE_FETCH;

    if (now < rec->fresh) {

        if (client == NULL
            || (!qc_client_refuses(client)
                && qc_reuse_suits(client, rec, now, out->age)))
        {
            out->verdict = QC_REUSE_FRESH;
            return;
        }

        out->request = 1;

    } else if (now >= rec->stale) {
        return;

    } else {
        qc_reuse_stale(out, rec, client, now);
    }

    if (out->verdict == QC_REUSE_FETCH) {
        out->on_error = (unsigned) qc_reuse_on_error(rec, client, now) & 1;
    }

    if (out->verdict != QC_REUSE_STALE && validates) {
        out->validate = (unsigned) qc_validators(rec->status, rec->headers,
                                                 &etag, &modified) & 1;
    }
}


/* Sections 5.2.1.4 and 5.4. */

int
qc_client_refuses(const qc_client_t *client)
{
    return client->no_cache || (client->pragma && !client->any);
}


/*
 * Sections 5.2.1.1 and 5.2.1.3.  An answer that is stale suits nobody who
 * limits its age or its freshness, unless max-stale does away with that.  An
 * age of 0 is what a browser asks for to reload: not even that of this second.
 */

static int
qc_reuse_suits(const qc_client_t *client, const qc_record_t *rec,
    uint64_t now, uint64_t age)
{
    if (client->has_max_age
        && (age > client->max_age
            || client->max_age == 0
            || (now >= rec->fresh && !client->has_max_stale)))
    {
        return 0;
    }

    return !client->has_min_fresh
           || (now < rec->fresh && rec->fresh - now >= client->min_fresh);
}


/* Section 4.2.4. */

static void
qc_reuse_stale(qc_reuse_t *out, const qc_record_t *rec,
    const qc_client_t *client, uint64_t now)
{
    int  may;

    if (rec->strict) {
        return;
    }

    may = 0;

    if (client != NULL) {

        if (qc_client_refuses(client)
            || !qc_reuse_suits(client, rec, now, out->age))
        {
            return;
        }

        /* in whole seconds: one that has begun is over */

        may = client->has_max_stale && now - rec->fresh < client->max_stale;

        if (client->has_max_stale && !may) {
            return;
        }
    }

    if (now < rec->swr) {
        out->verdict = QC_REUSE_UPDATE;

    } else if (may) {
        out->verdict = QC_REUSE_STALE;
    }
}


/* RFC 5861 section 4; what the client says of it is for its own request. */

static int
qc_reuse_on_error(const qc_record_t *rec, const qc_client_t *client,
    uint64_t now)
{
    if (rec->strict || (client != NULL && qc_client_refuses(client))) {
        return 0;
    }

    if (now < rec->fresh) {
        return 1;
    }

    if (client != NULL && client->has_stale_if_error) {
        return now - rec->fresh < client->stale_if_error;
    }

    return now < rec->sie;
}
