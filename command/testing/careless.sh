#!/bin/bash
# A program that breaks each rule of program_test.sh, for harness_test.
trap '' PIPE
case "$1" in
  # No exit codes, something that a terminal obeys, and more than a pipe holds; whether it could be written is nobody's concern.
  --help | -h) printf 'careless: \033[31m%*s\n' 200000 help ;;
  change)
    echo "changed" >>"$2"
    echo "left behind" >.output-careless
    ;;
  *) exit 1 ;;
esac
exit 0
