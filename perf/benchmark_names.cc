#include "perf/benchmark_names.h"

#include <cstring>
#include <string>
#include <vector>

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

}  // namespace

std::string MeasurementName(const benchmark::BenchmarkReporter::Run& run) {
  const benchmark::BenchmarkName& name = run.run_name;
  return absl::StrCat(name.function_name, name.args.empty() ? "" : "/", name.args);
}

std::string NamesPattern(const std::vector<std::string>& names) {
  std::string pattern = "^(";
  for (const std::string& name : names) {
    absl::StrAppend(&pattern, pattern.back() == '(' ? "" : "|", Quoted(name));
  }
  return pattern + ")$";
}

std::string FixedIterationsPattern(const std::string& name) {
  // In the order in which Google Benchmark 1.7 writes them (BenchmarkName::str).
  static const re2::RE2& parts = *new re2::RE2(
      "(.*?)(?:/iterations:\\d+)?"
      "((?:/repeats:\\d+)?(?:/process_time)?(?:/real_time|/manual_time)?(?:/threads:\\d+)?)");
  std::string before;
  std::string after;
  re2::RE2::FullMatch(name, parts, &before, &after);
  return absl::StrCat("^", Quoted(before), "/iterations:[0-9]+", Quoted(after), "$");
}

}  // namespace perf
