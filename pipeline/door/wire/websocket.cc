#include "pipeline/door/wire/websocket.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace parlance::pipeline::door {
namespace {

// From so many bytes on, memory for the rest of a message is taken at once.
constexpr size_t kReservedFrom = size_t{1} << 20;
// The largest length that the header's second byte states itself, and what it says for more.
constexpr uint8_t kMaxShortLength = 125;
constexpr uint8_t kLength16 = 126;
constexpr uint8_t kLength64 = 127;

absl::string_view AsText(absl::Span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void Free(std::string& text) { std::string().swap(text); }

}  // namespace

std::array<uint8_t, 4> Unmask(absl::Span<uint8_t> bytes, std::array<uint8_t, 4> mask) {
  std::array<uint8_t, 8> twice = {};
  for (size_t i = 0; i < twice.size(); ++i) twice[i] = mask[i % 4];
  uint64_t wide = 0;
  std::memcpy(&wide, twice.data(), sizeof(wide));
  uint8_t* at = bytes.data();
  size_t left = bytes.size();
  for (; left >= sizeof(wide); at += sizeof(wide), left -= sizeof(wide)) {
    uint64_t word = 0;
    std::memcpy(&word, at, sizeof(word));
    word ^= wide;
    std::memcpy(at, &word, sizeof(word));
  }
  for (size_t i = 0; i < left; ++i) at[i] ^= twice[i];
  std::rotate(mask.begin(), mask.begin() + left % 4, mask.end());
  return mask;
}

size_t EncodeFrameHeader(Opcode opcode, uint64_t payload_bytes,
                         std::array<uint8_t, kMaxFrameHeaderBytes>& header) {
  header[0] = 0x80 | static_cast<uint8_t>(opcode);
  size_t num_length_bytes = 0;
  if (payload_bytes <= kMaxShortLength) {
    header[1] = static_cast<uint8_t>(payload_bytes);
  } else if (payload_bytes <= 0xFFFF) {
    header[1] = kLength16;
    num_length_bytes = 2;
  } else {
    header[1] = kLength64;
    num_length_bytes = 8;
  }
  for (size_t i = 0; i < num_length_bytes; ++i) {
    header[2 + i] = static_cast<uint8_t>(payload_bytes >> (8 * (num_length_bytes - 1 - i)));
  }
  return 2 + num_length_bytes;
}

std::string EncodeFrame(Opcode opcode, absl::string_view payload) {
  std::array<uint8_t, kMaxFrameHeaderBytes> header = {};
  const size_t size = EncodeFrameHeader(opcode, payload.size(), header);
  return absl::StrCat(AsText({header.data(), size}), payload);
}

std::string CloseFrame(uint16_t code, absl::string_view reason) {
  if (!IsCloseCode(code)) return EncodeFrame(Opcode::kClose, "");
  std::string payload = {static_cast<char>(code >> 8), static_cast<char>(code & 0xFF)};
  if (IsUtf8(reason)) absl::StrAppend(&payload, CutUtf8(reason, kMaxCloseReasonBytes));
  return EncodeFrame(Opcode::kClose, payload);
}

bool IsCloseCode(uint16_t code) {
  if (code >= 3000) return code <= 4999;
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
}

void WebSocketListener::OnGathered(Opcode opcode, std::string message) {
  if (opcode == Opcode::kText) {
    OnText(message);
  } else {
    OnBinary({reinterpret_cast<const uint8_t*>(message.data()), message.size()});
  }
}

absl::Status WebSocketReader::Fail(uint16_t code, absl::string_view message) {
  close_code_ = code;
  failure_ = code == kCloseTooBig || code == kClosePolicyViolation
                 ? absl::ResourceExhaustedError(message)
                 : absl::InvalidArgumentError(message);
  Free(message_);
  Free(control_);
  return failure_;
}

size_t WebSocketReader::HeaderSize() const {
  if (num_header_bytes_ < 2) return 2;
  const uint8_t length = header_[1] & 0x7F;
  const size_t mask_size = (header_[1] & 0x80) != 0 ? 4 : 0;
  return 2 + mask_size + (length == kLength16 ? 2 : length == kLength64 ? 8 : 0);
}

absl::Status WebSocketReader::BeginFrame() {
  const uint8_t first = header_[0];
  if ((first & 0x70) != 0) {
    return Fail(kCloseProtocolError,
                "a frame has a reserved bit set, but no extension was agreed upon");
  }
  const int opcode = first & 0x0F;
  if ((opcode > 0x2 && opcode < 0x8) || opcode > 0xA) {
    return Fail(kCloseProtocolError, absl::StrCat("a frame has the reserved opcode ", opcode));
  }
  const bool is_masked = (header_[1] & 0x80) != 0;
  if (is_masked != (sender_ == FramesOf::kClient)) {
    return Fail(kCloseProtocolError, is_masked
                                         ? "a frame is masked, as those of servers may not be"
                                         : "a frame is not masked, as those of clients have to be");
  }
  const uint8_t short_length = header_[1] & 0x7F;
  const size_t num_length_bytes = short_length == kLength16 ? 2 : short_length == kLength64 ? 8 : 0;
  uint64_t length = short_length;
  if (num_length_bytes > 0) {
    length = 0;
    for (size_t i = 0; i < num_length_bytes; ++i) length = length << 8 | header_[2 + i];
    if (length <= (num_length_bytes == 2 ? kMaxShortLength : 0xFFFF)) {
      return Fail(kCloseProtocolError, "a frame states its length in more bytes than needed");
    }
    if (length >> 63 != 0) {
      return Fail(kCloseProtocolError, "a frame states a length of more than 63 bits");
    }
  }
  std::copy_n(header_.begin() + 2 + num_length_bytes, mask_.size(), mask_.begin());
  num_payload_missing_ = length;

  if (is_control()) {
    if (!is_final()) return Fail(kCloseProtocolError, "a control frame is fragmented");
    if (length > kMaxControlBytes) {
      return Fail(kCloseProtocolError, absl::StrCat("a control frame has ", length,
                                                    " bytes; it may have ", kMaxControlBytes));
    }
    return absl::OkStatus();
  }
  if (opcode == static_cast<int>(Opcode::kContinuation)) {
    if (message_opcode_ == Opcode::kContinuation) {
      return Fail(kCloseProtocolError, "a continuation frame continues nothing");
    }
  } else {
    if (message_opcode_ != Opcode::kContinuation) {
      return Fail(kCloseProtocolError, "a message begins before the last one has ended");
    }
    message_opcode_ = static_cast<Opcode>(opcode);
    num_fragments_ = 0;
  }
  if (++num_fragments_ > kMaxFragments) {
    return Fail(kClosePolicyViolation,
                absl::StrCat("a message has more than ", kMaxFragments, " frames"));
  }
  if (length > max_message_bytes_ - message_.size()) {
    return Fail(kCloseTooBig, absl::StrCat("a message has more than ", max_message_bytes_,
                                           " bytes; send it in smaller ones"));
  }
  return absl::OkStatus();
}

absl::Status WebSocketReader::EndControlFrame(absl::string_view payload,
                                              WebSocketListener& listener) {
  switch (static_cast<Opcode>(header_[0] & 0x0F)) {
    case Opcode::kPing:
      listener.OnPing(payload);
      return absl::OkStatus();
    case Opcode::kPong:
      listener.OnPong(payload);
      return absl::OkStatus();
    default:
      break;
  }
  if (payload.empty()) {
    is_closed_ = true;
    listener.OnClose(kCloseNoStatus, "");
    return absl::OkStatus();
  }
  if (payload.size() == 1) {
    return Fail(kCloseProtocolError, "a close frame has half a code");
  }
  const auto code = static_cast<uint16_t>(static_cast<uint8_t>(payload[0]) << 8 |
                                          static_cast<uint8_t>(payload[1]));
  if (!IsCloseCode(code)) {
    return Fail(kCloseProtocolError,
                absl::StrCat("a close frame has the code ", code, ", which may not be sent"));
  }
  const absl::string_view reason = payload.substr(2);
  if (!IsUtf8(reason)) {
    return Fail(kCloseInvalidText, "the reason of a close frame is not UTF-8");
  }
  is_closed_ = true;
  Free(message_);
  listener.OnClose(code, reason);
  return absl::OkStatus();
}

absl::StatusOr<Opcode> WebSocketReader::EndMessage() {
  const Opcode opcode = message_opcode_;
  message_opcode_ = Opcode::kContinuation;
  if (opcode == Opcode::kText) {
    const bool is_complete = utf8_.is_complete();
    utf8_.Reset();
    if (!is_complete) return Fail(kCloseInvalidText, "a text message ends within a character");
  }
  return opcode;
}

absl::Status WebSocketReader::ReadPayload(absl::Span<uint8_t>& bytes, WebSocketListener& listener) {
  const auto size = static_cast<size_t>(std::min<uint64_t>(num_payload_missing_, bytes.size()));
  const absl::Span<uint8_t> piece = bytes.first(size);
  bytes.remove_prefix(size);
  if (sender_ == FramesOf::kClient) mask_ = Unmask(piece, mask_);
  num_payload_missing_ -= size;
  const bool is_complete = num_payload_missing_ == 0;
  if (is_complete) {
    in_payload_ = false;
    num_header_bytes_ = 0;
  }

  if (is_control()) {
    if (is_complete && control_.empty()) return EndControlFrame(AsText(piece), listener);
    control_.append(AsText(piece).data(), piece.size());
    if (!is_complete) return absl::OkStatus();
    std::string payload;
    payload.swap(control_);
    return EndControlFrame(payload, listener);
  }
  if (message_opcode_ == Opcode::kText && !utf8_.Add(AsText(piece))) {
    return Fail(kCloseInvalidText, "a text message is not UTF-8");
  }
  const bool message_is_complete = is_complete && is_final();
  const bool lies_here = message_is_complete && message_.empty();
  if (!lies_here) {
    // A large one is not copied each time that it has outgrown its memory; but who says that it is
    // large has to send some of it first.
    if (message_.size() >= kReservedFrom && message_.capacity() < message_.size() + piece.size()) {
      message_.reserve(message_.size() + piece.size() + num_payload_missing_);
    }
    message_.append(AsText(piece).data(), piece.size());
  }
  if (!message_is_complete) return absl::OkStatus();
  std::string gathered;
  gathered.swap(message_);
  const absl::StatusOr<Opcode> opcode = EndMessage();
  if (!opcode.ok()) return opcode.status();
  if (!lies_here) {
    listener.OnGathered(*opcode, std::move(gathered));
  } else if (*opcode == Opcode::kText) {
    listener.OnText(AsText(piece));
  } else {
    listener.OnBinary(piece);
  }
  return absl::OkStatus();
}

absl::Status WebSocketReader::Feed(absl::Span<uint8_t> bytes, WebSocketListener& listener) {
  is_held_ = false;
  while (failure_.ok() && !is_closed_ && !is_held_) {
    if (!in_payload_) {
      while (!bytes.empty() && num_header_bytes_ < HeaderSize()) {
        header_[num_header_bytes_++] = bytes.front();
        bytes.remove_prefix(1);
      }
      if (num_header_bytes_ < HeaderSize()) break;
      if (!BeginFrame().ok()) break;
      in_payload_ = true;
    }
    // A frame without a payload is complete at once.
    if (bytes.empty() && num_payload_missing_ > 0) break;
    if (!ReadPayload(bytes, listener).ok()) break;
  }
  num_bytes_held_ = is_held_ ? bytes.size() : 0;
  return failure_;
}

}  // namespace parlance::pipeline::door
