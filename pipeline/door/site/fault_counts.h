// How often doors met something that was not as it should be, by its name.
//
// Threads: any.
#ifndef PIPELINE_DOOR_SITE_FAULT_COUNTS_H_
#define PIPELINE_DOOR_SITE_FAULT_COUNTS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "third_party/annotated_mutex.h"

namespace parlance::pipeline::door {

class FaultCounts {
 public:
  // `name`: a constant of the code, such as "unknown_event", never what a peer sent.
  void Count(absl::string_view name) {
    annotated::MutexLock lock(mutex_);
    const auto found = counts_.find(name);
    if (found == counts_.end()) {
      counts_.emplace(name, 1);
    } else {
      ++found->second;
    }
  }
  std::map<std::string, int64_t> counts() const {
    annotated::MutexLock lock(mutex_);
    return {counts_.begin(), counts_.end()};
  }

 private:
  mutable annotated::Mutex mutex_;
  std::map<std::string, int64_t, std::less<>> counts_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_SITE_FAULT_COUNTS_H_
