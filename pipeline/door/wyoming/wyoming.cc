#include "pipeline/door/wyoming/wyoming.h"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/types/span.h"
#include "pipeline/door/wyoming/sound_input.h"
#include "pipeline/door/wyoming/wyoming_event.h"
#include "pipeline/door/wyoming/wyoming_info.h"
#include "pipeline/json/bounded_json.h"
#include "rapidjson/document.h"
#include "third_party/annotated_mutex.h"

namespace parlance::pipeline::door {
namespace {

// What a client may pass along, to get it back.
constexpr size_t kMaxContext = size_t{8} << 10;
// At most this many transcriptions of a connection may be under way at a time.
constexpr size_t kMaxHearings = 4;
// So that a piece of sound, with its header, is no large message.
constexpr size_t kMaxChunkSamples = 8192;

std::string TextJson(absl::string_view text, const std::string& context) {
  return absl::StrCat("{\"text\":", QuotedJson(text),
                      context.empty() ? "" : absl::StrCat(",\"context\":", context), "}");
}

// One connection. It lives as long as its handler, and as a callback that it is called by.
class House : public std::enable_shared_from_this<House> {
  // One transcription.
  struct Hearing {
    int64_t number = 0;
    // Null if no sound was sent. Only the connection's thread takes it away.
    std::unique_ptr<Transcription> transcription = nullptr;
    // Whether its parts are told as they come: those before it are answered.
    bool tells_parts = false;
    bool has_parts = false;
    std::optional<absl::StatusOr<std::string>> text = {};
    bool is_answered = false;
  };

 public:
  House(const HouseServices& services, std::shared_ptr<Connection> connection,
        std::function<void(absl::string_view)> count)
      : services_(services), connection_(std::move(connection)), count_(std::move(count)) {}

  // From the connection's thread.

  void Receive(absl::Span<const uint8_t> bytes) {
    const absl::Status status = parser_.Push(bytes, [this](const WyomingEvent& event) {
      Handle(event);
      return !is_over();
    });
    if (!status.ok() && !is_over()) {
      Fail(absl::IsResourceExhausted(status) ? "too-long" : "protocol", status.message());
    }
  }

  // Whether something is to be answered yet, after which the connection is closed. What was not
  // sent in whole never will be.
  bool EndOfInput() {
    std::unique_ptr<Transcription> transcription;
    std::unique_ptr<Speech> speech;
    annotated::MutexLock lock(mutex_);
    if (is_over_) return false;
    is_ending_ = true;
    if (std::exchange(is_text_open_, false) && std::exchange(is_speaking_, false)) {
      speech = std::move(speech_);
      --num_pending_;
    }
    if (input_.has_value() && is_hearing_ && !hearings_.empty() &&
        !hearings_.back().text.has_value()) {
      transcription = std::move(hearings_.back().transcription);
      hearings_.pop_back();
      --num_pending_;
    }
    return num_pending_ > 0;
  }

  void Leave() {
    std::deque<Hearing> hearings;
    std::unique_ptr<Speech> speech;
    {
      annotated::MutexLock lock(mutex_);
      is_over_ = true;
      hearings.swap(hearings_);
      speech = std::move(speech_);
    }
    detection_.reset();
  }

 private:
  bool is_over() const {
    annotated::MutexLock lock(mutex_);
    return is_over_;
  }

  void Handle(const WyomingEvent& event) {
    const absl::string_view type = event.type;
    if (type == "describe") return Send("info", WyomingInfo(services_));
    if (type == "ping") return Ping(event);
    if (type == "transcribe") return Transcribe(event);
    if (type == "audio-start") return AudioStart(event);
    if (type == "audio-chunk") return AudioChunk(event);
    if (type == "audio-stop") return AudioStop();
    if (type == "synthesize") return Synthesize(event);
    if (type == "synthesize-start") return SynthesizeStart(event);
    if (type == "synthesize-chunk") return SynthesizeChunk(event);
    if (type == "synthesize-stop") return SynthesizeStop();
    if (type == "transcript") return Answer(event);
    if (type == "recognize") return Recognize(event);
    // Only texts are handled.
    if (type == "intent") return Send("not-handled", TextJson("", ContextOf(event)));
    if (type == "detect") {
      return Refuse("unsupported", "there is no wake word here; send what follows it");
    }
    Count("unknown_event");
  }

