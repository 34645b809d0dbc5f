// The answers that the store was ordered to keep, and what it has of them.
//
//   Append, AppendAnswer, Extend ─► orders ─► the store, which does them in turn, perhaps late
//   Stored, TakeLate ◄─────────────────────── what came of an order
//
// An answer is appended with its first piece, and amended with each that follows; with a group of
// calls in between, what comes after them is a message of its own, so that an answer has one part
// or several. What was not heard is taken out again, and where the time went is added. A message
// that is not stored yet is amended once it is.
//
// Time is said by the caller, as in all of this room. Threads: one at a time.
#ifndef PIPELINE_CONVERSATION_ANSWER_LEDGER_H_
#define PIPELINE_CONVERSATION_ANSWER_LEDGER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "pipeline/conversation/answer/spoken_answer.h"
#include "pipeline/conversation/conversation_actions.h"
#include "pipeline/conversation/turn/turn_latency.h"
#include "session/message.h"

namespace parlance::pipeline {

class AnswerLedger {
 public:
  // The pieces of an answer that one message has.
  struct Part {
    int32_t turn = 0;
    int32_t first_piece = 0;
    int32_t last_piece = 0;
  };
  // An order that is done. `piece`: up to which the answer is stored now; 0 if nobody waits for it.
  struct Done {
    int32_t piece = 0;
    bool failed = false;
  };

  // `actions` has to outlive this. An order is late after `timeout`.
  AnswerLedger(ConversationActions* actions, absl::Duration timeout);

  // Orders messages to be appended that nobody waits for.
  void Append(absl::Duration now, std::vector<session::Message> messages);
  // Orders messages to be appended of which the last has that part of an answer.
  void AppendAnswer(absl::Duration now, const Part& part, std::vector<session::Message> messages);

  // The last part that was appended, if it is of that turn's answer which begins with
  // `first_piece`; null if it is another's. Valid until the next call that changes something.
  const Part* Last(int32_t turn, int32_t first_piece) const;
  // Adds the pieces up to `last_piece` to the last part.
  void Extend(absl::Duration now, int32_t last_piece, const SpokenAnswer& spoken);

  // Takes out of the turn's parts what was not heard before `position`; of parts that end before
  // `first_piece`, nothing. `also_whole`: parts that were heard whole are amended, too, because
  // less of them may have been taken for heard before.
  void Cut(absl::Duration now, int32_t turn, int32_t first_piece, int64_t position,
           const SpokenAnswer& spoken, bool also_whole);

  // The latency of the answer which begins with that piece: its next amendment takes it along.
  void NoteLatency(int32_t turn, int32_t first_piece, const TurnLatency& latency);
  // Amends the parts of the turn whose latency no amendment took along. `position`: up to where
  // the answer was heard.
  void StoreLatency(absl::Duration now, int32_t turn, int64_t position, const SpokenAnswer& spoken);

  // The result of an order: the sequence number of its first message. Nothing for an order that is
  // not waited for any more.
  std::optional<Done> Stored(absl::Duration now, int32_t order,
                             const absl::StatusOr<int64_t>& result);
  // An order that is late, once: what it stores after all is taken back, as nobody heard it.
  std::optional<Done> TakeLate(absl::Duration now);
  // When the next order is late; infinite if none is under way.
  absl::Duration next_deadline() const;

  // Forgets the parts of all turns but these two, unless something is under way for them.
  void Forget(int32_t turn, int32_t past_turn);

 private:
  // A message of the store with a part of an answer.
  struct StoredPart {
    // Its turn is negative if the store is late with it.
    Part part;
    // The order that appends it, its place among that order's messages, and in the session, once it
    // is known.
    int32_t order = 0;
    int64_t place = 0;
    std::optional<int64_t> sequence = {};
    // The text that the message is amended to once it is stored.
    std::optional<std::string> amendment = {};
    bool is_cut = false;
    // Where the time went until it was heard, once it is, and what the store was told of that.
    std::optional<TurnLatency> latency = {};
    std::optional<TurnLatency> stored_latency = {};
  };
  struct Order {
    int32_t order = 0;
    // The order that appended the part: this one, or the one that it amends.
    int32_t appended_by = 0;
    // The piece up to which it stores; 0 if nobody waits for it.
    int32_t piece = 0;
    absl::Duration deadline = {};
  };

  // Adds an append of so many pieces; returns its number.
  int32_t AddAppend(absl::Duration now, int32_t piece);
  // Orders the amendment. `is_awaited`: something is heard once it is stored.
  void Amend(absl::Duration now, StoredPart& stored, bool is_awaited);
  // The part that the order appends or has appended; null if it has none.
  StoredPart* Find(int32_t order);

  ConversationActions* const actions_;
  const absl::Duration timeout_;
  std::vector<StoredPart> parts_;
  std::vector<Order> orders_;
  int32_t last_order_ = 0;
};

}  // namespace parlance::pipeline

#endif  // PIPELINE_CONVERSATION_ANSWER_LEDGER_H_
