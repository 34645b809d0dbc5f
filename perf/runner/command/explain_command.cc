#include "perf/runner/command/explain_command.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "command/exit_code.h"
#include "perf/bazel/revision.h"
#include "perf/explain/explanation.pb.h"
#include "perf/explain/explanation_text.h"
#include "perf/runner/command/explain_revisions.h"

namespace perf {

absl::StatusOr<int> RunExplainCommand(const Suite& suite, absl::Span<const SuiteTest> tests,
                                      const SuiteOptions& options, const std::string& measurement,
                                      Services& services) {
  // From here on, an interrupt is noted, so that what was begun is cleaned up.
  if (services.Interrupted()) return absl::CancelledError("interrupted");
  std::string against = options.against;
  if (against.empty()) {
    const absl::StatusOr<WorkingTreeState> tree = services.StateOfWorkingTree(options.workspace);
    if (!tree.ok()) return tree.status();
    against = tree->dirty ? "HEAD" : "HEAD~1";
  }
  const absl::StatusOr<std::string> commit = ResolveRevision(options.workspace, against);
  if (!commit.ok()) return commit.status();
  const absl::StatusOr<Explanation> explanation =
      ExplainRevisions({.suite = suite,
                        .tests = {tests.begin(), tests.end()},
                        .run = options,
                        .services = services,
                        .measurement = measurement,
                        .baseline = *commit,
                        .current = ""});
  if (absl::IsNotFound(explanation.status())) {
    services.Print(absl::StrCat(explanation.status().message(), "\n"));
    return command::kNo;
  }
  if (!explanation.ok()) return explanation.status();
  services.Print(
      absl::StrCat(measurement, ", compared with ", against, ":\n", ExplanationText(*explanation)));
  return explanation->cause() == CAUSE_NOT_EXPLAINED ? command::kNo : command::kDone;
}

}  // namespace perf
