// What the agent's server serves: the page, the protocols, and what operators ask.
//
//   GET /                        the page, and its files
//   GET /healthz                 200 while the program runs
//   GET /readyz                  200 while it takes new conversations, and 503 with why otherwise
//   GET /metrics                 OpenMetrics; with keys, only for whoever has one
//   WS  /v1/realtime             OpenAI's Realtime protocol; ?session_id= goes on with a session,
//                                ?intent=transcription only hears, ?model= is said back;
//                                ?refusal=close: who is refused is told by closing, with the code
//                                4000 and the HTTP status, because a page cannot read the latter
//   WS  /v1/media-streams/NAME   a carrier's: twilio, telnyx, plivo, exotel, vonage
//   WS  /v1/asterisk             Asterisk's chan_websocket
//   TCP                          AudioSocket and Wyoming, each on its listener
//
// Whoever wants a WebSocket needs a key, if there are keys, and a page has to be allowed. Where
// Twilio's token is known, a call at twilio's path needs Twilio's signature or a key. What is
// spoken over plain TCP has no keys: who reaches the listener may speak.
//
// Threads: any.
#ifndef PIPELINE_DOOR_SITE_DOOR_SITE_H_
#define PIPELINE_DOOR_SITE_DOOR_SITE_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "pipeline/door/access/api_keys.h"
#include "pipeline/door/net/site.h"
#include "pipeline/door/page/page_file.h"
#include "pipeline/door/realtime/realtime_session.h"
#include "pipeline/door/telephony/call.h"
#include "pipeline/door/wyoming/services.h"

namespace parlance::pipeline::door {

// All of it has to outlive the site. What may be missing is null or empty.
struct DoorSiteOptions {
  RealtimeEnvironment realtime = {};
  absl::Span<const PageFile> page = {};
  // Without an opener, there is no telephony.
  CallEnvironment calls = {};
  HouseServices house = {};
  // What the listeners of plain TCP speak, by their numbers in ServerOptions.
  enum class Stream { kNone, kAudioSocket, kWyoming };
  std::vector<Stream> streams = {};

  // Null: everybody who can connect may come in.
  const ApiKeys* keys = nullptr;
  std::vector<std::string> allowed_origins = {};
  // 0: no bound.
  size_t max_sessions_of_key = 0;
  // Twilio's, and the URL by which Twilio reaches this server, without a path.
  std::string twilio_auth_token = {};
  std::string public_url = {};

  // Why no conversation is taken; OK while some are. Null: always OK.
  std::function<absl::Status()> ready = nullptr;
  std::function<std::string()> metrics = nullptr;
};

std::unique_ptr<Site> CreateDoorSite(DoorSiteOptions options);

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_SITE_DOOR_SITE_H_
