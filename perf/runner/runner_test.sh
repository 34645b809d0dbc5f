# shellcheck shell=bash
# The command behind a perf_suite, with a workspace of one test and a Bazel that only notes how it was called.

# shellcheck disable=SC2046
unset $(git rev-parse --local-env-vars)
export HOME="$PWD/home" GIT_CONFIG_NOSYSTEM=1 GIT_CEILING_DIRECTORIES="$PWD"
unset XDG_CACHE_HOME
mkdir -p home workspace
git config --global user.name Somebody
git config --global user.email nobody@example.com
git config --global init.defaultBranch main
export BUILD_WORKSPACE_DIRECTORY="$PWD/workspace" BUILD_WORKING_DIRECTORY="$PWD"
cat >requirements.textproto <<'EOF'
component: "a"
EOF
cat >manifest.json <<'EOF'
{"suite": "//:suite", "baseline_directory": "baselines", "workspace_name": "w", "tests": [
  {"label": "//a:t", "kinds": ["performance"], "shard_count": 1, "requirements": "requirements.textproto"}]}
EOF
mkdir bin
cat >bin/bazel <<EOF
#!/bin/bash
echo "\$PWD \$1" >>"$PWD/called"
env | grep ^GIT_ >>"$PWD/environment"
for word; do [[ \$word != --build_event_json_file=* ]] || echo '{"id":{"started":{}}}' >"\${word#*=}"; done
case \$1 in
  query) echo //a:t ;;
  info) pwd ;;
esac
EOF
chmod +x bin/bazel
export PATH="$PWD/bin:$PATH"
# Like `expect`, as the launcher of a perf_suite calls it.
run() { # EXIT_CODE TEXT ARGUMENTS...
  rm -f called environment
  expect "$1" "$2" --manifest=manifest.json "${@:3}"
}
expect 0 "could not be measured, or is missing" --help
never_called() { # WHAT
  [[ ! -e called ]] || fail "$1: Bazel runs before the mistake is said"
}

# Without a repository: one message, in our words.
expect_one_message() {
  [[ $(cat out err | grep -c "not in a git repository") == 1 ]] || fail "no repository: not one message"
  if cat out err | grep -q fatal; then fail "no repository: git's own words"; fi
}
run 2 "perf: $PWD/workspace is not in a git repository; the records name no commit"
[[ -s called ]] || fail "Bazel was not called"
expect_one_message
run 2 "perf: $PWD/workspace is not in a git repository" --against HEAD
expect_one_message
never_called "no repository"
run 2 "$PWD/workspace is not in a git repository; run it where git knows the commit" --update_baselines
expect_one_message
never_called "baselines without repository"

# A variable that is not set.
for flag in type component owner profile output_dir baseline_dir baseline_file build_event_file against bazel history machine; do
  for empty in "" " "; do
    run 2 "perf: --$flag is empty" --$flag "$empty"
    run 2 "perf: --$flag is empty" "--$flag=$empty"
    never_called "--$flag '$empty'"
  done
done
run 2 "--import is empty" history --import ""
run 2 "--history is empty" history --history=
run 2 "the report is in" --filter "" --load "" --bazel_flags ""

# Bazel is called as bazelw calls it, unless --bazel says otherwise.
export PERF_BAZEL="bazel --output_user_root=/x"
run 2 "the report is in"
grep -q ' --output_user_root=/x$' called || fail "PERF_BAZEL: the start-up option is lost"
run 2 "the report is in" --bazel bazel
! grep -q output_user_root called || fail "--bazel: PERF_BAZEL holds all the same"
unset PERF_BAZEL

