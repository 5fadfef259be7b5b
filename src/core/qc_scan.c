
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_scan.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif


/* The classes of bytes, as bits of qc_scan_classes. */

#define QC_SCAN_QUOTE      0
#define QC_SCAN_BACKSLASH  1
#define QC_SCAN_BRACKET    2
#define QC_SCAN_CONTROL    3
#define QC_SCAN_FOREIGN    4

#define QC_SCAN_EVEN       0x5555555555555555u
#define QC_SCAN_LOW_BITS   0x0101010101010101u
#define QC_SCAN_GATHER     0x0102040810204080u


static uint64_t qc_scan_gather(uint64_t classes, unsigned bit);
static uint64_t qc_scan_escaped(uint64_t backslash, uint64_t *carry);
static uint64_t qc_scan_prefix_xor(uint64_t bits);
static unsigned qc_scan_lowest(uint64_t bits);


static const uint8_t  qc_scan_classes[256] = {
    24, 24, 24, 24, 24, 24, 24, 24, 24,  8,  8, 24, 24,  8, 24, 24,
    24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24,
     0, 16,  1, 16, 16, 16, 16, 16, 16, 16, 16,  0,  0,  0,  0, 16,
     0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0, 16, 16, 16, 16, 16,
    16,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,
     0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  4, 18,  4, 16, 16,
    16,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,
     0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  4, 16,  4, 16, 16,
    16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16,
    16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16,
    16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16,
    16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16,
    16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16,
    16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16,
    16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16,
    16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16
};


#ifdef __SSE2__

/* One quarter of a block, its bits shifted to where they belong. */

static inline void
qc_scan_quarter(const uint8_t *p, unsigned shift, qc_scan_block_t *block)
{
    __m128i  v, lower, digit, letter, quote, backslash, bracket, control, ok;

    v = _mm_loadu_si128((const __m128i *) (const void *) p);
    lower = _mm_or_si128(v, _mm_set1_epi8(0x20));

    quote = _mm_cmpeq_epi8(v, _mm_set1_epi8('"'));
    backslash = _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'));

    bracket = _mm_or_si128(_mm_cmpeq_epi8(lower, _mm_set1_epi8('{')),
                           _mm_cmpeq_epi8(lower, _mm_set1_epi8('}')));

    control = _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1f)), v);

    /* + , - . 0 to 9 and the colon have a slash between them */

    digit = _mm_sub_epi8(v, _mm_set1_epi8('+'));
    digit = _mm_cmpeq_epi8(_mm_min_epu8(digit, _mm_set1_epi8(':' - '+')),
                           digit);
    digit = _mm_andnot_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('/')), digit);

    letter = _mm_sub_epi8(lower, _mm_set1_epi8('a'));
    letter = _mm_cmpeq_epi8(_mm_min_epu8(letter, _mm_set1_epi8('z' - 'a')),
                            letter);

    ok = _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8(' ')),
                      _mm_cmpeq_epi8(v, _mm_set1_epi8('\n')));
    ok = _mm_or_si128(ok, _mm_cmpeq_epi8(v, _mm_set1_epi8('\t')));
    ok = _mm_or_si128(ok, _mm_cmpeq_epi8(v, _mm_set1_epi8('\r')));
    ok = _mm_or_si128(ok, _mm_or_si128(digit, letter));
    ok = _mm_or_si128(ok, _mm_or_si128(quote, bracket));

#define qc_scan_bits(x)  ((uint64_t) (uint32_t) _mm_movemask_epi8(x) << shift)

    block->quote |= qc_scan_bits(quote);
    block->backslash |= qc_scan_bits(backslash);
    block->bracket |= qc_scan_bits(bracket);
    block->control |= qc_scan_bits(control);
    block->foreign |= ((uint64_t) 0xffff << shift) ^ qc_scan_bits(ok);

#undef qc_scan_bits
}


static inline void
qc_scan_classify(const uint8_t *p, qc_scan_block_t *block)
{
    memset(block, 0, sizeof(qc_scan_block_t));

    qc_scan_quarter(p, 0, block);
    qc_scan_quarter(p + 16, 16, block);
    qc_scan_quarter(p + 32, 32, block);
    qc_scan_quarter(p + 48, 48, block);
}

