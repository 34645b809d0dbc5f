#include "command/terminal/printable.h"

#include <cstddef>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace command {
namespace {

struct CodePoint {
  char32_t value = 0;
  // The character's size in bytes; 0 if the text does not begin with a character in UTF-8.
  size_t size = 0;
};

// The character that `text`, which is not empty, begins with (RFC 3629: shortest form, no
// surrogates, up to U+10FFFF).
CodePoint FirstCodePoint(absl::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {first, 1};
  const size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < size) return {};
  char32_t value = first & (0xFFU >> (size + 1));
  for (size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    value = value << 6 | (byte(i) & 0x3FU);
  }
  const bool too_long = (size == 3 && value < 0x800) || (size == 4 && value < 0x10000);
  if (too_long || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) return {};
  return {value, size};
}

// Whether a terminal would do something else than to draw a character.
bool IsCommand(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c <= 0x9F) || (c >= 0x202A && c <= 0x202E) ||
         (c >= 0x2066 && c <= 0x2069) || c == 0x2028 || c == 0x2029 || c == 0x200E || c == 0x200F ||
         c == 0x061C;
}

std::string Escaped(char32_t c) {
  return c < 0x80 ? absl::StrFormat("\\x%02x", static_cast<uint32_t>(c))
                  : absl::StrFormat("\\u%04x", static_cast<uint32_t>(c));
}

std::string Escape(absl::string_view text, bool one_line) {
  std::string printable;
  printable.reserve(text.size());
  while (!text.empty()) {
    const CodePoint c = FirstCodePoint(text);
    if (c.size == 0) {
      absl::StrAppendFormat(&printable, "\\x%02x", static_cast<unsigned char>(text[0]));
      text.remove_prefix(1);
      continue;
    }
    if (c.value == '\n' || c.value == '\t') {
      printable += one_line ? ' ' : static_cast<char>(c.value);
    } else if (c.value == '\r' && text.size() > 1 && text[1] == '\n') {
      // The newline that follows stands for both.
    } else if (IsCommand(c.value)) {
      printable += Escaped(c.value);
    } else {
      printable.append(text.data(), c.size);
    }
    text.remove_prefix(c.size);
  }
  return printable;
}

}  // namespace

std::string Printable(absl::string_view text) { return Escape(text, /*one_line=*/false); }

std::string PrintableLine(absl::string_view text) { return Escape(text, /*one_line=*/true); }

std::string CutText(absl::string_view text, size_t max_bytes) {
  if (text.size() <= max_bytes) return std::string(text);
  size_t end = max_bytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return absl::StrCat(text.substr(0, end), "…");
}

std::string PrintableJson(absl::string_view json) {
  std::string printable;
  printable.reserve(json.size());
  while (!json.empty()) {
    const CodePoint c = FirstCodePoint(json);
    if (c.size == 0) {
      // JSON has no other spelling of a byte that is no character.
      printable += "\\ufffd";
      json.remove_prefix(1);
      continue;
    }
    const bool is_space = c.value == '\n' || c.value == '\t' || c.value == '\r';
    if (IsCommand(c.value) && !is_space) {
      absl::StrAppendFormat(&printable, "\\u%04x", static_cast<uint32_t>(c.value));
    } else {
      printable.append(json.data(), c.size);
    }
    json.remove_prefix(c.size);
  }
  return printable;
}

}  // namespace command
