// A conversation: what happens in it, event by event, and what is to be done about each.
//
// Sound comes in and is heard by a detector and an endpointer; turns follow the rules of
// turn_machine.h; what is to be heard is taken from here, frame by frame. Everything that takes
// time, or touches the world, is an action that somebody else does (ConversationActions), whose
// results come back as events. There is no thread, clock, timer or randomness in here: the same
// events at the same times give the same actions, on any machine.
//
//   Sound ─► segmenter ─► turn machine ◄─ words, texts, outputs, sound of pieces, acknowledgements
//                             │
//                             ▼
//   actions: recognise, ask the agent, call tools, synthesise, store;  TakeFrame ◄─ spoken answer
//
// What the person hears of an answer is stored before: an answer's messages (what was said, the
// calls, their outputs, the text up to the piece) are appended, further pieces amend the answer's
// message, and so does what was heard, when it was cut. Where the time went (AnswerMetadata) is
// kept with the message of the answer's first piece: with the amendments that are made anyway, and,
// if they do not have all of it, with one more at the end of the turn, which nobody waits for.
//
// Times are since the beginning of the conversation, and never go back. Whoever is late is not
// waited for: see ConversationOptions for the times, after which a result counts as a failure, and
// next_deadline for when to call Tick.
//
// Threads: one at a time. Allocation: none in Sound and TakeFrame, but at the beginnings and ends
// of sounds and turns.
#ifndef PIPELINE_CONVERSATION_CONVERSATION_H_
#define PIPELINE_CONVERSATION_CONVERSATION_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "audio/turns/endpointer.h"
#include "audio/turns/speech_segmenter.h"
#include "audio/turns/turn_observer.h"
#include "audio/vad/vad.h"
#include "pipeline/agent/agent.h"
#include "pipeline/conversation/answer/answer_cutter.h"
#include "pipeline/conversation/answer/spoken_answer.h"
#include "pipeline/conversation/answer_ledger.h"
#include "pipeline/conversation/conversation_actions.h"
#include "pipeline/conversation/conversation_events.h"
#include "pipeline/conversation/conversation_observer.h"
#include "pipeline/conversation/interruption/echo_guard.h"
#include "pipeline/conversation/interruption/interruption_judge.h"
#include "pipeline/conversation/turn/turn_latency.h"
#include "pipeline/conversation/turn/turn_machine.h"
#include "pipeline/conversation/turn/turn_messages.h"
#include "pipeline/conversation/turn/turn_taking.h"
#include "pipeline/conversation/turn/turn_wait.h"
#include "pipeline/speech/recognizer.h"
#include "pipeline/speech/synthesizer.h"
#include "session/message.h"

namespace parlance::pipeline {

struct ConversationOptions {
  // The rate of the sound that comes in: 8 to 48 kHz.
  int input_sample_rate_hz = 16000;
  // Pauses that end utterances, and what else turns are made by.
  audio::Endpointer::Options endpointer = {};
  // The pause after which a draft is begun, if the words so far may be all.
  absl::Duration draft_after = absl::Milliseconds(200);
  // For how long the first piece of an answer may wait for the mark at its end.
  absl::Duration hurry_after = absl::Milliseconds(400);
  // If nothing was heard of the answer for so long, a word of waiting is said, once a turn.
  absl::Duration waiting_after = absl::Seconds(3);
  std::string waiting_text = "One moment, please. ";
  // The words that are said instead of an answer that failed, and of one that could not be stored.
  std::string apology = "Sorry, something went wrong. ";
  std::string not_stored_apology = "Sorry, I cannot keep that, so I did not answer. ";
  // How long each is waited for: final words, anything from an agent, the outputs of its calls,
  // sound of a piece, the store.
  absl::Duration recognition_timeout = absl::Seconds(5);
  absl::Duration agent_timeout = absl::Seconds(30);
  absl::Duration tool_timeout = absl::Seconds(60);
  absl::Duration synthesis_timeout = absl::Seconds(10);
  absl::Duration store_timeout = absl::Seconds(10);
  // The most bytes that an answer may have; what an agent says beyond them is left out.
  size_t max_answer_bytes = 8000;
  // How many messages the session has already: calls are named by what follows.
  int64_t num_messages = 0;
  // When an answer may be interrupted, and by what.
  InterruptionJudge::Policy interruptible = InterruptionJudge::Policy::Always();
  InterruptionJudge::Options interruption = {};
  // The sound that comes in may have what is heard of the answer in it, as that of a microphone
  // beside a loudspeaker has: it is taken out. It has to be false if the synthesiser's rate is not
  // 16 kHz.
  bool hears_echo = true;
  int output_sample_rate_hz = 16000;
};

class Conversation : public ConversationEvents, private audio::TurnObserver {
 public:
  // `vad`: at 16 kHz. `actions` must outlive the conversation. InvalidArgument for a missing or
  // wrong part, for an input rate that cannot be used, for delays that an endpointer refuses, and
  // for times that are not positive.
  static absl::StatusOr<std::unique_ptr<Conversation>> Create(
      ConversationOptions options, std::unique_ptr<audio::VoiceActivityDetector> vad,
      ConversationActions* actions);
  ~Conversation() override;

