#include "pipeline/voice_agent.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "pipeline/conversation/conversation_actions.h"
#include "pipeline/conversation/conversation_events.h"
#include "pipeline/conversation/replay/action_digest.h"
#include "pipeline/conversation/replay/conversation_recorder.h"
#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"

namespace parlance::pipeline {
namespace {

constexpr int kFramesPerSecond = 50;
constexpr absl::Duration kFrame = absl::Milliseconds(1000 / kFramesPerSecond);
// How much sound is recognised before the words so far are asked for, at 16 kHz.
constexpr int64_t kSamplesPerPartial = 1600;
constexpr absl::Duration kAnnouncementInterval = absl::Milliseconds(100);

absl::Duration SteadyNow() {
  return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

std::string ErrorJson(const tools::ToolError& error) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  const auto write = [&](absl::string_view key, absl::string_view text) {
    writer.Key(key.data(), static_cast<rapidjson::SizeType>(key.size()));
    writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
  };
  writer.StartObject();
  write("error", tools::ToolErrorName(error.kind));
  write("message", error.message);
  writer.EndObject();
  return buffer.GetString();
}

CallOutcome OutcomeOf(tools::ToolResponse response) {
  CallOutcome outcome;
  if (auto* error = std::get_if<tools::ToolError>(&response.result)) {
    outcome.answer = {.ok = false, .json = ErrorJson(*error), .text = std::move(error->message)};
  } else {
    auto& output = std::get<tools::ToolOutput>(response.result);
    outcome.answer = {.ok = true, .json = std::move(output.json), .text = std::move(output.text)};
  }
  outcome.metadata = response.record.ToJson();
  outcome.took = response.record.ended;
  return outcome;
}

// What the words so far tell of the end of an utterance.
audio::Endpointer::Words CompletenessOf(Fit fit) {
  switch (fit) {
    case Fit::kFinished:
      return audio::Endpointer::Words::kComplete;
    case Fit::kBeginning:
      return audio::Endpointer::Words::kIncomplete;
    case Fit::kMayGoOn:
    case Fit::kNone:
      break;
  }
  return audio::Endpointer::Words::kUnknown;
}

}  // namespace

// Orders are queued while an event is handled, and done afterwards, each as an event of its own.
class VoiceAgent::Impl : private ConversationActions {
 public:
  Impl(VoiceAgentParts parts, Options options)
      : parts_(std::move(parts)),
        options_(std::move(options)),
        digest_(this),
        started_(options_.steady_now()) {}

  absl::Status Start(std::unique_ptr<audio::VoiceActivityDetector> vad) {
    auto conversation = Conversation::Create(options_.conversation, std::move(vad), &digest_);
    if (!conversation.ok()) return conversation.status();
    conversation_ = *std::move(conversation);
    events_ = conversation_.get();
    if (options_.record != nullptr) {
      recorder_ = std::make_unique<ConversationRecorder>(
          options_.conversation, options_.detector, conversation_.get(), &digest_, options_.record);
      events_ = recorder_.get();
    }
    frame_samples_ =
        static_cast<size_t>(options_.conversation.input_sample_rate_hz / kFramesPerSecond);
    output_frame_.resize(
        static_cast<size_t>(parts_.synthesizer->sample_rate_hz() / kFramesPerSecond));
    return absl::OkStatus();
  }

  absl::Status Push(absl::Span<const int16_t> samples) {
    while (!samples.empty()) {
      // Frames of 20 ms, whatever the sizes of what is pushed.
      const auto part =
          samples.first(std::min(samples.size(), frame_samples_ - input_frame_.size()));
      samples.remove_prefix(part.size());
      input_frame_.insert(input_frame_.end(), part.begin(), part.end());
      if (input_frame_.size() < frame_samples_) break;
      PassFrame(input_frame_);
      input_frame_.clear();
      if (!options_.live) SayAll();
    }
    return std::exchange(status_, absl::OkStatus());
  }

  absl::Status Flush() {
    PassFrame(input_frame_);
    input_frame_.clear();
    events_->EndOfSound(now_);
    Work();
    SayAll();
    return std::exchange(status_, absl::OkStatus());
  }

 private:
  using Order = std::function<void()>;

  // 20 ms in which `sound` was said: it is heard, and what is to be heard for them is given.
  void PassFrame(absl::Span<const int16_t> sound) {
    now_ = options_.live ? Now() : now_ + kFrame;
    Announce();
    events_->Sound(now_, sound);
    Work();
    size_t count = events_->TakeFrame(now_, absl::MakeSpan(output_frame_));
    if (options_.live) {
      std::fill(output_frame_.begin() + static_cast<std::ptrdiff_t>(count), output_frame_.end(),
                int16_t{0});
      count = output_frame_.size();
    }
    if (count > 0 && options_.on_audio != nullptr) {
      options_.on_audio(absl::MakeConstSpan(output_frame_).first(count));
    }
    Work();
  }

  // Until the answer is over, whatever it takes. Nothing is said meanwhile.
  void SayAll() {
    while (conversation_->phase() == TurnPhase::kAnswering ||
           conversation_->phase() == TurnPhase::kSpeaking) {
      PassFrame({});
    }
  }

