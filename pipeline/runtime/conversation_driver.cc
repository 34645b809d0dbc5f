#include "pipeline/runtime/conversation_driver.h"

#include <algorithm>
#include <atomic>
#include <exception>
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
#include "pipeline/conversation/turn/turn_messages.h"
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
        digest_(this),
        agent_settings_(options_.agent_settings) {}

  ~Impl() override {
    mailbox_->Close();
    if (utterance_ != nullptr) utterance_->Cancel();
    for (const auto& [id, utterance] : finishing_) utterance->Cancel();
    StopAsking();
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
  bool awaits_agent() const { return is_asking_; }
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
  // What was said before the turn; nothing while it was not read. Used by one task after the other.
  using History = std::optional<std::vector<session::Message>>;

  // The answer to one question: it becomes mail.
  class Answer : public AgentAnswer {
   public:
    // `impl`: told by mail alone.
    Answer(std::shared_ptr<Mailbox> mailbox, Impl* impl, int64_t question)
        : mailbox_(std::move(mailbox)), impl_(impl), question_(question) {}
    ~Answer() override { Done(absl::InternalError("the agent did not answer")); }

    void Text(absl::string_view text) override {
      if (text.empty() || !wanted()) return;
      mailbox_->Put([impl = impl_, question = question_, text = std::string(text)](
                        ConversationEvents& events, absl::Duration at) {
        impl->OnAnswerText(question, text, events, at);
      });
    }
    void Done(absl::StatusOr<AgentStep> step) override {
      if (!End(/*cancelled=*/false).has_value()) return;
      mailbox_->Put([impl = impl_, question = question_, step = std::move(step)](
                        ConversationEvents& events, absl::Duration at) {
        impl->OnAnswerDone(question, step, events, at);
      });
    }
    bool wanted() const override {
      annotated::MutexLock lock(mutex_);
      return wanted_;
    }
    void OnCancel(std::function<void()> cancel) override {
      annotated::MutexLock lock(mutex_);
      if (wanted_) {
        cancel_ = std::move(cancel);
        return;
      }
      const bool cancelled = cancelled_;
      lock.unlock();
      if (cancelled) cancel();
    }
    void Cancel() {
      const std::optional<std::function<void()>> cancel = End(/*cancelled=*/true);
      if (cancel.has_value() && *cancel != nullptr) (*cancel)();
    }

   private:
    // What is to be called if it was cancelled; nothing if it had ended before.
    std::optional<std::function<void()>> End(bool cancelled) {
      annotated::MutexLock lock(mutex_);
      if (!std::exchange(wanted_, false)) return std::nullopt;
      cancelled_ = cancelled;
      return std::exchange(cancel_, nullptr);
    }

    const std::shared_ptr<Mailbox> mailbox_;
    Impl* const impl_;
    const int64_t question_;
    mutable annotated::Mutex mutex_;
    bool wanted_ ABSL_GUARDED_BY(mutex_) = true;
    bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
    std::function<void()> cancel_ ABSL_GUARDED_BY(mutex_);
  };

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
    StopAsking();
    if (asked_ != question.attempt) {
      asked_ = question.attempt;
      steps_.clear();
      history_ = std::make_shared<History>();
    }
    ++num_awaited_;
    said_.clear();
    is_asking_ = true;
    const auto answer = std::make_shared<Answer>(mailbox_, this, ++num_questions_);
    answer_ = answer;
    AgentInput asked_with = {.session_id = options_.session_id,
                             .utterance = question.utterance,
                             .history = {},
                             .calls = {question.calls.begin(), question.calls.end()},
                             .answers = {question.answers.begin(), question.answers.end()},
                             .steps = steps_,
                             .settings = agent_settings_};
    if (AskAtOnce(asked_with, answer)) return;
    const bool posted = parts_.agent_runner->Post(
        {.run = [answer = std::shared_ptr<AgentAnswer>(answer), parts = parts_, history = history_,
                 input = std::move(asked_with)]() mutable {
          if (!answer->wanted()) return;
          if (absl::Status read = ReadHistory(parts, input.session_id, *history); !read.ok()) {
            answer->Done(read);
            return;
          }
          input.history = **history;
          parts.agent->Ask(std::move(input), std::move(answer));
        }});
    if (!posted) {
      answer->Done(absl::ResourceExhaustedError(
          "the queue of turns to be answered is full; try again later"));
    }
  }

  // Asks an agent that answers at once. False, and nothing is done, if it is another.
  bool AskAtOnce(AgentInput& input, const std::shared_ptr<Answer>& answer) {
    try {
      if (!parts_.agent->AnswersAtOnce(input)) return false;
      parts_.agent->Ask(std::move(input), answer);
    } catch (const std::exception& exception) {
      answer->Done(absl::InternalError(absl::StrCat("the agent threw: ", exception.what())));
    } catch (...) {
      answer->Done(absl::InternalError("the agent threw something that is not a std::exception"));
    }
    return true;
  }

  // Nothing once it was read: what the turn itself has stored meanwhile is no history of it.
  static absl::Status ReadHistory(const SharedParts& parts, const std::string& session_id,
                                  History& history) {
    if (history.has_value()) return absl::OkStatus();
    history.emplace();
    const int limit = parts.agent->max_history_messages();
    if (limit <= 0) return absl::OkStatus();
    session::SessionStore::HistoryOptions page;
    page.limit = limit;
    auto read = parts.store->History(session_id, page);
    if (!read.ok()) return read.status();
    *history = *std::move(read);
    return absl::OkStatus();
  }

  void OnAnswerText(int64_t question, const std::string& text, ConversationEvents& events,
                    absl::Duration at) {
    if (!is_asking_ || question != num_questions_) return;
    said_ += text;
    events.AgentText(at, asked_, text);
  }

  void OnAnswerDone(int64_t question, const absl::StatusOr<AgentStep>& step,
                    ConversationEvents& events, absl::Duration at) {
    if (!is_asking_ || question != num_questions_) return;
    is_asking_ = false;
    --num_awaited_;
    const int32_t attempt = asked_;
    status_.Update(step.status());
    if (step.ok() && !step->reply.empty()) {
      said_ += step->reply;
      events.AgentText(at, attempt, step->reply);
    }
    if (!step.ok() || step->calls.empty()) {
      events.AgentDone(at, attempt, step.status());
      return;
    }
    steps_.push_back({.text = std::move(said_), .num_calls = step->calls.size()});
    std::vector<WantedCall> wanted;
    for (const ToolCall& call : step->calls) {
      const tools::ToolPtr tool = parts_.registry->Find(call.name);
      // What a client's tool changes is not known.
      const bool effects =
          IsClients(call.name) || (tool != nullptr && !tool->tool.annotations.read_only);
      wanted.push_back({.call = call, .effects = effects});
    }
    events.AgentCalls(at, attempt, std::move(wanted));
  }

  // What the agent still says is dropped.
  void StopAsking() {
    if (!std::exchange(is_asking_, false)) return;
    --num_awaited_;
    if (const std::shared_ptr<Answer> answer = answer_.lock()) answer->Cancel();
  }

  void CancelAgent(int32_t attempt) override {
    if (asked_ == attempt) StopAsking();
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
              if (chunk.samples.empty() && chunk.words.empty()) {
                return wanted->load(std::memory_order_relaxed);
              }
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
                       absl::ResourceExhaustedError(
                           "the queue of answers to be spoken is full; try again later"));
    });
  }

  static absl::Status Say(Synthesizer& synthesizer, absl::string_view text,
                          const SpeechSink& sink) {
    try {
      return synthesizer.Synthesize(text, sink);
    } catch (const std::exception& exception) {
      return absl::InternalError(absl::StrCat("the synthesiser threw: ", exception.what()));
    } catch (...) {
      return absl::InternalError("the synthesiser threw something that is not a std::exception");
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
  std::shared_ptr<const AgentSettings> agent_settings_;
  // The attempt that the agent was asked for last, what was before it, and what it did so far.
  int32_t asked_ = 0;
  std::shared_ptr<History> history_;
  std::vector<EarlierStep> steps_;
  // Whether an answer is awaited, and what the agent has said of it. The answer is the agent's
  // own, so that one that is forgotten is noticed.
  bool is_asking_ = false;
  std::weak_ptr<Answer> answer_;
  int64_t num_questions_ = 0;
  std::string said_;
  int32_t synthesizing_ = 0;
  Wanted speaking_;
  bool speaks_ = true;
  // Calls that the client makes.
  std::set<int32_t> client_calls_;
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
bool ConversationDriver::awaits_agent() const { return impl_->awaits_agent(); }
void ConversationDriver::SetAgentSettings(std::shared_ptr<const AgentSettings> settings) {
  impl_->SetAgentSettings(std::move(settings));
}
void ConversationDriver::SetSpeaks(bool speaks) { impl_->SetSpeaks(speaks); }
void ConversationDriver::EndCall(absl::Duration at, int32_t call, CallOutcome outcome) {
  impl_->EndCall(at, call, std::move(outcome));
}
absl::Status ConversationDriver::TakeStatus() { return impl_->TakeStatus(); }

}  // namespace parlance::pipeline
