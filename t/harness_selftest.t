#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# The harness: its detectors detect, its waits end, its stand-ins behave.
# Runs on a plain nginx.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

BEGIN { $ENV{TEST_NGINX_MODULE} = '' }

use Digest::MD5 qw/md5_hex/;
use Time::HiRes qw/time/;

use QC::Body;
use QC::FakeRedis;
use QC::FakeS3;
use QC::Nginx;
use QC::Redis;
use QC::S3;
use QC::TLS;
use QC::Upstream;
use QC::Util qw/alive find_program run_command/;

my $t = QC::Nginx->new->has(qw/http proxy ssl/);

my $up = QC::Upstream->start(port => port('up'), keep_body => 100,
    routes => {
        '/a'     => { body => 'hello' },
        '/gate'  => { gate => 'g', body => 'late' },
        '/big'   => { size => 5_000_000, chunked => 1 },
        '/cut'   => { size => 1000, cut => 500 },
        '/reset' => { size => 1000, reset => 10 },
        '/open'  => { size => 1000, chunked => 100, no_last_chunk => 1 },
        '/eof'   => { size => 70000, eof => 1 },
        '/hang'  => { body => 'abcdef', hang => 3 },
        '/raw'   => { raw => "nothing of HTTP\r\n\r\n" },
        '/early' => { interim => ["HTTP/1.1 103 Early Hints\r\n\r\n"] },
        '/tail'  => { body => 'x', chunked => 1, trailers => [A => 'b'] },
        '/list'  => [{ status => 500 }, { body => 'better' }],
        '/p/*'   => sub { return { body => "$_[0]{md5} $_[1]" } },
    });

$t->write_file_expand('nginx.conf', <<'EOF');

%%TEST_GLOBALS%%

worker_processes 2;

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /stats {
            return 200 '{"zone":"a","request":{"hit":3,"miss":0}}';
        }
    }
}

EOF

$t->run;

subtest 'nginx' => sub {
    like(http_get('/a'), qr/ 200 OK.*hello$/s, 'http_get');
    unlike(http_head('/a'), qr/hello/, 'http_head');
    like(http_post('/p/x', 'body'), qr/@{[md5_hex('body')]} 1$/, 'http_post');

    my $c = $t->client;
    is($c->get('/a')->body, 'hello', 'a client');
    is($c->get('/a')->body, 'hello', 'its connection again');

    is($t->stats('/stats', 'request', 'hit'), 3, 'a counter');
    is(eval { $t->stats('/stats', 'request', 'none') }, undef,
        'an unknown counter');
    ok($t->wait_stats('/stats', 'request', 'hit', 3), 'a counter reached');
    is($t->wait_stats('/stats', 'request', 'hit', 4, 0.05), '',
        'a counter not reached');

    my ($ok, $said) = $t->test_config("%%TEST_GLOBALS%%\nnonsense;\n");
    ok(!$ok, 'a wrong configuration');
    like($said, qr/unknown directive "nonsense"/, 'what it says');

    cmp_ok($t->rss, '>', 1e6, 'memory of a worker');
    is(curl($up->url . '/a')->{body}, 'hello', 'curl');
    is(scalar $t->access_log(qr{GET /a }), 3, 'the access log');
};

subtest 'reload' => sub {
    my %old = map { $_ => 1 } $t->worker_pids;
    is(scalar keys %old, 2, 'two workers');

    my $c = $t->client;
    $c->send_request('GET', '/gate');
    ok($up->wait_at('g'), 'an answer waits at the gate');

    ok($t->reload, 'reload');
    is(scalar(grep { $old{$_} } $t->worker_pids), 0, 'only new workers');
    ok(!$t->reload(wait => 1, limit => 0.3), 'an old one stays: busy');

    $up->release('g');
    is($c->read_response->body, 'late', 'its answer');
    ok($t->reload(wait => 1), 'reload, old ones gone');

    ok($t->quit, 'quit');
    $t->run;
    is($t->get('/a')->body, 'hello', 'run again');
};

