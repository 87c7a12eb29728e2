#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A running daemon and its files: layers, profiles, what changes on reload and how it is said, the watch, and what is no
# configuration. The daemon only looks (--dry-run): it touches nothing but its own directory.
#   config_reload.sh DIRECTORY-OF-THE-PROGRAMS
# shellcheck source=test/kernel/daemon_shell.sh
. "$(dirname "$0")/daemon_shell.sh" "$1" reload

system=$directory/system
product=$directory/product
drop_ins=$product/memmgr_config.d

# How often the log has that text.
said() {
    grep -cF -- "$1" "$log"
}

has_said() {
    [ "$(said "$1")" -ge "${2:-1}" ]
}

# expect TEXT: the log comes to have it.
expect() {
    until_true 20 has_said "$1" || fail "not said: $1; the log ends: $(tail -n 4 "$log")"
}

# Forgets what was said, so that it can be said again.
clear_log() {
    : >"$log"
}

# The number of reloads so far.
reloads() {
    control status --json | tr -d '\n' | grep -o '"reloads":[[:space:]]*[0-9]*' | tr -dc 0-9
}

start_here() {
    start --search-path "$system:$product" "$@"
}

stop() {
    kill -TERM "$daemon" || fail "$1: it had ended"
    wait "$daemon"
    case $? in
    0 | 1) ;; # 1: the end was cut short on a slow machine
    *) fail "$1: exit $?" ;;
    esac
    grep -q 'Sanitizer\|runtime error' "$log" && fail "$1: $(cat "$log")"
}

table='<killConfig><killLevel id="1"><memoryMB>1</memoryMB><minPriority>100</minPriority></killLevel>
<killLevel id="2"><memoryMB>2</memoryMB><minPriority>200</minPriority></killLevel></killConfig>'

# ---- nothing there ----------------------------------------------------------------------------------------
: >"$log"
start_here
expect "there is no configuration in $system:$product: the built-in values are used"
control status | grep -q 'built-in values' || fail "the built-in values are not shown: $(control status)"
stop "without a file"

# ---- layers, a profile, reload by signal ------------------------------------------------------------------
mkdir -p "$system" "$drop_ins"
put "$system/memmgr_config.xml" "$table"
put "$product/memmgr_config.xml" '<ramProfile minScreenInches="7" name="tablet"><bpf><enabled>false</enabled></bpf></ramProfile>'
clear_log
start_here --screen-inches 7
status=$(control status)
for wanted in "$system/memmgr_config.xml" "$product/memmgr_config.xml, profile tablet" 'switched off by the configuration'; do
    grep -qF "$wanted" <<<"$status" || fail "status does not show \"$wanted\": $status"
done
put "$drop_ins/20-product.xml" '
<killConfig><killLevel id="2"><memoryMB>3</memoryMB></killLevel><remove id="1"/></killConfig>'
kill -HUP "$daemon"
expect "reload: killConfig/killLevel[id=2]/memoryMB: 2 -> 3 ($drop_ins/20-product.xml:2)"
expect "reload: killConfig/killLevel[id=1]: removed (memoryMB 1, minPriority 100) (from $system/memmgr_config.xml:1)"
expect 'reload: 2 changes are in force'
[ "$(grep -c 'in force' "$log")" = 1 ] || fail "a reload says twice that it is in force: $(cat "$log")"
control status | grep -qF "$drop_ins/20-product.xml" || fail "the new file is not shown: $(control status)"

# ---- reload by memmgrctl ----------------------------------------------------------------------------------
[ "$(control reload)" = 'nothing has changed' ] || fail "a reload without a change: $(control reload 2>&1)"
put "$drop_ins/30-bad.xml" '<killConfig><killLevel id="2"><memoryMB>12x</memoryMB></killLevel></killConfig>'
output=$(control reload 2>&1) && fail "a bad file was taken: $output"
[[ $output == *"30-bad.xml:1:"*'memoryMB is "12x"'* ]] || fail "no place in: $output"
control status | grep -q 'below 3 MiB' || fail "the old rows did not stay: $(control status)"
control status | grep -q 'last reload failed' || fail "status does not show the failure: $(control status)"

