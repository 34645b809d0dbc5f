#!/bin/sh
# Counts the words of a file with a tool of the distribution.
printf 'words: %s words\n' "$(wc -w <"$1" | tr -d ' ')"
