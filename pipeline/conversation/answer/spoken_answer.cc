#include "pipeline/conversation/answer/spoken_answer.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace parlance::pipeline {
namespace {

// Where the marks end that follow a word: up to the next space.
size_t EndOfMarks(absl::string_view text, size_t word_end) {
  while (word_end < text.size() &&
         !absl::ascii_isspace(static_cast<unsigned char>(text[word_end]))) {
    ++word_end;
  }
  return word_end;
}

}  // namespace

void SpokenAnswer::Clear() {
  pieces_.clear();
  first_id_ = 0;
  first_open_ = 0;
  taken_ = 0;
  stopped_ = false;
}

void SpokenAnswer::Stop() {
  stopped_ = true;
  for (Piece& piece : pieces_) std::vector<int16_t>().swap(piece.sound);
}

int32_t SpokenAnswer::FirstUnheard(int64_t position) const {
  int32_t id = first_id_;
  while (id < first_open_) {
    const Piece& piece = pieces_[static_cast<size_t>(id - first_id_)];
    if (piece.begin + static_cast<int64_t>(piece.taken) > position) break;
    ++id;
  }
  return id;
}

SpokenAnswer::Piece* SpokenAnswer::Find(int32_t id) {
  const int64_t index = int64_t{id} - first_id_;
  if (index < 0 || index >= static_cast<int64_t>(pieces_.size())) return nullptr;
  return &pieces_[static_cast<size_t>(index)];
}

void SpokenAnswer::AddPiece(int32_t id, absl::string_view text) {
  if (pieces_.empty()) {
    first_id_ = id;
    first_open_ = id;
  }
  pieces_.emplace_back().text = std::string(text);
}

void SpokenAnswer::AddSound(int32_t id, absl::Span<const int16_t> samples,
                            absl::Span<const WordMark> words) {
  Piece* const piece = Find(id);
  if (piece == nullptr || piece->complete || stopped_) return;
  piece->sound.insert(piece->sound.end(), samples.begin(), samples.end());
  for (WordMark word : words) {
    // What a synthesiser says is not believed where it cannot be.
    word.text_end = std::min(word.text_end, piece->text.size());
    word.text_begin = std::min(word.text_begin, word.text_end);
    if (!piece->words.empty()) word.sample = std::max(word.sample, piece->words.back().sample);
    piece->words.push_back(word);
  }
}

void SpokenAnswer::EndPiece(int32_t id, bool failed) {
  Piece* const piece = Find(id);
  if (piece == nullptr || piece->complete) return;
  piece->complete = true;
  piece->failed = failed;
}

void SpokenAnswer::Release(int32_t id) {
  if (Piece* const piece = Find(id); piece != nullptr) piece->released = true;
}

size_t SpokenAnswer::Take(absl::Span<int16_t> frame) {
  if (stopped_) return 0;
  size_t total = 0;
  for (Piece* piece = Find(first_open_); piece != nullptr && piece->released;
       piece = Find(first_open_)) {
    if (piece->taken == 0) piece->begin = taken_;
    const size_t count = std::min(frame.size() - total, piece->sound.size() - piece->taken);
    if (count > 0) {
      std::memcpy(frame.data() + total, piece->sound.data() + piece->taken,
                  count * sizeof(int16_t));
    }
    piece->taken += count;
    taken_ += static_cast<int64_t>(count);
    total += count;
    if (piece->taken < piece->sound.size() || !piece->complete) break;
    // Its words are kept, for HeardText.
    std::vector<int16_t>().swap(piece->sound);
    ++first_open_;
  }
  return total;
}

int64_t SpokenAnswer::num_waiting() const {
  int64_t waiting = 0;
  for (const Piece& piece : pieces_) {
    if (piece.released && !piece.sound.empty()) {
      waiting += static_cast<int64_t>(piece.sound.size() - piece.taken);
    }
  }
  return waiting;
}

absl::string_view SpokenAnswer::TextOf(int32_t id) const {
  const int64_t index = int64_t{id} - first_id_;
  if (index < 0 || index >= static_cast<int64_t>(pieces_.size())) return "";
  return pieces_[static_cast<size_t>(index)].text;
}

std::string SpokenAnswer::Text(int32_t first, int32_t last) const {
  std::string text;
  for (int32_t id = std::max(first, first_id_); id <= last && id < end_id(); ++id) {
    absl::StrAppend(&text, pieces_[static_cast<size_t>(id - first_id_)].text);
  }
  absl::StripTrailingAsciiWhitespace(&text);
  return text;
}

std::string SpokenAnswer::HeardText(int64_t position, int32_t first, int32_t last) const {
  position = std::min(position, taken_);
  std::string text;
  for (int32_t id = std::max(first, first_id_); id <= last && id < end_id(); ++id) {
    const Piece& piece = pieces_[static_cast<size_t>(id - first_id_)];
    if (piece.taken == 0) continue;
    const bool to_its_end =
        id < first_open_ && piece.begin + static_cast<int64_t>(piece.taken) <= position;
    if (to_its_end && !piece.failed) {
      absl::StrAppend(&text, piece.text);
      continue;
    }
    size_t heard = 0;
    // A word is over where the next one begins.
    for (size_t word = 0; word + 1 < piece.words.size(); ++word) {
      if (piece.begin + piece.words[word + 1].sample > position) break;
      heard = std::max(heard, EndOfMarks(piece.text, piece.words[word].text_end));
    }
    absl::StrAppend(&text, absl::string_view(piece.text).substr(0, heard));
    if (!to_its_end) break;
    absl::StrAppend(&text, " ");
  }
  absl::StripTrailingAsciiWhitespace(&text);
  return text;
}

size_t SpokenAnswer::memory() const {
  size_t bytes = 0;
  for (const Piece& piece : pieces_) {
    bytes += sizeof(piece) + piece.text.capacity() + piece.sound.capacity() * sizeof(int16_t) +
             piece.words.capacity() * sizeof(WordMark);
  }
  return bytes;
}

}  // namespace parlance::pipeline
