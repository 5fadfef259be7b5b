
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/* Zones, with what a worker knows of them, and locations. */

#ifndef _NGX_HTTP_QC_CONF_H_INCLUDED_
#define _NGX_HTTP_QC_CONF_H_INCLUDED_


#include "../common/ngx_http_qc_stats.h"
#include "../core/qc_fresh.h"
#include "../core/qc_query.h"
#include "../meta/ngx_http_qc_index.h"
#include "../meta/ngx_http_qc_lock.h"
#include "../meta/ngx_http_qc_mark.h"
#include "../meta/ngx_http_qc_redis_lock.h"
#include "../meta/ngx_http_qc_uses.h"
#include "../store/ngx_http_qc_disk.h"
#include "../store/ngx_http_qc_s3.h"


#define NGX_HTTP_QC_TIERS          2
#define NGX_HTTP_QC_PRIORITIES     3
#define NGX_HTTP_QC_JOB_BUCKETS    64

#define NGX_HTTP_QC_LOCK_OFF       0
#define NGX_HTTP_QC_LOCK_LOCAL     1
#define NGX_HTTP_QC_LOCK_ON        2

#define NGX_HTTP_QC_ABORT_CANCEL   0
#define NGX_HTTP_QC_ABORT_FINISH   1
#define NGX_HTTP_QC_ABORT_AUTO     2


/* The store jobs of a zone in this worker. */

typedef struct {
    ngx_queue_t                    waiting[NGX_HTTP_QC_PRIORITIES];
    ngx_queue_t                    buckets[NGX_HTTP_QC_JOB_BUCKETS];
    ngx_queue_t                    live[NGX_HTTP_QC_JOB_BUCKETS];
    ngx_queue_t                    waits[NGX_HTTP_QC_JOB_BUCKETS];
    ngx_uint_t                     nwaiting;
    ngx_uint_t                     active;
    size_t                         memory;  /* held by captures, jobs,
                                               and readers of these */
    off_t                          temp;    /* likewise, in files */
    ngx_uint_t                     invalidations;   /* not yet written */
    ngx_event_t                    start;   /* posted: begin waiting jobs */
    ngx_connection_t               ident;
} ngx_http_qc_jobs_t;


typedef struct {
    ngx_str_t                      name;
    ngx_shm_zone_t                *shm_zone;
    size_t                         memory;

    ngx_http_qc_stats_t            stats;
    ngx_http_qc_meta_t            *meta;    /* of index or redis */
    ngx_http_qc_index_t            index;
    ngx_http_qc_redis_t            redis;
    ngx_http_qc_s3_t               s3;
    ngx_http_qc_disk_t             disk;
    ngx_http_qc_marks_t            marks;
    ngx_http_qc_locks_t            locks;
    ngx_http_qc_uses_t             uses;
    ngx_uint_t                     invalidations;   /* notes of the log */

    ngx_http_qc_tier_t            *tiers[NGX_HTTP_QC_TIERS];  /* as read */
    ngx_uint_t                     ntiers;

    size_t                         hold;
    ngx_msec_t                     hold_timeout;

    ngx_uint_t                     fill_concurrency;    /* 0: none */
    ngx_uint_t                     store_concurrency;
    ngx_uint_t                     store_queue;
    size_t                         store_memory;
    off_t                          store_temp_size;
    ngx_msec_t                     store_timeout;
    ngx_uint_t                     store_retries;

    ngx_http_qc_jobs_t             jobs;

    ngx_queue_t                    fills;   /* of this worker */
    ngx_uint_t                     nfills;
    ngx_uint_t                     nrunning;    /* requests that run the
                                                   upstream, likewise */
#if (NGX_THREADS)
    ngx_thread_pool_t             *thread_pool;
#endif

    unsigned                       has_redis:1;
    unsigned                       has_s3:1;
    unsigned                       has_disk:1;
    unsigned                       has_layout:1;
    unsigned                       rsc:1;   /* layout of redis-s3-cache */
} ngx_http_qc_zone_t;


