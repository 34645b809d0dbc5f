#include "perf/bazel/collector.h"

#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/record/environment.h"

namespace perf {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr char kTarget[] = "//audio:vad_perf_test";

SuiteTest TestWithShards(int shard_count) {
  SuiteTest test;
  test.set_label(kTarget);
  test.set_shard_count(shard_count);
  return test;
}

Environment Machine() {
  Environment environment;
  environment.set_cpu_model("Imaginary CPU");
  environment.set_num_cpus(4);
  environment.set_compilation_mode("opt");
  return environment;
}

// A good record of one shard, which counts from 1.
Run Record(int shard, int shard_count) {
  Run run;
  run.set_run_id("now");
  *run.mutable_environment() = Machine();
  run.mutable_provenance()->set_target(kTarget);
  run.mutable_provenance()->set_shard_index(shard - 1);
  run.mutable_provenance()->set_total_shards(shard_count);
  Measurement& measurement = *run.add_measurements();
  measurement.set_name(absl::StrCat("audio.vad.shard_", shard));
  measurement.set_title("VAD");
  measurement.set_unit("ms");
  measurement.set_better(LOWER);
  measurement.add_samples(1);
  run.set_num_measurements(1);
  return run;
}

TestAttempt Attempt(int shard) {
  TestAttempt attempt;
  attempt.label = kTarget;
  attempt.run = 1;
  attempt.shard = shard;
  attempt.attempt = 1;
  attempt.status = "PASSED";
  return attempt;
}

// Two good shards, for cases to spoil.
class CollectorTest : public testing::Test {
 protected:
  CollectorTest() {
    for (int shard = 1; shard <= 2; ++shard) {
      events_.attempts.push_back(Attempt(shard));
      records_[shard] = Record(shard, 2);
    }
    options_.run_id = "now";
    options_.machine = MachineSlug(Machine());
  }

  Collection CollectAll() {
    return Collect({TestWithShards(2)}, events_, options_,
                   [this](const TestAttempt& attempt) -> absl::StatusOr<std::string> {
                     const auto bytes = bytes_.find(attempt.shard);
                     if (bytes != bytes_.end()) return bytes->second;
                     const auto record = records_.find(attempt.shard);
                     if (record == records_.end()) return absl::NotFoundError("wrote no record");
                     return record->second.SerializeAsString();
                   });
  }

  // Expects that shard 2 is refused, with `reason`, and shard 1 is kept.
  void ExpectRefused(const std::string& reason) {
    const Collection collection = CollectAll();
    ASSERT_EQ(collection.errors.size(), 1u) << absl::StrJoin(collection.errors, "\n");
    EXPECT_THAT(collection.errors[0], StartsWith(absl::StrCat(kTarget, " (shard 2 of 2): ")));
    EXPECT_THAT(collection.errors[0], HasSubstr(reason));
    EXPECT_EQ(collection.runs.size(), 1u);
  }

