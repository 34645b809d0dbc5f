#include "perf/report/report_builder.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "perf/baseline/baseline_file.h"
#include "perf/record/health.h"
#include "perf/record/record_check.h"
#include "perf/record/short_commit.h"
#include "perf/report/report_json.h"
#include "perf/report/series_growth.h"
#include "perf/report/text/units.h"
#include "perf/stats/statistics.h"
#include "perf/stats/trend.h"
#include "perf/stats/verdict.h"
#include "perf/suite/accepted_slowdown.h"
#include "perf/suite/filter_argument.h"
#include "perf/suite/label.h"
#include "perf/suite/load_table.h"
#include "perf/suite/requirements_file.h"

namespace perf {
namespace {

class Builder {
 public:
  explicit Builder(const ReportInputs& inputs) : inputs_(inputs), report_(inputs.header) {}

  Report Build() {
    for (const std::string& error : inputs_.errors) report_.add_errors(error);
    size_t num_measurements = 0;
    for (const Run& run : inputs_.runs) {
      num_measurements += static_cast<size_t>(run.measurements_size());
    }
    measured_.reserve(num_measurements);
    report_.mutable_measurements()->Reserve(static_cast<int>(num_measurements));
    for (const Run* run : RunsInOrder()) {
      KeepLoads(*run);
      for (const Measurement& measurement : run->measurements()) {
        if (MayCount(measurement, *run)) AddMeasurement(measurement, *run);
      }
    }
    for (const UnchangedTest& test : inputs_.unchanged) AddUnchanged(test);
    if (report_.measurements().empty() && report_.errors().empty()) {
      report_.add_errors("nothing was measured: the selection matches no test");
    }
    NoteHistory();
    AddMissing();
    PutInOrder();
    for (const auto& [component, requirements] : inputs_.requirements) {
      for (const Requirement& requirement : requirements.requirements()) {
        AddRequirement(component, requirement);
      }
      for (const AcceptedSlowdown& accepted : requirements.accepted()) {
        CheckIsMeasured(component, accepted);
      }
    }
    for (const auto& [component, requirements] : inputs_.requirements) AddComponent(component);
    report_.set_exit_code(ExitCode());
    report_.set_version(kReportVersion);
    return std::move(report_);
  }

 private:
  // The runs by test, shard and time, so that the report is the same in whatever order they come.
  std::vector<const Run*> RunsInOrder() const {
    std::vector<const Run*> runs;
    for (const Run& run : inputs_.runs) runs.push_back(&run);
    const auto key = [](const Run* run) {
      return std::make_tuple(run->provenance().target(), run->provenance().shard_index(),
                             run->start_time().seconds(), run->run_id());
    };
    absl::c_sort(runs, [&](const Run* one, const Run* other) { return key(one) < key(other); });
    return runs;
  }

  // By component; in each, those that have a baseline line first, as they stand for the component.
  void PutInOrder() {
    std::map<std::string, int> rank;
    for (const auto& [component, requirements] : inputs_.requirements) {
      for (const BaselineLine& line : requirements.baseline_lines()) {
        rank.try_emplace(line.measurement(), static_cast<int>(rank.size()));
      }
    }
    using Key = std::pair<absl::string_view, int>;
    auto& measurements = *report_.mutable_measurements();
    std::vector<std::pair<Key, MeasurementResult*>> ordered;
    ordered.reserve(static_cast<size_t>(measurements.size()));
    for (MeasurementResult& result : measurements) {
      const auto found = rank.find(result.name());
      ordered.push_back({{result.component(),
                          found == rank.end() ? std::numeric_limits<int>::max() : found->second},
                         &result});
    }
    absl::c_stable_sort(ordered,
                        [](const auto& one, const auto& other) { return one.first < other.first; });
    absl::c_transform(ordered, measurements.pointer_begin(),
                      [](const auto& each) { return each.second; });
  }

