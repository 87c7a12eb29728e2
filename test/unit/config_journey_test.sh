#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A vendor's way with the installed programs: from "config init" to a kill table for devices with 4 GB, checked for 4
# and 8 GB, compared, shown, and taken over by a running daemon.
# usage: config_journey_test.sh BUILD_DIRECTORY
set -euo pipefail

build=$1/service
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
daemon=""
trap 'end_daemon; rm -rf "$work"' EXIT

end_daemon() {
    [[ $daemon ]] || return 0
    kill -TERM "$daemon" 2>/dev/null || return 0
    wait "$daemon" || echo "memmgrd ended with status $?" >&2
    daemon=""
}

fail() {
    echo "$*" >&2
    exit 1
}

# Runs memmgrctl with the programs side by side, as they are installed. expect STATUS ARGUMENT...: its output is then
# in $work/out and $work/err.
expect() {
    local wanted=$1 status=0
    shift

    "$work/bin/memmgrctl" "$@" >"$work/out" 2>"$work/err" || status=$?
    ((status == wanted)) || fail "memmgrctl $*: status $status instead of $wanted: $(cat "$work/out" "$work/err")"
}

# What the last command said, on either stream.
said() {
    grep -qF -- "$1" "$work/out" "$work/err" || fail "not said: $1: $(cat "$work/out" "$work/err")"
}

silent() {
    [[ ! -s $work/out ]] || fail "said: $(cat "$work/out")"
}

install_programs() {
    mkdir "$work/bin"
    cp "$build/memmgrctl" "$build/memmgr-config" "$build/memmgrd" "$work/bin"
}

begin_a_file() {
    local vendor=$work/vendor.xml

    expect 0 config init "$vendor"
    silent
    expect 2 config init "$vendor"
    said "--force"
    expect 0 config check --strict "$vendor"
    silent
    cp "$vendor" "$work/begin.xml"
}

# Takes the example of a profile out of its comment, and lets its highest row begin at 700 MB, with 20 more above it
# for squeezing.
change_the_table() {
    local vendor=$work/vendor.xml

    awk '
        /^    <!--$/ { held = $0; next }
        held != "" && /<ramProfile/ { inside = 1; held = "" }
        held != "" { print held; held = "" }
        inside && /<\/ramProfile>/ {
            print "        <availBufferConfig>"
            print "            <minAvailBuffer>720</minAvailBuffer>"
            print "        </availBufferConfig>"
        }
        inside && /^    -->$/ { inside = 0; next }
        { if (inside) sub(/<memoryMB>500</, "<memoryMB>700<"); print }' "$work/begin.xml" >"$vendor"
    grep -q '<memoryMB>700<' "$vendor" || fail "the starter file has no profile to begin with: $(tail -n 60 "$vendor")"
}

check_for_both_devices() {
    local vendor=$work/vendor.xml

    expect 0 config check --strict --ram-mb 4096 "$vendor"
    silent
    said "for a device with 4096 MB of RAM"
    expect 0 config check --ram-mb 8192 "$vendor"
    expect 1 config diff --ram-mb 4096 "$work/begin.xml" "$vendor"
    grep -q '^~ killConfig/killLevel.*/memoryMB *500 -> 700 .*vendor.xml:[0-9]* (profile 4 GB))$' "$work/out" ||
        fail "diff: $(cat "$work/out")"
    grep -q '^~ availBufferConfig/minAvailBuffer *750 -> 720' "$work/out" || fail "diff: $(cat "$work/out")"
    (($(wc -l <"$work/out") == 2)) || fail "diff: $(cat "$work/out")"
    expect 0 config diff --ram-mb 8192 "$work/begin.xml" "$vendor"
    silent
    expect 1 --json config diff --ram-mb 4096 "$work/begin.xml" "$vendor"
    said '"new":	"700"'
}

