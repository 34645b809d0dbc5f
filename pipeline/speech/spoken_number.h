// Numbers as they are said.
#ifndef PIPELINE_SPEECH_SPOKEN_NUMBER_H_
#define PIPELINE_SPEECH_SPOKEN_NUMBER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "pipeline/speech/grammar.h"

namespace parlance::pipeline {

// Rules of which <number> covers 0 to 999.
std::vector<GrammarRule> NumberRules();

// "two hundred and five" is 205. Nothing if `words` are not a number that <number> covers.
std::optional<int64_t> NumberOf(absl::string_view words);

// The words of 0 to 999, as <number> covers them; digits for any other number.
std::string SpokenNumber(int64_t number);

}  // namespace parlance::pipeline

#endif  // PIPELINE_SPEECH_SPOKEN_NUMBER_H_
