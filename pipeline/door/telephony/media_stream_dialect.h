// What carriers call the same things in the messages of a media stream: one table.
//
// Sources, each as of 2026: Twilio "Media Streams - WebSocket Messages"; Telnyx "Media Streaming
// over WebSockets"; Plivo "Stream Event Protocol"; Exotel AgentStream "WebSocket protocol" and
// "Working with the Stream and Voicebot Applet"; Vonage "WebSockets in the Vonage Voice API".
// Fonoster and others that say they are compatible with Twilio speak Twilio's.
#ifndef PIPELINE_DOOR_TELEPHONY_MEDIA_STREAM_DIALECT_H_
#define PIPELINE_DOOR_TELEPHONY_MEDIA_STREAM_DIALECT_H_

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "pipeline/door/telephony/line_codec.h"

namespace parlance::pipeline::door {

// Where a name of a member is empty, what it has is in the message itself.
struct MediaStreamDialect {
  absl::string_view name;

  // Events that come in.
  absl::string_view start = "start";
  absl::string_view media = "media";
  absl::string_view dtmf = "dtmf";
  absl::string_view mark = "mark";
  absl::string_view stop = "stop";
  // Events that are known and need nothing done.
  absl::string_view cleared = "";

  // Members of what comes in: the object of the start, in it the stream's id, which may also be in
  // the message, the call's, the format, and what was passed along.
  absl::string_view start_object = "start";
  absl::string_view stream_id = "";
  absl::string_view call_id = "";
  absl::string_view format_object = "";
  absl::string_view sample_rate = "";
  absl::string_view parameters = "";
  absl::string_view dtmf_object = "dtmf";
  // Where a mark's name is, coming and going.
  absl::string_view mark_object = "mark";

  // What goes out: the member with the verb, and the verbs.
  absl::string_view verb = "event";
  absl::string_view send_media = "media";
  absl::string_view send_mark = "mark";
  absl::string_view send_clear = "clear";
  bool sends_stream_id = true;
  // What goes out says its encoding and rate.
  bool describes_media = false;
  // Sound is binary messages, without JSON.
  bool is_binary = false;

  // What is spoken where the format does not say, and PCM's byte order.
  LineCodec codec = LineCodec::kMuLaw;
  bool pcm_is_high_first = false;
  // An encoding whose name is not known is `codec` too, as there is no other.
  bool has_one_codec = false;
  absl::Duration frame = absl::Milliseconds(20);
};

absl::Span<const MediaStreamDialect> MediaStreamDialects();
// Null if there is none of that name: twilio, telnyx, plivo, exotel, vonage.
const MediaStreamDialect* FindMediaStreamDialect(absl::string_view name);

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_TELEPHONY_MEDIA_STREAM_DIALECT_H_
