// Server events of the Realtime protocol, written to a connection: each has its type, and an id
// that no other of the session has.
//
// Threads: one at a time. Source: OpenAI, "Realtime API reference" (server events, GA form).
#ifndef PIPELINE_DOOR_REALTIME_SERVER_EVENTS_H_
#define PIPELINE_DOOR_REALTIME_SERVER_EVENTS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "pipeline/conversation/conversation_actions.h"
#include "pipeline/door/connection.h"
#include "pipeline/door/realtime/realtime_items.h"
#include "pipeline/door/realtime/realtime_problem.h"
#include "pipeline/json/json_object.h"

namespace parlance::pipeline::door {

class ServerEvents {
 public:
  // `connection` has to outlive this. `random` is part of all ids, so that they are those of no
  // other session.
  ServerEvents(Connection* connection, uint64_t random);

  // Returns a new id, such as "item_5f_7" for the kind "item".
  std::string NewId(absl::string_view kind);

  // Sends an event of that type; `body`: what else it has.
  void Send(absl::string_view type, JsonObject& body);
  void Send(absl::string_view type, JsonObject&& body) { Send(type, body); }

  // Sends an error. `client_event`: the event_id of the event that is refused, if it has one.
  void Error(const RealtimeProblem& problem, absl::string_view client_event);

  // Sends an event of a whole item, such as conversation.item.added. `previous`: the id of the item
  // before it.
  void Item(absl::string_view type, const RealtimeItem& item,
            const std::optional<std::string>& previous);
  // Adds the item as the last of `items`, and sends conversation.item.added.
  void AddItem(RealtimeItem item, RealtimeItems& items);
  // Sends conversation.item.done of an item that is among `items`.
  void ItemDone(const RealtimeItem& item, const RealtimeItems& items);

  // Sends conversation.item.input_audio_transcription.delta and .completed. `length`: of the sound.
  void TranscriptDelta(absl::string_view item, absl::string_view text);
  void TranscriptCompleted(absl::string_view item, absl::string_view text, absl::Duration length);

  // Sends conversation.item.truncated.
  void Truncated(absl::string_view item, int64_t audio_end_ms);

  // Sends response.output_audio.delta; nothing, if there are no bytes. `place`: of the item in the
  // response.
  void SoundDelta(absl::string_view response, absl::string_view item, int64_t place,
                  absl::Span<const uint8_t> bytes);

  // Sends parlance.turn.latency, where the time of the turn went: what our page draws. Nothing, if
  // no answer was waited for.
  void TurnLatency(const TurnReport& report);

 private:
  // `rest`: the members after the type and the id, and the closing brace.
  void SendRaw(absl::string_view type, absl::string_view rest);

  Connection* const connection_;
  const std::string id_suffix_;
  int64_t num_ids_ = 0;
  // The event that comes most often is written here, so that nothing is allocated for it.
  std::string event_;
};

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_REALTIME_SERVER_EVENTS_H_
