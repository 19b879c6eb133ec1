#!/bin/bash
# A machine to try a systemd service on: a real systemd as PID 1, in namespaces, on an overlay of this machine's root.
# Nothing of the machine changes, and with the process all of it is gone, but for the control groups named NAME.
#
#   box.sh FOLDER NAME REPOSITORY SETUP
#
# FOLDER: an empty one, mounted over. SETUP: a script that is run inside before the boot, with this machine's network;
# it finds REPOSITORY at /src, read-only. After it the network is a loopback device only. Needs root.
set -euo pipefail
export FOLDER=$1 NAME=$2 REPOSITORY=$3 SETUP=$4
groups=/sys/fs/cgroup

# A control group of our own in every hierarchy that systemd wants; the namespace then takes it for the root.
join() {
  local own=$1
  mkdir -p "$own/$NAME"
  echo $$ > "$own/$NAME/cgroup.procs"
}
group_of() { awk -F: -v wanted="$1" '$2 == wanted { print $3 }' /proc/self/cgroup; }
if [ "$(stat -f -c %T $groups)" = cgroup2fs ]; then
  join "$groups$(group_of "")"
else
  join "$groups/unified$(group_of "")"
  join "$groups/systemd$(group_of name=systemd)"
  for controller in memory pids; do join "$groups/$controller$(group_of $controller)"; done
fi

inside() {
  set -euo pipefail
  root=$FOLDER/root
  mount --make-rprivate /
  mount -t tmpfs -o size=2g tmpfs "$FOLDER"
  mkdir "$FOLDER"/{upper,work,root}
  mount -t overlay overlay -o "lowerdir=/,upperdir=$FOLDER/upper,workdir=$FOLDER/work" "$root"
  rm -f "$root/etc/fstab"
  mkdir -p "$root/src"
  mount --bind "$REPOSITORY" "$root/src"
  mount -o remount,bind,ro "$root/src"

  mount -t proc proc "$root/proc"
  mount --bind "$root/proc/sys" "$root/proc/sys"
  mount -o remount,bind,ro "$root/proc/sys"
  mount -t sysfs -o ro sysfs "$root/sys"
  if [ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ]; then
    mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
  else
    mount -t tmpfs -o mode=755 tmpfs "$root/sys/fs/cgroup"
    mkdir "$root"/sys/fs/cgroup/{unified,systemd,memory,pids}
    mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup/unified"
    mount -t cgroup -o none,name=systemd cgroup "$root/sys/fs/cgroup/systemd"
    for controller in memory pids; do
      mount -t cgroup -o $controller cgroup "$root/sys/fs/cgroup/$controller"
    done
  fi

  mount -t tmpfs -o mode=755 tmpfs "$root/run"
  mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
  mount -t tmpfs -o mode=755 tmpfs "$root/dev"
  for device in null zero full random urandom tty; do
    touch "$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
  done
  mkdir "$root"/dev/{pts,shm}
  mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$root/dev/pts"
  mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
  ln -s pts/ptmx "$root/dev/ptmx"
  ln -s /proc/self/fd "$root/dev/fd"

  # Not what this machine starts, only what the test does.
  printf '[Unit]\nRequires=basic.target\nAfter=basic.target\nAllowIsolate=yes\n' > "$root/etc/systemd/system/box.target"
  cp "$SETUP" "$root/run/setup"
  chroot "$root" bash -euo pipefail /run/setup

  cd "$root"
  mkdir .old
  pivot_root . .old
  umount -l /.old
  mount --make-rshared /  # credentials are mounted by a helper process, and would stay there
  exec unshare --net bash -c '
    ip link set lo up
    exec env -i container=box PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --unit=box.target
  '
}
export -f inside
exec unshare --mount --pid --fork --cgroup --uts --ipc --kill-child=SIGKILL bash -c inside