typedef struct {
    ngx_array_t                    zones;   /* ngx_http_qc_zone_t * */
    ngx_array_t                    salts;   /* ngx_str_t, without numbers */
    qc_sha256_t                    sha256;  /* the worker's, for keys */
    ngx_uint_t                     used;    /* "query_cache" was seen */
} ngx_http_qc_main_conf_t;


/* A named part of the key; value is NULL to leave a built-in one out. */

typedef struct {
    ngx_str_t                      name;
    ngx_http_complex_value_t      *value;
} ngx_http_qc_part_t;


/* Names by what they are names of. */

typedef struct {
    ngx_array_t                    headers; /* qc_str_t */
    ngx_array_t                    args;
    ngx_array_t                    cookies;
} ngx_http_qc_names_t;


typedef struct {
    ngx_array_t                    rules;   /* qc_gate_rule_t */
    ngx_array_t                    headers; /* qc_bad_header_t */
    qc_gate_rules_t                gate;    /* the rules once more */
} ngx_http_qc_integrity_t;


typedef struct {
    ngx_uint_t                     engine;
    ngx_uint_t                     normalize;
    ngx_str_t                      sql;     /* of normalize: "sql=..." */
    ngx_uint_t                     guard;
    ngx_flag_t                     fold;
    ngx_array_t                   *ignore_args;     /* qc_str_t, as below */
    ngx_array_t                   *keep_args;
    ngx_array_t                   *ordered_args;
    ngx_array_t                   *ignore_json;
    ngx_http_qc_names_t           *identity;
    ngx_http_qc_names_t           *share;
    ngx_array_t                   *round;
    time_t                         round_step;
    ngx_array_t                   *ends;
    time_t                         lag;
    ngx_int_t                      zone;    /* minutes */
    size_t                         max_body;
    ngx_int_t                      max_depth;
    ngx_int_t                      max_args;
    ngx_int_t                      max_ratio;
    ngx_str_t                      accept_query;
    ngx_http_qc_integrity_t       *integrity;
} ngx_http_qc_query_conf_t;


/* When the upstream is run, and by whom; what of it is stored. */

typedef struct {
    ngx_int_t                      concurrency; /* of a key; 0: no bound */
    ngx_msec_t                     slow;    /* stale-if-slow; 0: off */
    ngx_uint_t                     early;   /* thousandths; 0: off */
    ngx_uint_t                     ahead;   /* percent; 0: off */
    ngx_uint_t                     ahead_uses;
    ngx_int_t                      min_uses;
    ngx_msec_t                     min_cost;
    ngx_uint_t                     auto_factor; /* thousandths; 0: off */
    time_t                         auto_min;
    time_t                         auto_max;
    ngx_uint_t                     abort;   /* NGX_HTTP_QC_ABORT_... */
    ngx_str_t                      cancel;  /* empty: off */
    time_t                         backoff; /* 0: off */
    time_t                         backoff_max;
} ngx_http_qc_fill_conf_t;


typedef struct {
    ngx_http_qc_zone_t            *zone;    /* NULL: off, or by variable */
    ngx_http_complex_value_t      *zone_name;
    ngx_uint_t                     methods;
    ngx_http_qc_query_conf_t       query;   /* as configured, */
    qc_rules_t                     rules;   /* and what comes of it */
    ngx_http_qc_integrity_t       *integrity;
    ngx_str_t                      accept_query;
    ngx_array_t                   *key;     /* ngx_http_qc_part_t */
    ngx_array_t                   *valid;   /* ngx_http_cache_valid_t */
    ngx_array_t                   *valid_closed;
    ngx_array_t                   *valid_open;
    time_t                         hit_for_miss;
    ngx_uint_t                     lock;    /* NGX_HTTP_QC_LOCK_... */
    ngx_msec_t                     lock_timeout;
    ngx_msec_t                     lock_age;
    ngx_http_qc_fill_conf_t        fill;
    ngx_uint_t                     ignore_headers;
    ngx_array_t                   *targeted;    /* qc_str_t */
    ngx_flag_t                     heuristic;
    ngx_flag_t                     client_control;
    ngx_flag_t                     revalidate;
    time_t                         keep;
    time_t                         swr;
    time_t                         sie;
    qc_fresh_rules_t               fresh;   /* what comes of these */
    ngx_flag_t                     invalidate;
    ngx_flag_t                     no_vary_search;
    ngx_flag_t                     repr_digest;
    ngx_array_t                   *upstream_encoding;   /* ngx_str_t; NULL:
                                               the client's own */
    ngx_str_t                      cache_status;    /* empty: off */
    ngx_uint_t                     cache_status_key;
    ngx_uint_t                     cache_status_detail;
    ngx_array_t                   *bypass;
    ngx_array_t                   *no_store;
    ngx_http_complex_value_t      *ns;
    ngx_http_complex_value_t      *priority;
    size_t                         min_size;
    off_t                          max_size;
    size_t                         max_request_body;
    size_t                         capture_buffer;
    ngx_int_t                      coding;  /* qc_coding_e */
    ngx_int_t                      level;
    ngx_flag_t                     serve_compressed;
    ngx_str_t                      salt;    /* server, location, number */
    ngx_http_qc_zone_t            *admin;
} ngx_http_qc_loc_conf_t;


