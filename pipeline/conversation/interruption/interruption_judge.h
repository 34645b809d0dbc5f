// Decides whether somebody who makes a sound over the agent's answer takes the floor from it.
//
// Every 10 ms the judge is told how likely it is that there is speech in what the microphone hears
// without the answer's own echo, which share of it is that echo or steady noise, and by how much
// the rest changes (the last two by EchoGuard). It is also told when the endpointer, which hears
// the same, finds that an utterance begins and ends, and which words the recogniser has. It answers
// each with at most one verdict.
//
// A contest begins with an onset, by which the answer is held, and ends with exactly one of lost,
// taken and dismissed, or with the answer itself (EndAnswer). These are all the rules; the first
// one that fits decides, and what is in no row changes nothing:
//
//   in       | input                                                     | verdict   | next
//   ---------+-----------------------------------------------------------+-----------+---------
//   quiet    | a frame that completes the evidence for an onset          | onset     | onset
//            | speech began, while the answer may not be interrupted     |           | ignoring
//            | speech began                                              | onset     | speaking
//   onset    | speech began                                              |           | speaking
//            | no speech in 200 ms of frames, or none began in 400 ms    | lost      | quiet
//   speaking | words, partial or final, of which some are no backchannel | taken     | over
//            | final words that are rejected, none, or only backchannels | dismissed | ignoring
//            | min_speech was spoken, it changes as speech does, and no  |           |
//            | words are known                                           | taken     | over
//            | speech ended                                              |           | judging
//   judging  | words, partial or final, of which some are no backchannel | taken     | over
//            | final words that are rejected, none, or only backchannels | dismissed | quiet
//            | speech began: who speaks twice means it                   | taken     | over
//            | no final words in 3 s                                     | dismissed | quiet
//   ignoring | speech ended                                              |           | quiet
//   over     | (until the next answer)                                   |           | over
//
// So words of a request take the floor as soon as they are known, and words that are only
// backchannels ("uh-huh", "yes, okay") never do, however long they are. Long speech whose words are
// unknown takes it. Short sounds without words (coughs, knocks), echo and most music do not.
//
// Spoken is what the detector is sure of and echo does not explain, without a pause of 150 ms: two
// coughs are not added up. The detector takes some music for speech; but speech changes by more, in
// the mean over all that was spoken without such a pause. Whoever holds a vowel is judged once
// consonants follow it.
//
// Evidence for an onset is a sum, kept at 0 or above, to which each frame adds by how far it is
// above a threshold, and from which it takes by how far it is below (a cumulative sum, as in
// audio/turns/endpointer.h). A detector needs 100 ms and more to believe in speech after silence,
// which is too late to hold an answer. So a sound that nothing explains is half an evidence before
// the detector says anything; but only until a first onset of the answer was lost, and each lost
// onset makes the next one need more, so that a noisy room does not make the answer stutter.
//
// An answer's policy says whether it may be interrupted: always, after so much of it was heard, or
// never (a legal notice). While it may not, there is no verdict. An utterance that is ignored is
// none to a TurnMachine either: see ignores_speech().
//
// The same elsewhere: LiveKit Agents' min_interruption_duration (0.5 s), and its resuming after a
// false interruption; the policies are its allow_interruptions.
//
// Threads: one at a time. Allocation: in Create and for words; none in a frame. Memory: the
// backchannels, some kilobytes that copies share.
#ifndef PIPELINE_CONVERSATION_INTERRUPTION_INTERRUPTION_JUDGE_H_
#define PIPELINE_CONVERSATION_INTERRUPTION_INTERRUPTION_JUDGE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace parlance::pipeline {

enum class InterruptionVerdict : uint8_t {
  kNone,
  // Somebody may be speaking: the answer is to be held at once.
  kOnset,
  // It was nothing: the answer goes on.
  kOnsetLost,
  // They take the floor: the answer is over.
  kTaken,
  // They do not: the answer goes on.
  kDismissed,
};

// "none", "onset", "onset lost", …
absl::string_view InterruptionVerdictName(InterruptionVerdict verdict);

