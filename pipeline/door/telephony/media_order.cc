#include "pipeline/door/telephony/media_order.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace parlance::pipeline::door {
namespace {

// Beyond it a number or a time cannot be counted on from.
constexpr int64_t kMaxCount = std::numeric_limits<int64_t>::max() / 2;

bool IsCountable(std::optional<int64_t> number) {
  return number.has_value() && *number >= 0 && *number <= kMaxCount;
}

}  // namespace

bool MediaOrder::Add(Chunk chunk) {
  if (!IsCountable(chunk.time_ms)) chunk.time_ms.reset();
  if (!IsCountable(chunk.number)) {
    Give(chunk);
    return true;
  }
  const int64_t number = *chunk.number;
  if (!next_number_.has_value()) next_number_ = number;
  if (number < *next_number_ || waiting_.contains(number)) {
    if (++num_late_ <= kMaxLate) return false;
    waiting_.clear();
    next_number_ = number;
  } else if (number - *next_number_ > kNewCount) {
    for (auto& [unused, each] : waiting_) Give(each);
    waiting_.clear();
    next_number_ = number;
  }
  num_late_ = 0;
  waiting_.emplace(number, std::move(chunk));
  GiveReady();
  if (waiting_.size() > kMaxWaiting) {
    num_lost_ = waiting_.begin()->first - *next_number_;
    next_number_ = waiting_.begin()->first;
    GiveReady();
  }
  return true;
}

void MediaOrder::GiveReady() {
  while (!waiting_.empty() && waiting_.begin()->first == *next_number_) {
    Give(waiting_.begin()->second);
    waiting_.erase(waiting_.begin());
    ++*next_number_;
  }
}

void MediaOrder::Give(const Chunk& chunk) {
  absl::Duration missing = last_length_ * num_lost_;
  num_lost_ = 0;
  const absl::Duration length = Length(chunk.bytes.size());
  if (chunk.time_ms.has_value()) {
    if (next_time_ms_.has_value()) {
      missing = absl::Milliseconds(*chunk.time_ms - *next_time_ms_);
      if (missing < kJitter) missing = absl::ZeroDuration();
    }
    next_time_ms_ = *chunk.time_ms + absl::ToInt64Milliseconds(length);
  }
  last_length_ = length;
  take_(chunk.bytes, missing);
}

absl::Duration MediaOrder::Length(size_t num_bytes) const {
  return absl::Microseconds(static_cast<int64_t>(num_bytes) * 1000000 / bytes_per_second_);
}

}  // namespace parlance::pipeline::door
