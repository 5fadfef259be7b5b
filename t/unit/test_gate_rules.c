
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "gate.h"


typedef struct {
    qc_gate_kind_e   kind;
    const char      *pointer;
    const char      *value;
    int              want;
} valid_t;


static const valid_t  valids[] = {
    { QC_GATE_NOT, "", "", 1 },
    { QC_GATE_NOT, "/", "", 1 },
    { QC_GATE_NOT, "/a/*/b", "", 1 },
    { QC_GATE_NOT, "/a~0~1", "", 1 },
    { QC_GATE_NOT, "/1/2/3/4/5/6/7/8", "", 1 },
    { QC_GATE_NOT, "/1/2/3/4/5/6/7/8/9", "", 0 },
    { QC_GATE_NOT, "////////", "", 1 },
    { QC_GATE_NOT, "/////////", "", 0 },
    { QC_GATE_NOT, "a", "", 0 },
    { QC_GATE_NOT, "a/b", "", 0 },
    { QC_GATE_NOT, "/~", "", 0 },
    { QC_GATE_NOT, "/a~", "", 0 },
    { QC_GATE_NOT, "/a~2", "", 0 },
    { QC_GATE_NOT, "/a~/0", "", 0 },
    { QC_GATE_IS, "/a", "", 1 },
    { QC_GATE_IS, "/a", "x", 1 },
    { QC_GATE_IS, "/a", "\"x\"", 1 },
    { QC_GATE_IS, "/a", "\"\\u0041\\n\"", 1 },
    { QC_GATE_IS, "/a", "x\"", 1 },
    { QC_GATE_IS, "/a", "\"", 0 },
    { QC_GATE_IS, "/a", "\"x", 0 },
    { QC_GATE_IS, "/a", "\"x\"y", 0 },
    { QC_GATE_IS, "/a", "\"x\"y\"", 0 },
    { QC_GATE_IS, "/a", "\"\\\"", 0 },
    { QC_GATE_IS, "/a", "\"\\u12\"", 0 },
    { QC_GATE_IS, "/a", "\"\n\"", 0 },
    { QC_GATE_IS, "a", "x", 0 },
    { QC_GATE_TEXT, "", "x", 1 },
    { QC_GATE_TEXT, "", "", 0 },
    { QC_GATE_NO_TEXT, "", "x", 1 },
    { QC_GATE_NO_TEXT, "", "", 0 }
};