  // ConversationEvents:
  void Sound(absl::Duration at, absl::Span<const int16_t> samples) override;
  void EndOfSound(absl::Duration at) override;
  void WholeUtterance(absl::Duration at, absl::Span<const int16_t> samples) override;
  void Typed(absl::Duration at, absl::string_view text) override;
  void Respond(absl::Duration at) override;
  void CancelAnswer(absl::Duration at) override;
  void Truncate(absl::Duration at, int64_t position) override;
  void AddMessage(absl::Duration at, session::Role role, absl::string_view text) override;
  void Configure(absl::Duration at, const TurnTaking& turn_taking) override;
  size_t TakeFrame(absl::Duration at, absl::Span<int16_t> frame) override;
  void Played(absl::Duration at, int64_t position) override;
  void PartialWords(absl::Duration at, int32_t utterance, const Hypothesis& words,
                    audio::Endpointer::Words completeness) override;
  void FinalWords(absl::Duration at, int32_t utterance,
                  const absl::StatusOr<Hypothesis>& words) override;
  void AgentText(absl::Duration at, int32_t attempt, absl::string_view text) override;
  void AgentCalls(absl::Duration at, int32_t attempt, std::vector<WantedCall> calls) override;
  void AgentDone(absl::Duration at, int32_t attempt, const absl::Status& status) override;
  void CallEnded(absl::Duration at, int32_t call, CallOutcome outcome) override;
  void PieceSound(absl::Duration at, int32_t piece, absl::Span<const int16_t> samples,
                  absl::Span<const WordMark> words) override;
  void PieceDone(absl::Duration at, int32_t piece, const absl::Status& status) override;
  void Stored(absl::Duration at, int32_t order, const absl::StatusOr<int64_t>& sequence) override;
  void Announce(absl::Duration at, absl::string_view sentence) override;
  void Tick(absl::Duration at) override;
  void HangUp(absl::Duration at) override;

  // Sets the observer; null for none. It has to outlive the conversation.
  void set_observer(ConversationObserver* observer) { observer_ = observer; }

  // When Tick is to be called, if nothing else comes before; InfiniteDuration if never.
  absl::Duration next_deadline() const;
  // Nothing that was ordered is awaited any more; after HangUp, the conversation can go.
  bool is_quiet() const;
  TurnPhase phase() const { return machine_.phase(); }
  const TurnMachine& machine() const { return machine_; }
  // Whether TakeFrame would give something.
  bool has_sound() const { return !machine_.held() && spoken_.num_waiting() > 0; }
  // How many samples of the answer were taken; 0 if there is none.
  int64_t num_taken() const { return spoken_.taken(); }
  // How often the store failed for something that nobody could be told of any more.
  int64_t num_store_failures() const { return num_store_failures_; }
  // How many announcements found no room.
  int64_t num_announcements_dropped() const { return num_announcements_dropped_; }

 private:
  // An utterance whose turn is not over.
  struct Utterance {
    int32_t id = 0;
    // It is spoken over an answer, and whether it belongs to a turn is not judged.
    bool over = false;
    UtteranceSource source = UtteranceSource::kDetected;
    // The observer knows that it began.
    bool is_told = false;
    audio::SpeechSegment segment = {};
    // When its speech began.
    absl::Duration began = {};
    // Where it began and ended in the sound that came in, and how far the observer knows of it.
    absl::Duration begin = {};
    absl::Duration end = {};
    bool end_is_told = false;
    absl::Duration endpoint_delay = {};
    // When its end was decided, and until when its words are waited for.
    absl::Duration decided = absl::InfiniteDuration();
    absl::Duration deadline = absl::InfiniteDuration();
    std::optional<Hypothesis> words = {};
    bool failed = false;
  };

