#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# X-Accel-Redirect: what comes from the internal location is looked up and
# stored there, the redirecting answer is not stored, and its fields are on
# a hit those of this request, each once.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Combine;

my $c = QC::Combine->new(routes => {
    '/app/*' => sub {
        my ($req) = @_;
        my ($name) = $req->{args} =~ /n=(\w+)/;

        return { body => 'not this', headers => [
            'X-Accel-Redirect' => $req->{args} =~ /to=([^&]+)/,
            'Content-Type' => $req->{args} =~ /t=([^&]+)/ ? $1 : undef,
            'Content-Disposition' => "attachment; filename=$name",
            'X-App' => $name] };
    },
    '/in/*'  => { size => 120_000, headers => [
        'Content-Type' => 'text/css', 'X-In' => 'yes'] },
}, server => <<'EOF');
        location /app/ {
            query_cache off;
            proxy_pass http://%%UP%%;
        }

        location /looked/ {
            proxy_pass http://%%UP%%/app/;
        }

        location /in/ {
            internal;
            proxy_pass http://%%UP%%;
        }

        location /file/ {
            internal;
            alias %%TESTDIR%%/;
            types { text/plain txt; }
        }
EOF

$c->t->write_file('f.txt', 'text' x 30_000);

sub fields {
    my ($r) = @_;

    return join ' ', map { join '+', $r->header_all($_) }
        qw/Content-Type Content-Disposition X-In/;
}

$c->each_zone(sub {
    for my $at ('app', 'looked') {
        for my $to ('in/a', 'file/f.txt') {
            my ($uri, $x) = ("/$at/a?to=/$to", $to =~ /^in/ ? 'yes' : '');
            my $type = $x ? 'text/css' : 'text/plain';
            my $r;

            $r = $at eq 'app' ? $c->miss("$uri&n=a") : $c->ask('GET',
                "$uri&n=a");
            is($r->status, 200, "$uri: redirected");
            is(fields($r), "$type attachment; filename=a $x", 'its fields');

            my $other = $c->ask('GET', "$uri&n=b");
            is($other->header('X-Cache'), 'HIT', 'another one: a hit');
            is($other->body_md5, $r->body_md5, 'the body');
            is(fields($other), "$type attachment; filename=b $x",
                'its own fields');
        }
    }

    for my $type ('text/x-a', 'text/x-b') {
        my $uri = "/app/a?to=/file/f.txt&n=a&t=$type";
        is(fields($c->miss($uri)), "$type attachment; filename=a ", 'a type');
        is(fields($c->hit($uri)), "$type attachment; filename=a ",
            'the same on a hit');
    }

    is($c->ask('GET', '/in/a')->status, 404, 'internal stays internal');

    is($c->up->count(qr{^GET /in/}), 1, 'one request behind');
    is($c->up->count(qr{^GET /app/}), 12, 'each in front');
    is($c->stats('store', 'stored'), 4, 'what was redirected is not stored');
});

$c->done;
