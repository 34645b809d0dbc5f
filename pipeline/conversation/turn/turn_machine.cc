#include "pipeline/conversation/turn/turn_machine.h"

#include <algorithm>
#include <utility>

namespace parlance::pipeline {
namespace {

// How many pieces of an answer are synthesised before they can be heard: enough that no gap is
// heard between them, and little is thrown away by a barge-in.
constexpr int32_t kMaxPiecesAhead = 2;

// Announcements are said together, so more of them than any turn could use need no counting.
constexpr int32_t kMaxAnnouncements = 1000;

}  // namespace

absl::string_view TurnPhaseName(TurnPhase phase) {
  constexpr absl::string_view kNames[kNumTurnPhases] = {"idle",        "listening", "pausing",
                                                        "recognizing", "answering", "speaking",
                                                        "contested",   "judging",   "closed"};
  return kNames[static_cast<int>(phase)];
}

absl::string_view TurnEventName(TurnEventKind kind) {
  constexpr absl::string_view kNames[kNumTurnEventKinds] = {
      "speech began", "speech paused", "speech resumed", "speech ended", "recognized",
      "taken",        "dismissed",     "cancelled",      "onset",        "onset lost",
      "calls",        "piece",         "attempt done",   "call ended",   "synthesized",
      "stored",       "first heard",   "heard",          "announce",     "hang-up"};
  return kNames[static_cast<int>(kind)];
}

absl::string_view TurnActionName(TurnActionKind kind) {
  constexpr absl::string_view kNames[kNumTurnActionKinds] = {"open recognizer",
                                                             "finish recognizer",
                                                             "cancel recognizer",
                                                             "ask agent",
                                                             "cancel agent",
                                                             "start calls",
                                                             "cancel calls",
                                                             "apologize",
                                                             "say announcement",
                                                             "synthesize",
                                                             "cancel synthesis",
                                                             "store answer",
                                                             "store heard",
                                                             "store unanswered",
                                                             "release",
                                                             "hold",
                                                             "resume",
                                                             "stop",
                                                             "turn done"};
  return kNames[static_cast<int>(kind)];
}

absl::string_view TurnEndingName(TurnEnding ending) {
  switch (ending) {
    case TurnEnding::kAnswered:
      return "answered";
    case TurnEnding::kInterrupted:
      return "interrupted";
    case TurnEnding::kNothingSaid:
      return "nothing said";
    case TurnEnding::kNotStored:
      return "not stored";
    case TurnEnding::kHungUp:
      return "hung up";
  }
  return "";
}

void TurnMachine::Handle(const TurnEvent& event, std::vector<TurnAction>& actions) {
  if (phase_ == TurnPhase::kClosed) return;
  actions_ = &actions;
  switch (event.kind) {
    case TurnEventKind::kSpeechBegan:
      SpeechBegan();
      break;
    case TurnEventKind::kSpeechPaused:
      SpeechPaused(event.usable);
      break;
    case TurnEventKind::kSpeechResumed:
      SpeechResumed();
      break;
    case TurnEventKind::kSpeechEnded:
      SpeechEnded();
      break;
    case TurnEventKind::kRecognized:
      Recognized(event);
      break;
    case TurnEventKind::kTaken:
      Taken();
      break;
    case TurnEventKind::kDismissed:
      Dismissed();
      break;
    case TurnEventKind::kCancelled:
      Cancelled();
      break;
    case TurnEventKind::kOnset:
      Onset();
      break;
    case TurnEventKind::kOnsetLost:
      OnsetLost();
      break;
    case TurnEventKind::kCalls:
      Calls(event);
      break;
    case TurnEventKind::kPiece:
      Piece(event.id);
      break;
    case TurnEventKind::kAttemptDone:
      AttemptDone(event);
      break;
    case TurnEventKind::kCallEnded:
      CallEnded(event.id);
      break;
    case TurnEventKind::kSynthesized:
      Synthesized(event);
      break;
    case TurnEventKind::kStored:
      Stored(event);
      break;
    case TurnEventKind::kFirstHeard:
      FirstHeard();
      break;
    case TurnEventKind::kHeard:
      Heard(event.id);
      break;
    case TurnEventKind::kAnnounce:
      num_announcements_ = std::min(num_announcements_ + 1, kMaxAnnouncements);
      break;
    case TurnEventKind::kHangUp:
      HangUp();
      break;
  }
  if (phase_ == TurnPhase::kIdle && num_announcements_ > 0) {
    num_announcements_ = 0;
    BeginTurn();
    phase_ = TurnPhase::kAnswering;
    BeginStatement(TurnActionKind::kSayAnnouncement);
    announcement_ = true;
    GoOn();
  }
  actions_ = nullptr;
}

void TurnMachine::SpeechBegan() {
  switch (phase_) {
    case TurnPhase::kIdle:
      BeginTurn();
      break;
    case TurnPhase::kJudging:
      TakeFloor();
      [[fallthrough]];
    case TurnPhase::kRecognizing:
      if (utterances_of_turn_ < limits_.max_utterances) {
        DropAttempt();
      } else {
        CancelAwaited();
        CutTurn(TurnEnding::kInterrupted);
        BeginTurn();
      }
      break;
    case TurnPhase::kAnswering:
    case TurnPhase::kSpeaking:
      Hold();
      said_over_it_ = false;
      break;
    default:
      // The utterance that is open goes on.
      return;
  }
  OpenUtterance();
  if (IsAnswering()) {
    phase_ = TurnPhase::kContested;
  } else {
    ++utterances_of_turn_;
    phase_ = TurnPhase::kListening;
  }
}

void TurnMachine::SpeechPaused(bool usable) {
  if (phase_ != TurnPhase::kListening) return;
  Follow(TurnEventKind::kSpeechPaused);
  if (usable && awaited_ == 0 && drafts_of_turn_ < limits_.max_drafts) BeginAttempt(/*draft=*/true);
}

void TurnMachine::SpeechResumed() {
  if (phase_ != TurnPhase::kPausing) return;
  DropAttempt();
  Follow(TurnEventKind::kSpeechResumed);
}

void TurnMachine::SpeechEnded() {
  switch (phase_) {
    case TurnPhase::kListening:
    case TurnPhase::kPausing:
    case TurnPhase::kContested:
      FinishUtterance();
      Follow(TurnEventKind::kSpeechEnded);
      break;
    default:
      break;
  }
}

void TurnMachine::Recognized(const TurnEvent& event) {
  if (!IsAwaited(event.id)) return;
  awaited_ &= ~(uint32_t{1} << (event.id - first_awaited_));
  if (IsContested()) {
    said_over_it_ = event.usable;
    return;
  }
  said_something_ = said_something_ || event.usable;
  if (phase_ == TurnPhase::kRecognizing && awaited_ == 0) Settle(event.agrees);
}

void TurnMachine::Taken() {
  if (!IsContested()) return;
  TakeFloor();
  if (phase_ == TurnPhase::kRecognizing && awaited_ == 0) Settle(/*agrees=*/false);
}

void TurnMachine::TakeFloor() {
  const bool untouched = !heard_ && !changed_something_ && asked_to_store_ == 0 && !announcement_;
  if (untouched && utterances_of_turn_ < limits_.max_utterances) {
    DropAttempt();
    Listen(/*new_turn=*/false);
  } else {
    const TurnPhase contested = phase_;
    CutTurn(TurnEnding::kInterrupted);
    phase_ = contested;
    Listen(/*new_turn=*/true);
  }
}

void TurnMachine::Listen(bool new_turn) {
  EndHold();
  if (new_turn) BeginTurn();
  ++utterances_of_turn_;
  said_something_ = said_something_ || said_over_it_;
  Follow(TurnEventKind::kTaken);
}

void TurnMachine::Dismissed() {
  if (!IsContested()) return;
  if (phase_ == TurnPhase::kContested) {
    Do(TurnActionKind::kCancelRecognizer, utterance_);
  } else {
    CancelAwaited();
  }
  phase_ = heard_ ? TurnPhase::kSpeaking : TurnPhase::kAnswering;
  EndHold();
  GoOn();
}

void TurnMachine::Cancelled() {
  if (IsContested()) {
    Taken();
  } else if (IsAnswering()) {
    CutTurn(TurnEnding::kInterrupted, /*repeats=*/false);
  }
}

void TurnMachine::Onset() {
  if (phase_ != TurnPhase::kAnswering && phase_ != TurnPhase::kSpeaking) return;
  Hold();
}

void TurnMachine::OnsetLost() {
  if (!IsContested()) EndHold();
}

void TurnMachine::Calls(const TurnEvent& event) {
  if (event.id != attempt_ || stage_ != Stage::kAsked) return;
  first_call_ += calls_;
  calls_ = 0;
  if (!MayCall(event.count)) {
    Do(TurnActionKind::kCancelAgent, attempt_);
    AttemptDone({.kind = TurnEventKind::kAttemptDone, .id = attempt_, .failed = true});
    return;
  }
  ++steps_;
  stage_ = Stage::kCalling;
  calls_ = event.count;
  open_calls_ = static_cast<uint32_t>((uint64_t{1} << calls_) - 1);
  has_effects_ = event.effects;
  calls_wait_ = true;
  GoOn();
}

void TurnMachine::StartCalls() {
  calls_wait_ = false;
  changed_something_ = changed_something_ || has_effects_;
  actions_->push_back({.kind = TurnActionKind::kStartCalls,
                       .id = attempt_,
                       .count = calls_,
                       .first_call = first_call_,
                       .draft = draft_});
}

void TurnMachine::Piece(int32_t attempt) {
  if (attempt != attempt_) return;
  if (stage_ != Stage::kAsked && (stage_ != Stage::kCalling || draft_)) return;
  ++given_;
  GoOn();
}

void TurnMachine::AttemptDone(const TurnEvent& event) {
  if (event.id != attempt_ || stage_ != Stage::kAsked) return;
  stage_ = Stage::kDone;
  if (event.failed && draft_) {
    DropAttempt();
    return;
  }
  if (event.failed) {
    Do(TurnActionKind::kApologize, first_piece_ + given_);
    ++given_;
  }
  GoOn();
  EndAnswerIfOver();
}

void TurnMachine::CallEnded(int32_t call) {
  if (stage_ != Stage::kCalling || calls_wait_) return;
  if (call < first_call_ || call >= first_call_ + calls_) return;
  const uint32_t bit = uint32_t{1} << (call - first_call_);
  if ((open_calls_ & bit) == 0) return;
  open_calls_ &= ~bit;
  if (open_calls_ != 0) return;
  stage_ = Stage::kAsked;
  actions_->push_back({.kind = TurnActionKind::kAskAgent, .id = attempt_, .draft = draft_});
}

void TurnMachine::Synthesized(const TurnEvent& event) {
  if (!synthesizing_ || event.id != first_piece_ + synthesized_) return;
  synthesizing_ = false;
  ++synthesized_;
  some_unsaid_ = some_unsaid_ || event.failed;
  GoOn();
}

void TurnMachine::Stored(const TurnEvent& event) {
  const int32_t count = event.id - first_piece_ + 1;
  if (stage_ == Stage::kNone || count <= stored_ || count > asked_to_store_) return;
  if (event.failed) {
    StoreFailed();
  } else {
    stored_ = count;
  }
  GoOn();
}

void TurnMachine::StoreFailed() {
  if (unstored_) return;
  // A timer rings even if nothing can be stored.
  if (!announcement_) {
    const bool heard = heard_;
    if (stored_ > 0) Do(TurnActionKind::kStoreHeard);
    DropAttempt();
    BeginStatement(TurnActionKind::kApologize);
    heard_ = heard;
  }
  unstored_ = true;
}

void TurnMachine::FirstHeard() {
  if (!IsAnswering() || released_ == 0) return;
  heard_ = true;
  Follow(TurnEventKind::kFirstHeard);
}

void TurnMachine::Heard(int32_t piece) {
  if (heard_pieces_ >= released_ || heard_pieces_ >= synthesized_) return;
  if (piece != first_piece_ + heard_pieces_) return;
  ++heard_pieces_;
  GoOn();
  EndAnswerIfOver();
}

void TurnMachine::HangUp() {
  if (phase_ != TurnPhase::kIdle) {
    if (phase_ == TurnPhase::kListening || phase_ == TurnPhase::kPausing ||
        phase_ == TurnPhase::kContested) {
      Do(TurnActionKind::kCancelRecognizer, utterance_);
    }
    CancelAwaited();
    CutTurn(TurnEnding::kHungUp);
  }
  phase_ = TurnPhase::kClosed;
}

void TurnMachine::Do(TurnActionKind kind, int32_t id) {
  actions_->push_back({.kind = kind, .id = id});
}

void TurnMachine::Follow(TurnEventKind event) {
  for (const PhaseChange& change : kPhaseChanges) {
    if (change.from == phase_ && change.event == event) {
      phase_ = change.to;
      return;
    }
  }
}

bool TurnMachine::IsAnswering() const {
  return phase_ == TurnPhase::kAnswering || phase_ == TurnPhase::kSpeaking || IsContested();
}

bool TurnMachine::IsAwaited(int32_t utterance) const {
  const int32_t index = utterance - first_awaited_;
  return index >= 0 && index < 32 && (awaited_ >> index & 1) != 0;
}

void TurnMachine::OpenUtterance() {
  ++utterance_;
  Do(TurnActionKind::kOpenRecognizer, utterance_);
}

void TurnMachine::FinishUtterance() {
  if (awaited_ == 0) first_awaited_ = utterance_;
  awaited_ |= uint32_t{1} << (utterance_ - first_awaited_);
  Do(TurnActionKind::kFinishRecognizer, utterance_);
}

void TurnMachine::CancelAwaited() {
  for (int32_t index = 0; awaited_ != 0; ++index, awaited_ >>= 1) {
    if ((awaited_ & 1) != 0) Do(TurnActionKind::kCancelRecognizer, first_awaited_ + index);
  }
}

void TurnMachine::Hold() {
  if (held_) return;
  held_ = true;
  Do(TurnActionKind::kHold);
}

void TurnMachine::EndHold() {
  if (!held_) return;
  held_ = false;
  Do(TurnActionKind::kResume);
}

void TurnMachine::BeginTurn() {
  ++turn_;
  utterances_of_turn_ = 0;
  said_something_ = false;
  drafts_of_turn_ = 0;
  changed_something_ = false;
}

void TurnMachine::ResetAnswer() {
  ++attempt_;
  draft_ = false;
  steps_ = 0;
  first_call_ += calls_;
  calls_ = 0;
  open_calls_ = 0;
  calls_wait_ = false;
  has_effects_ = false;
  first_piece_ += given_;
  given_ = 0;
  synthesized_ = 0;
  synthesizing_ = false;
  asked_to_store_ = 0;
  stored_ = 0;
  released_ = 0;
  heard_pieces_ = 0;
  heard_ = false;
  some_unsaid_ = false;
  unstored_ = false;
  announcement_ = false;
}

void TurnMachine::BeginAttempt(bool draft) {
  ResetAnswer();
  stage_ = Stage::kAsked;
  draft_ = draft;
  if (draft) {
    ++drafts_of_turn_;
    ++num_drafts_;
  }
  actions_->push_back({.kind = TurnActionKind::kAskAgent, .id = attempt_, .draft = draft});
}

void TurnMachine::BeginStatement(TurnActionKind statement) {
  ResetAnswer();
  stage_ = Stage::kDone;
  given_ = 1;
  Do(statement, first_piece_);
}

void TurnMachine::DropAttempt() {
  if (stage_ == Stage::kAsked || stage_ == Stage::kCalling) {
    Do(TurnActionKind::kCancelAgent, attempt_);
  }
  if (stage_ == Stage::kCalling && !calls_wait_) Do(TurnActionKind::kCancelCalls, attempt_);
  if (synthesizing_) Do(TurnActionKind::kCancelSynthesis);
  if (stage_ != Stage::kNone && given_ > 0) Do(TurnActionKind::kStop);
  stage_ = Stage::kNone;
  draft_ = false;
  synthesizing_ = false;
  calls_wait_ = false;
}

void TurnMachine::Settle(bool agrees) {
  if (!said_something_) {
    DropAttempt();
    EndTurn(TurnEnding::kNothingSaid);
    return;
  }
  phase_ = TurnPhase::kAnswering;
  if (draft_ && agrees) {
    draft_ = false;
    ++num_drafts_used_;
    GoOn();
    EndAnswerIfOver();
    return;
  }
  DropAttempt();
  BeginAttempt(/*draft=*/false);
}

void TurnMachine::GoOn() {
  if (stage_ == Stage::kNone) return;
  const bool free = !draft_ && !IsContested();
  if (calls_wait_ && (free || !has_effects_)) StartCalls();
  // What has to be durable before it is heard is asked for first.
  if (free && asked_to_store_ < given_ && !unstored_) {
    asked_to_store_ = given_;
    Do(TurnActionKind::kStoreAnswer, first_piece_ + given_ - 1);
  }
  const int32_t most = draft_ ? 1 : std::min(given_, heard_pieces_ + kMaxPiecesAhead);
  if (!synthesizing_ && synthesized_ < std::min(given_, most)) {
    synthesizing_ = true;
    Do(TurnActionKind::kSynthesize, first_piece_ + synthesized_);
  }
  if (!free) return;
  while (released_ < (unstored_ ? given_ : stored_)) {
    Do(TurnActionKind::kRelease, first_piece_ + released_++);
  }
}

void TurnMachine::CutTurn(TurnEnding ending, bool repeats) {
  const bool answered = IsAnswering();
  const bool unstored = answered && unstored_;
  const bool asked_to_store = answered && asked_to_store_ > 0 && !unstored_;
  const bool repeated = repeats && answered && announcement_ && !heard_;
  DropAttempt();
  if (asked_to_store) {
    Do(TurnActionKind::kStoreHeard);
  } else if (said_something_ && !unstored) {
    Do(TurnActionKind::kStoreUnanswered);
  }
  // It is said when there is room for it.
  if (repeated) num_announcements_ = std::min(num_announcements_ + 1, kMaxAnnouncements);
  EndTurn(ending);
}

void TurnMachine::EndTurn(TurnEnding ending) {
  EndHold();
  actions_->push_back({.kind = TurnActionKind::kTurnDone, .id = turn_, .ending = ending});
  stage_ = Stage::kNone;
  phase_ = TurnPhase::kIdle;
}

void TurnMachine::EndAnswerIfOver() {
  if (!IsAnswering() || stage_ != Stage::kDone || heard_pieces_ < given_) return;
  const TurnPhase phase = phase_;
  const bool contested = IsContested();
  if (!unstored_) {
    if (given_ == 0) {
      Do(TurnActionKind::kStoreUnanswered);
    } else if (some_unsaid_) {
      Do(TurnActionKind::kStoreHeard);
    }
  }
  EndTurn(unstored_ ? TurnEnding::kNotStored : TurnEnding::kAnswered);
  if (!contested) return;
  phase_ = phase;
  Listen(/*new_turn=*/true);
  if (phase_ == TurnPhase::kRecognizing && awaited_ == 0) Settle(/*agrees=*/false);
}

}  // namespace parlance::pipeline
