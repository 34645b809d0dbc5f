// Reads a guarded member without its mutex, for Clang's thread safety analysis to reject.
#include "absl/base/thread_annotations.h"
#include "third_party/annotated_mutex.h"

namespace parlance {
namespace {

class Counter {
 public:
  void Add() {
    annotated::MutexLock lock(mutex_);
    ++count_;
  }
  int count() const { return count_; }

 private:
  annotated::Mutex mutex_;
  int count_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace
}  // namespace parlance

int main() {
  parlance::Counter counter;
  counter.Add();
  return counter.count() - 1;
}
