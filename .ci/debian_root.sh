# shellcheck shell=bash
# A Debian in a folder, for checks against programs that this machine's Debian does not have. A script in .ci reads this file,
# with `script`, its name, and `usage`, a function; then it calls in_debian with its arguments. Afterwards it is in the workspace's
# root, and there are:
#
#   $root       the folder; a temporary one is removed when the script ends
#   $mirror     the archive
#   $log        a file for output that is shown if something fails, removed in the end
#   in_root     runs a command there
#   start       starts one there that goes on; $started is its process. The script ends it.
left_out() { # WHY
  echo "$script: left out: $1" >&2
  exit 0
}

# Where this machine's packages come from. Empty if it has none of Debian's.
debian_mirror() {
  echo "${PLATFORM_MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 'Origin: Debian' 2>/dev/null | grep -v security | head -n 1)}"
}

# Installs a Debian, unless there is one. debootstrap removes its own folder in the end.
make_debian() { # DISTRIBUTION FOLDER MIRROR PACKAGES LOG
  [[ ! -e "$2/etc/debian_version" || -e "$2/debootstrap" ]] || return 0
  # The script is the same for all; debootstrap has one by the names that it knows.
  local script="/usr/share/debootstrap/scripts/$1"
  [[ -e "$script" ]] || script=/usr/share/debootstrap/scripts/sid
  debootstrap --variant=minbase --include="$4" "$1" "$2" "$3" "$script" >"$5" 2>&1 || return 1
  # An archive that is a snapshot has lists that are out of date.
  echo 'Acquire::Check-Valid-Until "false";' >"$2/etc/apt/apt.conf.d/90snapshot"
}

environment=(/usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8)
in_root() { chroot "$root" "${environment[@]}" "$@" </dev/null; }
# The program itself, and no shell that waits for it, is what $started is.
start() { # LOG COMMAND...
  (exec chroot "$root" "${environment[@]}" "${@:2}" >"$1" 2>&1 </dev/null) &
  started=$!
}

# What the command line has to be, and a Debian testing with these packages.
in_debian() { # PACKAGES ARGUMENT...
  local packages="$1"
  shift
  root=""
  while (($# > 0)); do
    case "$1" in
      --help)
        usage
        exit 0
        ;;
      --root)
        (($# > 1)) || { echo "$script: --root needs a value; see .ci/$script --help" >&2; exit 2; }
        root="$2"
        shift
        ;;
      *)
        echo "$script: there is no flag $1; see .ci/$script --help" >&2
        exit 2
        ;;
    esac
    shift
  done
  cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 2
  ((EUID == 0)) || left_out "only root can make a machine"
  command -v debootstrap >/dev/null || left_out "debootstrap is not installed"
  mirror=$(debian_mirror)
  [[ -n "$mirror" ]] || left_out "this machine installs from no archive of Debian's; name one in PLATFORM_MIRROR"
  temporary=""
  log="$(mktemp)" || exit 2
  trap end_debian EXIT
  if [[ -z "$root" ]]; then
    temporary="$(mktemp --directory "/var/tmp/$script.XXXXXX")" || exit 2
    root="$temporary"
  fi
  make_debian testing "$root" "$mirror" ca-certificates "$log" ||
    { tail "$log" >&2 && left_out "there is no Debian testing in $mirror"; }
  cp /etc/resolv.conf "$root/etc/resolv.conf"
  { cat /etc/hosts && echo "127.0.1.1 $(uname --nodename)"; } >"$root/etc/hosts"
  # No package starts a service there.
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d" && chmod +x "$root/usr/sbin/policy-rc.d"
  # shellcheck disable=SC2086
  in_root dpkg-query --show $packages >"$log" 2>&1 ||
    in_root sh -c "apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends $packages" >"$log" 2>&1 ||
    { tail "$log" >&2 && left_out "${packages// /, } cannot be installed from $mirror"; }
}
end_debian() {
  [[ -z "$temporary" ]] || rm --recursive --force --one-file-system "$temporary"
  rm --force "$log"
}

free_port() { # tcp|udp
  python3 -c 'import socket, sys
s = socket.socket(type=socket.SOCK_DGRAM if sys.argv[1] == "udp" else socket.SOCK_STREAM)
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])' "$1"
}

# Waits until a command succeeds: for two minutes, or for as long as a process is there.
wait_until() { # PROCESS COMMAND...
  local end=$((SECONDS + 120))
  while ((SECONDS < end)); do
    "${@:2}" && return 0
    kill -0 "$1" 2>/dev/null || break
    sleep 0.2
  done
  "${@:2}"
}
