package QC::Edges;

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Two nginx with one Redis, one S3 and one upstream, as on two machines.
#
#     my ($redis, $s3) = (redis(), QC::FakeS3->start(port => port('s3')));
#     my ($here, $there) = edges($redis, lines of the location, lock_timeout);
#
#     my $fill = at($here, '/a');             # one request
#     my @others = many($there, 5, '/a');     # these wait
#     counted($there, 'notified');            # of the group "lock"
#     counts($there, 'notified', 1);          # waits until it is that
#     my %locks = locks($redis);              # URIs do not matter: keys,
#                                             # and [value, ms to live]
#
# Each has one worker; /stats, and X-Status, as of QC::Collapse.  More options
# follow the time-out: workers => 2, redis => lines of the zone instead of the
# usual ones, silent => 1 (there is no subscription to wait for), and
# start => sub { my ($edge, $n) = @_; $edge->run } with $n 0 and 1.

use strict;
use warnings;

use parent 'Exporter';

use QC::Collapse;
use QC::Nginx ();
use QC::Util qw/wait_until/;

our @EXPORT = qw/at counted counts edges locks many/;


sub edges {
    my ($redis, $location, $timeout, %o) = @_;

    my @edges = map { QC::Nginx->new->has(qw/http proxy query_cache/) } 1, 2;

    $edges[$_]{edge} = 8080 + $_ for 0, 1;

    for my $n (0, 1) {
        my $edge = $edges[$n];

        $edge->write_file_expand('nginx.conf', conf($redis, $edge->{edge},
            $location // '', $timeout // '60s', %o));
        $o{start} ? $o{start}->($edge, $n) : $edge->run;
        counts($edge, 'subscribed', $o{workers} // 1) unless $o{silent};
    }

    return @edges;
}


sub conf {
    my ($redis, $port, $location, $timeout, %o) = @_;

    my $workers = $o{workers} // 1;
    my $listen = $workers > 1 ? ' reuseport' : '';
    my $lines = $o{redis} // 'redis_timeout 1s; redis_backoff 20ms 50ms;';

    return <<"EOF";

%%TEST_GLOBALS%%

worker_processes $workers;

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        redis ${\$redis->url};
        $lines
        store_retries 0;
        s3 http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
    }

    server {
        listen 127.0.0.1:%%PORT_$port%%$listen;

        location / {
            query_cache z;
            query_cache_lock on;
            query_cache_lock_timeout $timeout;
            add_header X-Status \$query_cache_status always;
            add_header X-Reason \$query_cache_reason always;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
            $location
        }

        location = /stats {
            query_cache_admin z;
        }
    }
}

EOF
}


sub at {
    my ($edge, $uri, %o) = @_;

    return one($edge, $uri, %o, port => $edge->{edge});
}


sub many {
    my ($edge, $n, $uri, %o) = @_;

    return crowd($edge, $n, $uri, %o, port => $edge->{edge});
}


sub counted {
    my ($edge, $name, $group) = @_;

    return $edge->stats('/stats', $group // 'lock', $name,
        port => $edge->{edge});
}


sub counts {
    my ($edge, $name, $least, $seconds) = @_;

    return wait_until(sub { counted($edge, $name) >= $least }, $seconds);
}


sub locks {
    my ($redis) = @_;

    return map { $_ => [$redis->cli('GET', $_), $redis->cli('PTTL', $_)] }
        split /\n/, $redis->cli('KEYS', '*~lock:*');
}


1;