# The rest of the command line.
run 2 "there is no flag --manifest" --manifest=x
run 2 "unexpected argument 'compare'" compare
run 2 "--minutes has no meaning for a run" --minutes 3
run 2 "--confirm has no meaning for history" history --confirm 3
run 2 "history takes 0 to one argument" history a b
run 2 "--minutes has to be at least 1" selfcheck --minutes 0
run 2 "explain takes one argument" explain
run 2 "--good has no meaning for explain" explain audio.vad.frame_10ms --good HEAD
run 2 "$PWD/workspace is not in a git repository" explain audio.vad.frame_10ms
run 2 "profile takes one argument" profile
run 2 "--format: there is no form 'pdf' of a profile; there are svg, folded and pprof" profile a.b --format pdf
# What has no Google Benchmark functions has to be run to know what it measures.
run 2 "//a:t: there is no " profile a.b
run 2 "bisect takes one argument" bisect
run 2 "bisect: --good has to name a revision" bisect audio.vad.frame_10ms
run 2 "--good has no meaning for a run" --good HEAD
run 2 "--rounds has a meaning only with --suite" selfcheck --rounds x
run 2 "--suite has no meaning for a run" --suite
echo "no rounds" >"$PWD/rounds"
run 2 "rounds:1:4" selfcheck --suite --rounds "$PWD/rounds"
echo "quiet { measurements { name: 'a' } }" >"$PWD/rounds"
run 2 "there are rounds of 1 measurements, and at least 14 are needed" selfcheck --suite --rounds "$PWD/rounds"
run 2 "there is no folder" selfcheck --suite --rounds "$PWD/none/rounds"
run 2 "--time_budget has to be more than 0" --time_budget -1s
run 2 "--against and --build_event_file exclude each other" --against HEAD --build_event_file x
run 2 "--why has a meaning only with --update_baselines" --why "because"
run 2 "--why has to be one line of at most 500 bytes" --update_baselines --why $'two\nlines'
run 2 "--why has to be one line of at most 500 bytes" --update_baselines --why "$(head -c 501 /dev/zero | tr '\0' x)"
run 2 "--update_baselines and --against exclude each other" --update_baselines --against HEAD
run 2 "'CI pool' is not a name of a machine: use 1 to 64 of the characters a-z, 0-9 and -" --machine "CI pool"
PERF_MACHINE=../up run 2 "'../up' is not a name of a machine" --quick
run 2 "'any-machine' is reserved for baselines that all machines share" --machine any-machine
run 0 "//a:t  performance  1 shard" --list
run 0 "a requirement is missed, a measurement is red" --help

# Owners.
run 2 "--owner: the repository has none of .github/CODEOWNERS, CODEOWNERS and docs/CODEOWNERS" --owner @parlance/audio
printf '* @parlance/all\n/a/ @parlance/audio\n!b @x\n' >workspace/CODEOWNERS
run 0 "//a:t  performance  1 shard" --list --owner @parlance/audio
run 0 "//a:t  performance  1 shard" --list --owner Parlance/Audio,@parlance/all
run 2 "--owner: CODEOWNERS names no '@parlance/audoi'; is @parlance/audio meant?" --owner @parlance/audoi
run 2 "@parlance/all owns none of the selected tests" --owner @parlance/all
never_called "an owner of nothing"
run 2 "CODEOWNERS has lines that are skipped: line 3: ! negates nothing here" --output_dir owned --owner @parlance/audio
grep -q -- "--owner @parlance/audio" owned/performance_report.txt || fail "the report does not say that it is an owner's"
rm -r workspace/CODEOWNERS owned called
expect 2 "run this through Bazel" --quick
never_called "a wrong command line"

# What is in the output directory and is not perf's.
mkdir -p mine/records
echo precious >mine/records/notes
run 2 "mine/records was not made by perf, and would be cleared; remove it, or name another folder" --output_dir mine
[[ $(cat mine/records/notes) == precious ]] || fail "somebody's records are gone"
never_called "somebody's records"
rm -r mine/records
mkdir elsewhere
echo precious >elsewhere/notes
ln -s ../elsewhere mine/records
run 2 "is a symbolic link" --output_dir mine
[[ $(cat elsewhere/notes) == precious ]] || fail "what a link leads to is gone"
rm mine/records
for file in performance_report.txt performance_report.html performance_report.md performance_report.json performance_baseline.txt build_events.json; do
  rm -rf mine
  mkdir mine
  printf 'RIFF\0\0\0\0WAVE' >mine/$file
  rm -f called
  expect_unchanged mine/$file 2 "is there already and is not" --manifest=manifest.json --output_dir mine
  never_called "somebody's $file"
