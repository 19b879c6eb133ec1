#!/bin/sh
# Removes the service and the program. State, settings and credentials stay unless --purge.
set -eu

fail() { echo "uninstall.sh: $*" >&2; exit 1; }

prefix=/opt/liveness-watcher purge=no
while [ $# -gt 0 ]; do
  case $1 in
    --prefix) prefix=${2:?--prefix needs a folder}; shift 2 ;;
    --purge) purge=yes; shift ;;
    -h | --help) echo "usage: uninstall.sh [--prefix DIR] [--purge]"; exit 0 ;;
    *) echo "usage: uninstall.sh [--prefix DIR] [--purge]" >&2; exit 64 ;;
  esac
done

[ "$(id -u)" = 0 ] || fail "needs root: sudo $0"
while case $prefix in ?*/) true ;; *) false ;; esac; do prefix=${prefix%/}; done  # as install.sh
case $prefix in /*) ;; *) fail "--prefix $prefix: give the full path" ;; esac

# What install.sh makes, and nothing else: virtual environments below releases/, and bin, a link into one of them.
is_release() { [ ! -L "$1" ] && [ -f "$1/pyvenv.cfg" ] && [ -x "$1/bin/watcher" ] && [ -e "$1/complete" ]; }
is_ours() { [ -L "$prefix/bin" ] && case $(readlink "$prefix/bin") in "$prefix"/releases/*/bin) ;; *) false ;; esac; }
[ ! -e "$prefix" ] || is_ours ||
  fail "--prefix $prefix: the watcher was not installed there ($prefix/bin is not a link to a release); nothing was removed"

units=/etc/systemd/system
for file in "$units/watcher.service" "$units/watcher@.service" /usr/local/bin/watcherctl; do
  { [ ! -e "$file" ] && [ ! -L "$file" ]; } || grep -qs '^Description=Liveness watcher\|/bin/watcher "[$]@"$' "$file" ||
    fail "$file belongs to something else; nothing was removed"
done
if [ -d /run/systemd/system ]; then
  systemctl stop watcher.service 'watcher@*.service' 2>/dev/null || true
  systemctl disable --quiet watcher.service 2>/dev/null || true
fi
find "$units" -type l -name 'watcher@*.service' -delete
rm -f "$units/watcher.service" "$units/watcher@.service"
for unit in watcher.service watcher@.service; do
  rm -f "$units/$unit.d/notify-reload.conf"
  rmdir "$units/$unit.d" 2>/dev/null || true  # what `systemctl edit` made is the operator's
done
rm -f /usr/local/bin/watcherctl
share=/usr/local/share
rm -f "$share/bash-completion/completions/watcherctl"
[ ! -d "$share" ] || find "$share" -type l -lname "$prefix/bin/../share/*" -delete
if [ -e "$prefix" ]; then
  for release in "$prefix"/releases/*; do
    if is_release "$release"; then rm -rf "$release"; fi
  done
  rm -f "$prefix/bin"
  for folder in "$prefix/releases" "$prefix"; do
    [ ! -d "$folder" ] || rmdir "$folder" 2>/dev/null || echo "left: $folder, where there is something else"
  done
fi
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload
  systemctl reset-failed watcher.service 'watcher@*.service' 2>/dev/null || true
fi

if [ "$purge" = yes ]; then
  rm -rf /etc/watcher /var/lib/watcher /var/lib/watcher-* /var/lib/private/watcher /var/lib/private/watcher-*
  rm -f /etc/credstore/watcher.* /etc/credstore/watcher-*.*
  echo "uninstalled, with state, settings and credentials"
else
  echo "uninstalled; left: /etc/watcher, /etc/credstore/watcher*, /var/lib/private/watcher* (--purge removes them)"
fi
