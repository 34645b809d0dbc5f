#include "pipeline/voice_agent.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "audio/turns/speech_segmenter.h"
#include "audio/turns/turn_observer.h"
#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"

namespace parlance::pipeline {
namespace {

constexpr int kRecognitionHz = 16000;
// An agent that calls tools for ever is broken, or misled.
constexpr int kMaxSteps = 8;

absl::Duration SteadyNow() {
  return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

// Writes the string with its length: what others wrote may have a NUL.
void WriteString(absl::string_view text, rapidjson::Writer<rapidjson::StringBuffer>& writer) {
  writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

// OpenAI's form: [{"id": …, "type": "function", "function": {"name": …, "arguments": "…"}}].
std::string ToolCallsJson(absl::Span<const ToolCall> calls, int64_t first_id) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  writer.StartArray();
  for (const ToolCall& call : calls) {
    writer.StartObject();
    writer.Key("id");
    WriteString(absl::StrCat("call_", first_id++), writer);
    writer.Key("type");
    writer.String("function");
    writer.Key("function");
    writer.StartObject();
    writer.Key("name");
    WriteString(call.name, writer);
    writer.Key("arguments");
    WriteString(call.arguments, writer);
    writer.EndObject();
    writer.EndObject();
  }
  writer.EndArray();
  return buffer.GetString();
}

std::string ErrorJson(const tools::ToolError& error) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  writer.StartObject();
  writer.Key("error");
  WriteString(tools::ToolErrorName(error.kind), writer);
  writer.Key("message");
  WriteString(error.message, writer);
  writer.EndObject();
  return buffer.GetString();
}

}  // namespace

class VoiceAgent::Impl : private audio::TurnObserver {
 public:
  Impl(VoiceAgentParts parts, Options options, audio::SpeechSegmenter segmenter)
      : parts_(std::move(parts)), options_(std::move(options)), segmenter_(std::move(segmenter)) {}

  absl::Status Push(absl::Span<const int16_t> samples) {
    segmenter_.Push(samples, *this);
    return std::exchange(status_, absl::OkStatus());
  }

  absl::Status Flush() {
    segmenter_.Flush(*this);
    return std::exchange(status_, absl::OkStatus());
  }

 private:
  void OnTurnBegin(const audio::EndpointerEvent&) override {
    status_.Update(parts_.recognizer->Start());
  }
  void OnTurnSound(absl::Span<const int16_t> samples) override {
    status_.Update(parts_.recognizer->Process(samples));
  }
  void OnTurnEnd(const audio::EndpointerEvent& end) override { status_.Update(Answer(end)); }

  absl::Status Answer(const audio::EndpointerEvent& end) {
    const absl::Duration start = options_.steady_now();
    Turn turn;
    turn.speech = end.segment;
    turn.latency.endpoint_silence =
        absl::Seconds(static_cast<double>(end.delay()) / options_.input_sample_rate_hz);

    absl::StatusOr<Hypothesis> utterance = parts_.recognizer->Finish();
    if (!utterance.ok()) return utterance.status();
    turn.utterance = *std::move(utterance);
    turn.latency.recognition = options_.steady_now() - start;

    if (absl::Status decided = Decide(turn); !decided.ok()) return decided;
    if (parts_.announcer != nullptr) {
      for (const std::string& sentence : parts_.announcer->TakeDue()) {
        absl::StrAppend(&turn.reply, turn.reply.empty() ? "" : " ", sentence);
      }
    }
    const absl::Duration before_session = options_.steady_now();
    if (absl::Status stored = Store(turn); !stored.ok()) return stored;
    turn.latency.session = options_.steady_now() - before_session;
    Speak(start, turn);
    turn.latency.total = options_.steady_now() - start;
    if (options_.on_turn != nullptr) options_.on_turn(turn);
    return absl::OkStatus();
  }

  // Lets the agent decide, and calls what it wants called, until there is a reply.
  absl::Status Decide(Turn& turn) {
    absl::StatusOr<std::vector<session::Message>> history = History(turn);
    if (!history.ok()) return history.status();
    for (int step = 0; step < kMaxSteps; ++step) {
      const absl::Duration before_agent = options_.steady_now();
      absl::StatusOr<AgentStep> decided = parts_.agent->Decide({.utterance = turn.utterance,
                                                                .history = *history,
                                                                .calls = turn.calls,
                                                                .answers = turn.answers});
      const absl::Duration before_tools = options_.steady_now();
      turn.latency.agent += before_tools - before_agent;
      if (!decided.ok()) return decided.status();
      if (decided->calls.empty()) {
        turn.reply = std::move(decided->reply);
        return absl::OkStatus();
      }
      Execute(*std::move(decided), turn);
      turn.latency.tools += options_.steady_now() - before_tools;
    }
    turn.reply = "Sorry, I could not finish that.";
    return absl::OkStatus();
  }

  // What the agent wants of the conversation so far.
  absl::StatusOr<std::vector<session::Message>> History(Turn& turn) {
    session::SessionStore::HistoryOptions page;
    page.limit = parts_.agent->max_history_messages();
    if (page.limit <= 0) return std::vector<session::Message>();
    const absl::Duration before = options_.steady_now();
    absl::StatusOr<std::vector<session::Message>> history =
        parts_.store->History(options_.session_id, page);
    turn.latency.history = options_.steady_now() - before;
    return history;
  }

