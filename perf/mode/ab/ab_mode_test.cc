#include "perf/mode/ab/ab_mode.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/baseline/baseline_file.h"
#include "perf/bazel/testing/git_playground.h"
#include "perf/explain/explanation.pb.h"
#include "perf/mode/testing/fake_services.h"
#include "perf/mode/testing/sample_suite.h"
#include "perf/process/subprocess.h"
#include "perf/record/record_file.h"
#include "perf/record/result.pb.h"
#include "perf/record/text_proto.h"
#include "perf/report/report_builder.h"
#include "perf/suite/requirements_file.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Key;
using testing::Not;
using testing::Pair;

constexpr char kMachine[] = "machine";

// Matches a test of the component "a" that is the same byte for byte.
testing::Matcher<const UnchangedTest&> Identical(const std::string& label) {
  return AllOf(Field(&UnchangedTest::component, "a"), Field(&UnchangedTest::label, label),
               Field(&UnchangedTest::difference, ""));
}

// A repository with one commit, and a Bazel that answers as it is told: which targets and members
// the earlier tree has. Both trees' programs are one file each, in a folder for each tree.
class AbModeTest : public testing::Test {
 protected:
  AbModeTest()
      : play_(absl::StrCat("ab_", testing::UnitTest::GetInstance()->current_test_info()->name())),
        suite_(SampleSuite({"//a:t", "//a:u"})) {
    play_.Write("workspace/file", "1");
    play_.Do("workspace", "git init --quiet; git add .; git commit --quiet --message one");
    setenv("XDG_CACHE_HOME", (play_.root() + "/cache").c_str(), 1);
    options_.workspace = play_.root() + "/workspace";
    options_.output_dir = play_.root() + "/output";
    options_.baseline_dir = play_.root() + "/baselines";
    std::error_code error;
    std::filesystem::create_directories(options_.output_dir, error);
    services_.programs().set_answer(
        [this](const SubprocessOptions& bazel) { return Answer(bazel); });
  }

  SubprocessResult Answer(const SubprocessOptions& bazel) {
    const bool is_current = bazel.directory == options_.workspace;
    const std::string& command = bazel.arguments[1];
    if (command == "query") {
      const bool asks_for_members = absl::StrContains(bazel.arguments.back(), "labels(tests");
      return {.exit_code = 0,
              .output = absl::StrJoin(asks_for_members ? members_ : targets_, "\n"),
              .errors = ""};
    }
    if (command == "info") return {.exit_code = 0, .output = BinOf(is_current), .errors = ""};
    return {.exit_code = is_current ? current_exit_code_ : baseline_exit_code_,
            .output = "",
            .errors = ""};
  }

  std::string BinOf(bool is_current) const {
    return play_.root() + (is_current ? "/new-bin" : "/old-bin");
  }

  // The program of a target, "a/t".
  void WriteProgram(bool is_current, const std::string& path, const std::string& content) {
    const std::string program = absl::StrCat(BinOf(is_current), "/", path);
    std::error_code error;
    std::filesystem::create_directories(program + ".runfiles/w", error);
    std::ofstream(program) << content;
  }

  RunContext Context() {
    return {.suite = suite_,
            .tests = AllTests(suite_),
            .options = options_,
            .services = services_,
            .environment = services_.environment(),
            .machine = kMachine};
  }

  absl::StatusOr<Findings> Measure(const std::string& revision) {
    const RunContext context = Context();
    return AbMode(revision).Measure(context, context.tests);
  }

  // The labels that were built in one of the trees.
  std::vector<std::string> Built(bool is_current) {
    for (const SubprocessOptions& call : services_.programs().calls()) {
      if (call.arguments[1] != "build") continue;
      if ((call.directory == options_.workspace) != is_current) continue;
      const auto& words = call.arguments;
      return {std::find(words.begin(), words.end(), "--") + 1, words.end()};
    }
    return {};
  }

  const GitPlayground play_;
  Suite suite_;
  SuiteOptions options_;
  FakeServices services_;
  std::vector<std::string> targets_ = {"//a:t", "//a:u"};
  std::vector<std::string> members_ = {"//a:t", "//a:u"};
  int baseline_exit_code_ = 0;
  int current_exit_code_ = 0;
};

TEST_F(AbModeTest, RefusesARevisionThatIsNone) {
  EXPECT_THAT(Measure("nonsense"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("'nonsense' is not a commit, tag or branch")));
  EXPECT_THAT(services_.programs().calls(), IsEmpty());
}

TEST_F(AbModeTest, RefusesAWorkspaceWithoutRepository) {
  options_.workspace = play_.root() + "/output";
  EXPECT_THAT(Measure("HEAD"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("is not in a git repository")));
}

