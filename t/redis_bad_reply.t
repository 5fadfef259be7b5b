#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Whatever comes instead of the reply to a lookup, the client has the
# upstream's answer, the reason is counted, and the next lookup on a good
# connection is a hit again.  Fails if a reply is read past its end, taken
# for that of another command, or believed though its type is wrong.

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

# of the scripts only the put is needed: fields after two arguments

my $redis = QC::FakeRedis->start(port => port('redis'), eval => sub {
    my ($fake, $keys, $args) = @_;

    my (undef, undef, undef, %fields) = @$args;
    $fake->ctl_set_hash($keys->[0], \%fields);

    return QC::FakeRedis::integer(1);
});

my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'), routes => {
    '/a' => [{ body => 'rows', headers => ['Cache-Control' => 'max-age=600'] },
             { body => 'rows', headers => ['Cache-Control' => 'no-store'] }],
});

$t->write_file_expand('nginx.conf', <<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        redis redis://127.0.0.1:%%PORT_redis%%;
        redis_timeout 100ms;
        redis_backoff 10ms 20ms;
        s3    http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache z;
            add_header  X-Status $query_cache_status;
            proxy_pass  http://127.0.0.1:%%PORT_up%%;
        }

        location = /stats {
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

is($t->get('/a')->header('X-Status'), 'MISS', 'a miss');
ok($t->wait_stats('/stats', 'store', 'stored', 1), 'stored');
is($t->get('/a')->header('X-Status'), 'HIT', 'a hit');

my $bulk = "\$1\r\na\r\n";
my @reply = ('index_error', 'errors', 'reply', bytes =>);
my @wrong = ('index_error', 'protocol_errors', 'reply', bytes =>);

# name: reason, counter, fault

my @cases = (
    [closed     => 'index_down', 'down', 'close'],
    [reset      => 'index_down', 'down', 'reset'],
    ['cut'      => 'index_down', 'down', 'close_mid'],
    ['cut at 1' => 'index_down', 'down', 'close_mid', at => 1],
    [silent     => 'index_timeout', 'timeouts', 'hang'],
    [garbage    => 'index_error', 'protocol_errors', 'garbage'],
    [zeroes     => 'index_error', 'protocol_errors', 'garbage',
     bytes => "\0" x 1000],
    ['huge bulk'  => 'index_timeout', 'timeouts', 'bulk'],
    ['full bulk'  => @wrong, "\$70000\r\n" . 'x' x 70000 . "\r\n"],
    ['huge array' => 'index_error', 'protocol_errors', 'array'],
    [nested     => 'index_error', 'protocol_errors', 'nested'],
    ['negative' => @wrong, "*-2\r\n"],
    ['no number' => @wrong, "*x\r\n"],
    ['bad length' => @wrong, "*2\r\n\$-2\r\na\r\n$bulk"],
    ['two replies' => @wrong[0, 1], 'reply',
     bytes => "*0\r\n*0\r\n"],
    ['map'      => @wrong, "%1\r\n$bulk$bulk"],
    ['push'     => @wrong, ">2\r\n$bulk$bulk"],
    [integer    => @reply, ":1\r\n"],
    [nil        => @reply, "\$-1\r\n"],
    [status     => @reply, "+OK\r\n"],
    [string     => @reply, $bulk],
    ['no array' => @reply, "*-1\r\n"],
    ['odd'      => 'bad_record', '', 'reply', bytes => "*1\r\n$bulk"],
    ['integers' => 'bad_record', '', 'reply', bytes => "*2\r\n:1\r\n:1\r\n"],
    ['nil field' => 'bad_record', '', 'reply',
     bytes => "*2\r\n$bulk\$-1\r\n"],
    ['array in it' => 'index_error', 'protocol_errors', 'reply',
     bytes => "*2\r\n*1\r\n$bulk$bulk"],
    (map { [$_ => 'index_error', 'errors', $_] }
        qw/loading readonly noauth oom busy masterdown noscript wrongtype/),
    ['no rights' => 'index_error', 'errors', 'error',
     text => "NOPERM this user has no permissions"],
    ['unknown'  => 'index_error', 'errors', 'error',
     text => "ERR unknown command 'HGETALL'"],
    ['long'     => 'index_error', 'errors', 'error', text => 'E' x 10_000],
    ['binary'   => 'index_error', 'errors', 'error', text => "\x01\xff%s%n"],
);

my $hit = sub { $t->get('/a')->header('X-Status') eq 'HIT' };

for my $case (@cases) {
    my ($name, $reason, $counter, $fault, @more) = @$case;

    my $before = $t->stats('/stats');
    $redis->fault($fault, @more, match => qr/^HGETALL/);

    my $r = $t->get('/a');
    is(join(' ', $r->status, $r->header('X-Status'), $r->body),
        '200 MISS rows', "$name: a miss");

    my $after = $t->stats('/stats');
    is($after->{reason}{$reason}, $before->{reason}{$reason} + 1,
        "$name: the reason is counted");
    cmp_ok($after->{redis}{$counter}, '>', $before->{redis}{$counter},
        "$name: counted as $counter") if $counter;

    ok(wait_until($hit), "$name: then a hit again");
}

$redis->fault('drip', match => qr/^HGETALL/, bytes => 3, seconds => 0.0001);
is($t->get('/a')->header('X-Status'), 'HIT', 'a reply in pieces');

is($redis->faults_hit, @cases + 1, 'all of them happened');

for my $what ('redis (?:refused|answered)', 'is set aside') {
    is(scalar(my @lines = $t->error_log(qr/$what.*query cache zone "z"/)), 1,
        "logged once: $what");
}

done_testing();
