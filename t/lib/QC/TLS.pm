package QC::TLS;

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Certificates, and TLS in front of a stand-in that has none.
#
#     my $ca = QC::TLS->ca($t->testdir);
#     $ca->file;                                  # for ca=FILE, curl --cacert
#     my ($cert, $key) = $ca->cert('s3.test',
#         names => ['DNS:s3.test', 'IP:127.0.0.1']);
#
#     $ca->front(port => port('s3s'), to => $s3->port, cert => $cert,
#                key => $key, lines => 'ssl_protocols TLSv1.2;');
#
#     QC::TLS::s_client($port, "GET / HTTP/1.0\r\n\r\n",
#                       options => ['-servername', 's3.test']);
#
# The front is a plain nginx that passes everything on: as bytes if the
# stream module is linked in (faults then arrive as they are), else as HTTP
# without buffering (a reset or garbage of the stand-in arrives as 502).

use strict;
use warnings;

use QC::Util qw/run_command spawn spew wait_socket/;


sub ca {
    my ($class, $dir) = @_;

    my $self = bless { dir => "$dir/tls", n => 0 }, $class;

    mkdir $self->{dir};

    openssl('req', '-x509', '-new', '-nodes', '-newkey', 'rsa:2048',
        '-days', 2, '-subj', '/CN=test CA', '-keyout', "$self->{dir}/ca.key",
        '-out', $self->file);

    return $self;
}


sub file { return "$_[0]{dir}/ca.crt" }


# Options: names => ['DNS:...', 'IP:...'], days => 2

sub cert {
    my ($self, $name, %o) = @_;

    my $base = "$self->{dir}/" . ++$self->{n};
    my @names = @{$o{names} // ["DNS:$name", 'IP:127.0.0.1']};

    spew("$base.ext", 'subjectAltName=' . join(',', @names) . "\n");

    openssl('req', '-new', '-nodes', '-newkey', 'rsa:2048', '-subj',
        "/CN=$name", '-keyout', "$base.key", '-out', "$base.csr");
    openssl('x509', '-req', '-in', "$base.csr", '-CA', $self->file,
        '-CAkey', "$self->{dir}/ca.key", '-CAcreateserial', '-days',
        $o{days} // 2, '-extfile', "$base.ext", '-out', "$base.crt");

    return ("$base.crt", "$base.key");
}


sub openssl {
    my @arguments = @_;

    my $result = run_command(['openssl', @arguments]);
    die "openssl @arguments: $result->{err}" if $result->{exit} != 0;
}


# Returns the front's process; lines: more for its server{} block

sub front {
    my ($self, %o) = @_;

    my $dir = "$self->{dir}/front-$o{port}";
    my $binary = $ENV{TEST_NGINX_BINARY} || '/usr/sbin/nginx';
    my $built = run_command([$binary, '-V'])->{err};
    my $stream = $built =~ /--with-stream\s/
        && $built =~ /--with-stream_ssl_module\s/;

    my $tls = "listen 127.0.0.1:$o{port} ssl; ssl_certificate $o{cert};"
        . " ssl_certificate_key $o{key}; " . ($o{lines} // '');

    mkdir $dir;
    spew("$dir/nginx.conf", $> == 0 ? "user root;\n" : '',
        "daemon off; master_process off; pid $dir/nginx.pid;\n",
        "error_log $dir/error.log info;\nevents { }\n",
        $stream ? "stream { server { $tls proxy_pass 127.0.0.1:$o{to}; } }\n"
                : http_front($dir, $tls, $o{to}));

    my $pid = spawn('TLS front', [$binary, '-p', "$dir/", '-c', 'nginx.conf',
        '-e', "$dir/error.log"], out => "$dir/out");

    wait_socket($o{port}, 10) or die "the TLS front did not start\n";

    return $pid;
}


sub http_front {
    my ($dir, $tls, $to) = @_;

    return <<"EOF";
http {
    access_log off;
    client_max_body_size 0;
    client_body_temp_path $dir/body;
    proxy_temp_path $dir/proxy;
    fastcgi_temp_path $dir/fastcgi;
    scgi_temp_path $dir/scgi;
    uwsgi_temp_path $dir/uwsgi;
    upstream to { server 127.0.0.1:$to max_fails=0; keepalive 32; }
    server {
        $tls
        location / {
            proxy_pass http://to;
            proxy_set_header Host \$http_host;
            proxy_set_header Connection '';
            proxy_http_version 1.1;
            proxy_buffering off;
            proxy_request_buffering off;
            proxy_next_upstream off;
        }
    }
}
EOF
}


# A request over TLS: what came back

sub s_client {
    my ($port, $request, %o) = @_;

    return run_command(['openssl', 's_client', '-connect',
        "127.0.0.1:$port", '-quiet', '-ign_eof', @{$o{options} // []}],
        input => $request, timeout => $o{timeout} // 10)->{out};
}


1;