extern ngx_module_t  ngx_http_query_cache_module;
extern ngx_module_t  ngx_http_query_cache_filter_module;

extern ngx_command_t  ngx_http_qc_commands[];


/* ngx_http_qc_conf.c */
void *ngx_http_qc_create_main_conf(ngx_conf_t *cf);
void *ngx_http_qc_create_loc_conf(ngx_conf_t *cf);
char *ngx_http_qc_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child);
char *ngx_http_qc_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_qc_set_key(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_qc_set_compress(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_qc_set_priority(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* ngx_http_qc_conf_query.c */
extern ngx_conf_enum_t  ngx_http_qc_engines[];
char *ngx_http_qc_set_normalize(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_qc_set_names(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_qc_set_pointers(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_qc_set_identity(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_qc_set_accept_query(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_qc_set_limits(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
void ngx_http_qc_create_query_conf(ngx_http_qc_query_conf_t *conf);
char *ngx_http_qc_merge_query_conf(ngx_conf_t *cf,
    ngx_http_qc_loc_conf_t *prev, ngx_http_qc_loc_conf_t *conf);

/* ngx_http_qc_conf_time.c */
char *ngx_http_qc_set_valid(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_qc_set_window(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_qc_set_round(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* ngx_http_qc_conf_http.c */
char *ngx_http_qc_set_targeted(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_qc_set_cache_status(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_qc_set_upstream_encoding(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
void ngx_http_qc_create_http_conf(ngx_http_qc_loc_conf_t *conf);
void ngx_http_qc_merge_http_conf(ngx_http_qc_loc_conf_t *prev,
    ngx_http_qc_loc_conf_t *conf);

/* ngx_http_qc_conf_fill.c */
char *ngx_http_qc_set_valid_auto(ngx_conf_t *cf, ngx_http_qc_loc_conf_t *conf);
char *ngx_http_qc_set_early(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_qc_set_ahead(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_qc_set_cancel(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_qc_set_backoff(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
void ngx_http_qc_create_fill_conf(ngx_http_qc_fill_conf_t *conf);
void ngx_http_qc_merge_fill_conf(ngx_http_qc_fill_conf_t *prev,
    ngx_http_qc_fill_conf_t *conf);

/* ngx_http_qc_integrity.c */
char *ngx_http_qc_set_integrity(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
ngx_http_qc_integrity_t *ngx_http_qc_integrity_of(ngx_conf_t *cf,
    const qc_engine_t *engine);

/* ngx_http_qc_zone.c */
char *ngx_http_qc_zone_block(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_qc_not_zero(ngx_conf_t *cf, void *post, void *data);
ngx_http_qc_zone_t *ngx_http_qc_zone_find(ngx_http_qc_main_conf_t *qmcf,
    ngx_str_t *name);

/* ngx_http_qc_zone_init.c */
ngx_int_t ngx_http_qc_zone_shm_init(ngx_shm_zone_t *shm_zone, void *data);
ngx_int_t ngx_http_qc_zones_init(ngx_conf_t *cf);
ngx_int_t ngx_http_qc_zones_start(ngx_cycle_t *cycle);


#endif /* _NGX_HTTP_QC_CONF_H_INCLUDED_ */