  // Whether the measurement may be judged. What would be judged wrongly, or not at all, becomes an
  // error instead, whoever made the run.
  bool MayCount(const Measurement& measurement, const Run& run) {
    const std::string& target = run.provenance().target();
    const auto refused = [&](absl::string_view why) {
      report_.add_errors(absl::StrCat(target, ": ", why));
      return false;
    };
    if (absl::Status checked = CheckMeasurement(measurement); !checked.ok()) {
      return refused(checked.message());
    }
    // Where no component is stated, there is no status to be left out of.
    if (!inputs_.requirements.empty() && Requirements(measurement.component()) == nullptr) {
      return refused(absl::StrCat("'", measurement.name(), "' belongs to the component '",
                                  measurement.component(), "', which is not measured in this run"));
    }
    const auto [first, inserted] = measured_.emplace(
        measurement.name(),
        Measured{.target = target, .unit = measurement.unit(), .better = measurement.better()});
    if (!inserted) {
      return refused(absl::StrCat("'", measurement.name(), "' was measured already by ",
                                  first->second.target,
                                  "; each measurement needs a name of its own"));
    }
    return true;
  }

  const ComponentRequirements* Requirements(const std::string& component) const {
    const auto found = inputs_.requirements.find(component);
    return found == inputs_.requirements.end() ? nullptr : &found->second;
  }

  // The least change of the measurement that matters, or 0.
  double MinEffectOfResult(const MeasurementResult& result) const {
    const ComponentRequirements* requirements = Requirements(result.component());
    return requirements == nullptr ? 0 : MinEffectOf(*requirements, result.name());
  }

  void AddMeasurement(const Measurement& measurement, const Run& run) {
    const Summary summary = Summarize(measurement.samples());
    measured_[measurement.name()].summary = summary;
    MeasurementResult& result = *report_.add_measurements();
    result.set_component(measurement.component());
    result.set_target(run.provenance().target());
    result.set_name(measurement.name());
    result.set_title(measurement.title());
    SetOwners(result);
    result.set_command(CommandFor(result));
    result.set_unit(measurement.unit());
    result.set_better(measurement.better());
    result.set_count(summary.count);
    result.set_iterations(measurement.iterations());
    result.set_mean(summary.mean);
    result.set_min(summary.min);
    result.set_max(summary.max);
    result.set_median(summary.median);
    result.set_p95(summary.p95);
    result.set_p99(summary.p99);
    *result.mutable_counters() = measurement.counters();
    result.set_counted(measurement.counted());
    // The machine is as noisy for one of two builds measured in turns as for the other.
    if (inputs_.ab_revision.empty()) result.set_noise(WhyNoisy(measurement, run));
    const auto attempts = inputs_.attempts.find(measurement.name());
    result.set_attempts(attempts == inputs_.attempts.end() ? 1 : attempts->second);
    if (!inputs_.ab_revision.empty()) {
      CompareWithRevision(result);
    } else if (inputs_.baseline_lines_source.empty()) {
      CompareWithStored(measurement, run, result);
    } else {
      CompareWithLine(measurement, summary, result);
    }
    Accept(result);
    if (!result.noise().empty() && (result.verdict() == RED || result.verdict() == YELLOW)) {
      result.set_verdict(UNRESOLVED);
    }
    if (!measurement.work().empty()) JudgeSeries(measurement, result);
  }

  void SetOwners(MeasurementResult& result) {
    const auto [found, is_new] = owners_.try_emplace(result.target());
    if (is_new) found->second = inputs_.owners.OwnersOf(CanonicalLabel(result.target()));
    for (const std::string& owner : found->second) result.add_owners(owner);
  }

  // What measures it again, alone. Tests that are no benchmarks are named by their target, as their
  // measurements are no tests of theirs.
  std::string CommandFor(const MeasurementResult& result) const {
    if (report_.command().empty()) return "";
    std::string command = absl::StrCat(report_.command(), " --");
    for (const std::string& flag : inputs_.repeated_flags) absl::StrAppend(&command, " ", flag);
    const bool by_name = inputs_.benchmarks.contains(result.target());
    return absl::StrCat(command, " --component ", result.component(), " --filter ",
                        FilterArgument(by_name ? result.name() : result.target()));
  }

