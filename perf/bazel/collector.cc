#include "perf/bazel/collector.h"

#include <unistd.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "perf/process/subprocess.h"
#include "perf/record/environment.h"
#include "perf/record/health.h"
#include "perf/record/record_file.h"
#include "perf/record/text_proto.h"
#include "perf/suite/label.h"

namespace perf {
namespace {

absl::Status CheckRun(const Run& run, const SuiteTest& test, int shard,
                      const CollectOptions& options) {
  const Provenance& provenance = run.provenance();
  if (!options.run_id.empty() && run.run_id().empty()) {
    return absl::FailedPreconditionError(
        "the test was not told what to run; .bazelrc needs the line: build "
        "--test_env=PERF_RUN_ID --test_env=PERF_PROFILE --test_env=PERF_OVERRIDES "
        "--test_env=PERF_FILTER");
  }
  if (!options.run_id.empty() && run.run_id() != options.run_id) {
    return absl::DataLossError("the record belongs to another invocation; it was left behind");
  }
  if (CanonicalLabel(provenance.target()) != CanonicalLabel(test.label())) {
    return absl::DataLossError(
        absl::StrCat("the record is of ", provenance.target(), ", not of this target"));
  }
  if (provenance.total_shards() != test.shard_count() || provenance.shard_index() != shard - 1) {
    return absl::DataLossError(absl::StrCat("the record is of shard ", provenance.shard_index() + 1,
                                            " of ", provenance.total_shards()));
  }
  if (const double jump = ClockJump(run.health()); jump != 0) {
    return absl::DataLossError(absl::StrFormat(
        "the system's clock was set by %+.0f s while it ran, so its date is wrong; run it again",
        jump));
  }
  if (options.allow_any_mode) return absl::OkStatus();
  if (run.environment().compilation_mode() != "opt") {
    return absl::FailedPreconditionError(absl::StrCat(
        "the record was measured in a build of mode '", run.environment().compilation_mode(),
        "', not opt, and says nothing of the product's speed; --allow_any_mode reports "
        "it nevertheless"));
  }
  if (!run.environment().sanitizer().empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("the record was measured under the ", run.environment().sanitizer(),
                     " sanitizer; --allow_any_mode reports it nevertheless"));
  }
  return absl::OkStatus();
}

// The attempt whose result Bazel took: the last one.
absl::StatusOr<TestAttempt> DecidingAttempt(const std::vector<TestAttempt>& attempts,
                                            int cut_line) {
  if (attempts.empty() && cut_line > 0) {
    return absl::NotFoundError(
        absl::StrCat("has no result: it did not run, or its result was in line ", cut_line,
                     " of the event file, which is cut"));
  }
  if (attempts.empty()) return absl::NotFoundError("did not run");
  const TestAttempt* last = &attempts.front();
  for (const TestAttempt& attempt : attempts) {
    if (attempt.run != 1) {
      return absl::FailedPreconditionError(
          "ran more than once (--runs_per_test), and one measurement is expected");
    }
    if (attempt.attempt > last->attempt) last = &attempt;
  }
  if (last->status != "PASSED") {
    const std::string where =
        last->log_path.empty() ? "" : absl::StrCat("; its log: ", last->log_path);
    return absl::FailedPreconditionError(absl::StrCat("the test ended as ", last->status, where));
  }
  if (last->cached) {
    return absl::FailedPreconditionError(
        "the result came from a cache and measured nothing now; a perf_test always runs, so look "
        "at what removed its tag 'external'");
  }
  return *last;
}

// The folder of the test's undeclared outputs, with a slash at the end.
std::string OutputsOf(const TestAttempt& attempt) {
  return absl::StrCat(attempt.log_path.substr(0, attempt.log_path.rfind('/')), "/test.outputs/");
}

class Collector {
 public:
  Collector(const CollectOptions& options, const BuildEvents& events, const RecordReader& read)
      : options_(options),
        cut_line_(events.cut_line),
        any_remote_(absl::c_any_of(events.attempts,
                                   [](const TestAttempt& attempt) { return attempt.remote; })),
        read_(read) {}

