// Whether a planted slowdown is named, wherever it is.
#include "perf/explain/explain_benchmark.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/explain/explanation_text.h"
#include "perf/process/program_runner.h"
#include "perf/process/subprocess.h"
#include "perf/process/testing/fake_program_runner.h"
#include "perf/record/environment.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::AllOf;
using testing::Contains;
using testing::Each;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Property;
using testing::SizeIs;
using testing::StartsWith;

// Valgrind and these sanitizers each want the address space for themselves; code that is not
// optimised, or that has more in it than its source, has its costs elsewhere.
bool CanExplain() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || \
    defined(PERF_UNDEFINED_SANITIZER)
  return false;
#else
  return CurrentEnvironment().compilation_mode() == "opt" && std::getenv("COVERAGE_DIR") == nullptr;
#endif
}

BenchmarkProgram Program(const std::string& name) {
  return {.path = absl::StrCat(get_current_dir_name(), "/perf/explain/testing/", name),
          .directory = {}};
}

class ExplainBenchmarkTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!CanExplain()) GTEST_SKIP();
  }

  absl::StatusOr<Explanation> TryToExplain(const std::string& measurement) {
    return ExplainBenchmark(
        Program("planted_benchmarks"), Program("planted_slower_benchmarks"),
        {.measurement = measurement, .scratch = testing::TempDir(), .programs = programs_});
  }

  Explanation Explain(const std::string& measurement) {
    absl::StatusOr<Explanation> explanation = TryToExplain(measurement);
    EXPECT_THAT(explanation, IsOk());
    if (!explanation.ok()) return {};
    // For whoever reads the test's log.
    std::printf("%s\n%s\n", measurement.c_str(), ExplanationText(*explanation).c_str());
    return *std::move(explanation);
  }

  SystemProgramRunner programs_;
};

TEST_F(ExplainBenchmarkTest, NamesAFunction) {
  const Explanation explanation = Explain("planted.function");
  EXPECT_EQ(explanation.cause(), CAUSE_FUNCTION);
  EXPECT_THAT(explanation.line(), HasSubstr(" in planted::Checksum"));
  EXPECT_THAT(explanation.function(), HasSubstr("Checksum"));
  EXPECT_GT(explanation.instructions_after(), explanation.instructions_before() * 2);
  ASSERT_FALSE(explanation.functions().empty());
  const FunctionChange& first = explanation.functions(0);
  EXPECT_THAT(first.function(), HasSubstr("Checksum"));
  EXPECT_EQ(first.presence(), FUNCTION_IN_BOTH);
  EXPECT_EQ(first.calls_before(), 1);
  EXPECT_EQ(first.calls_after(), 1);
  // The function that the loop stands in has its own name.
  EXPECT_THAT(explanation.functions(1).function(), HasSubstr("BM_Function"));
  // Nearly all of the difference is the function's own.
  const double change = explanation.instructions_after() - explanation.instructions_before();
  EXPECT_GT(first.self_after() - first.self_before(), change * 0.95);
  EXPECT_GT(first.inclusive_after() - first.inclusive_before(), change * 0.95);
}

TEST_F(ExplainBenchmarkTest, NamesAnInlinedFunction) {
  const Explanation explanation = Explain("planted.inlined");
  EXPECT_EQ(explanation.cause(), CAUSE_FUNCTION);
  EXPECT_THAT(explanation.line(), HasSubstr("planted::Filter (inlined: "));
  EXPECT_THAT(explanation.line(), HasSubstr("WeightedSum)"));
  ASSERT_FALSE(explanation.functions().empty());
  EXPECT_THAT(explanation.functions(0).inlined(),
              Contains(Property(&InlinedChange::function, HasSubstr("WeightedSum"))));
}

