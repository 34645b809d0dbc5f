// Turns frame probabilities into turns of speech, and says when one has begun and when it has
// ended.
//
// A start is believed on evidence, not on a count of frames. Each frame of 10 ms adds to it, or
// takes from it, by how far its log-odds are from the threshold's:
//
//   gain = clamp((logit(p) - logit(threshold)) / 1.8, -1, 1), at least 0.25 from the threshold on
//
// which with a threshold of 0.5 is 1 from about p = 0.86 on and -1 up to p = 0.14. The sum is
// kept at 0 or above (Page's cumulative sum, Biometrika 41, 1954), and forgotten after 60 ms below
// neg_threshold. Speech begins when it reaches min_speech_duration, and the detector's hang-over on
// top of it, which makes every sound longer than it was. So a word of 150 ms that the detector is
// sure of begins a turn; a cough of 120 ms does not, nor do 200 ms of a ragged or a half-believed
// sound, nor several of them one after the other. What is surely speech to the detector for longer
// than min_speech_duration is a turn, whatever it was.
//
// A turn begins where the probability began to rise: at the first frame of the stretch from
// neg_threshold on that led to the start, at most 100 ms before the first frame that reached the
// threshold; less the padding. It reaches back no further than max_pre_roll_samples, and never into
// the turn before.
//
// Speech pauses when the probability falls below neg_threshold, and had ended a hang-over before. A
// turn ends when the endpointing delay has passed since. A turn of max_speech_duration is cut; if
// speech goes on before the endpointing delay has passed, the next turn begins at the very sample
// where the cut one ended, without asking for evidence again.
//
// A detector that looks ahead delays nothing. What it makes of a frame at once counts until it
// answers for it, with the better knowledge of what followed: so each decision comes as soon as
// without look-ahead, and evidence of a start that does not last is taken back. Whether speech
// pauses is what it says at once: later answers let pauses begin sooner, in the middle of what
// people say too, so that turns that end as late are cut in on more often (pipeline/README.md).
//
// The endpointing delay adapts between min_endpointing_delay and max_endpointing_delay to the
// speaker's own pauses; equal ones turn that off. It is clamp(1.5 * h, min, max), rounded up to
// frames, where h estimates the longest usual hesitation:
//  - h = 0 in a new stream.
//  - A pause g of 100 ms or more within a turn (shorter ones are closures of stops): h = g if g is
//    longer than h, else h += (g - h) / 8. It counts at once, for the turn that it is in.
//  - A pause that ended a turn, but is followed by speech within max_endpointing_delay, was one
//    too.
//  - A turn that ends without any such pause: h *= 3/4.
// With 300 to 1000 ms, one hesitation of 290 ms lengthens the delay to 440 ms, one of 500 ms to
// 750 ms; after four fluent turns both are back at 300 ms.
//
// Whoever knows the words so far may say what they tell of the end (SetWords): after words that are
// complete, a pause of complete_delay ends the turn, if that is less than the delay would be; after
// words that surely go on, one of incomplete_delay does, if that is more. What was said holds until
// something else is, or the turn ends. From max_words_lag into a pause on, nothing else is
// believed: nobody speaks there, but a recogniser that goes on listening takes noise for the words
// that its grammar misses ("convert twenty pounds to" becomes "... to feet").
//
// The same in other systems: `threshold`, `neg_threshold`, `min_speech_duration_ms`,
// `speech_pad_ms` and `max_speech_duration_s` are Silero VAD's (v5, utils_vad.py); its
// `min_silence_duration_ms` and OpenAI's `silence_duration_ms` are both endpointing delays at once,
// OpenAI's `prefix_padding_ms` the padding. LiveKit Agents names the delays so, its
// DynamicEndpointing averages pauses between utterances with a weight of 0.1 where ours rises at
// once.
#ifndef AUDIO_TURNS_ENDPOINTER_H_
#define AUDIO_TURNS_ENDPOINTER_H_

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

