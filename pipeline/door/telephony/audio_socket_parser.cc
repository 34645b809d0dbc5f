#include "pipeline/door/telephony/audio_socket_parser.h"

namespace parlance::pipeline::door {

std::optional<int> AudioSocketRate(uint8_t kind) {
  constexpr int kRates[] = {8000, 12000, 16000, 24000, 32000, 44100, 48000, 96000, 192000};
  const int index = kind - static_cast<int>(AudioSocketKind::kSound8k);
  if (index < 0 || kind > static_cast<uint8_t>(AudioSocketKind::kSound192k)) return std::nullopt;
  return kRates[index];
}

std::array<uint8_t, 3> AudioSocketHeader(uint8_t kind, size_t payload_bytes) {
  return {kind, static_cast<uint8_t>(payload_bytes >> 8), static_cast<uint8_t>(payload_bytes)};
}

}  // namespace parlance::pipeline::door
