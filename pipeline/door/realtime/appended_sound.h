// The event that clients send most often, input_audio_buffer.append, found without copying its
// sound.
//
// Threads: any. Source: OpenAI, "Realtime API reference" (input_audio_buffer.append, GA form).
#ifndef PIPELINE_DOOR_REALTIME_APPENDED_SOUND_H_
#define PIPELINE_DOOR_REALTIME_APPENDED_SOUND_H_

#include <cstddef>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace parlance::pipeline::door {

// An event's id is cut after so many bytes.
inline constexpr size_t kMaxEventIdBytes = 512;

struct AppendedSound {
  // The event_id, empty if there is none.
  std::string event_id;
  // The base64 of the sound: a part of the message, not checked yet.
  absl::string_view base64;
};

// Returns the sound of an event that has the form clients give it: the type near the beginning, no
// other members than an id, and no escapes in the sound. Nothing for any other message, which is to
// be parsed as all events are.
std::optional<AppendedSound> FindAppendedSound(absl::string_view message);

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_REALTIME_APPENDED_SOUND_H_
