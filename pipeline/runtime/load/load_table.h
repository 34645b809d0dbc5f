// The part of a load's table that tells how long things took, one line each.
#ifndef PIPELINE_RUNTIME_LOAD_LOAD_TABLE_H_
#define PIPELINE_RUNTIME_LOAD_LOAD_TABLE_H_

#include <string>

#include "absl/strings/string_view.h"
#include "pipeline/runtime/duration_histogram.h"

namespace parlance::pipeline {

// The heading: median, p95, p99, largest.
std::string LoadTableHeading();
// `name`: at most 24 characters, or the columns move.
std::string LoadTableLine(absl::string_view name, const DurationHistogram& histogram);

}  // namespace parlance::pipeline

#endif  // PIPELINE_RUNTIME_LOAD_LOAD_TABLE_H_