#else

static inline void
qc_scan_classify(const uint8_t *p, qc_scan_block_t *block)
{
    qc_scan_block_portable(p, block);
}

#endif


void
qc_scan_block(const uint8_t *p, qc_scan_block_t *block)
{
    qc_scan_classify(p, block);
}


/* Eight bytes at a time: their classes become the bytes of a word. */

void
qc_scan_block_portable(const uint8_t *p, qc_scan_block_t *block)
{
    unsigned  i, n;
    uint64_t  classes;

    memset(block, 0, sizeof(qc_scan_block_t));

    for (n = 0; n < QC_SCAN_BLOCK; n += 8) {
        classes = 0;

        for (i = 0; i < 8; i++) {
            classes |= (uint64_t) qc_scan_classes[p[n + i]] << (8 * i);
        }

        block->quote |= qc_scan_gather(classes, QC_SCAN_QUOTE) << n;
        block->backslash |= qc_scan_gather(classes, QC_SCAN_BACKSLASH) << n;
        block->bracket |= qc_scan_gather(classes, QC_SCAN_BRACKET) << n;
        block->control |= qc_scan_gather(classes, QC_SCAN_CONTROL) << n;
        block->foreign |= qc_scan_gather(classes, QC_SCAN_FOREIGN) << n;
    }
}


/* One bit of each byte; the products meet in the highest byte only. */

static uint64_t
qc_scan_gather(uint64_t classes, unsigned bit)
{
    return ((classes >> bit) & QC_SCAN_LOW_BITS) * QC_SCAN_GATHER >> 56;
}


qc_rc_e
qc_scan_bracket(qc_scan_t *s, uint8_t ch)
{
    uint64_t   bit, kind;
    uint64_t  *kinds;

    /* an opening bracket has bit 1 set, a closing one has not; { and } have
       bit 5, [ and ] have not */

    kind = (ch >> 5) & 1;

    if (ch & 2) {
        if (s->depth == QC_SCAN_DEPTH_MAX) {
            return QC_BAD;
        }

        kinds = &s->kinds[s->depth / 64];
        bit = s->depth % 64;
        *kinds = (*kinds & ~((uint64_t) 1 << bit)) | kind << bit;
        s->depth++;

        return QC_OK;
    }

    if (s->depth == 0) {
        return QC_BAD;
    }

    s->depth--;

    if (((s->kinds[s->depth / 64] >> s->depth % 64) & 1) != kind) {
        return QC_BAD;
    }

    return QC_OK;
}


qc_rc_e
qc_scan_skip(qc_scan_t *s, const uint8_t **pos, const uint8_t *end,
    unsigned depth)
{
    size_t           n;
    uint8_t          tail[QC_SCAN_BLOCK];
    unsigned         i;
    uint64_t         in_string, bad, brackets, escaped;
    const uint8_t   *p, *src;
    qc_scan_block_t  block;

    p = *pos;

    while (p < end) {
        n = (size_t) (end - p);
        src = p;

        if (n < QC_SCAN_BLOCK) {
            memset(tail, ' ', sizeof(tail));
            memcpy(tail, p, n);
            src = tail;

        } else {
            n = QC_SCAN_BLOCK;
        }

        qc_scan_classify(src, &block);

        /* bit n of what is escaped is the first bit of the next block */

        escaped = qc_scan_escaped(block.backslash, &s->escaped);

        if (n < QC_SCAN_BLOCK) {
            s->escaped = (escaped >> n) & 1;
        }

        /* from an opening quote up to, and without, the closing one */

        in_string = qc_scan_prefix_xor(block.quote & ~escaped) ^ s->in_string;
        s->in_string = 0 - (in_string >> 63);

        bad = (in_string & block.control) | (~in_string & block.foreign);
        brackets = block.bracket & ~in_string;

        if (bad != 0) {
            brackets &= (bad & (0 - bad)) - 1;
        }

        for ( /* void */ ; brackets != 0; brackets &= brackets - 1) {
            i = qc_scan_lowest(brackets);

            if (qc_scan_bracket(s, src[i]) != QC_OK) {
                return QC_BAD;
            }

            if (s->depth <= depth) {
                s->in_string = 0;
                s->escaped = 0;
                *pos = p + i + 1;

                return QC_DONE;
            }
        }

        if (bad != 0) {
            return QC_BAD;
        }

        p += n;
    }

    *pos = p;

    return QC_PARTIAL;
}


