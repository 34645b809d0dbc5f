#include "pipeline/door/wire/utf8_checker.h"

#include <cstddef>
#include <cstring>

namespace parlance::pipeline::door {

bool Utf8Checker::Add(absl::string_view piece) {
  const char* at = piece.data();
  const char* const end = at + piece.size();
  while (at != end) {
    if (num_missing_ == 0) {
      // Most text is ASCII: eight bytes at a time.
      uint64_t word = 0;
      while (end - at >= static_cast<ptrdiff_t>(sizeof(word))) {
        std::memcpy(&word, at, sizeof(word));
        if ((word & 0x8080808080808080) != 0) break;
        at += sizeof(word);
      }
      if (at == end) break;
    }
    const auto byte = static_cast<uint8_t>(*at++);
    if (num_missing_ > 0) {
      if (byte < least_ || byte > most_) return false;
      --num_missing_;
      least_ = 0x80;
      most_ = 0xBF;
    } else if (byte >= 0x80) {
      if (byte < 0xC2 || byte > 0xF4) return false;
      num_missing_ = byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
      if (byte == 0xE0) least_ = 0xA0;
      if (byte == 0xED) most_ = 0x9F;
      if (byte == 0xF0) least_ = 0x90;
      if (byte == 0xF4) most_ = 0x8F;
    }
  }
  return true;
}

bool IsUtf8(absl::string_view text) {
  Utf8Checker checker;
  return checker.Add(text) && checker.is_complete();
}

absl::string_view CutUtf8(absl::string_view text, size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  size_t size = max_bytes;
  // The first byte that is left out must begin a character.
  while (size > 0 && (static_cast<uint8_t>(text[size]) & 0xC0) == 0x80) --size;
  return text.substr(0, size);
}

}  // namespace parlance::pipeline::door
