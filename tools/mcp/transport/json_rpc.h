// JSON-RPC 2.0 messages (jsonrpc.org/specification) as the Model Context Protocol, revision
// 2025-11-25, Base Protocol, Messages, narrows them: ids are strings or integers, params and
// results are objects. Batches (section 6) are read, too: revision 2025-03-26 has them. What others
// write loosely is taken as it is meant: an id of 1.0 as 1, and null as what is not there, for
// params, and for the result beside an error or the error beside a result.
//
// Threads: all functions are pure. Allocation: reading builds a DOM of the text, and copies it;
// writing builds the text.
#ifndef TOOLS_MCP_TRANSPORT_JSON_RPC_H_
#define TOOLS_MCP_TRANSPORT_JSON_RPC_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/string_view.h"
#include "rapidjson/document.h"

namespace parlance::tools::mcp {

using RequestId = std::variant<int64_t, std::string>;

// The codes of section 5.1.
enum JsonRpcErrorCode : int64_t {
  kParseError = -32700,
  kInvalidRequest = -32600,
  kMethodNotFound = -32601,
  kInvalidParams = -32602,
  kInternalError = -32603,
};

struct JsonRpcError {
  int64_t code = kInternalError;
  std::string message;
};

struct MessageLimits {
  size_t max_bytes = size_t{4} << 20;
  // How deep arrays and objects may be nested, counting the message itself but not a batch around
  // it.
  int max_depth = 128;
  // The most messages in a batch.
  size_t max_batch = 1000;
};

// A message of one of four kinds, read and checked.
class Message {
 public:
  enum class Kind { kRequest, kNotification, kResult, kError };

  Kind kind() const { return kind_; }
  // The id. Set for a request and a result; for an error, unless the sender could not read it.
  const std::optional<RequestId>& id() const { return id_; }
  // The method of a request or a notification.
  const std::string& method() const { return method_; }
  // The params, an object, which is empty if there are none.
  const rapidjson::Value& params() const { return Member("params"); }
  // The result, an object, of a message of the kind kResult.
  const rapidjson::Value& result() const { return Member("result"); }
  // The texts of both as the sender wrote them, with all digits of their numbers; empty if there
  // are none. They are valid until the message is moved or gone.
  absl::string_view params_text() const;
  absl::string_view result_text() const;
  // The error of a message of the kind kError.
  const JsonRpcError& error() const { return error_; }

 private:
  friend class MessageReader;

  const rapidjson::Value& Member(const char* name) const;

  Kind kind_ = Kind::kNotification;
  std::optional<RequestId> id_;
  std::string method_;
  JsonRpcError error_;
  rapidjson::Document document_;
  // What the document was read from.
  std::string text_;
};

// Why a text is no message.
struct MalformedMessage {
  // kParseError, kInvalidRequest or kInvalidParams.
  JsonRpcError error;
  // What could be read of its id, even of a text that is no JSON, so that whoever waits for it need
  // not wait for ever.
  std::optional<RequestId> id;
  // It has a result or an error, so that nothing is to be answered.
  bool is_response = false;
  // It has a method and no id, so that nothing is to be answered either.
  bool is_notification = false;
  // It has a method, or is no JSON and may have had one, so that no request of ours need be meant
  // by its id.
  bool has_method = false;
};

using ParsedMessage = std::variant<Message, MalformedMessage>;

struct ParsedText {
  bool is_batch = false;
  // Exactly one, if it is no batch, and at least one, if it is.
  std::vector<ParsedMessage> messages;
};

// Reads a message, or a batch of them. One that is malformed does not spoil the others of its
// batch. An empty batch, or one beyond the limits, is one malformed message.
ParsedText ParseMessages(absl::string_view text, const MessageLimits& limits = {});

// Reads one message; a batch is malformed.
ParsedMessage ParseMessage(absl::string_view text, const MessageLimits& limits = {});

// "7", or "\"seven\"": the id as JSON.
std::string IdJson(const RequestId& id);

// A string as JSON, quoted and escaped. Bytes that are no UTF-8 become U+FFFD.
std::string StringJson(absl::string_view text);

// The members' texts are JSON, of objects. They are put in as they are.
std::string RequestText(const RequestId& id, absl::string_view method, absl::string_view params);
std::string NotificationText(absl::string_view method, absl::string_view params);
std::string ResultText(const RequestId& id, absl::string_view result);
// How an error says that what is answered has no id that could be read.
enum class UnreadableId {
  // As revision 2025-11-25 of the protocol wants it, whose ids are never null.
  kLeftOut,
  // As JSON-RPC 2.0, section 5, and the revisions before want it.
  kNull,
};
std::string ErrorText(const std::optional<RequestId>& id, const JsonRpcError& error,
                      UnreadableId unreadable = UnreadableId::kLeftOut);

// A batch of messages that are JSON.
std::string BatchText(const std::vector<std::string>& messages);

// The id that a value is: a string or an integer, which may be written as 1.0; otherwise nothing.
std::optional<RequestId> IdOf(const rapidjson::Value& value);

}  // namespace parlance::tools::mcp

#endif  // TOOLS_MCP_TRANSPORT_JSON_RPC_H_
