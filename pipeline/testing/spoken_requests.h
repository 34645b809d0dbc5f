// Requests as sound, recorded and synthesised, with what has to be answered.
#ifndef PIPELINE_TESTING_SPOKEN_REQUESTS_H_
#define PIPELINE_TESTING_SPOKEN_REQUESTS_H_

#include <cstdint>
#include <string>
#include <vector>

namespace parlance::pipeline {

struct SpokenRequest {
  std::string text;
  // Mono PCM16 at 16 kHz, with enough silence after it for the endpoint.
  std::vector<int16_t> sound;
  // What the reply contains.
  std::string reply;
};

// Two recordings and four synthesised requests, the same every time. Needs
// //third_party/speech_samples:pocketsphinx.
std::vector<SpokenRequest> SpokenRequests();

}  // namespace parlance::pipeline

#endif  // PIPELINE_TESTING_SPOKEN_REQUESTS_H_
