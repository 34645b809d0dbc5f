// One response of a Realtime conversation, and the events that tell a client of it.
//
//   response.created ─► its message, in text and sound, and its calls ─► response.done
//
// Threads: one at a time. Source: OpenAI, "Realtime API reference" (response object and its events,
// GA form).
#ifndef PIPELINE_DOOR_REALTIME_REALTIME_RESPONSE_H_
#define PIPELINE_DOOR_REALTIME_REALTIME_RESPONSE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "pipeline/door/realtime/realtime_items.h"
#include "pipeline/door/realtime/server_events.h"
#include "pipeline/json/json_object.h"

namespace parlance::pipeline::door {

class RealtimeResponse {
 public:
  struct Options {
    // The id of the conversation that it belongs to.
    std::string conversation = {};
    // Whether it is spoken, or written: a change of the configuration is for the next one.
    bool speaks = true;
    // What the client gave with it, as JSON; empty if it gave nothing.
    std::string metadata = {};
  };
  // Where in an answer of the agent's something begins: in samples of its sound, and bytes of its
  // text.
  struct AnswerPlace {
    int32_t answer = 0;
    int64_t sample = 0;
    size_t text = 0;
  };
  enum class Ending { kCompleted, kClientCancelled, kTurnDetected, kFailed };

  // A response of that id, of which nobody is told yet. `items` and `events` have to outlive it.
  RealtimeResponse(std::string id, Options options, RealtimeItems* items, ServerEvents* events);

  // Sends response.created.
  void Begin();

  const std::string& id() const { return id_; }
  bool speaks() const { return options_.speaks; }
  // Whether it has a message. It has one at most, which all that is said belongs to.
  bool has_message() const { return !message_.empty(); }
  // The message's item; null if there is none, or the client has deleted it.
  RealtimeItem* message();

  // Begins the message, if it has none yet.
  void EnsureMessage(const AnswerPlace& begin);
  // Adds what is said to the message.
  void AddText(absl::string_view text);
  // Adds sound to the message: so many samples of the agent's, and what the client is sent of them.
  void AddSound(size_t num_samples, absl::Span<const uint8_t> bytes);
  // Takes back what of the message was not heard: `heard` is what was, of the whole answer.
  void CutText(absl::string_view heard);

  // Adds an item, which is the conversation's last one, too. Returns its place in the response.
  int64_t BeginItem(RealtimeItem item);
  // Says that the item at that place has all that it will have.
  void EndItem(const RealtimeItem& item, int64_t place);

  // Ends the message and the response: response.done. `code`: of what failed.
  void End(Ending ending, absl::string_view code = "");

 private:
  // The members of an event of the message.
  JsonObject MessageEvent() const;
  // Sends an event of an item at that place in the response.
  void SendOutputItem(absl::string_view type, const RealtimeItem& item, int64_t place);
  // The one part of the message; its text is a transcript where it is spoken.
  std::string PartJson(absl::string_view text) const;
  // The response as events have it. `details`: JSON.
  std::string Json(absl::string_view status, absl::string_view details) const;
  void EndMessage(absl::string_view status);

  const std::string id_;
  const Options options_;
  RealtimeItems* const items_;
  ServerEvents* const events_;
  // The ids of its items.
  std::vector<std::string> item_ids_;
  // The message's id, its place among the items, and its text.
  std::string message_;
  int64_t message_place_ = 0;
  std::string text_;
};

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_REALTIME_REALTIME_RESPONSE_H_
