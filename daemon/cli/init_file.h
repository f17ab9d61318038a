// Builds the configuration that `vhookd init` prints. Pure. Whatever the names in the database are, config::load
// accepts the text once the environment variables that it references are set. The text contains no password.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "config/config.h"
#include "core/error.h"
#include "core/source.h"
#include "core/table.h"

namespace vhookd {

// The database as written into the configuration.
struct InitSource {
  config::Database database;
  std::string url;                     // for the YAML file: ${env:NAME} in place of each password
  std::vector<std::string> variables;  // the names of these environment variables
  std::string schema;                  // the connection's default schema; empty: that of the first table
};

// `url`: the argument of `init`, with passwords. The error says what is wrong, without any part of the URL.
std::expected<InitSource, std::string> init_source(const std::string& url);

struct InitTable {
  TableName name;
  Result<Table> table;
};

// `server`: from Source::server().
std::string init_file(const InitSource& source, const SourceTraits& traits, const std::string& server,
                      const std::vector<InitTable>& tables);

}  // namespace vhookd
