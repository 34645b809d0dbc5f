// The framing of WebSocket connections, as a server reads and writes it, and as a client reads it
// (websocket_client.h has the rest): bytes in, messages out, and no sockets.
//
//   bytes ─► WebSocketReader ─► WebSocketListener: text, binary, ping, pong, close
//   messages ─► EncodeFrameHeader, CloseFrame ─► bytes
//
// A message is given whole. One that lies in the bytes that were fed is given as it lies there;
// otherwise it is gathered, in memory that is freed with the message: a reader at rest keeps none.
//
// Source: RFC 6455, sections 5 and 7.4; close codes 1012 to 1014 are those of IANA's registry.
#ifndef PIPELINE_DOOR_WIRE_WEBSOCKET_H_
#define PIPELINE_DOOR_WIRE_WEBSOCKET_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "pipeline/door/connection.h"
#include "pipeline/door/wire/utf8_checker.h"

namespace parlance::pipeline::door {

enum class Opcode : uint8_t {
  kContinuation = 0x0,
  kText = 0x1,
  kBinary = 0x2,
  kClose = 0x8,
  kPing = 0x9,
  kPong = 0xA,
};

// The code that stands for a close frame without a code. It is never sent.
inline constexpr uint16_t kCloseNoStatus = 1005;
// An event of OpenAI's Realtime API has up to 15 MiB.
inline constexpr size_t kDefaultMaxMessageBytes = size_t{16} << 20;
// What a control frame has at most, and of it what a close frame has beside its code.
inline constexpr size_t kMaxControlBytes = 125;
inline constexpr size_t kMaxCloseReasonBytes = kMaxControlBytes - 2;
// The most frames that a message comes in: frames may be empty, and a message has to end.
inline constexpr int kMaxFragments = 1 << 16;
inline constexpr size_t kMaxFrameHeaderBytes = 10;

// Told what has come. What is passed is valid during the call.
class WebSocketListener {
 public:
  virtual ~WebSocketListener() = default;
  // Text is UTF-8.
  virtual void OnText(absl::string_view message) = 0;
  virtual void OnBinary(absl::Span<const uint8_t> message) = 0;
  // Either of them that came in several pieces, with its memory. It is told as above unless
  // somebody wants to keep it.
  virtual void OnGathered(Opcode opcode, std::string message);
  virtual void OnPing(absl::string_view payload) = 0;
  virtual void OnPong(absl::string_view payload) = 0;
  // The last call. `code` is valid, or kCloseNoStatus; the reason is UTF-8.
  virtual void OnClose(uint16_t code, absl::string_view reason) = 0;
};

// The sender of the frames that are read: a client masks all of its, and a server none.
enum class FramesOf { kClient, kServer };

class WebSocketReader {
 public:
  explicit WebSocketReader(size_t max_message_bytes = kDefaultMaxMessageBytes,
                           FramesOf sender = FramesOf::kClient)
      : max_message_bytes_(max_message_bytes), sender_(sender) {}

  // Reads the next bytes, however they were cut, and tells what is complete; it unmasks them where
  // they lie. After a close frame bytes are ignored. InvalidArgument if the peer breaks the
  // protocol, ResourceExhausted if a message is too large or has too many frames; the connection
  // is then to be closed with close_code(), and every further call returns the same.
  absl::Status Feed(absl::Span<uint8_t> bytes, WebSocketListener& listener);
  // For a listener that is being told of a message: nothing more is read of the bytes at hand. Feed
  // returns, and the last num_bytes_held() of them are to be fed again.
  void Hold() { is_held_ = true; }
  size_t num_bytes_held() const { return num_bytes_held_; }

  // The close code that the peer is to be told after an error.
  uint16_t close_code() const { return close_code_; }
  // The memory that is kept for a message of which only a part has come.
  size_t num_bytes_kept() const { return message_.capacity() + control_.capacity(); }

 private:
  // The header of the frame that is being read is complete: what it says is checked.
  absl::Status BeginFrame();
  absl::Status EndControlFrame(absl::string_view payload, WebSocketListener& listener);
  // The text or binary message that has been read is complete; what it is, if it may be told.
  absl::StatusOr<Opcode> EndMessage();
  // Reads what there is of the payload; `bytes` loses it.
  absl::Status ReadPayload(absl::Span<uint8_t>& bytes, WebSocketListener& listener);
  absl::Status Fail(uint16_t code, absl::string_view message);
  size_t HeaderSize() const;
  bool is_control() const { return (header_[0] & 0x08) != 0; }
  bool is_final() const { return (header_[0] & 0x80) != 0; }

  const size_t max_message_bytes_;
  const FramesOf sender_;
  absl::Status failure_;
  uint16_t close_code_ = kCloseNormal;
  bool is_closed_ = false;
  bool is_held_ = false;
  size_t num_bytes_held_ = 0;

  // The header of the frame, as far as it has come, and then how much of its payload is missing.
  std::array<uint8_t, kMaxFrameHeaderBytes + 4> header_ = {};
  uint8_t num_header_bytes_ = 0;
  bool in_payload_ = false;
  uint64_t num_payload_missing_ = 0;
  // The key, turned so that its first byte is for the next byte of the payload.
  std::array<uint8_t, 4> mask_ = {};

  // kContinuation: no message has begun.
  Opcode message_opcode_ = Opcode::kContinuation;
  int num_fragments_ = 0;
  std::string message_;
  Utf8Checker utf8_;
  // The payload of a control frame, as far as it has come.
  std::string control_;
};

// Applies a mask, which begins with its first byte, and returns it turned for the byte that
// follows.
std::array<uint8_t, 4> Unmask(absl::Span<uint8_t> bytes, std::array<uint8_t, 4> mask);

// Writes the header of a frame that a server sends, which is final and not masked, and returns the
// number of bytes that it has.
size_t EncodeFrameHeader(Opcode opcode, uint64_t payload_bytes,
                         std::array<uint8_t, kMaxFrameHeaderBytes>& header);

// A whole frame.
std::string EncodeFrame(Opcode opcode, absl::string_view payload);

// A close frame, whose reason is cut after kMaxCloseReasonBytes, or within, so that it stays UTF-8.
// A code that may not be sent becomes none.
std::string CloseFrame(uint16_t code, absl::string_view reason);

// Whether a close frame may have the code.
bool IsCloseCode(uint16_t code);

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_WIRE_WEBSOCKET_H_
