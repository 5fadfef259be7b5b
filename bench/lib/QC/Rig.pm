package QC::Rig;

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# What the benchmarks share: servers, clients, numbers.  Everything listens
# on loopback and is stopped when the process ends.
#
#     my $rig = QC::Rig->new($root, 'day', qw/clickhouse-server/);
#     $rig->nginx('edge', $conf);  $rig->stop('edge');
#     my $load = $rig->play([[$us, $port, $uri, $file], ...], 64, 30);
#     my @answers = $rig->played($load);

use strict;
use warnings;

use Exporter qw/import/;
use File::Path qw/make_path remove_tree/;
use IO::Handle ();

use QC::Util qw/find_program forget port run_command slurp spawn spew
    stop_process temp_dir wait_socket wait_until/;

our @EXPORT_OK = qw/median percentile rows temp_paths/;


# Results go to build/bench/NAME.csv.

sub new {
    my ($class, $root, $name, @programs) = @_;

    for my $program (@programs, 'nginx') {
        find_program($program)
            or die "bench: $program is not installed; tools/deps bench\n";
    }

    my $module = $ENV{TEST_NGINX_MODULE}
        // "$root/build/dynamic/ngx_http_query_cache_module.so";

    $module eq '' || -e $module
        or die "bench: $module is not there; make build\n";

    my $out = "$root/build/bench";
    make_path($out);

    open my $csv, '>', "$out/$name.csv" or die "$out/$name.csv: $!\n";
    $csv->autoflush(1);
    $| = 1;

    return bless {
        root => $root, out => $out, csv => $csv, module => $module,
        dir  => temp_dir('qc-bench'),
    }, $class;
}


# The command, and what it ran on.

sub heading {
    my ($self, $command) = @_;

    my $cores = () = slurp('/proc/cpuinfo') =~ /^processor\s/mg;
    my ($cpu) = slurp('/proc/cpuinfo') =~ /^model name\s*:\s*(.*)/m;
    my ($load) = split ' ', slurp('/proc/loadavg');

    printf "%s\n%d cores%s, load %s before\n", $command, $cores,
        $cpu ? " ($cpu)" : '', $load;
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


# Servers

sub nginx {
    my ($self, $name, $conf) = @_;
    my $dir = "$self->{dir}/$name";

    make_path($dir);
    spew("$dir/nginx.conf", $conf);
    $self->{pid}{$name} = spawn($name, [find_program('nginx'), '-p', $dir,
        '-c', "$dir/nginx.conf", '-e', "$dir/error.log", '-g', 'daemon off;'],
        out => "$dir/out", signal => 'QUIT');
}


# Stops it, and forgets its files but for its logs.

sub stop {
    my ($self, $name) = @_;
    my $pid = delete $self->{pid}{$name} or return;

    stop_process($pid, 'QUIT', 10);
    remove_tree(map { "$self->{dir}/$name/$_" }
        qw/cache store client_body proxy/);
}


# What nginx says against a configuration, '' if nothing.

sub refused {
    my ($self, $conf) = @_;
    my $dir = "$self->{dir}/refused";

    make_path($dir);
    spew("$dir/nginx.conf", $conf);

    my $r = run_command([find_program('nginx'), '-t', '-q', '-p', $dir,
        '-c', "$dir/nginx.conf", '-e', "$dir/error.log"]);
    return '' if $r->{exit} == 0;

    my ($why) = $r->{err} =~ /\[emerg\] (.*?)(?: in \S+)?$/m;
    return $why // 'nginx -t failed';
}


# Options: workers, connections; module => 1 loads it.

sub head {
    my ($self, $name, %o) = @_;
    my $dir  = "$self->{dir}/$name";
    my $user = $> == 0 ? 'user root;' : '';
    my $load = $o{module} && $self->{module}
        ? "load_module $self->{module};" : '';
    my $workers = $o{workers} // 1;
    my $connections = $o{connections} // 1024;

    return <<"EOF";
$load
$user
worker_processes $workers;
worker_rlimit_nofile 16384;
pid $dir/nginx.pid;
error_log $dir/error.log error;
events { worker_connections $connections; }
EOF
}


sub temp_paths {
    my ($dir) = @_;

    return join '', map { "${_}_temp_path $dir/$_;\n" }
        qw/client_body proxy fastcgi uwsgi scgi/;
}


sub redis {
    my ($self) = @_;
    my $port = port('redis');

    spawn('redis', ['redis-server', '--port', $port, '--save', '',
        '--bind', '127.0.0.1', '--dir', $self->{dir}]);

    return $port;
}


# An S3 store that does not limit what is measured: a plain nginx of one
# worker, with the bucket "bench", and files/ beside it.

sub store {
    my ($self, %o) = @_;
    my $dir   = $self->{dir};
    my $paths = temp_paths("$dir/store");
    my $port  = port('store');

    make_path("$dir/files", "$dir/objects", "$dir/store");

    $self->nginx('store', $self->head('store', %o) . <<"EOF");
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

    return $port;
}


sub s3_url {
    return 'http://127.0.0.1:' . port('store')
        . ' bucket=bench access_key=a secret_key=b';
}


sub listening {
    my ($self, @ports) = @_;

    wait_socket($_, 10) or die "bench: nothing listens on $_\n" for @ports;
}


# Programs of bench/, compiled: NAME.c and NAME_*.c.

sub program {
    my ($self, $name) = @_;
    my $exe = "$self->{out}/$name";

    return $self->{program}{$name} //= do {
        my $r = run_command(['cc', '-std=gnu99', '-D_GNU_SOURCE', '-O2', '-o',
            $exe, glob("$self->{root}/bench/$name.c "
            . "$self->{root}/bench/${name}_*.c"), '-lxxhash'],
            timeout => 120);

        $r->{exit} == 0 or die "bench: bench/$name.c\n$r->{err}";
        $exe;
    };
}


# Sends requests, [us from its start, port, uri, file of the body] by time,
# on so many connections to each port, for so many seconds at most: see
# bench/load.c.

sub play {
    my ($self, $requests, $connections, $limit) = @_;
    my $base = "$self->{dir}/load" . $self->{loads}++;

    spew("$base.schedule", map { join(' ', @$_) . "\n" } @$requests);

    my $pid = spawn('load', [$self->program('load'), "$base.schedule",
        $connections, $limit], out => "$base.out");

    return { pid => $pid, base => $base, n => scalar @$requests };
}


# What became of them, in the same order: due, sent, first, last (us of the
# monotonic clock), status, bytes, hash.

sub played {
    my ($self, $load) = @_;
    my $said;

    waitpid $load->{pid}, 0;
    forget($load->{pid});

    $said = slurp("$load->{base}.out");
    unlink "$load->{base}.out", "$load->{base}.schedule";

    my @answers = map {
        my %answer;
        @answer{qw/due sent first last status bytes hash/} = split / /;
        \%answer;
    } split /\n/, $said;

    @answers == $load->{n} or die "bench: the clients failed\n$said";

    return @answers;
}


# Numbers

sub median { return percentile(50, @_) }


sub percentile {
    my ($percent, @values) = @_;
    my @sorted = sort { $a <=> $b } @values;

    return $sorted[$#sorted * $percent / 100];
}


sub note {
    my ($self, @fields) = @_;

    print {$self->{csv}} join(',', @fields), "\n";
}


1;
