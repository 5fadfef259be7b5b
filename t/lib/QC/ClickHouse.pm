package QC::ClickHouse;

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# A ClickHouse server with a table of samples: see QC::Services.
#
#     my $ch = QC::ClickHouse->start;
#     $ch->query('SELECT 1', 'max_block_size=10');   # bytes; dies on errors
#
# hits: day Date, id UInt64, page String (1000 of them), country String,
# visits UInt32; 100,000 rows with id 0 .. 99,999.  User "default" has no
# password, "reader" (password "secret") may only read.

use strict;
use warnings;

use QC::Client;
use QC::Util qw/free_port need_program spawn spew stop_process tail
    temp_dir wait_until/;

use constant ROWS => 100_000;


sub at {
    my ($class, $url) = @_;

    my ($port) = $url =~ /:(\d+)/;

    return bless { url => $url, port => $port }, $class;
}


sub start {
    my ($class) = @_;

    need_program('clickhouse-server');

    my $port = free_port();
    my $self = $class->at("http://127.0.0.1:$port/");
    my $dir = $self->{dir} = temp_dir('clickhouse');

    $self->configure;
    $self->{pid} = spawn('clickhouse', ['clickhouse-server',
        "--config-file=$dir/config.xml"], out => "$dir/out", cwd => "$dir",
        signal => 'KILL');

    wait_until(sub {
        return eval {
            QC::Client->new(port => $port)->get('/ping')->status == 200;
        };
    }, 30) or die "ClickHouse did not start\n", tail("$dir/error.log", 10);

    $self->query('CREATE TABLE hits (day Date, id UInt64, page String,'
        . ' country String, visits UInt32) ENGINE = MergeTree(day, id, 8192)');
    $self->query("INSERT INTO hits SELECT toDate('2026-01-01')"
        . " + number % 300, number,"
        . " concat('/page/', toString(intHash32(number) % 1000)),"
        . " ['de', 'fr', 'us', 'jp', 'br'][number % 5 + 1],"
        . " intHash32(number + 1) % 1000 FROM system.numbers LIMIT "
        . ROWS);

    return $self;
}


sub configure {
    my ($self) = @_;

    my ($dir, $tcp) = ($self->{dir}, free_port());

    mkdir "$dir/$_" for qw/data tmp/;

    spew("$dir/users.xml", <<'EOF');
<yandex>
    <profiles><default/><readonly><readonly>1</readonly></readonly></profiles>
    <users>
        <default>
            <password></password>
            <networks><ip>127.0.0.1</ip></networks>
            <profile>default</profile><quota>default</quota>
        </default>
        <reader>
            <password>secret</password>
            <networks><ip>127.0.0.1</ip></networks>
            <profile>readonly</profile><quota>default</quota>
        </reader>
    </users>
    <quotas><default/></quotas>
</yandex>
EOF

    spew("$dir/config.xml", <<"EOF");
<yandex>
    <logger>
        <level>warning</level>
        <log>$dir/server.log</log><errorlog>$dir/error.log</errorlog>
    </logger>
    <http_port>$self->{port}</http_port>
    <tcp_port>$tcp</tcp_port>
    <listen_host>127.0.0.1</listen_host>
    <path>$dir/data/</path>
    <tmp_path>$dir/tmp/</tmp_path>
    <users_config>$dir/users.xml</users_config>
    <default_profile>default</default_profile>
    <default_database>default</default_database>
    <mark_cache_size>67108864</mark_cache_size>
    <keep_alive_timeout>30</keep_alive_timeout>
</yandex>
EOF
}


sub url { return $_[0]{url} }


sub port { return $_[0]{port} }


sub query {
    my ($self, $sql, $args) = @_;

    my $r = QC::Client->new(port => $self->{port}, timeout => 30)
        ->post('/' . (defined $args ? "?$args" : ''), $sql);

    die 'ClickHouse: ' . $r->body . "\n" if $r->status != 200;

    return $r->body;
}


sub stop {
    my ($self) = @_;

    stop_process(delete $self->{pid}) if $self->{pid};
}


1;
