#include "pipeline/door/wire/base64.h"

#include <array>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace parlance::pipeline::door {
namespace {

constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr char kPadding = '=';

// In none of the 24 bits that four characters stand for.
constexpr uint32_t kNoCharacter = 0x80000000;

// For each place of a character among four, its bits where they belong in 24.
using DecodingTable = std::array<std::array<uint32_t, 256>, 4>;

constexpr DecodingTable MakeDecodingTable() {
  DecodingTable table = {};
  for (size_t place = 0; place < 4; ++place) {
    for (uint32_t& entry : table[place]) entry = kNoCharacter;
    for (uint32_t value = 0; value < 64; ++value) {
      table[place][static_cast<uint8_t>(kAlphabet[value])] = value << (6 * (3 - place));
    }
  }
  return table;
}

// For each 12 bits the two characters.
using EncodingTable = std::array<std::array<char, 2>, 4096>;

constexpr EncodingTable MakeEncodingTable() {
  EncodingTable table = {};
  for (size_t bits = 0; bits < table.size(); ++bits) {
    table[bits] = {kAlphabet[bits >> 6], kAlphabet[bits & 63]};
  }
  return table;
}

constexpr DecodingTable kDecoding = MakeDecodingTable();
constexpr EncodingTable kEncoding = MakeEncodingTable();

uint32_t Decode(const char* text, size_t place) {
  return kDecoding[place][static_cast<uint8_t>(text[place])];
}

absl::Status NoBase64(absl::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (Decode(&text[i], 0) == kNoCharacter) {
      return absl::InvalidArgumentError(
          absl::StrCat("the text is not base64: character ", i + 1, " is not of its alphabet"));
    }
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "the text is not base64: it ends within a byte, after ", text.size(), " characters"));
}

}  // namespace

absl::StatusOr<size_t> DecodeBase64(absl::string_view text, absl::Span<uint8_t> bytes) {
  // Padding completes four characters, or is not there at all.
  absl::string_view characters = text;
  if (text.size() % 4 == 0) {
    for (int i = 0; i < 2 && !characters.empty() && characters.back() == kPadding; ++i) {
      characters.remove_suffix(1);
    }
  }
  if (bytes.size() < MaxDecodedBytes(characters.size())) {
    return absl::InvalidArgumentError("the output is too small for the decoded text");
  }
  const char* from = characters.data();
  uint8_t* to = bytes.data();
  uint32_t seen = 0;
  for (size_t i = 0; i < characters.size() / 4; ++i, from += 4, to += 3) {
    const uint32_t bits = Decode(from, 0) | Decode(from, 1) | Decode(from, 2) | Decode(from, 3);
    seen |= bits;
    to[0] = static_cast<uint8_t>(bits >> 16);
    to[1] = static_cast<uint8_t>(bits >> 8);
    to[2] = static_cast<uint8_t>(bits);
  }
  const size_t num_left = characters.size() % 4;
  if (num_left == 1) return NoBase64(characters);
  if (num_left > 1) {
    const uint32_t bits = Decode(from, 0) | Decode(from, 1) | (num_left == 3 ? Decode(from, 2) : 0);
    seen |= bits;
    *to++ = static_cast<uint8_t>(bits >> 16);
    if (num_left == 3) *to++ = static_cast<uint8_t>(bits >> 8);
    const uint32_t lost = num_left == 3 ? 0xFF : 0xFFFF;
    if ((bits & kNoCharacter) == 0 && (bits & lost) != 0) return NoBase64(characters);
  }
  if ((seen & kNoCharacter) != 0) return NoBase64(characters);
  return static_cast<size_t>(to - bytes.data());
}

absl::StatusOr<std::vector<uint8_t>> DecodeBase64(absl::string_view text) {
  std::vector<uint8_t> bytes(MaxDecodedBytes(text.size()));
  const absl::StatusOr<size_t> size = DecodeBase64(text, absl::MakeSpan(bytes));
  if (!size.ok()) return size.status();
  bytes.resize(*size);
  return bytes;
}

absl::Status CheckBase64(absl::string_view text) {
  // Groups of four stand alone, but for the last of them.
  constexpr size_t kPiece = size_t{16} << 10;
  std::array<uint8_t, MaxDecodedBytes(kPiece)> bytes;
  for (size_t begin = 0; begin == 0 || begin < text.size(); begin += kPiece) {
    const absl::string_view piece = text.substr(begin, kPiece);
    const bool is_last = begin + kPiece >= text.size();
    const bool is_padded = !piece.empty() && piece.back() == kPadding;
    if ((!is_last && is_padded) || !DecodeBase64(piece, absl::MakeSpan(bytes)).ok()) {
      return DecodeBase64(text).status();
    }
  }
  return absl::OkStatus();
}

void AppendBase64(absl::Span<const uint8_t> bytes, std::string& text) {
  const size_t begin = text.size();
  text.resize(begin + (bytes.size() + 2) / 3 * 4);
  char* to = &text[begin];
  const uint8_t* from = bytes.data();
  const auto write = [&](uint32_t twelve_bits) {
    const std::array<char, 2>& pair = kEncoding[twelve_bits];
    *to++ = pair[0];
    *to++ = pair[1];
  };
  for (size_t i = 0; i < bytes.size() / 3; ++i, from += 3) {
    const uint32_t bits = uint32_t{from[0]} << 16 | uint32_t{from[1]} << 8 | from[2];
    write(bits >> 12);
    write(bits & 0xFFF);
  }
  const size_t num_left = bytes.size() % 3;
  if (num_left == 0) return;
  const uint32_t bits = uint32_t{from[0]} << 16 | (num_left == 2 ? uint32_t{from[1]} << 8 : 0);
  write(bits >> 12);
  write(bits & 0xFFF);
  for (size_t i = num_left; i < 3; ++i) text[text.size() - (i - num_left) - 1] = kPadding;
}

}  // namespace parlance::pipeline::door
