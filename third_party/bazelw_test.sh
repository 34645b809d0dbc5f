#!/bin/bash
# Tests bazelw with stand-ins for dpkg-query, apt-get, sudo and bazel.
set -u
bazelw="$PWD/$1"
install_packages="$PWD/$2"
cd "$TEST_TMPDIR"
failures=0
check() { # WHAT CONDITION...
  local what="$1"
  shift
  if ! "$@"; then
    echo "FAILED: $what" >&2
    cat log stderr >&2
    failures=$((failures + 1))
  fi
}

# A tree with a space in its name, and its own list of two packages.
mkdir -p "a tree/third_party" bin "elsewhere"
cp "$bazelw" "a tree/bazelw"
cp "$install_packages" "a tree/third_party/install_packages"
printf '# comment\n\nbazel-bootstrap\nlibnew-dev  # why\n' >"a tree/third_party/packages.txt"
stub() { # NAME BODY
  printf '#!/bin/bash\n%s\n' "$2" >"bin/$1"
  chmod +x "bin/$1"
}
stub bazel 'echo "bazel" "$#" "$@" >>"$LOG"; exit "${BAZEL_RC:-0}"'
stub apt-get 'echo "apt-get" "$@" >>"$LOG"; exit "${APT_RC:-0}"'
stub sudo 'echo "sudo" >>"$LOG"; exec "$@"'
stub dpkg-query 'for p in $INSTALLED; do echo "ii  $p"; done'
export LOG="$PWD/log"

run() { # DIRECTORY PROGRAM ARGUMENTS...
  : >log
  (cd "$1" && shift && PATH="$OLDPWD/bin:/usr/bin:/bin" "$@") >stdout 2>stderr
}
root="a tree/bazelw"

export INSTALLED="bazel-bootstrap libnew-dev"
BAZEL_RC=7 run . "./$root" test "//a b:c" ""
check "exit code is Bazel's" [ $? == 7 ]
check "every argument arrives" grep -qx "bazel 3 test //a b:c " log
check "nothing is installed" bash -c '! grep -q apt-get log'
check "nothing is said" [ ! -s stderr ]

export INSTALLED="bazel-bootstrap"
run elsewhere "../$root" build
check "what is missing is installed, and only that" grep -q "apt-get install .*libnew-dev" log
check "what is there is not installed" bash -c '! grep "apt-get install" log | grep -q bazel-bootstrap'
check "comments are no packages" bash -c '! grep -q why log'
check "it says what it does" grep -q "installing with apt-get: libnew-dev" stderr
check "stdout is Bazel's" [ ! -s stdout ]
if ((EUID != 0)); then
  check "a user's installation goes through sudo" grep -q sudo log
else
  check "root needs no sudo" bash -c '! grep -q sudo log'
fi

APT_RC=100 run . "./$root" build
check "a failed installation is an error" [ $? == 1 ]
check "Bazel is then not run" bash -c '! grep -q ^bazel log'
check "the packages are named" grep -q "could not install: libnew-dev" stderr

ln -s "$PWD/a tree/bazelw" link
export INSTALLED="bazel-bootstrap libnew-dev"
run . ./link version
check "it works through a link" grep -qx "bazel 1 version" log

exit $((failures > 0))
