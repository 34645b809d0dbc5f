// Which classes an agent is made of: the one place where they are chosen.
#ifndef PIPELINE_COMPONENTS_H_
#define PIPELINE_COMPONENTS_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "pipeline/agent/agent.h"
#include "pipeline/agent/rule_agent.h"
#include "pipeline/choice/agent_choice.h"
#include "pipeline/choice/speech_choice.h"
#include "pipeline/http/http_loop.h"
#include "pipeline/parts/record_file.h"
#include "pipeline/parts/remote_speech_metrics.h"
#include "pipeline/parts/timer_announcer.h"
#include "pipeline/remote_speech/remote_service.h"
#include "pipeline/runtime/runtime.h"
#include "pipeline/speech/pocketsphinx_recognizer.h"
#include "pipeline/speech/recognizer.h"
#include "pipeline/speech/synthesizer.h"
#include "pipeline/voice_agent.h"
#include "session/store.h"
#include "tools/builtin/dependencies.h"
#include "tools/builtin/in_memory_stores.h"
#include "tools/executor.h"
#include "tools/registry.h"

namespace parlance::pipeline {

struct ComponentOptions {
  // The session database.
  std::string database_path;
  // For how long who writes waits while too much is under way. Zero for a runtime, whose threads
  // must not wait: a write is refused then.
  absl::Duration write_patience = absl::Seconds(5);
  PocketSphinxOptions recognizer;
  std::string voice = "kal16";
  AgentChoice agent = {};
  SpeechChoice speech = {};
  std::function<absl::Time()> now = absl::Now;
  // What `clock` takes for here.
  absl::TimeZone local_zone = absl::UTCTimeZone();
};

// One conversation on the caller's thread. Must not outlive its Components.
struct LocalConversation {
  std::string session_id;
  // Null if the conversation is not recorded.
  std::unique_ptr<RecordFile> record;
  std::unique_ptr<VoiceAgent> agent;
};

// The components that all conversations of a process share. Thread-safe.
class Components {
 public:
  // Errors: those of the store, the grammar, the synthesiser, the model and servers.
  static absl::StatusOr<std::unique_ptr<Components>> Create(const ComponentOptions& options);

  // `options.session_id` empty: a new session. `record_folder`: where the conversation is recorded,
  // if it is not empty. Loads a recogniser, which takes some 50 ms. Errors: those of
  // VoiceAgent, of the recogniser and of RecordFile.
  absl::StatusOr<std::unique_ptr<LocalConversation>> Start(VoiceAgent::Options options,
                                                           const std::string& record_folder = "");

  // For many conversations. Must not be used beyond the Components.
  RuntimeParts ForRuntime();

  session::SessionStore& store() { return *store_; }
  tools::ToolExecutor& executor() { return *executor_; }
  int output_sample_rate_hz() const { return synthesizer_->sample_rate_hz(); }
  // Tells the metrics what came of the servers that hear and speak, if there are any.
  void TellRemoteSpeech(RemoteSpeechMetrics& metrics) const;

 private:
  Components(const ComponentOptions& options, RuleSet rules);
  absl::Status CreateAgent();
  absl::Status CreateSpeech();
  absl::StatusOr<std::unique_ptr<Recognizer>> CreateRecognizer() const;
  // The loop that sends requests, which is made for the first who needs it.
  absl::StatusOr<HttpLoop*> Loop();

  const ComponentOptions options_;
  const RuleSet rules_;
  std::unique_ptr<session::SessionStore> store_;
  std::unique_ptr<tools::NoteStore> notes_;
  std::unique_ptr<tools::ConversationSearch> search_;
  // Each session has its own timers in it.
  tools::InMemoryTimerStore timers_;
  TimerAnnouncer announcer_;
  tools::ToolRegistry registry_;
  // Null unless somebody elsewhere is asked; whoever is asked there has an answer when it ends.
  std::unique_ptr<HttpLoop> http_loop_;
  // Null unless a server hears or speaks.
  std::shared_ptr<RemoteService> recognition_;
  std::shared_ptr<RemoteService> synthesis_;
  std::unique_ptr<Agent> agent_;
  std::unique_ptr<tools::ToolExecutor> executor_;
  std::unique_ptr<Synthesizer> synthesizer_;
};

}  // namespace parlance::pipeline

#endif  // PIPELINE_COMPONENTS_H_
