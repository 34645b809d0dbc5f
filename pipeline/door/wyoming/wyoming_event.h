// Events of the Wyoming protocol: a line of JSON, data, and a payload.
//
//   {"type":"audio-chunk","data":{…},"data_length":52,"payload_length":640}\n
//   data_length bytes of JSON, which count more than the line's "data"
//   payload_length bytes
//
// Source: github.com/OHF-Voice/wyoming, README, "Format".
#ifndef PIPELINE_DOOR_WYOMING_WYOMING_EVENT_H_
#define PIPELINE_DOOR_WYOMING_WYOMING_EVENT_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "rapidjson/document.h"

namespace parlance::pipeline::door {

inline constexpr size_t kMaxWyomingLine = size_t{64} << 10;
inline constexpr size_t kMaxWyomingData = size_t{64} << 10;
inline constexpr size_t kMaxWyomingPayload = size_t{1} << 20;
inline constexpr int kMaxWyomingDepth = 16;

struct WyomingEvent {
  std::string type = {};
  // An object.
  rapidjson::Document data = {};
  std::string payload = {};
};

// Events out of bytes that come in pieces of any size. Memory: that of the longest event that came,
// within the bounds above. Threads: one at a time.
class WyomingParser {
 public:
  // Calls `on_event` for each event that is complete, until it returns false, after which nothing
  // more is looked at. InvalidArgument for what is no event, ResourceExhausted for what is too
  // long; after an error it returns that again.
  absl::Status Push(absl::Span<const uint8_t> bytes,
                    const std::function<bool(const WyomingEvent& event)>& on_event);

 private:
  absl::Status ReadLine();
  absl::Status ReadData();

  enum class Part { kLine, kData, kPayload };

  absl::Status status_ = absl::OkStatus();
  bool is_over_ = false;
  Part part_ = Part::kLine;
  std::string unread_;
  // The event that is being read. A document cannot be emptied.
  std::unique_ptr<WyomingEvent> event_;
  size_t data_bytes_ = 0;
  size_t payload_bytes_ = 0;
};

// An event as bytes. `data` is a JSON object, or empty.
std::string WyomingBytes(absl::string_view type, absl::string_view data = "",
                         absl::string_view payload = "");

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_WYOMING_WYOMING_EVENT_H_
