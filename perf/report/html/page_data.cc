#include "perf/report/html/page_data.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "command/terminal/printable.h"
#include "perf/baseline/baseline_file.h"
#include "perf/explain/explanation.pb.h"
#include "perf/explain/explanation_text.h"
#include "perf/explain/function_name.h"
#include "perf/history/change_points.h"
#include "perf/history/history_text.h"
#include "perf/record/short_commit.h"
#include "perf/report/html/html_text.h"
#include "perf/report/html/verdict_reasons.h"
#include "perf/report/report_words.h"
#include "perf/stats/figure_text.h"
#include "perf/stats/statistics.h"

namespace perf {
namespace {

// A picture shows no more digits than these.
constexpr int kDigits = 4;
constexpr int kMoreDigits = 7;
// Values whose range is a smaller share of them need more digits to be told apart.
constexpr double kNarrow = 0.02;

// The least for the significance level: a page has hundreds of series, and each takes milliseconds.
constexpr int kPermutations = 99;

// The value with so many significant digits; 0 for what is not finite, which no sample is.
double Rounded(double value, int digits) {
  double rounded = 0;
  if (!std::isfinite(value) ||
      !absl::SimpleAtod(absl::StrFormat("%.*g", digits, value), &rounded)) {
    return 0;
  }
  // The greatest figures may be rounded out of what a double holds.
  return std::isfinite(rounded) ? rounded : value;
}

// How many digits values need that lie between these two.
int DigitsFor(double low, double high) {
  const double size = std::max(std::abs(low), std::abs(high));
  // Halves, as the difference of the greatest figures has no place in a double.
  return high / 2 - low / 2 < kNarrow * (size / 2) ? kMoreDigits : kDigits;
}

template <typename Values>
void AddRounded(const std::vector<double>& values, Values& into) {
  if (values.empty()) return;
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  const int digits = DigitsFor(*low, *high);
  for (const double value : values) into.Add(Rounded(value, digits));
}

PageFigure PrintedFigure(absl::string_view name, absl::string_view text) {
  PageFigure figure;
  figure.set_name(PageText(name));
  figure.set_text(PageText(text));
  return figure;
}

int Count(int64_t count) {
  return static_cast<int>(std::min<int64_t>(count, std::numeric_limits<int>::max()));
}

int Rank(const MeasurementResult& result, bool misses_requirement) {
  if (misses_requirement || result.verdict() == RED) return 0;
  switch (result.verdict()) {
    case MISSING:
      return 1;
    case YELLOW:
      return 2;
    case UNRESOLVED:
      return 3;
    case NOT_COMPARABLE:
      return 4;
    default:
      break;
  }
  if (!result.noise().empty()) return 5;
  if (result.verdict() == ACCEPTED) return 6;
  if (result.verdict() == IMPROVED) return 7;
  return result.verdict() == NO_BASELINE ? 8 : 9;
}

std::set<std::string> Missed(const Report& report) {
  std::set<std::string> missed;
  for (const RequirementResult& result : report.requirements()) {
    if (IsMissed(result)) missed.insert(result.requirement().measurement());
  }
  return missed;
}

std::string CommitOf(const HistoryPoint& point) {
  if (point.commit.empty()) return "";
  return PageText(absl::StrCat(ShortCommit(point.commit), point.dirty ? "+" : ""));
}

// Invocations by what they are called; those without a name, by their time.
std::string RunKey(const HistoryPoint& point) {
  return point.run_id.empty() ? absl::StrCat("at ", absl::ToUnixNanos(point.time)) : point.run_id;
}

// A name as a word that a shell reads as it is.
std::string ShellWord(absl::string_view name) {
  const bool plain = !name.empty() && absl::c_all_of(name, [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || absl::StrContains("._/:-+=,@", c);
  });
  if (plain) return std::string(name);
  return absl::StrCat("'", absl::StrReplaceAll(name, {{"'", "'\\''"}}), "'");
}

class PageBuilder {
 public:
  PageBuilder(const Report& report, const HtmlInputs& inputs)
      : report_(report), inputs_(inputs), missed_(Missed(report)) {
    for (const Run& run : inputs.records.runs) {
      for (const Measurement& measurement : run.measurements()) {
        measured_.try_emplace(measurement.name(), Measured{&run, &measurement});
      }
    }
  }

