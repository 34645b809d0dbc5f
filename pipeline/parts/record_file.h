// The file that a conversation is recorded to, while it goes on.
#ifndef PIPELINE_PARTS_RECORD_FILE_H_
#define PIPELINE_PARTS_RECORD_FILE_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace parlance::pipeline {

// A new file in a folder, named after its session: SESSION.conversation, or SESSION-2.conversation
// and so on if that is there, so that no record is written over. What was said is in it, so only
// its owner may read it.
//
// It is written as the conversation goes on, because a record is wanted most of a conversation that
// did not come to its end. Threads: one at a time.
class RecordFile {
 public:
  // Makes the folder, for its owner alone, if it is not there. NotFound or PermissionDenied, with
  // the folder's name, if it or a file in it cannot be made; AlreadyExists if the session has
  // 10,000 of them.
  static absl::StatusOr<std::unique_ptr<RecordFile>> Create(const std::string& folder,
                                                            absl::string_view session_id);
  ~RecordFile();
  RecordFile(const RecordFile&) = delete;
  RecordFile& operator=(const RecordFile&) = delete;

  // After the first error nothing more is written.
  void Write(absl::string_view bytes);
  // The first error, such as a full disk.
  const absl::Status& status() const { return status_; }
  const std::string& path() const { return path_; }

 private:
  RecordFile(int descriptor, std::string path);

  const int descriptor_;
  const std::string path_;
  absl::Status status_;
};

}  // namespace parlance::pipeline

#endif  // PIPELINE_PARTS_RECORD_FILE_H_
