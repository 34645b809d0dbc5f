// Telephone calls as sessions of the runtime.
#ifndef PIPELINE_DOOR_TELEPHONY_RUNTIME_CALLS_H_
#define PIPELINE_DOOR_TELEPHONY_RUNTIME_CALLS_H_

#include <functional>
#include <memory>
#include <string>

#include "pipeline/door/telephony/call_session.h"
#include "pipeline/runtime/runtime.h"

namespace parlance::pipeline::door {

struct RuntimeCallOptions {
  // What calls have in common. Which session, its title and the input's rate are each call's own.
  SessionOptions session = {};
  // The synthesiser's rate.
  int output_sample_rate_hz = 16000;
  // Tells a session what its caller has typed. Any thread; must not block. Null: nobody is told.
  std::function<void(Runtime::Session& session, std::string keys)> keys = nullptr;
};

// The runtime has to outlive it and its sessions.
std::unique_ptr<CallOpener> CreateRuntimeCalls(Runtime* runtime, RuntimeCallOptions options);

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_TELEPHONY_RUNTIME_CALLS_H_
