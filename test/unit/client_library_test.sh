#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The client library as other programs meet it: its symbols, its headers, its example.
# usage: client_library_test.sh symbols|headers|example SOURCE_DIRECTORY BUILD_DIRECTORY
# exit status 77: skipped, as something is not installed
set -euo pipefail

check=$1
source=$2
build=$3
library=$build/service/client/libmemmgr-client.so
work=$(mktemp -d)
pids=()

clean_up() {
    # Some have ended by themselves; what the others say of it is of no interest.
    if ((${#pids[@]} > 0)) && kill -KILL "${pids[@]}" 2>/dev/null; then
        wait 2>/dev/null
    fi
    rm -rf "$work"
}
trap clean_up EXIT

fail() {
    echo "$*" >&2
    exit 1
}

need() {
    command -v "$1" >/dev/null || {
        echo "skipped: $1 is not installed"
        exit 77
    }
}

# What the library has is what the list says: a symbol more is one that has to be kept for ever, one less breaks programs.
check_symbols() {
    local list=$source/test/fixtures/client_symbols.txt

    need nm
    need readelf
    nm -D --defined-only "$library" | awk '$2 != "A" { print $3 }' | LC_ALL=C sort >"$work/symbols"
    diff -u "$list" "$work/symbols" || fail "the library's symbols are not those of $list"
    # each function of the headers, and no other
    cat "$source"/service/client/memmgr_{client,session}.h | tr '\n' ' ' | sed 's,/\*[^*]*\*\+\([^/*][^*]*\*\+\)*/,,g' |
        grep -oE '\bmemmgr_[a-z_]+\(' | tr -d '(' | LC_ALL=C sort -u >"$work/declared"
    sed 's/@.*//' "$list" | diff -u "$work/declared" - || fail "the headers declare others than the library has"
    # and the manual's
    sed -n 's/.*[ *]\(memmgr_[a-z_]*\)(.*/\1/p' "$source/service/man/memmgr_client.3" | LC_ALL=C sort -u |
        diff -u "$work/declared" - || fail "the manual has others"
    [[ $(readelf -d "$library" | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' | grep -v -e '^libc\.' -e '^libasan' -e '^libtsan' \
        -e '^libubsan' -e '^libm\.' -e '^libgcc_s' -e '^libdl' -e '^libpthread' -e '^librt' -e '^libstdc++') == "" ]] ||
        fail "it needs more than libc"
    readelf -d "$library" | grep -q 'SONAME.*\[libmemmgr-client\.so\.1\]' || fail "another SONAME"
}

# Alone, in the languages that programs are written in, with all that compilers complain about.
check_headers() {
    local header standard

    for header in memmgr_client memmgr_session; do
        echo "#include <$header.h>" >"$work/$header.c"
        cp "$work/$header.c" "$work/$header.cpp"
        for standard in c99 c11 c17; do
            cc -std=$standard -pedantic -Wall -Wextra -Wconversion -Werror -I"$source/service/client" -fsyntax-only \
                "$work/$header.c" || fail "$header.h in $standard"
        done
        for standard in c++98 c++11 c++20; do
            # what C++98 lacks itself, long long, is system headers'
            c++ -std=$standard -pedantic -Wno-long-long -Wall -Wextra -Wconversion -Werror -I"$source/service/client" \
                -fsyntax-only "$work/$header.cpp" || fail "$header.h in $standard"
        done
    done
    # the macros, which only a use compiles
    cat >"$work/macros.c" <<'END'
#include <memmgr_session.h>
struct memmgr_options options = MEMMGR_OPTIONS_INIT;
struct memmgr_event event = MEMMGR_EVENT_INIT;
struct memmgr_report report = MEMMGR_REPORT_INIT;
struct memmgr_outcome outcome = MEMMGR_OUTCOME_INIT;
struct memmgr_memory memory = MEMMGR_MEMORY_INIT;
struct memmgr_process process = MEMMGR_PROCESS_INIT;
END
    cp "$work/macros.c" "$work/macros.cpp"
    cc -std=c99 -pedantic -Wall -Wextra -Werror -I"$source/service/client" -fsyntax-only "$work/macros.c"
    c++ -std=c++11 -pedantic -Wall -Wextra -Werror -I"$source/service/client" -fsyntax-only "$work/macros.cpp"
}

# Waits for a line that begins so, 20 s at most; each look is a read of what has come since.
expect_line() {
    local line

    while IFS= read -r -t 20 line <&"${example[0]}"; do
        [[ $line == "$1"* ]] && return
        echo "$line" >>"$work/other"
    done
    fail "the example never said \"$1\", but: $(cat "$work/other" 2>/dev/null)"
}

# The one line of its comment, over an installed tree, and a daemon that changes nothing.
check_example() {
    local socket=$work/run/control.sock stage=$work/stage directory

    need pkg-config
    DESTDIR=$stage cmake --install "$build" >"$work/install" 2>&1 || fail "$(cat "$work/install")"
    directory=$(dirname "$(find "$stage" -name memmgr-client.pc)")
    # As a sysroot: the file names the places of an installed system.
    export PKG_CONFIG_LIBDIR=$directory PKG_CONFIG_SYSROOT_DIR=$stage
    pkg-config --exists memmgr-client || fail "pkg-config does not find it"
    [[ $(pkg-config --modversion memmgr-client) == "$("$build/service/memmgrctl" --version | grep -oE '[0-9.]+$')" ]] ||
        fail "version: $(pkg-config --modversion memmgr-client)"
    cp "$source/service/client/example.c" "$work/"
    # Its line is taken from its comment.
    (cd "$work" && eval "$(sed -n 's,^ \*   \(cc example\.c .*\) && ./example$,\1,p' example.c)") || fail "it does not compile"
    LD_LIBRARY_PATH=$(dirname "$(find "$stage" -name 'libmemmgr-client.so.1')")
    export LD_LIBRARY_PATH
    [[ $(find "$stage" -name 'memmgr_client.3' -o -name 'example.c' | wc -l) == 2 ]] || fail "manual or example is not there"
    mkdir "$work/run"
    "$build/service/memmgrd" --dry-run --config "" --runtime-directory "$work/run" --socket "$socket" --log-level error &
    pids+=($!)
    # It needs no daemon to begin: what it said is said when there is one.
    coproc example { MEMMGR_SOCKET=$socket exec "$work/example"; }
    # shellcheck disable=SC2154
    pids+=("$example_PID")
    expect_line 'connected'
    "$build/service/memmgrctl" --socket "$socket" event level low >/dev/null || fail "no level"
    expect_line 'level low, '
    expect_line 'cache dropped'
    "$build/service/memmgrctl" --socket "$socket" list --json >"$work/list"
    grep -q '"name":.*"org\.example\.client"' "$work/list" ||
        fail "it is not on the list"
}

"check_$check"