  // What is said.

  void Send(absl::string_view type, absl::string_view data = "", absl::string_view payload = "") {
    const std::string bytes = WyomingBytes(type, data, payload);
    connection_->SendBinary(
        absl::MakeConstSpan(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()));
  }
  void Refuse(absl::string_view code, absl::string_view text) {
    Send("error",
         absl::StrCat("{\"text\":", QuotedJson(text), ",\"code\":", QuotedJson(code), "}"));
  }
  void Fail(absl::string_view code, absl::string_view text) {
    {
      annotated::MutexLock lock(mutex_);
      if (is_over_) return;
      is_over_ = true;
    }
    Refuse(code, text);
    connection_->Close(code == "failed"     ? kCloseInternalError
                       : code == "too-long" ? kCloseTooBig
                                            : kCloseProtocolError,
                       text);
  }
  // All of an answer was sent.
  void Answered() {
    {
      annotated::MutexLock lock(mutex_);
      --num_pending_;
      if (!is_ending_ || num_pending_ > 0 || is_over_) return;
    }
    connection_->Close(kCloseNormal, "");
  }
  void Count(absl::string_view what) const {
    if (count_ != nullptr) count_(what);
  }

  // The text of an event; nothing, and the connection is closed, if it is missing or too long.
  std::optional<std::string> TextIn(const WyomingEvent& event) {
    const std::optional<absl::string_view> text = TextOf(Member(&event.data, "text"));
    if (!text.has_value()) {
      Fail("protocol", absl::StrCat("a ", event.type, " without a \"text\""));
      return std::nullopt;
    }
    if (text->size() > kMaxWyomingText) {
      Fail("too-long",
           absl::StrCat("a text of ", text->size(), " bytes; the limit is ", kMaxWyomingText));
      return std::nullopt;
    }
    return std::string(*text);
  }
  // What the client gets back with the answer, as JSON.
  static std::string ContextOf(const WyomingEvent& event) {
    const rapidjson::Value* const context = Member(&event.data, "context");
    if (context == nullptr || !context->IsObject()) return "";
    std::string json = JsonOf(*context);
    return json.size() > kMaxContext ? "" : json;
  }
  static std::string LanguageOf(const WyomingEvent& event) {
    return std::string(TextOf(Member(&event.data, "language")).value_or(""));
  }

  void Ping(const WyomingEvent& event) {
    const std::optional<absl::string_view> text = TextOf(Member(&event.data, "text"));
    Send("pong",
         text.has_value() ? absl::StrCat("{\"text\":", QuotedJson(*text), "}") : "{\"text\":null}");
  }

  // Sound that comes in.

  void Transcribe(const WyomingEvent& event) {
    if (services_.transcriber == nullptr) {
      return Refuse("unsupported", "there is no recogniser here");
    }
    is_transcription_wanted_ = true;
    language_ = LanguageOf(event);
  }

  std::optional<SoundFormat> FormatIn(const WyomingEvent& event) {
    const auto rate = IntegerOf(Member(&event.data, "rate"));
    const auto width = IntegerOf(Member(&event.data, "width"));
    const auto channels = IntegerOf(Member(&event.data, "channels"));
    if (!rate.has_value() || !width.has_value() || !channels.has_value()) {
      Fail("protocol",
           absl::StrCat("an ", event.type, " without \"rate\", \"width\" and \"channels\""));
      return std::nullopt;
    }
    return SoundFormat{.rate_hz = *rate, .width = *width, .channels = *channels};
  }

  void AudioStart(const WyomingEvent& event) {
    if (input_.has_value()) return Fail("protocol", "a second audio-start before audio-stop");
    const std::optional<SoundFormat> format = FormatIn(event);
    if (format.has_value()) Begin(*format);
  }

  // False if the sound is of no use, which was said.
  bool Begin(const SoundFormat& format) {
    absl::StatusOr<SoundInput> input = SoundInput::Create(format);
    if (!input.ok()) {
      Fail("protocol", input.status().message());
      return false;
    }
    const bool transcribes = services_.transcriber != nullptr &&
                             (is_transcription_wanted_ || services_.voices == nullptr);
    if (!transcribes && services_.voices == nullptr) {
      Fail("failed", "this server has no recogniser");
      return false;
    }
    input_.emplace(*std::move(input));
    num_samples_ = 0;
    if (!transcribes) return BeginDetection();
    BeginTranscription();
    return true;
  }

