// References to secrets inside text: ${env:NAME}, ${file:/path}, ${credential:NAME}. `$${` is a literal `${`.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "config/load.h"

namespace vhookd::config {

struct Piece {
  std::string text;     // literal text, or what the reference stands for
  std::string written;  // of a reference: as in the file, safe to print. Empty: literal text
  bool is_reference() const { return !written.empty(); }
};

// A text of the configuration with its references resolved.
struct Text {
  std::string written;  // as in the file: no reference resolved, though it may hold a secret in plain text
  std::vector<Piece> pieces;

  std::string value() const;  // resolved
  bool has_references() const;
  bool has_stored_secret() const;  // from a file or a credential, which hold secrets and nothing else
};

// Resolves every reference, reading files where they say so (up to 64 KiB; one line break at the end of a file
// is cut). Otherwise: what is wrong with each, by name and without its text.
std::expected<Text, std::vector<std::string>> expand(const std::string& written, const SecretSources& sources);

// The text of a file of at most 64 KiB, one line break at its end cut; or why not.
std::expected<std::string, std::string> read_small_file(const std::string& path);

}  // namespace vhookd::config