  // The answer that is being made, or was last.
  struct Answer {
    int32_t attempt = 0;
    // It began as a draft; it still is one.
    bool from_draft = false;
    bool is_draft = false;
    bool is_announcement = false;
    // The agent is asked once somebody asks for an answer.
    bool waits_for_request = false;
    // The observer knows that it began.
    bool is_told = false;
    absl::Duration began = {};
    Hypothesis asked_with = {};
    // Whether the agent has written something since it was asked last.
    bool has_text = false;
    std::vector<ToolCall> calls = {};
    std::vector<CallOutcome> outcomes = {};
    std::vector<CallTimes> call_times = {};
    std::vector<bool> ended = {};
    // How many calls there were when all that were begun had their outputs.
    size_t calls_ended = 0;
    // How many of the calls were begun, and what the observer knows of each: nothing, that it was
    // begun, or that it ended.
    size_t num_started = 0;
    std::vector<uint8_t> calls_told = {};
    // The number of the first call, and until when the outputs are waited for.
    int32_t first_call = 0;
    absl::Duration calls_deadline = absl::InfiniteDuration();
    AnswerCutter cutter = {};
    // The agent is waited for until then; the first piece may be cut anywhere from then on.
    absl::Duration agent_deadline = absl::InfiniteDuration();
    absl::Duration hurry_at = absl::InfiniteDuration();
    // The first and the last piece that came, and the first of which the end was not heard; 0
    // before there was one.
    int32_t first_piece = 0;
    int32_t last_piece = 0;
    int32_t next_unheard = 0;
    // The last piece of which the observer knows that all before it was heard, too.
    int32_t told_heard = 0;
    size_t num_bytes = 0;
    // The piece that is synthesised, until when its sound is waited for.
    int32_t synthesizing = 0;
    absl::Duration synthesis_deadline = absl::InfiniteDuration();
    bool has_sound = false;
    // Why some of it could not be said.
    absl::Status unsaid = {};
    // Whether the first piece is stored, and how much of what the store is to have it was told of.
    bool is_stored = false;
    bool user_appended = false;
    size_t calls_appended = 0;
  };

  // The last answer that is over: which words were heard of it can still be corrected.
  struct PastAnswer {
    int32_t answer = 0;
    int32_t turn = 0;
    int32_t first_piece = 0;
    int32_t last_piece = 0;
    SpokenAnswer spoken = {};
  };

  Conversation(ConversationOptions options, audio::SpeechSegmenter segmenter,
               InterruptionJudge judge, ConversationActions* actions);

  // TurnObserver:
  void PrepareFrame(absl::Span<int16_t> frame) override;
  void OnTurnBegin(const audio::EndpointerEvent& start) override;
  void OnTurnSound(absl::Span<const int16_t> samples) override;
  void OnTurnEnd(const audio::EndpointerEvent& end) override;
  void OnFrameHeard(float probability) override;

  // Moves time on, and does what is due.
  void Pass(absl::Duration at);
  void CheckDeadlines();
  // The turn that is not over.
  int32_t turn() const { return num_turns_done_ + 1; }
  bool IsContested() const {
    return phase() == TurnPhase::kContested || phase() == TurnPhase::kJudging;
  }
  // Whether the agent is being asked in this attempt.
  bool IsAsked(int32_t attempt) const {
    return attempt == answer_.attempt && answer_.agent_deadline != absl::InfiniteDuration();
  }
  // Tells the machine, and does what it orders, and so on until it orders nothing more.
  void Tell(const TurnEvent& event);
  void Obey(const TurnAction& action);

