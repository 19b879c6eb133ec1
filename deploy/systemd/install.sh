#!/bin/sh
# Installs or upgrades the watcher as a systemd service. Running it again is an upgrade, or changes nothing.
# Each run makes a new virtual environment and then switches over: a failed one leaves what was there at work.
set -eu
umask 022

usage() {
  cat <<'USAGE'
usage: install.sh [--prefix DIR] [--wheel FILE] [--python PYTHON]
  --prefix DIR      where the program goes (default: /opt/liveness-watcher)
  --wheel FILE      install this wheel instead of the source tree that this script lies in
  --python PYTHON   Python >= 3.11 with venv (default: python3)
USAGE
}

fail() { echo "install.sh: $*" >&2; exit 1; }

prefix=/opt/liveness-watcher wheel='' python=python3
while [ $# -gt 0 ]; do
  case $1 in
    --prefix) prefix=${2:?--prefix needs a folder}; shift 2 ;;
    --wheel) wheel=${2:?--wheel needs a file}; shift 2 ;;
    --python) python=${2:?--python needs a command}; shift 2 ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 64 ;;
  esac
done

while case $prefix in ?*/) true ;; *) false ;; esac; do prefix=${prefix%/}; done
case $prefix in
  *//* | */./* | */. | */../* | */..) fail "--prefix $prefix: write the path without // . and .." ;;
  / | /usr | /usr/local | /opt | /etc | /var | /srv | /run | /tmp | /home | /root | /bin | /sbin | /lib | /lib64 | /boot | /dev)
    fail "--prefix $prefix: belongs to the system; take a folder of its own, such as /opt/liveness-watcher" ;;
  /home/* | /root/* | /run/user/*) fail "--prefix $prefix: the service sees no home folders; take one under /opt" ;;
  /*[!A-Za-z0-9._/-]*) fail "--prefix $prefix: letters, digits and ._-/ only, for the unit files" ;;
  /*) ;;
  *) fail "--prefix $prefix: has to be a full path" ;;
esac
[ "$(id -u)" = 0 ] || fail "needs root: sudo $0"
"$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
  fail "$python is no Python >= 3.11 with venv (Debian, Ubuntu: apt install python3-venv); see --python"
systemd=$(systemctl --version 2>/dev/null | sed -n '1s/[^0-9]*\([0-9]*\).*/\1/p')
[ "${systemd:-0}" -ge 251 ] || fail "needs systemd 251 or later (found: ${systemd:-none})"

here=$(cd "$(dirname "$0")" && pwd)
source=$(cd "$here/../.." && pwd)

# The same rule as in uninstall.sh: bin is a link into one of the releases, or it is somebody else's.
is_ours() { [ -L "$prefix/bin" ] && case $(readlink "$prefix/bin") in "$prefix"/releases/*/bin) ;; *) false ;; esac; }
{ [ ! -e "$prefix/bin" ] && [ ! -L "$prefix/bin" ]; } || is_ours ||
  fail "--prefix $prefix: $prefix/bin belongs to something else; take a folder that is not there yet"
units=/etc/systemd/system
# Likewise in uninstall.sh: a unit of another program, or another watcherctl, is left alone.
for file in "$units/watcher.service" "$units/watcher@.service" /usr/local/bin/watcherctl; do
  { [ ! -e "$file" ] && [ ! -L "$file" ]; } || grep -qs '^Description=Liveness watcher\|/bin/watcher "[$]@"$' "$file" ||
    fail "$file belongs to something else, or is masked; move it away, or unmask it"
done

# Root runs, and installs a service from, what is in these folders: nobody else may put anything there.
for way in "$prefix/releases" "$(realpath -m "$prefix/releases")"; do
  fine=''
  while :; do
    if [ -e "$way" ] || [ -L "$way" ]; then
      # shellcheck disable=SC2086 # several words
      [ -z "$(find "$way" -maxdepth 0 \( ! -user 0 -o ! -type l -perm /022 $fine \))" ] ||
        fail "--prefix $prefix: others can write $way: make it root's (chown root, chmod go-w), or take another folder"
      fine='! -perm -1000'  # in a sticky folder nobody can replace what is there already
    fi
    [ "$way" != / ] || break
    way=$(dirname "$way")
  done
done

mkdir -p "$prefix/releases"
release=$(mktemp -d "$prefix/releases/$(date -u +%Y%m%dT%H%M%S).XXXX")
trap '[ -e "$release/complete" ] || rm -rf "$release"' EXIT
chmod 755 "$release"
echo "installing to $release"
"$python" -m venv "$release"
pip() { env=$1; shift; "$env/bin/python" -m pip --disable-pip-version-check --quiet "$@"; }
pip "$release" install --require-hashes -r "$source/deploy/docker/requirements.lock"
if [ -z "$wheel" ]; then
  # What builds it runs as root here, so it is pinned too; it stays in an environment of its own, and goes again.
  "$python" -m venv "$release/build"
  pip "$release/build" install --require-hashes -r "$source/deploy/docker/build.lock"
  pip "$release/build" wheel --no-build-isolation --no-deps --no-index -w "$release/build" "$source"
  wheel=$(echo "$release"/build/*.whl)
fi
pip "$release" install --no-deps --no-index "$wheel"
rm -rf "$release/build"
version=$("$release/bin/watcher" --version)
touch "$release/complete"

ln -sfn "$release/bin" "$prefix/bin.new"
mv -T "$prefix/bin.new" "$prefix/bin"

unit_file() { sed "s|/opt/liveness-watcher|$prefix|g" "$here/$1" > "$2.new" && mv "$2.new" "$2"; }
for unit in watcher.service watcher@.service; do
  unit_file "$unit" "$units/$unit"
  if [ "$systemd" -ge 253 ]; then
    mkdir -p "$units/$unit.d"
    unit_file watcher.service.d/notify-reload.conf "$units/$unit.d/notify-reload.conf"
  fi
done
mkdir -p /usr/local/bin
unit_file watcherctl /usr/local/bin/watcherctl
chmod 755 /usr/local/bin/watcherctl

# The manual and the completions, as links into the release in use. What another program has put there stays.
share=/usr/local/share
mkdir -p "$share/bash-completion/completions"
find "$share" -type l -lname "$prefix/bin/../share/*" -delete
(cd "$release/share" && find . -type f -name '*watcher*') | while read -r file; do
  mkdir -p "$share/$(dirname "$file")"
  [ -e "$share/$file" ] || ln -sf "$prefix/bin/../share/${file#./}" "$share/$file"
done
sed -e 's/_watcher_completion/_watcherctl_completion/g' -e 's/_completion watcher$/_completion watcherctl/' \
  -e "s|bash_complete [$]1|bash_complete $prefix/bin/watcher|" "$release/share/bash-completion/completions/watcher" \
  > "$share/bash-completion/completions/watcherctl"

mkdir -p /etc/watcher
[ -e /etc/watcher/watcher.toml ] || cp "$source/config/watcher.toml" /etc/watcher/watcher.toml
install -d -m 700 /etc/credstore

# The one before stays for the way back. What this script did not make is not its to remove.
find "$prefix/releases" -mindepth 2 -maxdepth 2 -name complete | sort -r | tail -n +3 |
  while read -r mark; do rm -rf "$(dirname "$mark")"; done

if [ -d /run/systemd/system ]; then
  systemctl daemon-reload
  systemctl try-restart watcher.service 'watcher@*.service'
fi
echo "installed $version"
echo "settings: /etc/watcher/watcher.toml; then: systemctl enable --now watcher"