  void BeginTranscription() {
    std::string language = std::exchange(language_, "");
    is_transcription_wanted_ = false;
    const int64_t number = BeginHearing();
    is_hearing_ = number > 0;
    if (!is_hearing_) return;
    const std::weak_ptr<House> weak = weak_from_this();
    std::unique_ptr<Transcription> transcription = services_.transcriber->Start(
        language, {.part =
                       [weak, number](absl::string_view text) {
                         if (const auto house = weak.lock(); house != nullptr)
                           house->Part(number, text);
                       },
                   .done =
                       [weak, number](const absl::StatusOr<std::string>& text) {
                         if (const auto house = weak.lock(); house != nullptr)
                           house->Heard(number, text);
                       }});
    annotated::MutexLock lock(mutex_);
    if (!hearings_.empty()) hearings_.back().transcription = std::move(transcription);
  }

  // The number of one more; 0 if there are too many, which is said.
  int64_t BeginHearing() {
    std::vector<Hearing> answered;
    {
      annotated::MutexLock lock(mutex_);
      while (!hearings_.empty() && hearings_.front().is_answered) {
        answered.push_back(std::move(hearings_.front()));
        hearings_.pop_front();
      }
      if (hearings_.size() < kMaxHearings) {
        hearings_.push_back({.number = ++hearing_number_, .tells_parts = hearings_.empty()});
        ++num_pending_;
        return hearing_number_;
      }
    }
    Refuse("busy", absl::StrCat(kMaxHearings,
                                " transcriptions are under way; wait for a transcript, or connect "
                                "once more"));
    return 0;
  }

  bool BeginDetection() {
    const std::weak_ptr<House> weak = weak_from_this();
    const auto tell = [weak](absl::string_view type) {
      return [weak, type](absl::Duration at) {
        if (const auto house = weak.lock(); house != nullptr && !house->is_over()) {
          house->Send(type, absl::StrCat("{\"timestamp\":", absl::ToInt64Milliseconds(at), "}"));
        }
      };
    };
    absl::StatusOr<std::unique_ptr<VoiceDetection>> detection = services_.voices->Start(
        {.started = tell("voice-started"), .stopped = tell("voice-stopped")});
    if (!detection.ok()) {
      Fail("failed", detection.status().message());
      return false;
    }
    detection_ = *std::move(detection);
    return true;
  }

  void AudioChunk(const WyomingEvent& event) {
    const std::optional<SoundFormat> format = FormatIn(event);
    if (!format.has_value()) return;
    // A voice detector is sent chunks alone.
    if (!input_.has_value() && !Begin(*format)) return;
    if (!(input_->format() == *format)) {
      return Fail("protocol", "a chunk of another format than the sound before it");
    }
    samples_.clear();
    if (const absl::Status status = input_->Add(event.payload, samples_); !status.ok()) {
      return Fail("protocol", status.message());
    }
    num_samples_ += static_cast<int64_t>(samples_.size());
    if (detection_ != nullptr) {
      detection_->Sound(samples_);
      return;
    }
    if (num_samples_ > absl::ToInt64Seconds(kMaxWyomingSound) * kHouseRateHz) {
      return Fail("too-long",
                  absl::StrCat("sound of more than ", absl::FormatDuration(kMaxWyomingSound)));
    }
    GiveSound();
  }

  // What the sound is for; null if that is done, or was too much.
  Transcription* transcription() {
    annotated::MutexLock lock(mutex_);
    if (!is_hearing_ || hearings_.empty() || hearings_.back().text.has_value()) return nullptr;
    return hearings_.back().transcription.get();
  }
  void GiveSound() {
    if (Transcription* const now = transcription(); now != nullptr) now->Sound(samples_);
  }

  void AudioStop() {
    if (!input_.has_value()) {
      if (!is_transcription_wanted_) return Count("stop_of_nothing");
      // Who speaks not at all waits for a transcript all the same.
      is_transcription_wanted_ = false;
      language_.clear();
      if (const int64_t number = BeginHearing(); number > 0) Heard(number, "");
      return;
    }
    samples_.clear();
    input_->End(samples_);
    input_.reset();
    if (detection_ != nullptr) {
      detection_->Sound(samples_);
      detection_.reset();
      return;
    }
    GiveSound();
    if (Transcription* const now = transcription(); now != nullptr) now->End();
  }

