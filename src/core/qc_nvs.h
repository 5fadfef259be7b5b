
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * No-Vary-Search (draft-ietf-httpbis-no-vary-search): which parameters of a
 * query string an answer does not depend on, and the form that is the same
 * for all query strings it does not tell apart.
 */

#ifndef QC_NVS_H
#define QC_NVS_H


#include "qc_buf.h"


#define QC_NVS_NAMES       32
#define QC_NVS_TEXT        1024        /* bytes of all names, decoded */
#define QC_NVS_PARAMS      1024        /* of a query string, that count */


typedef struct {
    unsigned               key_order:1;    /* the order does not matter */
    unsigned               only:1;     /* no parameters matter but the names;
                                          else all but these do */
    size_t                 n;
    uint16_t               end[QC_NVS_NAMES];  /* of each name in text */
    uint8_t                text[QC_NVS_TEXT];
} qc_nvs_t;


/*
 * Reads the n lines of the field, a dictionary of "key-order", a Boolean, and
 * either "params" or "except", inner lists of strings.  Of the older spelling
 * "params" as the Boolean true is read too: alone it is "except=()", beside
 * "except" it says nothing more.  Other keys and all parameters are ignored.
 * QC_BAD: malformed, of other types, or more than fits: the field is ignored,
 * and *nvs is the rule of no field, that the query matters as it is.
 */
qc_rc_e qc_nvs_parse(qc_nvs_t *nvs, const qc_str_t *lines, size_t n);

/* Whether the rule is another one than that of no field. */
int qc_nvs_any(const qc_nvs_t *nvs);

/*
 * Appends the canonical form of a query string: its pairs as in
 * application/x-www-form-urlencoded, without those that do not matter, in
 * order of their names (stably) if the order does not, in one encoding.  What
 * has equal forms is equivalent; the reverse is true but for values that are
 * not UTF-8, which are compared byte by byte.  If !qc_nvs_any(), it is the
 * query string as it is.  The form is at most 4 times as long.
 *
 * QC_BAD: a name is not UTF-8, so the query matters as it is.  QC_NOSPACE:
 * more than QC_NVS_PARAMS that matter, or out is too small.  What was
 * appended then is no form.  Uses some 24 KB of stack.
 */
qc_rc_e qc_nvs_apply(const qc_nvs_t *nvs, qc_str_t args, qc_buf_t *out);


#endif /* QC_NVS_H */
