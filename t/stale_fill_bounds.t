#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Background fills are bounded: one of a key, in all workers, until what it
# found is stored; "fill_concurrency" of a worker; none with 0.  Without the
# table of marks each worker still has one of a key.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::FakeS3;
use QC::Nginx;
use QC::Stale;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => sub {
        my ($req, $n) = @_;

        return { body => "old $req->{path}", headers => stale_headers() }
            unless $req->{args};
        my ($gate) = $req->{path} =~ m{^/(\w+)};

        return { body => "new $req->{path}", gate => $gate,
            headers => ['Cache-Control' => 'max-age=600'] };
    },
});

$t->write_file_expand('nginx.conf', <<'EOF');

%%TEST_GLOBALS%%

worker_processes 3;

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone two {
        s3 http://127.0.0.1:%%PORT_s3%% bucket=two access_key=a secret_key=s;
        s3_read_timeout 30s;
        fill_concurrency 2;
    }

    query_cache_zone none {
        disk %%TESTDIR%%/none;
        fill_concurrency 0;
    }

    query_cache_zone unmarked {
        disk %%TESTDIR%%/unmarked;
        marks 0;
    }

    # a fill asks with arguments, what is stored first does not

    map $query_cache_status $again {
        volatile;
        default "";
        EXPIRED "?again";
    }

    server {
        listen 127.0.0.1:%%PORT_8080%% reuseport;

        add_header X-Status $query_cache_status;
        add_header X-Worker $pid always;

        location /two/ {
            query_cache two;
            proxy_pass http://127.0.0.1:%%PORT_up%%$uri$again;
        }

        location /none/ {
            query_cache none;
            proxy_pass http://127.0.0.1:%%PORT_up%%$uri$again;
        }

        location /unmarked/ {
            query_cache unmarked;
            proxy_pass http://127.0.0.1:%%PORT_up%%$uri$again;
        }

        location /stats/two {
            query_cache_admin two;
        }

        location /stats/none {
            query_cache_admin none;
        }

        location /stats/unmarked {
            query_cache_admin unmarked;
        }
    }
}

EOF

$t->run;

# a connection to each worker

my %to;

wait_until(sub {
    my $c = $t->client;
    my $r = $c->get('/nothing');

    $to{$r->header('X-Worker') // ''} //= $c;
    return keys %to == 3;
}, 10);

is(scalar keys %to, 3, 'three workers');

my ($c, @others) = values %to;

$c->get("/two/$_") for 1 .. 4;
$c->get("/none/1");
$c->get("/unmarked/1");
ok(wait_stale($t, '/stats/two', 4), 'stale entries');
ok(wait_stale($t, '/stats/none', 1), 'stale entries');
ok(wait_stale($t, '/stats/unmarked', 1), 'stale entries');

sub fill { return $t->stats("/stats/$_[0]", 'fill', $_[1]) }

sub stale { return $_[0]->get($_[1])->header('X-Status') }

# of a key, in all workers

is(stale($_, '/two/1'), 'UPDATING', 'a stale answer of each worker')
    for $c, @others;
ok($up->wait_at('two', 1), 'the upstream is asked');
is($up->count(qr{ /two/1\?}), 1, 'once');
is(fill('two', 'started') . fill('two', 'refused'), '10', 'a fill');

# of a worker

is(stale($c, "/two/$_"), 'UPDATING', "$_: stale") for 2, 3, 4;
ok($up->wait_at('two', 2), 'the upstream is asked');
is($up->count(qr{ /two/\d\?}), 2, 'no more than two at a time');
is(fill('two', 'refused'), 2, 'the others are refused');

is(stale($others[0], '/two/3'), 'UPDATING', 'another worker');
ok($up->wait_at('two', 3), 'has its own two');
is(fill('two', 'started'), 3, 'three in all');

# until it is stored

$s3->fault('stall', gate => 'put', match => qr/^PUT/, times => 0);
$up->release('two');
ok($s3->wait_at('put', 3), 'the new ones are being stored');
is(stale($_, '/two/1'), 'UPDATING', 'still a stale answer') for $c, @others;
is(fill('two', 'started'), 3, 'and no more fills');

$s3->release('put');
ok($t->wait_stats('/stats/two', 'store', 'stored', 7), 'stored');
is($others[1]->get('/two/1')->body, 'new /two/1', 'the new one');

# the marks are gone with them, and there is room again

is(stale($c, "/two/$_"), 'UPDATING', "$_: stale") for 4;
ok($up->wait_requests(qr{ /two/4\?}, 1), 'asked at last');
is(fill('two', 'failed'), 0, 'none failed');

# none: who finds what is stale waits for another

$up->release('none');
is(stale($c, '/none/1'), 'EXPIRED', 'none: asked');
is(fill('none', 'started'), 0, 'none: not in the background');

# without marks

is(stale($_, '/unmarked/1'), 'UPDATING', 'unmarked: stale')
    for $c, @others, $c, @others;
ok($up->wait_requests(qr{ /unmarked/1\?}, 3), 'unmarked: asked by each worker');
is(fill('unmarked', 'started'), 3, 'unmarked: once');
$up->release('unmarked');
ok($t->wait_stats('/stats/unmarked', 'store', 'stored', 2), 'unmarked: stored');
is($c->get('/unmarked/1')->body, 'new /unmarked/1', 'unmarked: the new one');

done_testing();
