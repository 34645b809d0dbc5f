// A listener of a WebSocket that writes down what it is told, one line each: "text hello",
// "close 1000 bye".
#ifndef PIPELINE_DOOR_WIRE_TESTING_RECORDING_LISTENER_H_
#define PIPELINE_DOOR_WIRE_TESTING_RECORDING_LISTENER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "pipeline/door/wire/websocket.h"

namespace parlance::pipeline::door {

class RecordingListener : public WebSocketListener {
 public:
  void OnText(absl::string_view message) override { Add("text ", message); }
  void OnBinary(absl::Span<const uint8_t> message) override {
    Add("binary ", {reinterpret_cast<const char*>(message.data()), message.size()});
  }
  void OnPing(absl::string_view payload) override { Add("ping ", payload); }
  void OnPong(absl::string_view payload) override { Add("pong ", payload); }
  void OnClose(uint16_t code, absl::string_view reason) override {
    Add(absl::StrCat("close ", code, " "), reason);
  }
  std::vector<std::string> told;

 private:
  void Add(absl::string_view what, absl::string_view text) {
    told.push_back(absl::StrCat(what, text));
  }
};

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_WIRE_TESTING_RECORDING_LISTENER_H_
