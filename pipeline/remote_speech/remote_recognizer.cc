#include "pipeline/remote_speech/remote_recognizer.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "pipeline/http/http_loop.h"
#include "pipeline/remote_speech/awaited_response.h"
#include "pipeline/remote_speech/transcription.h"
#include "third_party/annotated_mutex.h"

namespace parlance::pipeline {
namespace {

constexpr int kSampleRateHz = 16000;
constexpr size_t kMaxSamples = size_t{kMaxRemoteUtteranceSeconds} * kSampleRateHz;

class RemoteRecognizer : public Recognizer {
 public:
  RemoteRecognizer(std::shared_ptr<RemoteService> service, std::string language,
                   std::unique_ptr<Recognizer> reserve)
      : service_(std::move(service)),
        language_(std::move(language)),
        reserve_(std::move(reserve)) {}

  absl::Status Start() override {
    if (state_ != State::kIdle) return absl::FailedPreconditionError("an utterance is going on");
    {
      annotated::MutexLock lock(mutex_);
      is_interrupted_ = false;
    }
    sound_.clear();
    if (!service_->is_left_alone()) {
      state_ = State::kKeeping;
      return absl::OkStatus();
    }
    service_->FellBack();
    return StartReserve();
  }

  absl::Status Process(absl::Span<const int16_t> samples) override {
    switch (state_) {
      case State::kIdle:
        return absl::FailedPreconditionError("there is no utterance");
      case State::kReserve:
        return reserve_->Process(samples);
      case State::kKeeping:
        break;
    }
    sound_.insert(sound_.end(), samples.begin(), samples.end());
    if (sound_.size() <= kMaxSamples) return absl::OkStatus();
    service_->FellBack();
    return TurnToReserve();
  }

  absl::StatusOr<Hypothesis> Partial() override {
    switch (state_) {
      case State::kIdle:
        return absl::FailedPreconditionError("there is no utterance");
      case State::kReserve:
        return reserve_->Partial();
      case State::kKeeping:
        break;
    }
    return Hypothesis();
  }

  absl::StatusOr<Hypothesis> Finish() override {
    if (state_ == State::kIdle) return absl::FailedPreconditionError("there is no utterance");
    if (state_ == State::kKeeping) {
      const absl::StatusOr<std::string> text = Ask();
      if (text.ok()) {
        End();
        const std::string words = WordsAsSaid(*text);
        // The server has heard that nothing was said.
        if (words.empty()) return Hypothesis();
        return Hypothesis{.text = words, .rejected = false, .confidence = 1};
      }
      if (absl::IsCancelled(text.status())) return text.status();
      service_->FellBack();
      if (absl::Status turned = TurnToReserve(); !turned.ok()) return turned;
    }
    absl::StatusOr<Hypothesis> words = reserve_->Finish();
    if (words.ok()) End();
    return words;
  }

  void Interrupt() override {
    annotated::MutexLock lock(mutex_);
    is_interrupted_ = true;
    if (transfer_.has_value()) service_->loop().Cancel(*transfer_);
  }

  void Cancel() override {
    if (state_ == State::kReserve) reserve_->Cancel();
    End();
  }

  void ForgetSpeaker() override {
    Cancel();
    reserve_->ForgetSpeaker();
  }

 private:
  enum class State {
    kIdle,
    // The sound is kept for the server.
    kKeeping,
    // The reserve hears it.
    kReserve,
  };

  void End() {
    state_ = State::kIdle;
    // One long utterance does not cost its memory for ever.
    std::vector<int16_t>().swap(sound_);
  }

  absl::Status StartReserve() {
    absl::Status started = reserve_->Start();
    if (started.ok()) state_ = State::kReserve;
    return started;
  }
  absl::Status TurnToReserve() {
    if (absl::Status started = StartReserve(); !started.ok()) return started;
    const std::vector<int16_t> sound = std::exchange(sound_, {});
    return reserve_->Process(sound);
  }

  // What the server has heard. Cancelled if it was interrupted.
  absl::StatusOr<std::string> Ask() {
    if (!service_->Begin()) return absl::UnavailableError("the server is left alone");
    absl::StatusOr<std::string> text = AskNow();
    if (text.ok()) {
      service_->Answered();
    } else if (absl::IsCancelled(text.status())) {
      service_->Cancelled();
    } else {
      service_->Failed(text.status());
    }
    return text;
  }

  absl::StatusOr<std::string> AskNow() {
    const RemoteServiceOptions& options = service_->options();
    absl::StatusOr<FormBody> form = TranscriptionForm(sound_, options.model, language_);
    if (!form.ok()) return form.status();
    HttpRequest request =
        service_->Request(form->content_type, std::move(form->body), options.timeout);
    request.max_body_bytes = kMaxTranscriptionBodyBytes;
    const auto response = std::make_shared<AwaitedResponse>();
    {
      annotated::MutexLock lock(mutex_);
      if (is_interrupted_) return absl::CancelledError("the recognition was cancelled");
      const absl::StatusOr<uint64_t> started = service_->loop().Start(std::move(request), response);
      if (!started.ok()) return started.status();
      transfer_ = *started;
    }
    HttpHead head;
    std::string body;
    absl::Status done;
    for (bool is_done = false; !is_done;) {
      AwaitedResponse::News news = response->Wait(absl::InfiniteDuration());
      if (news.head.has_value()) head = *std::move(news.head);
      body += news.bytes;
      is_done = news.done.has_value();
      if (is_done) done = *std::move(news.done);
    }
    annotated::MutexLock lock(mutex_);
    transfer_.reset();
    if (is_interrupted_) return absl::CancelledError("the recognition was cancelled");
    lock.unlock();
    // Cancelled though nobody asked for it: the program ends.
    if (!done.ok()) return done;
    return ReadTranscription(head.status, head.content_type, body, service_->errors());
  }

  const std::shared_ptr<RemoteService> service_;
  const std::string language_;
  const std::unique_ptr<Recognizer> reserve_;
  State state_ = State::kIdle;
  std::vector<int16_t> sound_;
  annotated::Mutex mutex_;
  bool is_interrupted_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<uint64_t> transfer_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

std::unique_ptr<Recognizer> CreateRemoteRecognizer(std::shared_ptr<RemoteService> service,
                                                   std::string language,
                                                   std::unique_ptr<Recognizer> reserve) {
  return std::make_unique<RemoteRecognizer>(std::move(service), std::move(language),
                                            std::move(reserve));
}

}  // namespace parlance::pipeline
