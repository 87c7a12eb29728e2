#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Checks the files that are installed beside the programs, each with the checker of the system it is for.
# usage: installed_files_test.sh CHECK SOURCE_DIRECTORY BUILD_DIRECTORY
# Where a checker is not there the check is skipped: exit status 77.
set -euo pipefail

check=$1
source=$2
service=$source/service
build=$3/service
work=$(mktemp -d)
pid=""
trap '[[ ! $pid ]] || kill -KILL "$pid" 2>/dev/null; rm -rf "$work"' EXIT

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

# A copy whose programs are the built ones, as verify wants them to exist.
check_systemd() {
    need systemd-analyze
    sed -e "s,^ExecStart=.*/memmgrd,ExecStart=$build/memmgrd," \
        -e "s,^ExecReload=.*/memmgrctl,ExecReload=$build/memmgrctl," \
        "$build/init/memmgrd.service" >"$work/memmgrd.service"
    grep -q "^ExecStart=$build/memmgrd\$" "$work/memmgrd.service" || fail "no ExecStart"
    # The pages it names are installed later than this runs.
    systemd-analyze verify --man=no "$work/memmgrd.service" 2>"$work/out" || fail "$(cat "$work/out")"
    [[ ! -s $work/out ]] || fail "$(cat "$work/out")"
    # verify must be able to fail, or the lines above say nothing.
    sed 's/^Type=notify/Type=notyfi/' "$work/memmgrd.service" >"$work/broken.service"
    systemd-analyze verify --man=no "$work/broken.service" 2>&1 | grep -q notyfi || fail "a broken unit passes"
}

check_shell() {
    need shellcheck
    shellcheck -s sh "$build/init/memmgrd.sysvinit"
    shellcheck "$build/init/memmgrd.openrc" "$service/completion/memmgrctl" "$0"
    dash -n "$build/init/memmgrd.sysvinit"
    ! grep -n '@[A-Z_]*@' "$build"/init/memmgrd.{service,openrc,sysvinit} || fail "something was not filled in"
}

# The capabilities that a file keeps, one a line, written as the file writes them.
kept_capabilities() {
    sed -n -e 's/^CapabilityBoundingSet=//p' -e 's/^ *capabilities //p' \
        -e 's/^capabilities=.*:-\(.*\)}"$/\1/p' -e '/"caps"/,/]/s/.*"\([A-Z_]*\)",\{0,1\}$/\1/p' "$1" |
        tr ',' '\n' | tr ' ' '\n' | tr -d '^'
}

# Each capability that a file keeps has its reason beside it; JSON knows no comments, there it is the README.
check_capabilities() {
    local capability file count

    for file in memmgrd.service.in memmgrd.openrc.in memmgrd.rc memmgrd.cfg; do
        count=0
        while read -r capability; do
            count=$((count + 1))
            if [[ $file == *.cfg ]]; then
                grep -qF "CAP_${capability#CAP_}" "$service/init/README.md" || fail "no reason for $capability"
            else
                grep -qE "^# +$capability +[a-zA-Z/]" "$service/init/$file" || fail "$file: why $capability?"
            fi
        done < <(kept_capabilities "$service/init/$file")
        ((count >= 5)) || fail "$file: only $count capabilities were found"
    done
}

