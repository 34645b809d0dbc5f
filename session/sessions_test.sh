# shellcheck shell=bash
# The command as its users type it; program_test.sh reads this.

expect 0 "Commands:" --help
"$program" --help | awk 'length > 100 { exit 1 }' || fail "the help has a line of more than 100 columns"
expect 2 "no command is given"
expect 2 "there is no command 'sing'" sing --db s.db
expect 2 "--db is missing" list
expect 2 "--db is missing" import x
expect 2 "--db is missing" check
expect 2 "--db is missing" repair x
expect 2 "show takes one argument" show --db s.db
expect 2 "--db: there is no" list --db missing.db
[[ ! -e missing.db ]] || fail "list makes a database"
expect 2 "there is no flag --frob" list --db s.db --frob
expect 2 "--keep has no meaning for list" list --db s.db --keep 3

cat >chats.jsonl <<'END'
{"type":"session","id":"talk_1","title":"Trains","created":"2024-05-06T07:08:09Z"}
{"type":"message","role":"user","content":"when does the train leave","created":"2024-05-06T07:08:10Z"}
{"type":"message","role":"assistant","content":"at nine \u001b[31m","latency_us":250000}
{"messages":[{"role":"user","content":"hello there, I need help"}],"title":"Greeting","id":"talk_2"}
END
expect 2 "cannot read missing.jsonl: No such file or directory" import missing.jsonl --db s.db
expect 2 "cannot read .: it is a folder" import . --db s.db
expect 2 "cannot read standard input: it is a folder" import - --db s.db <.
expect 2 "cannot read standard input: Bad file descriptor" import - --db s.db <&-
[[ ! -e s.db ]] || fail "an import of nothing makes a database"
# A read that fails is no end of the input.
expect 2 "cannot read standard input: Input/output error; nothing was imported" import - --db unread.db </proc/self/mem
expect 0 "Imported 2 sessions with 3 messages." import chats.jsonl --db s.db
expect 2 "line 1: there is a session 'talk_1' already" import chats.jsonl --db s.db
expect_unchanged s.db 2 "s.db is the database itself" import s.db --db s.db
expect_unchanged s.db 2 "the database itself" import ./s.db --db s.db
expect 0 "talk_1" list --db s.db
expect 0 '"title":"Trains"' list --db s.db --json
mkfifo zone
# By env, because the shell itself would open what its TZ names.
env TZ="$PWD/zone" "$program" list --db s.db >out 2>err || fail "a list with TZ=a FIFO"
[[ $(grep -c "times are in UTC" err) == 1 ]] || fail "a wrong TZ is said once"
expect 0 "There may be more; continue with --before talk_2" list --db s.db --limit 1
expect 2 "limit 0 is not between 1 and 10000" list --db s.db --limit 0
expect 2 "there is no session 'gone'" list --db s.db --before gone
expect 0 "when does the train leave" show talk_1 --db s.db
expect 0 'at nine \x1b[31m' show talk_1 --db s.db
expect 0 "There are earlier messages; continue with --before 2" show talk_1 --db s.db --limit 1
expect 2 "--before=x is not" show talk_1 --db s.db --before x
expect 1 "there is no session 'gone'" show gone --db s.db
expect 0 "the [train]" search train --db s.db
expect 0 '"session":"talk_1","snippet"' search train --db s.db --json
expect 0 "[help]" search help --db s.db
expect 1 "Nothing was found." search train --db s.db --session talk_2
expect 1 "" search nothing_of_that --db s.db --json
[[ ! -s out ]] || fail "search --json prints what is no JSON"
expect 2 "there is no session 'gone'" search train --db s.db --session gone
expect 2 "there is no word" search " " --db s.db
expect 0 "Messages                            3" stats --db s.db
expect 0 '"sessions":2' stats --db s.db --json
expect 0 "No damage was found." check --db s.db

