#!/bin/bash
# The command as its users type it.
set -u
sessions="$PWD/session/sessions"
cd "$TEST_TMPDIR" || exit 2
failures=0
fail() {
  echo "FAILED: $1" >&2
  cat out err >&2
  failures=$((failures + 1))
}
expect() { # EXIT_CODE TEXT ARGUMENTS...
  local code="$1" text="$2"
  shift 2
  "$sessions" "$@" >out 2>err </dev/null
  local got=$?
  [[ $got == "$code" ]] || fail "$*: exit code $got, expected $code"
  cat out err | grep -qF -- "$text" || fail "$*: no '$text'"
}

expect 0 "Commands:" --help
expect 2 "no command is given"
expect 2 "there is no command 'sing'" sing --db s.db
expect 2 "--db is missing" list
expect 2 "show takes one argument" show --db s.db
expect 1 "there is no" list --db missing.db
expect 1 "Unknown command line flag 'frob'" list --db s.db --frob

cat >chats.jsonl <<'END'
{"type":"session","id":"talk_1","title":"Trains","created":"2024-05-06T07:08:09Z"}
{"type":"message","role":"user","content":"when does the train leave","created":"2024-05-06T07:08:10Z"}
{"type":"message","role":"assistant","content":"at nine \u001b[31m","latency_us":250000}
{"messages":[{"role":"user","content":"hello there"}],"title":"Greeting","id":"talk_2"}
END
expect 0 "Imported 2 sessions with 3 messages." import chats.jsonl --db s.db
expect 1 "line 1: there is a session 'talk_1' already" import chats.jsonl --db s.db
expect 1 "cannot read" import missing.jsonl --db s.db
expect 0 "talk_1" list --db s.db
expect 1 "cannot write" export --db s.db --output no/such/folder
expect 0 '"title":"Trains"' list --db s.db --json
expect 0 "There may be more: --before talk_2" list --db s.db --limit 1
expect 1 "limit 0" list --db s.db --limit 0
expect 0 "when does the train leave" show talk_1 --db s.db
expect 0 "at nine ?[31m" show talk_1 --db s.db
expect 0 "There is more: --before 2" show talk_1 --db s.db --limit 1
expect 1 "there is no session 'gone'" show gone --db s.db
expect 0 "the [train]" search train --db s.db
expect 0 '"session":"talk_1","snippet"' search train --db s.db --json
expect 0 "Nothing was found." search train --db s.db --session talk_2
expect 0 "Messages                            3" stats --db s.db
expect 0 '"sessions":2' stats --db s.db --json
expect 0 "Everything is sound." check --db s.db
expect 0 "Exported 2 sessions to" export --db s.db --output all.jsonl
[[ $(wc -l <all.jsonl) == 5 ]] || fail "export: $(wc -l <all.jsonl) lines"
expect 0 '"content":"hello there"' export talk_2 --db s.db
expect 0 "Imported 2 sessions with 3 messages." import all.jsonl --db copy.db
"$sessions" import - --db piped.db <all.jsonl >out 2>err || fail "import from standard input"
expect 0 "Copied to" backup backup.db --db s.db
expect 1 "is there already" backup backup.db --db s.db
expect 1 "say what to delete" prune --db s.db
expect 0 "Deleted 0 sessions." prune --older_than 1h --db s.db
expect 0 "Deleted 1 sessions." prune --keep 1 --db s.db
expect 0 "Deleted talk_2." delete talk_2 --db s.db
expect 0 "There are no sessions." list --db s.db
expect 0 "Saved 2 sessions, 0 of them without their titles, and 3 messages" repair saved.db --db backup.db
head -c 3000 /dev/zero | tr '\0' x >broken.db
expect 1 "broken.db" list --db broken.db

[[ $failures == 0 ]]
