// Recordings that no detector was trained with: other speakers, another language, other music.
#ifndef AUDIO_SCENES_HELD_OUT_H_
#define AUDIO_SCENES_HELD_OUT_H_

#include "audio/scenes/scene.h"

namespace parlance::audio {

// Makes scenes of them: Russian prompts, English prose, playing cards, loudspeakers' names and
// sentences of several speakers, and "System" by Reno Project as music. Reads
// //third_party/speech_samples; ends the process if it cannot: the test names its groups as data.
SceneMaker HeldOutScenes();

}  // namespace parlance::audio

#endif  // AUDIO_SCENES_HELD_OUT_H_
