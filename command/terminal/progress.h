// Shows a person who waits that something happens.
#ifndef COMMAND_TERMINAL_PROGRESS_H_
#define COMMAND_TERMINAL_PROGRESS_H_

#include <condition_variable>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "third_party/annotated_mutex.h"

namespace command {

// Reports, while it lives, from the second second on, on standard error, that the program is at
// work: every two seconds on a terminal, otherwise after 2, 4, 8, … seconds, so that a log stays
// short. Thread-safe.
class Progress {
 public:
  // `what`: for example "vad: call.wav".
  explicit Progress(absl::string_view what);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Sets the detail that the next line adds, such as "95 s heard" or "12 of 40".
  void Update(absl::string_view detail);

 private:
  void Run();

  const std::string what_;
  const bool is_terminal_;
  annotated::Mutex mutex_;
  std::condition_variable changed_;
  std::string detail_ ABSL_GUARDED_BY(mutex_);
  bool over_ ABSL_GUARDED_BY(mutex_) = false;
  // The thread uses the other members, so it is made last and joined before they go.
  std::thread thread_;
};

}  // namespace command

#endif  // COMMAND_TERMINAL_PROGRESS_H_
