
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * qcachectl: looks at what the module has stored, and at what it would make
 * of a request.  It changes nothing.
 */

#ifndef QCACHECTL_H
#define QCACHECTL_H


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../core/qc_object.h"


#define QCACHECTL_VERSION      "0.1.0"

/* Exit codes. */
#define QCACHECTL_OK           0
#define QCACHECTL_BAD          1       /* what was looked at is not valid */
#define QCACHECTL_USAGE        2       /* or could not be looked at */


/* Commands: argv[0] is the command's own name. */

int qcachectl_key(int argc, char **argv);
int qcachectl_object(int argc, char **argv);
int qcachectl_record(int argc, char **argv);
int qcachectl_stats(int argc, char **argv);

/* A message to stderr, with the command's name; returns code. */
int qcachectl_error(int code, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The fields of a record, one a line, as they are in Redis. */
void qcachectl_print_record(const qc_record_t *rec);
void qcachectl_print_hex(const char *name, const uint8_t *data, size_t len);


#endif /* QCACHECTL_H */
