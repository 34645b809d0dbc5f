// The configuration of an OpenAI Realtime session: what a client may set, and what comes of it.
//
// A configuration is a JSON object. An update is merged into it: objects member by member, at any
// depth, everything else and a tool_choice as a whole; null empties a member. What is not known is
// kept and given back. What is known has to be valid, or nothing of the update is taken.
//
//   known                            taken as
//   type                             realtime, or transcription: nothing is ever answered
//   instructions, tools,             the agent's settings (pipeline/agent/agent_settings.h)
//   tool_choice, max_output_tokens
//   output_modalities                ["audio"], or ["text"]: the answer is written, not spoken
//   audio.input.format, .output.     audio/pcm at 24 kHz, audio/pcmu and audio/pcma at 8 kHz
//   audio.input.turn_detection       server_vad, semantic_vad, or null: turns are ended by hand
//
// In turn detection, silence_duration_ms, eagerness, create_response and interrupt_response count;
// threshold and prefix_padding_ms are checked and given back, because the detector has its own. So
// are the model, what is said of transcription and noise, and the output's voice and speed: there
// is one model and one voice, and a client that asks for another is served with them.
//
// Threads: one at a time. Source: OpenAI, "Realtime API reference" (session object, GA form).
#ifndef PIPELINE_DOOR_REALTIME_REALTIME_SETTINGS_H_
#define PIPELINE_DOOR_REALTIME_REALTIME_SETTINGS_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"
#include "pipeline/agent/agent_settings.h"
#include "pipeline/conversation/turn/turn_taking.h"
#include "pipeline/door/realtime/realtime_problem.h"
#include "rapidjson/document.h"

namespace parlance::pipeline::door {

enum class RealtimeFormat { kPcm24k, kMuLaw, kALaw };

constexpr int SampleRateOf(RealtimeFormat format) {
  return format == RealtimeFormat::kPcm24k ? 24000 : 8000;
}

class RealtimeSettings {
 public:
  static constexpr size_t kMaxBytes = size_t{256} << 10;
  static constexpr size_t kMaxTools = 128;
  static constexpr size_t kMaxInstructionsBytes = size_t{64} << 10;

  // `id`: the session's. `type`: realtime or transcription.
  RealtimeSettings(absl::string_view id, absl::string_view model, absl::string_view voice,
                   absl::string_view type);

  // Merges `update`, the object `session` of a session.update, into the configuration. False, with
  // the problem, if something of it cannot be: then nothing has changed.
  bool Update(const rapidjson::Value& update, RealtimeProblem* problem);

  // The whole configuration, as the events session.created and session.updated have it.
  std::string Json() const;

  bool is_transcription() const { return is_transcription_; }
  bool speaks() const { return speaks_; }
  bool detects_turns() const { return turn_taking_.detects_speech; }
  RealtimeFormat input_format() const { return input_format_; }
  RealtimeFormat output_format() const { return output_format_; }
  const TurnTaking& turn_taking() const { return turn_taking_; }
  const AgentSettings& agent() const { return agent_; }
  // What `response.create` overrides for one answer: instructions, tools, tool_choice,
  // max_output_tokens, output_modalities. False, with the problem, if it cannot be, as another
  // format or voice than the session's cannot.
  bool Override(const rapidjson::Value& response, AgentSettings* agent, bool* speaks,
                RealtimeProblem* problem) const;

 private:
  // Reads what is known out of the configuration.
  bool Interpret(const rapidjson::Value& config, RealtimeProblem* problem);

  rapidjson::Document config_;
  bool is_transcription_ = false;
  bool speaks_ = true;
  RealtimeFormat input_format_ = RealtimeFormat::kPcm24k;
  RealtimeFormat output_format_ = RealtimeFormat::kPcm24k;
  TurnTaking turn_taking_;
  AgentSettings agent_;
};

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_REALTIME_REALTIME_SETTINGS_H_
