// From a call's text to arguments that its tool's schema has accepted.
//
// Errors are InvalidArgument, and say what was wrong and where, so that a model can correct itself.
#ifndef TOOLS_ARGUMENTS_H_
#define TOOLS_ARGUMENTS_H_

#include <cstddef>
#include <memory>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "rapidjson/document.h"
#include "tools/json_schema/json_schema.h"

namespace parlance::tools {

// Reads the text of a call's arguments. Empty text is {}.
absl::Status ReadArguments(absl::string_view text, const JsonSchema& schema,
                           rapidjson::Document& arguments);

// Whether a tool's result is what its schema says.
absl::Status CheckResult(const JsonSchema& schema, absl::string_view json);

// The same as ReadArguments in memory that the thread has already: arguments up to some kilobytes
// cost no allocation. Lives on the stack, for as long as the value is used.
class ArgumentsOnThread {
 public:
  ArgumentsOnThread(absl::string_view text, const JsonSchema& schema);
  ~ArgumentsOnThread();
  ArgumentsOnThread(const ArgumentsOnThread&) = delete;
  ArgumentsOnThread& operator=(const ArgumentsOnThread&) = delete;

  const absl::Status& status() const { return status_; }
  // Valid if the status is OK.
  const rapidjson::Value& value() const { return *value_; }

 private:
  struct Memory;

  absl::Status status_;
  const rapidjson::Value* value_ = nullptr;
  // The thread's memory, unless a handler makes another call meanwhile.
  Memory* memory_;
  std::unique_ptr<Memory> own_memory_;
};

}  // namespace parlance::tools

#endif  // TOOLS_ARGUMENTS_H_
