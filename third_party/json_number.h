// Numbers of JSON, converted exactly. What RapidJSON's reader does by default is inexact, and its
// kParseFullPrecisionFlag has undefined behaviour for 0e308. With kParseNumbersAsStringsFlag it
// gives the text, for a handler to convert.
#ifndef THIRD_PARTY_JSON_NUMBER_H_
#define THIRD_PARTY_JSON_NUMBER_H_

#include <charconv>
#include <cmath>
#include <cstdint>
#include <system_error>

#include "absl/strings/charconv.h"
#include "absl/strings/string_view.h"

namespace json_number {

// Gives `text`, which has to be a number of JSON, to a handler of RapidJSON's: as an integer if it
// is written as one and has 64 bits. What is too small for a double is the nearest there is, or 0.
// Returns what the handler does; false, and `is_too_big` is set, if the number is beyond doubles.
template <typename Handler>
bool Put(absl::string_view text, Handler& handler, bool& is_too_big) {
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  const auto is_whole = [end](const std::from_chars_result& read) {
    return read.ec == std::errc() && read.ptr == end;
  };
  uint64_t natural = 0;
  if (is_whole(std::from_chars(begin, end, natural))) return handler.Uint64(natural);
  int64_t integer = 0;
  if (is_whole(std::from_chars(begin, end, integer))) return handler.Int64(integer);
  double value = 0;
  // Out of range, it is the largest or the least.
  if (absl::from_chars(begin, end, value).ec != std::errc() && std::abs(value) >= 1) {
    is_too_big = true;
    return false;
  }
  return handler.Double(value);
}

}  // namespace json_number

#endif  // THIRD_PARTY_JSON_NUMBER_H_
