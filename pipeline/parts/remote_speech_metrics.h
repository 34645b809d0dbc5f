// Servers that hear and speak, in numbers:
//
//   parlance_remote_recognition_total{result}     utterances that a server was sent, by what came
//   of
//                                                 them: answered, cancelled, or a RemoteFailure
//   parlance_recognition_fallbacks_total          utterances that this machine heard in its place
//   parlance_remote_synthesis_total{result}       the same of texts
//   parlance_synthesis_fallbacks_total
//
// Threads: any.
#ifndef PIPELINE_PARTS_REMOTE_SPEECH_METRICS_H_
#define PIPELINE_PARTS_REMOTE_SPEECH_METRICS_H_

#include "absl/base/thread_annotations.h"
#include "pipeline/remote_speech/remote_service.h"
#include "pipeline/telemetry/metrics.h"
#include "third_party/annotated_mutex.h"

namespace parlance::pipeline {

class RemoteSpeechMetrics {
 public:
  // `registry` must outlive the metrics.
  explicit RemoteSpeechMetrics(MetricRegistry* registry);

  // What happened since the beginning; what of it was told before is not added again.
  void SetRecognition(const RemoteStats& stats) { Set(stats, recognition_); }
  void SetSynthesis(const RemoteStats& stats) { Set(stats, synthesis_); }

 private:
  struct Service {
    MetricRegistry::Counter* requests = nullptr;
    MetricRegistry::Counter* fallbacks = nullptr;
    RemoteStats told = {};
  };
  void Set(const RemoteStats& stats, Service& service);

  annotated::Mutex mutex_;
  Service recognition_;
  Service synthesis_;
};

}  // namespace parlance::pipeline

#endif  // PIPELINE_PARTS_REMOTE_SPEECH_METRICS_H_
