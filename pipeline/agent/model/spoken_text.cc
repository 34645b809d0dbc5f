#include "pipeline/agent/model/spoken_text.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace parlance::pipeline {
namespace {

struct Tag {
  absl::string_view begin;
  absl::string_view end;
  bool is_call = false;
};

constexpr Tag kTags[] = {
    {.begin = "<think>", .end = "</think>"},
    {.begin = "<thinking>", .end = "</thinking>"},
    {.begin = "<reasoning>", .end = "</reasoning>"},
    {.begin = "<tool_call>", .end = "</tool_call>", .is_call = true},
    {.begin = "<function_call>", .end = "</function_call>", .is_call = true},
};

// How many bytes the character at the front has; 0 if it is not at its end, and -1 if the byte is
// of no character (RFC 3629).
int CharacterSize(absl::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  if (first < 0xC2 || first > 0xF4) return -1;
  const int size = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  for (size_t i = 1; i < static_cast<size_t>(size); ++i) {
    if (i >= text.size()) return 0;
    unsigned char least = 0x80;
    unsigned char greatest = 0xBF;
    if (i == 1 && first == 0xE0) least = 0xA0;
    if (i == 1 && first == 0xED) greatest = 0x9F;
    if (i == 1 && first == 0xF0) least = 0x90;
    if (i == 1 && first == 0xF4) greatest = 0x8F;
    if (byte(i) < least || byte(i) > greatest) return -1;
  }
  return size;
}

// Whether the character is one of Unicode's control characters, which nobody can say: not white
// space such as a line's end.
bool IsControl(absl::string_view character) {
  const auto first = static_cast<unsigned char>(character[0]);
  if (first == 0xC2) return static_cast<unsigned char>(character[1]) < 0xA0;
  return absl::ascii_iscntrl(first) && !absl::ascii_isspace(first);
}

// Whether it is an object such as {"name": "clock", "arguments": {}}, or several.
bool LooksLikeCall(absl::string_view text) {
  return absl::EndsWith(absl::StripTrailingAsciiWhitespace(text), "}") &&
         absl::StrContains(text, "\"name\"") &&
         (absl::StrContains(text, "\"arguments\"") || absl::StrContains(text, "\"parameters\""));
}

}  // namespace

std::string SpokenText::Add(absl::string_view text) {
  text_.append(text.data(), text.size());
  return Clean(HoldJson(Strip(/*at_end=*/false), /*at_end=*/false), /*at_end=*/false);
}

std::string SpokenText::Finish() {
  return Clean(HoldJson(Strip(/*at_end=*/true), /*at_end=*/true), /*at_end=*/true);
}

std::string SpokenText::Strip(bool at_end) {
  std::string speech;
  absl::string_view rest = text_;
  const auto skip = [&](size_t bytes) {
    num_unspoken_bytes_ += static_cast<int64_t>(bytes);
    rest.remove_prefix(bytes);
  };
  while (!rest.empty()) {
    if (!until_.empty()) {
      const size_t end = rest.find(until_);
      if (end == absl::string_view::npos) {
        skip(rest.size() - (at_end ? 0 : std::min(rest.size(), until_.size() - 1)));
        break;
      }
      skip(end + until_.size());
      until_ = {};
      continue;
    }
    const size_t open = std::min(rest.find('<'), rest.size());
    speech.append(rest.data(), open);
    rest.remove_prefix(open);
    if (rest.empty()) break;
    bool may_begin = false;
    size_t tag_size = 0;
    for (const Tag& tag : kTags) {
      for (const absl::string_view mark : {tag.begin, tag.end}) {
        if (absl::StartsWith(rest, mark)) {
          tag_size = mark.size();
          // An end without a beginning ends nothing; it is not spoken either.
          if (mark == tag.begin) until_ = tag.end;
          has_call_ = has_call_ || (tag.is_call && mark == tag.begin);
        }
        may_begin = may_begin || absl::StartsWith(mark, rest);
      }
    }
    if (tag_size > 0) {
      skip(tag_size);
    } else if (may_begin && !at_end) {
      break;
    } else {
      speech.push_back('<');
      rest.remove_prefix(1);
    }
  }
  text_.erase(0, text_.size() - rest.size());
  return speech;
}

std::string SpokenText::HoldJson(std::string speech, bool at_end) {
  if (!began_) {
    speech.erase(0, speech.size() - absl::StripLeadingAsciiWhitespace(speech).size());
    if (speech.empty()) return speech;
    began_ = true;
    holds_json_ = speech.front() == '{';
  }
  if (!holds_json_) return speech;
  json_ += speech;
  if (!at_end && json_.size() <= kMaxHeldBytes) return "";
  holds_json_ = false;
  if (!LooksLikeCall(json_)) return std::exchange(json_, "");
  has_call_ = true;
  num_unspoken_bytes_ += static_cast<int64_t>(std::exchange(json_, "").size());
  return "";
}

std::string SpokenText::Clean(absl::string_view speech, bool at_end) {
  character_.append(speech.data(), speech.size());
  std::string clean;
  absl::string_view rest = character_;
  while (!rest.empty()) {
    const int size = CharacterSize(rest);
    if (size == 0 && !at_end) break;
    if (size <= 0) {
      clean += "\xEF\xBF\xBD";
      rest.remove_prefix(1);
    } else {
      const absl::string_view character = rest.substr(0, static_cast<size_t>(size));
      absl::StrAppend(&clean, IsControl(character) ? " " : character);
      rest.remove_prefix(static_cast<size_t>(size));
    }
  }
  character_.erase(0, character_.size() - rest.size());
  return clean;
}

}  // namespace parlance::pipeline
