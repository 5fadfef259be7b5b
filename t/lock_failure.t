#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# The upstream fails while others wait for its answer: they run it themselves,
# at once and in parallel, and none gets anything of the failure.  Should the
# store fail, that is for those of other workers only.

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

my @json = (headers => [fresh(), 'Content-Type' => 'application/json']);

my $s3 = QC::FakeS3->start(port => port('s3'));

my %failure = (
    500       => { status => 500, body => 'bad' },
    reset     => { reset => -1 },
    begun     => { body => '{"bad":1}' . ' ' x 60_000, reset => 30_000, @json },
    cut       => { body => '{"bad":1}' . ' ' x 60_000, cut => 50_000, @json },
    chunked   => { body => '{"bad":1}' . ' ' x 60_000, chunked => 1,
                   no_last_chunk => 1, close => 1, @json },
    unsound   => { body => '{"bad":', @json },
    errors    => { body => '{"errors":[1]}', @json },
);

my $up = QC::Upstream->start(port => port('up'), routes => {
    (map { my $name = $_; ("/$name" => sub {
        my ($req, $n) = @_;
        return $n == 1 ? { %{$failure{$name}}, gate => $name }
            : { body => '{"good":1}', gate => "$name-good", @json };
    }) } keys %failure),
    '/store' => { body => '{"good":1}', gate => 'store', @json },
});

$t->write_file_expand('nginx.conf', collapsing('', <<'CONF', <<'CONF2'));
s3 http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
        store_retries 1;
CONF
query_cache_integrity graphql json;
            proxy_http_version 1.1;
            proxy_next_upstream off;
            query_cache_hit_for_miss 0;
CONF2

$t->run;

for my $name (sort keys %failure) {
    my $unstored = $t->stats('/stats', 'lock', 'unstored');
    my $fill = one($t, "/$name");
    ok($up->wait_at($name), "$name: one runs the upstream");

    my @others = crowd($t, 10, "/$name");
    $up->release($name);
    ok($up->wait_at("$name-good", 10), "$name: all others do, too");
    is($t->stats('/stats', 'lock', 'unstored'), $unstored + 1,
        "$name: counted");

    $up->release("$name-good");

    my @r = answers(@others);
    is(said(@r), '10 MISS', "$name: answered");
    is(bodies(@r), '{"good":1}', "$name: with nothing of the failure");

    my ($r) = answers($fill);
    unlike($r->body, qr/good/, "$name: which is another one's");
}

# the store fails: who waits for it does not wait for its other attempts

$s3->fault('status', status => 500, match => qr/^PUT/, times => 0);

my $fill = one($t, '/store');
ok($up->wait_at('store'), 'store: one runs the upstream');
my @others = crowd($t, 5, '/store');
$up->release('store');

my @r = answers($fill, @others);
is(bodies(@r), '{"good":1}', 'store: answered');
is(scalar(grep { $_->header('X-Status') eq 'MISS' } @r), $up->hits('/store'),
    'store: by the upstream, or beside it');

done_testing();
