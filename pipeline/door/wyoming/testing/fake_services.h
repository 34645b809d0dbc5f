// Services that keep what they are asked, and answer when they are told to. Threads: one at a time.
#ifndef PIPELINE_DOOR_WYOMING_TESTING_FAKE_SERVICES_H_
#define PIPELINE_DOOR_WYOMING_TESTING_FAKE_SERVICES_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "pipeline/door/wyoming/services.h"

namespace parlance::pipeline::door {

inline ServiceDescription FakeDescription(absl::string_view name) {
  return {.name = std::string(name),
          .description = "A \"fake\"",
          .version = "1",
          .model = absl::StrCat(name, "-model"),
          .languages = {"en", "en-GB"},
          .author = "Parlance",
          .url = "https://example.org"};
}

// All of them. What happens is in `log`.
class FakeServices : public Transcriber,
                     public Speaker,
                     public Answerer,
                     public IntentRecognizer,
                     public VoiceDetector {
 public:
  HouseServices all() {
    return {
        .transcriber = this, .speaker = this, .answerer = this, .intents = this, .voices = this};
  }

  ServiceDescription description() const override { return FakeDescription("fake"); }

  std::unique_ptr<Transcription> Start(absl::string_view language,
                                       Transcriber::Listener listener) override {
    log.push_back(absl::StrCat("transcribe '", language, "'"));
    transcription = std::move(listener);
    return std::make_unique<SoundSink<Transcription>>(*this);
  }

  int sample_rate_hz() const override { return 16000; }
  std::unique_ptr<Speech> Start(absl::string_view voice, Speaker::Listener listener) override {
    log.push_back(absl::StrCat("speak '", voice, "'"));
    speech = std::move(listener);
    return std::make_unique<TextSink>(*this);
  }

  void Ask(Request request, std::function<void(const absl::StatusOr<Answer>&)> done) override {
    log.push_back(
        absl::StrCat("ask '", request.text, "' ", request.language, " ", request.conversation_id));
    answer = std::move(done);
  }

  void Recognize(std::string text,
                 std::function<void(const absl::StatusOr<std::optional<Intent>>&)> done) override {
    log.push_back(absl::StrCat("recognize '", text, "'"));
    intent = std::move(done);
  }

  absl::StatusOr<std::unique_ptr<VoiceDetection>> Start(VoiceDetector::Listener listener) override {
    log.push_back("detect voices");
    if (!detection_refusal.ok()) return detection_refusal;
    detection = std::move(listener);
    return std::make_unique<SoundSink<VoiceDetection>>(*this);
  }

  std::vector<std::string> TakeLog() { return std::exchange(log, {}); }

  std::vector<std::string> log;
  std::vector<int16_t> sound;
  absl::Status detection_refusal;
  Transcriber::Listener transcription;
  Speaker::Listener speech;
  std::function<void(const absl::StatusOr<Answer>&)> answer;
  std::function<void(const absl::StatusOr<std::optional<Intent>>&)> intent;
  VoiceDetector::Listener detection;

 private:
  template <typename Interface>
  class SoundSink : public Interface {
   public:
    explicit SoundSink(FakeServices& services) : services_(services) {}
    void Sound(absl::Span<const int16_t> samples) override {
      services_.sound.insert(services_.sound.end(), samples.begin(), samples.end());
    }
    // Overrides what only one of the interfaces has.
    virtual void End() { services_.log.push_back("end of sound"); }

   private:
    FakeServices& services_;
  };

  class TextSink : public Speech {
   public:
    explicit TextSink(FakeServices& services) : services_(services) {}
    void Text(absl::string_view text) override {
      services_.log.push_back(absl::StrCat("text '", text, "'"));
    }
    void End() override { services_.log.push_back("end of text"); }

   private:
    FakeServices& services_;
  };
};

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_WYOMING_TESTING_FAKE_SERVICES_H_
