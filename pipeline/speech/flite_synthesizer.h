// Synthesis by Flite (A. Black, K. Lenzo, "Flite: a small fast run-time synthesis engine", SSW4,
// 2001).
//
// Its voices are one for the process and are written to while they speak, so all instances take
// turns: a sink that waits keeps all others waiting, and one that synthesises waits for ever.
//
// The whole text is planned before the first chunk, which takes about 40 us for each byte of it;
// nothing can stop it earlier. So a long answer is heard, and given up, sooner in sentences. Of
// what is longer than 200 bytes without white space, the rest is left out.
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