namespace parlance::audio {

// Positions count samples from the start of the stream.
struct SpeechSegment {
  int64_t begin = 0;
  int64_t end = 0;
};

struct EndpointerEvent {
  enum class Kind {
    // Speech began at segment.begin; the end is not known yet.
    kSpeechStart,
    // The turn has ended, and was `segment`.
    kSpeechEnd,
  };
  enum class EndReason {
    // The event is a start, not an end.
    kNone,
    kSilence,
    // The turn was cut at max_speech_duration; more of it may follow.
    kMaxSpeechDuration,
    kEndOfStream,
  };
  Kind kind = Kind::kSpeechStart;
  EndReason end_reason = EndReason::kNone;
  SpeechSegment segment;
  // The position where speech itself began or ended, without padding. Where a turn was cut or goes
  // on, it is the cut.
  int64_t edge = 0;
  // The number of samples of the stream that had been heard when the event was decided.
  int64_t decided = 0;

  // The place of the event in the stream: the segment's begin or its end.
  int64_t position() const { return kind == Kind::kSpeechStart ? segment.begin : segment.end; }
  // What the decision waited for, in samples: evidence at a start, silence at an end.
  int64_t delay() const { return decided - edge; }
};

// Starts and ends alternate, and each turn begins where the one before ended or later; all
// positions are whole frames. The same probabilities give the same events.
//
// Threads: one at a time. Allocation: none; the state does not grow.
class Endpointer {
 public:
  struct Options {
    // A multiple of 100, so that 10 ms are whole samples.
    int sample_rate_hz = 16000;
    // These two are 0.01 to 0.99, the second not above the first. Evidence of speech gathers above
    // the first; a turn pauses below the second.
    float threshold = 0.5F;
    float neg_threshold = 0.35F;
    // The evidence of speech that a start needs before it is believed: 10 ms to 1 s.
    absl::Duration min_speech_duration = absl::Milliseconds(130);
    // The least and the greatest pause that ends a turn; each is positive, at most a minute.
    absl::Duration min_endpointing_delay = absl::Milliseconds(500);
    absl::Duration max_endpointing_delay = absl::Milliseconds(500);
    // The pauses that end a turn whose words are complete, or surely go on: positive, at most a
    // minute. Nothing comes of them unless SetWords is called.
    absl::Duration complete_delay = absl::Milliseconds(300);
    absl::Duration incomplete_delay = absl::Milliseconds(1200);
    // The time by which recognised words may lag behind the sound: positive, at most a minute.
    absl::Duration max_words_lag = absl::Milliseconds(120);
    // This much is added on either side of a turn, because quiet consonants begin and end words: 0
    // to 10 s.
    absl::Duration speech_pad = absl::Milliseconds(200);
    // The longest turn, with its padding: at least 100 ms, four times min_speech_duration, twice
    // the padding and max_endpointing_delay together. InfiniteDuration() cuts none.
    absl::Duration max_speech_duration = absl::Seconds(30);
    // The number of frames by which the detector answers late: 0 to 100. The probability pushed
    // n-th is then that of the frame pushed this many before; the first ones are no frame's and are
    // ignored.
    int look_ahead_frames = 0;
    // The number of frames by which the detector's probability outlasts a sound: 0 to 50.
    int hangover_frames = 0;
  };

  // InvalidArgument for options outside these ranges.
  static absl::StatusOr<Endpointer> Create(const Options& options);

  // The next 10 ms. `probability`: 0 to 1; what is beyond counts as the nearest of them, NaN as 0.
  // `provisional`: the same of the frames that followed, as far as it is known by now (see
  // VoiceActivityDetector::provisional): none, or one for each of look_ahead_frames; those of
  // frames before the stream are ignored.
  std::optional<EndpointerEvent> Push(float probability, absl::Span<const float> provisional = {});
  // The stream ends: ends the turn, if there is one. Afterwards the endpointer is as new. A
  // detector with look-ahead still owes the last frames: push what it answers to look_ahead_frames
  // frames of silence before.
  std::optional<EndpointerEvent> Flush();

  // The words of a turn so far may tell whether it is at its end.
  enum class Words {
    kUnknown,
    // The words are complete: nothing more need come.
    kComplete,
    // The words surely go on.
    kIncomplete,
  };
  // Outside of a turn, and from max_words_lag into a pause on, nothing changes.
  void SetWords(Words words) {
    if (in_speech_ && Pause() < max_words_lag_) words_ = words;
  }

