#include "perf/baseline/baseline_update.h"

#include <cmath>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "perf/baseline/baseline_file.h"
#include "perf/record/health.h"
#include "perf/stats/statistics.h"
#include "perf/suite/baseline_lines.h"

namespace perf {
namespace {

// Begins a line of a performance_baseline.txt that says why a key is left out.
constexpr absl::string_view kRemark = "# ";

// The environment without what varies from run to run, which would be noise in every review. Counts
// and what is deterministic are the same everywhere: theirs has only what they depend on.
Environment StoredEnvironment(const Run& run, bool same_everywhere) {
  Environment environment = run.environment();
  environment.clear_load_average();
  if (!same_everywhere) return environment;
  Environment build;
  build.set_compiler(environment.compiler());
  build.set_compilation_mode(environment.compilation_mode());
  build.set_sanitizer(environment.sanitizer());
  return build;
}

struct NoisyFigures {
  int number = 0;
  std::string why;
};

// How figures were built that are stored, and that are new. Equal if it does not matter, or if what
// is stored does not say.
std::pair<std::string, std::string> HowBuilt(const Environment& stored, const Environment& now) {
  if (stored.compiler().empty()) return {};
  if (stored.build_flags().empty() || now.build_flags().empty() ||
      (stored.compiler() != now.compiler() && stored.build_flags() == now.build_flags())) {
    return {stored.compiler(), now.compiler()};
  }
  return {absl::StrCat(stored.compiler(), " (", stored.build_flags(), ")"),
          absl::StrCat(now.compiler(), " (", now.build_flags(), ")")};
}

// Whether both say the same of what was measured, to the last digit; when and why may differ.
bool IsAsStored(BaselineMeasurement one, BaselineMeasurement other) {
  for (BaselineMeasurement* stored : {&one, &other}) {
    stored->clear_commit();
    stored->clear_date();
    stored->clear_why();
    stored->clear_target();
    // By these it was found.
    stored->clear_load_overrides();
  }
  return one.SerializeAsString() == other.SerializeAsString();
}

}  // namespace

BaselineUpdate UpdateBaselines(absl::Span<const Run> runs,
                               const std::map<std::string, ComponentBaseline>& stored,
                               absl::string_view machine, bool complete, absl::string_view date,
                               absl::string_view why) {
  BaselineUpdate update;
  // What was measured now, by component.
  std::map<std::string, std::set<std::string>> measured;
  std::set<std::string> profiles;
  // Stored figures that were built in another way, by component; those that are not measured again
  // go.
  std::map<std::string, ComponentBaseline> of_other_builds;
  // By component, what was measured while the machine was noisy, and why it was.
  std::map<std::string, NoisyFigures> noisy;
  for (const Run& run : runs) {
    // A run without anything for this machine still says that nothing for it is measured any more.
    if (!run.measurements().empty()) profiles.insert(run.provenance().profile());
    for (const Measurement& measurement : run.measurements()) {
      if (measurement.deterministic() != (machine == kAnyMachine)) continue;
      const std::string& component = measurement.component();
      measured[component].insert(measurement.name());
      if (const std::string noise = WhyNoisy(measurement, run); !noise.empty()) {
        ++noisy[component].number;
        noisy[component].why = noise;
        continue;
      }
      auto [entry, inserted] = update.baselines.try_emplace(component);
      ComponentBaseline& baseline = entry->second;
      if (inserted) {
        if (const auto found = stored.find(component); found != stored.end()) {
          baseline = found->second;
        }
        const Environment environment =
            StoredEnvironment(run, !measurement.counted().empty() || measurement.deterministic());
        const auto [before, now] = HowBuilt(baseline.environment(), environment);
        if (before != now) {
          update.remarks.push_back(
              absl::StrCat(component, ": all figures of ", before, " go; this is ", now));
          of_other_builds[component] = baseline;
          baseline.clear_measurements();
        }
        baseline.set_component(component);
        baseline.set_machine(std::string(machine));
        *baseline.mutable_environment() = environment;
      }
      const std::map<std::string, double> overrides = {run.provenance().load_overrides().begin(),
                                                       run.provenance().load_overrides().end()};
      const std::string& profile = run.provenance().profile();
      BaselineMeasurement after = ToBaseline(measurement, run, date);
      const BaselineMeasurement* before =
          FindBaseline(baseline, measurement.name(), profile, overrides);
      const auto of_other_build = of_other_builds.find(component);
      const bool is_of_other = before == nullptr && of_other_build != of_other_builds.end();
      if (is_of_other) {
        before = FindBaseline(of_other_build->second, measurement.name(), profile, overrides);
      }
      if (before != nullptr && !is_of_other && IsAsStored(*before, after)) {
        ++update.unchanged;
        after.set_why(before->why());
      } else {
        after.set_why(std::string(why));
        BaselineChange& change = update.changes.emplace_back();
        change.component = component;
        change.after = after;
        if (before != nullptr) change.before = *before;
      }
      PutBaseline(after, baseline);
    }
  }
  const auto drop = [&](const std::string& component, const BaselineMeasurement& gone,
                        std::string why_dropped) {
    update.changes.push_back(
        {.component = component, .before = gone, .why_dropped = std::move(why_dropped)});
  };
  for (const auto& [component, before] : of_other_builds) {
    for (const BaselineMeasurement& gone : before.measurements()) {
      if (FindBaseline(update.baselines.at(component), gone.name(), gone.profile(),
                       {gone.load_overrides().begin(), gone.load_overrides().end()}) != nullptr) {
        continue;
      }
      drop(component, gone,
           absl::StrCat(
               "built by ",
               HowBuilt(before.environment(), update.baselines.at(component).environment()).first));
    }
  }
  for (const auto& [component, figures] : noisy) {
    update.remarks.push_back(absl::StrCat(
        component, ": ", figures.number, figures.number == 1 ? " figure stays" : " figures stay",
        " as stored, or not stored, because the machine was noisy meanwhile (", figures.why,
        "); measure again when it is quiet: --update_baselines --component ", component));
  }
  if (!complete) return update;
  // A component of which nothing is measured any more has stored figures all the same.
  for (const auto& [component, baseline] : stored) {
    if (!profiles.empty()) update.baselines.try_emplace(component, baseline);
  }
  for (auto& [component, baseline] : update.baselines) {
    auto& kept = *baseline.mutable_measurements();
    for (int i = kept.size() - 1; i >= 0; --i) {
      if (!profiles.contains(kept[i].profile()) || measured[component].contains(kept[i].name())) {
        continue;
      }
      drop(component, kept[i], "no test measures it any more");
      kept.DeleteSubrange(i, 1);
    }
  }
  // Those that stay as they are need not be written.
  for (auto entry = update.baselines.begin(); entry != update.baselines.end();) {
    const auto found = stored.find(entry->first);
    const bool same = measured[entry->first].empty() && found != stored.end() &&
                      found->second.measurements_size() == entry->second.measurements_size();
    entry = same ? update.baselines.erase(entry) : std::next(entry);
  }
  return update;
}

std::string UpdateText(const BaselineUpdate& update) {
  std::string text;
  for (const std::string& remark : update.remarks) absl::StrAppend(&text, "  ", remark, "\n");
  absl::StrAppend(&text, ChangesText(update.changes));
  if (update.unchanged > 0) {
    absl::StrAppend(&text, "  ", update.unchanged,
                    update.unchanged == 1 ? " figure is" : " figures are", " as stored\n");
  }
  return text;
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
        lines[line.key()] = value > 0 && std::isfinite(value)
                                ? FormatBaselineLine(line, value)
                                : absl::StrCat(kRemark, line.key(), " is left out: it would be ",
                                               FormatFigureExactly(value), line.suffix(),
                                               ", and a line has to be positive");
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
    BaselineUpdate update =
        UpdateBaselines(inputs.runs, *stored, machine, inputs.complete, inputs.date, inputs.why);
    if (update.baselines.empty()) continue;
    const std::string folder = absl::StrCat(inputs.directory, "/", machine);
    absl::StrAppend(&prepared.description, "\nBaselines in ", folder, "\n", UpdateText(update));
    for (const auto& [component, baseline] : update.baselines) {
      const std::string path = BaselinePath(inputs.directory, machine, component);
      std::string text = BaselineText(baseline);
      if (absl::Status readable = ParseBaseline(text, path).status(); !readable.ok()) {
        return readable;
      }
      prepared.files[path] = std::move(text);
    }
    prepared.updates.emplace_back(machine, std::move(update));
  }
  const std::string path =
      absl::StrCat(inputs.directory, "/", inputs.machine, "/", kBaselineLinesFile);
  absl::StatusOr<std::string> lines =
      UpdateBaselineLines(inputs.runs, inputs.requirements, inputs.previous_lines, path);
  if (!lines.ok()) return lines.status();
  if (absl::Status readable = ParseBaselineLines(*lines, path).status(); !readable.ok()) {
    return readable;
  }
  std::string remarks;
  for (absl::string_view line : absl::StrSplit(*lines, '\n')) {
    if (absl::ConsumePrefix(&line, kRemark)) absl::StrAppend(&remarks, "  ", line, "\n");
  }
  if (!remarks.empty()) absl::StrAppend(&prepared.description, "\nIn ", path, "\n", remarks);
  if (!lines->empty()) prepared.files[path] = *std::move(lines);
  return prepared;
}

}  // namespace perf
