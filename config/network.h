// Value types of network addresses: where vhookd listens, and where it may send.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "config/value_type.h"

namespace vhookd::config {

// HOST:PORT, [v6]:PORT or off.
ValueType<std::string> listen_address();
bool is_loopback_listen(std::string_view listen);  // REQUIRES: a value of listen_address(); off counts as loopback

// "10.1.0.0/16"; a single address becomes a range of one. Returns the canonical form, or what is wrong.
std::expected<std::string, std::string> canonical_cidr(const std::string& text);
ValueType<std::vector<std::string>> cidrs();

}  // namespace vhookd::config
