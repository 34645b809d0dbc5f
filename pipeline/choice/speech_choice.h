// Who hears and speaks for a program's user: this machine, or servers elsewhere.
#ifndef PIPELINE_CHOICE_SPEECH_CHOICE_H_
#define PIPELINE_CHOICE_SPEECH_CHOICE_H_

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "pipeline/choice/flag_text.h"
#include "pipeline/remote_speech/remote_service.h"

namespace parlance::pipeline {

// The flags of a program, each as it was typed; one that was not given is empty.
struct SpeechFlags {
  // --stt_url, --stt_model.
  std::string stt_url = {};
  std::string stt_model = {};
  // --stt_key_file: a file with the key. Without it, the environment's STT_API_KEY counts.
  std::string stt_key_file = {};
  // --stt_timeout.
  absl::Duration stt_timeout = absl::Seconds(5);
  // --tts_url, --tts_model, --tts_voice.
  std::string tts_url = {};
  std::string tts_model = {};
  std::string tts_voice = {};
  // --tts_key_file; TTS_API_KEY.
  std::string tts_key_file = {};
  // --tts_timeout.
  absl::Duration tts_timeout = absl::Seconds(5);
};

struct SpeechChoice {
  // Not set: this machine's.
  std::optional<RemoteServiceOptions> recognition = {};
  std::optional<RemoteServiceOptions> synthesis = {};
  // The name of the voice, as the server of synthesis knows it.
  std::string voice = {};

  // The longest that a conversation may wait for words, and for the next of a sentence's sound,
  // with what the reserve takes.
  absl::Duration recognition_timeout() const;
  absl::Duration synthesis_timeout() const;
  // How long a task of a worker may take that does not hang.
  absl::Duration longest_task() const;
};

// `read_secret`: the content of a file with a key, as it was typed. InvalidArgument for what cannot
// be meant, by the flag's name; errors of `read_secret`. No error has anything of a key.
absl::StatusOr<SpeechChoice> ChooseSpeech(const SpeechFlags& flags, const Environment& environment,
                                          const FlagFileReader& read_secret);

}  // namespace parlance::pipeline

#endif  // PIPELINE_CHOICE_SPEECH_CHOICE_H_
