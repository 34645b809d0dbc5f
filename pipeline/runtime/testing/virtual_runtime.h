// A runtime in virtual time, with everything around it made up but the tool executor and an SQLite
// store, and people who call.
#ifndef PIPELINE_RUNTIME_TESTING_VIRTUAL_RUNTIME_H_
#define PIPELINE_RUNTIME_TESTING_VIRTUAL_RUNTIME_H_

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/agent/agent.h"
#include "pipeline/conversation/testing/simulated_world.h"
#include "pipeline/runtime/runtime.h"
#include "pipeline/runtime/testing/scripted_parts.h"
#include "pipeline/runtime/testing/scripted_recognizer.h"
#include "session/message.h"
#include "session/sqlite/sqlite_store.h"
#include "third_party/status_matchers.h"
#include "tools/executor.h"
#include "tools/registry.h"

namespace parlance::pipeline {

inline constexpr absl::Duration kFrameOfCaller = absl::Milliseconds(20);
inline constexpr size_t kSamplesOfFrame = 320;
// Loud enough for the detector, and no word.
inline constexpr int16_t kNoise = 2000;

// Constant samples are no sound that an echo could be told from.
inline SessionOptions UsualSession(std::string id = "") {
  SessionOptions options;
  options.session_id = std::move(id);
  options.conversation.hears_echo = false;
  options.detector = "loudness";
  return options;
}

class VirtualRuntime {
 public:
  // Somebody on the line: what they say now, and what they hear.
  struct Caller {
    explicit Caller(std::function<absl::Duration()> now) : sink(std::move(now)) {}

    int16_t loudness = 0;
    // Whether sound is sent at all.
    bool sends = true;
    RecordingSink sink;
    std::shared_ptr<Runtime::Session> session;
  };

  explicit VirtualRuntime(absl::string_view name)
      : sqlite_(*session::SqliteStore::Open(
            absl::StrCat(std::getenv("TEST_TMPDIR"), "/", name, ".db"))),
        store(sqlite_.get()),
        executor(*tools::ToolExecutor::Create(&registry, {})) {}
  ~VirtualRuntime() {
    runtime.reset();
    callers_.clear();
  }

  void Start(RuntimeOptions options = {}) {
    options.num_threads = 0;
    options.now = [this] { return Now(); };
    auto created = Runtime::Create(
        {.create_vad = [this]() -> absl::StatusOr<std::unique_ptr<audio::VoiceActivityDetector>> {
           return std::make_unique<Detector>(this);
         },
         .create_recognizer = [this] { return recognizers.Create(); },
         .agent = other_agent != nullptr ? other_agent : &agent,
         .synthesizer = &synthesizer,
         .registry = &registry,
         .executor = executor.get(),
         .store = &store,
         .announcer = has_announcer ? &announcer : nullptr},
        options);
    ASSERT_THAT(created, absl_testing::IsOk());
    runtime = *std::move(created);
  }

  // Null, and `refusal`, if it is refused.
  Caller* Open(SessionOptions options = UsualSession()) {
    callers_.push_back(std::make_unique<Caller>([this] { return now; }));
    Caller& caller = *callers_.back();
    auto opened = runtime->Open(std::move(options), &caller.sink);
    refusal = opened.status();
    if (!opened.ok()) {
      callers_.pop_back();
      return nullptr;
    }
    caller.session = *std::move(opened);
    return &caller;
  }

  // Time passes: everybody sends what they say, 20 ms by 20 ms.
  void Pass(absl::Duration length) {
    // Frames come at their pace, whatever it takes to serve them.
    const absl::Duration end = now + length;
    for (absl::Duration at = now; at < end;) {
      at += kFrameOfCaller;
      RunUntil(at);
      for (const auto& caller : callers_) {
        if (!caller->sends || caller->session == nullptr) continue;
        caller->session->Push(std::vector<int16_t>(kSamplesOfFrame, caller->loudness))
            .IgnoreError();
      }
      RunUntil(now);
    }
  }
  void RunUntil(absl::Duration time) {
    runtime->RunUntil(time, [this](absl::Duration at) { now = at; });
  }
  void Say(Caller& caller, int word, absl::Duration length = absl::Milliseconds(600)) {
    MakeSound(caller, static_cast<int16_t>(kLoudnessOfWords + word), length);
  }
  void MakeSound(Caller& caller, int16_t loudness, absl::Duration length) {
    caller.loudness = loudness;
    Pass(length);
    caller.loudness = 0;
  }
  // Says a word, and waits for the answer to its end.
  void Ask(Caller& caller, int word) {
    Say(caller, word);
    Pass(absl::Seconds(4));
  }

  // What the store has of a session: "user: …", in order.
  std::vector<std::string> Stored(absl::string_view id) {
    std::vector<std::string> lines;
    const auto history = sqlite_->History(id, {.after = 0, .before = {}, .limit = 2000});
    if (!history.ok()) return {history.status().ToString()};
    for (const session::Message& message : *history) {
      lines.push_back(absl::StrCat(session::RoleName(message.role), ": ", message.content));
    }
    return lines;
  }

  // The clock. What is asked for it may make time pass: `tick`, and what a detector takes for 10
  // ms of sound.
  absl::Duration Now() {
    now += tick;
    return now;
  }
  absl::Duration now = absl::Hours(1);
  absl::Duration tick;
  absl::Duration detector_takes;
  // Whether somebody may announce something.
  bool has_announcer = true;
  // Whoever is asked instead of `agent`.
  Agent* other_agent = nullptr;

 private:
  class Detector : public LoudnessVad {
   public:
    explicit Detector(VirtualRuntime* world) : world_(*world) {}
    float Process(absl::Span<const int16_t> frame) override {
      world_.now += world_.detector_takes;
      return LoudnessVad::Process(frame);
    }

   private:
    VirtualRuntime& world_;
  };

  std::unique_ptr<session::SqliteStore> sqlite_;

 public:
  RecognizerScript recognizers;
  ScriptedAgent agent;
  LetterSynthesizer synthesizer;
  ScriptedAnnouncer announcer;
  FaultyStore store;
  tools::ToolRegistry registry;
  std::unique_ptr<tools::ToolExecutor> executor;
  std::unique_ptr<Runtime> runtime;
  absl::Status refusal;

 private:
  std::vector<std::unique_ptr<Caller>> callers_;
};

}  // namespace parlance::pipeline

#endif  // PIPELINE_RUNTIME_TESTING_VIRTUAL_RUNTIME_H_
