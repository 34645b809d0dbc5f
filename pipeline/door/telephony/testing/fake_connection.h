// A connection that keeps what is sent.
#ifndef PIPELINE_DOOR_TELEPHONY_TESTING_FAKE_CONNECTION_H_
#define PIPELINE_DOOR_TELEPHONY_TESTING_FAKE_CONNECTION_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "pipeline/door/connection.h"
#include "third_party/annotated_mutex.h"

namespace parlance::pipeline::door {

class FakeConnection : public Connection {
 public:
  struct Message {
    bool is_text = false;
    std::string bytes = {};
  };
  struct End {
    uint16_t code = 0;
    std::string reason = {};
  };

  bool SendText(absl::string_view message) override {
    return Send({.is_text = true, .bytes = std::string(message)});
  }
  bool SendBinary(absl::Span<const uint8_t> message) override {
    return Send({.is_text = false, .bytes = std::string(message.begin(), message.end())});
  }
  void Close(uint16_t code, absl::string_view reason) override {
    annotated::MutexLock lock(mutex_);
    if (!end_.has_value()) end_ = {.code = code, .reason = std::string(reason)};
  }
  size_t num_bytes_waiting() const override { return 0; }

  // What was sent since it was asked for.
  std::vector<Message> Take() {
    annotated::MutexLock lock(mutex_);
    return std::exchange(sent_, {});
  }
  // The same, as texts.
  std::vector<std::string> TakeTexts() {
    std::vector<std::string> texts;
    for (Message& each : Take()) texts.push_back(std::move(each.bytes));
    return texts;
  }
  std::string TakeBytes() {
    std::string bytes;
    for (const Message& each : Take()) bytes += each.bytes;
    return bytes;
  }
  std::optional<End> end() const {
    annotated::MutexLock lock(mutex_);
    return end_;
  }

 private:
  bool Send(Message message) {
    annotated::MutexLock lock(mutex_);
    if (end_.has_value()) return false;
    sent_.push_back(std::move(message));
    return true;
  }

  mutable annotated::Mutex mutex_;
  std::vector<Message> sent_ ABSL_GUARDED_BY(mutex_);
  std::optional<End> end_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_TELEPHONY_TESTING_FAKE_CONNECTION_H_
