#include "pipeline/choice/speech_choice.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "pipeline/remote_speech/remote_synthesizer.h"

namespace parlance::pipeline {
namespace {

// What the reserve takes for an utterance or until its first sound, with a margin.
constexpr absl::Duration kReserve = absl::Seconds(5);

// The flags of one service, without "--".
struct ServiceFlags {
  absl::string_view prefix = {};
  const char* variable = "";
  absl::string_view name = {};
  const std::string& url;
  const std::string& model;
  const std::string& key_file;
  absl::Duration timeout = {};
};

absl::StatusOr<RemoteServiceOptions> ChooseService(const ServiceFlags& flags,
                                                   const Environment& environment,
                                                   const FlagFileReader& read_secret) {
  if (flags.model.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--", flags.prefix, "_model is missing: the model's name, as ", flags.name, " knows it"));
  }
  if (flags.timeout <= absl::ZeroDuration() || flags.timeout > absl::Minutes(1)) {
    return absl::InvalidArgumentError(absl::StrCat("--", flags.prefix,
                                                   "_timeout=", absl::FormatDuration(flags.timeout),
                                                   " is not more than 0 and at most 1m"));
  }
  RemoteServiceOptions options;
  options.name = std::string(flags.name);
  options.url = flags.url;
  options.model = flags.model;
  options.timeout = flags.timeout;
  absl::StatusOr<std::string> key =
      ReadKey(read_secret, absl::StrCat("--", flags.prefix, "_key_file"), flags.key_file,
              environment, flags.variable);
  if (!key.ok()) return key.status();
  options.api_key = *std::move(key);
  return options;
}

absl::Status NeedsUrl(absl::string_view flag, absl::string_view url) {
  return absl::InvalidArgumentError(
      absl::StrCat(flag, " needs ", url, ": without it this machine does it by itself"));
}

}  // namespace

absl::StatusOr<SpeechChoice> ChooseSpeech(const SpeechFlags& flags, const Environment& environment,
                                          const FlagFileReader& read_secret) {
  SpeechChoice choice;
  if (!flags.stt_url.empty()) {
    auto options = ChooseService({.prefix = "stt",
                                  .variable = "STT_API_KEY",
                                  .name = "the recognition server",
                                  .url = flags.stt_url,
                                  .model = flags.stt_model,
                                  .key_file = flags.stt_key_file,
                                  .timeout = flags.stt_timeout},
                                 environment, read_secret);
    if (!options.ok()) return options.status();
    choice.recognition = *std::move(options);
  } else if (!flags.stt_model.empty() || !flags.stt_key_file.empty()) {
    return NeedsUrl(flags.stt_model.empty() ? "--stt_key_file" : "--stt_model", "--stt_url");
  }
  if (!flags.tts_url.empty()) {
    if (flags.tts_voice.empty()) {
      return absl::InvalidArgumentError(
          "--tts_voice is missing: the voice's name, as the speech server knows it");
    }
    auto options = ChooseService({.prefix = "tts",
                                  .variable = "TTS_API_KEY",
                                  .name = "the speech server",
                                  .url = flags.tts_url,
                                  .model = flags.tts_model,
                                  .key_file = flags.tts_key_file,
                                  .timeout = flags.tts_timeout},
                                 environment, read_secret);
    if (!options.ok()) return options.status();
    choice.synthesis = *std::move(options);
    choice.voice = flags.tts_voice;
  } else {
    for (const auto& [flag, value] :
         {std::pair{"--tts_model", &flags.tts_model}, std::pair{"--tts_voice", &flags.tts_voice},
          std::pair{"--tts_key_file", &flags.tts_key_file}}) {
      if (!value->empty()) return NeedsUrl(flag, "--tts_url");
    }
  }
  return choice;
}

absl::Duration SpeechChoice::recognition_timeout() const {
  return kReserve + (recognition.has_value() ? recognition->timeout : absl::ZeroDuration());
}

absl::Duration SpeechChoice::synthesis_timeout() const {
  return 2 * kReserve + (synthesis.has_value() ? synthesis->timeout : absl::ZeroDuration());
}

absl::Duration SpeechChoice::longest_task() const {
  absl::Duration longest = absl::Seconds(10);
  if (recognition.has_value()) longest = std::max(longest, 2 * kReserve + recognition->timeout);
  if (synthesis.has_value()) longest = std::max(longest, 2 * kReserve + kMaxRemoteSpeech);
  return longest;
}

}  // namespace parlance::pipeline
