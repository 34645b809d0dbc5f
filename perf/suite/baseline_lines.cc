#include "perf/suite/baseline_lines.h"

#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace perf {

namespace {

bool IsDigit(char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); }

// How many characters at the beginning of `text` are a number: digits, perhaps a point with digits,
// perhaps an exponent.
size_t NumberLength(absl::string_view text) {
  size_t end = 0;
  while (end < text.size() && (IsDigit(text[end]) || text[end] == '.')) ++end;
  // An "e" that no digits follow belongs to the suffix.
  size_t exponent = end;
  if (exponent < text.size() && (text[exponent] == 'e' || text[exponent] == 'E')) {
    ++exponent;
    if (exponent < text.size() && (text[exponent] == '+' || text[exponent] == '-')) ++exponent;
    const size_t digits = exponent;
    while (exponent < text.size() && IsDigit(text[exponent])) ++exponent;
    if (exponent > digits) end = exponent;
  }
  return end;
}

}  // namespace

std::string FormatFigureExactly(double value) {
  // As many digits as tell the figure from every other, and no more.
  std::array<char, 64> buffer;
  const double size = std::abs(value);
  constexpr double kMinPlain = 1e-4;
  constexpr double kMaxPlain = 1e15;
  const bool plain = size == 0 || (size >= kMinPlain && size < kMaxPlain);
  const std::to_chars_result end =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                    plain ? std::chars_format::fixed : std::chars_format::scientific);
  std::string text(buffer.data(), end.ptr);
  if (plain && !absl::StrContains(text, '.')) text += ".0";
  return text;
}

std::string FormatBaselineLine(const BaselineLine& line, double value) {
  return absl::StrCat(line.key(), ": ", FormatFigureExactly(value), line.suffix());
}

absl::Status CheckBaselineLine(const BaselineLine& line) {
  const auto refused = [&](absl::string_view why) {
    return absl::InvalidArgumentError(
        absl::StrCat("baseline line '", line.key(), "' with suffix '", line.suffix(), "' ", why));
  };
  const absl::string_view key = line.key();
  if (key.empty() || absl::StripAsciiWhitespace(key) != key || absl::StartsWith(key, "#") ||
      absl::StrContains(key, ':') || absl::StrContains(key, '\n')) {
    return refused("needs a key without ':', '#' and spaces around it");
  }
  const absl::string_view suffix = line.suffix();
  if (absl::StripTrailingAsciiWhitespace(suffix) != suffix || absl::StrContains(suffix, '\n')) {
    return refused("ends with a space, which is not read again");
  }
  // If a digit before the suffix is read as a number of its own, every number is.
  const std::string one = absl::StrCat("1", suffix);
  if (NumberLength(one) != 1) return refused("begins like the rest of a number");
  return absl::OkStatus();
}

absl::StatusOr<std::map<std::string, ParsedBaselineLine>> ParseBaselineLines(
    absl::string_view text, absl::string_view source) {
  std::map<std::string, ParsedBaselineLine> values;
  int number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    line = absl::StripAsciiWhitespace(line);
    if (line.empty() || absl::StartsWith(line, "#")) continue;
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(line, absl::MaxSplits(':', 1));
    const std::string key(absl::StripAsciiWhitespace(parts.first));
    const absl::string_view figure = absl::StripLeadingAsciiWhitespace(parts.second);
    const size_t end = NumberLength(figure);
    ParsedBaselineLine parsed;
    if (key.empty() || !absl::SimpleAtod(figure.substr(0, end), &parsed.value) ||
        !std::isfinite(parsed.value) || parsed.value <= 0) {
      return absl::InvalidArgumentError(
          absl::StrCat(source, ":", number, ": '", line,
                       "' is not KEY: NUMBER SUFFIX with a positive number, such as "
                       "'VAD_BASELINE: 2.5x'"));
    }
    parsed.suffix = std::string(figure.substr(end));
    if (!values.emplace(key, parsed).second) {
      return absl::InvalidArgumentError(
          absl::StrCat(source, ":", number, ": ", key, " is stated twice"));
    }
  }
  return values;
}

}  // namespace perf