TEST_F(AbModeTest, RefusesARevisionWithoutAnyOfTheTests) {
  targets_ = {};
  members_ = {};
  EXPECT_THAT(Measure("HEAD"), StatusIs(absl::StatusCode::kFailedPrecondition,
                                        HasSubstr("none of the selected tests existed in")));
}

TEST_F(AbModeTest, SaysWhichTreeDoesNotBuild) {
  current_exit_code_ = 1;
  EXPECT_THAT(Measure("HEAD"), StatusIs(absl::StatusCode::kFailedPrecondition,
                                        HasSubstr("the working tree does not build")));
  baseline_exit_code_ = 1;
  EXPECT_THAT(Measure("HEAD"),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("/tree does not build")));
}

TEST_F(AbModeTest, ProgramsThatAreTheSameAreNotRun) {
  for (const bool is_current : {false, true}) {
    for (const char* path : {"a/t", "a/u"}) WriteProgram(is_current, path, "the same");
  }
  const absl::StatusOr<Findings> findings = Measure("HEAD");
  ASSERT_THAT(findings, IsOk());
  EXPECT_THAT(findings->unchanged, ElementsAre(Identical("//a:t"), Identical("//a:u")));
  EXPECT_THAT(findings->errors, IsEmpty());
  EXPECT_THAT(findings->runs, IsEmpty());
  EXPECT_THAT(findings->gone, IsEmpty());
  EXPECT_EQ(findings->ab_revision, play_.Ask("workspace", "git rev-parse HEAD").substr(0, 12));
}

TEST_F(AbModeTest, ComparesWithAReleaseByItsTag) {
  play_.Do("workspace",
           "git tag --annotate --message release v1.2; echo 2 >file; git commit --quiet --all "
           "--message two");
  for (const bool is_current : {false, true}) {
    for (const char* path : {"a/t", "a/u"}) WriteProgram(is_current, path, "the same");
  }
  const absl::StatusOr<Findings> findings = Measure("v1.2");
  ASSERT_THAT(findings, IsOk());
  const std::string commit = play_.Ask("workspace", "git rev-parse HEAD~1").substr(0, 12);
  EXPECT_EQ(findings->ab_revision, commit);
  EXPECT_THAT(findings->notes, Contains(HasSubstr("compared with v1.2 (" + commit + "), which")));
}

TEST_F(AbModeTest, ATestThatFailsIsAnErrorOfThatTest) {
  for (const bool is_current : {false, true}) WriteProgram(is_current, "a/t", "the same");
  const absl::StatusOr<Findings> findings = Measure("HEAD");
  ASSERT_THAT(findings, IsOk());
  EXPECT_THAT(findings->errors, ElementsAre(HasSubstr("//a:u: there is no ")));
  EXPECT_THAT(findings->unchanged, ElementsAre(Identical("//a:t")));
}

TEST_F(AbModeTest, NewAndRemovedTestsAreNamed) {
  targets_ = {"//a:t"};
  members_ = {"//a:t", "//a:gone"};
  for (const bool is_current : {false, true}) WriteProgram(is_current, "a/t", "the same");
  const absl::StatusOr<Findings> findings = Measure("HEAD");
  ASSERT_THAT(findings, IsOk());
  EXPECT_THAT(findings->notes, Contains(HasSubstr("//a:u is new since ")));
  ASSERT_EQ(findings->gone.size(), 1u);
  EXPECT_EQ(findings->gone[0].name, "//a:gone");
}

TEST_F(AbModeTest, OfANarrowedRunNothingIsRemoved) {
  options_.selection = "--type performance";
  members_ = {"//a:t", "//a:u", "//a:gone"};
  for (const bool is_current : {false, true}) {
    for (const char* path : {"a/t", "a/u"}) WriteProgram(is_current, path, "the same");
  }
  const absl::StatusOr<Findings> findings = Measure("HEAD");
  ASSERT_THAT(findings, IsOk());
  EXPECT_THAT(findings->gone, IsEmpty());
}

TEST_F(AbModeTest, AMovedTestIsComparedWithWhatItWas) {
  targets_ = {"//a:t"};
  members_ = {"//a:t", "//old/place:u"};
  WriteProgram(false, "a/t", "the same");
  WriteProgram(true, "a/t", "the same");
  WriteProgram(false, "old/place/u", "moved");
  WriteProgram(true, "a/u", "moved");
  const absl::StatusOr<Findings> findings = Measure("HEAD");
  ASSERT_THAT(findings, IsOk());
  EXPECT_THAT(findings->notes, Contains(HasSubstr("//a:u is compared with //old/place:u of ")));
  EXPECT_THAT(findings->unchanged, ElementsAre(Identical("//a:t"), Identical("//a:u")));
  EXPECT_THAT(findings->gone, IsEmpty());
  EXPECT_THAT(Built(false), ElementsAre("//a:t", "//old/place:u"));
  EXPECT_THAT(Built(true), ElementsAre("//a:t", "//a:u"));
}