# What is wrong is told with its place, for the device that it is wrong for or for all.
break_and_mend() {
    local broken=$work/broken.xml line

    sed 's,<memoryMB>700<,<memoryMB>7OO<,' "$work/vendor.xml" >"$broken"
    line=$(grep -n 7OO "$broken" | cut -d: -f1)
    expect 2 config check --ram-mb 8192 "$broken"
    said "$broken:$line:27: error: memoryMB is \"7OO\", expected a whole number of MB"
    sed 's,<memoryMB>700<,<memoryMB>90000<,' "$work/vendor.xml" >"$broken"
    expect 2 config check --ram-mb 4096 "$broken"
    said "$broken:$line:27: error:"
}

show_what_is_in_force() {
    expect 0 config show --ram-mb 4096 --origin --section killConfig "$work/vendor.xml"
    said "<memoryMB>700</memoryMB> <!-- $work/vendor.xml:"
    cp "$work/out" "$work/shown.xml"
    expect 0 config check "$work/shown.xml"
    expect 0 config show --json --section killConfig --ram-mb 8192 "$work/vendor.xml"
    ! grep -q 700 "$work/out" || fail "8 GB have the table of 4 GB"
    expect 0 config explain memoryMB
    said "a whole number of MB"
    expect 0 config schema
    said "<xs:schema"
    expect 0 help config
    said "memmgrctl config [OPTIONS] COMMAND"
    expect 3 config chekc
    said 'is "check" meant?'
}

# Drop-ins of a product beat the vendor's file.
layer() {
    local path=$work/etc

    mkdir -p "$path/memmgr_config.d"
    cp "$work/vendor.xml" "$path/memmgr_config.xml"
    echo '<Memmgr><killPolicy><order>heaviest</order></killPolicy></Memmgr>' >"$path/memmgr_config.d/50-product.xml"
    expect 0 config show --search-path "$path" --ram-mb 4096 --origin
    said "<order>heaviest</order> <!-- $path/memmgr_config.d/50-product.xml:1 -->"
    said "<memoryMB>700</memoryMB> <!-- $path/memmgr_config.xml:"
    expect 1 config diff --ram-mb 4096 "$path/memmgr_config.xml" "$path/memmgr_config.d"
}

# README.md shows this way: what is said has to stand in it, line numbers included.
readme() {
    local arguments line status

    mkdir "$work/new"
    cp "$root/config/memmgr_config.xml" "$work/new/10-shipped.xml"
    sed '/^        <availBufferConfig>$/,/^        <\/availBufferConfig>$/d' "$work/vendor.xml" >"$work/new/20-vendor.xml"
    while read -r status arguments; do
        # Words are to be split.
        # shellcheck disable=SC2086
        (cd "$work" && expect "$status" config $arguments)
        while read -r line; do
            grep -qF -- "$line" "$root/README.md" || fail "README.md does not show: $line (config $arguments)"
        done < <(cat "$work/out" "$work/err")
    done <<END
0 check --ram-mb 4096 new
0 check --ram-mb 8192 new
1 diff --ram-mb 4096 new/10-shipped.xml new
0 diff --ram-mb 8192 new/10-shipped.xml new
END
    (cd "$work" && expect 0 config show --origin --ram-mb 4096 --section killConfig new)
    line=$(grep 700 "$work/out")
    grep -qF -- "$line" "$root/README.md" || fail "README.md does not show: $line (config show)"
}