  // Runs the calls all at once; their answers are in the order of the calls.
  void Execute(AgentStep step, Turn& turn) {
    std::vector<tools::ToolRequest> requests;
    for (const ToolCall& call : step.calls) {
      requests.push_back(
          {.name = call.name, .arguments = call.arguments, .timeout = options_.tool_timeout});
    }
    for (tools::ToolResponse& response : parts_.executor->ExecuteAll(requests)) {
      ToolAnswer answer;
      if (auto* error = std::get_if<tools::ToolError>(&response.result)) {
        answer = {.ok = false, .json = ErrorJson(*error), .text = std::move(error->message)};
      } else {
        auto& output = std::get<tools::ToolOutput>(response.result);
        answer = {.ok = true, .json = std::move(output.json), .text = std::move(output.text)};
      }
      turn.answers.push_back(std::move(answer));
      turn.records.push_back(std::move(response.record));
    }
    for (ToolCall& call : step.calls) turn.calls.push_back(std::move(call));
  }

  absl::Status Store(const Turn& turn) {
    absl::StatusOr<session::Session> session = parts_.store->GetSession(options_.session_id);
    if (!session.ok()) return session.status();
    // Unique in the session, whatever process spoke in it before.
    const int64_t first_call = session->num_messages + 1;
    std::vector<session::Message> messages;
    session::Message user;
    user.role = session::Role::kUser;
    // The guess at what was not understood would be found by searches as if it had been said.
    user.content = turn.utterance.rejected ? "" : turn.utterance.text;
    messages.push_back(std::move(user));
    if (!turn.calls.empty()) {
      session::Message calls;
      calls.role = session::Role::kAssistant;
      calls.tool_calls = ToolCallsJson(turn.calls, first_call);
      messages.push_back(std::move(calls));
    }
    for (size_t i = 0; i < turn.calls.size(); ++i) {
      session::Message answer;
      answer.role = session::Role::kTool;
      answer.name = turn.calls[i].name;
      answer.tool_call_id = absl::StrCat("call_", first_call + static_cast<int64_t>(i));
      answer.content = turn.answers[i].json;
      tools::CallRecord record = turn.records[i];
      record.id = *answer.tool_call_id;
      answer.metadata = record.ToJson();
      answer.latency = record.ended;
      messages.push_back(std::move(answer));
    }
    session::Message reply;
    reply.role = session::Role::kAssistant;
    reply.content = turn.reply;
    messages.push_back(std::move(reply));
    return parts_.store->AppendAll(options_.session_id, messages).status();
  }

  void Speak(absl::Duration start, Turn& turn) {
    const absl::Duration before_synthesis = options_.steady_now();
    bool first = true;
    turn.speaking = parts_.synthesizer->Synthesize(turn.reply, [&](const SpeechChunk& chunk) {
      if (first) {
        const absl::Duration now = options_.steady_now();
        turn.latency.synthesis_first_sample = now - before_synthesis;
        turn.latency.first_sample = now - start;
        first = false;
      }
      if (options_.on_audio != nullptr) options_.on_audio(chunk.samples);
      return true;
    });
  }

  VoiceAgentParts parts_;
  const Options options_;
  audio::SpeechSegmenter segmenter_;
  // The first error of what the segmenter called during a Push or Flush.
  absl::Status status_;
};

absl::StatusOr<std::unique_ptr<VoiceAgent>> VoiceAgent::Create(VoiceAgentParts parts,
                                                               Options options) {
  if (parts.vad == nullptr || parts.recognizer == nullptr || parts.agent == nullptr ||
      parts.synthesizer == nullptr || parts.executor == nullptr || parts.store == nullptr) {
    return absl::InvalidArgumentError("a voice agent needs all its parts");
  }
  if (parts.vad->sample_rate_hz() != kRecognitionHz) {
    return absl::InvalidArgumentError("the detector has to work at 16 kHz");
  }
  if (options.steady_now == nullptr) options.steady_now = SteadyNow;
  if (auto session = parts.store->GetSession(options.session_id); !session.ok()) {
    return session.status();
  }
  audio::SpeechSegmenter::Options segmenter_options;
  segmenter_options.input_sample_rate_hz = options.input_sample_rate_hz;
  segmenter_options.endpointer.min_endpointing_delay = options.min_endpointing_delay;
  segmenter_options.endpointer.max_endpointing_delay = options.max_endpointing_delay;
  segmenter_options.gives_sound = true;
  auto segmenter = audio::SpeechSegmenter::Create(std::move(parts.vad), segmenter_options);
  if (!segmenter.ok()) return segmenter.status();
  return std::unique_ptr<VoiceAgent>(new VoiceAgent(
      std::make_unique<Impl>(std::move(parts), std::move(options), *std::move(segmenter))));
}

VoiceAgent::VoiceAgent(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
VoiceAgent::~VoiceAgent() = default;

absl::Status VoiceAgent::Push(absl::Span<const int16_t> samples) { return impl_->Push(samples); }
absl::Status VoiceAgent::Flush() { return impl_->Flush(); }

}  // namespace parlance::pipeline
