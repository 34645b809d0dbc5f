#!/bin/bash
# What is compiled for AVX2 defines no symbol that the linker may take for another unit's: those would then run on
# processors without it. Arguments: the libraries of what is looked at, and those of something that has such symbols.
set -u
# Weak and unique ones, as of inline functions and templates; not those of coverage and sanitizers, nor pointers for exceptions.
shared_symbols() { # LIBRARIES
  # shellcheck disable=SC2086 # Several files.
  nm --defined-only $1 | grep -E ' [WVu] ' | grep -vE ' _*(gcov|asan|ubsan|tsan|odr_asan|DW[.]ref[.])'
}

if [[ -z "$(shared_symbols "$2")" ]]; then
  echo "the check finds no shared symbol in $2" >&2
  exit 1
fi
# shellcheck disable=SC2086 # Several files.
if ! nm --defined-only $1 | grep kAvx2VadKernels >/dev/null; then
  echo "$1 is not what it should be" >&2
  exit 1
fi
found=$(shared_symbols "$1")
if [[ -n "$found" ]]; then
  echo "$1 defines symbols that other units may define:" >&2
  c++filt <<<"$found" >&2
  exit 1
fi
