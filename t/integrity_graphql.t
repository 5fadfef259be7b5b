#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# GraphQL answers 200 with errors in the answer, beside the data that there
# was.  Such an answer is passed on and never stored.
#
# The answers are written by hand, after the GraphQL specification (7.1,
# response format) and GraphQL over HTTP; there is no GraphQL server here.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Integrity;

my $i = QC::Integrity->new('graphql');

my @json = ('Content-Type' => 'application/json; charset=utf-8');
my @own = ('Content-Type' => 'application/graphql-response+json');

my $post = [POST => '/graphql', '{"query":"{ visits { page n } }"}', @json];
my $get = [GET => '/graphql?query=%7Bvisits%7Bpage%20n%7D%7D'];

my $rows = join ',', map { "{\"page\":\"\\\"}]$_\",\"n\":$_}" } 1 .. 3;
my $many = join ',', map { "{\"page\":\"page $_\",\"n\":$_}" } 1 .. 20_000;
my $errors = '"errors":[{"message":"no \"x\"","path":["visits",0]}]';

for ([@json], [@own]) {
    my ($type) = $_->[1] =~ /(^[^;]+)/;

    $i->sound("data, $type", $post, "{\"data\":{\"visits\":[$rows]}}", @$_);
    $i->unsound("errors alone, $type", 'errors', $post, "{$errors}", @$_);
    $i->unsound("errors after data, $type", 'errors', $post,
        "{\"data\":{\"visits\":[$rows]},$errors}", @$_);
    $i->unsound("errors before data, $type", 'errors', $post,
        "{$errors,\"data\":{\"visits\":null}}", @$_);
}

$i->sound('by GET', $get, "{\"data\":{\"visits\":[$rows]}}", @json);
$i->unsound('errors, by GET', 'errors', $get, "{$errors,\"data\":null}",
    @json);
$i->sound('no data', $post, '{"data":{"visits":null}}', @json);
$i->sound('errors of no length', $post, '{"errors":[],"data":{}}', @json);
$i->sound('null for errors', $post, '{"errors":null,"data":{}}', @json);
$i->sound('errors that are data', $post, '{"data":{"errors":[{"n":1}],'
    . '"visits":[{"errors":7}]}}', @json);
$i->sound('extensions', $post, '{"data":{},"extensions":{"errors":[1],'
    . '"tracing":{"version":1}}}', @json);
$i->sound('many rows', $post, "{\"data\":{\"visits\":[$many]}}", @json);

$i->unsound('errors after many rows', 'errors', $post,
    "{\"data\":{\"visits\":[$many]},$errors}", @json);
$i->unsound('half', 'truncated', $post, "{\"data\":{\"visits\":[$rows]}",
    @json);
$i->unsound('many rows, half', 'truncated', $post,
    "{\"data\":{\"visits\":[$many]}", @json);
$i->unsound('nothing', 'truncated', $post, '', @json);
$i->unsound('two answers', 'truncated', $post, '{"data":{}}{"data":{}}',
    @json);

# What is not JSON: a page of who stands in front of the API; an answer in
# parts, as to @defer (each part may have errors); server-sent events.

$i->unsound('a page', 'truncated', $post,
    '<html><body>Please log in</body></html>',
    'Content-Type' => 'text/html');
$i->unsound('in parts', 'truncated', $post, "\r\n--graphql\r\nContent-Type:"
    . " application/json\r\n\r\n{\"data\":{},\"hasNext\":true}\r\n--graphql"
    . "\r\nContent-Type: application/json\r\n\r\n{\"incremental\":[{$errors}"
    . "],\"hasNext\":false}\r\n--graphql--\r\n",
    'Content-Type' => 'multipart/mixed; boundary="graphql"');
$i->unsound('events', 'truncated', $post,
    "event: next\ndata: {$errors}\n\nevent: complete\ndata:\n\n",
    'Content-Type' => 'text/event-stream');

$i->done;
