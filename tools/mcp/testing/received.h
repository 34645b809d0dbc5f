// Messages that come from another thread.
#ifndef TOOLS_MCP_TESTING_RECEIVED_H_
#define TOOLS_MCP_TESTING_RECEIVED_H_

#include <condition_variable>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace parlance::tools::mcp {

// Any thread.
class Received {
 public:
  void Add(std::string text) {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      texts_.push_back(std::move(text));
    }
    changed_.notify_all();
  }

  // Waits until there are as many, and returns all. A test that waits in vain ends by its timeout.
  std::vector<std::string> WaitFor(size_t count) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return texts_.size() >= count; });
    return texts_;
  }

  std::vector<std::string> texts() {
    std::lock_guard<std::mutex> lock(mutex_);
    return texts_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> texts_;
};

}  // namespace parlance::tools::mcp

#endif  // TOOLS_MCP_TESTING_RECEIVED_H_
