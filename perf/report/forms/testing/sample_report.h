// A report with something of everything, for the tests of the forms.
#ifndef PERF_REPORT_FORMS_TESTING_SAMPLE_REPORT_H_
#define PERF_REPORT_FORMS_TESTING_SAMPLE_REPORT_H_

#include <string>

#include "perf/report/report.pb.h"

namespace perf {

// What a test may call its measurement, at worst: HTML, quotes, emoji, control characters, marks of
// writing from right to left, what ends a CDATA section, a workflow command, and 3,000 characters.
std::string WorstTitle();

// A report of //a:suite on the component "audio", of which so many measurements, audio.m0 and so
// on, are stable, measured in ms, and 10 ms.
Report StableReport(int measurements);

// Gives a measurement of the report another verdict, counts it, sets the exit code, and returns it.
// What is ACCEPTED is so for nine days yet.
MeasurementResult& SetVerdict(Report& report, int index, Verdict verdict, double percent);

// Adds a requirement of at most 5 ms for a measurement of the report, which it misses.
RequirementResult& AddMissedRequirement(Report& report, int index);

// Makes a missed requirement of the report, its only gravity, one that is so because of noise.
void MakeNoisy(RequirementResult& result, Report& report);

// A report with every verdict, a missed requirement and an error, all of @parlance/audio; what is
// red is explained. Measurements are in this order: stable, improved, yellow, red, unresolved,
// without baseline, not comparable, missing, accepted. What is without baseline and what is not
// comparable have units that are no times.
Report SampleReport();

}  // namespace perf

#endif  // PERF_REPORT_FORMS_TESTING_SAMPLE_REPORT_H_
