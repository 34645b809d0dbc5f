// Who has the floor, and what is under way for whom: the rules of a conversation's turns, without
// sound, text, threads or clocks.
//
// A turn is what a person says, in one utterance or in several that belong together, and the answer
// to it. The machine is told what happens (TurnEvent) and says what is to be done about it
// (TurnAction). Utterances, attempts at an answer, tool calls and pieces of answers have numbers;
// an event about one that is over is late, and changes nothing.
//
// Phases, and the events that lead from one to another (kPhaseChanges is this table):
//
//   phase                | speech began | paused  | resumed   | ended        | recognized
//   ---------------------+--------------+---------+-----------+--------------+-----------
//   idle                 | listening    |         |           |              |
//   listening            |              | pausing |           | recognizing  |
//   pausing              |              |         | listening | recognizing  |
//   recognizing          | listening *  |         |           |              | answering, or idle
//   answering            | contested    |         |           |              |
//   speaking             | contested    |         |           |              |
//   contested            |              |         |           | judging      |
//   judging              | listening *  |         |           |              |
//
//   phase                | taken        | dismissed | first sound heard | answer over
//   ---------------------+--------------+-----------+-------------------+------------
//   answering            |              |           | speaking          | idle
//   speaking             |              |           |                   | idle
//   contested            | listening    | (back)    |                   | listening
//   judging              | recognizing  | (back)    |                   | recognizing
//
//   An answer that is cancelled leads to idle, as if it were over; one that is contested then, to
//   where taking the floor leads.
//   * The new utterance goes on with the same turn; in judging, whoever speaks a second time has
//     taken the floor by that.
//   (back): to speaking if something of the answer was heard, else to answering.
//   A hang-up leads from everywhere to closed, from where nothing leads on.
//
// Speaking over an answer contests it: what is to be heard is held at once, nothing that changes
// anything is begun, and all else goes on, until it is judged whether the speaker takes the floor
// or only agrees, coughs, or is the answer's own echo. Taking the floor from an answer of which
// nothing was heard, stored or set going continues the turn; otherwise the answer is cut and a new
// turn begins.
//
// In a pause, before it is known whether the speaker has finished, a draft may be begun: an attempt
// that may do what changes nothing (decide, call tools that only read, synthesise the first piece).
// It becomes the answer if the final words are those that it was begun with, and is thrown away
// otherwise.
//
// An answer comes in pieces. Each is stored before it may be heard; when an answer was cut, what is
// stored is corrected to what was heard.
//
// In every order of events: at most one attempt is at work; each utterance that was opened is
// finished or cancelled once; each call that was begun is over, or cancelled, before its turn is;
// nothing is released that is not stored, and nothing between a hold and its release, or after a
// stop; what changes something is begun by no draft and by no contested answer; each turn ends
// once. turn_machine_test explores all orders of two overlapping turns for these.
//
// Threads: one at a time. Allocation: none but what `actions` needs to grow. The machine is a plain
// value: a copy goes on from where the original was.
#ifndef PIPELINE_CONVERSATION_TURN_TURN_MACHINE_H_
#define PIPELINE_CONVERSATION_TURN_TURN_MACHINE_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace parlance::pipeline {

enum class TurnPhase : uint8_t {
  // Nobody speaks, and nothing is being answered.
  kIdle,
  // Somebody speaks.
  kListening,
  // The speaker is silent, and may go on.
  kPausing,
  // The utterance is over; its final words are awaited.
  kRecognizing,
  // The answer is being made; nothing of it was heard.
  kAnswering,
  // Some of the answer was heard.
  kSpeaking,
  // Somebody speaks over the answer, which is held; whether they take the floor is not judged.
  kContested,
  // The same, and their utterance is over; its final words are awaited, to judge it by.
  kJudging,
  // The person has hung up.
  kClosed,
};
inline constexpr int kNumTurnPhases = 9;

// The phase's name: "idle", "listening", …
absl::string_view TurnPhaseName(TurnPhase phase);

