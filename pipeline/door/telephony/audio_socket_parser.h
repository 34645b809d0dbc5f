// AudioSocket's packets out of bytes that come in pieces of any size.
//
// A packet is its kind, the length of its payload (two bytes, the high one first), and the payload.
//
// Source: docs.asterisk.org, "AudioSocket"; the kinds of sound other than 8 kHz are in Asterisk 20,
// 21, 22 and 23 since 2025.
#ifndef PIPELINE_DOOR_TELEPHONY_AUDIO_SOCKET_PARSER_H_
#define PIPELINE_DOOR_TELEPHONY_AUDIO_SOCKET_PARSER_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/types/span.h"

namespace parlance::pipeline::door {

enum class AudioSocketKind : uint8_t {
  kHangUp = 0x00,
  // 16 bytes that name the call.
  kUuid = 0x01,
  // One ASCII character.
  kDtmf = 0x03,
  // Mono PCM16, the low byte first, at 8 kHz; 0x11 to 0x18 are at other rates.
  kSound8k = 0x10,
  kSound192k = 0x18,
  // What went wrong, as a code of Asterisk's; may be empty.
  kError = 0xFF,
};

// The rate of a kind of sound; nothing for another kind.
std::optional<int> AudioSocketRate(uint8_t kind);

// The header of a packet, of at most 65535 bytes.
std::array<uint8_t, 3> AudioSocketHeader(uint8_t kind, size_t payload_bytes);

// Memory: that of the longest packet that came, 64 kB at most. Threads: one at a time.
class AudioSocketParser {
 public:
  struct Packet {
    uint8_t kind = 0;
    // Valid during the call.
    absl::Span<const uint8_t> payload = {};
  };

  // Calls `on_packet` (Packet) for each packet that is complete, until it returns false. What comes
  // after that is not looked at.
  template <typename OnPacket>
  void Push(absl::Span<const uint8_t> bytes, OnPacket&& on_packet) {
    while (!is_over_) {
      const size_t wanted = kHeaderBytes + (unread_.size() < kHeaderBytes ? 0 : PayloadBytes());
      if (unread_.size() < wanted) {
        const size_t count = std::min(wanted - unread_.size(), bytes.size());
        unread_.insert(unread_.end(), bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(count));
        bytes.remove_prefix(count);
        if (unread_.size() < wanted) return;
        // The header was completed, which says whether a payload follows.
        if (wanted == kHeaderBytes && PayloadBytes() > 0) continue;
      }
      const Packet packet = {.kind = unread_[0],
                             .payload = absl::MakeConstSpan(unread_).subspan(kHeaderBytes)};
      is_over_ = !on_packet(packet);
      unread_.clear();
    }
  }

 private:
  static constexpr size_t kHeaderBytes = 3;

  size_t PayloadBytes() const { return size_t{unread_[1]} << 8 | unread_[2]; }

  std::vector<uint8_t> unread_;
  bool is_over_ = false;
};

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_TELEPHONY_AUDIO_SOCKET_PARSER_H_