# Exports.
expect 0 "Exported 2 sessions to all.jsonl." export --db s.db --output all.jsonl
[[ $(wc -l <all.jsonl) == 5 ]] || fail "export: $(wc -l <all.jsonl) lines"
expect 0 '"content":"hello there, I need help"' export talk_2 --db s.db
expect 2 "there is no folder no/such/" export --db s.db --output no/such/file
expect 2 "--output is empty" export --db s.db --output=
echo '{"messages":{"hello":"Hallo"}}' >translations.json
expect_unchanged translations.json 2 "it is there already and is not an export of sessions" export --db s.db --output translations.json
expect 0 "Exported 2 sessions to twice.jsonl." export --db s.db --output twice.jsonl
expect 0 "Exported 2 sessions to twice.jsonl." export --db s.db --output twice.jsonl
expect_unchanged all.jsonl 2 "there is no session 'NOSUCH'" export talk_1 NOSUCH --db s.db --output all.jsonl
[[ ! -s out ]] || fail "an export that fails prints something"
expect 2 "there is no session 'NOSUCH'" export talk_1 NOSUCH --db s.db
[[ ! -s out ]] || fail "an export that fails prints something"
for ending in "" -wal -shm -journal; do
  expect_unchanged s.db 2 "it is the same file as s.db" export --db s.db --output "s.db$ending"
  expect_unchanged s.db 2 "it is the same file as s.db" backup "s.db$ending" --db s.db
  expect_unchanged s.db 2 "it is the same file as s.db" repair "s.db$ending" --db s.db
done
ln -s s.db to_s
ln s.db hard
for name in to_s hard ./s.db; do
  expect_unchanged s.db 2 "it is the same file as s.db" export --db s.db --output "$name"
done
rm to_s hard
expect 0 "No damage was found." check --db s.db
echo precious >notes.txt
expect_unchanged notes.txt 2 "it is there already" export --db s.db --output notes.txt
expect_full_disk export --db s.db
expect_full_disk list --db s.db
expect_full_disk show talk_1 --db s.db
expect_full_disk search train --db s.db
expect_full_disk stats --db s.db
expect_full_disk check --db s.db
expect 2 "No space left on device" export --db s.db --output /dev/full
"$program" export --db s.db --output /dev/stdout >through.jsonl 2>err || fail "export to /dev/stdout"
cmp -s all.jsonl through.jsonl || fail "an export to /dev/stdout has something else in it"
expect 0 "Imported 2 sessions with 3 messages." import all.jsonl --db copy.db
expect 0 "" import - --db piped.db <all.jsonl
expect 0 "" export --db copy.db --output again.jsonl
cmp -s all.jsonl again.jsonl || fail "an import is not what was exported"

# Standard output that is the database, or what is imported.
cp s.db appended.db
for arguments in "export" "list" "show talk_1" "search train" "stats" "check" "backup b3.db" "repair r3.db" "delete gone" "prune --keep 1" "import chats.jsonl"; do
  # shellcheck disable=SC2086
  "$program" $arguments --db appended.db >>appended.db 2>err && fail "$arguments: standard output is the database"
  grep -q "cannot write standard output: it is the same file as appended.db" err || fail "$arguments: $(cat err)"
  cmp -s s.db appended.db || fail "$arguments: writes into the database"
done
cp all.jsonl appended.jsonl
for file in appended.jsonl -; do
  "$program" import "$file" --db appended2.db <appended.jsonl >>appended.jsonl 2>err && fail "import: standard output is what is imported"
  cmp -s all.jsonl appended.jsonl || fail "import: writes into what is imported"
done
[[ ! -e appended2.db ]] || fail "import: an import that is refused makes a database"

# A store gives back what it was given.
for i in 1 2 3 4; do
  echo "{\"type\":\"session\",\"id\":\"p$i\",\"updated\":\"2024-05-06T07:08:0${i}Z\",\"closed\":\"2024-05-06T07:08:00Z\",\"metadata\":{\"n\":12345678901234567890123}}"
