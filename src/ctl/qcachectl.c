
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qcachectl.h"

#include <stdarg.h>


typedef struct {
    const char            *name;
    int                  (*run)(int argc, char **argv);
    const char            *usage;
} qcachectl_command_t;


static void qcachectl_usage(FILE *out);
static void qcachectl_print_field(const qc_field_t *field, const char *gap);


static const qcachectl_command_t  qcachectl_commands[] = {

    { "key", qcachectl_key,
      "key [OPTIONS] URL         show the key of a request: -X METHOD,\n"
      "                            -H \"NAME: VALUE\", -d BODY or @FILE; zone\n"
      "                            -z, server -s, location -l, number -n; by\n"
      "                            -o \"DIRECTIVE VALUE\" each, or -c FILE" },

    { "object", qcachectl_object,
      "object FILE [-o OUT]      check a file of the disk store, show its\n"
      "                            record, write its body" },

    { "record", qcachectl_record,
      "record URL KEY [PREFIX]   check and show a record in Redis" },

    { "stats", qcachectl_stats,
      "stats URL                 show the counters of a query_cache_admin\n"
      "                            location" },

    { NULL, NULL, NULL }
};


static const char  *qcachectl_current = "";


int
main(int argc, char **argv)
{
    const qcachectl_command_t  *c;

    if (argc < 2) {
        qcachectl_usage(stderr);
        return QCACHECTL_USAGE;
    }

    if (strcmp(argv[1], "-V") == 0 || strcmp(argv[1], "--version") == 0) {
        printf("qcachectl %s, record version %d, object version %d\n",
               QCACHECTL_VERSION, QC_RECORD_VERSION, QC_OBJECT_VERSION);
        return QCACHECTL_OK;
    }

    if (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0) {
        qcachectl_usage(stdout);
        return QCACHECTL_OK;
    }

    for (c = qcachectl_commands; c->name; c++) {
        if (strcmp(argv[1], c->name) == 0) {
            qcachectl_current = c->name;
            return c->run(argc - 1, argv + 1);
        }
    }

    fprintf(stderr, "qcachectl: unknown command \"%s\"\n", argv[1]);
    qcachectl_usage(stderr);

    return QCACHECTL_USAGE;
}


static void
qcachectl_usage(FILE *out)
{
    const qcachectl_command_t  *c;

    fprintf(out, "usage: qcachectl COMMAND ...\n\n");

    for (c = qcachectl_commands; c->name; c++) {
        fprintf(out, "  %s\n", c->usage);
    }

    fprintf(out, "\nexit status: 0 valid, 1 not valid, 2 usage or I/O\n");
}


int
qcachectl_error(int code, const char *fmt, ...)
{
    va_list  args;

    fprintf(stderr, "qcachectl %s: ", qcachectl_current);

    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);

    fputc('\n', stderr);

    return code;
}


void
qcachectl_print_record(const qc_record_t *rec)
{
    size_t      i, n;
    qc_buf_t    scratch;
    qc_str_t    headers;
    uint8_t     mem[QC_RECORD_SCRATCH];
    qc_field_t  fields[QC_RECORD_FIELDS];

    qc_buf_init(&scratch, mem, sizeof(mem));

    if (qc_record_to_fields(rec, &scratch, fields, &n) != QC_OK) {
        return;
    }

    headers = qc_str("headers", 7);

    for (i = 0; i < n; i++) {
        if (!qc_str_eq(fields[i].name, headers)) {
            qcachectl_print_field(&fields[i], " ");
        }
    }

    /* a block with line ends of its own */

    for (i = 0; i < n; i++) {
        if (qc_str_eq(fields[i].name, headers)) {
            qcachectl_print_field(&fields[i], "\n");
        }
    }
}


static void
qcachectl_print_field(const qc_field_t *field, const char *gap)
{
    printf("%-12.*s%s%.*s\n",
           (int) field->name.len, (const char *) field->name.data, gap,
           (int) field->value.len, (const char *) field->value.data);
}


void
qcachectl_print_hex(const char *name, const uint8_t *data, size_t len)
{
    size_t  i;

    printf("%-12s ", name);

    for (i = 0; i < len; i++) {
        printf("%02x", data[i]);
    }

    putchar('\n');
}
