// The body of a POST as text: where its number and its records stand. Pure.
#pragma once

#include <cstdint>
#include <string>

namespace vhookd {

// `body` with `sequence` for its number. What is no body of ours stays as it is. sig256 covers the records and
// the nonce alone, so a page that was never sent may be given another number without being signed anew.
std::string with_sequence(std::string body, std::uint64_t sequence);

}  // namespace vhookd
