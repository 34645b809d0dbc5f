# shellcheck shell=bash
# What every program gets from command/, tried with one.

# Command line.
expect 2 "no command is given; see example --help"
expect 2 "there is no command 'sing'" sing
expect 2 "there is no command 'sing'" help sing
expect 2 "there is no command 'shw'; is 'show' meant?" shw
expect 2 "there is no command 'coppy'; is 'copy' meant?" help coppy
expect 2 "an argument is empty; is it a variable that is not set?" show ''
expect 2 "an argument is empty; is it a variable that is not set?" ''
expect 0 "Commands:" help
expect 0 "  --output TEXT" help
expect 0 "  --max_bytes N" help
expect 0 "  --duration DURATION" help
expect 0 "Commands:" help copy
expect 0 "Commands:" copy --help
expect 0 "example: help" show help
expect 0 "example: --help" show -- --help
expect 2 "copy takes one argument" copy
expect 2 "copy takes one argument" copy a b
expect 2 "throw takes no argument" throw x
expect 2 "--duration has no meaning for copy" copy a --duration 1s
expect 2 "there is no flag --ouput; is --output meant?" copy a --ouput b
expect 2 "there is no flag --flagfile" show --flagfile=x
expect 2 "--output needs a value" copy a --output
expect 2 "--output needs a value" copy a --output --fail
expect 2 "--output needs a value" copy a --output -- b
expect 2 "--duration cannot be 'soon': it has to be a duration with its unit, such as 20s or 1m30s" wait --duration soon
expect 2 "--duration cannot be '20': it has to be a duration with its unit" wait --duration 20
expect 2 "--fail cannot be 'perhaps': it has to be true or false" copy a --fail=perhaps
expect 1 "shown" show

# Text of others.
expect 0 'example: a\x1b[31m\u009bb' show "$(printf 'a\033[31m\302\233b')"
expect 0 'example: a\xffb' show "$(printf 'a\377b')"
expect 2 'there is no flag --\x1b[2J' "$(printf -- '--\033[2J')"

# Standard streams.
expect_full_disk show x
expect_closed_pipe yes
(trap '' PIPE; failures=0; expect_closed_pipe yes; exit "$failures") || fail "SIGPIPE ignored by the parent"
"$program" descriptor >out 2>err <&- || fail "closed standard input"
grep -q "descriptor 3" err || fail "a file takes the number of standard input"
expect 2 "internal error: thrown" throw

# Progress.
expect 0 "example: at work for 2 s, waiting" wait --duration 2500ms
expect 0 "" wait --duration 0s
[[ ! -s err ]] || fail "progress before two seconds"

# Output: what must not be touched.
echo '{"a":1}' >in.json
mkdir -p x
expect 0 "" copy in.json --output out.json
cmp -s in.json out.json || fail "out.json is not in.json"
for named in --nonamed --named; do
  expect_unchanged in.json 2 "it is the same file as in.json" copy in.json --output in.json $named
  expect_unchanged in.json 2 "it is the same file as standard input" copy - --output in.json $named <in.json
  ln -sf in.json link
  expect_unchanged in.json 2 "it is the same file as in.json" copy in.json --output link $named
  ln -f in.json hard
  expect_unchanged in.json 2 "it is the same file as in.json" copy in.json --output hard $named
  expect_unchanged in.json 2 "it is the same file as in.json" copy in.json --output ./x/../in.json $named
  rm -f hard link
  for ending in "" -wal -shm -journal; do
    expect 2 "it is the same file as b.db$ending, which is needed" copy in.json --output "b.db$ending" --db b.db $named
    [[ ! -e b.db$ending ]] || fail "makes b.db$ending"
  done
  ln -sf b.db to_db
  expect 2 "it is the same file as b.db" copy in.json --output to_db --db b.db $named
  printf 'RIFF....WAVE' >a.wav
  expect_unchanged a.wav 2 "it is there already and is not an SVG file" copy in.json --output a.wav --kind svg $named
  expect_unchanged out.json 2 "asked to fail" copy in.json --output out.json --fail $named
  expect_unchanged out.json 2 "cannot read missing" copy missing --output out.json $named
  expect_unchanged out.json 2 "it is there already" copy in.json --output out.json --keep_existing $named
  mkdir -p folder
  expect 2 "it is a folder" copy in.json --output folder $named
  expect 2 "there is no folder no/such/" copy in.json --output no/such/file $named
  expect 2 "File name too long" copy in.json --output "$(printf 'n%.0s' {1..300})" $named
  ln -sf loop_b loop_a
  ln -sf loop_a loop_b
  expect 2 "Too many levels of symbolic links" copy in.json --output loop_a $named
  expect_tidy folder
