package QC::RGW;

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# A Ceph object gateway with its monitor and one in-memory OSD: a real S3.
#
#     my $rgw = QC::RGW->start;       # { endpoint, access, secret }
#     $rgw->stop;
#
# A lifecycle day lasts 5 s.  paxos_propose_interval is what makes it start
# in 6 s instead of 12, and the first bucket in 0.2 s instead of 2.

use strict;
use warnings;

use QC::Client;
use QC::S3;
use QC::Util qw/free_port need_program run_command slurp spawn spew
    stop_process tail temp_dir wait_until/;

use constant {
    START_LIMIT => 60,
    MEMORY      => 4 * 1024 * 1024 * 1024,      # that objects may take
};


sub start {
    my ($class, %o) = @_;

    need_program(qw/ceph ceph-mon ceph-osd monmaptool radosgw
        radosgw-admin/);

    my $self = bless { access => 'QCTESTACCESS', secret => 'qc-test-secret',
        port => free_port(), monitor => free_port(), pids => [],
        dir => temp_dir('rgw') }, $class;

    $self->{endpoint} = "http://127.0.0.1:$self->{port}";
    $self->configure(%o);

    my $ok = eval { $self->launch; 1 };

    if (!$ok) {
        my $error = $@;
        $self->stop;
        die "RGW did not start: $error";
    }

    return $self;
}


sub configure {
    my ($self, %o) = @_;
    my $dir = $self->{dir};

    $self->{fsid} = uuid();
    mkdir "$dir/$_" for qw/mon osd run/;

    my $nodelay = $o{nagle} ? '' : ' tcp_nodelay=1';

    spew("$dir/ceph.conf", <<"EOF");
[global]
fsid = $self->{fsid}
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
mon_host = v1:127.0.0.1:$self->{monitor}
ms_bind_msgr2 = false
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
mon_allow_pool_size_one = true
mon_max_pg_per_osd = 1000
paxos_propose_interval = 0.05
osd_objectstore = memstore
osd_crush_update_on_start = false
osd_class_update_on_start = false
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 8
osd_pool_default_pgp_num = 8
osd_crush_chooseleaf_type = 0
memstore_device_bytes = @{[MEMORY]}
run_dir = $dir/run
mon_data = $dir/mon
osd_data = $dir/osd
log_file = $dir/\$name.log
admin_socket = $dir/run/\$name.asok
pid_file = $dir/run/\$name.pid
keyring = $dir/keyring
rgw_lc_debug_interval = 5

[client.rgw]
rgw_frontends = beast endpoint=127.0.0.1:$self->{port}$nodelay
EOF
}


sub uuid { return slurp('/proc/sys/kernel/random/uuid') =~ s/\n//r }


sub launch {
    my ($self) = @_;

    my $dir = $self->{dir};
    my $osd = uuid();

    command('monmaptool', '--create', '--fsid', $self->{fsid}, '--addv', 'a',
        "v1:127.0.0.1:$self->{monitor}", "$dir/monmap");

    $self->command('ceph-mon', '-i', 'a', '--mkfs', '--monmap',
        "$dir/monmap");
    $self->daemon('ceph-mon', '-i', 'a', '-f');

    # a monitor that has just begun may answer that nobody may ask it
    wait_until(sub { eval { $self->command(qw/ceph osd dump/); 1 } },
        START_LIMIT);

    # placed by hand: an OSD that does it itself sometimes asks before it
    # knows the fsid, and ends
    $self->command('ceph', 'osd', 'new', $osd);
    $self->command(qw/ceph osd crush add osd.0 1.0 root=default/);
    $self->command('ceph-osd', '-i', '0', '--mkfs', '--osd-uuid', $osd);
    $self->daemon('ceph-osd', '-i', '0', '-f');

    $self->daemon('radosgw', '-n', 'client.rgw', '-f');
    $self->command('radosgw-admin', 'user', 'create', '--uid=test',
        '--display-name=test', '--access-key', $self->{access}, '--secret',
        $self->{secret});

    wait_until(sub {
        return eval {
            QC::Client->new(port => $self->{port})->get('/')->status == 200;
        };
    }, START_LIMIT) or die tail("$dir/client.rgw.log", 10);

    # the store makes its pools when they are first used
    my $s3 = QC::S3->new(map { $_ => $self->{$_} }
        qw/endpoint access secret/);
    $s3->put('first', 'x');
    $s3->clean;
}


sub command {
    my $self = ref $_[0] ? shift : undef;
    my ($program, @arguments) = @_;

    unshift @arguments, '-c', "$self->{dir}/ceph.conf" if $self;

    my $result = run_command([$program, @arguments], timeout => START_LIMIT);

    die "$program: $result->{err}$result->{out}" if $result->{exit} != 0;
}


sub daemon {
    my ($self, $program, @arguments) = @_;

    push @{$self->{pids}}, spawn($program, [$program, '-c',
        "$self->{dir}/ceph.conf", @arguments],
        out => "$self->{dir}/$program.out", signal => 'KILL');
}


sub stop {
    my ($self) = @_;

    stop_process($_) for reverse splice @{$self->{pids}};
}


1;