enum class TurnEventKind : uint8_t {
  // Speech began: a new utterance. The machine numbers utterances from 1.
  kSpeechBegan,
  // The speaker has been silent for long enough that a draft is worth its cost. `usable`: there are
  // words to begin one with.
  kSpeechPaused,
  // The speaker went on, before the utterance was over.
  kSpeechResumed,
  // The utterance is over.
  kSpeechEnded,
  // Utterance `id` has its final words. `usable`: some were understood, or a sound that has to be
  // answered was made. `agrees`: the words of the turn are those that the draft was begun with.
  kRecognized,
  // The speech over the answer is meant to interrupt it, or is not.
  kTaken,
  kDismissed,
  // Nobody wants to hear more of the answer.
  kCancelled,
  // Sound that may be speech began over the answer, and turned out to be none.
  kOnset,
  kOnsetLost,
  // Attempt `id` wants `count` calls. `effects`: one of them changes something.
  kCalls,
  // Attempt `id` has another piece of the answer. While its calls go on, that is a word of waiting.
  kPiece,
  // Attempt `id` has nothing more to say. `failed`: it could not finish.
  kAttemptDone,
  // Call `id` has its output.
  kCallEnded,
  // All sound of piece `id` is made. `failed`: it cannot be said, or not all of it.
  kSynthesized,
  // The answer up to piece `id` is stored. `failed`: it could not be.
  kStored,
  // The first sound of the answer was heard.
  kFirstHeard,
  // All sound of piece `id` was heard.
  kHeard,
  // There is something to say that nobody asked for.
  kAnnounce,
  kHangUp,
};
inline constexpr int kNumTurnEventKinds = 20;

// The kind's name: "speech began", "recognized", …
absl::string_view TurnEventName(TurnEventKind kind);

struct TurnEvent {
  TurnEventKind kind = TurnEventKind::kHangUp;
  int32_t id = 0;
  int32_t count = 0;
  bool usable = false;
  bool agrees = false;
  bool effects = false;
  bool failed = false;
};

enum class TurnActionKind : uint8_t {
  // Recognise utterance `id`, from its beginning on; give its final words; throw it away.
  kOpenRecognizer,
  kFinishRecognizer,
  kCancelRecognizer,
  // Ask the agent, as attempt `id`; `draft`: with the words so far. Again with the same number: the
  // calls it wanted have their outputs.
  kAskAgent,
  // Nothing that attempt `id` says matters any more.
  kCancelAgent,
  // Begin the calls that attempt `id` wanted: `count` of them, numbered from `first_call` on.
  kStartCalls,
  // Cancel the calls of attempt `id` that have no output, which is then that they were cancelled.
  kCancelCalls,
  // Say, instead of what the agent could not: that something went wrong, that an answer could not
  // be stored. It is piece `id`.
  kApologize,
  // What is to be announced is piece `id`.
  kSayAnnouncement,
  kSynthesize,
  // Throw away what synthesis is under way.
  kCancelSynthesis,
  // Store what the turn has so far, with the answer up to piece `id`; kStored follows.
  kStoreAnswer,
  // Correct what is stored of the answer to what was heard.
  kStoreHeard,
  // Store what was said and called, without an answer.
  kStoreUnanswered,
  // The sound of piece `id` may be heard from now on, after that of the pieces before.
  kRelease,
  // No sound may be heard until kResume; kStop: what was released and not heard is thrown away.
  kHold,
  kResume,
  kStop,
  // The turn `id` is over.
  kTurnDone,
};
inline constexpr int kNumTurnActionKinds = 19;

// The kind's name: "open recognizer", "ask agent", …
absl::string_view TurnActionName(TurnActionKind kind);

// How a turn ended.
enum class TurnEnding : uint8_t {
  kAnswered,
  // The speaker took the floor.
  kInterrupted,
  // There was nothing to answer, such as a cough.
  kNothingSaid,
  // The answer could not be stored, so it was not said.
  kNotStored,
  kHungUp,
};

// The ending's name: "answered", "interrupted", …
absl::string_view TurnEndingName(TurnEnding ending);

struct TurnAction {
  TurnActionKind kind = TurnActionKind::kTurnDone;
  int32_t id = 0;
  int32_t count = 0;
  int32_t first_call = 0;
  bool draft = false;
  TurnEnding ending = TurnEnding::kAnswered;

  friend bool operator==(const TurnAction&, const TurnAction&) = default;
};

