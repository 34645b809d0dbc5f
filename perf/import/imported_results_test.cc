#include "perf/import/imported_results.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

using ::absl_testing::IsOk;
using ::absl_testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr char kTestdata[] = "perf/import/testdata";

std::string TestdataPath(const std::string& name) {
  return std::filesystem::absolute(absl::StrCat(kTestdata, "/", name)).string();
}

std::string Content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

// Writes a file of the test's own, and returns its path.
std::string Written(const std::string& content) {
  std::string path =
      absl::StrCat(testing::TempDir(), "/",
                   testing::UnitTest::GetInstance()->current_test_info()->name(), ".json");
  std::ofstream(path, std::ios::binary) << content;
  return path;
}

std::vector<double> Samples(const Measurement& measurement) {
  return {measurement.samples().begin(), measurement.samples().end()};
}

perf::Run OnlyRun(const std::string& path, const ImportOptions& options = {}) {
  const absl::StatusOr<ImportedResults> results = ImportResults(path, options);
  EXPECT_THAT(results, IsOk());
  if (!results.ok()) return {};
  EXPECT_THAT(results->runs, SizeIs(1));
  return results->runs[0];
}

TEST(ImportedResultsTest, ReadsGoogleBenchmark) {
  const absl::StatusOr<ImportedResults> results = ImportResults(TestdataPath("gbench.json"), {});
  ASSERT_THAT(results, IsOk());
  EXPECT_THAT(results->notes,
              ElementsAre("left out: 1 benchmark that ended with an error or was skipped"));
  ASSERT_THAT(results->runs, SizeIs(1));
  const perf::Run& run = results->runs[0];
  EXPECT_EQ(run.start_time().seconds(), 1795515300);
  EXPECT_EQ(run.environment().pool(), "build-host.example");
  EXPECT_EQ(run.environment().num_cpus(), 8);
  EXPECT_EQ(run.provenance().target(), "Google Benchmark");
  ASSERT_EQ(run.measurements_size(), 2);
  const Measurement& vad = run.measurements(0);
  EXPECT_EQ(vad.name(), "imported.BM_Vad/64");
  EXPECT_EQ(vad.title(), "BM_Vad/64");
  EXPECT_EQ(vad.component(), "imported");
  EXPECT_EQ(vad.unit(), "us");
  EXPECT_EQ(vad.better(), LOWER);
  EXPECT_EQ(vad.iterations(), 3000);
  EXPECT_THAT(Samples(vad), ElementsAre(10.5, 11.5, 10.75));
  // Only its aggregates are there.
  EXPECT_EQ(run.measurements(1).name(), "imported.BM_Resample");
  EXPECT_EQ(run.measurements(1).unit(), "ms");
  EXPECT_THAT(Samples(run.measurements(1)), ElementsAre(2.25));
}

TEST(ImportedResultsTest, ARepetitionThatFailedIsLeftOutAndSaid) {
  const absl::StatusOr<ImportedResults> results =
      ImportResults(Written(R"({"context": {}, "benchmarks": [
        {"name": "BM_A", "run_type": "iteration", "iterations": 5, "real_time": 1},
        {"name": "BM_A", "run_type": "iteration", "error_occurred": true, "error_message": "x"},
        {"name": "BM_A", "run_type": "iteration", "skipped": true},
        {"name": "BM_B", "run_type": "iteration", "error_occurred": true},
        {"name": "BM_B", "run_type": "iteration", "error_occurred": true}]})"),
                    {});
  ASSERT_THAT(results, IsOk());
  EXPECT_THAT(results->notes, ElementsAre("left out: 1 benchmark and 2 repetitions of others that "
                                          "ended with an error or were skipped"));
  ASSERT_EQ(results->runs[0].measurements_size(), 1);
  EXPECT_THAT(Samples(results->runs[0].measurements(0)), ElementsAre(1));
}

