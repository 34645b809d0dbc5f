#include "perf/bazel/test_build.h"

#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "perf/process/subprocess.h"
#include "perf/suite/label.h"

namespace perf {
namespace {

// What `bazel query --keep_going` ends with if a part of the expression does not exist.
constexpr int kPartOfQueryFailed = 3;

std::vector<std::string> BazelCommand(const TestBuildOptions& options, const std::string& command) {
  std::vector<std::string> arguments = options.bazel.program;
  arguments.push_back(command);
  // The flags are of `test`, and `query` does not know all of those.
  if (command != "query") {
    arguments.push_back(absl::StrCat("--disk_cache=", options.cache, "/bazel"));
    arguments.insert(arguments.end(), options.bazel.flags.begin(), options.bazel.flags.end());
  }
  return arguments;
}

}  // namespace

absl::StatusOr<std::string> BuildTests(absl::Span<const std::string> labels,
                                       const std::string& directory, const std::string& what,
                                       const TestBuildOptions& options, ProgramRunner& programs,
                                       absl::FunctionRef<void(absl::string_view)> say) {
  say(absl::StrCat("building ", labels.size(), labels.size() == 1 ? " test" : " tests", " of ",
                   what));
  std::vector<std::string> command = BazelCommand(options, "build");
  // What a program was linked of is compared, and not every version of Bazel leaves it otherwise.
  command.insert(command.end(), {"--materialize_param_files", "--show_result=0", "--"});
  command.insert(command.end(), labels.begin(), labels.end());
  const absl::StatusOr<SubprocessResult> build =
      programs.Run({.arguments = command, .directory = directory}, SubprocessOutput::kInherit);
  if (!build.ok()) return build.status();
  if (build->exit_code != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat(what, " does not build: bazel ended with ", DescribeExit(build->exit_code)));
  }
  std::vector<std::string> info = BazelCommand(options, "info");
  info.emplace_back("bazel-bin");
  const absl::StatusOr<SubprocessResult> bin =
      programs.Run({.arguments = info, .directory = directory}, SubprocessOutput::kCapture);
  if (!bin.ok()) return bin.status();
  if (bin->exit_code != 0) {
    return absl::InternalError(
        absl::StrCat("bazel info ended with ", DescribeExit(bin->exit_code)));
  }
  return std::string(absl::StripAsciiWhitespace(bin->output));
}

absl::StatusOr<std::set<std::string>> QueryLabels(const std::string& expression,
                                                  const std::string& directory,
                                                  const TestBuildOptions& options,
                                                  ProgramRunner& programs) {
  std::vector<std::string> command = BazelCommand(options, "query");
  command.insert(command.end(),
                 {"--keep_going", "--noshow_progress", "--ui_event_filters=-error", expression});
  const absl::StatusOr<SubprocessResult> query =
      programs.Run({.arguments = command, .directory = directory}, SubprocessOutput::kCapture);
  if (!query.ok()) return query.status();
  if (query->exit_code != 0 && query->exit_code != kPartOfQueryFailed) {
    return absl::FailedPreconditionError(
        absl::StrCat("bazel query in ", directory, " ended with ", DescribeExit(query->exit_code)));
  }
  std::set<std::string> found;
  for (absl::string_view line : absl::StrSplit(query->output, '\n', absl::SkipEmpty())) {
    found.insert(CanonicalLabel(line));
  }
  return found;
}

}  // namespace perf
