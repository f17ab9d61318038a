// Text as part of a URL. Pure.
#pragma once

#include <string>

namespace vhookd {

// One path segment or one query value, percent-encoded.
std::string percent_encoded(const std::string& text);

}  // namespace vhookd