TEST_F(ExplainBenchmarkTest, NamesWhoAllocates) {
  const Explanation explanation = Explain("planted.allocation");
  EXPECT_EQ(explanation.cause(), CAUSE_ALLOCATION);
  EXPECT_THAT(explanation.line(),
              HasSubstr("in allocating memory: 1 more allocation, by planted::Collect"));
  EXPECT_THAT(explanation.function(), HasSubstr("Collect"));
  EXPECT_EQ(explanation.allocations_before(), 0);
  EXPECT_EQ(explanation.allocations_after(), 1);
  ASSERT_EQ(explanation.allocations_size(), 1);
  EXPECT_THAT(explanation.allocations(0).caller(), HasSubstr("Collect"));
  EXPECT_EQ(explanation.allocations(0).after(), 1);
}

TEST_F(ExplainBenchmarkTest, NamesWhoCopies) {
  const Explanation explanation = Explain("planted.copy");
  EXPECT_EQ(explanation.cause(), CAUSE_COPY);
  EXPECT_THAT(explanation.line(), HasSubstr("in memcpy: 1 more call, by planted::Forward"));
  EXPECT_THAT(explanation.function(), HasSubstr("Forward"));
}

TEST_F(ExplainBenchmarkTest, NamesWhoLocks) {
  const Explanation explanation = Explain("planted.lock");
  EXPECT_EQ(explanation.cause(), CAUSE_LOCK);
  EXPECT_THAT(explanation.line(), HasSubstr("in locks (pthread_mutex_"));
  EXPECT_THAT(explanation.line(), HasSubstr("1 more lock, by planted::Increment"));
  EXPECT_THAT(explanation.function(), HasSubstr("Increment"));
}

TEST_F(ExplainBenchmarkTest, SaysThatTheInstructionsAreTheSame) {
  const Explanation explanation = Explain("planted.same");
  EXPECT_EQ(explanation.cause(), CAUSE_NOT_IN_INSTRUCTIONS);
  EXPECT_THAT(explanation.line(), StartsWith("the same "));
  EXPECT_THAT(explanation.line(), HasSubstr("layout, its memory, locks or waiting"));
  EXPECT_THAT(explanation.functions(), IsEmpty());
  EXPECT_THAT(explanation.notes(), Contains(HasSubstr("perf stat")));
}

TEST_F(ExplainBenchmarkTest, WhatOneBuildDoesNotHaveIsSaid) {
  EXPECT_THAT(TryToExplain("planted.new"),
              StatusIs(absl::StatusCode::kNotFound,
                       HasSubstr("the baseline's build: there is no benchmark 'planted.new'")));
  EXPECT_THAT(TryToExplain("planted.fail"),
              StatusIs(absl::StatusCode::kAborted, HasSubstr("the result is wrong")));
}

// Everything would be new in the other build, and be blamed.
TEST_F(ExplainBenchmarkTest, ABuildThatCountsNothingIsNotComparedWith) {
  EXPECT_THAT(TryToExplain("planted.uncounted"),
              StatusIs(absl::StatusCode::kUnimplemented,
                       AllOf(HasSubstr("the baseline's build: callgrind counted no instruction"),
                             HasSubstr("of a version that counts otherwise"))));
}

TEST_F(ExplainBenchmarkTest, WithoutAddr2lineTheFunctionsAreStillNamed) {
  FakeProgramRunner programs;
  programs.set_answer([](const SubprocessOptions&) {
    return absl::StatusOr<SubprocessResult>(absl::NotFoundError("there is no addr2line"));
  });
  const absl::StatusOr<Explanation> explanation = ExplainBenchmark(
      Program("planted_benchmarks"), Program("planted_slower_benchmarks"),
      {.measurement = "planted.inlined", .scratch = testing::TempDir(), .programs = programs});
  ASSERT_THAT(explanation, IsOk());
  EXPECT_THAT(explanation->line(), HasSubstr(" in planted::Filter"));
  EXPECT_THAT(explanation->line(), Not(HasSubstr("inlined")));
  EXPECT_THAT(explanation->notes(), AllOf(SizeIs(2), Each(HasSubstr("there is no addr2line"))));
}

