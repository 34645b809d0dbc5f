// The flags of programs that say who hears and speaks: --stt_url, --tts_url and theirs.
#ifndef PIPELINE_SPEECH_FLAGS_H_
#define PIPELINE_SPEECH_FLAGS_H_

#include <vector>

#include "absl/strings/string_view.h"
#include "pipeline/speech_choice.h"

namespace parlance::pipeline {

// Their names, for a program's help.
std::vector<absl::string_view> SpeechFlagNames();

// What the command line says, which was read before.
SpeechFlags SpeechFlagsOfCommandLine();

}  // namespace parlance::pipeline

#endif  // PIPELINE_SPEECH_FLAGS_H_