subtest 'upstream' => sub {
    my $c = QC::Client->new(port => $up->port);
    my $body = 'x' x 300_000;

    my $r = $c->get('/big', discard => 1);
    is($r->error, '', 'a generated body');
    is($r->body_md5, QC::Body->new(size => 5_000_000)->md5, 'its md5');

    for my $o ({}, { chunked => 5000 }, { expect => 1 },
               { expect => 1, chunked => 1 })
    {
        my $how = join ' ', 'POST', sort keys %$o;
        like($c->post('/p/y', $body, %$o)->body, qr/^@{[md5_hex($body)]} /,
            $how);
    }

    is($up->last('/p/y')->{length}, 300_000, 'length noted');
    is(length $up->last('/p/y')->{body}, 100, 'body noted in part');

    $r = $c->get('/cut');
    is($r->error . ' ' . $r->body_length, 'closed 500', 'cut');
    $r = $c->get('/reset');
    is($r->error . ' ' . $r->body_length, 'reset 10', 'reset');
    $r = $c->get('/open');
    is($r->error . ' ' . $r->body_length, 'closed 1000', 'no last chunk');
    $r = $c->get('/eof');
    is($r->error . ' ' . $r->body_length, ' 70000', 'ended by the connection');
    is($c->get('/raw')->error, 'malformed', 'garbage');
    is($c->get('/early')->interim->[0]{status}, 103, 'early hints');
    is($c->get('/tail')->trailers->[0][1], 'b', 'trailers');
    is($c->get('/list')->status, 500, 'a list: first');
    is($c->get('/list')->body, 'better', 'a list: second');
    is($c->get('/list')->body, 'better', 'a list: the last stays');
    is($c->get('/none')->status, 404, 'no route');

    $r = $c->get('/hang', timeout => 0.2);
    is($r->error . ' ' . $r->body, 'timeout abc', 'hang');
    ok(wait_until(sub { $up->last('/hang')->{outcome} eq 'closed' }),
        'a client gone is noted');

    $up->set('/a' => { body => 'new' });
    is($c->get('/a')->body, 'new', 'a route set at run time');
    is($up->count(qr/^POST/), 5, 'requests counted');

    my @clients = map { QC::Client->new(port => $up->port) } 1, 2;
    $up->hold('g');
    for my $n (0, 1) {
        $clients[$n]->send_request('GET', '/gate');
        ok($up->wait_at('g', $n + 1), 'at the gate');
    }
    $up->release_one('g');
    is($clients[0]->read_response->body, 'late', 'the first passes');
    ok(!$clients[1]->readable, 'the second waits');
    $up->release('g');
    is($clients[1]->read_response->body, 'late', 'released');

    $up->refuse;
    ok(!eval { QC::Client->new(port => $up->port)->connect }, 'refused');
    $up->accept;
    ok(eval { QC::Client->new(port => $up->port)->connect }, 'accepted');
};

