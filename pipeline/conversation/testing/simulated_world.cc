#include "pipeline/conversation/testing/simulated_world.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"

namespace parlance::pipeline {
namespace {

constexpr absl::Duration kFrame = absl::Milliseconds(20);
constexpr size_t kFrameSamples = 320;
constexpr int16_t kLoud = 5000;

// Constant samples are loud enough for the detector, and no sound that an echo could be told from.
ConversationOptions WithoutEcho(ConversationOptions options) {
  options.hears_echo = false;
  return options;
}

// The sound of a text, and its words.
std::pair<std::vector<int16_t>, std::vector<WordMark>> Spoken(absl::string_view text) {
  std::vector<int16_t> sound;
  std::vector<WordMark> words;
  bool in_word = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool space = text[i] == ' ';
    if (!space && !in_word) {
      words.push_back({.sample = static_cast<int64_t>(sound.size()), .text_begin = i});
    }
    in_word = !space;
    if (in_word) words.back().text_end = i + 1;
    sound.insert(sound.end(), space ? 320 : 160, static_cast<int16_t>(space ? 0 : 100));
  }
  return {sound, words};
}

}  // namespace

SimulatedWorld::SimulatedWorld(ConversationOptions options,
                               std::unique_ptr<audio::VoiceActivityDetector> vad)
    : agent([](const AgentQuestion& question) {
        const std::string text = absl::StrCat("You said ", question.utterance.text, ". ");
        return AgentStep{.texts = {{absl::Milliseconds(10), text}}};
      }),
      options_(WithoutEcho(std::move(options))),
      digest_(this),
      conversation_(*Conversation::Create(options_, std::move(vad), &digest_)),
      events_(conversation_.get()) {}

void SimulatedWorld::Record(ConversationRecorder::Write write, size_t max_bytes) {
  recorder_ = std::make_unique<ConversationRecorder>(options_, "loudness", conversation_.get(),
                                                     &digest_, std::move(write), max_bytes);
  events_ = recorder_.get();
}

void SimulatedWorld::EndRecord() {
  events_ = conversation_.get();
  recorder_ = nullptr;
}

void SimulatedWorld::Speak(absl::Duration length, absl::string_view words,
                           absl::string_view partial) {
  words_.emplace_back(words);
  partial_ = std::string(partial);
  for (; length > absl::ZeroDuration(); length -= kFrame) Frame(kLoud);
}

void SimulatedWorld::BeSilent(absl::Duration length) {
  for (; length > absl::ZeroDuration(); length -= kFrame) Frame(0);
}

void SimulatedWorld::SendNothing(absl::Duration length) {
  for (; length > absl::ZeroDuration(); length -= kFrame) Frame(std::nullopt);
}

void SimulatedWorld::HangUp() { events_->HangUp(now_); }

void SimulatedWorld::Settle() {
  for (int i = 0; i < 3000 && !(conversation_->is_quiet() && due_.empty()); ++i) Frame(0);
}

void SimulatedWorld::Frame(std::optional<int16_t> loudness) {
  const absl::Duration end = now_ + kFrame;
  while (!due_.empty() && due_.begin()->first <= end) {
    now_ = std::max(now_, due_.begin()->first);
    const std::function<void()> event = std::move(due_.begin()->second);
    due_.erase(due_.begin());
    event();
  }
  now_ = end;
  if (loudness.has_value()) {
    events_->Sound(now_, std::vector<int16_t>(kFrameSamples, *loudness));
  } else if (conversation_->next_deadline() <= now_) {
    events_->Tick(now_);
  }
  std::vector<int16_t> frame(kFrameSamples);
  if (const size_t count = events_->TakeFrame(now_, absl::MakeSpan(frame)); count > 0) {
    num_heard += static_cast<int64_t>(count);
    last_heard = now_;
  }
}

void SimulatedWorld::Log(std::string line) { log.push_back(std::move(line)); }

void SimulatedWorld::After(absl::Duration delay, std::function<void()> event) {
  due_.emplace(now_ + delay, std::move(event));
}

void SimulatedWorld::OpenRecognizer(int32_t utterance) {
  Log(absl::StrCat("open recognizer ", utterance));
  open_recognizers.insert(utterance);
  words_of_[utterance] = words_.empty() ? "" : words_.back();
  if (partial_.empty()) return;
  const bool is_nothing = partial_ == "?";
  const Hypothesis words =
      is_nothing ? Hypothesis() : Hypothesis{.text = partial_, .rejected = false, .confidence = 1};
  const auto completeness =
      is_nothing ? audio::Endpointer::Words::kIncomplete : audio::Endpointer::Words::kComplete;
  After(absl::Milliseconds(40), [this, utterance, words, completeness] {
    events_->PartialWords(now_, utterance, words, completeness);
  });
}

void SimulatedWorld::Recognize(int32_t, absl::Span<const int16_t>) {}

