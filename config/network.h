// The forms of network addresses: where vhookd listens, and where it may send.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "config/form.h"

namespace vhookd::config {

// HOST:PORT, [v6]:PORT or off.
Form<std::string> listen_address();
bool is_loopback_listen(std::string_view listen);  // REQUIRES: what listen_address() read; off counts as loopback

// "10.1.0.0/16"; a bare address is one of itself alone. What is wrong otherwise.
std::expected<std::string, std::string> canonical_cidr(const std::string& text);
Form<std::vector<std::string>> cidrs();

}  // namespace vhookd::config
