#include "pipeline/house/house_services.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "audio/turns/endpointer.h"
#include "audio/turns/speech_segmenter.h"
#include "audio/turns/turn_observer.h"
#include "pipeline/clock/steady_clock.h"
#include "pipeline/conversation/answer/answer_cutter.h"
#include "pipeline/conversation/turn/turn_taking.h"
#include "pipeline/runtime/housekeeper.h"
#include "pipeline/runtime/recognizer_pool.h"
#include "pipeline/runtime/worker_pool.h"
#include "third_party/annotated_mutex.h"

namespace parlance::pipeline {
namespace {

constexpr int kHearingHz = 16000;

// Sound that a recogniser hears as it comes.
class PooledTranscription : public door::Transcription {
 public:
  PooledTranscription(RecognizerPool& pool, door::Transcriber::Listener listener) {
    utterance_ = pool.Open(
        "house", {.on_partial = [](const Hypothesis&) {},
                  .on_final =
                      [listener = std::move(listener)](const absl::StatusOr<Hypothesis>& words) {
                        if (!words.ok()) {
                          listener.done(words.status());
                        } else {
                          listener.done(words->rejected ? std::string() : words->text);
                        }
                      }});
  }
  ~PooledTranscription() override { utterance_->Cancel(); }
  void Sound(absl::Span<const int16_t> samples) override { utterance_->Hear(samples); }
  void End() override { utterance_->Finish(); }

 private:
  std::shared_ptr<RecognizerPool::Utterance> utterance_;
};

class PooledTranscriber : public door::Transcriber {
 public:
  explicit PooledTranscriber(RecognizerPool* pool) : pool_(*pool) {}
  door::ServiceDescription description() const override {
    return {.name = "parlance",
            .description = "Understands what the agent's grammar has",
            .version = "1",
            .model = "grammar",
            .languages = {"en"},
            .author = "Parlance"};
  }
  std::unique_ptr<door::Transcription> Start(absl::string_view /*language*/,
                                             Listener listener) override {
    return std::make_unique<PooledTranscription>(pool_, std::move(listener));
  }

 private:
  RecognizerPool& pool_;
};

// A text that is said, a piece a task, so that whoever else waits for the runner has to wait
// for one piece and not for all of the text.
class Saying : public std::enable_shared_from_this<Saying> {
 public:
  Saying(Synthesizer* synthesizer, TaskRunner* runner, door::Speaker::Listener listener)
      : synthesizer_(*synthesizer), runner_(*runner), listener_(std::move(listener)) {}

  // Before Begin.
  void Add(absl::string_view text) {
    // The cutter looks at all of what it has for each piece, so it is given little at a time.
    for (; !text.empty(); text.remove_prefix(std::min(kStep, text.size()))) {
      cutter_.Add(text.substr(0, kStep));
      while (std::optional<std::string> piece = cutter_.Next()) {
        pieces_.push_back(*std::move(piece));
      }
    }
  }
  void Begin() {
    while (std::optional<std::string> piece = cutter_.Finish()) {
      pieces_.push_back(*std::move(piece));
    }
    GoOn();
  }
  // From any thread.
  void Cancel() { is_wanted_ = false; }

 private:
  // One at a time.
  void GoOn() {
    if (pieces_.empty()) return Done(absl::OkStatus());
    const bool is_posted = runner_.Post(
        {.run = [self = shared_from_this()] { self->SayOne(); },
         .overdue =
             [self = shared_from_this()] {
               self->Done(absl::DeadlineExceededError("the voice did not answer in time"));
             }});
    if (!is_posted) {
      Done(
          absl::ResourceExhaustedError("the queue of texts to be spoken is full; try again later"));
    }
  }
  void SayOne() {
    if (!is_wanted_) return;
    const std::string piece = std::move(pieces_.front());
    pieces_.pop_front();
    bool is_heard = true;
    const absl::Status said = synthesizer_.Synthesize(piece, [&](const SpeechChunk& chunk) {
      is_heard = is_wanted_ && (chunk.samples.empty() || listener_.sound(chunk.samples));
      return is_heard;
    });
    if (!is_wanted_) return;
    if (!said.ok() || !is_heard) return Done(said);
    GoOn();
  }
  // Whoever comes first says how it ended.
  void Done(const absl::Status& status) {
    if (is_wanted_.exchange(false)) listener_.done(status);
  }

