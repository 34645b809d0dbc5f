#include "perf/program/program_cost.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::AllOf;
using testing::Ge;
using testing::HasSubstr;
using testing::Le;

constexpr char kSample[] = "perf/program/testing/sample_program";

absl::StatusOr<ProgramCost> Measure(std::vector<std::string> arguments) {
  return MeasureProgram({.launcher = "perf/program/launcher",
                         .arguments = std::move(arguments),
                         .scratch = testing::TempDir()});
}

TEST(MeasureProgramTest, KeepsWhatItWrites) {
  const absl::StatusOr<ProgramCost> cost = Measure({kSample, "print", "two words", ""});
  ASSERT_THAT(cost, IsOk());
  EXPECT_EQ(cost->exit_code, 0);
  EXPECT_EQ(cost->output, "two words\n\n");
  EXPECT_EQ(cost->errors, "");
}

TEST(MeasureProgramTest, SaysHowItEnded) {
  absl::StatusOr<ProgramCost> cost = Measure({kSample, "fail"});
  ASSERT_THAT(cost, IsOk());
  EXPECT_EQ(cost->exit_code, 3);
  EXPECT_EQ(cost->errors, "a message\n");
  cost = Measure({kSample, "kill"});
  ASSERT_THAT(cost, IsOk());
  EXPECT_EQ(cost->exit_code, 128 + 9);
}

// No upper bounds: the machine may be busy.
TEST(MeasureProgramTest, CountsTimeOnTheClockAndOnTheProcessor) {
  const absl::StatusOr<ProgramCost> slept = Measure({kSample, "sleep", "0.2"});
  ASSERT_THAT(slept, IsOk());
  EXPECT_GE(slept->wall, absl::Milliseconds(200));
  EXPECT_LT(slept->user + slept->system, slept->wall);
  const absl::StatusOr<ProgramCost> worked = Measure({kSample, "work"});
  ASSERT_THAT(worked, IsOk());
  EXPECT_GT(worked->user + worked->system, slept->user + slept->system);
}

TEST(MeasureProgramTest, ThePeakIsTheProgramsOwnAndNotThatOfItsParent) {
  // This process has more than the shell needs.
  const std::string text(200'000'000, 'x');
  ASSERT_EQ(text[100'000'000], 'x');
  const absl::StatusOr<ProgramCost> small = Measure({kSample, "print"});
  ASSERT_THAT(small, IsOk());
  EXPECT_THAT(small->peak_bytes, AllOf(Ge(100'000), Le(40'000'000)));
  // That of a process that it waited for counts.
  const absl::StatusOr<ProgramCost> large = Measure({kSample, "memory"});
  ASSERT_THAT(large, IsOk());
  EXPECT_EQ(large->exit_code, 0) << large->errors;
  EXPECT_GE(large->peak_bytes, 50'000'000);
}

TEST(MeasureProgramTest, InstructionsAreCountedOrNotThere) {
  const absl::StatusOr<ProgramCost> cost = Measure({kSample, "work"});
  ASSERT_THAT(cost, IsOk());
  EXPECT_GT(cost->instructions.value_or(1'000'000), 100'000);
}

TEST(MeasureProgramTest, WhatCannotBeStartedSaysWhy) {
  EXPECT_THAT(Measure({"./none"}),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("cannot start ./none")));
  EXPECT_THAT(Measure({"/"}),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("cannot start /")));
}

TEST(MeasureProgramTest, OutputHasABound) {
  EXPECT_THAT(Measure({kSample, "flood"}),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("it wrote 20000000 bytes")));
}

}  // namespace
}  // namespace perf
