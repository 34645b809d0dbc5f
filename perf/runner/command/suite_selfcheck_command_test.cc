#include "perf/runner/command/suite_selfcheck_command.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/mode/options.h"
#include "perf/mode/testing/fake_services.h"
#include "perf/mode/testing/sample_suite.h"
#include "perf/process/subprocess.h"
#include "perf/suite/suite_selection.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

using ::absl_testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class SuiteSelfcheckCommandTest : public testing::Test {
 protected:
  SuiteSelfcheckCommandTest()
      : folder_(EmptyFolder(absl::StrCat(
            "selfcheck_", testing::UnitTest::GetInstance()->current_test_info()->name()))),
        suite_(SampleSuite({"//a:t"})) {
    setenv("XDG_CACHE_HOME", (folder_ + "/cache").c_str(), 1);
    options_.workspace = folder_;
    options_.output_dir = folder_ + "/output";
  }

  absl::StatusOr<int> Run(const std::string& rounds_file) {
    return RunSuiteSelfcheckCommand(suite_, AllTests(suite_), options_,
                                    {.length = absl::ZeroDuration(), .rounds_file = rounds_file},
                                    services_);
  }

  // The path of a file with these rounds.
  std::string Rounds(const std::string& text) {
    std::string path = folder_ + "/rounds.textproto";
    std::ofstream(path) << text;
    return path;
  }

  const std::string folder_;
  const Suite suite_;
  SuiteOptions options_;
  FakeServices services_;
};

// Rounds of so many measurements, under both conditions.
std::string Recorded(int num_measurements, const std::string& rounds) {
  std::string text;
  for (const char* condition : {"quiet", "neighbour"}) {
    absl::StrAppend(&text, condition, " { target: \"//a:t\"\n");
    for (int i = 0; i < num_measurements; ++i) {
      absl::StrAppend(&text, "measurements { name: \"a.", i, "\" ", rounds, " }\n");
    }
    absl::StrAppend(&text, "}\n");
  }
  return text;
}

TEST_F(SuiteSelfcheckCommandTest, AFileThatIsNoneOfRoundsIsNamed) {
  const std::string path = Rounds("quiet {\n  target: 3\n}\n");
  EXPECT_THAT(Run(path),
              StatusIs(absl::StatusCode::kInvalidArgument, StartsWith(absl::StrCat(path, ":2:"))));
  EXPECT_THAT(Run("/dev/zero"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("/dev/zero: it is a device")));
  EXPECT_THAT(services_.programs().calls(), IsEmpty());
}

TEST_F(SuiteSelfcheckCommandTest, RoundsOfFewMeasurementsDoNotSuffice) {
  EXPECT_THAT(Run(Rounds("")), StatusIs(absl::StatusCode::kFailedPrecondition,
                                        HasSubstr("there are rounds of 0 measurements")));
  EXPECT_THAT(Run(Rounds(Recorded(13, "log_ratios: 0"))),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("there are rounds of 13 measurements, and at least 14")));
  EXPECT_THAT(Run(Rounds(Recorded(14, ""))),
              StatusIs(absl::StatusCode::kInvalidArgument, "'a.0' has no rounds"));
}

TEST_F(SuiteSelfcheckCommandTest, APathThatCannotBeWrittenIsSaidBeforeTheWork) {
  EXPECT_THAT(Run(folder_ + "/none/rounds.textproto"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("/none")));
  EXPECT_THAT(services_.programs().calls(), IsEmpty());
  EXPECT_THAT(services_.said(), IsEmpty());
}

TEST_F(SuiteSelfcheckCommandTest, TestsThatDoNotBuildLeaveNoFile) {
  services_.programs().set_answer([](const SubprocessOptions&) {
    SubprocessResult failed;
    failed.exit_code = 1;
    return failed;
  });
  const std::string path = folder_ + "/rounds.textproto";
  EXPECT_THAT(Run(path), StatusIs(absl::StatusCode::kFailedPrecondition,
                                  HasSubstr("the working tree does not build")));
  EXPECT_THAT(services_.said(), ElementsAre("building 1 test of the working tree"));
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace perf
