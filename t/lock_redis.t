#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Requests collapse with an index in Redis, too: who has waited finds what was
# published, or is beside the fill.  While Redis does not answer nobody waits
# longer than he would, and when an entry cannot be published all who wait in
# other workers run the upstream.  What is shared with redis-s3-cache is no
# exception, but for that it is found in the store only.

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
    '/stale' => [{ body => 'rows', headers => ['Cache-Control' => 'max-age=0',
            ETag => '"e"'] },
        { status => 304, gate => 'stale', headers => [fresh(),
            ETag => '"e"'] }],
    (map { my $name = $_; ("/$name" => sub {
        my ($req, $n) = @_;
        return { body => '["rows"]', headers => [fresh(),
            'Content-Type' => 'application/json'],
            gate => $n == 1 ? $name : "$name-more" };
    }) } qw/a stall down theirs/),
    '/other' => { body => 'other' },
});

my $backends = "redis ${\$redis->url};
        redis_timeout 500ms;
        redis_backoff 20ms 50ms;
        store_retries 0;
        s3 http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;";

my $conf = collapsing(<<"CONF", $backends,
    query_cache_zone theirs {
        $backends
        layout redis-s3-cache;
    }
CONF
    'query_cache_valid 1h; proxy_http_version 1.1;');

$conf =~ s{(?=        location = /stats)}{
        location /theirs {
            query_cache theirs;
            query_cache_namespace ns;
            query_cache_valid 1h;
            add_header X-Status \$query_cache_status;
            add_header X-Reason \$query_cache_reason;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /stats/theirs {
            query_cache_admin theirs;
        }

} or die;

$t->write_file_expand('nginx.conf', $conf);
$t->run;

$t->get('/stale');
ok($t->wait_stats('/stats', 'store', 'stored', 1), 'an entry');

for my $name (qw/a stale/) {
    my $fill = one($t, "/$name");
    ok($up->wait_at($name), "$name: one runs the upstream");
    my @others = crowd($t, 20, "/$name");
    $up->release($_) for $name, "$name-more";

    my @r = answers($fill, @others);
    is(said(@r), $name eq 'a' ? '20 HIT, 1 MISS' : '20 HIT, 1 REVALIDATED',
        "$name: all are answered");
    is($up->hits("/$name"), $name eq 'a' ? 1 : 2,
        "$name: the upstream was asked once");
}

# Redis stalls: nothing can be published

my $fill = one($t, '/stall');
ok($up->wait_at('stall'), 'stall: one runs the upstream');
my @others = crowd($t, 10, '/stall');
$redis->pause;
$up->release('stall');
$up->release('stall-more');

my @r = answers($fill, @others);
is(bodies(@r), '["rows"]', 'stall: answered');
is(scalar(grep { $_->header('X-Status') eq 'MISS' } @r), $up->hits('/stall'),
    'stall: by the upstream, or beside it');

# nobody waits for what would not be stored

my @clients = map { one($t, '/down') } 1 .. 5;
ok(wait_until(sub { $up->hits('/down') == 5 }), 'down: each runs the upstream');
$up->release($_) for 'down', 'down-more';
is(said(answers(@clients)), '5 MISS', 'down: answered');

$redis->resume;
ok(wait_until(sub { $t->get('/a')->header('X-Status') eq 'HIT' }),
    'down: as before');

# entries of another layout

$fill = one($t, '/theirs?query=x');
ok($up->wait_at('theirs'), 'theirs: one runs the upstream');
$up->release('theirs-more');
@clients = map { one($t, '/theirs?query=x') } 1 .. 10;
ok($t->wait_stats('/stats/theirs', 'lock', 'waited', 10), 'theirs: others wait');
$up->release('theirs');

@r = answers($fill, @clients);
is(said(@r), '10 HIT, 1 MISS', 'theirs: answered')
    or diag($r[0]->header('X-Reason'));
is($t->stats('/stats/theirs', 'lock', 'live'), 0, 'theirs: from the store');

done_testing();
