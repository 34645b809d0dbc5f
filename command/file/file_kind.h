// Kinds of files, told by how they begin: what a program may replace is what a program writes.
#ifndef COMMAND_FILE_FILE_KIND_H_
#define COMMAND_FILE_FILE_KIND_H_

#include "absl/strings/string_view.h"

namespace command {

struct FileKind {
  // The kind's name in messages, with its article: "a WAV file".
  const char* name;
  // Whether a file that begins with `head`, its first 4096 bytes or all of a shorter one, may be of
  // this kind.
  bool (*matches)(absl::string_view head);
  // Whether `matches` wants all of the file, for a kind that its beginning does not tell. One of
  // more than 64 MiB is of none of these kinds.
  bool wants_all = false;
};

// RIFF or RF64, with WAVE.
extern const FileKind kWavFile;
// An SVG picture: <svg, maybe after an XML declaration, comments and a document type.
extern const FileKind kSvgFile;
// A page: begins with <!DOCTYPE html> or <html>, in either case, maybe after comments.
extern const FileKind kHtmlFile;
// One JSON value, or one a line: begins with { or [.
extern const FileKind kJsonFile;
// Labels as Audacity exports them: begin TAB end TAB text.
extern const FileKind kLabelFile;
// An SQLite database.
extern const FileKind kSqliteFile;
// Text that is none of the kinds above: no NUL in it.
extern const FileKind kTextFile;

}  // namespace command

#endif  // COMMAND_FILE_FILE_KIND_H_