  void Announce() {
    if (parts_.announcer == nullptr || now_ < next_announcements_) return;
    next_announcements_ = now_ + kAnnouncementInterval;
    const std::vector<std::string> due = parts_.announcer->TakeDue();
    if (!due.empty()) events_->Announce(now_, absl::StrJoin(due, " "));
  }

  // Does what was ordered, and what comes of it. Time passes meanwhile.
  void Work() {
    while (!orders_.empty()) {
      const Order order = std::move(orders_.front());
      orders_.pop_front();
      if (!options_.live) started_ = options_.steady_now();
      order();
    }
  }
  // The time now: live, or with what the order that is being done has taken.
  absl::Duration Now() {
    const absl::Duration steady = options_.steady_now();
    now_ += std::max(steady - std::exchange(started_, steady), absl::ZeroDuration());
    return now_;
  }

  // ConversationActions:

  void OpenRecognizer(int32_t utterance) override {
    orders_.emplace_back([this, utterance] {
      recognizing_ = utterance;
      recognition_ = parts_.recognizer->Start();
      samples_until_partial_ = kSamplesPerPartial;
    });
  }

  void Recognize(int32_t utterance, absl::Span<const int16_t> sound) override {
    // The first sound comes with the order to begin.
    orders_.emplace_back(
        [this, utterance, sound = std::vector<int16_t>(sound.begin(), sound.end())] {
          if (utterance != recognizing_ || !recognition_.ok()) return;
          recognition_ = parts_.recognizer->Process(sound);
          if (!recognition_.ok()) return;
          samples_until_partial_ -= static_cast<int64_t>(sound.size());
          if (samples_until_partial_ > 0 || parts_.grammar == nullptr) return;
          samples_until_partial_ = kSamplesPerPartial;
          absl::StatusOr<Hypothesis> words = parts_.recognizer->Partial();
          if (!words.ok()) return;
          const Fit fit = parts_.grammar->FitOf(words->text);
          words->rejected = fit == Fit::kNone;
          events_->PartialWords(Now(), utterance, *words, CompletenessOf(fit));
        });
  }

  void FinishRecognizer(int32_t utterance) override {
    orders_.emplace_back([this, utterance] {
      if (utterance != recognizing_) return;
      recognizing_ = 0;
      const bool heard = recognition_.ok();
      const absl::StatusOr<Hypothesis> words =
          heard ? parts_.recognizer->Finish() : absl::StatusOr<Hypothesis>(recognition_);
      if (!heard) parts_.recognizer->Cancel();
      status_.Update(words.status());
      events_->FinalWords(Now(), utterance, words);
    });
  }

  void CancelRecognizer(int32_t utterance) override {
    orders_.emplace_back([this, utterance] {
      if (utterance != recognizing_) return;
      recognizing_ = 0;
      parts_.recognizer->Cancel();
    });
  }

  void AskAgent(const AgentQuestion& question) override {
    asked_ = question.attempt;
    orders_.emplace_back(
        [this, attempt = question.attempt, utterance = question.utterance,
         calls = std::vector<ToolCall>(question.calls.begin(), question.calls.end()),
         answers = std::vector<ToolAnswer>(question.answers.begin(), question.answers.end())] {
          if (attempt != asked_) return;
          absl::StatusOr<AgentStep> step = Decide(utterance, calls, answers);
          const absl::Duration now = Now();
          if (!step.ok()) {
            status_.Update(step.status());
            events_->AgentDone(now, attempt, step.status());
          } else if (!step->calls.empty()) {
            std::vector<WantedCall> wanted;
            for (ToolCall& call : step->calls) {
              const tools::ToolPtr tool = parts_.registry->Find(call.name);
              const bool effects = tool != nullptr && !tool->tool.annotations.read_only;
              wanted.push_back({.call = std::move(call), .effects = effects});
            }
            events_->AgentCalls(now, attempt, std::move(wanted));
          } else {
            events_->AgentText(now, attempt, step->reply);
            events_->AgentDone(now, attempt, absl::OkStatus());
          }
        });
  }

  absl::StatusOr<AgentStep> Decide(const Hypothesis& utterance, absl::Span<const ToolCall> calls,
                                   absl::Span<const ToolAnswer> answers) {
    std::vector<session::Message> history;
    if (const int limit = parts_.agent->max_history_messages(); limit > 0) {
      session::SessionStore::HistoryOptions page;
      page.limit = limit;
      auto read = parts_.store->History(options_.session_id, page);
      if (!read.ok()) return read.status();
      history = *std::move(read);
    }
    return parts_.agent->Decide(
        {.utterance = utterance, .history = history, .calls = calls, .answers = answers});
  }

  void CancelAgent(int32_t attempt) override {
    if (asked_ == attempt) asked_ = 0;
  }

