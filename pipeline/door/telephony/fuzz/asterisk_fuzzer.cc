// Any messages of an Asterisk's WebSocket: no crash, and no call that outlives its connection. Each
// line is a message; those that begin with ! are binary.
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
#include "pipeline/door/telephony/asterisk_message.h"
#include "pipeline/door/telephony/asterisk_websocket.h"
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
  FakeCalls calls;
  const auto connection = std::make_shared<FakeConnection>();
  const auto handler = CreateAsteriskWebSocket(calls.environment(), connection);
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    if (absl::StartsWith(line, "!")) {
      handler->OnBinary(
          absl::MakeConstSpan(reinterpret_cast<const uint8_t*>(line.data()) + 1, line.size() - 1));
    } else {
      const auto event = ParseAsteriskEvent(line);
      Check(!event.ok() || !event->name.empty());
      handler->OnText(line);
    }
    calls.Run();
    calls.Pass(absl::Milliseconds(100));
    if (!calls.records.empty()) calls.last().Say(std::vector<int16_t>(330, 7));
  }
  handler->OnClosed(absl::OkStatus());
  Check(calls.records.size() <= 1);
  for (const auto& record : calls.records) {
    Check(record->largest_push <= static_cast<size_t>(record->request.sample_rate_hz));
    Check(record->log.back() == "hang up");
    record->Close(absl::OkStatus());
  }
  return 0;
}
