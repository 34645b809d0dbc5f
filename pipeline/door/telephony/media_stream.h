// Twilio's Media Streams, and the dialects of it that other carriers speak: a call over a WebSocket
// that the carrier opens, in messages of JSON.
//
//   ─► start: opens the session; media: sound; dtmf: a key; mark: what came before was played; stop
//   ◄─ media: 20 ms of the answer; mark; clear
//
// Media may come in another order, in chunks of any size, and with gaps: see media_order.h. Numbers
// may be strings. Events that are not known are counted and ignored. A parameter `session_id` (or
// `sessionId`) that the start passes along names a session to go on with.
//
// Bounds: a message has at most kMaxMediaStreamMessage bytes, nested at most 16 deep. What is wrong
// ends the connection with kCloseProtocolError, what is too long with kCloseTooBig, and what cannot
// be decoded with kCloseUnsupportedData; the reason says what it was, and never what was said.
#ifndef PIPELINE_DOOR_TELEPHONY_MEDIA_STREAM_H_
#define PIPELINE_DOOR_TELEPHONY_MEDIA_STREAM_H_

#include <cstddef>
#include <memory>

#include "pipeline/door/connection.h"
#include "pipeline/door/telephony/call.h"
#include "pipeline/door/telephony/media_stream_dialect.h"

namespace parlance::pipeline::door {

inline constexpr size_t kMaxMediaStreamMessage = size_t{256} << 10;

// Handles one connection. The dialect has to outlive the call.
std::unique_ptr<MessageHandler> CreateMediaStream(const MediaStreamDialect& dialect,
                                                  CallEnvironment environment,
                                                  std::shared_ptr<Connection> connection);

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_TELEPHONY_MEDIA_STREAM_H_
