#include "connectors/postgres/types.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>

namespace vhookd::postgres {
namespace {

struct Scalar {
  Oid oid;
  Kind kind;
};

// From the server's pg_type.dat, where these numbers never change. In order, for the search.
constexpr std::array scalars = {
    Scalar{16, Kind::boolean},                                                                 // bool
    Scalar{17, Kind::hex},                                                                     // bytea
    Scalar{18, Kind::text},                                                                    // "char"
    Scalar{19, Kind::text},                                                                    // name
    Scalar{20, Kind::integer},                                                                 // int8
    Scalar{21, Kind::integer},                                                                 // int2
    Scalar{23, Kind::integer},                                                                 // int4
    Scalar{25, Kind::text},                                                                    // text
    Scalar{26, Kind::integer},                                                                 // oid
    Scalar{27, Kind::text},                                                                    // tid
    Scalar{28, Kind::text},                                                                    // xid
    Scalar{114, Kind::json},                                                                   // json
    Scalar{142, Kind::text},                                                                   // xml
    Scalar{700, Kind::real},                                                                   // float4
    Scalar{701, Kind::real},                                                                   // float8
    Scalar{705, Kind::text},                                                                   // unknown
    Scalar{790, Kind::text},                                                                   // money
    Scalar{869, Kind::text},                                                                   // inet
    Scalar{1042, Kind::text},                                                                  // bpchar
    Scalar{1043, Kind::text},                                                                  // varchar
    Scalar{1082, Kind::text},                                                                  // date
    Scalar{1083, Kind::text},                                                                  // time
    Scalar{1114, Kind::timestamp}, Scalar{1184, Kind::timestamptz}, Scalar{1186, Kind::text},  // interval
    Scalar{1266, Kind::text},                                                                  // timetz
    Scalar{1560, Kind::text},                                                                  // bit
    Scalar{1562, Kind::text},                                                                  // varbit
    Scalar{1700, Kind::decimal},                                                               // numeric
    Scalar{2950, Kind::text},                                                                  // uuid
    Scalar{3802, Kind::json},                                                                  // jsonb
    Scalar{5038, Kind::text},                                                                  // pg_snapshot
    Scalar{5069, Kind::text},                                                                  // xid8
};
static_assert(std::ranges::is_sorted(scalars, {}, &Scalar::oid));

std::optional<Kind> scalar(Oid oid) {
  const auto at = std::ranges::lower_bound(scalars, oid, {}, &Scalar::oid);
  if (at == scalars.end() || at->oid != oid) return std::nullopt;
  return at->kind;
}

// int2vector and oidvector have elements too but print as "1 2": an array is what its element names as such.
constexpr auto look_up_sql = R"(
SELECT t.oid,
       CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE 0 END,
       CASE WHEN e.typarray = t.oid AND e.typdelim = ',' THEN e.oid ELSE 0 END
  FROM pg_catalog.pg_type t LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem
 WHERE t.oid = ANY ($1::pg_catalog.oid[]))";

Oid number(const char* text) {
  return static_cast<Oid>(std::stoul(text));  // an oid as the server prints it
}

}  // namespace

bool Types::known(Oid oid) const {
  return scalar(oid) || made_.contains(oid);
}

Result<std::vector<Meaning>> Types::meanings(Session& session, std::span<const Oid> oids) {
  std::vector<Oid> unknown;
  const auto want = [&](Oid oid) {
    if (oid != 0 && !known(oid)) unknown.push_back(oid);
  };
  for (const auto oid : oids) want(oid);
  while (!unknown.empty()) {  // once more for what a domain is over or an array is of
    const auto asked = std::exchange(unknown, {});
    if (const auto done = look_up(session, asked); !done) return std::unexpected(done.error());
    for (const auto oid : asked) {
      const auto& made = made_.at(oid);
      want(made.base);
      want(made.element);
    }
  }
  std::vector<Meaning> found;
  for (const auto oid : oids) found.push_back(meaning(oid));
  return found;
}

Result<void> Types::look_up(Session& session, const std::vector<Oid>& oids) {
  std::string list = "{";
  for (const auto oid : oids) list += (list.size() > 1 ? "," : "") + std::to_string(oid);
  const auto rows = session.run(look_up_sql, {{.kind = Kind::text, .text = list + "}"}});
  if (!rows) return std::unexpected(rows.error());
  for (const auto oid : oids) made_[oid] = {};
  for (const auto& row : *rows)
    made_[number(row[0].c_str())] = {.base = number(row[1].c_str()), .element = number(row[2].c_str())};
  return {};
}

Meaning Types::meaning(Oid oid) const {
  if (const auto kind = scalar(oid)) return {.kind = *kind};
  const auto made = made_.find(oid);
  if (made == made_.end()) return {};
  if (made->second.base != 0) return meaning(made->second.base);
  if (made->second.element == 0) return {};
  const auto element = meaning(made->second.element).kind;
  // An array of a domain over arrays holds whole literals as its elements.
  return {.kind = Kind::array, .element = element == Kind::array ? Kind::text : element};
}

}  // namespace vhookd::postgres