  PageData Build() {
    NumberRuns();
    for (const MeasurementResult* result : InOrderOfGravity(report_)) Add(*result);
    Relate();
    AddChains();
    return std::move(data_);
  }

 private:
  struct Measured {
    const Run* run;
    const Measurement* measurement;
  };

  // Gives the last runs of all trends their numbers, in the order of time.
  void NumberRuns() {
    std::map<std::string, const HistoryPoint*> first;
    for (const auto& [name, series] : inputs_.history) {
      for (const HistoryPoint& point : series.points) {
        const auto [known, inserted] = first.try_emplace(RunKey(point), &point);
        if (!inserted && point.time < known->second->time) known->second = &point;
      }
    }
    std::vector<std::pair<absl::Time, std::string>> order;
    for (const auto& [key, point] : first) order.emplace_back(point->time, key);
    absl::c_sort(order);
    if (order.size() > kMaxTrendRuns) {
      order.erase(order.begin(), order.end() - static_cast<std::ptrdiff_t>(kMaxTrendRuns));
    }
    for (const auto& [time, key] : order) {
      number_of_run_[key] = data_.runs_size();
      PageRun& run = *data_.add_runs();
      run.set_time_s(std::round(absl::ToDoubleSeconds(time - absl::UnixEpoch())));
      run.set_commit(CommitOf(*first.at(key)));
    }
  }

  void Add(const MeasurementResult& result) {
    // What the baseline has in another unit is missing, and there under the same name.
    if (!IsMissing(result) || !number_of_.contains(result.name())) {
      number_of_[result.name()] = data_.measurements_size();
    }
    PageMeasurement& page = *data_.add_measurements();
    page.set_name(PageText(result.name()));
    page.set_title(PageText(result.title()));
    page.set_component(PageText(result.component()));
    page.set_target(PageText(result.target()));
    page.set_kind(inputs_.records.benchmarks.contains(result.target()) ? "benchmark" : "test");
    page.set_unit(PageText(result.unit()));
    page.set_verdict(VerdictKey(result.verdict()));
    page.set_higher_is_better(result.better() == HIGHER);
    page.set_noise(PageText(result.noise()));
    page.set_misses_requirement(missed_.contains(result.name()));
    page.set_command(PageText(result.command()));
    for (const std::string& owner : result.owners()) page.add_owners(PageText(owner));
    if (!report_.command().empty()) {
      page.set_history_command(
          PageText(absl::StrCat(report_.command(), " -- history ", ShellWord(result.name()))));
    }
    page.set_baseline_name(PageText(result.baseline()));
    // What is gone from another revision has no figures, and what cannot be compared none of this
    // unit.
    if (!result.baseline().empty() && !result.unit().empty() &&
        result.verdict() != NOT_COMPARABLE) {
      page.set_baseline_median(Rounded(result.baseline_median(), kMoreDigits));
    }
    for (const std::string& reason :
         VerdictReasons(result, report_.environment_match() == ENVIRONMENT_BESIDE)) {
      page.add_reasons(PageText(reason));
    }
    AddFigures(result, page);
    AddRatio(result, page);
    AddLimits(result, page);
    AddTrend(result, page);
    AddExplanation(result.explanation(), page);
    const auto found = measured_.find(result.name());
    if (found == measured_.end() || IsMissing(result)) return;
    const auto& [run, measurement] = found->second;
    *page.mutable_current() = DistributionOf(measurement->samples());
    AddBaseline(result, *run, *measurement, page);
    AddGrowth(*measurement, page);
  }

