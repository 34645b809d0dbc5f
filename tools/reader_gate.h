// Tells a writer when nobody reads any more what it has replaced: sleepable read-copy-update.
//
// Readers enter and leave, which is wait-free, and is one atomic addition each, on a cache line
// that few threads share. A writer publishes what is new, waits, and may then free what is old.
// There are two counts, which are used by turns, so that readers who keep coming do not keep a
// writer waiting (McKenney, "Sleepable Read-Copy Update", 2006).
#ifndef TOOLS_READER_GATE_H_
#define TOOLS_READER_GATE_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <thread>

namespace parlance::tools {

class ReaderGate {
 public:
  // While it lives, what the thread has loaded since from a published atomic is not freed. All
  // loads and stores of that atomic have to be sequentially consistent.
  class Reader {
   public:
    explicit Reader(ReaderGate& gate) : count_(gate.CountOfThread()) {
      count_.fetch_add(1, std::memory_order_seq_cst);
    }
    ~Reader() { count_.fetch_sub(1, std::memory_order_release); }
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;

   private:
    std::atomic<int64_t>& count_;
  };

  // Returns when every reader that may have seen what was published before the last store has left.
  // It is called by one thread at a time, which must not be a reader.
  void WaitForReaders() {
    // Twice: a reader may have looked at the turn before the last change of it, and count itself
    // now.
    for (int i = 0; i < 2; ++i) {
      const size_t turn = turn_.fetch_xor(1, std::memory_order_seq_cst);
      while (NumReaders(turn) != 0) std::this_thread::yield();
    }
  }

 private:
  static constexpr size_t kShards = 32;
  struct alignas(64) Shard {
    std::array<std::atomic<int64_t>, 2> counts = {};
  };

  std::atomic<int64_t>& CountOfThread() {
    static std::atomic<size_t> num_threads = 0;
    thread_local const size_t shard = num_threads.fetch_add(1, std::memory_order_relaxed) % kShards;
    return shards_[shard].counts[turn_.load(std::memory_order_relaxed)];
  }

  int64_t NumReaders(size_t turn) const {
    int64_t sum = 0;
    for (const Shard& shard : shards_) sum += shard.counts[turn].load(std::memory_order_seq_cst);
    return sum;
  }

  std::atomic<size_t> turn_ = 0;
  std::array<Shard, kShards> shards_;
};

}  // namespace parlance::tools

#endif  // TOOLS_READER_GATE_H_