// Which loads both programs are run with. They are scripts that tell, and leave a record.
class AbModeLoadsTest : public AbModeTest {
 protected:
  AbModeLoadsTest() {
    suite_ = SampleSuite({"//a:t"});
    SuiteTest& test = *suite_.manifest.mutable_tests(0);
    test.set_requirements("a/requirements.textproto");
    targets_ = {"//a:t"};
    options_.profile = "ab";
    // Enough for one round.
    options_.time_budget = absl::Milliseconds(1);
    const auto stated = ParseRequirements(
        "component: 'a' loads { name: 'turns' quick: 12 default: 60 long: 600 ab: 6 } "
        "loads { name: 'records' quick: 1000 default: 1000 long: 1000 ab: 50 }",
        "the working tree's");
    EXPECT_THAT(stated, IsOk());
    suite_.requirements["a"] = *stated;
    const std::string record = play_.root() + "/record";
    std::error_code error;
    std::filesystem::create_directories(record, error);
    EXPECT_THAT(
        WriteRunFile(SampleRun("//a:t", SampleMeasurement("a.time", 10), services_.environment()),
                     record),
        IsOk());
    for (const bool is_current : {false, true}) {
      WriteProgram(is_current, "a/t",
                   absl::StrCat("#!/bin/sh\necho \"$PERF_PROFILE $PERF_OVERRIDES\" > ",
                                LoadsFile(is_current), "\ncp ", record, "/", kRunFileName,
                                " \"$TEST_UNDECLARED_OUTPUTS_DIR\"\n"));
      std::filesystem::permissions(BinOf(is_current) + "/a/t", std::filesystem::perms::owner_all,
                                   error);
    }
  }

  std::string LoadsFile(bool is_current) const {
    return absl::StrCat(play_.root(), "/loads-", is_current);
  }

  // What the earlier tree states; the working tree states what the constructor says.
  void StateEarlier(const std::string& text) {
    const std::string file = BinOf(false) + "/a/t.runfiles/w/a/requirements.textproto";
    std::error_code error;
    std::filesystem::create_directories(std::filesystem::path(file).parent_path(), error);
    std::ofstream(file) << text;
  }

  // The profile and the overrides that both programs got.
  std::string LoadsOfBothPrograms() {
    findings_ = Measure("HEAD");
    EXPECT_THAT(findings_, IsOk());
    EXPECT_THAT(findings_->errors, IsEmpty());
    std::string loads = ReadFile(LoadsFile(true)).value_or("none");
    EXPECT_EQ(ReadFile(LoadsFile(false)).value_or("none"), loads);
    return loads;
  }

  absl::StatusOr<Findings> findings_;
};

TEST_F(AbModeLoadsTest, OfEqualTreesAreThoseOfOneRun) {
  StateEarlier(
      "component: 'a' loads { name: 'turns' quick: 12 default: 60 long: 600 ab: 7 } "
      "loads { name: 'records' quick: 1000 default: 1000 long: 1000 ab: 70 }");
  EXPECT_EQ(LoadsOfBothPrograms(), "quick records=50,turns=6\n");
  ASSERT_EQ(findings_->runs.size(), 1u);
  EXPECT_EQ(findings_->runs[0].provenance().profile(), "ab");
}

TEST_F(AbModeLoadsTest, OfAnEarlierTreeAreThoseItStates) {
  StateEarlier("component: 'a' loads { name: 'turns' quick: 12 default: 60 long: 600 }");
  options_.load_overrides = "a.turns=3";
  EXPECT_EQ(LoadsOfBothPrograms(), "quick turns=6,a.turns=3\n");
  EXPECT_THAT(findings_->notes, Not(Contains(HasSubstr("quick loads"))));
}

TEST_F(AbModeLoadsTest, WhatTheEarlierTreeAcceptsIsFound) {
  StateEarlier(
      "component: 'a' accepted { measurement: 'a.time' at_most_percent: 15 why: 'w' until: "
      "'2027-01-31' }");
  LoadsOfBothPrograms();
  EXPECT_THAT(findings_->accepted_before, ElementsAre(Pair("a.time", 15)));
}

