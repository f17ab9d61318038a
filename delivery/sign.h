// Signatures over a page: Standard Webhooks (v1) over the request, sig256 over the records.
// Pure. Formats: https://www.standardwebhooks.com and the project's own payload.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>

#include "core/secret.h"

namespace vhookd {

// The webhook-signature header: "v1,BASE64" for each secret (decoded bytes), one space between.
std::string standard_signature(std::span<const Secret> secrets, std::string_view id, std::chrono::sys_seconds timestamp,
                               std::string_view body);

// What a receiver does: true where one of the header's signatures is right under `secret`, compared in
// constant time.
bool verify_standard(const Secret& secret, std::string_view id, std::string_view timestamp, std::string_view body,
                     std::string_view signature_header);

}  // namespace vhookd
