#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# query_cache_client_control: what clients ask of caches is heeded where it
# is on (RFC 9111 section 5.2.1), and nowhere else: there a reload in a
# browser does not cost a query. A client that asks for less than it could
# have had gets what the cache has, or 504.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::FakeS3;
use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my %n;
my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => sub {
        my ($req) = @_;
        my $none = $req->{headers}{'if-none-match'};

        return { status => 304 } if defined $none;
        return { body => ++$n{$req->{path}}, headers => ['Cache-Control' =>
            $req->{args} =~ s/%20/ /gr, ETag => '"a"', Age => 100] };
    },
});
my $s3 = QC::FakeS3->start(port => port('s3'));

$t->write_file_expand('nginx.conf', <<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        s3 http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
    }

    proxy_http_version 1.1;
    add_header X-Status "$query_cache_status" always;

    server {
        listen 127.0.0.1:%%PORT_8080%%;
        query_cache z;

        location / {
            query_cache_client_control on;
            query_cache_revalidate off;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /valid/ {
            query_cache_client_control on;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /off/ {
            query_cache_client_control off;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /query_cache {
            query_cache off;
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

my $stored = 0;
my $i = 0;

sub stored { $t->wait_stats('/query_cache', 'store', 'stored', ++$stored) }

sub case {
    my ($dir, $answer, $request, $expected) = @_;
    my $uri = $dir . ++$i . '?' . ($answer =~ s/ /%20/gr);
    my $name = "$dir $answer; @$request";

    is($t->get($uri)->header('X-Status'), 'MISS', "$name: a miss");
    ok(stored(), "$name: stored");

    my $r = $t->get($uri, headers => $request);
    is(join(' ', $r->status, $r->header('X-Status'),
        $r->status == 200 ? $r->body : ()), $expected, "$name: $expected");

    if ($expected =~ /^200 (?:MISS|EXPIRED)/ && "@$request" !~ /no-store/) {
        ok(stored(), "$name: stored again");
    }
}

sub cc { ['Cache-Control' => $_[0]] }

# the answer is 100 s old and fresh for 500 s more, or has been for 40 s

my ($fresh, $old, $strict) = ('max-age=600', 'max-age=60, stale-if-error=600',
    'max-age=60, must-revalidate, stale-if-error=600');

for (
    [$fresh, [], '200 HIT 1'],
    [$fresh, cc('no-cache'), '200 MISS 2'],
    [$fresh, cc('No-Cache="x"'), '200 MISS 2'],
    [$fresh, cc('max-age=0'), '200 MISS 2'],
    [$fresh, cc('max-age=50'), '200 MISS 2'],
    [$fresh, cc('max-age=300'), '200 HIT 1'],
    [$fresh, cc('max-age="300"'), '200 HIT 1'],
    [$fresh, cc('max-age=x'), '200 MISS 2'],
    [$fresh, cc('max-age=300, max-age=50'), '200 MISS 2'],
    [$fresh, cc('min-fresh=300'), '200 HIT 1'],
    [$fresh, cc('min-fresh=600'), '200 MISS 2'],
    [$fresh, cc('no-store'), '200 HIT 1'],
    [$fresh, cc('no-store, no-cache'), '200 MISS 2'],
    [$fresh, cc('only-if-cached'), '200 HIT 1'],
    [$fresh, cc('only-if-cached, max-age=50'), '504 MISS'],
    [$fresh, cc('unknown, a=b'), '200 HIT 1'],
    [$fresh, [Pragma => 'no-cache'], '200 MISS 2'],
    [$fresh, [Pragma => 'no-cache', 'Cache-Control' => 'max-age=300'],
        '200 HIT 1'],
    [$fresh, ['Cache-Control' => 'max-age=300', 'Cache-Control' =>
        'no-cache'], '200 MISS 2'],
    [$old, [], '200 EXPIRED 2'],
    [$old, cc('max-stale'), '200 STALE 1'],
    [$old, cc('max-stale=300'), '200 STALE 1'],
    [$old, cc('max-stale=10'), '200 EXPIRED 2'],
    [$old, cc('max-stale=300, max-age=50'), '200 EXPIRED 2'],
    [$old, cc('only-if-cached'), '504 EXPIRED'],
    [$old, cc('only-if-cached, max-stale'), '200 STALE 1'],
) {
    my ($answer, $request, $expected) = @$_;

    case('/', $answer, $request, $expected);
}

case('/valid/', $strict, cc('max-stale'), '200 REVALIDATED 1');
case('/valid/', $fresh, cc('no-cache'), '200 REVALIDATED 1');
case('/valid/', $fresh, cc('max-age=0'), '200 REVALIDATED 1');
case('/off/', $fresh, cc($_), '200 HIT 1')
    for 'no-cache', 'max-age=0', 'no-store', 'only-if-cached, max-age=1';
case('/off/', $fresh, [Pragma => 'no-cache'], '200 HIT 1');

# nothing is there, and nothing may be kept

my $r = $t->get('/none', headers => cc('only-if-cached'));
is($r->status . ' ' . $r->header('X-Status'), '504 MISS', 'only if cached');
is($up->hits('/none'), 0, 'the upstream was not asked');
is($t->get('/off/none', headers => cc('only-if-cached'))->status, 200,
    'but where it is off');

is($t->get('/a?max-age=60', headers => cc('no-store'))->header('X-Status'),
    'MISS', 'not to be stored') for 1, 2;

is($t->stats('/query_cache', 'store', 'stored'), $stored, 'nothing else');

done_testing();
