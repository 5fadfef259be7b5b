#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# An older fill does not replace a newer record: of two fills of one key on
# two edges, the one that began last wins, whichever ends last.  Fails if
# the publication is a plain write, or compares the ends.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::FakeS3;
use QC::Nginx;
use QC::Services qw/redis/;
use QC::Upstream;

my $redis = redis();
my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'), routes => {
    '/a' => [{ gate => '/a', body => 'old' }, { body => 'new' }],
    '/b' => [{ gate => '/b', body => 'old' }, { body => 'new' }],
});

my @edges = map { edge($_) } 1, 2;

sub edge {
    my ($n) = @_;

    my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

    $t->write_file_expand('nginx.conf', <<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        redis ${\$redis->url};
        s3    http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
    }

    server {
        listen 127.0.0.1:%%PORT_$n%%;

        location / {
            query_cache       z;
            query_cache_valid 10m;
            add_header        X-Status \$query_cache_status;
            proxy_pass        http://127.0.0.1:%%PORT_up%%;
        }

        location = /stats {
            query_cache_admin z;
        }
    }
}

EOF

    return $t->run;
}

sub counter {
    my ($n, $name, $least) = @_;

    return wait_until(sub {
        return $edges[$n - 1]->stats('/stats', 'store', $name, port => $n)
               >= $least;
    });
}

for my $path ('/a', '/b') {
    my $n = $path eq '/a' ? 1 : 2;
    my $slow = $edges[0]->client(port => 1);
    $slow->send_request('GET', $path);
    ok($up->wait_at($path), "$path: the old fill");

    is($edges[1]->get($path, port => 2)->body, 'new', "$path: the new fill");
    ok(counter(2, 'stored', $n), "$path: the new one is stored");

    # nothing to lose to: the record went while the old fill was under way
    $redis->cli('FLUSHALL') if $path eq '/b';

    $up->release($path);
    is($slow->read_response->body, 'old', "$path: its client has it");

    ok(counter(1, $path eq '/a' ? 'superseded' : 'stored', 1),
        "$path: the old one has ended");

    my $r = $edges[1]->get($path, port => 2);
    is($r->header('X-Status'), 'HIT', "$path: a hit");
    is($r->body, $path eq '/a' ? 'new' : 'old', "$path: of the right one");
}

# of four, one was deleted
ok(wait_until(sub { $s3->keys == 3 }), 'the object of the loser is gone');
is($s3->count(qr/^DELETE/), 1, 'deleted');

done_testing();
