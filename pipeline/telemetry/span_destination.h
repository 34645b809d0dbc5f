// The destination of requests with spans.
#ifndef PIPELINE_TELEMETRY_SPAN_DESTINATION_H_
#define PIPELINE_TELEMETRY_SPAN_DESTINATION_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/time/time.h"

namespace parlance::pipeline {

struct SendResult {
  enum class Kind : uint8_t {
    kAccepted,
    // It may be accepted later.
    kRetry,
    // Sending the same again would fail again.
    kRefused,
  };
  Kind kind = Kind::kAccepted;
  // How long the receiver wants to be left alone, if it said so; not negative.
  std::optional<absl::Duration> retry_after = {};
  // How many spans of an accepted request were not accepted.
  int64_t num_rejected = 0;
  // What went wrong, for people. Of a request of which everything was accepted: what the receiver
  // says of it nevertheless.
  std::string message = {};
};

class SpanDestination {
 public:
  virtual ~SpanDestination() = default;

  // Sends an ExportTraceServiceRequest in JSON, and waits for what comes of it, at most for a time
  // that the destination has. Threads: one at a time.
  virtual SendResult Send(const std::string& request) = 0;
  // Has a Send that is under way, and all later ones, return at once. Any thread.
  virtual void Abort() = 0;
};

}  // namespace parlance::pipeline

#endif  // PIPELINE_TELEMETRY_SPAN_DESTINATION_H_
