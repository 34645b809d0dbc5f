#include "pipeline/remote_speech/transcription.h"

#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "audio/sound_file/wav.h"
#include "audio/sound_file/waveform.h"
#include "pipeline/http/server_json.h"
#include "pipeline/json/bounded_json.h"
#include "pipeline/speech/spoken_number.h"
#include "pipeline/telemetry/utf8.h"
#include "rapidjson/document.h"

namespace parlance::pipeline {
namespace {

constexpr int kSampleRateHz = 16000;

absl::Status NoTranscription(absl::string_view what) {
  return absl::UnknownError(absl::StrCat("the recognition server answers with ", what,
                                         ": is the URL right? It ends with /v1 for most servers"));
}

// The text of an object; nothing if it has none.
std::optional<std::string> TranscriptOf(const rapidjson::Value& object) {
  for (const char* const name : {"text", "transcription", "transcript"}) {
    if (const auto text = TextOf(Member(object, name)); text.has_value()) return std::string(*text);
  }
  const rapidjson::Value* const segments = Member(object, "segments");
  if (segments == nullptr || !segments->IsArray()) return std::nullopt;
  std::string all;
  for (const rapidjson::Value& segment : segments->GetArray()) {
    const auto text = TextOf(Member(segment, "text"));
    if (!text.has_value()) return std::nullopt;
    absl::StrAppend(&all, all.empty() ? "" : " ", *text);
  }
  return all;
}

absl::StatusOr<std::string> Bounded(absl::string_view text) {
  if (text.size() > kMaxTranscriptionBytes) {
    return absl::ResourceExhaustedError(absl::StrCat("the recognition server has heard more than ",
                                                     kMaxTranscriptionBytes, " bytes"));
  }
  // A byte that is no UTF-8 becomes three of it.
  return Utf8Of(absl::StripAsciiWhitespace(text), kMaxTranscriptionBytes);
}

// The end of what begins with a bracket at `begin`; `begin` if it has none.
size_t EndOfBrackets(absl::string_view text, size_t begin) {
  const char closing = text[begin] == '[' ? ']' : ')';
  const size_t end = text.find(closing, begin + 1);
  return end == absl::string_view::npos ? begin : end;
}

}  // namespace

absl::StatusOr<FormBody> TranscriptionForm(absl::Span<const int16_t> samples,
                                           absl::string_view model, absl::string_view language) {
  std::string wav;
  if (absl::Status written = audio::WriteWav({.sample_rate_hz = kSampleRateHz,
                                              .num_channels = 1,
                                              .samples = {samples.begin(), samples.end()}},
                                             [&](absl::string_view bytes) {
                                               wav.append(bytes.data(), bytes.size());
                                               return absl::OkStatus();
                                             });
      !written.ok()) {
    return written;
  }
  // What separates the parts is in none of them.
  std::string boundary = "parlance-part";
  for (const absl::string_view part : {absl::string_view(wav), model, language}) {
    while (absl::StrContains(part, boundary)) boundary.push_back('x');
  }
  FormBody form;
  form.content_type = absl::StrCat("multipart/form-data; boundary=", boundary);
  const auto add = [&](absl::string_view disposition, absl::string_view content) {
    absl::StrAppend(&form.body, "--", boundary,
                    "\r\nContent-Disposition: form-data; name=", disposition, "\r\n\r\n", content,
                    "\r\n");
  };
  add("\"model\"", model);
  add("\"language\"", language);
  add("\"response_format\"", "json");
  add("\"file\"; filename=\"utterance.wav\"\r\nContent-Type: audio/wav", wav);
  absl::StrAppend(&form.body, "--", boundary, "--\r\n");
  return form;
}

absl::StatusOr<std::string> ReadTranscription(int http_status, absl::string_view content_type,
                                              absl::string_view body, const ServiceErrors& errors) {
  if (body.size() > kMaxTranscriptionBodyBytes) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the answer of the recognition server is longer than ",
                     kMaxTranscriptionBodyBytes, " bytes"));
  }
  const std::optional<rapidjson::Document> json = ParseServerJson(body);
  if (http_status < 200 || http_status > 299) {
    return json.has_value() && json->IsObject() ? errors.OfJson(*json, http_status)
                                                : errors.Of(http_status, "");
  }
  if (json.has_value()) {
    if (json->IsString()) {
      return Bounded(absl::string_view(json->GetString(), json->GetStringLength()));
    }
    if (json->IsObject()) {
      if (Member(*json, "error") != nullptr) return errors.OfJson(*json, http_status);
      if (const std::optional<std::string> text = TranscriptOf(*json); text.has_value()) {
        return Bounded(*text);
      }
      return NoTranscription("JSON without a text");
    }
  }
  const std::string type = absl::AsciiStrToLower(content_type.substr(0, 100));
  const absl::string_view beginning = absl::StripLeadingAsciiWhitespace(body);
  if (absl::StartsWith(type, "text/html") || absl::StartsWith(beginning, "<")) {
    return NoTranscription("a page of HTML");
  }
  if (absl::StrContains(type, "json") || absl::StartsWith(beginning, "{")) {
    return NoTranscription("broken JSON");
  }
  if (absl::StartsWith(type, "text/event-stream") || absl::StartsWith(beginning, "data:") ||
      absl::StartsWith(beginning, "event:")) {
    return NoTranscription("a stream of events, which was not asked for");
  }
  if (absl::StartsWith(beginning, "WEBVTT") || absl::StrContains(body, " --> ")) {
    return NoTranscription("subtitles, which were not asked for");
  }
  if (type.empty() || absl::StartsWith(type, "text/")) {
    for (const char c : body) {
      if (absl::ascii_iscntrl(static_cast<unsigned char>(c)) &&
          !absl::ascii_isspace(static_cast<unsigned char>(c))) {
        return NoTranscription("something that is not text");
      }
    }
    return Bounded(body);
  }
  return NoTranscription("something that is not text");
}

std::string WordsAsSaid(absl::string_view text) {
  std::string words;
  std::string word;
  const auto end_word = [&] {
    // Apostrophes are part of words, and quotation marks around them are not.
    absl::string_view bare = word;
    while (!bare.empty() && bare.front() == '\'') bare.remove_prefix(1);
    while (!bare.empty() && bare.back() == '\'') bare.remove_suffix(1);
    int64_t number = 0;
    if (!bare.empty()) {
      const bool is_number = bare.size() <= 3 && absl::SimpleAtoi(bare, &number);
      absl::StrAppend(&words, words.empty() ? "" : " ",
                      is_number ? SpokenNumber(number) : std::string(bare));
    }
    word.clear();
  };
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c == '[' || c == '(') {
      end_word();
      i = EndOfBrackets(text, i);
    } else if (absl::StartsWith(text.substr(i), "’")) {
      word.push_back('\'');
      i += 2;
    } else if (absl::ascii_isalnum(c) || c == '\'' || c >= 0x80) {
      word.push_back(absl::ascii_tolower(c));
    } else {
      end_word();
    }
  }
  end_word();
  return words;
}

}  // namespace parlance::pipeline
