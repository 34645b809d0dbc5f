// The flags of programs that say who hears and speaks: --stt_url, --tts_url and theirs.
#ifndef PIPELINE_CHOICE_SPEECH_FLAGS_H_
#define PIPELINE_CHOICE_SPEECH_FLAGS_H_

#include <functional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pipeline/choice/flag_text.h"
#include "pipeline/choice/speech_choice.h"

namespace parlance::pipeline {

// Their names, for a program's help.
std::vector<absl::string_view> SpeechFlagNames();

// What the command line asks for, which was read before; keys come from their files or the
// environment. `on_failure` is told each time that a server does not do what it should; from any
// thread, and it must not block. `read_secret` and errors: those of ChooseSpeech.
absl::StatusOr<SpeechChoice> SpeechChoiceOfCommandLine(
    const FlagFileReader& read_secret, const std::function<void(const absl::Status&)>& on_failure);

}  // namespace parlance::pipeline

#endif  // PIPELINE_CHOICE_SPEECH_FLAGS_H_