  static constexpr size_t kStep = AnswerCutter::kMaxPieceBytes;

  Synthesizer& synthesizer_;
  TaskRunner& runner_;
  const door::Speaker::Listener listener_;
  std::atomic<bool> is_wanted_ = true;
  AnswerCutter cutter_;
  std::deque<std::string> pieces_;
};

// Text that is spoken when all of it is there.
class PooledSpeech : public door::Speech {
 public:
  explicit PooledSpeech(std::shared_ptr<Saying> saying) : saying_(std::move(saying)) {}
  ~PooledSpeech() override { saying_->Cancel(); }
  void Text(absl::string_view text) override { saying_->Add(text); }
  void End() override { saying_->Begin(); }

 private:
  const std::shared_ptr<Saying> saying_;
};

class PooledSpeaker : public door::Speaker {
 public:
  PooledSpeaker(Synthesizer* synthesizer, TaskRunner* runner, std::string voice)
      : synthesizer_(*synthesizer), runner_(*runner), voice_(std::move(voice)) {}
  door::ServiceDescription description() const override {
    return {.name = "parlance",
            .description = "Speaks with the agent's voice",
            .version = "1",
            .model = voice_,
            .languages = {"en-US"},
            .author = "Parlance"};
  }
  int sample_rate_hz() const override { return synthesizer_.sample_rate_hz(); }
  std::unique_ptr<door::Speech> Start(absl::string_view /*voice*/, Listener listener) override {
    return std::make_unique<PooledSpeech>(
        std::make_shared<Saying>(&synthesizer_, &runner_, std::move(listener)));
  }

 private:
  Synthesizer& synthesizer_;
  TaskRunner& runner_;
  const std::string voice_;
};

// Which session of the store belongs to a conversation of the house.
class SessionNames {
 public:
  // Empty if none does.
  std::string Find(const std::string& conversation) {
    annotated::MutexLock lock(mutex_);
    const auto found = sessions_.find(conversation);
    return found == sessions_.end() ? "" : found->second;
  }
  void Keep(const std::string& conversation, const std::string& session) {
    if (conversation.empty()) return;
    annotated::MutexLock lock(mutex_);
    if (!sessions_.insert_or_assign(conversation, session).second) return;
    order_.push_back(conversation);
    if (order_.size() <= HouseParts::kMaxConversations) return;
    sessions_.erase(order_.front());
    order_.pop_front();
  }

 private:
  annotated::Mutex mutex_;
  std::map<std::string, std::string> sessions_ ABSL_GUARDED_BY(mutex_);
  std::list<std::string> order_ ABSL_GUARDED_BY(mutex_);
};

// Questions of one conversation come one after the other, because its session is open for one only.
class QuestionOrder {
 public:
  // Calls `ask` now, or when those of its conversation that entered before have left. False if too
  // many of them wait already.
  bool Enter(const std::string& conversation, std::function<void()> ask) {
    if (!conversation.empty()) {
      annotated::MutexLock lock(mutex_);
      const auto [line, is_first] = waiting_.try_emplace(conversation);
      if (!is_first) {
        if (line->second.size() >= HouseParts::kMaxWaitingQuestions) return false;
        line->second.push_back(std::move(ask));
        return true;
      }
    }
    ask();
    return true;
  }
  // Whoever was asked has been answered, and its session is closed.
  void Leave(const std::string& conversation) {
    if (conversation.empty()) return;
    std::function<void()> next;
    {
      annotated::MutexLock lock(mutex_);
      const auto line = waiting_.find(conversation);
      if (line->second.empty()) {
        waiting_.erase(line);
        return;
      }
      next = std::move(line->second.front());
      line->second.pop_front();
    }
    next();
  }

 private:
  annotated::Mutex mutex_;
  // Those that wait, by the conversations that have a question under way.
  std::map<std::string, std::deque<std::function<void()>>> waiting_ ABSL_GUARDED_BY(mutex_);
};

// One question: a session that lives as long as its answer. Owned by the runtime until Closed.
class Question : public SessionSink, public std::enable_shared_from_this<Question> {
 public:
  using Done = std::function<void(const absl::StatusOr<door::Answerer::Answer>&)>;

