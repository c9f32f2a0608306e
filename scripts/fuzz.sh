#!/bin/sh
# Runs every fuzz target for a while: scripts/fuzz.sh [seconds per target].
set -eu

seconds=${1:-60}
cd "$(dirname "$0")/../fuzz"

command -v cargo-fuzz >/dev/null 2>&1 || {
    echo "fuzz: cargo-fuzz is missing: cargo install --locked cargo-fuzz" >&2
    exit 1
}
# The coverage flags are unstable; this lets the installed stable compiler take them.
export RUSTC_BOOTSTRAP=1

for target in $(cargo fuzz list); do
    echo "fuzz: $target for ${seconds} s"
    # What is fuzzed is safe Rust: an address sanitizer would find nothing and halve the speed.
    cargo fuzz run --dev --sanitizer none "$target" -- -max_total_time="$seconds"
done
