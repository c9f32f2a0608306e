#!/bin/sh
# Installs what the build needs and this machine lacks: silent when nothing is missing.
# Called by `make setup`, `make run`, `make test` and .ci/run; safe to run again at any time.
#
#   scripts/setup.sh          what building and running needs
#   scripts/setup.sh --lint   the same, and rustfmt, clippy and cargo-deny
set -eu

fail() {
    echo "setup: $*" >&2
    exit 1
}

have() {
    command -v "$1" >/dev/null 2>&1
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# True when one of the shell patterns names an existing file.
any_file() {
    for candidate in "$@"; do
        [ -e "$candidate" ] && return 0
    done
    return 1
}

have_libclang() {
    # Who sets LIBCLANG_PATH knows where it is.
    any_file ${LIBCLANG_PATH:+"$LIBCLANG_PATH"/libclang*} && return 0
    any_file /usr/lib/llvm*/lib/libclang.so* /usr/lib/llvm*/lib/libclang-*.so* /usr/local/lib/libclang.so* \
        /usr/lib/libclang.so* /usr/lib64/libclang.so* /usr/lib64/llvm*/lib*/libclang.so* \
        /opt/homebrew/opt/llvm/lib/libclang.dylib /usr/local/opt/llvm/lib/libclang.dylib \
        /Library/Developer/CommandLineTools/usr/lib/libclang.dylib || return 1
    # The library without clang's own headers fails late, with "stddef.h not found".
    any_file /usr/lib/llvm*/lib/clang/*/include/stddef.h /usr/lib/clang/*/include/stddef.h \
        /usr/lib64/clang/*/include/stddef.h /usr/local/lib/clang/*/include/stddef.h \
        /usr/lib64/llvm*/lib*/clang/*/include/stddef.h \
        /opt/homebrew/opt/llvm/lib/clang/*/include/stddef.h /usr/local/opt/llvm/lib/clang/*/include/stddef.h \
        /Library/Developer/CommandLineTools/usr/lib/clang/*/include/stddef.h
}

package_manager() {
    for manager in apt-get dnf pacman apk brew; do
        if have "$manager"; then
            echo "$manager"
            return
        fi
    done
    fail "no package manager found (looked for apt-get, dnf, pacman, apk, brew);
install these yourself, then run again: $*"
}

# The name of a need in the words of a package manager.
package_for() {
    case "$1:$2" in
        apt-get:libclang) echo libclang-dev ;;
        apt-get:compiler) echo g++ ;;
        dnf:libclang) echo clang-devel ;;
        dnf:compiler) echo gcc-c++ ;;
        pacman:libclang) echo clang ;;
        pacman:compiler) echo gcc ;;
        apk:libclang) echo clang-dev ;;
        apk:compiler) echo build-base ;;
        brew:libclang | brew:compiler) echo llvm ;;
        *) echo "$2" ;;
    esac
}

apt_install() {
    install="env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends"
    # The lists of a fresh machine are empty or stale: refresh them only when they turn out to be.
    # shellcheck disable=SC2086
    as_root $install "$@" >/dev/null 2>&1 && return
    echo "setup: refreshing the package lists (apt-get update)"
    as_root apt-get update -qq || as_root apt-get update
    # shellcheck disable=SC2086
    as_root $install "$@"
}

install_packages() {
    manager=$1
    shift
    [ "$manager" = brew ] || [ "$(id -u)" -eq 0 ] || have sudo ||
        fail "$manager needs root: run this as root, or install sudo"
    case "$manager" in
        apt-get) apt_install "$@" ;;
        dnf) as_root dnf install --assumeyes "$@" ;;
        pacman) as_root pacman --sync --refresh --needed --noconfirm "$@" ;;
        apk) as_root apk add --no-cache "$@" ;;
        brew) brew install "$@" ;;
    esac
}

missing=""
need() {
    echo "setup: $1 is missing: $2"
    missing="$missing $1"
}

have_libclang || need libclang "the RocksDB bindings are generated with it"
{ have cc && have c++; } || need compiler "RocksDB is C++ and is compiled from source"
have make || need make "the commands of this project are make targets"
have ccache || need ccache "RocksDB takes minutes to compile; the cache keeps its objects for every build"
[ "$(uname)" != Linux ] || have strace ||
    need strace "the crash tests record the system calls of a store with it"
have curl || need curl "the tour in README.md talks to the server with it"

if [ -n "$missing" ]; then
    # shellcheck disable=SC2086
    manager=$(package_manager $missing)
    packages=""
    for item in $missing; do
        packages="$packages $(package_for "$manager" "$item")"
    done
    echo "setup: installing with $manager:$packages"
    # shellcheck disable=SC2086
    install_packages "$manager" $packages || fail "$manager could not install:$packages"
    have_libclang || fail "libclang is installed but not where it was looked for: set LIBCLANG_PATH to its folder"
fi

# A fresh rustup puts cargo in the home folder and the path only of the next login.
PATH="$PATH:${CARGO_HOME:-$HOME/.cargo}/bin"
have cargo || fail "cargo is missing: install Rust from https://rustup.rs, then run again"

wanted=$(sed -n 's/^rust-version *= *"1\.\([0-9]*\).*/\1/p' "$(dirname "$0")/../Cargo.toml")
found=$(cargo --version | sed -n 's/^cargo 1\.\([0-9]*\).*/\1/p')
[ "${found:-0}" -ge "${wanted:-0}" ] ||
    fail "Rust 1.$wanted or newer is needed, this is 1.$found: run 'rustup update stable'"

if [ "${1:-}" = --lint ]; then
    for component in fmt:rustfmt clippy:clippy; do
        cargo "${component%:*}" --version >/dev/null 2>&1 && continue
        have rustup || fail "${component#*:} is missing: install it beside your Rust, or use https://rustup.rs"
        echo "setup: ${component#*:} is missing: 'make check' needs it; adding it with rustup"
        rustup component add "${component#*:}"
    done
    have cargo-deny || {
        echo "setup: cargo-deny is missing: licences and sources of dependencies are checked with it; compiling it"
        cargo install --locked cargo-deny
    }
fi
