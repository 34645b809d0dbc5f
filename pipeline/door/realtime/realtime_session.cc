#include "pipeline/door/realtime/realtime_session.h"

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "pipeline/conversation/conversation_actions.h"
#include "pipeline/conversation/conversation_events.h"
#include "pipeline/conversation/conversation_observer.h"
#include "pipeline/conversation/turn/turn_machine.h"
#include "pipeline/door/realtime/appended_sound.h"
#include "pipeline/door/realtime/given_item.h"
#include "pipeline/door/realtime/pending_inputs.h"
#include "pipeline/door/realtime/realtime_items.h"
#include "pipeline/door/realtime/realtime_problem.h"
#include "pipeline/door/realtime/realtime_response.h"
#include "pipeline/door/realtime/realtime_settings.h"
#include "pipeline/door/realtime/realtime_sound.h"
#include "pipeline/door/realtime/server_events.h"
#include "pipeline/door/wire/base64.h"
#include "pipeline/door/wire/utf8_checker.h"
#include "pipeline/json/bounded_json.h"
#include "pipeline/json/json_object.h"
#include "rapidjson/document.h"
#include "third_party/annotated_mutex.h"

namespace parlance::pipeline::door {
namespace {

// Characters of base64 that are appended at once: half a second and more. Groups of four stand
// alone.
constexpr size_t kAppendPiece = size_t{32} << 10;
constexpr JsonBounds kBounds = {.max_bytes = kMaxRealtimeAppendBytes, .max_depth = 32};
constexpr int kShownMessages = 50;
constexpr size_t kMaxUtterances = 64;

class RealtimeSession : public SessionSink, public std::enable_shared_from_this<RealtimeSession> {
 public:
  RealtimeSession(const RealtimeEnvironment& environment, std::shared_ptr<Connection> connection)
      : environment_(environment),
        connection_(std::move(connection)),
        events_(connection_.get(), environment.random()) {}

  absl::Status Open(const RealtimeRequest& request) {
    SessionOptions options = environment_.session;
    options.session_id = request.session_id;
    options.conversation.input_sample_rate_hz = kSessionHz;
    options.output_lead = kOutputLead;
    const absl::string_view type = request.is_transcription ? "transcription" : "realtime";
    const std::string model = request.model.empty() ? environment_.model : request.model;
    options.turn_taking = RealtimeSettings("", model, environment_.voice, type).turn_taking();
    std::vector<session::Message> history;
    if (!request.session_id.empty() && environment_.history != nullptr) {
      auto read = environment_.history(request.session_id, kShownMessages);
      if (read.ok()) history = *std::move(read);
    }
    // Nothing is told before this has said what session it is.
    annotated::MutexLock lock(mutex_);
    auto opened = environment_.open(std::move(options), this);
    if (!opened.ok()) return opened.status();
    session_ = *std::move(opened);
    // The runtime calls this until Closed.
    self_ = shared_from_this();
    settings_.emplace(session_->id(), model, environment_.voice, type);
    ReadFormats();
    events_.Send("session.created", JsonObject().Raw("session", settings_->Json()));
    events_.Send(
        "conversation.created",
        JsonObject().Raw("conversation", JsonObject()
                                             .Text("id", absl::StrCat("conv_", session_->id()))
                                             .Text("object", "realtime.conversation")
                                             .Finish()));
    ShowHistory(history);
    return absl::OkStatus();
  }

  // What takes long of a large event is done while nobody waits for it.
  void OnText(absl::string_view message) {
    if (const auto sound = FindAppendedSound(message)) {
      return Append(sound->event_id, sound->base64);
    }
    const size_t num_rest =
        message.size() > kMaxRealtimeEventBytes ? NumBytesBesidesSound(message) : message.size();
    if (num_rest > kMaxRealtimeEventBytes) return RefuseTooLarge("", num_rest);
    rapidjson::Document event;
    const absl::Status parsed = ParseJsonObject(message, kBounds, event);
    std::string id;
    if (parsed.ok()) {
      id = std::string(CutUtf8(TextOf(Member(&event, "event_id")).value_or(""), kMaxEventIdBytes));
    }
    const std::optional<absl::string_view> type =
        parsed.ok() ? TextOf(Member(&event, "type")) : std::nullopt;
    if (type == "input_audio_buffer.append") {
      if (const auto audio = TextOf(Member(&event, "audio"))) return Append(id, *audio);
    }
    if (type.has_value() && type != "conversation.item.create" &&
        message.size() > kMaxRealtimeEventBytes) {
      return RefuseTooLarge(std::move(id), message.size());
    }
    annotated::MutexLock lock(mutex_);
    if (is_over_) return;
    client_event_id_ = std::move(id);
    if (!parsed.ok()) {
      Refuse({.code = "invalid_json", .message = std::string(parsed.message())});
    } else if (!type.has_value()) {
      Refuse({.code = "missing_required_parameter",
              .message = "an event needs a type",
              .param = "type"});
    } else {
      Handle(*type, event);
    }
  }

