// The one writer of files that a user names as output. It refuses to destroy.
#ifndef COMMAND_FILE_OUTPUT_FILE_H_
#define COMMAND_FILE_OUTPUT_FILE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "command/file/file_kind.h"

namespace command {

struct OutputOptions {
  // What is written. An existing file that is neither empty nor of this kind is left alone.
  FileKind kind;
  // Files that the program reads or keeps open, as typed ("-" is standard input): the output must
  // be none of them, by whatever name. A path that does not exist yet is compared by name, so that
  // a database about to be made is safe, too.
  std::vector<std::string> keep;
  // False: an existing file that is not empty is left alone, whatever its kind (AlreadyExists).
  bool may_replace = true;
  // A file, as typed, that the output is made of: a new output can be read and written by its owner
  // and by nobody else who could not do so with that. Empty if there is none.
  std::string as_private_as = {};
};

// A database's files: `path` with its write-ahead log, shared memory and journal, for
// OutputOptions::keep.
std::vector<std::string> DatabaseFiles(const std::string& path);

// Whether what is printed may be: standard output must be none of the files that the program reads
// or keeps open (as OutputOptions::keep), which `>>FILE` can make of it. InvalidArgument.
absl::Status CheckStandardOutput(const std::vector<std::string>& keep);

// A file that replaces its target when it is complete, and otherwise leaves it as it was.
//
//   absl::StatusOr<OutputFile> file = OutputFile::Create(path, {.kind = kWavFile, .keep =
//   {input}}); …the work, which may take long; a wrong path has been refused before it… status =
//   file->Write(bytes);  status = file->Commit();
//
// A regular target is written to a file without a name in the target's folder (or, where the file
// system has none, of a unique name), synced to the disk, and renamed over the target; links are
// followed, and mode and, where allowed, owner are kept. A device or FIFO is written into as it is,
// and so is the program's own standard output or error if the path names it (/dev/stdout). "-" is
// standard output. Not thread-safe.
class OutputFile {
 public:
  // `typed`: as the user typed it. Errors, which name it as typed and say what to do:
  // InvalidArgument if it is a folder, a socket, one of `keep`, or an existing file of another
  // kind; NotFound if its folder is not there; PermissionDenied if folder or file must not be
  // written; others as the system says.
  static absl::StatusOr<OutputFile> Create(absl::string_view typed, const OutputOptions& options);

  // The same for libraries that write a file by its name: they write to path(), which is there,
  // empty, and has a unique name beside the target. InvalidArgument also for a device, a FIFO or
  // "-".
  static absl::StatusOr<OutputFile> CreateNamed(absl::string_view typed,
                                                const OutputOptions& options);

  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&& other) noexcept;
  // Drops what was not committed: the target is as it was.
  ~OutputFile();

  // The file that CreateNamed made; "" after Create.
  const std::string& path() const;

  // Appends. After an error, which names the target, Commit fails too.
  absl::Status Write(absl::string_view bytes);

  // Makes what was written the target's content, durably. To be called once. The target is checked
  // again, as the work may have taken long: what became another file of value meanwhile is left
  // alone.
  absl::Status Commit();

 private:
  struct State;
  explicit OutputFile(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

// Creates, writes and commits.
absl::Status WriteOutput(absl::string_view typed, const OutputOptions& options,
                         absl::string_view bytes);

}  // namespace command

#endif  // COMMAND_FILE_OUTPUT_FILE_H_