TEST(ImportedResultsTest, ReadsGoogleBenchmarkThatDoesNotSayWhatItsEntriesAre) {
  const perf::Run run = OnlyRun(Written(
      R"({"context": {"date": "2017-01-02 03:04:05"}, "benchmarks": [
        {"name": "BM_x", "iterations": 5, "real_time": 3, "cpu_time": 3, "time_unit": "ns"},
        {"name": "BM_x", "iterations": 5, "real_time": 5, "cpu_time": 3, "time_unit": "ns"},
        {"name": "BM_x_mean", "iterations": 10, "real_time": 4, "cpu_time": 3, "time_unit": "ns"},
        {"name": "BM_x_stddev", "iterations": 0, "real_time": 1, "cpu_time": 0, "time_unit": "ns"}]})"));
  ASSERT_EQ(run.measurements_size(), 1);
  EXPECT_EQ(run.measurements(0).name(), "imported.BM_x");
  EXPECT_THAT(Samples(run.measurements(0)), ElementsAre(3, 5));
  EXPECT_EQ(run.start_time().seconds(), 1483326245);
}

TEST(ImportedResultsTest, NumbersAreExactHoweverTheyAreWritten) {
  const perf::Run run = OnlyRun(Written(
      R"({"results": [{"command": "a", "times": [0e308, 0.1, 1E-1, 9007199254740993e-17, 3, 1e-400,)"
      R"( 0.30000000000000004]}]})"));
  ASSERT_EQ(run.measurements_size(), 1);
  EXPECT_THAT(Samples(run.measurements(0)),
              ElementsAre(0, 0.1, 0.1, 0.09007199254740993, 3, 0, 0.30000000000000004));
}

// Google Benchmark writes such figures as they are, which JSON does not have. Where they are not
// asked for they do no harm; as times they are refused.
TEST(ImportedResultsTest, FiguresThatAreNoNumbersAreReadOver) {
  const perf::Run run = OnlyRun(Written(
      R"({"context": {"load_avg": [NaN, -Infinity]}, "benchmarks": [{"name": "a", "iterations": 1,)"
      R"( "real_time": 5, "cpu_time": 4, "time_unit": "ns", "cv": NaN, "rate": Infinity}]})"));
  ASSERT_EQ(run.measurements_size(), 1);
  EXPECT_THAT(Samples(run.measurements(0)), ElementsAre(5));
}

TEST(ImportedResultsTest, ReadsHyperfine) {
  const perf::Run run = OnlyRun(TestdataPath("hyperfine.json"));
  ASSERT_EQ(run.measurements_size(), 3);
  EXPECT_EQ(run.measurements(0).name(), "imported.sleep 0.1");
  EXPECT_EQ(run.measurements(0).unit(), "s");
  EXPECT_THAT(Samples(run.measurements(0)), ElementsAre(0.101, 0.1015, 0.102));
  EXPECT_EQ(run.measurements(1).name(), "imported.build {threads=1}");
  EXPECT_EQ(run.measurements(2).name(), "imported.build {threads=2}");
  EXPECT_EQ(run.environment().pool(), "imported");
}

TEST(ImportedResultsTest, CommandsOfOneNameAreToldApart) {
  const perf::Run run = OnlyRun(Written(
      R"json({"results": [{"command": "a", "times": [1]}, {"command": "a (2)", "times": [2]},
        {"command": "a", "times": [3]}, {"command": "a", "mean": 4, "parameters": {"n": "1"}},
        {"command": "a", "mean": 5, "parameters": {"n": "1"}}]})json"));
  std::vector<std::string> names;
  for (const Measurement& measurement : run.measurements()) names.push_back(measurement.title());
  EXPECT_THAT(names, ElementsAre("a", "a (2)", "a (3)", "a {n=1}", "a {n=1} (2)"));
}