class InterruptionJudge {
 public:
  struct Options {
    // How long somebody has to speak to take the floor by that alone: 100 ms to 10 s.
    absl::Duration min_speech = absl::Milliseconds(500);
    // What listeners say to agree or to show that they listen: words of ASCII letters are compared
    // without regard to case and marks. One may have several words. At most 200 of 100 bytes.
    std::vector<std::string> backchannels = DefaultBackchannels();
  };
  static std::vector<std::string> DefaultBackchannels();

  // When an answer may be interrupted: from the beginning, once so much of it was heard, or, with
  // an infinite duration, never.
  struct Policy {
    absl::Duration protected_for = absl::ZeroDuration();

    static Policy Always() { return {}; }
    static Policy After(absl::Duration heard) { return {heard}; }
    static Policy Never() { return {absl::InfiniteDuration()}; }
  };

  struct Frame {
    // The detector's, of what EchoGuard leaves, 0 to 1.
    float speech_probability = 0;
    // What EchoGuard explains, 0 to 1. Whoever has no guard gives 1 less the probability.
    float explained = 0;
    // By how much it changes, from EchoGuard, 0 or more. What is left as it is changes as speech
    // does: whoever has no guard tells no music from it.
    float change = 1;
    // Whether sound of the answer was handed out to be heard in these 10 ms.
    bool answer_heard = false;
  };

  // InvalidArgument for options outside their ranges, and for a backchannel without a word.
  static absl::StatusOr<InterruptionJudge> Create(const Options& options);

  // A new answer; nobody speaks. Between answers there are no verdicts.
  void BeginAnswer(const Policy& policy);
  // The answer is over, however it ended.
  void EndAnswer();

  // The next 10 ms. It comes before what the endpointer makes of them.
  InterruptionVerdict OnFrame(const Frame& frame);
  InterruptionVerdict OnSpeechBegan();
  InterruptionVerdict OnSpeechEnded();
  // All words of the utterance so far, and those that will stay. `rejected`: the recogniser does
  // not trust them.
  InterruptionVerdict OnPartialWords(absl::string_view words);
  InterruptionVerdict OnFinalWords(absl::string_view words, bool rejected);

  // Whether the utterance at hand means nothing: it was dismissed, or began while the answer might
  // not be interrupted. To be asked after OnSpeechBegan, before a TurnMachine is told of it.
  bool ignores_speech() const { return state_ == State::kIgnoring; }
  // Whether there was an onset that is not decided yet.
  bool is_contested() const {
    return state_ == State::kOnset || state_ == State::kSpeaking || state_ == State::kJudging;
  }

 private:
  enum class State : uint8_t { kOver, kQuiet, kOnset, kSpeaking, kJudging, kIgnoring };
  class Backchannels;

  static absl::StatusOr<std::shared_ptr<const Backchannels>> Parse(
      const std::vector<std::string>& phrases);
  InterruptionJudge(const Options& options, std::shared_ptr<const Backchannels> backchannels);

  // Goes to `state`, and returns `verdict`, which leads there.
  InterruptionVerdict Go(State state, InterruptionVerdict verdict = InterruptionVerdict::kNone);
  // Counts the frame, for those below.
  void Count(const Frame& frame);
  InterruptionVerdict Listen();
  InterruptionVerdict DoubtOnset();
  InterruptionVerdict WeighSpeech();
  bool IsProtected() const { return num_heard_ < protected_frames_; }

  int64_t min_speech_frames_;
  std::shared_ptr<const Backchannels> backchannels_;

  State state_ = State::kOver;
  // How many frames of the answer have to be heard before it may be interrupted, and were.
  int64_t protected_frames_ = 0;
  int64_t num_heard_ = 0;

  // The evidence for an onset, and how many onsets of this answer were lost.
  float evidence_ = 0;
  int num_lost_ = 0;

  // Frames since the state began, and since speech may last have been heard.
  int64_t num_in_state_ = 0;
  int64_t num_quiet_ = 0;
  // How many frames are spoken, and how many were not since the last of them.
  int64_t num_spoken_ = 0;
  int64_t num_pause_ = 0;
  // Frames since the first of the spoken ones, and the sum of their changes.
  int64_t num_changes_ = 0;
  float sum_changes_ = 0;
  // Words of the utterance are known, and all of them are backchannels.
  bool agrees_ = false;
};

}  // namespace parlance::pipeline

#endif  // PIPELINE_CONVERSATION_INTERRUPTION_INTERRUPTION_JUDGE_H_
