# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# For the scripts that fill a directory once for all guests: kernel and debian. Such a script sets the first three of
# the variables below, calls use_complete_directory, which does not return when there is nothing to do, makes everything
# in $work, moves it to $directory and calls directory_is_complete.

directory=   # as its options say
cached=false # the same: make nothing
recipe=      # one line that changes when the directory would come out differently
work=

# skip REASON...
skip() {
    echo "vm $(basename "$0"): $*" >&2
    exit 77
}

# need_tools TOOL...
need_tools() {
    local tool

    PATH=$PATH:/usr/sbin:/sbin
    for tool in "$@"; do
        type -P "$tool" >/dev/null || skip "$tool is not installed"
    done
}

is_complete() {
    [[ -e $directory/complete && $(cat "$directory/complete") == "$recipe" ]]
}

# use_complete_directory WHAT: prints the directory and ends the script when it is complete already. Else it is this
# script's until it ends, and so is $work, a directory beside it.
use_complete_directory() {
    if "$cached" && ! is_complete; then
        skip "no $1 has been fetched yet (test/vm/$(basename "$0") does it)"
    fi
    need_tools flock
    mkdir -p "$directory"
    exec 9>"$directory/.lock"
    flock 9
    if is_complete; then
        echo "$directory"
        exit 0
    fi
    rm -f "$directory/complete"
    work=$(mktemp -d "$directory/.work.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
}

directory_is_complete() {
    echo "$recipe" >"$directory/complete"
    echo "$directory"
}
