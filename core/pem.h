// Certificates and keys as PEM texts, judged before they are used. Pure. What is wrong is the end of a sentence and
// never holds any of the text; empty: nothing is.
#pragma once

#include <string>
#include <string_view>

namespace vhookd {

std::string fault_of_certificates(std::string_view pem);  // one or more
std::string fault_of_key(std::string_view pem);           // without a passphrase
// REQUIRES: both are without fault. The key is that of the first certificate.
std::string fault_of_pair(std::string_view certificates, std::string_view key);

}  // namespace vhookd
