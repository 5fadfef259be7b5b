#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Before it is stored an answer is given to those only whom a lookup would
# give it: not where it varies by what is not known yet, where it may not be
# used without validation, where the client wants another, where something it
# is in was made invalid, and not in other workers.  They wait for the store,
# as ever.  Conditions and ranges are those of any hit.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Collapse;
use QC::FakeS3;
use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $n = 0;
my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'), routes => {
    '/vary' => sub {
        my $lang = $_[0]{headers}{'accept-language'};
        return { body => "in $lang", gate => $lang,
            headers => [fresh(), Vary => 'Accept-Language'] };
    },
    '/search' => { body => 'rows', gate => 'search', headers => [fresh(),
        'No-Vary-Search' => 'params=("utm")'] },
    '/zero' => sub {
        return { body => 'rows', gate => $_[1] == 1 ? 'zero' : 'zero-more',
            headers => ['Cache-Control' => 'max-age=0, stale-if-error=60'] };
    },
    '/client' => sub {
        return { body => 'rows', gate => $_[1] == 1 ? 'client'
            : 'client-more', headers => [fresh()] };
    },
    (map { my $name = $_; ("GET /$name" => sub {
        my ($req, $n) = @_;
        return { body => "answer $n", gate => $n == 1 ? $name : "$name-more",
            headers => [fresh(), 'Cache-Groups' => "\"g-$name\""] };
    }) } qw/uri group late other/),
    'PUT /uri' => { body => 'done' },
    '/write' => sub {
        return { body => 'done', headers => ['Cache-Group-Invalidation' =>
            $_[0]{headers}{'x-group'}] };
    },
    '/etag' => { size => 100_000, gate => 'etag', headers => [fresh(),
        ETag => '"e"', 'Last-Modified' => 'Sun, 06 Nov 1994 08:49:37 GMT'] },
    '/range' => [{ body => 'old', headers => ['Cache-Control' =>
            'max-age=0, stale-if-error=600', ETag => '"old"'] },
        { size => 100_000, gate => 'range', headers => [fresh(),
            ETag => '"new"'] }],
    '/compressed' => { size => 100_000, gate => 'compressed',
        headers => [fresh(), ETag => '"e"'] },
});

my $conf = one_worker('', <<'CONF', <<'CONF2');
s3 http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
        s3_read_timeout 60s;
CONF
query_cache_lock_timeout 60s;
            query_cache_client_control on;
            query_cache_no_vary_search on;
            query_cache_hit_for_miss 0;
            query_cache_methods GET HEAD;
            proxy_http_version 1.1;
CONF2

