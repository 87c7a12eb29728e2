# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What the scripts share that run a daemon of their own, which only looks: a directory with its socket, log and files, the
# end of both with the script, and waiting. Sourced with the directory of the programs as $1 and a word for the
# directory's name as $2. Sets programs, directory, log, failures; the daemon's own directory is $directory/run.
set -u
programs=$1
failures=0
directory=$(mktemp -d "/tmp/memmgr-$2-XXXXXX")
log=$directory/log

# In a session of its own, as it must come to pass when the test is killed, too.
cat >"$directory/janitor" <<'JANITOR'
tail --pid="$1" -f /dev/null
[ -s "$2/run/lock" ] && kill -KILL "$(cat "$2/run/lock")"
rm -rf "$2"
JANITOR
setsid bash "$directory/janitor" $$ "$directory" >/dev/null 2>&1 &

fail() {
    echo "FAILED: $*"
    failures=$((failures + 1))
}

control() {
    "$programs/memmgrctl" --socket "$directory/socket" "$@"
}

answers() {
    control status >/dev/null 2>&1
}

# A file of the configuration in one move, as a package manager makes it: put FILE CONTENT.
put() {
    printf '<Memmgr>%s</Memmgr>\n' "$2" >"$directory/new"
    mv "$directory/new" "$1"
}

# until_true SECONDS COMMAND...: false when it does not come true in that time.
until_true() {
    local left=$(($1 * 50))
    shift
    while ! "$@"; do
        left=$((left - 1))
        [ "$left" -gt 0 ] || return 1
        sleep 0.02
    done
}

# start ARGUMENTS...: the daemon, behind the words of $starter, until it answers; its pid in $daemon. Appending, so that a
# log that is emptied is not filled up with holes.
starter=()
start() {
    "${starter[@]}" "$programs/memmgrd" --dry-run --socket "$directory/socket" --runtime-directory "$directory/run" "$@" >>"$log" 2>&1 &
    # shellcheck disable=SC2034 # for who sources this
    daemon=$!
    until_true 20 answers || fail "not started: $(cat "$log")"
}
