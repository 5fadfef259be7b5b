
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/* Which requests share a key: Elasticsearch, Druid, Cube, GraphQL, Pinot. */

#include "query.h"


#define HASH_A  "4fde0939ccf99237eff71494fd68feba" \
                "25ff12c77d028679f8583dca25cf477a"
#define HASH_B  "52978b222d1c8b138bf928ca07288c01" \
                "cd4c553a1a8fe1322526b4ef6c6f6b48"
#define PERSISTED(hash)                                                       \
    "{~persistedQuery~:{~version~:1,~sha256Hash~:~" hash "~}}"


static const query_row_t  elasticsearch[] = {

    { "elasticsearch", "same", {
        "POST /l/_search\n\n{~size~:1,~query~:{~bool~:{~must~:[],~filter~:[1]}"
        "}}",
        "POST /l/_search\n\n{~query~:{~bool~:{~filter~:[1],~must~:[]}},"
        "~size~:1}",
        "POST /l/_search\n\n\r\n{~query~:{~bool~:{~filter~: [1],~must~:[]}},"
        "~size~:1 }\n" } },
    { "elasticsearch", "same", {
        "POST /l/_search?size=1&pretty&routing=a\n\n{}",
        "POST /l/_search?routing=a&size=1&pretty\n\n{ }" } },
    { "elasticsearch", "same", {
        "GET /l/_search\n\n{~a~:1,~b~:2}", "GET /l/_search\n\n{~b~:2,~a~:1}" }
        },
    { "elasticsearch fold", "same", {
        "GET /l/_search\nContent-Type: a/b\n\n{~size~:1}",
        "POST /l/_search\nContent-Type: application/json\n\n{~size~: 1}",
        "QUERY /l/_search\n\n{ ~size~:1}" } },
    { "elasticsearch", "differ", {
        "POST /l/_search\n\n{}", "POST /m/_search\n\n{}",
        "POST /l/_count\n\n{}", "POST /_search\n\n{}",
        "POST /l,m/_search\n\n{}", "POST /L/_search\n\n{}",
        "POST /l/_search", "POST /l/_search\n\n[]",
        "POST /l/_search?routing=a\n\n{}", "GET /l/_search\n\n{}" } },
    { "elasticsearch", "differ", {
        "POST /_search\n\n{~sort~:[~a~,~b~]}",
        "POST /_search\n\n{~sort~:[~b~,~a~]}",
        "POST /_search\n\n{~a~:12345678901234567890123}",
        "POST /_search\n\n{~a~:12345678901234567890124}",
        "POST /_search\n\n{~a~:9007199254740993}",
        "POST /_search\n\n{~a~:9007199254740992}",
        "POST /_search\n\n{~a~:~b c~}", "POST /_search\n\n{~a~:~b  c~}",
        "POST /_search\n\n{~a~:~b\\u0000c~}",
        "POST /_search\n\n{~a~:~b\\\\u0000c~}"
        } },
    { "elasticsearch", "differ", {
        "POST /_search\n\n{~sort~:{~a~:1,~b~:1}}",
        "POST /_search\n\n{~sort~:{~b~:1,~a~:1}}",
        "POST /_search\n\n{~sort~:[{~b~:1,~a~:1}]}",
        "POST /_search\n\n{~sort~:[{~a~:1,~b~:1}]}" } },
    { "elasticsearch", "same", {
        "POST /_search\n\n{~x~:1,~sort~:{~b~:{~c~:1,~d~:1},~a~:1}}",
        "POST /_search\n\n{~sort~:{~b~:{~d~:1,~c~:1},~a~:1},~x~:1}" } },
    { "elasticsearch", "differ", {
        "GET /_search?q=a", "GET /_search?q=b", "GET /_search?q=a&size=1",
        "GET /_search?q=a&preference=x", "GET /_search?q=a&pretty",
        "GET /_search?q=a&pretty=" } },
    { "elasticsearch", "differ", {
        "POST /_search\n\n{}", "POST /_search\nAuthorization: ApiKey a\n\n{}",
        "POST /_search\nAuthorization: ApiKey b\n\n{}",
        "POST /_search\nX-Api-Key: a\n\n{}", "POST /_search\nCookie: a\n\n{}",
        "POST /_search\nEs-Security-Runas-User: a\n\n{}",
        "POST /_search\nAccept: application/yaml\n\n{}",
        "POST /_search\nContent-Type: application/json\n\n{}" } },
    { "elasticsearch", "same", {
        "POST /_search\nAccept: */*\n\n{}",
        "POST /_search\nAccept: application/json\n\n{}",
        "POST /_search\nAccept: application/json, text/plain\n\n{}",
        "POST /_search\n\n{}" } },
    { "elasticsearch", "same", {
        "POST /_msearch\n\n{~index~:~a~}\n{~from~:1,~size~:1}\n{}\n{~size~:2}"
        "\n",
        "POST /_msearch\n\n{~index~: ~a~}\r\n{~size~:1,~from~:1}\n{}\n"
        "{~size~ :2}\n" } },
    { "elasticsearch", "differ", {
        "POST /_msearch\n\n{~index~:~a~}\n{~size~:1}\n{}\n{~size~:2}\n",
        "POST /_msearch\n\n{}\n{~size~:2}\n{~index~:~a~}\n{~size~:1}\n",
        "POST /_msearch\n\n{~index~:~a~}\n{~size~:1}\n",
        "POST /_msearch\n\n{~index~:~a~}\n{~size~:1}",
        "POST /_msearch\n\n{~index~:~a~}\n\n{~size~:1}\n",
        "POST /_msearch\n\n\n{~size~:1}\n" } },
    { "elasticsearch json=/preference,/query/bool/filter/*/_name", "same", {
        "POST /_search\n\n{~preference~:1,~query~:{~bool~:{~filter~:[{~_name~:"
        "1,"
        "~t~:2}]}}}",
        "POST /_search\n\n{~query~:{~bool~:{~filter~:[{~t~:2,~_name~:3}]}}}" }
        },
    { "elasticsearch", "same", {
        "POST /_sql?format=json\n\n{~query~:~SELECT a FROM l~,~fetch_size~:5}",
        "POST /_sql?format=json\n\n{~fetch_size~:5,~query~:~SELECT  a\\nFROM l"
        "~}" } },
    { "elasticsearch", "differ", {
        "POST /_query\n\n{~query~:~FROM l | LIMIT 1~}",
        "POST /_query\n\n{~query~:~FROM l  | LIMIT 1~}",
        "POST /l/_search\n\n{~query~:~FROM l~}",
        "POST /l/_search\n\n{~query~:~FROM  l~}" } },
    { "elasticsearch", "differ", {
        "POST /l/_explain/1\n\n{}", "POST /l/_explain/2\n\n{}",
        "POST /_mget\n\n{}", "POST /l/_validate/query\n\n{}",
        "POST /_all/_search\n\n{}", "POST /l/_field_caps?fields=a",
        "GET /l/_doc/1", "GET /_cat/indices", "POST /l/_search/\n\n{}" } },
    { "elasticsearch guard=off", "differ", {
        "POST /l/_search\n\nquery:\n  a: {}\nsize: 1\n",
        "POST /l/_search\n\nquery:\n  a: {}\n  size: 1\n",
        "POST /_sql\n\nquery: 1", "POST /_sql\n\nquery:  1",
        "POST /_search\n\n{~a~:1,~a~:2}", "POST /_search\n\n{~a~:2,~a~:1}" } },
    { "elasticsearch", "statement", {
        "POST /l/_doc\n\n{}", "POST /l/_doc/1\n\n{}", "POST /_bulk\n\n{}",
        "POST /l/_update_by_query\n\n{}", "POST /_reindex\n\n{}",
        "POST /l\n\n{}",
        "POST /\n\n{}", "QUERY /l/_doc/1\n\n{}", "POST /l/_refresh",
        "POST /_sql/close\n\n{}" } },
    { "elasticsearch", "statement", {
        "POST /l/_doc/_search\n\n{}", "POST /l/_create/_count\n\n{}",
        "POST /_scripts/_search\n\n{}", "POST /l/_doc/_explain/\n\n{}",
        "POST /l/x_search\n\n{}", "POST /l/_search2\n\n{}",
        "POST /_all/_doc/_search\n\n{}", "POST /_sql/translate\n\n{}" } },
    { "elasticsearch", "statement", {
        "POST /_search\n\n{~a~:1", "POST /_search\n\n{~a~:1,~a~:2}",
        "POST /_search\n\nquery: 1", "POST /_sql\n\n{~query~:~DELETE FROM l~}",
        "POST /_sql\n\n{~query~:7}", "POST /_sql\n\n{}", "POST /_sql",
        "POST /_sql\n\nSELECT 1", "POST /_msearch\n\n{}\n{\n" } },
    { "elasticsearch", "statement", {
        "GET /l/_search?q=a;scroll=1m", "GET /l/_search?q=x;size=9&size=1",
        "GET /l/_refresh", "GET /_flush", "GET /l/_cache/clear",
        "POST /_search\nContent-Type: application/yaml\n\n{}",
        "POST /_search\nContent-Type: a/json;charset=utf-16\n\n{}",
        "POST /_search\nX-HTTP-Method-Override: DELETE\n\n{}" } },
    { "elasticsearch guard=off", "differ", {
        "GET /_search?q=x;size=9&size=1", "GET /_search?size=1&q=x;size=9" } },
    { "elasticsearch", "session", {
        "POST /l/_search?scroll=1m\n\n{}", "GET /l/_search?scr%6Fll=1m",
        "POST /_search/scroll\n\n{}", "GET /_search/scroll/a",
        "POST /l/_pit?keep_alive=1m", "GET /_async_search/a",
        "POST /l/_async_search\n\n{}", "GET /_sql/async/status/a",
        "GET /_search?source={~pit~:{}}", "GET /_search?wait_for_completion_"
        "timeout=1s" } },
    { "elasticsearch", "session", {
        "POST /_search\n\n{~pit~:{~id~:~a~}}",
        "POST /_search\n\n{~p\\u0069t~:1}",
        "POST /_sql\n\n{~cursor~:~a~,~query~:~SELECT 1~}",
        "GET /_search\n\n{~pit~:{}}", "POST /_msearch\n\n{}\n{~pit~:{}}\n",
        "POST /_search\n\n{~scroll~:~1m~}" } },
    { "elasticsearch json=/pit", "session", {
        "POST /_search\n\n{~pit~:{~id~:~a~}}" } },
    { "elasticsearch normalize=off", "session", {
        "POST /_search\n\n{~pit~:{~id~:~a~}}", "GET /_search?scroll=1m" } }
};