done
rm -rf mine
run 2 "the report is in $PWD/mine/performance_report.txt" --output_dir mine
[[ -f mine/performance_report.json && -f mine/performance_report.html && -f mine/performance_report.md && -f mine/build_events.json ]] || fail "not all is written"
[[ -d mine/records ]] || fail "no records"
touch mine/records/old
run 2 "the report is in" --output_dir mine
[[ ! -e mine/records/old ]] || fail "records of an earlier run stay"
# What the figures are compared with is not written over.
echo "A_BASELINE: 2x" >mine/performance_baseline.txt
cp mine/performance_baseline.txt before
run 2 "it is the same file as $PWD/mine/performance_baseline.txt, which is needed" --output_dir mine \
  --baseline_file mine/performance_baseline.txt
cmp -s before mine/performance_baseline.txt || fail "the baseline is overwritten"
rm mine/performance_baseline.txt
[[ -z $(find mine -name 'scratch-*') ]] || fail "leaves a scratch folder"
ln -sf /dev/full mine/performance_report.txt
run 2 "cannot write $PWD/mine/performance_report.txt: No space left on device" --output_dir mine
expect_full_disk --manifest=manifest.json --list

# In a repository.
cd workspace || exit 2
git init --quiet
mkdir -p a
echo 1 >a/f
git add .
git commit --quiet --message c1
cd ..
rm -rf mine
expect_state() { # WHAT
  [[ $(git -C workspace status --porcelain; git -C workspace symbolic-ref HEAD) == refs/heads/main ]] || fail "$1: changes the repository"
}
run 2 "the report is in" --output_dir mine
grep -q "$(git -C workspace rev-parse HEAD)" mine/performance_report.json || fail "the report does not name the commit"
run 2 "'nonsense' is not a commit, tag or branch" --output_dir mine --against nonsense

# What baselines may be stored of.
run 2 "the baselines stay as they are, because not everything could be measured" --output_dir mine --update_baselines
[[ -s called ]] || fail "a clean tree is not measured"
echo changed >workspace/a/f
run 2 "changes that are in no commit (git status lists them); commit or stash them first" --output_dir mine --update_baselines
never_called "baselines of uncommitted changes"
git -C workspace checkout --quiet a/f
touch workspace/a/new
run 2 "commit or stash them first" --output_dir mine --update_baselines
never_called "baselines with a file that is in no commit"
rm workspace/a/new

# A pool of machines.
run 2 "there is no baseline of this machine, pool-1," --output_dir mine --machine pool-1
grep -q "^Machine: pool-1 (" mine/performance_report.txt || fail "the report does not name the pool"
PERF_MACHINE=pool-2 run 2 "there is no baseline of this machine, pool-2," --output_dir mine
PERF_MACHINE=pool-2 run 2 "there is no baseline of this machine, pool-1," --output_dir mine --machine pool-1

# Beside a revision.
run 2 "" --output_dir mine --against HEAD
grep -q "$PWD/home/.cache/parlance-perf/checkout-.*/tree build" called || fail "the revision is not built"
grep -q "$PWD/workspace build" called || fail "the working tree is not built"
expect_state "a comparison"

# In a hook.
echo 2 >workspace/a/f
printf '#!/bin/bash\ncd "%s" && "%s" --manifest=manifest.json --output_dir mine --against HEAD >out 2>err\ntrue\n' \
  "$PWD" "$program" >workspace/.git/hooks/pre-commit
chmod +x workspace/.git/hooks/pre-commit
rm -f called environment
git -C workspace commit --quiet --all --message c2
grep -q "checkout-.*/tree build" called || fail "the revision is not built in a hook"
[[ $(git -C workspace show HEAD:a/f) == 2 && $(cat workspace/a/f) == 2 ]] || fail "another commit than meant"
if grep -E '^GIT_(DIR|INDEX_FILE|WORK_TREE|PREFIX)=' environment >out; then fail "Bazel gets the hook's variables"; fi
expect_state "a comparison in a hook"

# Somebody else's repository.
GIT_TEST_ASSUME_DIFFERENT_OWNER=1 run 2 "git config --global --add safe.directory $PWD/workspace" --output_dir mine --against HEAD
GIT_TEST_ASSUME_DIFFERENT_OWNER=1 run 2 "git config --global --add safe.directory $PWD/workspace" --output_dir mine
if grep -q "not in a git repository" out err; then fail "dubious ownership is reported as no repository"; fi

