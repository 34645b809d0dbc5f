#include "perf/bazel/test_build.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/process/testing/fake_program_runner.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

using absl_testing::IsOkAndHolds;
using absl_testing::StatusIs;
using testing::ElementsAre;
using testing::HasSubstr;

SubprocessResult Result(int exit_code, const std::string& output) {
  return {.exit_code = exit_code, .output = output, .errors = ""};
}

class TestBuildTest : public testing::Test {
 protected:
  absl::StatusOr<std::string> Build() {
    return BuildTests({"//a:t", "//b:t"}, "/tree", "the tree", options_, programs_,
                      [this](absl::string_view line) { said_.emplace_back(line); });
  }

  TestBuildOptions options_ = {.bazel = {.program = {"bazel", "--batch"}, .flags = {"--config=ci"}},
                               .cache = "/cache"};
  FakeProgramRunner programs_;
  std::vector<std::string> said_;
};

TEST_F(TestBuildTest, BuildsAndAsksWhereTheProgramsAre) {
  programs_.set_answer([](const SubprocessOptions& program) {
    return Result(0, program.arguments[2] == "info" ? "/out/bin\n" : "");
  });
  EXPECT_THAT(Build(), IsOkAndHolds("/out/bin"));
  ASSERT_EQ(programs_.calls().size(), 2u);
  EXPECT_THAT(programs_.calls()[0].arguments,
              ElementsAre("bazel", "--batch", "build", "--disk_cache=/cache/bazel", "--config=ci",
                          "--materialize_param_files", "--show_result=0", "--", "//a:t", "//b:t"));
  EXPECT_EQ(programs_.calls()[0].directory, "/tree");
  EXPECT_THAT(said_, ElementsAre("building 2 tests of the tree"));
}

TEST_F(TestBuildTest, SaysWhatDoesNotBuild) {
  programs_.set_answer([](const SubprocessOptions&) { return Result(1, ""); });
  EXPECT_THAT(Build(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                "the tree does not build: bazel ended with exit code 1"));
}

TEST_F(TestBuildTest, PassesOnThatThereIsNoBazel) {
  programs_.set_answer([](const SubprocessOptions&) -> absl::StatusOr<SubprocessResult> {
    return absl::NotFoundError("cannot run bazel");
  });
  EXPECT_THAT(Build(), StatusIs(absl::StatusCode::kNotFound, "cannot run bazel"));
}

TEST_F(TestBuildTest, SaysThatInfoFails) {
  programs_.set_answer([](const SubprocessOptions& program) {
    return Result(program.arguments[2] == "info" ? 2 : 0, "");
  });
  EXPECT_THAT(Build(), StatusIs(absl::StatusCode::kInternal, HasSubstr("exit code 2")));
}

TEST_F(TestBuildTest, AQueryLeavesOutWhatIsNotThere) {
  programs_.set_answer([](const SubprocessOptions&) { return Result(3, "@//a:t\n//b:t\n"); });
  EXPECT_THAT(QueryLabels("set(//a:t //b:t //c:t)", "/tree", options_, programs_),
              IsOkAndHolds(ElementsAre("//a:t", "//b:t")));
  // Flags of `bazel test` are none of `bazel query`.
  EXPECT_THAT(programs_.calls()[0].arguments,
              ElementsAre("bazel", "--batch", "query", "--keep_going", "--noshow_progress",
                          "--ui_event_filters=-error", "set(//a:t //b:t //c:t)"));
}

TEST_F(TestBuildTest, SaysThatAQueryFails) {
  programs_.set_answer([](const SubprocessOptions&) { return Result(7, ""); });
  EXPECT_THAT(QueryLabels("//...", "/tree", options_, programs_),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       "bazel query in /tree ended with exit code 7"));
}

}  // namespace
}  // namespace perf
