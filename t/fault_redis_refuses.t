#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Redis refuses what is done with a lock, in whatever words: taking it, renewing
# it, giving it back.  Requests are answered as they would be without, and when
# it does not refuse any more locks are taken again.


use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Collapse;
use QC::Edges;
use QC::FakeS3;
use QC::Nginx;
use QC::Services qw/redis/;
use QC::Upstream;

my @errors = qw/readonly oom loading masterdown busy noauth wrongtype/;

# what a script answers that has done its work: SET for a lock, else 1

package QC::FakeRedis::Locks {
    use parent -norequire, 'QC::FakeRedis';

    sub do_SUBSCRIBE {
        return QC::FakeRedis::array(QC::FakeRedis::bulk('subscribe'),
            QC::FakeRedis::bulk($_[1]), QC::FakeRedis::integer(1));
    }

    sub do_HMGET {
        my ($self, $key, @fields) = @_;
        return QC::FakeRedis::array(map { QC::FakeRedis::bulk(undef) } @fields);
    }
}

require QC::FakeRedis;

my $redis = QC::FakeRedis::Locks->start(port => port('redis'), eval => sub {
    my ($fake, $keys, $args, $script) = @_;
    return $script =~ /'SET'.*ARGV\[1\],'PX'/ ? QC::FakeRedis::simple('OK')
        : QC::FakeRedis::integer(1);
});
my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => sub {
        my ($req, $n) = @_;
        my ($name) = $req->{path} =~ /(\w+)$/;
        return { body => 'rows', headers => [fresh()], gate => $name };
    },
});

{
    package Fake;

    sub url { return "redis://127.0.0.1:$_[0]{port}" }
}

my ($here) = edges(bless({ port => port('redis') }, 'Fake'), '', '2s');

sub begin {
    my ($name, $n) = @_;

    my @all = map { at($here, "/$name") } 1 .. 4;
    ok($up->wait_at($name, $n // 1), "$name: the upstream is run");

    return @all;
}

sub end {
    my ($name, @all) = @_;

    $up->release($name);
    my @r = answers(@all);
    is(scalar(grep { $_->status == 200 && $_->body eq 'rows' } @r), 4,
        "$name: all are answered") or diag(said(@r));
}

my $n = 0;

for my $error (@errors) {

    # the lock

    $redis->fault($error, match => qr/^EVAL local v,t/, times => 0);
    end("take_$error", begin("take_$error"));
    $redis->clear_faults;

    ok(wait_until(sub {
        my $held = counted($here, 'remote_held');
        my $name = "again_$error" . ++$n;
        $up->release($name);
        at($here, "/$name")->read_response;
        return counted($here, 'remote_held') > $held;
    }), "$error: taken again");

    # what comes after that, a renewal included

    my $hit = $redis->faults_hit;
    my @all = begin("keep_$error");
    $redis->fault($error, match => qr/^EVAL (?!local v,t)/, times => 0);
    ok(wait_until(sub { $redis->faults_hit > $hit }), "$error: refused")
        if $error =~ /readonly|oom/;
    end("keep_$error", @all);
    $redis->clear_faults;
}

ok($here->quit, 'all requests have ended');

done_testing();