  // A slowdown that the component's owners accept for a time is neither red nor yellow.
  void Accept(MeasurementResult& result) const {
    // Percentages computed from decimal figures miss their line by a rounding error.
    constexpr double kRounding = 1e-9;
    const ComponentRequirements* requirements = Requirements(result.component());
    const AcceptedSlowdown* stated =
        requirements == nullptr ? nullptr : FindAccepted(*requirements, result.name());
    if (stated == nullptr) return;
    Acceptance& acceptance = *result.mutable_acceptance();
    *acceptance.mutable_stated() = *stated;
    acceptance.set_days_left(
        DaysLeft(*stated, absl::FromUnixSeconds(report_.generated().seconds())));
    const auto before = inputs_.accepted_before.find(result.name());
    acceptance.set_is_in_both(before != inputs_.accepted_before.end() &&
                              before->second >= stated->at_most_percent());
    const bool is_worse = result.verdict() == RED || result.verdict() == YELLOW;
    // Beside a baseline of zero there is no percentage that could be accepted.
    if (!is_worse || result.change_percent() >= 0 || acceptance.days_left() < 0 ||
        acceptance.is_in_both() ||
        result.change_percent() < -stated->at_most_percent() - kRounding) {
      return;
    }
    acceptance.set_otherwise(result.verdict());
    result.set_verdict(ACCEPTED);
  }

  // A leak is one on any machine, and whatever was stored.
  void JudgeSeries(const Measurement& measurement, MeasurementResult& result) const {
    const Growth growth = GrowthOfSeries(measurement, MinEffectOfResult(result));
    GrowthResult& found = *result.mutable_growth();
    found.set_each(growth.trend.slope);
    found.set_each_low(growth.trend.slope_interval.low);
    found.set_each_high(growth.trend.slope_interval.high);
    found.set_total(growth.trend.growth);
    found.set_work_unit(measurement.work_unit());
    found.set_grows(growth.grows);
    if (growth.grows) {
      result.set_verdict(RED);
      result.set_note(absl::StrCat("it grows with every ", measurement.work_unit()));
      if (result.has_acceptance()) result.mutable_acceptance()->clear_otherwise();
    }
  }

  void CompareWithRevision(MeasurementResult& result) {
    report_.set_environment_match(ENVIRONMENT_BESIDE);
    result.set_verdict(NO_BASELINE);
    const auto found = inputs_.ab.find(result.name());
    if (found == inputs_.ab.end()) {
      result.set_note(absl::StrCat("not in ", inputs_.ab_revision));
      return;
    }
    const PairedEffect& effect = found->second.effect;
    result.set_verdict(effect.verdict);
    result.set_change_percent(effect.change_percent);
    result.set_change_percent_low(effect.change_percent_interval.low);
    result.set_change_percent_high(effect.change_percent_interval.high);
    result.set_baseline_median(found->second.baseline_median);
    result.set_baseline(absl::StrCat(inputs_.ab_revision, " beside it, ", found->second.rounds,
                                     found->second.rounds == 1 ? " round" : " rounds"));
    if (effect.verdict == UNRESOLVED) *result.mutable_unresolved() = found->second.unresolved;
    if (const auto explained = inputs_.explanations.find(result.name());
        explained != inputs_.explanations.end()) {
      *result.mutable_explanation() = explained->second;
    }
  }

  void AddUnchanged(const UnchangedTest& test) {
    report_.set_environment_match(ENVIRONMENT_BESIDE);
    MeasurementResult& result = *report_.add_measurements();
    result.set_component(test.component);
    result.set_target(test.label);
    SetOwners(result);
    result.set_name(test.label);
    result.set_title(test.label);
    result.set_verdict(STABLE);
    result.set_note(
        test.difference.empty()
            ? absl::StrCat("unchanged code, the same program as in ", inputs_.ab_revision,
                           ", so it was not run")
            : absl::StrCat("unchanged code since ", inputs_.ab_revision, ", only ", test.difference,
                           test.difference == "debug information" ? " differs" : " differ",
                           ", so it was not run"));
  }

  void Judge(const Figure& current, const Figure& baseline, MeasurementResult& result) {
    const double min_effect = MinEffectOfResult(result);
    const Comparison comparison = Compare(current, baseline, result.better(), min_effect);
    result.set_verdict(comparison.verdict);
    result.set_change_percent(comparison.change_percent);
    result.set_change_percent_low(comparison.change_percent_interval.low);
    result.set_change_percent_high(comparison.change_percent_interval.high);
    result.set_baseline_median(comparison.of_zero ? 0 : baseline.median);
    if (comparison.of_zero && comparison.verdict != STABLE) {
      result.set_note(result.counted().empty() ? "the baseline is zero" : "the baseline has none");
    } else if (comparison.of_zero && current.median != 0) {
      result.set_note(absl::StrCat("the baseline is zero, and less than ", min_effect, " ",
                                   result.unit(), " does not matter here"));
    } else if (comparison.verdict == STABLE &&
               std::abs(comparison.change_percent) > kYellowPercent) {
      // Without the reason it would read as a mistake.
      result.set_note(comparison.below_min_effect
                          ? absl::StrCat("less than ", min_effect, " ", result.unit(),
                                         ", which does not matter here")
                          : "within the spread of the samples");
    }
  }