TEST(ImportedResultsTest, RunsThatFailedAreNoTimes) {
  const absl::StatusOr<ImportedResults> results = ImportResults(Written(R"({"results": [
        {"command": "a\u001b", "times": [1, 2, 3, 4], "exit_codes": [0, 1, null, 0]},
        {"command": "b", "times": [1], "exit_codes": [1]},
        {"command": "c", "median": 1, "exit_codes": [0, 1]},
        {"command": "d", "times": [1], "exit_codes": null}]})"),
                                                                {});
  ASSERT_THAT(results, IsOk());
  EXPECT_THAT(results->notes, ElementsAre("left out: 2 runs of 'a\\x1b' that failed",
                                          "left out: all of 'b', as 1 run failed",
                                          "left out: all of 'c', as 1 run failed"));
  ASSERT_EQ(results->runs[0].measurements_size(), 2);
  EXPECT_THAT(Samples(results->runs[0].measurements(0)), ElementsAre(1, 4));
  EXPECT_EQ(results->runs[0].measurements(0).iterations(), 2);
  EXPECT_EQ(results->runs[0].measurements(1).title(), "d");
}

TEST(ImportedResultsTest, ReadsPytestBenchmark) {
  const perf::Run run = OnlyRun(TestdataPath("pytest.json"));
  EXPECT_EQ(run.start_time().seconds(), 1795515300);
  EXPECT_EQ(run.environment().pool(), "ci-runner-7");
  EXPECT_EQ(run.environment().compiler(), "CPython 3.11.2");
  EXPECT_EQ(run.provenance().commit(), "0123456789abcdef0123456789abcdef01234567");
  EXPECT_TRUE(run.provenance().dirty());
  ASSERT_EQ(run.measurements_size(), 2);
  EXPECT_EQ(run.measurements(0).name(), "imported.tests/test_parse.py::test_parse[small]");
  EXPECT_THAT(Samples(run.measurements(0)), ElementsAre(0.001, 0.00125, 0.0015));
  EXPECT_EQ(run.measurements(0).iterations(), 3);
  EXPECT_THAT(Samples(run.measurements(1)), ElementsAre(0.0025));
  EXPECT_EQ(run.measurements(1).iterations(), 100);
}

TEST(ImportedResultsTest, ReadsCriterion) {
  const absl::StatusOr<ImportedResults> results = ImportResults(TestdataPath("criterion"), {});
  ASSERT_THAT(results, IsOk());
  ASSERT_THAT(results->runs, SizeIs(2));
  const Measurement& fib = results->runs[0].measurements(0);
  EXPECT_EQ(fib.name(), "imported.group/fib/10");
  EXPECT_EQ(fib.unit(), "ns");
  EXPECT_EQ(fib.iterations(), 60);
  EXPECT_THAT(Samples(fib), ElementsAre(100, 105, 120));
  // Without samples and without a name of its own.
  const Measurement& sum = results->runs[1].measurements(0);
  EXPECT_EQ(sum.name(), "imported.sum");
  EXPECT_THAT(Samples(sum), ElementsAre(50));
}

TEST(ImportedResultsTest, ReadsOneBenchmarkOfCriterion) {
  for (const char* path :
       {"criterion/group/fib", "criterion/group/fib/10/new",
        "criterion/group/fib/10/new/sample.json", "criterion/group/fib/10/new/estimates.json"}) {
    const perf::Run run = OnlyRun(TestdataPath(path));
    ASSERT_EQ(run.measurements_size(), 1) << path;
    EXPECT_EQ(run.measurements(0).name(), "imported.group/fib/10") << path;
  }
}

// Standard input is a file for as long as this lives.
class StandardInput {
 public:
  explicit StandardInput(const std::string& path) : saved_(dup(STDIN_FILENO)) {
    const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    EXPECT_EQ(dup2(file, STDIN_FILENO), STDIN_FILENO);
    close(file);
  }
  ~StandardInput() {
    dup2(saved_, STDIN_FILENO);
    close(saved_);
  }
  StandardInput(const StandardInput&) = delete;
  StandardInput& operator=(const StandardInput&) = delete;