  // Null if it is gone.
  Hearing* Find(int64_t number) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    for (Hearing& each : hearings_) {
      if (each.number == number) return &each;
    }
    return nullptr;
  }

  // From any thread.
  void Part(int64_t number, absl::string_view text) {
    annotated::MutexLock answering(answering_mutex_);
    bool is_first = false;
    {
      annotated::MutexLock lock(mutex_);
      Hearing* const hearing = Find(number);
      if (is_over_ || hearing == nullptr || hearing->text.has_value() || !hearing->tells_parts) {
        return;
      }
      is_first = !std::exchange(hearing->has_parts, true);
    }
    if (is_first) Send("transcript-start", "{}");
    Send("transcript-chunk", absl::StrCat("{\"text\":", QuotedJson(text), "}"));
  }

  void Heard(int64_t number, const absl::StatusOr<std::string>& text) {
    annotated::MutexLock answering(answering_mutex_);
    {
      annotated::MutexLock lock(mutex_);
      Hearing* const hearing = Find(number);
      if (hearing == nullptr || hearing->text.has_value()) return;
      hearing->text = text;
    }
    while (AnswerNext()) {
    }
  }

  // Answers the first that was not; false if it has no text yet.
  bool AnswerNext() ABSL_EXCLUSIVE_LOCKS_REQUIRED(answering_mutex_) {
    absl::StatusOr<std::string> text;
    bool has_parts = false;
    {
      annotated::MutexLock lock(mutex_);
      auto next = hearings_.begin();
      while (next != hearings_.end() && next->is_answered) ++next;
      if (is_over_ || next == hearings_.end() || !next->text.has_value()) return false;
      next->is_answered = true;
      text = *next->text;
      has_parts = next->has_parts;
    }
    if (!text.ok()) {
      Fail("failed", text.status().message());
      return false;
    }
    Send("transcript", absl::StrCat("{\"text\":", QuotedJson(*text), "}"));
    if (has_parts) Send("transcript-stop");
    Answered();
    return true;
  }

  // Sound that goes out.

  // False if it cannot be, which was said.
  bool BeginSpeech(const WyomingEvent& event, bool is_stream) {
    if (services_.speaker == nullptr) {
      Refuse("unsupported", "there is no synthesiser here");
      return false;
    }
    const absl::string_view format = TextOf(Member(&event.data, "text_format")).value_or("text");
    if (format != "text") {
      Refuse("unsupported", "only texts of the format \"text\" can be said here");
      return false;
    }
    int64_t number = 0;
    {
      annotated::MutexLock lock(mutex_);
      if (!is_speaking_) {
        number = ++speech_number_;
        is_speaking_ = true;
        ++num_pending_;
        is_stream_ = is_stream;
        has_sound_ = false;
      }
    }
    if (number == 0) {
      Refuse("busy", "something is being said; wait for its audio-stop, or connect once more");
      return false;
    }
    text_bytes_ = 0;
    const std::string voice(TextOf(Member(Member(&event.data, "voice"), "name")).value_or(""));
    const std::weak_ptr<House> weak = weak_from_this();
    std::unique_ptr<Speech> speech = services_.speaker->Start(
        voice, {.sound =
                    [weak, number](absl::Span<const int16_t> samples) {
                      const auto house = weak.lock();
                      return house != nullptr && house->Say(number, samples);
                    },
                .done =
                    [weak, number](const absl::Status& status) {
                      if (const auto house = weak.lock(); house != nullptr) {
                        house->Said(number, status);
                      }
                    }});
    std::unique_ptr<Speech> former;
    annotated::MutexLock lock(mutex_);
    former = std::exchange(speech_, std::move(speech));
    return true;
  }

  // The speech that goes on; null if it is over. Only this thread takes it away.
  Speech* speech() {
    annotated::MutexLock lock(mutex_);
    return is_speaking_ ? speech_.get() : nullptr;
  }