static const gate_t  pointers[] = {
    { 0, TYPE, "!/a", "{}", SOUND },
    { 0, TYPE, "!/a", "[]", SOUND },
    { 0, TYPE, "!/a", "1", SOUND },
    { 0, TYPE, "!/a", "\"a\"", SOUND },
    { 0, TYPE, "!/a", "{\"b\":1}", SOUND },
    { 0, TYPE, "!/a", "{\"a\":null}", SOUND },
    { 0, TYPE, "!/a", "{\"a\":false}", SOUND },
    { 0, TYPE, "!/a", "{\"a\":0}", SOUND },
    { 0, TYPE, "!/a", "{\"a\":-0}", SOUND },
    { 0, TYPE, "!/a", "{\"a\":0.00}", SOUND },
    { 0, TYPE, "!/a", "{\"a\":\"\"}", SOUND },
    { 0, TYPE, "!/a", "{\"a\":[]}", SOUND },
    { 0, TYPE, "!/a", "{\"a\":{}}", SOUND },
    { 0, TYPE, "!/a", " { \"a\" : { } , \"b\" : [ ] } ", SOUND },
    { 0, TYPE, "!/a", "{\"b\":{\"a\":1}}", SOUND },
    { 0, TYPE, "!/a", "{\"b\":[{\"a\":1}],\"c\":\"\\\"a\\\":1\"}", SOUND },
    { 0, TYPE, "!/a", "{\"A\":1,\"aa\":1,\"\":1,\"\\\"a\":1}", SOUND },

    { 0, TYPE, "!/a", "{\"a\":1}", FIRST },
    { 0, TYPE, "!/a", "{\"a\":true}", FIRST },
    { 0, TYPE, "!/a", "{\"a\":00}", FIRST },
    { 0, TYPE, "!/a", "{\"a\":0.01}", FIRST },
    { 0, TYPE, "!/a", "{\"a\":0.}", FIRST },
    { 0, TYPE, "!/a", "{\"a\":nul}", FIRST },
    { 0, TYPE, "!/a", "{\"a\":nulll}", FIRST },
    { 0, TYPE, "!/a", "{\"a\":NULL}", FIRST },
    { 0, TYPE, "!/a", "{\"a\":\"0\"}", FIRST },
    { 0, TYPE, "!/a", "{\"a\":\"false\"}", FIRST },
    { 0, TYPE, "!/a", "{\"a\":\" \"}", FIRST },
    { 0, TYPE, "!/a", "{\"a\":\"\\u0000\"}", FIRST },
    { 0, TYPE, "!/a", "{\"a\":[0]}", FIRST },
    { 0, TYPE, "!/a", "{\"a\":[[]]}", FIRST },
    { 0, TYPE, "!/a", "{\"a\":{\"b\":null}}", FIRST },
    { 0, TYPE, "!/a", "{\"b\":[1,2,{\"c\":\"}\"}],\"a\":1}", FIRST },
    { 0, TYPE, "!/a", "{\"b\":\"\\\\\",\"a\":1}", FIRST },
    { 0, TYPE, "!/a", "\n{\n  \"b\" : 1 ,\n  \"a\"\t:\r\n 1 }", FIRST },

    /* duplicates: all of them */

    { 0, TYPE, "!/a", "{\"a\":0,\"a\":1}", FIRST },
    { 0, TYPE, "!/a", "{\"a\":1,\"a\":0}", FIRST },
    { 0, TYPE, "!/a/b", "{\"a\":{\"b\":0},\"a\":{\"b\":1}}", FIRST },
    { 0, TYPE, "/a=1", "{\"a\":1,\"a\":2}", FIRST },
    { 0, TYPE, "/a=1", "{\"a\":1,\"a\":1}", SOUND },

    /* names by value */

    { 0, TYPE, "!/a", "{\"\\u0061\":1}", FIRST },
    { 0, TYPE, "!/ab", "{\"\\u0061\\u0062\":1}", FIRST },
    { 0, TYPE, "!/a\"b", "{\"a\\\"b\":1}", FIRST },
    { 0, TYPE, "!/a\\b", "{\"a\\\\b\":1}", FIRST },
    { 0, TYPE, "!/a~1b~0c", "{\"a/b~c\":1}", FIRST },
    { 0, TYPE, "!/a~1b", "{\"a\\/b\":1}", FIRST },
    { 0, TYPE, "!/a~1b", "{\"a~1b\":1,\"a\":{\"b\":1}}", SOUND },
    { 0, TYPE, "!/~01", "{\"~1\":1}", FIRST },
    { 0, TYPE, "!/~01", "{\"/\":1}", SOUND },
    { 0, TYPE, "!/\xc3\xbc", "{\"\\u00fc\":1}", FIRST },
    { 0, TYPE, "!/\xc3\xbc", "{\"\\u00FC\":1}", FIRST },
    { 0, TYPE, "!/\xc3\xbc", "{\"\xc3\xbc\":1}", FIRST },
    { 0, TYPE, "!/\xe2\x82\xac", "{\"\\u20ac\":1}", FIRST },
    { 0, TYPE, "!/\xf0\x9f\x98\x80", "{\"\\ud83d\\ude00\":1}", FIRST },
    { 0, TYPE, "!/\xf0\x9f\x98\x80", "{\"\\ud83d\":1,\"\\ude00\":1}", SOUND },
    { 0, TYPE, "!/\xf0\x9f\x98\x80", "{\"\\ude00\\ud83d\":1}", SOUND },
    { 0, TYPE, "!/\xf0\x91\xa1\x81", "{\"\\ud83d\\u0041\":1}", SOUND },
    { 0, TYPE, "!/\xed\xa0\xbd""A", "{\"\\ud83d\\u0041\":1}", FIRST },
    { 0, TYPE, "!/a\b\f\n\r\tb", "{\"a\\b\\f\\n\\r\\tb\":1}", FIRST },
    { 0, TYPE, "!/", "{\"\":1}", FIRST },
    { 0, TYPE, "!/", "{\"a\":1}", SOUND },
    { 0, TYPE, "!/a", "{\"\\x\":1}", CUT },
    { 0, TYPE, "!/a", "{\"\\u00g0\":1}", CUT },
    { 0, TYPE, "!/a", "{\"\\u00\":1}", CUT },

    /* the document itself */

    { 0, TYPE, "!", "{}", SOUND },
    { 0, TYPE, "!", "0", SOUND },
    { 0, TYPE, "!", "[1]", FIRST },
    { 0, TYPE, "!", "1", FIRST },
    { 0, TYPE, "=1", "1", SOUND },
    { 0, TYPE, "=1", "12", FIRST },
    { 0, TYPE, "=1", " 1\n", SOUND },
    { 0, TYPE, "=a", "\"a\"", SOUND },

    /* deeper */

    { 0, TYPE, "!/a/b", "{\"a\":{\"b\":0}}", SOUND },
    { 0, TYPE, "!/a/b", "{\"a\":{\"b\":1}}", FIRST },
    { 0, TYPE, "!/a/b", "{\"a\":{\"c\":{\"b\":1}},\"b\":1}", SOUND },
    { 0, TYPE, "!/a/b", "{\"a\":1}", SOUND },
    { 0, TYPE, "!/a/b", "{\"a\":[\"b\",1]}", SOUND },
    { 0, TYPE, "!/a !/a/b", "{\"a\":{\"b\":0}}", FIRST },
    { 0, TYPE, "!/a/b !/a", "{\"a\":{}}", SOUND },
    { 0, TYPE, "!/a/b !/a", "{\"a\":{\"b\":1}}", SECOND },
    { 0, TYPE, "!/a !/b !/c", "{\"c\":1}", THIRD },
    { 0, TYPE, "!/a !/b !/c", "{\"b\":1,\"a\":1}", SECOND },
    { 0, TYPE, "!/1/2/3/4/5/6/7/8",
      "{\"1\":{\"2\":{\"3\":{\"4\":{\"5\":{\"6\":{\"7\":{\"8\":0}}}}}}}}",
      SOUND },
    { 0, TYPE, "!/1/2/3/4/5/6/7/8",
      "{\"1\":{\"2\":{\"3\":{\"4\":{\"5\":{\"6\":{\"7\":{\"8\":1}}}}}}}}",
      FIRST },
    { 0, TYPE, "!/1/2/3/4/5/6/7/8",
      "{\"1\":{\"2\":{\"3\":{\"4\":{\"5\":{\"6\":{\"7\":{\"8\":[]}}}}}}}}",
      SOUND },
    { 0, TYPE, "!/1/2/3/4/5/6/7/8",
      "{\"1\":{\"2\":{\"3\":{\"4\":{\"5\":{\"6\":{\"7\":{\"8\":[[]]}}}}}}}}",
      FIRST },

    /* elements of arrays */

    { 0, TYPE, "!/0", "[0,1]", SOUND },
    { 0, TYPE, "!/1", "[0,1]", FIRST },
    { 0, TYPE, "!/2", "[0,1]", SOUND },
    { 0, TYPE, "!/01", "[0,1]", SOUND },
    { 0, TYPE, "!/10", "[0,0,0,0,0,0,0,0,0,0,1]", FIRST },
    { 0, TYPE, "!/9", "[0,0,0,0,0,0,0,0,0,0,1]", SOUND },
    { 0, TYPE, "!/0", "{\"0\":1}", FIRST },
    { 0, TYPE, "!/*", "[0,null,\"\",[],{}]", SOUND },
    { 0, TYPE, "!/*", "[0,null,\"\",[],{},1]", FIRST },
    { 0, TYPE, "!/*", "{\"a\":1}", SOUND },
    { 0, TYPE, "!/*", "{\"*\":1}", FIRST },
    { 0, TYPE, "!/**", "[1]", SOUND },
    { 0, TYPE, "!/-", "[1]", SOUND },
    { 0, TYPE, "!/1", "[[1,1],[],1]", SOUND },
    { 0, TYPE, "!/0/1", "[[1,1],[]]", FIRST },
    { 0, TYPE, "!/*/0", "[[0,1],[1]]", FIRST },
    { 0, TYPE, "!/*/1", "[[1],[1]]", SOUND },
    { 0, TYPE, "!/1/1", "[[1,1],[1,0],[1,1]]", SOUND },
    { 0, TYPE, "!/*/1", "[[1,0],[1,0],[1,1]]", FIRST },
    { 0, TYPE, "!/r/*/e", "{\"r\":[{\"e\":0},{},{\"f\":1}]}", SOUND },
    { 0, TYPE, "!/r/*/e", "{\"r\":[{\"h\":{\"e\":1}},{\"e\":{}}]}", SOUND },
    { 0, TYPE, "!/r/*/e", "{\"r\":[{\"h\":{\"e\":1}},{\"e\":[1]}]}", FIRST },
    { 0, TYPE, "!/r/*/e", "{\"r\":{\"e\":1}}", SOUND },
    { 0, TYPE, "!/18446744073709551616", "[1]", SOUND },

    /* equal */

    { 0, TYPE, "/a=true", "{\"a\":true}", SOUND },
    { 0, TYPE, "/a=true", "{\"a\":\"true\"}", FIRST },
    { 0, TYPE, "/a=true", "{\"a\":false}", FIRST },
    { 0, TYPE, "/a=true", "{\"a\":tru}", FIRST },
    { 0, TYPE, "/a=true", "{\"b\":true}", FIRST },
    { 0, TYPE, "/a=true", "{}", FIRST },
    { 0, TYPE, "/a=true", "[]", FIRST },
    { 0, TYPE, "/a=null", "{\"a\":null}", SOUND },
    { 0, TYPE, "/a=12", "{\"a\":12}", SOUND },
    { 0, TYPE, "/a=12", "{\"a\": 12 }", SOUND },
    { 0, TYPE, "/a=12", "{\"a\":\"12\"}", SOUND },
    { 0, TYPE, "/a=12", "{\"a\":12.0}", FIRST },
    { 0, TYPE, "/a=12", "{\"a\":123}", FIRST },
    { 0, TYPE, "/a=12", "{\"a\":1}", FIRST },
    { 0, TYPE, "/a=1.5", "{\"a\":1.5}", SOUND },
    { 0, TYPE, "/a=1.5", "{\"a\":\"1.5\"}", FIRST },
    { 0, TYPE, "/a=\"12\"", "{\"a\":\"12\"}", SOUND },
    { 0, TYPE, "/a=\"12\"", "{\"a\":12}", FIRST },
    { 0, TYPE, "/a=\"true\"", "{\"a\":\"true\"}", SOUND },
    { 0, TYPE, "/a=\"x\\u0041\"", "{\"a\":\"\\u0078A\"}", SOUND },
    { 0, TYPE, "/a=\"\"", "{\"a\":\"\"}", SOUND },
    { 0, TYPE, "/a=ok", "{\"a\":\"ok\"}", SOUND },
    { 0, TYPE, "/a=ok", "{\"a\":\"o\\u006b\"}", SOUND },
    { 0, TYPE, "/a=ok", "{\"a\":\"OK\"}", FIRST },
    { 0, TYPE, "/a=ok", "{\"a\":ok}", FIRST },
    { 0, TYPE, "/a=", "{\"a\":\"\"}", SOUND },
    { 0, TYPE, "/a=", "{\"a\":null}", FIRST },
    { 0, TYPE, "/a=[]", "{\"a\":[]}", FIRST },
    { 0, TYPE, "/a=[]", "{\"a\":\"[]\"}", SOUND },
    { 0, TYPE, "/a=1", "{\"a\":{}}", FIRST },
    { 0, TYPE, "/*/s=200", "[{\"s\":200},{\"s\":200,\"t\":1}]", SOUND },
    { 0, TYPE, "/*/s=200", "[{\"s\":200},{\"s\":500}]", FIRST },
    { 0, TYPE, "/*/s=200", "[]", FIRST },
    { 0, TYPE, "/a=1 !/b /c=x", "{\"a\":1,\"b\":0,\"c\":\"x\"}", SOUND },
    { 0, TYPE, "/a=1 !/b /c=x", "{\"a\":1,\"b\":0,\"c\":\"y\"}", THIRD },

    /* what is followed has to be JSON, and whole */

    { 0, TYPE, "!/a", "", CUT },
    { 0, TYPE, "!/a", "{\"b\":1", CUT },
    { 0, TYPE, "!/a", "{\"b\":[1}", CUT },
    { 0, TYPE, "!/a", "{\"b\":[1,}", CUT },
    { 0, TYPE, "!/a", "{\"b\":1]", CUT },
    { 0, TYPE, "!/a", "{\"b\":1,}", CUT },
    { 0, TYPE, "!/a", "{\"b\" 1}", CUT },
    { 0, TYPE, "!/a", "{\"b\":}", CUT },
    { 0, TYPE, "!/a", "{\"a\":}", CUT },
    { 0, TYPE, "!/a", "{\"a\":,\"a\":0}", CUT },
    { 0, TYPE, "!/a", "{\"a\":0 0}", CUT },
    { 0, TYPE, "!/a", "{\"a\":0\"\"}", CUT },
    { 0, TYPE, "!/a", "{\"a\"}", CUT },
    { 0, TYPE, "!/a", "{a:0}", CUT },
    { 0, TYPE, "!/a", "{,}", CUT },
    { 0, TYPE, "!/a", "{\"b\":1 \"a\":1}", CUT },
    { 0, TYPE, "!/a", "{\"b\":1}}", CUT },
    { 0, TYPE, "!/a", "{\"b\":1}{\"a\":1}", CUT },
    { 0, TYPE, "!/0", "[0,,1]", CUT },
    { 0, TYPE, "!/0", "[0:1]", CUT },
    { 0, TYPE, "!/0", "[0}", CUT },
    { 0, TYPE, "!/5", "[0,'a']", CUT },

    /* by the body, if the type says nothing */

    { 0, OTHER, "!/a", "{\"a\":0}", SOUND },
    { 0, OTHER, "!/a", "{\"a\":1}", FIRST },
    { 0, OTHER, "!/a", " \n [{\"a\":1}]", SOUND },
    { 0, OTHER, "!/a", " \n {\"a\":1}", FIRST },
    { 0, OTHER, "!/a", "{\"b\":", CUT },
    { 0, OTHER, "!/a", "", SOUND },
    { 0, OTHER, "!/a", "  ", SOUND },
    { 0, OTHER, "!/a", "a\t{\n", SOUND },
    { 0, OTHER, "!/a", "\"{\"a\":1}", SOUND },
    { 0, OTHER, "/a=1", "{\"a\":1}", SOUND },
    { 0, OTHER, "/a=1", "a\t1\n", FIRST },
    { 0, OTHER, "/a=1", "", FIRST },
    { IF, OTHER, "!/a", "text", SOUND },
    { JSON, OTHER, "!/a", "text", CUT },
    { JSON, OTHER, "!/a", "{\"a\":1}", FIRST },

    /* lines: each of them */

    { 0, LINES, "!/a", "{\"a\":0}\n{\"b\":1}\n", SOUND },
    { 0, LINES, "!/a", "{\"a\":0}\n{\"a\":1}\n", FIRST },
    { 0, LINES, "!/a", "1\n\"a\"\n[2]\n{\"a\":1}\n", FIRST },
    { IF, LINES, "/a=1", "{\"a\":1}\n{\"b\":1}\n", SOUND },
    { IF, LINES, "/a=1", "{\"a\":1}\n{\"a\":2}\n", FIRST },
    { IF, LINES, "/a=1", "", FIRST },
    { 0, LINES, "!/a", "{\"b\":", CUT },
    { 0, LINES, "!/a", "{\"a\":0}\n{\"b\":1", CUT }
};


