// What a PostgreSQL type means to vhookd.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "connectors/postgres/session.h"
#include "core/value.h"

namespace vhookd::postgres {

using Oid = std::uint32_t;

struct Meaning {
  Kind kind = Kind::text;
  Kind element = Kind::text;  // of arrays
};

// The meanings of one session's types. Those of the server's own scalars are known; arrays, domains,
// enums and what extensions bring are looked up once, all unknown ones of a result in one query.
class Types {
 public:
  // In the order of `oids`. A type the catalogue has no word on is text.
  Result<std::vector<Meaning>> meanings(Session& session, std::span<const Oid> oids);

 private:
  struct Made {
    Oid base = 0;     // of domains
    Oid element = 0;  // of arrays
  };

  bool known(Oid oid) const;
  Result<void> look_up(Session& session, const std::vector<Oid>& oids);
  Meaning meaning(Oid oid) const;

  std::map<Oid, Made> made_;
};

}  // namespace vhookd::postgres
