#include "perf/baseline/baseline_update.h"

#include <cmath>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "perf/baseline/baseline_file.h"
#include "perf/stats/figure_text.h"
#include "perf/stats/statistics.h"
#include "perf/stats/verdict.h"
#include "perf/suite/baseline_lines.h"

namespace perf {
namespace {

std::string Change(const BaselineMeasurement* before, const BaselineMeasurement& after) {
  if (before == nullptr) {
    return absl::StrCat("new: ", FormatFigure(after.median()), " ", after.unit());
  }
  const Figure old_figure{.median = before->median(),
                          .interval = {before->median_low(), before->median_high()}};
  const Figure new_figure{.median = after.median(),
                          .interval = {after.median_low(), after.median_high()}};
  const Comparison comparison = Compare(new_figure, old_figure, after.better(), 0);
  std::string text = absl::StrCat(FormatFigure(before->median()), " ", before->unit(), " -> ",
                                  FormatFigure(after.median()), " ", after.unit());
  if (before->unit() == after.unit() && comparison.verdict != NOT_COMPARABLE) {
    absl::StrAppendFormat(&text, " (%+.1f%%)", comparison.change_percent);
  }
  return text;
}

// Without what varies from run to run, which would be noise in every review; and, as counts and
// what is deterministic are the same everywhere, of those only what they depend on.
Environment StoredEnvironment(const Run& run, bool same_everywhere) {
  Environment environment = run.environment();
  environment.clear_load_average();
  if (!same_everywhere) return environment;
  Environment build;
  build.set_compiler(environment.compiler());
  build.set_compilation_mode(environment.compilation_mode());
  return build;
}

}  // namespace

BaselineUpdate UpdateBaselines(absl::Span<const Run> runs,
                               const std::map<std::string, ComponentBaseline>& stored,
                               absl::string_view machine, bool complete, absl::string_view date) {
  BaselineUpdate update;
  // What was measured now, by component.
  std::map<std::string, std::set<std::string>> measured;
  std::string profile;
  std::map<std::string, double> overrides;
  for (const Run& run : runs) {
    for (const Measurement& measurement : run.measurements()) {
      if (measurement.deterministic() != (machine == kAnyMachine)) continue;
      const std::string& component = measurement.component();
      measured[component].insert(measurement.name());
      auto [entry, inserted] = update.baselines.try_emplace(component);
      ComponentBaseline& baseline = entry->second;
      if (inserted) {
        if (const auto found = stored.find(component); found != stored.end()) {
          baseline = found->second;
        }
        const std::string& compiler = baseline.environment().compiler();
        if (!compiler.empty() && compiler != run.environment().compiler()) {
          absl::StrAppend(&update.description, "  ", component, ": all figures of ", compiler,
                          " go; this is ", run.environment().compiler(), "\n");
          baseline.clear_measurements();
        }
        baseline.set_component(component);
        baseline.set_machine(std::string(machine));
        *baseline.mutable_environment() =
            StoredEnvironment(run, !measurement.counted().empty() || measurement.deterministic());
      }
      profile = run.provenance().profile();
      overrides = {run.provenance().load_overrides().begin(),
                   run.provenance().load_overrides().end()};
      const BaselineMeasurement after = ToBaseline(measurement, run, date);
      absl::StrAppend(&update.description, "  ", measurement.name(), " (", profile, "): ",
                      Change(FindBaseline(baseline, measurement.name(), profile, overrides), after),
                      "\n");
      PutBaseline(after, baseline);
    }
  }
  if (!complete) return update;
  // A component of which nothing is measured any more has stored figures all the same.
  for (const auto& [component, baseline] : stored) {
    if (!profile.empty()) update.baselines.try_emplace(component, baseline);
  }
  for (auto& [component, baseline] : update.baselines) {
    auto& kept = *baseline.mutable_measurements();
    for (int i = kept.size() - 1; i >= 0; --i) {
      if (kept[i].profile() != profile || measured[component].contains(kept[i].name())) continue;
      absl::StrAppend(&update.description, "  ", kept[i].name(), " (", profile,
                      "): goes, no test measures it any more\n");
      kept.DeleteSubrange(i, 1);
    }
  }
  // Those that stay as they are need not be written.
  for (auto entry = update.baselines.begin(); entry != update.baselines.end();) {
    const auto found = stored.find(entry->first);
    const bool same = !measured.contains(entry->first) && found != stored.end() &&
                      found->second.measurements_size() == entry->second.measurements_size();
    entry = same ? update.baselines.erase(entry) : std::next(entry);
  }
  return update;
}

absl::StatusOr<std::string> UpdateBaselineLines(
    absl::Span<const Run> runs, const std::map<std::string, ComponentRequirements>& requirements,
    absl::string_view previous, absl::string_view previous_source) {
  absl::StatusOr<std::map<std::string, ParsedBaselineLine>> parsed =
      ParseBaselineLines(previous, previous_source);
  if (!parsed.ok()) return parsed.status();
  std::map<std::string, std::string> lines;
  for (const auto& [key, line] : *parsed) {
    lines[key] = absl::StrCat(key, ": ", FormatFigureExactly(line.value), line.suffix);
  }
  for (const Run& run : runs) {
    for (const Measurement& measurement : run.measurements()) {
      const auto component = requirements.find(measurement.component());
      if (component == requirements.end()) continue;
      for (const BaselineLine& line : component->second.baseline_lines()) {
        if (line.measurement() != measurement.name()) continue;
        const double value = Value(Summarize(measurement.samples()), line.statistic());
        if (!(value > 0 && std::isfinite(value))) {
          return absl::InvalidArgumentError(
              absl::StrCat(line.key(), " would be ", FormatFigureExactly(value), line.suffix(),
                           ", and a line of a ", kBaselineLinesFile, " has to be positive"));
        }
        lines[line.key()] = FormatBaselineLine(line, value);
      }
    }
  }
  std::string text;
  for (const auto& [key, line] : lines) absl::StrAppend(&text, line, "\n");
  return text;
}

absl::StatusOr<PreparedUpdate> PrepareUpdate(const UpdateInputs& inputs) {
  PreparedUpdate prepared;
  const std::pair<std::string, const std::map<std::string, ComponentBaseline>*> places[] = {
      {inputs.machine, &inputs.baselines}, {kAnyMachine, &inputs.deterministic_baselines}};
  for (const auto& [machine, stored] : places) {
    const BaselineUpdate update =
        UpdateBaselines(inputs.runs, *stored, machine, inputs.complete, inputs.date);
    if (update.baselines.empty()) continue;
    absl::StrAppend(&prepared.description, "\nBaselines in ", inputs.directory, "/", machine, "\n",
                    update.description);
    for (const auto& [component, baseline] : update.baselines) {
      const std::string path = BaselinePath(inputs.directory, machine, component);
      std::string text = BaselineText(baseline);
      if (absl::Status readable = ParseBaseline(text, path).status(); !readable.ok()) {
        return readable;
      }
      prepared.files[path] = std::move(text);
    }
  }
  const std::string path =
      absl::StrCat(inputs.directory, "/", inputs.machine, "/", kBaselineLinesFile);
  absl::StatusOr<std::string> lines =
      UpdateBaselineLines(inputs.runs, inputs.requirements, inputs.previous_lines, path);
  if (!lines.ok()) return lines.status();
  if (absl::Status readable = ParseBaselineLines(*lines, path).status(); !readable.ok()) {
    return readable;
  }
  if (!lines->empty()) prepared.files[path] = *std::move(lines);
  return prepared;
}

}  // namespace perf
