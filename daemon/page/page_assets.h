// The files of daemon/page, embedded in the binary at build time (daemon/page/embed.cmake).
#pragma once

#include <string_view>

namespace vhookd {

// The content of a file by its name; empty: no such file.
std::string_view page_asset(std::string_view name);

}  // namespace vhookd
