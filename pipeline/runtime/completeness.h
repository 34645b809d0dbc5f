// What the words so far tell the endpointer of the end of a turn, by a grammar.
#ifndef PIPELINE_RUNTIME_COMPLETENESS_H_
#define PIPELINE_RUNTIME_COMPLETENESS_H_

#include "audio/turns/endpointer.h"
#include "pipeline/speech/grammar.h"

namespace parlance::pipeline {

// A sentence that no longer one begins like is complete, the beginning of one is incomplete. One
// that may go on tells nothing, nor do words that fit no sentence.
inline audio::Endpointer::Words CompletenessOf(Fit fit) {
  switch (fit) {
    case Fit::kFinished:
      return audio::Endpointer::Words::kComplete;
    case Fit::kBeginning:
      return audio::Endpointer::Words::kIncomplete;
    case Fit::kMayGoOn:
    case Fit::kNone:
      break;
  }
  return audio::Endpointer::Words::kUnknown;
}

}  // namespace parlance::pipeline

#endif  // PIPELINE_RUNTIME_COMPLETENESS_H_