 private:
  const int saved_;
};

TEST(ImportedResultsTest, ReadsStandardInputAsOfNow) {
  const int64_t before = absl::ToUnixSeconds(absl::Now());
  {
    const StandardInput input(TestdataPath("hyperfine.json"));
    EXPECT_GE(OnlyRun("-").start_time().seconds(), before);
  }
  {
    const StandardInput input(Written("text"));
    EXPECT_THAT(ImportResults("-", {}).status(), StatusIs(absl::StatusCode::kInvalidArgument,
                                                          StartsWith("standard input: not JSON")));
  }
  const StandardInput input(TestdataPath("criterion/group/fib/10/new/sample.json"));
  EXPECT_THAT(ImportResults("-", {}).status(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       StartsWith("standard input: a result of criterion, ")));
}

TEST(ImportedResultsTest, OptionsNameTheComponentAndTheMachine) {
  const perf::Run run =
      OnlyRun(TestdataPath("pytest.json"), {.component = "parser", .machine = "ci-pool"});
  EXPECT_THAT(run.measurements(0).name(), StartsWith("parser.tests/"));
  EXPECT_EQ(run.measurements(0).component(), "parser");
  EXPECT_EQ(run.environment().pool(), "ci-pool");
}

TEST(ImportedResultsTest, TheIdIsThatOfTheContentAndItsOwner) {
  const std::string path = TestdataPath("hyperfine.json");
  const std::string id = OnlyRun(path).run_id();
  EXPECT_EQ(id, OnlyRun(Written(Content(path))).run_id());
  EXPECT_NE(id, OnlyRun(path, {.component = "other"}).run_id());
  EXPECT_NE(id,
            OnlyRun(Written(absl::StrReplaceAll(Content(path), {{"0.1015", "0.1016"}}))).run_id());
}

TEST(ImportedResultsTest, NamesAreHarmlessAndBounded) {
  const std::string command =
      absl::StrCat("a\\u001b[31m\\n<b>\\ud83d\\ude00", std::string(3000, 'x'));
  const perf::Run run = OnlyRun(Written(absl::StrCat(R"({"results": [{"command": ")", command,
                                                     R"(1", "times": [1]}, {"command": ")", command,
                                                     R"(2", "times": [1]}]})")));
  ASSERT_EQ(run.measurements_size(), 2);
  EXPECT_THAT(run.measurements(0).name(), StartsWith("imported.a\\x1b[31m <b>😀xxx"));
  EXPECT_LE(run.measurements(0).name().size(), 320u);
}

TEST(ImportedResultsTest, ComponentsAreNames) {
  EXPECT_THAT(CheckImportOptions({.component = "my_parser-2"}), IsOk());
  for (const char* bad : {"", "a.b", "a b", "../x", "ä"}) {
    EXPECT_THAT(CheckImportOptions({.component = bad}),
                StatusIs(absl::StatusCode::kInvalidArgument, StartsWith("--component: '")))
        << bad;
  }
  EXPECT_FALSE(CheckImportOptions({.component = std::string(65, 'a')}).ok());
}

// A file that cannot be imported, and what the message says besides its name.
struct BadCase {
  std::string content;
  std::string message;
};

class BadResultsTest : public testing::TestWithParam<BadCase> {};

TEST_P(BadResultsTest, IsRefusedWithItsPlace) {
  std::string path = absl::StrCat(testing::TempDir(), "/bad.json");
  std::ofstream(path, std::ios::binary) << GetParam().content;
  const absl::Status status = ImportResults(path, {}).status();
  EXPECT_THAT(status,
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(StartsWith(absl::StrCat(path, ": ")), HasSubstr(GetParam().message))))
      << GetParam().content.substr(0, 300);
  EXPECT_THAT(std::string(status.message()), Not(HasSubstr("\x1b")));
}

