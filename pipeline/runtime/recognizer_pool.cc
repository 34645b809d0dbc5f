#include "pipeline/runtime/recognizer_pool.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <exception>
#include <list>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "third_party/annotated_mutex.h"

namespace parlance::pipeline {
namespace {

constexpr int kSampleRateHz = 16000;
constexpr absl::Duration kGatherForEach = absl::Milliseconds(2);

size_t SamplesOf(absl::Duration length) {
  return static_cast<size_t>(absl::ToDoubleSeconds(length) * kSampleRateHz);
}

// A recogniser, and whom it heard last. One that is to be created is null.
struct Slot {
  std::unique_ptr<Recognizer> recognizer;
  std::string speaker;
  // It was started, and not finished or cancelled.
  bool is_at_utterance = false;
};

// What a recogniser does may throw, which is an error of the utterance.
template <typename Result, typename Function>
Result Guarded(const Function& function) {
  try {
    return function();
  } catch (const std::exception& exception) {
    return absl::InternalError(absl::StrCat("the recogniser threw: ", exception.what()));
  } catch (...) {
    return absl::InternalError("the recogniser threw something that is not a std::exception");
  }
}

// Has the recogniser throw away what it heard, if it is at an utterance. It is thrown away itself
// if not even that works.
void EndUtterance(Slot& slot) {
  if (!slot.is_at_utterance) return;
  slot.is_at_utterance = false;
  const absl::Status ended = Guarded<absl::Status>([&] {
    slot.recognizer->Cancel();
    return absl::OkStatus();
  });
  if (!ended.ok()) slot.recognizer = nullptr;
}

}  // namespace

class RecognizerPool::Impl : public std::enable_shared_from_this<Impl> {
 public:
  class Spoken;

  Impl(std::function<absl::StatusOr<std::unique_ptr<Recognizer>>()> create_one, TaskRunner* runs,
       const Options& pool_options)
      : create(std::move(create_one)), runner(*runs), options(pool_options) {}

  std::shared_ptr<Utterance> Open(std::string speaker, Listener listener);
  // Takes a recogniser back, or learns with none that it is gone, and gives it to who waits.
  void Release(std::unique_ptr<Slot> slot);
  // Somebody waits no more.
  void Leave(const Spoken* utterance);

  Stats stats() const {
    annotated::MutexLock lock(mutex_);
    Stats stats = stats_;
    stats.num_waiting = waiting_.size();
    stats.num_busy = stats_.num_recognizers - static_cast<int>(idle_.size());
    return stats;
  }
  // How much sound is worth waking a thread.
  absl::Duration Gather() const {
    return std::min(options.gather, num_busy_.load(std::memory_order_relaxed) * kGatherForEach);
  }
  void CountRefusedSound() {
    annotated::MutexLock lock(mutex_);
    ++stats_.num_refused_sound;
  }
  void CountLost() {
    annotated::MutexLock lock(mutex_);
    ++stats_.num_lost;
  }

  const std::function<absl::StatusOr<std::unique_ptr<Recognizer>>()> create;
  TaskRunner& runner;
  const Options options;

 private:
  mutable annotated::Mutex mutex_;
  std::vector<std::unique_ptr<Slot>> idle_ ABSL_GUARDED_BY(mutex_);
  std::list<std::weak_ptr<Spoken>> waiting_ ABSL_GUARDED_BY(mutex_);
  Stats stats_ ABSL_GUARDED_BY(mutex_);
  // How many utterances have a recogniser, which is read without the mutex.
  std::atomic<int> num_busy_ = 0;
};

// An utterance's sound, and its recogniser as soon as it has one. It is one task of the runner at a
// time, and none while it has nothing to hear.
class RecognizerPool::Impl::Spoken : public Utterance, public std::enable_shared_from_this<Spoken> {
 public:
  Spoken(std::shared_ptr<Impl> pool, std::string speaker, Listener listener)
      : pool_(std::move(pool)), speaker_(std::move(speaker)), listener_(std::move(listener)) {}
  // A recogniser that is still at the utterance is told so by whoever has it next, on the runner's
  // threads, because that may take long.
  ~Spoken() override {
    if (slot_ != nullptr) {
      pool_->Release(std::move(slot_));
    } else if (!took_slot_) {
      pool_->Leave(this);
    }
  }

