#include "perf/mode/stored_baselines.h"

#include <filesystem>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "command/file/output_file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/mode/testing/sample_suite.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

using absl_testing::IsOk;
using absl_testing::IsOkAndHolds;
using absl_testing::StatusIs;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

TEST(CheckTraceableTest, ACommitWithoutChangesIsTraceable) {
  EXPECT_THAT(CheckTraceable(WorkingTreeState{.commit = "c0ffee", .dirty = false}), IsOk());
}

TEST(CheckTraceableTest, UncommittedChangesAreNot) {
  EXPECT_THAT(CheckTraceable(WorkingTreeState{.commit = "c0ffee", .dirty = true}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("--update_baselines: "),
                             HasSubstr("changes that are in no "
                                       "commit"),
                             HasSubstr("commit or stash them first"))));
}

TEST(CheckTraceableTest, ARepositoryWithoutCommitsIsNot) {
  EXPECT_THAT(CheckTraceable(WorkingTreeState{}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("no commit yet")));
}

TEST(CheckTraceableTest, AFolderThatIsInNoRepositoryIsNot) {
  EXPECT_THAT(
      CheckTraceable(absl::NotFoundError("/x is not in a git repository")),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("/x is not in a git repository")));
}

class StoreBaselinesTest : public testing::Test {
 protected:
  StoreBaselinesTest()
      : directory_(EmptyFolder(
            absl::StrCat("store_", testing::UnitTest::GetInstance()->current_test_info()->name()))),
        suite_(SampleSuite({"//a:t"})) {
    Environment environment;
    environment.set_compiler("gcc 12");
    perf::Run run = SampleRun("//a:t", SampleMeasurement("a.time", 10), environment);
    run.mutable_provenance()->set_commit("c0ffee");
    inputs_.runs.push_back(run);
    inputs_.requirements = suite_.requirements;
  }

  // What it says of itself at the terminal.
  absl::StatusOr<std::string> Store() {
    absl::StatusOr<StoredChanges> stored =
        StoreBaselines(BuildReport(inputs_), inputs_,
                       {.directory = directory_,
                        .machine = "machine",
                        .complete = true,
                        .now = absl::FromCivil(absl::CivilDay(2026, 3, 4), absl::UTCTimeZone()),
                        .why = why_});
    if (!stored.ok()) return stored.status();
    markdown_ = stored->markdown;
    return stored->text;
  }

  void ExpectNothingStored() { EXPECT_TRUE(std::filesystem::is_empty(directory_)); }

  const std::string directory_;
  const Suite suite_;
  ReportInputs inputs_;
  std::string why_;
  std::string markdown_;
};

TEST_F(StoreBaselinesTest, StoresWhatWasMeasuredAndSaysWhatChanges) {
  EXPECT_THAT(Store(), IsOkAndHolds(HasSubstr("a.time (default): new: ")));
  const auto stored = ReadBaselines(directory_, "machine", inputs_.requirements);
  ASSERT_THAT(stored, IsOk());
  ASSERT_THAT(stored->at("a").measurements(), SizeIs(1));
  EXPECT_EQ(stored->at("a").measurements(0).commit(), "c0ffee");
  EXPECT_EQ(stored->at("a").measurements(0).date(), "2026-03-04");
}

TEST_F(StoreBaselinesTest, ReadsBackWhatItChanges) {
  ASSERT_THAT(Store(), IsOk());
  inputs_.baselines = *ReadBaselines(directory_, "machine", inputs_.requirements);
  *inputs_.runs[0].mutable_measurements(0) = SampleMeasurement("a.time", 12);
  EXPECT_THAT(Store(), IsOkAndHolds(HasSubstr("(-20.0%), 1.20 times (")));
}

TEST_F(StoreBaselinesTest, TheReasonIsStoredAndInWhatIsReviewed) {
  why_ = "a safer codec: it checks <every> frame, für alle";
  ASSERT_THAT(Store(), IsOk());
  EXPECT_THAT(markdown_,
              HasSubstr("Why: a safer codec: it checks &lt;every&gt; frame, für alle\n"));
  EXPECT_THAT(markdown_, HasSubstr("## machine: 1 new\n"));
  const auto stored = ReadBaselines(directory_, "machine", inputs_.requirements);
  ASSERT_THAT(stored, IsOk());
  EXPECT_EQ(stored->at("a").measurements(0).why(), why_);
}

TEST_F(StoreBaselinesTest, WhatIsAcceptedOfAChangedFigureIsSaid) {
  AcceptedSlowdown& accepted = *inputs_.requirements["a"].add_accepted();
  accepted.set_measurement("a.time");
  accepted.set_at_most_percent(15);
  accepted.set_until("2027-01-31");
  EXPECT_THAT(Store(),
              IsOkAndHolds(HasSubstr("\nNote: a.time: at most 15 % worse is accepted until "
                                     "2027-01-31, and counts from the new figure on")));
  EXPECT_THAT(markdown_, HasSubstr("\n> a.time: at most 15 % worse is accepted"));
  // As stored, it changes nothing.
  inputs_.baselines = *ReadBaselines(directory_, "machine", inputs_.requirements);
  EXPECT_THAT(Store(), IsOkAndHolds(Not(HasSubstr("accepted"))));
}

TEST_F(StoreBaselinesTest, NothingIsStoredIfNotEverythingWasMeasured) {
  inputs_.errors = {"//a:other: did not run"};
  EXPECT_THAT(Store(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                "the baselines stay as they are, because not everything could be "
                                "measured"));
  ExpectNothingStored();
}

TEST_F(StoreBaselinesTest, NothingIsStoredIfARequirementIsMissed) {
  Requirement& requirement = *inputs_.requirements["a"].add_requirements();
  requirement.set_measurement("a.time");
  requirement.set_statistic(MEDIAN);
  requirement.set_unit("ms");
  requirement.set_at_most(5);
  EXPECT_THAT(Store(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                "the baselines stay as they are, because a requirement is missed"));
  ExpectNothingStored();
}

TEST_F(StoreBaselinesTest, ARequirementThatIsMetKeepsNothingBack) {
  Requirement& requirement = *inputs_.requirements["a"].add_requirements();
  requirement.set_measurement("a.time");
  requirement.set_statistic(MEDIAN);
  requirement.set_unit("ms");
  requirement.set_at_most(50);
  EXPECT_THAT(Store(), IsOk());
}

TEST(ReadBaselinesTest, WhatIsNotStoredIsLeftOut) {
  const Suite suite = SampleSuite({"//a:t"});
  EXPECT_THAT(ReadBaselines(EmptyFolder("none"), "machine", suite.requirements),
              IsOkAndHolds(IsEmpty()));
}

TEST(ReadBaselinesTest, AMalformedFileIsAnError) {
  const Suite suite = SampleSuite({"//a:t"});
  const std::string directory = EmptyFolder("malformed");
  std::filesystem::create_directory(directory + "/machine");
  ASSERT_THAT(command::WriteOutput(directory + "/machine/a.textproto",
                                   {.kind = command::kTextFile, .keep = {}}, "component: a"),
              IsOk());
  EXPECT_THAT(ReadBaselines(directory, "machine", suite.requirements),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("a.textproto:1:")));
}

}  // namespace
}  // namespace perf
