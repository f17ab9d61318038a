// YAML in; a whole configuration or every error out.
#pragma once

#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"

namespace vhookd::config {

// Where ${env:…} and ${credential:…} come from; tests hand in their own.
struct SecretSources {
  std::function<std::optional<std::string>(const std::string& name)> env;
  std::string credentials_folder;  // $CREDENTIALS_DIRECTORY, else the running service's where readable; empty: none
};
SecretSources system_secrets();

// Each error is "file:line:column: key: what is wrong, and what would be right", in file order.
using Errors = std::vector<std::string>;

// `path`: a file, or a folder whose *.yaml are read in name order. A file's sibling folder conf.d/*.yaml
// is read after it, a folder's own conf.d too. No two files may define the same thing.
std::expected<Config, Errors> load(const std::string& path, const SecretSources& secrets);

}  // namespace vhookd::config