  void OnBinary(absl::Span<const uint8_t> /*message*/) {
    annotated::MutexLock lock(mutex_);
    client_event_id_.clear();
    Refuse({.code = "invalid_message",
            .message = "events are text; sound comes as base64 in input_audio_buffer.append"});
  }

  void OnClosed() {
    annotated::MutexLock lock(mutex_);
    is_over_ = true;
    if (session_ == nullptr) return;
    // What was written and not answered was said all the same.
    FlushPending().IgnoreError();
    session_->HangUp();
  }

  // SessionSink, on the session's thread.

  void SpeechBegan(int32_t utterance, UtteranceSource source, absl::Duration begin) override {
    annotated::MutexLock lock(mutex_);
    if (source == UtteranceSource::kTyped) return;
    if (utterances_.size() >= kMaxUtterances) utterances_.erase(utterances_.begin());
    Utterance& said = utterances_[utterance];
    if (source == UtteranceSource::kWhole) {
      // Its item is there since it was committed.
      if (!committed_.empty()) {
        said.item = committed_.front();
        committed_.pop_front();
      }
      return;
    }
    Report(FlushPending());
    said.item = events_.NewId("item");
    said.is_detected = true;
    said.begin = begin;
    events_.Send("input_audio_buffer.speech_started",
                 JsonObject()
                     .Integer("audio_start_ms", absl::ToInt64Milliseconds(begin))
                     .Text("item_id", said.item));
  }

  void SpeechEnded(int32_t utterance, absl::Duration end) override {
    annotated::MutexLock lock(mutex_);
    const auto found = utterances_.find(utterance);
    if (found == utterances_.end() || !found->second.is_detected) return;
    found->second.length = end - found->second.begin;
    events_.Send("input_audio_buffer.speech_stopped",
                 JsonObject()
                     .Integer("audio_end_ms", absl::ToInt64Milliseconds(end))
                     .Text("item_id", found->second.item));
    AddSoundItem(found->second.item);
  }

  void Words(int32_t utterance, const Hypothesis& words, bool is_final) override {
    annotated::MutexLock lock(mutex_);
    const auto found = utterances_.find(utterance);
    if (found == utterances_.end() || found->second.item.empty()) return;
    Utterance& said = found->second;
    // What was not understood is no transcript.
    const std::string text = words.rejected ? "" : words.text;
    const bool has_more = text.size() > said.shown.size() && absl::StartsWith(text, said.shown);
    if (has_more) events_.TranscriptDelta(said.item, text.substr(said.shown.size()));
    if (!is_final) {
      // A delta cannot be taken back: what has changed waits for the end.
      if (has_more) said.shown = text;
      return;
    }
    RealtimeItem* const item = items_.Find(said.item);
    if (item != nullptr) item->text = text;
    events_.TranscriptCompleted(said.item, text, said.length);
    if (item != nullptr) events_.ItemDone(*item, items_);
    utterances_.erase(found);
  }

  void AnswerBegan(int32_t answer) override {
    annotated::MutexLock lock(mutex_);
    answer_ = answer;
    answer_samples_ = 0;
    answer_text_.clear();
    is_cancelled_ = false;
    output_.SetFormat(settings_->output_format(), environment_.output_sample_rate_hz);
    output_.Begin();
    // What was asked for since then has a response, which is not this answer's.
    is_unwanted_ = num_cancelling_ > 0;
    if (is_unwanted_) return;
    EnsureResponse();
    is_requested_ = false;
  }

  void AnswerText(int32_t /*answer*/, absl::string_view text) override {
    annotated::MutexLock lock(mutex_);
    if (is_unwanted_) return;
    EnsureMessage();
    absl::StrAppend(&answer_text_, text);
    response_->AddText(text);
  }

  void Frame(absl::Span<const int16_t> samples) override {
    annotated::MutexLock lock(mutex_);
    answer_samples_ += static_cast<int64_t>(samples.size());
    if (is_unwanted_ || !response_.has_value() || !response_->speaks()) return;
    EnsureMessage();
    response_->AddSound(samples.size(), output_.Encode(samples));
  }

  void CallsBegan(int32_t /*answer*/, absl::Span<const BegunCall> calls) override {
    annotated::MutexLock lock(mutex_);
    if (is_unwanted_) return;
    EnsureResponse();
    bool is_clients = false;
    for (const BegunCall& call : calls) is_clients = ShowCall(call) || is_clients;
    if (!is_clients) return;
    // The response is over once what was said before the calls was heard.
    ends_when_heard_ = true;
    if (!response_->has_message() || all_heard_) EndResponse(RealtimeResponse::Ending::kCompleted);
  }

