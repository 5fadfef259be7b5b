# Functions of tools/run that start servers of its own; each appends to $pids.


fail() {
    echo "$0: $*" >&2
    exit 1
}


listening() {
    (exec 3<> "/dev/tcp/127.0.0.1/$1") 2> /dev/null
}


free_port() {
    local p

    for p in $(shuf -i 20000-29999 -n 50); do
        listening "$p" || break
    done

    echo "$p"
}


# wait_for name, pid, port, log: until it listens, at most 30 s

wait_for() {
    local i

    for i in $(seq 300); do
        listening "$3" && return
        kill -0 "$2" 2> /dev/null || break
        sleep 0.1
    done

    tail -n 20 "$4" >&2 || true
    fail "$1 did not start"
}


# fill template, file: replaces @NAME@ by the shell's variable NAME

fill() {
    local text name

    text=$(cat "$top/tools/run.d/$1")

    while [[ $text =~ @([A-Z_]+)@ ]]; do
        name=${BASH_REMATCH[1]}
        text=${text//"@$name@"/${!name}}
    done

    printf '%s\n' "$text" > "$2"
}


start_clickhouse() {
    CLICKHOUSE_HTTP=$(free_port)
    CLICKHOUSE_TCP=$(free_port)
    UPSTREAM=http://127.0.0.1:$CLICKHOUSE_HTTP

    mkdir -p "$run/clickhouse/data" "$run/clickhouse/tmp"
    fill clickhouse.xml.in "$run/clickhouse/config.xml"

    clickhouse-server --config-file="$run/clickhouse/config.xml" \
        > "$run/clickhouse/out.log" 2>&1 < /dev/null &
    pids="$pids $!"
    wait_for ClickHouse $! "$CLICKHOUSE_HTTP" "$run/clickhouse/error.log"

    echo "filling demo.events with ten million rows"
    curl -fsS "$UPSTREAM/" -d "CREATE DATABASE demo"
    curl -fsS "$UPSTREAM/" --data-binary @"$top/tools/run.d/events.sql"
}


start_redis() {
    local port

    port=$(free_port)
    mkdir -p "$run/redis"

    redis-server --bind 127.0.0.1 --port "$port" --dir "$run/redis" \
        --save "" > "$run/redis/log" 2>&1 < /dev/null &
    pids="$pids $!"
    wait_for Redis $! "$port" "$run/redis/log"

    REDIS=redis://127.0.0.1:$port/0
}


# The S3 of the tests: Ceph's gateway, for as long as tools/run lives.

start_s3() {
    local variables

    variables=$("$top/t/lib/services-up" 864000)
    eval "$variables"
    services=$QC_SERVICES_PID

    curl -fsS -X PUT --aws-sigv4 aws:amz:us-east-1:s3 \
        -H "x-amz-content-sha256: UNSIGNED-PAYLOAD" \
        --user "$QC_RGW_ACCESS:$QC_RGW_SECRET" "$QC_RGW_ENDPOINT/query-cache"

    S3="$QC_RGW_ENDPOINT bucket=query-cache
                access_key=$QC_RGW_ACCESS secret_key=$QC_RGW_SECRET"
}
