// The page in a browser: what testing/browser_test.mjs checks, which is printed.
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/process/subprocess.h"
#include "perf/report/html/html_report.h"
#include "perf/report/html/testing/sample_report.h"
#include "third_party/npm_packages.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

using absl_testing::IsOk;

// As npm::Runner has it.
absl::StatusOr<std::string> RunCommand(const npm::Command& command) {
  SubprocessOptions options = {.arguments = {"sh", "-c", "exec \"$@\" </dev/null", "sh"},
                               .directory = command.directory};
  options.arguments.insert(options.arguments.end(), command.words.begin(), command.words.end());
  for (const auto& [name, value] : command.variables) options.variables[name] = value;
  absl::StatusOr<SubprocessResult> result =
      RunProgram(std::move(options), SubprocessOutput::kCaptureWithErrors);
  if (!result.ok()) return result.status();
  const std::string said = absl::StrCat(result->output, result->errors);
  if (result->exit_code == 127) {
    return absl::NotFoundError(absl::StrCat("there is no program '", command.words[0], "'"));
  }
  if (result->exit_code != 0) {
    return absl::UnavailableError(absl::StrCat(absl::StrJoin(command.words, " "), ": ",
                                               DescribeExit(result->exit_code), ": ", said));
  }
  return said;
}

std::string Folder() { return testing::TempDir(); }

void WritePage(const std::string& name, const SampleReport& sample) {
  const std::map<std::string, HistorySeries>& history = sample.history;
  std::ofstream file(absl::StrCat(Folder(), "/", name, ".html"), std::ios::binary);
  file << HtmlReport(sample.Build(), {.records = sample.records, .history = history});
  file.close();
  ASSERT_TRUE(file.good()) << name;
}

TEST(PageBrowserTest, ReadsAsItShould) {
  const absl::StatusOr<std::string> chromium = RunCommand({.words = {"which", "chromium"}});
  if (!chromium.ok()) {
    GTEST_SKIP() << "SKIPPED: there is no chromium; the Debian package of that name has it";
  }
  const absl::StatusOr<std::string> packages =
      npm::InstallPackages("perf/report/html/testing", RunCommand);
  if (!packages.ok()) GTEST_SKIP() << "SKIPPED: " << packages.status().message();
  WritePage("varied", VariedReport());
  WritePage("hostile", HostileReport());
  WritePage("beside", BesideReport());
  WritePage("quiet", QuietReport());
  WritePage("big", BigReport(500, 1000, 200, 40));
  const absl::StatusOr<std::string> said =
      RunCommand({.words = {"node", "perf/report/html/testing/browser_test.mjs",
                            absl::StrCat(*packages, "/node_modules"),
                            chromium->substr(0, chromium->find('\n')), Folder()}});
  EXPECT_THAT(said, IsOk());
  if (said.ok()) std::cout << *said;
}

}  // namespace
}  // namespace perf
