#include "pipeline/http/service.h"

#include <algorithm>
#include <cstddef>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "pipeline/http/http_loop.h"
#include "pipeline/http/server_json.h"
#include "pipeline/json/bounded_json.h"
#include "third_party/http_url.h"

namespace parlance::pipeline {

std::string ServiceUrl(absl::string_view url, absl::string_view path) {
  const size_t question = std::min(url.find('?'), url.size());
  absl::string_view base = url.substr(0, question);
  const absl::string_view query = url.substr(question);
  while (absl::ConsumeSuffix(&base, "/")) {
  }
  if (absl::EndsWith(base, path)) return absl::StrCat(base, query);
  const size_t host = base.find("://");
  const bool has_path =
      host != absl::string_view::npos && base.find('/', host + 3) != absl::string_view::npos;
  return absl::StrCat(base, has_path ? "" : "/v1", path, query);
}

absl::Status CheckService(absl::string_view whose, const std::string& url, absl::string_view key) {
  HttpRequest request;
  request.url = url;
  if (absl::Status usable = HttpLoop::Check(request); !usable.ok()) {
    return absl::Status(usable.code(),
                        absl::StrCat("the URL of ", whose, " cannot be used: ", usable.message()));
  }
  const absl::StatusOr<http_url::Url> read = http_url::Read(url);
  if (!read.ok()) return read.status();
  if (!key.empty() && read->scheme != "https" && !read->is_this_machine) {
    return absl::InvalidArgumentError(
        "the key would go over the network for everybody to read: use https://, or no key");
  }
  if (key.find_first_of(absl::string_view("\r\n\0", 3)) != absl::string_view::npos) {
    return absl::InvalidArgumentError("the key has a line break in it");
  }
  return absl::OkStatus();
}

absl::Status ServiceErrors::Of(int64_t http_status, absl::string_view words) const {
  std::string text = absl::StrCat(whose_, " refuses the request");
  absl::StatusCode code = absl::StatusCode::kUnknown;
  if (http_status == 401 || http_status == 403) {
    // Its words may have parts of the key.
    return absl::PermissionDeniedError(
        absl::StrCat(whose_, " refuses the key (status ", http_status, ")"));
  }
  if (http_status == 408 || http_status == 429 || http_status >= 500) {
    code = absl::StatusCode::kUnavailable;
    text = absl::StrCat(whose_, " cannot answer now");
  } else if (http_status == 404) {
    code = absl::StatusCode::kNotFound;
    text = absl::StrCat(whose_, " does not know the model or the path");
  } else if (http_status >= 400) {
    code = absl::StatusCode::kInvalidArgument;
  } else if (http_status >= 300) {
    text = absl::StrCat(whose_, " is elsewhere: it answers with a redirect, which is not followed");
  }
  if (http_status != 0) absl::StrAppend(&text, " (status ", http_status, ")");
  if (words_ == Words::kQuoted && !words.empty()) absl::StrAppend(&text, ": ", OnOneLine(words));
  return absl::Status(code, text);
}

absl::Status ServiceErrors::OfJson(const rapidjson::Value& object, int64_t http_status) const {
  const rapidjson::Value* error = Member(object, "error");
  if (error == nullptr) error = &object;
  absl::string_view words;
  if (error->IsString()) {
    words = {error->GetString(), error->GetStringLength()};
  } else {
    for (const char* const name : {"message", "detail", "msg", "error"}) {
      if (words.empty()) words = TextOf(Member(*error, name)).value_or("");
    }
    const rapidjson::Value* const code = Member(*error, "code");
    if (http_status < 400 && code != nullptr && code->IsInt() && code->GetInt() >= 400 &&
        code->GetInt() < 600) {
      http_status = code->GetInt();
    }
    const absl::string_view type = TextOf(Member(*error, "type")).value_or("");
    if (http_status < 400 && absl::StartsWith(type, "invalid_request")) http_status = 400;
  }
  // It was in the middle of an answer: nobody knows whether another try would help.
  if (http_status < 400) return BrokenOff(words);
  return Of(http_status, words);
}

absl::Status ServiceErrors::BrokenOff(absl::string_view words) const {
  const bool is_quoted = words_ == Words::kQuoted && !words.empty();
  return absl::UnavailableError(
      absl::StrCat(whose_, " broke off: ", is_quoted ? OnOneLine(words) : "it tells of an error"));
}

}  // namespace parlance::pipeline