# A result of earlier in other forms.
run 2 "the report is in" --output_dir mine --formats junit,openmetrics,gbench
cp mine/performance_report.json old.json
grep -q "<testsuites" mine/performance_report.xml || fail "--formats junit: no XML"
grep -q "^# EOF" mine/performance_report.openmetrics.txt || fail "--formats openmetrics: no metrics"
[[ -f mine/performance_report.gbench.json && ! -e mine/performance_report.csv ]] || fail "--formats: other files than asked for"
run 2 "--formats: there is no form 'pdf'; there are summary, text, markdown, html, json, junit, csv, openmetrics" --formats junit,pdf
never_called "an unknown form"
printf 'RIFF\0\0\0\0WAVE' >mine/performance_report.csv
expect_unchanged mine/performance_report.csv 2 "is there already and is not" --manifest=manifest.json --output_dir mine --formats csv
rm mine/performance_report.csv
expect_unchanged old.json 0 "Could not measure: 0 measured" report --from old.json
expect 0 "::error title=Could not measure::" report --from old.json --format github
expect 0 "<!-- parlance-perf: //:suite -->" report --from old.json --format comment
expect 0 "Could not measure: 0 measured" report --format summary,github --from - <old.json
grep -q "^::error" out || fail "report: the second form is not printed"
expect 0 "" report --from old.json --format json --output again.json
cmp -s old.json again.json || fail "report: a report that is read and written again is another"
expect 0 "" report --from old.json --format csv,junit --output forms
grep -q "^generated,commit," forms/performance_report.csv || fail "report: no CSV"
python3 -c 'import sys, xml.etree.ElementTree as tree; tree.parse(sys.argv[1])' forms/performance_report.xml || fail "report: no XML"
expect 0 "" report --from old.json --format text --output forms
[[ -f forms/performance_report.txt ]] || fail "report: not in the folder"
expect_unchanged old.json 2 "it is the same file as old.json, which is needed" report --from old.json --format json --output old.json
expect_unchanged forms/performance_report.xml 2 "is there already and is not" report --from old.json --format json --output forms/performance_report.xml
expect_full_disk report --from old.json --format junit
# Input that is none.
expect 2 "report: --from is missing" report
expect 2 "--from is empty" report --from ""
expect 2 "--format: there is no form 'pdf'; there are summary, text, markdown, html, json, junit, csv, openmetrics, github" \
  report --from old.json --format pdf
expect 2 "cannot read none.json" report --from none.json
expect 2 "it is a folder" report --from forms
head -c 300 old.json >cut.json
expect 2 "cut.json is not JSON, or was cut short: " report --from cut.json
sed 's/"version": 2/"version": 3/; 1s/{/{"added_later": {},/' old.json >newer.json
expect 2 "newer.json is a report of version 3, and this program reads up to 2" report --from newer.json
echo '{"results": []}' >other.json
expect 2 "other.json is not a performance report: " report --from other.json --output made --format csv
[[ ! -e made ]] || fail "report: writes in spite of an error"
: >nothing.json
expect 2 "nothing.json is empty" report --from nothing.json
expect 2 "standard input is empty" report --from -
sed 's/"commit": "/&\\u001b[31m\\u0007/' old.json >escape.json
for form in summary text markdown html json junit openmetrics github comment gbench; do
  expect 0 "" report --from escape.json --format "$form"
done
run 2 "--format has no meaning for a run" --format junit
run 2 "--component has no meaning for report" report --from old.json --component a

# History.
run 2 "there is no history in" history --history none.db

# A server that is not there, and what names neither a file nor a server. A password is never shown.
run 2 "perf: history postgresql://ann@127.0.0.1:1/perf: cannot connect to the PostgreSQL server: " \
  history --history postgresql://ann:secret@127.0.0.1:1/perf
! grep -q secret out err || fail "a server that is not there: the password is shown"
[[ $(wc -l <err) == 1 ]] || fail "a server that is not there: not one line"
for wrong in mysql://ann:secret@db/perf postgresql://ann:1/secret@db/perf "host=db dbname=secret"; do
  run 2 "perf: --history: this is n" history --history "$wrong"
  run 2 "perf: --history: this is n" --history "$wrong"
  ! grep -q secret out err || fail "$wrong: the password is shown"
  never_called "$wrong"
done