# ---- what is no configuration -----------------------------------------------------------------------------
# refused NAME TEXT: reloading gives that text, and the old configuration stays.
refused() {
    local output
    output=$(control reload 2>&1) && fail "$1 was taken"
    [[ $output == *"$2"* ]] || fail "$1: not \"$2\" but: $output"
    answers || fail "$1: no answer any more"
    control status | grep -q 'below 3 MiB' || fail "$1: the old rows did not stay"
    rm -rf "$drop_ins/30-bad.xml"
}
rm "$drop_ins/30-bad.xml"
bad=$drop_ins/30-bad.xml
mkfifo "$bad"; refused FIFO 'is a FIFO'
mkdir "$bad"; refused directory 'is a directory'
ln -s 30-bad.xml "$bad"; refused 'a loop of links' 'loop of symbolic links'
ln -s /dev/zero "$bad"; refused device 'character device'
ln -s /nowhere "$bad"; refused 'a link to nothing' 'No such file'
echo '<Memmgr/>' >"$bad"; chmod 0666 "$bad"; refused 'a file that everybody may write' 'writable by everybody'
: >"$bad"; refused 'an empty file' 'is empty'
truncate -s 100M "$bad"; refused 'a large file' 'expected at most'
head -c 5000 /dev/urandom >"$bad"; refused 'random bytes' '30-bad.xml'
printf '<?xml version="1.0" encoding="ISO-8859-1"?><Memmgr/>' >"$bad"; refused 'another encoding' 'expected UTF-8'
printf '<!DOCTYPE a SYSTEM "/etc/passwd"><Memmgr/>' >"$bad"; refused 'a foreign document type' 'document type from elsewhere'
printf '<!DOCTYPE a [<!ENTITY e SYSTEM "/etc/passwd">]><Memmgr>&e;</Memmgr>' >"$bad"; refused 'a foreign entity' 'not plain text'
printf '<Memmgr>%s' "$(printf '<a>%.0s' $(seq 100))" >"$bad"; refused 'depth' 'nest deeper'
chmod 0777 "$drop_ins"; refused 'a directory that everybody may write' 'directory writable by everybody'
chmod 0755 "$drop_ins"
mkdir "$directory/many"
for i in $(seq 10000); do echo "$directory/many/$i.xml"; done | xargs touch
mv "$drop_ins" "$directory/kept"
mv "$directory/many" "$drop_ins"
refused 'ten thousand files' 'more than 1024 files'
mv "$drop_ins" "$directory/many"
mv "$directory/kept" "$drop_ins"
mv "$drop_ins/20-product.xml" "$directory/20"
[ "$(control reload)" = '2 changes are in force' ] || fail "the drop-in cannot be taken away: $(control reload 2>&1)"
control status | grep -q 'below 1 MiB' || fail "the row that was removed is not back: $(control status)"

# ---- a hundred reloads in a second ------------------------------------------------------------------------
before=$(reloads)
for _ in $(seq 100); do kill -HUP "$daemon"; sleep 0.01; done
# shellcheck disable=SC2317 # by until_true
settled() { [ "$(control reload)" = 'nothing has changed' ]; }
until_true 20 settled || fail "a hundred reloads: $(control status)"
[ "$(reloads)" -gt "$before" ] || fail "a hundred signals and no reload"
[ "$(find "/proc/$daemon/task" -mindepth 1 -maxdepth 1 | wc -l)" -lt 20 ] || fail "reloads leave threads behind"
stop "layers"

# ---- the watch --------------------------------------------------------------------------------------------
put "$system/memmgr_config.xml" "$table<reload><watch>true</watch><settleMs>50</settleMs></reload>"
rm "$product/memmgr_config.xml"
clear_log
start_here
control status | grep -q 'config watch *yes' || fail "not watched: $(control status)"

# renamed into place
put "$drop_ins/20-product.xml" '<bpf><ringKB>8</ringKB></bpf>'
expect "reload: bpf/ringKB: 64 -> 8 ($drop_ins/20-product.xml:1), takes effect at the next start"
# written in place
printf '<Memmgr><bpf><ringKB>16</ringKB></bpf></Memmgr>' >"$drop_ins/20-product.xml"
expect 'reload: bpf/ringKB: 8 -> 16'
# removed
rm "$drop_ins/20-product.xml"
expect 'reload: bpf/ringKB: 16 -> 64 (built-in)'
# whose numbers processes have is as of the start
put "$drop_ins/20-product.xml" \
    '<reclaimPriorityConfig><priorityCompat>upstream</priorityCompat></reclaimPriorityConfig>'
