
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/* Which requests share a key: no engine, JSON, ClickHouse. */

#include "query.h"


static const query_row_t  none[] = {

    { "none", "same", {
        "POST /a?b=2&a=%31\nContent-Type: x/y\n\n{ ~a~: 1 }",
        "POST /a?b=2&a=%31\nContent-Type: x/y\n\n{ ~a~: 1 }" } },
    { "none", "differ", {
        "GET /a?b=2&a=1", "GET /a?a=1&b=2", "GET /a?b=2&a=%31",
        "GET /a?b=2&&a=1", "GET /a?b=2&a=1&", "GET /a?", "GET /A?",
        "POST /a?b=2&a=1", "QUERY /a?b=2&a=1" } },
    { "none", "differ", {
        "POST /a\n\n{ ~a~: 1 }", "POST /a\n\n{~a~:1}",
        "POST /a\n\n{~a~:1}\n", "POST /a", "GET /a\n\n{~a~:1}" } },
    { "none", "same", {
        "POST /a\nContent-Encoding: br\n\nx",
        "POST /a\nContent-Encoding: br\n\nx" } },
    { "none", "differ", {
        "POST /a\nContent-Encoding: br\n\nx",
        "POST /a\nContent-Encoding: gzip\n\nx",
        "POST /a\n\nx" } },
    { "none", "same", { "POST /\n\nDROP TABLE t", "POST /\n\nDROP TABLE t" } },
    { "none fold", "same", {
        "POST /a\n\nb", "QUERY /a\n\nb", "GET /a\n\nb" } },
    { "none fold", "differ", {
        "POST /a\n\nb", "QUERY /a?b", "GET /a\n\nc", "GET /b\n\nb",
        "POST /a\nContent-Type: x/y\n\nb" } },

    /* arguments */

    { "none normalize=args", "same", {
        "GET /a?b=2&a=1&%63=%2d", "GET /a?c=-&a=1&b=2",
        "GET /a?&a=%31&b=2&&c=%2D&" } },
    { "none normalize=args", "differ", {
        "GET /a?a=1&a=2", "GET /a?a=2&a=1", "GET /a?a", "GET /a?a=",
        "GET /a?=", "GET /a?=a", "GET /a?a%3d", "GET /a?a==" } },
    { "none normalize=args", "differ", {
        "GET /a?a=b+c", "GET /a?a=b%20c", "GET /a?a=b%2Bc" } },
    { "none normalize=args", "differ", {
        "GET /a?a=%", "GET /a?a=%25", "GET /a?a=%zz", "GET /a?a=%2",
        "GET /a?a=%252", "GET /a?a=%2f", "GET /a?a=/" } },
    { "none normalize=args", "differ", {
        "GET /a?a=1&b=2", "GET /a?a=1%26b=2", "GET /a?a%3D1=&b=2",
        "GET /a?a=1%26b=2&" "b" } },
    { "none normalize=args", "differ", {
        "POST /a\n\n{~a~:1,~b~:2}", "POST /a\n\n{~b~:2,~a~:1}" } },
    { "none normalize=args ignore=utm_*,*_trace", "same", {
        "GET /a?q=1", "GET /a?q=1&utm_source=x", "GET /a?utm_=&q=1&a_trace",
        "GET /a?%75tm_x=1&q=1" } },
    { "none normalize=args ignore=utm_*,*_trace", "differ", {
        "GET /a?q=1", "GET /a?q=1&xutm_a=1", "GET /a?q=1&UTM_a=1",
        "GET /a?q=1&trace=1", "GET /a?q=1&a_trace_=1" } },
    { "none normalize=args keep=q,page*", "same", {
        "GET /a?q=1&page=2&x=3", "GET /a?page=2&q=1", "GET /a?z&page=2&q=1" } },
    { "none normalize=args keep=q,page* identity=$arg_team", "differ", {
        "GET /a?q=1", "GET /a?q=2", "GET /a?q=1&page_size=1",
        "GET /a?q=1&user=ann", "GET /a?q=1&user=bob", "GET /a?q=1&password=x",
        "GET /a?q=1&team=a", "GET /a?q=1&team=b", "GET /a?q=1&api_key=1" } },
    { "none normalize=args keep=q,page* ignore=q", "same", {
        "GET /a?q=1&page=2", "GET /a?q=2&page=2" } },
    { "none normalize=args ordered=*", "differ", {
        "GET /a?a=1&b=2", "GET /a?b=2&a=1" } },
    { "none normalize=args ordered=s*", "same", {
        "GET /a?sa=1&x=1&sb=2&a=1", "GET /a?x=1&a=1&sa=1&sb=2",
        "GET /a?a=%31&sa=1&sb=2&x=1" } },
    { "none normalize=args ordered=s*", "differ", {
        "GET /a?sa=1&x=1&sb=2", "GET /a?sb=2&x=1&sa=1" } },
    { "none normalize=args args=2", "differ", {
        "GET /a?a=1&b=2&c=3", "GET /a?b=2&a=1&c=3", "GET /a?a=1&b=2" } },
    { "none normalize=args args=2", "same", {
        "GET /a?a=1&b=2", "GET /a?b=2&a=1", "GET /a?&b=2&&a=1" } },

    /* SQL of no dialect */

    { "none normalize=args,sql", "same", {
        "GET /?query=SELECT%20a%20FROM%20t",
        "GET /?query=SELECT%20a%0AFROM%20t",
        "GET /?qu%65ry=%20SELECT%20a/**/FROM%20t%20--%20x" } },
    { "none normalize=args,sql", "same", {
        "POST /\n\nSELECT a, 'b  c' FROM t -- x\nWHERE d",
        "POST /\n\nSELECT a,'b  c' /* y */ FROM t WHERE d" } },
    { "none normalize=args,sql", "differ", {
        "POST /\n\nSELECT 'a b'", "POST /\n\nSELECT 'a  b'",
        "POST /\n\nSELECT ~a b~", "POST /\n\nSELECT `a b`" } },
    { "none normalize=args,sql", "differ", {
        "POST /\n\nSELECT 'a\\'  ,  'b'", "POST /\n\nSELECT 'a\\' , 'b'",
        "POST /\n\nSELECT 1 --2", "POST /\n\nSELECT 1  --2",
        "POST /\n\nSELECT 1 # 2", "POST /\n\nSELECT 1  # 2" } },
    { "none normalize=args,sql", "differ", {
        "POST /\n\nSELECT /*+ a */ 1", "POST /\n\nSELECT /*+ b */ 1",
        "POST /\n\nSELECT /*! a */ 1", "POST /\n\nSELECT 1" } },
    { "none normalize=args,sql", "differ", {
        "POST /\n\nSELECT 'a'\n'b'", "POST /\n\nSELECT 'a' 'b'" } },
    { "none normalize=args,sql", "differ", {
        "GET /?query=SELECT+1&query=SELECT+2",
        "GET /?query=SELECT+2&query=SELECT+1", "GET /?query=SELECT+1",
        "GET /?query=%zz", "GET /?query=%zy", "GET /?query='a",
        "GET /?query='b", "GET /" } },
    { "none normalize=args,sql keep=x", "differ", {
        "GET /?query=SELECT+1&query=SELECT+2",
        "GET /?query=SELECT+2&query=SELECT+1", "GET /?query='a",
        "GET /?query='b", "GET /?query=%zz", "GET /?query=%zy", "GET /" } },
    { "none normalize=args,sql body=9 keep=x", "differ", {
        "GET /?query=SELECT+12", "GET /?query=SELECT+13",
        "POST /?query=a\n\n0123456789", "POST /?query=b\n\n0123456789" } },
    { "none normalize=args,sql sql=stmt", "same", {
        "GET /?stmt=SELECT%201&a=1", "GET /?a=1&stmt=SELECT%20%201" } },
    { "none normalize=args,sql sql=stmt", "differ", {
        "GET /?query=SELECT++1", "GET /?query=SELECT+1",
        "GET /?stmt=SELECT+1", "GET /?stm=SELECT+1" } },
    { "none normalize=args,json,sql sql=/q", "same", {
        "POST /\n\n{~q~:~SELECT a FROM t~,~x~:1}",
        "POST /\n\n{~x~: 1, ~\\u0071~: ~SELECT  a\\nFROM t -- z~}" } },
    { "none normalize=args,json,sql sql=/q", "differ", {
        "POST /\n\n{~q~:~SELECT 'a  b'~}", "POST /\n\n{~q~:~SELECT 'a b'~}",
        "POST /\n\n{~Q~:~a  b~}", "POST /\n\n{~Q~:~a b~}",
        "POST /\n\n{~x~:{~q~:~a  b~}}", "POST /\n\n{~x~:{~q~:~a b~}}",
        "POST /\n\n{~q~:~a 'b~}", "POST /\n\n{~q~:~a  'b~}",
        "POST /\n\n{~q~:[~a b~]}" } },
    { "none normalize=graphql", "same", {
        "POST /\n\n{~query~:~{ a, b }~}", "POST /\n\n{~query~:~{a b}~}" } },
    { "none normalize=json,graphql", "differ", {
        "GET /?query={a", "GET /?query={b", "GET /?query={++b",
        "GET /?query=mutation{a}", "GET /?query=mutation{b}",
        "GET /?query={a}&variables=x", "GET /?query={b}&variables=x",
        "GET /?query={a}&query={b}", "GET /?query={b}&query={a}" } }
};