  static void AddFigures(const MeasurementResult& result, PageMeasurement& page) {
    if (result.count() == 0) return;
    page.set_median(Rounded(result.median(), kMoreDigits));
    page.set_p95(Rounded(result.p95(), kMoreDigits));
    page.set_p99(Rounded(result.p99(), kMoreDigits));
    const auto add = [&](absl::string_view name, absl::string_view text) {
      *page.add_figures() = PrintedFigure(name, text);
    };
    const auto value = [&](absl::string_view name, double figure) {
      add(name, WithUnit(figure, result.unit()));
    };
    add("Count", absl::StrCat(result.count()));
    value("Average", result.mean());
    value("Median", result.median());
    value("Minimum", result.min());
    value("Maximum", result.max());
    value("95th percentile", result.p95());
    value("99th percentile", result.p99());
    if (result.iterations() > 0) add("Iterations", absl::StrCat(result.iterations()));
    if (result.attempts() > 1) add("Runs", absl::StrCat(result.attempts()));
    const std::map<std::string, double> counters(result.counters().begin(),
                                                 result.counters().end());
    for (const auto& [name, counter] : counters) {
      *page.add_counters() = PrintedFigure(name, FormatFigure(counter));
    }
  }

  static std::string ExplanationWords(absl::string_view text) {
    return PageText(command::CutText(text, kMaxExplanationText));
  }

  // A function's name in short.
  static std::string ShortWords(absl::string_view name) {
    return PageText(ShortFunctionName(name));
  }

  // What a text takes in JSON, at most.
  static size_t BytesOf(const std::string& text) {
    size_t bytes = text.size();
    for (const char c : text) {
      // Such a one takes six bytes: \u003c.
      if (absl::StrContains("<>&'\"\\\n\t", c)) bytes += 5;
    }
    return bytes;
  }

  // What an explanation takes on the page, at most: its texts, and the names and figures of its
  // fields.
  static size_t BytesOf(const PageMeasurement& page) {
    constexpr size_t kFields = 150;
    size_t bytes = 0;
    const auto add_notes = [&](const auto& notes) {
      for (const std::string& note : notes) bytes += BytesOf(note) + 3;
    };
    for (const PageFunction& function : page.functions()) {
      bytes += BytesOf(function.name()) + BytesOf(function.full()) + kFields;
      add_notes(function.notes());
    }
    for (const PageFrame& frame : page.frames()) {
      bytes += BytesOf(frame.name()) + BytesOf(frame.full()) + kFields;
    }
    for (const PageAllocations& allocations : page.allocations()) {
      bytes += BytesOf(allocations.caller()) + kFields;
    }
    add_notes(page.explanation_notes());
    return bytes;
  }

  // Adds what there is room for.
  void AddExplanation(const Explanation& explanation, PageMeasurement& page) {
    if (explanation.of_whole_run()) page.set_per(std::string(PerWhat(explanation)));
    AddFunctions(explanation, page);
    AddAllocations(explanation, page);
    AddFrames(explanation, page);
    for (int i = 0; i < std::min(explanation.notes_size(), kMaxExplanationNotes); ++i) {
      page.add_explanation_notes(ExplanationWords(explanation.notes(i)));
    }
    const size_t bytes = BytesOf(page);
    if (explanation_bytes_ + bytes <= kMaxExplanationBytes) {
      explanation_bytes_ += bytes;
      return;
    }
    page.clear_functions();
    page.clear_allocations();
    page.clear_frames();
    page.clear_explanation_notes();
    page.add_explanation_notes(
        "The page has no room for more explanations; performance_report.json has this one.");
  }

