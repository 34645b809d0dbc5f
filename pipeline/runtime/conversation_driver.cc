#include "pipeline/runtime/conversation_driver.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <variant>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "pipeline/conversation/conversation_events.h"
#include "pipeline/conversation/replay/action_digest.h"
#include "pipeline/conversation/turn_messages.h"
#include "pipeline/runtime/completeness.h"
#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"
#include "session/message.h"
#include "third_party/annotated_mutex.h"
#include "tools/tool_definition.h"

namespace parlance::pipeline {
namespace {

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

CallOutcome OutcomeOf(const tools::ToolResponse& response) {
  CallOutcome outcome;
  if (const auto* error = std::get_if<tools::ToolError>(&response.result)) {
    outcome.answer = {.ok = false, .json = ErrorJson(*error), .text = error->message};
  } else {
    const auto& output = std::get<tools::ToolOutput>(response.result);
    outcome.answer = {.ok = true, .json = output.json, .text = output.text};
  }
  outcome.metadata = response.record.ToJson();
  outcome.took = response.record.ended;
  return outcome;
}

// Tells the conversation of something.
using Mail = std::function<void(ConversationEvents&, absl::Duration at)>;

// Where what came of orders waits for the conversation's owner. Outlives the driver for as long as
// somebody may still put something into it. Thread-safe.
class Mailbox {
 public:
  explicit Mailbox(std::function<void()> wake) : wake_(std::move(wake)) {}

  void Put(Mail mail) {
    std::function<void()> wake;
    {
      annotated::MutexLock lock(mutex_);
      if (closed_) return;
      if (mail_.empty()) wake = wake_;
      mail_.push_back(std::move(mail));
    }
    if (wake != nullptr) wake();
  }
  void TakeAll(std::vector<Mail>& mail) {
    annotated::MutexLock lock(mutex_);
    mail.swap(mail_);
  }
  void Close() {
    std::vector<Mail> dropped;
    std::function<void()> wake;
    annotated::MutexLock lock(mutex_);
    closed_ = true;
    dropped.swap(mail_);
    wake.swap(wake_);
    lock.unlock();
  }

 private:
  annotated::Mutex mutex_;
  std::function<void()> wake_ ABSL_GUARDED_BY(mutex_);
  std::vector<Mail> mail_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

// Whether somebody still wants what is being made.
using Wanted = std::shared_ptr<std::atomic<bool>>;

Wanted MakeWanted() { return std::make_shared<std::atomic<bool>>(true); }

void Unwant(Wanted& wanted) {
  if (wanted != nullptr) wanted->store(false, std::memory_order_relaxed);
  wanted = nullptr;
}

}  // namespace

class ConversationDriver::Impl : private ConversationActions {
 public:
  Impl(const SharedParts& parts, Handling options)
      : parts_(parts),
        options_(std::move(options)),
        mailbox_(std::make_shared<Mailbox>(options_.wake)),
        digest_(this) {}

  ~Impl() override {
    mailbox_->Close();
    if (utterance_ != nullptr) utterance_->Cancel();
    for (const auto& [id, utterance] : finishing_) utterance->Cancel();
    Unwant(asking_);
    Unwant(speaking_);
    for (const auto& [id, call] : calls_) parts_.executor->Cancel(call);
  }

  // `options`: of the conversation, which has its own copy of them.
  absl::Status Start(std::unique_ptr<audio::VoiceActivityDetector> vad,
                     const ConversationOptions& options, const std::string& detector) {
    auto conversation = Conversation::Create(options, std::move(vad), &digest_);
    if (!conversation.ok()) return conversation.status();
    conversation_ = *std::move(conversation);
    conversation_->set_observer(options_.observer);
    events_ = conversation_.get();
    if (options_.record != nullptr) {
      recorder_ = std::make_unique<ConversationRecorder>(options, detector, conversation_.get(),
                                                         &digest_, options_.record);
      events_ = recorder_.get();
    }
    return absl::OkStatus();
  }

