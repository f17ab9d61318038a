// What a declared type says of the cells under it. SQLite itself keeps no types for columns, only an
// affinity; these are the names people and frameworks give. Pure.
#pragma once

#include <string_view>

#include "core/value.h"

namespace vhookd::sqlite {

enum class Declared { other, boolean, decimal, json, timestamp, timestamptz };

Declared declared_as(std::string_view type);  // "" (no type, or an expression): other
Kind kind_of(std::string_view type);          // what its cells usually are, for Column::kind

// The kind of a text cell: text, but where the declared type and the text agree on more.
Kind kind_of_text(Declared declared, std::string_view text);

}  // namespace vhookd::sqlite
