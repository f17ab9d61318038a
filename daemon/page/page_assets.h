// The files of daemon/page, put into the binary when it is built (daemon/page/embed.cmake).
#pragma once

#include <string_view>

namespace vhookd {

// By file name; empty: there is none.
std::string_view page_asset(std::string_view name);

}  // namespace vhookd
