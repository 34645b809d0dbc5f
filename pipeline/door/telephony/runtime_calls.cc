#include "pipeline/door/telephony/runtime_calls.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace parlance::pipeline::door {
namespace {

using TellKeys = std::function<void(Runtime::Session& session, std::string keys)>;

class RuntimeCall : public CallSession {
 public:
  RuntimeCall(std::shared_ptr<Runtime::Session> session, TellKeys keys)
      : session_(std::move(session)), keys_(std::move(keys)) {}

  absl::Status Push(absl::Span<const int16_t> samples) override { return session_->Push(samples); }
  void Played(int64_t position) override { session_->Played(position); }
  void Keys(absl::string_view keys) override {
    if (keys_ != nullptr) keys_(*session_, std::string(keys));
  }
  void HangUp() override { session_->HangUp(); }

 private:
  const std::shared_ptr<Runtime::Session> session_;
  const TellKeys keys_;
};

class RuntimeCalls : public CallOpener {
 public:
  RuntimeCalls(Runtime* runtime, RuntimeCallOptions options)
      : runtime_(*runtime), options_(std::move(options)) {}

  absl::StatusOr<std::shared_ptr<CallSession>> Open(const CallRequest& request,
                                                    SessionSink* sink) override {
    SessionOptions session = options_.session;
    session.session_id = request.session_id;
    session.title = request.title;
    session.conversation.input_sample_rate_hz = request.sample_rate_hz;
    absl::StatusOr<std::shared_ptr<Runtime::Session>> opened =
        runtime_.Open(std::move(session), sink);
    if (!opened.ok()) return opened.status();
    return std::make_shared<RuntimeCall>(*std::move(opened), options_.keys);
  }

  int output_sample_rate_hz() const override { return options_.output_sample_rate_hz; }

 private:
  Runtime& runtime_;
  const RuntimeCallOptions options_;
};

}  // namespace

std::unique_ptr<CallOpener> CreateRuntimeCalls(Runtime* runtime, RuntimeCallOptions options) {
  return std::make_unique<RuntimeCalls>(runtime, std::move(options));
}

}  // namespace parlance::pipeline::door
