// The part of a model's text that is meant to be heard.
//
// Models that think aloud do so in <think> … </think>, and some servers pass calls on as text:
// <tool_call> … </tool_call>, or nothing but a JSON object with a name and arguments. None of that
// is for a listener's ears. Text comes in pieces that may be cut anywhere, also within a tag and
// within a character.
//
// What is left is UTF-8, without white space at its beginning; bytes that are none are replaced by
// U+FFFD, and control characters, which no voice can say, by spaces.
//
// Threads: one. Memory: what may be the beginning of a tag, or a text that begins as JSON does, at
// most kMaxHeldBytes.
#ifndef PIPELINE_AGENT_MODEL_SPOKEN_TEXT_H_
#define PIPELINE_AGENT_MODEL_SPOKEN_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace parlance::pipeline {

class SpokenText {
 public:
  // A text that begins as JSON does is held up to here, and then is speech after all.
  static constexpr size_t kMaxHeldBytes = 16384;

  // More of the text; what of it can be said now.
  std::string Add(absl::string_view text);
  // The text is at its end; what of it was held.
  std::string Finish();

  // How many bytes were kept back.
  int64_t num_unspoken_bytes() const { return num_unspoken_bytes_; }
  // Whether there was a call in the text, which was not made.
  bool has_call() const { return has_call_; }

 private:
  // Takes what is certain out of `text_`; `at_end`: nothing more comes.
  std::string Strip(bool at_end);
  // The end of what may be JSON; what comes before it is speech already.
  std::string HoldJson(std::string speech, bool at_end);
  std::string Clean(absl::string_view speech, bool at_end);

  // The text that was not looked at yet.
  std::string text_;
  // The end tag that is looked for; empty outside of any.
  absl::string_view until_;
  bool began_ = false;
  // The text began with a brace, and this is it so far.
  bool holds_json_ = false;
  std::string json_;
  // The beginning of a character.
  std::string character_;
  int64_t num_unspoken_bytes_ = 0;
  bool has_call_ = false;
};

}  // namespace parlance::pipeline

#endif  // PIPELINE_AGENT_MODEL_SPOKEN_TEXT_H_
