
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_sf.h"
#include "tap.h"


typedef struct {
    const char  *section;              /* of RFC 9651 */
    const char  *field;
    const char  *want;                 /* key:type:text:number; "-": invalid */
} field_t;


static const field_t  fields[] = {
    { "3.2 empty", "", "" },
    { "4.2 spaces", "   ", "" },
    { "3.2", "a=1", "a:integer:1:1" },
    { "3.2", "a=1, b=2", "a:integer:1:1 b:integer:2:2" },
    { "3.2 OWS", "a=1\t ,\t b=2", "a:integer:1:1 b:integer:2:2" },
    { "3.2 no OWS", "a=1,b=2", "a:integer:1:1 b:integer:2:2" },
    { "4.2 around", "  a=1  ", "a:integer:1:1" },
    { "4.2.2 behind", "a=1\t", "a:integer:1:1" },
    { "4.2 tab before", "\ta=1", "-" },
    { "3.2 true", "a, b, c=3", "a:boolean::1 b:boolean::1 c:integer:3:3" },
    { "3.2 true, parameters", "a;x=1;y, b", "a:boolean::1 b:boolean::1" },
    { "4.2.2 repeated", "a=1, a=2", "a:integer:1:1 a:integer:2:2" },
    { "4.2.2 comma behind", "a=1,", "-" },
    { "4.2.2 comma behind", "a=1 , ", "-" },
    { "4.2.2 comma before", ",a=1", "-" },
    { "4.2.2 commas", "a=1,,b=2", "-" },
    { "4.2.2 no comma", "a=1 b=2", "-" },
    { "4.2.2 semicolon", "a=1; b=2", "a:integer:1:1" },
    { "4.2.2 later", "a=1, b=", "-" },
    { "4.2.2 line end", "a=1\n", "-" },
    { "4.2.2 UTF-8", "a=1, \xc3\xbc", "-" },

    { "3.1.2 key", "*a_-.*9z", "*a_-.*9z:boolean::1" },
    { "3.1.2 capital", "A=1", "-" },
    { "3.1.2 capital", "aB=1", "-" },
    { "3.1.2 digit", "1a=1", "-" },
    { "3.1.2 dash", "-a=1", "-" },
    { "3.1.2 nothing", "=1", "-" },
    { "4.2.2 space", "a =1", "-" },
    { "4.2.2 space", "a= 1", "-" },
    { "4.2.2 no value", "a=", "-" },

    { "3.3.1", "a=0", "a:integer:0:0" },
    { "3.3.1", "a=-0", "a:integer:-0:0" },
    { "3.3.1", "a=-42", "a:integer:-42:-42" },
    { "3.3.1 zeros", "a=007", "a:integer:007:7" },
    { "3.3.1 15 digits", "a=999999999999999",
      "a:integer:999999999999999:999999999999999" },
    { "3.3.1 15 digits", "a=-999999999999999",
      "a:integer:-999999999999999:-999999999999999" },
    { "3.3.1 16 digits", "a=1000000000000000", "-" },
    { "3.3.1 plus", "a=+1", "-" },
    { "3.3.1 minus", "a=-", "-" },
    { "3.3.1 minuses", "a=--1", "-" },
    { "3.3.1 more", "a=1x", "-" },

    { "3.3.2", "a=1.5", "a:decimal:1.5:0" },
    { "3.3.2", "a=-123456789012.123", "a:decimal:-123456789012.123:0" },
    { "3.3.2 13 digits", "a=1234567890123.1", "-" },
    { "3.3.2 4 digits", "a=1.1234", "-" },
    { "3.3.2 no digits", "a=1.", "-" },
    { "3.3.2 before", "a=.5", "-" },
    { "3.3.2 points", "a=1.2.3", "-" },

    { "3.3.3", "a=\"b c\"", "a:string:b c:0" },
    { "3.3.3 empty", "a=\"\"", "a:string::0" },
    { "3.3.3 escapes", "a=\"b\\\"c\\\\\"", "a:string:b\\\"c\\\\:0" },
    { "3.3.3 comma", "a=\"b, c=1\", d", "a:string:b, c=1:0 d:boolean::1" },
    { "3.3.3 other escape", "a=\"b\\c\"", "-" },
    { "3.3.3 no end", "a=\"b", "-" },
    { "3.3.3 no end", "a=\"b\\", "-" },
    { "3.3.3 no end", "a=\"b\\\"", "-" },
    { "3.3.3 control", "a=\"b\tc\"", "-" },
    { "3.3.3 DEL", "a=\"\x7f\"", "-" },
    { "3.3.3 UTF-8", "a=\"\xc3\xbc\"", "-" },
    { "3.3.3 quotes", "a='b'", "-" },

    { "3.3.4", "a=b", "a:token:b:0" },
    { "3.3.4 characters", "a=*F/o:o!#$%&'+-.^_`|~1",
      "a:token:*F/o:o!#$%&'+-.^_`|~1:0" },
    { "3.3.4 begin", "a=!b", "-" },
    { "3.3.4 end", "a=b(c)", "-" },

    { "3.3.5", "a=:aGVsbG8=:", "a:bytes:aGVsbG8=:0" },
    { "3.3.5 empty", "a=::", "a:bytes::0" },
    { "4.2.7 no padding", "a=:aGVsbG8:", "a:bytes:aGVsbG8:0" },
    { "4.2.7 padding", "a=:aA==:", "a:bytes:aA==:0" },
    { "4.2.7 padding within", "a=:aGV=bG8=:", "-" },
    { "4.2.7 too much", "a=:aGVsbG8==:", "-" },
    { "4.2.7 only", "a=:====:", "-" },
    { "4.2.7 one digit", "a=:a:", "-" },
    { "4.2.7 base64url", "a=:a-_b:", "-" },
    { "4.2.7 space", "a=:aG Vs:", "-" },
    { "4.2.7 no end", "a=:aGVs", "-" },

    { "3.3.6", "a=?1, b=?0", "a:boolean:1:1 b:boolean:0:0" },
    { "3.3.6 other", "a=?2", "-" },
    { "3.3.6 word", "a=?true", "-" },
    { "3.3.6 nothing", "a=?", "-" },

    { "3.3.7", "a=@1659578233", "a:date:1659578233:1659578233" },
    { "3.3.7", "a=@-1", "a:date:-1:-1" },
    { "3.3.7 decimal", "a=@1.5", "-" },
    { "3.3.7 nothing", "a=@", "-" },
    { "3.3.7 text", "a=@now", "-" },

    { "3.3.8", "a=%\"f%c3%bc\"", "a:display:f%c3%bc:0" },
    { "3.3.8 empty", "a=%\"\"", "a:display::0" },
    { "3.3.8 4 bytes", "a=%\"%f0%9f%98%80\"", "a:display:%f0%9f%98%80:0" },
    { "3.3.8 capitals", "a=%\"%C3%BC\"", "-" },
    { "3.3.8 not UTF-8", "a=%\"%c3\"", "-" },
    { "3.3.8 not UTF-8", "a=%\"%c3x\"", "-" },
    { "3.3.8 overlong", "a=%\"%c0%80\"", "-" },
    { "3.3.8 byte", "a=%\"%80\"", "-" },
    { "3.3.8 surrogate", "a=%\"%ed%a0%80\"", "-" },
    { "3.3.8 raw UTF-8", "a=%\"\xc3\xbc\"", "-" },
    { "3.3.8 cut", "a=%\"%c", "-" },
    { "3.3.8 cut", "a=%\"%", "-" },
    { "3.3.8 cut", "a=%\"b", "-" },
    { "3.3.8 cut", "a=%", "-" },

    { "3.1.1", "a=(1 \"b\" c;x=2)", "a:list:(1 \"b\" c;x=2):0" },
    { "3.1.1 empty", "a=()", "a:list:():0" },
    { "3.1.1 spaces", "a=(  1   2  );q=1, b", "a:list:(  1   2  ):0 "
      "b:boolean::1" },
    { "3.1.1 nested", "a=((1))", "-" },
    { "3.1.1 no end", "a=(1", "-" },
    { "3.1.1 no end", "a=(1 ", "-" },
    { "3.1.1 comma", "a=(1, 2)", "-" },
    { "3.1.1 no space", "a=(\"b\"\"c\")", "-" },
    { "3.1.1 tab", "a=(1\t2)", "-" },

    { "3.1.2", "a=1;b;c=?0; d=\"x\", e", "a:integer:1:1 e:boolean::1" },
    { "4.2.3.2 space", "a=1 ;b", "-" },
    { "4.2.3.2 tab", "a=1;\tb", "-" },
    { "4.2.3.2 no key", "a=1;", "-" },
    { "4.2.3.2 no value", "a=1;b=", "-" },
    { "4.2.3.2 list", "a=1;b=(1)", "-" }
};


