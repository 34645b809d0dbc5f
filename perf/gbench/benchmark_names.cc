#include "perf/gbench/benchmark_names.h"

#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "benchmark/benchmark.h"
#include "re2/re2.h"

namespace perf {
namespace {

std::string Quoted(absl::string_view name) {
  std::string quoted;
  for (const char c : name) {
    if (std::strchr(".[]{}()\\*+?^$|", c) != nullptr) quoted.push_back('\\');
    quoted.push_back(c);
  }
  return quoted;
}

// A listed name in its parts, in the order in which Google Benchmark 1.7 writes them
// (BenchmarkName::str).
struct Parts {
  // The name and its arguments.
  std::string name;
  // How long it runs, but for a fixed number of iterations.
  std::string length;
  // How it is timed and repeated.
  std::string timing;
};

Parts PartsOf(const std::string& listed) {
  static const re2::RE2& expression = *new re2::RE2(
      "(.*?)((?:/min_time:[^/]*)?(?:/min_warmup_time:[^/]*)?)(?:/iterations:\\d+)?"
      "((?:/repeats:\\d+)?(?:/process_time)?(?:/real_time|/manual_time)?(?:/threads:\\d+)?)");
  Parts parts;
  re2::RE2::FullMatch(listed, expression, &parts.name, &parts.length, &parts.timing);
  return parts;
}

}  // namespace

std::string ListedName(const benchmark::BenchmarkReporter::Run& run) { return run.run_name.str(); }

absl::StatusOr<MeasurementNames> MeasurementNames::Create(const std::vector<std::string>& listed) {
  std::map<std::string, int> sharing;
  for (const std::string& name : listed) ++sharing[PartsOf(name).name];
  MeasurementNames names;
  // Measurement to listed.
  std::map<std::string, std::string> taken;
  for (const std::string& name : listed) {
    const Parts parts = PartsOf(name);
    // The iterations are left out, which a driver may fix at will.
    const std::string full = absl::StrCat(parts.name, parts.length, parts.timing);
    const std::string& chosen = sharing[parts.name] > 1 ? full : parts.name;
    const auto [other, inserted] = taken.emplace(chosen, name);
    if (!inserted) {
      return absl::InvalidArgumentError(absl::StrCat("two benchmarks, ", other->second, " and ",
                                                     name, ", would be the one measurement '",
                                                     chosen, "'; give each its own ->Name()"));
    }
    names.names_[name] = chosen;
  }
  return names;
}

std::string MeasurementNames::Of(const std::string& listed) const {
  const auto found = names_.find(listed);
  return found == names_.end() ? PartsOf(listed).name : found->second;
}

std::string NamesPattern(const std::vector<std::string>& names) {
  std::string pattern = "^(";
  for (const std::string& name : names) {
    absl::StrAppend(&pattern, pattern.back() == '(' ? "" : "|", Quoted(name));
  }
  return pattern + ")$";
}

std::string FixedIterationsPattern(const std::string& name) {
  const Parts parts = PartsOf(name);
  return absl::StrCat("^", Quoted(parts.name), Quoted(parts.length), "/iterations:[0-9]+",
                      Quoted(parts.timing), "$");
}

}  // namespace perf
