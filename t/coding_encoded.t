#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# An answer that the upstream has encoded reaches the client of the miss as it
# came and is stored decoded: hits get the plain body, or the stored coding if
# they accept it, whatever the upstream's was.  What is damaged, not whole or
# more than may be stored is passed on and not stored, and the rules on
# answers see through the coding.  Storing encoded bytes would serve them to
# clients that cannot read them; storing half a decoded body would serve that
# for ever.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use IO::Compress::Gzip qw/gzip $GzipError/;

use QC::Body;
use QC::Nginx;
use QC::Upstream;
use QC::Util qw/need_program run_command/;

time_limit(300);

my $t = QC::Nginx->new(log_level => 'info')->has(qw/http proxy query_cache/);

need_program('zstd');

sub gz {
    my ($plain, @o) = @_;
    my $out;

    gzip(\$plain => \$out, -Level => 6, -Time => 0, @o) or die $GzipError;

    return $out;
}

sub zstd {
    my ($plain, @o) = @_;

    return run_command(['zstd', '-qc', @o], input => $plain,
        timeout => 30)->{out};
}

# one byte changed

sub flip {
    my ($bytes, $at) = @_;

    substr($bytes, $at, 1) ^= "\x10";

    return $bytes;
}

my $small = "{\"data\":[[1,2,3]]}\n";
my $big = QC::Body->new(size => 5_000_000)->bytes;
my $noise = QC::Body->new(size => 700_000, kind => 'random')->bytes;
my $skipped = pack 'a4 V a*', "\x5a\x2a\x4d\x18", 5, 'hello';

my $zeros = "\0" x 70_000_000;     # there may be 64 MB

my ($gz, $zst) = (gz($big), zstd($big));

# name, coding, what is sent, what it is