expect "priorityCompat: none -> upstream ($drop_ins/20-product.xml:1), takes effect at the next start"
! control status | grep -q priorityCompat || fail "other numbers after a reload: $(control status)"
rm "$drop_ins/20-product.xml"
expect 'priorityCompat: upstream -> none (built-in)'
# the drop-in directory goes and comes
rmdir "$drop_ins"
mkdir "$drop_ins"
put "$drop_ins/1.xml" '<logging><level>debug</level></logging>'
expect 'reload: logging/level: info -> debug'
rm "$drop_ins/1.xml"
expect 'reload: logging/level: debug -> info'
# through a link, whose other end is written
clear_log
printf '<Memmgr/>' >"$directory/real.xml"
ln -s "$directory/real.xml" "$drop_ins/2.xml"
# shellcheck disable=SC2317 # by until_true
linked() { control status | grep -qF "$drop_ins/2.xml"; }
until_true 20 linked || fail "a link is not followed: $(control status)"
printf '<Memmgr><logging><level>debug</level></logging></Memmgr>' >"$directory/real.xml"
expect 'reload: logging/level: info -> debug'
rm "$drop_ins/2.xml"
expect 'reload: logging/level: debug -> info'

# a half-written file is never taken: what stands there when its writer pauses would be a configuration by itself
clear_log
exec 8>"$drop_ins/3.xml"
printf '<Memmgr><squeezeConfig><retryMs>777</retryMs></squeezeConfig></Memmgr>' >&8
put "$drop_ins/4.xml" '<waterlineWatch><minIntervalMs>3</minIntervalMs></waterlineWatch>'
if ! until_true 3 has_said '3.xml: error: is open for writing'; then
    # where the file system knows no leases, 3.xml is read as it is
    expect '4.xml'
    echo "not tested: a file that is open for writing (no leases)"
fi
has_said '-> 777' && ! has_said '4.xml' && fail "a file that is being written was taken: $(cat "$log")"
printf '<!-- and now it is complete -->' >&8
exec 8>&-
expect 'reload: squeezeConfig/retryMs: 10000 -> 777'
expect 'reload: waterlineWatch/minIntervalMs: 2 -> 3'
rm "$drop_ins/3.xml" "$drop_ins/4.xml"
expect 'reload: waterlineWatch/minIntervalMs: 3 -> 2'

# what is not valid is said once, however often it is touched; what is mended is taken
clear_log
put "$drop_ins/5.xml" '<bpf><ringKB>x</ringKB></bpf>'
expect 'the old configuration stays'
before=$(reloads)
# shellcheck disable=SC2317 # by until_true
more() { [ "$(reloads)" -gt "$before" ]; }
for _ in 1 2 3; do
    touch "$drop_ins/5.xml"
    until_true 20 more || fail "a touched file is not read again"
    before=$(reloads)
done
[ "$(said 'the old configuration stays')" -eq 1 ] || fail "said more than once: $(cat "$log")"
put "$drop_ins/5.xml" '<bpf><ringKB>32</ringKB></bpf>'
expect 'reload: bpf/ringKB: 64 -> 32'
put "$drop_ins/5.xml" '<bpf><ringKB>x</ringKB></bpf>'
until_true 20 has_said 'the old configuration stays' 2 || fail "what is wrong again is not said again: $(cat "$log")"
rm "$drop_ins/5.xml"
expect 'reload: bpf/ringKB: 32 -> 64 (built-in)'

# files that change all the time
for i in $(seq 300); do put "$drop_ins/6.xml" "<killPolicy><marginMB>$i</marginMB></killPolicy>"; done
expect 'reload: killPolicy/marginMB: 50 -> '
expect ' -> 300 ('
answers || fail "no answer after files that changed all the time"

# the watch is switched off by a reload, and the signal still works
put "$drop_ins/7.xml" '<reload><watch>false</watch></reload>'
expect 'reload: reload/watch: true -> false'
before=$(reloads)
put "$drop_ins/8.xml" '<killPolicy><setAsideMs>1234</setAsideMs></killPolicy>'
control list >/dev/null || fail "no answer"
sleep 0.5
[ "$(reloads)" -eq "$before" ] || fail "read though the watch is off"
kill -HUP "$daemon"
expect 'reload: killPolicy/setAsideMs: 30000 -> 1234'
stop "the watch"

[ "$failures" -eq 0 ] && echo "all as expected"
exit $((failures > 0))
