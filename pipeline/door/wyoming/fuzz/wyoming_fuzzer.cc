// Any bytes from a house, in any pieces: the same events whatever the pieces, and answers that are
// events. The first byte is the length of the pieces; the services answer after each piece.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "pipeline/door/connection.h"
#include "pipeline/door/testing/fake_connection.h"
#include "pipeline/door/wyoming/services.h"
#include "pipeline/door/wyoming/testing/fake_services.h"
#include "pipeline/door/wyoming/wyoming.h"
#include "pipeline/door/wyoming/wyoming_event.h"
#include "pipeline/json/bounded_json.h"

namespace parlance::pipeline::door {
namespace {

void Check(bool holds) {
  if (!holds) std::abort();
}

template <typename Push>
void InPieces(absl::Span<const uint8_t> bytes, size_t piece, const Push& push) {
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
    push(bytes.subspan(0, piece));
  }
}

// The events, and the error at their end.
std::vector<std::string> EventsOf(absl::Span<const uint8_t> bytes, size_t piece) {
  std::vector<std::string> events;
  WyomingParser parser;
  absl::Status last;
  InPieces(bytes, piece, [&](absl::Span<const uint8_t> next) {
    last = parser.Push(next, [&](const WyomingEvent& event) {
      Check(event.data.IsObject());
      events.push_back(absl::StrCat(event.type, " ", JsonOf(event.data), " ", event.payload));
      return true;
    });
  });
  events.push_back(last.ToString());
  return events;
}

void AnswerAll(FakeServices& services) {
  if (services.transcription.part != nullptr) services.transcription.part("a\xFF");
  if (services.transcription.done != nullptr) {
    std::exchange(services.transcription, {}).done(std::string("a"));
  }
  if (services.speech.done != nullptr) {
    services.speech.sound(std::vector<int16_t>(10, 7));
    std::exchange(services.speech, {}).done(absl::OkStatus());
  }
  if (services.answer != nullptr) {
    std::exchange(services.answer, nullptr)(Answerer::Answer{.is_handled = true, .text = "a"});
  }
  if (services.intent != nullptr) {
    std::exchange(services.intent, nullptr)(std::optional<IntentRecognizer::Intent>());
  }
  if (services.detection.started != nullptr) services.detection.started(absl::Seconds(1));
}

}  // namespace
}  // namespace parlance::pipeline::door

// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace parlance::pipeline::door;  // NOLINT
  if (size < 1) return 0;
  const size_t piece = data[0] + size_t{1};
  const absl::Span<const uint8_t> bytes(data + 1, size - 1);
  Check(EventsOf(bytes, piece) == EventsOf(bytes, size));

  FakeServices services;
  const auto connection = std::make_shared<FakeConnection>();
  const auto handler = CreateWyoming(services.all(), connection, nullptr);
  InPieces(bytes, piece, [&](absl::Span<const uint8_t> next) {
    handler->OnBinary(next);
    AnswerAll(services);
  });
  handler->OnClosed(absl::OkStatus());
  AnswerAll(services);
  const std::string sent = connection->TakeBytes();
  WyomingParser parser;
  Check(parser
            .Push(absl::MakeConstSpan(reinterpret_cast<const uint8_t*>(sent.data()), sent.size()),
                  [](const WyomingEvent&) { return true; })
            .ok());
  return 0;
}
