#!/usr/bin/env bash
# The demonstration, as a test: the order of deaths, the reversed order when two applications swap states, and
# nothing left behind, also when it is interrupted or killed.
#   demo.sh DIRECTORY-OF-THE-PROGRAMS
set -u
programs=$1
failures=0

if [ "$(id -u)" -ne 0 ]; then
    echo "skipped: the demonstration needs root"
    exit 77
fi

fail() {
    echo "FAILED: $*"
    failures=$((failures + 1))
}

# Names in the order in which they died.
deaths() {
    sed -n 's/^ *[0-9.]* s  \([a-z]*\) died (.*/\1/p' "$1" | tr '\n' ' '
}

leftovers() {
    find /sys/fs/cgroup -maxdepth 3 -type d -name "memmgr-demo-$1"
    pgrep -a -P "$1"
}

# What a demonstration of that pid may leave is waited for: the janitor ends after it.
expect_clean() {
    local pid=$1 what=$2 left
    for _ in $(seq 100); do
        left=$(leftovers "$pid"; pgrep -a demo-janitor; ls -d /run/memmgr-demo-* 2>/dev/null)
        [ -z "$left" ] && return
        sleep 0.1
    done
    fail "$what left behind: $left"
}

output=$(mktemp)
trap 'rm -f "$output"' EXIT

run_demo() {
    "$programs/memmgrctl" demo "$@" >"$output" 2>&1 &
    demo=$!
    wait "$demo"
}

run_demo || fail "exit $?: $(cat "$output")"
case "$(deaths "$output")" in
"mail gallery music upload " | "gallery mail music upload ") ;;
*) fail "unexpected order: $(deaths "$output")" ;;
esac
grep -q '^Alive: game (foreground, 0)' "$output" || fail "the foreground application did not live"
grep -q '^Right: ' "$output" || fail "no verdict"
expect_clean "$demo" "a whole demonstration"

# Two states swapped: music runs a transient task, upload plays. The deaths of the two come in the reversed order.
run_demo --states music=task,upload=playing || fail "swapped: exit $?: $(cat "$output")"
case "$(deaths "$output")" in
*"upload music "*) ;;
*) fail "swapped states: unexpected order: $(deaths "$output")" ;;
esac
expect_clean "$demo" "a demonstration with swapped states"

for signal in INT TERM KILL; do
    # a background job of this shell ignores INT unless job control is on
    : >"$output" # the last one has said the same
    set -m
    "$programs/memmgrctl" demo >"$output" 2>&1 &
    demo=$!
    set +m
    until grep -q 'begins to grow' "$output" || ! kill -0 "$demo" 2>/dev/null; do sleep 0.05; done
    kill -"$signal" "$demo" || fail "it had ended before SIG$signal"
    wait "$demo" 2>/dev/null && fail "SIG$signal: exit 0"
    expect_clean "$demo" "a demonstration ended by SIG$signal"
done

# Ctrl-C goes to all of the demonstration's process group, at any time.
for moment in 'a domain of' 'begins to grow'; do
    : >"$output" # the last one has said the same
    set -m
    "$programs/memmgrctl" demo >"$output" 2>&1 &
    demo=$!
    set +m
    until grep -q "$moment" "$output" || ! kill -0 "$demo" 2>/dev/null; do sleep 0.01; done
    kill -INT -- -"$demo" || fail "it had ended before Ctrl-C"
    wait "$demo" && fail "Ctrl-C: exit 0"
    [[ $(tail -n 1 "$output") == *interrupted ]] || fail "Ctrl-C: $(cat "$output")"
    expect_clean "$demo" "a demonstration ended by Ctrl-C"
done

# Without root it says what it needs.
if command -v setpriv >/dev/null; then
    setpriv --reuid 65534 --regid 65534 --clear-groups "$programs/memmgrctl" demo >"$output" 2>&1 && fail "not root: exit 0"
    grep -q 'root is needed' "$output" || fail "not root: $(cat "$output")"
fi

[ "$failures" -eq 0 ] && echo "all as expected"
exit $((failures > 0))
