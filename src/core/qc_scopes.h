
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * The log of invalidations of one machine: a table of fixed size in memory
 * that is the caller's, shared and locked by the caller.
 *
 * An invalidation notes each of its scopes at a position; positions ascend,
 * and are the time in ms where nothing hinders it.  An entry has an epoch,
 * the position its fill began at, and is valid if none of its scopes was
 * noted after that.  The table forgets the oldest note of a set to make room
 * for another, and then takes nothing for valid that is older than that: it
 * may say too often that an entry is not valid, and never that it is.
 */

#ifndef QC_SCOPES_H
#define QC_SCOPES_H


#include "qc_scope.h"


#define QC_SCOPES_WAYS     16          /* notes of a set */
#define QC_SCOPES_SIZE     24          /* bytes a note takes */


typedef struct {
    uint8_t                scope[QC_SCOPE_LEN];
    uint64_t               position;   /* 0: unused */
} qc_scopes_note_t;


typedef struct {
    uint64_t               last;       /* position of the latest note, */
    uint64_t               floor;      /* of the latest one forgotten */
    size_t                 number;     /* of notes, as asked for */
    size_t                 sets;
    qc_scopes_note_t       notes[];
} qc_scopes_t;


/* Bytes for a table of so many notes, 1 at least. */
size_t qc_scopes_size(size_t number);

/* Makes an empty table in memory of that size, aligned as uint64_t. */
void qc_scopes_init(qc_scopes_t *t, size_t number);

/* All that was noted up to this position is forgotten, as after a start. */
void qc_scopes_forget(qc_scopes_t *t, uint64_t position);

/*
 * Notes n scopes, one behind the other, at one position after all others and
 * not before now (ms).  Returns how many notes were forgotten for that.
 */
size_t qc_scopes_note(qc_scopes_t *t, uint64_t now, const uint8_t *scopes,
    size_t n);

/* Whether an entry of this epoch and these scopes is valid. */
int qc_scopes_valid(const qc_scopes_t *t, uint64_t epoch,
    const uint8_t *scopes, size_t n);


#endif /* QC_SCOPES_H */
