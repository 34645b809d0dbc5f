// Names of benchmarks, as records and Google Benchmark's filters have them.
#ifndef PERF_GBENCH_BENCHMARK_NAMES_H_
#define PERF_GBENCH_BENCHMARK_NAMES_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "benchmark/benchmark.h"

namespace perf {

// How Google Benchmark writes a run's name, as it lists it too: "audio.vad/5/real_time/threads:2".
std::string ListedName(const benchmark::BenchmarkReporter::Run& run);

// What records call the benchmarks of a program: the name and its arguments, "audio.vad/5", without
// how it is timed. Where that is the name of several, such as a benchmark with one thread and with
// two, or timed by the wall and by the CPU, each of them has its listed name, so that no two become
// one measurement.
class MeasurementNames {
 public:
  MeasurementNames() = default;
  // InvalidArgument, with the name, if two benchmarks of `listed` would have one name all the same:
  // they are listed alike, or differ in a fixed number of iterations only, which nothing can tell
  // apart once a driver fixes it.
  static absl::StatusOr<MeasurementNames> Create(const std::vector<std::string>& listed);

  // Returns the measurement's name for a listed one. One that Create did not see is named as if it
  // were alone.
  std::string Of(const std::string& listed) const;

 private:
  // The measurement's name by the listed one.
  std::map<std::string, std::string> names_;
};

// A regular expression for exactly these benchmarks. It is one of POSIX's, which Google Benchmark
// may be built with: those refuse the escape of a character that needs none.
std::string NamesPattern(const std::vector<std::string>& names);

// A regular expression for `name`, one of Google Benchmark's list, once its iterations are fixed:
// that adds "/iterations:N" to the name, before "/real_time" and "/threads:N".
std::string FixedIterationsPattern(const std::string& name);

}  // namespace perf

#endif  // PERF_GBENCH_BENCHMARK_NAMES_H_
