package QC::Pairs;

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Tables of requests that must share an entry, must not, or must be bypassed,
# run through nginx.
#
#     use QC::Pairs;
#     QC::Pairs::run('clickhouse');           # t/pairs/clickhouse.txt
#
# A table is text:
#
#     # a comment
#
#     server fold {                           a server of nginx, with what is
#         query_cache_engine clickhouse;      in braces; the first one is the
#         query_cache_fold on;                default of the cases
#     }
#
#     same on fold: POST and QUERY of one query
#         POST /
#             X-Name: value                   a header field of the request
#             | SELECT 1                      its body; several lines are
#             | FORMAT JSON                   joined by a newline
#         QUERY /
#             \ SELECT 1\nFORMAT JSON         the same: \n \r \t \\ \xHH
#             encoded gzip                    with Content-Encoding
#
# The kinds: "same" (the first is stored, the others are hits of it),
# "differ" (each has an entry of its own), "apart" (no one gets another's
# answer, stored or not), "bypass REASON" (each time, and nothing is stored).
# Cases do not share among each other: each is a namespace.
#
# The proof is what nginx does: status, key, and the answer, which numbers
# the requests that reached the upstream.  Each request is explained before
# it is sent, too, and the explanation has to say what happens then.

use strict;
use warnings;

use Cwd qw/abs_path/;
use Digest::MD5 qw/md5_hex/;
use File::Basename qw/dirname/;
use JSON::PP ();
use Test::More ();

use QC::Nginx;
use QC::Upstream;
use QC::Util qw/need_program run_command slurp/;

my $folder = abs_path(dirname(__FILE__) . '/../../pairs');
my %escape = (n => "\n", r => "\r", t => "\t", '\\' => '\\');


# run(name, t => QC::Nginx, up => QC::Upstream); returns both

sub run {
    my ($name, %o) = @_;

    my $table = parse("$folder/$name.txt");
    my $t = QC::Nginx->new->has(qw/http proxy query_cache/);
    my $up = QC::Upstream->start(port => port('up'),
        routes => { '/*' => \&echo });

    $t->write_file_expand('nginx.conf', configuration($table));
    $t->run;

    my $self = bless { t => $t, client => $t->client, cases => $table->{cases},
        stored => 0, upstream => 0 }, __PACKAGE__;

    $self->rounds;

    for my $case (@{$table->{cases}}) {
        Test::More::is(join("\n", @{$case->{faults}}), '',
            "$name.txt:$case->{line}: $case->{kind}: $case->{why}");
    }

    Test::More::is($up->count(qr/./), $self->{upstream},
        "upstream: what was not a hit, and no explanation");

    return ($t, $up);
}


# The table

