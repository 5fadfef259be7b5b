#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Exceptions in answers of status 200 as newer ClickHouse writes them, which
# is not the way of the one tested in integrity_clickhouse.t.
#
# The answers are written by hand, after ClickHouse's documentation and
# change log: up to 25.2 the text alone; 25.3 and 25.8 a line
# "__exception__" before it; from 25.11 on a field X-ClickHouse-Exception-Tag
# in every answer, and a frame with that tag at the end; in some versions a
# member "exception" in JSON; before the first byte of the body a field
# X-ClickHouse-Exception-Code.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Integrity;
use QC::Nginx;

time_limit(300);

my $i = QC::Integrity->new('clickhouse');

my @tsv = ('Content-Type' => 'text/tab-separated-values; charset=UTF-8',
    'X-ClickHouse-Format' => 'TabSeparated', 'X-ClickHouse-Summary' =>
    '{"read_rows":"3","read_bytes":"24"}');
my @json = ('Content-Type' => 'application/json; charset=UTF-8',
    'X-ClickHouse-Format' => 'JSON');
my @lines = ('Content-Type' => 'application/x-ndjson; charset=UTF-8',
    'X-ClickHouse-Format' => 'JSONEachRow');
my @binary = ('Content-Type' => 'application/octet-stream',
    'X-ClickHouse-Format' => 'RowBinary');
my @tag = ('X-ClickHouse-Exception-Tag' => 'PU1FNUFH98PU1FNU');

my $q = [POST => '/', 'SELECT id, page FROM hits'];
my $get = [GET => '/?query=SELECT%20id,%20page%20FROM%20hits'];

my $rows = join '', map { "$_\tpage $_\n" } 1 .. 3;
my $many = join '', map { "$_\tpage $_\n" } 1 .. 40_000;
my $objects = join '', map { "{\"id\":$_,\"page\":\"\\\"]}\"}\n" } 1 .. 3;
my $data = '{"meta":[{"name":"id","type":"UInt8"}],"data":[{"id":1}]';
my $bytes = join '', map { pack 'Q<CA*', $_, 4, 'page' } 1 .. 30_000;

my $text = "Code: 395. DB::Exception: Value passed to 'throwIf' function is"
    . " non-zero: while executing 'FUNCTION throwIf'."
    . ' (FUNCTION_THROW_IF_VALUE_IS_NON_ZERO)';
my $version = ' (version 25.8.2.29 (official build))';


sub frame {
    my ($message) = @_;

    return "\r\n__exception__\r\n$tag[1]\r\n$message\n\r\n"
        . (length($message) + 1) . " $tag[1]\r\n__exception__\r\n";
}

# sound ones; words like those of an exception may be in the data

$i->sound('rows', $q, $rows, @tsv);
$i->sound('by GET', $get, $rows, @tsv);
$i->sound('many rows', $q, $many, @tsv);
$i->sound('JSON', $q, "$data,\"rows\":1}\n", @json);
$i->sound('JSON lines', $q, $objects, @lines);
$i->sound('no rows', $q, '', @tsv);
$i->sound('no JSON lines', $q, '', @lines);
$i->sound('bytes', $q, $bytes, @binary);
$i->sound('with a tag', $q, $rows, @tsv, @tag);
$i->sound('words', $q, "1\tan __exception__ of a kind\n2\tCode: 395\n"
    . "3\tDB::Exception\n4\t__exception__x\n", @tsv);

# after rows of any kind

for my $case (
    [TSV          => $rows, @tsv],
    [JSON         => "$data,\n", @json],
    ['JSON lines' => $objects, @lines],
    [bytes        => $bytes, @binary],
    ['many rows'  => $many, @tsv],
    [nothing      => '', @tsv],
) {
    my ($what, $body, @fields) = @$case;

    $i->unsound("an exception after $what", 'exception', $q,
        "$body$text$version\n", @fields);
    $i->unsound("a line, an exception after $what", 'exception', $q,
        "$body\n__exception__\n$text$version\n", @fields);
    $i->unsound("a frame after $what", 'exception', $q,
        $body . frame($text), @fields, @tag);
}

$i->unsound('by GET', 'exception', $get, "$rows$text$version\n", @tsv);
$i->unsound('without its end', qr/^(exception|incomplete)$/, $q,
    "$rows\n__exception__\n$text$version\n", @tsv, no_last_chunk => 1);

# a text as long as the value that was wrong

my $long = 'Code: 6. DB::Exception: Cannot parse string \'' . 'x' x 300_000
    . '\' as UInt64: syntax error at begin of string. (CANNOT_PARSE_TEXT)';

$i->unsound('a long text', 'exception', $q, "$rows$long$version\n", @tsv);
$i->unsound('a long text in a frame', 'exception', $q, $rows . frame($long),
    @tsv, @tag);

# exceptions of other names

for my $other (
    'Code: 210. DB::NetException: Connection refused (10.0.0.2:9000).'
        . ' (NETWORK_ERROR)',
    'Code: 74. DB::ErrnoException: Cannot read from file: , errno: 5,'
        . ' strerror: Input/output error. (CANNOT_READ_FROM_FILE_DESCRIPTOR)',
    'Code: 117. DB::ParsingException: Unknown field. (INCORRECT_DATA)',
    'Code: 999. Coordination::Exception: Session expired. (KEEPER_EXCEPTION)',
    'Poco::Exception. Code: 1000, e.code() = 111, Connection refused',
    'std::exception. Code: 1001, type: std::bad_alloc, e.what() ='
        . ' std::bad_alloc',
    'Unknown exception. Code: 1002, type: int',
) {
    $i->unsound(substr($other, 0, 32), 'exception', $q,
        "$rows$other$version\n", @tsv);
}

# in JSON that is whole

$i->unsound('a member', 'exception', $q,
    "$data,\"rows\":1,\"exception\":\"$text$version\"}\n", @json);
$i->unsound('a line', 'exception', $q,
    "$objects\{\"exception\":\"$text$version\"}\n", @lines);

# without the last bracket, or a half line

$i->unsound('JSON, half', 'truncated', $q, $data, @json);
$i->unsound('JSON lines, half', 'truncated', $q, "$objects\{\"id\":", @lines);

# known before the first byte

$i->unsound('a field', 'exception', $q, $rows, @tsv,
    'X-ClickHouse-Exception-Code' => '159');

$i->done;
