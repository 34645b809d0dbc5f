// What a server is sent to hear an utterance, and what it has heard, over POST
// /v1/audio/transcriptions (platform.openai.com/docs/api-reference/audio), as OpenAI, whisper.cpp's
// server, speaches and others have it. README.md lists in which ways they differ.
//
// Bounds: the body and the text of an answer, and how deep JSON may be nested.
//
// Threads: any.
#ifndef PIPELINE_REMOTE_SPEECH_TRANSCRIPTION_H_
#define PIPELINE_REMOTE_SPEECH_TRANSCRIPTION_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "pipeline/http/service.h"

namespace parlance::pipeline {

inline constexpr size_t kMaxTranscriptionBodyBytes = size_t{1} << 20;
inline constexpr size_t kMaxTranscriptionBytes = size_t{16} << 10;

// multipart/form-data (RFC 7578).
struct FormBody {
  std::string content_type = {};
  std::string body = {};
};

// The sound, mono PCM16 at 16 kHz, as a WAV file, with the model and the language ("en"). Errors:
// those of WriteWav.
absl::StatusOr<FormBody> TranscriptionForm(absl::Span<const int16_t> samples,
                                           absl::string_view model, absl::string_view language);

// The text of an answer, as the server has written it, UTF-8; empty if nothing was said. Errors:
// those of ServiceErrors; ResourceExhausted beyond the bounds; Unknown for what is no
// transcription.
absl::StatusOr<std::string> ReadTranscription(int http_status, absl::string_view content_type,
                                              absl::string_view body, const ServiceErrors& errors);

// A text as people say it: in lower case, without punctuation and without what is in brackets, such
// as [BLANK_AUDIO]; numbers of up to three digits are words, as grammars have them.
std::string WordsAsSaid(absl::string_view text);

}  // namespace parlance::pipeline

#endif  // PIPELINE_REMOTE_SPEECH_TRANSCRIPTION_H_
