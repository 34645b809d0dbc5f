#include "pipeline/telemetry/span_endpoint.h"

#include <curl/curl.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "pipeline/http/server_json.h"
#include "pipeline/json/bounded_json.h"
#include "rapidjson/document.h"
#include "third_party/http_url.h"

namespace parlance::pipeline {
namespace {

// How much is read of what the server says.
constexpr size_t kMaxResponseBytes = 65536;
constexpr int kPollMs = 10'000;

bool HasAny(absl::string_view text, absl::string_view characters) {
  return text.find_first_of(characters) != absl::string_view::npos;
}

// ExportTraceServiceResponse.partial_success.
struct PartialSuccess {
  int64_t num_rejected = 0;
  std::string words = {};
};

// rejected_spans is an int64, which is a string or, of servers that are less strict, a number.
int64_t RejectedSpans(const rapidjson::Value& partial) {
  const rapidjson::Value* const rejected = Member(partial, "rejectedSpans");
  if (rejected == nullptr) return 0;
  int64_t count = 0;
  if (rejected->IsInt64()) {
    count = rejected->GetInt64();
  } else if (!rejected->IsString() || !absl::SimpleAtoi(rejected->GetString(), &count)) {
    return 0;
  }
  return std::max<int64_t>(count, 0);
}

PartialSuccess ReadPartialSuccess(const std::string& body) {
  const std::optional<rapidjson::Document> response = ParseServerJson(body);
  if (!response.has_value()) return {};
  const rapidjson::Value* const partial = Member(*response, "partialSuccess");
  if (partial == nullptr) return {};
  return {.num_rejected = RejectedSpans(*partial),
          .words = OnOneLine(TextOf(Member(*partial, "errorMessage")).value_or(""))};
}

class SpanEndpoint : public SpanDestination {
 public:
  SpanEndpoint(const SpanEndpointOptions& options, const http_url::Url& url, CURLM* multi,
               CURL* easy)
      : origin_(url.origin), multi_(multi), easy_(easy) {
    const auto add = [&](absl::string_view header) {
      headers_ = curl_slist_append(headers_, std::string(header).c_str());
    };
    for (const auto& [name, value] : options.headers) add(absl::StrCat(name, ": ", value));
    add("Content-Type: application/json");
    add("User-Agent: parlance");
    // The server is not asked first whether the body is welcome.
    add("Expect:");
    curl_easy_setopt(easy_, CURLOPT_URL, options.url.c_str());
    curl_easy_setopt(easy_, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, headers_);
    curl_easy_setopt(easy_, CURLOPT_POST, 1L);
    curl_easy_setopt(easy_, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(
        easy_, CURLOPT_TIMEOUT_MS,
        static_cast<long>(std::max<int64_t>(absl::ToInt64Milliseconds(options.timeout), 1)));
    // A proxy that the environment names cannot reach this machine.
    if (url.is_this_machine) curl_easy_setopt(easy_, CURLOPT_PROXY, "");
    curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, &SpanEndpoint::OnData);
    curl_easy_setopt(easy_, CURLOPT_WRITEDATA, &response_);
  }
  ~SpanEndpoint() override {
    curl_easy_cleanup(easy_);
    curl_multi_cleanup(multi_);
    curl_slist_free_all(headers_);
  }
  SpanEndpoint(const SpanEndpoint&) = delete;
  SpanEndpoint& operator=(const SpanEndpoint&) = delete;

  SendResult Send(const std::string& request) override {
    response_.clear();
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, request.data());
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.size()));
    curl_multi_add_handle(multi_, easy_);
    CURLcode code = CURLE_ABORTED_BY_CALLBACK;
    bool done = false;
    while (!done && !aborted_) {
      int num_running = 0;
      curl_multi_perform(multi_, &num_running);
      int num_left = 0;
      while (CURLMsg* const message = curl_multi_info_read(multi_, &num_left)) {
        if (message->msg != CURLMSG_DONE) continue;
        code = message->data.result;
        done = true;
      }
      if (!done) curl_multi_poll(multi_, nullptr, 0, kPollMs, nullptr);
    }
    curl_multi_remove_handle(multi_, easy_);
    if (code != CURLE_OK) {
      return {.kind = SendResult::Kind::kRetry,
              .message = absl::StrCat(origin_, ": ", curl_easy_strerror(code))};
    }
    return ResultOf();
  }

  void Abort() override {
    aborted_ = true;
    curl_multi_wakeup(multi_);
  }

 private:
  SendResult Accepted() const {
    const PartialSuccess partial = ReadPartialSuccess(response_);
    SendResult result{.num_rejected = partial.num_rejected};
    if (partial.num_rejected > 0) {
      result.message = absl::StrCat(origin_, ": the server rejected ", partial.num_rejected,
                                    partial.num_rejected == 1 ? " span" : " spans",
                                    partial.words.empty() ? "" : ": ", partial.words);
    } else if (!partial.words.empty()) {
      result.message = absl::StrCat(origin_, ": the server says: ", partial.words);
    }
    return result;
  }

  SendResult ResultOf() {
    long status = 0;
    curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
    if (status >= 200 && status <= 299) return Accepted();
    SendResult result{
        .kind = SendResult::Kind::kRefused,
        .message = absl::StrCat(origin_, ": the server answers with HTTP status ", status)};
    if (status == 429 || (status >= 502 && status <= 504)) {
      result.kind = SendResult::Kind::kRetry;
      // Seconds or a date; 0 if the header is not there or makes no sense.
      curl_off_t seconds = 0;
      curl_easy_getinfo(easy_, CURLINFO_RETRY_AFTER, &seconds);
      if (seconds > 0) result.retry_after = absl::Seconds(seconds);
    }
    return result;
  }

  static size_t OnData(char* data, size_t, size_t size, void* response) {
    auto& text = *static_cast<std::string*>(response);
    text.append(data, std::min(size, kMaxResponseBytes - text.size()));
    return size;
  }

  const std::string origin_;
  CURLM* const multi_;
  CURL* const easy_;
  curl_slist* headers_ = nullptr;
  std::string response_;
  std::atomic<bool> aborted_ = false;
};

}  // namespace

absl::StatusOr<std::unique_ptr<SpanDestination>> CreateSpanEndpoint(
    const SpanEndpointOptions& options) {
  static const CURLcode global = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (global != CURLE_OK) return absl::InternalError(curl_easy_strerror(global));
  const absl::StatusOr<http_url::Url> url = http_url::Read(options.url);
  if (!url.ok()) return url.status();
  if (url->has_credentials) {
    return absl::InvalidArgumentError(
        "the URL has a name or a password in it; send it in a header instead");
  }
  for (const auto& [name, value] : options.headers) {
    // They would make other headers of it.
    if (name.empty() || HasAny(name, absl::string_view(":\r\n \0", 5)) ||
        HasAny(value, absl::string_view("\r\n\0", 3))) {
      return absl::InvalidArgumentError(absl::StrCat("'", name, "' is not a header"));
    }
  }
  if (options.timeout <= absl::ZeroDuration()) {
    return absl::InvalidArgumentError("the timeout of a request has to be positive");
  }
  CURLM* const multi = curl_multi_init();
  if (multi == nullptr) return absl::ResourceExhaustedError("curl_multi_init fails");
  CURL* const easy = curl_easy_init();
  if (easy == nullptr) {
    curl_multi_cleanup(multi);
    return absl::ResourceExhaustedError("curl_easy_init fails");
  }
  return std::make_unique<SpanEndpoint>(options, *url, multi, easy);
}

}  // namespace parlance::pipeline
