#include "perf/baseline/baseline_file.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/text_format.h"
#include "perf/baseline/written_together.h"
#include "perf/record/text_proto.h"
#include "perf/stats/statistics.h"
#include "perf/stats/verdict.h"

namespace perf {
namespace {

constexpr int kNumQuantiles = 21;

std::map<std::string, double> Overrides(const BaselineMeasurement& measurement) {
  return {measurement.load_overrides().begin(), measurement.load_overrides().end()};
}

auto Key(const BaselineMeasurement& measurement) {
  return std::tuple(measurement.name(), measurement.profile(), Overrides(measurement));
}

absl::Status Validate(const ComponentBaseline& baseline) {
  if (baseline.component().empty() || baseline.machine().empty()) {
    return absl::InvalidArgumentError("a baseline needs a component and a machine");
  }
  std::set<std::tuple<std::string, std::string, std::map<std::string, double>>> seen;
  for (const BaselineMeasurement& measurement : baseline.measurements()) {
    const std::string what = absl::StrCat("baseline of '", measurement.name(), "'");
    if (measurement.name().empty() || measurement.unit().empty() || measurement.count() <= 0 ||
        (measurement.better() != LOWER && measurement.better() != HIGHER) ||
        measurement.profile().empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat(what, " needs a name, unit, direction, profile and count"));
    }
    const auto finite = [](double figure) { return std::isfinite(figure); };
    if (!finite(measurement.mean()) || !finite(measurement.median()) ||
        !finite(measurement.median_low()) || !finite(measurement.median_high()) ||
        !absl::c_all_of(measurement.quantiles(), finite)) {
      return absl::InvalidArgumentError(absl::StrCat(what, " has a figure that is not finite"));
    }
    const Figure figure = StoredFigure(measurement);
    if (figure.interval.low > figure.median || figure.median > figure.interval.high ||
        !absl::c_is_sorted(measurement.quantiles())) {
      return absl::InvalidArgumentError(absl::StrCat(what, " has figures out of order"));
    }
    for (const auto& [name, value] : measurement.load_overrides()) {
      if (!(finite(value) && value > 0)) {
        return absl::InvalidArgumentError(
            absl::StrCat(what, " has the load ", name, "=", value, ", which is not positive"));
      }
    }
    if (!seen.insert(Key(measurement)).second) {
      return absl::InvalidArgumentError(
          absl::StrCat(what, " is stored twice for profile '", measurement.profile(), "'"));
    }
  }
  return absl::OkStatus();
}

// Six significant digits: more are noise, and make a review hard to read.
double Rounded(double value) {
  if (value == 0 || !std::isfinite(value)) return value;
  const double scale = std::pow(10.0, 5 - std::floor(std::log10(std::abs(value))));
  // No power of ten brings six digits of the smallest doubles before the point.
  return std::isfinite(scale) ? std::round(value * scale) / scale : value;
}

}  // namespace

std::string BaselinePath(absl::string_view directory, absl::string_view machine,
                         absl::string_view component) {
  return absl::StrCat(directory, "/", machine, "/", component, ".textproto");
}

absl::StatusOr<ComponentBaseline> ParseBaseline(absl::string_view text, absl::string_view source) {
  ComponentBaseline baseline;
  if (absl::Status parsed = ParseTextProto(text, source, baseline); !parsed.ok()) return parsed;
  if (absl::Status valid = Validate(baseline); !valid.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(source, ": ", valid.message()));
  }
  return baseline;
}

absl::StatusOr<ComponentBaseline> ReadBaseline(absl::string_view directory,
                                               absl::string_view machine,
                                               absl::string_view component) {
  const std::string path = BaselinePath(directory, machine, component);
  absl::StatusOr<std::string> text = ReadFile(path);
  if (!text.ok()) return text.status();
  absl::StatusOr<ComponentBaseline> baseline = ParseBaseline(*text, path);
  if (!baseline.ok()) return baseline.status();
  if (baseline->machine() != machine || baseline->component() != component) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": this is the baseline of ", baseline->component(), " on ",
                     baseline->machine(), ", and does not belong there"));
  }
  return baseline;
}

std::string BaselineText(const ComponentBaseline& baseline) {
  google::protobuf::TextFormat::Printer printer;
  printer.SetUseShortRepeatedPrimitives(true);
  printer.SetUseUtf8StringEscaping(true);
  std::string body;
  // Writing into a string cannot fail.
  static_cast<void>(printer.PrintToString(baseline, &body));
  return absl::StrCat(
      "# proto-file: perf/baseline/baseline.proto\n"
      "# proto-message: perf.ComponentBaseline\n"
      "# Written by `bazel run //perf -- --update_baselines`.\n",
      body);
}

absl::Status WriteBaseline(const ComponentBaseline& baseline, absl::string_view directory) {
  return WriteTogether({{BaselinePath(directory, baseline.machine(), baseline.component()),
                         BaselineText(baseline)}});
}

BaselineMeasurement ToBaseline(const Measurement& measurement, const Run& run,
                               absl::string_view date) {
  std::vector<double> sorted(measurement.samples().begin(), measurement.samples().end());
  std::sort(sorted.begin(), sorted.end());
  const Summary summary = Summarize(sorted);
  const Figure figure = FigureOf(sorted);
  BaselineMeasurement stored;
  stored.set_name(measurement.name());
  stored.set_unit(measurement.unit());
  stored.set_better(measurement.better());
  stored.set_profile(run.provenance().profile());
  *stored.mutable_load_overrides() = run.provenance().load_overrides();
  stored.set_commit(absl::StrCat(run.provenance().commit(), run.provenance().dirty() ? "+" : ""));
  stored.set_date(std::string(date));
  stored.set_target(run.provenance().target());
  stored.set_count(summary.count);
  stored.set_median(Rounded(figure.median));
  if (summary.min == summary.max) return stored;
  stored.set_mean(Rounded(summary.mean));
  stored.set_median_low(Rounded(figure.interval.low));
  stored.set_median_high(Rounded(figure.interval.high));
  for (int i = 0; i < kNumQuantiles; ++i) {
    stored.add_quantiles(Rounded(Quantile(sorted, static_cast<double>(i) / (kNumQuantiles - 1))));
  }
  return stored;
}

Figure StoredFigure(const BaselineMeasurement& stored) {
  if (!stored.has_median_low() && !stored.has_median_high()) {
    return {.median = stored.median(), .interval = {stored.median(), stored.median()}};
  }
  return {.median = stored.median(), .interval = {stored.median_low(), stored.median_high()}};
}

const BaselineMeasurement* FindBaseline(const ComponentBaseline& baseline, absl::string_view name,
                                        absl::string_view profile,
                                        const std::map<std::string, double>& load_overrides) {
  for (const BaselineMeasurement& measurement : baseline.measurements()) {
    if (measurement.name() == name && measurement.profile() == profile &&
        Overrides(measurement) == load_overrides) {
      return &measurement;
    }
  }
  return nullptr;
}

void PutBaseline(const BaselineMeasurement& measurement, ComponentBaseline& baseline) {
  for (BaselineMeasurement& stored : *baseline.mutable_measurements()) {
    if (Key(stored) == Key(measurement)) {
      stored = measurement;
      return;
    }
  }
  *baseline.add_measurements() = measurement;
  std::sort(
      baseline.mutable_measurements()->begin(), baseline.mutable_measurements()->end(),
      [](const BaselineMeasurement& a, const BaselineMeasurement& b) { return Key(a) < Key(b); });
}

}  // namespace perf
