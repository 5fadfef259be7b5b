
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_scopes.h"
#include "tap.h"


#define NOW       1795149000123
#define SCOPES    512


static qc_scopes_t *table(size_t number);
static const uint8_t *scope(unsigned i);
static void test_size(void);
static void test_notes(void);
static void test_positions(void);
static void test_several(void);
static void test_full(void);
static void test_forget(void);
static void test_random(size_t number);


int
main(void)
{
    test_size();
    test_notes();
    test_positions();
    test_several();
    test_full();
    test_forget();
    test_random(1);
    test_random(64);
    test_random(256);
    test_random(8192);

    return tap_done();
}


static qc_scopes_t *
table(size_t number)
{
    qc_scopes_t  *t;

    t = tap_guard(0, NULL, qc_scopes_size(number));
    qc_scopes_init(t, number);

    return t;
}


/* As evenly spread as hashes, and again the same for the same number. */

static const uint8_t *
scope(unsigned i)
{
    size_t           n;
    uint64_t         x;
    static unsigned  turn;
    static uint8_t   scopes[4][QC_SCOPE_LEN];

    turn = (turn + 1) % 4;
    x = i + 1;

    for (n = 0; n < QC_SCOPE_LEN; n++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        scopes[turn][n] = (uint8_t) (x >> 56);
    }

    return scopes[turn];
}


static void
test_size(void)
{
    qc_scopes_t  *t;

    tap_int(sizeof(qc_scopes_note_t), QC_SCOPES_SIZE, "bytes of a note");
    tap_int((long long) qc_scopes_size(1), (long long) qc_scopes_size(16),
            "whole sets");
    tap_int((long long) (qc_scopes_size(8192) - sizeof(qc_scopes_t)),
            8192 * QC_SCOPES_SIZE, "nothing besides");

    t = table(100);
    tap_int((long long) t->number, 100, "the number asked for");
    tap_int((long long) t->sets, 7, "its sets");
}


static void
test_notes(void)
{
    uint64_t      epoch;
    qc_scopes_t  *t;

    t = table(64);

    tap_ok(qc_scopes_valid(t, 0, scope(1), 1), "nothing was noted");
    tap_ok(qc_scopes_valid(t, 0, NULL, 0), "no scope at all");

    epoch = t->last;
    tap_int((long long) qc_scopes_note(t, NOW, scope(1), 1), 0,
            "room for a note");

    tap_ok(!qc_scopes_valid(t, epoch, scope(1), 1), "filled before it");
    tap_ok(qc_scopes_valid(t, epoch, scope(2), 1), "another scope");
    tap_ok(qc_scopes_valid(t, t->last, scope(1), 1), "filled after it");

    epoch = t->last;
    (void) qc_scopes_note(t, NOW, scope(1), 1);
    tap_ok(!qc_scopes_valid(t, epoch, scope(1), 1), "noted again, same ms");
    tap_ok(qc_scopes_valid(t, t->last, scope(1), 1), "filled after that");

    tap_ok(!qc_scopes_valid(t, t->last + 1, scope(2), 1),
           "filled in the future: under another log");
}


static void
test_positions(void)
{
    qc_scopes_t  *t;

    t = table(64);

    (void) qc_scopes_note(t, NOW, scope(1), 1);
    tap_int((long long) t->last, NOW, "the time");

    (void) qc_scopes_note(t, NOW, scope(1), 1);
    tap_int((long long) t->last, NOW + 1, "the next, not the same again");

    (void) qc_scopes_note(t, NOW - 3600000, scope(2), 1);
    tap_int((long long) t->last, NOW + 2, "the clock was set back");

    (void) qc_scopes_note(t, NOW + 3600000, scope(2), 1);
    tap_int((long long) t->last, NOW + 3600000, "the time again");

    (void) qc_scopes_note(t, NOW, NULL, 0);
    tap_int((long long) t->last, NOW + 3600001, "noting nothing takes one");
}


