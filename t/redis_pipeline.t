#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# All lookups of a worker share one connection, which they do not wait for
# each other on, and every client gets its own record.  A client that went
# away meanwhile disturbs nobody.  Fails if replies are assigned by anything
# but their order, or if a lookup takes a connection of its own.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use constant CLIENTS => 100;

use QC::FakeS3;
use QC::Nginx;
use QC::Services qw/redis/;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $redis = redis();
my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'),
    routes => { '/*' => sub { return { body => "rows of $_[0]{path}" } } });

$t->write_file_expand('nginx.conf', <<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        redis ${\$redis->url};
        redis_timeout 60s;
        s3    http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;

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

$t->run;

my $c = $t->client;
$c->get("/$_") for 1 .. CLIENTS / 2;
ok($t->wait_stats('/stats', 'store', 'stored', CLIENTS / 2), 'stored');

my $before = $t->stats('/stats', 'redis', 'commands');
$redis->pause;

my @clients = map { $t->client } 1 .. CLIENTS;

for my $n (1 .. CLIENTS) {
    $clients[$n - 1]->send_request('GET', "/$n");
}

ok($t->wait_stats('/stats', 'redis', 'commands', $before + CLIENTS),
    'all are asked at once, though none is answered');
is(scalar(grep { $_->readable } @clients), 0, 'all wait');

# every tenth client does not

for my $n (grep { $_ % 10 == 0 } 1 .. CLIENTS) {
    $clients[$n - 1]->close;
}

$redis->resume;

my %seen;

for my $n (grep { $_ % 10 != 0 } 1 .. CLIENTS) {
    my $r = $clients[$n - 1]->read_response;
    my $status = $n <= CLIENTS / 2 ? 'HIT' : 'MISS';

    $seen{$r->header('X-Status')}++;
    is($r->header('X-Status') . ' ' . $r->body, "$status rows of /$n", $n)
        if $r->header('X-Status') ne $status || $r->body ne "rows of /$n";
}

is_deeply(\%seen, { HIT => CLIENTS * 0.45, MISS => CLIENTS * 0.45 },
    'each has its own answer');

my @named = grep { /name=nginx-query-cache / }
    split /\n/, $redis->cli(qw/CLIENT LIST/);
is(scalar @named, 1, 'one connection of the worker');
is($t->stats('/stats', 'redis', 'connects'), 1, 'and it was made once');
is($t->stats('/stats', 'redis', 'down'), 0, 'never set aside');
is($c->get('/1')->header('X-Status'), 'HIT', 'it works on');

done_testing();