  ConversationEvents& events() { return *events_; }
  const Conversation& conversation() const { return *conversation_; }
  int num_awaited() const { return num_awaited_; }
  absl::Status TakeStatus() { return std::exchange(status_, absl::OkStatus()); }
  void SetAgentSettings(std::shared_ptr<const AgentSettings> settings) {
    agent_settings_ = std::move(settings);
  }
  void SetSpeaks(bool speaks) { speaks_ = speaks; }
  void EndCall(absl::Duration at, int32_t call, CallOutcome outcome) {
    if (client_calls_.erase(call) == 0) return;
    --num_awaited_;
    events_->CallEnded(at, call, std::move(outcome));
  }

  int HandleMail(const std::function<absl::Duration()>& now) {
    int num_handled = 0;
    // What is handled may bring more, and may ask for this again.
    for (;;) {
      std::vector<Mail> mail = std::move(spare_);
      mail.clear();
      mailbox_->TakeAll(mail);
      if (mail.empty()) {
        spare_ = std::move(mail);
        return num_handled;
      }
      for (const Mail& one : mail) one(*events_, now());
      num_handled += static_cast<int>(mail.size());
      spare_ = std::move(mail);
    }
  }

 private:
  // Puts mail that is the last that comes of an order.
  static void PutLast(const std::shared_ptr<Mailbox>& mailbox, Impl* impl, Mail mail) {
    mailbox->Put([impl, mail = std::move(mail)](ConversationEvents& events, absl::Duration at) {
      --impl->num_awaited_;
      mail(events, at);
    });
  }

  // ConversationActions. Mail is handled by the driver's owner, and no more once it is gone, so it
  // may use `this`; what runs elsewhere may not.

  void OpenRecognizer(int32_t utterance) override {
    recognizing_ = utterance;
    utterance_ = parts_.recognizers->Open(
        options_.session_id,
        {.on_partial =
             [mailbox = mailbox_, grammar = parts_.grammar, utterance](const Hypothesis& words) {
               if (grammar == nullptr) return;
               const Fit fit = grammar->FitOf(words.text);
               Hypothesis fitting = words;
               fitting.rejected = fit == Fit::kNone;
               mailbox->Put([utterance, fitting = std::move(fitting), fit](
                                ConversationEvents& events, absl::Duration at) {
                 events.PartialWords(at, utterance, fitting, CompletenessOf(fit));
               });
             },
         .on_final =
             [this, mailbox = mailbox_, utterance](const absl::StatusOr<Hypothesis>& words) {
               mailbox->Put(
                   [this, utterance, words](ConversationEvents& events, absl::Duration at) {
                     // It may have been cancelled meanwhile.
                     if (finishing_.erase(utterance) == 0) return;
                     --num_awaited_;
                     status_.Update(words.status());
                     events.FinalWords(at, utterance, words);
                   });
             }});
  }

  void Recognize(int32_t utterance, absl::Span<const int16_t> sound) override {
    if (utterance == recognizing_) utterance_->Hear(sound);
  }

  void FinishRecognizer(int32_t utterance) override {
    if (utterance != recognizing_) return;
    recognizing_ = 0;
    ++num_awaited_;
    const auto finishing = finishing_.emplace(utterance, std::exchange(utterance_, nullptr)).first;
    finishing->second->Finish();
  }

  void CancelRecognizer(int32_t utterance) override {
    if (utterance == recognizing_) {
      recognizing_ = 0;
      std::exchange(utterance_, nullptr)->Cancel();
    } else if (const auto found = finishing_.find(utterance); found != finishing_.end()) {
      found->second->Cancel();
      finishing_.erase(found);
      --num_awaited_;
    }
  }

