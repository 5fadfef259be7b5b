#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Answers that vary are kept apart by the fields they vary by (RFC 9111
# section 4.1), in the index of one machine and in Redis, where other edges
# find them. Who accepts which coding makes no variants, "*" is not stored,
# and one more field that matters never brings an answer to the wrong client.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::FakeS3;
use QC::Nginx;
use QC::Redis;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

# says what it was asked with, and how often; the query of a URI is its Vary

my %n;

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => sub {
        my ($req) = @_;
        my $vary = $req->{args} =~ s/%20/ /gr;

        return { body => ++$n{$req->{uri}} . ' ' . join('|', map {
            $req->{headers}{$_} // '-' } qw/x-a x-b accept-language/),
            headers => ['Cache-Control' => 'max-age=600, stale-if-error=60',
            map { (Vary => $_) } split /;/, $vary] };
    },
});
my $s3 = QC::FakeS3->start(port => port('s3'));
my $redis = QC::Redis->start(port => port('redis'));

$t->write_file_expand('nginx.conf', <<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone local {
        s3 http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
    }

    query_cache_zone shared {
        redis redis://127.0.0.1:%%PORT_redis%%;
        s3 http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
    }

    proxy_http_version 1.1;
    add_header X-Status "$query_cache_status $query_cache_reason" always;

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location /local/ {
            query_cache local;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /shared/ {
            query_cache shared;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /ignored/ {
            query_cache local;
            query_cache_ignore_headers Vary;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /stats/local {
            query_cache_admin local;
        }

        location = /stats/shared {
            query_cache_admin shared;
        }
    }
}

EOF

$t->run;

my %stored;

sub stored {
    my ($zone) = @_;

    return $t->wait_stats("/stats/$zone", 'store', 'stored',
        ++$stored{$zone});
}

sub is_answer {
    my ($uri, $headers, $expected, $name) = @_;
    my $r = $t->get($uri, headers => $headers);

    is(($r->header('X-Status') =~ s/ $//r) . ' ' . $r->body, $expected,
        "$uri @$headers: $name");
}

for my $zone ('local', 'shared') {
    my $uri = "/$zone/a?X-A";

    is_answer($uri, ['X-A' => 1], 'MISS absent 1 1|-|-', 'first');
    ok(stored($zone), 'stored');
    is_answer($uri, ['X-A' => 1], 'HIT 1 1|-|-', 'a hit');
    is_answer($uri, ['X-A' => ' 1 '], 'HIT 1 1|-|-', 'a hit, with spaces');
    is_answer($uri, ['X-A' => 1, 'X-B' => 1], 'HIT 1 1|-|-', 'X-B: the same');
    is_answer($uri, ['X-A' => 2], 'MISS absent 2 2|-|-', 'another');
    ok(stored($zone), 'stored');
    is_answer($uri, [], 'MISS absent 3 -|-|-', 'none');
    ok(stored($zone), 'stored');
    is_answer($uri, ['X-A' => ''], 'MISS absent 4 |-|-', 'empty');
    ok(stored($zone), 'stored');
    is_answer($uri, ['X-A' => 1], 'HIT 1 1|-|-', 'the first is there');
    is_answer($uri, ['X-A' => 2], 'HIT 2 2|-|-', 'so is the other');
    is_answer($uri, [], 'HIT 3 -|-|-', 'and that without');

    is($t->head($uri, headers => ['X-A' => 2])->header('X-Status'), 'HIT',
        'HEAD');

    # explain looks where the request would

    for my $case ([1, 'hit', 'null'], [3, 'miss', '"absent"']) {
        my ($value, $decision, $reason) = @$case;

        like($t->get("/stats/$zone?explain=%2F$zone%2Fa%3FX-A", headers =>
            ['X-A' => $value])->body, qr/,"vary":"x-a".*
            ,"decision":"$decision","reason":$reason\}/x,
            "explained: $decision");
    }

    $uri = "/$zone/b?Accept-Language,x-A;X-B";

    is_answer($uri, ['X-A' => 1, 'Accept-Language' => 'en, de;q=0.50'],
        'MISS absent 1 1|-|en, de;q=0.50', 'three fields');
    ok(stored($zone), 'stored');
    is_answer($uri, ['X-A' => 1, 'Accept-Language' => 'EN;q=1,de; q=0.5'],
        'HIT 1 1|-|en, de;q=0.50', 'one preference');
    is_answer($uri, ['X-A' => 1, 'Accept-Language' => 'de, en;q=0.5'],
        'MISS absent 2 1|-|de, en;q=0.5', 'another preference');
    ok(stored($zone), 'stored');

    for my $vary ('*', '*,X-A', 'X-A,*', 'X-A;*', 'X%20A', '"X-A"') {
        is_answer("/$zone/star?$vary", ['X-A' => 1], "MISS $_ 1|-|-",
            'not stored') for 'vary 1', 'vary 2';
    }

    $uri = "/$zone/coding?Accept-Encoding,,%20Cookie";

    is_answer($uri, ['Accept-Encoding' => 'gzip'], 'MISS absent 1 -|-|-',
        'a coding');
    ok(stored($zone), 'stored');
    is_answer($uri, ['Accept-Encoding' => 'br'], 'HIT 1 -|-|-', 'another');
}

is($redis->cli('HGET', $_, 'vary') // '', '', "$_: no marker is an answer")
    for grep { length $redis->cli('HGET', $_, 'headers') }
        split /\n/, $redis->cli('KEYS', 'qc:????????????????*');

is_answer('/ignored/a?X-A', ['X-A' => 1], 'MISS absent 1 1|-|-', 'ignored');
ok(stored('local'), 'stored');
is_answer('/ignored/a?X-A', ['X-A' => 2], 'HIT 1 1|-|-', 'ignored: a hit');

is($t->stats("/stats/$_", 'store', 'stored'), $stored{$_}, "$_: nothing else")
    for 'local', 'shared';

done_testing();