  void CompareWithStored(const Measurement& measurement, const Run& run,
                         MeasurementResult& result) {
    result.set_verdict(NO_BASELINE);
    const std::map<std::string, ComponentBaseline>& baselines =
        measurement.deterministic() ? inputs_.deterministic_baselines : inputs_.baselines;
    const auto component = baselines.find(measurement.component());
    if (component == baselines.end()) {
      CompareWithHistory(measurement, result,
                         measurement.deterministic()
                             ? "no deterministic baseline of the component is stored"
                             : "this machine has no baseline of the component");
      return;
    }
    const auto& overrides = run.provenance().load_overrides();
    const BaselineMeasurement* stored =
        FindBaseline(component->second, measurement.name(), run.provenance().profile(),
                     {overrides.begin(), overrides.end()});
    if (stored == nullptr) {
      CompareWithHistory(
          measurement, result,
          absl::StrCat("no baseline of this measurement with profile '", run.provenance().profile(),
                       "'", overrides.empty() ? "" : " and these loads"));
      return;
    }
    result.set_baseline(absl::StrCat(ShortCommit(stored->commit()), " of ", stored->date()));
    if (stored->unit() != measurement.unit() || stored->better() != measurement.better()) {
      result.set_verdict(NOT_COMPARABLE);
      result.set_note(absl::StrCat("the baseline has another unit or direction: ", stored->unit(),
                                   ", ", Better_Name(stored->better())));
      return;
    }
    const std::string other_build =
        WhyAnotherBuild(component->second.environment(), run.environment());
    report_.set_environment_match(std::max(report_.environment_match(), ENVIRONMENT_SAME));
    if (!other_build.empty()) {
      report_.set_environment_match(ENVIRONMENT_DIFFERS);
      result.set_verdict(NOT_COMPARABLE);
      result.set_note(other_build);
      return;
    }
    NoteChanges(component->second, run.environment());
    Judge(FigureOf(measurement.samples()), StoredFigure(*stored), result);
  }

  // Where nothing is stored, `why_not_stored`, the last runs on this machine are the baseline. Too
  // few of them only show by how much the figure differs.
  void CompareWithHistory(const Measurement& measurement, MeasurementResult& result,
                          absl::string_view why_not_stored) {
    const auto found = inputs_.history.find(measurement.name());
    if (found == inputs_.history.end()) {
      result.set_note(std::string(why_not_stored));
      return;
    }
    const HistoryBaseline& baseline = found->second;
    result.set_history_runs(baseline.num_runs);
    result.set_baseline(baseline.num_runs == 1
                            ? "the last run on this machine, from the history"
                            : absl::StrCat("the median of the last ", baseline.num_runs,
                                           " runs on this machine, from the history"));
    Judge(FigureOf(measurement.samples()), baseline.figure, result);
    if (baseline.num_runs >= kMinJudgingRuns) {
      ++judged_by_history_;
      return;
    }
    ++shown_by_history_;
    result.set_verdict(NO_BASELINE);
    result.set_note(
        absl::StrCat("nothing is judged before ", kMinJudgingRuns, " runs in the history"));
  }

  // Says once for all what the history was used for.
  void NoteHistory() {
    const auto measurements = [](int count) {
      return absl::StrCat(count, count == 1 ? " measurement" : " measurements");
    };
    if (judged_by_history_ > 0) {
      report_.add_notes(absl::StrCat(
          measurements(judged_by_history_),
          " without a stored baseline: compared with the median of the last runs on this machine, "
          "from the history"));
    }
    if (shown_by_history_ > 0) {
      report_.add_notes(absl::StrCat(
          measurements(shown_by_history_), " without a stored baseline and with fewer than ",
          kMinJudgingRuns,
          " quiet runs in this machine's history: changes are shown without a verdict"));
    }
  }

