// Loads the YAML files: returns a complete, valid configuration or all errors.
#pragma once

#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"

namespace vhookd::config {

// Resolves ${env:…} and ${credential:…}. Tests pass their own.
struct SecretSources {
  std::function<std::optional<std::string>(const std::string& name)> env;
  std::string credentials_folder;  // $CREDENTIALS_DIRECTORY, else the running service's if readable; empty: none
};
SecretSources system_secrets();

// Messages in file order, each "file:line:column: key: what is wrong; what to do". They never contain a resolved
// secret.
using Errors = std::vector<std::string>;

// `path`: a file, or a folder whose *.yaml files are read in name order. After that, conf.d/*.yaml is read: of the
// folder, or next to the file. Two files must not define the same key, connection or webhook. Reads files. Thread-safe.
std::expected<Config, Errors> load(const std::string& path, const SecretSources& secrets);

}  // namespace vhookd::config
