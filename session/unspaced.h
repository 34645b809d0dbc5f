// Scripts that are written without spaces between words, or, as Korean, with endings that stick to
// words: what a person searches for lies anywhere between two spaces.
//
// Search knows such text by its characters and by its pairs of neighbouring characters, so that any
// part of it is found, exactly and without a dictionary. Chinese, Japanese, Korean, Yi, Thai, Lao,
// Burmese, Khmer, the Tai scripts and Javanese (Unicode 15, blocks of chapters 16 to 18).
#ifndef SESSION_UNSPACED_H_
#define SESSION_UNSPACED_H_

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"

namespace parlance::session {

struct CharacterRange {
  uint32_t first;
  uint32_t last;
};

// The ranges of such characters, in order: letters, and the marks that belong to them; digits and
// punctuation are as in all scripts.
inline constexpr CharacterRange kUnspaced[] = {
    {0x0E01, 0x0E3A},
    {0x0E40, 0x0E4E},  // Thai
    {0x0E81, 0x0ECE},
    {0x0EDC, 0x0EDF},  // Lao
    {0x1000, 0x103F},
    {0x1050, 0x108F},  // Burmese
    {0x109A, 0x109D},  // Burmese
    {0x1100, 0x11FF},  // Korean: parts of syllables
    {0x1780, 0x17D3},
    {0x17D7, 0x17D7},  // Khmer
    {0x17DC, 0x17DD},  // Khmer
    {0x1950, 0x19CF},  // Tai Le, New Tai Lue
    {0x1A20, 0x1A7F},  // Tai Tham
    {0x3005, 0x3007},
    {0x3021, 0x302F},  // Chinese: marks and numbers
    {0x3031, 0x3035},
    {0x3038, 0x303C},  // Chinese: marks and numbers
    {0x3041, 0x309A},
    {0x309D, 0x309F},  // Japanese: Hiragana
    {0x30A1, 0x30FA},
    {0x30FC, 0x31BF},  // Japanese: Katakana; Bopomofo; parts of Korean syllables
    {0x31F0, 0x31FF},  // Japanese: Katakana
    {0x3400, 0x4DBF},
    {0x4E00, 0xA48C},  // Chinese; Yi
    {0xA960, 0xA97C},  // Korean: parts of syllables
    {0xA980, 0xA9C0},
    {0xA9E0, 0xA9EF},  // Javanese; Burmese
    {0xA9FA, 0xA9FE},
    {0xAA60, 0xAA7F},    // Burmese
    {0xAC00, 0xD7FB},    // Korean
    {0xF900, 0xFAD9},    // Chinese
    {0xFF66, 0xFFDC},    // Japanese and Korean of half a width
    {0x1AFF0, 0x1B16F},  // Japanese: old Kana
    {0x20000, 0x3FFFD},  // Chinese
};

// Characters that nobody sees and that tell a line where it may break, as is usual in Khmer and
// Thai, or choose among forms of the character before: search reads over them.
inline constexpr CharacterRange kUnseen[] = {
    {0x200B, 0x200D},
    {0x2060, 0x2060},
    {0xFE00, 0xFE0F},
    {0xE0100, 0xE01EF},
};

// A character of a UTF-8 text, and how many bytes it has: 1 and 0xFFFD where the text is not UTF-8.
struct Character {
  uint32_t code = 0;
  size_t size = 0;
};
// Decodes the first character of `text`, which must not be empty.
Character FirstCharacter(absl::string_view text);

bool IsUnspaced(uint32_t code);
bool IsUnseen(uint32_t code);

// Finds where the first character of kUnspaced begins; npos if there is none. Passes
// quickly over text that is mostly ASCII.
size_t FindUnspaced(absl::string_view text);

}  // namespace parlance::session

#endif  // SESSION_UNSPACED_H_
