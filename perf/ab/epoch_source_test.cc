#include "perf/ab/epoch_source.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/ab/interleaver.h"
#include "perf/process/cpus.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

using absl_testing::IsOk;

using ::testing::HasSubstr;

BenchmarkProgram Sample() {
  return {.path = absl::StrCat(getenv("TEST_SRCDIR"), "/", getenv("TEST_WORKSPACE"),
                               "/perf/gbench/testing/sample_benchmarks"),
          .directory = {}};
}

// A round of all that is not done.
void RunAll(RoundSource& source, std::mt19937_64& random) {
  std::vector<size_t> which;
  for (size_t i = 0; i < source.compared().size(); ++i) {
    if (!source.compared()[i].Done()) which.push_back(i);
  }
  source.RunRound(which, random);
}

TEST(EpochSource, MeasuresBothSidesAndReportsFailures) {
  std::vector<std::string> notes;
  auto source = EpochSource::Create(
      {.target = "//a:b",
       .component = "a",
       .baseline = Sample(),
       .current = Sample(),
       .scratch = getenv("TEST_TMPDIR"),
       .lengths = {.epoch = absl::Microseconds(100), .round = absl::Microseconds(400)},
       .selected =
           [](const std::string& name) { return name == "sample.count" || name == "sample.fail"; }},
      &notes);
  ASSERT_THAT(source, IsOk());
  std::mt19937_64 random(1);
  for (int i = 0; i < 3; ++i) RunAll(**source, random);
  ASSERT_EQ((*source)->compared().size(), 2u);
  for (const Compared& compared : (*source)->compared()) {
    if (compared.name == "sample.count") {
      EXPECT_THAT(compared.status, IsOk()) << compared.name;
      EXPECT_EQ(compared.log_ratios.size(), 3u);
      EXPECT_EQ(compared.baseline_samples.size(), compared.current_samples.size());
      EXPECT_GT(compared.wall_ns, 0);
    } else {
      EXPECT_THAT(std::string(compared.status.message()), HasSubstr("the result is wrong"));
    }
  }
}

TEST(EpochSource, AProcessThatDiesIsAnErrorOfItsBenchmarkAlone) {
  std::vector<std::string> notes;
  auto source = EpochSource::Create({.target = "//a:b",
                                     .component = "a",
                                     .baseline = Sample(),
                                     .current = Sample(),
                                     .scratch = getenv("TEST_TMPDIR"),
                                     .selected =
                                         [](const std::string& name) {
                                           return name == "sample.die" || name == "sample.empty" ||
                                                  name == "sample.after_die";
                                         }},
                                    &notes);
  ASSERT_THAT(source, IsOk());
  std::mt19937_64 random(1);
  RunAll(**source, random);
  EXPECT_EQ((*source)->compared().size(), 3u);
  for (const Compared& compared : (*source)->compared()) {
    if (compared.title == "sample.die") {
      EXPECT_THAT(std::string(compared.status.message()), HasSubstr("signal 9"));
    } else {
      EXPECT_THAT(compared.status, IsOk()) << compared.name;
    }
  }
}

TEST(EpochSource, EachRoundRunsCopiesOfItsOwn) {
  const std::string folder = absl::StrCat(getenv("TEST_TMPDIR"), "/copies");
  ASSERT_TRUE(std::filesystem::create_directories(folder));
  // The program notes by which file it was started.
  const std::string noted = absl::StrCat(getenv("TEST_TMPDIR"), "/noted");
  const std::string program = absl::StrCat(getenv("TEST_TMPDIR"), "/program");
  std::ofstream(program) << "#!/bin/sh\necho $0 >>" << noted << "\nexec " << Sample().path << "\n";
  std::filesystem::permissions(program, std::filesystem::perms::owner_all);
  std::vector<std::string> notes;
  auto source = EpochSource::Create(
      {.target = "//a:b",
       .component = "a",
       .baseline = {.path = program, .directory = {}},
       .current = {.path = program, .directory = {}},
       .scratch = folder,
       .lengths = {.epoch = absl::Microseconds(100), .round = absl::Microseconds(400)},
       .selected = [](const std::string& name) { return name == "sample.count"; }},
      &notes);
  ASSERT_THAT(source, IsOk());
  std::filesystem::remove(noted);
  std::mt19937_64 random(1);
  for (int i = 0; i < 3; ++i) RunAll(**source, random);
  EXPECT_EQ((*source)->compared()[0].rounds(), 3);
  std::set<std::string> files;
  std::ifstream lines(noted);
  for (std::string line; std::getline(lines, line);) files.insert(line);
  EXPECT_EQ(files.size(), 6u);
  EXPECT_FALSE(files.contains(program));
  EXPECT_TRUE(std::filesystem::is_empty(folder));
}

TEST(EpochSource, AProgramThatCannotBeCopiedIsAnError) {
  std::vector<std::string> notes;
  auto source = EpochSource::Create(
      {.target = "//a:b",
       .component = "a",
       .baseline = Sample(),
       .current = Sample(),
       .scratch = "/there/is/no/such/folder",
       .selected = [](const std::string& name) { return name == "sample.count"; }},
      &notes);
  ASSERT_THAT(source, IsOk());
  std::mt19937_64 random(1);
  RunAll(**source, random);
  EXPECT_THAT(std::string((*source)->compared()[0].status.message()), HasSubstr("cannot make"));
}

// The CPUs that a process may run on, as /proc/PID/status lists them.
std::string CpusOf(pid_t pid) {
  std::ifstream status(absl::StrCat("/proc/", pid, "/status"));
  for (std::string line; std::getline(status, line);) {
    if (absl::StartsWith(line, "Cpus_allowed_list:")) return line;
  }
  return "";
}

TEST(ProcessPair, ABodyOnOneThreadRunsOnOneCpuAndTheSameOnBothSides) {
  const std::vector<int> allowed = AllowedCpus();
  if (allowed.size() < 2) GTEST_SKIP() << "there is one CPU";
  std::mt19937_64 random(1);
  absl::StatusOr<ProcessPair> pair = ProcessPair::Start(Sample(), Sample(), random);
  ASSERT_THAT(pair, IsOk());
  const std::string all = CpusOf(pair->baseline().pid());
  EpochPlan plan = {.name = "sample.count", .iterations = 10, .blocks = 1, .on_one_cpu = true};
  std::set<std::string> drawn;
  for (int i = 0; i < 100; ++i) {
    ASSERT_THAT(pair->Run(plan, random), IsOk());
    drawn.insert(CpusOf(pair->baseline().pid()));
    EXPECT_EQ(CpusOf(pair->baseline().pid()), CpusOf(pair->current().pid()));
  }
  EXPECT_GT(drawn.size(), 1u) << "the CPUs take turns";
  EXPECT_FALSE(drawn.contains(all));

  plan.on_one_cpu = false;
  ASSERT_THAT(pair->Run(plan, random), IsOk());
  EXPECT_EQ(CpusOf(pair->baseline().pid()), all);
  EXPECT_EQ(CpusOf(pair->current().pid()), all);
  EXPECT_EQ(AllowedCpus(), allowed) << "the runner itself is left where it was";
}

}  // namespace
}  // namespace perf