done >four.jsonl
expect 0 "Imported 4" import four.jsonl --db four.db
expect 0 '"metadata":{"n":12345678901234567890123}' export p1 --db four.db
expect 0 '"closed":"2024-05-06T07:08:00+00:00"' export p1 --db four.db
expect 0 "" export --db four.db --output four_again.jsonl
expect 0 "Imported 4" import four_again.jsonl --db four_again.db
expect 0 "Deleted 2 sessions." prune --keep 2 --db four_again.db
expect 1 "there is no session 'p2'" show p2 --db four_again.db
expect 0 "p3" show p3 --db four_again.db
printf '%s\n' '{"type":"session","id":"fine","created":"2024-05-06T07:08:09.123456789Z","updated":"2024-05-06T07:08:09.123456Z"}' \
  '{"type":"message","role":"user","content":"x","created":"2024-05-06T07:08:09.1234567Z"}' \
  '{"messages":[{"role":"user","content":"x","created":"2024-05-06T07:08:09.0000001Z"}]}' >fine.jsonl
expect 0 "sessions: fine.jsonl: 3 times are cut to microseconds, which is what a store keeps" import fine.jsonl --db fine.db
expect 0 '"created":"2024-05-06T07:08:09.123456+00:00"' export fine --db fine.db
expect 0 "Imported 4 sessions" import four.jsonl --db fine.db
grep -q "cut to" err && fail "import: says that times are cut where none is"
head -n 1 all.jsonl | sed 's/"num_messages":[0-9]*/"num_messages":7/' >cut.jsonl
expect 0 "has 0 of 7 messages" import cut.jsonl --db cut.db

# What others said is printed harmless; a NUL cuts nothing.
printf '%s\n' '{"type":"session","id":"evil","title":"t\u001b]0;x\u0007\u009b31m\u0000after"}' \
  '{"type":"message","role":"tool","tool_call_id":"c","name":"n\u001b[2J\u202e","content":"c\u001b[2J\u009b\u0000after\u007f","metadata":{"a":1}}' >evil.jsonl
expect 0 "Imported 1" import evil.jsonl --db evil.db
expect 0 't\x1b]0;x\x07\u009b31m\x00after' list --db evil.db
expect 0 't\x1b]0;x\x07\u009b31m\x00after' show evil --db evil.db
expect 0 'c\x1b[2J\u009b\x00after\x7f' show evil --db evil.db
expect 0 'n\x1b[2J' show evil --db evil.db
expect 0 '\x1b' search after --db evil.db
for arguments in "list" "show evil" "search after"; do
  # shellcheck disable=SC2086
  expect 0 '\u0000after' $arguments --db evil.db --json
done
expect 2 "there is no session 'a" search after --db evil.db --session "$(printf 'a\033[31m\302\233')"
expect 2 'there is no x\x1b[2J' list --db "$(printf 'x\033[2J')"
expect 2 'cannot read x\x1b[2J' import "$(printf 'x\033[2J')" --db evil.db
expect 2 'there is no session '"'"'x\x1b[2J' delete "$(printf 'x\033[2J')" --db evil.db
expect 1 'there is no session '"'"'x\x1b[2J' show "$(printf 'x\033[2J')" --db evil.db

# Bounds.
{
  echo '{"type":"session","id":"deep"}'
  printf '{"type":"message","role":"assistant","tool_calls":'
  head -c 100000 /dev/zero | tr '\0' '['
  head -c 100000 /dev/zero | tr '\0' ']'
  echo '}'
} >deep.jsonl
expect 2 "deep.jsonl: line 2: the JSON is nested more than 203 deep" import deep.jsonl --db deep.db

# Paths that cannot be opened.
ln -s loop loop
long=$(printf 'n%.0s' {1..300})
for command in list stats check "show x" "search x" "export" "delete x" "prune --keep 1" "backup b2.db" "repair r2.db"; do
  # shellcheck disable=SC2086
  expect 2 "Too many levels of symbolic links" $command --db loop
  # shellcheck disable=SC2086
  expect 2 "File name too long" $command --db "$long"
  # shellcheck disable=SC2086
  expect 2 "there is no" $command --db none.db
