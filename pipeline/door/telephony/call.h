// One telephone call: a line on one side, a session of the runtime on the other.
//
//   line ─► Hear, Press, MarkReturned, HangUp ─► call ─► CallSession: Push, Keys, Played, HangUp
//   line ◄─ LineWriter ◄──────────────────────── call ◄─ SessionSink: Frame, Hold, Stop, Closed
//
// What all telephone protocols share is here; what their messages look like is a handler's, which
// calls the call, and a LineWriter's, which the call calls.
//
// The session is opened by an executor, because that may block. What is heard meanwhile is kept, up
// to kMaxKept of it, the latest. An answer is resampled to the line's rate and sent in whole
// frames, when the runtime gives it. Its last frame is filled up with silence.
//
// What the caller has really heard is known where a line has marks: after each kMarkEvery of sound,
// and after its end, a mark is sent, and when it comes back, what was before it was played. Marks
// of an answer that was stopped prove nothing, because lines give them back when they are cleared.
// One that does not come back for kMarkPatience counts as returned, so that no turn waits for ever.
//
// A detector that hears nothing hears no end of speech: sound that is missing is silence, up to
// kMaxSilence of it in one gap.
#ifndef PIPELINE_DOOR_TELEPHONY_CALL_H_
#define PIPELINE_DOOR_TELEPHONY_CALL_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "audio/signal/resampler.h"
#include "pipeline/conversation/conversation_actions.h"
#include "pipeline/door/telephony/call_session.h"
#include "pipeline/runtime/runtime.h"
#include "third_party/annotated_mutex.h"

namespace parlance::pipeline::door {

// What calls are given. All of it is used from several threads.
struct CallEnvironment {
  // Has to outlive the calls.
  CallOpener* opener = nullptr;
  // Runs the function soon, on a thread that may block.
  std::function<void(std::function<void()>)> run = nullptr;
  // Runs the function once after the time, on any thread. It takes no longer than a lock.
  std::function<void(absl::Duration, std::function<void()>)> run_after = nullptr;
  // Counts something that was not as it should be, by a constant name such as "unknown_event". Any
  // thread; must not block. May be null.
  std::function<void(absl::string_view)> count = nullptr;
};

// What a protocol says on a line. Called by the call alone, one call at a time, from any thread;
// must not block, nor call the call.
class LineWriter {
 public:
  virtual ~LineWriter() = default;
  // A frame of the answer, of the size that the call was made with, at the line's rate.
  virtual void Sound(absl::Span<const int16_t> frame) = 0;
  // Whether marks come back when what was before them has been played.
  virtual bool has_marks() const = 0;
  virtual void Mark(int64_t number) = 0;
  // What was sent and not played is to be thrown away.
  virtual void Clear() = 0;
  // What was sent is to be kept back, and played on.
  virtual void Pause() = 0;
  virtual void Continue() = 0;
  // Hangs up and closes. The last call.
  virtual void End(uint16_t code, absl::string_view reason) = 0;
};

class Call : public SessionSink, public std::enable_shared_from_this<Call> {
 public:
  struct Format {
    // 8 to 48 kHz.
    int sample_rate_hz = 8000;
    // What is sent at once: 10 to 200 ms, of which there are whole numbers of samples.
    absl::Duration frame = absl::Milliseconds(20);
  };

  static constexpr absl::Duration kMaxKept = absl::Seconds(1);
  static constexpr absl::Duration kMarkEvery = absl::Milliseconds(100);
  static constexpr absl::Duration kMarkPatience = absl::Seconds(5);
  static constexpr absl::Duration kMaxSilence = absl::Seconds(10);
  // Sound that comes late is not missing yet.
  static constexpr absl::Duration kSilenceAfter = absl::Milliseconds(500);
  // Keys are told when nothing was pressed for so long, after #, and when there are so many; no
  // more than so many are kept for a session that is not open yet.
  static constexpr absl::Duration kKeysPause = absl::Seconds(2);
  static constexpr size_t kMaxKeys = 32;
  // How often the call looks after what is late.
  static constexpr absl::Duration kTick = absl::Milliseconds(100);

  // Begins to open the session. If it cannot be opened, the line is ended with the reason. The call
  // lives until its session is closed, and as long as somebody holds it.
  static std::shared_ptr<Call> Open(CallEnvironment environment, std::string session_id,
                                    std::string title, const Format& format,
                                    std::unique_ptr<LineWriter> writer);
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  // From the line; any thread, one at a time.

