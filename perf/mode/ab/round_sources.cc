#include "perf/mode/ab/round_sources.h"

#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "perf/ab/epoch_source.h"
#include "perf/ab/whole_process.h"
#include "perf/mode/options.h"
#include "re2/re2.h"

namespace perf {

BenchmarkProgram BenchmarkProgramOf(const TestProgram& test, const std::string& temporary) {
  BenchmarkProgram made{
      .path = test.executable, .directory = test.directory, .variables = test.variables};
  made.variables["TEST_TMPDIR"] = temporary;
  std::error_code error;
  std::filesystem::create_directories(temporary, error);
  return made;
}

BenchmarkProgram WholeProgramOf(const TestProgram& test, const std::string& temporary) {
  BenchmarkProgram made = BenchmarkProgramOf(test, temporary);
  std::string& outputs = made.variables["TEST_UNDECLARED_OUTPUTS_DIR"];
  outputs = temporary + "/outputs";
  std::error_code error;
  std::filesystem::create_directories(outputs, error);
  return made;
}

absl::StatusOr<std::unique_ptr<RoundSource>> MakeRoundSource(const RoundSourceOptions& options,
                                                             std::vector<std::string>* notes) {
  const std::string& label = options.current.label;
  if (options.benchmark) {
    const auto filter = std::make_shared<re2::RE2>(options.filter);
    absl::StatusOr<std::unique_ptr<EpochSource>> epochs = EpochSource::Create(
        {.target = label,
         .component = options.component,
         .baseline = BenchmarkProgramOf(options.baseline, options.scratch + "/baseline"),
         .current = BenchmarkProgramOf(options.current, options.scratch + "/current"),
         .scratch = options.scratch,
         .selected = [filter,
                      label](const std::string& name) { return AsksFor(*filter, label, name); }},
        notes);
    if (epochs.ok()) return *std::move(epochs);
    if (!absl::IsUnimplemented(epochs.status())) return epochs.status();
    notes->push_back(
        absl::StrCat(label,
                     ": the earlier revision cannot run epochs on request, so whole runs were "
                     "compared, which takes longer"));
  }
  return WholeProcessSource::Create({.baseline = options.baseline,
                                     .current = options.current,
                                     .requirements = options.requirements,
                                     .scratch = options.scratch + "/whole"},
                                    notes);
}

}  // namespace perf
