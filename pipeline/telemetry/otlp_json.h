// Spans as a request of the OpenTelemetry protocol, in its JSON encoding.
//
// Ids are hexadecimal, times and integers of 64 bits are strings, and enumerations are numbers.
// Text that is not UTF-8 has U+FFFD in place of each byte that is not; a value longer than
// kMaxAttributeBytes is cut.
//
// Threads: plain functions. Source: OpenTelemetry protocol 1.7, "JSON Protobuf Encoding", and
// opentelemetry/proto/collector/trace/v1/trace_service.proto.
#ifndef PIPELINE_TELEMETRY_OTLP_JSON_H_
#define PIPELINE_TELEMETRY_OTLP_JSON_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "pipeline/telemetry/span.h"

namespace parlance::pipeline {

inline constexpr size_t kMaxAttributeBytes = 16384;

// An ExportTraceServiceRequest on one line, without a newline. `service_name`: the attribute
// service.name of the resource that all spans are of.
std::string ExportTraceRequestJson(absl::string_view service_name, absl::Span<const Span> spans);

}  // namespace parlance::pipeline

#endif  // PIPELINE_TELEMETRY_OTLP_JSON_H_
