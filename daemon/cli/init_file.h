// The configuration that `vhookd init` prints. Pure. Whatever names a database holds, config::load takes
// the text once the variables it names are set; no password stands in it.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "config/config.h"
#include "core/error.h"
#include "core/source.h"
#include "core/table.h"

namespace vhookd {

// A database as it goes into a configuration.
struct InitSource {
  config::Database database;
  std::string url;                     // as written in YAML: ${env:NAME} for each password
  std::vector<std::string> variables;  // those NAMEs
  std::string schema;                  // the connection's default; empty: that of the first table
};

// `url` as given to `init`, its passwords in it. Otherwise what is wrong, without any part of it.
std::expected<InitSource, std::string> init_source(const std::string& url);

struct InitTable {
  TableName name;
  Result<Table> table;
};

// `server` as Source::server() has it.
std::string init_file(const InitSource& source, const SourceTraits& traits, const std::string& server,
                      const std::vector<InitTable>& tables);

}  // namespace vhookd