static void
test_several(void)
{
    uint8_t       three[3 * QC_SCOPE_LEN];
    uint64_t      epoch;
    qc_scopes_t  *t;

    t = table(64);

    memcpy(three, scope(1), QC_SCOPE_LEN);
    memcpy(three + QC_SCOPE_LEN, scope(2), QC_SCOPE_LEN);
    memcpy(three + 2 * QC_SCOPE_LEN, scope(3), QC_SCOPE_LEN);

    epoch = t->last;
    (void) qc_scopes_note(t, NOW, three, 2);
    tap_int((long long) t->last, NOW, "two scopes, one position");

    tap_ok(!qc_scopes_valid(t, epoch, scope(1), 1), "the first");
    tap_ok(!qc_scopes_valid(t, epoch, scope(2), 1), "the second");
    tap_ok(qc_scopes_valid(t, epoch, scope(3), 1), "not the third");

    tap_ok(!qc_scopes_valid(t, epoch, three, 3), "of any, the first");
    tap_ok(!qc_scopes_valid(t, epoch, three + QC_SCOPE_LEN, 2), "the second");
    tap_ok(qc_scopes_valid(t, t->last, three, 3), "filled after that");
}


/* One set: the seventeenth note takes the place of the oldest. */

static void
test_full(void)
{
    unsigned      i;
    qc_scopes_t  *t;

    t = table(QC_SCOPES_WAYS);

    for (i = 0; i < QC_SCOPES_WAYS; i++) {
        (void) qc_scopes_note(t, NOW + i, scope(i), 1);
    }

    (void) qc_scopes_note(t, NOW + 50, scope(0), 1);
    tap_int((long long) t->floor, 0, "nothing is forgotten");

    tap_int((long long) qc_scopes_note(t, NOW + 100, scope(100), 1), 1,
            "one is forgotten");
    tap_int((long long) t->floor, NOW + 1, "the oldest");

    tap_ok(!qc_scopes_valid(t, NOW, scope(1), 1), "it stays invalid");
    tap_ok(!qc_scopes_valid(t, NOW, scope(200), 1), "as all of its time");
    tap_ok(qc_scopes_valid(t, NOW + 1, scope(1), 1), "but not after it");
    tap_ok(qc_scopes_valid(t, NOW + 1, scope(200), 1), "nor the others");
    tap_ok(!qc_scopes_valid(t, NOW + 49, scope(0), 1), "the rest is known");
    tap_ok(!qc_scopes_valid(t, NOW + 99, scope(100), 1), "and the new one");
    tap_ok(qc_scopes_valid(t, NOW + 100, scope(100), 1), "which has its time");
}


static void
test_forget(void)
{
    qc_scopes_t  *t;

    t = table(64);
    qc_scopes_forget(t, NOW);

    tap_ok(!qc_scopes_valid(t, 0, scope(1), 1), "filled before");
    tap_ok(!qc_scopes_valid(t, NOW - 1, NULL, 0), "whatever it was");
    tap_ok(qc_scopes_valid(t, NOW, scope(1), 1), "filled after");

    (void) qc_scopes_note(t, NOW - 5, scope(1), 1);
    tap_int((long long) t->last, NOW + 1, "positions go on from there");

    qc_scopes_forget(t, NOW - 5);
    tap_int((long long) t->last, NOW + 1, "never back");
    tap_int((long long) t->floor, NOW, "nor does the floor");
}


/* Against one that forgets nothing: entries may be lost, never kept. */

static void
test_random(size_t number)
{
    int           real, said, safe, exact;
    size_t        forgotten;
    unsigned      i, s;
    uint64_t      x, now, epoch;
    uint64_t      noted[SCOPES];
    qc_scopes_t  *t;

    t = table(number);
    memset(noted, 0, sizeof(noted));

    x = number;
    now = NOW;
    safe = exact = 1;
    forgotten = 0;

    for (i = 0; i < 20000; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;

        s = (unsigned) (x >> 33) % SCOPES;
        now += (x >> 60) % 3;

        forgotten += qc_scopes_note(t, now, scope(s), 1);
        noted[s] = t->last;

        s = (unsigned) (x >> 20) % SCOPES;
        epoch = t->last - (x >> 40) % 4096;

        said = qc_scopes_valid(t, epoch, scope(s), 1);
        real = (epoch >= noted[s]);

        safe &= (real || !said);
        exact &= (said == (real && epoch >= t->floor));
    }

    tap_ok(safe, "%zu notes: what was invalidated is never valid", number);
    tap_ok(exact, "and what was not is, unless it is old");
    tap_ok((forgotten == 0) == (t->floor == 0), "%zu forgotten", forgotten);
    tap_ok(number < 8192 || forgotten == 0, "none where there is room");
}
