
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * What the rules of a gate say about names and values.
 */

#ifndef QC_GATE_RULE_H
#define QC_GATE_RULE_H


#include "qc_gate.h"


/*
 * The number of segments, and where each begins behind its slash; the start
 * of one more is past the end.  -1 if it is no pointer, or over the limits.
 */
int qc_gate_pointer(qc_str_t pointer, uint8_t *starts);

/* A segment, as it is in the pointer, against what is in the body. */
int qc_gate_name_is(qc_str_t segment, qc_str_t name);
int qc_gate_index_is(qc_str_t segment, uint64_t index);

/* A value that says no: null, false, zero or the empty string. */
int qc_gate_falsy(qc_str_t text, int string);

/* Whether a string, or a scalar as it is written, is the value of a rule. */
int qc_gate_equal(qc_str_t value, qc_str_t text, int string);

/* Whether it is a number, true, false or null. */
int qc_gate_literal(qc_str_t s);

/*
 * The value of what stands between the quotes of a JSON string, written to
 * out, which may be p: it is never longer.  0 if it is none.
 */
int qc_gate_decode(const uint8_t *p, size_t len, uint8_t *out,
    size_t *outlen);


#endif /* QC_GATE_RULE_H */
