#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Process rules with real processes and a running daemon: what rules take, how it shows, what changes on reload, what a
# program that fails costs, and what memmgrctl match says without a daemon. The daemon only looks (--dry-run).
#   process_rules.sh DIRECTORY-OF-THE-PROGRAMS
# shellcheck source=test/kernel/daemon_shell.sh
. "$(dirname "$0")/daemon_shell.sh" "$1" rules

config=$directory/memmgr_config.xml
sleepers=()

# Nobody tells of new processes, which this test makes many of by waiting alone: memmgr-match would never be without work.
put_rules() {
    put "$config" "<bpf><enabled>false</enabled></bpf><processConnector><enabled>false</enabled></processConnector>\
<processScan><intervalMs>3600000</intervalMs></processScan><processRules>$1</processRules>"
}

# A process of the program $1, a copy of sleep; its pid in $started.
begin() {
    "$1" 600 &
    started=$!
    sleepers+=("$started")
}

# The member $2 of the process $1 on the daemon's list.
member() {
    control list --why "$1" --json 2>/dev/null | sed -n "s/^[[:space:]]*\"$2\":[[:space:]]*\"\{0,1\}\([^\"]*[^\",]\)\"\{0,1\},\{0,1\}\$/\1/p" | head -n 1
}

is() {
    [ "$(member "$1" "$2")" = "$3" ]
}

# expect PID MEMBER VALUE
expect() {
    until_true "${patience:-20}" is "$@" || fail "$2 of $1 is \"$(member "$1" "$2")\", not \"$3\": $(control list --why "$1" --json)"
}

status() {
    control status --json | sed -n '/"process_rules"/,/}/s/^[[:space:]]*"'"$1"'":[[:space:]]*\([^,]*\),\{0,1\}$/\1/p'
}

for name in sleep worker browser; do
    cp "$(command -v sleep)" "$directory/$name"
done
begin "$directory/worker"
worker=$started
begin "$directory/worker"
twin=$started
begin "$directory/browser"
browser=$started
begin "$directory/sleep"
other=$started

# ---- a rule takes a process -------------------------------------------------------------------------------
put_rules "<processRule><name>workers</name><exe>$directory/worker</exe><class>batch</class></processRule>
<processRule><name>browsers</name><cmdline>regex:browser 6[0-9]+\$</cmdline><bundle>%{exe} of %{pid}</bundle>
<priority>333</priority></processRule>
<processRule><name>slow</name><comm>sleep</comm><cmdline>regex:^([a-z/0-9.-]+)*!</cmdline></processRule>"
start --config "$config"
expect "$worker" process_rule workers
expect "$worker" priority 800
expect "$worker" name worker
expect "$worker" rule "process rule"
expect "$worker" registered false
expect "$browser" process_rule browsers
expect "$browser" priority 333
expect "$browser" name "browser of $browser"
expect "$other" rule oom_score_adj
expect "$worker" bundle_processes 1
expect "$twin" bundle_processes 1
expect "$twin" name worker
[ "$(cat "/proc/$worker/oom_score_adj")" = "$(cat /proc/$$/oom_score_adj)" ] || fail "oom_score_adj was written"

# ---- its own memory stands apart, and it goes when there is nothing to ask ------------------------------------
program=$(status pid)
[ "${program:-0}" -gt 0 ] || fail "no program runs: $(control status --json)"
[ "$(status resident_bytes)" -gt 100000 ] || fail "its memory is not shown"
grep -q '^CapEff:[[:space:]]*0*80000$' "/proc/$program/status" || [ "$(id -u)" -ne 0 ] ||
    fail "it has other rights than to read: $(grep CapEff "/proc/$program/status")"
gone() { [ ! -e "/proc/$program" ]; }
# other processes of this machine may keep it busy
until_true 60 gone || fail "it is still there without work: $(control status --json | grep -A 16 process_rules)"
[ "$(status pid)" != "$program" ] || fail "it is still shown"

# ---- reload -------------------------------------------------------------------------------------------------
put_rules "<builtInRules>false</builtInRules><processRule><name>all here</name><exe>$directory/*</exe>
<class>protected</class></processRule>"
control reload >/dev/null || fail "not reloaded"
for pid in "$worker" "$browser" "$other"; do
    expect "$pid" process_rule "all here"
    expect "$pid" priority -1000
    expect "$pid" bundle_priority -1000
done

# ---- a rule that names the bundle makes one of several, and as important as the most important -----------------
put_rules "<builtInRules>false</builtInRules><processRule><name>workers</name><comm>worker</comm><bundle>makers</bundle>
<class>batch</class></processRule><processRule><name>their browser</name><comm>browser</comm><bundle>makers</bundle>
<priority>333</priority></processRule>"
control reload >/dev/null || fail "not reloaded"
for pid in "$worker" "$twin" "$browser"; do
    expect "$pid" bundle_processes 3
    expect "$pid" name makers
    expect "$pid" bundle_priority 333