static const query_row_t  druid[] = {

    { "druid", "same", {
        "POST /druid/v2\n\n{~queryType~:~scan~,~limit~:5}",
        "POST /druid/v2\n\n{ ~limit~: 5, ~queryType~: ~scan~}" } },
    { "druid", "same", {
        "POST /druid/v2\n\n{~a~:1,~context~:{~queryId~:~a~}}",
        "POST /druid/v2\n\n{~context~:{~queryId~:~b~},~a~:1}",
        "POST /druid/v2\n\n{~a~:1,~context~:{~subQueryId~:7,~sqlQueryId~:8}}",
        "POST /druid/v2\n\n{~a~:1,~context~:{}}" } },
    { "druid", "differ", {
        "POST /druid/v2\n\n{~context~:{~queryId~:~a~}}",
        "POST /druid/v2\n\n{~context~:{~queryId~:~a~,~timeout~:1}}",
        "POST /druid/v2\n\n{~context~:{~queryID~:~a~}}",
        "POST /druid/v2\n\n{~f~:{~context~:{~queryId~:~a~}}}",
        "POST /druid/v2\n\n{~f~:{~context~:{~queryId~:~b~}}}",
        "POST /druid/v2\n\n{~queryId~:~a~}", "POST /druid/v2\n\n{}",
        "POST /druid/v2/\n\n{}", "QUERY /druid/v2\n\n{}" } },
    { "druid", "differ", {
        "POST /druid/v2\n\n{~limit~:1}", "POST /druid/v2\n\n{~limit~:1.0}",
        "POST /druid/v2\n\n{~limit~:~1~}", "POST /druid/v2\n\n{~limit~:[1]}",
        "POST /druid/v2\n\n{~query~:~a  b~}",
        "POST /druid/v2\n\n{~query~:~a b~}"
        } },
    { "druid", "same", {
        "POST /druid/v2/sql\n\n{~query~:~SELECT p, COUNT(*) FROM w~,~a~:1}",
        "POST /druid/v2/sql\n\n{~a~:1,~query~:~SELECT p,\\n COUNT( * ) -- x\\n"
        "FROM w\\n~}",
        "POST /druid/v2/sql\n\n{~a~:1,~query~:~SELECT\\u0020p,COUNT(*)\\tFROM w"
        "~}" } },
    { "druid", "same", {
        "POST /druid/v2/sql\n\n{~query~:~SELECT 1~,~context~:{~sqlQueryId~:1}}",
        "POST /druid/v2/sql\n\n{~context~:{~sqlQueryId~:~b~},~query~:~SELECT 1"
        "~}" } },
    { "druid", "same", {
        "POST /druid/v2/sql\n\n{~query~:~SELECT 'a\\\\'   ,   'b'~}",
        "POST /druid/v2/sql\n\n{~query~:~SELECT 'a\\\\' , 'b'~}" } },
    { "druid fold", "same", {
        "POST /druid/v2/sql\n\n{~query~:~SELECT 1~}",
        "QUERY /druid/v2/sql\nContent-Type: a/b\n\n{~query~:~ SELECT  1 ~}" } },
    { "druid", "differ", {
        "POST /druid/v2/sql\n\n{~query~:~SELECT 'a b'~}",
        "POST /druid/v2/sql\n\n{~query~:~SELECT 'a  b'~}",
        "POST /druid/v2/sql\n\n{~query~:~SELECT \\~a b\\~~}",
        "POST /druid/v2/sql\n\n{~query~:~SELECT 'a'\\n'b'~}",
        "POST /druid/v2/sql\n\n{~query~:~SELECT 'a' 'b'~}",
        "POST /druid/v2/sql\n\n{~query~:~SELECT 1 -- c\\n+ 1~}",
        "POST /druid/v2/sql\n\n{~query~:~SELECT 1 -- c + 1~}",
        "POST /druid/v2/sql\n\n{~query~:~SELECT 1~,~header~:true}",
        "POST /druid/v2/sql\n\n{~query~:~SELECT 1~,~parameters~:[1]}",
        "POST /druid/v2\n\n{~query~:~SELECT 1~}" } },
    { "druid guard=off", "differ", {
        "POST /druid/v2/sql\n\n{~query~:~SELECT 'a~}",
        "POST /druid/v2/sql\n\n{~query~:~SELECT  'a~}",
        "POST /druid/v2/sql\n\n{~query~:[~SELECT 1~]}",
        "POST /druid/v2/sql\n\n{~query~:~SELECT 1~,~query~:~SELECT 2~}",
        "POST /druid/v2/sql\n\n{~query~:~SELECT 2~,~query~:~SELECT 1~}",
        "POST /druid/v2/sql\n\n{~query~:~SELECT 1~}",
        "POST /druid/v2/sql\n\nSELECT 1", "POST /druid/v2/sql\n\nSELECT  1" } },
    { "druid guard=off json=/query", "differ", {
        "POST /druid/v2/sql\n\n{~query~:~SELECT 1~}",
        "POST /druid/v2/sql\n\n{~query~:~SELECT 2~}" } },
    { "druid", "statement", {
        "POST /druid/v2/sql\n\n{~query~:~INSERT INTO w SELECT 1~}",
        "POST /druid/v2/sql\n\n{~query~:~\\u0049NSERT INTO w SELECT 1~}",
        "POST /druid/v2/sql\n\n{~query~:~SELECT 1; SELECT 2~}",
        "POST /druid/v2/sql\n\n{~query~:~SELECT 'a~}",
        "POST /druid/v2/sql\n\n{~query~:~SELECT 1~,~query~:~SELECT 2~}",
        "POST /druid/v2/sql\n\n{~query~:[~SELECT 1~]}",
        "POST /druid/v2/sql\n\n{~querY~:~SELECT 1~}", "POST /druid/v2/sql",
        "POST /druid/v2/sql\n\nSELECT 1", "POST /druid/v2/sql\n\n{" } },
    { "druid", "statement", {
        "POST /druid/indexer/v1/task\n\n{}", "POST /druid/v2/sql/task\n\n{}",
        "POST /druid/v2/sql/statements\n\n{}", "POST /druid/v2x\n\n{}",
        "QUERY /druid/indexer/v1/supervisor\n\n{}" } },
    { "druid normalize=args,json", "differ", {
        "POST /druid/v2/sql\n\n{~query~:~SELECT 1~}",
        "POST /druid/v2/sql\n\n{~query~:~SELECT  1~}",
        "POST /druid/v2\n\n{~query~:~SELECT 1~}" } },
    { "druid normalize=args,json", "same", {
        "POST /druid/v2/sql\n\n{~query~:~SELECT 1~,~a~:1}",
        "POST /druid/v2/sql\n\n{~a~:1, ~query~:~SELECT 1~}" } },
    { "druid normalize=args", "statement", {
        "POST /druid/v2/sql\n\n{~query~:~INSERT INTO w SELECT 1~}",
        "POST /druid/v2/sql\n\n{~query~:~SELECT 'a~}" } }
};


