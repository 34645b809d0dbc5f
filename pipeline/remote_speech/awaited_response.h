// A response that a thread waits for, piece by piece.
//
// Threads: whoever waits, one at a time; the loop's.
#ifndef PIPELINE_REMOTE_SPEECH_AWAITED_RESPONSE_H_
#define PIPELINE_REMOTE_SPEECH_AWAITED_RESPONSE_H_

#include <condition_variable>
#include <optional>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "pipeline/http/http_loop.h"
#include "third_party/annotated_mutex.h"

namespace parlance::pipeline {

class AwaitedResponse : public HttpListener {
 public:
  // The parts of the response that came since the last call of Wait.
  struct News {
    // True if anything came.
    bool any = false;
    // The head of the response; it comes once, before the first bytes.
    std::optional<HttpHead> head = {};
    std::string bytes = {};
    // How the response ended; it comes once, after everything else.
    std::optional<absl::Status> done = {};
  };

  // Waits for something new; not longer than `patience`, if it is finite. Must not be called after
  // it was done.
  News Wait(absl::Duration patience) {
    annotated::MutexLock lock(mutex_);
    while (!news_.any) {
      if (patience == absl::InfiniteDuration()) {
        came_.wait(lock.native());
      } else if (came_.wait_for(lock.native(), absl::ToChronoNanoseconds(patience)) ==
                 std::cv_status::timeout) {
        break;
      }
    }
    News news;
    std::swap(news, news_);
    return news;
  }

  // HttpListener:
  void OnHead(const HttpHead& head) override {
    annotated::MutexLock lock(mutex_);
    news_.head = head;
    Tell();
  }
  bool OnBody(absl::string_view bytes) override {
    annotated::MutexLock lock(mutex_);
    news_.bytes.append(bytes.data(), bytes.size());
    Tell();
    return true;
  }
  void OnDone(const absl::Status& status) override {
    annotated::MutexLock lock(mutex_);
    news_.done = status;
    Tell();
  }

 private:
  void Tell() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    news_.any = true;
    came_.notify_one();
  }

  annotated::Mutex mutex_;
  std::condition_variable came_;
  News news_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace parlance::pipeline

#endif  // PIPELINE_REMOTE_SPEECH_AWAITED_RESPONSE_H_
