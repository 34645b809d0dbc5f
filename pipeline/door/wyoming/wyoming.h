// The Wyoming protocol, by which Home Assistant uses services for its voice assistants: the house
// connects over TCP, and asks for one thing after the other.
//
//   ─► describe                                      ◄─ info
//   ─► transcribe, audio-start, -chunk …, -stop      ◄─ transcript; before it transcript-start and
//                                                       -chunk, if it comes in parts
//   ─► audio-chunk …, without transcribe             ◄─ voice-started, voice-stopped
//   ─► synthesize                                    ◄─ audio-start, -chunk …, -stop
//   ─► synthesize-start, -chunk …, -stop             ◄─ the same, and synthesize-stopped
//   ─► transcript                                    ◄─ handled or not-handled
//   ─► recognize                                     ◄─ intent or not-recognized
//   ─► ping                                          ◄─ pong
//
// What cannot be done is an `error` with a text and a code: "unsupported" and "busy" concern one
// request, and the connection goes on; after "protocol", "too-long" and "failed" it is closed, so
// that a client that knows no errors waits for nothing. A connection does one thing of each kind at
// a time, but for transcriptions, of which a few may be under way and are answered in order. Events
// that are not known are counted and ignored. A house that sends no more, and still listens, gets
// what it asked for in whole.
//
// Source: github.com/OHF-Voice/wyoming, README, "Event Types" and "Event Flow".
#ifndef PIPELINE_DOOR_WYOMING_WYOMING_H_
#define PIPELINE_DOOR_WYOMING_WYOMING_H_

#include <cstddef>
#include <functional>
#include <memory>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "pipeline/door/connection.h"
#include "pipeline/door/wyoming/services.h"

namespace parlance::pipeline::door {

// The longest sound of one transcription, and the longest text of one request.
inline constexpr absl::Duration kMaxWyomingSound = absl::Minutes(5);
inline constexpr size_t kMaxWyomingText = size_t{32} << 10;

// Handles one connection. `count` counts what was not as it should be, by a constant name; any
// thread; may be null.
std::unique_ptr<MessageHandler> CreateWyoming(const HouseServices& services,
                                              std::shared_ptr<Connection> connection,
                                              std::function<void(absl::string_view)> count);

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_WYOMING_WYOMING_H_