  BuildEvents events_;
  CollectOptions options_;
  std::map<int, perf::Run> records_;
  std::map<int, std::string> bytes_;
};

TEST_F(CollectorTest, TakesEveryShard) {
  const Collection collection = CollectAll();
  EXPECT_THAT(collection.errors, IsEmpty());
  EXPECT_EQ(collection.runs.size(), 2u);
}

// The outputs that earlier events name may be those of a later run.
TEST_F(CollectorTest, RefusesARecordOfAnotherTime) {
  options_.run_id = "";
  const absl::Time began = absl::FromUnixSeconds(1'700'000'000);
  for (TestAttempt& attempt : events_.attempts) {
    attempt.began = began;
    attempt.ended = began + absl::Seconds(30);
  }
  records_[1].mutable_start_time()->set_seconds(1'700'000'005);
  records_[2].mutable_start_time()->set_seconds(1'700'000'029);
  EXPECT_THAT(CollectAll().errors, IsEmpty());
  for (const int64_t seconds : {1'699'999'990, 1'700'000'040, 1'700'003'600}) {
    records_[2].mutable_start_time()->set_seconds(seconds);
    ExpectRefused("the record is of another run: it was measured at 20");
  }
  // A worker's clock may be wrong.
  events_.attempts[0].remote = events_.attempts[1].remote = true;
  options_.pool = "pool";
  options_.machine = "";
  EXPECT_THAT(CollectAll().errors, IsEmpty());
}

TEST_F(CollectorTest, RefusesAShardThatDidNotRun) {
  events_.attempts.pop_back();
  ExpectRefused("did not run");
}

TEST_F(CollectorTest, AResultInALineThatWasCutIsNotPassedInSilence) {
  events_.attempts.pop_back();
  events_.cut_line = 7;
  ExpectRefused("its result was in line 7 of the event file, which is cut");
}

TEST_F(CollectorTest, RefusesAMissingRecord) {
  records_.erase(2);
  ExpectRefused("wrote no record");
}

TEST_F(CollectorTest, RefusesAnEmptyRecord) {
  bytes_[2] = "";
  ExpectRefused("is empty");
}

TEST_F(CollectorTest, RefusesARecordCutShortAnywhere) {
  const std::string whole = records_[2].SerializeAsString();
  for (size_t length = 1; length < whole.size(); ++length) {
    bytes_[2] = whole.substr(0, length);
    ExpectRefused("the record is cut short");
  }
}

TEST_F(CollectorTest, RefusesWhatIsNoRecord) {
  bytes_[2] = "performance!";
  ExpectRefused("cut short or is not a perf.Run");
}

TEST_F(CollectorTest, NamesMeasurementAndFileOfARecordThatHasANan) {
  events_.attempts[1].log_path = "/out/shard_2_of_2/test.log";
  records_[2].mutable_measurements(0)->set_samples(0, std::numeric_limits<double>::quiet_NaN());
  ExpectRefused(
      "measurement 'audio.vad.shard_2' has a sample that is not finite; the record is perf_run.pb "
      "in /out/shard_2_of_2/test.outputs/");
}

TEST_F(CollectorTest, RefusesARecordWhoseMeasurementHasNoSample) {
  records_[2].mutable_measurements(0)->clear_samples();
  ExpectRefused("'audio.vad.shard_2' has no sample");
}

TEST_F(CollectorTest, RefusesARecordWithoutMeasurement) {
  records_[2].clear_measurements();
  records_[2].set_num_measurements(0);
  ExpectRefused("no measurement");
}

TEST_F(CollectorTest, TakesARecordWithoutMeasurementOfANarrowedRun) {
  records_[2].clear_measurements();
  records_[2].set_num_measurements(0);
  records_[2].mutable_provenance()->set_filter("Speed");
  EXPECT_THAT(CollectAll().errors, IsEmpty());
}

TEST_F(CollectorTest, RefusesARecordOfAnotherInvocation) {
  records_[2].set_run_id("yesterday");
  ExpectRefused("another invocation");
}

TEST_F(CollectorTest, RefusesARecordOfAnotherMachine) {
  records_[2].mutable_environment()->set_cpu_model("Fast CPU");
  ExpectRefused("another machine, fast-4-cpus");
}

TEST_F(CollectorTest, WhatAWorkerMeasuredNeedsThePoolsName) {
  events_.attempts[1].remote = true;
  ExpectRefused("a remote worker measured it, imaginary-4-cpus-");
  options_.pool = "ci-pool";
  const Collection collection = CollectAll();
  EXPECT_THAT(collection.errors, IsEmpty());
  ASSERT_TRUE(collection.worker.has_value());
  EXPECT_EQ(collection.worker->cpu_model(), "Imaginary CPU");
}

TEST_F(CollectorTest, AWorkerMayBeAnotherMachineThanThis) {
  options_.pool = "ci-pool";
  for (int shard = 1; shard <= 2; ++shard) {
    events_.attempts[shard - 1].remote = true;
    records_[shard].mutable_environment()->set_cpu_model("Fast CPU");
  }
  const Collection collection = CollectAll();
  EXPECT_THAT(collection.errors, IsEmpty());
  EXPECT_EQ(collection.worker->cpu_model(), "Fast CPU");
}

TEST_F(CollectorTest, RefusesWorkersThatAreNotEqual) {
  options_.pool = "ci-pool";
  for (TestAttempt& attempt : events_.attempts) attempt.remote = true;
  records_[2].mutable_environment()->set_cpu_model("Fast CPU");
  ExpectRefused("another machine, fast-4-cpus");
  // Also where this machine measured the rest.
  events_.attempts[0].remote = false;
  ExpectRefused("; others of this run on imaginary-4-cpus-");
}

TEST_F(CollectorTest, APoolsNameAloneMakesNoOtherMachineEqual) {
  options_.pool = "ci-pool";
  EXPECT_FALSE(CollectAll().worker.has_value());
  records_[2].mutable_environment()->set_cpu_model("Fast CPU");
  ExpectRefused("another machine, fast-4-cpus");
}

TEST_F(CollectorTest, RefusesARecordOfAnotherTarget) {
  records_[2].mutable_provenance()->set_target("//audio:other");
  ExpectRefused("of //audio:other");
}

TEST_F(CollectorTest, RefusesARecordOfAnotherShard) {
  records_[2] = Record(1, 2);
  ExpectRefused("of shard 1 of 2");
}

TEST_F(CollectorTest, RefusesAnotherCompilationMode) {
  records_[2].mutable_environment()->set_compilation_mode("dbg");
  ExpectRefused("mode 'dbg'");
  options_.allow_any_mode = true;
  EXPECT_THAT(CollectAll().errors, IsEmpty());
}

TEST_F(CollectorTest, RefusesASanitizer) {
  records_[2].mutable_environment()->set_sanitizer("thread");
  ExpectRefused("thread sanitizer");
}

TEST_F(CollectorTest, RefusesARunDuringWhichTheClockWasSet) {
  records_[2].mutable_health()->set_clock_jump_s(0.5);
  EXPECT_THAT(CollectAll().errors, IsEmpty());
  records_[2].mutable_health()->set_clock_jump_s(-3600);
  ExpectRefused("clock was set by -3600 s");
}

TEST_F(CollectorTest, RefusesAFailedTest) {
  events_.attempts[1].status = "FAILED";
  events_.attempts[1].log_path = "/logs/test.log";
  ExpectRefused("ended as FAILED; its log: /logs/test.log");
}

TEST_F(CollectorTest, RefusesACachedResult) {
  events_.attempts[1].cached = true;
  ExpectRefused("came from a cache");
}

TEST_F(CollectorTest, RefusesATestThatRanTwice) {
  events_.attempts.push_back(Attempt(2));
  events_.attempts.back().run = 2;
  ExpectRefused("ran more than once");
}

TEST_F(CollectorTest, TakesTheLastAttempt) {
  events_.attempts[1].status = "FAILED";
  events_.attempts.push_back(Attempt(2));
  events_.attempts.back().attempt = 2;
  EXPECT_THAT(CollectAll().errors, IsEmpty());
}

// A test that ignores TEST_SHARD_INDEX runs everything in every shard, and passes.
TEST_F(CollectorTest, RefusesAMeasurementThatTwoShardsHave) {
  *records_[2].mutable_measurements() = records_[1].measurements();
  ExpectRefused("the test ignores shards");
}

TEST_F(CollectorTest, RefusesMoreShardsThanDeclared) {
  events_.attempts.push_back(Attempt(3));
  const Collection collection = CollectAll();
  ASSERT_EQ(collection.errors.size(), 1u);
  EXPECT_THAT(collection.errors[0], HasSubstr("ran in 3 shards, but declares 2"));
  EXPECT_THAT(collection.runs, IsEmpty());
}

TEST_F(CollectorTest, NamesATargetThatWasNotBuilt) {
  events_.attempts.clear();
  events_.not_built[kTarget] = "no such header";
  const Collection collection = CollectAll();
  ASSERT_EQ(collection.errors.size(), 1u);
  EXPECT_EQ(collection.errors[0], absl::StrCat(kTarget, ": could not be built: no such header"));
}

}  // namespace
}  // namespace perf
