// The agent's parts as the services of a house: what pipeline/door/wyoming offers.
//
//   sound ─► recognisers ─► text      nothing is stored
//   text  ─► synthesiser ─► sound     nothing is stored; said a sentence at a time, in turns
//   text  ─► a session of the runtime, which only writes ─► text
//
// What belongs to one conversation of the house is one session of the store, for as long as the
// house names it: the last kMaxConversations of them are known by their names. Questions of one
// conversation are answered one after the other; at most kMaxWaitingQuestions wait.
//
// Threads: any.
#ifndef PIPELINE_HOUSE_HOUSE_SERVICES_H_
#define PIPELINE_HOUSE_HOUSE_SERVICES_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "pipeline/door/wyoming/services.h"
#include "pipeline/runtime/runtime.h"

namespace parlance::pipeline {

struct HousePartsOptions {
  // Only create_recognizer, create_vad and synthesizer are used.
  RuntimeParts parts = {};
  // Answers are those of its sessions.
  Runtime* runtime = nullptr;
  std::string voice = "default";
  // Threads that recognise, that speak, and that begin to answer for houses, each as many.
  int num_workers = 1;
  // After so long a task of theirs is written off: its thread is replaced, and whoever asked is
  // told.
  absl::Duration overdue_after = absl::Seconds(10);
  // A steady clock; SteadyNow if it is null.
  std::function<absl::Duration()> now = nullptr;
};

// What is pointed to has to outlive it, and it its services' requests.
class HouseParts {
 public:
  static constexpr size_t kMaxConversations = 1000;
  static constexpr size_t kMaxWaitingQuestions = 8;

  static std::unique_ptr<HouseParts> Create(const HousePartsOptions& options);
  virtual ~HouseParts() = default;
  virtual door::HouseServices services() = 0;
};

}  // namespace parlance::pipeline

#endif  // PIPELINE_HOUSE_HOUSE_SERVICES_H_
