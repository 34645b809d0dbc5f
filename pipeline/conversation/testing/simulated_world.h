// Everything around a conversation, simulated in virtual time: a person who speaks and listens, a
// recogniser, an agent, tools, a synthesiser and a store, each with its delay and its faults.
//
// Speech is sound above a loudness, so that what the person says is exactly what the detector
// hears. A synthesised letter lasts 10 ms, a space 20 ms.
#ifndef PIPELINE_CONVERSATION_TESTING_SIMULATED_WORLD_H_
#define PIPELINE_CONVERSATION_TESTING_SIMULATED_WORLD_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "audio/vad/vad.h"
#include "pipeline/conversation/conversation.h"
#include "pipeline/conversation/conversation_actions.h"
#include "pipeline/conversation/conversation_events.h"
#include "pipeline/conversation/replay/action_digest.h"
#include "pipeline/conversation/replay/conversation_recorder.h"
#include "session/message.h"

namespace parlance::pipeline {

// Loud is speech.
class LoudnessVad : public audio::VoiceActivityDetector {
 public:
  int sample_rate_hz() const override { return 16000; }
  float Process(absl::Span<const int16_t> frame) override { return frame[0] > 1000 ? 1 : 0; }
  void Reset() override {}
};

class SimulatedWorld : public ConversationActions {
 public:
  // How long something takes, and how it goes.
  struct Behaviour {
    absl::Duration delay;
    // It never answers.
    bool hangs = false;
    bool fails = false;
  };
  // What an agent does when it is asked.
  struct AgentStep {
    std::vector<WantedCall> calls = {};
    // Texts, and how long after the one before each comes.
    std::vector<std::pair<absl::Duration, std::string>> texts = {};
    bool fails = false;
    bool hangs = false;
  };

  explicit SimulatedWorld(
      ConversationOptions options = {},
      std::unique_ptr<audio::VoiceActivityDetector> vad = std::make_unique<LoudnessVad>());

  // Records the conversation from now on, which is to be its beginning.
  void Record(ConversationRecorder::Write write,
              size_t max_bytes = ConversationRecorder::kMaxBytes);
  // Writes the record's end.
  void EndRecord();

  // The person, from now on: speaks so long, with these words at the end ("?": not understood, "":
  // none), or is silent. While somebody speaks, `partial` is what the recogniser thinks so far
  // ("?": it makes nothing of the sound; of a grammar, that is the beginning of all sentences).
  void Speak(absl::Duration length, absl::string_view words, absl::string_view partial = "");
  void BeSilent(absl::Duration length);
  // Lets time pass without any sound, as from a client that sends none.
  void SendNothing(absl::Duration length);
  void HangUp();
  // Lets everything that is under way come to its end: at most a minute of silence.
  void Settle();

  Conversation& conversation() { return *conversation_; }
  // Whom to tell what else happens, at now().
  ConversationEvents& events() { return *events_; }
  absl::Duration now() const { return now_; }

  Behaviour recognition{.delay = absl::Milliseconds(5)};
  Behaviour tools{.delay = absl::Milliseconds(30)};
  Behaviour synthesis{.delay = absl::Milliseconds(2)};
  Behaviour storing{.delay = absl::Milliseconds(3)};
  // The part of a piece that is synthesised before synthesis fails.
  double synthesis_breaks_at = 0.5;
  std::function<AgentStep(const AgentQuestion&)> agent;

  // What happened, in order, one line each: orders, and what was heard.
  std::vector<std::string> log;
  std::vector<TurnReport> turns;
  // The messages that the store has.
  std::vector<session::Message> stored;
  // How many samples were heard, and when the last one was.
  int64_t num_heard = 0;
  absl::Duration last_heard = -absl::InfiniteDuration();
  // What was asked for and is neither over nor cancelled.
  std::set<int32_t> open_recognizers;
  std::set<int32_t> open_calls;

 private:
  // ConversationActions:
  void OpenRecognizer(int32_t utterance) override;
  void Recognize(int32_t utterance, absl::Span<const int16_t> sound) override;
  void FinishRecognizer(int32_t utterance) override;
  void CancelRecognizer(int32_t utterance) override;
  void AskAgent(const AgentQuestion& question) override;
  void CancelAgent(int32_t attempt) override;
  void StartCall(int32_t call, absl::string_view id, const ToolCall& tool_call) override;
  void CancelCall(int32_t call) override;
  void Synthesize(int32_t piece, absl::string_view text) override;
  void CancelSynthesis(int32_t piece) override;
  void Append(int32_t order, std::vector<session::Message> messages) override;
  void Amend(int32_t order, int64_t sequence, std::string content,
             std::optional<std::string> metadata) override;
  void Hold() override;
  void Resume() override;
  void Stop() override;
  void TurnDone(const TurnReport& report) override;

  void Log(std::string line);
  void After(absl::Duration delay, std::function<void()> event);
  // 20 ms: a frame of the person's sound, what comes due meanwhile, and a frame for the person.
  void Frame(std::optional<int16_t> loudness);

  const ConversationOptions options_;
  ActionDigest digest_;
  std::unique_ptr<Conversation> conversation_;
  // Whom events are told: the conversation, or its recorder.
  std::unique_ptr<ConversationRecorder> recorder_;
  ConversationEvents* events_;
  absl::Duration now_;
  // What comes due, in the order of times, and of orders at one time.
  std::multimap<absl::Duration, std::function<void()>> due_;
  // The words of what is said, in order.
  std::vector<std::string> words_;
  std::map<int32_t, std::string> words_of_;
  std::string partial_;
};

}  // namespace parlance::pipeline

#endif  // PIPELINE_CONVERSATION_TESTING_SIMULATED_WORLD_H_