$conf =~ s{query_cache_methods GET HEAD POST;}{} or die;
$conf =~ s{(?=        location = /stats)}{
        location = /compressed {
            query_cache z;
            query_cache_serve_compressed on;
            query_cache_compress gzip;
            add_header X-Status \$query_cache_status;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

} or die;

$t->write_file_expand('nginx.conf', $conf);
$t->run;

my ($live, $stored) = (0, 0);

# Holds up the store, and lets the answer go

sub stall {
    my ($name, $gate) = @_;

    $s3->hold("put-$name");
    $s3->fault('stall', gate => "put-$name", match => qr/^PUT/);
    $up->release($gate // $name);
    ok($s3->wait_at("put-$name"), "$name: it is being stored");
}

sub stored {
    my ($name) = @_;

    $s3->release("put-$name");
    ok($t->wait_stats('/stats', 'store', 'stored', ++$stored),
        "$name: it is stored");
}

sub live {
    my ($n, $name) = @_;

    $live += $n;
    is($t->stats('/stats', 'lock', 'live'), $live,
        "$name: $n answered before that");
}

sub speaks { return (headers => ['Accept-Language' => $_[0]]) }

# a variant: of the first one nobody knows that it is one

my $fill = one($t, '/vary', speaks('en'));
ok($up->wait_at('en'), 'vary: one runs the upstream');
my @en = crowd($t, 3, '/vary', speaks('en'));
my @de = crowd($t, 3, '/vary', speaks('de'));
stall('vary', 'en');
is(said(answers($fill)), '1 MISS', 'vary: answered');
live(0, 'vary');
stored('vary');

my @r = answers(@en);
is(said(@r) . bodies(@r), '3 HITin en', 'vary: who wants the same has it');
ok($up->wait_at('de'), 'vary: others run the upstream');
stall('vary-de', 'de');

# the key is known by now

@r = answers(@de);
is(said(@r) . bodies(@r), '2 HIT, 1 MISSin de', 'vary: answered');
live(2, 'vary');

$fill = one($t, '/vary', speaks('fr'));
ok($up->wait_at('fr'), 'vary: another');
my @fr = crowd($t, 3, '/vary', speaks('fr'));
$s3->fault('stall', gate => 'put-vary-de', match => qr/^PUT/);
$up->release('fr');
@r = answers($fill, @fr);
is(said(@r) . bodies(@r), '3 HIT, 1 MISSin fr', 'vary: answered');
live(3, 'vary');
@r = answers(map { one($t, '/vary', speaks($_)) } qw/de fr/);
is(said(@r) . bodies(@r), '2 HITin de|in fr', 'vary: later ones, too');
live(2, 'vary');
$stored++;
stored('vary-de');

# a key that the answer has chosen

$fill = one($t, '/search?a=1&utm=x');
ok($up->wait_at('search'), 'search: one runs the upstream');
my @others = crowd($t, 3, '/search?a=1&utm=x');
stall('search');
answers($fill);
live(0, 'search');
stored('search');
is(said(answers(@others)), '3 HIT', 'search: answered');

# without a lifetime

$fill = one($t, '/zero');
ok($up->wait_at('zero'), 'zero: one runs the upstream');
@others = crowd($t, 3, '/zero');
stall('zero');
answers($fill);
live(0, 'zero');
stored('zero');
ok($up->wait_at('zero-more', 3), 'zero: others run it, too');
$up->release('zero-more');
is(said(answers(@others)), '3 EXPIRED', 'zero: answered');
$stored = $t->stats('/stats', 'store', 'stored');
ok(wait_until(sub { $t->stats('/stats', 'store', 'stored')
    + $t->stats('/stats', 'store', 'superseded') >= $stored }), 'zero: settled');

# not what the client wants

$fill = one($t, '/client');
ok($up->wait_at('client'), 'client: one runs the upstream');
@others = crowd($t, 2, '/client', headers =>
    ['Cache-Control' => 'min-fresh=1000']);
my @content = crowd($t, 2, '/client', headers =>
    ['Cache-Control' => 'min-fresh=100']);
ok(wait_until(sub { my $s = $t->stats('/stats', 'store', 'stored');
    my $same = $s == $stored; $stored = $s; return $same }), 'client: settled');
stall('client');
is(said(answers($fill, @content)), '2 HIT, 1 MISS',
    'client: who is content with it');
live(2, 'client');
stored('client');
ok($up->wait_at('client-more', 2), 'client: who is not');
$up->release('client-more');
is(said(answers(@others)), '2 MISS', 'client: answered');
ok($t->wait_stats('/stats', 'store', 'stored', $stored + 1), 'client: settled');
ok(wait_until(sub { my $s = $t->stats('/stats', 'store', 'stored');
    my $same = $s == $stored; $stored = $s; return $same }), 'client: settled');

# made invalid meanwhile: by its URI, by its group, or something else was

my %change = (
    uri   => sub { $t->request('PUT', '/uri', body => 'x') },
    group => sub { $t->request('POST', '/write', body => 'x',
        headers => ['X-Group' => '"g-group"']) },
    other => sub { $t->request('POST', '/write', body => 'x',
        headers => ['X-Group' => '"another"']) },
    late  => sub { $t->request('POST', '/write', body => 'x',
        headers => ['X-Group' => '"g-late"']) },
);

for my $name (qw/uri group other/) {
    $fill = one($t, "/$name");
    ok($up->wait_at($name), "$name: one runs the upstream");
    @others = crowd($t, 3, "/$name");
    is($change{$name}->()->body, 'done', "$name: something is made invalid");
    stall($name);
    is(bodies(answers($fill)), 'answer 1', "$name: the fill");
    live($name eq 'other' ? 3 : 0, $name);

    if ($name eq 'other') {
        is(said(answers(@others)), '3 HIT', "$name: answered");
        stored($name);
        next;
    }

    stored($name);
    ok($up->wait_at("$name-more"), "$name: another one runs the upstream");
    $up->release("$name-more");
    @r = answers(@others);
    is((grep { $_->body =~ /^answer [234]$/ } @r), 3, "$name: answered");
    ok($t->wait_stats('/stats', 'store', 'stored', ++$stored),
        "$name: settled");
    $live = $t->stats('/stats', 'lock', 'live');
    ok(wait_until(sub { my $s = $t->stats('/stats', 'store', 'stored');
        my $same = $s == $stored; $stored = $s; return $same }),
        "$name: settled");
}

# and after it was complete

$fill = one($t, '/late');
ok($up->wait_at('late'), 'late: one runs the upstream');
stall('late');
is(bodies(answers($fill)), 'answer 1', 'late: the fill');
@r = answers(one($t, '/late'));
is(said(@r) . ' ' . bodies(@r), '1 HIT answer 1', 'late: another');
live(1, 'late');
is($change{late}->()->body, 'done', 'late: it is made invalid');
@others = crowd($t, 1, '/late');
live(0, 'late');
stored('late');
ok($up->wait_at('late-more'), 'late: who comes then runs the upstream');
$up->release('late-more');
is(bodies(answers(@others)), 'answer 2', 'late: answered');
ok($t->wait_stats('/stats', 'store', 'stored', ++$stored), 'late: settled');

# conditions

my @since = ('If-Modified-Since' => 'Sun, 06 Nov 1994 08:49:37 GMT');

$fill = one($t, '/etag');
ok($up->wait_at('etag'), 'etag: one runs the upstream');
my @same = (crowd($t, 2, '/etag', headers => ['If-None-Match' => '"e"']),
    crowd($t, 1, '/etag', headers => \@since));
my @not = crowd($t, 2, '/etag', headers => ['If-None-Match' => '"x"',
    @since]);
stall('etag');
answers($fill);
is(said(answers(@same)), '3 HIT 304', 'etag: who has it');
@r = answers(@not);
is(said(@r), '2 HIT', 'etag: who has another');
is($r[0]->body_length, 100_000, 'etag: whole');
live(5, 'etag');
stored('etag');

# ranges: who wants one waits where the fill validates

$t->get('/range');
ok($t->wait_stats('/stats', 'store', 'stored', ++$stored), 'range: an entry');

$fill = one($t, '/range');
ok($up->wait_at('range'), 'range: one runs the upstream');
@others = map { crowd($t, 1, '/range', headers => [Range => "bytes=$_"]) }
    '0-9', '32760-65600', '-10', '99999999-', '0-0,50000-50009',
    '65536-65536';
stall('range');
my ($whole) = answers($fill);
@r = answers(@others);
is(join(' ', map { $_->status } @r), '206 206 206 416 200 206',
    'range: answered');
is($r[0]->body, substr($whole->body, 0, 10), 'range: the first bytes');
is($r[1]->body, substr($whole->body, 32760, 65600 - 32760 + 1),
    'range: of all buffers');
is($r[2]->body, substr($whole->body, -10), 'range: the last');
is($r[4]->body, $whole->body, 'range: several are all of it');
is($r[5]->body, substr($whole->body, 65536, 1), 'range: one');
live(6, 'range');
stored('range');

# it is told of the form in the store, and comes plain

$fill = one($t, '/compressed');
ok($up->wait_at('compressed'), 'compressed: one runs the upstream');
@others = crowd($t, 2, '/compressed',
    headers => ['Accept-Encoding' => 'gzip']);
stall('compressed');
@r = answers($fill, @others);
is(said(@r), '2 HIT, 1 MISS', 'compressed: answered');
is($r[1]->header('Content-Encoding') // '', '', 'compressed: plain');
is($r[1]->header('Vary'), 'Accept-Encoding', 'compressed: as may not be so');
is($r[1]->header('ETag'), '"e"', 'compressed: with its tag');
live(2, 'compressed');
stored('compressed');
is($t->get('/compressed', headers => ['Accept-Encoding' => 'gzip'])
    ->header('Content-Encoding'), 'gzip', 'compressed: later it is');

done_testing();
