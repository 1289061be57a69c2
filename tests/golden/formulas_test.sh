#!/bin/sh
# Fails with a diff when docs/formulas.md is not what the program says: formulas_test.sh PROGRAM PAGE
program=$1
page=$2
marker='<!-- generated from here on -->'
shown=$TEST_TMPDIR/shown
now=$TEST_TMPDIR/now
"$program" explain all --format markdown >"$now" || {
  echo "'commplan explain all --format markdown' failed; mend that first" >&2
  exit 1
}
grep -q -x -e "$marker" "$page" || {
  echo "$page has no line '$marker'. Run tools/generate_docs, which writes the page." >&2
  exit 1
}
# The marker is followed by an empty line.
sed -e "1,/^$marker\$/d" "$page" | sed -e 1d >"$shown"
diff -u --label docs/formulas.md "$shown" --label 'what the program says' "$now" || {
  echo 'docs/formulas.md differs from the formula cards. Run tools/generate_docs, look at the change, and commit it.' >&2
  exit 1
}