TEST_F(AbModeLoadsTest, WhatTheTimeDoesNotSufficeForIsUnresolved) {
  LoadsOfBothPrograms();
  ASSERT_THAT(findings_->ab, Contains(Key("a.time")));
  const UnresolvedResult& unresolved = findings_->ab.at("a.time").unresolved;
  EXPECT_EQ(unresolved.reason(), NOT_REACHED);
  EXPECT_EQ(unresolved.rounds(), 1);
  EXPECT_THAT(findings_->notes, Contains(HasSubstr("1 measurement is unresolved (1 not reached)")));
}

TEST_F(AbModeLoadsTest, TheSamplesOfBothSidesAreKept) {
  LoadsOfBothPrograms();
  ASSERT_THAT(findings_->ab, Contains(Key("a.time")));
  ASSERT_EQ(findings_->runs.size(), 1u);
  // One round is one run of each build.
  EXPECT_THAT(findings_->ab.at("a.time").baseline_samples, testing::SizeIs(1));
  EXPECT_EQ(findings_->runs[0].measurements(0).samples_size(), 1);
}

TEST_F(AbModeLoadsTest, AnInterruptEndsTheComparisonWithWhatIsKnown) {
  services_.set_interrupted(true);
  LoadsOfBothPrograms();
  EXPECT_THAT(findings_->notes, Contains(HasSubstr("interrupted: ")));
  EXPECT_THAT(findings_->runs, IsEmpty());
}

TEST_F(AbModeLoadsTest, AreQuickIfTheEarlierOnesCannotBeRead) {
  StateEarlier("component: 'a' loads { name: 'turns' later: 12 }");
  EXPECT_EQ(LoadsOfBothPrograms(), "quick \n");
  EXPECT_THAT(findings_->notes,
              Contains(AllOf(HasSubstr("//a:t: measured with quick loads, because "),
                             HasSubstr("requirements.textproto"))));
}

TEST_F(AbModeLoadsTest, AreThoseOfTheProfileThatIsAskedFor) {
  options_.profile = "long";
  EXPECT_EQ(LoadsOfBothPrograms(), "long \n");
  EXPECT_THAT(findings_->notes, Not(Contains(HasSubstr("quick loads"))));
}

// Valgrind and these sanitizers each want the address space for themselves.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kValgrindRuns = false;
#else
constexpr bool kValgrindRuns = true;
#endif

// What makes a benchmark three times as slow. Its trees are two builds of one source.
class AbModeExplainTest : public AbModeTest {
 protected:
  AbModeExplainTest() {
    suite_ = SampleSuite({"//a:t"});
    suite_.manifest.mutable_tests(0)->set_benchmark(true);
    targets_ = {"//a:t"};
    options_.profile = "quick";
    options_.time_budget = absl::Seconds(30);
    options_.filter = "planted[.](function|same)";
    for (const bool is_current : {false, true}) {
      WriteProgram(is_current, "a/t", "");
      std::error_code error;
      std::filesystem::copy_file(is_current ? "perf/explain/testing/planted_slower_benchmarks"
                                            : "perf/explain/testing/planted_benchmarks",
                                 BinOf(is_current) + "/a/t",
                                 std::filesystem::copy_options::overwrite_existing, error);
      EXPECT_FALSE(error) << error.message();
      std::filesystem::permissions(BinOf(is_current) + "/a/t", std::filesystem::perms::owner_all,
                                   error);
    }
  }
};

TEST_F(AbModeExplainTest, WhatIsSlowerIsExplained) {
  if (!kValgrindRuns) GTEST_SKIP();
  options_.explain = true;
  const absl::StatusOr<Findings> findings = Measure("HEAD");
  ASSERT_THAT(findings, IsOk());
  EXPECT_THAT(findings->errors, IsEmpty());
  ASSERT_EQ(findings->explanations.size(), 1u);
  const Explanation& explanation = findings->explanations.at("planted.function");
  EXPECT_EQ(explanation.cause(), CAUSE_FUNCTION);
  EXPECT_THAT(explanation.line(), HasSubstr(" in planted::Checksum"));
  EXPECT_GT(explanation.frames_size(), 1);
}

TEST_F(AbModeExplainTest, UnlessNobodyAsksForIt) {
  const absl::StatusOr<Findings> findings = Measure("HEAD");
  ASSERT_THAT(findings, IsOk());
  EXPECT_THAT(findings->ab, Contains(Key("planted.function")));
  EXPECT_THAT(findings->explanations, IsEmpty());
}

