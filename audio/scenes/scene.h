// Scenes: speech among noise, music, rooms and codecs, of which it is known what is speech, because
// the recordings were labelled while they were clean. Detectors are trained with scenes and judged
// by others.
#ifndef AUDIO_SCENES_SCENE_H_
#define AUDIO_SCENES_SCENE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "audio/scenes/noises.h"

namespace parlance::audio {

inline constexpr int kSceneRateHz = 16000;
// 10 ms.
inline constexpr size_t kSceneFrame = 160;

// A clean recording of one person, at 16 kHz.
struct Recording {
  std::string speaker;
  std::vector<int16_t> samples;
  // One for each whole 10 ms of `samples`: 1 where there is speech.
  std::vector<uint8_t> speech;
  // At most this many frames before and after the speech are kept in a scene.
  size_t num_margin_frames = 5;
};

// Finds the speech in a clean recording: frames within 35 dB of the loudest twentieth and 12 dB
// above the quietest, and those beside them within 42 dB and 8 dB above; gaps below 100 ms belong
// to the speech, and bursts below 40 ms do not. Fills in `speech` and returns true; or returns
// false, if loud and quiet are less than 25 dB apart, the loud is below -50 dBFS, or less than 200
// ms are speech: then nothing honest can be said.
bool LabelCleanSpeech(Recording& recording);

// Labels a recording by what a teacher says: `probabilities` has the probability of speech in each
// of its frames. Speech is where the teacher hears it or has heard it within 30 ms, or will within
// 100 ms, as far as it is within 36 dB of the loudest twentieth and 6 dB above the quietest tenth;
// gaps below 150 ms belong to it, bursts below 40 ms do not. So a teacher says what speaks, and the
// level where it begins and ends. What is around it, which the teacher says is none, stays in
// scenes for up to 400 ms. Returns false as LabelCleanSpeech does, but for 15 dB instead of 25:
// what is quiet behind somebody does not hide whom the teacher hears.
bool LabelByTeacher(absl::Span<const float> probabilities, Recording& recording);

struct Scene {
  // 16 kHz.
  std::vector<int16_t> samples;
  // One for each 10 ms of `samples`.
  std::vector<uint8_t> speech;
};

// Speech before anything is added to it; full scale is 1.
struct DrySpeech {
  std::vector<float> samples;
  std::vector<uint8_t> speech;
};

enum class Condition {
  // Anything a detector may meet: most often one or two speakers with pauses of 30 to 800 ms and
  // sometimes longer, in any of the noises or music at -5 to 45 dB, a room, another microphone, a
  // codec, at any level; every third without speech.
  kAny,
  // The same with speech, and what disturbs it 8 to 40 dB below: what most recordings are.
  kUsual,
  // Nothing but the microphone's hiss, 60 dB below.
  kClean,
  kPink5dB,
  kPink0dB,
  kBabble5dB,
  // Speech through a telephone line: 8 kHz, mu-law, noise at 15 dB.
  kTelephone,
  // These three are without speech.
  kMusic,
  kBursts,
  kSteadyNoise,
};

// Makes scenes of what it is given. The same seed gives the same scene. Threads: any number at
// once.
class SceneMaker {
 public:
  // Recordings are labelled; music is 16 kHz, in groups of which each is heard as often as the
  // others. None may be empty.
  SceneMaker(std::vector<Recording> recordings,
             std::vector<std::vector<std::vector<int16_t>>> music);

  // A scene of whole frames, about `seconds` long.
  Scene Make(Condition condition, uint64_t seed, double seconds) const;

 private:
  Scene Any(Random& random, double seconds, bool usual) const;
  // One speaker at a time, and the first with a pause before: about three quarters speech.
  DrySpeech Speech(Random& random, double seconds, bool vary_voice) const;
  // `vary`: at another speed, and sometimes two pieces at once.
  std::vector<float> Music(Random& random, size_t n, bool vary) const;
  std::vector<float> Babble(Random& random, size_t n) const;
  std::vector<float> Piece(Random& random, size_t n, double speed) const;
  // A recording; another voice if it is played at another speed than 1.
  const Recording& Pick(Random& random, size_t speaker) const;

  std::vector<std::vector<Recording>> speakers_;
  std::vector<std::vector<std::vector<int16_t>>> music_;
};

}  // namespace parlance::audio

#endif  // AUDIO_SCENES_SCENE_H_