# Every line of an Android start file is a section, or a known word within one.
check_android() {
    awk '
        /^[[:space:]]*(#|$)/ { next }
        /^on / { section = "on"; next }
        /^service [a-z]+ \/[^ ]+/ { section = "service"; services++; next }
        section == "on" && $1 ~ /^(mkdir|mount|chmod|chown|start|stop|setprop|exec_background)$/ { next }
        section == "service" && $1 ~ /^(class|user|group|capabilities|rlimit|oom_score_adjust|task_profiles|disabled|shutdown)$/ { next }
        { print FILENAME ": " FNR ": " $0; bad = 1 }
        END { exit bad || services != 1 }' "$service/init/memmgrd.rc"
}

# The script itself, with its files elsewhere, over a daemon that changes nothing.
check_sysvinit() {
    local script=$work/memmgrd directory=$work/run shell

    printf '#!/bin/sh\nexec "%s" --socket "%s" "$@"\n' "$build/memmgrctl" "$directory/control.sock" >"$work/ctl"
    chmod +x "$work/ctl"
    sed -e "s,^DAEMON=.*,DAEMON=$build/memmgrd," -e "s,^CONTROL=.*,CONTROL=$work/ctl," \
        -e "s,^RUNTIME_DIRECTORY=.*,RUNTIME_DIRECTORY=$directory," -e "s,^PIDFILE=.*,PIDFILE=$work/pid," \
        -e "s,/etc/default/,$work/default-,g" "$build/init/memmgrd.sysvinit" >"$script"
    cat >"$work/default-memmgrd" <<END
MEMMGRD_ARGS="--dry-run --config $source/config/memmgr_config.xml --runtime-directory $directory --socket $directory/control.sock"
MEMMGRD_LOG=$work/log
END
    chmod +x "$script"
    for shell in dash "busybox sh" "bash --posix"; do
        command -v "${shell%% *}" >/dev/null || continue
        rm -f "$work/log"
        # Word splitting is wanted: a shell and its argument.
        # shellcheck disable=SC2086
        sysvinit_life $shell
    done
}

# shell: the command that runs the script.
sysvinit_life() {
    local code=0

    "$@" "$script" status >/dev/null || code=$?
    ((code == 3)) || fail "$1: status before start: $code"
    "$@" "$script" start || fail "$1: start: $(cat "$work/log")"
    pid=$(cat "$work/pid")
    [[ $(readlink "/proc/$pid/exe") == "$build/memmgrd" ]] || fail "$1: the pid file names another program"
    "$@" "$script" status >/dev/null || fail "$1: status"
    "$@" "$script" start >/dev/null || fail "$1: a second start"
    [[ $(cat "$work/pid") == "$pid" ]] || fail "$1: a second start made another daemon"
    "$@" "$script" reload || fail "$1: reload"
    "$@" "$script" restart || fail "$1: restart: $(cat "$work/log")"
    [[ $(cat "$work/pid") != "$pid" ]] || fail "$1: restart did not"
    pid=$(cat "$work/pid")
    "$@" "$script" stop || fail "$1: stop"
    # Its number may stand until the first process reaps it, its program does not.
    ! readlink "/proc/$pid/exe" || fail "$1: stop left the daemon"
    [[ ! -e $work/pid ]] || fail "$1: stop left the pid file"
    pid=""
    code=0
    "$@" "$script" status >/dev/null || code=$?
    ((code == 3)) || fail "$1: status after stop: $code"
    # A configuration that is not valid is refused before anything starts.
    sed -i "s,--config [^ ]*,--config $script," "$work/default-memmgrd"
    code=0
    "$@" "$script" start 2>/dev/null || code=$?
    ((code == 6)) || fail "$1: start with an invalid configuration: $code"
    sed -i "s,--config [^ ]*,--config $source/config/memmgr_config.xml," "$work/default-memmgrd"
}

check_man() {
    local page

    need man
    for page in "$service"/man/*.[0-9]; do
        LC_ALL=C.UTF-8 MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 -Z "$page" 2>"$work/out" >/dev/null ||
            fail "$page: $(cat "$work/out")"
        [[ ! -s $work/out ]] || fail "$page: $(cat "$work/out")"
    done
    # Every option of the daemon has its paragraph.
    for option in $("$build/memmgrd" --help | grep -oE -- '--[a-z-]+' | sort -u); do
        grep -qF -- "${option//-/\\-}" "$service/man/memmgrd.8" || fail "memmgrd.8 lacks $option"
    done
}

# What service/run builds is every program that people start and every one that those start.
check_run() {
    local build=$build/.. program targets count=0

    need ninja
    # shellcheck source=/dev/null
    source <(sed -n '/^program_targets() {$/,/^}$/p' "$service/run")
    targets=$(program_targets)
    for program in memmgrd memmgrctl $(find "$service" -name '*.c' -exec \
        sed -n 's/.*mm_runtime_program("\([a-z-]*\)".*/\1/p' {} + | sort -u); do
        # The loader is no target where BPF is not built.
        [[ $program != memmgr-bpf-loader ]] || ninja -C "$build" -t query "service/$program" >"$work/out" 2>&1 || continue
        grep -qx "service/$program" <<<"$targets" || fail "service/run does not build $program"
        count=$((count + 1))
    done
    ((count >= 4)) || fail "only $count programs were found"
}

# Terminals are wide enough for every line of a help text.
check_help() {
    local command

    for command in "$build/memmgrd" "$service/run" "$service/install_dependencies" "$source/test/run"; do
        "$command" --help >"$work/out" || fail "$command --help: status $?"
        [[ -s $work/out ]] || fail "$command has no help"
        awk -v command="$command" 'length > 100 { print command ": " $0; bad = 1 } END { exit bad }' "$work/out" >&2
    done
}

# What bash would offer after the words given; the last one is under the cursor.
complete_words() {
    COMP_WORDS=("$build/memmgrctl" "$@")
    COMP_CWORD=$#
    COMPREPLY=()
    _memmgrctl "$build/memmgrctl" "${*: -1}" "${COMP_WORDS[COMP_CWORD - 1]}"
    echo "${COMPREPLY[*]}"
}

check_completion() {
    local commands

    # shellcheck source=/dev/null
    source "$service/completion/memmgrctl"
    complete -p memmgrctl | grep -q _memmgrctl || fail "nothing is registered"
    commands=$("$build/memmgrctl" help | sed -n '/^commands:/,/^$/s/^  \([a-z-]*\).*/\1/p' | tr '\n' ' ')
    [[ "$(complete_words "") " == "$commands" ]] || fail "commands: $(complete_words "")"
    [[ $(complete_words st) == status ]] || fail "st: $(complete_words st)"
    [[ $(complete_words event fore) == foreground ]] || fail "event"
    [[ $(complete_words --socket /x event bi) == bind ]] || fail "options before the command"
    [[ $(complete_words list --reg) == --registered ]] || fail "options"
    [[ " $(complete_words event bind --caller "") " == *" $$ "* ]] || fail "processes"
    [[ $(complete_words monitor --events decision,memory) == decision,memory-level ]] || fail "kinds"
    [[ $(complete_words log-level w) == warning ]] || fail "levels"
    [[ $(complete_words flows sto) == stop ]] || fail "flows"
    [[ $(complete_words flows start "") == "cpuflow gpuflow" ]] || fail "flows: $(complete_words flows start "")"
    [[ $(complete_words help config mig) == migrate ]] || fail "help config"
    commands=$("$build/memmgrctl" config help | sed -n '/^commands:/,/^$/s/^  \([a-z-]*\).*/\1/p' | tr '\n' ' ')
    [[ "$(complete_words config "") " == "$commands" ]] || fail "config: $(complete_words config "")"
    [[ $(complete_words --json config exp) == explain ]] || fail "config's commands"
    [[ $(complete_words config help mig) == migrate ]] || fail "config help"
    [[ $(complete_words config show --or) == --origin ]] || fail "config's options"
    [[ $(complete_words config --ram) == --ram-mb ]] || fail "options of all of config's commands"
    [[ $(complete_words config check --ram-mb 4096 --str) == --strict ]] || fail "config's options behind a value"
    [[ $(complete_words config explain memoryM) == memoryMB ]] || fail "elements"
    [[ $(complete_words config show --section nandlif) == nandlife ]] || fail "sections"
    [[ $(complete_words config migrate --from l) == lmkd ]] || fail "kinds of migrations"
    [[ $(complete_words config check "$service/man/memmgrd.") == "$service/man/memmgrd.8" ]] || fail "files"
    [[ -z $(complete_words config show --ram-mb "") ]] || fail "a number is not guessed"
}

"check_$check" "$@"
