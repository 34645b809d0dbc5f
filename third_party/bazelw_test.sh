#!/bin/bash
# Tests bazelw with stand-ins for dpkg-query, apt-get, apt-cache, sudo, gcc and bazel.
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

# A tree with a space in its name, and its own list of two packages and an optional one.
mkdir -p "a tree/third_party" bin "elsewhere" home
cp "$bazelw" "a tree/bazelw"
cp "$install_packages" "a tree/third_party/install_packages"
packages() { printf '# comment\n\nbazel-bootstrap\nlibnew-dev  # why\n%s' "${1:-}" >"a tree/third_party/packages.txt"; }
packages
stub() { # NAME BODY
  printf '#!/bin/bash\n%s\n' "$2" >"bin/$1"
  chmod +x "bin/$1"
}
bazel_stub='if [[ "$*" == --version ]]; then echo "$BAZEL_VERSION"; exit; fi
echo "bazel" "$#" "$@" >>"$LOG"; echo "PERF_BAZEL is $PERF_BAZEL" >>"$LOG"
echo "BAZELW_PACKAGES is ${BAZELW_PACKAGES-}" >>"$LOG"; exit "${BAZEL_RC:-0}"'
stub bazel "$bazel_stub"
stub gcc 'echo "#define __GNUC__ ${GCC:-12}"; [[ -z "${CLANG:-}" ]] || echo "#define __clang_major__ $CLANG"; exit "${GCC_RC:-0}"'
stub apt-get 'echo "apt-get" "$@" >>"$LOG"; exit "${APT_RC:-0}"'
stub apt-cache 'for p in ${OFFERED:-}; do [[ "$2" != "$p" ]] || echo " $p | 1.0 | here"; done'
stub sudo 'echo "sudo" >>"$LOG"; exec "$@"'
stub dpkg-query 'if [[ "$*" == *"{Version}"* ]]; then echo "${PACKAGED_VERSION:-}"; exit; fi
for p in $INSTALLED; do echo "ii  $p"; done'
export LOG="$PWD/log" HOME="$PWD/home" BAZEL_VERSION="bazel 4.2.3"
unset CC BAZELW_INSTALL

run() { # DIRECTORY PROGRAM ARGUMENTS...
  : >log
  (cd "$1" && shift && PATH="$OLDPWD/bin:/usr/bin:/bin" "$@") >stdout 2>stderr
}
root="a tree/bazelw"
bazel_ran() { grep -q '^bazel ' log; }
bazel_did_not_run() { ! bazel_ran; }
says_once() { [[ "$(grep -cE "$1" stderr)" == 1 ]]; }

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
check "Bazel is then not run" bazel_did_not_run
check "the packages are named" grep -q "could not install: libnew-dev" stderr

BAZELW_INSTALL=no run . "./$root" build
check "what is missing is an error where nothing may be installed" [ $? == 1 ]
check "nothing is then installed" bash -c '! grep -q apt-get log'
check "Bazel is not run without what it needs" bazel_did_not_run
check "what is missing is said" says_once "missing, and BAZELW_INSTALL=no: libnew-dev$"

ln -s "$PWD/a tree/bazelw" link
export INSTALLED="bazel-bootstrap libnew-dev"
run . ./link version
check "it works through a link" grep -qx "bazel 1 version" log

# Packages that the build can do without.
packages "optional sounds  # //a:one_test //a:two_test"
left_out="without sounds, these are left out: //a:one_test //a:two_test$"
run . "./$root" build
check "an optional package that the distribution lacks is no failure" bazel_ran
check "what is left out is said" says_once "$left_out"
check "it is not installed" bash -c '! grep -q "apt-get install" log'
OFFERED="sounds" run . "./$root" build
check "an optional package that the distribution has is installed" grep -q "apt-get install .*sounds" log
check "nothing is left out then" bash -c '! grep -q "left out" stderr'
OFFERED="sounds" APT_RC=100 run . "./$root" build
check "an optional package that cannot be installed is no failure" bazel_ran
check "and what is left out is said" says_once "$left_out"
OFFERED="sounds" BAZELW_INSTALL=no run . "./$root" build
check "nor is one that may not be installed" bazel_ran
check "which says the same" says_once "$left_out"
check "and installs nothing" bash -c '! grep -q apt-get log'
packages "extra sounds  # //a:one_test"
OFFERED="sounds" run . "./$root" build
check "an extra package that is missing is no failure" bazel_ran
check "it is not installed" bash -c '! grep -q apt-get log'
check "nor missed" bash -c '! grep -q "left out" stderr'
check "Bazel is told that it is missing" bash -c '! grep "BAZELW_PACKAGES is.*sounds" log'
INSTALLED="$INSTALLED sounds" run . "./$root" build
check "and once it is installed, that it is there" grep -q "BAZELW_PACKAGES is .*sounds" log
packages "optional"
run . "./$root" build
check "a line that names no package is an error" [ $? == 1 ]
check "and shown" says_once "packages.txt: no package: optional$"
packages

# Which Bazel.
for version in "bazel 3.7.2" "bazel 4.1.0"; do
  BAZEL_VERSION="$version" run . "./$root" build
  check "$version is refused" [ $? == 1 ]
  check "as too old" says_once "$version is too old: the build needs Bazel 4.2 to 7"
done
BAZEL_VERSION="bazel 8.0.0" run . "./$root" build
check "Bazel 8 is refused" [ $? == 1 ]
check "as too new" says_once "bazel 8.0.0 is too new"
BAZEL_VERSION="bazel no_version" PACKAGED_VERSION="4.2.3+ds-9" run . "./$root" build
check "a Bazel that does not know its version has its package's" bazel_ran
BAZEL_VERSION="bazel no_version" run . "./$root" build
check "of one without a package, nothing is known" [ $? == 1 ]
check "which is said" says_once "does not say which Bazel it is, but 'bazel '"
mkdir without
ln -s "$(command -v readlink)" "$(command -v awk)" "$PWD/bin/dpkg-query" "$PWD/bin/gcc" without
PATH="$PWD/without" /bin/bash "a tree/bazelw" build >stdout 2>stderr
check "no Bazel is an error" [ $? == 1 ]
check "which says what to install" says_once "Install Bazel 4.2 to 7 and what .*/packages.txt names"

# Which compiler.
GCC=11 run . "./$root" build
check "a compiler that is too old is an error" [ $? == 1 ]
check "and named" says_once "gcc is GCC 11, which is too old"
CLANG=13 GCC=4 run . "./$root" build
check "so is a Clang that is too old" says_once "is Clang 13, which is too old"
CLANG=14 GCC=4 run . "./$root" build
check "what Clang pretends to be does not matter" bazel_ran
CC=none run . "./$root" build
check "a compiler that is not there is an error" says_once "the compiler none does not run"

# Where Bazel writes, and how what it runs calls it.
run . "./$root" --output_user_root=/x --bazelrc /y build //a
check "start-up options arrive" grep -qx "bazel 5 --output_user_root=/x --bazelrc /y build //a" log
check "and are handed on" grep -qx "PERF_BAZEL is bazel --output_user_root=/x --bazelrc /y" log
run . "./$root" build
check "where there are none, Bazel's name is" grep -qx "PERF_BAZEL is bazel" log
if ((EUID != 0)); then
  chmod a-w home
  run . "./$root" build
  check "a home that cannot be written is an error" [ $? == 1 ]
  check "which says what to do" says_once "bazelw --output_user_root=FOLDER"
  run . "./$root" --output_user_root=/x build
  check "unless Bazel writes elsewhere" bazel_ran
fi

exit $((failures > 0))