  static void AddFunctions(const Explanation& explanation, PageMeasurement& page) {
    const auto figure = [](double value) { return Rounded(value, kMoreDigits); };
    const auto change = [](double before, double after) {
      return absl::StrCat(after < before ? "" : "+", IterationFigure(after - before));
    };
    for (int i = 0; i < std::min(explanation.functions_size(), kMaxDrawnFunctions); ++i) {
      const FunctionChange& function = explanation.functions(i);
      PageFunction& added = *page.add_functions();
      added.set_name(ShortWords(function.function()));
      if (std::string full = ExplanationWords(function.function()); full != added.name()) {
        added.set_full(std::move(full));
      }
      if (function.presence() == FUNCTION_NEW) added.set_presence("new");
      if (function.presence() == FUNCTION_GONE) added.set_presence("gone");
      added.set_self_before(figure(function.self_before()));
      added.set_self_after(figure(function.self_after()));
      added.set_inclusive_before(figure(function.inclusive_before()));
      added.set_inclusive_after(figure(function.inclusive_after()));
      constexpr int kMaxInlined = 5;
      for (int j = 0; j < std::min(function.inlined_size(), kMaxInlined); ++j) {
        const InlinedChange& inlined = function.inlined(j);
        added.add_notes(absl::StrCat("inlined: ", ShortWords(inlined.function()), " ",
                                     change(inlined.before(), inlined.after())));
      }
      if (IterationFigure(function.calls_before()) != IterationFigure(function.calls_after())) {
        added.add_notes(absl::StrCat("calls: ", IterationFigure(function.calls_after()),
                                     ", before ", IterationFigure(function.calls_before()),
                                     function.caller().empty() ? "" : "; by ",
                                     ShortWords(function.caller())));
      }
    }
  }

  static void AddAllocations(const Explanation& explanation, PageMeasurement& page) {
    for (int i = 0; i < std::min(explanation.allocations_size(), kMaxDrawnAllocations); ++i) {
      const AllocationChange& change = explanation.allocations(i);
      PageAllocations& added = *page.add_allocations();
      added.set_caller(ShortWords(change.caller()));
      added.set_before(Rounded(change.before(), kMoreDigits));
      added.set_after(Rounded(change.after(), kMoreDigits));
    }
  }

  // A report that was read from a file may hold any tree, or none.
  static void AddFrames(const Explanation& explanation, PageMeasurement& page) {
    for (int i = 0; i < std::min(explanation.frames_size(), kMaxDrawnFrames); ++i) {
      const CallFrame& frame = explanation.frames(i);
      if (frame.parent() < 0 || frame.parent() >= std::max(i, 1)) {
        page.clear_frames();
        return;
      }
      PageFrame& added = *page.add_frames();
      added.set_name(PageText(ShortFunctionName(frame.function())));
      added.set_full(ExplanationWords(frame.function()));
      if (added.full() == added.name()) added.clear_full();
      added.set_parent(frame.parent());
      added.set_inlined(frame.inlined());
      added.set_before(Rounded(frame.before(), kMoreDigits));
      added.set_after(Rounded(frame.after(), kMoreDigits));
    }
  }

  void AddRatio(const MeasurementResult& result, PageMeasurement& page) const {
    const auto effect = inputs_.records.ab.find(result.name());
    double ratio = 0;
    Interval interval;
    if (effect != inputs_.records.ab.end()) {
      ratio = effect->second.effect.ratio;
      interval = effect->second.effect.ratio_interval;
    } else if (HasPercentage(result)) {
      const double sign = result.better() == HIGHER ? 1 : -1;
      const auto of = [&](double change_percent) { return 1 + sign * change_percent / 100; };
      ratio = of(result.change_percent());
      const double one = of(result.change_percent_low());
      const double other = of(result.change_percent_high());
      interval = {std::min(one, other), std::max(one, other)};
    }
    // A logarithmic axis has no place for what is 0 or less.
    const auto drawable = [](double value) { return std::isfinite(value) && value > 0; };
    if (!drawable(ratio)) return;
    page.set_ratio(Rounded(ratio, kDigits));
    if (drawable(interval.low)) page.set_ratio_low(Rounded(interval.low, kDigits));
    if (drawable(interval.high)) page.set_ratio_high(Rounded(interval.high, kDigits));
  }

