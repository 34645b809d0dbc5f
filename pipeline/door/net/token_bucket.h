// A bound on how often something may happen: so often a second over time, and so often at once.
#ifndef PIPELINE_DOOR_NET_TOKEN_BUCKET_H_
#define PIPELINE_DOOR_NET_TOKEN_BUCKET_H_

#include <algorithm>

#include "absl/time/time.h"

namespace parlance::pipeline::door {

// Both more than 0. What is not used is saved up, to at most `burst`.
struct TokenRate {
  double per_second = 1;
  double burst = 1;
};

class TokenBucket {
 public:
  TokenBucket(const TokenRate& rate, absl::Duration now) : tokens_(rate.burst), filled_at_(now) {}

  // Whether it may happen now; then it has. The time never goes back.
  bool Take(const TokenRate& rate, absl::Duration now) {
    Fill(rate, now);
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }

  // It has happened so often. Returns for how long it may not happen again.
  absl::Duration Spend(const TokenRate& rate, absl::Duration now, double count) {
    Fill(rate, now);
    tokens_ -= count;
    return tokens_ >= 0 ? absl::ZeroDuration() : absl::Seconds(-tokens_ / rate.per_second);
  }

 private:
  void Fill(const TokenRate& rate, absl::Duration now) {
    tokens_ =
        std::min(rate.burst, tokens_ + absl::ToDoubleSeconds(now - filled_at_) * rate.per_second);
    filled_at_ = now;
  }

  double tokens_;
  absl::Duration filled_at_;
};

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_NET_TOKEN_BUCKET_H_
