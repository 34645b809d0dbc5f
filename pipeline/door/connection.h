// One connection to somebody outside, whoever they are and whatever is spoken over it.
//
//   socket ─► server (HTTP, WebSocket, TLS, bounds) ─► MessageHandler: what a protocol makes of it
//   socket ◄─ server ◄──────────────────────────────── Connection: what a protocol says
//
// A handler belongs to one connection and lives until OnClosed has returned. The server calls it on
// the connection's thread, or with a large message on another, one call at a time; no call may
// block. A Connection may be used from any
// thread, by whoever holds it; once the peer is gone what is sent is dropped.
//
// Over a WebSocket a message is one of RFC 6455; over plain TCP, what has just come, in pieces of
// any size, as OnBinary, and text is sent as the bytes that it consists of.
#ifndef PIPELINE_DOOR_CONNECTION_H_
#define PIPELINE_DOOR_CONNECTION_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace parlance::pipeline::door {

// Close codes of RFC 6455, section 7.4.1.
inline constexpr uint16_t kCloseNormal = 1000;
inline constexpr uint16_t kCloseGoingAway = 1001;
inline constexpr uint16_t kCloseProtocolError = 1002;
inline constexpr uint16_t kCloseUnsupportedData = 1003;
inline constexpr uint16_t kCloseInvalidText = 1007;
inline constexpr uint16_t kClosePolicyViolation = 1008;
inline constexpr uint16_t kCloseTooBig = 1009;
inline constexpr uint16_t kCloseInternalError = 1011;
inline constexpr uint16_t kCloseTryAgainLater = 1013;

class Connection {
 public:
  virtual ~Connection() = default;

  // Has the message written, at once if the peer takes it, and never blocks. False if the
  // connection is over. The number of bytes that wait is bounded: a peer that does not read is
  // disconnected when there are more.
  virtual bool SendText(absl::string_view message) = 0;
  virtual bool SendBinary(absl::Span<const uint8_t> message) = 0;
  // Ends the connection once what was sent before is written; a peer that does not take it has a
  // few seconds. `reason` is cut after 123 bytes. Nothing can be sent any more.
  virtual void Close(uint16_t code, absl::string_view reason) = 0;
  // How many bytes wait to be written.
  virtual size_t num_bytes_waiting() const = 0;
};

class MessageHandler {
 public:
  virtual ~MessageHandler() = default;

  // Text is valid UTF-8. Both are valid during the call.
  virtual void OnText(absl::string_view message) = 0;
  virtual void OnBinary(absl::Span<const uint8_t> message) = 0;
  // Over plain TCP: the peer sends no more, but it may still listen. True if something is to be
  // said to it yet, after which the handler closes the connection; otherwise it is over now.
  virtual bool OnEndOfInput() { return false; }
  // The last call. OK if the peer closed it, or it was closed from here; otherwise what happened:
  // Unavailable if it broke off, InvalidArgument for a peer that does not keep to the protocol,
  // ResourceExhausted for one that does not read or sends too much, DeadlineExceeded for one that
  // was silent too long.
  virtual void OnClosed(const absl::Status& status) = 0;
};

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_CONNECTION_H_
