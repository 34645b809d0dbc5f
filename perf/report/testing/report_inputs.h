// The inputs of a report for tests: one measurement of a detector, with its baseline and
// requirements.
#ifndef PERF_REPORT_TESTING_REPORT_INPUTS_H_
#define PERF_REPORT_TESTING_REPORT_INPUTS_H_

#include <string>
#include <vector>

#include "perf/record/result.pb.h"
#include "perf/report/report_builder.h"

namespace perf {

// A requirement that VadRun(1) meets.
inline constexpr char kVadUnder50Ms[] =
    "requirements { measurement: 'audio.vad.process_1s' statistic: MEAN at_most: 50 unit: 'ms' }";

// A one-line baseline of the detector's speed.
inline constexpr char kVadLine[] =
    "baseline_lines { key: 'VAD_BASELINE' measurement: 'audio.vad.speed' statistic: MEDIAN "
    "suffix: 'x' }";

// A run of //audio:vad_perf_test with one measurement, in the component audio.
Run RunWith(const std::string& name, const std::string& unit, Better better,
            const std::vector<double>& samples);

// A run of "audio.vad.process_1s" whose median is 25 ms times `factor`.
Run VadRun(double factor);

// A run that counted so many of "instructions" or "allocations" in a frame of the detector.
Run CountRun(const std::string& counted, double count);

// The inputs of a report of that run. `requirements`: of the component, as in its file; what cannot
// be read fails the test.
ReportInputs Inputs(const Run& run, const std::string& requirements);

// Adds the run's first measurement to the stored baselines.
void AddBaseline(const Run& run, ReportInputs& inputs);

}  // namespace perf

#endif  // PERF_REPORT_TESTING_REPORT_INPUTS_H_