  // Tells the observer what it does not know yet of speech, of the answer, and of its calls.
  void Observe();
  // `over_too`: what was said over an answer has taken the floor.
  void ObserveSpeech(bool over_too = false);
  void ObserveCalls();
  void ObserveAnswerEnd(absl::string_view heard, bool is_cut);
  // Up to where the answer was heard: where it was played, if somebody tells, or taken.
  int64_t HeardPosition() const { return played_.value_or(spoken_.taken()); }
  // Where the sound that came in is now.
  absl::Duration InputPosition() const { return SoundLength(num_samples_in_); }
  // Whoever said it has finished: waits for the words.
  void EndUtterance(Utterance& utterance, absl::Duration endpoint_delay);
  // A new utterance, which takes the floor. Null if none can begin now.
  Utterance* TakeFloorWith(UtteranceSource source);
  // Says what was typed while somebody spoke.
  void SayTyped();

  // How long so many samples of the input last.
  absl::Duration SoundLength(int64_t num_samples) const;
  Utterance* Find(int32_t utterance);
  // The words of the turn so far: of all its utterances, as one.
  Hypothesis TurnWords() const;
  void SettleWords(Utterance& utterance);
  // Does what the judge says of what is heard over the answer.
  void Apply(InterruptionVerdict verdict);
  void Judge(bool taken);

  void BeginAnswer(int32_t attempt);
  void AskAgent(const TurnAction& action);
  // Asks, with what is known.
  void Ask(bool draft);
  void StartCalls(const TurnAction& action);
  void CutAnswer(absl::Duration at);
  void CancelCalls();
  // Waits for no outputs any more, once all are there.
  void EndCalls();
  void AddPiece(int32_t piece, absl::string_view text);
  void GivePiece(absl::string_view text);
  void GivePieces();
  void FinishAttempt(bool failed);
  void EndSynthesis(bool failed);
  void HearWhatWasPlayed();

  void StoreAnswer(int32_t piece);
  void StoreHeard();
  void StoreUnanswered();
  // Has what is known of the turn's latency go to the store with the answer's amendments.
  void NoteLatency();
  // Appends what the store does not have of the turn, with the text from one piece on.
  void AppendTurn(int32_t first_piece, int32_t last_piece);
  // What came of an order to the store.
  void EndStoreOrder(const AnswerLedger::Done& done);
  void EndTurn(const TurnAction& action);
  // The stage that the time that passes now is spent on.
  TurnStage Stage() const;

  const ConversationOptions options_;
  audio::SpeechSegmenter segmenter_;
  ConversationActions& actions_;
  ConversationObserver* observer_ = nullptr;
  TurnTaking turn_taking_;
  TurnMachine machine_;
  std::vector<TurnAction> ordered_;
  // Events for the machine that came up while others were handled.
  std::vector<TurnEvent> untold_;
  bool telling_ = false;
  int32_t num_turns_done_ = 0;

  absl::Duration now_ = absl::ZeroDuration();
  // The event of the endpointer that is being told of.
  audio::EndpointerEvent turn_event_ = {};
  std::vector<Utterance> utterances_;
  // The one that sound belongs to; 0 if there is none.
  int32_t open_utterance_ = 0;
  // How much sound came in, and how much of it before the segmenter was as new.
  int64_t num_samples_in_ = 0;
  int64_t segmenter_begin_ = 0;
  // How the utterance comes that begins.
  UtteranceSource beginning_ = UtteranceSource::kDetected;
  // The texts that were typed while somebody spoke, and whether they are to be answered.
  std::vector<std::string> typed_;
  // An answer was asked for, and is to begin once it can.
  bool is_requested_ = false;
  Hypothesis partial_words_;
  bool partial_may_be_all_ = false;
  bool is_paused_ = false;
  // What is heard over an answer: whether it is the answer itself, and whether it takes the floor.
  EchoGuard echo_;
  // The guard's result for the last frame.
  GuardedSound guarded_ = {};
  InterruptionJudge judge_;
  bool is_judged_ = false;
  absl::Duration last_taken_ = -absl::InfiniteDuration();

  Answer answer_;
  SpokenAnswer spoken_;
  // Up to where it was played, if somebody tells.
  std::optional<int64_t> played_;
  bool waited_ = false;
  TurnWait wait_;

  // What is to be announced, and what of it is being said and was not heard yet.
  std::vector<std::string> announcements_;
  std::string announcing_;

  PastAnswer past_;
  AnswerLedger ledger_;
  int64_t num_store_failures_ = 0;
  int64_t num_announcements_dropped_ = 0;
};

}  // namespace parlance::pipeline

#endif  // PIPELINE_CONVERSATION_CONVERSATION_H_
