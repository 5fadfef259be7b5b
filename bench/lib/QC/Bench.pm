package QC::Bench;

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# The machinery of bench/run: servers, loads, rows.

use strict;
use warnings;

use parent 'QC::Rig';

use File::Path qw/make_path/;
use Time::HiRes qw/time/;

use QC::Client;
use QC::FakeS3;
use QC::Rig qw/median rows temp_paths/;
use QC::Upstream;
use QC::Util qw/port run_command spew wait_until/;

use constant {
    CONNECTIONS => 16,
    WARM_UP     => 10,
};


sub new {
    my ($class, $root, $seconds) = @_;
    my $self = $class->SUPER::new($root, 'results',
        qw/wrk gnuplot redis-server/);

    $self->note(qw/test case subject repetition value/);
    @$self{qw/seconds n plot/} = ($seconds, time() =~ s/\.//r, []);

    return $self;
}


# One plain nginx is upstream and S3 store, another has the module.

sub start {
    my ($self, $size) = @_;
    my $dir = $self->{dir};

    my $redis = $self->redis;
    my $store = $self->store;

    make_path("$dir/edge");

    for my $name (keys %$size) {
        spew("$dir/files/$name", rows($size->{$name}));
    }

    $self->{held} = QC::FakeS3->start(port => port('held'));
    $self->{held}->fault('stall', gate => 'held', match => qr/^PUT/,
        times => 0);

    $self->{think} = QC::Upstream->start(port => port('think'), routes => {
        map { ("/files/$_" => { size => $size->{$_}, delay => 0.02 }) }
            keys %$size
    });

    $self->nginx('edge', $self->edge_conf);
    $self->listening($redis, $store, port('edge'));
}


sub edge_conf {
    my ($self) = @_;
    my $dir   = $self->{dir};
    my $paths = temp_paths("$dir/edge");
    my ($edge, $store, $redis) = (port('edge'), port('store'), port('redis'));
    my $s3 = $self->s3_url;
    my $slow = $self->slow_conf;

    return $self->head('edge', module => 1) . <<"EOF";
http {
    access_log off;
    sendfile on;
    tcp_nodelay on;
    keepalive_requests 1000000;
    $paths

    query_cache_zone bench {
        redis redis://127.0.0.1:$redis;
        s3 $s3;
        store_concurrency 4;
    }

    query_cache_zone held {
        redis redis://127.0.0.1:$redis prefix=held:;
        s3 http://127.0.0.1:@{[port('held')]} bucket=bench access_key=a
           secret_key=b;
        s3_read_timeout 30s;
        store_concurrency 64;
    }

    upstream store { server 127.0.0.1:$store; keepalive 64; }
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_buffers 8 32k;
    proxy_buffer_size 16k;
    proxy_busy_buffers_size 64k;
    proxy_max_temp_file_size 0;

    server {
        listen 127.0.0.1:$edge;

        query_cache_valid 200 1h;
        query_cache_max_size 64m;

        location /hit/none/ {
            query_cache bench;
            query_cache_compress none;
            proxy_pass http://store/files/;
        }

        location /hit/zstd/ {
            query_cache bench;
            proxy_pass http://store/files/;
        }

        location /hit/coded/ {
            query_cache bench;
            query_cache_serve_compressed on;
            proxy_pass http://store/files/;
        }

        location /held/ {
            query_cache held;
            proxy_pass http://store/files/;
        }

        location /object/ { proxy_pass http://store/bench/; }
$slow
    }
}
EOF
}


# The upstream "takes its time" by limit of its own: a location that waits in
# the edge would wait in ours and in the reference alike.

sub slow_conf {
    my ($self) = @_;
    my $conf = '';

    for my $think (0, 20) {
        my $pass = $think ? 'http://127.0.0.1:' . port('think') . '/files/'
                          : 'http://store/files/';

        $conf .= <<"EOF";
        location /miss/$think/ {
            query_cache bench;
            proxy_pass $pass;
        }
        location /pass/$think/ { proxy_pass $pass; }
EOF
    }

    return $conf;
}


# Requests until the entry is there; the name of its object.

sub fill {
    my ($self, $uri) = @_;
    my $client = QC::Client->new(port => port('edge'));
    my %before = map { $_ => 1 } $self->objects;
    my $object;

    return $self->{object}{$uri} if $self->{object}{$uri};

    $client->get($uri)->status == 200 or die "bench: $uri failed\n";

    wait_until(sub {
        ($object) = grep { !$before{$_} } $self->objects;
        return $object;
    }, 10) or die "bench: $uri was not stored\n";

    $client->get($uri) for 1 .. 3;

    return $self->{object}{$uri} = $object;
}


sub objects {
    my ($self) = @_;
    my $dir = "$self->{dir}/objects";

    return map { s{^\Q$dir\E/}{}r } glob "$dir/1/*/*";
}


# Requests a second under load.

sub load {
    my ($self, $uri) = @_;
    my $url = 'http://127.0.0.1:' . port('edge') . $uri;
    my $out = run_command(['wrk', '-t1', '-c' . CONNECTIONS,
        '-HAccept-Encoding: zstd', "-d$self->{seconds}s", $url],
        timeout => 60)->{out};

    $out =~ /Non-2xx/ and die "bench: $url failed\n$out";
    $out =~ m{Requests/sec:\s*([\d.]+)} or die "bench: wrk said\n$out";

    return $1;
}


# Times in ms, to the first byte or the last, of n requests each, in turns.

sub turns {
    my ($self, $n, $part, @uris) = @_;
    my @clients = map { QC::Client->new(port => port('edge')) } @uris;
    my @times   = map { [] } @uris;

    for my $i (1 .. $n + WARM_UP) {
        for my $k ($i % 2 ? (0, 1) : (1, 0)) {
            my $unique = $uris[$k] =~ m{^/(?:miss|pass)/}
                ? '?q=' . $self->{n}++ : '';
            my $time = timed($clients[$k], "$uris[$k]$unique", $part);

            push @{$times[$k]}, $time if $i > WARM_UP;
        }
    }

    return @times;
}


sub timed {
    my ($client, $uri, $part) = @_;
    my $r = $client->get($uri);

    $r->status == 200 && $r->complete or die "bench: $uri failed\n";

    return ($part eq 'first' ? $r->t_first - $r->t_sent : $r->elapsed) * 1000;
}


# Each store is held up at S3 until all is measured.

sub during_stores {
    my ($self, $n) = @_;
    my $client = QC::Client->new(port => port('edge'));
    my (@during, @idle);

    for my $i (1 .. $n) {
        timed($client, '/held/1k?q=' . $self->{n}++, 'last');
        push @during, timed($client, '/pass/0/1k', 'last');

        timed($client, '/pass/0/1k?q=' . $self->{n}++, 'last');
        push @idle, timed($client, '/pass/0/1k', 'last');
    }

    $self->{held}->waiting('held') or die "bench: no store was held up\n";
    $self->{held}->release('held');

    return \@during, \@idle;
}


# The time of a miss with an upstream that takes 20 ms, ms.

sub miss {
    my ($self, $name) = @_;
    my ($ours) = $self->turns($name =~ /m$/ ? 20 : 100, 'last',
        "/miss/20/$name", "/pass/20/$name");

    return median(@$ours);
}


# Rows of bench/core.c of one kind.

sub core {
    my ($self, $what) = @_;
    my $exe = "$self->{out}/core";

    $self->{core} //= do {
        my $root = $self->{root};

        run_command(['cc', '-std=gnu99', '-O2', "-I$root/src/core", '-o',
            $exe, "$root/bench/core.c", glob("$root/src/core/*.c"),
            qw/-lzstd -lxxhash -lyajl -lz -lcrypto/], timeout => 120)->{exit}
            == 0 or die "bench: bench/core.c does not compile\n";

        my $r = run_command([$exe], timeout => 120);
        $r->{exit} == 0 or die "bench: $exe failed\n$r->{err}";
        $r->{out};
    };

    return map { [(split /,/, $_)[1 .. 3]] }
        grep { /^$what,/ } split /\n/, $self->{core};
}


sub title {
    my ($self, $what, $unit, $ours, $reference, $target) = @_;

    printf "\n%s (%s; %s)\n%-16s %-6s %12s %12s %10s\n", $what, $unit,
        $target, '', '', $ours, $reference, 'ratio';
}


sub raw {
    my ($self, $test, $case, $subject, $values) = @_;
    my $n = 0;

    $self->note($test, $case, $subject, $n++, sprintf '%.4f', $_)
        for @$values;
}


sub row {
    my ($self, $test, $case, $ours, $reference) = @_;
    my ($a, $b) = (median(@$ours), median(@$reference));

    $self->raw($test, $case, 'ours', $ours);
    $self->raw($test, $case, 'reference', $reference);
    printf "%-16s %-6s %12.2f %12.2f %10.3f\n", $test, $case, $a, $b, $a / $b;
    push @{$self->{plot}}, ["$test $case", $a / $b];
}


sub difference {
    my ($self, $test, $case, $ours, $reference) = @_;
    my ($a, $b) = (median(@$ours), median(@$reference));

    $self->raw($test, $case, 'ours', $ours);
    $self->raw($test, $case, 'reference', $reference);
    printf "%-16s %-6s %12.3f %12.3f %+9.3f ms\n", $test, $case, $a, $b,
        $a - $b;
}


# The ratios as one picture.

sub finish {
    my ($self) = @_;
    my $out = $self->{out};
    my $n   = 0;

    spew("$out/results.dat", join '',
        map { sprintf qq("%s" %d %.4f\n), $_->[0], $n++, $_->[1] }
            @{$self->{plot}});

    run_command(['gnuplot'], timeout => 60, input => <<"EOF")->{exit} == 0
set terminal svg size 900,1000 dynamic background 'white'
set output '$out/results.svg'
set title 'ours / plain nginx, same run (hits: more is better; misses: less)'
set yrange [-1:$n] reverse
set xrange [0:*]
set arrow from 1,-1 to 1,$n nohead dashtype 2
set style fill solid 0.6
set grid x
columns = "(\$3/2):2:(\$3/2):(0.35):ytic(1)"
plot '$out/results.dat' using \@columns with boxxyerror notitle
EOF
        or die "bench: gnuplot failed\n";

    print "\nrows: $out/results.csv\nplot: $out/results.svg\n";
}


1;
