// A span of a trace: something that took some time, in OpenTelemetry's terms.
//
// Source: OpenTelemetry protocol 1.7, opentelemetry/proto/trace/v1/trace.proto.
#ifndef PIPELINE_TELEMETRY_SPAN_H_
#define PIPELINE_TELEMETRY_SPAN_H_

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "absl/time/time.h"

namespace parlance::pipeline {

struct Attribute {
  std::string key = {};
  // Text need not be UTF-8: what is not is replaced where it is written.
  std::variant<std::string, int64_t, bool> value = {};
};

// A moment within a span.
struct SpanEvent {
  std::string name = {};
  absl::Time time = {};
};

struct Span {
  // Not all zero.
  uint64_t trace_id_high = 0;
  uint64_t trace_id_low = 0;
  // Not zero.
  uint64_t span_id = 0;
  // Zero for the root.
  uint64_t parent_span_id = 0;
  std::string name = {};
  // In 1970 or later; `end` is not before `start`.
  absl::Time start = {};
  absl::Time end = {};
  std::vector<Attribute> attributes = {};
  std::vector<SpanEvent> events = {};
  // It failed, for the reason in its attribute error.type.
  bool failed = false;
};

}  // namespace parlance::pipeline

#endif  // PIPELINE_TELEMETRY_SPAN_H_
