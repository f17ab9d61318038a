// The body of a POST: how it is put together, and how its sequence is changed. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/page.h"
#include "core/secret.h"

namespace vhookd {

// The body of one POST, final. `data` is the whole array; nonce and sig256 only with a secret.
std::string envelope(PageType type, std::string_view webhook_json, std::string_view data, std::uint64_t sequence,
                     const Secret& secret, const std::string& nonce);

// `body` with `sequence` for its number. What is no body of ours stays as it is. sig256 covers the records and
// the nonce alone, so a page that was never sent may be given another number without being signed anew.
std::string with_sequence(std::string body, std::uint64_t sequence);

}  // namespace vhookd
