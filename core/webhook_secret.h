// The text of a signing secret: whsec_ and the padded standard base64 of 24 to 64 bytes. The one
// place that reads it, so that the configuration and the receiver are equally strict.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "core/secret.h"

namespace vhookd {

// The decoded bytes, which are the HMAC key; or what is wrong and what would be right, for the end of
// a sentence ("secret: " + …). The reason never quotes the text. Surrounding space is not forgiven:
// what reads a file has to cut its last newline. Pure.
std::expected<Secret, std::string> parse_webhook_secret(std::string_view text);

}  // namespace vhookd