  const std::string& speaker() const { return speaker_; }

  // Begins with a recogniser.
  void Take(std::unique_ptr<Slot> slot) {
    annotated::MutexLock lock(mutex_);
    if (over_) {
      lock.unlock();
      pool_->Release(std::move(slot));
      return;
    }
    slot_ = std::move(slot);
    has_slot_ = true;
    took_slot_ = true;
    Schedule(lock);
  }
  void Fail(absl::Status status) {
    annotated::MutexLock lock(mutex_);
    error_ = std::move(status);
  }

  void Hear(absl::Span<const int16_t> samples) override {
    annotated::MutexLock lock(mutex_);
    if (over_ || finishing_ || !error_.ok()) return;
    if (sound_.size() + samples.size() > SamplesOf(pool_->options.max_sound)) {
      error_ = absl::ResourceExhaustedError(
          absl::StrCat("the recogniser is ", absl::FormatDuration(pool_->options.max_sound),
                       " behind what is said"));
      sound_.clear();
      pool_->CountRefusedSound();
      return;
    }
    sound_.insert(sound_.end(), samples.begin(), samples.end());
    Schedule(lock);
  }

  void Finish() override {
    annotated::MutexLock lock(mutex_);
    if (over_ || finishing_) return;
    finishing_ = true;
    if (error_.ok() || has_slot_) {
      Schedule(lock);
      return;
    }
    over_ = true;
    const absl::Status error = error_;
    lock.unlock();
    listener_.on_final(error);
  }

  void Cancel() override {
    annotated::MutexLock lock(mutex_);
    if (over_) return;
    over_ = true;
    sound_.clear();
    if (at_finish_ != nullptr) at_finish_->Interrupt();
    if (!has_slot_) {
      lock.unlock();
      pool_->Leave(this);
      return;
    }
    Schedule(lock);
  }

 private:
  // Has a task run, if there is something to do and somebody to do it. `lock` holds the mutex, and
  // may not when this returns, which the analysis cannot follow.
  void Schedule(annotated::MutexLock& lock)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) ABSL_NO_THREAD_SAFETY_ANALYSIS {
    if (scheduled_ || !has_slot_) return;
    const size_t worth_it = std::max<size_t>(SamplesOf(pool_->Gather()), 1);
    if (!finishing_ && !over_ && sound_.size() < worth_it) return;
    ++task_;
    scheduled_ = pool_->runner.Post(
        {.run = [self = shared_from_this()] { self->Run(); },
         .overdue = [self = shared_from_this(), task = task_] { self->WriteOff(task); }});
    if (scheduled_) return;
    error_ = absl::ResourceExhaustedError(
        "the queue of sound to be recognised is full; try again later");
    sound_.clear();
    has_slot_ = false;
    std::unique_ptr<Slot> slot = std::move(slot_);
    const bool tell = finishing_ && !over_;
    over_ = over_ || finishing_;
    const absl::Status error = error_;
    lock.unlock();
    pool_->Release(std::move(slot));
    if (tell) listener_.on_final(error);
  }

  // Hears what is there. Not the sound that comes meanwhile, so that others have their turn.
  void Run() {
    // One that was written off is destroyed without the mutex.
    std::unique_ptr<Slot> slot;
    annotated::MutexLock lock(mutex_);
    slot = std::move(slot_);
    std::vector<int16_t> sound;
    sound.swap(sound_);
    const bool cancelled = over_;
    const bool finishing = finishing_;
    absl::Status status = error_;
    lock.unlock();

    if (!cancelled && status.ok()) status = Hear(*slot, sound);
    absl::StatusOr<Hypothesis> words = Hypothesis();
    if (!status.ok()) {
      words = status;
    } else if (!cancelled && finishing) {
      words = Finish(*slot);
      if (words.ok()) slot->is_at_utterance = false;
    }
    lock.lock();
    if (written_off_) return;
    if (!status.ok()) error_ = status;
    if (!over_ && !finishing) {
      slot_ = std::move(slot);
      EndTask();
      Schedule(lock);
      return;
    }
    if (slot->is_at_utterance) {
      // Without the mutex, because this may hang as everything else that a recogniser does.
      lock.unlock();
      EndUtterance(*slot);
      lock.lock();
      if (written_off_) return;
    }
    // Whoever cancels it after this does so too late, but hears nothing of it.
    const bool tell = !over_;
    over_ = true;
    has_slot_ = false;
    EndTask();
    lock.unlock();
    pool_->Release(std::move(slot));
    if (tell) listener_.on_final(words);
  }

