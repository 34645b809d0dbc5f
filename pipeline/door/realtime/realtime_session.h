// OpenAI's Realtime protocol (GA form) over a WebSocket: one connection, one session of the
// runtime.
//
//   client events ─► OnText ─► session: Push, Type, Respond, CancelAnswer, Truncate, EndCall, …
//   server events ◄─────────── SessionSink: speech, words, answers, calls, frames
//
// What it understands: session.update; input_audio_buffer.append, commit and clear;
// conversation.item.create, retrieve, delete and truncate; response.create and cancel;
// output_audio_buffer.clear. Anything else, and what is wrong, is answered with an error that names
// the event, and the session goes on.
//
// Where it is kinder than the protocol asks for: truncating beyond the end is truncating at the
// end, and at 0 is nothing heard; a truncated item keeps the words that were heard; a backchannel
// or a cough over an answer is no speech_started; the sound of an answer comes at most kOutputLead
// before it is due, so that little is thrown away; a session can be gone on with by its id. Partial
// words come as transcription deltas while somebody speaks, as far as they do not change.
//
// Where it does less: threshold, prefix padding, voice and speed have no effect
// (realtime_settings.h); images, out-of-band responses and tools of other servers are refused; an
// item that is deleted is gone for the client, and stays in the stored session.
//
// Our own tools are shown as calls of a tool server named parlance, which need nothing done: the
// response goes on with what they gave. A client may ask for a response after such a call all the
// same, as OpenAI's SDK does; if nothing was said since, it is one without output. The client's are
// function calls, whose outputs it gives with conversation.item.create, and goes on with
// response.create.
//
// Bounds: an event has at most 15 MiB with the sound of an append or of an item, and 1 MiB besides,
// nested at most 32 deep; sound that waits to be committed by hand is at most 30 s; 100 inputs, of
// 64 KiB each, wait for an answer; of the items the oldest are forgotten (realtime_items.h). Sound
// faster than it is heard loses its oldest part (runtime.h).
//
// Source: OpenAI, "Realtime API reference", GA form, 2026.
#ifndef PIPELINE_DOOR_REALTIME_REALTIME_SESSION_H_
#define PIPELINE_DOOR_REALTIME_REALTIME_SESSION_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "pipeline/door/connection.h"
#include "pipeline/runtime/runtime.h"
#include "session/message.h"

namespace parlance::pipeline::door {

// The environment that all connections have in common. Functions are called from any thread.
struct RealtimeEnvironment {
  // Runtime::Open, which may block.
  std::function<absl::StatusOr<std::shared_ptr<Runtime::Session>>(SessionOptions, SessionSink*)>
      open;
  // The last messages of a session, oldest first; may block. Null: none are shown.
  std::function<absl::StatusOr<std::vector<session::Message>>(const std::string& session_id,
                                                              int limit)>
      history;
  // Random bits, for ids.
  std::function<uint64_t()> random;
  // The options of sessions, but for what a request says.
  SessionOptions session = {};
  int output_sample_rate_hz = 16000;
  // The names of the model and of the voice that clients are told.
  std::string model = "parlance";
  std::string voice = "default";
};

struct RealtimeRequest {
  // A session to go on with; empty: a new one.
  std::string session_id = {};
  // The model's name in session.created; if it is empty, the environment's.
  std::string model = {};
  bool is_transcription = false;
};

inline constexpr absl::Duration kOutputLead = absl::Milliseconds(200);
inline constexpr size_t kMaxRealtimeEventBytes = size_t{1} << 20;
inline constexpr size_t kMaxRealtimeAppendBytes = size_t{15} << 20;

// Opens a session for the connection, and says so over it. Errors: those of Runtime::Open. Blocks.
absl::StatusOr<std::unique_ptr<MessageHandler>> OpenRealtimeSession(
    const RealtimeEnvironment& environment, const RealtimeRequest& request,
    std::shared_ptr<Connection> connection);

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_REALTIME_REALTIME_SESSION_H_
