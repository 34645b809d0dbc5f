// Frames as clients send them, right and wrong, for tests.
#ifndef PIPELINE_DOOR_WIRE_TESTING_WEBSOCKET_FRAMES_H_
#define PIPELINE_DOOR_WIRE_TESTING_WEBSOCKET_FRAMES_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace parlance::pipeline::door {

struct ClientFrame {
  bool is_final = true;
  // RSV1 to RSV3, as they are in the first byte.
  uint8_t reserved = 0;
  // An opcode of RFC 6455, or none.
  uint8_t opcode = 0x1;
  bool is_masked = true;
  std::string payload = {};
  // 0: as few bytes as the length needs. Otherwise 2 or 8.
  int num_length_bytes = 0;
};

inline std::string Encode(const ClientFrame& frame) {
  std::string bytes;
  const auto push = [&](uint64_t byte) { bytes.push_back(static_cast<char>(byte & 0xFF)); };
  push((frame.is_final ? 0x80 : 0) | frame.reserved | frame.opcode);
  const uint64_t size = frame.payload.size();
  int num_length_bytes = frame.num_length_bytes;
  if (num_length_bytes == 0) num_length_bytes = size < 126 ? 0 : size < 65536 ? 2 : 8;
  push((frame.is_masked ? 0x80 : 0) | (num_length_bytes == 0   ? size
                                       : num_length_bytes == 2 ? 126
                                                               : 127));
  for (int i = num_length_bytes - 1; i >= 0; --i) push(size >> (8 * i));
  if (!frame.is_masked) return bytes + frame.payload;
  const uint8_t mask[] = {0x37, 0xFA, 0x21, 0x3D};
  for (const uint8_t byte : mask) push(byte);
  for (size_t i = 0; i < size; ++i) push(static_cast<uint8_t>(frame.payload[i]) ^ mask[i % 4]);
  return bytes;
}

inline std::string ClientText(absl::string_view text) {
  return Encode({.payload = std::string(text)});
}

inline std::string ClientBinary(absl::string_view bytes) {
  return Encode({.opcode = 0x2, .payload = std::string(bytes)});
}

inline std::string ClientClose(uint16_t code, absl::string_view reason = "") {
  std::string payload = {static_cast<char>(code >> 8), static_cast<char>(code & 0xFF)};
  payload.append(reason.data(), reason.size());
  return Encode({.opcode = 0x8, .payload = payload});
}

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_WIRE_TESTING_WEBSOCKET_FRAMES_H_
