#include "tests/support/paths.h"

namespace vhookd {

std::string source_dir() {
  return VHOOKD_SOURCE_DIR;
}

std::string build_dir() {
  return VHOOKD_BINARY_DIR;
}

}  // namespace vhookd
