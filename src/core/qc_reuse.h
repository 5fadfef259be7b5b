
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * Whether an entry that was found answers a request: RFC 9111 section 4,
 * what the client says about it (section 5.2.1), and RFC 5861.
 */

#ifndef QC_REUSE_H
#define QC_REUSE_H


#include "qc_directives.h"
#include "qc_record.h"


/* What a request says to caches; zero it before the first field. */

typedef struct {
    unsigned               any:1;      /* there is Cache-Control */
    unsigned               no_cache:1; /* or it cannot be read */
    unsigned               no_store:1; /* likewise */
    unsigned               only_if_cached:1;
    unsigned               has_max_age:1;
    unsigned               has_min_fresh:1;
    unsigned               has_max_stale:1;
    unsigned               has_stale_if_error:1;
    unsigned               pragma:1;   /* no-cache; not heeded beside any */
    uint64_t               max_age;    /* s, up to QC_DELTA_MAX, of several
                                          the strictest; 0 if not valid */
    uint64_t               min_fresh;  /* UINT64_MAX if not valid */
    uint64_t               max_stale;  /* QC_DELTA_MAX without a value, 0 if
                                          not valid */
    uint64_t               stale_if_error;  /* 0 if not valid */
} qc_client_t;


typedef enum {
    QC_REUSE_FRESH = 0,
    QC_REUSE_STALE,                    /* the client's max-stale allows it */
    QC_REUSE_UPDATE,                   /* stale-while-revalidate does: serve
                                          it and fetch another */
    QC_REUSE_FETCH                     /* not to be served */
} qc_reuse_e;


typedef struct {
    qc_reuse_e             verdict;
    unsigned               on_error:1; /* FETCH: should that fail now, the
                                          entry may be served after all */
    unsigned               validate:1; /* UPDATE, FETCH: qc_validators() of
                                          the entry may be made conditions */
    unsigned               request:1;  /* FETCH: the entry is fresh, it is
                                          the client who wants another */
    uint64_t               age;        /* s */
    int64_t                ttl;        /* s it is fresh, negative: was */
} qc_reuse_t;


/*
 * One line of the request; others than Cache-Control and Pragma, in any
 * case, are ignored.
 */
void qc_client_field(qc_client_t *c, qc_str_t name, qc_str_t value);

/* Whether no stored answer will do, sections 5.2.1.4 and 5.4. */
int qc_client_refuses(const qc_client_t *client);

/*
 * client is NULL if what it says is not heeded; its no_store and
 * only_if_cached are left to the caller.  now is in s since 1970; validates
 * says that the method is GET, HEAD or QUERY.  on_error is of this moment:
 * when a fetch has failed, ask again.
 */
void qc_reuse(qc_reuse_t *out, const qc_record_t *rec,
    const qc_client_t *client, uint64_t now, int validates);


#endif /* QC_REUSE_H */