  void AddLimits(const MeasurementResult& result, PageMeasurement& page) const {
    for (const RequirementResult& requirement : report_.requirements()) {
      const Requirement& stated = requirement.requirement();
      if (!requirement.measured() || stated.measurement() != result.name()) continue;
      PageLimit& limit = *page.add_limits();
      limit.set_limit(
          Rounded(stated.has_at_most() ? stated.at_most() : stated.at_least(), kMoreDigits));
      limit.set_text(
          PageText(absl::StrCat(StatisticWord(stated.statistic()), " ", Limit(stated),
                                "; measured ", WithUnit(requirement.value(), stated.unit()))));
      limit.set_met(requirement.met());
      limit.set_noise(PageText(requirement.noise()));
      limit.set_on_axis(stated.statistic() != GROWTH);
      limit.set_why(PageText(stated.why()));
    }
  }

  void AddTrend(const MeasurementResult& result, PageMeasurement& page) const {
    const auto found = inputs_.history.find(result.name());
    if (found == inputs_.history.end()) return;
    HistorySeries series = found->second;
    auto& points = series.points;
    points.erase(std::remove_if(points.begin(), points.end(),
                                [this](const HistoryPoint& point) {
                                  return !std::isfinite(point.median) ||
                                         !number_of_run_.contains(RunKey(point));
                                }),
                 points.end());
    if (points.size() > kMaxTrendPoints) {
      points.erase(points.begin(), points.end() - static_cast<std::ptrdiff_t>(kMaxTrendPoints));
    }
    std::vector<double> medians;
    for (const HistoryPoint& point : points) {
      page.mutable_trend()->add_runs(number_of_run_.at(RunKey(point)));
      if (!point.noise.has_value() || !point.noise->empty()) {
        page.mutable_trend()->add_noisy(static_cast<int>(medians.size()));
      }
      medians.push_back(point.median);
    }
    AddRounded(medians, *page.mutable_trend()->mutable_medians());
    for (const ChangePoint& change : FindChangePoints(medians, {.permutations = kPermutations})) {
      PageChange& drawn = *page.mutable_trend()->add_changes();
      drawn.set_point(static_cast<int>(change.index));
      drawn.set_before(Rounded(change.before, kMoreDigits));
      drawn.set_after(Rounded(change.after, kMoreDigits));
      drawn.set_text(PageText(ChangeOfLevelText(series, change)));
    }
  }

  // The distribution that the measurement was compared with, where more than its median is known.
  void AddBaseline(const MeasurementResult& result, const Run& run, const Measurement& measurement,
                   PageMeasurement& page) const {
    const ReportInputs& records = inputs_.records;
    if (!page.has_baseline_median()) return;
    if (!records.ab_revision.empty()) {
      const auto found = records.ab.find(result.name());
      if (found == records.ab.end()) return;
      *page.mutable_baseline() = DistributionOf(found->second.baseline_samples);
      return;
    }
    if (!records.baseline_lines_source.empty() || result.history_runs() > 0) return;
    const auto& baselines =
        measurement.deterministic() ? records.deterministic_baselines : records.baselines;
    const auto component = baselines.find(measurement.component());
    if (component == baselines.end()) return;
    const auto& overrides = run.provenance().load_overrides();
    const BaselineMeasurement* const stored =
        FindBaseline(component->second, measurement.name(), run.provenance().profile(),
                     {overrides.begin(), overrides.end()});
    if (stored == nullptr) return;
    std::vector<double> quantiles(stored->quantiles().begin(), stored->quantiles().end());
    // Samples that were all equal are stored as one figure.
    if (quantiles.empty()) quantiles = {stored->median()};
    AddRounded(quantiles, *page.mutable_baseline()->mutable_values());
    page.mutable_baseline()->set_count(Count(stored->count()));
  }

  static void AddGrowth(const Measurement& measurement, PageMeasurement& page) {
    const int count = measurement.work_size();
    if (count == 0) return;
    const int drawn = std::min(count, static_cast<int>(kMaxDrawnValues));
    std::vector<double> work;
    std::vector<double> values;
    for (int i = 0; i < drawn; ++i) {
      const int index = drawn == 1 ? 0 : static_cast<int>(int64_t{i} * (count - 1) / (drawn - 1));
      work.push_back(static_cast<double>(measurement.work(index)));
      values.push_back(measurement.samples(index));
    }
    AddRounded(work, *page.mutable_growth()->mutable_work());
    AddRounded(values, *page.mutable_growth()->mutable_values());
    page.mutable_growth()->set_work_unit(PageText(measurement.work_unit()));
  }

