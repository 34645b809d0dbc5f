#include "perf/bazel/build_events.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Events as Bazel 4.2.3 writes them, shortened.
constexpr char kPassed[] =
    R"({"id":{"testResult":{"label":"//perf:a","run":1,"shard":2,"attempt":1,"configuration":{"id":"0b"}}},)"
    R"("testResult":{"testActionOutput":[{"name":"test.log","uri":"file:///out/a%20b/test.log"},)"
    R"({"name":"test.outputs__outputs.zip","uri":"file:///out/outputs.zip"}],"status":"PASSED",)"
    R"("testAttemptDurationMillis":"80","testAttemptStartMillisEpoch":"1796071929976",)"
    R"("executionInfo":{"strategy":"local","hostname":"vm"}}})";
constexpr char kCachedLocally[] =
    R"({"id":{"testResult":{"label":"@//perf:a","run":1,"shard":1,"attempt":1}},)"
    R"("testResult":{"status":"PASSED","cachedLocally":true}})";
constexpr char kCachedRemotely[] =
    R"({"id":{"testResult":{"label":"//perf:a","run":1,"shard":1,"attempt":1}},)"
    R"("testResult":{"status":"PASSED","executionInfo":{"cachedRemotely":true}}})";
constexpr char kAborted[] =
    R"({"id":{"targetCompleted":{"label":"//perf:b"}},)"
    R"("aborted":{"reason":"ANALYSIS_FAILURE","description":"no such target"}})";
constexpr char kBuildFailed[] =
    R"({"id":{"targetCompleted":{"label":"//perf:c"}},"completed":{"tag":["perf"]}})";
constexpr char kFinished[] =
    R"({"id":{"buildFinished":{}},"finished":{"exitCode":{"name":"TESTS_FAILED","code":3}}})";

TEST(BuildEventsTest, ReadsATestResult) {
  const auto events = ParseBuildEvents(std::string(kPassed) + "\n" + kFinished + "\n");
  ASSERT_THAT(events, IsOk());
  ASSERT_EQ(events->attempts.size(), 1u);
  EXPECT_EQ(events->attempts[0].label, "//perf:a");
  EXPECT_EQ(events->attempts[0].shard, 2);
  EXPECT_EQ(events->attempts[0].status, "PASSED");
  EXPECT_FALSE(events->attempts[0].cached);
  EXPECT_EQ(events->attempts[0].began, absl::FromUnixMillis(1796071929976));
  EXPECT_EQ(events->attempts[0].ended, absl::FromUnixMillis(1796071930056));
  EXPECT_EQ(events->attempts[0].log_path, "/out/a b/test.log");
  EXPECT_EQ(events->attempts[0].outputs_zip_path, "/out/outputs.zip");
  EXPECT_EQ(events->exit_code, 3);
}

TEST(BuildEventsTest, SeesBothCaches) {
  for (const char* line : {kCachedLocally, kCachedRemotely}) {
    const auto events = ParseBuildEvents(line);
    ASSERT_THAT(events, IsOk());
    ASSERT_EQ(events->attempts.size(), 1u);
    EXPECT_EQ(events->attempts[0].label, "//perf:a");
    EXPECT_TRUE(events->attempts[0].cached) << line;
  }
}

TEST(BuildEventsTest, SeesWhatWasNotBuilt) {
  const auto events = ParseBuildEvents(std::string(kAborted) + "\n" + kBuildFailed);
  ASSERT_THAT(events, IsOk());
  EXPECT_EQ(events->not_built.at("//perf:b"), "no such target");
  EXPECT_TRUE(events->not_built.contains("//perf:c"));
  EXPECT_EQ(events->exit_code, -1);
}

