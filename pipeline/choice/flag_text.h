// Files that flags of a program name, read whole: keys and instructions.
#ifndef PIPELINE_CHOICE_FLAG_TEXT_H_
#define PIPELINE_CHOICE_FLAG_TEXT_H_

#include <cstddef>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace parlance::pipeline {

// The content of a file, as it was typed.
using FlagFileReader = std::function<absl::StatusOr<std::string>(absl::string_view path)>;
// getenv, or what stands for it.
using Environment = std::function<const char*(const char* name)>;

// The file's text without white space around it. InvalidArgument, by the flag's name, for standard
// input, for nothing, and for more than `max_bytes`; errors of `read`.
absl::StatusOr<std::string> ReadFlagText(const FlagFileReader& read, absl::string_view flag,
                                         const std::string& path, size_t max_bytes);

// A service's key: that of the file that `flag` names, or else that of the environment's
// `variable`; empty if there is neither. No error has anything of it.
absl::StatusOr<std::string> ReadKey(const FlagFileReader& read, absl::string_view flag,
                                    const std::string& path, const Environment& environment,
                                    const char* variable);

}  // namespace parlance::pipeline

#endif  // PIPELINE_CHOICE_FLAG_TEXT_H_
