// A server that answers as a script says, asked as recognisers and synthesisers ask theirs.
// Threads: one at a time, but for what the service tells.
#ifndef PIPELINE_REMOTE_SPEECH_TESTING_REMOTE_SERVICE_TEST_BASE_H_
#define PIPELINE_REMOTE_SPEECH_TESTING_REMOTE_SERVICE_TEST_BASE_H_

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/http/http_loop.h"
#include "pipeline/remote_speech/remote_service.h"
#include "third_party/annotated_mutex.h"
#include "third_party/status_matchers.h"
#include "tools/mcp/transport/testing/http_peer.h"

namespace parlance::pipeline {

using HttpPeer = tools::mcp::HttpPeer;

// Longer than any test.
inline constexpr absl::Duration kLong = absl::Minutes(5);

class RemoteServiceTestBase : public testing::Test {
 protected:
  // Until then nobody is at the URL.
  void Serve(HttpPeer::Script script) {
    peer_.emplace(std::move(script));
    url_ = peer_->origin();
  }
  // Makes service_, whose clock stands still.
  void CreateService(const std::string& name, const std::string& model, absl::string_view path,
                     absl::Duration timeout, int max_failures) {
    auto service = RemoteService::Create({.name = name,
                                          .url = url_,
                                          .model = model,
                                          .api_key = "sk-1",
                                          .timeout = timeout,
                                          .max_failures = max_failures,
                                          .now = [] { return absl::ZeroDuration(); },
                                          .on_failure =
                                              [this](const absl::Status& status) {
                                                annotated::MutexLock lock(mutex_);
                                                told_.push_back(std::string(status.message()));
                                              }},
                                         path, loop_.get());
    ASSERT_THAT(service, absl_testing::IsOk());
    service_ = *std::move(service);
  }
  // The failures so far.
  std::vector<std::string> told() {
    annotated::MutexLock lock(mutex_);
    return told_;
  }

  std::string url_ = "http://127.0.0.1:1";
  annotated::Mutex mutex_;
  std::vector<std::string> told_ ABSL_GUARDED_BY(mutex_);
  std::optional<HttpPeer> peer_;
  const std::unique_ptr<HttpLoop> loop_ = *HttpLoop::Create({});
  std::shared_ptr<RemoteService> service_;
};

}  // namespace parlance::pipeline

#endif  // PIPELINE_REMOTE_SPEECH_TESTING_REMOTE_SERVICE_TEST_BASE_H_
