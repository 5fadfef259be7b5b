#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# A Redis that stops answering (SIGSTOP) costs the requests under way at
# most one deadline, and later ones nothing until it answers again, which is
# seen without a request.  Fails if each request waits for itself, if the
# deadline begins when a command is sent, or if a late reply is taken for
# that of a later command.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use constant COMMANDS => 2;     # of a lookup: the entry and the log

use QC::FakeS3;
use QC::Nginx;
use QC::Services qw/redis/;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $redis = redis();
my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'),
    routes => { '/*' => sub { return { body => "rows of $_[0]{path}" } } });

$t->write_file_expand('nginx.conf', <<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        redis ${\$redis->url};
        redis_timeout 500ms;
        redis_backoff 20ms 50ms;
        s3    http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
        store_retries 0;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache       z;
            query_cache_valid 10m;
            add_header        X-Status \$query_cache_status;
            add_header        X-Reason \$query_cache_reason;
            proxy_pass        http://127.0.0.1:%%PORT_up%%;
        }

        location = /stats {
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

sub get {
    my ($client, $path) = @_;

    my $r = $client->get($path);

    return join ' ', $r->header('X-Status'), $r->header('X-Reason') // '-',
        $r->body;
}

my $c = $t->client;

for my $n (1 .. 5) {
    get($c, "/$n");
    ok($t->wait_stats('/stats', 'store', 'stored', $n), "/$n: stored");
}

# two rounds: the second begins with a connection made during the first

for my $round (1, 2) {
    my $before = $t->stats('/stats', 'redis');
    $redis->pause;

    my @clients = map { $t->client } 1 .. 5;
    $clients[$_ - 1]->send_request('GET', "/$_") for 1 .. 5;

    for my $n (1 .. 5) {
        my $r = $clients[$n - 1]->read_response;
        is(join(' ', $r->status, $r->header('X-Status'),
            $r->header('X-Reason'), $r->body),
            "200 MISS index_timeout rows of /$n", "$round: under way, $n");
    }

    for my $n (1 .. 50) {
        my $got = get($c, '/' . (1 + $n % 5));
        next if $got =~ /^MISS index_down rows of/;
        fail("$round: then nothing waits: $got");
        last;
    }

    my $after = $t->stats('/stats', 'redis');
    is($after->{timeouts} - $before->{timeouts}, 5 * COMMANDS,
        "$round: one deadline");
    cmp_ok($after->{refused} - $before->{refused}, '>=', 50,
        "$round: later ones were not sent");
    is($after->{down} - $before->{down}, 1, "$round: set aside once");

    $redis->resume;
    ok($t->wait_stats('/stats', 'redis', 'connects',
        $before->{connects} + 1), "$round: comes back by itself");

    for my $n (1 .. 5) {
        is(get($c, "/$n"), "HIT - rows of /$n", "$round: a hit again, $n");
    }
}

is(scalar $t->error_log(qr/is set aside: no answer in query cache zone/), 1,
    'logged once');
is($t->stats('/stats', 'redis', 'protocol_errors'), 0,
    'no reply of before was taken for one of now');

done_testing();
