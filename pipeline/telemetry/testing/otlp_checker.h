// Reads requests of the OpenTelemetry protocol as a strict receiver would.
#ifndef PIPELINE_TELEMETRY_TESTING_OTLP_CHECKER_H_
#define PIPELINE_TELEMETRY_TESTING_OTLP_CHECKER_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace parlance::pipeline {

struct ReceivedSpan {
  // Hexadecimal; the parent is empty for a root.
  std::string trace_id = {};
  std::string span_id = {};
  std::string parent_span_id = {};
  std::string name = {};
  // Nanoseconds since 1970.
  int64_t start = 0;
  int64_t end = 0;
  // By key; numbers in decimal, booleans as true and false.
  std::map<std::string, std::string> attributes = {};
  // Times by name.
  std::map<std::string, int64_t> events = {};
  bool failed = false;
};

struct ReceivedRequest {
  std::map<std::string, std::string> resource = {};
  std::vector<ReceivedSpan> spans = {};
};

// Reads an ExportTraceServiceRequest in JSON (OpenTelemetry protocol 1.7): every member has to be
// one of trace.proto, resource.proto or common.proto in lowerCamelCase, once, of the type that the
// protocol's JSON encoding gives it, and within its range. InvalidArgument says where it is not.
absl::StatusOr<ReceivedRequest> ReadTraceRequest(absl::string_view json);

}  // namespace parlance::pipeline

#endif  // PIPELINE_TELEMETRY_TESTING_OTLP_CHECKER_H_