  // Why figures of two builds are not compared; empty if they are. A baseline that was stored
  // before a part was kept does not say what it was.
  static std::string WhyAnotherBuild(const Environment& then, const Environment& now) {
    if (then.compiler() != now.compiler()) {
      return absl::StrCat("the baseline was built by ", then.compiler(), ", this by ",
                          now.compiler());
    }
    if (!then.compilation_mode().empty() && then.compilation_mode() != now.compilation_mode()) {
      return absl::StrCat("the baseline was built in mode '", then.compilation_mode(),
                          "', this in mode '", now.compilation_mode(), "'");
    }
    if (then.sanitizer() != now.sanitizer()) {
      const auto sanitizer = [](const Environment& build) {
        return build.sanitizer().empty()
                   ? std::string("without a sanitizer")
                   : absl::StrCat("with the ", build.sanitizer(), " sanitizer");
      };
      return absl::StrCat("the baseline was built ", sanitizer(then), ", this ", sanitizer(now));
    }
    if (!then.build_flags().empty() && then.build_flags() != now.build_flags()) {
      return absl::StrCat("the baseline was built with ", then.build_flags(), ", this with ",
                          now.build_flags());
    }
    return "";
  }

  // What may have moved every figure since the baseline was stored, once a component.
  void NoteChanges(const ComponentBaseline& baseline, const Environment& now) {
    const Environment& then = baseline.environment();
    std::vector<std::string> changes;
    const auto compare = [&](absl::string_view what, absl::string_view before,
                             absl::string_view after) {
      if (before.empty() || before == after) return;
      changes.push_back(
          absl::StrCat(what, " ", before, ", now ", after.empty() ? "unknown" : after));
    };
    compare("kernel", then.kernel(), now.kernel());
    compare("frequency governor", then.scaling_governor(), now.scaling_governor());
    compare("turbo", then.turbo(), now.turbo());
    compare("multithreading", then.smt(), now.smt());
    if (changes.empty()) return;
    report_.set_environment_match(ENVIRONMENT_DIFFERS);
    const std::string note =
        absl::StrCat("the baseline of ", baseline.component(), " was measured with ",
                     absl::StrJoin(changes, "; "), ": its times may differ for that reason");
    if (!absl::c_linear_search(report_.notes(), note)) report_.add_notes(note);
  }

  void CompareWithLine(const Measurement& measurement, const Summary& summary,
                       MeasurementResult& result) {
    result.set_verdict(NO_BASELINE);
    result.set_note(absl::StrCat("not in ", inputs_.baseline_lines_source));
    const ComponentRequirements* requirements = Requirements(measurement.component());
    if (requirements == nullptr) return;
    for (const BaselineLine& line : requirements->baseline_lines()) {
      if (line.measurement() != measurement.name()) continue;
      const auto stated = inputs_.baseline_lines.find(line.key());
      if (stated == inputs_.baseline_lines.end()) return;
      result.set_note("");
      result.set_baseline(inputs_.baseline_lines_source);
      if (stated->second.suffix != line.suffix()) {
        result.set_verdict(NOT_COMPARABLE);
        result.set_note(absl::StrCat(line.key(), " is stated in '", stated->second.suffix,
                                     "', and measured in '", line.suffix(), "'"));
        return;
      }
      // A line holds one figure, so the comparison has the spread of this run only.
      const double value = Value(summary, line.statistic());
      Figure current = FigureOf(measurement.samples());
      const double shift = value - current.median;
      current = {.median = value,
                 .interval = {current.interval.low + shift, current.interval.high + shift}};
      const double baseline = stated->second.value;
      Judge(current, {.median = baseline, .interval = {baseline, baseline}}, result);
      return;
    }
  }

  // What a baseline has and the run has not, though nothing that was asked for excludes it.
  void AddMissing() {
    if (!inputs_.ab_revision.empty()) {
      for (const GoneMeasurement& gone : inputs_.gone) {
        MeasurementResult& result = AddMissing(gone.component, gone.target, gone.name);
        result.set_baseline(inputs_.ab_revision);
        result.set_note(absl::StrCat(inputs_.ab_revision, " has it, and this build has not"));
      }
      return;
    }
    if (!inputs_.baseline_lines_source.empty()) return AddMissingLines();
    for (const auto& [component, requirements] : inputs_.requirements) {
      for (const auto* baselines : {&inputs_.baselines, &inputs_.deterministic_baselines}) {
        const auto found = baselines->find(component);
        if (found == baselines->end()) continue;
        for (const BaselineMeasurement& stored : found->second.measurements()) {
          if (WasToBeMeasured(component, stored)) AddUnlessMeasured(component, stored);
        }
      }
    }
  }

