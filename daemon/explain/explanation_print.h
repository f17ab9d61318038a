// An explanation as text for people and as JSON. Pure.
#pragma once

#include <string>

#include "daemon/explain/explanation.h"

namespace vhookd {

// Sections of aligned lines. Of the page's records the first few; explanation_json() has them all.
std::string explanation_text(const Explanation& explanation);

// One object; `first_page.body` is the body as a string, byte by byte as it would be sent.
std::string explanation_json(const Explanation& explanation);

// What a relation is called: "a table", "a materialized view".
std::string_view relation_name(Relation relation);

// The plan's columns as people name them: "id, line (primary key)"; "none" where there are none.
std::string key_text(const Plan& plan);

}  // namespace vhookd
