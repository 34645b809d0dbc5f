#include "pipeline/remote_speech/remote_synthesizer.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "pipeline/http/http_loop.h"
#include "pipeline/remote_speech/awaited_response.h"
#include "pipeline/remote_speech/sound_stream.h"
#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"

namespace parlance::pipeline {
namespace {

constexpr absl::Duration kAskInterval = absl::Milliseconds(20);
constexpr int kCharactersPerSecond = 15;

// The sound of one text, with its words, on its way to the sink.
class Spoken {
 public:
  Spoken(absl::string_view text, int sample_rate_hz, const SpeechSink* sink)
      : marks_(EstimatedMarks(text, sample_rate_hz)), sink_(*sink) {}

  // False if nobody wants to hear more. Asks just that if there is no sound.
  bool Give(absl::Span<const int16_t> samples) {
    num_given_ += static_cast<int64_t>(samples.size());
    size_t end = num_told_;
    while (end < marks_.size() && marks_[end].sample < num_given_) ++end;
    const auto words = absl::MakeConstSpan(marks_).subspan(num_told_, end - num_told_);
    num_told_ = end;
    return sink_({.samples = samples, .words = words});
  }
  bool has_begun() const { return num_given_ > 0; }

 private:
  const std::vector<WordMark> marks_;
  const SpeechSink& sink_;
  int64_t num_given_ = 0;
  size_t num_told_ = 0;
};

class RemoteSynthesizer : public Synthesizer {
 public:
  RemoteSynthesizer(std::shared_ptr<RemoteService> service, std::string voice,
                    std::unique_ptr<Synthesizer> reserve)
      : service_(std::move(service)), voice_(std::move(voice)), reserve_(std::move(reserve)) {}

  int sample_rate_hz() const override { return reserve_->sample_rate_hz(); }

  absl::Status Synthesize(absl::string_view text, const SpeechSink& sink) override {
    // The reserve says what is wrong with a text that cannot be said.
    if (!text.empty() && text.size() <= kMaxRemoteTextBytes && service_->Begin()) {
      Spoken spoken(text, sample_rate_hz(), &sink);
      const absl::StatusOr<bool> said = Ask(text, spoken);
      if (said.ok()) {
        if (*said) {
          service_->Answered();
        } else {
          service_->Cancelled();
        }
        return absl::OkStatus();
      }
      service_->Failed(said.status());
      if (spoken.has_begun()) return said.status();
    }
    service_->FellBack();
    return reserve_->Synthesize(text, sink);
  }

 private:
  // Whether somebody heard all of it.
  absl::StatusOr<bool> Ask(absl::string_view text, Spoken& spoken) {
    HttpRequest request = service_->Request(
        "application/json", SpeechRequestJson(service_->options().model, voice_, text),
        kMaxRemoteSpeech);
    request.max_body_bytes = kMaxRemoteSoundBytes;
    const auto response = std::make_shared<AwaitedResponse>();
    const absl::StatusOr<uint64_t> transfer = service_->loop().Start(std::move(request), response);
    if (!transfer.ok()) return transfer.status();
    absl::StatusOr<bool> said = Listen(*response, spoken);
    // It may be over already.
    service_->loop().Cancel(*transfer);
    return said;
  }

  absl::StatusOr<bool> Listen(AwaitedResponse& response, Spoken& spoken) {
    std::optional<SoundStream> stream;
    std::vector<int16_t> samples;
    // Bytes that make no sound are silence, too.
    auto last_sound = std::chrono::steady_clock::now();
    for (;;) {
      const AwaitedResponse::News news = response.Wait(kAskInterval);
      if (news.head.has_value()) {
        if (news.head->status < 200 || news.head->status > 299) {
          return service_->errors().Of(news.head->status, "");
        }
        stream.emplace(news.head->content_type, sample_rate_hz(), &service_->errors());
      }
      samples.clear();
      absl::Status status;
      if (stream.has_value()) status = stream->Append(news.bytes, samples);
      if (status.ok() && news.done.has_value()) {
        status = *news.done;
        if (status.ok() && stream.has_value()) status = stream->Finish(samples);
      }
      if (const auto now = std::chrono::steady_clock::now(); !samples.empty()) {
        last_sound = now;
      } else if (status.ok() && !news.done.has_value() &&
                 absl::FromChrono(now - last_sound) > service_->options().timeout) {
        status = absl::DeadlineExceededError(
            absl::StrCat(service_->options().name, " gave no sound for ",
                         absl::FormatDuration(service_->options().timeout)));
      }
      // What was there before an error is heard.
      if (!spoken.Give(samples)) return false;
      if (!status.ok()) return status;
      if (news.done.has_value()) return true;
    }
  }

  const std::shared_ptr<RemoteService> service_;
  const std::string voice_;
  const std::unique_ptr<Synthesizer> reserve_;
};

}  // namespace

std::string SpeechRequestJson(absl::string_view model, absl::string_view voice,
                              absl::string_view text) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  const auto write = [&](absl::string_view key, absl::string_view value) {
    writer.Key(key.data(), static_cast<rapidjson::SizeType>(key.size()));
    writer.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
  };
  writer.StartObject();
  write("model", model);
  write("input", text);
  write("voice", voice);
  write("response_format", "wav");
  writer.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

std::vector<WordMark> EstimatedMarks(absl::string_view text, int sample_rate_hz) {
  std::vector<WordMark> marks;
  int64_t num_characters = 0;
  bool is_in_word = false;
  bool has_letter = false;
  const auto end_word = [&](size_t end) {
    if (!is_in_word) return;
    is_in_word = false;
    marks.back().text_end = end;
    // Nothing is heard of a dash.
    if (!has_letter) marks.pop_back();
  };
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (absl::ascii_isspace(c)) {
      end_word(i);
    } else {
      if (!is_in_word) {
        is_in_word = true;
        has_letter = false;
        marks.push_back(
            {.sample = num_characters * sample_rate_hz / kCharactersPerSecond, .text_begin = i});
      }
      has_letter = has_letter || absl::ascii_isalnum(c) || c >= 0x80;
    }
    // One for each character of UTF-8.
    if ((c & 0xC0) != 0x80) ++num_characters;
  }
  end_word(text.size());
  return marks;
}

std::unique_ptr<Synthesizer> CreateRemoteSynthesizer(std::shared_ptr<RemoteService> service,
                                                     std::string voice,
                                                     std::unique_ptr<Synthesizer> reserve) {
  return std::make_unique<RemoteSynthesizer>(std::move(service), std::move(voice),
                                             std::move(reserve));
}

}  // namespace parlance::pipeline
