#include "perf/mode/stored/event_findings.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "perf/bazel/build_events.h"

namespace perf {
namespace {

// Bazel's exit code after an interrupt from the terminal.
constexpr int kInterrupted = 8;

// The first of Bazel's warnings that says more than how many files failed.
const std::string& FirstReason(const std::vector<std::string>& warnings) {
  const auto telling = absl::c_find_if(warnings, [](const std::string& warning) {
    return !absl::StrContains(warning, "errors during bulk transfer");
  });
  return telling == warnings.end() ? warnings.front() : *telling;
}

}  // namespace

absl::StatusOr<Findings> FindingsOfEvents(absl::string_view json_lines, const std::string& source,
                                          absl::Span<const SuiteTest> tests,
                                          const CollectOptions& options, int bazel_exit_code) {
  const absl::StatusOr<BuildEvents> events = ParseBuildEvents(json_lines);
  if (!events.ok()) {
    return absl::Status(events.status().code(),
                        absl::StrCat(source, ": ", events.status().message()));
  }
  Findings findings;
  if (events->cut_line > 0) {
    findings.notes.push_back(absl::StrCat(source, " is cut in line ", events->cut_line,
                                          ", its last, and that line is lost"));
  }
  if (!events->cache_warnings.empty()) {
    findings.notes.push_back(absl::StrCat(
        "the remote cache failed (", FirstReason(events->cache_warnings),
        "); what it did not supply was built here, and the figures do not depend on it"));
  }
  Collection collection = Collect(tests, *events, options, ReadRecord);
  findings.runs = std::move(collection.runs);
  findings.errors = std::move(collection.errors);
  findings.worker = std::move(collection.worker);
  findings.failed = std::move(collection.failed);
  if (bazel_exit_code == kInterrupted) findings.errors.emplace_back("bazel: was interrupted");
  // What kept Bazel from its work, such as an executor that does not answer, it only prints.
  if (bazel_exit_code != 0 && bazel_exit_code != kInterrupted && events->attempts.empty() &&
      events->not_built.empty()) {
    findings.errors.insert(findings.errors.begin(),
                           absl::StrCat("bazel: ended with exit code ", bazel_exit_code,
                                        " before a test ran; what it printed says why"));
  }
  if (bazel_exit_code != 0 && findings.errors.empty()) {
    findings.errors.push_back(absl::StrCat("bazel: ended with exit code ", bazel_exit_code));
  }
  return findings;
}

}  // namespace perf