subtest 'S3 stand-in' => sub {
    my $s3 = QC::FakeS3->start;
    my $c = QC::Client->new(port => $s3->port);
    my $length = sub { my $r = $c->get('/b/k'); $r->error . $r->body_length };

    is($c->request('PUT', '/b/k', body => 'content', headers => [
        'x-amz-meta-a' => 'b', 'Content-Type' => 'text/plain'])->status,
        200, 'PUT');
    is($s3->object('/b/k')->{body}, 'content', 'kept');
    is($c->get('/b/k')->header('x-amz-meta-a'), 'b', 'GET');
    is($c->head('/b/k')->header('Content-Length'), 7, 'HEAD');
    like($c->get('/b/none')->body, qr/NoSuchKey/, 'no such key');
    is($c->get('/b/k', headers => [Range => 'bytes=2-3'])->body, 'nt',
        'a range');

    $s3->fault('status', status => 503, match => qr/^GET/, times => 2);
    like($c->get('/b/k')->body, qr/SlowDown/, 'slow down');
    is($c->head('/b/k')->status, 200, 'not for HEAD');
    is($c->get('/b/k')->status, 503, 'twice');
    is($c->get('/b/k')->status, 200, 'no more');
    is($s3->faults_hit, 2, 'faults counted');

    my %says = (reset => 'reset0', close => 'closed0', cut => 'closed3',
        garbage => 'malformed0', reset_body => 'reset3');

    for my $kind (sort keys %says) {
        $s3->fault($kind);
        is($length->(), $says{$kind}, $kind);
    }

    $s3->fault('length', by => 2);
    is($length->(), 'closed7', 'longer');
    $s3->fault('length', by => -2);
    is($length->(), '5', 'shorter');
    $s3->fault('flip', at => 0);
    is($c->get('/b/k')->body, "\x9content" =~ s/^.../\x{9c}on/sr, 'flip');
    $s3->fault('meta', headers => { 'x-amz-meta-a' => 'other' });
    is($c->get('/b/k')->header('x-amz-meta-a'), 'other', 'metadata');
    $s3->fault('drip', bytes => 3, seconds => 0.02);
    cmp_ok($c->get('/b/k')->elapsed, '>=', 0.04, 'drip');

    $s3->fault('hang', times => 0);
    is($c->get('/b/k', timeout => 0.1)->error, 'timeout', 'hang');
    is($c->get('/b/k', timeout => 0.1)->error, 'timeout', 'and stays');
    $s3->clear_faults;
    is($c->get('/b/k')->status, 200, 'until cleared');

    for my $kind (qw/stall unread/) {
        $s3->fault($kind, gate => $kind, match => qr/^PUT/);
        $c->send_request('PUT', "/b/$kind", body => 'z' x 100);
        ok($s3->wait_at($kind), "$kind: at the gate");
        ok(!$c->readable, 'no answer');
        $s3->release($kind);
        is($c->read_response->status, 200, 'released');
        is(length $s3->object("/b/$kind")->{body}, 100, 'and kept');
    }

    $s3->fault('status', status => 500);
    is($c->request('PUT', '/b/bad', body => 'x')->status, 500, 'PUT, 500');
    is($s3->object('/b/bad'), undef, 'not kept');
    $s3->fault('lost');
    is($c->request('PUT', '/b/lost', body => 'x')->error, 'reset', 'lost');
    ok($s3->object('/b/lost'), 'but kept');

    my $ca = QC::TLS->ca($t->testdir);
    my ($cert, $key) = $ca->cert('s3.test');
    $ca->front(port => port('s3s'), to => $s3->port, cert => $cert,
        key => $key);
    is(curl('--cacert', $ca->file, 'https://127.0.0.1:' . port('s3s')
        . '/b/k')->{body}, 'content', 'over TLS');
    like(QC::TLS::s_client(port('s3s'), "GET /b/k HTTP/1.0\r\n\r\n"),
        qr/content$/, 'over s_client');
    isnt(curl('https://127.0.0.1:' . port('s3s'))->{exit}, 0,
        'not without the CA');
};

subtest 'S3 stand-in and boto3' => sub {
    plan(skip_all => 'no boto3') unless QC::S3::find_client();

    my $fake = QC::FakeS3->start;
    my $s3 = QC::S3->new(endpoint => $fake->url, access => 'a',
        secret => 's', bucket => 'bkt', no_create => 1);

    $s3->put('key', "\x00\xff", Metadata => { n => 'v' });
    is($s3->get('key'), "\x00\xff", 'put, get');
    is($s3->head('key')->{Metadata}{n}, 'v', 'metadata');
    is($s3->get('none'), undef, 'not there');
    like($fake->last(qr/^PUT/)->{headers}{authorization},
        qr/^AWS4-HMAC-SHA256 /, 'signed');
};

