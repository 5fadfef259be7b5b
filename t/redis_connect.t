#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Every way to reach a Redis server that the directive offers works: plain,
# password, ACL user, characters written as %XX, database, unix socket,
# prefix=.  Fails if the greeting of a connection is wrong, or if a key is
# not where the directive says.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::FakeS3;
use QC::Nginx;
use QC::Services qw/redis/;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'),
    routes => { '/*' => { body => 'rows' } });

my $plain = redis(unix => 1);
my $secret = redis(password => 'se/cr@t', unix => 1);
my $acl = redis(user => 'edge', password => 'pw:1');
my $port = $plain->port;

# name: server, parameters of "redis", database, prefix

my %ways = (
    plain    => [$plain, "redis://127.0.0.1:$port", 0, 'qc:'],
    database => [$plain, "redis://127.0.0.1:$port/3 prefix=db:", 3, 'db:'],
    prefix   => [$plain, "redis://127.0.0.1:$port prefix=a:b:", 0, 'a:b:'],
    socket   => [$plain, "unix:@{[$plain->socket]} prefix=u:", 0, 'u:'],
    socketdb => [$plain, "unix:@{[$plain->socket]}:2 prefix=u:", 2, 'u:'],
    name     => [$plain, "redis://localhost:$port prefix=n:", 0, 'n:'],
    password => [$secret, 'redis://:se%2Fcr%40t@127.0.0.1:'
                 . $secret->port, 0, 'qc:'],
    pwsocket => [$secret, 'redis+unix://:se%2Fcr%40t@' . $secret->socket
                 . '?db=1 prefix=u:', 1, 'u:'],
    acl      => [$acl, 'redis://edge:pw%3A1@127.0.0.1:' . $acl->port
                 . '/5', 5, 'qc:'],
);

my $zones = join '', map { <<"EOF" } sort keys %ways;
    query_cache_zone $_ {
        memory 1m;
        redis $ways{$_}[1];
        s3 http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
    }
EOF

my $locations = join '', map { <<"EOF" } sort keys %ways;
        location /$_ {
            query_cache       $_;
            query_cache_valid 10m;
            proxy_pass        http://127.0.0.1:%%PORT_up%%;
        }
        location = /stats/$_ {
            query_cache_admin $_;
        }
EOF

$t->write_file_expand('nginx.conf', <<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    add_header X-Status \$query_cache_status;
    add_header X-Key    \$query_cache_key;

$zones
    server {
        listen 127.0.0.1:%%PORT_8080%%;

$locations
    }
}

EOF

$t->run;

for my $name (sort keys %ways) {
    my ($server, undef, $db, $prefix) = @{$ways{$name}};

    my $r = $t->get("/$name");
    is($r->header('X-Status'), 'MISS', "$name: a miss");
    ok($t->wait_stats("/stats/$name", 'store', 'stored', 1),
        "$name: stored");
    is($t->get("/$name")->header('X-Status'), 'HIT', "$name: a hit");

    my $key = $prefix . $r->header('X-Key');
    is($server->cli('-n', $db, 'HGET', $key, 'status'), '200',
        "$name: the key");
}

is($up->count, scalar keys %ways, 'the upstream was asked once each');

for my $word ('se/cr@t', 'se%2Fcr%40t', 'pw:1', 'pw%3A1') {
    is(index($t->error_log, $word), -1, "no \"$word\" in the log");
}

done_testing();
