#include "pipeline/choice/speech_flags.h"

#include <cstdlib>
#include <string>

#include "absl/flags/flag.h"
#include "absl/time/time.h"
#include "pipeline/remote_speech/remote_service.h"

ABSL_FLAG(
    std::string, stt_url, "",
    "A recognition server, which speaks as OpenAI's does (/v1/audio/transcriptions), such as "
    "http://localhost:8000/v1. The sound of what is said is sent there. The embedded recogniser "
    "is used if no server is given, and where it fails.");
ABSL_FLAG(std::string, stt_model, "", "The recognition model's name, as its server knows it.");
ABSL_FLAG(std::string, stt_key_file, "",
          "A file with the key for the recognition server. Without it, the environment variable "
          "STT_API_KEY is used.");
ABSL_FLAG(absl::Duration, stt_timeout, absl::Seconds(5),
          "How long the recognition server may take for an utterance, such as 3s.");
ABSL_FLAG(std::string, tts_url, "",
          "A speech server, which speaks as OpenAI's does (/v1/audio/speech), such as "
          "http://localhost:8000/v1. The text of answers is sent there. The embedded voice is used "
          "if no server is given, and where it fails.");
ABSL_FLAG(std::string, tts_model, "", "The speech model's name, as its server knows it.");
ABSL_FLAG(std::string, tts_voice, "", "The voice's name, as the speech server knows it.");
ABSL_FLAG(std::string, tts_key_file, "",
          "A file with the key for the speech server. Without it, the environment variable "
          "TTS_API_KEY is used.");
ABSL_FLAG(absl::Duration, tts_timeout, absl::Seconds(5),
          "How long the speech server may be silent, before its first sound and within it, such as "
          "3s.");

namespace parlance::pipeline {

std::vector<absl::string_view> SpeechFlagNames() {
  return {"stt_url",   "stt_model", "stt_key_file", "stt_timeout", "tts_url",
          "tts_model", "tts_voice", "tts_key_file", "tts_timeout"};
}

absl::StatusOr<SpeechChoice> SpeechChoiceOfCommandLine(
    const FlagFileReader& read_secret, const std::function<void(const absl::Status&)>& on_failure) {
  const SpeechFlags flags = {.stt_url = absl::GetFlag(FLAGS_stt_url),
                             .stt_model = absl::GetFlag(FLAGS_stt_model),
                             .stt_key_file = absl::GetFlag(FLAGS_stt_key_file),
                             .stt_timeout = absl::GetFlag(FLAGS_stt_timeout),
                             .tts_url = absl::GetFlag(FLAGS_tts_url),
                             .tts_model = absl::GetFlag(FLAGS_tts_model),
                             .tts_voice = absl::GetFlag(FLAGS_tts_voice),
                             .tts_key_file = absl::GetFlag(FLAGS_tts_key_file),
                             .tts_timeout = absl::GetFlag(FLAGS_tts_timeout)};
  absl::StatusOr<SpeechChoice> speech = ChooseSpeech(flags, std::getenv, read_secret);
  if (!speech.ok()) return speech.status();
  for (auto* const service : {&speech->recognition, &speech->synthesis}) {
    if (service->has_value()) (*service)->on_failure = on_failure;
  }
  return speech;
}

}  // namespace parlance::pipeline
