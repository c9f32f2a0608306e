#!/bin/sh
# Measures the release server on this machine, beside the load generator: group commit, an hour of summaries of
# 4,000 endpoints, memory, and kill -9 -> ready. benches/README.md has results.
#
#     scripts/bench-server.sh [PARTNERS]      (200 by default; each has 20 endpoints)
set -eu

partners=${1:-200}
bin=${CARGO_TARGET_DIR:-$HOME/.cache/plimsoll/target}/release
dir=$(mktemp -d)
address=127.0.0.1:8595
server=

start() {
    begun=$(date +%s%N)
    "$bin/plimsoll" serve --data-dir "$dir/data" --listen "$address" --log-level warn >/dev/null &
    server=$!
    until curl -sf -o /dev/null "http://$address/readyz"; do sleep 0.002; done
    echo "ready after $((($(date +%s%N) - begun) / 1000000)) ms"
}

crash() {
    kill -9 "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
}

load() {
    "$bin/plimsoll-load" --address "$address" --pid "$server" --partners "$partners" "$@"
}

resident() {
    awk '/^(VmHWM|VmRSS|RssAnon)/ { printf "%s %d MB  ", $1, $2 / 1024 }' "/proc/$server/status"
    echo
}

trap 'crash; rm -rf "$dir"' EXIT

echo "== group commit: one event a push"
start
load --items 1 --connections 1,16,256 --seconds 5
crash
rm -rf "$dir/data"

echo "== an hour of summaries, as fast as possible"
start
load --slots 360 --items 500 --connections 16
resident
sleep 5
echo "5 s later:"
resident

echo "== kill -9 right after a heavy burst"
load --slots 120 --items 500 --connections 16
crash
ls -l "$dir/data" | awk '/\.log/ { bytes += $5 } END { printf "%d MB of write-ahead log\n", bytes / 1048576 }'
start
crash
echo "== again"
start
