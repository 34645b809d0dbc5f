// Asterisk's channel driver for WebSockets (chan_websocket): a call over a WebSocket that Asterisk
// opens, with sound in binary messages and control in text.
//
//   ─► MEDIA_START: opens the session; sound; DTMF_END: a key; MEDIA_MARK_PROCESSED: what came
//      before was played; MEDIA_XOFF and MEDIA_XON: its queue is full, and is not any more
//   ◄─ sound, in whole frames of its length; MARK_MEDIA; FLUSH_MEDIA; PAUSE_MEDIA and
//      CONTINUE_MEDIA while an answer is held; HANGUP
//
// Sound may come before MEDIA_START, and is kept (asterisk/asterisk#1712). Text is answered in the
// form that MEDIA_START has, plain text or JSON.
//
// Source: docs.asterisk.org, "WebSocket" (channel driver).
#ifndef PIPELINE_DOOR_TELEPHONY_ASTERISK_WEBSOCKET_H_
#define PIPELINE_DOOR_TELEPHONY_ASTERISK_WEBSOCKET_H_

#include <memory>

#include "pipeline/door/connection.h"
#include "pipeline/door/telephony/call.h"

namespace parlance::pipeline::door {

// Handles one connection. What is wrong ends it with kCloseProtocolError, a format that cannot be
// decoded with kCloseUnsupportedData, a message of more than 64 KiB with kCloseTooBig.
std::unique_ptr<MessageHandler> CreateAsteriskWebSocket(CallEnvironment environment,
                                                        std::shared_ptr<Connection> connection);

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_TELEPHONY_ASTERISK_WEBSOCKET_H_
