
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * What qc_json needs besides a parser: what the parser is not strict enough
 * about, and the canonical forms of strings and numbers.
 */

#ifndef QC_JSON_FORM_H
#define QC_JSON_FORM_H


#include "qc_base.h"


#define QC_JSON_NUMBER_MORE  22        /* bytes a number may grow by */


/*
 * 0: bytes that are nowhere in a document which means the same to everybody,
 * though yajl may let them pass.
 */
int qc_json_bytes_valid(qc_str_t text);

/* Both write without a bound and return the end of what they wrote. */

size_t qc_json_string_len(qc_str_t s);
uint8_t *qc_json_string_write(uint8_t *p, qc_str_t s);

/*
 * The text is a number of JSON; there is room for QC_JSON_NUMBER_MORE bytes
 * more than it has.  NULL if the exponent does not fit into 64 bits.
 */
uint8_t *qc_json_number_write(uint8_t *p, qc_str_t text);


#endif /* QC_JSON_FORM_H */