  void CollectShard(const SuiteTest& test, int shard, const std::vector<TestAttempt>& attempts) {
    const std::string label = CanonicalLabel(test.label());
    const std::string what =
        test.shard_count() == 1
            ? label
            : absl::StrCat(label, " (shard ", shard, " of ", test.shard_count(), ")");
    absl::StatusOr<Run> run = ReadShard(test, shard, attempts);
    if (!run.ok()) {
      AddError(label, what, run.status().message());
      return;
    }
    for (const Measurement& measurement : run->measurements()) {
      const auto [first, inserted] = measured_by_.emplace(measurement.name(), what);
      if (!inserted) {
        AddError(label, what,
                 absl::StrCat("'", measurement.name(), "' was measured already by ", first->second,
                              "; either two tests share the name, or the test ignores shards"));
        return;
      }
    }
    collection_.runs.push_back(*std::move(run));
  }

  void AddError(const std::string& label, absl::string_view what, absl::string_view error) {
    collection_.failed.insert(label);
    collection_.errors.push_back(absl::StrCat(what, ": ", error));
  }

  Collection Take() { return std::move(collection_); }

 private:
  absl::StatusOr<Run> ReadShard(const SuiteTest& test, int shard,
                                const std::vector<TestAttempt>& attempts) {
    absl::StatusOr<TestAttempt> attempt = DecidingAttempt(attempts, cut_line_);
    if (!attempt.ok()) return attempt.status();
    absl::StatusOr<std::string> bytes = read_(*attempt);
    if (!bytes.ok()) return bytes.status();
    absl::StatusOr<Run> run = ParseRun(*bytes);
    if (!run.ok()) return InFile(run.status(), *attempt);
    if (absl::Status checked = CheckRun(*run, test, shard, options_); !checked.ok()) return checked;
    if (absl::Status checked = CheckMachine(*run, *attempt); !checked.ok()) return checked;
    if (absl::Status checked = CheckTime(*run, *attempt); !checked.ok()) return checked;
    if (run->measurements().empty() && run->provenance().filter().empty()) {
      return absl::DataLossError("the record has no measurement");
    }
    return run;
  }

  // Times of unequal machines are no figures of one run. What a worker measured is not this
  // machine's, so it is filed under the pool that the user names, and needs no likeness to this
  // one.
  absl::Status CheckMachine(const Run& run, const TestAttempt& attempt) {
    const std::string machine = MachineSlug(run.environment());
    if (attempt.remote && options_.pool.empty()) {
      return absl::FailedPreconditionError(
          absl::StrCat("a remote worker measured it, ", machine,
                       "; name the pool of equal machines that it is one of by --machine NAME"));
    }
    if (any_remote_ && measured_on_.empty()) measured_on_ = machine;
    const std::string& expected = any_remote_ ? measured_on_ : options_.machine;
    if (!expected.empty() && machine != expected) {
      return absl::FailedPreconditionError(
          absl::StrCat("the record was measured on another machine, ", machine,
                       any_remote_ ? "; others of this run on " : "; this is ", expected));
    }
    if (attempt.remote) collection_.worker = run.environment();
    return absl::OkStatus();
  }

  // Where no invocation is expected, a later `bazel test` may have left its record in the place of
  // the one that the events are of. A worker has a clock of its own.
  absl::Status CheckTime(const Run& run, const TestAttempt& attempt) const {
    if (!options_.run_id.empty() || attempt.remote || !run.has_start_time()) {
      return absl::OkStatus();
    }
    // The record's time is in whole seconds.
    constexpr absl::Duration kSlack = absl::Seconds(2);
    const absl::Time measured = absl::FromUnixSeconds(run.start_time().seconds());
    if (measured >= attempt.began - kSlack && measured <= attempt.ended + kSlack) {
      return absl::OkStatus();
    }
    const auto text = [](absl::Time time) {
      return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone());
    };
    return absl::DataLossError(
        absl::StrCat("the record is of another run: it was measured at ", text(measured),
                     ", and the events are of a test that began at ", text(attempt.began),
                     "; keep the outputs of a run with its events, or run it again"));
  }