# Results of other tools.
results="$runfiles/perf/import/testdata"
history() { # EXIT_CODE TEXT ARGUMENTS...
  expect "$1" "$2" history --history history.db "${@:3}"
}
history 0 "1 of 1 results in $results/gbench.json are new." --import "$results/gbench.json"
grep -q "left out: 1 benchmark" out || fail "import: what is left out is not said"
history 0 "0 of 1 results in $results/gbench.json are new." --import "$results/gbench.json"
cp "$results/gbench.json" moved.json
touch --date 2001-01-01 moved.json
history 0 "0 of 1 results" --import moved.json
history 0 "1 of 1 results" --import "$results/hyperfine.json"
cp "$results/hyperfine.json" moved.json
touch --date 2001-01-01 moved.json
history 0 "0 of 1 results" --import moved.json
history 0 "1 of 1 results" --import "$results/pytest.json" --component parser
history 0 "2 of 2 results" --import "$results/criterion"
history 0 "0 of 2 results" --import "$results/criterion"
history 0 "parser.tests/test_parse.py::test_parse[small]"
history 0 "imported.group/fib/10" group/fib
# Nothing is added by what cannot be imported.
sha256sum history.db >before
for bad in "" "[" '{"results": [{"command": "a", "times": [1]}, {"command": "b", "times": [-1]}]}' \
  '{"context": {}, "benchmarks": [{"name": "a", "iterations": 1, "real_time": NaN}]}' "$(head -c 100000 /dev/zero | tr '\0' '[')"; do
  echo "$bad" >bad.json
  history 2 "$PWD/bad.json: " --import bad.json
done
head -c 500 "$results/pytest.json" >bad.json
history 2 "bad.json: not JSON, or cut short: at byte " --import bad.json
history 2 "cannot read $PWD/none.json" --import none.json
history 2 "there is neither a record (perf_run.pb) nor a result of criterion" --import bin
history 2 "--component: 'a b' is not a name of a component" --import "$results/gbench.json" --component "a b"
history 2 "--component takes one name" --import "$results/gbench.json" --component a,b
sha256sum --check --quiet before || fail "a failed import changes the history"

# What of it is shown.
history 0 "parser.tests/test_read.py::test_read" --component parser
! grep -q imported out || fail "--component shows others"
history 1 "there is nothing that the flags select in" --component nobody
history 0 "imported.BM_Vad/64" --machine build-host.example
! grep -q parser out || fail "--machine shows others"
history 1 "there is no 'parser' that the flags select in" parser --since 2026-11-25
history 0 "parser.tests" parser --since 2026-11-24T10:15:00Z
history 2 "--since: 'yesterday' is neither a day, such as 2026-11-24, nor" --since yesterday
history 0 '"name":"imported.BM_Vad/64"' --json
python3 -c 'import json, sys; assert len(json.load(sys.stdin)) == 9' <out || fail "--json is no JSON of nine series"
history 0 '"median":0.00125' test_parse --json --component parser
history 1 "[]" nothing --json
cp out before
"$program" history --history history.db --json --import "$results/gbench.json" 2>err | python3 -m json.tool >out ||
  fail "--json with --import is no JSON"
grep -q "0 of 1 results" err || fail "--json with --import: not said"
expect_full_disk history --history history.db --json
expect_closed_pipe history --history history.db --json
run 2 "--json has no meaning for a run" --json

# The results of a folder are added, but for those that cannot be read.
history() { # EXIT_CODE TEXT ARGUMENTS...
  expect "$1" "$2" history --history partly.db "${@:3}"
}
mkdir -p partly/a/new partly/b/new
echo '{"iters": [1], "times": [7]}' >partly/a/new/sample.json
echo '{"iters": [1], "tim' >partly/b/new/sample.json
history 2 "1 of 1 results in $PWD/partly are new." --import partly --component partly
grep -qF "$PWD/partly/b/new/sample.json: not JSON, or cut short" err || fail "import: what could not be read is not said"
history 0 "partly.a" --component partly
rm partly/a/new/sample.json
history 2 "$PWD/partly/b/new/sample.json: not JSON" --import partly --component partly
# What standard input brings was measured now, if it does not say when.
history 0 "1 of 1 results in standard input are new." --import - --component piped <"$results/hyperfine.json"
history 1 "there is nothing that the flags select" --component piped --since "$(date --utc --date '2 days' +%F)"
history 0 "piped.sleep 0.1" --component piped --since "$(date --utc --date '2 days ago' +%F)"

