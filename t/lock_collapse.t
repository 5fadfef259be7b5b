#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Of a hundred equal misses at the same time, in two workers, one runs the
# upstream; all get its answer, GET and POST, small and large, of an upstream
# and of a static file.  Others are not in their way.  What the answers say
# of it is RFC 9211's "collapsed".  Off, each runs the upstream.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Body;
use QC::Collapse;
use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $up = QC::Upstream->start(port => port('up'), routes => {
    'GET /small' => { gate => 'small', body => 'rows', headers => [fresh()] },
    '/large' => { at => [[700_000, gate => 'large']], size => 1_500_000,
        headers => [fresh()] },
    'POST /q' => sub {
        my ($req) = @_;
        return { $req->{body} =~ /^a/ ? (gate => 'post') : (),
            body => "of $req->{body}", headers => [fresh()] };
    },
    '/off/*' => { gate => 'off', body => 'rows', headers => [fresh()] },
    '/client*' => { gate => 'client', body => 'rows', headers => [fresh()] },
    '/range' => { gate => 'range', body => 'rows', headers => [fresh()] },
    '/places/*' => { gate => 'places', body => 'rows', headers => [fresh()] },
    '/*' => { body => 'other', headers => [fresh()] },
});

my $conf = collapsing('', 'locks 8;', 'query_cache_client_control on;');

$conf =~ s{(?=        location = /stats)}{
        location /off/ {
            query_cache z;
            query_cache_lock off;
            add_header X-Status \$query_cache_status;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /file {
            query_cache z;
            query_cache_valid 1h;
            add_header X-Status \$query_cache_status;
        }

} or die;

$t->write_file_expand('nginx.conf', $conf);
$t->write_file('file', 'a file');
$t->run;

# a hundred, at once; whoever comes first

my @clients = map { one($t, '/small') } 1 .. 100;

ok($t->wait_stats('/stats', 'lock', 'waited', 99), '99 wait');
ok($up->wait_at('small'), 'one runs the upstream');

is($t->get('/elsewhere')->body, 'other', 'others do not wait');

$up->release('small');

my @r = answers(@clients);

is(said(@r), '99 HIT, 1 MISS', 'all are answered');
is(bodies(@r), 'rows', 'by what it said');
is($up->hits('/small'), 1, 'the upstream was asked once');

my ($hit) = grep { $_->header('X-Status') eq 'HIT' } @r;
like($hit->header('Cache-Status'),
    qr/^query_cache; fwd=uri-miss; collapsed; ttl=\d+$/, 'a collapsed one');

my $said = $t->stats('/stats');
is($said->{request}{miss}, 2, 'misses are those that ran it');
is($said->{request}{hit}, 99, 'and hits the others');
is($said->{lock}{collapsed}, 99, 'collapsed ones are counted');
is($said->{lock}{timed_out} + $said->{lock}{expired}
    + $said->{lock}{unstored}, 0, 'nothing went wrong');

# an answer that is under way for a while

@clients = map { one($t, '/large') } 1 .. 20;

ok($t->wait_stats('/stats', 'lock', 'waited', 99 + 19), 'large: 19 wait');
ok($up->wait_at('large'), 'large: one runs the upstream');
$up->release('large');

@r = answers(@clients);
is(said(@r), '19 HIT, 1 MISS', 'large: all are answered');
is(join('|', sort keys %{{ map { $_->body_md5 => 1 } @r }}),
    QC::Body->new(size => 1_500_000)->md5, 'large: whole');

# POST: by the body

my $fill = one($t, '/q', method => 'POST', body => 'a' x 20_000);
ok($up->wait_at('post'), 'POST: one runs the upstream');

@clients = crowd($t, 20, '/q', method => 'POST', body => 'a' x 20_000);
is($t->post('/q', 'b')->body, 'of b', 'POST: another body is another one');
$up->release('post');

@r = answers($fill, @clients);
is(said(@r), '20 HIT, 1 MISS', 'POST: all are answered');
is(bodies(@r), 'of ' . 'a' x 20_000, 'POST: by what it said');

# a client that wants an answer from now on does not wait for an older one

$fill = one($t, '/client');
ok($up->wait_at('client'), 'client: one runs the upstream');

@clients = map { one($t, '/client', headers => ['Cache-Control' => $_]) }
    'no-cache', 'max-age=0';

ok($up->wait_at('client', 3), 'client: they run it, too');
my ($waits) = crowd($t, 1, '/client',
    headers => ['Cache-Control' => 'max-age=60']);
$up->release('client');
is(said(answers($waits)), '1 HIT', 'client: one that is content waits');
is(said(answers($fill, @clients)), '3 MISS', 'client: answered');

# a part is asked for as such, so that nobody waits for it, nor it for others

@clients = map { one($t, '/range', headers => [Range => 'bytes=0-1']) } 1 .. 2;
ok($up->wait_at('range', 2), 'range: each runs the upstream');
push @clients, one($t, '/range'), one($t, '/range',
    headers => ['If-Match' => '"x"']);
ok($up->wait_at('range', 4), 'range: and others');
$up->release('range');
is((grep { $_->status == 200 } answers(@clients)), 4, 'range: answered');

# a file: a phase handler

@clients = map { one($t, '/file') } 1 .. 20;
is(bodies(answers(@clients)), 'a file', 'a file');

# off

@clients = map { one($t, '/off/a') } 1 .. 5;
ok($up->wait_at('off', 5), 'off: each runs the upstream');
$up->release('off');
is(said(answers(@clients)), '5 MISS', 'off: answered');

# more fills than there are locks

@clients = map { one($t, "/places/$_") } 1 .. 12;
ok($up->wait_at('places', 12), 'no place: all run');
is($t->stats('/stats', 'lock', 'no_place'), 4, 'no place: counted');
$up->release('places');
is(said(answers(@clients)), '12 MISS', 'no place: answered');

done_testing();
