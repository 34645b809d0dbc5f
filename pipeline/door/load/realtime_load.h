// Calls a server as many clients of OpenAI's Realtime protocol would at once, over WebSockets.
//
//   caller ─► 20 ms of sound every 20 ms ─► server
//          ◄─ the answer's sound: how long after the last sound of what was said
//          ─► once a second, an event that is refused at once
//          ◄─ the refusal: from door to door, through socket, parser and session
//
// Every caller has its own beat, and sends whatever the server does meanwhile; times are counted
// from when something was due, not from when it was sent (runtime/load/load.h says why). What the
// callers cost is reported apart, and what the server costs if its process is on this machine and
// known. The callers are on threads of their own, each with an epoll loop.
//
// Sources: pipeline/door/realtime/realtime_session.h, RFC 6455.
#ifndef PIPELINE_DOOR_LOAD_REALTIME_LOAD_H_
#define PIPELINE_DOOR_LOAD_REALTIME_LOAD_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "pipeline/door/load/misbehaving_clients.h"
#include "pipeline/door/wire/websocket_client.h"
#include "pipeline/runtime/duration_histogram.h"

namespace parlance::pipeline::door {

// How sound is sent and comes: PCM16 at 24 kHz, or G.711 at 8 kHz.
enum class RealtimeFormat { kPcm, kMuLaw, kALaw };
// 24000 or 8000.
int SampleRateOf(RealtimeFormat format);

struct RealtimeLoadOptions {
  WebSocketUrl url = {};
  // The key that is sent; if it is empty, none is.
  std::string api_key = {};
  // 1 to 100,000. One address has some 28,000 ports to call from.
  size_t num_sessions = 100;
  // Over how long they connect, evenly; zero: as fast as they can.
  absl::Duration ramp = absl::Seconds(2);
  // What comes once is not measured: all go on for so long before.
  absl::Duration warm_up = absl::Seconds(3);
  absl::Duration length = absl::Seconds(10);
  // These mean the same as in LoadOptions; the sound has the rate of `format`.
  double speech_part = 0.3;
  absl::Duration spread = absl::Seconds(20);
  std::vector<std::vector<int16_t>> utterances = {};
  RealtimeFormat format = RealtimeFormat::kPcm;
  uint64_t seed = 1;
  // 1 to 64.
  int num_threads = 1;
  // How many more clients misbehave, from the warm-up on; 0 to 64. See misbehaving_clients.h.
  size_t num_misbehaving = 0;
  // The server's process on this machine; 0: it is somewhere else, or of no interest.
  pid_t server_pid = 0;
  // Called now and then while it goes on.
  std::function<void(const std::string&)> on_progress = nullptr;
};

struct RealtimeLoadReport {
  size_t num_asked = 0;
  // Callers whose session was created.
  size_t num_connected = 0;
  // Connections that ended while the callers went on, before or in the measured time.
  size_t num_lost = 0;
  // Why the last one was refused, and how the last one ended that was lost.
  absl::Status refusal;
  absl::Status loss;
  // The times from connecting to session.created, and how many connections were made in a second.
  DurationHistogram connecting = {};
  double connects_per_second = 0;

  // What happened in the measured time, and how long it was.
  absl::Duration length;
  int64_t num_turns = 0;
  // Turns that had no sound as answer before the next began.
  int64_t num_unanswered_turns = 0;
  int64_t num_frames_sent = 0;
  int64_t num_messages_received = 0;
  // Events of type error that nobody asked for, and what the last one said.
  int64_t num_errors = 0;
  std::string last_error = {};
  // From when the last frame of what was said was due to the first sound of the answer. It has the
  // pause in it that ends a turn, 500 ms here.
  DurationHistogram answer = {};
  // From when an event was due to the refusal that it asks for. Those without one are counted.
  DurationHistogram door_to_door = {};
  int64_t num_without_reply = 0;
  // Pieces of sound that the server lost, if its /metrics says so.
  std::optional<int64_t> num_frames_dropped = {};
  // How late the callers' timers were.
  DurationHistogram timer_lateness = {};

  // How many misbehaved, and what came of it until the end of the measured time.
  size_t num_misbehaving = 0;
  MisbehavingCounts misbehaving = {};

  // Processors, such as 0.5, that the callers had, those that misbehave, and the server, if its
  // process is known.
  double caller_cpus = 0;
  double misbehaving_cpus = 0;
  std::optional<double> server_cpus = {};
  double stolen = 0;
  // By what the server's resident memory had grown for each connection, in bytes: when all were
  // connected and silent, and at the end.
  std::optional<double> idle_bytes = {};
  std::optional<double> active_bytes = {};

  bool is_noisy() const;
  // Whether all of it was borne: nobody was refused or lost, nothing went wrong, 99 % of the
  // refusals came within 20 ms, and 95 % of the answers within half a second after the pause.
  bool is_sustained() const;
  // Returns a table for people, several lines.
  std::string Table() const;
};

// Connects, measures, and hangs up; blocks. InvalidArgument for options out of range, NotFound if
// there is no such host or server process, Unavailable if nobody could connect. A caller who is
// refused while others are not is no error.
absl::StatusOr<RealtimeLoadReport> RunRealtimeLoad(const RealtimeLoadOptions& options);

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_LOAD_REALTIME_LOAD_H_
