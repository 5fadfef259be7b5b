#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Pinot, Cube, and any API that answers in JSON: what is partial, has errors,
# or ends early is passed on and never stored.  The other engines have files
# of their own.
#
# The answers are written by hand, after the documentation of Pinot (broker
# query response) and Cube (REST API); neither of them is here.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Integrity;

my $i = QC::Integrity->new(qw/pinot cube json/);

my @json = ('Content-Type' => 'application/json');
my @page = ('<html><body>Log in, please</body></html>',
    'Content-Type' => 'text/html');

my $rows = join ',', map { "[\"\\\"]}$_\",$_]" } 1 .. 3;
my $many = join ',', map { "[\"page $_\",$_]" } 1 .. 30_000;

# Pinot

$i->use('pinot');

my $pinot = [POST => '/query/sql', '{"sql":"SELECT page, n FROM hits"}',
    @json];

sub pinot {
    my (%o) = @_;

    return '{"resultTable":{"dataSchema":{"columnNames":["page","n"],'
        . '"columnDataTypes":["STRING","LONG"]},"rows":['
        . ($o{rows} // $rows) . ']},"exceptions":[' . ($o{exceptions} // '')
        . '],"partialResult":' . ($o{partial} // 'false')
        . ',"numServersQueried":2,"numServersResponded":2,'
        . '"numGroupsLimitReached":false,"timeUsedMs":6}';
}

my $exception = '{"errorCode":427,"message":"ServerNotResponding: 1"}';

$i->sound('Pinot, rows', $pinot, pinot(), @json);
$i->sound('Pinot, many rows', $pinot, pinot(rows => $many), @json);
$i->sound('Pinot, by GET', [GET => '/query/sql?sql=SELECT%201'], pinot(),
    @json);
$i->sound('Pinot, without a word of it', $pinot,
    "{\"resultTable\":{\"rows\":[$rows]}}", @json);
$i->unsound('Pinot, an exception', 'errors', $pinot,
    pinot(exceptions => $exception), @json);
$i->unsound('Pinot, an exception after many rows', 'errors', $pinot,
    pinot(rows => $many, exceptions => $exception), @json);
$i->unsound('Pinot, partial', 'partial', $pinot, pinot(partial => 'true'),
    @json);
$i->unsound('Pinot, half', 'truncated', $pinot, substr(pinot(), 0, -1),
    @json);
$i->unsound('Pinot, a page', 'truncated', $pinot, @page);

# Cube

$i->use('cube');

my $cube = [POST => '/cubejs-api/v1/load',
    '{"query":{"measures":["Orders.count"]}}', @json];
my $get = [GET => '/cubejs-api/v1/load?query=%7B%22measures%22%3A%5B%22'
    . 'Orders.count%22%5D%7D'];

my $data = '{"query":{"measures":["Orders.count"]},"data":[{"Orders.count":'
    . '"7","error":"a name"}],"lastRefreshTime":"2026-01-01T00:00:00.000Z",'
    . '"annotation":{"measures":{}},"slowQuery":false}';

$i->sound('Cube, data', $cube, $data, @json);
$i->sound('Cube, by GET', $get, $data, @json);
$i->sound('Cube, much data', $cube, "{\"data\":[$many]}", @json);
$i->unsound('Cube, wait', 'errors', $cube, '{"error":"Continue wait"}',
    @json);
$i->unsound('Cube, wait, by GET', 'errors', $get,
    '{"error":"Continue wait","stage":{"stage":"Executing query",'
    . '"timeElapsed":10}}', @json);
$i->unsound('Cube, an error', 'errors', $cube,
    '{"type":"Internal Server Error","error":"Error: no \"x\""}', @json);
$i->unsound('Cube, half', 'truncated', $cube, substr($data, 0, -1), @json);
$i->unsound('Cube, much data, half', 'truncated', $cube,
    "{\"data\":[$many]", @json);
$i->unsound('Cube, a page', 'truncated', $cube, @page);

# JSON of any kind, and what is not JSON as it is

$i->use('json');

my $any = [POST => '/api', '{"a":1}', @json];
my @lines = ('Content-Type' => 'application/x-ndjson');
my $lines = "{\"a\":1}\n{\"a\":\"}\"}\n";

$i->sound('a text', $any, "[$rows]", @json);
$i->sound('a scalar', $any, '"a"', @json);
$i->sound('errors are not known', $any, '{"errors":[1],"error":"a"}', @json);
$i->sound('much', $any, "[$many]", @json);
$i->sound('lines', $any, $lines, @lines);
$i->sound('many lines', $any, $lines x 20_000, @lines);
$i->sound('a page', $any, @page);
$i->sound('no JSON', $any, '{"a":', 'Content-Type' => 'text/csv');

$i->unsound('half', 'truncated', $any, "[$rows", @json);
$i->unsound('half a string', 'truncated', $any, '{"a":"b\\"}', @json);
$i->unsound('other brackets', 'truncated', $any, "[$rows}", @json);
$i->unsound('more behind', 'truncated', $any, "[$rows] x", @json);
$i->unsound('a text by another name', 'truncated', $any, "[$rows",
    'Content-Type' => 'application/vnd.api+json');
$i->unsound('much, half', 'truncated', $any, "[$many", @json);
$i->unsound('half a line', 'truncated', $any, "$lines\{\"a\":", @lines);
$i->unsound('many lines, half', 'truncated', $any,
    substr($lines x 20_000, 0, -3), @lines);
$i->unsound('no last chunk', qr/^(incomplete|truncated)$/, $any, "[$rows",
    @json, no_last_chunk => 1);

$i->done;