  // The next of what the caller says, any number of samples at the line's rate, after something of
  // the given length is missing.
  void Hear(absl::Span<const int16_t> samples, absl::Duration missing = absl::ZeroDuration());
  // A key was pressed. What is no key is counted and ignored.
  void Press(char key);
  // The line has given a mark back.
  void MarkReturned(int64_t number);
  // The peer is gone: nothing is sent any more.
  void HangUp();
  // Hangs up, and ends the line with the reason.
  void End(uint16_t code, absl::string_view reason);

  // SessionSink:
  void Frame(absl::Span<const int16_t> samples) override;
  void Hold() override;
  void Resume() override;
  void Stop() override;
  void TurnDone(const TurnReport& report) override;
  void Closed(const absl::Status& status) override;

 private:
  struct SentMark {
    int64_t number = 0;
    // The position in the answer before which all was played when it comes back.
    int64_t position = 0;
    int64_t tick = 0;
  };
  // What is to be told to the session once the mutex is free.
  struct News {
    std::shared_ptr<CallSession> session = nullptr;
    std::optional<int64_t> played = {};
    std::string keys = {};
    std::vector<int16_t> sound = {};
  };

  Call(CallEnvironment environment, std::string session_id, std::string title, const Format& format,
       std::unique_ptr<LineWriter> writer);

  void OpenSession();
  void ScheduleTick();
  void Tick();
  void Tell(News news);
  void Count(absl::string_view what) const;
  size_t SamplesIn(absl::Duration length) const;

  void PassTick(News& news) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AddSound(absl::Span<const int16_t> samples, News& news)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void TakeKeys(News& news) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SayWhatIsUnplayed(News& news) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SendWholeFrames() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SendRest() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SendMark(int64_t position) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void BeginAnswer() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::shared_ptr<CallSession> Leave() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const CallEnvironment environment_;
  const CallRequest request_;
  const Format format_;
  const int output_rate_hz_;
  const size_t frame_samples_;

  annotated::Mutex mutex_;
  const std::unique_ptr<LineWriter> writer_ ABSL_PT_GUARDED_BY(mutex_);
  // The runtime has the call as its sink, and the call has to live until Closed.
  std::shared_ptr<Call> self_ ABSL_GUARDED_BY(mutex_);
  // Null until the session is open and has heard what was kept, and once the call is over.
  std::shared_ptr<CallSession> session_ ABSL_GUARDED_BY(mutex_);
  bool is_over_ ABSL_GUARDED_BY(mutex_) = false;
  // What came before there was a session to tell.
  std::vector<int16_t> kept_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> kept_keys_ ABSL_GUARDED_BY(mutex_);

  // What comes in.
  int64_t ticks_ ABSL_GUARDED_BY(mutex_) = 0;
  bool has_heard_ ABSL_GUARDED_BY(mutex_) = false;
  int quiet_ticks_ ABSL_GUARDED_BY(mutex_) = 0;
  // How much of the gap that goes on was filled already.
  absl::Duration filled_ ABSL_GUARDED_BY(mutex_);
  std::string keys_ ABSL_GUARDED_BY(mutex_);
  int64_t last_key_tick_ ABSL_GUARDED_BY(mutex_) = 0;

  // What goes out. The resampler is there once the session is.
  std::optional<audio::Resampler> resampler_ ABSL_GUARDED_BY(mutex_);
  std::vector<int16_t> unsent_ ABSL_GUARDED_BY(mutex_);
  bool has_rest_ ABSL_GUARDED_BY(mutex_) = false;
  int64_t last_frame_tick_ ABSL_GUARDED_BY(mutex_) = 0;
  bool is_held_ ABSL_GUARDED_BY(mutex_) = false;
  // Something of the answer was sent.
  bool has_sent_ ABSL_GUARDED_BY(mutex_) = false;
  // Samples of the answer that were given; the position that all was sent up to when the resampler
  // was last emptied, and how many samples of the line were sent since.
  int64_t given_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t emptied_at_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t sent_since_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t unmarked_ ABSL_GUARDED_BY(mutex_) = 0;
  bool is_known_unplayed_ ABSL_GUARDED_BY(mutex_) = false;
  int64_t num_marks_ ABSL_GUARDED_BY(mutex_) = 0;
  std::deque<SentMark> marks_ ABSL_GUARDED_BY(mutex_);
};

// Why a session could not be opened, or ended, as a close code.
uint16_t CloseCodeOf(const absl::Status& status);

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_TELEPHONY_CALL_H_