  MeasurementResult& AddMissing(const std::string& component, const std::string& target,
                                const std::string& name) {
    MeasurementResult& result = *report_.add_measurements();
    result.set_component(component);
    result.set_target(target);
    SetOwners(result);
    result.set_name(name);
    result.set_title(name);
    result.set_verdict(MISSING);
    return result;
  }

  void AddUnlessMeasured(const std::string& component, const BaselineMeasurement& stored) {
    const auto measured = measured_.find(stored.name());
    const bool is_there = measured != measured_.end();
    // What is called the same and is another quantity does not stand in for it.
    if (is_there && measured->second.unit == stored.unit() &&
        measured->second.better == stored.better()) {
      return;
    }
    MeasurementResult& result = AddMissing(component, stored.target(), stored.name());
    result.set_unit(stored.unit());
    result.set_better(stored.better());
    result.set_baseline_median(stored.median());
    result.set_baseline(absl::StrCat(ShortCommit(stored.commit()), " of ", stored.date()));
    if (is_there) {
      result.set_note(absl::StrCat("the baseline has it in ", stored.unit(), ", ",
                                   Better_Name(stored.better()), " is better, and now it is in ",
                                   measured->second.unit, ", ",
                                   Better_Name(measured->second.better)));
    } else if (stored.target().empty()) {
      result.set_note("the baseline has it, and no test measured it");
    } else {
      result.set_note(
          absl::StrCat("the baseline has it, and ", stored.target(), " did not measure it"));
    }
  }

  // A line does not say what it was measured with, so only what ran as a whole can miss it.
  void AddMissingLines() {
    for (const auto& [component, requirements] : inputs_.requirements) {
      if (!RanAsAWhole(component)) continue;
      for (const BaselineLine& line : requirements.baseline_lines()) {
        const auto stated = inputs_.baseline_lines.find(line.key());
        if (stated == inputs_.baseline_lines.end()) continue;
        const bool is_there = measured_.contains(line.measurement());
        if (is_there && stated->second.suffix == line.suffix()) continue;
        MeasurementResult& result = AddMissing(component, "", line.measurement());
        result.set_baseline_median(stated->second.value);
        result.set_unit(std::string(absl::StripAsciiWhitespace(stated->second.suffix)));
        result.set_baseline(inputs_.baseline_lines_source);
        result.set_note(is_there
                            ? absl::StrCat(line.key(), " is stated in '", stated->second.suffix,
                                           "', and measured in '", line.suffix(), "'")
                            : absl::StrCat(line.key(), " is stated, and no test measured it"));
      }
    }
    for (const std::string& key : inputs_.unknown_baseline_lines) {
      MeasurementResult& result = AddMissing("", "", key);
      result.set_baseline(inputs_.baseline_lines_source);
      result.set_note("no component has a baseline line of this key");
    }
  }

  struct Measured {
    absl::string_view target;
    absl::string_view unit;
    Better better = BETTER_UNKNOWN;
    Summary summary = {};
  };

  // The loads that records were made with, where known.
  struct Loads {
    std::string profile;
    std::map<std::string, double> overrides;
    bool operator==(const Loads& other) const = default;
  };

  static Loads LoadsOf(const Provenance& provenance) {
    return {.profile = provenance.profile(),
            .overrides = {provenance.load_overrides().begin(), provenance.load_overrides().end()}};
  }

  // Whether records with the loads of `stored` are there, of its test or else of its component;
  // where there are none at all, the loads that the run was to have decide.
  bool HasItsLoads(const std::string& component, const BaselineMeasurement& stored) const {
    const Loads its = {
        .profile = stored.profile(),
        .overrides = {stored.load_overrides().begin(), stored.load_overrides().end()}};
    auto found = loads_of_test_.find(stored.target());
    if (stored.target().empty() || found == loads_of_test_.end()) {
      found = loads_of_component_.find(component);
      if (found == loads_of_component_.end()) {
        return its == Loads{.profile = report_.profile(),
                            .overrides = {report_.load_overrides().begin(),
                                          report_.load_overrides().end()}};
      }
    }
    return absl::c_all_of(found->second, [&](const Loads& one) { return one == its; });
  }

