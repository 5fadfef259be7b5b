#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# auth_basic is asked before the cache, with and without an entry that all
# users share.  A lookup in a phase before access control would give its
# body to everybody.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use MIME::Base64 qw/encode_base64/;

use QC::Combine;

my $c = QC::Combine->new(has => ['auth_basic'], no_run => 1,
    routes => { '/*' => { size => 100_000 } }, server => <<'EOF');
        auth_basic closed;
        auth_basic_user_file %%TESTDIR%%/users;

        location / {
            query_cache_key authorization=;
            proxy_pass http://%%UP%%;
        }

        location /own/ {
            proxy_pass http://%%UP%%;
        }

        location /page/ {
            error_page 401 /login;
            proxy_pass http://%%UP%%;
        }

        location = /login {
            auth_basic off;
            proxy_pass http://%%UP%%;
        }
EOF

$c->t->write_file('users', "ann:{PLAIN}a\nbob:{PLAIN}b\n");
$c->t->run;

sub as {
    my ($user) = @_;

    return (headers => [Authorization => 'Basic '
        . encode_base64($user, '')]);
}

sub denied {
    my ($name, @options) = @_;

    my $r = $c->ask('GET', '/a', @options);
    is($r->status, 401, "$name: denied");
    like($r->header('WWW-Authenticate'), qr/closed/, "$name: told why");
    unlike($r->body, qr/"block"/, "$name: no body");
    is($r->header('X-Cache'), undef, "$name: not looked up");
}

$c->each_zone(sub {
    denied('nobody, no entry');
    denied('wrong, no entry', as('ann:x'));
    is($c->up->count, 0, 'the upstream was not asked');

    $c->miss('/a', as('ann:a'));
    $c->hit('/a', as('ann:a'));
    $c->hit('/a', as('bob:b'));

    my $reads = $c->reads;
    denied('nobody, an entry');
    denied('wrong, an entry', as('bob:a'));
    is($c->reads, $reads, 'the body was not read');
    is($c->up->count, 1, 'one request');

    # unless told so an entry is of one user
    $c->miss('/own/a', as('ann:a'));
    $c->miss('/own/a', as('bob:b'));
    $c->hit('/own/a', as('ann:a'));
    is($c->ask('GET', '/own/a')->status, 401, 'and of nobody else');

    # a page for those denied has an entry, and the field that asks them

    for my $how ('miss', 'hit', 'hit') {
        my $r = $c->$how('/page/a');
        is($r->status, 401, 'a page: denied');
        is(scalar(my @asked = $r->header_all('WWW-Authenticate')), 1,
            'a page: told why, once');
    }

    is($c->up->count('/login'), 1, 'a page: one request');
});

$c->done;