done
expect 2 "--output is empty" copy in.json --output=
expect 2 "--output is empty" copy in.json --output " "
(exec 1<>b.kept; "$program" copy in.json --output - --db b.kept 2>err) && fail "standard output is the database"
grep -q "it is the same file as b.kept" err || fail "standard output that is the database: not said"
[[ ! -s b.kept ]] || fail "standard output that is the database was written"
cp in.json both_ways
"$program" copy both_ways --output copied >>both_ways 2>err && fail "standard output is what is read"
grep -q "cannot read both_ways: it is standard output, too; send that to another file" err || fail "standard output that is read: not said"
echo real >real.db
ln -sf real.db to_real
expect 2 "real.db-wal, which is needed" copy in.json --output real.db-wal --db to_real
: >new.db-wal
expect 2 "left by another database of that name" copy sqlite.kind --output new.db --kind sqlite --named
[[ ! -e new.db ]] || fail "a database beside another's log"
head -c 100000 /dev/zero | tr "\0" x >long
# Not under --config=tsan, whose runtime keeps its own memory in a file and dies of the limit.
if [[ -z "${TSAN_OPTIONS:-}" ]]; then
  (ulimit -f 20; "$program" copy long --output limited --kind text) >out 2>err
  [[ $? == 2 ]] || fail "a limit of file sizes is no error"
  grep -q "File too large" err || fail "a limit of file sizes is not said"
  [[ ! -e limited ]] || fail "a file cut by a limit"
fi

# Kinds that are told apart.
printf 'RIFF....WAVE' >wav.kind
printf '<?xml version="1.0"?>\n<svg/>' >svg.kind
printf '0.5\t1.0\tspeech\n' >labels.kind
printf 'SQLite format 3\0more' >sqlite.kind
printf 'int main() {}\n' >text.kind
printf ' [1]' >json.kind
# A page may have pictures within.
printf '<!-- made by -->\n<!doctype HTML>\n<svg/>' >html.kind
for is in wav svg html labels sqlite text json; do
  for asked in wav svg html labels sqlite text json; do
    cp "$is.kind" target
    if [[ $is == "$asked" ]]; then
      expect 0 "" copy in.json --output target --kind "$asked"
      cmp -s in.json target || fail "$asked over $is: not written"
    else
      expect_unchanged target 2 "it is there already and is not" copy in.json --output target --kind "$asked"
    fi
  done
done
: >empty
expect 0 "" copy in.json --output empty --kind wav

# What is written where it is.
expect 0 '{"a":1}' copy in.json --output -
expect 0 '{"a":1}' copy in.json --output /dev/stdout
expect 0 "" copy in.json --output /dev/null
[[ -c /dev/null ]] || fail "/dev/null was replaced"
expect 2 "No space left on device" copy in.json --output /dev/full
{ echo before; "$program" copy in.json --output /dev/stdout; echo after; } >both 2>err
[[ "$(tr '\n' ' ' <both)" == 'before {"a":1} after ' ]] || fail "/dev/stdout of a file: $(cat both)"
mkfifo fifo
cat fifo >from_fifo &
expect 0 "" copy in.json --output fifo
wait $!
[[ -p fifo ]] || fail "the FIFO was replaced"
cmp -s in.json from_fifo || fail "nothing went through the FIFO"
expect 2 "this can only be written to a file" copy in.json --output /dev/null --named

# Links, mode, and files of others.
echo '[]' >target.json
chmod 640 target.json
ln -sf target.json to_target
echo precious >target.json.tmp
for named in --nonamed --named; do
  echo '[]' >target.json
  expect 0 "" copy in.json --output to_target $named
  [[ -L to_target ]] || fail "the link was replaced"
  cmp -s in.json target.json || fail "the link's target was not written"
  [[ $(stat -c %a target.json) == 640 ]] || fail "mode is $(stat -c %a target.json)"
done
[[ $(cat target.json.tmp) == precious ]] || fail "target.json.tmp was touched"
ln -sf made_later dangling
expect 0 "" copy in.json --output dangling
[[ -L dangling && -f made_later ]] || fail "a link to nothing yet"
(umask 027; "$program" copy in.json --output by_umask) || fail "umask"
[[ $(stat -c %a by_umask) == 640 ]] || fail "umask 027 makes $(stat -c %a by_umask)"
mkdir elsewhere
(cd elsewhere && BUILD_WORKING_DIRECTORY="$TEST_TMPDIR" "$program" copy in.json --output below_run) || fail "below bazel run"
[[ -f below_run ]] || fail "below bazel run, the output is elsewhere"
expect 0 "" copy - --output from_stdin <in.json
cmp -s in.json from_stdin || fail "standard input"
expect 2 "it has more than 4 bytes, which is the limit" copy in.json --output big --max_bytes 4
expect 2 "it has more than 1048576 bytes" copy /dev/zero --output big
expect 2 "it is a folder" copy folder --output big
[[ ! -e big ]] || fail "a file that was not complete"