# A daemon that changes nothing takes the file over when it is told to.
reload() {
    local ctl=("--socket" "$work/run/socket") line

    printf '<Memmgr>\n<killConfig>\n<killLevel><memoryMB>%d</memoryMB><minPriority>100</minPriority></killLevel>\n%s' \
        41 '</killConfig></Memmgr>' >"$work/running.xml"
    mkfifo "$work/log"
    "$work/bin/memmgrd" --dry-run --config "$work/running.xml" --runtime-directory "$work/run" \
        --socket "$work/run/socket" --log-level notice >"$work/log" 2>&1 &
    daemon=$!
    exec 3<"$work/log"
    while read -r line <&3 && [[ $line != *"ready:"* ]]; do :; done
    [[ $line == *"ready:"* ]] || fail "memmgrd did not become ready"
    # Nobody may be held up by its log.
    cat <&3 >"$work/daemon.log" &
    expect 0 "${ctl[@]}" status --json
    said "\"memory_bytes\":	$((41 * 1024 * 1024))"
    sed 's,>41<,>42<,' "$work/running.xml" >"$work/running.new"
    expect 1 config diff "$work/running.xml" "$work/running.new"
    said "41 -> 42"
    mv "$work/running.new" "$work/running.xml"
    expect 0 "${ctl[@]}" reload
    expect 0 "${ctl[@]}" status --json
    said "\"memory_bytes\":	$((42 * 1024 * 1024))"
    # What check refuses, a reload refuses, and the old one stays.
    echo '<Memmgr><killConfig/></Memmgr>' >"$work/running.xml"
    expect 2 config check "$work/running.xml"
    expect 1 "${ctl[@]}" reload
    expect 0 "${ctl[@]}" status --json
    said "\"memory_bytes\":	$((42 * 1024 * 1024))"
    end_daemon
}

# On a terminal severities are coloured, unless NO_COLOR says no.
colour() {
    local red=$'\033[31m'

    command -v script >/dev/null || return 0
    echo '<Memmgr><bpf>x</bpf></Memmgr>' >"$work/red.xml"
    TERM=xterm NO_COLOR="" script -qec "$work/bin/memmgrctl config check $work/red.xml" /dev/null \
        </dev/null >"$work/out" 2>&1 && fail "an invalid file passes"
    grep -qF "$red"error "$work/out" || fail "no colour: $(cat -v "$work/out")"
    TERM=xterm NO_COLOR=1 script -qec "$work/bin/memmgrctl config check $work/red.xml" /dev/null \
        </dev/null >"$work/out" 2>&1 && fail "an invalid file passes"
    ! grep -qF $'\033' "$work/out" || fail "coloured in spite of NO_COLOR: $(cat -v "$work/out")"
    expect 2 config check "$work/red.xml"
    ! grep -qF $'\033' "$work/out" || fail "coloured though no terminal: $(cat -v "$work/out")"
}

# A file system that is full: no file, and nothing of it.
full_disk() {
    ((EUID == 0)) || return 0
    mkdir "$work/full"
    # The inner shell has arguments of its own.
    # shellcheck disable=SC2016
    unshare --mount bash -c '
        set -e
        mount -t tmpfs -o size=16k,nr_inodes=16 none "$1/full" 2>/dev/null || exit 77
        for what in "init $1/full/new.xml" "migrate --from earlyoom -o $1/full/new.xml -- -m 5"; do
            head -c 20000 /dev/zero >"$1/full/filler" 2>/dev/null || [[ -s $1/full/filler ]]
            status=0
            # Words are to be split.
            "$1/bin/memmgrctl" config $what 2>"$1/err" || status=$?
            [[ $status == 4 ]] || { echo "status $status: $(cat "$1/err")" >&2; exit 1; }
            grep -q "No space left on device" "$1/err" || { cat "$1/err" >&2; exit 1; }
            [[ $(ls -A "$1/full") == filler ]] || { ls -lA "$1/full" >&2; exit 1; }
        done
        rm "$1/full/filler"
        "$1/bin/memmgrctl" config migrate --from earlyoom -o "$1/full/new.xml" -- -m 5 2>/dev/null
        [[ $(ls -A "$1/full") == new.xml ]]' - "$work" || (($? == 77)) || fail "on a full disk"
}

# memmgrctl without the other program says so.
without_the_program() {
    mkdir "$work/alone"
    cp "$build/memmgrctl" "$work/alone"
    [[ ! -e /usr/libexec/memmgr/memmgr-config ]] || return 0
    local status=0
    "$work/alone/memmgrctl" config check 2>"$work/err" || status=$?
    ((status == 4)) || fail "without memmgr-config: status $status"
    grep -q "cannot run .*memmgr-config: No such file" "$work/err" || fail "$(cat "$work/err")"
}

install_programs
begin_a_file
change_the_table
check_for_both_devices
break_and_mend
show_what_is_in_force
layer
readme
reload
colour
full_disk
without_the_program
