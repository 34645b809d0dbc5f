// Chunks of sound that may come in another order than they were said in, or not at all.
//
// A chunk has a number, one more than the last one's, and the time of its first sample. Numbers
// give the order: a chunk that comes early waits for those before it, while no more than
// kMaxWaiting do. Times tell how much is missing between two chunks, and where there are none,
// numbers do.
#ifndef PIPELINE_DOOR_TELEPHONY_MEDIA_ORDER_H_
#define PIPELINE_DOOR_TELEPHONY_MEDIA_ORDER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace parlance::pipeline::door {

// Threads: one at a time.
class MediaOrder {
 public:
  struct Chunk {
    std::optional<int64_t> number = {};
    std::optional<int64_t> time_ms = {};
    std::string bytes = {};
  };
  // What is next, after so much is missing.
  using Take = std::function<void(absl::string_view bytes, absl::Duration missing)>;

  static constexpr size_t kMaxWaiting = 5;
  // Times of those who count in other clocks than samples are off by less.
  static constexpr absl::Duration kJitter = absl::Milliseconds(60);
  // A chunk so far ahead, or so many in a row that are late, are of a new count.
  static constexpr int64_t kNewCount = 1000;
  static constexpr int kMaxLate = 50;

  MediaOrder(int64_t bytes_per_second, Take take)
      : bytes_per_second_(bytes_per_second), take_(std::move(take)) {}

  // False if the chunk is dropped: it came when later ones were given already, or came twice.
  bool Add(Chunk chunk);

 private:
  void Give(const Chunk& chunk);
  // Gives those that wait for nothing.
  void GiveReady();
  absl::Duration Length(size_t num_bytes) const;

  const int64_t bytes_per_second_;
  const Take take_;
  std::optional<int64_t> next_number_ = {};
  std::optional<int64_t> next_time_ms_ = {};
  absl::Duration last_length_;
  // How many chunks were given up before the next one.
  int64_t num_lost_ = 0;
  int num_late_ = 0;
  std::map<int64_t, Chunk> waiting_;
};

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_TELEPHONY_MEDIA_ORDER_H_
