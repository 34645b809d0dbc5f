// Why an event of a client's is refused.
#ifndef PIPELINE_DOOR_REALTIME_REALTIME_PROBLEM_H_
#define PIPELINE_DOOR_REALTIME_REALTIME_PROBLEM_H_

#include <string>

namespace parlance::pipeline::door {

// The members of an error event. Source: OpenAI, "Realtime API reference" (error, GA form).
struct RealtimeProblem {
  // What kind of problem it is, for programs: "invalid_value".
  std::string code;
  // What was wrong and what to do, for people.
  std::string message;
  // The path of the member, such as "session.audio.input.format"; empty if it is none's.
  std::string param = {};
};

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_REALTIME_REALTIME_PROBLEM_H_
