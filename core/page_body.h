// Builds the JSON body of a POST, and replaces the sequence number in one. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/page.h"
#include "core/secret.h"

namespace vhookd {

// The complete body of one POST. `data` is the JSON array of records. The body has nonce and sig256 only if `secret` is
// not empty.
std::string envelope(PageType type, std::string_view webhook_json, std::string_view data, std::uint64_t sequence,
                     const Secret& secret, const std::string& nonce);

// `body` with its sequence number replaced. A text that envelope() did not build is returned unchanged. sig256 covers
// only the records and the nonce, so a page that was never sent can be renumbered without signing it again.
std::string with_sequence(std::string body, std::uint64_t sequence);

}  // namespace vhookd
