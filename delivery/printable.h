// Makes text from receivers safe to show. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace vhookd {

// Replaces control characters (C0, DEL, C1) by spaces and invalid UTF-8 by question marks. Returns at most `most`
// bytes, cut between characters.
std::string printable(std::string_view bytes, std::size_t most);

}  // namespace vhookd
