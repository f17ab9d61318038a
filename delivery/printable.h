// Text of a stranger, made fit to be shown. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace vhookd {

// Control characters (C0, DEL, C1) as spaces, what is no UTF-8 as question marks; at most `most` bytes,
// cut between characters.
std::string printable(std::string_view bytes, std::size_t most);

}  // namespace vhookd
