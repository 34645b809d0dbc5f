#include "perf/runner/test_build.h"

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "command/program.h"
#include "perf/process/subprocess.h"

namespace perf {

std::vector<std::string> BazelCommand(const RunnerOptions& options, const std::string& cache,
                                      const std::string& command) {
  std::vector<std::string> arguments = options.bazel;
  arguments.push_back(command);
  if (command != "query") {
    arguments.push_back(absl::StrCat("--disk_cache=", cache, "/bazel"));
    arguments.insert(arguments.end(), options.bazel_flags.begin(), options.bazel_flags.end());
  }
  return arguments;
}

absl::StatusOr<std::string> BuildTests(absl::Span<const SuiteTest> tests,
                                       const std::string& directory, const std::string& what,
                                       const std::string& cache, const RunnerOptions& options) {
  command::Say(absl::StrCat("building ", tests.size(), tests.size() == 1 ? " test" : " tests",
                            " of ", what));
  std::vector<std::string> command = BazelCommand(options, cache, "build");
  command.insert(command.end(), {"--show_result=0", "--"});
  for (const SuiteTest& test : tests) command.push_back(test.label());
  const absl::StatusOr<SubprocessResult> build =
      RunProgram({.arguments = command, .directory = directory}, SubprocessOutput::kInherit);
  if (!build.ok()) return build.status();
  if (build->exit_code != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat(what, " does not build: bazel ended with ", DescribeExit(build->exit_code)));
  }
  std::vector<std::string> info = BazelCommand(options, cache, "info");
  info.emplace_back("bazel-bin");
  const absl::StatusOr<SubprocessResult> bin =
      RunProgram({.arguments = info, .directory = directory}, SubprocessOutput::kCapture);
  if (!bin.ok()) return bin.status();
  if (bin->exit_code != 0) {
    return absl::InternalError(
        absl::StrCat("bazel info ended with ", DescribeExit(bin->exit_code)));
  }
  return std::string(absl::StripAsciiWhitespace(bin->output));
}

}  // namespace perf