  // Adds the place of the record to an error, for whoever wants to look at what is wrong with it.
  static absl::Status InFile(const absl::Status& status, const TestAttempt& attempt) {
    if (attempt.log_path.empty()) return status;
    return absl::Status(status.code(), absl::StrCat(status.message(), "; the record is ",
                                                    kRunFileName, " in ", OutputsOf(attempt)));
  }

  const CollectOptions& options_;
  // The number of the event file's last line if that is lost, otherwise 0.
  const int cut_line_;
  // Whether remote workers ran any of the tests.
  const bool any_remote_;
  const RecordReader& read_;
  Collection collection_;
  // Where there are remote workers: the machine of the first record.
  std::string measured_on_;
  // By the name of a measurement, the test that has it.
  std::map<std::string, std::string> measured_by_;
};

}  // namespace

Collection Collect(absl::Span<const SuiteTest> tests, const BuildEvents& events,
                   const CollectOptions& options, const RecordReader& read) {
  std::map<std::pair<std::string, int>, std::vector<TestAttempt>> attempts;
  std::map<std::string, int> num_shards;
  for (const TestAttempt& attempt : events.attempts) {
    attempts[{attempt.label, attempt.shard}].push_back(attempt);
    int& shards = num_shards[attempt.label];
    shards = std::max(shards, attempt.shard);
  }
  Collector collector(options, events, read);
  for (const SuiteTest& test : tests) {
    const std::string label = CanonicalLabel(test.label());
    if (const auto failed = events.not_built.find(label);
        failed != events.not_built.end() && num_shards[label] == 0) {
      collector.AddError(
          label, label,
          absl::StrCat("could not be built", failed->second.empty() ? "" : ": ", failed->second));
      continue;
    }
    if (num_shards[label] > test.shard_count()) {
      collector.AddError(
          label, label,
          absl::StrCat("ran in ", num_shards[label], " shards, but declares ", test.shard_count()));
      continue;
    }
    for (int shard = 1; shard <= test.shard_count(); ++shard) {
      collector.CollectShard(test, shard, attempts[{label, shard}]);
    }
  }
  return collector.Take();
}

absl::StatusOr<std::string> ReadRecord(const TestAttempt& attempt) {
  if (attempt.log_path.empty()) {
    return absl::NotFoundError(
        "the events do not say where its outputs are on this machine, so there is no record; were "
        "they not brought here (--remote_download_minimal), or are they named by an address of a "
        "remote server (add --nobuild_event_json_file_path_conversion to bazel test)?");
  }
  const std::string directory = OutputsOf(attempt);
  // Tests that Bazel runs unsandboxed leave the file and the archive, others only the archive.
  const std::string path = absl::StrCat(directory, kRunFileName);
  if (access(path.c_str(), F_OK) == 0) return ReadFile(path);
  const std::string archive = attempt.outputs_zip_path.empty()
                                  ? absl::StrCat(directory, "outputs.zip")
                                  : attempt.outputs_zip_path;
  if (access(archive.c_str(), F_OK) != 0) {
    return absl::NotFoundError(
        absl::StrCat("wrote no record: neither ", path, " nor ", archive, " is there"));
  }
  absl::StatusOr<SubprocessResult> unzip =
      RunProgram({.arguments = {"unzip", "-p", archive, kRunFileName}}, SubprocessOutput::kCapture);
  if (!unzip.ok()) return unzip.status();
  if (unzip->exit_code != 0) {
    return absl::NotFoundError(
        absl::StrCat("wrote no record: ", archive, " has no ", kRunFileName));
  }
  return std::move(unzip->output);
}

}  // namespace perf
