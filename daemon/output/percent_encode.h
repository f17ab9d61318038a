// Percent-encodes text for URLs. Pure.
#pragma once

#include <string>

namespace vhookd {

// `text` encoded for use as one path segment or one query value.
std::string percent_encoded(const std::string& text);

}  // namespace vhookd
