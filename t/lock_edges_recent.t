#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# What another nginx has stored since the lookup is looked for once more, before
# the upstream is run; once, whatever Redis says.


use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Edges;
use QC::FakeS3;
use QC::Nginx;
use QC::Services qw/redis/;
use QC::Upstream;
use QC::Util qw/wait_until/;

my $redis = redis();
my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'), routes => {
    '/a' => { body => 'rows', headers => ['Cache-Control' => 'max-age=600'] },
});

my ($here, $there) = edges($redis,
    'add_header X-Key $query_cache_key always;');


sub status {
    my ($edge) = @_;

    my $r = $edge->get('/a', port => $edge->{edge});

    return join ' ', map { $r->header($_) } qw/X-Status X-Key/;
}


sub lookups {
    return $redis->cli('INFO', 'commandstats')
        =~ /cmdstat_hgetall:calls=(\d+)/ ? $1 : 0;
}


my ($state, $key) = split / /, status($here);
is($state, 'MISS', 'an entry');
ok(wait_until(sub { status($there) =~ /^HIT/ }), 'which both find');

my $lock = (grep { /\Q$key\E/ } split /\n/, $redis->cli('KEYS', '*~lock:*'))[0]
    // '';
like($lock, qr/~lock:/, 'after the fill something is left of its lock');
is($redis->cli('GET', $lock), '+', 'it was stored');
my $left = $redis->cli('PTTL', $lock);
ok($left > 0 && $left <= 1000, 'of which nobody need know for long')
    or diag($left);

# it is said to be there, and is not

my ($entry) = grep { !/~/ } split /\n/, $redis->cli('KEYS', '*');
$redis->cli('DEL', $entry);
$redis->cli('SET', $lock, '+', 'PX', 600_000);

my $before = lookups();
like(status($there), qr/^MISS/, 'an entry that is not there after all');
is(lookups(), $before + 2, 'two lookups');
is($up->hits('/a'), 2, 'one run of the upstream');
ok(wait_until(sub { status($here) =~ /^HIT/ }), 'which is stored');

$_->stop for $here, $there;

done_testing();