/*
 * The bytes behind an odd number of backslashes.  A run that begins at an odd
 * place is added to: the carry goes to the end of the run, so all that tells
 * an odd run from an even one is the parity of its begin and of its end.
 */

static inline uint64_t
qc_scan_escaped(uint64_t backslash, uint64_t *carry)
{
    uint64_t  odd, sum, follows;

    if (backslash == 0) {
        follows = *carry;
        *carry = 0;

        return follows;
    }

    backslash &= ~*carry;
    follows = backslash << 1 | *carry;
    odd = backslash & ~QC_SCAN_EVEN & ~follows;
    sum = odd + backslash;
    *carry = sum < odd;

    return (QC_SCAN_EVEN ^ sum << 1) & follows;
}


/* Bit n of the result is the parity of bits 0 to n. */

static inline uint64_t
qc_scan_prefix_xor(uint64_t bits)
{
    bits ^= bits << 1;
    bits ^= bits << 2;
    bits ^= bits << 4;
    bits ^= bits << 8;
    bits ^= bits << 16;
    bits ^= bits << 32;

    return bits;
}


static inline unsigned
qc_scan_lowest(uint64_t bits)
{
#ifdef __GNUC__

    return (unsigned) __builtin_ctzll(bits);

#else

    unsigned  n;

    for (n = 0; (bits & 1) == 0; n++) {
        bits >>= 1;
    }

    return n;

#endif
}


#ifdef __SSE2__

/*
 * Where the first byte of the text is, and its last one at the right
 * distance, the bytes between are compared.
 */

const uint8_t *
qc_scan_find(const uint8_t *p, const uint8_t *end, qc_str_t text)
{
    size_t    n;
    __m128i   first, last, a, b;
    uint64_t  found;
    unsigned  i;

    n = text.len - 1;
    first = _mm_set1_epi8((char) text.data[0]);
    last = _mm_set1_epi8((char) text.data[n]);

    while ((size_t) (end - p) >= 32 + n) {

#define qc_scan_load(x)  _mm_loadu_si128((const __m128i *) (const void *) (x))

        a = _mm_and_si128(_mm_cmpeq_epi8(qc_scan_load(p), first),
                          _mm_cmpeq_epi8(qc_scan_load(p + n), last));
        b = _mm_and_si128(_mm_cmpeq_epi8(qc_scan_load(p + 16), first),
                          _mm_cmpeq_epi8(qc_scan_load(p + 16 + n), last));

#undef qc_scan_load

        found = (uint32_t) _mm_movemask_epi8(a)
                | (uint32_t) _mm_movemask_epi8(b) << 16;

        for ( /* void */ ; found != 0; found &= found - 1) {
            i = qc_scan_lowest(found);

            if (memcmp(p + i, text.data, text.len) == 0) {
                return p + i;
            }
        }

        p += 32;
    }

    return qc_scan_find_portable(p, end, text);
}

#else

const uint8_t *
qc_scan_find(const uint8_t *p, const uint8_t *end, qc_str_t text)
{
    return qc_scan_find_portable(p, end, text);
}

#endif


const uint8_t *
qc_scan_find_portable(const uint8_t *p, const uint8_t *end, qc_str_t text)
{
    while ((size_t) (end - p) >= text.len) {
        p = memchr(p, text.data[0], (size_t) (end - p) - text.len + 1);

        if (p == NULL) {
            break;
        }

        if (memcmp(p, text.data, text.len) == 0) {
            return p;
        }

        p++;
    }

    return NULL;
}
