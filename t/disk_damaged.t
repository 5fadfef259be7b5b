#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Whatever happens to a file, nobody gets another body for a whole one: up
# to "hold" bytes the upstream answers instead, beyond it the answer breaks
# off, and the next request is answered and stored again.  Fails if a file
# is believed because of its name or length, or if it stays in the way.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use File::Copy qw/copy/;
use POSIX qw/mkfifo/;

use QC::Body;
use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);
my $dir = $t->testdir . '/disk';

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/held/*'   => sub { return { size => 20_000, seed => $_[0]{path} } },
    '/stream/*' => sub { return { size => 300_000, seed => $_[0]{path} } },
});

$t->write_file_expand('nginx.conf', <<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        disk $dir;
        hold 100k;
    }

    add_header        X-Status \$query_cache_status;
    query_cache_valid 10m;

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache z;
            proxy_pass  http://127.0.0.1:%%PORT_up%%;

            location ~ /none/ {
                query_cache_compress none;
                proxy_pass           http://127.0.0.1:%%PORT_up%%;
            }
        }

        location = /stats {
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

# the file, its bytes, another valid one -> what is there instead

my %damage = (
    empty       => sub { spew($_[0]) },
    short       => sub { spew($_[0], substr $_[1], 0, -1) },
    'cut amid'  => sub { spew($_[0], substr $_[1], 0, length($_[1]) / 2) },
    'cut header' => sub { spew($_[0], substr $_[1], 0, 40) },
    long        => sub { spew($_[0], $_[1] . 'x') },
    zeroes      => sub { spew($_[0], "\0" x length $_[1]) },
    garbage     => sub { spew($_[0], 'x' x length $_[1]) },
    replaced    => sub { spew($_[0], $_[2]) },
    'no magic'  => sub { flip(@_, 0) },
    version     => sub { flip(@_, 4) },
    flags       => sub { flip(@_, 6) },
    'header length' => sub { flip(@_, 8) },
    'record length' => sub { flip(@_, 12) },
    'body length'   => sub { flip(@_, 16) },
    key         => sub { flip(@_, 30) },
    record      => sub { flip(@_, 60) },
    'body begins' => sub { flip(@_, length($_[1]) * 0.1) },
    'body amid' => sub { flip(@_, length($_[1]) / 2) },
    'last byte' => sub { flip(@_, -1) },
    deleted     => sub { unlink $_[0] },
    directory   => sub { unlink $_[0]; mkdir $_[0] },
    fifo        => sub { unlink $_[0]; mkfifo($_[0], 0600) },
    symlink     => sub { unlink $_[0]; symlink '/etc/passwd', $_[0] },
    'no folder' => sub { unlink $_[0]; rmdir $_[0] =~ s{/[^/]*$}{}r },
);

sub flip {
    my ($path, $bytes, undef, $at) = @_;

    substr($bytes, $at, 1) = ~substr $bytes, $at, 1;
    spew($path, $bytes);
}

sub files { my @files = glob "$dir/1/*/*"; return @files }

my $stored = 0;

sub filled {
    my ($uri) = @_;

    my %old = map { $_ => 1 } files();
    is($t->get($uri)->header('X-Status'), 'MISS', "$uri: a miss");
    ok($t->wait_stats('/stats', 'store', 'stored', ++$stored),
        "$uri: stored");
    is($t->get($uri)->header('X-Status'), 'HIT', "$uri: a hit");

    return grep { !$old{$_} } files();
}

for my $kind (qw{held held/none stream stream/none}) {
    my ($other) = map { slurp($_) } filled("/$kind/other");
    my $size = $kind =~ /held/ ? 20_000 : 300_000;

    for my $name (sort keys %damage) {
        (my $uri = "/$kind/$name") =~ tr/ /_/;
        my $md5 = QC::Body->new(size => $size, seed => $uri)->md5;

        my ($file) = filled($uri);
        $damage{$name}->($file, slurp($file), $other);

        my $r = $t->get($uri);
        my $right = $r->body_md5 eq $md5;
        my $ok = $r->status == 200 && ($kind =~ /held/
            ? $r->header('X-Status') eq 'MISS' && $right && !$r->error
            : $right || $r->error);
        ok($ok, "$uri: no other body") or diag(join ' ', $r->status,
            $r->header('X-Status'), $r->error, $r->body_length);

        # one request fills it again, this one or the next
        $r = $t->get($uri) if $r->header('X-Status') eq 'HIT';
        is($r->header('X-Status'), 'MISS', "$uri: noticed");
        ok($t->wait_stats('/stats', 'store', 'stored', ++$stored),
            "$uri: stored again");

        $r = $t->get($uri);
        is($r->header('X-Status') . " " . $r->body_md5, "HIT $md5",
            "$uri: a hit");
    }
}

cmp_ok($t->stats('/stats', 'disk', 'invalid'), '>=', 4 * 15, 'counted');
cmp_ok($t->stats('/stats', 'store', 'dropped'), '>=', 4 * 20,
    'their entries are dropped');

for my $what ('is not what its record says', 'failed its checks') {
    cmp_ok(scalar(my @lines = $t->error_log(qr/$what/)), '<=', 2,
        "not logged each time: $what");
}

done_testing();