  void Synthesize(const WyomingEvent& event) {
    // In a stream, the whole text comes once more for those who know no streams.
    if (is_text_open_) return;
    const std::optional<std::string> text = TextIn(event);
    if (!text.has_value() || !BeginSpeech(event, /*is_stream=*/false)) return;
    if (Speech* const now = speech(); now != nullptr) now->Text(*text);
    if (Speech* const now = speech(); now != nullptr) now->End();
  }

  void SynthesizeStart(const WyomingEvent& event) {
    if (is_text_open_) return Fail("protocol", "a second synthesize-start before synthesize-stop");
    is_text_open_ = BeginSpeech(event, /*is_stream=*/true);
  }

  void SynthesizeChunk(const WyomingEvent& event) {
    if (!is_text_open_) return Count("chunk_of_nothing");
    const std::optional<std::string> text = TextIn(event);
    if (!text.has_value()) return;
    text_bytes_ += text->size();
    if (text_bytes_ > kMaxWyomingText) {
      return Fail("too-long", absl::StrCat("a text of more than ", kMaxWyomingText, " bytes"));
    }
    if (Speech* const now = speech(); now != nullptr) now->Text(*text);
  }

  void SynthesizeStop() {
    if (!std::exchange(is_text_open_, false)) return Count("stop_of_nothing");
    if (Speech* const now = speech(); now != nullptr) now->End();
  }

  std::string FormatJson() const {
    return absl::StrCat("{\"rate\":", services_.speaker->sample_rate_hz(),
                        ",\"width\":2,\"channels\":1}");
  }

  // From any thread.
  bool Say(int64_t number, absl::Span<const int16_t> samples) {
    bool is_first = false;
    {
      annotated::MutexLock lock(mutex_);
      if (is_over_ || number != speech_number_ || !is_speaking_) return false;
      if (samples.empty()) return true;
      is_first = !std::exchange(has_sound_, true);
    }
    const std::string format = FormatJson();
    if (is_first) Send("audio-start", format);
    for (; !samples.empty(); samples.remove_prefix(std::min(kMaxChunkSamples, samples.size()))) {
      Send("audio-chunk", format, Pcm16Bytes(samples.subspan(0, kMaxChunkSamples)));
    }
    return true;
  }

  void Said(int64_t number, const absl::Status& status) {
    bool is_stream = false;
    bool has_sound = false;
    {
      annotated::MutexLock lock(mutex_);
      if (is_over_ || number != speech_number_ || !is_speaking_) return;
      is_speaking_ = false;
      is_stream = is_stream_;
      has_sound = has_sound_;
    }
    if (!status.ok()) return Fail("failed", status.message());
    // A text that has nothing to be said has no sound.
    if (!has_sound) Send("audio-start", FormatJson());
    Send("audio-stop");
    if (is_stream) Send("synthesize-stopped");
    Answered();
  }

  // Texts.

  // True if nothing of the kind is under way; otherwise that is said.
  bool BeginText() {
    {
      annotated::MutexLock lock(mutex_);
      if (!std::exchange(is_answering_, true)) {
        ++num_pending_;
        return true;
      }
    }
    Refuse("busy", "a text is being answered; wait for it, or connect once more");
    return false;
  }
  // False if nobody waits for it.
  bool EndText() {
    annotated::MutexLock lock(mutex_);
    is_answering_ = false;
    return !is_over_;
  }

  void Answer(const WyomingEvent& event) {
    if (services_.answerer == nullptr) {
      return Refuse("unsupported", "this server has no agent");
    }
    const std::optional<std::string> text = TextIn(event);
    if (!text.has_value() || !BeginText()) return;
    services_.answerer->Ask(
        {.text = *text,
         .language = LanguageOf(event),
         .conversation_id =
             TextOrNumberOf(Member(Member(&event.data, "context"), "conversation_id"))
                 .value_or("")},
        [weak = weak_from_this(),
         context = ContextOf(event)](const absl::StatusOr<Answerer::Answer>& answer) {
          const auto house = weak.lock();
          if (house == nullptr || !house->EndText()) return;
          if (!answer.ok()) return house->Fail("failed", answer.status().message());
          house->Send(answer->is_handled ? "handled" : "not-handled",
                      TextJson(answer->text, context));
          house->Answered();
        });
  }

