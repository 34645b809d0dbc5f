// The command `history` reads what a file has and what a server has alike.
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/process/subprocess.h"
#include "third_party/postgres_connection.h"
#include "third_party/postgres_server.h"
#include "third_party/postgres_test_main.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

using ::absl_testing::IsOk;
using ::testing::HasSubstr;
using ::testing::Not;

postgres::Server* server = nullptr;

// What `history` prints and says of the history at `location`, whose name is "LOCATION" there.
std::string RunHistory(const std::string& location, const std::string& name,
                       const std::vector<std::string>& arguments) {
  std::vector<std::string> words = {"perf/runner/runner", "history", "--history", location};
  words.insert(words.end(), arguments.begin(), arguments.end());
  const auto result = RunProgram({.arguments = words}, SubprocessOutput::kCaptureWithErrors);
  EXPECT_THAT(result, IsOk());
  if (!result.ok()) return "";
  return absl::StrReplaceAll(
      absl::StrCat("exit code ", result->exit_code, "\n", result->output, result->errors),
      {{name, "LOCATION"}});
}

TEST(HistoryCommandTest, AFileAndAServerAreReadAlike) {
  // As in a new workspace, the folder is not there yet.
  const std::string file = absl::StrCat(testing::TempDir(), "/perf-results/history.db");
  const auto uri = server->Uri("command");
  ASSERT_THAT(uri, IsOk());
  const auto name = postgres::PublicName(*uri);
  ASSERT_THAT(name, IsOk());
  const std::string results = "perf/import/testdata/";
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"--import", results + "gbench.json"},
           {"--import", results + "gbench.json"},
           {"--import", results + "pytest.json", "--component", "parser"},
           {"--import", results + "criterion", "--json"},
           {"--import", "perf/none.json"},
           {},
           {"group/fib"},
           {"imported.group/fib/10"},
           {"--json"},
           {"--json", "test_parse", "--component", "parser"},
           {"--component", "parser,nobody"},
           {"--component", "nobody"},
           {"--machine", "build-host.example"},
           {"parser", "--since", "2026-11-25"},
           {"parser", "--since", "2026-11-24T10:15:00Z"},
           {"nothing"},
           {"nothing", "--json"},
       }) {
    const std::string of_file = RunHistory(file, file, arguments);
    EXPECT_EQ(RunHistory(*uri, *name, arguments), of_file) << absl::StrJoin(arguments, " ");
    EXPECT_THAT(of_file, Not(HasSubstr("cannot connect")));
  }
  EXPECT_THAT(RunHistory(*uri, *name, {}), HasSubstr("parser.tests/test_parse.py::test_parse"));
}

}  // namespace
}  // namespace perf

int main(int argc, char** argv) { return postgres::RunTestsWithServer(argc, argv, &perf::server); }
