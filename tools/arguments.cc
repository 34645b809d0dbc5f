#include "tools/arguments.h"

#include <array>
#include <optional>

#include "absl/strings/str_cat.h"
#include "tools/json/json_value.h"

namespace parlance::tools {
namespace {

absl::Status NotJson(absl::string_view what, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat(what, " are not JSON: ", why));
}

absl::Status Validate(absl::string_view what, const rapidjson::Value& value,
                      const JsonSchema& schema) {
  const std::optional<SchemaError> error = schema.Validate(value);
  if (!error.has_value()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      error->pointer.empty() ? what : absl::string_view(error->pointer), ": ", error->message));
}

constexpr absl::string_view kArguments = "the arguments";

absl::string_view OrEmptyObject(absl::string_view text) { return text.empty() ? "{}" : text; }

}  // namespace

absl::Status ReadArguments(absl::string_view text, const JsonSchema& schema,
                           rapidjson::Document& arguments) {
  if (const auto malformed = ParseJson(OrEmptyObject(text), arguments)) {
    return NotJson(kArguments, *malformed);
  }
  return Validate(kArguments, arguments, schema);
}

absl::Status CheckResult(const JsonSchema& schema, absl::string_view json) {
  rapidjson::Document result;
  if (const auto malformed = ParseJson(json, result)) {
    return NotJson("the tool's results", *malformed);
  }
  return Validate("the tool's result", result, schema);
}

struct ArgumentsOnThread::Memory {
  using Allocator = rapidjson::MemoryPoolAllocator<>;

  std::string text;
  std::array<char, 32 << 10> value_bytes;
  std::array<char, 16 << 10> stack_bytes;
  std::optional<Allocator> values;
  std::optional<Allocator> stack;
  std::optional<PooledDocument> document;
  bool is_taken = false;
};

ArgumentsOnThread::ArgumentsOnThread(absl::string_view text, const JsonSchema& schema) {
  thread_local Memory of_thread;
  if (of_thread.is_taken) own_memory_ = std::make_unique<Memory>();
  memory_ = own_memory_ == nullptr ? &of_thread : own_memory_.get();
  memory_->is_taken = true;
  memory_->values.emplace(memory_->value_bytes.data(), memory_->value_bytes.size());
  memory_->stack.emplace(memory_->stack_bytes.data(), memory_->stack_bytes.size());
  constexpr size_t kStackCapacity = 4096;
  memory_->document.emplace(&*memory_->values, kStackCapacity, &*memory_->stack);
  const absl::string_view json = OrEmptyObject(text);
  memory_->text.assign(json.data(), json.size());
  const auto malformed =
      ParseJsonInsitu(json, memory_->text.data(), *memory_->document, *memory_->stack);
  status_ = malformed.has_value() ? NotJson(kArguments, *malformed)
                                  : Validate(kArguments, *memory_->document, schema);
  value_ = &*memory_->document;
}

ArgumentsOnThread::~ArgumentsOnThread() {
  memory_->document.reset();
  memory_->stack.reset();
  memory_->values.reset();
  memory_->is_taken = false;
}

}  // namespace parlance::tools
