#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Druid says 200 before it knows: an answer that ends early lacks its last
# bracket, or the blank line that ends rows in lines; a segment that was
# missing is named in X-Druid-Response-Context.  Such an answer, stored,
# would be a hole in a chart for as long as the entry lives.
#
# The answers are written by hand, after Druid's documentation of its SQL and
# native APIs (resultFormat, response context); there is no Druid here.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Integrity;

my $i = QC::Integrity->new('druid');

my @json = ('Content-Type' => 'application/json');
my @text = ('Content-Type' => 'text/plain');
my @csv = ('Content-Type' => 'text/csv');

sub sql {
    my ($format) = @_;

    return [POST => '/druid/v2/sql', '{"query":"SELECT page, n FROM wiki",'
        . "\"resultFormat\":\"$format\"}", @json];
}

my $native = [POST => '/druid/v2/', '{"queryType":"timeseries",'
    . '"dataSource":"wiki","granularity":"day","intervals":["2026-01-01/P1D"],'
    . '"aggregations":[{"type":"count","name":"n"}]}', @json];

my $rows = join ',', map { "{\"page\":\"p$_ \\\"]}\",\"n\":$_}" } 1 .. 3;
my $many = join ',', map { "{\"page\":\"page $_\",\"n\":$_}" } 1 .. 20_000;
my $series = '[{"timestamp":"2026-01-01T00:00:00.000Z","result":{"n":7}}]';

# one JSON text

$i->sound('objects', sql('object'), "[$rows]", @json);
$i->sound('arrays', sql('array'), '[["p1",1],["p2",2]]', @json);
$i->sound('a native query', $native, $series, @json);
$i->sound('no rows', sql('object'), '[]', @json);
$i->sound('a line end behind it', sql('object'), "[$rows]\n", @json);
$i->sound('many rows', sql('object'), "[$many]", @json);

$i->unsound('a bracket short', 'truncated', sql('object'), "[$rows", @json);
$i->unsound('half a row', 'truncated', sql('object'),
    "[$rows,{\"page\":\"p", @json);
$i->unsound('a row that ends', 'truncated', sql('object'), "[$rows,", @json);
$i->unsound('a native query, half', 'truncated', $native,
    substr($series, 0, -2), @json);
$i->unsound('nothing', 'truncated', sql('object'), '', @json);
$i->unsound('many rows, a bracket short', 'truncated', sql('object'),
    "[$many", @json);

# lines, "a trailer of one blank line"

my $lines = join '', map { "{\"page\":\"p$_\",\"n\":$_}\n" } 1 .. 3;
my $manylines = join '', map { "{\"page\":\"p$_\",\"n\":$_}\n" } 1 .. 20_000;

$i->sound('lines of objects', sql('objectLines'), "$lines\n", @text);
$i->sound('lines of arrays', sql('arrayLines'), "[\"p1\",1]\n\n", @text);
$i->sound('CSV', sql('csv'), "page,n\np1,1\n\n", @csv);
$i->sound('no rows in lines', sql('objectLines'), "\n", @text);
$i->sound('many lines', sql('objectLines'), "$manylines\n", @text);

$i->unsound('lines without the trailer', 'truncated', sql('objectLines'),
    $lines, @text);
$i->unsound('half a line', 'truncated', sql('objectLines'),
    substr($lines, 0, -3), @text);
$i->unsound('CSV without the trailer', 'truncated', sql('csv'),
    "page,n\np1,1\n", @csv);
$i->unsound('no lines', 'truncated', sql('csv'), '', @csv);
$i->unsound('many lines without the trailer', 'truncated',
    sql('objectLines'), $manylines, @text);

# the response context

my $context = '{"uncoveredIntervals":[],"ETag":"x"}';
my $missing = '{"missingSegments":[{"itvl":"2026-01-01T00:00:00.000Z/'
    . '2026-01-02T00:00:00.000Z","ver":"v","part":0}],"ETag":"x"}';

$i->sound('a response context', $native, $series, @json,
    'X-Druid-Response-Context' => $context);
$i->unsound('missing segments', 'partial', $native, $series, @json,
    'X-Druid-Response-Context' => $missing);

$i->done;