subtest 'Redis stand-in' => sub {
    my $redis = QC::FakeRedis->start(password => 'pw',
        eval => sub { return QC::FakeRedis::bulk($_[2][0]) });
    my $c = QC::Client->new(port => $redis->port);
    my $ask = sub {
        my ($words, $want) = @_;
        $c->send(QC::FakeRedis::array(map { QC::FakeRedis::bulk($_) }
            @$words));
        $c->{end} = time() + 0.3;
        eval { $c->fill while length $c->{in} < $want; 1 } or ref $@
            or die $@;
        my $got = $c->{in};
        $c->{in} = '';
        return $got;
    };

    like($ask->(['PING'], 20), qr/^-NOAUTH/, 'a password is needed');
    like($ask->([qw/AUTH no/], 20), qr/^-WRONGPASS/, 'a wrong one');
    is($ask->([qw/AUTH pw/], 5), "+OK\r\n", 'AUTH');
    is($ask->(['PING'], 7), "+PONG\r\n", 'PING');
    is($ask->(['SET', 'k', "a\r\n"], 5), "+OK\r\n", 'SET');
    is($ask->([qw/GET k/], 9), "\$3\r\na\r\n\r\n", 'GET');

    $redis->set_hash('h', a => 1);
    is($ask->([qw/HGETALL h/], 18), "*2\r\n\$1\r\na\r\n\$1\r\n1\r\n",
        'HGETALL');
    is($ask->([qw/HGETALL no/], 4), "*0\r\n", 'HGETALL of none');
    is($ask->(['EVAL', 'return 1', 1, 'k', 'arg'], 9), "\$3\r\narg\r\n",
        'EVAL');
    is($redis->count('HGETALL'), 2, 'counted');
    is_deeply(($redis->commands('EVAL'))[0]{args},
        ['return 1', 1, 'k', 'arg'], 'noted');

    for my $error (qw/loading readonly noauth oom/) {
        $redis->fault($error);
        like($ask->(['PING'], 12), qr/^-\U$error /, $error);
    }

    $redis->fault('bulk');
    like($ask->(['PING'], 100), qr/^\$1073741824\r\nx+$/, 'huge bulk');
    $c->close;

    my %says = (close_mid => "-NOAUTH Authentic", garbage => "HTTP/1.1",
        array => '*1073741824', nested => "*1\r\n*1\r\n", close => '');

    for my $fault (sort keys %says) {
        $redis->fault($fault);
        is(substr($ask->(['PING'], 50), 0, length $says{$fault}),
            $says{$fault}, $fault);
        $c->close;
    }

    $redis->fault('stall', gate => 'g');
    $c->send("PING\r\nPING\r\n");
    ok($redis->wait_at('g'), 'stall');
    ok(!$c->readable, 'no reply');
    $redis->release('g');
    like($ask->(['PING'], 100), qr/^-NOAUTH.*\r\n-NOAUTH.*\r\n-NOAUTH/,
        'then all of them, in order');
};

subtest 'Redis' => sub {
    plan(skip_all => 'no redis-server') unless find_program('redis-server');

    my $redis = QC::Redis->start(user => 'qc', password => 'pw', unix => 1);
    is($redis->cli(qw/HSET h a 1 b 2/), '2', 'a command');
    is_deeply($redis->hash_of('h'), { a => 1, b => 2 }, 'a hash');
    ok(-S $redis->socket, 'a socket');
    $redis->stop;
    like($redis->cli('PING'), qr/Could not connect/, 'stopped');
    $redis->start;
    is($redis->cli('PING'), 'PONG', 'started again');
};

# Detectors: a test that does this must fail, and say why.

sub child {
    my ($code, %env) = @_;

    my $file = $t->testdir . '/child.t';
    my $conf = "%%TEST_GLOBALS%%\nevents { }\nhttp { %%TEST_GLOBALS_HTTP%%"
        . " server { listen 127.0.0.1:%%PORT_8080%%; } }\n";

    spew($file, <<"EOF");
use strict;
use warnings;
use Test::More;
use lib '$FindBin::Bin/lib';
use QC::Nginx;
use QC::Upstream;
my \$t = QC::Nginx->new;
\$t->write_file_expand('nginx.conf', "$conf");
\$t->run;
my (\$worker) = \$t->worker_pids;
my \$log = \$t->testdir . '/error.log';
my \$line = '2026/01/01 00:00:00 ';
ok(1, 'a test');
$code
done_testing();
EOF

    my $result = run_command([$^X, $file],
        env => { TEST_NGINX_LOG_LEVEL => 'info', %env }, timeout => 30);
    $result->{out} .= $result->{err};

    return $result;
}

