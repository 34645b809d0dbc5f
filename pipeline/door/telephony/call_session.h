// What a telephone call needs of the runtime, so that tests may stand in for it.
#ifndef PIPELINE_DOOR_TELEPHONY_CALL_SESSION_H_
#define PIPELINE_DOOR_TELEPHONY_CALL_SESSION_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "pipeline/runtime/runtime.h"

namespace parlance::pipeline::door {

struct CallRequest {
  // A session of the store to go on with; empty for a new one.
  std::string session_id = {};
  // What a new one is called.
  std::string title = "Telephone call";
  // The rate of what will be pushed: 8 to 48 kHz.
  int sample_rate_hz = 8000;
};

// Runtime::Session as a call uses it; the same promises.
class CallSession {
 public:
  virtual ~CallSession() = default;
  virtual absl::Status Push(absl::Span<const int16_t> samples) = 0;
  virtual void Played(int64_t position) = 0;
  // What the caller has typed on the telephone, such as "12#": each of 0-9, *, #, A-D.
  virtual void Keys(absl::string_view keys) = 0;
  virtual void HangUp() = 0;
};

class CallOpener {
 public:
  virtual ~CallOpener() = default;
  // Runtime::Open, with its errors: may block. `sink` has to live until its Closed. Thread-safe.
  virtual absl::StatusOr<std::shared_ptr<CallSession>> Open(const CallRequest& request,
                                                            SessionSink* sink) = 0;
  // The rate of what sinks are given.
  virtual int output_sample_rate_hz() const = 0;
};

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_TELEPHONY_CALL_SESSION_H_
