// Recognisers that understand made-up sound, and do what a test says.
//
// Each word is a loudness: the sound of word 7 is samples of 5007, which a recogniser understands
// as "word 7". So what was said is known wherever its sound comes out, whoever heard it.
#ifndef PIPELINE_RUNTIME_TESTING_SCRIPTED_RECOGNIZER_H_
#define PIPELINE_RUNTIME_TESTING_SCRIPTED_RECOGNIZER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "pipeline/speech/recognizer.h"
#include "third_party/annotated_mutex.h"

namespace parlance::pipeline {

inline constexpr int16_t kLoudnessOfWords = 5000;

inline std::vector<int16_t> SoundOfWord(int word, size_t num_samples) {
  return std::vector<int16_t>(num_samples, static_cast<int16_t>(kLoudnessOfWords + word));
}

// What recognisers do, and what they were asked. Has to outlive them. Thread-safe, but for
// `on_call`, which is set before there is one.
class RecognizerScript {
 public:
  // Called in each function of a recogniser, and in `Create`, with its name: it may return an
  // error, throw, or block. May be null.
  std::function<absl::Status(absl::string_view function)> on_call;
  // What is understood of whatever sound, if it is set; before there is a recogniser.
  std::function<std::string()> words;

  absl::StatusOr<std::unique_ptr<Recognizer>> Create();

  // What was asked so far, in order: "1 start", "1 process 320", …; the number is the recogniser's.
  std::vector<std::string> log() const {
    annotated::MutexLock lock(mutex_);
    return log_;
  }
  int num_created() const {
    annotated::MutexLock lock(mutex_);
    return num_created_;
  }
  int num_alive() const {
    annotated::MutexLock lock(mutex_);
    return num_alive_;
  }

 private:
  class Scripted;

  absl::Status Tell(int recognizer, absl::string_view function, absl::string_view more = "") {
    {
      annotated::MutexLock lock(mutex_);
      log_.push_back(absl::StrCat(recognizer, " ", function, more));
    }
    return on_call == nullptr ? absl::OkStatus() : on_call(function);
  }

  mutable annotated::Mutex mutex_;
  std::vector<std::string> log_ ABSL_GUARDED_BY(mutex_);
  int num_created_ ABSL_GUARDED_BY(mutex_) = 0;
  int num_alive_ ABSL_GUARDED_BY(mutex_) = 0;
};

class RecognizerScript::Scripted : public Recognizer {
 public:
  Scripted(RecognizerScript* script, int number) : script_(*script), number_(number) {}
  ~Scripted() override {
    annotated::MutexLock lock(script_.mutex_);
    --script_.num_alive_;
  }

  absl::Status Start() override {
    if (started_) return absl::FailedPreconditionError("an utterance is going on");
    started_ = true;
    text_.clear();
    last_ = 0;
    return script_.Tell(number_, "start");
  }
  absl::Status Process(absl::Span<const int16_t> samples) override {
    if (!started_) return absl::FailedPreconditionError("there is no utterance");
    for (const int16_t sample : samples) {
      if (sample < kLoudnessOfWords || sample == last_) continue;
      last_ = sample;
      absl::StrAppend(&text_, text_.empty() ? "" : " ", "word ", sample - kLoudnessOfWords);
    }
    return script_.Tell(number_, "process", absl::StrCat(" ", samples.size()));
  }
  absl::StatusOr<Hypothesis> Partial() override {
    if (absl::Status told = script_.Tell(number_, "partial"); !told.ok()) return told;
    return Words();
  }
  absl::StatusOr<Hypothesis> Finish() override {
    if (!started_) return absl::FailedPreconditionError("there is no utterance");
    if (absl::Status told = script_.Tell(number_, "finish"); !told.ok()) return told;
    started_ = false;
    return Words();
  }
  void Cancel() override {
    started_ = false;
    script_.Tell(number_, "cancel").IgnoreError();
  }
  void ForgetSpeaker() override {
    started_ = false;
    script_.Tell(number_, "forget").IgnoreError();
  }

 private:
  Hypothesis Words() const {
    const std::string text = script_.words == nullptr ? text_ : script_.words();
    return {.text = text, .rejected = text.empty(), .confidence = 1};
  }

  RecognizerScript& script_;
  const int number_;
  bool started_ = false;
  int16_t last_ = 0;
  std::string text_;
};

inline absl::StatusOr<std::unique_ptr<Recognizer>> RecognizerScript::Create() {
  int number = 0;
  {
    annotated::MutexLock lock(mutex_);
    number = ++num_created_;
  }
  if (on_call != nullptr) {
    if (absl::Status told = on_call("create"); !told.ok()) return told;
  }
  annotated::MutexLock lock(mutex_);
  ++num_alive_;
  return std::make_unique<Scripted>(this, number);
}

}  // namespace parlance::pipeline

#endif  // PIPELINE_RUNTIME_TESTING_SCRIPTED_RECOGNIZER_H_
