// Any bytes as client events, between anything that a runtime may tell: what is sent is always
// valid, one response is under way at a time, items are added before they are done, and no sound
// comes after the end of its response.
//
// Each line is a client's event; one that begins with ! is what the runtime tells, a letter each.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "pipeline/conversation/conversation_actions.h"
#include "pipeline/conversation/conversation_observer.h"
#include "pipeline/conversation/turn/turn_machine.h"
#include "pipeline/door/connection.h"
#include "pipeline/door/realtime/realtime_session.h"
#include "pipeline/runtime/runtime.h"
#include "rapidjson/document.h"

namespace parlance::pipeline::door {
namespace {

void Check(bool holds) {
  if (!holds) std::abort();
}

std::string Text(const rapidjson::Value& object, const char* name) {
  if (!object.IsObject() || !object.HasMember(name) || !object[name].IsString()) return "";
  return {object[name].GetString(), object[name].GetStringLength()};
}

// Whoever is sent events, and looks whether they keep their promises.
class CheckingConnection : public Connection {
 public:
  bool SendText(absl::string_view message) override {
    rapidjson::Document event;
    event.Parse<rapidjson::kParseValidateEncodingFlag>(message.data(), message.size());
    Check(!event.HasParseError() && event.IsObject());
    const std::string type = Text(event, "type");
    Check(!type.empty());
    Check(ids_.insert(Text(event, "event_id")).second);
    if (type == "response.created") {
      Check(response_.empty());
      response_ = Text(event["response"], "id");
      Check(!response_.empty());
    } else if (type == "response.done") {
      Check(Text(event["response"], "id") == response_);
      Check(open_items_.empty());
      response_.clear();
    } else if (event.HasMember("response_id")) {
      Check(!response_.empty() && Text(event, "response_id") == response_);
    }
    if (type == "conversation.item.added") Check(added_.insert(Text(event["item"], "id")).second);
    if (type == "conversation.item.done") Check(added_.count(Text(event["item"], "id")) == 1);
    // Calls of ours may outlast the response in which they began.
    if (type == "response.output_item.added" && Text(event["item"], "type") == "message") {
      open_items_.insert(Text(event["item"], "id"));
    }
    if (type == "response.output_item.done") open_items_.erase(Text(event["item"], "id"));
    if (type == "response.output_audio.delta") {
      Check(open_items_.count(Text(event, "item_id")) == 1);
    }
    return true;
  }
  bool SendBinary(absl::Span<const uint8_t> /*message*/) override { return true; }
  void Close(uint16_t /*code*/, absl::string_view /*reason*/) override {}
  size_t num_bytes_waiting() const override { return 0; }

 private:
  std::set<std::string> ids_;
  std::set<std::string> added_;
  std::set<std::string> open_items_;
  std::string response_;
};

// A session that takes everything, and tells what the input says.
class ScriptedSession : public Runtime::Session {
 public:
  explicit ScriptedSession(SessionSink* sink) : sink_(*sink) {}

  const std::string& id() const override { return id_; }
  absl::Status Push(absl::Span<const int16_t> samples) override {
    Check(samples.size() <= 16000);
    return absl::OkStatus();
  }
  void EndOfSound() override {}
  void Played(int64_t /*position*/) override { std::abort(); }
  void HangUp() override { hung_up_ = true; }
  absl::Status WholeUtterance(std::vector<int16_t> samples) override {
    Check(samples.size() <= size_t{16000} * 30);
    ++num_whole_;
    return absl::OkStatus();
  }
  absl::Status Type(std::string text) override {
    return text.size() <= kMaxTextBytes ? absl::OkStatus() : absl::InvalidArgumentError("too long");
  }
  absl::Status Respond() override { return absl::OkStatus(); }
  absl::Status CancelAnswer() override {
    ++num_cancelling_;
    return absl::OkStatus();
  }
  absl::Status Truncate(int64_t position) override {
    Check(position >= 0);
    ++num_truncated_;
    return absl::OkStatus();
  }
  absl::Status AddMessage(session::Role /*role*/, std::string text) override {
    Check(text.size() <= kMaxTextBytes);
    return absl::OkStatus();
  }
  absl::Status Configure(const TurnTaking& taking) override {
    Check(taking.min_endpointing_delay > absl::ZeroDuration() &&
          taking.min_endpointing_delay <= taking.max_endpointing_delay);
    return absl::OkStatus();
  }
  absl::Status SetAgentSettings(std::shared_ptr<const AgentSettings> settings) override {
    Check(settings != nullptr);
    return absl::OkStatus();
  }
  absl::Status SetSpeaks(bool /*speaks*/) override { return absl::OkStatus(); }
  absl::Status EndCall(int32_t call, CallOutcome outcome) override {
    ended_.emplace_back(call, std::move(outcome));
    return absl::OkStatus();
  }

