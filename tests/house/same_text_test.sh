#!/bin/sh
# Fails with a diff when two files differ: same_text_test.sh EXPECTED ACTUAL ADVICE
if ! diff -u "$1" "$2"; then
  echo "$1 (expected) and $2 (found) differ. $3" >&2
  exit 1
fi
