// The text that `vhookd version` prints.
#pragma once

#include <string>

namespace vhookd {

// "vhookd 0.1.0 (Debug, g++ 12.2.0)", then one line per linked library.
std::string version_text();

}  // namespace vhookd
