// Spans to a file: one request a line, as OpenTelemetry's file exporter writes them.
//
// Source: OpenTelemetry protocol, "OpenTelemetry Protocol File Exporter" (JSON Lines).
#ifndef PIPELINE_TELEMETRY_SPAN_FILE_H_
#define PIPELINE_TELEMETRY_SPAN_FILE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "pipeline/telemetry/span_destination.h"

namespace parlance::pipeline {

// Opens the file to add to its end; it is made if it is not there, for its owner alone. What it has
// already is kept. InvalidArgument if that is anything but such lines; otherwise as the system
// says. A line that cannot be written to its end is taken back, and refused.
absl::StatusOr<std::unique_ptr<SpanDestination>> OpenSpanFile(const std::string& path);

}  // namespace parlance::pipeline

#endif  // PIPELINE_TELEMETRY_SPAN_FILE_H_