// Where an event leads from a phase, where that is the same every time.
struct PhaseChange {
  TurnPhase from;
  TurnEventKind event;
  TurnPhase to;
};
// Those that depend on more are in the table above with two answers, and in the code.
inline constexpr PhaseChange kPhaseChanges[] = {
    {TurnPhase::kIdle, TurnEventKind::kSpeechBegan, TurnPhase::kListening},
    {TurnPhase::kListening, TurnEventKind::kSpeechPaused, TurnPhase::kPausing},
    {TurnPhase::kListening, TurnEventKind::kSpeechEnded, TurnPhase::kRecognizing},
    {TurnPhase::kPausing, TurnEventKind::kSpeechResumed, TurnPhase::kListening},
    {TurnPhase::kPausing, TurnEventKind::kSpeechEnded, TurnPhase::kRecognizing},
    {TurnPhase::kRecognizing, TurnEventKind::kSpeechBegan, TurnPhase::kListening},
    {TurnPhase::kAnswering, TurnEventKind::kSpeechBegan, TurnPhase::kContested},
    {TurnPhase::kAnswering, TurnEventKind::kFirstHeard, TurnPhase::kSpeaking},
    {TurnPhase::kSpeaking, TurnEventKind::kSpeechBegan, TurnPhase::kContested},
    {TurnPhase::kContested, TurnEventKind::kSpeechEnded, TurnPhase::kJudging},
    {TurnPhase::kContested, TurnEventKind::kTaken, TurnPhase::kListening},
    {TurnPhase::kJudging, TurnEventKind::kSpeechBegan, TurnPhase::kListening},
    {TurnPhase::kJudging, TurnEventKind::kTaken, TurnPhase::kRecognizing},
};

class TurnMachine {
 public:
  struct Limits {
    // How many drafts a turn may throw away before none is begun any more.
    int max_drafts = 3;
    // How often an agent may want calls before it has to have finished.
    int max_steps = 8;
    // How many calls it may want at once: at most 32.
    int max_calls = 16;
    // How many utterances one turn may be made of: at most 16.
    int max_utterances = 8;

    friend bool operator==(const Limits&, const Limits&) = default;
  };

  TurnMachine() : TurnMachine(Limits()) {}
  explicit TurnMachine(const Limits& limits) : limits_(limits) {}

  // Appends to `actions` what is to be done, in order.
  void Handle(const TurnEvent& event, std::vector<TurnAction>& actions);

  TurnPhase phase() const { return phase_; }
  // The number of the turn that is going on, or was last; 0 before the first.
  int32_t turn() const { return turn_; }
  // The number of the last utterance that was opened.
  int32_t utterance() const { return utterance_; }
  // The attempt that is at work, or was last.
  int32_t attempt() const { return attempt_; }
  bool has_draft() const { return draft_; }
  // The number that the next piece of the attempt will have.
  int32_t next_piece() const { return first_piece_ + given_; }
  // Whether the attempt may want so many calls now; otherwise it has failed.
  bool MayCall(int32_t count) const {
    return steps_ < limits_.max_steps && count >= 1 && count <= limits_.max_calls;
  }
  // Whether what is released may be heard.
  bool held() const { return held_; }
  // Whether something of the current answer was heard.
  bool heard() const { return heard_; }
  // How many drafts were begun and how many of them became answers, over all turns.
  int64_t num_drafts() const { return num_drafts_; }
  int64_t num_drafts_used() const { return num_drafts_used_; }

  friend bool operator==(const TurnMachine&, const TurnMachine&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const TurnMachine& m) {
    return H::combine(std::move(h), m.phase_, m.turn_, m.utterance_, m.awaited_, m.attempt_,
                      m.stage_, m.draft_, m.open_calls_, m.calls_wait_, m.given_, m.synthesized_,
                      m.asked_to_store_, m.stored_, m.heard_pieces_, m.heard_, m.held_);
  }

 private:
  // How far the attempt is.
  enum class Stage : uint8_t { kNone, kAsked, kCalling, kDone };

