#!/bin/bash
# std::filesystem is used in its error_code forms only: the others throw, for a folder without permission or a long name, and
# what nobody catches ends the program. Which forms a program uses is seen in the symbols that it takes from the C++ library.
#
#   filesystem_test.sh A_PROGRAM_IT_REJECTS PROGRAM...
set -u
throwing() { # PROGRAM
  nm --dynamic --demangle --undefined-only "$1" | sed 's/__cxx11:://g' | grep -v error_code |
    grep -oE 'std::filesystem::([a-z_]+(\[abi:cxx11\])?\(|directory_iterator::operator\+\+|recursive_directory_iterator::(operator\+\+|pop\()).*'
}
rejected="$1"
shift
failures=0
[[ $(throwing "$rejected" | wc -l) == 3 ]] || { echo "the check does not find what $rejected uses"; failures=1; }
(($# > 0)) || { echo "no program to look at"; failures=1; }
for program in "$@"; do
  if found=$(throwing "$program"); then
    echo "$program throws where it has to take a std::error_code:"
    sed 's/^/  /' <<<"$found"
    failures=1
  fi
done
exit "$failures"