static const char *show(qc_str_t s, char *text, size_t size);


int
main(void)
{
    char            text[512];
    size_t          i, len;
    const char     *got;
    const field_t  *f;

    for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        f = &fields[i];
        len = strlen(f->field);
        got = show(qc_str(tap_guard(0, f->field, len), len), text,
                   sizeof(text));

        if (!tap_ok(strcmp(got, f->want) == 0, "%s: %s", f->section,
                    f->field))
        {
            printf("#      got: %s\n# expected: %s\n", got, f->want);
        }
    }

    return tap_done();
}


static const char *
show(qc_str_t s, char *text, size_t size)
{
    int             n;
    qc_rc_e         rc;
    qc_sf_member_t  m;

    static const char *const  types[] = {
        "integer", "decimal", "string", "token", "bytes", "boolean", "date",
        "display", "list"
    };

    text[0] = '\0';

    for (n = 0; (rc = qc_sf_next(&s, &m)) == QC_OK; /* void */) {
        n += snprintf(text + n, size - (size_t) n, "%s%.*s:%s:%.*s:%lld",
                      (n != 0) ? " " : "", (int) m.key.len,
                      (const char *) m.key.data, types[m.type],
                      (int) m.text.len, (const char *) m.text.data,
                      (long long) m.number);
    }

    return (rc == QC_DONE) ? text : "-";
}