my $killed = q{kill 'KILL', $worker; wait_until(sub {
    my @now = $t->worker_pids; @now && $now[0] != $worker });};
my $asan = q{append($log, "==1==ERROR: AddressSanitizer: heap-use-after-free"
    . " on address\n    #0 0x1 in qc_made_up\n");};

my @failing = (
    ['an alert', q{append($log, "${line}[alert] 1#1: made up\n");},
        qr/not ok \d+ - no alerts.*\[alert\] 1#1: made up/s],
    ['an emerg', q{append($log, "${line}[emerg] 1#1: made up\n");},
        qr/not ok \d+ - no alerts/],
    ['AddressSanitizer', $asan,
        qr/not ok \d+ - no reports.*heap-use.*qc_made_up/s],
    ['AddressSanitizer, log_path', q{spew($t->testdir . '/asan.1',
        "ERROR: LeakSanitizer: detected memory leaks\n");},
        qr/not ok \d+ - no reports.*memory leaks/s],
    ['UndefinedBehaviorSanitizer', q{append($t->testdir . '/stderr.log',
        "a.c:1:2: runtime error: signed integer overflow\n");},
        qr/not ok \d+ - no reports.*integer overflow/s],
    ['a killed worker', $killed, qr/not ok \d+ - no worker died/],
    ['two killed, one expected', "\$t->expect_signal(9); $killed"
        . "(\$worker) = \$t->worker_pids; $killed",
        qr/not ok \d+ - no worker died/],
    ['an alert, with a plan', q{$t->plan(1);
        append($log, "${line}[alert] made up\n"); exit 0;},
        qr/not ok \d+ - no alerts/],
    ['done_testing of Test::More', q{append($log, "${line}[alert] made up\n");
        Test::More::done_testing(); exit 0;},
        qr/\[alert\] made up/],
    ['die', q{die "made up\n";}, qr/ok 4 - no worker died/],
    ['the time limit', q{time_limit(0.2); wait_until(sub { 0 }, 10);},
        qr/the time limit of the file ended/],
);

for my $case (@failing) {
    my ($name, $code, $says) = @$case;

    my $result = child($code);
    isnt($result->{exit}, 0, "$name: the test fails");
    like($result->{out}, $says, "$name: and says why");
}

my @passing = (
    ['nothing', ''],
    ['an alert to be', q{$t->todo_alerts(qr/made up/);
        append($log, "${line}[alert] made up\n");}],
    ['a killed worker, expected', "\$t->expect_signal(9); $killed"],
);

for my $case (@passing) {
    my ($name, $code) = @$case;

    my $result = child($code);
    is($result->{exit}, 0, "$name: the test passes")
        or diag($result->{out});
}

my $broken = child('', TEST_NGINX_GLOBALS => 'nonsense;');
isnt($broken->{exit}, 0, 'nginx does not start: the test fails');
like($broken->{out}, qr/unknown directive "nonsense"/, 'and says why');

# a test that is killed leaves nothing behind
my $dead = child(q{my $up = QC::Upstream->start;
    diag 'folder ', $t->testdir;
    diag 'pids ', join ' ', $t->master_pid, $worker, $up->pid;
    kill 'KILL', $$;});
my ($pids) = $dead->{out} =~ /pids ([\d ]+)/;
ok($pids, 'a killed test');
ok(wait_until(sub { !grep { alive($_) } split ' ', $pids // '' }, 5),
    'no process of it is left');
my ($folder) = $dead->{out} =~ /folder (\S+)/;
ok(wait_until(sub { !-e $folder }, 5), 'nor its folder');

# so does one whose log has no end
my $grown = child(q{truncate $log, 201 * 1024 * 1024;
    wait_until(sub { !$t->worker_pids }, 5);});
isnt($grown->{exit}, 0, 'a log over its limit: the test fails');
like($grown->{out}, qr/over its limit/, 'and says why');

is(wait_until(sub { 0 }, 0.05), '', 'a wait ends');

done_testing();
