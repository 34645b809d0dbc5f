// Any bytes from an Asterisk, in any pieces: the same packets whatever the pieces, and no call that
// outlives its connection. The first byte is the length of the pieces.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "pipeline/door/connection.h"
#include "pipeline/door/telephony/audio_socket.h"
#include "pipeline/door/telephony/audio_socket_parser.h"
#include "pipeline/door/telephony/testing/fake_calls.h"
#include "pipeline/door/testing/fake_connection.h"

namespace parlance::pipeline::door {
namespace {

void Check(bool holds) {
  if (!holds) std::abort();
}

template <typename Push>
void InPieces(absl::Span<const uint8_t> bytes, size_t piece, const Push& push) {
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
    push(bytes.subspan(0, piece));
  }
}

std::vector<uint8_t> PacketsOf(absl::Span<const uint8_t> bytes, size_t piece) {
  std::vector<uint8_t> packets;
  AudioSocketParser parser;
  InPieces(bytes, piece, [&](absl::Span<const uint8_t> next) {
    parser.Push(next, [&](const AudioSocketParser::Packet& packet) {
      packets.push_back(packet.kind);
      packets.push_back(static_cast<uint8_t>(packet.payload.size()));
      packets.insert(packets.end(), packet.payload.begin(), packet.payload.end());
      return packet.kind != 0;
    });
  });
  return packets;
}

}  // namespace
}  // namespace parlance::pipeline::door

// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace parlance::pipeline::door;  // NOLINT
  if (size < 1) return 0;
  const size_t piece = data[0] + size_t{1};
  const absl::Span<const uint8_t> bytes(data + 1, size - 1);
  Check(PacketsOf(bytes, piece) == PacketsOf(bytes, size));

  FakeCalls calls;
  const auto connection = std::make_shared<FakeConnection>();
  const auto handler = CreateAudioSocket(calls.environment(), connection);
  InPieces(bytes, piece, [&](absl::Span<const uint8_t> next) {
    handler->OnBinary(next);
    calls.Run();
    calls.Pass(absl::Milliseconds(100));
    if (!calls.records.empty()) calls.last().Say(std::vector<int16_t>(330, 7));
  });
  handler->OnClosed(absl::OkStatus());
  Check(calls.records.size() <= 1);
  for (const auto& record : calls.records) {
    Check(record->largest_push <= static_cast<size_t>(record->request.sample_rate_hz));
    Check(record->log.back() == "hang up");
    record->Close(absl::OkStatus());
  }
  return 0;
}
