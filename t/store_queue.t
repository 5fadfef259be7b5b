#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Stores that wait are at most store_queue; the more important go first
# (query_cache_store_priority), each priority in its order; when the queue is
# full a more important one takes the place of the last, least important one,
# and whatever is left out is counted.  A queue without a bound, or one that
# drops what matters, would break it.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::FakeS3;
use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => sub { return { body => $_[0]{path} } },
});

$t->write_file_expand('nginx.conf', <<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        s3 http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
        s3_read_timeout 30s;
        store_concurrency 1;
        store_queue 4;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache z;
            query_cache_valid 1h;
            query_cache_store_priority $arg_priority;
            add_header X-Key $query_cache_key;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /query_cache {
            query_cache_admin z;
        }
    }
}

EOF

$t->run;
$s3->fault('stall', gate => 'put', match => qr/^PUT/, times => 0);

# The stores begin after the request; the next answer on the same worker
# shows that it has been queued.

my %name;

sub ask {
    my ($name, $priority) = @_;

    my $r = $t->get("/$name" . ($priority ? "?priority=$priority" : ''));
    is($r->body, "/$name", "$name: answered");
    $name{$r->header('X-Key')} = $name;
    $t->get('/query_cache');
}

sub dropped { return $t->stats('/query_cache', 'reason', 'store_queue') }

ask('first');
ok($s3->wait_at('put'), 'the first is being stored');

ask('normal1');
ask('low1', 'low');
ask('low2', 'low');
ask('normal2', 'anything');
is(dropped(), 0, 'the queue is full, nothing was left out');

ask('low3', 'low');
is(dropped(), 1, 'low3: left out, the others came before');
ask('high1', 'high');
is(dropped(), 2, 'high1: in the place of low2');
ask('normal3', 'normal');
is(dropped(), 3, 'normal3: in the place of low1');
ask('normal4');
is(dropped(), 4, 'normal4: left out, no less important one is there');
ask('high2', 'high');
is(dropped(), 5, 'high2: in the place of normal3');
ask('low4', 'low');
is(dropped(), 6, 'low4: left out');

my @want = qw/first high1 high2 normal1 normal2/;

for my $n (1 .. @want) {
    ok($s3->wait_requests(qr/^PUT/, $n), "store $n");
    $s3->release_one('put') if $s3->wait_at('put');
}

ok($t->wait_stats('/query_cache', 'store', 'stored', scalar @want),
    'all in the queue are stored');

my @order = map { $name{$_->{headers}{'x-amz-meta-qc-key'}} }
    $s3->requests(qr/^PUT/);
is("@order", "@want", 'in the order of importance');

# there is room again

$s3->clear_faults;
ask('low5', 'low');
ok($t->wait_stats('/query_cache', 'store', 'stored', @want + 1), 'low5');
is(dropped(), 6, 'no more were left out');

done_testing();
