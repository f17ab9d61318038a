// An SQL database as a backend of the detection layer. SQL is in what the backend writes, and nowhere else.
#pragma once

#include <vector>

#include "tests/connectors/conformance.h"
#include "tests/connectors/detection_conformance.h"

namespace vhookd::conformance {

// The cases of the detection layer for the server that `backend` describes, over the Source of the real connector.
std::vector<DetectionCase> detection_cases(const Backend& backend);

}  // namespace vhookd::conformance
