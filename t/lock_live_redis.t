#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# With an index in Redis, too, an answer is there for who waits beside its fill
# before it is published; unless something was made invalid between the lookups
# of the two: then it is looked up in Redis, and found valid, or not.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Collapse;
use QC::FakeS3;
use QC::Nginx;
use QC::Services qw/redis/;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $redis = redis();
my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'), routes => {
    (map { my $name = $_; ("GET /$name" => sub {
        my ($req, $n) = @_;
        return { body => "answer $n", gate => $n == 1 ? $name : "$name-more",
            headers => [fresh(), 'Cache-Groups' => "\"g-$name\""] };
    }) } qw/a uri group other/),
    'PUT /uri' => { body => 'done' },
    '/write' => sub {
        return { body => 'done', headers => ['Cache-Group-Invalidation' =>
            $_[0]{headers}{'x-group'}] };
    },
});

my $conf = one_worker('', <<"CONF", 'query_cache_lock_timeout 60s;');
redis ${\$redis->url};
        s3 http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
        s3_read_timeout 60s;
CONF

$conf =~ s{query_cache_methods GET HEAD POST;}{} or die;

$t->write_file_expand('nginx.conf', $conf);
$t->run;

my %change = (
    a     => sub { },
    uri   => sub { $t->request('PUT', '/uri', body => 'x') },
    group => sub { $t->request('POST', '/write', body => 'x',
        headers => ['X-Group' => '"g-group"']) },
    other => sub { $t->request('POST', '/write', body => 'x',
        headers => ['X-Group' => '"another"']) },
);

my $live = 0;

for my $name (qw/a uri group other/) {
    my $fill = one($t, "/$name");
    ok($up->wait_at($name), "$name: one runs the upstream");

    my @before = crowd($t, 3, "/$name");
    my $made = $t->stats('/stats', 'invalidation', 'made');
    $change{$name}->();
    ok($t->wait_stats('/stats', 'invalidation', 'made', $made + 1),
        "$name: something is made invalid") if $name ne 'a';
    my @after = crowd($t, 3, "/$name");

    $s3->hold("put-$name");
    $s3->fault('stall', gate => "put-$name", match => qr/^PUT/);
    $up->release($name);
    ok($s3->wait_at("put-$name"), "$name: the answer is being stored");

    # these came before that

    my @r = answers($fill, @before);
    is(said(@r) . ' ' . bodies(@r), '3 HIT, 1 MISS answer 1',
        "$name: answered");

    $live += $name eq 'a' ? 6 : 3;
    is($t->stats('/stats', 'lock', 'live'), $live,
        "$name: before it is stored");

    $s3->release("put-$name");

    if ($name =~ /^(?:a|other)$/) {
        is(said(answers(@after)), '3 HIT', "$name: and others");
        next;
    }

    ok($up->wait_at("$name-more"), "$name: another one runs the upstream");
    $up->release("$name-more");
    is(said(answers(@after)), '2 HIT, 1 MISS', "$name: answered");
    $live += 2;
}

done_testing();
