// An item that a client adds to the conversation, read and checked: conversation.item.create.
//
// Threads: any. Source: OpenAI, "Realtime API reference" (conversation.item.create, GA form).
#ifndef PIPELINE_DOOR_REALTIME_GIVEN_ITEM_H_
#define PIPELINE_DOOR_REALTIME_GIVEN_ITEM_H_

#include <cstddef>
#include <optional>

#include "pipeline/door/realtime/pending_inputs.h"
#include "pipeline/door/realtime/realtime_items.h"
#include "pipeline/door/realtime/realtime_problem.h"
#include "pipeline/door/realtime/realtime_sound.h"
#include "rapidjson/document.h"

namespace parlance::pipeline::door {

// Ids that a client gives have at most so many bytes.
inline constexpr size_t kMaxGivenIdBytes = 128;

// A sound that is given as a whole has at most so many samples, at kSessionHz.
size_t MaxUtteranceSamples();

struct GivenItem {
  // Its id is empty if the client gave none.
  RealtimeItem item;
  // What a user said in it, which is to be answered.
  std::optional<PendingInputs::Said> input = {};
};

// Reads the member `item` of the event: a message, a function call or the output of one. `sound` is
// the format of sound in it. Nothing, with the problem, if it cannot be taken.
std::optional<GivenItem> ReadGivenItem(const rapidjson::Value* given, const RealtimeInput& sound,
                                       RealtimeProblem* problem);

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_REALTIME_GIVEN_ITEM_H_