std::string Gbench(const std::string& entry) {
  return absl::StrCat(R"({"context": {}, "benchmarks": [{"name": "a", "iterations": 1, )", entry,
                      "}]}");
}

std::string Hyperfine(const std::string& times) {
  return absl::StrCat(R"({"results": [{"command": "a", "times": )", times, "}]}");
}

std::string Pytest(const std::string& entry) {
  return absl::StrCat(R"({"machine_info": {}, "benchmarks": [)", entry, "]}");
}

INSTANTIATE_TEST_SUITE_P(
    All, BadResultsTest,
    testing::Values(
        BadCase{"", "not JSON, or cut short: at byte 0: "}, BadCase{"text", "not JSON"},
        BadCase{"\x1b[31m", "not JSON"}, BadCase{"\xff\xfe", "not JSON"},
        BadCase{R"({"results": [{"command": "a", "times": [1)", "not JSON, or cut short: at byte "},
        BadCase{std::string(1'000'000, '['), "nested more than 64 deep"},
        BadCase{absl::StrCat(R"({"results": )", std::string(70, '['), std::string(70, ']'), "}"),
                "nested more than 64 deep"},
        BadCase{Gbench(R"("real_time": NaN, "cpu_time": 4, "time_unit": "ns")"), "real_time"},
        BadCase{Gbench(R"("real_time": -Infinity, "cpu_time": 4, "time_unit": "ns")"), "real_time"},
        BadCase{"{}", "not a result of a known tool, which are Google Benchmark, "},
        BadCase{"[]", "not a result"}, BadCase{"3", "not a result"},
        BadCase{R"({"results": []})", "not a result"},
        BadCase{R"({"measurements": [], "components": []})", "a performance report"},
        BadCase{R"({"context": {}, "benchmarks": []})", "no measurement is in it"},
        BadCase{R"({"context": {}, "benchmarks": 3})", "benchmarks is not a list"},
        BadCase{R"({"context": 3, "benchmarks": [3]})", "benchmarks[0] is not an object"},
        BadCase{R"({"context": {}, "benchmarks": [{"real_time": 1}]})",
                "benchmarks[0] has no name"},
        BadCase{Gbench(R"("real_time": 1e999)"), "not JSON"},
        BadCase{Gbench(R"("real_time": -1)"),
                "benchmarks[0].real_time is -1 ns, which nothing takes"},
        BadCase{Gbench(R"("real_time": 1e300)"), "benchmarks[0].real_time is 1e+300 ns"},
        BadCase{Gbench(R"("real_time": "1")"), "benchmarks[0].real_time is not a number"},
        BadCase{Gbench(R"("cpu_time": 1)"), "benchmarks[0].real_time is missing"},
        BadCase{Gbench(R"("real_time": 1, "time_unit": "h")"),
                "time_unit that is not one of ns, us, ms, s"},
        BadCase{
            R"({"context": {}, "benchmarks": [{"name": "a", "real_time": 1, "iterations": 1e300}]})",
            "no number of iterations"},
        BadCase{Hyperfine("[]"), "results[0].times is not a list of times"},
        BadCase{Hyperfine("3"), "results[0].times is not a list of times"},
        BadCase{Hyperfine("[1, -0.5]"), "results[0].times[1] is -0.5 s"},
        BadCase{Hyperfine("[1, null]"), "results[0].times[1] is not a number"},
        BadCase{Hyperfine("null"), "results[0].mean is missing"},
        BadCase{R"({"results": [{"command": ""}]})", "results[0] has no command"},
        BadCase{R"({"results": [{"command": "a", "times": [1], "exit_codes": [1]}]})",
                "no measurement is in it; left out: all of 'a', as 1 run failed"},
        BadCase{R"({"results": [{"command": "a", "times": [1], "exit_codes": [0, 0]}]})",
                "results[0] has 1 times, and 2 exit_codes"},
        BadCase{R"({"results": [{"command": "a", "times": [1], "exit_codes": 0}]})",
                "results[0].exit_codes is not a list"},
        BadCase{Pytest(""), "no measurement is in it"},
        BadCase{Pytest("{}"), "benchmarks[0] has no name"},
        BadCase{Pytest(R"({"name": "a"})"), "benchmarks[0] has no stats"},
        BadCase{Pytest(R"({"name": "a", "stats": {}})"), "benchmarks[0].stats.median is missing"},
        BadCase{Pytest(R"({"name": "a", "stats": {"data": [1e99]}})"),
                "benchmarks[0].stats.data[0] is 1e+99"}));