  // Counts and times of one benchmark share its name, without what was counted.
  void Relate() {
    std::map<std::string, std::vector<int>> groups;
    for (const MeasurementResult& result : report_.measurements()) {
      absl::string_view name = result.name();
      if (!result.counted().empty()) {
        absl::ConsumeSuffix(&name, absl::StrCat(".", result.counted()));
      }
      groups[std::string(name)].push_back(number_of_.at(result.name()));
    }
    for (const auto& [name, group] : groups) {
      for (const int one : group) {
        for (const int other : group) {
          if (one != other) data_.mutable_measurements(one)->add_related(other);
        }
      }
    }
  }

  // The chains of which the whole and at least two stages were measured.
  void AddChains() {
    for (const auto& [component, requirements] : inputs_.records.requirements) {
      for (const LatencyChain& stated : requirements.latency_chains()) {
        PageChain chain;
        const std::optional<int> total = Drawable(stated.total());
        if (!total.has_value()) continue;
        chain.set_title(PageText(stated.title()));
        chain.set_total(*total);
        const std::string& unit = data_.measurements(*total).unit();
        for (const std::string& name : stated.stages()) {
          const std::optional<int> stage = Drawable(name);
          if (stage.has_value() && data_.measurements(*stage).unit() == unit) {
            chain.add_stages(*stage);
          }
        }
        if (chain.stages_size() > 1) *data_.add_chains() = std::move(chain);
      }
    }
  }

  // The index of what was measured under this name.
  std::optional<int> Drawable(const std::string& name) const {
    const auto found = number_of_.find(name);
    if (found == number_of_.end()) return std::nullopt;
    return data_.measurements(found->second).has_current() ? std::optional<int>(found->second)
                                                           : std::nullopt;
  }

  const Report& report_;
  const HtmlInputs& inputs_;
  const std::set<std::string> missed_;
  absl::flat_hash_map<std::string, Measured> measured_;
  absl::flat_hash_map<std::string, int> number_of_run_;
  absl::flat_hash_map<std::string, int> number_of_;
  // What the explanations so far take on the page.
  size_t explanation_bytes_ = 0;
  PageData data_;
};

}  // namespace

std::vector<const MeasurementResult*> InOrderOfGravity(const Report& report) {
  const std::set<std::string> missed = Missed(report);
  std::vector<const MeasurementResult*> ordered;
  for (const MeasurementResult& result : report.measurements()) ordered.push_back(&result);
  absl::c_stable_sort(ordered, [&](const MeasurementResult* one, const MeasurementResult* other) {
    return Rank(*one, missed.contains(one->name())) < Rank(*other, missed.contains(other->name()));
  });
  return ordered;
}

std::string VerdictKey(Verdict verdict) {
  return absl::StrReplaceAll(absl::AsciiStrToLower(Word(verdict)), {{" ", "-"}});
}

PageDistribution DistributionOf(absl::Span<const double> samples) {
  std::vector<double> sorted;
  for (const double sample : samples) {
    if (std::isfinite(sample)) sorted.push_back(sample);
  }
  absl::c_sort(sorted);
  PageDistribution distribution;
  distribution.set_count(Count(static_cast<int64_t>(sorted.size())));
  distribution.set_complete(sorted.size() <= kMaxDrawnValues);
  if (!distribution.complete()) {
    std::vector<double> quantiles;
    for (size_t i = 0; i < kMaxDrawnValues; ++i) {
      quantiles.push_back(
          Quantile(sorted, static_cast<double>(i) / static_cast<double>(kMaxDrawnValues - 1)));
    }
    sorted = std::move(quantiles);
  }
  AddRounded(sorted, *distribution.mutable_values());
  return distribution;
}

PageData MakePageData(const Report& report, const HtmlInputs& inputs) {
  return PageBuilder(report, inputs).Build();
}

}  // namespace perf