static const query_row_t  cube[] = {

    { "cube", "same", {
        "GET /v1/load?query={~measures~:[~a.b~],~limit~:5}",
        "GET /v1/load?query=%7B%22limit%22%3A5%2C%22measures%22%3A%5B%22a.b"
        "%22%5D%7D",
        "GET /v1/load?qu%65ry={+~measures~+:+[~a.b~],%20~limit~:5}" } },
    { "cube", "same", {
        "POST /v1/load\n\n{~query~:{~measures~:[~a.b~],~limit~:5},~queryType~:"
        "1}",
        "POST /v1/load\n\n{~queryType~:1,~query~:{~limit~:5,~measures~:[~a.b~]"
        "}}"
        } },
    { "cube fold", "same", {
        "GET /v1/load?query={~measures~:[~a.b~],~limit~:5}",
        "POST /v1/load\nContent-Type: a/b\n\n{~query~:{~limit~:5,~measures~:"
        "[~a.b~]}}",
        "QUERY /v1/load\n\n{~query~:{~limit~:5, ~measures~:[~a.b~]}}" } },
    { "cube", "same", { "GET /v1/meta?extended", "GET /v1/meta?extended&" } },
    { "cube", "differ", {
        "GET /v1/load?query={~m~:[1,2]}", "GET /v1/load?query={~m~:[2,1]}",
        "GET /v1/load?query=[{~m~:[1,2]}]", "GET /v1/load?query={~M~:[1,2]}",
        "GET /v1/load?query={~m~:[1,2]}&queryType=multi",
        "GET /v1/sql?query={~m~:[1,2]}", "GET /v1/meta",
        "POST /v1/load\n\n{~query~:{~m~:[1,2]}}",
        "GET /v1/load?query={~m~:[1,2]}\nAuthorization: a",
        "GET /v1/load" } },
    { "cube", "differ", {
        "POST /v1/load\n\n{~query~:{~m~:1}}",
        "POST /v1/load\n\n{~query~:{~m~:1},~queryType~:1}",
        "POST /v1/load\n\n{~query~:{~m~:1,~queryType~:1}}" } },
    { "cube", "differ", {
        "GET /v1/load?query={~order~:{~a~:1,~b~:1}}",
        "GET /v1/load?query={~order~:{~b~:1,~a~:1}}" } },
    { "cube", "differ", {
        "GET /v1/load?query={}", "GET /v1/load?query={}\nAuthorization: a",
        "GET /v1/load?query={}\nX-Cube-Authorization: a",
        "GET /v1/load?query={}\nX-Cube-Authorization: b" } },
    { "cube keep=none", "differ", {
        "GET /v1/load?query={~m~:1}", "GET /v1/load?query={~m~:2}" } },
    { "cube keep=none", "apart", {
        "GET /v1/load?query={~m~:1", "GET /v1/load?query={~m~:2",
        "GET /v1/load?query=%zz", "GET /v1/load?query=%zy",
        "GET /v1/load?query={~m~:1}&query={~m~:2}",
        "GET /v1/load?query={~m~:2}&query={~m~:1}" } },
    { "cube keep=none guard=off", "differ", {
        "GET /v1/load?query={~m~:1", "GET /v1/load?query={~m~:2",
        "GET /v1/load?query=%zz", "GET /v1/load?query=%zy",
        "GET /v1/load?query={~m~:1}&query={~m~:2}",
        "GET /v1/load?query={~m~:2}&query={~m~:1}",
        "GET /v1/load?query={~m~:2,~m~:1}" } },
    { "cube guard=off fold", "differ", {
        "POST /v1/load?query={~m~:1}\n\n{~query~:{~m~:2}}",
        "POST /v1/load?query={~m~:2}\n\n{~query~:{~m~:1}}",
        "POST /v1/load\n\n{~query~:{~m~:1}}",
        "POST /v1/load\n\n{~query~:{~m~:2}}" } },
    { "cube json=/query/ungrouped", "same", {
        "POST /v1/load\n\n{~query~:{~m~:1,~ungrouped~:true}}",
        "POST /v1/load\n\n{~query~:{~m~:1}}" } },
    { "cube", "statement", {
        "POST /v1/pre-aggregations/jobs\n\n{}", "POST /v1/loads\n\n{}",
        "POST /v1/load/x\n\n{}", "GET /v1/run-scheduled-refresh",
        "GET /v1/load?query={", "GET /v1/load?query={}&query={}",
        "POST /v1/load?query={~renewQuery~:true}\n\n{~query~:{}}",
        "POST /v1/load\n\n{~query~:" } },
    { "cube keep=none", "statement", {
        "GET /v1/load?query[limit]=1", "GET /v1/load?query%5blimit%5d=1",
        "POST /v1/load\n\n{~query~:~{}~}",
        "GET /v1/load?query={}&cache=no-cache" } },
    { "cube keep=none guard=off", "differ", {
        "GET /v1/load?query[limit]=1", "GET /v1/load?query[limit]=2" } },
    { "cube", "session", {
        "GET /v1/load?query={~renewQuery~:true}",
        "GET /v1/load?query={~renew%51uery~:true}",
        "GET /v1/load?query={~renew%5cu0051uery~:true}",
        "GET /v1/load?query=[{},{~renewQuery~:true}]",
        "POST /v1/load\n\n{~query~:{~renewQuery~:true}}",
        "POST /v1/load\n\n{~query~:[{~renewQuery~:1}]}",
        "QUERY /v1/load\n\n{~query~:{~renewQuery~:~a~}}",
        "POST /v1/load\n\n{~query~:{},~cache~:~must-revalidate~}" } },
    { "cube", "same", {
        "POST /v1/load\n\n{~query~:{~renewQuery~:false,~m~:1}}",
        "POST /v1/load\n\n{~query~:{~m~:1,~renewQuery~:false}}" } }
};