sub parse {
    my ($file) = @_;

    my %table = (servers => [], cases => []);
    my ($n, $server) = (0);

    for (split /\n/, slurp($file)) {
        $n++;

        if ($server) {
            undef $server, next if /^\}$/;
            $server->{text} .= "        $_\n";

        } elsif (/^(?:#|\s*$)/) {
            next;

        } elsif (/^server (\w+) \{$/) {
            $server = { name => $1, text => '' };
            push @{$table{servers}}, $server;

        } elsif (/^(same|differ|apart|bypass)(?: (\w+))??(?: on (\w+))?: (.+)/)
        {
            push @{$table{cases}}, { kind => $1, reason => $2 // '',
                server => $3 // $table{servers}[0]{name}, why => $4,
                line => $n, faults => [], requests => [],
                number => scalar @{$table{cases}} };

        } else {
            parse_request($table{cases}[-1], $_, $n)
                or die "$file:$n: cannot read \"$_\"\n";
        }
    }

    encode($_) for grep { $_->{coding} }
        map { @{$_->{requests}} } @{$table{cases}};

    return \%table;
}


sub parse_request {
    my ($case, $line, $n) = @_;

    my $requests = $case->{requests} or return 0;

    if ($line =~ m{^    ([A-Z]+) (/\S*)$}) {
        push @$requests, { method => $1, uri => $2, line => $n,
            headers => ['Host', $case->{server}, 'X-Case', $case->{number}] };
        return 1;
    }

    my $r = $requests->[-1] or return 0;

    if ($line =~ /^        \|(?: (.*))?$/) {
        add_body($r, $1 // '');

    } elsif ($line =~ /^        \\ (.*)$/) {
        (my $text = $1) =~
            s/\\(?:x([0-9a-f]{2})|(.))/defined $1 ? chr hex $1
                                                  : $escape{$2}/gie;
        add_body($r, $text);

    } elsif ($line =~ /^        encoded (\w+)(?: -(\d+))?$/) {
        @$r{qw/coding level/} = ($1, $2 // 3);
        push @{$r->{headers}}, 'Content-Encoding', $1;

    } elsif ($line =~ /^        ([\w-]+): ?(.*)$/) {
        push @{$r->{headers}}, $1, $2;

    } else {
        return 0;
    }

    return 1;
}


sub add_body {
    my ($r, $text) = @_;

    $r->{body} = defined $r->{body} ? "$r->{body}\n$text" : $text;
}


# By the programs, so that what is encoded is not our idea of it

sub encode {
    my ($r) = @_;

    need_program($r->{coding});

    my $done = run_command([$r->{coding}, "-$r->{level}", '-c'],
        input => $r->{body});
    die "$r->{coding}: $done->{err}\n" if $done->{exit};

    $r->{body} = $done->{out};
}


sub configuration {
    my ($table) = @_;

    my $servers = join '', map { <<"EOT" } @{$table->{servers}};

    server {
        listen 127.0.0.1:%%PORT_8080%%;
        server_name $_->{name};

$_->{text}
        location / {
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /query_cache {
            query_cache off;
            query_cache_admin z;
        }
    }
EOT

    return <<"EOT";

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        disk %%TESTDIR%%/store;
    }

    query_cache            z;
    query_cache_methods    GET HEAD POST QUERY;
    query_cache_valid      1h;
    query_cache_namespace  \$http_x_case;

    add_header X-Status \$query_cache_status always;
    add_header X-Reason \$query_cache_reason always;
    add_header X-Key    \$query_cache_key    always;
$servers}

EOT
}


# What the upstream says: its count of requests, and which one this was

sub echo {
    my ($req, $n) = @_;

    return { body => "{\"n\":$n,\"echo\":\"" . digest($req) . "\"}\n" };
}


sub digest {
    my ($req) = @_;

    return md5_hex(join "\0", $req->{method}, $req->{uri}, $req->{body} // '');
}


# Running.  All first requests, then all second ones, so that stores are
# waited for once a round and not once a case.

sub rounds {
    my ($self) = @_;

    for (my $i = 0; ; $i++) {
        my @cases = grep { $_->{requests}[$i] } @{$self->{cases}} or last;

        $self->explain($_, $_->{requests}[$i], $i) for @cases;
        $self->first($_, $_->{requests}[$i], $i) for @cases;
        $self->wait_stored;
    }

    for my $case (@{$self->{cases}}) {
        $self->again($case, $_) for @{$case->{requests}};
        compare($case);
    }

    $self->wait_stored;
}


sub ask {
    my ($self, $r, %o) = @_;

    return $self->{client}->request($o{method} // $r->{method},
        $o{uri} // $r->{uri}, headers => $r->{headers},
        defined $r->{body} ? (body => $r->{body}) : ());
}


sub explain {
    my ($self, $case, $r, $i) = @_;

    (my $uri = $r->{uri}) =~ s/([^A-Za-z0-9_.~-])/sprintf '%%%02X', ord $1/ge;

    my $answer = $self->ask($r, uri => "/query_cache?explain=$uri");
    my $said = eval { JSON::PP::decode_json($answer->body) };

    if (!$said) {
        fault($case, $i, 'the explanation is ' . $answer->status . ' '
            . substr $answer->body, 0, 200);
        return;
    }

    $r->{explained} = $said;

    my $kind = $case->{kind};
    my $expected = $kind eq 'same' && $i ? 'hit'
        : $kind eq 'bypass' ? 'bypass'
        : $kind eq 'apart' ? $said->{decision} : 'miss';

    fault($case, $i, "explained as $said->{decision}, not $expected")
        if $said->{decision} ne $expected;
    fault($case, $i, "explained with reason \"$said->{reason}\"")
        if $kind eq 'bypass' && ($said->{reason} // '') ne $case->{reason};
}


# The first time of a request

sub first {
    my ($self, $case, $r, $i) = @_;

    my $answer = $self->ask($r);
    my $kind = $case->{kind};
    my $shares = $kind eq 'same' && $i;

    $r->{status} = $answer->header('X-Status') // '';
    $r->{key} = $answer->header('X-Key') // '';
    $r->{body_got} = $answer->body;
    $r->{reason} = $answer->header('X-Reason') // '';

    $self->{stored}++ if $r->{status} eq 'MISS';
    $self->{upstream}++ if $r->{status} ne 'HIT';

    fault($case, $i, 'answered ' . $answer->status)
        if $answer->status != 200;

    my $expected = $kind eq 'bypass' ? 'BYPASS' : $shares ? 'HIT' : 'MISS';
    my $ok = $kind eq 'apart' ? $r->{status} ne 'HIT'
                              : $r->{status} eq $expected;

    fault($case, $i, "$r->{status} $r->{reason}, not $expected") unless $ok;
    fault($case, $i, "reason \"$r->{reason}\"")
        if $kind eq 'bypass' && $r->{reason} ne $case->{reason};

    if ($shares) {
        fault($case, $i, "got $r->{body_got} instead of the first answer")
            if $r->{body_got} ne $case->{requests}[0]{body_got};

    } elsif (index($r->{body_got}, digest($r)) < 0) {
        fault($case, $i, "was changed on its way upstream: $r->{body_got}");
    }

    if ($r->{status} =~ /^(?:MISS|HIT)$/ && $r->{explained}
        && ($r->{explained}{key} // '') ne $r->{key})
    {
        fault($case, $i, "explained with key "
            . ($r->{explained}{key} // 'null') . ", not $r->{key}");
    }
}


# Everything that was stored is a hit of its own; what was bypassed is again

sub again {
    my ($self, $case, $r) = @_;

    my $answer = $self->ask($r);
    my $status = $answer->header('X-Status') // '';
    my $i = $r == $case->{requests}[0] ? 0 : 1;

    $self->{upstream}++ if $status ne 'HIT';
    $self->{stored}++ if $status eq 'MISS';

    if ($r->{status} eq 'BYPASS') {
        fault($case, $i, "$status the second time") if $status ne 'BYPASS';
        return;
    }

    fault($case, $i, "$status the second time") if $status ne 'HIT';
    fault($case, $i, 'got ' . $answer->body . ", not $r->{body_got}")
        if $answer->body ne $r->{body_got};
}


sub compare {
    my ($case) = @_;

    my @keys = grep { $_ ne '' } map { $_->{key} } @{$case->{requests}};
    my %keys = map { $_ => 1 } @keys;

    return if $case->{kind} eq 'bypass';

    fault($case, 0, 'keys differ')
        if $case->{kind} eq 'same' && keys %keys != 1;
    fault($case, 0, 'keys are equal')
        if $case->{kind} ne 'same' && keys %keys != @keys;
}


sub wait_stored {
    my ($self) = @_;

    my $t = $self->{t};

    $t->wait_stats('/query_cache', 'store', 'stored', $self->{stored})
        if $self->{stored};

    my $stored = $t->stats('/query_cache', 'store', 'stored');

    Test::More::is($stored, $self->{stored}, 'stored what was to be stored');
}


sub fault {
    my ($case, $i, $text) = @_;

    my $r = $case->{requests}[$i];

    push @{$case->{faults}}, "$r->{line}: $r->{method} $r->{uri}: $text";
}


1;