static const query_row_t  json[] = {

    { "json", "same", {
        "POST /q\n\n{~a~:{~b~:1,~c~:{~d~:[{~e~:1,~f~:2}],~g~:null}},~h~:true}",
        "POST /q\n\n{~h~:true,~a~:{~c~:{~g~:null,~d~:[{~f~:2,~e~:1}]},~b~:1}}",
        "POST /q\n\n\t{ ~h~ : true,\r\n~a~:{~c~:{~g~:null,~d~:[{~f~:2,"
        "~e~:1}]},~b~:1}}\n" } },
    { "json", "same", {
        "POST /q\n\n{~a~:~/\\t\\u0001\xe2\x82\xac\\\\~}",
        "POST /q\n\n{~\\u0061~:~\\/\\u0009\\u0001\\u20AC\\u005c~}" } },
    { "json", "same", {
        "POST /q\n\n[1.0,100.0,0.25,-0.0,1e2]",
        "POST /q\n\n[1e0,1E+2,2.50e-1,-0e5,100.00]" } },
    { "json", "same", { "POST /q\n\n~a\\u0062~", "POST /q\n\n ~ab~" } },
    { "json", "same", { "GET /q", "GET /q?", "GET /q?&&" } },
    { "json", "same", {
        "POST /q?b=2&a=1&c\n\n{}", "POST /q?c&a=%31&&b=2\n\n{}" } },
    { "json", "differ", {
        "POST /q\n\n{~a~:1}", "POST /q\n\n{~a~:1.0}", "POST /q\n\n{~a~:~1~}",
        "POST /q\n\n{~a~:[1]}", "POST /q\n\n{~a~:true}",
        "POST /q\n\n{~a~:null}", "POST /q\n\n{~a~:{}}", "POST /q\n\n{~A~:1}",
        "POST /q\n\n{~a ~:1}", "POST /q\n\n{}" } },
    { "json", "differ", {
        "POST /q\n\n0", "POST /q\n\n-0", "POST /q\n\n0.0", "POST /q\n\n-0.0",
        "POST /q\n\n00" } },
    { "json", "differ", {
        "POST /q\n\n[0.1]", "POST /q\n\n[0.1000000000000000055511151231257827]",
        "POST /q\n\n[1e400]", "POST /q\n\n[1e401]", "POST /q\n\n[1e-400]",
        "POST /q\n\n[18446744073709551616]",
        "POST /q\n\n[18446744073709551617]",
        "POST /q\n\n[1e99999999999999999999]",
        "POST /q\n\n[1e99999999999999999998]" } },
    { "json", "differ", {
        "POST /q\n\n[~a~,~b~]", "POST /q\n\n[~a\\~,\\~b~]",
        "POST /q\n\n[~a,b~]", "POST /q\n\n[~b~,~a~]", "POST /q\n\n[[~a~],~b~]",
        "POST /q\n\n[~a~,~b~,~b~]" } },
    { "json", "differ", {
        "POST /q\n\n{~a~:1,~a~:2}", "POST /q\n\n{~a~:2,~a~:1}",
        "POST /q\n\n{~a~:1}", "POST /q\n\n{~a~:2}",
        "POST /q\n\n{~a~:2, ~a~:1}" } },
    { "json", "differ", {
        "POST /q\n\n{~a~:1", "POST /q\n\n{~a~: 1", "POST /q\n\n{~a~:1}}",
        "POST /q\n\n{~a~:1,}", "POST /q\n\n{'a':1}",
        "POST /q\n\n{~a~:1 /* b */}", "POST /q\n\n\xef\xbb\xbf{~a~:1}",
        "POST /q\n\n{~a~:1}{~b~:2}", "POST /q\n\n{~a~:~\xff~}",
        "POST /q\n\n{~a~:~\xfe~}" } },
    { "json", "differ", {
        "POST /q\n\n{~a~:~\\ud800~}", "POST /q\n\n{~a~:~\\udbff~}",
        "POST /q\n\n{~a~:~?~}", "POST /q\n\n{~a~:~\\ufffd~}" } },
    { "json", "differ", {
        "POST /q\n\n{}", "POST /q", "POST /q\n\n ", "POST /p\n\n{}",
        "QUERY /q\n\n{}", "GET /q\n\n{}",
        "POST /q\nContent-Type: text/plain\n\n{}" } },
    { "json fold", "same", {
        "GET /q\n\n{~a~:1,~b~:2}",
        "POST /q\nContent-Type: application/json\n\n{~b~:2,~a~:1}",
        "QUERY /q\nContent-Type: a/b\n\n{~b~:2, ~a~:1}" } },
    { "json fold", "differ", {
        "POST /q\nContent-Type: a/b\n\n{~a~:1",
        "POST /q\nContent-Type: a/c\n\n{~a~:1", "POST /q\n\n{~a~:1" } },
    { "json json=/trace,/a/*/id,/a~1b/c~0d", "same", {
        "POST /q\n\n{}", "POST /q\n\n{~trace~:1}",
        "POST /q\n\n{~trace~:{~b~:[1]}}" } },
    { "json json=/trace,/a/*/id", "same", {
        "POST /q\n\n{~a~:[{~id~:1,~x~:1},{~id~:2}]}",
        "POST /q\n\n{~a~:[{~x~:1,~id~:3},{}]}" } },
    { "json json=/trace,/a/*/id", "differ", {
        "POST /q\n\n{~a~:{~id~:1}}", "POST /q\n\n{~a~:{~id~:2}}",
        "POST /q\n\n{~b~:{~trace~:1}}", "POST /q\n\n{~b~:{~trace~:2}}",
        "POST /q\n\n{~a~:[[{~id~:1}]]}", "POST /q\n\n{~a~:[[{~id~:2}]]}" } },
    { "json json=/a", "differ", {
        "POST /q\n\n{~a~:1,~a~:2,~b~:1}", "POST /q\n\n{~a~:2,~a~:1,~b~:1}",
        "POST /q\n\n{~b~:1}" } },
    { "json body=20 depth=3", "differ", {
        "POST /q\n\n[1,2,3,4,5,6,7,8,9,10]",
        "POST /q\n\n[1,2,3,4,5,6,7,8,9, 10]",
        "POST /q\n\n[[[[1]]]]", "POST /q\n\n[[[[ 1]]]]" } },
    { "json body=20 depth=3", "same", {
        "POST /q\n\n[[[1]]]", "POST /q\n\n[ [[1]]]" } },
    { "json normalize=args,json,sql sql=/s/t", "same", {
        "POST /q\n\n{~s~:{~t~:~SELECT a FROM t~,~l~:5}}",
        "POST /q\n\n{~s~:{~l~:5,~t~:~SELECT  a\\nFROM t -- x~}}" } },
    { "json normalize=args,json,sql sql=/s/t", "differ", {
        "POST /q\n\n{~s~:{~t~:~SELECT a~}}", "POST /q\n\n{~s~:~SELECT a~}",
        "POST /q\n\nSELECT a", "POST /q\n\nSELECT  a",
        "POST /q\n\n{~s~:{}}" } },
    { "json", "request_coding", {
        "POST /q\nContent-Encoding: br\n\n{}",
        "POST /q\nContent-Encoding: gzip\n\n{}",
        "POST /q\nContent-Encoding: zstd\n\n{}",
        "POST /q\nContent-Encoding: gzip, gzip\n\n{}",
        "POST /q\nContent-Encoding: deflate\n\n{}",
        "POST /q\nContent-Encoding: gzip\n\n" } },
    { "json", "same", {
        "POST /q\nContent-Encoding: identity\n\n{}",
        "POST /q\nContent-Encoding: identity\n\n{ }" } },

    /* RFC 10008 */

    { "json", "differ", {
        "QUERY /q?b&a\nCache-Control: no-transform\n\n[1]",
        "QUERY /q?a&b\nCache-Control: no-transform\n\n[1]",
        "QUERY /q?a&b\nCache-Control: max-age=1, NO-Transform\n\n[ 1]",
        "QUERY /q?a&b\nCache-Control: no-cache\nCache-Control: no-transform\n\n"
        "[1 ]",
        "QUERY /q?a&b\n\n[1]" } },
    { "json", "same", {
        "QUERY /q?b&a\nCache-Control: no-cache\n\n[ 1]",
        "QUERY /q?a&b\n\n[1]" } },
    { "json", "same", {
        "POST /q?b&a\nCache-Control: no-transform\n\n[ 1]",
        "POST /q?a&b\n\n[1]" } }
};


