// Synthesis by Flite (A. Black, K. Lenzo, "Flite: a small fast run-time synthesis engine", SSW4,
// 2001).
//
// Its voices are one for the process and are written to while they speak, so all instances take
// turns.
#ifndef PIPELINE_SPEECH_FLITE_SYNTHESIZER_H_
#define PIPELINE_SPEECH_FLITE_SYNTHESIZER_H_

#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pipeline/speech/synthesizer.h"

namespace parlance::pipeline {

// `voice`: "kal16", a fast diphone voice, or "slt", a nicer one that takes 20 times as long. Both
// 16 kHz. InvalidArgument for another.
absl::StatusOr<std::unique_ptr<Synthesizer>> CreateFliteSynthesizer(absl::string_view voice);

}  // namespace parlance::pipeline

#endif  // PIPELINE_SPEECH_FLITE_SYNTHESIZER_H_
