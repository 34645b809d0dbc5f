#!/bin/sh
# Does what its first argument says.
case "$1" in
  print) shift && printf '%s\n' "$@" ;;
  fail)
    echo "a message" >&2
    exit 3
    ;;
  kill) kill -9 $$ ;;
  # Text in an argument of a shell that this one waits for.
  memory) sh -c 'text=$(head -c 50000000 /dev/zero | tr "\0" x); test ${#text} -eq 50000000' ;;
  work)
    i=0
    while [ $i -lt 100000 ]; do i=$((i + 1)); done
    ;;
  sleep) exec sleep "$2" ;;
  flood) head -c 20000000 /dev/zero ;;
  count)
    # How often it ran, in a file.
    printf x >>"$2"
    printf 'runs: %s runs\n' "$(wc -c <"$2" | tr -d ' ')"
    ;;
esac
