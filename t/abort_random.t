#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Clients leave at random moments, from runs that go on, that may, and that
# are cancelled, of an upstream that pauses, fails and forbids at random, over
# buffers of all kinds, with bounds that are reached, and reloads: whoever
# stays has a whole answer to his request or the failure of his own run, and
# no request or connection is left.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Collapse;
use QC::Nginx;
use QC::Upstream;

use constant {
    ROUNDS  => 20,
    CLIENTS => 50,
    URIS    => 4,
    SIZE    => 200_000,
};

my $seed = $ENV{QC_SEED} // time;
diag("seed $seed");
srand $seed;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

sub body_of { my ($uri) = @_; return "$uri " x (SIZE / (1 + length $uri)) }

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/killed' => sub { return { body => 'ok', delay => rand 0.1,
        rand() < 0.2 ? (status => 500) : () } },
    '/*' => sub {
        my ($req, $n) = @_;
        my $what = rand;
        my @fresh = ('Cache-Control' => 'max-age=' . int rand 2, ETag => '"e"');
        my %o = (body => body_of($req->{path}), delay => rand 0.1,
            chunked => rand() < 0.5 ? 5000 : 0,
            at => [[int rand SIZE, delay => rand() < 0.1 ? 0.5 : rand 0.1]]);

        return { status => 500, body => 'own failure' } if $what < 0.05;
        return { reset => -1 } if $what < 0.1;
        return { status => 304, headers => \@fresh }
            if $req->{headers}{'if-none-match'} && $what < 0.5;
        return { %o, headers => ['Cache-Control' => 'no-store'] }
            if $what < 0.2;
        return { %o, headers => \@fresh, $what > 0.9 ? (cut => 20_000) : () };
    },
});

my @aborts = qw/finish auto cancel/;
my @places = (['memory', ''], ['tight', 'proxy_max_temp_file_size 0;'
    . ' proxy_buffers 4 4k;'], ['file', 'query_cache_capture_buffer 64k;'],
    ['unbuffered', 'proxy_buffering off;']);

my $conf = collapsing(<<'EOC', 'locks 64; store_timeout 5s;', '');
    query_cache_lock_age 300ms;
    query_cache_lock_timeout 200ms;
    query_cache_hit_for_miss 0;
    query_cache_revalidate on;
    query_cache_keep 1h;
    query_cache_cancel /kill;
    proxy_http_version 1.1;
    proxy_next_upstream off;
EOC

my $locations = join '', map { my $place = $_; map { <<"EOC" } @aborts } @places;
        location /$place->[0]/$_/ {
            query_cache z;
            query_cache_abort $_;
            $place->[1]
            add_header X-Status \$query_cache_status always;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

EOC

$conf =~ s{(?=        location = /stats)}{$locations
        location = /kill {
            internal;
            proxy_pass http://127.0.0.1:%%PORT_up%%/killed?\$query_cache_run_id;
        }

} or die;

$t->write_file_expand('nginx.conf', $conf);
$t->run;

my (%wrong, %seen);

for my $round (1 .. ROUNDS) {
    my @clients;

    for (1 .. CLIENTS) {
        my $uri = '/' . join '/', $places[rand @places][0],
            $aborts[rand @aborts], int($round / 3), int rand URIS;

        push @clients, [one($t, $uri), $uri];
    }

    $t->reload if $round % 7 == 0;

    for (splice @clients, 0, CLIENTS * 0.6) {
        my ($c) = @$_;

        $c->await(int rand SIZE, 0.05) if rand() < 0.5;
        rand() < 0.5 ? $c->reset : $c->close;
    }

    for (@clients) {
        my ($c, $uri) = @$_;

        my $r = $c->read_response;
        my $status = $r->header('X-Status') // '-';
        my $body = body_of($uri);

        $seen{$status}++;

        next if $r->status == 200 && !$r->error && $r->body eq $body;
        next if $status =~ /MISS|EXPIRED/ && ($r->status =~ /^50[02]/
            || $r->error eq 'closed' && substr($body, 0, length $r->body)
                eq $r->body);

        $wrong{"$uri $status " . $r->status . ' ' . $r->error}++;
    }
}

is_deeply(\%wrong, {}, 'no answer is wrong, or cut but by the upstream');
ok($seen{HIT} && $seen{MISS}, 'some are hits') or diag(explain(\%seen));

my $said = $t->stats('/stats');
ok($said->{abort}{$_}, "abort, $_: reached") for qw/finished cancelled/;
ok($said->{cancel}{$_}, "cancel, $_: reached") for qw/made failed/;

diag(explain([@$said{qw/abort cancel lock/}])) if $ENV{QC_VERBOSE};

# those that nobody waits for end by themselves, within their bounds

ok($t->quit(20), 'all requests have ended');

done_testing();