done
expect "$worker" priority 800
expect "$browser" priority 333
control list --why "$worker" | grep -q "its bundle at 333 by $browser (process rule)" ||
    fail "the bundle is not explained: $(control list --why "$worker")"
# all that are in one cgroup, as this test's are
put_rules "<builtInRules>false</builtInRules><processRule><name>group</name><exe>$directory/*</exe>
<bundle>here: %{cgroup}</bundle></processRule>"
control reload >/dev/null || fail "not reloaded"
for pid in "$worker" "$twin" "$browser" "$other"; do
    expect "$pid" bundle_processes 4
    expect "$pid" bundle_priority 200
done
case $(member "$worker" name) in
"here: /"*) ;;
*) fail "not named by its cgroup: $(member "$worker" name)" ;;
esac
put_rules "<builtInRules>false</builtInRules><processRule><name>all here</name><exe>$directory/*</exe>
<class>protected</class></processRule>"
control reload >/dev/null || fail "not reloaded"
for pid in "$worker" "$twin" "$browser" "$other"; do
    expect "$pid" bundle_processes 1
    expect "$pid" process_rule "all here"
done

# ---- a program that is killed is started again, and nothing else is lost ----------------------------------------
program=$(status pid)
# never 0, which would be ourselves
if [ "${program:-0}" -gt 1 ]; then
    kill -KILL "$program"
else
    fail "no program to kill: $(control status --json)"
fi
failed_once() { [ "$(status failures)" = 1 ]; }
until_true 20 failed_once || fail "its end was not noticed: $(control status --json)"
is "$worker" process_rule "all here" || fail "what it had said is lost"
put_rules "<builtInRules>false</builtInRules>"
control reload >/dev/null || fail "not reloaded"
expect "$worker" rule oom_score_adj
put_rules "<processRule><name>again</name><exe>$directory/worker</exe></processRule>"
control reload >/dev/null || fail "not reloaded"
expect "$worker" process_rule again
expect "$worker" priority 200

# ---- a bad pattern is an error of its file -------------------------------------------------------------------
put_rules "<processRule><name>bad</name><exe>regex:(</exe></processRule>"
control reload >"$directory/output" 2>&1 && fail "a bad pattern was accepted"
grep -q 'missing closing parenthesis' "$directory/output" || fail "not said: $(cat "$directory/output")"
is "$worker" process_rule again || fail "the old rules are not in force"

program=$(status pid)
kill -TERM "$daemon"
wait "$daemon"
grep -q 'Sanitizer\|runtime error' "$log" && fail "$(cat "$log")"
[ "${program:-0}" -gt 0 ] || fail "no program ran to the end"
until_true 5 gone || fail "memmgr-match outlives the daemon"

# ---- without a daemon -----------------------------------------------------------------------------------------
put_rules "<processRule><name>uncles</name><comm>worker</comm><uid>65533</uid></processRule>
<processRule><name>workers</name><comm>work*</comm><class>background</class></processRule>"
match() {
    "$programs/memmgrctl" match --config "$config" "$@"
}
match "$worker" >"$directory/output" || fail "match of a pid: $?"
grep -q "uncles .*$config:1 .*uid is not 65533" "$directory/output" || fail "why not: $(cat "$directory/output")"
grep -q "workers .*$config:2 .*takes it: worker, background, priority 400" "$directory/output" ||
    fail "which: $(cat "$directory/output")"
put_rules "<processRule><name>workers</name><comm>work*</comm><bundle>makers</bundle></processRule>"
match "$worker" | grep -q "takes it: makers (one bundle with all of that name), application, priority 200" ||
    fail "whose bundle: $(match "$worker")"
match --json "$worker" | grep -q '"shares_bundle":[[:space:]]*true' || fail "whose bundle, as JSON"
put_rules "<processRule><name>uncles</name><comm>worker</comm><uid>65533</uid></processRule>
<processRule><name>workers</name><comm>work*</comm><class>background</class></processRule>"
match --json "$worker" | grep -q '"shares_bundle":[[:space:]]*false' || fail "no bundle, as JSON"
match --json 'work*' | tr -d '\n\t' | grep -q "\"pid\":$worker,.*\"rule\":\"workers\"" || fail "as JSON"
match "$directory/*" | grep -c "$worker\|$browser\|$other" | grep -qx 3 || fail "a pattern on the file"
match 'no such process' >/dev/null 2>&1 && fail "nobody is named"
match 2147483647 >/dev/null 2>&1 && fail "no such pid"

kill "${sleepers[@]}"
[ "$failures" -eq 0 ] && echo "all is as it should be"