TEST(BuildEventsTest, NamesTheLineThatIsNoJson) {
  const auto events = ParseBuildEvents(absl::StrCat(kFinished, "\n{\"id\":\n", kPassed, "\n"));
  ASSERT_FALSE(events.ok());
  EXPECT_THAT(events, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(std::string(events.status().message()), HasSubstr("line 2"));
  // A file of one such line is no event file at all.
  EXPECT_THAT(ParseBuildEvents("{\"id\":"), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(BuildEventsTest, ACutLastLineLosesThatLineAndNotTheRun) {
  const std::string cut = absl::StrCat(kPassed, "\n", kFinished);
  for (size_t length = std::string(kPassed).size() + 2; length < cut.size(); ++length) {
    // An editor may have ended the line.
    for (const char* end : {"", "\n", "\r\n\n"}) {
      const auto events = ParseBuildEvents(absl::StrCat(cut.substr(0, length), end));
      ASSERT_THAT(events, IsOk());
      EXPECT_EQ(events->attempts.size(), 1u);
      EXPECT_EQ(events->cut_line, 2);
      EXPECT_EQ(events->exit_code, -1);
    }
  }
  EXPECT_EQ(ParseBuildEvents(cut)->cut_line, 0);
}

TEST(BuildEventsTest, SeesWhatARemoteWorkerRan) {
  EXPECT_FALSE(ParseBuildEvents(kPassed)->attempts[0].remote);
  const auto events = ParseBuildEvents(
      R"({"id":{"testResult":{"label":"//perf:a","run":1,"shard":1,"attempt":1}},)"
      R"("testResult":{"status":"PASSED","executionInfo":{"strategy":"remote"}}})");
  ASSERT_THAT(events, IsOk());
  EXPECT_TRUE(events->attempts[0].remote);
  EXPECT_FALSE(events->attempts[0].cached);
}

// An event of what Bazel printed, and of its options; the text has its escapes already.
std::string Printed(absl::string_view text) {
  return absl::StrCat(R"({"id":{"progress":{}},"progress":{"stderr":")", text, "\"}}\n");
}
std::string Options(absl::string_view options) {
  return absl::StrCat(R"({"id":{"optionsParsed":{}},"optionsParsed":{"cmdLine":[)", options,
                      "]}}\n");
}

TEST(BuildEventsTest, SeesWhetherThereIsARemoteCache) {
  EXPECT_FALSE(ParseBuildEvents(kPassed)->uses_remote_cache);
  EXPECT_FALSE(ParseBuildEvents(Options(R"("--disk_cache=x")"))->uses_remote_cache);
  EXPECT_TRUE(ParseBuildEvents(Options(R"("--remote_cache=http://c","-k")"))->uses_remote_cache);
  EXPECT_TRUE(ParseBuildEvents(Options(R"("--remote_executor=grpc://c")"))->uses_remote_cache);
  // The last one counts.
  EXPECT_FALSE(ParseBuildEvents(Options(R"("--remote_cache=http://c","--remote_cache=")"))
                   ->uses_remote_cache);
}

TEST(BuildEventsTest, KeepsWhatBazelSaysOfTheRemoteCache) {
  EXPECT_THAT(ParseBuildEvents(Printed("WARNING: no cache"))->cache_warnings, IsEmpty());
  // Bazel 4.2.3, without a terminal and with one, and divided between two events; Bazel 7.
  const auto events = ParseBuildEvents(absl::StrCat(
      Printed(
          R"(INFO: x\nWARNING: Reading from Remote Cache:\nConnection refused: c/1.2.3.4:80\n)"),
      Printed(
          R"(WARNING: Reading from Remote Cache:\nConnection refused: c/1.2.3.4:80\nWARNING: W)"),
      Printed(R"(riting to Remote Cache:\n4 errors during bulk transfer\r\n)"),
      Printed(R"(\u001b[35mWARNING: \u001b[0mReading from Remote Cache:\ntimed out\n)"),
      Printed(R"(WARNING: Remote Cache: UNAVAILABLE: io exception\n)")));
  ASSERT_THAT(events, IsOk());
  EXPECT_THAT(events->cache_warnings,
              ElementsAre("Connection refused: c/1.2.3.4:80", "4 errors during bulk transfer",
                          "timed out", "UNAVAILABLE: io exception"));
}

TEST(BuildEventsTest, RefusesAnEmptyFile) {
  EXPECT_THAT(ParseBuildEvents("\n"), StatusIs(absl::StatusCode::kDataLoss));
}

}  // namespace
}  // namespace perf