  // `leave` is called once its session is closed, or could not be opened.
  Question(Done done, std::function<void()> leave)
      : leave_(std::move(leave)), done_(std::move(done)) {}

  // Blocks for the store.
  void Ask(Runtime& runtime, SessionNames& names, const door::Answerer::Request& request) {
    {
      annotated::MutexLock lock(mutex_);
      self_ = shared_from_this();
    }
    const std::string session = names.Find(request.conversation_id);
    auto opened = runtime.Open(Options(session), this);
    // A session that cannot be gone on with, since it was deleted or closed or is held at another
    // door, is followed by a new one: a house knows no sessions, and could do nothing about it.
    if (!session.empty() &&
        (absl::IsNotFound(opened.status()) || absl::IsFailedPrecondition(opened.status()) ||
         absl::IsAlreadyExists(opened.status()))) {
      opened = runtime.Open(Options(""), this);
    }
    if (!opened.ok()) {
      Finish(opened.status());
      Leave();
      return;
    }
    names.Keep(request.conversation_id, (*opened)->id());
    {
      annotated::MutexLock lock(mutex_);
      session_ = *opened;
    }
    (*opened)->SetSpeaks(false).IgnoreError();
    if (absl::Status typed = (*opened)->Type(request.text); !typed.ok()) {
      Finish(typed);
      (*opened)->HangUp();
    }
  }

  // Gives the answer, unless one was given. From any thread.
  void Finish(const absl::StatusOr<door::Answerer::Answer>& answer) {
    Done done;
    {
      annotated::MutexLock lock(mutex_);
      done = std::exchange(done_, nullptr);
    }
    if (done != nullptr) done(answer);
  }

  // SessionSink:
  void AnswerText(int32_t /*answer*/, absl::string_view text) override {
    annotated::MutexLock lock(mutex_);
    absl::StrAppend(&text_, text);
  }
  void TurnDone(const TurnReport& /*report*/) override {
    std::string text;
    std::shared_ptr<Runtime::Session> session;
    {
      annotated::MutexLock lock(mutex_);
      text = text_;
      session = session_;
    }
    Finish(door::Answerer::Answer{.is_handled = !text.empty(), .text = text});
    if (session != nullptr) session->HangUp();
  }
  void Frame(absl::Span<const int16_t> /*samples*/) override {}
  void Closed(const absl::Status& status) override {
    Finish(status.ok() ? absl::UnavailableError("the conversation ended") : status);
    Leave();
  }

 private:
  static SessionOptions Options(const std::string& session) {
    SessionOptions options;
    options.session_id = session;
    options.title = "House";
    options.conversation.input_sample_rate_hz = kHearingHz;
    options.turn_taking = TurnTaking{.detects_speech = false};
    return options;
  }

  // As the last: it may be destroyed then.
  void Leave() {
    std::shared_ptr<Question> self;
    {
      annotated::MutexLock lock(mutex_);
      self = std::move(self_);
      session_ = nullptr;
    }
    leave_();
  }

  const std::function<void()> leave_;
  annotated::Mutex mutex_;
  Done done_ ABSL_GUARDED_BY(mutex_);
  std::string text_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<Runtime::Session> session_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<Question> self_ ABSL_GUARDED_BY(mutex_);
};

class RuntimeAnswerer : public door::Answerer {
 public:
  RuntimeAnswerer(Runtime* runtime, TaskRunner* runner) : runtime_(*runtime), runner_(*runner) {}
  door::ServiceDescription description() const override {
    return {.name = "parlance",
            .description = "The agent",
            .version = "1",
            .model = "agent",
            .languages = {"en"},
            .author = "Parlance"};
  }
  void Ask(Request request, std::function<void(const absl::StatusOr<Answer>&)> done) override {
    const std::string conversation = request.conversation_id;
    auto ask = [this, done, conversation, request = std::move(request)]() mutable {
      // The order outlives this object where a session closes after its answer was given.
      auto leave = [order = order_, conversation] { order->Leave(conversation); };
      auto question = std::make_shared<Question>(done, leave);
      // Its place in the line is kept until the store answers after all.
      auto overdue = [question] {
        question->Finish(absl::DeadlineExceededError("the store did not answer in time"));
      };
      if (runner_.Post(
              {.run = [this, question = std::move(question),
                       request = std::move(request)] { question->Ask(runtime_, names_, request); },
               .overdue = std::move(overdue)})) {
        return;
      }
      done(absl::ResourceExhaustedError("the queue of questions is full; try again later"));
      leave();
    };
    if (!order_->Enter(conversation, std::move(ask))) {
      done(absl::ResourceExhaustedError(
          "the queue of this conversation's questions is full; try again later"));
    }
  }

