#include "core/range_hash.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace vhookd {

namespace {

std::optional<std::uint64_t> hex_word(std::string_view digits) {
  std::uint64_t word = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), word, 16);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return word;
}

// A 64-bit integer, signed or not.
std::optional<Int128> decimal_word(std::string_view digits) {
  const bool below = digits.starts_with('-');
  if (below) digits.remove_prefix(1);
  std::uint64_t word = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), word);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return below ? -static_cast<Int128>(word) : static_cast<Int128>(word);
}

std::string printed(Int128 sum) {
  const bool below = sum < 0;
  std::string digits;
  do {
    const auto digit = static_cast<int>(sum % 10);
    digits += static_cast<char>('0' + (digit < 0 ? -digit : digit));
    sum /= 10;
  } while (sum != 0);
  if (below) digits += '-';
  std::ranges::reverse(digits);
  return digits;
}

}  // namespace

void RangeHash::add(Int128 first, Int128 second) {
  first_ += first;
  second_ += second;
}

bool RangeHash::add(std::string_view hashes) {
  const auto comma = hashes.find(',');
  if (comma == std::string_view::npos) {
    if (hashes.size() < 32) return false;
    const auto first = hex_word(hashes.substr(0, 16));
    const auto second = hex_word(hashes.substr(16, 16));
    if (!first || !second) return false;
    add(*first, *second);
    return true;
  }
  const auto first = decimal_word(hashes.substr(0, comma));
  const auto second = decimal_word(hashes.substr(comma + 1));
  if (!first || !second) return false;
  add(*first, *second);
  return true;
}

std::string RangeHash::text() const {
  return printed(first_) + "," + printed(second_);
}

}  // namespace vhookd
