// Parses a signing secret: whsec_ followed by the padded standard base64 of 24 to 64 bytes. The configuration,
// `vhookd receive` and the trial commands all use it.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "core/secret.h"

namespace vhookd {

// Returns the decoded bytes, which are the HMAC key. The error says what is wrong and what is expected, worded as the
// end of a sentence ("secret: " + …), and never quotes the text. Surrounding space is an error, so a caller that reads
// a file removes the last newline first. Pure.
std::expected<Secret, std::string> parse_webhook_secret(std::string_view text);

}  // namespace vhookd
