#!/bin/bash
# The tables of this folder are in order, and made-up ones are compared as by hand: labelled_by_hand_test.sh PROGRAM
set -u
program="$PWD/$1"
failures=0
fail() {
  echo "FAILED: $*" >&2
  failures=$((failures + 1))
}
cd "$TEST_TMPDIR" || exit 2

python3 "$program" agreement >got || fail "the tables of this folder are refused"
# What README.md says of them.
for line in "111 clips, 60838 frames of 10 ms" "Equal frames: 99.26 %, 448 are disputed" "Cohen's kappa: 0.979"; do
  grep -qxF -- "$line" got || fail "no line '$line' in: $(<got)"
done

tables() { # PASS_A PASS_B
  mkdir -p tables
  printf 'one\tchoosing\talsa/a.wav\n' >tables/recordings.tsv
  printf '# A comment.\none-00\tone\t0.00\t0.50\none-01\tone\t0.50\t1.00\n' >tables/clips.tsv
  printf "$1" >tables/pass_a.tsv
  printf "$2" >tables/pass_b.tsv
}
# 20 of 100 frames are speech for both, 10 for A alone, 10 for B alone: 80 % are equal, and .3 * .3 + .7 * .7 = .58 by chance.
# B begins 100 ms later and ends so much later; A's clip of none has no border.
tables 'one-00\t0.10\t0.40\none-01\tnone\n' 'one-00\t0.20\t0.50\none-01\tnone\n'
python3 "$program" --tables tables agreement >got || fail "made-up tables are refused"
diff - got <<'EOF' || fail "made-up tables are compared otherwise"
2 clips, 100 frames of 10 ms
Speech: 30.0 % of pass A, 30.0 % of pass B
Equal frames: 80.00 %, 20 are disputed
Cohen's kappa: 0.524

Borders of pass B less those of pass A, within a clip:
        ms  begins    ends
       100       1       0
      alone      0       1
EOF

refuses() { # WORDS PASS_A [PASS_B]
  tables "$2" "${3:-one-00\tnone\none-01\tnone\n}"
  if python3 "$program" --tables tables agreement >got 2>&1; then fail "not refused: $1"; fi
  grep -qF -- "$1" got || fail "does not say '$1' but: $(<got)"
}
refuses "pass_a.tsv:1: there is no clip 'two-00'" 'two-00\tnone\n'
refuses "pass_a.tsv: says nothing of 'one-01'" 'one-00\tnone\n'
refuses "pass_b.tsv: says nothing of 'one-00'" 'one-00\tnone\none-01\tnone\n' '# Nothing.\n'
refuses "pass_a.tsv:2: begins before the label before it has ended" 'one-00\t0.10\t0.20\none-00\t0.20\t0.30\n'
refuses "pass_a.tsv:1: ends before it begins, or after its clip" 'one-00\t0.10\t0.51\n'
refuses "pass_a.tsv:1: ends before it begins, or after its clip" 'one-00\t0.10\t0.10\n'
refuses "pass_a.tsv:1: '0.1' is not in seconds with two decimals" 'one-00\t0.1\t0.20\n'
refuses "pass_a.tsv:1: has 2 fields instead of 3" 'one-00\t0.10\n'
refuses "pass_a.tsv:2: 'one-00' has labels already" 'one-00\t0.10\t0.20\none-00\tnone\n'
refuses "pass_a.tsv:2: 'one-00' was said to have no speech" 'one-00\tnone\none-00\t0.10\t0.20\n'

exit $((failures > 0))