  void StartCall(int32_t call, absl::string_view id, const ToolCall& tool_call) override {
    calls_.push_back(call);
    requests_.push_back({.name = tool_call.name,
                         .arguments = tool_call.arguments,
                         .id = std::string(id),
                         .timeout = options_.tool_timeout});
    // The calls of a turn are ordered together, and run at once.
    if (requests_.size() > 1) return;
    orders_.emplace_back([this] {
      const std::vector<tools::ToolRequest> requests = std::exchange(requests_, {});
      const std::vector<int32_t> calls = std::exchange(calls_, {});
      std::vector<tools::ToolResponse> responses = parts_.executor->ExecuteAll(requests);
      const absl::Duration now = Now();
      for (size_t i = 0; i < responses.size(); ++i) {
        events_->CallEnded(now, calls[i], OutcomeOf(std::move(responses[i])));
      }
    });
  }
  void CancelCall(int32_t) override {}

  void Synthesize(int32_t piece, absl::string_view text) override {
    synthesizing_ = piece;
    orders_.emplace_back([this, piece, text = std::string(text)] {
      if (piece != synthesizing_) return;
      const absl::Status said = parts_.synthesizer->Synthesize(text, [&](const SpeechChunk& chunk) {
        events_->PieceSound(Now(), piece, chunk.samples, chunk.words);
        return piece == synthesizing_;
      });
      events_->PieceDone(Now(), piece, said);
    });
  }
  void CancelSynthesis(int32_t piece) override {
    if (synthesizing_ == piece) synthesizing_ = 0;
  }

  void Append(int32_t order, std::vector<session::Message> messages) override {
    orders_.emplace_back([this, order, messages = std::move(messages)] {
      const absl::StatusOr<int64_t> first = parts_.store->AppendAll(options_.session_id, messages);
      status_.Update(first.status());
      events_->Stored(Now(), order, first);
    });
  }
  void Amend(int32_t order, int64_t sequence, std::string content,
             std::optional<std::string> metadata) override {
    orders_.emplace_back([this, order, sequence, content = std::move(content),
                          metadata = std::move(metadata)] {
      const absl::Status amended = parts_.store->Amend(
          options_.session_id, {.sequence = sequence, .content = content, .metadata = metadata});
      status_.Update(amended);
      events_->Stored(Now(), order, amended.ok() ? absl::StatusOr<int64_t>(sequence) : amended);
    });
  }

  // There is no sound on the way: each frame is taken when it is heard.
  void Hold() override {}
  void Resume() override {}
  void Stop() override {}

  void TurnDone(const TurnReport& report) override {
    if (options_.on_turn != nullptr) options_.on_turn(report);
  }

  VoiceAgentParts parts_;
  const Options options_;
  ActionDigest digest_;
  std::unique_ptr<Conversation> conversation_;
  // Whom events are told: the conversation, or its recorder.
  std::unique_ptr<ConversationRecorder> recorder_;
  ConversationEvents* events_ = nullptr;
  size_t frame_samples_ = 0;
  std::vector<int16_t> input_frame_;
  std::vector<int16_t> output_frame_;
  absl::Duration now_;
  absl::Duration started_;
  absl::Duration next_announcements_;
  std::deque<Order> orders_;
  // What is at work, and was not cancelled.
  int32_t recognizing_ = 0;
  // What became of its recognition so far.
  absl::Status recognition_;
  int64_t samples_until_partial_ = 0;
  int32_t asked_ = 0;
  int32_t synthesizing_ = 0;
  std::vector<tools::ToolRequest> requests_;
  std::vector<int32_t> calls_;
  // The first error of the recogniser, the agent or the store during a Push or Flush.
  absl::Status status_;
};

absl::StatusOr<std::unique_ptr<VoiceAgent>> VoiceAgent::Create(VoiceAgentParts parts,
                                                               Options options) {
  if (parts.vad == nullptr || parts.recognizer == nullptr || parts.agent == nullptr ||
      parts.synthesizer == nullptr || parts.registry == nullptr || parts.executor == nullptr ||
      parts.store == nullptr) {
    return absl::InvalidArgumentError("a voice agent needs all its parts");
  }
  if (options.steady_now == nullptr) options.steady_now = SteadyNow;
  const auto session = parts.store->GetSession(options.session_id);
  if (!session.ok()) return session.status();
  options.conversation.num_messages = session->num_messages;
  // A recording does not hear its answers.
  options.conversation.hears_echo = options.conversation.hears_echo && options.live;
  options.conversation.output_sample_rate_hz = parts.synthesizer->sample_rate_hz();
  std::unique_ptr<audio::VoiceActivityDetector> vad = std::move(parts.vad);
  auto impl = std::make_unique<Impl>(std::move(parts), std::move(options));
  if (absl::Status started = impl->Start(std::move(vad)); !started.ok()) return started;
  return std::unique_ptr<VoiceAgent>(new VoiceAgent(std::move(impl)));
}

VoiceAgent::VoiceAgent(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
VoiceAgent::~VoiceAgent() = default;

absl::Status VoiceAgent::Push(absl::Span<const int16_t> samples) { return impl_->Push(samples); }
absl::Status VoiceAgent::Flush() { return impl_->Flush(); }

}  // namespace parlance::pipeline
