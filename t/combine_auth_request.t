#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# auth_request is asked for every request, before the cache, whether there
# is an entry or not, and what it says is there for the answer. Its
# subrequest is never looked up or stored itself.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Combine;

my $c = QC::Combine->new(has => ['http_auth_request'], routes => {
    '/auth' => sub {
        my ($req) = @_;
        my $user = $req->{headers}{'x-user'} // '';

        return { status => 401, body => 'who',
            headers => ['WWW-Authenticate' => 'Test'] } if $user eq '';
        return { status => 403, body => 'not you' } if $user ne 'ann';
        return { body => 'x' x 50, headers => ['X-Group' => 'staff'] };
    },
    '/a' => { size => 100_000 },
}, server => <<'EOF');
        location / {
            auth_request /auth;
            auth_request_set $group $upstream_http_x_group;
            add_header X-Cache $query_cache_status always;
            add_header X-Group $group;
            proxy_pass http://%%UP%%;
        }

        location = /auth {
            internal;
            proxy_pass http://%%UP%%;
            proxy_pass_request_body off;
            proxy_set_header Content-Length "";
        }
EOF

sub as { return (headers => ['X-User' => $_[0]]) }

sub denied {
    my ($name, $status, @options) = @_;

    my $r = $c->ask('GET', '/a', @options);
    is($r->status, $status, "$name: denied");
    unlike($r->body, qr/"block"/, "$name: no body");
    is($r->header('X-Cache'), undef, "$name: not looked up");
    is($r->header('WWW-Authenticate') // '', $status == 401 ? 'Test' : '',
        "$name: the field of the answer");
}

my $n = 0;

$c->each_zone(sub {
    denied('nobody, no entry', 401);
    denied('another, no entry', 403, as('bob'));
    is($c->up->count('/a'), 0, 'the upstream was not asked');

    my $miss = $c->miss('/a', as('ann'));
    my $hit = $c->hit('/a', as('ann'));
    is($_->header('X-Group'), 'staff', 'what auth_request has set')
        for $miss, $hit;

    my $reads = $c->reads;
    denied('nobody, an entry', 401);
    denied('another, an entry', 403, as('bob'));
    is($c->reads, $reads, 'the body was not read');

    is($c->up->count('/a'), 1, 'the upstream was asked once');
    is($c->up->count('/auth'), 6, 'auth_request was asked each time');
    is($c->stats('request', 'miss'), 1, 'only the answer is looked up');
    is($c->stats('store', 'stored'), 1, 'and stored');

    $n += 6;
});

# and its subrequests are in the log, too
$c->done($n);