TEST_F(ExplainBenchmarkTest, WhatIsNotKnownOfOneBuildIsNotBlamed) {
  // It fails for the baseline's build.
  FakeProgramRunner programs;
  programs.set_answer([](const SubprocessOptions& options) -> absl::StatusOr<SubprocessResult> {
    const std::string words = absl::StrJoin(options.arguments, " ");
    if (!absl::StrContains(words, "slower")) {
      return SubprocessResult{.exit_code = 1, .output = "", .errors = "it is broken"};
    }
    return RunProgram(options, SubprocessOutput::kCaptureWithErrors);
  });
  const absl::StatusOr<Explanation> explanation = ExplainBenchmark(
      Program("planted_benchmarks"), Program("planted_slower_benchmarks"),
      {.measurement = "planted.inlined", .scratch = testing::TempDir(), .programs = programs});
  ASSERT_THAT(explanation, IsOk());
  EXPECT_THAT(explanation->line(), HasSubstr(" in planted::Filter"));
  EXPECT_THAT(explanation->line(), Not(HasSubstr("inlined")));
  for (const FunctionChange& change : explanation->functions()) {
    EXPECT_THAT(change.inlined(), IsEmpty()) << change.function();
    // The function that the loop stands in has one name in both builds.
    EXPECT_EQ(change.presence(), FUNCTION_IN_BOTH) << change.function();
  }
  EXPECT_THAT(explanation->notes(), Contains(HasSubstr("it is broken")));
}

TEST_F(ExplainBenchmarkTest, AnInterruptEndsIt) {
  // The later it comes, the more has been done.
  bool has_explained = false;
  int times = 0;
  for (; !has_explained && times < 1000; ++times) {
    int asked = 0;
    const absl::StatusOr<Explanation> explanation =
        ExplainBenchmark(Program("planted_benchmarks"), Program("planted_slower_benchmarks"),
                         {.measurement = "planted.function",
                          .scratch = testing::TempDir(),
                          .programs = programs_,
                          .interrupted = [&] { return ++asked > times; }});
    has_explained = explanation.ok();
    if (!explanation.ok()) {
      EXPECT_THAT(explanation, StatusIs(absl::StatusCode::kCancelled)) << times;
    }
    // An interrupt in each of many answers would take too long.
    if (times > 3) times += 12;
  }
  EXPECT_TRUE(has_explained);
  // Two programs under callgrind, and addr2line for each.
  EXPECT_GE(times, 4);
}

TEST_F(ExplainBenchmarkTest, BothBuildsRunAsManyIterationsAsTheSlowerOneCan) {
  std::vector<std::string> said;
  const absl::StatusOr<Explanation> explanation =
      ExplainBenchmark(Program("planted_benchmarks"), Program("planted_slower_benchmarks"),
                       {.measurement = "planted.much",
                        .scratch = testing::TempDir(),
                        .programs = programs_,
                        .progress = [&](absl::string_view line) { said.emplace_back(line); }});
  ASSERT_THAT(explanation, IsOk());
  EXPECT_THAT(said, Contains("explaining planted.much: 1 iteration of both builds"));
  // The faster build alone would run many iterations.
  EXPECT_LT(explanation->instructions_before(), 100'000);
  EXPECT_GT(explanation->instructions_after(), 1'000'000);
  EXPECT_THAT(explanation->line(), HasSubstr("planted::Pairs"));
}

TEST_F(ExplainBenchmarkTest, AToolThatFailsIsNoMissingBenchmark) {
  // A valgrind that counts nothing.
  const std::string folder = absl::StrCat(testing::TempDir(), "/bin");
  std::filesystem::create_directories(folder);
  const std::string fake = folder + "/valgrind";
  std::ofstream(fake) << "#!/bin/bash\nwhile [[ $1 == -* ]]; do shift; done\nexec \"$@\"\n";
  std::filesystem::permissions(fake, std::filesystem::perms::owner_all);
  const std::string path = std::getenv("PATH");
  setenv("PATH", absl::StrCat(folder, ":", path).c_str(), 1);
  EXPECT_THAT(CheckValgrind(programs_), IsOk());
  EXPECT_THAT(TryToExplain("planted.function"),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("callgrind wrote no dump")));
  setenv("PATH", testing::TempDir().c_str(), 1);
  EXPECT_THAT(CheckValgrind(programs_),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("is not there")));
  EXPECT_THAT(TryToExplain("planted.function"),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("is not there")));
  setenv("PATH", path.c_str(), 1);
}

