#include "delivery/printable.h"

#include <algorithm>

namespace vhookd {

std::string printable(std::string_view bytes, std::size_t most) {
  std::string out;
  while (!bytes.empty()) {
    const auto lead = static_cast<unsigned char>(bytes[0]);
    const std::size_t size = lead < 0x80   ? 1
                             : lead < 0xC2 ? 0
                             : lead < 0xE0 ? 2
                             : lead < 0xF0 ? 3
                             : lead < 0xF5 ? 4
                                           : 0;
    const std::string_view rest = bytes.substr(1, size == 0 ? 0 : size - 1);
    const bool whole = size != 0 && bytes.size() >= size &&
                       std::ranges::all_of(rest, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; });
    const auto second = static_cast<unsigned char>(whole && size > 1 ? bytes[1] : 0);
    const bool overlong_or_surrogate = (lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F) ||
                                       (lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F);
    std::string_view shown = bytes.substr(0, size);
    if (lead < 0x20 || lead == 0x7F || (lead == 0xC2 && whole && second < 0xA0)) {
      shown = " ";  // C0, DEL, C1: terminals interpret them
    } else if (!whole || overlong_or_surrogate) {
      shown = "?";
    }
    if (out.size() + shown.size() > most) break;
    out += shown;
    bytes.remove_prefix(whole && !overlong_or_surrogate ? size : 1);
  }
  return out;
}

}  // namespace vhookd
