// A few threads for what would hold up everybody else on a connection's thread: the decision who is
// let in, which may read a database, and what is made of large messages.
#ifndef PIPELINE_DOOR_SOCKET_BLOCKING_POOL_H_
#define PIPELINE_DOOR_SOCKET_BLOCKING_POOL_H_

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "third_party/annotated_mutex.h"

namespace parlance::pipeline::door {

class BlockingPool {
 public:
  using Task = absl::AnyInvocable<void()>;

  // At least one worker; `max_waiting` tasks wait at most.
  BlockingPool(int num_workers, size_t max_waiting);
  ~BlockingPool();
  BlockingPool(const BlockingPool&) = delete;
  BlockingPool& operator=(const BlockingPool&) = delete;

  // False if too many wait, or after Stop. Any thread.
  bool Post(Task task);
  // Drops what waits, and returns when what runs has returned.
  void Stop();

 private:
  void Work();

  const size_t max_waiting_;
  annotated::Mutex mutex_;
  std::condition_variable work_;
  std::deque<Task> tasks_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_SOCKET_BLOCKING_POOL_H_
