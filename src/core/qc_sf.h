
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * Dictionaries and lists of structured fields, RFC 9651: the members one by
 * one, as they stand.  A field is valid as a whole or not at all, so nothing
 * may be done about a member before QC_DONE was seen.
 */

#ifndef QC_SF_H
#define QC_SF_H


#include "qc_buf.h"


typedef enum {
    QC_SF_INTEGER = 0,
    QC_SF_DECIMAL,
    QC_SF_STRING,
    QC_SF_TOKEN,
    QC_SF_BYTES,
    QC_SF_BOOLEAN,
    QC_SF_DATE,
    QC_SF_DISPLAY,
    QC_SF_LIST                         /* inner, see qc_sf_inner_next() */
} qc_sf_type_e;


typedef struct {
    qc_str_t               key;        /* of a dictionary, else empty */
    qc_sf_type_e           type;
    qc_str_t               text;       /* as written, without delimiters:
                                          escapes and base64 are kept; of a
                                          list, from "(" to ")" */
    int64_t                number;     /* of an integer or a date; of a
                                          boolean, 0 or 1 */
} qc_sf_member_t;


/*
 * The next member of a dictionary, *s moved past it and the comma behind it:
 * QC_OK; QC_DONE at the end, QC_BAD if the field is none.  Parameters are
 * read and dropped; a key may be there again, and then its last value counts
 * (section 3.2).
 *
 * Lines of one field are one dictionary, or one list: they are read one after
 * the other, and one line that is QC_BAD makes all of them be ignored.  So a
 * caller either reads them twice, or takes notes that it can still drop.
 */
qc_rc_e qc_sf_next(qc_str_t *s, qc_sf_member_t *m);

/* Likewise the next member of a list (section 3.1). */
qc_rc_e qc_sf_list_next(qc_str_t *s, qc_sf_member_t *m);

/*
 * The next item of an inner list (section 3.1.1), whose text is that of a
 * member of the type QC_SF_LIST; as qc_sf_next().
 */
qc_rc_e qc_sf_inner_next(qc_str_t *inner, qc_sf_member_t *m);

/*
 * Appends what a string stands for, which is never longer than its text;
 * QC_BAD if the member is none, QC_NOSPACE.
 */
qc_rc_e qc_sf_string(const qc_sf_member_t *m, qc_buf_t *out);

/*
 * Appends bytes as a string (section 4.1.6): 2 * len + 2 at most.  QC_BAD,
 * and nothing is appended, if there is no such string; QC_NOSPACE.
 */
qc_rc_e qc_sf_put_string(qc_buf_t *out, qc_str_t s);

/* As a token if they are one (section 3.3.4), as a string otherwise. */
qc_rc_e qc_sf_put_name(qc_buf_t *out, qc_str_t s);


#endif /* QC_SF_H */
