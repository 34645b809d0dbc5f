#include "pipeline/components.h"

#include <memory>
#include <utility>

#include "audio/vad/neural_vad.h"
#include "pipeline/agent/demo_intents.h"
#include "pipeline/agent/rule_agent.h"
#include "pipeline/session_adapters.h"
#include "pipeline/speech/flite_synthesizer.h"
#include "pipeline/speech/pocketsphinx_recognizer.h"
#include "pipeline/timer_announcer.h"
#include "session/open/open_store.h"
#include "tools/builtin/builtin_tools.h"

namespace parlance::pipeline {

Components::Components(const ComponentOptions& options, RuleSet rules)
    : options_(options), rules_(std::move(rules)) {}

absl::StatusOr<std::unique_ptr<Components>> Components::Create(const ComponentOptions& options) {
  absl::StatusOr<RuleSet> rules = DemoRules();
  if (!rules.ok()) return rules.status();
  std::unique_ptr<Components> components(new Components(options, *std::move(rules)));

  absl::StatusOr<std::unique_ptr<Synthesizer>> synthesizer = CreateFliteSynthesizer(options.voice);
  if (!synthesizer.ok()) return synthesizer.status();
  components->synthesizer_ = *std::move(synthesizer);

  auto store = session::OpenStore(options.database_path, {.now = options.now});
  if (!store.ok()) return store.status();
  components->store_ = *std::move(store);

  auto notes = CreateSessionNoteStore(components->store_.get());
  if (!notes.ok()) return notes.status();
  components->notes_ = *std::move(notes);
  return components;
}

absl::StatusOr<std::unique_ptr<LocalConversation>> Components::Start(
    VoiceAgent::Options options, const std::string& record_folder) {
  VoiceAgentParts parts;
  auto recognizer = CreatePocketSphinxRecognizer(rules_.grammar(), options_.recognizer);
  if (!recognizer.ok()) return recognizer.status();
  parts.recognizer = *std::move(recognizer);
  auto vad = audio::CreateNeuralVad(/*look_ahead_frames=*/0);
  if (!vad.ok()) return vad.status();
  parts.vad = *std::move(vad);
  parts.agent = CreateRuleAgent(&rules_);
  parts.synthesizer = synthesizer_.get();
  parts.store = store_.get();
  parts.grammar = &rules_.grammar();

  auto conversation = std::make_unique<LocalConversation>();
  if (options.session_id.empty()) {
    absl::StatusOr<session::Session> session = store_->CreateSession("Conversation");
    if (!session.ok()) return session.status();
    options.session_id = session->id;
  }
  conversation->session_id = options.session_id;
  conversation->search = CreateSessionSearch(store_.get(), options.session_id);
  conversation->registry = std::make_unique<tools::ToolRegistry>();
  if (absl::Status registered =
          tools::RegisterBuiltinTools({.now = options_.now,
                                       .local_zone = options_.local_zone,
                                       .notes = notes_.get(),
                                       .conversation = conversation->search.get(),
                                       .timers = &conversation->timers},
                                      *conversation->registry);
      !registered.ok()) {
    return registered;
  }
  auto executor = tools::ToolExecutor::Create(conversation->registry.get(), {});
  if (!executor.ok()) return executor.status();
  conversation->executor = *std::move(executor);
  parts.registry = conversation->registry.get();
  parts.executor = conversation->executor.get();
  conversation->announcer = std::make_unique<TimerAnnouncer>(&conversation->timers, options_.now);
  parts.announcer = conversation->announcer.get();
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

}  // namespace parlance::pipeline
