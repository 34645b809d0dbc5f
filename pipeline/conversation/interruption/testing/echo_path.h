// The way of the agent's own voice from its loudspeaker to the user's microphone, made up.
#ifndef PIPELINE_CONVERSATION_INTERRUPTION_TESTING_ECHO_PATH_H_
#define PIPELINE_CONVERSATION_INTERRUPTION_TESTING_ECHO_PATH_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace parlance::pipeline {

// What happens to the sound, in this order.
struct EchoPath {
  int delay_ms = 100;
  double gain_db = -20;
  // The time in which the room's echoes decay by 60 dB; 0 is no room. Their energy is half of that
  // of the direct sound. They are sparse impulses of random sign, a thousand in a second (M.
  // Karjalainen and H. Järvinen, "Reverberation modeling using velvet noise", AES 30th Int. Conf.,
  // 2007).
  double room_decay_s = 0;
  // A telephone line: 8 kHz, mu-law, nothing below 300 Hz.
  bool telephone = false;
};

// What comes back of `played` (mono PCM16, 16 kHz): as many samples, the same on every machine.
std::vector<int16_t> Echo(absl::Span<const int16_t> played, const EchoPath& path);

}  // namespace parlance::pipeline

#endif  // PIPELINE_CONVERSATION_INTERRUPTION_TESTING_ECHO_PATH_H_
