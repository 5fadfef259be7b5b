
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * Surrogate keys: what an answer was made from, "table:db.hits".  A list is
 * one string, separated by spaces, each tag in it once, in the order of first
 * sight.  In a name every byte but letters, digits, "_", ".", "-", "*" and
 * "$" is percent-encoded, so that nothing in a query can end a tag.
 */

#ifndef QC_TAGS_H
#define QC_TAGS_H


#include "qc_buf.h"


#define QC_TAGS_MAX        1024        /* bytes of a list */
#define QC_TAG_UNKNOWN     "unknown:"  /* there are sources besides those in
                                          the list */


typedef struct {
    qc_buf_t               buf;
    unsigned               unknown:1;
    uint8_t                mem[QC_TAGS_MAX];
} qc_tags_t;


void qc_tags_init(qc_tags_t *t);

/* What does not fit, or has an empty name, makes the list "unknown". */
void qc_tags_add(qc_tags_t *t, const char *kind, qc_str_t name);
void qc_tags_unknown(qc_tags_t *t);

/* The list, the tag QC_TAG_UNKNOWN last if it was called for. */
qc_str_t qc_tags_list(qc_tags_t *t);

/* Whether s is a list as above: the form that may be stored. */
int qc_tags_valid(qc_str_t s);


#endif /* QC_TAGS_H */
