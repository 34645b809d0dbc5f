#include "command/file/file_kind.h"

#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace command {
namespace {

bool IsWav(absl::string_view head) {
  return (absl::StartsWith(head, "RIFF") || absl::StartsWith(head, "RF64")) && head.size() >= 12 &&
         head.substr(8, 4) == "WAVE";
}

bool IsSqlite(absl::string_view head) {
  return absl::StartsWith(head, absl::string_view("SQLite format 3\0", 16));
}

// The text without white space and a byte order mark before it.
absl::string_view Content(absl::string_view head) {
  absl::ConsumePrefix(&head, "\xEF\xBB\xBF");
  return absl::StripLeadingAsciiWhitespace(head);
}

bool IsText(absl::string_view head) { return !absl::StrContains(head, '\0'); }

bool IsHtml(absl::string_view head) {
  absl::string_view content = Content(head);
  while (absl::ConsumePrefix(&content, "<!--")) {
    const size_t end = content.find("-->");
    if (end == absl::string_view::npos) return false;
    content = absl::StripLeadingAsciiWhitespace(content.substr(end + 3));
  }
  return IsText(head) && (absl::StartsWithIgnoreCase(content, "<!doctype html") ||
                          absl::StartsWithIgnoreCase(content, "<html"));
}

bool IsSvg(absl::string_view head) {
  const absl::string_view content = Content(head);
  return IsText(head) && absl::StartsWith(content, "<") && absl::StrContains(content, "<svg") &&
         !IsHtml(head);
}

bool IsJson(absl::string_view head) {
  const absl::string_view content = Content(head);
  return IsText(head) && (absl::StartsWith(content, "{") || absl::StartsWith(content, "["));
}

bool IsLabels(absl::string_view head) {
  const absl::string_view content = Content(head);
  const std::vector<absl::string_view> fields =
      absl::StrSplit(content.substr(0, content.find('\n')), '\t');
  double seconds = 0;
  return IsText(head) && fields.size() >= 2 && absl::SimpleAtod(fields[0], &seconds) &&
         absl::SimpleAtod(absl::StripAsciiWhitespace(fields[1]), &seconds);
}

bool IsOtherText(absl::string_view head) {
  return IsText(head) && !IsWav(head) && !IsSqlite(head) && !IsSvg(head) && !IsHtml(head) &&
         !IsJson(head) && !IsLabels(head);
}

}  // namespace

const FileKind kWavFile = {"a WAV file", IsWav};
const FileKind kSvgFile = {"an SVG file", IsSvg};
const FileKind kHtmlFile = {"an HTML page", IsHtml};
const FileKind kJsonFile = {"a JSON file", IsJson};
const FileKind kLabelFile = {"a file of labels", IsLabels};
const FileKind kSqliteFile = {"an SQLite database", IsSqlite};
const FileKind kTextFile = {"a text file", IsOtherText};

}  // namespace command
