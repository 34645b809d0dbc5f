// Reads the answer to POST /v1/chat/completions, as a stream of chat.completion.chunk objects
// (platform.openai.com/docs/api-reference/chat-streaming) or as one object, from any of the servers
// that say they speak that protocol. README.md lists in which ways they do not.
//
// Text is given as it comes, without what is not meant to be heard (spoken_text.h); calls are given
// at the end, when all of them is there.
//
// Bounds: of an event and of a body that is no stream, of the number of calls and the bytes of
// their arguments, and of how deep JSON may be nested. Text is not kept.
//
// Threads: one.
#ifndef PIPELINE_AGENT_MODEL_COMPLETION_H_
#define PIPELINE_AGENT_MODEL_COMPLETION_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pipeline/agent/agent.h"
#include "pipeline/agent/model/spoken_text.h"
#include "pipeline/http/event_stream.h"
#include "rapidjson/document.h"

namespace parlance::pipeline {

struct Completion {
  // In the order in which they began; each has a name, and its arguments are a JSON object.
  std::vector<ToolCall> calls = {};
  // There was a call that is not at its end, has no name, or whose arguments are no JSON object;
  // `calls` is empty then, because nobody knows which of them were meant.
  bool has_broken_call = false;
  // Something was said.
  bool has_text = false;
  // A call was written as text; it is neither said nor made.
  bool has_call_as_text = false;
  // "stop", "tool_calls", "length", …; what a server says here decides nothing.
  std::string finish_reason = {};
  // The tokens that the server counted, if it did.
  std::optional<int64_t> input_tokens = {};
  std::optional<int64_t> output_tokens = {};
  // The length of the model's reasoning, which itself is not kept.
  int64_t num_reasoning_bytes = 0;
};

class CompletionReader {
 public:
  static constexpr size_t kMaxEventBytes = size_t{1} << 20;
  static constexpr size_t kMaxCalls = 32;
  // The arguments of all calls together.
  static constexpr size_t kMaxCallBytes = size_t{256} << 10;

  // `on_text`: what is to be said, called in Append and Finish, never with nothing.
  explicit CompletionReader(std::function<void(absl::string_view)> on_text);

  // The response's head comes first.
  void Begin(int http_status, absl::string_view content_type);
  // A piece of its body. An error is final, and is what Finish gives. What comes after the end of a
  // stream is not looked at.
  absl::Status Append(absl::string_view bytes);
  // The body is at its end. An error has the server's words, if it gave any: Unavailable if another
  // try may help (429, 5xx, an empty answer), PermissionDenied for a key that is not taken,
  // NotFound, InvalidArgument for a request that it refuses, ResourceExhausted beyond the bounds,
  // Unknown.
  absl::StatusOr<Completion> Finish();

  // The model has begun to answer: some text, reasoning or call was there.
  bool has_begun() const { return has_begun_; }
  // Nothing more is to come.
  bool is_at_end() const { return is_at_end_; }
  // The model has said why it ends: what is missing is at most the stream's own end, which some
  // servers do not send.
  bool has_finish_reason() const { return !completion_.finish_reason.empty(); }

 private:
  enum class Form { kUnknown, kStream, kWhole, kError };

  struct Call {
    std::optional<int64_t> index = {};
    std::string id = {};
    std::string name = {};
    std::string arguments = {};
  };

  // Whether what has come of the body is a stream, if its type does not say.
  void Decide();
  absl::Status Event(absl::string_view data, bool is_error);
  absl::Status Object(const rapidjson::Value& object);
  absl::Status Delta(const rapidjson::Value& delta);
  void Text(absl::string_view text);
  absl::Status CallPiece(const rapidjson::Value& piece);
  // The call that a piece belongs to, which may be a new one; null if there are too many.
  Call* CallOf(const rapidjson::Value& piece, const rapidjson::Value& function);
  absl::Status ErrorOfBody() const;

  const std::function<void(absl::string_view)> on_text_;
  int http_status_ = 0;
  std::string content_type_;
  Form form_ = Form::kUnknown;
  EventStream events_{kMaxEventBytes};
  // A body that is no stream.
  std::string body_;
  SpokenText spoken_;
  std::vector<Call> calls_;
  size_t num_call_bytes_ = 0;
  Completion completion_;
  bool has_begun_ = false;
  bool is_at_end_ = false;
  // There was a choice, whatever is in it.
  bool has_choice_ = false;
  absl::Status status_;
};

}  // namespace parlance::pipeline

#endif  // PIPELINE_AGENT_MODEL_COMPLETION_H_
