#include "pipeline/runtime/load/simulated_parts.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/types/span.h"
#include "session/message.h"
#include "third_party/annotated_mutex.h"

namespace parlance::pipeline {
namespace {

constexpr int kSampleRateHz = 16000;
// A word is known a sixth of a second after the one before.
constexpr size_t kSamplesPerWord = kSampleRateHz / 6;
constexpr size_t kSamplesPerLetter = kSampleRateHz * 60 / 1000;
constexpr size_t kSamplesPerChunk = kSampleRateHz / 10;

class SimulatedRecognizer : public Recognizer {
 public:
  SimulatedRecognizer(std::string text, absl::Duration delay)
      : text_(std::move(text)), words_(absl::StrSplit(text_, ' ')), delay_(delay) {}

  absl::Status Start() override {
    num_samples_ = 0;
    return absl::OkStatus();
  }
  absl::Status Process(absl::Span<const int16_t> samples) override {
    num_samples_ += samples.size();
    return absl::OkStatus();
  }
  absl::StatusOr<Hypothesis> Partial() override {
    const size_t num_words = std::min(num_samples_ / kSamplesPerWord, words_.size());
    if (num_words == 0) return Hypothesis();
    const auto end = static_cast<size_t>(words_[num_words - 1].end() - text_.data());
    return Hypothesis{.text = text_.substr(0, end), .rejected = false, .confidence = 1};
  }
  absl::StatusOr<Hypothesis> Finish() override {
    if (delay_ > absl::ZeroDuration())
      std::this_thread::sleep_for(absl::ToChronoNanoseconds(delay_));
    return Hypothesis{.text = text_, .rejected = false, .confidence = 1};
  }
  void Cancel() override {}
  void ForgetSpeaker() override {}

 private:
  const std::string text_;
  const std::vector<absl::string_view> words_;
  const absl::Duration delay_;
  size_t num_samples_ = 0;
};

class SimulatedSynthesizer : public Synthesizer {
 public:
  int sample_rate_hz() const override { return kSampleRateHz; }
  absl::Status Synthesize(absl::string_view text, const SpeechSink& sink) override {
    // A square wave of 200 Hz.
    std::vector<int16_t> samples(text.size() * kSamplesPerLetter);
    for (size_t i = 0; i < samples.size(); ++i) samples[i] = i / 40 % 2 == 0 ? 300 : -300;
    std::vector<WordMark> words;
    for (size_t begin = 0; begin < text.size();) {
      const size_t end = std::min(text.find(' ', begin), text.size());
      if (end > begin) {
        words.push_back({.sample = static_cast<int64_t>(begin * kSamplesPerLetter),
                         .text_begin = begin,
                         .text_end = end});
      }
      begin = end + 1;
    }
    const absl::Span<const WordMark> all(words);
    size_t next = 0;
    for (size_t begin = 0; begin < samples.size(); begin += kSamplesPerChunk) {
      const auto chunk = absl::MakeConstSpan(samples).subspan(begin, kSamplesPerChunk);
      const size_t first = next;
      while (next < words.size() &&
             words[next].sample < static_cast<int64_t>(begin + chunk.size())) {
        ++next;
      }
      if (!sink({.samples = chunk, .words = all.subspan(first, next - first)})) break;
    }
    return absl::OkStatus();
  }
};

class ForgetfulStore : public session::SessionStore {
 public:
  absl::StatusOr<session::Session> CreateSession(const NewSession& from) override {
    annotated::MutexLock lock(mutex_);
    session::Session session;
    session.id = from.id.value_or(absl::StrCat("session-", ++num_created_));
    session.title = from.title;
    if (!num_messages_.emplace(session.id, 0).second) {
      return absl::AlreadyExistsError(absl::StrCat("there is a session ", session.id));
    }
    return session;
  }
  absl::StatusOr<session::Session> GetSession(absl::string_view session_id) override {
    annotated::MutexLock lock(mutex_);
    const auto found = num_messages_.find(session_id);
    if (found == num_messages_.end()) return NoSession(session_id);
    session::Session session;
    session.id = found->first;
    session.num_messages = found->second;
    return session;
  }
  absl::Status DeleteSession(absl::string_view session_id) override {
    annotated::MutexLock lock(mutex_);
    const auto found = num_messages_.find(session_id);
    if (found == num_messages_.end()) return NoSession(session_id);
    num_messages_.erase(found);
    return absl::OkStatus();
  }
  absl::StatusOr<int64_t> AppendAll(absl::string_view session_id,
                                    absl::Span<const session::Message> messages) override {
    annotated::MutexLock lock(mutex_);
    const auto found = num_messages_.find(session_id);
    if (found == num_messages_.end()) return NoSession(session_id);
    const int64_t first = found->second + 1;
    found->second += static_cast<int64_t>(messages.size());
    return first;
  }
  absl::Status AppendAsync(absl::string_view session_id, std::vector<session::Message> messages,
                           AppendDone done) override {
    const absl::StatusOr<int64_t> first = AppendAll(session_id, messages);
    if (!first.ok()) return first.status();
    done(first);
    return absl::OkStatus();
  }
  absl::Status Amend(absl::string_view session_id, const Amendment& amendment) override {
    annotated::MutexLock lock(mutex_);
    const auto found = num_messages_.find(session_id);
    if (found == num_messages_.end()) return NoSession(session_id);
    if (amendment.sequence < 1 || amendment.sequence > found->second) {
      return absl::NotFoundError(absl::StrCat("there is no message ", amendment.sequence));
    }
    return absl::OkStatus();
  }
  absl::Status AmendAsync(absl::string_view session_id, Amendment amendment,
                          AmendDone done) override {
    done(Amend(session_id, amendment));
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<session::Session>> ListSessions(int, absl::string_view) override {
    return Forgotten();
  }
  absl::Status RenameSession(absl::string_view, absl::string_view) override { return Forgotten(); }
  absl::Status CloseSession(absl::string_view) override { return Forgotten(); }
  absl::StatusOr<session::Session> ResumeSession(absl::string_view) override { return Forgotten(); }
  absl::StatusOr<int64_t> PruneSessions(const Retention&) override { return Forgotten(); }
  absl::StatusOr<std::vector<session::Message>> History(absl::string_view,
                                                        const HistoryOptions&) override {
    return Forgotten();
  }
  absl::StatusOr<std::vector<SearchHit>> Search(absl::string_view, absl::string_view,
                                                int) override {
    return Forgotten();
  }
  absl::StatusOr<Stats> GetStats() override { return Forgotten(); }
  absl::Status CheckIntegrity() override { return absl::OkStatus(); }

 private:
  static absl::Status NoSession(absl::string_view id) {
    return absl::NotFoundError(absl::StrCat("there is no session ", id));
  }
  static absl::Status Forgotten() {
    return absl::UnimplementedError("this store keeps no messages");
  }

  annotated::Mutex mutex_;
  int64_t num_created_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<std::string, int64_t, std::less<>> num_messages_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

std::unique_ptr<Recognizer> CreateSimulatedRecognizer(std::string text, absl::Duration delay) {
  return std::make_unique<SimulatedRecognizer>(std::move(text), delay);
}
std::unique_ptr<Synthesizer> CreateSimulatedSynthesizer() {
  return std::make_unique<SimulatedSynthesizer>();
}
std::unique_ptr<session::SessionStore> CreateForgetfulStore() {
  return std::make_unique<ForgetfulStore>();
}

}  // namespace parlance::pipeline
