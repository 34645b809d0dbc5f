#include "perf/runner/command/explain_revisions.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/bazel/test_program.h"
#include "perf/mode/options.h"
#include "perf/mode/testing/fake_services.h"
#include "perf/mode/testing/sample_suite.h"
#include "perf/process/subprocess.h"
#include "perf/record/record_file.h"
#include "perf/record/result.pb.h"
#include "perf/suite/suite.pb.h"
#include "perf/suite/suite_selection.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

using ::absl_testing::IsOk;
using ::absl_testing::IsOkAndHolds;
using ::absl_testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

std::vector<std::string> Labels(const std::vector<SuiteTest>& tests) {
  std::vector<std::string> labels;
  for (const SuiteTest& test : tests) labels.push_back(test.label());
  return labels;
}

class TestsToAskTest : public testing::Test {
 protected:
  TestsToAskTest() : suite_(SampleSuite({"//b:m", "//a:m", "//a:t", "//b:t", "//c:t"})) {
    for (auto& [label, component] : suite_.component_of) component = label.substr(2, 1);
    // Tests of a component that the suite does not know may be asked, too.
    suite_.component_of.erase("//c:t");
    for (int i = 0; i < 2; ++i) suite_.manifest.mutable_tests(i)->set_benchmark(true);
  }

  std::vector<std::string> Asked(const std::string& measurement, bool benchmarks) {
    return Labels(TestsToAsk(suite_, AllTests(suite_), measurement, benchmarks));
  }

  Suite suite_;
};

TEST_F(TestsToAskTest, BenchmarksOfTheComponentComeFirst) {
  EXPECT_THAT(Asked("a.x", true), ElementsAre("//a:m", "//b:m"));
  EXPECT_THAT(Asked("b.x", true), ElementsAre("//b:m", "//a:m"));
  EXPECT_THAT(Asked("c.x", true), ElementsAre("//b:m", "//a:m"));
}

TEST_F(TestsToAskTest, OfTestsThatHaveToRunOnlyThoseOfTheComponentAre) {
  EXPECT_THAT(Asked("a.x", false), ElementsAre("//a:t"));
  EXPECT_THAT(Asked("b.x", false), ElementsAre("//b:t"));
  // The name tells nothing.
  EXPECT_THAT(Asked("ab.x", false), ElementsAre("//a:t", "//b:t", "//c:t"));
  EXPECT_THAT(Asked("x", false), ElementsAre("//a:t", "//b:t", "//c:t"));
}

TEST(NoSuchMeasurementTest, NamesWhatIsMeantOrWhatThereIs) {
  const auto said = [](const std::vector<std::string>& seen) {
    const absl::Status status = NoSuchMeasurement("audio.frame", seen);
    EXPECT_TRUE(absl::IsNotFound(status));
    return std::string(status.message());
  };
  EXPECT_EQ(said({}), "no test measures 'audio.frame'");
  EXPECT_EQ(said({"tools.call", "audio.frames"}),
            "no test measures 'audio.frame'; is audio.frames meant?");
  EXPECT_EQ(said({"tools.call"}), "no test measures 'audio.frame'; there is tools.call");
  EXPECT_EQ(said({"tools.a_call", "tools.b_call", "tools.c_call"}),
            "no test measures 'audio.frame'; there are tools.a_call, tools.b_call, tools.c_call");
  EXPECT_EQ(said({"tools.a_call", "tools.b_call", "tools.c_call", "tools.d_call"}),
            "no test measures 'audio.frame'; there are 4, such as tools.a_call, tools.b_call, "
            "tools.c_call");
}

TEST(CannotAskTest, NamesTheTestAndIsNeverNotFound) {
  SuiteTest test;
  test.set_label("//a:t");
  EXPECT_THAT(CannotAsk(test, absl::NotFoundError("there is no program")),
              StatusIs(absl::StatusCode::kUnavailable, "//a:t: there is no program"));
  EXPECT_THAT(CannotAsk(test, absl::InternalError("why")),
              StatusIs(absl::StatusCode::kInternal, "//a:t: why"));
}

class MeasuresTest : public testing::Test {
 protected:
  MeasuresTest() : folder_(EmptyFolder("measures")) { test_.set_label("//a:t"); }

  // A test whose record has this measurement.
  TestProgram Program(const std::string& measurement) {
    perf::Run run =
        SampleRun(test_.label(), SampleMeasurement(measurement, 1), services_.environment());
    EXPECT_THAT(WriteRunFile(run, folder_), IsOk());
    return Script("cp \"$FROM/perf_run.pb\" \"$TEST_UNDECLARED_OUTPUTS_DIR\"");
  }

  TestProgram Script(const std::string& line) {
    TestProgram program{.label = test_.label(),
                        .executable = folder_ + "/program",
                        .directory = folder_,
                        .variables = {{"FROM", folder_}}};
    std::filesystem::create_directories(program.executable + ".runfiles");
    std::ofstream(program.executable) << "#!/bin/bash\n" << line << "\n";
    std::filesystem::permissions(program.executable, std::filesystem::perms::owner_all);
    return program;
  }

