// Validates PEM certificates and private keys before they are used. Pure. Each function returns what is wrong, worded
// as the end of a sentence and without any part of the text, or an empty string if nothing is.
#pragma once

#include <string>
#include <string_view>

namespace vhookd {

std::string certificates_error(std::string_view pem);  // one or more certificates
std::string private_key_error(std::string_view pem);   // one key, not encrypted
// Whether the key belongs to the first certificate. REQUIRES: each text alone is valid.
std::string key_pair_error(std::string_view certificates, std::string_view key);

}  // namespace vhookd