  void AskAgent(const AgentQuestion& question) override {
    Unwant(asking_);
    asking_ = MakeWanted();
    asked_ = question.attempt;
    ++num_awaited_;
    const bool posted = parts_.agent_runner->Post(
        {.run = [this, mailbox = mailbox_, parts = parts_, session_id = options_.session_id,
                 wanted = asking_, attempt = question.attempt, utterance = question.utterance,
                 calls = std::vector<ToolCall>(question.calls.begin(), question.calls.end()),
                 answers =
                     std::vector<ToolAnswer>(question.answers.begin(), question.answers.end())] {
          if (!wanted->load(std::memory_order_relaxed)) {
            PutLast(mailbox, this, [](ConversationEvents&, absl::Duration) {});
            return;
          }
          absl::StatusOr<AgentStep> step = Decide(parts, session_id, utterance, calls, answers);
          if (step.ok() && !step->calls.empty()) {
            std::vector<WantedCall> wanted_calls;
            for (ToolCall& call : step->calls) {
              const tools::ToolPtr tool = parts.registry->Find(call.name);
              const bool effects = tool != nullptr && !tool->tool.annotations.read_only;
              wanted_calls.push_back({.call = std::move(call), .effects = effects});
            }
            PutLast(mailbox, this,
                    [attempt, wanted_calls = std::move(wanted_calls)](ConversationEvents& events,
                                                                      absl::Duration at) {
                      events.AgentCalls(at, attempt, wanted_calls);
                    });
            return;
          }
          PutLast(mailbox, this,
                  [this, attempt, step = std::move(step)](ConversationEvents& events,
                                                          absl::Duration at) {
                    status_.Update(step.status());
                    if (step.ok()) events.AgentText(at, attempt, step->reply);
                    events.AgentDone(at, attempt, step.status());
                  });
        }});
    if (posted) return;
    PutLast(mailbox_, this,
            [attempt = question.attempt](ConversationEvents& events, absl::Duration at) {
              events.AgentDone(at, attempt,
                               absl::ResourceExhaustedError("too many turns wait to be answered"));
            });
  }

  static absl::StatusOr<AgentStep> Decide(const SharedParts& parts, const std::string& session_id,
                                          const Hypothesis& utterance,
                                          absl::Span<const ToolCall> calls,
                                          absl::Span<const ToolAnswer> answers) {
    std::vector<session::Message> history;
    if (const int limit = parts.agent->max_history_messages(); limit > 0) {
      session::SessionStore::HistoryOptions page;
      page.limit = limit;
      auto read = parts.store->History(session_id, page);
      if (!read.ok()) return read.status();
      history = *std::move(read);
    }
    try {
      return parts.agent->Decide(
          {.utterance = utterance, .history = history, .calls = calls, .answers = answers});
    } catch (const std::exception& exception) {
      return absl::InternalError(absl::StrCat("the agent threw: ", exception.what()));
    } catch (...) {
      return absl::InternalError("the agent threw something that is no exception");
    }
  }

  void CancelAgent(int32_t attempt) override {
    if (asked_ == attempt) Unwant(asking_);
  }

  bool IsClients(absl::string_view tool) const {
    return agent_settings_ != nullptr &&
           std::any_of(agent_settings_->tools.begin(), agent_settings_->tools.end(),
                       [&](const OfferedTool& each) { return each.name == tool; });
  }

  void StartCall(int32_t call, absl::string_view id, const ToolCall& tool_call) override {
    ++num_awaited_;
    if (IsClients(tool_call.name)) {
      client_calls_.insert(call);
      return;
    }
    std::shared_ptr<tools::ToolExecutor::Call> started = parts_.executor->Start(
        {.name = tool_call.name,
         .arguments = tool_call.arguments,
         .id = std::string(id),
         .caller = options_.session_id,
         .timeout = options_.tool_timeout,
         .on_worker = options_.tools_on_workers},
        [this, mailbox = mailbox_, call](const tools::ToolResponse& response) {
          PutLast(mailbox, this,
                  [this, call, outcome = OutcomeOf(response)](ConversationEvents& events,
                                                              absl::Duration at) {
                    calls_.erase(call);
                    events.CallEnded(at, call, outcome);
                  });
        });
    if (started != nullptr) calls_[call] = std::move(started);
  }

