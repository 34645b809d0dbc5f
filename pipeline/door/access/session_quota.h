// How many sessions somebody has at a time.
//
// Threads: any.
#ifndef PIPELINE_DOOR_ACCESS_SESSION_QUOTA_H_
#define PIPELINE_DOOR_ACCESS_SESSION_QUOTA_H_

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "third_party/annotated_mutex.h"

namespace parlance::pipeline::door {

class SessionQuota {
 public:
  // A session, which counts for as long as this lives. The quota has to outlive it.
  class Slot {
   public:
    Slot(SessionQuota* quota, std::string name) : quota_(quota), name_(std::move(name)) {}
    ~Slot() { quota_->Release(name_); }
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;

   private:
    SessionQuota* const quota_;
    const std::string name_;
  };

  // 0: no bound.
  explicit SessionQuota(size_t max_sessions) : max_sessions_(max_sessions) {}

  // ResourceExhausted if the name has as many as it may.
  absl::StatusOr<std::unique_ptr<Slot>> Take(const std::string& name) {
    annotated::MutexLock lock(mutex_);
    size_t& count = counts_[name];
    if (max_sessions_ > 0 && count >= max_sessions_) {
      return absl::ResourceExhaustedError(absl::StrCat(
          "the key has ", max_sessions_, " sessions already, as many as it may; end one first"));
    }
    ++count;
    return std::make_unique<Slot>(this, name);
  }

 private:
  void Release(const std::string& name) {
    annotated::MutexLock lock(mutex_);
    const auto found = counts_.find(name);
    if (found != counts_.end() && --found->second == 0) counts_.erase(found);
  }

  const size_t max_sessions_;
  annotated::Mutex mutex_;
  absl::flat_hash_map<std::string, size_t> counts_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_ACCESS_SESSION_QUOTA_H_
