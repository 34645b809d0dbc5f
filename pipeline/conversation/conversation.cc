#include "pipeline/conversation/conversation.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "audio/signal/resampler.h"

namespace parlance::pipeline {
namespace {

constexpr int kRecognitionHz = 16000;
// A frame was heard just now if it was taken no longer ago: two frames of output.
constexpr absl::Duration kJustNow = absl::Milliseconds(40);
// How long the echo of an answer may come back.
constexpr absl::Duration kEchoLasts = absl::Milliseconds(600);
// More announcements than a person would listen to are not kept.
constexpr size_t kMaxAnnouncements = 20;
// More that is typed while somebody speaks is left out.
constexpr size_t kMaxTyped = 20;

}  // namespace

absl::StatusOr<std::unique_ptr<Conversation>> Conversation::Create(
    ConversationOptions options, std::unique_ptr<audio::VoiceActivityDetector> vad,
    ConversationActions* actions) {
  if (vad == nullptr || actions == nullptr) {
    return absl::InvalidArgumentError("a conversation needs a detector and somebody who acts");
  }
  if (vad->sample_rate_hz() != kRecognitionHz) {
    return absl::InvalidArgumentError("the detector has to work at 16 kHz");
  }
  for (const absl::Duration time :
       {options.draft_after, options.hurry_after, options.waiting_after,
        options.recognition_timeout, options.agent_timeout, options.tool_timeout,
        options.synthesis_timeout, options.store_timeout}) {
    if (time <= absl::ZeroDuration()) {
      return absl::InvalidArgumentError("the times of a conversation have to be positive");
    }
  }
  audio::SpeechSegmenter::Options segmenter_options;
  segmenter_options.input_sample_rate_hz = options.input_sample_rate_hz;
  segmenter_options.endpointer = options.endpointer;
  segmenter_options.gives_sound = true;
  segmenter_options.small_when_idle = true;
  auto segmenter = audio::SpeechSegmenter::Create(std::move(vad), segmenter_options);
  if (!segmenter.ok()) return segmenter.status();
  if (options.hears_echo && options.output_sample_rate_hz != kRecognitionHz) {
    return absl::InvalidArgumentError(
        "an echo can be heard if the synthesiser works at 16 kHz; hears_echo has to be false");
  }
  absl::StatusOr<InterruptionJudge> judge = InterruptionJudge::Create(options.interruption);
  if (!judge.ok()) return judge.status();
  // The judge has what it needs of them.
  std::vector<std::string>().swap(options.interruption.backchannels);
  return std::unique_ptr<Conversation>(
      new Conversation(std::move(options), *std::move(segmenter), *std::move(judge), actions));
}

Conversation::Conversation(ConversationOptions options, audio::SpeechSegmenter segmenter,
                           InterruptionJudge judge, ConversationActions* actions)
    : options_(std::move(options)),
      segmenter_(std::move(segmenter)),
      actions_(*actions),
      judge_(std::move(judge)),
      ledger_(actions, options_.store_timeout) {
  turn_taking_.min_endpointing_delay = options_.endpointer.min_endpointing_delay;
  turn_taking_.max_endpointing_delay = options_.endpointer.max_endpointing_delay;
  turn_taking_.complete_delay = options_.endpointer.complete_delay;
  turn_taking_.incomplete_delay = options_.endpointer.incomplete_delay;
}

Conversation::~Conversation() = default;

// Events.

void Conversation::Sound(absl::Duration at, absl::Span<const int16_t> samples) {
  Pass(at);
  if (!is_judged_ && now_ - last_taken_ > kEchoLasts) echo_.End();
  num_samples_in_ += static_cast<int64_t>(samples.size());
  if (!turn_taking_.detects_speech) {
    // What the segmenter does not hear has no position in its stream.
    segmenter_begin_ += static_cast<int64_t>(samples.size());
  } else if (phase() != TurnPhase::kClosed) {
    segmenter_.Push(samples, *this);
  }
}

void Conversation::EndOfSound(absl::Duration at) {
  Pass(at);
  if (phase() == TurnPhase::kClosed) return;
  segmenter_.Flush(*this);
  segmenter_begin_ = num_samples_in_;
}

Conversation::Utterance* Conversation::TakeFloorWith(UtteranceSource source) {
  beginning_ = source;
  turn_event_ = {};
  partial_words_ = {};
  partial_may_be_all_ = false;
  is_paused_ = false;
  const int32_t before = machine_.utterance();
  Tell({.kind = TurnEventKind::kSpeechBegan});
  beginning_ = UtteranceSource::kDetected;
  const int32_t utterance = machine_.utterance();
  if (utterance == before) return nullptr;
  if (IsContested()) Judge(/*taken=*/true);
  return Find(utterance);
}

void Conversation::WholeUtterance(absl::Duration at, absl::Span<const int16_t> samples) {
  EndOfSound(at);
  if (phase() == TurnPhase::kClosed || samples.empty()) return;
  const auto most = static_cast<size_t>(kMaxUtterance / absl::Seconds(1)) *
                    static_cast<size_t>(options_.input_sample_rate_hz);
  samples = samples.first(std::min(samples.size(), most));
  Utterance* utterance = TakeFloorWith(UtteranceSource::kWhole);
  if (utterance == nullptr) return;
  // The rate was found to be one that can be resampled when the conversation was created.
  const auto resampled = audio::Resample(samples, options_.input_sample_rate_hz, kRecognitionHz);
  if (resampled.ok()) actions_.Recognize(utterance->id, *resampled);
  utterance->segment = {.begin = 0, .end = static_cast<int64_t>(samples.size())};
  EndUtterance(*utterance, absl::ZeroDuration());
}

void Conversation::Typed(absl::Duration at, absl::string_view text) {
  Pass(at);
  if (phase() == TurnPhase::kClosed || typed_.size() >= kMaxTyped) return;
  if (phase() == TurnPhase::kContested) Judge(/*taken=*/true);
  typed_.emplace_back(text);
  if (phase() != TurnPhase::kListening && phase() != TurnPhase::kPausing) SayTyped();
}

void Conversation::SayTyped() {
  // What is said may end a turn, and more may be typed by then.
  const std::vector<std::string> typed = std::exchange(typed_, {});
  for (const std::string& text : typed) {
    Utterance* const utterance = TakeFloorWith(UtteranceSource::kTyped);
    if (utterance == nullptr) return;
    const int32_t id = utterance->id;
    utterance->words = Hypothesis{.text = text, .rejected = false, .confidence = 1};
    EndUtterance(*utterance, absl::ZeroDuration());
    if (Utterance* const ended = Find(id)) SettleWords(*ended);
  }
}

void Conversation::Respond(absl::Duration at) {
  Pass(at);
  switch (phase()) {
    case TurnPhase::kIdle:
      is_requested_ = true;
      Typed(now_, "");
      break;
    case TurnPhase::kAnswering:
    case TurnPhase::kSpeaking:
      if (!std::exchange(answer_.waits_for_request, false)) break;
      wait_.Begin(now_, absl::ZeroDuration());
      Ask(/*draft=*/false);
      Observe();
      break;
    case TurnPhase::kClosed:
      break;
    default:
      is_requested_ = true;
  }
}

void Conversation::CancelAnswer(absl::Duration at) {
  CutAnswer(at);
  if (observer_ != nullptr) observer_->AnswerCancelled();
}

void Conversation::CutAnswer(absl::Duration at) {
  Pass(at);
  is_requested_ = false;
  if (answer_.is_announcement) announcing_.clear();
  if (IsContested()) {
    Judge(/*taken=*/true);
  } else {
    Tell({.kind = TurnEventKind::kCancelled});
  }
}

void Conversation::Truncate(absl::Duration at, int64_t position) {
  Pass(at);
  position = std::max<int64_t>(position, 0);
  if (machine_.heard() && answer_.last_piece != 0) {
    const int32_t answer = answer_.attempt;
    played_ = std::min(position, spoken_.taken());
    const std::string heard = spoken_.HeardText(*played_, answer_.first_piece, answer_.last_piece);
    CutAnswer(at);
    if (observer_ != nullptr) observer_->AnswerTruncated(answer, heard);
    return;
  }
  if (past_.last_piece == 0) {
    if (observer_ != nullptr) observer_->AnswerTruncated(0, "");
    return;
  }
  ledger_.Cut(now_, past_.turn, past_.first_piece, position, past_.spoken, /*also_whole=*/true);
  if (observer_ == nullptr) return;
  observer_->AnswerTruncated(past_.answer,
                             past_.spoken.HeardText(position, past_.first_piece, past_.last_piece));
}

void Conversation::AddMessage(absl::Duration at, session::Role role, absl::string_view text) {
  Pass(at);
  if (phase() == TurnPhase::kClosed) return;
  std::vector<session::Message> messages;
  messages.push_back({.role = role, .content = std::string(text)});
  ledger_.Append(now_, std::move(messages));
}

void Conversation::Configure(absl::Duration at, const TurnTaking& turn_taking) {
  Pass(at);
  if (!turn_taking.detects_speech && turn_taking_.detects_speech) EndOfSound(at);
  turn_taking_ = turn_taking;
  segmenter_.SetDelays(turn_taking.min_endpointing_delay, turn_taking.max_endpointing_delay,
                       turn_taking.complete_delay, turn_taking.incomplete_delay);
}

size_t Conversation::TakeFrame(absl::Duration at, absl::Span<int16_t> frame) {
  Pass(at);
  if (machine_.held()) return 0;
  const size_t count = spoken_.Take(frame);
  if (count > 0) {
    last_taken_ = now_;
    echo_.Played(frame.first(count));
  }
  if (count > 0 && !machine_.heard()) {
    if (answer_.is_announcement) announcing_.clear();
    wait_.EndWithSound(now_);
    NoteLatency();
    Tell({.kind = TurnEventKind::kFirstHeard});
  }
  HearWhatWasPlayed();
  return count;
}

void Conversation::Played(absl::Duration at, int64_t position) {
  Pass(at);
  played_ = std::max(position, played_.value_or(0));
  if (position > 0 && machine_.heard() && !wait_.latency().played.has_value()) {
    wait_.NotePlayed(now_);
    NoteLatency();
  }
  HearWhatWasPlayed();
}

void Conversation::PartialWords(absl::Duration at, int32_t utterance, const Hypothesis& words,
                                audio::Endpointer::Words completeness) {
  Pass(at);
  if (utterance != open_utterance_) return;
  partial_words_ = words;
  if (const Utterance* const told = Find(utterance);
      observer_ != nullptr && told != nullptr && told->is_told) {
    observer_->Words(utterance, words, /*is_final=*/false);
  }
  if (phase() == TurnPhase::kContested) Apply(judge_.OnPartialWords(words.text));
  partial_may_be_all_ = completeness != audio::Endpointer::Words::kIncomplete && !words.rejected &&
                        !words.text.empty();
  // A recogniser that makes nothing of the sound tells nothing of its end.
  if (!words.text.empty()) segmenter_.SetWords(completeness);
}

void Conversation::FinalWords(absl::Duration at, int32_t utterance,
                              const absl::StatusOr<Hypothesis>& words) {
  Pass(at);
  Utterance* const found = Find(utterance);
  if (found == nullptr || found->words.has_value()) return;
  if (found->decided == absl::InfiniteDuration()) return;
  found->failed = !words.ok();
  found->words = words.ok() ? *words : Hypothesis();
  SettleWords(*found);
}

void Conversation::AgentText(absl::Duration at, int32_t attempt, absl::string_view text) {
  Pass(at);
  if (!IsAsked(attempt)) return;
  answer_.agent_deadline = now_ + options_.agent_timeout;
  answer_.has_text = answer_.has_text || !text.empty();
  const size_t room = options_.max_answer_bytes - answer_.num_bytes;
  answer_.cutter.Add(text.substr(0, room));
  answer_.num_bytes += std::min(text.size(), room);
  if (!answer_.cutter.has_first() && answer_.hurry_at == absl::InfiniteDuration()) {
    answer_.hurry_at = now_ + options_.hurry_after;
  }
  GivePieces();
  if (text.size() > room && IsAsked(attempt)) {
    actions_.CancelAgent(attempt);
    FinishAttempt(/*failed=*/false);
  }
}

void Conversation::AgentCalls(absl::Duration at, int32_t attempt, std::vector<WantedCall> calls) {
  Pass(at);
  if (!IsAsked(attempt)) return;
  // What was written before the calls is said before them.
  while (std::optional<std::string> piece = answer_.cutter.Finish()) GivePiece(*piece);
  answer_.agent_deadline = absl::InfiniteDuration();
  bool effects = false;
  const auto count = static_cast<int32_t>(std::min<size_t>(calls.size(), INT32_MAX));
  // Calls that are too many are not made, and leave nothing behind.
  if (!machine_.MayCall(count)) calls.clear();
  for (WantedCall& wanted : calls) {
    effects = effects || wanted.effects;
    answer_.calls.push_back(std::move(wanted.call));
    answer_.outcomes.emplace_back();
    answer_.call_times.emplace_back();
    answer_.ended.push_back(false);
  }
  Tell({.kind = TurnEventKind::kCalls, .id = attempt, .count = count, .effects = effects});
}

void Conversation::AgentDone(absl::Duration at, int32_t attempt, const absl::Status& status) {
  Pass(at);
  if (!IsAsked(attempt)) return;
  FinishAttempt(!status.ok());
}

void Conversation::CallEnded(absl::Duration at, int32_t call, CallOutcome outcome) {
  Pass(at);
  const int64_t index = int64_t{call} - answer_.first_call;
  if (index < 0 || index >= static_cast<int64_t>(answer_.calls.size())) return;
  const auto place = static_cast<size_t>(index);
  if (answer_.ended[place]) return;
  answer_.ended[place] = true;
  answer_.call_times[place].ended = now_;
  answer_.outcomes[place] = std::move(outcome);
  EndCalls();
  Tell({.kind = TurnEventKind::kCallEnded, .id = call});
}

void Conversation::PieceSound(absl::Duration at, int32_t piece, absl::Span<const int16_t> samples,
                              absl::Span<const WordMark> words) {
  Pass(at);
  if (piece != answer_.synthesizing) return;
  answer_.synthesis_deadline = now_ + options_.synthesis_timeout;
  answer_.has_sound = answer_.has_sound || !samples.empty();
  spoken_.AddSound(piece, samples, words);
}

void Conversation::PieceDone(absl::Duration at, int32_t piece, const absl::Status& status) {
  Pass(at);
  if (piece != answer_.synthesizing) return;
  answer_.unsaid.Update(status);
  EndSynthesis(!status.ok());
}

void Conversation::Stored(absl::Duration at, int32_t order, const absl::StatusOr<int64_t>& result) {
  Pass(at);
  if (const auto done = ledger_.Stored(now_, order, result)) EndStoreOrder(*done);
}

void Conversation::Announce(absl::Duration at, absl::string_view sentence) {
  Pass(at);
  if (phase() == TurnPhase::kClosed) return;
  if (announcements_.size() >= kMaxAnnouncements) {
    ++num_announcements_dropped_;
    return;
  }
  announcements_.emplace_back(sentence);
  Tell({.kind = TurnEventKind::kAnnounce});
}

void Conversation::Tick(absl::Duration at) { Pass(at); }

void Conversation::HangUp(absl::Duration at) {
  Pass(at);
  Tell({.kind = TurnEventKind::kHangUp});
}

// What the segmenter hears.

void Conversation::PrepareFrame(absl::Span<int16_t> frame) { guarded_ = echo_.Heard(frame); }

void Conversation::Apply(InterruptionVerdict verdict) {
  switch (verdict) {
    case InterruptionVerdict::kNone:
      break;
    case InterruptionVerdict::kOnset:
      Tell({.kind = TurnEventKind::kOnset});
      break;
    case InterruptionVerdict::kOnsetLost:
      Tell({.kind = TurnEventKind::kOnsetLost});
      break;
    case InterruptionVerdict::kTaken:
      Judge(/*taken=*/true);
      break;
    case InterruptionVerdict::kDismissed:
      Judge(/*taken=*/false);
      break;
  }
}

void Conversation::OnTurnBegin(const audio::EndpointerEvent& start) {
  if (is_judged_) {
    Apply(judge_.OnSpeechBegan());
    if (is_judged_ && judge_.ignores_speech()) return;
  }
  turn_event_ = start;
  partial_words_ = {};
  partial_may_be_all_ = false;
  is_paused_ = false;
  Tell({.kind = TurnEventKind::kSpeechBegan});
  // Nothing is heard yet of an answer that nobody has asked for, so nothing can be interrupted.
  if (answer_.waits_for_request && IsContested()) Judge(/*taken=*/true);
}

void Conversation::OnTurnSound(absl::Span<const int16_t> samples) {
  if (open_utterance_ != 0) actions_.Recognize(open_utterance_, samples);
}

void Conversation::OnTurnEnd(const audio::EndpointerEvent& end) {
  is_paused_ = false;
  if (Utterance* const utterance = Find(open_utterance_)) {
    utterance->segment = end.segment;
    utterance->end = SoundLength(segmenter_begin_ + end.segment.end);
    EndUtterance(*utterance, SoundLength(end.delay()));
  } else {
    open_utterance_ = 0;
    Tell({.kind = TurnEventKind::kSpeechEnded});
  }
  if (is_judged_) Apply(judge_.OnSpeechEnded());
  if (!typed_.empty() && phase() != TurnPhase::kContested) SayTyped();
}

void Conversation::EndUtterance(Utterance& utterance, absl::Duration endpoint_delay) {
  utterance.endpoint_delay = endpoint_delay;
  utterance.decided = now_;
  if (utterance.source == UtteranceSource::kTyped) {
    utterance.end = utterance.begin;
  } else {
    utterance.deadline = now_ + options_.recognition_timeout;
    utterance.end = std::max(utterance.end, utterance.begin);
  }
  if (!utterance.over) wait_.Begin(now_, endpoint_delay);
  open_utterance_ = 0;
  ObserveSpeech();
  Tell({.kind = TurnEventKind::kSpeechEnded});
}

void Conversation::OnFrameHeard(float probability) {
  if (is_judged_) {
    InterruptionJudge::Frame frame = {.speech_probability = probability,
                                      .explained = 1 - probability,
                                      .answer_heard = now_ - last_taken_ < kJustNow};
    if (options_.hears_echo) {
      frame.explained = guarded_.explained;
      frame.change = guarded_.change;
    }
    Apply(judge_.OnFrame(frame));
  }
  if (open_utterance_ == 0 || !segmenter_.in_speech()) return;
  if (phase() == TurnPhase::kContested) return;
  const absl::Duration pause = segmenter_.pause();
  if (!is_paused_ && turn_taking_.answers && pause >= options_.draft_after && partial_may_be_all_) {
    is_paused_ = true;
    Tell({.kind = TurnEventKind::kSpeechPaused, .usable = true});
  } else if (is_paused_ && pause == absl::ZeroDuration()) {
    is_paused_ = false;
    Tell({.kind = TurnEventKind::kSpeechResumed});
  }
}

// Time.

void Conversation::Pass(absl::Duration at) {
  at = std::max(at, now_);
  if (wait_.is_on()) wait_.Add(Stage(), now_, at - now_);
  now_ = at;
  CheckDeadlines();
}

TurnStage Conversation::Stage() const {
  if (phase() == TurnPhase::kRecognizing) return TurnStage::kRecognition;
  if (answer_.last_piece == 0) {
    const bool calling =
        std::find(answer_.ended.begin(), answer_.ended.end(), false) != answer_.ended.end();
    if (calling) return TurnStage::kTools;
    return answer_.has_text ? TurnStage::kAgentFirstClause : TurnStage::kAgentFirstToken;
  }
  // Both go on at once; what is not durable could not be heard whatever sound there is.
  if (!answer_.is_stored) return TurnStage::kStore;
  return answer_.has_sound ? TurnStage::kOutput : TurnStage::kSynthesis;
}

absl::Duration Conversation::next_deadline() const {
  absl::Duration next = std::min({answer_.agent_deadline, answer_.calls_deadline,
                                  answer_.synthesis_deadline, ledger_.next_deadline()});
  if (!answer_.cutter.has_first() && answer_.hurry_at > now_) {
    next = std::min(next, answer_.hurry_at);
  }
  for (const Utterance& utterance : utterances_) next = std::min(next, utterance.deadline);
  if (phase() == TurnPhase::kAnswering && wait_.is_on() && !waited_) {
    next = std::min(next, wait_.since() + options_.waiting_after);
  }
  return next;
}

void Conversation::CheckDeadlines() {
  for (size_t i = 0; i < utterances_.size(); ++i) {
    if (utterances_[i].deadline > now_ || utterances_[i].words.has_value()) continue;
    utterances_[i].failed = true;
    utterances_[i].words = Hypothesis();
    // The recogniser's result is of no use any more.
    actions_.CancelRecognizer(utterances_[i].id);
    SettleWords(utterances_[i]);
    i = 0;
  }
  if (answer_.agent_deadline <= now_) {
    actions_.CancelAgent(answer_.attempt);
    FinishAttempt(/*failed=*/true);
  }
  if (answer_.calls_deadline <= now_) {
    const std::vector<bool> ended = answer_.ended;
    const int32_t first_call = answer_.first_call;
    CancelCalls();
    for (size_t i = 0; i < ended.size(); ++i) {
      if (ended[i]) continue;
      Tell({.kind = TurnEventKind::kCallEnded, .id = first_call + static_cast<int32_t>(i)});
    }
  }
  if (answer_.hurry_at <= now_ && !answer_.cutter.has_first()) GivePieces();
  if (answer_.synthesis_deadline <= now_) {
    answer_.unsaid.Update(absl::DeadlineExceededError("the synthesiser did not answer"));
    actions_.CancelSynthesis(answer_.synthesizing);
    EndSynthesis(/*failed=*/true);
  }
  while (const auto late = ledger_.TakeLate(now_)) EndStoreOrder(*late);
  if (phase() == TurnPhase::kAnswering && wait_.is_on() && !waited_ &&
      now_ >= wait_.since() + options_.waiting_after) {
    waited_ = true;
    if (answer_.last_piece == 0 && !machine_.has_draft()) GivePiece(options_.waiting_text);
  }
}

bool Conversation::is_quiet() const {
  return (phase() == TurnPhase::kIdle || phase() == TurnPhase::kClosed) &&
         ledger_.next_deadline() == absl::InfiniteDuration();
}

// Turns.

void Conversation::Tell(const TurnEvent& event) {
  untold_.push_back(event);
  if (telling_) return;
  telling_ = true;
  for (size_t i = 0; i < untold_.size(); ++i) {
    const TurnEvent next = untold_[i];
    ordered_.clear();
    machine_.Handle(next, ordered_);
    if (!machine_.has_draft() && machine_.attempt() == answer_.attempt &&
        (phase() == TurnPhase::kAnswering || IsContested())) {
      answer_.is_draft = false;
    }
    // An answer that is given up before anything was heard goes on with all that was said.
    const bool ends_turn = std::any_of(
        ordered_.begin(), ordered_.end(),
        [](const TurnAction& action) { return action.kind == TurnActionKind::kTurnDone; });
    const bool is_answering =
        phase() == TurnPhase::kAnswering || phase() == TurnPhase::kSpeaking || IsContested();
    if (is_judged_ && (ends_turn || !is_answering)) judge_.EndAnswer();
    if (is_answering && (ends_turn || !is_judged_)) {
      judge_.BeginAnswer(turn_taking_.interruptible ? options_.interruptible
                                                    : InterruptionJudge::Policy::Never());
      if (options_.hears_echo) echo_.Begin();
    }
    is_judged_ = is_answering;
    if (!ends_turn && !IsContested()) {
      for (Utterance& each : utterances_) each.over = false;
    }
    // Nothing that is obeyed tells the machine at once, so what is ordered stays.
    for (const TurnAction& action : ordered_) Obey(action);
    Observe();
  }
  untold_.clear();
  telling_ = false;
}

void Conversation::Obey(const TurnAction& action) {
  switch (action.kind) {
    case TurnActionKind::kOpenRecognizer:
      utterances_.push_back(
          {.id = action.id,
           .over = phase() == TurnPhase::kContested,
           .source = beginning_,
           .segment = turn_event_.segment,
           .began = now_ - SoundLength(turn_event_.decided - turn_event_.segment.begin)});
      // What has no place in the sound begins now.
      utterances_.back().begin = turn_event_.decided == 0
                                     ? InputPosition()
                                     : SoundLength(segmenter_begin_ + turn_event_.segment.begin);
      if (beginning_ == UtteranceSource::kTyped) break;
      open_utterance_ = action.id;
      actions_.OpenRecognizer(action.id);
      break;
    case TurnActionKind::kFinishRecognizer:
      if (const Utterance* const ended = Find(action.id);
          ended != nullptr && ended->source == UtteranceSource::kTyped)
        break;
      actions_.FinishRecognizer(action.id);
      break;
    case TurnActionKind::kCancelRecognizer: {
      if (open_utterance_ == action.id) open_utterance_ = 0;
      const Utterance* const cancelled = Find(action.id);
      const bool is_typed = cancelled != nullptr && cancelled->source == UtteranceSource::kTyped;
      std::erase_if(utterances_, [&](const Utterance& each) { return each.id == action.id; });
      if (!is_typed) actions_.CancelRecognizer(action.id);
      break;
    }
    case TurnActionKind::kAskAgent:
      AskAgent(action);
      break;
    case TurnActionKind::kCancelAgent:
      answer_.agent_deadline = absl::InfiniteDuration();
      actions_.CancelAgent(action.id);
      break;
    case TurnActionKind::kStartCalls:
      StartCalls(action);
      break;
    case TurnActionKind::kCancelCalls:
      CancelCalls();
      break;
    case TurnActionKind::kApologize:
      if (machine_.attempt() != answer_.attempt) {
        std::vector<ToolCall> calls = std::move(answer_.calls);
        std::vector<CallOutcome> outcomes = std::move(answer_.outcomes);
        std::vector<CallTimes> call_times = std::move(answer_.call_times);
        const int32_t first_call = answer_.first_call;
        const size_t calls_appended = answer_.calls_appended;
        BeginAnswer(machine_.attempt());
        answer_.calls = std::move(calls);
        answer_.outcomes = std::move(outcomes);
        answer_.call_times = std::move(call_times);
        answer_.first_call = first_call;
        answer_.calls_appended = calls_appended;
        answer_.calls_ended = answer_.calls.size();
        answer_.ended.assign(answer_.calls.size(), true);
        AddPiece(action.id, options_.not_stored_apology);
        answer_.is_stored = true;
      } else {
        AddPiece(action.id, options_.apology);
      }
      break;
    case TurnActionKind::kSayAnnouncement:
      BeginAnswer(machine_.attempt());
      for (const std::string& sentence : announcements_) {
        absl::StrAppend(&announcing_, announcing_.empty() ? "" : " ", sentence);
      }
      announcements_.clear();
      answer_.is_announcement = true;
      AddPiece(action.id, announcing_);
      break;
    case TurnActionKind::kSynthesize:
      answer_.synthesizing = action.id;
      answer_.synthesis_deadline = now_ + options_.synthesis_timeout;
      actions_.Synthesize(action.id, spoken_.TextOf(action.id));
      break;
    case TurnActionKind::kCancelSynthesis:
      actions_.CancelSynthesis(answer_.synthesizing);
      answer_.synthesizing = 0;
      answer_.synthesis_deadline = absl::InfiniteDuration();
      break;
    case TurnActionKind::kStoreAnswer:
      StoreAnswer(action.id);
      break;
    case TurnActionKind::kStoreHeard:
      StoreHeard();
      break;
    case TurnActionKind::kStoreUnanswered:
      StoreUnanswered();
      break;
    case TurnActionKind::kRelease:
      Observe();
      if (observer_ != nullptr) {
        observer_->AnswerText(answer_.attempt, spoken_.TextOf(action.id));
      }
      spoken_.Release(action.id);
      break;
    case TurnActionKind::kHold:
      actions_.Hold();
      break;
    case TurnActionKind::kResume:
      actions_.Resume();
      break;
    case TurnActionKind::kStop:
      spoken_.Stop();
      actions_.Stop();
      break;
    case TurnActionKind::kTurnDone:
      EndTurn(action);
      break;
  }
}

absl::Duration Conversation::SoundLength(int64_t num_samples) const {
  return absl::Seconds(static_cast<double>(num_samples) / options_.input_sample_rate_hz);
}

Conversation::Utterance* Conversation::Find(int32_t utterance) {
  for (Utterance& each : utterances_) {
    if (each.id == utterance) return &each;
  }
  return nullptr;
}

Hypothesis Conversation::TurnWords() const {
  Hypothesis together;
  std::vector<absl::string_view> texts;
  double confidence = 1;
  const Utterance* last = nullptr;
  for (const Utterance& each : utterances_) {
    if (each.over || !each.words.has_value()) continue;
    last = &each;
    if (each.words->rejected || each.words->text.empty()) continue;
    texts.push_back(each.words->text);
    confidence = std::min(confidence, each.words->confidence);
  }
  // What was not understood is left out of what was, and is all there is if nothing was.
  if (texts.empty()) return last == nullptr ? together : *last->words;
  return {.text = absl::StrJoin(texts, " "), .rejected = false, .confidence = confidence};
}

void Conversation::SettleWords(Utterance& utterance) {
  utterance.deadline = absl::InfiniteDuration();
  const int32_t id = utterance.id;
  const bool over = utterance.over;
  const Hypothesis final_words = *utterance.words;
  const bool understood = !utterance.words->rejected && !utterance.words->text.empty();
  const absl::Duration length = SoundLength(utterance.segment.end - utterance.segment.begin);
  // A short sound without words, such as a cough, is not answered.
  const bool usable = utterance.failed || utterance.source == UtteranceSource::kTyped ||
                      !utterance.words->text.empty() ||
                      length - utterance.endpoint_delay >= options_.interruption.min_speech;
  const Hypothesis words = TurnWords();
  const bool agrees = !words.rejected && words.text == answer_.asked_with.text;
  if (over) {
    // It is told of once it has taken the floor.
  } else if (observer_ != nullptr && utterance.source != UtteranceSource::kTyped) {
    ObserveSpeech();
    observer_->Words(id, final_words, /*is_final=*/true);
  }
  Tell({.kind = TurnEventKind::kRecognized, .id = id, .usable = usable, .agrees = agrees});
  if (!over) return;
  if (is_judged_) Apply(judge_.OnFinalWords(final_words.text, final_words.rejected));
  // Nobody is left in doubt, whatever the judge thinks.
  if (phase() == TurnPhase::kJudging) Judge(understood);
}

void Conversation::Judge(bool taken) {
  if (!taken) {
    std::erase_if(utterances_,
                  [](const Utterance& each) { return each.over && each.words.has_value(); });
    Tell({.kind = TurnEventKind::kDismissed});
    return;
  }
  std::optional<Utterance> last;
  for (const Utterance& each : utterances_) {
    if (each.over && each.decided != absl::InfiniteDuration()) last = each;
  }
  // The turn that was interrupted ends now, and its latency is not the next one's.
  Tell({.kind = TurnEventKind::kTaken});
  if (!last.has_value() || phase() == TurnPhase::kIdle || phase() == TurnPhase::kClosed) return;
  wait_.Begin(last->decided, last->endpoint_delay);
  wait_.Add(TurnStage::kRecognition, last->decided, now_ - last->decided);
}

void Conversation::Observe() {
  if (observer_ == nullptr) return;
  ObserveSpeech();
  const bool is_answering =
      phase() == TurnPhase::kAnswering || phase() == TurnPhase::kSpeaking || IsContested();
  const bool is_meant = is_answering && machine_.attempt() == answer_.attempt &&
                        !machine_.has_draft() && !answer_.waits_for_request;
  if (!is_meant) {
    ObserveCalls();
    ObserveAnswerEnd("", /*is_cut=*/true);
    return;
  }
  if (!std::exchange(answer_.is_told, true)) observer_->AnswerBegan(answer_.attempt);
  ObserveCalls();
}

void Conversation::ObserveSpeech(bool over_too) {
  if (observer_ == nullptr) return;
  for (Utterance& each : utterances_) {
    if (each.over && !over_too) continue;
    const bool is_late = !each.is_told && each.words.has_value();
    if (!std::exchange(each.is_told, true))
      observer_->SpeechBegan(each.id, each.source, each.begin);
    if (each.decided != absl::InfiniteDuration() && !std::exchange(each.end_is_told, true)) {
      observer_->SpeechEnded(each.id, each.end);
      // Its words came before it was known to have taken the floor.
      if (is_late) observer_->Words(each.id, *each.words, /*is_final=*/true);
    }
  }
}

void Conversation::ObserveCalls() {
  if (observer_ == nullptr || !answer_.is_told) return;
  if (answer_.num_started == 0) return;
  answer_.calls_told.resize(answer_.calls.size(), 0);
  std::vector<BegunCall> begun;
  for (size_t i = 0; i < answer_.num_started; ++i) {
    if (std::exchange(answer_.calls_told[i], std::max<uint8_t>(answer_.calls_told[i], 1)) != 0) {
      continue;
    }
    const int32_t call = answer_.first_call + static_cast<int32_t>(i);
    begun.push_back({.call = call,
                     .id = absl::StrCat("call_", options_.num_messages + call),
                     .tool_call = answer_.calls[i]});
  }
  if (!begun.empty()) observer_->CallsBegan(answer_.attempt, begun);
  for (size_t i = 0; i < answer_.num_started; ++i) {
    if (!answer_.ended[i] || std::exchange(answer_.calls_told[i], 2) == 2) continue;
    observer_->CallEnded(answer_.attempt, answer_.first_call + static_cast<int32_t>(i),
                         answer_.outcomes[i]);
  }
}

void Conversation::ObserveAnswerEnd(absl::string_view heard, bool is_cut) {
  if (observer_ == nullptr || !answer_.is_told) return;
  answer_.is_told = false;
  observer_->AnswerEnded(answer_.attempt, heard, is_cut);
}

void Conversation::EndTurn(const TurnAction& action) {
  // The report takes them along.
  ObserveCalls();
  ledger_.StoreLatency(now_, turn(), HeardPosition(), spoken_);
  num_turns_done_ = action.id;
  TurnReport report;
  report.turn = action.id;
  report.ending = action.ending;
  report.began = answer_.is_announcement ? answer_.began : now_;
  report.ended = now_;
  bool spoken_to = false;
  for (const Utterance& each : utterances_) {
    if (each.over) continue;
    if (!spoken_to) report.speech.begin = each.segment.begin;
    if (!spoken_to) report.began = std::max(each.began, absl::ZeroDuration());
    report.speech.end = each.segment.end;
    spoken_to = true;
  }
  report.utterance = TurnWords();
  report.calls = std::move(answer_.calls);
  report.outcomes = std::move(answer_.outcomes);
  report.call_times = std::move(answer_.call_times);
  report.first_call = options_.num_messages + answer_.first_call;
  report.reply = spoken_.Text(answer_.first_piece, answer_.last_piece);
  report.heard = spoken_.HeardText(HeardPosition(), answer_.first_piece, answer_.last_piece);
  report.unsaid = answer_.unsaid;
  report.from_draft = answer_.from_draft;
  report.latency = wait_.TakeLatency();
  report.waits = wait_.TakeWaits();
  std::erase_if(utterances_, [](const Utterance& each) { return !each.over; });
  if (!IsContested()) {
    for (Utterance& each : utterances_) each.over = false;
  }
  wait_.End();
  waited_ = false;
  if (action.ending == TurnEnding::kNothingSaid) is_requested_ = false;
  if (!IsContested()) ObserveSpeech(/*over_too=*/true);
  ObserveAnswerEnd(report.heard, /*is_cut=*/action.ending == TurnEnding::kInterrupted ||
                                     action.ending == TurnEnding::kHungUp);
  if (answer_.last_piece != 0) {
    past_ = {.answer = answer_.attempt,
             .turn = action.id,
             .first_piece = answer_.first_piece,
             .last_piece = answer_.last_piece};
    spoken_.Stop();
    std::swap(past_.spoken, spoken_);
  }
  answer_ = {};
  spoken_.Clear();
  played_.reset();
  actions_.TurnDone(report);
}

// Answers.

void Conversation::BeginAnswer(int32_t attempt) {
  ObserveCalls();
  ObserveAnswerEnd("", /*is_cut=*/true);
  answer_ = {};
  answer_.attempt = attempt;
  answer_.began = now_;
  spoken_.Clear();
  played_.reset();
}

void Conversation::AskAgent(const TurnAction& action) {
  if (action.id != answer_.attempt) {
    BeginAnswer(action.id);
    answer_.from_draft = action.draft;
    answer_.is_draft = action.draft;
    answer_.asked_with = action.draft ? partial_words_ : TurnWords();
    if (!action.draft && !turn_taking_.answers && !is_requested_) {
      answer_.waits_for_request = true;
      wait_.End();
      return;
    }
    if (!action.draft) is_requested_ = false;
  }
  Ask(action.draft);
}

void Conversation::Ask(bool draft) {
  const bool unheard = std::any_of(utterances_.begin(), utterances_.end(),
                                   [](const Utterance& each) { return !each.over && each.failed; });
  answer_.agent_deadline = now_ + options_.agent_timeout;
  answer_.has_text = false;
  if (unheard && answer_.asked_with.text.empty()) {
    FinishAttempt(/*failed=*/true);
    return;
  }
  std::vector<ToolAnswer> answers;
  answers.reserve(answer_.outcomes.size());
  for (const CallOutcome& outcome : answer_.outcomes) answers.push_back(outcome.answer);
  actions_.AskAgent({.attempt = answer_.attempt,
                     .draft = draft,
                     .utterance = answer_.asked_with,
                     .calls = answer_.calls,
                     .answers = answers});
}

void Conversation::StartCalls(const TurnAction& action) {
  const size_t first = answer_.calls.size() - static_cast<size_t>(action.count);
  if (first == 0) answer_.first_call = action.first_call;
  answer_.calls_deadline = now_ + options_.tool_timeout;
  answer_.num_started = answer_.calls.size();
  for (size_t i = first; i < answer_.calls.size(); ++i) {
    const int32_t call = answer_.first_call + static_cast<int32_t>(i);
    answer_.call_times[i].began = now_;
    actions_.StartCall(call, absl::StrCat("call_", options_.num_messages + call), answer_.calls[i]);
  }
}

void Conversation::EndCalls() {
  if (std::all_of(answer_.ended.begin(), answer_.ended.end(), [](bool ended) { return ended; })) {
    answer_.calls_deadline = absl::InfiniteDuration();
    answer_.calls_ended = answer_.calls.size();
  }
}

void Conversation::CancelCalls() {
  for (size_t i = 0; i < answer_.calls.size(); ++i) {
    if (answer_.ended[i]) continue;
    answer_.ended[i] = true;
    answer_.outcomes[i] = CancelledCall();
    answer_.call_times[i].ended = now_;
    actions_.CancelCall(answer_.first_call + static_cast<int32_t>(i));
  }
  EndCalls();
}

void Conversation::AddPiece(int32_t piece, absl::string_view text) {
  spoken_.AddPiece(piece, text);
  if (answer_.last_piece == 0) {
    answer_.first_piece = piece;
    answer_.next_unheard = piece;
  }
  answer_.last_piece = piece;
}

void Conversation::GivePiece(absl::string_view text) {
  AddPiece(machine_.next_piece(), text);
  Tell({.kind = TurnEventKind::kPiece, .id = answer_.attempt});
}

void Conversation::GivePieces() {
  while (std::optional<std::string> piece = answer_.cutter.Next()) GivePiece(*piece);
  if (answer_.hurry_at <= now_) {
    if (std::optional<std::string> piece = answer_.cutter.Hurry()) GivePiece(*piece);
  }
}

void Conversation::FinishAttempt(bool failed) {
  const int32_t attempt = answer_.attempt;
  answer_.agent_deadline = absl::InfiniteDuration();
  while (std::optional<std::string> piece = answer_.cutter.Finish()) GivePiece(*piece);
  Tell({.kind = TurnEventKind::kAttemptDone, .id = attempt, .failed = failed});
}

void Conversation::EndSynthesis(bool failed) {
  const int32_t piece = answer_.synthesizing;
  spoken_.EndPiece(piece, failed);
  answer_.synthesizing = 0;
  answer_.synthesis_deadline = absl::InfiniteDuration();
  Tell({.kind = TurnEventKind::kSynthesized, .id = piece, .failed = failed});
}

void Conversation::HearWhatWasPlayed() {
  const int32_t first_unheard = spoken_.FirstUnheard(HeardPosition());
  // With the end of the last piece the turn may end, and the answer is forgotten.
  while (answer_.last_piece != 0 && answer_.next_unheard < first_unheard) {
    Tell({.kind = TurnEventKind::kHeard, .id = answer_.next_unheard++});
  }
  if (observer_ != nullptr && answer_.is_told && answer_.next_unheard > answer_.last_piece &&
      std::exchange(answer_.told_heard, answer_.last_piece) != answer_.last_piece) {
    observer_->AllHeard(answer_.attempt);
  }
}

// The store.

void Conversation::AppendTurn(int32_t first_piece, int32_t last_piece) {
  std::optional<Hypothesis> said;
  if (!answer_.user_appended) {
    for (const Utterance& each : utterances_) {
      // An answer may be asked for without a word.
      const bool is_nothing = each.source == UtteranceSource::kTyped && each.words.has_value() &&
                              each.words->text.empty();
      if (!each.over && !is_nothing) said = TurnWords();
    }
  }
  // What a draft called was for nobody.
  const size_t num_calls = answer_.is_draft ? answer_.calls_appended : answer_.calls_ended;
  const size_t num_new_calls = num_calls - answer_.calls_appended;
  std::optional<std::string> reply;
  if (last_piece != 0) reply = spoken_.Text(first_piece, last_piece);
  std::vector<session::Message> messages = TurnMessages(
      said, absl::MakeConstSpan(answer_.calls).subspan(answer_.calls_appended, num_new_calls),
      absl::MakeConstSpan(answer_.outcomes).subspan(answer_.calls_appended, num_new_calls),
      options_.num_messages + answer_.first_call + static_cast<int64_t>(answer_.calls_appended),
      reply);
  if (messages.empty()) return;
  answer_.user_appended = true;
  answer_.calls_appended = num_calls;
  if (!reply.has_value()) {
    ledger_.Append(now_, std::move(messages));
    return;
  }
  ledger_.AppendAnswer(now_, {.turn = turn(), .first_piece = first_piece, .last_piece = last_piece},
                       std::move(messages));
}

void Conversation::StoreAnswer(int32_t piece) {
  const AnswerLedger::Part* const last = ledger_.Last(turn(), answer_.first_piece);
  if (last == nullptr) {
    AppendTurn(answer_.first_piece, piece);
  } else if (answer_.calls_appended < answer_.calls_ended) {
    // The calls come between what was said before and after them.
    AppendTurn(last->last_piece + 1, piece);
  } else {
    ledger_.Extend(now_, piece, spoken_);
  }
}

void Conversation::StoreHeard() {
  ledger_.Cut(now_, turn(), /*first_piece=*/0, HeardPosition(), spoken_, /*also_whole=*/false);
  // The outputs of calls that came after the last piece.
  AppendTurn(0, 0);
}

void Conversation::StoreUnanswered() { AppendTurn(0, 0); }

void Conversation::NoteLatency() {
  if (answer_.is_announcement) return;
  ledger_.NoteLatency(turn(), answer_.first_piece, wait_.latency());
}

void Conversation::EndStoreOrder(const AnswerLedger::Done& done) {
  if (done.piece != 0) {
    answer_.is_stored = answer_.is_stored || (!done.failed && done.piece >= answer_.first_piece);
    Tell({.kind = TurnEventKind::kStored, .id = done.piece, .failed = done.failed});
  } else if (done.failed) {
    ++num_store_failures_;
  }
  ledger_.Forget(turn(), past_.turn);
}

}  // namespace parlance::pipeline