static void
test_valid(void)
{
    char    name[128];
    char    text[66];
    size_t  i;

    for (i = 0; i < sizeof(valids) / sizeof(valids[0]); i++) {
        parse_rules(0, "!/a");
        rules[0].kind = valids[i].kind;
        rules[0].pointer = qc_str(valids[i].pointer,
                                  strlen(valids[i].pointer));
        rules[0].value = qc_str(valids[i].value, strlen(valids[i].value));

        snprintf(name, sizeof(name), "valid %u", (unsigned) i);
        tap_int(qc_gate_rules_valid(&all), valids[i].want, name);

        if (!valids[i].want) {
            tap_ok(run(OTHER, "x", 1, 1, 1) == THIRD, "nothing is sound");
        }
    }

    memset(text, 'a', sizeof(text));
    text[0] = '/';

    parse_rules(0, "!/a /a=x text=x");
    rules[0].pointer = qc_str(text, 64);
    rules[1].value = qc_str(text, 64);
    rules[2].value = qc_str(text, 64);
    tap_ok(qc_gate_rules_valid(&all), "strings of 64 bytes");

    rules[0].pointer = qc_str(text, 65);
    tap_ok(!qc_gate_rules_valid(&all), "a pointer of 65");

    rules[0].pointer = qc_str(text, 64);
    rules[1].value = qc_str(text, 65);
    tap_ok(!qc_gate_rules_valid(&all), "a value of 65");

    rules[1].value = qc_str(text, 64);
    rules[2].value = qc_str(text, 65);
    tap_ok(!qc_gate_rules_valid(&all), "a text of 65");

    parse_rules(0, "!/a");
    rules[0].reason = QC_NO_METRIC;
    tap_ok(!qc_gate_rules_valid(&all), "no reason");

    parse_rules(16, "");
    tap_ok(!qc_gate_rules_valid(&all), "an unknown flag");

    parse_rules(15, "!/a !/a !/a !/a !/a !/a !/a !/a "
                    "!/a !/a !/a !/a !/a !/a !/a !/a");
    tap_ok(qc_gate_rules_valid(&all), "16 rules");
    tap_ok(run(TYPE, "{\"a\":0}", 7, 7, 1) == SOUND, "all of them hold");
    tap_ok(run(TYPE, "{\"a\":1}", 7, 7, 1) == FIRST, "all of them do not");

    rules[16] = rules[15];
    all.nrules = 17;
    tap_ok(!qc_gate_rules_valid(&all), "17 rules");
}


int
main(void)
{
    test_valid();
    run_table("pointer", pointers, ' ', 0);

    return tap_done();
}
