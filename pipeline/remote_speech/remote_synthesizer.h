// A synthesiser elsewhere, whose sound is given as it comes, with one of this machine in reserve.
//
//   text ─► POST /v1/audio/speech ─► sound_stream.h ─► the sink
//     └───────────────────────────────────────────────► the reserve, if no sound has come yet
//
// What breaks off after its first sound is an error of the text, as another voice would not go on
// in the middle of it. Servers do not tell where words are heard: places are estimated, by 15
// characters a second, so what is stored of an answer that somebody interrupts is about right.
#ifndef PIPELINE_REMOTE_SPEECH_REMOTE_SYNTHESIZER_H_
#define PIPELINE_REMOTE_SPEECH_REMOTE_SYNTHESIZER_H_

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "pipeline/remote_speech/remote_service.h"
#include "pipeline/speech/synthesizer.h"

namespace parlance::pipeline {

// The path at which a server is asked to speak.
inline constexpr absl::string_view kSpeechPath = "/audio/speech";

// The most bytes of a text that is sent; a longer one is for the reserve. The most that its sound
// may have, and may take.
inline constexpr size_t kMaxRemoteTextBytes = size_t{16} << 10;
inline constexpr size_t kMaxRemoteSoundBytes = size_t{64} << 20;
inline constexpr absl::Duration kMaxRemoteSpeech = absl::Minutes(1);

// The body of a request, as JSON.
std::string SpeechRequestJson(absl::string_view model, absl::string_view voice,
                              absl::string_view text);

// The words of a text, with the places where they would be heard at `sample_rate_hz`.
std::vector<WordMark> EstimatedMarks(absl::string_view text, int sample_rate_hz);

// The server may be silent for the service's timeout, before its first sound and within it. The
// rate is that of `reserve`. While the server is silent the sink is asked 50 times a second whether
// anybody still wants to hear it. `voice`: as the server knows it.
std::unique_ptr<Synthesizer> CreateRemoteSynthesizer(std::shared_ptr<RemoteService> service,
                                                     std::string voice,
                                                     std::unique_ptr<Synthesizer> reserve);

}  // namespace parlance::pipeline

#endif  // PIPELINE_REMOTE_SPEECH_REMOTE_SYNTHESIZER_H_
