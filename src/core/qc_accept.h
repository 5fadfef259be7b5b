
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/* What a client accepts, RFC 9110 section 12.5.3. */

#ifndef QC_ACCEPT_H
#define QC_ACCEPT_H


#include "qc_record.h"


/*
 * Whether Accept-Encoding wants the coding at least as much as none at all:
 * 1 or 0.  The last of equal names counts; a weight that is not one is 0, and
 * a list that is malformed ends there.
 */
int qc_accepts_coding(qc_str_t value, qc_coding_e coding);

/* Whether a list of field names, as in Vary, has this one (in lower case). */
int qc_list_names(qc_str_t value, qc_str_t name);


#endif /* QC_ACCEPT_H */
