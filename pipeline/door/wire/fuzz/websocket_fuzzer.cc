// Any bytes: messages or a refusal, never a crash, and the same however the bytes are cut.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "pipeline/door/wire/utf8_checker.h"
#include "pipeline/door/wire/websocket.h"

namespace parlance::pipeline::door {
namespace {

constexpr size_t kMaxMessageBytes = 500;

void Check(bool holds) {
  if (!holds) std::abort();
}

class Listener : public WebSocketListener {
 public:
  void OnText(absl::string_view message) override {
    Check(message.size() <= kMaxMessageBytes && IsUtf8(message));
    Tell("text ", message);
  }
  void OnBinary(absl::Span<const uint8_t> message) override {
    Check(message.size() <= kMaxMessageBytes);
    Tell("binary ", {reinterpret_cast<const char*>(message.data()), message.size()});
  }
  void OnPing(absl::string_view payload) override {
    Check(payload.size() <= kMaxControlBytes);
    Tell("ping ", payload);
  }
  void OnPong(absl::string_view payload) override {
    Check(payload.size() <= kMaxControlBytes);
    Tell("pong ", payload);
  }
  void OnClose(uint16_t code, absl::string_view reason) override {
    Check(code == kCloseNoStatus || IsCloseCode(code));
    Check(reason.size() <= kMaxCloseReasonBytes && IsUtf8(reason));
    Tell(absl::StrCat("close ", code, " "), reason);
    is_closed = true;
  }
  std::vector<std::string> told;
  bool is_closed = false;

 private:
  void Tell(absl::string_view what, absl::string_view text) {
    Check(!is_closed);
    told.push_back(absl::StrCat(what, text));
  }
};

struct Outcome {
  absl::Status status;
  uint16_t code = 0;
  std::vector<std::string> told = {};
};

Outcome Read(std::string bytes, size_t piece) {
  WebSocketReader reader(kMaxMessageBytes);
  Listener listener;
  Outcome outcome;
  auto* const data = reinterpret_cast<uint8_t*>(bytes.data());
  for (size_t i = 0; i < bytes.size(); i += piece) {
    outcome.status = reader.Feed({data + i, std::min(piece, bytes.size() - i)}, listener);
    Check(reader.num_bytes_kept() <= 4 * (kMaxMessageBytes + kMaxControlBytes));
  }
  outcome.code = reader.close_code();
  Check(outcome.status.ok() == (outcome.code == kCloseNormal));
  outcome.told = std::move(listener.told);
  return outcome;
}

}  // namespace
}  // namespace parlance::pipeline::door

// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using parlance::pipeline::door::Outcome;
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  const Outcome whole = parlance::pipeline::door::Read(bytes, size + 1);
  for (const size_t piece : {size_t{1}, size_t{3}, size_t{64}}) {
    const Outcome cut = parlance::pipeline::door::Read(bytes, piece);
    parlance::pipeline::door::Check(cut.code == whole.code && cut.told == whole.told);
  }
  return 0;
}
