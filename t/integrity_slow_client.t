#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# A slow client of a streamed hit has all of it, in order, however long its
# window stays closed; if the body turns out bad when everything else is done
# and only the client is still reading, the answer is broken off all the same,
# also where only the end of the connection ends it.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Body;
use QC::FakeS3;
use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy ssi query_cache/);
my $s3 = QC::FakeS3->start(port => port('s3'));

# the socket holds less than the body

my $size = 3_000_000;
my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => { size => $size, kind => 'random',
        headers => ['Cache-Control' => 'max-age=600'] },
});

$t->write_file_expand('nginx.conf', <<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        s3 http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
        s3_read_timeout 500ms;
        s3_max_fails 1000;
        hold 10k;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%% sndbuf=128k;

        query_cache z;
        add_header X-Cache $query_cache_status always;

        location / {
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /ssi {
            ssi on;
            ssi_types application/json;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /stats {
            query_cache off;
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

my $md5 = QC::Body->new(size => $size, kind => 'random')->md5;

sub stored {
    my ($uri) = @_;

    ok(wait_until(sub {
        my $r = $t->get($uri);
        return $r->header('X-Cache') eq 'HIT' && $r->body_md5 eq $md5;
    }), "$uri: a hit at first");
}

# starts to read when the worker has done all it can without the client

sub slow {
    my ($uri, %o) = @_;

    my $c = $t->client(rcvbuf => 131072);
    my $reads = $s3->count(qr/^GET/);

    $c->send_request('GET', $uri, headers => [Connection => 'close'], %o);
    $s3->wait_requests(qr/^GET/, $reads + 1);
    $c->readable(2);

    return $c->read_response(method => 'GET', discard => 1, timeout => 15);
}

for my $case (['/', '1.1'], ['/ssi', '1.1'], ['/ssi', '1.0']) {
    my ($uri, $version) = @$case;
    my $name = "$uri, $version";

    stored($uri);
    my $r = slow($uri, version => $version);
    is($r->header('X-Cache') . $r->error, 'HIT', "$name: a slow hit");
    is($r->body_md5, $md5, "$name: all of it");

    my $length = length $s3->object($s3->last(qr/^GET/)->{path})->{body};
    my $broken = $t->stats('/stats', 'request', 'broken');

    for my $fault (['flip', at => $length - 1], ['flip', at => 1_000_000],
                   ['cut', at => $length - 1])
    {
        stored($uri);
        $s3->fault(@$fault, match => qr/^GET/);
        $r = slow($uri, version => $version);

        is($r->header('X-Cache'), 'HIT', "$name, @$fault: a slow hit");
        isnt($r->error, '', "$name, @$fault: broken off");
        is($t->stats('/stats', 'request', 'broken'), ++$broken,
            "$name, @$fault: counted");
    }
}

# nothing is held for those who went

my $files = $t->open_files;
my @gone = map { $t->client(rcvbuf => 131072) } 1 .. 5;
stored('/');
$_->send_request('GET', '/') for @gone;
ok($_->readable(2), 'an answer begins') for @gone;
$_->reset for @gone;
ok(wait_until(sub { $t->open_files <= $files + 2 }), 'connections are freed');
stored('/');

done_testing();