void SimulatedWorld::FinishRecognizer(int32_t utterance) {
  Log(absl::StrCat("finish recognizer ", utterance));
  if (recognition.hangs) return;
  After(recognition.delay, [this, utterance, fails = recognition.fails] {
    open_recognizers.erase(utterance);
    if (fails) {
      events_->FinalWords(now_, utterance, absl::InternalError("the recogniser crashed"));
      return;
    }
    const std::string& text = words_of_[utterance];
    events_->FinalWords(
        now_, utterance,
        Hypothesis{.text = text, .rejected = text == "?" || text.empty(), .confidence = 1});
  });
}

void SimulatedWorld::CancelRecognizer(int32_t utterance) {
  Log(absl::StrCat("cancel recognizer ", utterance));
  open_recognizers.erase(utterance);
}

void SimulatedWorld::AskAgent(const AgentQuestion& question) {
  Log(absl::StrCat("ask agent ", question.attempt, question.draft ? " draft" : "", " '",
                   question.utterance.text, "' ", question.answers.size(), " answers"));
  const AgentStep step = agent(question);
  if (step.hangs) return;
  absl::Duration at;
  for (const auto& [delay, text] : step.texts) {
    at += delay;
    After(at, [this, attempt = question.attempt, text = text] {
      events_->AgentText(now_, attempt, text);
    });
  }
  After(at, [this, attempt = question.attempt, calls = step.calls, fails = step.fails] {
    if (!calls.empty()) {
      events_->AgentCalls(now_, attempt, calls);
    } else {
      events_->AgentDone(now_, attempt,
                         fails ? absl::UnavailableError("no model") : absl::OkStatus());
    }
  });
}

void SimulatedWorld::CancelAgent(int32_t attempt) { Log(absl::StrCat("cancel agent ", attempt)); }

void SimulatedWorld::StartCall(int32_t call, absl::string_view id, const ToolCall& tool_call) {
  Log(absl::StrCat("start ", id, " ", tool_call.name));
  open_calls.insert(call);
  if (tools.hangs) return;
  After(tools.delay, [this, call, name = tool_call.name, fails = tools.fails] {
    open_calls.erase(call);
    events_->CallEnded(now_, call,
                       {.answer = {.ok = !fails,
                                   .json = absl::StrCat("{\"of\":\"", name, "\"}"),
                                   .text = absl::StrCat("answer of ", name)}});
  });
}

void SimulatedWorld::CancelCall(int32_t call) {
  Log(absl::StrCat("cancel call ", call));
  open_calls.erase(call);
}

void SimulatedWorld::Synthesize(int32_t piece, absl::string_view text) {
  Log(absl::StrCat("synthesize ", piece, " '", text, "'"));
  if (synthesis.hangs) return;
  After(synthesis.delay, [this, piece, text = std::string(text), fails = synthesis.fails] {
    auto [sound, words] = Spoken(text);
    if (fails) {
      sound.resize(static_cast<size_t>(synthesis_breaks_at * static_cast<double>(sound.size())));
      const auto end = static_cast<int64_t>(sound.size());
      std::erase_if(words, [&](const WordMark& word) { return word.sample >= end; });
    }
    events_->PieceSound(now_, piece, sound, words);
    events_->PieceDone(now_, piece, fails ? absl::InternalError("no sound") : absl::OkStatus());
  });
}

void SimulatedWorld::CancelSynthesis(int32_t piece) {
  Log(absl::StrCat("cancel synthesis ", piece));
}

void SimulatedWorld::Append(int32_t order, std::vector<session::Message> messages) {
  Log(absl::StrCat("append ", messages.size(), " '", messages.back().content, "'"));
  if (storing.hangs) return;
  After(storing.delay, [this, order, messages = std::move(messages), fails = storing.fails] {
    if (fails) {
      events_->Stored(now_, order, absl::ResourceExhaustedError("the disk is full"));
      return;
    }
    const auto first = static_cast<int64_t>(stored.size()) + 1;
    for (session::Message message : messages) {
      message.sequence = static_cast<int64_t>(stored.size()) + 1;
      stored.push_back(std::move(message));
    }
    events_->Stored(now_, order, first);
  });
}

void SimulatedWorld::Amend(int32_t order, int64_t sequence, std::string content,
                           std::optional<std::string> metadata) {
  Log(absl::StrCat("amend ", sequence, " '", content, "'"));
  if (storing.hangs) return;
  After(storing.delay, [this, order, sequence, content = std::move(content),
                        metadata = std::move(metadata), fails = storing.fails] {
    if (fails) {
      events_->Stored(now_, order, absl::ResourceExhaustedError("the disk is full"));
      return;
    }
    session::Message& message = stored.at(static_cast<size_t>(sequence) - 1);
    message.content = content;
    if (metadata.has_value()) message.metadata = metadata;
    events_->Stored(now_, order, sequence);
  });
}

void SimulatedWorld::Hold() { Log("hold"); }
void SimulatedWorld::Resume() { Log("resume"); }
void SimulatedWorld::Stop() { Log("stop"); }

void SimulatedWorld::TurnDone(const TurnReport& report) {
  Log(absl::StrCat("turn ", report.turn, " ", TurnEndingName(report.ending), " '", report.heard,
                   "'"));
  turns.push_back(report);
}

}  // namespace parlance::pipeline
