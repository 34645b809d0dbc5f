// Sound in the text of an event, found without copying it; above all that of the event that clients
// send most often, input_audio_buffer.append.
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

// How many bytes the text of an event has besides its sound, which is what members named "audio"
// have: what of it becomes a tree of values. Any text has a count, JSON or not.
size_t NumBytesBesidesSound(absl::string_view message);

// Returns the sound of an event that has the form clients give it: the type near the beginning, no
// other members than an id, and no escapes in the sound. Nothing for any other message, which is to
// be parsed as all events are.
std::optional<AppendedSound> FindAppendedSound(absl::string_view message);

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_REALTIME_APPENDED_SOUND_H_
