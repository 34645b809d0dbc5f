// The items of a Realtime conversation, as the protocol has them: messages and calls, with ids.
//
// They are what a client sees, and no more: what is kept of a conversation is in the session store.
// The oldest are forgotten when there are more than kMaxItems, or kMaxBytes of texts.
//
// Threads: one at a time. Source: OpenAI, "Realtime API reference" (conversation items, GA form).
#ifndef PIPELINE_DOOR_REALTIME_REALTIME_ITEMS_H_
#define PIPELINE_DOOR_REALTIME_REALTIME_ITEMS_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace parlance::pipeline::door {

struct RealtimeItem {
  enum class Type {
    kMessage,
    // A call of a tool of the client's, and its output.
    kFunctionCall,
    kFunctionCallOutput,
    // A call of a tool of ours, which a client needs to do nothing about. The protocol has it as a
    // call of a tool server's.
    kToolCall,
  };
  std::string id;
  Type type = Type::kMessage;
  // completed, incomplete or in_progress.
  std::string status = "completed";

  // A message has a role (system, user or assistant), what its one part is, such as input_audio,
  // and its text, or transcript. Without a text, it is not known yet.
  std::string role = {};
  std::string content_type = {};
  std::optional<std::string> text = {};
  // A message of an answer says which answer, where in it the message begins, in samples and in
  // bytes of its text, and how many samples of sound were given of it.
  int32_t answer = 0;
  int64_t begin_sample = 0;
  size_t begin_text = 0;
  int64_t num_samples = 0;

  // A call of a function has these.
  std::string call_id = {};
  std::string name = {};
  std::string arguments = {};
  std::optional<std::string> output = {};
  std::optional<std::string> error = {};

  // Returns the item as events have it.
  std::string Json() const;
  // How many bytes its texts have.
  size_t num_bytes() const;
};

class RealtimeItems {
 public:
  static constexpr size_t kMaxItems = 1000;
  static constexpr size_t kMaxBytes = size_t{4} << 20;

  // Adds an item as the last.
  void Add(RealtimeItem item);
  // Adds an item as the last, or after the one of that id; false if there is none such. `previous`:
  // the id of the item before it, if there is one.
  bool Add(RealtimeItem item, const std::optional<std::string>& after,
           std::optional<std::string>* previous);
  // Null if there is none.
  RealtimeItem* Find(absl::string_view id);
  // Whether one is a call of a function with that call_id.
  bool HasCall(absl::string_view call_id) const;
  bool Remove(absl::string_view id);
  // The id of the last one.
  std::optional<std::string> last() const;
  // The id of the item before that one.
  std::optional<std::string> Before(absl::string_view id) const;

 private:
  std::deque<RealtimeItem> items_;
};

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_REALTIME_REALTIME_ITEMS_H_