  void KeepLoads(const Run& run) {
    const Loads loads = LoadsOf(run.provenance());
    const auto keep = [&](std::vector<Loads>& kept) {
      if (!absl::c_linear_search(kept, loads)) kept.push_back(loads);
    };
    keep(loads_of_test_[run.provenance().target()]);
    std::set<std::string> components;
    for (const Measurement& measurement : run.measurements()) {
      components.insert(measurement.component());
    }
    for (const std::string& component : components) keep(loads_of_component_[component]);
  }

  // Whether every test of the component was to run, and none failed.
  bool RanAsAWhole(const std::string& component) const {
    return report_.selection().empty() && absl::c_none_of(inputs_.failed, [&](const auto& test) {
             return test.second == component;
           });
  }

  bool WasToBeMeasured(const std::string& component, const BaselineMeasurement& stored) const {
    if (!HasItsLoads(component, stored)) return false;
    if (stored.target().empty()) return RanAsAWhole(component);
    if (inputs_.failed.contains(stored.target())) return false;
    // In a whole run, a test that is no member any more is missing with all that it measured.
    return report_.selection().empty() || inputs_.whole_tests.contains(stored.target()) ||
           inputs_.asked_measurements.contains(stored.name());
  }

  void AddRequirement(const std::string& component, const Requirement& requirement) {
    RequirementResult& result = *report_.add_requirements();
    result.set_component(component);
    *result.mutable_requirement() = requirement;
    for (const MeasurementResult& measurement : report_.measurements()) {
      if (measurement.name() != requirement.measurement() || measurement.verdict() == MISSING) {
        continue;
      }
      result.set_title(measurement.title());
      result.set_command(measurement.command());
      *result.mutable_owners() = measurement.owners();
      // The smallest loads that measure are not those that limits are stated for.
      if (report_.profile() == kAbProfile) return;
      if (requirement.statistic() == GROWTH && !measurement.has_growth()) {
        // Beside a revision, medians of whole runs are compared.
        if (!inputs_.ab_revision.empty()) return;
        report_.add_errors(
            absl::StrCat(measurement.target(), ": '", measurement.name(),
                         "' was recorded without its work, so its growth requirement "
                         "cannot be checked: record it with MemoryRecorder"));
        return;
      }
      if (measurement.unit() != requirement.unit()) {
        report_.add_errors(absl::StrCat(measurement.target(), ": '", measurement.name(),
                                        "' is measured in ", measurement.unit(),
                                        ", and its requirement is stated in ", requirement.unit()));
        return;
      }
      result.set_measured(true);
      result.set_value(requirement.statistic() == GROWTH
                           ? measurement.growth().total()
                           : Value(measured_[measurement.name()].summary, requirement.statistic()));
      result.set_met(IsWithin(requirement, result.value()));
      if (!result.met() && DependsOnSpeed(requirement.unit())) {
        result.set_noise(measurement.noise());
      }
      return;
    }
    result.set_title(requirement.measurement());
    // With errors, what is missing has been said already; beside a revision, notes say what is new
    // or gone, and what is the same in both was not run.
    if (report_.selection().empty() && inputs_.errors.empty() && inputs_.ab_revision.empty()) {
      report_.add_errors(absl::StrCat(component, ": there is a requirement for '",
                                      requirement.measurement(), "', which no test measures"));
    }
  }

  // A slowdown that is accepted of nothing is a mistake, such as a name that was changed. As with
  // requirements, only a whole run knows.
  void CheckIsMeasured(const std::string& component, const AcceptedSlowdown& accepted) {
    if (!report_.selection().empty() || !inputs_.errors.empty() || !inputs_.ab_revision.empty()) {
      return;
    }
    // The counts of a benchmark "a.b" are "a.b.instructions" and the like. A run that times it
    // does not count, and one that counts does not time, and knows no other tests.
    const std::string& name = accepted.measurement();
    const std::string benchmark = name.substr(0, name.rfind('.'));
    const bool is_known =
        absl::c_any_of(report_.measurements(), [&](const MeasurementResult& result) {
          return result.component() == component &&
                 (result.name() == name || result.name() == benchmark || !result.counted().empty());
        });
    if (is_known) return;
    report_.add_errors(absl::StrCat(component, ": a slowdown of '", name,
                                    "' is accepted, and no test measures it"));
  }

