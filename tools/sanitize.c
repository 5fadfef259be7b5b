
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/* Linked into the sanitized nginx: LeakSanitizer asks these functions. */


#include <stdint.h>


extern uintptr_t ngx_test_config __attribute__((weak));

int __lsan_is_turned_off(void);
const char *__lsan_default_options(void);
const char *__lsan_default_suppressions(void);


/* "nginx -t" frees nothing at its end. */

int
__lsan_is_turned_off(void)
{
    return &ngx_test_config != 0 && ngx_test_config;
}


const char *
__lsan_default_options(void)
{
    return "print_suppressions=0";
}


/* Nor does a worker free its arrays of connections and events. */

const char *
__lsan_default_suppressions(void)
{
    return "leak:ngx_event_process_init\n"
           "leak:ngx_init_cycle\n";
}
