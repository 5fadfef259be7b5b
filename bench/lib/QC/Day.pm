package QC::Day;

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# The machinery of bench/day: ClickHouse, an nginx in front of it that counts
# its runs, and one after the other nginx with a configuration to measure.

use strict;
use warnings;

use parent 'QC::Rig';

use QC::ClickHouse;
use QC::Rig qw/percentile temp_paths/;
use QC::Traffic;
use QC::Util qw/port slurp spew/;

use constant {
    URI         => '/?max_threads=1',
    CONNECTIONS => 64,
    TRUTH       => 60,          # s, for each query once
    FAILS       => '(toUInt32(now()) - %d) %% 6 < 2',
};


# Options: seed, seconds, rate, rows (millions), store (disk or redis)

sub new {
    my ($class, $root, %o) = @_;
    my $self = $class->SUPER::new($root, 'day', 'clickhouse-server',
        $o{store} eq 'redis' ? 'redis-server' : ());

    @$self{keys %o} = values %o;

    return $self;
}


sub start {
    my ($self) = @_;
    my $clickhouse = $self->{clickhouse} = QC::ClickHouse->start;

    $clickhouse->query($_) for QC::Traffic->tables($self->{rows});

    $self->nginx('origin', $self->origin_conf);
    $self->listening(port('origin'));

    if ($self->{store} eq 'redis') {
        $self->listening($self->redis, $self->store(connections => 8192));
    }

    my $traffic = QC::Traffic->new(map { $_ => $self->{$_} }
        qw/seed seconds rate/);

    $self->{tiles}    = [$traffic->tiles];
    $self->{requests} = $traffic->requests;

    $self->learn;
}


# The right answer of each query that is going to be asked.

sub learn {
    my ($self) = @_;
    my %asked = map { $_->[1] => 1 } @{$self->{requests}};
    my @tiles = sort { $a <=> $b } keys %asked;

    $self->write_tiles('0');

    my @answers = $self->played($self->play(
        [map { [0, $self->{clickhouse}->port, URI, $self->file($_)] } @tiles],
        2, TRUTH));

    for my $i (0 .. $#tiles) {
        $answers[$i]{status} > 0 or die "bench: no answer within the time\n"
            . $self->{tiles}[$tiles[$i]] . "\n";
        $self->{truth}{$tiles[$i]} = $answers[$i];
    }
}


sub file { return "$_[0]{dir}/tile$_[1]" }


sub write_tiles {
    my ($self, $fails) = @_;
    my $n = 0;

    spew($self->file($n++), s/%FAILS%/$fails/r) for @{$self->{tiles}};
}


sub origin_conf {
    my ($self) = @_;
    my $dir   = "$self->{dir}/origin";
    my $paths = temp_paths($dir);
    my ($origin, $clickhouse) = (port('origin'), $self->{clickhouse}->port);

    return $self->head('origin') . <<"EOF";
http {
    log_format run '\$http_x_run \$request_method \$status \$request_time';
    access_log $dir/runs.log run;
    tcp_nodelay on;
    keepalive_requests 1000000;
    $paths

    upstream clickhouse { server 127.0.0.1:$clickhouse; keepalive 128; }

    server {
        listen 127.0.0.1:$origin;

        location / {
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_pass http://clickhouse;
        }
    }
}
EOF
}


# Lines of the location, and the variable that says what became of a request.

sub edge_conf {
    my ($self, $name, $status, @lines) = @_;
    my $dir    = "$self->{dir}/$name";
    my $paths  = temp_paths($dir);
    my $module = $status eq '$query_cache_status';
    my $http   = $module ? $self->zone($dir) : $status eq '-' ? ''
        : "proxy_cache_path $dir/cache keys_zone=peer:8m inactive=1h;";
    my ($edge, $origin) = (port($name), port('origin'));

    return $self->head($name, module => $module, workers => 2) . <<"EOF";
http {
    log_format day '\$status $status';
    access_log $dir/access.log day buffer=64k;
    tcp_nodelay on;
    keepalive_requests 1000000;
    client_body_buffer_size 16k;
    $paths

    $http

    upstream origin { server 127.0.0.1:$origin; keepalive 128; }

    server {
        listen 127.0.0.1:$edge reuseport backlog=1024;

        location / {
@{[join "\n", map { ' ' x 12 . $_ } @lines]}
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header X-Run $name;
            proxy_pass http://origin;
        }
    }
}
EOF
}


# Each configuration begins with nothing stored.

sub zone {
    my ($self, $dir) = @_;
    my $where = $self->{store} eq 'disk' ? "disk $dir/store;"
        : 'redis redis://127.0.0.1:' . port('redis') . " prefix=$dir:; s3 "
          . $self->s3_url . ';';

    return "query_cache_zone day { $where }";
}


# Replays the day with a configuration, as edge_conf() takes it.

sub replay {
    my ($self, $name, @conf) = @_;

    $self->nginx($name, $self->edge_conf($name, @conf));
    $self->listening(port($name));
    $self->write_tiles(sprintf FAILS, time);

    my @requests = @{$self->{requests}};
    my @answers = $self->played($self->play(
        [map { [$_->[0], port($name), URI, $self->file($_->[1])] } @requests],
        CONNECTIONS, $self->{seconds} * 1.5 + 5));

    # what it does in the background ends before it does

    $self->stop($name);

    return { $self->judge(\@requests, \@answers), $self->logged($name) };
}


# Times count from when a request was due, as clients see them.

sub judge {
    my ($self, $requests, $answers) = @_;
    my %n = (error => 0, wrong => 0, unsent => 0);
    my @times;

    for my $i (0 .. $#$answers) {
        my $answer = $answers->[$i];
        my $truth  = $self->{truth}{$requests->[$i][1]};

        if ($answer->{status} == -1) {
            $n{unsent}++;
            next;
        }

        push @times, ($answer->{last} - $answer->{due}) / 1000;

        if ($answer->{status} != 200) {
            $n{error}++;

        } elsif ($truth->{status} != 200 || $truth->{hash} ne $answer->{hash})
        {
            $n{wrong}++;
        }
    }

    return (%n, requests => scalar @times, p50 => percentile(50, @times),
        p99 => percentile(99, @times), max => percentile(100, @times));
}


sub logged {
    my ($self, $name) = @_;
    my @runs = slurp("$self->{dir}/origin/runs.log") =~ /^$name POST (\d+)/mg;
    my @said = slurp("$self->{dir}/$name/access.log") =~ /^\d+ (\S+)/mg;
    my $hits = grep { /^(?:HIT|STALE|UPDATING|REVALIDATED)$/ } @said;

    return (runs => scalar @runs, failed => scalar(grep { $_ >= 400 } @runs),
        hits => @said ? $hits / @said : 0);
}


1;