  void AddComponent(const std::string& component) {
    ComponentStatus& status = *report_.add_components();
    status.set_component(component);
    std::set<std::string> owners;
    for (const MeasurementResult& measurement : report_.measurements()) {
      if (measurement.component() != component) continue;
      owners.insert(measurement.owners().begin(), measurement.owners().end());
      if (measurement.verdict() == MISSING) {
        status.set_num_missing(status.num_missing() + 1);
        continue;
      }
      status.set_num_measurements(status.num_measurements() + 1);
      if (!measurement.noise().empty()) {
        status.set_num_noisy(status.num_noisy() + 1);
      }
      switch (measurement.verdict()) {
        case IMPROVED:
          status.set_num_improved(status.num_improved() + 1);
          break;
        case YELLOW:
          status.set_num_yellow(status.num_yellow() + 1);
          break;
        case RED:
          status.set_num_red(status.num_red() + 1);
          break;
        case UNRESOLVED:
          status.set_num_unresolved(status.num_unresolved() + 1);
          break;
        case ACCEPTED:
          status.set_num_accepted(status.num_accepted() + 1);
          break;
        case NOT_COMPARABLE:
          status.set_num_not_comparable(status.num_not_comparable() + 1);
          [[fallthrough]];
        case NO_BASELINE:
          status.set_num_without_baseline(status.num_without_baseline() + 1);
          break;
        default:
          break;
      }
    }
    for (const std::string& owner : owners) status.add_owners(owner);
    bool misses_requirement = false;
    for (const RequirementResult& requirement : report_.requirements()) {
      if (requirement.component() != component || !requirement.measured()) continue;
      status.set_num_requirements(status.num_requirements() + 1);
      if (requirement.met()) {
        status.set_num_requirements_met(status.num_requirements_met() + 1);
      } else if (!requirement.noise().empty()) {
        status.set_num_requirements_unresolved(status.num_requirements_unresolved() + 1);
      } else {
        misses_requirement = true;
      }
    }
    if (status.num_red() > 0 || misses_requirement) {
      status.set_status(STATUS_RED);
    } else if (status.num_missing() > 0) {
      status.set_status(STATUS_MISSING);
    } else if (status.num_yellow() > 0) {
      status.set_status(STATUS_YELLOW);
    } else if (status.num_unresolved() > 0 || status.num_noisy() > 0 ||
               status.num_not_comparable() > 0 || status.num_requirements_unresolved() > 0) {
      status.set_status(STATUS_UNRESOLVED);
    } else if (status.num_accepted() > 0) {
      status.set_status(STATUS_ACCEPTED);
    } else if (status.num_improved() > 0) {
      status.set_status(STATUS_IMPROVED);
    } else if (status.num_measurements() > status.num_without_baseline()) {
      status.set_status(STATUS_STABLE);
    } else if (status.num_measurements() > 0) {
      status.set_status(STATUS_NO_BASELINE);
    } else {
      status.set_status(STATUS_NOT_MEASURED);
    }
  }

  // A red stays one, whatever else could not be measured.
  int ExitCode() const {
    for (const ComponentStatus& status : report_.components()) {
      if (status.status() == STATUS_RED) return 1;
    }
    const bool complete = report_.errors().empty() &&
                          absl::c_none_of(report_.measurements(), [](const auto& measurement) {
                            return measurement.verdict() == MISSING;
                          });
    return complete ? 0 : 2;
  }

  const ReportInputs& inputs_;
  Report report_;
  // By target.
  std::map<std::string, std::vector<std::string>> owners_;
  // What was measured, by name.
  absl::flat_hash_map<absl::string_view, Measured> measured_;
  // How many measurements were judged by the history, and how many only shown beside it.
  int judged_by_history_ = 0;
  int shown_by_history_ = 0;
  // The loads that records were made with, by test and by component.
  std::map<std::string, std::vector<Loads>> loads_of_test_;
  std::map<std::string, std::vector<Loads>> loads_of_component_;
};

}  // namespace

Report BuildReport(const ReportInputs& inputs) { return Builder(inputs).Build(); }

}  // namespace perf
