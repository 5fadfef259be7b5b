
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * Test Anything Protocol, and memory that ends at a page without access: a
 * read or write of one byte too many is a fault and not luck.
 */

#ifndef TAP_H
#define TAP_H


#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>


#define TAP_SLOTS      8
#define TAP_SLOT_SIZE  (256 * 1024)


static unsigned  tap_run;
static unsigned  tap_failed;


static inline int
tap_ok(int ok, const char *fmt, ...)
{
    va_list  args;

    tap_run++;
    tap_failed += !ok;

    printf("%s %u - ", ok ? "ok" : "not ok", tap_run);

    va_start(args, fmt);
    vprintf(fmt, args);
    va_end(args);

    printf("\n");
    fflush(stdout);

    return ok;
}


static inline int
tap_int(long long got, long long want, const char *name)
{
    if (tap_ok(got == want, "%s", name)) {
        return 1;
    }

    printf("#      got: %lld\n# expected: %lld\n", got, want);

    return 0;
}


static inline void
tap_dump(const char *label, const void *data, size_t len)
{
    size_t          i;
    const uint8_t  *p;

    p = data;
    printf("# %s (%zu): ", label, len);

    for (i = 0; i < len && i < 400; i++) {
        if (p[i] >= ' ' && p[i] < 0x7f) {
            putchar(p[i]);

        } else {
            printf("\\x%02x", p[i]);
        }
    }

    putchar('\n');
}


static inline int
tap_mem(const void *got, size_t got_len, const void *want, size_t want_len,
    const char *name)
{
    int  same;

    same = (got_len == want_len
            && (got_len == 0 || memcmp(got, want, got_len) == 0));

    if (!tap_ok(same, "%s", name)) {
        tap_dump("     got", got, got_len);
        tap_dump("expected", want, want_len);
    }

    return same;
}


/*
 * A copy of data (or len bytes of rubbish if it is NULL) that ends where the
 * page without access begins.  A slot has one copy at a time.
 */

static inline void *
tap_guard(unsigned slot, const void *data, size_t len)
{
    static uint8_t  *slots[TAP_SLOTS];

    size_t           page;
    uint8_t         *p;

    page = (size_t) sysconf(_SC_PAGESIZE);

    if (slot >= TAP_SLOTS || len > TAP_SLOT_SIZE) {
        printf("Bail out! tap_guard(%u, %zu)\n", slot, len);
        exit(1);
    }

    if (slots[slot] == NULL) {
        p = mmap(NULL, TAP_SLOT_SIZE + page, PROT_READ|PROT_WRITE,
                 MAP_PRIVATE|MAP_ANONYMOUS, -1, 0);

        if (p == MAP_FAILED
            || mprotect(p + TAP_SLOT_SIZE, page, PROT_NONE) != 0)
        {
            printf("Bail out! no memory\n");
            exit(1);
        }

        slots[slot] = p;
    }

    p = slots[slot] + TAP_SLOT_SIZE - len;

    if (data == NULL) {
        memset(p, 0xa5, len);

    } else if (len != 0) {
        memmove(p, data, len);
    }

    return p;
}


static inline int
tap_done(void)
{
    printf("1..%u\n", tap_run);

    return tap_failed != 0;
}


#endif /* TAP_H */
