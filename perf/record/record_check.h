// Checks what result.proto promises. Whoever writes a record and whoever reads one calls it, so
// that nothing behind them meets a NaN, a measurement without a sample, or a figure that no
// component owns.
#ifndef PERF_RECORD_RECORD_CHECK_H_
#define PERF_RECORD_RECORD_CHECK_H_

#include "absl/status/status.h"
#include "perf/record/result.pb.h"

namespace perf {

// InvalidArgument, naming the measurement, for one without a dotted name that begins with its
// component, or without title, unit, direction or sample; with one of these texts that is not UTF-8
// or has a NUL; with a sample that is not finite, a
// negative number of iterations, or with work that does not belong to the samples one by one and
// increasing. `samples` are expected where memory has them, not in `stored_samples`.
absl::Status CheckMeasurement(const Measurement& measurement);

// InvalidArgument for a run with such a measurement, with two measurements of one name, with a text
// that a history keeps and that is not UTF-8 or has a NUL, or whose provenance, environment, start
// or health cannot be: a shard index outside of the shards, a load that is not positive, a time
// outside of the calendar, a share that is negative or not finite.
absl::Status CheckRun(const Run& run);

}  // namespace perf

#endif  // PERF_RECORD_RECORD_CHECK_H_
