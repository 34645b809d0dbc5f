// Folders that a program fills anew each time, and clears before.
#ifndef COMMAND_FILE_OUTPUT_FOLDER_H_
#define COMMAND_FILE_OUTPUT_FOLDER_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace command {

// Makes `path` an empty folder of `program`'s ("perf"), with its parents. A folder that is there
// already is cleared only if the marker, a file `.made-by-PROGRAM` that this function writes, says
// that the program made it, or if it is empty; otherwise FailedPrecondition, and nothing is
// touched. A symbolic link to a folder is not followed: FailedPrecondition. What is cleared is
// everything in it but the marker; links in it are removed, not followed.
absl::Status PrepareOwnFolder(const std::string& path, absl::string_view program);

// What PrepareOwnFolder would refuse, without making or clearing anything: for a check before long
// work.
absl::Status CheckOwnFolder(const std::string& path, absl::string_view program);

}  // namespace command

#endif  // COMMAND_FILE_OUTPUT_FOLDER_H_
