#include "pipeline/conversation/answer_ledger.h"

#include <algorithm>
#include <utility>

#include "pipeline/conversation/turn/turn_messages.h"

namespace parlance::pipeline {

AnswerLedger::AnswerLedger(ConversationActions* actions, absl::Duration timeout)
    : actions_(actions), timeout_(timeout) {}

int32_t AnswerLedger::AddAppend(absl::Duration now, int32_t piece) {
  const int32_t order = ++last_order_;
  orders_.push_back(
      {.order = order, .appended_by = order, .piece = piece, .deadline = now + timeout_});
  return order;
}

void AnswerLedger::Append(absl::Duration now, std::vector<session::Message> messages) {
  actions_->Append(AddAppend(now, 0), std::move(messages));
}

void AnswerLedger::AppendAnswer(absl::Duration now, const Part& part,
                                std::vector<session::Message> messages) {
  const int32_t order = AddAppend(now, part.last_piece);
  parts_.push_back(
      {.part = part, .order = order, .place = static_cast<int64_t>(messages.size()) - 1});
  actions_->Append(order, std::move(messages));
}

const AnswerLedger::Part* AnswerLedger::Last(int32_t turn, int32_t first_piece) const {
  if (parts_.empty()) return nullptr;
  const Part& last = parts_.back().part;
  return last.turn == turn && last.first_piece >= first_piece ? &last : nullptr;
}

void AnswerLedger::Extend(absl::Duration now, int32_t last_piece, const SpokenAnswer& spoken) {
  StoredPart& last = parts_.back();
  last.part.last_piece = last_piece;
  last.amendment = spoken.Text(last.part.first_piece, last_piece);
  if (last.sequence.has_value()) Amend(now, last, /*is_awaited=*/true);
}

void AnswerLedger::Cut(absl::Duration now, int32_t turn, int32_t first_piece, int64_t position,
                       const SpokenAnswer& spoken, bool also_whole) {
  for (StoredPart& each : parts_) {
    const Part& part = each.part;
    if (part.turn != turn || part.last_piece < first_piece) continue;
    std::string heard = spoken.HeardText(position, part.first_piece, part.last_piece);
    if (!also_whole && !each.amendment.has_value() &&
        heard == spoken.Text(part.first_piece, part.last_piece)) {
      continue;
    }
    each.amendment = std::move(heard);
    each.is_cut = true;
    if (each.sequence.has_value()) Amend(now, each, /*is_awaited=*/false);
  }
}

void AnswerLedger::NoteLatency(int32_t turn, int32_t first_piece, const TurnLatency& latency) {
  for (StoredPart& each : parts_) {
    if (each.part.turn == turn && each.part.first_piece == first_piece) each.latency = latency;
  }
}

void AnswerLedger::StoreLatency(absl::Duration now, int32_t turn, int64_t position,
                                const SpokenAnswer& spoken) {
  for (StoredPart& each : parts_) {
    const Part& part = each.part;
    if (part.turn != turn || each.latency == each.stored_latency) continue;
    // What is not there yet was not heard either, and an amendment to come takes it along.
    if (!each.sequence.has_value() || each.amendment.has_value()) continue;
    each.amendment = each.is_cut ? spoken.HeardText(position, part.first_piece, part.last_piece)
                                 : spoken.Text(part.first_piece, part.last_piece);
    Amend(now, each, /*is_awaited=*/false);
  }
}

std::optional<AnswerLedger::Done> AnswerLedger::Stored(absl::Duration now, int32_t order,
                                                       const absl::StatusOr<int64_t>& result) {
  const auto found = std::find_if(orders_.begin(), orders_.end(),
                                  [&](const Order& each) { return each.order == order; });
  if (found == orders_.end()) return std::nullopt;
  int32_t piece = found->piece;
  orders_.erase(found);
  if (StoredPart* const stored = Find(order)) {
    if (result.ok()) {
      stored->sequence = *result + stored->place;
      if (stored->amendment.has_value()) Amend(now, *stored, /*is_awaited=*/!stored->is_cut);
    } else {
      // There is nothing that could be amended.
      if (stored->amendment.has_value() && piece != 0) piece = stored->part.last_piece;
      std::erase_if(parts_, [&](const StoredPart& each) { return each.order == order; });
    }
  }
  return Done{.piece = piece, .failed = !result.ok()};
}

std::optional<AnswerLedger::Done> AnswerLedger::TakeLate(absl::Duration now) {
  const auto late = std::find_if(orders_.begin(), orders_.end(),
                                 [&](const Order& each) { return each.deadline <= now; });
  if (late == orders_.end()) return std::nullopt;
  late->deadline = absl::InfiniteDuration();
  if (StoredPart* const stored = Find(late->order)) {
    stored->part.turn = -stored->part.turn;
    stored->amendment = "";
    stored->is_cut = true;
  }
  return Done{.piece = std::exchange(late->piece, 0), .failed = true};
}

absl::Duration AnswerLedger::next_deadline() const {
  absl::Duration next = absl::InfiniteDuration();
  for (const Order& each : orders_) next = std::min(next, each.deadline);
  return next;
}

void AnswerLedger::Forget(int32_t turn, int32_t past_turn) {
  std::erase_if(parts_, [&](const StoredPart& each) {
    return each.part.turn != turn && each.part.turn != past_turn &&
           std::none_of(orders_.begin(), orders_.end(),
                        [&](const Order& other) { return other.appended_by == each.order; });
  });
}

void AnswerLedger::Amend(absl::Duration now, StoredPart& stored, bool is_awaited) {
  const int32_t order = ++last_order_;
  orders_.push_back({.order = order,
                     .appended_by = stored.order,
                     .piece = is_awaited ? stored.part.last_piece : 0,
                     .deadline = now + timeout_});
  stored.stored_latency = stored.latency;
  std::optional<std::string> metadata = AnswerMetadata(stored.latency, stored.is_cut);
  std::string content = *std::exchange(stored.amendment, std::nullopt);
  actions_->Amend(order, *stored.sequence, std::move(content), std::move(metadata));
}

AnswerLedger::StoredPart* AnswerLedger::Find(int32_t order) {
  for (StoredPart& each : parts_) {
    if (each.order == order) return &each;
  }
  return nullptr;
}

}  // namespace parlance::pipeline
