#include "pipeline/components.h"

#include <memory>
#include <utility>
#include <vector>

#include "pipeline/agent/agent_settings.h"
#include "pipeline/agent/demo_intents.h"
#include "pipeline/agent/model/model_agent.h"
#include "pipeline/agent/rule_agent.h"
#include "pipeline/agent/rules_first_agent.h"
#include "pipeline/conversation/detector.h"
#include "pipeline/parts/session_adapters.h"
#include "pipeline/remote_speech/remote_recognizer.h"
#include "pipeline/remote_speech/remote_synthesizer.h"
#include "pipeline/speech/flite_synthesizer.h"
#include "pipeline/speech/pocketsphinx_recognizer.h"
#include "session/open/open_store.h"
#include "tools/builtin/builtin_tools.h"

namespace parlance::pipeline {

Components::Components(const ComponentOptions& options, RuleSet rules)
    : options_(options), rules_(std::move(rules)), announcer_(&timers_, options.now) {}

absl::StatusOr<std::unique_ptr<Components>> Components::Create(const ComponentOptions& options) {
  absl::StatusOr<RuleSet> rules = DemoRules();
  if (!rules.ok()) return rules.status();
  std::unique_ptr<Components> components(new Components(options, *std::move(rules)));

  // What is wrong with them is known before there is a database.
  if (absl::Status created = components->CreateSpeech(); !created.ok()) return created;
  if (absl::Status created = components->CreateAgent(); !created.ok()) return created;

  auto store = session::OpenStore(options.database_path,
                                  {.now = options.now, .write_patience = options.write_patience});
  if (!store.ok()) return store.status();
  components->store_ = *std::move(store);

  auto notes = CreateSessionNoteStore(components->store_.get());
  if (!notes.ok()) return notes.status();
  components->notes_ = *std::move(notes);
  components->search_ = CreateSessionSearch(components->store_.get());
  if (absl::Status registered =
          tools::RegisterBuiltinTools({.now = options.now,
                                       .local_zone = options.local_zone,
                                       .notes = components->notes_.get(),
                                       .conversation = components->search_.get(),
                                       .timers = &components->timers_},
                                      components->registry_);
      !registered.ok()) {
    return registered;
  }
  auto executor = tools::ToolExecutor::Create(&components->registry_, {});
  if (!executor.ok()) return executor.status();
  components->executor_ = *std::move(executor);
  return components;
}

absl::Status Components::CreateAgent() {
  if (options_.agent.kind == AgentKind::kRules) {
    agent_ = CreateRuleAgent(&rules_);
    return absl::OkStatus();
  }
  const absl::StatusOr<HttpLoop*> loop = Loop();
  if (!loop.ok()) return loop.status();
  ModelAgentOptions options = options_.agent.model;
  options.tools = [this] {
    std::vector<OfferedTool> offered;
    for (const tools::ToolPtr& tool : registry_.List()) {
      offered.push_back({.name = tool->tool.name,
                         .description = tool->tool.description,
                         .parameters = tool->tool.parameters});
    }
    return offered;
  };
  auto model = ModelAgent::Create(std::move(options), *loop);
  if (!model.ok()) return model.status();
  agent_ = *std::move(model);
  if (options_.agent.kind == AgentKind::kBoth) {
    agent_ = CreateRulesFirstAgent(&rules_, std::move(agent_));
  }
  return absl::OkStatus();
}

absl::StatusOr<HttpLoop*> Components::Loop() {
  if (http_loop_ == nullptr) {
    auto loop = HttpLoop::Create({});
    if (!loop.ok()) return loop.status();
    http_loop_ = *std::move(loop);
  }
  return http_loop_.get();
}

absl::Status Components::CreateSpeech() {
  absl::StatusOr<std::unique_ptr<Synthesizer>> synthesizer = CreateFliteSynthesizer(options_.voice);
  if (!synthesizer.ok()) return synthesizer.status();
  synthesizer_ = *std::move(synthesizer);
  const SpeechChoice& speech = options_.speech;
  if (!speech.recognition.has_value() && !speech.synthesis.has_value()) return absl::OkStatus();
  const absl::StatusOr<HttpLoop*> loop = Loop();
  if (!loop.ok()) return loop.status();
  if (speech.recognition.has_value()) {
    auto service = RemoteService::Create(*speech.recognition, kTranscriptionPath, *loop);
    if (!service.ok()) return service.status();
    recognition_ = *std::move(service);
  }
  if (speech.synthesis.has_value()) {
    auto service = RemoteService::Create(*speech.synthesis, kSpeechPath, *loop);
    if (!service.ok()) return service.status();
    synthesis_ = *std::move(service);
    synthesizer_ = CreateRemoteSynthesizer(synthesis_, speech.voice, std::move(synthesizer_));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Recognizer>> Components::CreateRecognizer() const {
  auto recognizer = CreatePocketSphinxRecognizer(rules_.grammar(), options_.recognizer);
  if (!recognizer.ok() || recognition_ == nullptr) return recognizer;
  // The language of the grammar, of the voices and of what is said.
  return CreateRemoteRecognizer(recognition_, "en", *std::move(recognizer));
}

void Components::TellRemoteSpeech(RemoteSpeechMetrics& metrics) const {
  if (recognition_ != nullptr) metrics.SetRecognition(recognition_->stats());
  if (synthesis_ != nullptr) metrics.SetSynthesis(synthesis_->stats());
}

absl::StatusOr<std::unique_ptr<LocalConversation>> Components::Start(
    VoiceAgent::Options options, const std::string& record_folder) {
  VoiceAgentParts parts;
  auto recognizer = CreateRecognizer();
  if (!recognizer.ok()) return recognizer.status();
  parts.recognizer = *std::move(recognizer);
  auto vad = CreateDetector();
  if (!vad.ok()) return vad.status();
  parts.vad = *std::move(vad);
  parts.agent = agent_.get();
  parts.synthesizer = synthesizer_.get();
  parts.registry = &registry_;
  parts.executor = executor_.get();
  parts.store = store_.get();
  parts.grammar = &rules_.grammar();
  parts.announcer = &announcer_;

  auto conversation = std::make_unique<LocalConversation>();
  if (options.session_id.empty()) {
    absl::StatusOr<session::Session> session = store_->CreateSession("Conversation");
    if (!session.ok()) return session.status();
    options.session_id = session->id;
  }
  conversation->session_id = options.session_id;
  if (!record_folder.empty()) {
    auto record = RecordFile::Create(record_folder, options.session_id);
    if (!record.ok()) return record.status();
    conversation->record = *std::move(record);
    options.record = [file = conversation->record.get()](absl::string_view bytes) {
      file->Write(bytes);
    };
  }
  auto agent = VoiceAgent::Create(std::move(parts), std::move(options));
  if (!agent.ok()) return agent.status();
  conversation->agent = *std::move(agent);
  return conversation;
}

RuntimeParts Components::ForRuntime() {
  return {.create_vad = [] { return CreateDetector(); },
          .create_recognizer = [this] { return CreateRecognizer(); },
          .agent = agent_.get(),
          .synthesizer = synthesizer_.get(),
          .registry = &registry_,
          .executor = executor_.get(),
          .store = store_.get(),
          .grammar = &rules_.grammar(),
          .announcer = &announcer_};
}

}  // namespace parlance::pipeline
