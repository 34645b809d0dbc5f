// Whether text that comes in pieces is UTF-8.
//
// A piece may end within a character, and what is wrong is seen at the first byte that cannot be
// right: surrogates, longer forms of shorter characters and what is beyond U+10FFFF are refused.
//
// Threads: one. Allocates nothing. Source: RFC 3629, section 4.
#ifndef PIPELINE_DOOR_WIRE_UTF8_CHECKER_H_
#define PIPELINE_DOOR_WIRE_UTF8_CHECKER_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace parlance::pipeline::door {

class Utf8Checker {
 public:
  // False if the text so far begins no valid UTF-8; the checker is of no use then until Reset.
  bool Add(absl::string_view piece);
  // Whether the text may end here.
  bool is_complete() const { return num_missing_ == 0; }
  void Reset() { *this = Utf8Checker(); }

 private:
  // How many bytes the character still has, and which the next of them may be.
  uint8_t num_missing_ = 0;
  uint8_t least_ = 0x80;
  uint8_t most_ = 0xBF;
};

// Whether the text is UTF-8 from its beginning to its end.
bool IsUtf8(absl::string_view text);

// The longest beginning of the text that has at most `max_bytes` and ends with a whole character.
absl::string_view CutUtf8(absl::string_view text, size_t max_bytes);

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_WIRE_UTF8_CHECKER_H_