  void Recognize(const WyomingEvent& event) {
    if (services_.intents == nullptr) {
      return Refuse("unsupported", "this server recognises no intents");
    }
    const std::optional<std::string> text = TextIn(event);
    if (!text.has_value() || !BeginText()) return;
    services_.intents->Recognize(
        *text, [weak = weak_from_this(), context = ContextOf(event)](
                   const absl::StatusOr<std::optional<IntentRecognizer::Intent>>& intent) {
          const auto house = weak.lock();
          if (house == nullptr || !house->EndText()) return;
          if (!intent.ok()) return house->Fail("failed", intent.status().message());
          const std::string context_member =
              context.empty() ? "" : absl::StrCat(",\"context\":", context);
          if (!intent->has_value()) {
            house->Send("not-recognized", absl::StrCat("{\"text\":null", context_member, "}"));
            return house->Answered();
          }
          const std::string entities = absl::StrJoin(
              (*intent)->entities, ",", [](std::string* out, const IntentRecognizer::Entity& each) {
                absl::StrAppend(out, "{\"name\":", QuotedJson(each.name),
                                ",\"value\":", QuotedJson(each.value), "}");
              });
          house->Send("intent",
                      absl::StrCat("{\"name\":", QuotedJson((*intent)->name), ",\"entities\":[",
                                   entities, "]", context_member, "}"));
          house->Answered();
        });
  }

  const HouseServices services_;
  const std::shared_ptr<Connection> connection_;
  const std::function<void(absl::string_view)> count_;

  // Used by the connection's thread alone.
  WyomingParser parser_;
  bool is_transcription_wanted_ = false;
  std::string language_;
  std::optional<SoundInput> input_;
  int64_t num_samples_ = 0;
  std::vector<int16_t> samples_;
  std::unique_ptr<VoiceDetection> detection_;
  // The sound is that of the last transcription.
  bool is_hearing_ = false;
  bool is_text_open_ = false;
  size_t text_bytes_ = 0;

  // Held while transcriptions are answered, so that they are in order. Before mutex_.
  annotated::Mutex answering_mutex_;
  mutable annotated::Mutex mutex_;
  bool is_over_ ABSL_GUARDED_BY(mutex_) = false;
  // The house sends no more.
  bool is_ending_ ABSL_GUARDED_BY(mutex_) = false;
  // What was asked and not answered in whole.
  int num_pending_ ABSL_GUARDED_BY(mutex_) = 0;
  // Those that were answered at the front remain until another begins.
  std::deque<Hearing> hearings_ ABSL_GUARDED_BY(mutex_);
  int64_t hearing_number_ ABSL_GUARDED_BY(mutex_) = 0;
  // What comes of a speech that is not the last one is ignored.
  int64_t speech_number_ ABSL_GUARDED_BY(mutex_) = 0;
  bool is_speaking_ ABSL_GUARDED_BY(mutex_) = false;
  bool is_stream_ ABSL_GUARDED_BY(mutex_) = false;
  bool has_sound_ ABSL_GUARDED_BY(mutex_) = false;
  std::unique_ptr<Speech> speech_ ABSL_GUARDED_BY(mutex_);
  bool is_answering_ ABSL_GUARDED_BY(mutex_) = false;
};

class Wyoming : public MessageHandler {
 public:
  explicit Wyoming(std::shared_ptr<House> house) : house_(std::move(house)) {}
  ~Wyoming() override { house_->Leave(); }
  Wyoming(const Wyoming&) = delete;
  Wyoming& operator=(const Wyoming&) = delete;

  // Over TCP there are only bytes.
  void OnText(absl::string_view message) override {
    OnBinary(absl::MakeConstSpan(reinterpret_cast<const uint8_t*>(message.data()), message.size()));
  }
  void OnBinary(absl::Span<const uint8_t> message) override { house_->Receive(message); }
  bool OnEndOfInput() override { return house_->EndOfInput(); }
  void OnClosed(const absl::Status& /*status*/) override { house_->Leave(); }

 private:
  const std::shared_ptr<House> house_;
};

}  // namespace

std::unique_ptr<MessageHandler> CreateWyoming(const HouseServices& services,
                                              std::shared_ptr<Connection> connection,
                                              std::function<void(absl::string_view)> count) {
  return std::make_unique<Wyoming>(
      std::make_shared<House>(services, std::move(connection), std::move(count)));
}

}  // namespace parlance::pipeline::door
