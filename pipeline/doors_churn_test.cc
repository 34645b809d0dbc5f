// Thousands of conversations over all doors that end at any byte, by several threads at once: for
// the sanitizers, and for promises that only many of them break. What each client does is drawn
// from a seed, which is printed; give it again as CHURN_SEED. CHURN_CONNECTIONS says how many there
// are.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/clock/steady_clock.h"
#include "pipeline/components.h"
#include "pipeline/door/net/server.h"
#include "pipeline/door/net/server_options.h"
#include "pipeline/door/net/testing/test_client.h"
#include "pipeline/door/site/door_site.h"
#include "pipeline/door/site/fault_counts.h"
#include "pipeline/door/telephony/runtime_calls.h"
#include "pipeline/door/wire/testing/websocket_frames.h"
#include "pipeline/house/house_services.h"
#include "pipeline/runtime/load/simulated_parts.h"
#include "pipeline/runtime/runtime.h"
#include "pipeline/runtime/timer_queue.h"
#include "pipeline/runtime/worker_pool.h"
#include "third_party/status_matchers.h"

namespace parlance::pipeline {
namespace {

using absl_testing::IsOk;

constexpr int kClients = 4;

uint32_t FromEnvironment(const char* name, uint32_t otherwise) {
  const char* const given = std::getenv(name);
  uint32_t value = 0;
  return given != nullptr && absl::SimpleAtoi(given, &value) ? value : otherwise;
}

// Base64 of `size` bytes of a tone or of silence, as PCM: what a detector calls speech or not is no
// matter here.
std::string Sound(std::mt19937& random, size_t size) {
  const char* const symbols[] = {"AAAA", "AAEg", "qxCd"};
  std::string text;
  for (const char* const symbol = symbols[random() % 3]; text.size() < size;) text += symbol;
  return text;
}

std::string RealtimeEvent(std::mt19937& random) {
  switch (random() % 12) {
    case 0:
      return R"({"type":"session.update","session":{"type":"realtime","output_modalities":["text"]}})";
    case 1:
      return R"({"type":"conversation.item.create","item":{"type":"message","role":"user","content":[{"type":"input_text","text":"what is two plus two"}]}})";
    case 2:
      return R"({"type":"response.create"})";
    case 3:
      return R"({"type":"response.cancel"})";
    case 4:
      return R"({"type":"input_audio_buffer.commit"})";
    case 5:
      return R"({"type":"input_audio_buffer.clear"})";
    case 6:
      return R"({"type":"session.update","session":{"type":"realtime","audio":{"input":{"turn_detection":null}}}})";
    case 7:
      return R"({"type":"no.such.event")";
    case 8:
      return R"({"type":"conversation.item.truncate","item_id":"nobody","content_index":0,"audio_end_ms":1})";
    default:
      return absl::StrCat(R"({"type":"input_audio_buffer.append","audio":")",
                          Sound(random, 4 * (random() % 20'000)), R"("})");
  }
}

std::string TwilioEvent(std::mt19937& random) {
  switch (random() % 8) {
    case 0:
      return R"({"event":"dtmf","streamSid":"MZ1","dtmf":{"track":"inbound_track","digit":"5"}})";
    case 1:
      return R"({"event":"mark","streamSid":"MZ1","mark":{"name":"1"}})";
    case 2:
      return R"({"event":"stop","streamSid":"MZ1","stop":{}})";
    default:
      return absl::StrCat(
          R"({"event":"media","streamSid":"MZ1","media":{"track":"inbound","payload":")",
          Sound(random, 4 * (random() % 100)), R"("}})");
  }
}

// What a client says in all, and where.
struct Talk {
  size_t listener = 0;
  std::string bytes;
};

Talk MakeTalk(std::mt19937& random) {
  Talk talk;
  const uint32_t count = random() % 8;
  switch (random() % 6) {
    case 0: {  // AudioSocket.
      talk.listener = 1;
      talk.bytes = std::string("\x01\x00\x10", 3);
      for (int i = 0; i < 16; ++i) talk.bytes.push_back(static_cast<char>(random() & 0xFF));
      for (uint32_t i = 0; i < count * 10; ++i) {
        absl::StrAppend(&talk.bytes, absl::string_view("\x10\x01\x40", 3),
                        std::string(320, '\x11'));
      }
      break;
    }
    case 1: {  // Wyoming.
      talk.listener = 2;
      const char* const said[] = {
          "{\"type\":\"describe\"}\n",
          "{\"type\":\"transcribe\",\"data\":{\"language\":\"en\"}}\n",
          "{\"type\":\"audio-start\",\"data\":{\"rate\":16000,\"width\":2,\"channels\":1}}\n",
          "{\"type\":\"audio-stop\"}\n",
          "{\"type\":\"synthesize\",\"data\":{\"text\":\"hello\"}}\n",
          "{\"type\":\"transcript\",\"data\":{\"text\":\"what time is it\"}}\n",
          "{\"type\":\"detect\"}\n",
          "nonsense\n"};
      for (uint32_t i = 0; i < count; ++i) talk.bytes += said[random() % 8];
      break;
    }
    case 2:
      talk.bytes = door::UpgradeRequest("/v1/media-streams/twilio");
      talk.bytes += door::ClientText(
          R"({"event":"start","streamSid":"MZ1","start":{"streamSid":"MZ1","callSid":"CA1","mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1}}})");
      for (uint32_t i = 0; i < count * 4; ++i) talk.bytes += door::ClientText(TwilioEvent(random));
      break;
    default:
      talk.bytes = door::UpgradeRequest("/v1/realtime");
      for (uint32_t i = 0; i < count; ++i) talk.bytes += door::ClientText(RealtimeEvent(random));
      if (random() % 4 == 0) talk.bytes += door::ClientClose(1000);
      break;
  }
  return talk;
}