  absl::StatusOr<bool> Ask(const TestProgram& program, const std::string& measurement) {
    return Measures(test_, program, measurement, folder_ + "/scratch", services_, seen_);
  }

  const std::string folder_;
  SuiteTest test_;
  FakeServices services_;
  std::vector<std::string> seen_;
};

TEST_F(MeasuresTest, ATestIsRunToSeeWhatItMeasures) {
  const TestProgram program = Program("a.time");
  EXPECT_THAT(Ask(program, "a.time"), IsOkAndHolds(true));
  EXPECT_THAT(services_.said(), ElementsAre("running //a:t"));
  EXPECT_THAT(seen_, IsEmpty());
  EXPECT_THAT(Ask(program, "a.times"), IsOkAndHolds(false));
  EXPECT_THAT(seen_, ElementsAre("a.time"));
}

TEST_F(MeasuresTest, ATestThatFailsIsAnError) {
  EXPECT_THAT(Ask(Script("echo why; exit 3"), "a.time"),
              StatusIs(absl::StatusCode::kUnavailable,
                       AllOf(StartsWith("//a:t ended with "), EndsWith(": why"))));
}

TEST_F(MeasuresTest, NothingIsRunAfterAnInterrupt) {
  services_.set_interrupted(true);
  EXPECT_THAT(Ask(Script("touch \"$FROM/ran\""), "a.time"), StatusIs(absl::StatusCode::kCancelled));
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/ran"));
}

// Both revisions are the working tree, so that nothing is checked out.
class ExplainRevisionsTest : public testing::Test {
 protected:
  ExplainRevisionsTest() : suite_(SampleSuite({"//a:m", "//a:t"})) {
    setenv("XDG_CACHE_HOME", EmptyFolder("cache").c_str(), 1);
    suite_.manifest.mutable_tests(0)->set_benchmark(true);
    options_.workspace = EmptyFolder("workspace");
  }

  absl::Status Explain(const std::vector<SuiteTest>& tests) {
    return ExplainRevisions({.suite = suite_,
                             .tests = tests,
                             .run = options_,
                             .services = services_,
                             .measurement = "a.time",
                             .baseline = "",
                             .current = ""})
        .status();
  }

  // What was called of Bazel, and of valgrind.
  std::vector<std::string> Called() {
    std::vector<std::string> called;
    for (const SubprocessOptions& call : services_.programs().calls()) {
      called.push_back(absl::StrCat(call.arguments[0], " ", call.arguments[1]));
    }
    return called;
  }

  Suite suite_;
  SuiteOptions options_;
  FakeServices services_;
};

TEST_F(ExplainRevisionsTest, NothingIsCalledWithoutTests) {
  EXPECT_THAT(Explain({}), StatusIs(absl::StatusCode::kNotFound, "no test measures 'a.time'"));
  EXPECT_THAT(Called(), IsEmpty());
}

TEST_F(ExplainRevisionsTest, NothingIsBuiltWithoutValgrind) {
  services_.programs().set_answer(
      [](const SubprocessOptions&) { return absl::NotFoundError("no such program"); });
  EXPECT_THAT(Explain(AllTests(suite_)),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("valgrind")));
  EXPECT_THAT(Called(), ElementsAre("valgrind --version"));
}

TEST_F(ExplainRevisionsTest, TestsThatARevisionHasNotAreNotBuilt) {
  EXPECT_THAT(Explain(AllTests(suite_)),
              StatusIs(absl::StatusCode::kNotFound, "no test measures 'a.time'"));
  EXPECT_THAT(Called(), ElementsAre("valgrind --version", "bazel query", "bazel query"));
}

TEST_F(ExplainRevisionsTest, WhatDoesNotBuildIsAnError) {
  services_.programs().set_answer([](const SubprocessOptions& options) {
    if (absl::c_linear_search(options.arguments, "query")) {
      return SubprocessResult{.output = "//a:m\n//a:t\n"};
    }
    return SubprocessResult{.exit_code = options.arguments[0] == "bazel" ? 1 : 0};
  });
  EXPECT_THAT(Explain(AllTests(suite_)), StatusIs(absl::StatusCode::kFailedPrecondition,
                                                  HasSubstr("the working tree does not build")));
  EXPECT_THAT(services_.said(), ElementsAre("building 1 test of the working tree"));
}

// No program is where Bazel says that it is: each test is asked for in vain, and the first failure
// is told, rather than that there is no such measurement.
TEST_F(ExplainRevisionsTest, TestsThatCannotBeAskedAreTold) {
  services_.programs().set_answer([this](const SubprocessOptions& options) {
    if (absl::c_linear_search(options.arguments, "query")) {
      return SubprocessResult{.output = "//a:m\n//a:t\n"};
    }
    if (absl::c_linear_search(options.arguments, "info")) {
      return SubprocessResult{.output = options_.workspace + "/bin\n"};
    }
    return SubprocessResult{};
  });
  EXPECT_THAT(Explain(AllTests(suite_)),
              StatusIs(absl::StatusCode::kUnavailable, StartsWith("//a:m: ")));
}

}  // namespace
}  // namespace perf