  // The pauses that end turns, with the bounds of Options, but at most 10 s; others are taken to be
  // the nearest that are. They count from now on. If they are longer than those of the options, the
  // pre-roll of a turn that goes on after a cut may have been forgotten.
  void SetDelays(absl::Duration min_endpointing_delay, absl::Duration max_endpointing_delay,
                 absl::Duration complete_delay, absl::Duration incomplete_delay);

  // True between the start of a turn and its end.
  bool in_speech() const { return in_speech_; }
  // The pause that would end a turn now.
  absl::Duration endpointing_delay() const { return absl::Milliseconds(10) * Delay(); }
  // The time for which speech has paused in this turn; 0 while it goes on, and outside of turns.
  absl::Duration pause() const {
    return in_speech_ ? absl::Milliseconds(10) * Pause() : absl::ZeroDuration();
  }
  // A start's `decided` less its segment.begin is at most this: what has to be kept of the past.
  int64_t max_pre_roll_samples() const;
  // The number of past samples that have to be kept while nothing is heard.
  int64_t usual_pre_roll_samples() const;
  // The earliest sample at which a turn may begin that has not begun yet: what has to be kept of
  // the past now. 300 ms while nothing is heard, and more while there is evidence of a start.
  int64_t pre_roll_begin() const;

 private:
  // Evidence of a start, as it is gathered from frame to frame.
  struct Evidence {
    // In frames of certainty.
    float sum = 0;
    // Frames below neg_threshold, up to now.
    int64_t num_low = 1;
    // Where the stretch above it began; where the start is to be, while there is evidence.
    int64_t stretch_begin = 0;
    int64_t onset = 0;
  };

  explicit Endpointer(const Options& options);
  // What is known now means outside of a turn, inside of one, and after one was cut. `speech`:
  // whether the last frame may be some.
  std::optional<EndpointerEvent> Idle(absl::Span<const float> provisional);
  std::optional<EndpointerEvent> InSpeech(bool speech);
  std::optional<EndpointerEvent> AfterCut(bool speech);
  // Adds a frame to what speaks for a start.
  void Weigh(int64_t frame, float probability, Evidence& evidence) const;
  // What was heard so far is no evidence of a start.
  void ForgetEvidence();
  float Gain(float probability) const;
  // How long speech has paused; 0 while the probability says that it has not.
  int64_t Pause() const;
  // How long a pause has to be to end the turn, with what its words tell.
  int64_t Delay() const;
  EndpointerEvent Start(int64_t begin_frame, int64_t edge_frame);
  EndpointerEvent End(EndpointerEvent::EndReason reason);
  // Learns from a turn that is over, and was not only cut.
  void Settle();
  void AddPause(int64_t frames);
  void SetEndpointingDelay();

  Options options_;
  int64_t frame_samples_;
  float threshold_log_odds_;
  // These are in frames, min_speech_ with the hang-over.
  int64_t hangover_;
  int64_t min_speech_;
  int64_t min_endpointing_delay_;
  int64_t max_endpointing_delay_;
  int64_t complete_delay_;
  int64_t incomplete_delay_;
  int64_t max_words_lag_;
  int64_t padding_;
  int64_t max_speech_;
  // How far before its decision a start may lie: evidence that gains the least is complete in that
  // time, but for what it loses in dips.
  int64_t max_onset_;

  int64_t num_pushed_ = 0;
  // Frames that the detector has answered for, and those of which anything is known.
  int64_t num_judged_ = 0;
  int64_t num_heard_ = 0;
  bool in_speech_ = false;
  // A turn was cut, and is not over yet.
  bool cut_ = false;
  Words words_ = Words::kUnknown;

  // What the frames from evidence_begin_ on say that the detector has answered for.
  Evidence evidence_;
  int64_t evidence_begin_ = 0;

  // Where the turn begins, with its padding, and where its last frame of speech ends, hang-over
  // included; the latter stays for the pause after the turn, and is -1 before the first one.
  int64_t begin_ = 0;
  int64_t last_speech_ = -1;
  // Where the last turn ended: padding reaches back no further.
  int64_t last_end_ = 0;

  // The longest usual pause within a turn, in frames.
  double hesitation_ = 0;
  bool hesitated_ = false;
  int64_t endpointing_delay_;
};

}  // namespace parlance::audio

#endif  // AUDIO_TURNS_ENDPOINTER_H_
