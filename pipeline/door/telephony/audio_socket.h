// Asterisk's AudioSocket: a call over a TCP connection that Asterisk opens.
//
//   ─► 0x01 UUID; 0x10 to 0x18 sound; 0x03 a key; 0x00 hang-up; 0xff an error
//   ◄─ sound of the kind that came in; 0x00 hang-up; 0xff an error, where what came was wrong
//
// The session is opened with the first sound, whose kind says the rate. There are no marks: what is
// sent is taken for heard. Nothing can be cleared: what was sent is heard, which is some frames at
// most. Sound above 48 kHz is made 48 kHz, and that of the answer up to the line's rate again.
//
// Source: docs.asterisk.org, "AudioSocket".
#ifndef PIPELINE_DOOR_TELEPHONY_AUDIO_SOCKET_H_
#define PIPELINE_DOOR_TELEPHONY_AUDIO_SOCKET_H_

#include <memory>

#include "pipeline/door/connection.h"
#include "pipeline/door/telephony/call.h"

namespace parlance::pipeline::door {

// Handles one connection, which brings bytes as OnBinary. Bytes that are wrong end the call with a
// packet 0xff, and the connection with kCloseProtocolError and what was wrong.
std::unique_ptr<MessageHandler> CreateAudioSocket(CallEnvironment environment,
                                                  std::shared_ptr<Connection> connection);

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_TELEPHONY_AUDIO_SOCKET_H_