static const query_row_t  graphql[] = {

    { "graphql", "same", {
        "POST /\n\n{~query~:~query Q { user(id: 1, name: \\~a\\~) { id name } "
        "}~}",
        "POST /\n\n{~query~:~query Q{user(id:1 name:\\~a\\~){id,name}}~}",
        "POST /\n\n{~query~:~# by Ann\\nquery Q {\\n user(id: 1,, name: \\~a\\"
        "~)"
        "{id#\\r\\nname}}~}" } },
    { "graphql", "same", {
        "POST /\n\n{~query~:~{ a { b } }~}",
        "POST /\n\n{~query~:~query { a { b } }~}",
        "POST /\n\n{~query~:~\\ufeffquery{a{b}}~}",
        "POST /\n\n{~query~:~\\u007b a { b } }~,~variables~:null}",
        "POST /\n\n{~query~:~{a{b}}~,~variables~:{},~extensions~:{}}",
        "POST /\n\n{~operationName~:null,~extensions~:null,~query~:~{a{b}}~}"
        } },
    { "graphql", "same", {
        "POST /\n\n{~query~:~{a}~,~variables~:{~a~:1,~b~:2},~operationName~:~Q"
        "~}",
        "POST /\n\n{~operationName~:~Q~,~variables~:{~b~:2,~a~:1},~query~:~{a}"
        "~}"
        } },
    { "graphql", "same", {
        "GET /?query={user{id}}&variables={~a~:1,~b~:2}",
        "GET /?variables=%7B~b~:+2,~a~:1%7D&query=%7B+user+%7B+id+%7D+%7D" } },
    { "graphql", "same", {
        "POST /\nContent-Type: application/graphql\n\n{ a { b } }",
        "POST /\nContent-Type: application/graphql\n\nquery{a{b}} # all" } },
    { "graphql fold", "same", {
        "GET /?query={a{b}}&operationName=Q&variables={~a~:1}",
        "POST /\n\n{~query~:~{ a { b } }~,~variables~:{~a~:1},~operationName~:"
        "~Q~"
        "}",
        "QUERY /\nContent-Type: a/b\n\n{~operationName~:~Q~,~variables~:{~a~: "
        "1},"
        "~query~:~query { a { b } }~}" } },
    { "graphql fold", "same", {
        "GET /?query={a}", "POST /\n\n{~query~:~{a}~}", "POST /?query={a}",
        "POST /\nContent-Type: application/graphql\n\n{a}" } },
    { "graphql json=/extensions/trace,/variables/id", "same", {
        "POST /\n\n{~query~:~{a}~,~extensions~:{~trace~:1},~variables~:{~id~:1,"
        "~x~:1}}",
        "POST /\n\n{~query~:~{a}~,~variables~:{~id~:2,~x~:1}}" } },
    { "graphql", "differ", {
        "POST /\n\n{~query~:~{ a { b } }~}",
        "POST /\n\n{~query~:~{ a { b c } }~}",
        "POST /\n\n{~query~:~{ a { c b } }~}",
        "POST /\n\n{~query~:~{ a { bc } }~}",
        "POST /\n\n{~query~:~{ a { b: c } }~}",
        "POST /\n\n{~query~:~{ a(b: 1) }~}",
        "POST /\n\n{~query~:~{ a(b: 1.0) }~}",
        "POST /\n\n{~query~:~{ a(b: \\~1\\~) }~}",
        "POST /\n\n{~query~:~{ a @skip(if: true) }~}",
        "POST /\n\n{~query~:~query a { b }~}" } },
    { "graphql", "differ", {
        "POST /\n\n{~query~:~{ f(a: \\~b c\\~) }~}",
        "POST /\n\n{~query~:~{ f(a: \\~b  c\\~) }~}",
        "POST /\n\n{~query~:~{ f(a: \\~b,c\\~) }~}",
        "POST /\n\n{~query~:~{ f(a: \\~b # c\\~) }~}",
        "POST /\n\n{~query~:~{ f(a: \\~\\~\\~b c\\~\\~\\~) }~}",
        "POST /\n\n{~query~:~{ a # b\\n c }~}",
        "POST /\n\n{~query~:~{ a # b c\\n }~}"
        } },
    { "graphql", "differ", {
        "POST /\n\n{~query~:~{a}~}",
        "POST /\n\n{~query~:~{a}~,~variables~:{~a~:1}}",
        "POST /\n\n{~query~:~{a}~,~variables~:{~a~:2}}",
        "POST /\n\n{~query~:~{a}~,~variables~:{~a~:~1~}}",
        "POST /\n\n{~query~:~{a}~,~variables~:{~a~:null}}",
        "POST /\n\n{~query~:~{a}~,~variables~:[]}",
        "POST /\n\n{~query~:~{a}~,~extensions~:{~x~:1}}",
        "POST /\n\n{~query~:~{a}~,~id~:~1~}",
        "POST /\n\n{~query~:~{a}~,~operationName~:~A~}",
        "POST /\n\n{~query~:~{a}~,~operationName~:~~}" } },
    { "graphql", "differ", {
        "POST /\n\n{~query~:~{a}~,~x~:{~variables~:{}}}",
        "POST /\n\n{~query~:~{a}~,~x~:{}}",
        "POST /\n\n{~query~:~{a}~,~xvariables~:{}}",
        "POST /\n\n{~query~:~{a}~,~a,\\~variables~:{}}",
        "POST /\n\n{~query~:~{a}~,~x~:~,\\~variables\\~:{}}~}",
        "POST /\n\n{~query~:~{a}~,~extensions~:{~variables~:{}}}",
        "POST /\n\n{~query~:~{a}~,~extensions~:{~extensions~:{}}}",
        "POST /\n\n{~query~:~{a}~}" } },
    { "graphql keep=none", "differ", {
        "GET /?query={a}", "GET /?query={b}", "GET /?query={a}&operationName=A",
        "GET /?query={a}&variables={~a~:1}",
        "GET /?query={a}&variables={~a~:2}",
        "GET /?query={a}&extensions={~a~:2}", "GET /?query={a}&token=x",
        "POST /?query={a}" } },
    { "graphql guard=off keep=none", "differ", {
        "GET /?query={a", "GET /?query={b", "GET /?query=mutation{a}",
        "GET /?query={a}&query={b}", "GET /?query={b}&query={a}",
        "GET /?query={a}&variables=x", "GET /?query={a}&variables=y",
        "GET /?query={a}&operationName=%zz", "GET /?query=%zz", "GET /" } },
    { "graphql guard=off", "differ", {
        "POST /\n\n{~query~:~mutation { a }~}",
        "POST /\n\n{~query~:~mutation {  a }~}",
        "POST /?query={a}\n\n{~query~:~{b}~}",
        "POST /?query={b}\n\n{~query~:~{b}~}", "POST /\n\n{~query~:~{b}~}",
        "POST /?variables={~a~:1}\n\n{~query~:~{b}~}", "POST /\n\n[]",
        "POST /\n\n[{~query~:~{b}~}]" } },
    { "graphql", "differ", {
        "POST /\n\n{~query~:~{me}~}",
        "POST /\nAuthorization: a\n\n{~query~:~{me}~}",
        "POST /\nX-Hasura-Role: a\n\n{~query~:~{me}~}",
        "POST /\nX-Hasura-User-Id: a\n\n{~query~:~{me}~}",
        "POST /\nX-Hasura-Admin-Secret: a\n\n{~query~:~{me}~}",
        "POST /\nCookie: a\n\n{~query~:~{me}~}",
        "POST /?access_token=a\n\n{~query~:~{me}~}" } },

    { "graphql fold keep=none", "statement", {
        "POST /\n\n{~query~:~{a}~,~Query~:~mutation {b}~}",
        "POST /\n\n{~query~:~{a}~,~operationname~:~A~}",
        "POST /\n\n{~query~:~{a}~,~documentId~:~b~}",
        "GET /?query={a}&variables[a]=1",
        "POST /\nContent-Type: application/x-www-form-urlencoded\n\n"
        "{~query~:~{a}~,~b~:~&query=mutation {b}&~}",
        "POST /\nContent-Type: a/json; Charset=utf-7\n\n{~query~:~{a}~}" } },
    { "graphql fold", "same", {
        "POST /\n\n{~query~:~{a}~}",
        "POST /\nContent-Type: a/json; charset=UTF-8\n\n{~query~:~{a}~}" } },

    /* persisted queries: the hashes are those of "{ user { id } }", "{ b }" */

    { "graphql", "same", {
        "POST /\n\n{~query~:~{ user { id } }~,~extensions~:" PERSISTED(HASH_A)
        "}",
        "POST /\n\n{~extensions~:{~persistedQuery~:{~sha256Hash~:~" HASH_A
        "~,~version~:1}},~query~:~{ user { id } }~}",
        "POST /\n\n{~extensions~:" PERSISTED(HASH_A) "}" } },
    { "graphql fold", "same", {
        "GET /?extensions=" PERSISTED(HASH_A),
        "GET /?query=%7B+user+%7B+id+%7D+%7D&extensions=" PERSISTED(HASH_A),
        "POST /\n\n{~extensions~:" PERSISTED(HASH_A) "}" } },
    { "graphql", "differ", {
        "GET /?extensions=" PERSISTED(HASH_A), "GET /?extensions"
        "=" PERSISTED(HASH_B),
        "GET /?extensions=" PERSISTED(HASH_A) "&variables={~a~:1}",
        "GET /?extensions=" PERSISTED(HASH_A) "&operationName=B",
        "GET /?extensions={~persistedQuery~:{~version~:2,~sha256Hash~:~" HASH_A
        "~}}" } },
    { "graphql", "statement", {
        "POST /\n\n{~query~:~{ user { id } }~,~extensions~:" PERSISTED(HASH_B)
        "}",
        "POST /\n\n{~query~:~{ user { id } } ~,~extensions~:" PERSISTED(HASH_A)
        "}",
        "GET /?extensions=" PERSISTED("abc"), "GET /?extensions="
        PERSISTED("4FDE0939CCF99237EFF71494FD68FEBA25FF12C77D028679F8583DCA25C"
        "F477"
        "A"), "GET /?extensions={~persistedQuery~:{~sha256Hash~:7}}",
        "GET /?extensions={~persistedQuery~:{~version~:1}}" } },
    { "graphql", "statement", {
        "POST /\n\n{~query~:~mutation { a }~}",
        "POST /\n\n{~query~:~subscription { a }~}",
        "POST /\n\n{~query~:~query A{a} mutation B{b}~,~operationName~:~A~}",
        "POST /\n\n{~query~:~\\u006dutation { a }~}", "GET /?query=mutation{a}",
        "GET /?qu%65ry=mutati%6Fn{a}",
        "POST /\nContent-Type: application/graphql\n\nmutation { a }",
        "POST /\n\n[{~query~:~{ a }~}]", "POST /\n\n[]",
        "QUERY /\n\n{~query~:~mutation { a }~}" } },
    { "graphql", "statement", {
        "POST /\n\n{~query~:~type A { a: Int }~}",
        "POST /\n\n{~query~:~{a}{b}~}",
        "POST /\n\n{~query~:~fragment F on A { a }~}",
        "POST /\n\n{~query~:~{ a ~}", "POST /\n\n{~query~:~{ }~}",
        "POST /\n\n{~query~:~~}", "POST /\n\n{~query~:null}",
        "POST /\n\n{~query~:[~{a}~]}", "POST /\n\n{~Query~:~{a}~}", "GET /" } },
    { "graphql", "statement", {
        "POST /\n\n{~query~:~{a}~,~query~:~mutation{a}~}",
        "POST /?query={a}\n\n{~query~:~mutation{a}~}",
        "POST /?query=mutation{a}\n\n{~query~:~{a}~}",
        "GET /?query={a}&query=mutation{a}", "POST /\n\n{~query~:~{a}~",
        "POST /\n\nquery=mutation{a}",
        "POST /?query={a}\nContent-Type: application/x-www-form-urlencoded\n\n"
        "query=mutation{a}" } },
    { "graphql normalize=off", "statement", {
        "POST /\n\n{~query~:~mutation{a}~}", "GET /?query=mutation{a}" } },
    { "graphql normalize=off", "differ", {
        "POST /\n\n{~query~:~{a}~}", "POST /\n\n{~query~:~{ a}~}",
        "GET /?query={a}", "GET /?query={+a}" } },
    { "graphql", "session", {
        "POST /\nContent-Type: multipart/form-data; boundary=b\n\n--b--" } },
    { "graphql body=20",
        "statement", { "GET /?query={aaaaaaaaaaaa(b:[[[1]]])}x" } },
    { "graphql depth=3", "statement", {
        "GET /?query={a{b{c{d}}}}", "GET /?query={a}&variables=[[[[1]]]]" } }
};


