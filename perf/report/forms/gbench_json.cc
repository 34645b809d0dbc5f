#include "perf/report/forms/gbench_json.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "perf/report/report_words.h"
#include "perf/report/text/safe_text.h"
#include "perf/report/text/units.h"
#include "perf/stats/statistics.h"
#include "rapidjson/prettywriter.h"
#include "rapidjson/stringbuffer.h"

namespace perf {
namespace {

using Writer = rapidjson::PrettyWriter<rapidjson::StringBuffer>;

void Put(Writer& writer, const char* name, absl::string_view text) {
  writer.Key(name);
  writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

void Put(Writer& writer, const char* name, double value) {
  writer.Key(name);
  writer.Double(value);
}

void PutWhole(Writer& writer, const char* name, int64_t value) {
  writer.Key(name);
  writer.Int64(value);
}

// A unit of Google Benchmark, and how many of it one of the measurement's unit are.
struct TimeUnit {
  absl::string_view name;
  double factor = 1;
};

std::optional<TimeUnit> TimeUnitOf(absl::string_view unit) {
  for (const absl::string_view same : {"ns", "us", "ms", "s"}) {
    if (unit == same) return TimeUnit{.name = same, .factor = 1};
  }
  const std::optional<double> seconds = SecondsOf(unit);
  if (!seconds.has_value()) return std::nullopt;
  return TimeUnit{.name = "s", .factor = *seconds};
}

// The samples of measurements, by name.
using Samples = absl::flat_hash_map<std::string, const Measurement*>;

Samples SamplesOf(absl::Span<const Run> runs) {
  Samples samples;
  for (const Run& run : runs) {
    for (const Measurement& measurement : run.measurements()) {
      samples.emplace(measurement.name(), &measurement);
    }
  }
  return samples;
}

// The samples that the figures of `result` were made of; none if there are others of that name,
// such as those of another run. Records keep seven digits of a time.
const Measurement* FindSamples(const Samples& samples, const MeasurementResult& result) {
  constexpr double kSinglePrecision = 1e-6;
  const auto found = samples.find(result.name());
  if (found == samples.end() || found->second->samples_size() != result.count()) return nullptr;
  const double median = Median(found->second->samples());
  const bool same = std::abs(median - result.median()) <= kSinglePrecision * std::abs(median);
  return same ? found->second : nullptr;
}

// The one place for words beside a figure: that it is slower and accepted.
std::string LabelOf(const MeasurementResult& result) {
  if (result.verdict() != ACCEPTED) return OneLine(result.title());
  return OneLine(absl::StrCat(result.title(), ": ", AcceptanceText(result)));
}

class Benchmarks {
 public:
  // At most `max_repetitions` are written of each measurement.
  Benchmarks(size_t max_repetitions, Writer& writer)
      : max_repetitions_(max_repetitions), writer_(writer) {}

  void Add(const MeasurementResult& result, const TimeUnit& unit, const Measurement* measurement) {
    name_ = OneLine(result.name());
    label_ = LabelOf(result);
    const int64_t executions = std::max<int64_t>(result.iterations(), result.count());
    const int64_t iterations =
        std::max<int64_t>(executions / std::max<int64_t>(result.count(), 1), 1);
    std::vector<double> repetitions;
    if (measurement != nullptr) {
      const auto count = static_cast<size_t>(measurement->samples_size());
      const size_t shown = std::min(count, max_repetitions_);
      for (size_t i = 0; i < shown; ++i) {
        repetitions.push_back(measurement->samples(static_cast<int>(i * count / shown)));
      }
    }
    const int64_t num_repetitions =
        repetitions.empty() ? result.count() : static_cast<int64_t>(repetitions.size());
    for (size_t i = 0; i < repetitions.size(); ++i) {
      // JSON has no figure for what is not finite.
      if (!std::isfinite(repetitions[i] * unit.factor)) continue;
      Begin("", num_repetitions);
      PutWhole(writer_, "repetition_index", static_cast<int64_t>(i));
      End(iterations, repetitions[i] * unit.factor, unit);
    }
    const auto aggregate = [&](absl::string_view name, double value) {
      if (!std::isfinite(value * unit.factor)) return;
      Begin(name, num_repetitions);
      Put(writer_, "aggregate_name", name);
      Put(writer_, "aggregate_unit", "time");
      End(num_repetitions, value * unit.factor, unit);
    };
    aggregate("mean", result.mean());
    aggregate("median", result.median());
    if (measurement != nullptr) aggregate("stddev", StandardDeviation(measurement->samples()));
    ++num_families_;
  }

 private:
  void Begin(absl::string_view aggregate, int64_t repetitions) {
    writer_.StartObject();
    Put(writer_, "name", aggregate.empty() ? name_ : absl::StrCat(name_, "_", aggregate));
    PutWhole(writer_, "family_index", num_families_);
    PutWhole(writer_, "per_family_instance_index", 0);
    Put(writer_, "run_name", name_);
    Put(writer_, "run_type", aggregate.empty() ? "iteration" : "aggregate");
    PutWhole(writer_, "repetitions", repetitions);
    PutWhole(writer_, "threads", 1);
    Put(writer_, "label", label_);
  }

  void End(int64_t iterations, double time, const TimeUnit& unit) {
    PutWhole(writer_, "iterations", iterations);
    Put(writer_, "real_time", time);
    Put(writer_, "cpu_time", time);
    Put(writer_, "time_unit", unit.name);
    writer_.EndObject();
  }

  static double StandardDeviation(const google::protobuf::RepeatedField<double>& samples) {
    if (samples.size() < 2) return 0;
    double mean = 0;
    for (const double sample : samples) mean += sample / samples.size();
    double squares = 0;
    for (const double sample : samples) squares += (sample - mean) * (sample - mean);
    return std::sqrt(squares / (samples.size() - 1));
  }

  const size_t max_repetitions_;
  Writer& writer_;
  int64_t num_families_ = 0;
  // The names of the measurement that is being added.
  std::string name_;
  std::string label_;
};

void PutContext(const Report& report, int left_out, Writer& writer) {
  const Environment& environment = report.environment();
  writer.Key("context");
  writer.StartObject();
  Put(writer, "date",
      absl::FormatTime("%Y-%m-%dT%H:%M:%S+00:00",
                       absl::FromUnixSeconds(report.generated().seconds()), absl::UTCTimeZone()));
  Put(writer, "host_name", OneLine(report.machine()));
  Put(writer, "executable", OneLine(report.command()));
  PutWhole(writer, "num_cpus", environment.num_cpus());
  writer.Key("caches");
  writer.StartArray();
  writer.EndArray();
  writer.Key("load_avg");
  writer.StartArray();
  if (std::isfinite(environment.load_average())) writer.Double(environment.load_average());
  writer.EndArray();
  Put(writer, "library_build_type",
      environment.compilation_mode().empty() || environment.compilation_mode() == "opt" ? "release"
                                                                                        : "debug");
  Put(writer, "commit", OneLine(report.commit()));
  Put(writer, "written_by", "parlance-perf");
  PutWhole(writer, "measurements_left_out_as_they_are_no_times", left_out);
  writer.EndObject();
}

}  // namespace

std::string GbenchJsonForm(const Report& report, absl::Span<const Run> runs) {
  struct Shown {
    const MeasurementResult* result;
    TimeUnit unit;
  };
  std::vector<Shown> shown;
  int left_out = 0;
  for (const MeasurementResult& result : report.measurements()) {
    // Not what is missing, or was not run because its code is the same.
    if (result.count() <= 0) continue;
    const std::optional<TimeUnit> unit = TimeUnitOf(result.unit());
    if (unit.has_value()) {
      shown.push_back({.result = &result, .unit = *unit});
    } else {
      ++left_out;
    }
  }
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  writer.SetIndent(' ', 2);
  writer.StartObject();
  PutContext(report, left_out, writer);
  writer.Key("benchmarks");
  writer.StartArray();
  const Samples samples = SamplesOf(runs);
  const size_t share = kMaxAllGbenchRepetitions / std::max<size_t>(shown.size(), 1);
  Benchmarks benchmarks(std::clamp(share, kMinGbenchRepetitions, kMaxGbenchRepetitions), writer);
  for (const auto& [result, unit] : shown) {
    benchmarks.Add(*result, unit, FindSamples(samples, *result));
  }
  writer.EndArray();
  writer.EndObject();
  return absl::StrCat(absl::string_view(buffer.GetString(), buffer.GetSize()), "\n");
}

}  // namespace perf