  void CancelCall(int32_t call) override {
    if (client_calls_.erase(call) > 0) {
      --num_awaited_;
      return;
    }
    const auto found = calls_.find(call);
    if (found == calls_.end()) return;
    parts_.executor->Cancel(found->second);
  }

  void Synthesize(int32_t piece, absl::string_view text) override {
    Unwant(speaking_);
    speaking_ = MakeWanted();
    synthesizing_ = piece;
    ++num_awaited_;
    if (!speaks_) {
      // What is only read has one sample, which is all of its words.
      PutLast(mailbox_, this,
              [piece, size = text.size()](ConversationEvents& events, absl::Duration at) {
                const int16_t sample = 0;
                const WordMark word = {.text_end = size};
                events.PieceSound(at, piece, absl::MakeConstSpan(&sample, 1),
                                  absl::MakeConstSpan(&word, 1));
                events.PieceDone(at, piece, absl::OkStatus());
              });
      return;
    }
    const bool posted = parts_.synthesis_runner->Post(
        {.run = [this, mailbox = mailbox_, synthesizer = parts_.synthesizer, wanted = speaking_,
                 piece, text = std::string(text)] {
          absl::Status said;
          if (wanted->load(std::memory_order_relaxed)) {
            said = Say(*synthesizer, text, [&](const SpeechChunk& chunk) {
              mailbox->Put(
                  [piece,
                   samples = std::vector<int16_t>(chunk.samples.begin(), chunk.samples.end()),
                   words = std::vector<WordMark>(chunk.words.begin(), chunk.words.end())](
                      ConversationEvents& events, absl::Duration at) {
                    events.PieceSound(at, piece, samples, words);
                  });
              return wanted->load(std::memory_order_relaxed);
            });
          }
          PutLast(mailbox, this, [piece, said](ConversationEvents& events, absl::Duration at) {
            events.PieceDone(at, piece, said);
          });
        }});
    if (posted) return;
    PutLast(mailbox_, this, [piece](ConversationEvents& events, absl::Duration at) {
      events.PieceDone(at, piece,
                       absl::ResourceExhaustedError("too many answers wait to be spoken"));
    });
  }

  static absl::Status Say(Synthesizer& synthesizer, absl::string_view text,
                          const SpeechSink& sink) {
    try {
      return synthesizer.Synthesize(text, sink);
    } catch (const std::exception& exception) {
      return absl::InternalError(absl::StrCat("the synthesiser threw: ", exception.what()));
    } catch (...) {
      return absl::InternalError("the synthesiser threw something that is no exception");
    }
  }

  void CancelSynthesis(int32_t piece) override {
    if (synthesizing_ == piece) Unwant(speaking_);
  }

  void Append(int32_t order, std::vector<session::Message> messages) override {
    ++num_awaited_;
    const auto done = [this, mailbox = mailbox_, order](const absl::StatusOr<int64_t>& first) {
      PutLast(mailbox, this, [this, order, first](ConversationEvents& events, absl::Duration at) {
        status_.Update(first.status());
        events.Stored(at, order, first);
      });
    };
    if (absl::Status handed =
            parts_.store->AppendAsync(options_.session_id, std::move(messages), done);
        !handed.ok()) {
      done(handed);
    }
  }
  void Amend(int32_t order, int64_t sequence, std::string content,
             std::optional<std::string> metadata) override {
    ++num_awaited_;
    const auto done = [this, mailbox = mailbox_, order, sequence](const absl::Status& amended) {
      PutLast(mailbox, this,
              [this, order, sequence, amended](ConversationEvents& events, absl::Duration at) {
                status_.Update(amended);
                events.Stored(at, order,
                              amended.ok() ? absl::StatusOr<int64_t>(sequence) : amended);
              });
    };
    if (absl::Status handed = parts_.store->AmendAsync(
            options_.session_id,
            {.sequence = sequence, .content = std::move(content), .metadata = std::move(metadata)},
            done);
        !handed.ok()) {
      done(handed);
    }
  }

