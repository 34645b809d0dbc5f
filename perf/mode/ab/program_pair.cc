#include "perf/mode/ab/program_pair.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "perf/mode/ab/ab_loads.h"
#include "perf/suite/load_table.h"
#include "perf/suite/requirements_file.h"

namespace perf {

absl::StatusOr<ProgramPair> FindProgramPair(const ProgramPairOptions& options,
                                            CodeComparer& comparer) {
  const std::string& workspace_name = options.suite.manifest.workspace_name();
  const SuiteTest& test = options.test;
  SuiteTest baseline_test = test;
  baseline_test.set_label(options.baseline_label);
  absl::StatusOr<TestProgram> baseline =
      FindTestProgram(baseline_test, options.baseline_bin, workspace_name);
  if (!baseline.ok()) return baseline.status();
  absl::StatusOr<TestProgram> current = FindTestProgram(test, options.current_bin, workspace_name);
  if (!current.ok()) return current.status();
  absl::StatusOr<CodeComparison> code =
      CompareTestPrograms(*baseline, *current, test.requirements(), comparer);
  if (!code.ok()) return code.status();
  ProgramPair pair = {.code = *std::move(code),
                      .baseline = *std::move(baseline),
                      .current = *std::move(current),
                      .component = options.suite.component_of.at(test.label()),
                      .accepted_before = {},
                      .why_quick = ""};
  const SuiteOptions& run = options.run;
  const absl::StatusOr<ComponentRequirements> earlier =
      ReadRequirementsFile(absl::StrCat(pair.baseline.directory, "/", test.requirements()));
  if (!earlier.ok() && run.profile == kAbProfile) {
    pair.why_quick = std::string(earlier.status().message());
  }
  if (earlier.ok()) {
    pair.accepted_before.assign(earlier->accepted().begin(), earlier->accepted().end());
  }
  const LoadVariables loads =
      LoadsOfBoth(run.profile, run.load_overrides, options.suite.requirements.at(pair.component),
                  earlier.ok() ? &*earlier : nullptr);
  for (TestProgram* program : {&pair.baseline, &pair.current}) {
    SetTestVariables(loads.profile, loads.overrides, run.filter, program->variables);
  }
  return pair;
}

}  // namespace perf
