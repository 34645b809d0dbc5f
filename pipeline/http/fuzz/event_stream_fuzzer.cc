// What is made of a stream of events does not depend on how it is cut, and no event is longer than
// the bound.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "pipeline/http/event_stream.h"

namespace parlance::pipeline {
namespace {

// All that a reader tells of the stream.
std::vector<std::string> Read(absl::string_view stream, size_t piece, size_t max_bytes) {
  std::vector<std::string> told;
  EventStream reader(max_bytes);
  reader.OnUnknownField([&](absl::string_view name, absl::string_view value) {
    told.push_back(absl::StrCat("field ", name, " ", value));
  });
  for (; !stream.empty(); stream.remove_prefix(std::min(piece, stream.size()))) {
    const bool ok = reader
                        .Append(stream.substr(0, piece),
                                [&](const ServerSentEvent& event) {
                                  if (event.data.size() > max_bytes) std::abort();
                                  told.push_back(absl::StrCat(event.type, " ", event.data));
                                  return event.data != "[DONE]";
                                })
                        .ok();
    if (!ok) {
      told.push_back("refused");
      break;
    }
  }
  return told;
}

}  // namespace
}  // namespace parlance::pipeline

// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace parlance::pipeline;  // NOLINT
  const absl::string_view stream(reinterpret_cast<const char*>(data), size);
  for (const size_t max_bytes : {size_t{16}, size_t{1} << 20}) {
    const std::vector<std::string> whole = Read(stream, size + 1, max_bytes);
    for (const size_t piece : {1, 3}) {
      if (Read(stream, piece, max_bytes) != whole) std::abort();
    }
  }
  return 0;
}
