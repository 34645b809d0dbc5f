#include "perf/mode/options.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::HasSubstr;

// The options with one of them on.
using Change = void (*)(SuiteOptions&);
void Update(SuiteOptions& options) { options.update_baselines = true; }
void AnyMode(SuiteOptions& options) { options.allow_any_mode = true; }
void Against(SuiteOptions& options) { options.against = "HEAD"; }
void Counts(SuiteOptions& options) { options.counts = true; }
void Events(SuiteOptions& options) { options.build_event_file = "/events.json"; }
void Lines(SuiteOptions& options) { options.baseline_file = "/performance_baseline.txt"; }

TEST(OptionsTest, EachByItselfIsFine) {
  for (const Change change : {Update, AnyMode, Against, Counts, Events, Lines}) {
    SuiteOptions options;
    change(options);
    EXPECT_THAT(CheckOptions(options), IsOk());
  }
}

TEST(OptionsTest, SomeExcludeEachOther) {
  const struct {
    Change one;
    Change other;
    absl::string_view message;
  } cases[] = {
      {Update, Against, "--update_baselines and --against exclude each other"},
      {Update, AnyMode, "--update_baselines and --allow_any_mode exclude each other"},
      {Counts, Against, "--counts and --against exclude each other"},
      {Counts, Lines, "--counts and --baseline_file exclude each other"},
      {Counts, Events, "--counts and --build_event_file exclude each other"},
      {Against, Events, "--against and --build_event_file exclude each other"},
      {Against, Lines, "--against and --baseline_file exclude each other"},
  };
  for (const auto& [one, other, message] : cases) {
    SuiteOptions options;
    one(options);
    other(options);
    EXPECT_THAT(CheckOptions(options),
                StatusIs(absl::StatusCode::kInvalidArgument, std::string(message)));
  }
}

TEST(OptionsTest, NumbersHaveBounds) {
  SuiteOptions options;
  options.time_budget = absl::ZeroDuration();
  EXPECT_THAT(CheckOptions(options),
              StatusIs(absl::StatusCode::kInvalidArgument, "--time_budget has to be more than 0"));
  options = {};
  options.confirmations = -1;
  EXPECT_THAT(CheckOptions(options),
              StatusIs(absl::StatusCode::kInvalidArgument, "--confirm has to be at least 0"));
}

TEST(OptionsTest, WhyIsOneLineAboutAnUpdate) {
  SuiteOptions options;
  options.why = "a safer codec, für alle";
  EXPECT_THAT(CheckOptions(options), StatusIs(absl::StatusCode::kInvalidArgument,
                                              "--why has a meaning only with --update_baselines"));
  options.update_baselines = true;
  EXPECT_THAT(CheckOptions(options), IsOk());
  for (const std::string& why : {std::string("two\nlines"), std::string("\x1b[31m"),
                                 std::string("\xff"), std::string(501, 'x')}) {
    options.why = why;
    EXPECT_THAT(CheckOptions(options),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         "--why has to be one line of at most 500 bytes, without control "
                         "characters"));
  }
}

TEST(OptionsTest, AMachineIsNamedByAFoldersName) {
  for (const absl::string_view name : {"ci", "ci-pool-2", "4"}) {
    SuiteOptions options;
    options.machine = std::string(name);
    EXPECT_THAT(CheckOptions(options), IsOk()) << name;
  }
  for (const absl::string_view name : {"CI", "a b", "../up", "a_b", "x/y", "ä"}) {
    SuiteOptions options;
    options.machine = std::string(name);
    EXPECT_THAT(CheckOptions(options), StatusIs(absl::StatusCode::kInvalidArgument,
                                                HasSubstr("use 1 to 64 of the characters a-z")))
        << name;
  }
  EXPECT_THAT(CheckMachineName(""), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(CheckMachineName(std::string(65, 'a')), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(OptionsTest, AMachineIsNotNamedAsWhatIsNoMachines) {
  for (const absl::string_view name : {"any-machine", "counts-x86-64"}) {
    EXPECT_THAT(CheckMachineName(name),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("choose another name")));
  }
}

}  // namespace
}  // namespace perf
