#include "session/unspaced.h"

#include <algorithm>
#include <iterator>

namespace parlance::session {
namespace {

template <size_t kSize>
bool IsIn(const CharacterRange (&ranges)[kSize], uint32_t code) {
  const auto* const range = std::lower_bound(
      std::begin(ranges), std::end(ranges), code,
      [](const CharacterRange& candidate, uint32_t wanted) { return candidate.last < wanted; });
  return range != std::end(ranges) && range->first <= code;
}

}  // namespace

Character FirstCharacter(absl::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  const size_t size = lead < 0x80 ? 1 : lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (size == 1) return {.code = lead, .size = 1};
  if (size == 0 || lead > 0xF4 || text.size() < size) return {.code = 0xFFFD, .size = 1};
  uint32_t code = lead & (0xFFu >> (size + 1));
  for (size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {.code = 0xFFFD, .size = 1};
    code = code << 6 | (byte(i) & 0x3Fu);
  }
  return {.code = code, .size = size};
}

bool IsUnspaced(uint32_t code) { return IsIn(kUnspaced, code); }
bool IsUnseen(uint32_t code) { return IsIn(kUnseen, code); }

size_t FindUnspaced(absl::string_view text) {
  // U+0E01, the first of them, is E0 B8 81.
  constexpr unsigned char kMinLead = 0xE0;
  for (size_t i = 0; i < text.size();) {
    if (static_cast<unsigned char>(text[i]) < kMinLead) {
      ++i;
      continue;
    }
    const Character character = FirstCharacter(text.substr(i));
    if (IsUnspaced(character.code)) return i;
    i += character.size;
  }
  return absl::string_view::npos;
}

}  // namespace parlance::session
