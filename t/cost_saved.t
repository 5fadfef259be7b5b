#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# What hits would have cost is summed up: time, rows and bytes of their
# entries, once for each hit, and for nothing but hits.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Cost;
use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);
my @fresh = ('Cache-Control' => 'max-age=600');

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/a/1' => { delay => 0.1, body => 'one', headers => [@fresh,
        ETag => '"1"', 'X-ClickHouse-Summary' =>
        '{"read_rows":"10","read_bytes":"300"}'] },
    '/a/2' => { body => 'two', headers => [@fresh,
        'X-ClickHouse-Summary' => '{"read_rows":"5","read_bytes":"7"}'] },
    '/a/stale' => [{ body => 'old', headers => ['Cache-Control' =>
        'max-age=0, stale-if-error=600', 'X-ClickHouse-Summary' =>
        '{"read_rows":"1000"}'] }, { status => 503 }],
});

$t->write_file_expand('nginx.conf', costing('/a/' => ''));
$t->run;

stored($t, "/a/$_") for qw/1 2 stale/;
is_deeply($t->stats('/stats', 'saved'),
    { ms => 0, read_rows => 0, read_bytes => 0 }, 'misses save nothing');

my %cost;

for my $n (1, 2, 1) {
    my $r = $t->get("/a/$n");
    is(told($r), 'HIT', 'a hit');
    $cost{$n} = $r->header('X-Cost');
}

is(told($t->head('/a/1')), 'HIT', 'HEAD is one');
is($t->get('/a/1', headers => ['If-None-Match' => '"1"'])->status, 304,
    'and so is 304');
is(told($t->get('/a/stale')), 'STALE stale', 'a stale answer is none');

my $saved = $t->stats('/stats', 'saved');
is($saved->{read_rows}, 4 * 10 + 5, 'rows');
is($saved->{read_bytes}, 4 * 300 + 7, 'bytes');
is($saved->{ms}, sprintf('%.0f', 1000 * (4 * $cost{1} + $cost{2})),
    'milliseconds');

done_testing();
