// The services of a house as the Wyoming protocol describes them.
//
// Source: github.com/OHF-Voice/wyoming, README, "Info". Members that are optional are there, too:
// older clients ask for them.
#ifndef PIPELINE_DOOR_WYOMING_WYOMING_INFO_H_
#define PIPELINE_DOOR_WYOMING_WYOMING_INFO_H_

#include <string>

#include "pipeline/door/wyoming/services.h"

namespace parlance::pipeline::door {

// The data of an `info` event.
std::string WyomingInfo(const HouseServices& services);

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_WYOMING_WYOMING_INFO_H_