  void Hold() override {
    if (options_.on_hold != nullptr) options_.on_hold();
  }
  void Resume() override {
    if (options_.on_resume != nullptr) options_.on_resume();
  }
  void Stop() override {
    if (options_.on_stop != nullptr) options_.on_stop();
  }
  void TurnDone(const TurnReport& report) override {
    if (options_.on_turn != nullptr) options_.on_turn(report);
  }

  const SharedParts parts_;
  const Handling options_;
  const std::shared_ptr<Mailbox> mailbox_;
  ActionDigest digest_;
  std::unique_ptr<Conversation> conversation_;
  // Whom events are told: the conversation, or its recorder.
  std::unique_ptr<ConversationRecorder> recorder_;
  ConversationEvents* events_ = nullptr;
  std::vector<Mail> spare_;
  int num_awaited_ = 0;
  absl::Status status_;
  // What is at work, and was not cancelled.
  int32_t recognizing_ = 0;
  std::shared_ptr<RecognizerPool::Utterance> utterance_;
  // Those whose final words are waited for.
  std::map<int32_t, std::shared_ptr<RecognizerPool::Utterance>> finishing_;
  int32_t asked_ = 0;
  Wanted asking_;
  int32_t synthesizing_ = 0;
  Wanted speaking_;
  bool speaks_ = true;
  // Calls that the client makes.
  std::set<int32_t> client_calls_;
  std::shared_ptr<const AgentSettings> agent_settings_;
  std::map<int32_t, std::shared_ptr<tools::ToolExecutor::Call>> calls_;
};

absl::StatusOr<std::unique_ptr<ConversationDriver>> ConversationDriver::Create(
    const SharedParts& parts, std::unique_ptr<audio::VoiceActivityDetector> vad, Options options) {
  if (vad == nullptr || parts.recognizers == nullptr || parts.agent == nullptr ||
      parts.agent_runner == nullptr || parts.synthesizer == nullptr ||
      parts.synthesis_runner == nullptr || parts.registry == nullptr || parts.executor == nullptr ||
      parts.store == nullptr) {
    return absl::InvalidArgumentError("a voice agent needs all its parts");
  }
  auto impl = std::make_unique<Impl>(parts, std::move(options.handling));
  if (absl::Status started = impl->Start(std::move(vad), options.conversation, options.detector);
      !started.ok()) {
    return started;
  }
  return std::unique_ptr<ConversationDriver>(new ConversationDriver(std::move(impl)));
}

ConversationDriver::ConversationDriver(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ConversationDriver::~ConversationDriver() = default;

ConversationEvents& ConversationDriver::events() { return impl_->events(); }
const Conversation& ConversationDriver::conversation() const { return impl_->conversation(); }
int ConversationDriver::HandleMail(const std::function<absl::Duration()>& now) {
  return impl_->HandleMail(now);
}
int ConversationDriver::num_awaited() const { return impl_->num_awaited(); }
void ConversationDriver::SetAgentSettings(std::shared_ptr<const AgentSettings> settings) {
  impl_->SetAgentSettings(std::move(settings));
}
void ConversationDriver::SetSpeaks(bool speaks) { impl_->SetSpeaks(speaks); }
void ConversationDriver::EndCall(absl::Duration at, int32_t call, CallOutcome outcome) {
  impl_->EndCall(at, call, std::move(outcome));
}
absl::Status ConversationDriver::TakeStatus() { return impl_->TakeStatus(); }

}  // namespace parlance::pipeline
