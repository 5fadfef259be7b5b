
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_scopes.h"


static size_t qc_scopes_sets(size_t number);
static size_t qc_scopes_note_one(qc_scopes_t *t, const uint8_t *scope);
static size_t qc_scopes_set(const qc_scopes_t *t, const uint8_t *scope);
static qc_scopes_note_t *qc_scopes_place(qc_scopes_note_t *set,
    const uint8_t *scope);


static size_t
qc_scopes_sets(size_t number)
{
    return (number + QC_SCOPES_WAYS - 1) / QC_SCOPES_WAYS;
}


size_t
qc_scopes_size(size_t number)
{
    return sizeof(qc_scopes_t)
           + qc_scopes_sets(number) * QC_SCOPES_WAYS
             * sizeof(qc_scopes_note_t);
}


void
qc_scopes_init(qc_scopes_t *t, size_t number)
{
    memset(t, 0, qc_scopes_size(number));

    t->number = number;
    t->sets = qc_scopes_sets(number);
}


void
qc_scopes_forget(qc_scopes_t *t, uint64_t position)
{
    if (t->last < position) {
        t->last = position;
    }

    if (t->floor < position) {
        t->floor = position;
    }
}


size_t
qc_scopes_note(qc_scopes_t *t, uint64_t now, const uint8_t *scopes, size_t n)
{
    size_t  i, forgotten;

    t->last = (now > t->last) ? now : t->last + 1;

    forgotten = 0;

    for (i = 0; i < n; i++) {
        forgotten += qc_scopes_note_one(t, scopes + i * QC_SCOPE_LEN);
    }

    return forgotten;
}


static size_t
qc_scopes_note_one(qc_scopes_t *t, const uint8_t *scope)
{
    size_t             forgotten;
    qc_scopes_note_t  *note;

    note = qc_scopes_place(&t->notes[qc_scopes_set(t, scope)], scope);
    forgotten = 0;

    if (memcmp(note->scope, scope, QC_SCOPE_LEN) != 0) {

        if (note->position > t->floor) {
            t->floor = note->position;
        }

        forgotten = (note->position != 0);

        /* unused until it is whole, should the writer be killed here */

        note->position = 0;
        memcpy(note->scope, scope, QC_SCOPE_LEN);
    }

    note->position = t->last;

    return forgotten;
}


/* A scope is the beginning of a hash, and any part of it is as good. */

static size_t
qc_scopes_set(const qc_scopes_t *t, const uint8_t *scope)
{
    return qc_get_u32(scope) % t->sets * QC_SCOPES_WAYS;
}


/* Where the scope is; else an unused place or else the oldest. */

static qc_scopes_note_t *
qc_scopes_place(qc_scopes_note_t *set, const uint8_t *scope)
{
    size_t             i;
    qc_scopes_note_t  *oldest;

    oldest = &set[0];

    for (i = 0; i < QC_SCOPES_WAYS; i++) {

        if (memcmp(set[i].scope, scope, QC_SCOPE_LEN) == 0) {
            return &set[i];
        }

        if (set[i].position < oldest->position) {
            oldest = &set[i];
        }
    }

    return oldest;
}


int
qc_scopes_valid(const qc_scopes_t *t, uint64_t epoch, const uint8_t *scopes,
    size_t n)
{
    size_t                   i, j;
    const uint8_t           *scope;
    const qc_scopes_note_t  *set;

    /* what is of a later time is of another log, which is lost */

    if (epoch < t->floor || epoch > t->last) {
        return 0;
    }

    for (i = 0; i < n; i++) {
        scope = scopes + i * QC_SCOPE_LEN;
        set = &t->notes[qc_scopes_set(t, scope)];

        for (j = 0; j < QC_SCOPES_WAYS; j++) {
            if (set[j].position > epoch
                && memcmp(set[j].scope, scope, QC_SCOPE_LEN) == 0)
            {
                return 0;
            }
        }
    }

    return 1;
}
