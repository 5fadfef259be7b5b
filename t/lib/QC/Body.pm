package QC::Body;

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Deterministic bodies of any size, without keeping them in memory: a body
# is its size, a seed and a kind, and any part of it can be had directly.
#
#     my $body = QC::Body->new(size => 300_000_000, seed => 'a');
#     $body->read($offset, $length);      # bytes
#     $body->bytes; $body->md5; $body->sha256;
#
# kind: "json" (rows, one JSON object a line, the last one cut at the size;
# compresses about as query results do) or "random" (does not compress).
# A block carries its number, so that lost, repeated or swapped blocks show.

use strict;
use warnings;

use Digest::MD5;
use Digest::SHA qw/sha512/;

use constant {
    BLOCK   => 65536,
    CYCLE   => 32,              # blocks that differ by more than the number
};

my %blocks;


sub new {
    my ($class, %o) = @_;

    return bless { size => $o{size} // 0, seed => $o{seed} // '',
        kind => $o{kind} // 'json' }, $class;
}


sub size { return $_[0]{size} }


sub read {
    my ($self, $offset, $length) = @_;
    my $out = '';

    my $end = $offset + $length;
    $end = $self->{size} if $end > $self->{size};

    while ($offset < $end) {
        my $at = $offset % BLOCK;
        my $n = BLOCK - $at;
        $n = $end - $offset if $n > $end - $offset;

        $out .= substr $self->block(int($offset / BLOCK)), $at, $n;
        $offset += $n;
    }

    return $out;
}


sub bytes {
    my ($self) = @_;

    return $self->read(0, $self->{size});
}


sub md5 { return $_[0]->digest(Digest::MD5->new) }


sub sha256 { return $_[0]->digest(Digest::SHA->new(256)) }


sub digest {
    my ($self, $context) = @_;

    for (my $at = 0; $at < $self->{size}; $at += BLOCK) {
        $context->add($self->read($at, BLOCK));
    }

    return $context->hexdigest;
}


sub block {
    my ($self, $n) = @_;

    my $list = $blocks{"$self->{kind} $self->{seed}"} //= [];
    my $i = $n % CYCLE;

    my $block = $list->[$i] //= $self->{kind} eq 'random'
        ? random_block("$self->{seed} $i") : json_block("$self->{seed} $i");

    my $mark = sprintf "{\"block\":%010d}\n", $n;
    substr $block, 0, length $mark, $mark;

    return $block;
}


sub json_block {
    my ($seed) = @_;

    my $state = unpack 'N', sha512($seed);
    my $block = sprintf "{\"block\":%010d}\n", 0;

    while (length($block) < BLOCK - 200) {
        $state = ($state * 1103515245 + 12345) & 0x7fffffff;
        my $value = ($state >> 8) % 1000003;

        $block .= sprintf "{\"id\":%d,\"page\":\"/shop/item-%d\","
            . "\"country\":\"%s\",\"visits\":%d,\"seconds\":%.2f}\n",
            $state, $value % 5000, (qw/de fr us jp br/)[$value % 5],
            $value % 997, $value / 100;
    }

    my $room = BLOCK - length($block) - length("{\"pad\":\"\"}\n");

    return $block . '{"pad":"' . 'x' x $room . "\"}\n";
}


sub random_block {
    my ($seed) = @_;

    return join '', map { sha512("$seed $_") } 1 .. BLOCK / 64;
}


1;
