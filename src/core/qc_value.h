
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * The pieces field values are made of (RFC 9110 section 5.6): each function
 * moves *s past what it has read.
 */

#ifndef QC_VALUE_H
#define QC_VALUE_H


#include "qc_headers.h"


void qc_value_skip(qc_str_t *s, size_t n);

/* Spaces and tabs. */
void qc_value_skip_ws(qc_str_t *s);

/* Without white space around it. */
qc_str_t qc_value_trim(qc_str_t s);

/* Empty if there is none. */
qc_str_t qc_value_token(qc_str_t *s);

/*
 * From one quote, which is there, to the other: 1, and what is between as it
 * is written; 0 if it does not end.
 */
int qc_value_quoted(qc_str_t *s, qc_str_t *text);

/* White space and the comma behind an element; 0 if anything else is next. */
int qc_value_delimiter(qc_str_t *s);


#endif /* QC_VALUE_H */
