// std::mutex with the annotations that Clang's thread safety analysis needs, which libstdc++'s own
// has not:
//
//   annotated::Mutex mutex_;
//   int waiting_ ABSL_GUARDED_BY(mutex_) = 0;
//   …
//   annotated::MutexLock lock(mutex_);
//   while (waiting_ > 0) condition_.wait(lock.native());
//
// `.ci/run` has Clang read all of it with -Wthread-safety: a member that is used without its mutex
// is an error there. https://clang.llvm.org/docs/ThreadSafetyAnalysis.html
#ifndef THIRD_PARTY_ANNOTATED_MUTEX_H_
#define THIRD_PARTY_ANNOTATED_MUTEX_H_

#include <mutex>

#include "absl/base/thread_annotations.h"

namespace annotated {

class ABSL_LOCKABLE Mutex {
 public:
  void lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() { mutex_.lock(); }
  void unlock() ABSL_UNLOCK_FUNCTION() { mutex_.unlock(); }
  bool try_lock() ABSL_EXCLUSIVE_TRYLOCK_FUNCTION(true) { return mutex_.try_lock(); }

 private:
  friend class MutexLock;

  std::mutex mutex_;
};

// Holds a mutex for as long as it lives, but for what is between unlock() and lock().
class ABSL_SCOPED_LOCKABLE MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) ABSL_EXCLUSIVE_LOCK_FUNCTION(mutex) : lock_(mutex.mutex_) {}
  ~MutexLock() ABSL_UNLOCK_FUNCTION() = default;
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

  void lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() { lock_.lock(); }
  void unlock() ABSL_UNLOCK_FUNCTION() { lock_.unlock(); }

  // What a std::condition_variable waits with. The mutex is held again when the wait returns, as
  // the analysis assumes. Wait in a loop: the analysis does not see that a predicate passed to
  // wait() is called with the mutex held.
  std::unique_lock<std::mutex>& native() { return lock_; }

 private:
  std::unique_lock<std::mutex> lock_;
};

}  // namespace annotated

#endif  // THIRD_PARTY_ANNOTATED_MUTEX_H_
