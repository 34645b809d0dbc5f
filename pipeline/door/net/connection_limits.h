// How many connections there are, in all and of each peer, and the bounds on both.
//
// Threads: any.
#ifndef PIPELINE_DOOR_NET_CONNECTION_LIMITS_H_
#define PIPELINE_DOOR_NET_CONNECTION_LIMITS_H_

#include <condition_variable>
#include <cstddef>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "pipeline/door/socket/socket_address.h"
#include "third_party/annotated_mutex.h"

namespace parlance::pipeline::door {

class ConnectionLimits {
 public:
  enum class Verdict { kAdmitted, kFull, kPeerHasTooMany };

  // A bound of 0 is none.
  ConnectionLimits(size_t max_connections, size_t max_connections_of_peer)
      : max_connections_(max_connections), max_connections_of_peer_(max_connections_of_peer) {}

  // One that was admitted is to be released once.
  Verdict Admit(const SocketAddress::Bytes& peer);
  void Release(const SocketAddress::Bytes& peer);
  size_t num_connections() const;
  // Returns once there is none, or after `limit`: how many there are then.
  size_t WaitUntilNone(absl::Duration limit);

 private:
  const size_t max_connections_;
  const size_t max_connections_of_peer_;
  mutable annotated::Mutex mutex_;
  std::condition_variable none_;
  size_t num_connections_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::flat_hash_map<SocketAddress::Bytes, size_t> num_of_peer_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_NET_CONNECTION_LIMITS_H_
