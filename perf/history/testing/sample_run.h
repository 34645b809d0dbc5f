// Records for tests of the history.
#ifndef PERF_HISTORY_TESTING_SAMPLE_RUN_H_
#define PERF_HISTORY_TESTING_SAMPLE_RUN_H_

#include "perf/record/result.pb.h"

namespace perf {

// The `day`-th day's run, of commit "<day>0000…" and the invocation "run<day>", on a quiet machine:
// audio.vad.process_1s with three samples in ms.
Run DayRun(int day, double median);

}  // namespace perf

#endif  // PERF_HISTORY_TESTING_SAMPLE_RUN_H_