// Measurements of a program that is no Google Benchmark program, all of which are worse.
TEST_F(AbModeLoadsTest, ARunOfAProgramExplainsAllThatItMeasures) {
  if (!kValgrindRuns) GTEST_SKIP();
  constexpr int kMeasurements = 7;
  for (const bool is_current : {false, true}) {
    perf::Run run = SampleRun("//a:t", SampleMeasurement("a.m0", is_current ? 30 : 10),
                              services_.environment());
    for (int i = 1; i < kMeasurements; ++i) {
      *run.add_measurements() = SampleMeasurement(absl::StrCat("a.m", i), is_current ? 30 : 10);
    }
    for (Measurement& measurement : *run.mutable_measurements()) {
      // One round is the truth.
      measurement.set_deterministic(true);
    }
    run.set_num_measurements(kMeasurements);
    const std::string record = absl::StrCat(play_.root(), "/record-", is_current);
    std::error_code error;
    std::filesystem::create_directories(record, error);
    ASSERT_THAT(WriteRunFile(run, record), IsOk());
    WriteProgram(is_current, "a/t",
                 absl::StrCat("#!/bin/sh\ncp ", record, "/", kRunFileName,
                              " \"$TEST_UNDECLARED_OUTPUTS_DIR\"\n"));
  }
  // Bazel is faked, and valgrind is not.
  services_.programs().set_answer(
      [this](const SubprocessOptions& options) -> absl::StatusOr<SubprocessResult> {
        if (options.arguments[0] != "valgrind") return Answer(options);
        return RunProgram(options, SubprocessOutput::kCaptureWithErrors);
      });
  options_.explain = true;
  const absl::StatusOr<Findings> findings = Measure("HEAD");
  ASSERT_THAT(findings, IsOk());
  EXPECT_THAT(findings->errors, IsEmpty());
  EXPECT_EQ(findings->explanations.size(), kMeasurements);
  for (const auto& [name, explanation] : findings->explanations) {
    // Both are the same script, which copies its record.
    EXPECT_EQ(explanation.cause(), CAUSE_NOT_IN_INSTRUCTIONS) << name;
    EXPECT_THAT(explanation.line(), HasSubstr(" instructions a run of the test")) << name;
  }
  // One run of the test explains all that it measures.
  EXPECT_THAT(findings->notes, Not(Contains(HasSubstr("the gravest"))));
}

// Which revision the stored baselines name.
class AbModeBaselineTest : public AbModeTest {
 protected:
  void Store(const std::string& component, const std::string& commit) {
    perf::Run run =
        SampleRun("//a:t", SampleMeasurement(component + ".time", 10), services_.environment());
    run.mutable_provenance()->set_commit(commit);
    ComponentBaseline baseline;
    baseline.set_component(component);
    baseline.set_machine(kMachine);
    PutBaseline(ToBaseline(run.measurements(0), run, "2026-01-01"), baseline);
    ASSERT_THAT(WriteBaseline(baseline, options_.baseline_dir), IsOk());
    suite_.requirements[component].set_component(component);
  }

  absl::Status Prepare() {
    ReportInputs inputs;
    inputs.requirements = suite_.requirements;
    return AbMode(kBaselineRevision).Prepare(Context(), inputs);
  }
};

TEST_F(AbModeBaselineTest, NeedsBaselinesOfThisMachine) {
  EXPECT_THAT(Prepare(), StatusIs(absl::StatusCode::kNotFound,
                                  "--against=baseline: there is no baseline of this machine, "
                                  "machine"));
}

TEST_F(AbModeBaselineTest, TakesTheOneCommit) {
  Store("a", "c0ffee");
  Store("b", "c0ffee");
  EXPECT_THAT(Prepare(), IsOk());
}

TEST_F(AbModeBaselineTest, RefusesSeveralCommits) {
  Store("a", "c0ffee");
  Store("b", "decade");
  EXPECT_THAT(Prepare(),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("the baselines are of c0ffee, decade, which is not one commit")));
}

TEST_F(AbModeBaselineTest, RefusesUncommittedChanges) {
  Store("a", "c0ffee+");
  EXPECT_THAT(Prepare(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                  HasSubstr("+ means with uncommitted changes")));
}

TEST(AbModeChoicesTest, StoresNothingAndIsNoPointOfAHistory) {
  const AbMode mode("HEAD");
  EXPECT_FALSE(mode.MayConfirm());
  EXPECT_FALSE(mode.MayStore());
  EXPECT_FALSE(mode.ComparesWithHistory());
  EXPECT_FALSE(mode.AddsToHistory());
  EXPECT_FALSE(mode.MayLackCommit());
}

}  // namespace
}  // namespace perf
