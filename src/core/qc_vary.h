
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * Answers that depend on fields of the request: Vary, RFC 9110 section
 * 12.5.5, and what chooses among several answers, RFC 9111 section 4.1.
 *
 * Names are a text: lower case, sorted, unique, "," between them.  The key
 * of an answer is made as qc_key.h says, of these fields:
 *
 *     "primary"  the primary key
 *     "vary"     the names
 *     each name  its value, normalised; left out if the request has none
 *
 * Values that mean the same by the definition of the field give one text,
 * and no others do: where that is not certain, they are told apart.
 */

#ifndef QC_VARY_H
#define QC_VARY_H


#include "qc_key.h"
#include "qc_record.h"


#define QC_VARY_NAMES      16
#define QC_VARY_MAX        256         /* bytes of the names */
#define QC_VARY_VALUE_MAX  4096        /* bytes of a normalised value */
#define QC_VARY_MEMBERS    64          /* of a list that is normalised */


typedef struct {
    size_t                 n;
    size_t                 len;
    uint8_t                names[QC_VARY_MAX];
    unsigned               bad:1;      /* "*", malformed, or too many */
} qc_vary_t;


void qc_vary_init(qc_vary_t *v);

/* One line of Vary.  No line makes a v that is bad good again. */
void qc_vary_add(qc_vary_t *v, qc_str_t value);

/* A name, in any case, that does not matter: it is in each primary key. */
void qc_vary_drop(qc_vary_t *v, qc_str_t name);

/* Adds the names of a marker: 1, or 0 if v is bad, as it is by such names. */
int qc_vary_merge(qc_vary_t *v, qc_str_t names);

/* Points into v; empty if there are none or v is bad. */
qc_str_t qc_vary_names(const qc_vary_t *v);

/* Whether these are names as above, one at least, and within the bounds. */
int qc_vary_valid(qc_str_t names);

/* The next of valid names, *names moved past it: 1, or 0 at their end. */
int qc_vary_next(qc_str_t *names, qc_str_t *name);

/*
 * The key of the answer to a request with these fields: QC_OK; QC_NOSPACE if
 * a value is longer than QC_VARY_VALUE_MAX, QC_BAD if one has CR, LF or NUL
 * (RFC 9110 section 5.5), the names are not valid, or the hash failed.  No
 * key: no cache.
 */
qc_rc_e qc_vary_key(qc_str_t names, const uint8_t primary[QC_KEY_LEN],
    const qc_field_t *headers, size_t nheaders, qc_sha256_t *sha,
    uint8_t key[QC_KEY_LEN]);

/*
 * Writes the value of one field, of all its lines, as it is in the key:
 * QC_OK; QC_DONE if there is no line; QC_NOSPACE and QC_BAD as above.
 *
 * Accept, Accept-Charset, Accept-Encoding and Accept-Language (RFC 9110
 * section 12.5) become one list: without white space, empty and repeated
 * members, in lower case where case does not matter, each weight in its
 * shortest form, by weight.  Members of equal weight keep their order, which
 * servers heed in languages and media types; charsets and codings are
 * sorted.  A list that is malformed, gives one member two weights, or has
 * more than QC_VARY_MEMBERS is a value like that of any other field: each
 * line as it stands, but for the white space around it, LF between lines.
 * These are not joined by commas, since many such values have commas of
 * their own and are no lists.
 */
qc_rc_e qc_vary_value(qc_str_t name, const qc_field_t *headers,
    size_t nheaders, qc_buf_t *b);


#endif /* QC_VARY_H */