  void CallEnded(int32_t /*answer*/, int32_t call, const CallOutcome& outcome) override {
    annotated::MutexLock lock(mutex_);
    client_calls_.erase(call);
    const auto shown = shown_calls_.find(call);
    if (shown == shown_calls_.end()) return;
    if (RealtimeItem* const item = items_.Find(shown->second.item)) {
      item->status = "completed";
      (outcome.answer.ok ? item->output : item->error) = outcome.answer.json;
      if (response_.has_value() && response_->id() == shown->second.response) {
        events_.Send(
            outcome.answer.ok ? "response.mcp_call.completed" : "response.mcp_call.failed",
            JsonObject().Text("item_id", item->id).Integer("output_index", shown->second.place));
        response_->EndItem(*item, shown->second.place);
      } else {
        events_.ItemDone(*item, items_);
      }
      follow_up_is_due_ = true;
    }
    shown_calls_.erase(shown);
  }

  void AllHeard(int32_t /*answer*/) override {
    annotated::MutexLock lock(mutex_);
    if (is_unwanted_ || !response_.has_value()) return;
    all_heard_ = true;
    if (ends_when_heard_) EndResponse(RealtimeResponse::Ending::kCompleted);
  }

  void AnswerEnded(int32_t answer, absl::string_view heard, bool is_cut) override {
    annotated::MutexLock lock(mutex_);
    client_calls_.clear();
    shown_calls_.clear();
    answer_ = 0;
    last_answer_ = answer;
    if (std::exchange(is_unwanted_, false) || !response_.has_value()) return;
    if (!is_cut) {
      EndResponse(RealtimeResponse::Ending::kCompleted);
      return;
    }
    response_->CutText(heard);
    EndResponse(is_cancelled_ ? RealtimeResponse::Ending::kClientCancelled
                              : RealtimeResponse::Ending::kTurnDetected);
  }

  void AnswerCancelled() override {
    annotated::MutexLock lock(mutex_);
    --num_cancelling_;
  }

  void AnswerTruncated(int32_t /*answer*/, absl::string_view heard) override {
    annotated::MutexLock lock(mutex_);
    if (truncations_.empty()) return;
    const Truncation truncation = truncations_.front();
    truncations_.pop_front();
    if (RealtimeItem* const item = items_.Find(truncation.item)) {
      item->text = std::string(heard.substr(std::min(item->begin_text, heard.size())));
    }
    events_.Truncated(truncation.item, truncation.audio_end_ms);
  }

  void TurnDone(const TurnReport& report) override {
    annotated::MutexLock lock(mutex_);
    // An answer that was asked for, and to nothing.
    if (response_.has_value() && is_requested_ && num_cancelling_ == 0 &&
        report.ending == TurnEnding::kNothingSaid) {
      EndResponse(RealtimeResponse::Ending::kCompleted);
    }
    events_.TurnLatency(report);
  }

  void Closed(const absl::Status& status) override {
    std::shared_ptr<RealtimeSession> self;
    annotated::MutexLock lock(mutex_);
    is_over_ = true;
    self = std::move(self_);
    if (status.ok()) {
      connection_->Close(kCloseNormal, "the conversation is over");
    } else if (absl::IsCancelled(status)) {
      connection_->Close(kCloseGoingAway, status.message());
    } else {
      connection_->Close(absl::IsDeadlineExceeded(status) ? kCloseNormal : kCloseInternalError,
                         status.message());
    }
    lock.unlock();
  }

 private:
  struct Utterance {
    std::string item = {};
    bool is_detected = false;
    absl::Duration begin = {};
    absl::Duration length = {};
    // What was shown of its words.
    std::string shown = {};
  };
  struct ShownCall {
    std::string item;
    std::string response;
    int64_t place = 0;
  };
  // A call that the client is to make, and what it gave back.
  struct ClientCall {
    std::string call_id;
    std::optional<std::string> output = {};
  };
  struct Truncation {
    std::string item;
    int64_t audio_end_ms = 0;
  };

  // Sending.

  void RefuseTooLarge(std::string client_event, size_t num_bytes) {
    annotated::MutexLock lock(mutex_);
    if (is_over_) return;
    client_event_id_ = std::move(client_event);
    Refuse({.code = "event_too_large",
            .message =
                absl::StrCat("an event has at most ", kMaxRealtimeEventBytes,
                             " bytes besides the sound that it brings; this one has ", num_bytes)});
  }
  void Refuse(const RealtimeProblem& problem) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    events_.Error(problem, client_event_id_);
  }
  // What the runtime refuses.
  static std::string CodeOf(const absl::Status& status) {
    return absl::IsResourceExhausted(status) ? "rate_limit_exceeded" : "invalid_value";
  }
  void Report(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (status.ok()) return;
    Refuse({.code = CodeOf(status), .message = std::string(status.message())});
  }

  // What somebody said, whose words are not known yet.
  void AddSoundItem(const std::string& id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    follow_up_is_due_ = false;
    events_.Send("input_audio_buffer.committed",
                 JsonObject().Text("previous_item_id", items_.last()).Text("item_id", id));
    events_.AddItem({.id = id, .role = "user", .content_type = "input_audio"}, items_);
  }

