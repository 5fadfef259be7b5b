
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/* Range, RFC 9110 section 14.2. */

#ifndef QC_RANGE_H
#define QC_RANGE_H


#include "qc_base.h"


/*
 * Whether the value asks for bytes in a form that is valid: "bytes=" in any
 * case, and a list of first-last, first- and -length, with no last before its
 * first (section 14.1.1).  What is not valid is to be ignored, as if there
 * were no Range; whether it can be satisfied is another question.
 */
int qc_range_valid(qc_str_t value);


#endif /* QC_RANGE_H */
