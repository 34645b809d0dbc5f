#include "perf/import/gbench_results.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "perf/import/json_text.h"

namespace perf {
namespace {

// One benchmark with all of its repetitions and aggregates.
struct Benchmark {
  std::string unit;
  std::vector<double> times;
  int64_t iterations = 0;
  // Times by the aggregate's name.
  std::map<std::string, double> aggregates;
};

// Entries of versions before 1.5 do not say what they are; their names do.
std::string AggregateOf(const rapidjson::Value& entry, std::string& run_name) {
  const std::string name = TextMember(entry, "name");
  if (run_name.empty()) run_name = name;
  const std::string type = TextMember(entry, "run_type");
  if (type == "aggregate") return TextMember(entry, "aggregate_name");
  if (!type.empty()) return "";
  for (const char* aggregate : {"mean", "median", "stddev", "cv", "BigO", "RMS"}) {
    const std::string end = absl::StrCat("_", aggregate);
    if (!absl::EndsWith(name, end)) continue;
    run_name = std::string(absl::StripSuffix(name, end));
    return aggregate;
  }
  return "";
}

bool IsTimeUnit(absl::string_view unit) {
  return unit == "ns" || unit == "us" || unit == "ms" || unit == "s";
}

absl::Status Malformed(absl::string_view what, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat(what, " ", why));
}

void AddContext(const rapidjson::Value& context, ImportedRun& run) {
  run.SetMachine(TextMember(context, "host_name"));
  run.SetStart(TextMember(context, "date"));
  const rapidjson::Value* cpus = Member(context, "num_cpus");
  if (cpus != nullptr && cpus->IsInt() && cpus->GetInt() > 0) {
    run.environment().set_num_cpus(cpus->GetInt());
  }
}

}  // namespace

bool AreGbenchResults(const rapidjson::Value& document) {
  return Member(document, "context") != nullptr && Member(document, "benchmarks") != nullptr;
}

std::string GbenchFailures::Text() const {
  std::vector<std::string> parts;
  if (benchmarks > 0) {
    parts.push_back(absl::StrCat(benchmarks, benchmarks == 1 ? " benchmark" : " benchmarks"));
  }
  if (repetitions > 0) {
    parts.push_back(absl::StrCat(repetitions, repetitions == 1 ? " repetition" : " repetitions",
                                 benchmarks > 0 ? " of others" : ""));
  }
  return absl::StrJoin(parts, " and ");
}

absl::Status AddGbenchResults(const rapidjson::Value& document, ImportedRun& run,
                              GbenchFailures& failures) {
  const rapidjson::Value& entries = *Member(document, "benchmarks");
  if (!entries.IsArray()) return Malformed("benchmarks", "is not a list");
  AddContext(*Member(document, "context"), run);
  failures = {};
  std::vector<std::string> order;
  std::map<std::string, Benchmark> benchmarks;
  // How many repetitions, by the benchmark's name.
  std::map<std::string, int> failed;
  for (rapidjson::SizeType i = 0; i < entries.Size(); ++i) {
    const rapidjson::Value& entry = entries[i];
    const std::string place = absl::StrCat("benchmarks[", i, "]");
    if (!entry.IsObject()) return Malformed(place, "is not an object");
    if (TextMember(entry, "name").empty()) return Malformed(place, "has no name");
    std::string run_name = TextMember(entry, "run_name");
    const std::string aggregate = AggregateOf(entry, run_name);
    const rapidjson::Value* error = Member(entry, "error_occurred");
    const rapidjson::Value* skipped = Member(entry, "skipped");
    if ((error != nullptr && error->IsTrue()) || (skipped != nullptr && skipped->IsTrue())) {
      ++failed[run_name];
      continue;
    }
    // Only these are times of the benchmark.
    if (!aggregate.empty() && aggregate != "mean" && aggregate != "median") continue;
    const std::string unit =
        Member(entry, "time_unit") == nullptr ? "ns" : TextMember(entry, "time_unit");
    if (!IsTimeUnit(unit)) {
      return Malformed(place, "has a time_unit that is not one of ns, us, ms, s");
    }
    const absl::StatusOr<double> time =
        TimeOf(Member(entry, "real_time"), unit, absl::StrCat(place, ".real_time"));
    if (!time.ok()) return time.status();
    const auto [found, is_new] = benchmarks.try_emplace(run_name);
    Benchmark& benchmark = found->second;
    if (is_new) {
      order.push_back(run_name);
      benchmark.unit = unit;
    } else if (benchmark.unit != unit) {
      return Malformed(place, "has another time_unit than the entries of its name before it");
    }
    if (!aggregate.empty()) {
      benchmark.aggregates[aggregate] = *time;
      continue;
    }
    benchmark.times.push_back(*time);
    const rapidjson::Value* iterations = Member(entry, "iterations");
    if (iterations == nullptr || !iterations->IsInt64() || iterations->GetInt64() < 0 ||
        iterations->GetInt64() > int64_t{1} << 60) {
      return Malformed(place, "has no number of iterations");
    }
    benchmark.iterations =
        std::min(benchmark.iterations + iterations->GetInt64(), int64_t{1} << 60);
  }
  for (const std::string& name : order) {
    Benchmark& benchmark = benchmarks[name];
    if (benchmark.times.empty()) {
      const bool has_median = benchmark.aggregates.contains("median");
      benchmark.times = {benchmark.aggregates[has_median ? "median" : "mean"]};
    }
    run.Add(name, benchmark.unit, benchmark.times, benchmark.iterations);
    if (const auto found = failed.find(name); found != failed.end()) {
      failures.repetitions += found->second;
      failed.erase(found);
    }
  }
  failures.benchmarks = static_cast<int>(failed.size());
  return absl::OkStatus();
}

}  // namespace perf