  void ShowHistory(absl::Span<const session::Message> messages)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    for (const session::Message& message : messages) {
      const bool is_user = message.role == session::Role::kUser;
      if (message.content.empty() || (!is_user && message.role != session::Role::kAssistant)) {
        continue;
      }
      RealtimeItem item = {.id = absl::StrCat("item_", session_->id(), "_m", message.sequence),
                           .role = is_user ? "user" : "assistant",
                           .content_type = is_user ? "input_text" : "output_text",
                           .text = message.content};
      const std::string id = item.id;
      events_.AddItem(std::move(item), items_);
      events_.ItemDone(*items_.Find(id), items_);
    }
  }

  // Responses.

  // Begins a response for what comes now.
  void BeginResponse(RealtimeResponse::Options options) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    options.conversation = absl::StrCat("conv_", session_->id());
    response_.emplace(events_.NewId("resp"), std::move(options), &items_, &events_);
    is_requested_ = false;
    all_heard_ = false;
    ends_when_heard_ = false;
    response_->Begin();
  }
  void EnsureResponse() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (!response_.has_value()) BeginResponse({.speaks = settings_->speaks()});
  }

  // A response with a message that is being said.
  void EnsureMessage() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    EnsureResponse();
    all_heard_ = false;
    response_->EnsureMessage(
        {.answer = answer_, .sample = answer_samples_, .text = answer_text_.size()});
  }

  // `code`: of what failed.
  void EndResponse(RealtimeResponse::Ending ending, absl::string_view code = "")
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (response_->has_message() && response_->speaks()) response_->AddSound(0, output_.Finish());
    response_->End(ending, code);
    response_.reset();
    if (std::exchange(overrides_agent_, false)) AskWith(settings_->agent());
    if (std::exchange(overrides_speech_, false)) {
      session_->SetSpeaks(settings_->speaks()).IgnoreError();
    }
  }

  // Has the agent asked with these settings from now on.
  void AskWith(AgentSettings settings) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    auto shared = std::make_shared<const AgentSettings>(std::move(settings));
    if (session_->SetAgentSettings(shared).ok()) asked_with_ = std::move(shared);
  }

  // Shows a call that has begun. True if the client is to make it.
  bool ShowCall(const BegunCall& call) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const std::vector<OfferedTool>& tools = asked_with_->tools;
    const bool is_clients = std::any_of(tools.begin(), tools.end(), [&](const OfferedTool& tool) {
      return tool.name == call.tool_call.name;
    });
    RealtimeItem item = {
        .id = events_.NewId("item"),
        .type = is_clients ? RealtimeItem::Type::kFunctionCall : RealtimeItem::Type::kToolCall,
        .status = "in_progress",
        .name = call.tool_call.name};
    const std::string id = item.id;
    if (!is_clients) {
      item.arguments = call.tool_call.arguments;
      const int64_t place = response_->BeginItem(std::move(item));
      shown_calls_[call.call] = {.item = id, .response = response_->id(), .place = place};
      return false;
    }
    // Ids of calls are the session's, and a client may have several sessions.
    item.call_id = call.id;
    client_calls_[call.call] = {.call_id = call.id};
    const int64_t place = response_->BeginItem(std::move(item));
    JsonObject call_event;
    call_event.Text("response_id", response_->id()).Text("item_id", id);
    call_event.Integer("output_index", place).Text("call_id", call.id);
    events_.Send("response.function_call_arguments.delta",
                 JsonObject(call_event).Text("delta", call.tool_call.arguments));
    events_.Send("response.function_call_arguments.done",
                 JsonObject(call_event).Text("arguments", call.tool_call.arguments));
    if (RealtimeItem* const begun = items_.Find(id)) {
      begun->arguments = call.tool_call.arguments;
      begun->status = "completed";
      response_->EndItem(*begun, place);
    }
    return true;
  }

  // Client events.

  void Handle(absl::string_view type, const rapidjson::Document& event)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (type == "session.update") {
      UpdateSession(event);
    } else if (type == "input_audio_buffer.append") {
      RefuseMissing("audio");
    } else if (type == "input_audio_buffer.commit") {
      Commit();
    } else if (type == "input_audio_buffer.clear") {
      buffer_.clear();
      events_.Send("input_audio_buffer.cleared", JsonObject());
    } else if (type == "conversation.item.create") {
      CreateItem(event);
    } else if (type == "conversation.item.retrieve" || type == "conversation.item.delete") {
      const std::optional<absl::string_view> id = TextOf(Member(&event, "item_id"));
      const RealtimeItem* const item = id.has_value() ? items_.Find(*id) : nullptr;
      if (item == nullptr) {
        RefuseItem(id);
      } else if (type == "conversation.item.retrieve") {
        events_.Send("conversation.item.retrieved", JsonObject().Raw("item", item->Json()));
      } else {
        DeleteItem(*item);
      }
    } else if (type == "conversation.item.truncate") {
      Truncate(event);
    } else if (type == "response.create") {
      CreateResponse(event);
    } else if (type == "response.cancel") {
      CancelResponse(event);
    } else if (type == "output_audio_buffer.clear") {
      if (response_.has_value()) CancelAnswer();
      events_.Send("output_audio_buffer.cleared", JsonObject());
    } else {
      Refuse({.code = "unknown_event",
              .message = absl::StrCat("there is no client event of the type ", CutUtf8(type, 100)),
              .param = "type"});
    }
  }

  void RefuseMissing(absl::string_view name) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    Refuse({.code = "missing_required_parameter",
            .message = absl::StrCat(name, " is missing, or is not a string"),
            .param = std::string(name)});
  }
  void RefuseItem(const std::optional<absl::string_view>& id)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (!id.has_value()) {
      RefuseMissing("item_id");
      return;
    }
    Refuse({.code = "item_not_found",
            .message = absl::StrCat("there is no item ", CutUtf8(*id, 100)),
            .param = "item_id"});
  }

  void DeleteItem(const RealtimeItem& item) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    // More of it is to be told.
    if (item.status == "in_progress") {
      Refuse({.code = "item_in_progress",
              .message = absl::StrCat("the item ", item.id,
                                      " is under way; wait for its conversation.item.done, or "
                                      "cancel the response"),
              .param = "item_id"});
      return;
    }
    const std::string id = item.id;
    // Nobody has heard of it yet.
    pending_.Remove(id);
    items_.Remove(id);
    events_.Send("conversation.item.deleted", JsonObject().Text("item_id", id));
  }

  void UpdateSession(const rapidjson::Document& event) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const rapidjson::Value* const update = Member(&event, "session");
    RealtimeProblem problem;
    if (update == nullptr) {
      Refuse({.code = "missing_required_parameter",
              .message = "session is missing; it has to be an object",
              .param = "session"});
      return;
    }
    const bool detected = settings_->detects_turns();
    if (!settings_->Update(*update, &problem)) {
      Refuse(problem);
      return;
    }
    ReadFormats();
    if (settings_->detects_turns() && !detected) buffer_.clear();
    session_->Configure(settings_->turn_taking()).IgnoreError();
    AskWith(settings_->agent());
    session_->SetSpeaks(settings_->speaks()).IgnoreError();
    events_.Send("session.updated", JsonObject().Raw("session", settings_->Json()));
  }
  void ReadFormats() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    input_.SetFormat(settings_->input_format(), kSessionHz);
    // An answer that is being given goes on as it began.
    if (answer_ == 0) {
      output_.SetFormat(settings_->output_format(), environment_.output_sample_rate_hz);
    }
  }

  // All of the sound or, if it is none or too much, nothing of it; in pieces, between which others
  // have their turn.
  void Append(const std::string& id, absl::string_view base64) {
    const bool is_long = base64.size() > kAppendPiece;
    const absl::Status checked = is_long ? CheckBase64(base64) : absl::OkStatus();
    for (size_t begin = 0; begin == 0 || begin < base64.size(); begin += kAppendPiece) {
      annotated::MutexLock lock(mutex_);
      if (is_over_) return;
      client_event_id_ = id;
      if (begin == 0 && !MayAppend(checked, base64.size())) return;
      const absl::StatusOr<absl::Span<const int16_t>> samples =
          input_.Decode(base64.substr(begin, kAppendPiece));
      if (!samples.ok()) return RefuseSound(samples.status());
      AppendSamples(*samples);
    }
  }

  void RefuseSound(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    Refuse({.code = "invalid_audio", .message = std::string(status.message()), .param = "audio"});
  }

  bool MayAppend(const absl::Status& checked, size_t num_characters)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (!checked.ok()) {
      RefuseSound(checked);
      return false;
    }
    if (settings_->detects_turns()) return true;
    if (buffer_.size() + input_.NumSamples(num_characters) <= MaxUtteranceSamples()) return true;
    Refuse({.code = "input_audio_buffer_full",
            .message = absl::StrCat("an utterance has at most ",
                                    absl::FormatDuration(ConversationEvents::kMaxUtterance),
                                    "; commit the buffer or clear it. What came now is left out"),
            .param = "audio"});
    return false;
  }

  void AppendSamples(absl::Span<const int16_t> samples) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (!settings_->detects_turns()) {
      buffer_.insert(buffer_.end(), samples.begin(), samples.end());
      return;
    }
    // The runtime takes a second at once.
    while (!samples.empty()) {
      const auto part = samples.first(std::min<size_t>(samples.size(), kSessionHz));
      samples.remove_prefix(part.size());
      if (absl::Status pushed = session_->Push(part); !pushed.ok()) Report(pushed);
    }
  }

  void Commit() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (settings_->detects_turns()) {
      const bool is_speaking =
          std::any_of(utterances_.begin(), utterances_.end(),
                      [](const auto& each) { return each.second.is_detected; });
      if (!is_speaking) {
        Refuse({.code = "input_audio_buffer_commit_empty",
                .message = "nobody has been heard to speak since the last turn"});
        return;
      }
      session_->EndOfSound();
      return;
    }
    // OpenAI's least is 100 ms, too.
    if (buffer_.size() < kSessionHz / 10) {
      Refuse({.code = "input_audio_buffer_commit_empty",
              .message = absl::StrCat("the buffer has ", buffer_.size() * 1000 / kSessionHz,
                                      " ms of sound; 100 ms are the least")});
      return;
    }
    const std::string id = events_.NewId("item");
    AddSoundItem(id);
    committed_.push_back(id);
    if (absl::Status said = session_->WholeUtterance(std::exchange(buffer_, {})); !said.ok()) {
      committed_.pop_back();
      Report(said);
    }
  }

  void CreateItem(const rapidjson::Document& event) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    RealtimeProblem problem;
    std::optional<GivenItem> given = ReadGivenItem(Member(&event, "item"), input_, &problem);
    if (!given.has_value()) {
      Refuse(problem);
      return;
    }
    RealtimeItem& item = given->item;
    if (item.id.empty()) item.id = events_.NewId("item");
    if (items_.Find(item.id) != nullptr) {
      Refuse({.code = "item_exists",
              .message = absl::StrCat("there is an item ", item.id, " already"),
              .param = "item.id"});
      return;
    }
    if (given->input.has_value() && !pending_.HasRoomFor(*given->input)) {
      Refuse({.code = "rate_limit_exceeded",
              .message = absl::StrCat(pending_.size(),
                                      " messages wait for an answer, and more cannot; ask for one "
                                      "with response.create")});
      return;
    }
    if (item.type == RealtimeItem::Type::kFunctionCallOutput && !IsCall(item.call_id)) {
      Refuse({.code = "item_not_found",
              .message = absl::StrCat("there is no function call ", item.call_id),
              .param = "item.call_id"});
      return;
    }
    const std::optional<absl::string_view> after = TextOf(Member(&event, "previous_item_id"));
    std::optional<std::string> previous;
    if (!items_.Add(item, after.has_value() ? std::optional<std::string>(*after) : std::nullopt,
                    &previous)) {
      Refuse({.code = "item_not_found",
              .message = absl::StrCat("there is no item ", CutUtf8(*after, 100)),
              .param = "previous_item_id"});
      return;
    }
    if (const absl::Status stored = StoreWhatIsHistory(item); !stored.ok()) {
      items_.Remove(item.id);
      Report(stored);
      return;
    }
    if (item.type == RealtimeItem::Type::kFunctionCallOutput) {
      for (auto& [call, waiting] : client_calls_) {
        if (waiting.call_id == item.call_id) waiting.output = item.output;
      }
    }
    events_.Item("conversation.item.added", item, previous);
    events_.ItemDone(item, items_);
    if (given->input.has_value()) pending_.Add(item.id, *std::move(given->input));
  }

  // Whether a call of a function has that id: one that waits, or one of the history.
  bool IsCall(absl::string_view call_id) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return items_.HasCall(call_id) ||
           std::any_of(client_calls_.begin(), client_calls_.end(),
                       [&](const auto& each) { return each.second.call_id == call_id; });
  }

  // What a new item makes history of: what was written before it and, unless it may be the
  // question, the item.
  absl::Status StoreWhatIsHistory(const RealtimeItem& added) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (added.type != RealtimeItem::Type::kMessage) return absl::OkStatus();
    if (absl::Status flushed = FlushPending(); !flushed.ok() || added.role == "user") {
      return flushed;
    }
    return session_->AddMessage(
        added.role == "system" ? session::Role::kSystem : session::Role::kAssistant,
        added.text.value_or(""));
  }

  // What was written before somebody spoke or wrote belongs to the conversation. What cannot be
  // stored goes on waiting.
  absl::Status FlushPending() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const std::string* const text = pending_.text();
    if (text == nullptr) return absl::OkStatus();
    absl::Status stored = session_->AddMessage(session::Role::kUser, *text);
    if (stored.ok()) pending_.RemoveText();
    return stored;
  }

  void Truncate(const rapidjson::Document& event) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const std::optional<absl::string_view> id = TextOf(Member(&event, "item_id"));
    const RealtimeItem* const item = id.has_value() ? items_.Find(*id) : nullptr;
    if (item == nullptr) {
      RefuseItem(id);
      return;
    }
    const std::optional<int64_t> end_ms = IntegerOf(Member(&event, "audio_end_ms"));
    if (item->role != "assistant" || !end_ms.has_value() || *end_ms < 0) {
      Refuse({.code = "invalid_value",
              .message = item->role == "assistant"
                             ? "audio_end_ms has to be a whole number, 0 or more"
                             : "only messages of the assistant can be truncated",
              .param = item->role == "assistant" ? "audio_end_ms" : "item_id"});
      return;
    }
    const int64_t samples_of_ms = environment_.output_sample_rate_hz / 1000;
    const Truncation truncation = {
        .item = item->id, .audio_end_ms = std::min(*end_ms, item->num_samples / samples_of_ms)};
    const bool is_last = item->answer != 0 && (item->answer == answer_ ||
                                               (answer_ == 0 && item->answer == last_answer_));
    if (!is_last) {
      events_.Truncated(truncation.item, truncation.audio_end_ms);
      return;
    }
    truncations_.push_back(truncation);
    if (absl::Status asked =
            session_->Truncate(item->begin_sample + truncation.audio_end_ms * samples_of_ms);
        !asked.ok()) {
      truncations_.pop_back();
      Report(asked);
    }
  }

  // Whether what a response is asked for with is of this conversation, and well formed. False, with
  // the problem, if not.
  static bool IsInBand(const rapidjson::Value& given, RealtimeProblem* problem) {
    const rapidjson::Value* const conversation = Member(&given, "conversation");
    const rapidjson::Value* const input = Member(&given, "input");
    const rapidjson::Value* const metadata = Member(&given, "metadata");
    const auto refuse = [&](absl::string_view code, absl::string_view name,
                            absl::string_view message) {
      *problem = {.code = std::string(code),
                  .message = std::string(message),
                  .param = absl::StrCat("response.", name)};
      return false;
    };
    if (metadata != nullptr && !metadata->IsObject()) {
      return refuse("invalid_type", "metadata", "metadata has to be an object");
    }
    if (input != nullptr && !input->IsArray()) {
      return refuse("invalid_type", "input", "input has to be a list");
    }
    if (conversation != nullptr && TextOf(conversation) != "auto" &&
        TextOf(conversation) != "none") {
      return refuse("invalid_value", "conversation", "conversation has to be auto or none");
    }
    if (TextOf(conversation) == "none" || (input != nullptr && !input->Empty())) {
      return refuse("unsupported_parameter", "conversation",
                    "responses out of band are not supported; leave out conversation and input");
    }
    return true;
  }

  void CreateResponse(const rapidjson::Document& event) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (response_.has_value()) {
      Refuse({.code = "conversation_already_has_active_response",
              .message = absl::StrCat("the response ", response_->id(),
                                      " is under way; wait for "
                                      "response.done, or cancel it")});
      return;
    }
    if (settings_->is_transcription()) {
      Refuse({.code = "unsupported_event", .message = "a transcription session has no responses"});
      return;
    }
    // A client that knows tool servers from elsewhere asks for what their calls lead to, which was
    // said already.
    const bool is_follow_up = std::exchange(follow_up_is_due_, false) && pending_.empty() &&
                              client_calls_.empty() && Member(&event, "response") == nullptr;
    RealtimeResponse::Options options = {.speaks = settings_->speaks()};
    if (const rapidjson::Value* const given = Member(&event, "response")) {
      if (!given->IsObject()) {
        Refuse({.code = "invalid_type",
                .message = "response has to be an object",
                .param = "response"});
        return;
      }
      AgentSettings agent;
      RealtimeProblem problem;
      if (!IsInBand(*given, &problem) ||
          !settings_->Override(*given, &agent, &options.speaks, &problem)) {
        Refuse(problem);
        return;
      }
      if (const rapidjson::Value* const metadata = Member(given, "metadata")) {
        options.metadata = JsonOf(*metadata);
      }
      if (Member(given, "instructions") != nullptr || Member(given, "tools") != nullptr ||
          Member(given, "tool_choice") != nullptr ||
          Member(given, "max_output_tokens") != nullptr) {
        overrides_agent_ = true;
        AskWith(std::move(agent));
      }
      if (options.speaks != settings_->speaks()) {
        overrides_speech_ = true;
        session_->SetSpeaks(options.speaks).IgnoreError();
      }
    }
    BeginResponse(std::move(options));
    if (is_follow_up) {
      EndResponse(RealtimeResponse::Ending::kCompleted);
      return;
    }
    if (!client_calls_.empty()) {
      // It goes on with what the calls gave.
      for (const auto& [call, waiting] : client_calls_) {
        CallOutcome outcome;
        outcome.answer.ok = waiting.output.has_value();
        outcome.answer.text = waiting.output.value_or("The tool gave nothing.");
        outcome.answer.json = waiting.output.has_value()
                                  ? *waiting.output
                                  : R"({"error":"unavailable","message":"no output was given"})";
        session_->EndCall(call, std::move(outcome)).IgnoreError();
      }
      return;
    }
    is_requested_ = true;
    absl::Status asked;
    for (PendingInputs::Input& input : pending_.Take()) {
      if (auto* const text = std::get_if<std::string>(&input.said)) {
        asked.Update(session_->Type(std::move(*text)));
        continue;
      }
      committed_.push_back(input.item);
      absl::Status said =
          session_->WholeUtterance(std::get<std::vector<int16_t>>(std::move(input.said)));
      if (!said.ok()) committed_.pop_back();
      asked.Update(said);
    }
    if (asked.ok()) asked = session_->Respond();
    if (asked.ok()) return;
    Report(asked);
    EndResponse(RealtimeResponse::Ending::kFailed, CodeOf(asked));
  }

  void CancelResponse(const rapidjson::Document& event) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const std::optional<absl::string_view> id = TextOf(Member(&event, "response_id"));
    if (!response_.has_value() || (id.has_value() && *id != response_->id())) {
      Refuse(
          {.code = "response_cancel_not_active", .message = "there is no such response under way"});
      return;
    }
    CancelAnswer();
  }
  void CancelAnswer() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const absl::Status asked = session_->CancelAnswer();
    if (!asked.ok()) {
      Report(asked);
      return;
    }
    is_cancelled_ = true;
    ++num_cancelling_;
    // Its answer has not begun, and will not.
    if (!is_requested_) return;
    EndResponse(RealtimeResponse::Ending::kClientCancelled);
  }

  const RealtimeEnvironment environment_;
  const std::shared_ptr<Connection> connection_;

  annotated::Mutex mutex_;
  std::shared_ptr<Runtime::Session> session_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<RealtimeSession> self_ ABSL_GUARDED_BY(mutex_);
  bool is_over_ ABSL_GUARDED_BY(mutex_) = false;
  ServerEvents events_ ABSL_GUARDED_BY(mutex_);
  std::optional<RealtimeSettings> settings_ ABSL_GUARDED_BY(mutex_);
  RealtimeItems items_ ABSL_GUARDED_BY(mutex_);
  // The event_id of the client's event that is being handled.
  std::string client_event_id_ ABSL_GUARDED_BY(mutex_);

  RealtimeInput input_ ABSL_GUARDED_BY(mutex_);
  // Sound that waits to be committed by hand.
  std::vector<int16_t> buffer_ ABSL_GUARDED_BY(mutex_);
  // Items that were committed by hand, and are not being heard yet.
  std::deque<std::string> committed_ ABSL_GUARDED_BY(mutex_);
  // What is said, until its words are known.
  std::map<int32_t, Utterance> utterances_ ABSL_GUARDED_BY(mutex_);
  PendingInputs pending_ ABSL_GUARDED_BY(mutex_);

  // The answer that is being given, 0 if none is, and the last one that ended; how much was given.
  int32_t answer_ ABSL_GUARDED_BY(mutex_) = 0;
  int32_t last_answer_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t answer_samples_ ABSL_GUARDED_BY(mutex_) = 0;
  std::string answer_text_ ABSL_GUARDED_BY(mutex_);
  bool is_cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  // How often the runtime was asked to cancel and has not done so yet. An answer that begins until
  // then is cancelled, too: it was asked for before. Nothing of it is told while it is the one that
  // is being given.
  int num_cancelling_ ABSL_GUARDED_BY(mutex_) = 0;
  bool is_unwanted_ ABSL_GUARDED_BY(mutex_) = false;
  RealtimeOutput output_ ABSL_GUARDED_BY(mutex_);
  std::optional<RealtimeResponse> response_ ABSL_GUARDED_BY(mutex_);
  // The response was asked for, and its answer has not begun.
  bool is_requested_ ABSL_GUARDED_BY(mutex_) = false;
  // All of the response so far was heard; and whether it is over with that.
  bool all_heard_ ABSL_GUARDED_BY(mutex_) = false;
  bool ends_when_heard_ ABSL_GUARDED_BY(mutex_) = false;
  // What the runtime was told to ask the agent with, by which it knows whose a tool is.
  std::shared_ptr<const AgentSettings> asked_with_ ABSL_GUARDED_BY(mutex_) =
      std::make_shared<const AgentSettings>();
  // Whether the response has settings of its own, which end with it.
  bool overrides_agent_ ABSL_GUARDED_BY(mutex_) = false;
  bool overrides_speech_ ABSL_GUARDED_BY(mutex_) = false;
  // Calls under way, by their numbers.
  std::map<int32_t, ShownCall> shown_calls_ ABSL_GUARDED_BY(mutex_);
  std::map<int32_t, ClientCall> client_calls_ ABSL_GUARDED_BY(mutex_);
  // A call of ours has ended since somebody said something or asked for a response.
  bool follow_up_is_due_ ABSL_GUARDED_BY(mutex_) = false;
  std::deque<Truncation> truncations_ ABSL_GUARDED_BY(mutex_);
};

// What the server calls, for as long as the connection is there.
class Handler : public MessageHandler {
 public:
  explicit Handler(std::shared_ptr<RealtimeSession> session) : session_(std::move(session)) {}
  void OnText(absl::string_view message) override { session_->OnText(message); }
  void OnBinary(absl::Span<const uint8_t> message) override { session_->OnBinary(message); }
  void OnClosed(const absl::Status& /*status*/) override { session_->OnClosed(); }

 private:
  const std::shared_ptr<RealtimeSession> session_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<MessageHandler>> OpenRealtimeSession(
    const RealtimeEnvironment& environment, const RealtimeRequest& request,
    std::shared_ptr<Connection> connection) {
  auto session = std::make_shared<RealtimeSession>(environment, std::move(connection));
  if (absl::Status opened = session->Open(request); !opened.ok()) return opened;
  return std::make_unique<Handler>(std::move(session));
}

}  // namespace parlance::pipeline::door
