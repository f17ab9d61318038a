// What the strategies have in common: their questions, their memory, how a first poll begins.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/known.h"
#include "core/query.h"
#include "scheduler/detect/plan.h"
#include "scheduler/detect/sql.h"

namespace vhookd {

struct Question {
  Query query;
  bool fresh = false;      // to be asked outside the poll's one view of the database
  bool anew = false;       // the view ends and another begins before this is asked
  bool refusable = false;  // where the role may not ask it, that is an answer without rows
  bool position = false;   // asks where the database stands, not for the table's rows
  bool shared = false;     // the answer another webhook of the server got a moment ago serves as well; NULL: too old
  bool ranges = false;     // asks for the fingerprints of ranges, not for rows

  // The role may not ask this, and need not.
  bool is_refusal(const Error& error) const { return refusable && error.recourse == Recourse::ask_operator; }
};

// Look-ups among the known rows of the webhook's epoch.
struct KnownRows {
  std::function<Result<std::optional<KnownRow>>(const std::string& key)> find;
  std::function<Result<std::vector<KnownRow>>(const std::string& after, int limit)> after;
  std::function<Result<std::int64_t>()> count;
  std::function<Result<std::vector<KnownRange>>()> ranges = [] { return std::vector<KnownRange>(); };  // by first key
};

// "SELECT columns…, extra… FROM table"
Sql select_from(const Plan& plan, const std::vector<std::string>& extra);

// Adds the filters, each with `lead` before it.
void add_filters(Sql& sql, const Plan& plan, std::string_view lead);

// The filters as one more column, 1 or 0, with their values bound: "…, CASE WHEN … END FROM table". `values`: those of
// the ? in `extra`.
Sql select_with_match(const Plan& plan, const std::vector<std::string>& extra, std::span<const Param> values = {});

// `name`, or one like it that the table and its columns leave free.
std::string free_name(const Plan& plan, std::string name);

std::vector<std::string> key_names(const Plan& plan);
std::vector<std::string> key_orders(const Plan& plan);

// The row's key as bytes; an error where a key value is NULL.
Result<std::string> key_of(const Plan& plan, Row row);

Param own(const Value& value);  // a copy that owns its text, as it is bound to a statement
void own(const Value& value, Param& copy);

}  // namespace vhookd
