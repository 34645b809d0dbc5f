#include "pipeline/conversation/answer/answer_cutter.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/strings/ascii.h"

namespace parlance::pipeline {
namespace {

// How far a "<" may be from its ">" for the two to be a tag.
constexpr size_t kMaxTagBytes = 200;
static_assert(kMaxTagBytes < AnswerCutter::kMaxPieceBytes);

// What ends with a full stop in the middle of a sentence, in lower case. Months and units, which
// may also end one, are told from an end by what follows.
constexpr absl::string_view kAbbreviations[] = {
    "mr",  "mrs", "ms",  "dr",     "prof", "st",   "mt",  "jr",  "sr",  "vs",   "etc",
    "no",  "inc", "ltd", "co",     "corp", "dept", "gen", "col", "sgt", "capt", "rev",
    "hon", "fig", "vol", "approx", "e.g",  "i.e",  "a.m", "p.m", "u.s", "u.k",  "ph.d"};

// What a mark means for cutting.
enum class Mark { kNone, kClause, kSentence, kFullStop };

struct Character {
  char32_t code = 0;
  size_t bytes = 1;
};

// The character at the front of a text that is not empty. A byte that is no UTF-8 is itself.
Character First(absl::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const size_t bytes = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
  if (bytes == 1 || text.size() < bytes) return {.code = lead, .bytes = 1};
  char32_t code = lead & (0xFFu >> (bytes + 1));
  for (size_t i = 1; i < bytes; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xC0) != 0x80) return {.code = lead, .bytes = 1};
    code = code << 6 | (byte & 0x3F);
  }
  return {.code = code, .bytes = bytes};
}

Mark MarkOf(char32_t code) {
  switch (code) {
    case U'.':
      return Mark::kFullStop;
    case U'!':
    case U'?':
    case U'…':
    case U'。':
    case U'！':
    case U'？':
    case U'।':
    case U'؟':
    case U'۔':
    case U'։':
      return Mark::kSentence;
    case U',':
    case U';':
    case U':':
    case U'–':
    case U'—':
    case U'，':
    case U'、':
    case U'；':
    case U'：':
    case U'،':
    case U'؛':
      return Mark::kClause;
    default:
      return Mark::kNone;
  }
}

// Marks of scripts that put no space between sentences.
bool NeedsNoSpace(char32_t code) {
  switch (code) {
    case U'。':
    case U'！':
    case U'？':
    case U'，':
    case U'、':
    case U'；':
    case U'：':
      return true;
    default:
      return false;
  }
}

// What closes behind the mark that ends a sentence.
bool IsCloser(char32_t code) {
  switch (code) {
    case U'"':
    case U'\'':
    case U')':
    case U']':
    case U'”':
    case U'’':
    case U'»':
    case U'」':
    case U'』':
    case U'）':
      return true;
    default:
      return false;
  }
}

bool IsSpace(char c) { return absl::ascii_isspace(static_cast<unsigned char>(c)); }
bool IsDigit(char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); }
bool IsLetter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
         static_cast<unsigned char>(c) >= 0x80;
}

// The word that ends where `text` does.
absl::string_view LastWord(absl::string_view text) {
  size_t begin = text.size();
  while (begin > 0 && (IsLetter(text[begin - 1]) || text[begin - 1] == '.')) --begin;
  return text.substr(begin);
}

// Whether a full stop behind `before`, followed by a space and `next`, belongs to a word.
bool IsOfAWord(absl::string_view before, char next) {
  const absl::string_view word = LastWord(before);
  // "J. Smith"
  if (word.size() == 1 && absl::ascii_isupper(static_cast<unsigned char>(word[0]))) return true;
  // "1. First", at the beginning of a line.
  if (!word.empty() && std::all_of(word.begin(), word.end(), IsDigit)) {
    const absl::string_view line = before.substr(0, before.size() - word.size());
    if (line.empty() || line.back() == '\n') return true;
  }
  const std::string lower = absl::AsciiStrToLower(word);
  const bool goes_on = absl::ascii_islower(static_cast<unsigned char>(next));
  if (goes_on) return true;
  if (lower == "a.m" || lower == "p.m" || lower == "etc") return false;
  return std::find(std::begin(kAbbreviations), std::end(kAbbreviations), lower) !=
         std::end(kAbbreviations);
}

// A text without the character at its end of which not all bytes have come.
absl::string_view WithoutBrokenEnd(absl::string_view text) {
  for (size_t back = 1; back <= 3 && back <= text.size(); ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if ((byte & 0xC0) == 0x80) continue;
    const size_t bytes = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1;
    if (bytes > back) text.remove_suffix(back);
    break;
  }
  return text;
}

