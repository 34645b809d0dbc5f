// A recogniser elsewhere, which is sent each utterance as a whole, with one of this machine in
// reserve.
//
//   Process … ─► kept ─► Finish ─► the server's words
//                           └────► those of the reserve, if the server is away, too late or unclear
//
// The reserve hears an utterance from its beginning while the server is left alone, and has words
// so far then; of the server there are none before Finish, so the end of a turn is told by silence
// alone.
#ifndef PIPELINE_REMOTE_SPEECH_REMOTE_RECOGNIZER_H_
#define PIPELINE_REMOTE_SPEECH_REMOTE_RECOGNIZER_H_

#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "pipeline/remote_speech/remote_service.h"
#include "pipeline/speech/recognizer.h"

namespace parlance::pipeline {

// The path at which a server is asked to transcribe.
inline constexpr absl::string_view kTranscriptionPath = "/audio/transcriptions";

// The most sound of an utterance that is sent. What is longer is heard by the reserve.
inline constexpr int kMaxRemoteUtteranceSeconds = 60;

// Finish waits for the server for the service's timeout at most, and then hears the whole utterance
// with the reserve. `service` is shared by all recognisers of a server. `language`: ISO 639-1, such
// as "en".
std::unique_ptr<Recognizer> CreateRemoteRecognizer(std::shared_ptr<RemoteService> service,
                                                   std::string language,
                                                   std::unique_ptr<Recognizer> reserve);

}  // namespace parlance::pipeline

#endif  // PIPELINE_REMOTE_SPEECH_REMOTE_RECOGNIZER_H_
