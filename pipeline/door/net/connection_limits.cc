#include "pipeline/door/net/connection_limits.h"

#include <algorithm>
#include <chrono>

namespace parlance::pipeline::door {
namespace {

// A deadline further away says the same, and can be computed with.
constexpr absl::Duration kMaxWait = absl::Hours(24);

}  // namespace

ConnectionLimits::Verdict ConnectionLimits::Admit(const SocketAddress::Bytes& peer) {
  annotated::MutexLock lock(mutex_);
  if (max_connections_ > 0 && num_connections_ >= max_connections_) return Verdict::kFull;
  size_t& num_of_peer = num_of_peer_[peer];
  // A peer that is refused has connections already, so that it leaves no entry behind.
  if (max_connections_of_peer_ > 0 && num_of_peer >= max_connections_of_peer_) {
    return Verdict::kPeerHasTooMany;
  }
  ++num_of_peer;
  ++num_connections_;
  return Verdict::kAdmitted;
}

void ConnectionLimits::Release(const SocketAddress::Bytes& peer) {
  annotated::MutexLock lock(mutex_);
  const auto found = num_of_peer_.find(peer);
  if (found == num_of_peer_.end()) return;
  if (--found->second == 0) num_of_peer_.erase(found);
  --num_connections_;
  if (num_connections_ == 0) none_.notify_all();
}

size_t ConnectionLimits::num_connections() const {
  annotated::MutexLock lock(mutex_);
  return num_connections_;
}

size_t ConnectionLimits::WaitUntilNone(absl::Duration limit) {
  const auto deadline =
      std::chrono::steady_clock::now() +
      absl::ToChronoNanoseconds(std::clamp(limit, absl::ZeroDuration(), kMaxWait));
  annotated::MutexLock lock(mutex_);
  while (num_connections_ > 0) {
    if (none_.wait_until(lock.native(), deadline) == std::cv_status::timeout) break;
  }
  return num_connections_;
}

}  // namespace parlance::pipeline::door
