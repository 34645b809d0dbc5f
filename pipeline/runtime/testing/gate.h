// A gate that threads wait at until it is opened; copies are the same gate.
#ifndef PIPELINE_RUNTIME_TESTING_GATE_H_
#define PIPELINE_RUNTIME_TESTING_GATE_H_

#include <condition_variable>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "third_party/annotated_mutex.h"

namespace parlance::pipeline {

// Thread-safe. Copies keep it alive, so whoever opened it may still be at it when others go on.
class Gate {
 public:
  void Open() const {
    annotated::MutexLock lock(state_->mutex);
    state_->open = true;
    state_->opened.notify_all();
  }
  void Wait() const {
    const std::shared_ptr<State> state = state_;
    annotated::MutexLock lock(state->mutex);
    while (!state->open) state->opened.wait(lock.native());
  }

 private:
  struct State {
    annotated::Mutex mutex;
    std::condition_variable opened;
    bool open ABSL_GUARDED_BY(mutex) = false;
  };

  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace parlance::pipeline

#endif  // PIPELINE_RUNTIME_TESTING_GATE_H_