static const query_row_t  pinot[] = {

    { "pinot", "same", {
        "GET /sql?sql=SELECT+a+FROM+t+LIMIT+5",
        "GET /sql?sql=SELECT%20%20a%0AFROM%20t%20/*x*/LIMIT%205",
        "GET /sql?s%71l=+SELECT+a+FROM+t+LIMIT+5+--+c" } },
    { "pinot", "same", {
        "POST /sql\n\n{~sql~:~SELECT a FROM t WHERE b = 'c  d'~,~o~:1}",
        "POST /sql\n\n{~o~:1,~sql~:~SELECT  a\\nFROM t -- x\\nWHERE b='c  d'~"
        "}" }
        },
    { "pinot fold", "same", {
        "GET /sql?sql=SELECT+a+FROM+t",
        "POST /sql\n\n{~sql~:~SELECT a FROM t~}",
        "QUERY /sql\nContent-Type: a/b\n\n{~sql~:~SELECT  a FROM t~}" } },
    { "pinot", "same", {
        "GET /sql?sql=SELECT+'a%5C'+++,+++'b'",
        "GET /sql?sql=SELECT+'a%5C'+,+'b'"
        } },
    { "pinot", "differ", {
        "GET /sql?sql=SELECT+'a+b'", "GET /sql?sql=SELECT+'a++b'",
        "GET /sql?sql=SELECT+~a+b~", "GET /sql?sql=SELECT+'A+b'",
        "GET /sql?sql=SELECT+1", "GET /sql?sql=SELECT+1.0",
        "GET /sql?sql=SELECT+1&trace=true", "GET /query?sql=SELECT+1",
        "GET /sql?sql=SELECT+1\nDatabase: d",
        "POST /sql\n\n{~sql~:~SELECT 1~}" } },
    { "pinot", "differ", {
        "POST /sql\n\n{~sql~:~SELECT 1~}",
        "POST /sql\n\n{~sql~:~SELECT 1~,~queryOptions~:~a=1~}",
        "POST /sql\n\n{~sql~:~SELECT 1~,~queryOptions~:~a=2~}",
        "POST /sql?token=a\n\n{~sql~:~SELECT 1~}" } },
    { "pinot keep=none", "differ", {
        "GET /sql?sql=SELECT+1", "GET /sql?sql=SELECT+2" } },
    { "pinot guard=off keep=none", "differ", {
        "POST /sql?sql=SELECT+1\n\n{~sql~:~SELECT 2~}",
        "POST /sql?sql=SELECT+2\n\n{~sql~:~SELECT 1~}",
        "POST /sql\n\n{~sql~:~SELECT 1~}", "POST /sql\n\n{~sql~:~SELECT 2~}",
        "POST /sql\n\n{~sql~:~SELECT 'a~}", "POST /sql\n\n{~sql~:~SELECT  'a~}",
        "POST /sql?sql='a", "POST /sql?sql='b" } },
    { "pinot", "statement", {
        "POST /sql\n\n{~sql~:~INSERT INTO t FROM FILE 'a'~}",
        "POST /sql\n\n{~sql~:~SET a=true; SELECT a FROM t~}",
        "POST /sql\n\n{~sql~:~SELECT 1~,~sql~:~DELETE FROM t~}",
        "POST /sql\n\n{~sql~:7}", "POST /sql\n\n{~SQL~:~SELECT 1~}",
        "POST /sql\n\n{~sql~:~SELECT 1~", "POST /sql", "GET /sql",
        "GET /sql?s%71l=DELETE+FROM+t", "QUERY /sql\n\n{~sql~:~DELETE FROM t~}"
        } },
    { "pinot", "statement", {
        "POST /sql?sql=SELECT+1\n\n{~sql~:~DELETE FROM t~}",
        "POST /sql?sql=DELETE+FROM+t\n\n{~sql~:~SELECT 1~}",
        "GET /sql?sql=SELECT+1&sql=DELETE+FROM+t",
        "GET /sql?sql=DELETE+FROM+t\n\n{~sql~:~SELECT 1~}" } }
};


int
main(void)
{
    query_table(elasticsearch, sizeof(elasticsearch) / sizeof(query_row_t));
    query_table(druid, sizeof(druid) / sizeof(query_row_t));
    query_table(cube, sizeof(cube) / sizeof(query_row_t));
    query_table(graphql, sizeof(graphql) / sizeof(query_row_t));
    query_table(pinot, sizeof(pinot) / sizeof(query_row_t));

    return tap_done();
}