  // One for each event.
  void SpeechBegan();
  void SpeechPaused(bool usable);
  void SpeechResumed();
  void SpeechEnded();
  void Recognized(const TurnEvent& event);
  void Taken();
  void Dismissed();
  void Cancelled();
  void Onset();
  void OnsetLost();
  void Calls(const TurnEvent& event);
  void Piece(int32_t attempt);
  void AttemptDone(const TurnEvent& event);
  void CallEnded(int32_t call);
  void Synthesized(const TurnEvent& event);
  void Stored(const TurnEvent& event);
  void FirstHeard();
  void Heard(int32_t piece);
  void Announce();
  void HangUp();

  // What several of them do.
  void Do(TurnActionKind kind, int32_t id = 0);
  // Moves along kPhaseChanges.
  void Follow(TurnEventKind event);
  // True if there is an answer, contested or not.
  bool IsAnswering() const;
  bool IsContested() const {
    return phase_ == TurnPhase::kContested || phase_ == TurnPhase::kJudging;
  }
  bool IsAwaited(int32_t utterance) const;
  void OpenUtterance();
  void FinishUtterance();
  // Throws away the utterances of which words are still to come.
  void CancelAwaited();
  void Hold();
  void EndHold();
  // A turn that nothing belongs to yet.
  void BeginTurn();
  void BeginAttempt(bool draft);
  // An answer of one piece that no agent gives.
  void BeginStatement(TurnActionKind statement);
  void ResetAnswer();
  // Stops all that is under way for the attempt, and forgets it.
  void DropAttempt();
  // All words of the turn are known: begins to answer it, if there is something to answer.
  void Settle(bool agrees);
  // Begins what may be begun now: calls that had to wait, synthesis, storing, release.
  void GoOn();
  void StartCalls();
  void StoreFailed();
  // Ends the turn although it is not answered, or not to its end.
  // `repeats`: an announcement of which nothing was heard is said again.
  void CutTurn(TurnEnding ending, bool repeats = true);
  void EndTurn(TurnEnding ending);
  // Ends the turn if nothing more of its answer is to come.
  void EndAnswerIfOver();
  // The speech over the answer has become the turn's own: its utterance is listened to, or settled.
  void Listen(bool new_turn);
  void TakeFloor();

  Limits limits_;
  // The list that Do appends to, while an event is handled.
  std::vector<TurnAction>* actions_ = nullptr;

  TurnPhase phase_ = TurnPhase::kIdle;
  int32_t turn_ = 0;
  int32_t utterance_ = 0;
  int32_t utterances_of_turn_ = 0;
  // The utterances whose final words are awaited, a bit for each from this one on.
  int32_t first_awaited_ = 0;
  uint32_t awaited_ = 0;
  // Whether there is something to answer in the turn, and in what is said over its answer.
  bool said_something_ = false;
  bool said_over_it_ = false;

  int32_t attempt_ = 0;
  Stage stage_ = Stage::kNone;
  bool draft_ = false;
  int32_t drafts_of_turn_ = 0;
  int64_t num_drafts_ = 0;
  int64_t num_drafts_used_ = 0;
  int32_t steps_ = 0;
  // The calls of the attempt's last step: the number of the first, how many, and those without an
  // output, a bit for each.
  int32_t first_call_ = 1;
  int32_t calls_ = 0;
  uint32_t open_calls_ = 0;
  // They wait for the draft to become the answer, or for the answer to be contested no more.
  bool calls_wait_ = false;
  bool has_effects_ = false;
  // Something that cannot be undone was begun for this turn.
  bool changed_something_ = false;

  // The pieces of the answer: the number of the first, and how many of them have come so far.
  int32_t first_piece_ = 1;
  int32_t given_ = 0;
  int32_t synthesized_ = 0;
  bool synthesizing_ = false;
  int32_t asked_to_store_ = 0;
  int32_t stored_ = 0;
  int32_t released_ = 0;
  int32_t heard_pieces_ = 0;
  bool heard_ = false;
  bool held_ = false;
  bool some_unsaid_ = false;
  // The answer is said without being stored, because it cannot be.
  bool unstored_ = false;
  // The answer was not asked for.
  bool announcement_ = false;
  int32_t num_announcements_ = 0;
};

}  // namespace parlance::pipeline

#endif  // PIPELINE_CONVERSATION_TURN_TURN_MACHINE_H_
