// Whatever a server answers: no crash, the same however it is cut, only UTF-8 is spoken, and only
// calls are made that have a name and a JSON object. The input's first byte says which status and
// which type the answer has.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "pipeline/agent/agent.h"
#include "pipeline/agent/model/completion.h"
#include "pipeline/http/server_json.h"
#include "pipeline/json/bounded_json.h"

namespace parlance::pipeline {
namespace {

void Check(bool holds) {
  if (!holds) std::abort();
}

std::string Read(absl::string_view body, size_t piece, int status, absl::string_view type) {
  std::string told;
  CompletionReader reader([&](absl::string_view text) {
    Check(!text.empty());
    absl::StrAppend(&told, text);
  });
  reader.Begin(status, type);
  for (; !body.empty(); body.remove_prefix(std::min(piece, body.size()))) {
    reader.Append(body.substr(0, piece)).IgnoreError();
  }
  const absl::StatusOr<Completion> completion = reader.Finish();
  if (!completion.ok()) return absl::StrCat(told, "\n", completion.status().ToString());
  Check(completion->has_text == !told.empty());
  Check(!completion->has_broken_call || completion->calls.empty());
  for (const ToolCall& call : completion->calls) {
    const auto arguments = ParseServerJson(call.arguments);
    Check(!call.name.empty() && arguments.has_value() && arguments->IsObject());
    CanonicalJsonOf(*arguments);
    absl::StrAppend(&told, "\n", call.name, " ", call.arguments);
  }
  return told;
}

}  // namespace
}  // namespace parlance::pipeline

// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace parlance::pipeline;  // NOLINT
  if (size == 0) return 0;
  const absl::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  const int status = (data[0] & 4) != 0 ? 400 : 200;
  const absl::string_view types[] = {"text/event-stream", "application/json", "", "text/html"};
  const absl::string_view type = types[data[0] & 3];
  const std::string whole = Read(body, size, status, type);
  for (const size_t piece : {1, 5}) {
    Check(Read(body, piece, status, type) == whole);
  }
  return 0;
}
