// What Asterisk's channel driver for WebSockets says about media, and what it is told: text
// messages in one of two forms, plain text and JSON, as the channel was dialled.
//
//   MEDIA_START connection_id:c1 channel:WebSocket/c1/0x1 channel_id:1.1 format:ulaw
//       optimal_frame_size:160 ptime:20
//   {"event":"MEDIA_START","connection_id":"c1","format":"ulaw","ptime":20,…}
//
// Source: docs.asterisk.org, "WebSocket" (channel driver); Asterisk 20.16, 21.11, 22.6 and 23.0.
#ifndef PIPELINE_DOOR_TELEPHONY_ASTERISK_MESSAGE_H_
#define PIPELINE_DOOR_TELEPHONY_ASTERISK_MESSAGE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pipeline/door/telephony/line_codec.h"

namespace parlance::pipeline::door {

inline constexpr size_t kMaxAsteriskMessage = size_t{64} << 10;

// Members that an event does not have are empty.
struct AsteriskEvent {
  bool is_json = false;
  // Such as MEDIA_START.
  std::string name = {};
  std::string connection_id = {};
  std::string channel_id = {};
  std::string format = {};
  std::optional<int64_t> ptime_ms = {};
  std::string digit = {};
  std::string correlation_id = {};
  // The channel's variable PARLANCE_SESSION_ID, or _ or __ and that; there are variables in JSON
  // only.
  std::string session_id = {};
};

// InvalidArgument for what is neither form, ResourceExhausted for what is too long.
absl::StatusOr<AsteriskEvent> ParseAsteriskEvent(absl::string_view text);

// A command, with an id if it is not empty. Asterisk takes at most 128 bytes.
std::string AsteriskCommand(bool is_json, absl::string_view command, absl::string_view id);

struct AsteriskFormat {
  LineCodec codec = LineCodec::kMuLaw;
  int sample_rate_hz = 8000;
};
// The format of that name: ulaw, alaw, slin to slin48. Nothing for another.
std::optional<AsteriskFormat> AsteriskFormatOf(absl::string_view name);

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_TELEPHONY_ASTERISK_MESSAGE_H_
