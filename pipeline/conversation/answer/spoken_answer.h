// The sound of an answer on its way to be heard, and which of its words were.
//
// An answer is spoken piece by piece. The sound of a piece comes with marks that say where each
// word begins; it is taken from here, frame by frame, once the piece is released. Positions count
// the samples that were taken, from 0 at the beginning of the answer: gaps between them do not
// count.
//
// A word was heard if all of it was: up to where the next word begins, or, for the last one of a
// piece, to the piece's end. What was heard of an answer is the text up to the end of the last such
// word, with the marks that follow it ("five o'clock.").
//
// Threads: one at a time. Memory: 2 bytes for each sample that was made and not taken, and 24 bytes
// for each word until Clear. Allocation: none in Take; that of the pieces is kept for the next.
#ifndef PIPELINE_CONVERSATION_ANSWER_SPOKEN_ANSWER_H_
#define PIPELINE_CONVERSATION_ANSWER_SPOKEN_ANSWER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "pipeline/speech/synthesizer.h"

namespace parlance::pipeline {

class SpokenAnswer {
 public:
  // A new answer: forgets the one before.
  void Clear();

  // The next piece. Ids grow by 1 within an answer.
  void AddPiece(int32_t id, absl::string_view text);
  // More sound of a piece, and the words that begin in it or later. Of another answer's pieces,
  // nothing is taken.
  void AddSound(int32_t id, absl::Span<const int16_t> samples, absl::Span<const WordMark> words);
  // All sound of the piece is there. `failed`: not all of it could be made, so its last word was
  // not heard.
  void EndPiece(int32_t id, bool failed = false);
  void Release(int32_t id);

  // Moves the next samples to the front of `frame`, as many as are released and there, and returns
  // how many. Of a piece that has more sound to come, it waits for that.
  size_t Take(absl::Span<int16_t> frame);

  // How many samples were taken, and how many are there to be.
  int64_t taken() const { return taken_; }
  int64_t num_waiting() const;
  // Throws away what was not taken: nothing more is given until Clear. What was taken, and which of
  // its words were heard, is still known.
  void Stop();

  // The first piece that was not heard to its end, once everything before `position` was heard.
  int32_t FirstUnheard(int64_t position) const;
  // The first piece that was not taken to its end: those before it were. One more than the last
  // piece if all were.
  int32_t first_open() const { return first_open_; }

  // The text of one piece; empty if there is no such piece.
  absl::string_view TextOf(int32_t id) const;
  // The text of the pieces from `first` up to and with `last`, without spaces at its end.
  std::string Text(int32_t first, int32_t last) const;
  // What of it was heard, once everything before `position` was, and nothing after it.
  std::string HeardText(int64_t position, int32_t first, int32_t last) const;

  // Bytes in use.
  size_t memory() const;

 private:
  struct Piece {
    std::string text;
    std::vector<int16_t> sound;
    std::vector<WordMark> words;
    // How much of the sound was taken, and where it begins in the answer, once it was.
    size_t taken = 0;
    int64_t begin = 0;
    bool complete = false;
    bool failed = false;
    bool released = false;
  };

  Piece* Find(int32_t id);
  // One more than the last piece.
  int32_t end_id() const { return first_id_ + static_cast<int32_t>(pieces_.size()); }

  int32_t first_id_ = 0;
  std::vector<Piece> pieces_;
  int32_t first_open_ = 0;
  int64_t taken_ = 0;
  bool stopped_ = false;
};

}  // namespace parlance::pipeline

#endif  // PIPELINE_CONVERSATION_ANSWER_SPOKEN_ANSWER_H_
