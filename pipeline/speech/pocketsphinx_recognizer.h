// Recognition by PocketSphinx with a grammar, and with a loop of all phones beside it.
//
// A grammar alone forces every sound into one of its sentences. So the search may also explain any
// stretch of sound by single phones (a filler model; R. Rose, D. Paul, "A hidden Markov model based
// keyword recognition system", ICASSP 1990), at a price: where the words explain less than
// `min_confidence` of the phones heard, the utterance is rejected.
//
// The phones win where a voice is unlike those that the model was trained with, however clear it
// is. So what was rejected is heard once more, with the grammar alone and normalised by its own
// mean and variance (O. Viikki, K. Laurila, "Cepstral domain segmental feature vector normalization
// for noise robust speech recognition", Speech Communication 25, 1998). What speaks for the words
// then is by how much the first search explained the sound worse, for each frame of speech (a
// likelihood ratio; R. Sukkar, C.-H. Lee, "Vocabulary independent discriminative utterance
// verification", IEEE Trans. SAP 4(6), 1996), unless they have less than half of the phones heard.
//
// Streaming: most of the work is done in Process. Finish only reads off the result, but for an
// utterance that was rejected and is no longer than ten seconds: that takes it another third of
// what the utterance took so far. An utterance that is going on keeps up to 320 kB of sound for
// this. An instance takes some 60 ms to create and 6 MB; its model, 3 MB more, is mapped from files
// that all share. Partial takes microseconds, and is of the first search. Different instances may
// run in different threads.
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
  // The least Hypothesis::confidence of words that are believed: the share of the phones that are
  // in words, or, for what was heard once more, a logistic function of that ratio.
  double min_confidence = 0.6;
};

// NotFound if there is no model there; InvalidArgument for a word of the grammar that the
// dictionary does not have.
absl::StatusOr<std::unique_ptr<Recognizer>> CreatePocketSphinxRecognizer(
    const Grammar& grammar, const PocketSphinxOptions& options);

}  // namespace parlance::pipeline

#endif  // PIPELINE_SPEECH_POCKETSPHINX_RECOGNIZER_H_
