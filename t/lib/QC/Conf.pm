package QC::Conf;

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Tables of configuration mistakes.
#
#     use QC::Conf qw/refused zone/;
#
#     refused($t, $secret,
#         ["lines of http{}", qr/what nginx -t says/], ...);
#     zone('disk d;', ...);               # a zone "z" with these directives
#
# Each must make "nginx -t" fail with an [emerg] line that matches, names
# file and line, and does not repeat the secret.

use strict;
use warnings;

use Exporter qw/import/;
use Test::More;

our @EXPORT_OK = qw/refused zone/;


sub zone { return 'query_cache_zone z { ' . join(' ', @_) . ' }' }


sub refused {
    my ($t, $secret, @cases) = @_;

    for my $case (@cases) {
        my ($conf, $says) = @$case;

        my ($ok, $said) = check($t, $conf);
        my $name = name_of($t, $conf);

        ok(!$ok, "$name: refused");
        like($said, qr/\[emerg\].*$says.* in \S*test\.conf:\d+/,
            "$name: says what and where");
        is(index($said, $secret), -1, "$name: keeps the secret")
            or diag($said);
    }
}


sub check {
    my ($t, $conf) = @_;

    return $t->test_config(<<"EOF");
%%TEST_GLOBALS%%
events { }
http {
    %%TEST_GLOBALS_HTTP%%
    $conf
    server { listen 127.0.0.1:%%PORT_8080%%; }
}
EOF
}


sub name_of {
    my ($t, $conf) = @_;

    my $dir = $t->testdir;

    $conf =~ s/\Q$dir\E/DIR/g;
    $conf =~ s/\bquery_cache_zone z //g;

    return length $conf > 70 ? substr($conf, 0, 60) . '...' : $conf;
}


1;
