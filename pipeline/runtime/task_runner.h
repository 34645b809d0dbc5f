// Whoever does work that may take long, so that a thread that must not wait can leave it to them.
#ifndef PIPELINE_RUNTIME_TASK_RUNNER_H_
#define PIPELINE_RUNTIME_TASK_RUNNER_H_

#include <cstddef>
#include <deque>
#include <functional>
#include <utility>

namespace parlance::pipeline {

struct Task {
  std::function<void()> run;
  // Called if `run` goes on for longer than whoever runs it allows: it may never return, and it may
  // just have returned. On another thread; must not block. May be null.
  std::function<void()> overdue = nullptr;
};

class TaskRunner {
 public:
  virtual ~TaskRunner() = default;
  // Runs the task later, after those that were posted before began. Never blocks. False if too much
  // waits already; the task is not run then.
  virtual bool Post(Task task) = 0;
};

// Runs tasks one by one, on the thread that asks for it. Threads: one at a time.
class InlineTaskRunner : public TaskRunner {
 public:
  bool Post(Task task) override {
    tasks_.push_back(std::move(task));
    return true;
  }
  size_t size() const { return tasks_.size(); }
  // Runs the task that has waited longest; false if there is none.
  bool RunOne() {
    if (tasks_.empty()) return false;
    const Task task = std::move(tasks_.front());
    tasks_.pop_front();
    task.run();
    return true;
  }

 private:
  std::deque<Task> tasks_;
};

}  // namespace parlance::pipeline

#endif  // PIPELINE_RUNTIME_TASK_RUNNER_H_
