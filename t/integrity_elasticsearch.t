#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Elasticsearch answers 200 with what the shards had that answered in time,
# and says so in the answer: timed_out, _shards.failed, _clusters, is_partial;
# of several searches each says it for itself.  A member of a document by
# one of these names says nothing.  What is to be continued (a scroll, a
# cursor, a point in time) is good for one client only.
#
# The answers are written by hand, after Elasticsearch's documentation of its
# search, multi search, SQL and ES|QL APIs; there is no Elasticsearch here.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Integrity;

my $i = QC::Integrity->new('elasticsearch');

my @json = ('Content-Type' => 'application/json');
my @vendor = ('Content-Type' =>
    'application/vnd.elasticsearch+json;compatible-with=8');

sub post { return [POST => "/hits/$_[0]", $_[1] // '{"size":10}', @json] }

my $search = post('_search');
my $msearch = post('_msearch', "{}\n{\"size\":1}\n{}\n{\"size\":2}\n");

# a search: the members named, the others as they are

sub search {
    my (%o) = @_;

    my $of_shards = join ',', map { "\"$_\":" . ($o{$_} // 0) }
        qw/skipped failed/;

    return '{"took":5,"timed_out":' . ($o{timed_out} // 'false')
        . ",\"_shards\":{\"total\":5,\"successful\":5,$of_shards}"
        . ($o{more} // '') . ',"hits":{"total":{"value":2,"relation":"eq"},'
        . '"max_score":1.0,"hits":[' . ($o{hits} // hits(1 .. 2)) . ']}'
        . ($o{last} // '') . '}';
}

sub hits {
    return join ',', map { "{\"_index\":\"hits\",\"_id\":\"$_\",\"_score\":"
        . "1.0,\"_source\":{\"page\":\"\\\"}]$_\",\"n\":$_}}" } @_;
}

my $many = hits(1 .. 10_000);

$i->sound('a search', $search, search(), @json);
$i->sound('its own type', $search, search(), @vendor);
$i->sound('by GET', [GET => '/hits/_search?q=a'], search(), @json);
$i->sound('shards skipped', $search, search(skipped => 3), @json);
$i->sound('a count', post('_count'), '{"count":3,"_shards":{"total":1,'
    . '"successful":1,"skipped":0,"failed":0}}', @json);
$i->sound('in documents', $search, search(hits => '{"_id":"1","_source":{'
    . '"timed_out":true,"_shards":{"failed":3},"cursor":"c","pit_id":"p",'
    . '"error":"e","_scroll_id":"s","is_partial":true}}'), @json);
$i->sound('all clusters', $search, search(more => ',"_clusters":{"total":2,'
    . '"successful":2,"skipped":0,"running":0,"partial":0,"failed":0}'),
    @json);
$i->sound('many hits', $search, search(hits => $many), @json);

my $failures = ',"failures":[{"shard":0,"index":"hits","reason":{'
    . '"type":"query_shard_exception"}}]';

$i->unsound('timed out', 'partial', $search, search(timed_out => 'true'),
    @json);
$i->unsound('timed out, its own type', 'partial', $search,
    search(timed_out => 'true'), @vendor);
$i->unsound('a shard failed', 'partial', $search,
    search(failed => "1$failures"), @json);
$i->unsound('a cluster skipped', 'partial', $search, search(more =>
    ',"_clusters":{"total":2,"successful":1,"skipped":1}'), @json);
$i->unsound('a cluster partial', 'partial', $search, search(more =>
    ',"_clusters":{"total":2,"successful":1,"skipped":0,"partial":1}'),
    @json);
$i->unsound('a cluster failed', 'partial', $search, search(more =>
    ',"_clusters":{"total":2,"successful":1,"skipped":0,"failed":1}'),
    @json);
$i->unsound('known at the end', 'partial', $search,
    '{"hits":{"hits":[' . hits(1, 2) . ']},"timed_out":true}', @json);
$i->unsound('an escaped name', 'partial', $search,
    '{"timed\u005fout":true,"hits":{"hits":[]}}', @json);
$i->unsound('the second of two members', 'partial', $search,
    '{"timed_out":false,"hits":{"hits":[]},"timed_out":true}', @json);
$i->unsound('many hits, a shard failed', 'partial', $search,
    search(hits => $many, failed => "1$failures"), @json);
$i->unsound('many hits, known at the end', 'partial', $search,
    search(hits => $many, last => ',"timed_out":true'), @json);
$i->unsound('half', 'truncated', $search, substr(search(), 0, -1), @json);
$i->unsound('many hits, half', 'truncated', $search,
    substr(search(hits => $many), 0, -1), @json);
$i->unsound('a scroll', 'integrity_rule', $search,
    search(more => ',"_scroll_id":"DXF1ZXJ5QW5kRmV0Y2gBAAAAAA"'), @json);
$i->unsound('a point in time', 'integrity_rule', $search,
    search(more => ',"pit_id":"46ToAwMDaWR5BXV1aWQy"'), @json);

# several in one

my $failed = '{"error":{"root_cause":[],"type":"index_not_found_exception",'
    . '"reason":"no such index [x]"},"status":404}';

sub responses {
    return '{"took":5,"responses":[' . join(',', @_) . ']}';
}

$i->sound('two searches', $msearch, responses(search(), search()), @json);
$i->unsound('one of them timed out', 'partial', $msearch,
    responses(search(), search(timed_out => 'true')), @json);
$i->unsound('a shard of one failed', 'partial', $msearch,
    responses(search(failed => 1), search()), @json);
$i->unsound('one of them failed', 'errors', $msearch,
    responses(search(), $failed), @json);
$i->unsound('the last of many', 'errors', $msearch,
    responses((search(hits => hits(1 .. 100))) x 50, $failed), @json);

# SQL and ES|QL

my $columns = '"columns":[{"name":"page","type":"text"}]';

$i->sound('SQL', post('_sql', '{"query":"SELECT page FROM hits"}'),
    "{$columns,\"rows\":[[\"cursor\"]]}", @json);
$i->unsound('SQL, a page of it', 'integrity_rule',
    post('_sql', '{"query":"SELECT page FROM hits"}'),
    "{$columns,\"rows\":[[\"a\"]],\"cursor\":\"sDXF1ZXJ5\"}", @json);
$i->sound('CSV', post('_sql?format=csv', '{"query":"SELECT page FROM hits"}'),
    "page\r\na\r\n", 'Content-Type' => 'text/csv; charset=utf-8');
$i->unsound('CSV, a page of it', 'integrity_rule',
    post('_sql?format=csv', '{"query":"SELECT page FROM hits"}'),
    "page\r\na\r\n", 'Content-Type' => 'text/csv; charset=utf-8',
    Cursor => 'sDXF1ZXJ5');

$i->sound('ES|QL', post('_query', '{"query":"FROM hits"}'),
    "{\"took\":2,\"is_partial\":false,$columns,\"values\":[[\"a\"]]}", @json);
$i->unsound('ES|QL, partial', 'partial', post('_query',
    '{"query":"FROM hits"}'),
    "{\"took\":2,\"is_partial\":true,$columns,\"values\":[]}", @json);
$i->unsound('still running', 'partial', post('_query',
    '{"query":"FROM hits"}'),
    '{"id":"F","is_running":true,"is_partial":true}', @json);

$i->done;