  // Nothing is at the utterance any more, and it is too late to write the recogniser off.
  void EndTask() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    scheduled_ = false;
    ++task_;
  }

  absl::Status Start(Slot& slot) {
    // What the one before left behind.
    EndUtterance(slot);
    if (slot.recognizer == nullptr) {
      auto created = Guarded<absl::StatusOr<std::unique_ptr<Recognizer>>>(pool_->create);
      if (!created.ok()) return created.status();
      if (*created == nullptr) return absl::InternalError("there is no recogniser");
      slot.recognizer = *std::move(created);
      slot.speaker = speaker_;
    }
    if (slot.speaker != speaker_) {
      absl::Status forgot = Guarded<absl::Status>([&] {
        slot.recognizer->ForgetSpeaker();
        return absl::OkStatus();
      });
      if (!forgot.ok()) {
        slot.recognizer = nullptr;
        return forgot;
      }
      slot.speaker = speaker_;
    }
    slot.is_at_utterance = true;
    return Guarded<absl::Status>([&] { return slot.recognizer->Start(); });
  }

  absl::Status Hear(Slot& slot, absl::Span<const int16_t> sound) {
    if (!started_) {
      if (absl::Status started = Start(slot); !started.ok()) return started;
      started_ = true;
    }
    Recognizer& recognizer = *slot.recognizer;
    const size_t step = SamplesOf(pool_->options.partial_every);
    while (!sound.empty()) {
      const auto part =
          sound.first(step == 0 ? sound.size() : std::min(sound.size(), step - since_partial_));
      sound.remove_prefix(part.size());
      absl::StatusOr<Hypothesis> words =
          Guarded<absl::StatusOr<Hypothesis>>([&]() -> absl::StatusOr<Hypothesis> {
            if (absl::Status heard = recognizer.Process(part); !heard.ok()) return heard;
            since_partial_ += part.size();
            if (step == 0 || since_partial_ < step) return Hypothesis();
            since_partial_ = 0;
            return recognizer.Partial();
          });
      if (!words.ok()) return words.status();
      if (IsUnwanted()) return absl::CancelledError("nobody wants to hear more");
      if (step == 0 || since_partial_ > 0) continue;
      listener_.on_partial(*words);
    }
    return absl::OkStatus();
  }

  // What the recogniser has heard. It is interrupted if nobody wants to know any more.
  absl::StatusOr<Hypothesis> Finish(Slot& slot) {
    {
      annotated::MutexLock lock(mutex_);
      if (over_ || written_off_) return absl::CancelledError("the recognition was cancelled");
      at_finish_ = slot.recognizer.get();
    }
    absl::StatusOr<Hypothesis> words =
        Guarded<absl::StatusOr<Hypothesis>>([&] { return slot.recognizer->Finish(); });
    annotated::MutexLock lock(mutex_);
    at_finish_ = nullptr;
    return words;
  }

  bool IsUnwanted() {
    annotated::MutexLock lock(mutex_);
    return over_ || written_off_;
  }

  // A task of this utterance does not return, if it is still at it.
  void WriteOff(int64_t task) {
    annotated::MutexLock lock(mutex_);
    if (task != task_) return;
    written_off_ = true;
    const bool tell = !over_ && finishing_;
    error_ = absl::DeadlineExceededError("the recogniser does not return");
    if (over_ || finishing_) over_ = true;
    has_slot_ = false;
    sound_.clear();
    const absl::Status error = error_;
    lock.unlock();
    pool_->CountLost();
    pool_->Release(nullptr);
    if (tell) listener_.on_final(error);
  }

  const std::shared_ptr<Impl> pool_;
  const std::string speaker_;
  const Listener listener_;

  // Used by the task alone.
  bool started_ = false;
  size_t since_partial_ = 0;

  annotated::Mutex mutex_;
  // Null while the task has it, and before there is one.
  std::unique_ptr<Slot> slot_ ABSL_GUARDED_BY(mutex_);
  bool has_slot_ ABSL_GUARDED_BY(mutex_) = false;
  // The recogniser while it finishes.
  Recognizer* at_finish_ ABSL_GUARDED_BY(mutex_) = nullptr;
  // Whether it ever had one; until then it may be in the line.
  bool took_slot_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<int16_t> sound_ ABSL_GUARDED_BY(mutex_);
  bool scheduled_ ABSL_GUARDED_BY(mutex_) = false;
  // Names the task that is scheduled or runs, and is no task's in between.
  int64_t task_ ABSL_GUARDED_BY(mutex_) = 0;
  bool finishing_ ABSL_GUARDED_BY(mutex_) = false;
  // It was cancelled, or its words were told.
  bool over_ ABSL_GUARDED_BY(mutex_) = false;
  bool written_off_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status error_ ABSL_GUARDED_BY(mutex_);
};

