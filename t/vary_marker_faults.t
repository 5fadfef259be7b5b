#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# A marker that cannot be published, or that Redis holds with bytes nobody
# has written, takes no answer from the client and brings none to the wrong
# one: what an earlier marker leads to stays good, and hostile names are
# misses.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::FakeRedis;
use QC::FakeS3;
use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

# what a test may ask the stand-in besides

{
    no warnings 'once';
    *QC::FakeRedis::ctl_refuses = sub { $_[0]{refuses} = $_[1]; return 1 };
    *QC::FakeRedis::ctl_markers = sub {
        my $data = $_[0]{data};
        return [grep { ref $data->{$_} && $data->{$_}{vary} } keys %$data];
    };
}

my $redis = QC::FakeRedis->start(port => port('redis'), eval => sub {
    my ($fake, $keys, $args) = @_;
    my (undef, undef, undef, %fields) = @$args;

    return QC::FakeRedis::error('ERR no room')
        if $fields{vary} && $fake->{refuses};

    if (@$args == 1) {
        delete $fake->{data}{$keys->[0]};

    } else {
        $fake->ctl_set_hash($keys->[0], \%fields);
    }

    return QC::FakeRedis::integer(1);
});

my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => sub {
        my ($req, $n) = @_;
        my $x = $req->{headers}{'x-a'} // '-';

        return { body => "$n $x", headers => [Vary => 'X-A',
            'Cache-Control' => 'max-age=' . ($x eq 'b' ? 600 : 60)] };
    },
});

$t->write_file_expand('nginx.conf', <<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        redis redis://127.0.0.1:%%PORT_redis%%;
        s3 http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
        store_retries 0;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache z;
            add_header X-Status $query_cache_status;
            proxy_http_version 1.1;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /query_cache {
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

sub ask {
    my ($uri, $x) = @_;
    my $r = $t->get($uri, headers => ['X-A' => $x]);

    return join ' ', $r->header('X-Status') // '-', $r->body;
}

sub wait_store {
    my ($name, $n) = @_;
    return $t->wait_stats('/query_cache', 'store', $name, $n);
}

# a marker that should last longer, and cannot

is(ask('/a', 'a'), 'MISS 1 a', 'a miss');
ok(wait_store('stored', 1), 'stored');

$redis->ask('refuses', 1);
is(ask('/a', 'b'), 'MISS 2 b', 'another variant');
ok(wait_store('failed', 1), 'its marker is not');

is(ask('/a', 'b'), 'HIT 2 b', 'but the earlier one leads to it');
is(ask('/a', 'a'), 'HIT 1 a', 'and to the others');
is(scalar(my @keys = $s3->keys), 2, 'both bodies are there');
is($t->stats('/query_cache', 'store', 'dropped'), 0, 'nothing was dropped');

# what lies there instead

$redis->ask('refuses', 0);

my $key = $redis->ask('markers')->[0];
my %marker = %{$redis->hash_of($key)};
my $n = 0;

for my $vary ('X-A', 'x-a,x-a', 'x-b,x-a', 'x-a,', ',x-a', 'x-a, x-b', '*',
    'x-a:', "x-a\r\nx-b", "x-a\0", 'x' x 257, 'x' x 100_000, ' ', ',')
{
    my $name = $vary =~ tr/ -~/?/cr;

    $name = '"' . substr($name, 0, 20) . '"';
    $n++;
    $redis->set_hash($key, %marker, vary => $vary);
    like(ask('/a', "n$n"), qr/^MISS \d+ n$n$/, "$name: a miss");
    $redis->set_hash($key, %marker, vary => $vary);
    like(ask('/a', 'a'), qr/^\w+ \d+ a$/, "$name: an answer of its own");
}

# a marker of other names leads elsewhere

$redis->set_hash($key, %marker, vary => 'x-c');
like(ask('/a', 'a'), qr/^MISS \d+ a$/, 'other names: a miss');

done_testing();