# Which function makes a benchmark slower, and where its instructions go. Two builds of one source are the programs of two
# commits: in the later one, a slowdown is planted in each body.
planted="$runfiles/perf/explain/testing/planted_benchmarks"
slower="$runfiles/perf/explain/testing/planted_slower_benchmarks"
# Valgrind and the sanitizers each want the address space for themselves. Elsewhere, it has to be there.
if ! grep -aqE '__(asan|tsan|ubsan)_' "$planted"; then
  PERF_EPOCH_DESCRIPTORS=0,1 valgrind --quiet --tool=none "$planted" </dev/null >/dev/null 2>&1 ||
    fail "valgrind does not run $planted; the Debian package valgrind has it"
  export BUILD_WORKSPACE_DIRECTORY="$PWD/planted"
  mkdir -p planted/a/t.runfiles/w
  cp requirements.textproto planted/a/t.runfiles/w/
  sed 's/"shard_count"/"benchmark": true, "shard_count"/' manifest.json >benchmarks.json
  cp "$planted" planted/a/t
  (cd planted && git init --quiet && git add --force . && git commit --quiet --message "as it was" &&
    cp --force "$slower" a/t && git commit --quiet --all --message "slower") || fail "no playground"
  planted() { # EXIT_CODE TEXT ARGUMENTS...
    expect "$1" "$2" --manifest=benchmarks.json "${@:3}"
  }
  # Without --against, with the commit before.
  planted 0 "planted.function, compared with HEAD~1:" explain planted.function
  grep -q ' instructions an iteration (+.* %), of which .* in planted::Checksum$' out || fail "explain: not the function"
  planted 0 "in planted::Filter (inlined: WeightedSum)" explain planted.inlined --against HEAD~1
  planted 1 "the code of //a:t is the same in both revisions" explain planted.function --against HEAD
  planted 1 "no test measures 'planted.fucntion'; is planted.function meant?" explain planted.fucntion
  planted 1 "no test measures 'x'; there are 11, such as planted.function, planted.inlined, planted.much" explain x
  planted 1 "there is no benchmark 'planted.new'" explain planted.new
  planted 2 "the result is wrong" explain planted.fail
  planted 2 "'nonsense' is not a commit, tag or branch" explain planted.function --against nonsense
  # With changes that are not committed, with HEAD.
  cp --force "$planted" planted/a/t
  planted 0 "planted.function, compared with HEAD:" explain planted.function
  grep -q '^-.* in planted::Checksum$' out || fail "explain: what is faster again"
  # In the forms that there are, where it is asked for.
  planted 0 "::Checksum(" profile planted.function
  grep -q '<svg .*role="img"' planted/perf-results/profile.svg || fail "profile: no picture"
  grep -q 'Checksum' planted/perf-results/profile.svg || fail "profile: no function in the picture"
  planted 0 "" profile planted.function --format folded --output -
  grep -qE '^iteration;.*BM_Function.*;.*Checksum.* [0-9]+$' out || fail "profile: no folded stacks"
  planted 0 "the profile is in p.pb.gz" profile planted.function --format pprof --output p.pb.gz
  gzip --test p.pb.gz || fail "profile: pprof's is not compressed"
  echo precious >precious
  expect_unchanged precious 2 "is there already and is not" --manifest=benchmarks.json profile planted.function --output precious
  planted 1 "no test measures 'planted.nothing'" profile planted.nothing
  # Where the profile goes to standard output, it is in no file.
  ! grep -q "the profile is in" err || fail "profile: a place that is none"
  planted 0 "" profile planted.function --format folded --output -
  ! grep -q "the profile is in" err || fail "profile: says that standard output is a file"
  # A test that cannot be asked hides none that can, and is an error where no other has the measurement.
  sed 's|"tests": \[|"tests": [{"label": "//a:broken", "kinds": ["performance"], "benchmark": true, "shard_count": 1, "requirements": "requirements.textproto"},|' \
    benchmarks.json >broken.json
  printf '#!/bin/bash\nexit 3\n' >planted/a/broken
  chmod +x planted/a/broken
  mkdir -p planted/a/broken.runfiles/w
  cp requirements.textproto planted/a/broken.runfiles/w/
  (cd planted && git add --force . && git commit --quiet --all --message "broken") || fail "no playground"
  sed -i 's|query) echo //a:t|query) echo //a:t; echo //a:broken|' bin/bazel
  cp --force "$slower" planted/a/t
  expect 0 "in planted::Checksum" --manifest=broken.json explain planted.function
  expect 2 "//a:broken: " --manifest=broken.json explain planted.nothing
  expect 0 "::Checksum(" --manifest=broken.json profile planted.function
  expect 2 "//a:broken: " --manifest=broken.json profile planted.nothing
  # A test without Google Benchmark functions: one run of its program, in all its threads.
  mkdir -p whole/a/t.runfiles/w
  cp requirements.textproto whole/a/t.runfiles/w/
  git -C whole init --quiet
  for build in planted_program planted_slower_program; do
    cp --force "$runfiles/perf/explain/testing/$build" whole/a/t
    (cd whole && git add --force . && git commit --quiet --message "$build") || fail "no playground"
  done
  export BUILD_WORKSPACE_DIRECTORY="$PWD/whole"
  expect 0 "" --manifest=manifest.json explain planted.program
  grep -q ' instructions a run of the test (+.* %), \(of which .*\|all of them\) in planted::Checksum' out ||
    fail "explain: not the function of a run"
  expect 0 "::Checksum(" --manifest=manifest.json profile planted.program
  expect 0 "" --manifest=manifest.json profile planted.program --format folded --output -
  grep -qE '^run;.*Checksum.* [0-9]+$' out || fail "profile: no folded stacks of a run"
  for command in explain profile; do
    expect 1 "no test measures 'planted.porgram'; is planted.program meant?" --manifest=manifest.json "$command" planted.porgram
  done
  export BUILD_WORKSPACE_DIRECTORY="$PWD/planted"
  # Loads of the baseline that cannot be read.
  echo nonsense >planted/a/t.runfiles/w/requirements.textproto
  git -C planted commit --quiet --message "loads" a/t.runfiles/w/requirements.textproto || fail "no playground"
  cp requirements.textproto planted/a/t.runfiles/w/
  planted 0 "Both were run with quick loads, because the loads of" explain planted.function
  # An interrupt ends what is being run, and leaves nothing.
  for command in explain profile; do
    "$program" --manifest=benchmarks.json "$command" planted.hang >out 2>err &
    runner=$!
    valgrind=
    for ((i = 0; i < 600; ++i)); do
      valgrind=$(grep --files-with-matches --no-messages "^PPid:[[:space:]]*$runner\$" /proc/[0-9]*/status | cut -d / -f 3 | head -n 1)
      [[ -z $valgrind ]] || grep --quiet --no-messages callgrind-out-file "/proc/$valgrind/cmdline" || valgrind=
      [[ -z $valgrind ]] || break
      sleep 0.1
    done
    [[ -n $valgrind ]] || fail "$command: no valgrind"
    scratch=$(tr '\0' '\n' <"/proc/$valgrind/cmdline" | sed -n 's|^--callgrind-out-file=\(.*\)/callgrind[.].*|\1|p')
    [[ -d $scratch ]] || fail "$command: no folder '$scratch'"
    kill -INT "$runner"
    code=0
    wait "$runner" || code=$?
    [[ $code == 2 ]] || fail "$command: exit code $code after an interrupt"
    grep -q "was interrupted" err || fail "$command: says nothing of the interrupt"
    [[ ! -e $scratch ]] || fail "$command: an interrupt leaves $scratch"
    ! kill -0 "$valgrind" 2>/dev/null || fail "$command: an interrupt leaves a valgrind"
    ! compgen -G "/tmp/vgdb-pipe*-$valgrind-*" >/dev/null || fail "$command: valgrind leaves pipes"
  done
  # Without valgrind, nothing is built.
  mkdir -p without
  for tool in git bash env grep cat head; do ln -sf "$(command -v "$tool")" without/; done
  cp bin/bazel without/bazel
  rm -f called
  PATH="$PWD/without" planted 2 "valgrind counts the instructions, and is not there" explain planted.function
  never_called "an explanation without valgrind"
fi
