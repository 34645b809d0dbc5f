// Messages that come from another thread.
#ifndef TOOLS_MCP_TESTING_RECEIVED_H_
#define TOOLS_MCP_TESTING_RECEIVED_H_

#include <condition_variable>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "third_party/annotated_mutex.h"

namespace parlance::tools::mcp {

// Collects messages. All methods may be called from any thread.
class Received {
 public:
  void Add(std::string text) {
    annotated::MutexLock lock(mutex_);
    texts_.push_back(std::move(text));
    // This is done under the mutex, because whoever waits may end all of this as soon as it can.
    changed_.notify_all();
  }

  // Waits until there are as many, and returns all. A test that waits in vain ends by its timeout.
  std::vector<std::string> WaitFor(size_t count) {
    annotated::MutexLock lock(mutex_);
    while (texts_.size() < count) changed_.wait(lock.native());
    return texts_;
  }

  std::vector<std::string> texts() {
    annotated::MutexLock lock(mutex_);
    return texts_;
  }

 private:
  annotated::Mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> texts_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace parlance::tools::mcp

#endif  // TOOLS_MCP_TESTING_RECEIVED_H_
