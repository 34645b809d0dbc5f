#!/bin/sh
# Counts the words of a file.
words=$(wc -w <"$1")
echo "words: $words words"
