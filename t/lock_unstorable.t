#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Requests whose answer turns out not to be storable do not queue: when its
# header says so all who wait run the upstream, in parallel, and for the time
# of "query_cache_hit_for_miss" nobody waits any more; not even where there is
# an expired entry, which is still looked up.  Once an answer is stored they
# collapse again.  What "query_cache_bypass" and "query_cache_no_store" say is
# heeded, and what is found in another location holds nobody up.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Collapse;
use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

# of each route: the first answer waits at the gate NAME, others at NAME-more

my %answer = (
    header => { body => 'rows', headers => ['Cache-Control' => 'no-store'] },
    none   => { body => 'rows' },
    big    => { size => 300_000, headers => [fresh()] },
    eof    => { body => 'rows', eof => 1, headers => [fresh()] },
    cookie => { body => 'rows', headers => [fresh(), 'Set-Cookie' => 'a=b'] },
    rule   => { body => 'rows', headers => [fresh()] },
    entry  => { body => 'rows', headers => ['Cache-Control' => 'no-store'] },
    accel  => { body => '', headers => ['X-Accel-Redirect' => '/internal'] },
);

my $up = QC::Upstream->start(port => port('up'), routes => {
    (map { my $name = $_; ("/$name" => sub {
        my ($req, $n) = @_;
        return { body => 'old', headers => ['Cache-Control' =>
            'max-age=0, stale-if-error=600', ETag => '"e"'] }
            if $name eq 'entry' && $n == 1;
        $n-- if $name eq 'entry';
        return { %{$answer{$name}},
            gate => $n == 1 ? $name : "$name-more" };
    }) } grep { $_ ne 'accel' } keys %answer),
    '/accel' => sub {
        return { %{$answer{accel}}, $_[1] == 1 ? (gate => 'accel') : () };
    },
    '/internal' => { body => 'moved', gate => 'accel-more' },
    '/again' => [{ %{$answer{header}} },
        { body => 'rows', headers => [fresh()] }],
    '/bypass' => { gate => 'bypass', body => 'rows', headers => [fresh()] },
});

my $conf = collapsing('query_cache_hit_for_miss 60s;', '',
    'query_cache_max_size 200k; query_cache_no_store $arg_rule;
     query_cache_bypass $arg_bypass; proxy_http_version 1.1;');

$conf =~ s{(?=        location = /stats)}{
        location /internal {
            internal;
            add_header X-Status -;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

} or die;

$t->write_file_expand('nginx.conf', $conf);
$t->run;

$t->get('/entry');
ok($t->wait_stats('/stats', 'store', 'stored', 1), 'an entry');

for my $name (sort keys %answer) {
    my $uri = $name eq 'rule' ? '/rule?rule=1' : "/$name";
    my $unstored = $t->stats('/stats', 'lock', 'unstored');

    my $fill = one($t, $uri);
    ok($up->wait_at($name), "$name: one runs the upstream");

    my @others = crowd($t, 5, $uri);
    $up->release($name);
    ok($up->wait_at("$name-more", $name eq 'accel' ? 6 : 5),
        "$name: all others do, too");
    is($t->stats('/stats', 'lock', 'unstored'), $unstored + 1,
        "$name: counted");

    # later ones do not wait

    my $waited = waited($t);
    my @later = map { one($t, $uri) } 1 .. 3;
    ok($up->wait_at("$name-more", $name eq 'accel' ? 9 : 8),
        "$name: later ones do");
    is(waited($t), $waited, "$name: without waiting");

    $up->release("$name-more");

    my @r = answers($fill, @others, @later);
    is(scalar(grep { $_->status == 200 && !$_->error } @r), 9,
        "$name: answered");

    next if $name eq 'accel';
    like($others[0] && $r[1]->header('Cache-Status'),
        qr/; fwd=(?:uri-miss|stale); fwd-status=200;(?: stored;)? collapsed=\?0/,
        "$name: says that it has waited in vain");
    is($r[8]->header('X-Reason'), $r[0]->header('X-Reason'),
        "$name: and why");
}

# an answer that is stored ends that

$t->get('/again');
like($t->get('/again')->header('Cache-Status'), qr/fwd=miss; .*stored/,
    'again: a mark');
ok(wait_until(sub { $t->get('/again')->header('X-Status') eq 'HIT' }),
    'again: it is gone once an answer is stored');

# bypassed requests do not wait, nor does anybody wait for them

my @clients = map { one($t, '/bypass?bypass=1') } 1 .. 2;
ok($up->wait_at('bypass', 2), 'bypass: each runs the upstream');
push @clients, one($t, '/bypass?bypass=1', method => 'HEAD');
ok($up->wait_at('bypass', 3), 'bypass: HEAD, too');
$up->release('bypass');
is(said(answers(@clients[0, 1])), '2 BYPASS', 'bypass: answered');

done_testing();