std::shared_ptr<RecognizerPool::Utterance> RecognizerPool::Impl::Open(std::string speaker,
                                                                      Listener listener) {
  auto utterance =
      std::make_shared<Spoken>(shared_from_this(), std::move(speaker), std::move(listener));
  annotated::MutexLock lock(mutex_);
  ++stats_.num_utterances;
  std::unique_ptr<Slot> slot;
  if (!idle_.empty()) {
    auto best = std::find_if(idle_.begin(), idle_.end(), [&](const std::unique_ptr<Slot>& idle) {
      return idle->speaker == utterance->speaker();
    });
    if (best == idle_.end()) --best;
    slot = std::move(*best);
    idle_.erase(best);
  } else if (stats_.num_recognizers < options.max_recognizers) {
    ++stats_.num_recognizers;
    slot = std::make_unique<Slot>();
  } else if (waiting_.size() < options.max_waiting) {
    waiting_.push_back(utterance);
    return utterance;
  } else {
    ++stats_.num_refused_line;
  }
  if (slot != nullptr) num_busy_.fetch_add(1, std::memory_order_relaxed);
  lock.unlock();
  if (slot != nullptr) {
    utterance->Take(std::move(slot));
  } else {
    utterance->Fail(absl::ResourceExhaustedError(
        absl::StrCat("all ", options.max_recognizers, " recognisers are busy, and ",
                     options.max_waiting, " utterances wait for one")));
  }
  return utterance;
}

void RecognizerPool::Impl::Release(std::unique_ptr<Slot> slot) {
  std::shared_ptr<Spoken> next;
  {
    annotated::MutexLock lock(mutex_);
    while (next == nullptr && !waiting_.empty()) {
      next = waiting_.front().lock();
      waiting_.pop_front();
    }
    // A recogniser that could not be made, or that is lost, is made anew for who waits.
    const bool is_there = slot != nullptr && slot->recognizer != nullptr;
    if (next == nullptr) {
      num_busy_.fetch_sub(1, std::memory_order_relaxed);
      if (is_there) {
        idle_.push_back(std::move(slot));
      } else {
        --stats_.num_recognizers;
      }
      return;
    }
    if (!is_there) slot = std::make_unique<Slot>();
  }
  next->Take(std::move(slot));
}

void RecognizerPool::Impl::Leave(const Spoken* utterance) {
  // Whoever is let go of meanwhile leaves the line, too, which takes the mutex.
  std::vector<std::shared_ptr<Spoken>> kept;
  annotated::MutexLock lock(mutex_);
  waiting_.remove_if([&](const std::weak_ptr<Spoken>& waiting) {
    std::shared_ptr<Spoken> still = waiting.lock();
    const bool leaves = still == nullptr || still.get() == utterance;
    kept.push_back(std::move(still));
    return leaves;
  });
}

RecognizerPool::RecognizerPool(std::function<absl::StatusOr<std::unique_ptr<Recognizer>>()> create,
                               TaskRunner* runner, Options options)
    : impl_(std::make_shared<Impl>(std::move(create), runner, options)) {}
RecognizerPool::~RecognizerPool() = default;

std::shared_ptr<RecognizerPool::Utterance> RecognizerPool::Open(std::string speaker,
                                                                Listener listener) {
  return impl_->Open(std::move(speaker), std::move(listener));
}

RecognizerPool::Stats RecognizerPool::stats() const { return impl_->stats(); }

}  // namespace parlance::pipeline