done
expect 2 "Too many levels of symbolic links" import all.jsonl --db loop/x.db
expect 2 "File name too long" import all.jsonl --db "$long"
mkdir closed
cp s.db closed/s.db
chmod 0 closed
plain=("$program")
if [[ $(id -u) == 0 ]]; then plain=(setpriv "--bounding-set=-dac_override,-dac_read_search" --inh-caps=-all "$program"); fi
as_anybody() { # EXIT_CODE TEXT ARGUMENTS...
  local code="$1" text="$2" got
  shift 2
  "${plain[@]}" "$@" >out 2>err
  got=$?
  [[ $got == "$code" ]] || fail "as anybody, $*: exit code $got, expected $code"
  cat out err | grep -qF -- "$text" || fail "as anybody, $*: no '$text'"
}
as_anybody 2 "Permission denied" list --db closed/s.db
as_anybody 2 "Permission denied" import all.jsonl --db closed/new.db
chmod 500 closed
chmod 400 closed/s.db
as_anybody 0 "talk_1" list --db closed/s.db
as_anybody 0 "the [train]" search train --db closed/s.db
as_anybody 0 "at nine" show talk_1 --db closed/s.db
as_anybody 0 "Exported 2" export --db closed/s.db --output from_closed.jsonl
as_anybody 0 "No damage was found." check --db closed/s.db
as_anybody 0 "Copied" backup from_closed.db --db closed/s.db
as_anybody 0 "Every row could be read." repair repaired_closed.db --db closed/s.db
as_anybody 2 "may only be read" delete talk_1 --db closed/s.db
as_anybody 2 "may only be read" import four.jsonl --db closed/s.db
cmp -s all.jsonl from_closed.jsonl || fail "the export of a store that may only be read"
[[ $(find closed | wc -l) == 2 ]] || fail "files are left beside a store that may only be read"
chmod 700 closed

# Backups, deletions and repairs.
expect 0 "Copied to backup.db." backup backup.db --db s.db
expect_unchanged backup.db 2 "it is there already" backup backup.db --db s.db
expect_unchanged backup.db 2 "it is there already" repair backup.db --db s.db
expect 2 "say what to delete: with --older_than, --keep or both" prune --db s.db
expect 2 "--keep must be 0 or more, but is -1" prune --keep -1 --db s.db
expect 2 "--older_than must be positive, but is -1h" prune --older_than=-1h --db s.db
expect 2 "--older_than must be positive, but is 0" prune --older_than 0 --db s.db
expect 0 "Deleted 0 sessions." prune --older_than 1000000h --db s.db
expect 0 "Deleted 1 sessions." prune --keep 1 --db s.db
expect 0 "Deleted talk_2." delete talk_2 --db s.db
expect 2 "there is no session 'talk_2'" delete talk_2 --db s.db
expect 0 "There are no sessions." list --db s.db
expect 0 "Saved 2 sessions and 3 messages to saved.db." repair saved.db --db backup.db
expect 0 "Every row could be read." repair saved2.db --db backup.db
expect 0 "No damage was found." check --db saved.db
head -c 3000 /dev/zero | tr '\0' x >broken.db
expect 2 "broken.db" list --db broken.db
expect 1 "broken.db" check --db broken.db
expect_unchanged broken.db 2 "" repair fixed.db --db broken.db
[[ ! -e fixed.db ]] || fail "a repair that fails leaves a file"
: >empty.db
for command in list stats check export; do
  expect_unchanged empty.db 2 "is empty: there is no store in it" "$command" --db empty.db
done
# A single byte is an empty database to SQLite.
printf x >note.db
for command in list stats check export "backup note_copy.db" "import all.jsonl"; do
  # shellcheck disable=SC2086
  expect_unchanged note.db 2 "note.db is not a database" $command --db note.db
done

# A first page without its list of tables, behind a header that is whole.
{ head -c 100 s.db; head -c 3996 /dev/zero; tail -c +4097 s.db; } >no_tables.db
expect_unchanged no_tables.db 1 "its first page is lost, and nothing of it can be saved" check --db no_tables.db
expect_unchanged no_tables.db 2 "no_tables.db is not a store, or its first page is lost; nothing can be saved" repair no_tables_saved.db --db no_tables.db
[[ ! -e no_tables_saved.db ]] || fail "a repair that fails leaves a file"