void TalkOnce(const door::Server& server, std::mt19937& random) {
  Talk talk = MakeTalk(random);
  door::TestClient client(server.port(talk.listener));
  if (!client.is_connected()) return;
  // All of it, or what a client that dies has said.
  if (random() % 2 == 0) talk.bytes.resize(random() % (talk.bytes.size() + 1));
  client.Send(talk.bytes);
  switch (random() % 3) {
    case 0:
      client.Reset();
      return;
    case 1:
      client.EndSending();
      client.Read(random() % 2000);
      return;
    default:
      return;
  }
}

TEST(DoorsChurnTest, ConversationsComeAndGo) {
  const uint32_t seed = FromEnvironment("CHURN_SEED", std::random_device()());
  const uint32_t num_connections = FromEnvironment("CHURN_CONNECTIONS", 600);
  std::printf("CHURN_SEED=%u CHURN_CONNECTIONS=%u\n", seed, num_connections);
  std::fflush(stdout);

  ComponentOptions component_options;
  component_options.database_path = absl::StrCat(testing::TempDir(), "/churn.db");
  component_options.write_patience = absl::ZeroDuration();
  auto components = Components::Create(component_options);
  ASSERT_THAT(components, IsOk());
  RuntimeParts parts = (*components)->ForRuntime();
  // Everything but the recogniser and the voice, which would take the machine's whole time.
  const std::unique_ptr<Synthesizer> synthesizer = CreateSimulatedSynthesizer();
  parts.synthesizer = synthesizer.get();
  parts.create_recognizer = [] {
    return CreateSimulatedRecognizer("what time is it", absl::ZeroDuration());
  };
  RuntimeOptions runtime_options;
  // Nobody is refused, however busy the machine is.
  runtime_options.max_utilization = 1000;
  runtime_options.max_frame_age = absl::InfiniteDuration();
  auto runtime = Runtime::Create(parts, runtime_options);
  ASSERT_THAT(runtime, IsOk());

  WorkerPool work({.num_workers = 2, .max_waiting = 4096, .now = SteadyNow});
  TimerQueue timers;
  door::FaultCounts faults;
  const std::unique_ptr<door::CallOpener> calls = door::CreateRuntimeCalls(
      runtime->get(), {.session = {}, .keys = [](Runtime::Session& session, std::string keys) {
                         session.Type(std::move(keys)).IgnoreError();
                       }});
  const std::unique_ptr<HouseParts> house =
      HouseParts::Create({.parts = parts, .runtime = runtime->get(), .voice = "simulated"});
  using Stream = door::DoorSiteOptions::Stream;
  const std::unique_ptr<door::Site> site = door::CreateDoorSite(
      {.realtime = {
           .open = [&](SessionOptions options,
                       SessionSink* sink) { return (*runtime)->Open(std::move(options), sink); },
           .history = nullptr,
           .random = [] { return uint64_t{std::random_device()()} << 32; }},
       .calls = {
           .opener = calls.get(),
           .run = [&](std::function<void()> task) { work.Post({.run = std::move(task)}); },
           .run_after = [&](absl::Duration time,
                            std::function<void()> task) { timers.RunAfter(time, std::move(task)); },
           .count = [&](absl::string_view kind) { faults.Count(kind); }},
       .house = house->services(),
       .streams = {Stream::kNone, Stream::kAudioSocket, Stream::kWyoming}});
  door::ServerOptions options;
  options.listeners = {{}, {.is_stream = true}, {.is_stream = true}};
  options.num_threads = 2;
  options.close_timeout = absl::Milliseconds(50);
  auto server = door::Server::Create(options, site.get());
  ASSERT_THAT(server, IsOk());

  std::vector<std::thread> clients;
  for (uint32_t i = 0; i < kClients; ++i) {
    clients.emplace_back([&, i] {
      std::mt19937 random(seed + i);
      for (uint32_t j = 0; j < num_connections / kClients; ++j) TalkOnce(**server, random);
    });
  }
  for (std::thread& client : clients) client.join();
  // Each session ends by itself, as its connection has. One that does not is found by the test's
  // limit.
  while ((*runtime)->stats().num_sessions > 0 || (*server)->stats().num_open > 0) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  const RuntimeStats stats = (*runtime)->stats();
  EXPECT_GT(stats.num_opened, num_connections / 8);
  EXPECT_EQ((*server)->stats().num_accepted, num_connections / kClients * kClients);
  EXPECT_THAT((*runtime)->Shutdown(absl::Minutes(1)), IsOk());
  EXPECT_THAT((*server)->Drain(absl::Minutes(1)), IsOk());
  std::printf("%d conversations, %d turns\n", static_cast<int>(stats.num_opened),
              static_cast<int>(stats.num_turns));
}

}  // namespace
}  // namespace parlance::pipeline
