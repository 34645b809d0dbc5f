#include "perf/report/forms/openmetrics.h"

#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "perf/report/report_words.h"
#include "perf/report/text/safe_text.h"
#include "perf/report/text/units.h"

namespace perf {
namespace {

using Labels = std::vector<std::pair<absl::string_view, std::string>>;

std::string Number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return ExactNumber(value);
}

std::string LabelText(const Labels& labels) {
  std::vector<std::string> texts;
  for (const auto& [name, value] : labels) {
    texts.push_back(absl::StrCat(
        name, "=\"",
        absl::StrReplaceAll(OneLine(value), {{"\\", "\\\\"}, {"\"", "\\\""}, {"\n", "\\n"}}),
        "\""));
  }
  return absl::StrCat("{", absl::StrJoin(texts, ","), "}");
}

// The samples of a metric family, which have to stand together.
class Family {
 public:
  // `unit` ends the name, as the format wants it, or is empty.
  Family(std::string name, absl::string_view type, absl::string_view unit, absl::string_view help)
      : name_(std::move(name)), type_(type), unit_(unit), help_(help) {}

  void Add(const Labels& labels, double value) { AddAs(name_, labels, value); }
  // With a name that some types of families want: "perf_report_info".
  void AddAs(absl::string_view name, const Labels& labels, double value) {
    absl::StrAppend(&samples_, name, labels.empty() ? "" : LabelText(labels), " ", Number(value),
                    "\n");
  }

  std::string Text() const {
    if (samples_.empty()) return "";
    return absl::StrCat("# TYPE ", name_, " ", type_, "\n",
                        unit_.empty() ? "" : absl::StrCat("# UNIT ", name_, " ", unit_, "\n"),
                        "# HELP ", name_, " ", help_, "\n", samples_);
  }

 private:
  std::string name_;
  absl::string_view type_;
  absl::string_view unit_;
  absl::string_view help_;
  std::string samples_;
};

// One family for each base unit, and one for all that have none.
class FiguresByUnit {
 public:
  FiguresByUnit(absl::string_view prefix, absl::string_view help) {
    for (const absl::string_view unit : {"seconds", "bytes", "ratio"}) {
      families_.emplace_back(absl::StrCat(prefix, "_", unit), "gauge", unit, help);
    }
    families_.emplace_back(absl::StrCat(prefix, "_value"), "gauge", "", help);
  }

  // `value` is in the measurement's unit.
  void Add(absl::string_view unit, Labels labels, double value) {
    const std::optional<BaseUnit> base = BaseUnitOf(unit);
    if (!base.has_value()) {
      labels.emplace_back("unit", unit);
      families_.back().Add(labels, value);
      return;
    }
    const size_t place = base->name == "seconds" ? 0 : base->name == "bytes" ? 1 : 2;
    families_[place].Add(labels, value * base->factor);
  }

  std::string Text() const {
    std::string text;
    for (const Family& family : families_) absl::StrAppend(&text, family.Text());
    return text;
  }

 private:
  std::vector<Family> families_;
};

void AddInfo(const Report& report, Family& family) {
  family.AddAs("perf_report_info",
               {{"machine", report.machine()},
                {"cpu", report.environment().cpu_model()},
                {"compiler", report.environment().compiler()},
                {"commit", report.commit()},
                {"uncommitted_changes", report.dirty() ? "yes" : "no"},
                {"profile", report.profile()},
                {"selection", report.selection()}},
               1);
}

void AddVerdict(Labels labels, Verdict verdict, Family& family) {
  labels.emplace_back("perf_verdict", "");
  for (const Verdict one : {STABLE, IMPROVED, YELLOW, RED, UNRESOLVED, NO_BASELINE, NOT_COMPARABLE,
                            MISSING, ACCEPTED}) {
    labels.back().second = absl::AsciiStrToLower(Verdict_Name(one));
    family.Add(labels, one == verdict ? 1 : 0);
  }
}

void AddAcceptance(Labels labels, const Acceptance& acceptance, Family& family) {
  const AcceptedSlowdown& stated = acceptance.stated();
  labels.emplace_back("at_most_percent", ExactNumber(stated.at_most_percent()));
  labels.emplace_back("until", stated.until());
  labels.emplace_back("why", stated.why());
  family.AddAs("perf_acceptance_info", labels, 1);
}

}  // namespace

std::string OpenMetricsForm(const Report& report) {
  Family info("perf_report", "info", "", "What was measured, and where.");
  AddInfo(report, info);
  Family generated("perf_report_generated_seconds", "gauge", "seconds",
                   "When the report was made, in seconds since 1970.");
  generated.Add({}, static_cast<double>(report.generated().seconds()));
  Family errors("perf_report_errors", "gauge", "", "How much could not be measured.");
  errors.Add({}, report.errors_size());
  Family exit_code("perf_report_exit_code", "gauge", "",
                   "1 if something is red, 2 if something could not be measured or is missing.");
  exit_code.Add({}, report.exit_code());

  FiguresByUnit figures("perf_measurement", "What was measured, by statistic.");
  FiguresByUnit baselines("perf_baseline", "The median that a measurement is compared with.");
  Family change("perf_change_ratio", "gauge", "ratio",
                "By how much a median differs from its baseline; more than 0 is better.");
  Family acceptances("perf_acceptance", "info", "",
                     "Which slowdown is accepted, until when and why.");
  Family verdict("perf_verdict", "stateset", "", "How a measurement stands to its baseline.");
  for (const MeasurementResult& result : report.measurements()) {
    const Labels labels = {{"component", result.component()}, {"measurement", result.name()}};
    if (result.count() > 0) {
      const std::pair<absl::string_view, double> statistics[] = {
          {"mean", result.mean()}, {"median", result.median()}, {"min", result.min()},
          {"max", result.max()},   {"p95", result.p95()},       {"p99", result.p99()}};
      for (const auto& [name, value] : statistics) {
        Labels with_statistic = labels;
        with_statistic.emplace_back("statistic", name);
        figures.Add(result.unit(), std::move(with_statistic), value);
      }
    }
    if (!result.baseline().empty() && !result.unit().empty()) {
      baselines.Add(result.unit(), labels, result.baseline_median());
    }
    if (HasPercentage(result)) change.Add(labels, result.change_percent() / 100);
    AddVerdict(labels, result.verdict(), verdict);
    if (result.has_acceptance()) AddAcceptance(labels, result.acceptance(), acceptances);
  }
  Family requirements("perf_requirement_met", "gauge", "", "Whether a requirement is met.");
  for (const RequirementResult& result : report.requirements()) {
    if (!result.measured() || IsUnresolved(result)) continue;
    requirements.Add({{"component", result.component()},
                      {"measurement", result.requirement().measurement()},
                      {"statistic", StatisticWord(result.requirement().statistic())},
                      {"limit", Limit(result.requirement())}},
                     result.met() ? 1 : 0);
  }
  return absl::StrCat(info.Text(), generated.Text(), errors.Text(), exit_code.Text(),
                      figures.Text(), baselines.Text(), change.Text(), verdict.Text(),
                      acceptances.Text(), requirements.Text(), "# EOF\n");
}

}  // namespace perf