# What is made of a store is no more readable than the store.
cp s.db private.db
chmod 600 private.db
expect 0 "Copied" backup private_copy.db --db private.db
expect 0 "Saved" repair private_saved.db --db private.db
expect 0 "Exported" export --db private.db --output private.jsonl
[[ $(stat -c %a private_copy.db private_saved.db private.jsonl | sort -u) == 600 ]] || fail "others can read what is made of a private store: $(stat -c '%a %n' private*)"

# A place in the order of changes that a store cannot keep.
echo '{"type":"session","id":"far","activity":9223372036854775807}' >far.jsonl
expect 0 'sessions: far.jsonl: 1 "activity" is beyond 4611686018427387904 and counts as that' import far.jsonl --db far.db
expect 0 "" import four.jsonl --db far.db
grep -q "activity" err && fail "import: says that an activity is beyond where none is"

# A header that was written over: every row is there.
{ printf X; tail -c +2 s.db; } >header.db
expect 1 "\`sessions repair\` saves what can be read" check --db header.db
expect_unchanged header.db 0 "Every row could be read." repair header_saved.db --db header.db
expect 0 "No damage was found." check --db header_saved.db
expect 1 "nothing of it can be saved" check --db broken.db

# A file that was cut: the store cannot be opened, and what is left of it can.
for i in {1..400}; do
  echo "{\"type\":\"message\",\"role\":\"user\",\"content\":\"message $i $(printf 'x%.0s' {1..200})\"}"
done >many
{ echo '{"type":"session","id":"big","title":"Big"}'; cat many; echo '{"type":"session","id":"other"}'; cat many; } >big.jsonl
expect 0 "Imported 2 sessions with 800 messages." import big.jsonl --db big.db
head -c -4096 big.db >cut_store.db
expect 1 "" check --db cut_store.db
expect_unchanged cut_store.db 1 "messages to cut_saved.db" repair cut_saved.db --db cut_store.db
grep -q "could not be read\|lost" out || fail "a cut store: what was lost is not said"
expect 0 "No damage was found." check --db cut_saved.db

# Another database's log, which SQLite would write into the copy.
: >beside.db-wal
expect 2 "beside.db-wal, left by another database" backup beside.db --db big.db
expect 2 "beside.db-wal, left by another database" repair beside.db --db big.db
[[ ! -e beside.db ]] || fail "a copy beside another database's log"
# A database by a link: its log is named after what the link leads to.
ln -sf big.db to_big.db
expect 2 "big.db-wal, which is needed" export --db to_big.db --output big.db-wal
# Standard output is the database.
before=$(state_of big.db)
"$program" export --db big.db --output /dev/stdout 1<>big.db 2>err && fail "export over its database by standard output"
[[ "$(state_of big.db)" == "$before" ]] || fail "standard output wrote over the database"
# Somebody else's JSON.
echo '{"my":"config"}' >package.json
expect_unchanged package.json 2 "it is there already and is not an export of sessions" export --db big.db --output package.json
# What cannot be read to its end.
mkfifo store_fifo
expect 2 "is not a file but a folder or a device" repair from_fifo.db --db store_fifo
expect 2 "is not a file but a folder or a device" repair from_folder.db --db .
# An import that fails says what is there already, and a chat before the mistake is.
printf '%s\n' '{"messages":[{"role":"user","content":"one"}],"id":"c1"}' '{"messages":[{"role":"user","content":"two"}],"id":"c2"}' '{bad' >chats_cut.jsonl
expect 2 "the 2 sessions before it are imported" import chats_cut.jsonl --db chats.db
expect 0 '"sessions":2' stats --db chats.db --json
expect 2 "nothing was imported" import chats_cut.jsonl --db chats.db
expect 2 "--session is empty" search train --db chats.db --session ''