my @sound = (
    ['gzip',           'gzip',   gz($small), $small],
    ['gzip, 5 MB',     'gzip',   $gz, $big],
    ['gzip, noise',    'gzip',   gz($noise), $noise],
    ['gzip, nothing',  'gzip',   gz(''), ''],
    ['gzip, a name',   'gzip',   gz($small, -Name => 'a' x 500,
        -Comment => 'b', -ExtraField => [ab => 'cdef']), $small],
    ['x-gzip',         'x-gzip', gz($small), $small],
    ['GZip',           'GZip',   gz($small), $small],
    ['members',        'gzip',   gz($small) . gz('') . gz($big) . gz('x'),
        "$small${big}x"],
    ['a byte each',    'gzip',   join('', map { gz($_) } split //, $small),
        $small],
    ['zstd',           'zstd',   zstd($small), $small],
    ['zstd, 5 MB',     'zstd',   $zst, $big],
    ['zstd, noise',    'zstd',   zstd($noise), $noise],
    ['zstd, nothing',  'zstd',   zstd(''), ''],
    ['zstd, bare',     'zstd',   zstd($big, '--no-check'), $big],
    ['zstd, window',   'zstd',   zstd($big, '--long=23'), $big],
    ['zstd, 19',       'zstd',   zstd($small, '-19'), $small],
    ['frames',         'zstd',   zstd($small) . $skipped . zstd('')
        . zstd($big, '--no-check') . zstd('x') . $skipped, "$small${big}x"],
    ['identity',       'identity', $small, $small],
);

# name, coding, what is sent, why it is not stored

my @unsound = (
    ['a byte short',    'gzip', substr($gz, 0, -1)],
    ['no sums',         'gzip', substr($gz, 0, -8)],
    ['half of it',      'gzip', substr($gz, 0, length($gz) / 2)],
    ['a header only',   'gzip', substr($gz, 0, 10)],
    ['no byte',         'gzip', ''],
    ['corrupt',         'gzip', flip($gz, length($gz) / 2)],
    ['its sum',         'gzip', flip($gz, -8)],
    ['its length',      'gzip', flip($gz, -2)],
    ['a byte behind',   'gzip', $gz . 'x'],
    ['zeros behind',    'gzip', gz($small) . "\0" x 512],
    ['half a member',   'gzip', gz($small) . substr(gz($small), 0, 15)],
    ['plain, for gzip', 'gzip', $small],
    ['zlib, for gzip',  'gzip', "\x78\x9c\x03\x00\x00\x00\x00\x01"],
    ['zstd, for gzip',  'gzip', zstd($small)],
    ['a byte short',    'zstd', substr($zst, 0, -1)],
    ['half of it',      'zstd', substr($zst, 0, length($zst) / 2)],
    ['a header only',   'zstd', substr($zst, 0, 6)],
    ['no byte',         'zstd', ''],
    ['corrupt',         'zstd', flip($zst, length($zst) / 2)],
    ['its sum',         'zstd', flip($zst, -1)],
    ['a byte behind',   'zstd', $zst . 'x'],
    ['zeros behind',    'zstd', zstd($small) . "\0" x 512],
    ['half a skipped',  'zstd', zstd($small) . substr($skipped, 0, 10)],
    ['a large window',  'zstd', zstd($big, '--long=24')],
    ['format 0.7',      'zstd', "\x27\xb5\x2f\xfd" . 'x' x 20],
    ['plain, for zstd', 'zstd', $small],
    ['gzip, for zstd',  'zstd', gz($small)],
    ['a bomb',          'gzip', gz($zeros), 'max_size'],
    ['bombs',           'gzip', gz(substr $zeros, 0, 3_000_000) x 24,
        'max_size'],
    ['a bomb',          'zstd', zstd($zeros), 'max_size'],
    ['Brotli',          'br', "\x3b\x00", 'content_encoding'],
    ['deflate',         'deflate', $small, 'content_encoding'],
    ['two codings',     'gzip, gzip', gz(gz($small)), 'content_encoding'],
    ['identity besides', 'identity, gzip', gz($small), 'content_encoding'],
    ['a parameter',     'gzip;q=1', gz($small), 'content_encoding'],
    ['two lines',       ['gzip', 'zstd'], gz($small), 'content_encoding'],
    ['not to be transformed', 'gzip', gz($small), 'content_encoding',
        'Cache-Control' => 'max-age=60, No-Transform'],
);

my %routes;

sub route {
    my ($path, $coding, $bytes, @headers) = @_;
    my @coding = map { ('Content-Encoding' => $_) }
        ref $coding ? @$coding : $coding;

    $routes{"/length$path"} = { body => $bytes,
        headers => [@coding, @headers, ETag => '"1"', Vary =>
        'accept-encoding', 'Content-MD5' => 'x', Digest => 'md5=x',
        'Content-Digest' => 'sha-256=:AA==:', 'X-Kept' => 'y',
        'Repr-Digest' => 'sha-256=:AA==:'] };
    $routes{"/chunked$path"} = { %{$routes{"/length$path"}},
        chunked => 3000 };
}

route("/sound$_", @{$sound[$_]}[1, 2]) for 0 .. $#sound;
route("/unsound$_", @{$unsound[$_]}[1, 2],
    @{$unsound[$_]}[4 .. $#{$unsound[$_]}]) for 0 .. $#unsound;

$routes{'/weak'} = { body => gz($small), headers => [ETag => 'W/"1"',
    'Content-Encoding' => 'gzip'] };
$routes{'/untagged'} = { body => gz($small), headers => [
    'Content-Encoding' => 'gzip'] };
$routes{'/not-whole'} = { body => gz($small), chunked => 1,
    no_last_chunk => 1, headers => ['Content-Encoding' => 'gzip'] };
$routes{'/endless'} = { body => gz($small), eof => 1,
    headers => ['Content-Encoding' => 'gzip'] };
$routes{'/404'} = { body => gz($small), status => 404,
    headers => ['Content-Encoding' => 'gzip', 'Cache-Control' =>
    'max-age=60'] };

my $error = "1\t2\n" x 1000 . "Code: 395, e.displayText() = DB::Exception:"
    . " Value passed to 'throwIf' function is non zero, e.what() ="
    . " DB::Exception\n";

$routes{"/$_->[0]/$_->[1]"} = { body => $_->[2], headers => [
    'Content-Type' => 'text/tab-separated-values; charset=UTF-8',
    'Content-Encoding' => $_->[0]] } for
    ['gzip', 'error', gz($error)], ['zstd', 'error', zstd($error)],
    ['gzip', 'rows', gz("1\t2\n" x 1000)],
    ['zstd', 'rows', zstd("1\t2\n" x 1000)];

$routes{"/$_->[0]"} = { body => gz($_->[1]), headers => [
    'Content-Encoding' => 'gzip'] } for
    ['max', 'a' x 100_000], ['over', 'a' x 100_001], ['min', 'a' x 500],
    ['under', substr $noise, 0, 499];

my $up = QC::Upstream->start(port => port('up'), routes => \%routes);

$t->write_file_expand('nginx.conf', <<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        disk %%TESTDIR%%/store;
    }

    upstream up {
        server 127.0.0.1:%%PORT_up%%;
        keepalive 2;
    }

    query_cache_valid 200 1h;
    query_cache_serve_compressed on;
    proxy_http_version 1.1;
    proxy_set_header Connection '';
    add_header X-Cache $query_cache_status always;

    log_format cache '$uri $query_cache_status $query_cache_reason';
    access_log %%TESTDIR%%/cache.log cache;

    server {
        listen 127.0.0.1:%%PORT_8080%%;
        listen 127.0.0.1:%%PORT_slow%% sndbuf=32k;

        location / {
            query_cache z;
            proxy_pass http://up/;
        }

        location /unbuffered/ {
            query_cache z;
            proxy_buffering off;
            proxy_pass http://up/;
        }

        location /file/ {
            query_cache z;
            query_cache_capture_buffer 64k;
            query_cache_compress none;
            proxy_buffers 2 4k;
            proxy_buffer_size 4k;
            proxy_busy_buffers_size 4k;
            proxy_pass http://up/;
        }

        location /gzipped/ {
            query_cache z;
            query_cache_serve_compressed off;
            gzip on;
            gzip_types *;
            gzip_proxied any;
            proxy_pass http://up/;
        }

        location /sized/ {
            query_cache z;
            query_cache_min_size 500;
            query_cache_max_size 100000;
            proxy_pass http://up/;
        }

        location /engine/ {
            query_cache z;
            query_cache_engine clickhouse;
            proxy_pass http://up/;
        }

        location = /query_cache {
            access_log off;
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

my $stored = 0;

sub unpacked {
    my ($r) = @_;
    my $coding = $r->header('Content-Encoding') // '';

    return $coding eq 'zstd' ? zstd($r->body, '-d')
        : $coding eq '' ? $r->body : "unknown coding $coding";
}

sub said {
    my ($uri) = @_;
    my $said;

    wait_until(sub {
        ($said) = slurp($t->testdir . '/cache.log') =~ m{.*^\Q$uri\E (.+?)$}ms;
        return defined $said;
    });

    return $said;
}

# what is sound is stored, plain

for my $n (0 .. $#sound) {
    my ($name, $coding, $bytes, $plain) = @{$sound[$n]};

    for my $way ('/length', '/chunked', '/unbuffered/length',
        '/unbuffered/chunked', '/file/length', '/file/chunked')
    {
        my $uri = "$way/sound$n";
        my @slow = $way =~ /file/ && length $bytes > 300_000
            ? (port => 'slow', rate => 8_000_000, rcvbuf => 65536) : ();

        my $r = $t->get($uri, @slow);
        is($r->header('X-Cache'), 'MISS', "$name, $way: a miss");
        ok($r->body eq $bytes, "$name, $way: as it was sent");
        is($r->header('Content-Encoding'), $coding, "$name, $way: coding");
        is($r->header('ETag'), '"1"', "$name, $way: a strong tag");
        is($r->header('Content-MD5'), 'x', "$name, $way: a digest");

        ok($t->wait_stats('/query_cache', 'store', 'stored', ++$stored),
            "$name, $way: stored") or diag(said($uri));

        $r = $t->get($uri);
        is($r->header('X-Cache'), 'HIT', "$name, $way: a hit");
        ok($r->body eq $plain, "$name, $way: plain");
        is($r->header('Content-Length'), length $plain,
            "$name, $way: its length");

        my $same = $coding eq 'identity';

        is($r->header('Content-Encoding'), undef, "$name, $way: no coding");
        is($r->header('ETag'), $same ? '"1"' : 'W/"1"', "$name, $way: tag");
        is(defined $r->header($_), $same, "$name, $way: $_")
            for qw/Content-MD5 Digest Content-Digest Repr-Digest/;
        is($r->header('Vary'), 'accept-encoding', "$name, $way: vary");
        is($r->header('X-Kept'), 'y', "$name, $way: other fields");

        $r = $t->get($uri, headers => ['Accept-Encoding' => 'gzip, zstd']);
        is($r->header('X-Cache'), 'HIT', "$name, $way: a hit for zstd");
        ok(unpacked($r) eq $plain, "$name, $way: the same");
        is($r->header('Content-Encoding'), 'zstd', "$name, $way: is it")
            if length $plain > 1000 && $way !~ /file/ && $plain ne $noise;
    }
}

ok(scalar $t->error_log(qr/buffered to a temporary file/),
    'some went through a file');

# what is not, is not

for my $n (0 .. $#unsound) {
    my ($name, $coding, $bytes, $reason) = @{$unsound[$n]};
    $name .= ', ' . (ref $coding ? 'twice' : $coding);

    for my $way ('/length', '/chunked', '/unbuffered/length', '/file/chunked')
    {
        my $uri = "$way/unsound$n";

        for my $time (1, 2) {
            my $r = $t->get($uri);
            is($r->header('X-Cache'), 'MISS', "$name, $way, $time: a miss");
            is($r->error, '', "$name, $way, $time: it ends as it did");
            ok($r->body eq $bytes, "$name, $way, $time: passed on");
        }

        is(said($uri), 'MISS ' . ($reason // 'incomplete'),
            "$name, $way: why");
    }
}

is($t->stats('/query_cache', 'store', 'stored'), $stored, 'none is stored');

for my $uri (qw{/not-whole /endless}) {
    ok($t->get($uri)->body eq gz($small), "$uri: passed on");
    is(said($uri), 'MISS incomplete', "$uri: not stored");
}

# sizes are those of the plain body

for my $case (['max'], ['over', 'max_size'], ['min'], ['under', 'min_size']) {
    my ($name, $reason) = @$case;

    is($t->get("/sized/$name")->status, 200, $name);

    if ($reason) {
        is(said("/sized/$name"), "MISS $reason", "$name: not stored");
        next;
    }

    ok($t->wait_stats('/query_cache', 'store', 'stored', ++$stored),
        "$name: stored");
}

# tags, statuses, conditions, ranges

for my $case (['weak', 'W/"1"'], ['untagged', undef], ['404', undef]) {
    my ($uri, $tag) = ("/$case->[0]", $case->[1]);

    $t->get($uri);
    ok($t->wait_stats('/query_cache', 'store', 'stored', ++$stored),
        "$uri: stored");

    my $r = $t->get($uri);
    is($r->header('X-Cache'), 'HIT', "$uri: a hit");
    is($r->header('ETag'), $tag, "$uri: its tag");
    is($r->body, $small, "$uri: plain");
}

my $r = $t->get('/length/sound1', headers => ['If-None-Match' => '"1"']);
is($r->status, 304, "the upstream's tag is known");
is($r->header('ETag'), 'W/"1"', 'and is weak');

$r = $t->get('/length/sound1', headers => [Range => 'bytes=1000000-1000009']);
is($r->status, 206, 'a range');
is($r->body, substr($big, 1_000_000, 10), 'of the plain body');

$r = $t->get('/length/sound1', headers => [Range => 'bytes=0-9',
    'If-Range' => '"1"']);
is($r->status, 200, 'a range on condition of the strong tag: all of it');

# nginx's own compression is its own affair

$t->get('/gzipped/length/sound1');
ok($t->wait_stats('/query_cache', 'store', 'stored', ++$stored), 'gzip on');
$r = $t->get('/gzipped/length/sound1', headers => ['Accept-Encoding' =>
    'gzip']);
is($r->header('X-Cache'), 'HIT', 'gzip on: a hit');
is($r->header('Content-Encoding'), 'gzip', 'gzip on: compressed');
ok(length($r->body) < length($big) && $r->body =~ /^\x1f\x8b/,
    'gzip on: really');

# the rules on answers see what is in it

for my $coding (qw/gzip zstd/) {
    my $uri = "/engine/$coding/error";

    $r = $t->get("$uri?query=SELECT+1");
    ok($r->body eq $routes{"/$coding/error"}{body}, "$coding: an exception");
    is(said($uri), 'MISS exception', "$coding: is seen");
    is($t->get("$uri?query=SELECT+1")->header('X-Cache'), 'MISS',
        "$coding: and not stored");

    $t->get("/engine/$coding/rows?query=SELECT+1");
    ok($t->wait_stats('/query_cache', 'store', 'stored', ++$stored),
        "$coding: rows are");
    ok($t->get("/engine/$coding/rows?query=SELECT+1")->body
        eq "1\t2\n" x 1000, "$coding: plain");
}

is($t->stats('/query_cache', 'store', 'stored'), $stored, 'nothing else');
is($t->stats('/query_cache', 'store', 'failed'), 0, 'no store failed');

done_testing();
