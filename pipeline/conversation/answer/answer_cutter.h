// Cuts an answer, as it is written, into pieces that are spoken one after the other.
//
// The first piece has to be short, so that it is heard soon: it ends at the first mark of a clause,
// or after some words if the writer is slow. The later ones are whole sentences, because a
// synthesiser phrases better what it has to its end. No cut falls into a number ("3.14", "1,000"),
// an abbreviation ("Dr. Smith", "e.g."), an initial, an address ("example.com"), or a tag
// ("<break time="1.5s"/>"). Pieces put together are the text again, byte for byte, but for spaces
// at its end.
//
// A piece ends after a mark and the space that follows it, so the mark alone decides nothing yet:
// with "." at the end of what has come, the text may go on with "5".
//
// Text is UTF-8; the full stops of Chinese, Japanese, Hindi, Arabic and Armenian end sentences,
// too, and the first two need no space after them. Bytes that are no UTF-8 are like letters.
//
// The same elsewhere: LiveKit Agents' basic sentence tokenizer (min_sentence_len 20) and Pipecat's
// sentence aggregator, whose users found the cases in answer_cutter_test.
//
// Threads: one at a time. Memory: the text of the piece at hand, at most kMaxPieceBytes of it.
#ifndef PIPELINE_CONVERSATION_ANSWER_ANSWER_CUTTER_H_
#define PIPELINE_CONVERSATION_ANSWER_ANSWER_CUTTER_H_

#include <cstddef>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace parlance::pipeline {

class AnswerCutter {
 public:
  // A piece that gets longer without a mark is cut at a space, or, if there is none, within a word.
  static constexpr size_t kMaxPieceBytes = 240;
  // A first piece has at least so many letters and digits, and so has a sentence: "Yes." goes with
  // what follows it.
  static constexpr int kMinFirstLetters = 8;
  static constexpr int kMinLetters = 16;
  // If nothing more comes in time, the first piece may be cut after so many words.
  static constexpr int kMinHurriedWords = 4;

  // More of the text.
  void Add(absl::string_view text) { text_.append(text.data(), text.size()); }

  // The next piece, if there is one for certain. To be asked again until there is none.
  std::optional<std::string> Next();
  // The same if the answer has waited for long enough: the first piece may then end after any word.
  // Nothing once there was a first piece.
  std::optional<std::string> Hurry();
  // The text is at its end: what is left of it is the last piece. To be asked after Next gave none.
  std::optional<std::string> Finish();

  bool has_first() const { return num_pieces_ > 0; }

 private:
  std::string Take(size_t bytes);
  // Returns the end of the piece at hand; 0 if that is not known yet.
  size_t FindEnd(bool is_first) const;

  std::string text_;
  int num_pieces_ = 0;
};

}  // namespace parlance::pipeline

#endif  // PIPELINE_CONVERSATION_ANSWER_ANSWER_CUTTER_H_