// What has no iterations.
class ExplainProgramTest : public ExplainBenchmarkTest {
 protected:
  absl::StatusOr<Explanation> Explain(const std::string& baseline, const std::string& current,
                                      absl::Duration patience = absl::Minutes(10)) {
    return ExplainProgram(Program(baseline), Program(current),
                          {.measurement = "planted.program",
                           .scratch = testing::TempDir(),
                           .programs = programs_,
                           .patience = patience});
  }
};

TEST_F(ExplainProgramTest, NamesAFunctionOfAnyThread) {
  const absl::StatusOr<Explanation> explanation =
      Explain("planted_program", "planted_slower_program");
  ASSERT_THAT(explanation, IsOk());
  std::printf("%s\n", ExplanationText(*explanation).c_str());
  EXPECT_EQ(explanation->cause(), CAUSE_FUNCTION);
  EXPECT_TRUE(explanation->of_whole_run());
  EXPECT_THAT(explanation->line(), HasSubstr(" instructions a run of the test (+"));
  EXPECT_THAT(explanation->line(), HasSubstr(" in planted::Checksum"));
  ASSERT_FALSE(explanation->functions().empty());
  // One call in each of two threads, of which each executes some instructions for each value.
  EXPECT_EQ(explanation->functions(0).calls_after(), 2);
  EXPECT_GT(explanation->functions(0).self_after() - explanation->functions(0).self_before(),
            2 * 2 * 100'000);
  ASSERT_GT(explanation->frames_size(), 1);
  EXPECT_EQ(explanation->frames(0).function(), "run");
  EXPECT_THAT(explanation->notes(), Contains(HasSubstr("figures of the whole program")));
  EXPECT_THAT(explanation->notes(), Not(Contains(HasSubstr("not known"))));
  // What differs by chance, such as what the loader does, is not in the list.
  for (const FunctionChange& function : explanation->functions()) {
    EXPECT_THAT(function.function(), Not(HasSubstr("strcmp")));
  }
}

TEST_F(ExplainProgramTest, SaysThatTheInstructionsAreTheSame) {
  const absl::StatusOr<Explanation> explanation = Explain("planted_program", "planted_program");
  ASSERT_THAT(explanation, IsOk());
  EXPECT_EQ(explanation->cause(), CAUSE_NOT_IN_INSTRUCTIONS);
  EXPECT_THAT(explanation->line(), HasSubstr(" instructions a run of the test"));
}

TEST_F(ExplainProgramTest, AProgramThatFailsOrIsNotThereSaysSo) {
  EXPECT_THAT(Explain("planted_program", "none"),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("the current build: ")));
  ASSERT_EQ(setenv("PLANTED_FAILURE", "1", 1), 0);
  EXPECT_THAT(Explain("planted_program", "planted_slower_program"),
              StatusIs(absl::StatusCode::kUnavailable,
                       AllOf(HasSubstr("the baseline's build: "), HasSubstr("exit code 3"),
                             HasSubstr("it was to fail"))));
  unsetenv("PLANTED_FAILURE");
}

TEST_F(ExplainProgramTest, TakesNoLongerThanItMay) {
  EXPECT_THAT(Explain("planted_program", "planted_program", absl::Milliseconds(1)),
              StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("took longer than 1ms")));
}

}  // namespace
}  // namespace perf