 private:
  Runtime& runtime_;
  TaskRunner& runner_;
  const std::shared_ptr<QuestionOrder> order_ = std::make_shared<QuestionOrder>();
  SessionNames names_;
};

class SegmentedDetection : public door::VoiceDetection, private audio::TurnObserver {
 public:
  SegmentedDetection(audio::SpeechSegmenter segmenter, door::VoiceDetector::Listener listener)
      : segmenter_(std::move(segmenter)), listener_(std::move(listener)) {}
  void Sound(absl::Span<const int16_t> samples) override { segmenter_.Push(samples, *this); }

 private:
  static absl::Duration At(int64_t sample) {
    return absl::Seconds(static_cast<double>(sample) / kHearingHz);
  }
  void OnTurnBegin(const audio::EndpointerEvent& start) override {
    listener_.started(At(start.segment.begin));
  }
  void OnTurnEnd(const audio::EndpointerEvent& end) override {
    listener_.stopped(At(end.segment.end));
  }

  audio::SpeechSegmenter segmenter_;
  const door::VoiceDetector::Listener listener_;
};

class SegmentingDetector : public door::VoiceDetector {
 public:
  explicit SegmentingDetector(
      std::function<absl::StatusOr<std::unique_ptr<audio::VoiceActivityDetector>>()> create)
      : create_(std::move(create)) {}
  absl::StatusOr<std::unique_ptr<door::VoiceDetection>> Start(Listener listener) override {
    auto vad = create_();
    if (!vad.ok()) return vad.status();
    auto segmenter = audio::SpeechSegmenter::Create(*std::move(vad), {});
    if (!segmenter.ok()) return segmenter.status();
    return std::make_unique<SegmentedDetection>(*std::move(segmenter), std::move(listener));
  }

 private:
  const std::function<absl::StatusOr<std::unique_ptr<audio::VoiceActivityDetector>>()> create_;
};

class HousePartsImpl : public HouseParts {
 public:
  explicit HousePartsImpl(const HousePartsOptions& options)
      : recognition_(Workers(options)),
        speech_(Workers(options)),
        questions_(Workers(options)),
        recognizers_(options.parts.create_recognizer, &recognition_,
                     {.max_recognizers = options.num_workers}),
        transcriber_(&recognizers_),
        speaker_(options.parts.synthesizer, &speech_, options.voice),
        answerer_(options.runtime, &questions_),
        detector_(options.parts.create_vad),
        housekeeper_([this] {
          recognition_.ReplaceOverdue();
          speech_.ReplaceOverdue();
          questions_.ReplaceOverdue();
        }) {}

  door::HouseServices services() override {
    return {.transcriber = &transcriber_,
            .speaker = &speaker_,
            .answerer = &answerer_,
            .voices = &detector_};
  }

 private:
  static WorkerPool::Options Workers(const HousePartsOptions& options) {
    return {.num_workers = options.num_workers,
            .overdue_after = options.overdue_after,
            .now = options.now == nullptr ? SteadyNow : options.now};
  }

  WorkerPool recognition_;
  WorkerPool speech_;
  WorkerPool questions_;
  RecognizerPool recognizers_;
  PooledTranscriber transcriber_;
  PooledSpeaker speaker_;
  RuntimeAnswerer answerer_;
  SegmentingDetector detector_;
  Housekeeper housekeeper_;
};

}  // namespace

std::unique_ptr<HouseParts> HouseParts::Create(const HousePartsOptions& options) {
  return std::make_unique<HousePartsImpl>(options);
}

}  // namespace parlance::pipeline
