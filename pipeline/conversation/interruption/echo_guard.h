// How much of what the microphone hears is the agent's own answer, come back from a loudspeaker;
// and the same sound without it.
//
// Both sounds are heard as the detectors of speech hear them: the energy of 10 ms in 32 bands. What
// was played comes back later, weaker and coloured; so a band of what is heard is explained as far
// as its energy is no more than that of the same band of what was played `delay` ago, times the
// echo's gain in that band. Energies have no phases, so the way of the sound matters little: a
// telephone's band, G.711, a light room (a tail that decays by 60 dB in 0.4 s is expected), clocks
// that drift.
//
//   delay  0 to 400 ms, where the patterns of bands above and below their means agree best, as a
//          leaky average over a quarter of a second; followed as it drifts or jumps. As long as
//          none stands out, everything of the last 400 ms may be what comes back. (Comparing such
//          patterns is the method of WebRTC's delay_estimator.cc.)
//   gain   of each band, a low quantile of what was heard over what was played there, tracked by
//          steps: somebody who speaks over the answer is louder than the echo in many moments, and
//          a low quantile hears the others. Nothing is known of a new way, and its echo is taken to
//          be at most 10 dB below what is played until its delay is found.
//
// The user's voice over the echo is in other bands and moments, so the share falls with the very
// frame that it begins in. A voice well below the echo is not heard.
//
// What neither echo nor noise explains of each band also tells speech from music: syllables come
// and go in all bands at once, which tones that are held do not. So the guard tells by how much it
// changes from frame to frame (spectral flux: E. Scheirer and M. Slaney, "Construction and
// evaluation of a robust multifeature speech/music discriminator", ICASSP 1997).
//
// A detector of speech has to be given the sound without the echo: it would not only find speech in
// the echo, but also take the next cough over it for more of that speech.
//
// Threads: one at a time. Allocation: in Begin only. Memory: some 150 bytes, which keep the delay
// and the gains from answer to answer, and 14 kB between Begin and End; a conversation in which
// nothing is played needs none of these. A frame costs some microseconds between Begin and End, and
// nothing otherwise.
#ifndef PIPELINE_CONVERSATION_INTERRUPTION_ECHO_GUARD_H_
#define PIPELINE_CONVERSATION_INTERRUPTION_ECHO_GUARD_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "absl/types/span.h"
#include "audio/vad/vad_features.h"

namespace parlance::pipeline {

// The guard's result for 10 ms of sound.
struct GuardedSound {
  // The share of their energy that is explained by what was played and by the room's steady noise,
  // 0 to 1: silence is explained.
  float explained = 0;
  // By how much what is not explained differs from that of the frame before, as log2 of energy, a
  // mean over the bands of the magnitude of the difference: about 0 in silence and in a steady
  // sound. Over half a second, the mean is 0.5 to 1.2 in speech, and 0.2 to 0.45 in most music.
  float change = 0;
};

class EchoGuard {
 public:
  // 10 ms at 16 kHz.
  static constexpr size_t kFrame = audio::kVadFrame;

  EchoGuard();
  ~EchoGuard();
  EchoGuard(EchoGuard&&) noexcept;
  EchoGuard& operator=(EchoGuard&&) noexcept;

  // An answer is going to be played. After another Begin, it changes nothing.
  void Begin();
  // Nothing is played for a while. To be called half a second after the last sound of an answer or
  // later, as its echo is known until then. What was learned of the way stays for the next answer.
  void End();

  // What is handed out to be played, mono PCM16 at 16 kHz: any number of samples, in order, as they
  // are handed out. Time is what Heard counts: 10 ms are taken to be played with each frame that is
  // heard, or silence where none are there; up to 200 ms may be handed out ahead. Without Begin,
  // nothing is taken.
  void Played(absl::Span<const int16_t> samples);

  // The next 10 ms of the microphone: kFrame samples, mono PCM16 at 16 kHz. The echo is taken out
  // of `frame`, with noise as loud as the room's in its place, and what is left comes 2 ms later.
  // Without Begin, nothing is explained, nothing changes, and the frame is left as it is.
  GuardedSound Heard(absl::Span<int16_t> frame);

  // By how much what comes back is late; none as long as it does not stand out.
  std::optional<int> delay_ms() const;
  // Bytes on the heap.
  size_t memory() const;

 private:
  static constexpr int kNoDelay = -1;
  using Bands = std::array<float, audio::kNumVadBands>;
  struct Working;

  // Finds what may come back now, before the gains.
  void FollowDelay(const Bands& heard);
  void FindPlayed();
  void LearnGains(const Bands& heard);

  // What was learned: the delay in frames, or kNoDelay, the gains in log2, and how many frames they
  // were learned from, up to where that matters.
  int delay_ = kNoDelay;
  int num_learned_ = 0;
  Bands gains_;
  // Between Begin and End.
  std::unique_ptr<Working> working_;
};

}  // namespace parlance::pipeline

#endif  // PIPELINE_CONVERSATION_INTERRUPTION_ECHO_GUARD_H_
