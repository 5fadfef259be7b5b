package QC::Bench;

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# The machinery of bench/run: servers, loads, rows.  Everything listens on
# loopback and is stopped when the process ends.

use strict;
use warnings;

use File::Path qw/make_path/;
use IO::Handle ();
use Time::HiRes qw/time/;

use QC::Client;
use QC::FakeS3;
use QC::Upstream;
use QC::Util qw/find_program port run_command spawn spew temp_dir
    wait_socket wait_until/;

use constant {
    CONNECTIONS => 16,
    WARM_UP     => 10,
};


sub new {
    my ($class, $root, $seconds) = @_;

    for my $program (qw/wrk gnuplot redis-server nginx/) {
        find_program($program)
            or die "bench: $program is not installed; tools/deps bench\n";
    }

    my $out = "$root/build/bench";
    make_path($out);

    open my $csv, '>', "$out/results.csv" or die "$out/results.csv: $!\n";
    $csv->autoflush(1);
    print {$csv} "test,case,subject,repetition,value\n";
    $| = 1;

    return bless {
        root => $root, seconds => $seconds, out => $out, csv => $csv,
        dir  => temp_dir('qc-bench'), n => time() =~ s/\.//r, plot => [],
    }, $class;
}


# One plain nginx is upstream and S3 store, another has the module.

sub start {
    my ($self, $size) = @_;
    my $dir = $self->{dir};

    make_path("$dir/files", "$dir/objects", "$dir/store", "$dir/edge");

    for my $name (keys %$size) {
        spew("$dir/files/$name", rows($size->{$name}));
    }

    my $redis = port('redis');
    spawn('redis', ['redis-server', '--port', $redis, '--save', '',
        '--bind', '127.0.0.1', '--dir', $dir]);

    $self->{held} = QC::FakeS3->start(port => port('held'));
    $self->{held}->fault('stall', gate => 'held', match => qr/^PUT/,
        times => 0);

    $self->{think} = QC::Upstream->start(port => port('think'), routes => {
        map { ("/files/$_" => { size => $size->{$_}, delay => 0.02 }) }
            keys %$size
    });

    $self->nginx('store', $self->store_conf);
    $self->nginx('edge', $self->edge_conf);

    wait_socket($_, 10) or die "bench: nothing listens on $_\n"
        for $redis, port('store'), port('edge');
}


# JSON rows as analytics APIs answer them, the same in each run.

sub rows {
    my ($size) = @_;
    my ($i, $text, $seed) = (0, '', 42);

    while (length $text < $size) {
        $seed = ($seed * 1103515245 + 12345) & 0x7fffffff;
        $text .= sprintf qq({"day":"2026-%02d-%02d","site":%d,"hits":%d}\n),
            1 + $i / 28 % 12, 1 + $i % 28, $seed % 1000, $seed >> 9;
        $i++;
    }

    return substr $text, 0, $size;
}


sub nginx {
    my ($self, $name, $conf) = @_;
    my $dir = "$self->{dir}/$name";

    spew("$dir/nginx.conf", $conf);
    spawn($name, [find_program('nginx'), '-p', $dir, '-c',
        "$dir/nginx.conf", '-e', "$dir/error.log", '-g', 'daemon off;'],
        out => "$dir/out", signal => 'QUIT');
}


sub head {
    my ($self, $name, $load) = @_;
    my $dir  = "$self->{dir}/$name";
    my $user = $> == 0 ? 'user root;' : '';

    return <<"EOF";
$load
$user
worker_processes 1;
pid $dir/nginx.pid;
error_log $dir/error.log error;
events { worker_connections 1024; }
EOF
}


sub temp_paths {
    my ($dir) = @_;

    return join '', map { "${_}_temp_path $dir/$_;\n" }
        qw/client_body proxy fastcgi uwsgi scgi/;
}


sub store_conf {
    my ($self) = @_;
    my $dir   = $self->{dir};
    my $paths = temp_paths("$dir/store");
    my $port  = port('store');

    return $self->head('store', '') . <<"EOF";
http {
    access_log off;
    sendfile on;
    tcp_nodelay on;
    keepalive_requests 1000000;
    $paths

    map \$uri \$object { "~/1/(..)/(.{30})\$" \$1\$2; }

    server {
        listen 127.0.0.1:$port;

        location /bench/ {
            alias $dir/objects/;
            dav_methods PUT DELETE;
            create_full_put_path on;
            client_max_body_size 64m;
            add_header x-amz-meta-qc-object \$object;
        }

        location /files/ { alias $dir/files/; }
    }
}
EOF
}


sub edge_conf {
    my ($self) = @_;
    my $dir   = $self->{dir};
    my $paths = temp_paths("$dir/edge");
    my ($edge, $store, $redis) = (port('edge'), port('store'), port('redis'));
    my $module = $ENV{TEST_NGINX_MODULE}
        // "$self->{root}/build/dynamic/ngx_http_query_cache_module.so";
    my $s3 = "s3 http://127.0.0.1:$store bucket=bench access_key=a "
           . 'secret_key=b';
    my $slow = $self->slow_conf;

    return $self->head('edge', $module ? "load_module $module;" : '')
        . <<"EOF";
http {
    access_log off;
    sendfile on;
    tcp_nodelay on;
    keepalive_requests 1000000;
    $paths

    query_cache_zone bench {
        redis redis://127.0.0.1:$redis;
        $s3;
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


sub median {
    my @sorted = sort { $a <=> $b } @_;
    return $sorted[$#sorted / 2];
}


sub title {
    my ($self, $what, $unit, $ours, $reference, $target) = @_;

    printf "\n%s (%s; %s)\n%-16s %-6s %12s %12s %10s\n", $what, $unit,
        $target, '', '', $ours, $reference, 'ratio';
}


sub raw {
    my ($self, $test, $case, $subject, $values) = @_;
    my $n = 0;

    printf {$self->{csv}} "%s,%s,%s,%d,%.4f\n", $test, $case, $subject,
        $n++, $_ for @$values;
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
