#!/bin/bash
# Runs a program as its users do: first what every program has to do, then the cases of one program.
#
#   program_test.sh PROGRAM CASES [NAME]
#
# NAME is what the program calls itself, if that is not its file's name. CASES is a shell script that this one reads, in an empty
# folder. It calls the functions below; each failure is printed with what the program wrote. $program is the program, and
# $runfiles the folder that data is found in.
set -u
runfiles="$PWD"
program="$PWD/$1"
cases="$PWD/$2"
program_name="${3:-${program##*/}}"
cd "$TEST_TMPDIR" || exit 2
# A program that reads standard input by mistake finds it empty, and does not wait.
exec </dev/null
failures=0

fail() { # WHAT
  echo "FAILED: $1" >&2
  head -c 4000 out err >&2
  failures=$((failures + 1))
}

# What a terminal would obey must not be printed: control characters but newline and tab, also U+0080 to U+009F.
expect_harmless() { # WHAT
  if LC_ALL=C grep -qaP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]' out err; then
    fail "$1: prints what a terminal obeys"
  fi
}

# Runs the program, and expects an exit code and a text in what it prints, "" for any. Standard input is that of the call.
expect() { # EXIT_CODE TEXT ARGUMENTS...
  local code="$1" text="$2" got
  shift 2
  "$program" "$@" >out 2>err
  got=$?
  [[ $got == "$code" ]] || fail "$*: exit code $got, expected $code"
  [[ -z "$text" ]] || cat out err | grep -qF -- "$text" || fail "$*: no '$text'"
  expect_harmless "$*"
}

# Starts a server of a test's: a program of Python that prints its URL, which is $url then. One at a time.
start_server() { # FILE
  rm -f server_url
  mkfifo server_url
  python3 "$1" >server_url &
  server=$!
  read -r url <server_url
}
stop_server() {
  kill "$server"
  wait "$server" 2>/dev/null
}

# As expect does, and afterwards a file is, byte by byte and in mode and kind, what it was.
expect_unchanged() { # FILE EXIT_CODE TEXT ARGUMENTS...
  local file="$1" before
  shift
  before=$(state_of "$file")
  expect "$@"
  [[ "$(state_of "$file")" == "$before" ]] || fail "${*:3}: changes $file"
}
state_of() { # FILE
  stat --format='%F %a %h' "$1" 2>&1
  if [[ -f "$1" ]]; then sha256sum "$1"; fi
}

# Nothing is left of temporary files in a folder.
expect_tidy() { # FOLDER
  local left
  left=$(find "$1" -maxdepth 1 -name '.output-*')
  [[ -z "$left" ]] || fail "leaves $left"
}

# Standard output that cannot be written is an error.
expect_full_disk() { # ARGUMENTS...
  "$program" "$@" >/dev/full 2>err
  local got=$?
  : >out
  [[ $got == 2 ]] || fail "$* >/dev/full: exit code $got, expected 2"
  grep -q "cannot write standard output" err || fail "$* >/dev/full: does not say so"
}

# A reader who has gone is no error, and ends the program.
expect_closed_pipe() { # ARGUMENTS...
  timeout 60 "$program" "$@" 2>err | true
  local got=${PIPESTATUS[0]}
  : >out
  [[ $got == 0 || $got == 141 ]] || fail "$* | true: exit code $got"
  [[ ! -s err ]] || fail "$* | true: prints an error"
}

expect 0 "  0  it was done" --help
expect 0 "  2  it could not be done, or the command line is wrong" -h
expect 2 "there is no flag --frobnicate" --frobnicate
expect 2 "see $program_name --help" --frobnicate=1
expect_full_disk --help
expect_closed_pipe --help
"$program" --help >&- 2>err
got=$?
: >out
[[ $got == 2 ]] || fail "--help >&-: exit code $got, expected 2"

# shellcheck disable=SC1090
source "$cases"
expect_tidy .
((failures == 0)) && echo "passed"
exit $((failures > 0))