  // What a letter stands for, if it can happen now.
  void Happen(char what) {
    // An answer may begin before it is known to be cancelled.
    if (what != ' ' && what != 'A') {
      for (; num_cancelling_ > 0; --num_cancelling_) sink_.AnswerCancelled();
    }
    const std::vector<int16_t> sound(320, 100);
    switch (what) {
      case 'b':
      case 'k':
      case 'y': {
        if (speaks_) break;
        if (what == 'k' && num_whole_ == 0) break;
        speaks_ = true;
        const auto source = what == 'b'   ? UtteranceSource::kDetected
                            : what == 'k' ? UtteranceSource::kWhole
                                          : UtteranceSource::kTyped;
        if (what == 'k') --num_whole_;
        ++utterance_;
        sink_.SpeechBegan(utterance_, source, absl::Seconds(utterance_));
        break;
      }
      case 'p':
        sink_.Words(utterance_, {.text = "so far", .rejected = false}, /*is_final=*/false);
        break;
      case 'e':
        if (std::exchange(speaks_, false)) sink_.SpeechEnded(utterance_, absl::Seconds(1));
        break;
      case 'w':
        sink_.Words(utterance_, {.text = "so far and more", .rejected = false}, /*is_final=*/true);
        break;
      case 'A':
        if (!std::exchange(answers_, true)) sink_.AnswerBegan(++answer_);
        break;
      case 't':
        if (answers_) sink_.AnswerText(answer_, "Some \"words\" \xC3\xA4. ");
        break;
      case 'f':
        if (answers_) sink_.Frame(sound);
        break;
      case 'c':
      case 'C':
        if (answers_) {
          const BegunCall call = {
              .call = ++call_,
              .id = absl::StrCat("call_", call_),
              .tool_call = {.name = what == 'c' ? "clock" : "mine", .arguments = "{\"a\":1}"}};
          sink_.CallsBegan(answer_, absl::MakeConstSpan(&call, 1));
        }
        break;
      case 'd':
        if (answers_ && call_ > 0) {
          sink_.CallEnded(answer_, call_, {.answer = {.ok = true, .json = "{}", .text = "done"}});
        }
        break;
      case 'h':
        if (answers_) sink_.AllHeard(answer_);
        break;
      case 'E':
      case 'X':
        if (std::exchange(answers_, false)) sink_.AnswerEnded(answer_, "Some", what == 'X');
        break;
      case 'T':
        if (num_truncated_ > 0) {
          --num_truncated_;
          sink_.AnswerTruncated(answer_, "Some");
        }
        break;
      case 'N': {
        TurnReport report;
        report.ending = TurnEnding::kNothingSaid;
        sink_.TurnDone(report);
        break;
      }
      default:
        break;
    }
    for (auto& [call, outcome] : std::exchange(ended_, {})) {
      if (answers_) sink_.CallEnded(answer_, call, outcome);
    }
  }
  bool hung_up() const { return hung_up_; }

 private:
  SessionSink& sink_;
  const std::string id_ = "sess_1";
  bool hung_up_ = false;
  bool speaks_ = false;
  bool answers_ = false;
  int32_t utterance_ = 0;
  int32_t answer_ = 0;
  int32_t call_ = 0;
  int num_whole_ = 0;
  int num_truncated_ = 0;
  int num_cancelling_ = 0;
  std::vector<std::pair<int32_t, CallOutcome>> ended_;
};

void Converse(absl::string_view input) {
  std::shared_ptr<ScriptedSession> session;
  SessionSink* sink = nullptr;
  uint64_t random = 0;
  RealtimeEnvironment environment;
  environment.open =
      [&](SessionOptions /*options*/,
          SessionSink* its_sink) -> absl::StatusOr<std::shared_ptr<Runtime::Session>> {
    sink = its_sink;
    session = std::make_shared<ScriptedSession>(its_sink);
    return std::static_pointer_cast<Runtime::Session>(session);
  };
  environment.random = [&] { return ++random; };
  absl::StatusOr<std::unique_ptr<MessageHandler>> handler =
      OpenRealtimeSession(environment, {}, std::make_shared<CheckingConnection>());
  Check(handler.ok());
  for (const absl::string_view line : absl::StrSplit(input, '\n')) {
    if (!line.empty() && line[0] == '!') {
      for (const char what : line.substr(1)) session->Happen(what);
    } else {
      // A server hands over text that is UTF-8; what is not is refused all the same.
      (*handler)->OnText(line);
      session->Happen(' ');
    }
  }
  (*handler)->OnClosed(absl::OkStatus());
  Check(session->hung_up());
  sink->Closed(absl::OkStatus());
}

}  // namespace
}  // namespace parlance::pipeline::door

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  parlance::pipeline::door::Converse({reinterpret_cast<const char*>(data), size});
  return 0;
}
