// Recognition by PocketSphinx with a grammar, and with a loop of all phones beside it.
//
// A grammar alone forces every sound into one of its sentences. So the search may also explain any
// stretch of sound by single phones (a filler model; R. Rose, D. Paul, "A hidden Markov model based
// keyword recognition system", ICASSP 1990), at a price: where the words explain less than
// `min_confidence` of the phones heard, the utterance is rejected.
//
// Streaming: most of the work is done in Process; Finish only reads off the result. An
// instance takes some 50 ms to create and 4.5 MB; its model, 3 MB more, is mapped from files that
// all share. Partial takes microseconds. Different instances may run in different threads.
#ifndef PIPELINE_SPEECH_POCKETSPHINX_RECOGNIZER_H_
#define PIPELINE_SPEECH_POCKETSPHINX_RECOGNIZER_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "pipeline/speech/grammar.h"
#include "pipeline/speech/recognizer.h"

namespace parlance::pipeline {

struct PocketSphinxOptions {
  // Has the acoustic model, in en-us, and cmudict-en-us.dict.
  std::string model_dir = "/usr/share/pocketsphinx/model/en-us";
  double min_confidence = 0.6;
};

// NotFound if there is no model there; InvalidArgument for a word of the grammar that the
// dictionary does not have.
absl::StatusOr<std::unique_ptr<Recognizer>> CreatePocketSphinxRecognizer(
    const Grammar& grammar, const PocketSphinxOptions& options);

}  // namespace parlance::pipeline

#endif  // PIPELINE_SPEECH_POCKETSPHINX_RECOGNIZER_H_