// How long the tag is that begins at `text`; 0 if none does, and npos if it has no end yet.
size_t TagBytes(absl::string_view text) {
  if (text[0] != '<') return 0;
  if (text.size() == 1) return absl::string_view::npos;
  const char second = text[1];
  if (!absl::ascii_isalpha(static_cast<unsigned char>(second)) && second != '/') return 0;
  const size_t end = text.substr(0, kMaxTagBytes).find('>');
  if (end != absl::string_view::npos) return end + 1;
  return text.size() < kMaxTagBytes ? absl::string_view::npos : 0;
}

// Where a text of more than `most` bytes that has no mark in time is cut: behind its last space, or
// between characters. Not 0: a tag without an end is no tag if so much follows.
size_t ForcedEnd(absl::string_view text, size_t most) {
  size_t end = 0;
  size_t last_space = 0;
  while (end < text.size()) {
    size_t bytes = TagBytes(text.substr(end));
    if (bytes == 0) bytes = First(text.substr(end)).bytes;
    if (bytes > most - end) break;
    end += bytes;
    if (IsSpace(text[end - 1])) last_space = end;
  }
  return last_space > 0 ? last_space : end;
}

}  // namespace

size_t AnswerCutter::FindEnd(bool is_first) const {
  const absl::string_view text = WithoutBrokenEnd(text_);
  const int min_letters = is_first ? kMinFirstLetters : kMinLetters;
  int letters = 0;
  for (size_t i = 0; i < text.size();) {
    if (const size_t tag = TagBytes(text.substr(i)); tag == absl::string_view::npos) {
      return 0;
    } else if (tag > 0) {
      i += tag;
      continue;
    }
    const Character character = First(text.substr(i));
    const size_t mark_at = i;
    i += character.bytes;
    const Mark mark = MarkOf(character.code);
    const bool new_line = character.code == U'\n';
    if (mark == Mark::kNone && !new_line) {
      // One character of Chinese, Japanese or Korean is about as much as three letters.
      if (character.code >= 0x2E80) {
        letters += 3;
      } else if (character.bytes > 1 || IsLetter(text[mark_at])) {
        ++letters;
      }
      continue;
    }
    if (mark == Mark::kClause && !is_first) continue;
    // Further marks and what closes belong to this one: "?!", "...", ".)"
    size_t end = i;
    while (end < text.size()) {
      const Character next = First(text.substr(end));
      const Mark further = MarkOf(next.code);
      if (!IsCloser(next.code) && further != Mark::kSentence && further != Mark::kFullStop) break;
      end += next.bytes;
    }
    // What has come so far may end within a character, or before another mark.
    if (end == text.size()) return 0;
    const size_t behind_mark = end;
    while (end < text.size() && IsSpace(text[end])) ++end;
    const bool has_space = end > behind_mark || new_line;
    if (!has_space && !NeedsNoSpace(character.code)) continue;
    if (end == text.size()) return 0;
    const char next = text[end];
    if (mark == Mark::kFullStop && behind_mark == mark_at + 1 &&
        IsOfAWord(text.substr(0, mark_at), next)) {
      continue;
    }
    // "Jan 1, 1980"
    if (mark == Mark::kClause && mark_at > 0 && IsDigit(text[mark_at - 1]) && IsDigit(next)) {
      continue;
    }
    i = end;
    if (letters >= min_letters) return end;
  }
  return 0;
}

std::string AnswerCutter::Take(size_t bytes) {
  std::string piece = text_.substr(0, bytes);
  text_.erase(0, bytes);
  ++num_pieces_;
  return piece;
}

std::optional<std::string> AnswerCutter::Next() {
  for (;;) {
    size_t end = FindEnd(num_pieces_ == 0);
    if (end == 0 && text_.size() <= kMaxPieceBytes) return std::nullopt;
    if (end == 0 || end > kMaxPieceBytes) end = ForcedEnd(text_, kMaxPieceBytes);
    if (!std::all_of(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(end), IsSpace)) {
      return Take(end);
    }
    text_.erase(0, end);
  }
}

std::optional<std::string> AnswerCutter::Hurry() {
  if (num_pieces_ > 0) return std::nullopt;
  int words = 0;
  size_t end = 0;
  for (size_t i = 0; i < text_.size();) {
    const size_t tag = TagBytes(absl::string_view(text_).substr(i));
    if (tag == absl::string_view::npos) break;
    if (tag > 0) {
      i += tag;
      continue;
    }
    if (IsSpace(text_[i]) && i > 0 && !IsSpace(text_[i - 1])) {
      ++words;
      end = i + 1;
    }
    ++i;
  }
  if (words < kMinHurriedWords) return std::nullopt;
  return Take(end);
}

std::optional<std::string> AnswerCutter::Finish() {
  if (std::all_of(text_.begin(), text_.end(), IsSpace)) {
    text_.clear();
    return std::nullopt;
  }
  return Take(text_.size() > kMaxPieceBytes ? ForcedEnd(text_, kMaxPieceBytes) : text_.size());
}

}  // namespace parlance::pipeline
