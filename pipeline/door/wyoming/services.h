// What a house can be served with, so that the door knows no recogniser, synthesiser or agent.
//
// Everything is asynchronous: a call returns at once, and what comes of it is told to callbacks,
// from any thread, one at a time for one request, also before the call has returned. Destroying
// what a request returned cancels it; a callback that comes nevertheless is ignored. `done` is
// called once, as the last. No callback blocks for long.
#ifndef PIPELINE_DOOR_WYOMING_SERVICES_H_
#define PIPELINE_DOOR_WYOMING_SERVICES_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

namespace parlance::pipeline::door {

// What a house is told of a service.
struct ServiceDescription {
  // Short, without spaces, such as "pocketsphinx".
  std::string name = {};
  std::string description = {};
  std::string version = {};
  // The name of its model, or its voice.
  std::string model = {};
  // Tags of BCP 47, such as "en" or "en-US".
  std::vector<std::string> languages = {};
  // Who made it, and where it is from.
  std::string author = {};
  std::string url = {};
};

// The services that there are; each may be missing. Thread-safe.

// Sound that becomes text.
class Transcription {
 public:
  virtual ~Transcription() = default;
  // Mono PCM16 at 16 kHz, the next of it.
  virtual void Sound(absl::Span<const int16_t> samples) = 0;
  // There is no more.
  virtual void End() = 0;
};
class Transcriber {
 public:
  struct Listener {
    // More of the text, which will not change any more. May never be called.
    std::function<void(absl::string_view text)> part = nullptr;
    // All of the text; empty if nothing was understood.
    std::function<void(const absl::StatusOr<std::string>& text)> done = nullptr;
  };
  virtual ~Transcriber() = default;
  virtual ServiceDescription description() const = 0;
  // `language` may be empty. Never null.
  virtual std::unique_ptr<Transcription> Start(absl::string_view language, Listener listener) = 0;
};

// Text that becomes sound.
class Speech {
 public:
  virtual ~Speech() = default;
  // More of the text, cut anywhere.
  virtual void Text(absl::string_view text) = 0;
  // There is no more.
  virtual void End() = 0;
};
class Speaker {
 public:
  struct Listener {
    // More of the sound, mono PCM16. False if nobody wants to hear more.
    std::function<bool(absl::Span<const int16_t> samples)> sound = nullptr;
    std::function<void(const absl::Status& status)> done = nullptr;
  };
  virtual ~Speaker() = default;
  virtual ServiceDescription description() const = 0;
  virtual int sample_rate_hz() const = 0;
  // `voice` is the model of the description, or empty. Never null.
  virtual std::unique_ptr<Speech> Start(absl::string_view voice, Listener listener) = 0;
};

// A text that is answered with another.
class Answerer {
 public:
  struct Request {
    std::string text = {};
    // May be empty.
    std::string language = {};
    // What belongs together has the same; may be empty.
    std::string conversation_id = {};
  };
  struct Answer {
    // Whether something could be done about it.
    bool is_handled = false;
    std::string text = {};
  };
  virtual ~Answerer() = default;
  virtual ServiceDescription description() const = 0;
  virtual void Ask(Request request, std::function<void(const absl::StatusOr<Answer>&)> done) = 0;
};

// A text that becomes an intent.
class IntentRecognizer {
 public:
  struct Entity {
    std::string name = {};
    std::string value = {};
  };
  struct Intent {
    std::string name = {};
    std::vector<Entity> entities = {};
  };
  virtual ~IntentRecognizer() = default;
  virtual ServiceDescription description() const = 0;
  // Nothing if it is none.
  virtual void Recognize(
      std::string text, std::function<void(const absl::StatusOr<std::optional<Intent>>&)> done) = 0;
};

// Sound in which speech begins and ends.
class VoiceDetection {
 public:
  virtual ~VoiceDetection() = default;
  // Mono PCM16 at 16 kHz, the next of it.
  virtual void Sound(absl::Span<const int16_t> samples) = 0;
};
class VoiceDetector {
 public:
  struct Listener {
    // Times are since the beginning of the sound.
    std::function<void(absl::Duration at)> started = nullptr;
    std::function<void(absl::Duration at)> stopped = nullptr;
  };
  virtual ~VoiceDetector() = default;
  // An error if there cannot be one.
  virtual absl::StatusOr<std::unique_ptr<VoiceDetection>> Start(Listener listener) = 0;
};

// What is pointed to has to outlive every connection, and every callback.
struct HouseServices {
  Transcriber* transcriber = nullptr;
  Speaker* speaker = nullptr;
  Answerer* answerer = nullptr;
  IntentRecognizer* intents = nullptr;
  VoiceDetector* voices = nullptr;
};

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_WYOMING_SERVICES_H_
