// The report as Google Benchmark writes its results (--benchmark_format=json), for the tools that
// read those, such as its tools/compare.py.
#ifndef PERF_REPORT_FORMS_GBENCH_JSON_H_
#define PERF_REPORT_FORMS_GBENCH_JSON_H_

#include <cstddef>
#include <string>

#include "absl/types/span.h"
#include "perf/record/result.pb.h"
#include "perf/report/report.pb.h"

namespace perf {

// At most this many samples of a measurement are written, which are spread evenly over its run; and
// fewer of each where all would be more than the second figure, but not fewer than the third. A
// sample takes 400 bytes.
inline constexpr size_t kMaxGbenchRepetitions = 1000;
inline constexpr size_t kMaxAllGbenchRepetitions = 50'000;
inline constexpr size_t kMinGbenchRepetitions = 10;

// A benchmark for each measurement that is a time; how many others there are is in the context, as
// Google Benchmark knows times only. Each has the aggregates mean and median, and if `runs` has its
// samples (those that the report's figures were made of), each sample as a repetition, and the
// standard deviation. compare.py needs repetitions for its U test. It also needs a CPU time, which
// perf does not measure: it is the real time.
std::string GbenchJsonForm(const Report& report, absl::Span<const Run> runs);

}  // namespace perf

#endif  // PERF_REPORT_FORMS_GBENCH_JSON_H_
