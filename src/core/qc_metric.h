
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * Every counter of a zone, once: group, identifier, name, help.  The names
 * of the group "reason" are also the values of $query_cache_reason.
 */

#ifndef QC_METRIC_H
#define QC_METRIC_H


#include "qc_base.h"


#define QC_METRIC_TABLE(X)                                                    \
    X(request, HIT, "hit", "answers served from the cache")                   \
    X(request, MISS, "miss", "lookups that found no entry")                   \
    X(request, EXPIRED, "expired", "lookups that found an entry too old")     \
    X(request, STALE, "stale", "entries served though they were too old")     \
    X(request, UPDATING, "updating",                                          \
      "entries served stale while they were fetched anew")                    \
    X(request, REVALIDATED, "revalidated",                                    \
      "entries served that the upstream said are still good")                 \
    X(request, BYPASS, "bypass", "requests not looked up")                    \
    X(request, FALLBACK, "fallback",                                          \
      "hits whose body could not be had: the upstream answered")              \
    X(request, BROKEN, "broken",                                              \
      "hits cut off after their first byte, the body being bad")              \
                                                                              \
    X(reason, R_METHOD, "method", "the method is not cached here")            \
    X(reason, R_BODY_SIZE, "request_body_size",                               \
      "the request body is too big to be looked at")                          \
    X(reason, R_BYPASS, "bypass_rule", "query_cache_bypass said so")          \
    X(reason, R_KEY, "key_error", "the key could not be computed")            \
    X(reason, R_STATEMENT, "statement",                                       \
      "the query is not provably one read-only statement")                    \
    X(reason, R_SESSION, "session",                                           \
      "the query depends on state in the upstream")                           \
    X(reason, R_IDENTITY, "identity",                                         \
      "the key of the zone's layout has no place for who asks")               \
    X(reason, R_REQUEST_CODING, "request_coding",                             \
      "the request body is encoded and cannot be read")                       \
    X(reason, R_HIT_FOR_MISS, "hit_for_miss",                                 \
      "the last answer could not be stored")                                  \
    X(reason, R_ABSENT, "absent", "no entry under this key")                  \
    X(reason, R_STALE, "stale", "the entry is past its lifetime")             \
    X(reason, R_SLOW, "slow",                                                 \
      "an entry past its lifetime was there before a new answer")             \
    X(reason, R_BACKOFF, "backoff",                                           \
      "the query has failed, and is not run again for a while")               \
    X(reason, R_INVALIDATED, "invalidated", "the entry was invalidated")      \
    X(reason, R_CLIENT, "client_control",                                     \
      "the client asked for a newer answer")                                  \
    X(reason, R_META_DOWN, "index_down", "the index is not reachable")        \
    X(reason, R_META_TIMEOUT, "index_timeout", "the index did not answer")    \
    X(reason, R_META_ERROR, "index_error", "the index answered an error")     \
    X(reason, R_RECORD, "bad_record", "the record is not valid")              \
    X(reason, R_GONE, "object_gone", "the body is not in the store")          \
    X(reason, R_STORE_DOWN, "store_down", "the body store is set aside")      \
    X(reason, R_STORE_TIMEOUT, "store_timeout",                               \
      "the body store did not answer")                                        \
    X(reason, R_STORE_ERROR, "store_error", "the body store failed")          \
    X(reason, R_CORRUPT, "corrupt", "the body failed its checks")             \
    X(reason, R_MIN_USES, "min_uses", "it was asked for too seldom")          \
    X(reason, R_MIN_COST, "min_cost", "the answer has cost too little")       \
    X(reason, R_NO_STORE, "no_store_rule", "query_cache_no_store said so")    \
    X(reason, R_STATUS, "status", "the status is not cacheable")              \
    X(reason, R_FRESHNESS, "freshness", "the answer has no lifetime")         \
    X(reason, R_CACHE_CONTROL, "cache_control",                               \
      "the upstream forbids storing or reuse")                                \
    X(reason, R_SET_COOKIE, "set_cookie", "the answer sets a cookie")         \
    X(reason, R_VARY, "vary", "what the answer varies by cannot be a key")    \
    X(reason, R_GROUPS, "groups",                                             \
      "the answer's groups cannot be kept: too many, too long, or hidden")    \
    X(reason, R_ENCODED, "content_encoding",                                  \
      "the answer has a coding that cannot, or must not, be undone")          \
    X(reason, R_NOT_JSON, "not_json",                                         \
      "the answer or the entry is not JSON, as the zone's layout asks")       \
    X(reason, R_TRAILERS, "trailers", "the answer has trailers")              \
    X(reason, R_HEADER_SIZE, "header_size", "the header fields are too big")  \
    X(reason, R_MIN_SIZE, "min_size", "the answer is too small")              \
    X(reason, R_MAX_SIZE, "max_size", "the answer is too big")                \
    X(reason, R_INCOMPLETE, "incomplete",                                     \
      "the upstream did not finish, or not provably")                         \
    X(reason, R_EXCEPTION, "exception", "the answer has an exception in it")  \
    X(reason, R_ERRORS, "errors", "the answer reports errors")                \
    X(reason, R_PARTIAL, "partial", "the answer says it is partial")          \
    X(reason, R_TRUNCATED, "truncated", "the answer is not whole")            \
    X(reason, R_RULE, "integrity_rule",                                       \
      "the answer breaks a rule of query_cache_integrity")                    \
    X(reason, R_MEMORY, "store_memory", "pending stores hold too much")       \
    X(reason, R_TEMP, "temp_file", "the temporary file failed")               \
    X(reason, R_QUEUE, "store_queue", "the store queue is full")              \
                                                                              \
    X(key, KEY_NORMALIZED, "normalized", "keys of canonical queries")         \
    X(key, KEY_RAW, "raw", "keys of queries as they came: not understood")    \
                                                                              \
    X(store, STORED, "stored", "entries published")                           \
    X(store, STORED_BYTES, "stored_bytes", "bytes of their bodies, stored")   \
    X(store, STORE_FAILED, "failed", "stores given up")                       \
    X(store, STORE_RETRY, "retried", "attempts repeated")                     \
    X(store, STORE_EXPIRED, "deadline", "stores past their deadline")         \
    X(store, STORE_LOST, "superseded", "stores that lost to a newer fill")    \
    X(store, STORE_ORPHAN, "orphaned", "objects left without a record")       \
    X(store, DROPPED, "dropped",                                              \
      "entries dropped: object gone or corrupt")                              \
                                                                              \
    X(fill, FILL_STARTED, "started", "background fills begun")                \
    X(fill, FILL_FAILED, "failed", "fills that found nothing to store")       \
    X(fill, FILL_REFUSED, "refused",                                          \
      "fills not begun: enough under way, or the request not repeatable")     \
    X(fill, FILL_EARLY, "early",                                              \
      "fills begun before the end, by query_cache_early")                     \
    X(fill, FILL_AHEAD, "ahead",                                              \
      "fills begun before the end, by query_cache_refresh_ahead")             \
                                                                              \
    X(saved, SAVED_MS, "ms", "of hits, what their entries have cost")         \
    X(saved, SAVED_ROWS, "read_rows",                                         \
      "of hits, rows the upstream had read for them")                         \
    X(saved, SAVED_BYTES, "read_bytes",                                       \
      "of hits, bytes the upstream had read for them")                        \
                                                                              \
    X(abort, ABORT_FINISHED, "finished",                                      \
      "upstream runs that went on without their client, to their end")        \
    X(abort, ABORT_CANCELLED, "cancelled",                                    \
      "upstream runs ended because their client left")                        \
    X(abort, ABORT_EXPIRED, "expired",                                        \
      "of these, after they had gone on for too long")                        \
                                                                              \
    X(cancel, CANCEL_MADE, "made", "requests for query_cache_cancel")         \
    X(cancel, CANCEL_FAILED, "failed", "of these, without success")           \
    X(cancel, CANCEL_REFUSED, "refused",                                      \
      "requests not made: enough under way")                                  \
                                                                              \
    X(lock, LOCK_WAITED, "waited", "requests that waited for another's fill") \
    X(lock, LOCK_TIMEOUT, "timed_out", "of these, waits up to their bound")   \
    X(lock, LOCK_HELD_BACK, "held_back",                                      \
      "of these, waits beyond it: enough others run the upstream")            \
    X(lock, LOCK_COLLAPSED, "collapsed",                                      \
      "answers of another's fill, to requests that would have gone upstream") \
    X(lock, LOCK_LIVE, "live", "of these, before they were stored")           \
    X(lock, LOCK_SHARED, "shared",                                            \
      "of these, from a body that another request had read")                  \
    X(lock, LOCK_UNSTORED, "unstored", "fills that ended with nothing stored") \
    X(lock, LOCK_EXPIRED, "expired",                                          \
      "fills that took too long, or whose worker was killed")                 \
    X(lock, LOCK_NO_PLACE, "no_place",                                        \
      "fills that nobody could wait for: no place for a lock")                \
    X(lock, LOCK_REMOTE_HELD, "remote_held", "locks taken in Redis")          \
    X(lock, LOCK_REMOTE_WAITED, "remote_waited",                              \
      "waits for the fill of another machine")                                \
    X(lock, LOCK_REMOTE_ALONE, "remote_alone",                                \
      "locks not taken: the last answer could not be stored")                 \
    X(lock, LOCK_REMOTE_LOST, "remote_lost",                                  \
      "locks in Redis that were gone before the end of the fill, or wait")    \
    X(lock, LOCK_REMOTE_FAILED, "remote_failed",                              \
      "locks that Redis could not be asked for, or did not tell of")          \
    X(lock, LOCK_SUBSCRIBED, "subscribed", "subscriptions made")              \
    X(lock, LOCK_UNSUBSCRIBED, "unsubscribed",                                \
      "times a subscription was set aside")                                   \
    X(lock, LOCK_NOTIFIED, "notified", "ends of fills that Redis told of")    \
    X(lock, LOCK_IGNORED, "ignored", "messages that are no notification")     \
                                                                              \
    X(index, INDEX_ENTRIES, "entries", "records in the local index")          \
    X(index, INDEX_EVICTED, "evicted", "records evicted for memory")          \
    X(index, INDEX_NOMEM, "no_memory", "records that found no memory")        \
    X(index, INDEX_INVALID, "invalid", "records that failed validation")      \
                                                                              \
    X(invalidation, INVALIDATION_MADE, "made", "URIs and groups noted")       \
    X(invalidation, INVALIDATION_FAILED, "failed",                            \
      "attempts to note them that failed")                                    \
    X(invalidation, INVALIDATION_LOST, "lost", "invalidations given up")      \
    X(invalidation, INVALIDATION_FORGOTTEN, "forgotten",                      \
      "notes forgotten for others: entries filled before are lost")           \
                                                                              \
    X(redis, REDIS_COMMANDS, "commands", "commands sent")                     \
    X(redis, REDIS_CONNECTS, "connects", "connections made ready")            \
    X(redis, REDIS_TIMEOUT, "timeouts", "commands that timed out")            \
    X(redis, REDIS_DOWN, "down", "times Redis was set aside")                 \
    X(redis, REDIS_REFUSED, "refused", "commands not sent: set aside")        \
    X(redis, REDIS_QUEUE, "queue_full", "commands not sent: queue full")      \
    X(redis, REDIS_ERROR, "errors", "error replies")                          \
    X(redis, REDIS_PROTOCOL, "protocol_errors", "replies not understood")     \
                                                                              \
    X(s3, S3_GET, "get", "objects asked for")                                 \
    X(s3, S3_PUT, "put", "objects sent")                                      \
    X(s3, S3_DELETE, "delete", "objects deleted")                             \
    X(s3, S3_PROBE, "probe", "probes while set aside")                        \
    X(s3, S3_NOT_FOUND, "not_found", "answers 404")                           \
    X(s3, S3_DENIED, "denied", "answers 401 and 403")                         \
    X(s3, S3_STATUS, "bad_status", "other answers that are not 200")          \
    X(s3, S3_SLOW_DOWN, "slow_down", "answers 503")                           \
    X(s3, S3_INVALID, "invalid", "answers that contradict the record")        \
    X(s3, S3_CONNECT, "unreachable", "connections that failed or broke")      \
    X(s3, S3_TIMEOUT, "timeouts", "exchanges that timed out")                 \
    X(s3, S3_DOWN, "down", "times S3 was set aside")                          \
    X(s3, S3_REFUSED, "refused", "exchanges not begun: set aside")            \
                                                                              \
    X(disk, DISK_FILES, "files", "files in the store")                        \
    X(disk, DISK_BYTES, "bytes", "bytes of these files")                      \
    X(disk, DISK_READ, "read", "bodies opened")                               \
    X(disk, DISK_WRITTEN, "written", "bodies written")                        \
    X(disk, DISK_EVICTED, "evicted", "files evicted for space")               \
    X(disk, DISK_LOADED, "loaded", "files indexed after a start")             \
    X(disk, DISK_INVALID, "invalid", "files that failed validation")          \
    X(disk, DISK_FULL, "full", "writes refused: no space")                    \
    X(disk, DISK_ERROR, "errors", "failed file operations")


typedef enum {
#define QC_METRIC_ID(group, id, name, help)  QC_##id,
    QC_METRIC_TABLE(QC_METRIC_ID)
#undef QC_METRIC_ID
    QC_METRICS
} qc_metric_e;

#define QC_NO_METRIC       QC_METRICS


typedef struct {
    qc_str_t               group;
    qc_str_t               name;
    qc_str_t               help;
} qc_metric_t;


extern const qc_metric_t   qc_metrics[QC_METRICS];


#endif /* QC_METRIC_H */