TEST(BadCriterionTest, NamesTheFileAndThePlace) {
  const std::string folder = absl::StrCat(testing::TempDir(), "/bad_criterion");
  const auto refused = [&](const std::string& sample) {
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder + "/a/new");
    std::ofstream(folder + "/a/new/sample.json") << sample;
    const absl::StatusOr<ImportedResults> results = ImportResults(folder, {});
    if (!results.ok() || results->failures.size() != 1) {
      ADD_FAILURE() << sample << " is no failure of one benchmark: " << results.status();
      return std::string();
    }
    EXPECT_THAT(results->runs, IsEmpty());
    const absl::Status& status = results->failures[0];
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << sample;
    EXPECT_THAT(std::string(status.message()), StartsWith(folder + "/a/new/sample.json: "))
        << sample;
    return std::string(status.message());
  };
  EXPECT_THAT(refused(R"({"iters": [1], "times": [1)"), HasSubstr("not JSON, or cut short"));
  EXPECT_THAT(refused(R"({"iters": [1, 2], "times": [1]})"),
              HasSubstr("not lists of the same length"));
  EXPECT_THAT(refused(R"({"iters": [0], "times": [1]})"), HasSubstr("iters[0] is not a number of"));
  EXPECT_THAT(refused(R"({"iters": [1], "times": [-1]})"), HasSubstr("times[0] is -1 ns"));
  EXPECT_THAT(refused(R"({"iters": [], "times": []})"), EndsWith("times is not a list of times"));
}

TEST(BadCriterionTest, TheOtherBenchmarksAreRead) {
  const std::string folder = absl::StrCat(testing::TempDir(), "/partly_bad_criterion");
  std::filesystem::remove_all(folder);
  for (const char* benchmark : {"a", "b", "c"}) {
    const std::string result = absl::StrCat(folder, "/", benchmark, "/new");
    std::filesystem::create_directories(result);
    std::ofstream(result + "/sample.json")
        << (*benchmark == 'b' ? R"({"iters": [1], "tim)" : R"({"iters": [1], "times": [1]})");
  }
  const absl::StatusOr<ImportedResults> results = ImportResults(folder, {});
  ASSERT_THAT(results, IsOk());
  EXPECT_THAT(results->failures, ElementsAre(StatusIs(absl::StatusCode::kInvalidArgument,
                                                      StartsWith(folder + "/b/new/sample.json"))));
  ASSERT_THAT(results->runs, SizeIs(2));
  EXPECT_EQ(results->runs[0].measurements(0).title(), "a");
  EXPECT_EQ(results->runs[1].measurements(0).title(), "c");
}

TEST(BadCriterionTest, AFolderWithoutResultsIsNamed) {
  const std::string folder = absl::StrCat(testing::TempDir(), "/empty");
  std::filesystem::create_directories(folder);
  EXPECT_THAT(
      ImportResults(folder, {}).status(),
      StatusIs(absl::StatusCode::kNotFound, HasSubstr("neither a record (perf_run.pb) nor")));
  EXPECT_THAT(ImportResults(folder + "/none.json", {}).status(),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("none.json")));
}

}  // namespace
}  // namespace perf
