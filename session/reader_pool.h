// Connections for reading, so that reads wait neither for writes nor for each other.
#ifndef SESSION_READER_POOL_H_
#define SESSION_READER_POOL_H_

#include <condition_variable>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "third_party/annotated_mutex.h"

namespace parlance::session {

// Lends up to `max_readers` readers, and makes the next one when all others are in use.
// Thread-safe.
template <typename Reader>
class ReaderPool {
 public:
  using Open = std::function<absl::StatusOr<Reader>()>;

  // Gives the reader back at its end.
  class Lease {
   public:
    Lease(ReaderPool* pool, std::unique_ptr<Reader> reader)
        : pool_(pool), reader_(std::move(reader)) {}
    ~Lease() {
      if (reader_ != nullptr) pool_->GiveBack(std::move(reader_));
    }
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) = delete;

    Reader& operator*() const { return *reader_; }
    Reader* operator->() const { return reader_.get(); }

   private:
    ReaderPool* pool_;
    std::unique_ptr<Reader> reader_;
  };

  ReaderPool(int max_readers, Open open) : max_readers_(max_readers), open_(std::move(open)) {}

  // Takes a reader, and waits if all are in use. Errors are those of `open`.
  absl::StatusOr<Lease> Take() {
    {
      annotated::MutexLock lock(mutex_);
      while (idle_.empty() && num_open_ >= max_readers_) given_back_.wait(lock.native());
      if (!idle_.empty()) {
        Lease lease(this, std::move(idle_.back()));
        idle_.pop_back();
        return lease;
      }
      ++num_open_;
    }
    absl::StatusOr<Reader> reader = open_();
    if (!reader.ok()) {
      {
        annotated::MutexLock lock(mutex_);
        --num_open_;
      }
      given_back_.notify_one();
      return reader.status();
    }
    return Lease(this, std::make_unique<Reader>(*std::move(reader)));
  }

 private:
  void GiveBack(std::unique_ptr<Reader> reader) {
    {
      annotated::MutexLock lock(mutex_);
      idle_.push_back(std::move(reader));
    }
    given_back_.notify_one();
  }

  const int max_readers_;
  const Open open_;
  annotated::Mutex mutex_;
  std::condition_variable given_back_;
  // The readers that nobody uses. The one used last is at the end: its pages are the warmest.
  std::vector<std::unique_ptr<Reader>> idle_ ABSL_GUARDED_BY(mutex_);
  int num_open_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace parlance::session

#endif  // SESSION_READER_POOL_H_
