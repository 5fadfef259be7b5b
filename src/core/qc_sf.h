
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * Dictionaries of structured fields, RFC 9651: the members one by one, as
 * they stand.  A field is valid as a whole or not at all, so nothing may be
 * done about a member before QC_DONE was seen.
 */

#ifndef QC_SF_H
#define QC_SF_H


#include "qc_base.h"


typedef enum {
    QC_SF_INTEGER = 0,
    QC_SF_DECIMAL,
    QC_SF_STRING,
    QC_SF_TOKEN,
    QC_SF_BYTES,
    QC_SF_BOOLEAN,
    QC_SF_DATE,
    QC_SF_DISPLAY,
    QC_SF_LIST                         /* inner: its items are not given */
} qc_sf_type_e;


typedef struct {
    qc_str_t               key;
    qc_sf_type_e           type;
    qc_str_t               text;       /* as written, without delimiters:
                                          escapes and base64 are kept; of a
                                          list, from "(" to ")" */
    int64_t                number;     /* of an integer or a date; of a
                                          boolean, 0 or 1 */
} qc_sf_member_t;


/*
 * The next member, *s moved past it and the comma behind it: QC_OK; QC_DONE
 * at the end, QC_BAD if the field is none.  Parameters are read and dropped;
 * a key may be there again, and then its last value counts (section 3.2).
 * Lines of one field are read one after the other.
 */
qc_rc_e qc_sf_next(qc_str_t *s, qc_sf_member_t *m);


#endif /* QC_SF_H */
