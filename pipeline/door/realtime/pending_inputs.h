// What a client has written or given as sound, and not asked an answer for yet.
//
// Only the last text waits, as it may be the question; what was written before it is history.
// Bounds: so many inputs, and so many bytes as the runtime takes at once, because an answer is
// asked for with all that waits.
//
// Threads: one at a time.
#ifndef PIPELINE_DOOR_REALTIME_PENDING_INPUTS_H_
#define PIPELINE_DOOR_REALTIME_PENDING_INPUTS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/string_view.h"

namespace parlance::pipeline::door {

class PendingInputs {
 public:
  // Text, or samples of sound.
  using Said = std::variant<std::string, std::vector<int16_t>>;
  struct Input {
    // The id of its item.
    std::string item;
    Said said;
  };
  static constexpr size_t kMaxInputs = 100;

  bool empty() const { return inputs_.empty(); }
  size_t size() const { return inputs_.size(); }

  // Whether there is room for it, too.
  bool HasRoomFor(const Said& said) const;
  void Add(std::string item, Said said);
  // Forgets what the item said; nothing, if it does not wait.
  void Remove(absl::string_view item);

  // Returns the text that waits; null if none does.
  const std::string* text() const;
  // Forgets the text that waits.
  void RemoveText();

  // Returns all that waits, in its order; nothing waits any more.
  std::vector<Input> Take();

 private:
  std::vector<Input> inputs_;
};

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_REALTIME_PENDING_INPUTS_H_
