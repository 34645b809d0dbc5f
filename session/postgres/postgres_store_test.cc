#include "session/postgres/postgres_store.h"

#include <algorithm>
#include <atomic>
#include <cctype>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "session/testing/store_contract.h"
#include "third_party/postgres_connection.h"
#include "third_party/postgres_server.h"
#include "third_party/postgres_test_main.h"
#include "third_party/status_matchers.h"

namespace parlance::session {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;

// One for all tests: it takes a second to start.
postgres::Server* server = nullptr;

absl::StatusOr<std::unique_ptr<SessionStore>> OpenStore(const std::string& name,
                                                        const StoreContractOptions& options) {
  absl::StatusOr<std::string> uri = server->Uri(absl::AsciiStrToLower(name));
  if (!uri.ok()) return uri.status();
  PostgresStoreOptions postgres_options;
  postgres_options.now = options.now;
  postgres_options.max_message_bytes = options.max_message_bytes;
  return OpenPostgresStore(*uri, postgres_options);
}

INSTANTIATE_TEST_SUITE_P(Postgres, StoreContract,
                         testing::Values(StoreKind{.open = OpenStore, .keeps_nul = false}));

Message Keyed(int key) {
  Message message;
  message.content = absl::StrCat("message ", key);
  message.client_key = absl::StrCat(key);
  return message;
}

TEST(PostgresStoreTest, ServiceResumesWhenTheServerIsBackAndNothingIsLost) {
  auto store = *OpenStore("crash", {});
  const std::string id = store->CreateSession("talk")->id;
  for (int round = 0; round < 3; ++round) {
    std::vector<std::thread> threads;
    std::atomic<int> next = round * 1000;
    std::atomic<bool> stop = false;
    std::vector<std::vector<std::pair<int, int64_t>>> acknowledged(4);
    for (size_t i = 0; i < acknowledged.size(); ++i) {
      threads.emplace_back([&, i] {
        while (!stop) {
          const int key = next++;
          const auto sequence = store->Append(id, Keyed(key));
          if (sequence.ok()) {
            acknowledged[i].emplace_back(key, *sequence);
          } else {
            EXPECT_THAT(sequence, StatusIs(absl::StatusCode::kUnavailable));
          }
        }
      });
    }
    while (next < round * 1000 + 100) std::this_thread::yield();
    ASSERT_THAT(server->Kill(), IsOk());
    stop = true;
    for (std::thread& thread : threads) thread.join();
    EXPECT_THAT(store->History(id, {}), StatusIs(absl::StatusCode::kUnavailable));
    ASSERT_THAT(server->StartAgain(), IsOk());
    const auto after = store->Append(id, Keyed(round * 1000 + 999));
    ASSERT_THAT(after, IsOk());
    for (const auto& thread : acknowledged) {
      for (const auto& [key, sequence] : thread) {
        // A retry finds it, under its number.
        ASSERT_EQ(*store->Append(id, Keyed(key)), sequence);
      }
    }
    ASSERT_THAT(store->CheckIntegrity(), IsOk());
  }
}

TEST(PostgresStoreTest, TwoStoresShareADatabase) {
  auto one = *OpenStore("two", {});
  auto other = *OpenStore("two", {});
  std::vector<std::string> ids;
  for (int i = 0; i < 8; ++i) ids.push_back(one->CreateSession("talk")->id);
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      SessionStore& store = i % 2 == 0 ? *one : *other;
      // In opposite orders, so that batches lock each other's rows.
      for (int j = 0; j < 200; ++j) {
        const auto& id = ids[static_cast<size_t>(i % 2 == 0 ? j : 200 - j) % ids.size()];
        const auto sequence = store.Append(id, Keyed(i * 1000 + j));
        ASSERT_THAT(sequence, IsOk());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(one->GetStats()->num_messages, 8 * 200);
  EXPECT_THAT(one->CheckIntegrity(), IsOk());
}

TEST(PostgresStoreTest, AStoreOfVersion1KeepsEverything) {
  const std::string uri = *server->Uri("version1");
  {
    auto connection = *postgres::Connection::Open(uri, {});
    ASSERT_THAT(
        connection.Execute(absl::StrCat("CREATE TABLE parlance_schema (version int NOT NULL); "
                                        "INSERT INTO parlance_schema VALUES (1);",
                                        PostgresMigrations()[0], R"sql(
SELECT parlance_create('a', 'first', NULL, 1, 5000000, '[{"role":"user","content":"讨论部署方案"}]', true);
SELECT parlance_create('b', 'second', NULL, 2, 4000000, '[{"role":"user","content":"oat milk"}]', false);
)sql")),
        IsOk());
  }
  auto opened = OpenPostgresStore(uri);
  ASSERT_THAT(opened, IsOk());
  SessionStore& store = **opened;
  // The order is kept, though the clock went back.
  const auto sessions = store.ListSessions(10);
  ASSERT_EQ(sessions->size(), 2u);
  EXPECT_EQ((*sessions)[0].id, "b");
  EXPECT_EQ((*sessions)[0].activity, 5000001);
  EXPECT_EQ((*sessions)[1].activity, 5000000);
  EXPECT_EQ((*sessions)[1].closed, absl::FromUnixSeconds(5));
  EXPECT_EQ(store.Search("部署", "", 10)->size(), 1u);
  EXPECT_EQ(store.Search("milk", "", 10)->size(), 1u);
  EXPECT_EQ(*store.Append("b", Keyed(1)), 2);
  EXPECT_EQ(store.GetStats()->schema_version, 2);
  EXPECT_THAT(store.CheckIntegrity(), IsOk());
}

// Half a million letters, each pair another one, is more than a tsvector can hold.
TEST(PostgresStoreTest, ALongChineseMessageIsTakenAndItsBeginningFound) {
  auto store = *OpenStore("long_message", {});
  const std::string id = store->CreateSession("talk")->id;
  Message message;
  message.content = "部署";
  for (uint32_t i = 0; i < 500000; ++i) {
    // All of the plane of U+20000, four bytes each, in no order.
    const uint32_t code = 0x20000 + i * 7919 % 0xA000;
    for (const uint32_t byte : {0xF0 | code >> 18, 0x80 | (code >> 12 & 0x3F),
                                0x80 | (code >> 6 & 0x3F), 0x80 | (code & 0x3F)}) {
      message.content.push_back(static_cast<char>(byte));
    }
  }
  const auto appended = store->Append(id, message);
  ASSERT_THAT(appended, IsOk());
  EXPECT_EQ(store->Search("部署", "", 10)->size(), 1u);
}

TEST(PostgresStoreTest, SaysWhyItCannotBeOpened) {
  const auto missing = OpenPostgresStore("postgresql://nobody@/none?host=/no/such/folder");
  EXPECT_THAT(missing, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_NE(std::string(missing.status().message()).find("/no/such/folder"), std::string::npos)
      << missing.status();
}

}  // namespace
}  // namespace parlance::session

int main(int argc, char** argv) {
  return postgres::RunTestsWithServer(argc, argv, &parlance::session::server);
}
