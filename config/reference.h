// Resolves references to secrets in text: ${env:NAME}, ${file:/path}, ${credential:NAME}. `$${` is a literal `${`.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "config/load.h"

namespace vhookd::config {

struct Piece {
  std::string text;     // literal text, or the value of the reference
  std::string written;  // a reference as written, safe to print; empty: literal text
  bool is_reference() const { return !written.empty(); }
};

// A text from the configuration with its references resolved.
struct Text {
  std::string written;  // as in the file: references not resolved; may still contain a secret in plain text
  std::vector<Piece> pieces;

  std::string value() const;  // resolved
  bool has_references() const;
  bool has_stored_secret() const;  // has a reference to a file or a credential, which always contains a secret
};

// Resolves every reference. Files may have up to 64 KiB; one line break at the end is removed. The errors name the
// references that failed, without any text from files or variables. Reads files.
std::expected<Text, std::vector<std::string>> expand(const std::string& written, const SecretSources& sources);

// Returns the text of a file of at most 64 KiB without one line break at its end, or why it cannot be read.
std::expected<std::string, std::string> read_small_file(const std::string& path);

}  // namespace vhookd::config
