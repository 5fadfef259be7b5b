
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * The part of a gate that follows a JSON text: along the pointers of rules
 * byte by byte, past everything else by qc_scan.
 */

#ifndef QC_GATE_JSON_H
#define QC_GATE_JSON_H


#include "qc_gate.h"


/* How the body is read: g->mode. */

enum {
    QC_GATE_NO_JSON = 0,
    QC_GATE_ONE,
    QC_GATE_LINES,
    QC_GATE_SNIFF         /* its first byte will tell */
};


void qc_gate_json_init(qc_gate_t *g);

/* QC_OK, QC_DONE if a rule is broken (g->reason), QC_BAD if it is no JSON. */
qc_rc_e qc_gate_json_read(qc_gate_t *g, const uint8_t *p, const uint8_t *end);

/* At the end: whether it is one; a number that only ends here is checked. */
int qc_gate_json_whole(qc_gate_t *g);


#endif /* QC_GATE_JSON_H */
