// Any messages of a carrier: no crash, and no call that outlives its connection. The first byte
// chooses the dialect; the rest is messages, one a line, of which those that begin with ! are
// binary, and those that begin with > are what the agent says meanwhile.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "pipeline/door/connection.h"
#include "pipeline/door/telephony/media_stream.h"
#include "pipeline/door/telephony/media_stream_dialect.h"
#include "pipeline/door/telephony/testing/fake_calls.h"
#include "pipeline/door/testing/fake_connection.h"

namespace parlance::pipeline::door {
namespace {

void Check(bool holds) {
  if (!holds) std::abort();
}

}  // namespace
}  // namespace parlance::pipeline::door

// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace parlance::pipeline::door;  // NOLINT
  if (size < 1) return 0;
  const auto dialects = MediaStreamDialects();
  FakeCalls calls;
  const auto connection = std::make_shared<FakeConnection>();
  const auto handler =
      CreateMediaStream(dialects[data[0] % dialects.size()], calls.environment(), connection);
  const absl::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    if (absl::StartsWith(line, "!")) {
      handler->OnBinary(
          absl::MakeConstSpan(reinterpret_cast<const uint8_t*>(line.data()) + 1, line.size() - 1));
    } else if (absl::StartsWith(line, ">")) {
      if (!calls.records.empty()) calls.last().Say(std::vector<int16_t>(line.size() * 100, 7));
    } else {
      handler->OnText(line);
    }
    calls.Run();
    calls.Pass(absl::Milliseconds(100));
  }
  handler->OnClosed(absl::OkStatus());
  Check(calls.records.size() <= 1);
  for (const auto& record : calls.records) {
    Check(record->largest_push <= static_cast<size_t>(record->request.sample_rate_hz));
    Check(record->log.back() == "hang up");
    record->Close(absl::OkStatus());
  }
  const auto end = connection->end();
  Check(!end.has_value() || (!end->reason.empty() && end->reason.size() <= 300));
  return 0;
}
