/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table. A process chooses its own comm, and its owner where its files are: so programs of users are told by a file
 * below a directory that root alone writes to, and a comm counts only for the users of the system.
 *
 * What does not protect asks for an oom_score_adj of 0: who has another one has been thought of by somebody. What
 * protects does not ask: the whole session of a user is raised by some service managers, and it raises nobody's number.
 */
#include "service/match/built_in_rules.h"

#include "common/common.h"

#define SYSTEM_USERS "0-999"
#define ROOT         "0"
/* As useradd gives them out (UID_MIN and UID_MAX of login.defs, less those that systemd gives to containers). */
#define USERS "1000-59999"
/* Where its directories are links to those of /usr, and where not. */
#define SHELL(name) "/usr/bin/" name "|/bin/" name
/* A star takes every directory below it. */
#define FILE_OF(name) "/usr/*/" name

#define RULE(title, kind, number, why, ...)                                                                  \
    {                                                                                                        \
        .rule = {.name = (title), .process_class = (kind), .priority = (number), __VA_ARGS__},               \
        .reason = (why),                                                                                     \
    }
#define PROTECTED(title, why, ...) RULE(title, MM_CLASS_PROTECTED, -1000, why, __VA_ARGS__)
#define SYSTEM(title, why, ...)    RULE(title, MM_CLASS_SYSTEM, -800, why, __VA_ARGS__, .oom_score_adj = "0")
#define OF_USERS(title, kind, number, why, ...)                                                              \
    RULE(title, kind, number, why, .uid = USERS, .oom_score_adj = "0", ##__VA_ARGS__)
#define SESSION(title, why, ...) RULE(title, MM_CLASS_SESSION, 0, why, __VA_ARGS__, .oom_score_adj = "0")

const struct mm_built_in_rule mm_built_in_rules[] = {
    PROTECTED("init", "everything ends with it", .uid = ROOT,
              .comm = "init|systemd|runit*|runsvdir|s6-svscan|openrc-init|dinit|procd"),
    PROTECTED("user manager", "all services of a user end with it",
              .exe = "/usr/lib/systemd/systemd|/lib/systemd/systemd"),
    PROTECTED("memmgr", "who frees memory is not what it is freed of", .uid = ROOT,
              .exe = "*/memmgrd|*/memmgr-match|*/memmgr-config|*/memmgr-bpf-loader"),
    PROTECTED("login", "nobody could log in to help, or all sessions end", .uid = ROOT,
              .comm = "systemd-logind|elogind*|login|agetty|getty|mingetty|mgetty|sulogin|seatd"),
    PROTECTED("message bus", "it cannot be restarted under those who are connected",
              .exe = FILE_OF("dbus-daemon|") FILE_OF("dbus-broker|")
                  FILE_OF("dbus-broker-launch|") "/bin/dbus-daemon"),
    PROTECTED("sshd", "the machine could not be reached; its sessions are another matter", .uid = ROOT,
              .comm = "sshd|dropbear", .cmdline = "*[[]listener]*|*/sshd|*/sshd -*|*dropbear*"),
    PROTECTED("display manager", "the session that it began ends with it",
              .exe = FILE_OF("gdm|") FILE_OF("gdm3|") FILE_OF("gdm-*|") FILE_OF("sddm|")
                  FILE_OF("sddm-helper*|") FILE_OF("lightdm|") FILE_OF("lxdm*|") FILE_OF("xdm|")
                      FILE_OF("greetd|") FILE_OF("slim|") FILE_OF("nodm|") FILE_OF("ly")),
    PROTECTED("display server", "every window closes with it",
              .exe = FILE_OF("Xorg|") FILE_OF("Xorg.wrap|") FILE_OF("Xwayland|") FILE_OF("Xvnc|")
                  FILE_OF("gnome-shell|") FILE_OF("mutter*|") FILE_OF("kwin_*|") FILE_OF("sway|")
                      FILE_OF("weston|") FILE_OF("Hyprland|") FILE_OF("labwc|") FILE_OF("wayfire|")
                          FILE_OF("river|") FILE_OF("cage|") FILE_OF("phoc|") FILE_OF("cosmic-comp|")
                              FILE_OF("cinnamon|") FILE_OF("niri")),
    PROTECTED("session", "the user is logged out with it",
              .exe = FILE_OF("gnome-session*|") FILE_OF("startplasma-*|") FILE_OF("plasma_session|") FILE_OF(
                  "ksmserver|") FILE_OF("xfce4-session|") FILE_OF("lxqt-session|") FILE_OF("lxsession|")
                  FILE_OF("mate-session|") FILE_OF("cinnamon-session*|") FILE_OF("cosmic-session")),
    PROTECTED("screen lock", "the screen would be open, or locked for good",
              .exe = FILE_OF("swaylock|") FILE_OF("i3lock|") FILE_OF("xscreensaver*|")
                  FILE_OF("kscreenlocker_greet|") FILE_OF("gtklock|") FILE_OF("hyprlock|")
                      FILE_OF("xsecurelock|") FILE_OF("light-locker")),
    PROTECTED(
        "package manager", "ended half way it leaves half a system", .uid = ROOT,
        .comm =
            "dpkg|dpkg-*|apt|apt-*|apt.systemd.dai|aptd|aptitude|unattended-upgr|rpm|dnf|dnf5*|yum|zypper|"
            "pacman|apk|packagekitd|rpm-ostree*|xbps-*|emerge|swupd*|rauc|swupdate"),
    PROTECTED("log", "nobody could see why", .uid = SYSTEM_USERS,
              .comm = "systemd-journal|rsyslogd|rs:main*|syslog-ng|syslogd|klogd|metalog|auditd"),
    PROTECTED("devices", "devices and disks come through it", .uid = ROOT,
              .comm = "systemd-udevd|(udev-worker)|udevd|eudev"),
    PROTECTED("container monitor", "nobody would know that its container ended", .uid = ROOT,
              .comm = "containerd-shim|conmon|crio-conmon|lxc-monitor*"),
    PROTECTED("container monitor of a user", "nobody would know that its container ended",
              .exe = FILE_OF("conmon")),
    PROTECTED(
        "android", "the device restarts without it", .uid = "0-1999", .exe = "/system/bin/*",
        .comm = "servicemanager|hwservicemanage|surfaceflinger|vold|zygote|zygote64|netd|logd|system_server"),
    SYSTEM("containers", "containers outlive it, but cannot be managed", .uid = ROOT,
           .comm = "dockerd|containerd|crio|podman|kubelet|libvirtd|virtqemud"),
    SYSTEM("network", "the machine could not be reached until it is back", .uid = SYSTEM_USERS,
           .comm = "NetworkManager|systemd-network|systemd-resolve|wpa_supplicant|iwd|dhclient|dhcpcd|"
                   "connmand|chronyd"),
    SYSTEM("authorisation", "nobody could get the rights to help", .uid = SYSTEM_USERS,
           .comm = "polkitd|accounts-daemon|sssd|sssd_*|nscd|nslcd"),
    SESSION("sound", "it restarts, but everybody hears it",
            .exe = FILE_OF("pipewire|") FILE_OF("pipewire-*|") FILE_OF("wireplumber|") FILE_OF("pulseaudio")),
    SESSION("desktop shell", "windows stay, but the panel is gone until it is back",
            .exe = FILE_OF("plasmashell|") FILE_OF("xfce4-panel|") FILE_OF("xfdesktop|")
                FILE_OF("lxqt-panel|") FILE_OF("mate-panel|") FILE_OF("xfwm4|") FILE_OF("openbox|")
                    FILE_OF("i3|") FILE_OF("marco|") FILE_OF("ibus-daemon|") FILE_OF("fcitx5")),
};

const size_t mm_built_in_rule_count = MM_ARRAY_SIZE(mm_built_in_rules);

const struct mm_built_in_rule mm_user_program_rules[] = {
    /* Which waits for its user: one that runs a script is a program like others. */
    OF_USERS("user shell", MM_CLASS_SESSION, 0, "the user is logged out with it",
             .exe = SHELL("bash") "|" SHELL("dash") "|" SHELL("zsh") "|" SHELL("fish") "|" SHELL(
                 "ksh*") "|" SHELL("mksh") "|" SHELL("busybox"),
             .cmdline = "regex:^-?(\\S*/)?(ba|da|z|fi|k|mk|a)?sh( -[il]+| --login| --interactive)*$"),
    OF_USERS("user session", MM_CLASS_SESSION, 0, "the user is logged out with it",
             .exe = "/usr/sbin/sshd|" FILE_OF("sshd-session|") FILE_OF("dropbear|") FILE_OF("mosh-server|")
                 FILE_OF("xrdp-sesman")),
    OF_USERS("terminal", MM_CLASS_SESSION, 0, "all that runs in it ends with it",
             .exe = FILE_OF("tmux|") FILE_OF("screen|") FILE_OF("dtach|") FILE_OF("zellij|") FILE_OF("xterm|")
                 FILE_OF("gnome-terminal-server|") FILE_OF("kgx|") FILE_OF("ptyxis|") FILE_OF("konsole|")
                     FILE_OF("xfce4-terminal|") FILE_OF("mate-terminal|") FILE_OF("alacritty|")
                         FILE_OF("kitty|") FILE_OF("foot|") FILE_OF("urxvt*")),
    OF_USERS("user program", MM_CLASS_APPLICATION, 200,
             "somebody may be using it, or not: it can be started again"),
};

const size_t mm_user_program_rule_count = MM_ARRAY_SIZE(mm_user_program_rules);
