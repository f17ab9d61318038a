// Where the sources and the build are. Defined in one file, so that no other object depends on where the repository
// lies.
#pragma once

#include <string>

namespace vhookd {

// Absolute, without a slash at the end.
std::string source_dir();
std::string build_dir();

}  // namespace vhookd