static const query_row_t  clickhouse[] = {

    { "clickhouse", "same", {
        "GET /?query=SELECT+1+FROM+t", "GET /?query=SELECT%201%20FROM%20t",
        "GET /?query=SELECT%091%0AFROM%0D%0At",
        "GET /?qu%65ry=+SELECT++1+FROM+t++" } },
    { "clickhouse", "same", {
        "POST /\n\nSELECT a FROM t WHERE b",
        "POST /\n\nSELECT a FROM t -- by Ann\nWHERE b",
        "POST /\n\n-- '~`\nSELECT/**/a/* ' */FROM t WHERE b -- end" } },
    { "clickhouse", "same", {
        "POST /\n\nSELECT 'it\\'s  a'   FROM t",
        "POST /\n\nSELECT 'it\\'s  a' FROM t" } },
    { "clickhouse", "same", {
        "POST /\n\nSELECT $a$it's  /* one */$a$   FROM t",
        "POST /\n\nSELECT $a$it's  /* one */$a$ FROM t -- done" } },
    { "clickhouse", "same", {
        "GET /?query=SELECT+1&database=d&max_rows=5&param_x=1",
        "GET /?param_x=1&max_rows=5&database=d&query=SELECT+1",
        "GET /?&param_x=%31&&max_rows=5&database=d&query=SELECT%201" } },
    { "clickhouse", "same", {
        "GET /?query=SELECT+1", "GET /?query=SELECT+1&query_id=a",
        "GET /?log_comment=x&query=SELECT+1&wait_end_of_query=1",
        "GET /?query=SELECT+1&buffer_size=1&send_progress_in_http_headers=1",
        "GET /?query=SELECT+1&http_headers_progress_interval_ms=5",
        "GET /?query=SELECT+1&cancel_http_readonly_queries_on_client_close=1"
        } },
    { "clickhouse", "same", {
        "POST /?query=SELECT+1\n\nFORMAT JSON",
        "POST /\n\nSELECT 1 FORMAT JSON",
        "POST /?query=\n\nSELECT 1 FORMAT JSON",
        "POST /?query=SELECT+1+FORMAT+JSON" } },
    { "clickhouse fold", "same", {
        "GET /?query=SELECT+1", "POST /\nContent-Type: text/plain\n\nSELECT 1",
        "QUERY /\nContent-Type: text/plain; charset=utf-8\n\n SELECT 1",
        "POST /?query=SELECT\n\n1" } },
    { "clickhouse fold", "differ", {
        "POST /?query=SELECT+12", "POST /?query=SELECT+1\n\n2 AS x" } },
    { "clickhouse fold", "same", {
        "POST /?query=SELECT+1+--\n\n+ 1", "POST /?query=SELECT+1\n\n+ 1" } },
    { "clickhouse fold", "differ", {
        "POST /?query=SELECT+1+--\n\n+ 1", "POST /?query=SELECT+1+--+%2B+1",
        "POST /?query=SELECT+1+/*\n\n*/ + 2" } },
    { "clickhouse", "differ", {
        "GET /?query=SELECT+1", "POST /?query=SELECT+1",
        "QUERY /?query=SELECT+1" } },
    { "clickhouse", "differ", {
        "GET /?query=SELECT+1&profile=p&max_threads=1",
        "GET /?query=SELECT+1&max_threads=1&profile=p",
        "GET /?query=SELECT+1&max_threads=1" } },
    { "clickhouse", "differ", {
        "GET /?query=SELECT+'a'", "GET /?query=SELECT+'A'",
        "GET /?query=SELECT+'a+'", "GET /?query=SELECT+''",
        "GET /?query=SELECT+~a~", "GET /?query=SELECT+a",
        "GET /?query=SELECT+A", "GET /?query=select+a" } },
    { "clickhouse", "differ", {
        "POST /\n\nSELECT 'a -- b'", "POST /\n\nSELECT 'a'",
        "POST /\n\nSELECT 'a /* c */ b'", "POST /\n\nSELECT 'a  b'",
        "POST /\n\nSELECT 'a b'", "POST /\n\nSELECT 'a\tb'",
        "POST /\n\nSELECT 'a' 'b'", "POST /\n\nSELECT 'a''b'" } },
    { "clickhouse", "differ", {
        "POST /\n\nSELECT 'a\\' -- b', 'c'",
        "POST /\n\nSELECT 'a\\' -- x', 'c'",
        "POST /\n\nSELECT 'a\\\\' -- b', 'c'" } },
    { "clickhouse", "differ", {
        "POST /\n\nSELECT $$a b$$", "POST /\n\nSELECT $$a  b$$",
        "POST /\n\nSELECT $$a -- b$$", "POST /\n\nSELECT $x$a b$x$" } },
    { "clickhouse", "differ", {
        "GET /?query=SELECT+2+-+-1", "GET /?query=SELECT+2+--1",
        "GET /?query=SELECT+2-1", "GET /?query=SELECT+2%2B1" } },
    { "clickhouse", "differ", {
        "GET /?query=SELECT+'a%2520b'", "GET /?query=SELECT+'a%20b'",
        "GET /?query=SELECT+'a%2Bb'", "GET /?query=SELECT+'a%252Bb'",
        "GET /?query=SELECT+'a+++b'" } },
    { "clickhouse", "differ", {
        "GET /?query=SELECT+1", "GET /?query=SELECT+1&param_a=1&param_b=2",
        "GET /?query=SELECT+1&param_a=1%26param_b=2",
        "GET /?query=SELECT+1%26param_a=1&param_b=2",
        "GET /?query=SELECT+1&param_a=", "GET /?query=SELECT+1&param_a",
        "GET /?query=SELECT+1&database=a", "GET /x?query=SELECT+1" } },
    { "clickhouse", "differ", {
        "GET /?query=SELECT+1", "GET /?query=SELECT+1&user=ann",
        "GET /?query=SELECT+1&user=bob", "GET /?query=SELECT+1&role=a&role=b",
        "GET /?query=SELECT+1&role=b&role=a",
        "GET /?query=SELECT+1&quota_key=q", "GET /?query=SELECT+1&User=ann",
        "GET /?query=SELECT+1&password=p" } },
    { "clickhouse", "differ", {
        "GET /?query=SELECT+1", "GET /?query=SELECT+1&Query_Id=1",
        "GET /?query=SELECT+1&query_id_=1", "GET /?query=SELECT+1&query-id=1",
        "GET /?query=SELECT+1&query%20id=1" } },
    { "clickhouse ignore=*", "differ", {
        "GET /?query=SELECT+1", "GET /?query=SELECT+2",
        "GET /?query=SELECT+1&user=ann", "GET /?query=SELECT+1&role=r" } },
    { "clickhouse keep=database", "differ", {
        "GET /?query=SELECT+1", "GET /?query=SELECT+2",
        "GET /?query=SELECT+1&database=d", "GET /?query=SELECT+1&user=ann" } },
    { "clickhouse guard=off keep=database", "differ", {
        "GET /?query=SELECT+'a", "GET /?query=SELECT+'b",
        "GET /?query=SELECT+1&query=SELECT+2",
        "GET /?query=SELECT+2&query=SELECT+1", "GET /?query=%zz",
        "GET /?query=%zy" } },
    { "clickhouse guard=off", "differ", {
        "POST /\n\nSELECT 1 /* not closed", "POST /\n\nSELECT  1 /* not closed",
        "POST /\n\nSELECT 'a", "POST /\n\nSELECT  'a", "POST /\n\nSELECT 1 # c",
        "POST /\n\nSELECT (1", "POST /\n\nSELECT /* a /* b */ c */ 1" } },
    { "clickhouse guard=off", "differ", {
        "POST /\n\nINSERT INTO t FORMAT CSV\n1, 2",
        "POST /\n\nINSERT INTO t FORMAT CSV\n1,  2" } },
    { "clickhouse guard=off normalize=off ignore=", "differ", {
        "GET /?query=SELECT+1&database=a", "GET /?query=SELECT++1&database=a",
        "GET /?database=a&query=SELECT+1", "GET /?query=SELECT%201&database=a",
        "GET /?query=SELECT+1&database=a&query_id=1" } },
    { "clickhouse guard=off body=30 args=3", "differ", {
        "POST /?a=1\n\nSELECT 1111111111111111111111111111",
        "POST /?a=1\n\nSELECT  1111111111111111111111111111",
        "GET /?query=SELECT+1&a=1&b=2&c=3", "GET /?query=SELECT+1&b=2&a=1&c=3"
        } },
    { "clickhouse body=30", "request_body_size", {
        "POST /?a=1\n\nSELECT 1111111111111111111111111111" } },
    { "clickhouse body=30", "statement", {
        "GET /?query=SELECT+1111111111111111111111111111" } },
    { "clickhouse args=2", "statement", {
        "GET /?query=SELECT+1&a=1&b=2" } },

    { "clickhouse", "statement", {
        "POST /\n\nINSERT INTO t VALUES (1)", "POST /\n\nDROP TABLE t",
        "POST /?query=INSERT+INTO+t+FORMAT+CSV\n\n1,2",
        "POST /\n\nTRUNCATE TABLE t", "POST /\n\nSET a = 1",
        "POST /\n\nOPTIMIZE TABLE t FINAL", "POST /\n\nKILL QUERY WHERE 1",
        "POST /\n\nSYSTEM RELOAD DICTIONARIES", "POST /\n\nUSE db",
        "POST /\n\nGRANT SELECT ON t TO ann" } },
    { "clickhouse", "statement", {
        "POST /\n\n/* SELECT */ DROP TABLE t",
        "POST /\n\n-- SELECT 1\nDROP TABLE t", "POST /\n\ndRoP TABLE t",
        "GET /?query=%44ROP+TABLE+t", "GET /?qu%65ry=DROP+TABLE+t",
        "POST /?query=INSERT+INTO+t\n\nSELECT 1" } },
    { "clickhouse", "statement", {
        "POST /\n\nSELECT 1; SELECT 2", "POST /\n\nSELECT 1;;\nDROP TABLE t",
        "POST /\n\nSELECT 1 INTO OUTFILE '/a'",
        "GET /?query=SELECT+1&query=SELECT+1", "GET /", "GET /?query=",
        "POST /\n\n-- nothing", "GET /?database=d", "POST /" } },
    { "clickhouse", "statement", {
        "POST /\n\nSELECT 'a", "POST /\n\nSELECT 1 /* a", "POST /\n\nSELECT (1",
        "POST /\n\nSELECT 1)", "POST /\n\nSELECT /* a /* b */ 1",
        "POST /\n\nSELECT 1 # a", "POST /\n\nSELECT \x01 1",
        "GET /?query=SELECT+'%zz'", "QUERY /\n\nINSERT INTO t VALUES (1)",
        "GET /?query=INSERT+INTO+t+VALUES+(1)" } },
    { "clickhouse normalize=off", "statement", {
        "POST /\n\nINSERT INTO t VALUES (1)", "GET /?query=DROP+TABLE+t",
        "POST /\n\nSELECT 'a", "GET /" } },
    { "clickhouse normalize=off ignore=", "differ", {
        "GET /?query=SELECT+1", "GET /?query=SELECT++1", "POST /\n\nSELECT 1",
        "POST /\n\nSELECT  1" } },
    { "clickhouse normalize=args,json,sql", "statement", {
        "POST /\n\n{~a~:1}", "POST /\n\n[1]",
        "POST /\nContent-Type: application/json\n\n~DROP~" } },
    { "none normalize=args,json,sql", "same", {
        "POST /\n\n{~a~:1,~b~:2}", "POST /\n\n{~b~:2,~a~:1}" } },
    { "clickhouse normalize=args", "statement", {
        "POST /\n\nDROP TABLE t", "GET /?query=DROP+TABLE+t" } },
    { "clickhouse", "statement", {
        "GET /?query=SELECT+1&timeout_overflow_mode=break",
        "GET /?query=SELECT+1&read_overflow_mod%65=BREAK",
        "GET /?group_by_overflow_mode=any&query=SELECT+1",
        "POST /\n\nSELECT 1 SETTINGS timeout_overflow_mode='break'",
        "POST /\n\nSELECT 1 SETTINGS x_overflow_mode  =  'any', y = 1" } },
    { "clickhouse keep=a", "statement", {
        "GET /?query=SELECT+1&timeout_overflow_mode=break",
        "POST /\n\nSELECT 1 SETTINGS timeout_overflow_mode='break'" } },
    { "clickhouse normalize=off", "statement", {
        "GET /?query=SELECT+1&timeout_overflow_mod%65=break",
        "POST /\n\nSELECT 1 SETTINGS timeout_overflow_mode='break'" } },
    { "clickhouse", "differ", {
        "GET /?query=SELECT+1&timeout_overflow_mode=throw", "GET /?query=SELECT"
        "+1" } },
    { "clickhouse keep=query", "statement", {
        "GET /?\xef\xbb\xbfuser=ann&query=SELECT+1",
        "POST /?\xef\xbb\xbfquery=INSERT+INTO+t+VALUES\n\nSELECT 1",
        "GET /?query=SELECT+1\nX-HTTP-Method-Override: DELETE",
        "POST /\n\nSELECT 1 SETTINGS ~read_overflow_mode~ = 'break'",
        "POST /\n\nSELECT 1 SETTINGS read_overflow_mode=$$break$$" } },
    { "clickhouse", "session", {
        "GET /?query=SELECT+1&session_id=a", "GET /?query=SELECT+1&session_id=",
        "GET /?query=SELECT+1&session_%69d=a",
        "POST /?session_id=a&session_timeout=60\n\nSELECT 1",
        "GET /?query=SELECT+1&x_structure=a", "GET /?query=SELECT+1&x_types=a",
        "POST /?decompress=1\n\nSELECT 1",
        "POST /?query=SELECT+1\nContent-Type: Multipart/Form-Data\n\n--b--",
        "POST /?query=SELECT+1\nContent-Type: text/plain\n"
        "Content-Type: multipart/form-data\n\n--b--" } },
    { "clickhouse guard=session", "session", {
        "POST /?session_id=a\n\nINSERT INTO t VALUES (1)" } },
    { "clickhouse guard=statement", "same", {
        "GET /?query=SELECT+1&session_id=a", "GET /?session_id=a&query=SELECT+1"
        } },
    { "clickhouse", "same", {
        "GET /?query=SELECT+1&decompress=0", "GET /?decompress=0&query=SELECT+1"
        } },
    { "clickhouse", "differ", {
        "GET /?query=SELECT+1",
        "GET /?query=SELECT+1\nX-ClickHouse-User: ann",
        "GET /?query=SELECT+1\nX-ClickHouse-User: bob",
        "GET /?query=SELECT+1\nX-ClickHouse-Key: a",
        "GET /?query=SELECT+1\nX-ClickHouse-Database: d",
        "GET /?query=SELECT+1\nX-ClickHouse-Format: JSON",
        "GET /?query=SELECT+1\nX-ClickHouse-User: \nX-ClickHouse-Key: ann",
        "GET /?query=SELECT+1\nAuthorization: ann",
        "GET /?query=SELECT+1\nCookie: ann" } }
};


int
main(void)
{
    query_table(none, sizeof(none) / sizeof(query_row_t));
    query_table(json, sizeof(json) / sizeof(query_row_t));
    query_table(clickhouse, sizeof(clickhouse) / sizeof(query_row_t));

    return tap_done();
}
