package QC::Services;

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Real services for a test, on free ports, with their data in temporary
# folders, stopped at the end.  A service that is not installed skips the
# test (QC_SKIPS_FAIL=1: fails it).
#
#     use QC::Services qw/redis rgw clickhouse/;
#
#     my $redis = redis(password => 'secret');
#     my $redis = redis(unix => 1, user => 'qc', password => 'secret',
#                       conf => ['maxmemory 10mb']);
#     $redis->url('/1');          # redis://:secret@127.0.0.1:PORT/1
#     $redis->port; $redis->socket;
#     $redis->cli(qw/HGETALL key/);               # what redis-cli prints
#     $redis->pause; $redis->resume;              # SIGSTOP, SIGCONT
#     $redis->stop; $redis->start;                # same port
#
#     my $s3 = rgw();             # a QC::S3 of a bucket of its own
#     $s3->endpoint; $s3->bucket; $s3->access; $s3->secret;
#     $s3->put('key', 'bytes'); $s3->get('key'); $s3->list('prefix');
#
#     my $ch = clickhouse();
#     $ch->url; $ch->port; $ch->query('SELECT count() FROM hits');
#
# Ceph RGW takes 6 s to start, ClickHouse 0.3 s: one of each can serve all
# tests of a run,
#
#     eval "$(t/lib/services-up)"; prove -r t; t/lib/services-down
#
# which is what QC_RGW_ENDPOINT, QC_RGW_ACCESS, QC_RGW_SECRET and
# QC_CLICKHOUSE_URL are for.

use strict;
use warnings;

use Exporter qw/import/;

use QC::ClickHouse;
use QC::Redis;
use QC::RGW;
use QC::S3;

our @EXPORT_OK = qw/redis rgw clickhouse/;

my ($rgw, $clickhouse);


sub redis { return QC::Redis->start(@_) }


# Options: bucket => name (one of its own unless given)

sub rgw {
    my (%o) = @_;

    if ($ENV{QC_RGW_ENDPOINT}) {
        $rgw //= { endpoint => $ENV{QC_RGW_ENDPOINT},
            access => $ENV{QC_RGW_ACCESS}, secret => $ENV{QC_RGW_SECRET} };
    }

    QC::S3::need_client();
    $rgw //= QC::RGW->start;

    return QC::S3->new(
        (map { $_ => $rgw->{$_} } qw/endpoint access secret/), %o);
}


sub clickhouse {
    my (%o) = @_;

    return QC::ClickHouse->at($ENV{QC_CLICKHOUSE_URL})
        if $ENV{QC_CLICKHOUSE_URL} && !$o{own};

    return QC::ClickHouse->start if $o{own};
    return $clickhouse //= QC::ClickHouse->start;
}


1;
